"""Twilio Programmable Voice: TwiML that bridges the call to a worker by ConversationRelay.

Sources: Twilio's documentation of webhook security, of TwiML `<ConversationRelay>` and of voice webhooks, and the
validator in its Python library. What TwiML can't carry, the worker fetches with the token it is handed.
"""

import hmac
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict

from agentversions.configuration import Configuration
from telephony.incoming import CallReport, IncomingCall
from telephony.models import Connection, Status
from telephony.providers.base import Answering, Forged, Secret, Unreadable
from telephony.secrets import Secrets

STATUSES = {
    "queued": Status.ROUTING,
    "initiated": Status.ROUTING,
    "ringing": Status.RINGING,
    "in-progress": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "busy": Status.BUSY,
    "failed": Status.FAILED,
    "no-answer": Status.NO_ANSWER,
    "canceled": Status.CANCELED,
}
INTERRUPTIBLE = {"any": "any", "speech": "speech", "none": "none"}
FORM = "application/x-www-form-urlencoded"
LONGEST_DURATION = 7  # digits
WITHHELD = frozenset({"CallToken"})
"""What Twilio sends for its own use, and nobody should find in a database."""


class Twilio:
    """Form posts signed with the account's auth token; answers in TwiML, always with status 200."""

    key = "twilio"
    name = "Twilio"
    secrets: tuple[Secret, ...] = (
        Secret("auth_token", "Auth token", "Of the account, or of the subaccount that owns the number."),
        Secret("shared_key", "Shared key", "Only if you sign webhooks with a shared key.", optional=True),
        Secret("previous_auth_token", "Previous auth token", "While you rotate the auth token.", optional=True),
    )
    needs_worker = True
    carries: frozenset[str] = frozenset(
        {"greeting", "language", "voice.provider", "voice.id", "transcriber.provider", "turn_taking.interruptions"}
        | {"keypad_input"}
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets) -> None:
        """Check the signature over the public address and every posted field."""
        given = request.headers.get("X-Twilio-Signature", "")
        expected = [signed for url in _urls(request) for signed in _signatures(request, secrets, url)]
        if not any(hmac.compare_digest(signed.encode(), given.encode("utf-8", "replace")) for signed in expected):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall:
        """Read a voice webhook."""
        posted = _posted(request)
        if not posted.get("CallSid") or not posted.get("To"):
            raise Unreadable("A voice webhook has CallSid and To.")
        return IncomingCall(posted["CallSid"], posted.get("From", ""), posted["To"])

    def answer(self, answering: Answering) -> HttpResponse:
        """`<Connect><ConversationRelay>` to the connection's worker; without one, the fallback is all it can say."""
        if not answering.connection.worker_url:
            return self.refuse(answering.connection, "no_worker")
        response = Element("Response")
        connect = SubElement(response, "Connect", action=answering.events_url)
        relay = SubElement(connect, "ConversationRelay", _attributes(answering))
        for name, value in _parameters(answering):
            SubElement(relay, "Parameter", name=name, value=value)
        return _twiml(response)

    def refuse(self, connection: Connection, reason: str) -> HttpResponse:
        """The connection's sentence, and the end of the call. Anything but 200 would play Twilio's error message."""
        del reason
        response = Element("Response")
        SubElement(response, "Say").text = connection.fallback
        SubElement(response, "Hangup")
        return _twiml(response)

    def read_report(self, request: HttpRequest) -> CallReport:
        """Read a status callback, a recording's, or the end of a `<Connect>` (which isn't the end of the call)."""
        posted = _posted(request)
        if not posted.get("CallSid"):
            raise Unreadable("A status callback has CallSid.")
        return CallReport(
            call_id=posted["CallSid"],
            kind=_kind(posted),
            status=None if posted.get("SessionId") else STATUSES.get(posted.get("CallStatus", "")),
            occurred_at=_time(posted.get("Timestamp", "")),
            duration=_seconds(posted.get("CallDuration", "")),
            recording_url=posted.get("RecordingUrl", ""),
            event_id=request.headers.get("I-Twilio-Idempotency-Token", ""),
            leg=bool(posted.get("ParentCallSid")),
            payload={name: text for name, text in posted.items() if name not in WITHHELD},
        )

    def acknowledge(self) -> HttpResponse:
        """An empty response: go on."""
        return _twiml(Element("Response"))


