"""Vapi's dialect: who may ask, what an assistant holds, and what is told of a call. The shapes are recorded ones."""

import json
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpRequest
from hypothesis import given, settings
from hypothesis import strategies as some

from agentversions.configuration import settings as every_setting
from agentversions.tools import KINDS
from telephony.answering import chosen
from telephony.incoming import Refusal
from telephony.models import Status
from telephony.providers import Forged, Unreadable, assistant
from telephony.providers.vapi import Vapi, payload, signature
from telephony.rehearsals.vapi import REHEARSAL
from tests.telephony.providers.by_hand import CALL, EVERYTHING, SCHEMAS, SECRETS, answering, posted, said
from tests.telephony.test_hostile import HEADERS, VALUES

VAPI = Vapi()
KEY = {"secret": "of the credential"}
PUBLISHED: dict[str, Any] = json.loads((SCHEMAS / "vapi.json").read_text())
FIELDS: dict[str, list[str]] = PUBLISHED["fields"]

CALL_ID = "7420f27a-30fd-4f49-a995-5549ae7cc00d"
RING: dict[str, Any] = {
    "message": {
        "timestamp": 1733222611000,
        "type": "assistant-request",
        "call": {
            "id": CALL_ID,
            "orgId": "eb166faa-7145-46ef-8044-589b47ae3b56",
            "type": "inboundPhoneCall",
            "status": "ringing",
            "assistantId": None,
            "phoneCallProvider": "twilio",
            "phoneCallProviderId": "CA123",
            "phoneNumberId": "c3d56b9e-a39f-4a9c-8a1c-ff5e9b4c8f7a",
            "customer": {"number": "+14155550100"},
        },
        "phoneNumber": {"id": "c3d56b9e", "number": "+12025550133", "provider": "twilio"},
        "customer": {"number": "+14155550100", "name": "Ada"},
    }
}
REPORT: dict[str, Any] = {
    "message": {
        "timestamp": 1733222700000.5,
        "type": "end-of-call-report",
        "endedReason": "customer-ended-call",
        "startedAt": "2024-12-03T10:43:31.000Z",
        "endedAt": "2024-12-03T10:45:01.400Z",
        "cost": 0.0532,
        "analysis": {
            "summary": "A table for two.",
            "structuredData": {"guests": 2},
            "successEvaluation": "true",
        },
        "artifact": {
            "transcript": "AI: Hello.\nUser: Hi.",
            "recording": {"stereoUrl": "https://storage.vapi.ai/stereo.wav"},
            "messages": [{"role": "system", "message": "You answer."}],
        },
        "call": {**RING["message"]["call"], "monitor": {"controlUrl": "https://control.example.com/secret"}},
        "assistant": {"metadata": {"our_call": str(CALL)}, "model": {"tools": [{"server": {"headers": SECRETS}}]}},
        "phoneNumber": {"number": "+12025550133", "server": {"secret": "theirs"}},
    }
}


def options(**given: str) -> dict[str, str]:
    """A connection's choices."""
    return chosen(VAPI, given)


