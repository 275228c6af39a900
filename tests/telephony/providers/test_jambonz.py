"""jambonz: what it signs, what it is answered, and what it reports."""

import json
import time
from typing import Any

import pytest
from django.http import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as some
from jsonschema_rs import Draft202012, Draft202012Validator, Registry

from agentversions.configuration import settings as every_setting
from agentversions.tools import KINDS
from telephony.incoming import Refusal
from telephony.models import Missed, Status
from telephony.providers import Forged, Unreadable
from telephony.providers.jambonz import Jambonz, signature
from telephony.rehearsals.jambonz import REHEARSAL
from tests.telephony.providers.by_hand import (
    CALL,
    EVERYTHING,
    SCHEMAS,
    TOKEN,
    TOOLS,
    answering,
    posted,
    said,
)
from tests.telephony.test_hostile import HEADERS, VALUES

SECRET = "wh_secret_onlytestssign"
SECRETS = {"webhook_secret": SECRET}
JAMBONZ = Jambonz()
A_LEG, B_LEG = "0d5f5f2a-8a1e-4a4c-9a3e-6b1f9c1f2a11", "7c7a1b9e-56f3-4b6e-8a35-0d7a8e0f5b22"

RING: dict[str, Any] = {
    "call_sid": A_LEG,
    "account_sid": "9351f46a-678c-43f5-b8a6-d4eb58d131af",
    "application_sid": "0e0681b0-d49f-4fb8-b973-b5a3c6758de1",
    "direction": "inbound",
    "from": "14155550100",
    "to": "12025550133",
    "caller_name": "Zoë ☎",
    "call_id": "fc5f8190-718a-123b-e6ba-023fd61c5256",
    "sbc_callid": "d8f1@10.0.0.7",
    "call_status": "trying",
    "sip_status": 100,
    "sip_reason": "Trying",
    "trace_id": "18228daa536f82e0ec29074e7bf47b89",
    "originating_sip_ip": "203.0.113.7",
    "originating_sip_trunk_name": "carrier",
    "service_provider_sid": "2708b1b3-2736-40ea-b502-c53d8396247f",
    "defaults": {"synthesizer": {"vendor": "google"}, "recognizer": {"vendor": "google"}},
    "env_vars": {"OPENAI_API_KEY": "never to be kept"},
    "sip": {"headers": {"X-Secret": "never to be kept"}, "uri": "sip:+12025550133@sip.example.com"},
}


def signed(message: dict[str, Any] | bytes, secret: str = SECRET, *, age: int = 0) -> HttpRequest:
    """The hook as jambonz's HTTP requestor sends it."""
    body = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
    at = str(int(time.time()) - age)
    return posted(body, {"Jambonz-Signature": f"t={at},v1={signature(secret, at, body)}"})


def status(call_status: str, **more: Any) -> dict[str, Any]:
    """The status hook."""
    return RING | {"call_status": call_status} | more


def verbs(**settings: Any) -> dict[str, Any]:
    """The verbs of an answer by name: of two of a kind, the first."""
    return {verb["verb"]: verb for verb in reversed(said(JAMBONZ.answer(answering(**settings))))}


def schema() -> tuple[dict[str, Any], Registry]:
    """@jambonz/schema: each verb's by its id, and what they refer to."""
    found = json.loads((SCHEMAS / "jambonz.json").read_text())
    return found, Registry(list(found.items()), draft=Draft202012)


def wrong(answer: list[dict[str, Any]]) -> list[str]:
    """What jambonz's own validator finds, and keys of a verb that it doesn't know."""
    schemas, registry = schema()
    found = []
    for verb in answer:
        rules = schemas[f"https://jambonz.org/schema/verbs/{verb['verb']}"]
        found += [error.message for error in Draft202012Validator(rules, registry=registry).iter_errors(verb)]
        found += [f"{verb['verb']}.{key}" for key in verb if key not in rules["properties"]]
    return found


