"""What a server's log tells, and what it never tells: prompts, secrets, tokens, callers."""

import io
import json
import logging
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path, reverse
from pytest_django import Settings

from agentversions import urls
from agentversions.logs import Lines
from agentversions.operations import secrets
from agentversions.requests import HEADER, Told
from telephony import tokens
from telephony.models import Call
from telephony.patience import Patience
from tests.support.server import Server, database_url, serving
from tests.telephony.exchange import (
    AUTH_TOKEN,
    GENERIC_NUMBER,
    SIGNING_SECRET,
    connect,
    heard,
    pull,
    report,
    ring,
    worker,
)

CALLER = "+14155550177"
PROMPT = "canary-prompt: the vault is behind the painting"
GREETING = "canary-greeting, hello"
SECRET = "canary-secret-of-the-project"
PASSWORD = "canary-password"
QUERY = "canary-query"
PATH = "canary-path"
TRANSCRIPT = "canary-transcript"
BODY = "canary-body"

pytestmark = pytest.mark.django_db


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the server's own log handler writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Lines())
    logging.root.addHandler(handler)
    yield written
    logging.root.removeHandler(handler)


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """The records."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def told(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines of requests."""
    return [line for line in lines(log) if line["logger"] == "agentversions.access"]


def broken(request: HttpRequest, agent_id: object) -> HttpResponse:
    """A page that fails with a prompt in its hands and in its mouth."""
    prompt, versions = PROMPT, dict[str, HttpResponse]()
    try:
        return versions[prompt]
    except KeyError as error:
        raise ValueError(f"can't read {prompt}") from error


class Broken:
    """The site with one more page."""

    urlpatterns = [path("broken/<uuid:agent_id>/", broken, name="broken.show"), *urls.urlpatterns]


