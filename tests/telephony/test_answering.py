"""What an answer is made of: variables in every text, secrets in the headers of tools, and a report's own address."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from agentversions.operations import edit_draft, publish, save_version, set_secret
from agentversions.sealing import Secrets
from telephony.models import Call, CallEvent, Connection
from telephony.operations import add_connection, add_number, assign_number
from telephony.rehearsals import Sent, rehearsal
from tests.cast import live, shown, typed
from tests.telephony.exchange import CALLER, Exchange, answered_by, callback, path, public, pull, ring, worker

KEY = "PSK_0123456789abcdef"
NUMBER = "+12025550177"
TOKEN = "Bearer of the CRM 42"
LOOKUP = {
    "id": "a",
    "kind": "function",
    "name": "find_table",
    "description": "Finds a table for {{caller_number}}.",
    "url": "https://crm.example.com/tables?for={{caller_number}}",
    "headers": "Authorization: {{secret.CRM_TOKEN}}\nX-Other: {{secret.NOT_THERE}}",
}


@pytest.fixture
def signalwire(exchange: Exchange) -> Connection:
    """A line that carries tools, to an agent on the air that has one."""
    ana, cast = exchange.cast.ana, exchange.cast
    line = add_connection(cast.project, provider="signalwire", name="SignalWire", secrets={"signing_key": KEY}, by=ana)
    assign_number(add_number(line, NUMBER, by=ana), cast.agent, by=ana)
    go_live(exchange, [LOOKUP], prompt="You serve {{guests}} at {{called_number}}.", variables="guests = two\nhouse")
    return line


def go_live(exchange: Exchange, tools: list[dict[str, str]], **settings: str) -> None:
    """Ana types, saves and publishes."""
    cast, ana = exchange.cast, exchange.cast.ana
    edit_draft(cast.agent, typed(tools, **settings), base=shown(cast.agent, ana), by=ana)
    publish(save_version(cast.agent, base=shown(cast.agent, ana), by=ana), live=live(cast.agent), by=cast.pia)


def posted(address: str, sent: Sent) -> HttpResponse:
    headers = {name: value for name, value in sent.headers.items() if name != "content-type"}
    brought: Any = Client().generic(
        "POST", urlsplit(address).path, sent.body, content_type=sent.headers["content-type"], headers=headers
    )
    answer: HttpResponse = brought
    return answer


def rung(line: Connection, call_id: str = "call-1", secrets: Secrets | None = None) -> HttpResponse:
    side = rehearsal("signalwire")
    sent = side.ring(secrets or {"signing_key": KEY}, public(line), call_id=call_id, caller=CALLER, dialled=NUMBER)
    return posted(path(line), sent)


def agent(response: HttpResponse) -> dict[str, Any]:
    """The `ai` of a SignalWire answer."""
    assert response.status_code == 200
    methods = json.loads(response.content)["sections"]["main"]
    return next(method["ai"] for method in methods if "ai" in method)


def request_of(response: HttpResponse) -> dict[str, Any]:
    """The request behind the one function."""
    function = agent(response)["SWAIG"]["functions"][0]
    found: dict[str, Any] = function["data_map"]["webhooks"][0]
    return found


class TestVariables:
    def test_are_filled_into_every_text(self, signalwire: Connection) -> None:
        answer = rung(signalwire)

        assert agent(answer)["prompt"]["text"] == f"You serve two at {NUMBER}."
        assert agent(answer)["SWAIG"]["functions"][0]["description"] == f"Finds a table for {CALLER}."

    def test_are_quoted_in_an_address(self, signalwire: Connection) -> None:
        assert request_of(rung(signalwire))["url"].startswith("https://crm.example.com/tables?for=%2B14155550100")


class TestSecrets:
    def test_are_put_in_as_they_are_when_the_phone_rings(self, exchange: Exchange, signalwire: Connection) -> None:
        assert "Authorization" not in request_of(rung(signalwire, "before"))["headers"]

        set_secret(exchange.cast.project, "CRM_TOKEN", TOKEN, by=exchange.cast.ana)
        answer = rung(signalwire, "after")

        assert request_of(answer)["headers"] == {"Authorization": TOKEN}
        assert rung(signalwire, "after").content == answer.content

    def test_of_another_project_are_never_put_in(self, exchange: Exchange, signalwire: Connection) -> None:
        set_secret(exchange.cast.elsewhere, "CRM_TOKEN", TOKEN, by=exchange.cast.olga)

        assert TOKEN not in rung(signalwire).content.decode()

    @pytest.mark.usefixtures("signalwire")
    @pytest.mark.parametrize("line", ["generic", "twilio"])
    def test_are_handed_to_the_worker_that_makes_the_requests(self, exchange: Exchange, line: str) -> None:
        set_secret(exchange.cast.project, "CRM_TOKEN", TOKEN, by=exchange.cast.ana)
        set_secret(exchange.cast.project, "UNUSED", "never handed out", by=exchange.cast.ana)

        answer = ring(getattr(exchange, line))
        fetched = pull(*worker(answer))

        assert fetched["secrets"] == {"CRM_TOKEN": TOKEN}
        assert "{{secret.CRM_TOKEN}}" in json.dumps(fetched["configuration"])
        assert (TOKEN in answer.content.decode()) == (line == "generic")

    def test_are_in_no_version_no_log_and_no_table(
        self, exchange: Exchange, signalwire: Connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        set_secret(exchange.cast.project, "CRM_TOKEN", TOKEN, by=exchange.cast.ana)
        rung(signalwire)
        assert answered_by(ring(exchange.generic)) == 3

        assert TOKEN not in caplog.text
        assert TOKEN not in str(list(Call.objects.values())) + str(list(CallEvent.objects.values()))
        assert TOKEN not in str(exchange.agent.versions.values())

    def test_are_put_into_no_answer_to_who_cant_sign(self, exchange: Exchange, signalwire: Connection) -> None:
        set_secret(exchange.cast.project, "CRM_TOKEN", TOKEN, by=exchange.cast.ana)

        forged = rung(signalwire, secrets={"signing_key": "PSK_of_somebody_else"})

        assert (forged.status_code, forged.content) == (403, b"")


class TestAReportThatIsntSigned:
    def told(self, address: str, **told: Any) -> HttpResponse:
        body = {"action": "post_conversation", "call_id": "of another call", **told}
        brought: Any = Client().post(urlsplit(address).path, json.dumps(body), content_type="application/json")
        answer: HttpResponse = brought
        return answer

    def test_comes_to_an_address_that_only_its_call_has(self, signalwire: Connection) -> None:
        one, other = (agent(rung(signalwire, call))["post_prompt_url"] for call in ("call-1", "call-2"))

        told = self.told(one, post_prompt_data={"parsed": [{"_summary": "A table for two."}]})

        assert told.status_code == 200
        assert one != other
        event = CallEvent.objects.get()
        assert event.call is not None
        assert (event.call.provider_call_id, event.told["summary"]) == ("call-1", "A table for two.")

    def test_is_kept_once(self, signalwire: Connection) -> None:
        address = agent(rung(signalwire))["post_prompt_url"]

        assert [self.told(address).status_code for _ in range(3)] == [200] * 3

        assert CallEvent.objects.count() == 1

    def test_is_refused_with_another_calls_token(self, signalwire: Connection) -> None:
        one, other = (agent(rung(signalwire, call))["post_prompt_url"] for call in ("call-1", "call-2"))
        swapped = other.replace(str(Call.objects.get(provider_call_id="call-2").pk), one.split("/calls/")[1][:36])

        assert [self.told(address).status_code for address in (swapped, one[:-2] + "x/", one + "../")] == [
            403,
            403,
            404,
        ]
        assert not CallEvent.objects.exists()

    def test_is_refused_long_after_its_call(self, signalwire: Connection) -> None:
        address = agent(rung(signalwire))["post_prompt_url"]
        call = Call.objects.get()
        Call.objects.update(started_at=call.started_at.replace(year=call.started_at.year - 1))

        assert self.told(address).status_code == 403

    def test_opens_no_configuration(self, signalwire: Connection) -> None:
        rung(signalwire)
        call = Call.objects.get()
        token = urlsplit(agent(rung(signalwire))["post_prompt_url"]).path.strip("/").rsplit("/", 1)[1]

        answer = Client().get(
            f"/telephony/calls/{call.pk}/configuration/", headers={"Authorization": f"Bearer {token}"}
        )

        assert answer.status_code == 403


class TestATransfer:
    @pytest.fixture
    def handed_over(self, exchange: Exchange) -> Exchange:
        """A call on v3, whose manager has another number in v4, which is live."""
        for number in ("+44 113 496 0101", "+44 113 496 0202"):
            tool = {"id": "m", "kind": "transfer", "name": "manager", "description": "On request.", "number": number}
            tool["extension"] = "12#"
            go_live(exchange, [tool])
            ring(exchange.twilio, number)
        return exchange

    def ended(self, line: Connection, call_id: str, handoff: str) -> str:
        answer = callback(line, call_id, SessionId="VX1", CallStatus="in-progress", HandoffData=handoff)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_goes_to_the_number_of_the_calls_own_version(self, handed_over: Exchange) -> None:
        first = self.ended(handed_over.twilio, "+44 113 496 0101", '{"transfer": "manager"}')
        second = self.ended(handed_over.twilio, "+44 113 496 0202", '{"transfer": "manager"}')

        assert '<Dial><Number sendDigits="ww12#">+441134960101</Number></Dial>' in first
        assert ">+441134960202</Number>" in second

    def test_to_nobody_says_the_connections_message(self, handed_over: Exchange) -> None:
        said = self.ended(handed_over.twilio, "+44 113 496 0101", '{"transfer": "the pope"}')

        assert f"<Say>{handed_over.twilio.fallback}</Say>" in said

    @pytest.mark.parametrize("handoff", ["", "{}", "[1]", "nonsense", '{"reason": "live-agent-handoff"}'])
    def test_is_only_what_the_worker_asks_for(self, handed_over: Exchange, handoff: str) -> None:
        assert "<Dial" not in self.ended(handed_over.twilio, "+44 113 496 0101", handoff)