class TestSignature:
    def test_is_what_jambonz_makes_of_the_raw_body(self) -> None:
        # From Node's JSON.stringify and crypto.createHmac, as the feature server's base requestor uses them.
        body = (
            '{"call_sid":"0d5f5f2a-8a1e-4a4c-9a3e-6b1f9c1f2a11","direction":"inbound","from":"14155550100",'
            '"to":"12025550133","caller_name":"Zoë ☎ 🙂","call_status":"trying","sip_status":100,"rate":1}'
        )

        made = signature(SECRET, "1763884800", body.encode())

        assert made == "269f380bc6725f84db2da21e59e07d5f278880f86c409044cddedef8978e1b74"

    def test_lets_jambonz_in_and_its_retry_with_the_same_header_too(self) -> None:
        request = signed(RING)

        JAMBONZ.authenticate(request, SECRETS, {})
        JAMBONZ.authenticate(request, SECRETS, {})

    def test_takes_the_previous_secret_while_it_is_changed(self) -> None:
        JAMBONZ.authenticate(signed(RING), {"webhook_secret": "the new one", "previous_webhook_secret": SECRET}, {})

    @pytest.mark.parametrize("age", [301, -310])
    def test_of_another_time_is_none(self, age: int) -> None:
        with pytest.raises(Forged):
            JAMBONZ.authenticate(signed(RING, age=age), SECRETS, {})

    @pytest.mark.parametrize("secrets", [{}, {"webhook_secret": ""}, {"webhook_secret": "another"}])
    def test_with_another_secret_is_none(self, secrets: dict[str, str]) -> None:
        with pytest.raises(Forged):
            JAMBONZ.authenticate(signed(RING, secret=""), secrets, {})

    def test_of_another_body_is_none(self) -> None:
        header = signed(RING).headers["Jambonz-Signature"]

        with pytest.raises(Forged):
            JAMBONZ.authenticate(posted(RING | {"to": "12025550134"}, {"Jambonz-Signature": header}), SECRETS, {})

    @pytest.mark.parametrize(
        "header",
        [
            *("", "t=,v1=", "v1=0,t=1", "nocomma", "é☎"),
            *(f"t={digits},v1={'0' * 64}" for digits in ("\u0661\u0662", "9" * 5_000, "-1", "1.5")),
        ],
    )
    def test_that_isnt_one_is_a_clear_no(self, header: str) -> None:
        with pytest.raises(Forged):
            JAMBONZ.authenticate(posted(RING, {"Jambonz-Signature": header}), SECRETS, {})


