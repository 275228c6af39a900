"""SignalWire: what it signs, the SWML it is answered with, and what it reports without a signature."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as some
from jsonschema_rs import Draft202012Validator

from agentversions.configuration import settings as every_setting
from agentversions.tools import KINDS
from telephony.incoming import Refusal
from telephony.models import Missed, Status
from telephony.providers import Forged, Unreadable, swml
from telephony.providers.signalwire import SignalWire, signature
from telephony.rehearsals.signalwire import REHEARSAL
from tests.telephony.providers.by_hand import CALL, EVERYTHING, REPORT_URL, SCHEMAS, answering, posted, said
from tests.telephony.test_hostile import HEADERS, VALUES

KEY = "PSKonlytestssign"
SECRETS = {"signing_key": KEY}
SIGNALWIRE = SignalWire()
ADDRESS = "http://testserver/telephony/signalwire/x/route/"
CALL_ID, LEG_ID = "9a5f3c9e-3f8c-4c8a-8f45-0f6bb2f7c1d1", "1c7e5b2e-0c39-44a8-9e0a-bd5b8a2b6e02"

RING: dict[str, Any] = {
    "call": {
        "call_id": CALL_ID,
        "node_id": "7b1f6a30@us-east",
        "segment_id": "5c0bb7f5",
        "call_state": "created",
        "direction": "inbound",
        "type": "phone",
        "from": "+14155550100",
        "to": "+12025550133",
        "from_number": "+14155550100",
        "to_number": "+12025550133",
        "headers": [],
        "project_id": "b08dacad",
        "space_id": "3cda0ab1",
    },
    "vars": {},
    "envs": {"API_KEY": "never to be kept"},
    "params": {},
}
REPORT: dict[str, Any] = {
    "content_type": "text/json",
    "content_disposition": "agent.summary",
    "conversation_type": "voice",
    "action": "post_conversation",
    "project_id": "b08dacad",
    "call_id": CALL_ID,
    "app_name": "swml app",
    "ai_session_id": "e1c7b1ce",
    "call_ended_by": "caller",
    "call_start_date": 1_763_884_800_000_000,
    "call_answer_date": 1_763_884_802_000_000,
    "call_end_date": 1_763_884_844_500_000,
    "post_prompt_data": {
        "raw": '{"_summary": "A table for two.", "guests": 2}',
        "parsed": [{"_summary": "A table for two.", "guests": 2}],
    },
    "global_data": {"our_call": str(CALL), "version": 7},
    "SWMLVars": {"secret": "never to be kept"},
    "call_log": [
        {"role": "system", "content": "You answer the phone."},
        {"role": "assistant", "content": "Front desk, hello."},
        {"role": "user", "content": "A table for two."},
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": '{"_summary": "A table for two.", "guests": 2}'},
    ],
}


def signed(message: Any, header: str = "X-SignalWire-Sha256-Signature", algorithm: str = "sha256") -> HttpRequest:
    """The request as SignalWire sends it."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return posted(body, {header: signature(KEY, ADDRESS, body, algorithm)}, path="/telephony/signalwire/x/route/")


def state(call_state: str, **more: Any) -> dict[str, Any]:
    """A call's state, as it is told to a `call_state_url`."""
    params = {"call_id": CALL_ID, "call_state": call_state, "direction": "inbound", **more}
    return {"event_type": "calling.call.state", "timestamp": 1_763_884_844.5, "params": params}


def methods(**settings: Any) -> dict[str, Any]:
    """The methods of an answer by name."""
    document = said(SIGNALWIRE.answer(answering(**settings)))
    return {name: given for method in document["sections"]["main"] for name, given in method.items()}


def functions(**settings: Any) -> dict[str, Any]:
    """The agent's functions by name."""
    return {one["function"]: one for one in methods(**settings)["ai"]["SWAIG"]["functions"]}


VALIDATOR = Draft202012Validator(json.loads((SCHEMAS / "swml.json").read_text()))