def signed(body: dict[str, Any] | bytes, at: str = "", key: str = "of the credential", **given: str) -> HttpRequest:
    """A request with the headers that the options name."""
    opted, at = options(**given), at or str(time.time_ns() // 1_000_000)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    covered = payload(opted["payload"], at=at, body=raw, method="POST", url="http://testserver/x/")
    headers = {opted["timestamp_header"]: at, opted["signature_header"]: signature(key, covered, opted)}
    return posted(raw, headers)


class TestWhoMayAsk:
    def test_the_signature_is_the_credentials(self) -> None:
        covered = payload("{timestamp}.{body}", at="1733222611000", body=b'{"a":1}', method="POST", url="")

        assert covered == b'1733222611000.{"a":1}'
        # By `openssl dgst -sha256 -hmac k`.
        assert signature("k", covered, options()) == "81c02c173e3aa69469b6dbb4f1f36a83a52193618ba48a235f886113be78fe66"

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"algorithm": "sha512"},
            {"algorithm": "sha1", "encoding": "base64"},
            {"prefix": "sha256=", "signature_header": "X-Hub-Signature-256"},
            {"payload": "{method}:{url}:{timestamp}:{body}", "timestamp_header": "X-When"},
            {"payload": "{body}"},
        ],
    )
    def test_a_credential_however_it_is_set_up(self, given: dict[str, str]) -> None:
        VAPI.authenticate(signed(RING, **given), KEY, options(**given))

        with pytest.raises(Forged):
            VAPI.authenticate(signed(RING, key="another", **given), KEY, options(**given))

    def test_a_time_in_seconds_or_in_milliseconds(self) -> None:
        for at in (str(int(time.time())), str(time.time_ns() // 1_000_000)):
            VAPI.authenticate(signed(RING, at), KEY, options())

    @pytest.mark.parametrize("at", ["", "soon", "1733222611", "1733222611000", "9" * 14, "9" * 400, "-1", "nan", "٣"])
    def test_no_other_time(self, at: str) -> None:
        with pytest.raises(Forged):
            VAPI.authenticate(signed(RING, at or "x"), KEY, options())

    def test_what_the_body_holds_is_never_filled_in(self) -> None:
        tricky = b'{"message": {"type": "{timestamp}{url}"}}'

        VAPI.authenticate(signed(tricky), KEY, options())

    def test_the_secret_before_while_it_is_changed(self) -> None:
        VAPI.authenticate(signed(RING), {"secret": "new", "previous_secret": "of the credential"}, options())

    @pytest.mark.parametrize(
        "headers", [{"Authorization": "Bearer of the credential"}, {"X-Vapi-Secret": "of the credential"}]
    )
    def test_a_bearer_token_where_the_connection_says_so(self, headers: dict[str, str]) -> None:
        VAPI.authenticate(posted(RING, headers), KEY, options(signs="bearer"))

        with pytest.raises(Forged):
            VAPI.authenticate(posted(RING, headers), KEY, options())
        with pytest.raises(Forged):
            VAPI.authenticate(posted(RING, {name: f"{text}s" for name, text in headers.items()}), KEY, options())

    @given(header=HEADERS, at=HEADERS, body=some.binary(max_size=100), bearer=some.booleans())
    @settings(deadline=None)
    def test_nobody_else(self, *, header: str, at: str, body: bytes, bearer: bool) -> None:
        request = posted(body, {"x-signature": header, "x-timestamp": at, "Authorization": header})

        with pytest.raises(Forged):
            VAPI.authenticate(request, KEY, options(signs="bearer" if bearer else "hmac"))


class TestARing:
    def test_is_read(self) -> None:
        ring = VAPI.read(posted(RING))

        assert ring is not None
        assert (ring.call_id, ring.caller, ring.dialled, ring.caller_name) == (
            *(CALL_ID, "+14155550100", "+12025550133"),
            "Ada",
        )

    def test_of_a_sip_number(self) -> None:
        message = {
            **RING["message"],
            "phoneNumber": {"sipUri": "sip:desk@sip.vapi.ai"},
            "customer": {"sipUri": "sip:a@b"},
        }
        ring = VAPI.read(posted({"message": message}))

        assert ring is not None
        assert (ring.caller, ring.dialled, ring.dialled_candidates) == (
            *("sip:a@b", "c3d56b9e-a39f-4a9c-8a1c-ff5e9b4c8f7a"),
            ("sip:desk@sip.vapi.ai",),
        )

    @pytest.mark.parametrize("kind", ["status-update", "end-of-call-report", "tool-calls", "hang", "x", None])
    def test_is_nothing_else(self, kind: str | None) -> None:
        assert VAPI.read(posted({"message": {**RING["message"], "type": kind}})) is None

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"message": []}', b'{"message": {"type": "assistant-request"}}']
    )
    def test_that_cant_be_read(self, body: bytes) -> None:
        with pytest.raises(Unreadable):
            VAPI.read(posted(body))


def agent(**configured: Any) -> dict[str, Any]:
    """The assistant of an answer."""
    found: dict[str, Any] = said(VAPI.answer(answering(**configured)))["assistant"]
    return found


def unknown(made: dict[str, Any]) -> Iterator[str]:
    """Fields of an assistant that Vapi's types don't have."""

    def those(of: str, part: dict[str, Any], *known: str) -> Iterator[str]:
        yield from (f"{of}.{name}" for name in part if name not in (*FIELDS[of], *known))

    yield from those("assistant", made)
    plans = ["server", "startSpeakingPlan", "stopSpeakingPlan", "keypadInputPlan", "analysisPlan", "artifactPlan"]
    for plan in [*plans, "backgroundSpeechDenoisingPlan"]:
        yield from those(plan, made.get(plan, {}))
    yield from those("structuredDataPlan", made.get("analysisPlan", {}).get("structuredDataPlan", {}))
    yield from those("smartDenoisingPlan", made["backgroundSpeechDenoisingPlan"]["smartDenoisingPlan"])
    yield from those("model openai", made["model"], "provider")
    for part in ("voice", "transcriber"):
        if part in made:
            yield from those(f"{part} {made[part]['provider']}", made[part], "provider")
    for hook in made.get("hooks", []):
        yield from those("hook", hook)
        yield from those("hook options", hook["options"])
    for tool in made["model"].get("tools", []):
        yield from those(f"tool {tool['type']}", tool, "type")
        yield from those("function", tool.get("function", {}))
        yield from those("server", tool.get("server", {}))
        for destination in tool.get("destinations", []):
            yield from those("destination", destination, "type")
        for one in tool.get("function", {}).get("parameters", {}).get("properties", {}).values():
            yield from those("schema", one)


