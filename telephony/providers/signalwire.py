"""SignalWire: JSON signed with the project's signing key, answered with an SWML document that holds the whole agent.

Sources: SignalWire's documentation of SWML, of `ai` and of `data_map`; in its Python library the schema of SWML, the
guide to data_map and the webhook validator. What happens in the call is reported to an address without a signature.
"""

import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from agentversions.sealing import Secrets
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Status
from telephony.providers import reading, swml
from telephony.providers.base import Answering, Forged, Option, Options, Secret, Step

HASHES = {"X-SignalWire-Sha256-Signature": "sha256", "X-SignalWire-Signature": "sha1"}
"""The headers that may hold a signature, the better one first: if it is there, it alone counts."""

STATES = {
    "created": Status.ROUTING,
    "ringing": Status.RINGING,
    "answered": Status.IN_PROGRESS,
    "ended": Status.COMPLETED,
}
ENDS = {
    "busy": Status.BUSY,
    "noAnswer": Status.NO_ANSWER,
    "no_answer": Status.NO_ANSWER,
    "timeout": Status.NO_ANSWER,
    "cancel": Status.CANCELED,
    "canceled": Status.CANCELED,
    "abandoned": Status.CANCELED,
    "decline": Status.REJECTED,
    "error": Status.FAILED,
}
"""What became of a call that ended otherwise than by somebody hanging up."""
OVER = ("ending", "ended")

OURS_TO_FORGET = frozenset({"envs", "SWMLVars", "raw_call_log"})
"""What may hold the project's variables, and what is there twice."""

MICROSECONDS, MILLISECONDS = 10**14, 10**11
"""A time larger than this is in this unit: SignalWire writes times in three."""


