"""Twilio Programmable Voice: TwiML that bridges the call to a worker, which gets words or sound.

Sources: Twilio's documentation of webhook security (validating requests), of voice webhooks and of recording beside
ConversationRelay, and the validator in its Python library. What TwiML can't carry, the worker fetches with the token
it is handed.
"""

import hmac
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, QueryDict

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
    "in-progress": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "busy": Status.BUSY,
    "failed": Status.FAILED,
    "no-answer": Status.NO_ANSWER,
    "canceled": Status.CANCELED,
}
SPEAKERS = {"google": "Google", "amazon": "Amazon", "elevenlabs": "ElevenLabs"}
LISTENERS = {"google": "Google", "deepgram": "Deepgram"}
"""The providers that ConversationRelay has: another one's name would fail the call, so it is left to the default."""
OTHER_VOICE = "Twilio speaks with voices of Google, Amazon and ElevenLabs: another's is left to Twilio's default."

CARRIES = frozenset(
    {"greeting", "first_speaker", "language", "voice.provider", "voice.id", "transcriber.provider"}
    | {"transcriber.keywords", "turn_taking.interruptions", "keypad_input", "recording"}
    | {"tools.transfer"}
)
FORM = "application/x-www-form-urlencoded"
SHARED_KEY_SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
OURS_TO_FORGET = frozenset({"CallToken"})
"""What Twilio sends for its own use, and nobody should find in a database."""


CALL_SID = re.compile("CA[0-9a-fA-F]{32}")
"""Twilio signs names and values without anything between them: a call's id that is no SID could hold other fields."""
LARGEST = 64 * 1024
"""Bytes of a webhook: Twilio's have some two kilobytes, and each is read before its signature can be."""


