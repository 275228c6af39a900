"""Telnyx: what it signs, the TeXML it is answered with, and what its callbacks tell."""

import time
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from hypothesis import given, settings
from hypothesis import strategies as some

from agentversions.configuration import settings as every_setting
from agentversions.tools import KINDS
from telephony.incoming import Refusal
from telephony.models import Call, CallEvent, Missed, Status
from telephony.operations import change_connection
from telephony.providers import Answering, Forged, Unreadable
from telephony.providers.telnyx import CARRIES, FORM, LARGEST, Telnyx, signed_text
from telephony.rehearsals import Sent, Unsignable
from telephony.rehearsals.telnyx import REHEARSAL
from tests.telephony.exchange import Exchange, path
from tests.telephony.lines import NUMBERS, heard, line, posted, rung
from tests.telephony.providers.by_hand import CALL, CONFIGURATION_URL, EVERYTHING, TOKEN, answering
from tests.telephony.test_hostile import HEADERS

TELNYX = Telnyx()
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"only Telnyx's tests sign with it")
PUBLIC = "j1ZDNYtEzEo1TwVJ6wnwP2VgESol22Omped9PRW6us0="
OTHER = b64encode(Ed25519PrivateKey.from_private_bytes(b"\1" * 32).public_key().public_bytes_raw()).decode()
SECRETS = {"public_key": PUBLIC}

CALL_ID = "v3:9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ"
PARENT = "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg"
RING = {
    "AccountSid": "f5586561-8ff0-4291-a51b-c7dfe4139ff9",
    "CallSid": CALL_ID,
    "CallSidLegacy": CALL_ID,
    "CallStatus": "ringing",
    "CallerId": "Zoë",
    "ConnectionId": "1234567890",
    "From": "+14155550100",
    "To": "+12025550133",
    "ShakenStirAttestation": "A",
    "ShakenStirValidated": "true",
}
# As Telnyx's reference of the callback texml-call-completed shows it.
COMPLETED = {
    "AccountSid": "f5586561-8ff0-4291-a51b-c7dfe4139ff9",
    "CallInitiatedAt": "2024-01-15T10:30:26.028Z",
    "CallSid": CALL_ID,
    "CallSidLegacy": CALL_ID,
    "CallStatus": "completed",
    "CallbackSource": "call-progress-events",
    "ConnectionId": "1234567890",
    "From": "+35319605860",
    "SequenceNumber": "3",
    "Timestamp": "2024-01-15T10:31:01Z",
    "To": "+13129457420",
    "CallDuration": "45",
    "EndTime": "2024-01-15T10:31:00Z",
    "HangupCause": "normal_clearing",
    "HangupSource": "caller",
}
# And texml-recording-completed.
RECORDED = {
    "AccountSid": "cb6cfbbc-eb00-41af-a3f3-0d7b32009e4b",
    "CallSid": CALL_ID,
    "CallSidLegacy": CALL_ID,
    "ConnectionId": "1234567890",
    "RecordingChannels": "2",
    "RecordingDuration": "5",
    "RecordingSid": "35094891-3290-4142-b2c2-b2eda57534cf",
    "RecordingSource": "StartCallRecordingAPI",
    "RecordingStatus": "completed",
    "RecordingUrl": "https://recording.example.com/r.mp3",
}
KNOWN = {
    "Response": set[str](),
    "Start": set[str](),
    "Recording": {
        *("recordingStatusCallback", "recordingStatusCallbackMethod", "recordingStatusCallbackEvent"),
        *("channels", "track", "trim", "format"),
    },
    "Connect": {"action"},
    "ConversationRelay": {
        *("url", "welcomeGreeting", "voice", "language", "transcriptionProvider", "interruptible"),
        *("welcomeGreetingInterruptible", "dtmfDetection", "backgroundAudioType", "backgroundAudioValue"),
    },
    "Stream": {
        *("url", "track", "name", "codec", "bidirectionalMode", "bidirectionalCodec", "bidirectionalSamplingRate"),
        *("statusCallback", "statusCallbackMethod", "enableReconnect"),
    },
    "Parameter": {"name", "value"},
}
"""The attributes that Telnyx's reference of TeXML lists, verb by verb."""