class TestReading:
    def test_a_ring(self) -> None:
        ring = JAMBONZ.read(posted(RING))

        assert ring is not None
        assert (ring.call_id, ring.caller, ring.dialled) == (A_LEG, "14155550100", "12025550133")
        assert (ring.dialled_candidates, ring.caller_name) == (("sip:+12025550133@sip.example.com",), "Zoë ☎")

    def test_a_ring_whose_number_only_the_invite_tells(self) -> None:
        ring = JAMBONZ.read(posted(RING | {"to": "", "sip": {"calledNumber": "+12025550133"}}))

        assert ring is not None
        assert ring.dialled == "+12025550133"

    @pytest.mark.parametrize(
        "message",
        [status("in-progress"), status("completed"), RING | {"direction": "outbound"}, {"type": "llm:event"}],
    )
    def test_what_is_no_ring(self, message: dict[str, Any]) -> None:
        assert JAMBONZ.read(posted(message)) is None

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"[]", b"\xff", b"{", b'"x"', b"1" * 5_000, b"[" * 100_000),
            json.dumps(RING | {"call_sid": 7}).encode(),
            json.dumps(RING | {"to": None, "sip": []}).encode(),
        ],
    )
    def test_what_jambonz_never_sends(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            JAMBONZ.read(posted(body))


class TestAnswer:
    def test_is_what_jambonz_accepts_with_everything_there_is(self) -> None:
        assert wrong(said(JAMBONZ.answer(answering(**EVERYTHING)))) == []

    def test_is_what_jambonz_accepts_of_a_blank_agent(self) -> None:
        assert wrong(said(JAMBONZ.answer(answering()))) == []

    def test_the_schema_finds_what_is_wrong(self) -> None:
        assert wrong([{"verb": "agent", "llm": {"greeting": "Hi"}, "greetings": True}]) != []

    def test_is_the_same_bytes_each_time(self) -> None:
        first, again = (JAMBONZ.answer(answering(**EVERYTHING)).content for _ in range(2))

        assert first == again

    def test_says_the_greeting_and_tells_the_model_so(self) -> None:
        given = verbs(**EVERYTHING)

        assert given["say"]["text"] == "Front desk, hello."
        assert given["agent"]["greeting"] is False
        assert given["agent"]["llm"]["llmOptions"]["messages"][-1] == {
            "role": "assistant",
            "content": "Front desk, hello.",
        }

    def test_lets_the_model_greet_without_a_greeting(self) -> None:
        assert verbs()["agent"]["greeting"] is True

    def test_waits_for_a_caller_who_speaks_first(self) -> None:
        given = verbs(first_speaker="caller", greeting="Hello.")

        assert "say" not in given
        assert given["agent"]["greeting"] is False
        assert "messages" not in given["agent"]["llm"]["llmOptions"]

    def test_carries_voice_model_and_transcriber(self) -> None:
        agent = verbs(**EVERYTHING)["agent"]

        assert agent["tts"] == {"vendor": "elevenlabs", "voice": "UgBBYS2sOqTuMpoF3BR0", "language": "de-DE"}
        assert agent["stt"] == {"vendor": "deepgram", "language": "de-DE", "hints": ["Schnitzel"]}
        assert (agent["llm"]["vendor"], agent["llm"]["model"]) == ("openai", "gpt-4.1-mini")
        options = agent["llm"]["llmOptions"]
        assert options["systemPrompt"] == "You answer the phone.\nBe brief. ☎"
        assert (options["temperature"], options["maxTokens"]) == (0.4, 300)
        assert (agent["noResponseTimeout"], agent["noiseIsolation"]) == (12, "rnnoise")
        assert agent["bargeIn"] == {"enable": True}

    def test_leaves_to_the_application_what_the_version_leaves_open(self) -> None:
        agent = verbs()["agent"]

        assert agent["tts"] == {"vendor": "default", "language": "en-US"}
        assert set(agent["llm"]) == {"llmOptions"}
        assert agent["noResponseTimeout"] == 0

    def test_calls_vendors_as_jambonz_does(self) -> None:
        agent = verbs(voice={"provider": "OpenAI", "id": "alloy"}, transcriber={"provider": "Azure"})["agent"]

        assert (agent["tts"]["vendor"], agent["stt"]["vendor"]) == ("whisper", "microsoft")

    def test_never_interrupts_and_never_reminds_if_so_set(self) -> None:
        quiet = {"interruptions": "none", "reminder_every": 9, "reminder_times": 0}
        agent = verbs(turn_taking=quiet, noise_reduction=False)["agent"]

        assert (agent["bargeIn"], agent["noResponseTimeout"]) == ({"enable": False}, 0)
        assert "noiseIsolation" not in agent

    def test_sends_functions_to_the_worker_and_tells_it_which_call(self) -> None:
        agent = verbs(**EVERYTHING)["agent"]

        functions = agent["llm"]["llmOptions"]["tools"]
        assert [function["name"] for function in functions] == ["find_table", "hours"]
        assert functions[0]["parameters"] == TOOLS[0]["parameters"]
        worker, _, query = agent["toolHook"].partition("?")
        assert worker == "https://worker.example.com/jambonz"
        assert str(CALL) in query
        assert TOKEN in query

    def test_adds_to_a_worker_s_own_query(self) -> None:
        answer = JAMBONZ.answer(answering(worker="https://worker.example.com/?team=1", tools=TOOLS))

        assert "?team=1&call_id=" in answer.content.decode()

    def test_has_no_functions_without_a_worker(self) -> None:
        agent = verbs(**EVERYTHING, worker="")["agent"]

        assert "toolHook" not in agent
        assert "tools" not in agent["llm"]["llmOptions"]

    def test_never_holds_a_secret(self) -> None:
        assert "Bearer 42" not in JAMBONZ.answer(answering(**EVERYTHING)).content.decode()

    def test_hands_over_to_the_first_person_and_hangs_up(self) -> None:
        agent = verbs(**EVERYTHING)["agent"]

        assert agent["handoff"]["target"] == [{"type": "phone", "number": "+442079460000"}]
        assert (agent["handoff"]["toolName"], agent["hangup"]) == ("manager", {})

    def test_uses_the_mcp_servers_that_need_no_headers(self) -> None:
        assert verbs(**EVERYTHING)["agent"]["mcpServers"] == [{"url": "https://mcp.example.com/sse"}]

    def test_waits_before_it_speaks_and_ends_with_the_last_words(self) -> None:
        answer = said(JAMBONZ.answer(answering(**EVERYTHING)))

        assert [verb["verb"] for verb in answer] == ["tag", "pause", "say", "agent", "say", "hangup"]
        assert answer[1]["length"] == 0.5

    def test_names_our_call_and_hands_out_no_token_with_it(self) -> None:
        assert verbs(**EVERYTHING)["tag"]["data"] == {"our_call": str(CALL), "version": 7}

    def test_says_of_every_setting_whether_it_is_carried_or_what_becomes_of_it(self) -> None:
        paths = {leaf.path for leaf in every_setting()} | {f"tools.{kind}" for kind in KINDS}

        assert JAMBONZ.carries | set(JAMBONZ.notes) == paths


class TestRefusal:
    @pytest.mark.parametrize("reason", [*Missed.values, "call_over"])
    def test_declines_as_sip_does(self, reason: str) -> None:
        answer = said(JAMBONZ.refuse(Refusal(reason, "We are closed.")))

        assert wrong(answer) == []
        assert [verb["verb"] for verb in answer] == ["sip:decline"]
        assert answer[0]["headers"] == {"X-Reason": reason}

    def test_knows_a_number_that_isnt_there_from_an_agent_that_isnt_ready(self) -> None:
        answers = [
            said(JAMBONZ.refuse(Refusal(reason, "")))[0]["status"] for reason in ("unknown_number", "nothing_published")
        ]

        assert answers == [404, 480]


class TestReports:
    @pytest.mark.parametrize(
        ("call_status", "expected"),
        [
            ("queued", Status.ROUTING),
            ("trying", Status.ROUTING),
            ("ringing", Status.RINGING),
            ("early-media", Status.RINGING),
            ("in-progress", Status.IN_PROGRESS),
            ("completed", Status.COMPLETED),
            ("failed", Status.FAILED),
            ("busy", Status.BUSY),
            ("no-answer", Status.NO_ANSWER),
            ("something new", None),
        ],
    )
    def test_each_status(self, call_status: str, expected: Status | None) -> None:
        [report] = JAMBONZ.read_events(signed(status(call_status)))

        assert (report.call_id, report.kind, report.status) == (A_LEG, "status", expected)
        assert report.occurred_at is not None

    def test_the_end(self) -> None:
        ended = status("completed", duration=42, call_termination_by="caller", customerData={"our_call": str(CALL)})
        [report] = JAMBONZ.read_events(signed(ended))

        assert (report.duration, report.reason, report.our_call) == (42, "caller", str(CALL))

    def test_a_failure_tells_why(self) -> None:
        [report] = JAMBONZ.read_events(signed(status("busy", sip_status=486, sip_reason="Busy Here")))

        assert report.reason == "486 Busy Here"

    def test_a_retry_is_the_same_event_and_a_second_event_is_not(self) -> None:
        first, second = signed(status("ringing")), signed(status("ringing", sip_status=180))
        ids = [JAMBONZ.read_events(request)[0].event_id for request in (first, first, second)]

        assert ids[0] == ids[1] != ids[2]

    @pytest.mark.parametrize("call_status", ["ringing", "in-progress", "completed", "failed", "no-answer"])
    def test_another_leg_is_told_of_its_call_and_moves_nothing(self, call_status: str) -> None:
        leg = status(call_status, call_sid=B_LEG, parent_call_sid=A_LEG, direction="outbound", duration=7)
        [report] = JAMBONZ.read_events(signed(leg))

        assert (report.call_id, report.kind) == (A_LEG, "leg-status")
        assert (report.status, report.duration, report.reason) == (None, None, "")

    def test_a_leg_that_names_no_parent_is_only_itself(self) -> None:
        [report] = JAMBONZ.read_events(signed(status("completed", call_sid=B_LEG, direction="outbound")))

        assert (report.call_id, report.status) == (B_LEG, None)

    def test_what_the_application_keeps_secret_is_forgotten(self) -> None:
        [report] = JAMBONZ.read_events(signed(status("completed")))

        assert "never to be kept" not in json.dumps(report.payload)
        assert report.payload["trace_id"] == RING["trace_id"]

    def test_are_acknowledged_without_a_word(self) -> None:
        assert JAMBONZ.acknowledge(posted(RING)).status_code == 204


class TestRehearsal:
    def test_rings_hears_and_hangs_up(self) -> None:
        told = {"call_id": A_LEG, "caller": "+14155550100", "dialled": "+12025550133"}
        other_side = REHEARSAL
        rang = other_side.ring(SECRETS, "https://x", **told)
        ring, heard = posted(rang.body, rang.headers), JAMBONZ.answer(answering(**EVERYTHING)).content
        ended = other_side.hang_up(SECRETS, "https://x", **told, seconds=30)

        JAMBONZ.authenticate(ring, SECRETS, {})
        assert JAMBONZ.read(ring) is not None
        assert (other_side.hear(heard).call, other_side.hear(heard).version) == (str(CALL), 7)
        assert (other_side.hear(heard).greeting, other_side.hear(heard).token) == ("Front desk, hello.", TOKEN)
        [report] = JAMBONZ.read_events(posted(ended.body, ended.headers))
        assert (report.call_id, report.status, report.duration) == (A_LEG, Status.COMPLETED, 30)

    def test_hears_a_refusal(self) -> None:
        refusal = JAMBONZ.refuse(Refusal("unknown_number", "We are closed.")).content

        assert REHEARSAL.hear(refusal).refusal == "unknown_number: 404 Not Found"


FIELDS = some.dictionaries(
    some.sampled_from([*RING, "parent_call_sid", "duration", "call_termination_by", "customerData"]),
    VALUES | some.sampled_from([A_LEG, "inbound", "outbound", "trying", "completed", float("nan"), 10**400]),
)


class TestHostileInput:
    @settings(max_examples=300)
    @given(body=some.binary(max_size=200), header=HEADERS | some.from_regex(r"t=\d+,v1=[0-9a-f]{64}", fullmatch=True))
    def test_unsigned_is_forged(self, body: bytes, header: str) -> None:
        with pytest.raises(Forged):
            JAMBONZ.authenticate(posted(body, {"Jambonz-Signature": header}), SECRETS, {})

    @settings(max_examples=500)
    @given(message=VALUES | FIELDS | FIELDS.map(lambda fields: RING | fields))
    def test_signed_is_read_or_unreadable(self, message: Any) -> None:
        request = signed(json.dumps(message).encode())

        JAMBONZ.authenticate(request, SECRETS, {})
        for read in (JAMBONZ.read, JAMBONZ.read_events):
            try:
                read(request)
            except Unreadable:
                continue
