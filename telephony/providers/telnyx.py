"""Telnyx: TeXML, which is its spelling of TwiML, that bridges the call to a worker, which gets words or sound.

Sources: Telnyx's documentation of signed webhooks and of TeXML's callbacks, `<ConversationRelay>`, `<Stream>` and
`<Recording>`, and the verifier in its Python library. A form is signed as the bytes that it is, not as Twilio signs.
"""

import re
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.dateparse import parse_datetime

from agentversions.configuration import Configuration
from agentversions.sealing import Secrets
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Status
from telephony.providers import reading, twiml
from telephony.providers.base import Answering, Forged, Option, Options, Secret, Step, Unreadable

STATUSES = {
    "queued": Status.ROUTING,
    "initiated": Status.ROUTING,
    "ringing": Status.RINGING,
    "answered": Status.IN_PROGRESS,
    "in-progress": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "busy": Status.BUSY,
    "failed": Status.FAILED,
    "no-answer": Status.NO_ANSWER,
    "canceled": Status.CANCELED,
}
PROGRESS, COST = "call-progress-events", "call-cost-events"
"""Where a callback comes from: the one tells of statuses, the other of the price."""

LISTENERS = {"deepgram": "deepgram", "google": "google", "telnyx": "telnyx"}
OTHER_VOICE = (
    "Telnyx takes a voice as it writes it, such as Telnyx.Natural.abbie: one of another provider that isn't written so "
    "is left to Telnyx's default."
)
CARRIES = frozenset(
    {"greeting", "first_speaker", "language", "voice.provider", "voice.id", "transcriber.provider"}
    | {"turn_taking.interruptions", "keypad_input", "recording"}
)

FORM = "application/x-www-form-urlencoded"
TIMESTAMP = re.compile("[0-9]{1,12}")
TOLERANCE = 300
"""Seconds between the signature's time and ours, either way. A retry is signed anew."""
PUBLIC_KEY = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
LARGEST = 64 * 1024
"""Bytes of a webhook: Telnyx's have some two kilobytes, and each is read before its signature can be."""


