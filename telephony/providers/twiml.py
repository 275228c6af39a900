"""TwiML, written with an XML builder: what a caller is connected to, and what is said to one who isn't.

Sources: Twilio's documentation of TwiML `<ConversationRelay>`, `<Stream>`, `<Recording>`, `<Say>` and `<Hangup>`, and
the builder in its Python library. Other providers read TwiML too: each says what of it they know.
"""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from django.http import HttpResponse

from telephony.incoming import Refusal
from telephony.providers import reading
from telephony.providers.base import Answering, Option

RELAY, STREAM = "relay", "stream"
"""What a worker gets: the words, by ConversationRelay, or the sound, by Stream."""

BESIDE_SPEECH = frozenset({"recording"})
"""What has nothing to do with who hears and speaks, so that it is carried beside a stream too."""

EXTENSION = re.compile("[^0-9*#]")
"""What can't be keyed in."""

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, however it is escaped (XML 1.0, section 2.2)."""


def bridge(carries: frozenset[str], hint: str) -> Option:
    """The connection's choice of what its worker gets: of what a relay carries, a stream takes most away."""
    words = ((RELAY, "Words (ConversationRelay)"), (STREAM, "Sound (Stream)"))
    return Option("bridge", "Your worker gets", hint, words, RELAY, without={STREAM: carries - BESIDE_SPEECH})


def connect(answering: Answering, noun: str, attributes: Mapping[str, str]) -> HttpResponse:
    """`<Connect>` to the worker by this noun, recorded if the version says so. What is empty is left to the default.

    The end of the session and the recording are told to the call's events address.
    """
    response = Element("Response")
    if answering.configuration.recording:
        told = {"channels": "dual", "recordingStatusCallback": answering.events_url}
        SubElement(SubElement(response, "Start"), "Recording", told)
    connected = SubElement(response, "Connect", action=answering.events_url)
    given = {"url": answering.call.worker_url, **attributes}
    worker = SubElement(connected, noun, {name: _xml(value) for name, value in given.items() if value})
    for name, value in _parameters(answering).items():
        SubElement(worker, "Parameter", name=name, value=value)
    return _document(response)


def conversation(answering: Answering) -> dict[str, str]:
    """What every provider's ConversationRelay knows."""
    configuration = answering.configuration
    return {
        "welcomeGreeting": configuration.greeting if configuration.first_speaker == "agent" else "",
        "welcomeGreetingInterruptible": configuration.turn_taking.interruptions,
        "language": configuration.language,
        "interruptible": configuration.turn_taking.interruptions,
        "dtmfDetection": str(configuration.keypad_input).lower(),
    }


def farewell(refusal: Refusal) -> HttpResponse:
    """A sentence and the end of the call, or another number."""
    response = Element("Response")
    if refusal.transfer:
        keys = EXTENSION.sub("", refusal.extension)
        number = SubElement(SubElement(response, "Dial"), "Number", {"sendDigits": f"ww{keys}"} if keys else {})
        number.text = refusal.transfer
    else:
        SubElement(response, "Say").text = _xml(refusal.say)
    SubElement(response, "Hangup")
    return _document(response)


def nothing() -> HttpResponse:
    """An empty response: nothing more to do."""
    return _document(Element("Response"))


def recording(posted: Mapping[str, str]) -> str:
    """Where a recording lies that a report tells of, once there is one."""
    there = posted.get("RecordingStatus", "completed") == "completed"
    return reading.address(posted.get("RecordingUrl")) if there else ""


def answered(posted: Mapping[str, str]) -> bool:
    """Whether somebody took a call, as a report of it tells: of another leg, that the caller was put through."""
    return posted.get("CallStatus") in ("in-progress", "completed")


def machine(posted: Mapping[str, str]) -> bool:
    """Whether a report tells that a machine answered; `machine_start`, `machine_end_beep` and others."""
    return posted.get("AnsweredBy", "").startswith("machine")


def _parameters(answering: Answering) -> dict[str, str]:
    """What the worker hears when its socket opens: as `customParameters` of `setup`, or of `start` where it streams."""
    return {
        "call_id": str(answering.call.pk),
        "agent_version": str(answering.version.number),
        "config_token": answering.token,
        "configuration_url": answering.configuration_url,
    }


def _xml(text: str) -> str:
    return NOT_XML.sub("", text)


def _document(response: Element) -> HttpResponse:
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>'
    return HttpResponse(declaration + tostring(response, encoding="utf-8"), content_type="text/xml; charset=utf-8")