class TestALine:
    def test_tells_how_a_request_went_by_its_routes_name_and_its_things_ids(self, log: io.StringIO) -> None:
        exchange = connect()
        client = Client()
        client.force_login(exchange.cast.ana)

        answer = client.get(reverse("agents.show", args=[exchange.agent.pk]), {"q": QUERY})

        (line,) = told(log)
        assert (line["method"], line["route"], line["status"]) == ("GET", "agents.show", 200)
        assert line["agent"] == str(exchange.agent.pk)
        assert isinstance(line["ms"], float)
        assert line["request"] == answer[HEADER]

    def test_of_a_ring_names_the_connection(self, log: io.StringIO) -> None:
        exchange = connect()
        ring(exchange.generic)

        (line,) = told(log)
        assert (line["route"], line["connection"]) == ("telephony.route", str(exchange.generic.pk))

    def test_of_a_path_that_leads_nowhere_names_no_route(self, log: io.StringIO) -> None:
        Client().get(f"/{PATH}/")
        (line,) = told(log)
        assert (line["route"], line["status"]) == ("", 404)

    def test_of_a_probe_is_told_only_when_something_is_lacking(
        self, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Client().get("/health/live/")
        assert told(log) == []
        monkeypatch.setattr("agentversions.health.Readiness.lacks", lambda _: "keys")
        Client().get("/health/ready/")
        assert [(line["route"], line["status"]) for line in told(log)] == [("health.ready", 503)]

    def test_stays_one_line_whatever_is_said(self, log: io.StringIO) -> None:
        logging.getLogger("telephony").warning("two\nlines\u2028and %s", "a \x1b[31mcolour")
        assert len(log.getvalue().splitlines()) == 1


class TestARequestsId:
    @pytest.mark.parametrize("given", ["0192-abcd_ef.1", "a" * 64])
    def test_is_its_callers_if_that_is_sane(self, given: str) -> None:
        assert Client().get("/health/live/", headers={HEADER: given})[HEADER] == given

    @pytest.mark.parametrize("given", ["", "short", "a" * 65, "with space in it", 'quoted"quoted', "ünicode-id"])
    def test_is_made_otherwise(self, given: str) -> None:
        made = Client().get("/health/live/", headers={HEADER: given})[HEADER]
        assert re.fullmatch(r"[0-9a-f-]{36}", made)

    def test_is_on_every_record_meanwhile_also_on_other_threads(self, log: io.StringIO, settings: Settings) -> None:
        settings.PHONE_PATIENCE = 20

        def view(_: HttpRequest) -> HttpResponse:
            logging.getLogger("telephony").warning("here")
            Patience().wait_for(lambda: logging.getLogger("telephony").warning("on another thread"))
            return HttpResponse()

        answer = Told(view)(RequestFactory().get("/", headers={HEADER: "of-the-proxy"}))
        logging.getLogger("telephony").warning("afterwards")

        assert answer.headers[HEADER] == "of-the-proxy"
        ids = {line["message"]: line.get("request") for line in lines(log)}
        assert ids == {
            "here": "of-the-proxy",
            "on another thread": "of-the-proxy",
            "GET 200": "of-the-proxy",
            "afterwards": None,
        }


class TestAnError:
    @pytest.fixture(autouse=True)
    def _with_a_broken_page(self, settings: Settings) -> None:
        settings.ROOT_URLCONF = Broken

    def test_is_told_by_its_kind_and_its_way_and_never_by_its_words(self, log: io.StringIO) -> None:
        exchange = connect()
        client = Client(raise_request_exception=False)
        client.force_login(exchange.cast.ana)

        answer = client.get(f"/broken/{exchange.agent.pk}/?{QUERY}")

        assert answer.status_code == 500
        (error,) = [line for line in lines(log) if "error" in line]
        assert error["level"] == "error"
        assert error["request"] == answer[HEADER]
        assert [one["kind"] for one in error["error"]] == ["builtins.ValueError", "builtins.KeyError"]
        assert error["error"][0]["at"][-1].endswith("broken")
        (line,) = told(log)
        assert (line["route"], line["status"]) == ("broken.show", 500)
        assert "canary" not in log.getvalue()


def test_the_development_server_tells_no_path_off_a_developers_machine(log: io.StringIO) -> None:
    logging.getLogger("django.server").warning('"%s" %s', f"GET /{PATH}/ HTTP/1.1", 404)
    assert log.getvalue() == ""


class TestGunicorn:
    def record(self, template: str, *arguments: object) -> str:
        made = logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, template, arguments, None)
        line: str = json.loads(Lines().format(made))["message"]
        return line

    def test_says_no_path_and_no_first_line(self) -> None:
        assert self.record("Error handling request %s %s", "GET", f"/{PATH}") == "Error handling request"
        assert self.record("Error handling request %s", f"/{PATH}") == "Error handling request"
        assert self.record(f"Invalid request from ip=10.0.0.1: Invalid HTTP Header: '{PATH}'") == "Invalid request"
        assert self.record("Booting worker with pid: %s", 7) == "Booting worker with pid: 7"