class Telnyx:
    """Form posts signed with the account's own key; answers in TeXML, always with status 200."""

    key = "telnyx"
    name = "Telnyx"
    summary = "Connects each call by TeXML to your worker, which fetches the agent and speaks with the caller."
    secrets: tuple[Secret, ...] = (
        Secret(
            "public_key",
            "Public key",
            "Keys & Credentials → Public Key in the Telnyx Mission Control Portal has it.",
            pattern=PUBLIC_KEY,
        ),
        Secret(
            "previous_public_key", "Previous public key", "While you rotate the key.", optional=True, pattern=PUBLIC_KEY
        ),
        Secret(
            "rehearsal_key",
            "Rehearsal key",
            "64 hexadecimal digits of your own. What `manage.py ring` signs with: as Telnyx, only Telnyx can sign.",
            optional=True,
            pattern="[0-9a-f]{64}",
        ),
    )
    options: tuple[Option, ...] = (
        twiml.bridge(
            CARRIES,
            "Words: Telnyx hears and speaks, your worker thinks. Sound: your worker does all three, as with Pipecat.",
        ),
    )
    needs_worker = True
    worker_hint = "Your program that speaks with the caller: Telnyx is told to connect each call to it."
    worker_schemes: tuple[str, ...] = ("wss",)
    picks_up = True  # Telnyx answers a call before it asks for its TeXML
    carries: frozenset[str] = CARRIES
    notes: Mapping[str, str] = {
        "voice.provider": OTHER_VOICE,
        "voice.id": OTHER_VOICE,
        "transcriber.provider": "Telnyx listens with Deepgram, Google or its own transcriber: another is left to "
        "Telnyx's default.",
    }
    steps: tuple[Step, ...] = (
        Step("In the Telnyx Mission Control Portal, under Voice → Programmable Voice, create a TeXML application."),
        Step("Paste this as its webhook URL, with the voice method POST.", "route"),
        Step("Paste this as the call progress events URL, with the status callback method POST, and save.", "events"),
        Step("Under Numbers → My Numbers, choose that application for the number."),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over its time and the raw body, and the time against ours."""
        del options
        at = request.headers.get("Telnyx-Timestamp", "")
        if not TIMESTAMP.fullmatch(at) or abs(time.time() - int(at)) > TOLERANCE or len(request.body) > LARGEST:
            raise Forged
        try:
            signature = b64decode(request.headers.get("Telnyx-Signature-Ed25519", ""), validate=True)
        except ValueError:
            raise Forged from None
        if not any(_signed(key, signature, signed_text(at, request.body)) for key in _keys(secrets)):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read the request for a call's TeXML; None for what is told of another leg, an end, a recording or a price."""
        posted = _posted(request)
        status, source = STATUSES.get(str(posted.get("CallStatus"))), posted.get("CallbackSource")
        leg = source and posted.get("ParentCallSid")
        if leg or source == COST or posted.get("RecordingSid") or (status and status.ended):
            return None
        return IncomingCall(
            reading.identifier(posted.get("CallSid"), "CallSid"),
            reading.text(posted.get("From")),
            reading.identifier(posted.get("To"), "To"),
            caller_name=reading.text(posted.get("CallerId")),
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """`<Connect>` to the connection's worker, by `<Stream>` or by `<ConversationRelay>`."""
        if answering.options.get("bridge") == twiml.STREAM:
            return twiml.connect(answering, "Stream", {"bidirectionalMode": "rtp"})
        said = twiml.conversation(answering) | _speech(answering.configuration)
        return twiml.connect(answering, "ConversationRelay", said)

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The connection's sentence, or another number. After anything but 200 Telnyx tries its failover address."""
        return twiml.farewell(refusal)

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read a status callback, a recording's, a price, or the end of a `<Connect>`, which isn't that of the call."""
        posted = _posted(request)
        call_id, leg, kind = posted.get("CallSid"), posted.get("ParentCallSid"), _kind(posted)
        status = STATUSES.get(str(posted.get("CallStatus"))) if kind == "status" else None
        ended = status is not None and status.ended
        report = CallReport(
            call_id=reading.identifier(leg or call_id, "CallSid"),
            kind=kind,
            status=status,
            occurred_at=_time(posted.get("EndTime"))
            if ended and posted.get("EndTime")
            else _time(posted.get("Timestamp")),
            duration=reading.digits(posted.get("CallDuration")) if ended else None,
            reason=reading.text(posted.get("HangupCause")) if ended else "",
            recording_url=twiml.recording(posted),
            payload=reading.storable(posted.dict()),
            transferred=bool(leg) and twiml.answered(posted),
            voicemail=twiml.machine(posted),
            cost=reading.price(posted.get(f"CallCost[{call_id}]")) if kind == "cost" else None,
        )
        return [report]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """An empty response: nothing more to do."""
        del request
        return twiml.nothing()


def signed_text(at: str, body: bytes) -> bytes:
    """What Telnyx signs: the time in seconds, a bar, and the body as it is."""
    return at.encode() + b"|" + body


def rehearsal_key(secrets: Secrets) -> Ed25519PrivateKey | None:
    """The key with which `ring` may sign for a connection, if it has one."""
    seed = secrets.get("rehearsal_key", "")
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)) if seed else None


def _keys(secrets: Secrets) -> Iterator[Ed25519PublicKey]:
    for name in ("public_key", "previous_public_key"):
        if text := secrets.get(name, ""):
            yield Ed25519PublicKey.from_public_bytes(b64decode(text))
    if ours := rehearsal_key(secrets):
        yield ours.public_key()


def _signed(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _posted(request: HttpRequest) -> QueryDict:
    if request.content_type != FORM:
        raise Unreadable("TeXML applications post forms. Choose one for the number, not a Voice API application.")
    try:
        return QueryDict(request.body, encoding="utf-8")
    except SuspiciousOperation:
        raise Unreadable("The form has more fields than anyone sends.") from None


def _kind(posted: QueryDict) -> str:
    match posted.get("CallbackSource"):
        case str(source) if source == COST:
            return "cost"
        case str(source) if source == PROGRESS:
            return "leg-status" if posted.get("ParentCallSid") else "status"
    return "recording" if posted.get("RecordingSid") else "session-end"


def _speech(configuration: Configuration) -> dict[str, str]:
    """Who speaks and who listens."""
    return {
        "voice": _voice(configuration.voice.provider.lower(), configuration.voice.id),
        "transcriptionProvider": LISTENERS.get(configuration.transcriber.provider.lower(), ""),
    }


def _voice(provider: str, name: str) -> str:
    """A voice as Telnyx writes it, with its provider before it; nothing for one that it wouldn't know."""
    if not provider or name.lower().startswith(f"{provider}."):
        return name
    return f"Telnyx.{name}" if name and provider == "telnyx" else ""


def _time(text: object) -> datetime | None:
    """A time in ISO 8601, which Telnyx sends, or in RFC 2822, which its documentation speaks of."""
    if not isinstance(text, str):
        return None
    try:
        return reading.moment(parse_datetime(text) or parsedate_to_datetime(text))
    except (ValueError, OverflowError):
        return None
