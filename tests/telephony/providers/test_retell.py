"""Retell: what it signs, what it is answered, and what it reports."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as some
from jsonschema_rs import Draft202012Validator

from agentversions.configuration import Configuration
from agentversions.configuration import settings as every_setting
from agentversions.refusals import Invalid
from agentversions.tools import KINDS
from telephony.carrying import carried, lacks
from telephony.incoming import Refusal
from telephony.models import Call, Connection, Missed, Status
from telephony.operations import change_connection
from telephony.providers import Answering, Forged, Options, Unreadable
from telephony.providers.retell import CARRIES, LANGUAGES, MODELS, OTHER_VOICE, Retell, signature
from telephony.rehearsals.retell import REHEARSAL
from tests.telephony.exchange import Exchange
from tests.telephony.lines import line, rung
from tests.telephony.providers import by_hand
from tests.telephony.providers.by_hand import CALL, EVERYTHING, SCHEMAS, posted, said
from tests.telephony.test_hostile import HEADERS, VALUES

KEY = "key_0123456789abcdef0123456789ab"
SECRETS = {"api_key": KEY}
RETELL = Retell()
PINNED = {"way": "pinned", "agent": "agent_ours 3", "pins": "Reception v7 = agent_abc123 12\nReception v8 = agent_x1 0"}

RING: dict[str, Any] = {
    "event": "call_inbound",
    "event_timestamp": 1780012672105,
    "call_inbound": {
        "agent_id": "agent_12345",
        "agent_version": 1,
        "from_number": "+14155550100",
        "to_number": "+12025550133",
    },
}
ENDED: dict[str, Any] = {
    "event": "call_ended",
    "call": {
        "call_type": "phone_call",
        "from_number": "+14155550100",
        "to_number": "+12025550133",
        "direction": "inbound",
        "call_id": "Jabr9TXYYJHfvl6Syypi88rdAHYHmcq6",
        "agent_id": "agent_12345",
        "agent_version": 3,
        "call_status": "registered",
        "metadata": {"our_call": str(CALL), "version": 7},
        "retell_llm_dynamic_variables": {"system_prompt": "never to be kept"},
        "access_token": "never to be kept",
        "start_timestamp": 1714608475945,
        "end_timestamp": 1714608491736,
        "disconnection_reason": "user_hangup",
        "transcript": "Agent: Grüß Gott ☎\nUser: Tschüs",
        "transcript_object": [{"role": "agent", "content": "Grüß Gott ☎", "words": []}],
        "recording_url": "https://retell.example.com/recording.wav",
        "call_cost": {"combined_cost": 12.5, "product_costs": []},
        "opt_out_sensitive_data_storage": False,
    },
}
ANALYSIS = {"call_summary": "A greeting.", "user_sentiment": "Neutral", "custom_analysis_data": {"guests": 2}}


def signed(message: dict[str, Any] | bytes, key: str = KEY, *, age: int = 0) -> HttpRequest:
    """The webhook as Retell sends it."""
    body = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
    at = str(int(time.time() * 1000) - age)
    return posted(body, {"X-Retell-Signature": f"v={at},d={signature(key, at, body)}"})


def told(event: str, **call: Any) -> dict[str, Any]:
    """A report."""
    return {"event": event, "call": ENDED["call"] | call}


def answering(options: Options | None = None, **settings: Any) -> Answering:
    """What an answer to a call on version 7 of the agent Reception is made of."""
    made = by_hand.answering(**settings)
    made.call.started_at, made.call.agent_name = datetime(2026, 11, 23, 14, 5, tzinfo=UTC), "Reception"
    return replace(made, options=options or {})


def answer(options: Options | None = None, **settings: Any) -> dict[str, Any]:
    """What goes to Retell of version 7 of the agent Reception."""
    document = said(RETELL.answer(answering(options, **settings)))
    assert list(document) == ["call_inbound"]
    found: dict[str, Any] = document["call_inbound"]
    return found


def agent(**settings: Any) -> dict[str, Any]:
    """What is overridden of the agent at Retell."""
    found: dict[str, Any] = answer(**settings)["agent_override"]["agent"]
    return found


def model(**settings: Any) -> dict[str, Any]:
    """What is overridden of its model."""
    found: dict[str, Any] = answer(**settings)["agent_override"]["retell_llm"]
    return found


def wrong(given: dict[str, Any]) -> list[str]:
    """What isn't as Retell's types have it."""
    kinds = json.loads((SCHEMAS / "retell.json").read_text())
    override = {"type": "object", "properties": kinds, "additionalProperties": False}
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    properties = {
        "override_agent_id": {"type": "string"},
        "override_agent_version": {"type": "integer"},
        "dynamic_variables": texts,
        "metadata": {"type": "object"},
        "agent_override": override,
    }
    rules = {"type": "object", "properties": properties, "additionalProperties": False}
    return [error.message for error in Draft202012Validator(rules).iter_errors(given)]


class TestSignature:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (
                '{"event":"call_inbound","call_inbound":{"from_number":"+14155550100","to_number":"+12025550133"}}',
                "6ef27911406316457627d8a09c136f5fc098e6b7352247c11e488643e21036c9",
            ),
            (
                '{"event":"call_ended","call":{"call_id":"c1","transcript":"Agent: Grüß Gott ☎ 🙂\\nUser: ok",'
                '"n":1.0}}',
                "67297332ec346feb8423c45db9a6565738531a6d0ef5529968f307d58a03bf6b",
            ),
        ],
    )
    def test_is_what_retells_own_library_makes(self, body: str, expected: str) -> None:
        # From symmetric["sign"](body, KEY, 1763884800123) of retell.lib.webhook_auth, retell-sdk 6.2.13.
        assert signature(KEY, "1763884800123", body.encode()) == expected

    @pytest.mark.parametrize("age", [0, 299_000, -299_000])
    def test_lets_retell_in(self, age: int) -> None:
        RETELL.authenticate(signed(RING, age=age), SECRETS, {})

    def test_takes_the_previous_key_while_it_is_changed(self) -> None:
        RETELL.authenticate(signed(RING), {"api_key": "the new one", "previous_api_key": KEY}, {})

    @pytest.mark.parametrize("age", [301_000, -301_000])
    def test_of_another_time_is_none(self, age: int) -> None:
        with pytest.raises(Forged):
            RETELL.authenticate(signed(RING, age=age), SECRETS, {})

    @pytest.mark.parametrize("secrets", [{}, {"api_key": ""}, {"api_key": "another"}])
    def test_with_another_key_is_none(self, secrets: dict[str, str]) -> None:
        with pytest.raises(Forged):
            RETELL.authenticate(signed(RING, key=""), secrets, {})

    def test_of_another_body_is_none(self) -> None:
        header = signed(RING).headers["X-Retell-Signature"]

        with pytest.raises(Forged):
            RETELL.authenticate(posted(RING | {"event": "chat_inbound"}, {"X-Retell-Signature": header}), SECRETS, {})

    def test_is_the_whole_header(self) -> None:
        header = signed(RING).headers["X-Retell-Signature"]

        for more in (f"{header},", f" x{header}", f"{header}0", header.upper()):
            with pytest.raises(Forged):
                RETELL.authenticate(posted(RING, {"X-Retell-Signature": more}), SECRETS, {})

    @pytest.mark.parametrize(
        "header",
        [
            *("", "v=,d=", "d=0,v=1", "nocomma", "é☎"),
            *(f"v={digits},d={'0' * 64}" for digits in ("\u0661\u0662", "9" * 5_000, "-1", "1.5")),
        ],
    )
    def test_that_isnt_one_is_a_clear_no(self, header: str) -> None:
        with pytest.raises(Forged):
            RETELL.authenticate(posted(RING, {"X-Retell-Signature": header}), SECRETS, {})


class TestReading:
    def test_a_ring_that_names_no_call(self) -> None:
        ring = RETELL.read(posted(RING))

        assert ring is not None
        assert (ring.call_id, ring.caller, ring.dialled) == ("", "+14155550100", "+12025550133")

    def test_a_ring_that_does(self) -> None:
        ring = RETELL.read(posted(RING | {"call_inbound": RING["call_inbound"] | {"call_id": "call_1"}}))

        assert ring is not None
        assert ring.call_id == "call_1"

    @pytest.mark.parametrize("message", [ENDED, {"event": "chat_inbound", "chat_inbound": {}}, {}])
    def test_what_is_no_ring(self, message: dict[str, Any]) -> None:
        assert RETELL.read(posted(message)) is None

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"[]", b"\xff", b"{", b'"x"', b"[" * 100_000),
            b'{"event":"call_inbound"}',
            b'{"event":"call_inbound","call_inbound":[]}',
            b'{"event":"call_inbound","call_inbound":{"to_number":7}}',
            b'{"event":"call_inbound","call_inbound":{"to_number":"+12025550133","call_id":7}}',
            b'{"event":"call_inbound","call_inbound":{"to_number":"+12025550133","call_id":"%s"}}' % (b"x" * 256),
        ],
    )
    def test_what_retell_never_sends(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            RETELL.read(posted(body))

    def test_a_text_message_is_politely_none_of_ours(self) -> None:
        chat = posted({"event": "chat_inbound", "chat_inbound": {"from_number": "+14155550100"}})

        assert RETELL.read_events(chat) == []
        assert said(RETELL.acknowledge(chat)) == {"chat_inbound": {}}


class TestAnswer:
    @pytest.mark.parametrize("options", [{}, {"agent": "agent_abc123 12"}, PINNED])
    @pytest.mark.parametrize("settings", [{}, EVERYTHING])
    def test_is_as_retells_types_have_it(self, settings: dict[str, Any], options: Options) -> None:
        assert wrong(answer(options, **settings)) == []

    def test_the_schema_finds_what_is_wrong(self) -> None:
        assert wrong({"agent_override": {"agent": {"voice": "Adrian"}}, "override_agent_version": "prod"}) != []

    def test_is_the_same_bytes_each_time(self) -> None:
        first, again = (RETELL.answer(answering(**EVERYTHING)).content for _ in range(2))

        assert first == again

    def test_the_prompt_goes_as_a_variable_with_the_agents_own(self) -> None:
        given = answer(prompt="Be kind to {{guest}}. ☎", variables=[{"name": "guest", "default": "Ada"}])

        assert given["dynamic_variables"]["system_prompt"] == "Be kind to {{guest}}. ☎"  # as filled by who made it
        assert given["dynamic_variables"]["guest"] == "Ada"
        assert set(given["dynamic_variables"]) == {"system_prompt", "guest", "caller_number", "called_number", "now"}

    def test_a_variable_of_that_name_never_takes_the_prompts_place(self) -> None:
        given = answer(prompt="Be kind.", variables=[{"name": "system_prompt", "default": "Be cruel."}])

        assert given["dynamic_variables"]["system_prompt"] == "Be kind."

    def test_names_our_call_and_where_to_report(self) -> None:
        given = answer()

        assert given["metadata"] == {"our_call": str(CALL), "version": 7}
        assert given["agent_override"]["agent"]["webhook_url"] == "https://agents.example.com/telephony/events/"
        assert given["agent_override"]["agent"]["webhook_events"] == ["call_started", "call_ended", "call_analyzed"]

    def test_names_the_agent_at_retell_with_the_number_of_its_version(self) -> None:
        given = answer({"agent": "agent_abc123 12"})

        assert (given["override_agent_id"], given["override_agent_version"]) == ("agent_abc123", 12)

    def test_names_none_where_the_connection_doesnt(self) -> None:
        assert "override_agent_id" not in answer()

    def test_carries_voice_model_and_transcriber(self) -> None:
        made = EVERYTHING | {"voice": {"provider": "ElevenLabs", "id": "Adrian", "speed": 1.1, "volume": 1.5}}
        found = agent(**made)

        assert (found["voice_id"], found["voice_speed"], found["volume"]) == ("11labs-Adrian", 1.1, 1.5)
        assert (found["language"], found["timezone"]) == ("de-DE", "Europe/London")
        assert (found["stt_mode"], found["custom_stt_config"]) == (
            "custom",
            {"provider": "deepgram", "endpointing_ms": 600},
        )
        assert found["boosted_keywords"] == ["Schnitzel"]
        primary = {"model": "gpt-4.1-mini"}
        assert model(**made)["model_config"] == {"type": "cascading", "primary": primary, "temperature": 0.4}

    def test_carries_turns_limits_and_sounds(self) -> None:
        found = agent(**EVERYTHING)

        assert (found["reminder_trigger_ms"], found["reminder_max_count"]) == (12_000, 2)
        assert (found["end_call_after_silence_ms"], found["max_call_duration_ms"]) == (45_000, 600_000)
        assert (found["begin_message_delay_ms"], found["allow_user_dtmf"]) == (500, True)
        assert (found["ambient_sound"], found["ambient_sound_volume"]) == ("coffee-shop", 1.0)
        assert found["denoising_mode"] == "noise-cancellation"
        assert found["voicemail_option"] == {"action": {"type": "static_text", "text": "Please call us back."}}

    @pytest.mark.parametrize(
        ("settings", "name", "expected"),
        [
            ({"start_delay": 10}, "begin_message_delay_ms", 5_000),
            ({"max_length": 30}, "max_call_duration_ms", 60_000),
            ({"max_length": 14_400}, "max_call_duration_ms", 7_200_000),
            ({"turn_taking": {"end_after_silence": 5}}, "end_call_after_silence_ms", 10_000),
            ({"turn_taking": {"end_after_silence": None}}, "end_call_after_silence_ms", None),
            ({"voice": {"speed": 4}}, "voice_speed", 2),
            ({"voice": {"speed": 0.25}}, "voice_speed", 0.5),
            ({"language": "gsw-CH"}, "language", None),
            ({"background": {"sound": "office"}}, "ambient_sound", None),
            ({"background": {"sound": "call_centre"}}, "ambient_sound", "call-center"),
            ({"turn_taking": {"interruptions": "none"}}, "interruption_sensitivity", 0),
            ({"turn_taking": {"interruptions": "none"}}, "allow_dtmf_interruption", False),
            ({"turn_taking": {"interruptions": "any"}}, "allow_dtmf_interruption", True),
            ({"turn_taking": {"interruptions": "speech"}}, "interruption_sensitivity", 1),
            ({"turn_taking": {"reminder_every": 9, "reminder_times": 0}}, "reminder_max_count", 0),
            ({}, "reminder_max_count", 0),
            ({"noise_reduction": False}, "denoising_mode", "no-denoise"),
            ({"recording": True}, "data_storage_setting", "everything"),
            ({"recording": False}, "data_storage_setting", "basic_attributes_only"),
            ({"tools": [{"kind": "voicemail", "id": "a"}]}, "voicemail_option", {"action": {"type": "hangup"}}),
        ],
    )
    def test_keeps_to_retells_limits(self, settings: dict[str, Any], name: str, expected: object) -> None:
        assert agent(**settings).get(name) == expected

    @pytest.mark.parametrize(
        ("provider", "name", "expected"),
        [
            ("", "11labs-Adrian", "11labs-Adrian"),
            ("ElevenLabs", "11labs-Adrian", "11labs-Adrian"),
            ("", "custom_voice_1a2b", "custom_voice_1a2b"),
            ("OpenAI", "Alloy", "openai-Alloy"),
            ("ElevenLabs", "UgBBYS2sOqTuMpoF3BR0", None),
            ("Google", "Adrian", None),
            ("", "Adrian", None),
            ("Cartesia", "", None),
        ],
    )
    def test_names_a_voice_as_retell_does_or_not_at_all(self, provider: str, name: str, expected: str | None) -> None:
        assert agent(voice={"provider": provider, "id": name}).get("voice_id") == expected

    @pytest.mark.parametrize(
        ("provider", "wait", "expected"), [("Soniox", 0, 500), ("azure", 9, 3_000), ("AssemblyAI", 0.6, 600)]
    )
    def test_waits_as_its_transcriber_can(self, provider: str, wait: float, expected: int) -> None:
        found = agent(transcriber={"provider": provider}, turn_taking={"response_wait": wait})

        assert found["custom_stt_config"] == {"provider": provider.lower(), "endpointing_ms": expected}

    def test_leaves_another_transcriber_and_model_to_the_agent_there(self) -> None:
        assert "stt_mode" not in agent(transcriber={"provider": "Google"})
        assert model(model={"name": "mistral-large", "temperature": 2})["model_config"] == {"temperature": 1}

    @pytest.mark.parametrize(
        ("settings", "speaker", "words"),
        [
            ({"greeting": "Hello."}, "agent", "Hello."),
            ({}, "agent", None),
            ({"greeting": "Hello.", "first_speaker": "caller"}, "user", ""),
        ],
    )
    def test_says_who_begins_and_how(self, settings: dict[str, Any], speaker: str, words: str | None) -> None:
        found = model(**settings)

        assert (found["start_speaker"], found["begin_message"]) == (speaker, words)

    def test_asks_for_the_fields_to_note_down(self) -> None:
        noted = agent(
            extract=[{"name": "day", "type": "date"}, {"name": "vip", "type": "yes_no", "description": "VIP?"}]
        )

        assert noted["post_call_analysis_data"] == [
            {"type": "string", "name": "day", "description": "day (a date)"},
            {"type": "boolean", "name": "vip", "description": "VIP?"},
        ]

    def test_knows_the_models_and_languages_of_retells_types(self) -> None:
        kinds = json.loads((SCHEMAS / "retell.json").read_text())
        models = kinds["retell_llm"]["properties"]["model"]["anyOf"][0]["enum"]
        languages = kinds["agent"]["properties"]["language"]["anyOf"][0]["enum"]

        assert set(models) == MODELS
        assert all(LANGUAGES.fullmatch(language) for language in languages)
        assert not any(LANGUAGES.fullmatch(f"{language}x") for language in languages)

    def test_never_holds_a_secret(self) -> None:
        assert "Bearer 42" not in RETELL.answer(answering(**EVERYTHING)).content.decode()

    def test_says_of_every_setting_whether_it_is_carried_or_what_becomes_of_it(self) -> None:
        paths = {leaf.path for leaf in every_setting()} | {f"tools.{kind}" for kind in KINDS}

        assert RETELL.carries | set(RETELL.notes) == paths


class TestPinned:
    def test_the_line_of_the_version_says_which_agent_answers(self) -> None:
        given = answer(PINNED, **EVERYTHING)

        assert (given["override_agent_id"], given["override_agent_version"]) == ("agent_abc123", 12)
        assert set(given["agent_override"]) == {"agent"}
        assert set(given["agent_override"]["agent"]) == {"webhook_url", "webhook_events"}
        assert given["metadata"] == {"our_call": str(CALL), "version": 7}

    @pytest.mark.parametrize(
        "pins",
        [
            *("", "Reception v8 = agent_x1 0", "Bar v7 = agent_abc123 12", "Reception v70 = agent_abc123 12"),
            "Reception v7 = agent_abc123 prod",
        ],
    )
    def test_a_version_without_a_line_goes_as_if_nothing_were_pinned(self, pins: str) -> None:
        unpinned = answer({"agent": "agent_ours 3"}, **EVERYTHING)

        assert answer(PINNED | {"pins": pins}, **EVERYTHING) == unpinned

    @pytest.mark.parametrize("named", ["reception v7 = agent_z9z9z9 0", "  Reception  v7=agent_z9z9z9 v0"])
    def test_a_line_is_read_as_people_write(self, named: str) -> None:
        given = answer(PINNED | {"pins": f"\n{named}\n{PINNED['pins']}"})

        assert (given["override_agent_id"], given["override_agent_version"]) == ("agent_z9z9z9", 0)

    def test_an_agent_whose_name_has_a_v_and_an_equals_sign(self) -> None:
        made = answering({"way": "pinned", "pins": "Bar v2 = new v7 v7 = agent_abc123 12"})
        made.call.agent_name = "Bar v2 = new v7"

        assert said(RETELL.answer(made))["call_inbound"]["override_agent_version"] == 12

    def test_an_agent_by_its_id(self) -> None:
        made = answering({"way": "pinned", "pins": f"{CALL} v7 = agent_abc123 12"})
        made.version.agent_id = CALL

        assert said(RETELL.answer(made))["call_inbound"]["override_agent_version"] == 12

    def test_lines_do_nothing_unless_the_connection_pins(self) -> None:
        assert answer(PINNED | {"way": "prompt"})["override_agent_id"] == "agent_ours"

    def test_what_it_takes_away_is_told(self) -> None:
        asked = Configuration.model_validate({"prompt": "Be kind.", "voice": {"id": "x"}, "max_length": 60})
        found = lacks(RETELL, asked, PINNED)

        assert carried(RETELL, PINNED) == {"variables"}
        assert [(lack.labels, lack.sentence) for lack in found] == [
            (("Prompt", "Voice", "Longest call"), "A pinned version answers as Retell has it: see to it there.")
        ]
        assert OTHER_VOICE in [lack.sentence for lack in lacks(RETELL, asked, {"way": "prompt"})]
        assert carried(RETELL, {"way": "prompt"}) == CARRIES


class TestRefusal:
    @pytest.mark.parametrize("reason", [*Missed.values, "call_over"])
    @pytest.mark.parametrize("transfer", ["", "+14155550199"])
    def test_declines(self, reason: str, transfer: str) -> None:
        refused = RETELL.refuse(Refusal(reason, "" if transfer else "We are closed.", transfer))

        assert said(refused) == {"call_inbound": {}}


class TestReports:
    def test_a_start(self) -> None:
        [report] = RETELL.read_events(signed(told("call_started", disconnection_reason=None)))

        assert (report.call_id, report.kind, report.status) == (
            "Jabr9TXYYJHfvl6Syypi88rdAHYHmcq6",
            "call_started",
            Status.IN_PROGRESS,
        )
        assert (report.our_call, report.duration, report.reason) == (str(CALL), None, "")
        assert report.occurred_at is not None

    def test_an_end_whatever_the_call_s_own_status_says(self) -> None:
        [report] = RETELL.read_events(signed(ENDED))

        assert (report.status, report.duration, report.reason) == (Status.COMPLETED, 15, "user_hangup")
        assert report.transcript == "Agent: Grüß Gott ☎\nUser: Tschüs"
        assert report.recording_url == "https://retell.example.com/recording.wav"
        assert report.cost == Decimal("0.125")

    def test_an_analysis_brings_what_was_noted_and_the_end_too(self) -> None:
        analyzed = told("call_analyzed", call_analysis=ANALYSIS, duration_ms=14_500)
        [report] = RETELL.read_events(signed(analyzed))

        assert (report.status, report.duration, report.summary) == (Status.COMPLETED, 14, "A greeting.")
        assert report.fields == {"guests": 2}

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [
            *((reason, Status.COMPLETED) for reason in ("user_hangup", "agent_hangup", "call_transfer", "inactivity")),
            *((reason, Status.COMPLETED) for reason in ("max_duration_reached", "voicemail_reached", "ivr_reached")),
            *((reason, Status.COMPLETED) for reason in ("transfer_bridged", "manual_stopped", "something new", None)),
            ("dial_busy", Status.BUSY),
            ("dial_no_answer", Status.NO_ANSWER),
            ("user_declined", Status.REJECTED),
            ("scam_detected", Status.REJECTED),
            *((reason, Status.FAILED) for reason in ("dial_failed", "invalid_destination", "sip_routing_error")),
            *((reason, Status.FAILED) for reason in ("telephony_provider_unavailable", "registered_call_timeout")),
            *((reason, Status.FAILED) for reason in ("no_valid_payment", "budget_reached")),
            *((reason, Status.FAILED) for reason in ("error_retell", "error_asr", "error_llm_websocket_open")),
        ],
    )
    def test_each_way_to_end(self, reason: str | None, expected: Status) -> None:
        for event in ("call_ended", "call_analyzed"):
            [report] = RETELL.read_events(signed(told(event, disconnection_reason=reason)))

            assert report.status == expected

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            ("transcript_updated", None),
            ("transfer_started", None),
            ("transfer_bridged", Status.FORWARDING),
            ("transfer_cancelled", None),
            ("transfer_ended", None),
            ("something new", None),
        ],
    )
    def test_other_events_are_kept(self, event: str, expected: Status | None) -> None:
        [report] = RETELL.read_events(signed(told(event)))

        assert (report.kind, report.status, report.duration, report.transcript) == (event, expected, None, "")

    def test_a_report_that_is_sent_again_is_the_same_event(self) -> None:
        first, again = (RETELL.read_events(signed(ENDED, age=age))[0].event_id for age in (0, 10_000))
        [other] = RETELL.read_events(signed(told("call_started")))

        assert first == again != other.event_id

    def test_another_leg_isnt_our_call(self) -> None:
        [report] = RETELL.read_events(signed(told("call_ended", direction="outbound")))

        assert report.our_call == ""

    def test_what_opens_doors_and_our_own_prompt_are_forgotten(self) -> None:
        [report] = RETELL.read_events(signed(ENDED))

        assert "never to be kept" not in json.dumps(report.payload)
        assert "Tschüs" not in json.dumps(report.payload, ensure_ascii=False)
        assert report.payload["call"]["agent_version"] == 3

    @pytest.mark.parametrize("cost", [None, -1, True, "5", float("nan"), 10**400, []])
    def test_a_cost_that_is_none(self, cost: object) -> None:
        [report] = RETELL.read_events(posted(told("call_ended", call_cost={"combined_cost": cost})))

        assert report.cost is None

    def test_are_acknowledged_without_a_word(self) -> None:
        assert RETELL.acknowledge(posted(ENDED)).status_code == 204


@pytest.mark.django_db
class TestConnection:
    @pytest.fixture
    def retell(self, exchange: Exchange) -> Connection:
        """On the air."""
        return line(exchange.cast, "retell")

    def test_a_pinned_version_answers_from_the_next_call_on(self, exchange: Exchange, retell: Connection) -> None:
        cast = exchange.cast
        first = rung(retell, "one")
        pins = f"{cast.agent.name} v2 = agent_abc123 12"
        change_connection(retell, options={"way": "pinned", "pins": pins}, by=cast.ana)
        second = said(rung(retell, "two"))["call_inbound"]

        assert rung(retell, "one").content == first.content
        assert (second["override_agent_id"], second["override_agent_version"]) == ("agent_abc123", 12)
        exchange.go_live(prompt="You answer at night.")
        third = said(rung(retell, "three"))["call_inbound"]
        assert "override_agent_id" not in third
        assert third["dynamic_variables"]["system_prompt"] == "You answer at night."
        assert said(rung(retell, "two"))["call_inbound"] == second
        assert Call.objects.count() == 3

    @pytest.mark.parametrize(
        "options",
        [
            *({"agent": text} for text in ("agent_abc123", "agent_abc123 prod", "agent_abc123 1.5", "agent_abc 1\nx")),
            *({"pins": text} for text in ("Reception = agent_abc123 12", "Reception v7 = agent_abc123 latest")),
            *({"pins": text} for text in ("Reception v7 agent_abc123 12", "v7 = agent_abc123 12", "A v0 = a12345 1")),
            {"way": "another"},
        ],
    )
    def test_a_tag_or_half_a_line_is_refused(
        self, exchange: Exchange, retell: Connection, options: dict[str, str]
    ) -> None:
        with pytest.raises(Invalid, match=r"can't be that\."):
            change_connection(retell, options=options, by=exchange.cast.ana)

    def test_lines_may_be_apart(self, exchange: Exchange, retell: Connection) -> None:
        pins = "Bar v1 = agent_abc123 1\r\n\r\n  Café ☎ v12 = agent_abc123 2"
        change_connection(retell, options={"pins": pins}, by=exchange.cast.ana)

        assert Connection.objects.get(pk=retell.pk).options["pins"] == pins.replace("\r\n", "\n")


class TestRehearsal:
    def test_rings_hears_and_hangs_up(self) -> None:
        about = {"call_id": "call_1", "caller": "+14155550100", "dialled": "+12025550133"}
        rang = REHEARSAL.ring(SECRETS, "https://x", **about)
        ring, heard = posted(rang.body, rang.headers), RETELL.answer(answering(**EVERYTHING)).content
        over = REHEARSAL.hang_up(SECRETS, "https://x", **about, seconds=30)

        RETELL.authenticate(ring, SECRETS, {})
        assert RETELL.read(ring) is not None
        assert (REHEARSAL.hear(heard).call, REHEARSAL.hear(heard).version) == (str(CALL), 7)
        assert REHEARSAL.hear(heard).greeting == "Front desk, hello."
        [report] = RETELL.read_events(posted(over.body, over.headers))
        assert (report.call_id, report.status, report.duration) == ("call_1", Status.COMPLETED, 30)

    def test_hears_a_refusal(self) -> None:
        assert REHEARSAL.hear(RETELL.refuse(Refusal("unknown_number", "We are closed.")).content).refusal


FIELDS = some.dictionaries(
    some.sampled_from([*ENDED["call"], *RING["call_inbound"], "call_analysis", "duration_ms", "custom_analysis_data"]),
    VALUES | some.sampled_from(["inbound", "outbound", "dial_busy", float("nan"), float("inf"), 10**400, -1, True]),
)


class TestHostileInput:
    @settings(max_examples=300)
    @given(body=some.binary(max_size=200), header=HEADERS | some.from_regex(r"v=\d+,d=[0-9a-f]{64}", fullmatch=True))
    def test_unsigned_is_forged(self, body: bytes, header: str) -> None:
        with pytest.raises(Forged):
            RETELL.authenticate(posted(body, {"X-Retell-Signature": header}), SECRETS, {})

    @settings(max_examples=500)
    @given(
        message=VALUES
        | FIELDS.map(lambda fields: {"event": "call_inbound", "call_inbound": RING["call_inbound"] | fields})
        | some.tuples(some.sampled_from(["call_started", "call_ended", "call_analyzed", "x" * 300]), FIELDS).map(
            lambda told: {"event": told[0], "call": ENDED["call"] | told[1]}
        )
    )
    def test_signed_is_read_or_unreadable(self, message: Any) -> None:
        request = signed(json.dumps(message).encode())

        RETELL.authenticate(request, SECRETS, {})
        for read in (RETELL.read, RETELL.read_events, RETELL.acknowledge):
            try:
                read(request)
            except Unreadable:
                continue

    @settings(max_examples=200)
    @given(pins=some.text(max_size=300), name=some.text(max_size=30))
    def test_pins_of_any_text_are_read_or_skipped(self, pins: str, name: str) -> None:
        made = answering({"way": "pinned", "pins": pins})
        made.call.agent_name = name

        assert said(RETELL.answer(made))