class TestAnAnswer:
    def test_holds_only_what_vapi_knows_with_everything_there_is(self) -> None:
        assert list(unknown(agent(**EVERYTHING))) == []

    def test_of_a_blank_agent_holds_what_vapi_needs(self) -> None:
        blank = agent()

        assert list(unknown(blank)) == []
        assert blank["model"]["provider"] == "openai"
        assert blank["model"]["model"] in PUBLISHED["models"]["openai"]
        assert blank["transcriber"] == {"provider": "deepgram", "model": "nova-3", "language": "en-US"}
        assert "voice" not in blank
        assert set(blank["serverMessages"]) <= set(PUBLISHED["server_messages"])

    def test_says_what_the_version_says(self) -> None:
        made = agent(**EVERYTHING)

        assert made["model"]["messages"] == [{"role": "system", "content": EVERYTHING["prompt"]}]
        assert (made["model"]["provider"], made["model"]["model"]) == ("openai", "gpt-4.1-mini")
        assert (made["model"]["temperature"], made["model"]["maxTokens"]) == (0.4, 300)
        assert (made["firstMessage"], made["firstMessageMode"]) == (EVERYTHING["greeting"], "assistant-speaks-first")
        assert made["voice"] == {"provider": "11labs", "voiceId": "UgBBYS2sOqTuMpoF3BR0", "speed": 1.1}
        assert made["transcriber"] == {
            "provider": "deepgram",
            "model": "nova-3",
            "language": "de",
            "keyterm": ["Schnitzel"],
        }
        assert (made["maxDurationSeconds"], made["endCallMessage"]) == (600, EVERYTHING["end_message"])
        assert made["metadata"] == {"our_call": str(CALL), "version": 7}
        assert made["server"]["url"].startswith("https://agents.example.com/telephony/")
        assert made["artifactPlan"] == {"recordingEnabled": True}
        assert made["voicemailMessage"] == "Please call us back."
        extracted = made["analysisPlan"]["structuredDataPlan"]["schema"]["properties"]
        assert extracted == {"guests": {"type": "number", "description": "How many."}}

    def test_has_every_kind_of_tool(self) -> None:
        tools = agent(**EVERYTHING)["model"]["tools"]
        by_type: dict[str, list[dict[str, Any]]] = {}
        for tool in tools:
            by_type.setdefault(tool["type"], []).append(tool)

        assert {kind: len(found) for kind, found in by_type.items()} == {
            "transferCall": 1,
            "function": 2,
            "endCall": 1,
            "voicemail": 1,
            "dtmf": 1,
            "mcp": 2,
        }
        assert [one["number"] for one in by_type["transferCall"][0]["destinations"]] == [
            "+442079460000",
            "+12025550199",
        ]
        assert by_type["function"][0]["server"]["headers"] == {"Authorization": SECRETS["CRM_TOKEN"]}
        lookup = by_type["function"][0]["function"]["parameters"]
        assert by_type["function"][0]["function"]["description"] == EVERYTHING["tools"][0]["description"]
        assert lookup["required"] == ["city"]
        assert lookup["properties"]["city"] == {"type": "string", "description": "Where."}
        assert lookup["properties"]["wishes"]["items"] == {"type": "string", "enum": ["window", "bar"]}

    def test_reminds_and_hangs_up(self) -> None:
        reminder, silence = agent(**EVERYTHING)["hooks"]

        assert reminder["do"] == [{"type": "say", "exact": ["Still there?", "Hello?"]}]
        assert (reminder["options"]["timeoutSeconds"], reminder["options"]["triggerMaxCount"]) == (12, 2)
        assert silence["do"] == [{"type": "tool", "tool": {"type": "endCall"}}]
        assert silence["options"]["timeoutSeconds"] == 45
        assert reminder["options"]["triggerResetMode"] in PUBLISHED["trigger_reset"]
        assert "hooks" not in agent(turn_taking={"end_after_silence": None})

    @pytest.mark.parametrize(
        ("first", "greeting", "mode"),
        [
            ("agent", "Hello.", "assistant-speaks-first"),
            ("agent", "", "assistant-speaks-first-with-model-generated-message"),
            ("caller", "Hello.", "assistant-waits-for-user"),
        ],
    )
    def test_knows_who_speaks_first(self, first: str, greeting: str, mode: str) -> None:
        made = agent(first_speaker=first, greeting=greeting)

        assert made["firstMessageMode"] == mode
        assert ("firstMessage" in made) == (first == "agent")

    def test_stays_within_vapis_limits(self) -> None:
        turns = {"response_wait": 9, "reminder_every": 1, "reminder_times": 20, "end_after_silence": 3_600}
        made = agent(
            max_length=14_400, turn_taking={**turns, "interruptions": "none"}, model={"max_tokens": 1},
            voice={"provider": "eleven labs", "id": "x", "speed": 4},
        )  # fmt: skip

        assert made["startSpeakingPlan"] == {"waitSeconds": 5}
        assert made["stopSpeakingPlan"] == {"numWords": 10}
        assert made["model"]["maxTokens"] == 50
        assert made["voice"]["speed"] == 1.2
        told = [(hook["options"]["timeoutSeconds"], hook["options"]["triggerMaxCount"]) for hook in made["hooks"]]
        assert told == [(2, 10), (1_000, 1)]
        assert 10 <= made["maxDurationSeconds"] <= 43_200

    @pytest.mark.parametrize("provider", ["", "Nobody", "Google"])
    def test_leaves_out_a_voice_that_vapi_hasnt(self, provider: str) -> None:
        assert "voice" not in agent(voice={"provider": provider, "id": "x"})

    @pytest.mark.parametrize(
        ("written", "told", "slowest", "fastest"),
        [
            ("Azure", "azure", 0.5, 2.0),
            ("Microsoft", "azure", 0.5, 2.0),
            ("LMNT", "lmnt", 0.25, 2.0),
            ("OpenAI", "openai", 0.25, 4.0),
            ("PlayHT", "playht", 0.25, 4.0),
            ("Rime AI", "rime-ai", 0.25, 4.0),
            ("Vapi", "vapi", 0.25, 2.0),
            ("11labs", "11labs", 0.7, 1.2),
        ],
    )
    def test_speaks_as_slowly_and_as_fast_as_that_voice_can(
        self, written: str, told: str, slowest: float, fastest: float
    ) -> None:
        slow, fast = (agent(voice={"provider": written, "id": "x", "speed": speed})["voice"] for speed in (0.25, 4))

        assert slow == {"provider": told, "voiceId": "x", "speed": slowest}
        assert fast == {"provider": told, "voiceId": "x", "speed": fastest}
        assert "speed" not in agent(voice={"provider": written, "id": "x"})["voice"]

    @pytest.mark.parametrize(("sound", "told"), [("off", "off"), ("office", "office"), ("cafe", "office")])
    def test_has_one_background(self, sound: str, told: str) -> None:
        assert agent(background={"sound": sound})["backgroundSound"] == told

    def test_has_vapis_types_only(self) -> None:
        kinds = ("string", "number", "integer", "boolean", "array", "object", "null", "money")
        made = assistant.schema({"properties": {kind: {"type": kind} for kind in kinds}})["properties"]

        known = {kind: kind for kind in kinds[:6]}
        assert {kind: told["type"] for kind, told in made.items()} == known | {"null": "string", "money": "string"}

    @pytest.mark.parametrize("kind", ["text", "number", "date", "yes_no"])
    def test_notes_down_each_kind_of_field(self, kind: str) -> None:
        made = agent(extract=[{"name": "it", "type": kind}])["analysisPlan"]["structuredDataPlan"]["schema"]

        told = {"text": "string", "number": "number", "date": "string", "yes_no": "boolean"}[kind]
        assert made["properties"]["it"] == {"type": told} | ({"format": "date"} if kind == "date" else {})

    def test_replaces_a_model_that_vapi_hasnt(self) -> None:
        assert agent(model={"provider": "mistral", "name": "large"})["model"]["model"] == "gpt-4.1"
        kept = agent(model={"provider": "Deep Seek", "name": "deepseek-chat"})["model"]
        assert (kept["provider"], kept["model"]) == ("deep-seek", "deepseek-chat")

    @pytest.mark.parametrize("provider", ["", "AssemblyAI", "Azure", "Deepgram", "ElevenLabs", "Gladia", "Google"])
    @pytest.mark.parametrize("tag", ["en-US", "en-GB", "de-DE", "pt-BR", "zh-TW", "fr"])
    def test_listens_in_a_language_that_the_transcriber_has(self, provider: str, tag: str) -> None:
        made = agent(language=tag, transcriber={"provider": provider})["transcriber"]

        if not (provider == "Azure" and tag == "fr"):  # a tag without a country, which Azure hasn't
            assert made["language"] in PUBLISHED["languages"][made["provider"]]

    def test_spells_its_vendors_as_vapi_does(self) -> None:
        assert set(assistant.SPEAKERS.values()) <= set(PUBLISHED["providers"]["voice"])
        assert set(assistant.MODELS.values()) <= set(PUBLISHED["providers"]["model"])
        assert set(assistant.LISTENERS.values()) <= set(PUBLISHED["providers"]["transcriber"])
        assert set(PUBLISHED["languages"]["deepgram"]) >= assistant.DEEPGRAM

    def test_is_the_same_to_the_byte(self) -> None:
        assert VAPI.answer(answering(**EVERYTHING)).content == VAPI.answer(answering(**EVERYTHING)).content

    def test_every_setting_is_carried_or_accounted_for(self) -> None:
        paths = {leaf.path for leaf in every_setting()} | {f"tools.{kind}" for kind in KINDS}

        assert paths == VAPI.carries | (set(VAPI.notes) - VAPI.carries)