def wrong(document: dict[str, Any]) -> list[str]:
    """What SignalWire's schema finds."""
    return [
        f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}" for error in VALIDATOR.iter_errors(document)
    ]


class TestSignature:
    # From signalwire-sdk 3.7.5, core/security/webhook_validator.py, which accepts both.
    URL = "https://agents.example.com/telephony/signalwire/0198f0c8-0000-7000-8000-000000000001/route/?t=1"
    BODY = (
        '{"call":{"call_id":"c-1","direction":"inbound","from":"+14155550100","to":"+12025550133","note":"Zoë ☎"}}'
    ).encode()

    @pytest.mark.parametrize(
        ("algorithm", "expected"),
        [
            ("sha256", "133ce060904b92b450317c7c12c03f755c55bc7226192319bf4efd07f314a0e0"),
            ("sha1", "9f0a88e268b9b9f9167c7b7f7e3bfff092399309"),
        ],
    )
    def test_is_what_signalwire_makes_of_address_and_body(self, algorithm: str, expected: str) -> None:
        assert signature(KEY, self.URL, self.BODY, algorithm) == expected

    def test_is_of_the_address_as_it_was_pasted(self, settings: Any) -> None:
        settings.PUBLIC_BASE_URL = "https://agents.example.com"
        path = self.URL.removeprefix("https://agents.example.com")
        given = {"X-Signalwire-SHA256-Signature": signature(KEY, self.URL, self.BODY)}

        SIGNALWIRE.authenticate(posted(self.BODY, given, path), SECRETS, {})

    def test_is_of_the_address_without_credentials(self, settings: Any) -> None:
        settings.PUBLIC_BASE_URL = "https://user:word@agents.example.com"
        path = self.URL.removeprefix("https://agents.example.com")

        SIGNALWIRE.authenticate(
            posted(self.BODY, {"X-SignalWire-Signature": signature(KEY, self.URL, self.BODY, "sha1")}, path),
            SECRETS,
            {},
        )

    def test_lets_signalwire_in_by_either_header(self) -> None:
        SIGNALWIRE.authenticate(signed(RING), SECRETS, {})
        SIGNALWIRE.authenticate(signed(RING, "X-SignalWire-Signature", "sha1"), SECRETS, {})

    def test_the_better_header_alone_counts(self) -> None:
        body = json.dumps(RING).encode()
        headers = {
            "X-SignalWire-Sha256-Signature": "0" * 64,
            "X-SignalWire-Signature": signature(KEY, ADDRESS, body, "sha1"),
        }

        with pytest.raises(Forged):
            SIGNALWIRE.authenticate(posted(body, headers, "/telephony/signalwire/x/route/"), SECRETS, {})

    def test_takes_the_previous_key_while_it_is_changed(self) -> None:
        SIGNALWIRE.authenticate(signed(RING), {"signing_key": "the new one", "previous_signing_key": KEY}, {})

    @pytest.mark.parametrize("secrets", [{}, {"signing_key": ""}, {"signing_key": "another"}])
    def test_with_another_key_is_none(self, secrets: dict[str, str]) -> None:
        with pytest.raises(Forged):
            SIGNALWIRE.authenticate(signed(RING), secrets, {})

    @pytest.mark.parametrize("path", ["/telephony/signalwire/y/route/", "/telephony/signalwire/x/route/?t=1"])
    def test_of_another_address_is_none(self, path: str) -> None:
        body = json.dumps(RING).encode()

        with pytest.raises(Forged):
            SIGNALWIRE.authenticate(
                posted(body, {"X-SignalWire-Sha256-Signature": signature(KEY, ADDRESS, body)}, path), SECRETS, {}
            )