def signature(secret: str, url: str, posted: QueryDict, algorithm: str = "sha1") -> str:
    """What Twilio puts into X-Twilio-Signature: the HMAC of the address and of every field, sorted, each value once."""
    text = url + "".join(name + value for name in sorted(posted) for value in sorted(set(posted.getlist(name))))
    digest = hmac.digest(secret.encode(), text.encode("utf-8", "replace"), algorithm)
    return b64encode(digest).decode()


def _signatures(request: HttpRequest, secrets: Secrets, url: str) -> list[str]:
    wanted = request.headers.get("X-Twilio-Webhooks-Signature-Settings")
    if wanted is None:
        tokens = (secrets.get("auth_token"), secrets.get("previous_auth_token"))
        return [signature(token, url, request.POST, "sha1") for token in tokens if token]
    named = dict(part.strip().split("=", 1) for part in wanted.split(",") if "=" in part)
    shared = secrets.get("shared_key")
    if named.get("algorithm") != "HMAC_SHA256" or not shared:
        return []  # an algorithm we don't know must not pass
    return [signature(shared, url, request.POST, "sha256")]


def _urls(request: HttpRequest) -> list[str]:
    """The address that was called, with and without its port: Twilio isn't consistent about signing it."""
    url = settings.PUBLIC_BASE_URL + request.get_full_path()
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return [parts._replace(netloc=netloc).geturl() for netloc in (f"{parts.hostname}:{port}", f"{parts.hostname}")]


def _posted(request: HttpRequest) -> dict[str, str]:
    if request.content_type != FORM:
        raise Unreadable(f"Twilio posts {FORM}.")
    posted = {name: str(request.POST[name]) for name in request.POST}
    if any("\x00" in name + text for name, text in posted.items()):
        raise Unreadable("A field holds what can't be stored.")
    return posted


def _attributes(answering: Answering) -> dict[str, str]:
    """The relay's attributes; one that the version leaves empty is left to Twilio's default."""
    configuration = answering.version.read()
    interruptible = INTERRUPTIBLE[configuration.turn_taking.interruptions]
    attributes = {
        "url": answering.connection.worker_url,
        "welcomeGreeting": _greeting(configuration),
        "welcomeGreetingInterruptible": interruptible,
        "language": configuration.language,
        "ttsProvider": configuration.voice.provider,
        "voice": configuration.voice.id,
        "transcriptionProvider": configuration.transcriber.provider,
        "interruptible": interruptible,
        "dtmfDetection": str(configuration.keypad_input).lower(),
    }
    return {name: value for name, value in attributes.items() if value}


def _greeting(configuration: Configuration) -> str:
    """What the agent says first, if it speaks first, with the variables' defaults filled in."""
    if configuration.first_speaker == "caller":
        return ""
    text = configuration.greeting
    for variable in configuration.variables:
        text = text.replace("{{" + variable.name + "}}", variable.default)
    return text


def _parameters(answering: Answering) -> list[tuple[str, str]]:
    return [
        ("call_id", str(answering.call.pk)),
        ("agent_version", str(answering.version.number)),
        ("config_token", answering.token),
        ("configuration_url", answering.configuration_url),
    ]


def _kind(posted: dict[str, str]) -> str:
    if posted.get("RecordingSid"):
        return "recording"
    return "connect-end" if posted.get("SessionId") else "status"


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_DURATION else None


def _time(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _twiml(response: Element) -> HttpResponse:
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>'
    return HttpResponse(declaration + tostring(response, encoding="utf-8"), content_type="text/xml; charset=utf-8")