class SignalWire:
    """Signed JSON; the answer is one SWML document, and no worker is needed."""

    key = "signalwire"
    name = "SignalWire"
    summary = "Takes the agent from the answer and speaks with the caller itself: no worker is needed."
    secrets: tuple[Secret, ...] = (
        Secret("signing_key", "Signing key", "Of the project: API in the dashboard of your SignalWire space."),
        Secret("previous_signing_key", "Previous signing key", "While you change the key.", optional=True),
    )
    options: tuple[Option, ...] = ()
    needs_worker = False
    worker_hint = ""
    worker_schemes: tuple[str, ...] = ("https", "http")
    picks_up = True  # of an inbound call only the end of the conversation is reported
    carries: frozenset[str] = swml.CARRIES
    notes: Mapping[str, str] = swml.NOTES

    steps: tuple[Step, ...] = (
        Step("In your SignalWire space, open API and copy the signing key to here."),
        Step(
            "Under Phone Numbers, edit the number: handle calls with an SWML script, from this address.",
            "route",
        ),
        Step("Nothing else: where the end of the conversation is reported is part of every answer."),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over the public address and the raw body."""
        del options
        header = next((name for name in HASHES if name in request.headers), None)
        if header is None:
            raise Forged
        given = request.headers[header].encode("utf-8", "replace")
        keys = [secrets.get(name, "") for name in ("signing_key", "previous_signing_key")]
        url = _url(request)
        expected = [signature(key, url, request.body, HASHES[header]) for key in keys if key]
        if not any(hmac.compare_digest(signed.encode(), given) for signed in expected):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read the request for the number's SWML; None for what is told of a call that is over or isn't incoming."""
        call = reading.mapping(reading.message(request).get("call"))
        if call.get("direction") != "inbound" or call.get("call_state") in OVER:
            return None
        dialled = [text for text in (call.get("to_number"), call.get("to")) if isinstance(text, str) and text]
        return IncomingCall(
            reading.identifier(call.get("call_id"), "call.call_id"),
            reading.text(call.get("from_number")) or reading.text(call.get("from")),
            reading.identifier(dialled[0] if dialled else None, "call.to"),
            dialled_candidates=tuple(map(reading.text, dialled[1:])),
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """The whole agent as SWML."""
        return _json(swml.document(swml.conversation(answering)))

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The connection's sentence and the end of the call, or another number."""
        return _json(swml.document(swml.farewell(refusal)))

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read the report of a conversation, a recording's, or a call's state; others are kept as they are."""
        message = reading.message(request)
        if "event_type" in message:
            return [_event(message, reading.mapping(message.get("params")))]
        if "action" in message:
            return [_conversation(message)]
        return [_state(message, reading.mapping(message.get("call")), "status")]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """Nothing to say, in JSON, which is what the agent reads."""
        del request
        return HttpResponse("{}", content_type="application/json")


def signature(key: str, url: str, body: bytes, algorithm: str = "sha256") -> str:
    """What SignalWire puts into its headers: the HMAC of the address and the body."""
    return hmac.digest(key.encode(), url.encode("utf-8", "replace") + body, algorithm).hex()


def _url(request: HttpRequest) -> str:
    """The address that was called, as it was pasted at SignalWire: without credentials, which it doesn't sign."""
    public = urlsplit(settings.PUBLIC_BASE_URL)
    query = request.META.get("QUERY_STRING", "")
    path = public.path + request.path + (f"?{query}" if query else "")
    return f"{public.scheme}://{public.netloc.rpartition('@')[2]}{path}"


def _conversation(message: dict[str, Any]) -> CallReport:
    """The report of the conversation, which for an incoming call is the only one of its end."""
    kind = reading.text(message.get("action"), 40)
    over = kind == "post_conversation"
    end = _moment(message.get("call_end_date")) or _moment(message.get("ai_end_date"))
    begin = _moment(message.get("call_answer_date")) or _moment(message.get("call_start_date"))
    found = reading.mapping(message.get("post_prompt_data"))
    noted = _noted(found)
    summary = noted.pop(swml.SUMMARY, None) or message.get("conversation_summary") or found.get("substituted")
    session = reading.text(message.get("ai_session_id"), 200)
    return CallReport(
        call_id=reading.identifier(message.get("call_id"), "call_id"),
        kind=kind,
        status=Status.COMPLETED if over else None,
        occurred_at=end if over else None,
        duration=reading.seconds((end - begin).total_seconds()) if over and begin and end else None,
        reason=reading.text(message.get("call_ended_by")),
        event_id=f"{session} {kind}" if session and over else "",
        payload={name: value for name, value in message.items() if name not in OURS_TO_FORGET},
        our_call=reading.text(reading.mapping(message.get("global_data")).get("our_call")),
        transcript=_transcript(message.get("call_log"), found.get("raw")),
        summary=reading.text(summary, 20_000),
        fields=noted,
    )


def _event(message: dict[str, Any], params: dict[str, Any]) -> CallReport:
    kind = reading.text(message["event_type"], 40)
    if kind != "calling.call.record":
        return _state(message, params, kind)
    recording = reading.mapping(params.get("record")) | params
    return CallReport(
        call_id=reading.identifier(params.get("call_id"), "params.call_id"),
        kind=kind,
        occurred_at=_moment(message.get("timestamp")),
        recording_url=reading.address(recording.get("url")),
        payload={name: value for name, value in message.items() if name not in OURS_TO_FORGET},
    )


def _state(message: dict[str, Any], call: dict[str, Any], kind: str) -> CallReport:
    """What is told of a call; of another leg, it is told of the call that dialled it, and moves nothing."""
    parent = reading.mapping(call.get("parent")).get("call_id")
    leg = bool(parent) or call.get("direction") == "outbound"
    state, ended = str(call.get("call_state")), str(call.get("end_reason"))
    status = None if leg else STATES.get(state)
    over = status is not None and status.ended
    return CallReport(
        call_id=reading.identifier(parent or call.get("call_id"), "call_id"),
        kind="leg-status" if leg else kind,
        status=ENDS.get(ended, status) if over else status,
        occurred_at=_moment(call.get("end_time") if over else None) or _moment(message.get("timestamp")),
        reason=reading.text(call.get("end_reason")) if over else "",
        payload={name: value for name, value in message.items() if name not in OURS_TO_FORGET},
        transferred=leg and state == "answered",
    )


def _noted(found: dict[str, Any]) -> dict[str, Any]:
    """The fields that the model noted down: as SignalWire parsed them, alone or in a list, or as they were written."""
    parsed = found.get("parsed")
    first = parsed[0] if isinstance(parsed, list) and parsed else parsed
    if isinstance(first, dict):
        return dict(first)
    unfenced = re.sub(r"\A\s*```[a-z]*\s*|\s*```\s*\Z", "", reading.text(found.get("raw"), 100_000))
    try:
        return dict(reading.mapping(reading.storable(json.loads(unfenced))))
    except (ValueError, RecursionError):
        return {}


def _transcript(log: object, noted: object) -> str:
    """Who said what, a line each; without the model's answer to our question after the call."""
    entries = [reading.mapping(entry) for entry in log] if isinstance(log, list) else []
    speakers = {"user": "Caller", "assistant": "Agent"}
    said = [(speakers.get(str(entry.get("role"))), entry.get("content")) for entry in entries]
    return "\n".join(f"{who}: {words}" for who, words in said if who and isinstance(words, str) and words != noted)


def _moment(value: object) -> datetime | None:
    """A time in seconds, milliseconds or microseconds; none for 0, which stands for what didn't happen."""
    if not isinstance(value, int | float) or value <= 0:
        return None
    unit = 10**6 if value > MICROSECONDS else 10**3 if value > MILLISECONDS else 1
    try:
        return datetime.fromtimestamp(value / unit, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _json(document: dict[str, Any]) -> HttpResponse:
    body = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")