class Twilio:
    """Form posts signed with the account's auth token; answers in TwiML, always with status 200."""

    key = "twilio"
    name = "Twilio"
    summary = "Connects each call to your worker, which fetches the agent and speaks with the caller."
    secrets: tuple[Secret, ...] = (
        Secret("auth_token", "Auth token", "Account Info in the Twilio Console has it; a subaccount has its own."),
        Secret("shared_key", "Shared key", "Only if you sign webhooks with a shared key.", optional=True),
        Secret("previous_auth_token", "Previous auth token", "While you rotate the auth token.", optional=True),
        Secret("previous_shared_key", "Previous shared key", "While you rotate the shared key.", optional=True),
    )
    options: tuple[Option, ...] = (
        twiml.bridge(
            CARRIES,
            "Words: Twilio hears and speaks, your worker thinks. Sound: your worker does all three, as with Pipecat; "
            "Twilio then wants an address without a query.",
        ),
    )
    needs_worker = True
    worker_hint = "Your program that speaks with the caller: Twilio is told to connect each call to it."
    worker_schemes: tuple[str, ...] = ("wss",)
    picks_up = True  # for an inbound call only its end is reported
    carries: frozenset[str] = CARRIES
    notes: Mapping[str, str] = {
        "voice.provider": OTHER_VOICE,
        "voice.id": OTHER_VOICE,
        "tools.transfer": "Twilio dials the number when your worker ends its session with the handoffData "
        '{"transfer": "the tool\'s name"}.',
        "transcriber.provider": "Twilio listens with Google or Deepgram: another is left to Twilio's default.",
    }
    steps: tuple[Step, ...] = (
        Step("In the Twilio Console, open Phone Numbers → Manage → Active numbers and choose the number."),
        Step("Under Voice Configuration, set “A call comes in” to Webhook, HTTP POST, and paste this.", "route"),
        Step("Set “Call status changes” to this, HTTP POST, and save.", "events"),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over the public address and every posted field."""
        del options
        posted, given = _posted(request), request.headers.get("X-Twilio-Signature", "").encode("utf-8", "replace")
        keys = _keys(request, secrets)
        expected = [signature(key, url, posted, algorithm) for url in _urls(request) for key, algorithm in keys]
        if not any(hmac.compare_digest(signed.encode(), given) for signed in expected):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read a voice webhook; None for what is told of a call that is over, a recording or a session."""
        posted = _posted(request)
        status = STATUSES.get(str(posted.get("CallStatus")))
        if _kind(posted) in ("recording", "session-end") or (status and status.ended):
            return None
        return IncomingCall(
            _sid(posted.get("CallSid")),
            reading.text(posted.get("From")),
            reading.identifier(posted.get("To"), "To"),
            caller_name=reading.text(posted.get("CallerName")),
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """`<Connect>` to the connection's worker, by `<Stream>` or by `<ConversationRelay>`."""
        if answering.options.get("bridge") == twiml.STREAM:
            return twiml.connect(answering, "Stream", {})
        said = twiml.conversation(answering) | _speech(answering.configuration)
        return twiml.connect(answering, "ConversationRelay", said)

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The connection's sentence, or another number. Anything but 200 would play Twilio's error message."""
        return twiml.farewell(refusal)

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read a status callback, a recording's, or the end of a `<Connect>` (which isn't the end of the call)."""
        posted = _posted(request)
        leg, kind = posted.get("ParentCallSid"), _kind(posted)
        transfer = _transfer(posted.get("HandoffData")) if kind == "session-end" and not leg else ""
        report = CallReport(
            call_id=_sid(leg or posted.get("CallSid")),
            kind=kind,
            status=None if leg or kind == "session-end" else STATUSES.get(str(posted.get("CallStatus"))),
            occurred_at=_time(posted.get("Timestamp")),
            duration=None if leg else reading.digits(posted.get("CallDuration")),
            recording_url=twiml.recording(posted),
            event_id=_event_id(posted),
            payload=reading.storable({name: posted[name] for name in posted if name not in OURS_TO_FORGET}),
            transfer=transfer,
            transferred=bool(transfer) or (bool(leg) and twiml.answered(posted)),
            voicemail=twiml.machine(posted),
            cost=_cost(posted),
        )
        return [report]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """An empty response: nothing more to do."""
        del request
        return twiml.nothing()


def _sid(value: object) -> str:
    if not isinstance(value, str) or not CALL_SID.fullmatch(value):
        raise Unreadable("CallSid must be CA and 32 hexadecimal digits.")
    return value


def _speech(configuration: Configuration) -> dict[str, str]:
    """Who speaks and who listens."""
    voice, transcriber = configuration.voice, configuration.transcriber
    speaker = SPEAKERS.get(voice.provider.lower(), "")
    return {
        "ttsProvider": speaker,
        "voice": voice.id if speaker or not voice.provider else "",
        "transcriptionProvider": LISTENERS.get(transcriber.provider.lower(), ""),
        "hints": ",".join(transcriber.keywords),
    }


def _transfer(handed_over: object) -> str:
    """The tool that the worker names as it ends its session: `{"transfer": "manager"}`."""
    try:
        told = json.loads(handed_over) if isinstance(handed_over, str) else {}
    except (ValueError, RecursionError):
        return ""
    return reading.text(reading.mapping(told).get("transfer"))


def _cost(posted: QueryDict) -> Decimal | None:
    """What the call's own leg cost, where it is told in dollars. Twilio writes what is owed as less than nothing."""
    if posted.get("PriceUnit") != "USD" or posted.get("ParentCallSid"):
        return None
    return reading.price(str(posted.get("Price")).removeprefix("-"))


def _event_id(posted: QueryDict) -> str:
    """The same for a report that is sent again. Of what is signed: Twilio's own token for it is not."""
    return sha256(_signed(posted).encode("utf-8", "replace")).hexdigest()


def signature(key: str, url: str, posted: QueryDict, algorithm: str = "sha1") -> str:
    """What Twilio puts into X-Twilio-Signature: the HMAC of the address and of every field, sorted, each value once."""
    text = url + _signed(posted)
    return b64encode(hmac.digest(key.encode(), text.encode("utf-8", "replace"), algorithm)).decode()


def _signed(posted: QueryDict) -> str:
    return "".join(name + value for name in sorted(posted) for value in sorted(set(posted.getlist(name))))


def _keys(request: HttpRequest, secrets: Secrets) -> list[tuple[str, str]]:
    """The secrets that may have signed, each with its algorithm; none for an algorithm we don't know."""
    said = request.headers.get(SHARED_KEY_SETTINGS)
    named = dict(part.strip().split("=", 1) for part in (said or "").split(",") if "=" in part)
    match None if said is None else named.get("algorithm", ""):
        case None:
            usable = [(secrets.get(name, ""), "sha1") for name in ("auth_token", "previous_auth_token")]
        case "HMAC_SHA256":
            usable = [(secrets.get(name, ""), "sha256") for name in ("shared_key", "previous_shared_key")]
        case _:
            usable = []
    return [(key, algorithm) for key, algorithm in usable if key]


def _urls(request: HttpRequest) -> list[str]:
    """The address that was called, with and without its port: Twilio isn't consistent about signing it."""
    public = urlsplit(settings.PUBLIC_BASE_URL)
    port = public.port or (443 if public.scheme == "https" else 80)
    host = public.netloc.removesuffix(f":{port}")
    query = request.META.get("QUERY_STRING", "")  # as it came: Django would escape in it what Twilio signs as it is
    path = public.path + request.path + (f"?{query}" if query else "")
    return [f"{public.scheme}://{netloc}{path}" for netloc in (host, f"{host}:{port}")]


def _posted(request: HttpRequest) -> QueryDict:
    """The posted fields, from the raw body, whatever encoding a header claims."""
    if request.content_type != FORM or len(request.body) > LARGEST:
        raise Forged
    try:
        return QueryDict(request.body, encoding="utf-8")
    except SuspiciousOperation as error:
        raise Forged from error


def _kind(posted: QueryDict) -> str:
    if posted.get("RecordingSid"):
        return "recording"
    if posted.get("SessionId") or posted.get("StreamSid"):
        return "session-end"
    return "leg-status" if posted.get("ParentCallSid") else "status"


def _time(text: object) -> datetime | None:
    try:
        return reading.moment(parsedate_to_datetime(text)) if isinstance(text, str) else None
    except (ValueError, OverflowError):
        return None