class TestARefusal:
    def test_is_spoken(self) -> None:
        assert said(VAPI.refuse(Refusal("unknown_number", "We are closed."))) == {"error": "We are closed."}

    def test_is_another_number(self) -> None:
        told = said(VAPI.refuse(Refusal("outage", "", "+442079460000")))

        assert told == {"destination": {"type": "number", "number": "+442079460000"}}


class TestReports:
    def test_the_end(self) -> None:
        [report] = VAPI.read_events(posted(REPORT))

        assert (report.call_id, report.status, report.duration) == (CALL_ID, Status.COMPLETED, 90)
        assert (report.transcript, report.summary) == ("AI: Hello.\nUser: Hi.", "A table for two.")
        assert (report.fields, report.cost) == ({"guests": 2}, Decimal("0.0532"))
        assert report.recording_url == "https://storage.vapi.ai/stereo.wav"
        assert (report.our_call, report.reason) == (str(CALL), "customer-ended-call")
        assert report.occurred_at is not None
        assert report.occurred_at.isoformat() == "2024-12-03T10:45:01.400000+00:00"

    @pytest.mark.parametrize(
        ("said_of_it", "seconds"),
        [
            ({"durationSeconds": 61.2}, 61),
            ({"durationSeconds": True, "startedAt": 1733222611, "endedAt": 1733222621}, 10),
            ({"startedAt": 1733222611000, "endedAt": 1733222621000}, 10),
            ({"startedAt": True, "endedAt": 1733222621}, None),
            ({"startedAt": "soon", "endedAt": 1e300}, None),
            ({}, None),
        ],
    )
    def test_how_long_it_was(self, said_of_it: dict[str, Any], seconds: int | None) -> None:
        told = {"type": "end-of-call-report", "call": {"id": CALL_ID}} | said_of_it

        assert VAPI.read_events(posted({"message": told}))[0].duration == seconds

    @pytest.mark.parametrize(
        "where",
        [
            {"artifact": {"recording": {"mono": {"combinedUrl": "https://a.example.com/1"}}}},
            {"artifact": {"recordingUrl": "https://a.example.com/1"}},
            {"recordingUrl": "https://a.example.com/1"},
        ],
    )
    def test_its_recording_wherever_it_is_told(self, where: dict[str, Any]) -> None:
        told = {"type": "end-of-call-report", "call": {"id": CALL_ID}} | where

        assert VAPI.read_events(posted({"message": told}))[0].recording_url == "https://a.example.com/1"

    @pytest.mark.parametrize("kind", ["status-update", "end-of-call-report"])
    def test_of_no_call_cant_be_read(self, kind: str) -> None:
        with pytest.raises(Unreadable, match=r"message\.call\.id"):
            VAPI.read_events(posted({"message": {"type": kind, "status": "ended"}}))

    def test_nothing_secret_is_kept(self) -> None:
        kept = json.dumps(VAPI.read_events(posted(REPORT))[0].payload)

        assert not any(secret in kept for secret in (SECRETS["CRM_TOKEN"], "control.example.com", "theirs"))
        assert "A table for two." in kept

    @pytest.mark.parametrize(
        ("said_of_it", "status"),
        [
            ("scheduled", Status.ROUTING),
            ("queued", Status.ROUTING),
            ("ringing", Status.RINGING),
            ("in-progress", Status.IN_PROGRESS),
            ("forwarding", Status.FORWARDING),
            ("not-found", Status.FAILED),
            ("anything else", None),
        ],
    )
    def test_a_status(self, said_of_it: str, status: Status | None) -> None:
        told = {"type": "status-update", "status": said_of_it, "call": {"id": CALL_ID, "status": "ringing"}}

        assert VAPI.read_events(posted({"message": told}))[0].status == status

    @pytest.mark.parametrize(
        ("reason", "status"),
        [
            ("customer-ended-call", Status.COMPLETED),
            ("assistant-ended-call", Status.COMPLETED),
            ("assistant-forwarded-call", Status.COMPLETED),
            ("exceeded-max-duration", Status.COMPLETED),
            ("silence-timed-out", Status.COMPLETED),
            ("voicemail", Status.COMPLETED),
            ("customer-busy", Status.BUSY),
            ("customer-did-not-answer", Status.NO_ANSWER),
            ("manually-canceled", Status.CANCELED),
            ("vonage-rejected", Status.REJECTED),
            ("assistant-request-returned-invalid-assistant", Status.FAILED),
            ("assistant-request-failed", Status.FAILED),
            ("pipeline-error-openai-llm-failed", Status.FAILED),
            ("call.in-progress.error-vapifault-openai-llm-failed", Status.FAILED),
            ("twilio-failed-to-connect-call", Status.FAILED),
            ("", Status.COMPLETED),
        ],
    )
    @pytest.mark.parametrize("kind", ["status-update", "end-of-call-report"])
    def test_why_it_ended(self, kind: str, reason: str, status: Status) -> None:
        told = {"type": kind, "status": "ended", "endedReason": reason, "call": {"id": CALL_ID, "status": "ringing"}}

        assert VAPI.read_events(posted({"message": told}))[0].status == status

    def test_another_message_moves_nothing(self) -> None:
        [report] = VAPI.read_events(posted({"message": {"type": "hang", "call": {"id": CALL_ID, "status": "ended"}}}))

        assert (report.kind, report.status) == ("hang", None)
        assert VAPI.read_events(posted({"message": {"type": "session.created"}})) == []

    def test_a_tool_that_is_asked_for_here_hears_that_it_isnt_ours(self) -> None:
        asked = {"type": "tool-calls", "toolCallList": [{"id": "t1", "function": {"name": "find_table"}}]}

        [told] = said(VAPI.acknowledge(posted({"message": asked})))["results"]

        assert (told["toolCallId"], told["name"]) == ("t1", "find_table")
        assert "isn't answered here" in told["result"]
        assert said(VAPI.acknowledge(posted(REPORT))) == {}

    @given(message=VALUES | some.dictionaries(some.sampled_from(list(REPORT["message"])), VALUES))
    @settings(deadline=None)
    def test_nonsense(self, message: Any) -> None:
        body = json.dumps({"message": message}).encode()
        for read in (VAPI.read, VAPI.read_events, VAPI.acknowledge):
            try:
                read(posted(body))
            except Unreadable:
                continue


def test_the_rehearsal_is_a_vapi() -> None:
    told = {"call_id": "c", "caller": "+14155550100", "dialled": "+12025550133"}
    ring = REHEARSAL.ring(KEY, "http://testserver/x/", **told)
    headers = {name: value for name, value in ring.headers.items() if name != "content-type"}

    VAPI.authenticate(posted(ring.body, headers), KEY, options())
    heard = REHEARSAL.hear(VAPI.answer(answering(greeting="Front desk, hello.")).content)
    [over] = VAPI.read_events(posted(REHEARSAL.hang_up(KEY, "http://testserver/x/", seconds=42, **told).body))

    assert (heard.version, heard.greeting, heard.call) == (7, "Front desk, hello.", str(CALL))
    assert (over.status, over.duration, over.cost) == (Status.COMPLETED, 42, Decimal("0.0431"))
    assert REHEARSAL.hear(VAPI.refuse(Refusal("x", "Sorry.")).content).refusal == "Sorry."