class TestReading:
    def test_a_ring(self) -> None:
        ring = SIGNALWIRE.read(posted(RING))

        assert ring is not None
        assert (ring.call_id, ring.caller, ring.dialled) == (CALL_ID, "+14155550100", "+12025550133")

    def test_a_ring_by_sip(self) -> None:
        by_sip = {name: value for name, value in RING["call"].items() if not name.endswith("_number")}
        ring = SIGNALWIRE.read(posted({"call": by_sip | {"type": "sip", "to": "sip:desk@space.sip.signalwire.com"}}))

        assert ring is not None
        assert ring.dialled == "sip:desk@space.sip.signalwire.com"

    @pytest.mark.parametrize(
        "message",
        [
            {"call": RING["call"] | {"call_state": "ended"}},
            {"call": RING["call"] | {"direction": "outbound"}},
            *(REPORT, state("answered"), {"call": []}),
        ],
    )
    def test_what_is_no_ring(self, message: dict[str, Any]) -> None:
        assert SIGNALWIRE.read(posted(message)) is None

    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"\xff", b"{", b"1" * 5_000, b"[" * 100_000]
        + [json.dumps({"call": RING["call"] | wrongly}).encode() for wrongly in ({"call_id": 7}, {"call_id": ""})]
        + [json.dumps({"call": {"direction": "inbound", "call_id": "c"}}).encode()],
    )
    def test_what_signalwire_never_sends(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            SIGNALWIRE.read(posted(body))


class TestAnswer:
    def test_is_what_signalwire_accepts_with_everything_there_is(self) -> None:
        assert wrong(said(SIGNALWIRE.answer(answering(**EVERYTHING)))) == []

    def test_is_what_signalwire_accepts_of_a_blank_agent(self) -> None:
        assert wrong(said(SIGNALWIRE.answer(answering()))) == []

    def test_the_schema_finds_what_is_wrong(self) -> None:
        document = said(SIGNALWIRE.answer(answering(**EVERYTHING)))
        document["sections"]["main"][-3]["ai"]["greeting"] = "Hi"

        assert wrong(document) != []

    def test_is_the_same_bytes_each_time(self) -> None:
        first, again = (SIGNALWIRE.answer(answering(**EVERYTHING)).content for _ in range(2))

        assert first == again

    def test_picks_up_records_listens_and_says_the_last_words(self) -> None:
        given = methods(**EVERYTHING)

        assert list(given) == ["answer", "record_call", "denoise", "ai", "play", "hangup"]
        assert given["answer"] == {"max_duration": 630}
        assert given["record_call"]["status_url"] == REPORT_URL
        assert given["play"]["url"] == "say:Goodbye. And thank you."
        assert given["play"]["say_voice"] == "elevenlabs.UgBBYS2sOqTuMpoF3BR0"

    def test_carries_prompt_greeting_and_voice(self) -> None:
        agent = methods(**EVERYTHING)["ai"]

        assert agent["prompt"] == {
            "text": "You answer the phone.\nBe brief. ☎",
            "temperature": 0.4,
            "max_tokens": 300,
        }
        assert agent["languages"] == [{"name": "German", "code": "de-DE", "voice": "elevenlabs.UgBBYS2sOqTuMpoF3BR0"}]
        assert agent["hints"] == ["Schnitzel"]
        assert agent["pronounce"] == [{"replace": "GmbH", "with": "Gesellschaft"}]
        assert agent["global_data"] == {"our_call": str(CALL), "version": 7}

    def test_carries_what_happens_in_the_call(self) -> None:
        assert methods(**EVERYTHING)["ai"]["params"] == {
            "ai_model": "gpt-4.1-mini",
            "static_greeting": "Front desk, hello.",
            "wait_for_user": False,
            "initial_sleep_ms": 500,
            "local_tz": "Europe/London",
            "openai_asr_engine": "nova-3",
            "enable_barge": "complete,partial",
            "end_of_speech_timeout": 600,
            "attention_timeout": 12_000,
            "attention_timeout_prompt": "The caller is silent. Say the next of these: Still there?; Hello?",
            "inactivity_timeout": 45_000,
            "hard_stop_time": "600s",
        }

    def test_keeps_signalwires_limits(self) -> None:
        agent = methods(
            model={"name": "o9", "temperature": 2, "max_tokens": 100_000},
            turn_taking={"response_wait": 0, "reminder_every": 1, "end_after_silence": 5},
        )["ai"]

        assert agent["prompt"] == {"text": "", "temperature": 1.5, "max_tokens": 4_096}
        assert agent["params"]["end_of_speech_timeout"] == 250
        assert agent["params"]["attention_timeout"] == 10_000
        assert agent["params"]["inactivity_timeout"] == 10_000
        assert "ai_model" not in agent["params"]

    def test_never_reminds_nor_hangs_up_if_so_set(self) -> None:
        quiet = {"reminder_every": 30, "reminder_times": 0, "end_after_silence": None, "interruptions": "none"}
        parameters = methods(turn_taking=quiet, greeting="Hello.")["ai"]["params"]

        assert (parameters["attention_timeout"], parameters["inactivity_timeout"]) == (0, 3_600_000)
        assert (parameters["enable_barge"], parameters["static_greeting_no_barge"]) == (False, True)

    def test_waits_for_a_caller_who_speaks_first(self) -> None:
        parameters = methods(first_speaker="caller", greeting="Hello.")["ai"]["params"]

        assert parameters["wait_for_user"] is True
        assert "static_greeting" not in parameters

    @pytest.mark.parametrize(
        ("provider", "voice", "expected"),
        [
            ("Google", "en-GB-Neural2-B", "gcloud.en-GB-Neural2-B"),
            ("Amazon", "Joanna", "polly.Joanna"),
            ("", "rime.spore", "rime.spore"),
        ],
    )
    def test_names_voices_as_signalwire_does(self, provider: str, voice: str, expected: str) -> None:
        assert methods(voice={"provider": provider, "id": voice})["ai"]["languages"][0]["voice"] == expected

    @pytest.mark.parametrize("voice", [{}, {"provider": "Nobody", "id": "x"}, {"id": "x"}, {"provider": "Google"}])
    def test_leaves_out_a_voice_that_signalwire_hasnt(self, voice: dict[str, str]) -> None:
        assert "languages" not in methods(voice=voice)["ai"]

    def test_asks_for_the_fields_after_the_call_at_this_calls_own_address(self) -> None:
        agent = methods(**EVERYTHING)["ai"]

        assert agent["post_prompt_url"] == REPORT_URL
        assert '- "guests": a number. How many.' in agent["post_prompt"]["text"]

    def test_says_of_every_setting_whether_it_is_carried_or_what_becomes_of_it(self) -> None:
        paths = {leaf.path for leaf in every_setting()} | {f"tools.{kind}" for kind in KINDS}

        assert SIGNALWIRE.carries | set(SIGNALWIRE.notes) == paths


WORDS = some.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null", "nonsense"])
ODDITIES = some.none() | some.booleans() | some.integers(-3, 3) | some.floats(0, 1) | some.text(max_size=3)


def _schemas(inner: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    return some.fixed_dictionaries(
        {},
        optional={
            "type": WORDS | some.lists(WORDS, max_size=3) | ODDITIES,
            "description": ODDITIES,
            "default": ODDITIES | some.just([]) | some.just({}),
            "enum": some.lists(ODDITIES, max_size=4) | ODDITIES,
            "const": ODDITIES,
            "format": some.sampled_from(["date-time", "uri", "odd", 7]),
            "pattern": ODDITIES,
            "nullable": ODDITIES,
            "minLength": ODDITIES,
            "properties": some.dictionaries(some.text(max_size=3), inner, max_size=3) | ODDITIES,
            "items": inner,
            "required": some.lists(ODDITIES, max_size=2) | ODDITIES,
            "anyOf": some.lists(inner, max_size=2) | ODDITIES,
        },
    )


SCHEMA = some.fixed_dictionaries(
    {"type": some.just("object")},
    optional={
        "properties": some.dictionaries(some.text(max_size=3), some.recursive(ODDITIES, _schemas, max_leaves=8)),
        "required": some.lists(ODDITIES, max_size=2) | ODDITIES,
    },
)


class TestTools:
    def test_a_function_is_requested_with_its_headers_and_secrets(self) -> None:
        [webhook] = functions(**EVERYTHING)["find_table"]["data_map"]["webhooks"]

        assert (webhook["url"], webhook["method"]) == ("https://crm.example.com/tables", "POST")
        assert webhook["headers"] == {"Authorization": "Bearer 42"}
        assert webhook["input_args_as_params"] is True

    def test_a_get_has_its_parameters_in_the_address(self) -> None:
        hours = {
            "kind": "function",
            "id": "b",
            "name": "hours",
            "method": "GET",
            "url": "https://crm.example.com/h?x=1",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}, "no}good": {}}},
        }
        [webhook] = functions(tools=[hours])["hours"]["data_map"]["webhooks"]

        assert webhook["url"] == "https://crm.example.com/h?x=1&day=${enc:args.day}"
        assert "input_args_as_params" not in webhook

    @pytest.mark.parametrize("wrongly", [{"method": "PATCH"}, {"url": ""}, {"name": ""}, {"name": "hangup_hook"}])
    def test_a_function_that_signalwire_cant_call_is_left_out(self, wrongly: dict[str, str]) -> None:
        function = {"kind": "function", "id": "a", "name": "f", "url": "https://crm.example.com"} | wrongly

        assert functions(tools=[function]) == {}

    def test_a_missing_secret_sends_no_header(self) -> None:
        header = {"name": "Authorization", "value": "{{secret.GONE}}"}
        function = {"kind": "function", "id": "a", "name": "f", "url": "https://x.example.com", "headers": [header]}

        assert functions(tools=[function])["f"]["data_map"]["webhooks"][0]["headers"] == {}

    def test_parameters_are_in_the_part_of_json_schema_that_swml_knows(self) -> None:
        assert functions(**EVERYTHING)["find_table"]["parameters"] == {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "guests": {"type": "integer", "enum": [1, 2]},
                "when": {"type": "string", "nullable": True, "format": "date_time"},
                "wishes": {"type": "array", "items": {"type": "string", "enum": ["window", "bar"]}},
            },
            "required": ["city"],
        }

    def test_a_transfer_dials_and_comes_back_if_nobody_answers(self) -> None:
        [action] = functions(**EVERYTHING)["manager"]["data_map"]["output"]["action"]

        assert action["SWML"]["sections"]["main"] == [
            {"connect": {"to": "+442079460000", "result": {"case": {"connected": [{"hangup": {}}]}}}}
        ]

    def test_hanging_up_says_the_last_words_first(self) -> None:
        given = functions(**EVERYTHING)

        assert given["goodbye"]["data_map"]["output"]["action"] == [
            {"say": "Goodbye.\nAnd thank you."},
            {"hangup": True},
        ]
        assert given["machine"]["data_map"]["output"]["action"][0] == {"say": "Please call us back."}

    def test_keys_are_pressed(self) -> None:
        press = functions(**EVERYTHING)["press"]

        assert press["parameters"]["required"] == ["digits"]
        [action] = press["data_map"]["output"]["action"]
        assert action["SWML"]["sections"]["main"] == [{"send_digits": {"digits": "${args.digits}"}}]

    def test_mcp_servers_are_left_out(self) -> None:
        assert {"open", "closed"}.isdisjoint(functions(**EVERYTHING))

    def test_a_property_that_is_only_ever_null_is_described(self) -> None:
        assert swml.parameters({"properties": {"x": {"type": "null"}}})["properties"]["x"] == {
            "type": "null",
            "description": "",
        }

    @settings(max_examples=100, deadline=None)
    @given(schema=SCHEMA)
    def test_any_parameters_are_what_swml_accepts(self, schema: dict[str, Any]) -> None:
        function = {"function": "f", "description": "f", "parameters": swml.parameters(schema)}
        document = swml.document(iter([{"ai": {"prompt": {"text": ""}, "SWAIG": {"functions": [function]}}}]))

        assert wrong(document) == []