def form(fields: dict[str, str] | bytes, headers: dict[str, str] | None = None, kind: str = FORM) -> HttpRequest:
    """A request as a webhook gets it."""
    body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
    return RequestFactory().post("/x/", body, content_type=kind, headers=headers or {})


def signed(fields: dict[str, str] | bytes, *, age: int = 0, key: Ed25519PrivateKey = PRIVATE) -> HttpRequest:
    """The request as Telnyx sends it."""
    body, at = form(fields).body, str(int(time.time()) - age)
    made = b64encode(key.sign(signed_text(at, body))).decode()
    return form(body, {"Telnyx-Timestamp": at, "Telnyx-Signature-Ed25519": made})


def streaming(made: Answering) -> Answering:
    """The same for a connection whose worker gets the sound."""
    return replace(made, options={"bridge": "stream"})


def said(response: HttpResponse) -> ET.Element:
    """The TeXML."""
    assert response.status_code == 200
    return ET.fromstring(response.content)  # noqa: S314 - our own answer


def found(response: HttpResponse, place: str) -> ET.Element:
    """An element of the TeXML."""
    element = said(response).find(place)
    assert element is not None
    return element


class TestSignature:
    # Signed by PyNaCl 1.6.2, accepted by verify_webhook_signature of telnyx 4.189.0.
    BODY = (
        b"AccountSid=f5586561&CallSid=v3%3A9X2vxPDFY2RHSJ1EdMS0RHRksMTg7ldNxdjWbVr9zBjbGjGsSe-aiQ&CallStatus=ringing"
        b"&CallerId=Zo%C3%AB+%E2%98%8E&From=%2B14155550100&To=%2B12025550133"
    )
    HEADERS = {
        "Telnyx-Timestamp": "1763884800",
        "Telnyx-Signature-Ed25519": "ZAsxCvOEH+zChFeSFA2VlTd8BNxMJqI+FajHvVE9ZuCP"
        "tzbAzhOlNQCD+RfTLbGQGPF3jApUSlMY4mBctpSJCA==",
    }

    @pytest.mark.parametrize("late", [0, 299, -299])
    def test_is_telnyxs_own_over_the_bytes_of_the_form(self, monkeypatch: pytest.MonkeyPatch, late: int) -> None:
        monkeypatch.setattr(time, "time", lambda: 1_763_884_800 + late)

        TELNYX.authenticate(form(self.BODY, self.HEADERS), SECRETS, {})

    def test_is_of_the_bytes_and_not_of_what_they_mean(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(time, "time", lambda: 1_763_884_800)

        with pytest.raises(Forged):
            TELNYX.authenticate(form(self.BODY.replace(b"+%E2", b"%20%E2"), self.HEADERS), SECRETS, {})

    @pytest.mark.parametrize("age", [301, -310])
    def test_of_another_time_is_none(self, age: int) -> None:
        with pytest.raises(Forged):
            TELNYX.authenticate(signed(RING, age=age), SECRETS, {})

    def test_holds_for_its_own_time_alone(self) -> None:
        request = signed(RING, age=60)
        moved = dict(request.headers) | {"Telnyx-Timestamp": str(int(time.time()))}

        with pytest.raises(Forged):
            TELNYX.authenticate(form(request.body, moved), SECRETS, {})

    def test_takes_the_previous_key_while_it_is_rotated(self) -> None:
        TELNYX.authenticate(signed(RING), {"public_key": OTHER, "previous_public_key": PUBLIC}, {})

    @pytest.mark.parametrize("secrets", [{}, {"public_key": ""}, {"public_key": OTHER}, {"rehearsal_key": "0" * 64}])
    def test_with_another_key_is_none(self, secrets: dict[str, str]) -> None:
        with pytest.raises(Forged):
            TELNYX.authenticate(signed(RING), secrets, {})

    def test_of_a_body_larger_than_telnyx_sends_is_none(self) -> None:
        with pytest.raises(Forged):
            TELNYX.authenticate(signed(b"x=" + b"x" * LARGEST), SECRETS, {})

    @pytest.mark.parametrize("at", ["", "soon", "-1", "1.5", "\u0661\u0662", "9" * 5_000, " 1", "nan"])
    def test_with_a_time_that_is_none_is_none(self, at: str) -> None:
        good = signed(RING)

        with pytest.raises(Forged):
            TELNYX.authenticate(form(good.body, dict(good.headers) | {"Telnyx-Timestamp": at}), SECRETS, {})

    @pytest.mark.parametrize("given", ["", "=", "A", "AAAA", "é☎", "\ud800", "A" * 100_000, "A" * 86 + "=="])
    def test_that_cant_be_one_is_none(self, given: str) -> None:
        good = signed(RING)

        with pytest.raises(Forged):
            TELNYX.authenticate(form(good.body, dict(good.headers) | {"Telnyx-Signature-Ed25519": given}), SECRETS, {})


class TestReading:
    def test_a_ring(self) -> None:
        ring = TELNYX.read(form(RING))

        assert ring is not None
        assert (ring.call_id, ring.caller, ring.dialled) == (CALL_ID, "+14155550100", "+12025550133")
        assert ring.caller_name == "Zoë"

    def test_a_ring_by_sip(self) -> None:
        ring = TELNYX.read(form(RING | {"From": "ana@sip.telnyx.com", "To": "desk@sip.telnyx.com"}))

        assert ring is not None
        assert (ring.caller, ring.dialled) == ("ana@sip.telnyx.com", "desk@sip.telnyx.com")

    @pytest.mark.parametrize("status", ["initiated", "in-progress", "", "something new"])
    def test_a_ring_whatever_its_call_is_doing(self, status: str) -> None:
        assert TELNYX.read(form(RING | {"CallStatus": status})) is not None

    @pytest.mark.parametrize(
        "fields",
        [
            *(COMPLETED, RECORDED, RING | {"CallStatus": "canceled"}, RING | {"CallbackSource": "call-cost-events"}),
            COMPLETED | {"CallStatus": "ringing", "ParentCallSid": PARENT},
        ],
    )
    def test_what_is_no_ring(self, fields: dict[str, str]) -> None:
        assert TELNYX.read(form(fields)) is None

    @pytest.mark.parametrize("wrongly", [{"CallSid": ""}, {"CallSid": "x" * 256}, {"CallSid": "\x00"}, {"To": ""}])
    def test_what_telnyx_never_sends(self, wrongly: dict[str, str]) -> None:
        with pytest.raises(Unreadable):
            TELNYX.read(form(RING | wrongly))

    def test_a_voice_api_application_is_told_what_to_change(self) -> None:
        with pytest.raises(Unreadable, match="TeXML"):
            TELNYX.read(form(b'{"data": {}}', kind="application/json"))

    def test_more_fields_than_anyone_sends(self) -> None:
        with pytest.raises(Unreadable):
            TELNYX.read(form(RING | {f"x{number}": "" for number in range(5_000)}))


class TestAnswer:
    @pytest.mark.parametrize("made", [answering(), answering(**EVERYTHING), streaming(answering(**EVERYTHING))])
    def test_has_only_what_telnyx_knows(self, made: Answering) -> None:
        for element in said(TELNYX.answer(made)).iter():
            assert set(element.attrib) <= KNOWN[element.tag], element.tag

    @pytest.mark.parametrize("made", [answering(**EVERYTHING), streaming(answering(**EVERYTHING))])
    def test_is_the_same_bytes_each_time_and_records(self, made: Answering) -> None:
        response = TELNYX.answer(made)

        assert response.content == TELNYX.answer(made).content
        assert [child.tag for child in said(response)] == ["Start", "Connect"]
        assert found(response, "./Start/Recording").attrib == {
            "channels": "dual",
            "recordingStatusCallback": made.events_url,
        }

    def test_records_nothing_unasked(self) -> None:
        assert said(TELNYX.answer(answering())).find("Start") is None

    def test_connects_the_worker_to_the_words(self) -> None:
        given = EVERYTHING | {"voice": {"provider": "Telnyx", "id": "Natural.abbie"}}
        relay = found(TELNYX.answer(answering("wss://worker.example.com", **given)), "./Connect/ConversationRelay")

        assert relay.attrib == {
            "url": "wss://worker.example.com",
            "welcomeGreeting": "Front desk, hello.",
            "welcomeGreetingInterruptible": "any",
            "language": "de-DE",
            "voice": "Telnyx.Natural.abbie",
            "transcriptionProvider": "deepgram",
            "interruptible": "any",
            "dtmfDetection": "true",
        }
        assert {one.attrib["name"]: one.attrib["value"] for one in relay} == {
            "call_id": str(CALL),
            "agent_version": "7",
            "config_token": TOKEN,
            "configuration_url": CONFIGURATION_URL,
        }

    def test_or_to_the_sound_which_it_may_answer(self) -> None:
        stream = found(TELNYX.answer(streaming(answering(**EVERYTHING))), "./Connect/Stream")

        assert stream.attrib == {"url": "https://worker.example.com/jambonz", "bidirectionalMode": "rtp"}
        assert [one.attrib["name"] for one in stream] == [
            *("call_id", "agent_version", "config_token", "configuration_url")
        ]

    @pytest.mark.parametrize(
        ("provider", "name", "expected"),
        [
            ("Telnyx", "NaturalHD.astra", "Telnyx.NaturalHD.astra"),
            ("telnyx", "Telnyx.NaturalHD.astra", "Telnyx.NaturalHD.astra"),
            ("", "AWS.Polly.Joanna", "AWS.Polly.Joanna"),
            ("ElevenLabs", "elevenlabs.v3.Adam", "elevenlabs.v3.Adam"),
            *(("ElevenLabs", "UgBBYS2sOqTuMpoF3BR0", None), ("Telnyx", "", None), ("", "", None)),
        ],
    )
    def test_names_voices_as_telnyx_does(self, provider: str, name: str, expected: str | None) -> None:
        made = answering(voice={"provider": provider, "id": name})

        assert found(TELNYX.answer(made), "./Connect/ConversationRelay").get("voice") == expected

    def test_leaves_a_transcriber_that_telnyx_hasnt_to_its_default(self) -> None:
        relay = found(TELNYX.answer(answering(transcriber={"provider": "Gladia"})), "./Connect/ConversationRelay")

        assert "transcriptionProvider" not in relay.attrib

    def test_what_is_carried_and_noted_are_settings_that_there_are(self) -> None:
        paths = {leaf.path for leaf in every_setting()} | {f"tools.{kind}" for kind in KINDS}

        assert CARRIES | set(TELNYX.notes) <= paths


class TestRefusal:
    @pytest.mark.parametrize("reason", [*Missed.values, "call_over"])
    def test_says_the_sentence_and_hangs_up(self, reason: str) -> None:
        answer = said(TELNYX.refuse(Refusal(reason, "We are <closed>.")))

        assert [(child.tag, child.text) for child in answer] == [("Say", "We are <closed>."), ("Hangup", None)]

    def test_dials_another_number(self) -> None:
        answer = said(TELNYX.refuse(Refusal("outage", "", "+442079460000")))

        assert [child.tag for child in answer] == ["Dial", "Hangup"]
        assert [(child.tag, child.text) for child in answer[0]] == [("Number", "+442079460000")]


class TestReports:
    def test_the_end_of_a_call(self) -> None:
        [report] = TELNYX.read_events(form(COMPLETED))

        assert (report.call_id, report.kind, report.status) == (CALL_ID, "status", Status.COMPLETED)
        assert report.occurred_at == datetime(2024, 1, 15, 10, 31, tzinfo=UTC)
        assert (report.duration, report.reason) == (45, "normal_clearing")
        assert report.payload == COMPLETED

    @pytest.mark.parametrize(
        ("word", "expected"),
        [
            ("queued", Status.ROUTING),
            ("initiated", Status.ROUTING),
            ("ringing", Status.RINGING),
            ("in-progress", Status.IN_PROGRESS),
            ("answered", Status.IN_PROGRESS),
            ("completed", Status.COMPLETED),
            ("busy", Status.BUSY),
            ("failed", Status.FAILED),
            ("no-answer", Status.NO_ANSWER),
            ("canceled", Status.CANCELED),
            ("something new", None),
        ],
    )
    def test_each_status(self, word: str, expected: Status | None) -> None:
        [report] = TELNYX.read_events(form(COMPLETED | {"CallStatus": word}))

        assert report.status == expected
        assert report.duration == (45 if expected and expected.ended else None)

    @pytest.mark.parametrize("word", ["ringing", "in-progress", "completed"])
    def test_another_leg_is_told_of_its_call_and_moves_nothing(self, word: str) -> None:
        [report] = TELNYX.read_events(form(COMPLETED | {"CallStatus": word, "ParentCallSid": PARENT}))

        assert (report.call_id, report.kind, report.status) == (PARENT, "leg-status", None)
        assert report.duration is None

    @pytest.mark.parametrize("word", ["in-progress", "completed"])
    def test_the_end_of_a_session_is_not_that_of_the_call(self, word: str) -> None:
        [report] = TELNYX.read_events(form(RING | {"CallStatus": word}))

        assert (report.kind, report.status) == ("session-end", None)

    def test_a_recording(self) -> None:
        [report] = TELNYX.read_events(form(RECORDED))

        assert (report.kind, report.status, report.duration) == ("recording", None, None)
        assert report.recording_url == "https://recording.example.com/r.mp3"

    @pytest.mark.parametrize(
        "wrongly", [{"RecordingStatus": "in-progress"}, {"RecordingStatus": "absent"}, {"RecordingUrl": "javascript:x"}]
    )
    def test_a_recording_that_cant_be_heard_is_no_link(self, wrongly: dict[str, str]) -> None:
        assert TELNYX.read_events(form(RECORDED | wrongly))[0].recording_url == ""

    def test_what_no_database_holds_is_replaced(self) -> None:
        [report] = TELNYX.read_events(form(COMPLETED | {"CallerId": "a\x00b", "HangupCause": "\x00"}))

        assert (report.payload["CallerId"], report.reason) == ("a\ufffdb", "\ufffd")

    @pytest.mark.parametrize(
        ("price", "expected"), [("0.0045", Decimal("0.0045")), ("1", Decimal(1)), ("NaN", None), ("9" * 99, None)]
    )
    def test_the_price(self, price: str, expected: Decimal | None) -> None:
        fields = {"CallSid": CALL_ID, "CallbackSource": "call-cost-events", f"CallCost[{CALL_ID}]": price}
        [report] = TELNYX.read_events(form(fields))

        assert (report.kind, report.status, report.cost) == ("cost", None, expected)

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("2021-04-28 21:51:18.731479Z", datetime(2021, 4, 28, 21, 51, 18, 731479, UTC)),
            ("Wed, 28 Apr 2021 21:51:18 +0000", datetime(2021, 4, 28, 21, 51, 18, tzinfo=UTC)),
            *((text, None) for text in ("", "soon", "2021-13-45T00:00:00Z", "0001-01-01T00:00:00+23:59")),
        ],
    )
    def test_the_time_however_it_is_written(self, written: str, expected: datetime | None) -> None:
        [report] = TELNYX.read_events(form(COMPLETED | {"CallStatus": "ringing", "Timestamp": written}))

        assert report.occurred_at == expected

    def test_are_acknowledged_with_nothing_more_to_do(self) -> None:
        assert list(said(TELNYX.acknowledge(form(COMPLETED)))) == []


