"""Twilio: the two ways to its worker, recording beside either, and what comes to which address."""

import inspect
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from twilio.twiml.voice_response import VoiceResponse

from telephony.models import Call, CallEvent, Status
from telephony.operations import change_connection
from telephony.providers import Answering
from telephony.providers.twilio import FORM, Twilio
from telephony.rehearsals.twilio import sid
from tests.telephony.exchange import Exchange, canonical, post, refusal, ring, twiml
from tests.telephony.exchange import call as known
from tests.telephony.providers.by_hand import CALL, CONFIGURATION_URL, EVERYTHING, TOKEN, answering

TWILIO = Twilio()
CALL_SID = sid("call-1")
RING = {"CallSid": CALL_SID, "From": "+14155550100", "To": "+12025550133", "CallStatus": "ringing"}
RECORDED = {
    "CallSid": CALL_SID,
    "RecordingSid": "RE" + "1" * 32,
    "RecordingUrl": "https://api.twilio.com/RE1",
    "RecordingDuration": "5",
}
WORKER = "wss://worker.example.com/relay"
WORDS = answering(WORKER, **EVERYTHING)
SOUND = replace(WORDS, options={"bridge": "stream"})
BOTH = pytest.mark.parametrize("made", [WORDS, SOUND], ids=["words", "sound"])


def form(fields: dict[str, str]) -> HttpRequest:
    """A request as a webhook gets it."""
    return RequestFactory().post("/x/", urlencode(fields), content_type=FORM)


def found(response: HttpResponse, place: str) -> ET.Element:
    """An element of the TwiML."""
    element = twiml(response).find(place)
    assert element is not None
    return element