class TestRefusal:
    @pytest.mark.parametrize("reason", [*Missed.values, "call_over"])
    def test_says_the_sentence_and_hangs_up(self, reason: str) -> None:
        document = said(SIGNALWIRE.refuse(Refusal(reason, "We are\nclosed.")))

        assert wrong(document) == []
        assert document["sections"]["main"] == [{"play": {"url": "say:We are closed."}}, {"hangup": {}}]

    def test_hangs_up_without_a_sentence(self) -> None:
        assert said(SIGNALWIRE.refuse(Refusal("unknown_number", "")))["sections"]["main"] == [{"hangup": {}}]


class TestReports:
    def test_the_conversation(self) -> None:
        [report] = SIGNALWIRE.read_events(posted(REPORT))

        assert (report.call_id, report.kind, report.status) == (CALL_ID, "post_conversation", Status.COMPLETED)
        assert report.occurred_at == datetime(2025, 11, 23, 8, 0, 44, 500_000, tzinfo=UTC)
        assert (report.duration, report.reason, report.our_call) == (42, "caller", str(CALL))
        assert (report.summary, report.fields) == ("A table for two.", {"guests": 2})
        assert report.transcript == "Agent: Front desk, hello.\nCaller: A table for two."
        assert "never to be kept" not in json.dumps(report.payload)

    @pytest.mark.parametrize(
        "data",
        [
            {"parsed": {"_summary": "Two.", "guests": 2}},
            {"raw": '```json\n{"_summary": "Two.", "guests": 2}\n```'},
            {"raw": '{"_summary": "Two.", "guests": 2}', "parsed": []},
        ],
    )
    def test_the_fields_however_they_are_written(self, data: dict[str, Any]) -> None:
        [report] = SIGNALWIRE.read_events(posted(REPORT | {"post_prompt_data": data}))

        assert (report.summary, report.fields) == ("Two.", {"guests": 2})

    def test_a_summary_in_plain_words(self) -> None:
        [report] = SIGNALWIRE.read_events(posted(REPORT | {"post_prompt_data": {"substituted": "Two.", "raw": "Two."}}))

        assert (report.summary, report.fields) == ("Two.", {})

    def test_a_conversation_asked_for_moves_nothing(self) -> None:
        [report] = SIGNALWIRE.read_events(posted(REPORT | {"action": "fetch_conversation"}))

        assert (report.status, report.duration, report.event_id) == (None, None, "")

    def test_the_same_report_again_is_the_same_event(self) -> None:
        ids = {SIGNALWIRE.read_events(posted(REPORT))[0].event_id for _ in range(2)}

        assert ids == {"e1c7b1ce post_conversation"}

    def test_a_conversation_that_was_never_answered_has_no_length(self) -> None:
        [report] = SIGNALWIRE.read_events(posted(REPORT | {"call_end_date": 0, "ai_end_date": None}))

        assert (report.occurred_at, report.duration) == (None, None)

    @pytest.mark.parametrize(
        ("call_state", "end_reason", "expected"),
        [
            ("created", None, Status.ROUTING),
            ("ringing", None, Status.RINGING),
            ("answered", None, Status.IN_PROGRESS),
            ("ending", None, None),
            ("ended", "hangup", Status.COMPLETED),
            ("ended", None, Status.COMPLETED),
            ("ended", "busy", Status.BUSY),
            ("ended", "noAnswer", Status.NO_ANSWER),
            ("ended", "cancel", Status.CANCELED),
            ("ended", "decline", Status.REJECTED),
            ("ended", "error", Status.FAILED),
            ("answered", "busy", Status.IN_PROGRESS),
            ("something new", None, None),
        ],
    )
    def test_each_state(self, call_state: str, end_reason: str | None, expected: Status | None) -> None:
        [report] = SIGNALWIRE.read_events(posted(state(call_state, end_reason=end_reason)))

        assert (report.call_id, report.status) == (CALL_ID, expected)
        assert report.occurred_at == datetime(2025, 11, 23, 8, 0, 44, 500_000, tzinfo=UTC)

    @pytest.mark.parametrize("call_state", ["ringing", "answered", "ended"])
    def test_another_leg_is_told_of_its_call_and_moves_nothing(self, call_state: str) -> None:
        leg = state(call_state, call_id=LEG_ID, direction="outbound", parent={"call_id": CALL_ID}, end_reason="hangup")
        [report] = SIGNALWIRE.read_events(posted(leg))

        assert (report.call_id, report.kind, report.status) == (CALL_ID, "leg-status", None)

    def test_a_recording(self) -> None:
        params = {"call_id": CALL_ID, "state": "finished", "url": "https://files.signalwire.com/r.mp3", "duration": 7}
        [report] = SIGNALWIRE.read_events(posted({"event_type": "calling.call.record", "params": params}))

        assert (report.status, report.duration) == (None, None)
        assert report.recording_url == "https://files.signalwire.com/r.mp3"

    def test_are_acknowledged_in_json(self) -> None:
        assert said(SIGNALWIRE.acknowledge(posted(REPORT))) == {}