class TestRehearsal:
    def test_is_telnyxs_only_with_a_key_for_it(self) -> None:
        with pytest.raises(Unsignable, match="rehearsal key"):
            REHEARSAL.ring(SECRETS, "", call_id=CALL_ID, caller="+14155550100", dialled="+12025550133")

    def test_names_a_call_as_telnyx_does(self) -> None:
        assert REHEARSAL.call_id(CALL_ID) == CALL_ID
        assert REHEARSAL.call_id("call-1") == REHEARSAL.call_id("call-1")
        assert REHEARSAL.call_id("call-1").startswith("v3:")


def told(address: str, request: HttpRequest) -> HttpResponse:
    """Telnyx posts what it signed."""
    names = ("Telnyx-Timestamp", "Telnyx-Signature-Ed25519")
    return posted(address, Sent(request.body, {"content-type": FORM} | {name: request.headers[name] for name in names}))


class TestOnARealLine:
    def test_telnyx_itself_rings_reports_and_ends(self, exchange: Exchange) -> None:
        made = line(exchange.cast, "telnyx")
        change_connection(made, secrets={"public_key": PUBLIC}, by=exchange.cast.ana)
        ring = RING | {"To": NUMBERS["telnyx"]}

        first = told(path(made), signed(ring))
        exchange.go_live(greeting="Good evening.", recording="on")
        again, other = (told(path(made), signed(ring | {"CallSid": call_id})) for call_id in (CALL_ID, PARENT))

        assert again.content == first.content
        assert (heard(made, first).version, heard(made, other).version) == (2, 3)
        assert said(other).find("./Start/Recording") is not None
        for fields in (
            COMPLETED | {"CallSid": "v3:leg", "ParentCallSid": CALL_ID},
            RECORDED,
            ring | {"CallStatus": "completed"},
        ):
            assert told(path(made, "events"), signed(fields)).status_code == 200
        call = Call.objects.get(provider_call_id=CALL_ID)
        assert (call.status, call.recording_url) == (Status.IN_PROGRESS, "https://recording.example.com/r.mp3")
        for age in (0, 30):  # a retry is signed anew
            assert told(path(made, "events"), signed(COMPLETED, age=age)).status_code == 200
        call.refresh_from_db()
        assert (call.status, call.duration, call.ended_reason) == (Status.COMPLETED, 45, "normal_clearing")
        assert CallEvent.objects.filter(call=call).count() == 4

    def test_a_report_at_the_address_for_rings_is_kept(self, exchange: Exchange) -> None:
        made = line(exchange.cast, "telnyx")
        change_connection(made, secrets={"public_key": PUBLIC}, by=exchange.cast.ana)
        told(path(made), signed(RING | {"To": NUMBERS["telnyx"]}))

        answer = told(path(made), signed(COMPLETED))

        assert list(said(answer)) == []
        assert Call.objects.get().status == Status.COMPLETED

    def test_an_unknown_number_gets_the_connections_sentence(self, exchange: Exchange) -> None:
        made = line(exchange.cast, "telnyx")
        change_connection(made, secrets={"public_key": PUBLIC}, by=exchange.cast.ana)

        answer = told(path(made), signed(RING | {"To": "+12025550100"}))

        assert heard(made, answer).refusal == made.fallback
        assert Call.objects.get().missed == Missed.UNKNOWN_NUMBER

    def test_a_worker_that_gets_the_sound(self, exchange: Exchange) -> None:
        made = line(exchange.cast, "telnyx")
        words = rung(made, "one")
        change_connection(made, options={"bridge": "stream"}, by=exchange.cast.ana)

        assert rung(made, "one").content == words.content
        assert said(rung(made, "two")).find("./Connect/Stream") is not None


