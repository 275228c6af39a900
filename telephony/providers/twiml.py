"""TwiML, written with an XML builder: what a caller is connected to, and what is said to one who isn't.

Sources: Twilio's documentation of TwiML `<ConversationRelay>`, `<Say>` and `<Hangup>`, and the builder in its Python
library. Other providers read TwiML too.
"""

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from django.http import HttpResponse

from telephony.incoming import Refusal
from telephony.providers.base import Answering

SPEAKERS = {"google": "Google", "amazon": "Amazon", "elevenlabs": "ElevenLabs"}
LISTENERS = {"google": "Google", "deepgram": "Deepgram"}
"""The providers that ConversationRelay has: another one's name would fail the call, so it is left to the default."""

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, however it is escaped (XML 1.0, section 2.2)."""


def relay(answering: Answering) -> HttpResponse:
    """`<Connect><ConversationRelay>` to the worker; the session's end is told to the call's events address."""
    response = Element("Response")
    connect = SubElement(response, "Connect", action=answering.events_url)
    noun = SubElement(connect, "ConversationRelay", _attributes(answering))
    for name, value in _parameters(answering).items():
        SubElement(noun, "Parameter", name=name, value=value)
    return _document(response)


def farewell(refusal: Refusal) -> HttpResponse:
    """A sentence and the end of the call, or another number."""
    response = Element("Response")
    if refusal.transfer:
        SubElement(response, "Dial").text = refusal.transfer
    else:
        SubElement(response, "Say").text = _xml(refusal.say)
    SubElement(response, "Hangup")
    return _document(response)


def nothing() -> HttpResponse:
    """An empty response: nothing more to do."""
    return _document(Element("Response"))


def _attributes(answering: Answering) -> dict[str, str]:
    """The relay's attributes; one that the version leaves empty is left to Twilio's default."""
    configuration = answering.configuration
    speaker = SPEAKERS.get(configuration.voice.provider.lower(), "")
    attributes = {
        "url": answering.call.worker_url,
        "welcomeGreeting": configuration.greeting if configuration.first_speaker == "agent" else "",
        "welcomeGreetingInterruptible": configuration.turn_taking.interruptions,
        "language": configuration.language,
        "ttsProvider": speaker,
        "voice": configuration.voice.id if speaker or not configuration.voice.provider else "",
        "transcriptionProvider": LISTENERS.get(configuration.transcriber.provider.lower(), ""),
        "hints": ",".join(configuration.transcriber.keywords),
        "interruptible": configuration.turn_taking.interruptions,
        "dtmfDetection": str(configuration.keypad_input).lower(),
    }
    return {name: _xml(value) for name, value in attributes.items() if value}


def _parameters(answering: Answering) -> dict[str, str]:
    """What the worker hears as `customParameters` when its socket opens."""
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