class TestRehearsal:
    def test_rings_hears_and_hangs_up(self) -> None:
        told = {"call_id": CALL_ID, "caller": "+14155550100", "dialled": "+12025550133"}
        other_side, path = REHEARSAL, "/telephony/signalwire/x/route/"
        rang = other_side.ring(SECRETS, ADDRESS, **told)
        ring, heard = posted(rang.body, rang.headers, path), SIGNALWIRE.answer(answering(**EVERYTHING)).content
        ended = other_side.hang_up(SECRETS, ADDRESS, **told, seconds=30)

        SIGNALWIRE.authenticate(ring, SECRETS, {})
        assert SIGNALWIRE.read(ring) is not None
        assert (other_side.hear(heard).call, other_side.hear(heard).version) == (str(CALL), 7)
        assert other_side.hear(heard).greeting == "Front desk, hello."
        [report] = SIGNALWIRE.read_events(posted(ended.body, ended.headers))
        assert (report.call_id, report.status, report.duration) == (CALL_ID, Status.COMPLETED, 30)

    def test_hears_a_refusal(self) -> None:
        refusal = SIGNALWIRE.refuse(Refusal("unknown_number", "We are closed.")).content

        assert REHEARSAL.hear(refusal).refusal == "We are closed."


CALLS = some.dictionaries(some.sampled_from([*RING["call"], "parent", "end_reason", "end_time"]), VALUES)
FIELDS = some.dictionaries(
    some.sampled_from([*RING, *REPORT, "event_type", "timestamp", "ai_end_date"]),
    VALUES | CALLS | some.sampled_from([CALL_ID, "calling.call.record", "post_conversation", float("nan"), 10**400]),
)


class TestHostileInput:
    @settings(max_examples=300)
    @given(body=some.binary(max_size=200), header=HEADERS, better=some.booleans())
    def test_unsigned_is_forged(self, *, body: bytes, header: str, better: bool) -> None:
        name = "X-SignalWire-Sha256-Signature" if better else "X-SignalWire-Signature"

        with pytest.raises(Forged):
            SIGNALWIRE.authenticate(posted(body, {name: header}), SECRETS, {})

    @settings(max_examples=500)
    @given(message=VALUES | FIELDS | FIELDS.map(lambda some: RING | some) | FIELDS.map(lambda some: REPORT | some))
    def test_signed_is_read_or_unreadable(self, message: Any) -> None:
        request = signed(json.dumps(message).encode())

        SIGNALWIRE.authenticate(request, SECRETS, {})
        for read in (SIGNALWIRE.read, SIGNALWIRE.read_events):
            try:
                read(request)
            except Unreadable:
                continue