TEXTS = some.text(max_size=20) | some.sampled_from(
    [CALL_ID, PARENT, "completed", "call-progress-events", "call-cost-events", "\x00", "\ud800", "9" * 5_000]
)
FIELDS = some.dictionaries(
    some.sampled_from([*COMPLETED, *RECORDED, "ParentCallSid", f"CallCost[{CALL_ID}]", "é", ""]), TEXTS
)


class TestHostileInput:
    @settings(max_examples=300)
    @given(body=some.binary(max_size=200), at=HEADERS | some.integers(-99, 99), signature=HEADERS)
    def test_unsigned_is_forged(self, body: bytes, at: str | int, signature: str) -> None:
        when = str(int(time.time()) + at) if isinstance(at, int) else at

        with pytest.raises(Forged):
            TELNYX.authenticate(
                form(body, {"Telnyx-Timestamp": when, "Telnyx-Signature-Ed25519": signature}), SECRETS, {}
            )

    @settings(max_examples=500)
    @given(fields=FIELDS | FIELDS.map(lambda some: COMPLETED | some) | FIELDS.map(lambda some: RECORDED | some))
    def test_signed_is_read_or_unreadable(self, fields: dict[str, str]) -> None:
        request = signed({name: value.encode("utf-8", "replace").decode() for name, value in fields.items()})

        TELNYX.authenticate(request, SECRETS, {})
        for read in (TELNYX.read, TELNYX.read_events):
            try:
                read(request)
            except Unreadable:
                continue