def test_nothing_of_what_people_and_callers_say_is_ever_told(log: io.StringIO, settings: Settings) -> None:
    settings.ROOT_URLCONF = Broken
    logging.root.setLevel(logging.INFO)
    exchange = connect()
    cast, agent = exchange.cast, exchange.agent
    cast.ana.set_password(PASSWORD)
    cast.ana.save()
    cast.ana.email = "canary@example.com"
    secrets.set_secret(cast.project, "API_KEY", SECRET, by=cast.ana)
    client = Client(raise_request_exception=False)
    given: set[str] = {SIGNING_SECRET, AUTH_TOKEN, CALLER, GENERIC_NUMBER, CALLER[1:], GENERIC_NUMBER[1:]}

    # People sign in, wrongly at first, and forget their password
    for password in (f"{PASSWORD}-wrong", PASSWORD):
        client.post(reverse("accounts.sign_in"), {"username": cast.ana.username, "password": password})
    client.post(reverse("accounts.reset_password"), {"email": "canary@example.com"})
    client.get(f"/password/reset/Mg/{PATH}-token/")
    given.add(client.session.session_key or "")
    # They write and save
    edit = reverse("drafts.edit", args=[agent.pk])
    for fields in ({"prompt": PROMPT, "greeting": GREETING}, {"base_rev": BODY, "prompt": PROMPT}):
        client.post(f"{edit}?{QUERY}", fields)
    exchange.go_live("canary-name", prompt=PROMPT, greeting=GREETING)
    client.get(reverse("agents.show", args=[agent.pk]), {"q": QUERY})
    client.get(reverse("versions.download", args=[agent.pk, 3]))
    client.post(
        reverse("secrets.set_secret", args=[cast.project.pk]), {"name": "OTHER_KEY", "value": f"{SECRET}-other"}
    )
    Client(enforce_csrf_checks=True).post(f"/sign-in/?{QUERY}", {"username": "canary-user", "password": PASSWORD})
    Client(enforce_csrf_checks=True).post(f"/password/reset/Mg/{PATH}-token/", {"new_password1": PASSWORD})
    # Phones ring, and workers fetch
    first = ring(exchange.generic, "canary-call", caller=CALLER)
    address, token = worker(first)
    assert heard(first)
    given |= {token, tokens.report_token(Call.objects.get(provider_call_id="canary-call"))}
    pull(address, token)
    report(exchange.generic, "call.ended", "canary-call", transcript=TRANSCRIPT, ended_reason=TRANSCRIPT)
    ring(exchange.twilio, "canary-twilio", caller=CALLER)
    ring(exchange.twilio, "canary-unknown", caller=CALLER, to="+12025550100")
    call = Call.objects.get(provider_call_id="canary-call")
    for wrong in (tokens.report_token(call), f"{PATH}-token"):
        client.post(reverse("telephony.report", args=[call.pk, wrong]), BODY, content_type="text/plain")
    client.post(f"/telephony/generic/{exchange.generic.pk}/route/?{QUERY}", BODY, content_type="application/json")
    # Things go wrong
    client.get(f"/broken/{agent.pk}/?{QUERY}")
    client.get(f"/{PATH}/{QUERY}/")
    client.get("/", headers={"Host": "elsewhere.example.com"})
    client.get(reverse("agents.show", args=[cast.orders.pk]))
    client.put(f"/{PATH}", BODY)
    client.post("/sign-in/", data="--x", content_type="multipart/form-data; boundary=" + "x" * 300)

    assert len(told(log)) >= 20
    assert {line["status"] for line in told(log)} >= {200, 302, 400, 403, 404, 500}
    assert "canary" not in log.getvalue()
    assert [secret for secret in given if secret and secret in log.getvalue()] == []
    assert [line for line in lines(log) if line["logger"] == "django.security.DisallowedHost"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_server_writes_lines_of_json_and_none_of_django_or_gunicorn_tells_a_path() -> None:
    exchange = connect()
    with serving(database_url(connection.settings_dict), workers=1) as server:
        for method, line in (("GET", f"/{PATH}?{QUERY}"), ("POST", f"/telephony/generic/{exchange.generic.pk}/route/")):
            request = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
            request.request(method, line, headers={HEADER: "of-the-proxy"})
            assert request.getresponse().getheader(HEADER) == "of-the-proxy"
            request.close()
        _garbage(server)
        records = [line for line in server.log.read_text().splitlines() if '"agentversions.access"' in line]
    ours = [json.loads(line) for line in records]
    assert [(line["method"], line["status"]) for line in ours if line["request"] == "of-the-proxy"] == [
        ("GET", 404),
        ("POST", 403),
    ]
    assert "canary" not in "".join(records)


def _garbage(server: Server) -> None:
    """A request whose first line is none."""
    request = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    request.connect()
    request.send(f"{PATH} HTTP\r\n\r\n".encode())
    request.sock.recv(100)
    request.close()