def snake(name: str) -> str:
    """What is written in TwiML as Twilio's library calls it."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def written_anew(element: ET.Element, into: Any) -> None:
    """Let Twilio's library write what an element holds; an attribute that it doesn't know is an error."""
    for child in element:
        verb = getattr(into, snake(child.tag))
        attributes = {snake(name): value for name, value in child.attrib.items()}
        assert attributes.keys() <= inspect.signature(verb).parameters.keys(), child.tag
        written_anew(child, verb(**attributes))


class TestAnswer:
    @BOTH
    def test_is_what_twilios_library_writes(self, made: Answering) -> None:
        response, anew = TWILIO.answer(made), VoiceResponse()
        written_anew(twiml(response), anew)

        assert canonical(str(anew)) == canonical(response.content)

    @BOTH
    def test_is_the_same_bytes_each_time(self, made: Answering) -> None:
        assert TWILIO.answer(made).content == TWILIO.answer(made).content

    @BOTH
    def test_hands_the_worker_what_it_fetches_with(self, made: Answering) -> None:
        worker = found(TWILIO.answer(made), "./Connect/*")

        assert worker.get("url") == WORKER
        assert {one.attrib["name"]: one.attrib["value"] for one in worker} == {
            "call_id": str(CALL),
            "agent_version": "7",
            "config_token": TOKEN,
            "configuration_url": CONFIGURATION_URL,
        }

    @BOTH
    def test_records_both_sides_from_the_start_and_hears_of_it(self, made: Answering) -> None:
        response = TWILIO.answer(made)

        assert [child.tag for child in twiml(response)] == ["Start", "Connect"]
        assert found(response, "./Start/Recording").attrib == {
            "channels": "dual",
            "recordingStatusCallback": made.events_url,
        }

    def test_records_nothing_unasked(self) -> None:
        assert [child.tag for child in twiml(TWILIO.answer(answering(WORKER)))] == ["Connect"]

    def test_sound_is_all_that_a_stream_has(self) -> None:
        assert found(TWILIO.answer(SOUND), "./Connect/Stream").attrib == {"url": WORKER}

    def test_words_are_heard_and_spoken_by_twilio(self) -> None:
        relay = found(TWILIO.answer(WORDS), "./Connect/ConversationRelay")

        assert relay.attrib == {
            "url": WORKER,
            "welcomeGreeting": "Front desk, hello.",
            "welcomeGreetingInterruptible": "any",
            "language": "de-DE",
            "ttsProvider": "ElevenLabs",
            "voice": "UgBBYS2sOqTuMpoF3BR0",
            "transcriptionProvider": "Deepgram",
            "hints": "Schnitzel",
            "interruptible": "any",
            "dtmfDetection": "true",
        }

    def test_a_voice_and_a_transcriber_that_twilio_hasnt_are_left_to_its_defaults(self) -> None:
        made = answering(WORKER, voice={"provider": "Cartesia", "id": "x"}, transcriber={"provider": "Gladia"})
        relay = found(TWILIO.answer(made), "./Connect/ConversationRelay")

        assert {"ttsProvider", "voice", "transcriptionProvider"}.isdisjoint(relay.attrib)


class TestReading:
    def test_a_ring(self) -> None:
        incoming = TWILIO.read(form(RING | {"CallerName": "Zoë"}))

        assert incoming is not None
        assert (incoming.call_id, incoming.dialled, incoming.caller_name) == (CALL_SID, "+12025550133", "Zoë")

    @pytest.mark.parametrize(
        "fields",
        [
            *(RING | {"CallStatus": status} for status in ("completed", "busy", "failed", "no-answer", "canceled")),
            *(RECORDED, RING | {"SessionId": "VX1"}, RING | {"StreamSid": "MZ1"}),
        ],
    )
    def test_what_is_no_ring(self, fields: dict[str, str]) -> None:
        assert TWILIO.read(form(fields)) is None

    @pytest.mark.parametrize("session", [{"SessionId": "VX1", "HandoffData": "{}"}, {"StreamSid": "MZ1"}])
    def test_the_end_of_a_session_is_not_that_of_the_call(self, session: dict[str, str]) -> None:
        [report] = TWILIO.read_events(form(RING | {"CallStatus": "completed"} | session))

        assert (report.kind, report.status) == ("session-end", None)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ({}, "https://api.twilio.com/RE1"),
            ({"RecordingStatus": "completed"}, "https://api.twilio.com/RE1"),
            *(({"RecordingStatus": status}, "") for status in ("in-progress", "absent", "failed")),
        ],
    )
    def test_a_recording_once_there_is_one(self, status: dict[str, str], expected: str) -> None:
        [report] = TWILIO.read_events(form(RECORDED | status))

        assert (report.kind, report.status, report.recording_url) == ("recording", None, expected)


class TestOnARealLine:
    def test_a_call_keeps_the_way_that_it_rang_by(self, exchange: Exchange) -> None:
        words = ring(exchange.twilio)
        change_connection(exchange.twilio, options={"bridge": "stream"}, by=exchange.cast.ana)
        exchange.go_live(recording="on")

        assert ring(exchange.twilio).content == words.content
        sound = ring(exchange.twilio, "call-2")
        assert [child.tag for child in twiml(sound)] == ["Start", "Connect"]
        assert twiml(sound).find("./Connect/Stream") is not None

    def test_a_report_at_the_address_for_rings_ends_the_call(self, exchange: Exchange) -> None:
        ring(exchange.twilio)

        told = post(exchange.twilio, RING | {"CallStatus": "completed", "CallDuration": "42"})

        assert list(twiml(told)) == []
        assert (known().status, known().duration) == (Status.COMPLETED, 42)
        assert refusal(ring(exchange.twilio)) == exchange.twilio.fallback

    def test_and_makes_none_where_none_rang(self, exchange: Exchange) -> None:
        assert post(exchange.twilio, RING | {"CallStatus": "no-answer"}).status_code == 200

        assert not Call.objects.exists()
        assert CallEvent.objects.get().status == Status.NO_ANSWER

    def test_its_recording_is_found_on_the_call(self, exchange: Exchange) -> None:
        ring(exchange.twilio)

        post(exchange.twilio, RECORDED | {"RecordingStatus": "completed"}, door="events")

        assert known().recording_url == "https://api.twilio.com/RE1"
        assert known().status == Status.IN_PROGRESS
