"""Vapi: JSON signed as a credential of the account says, answered with a transient assistant that holds the agent.

Sources: Vapi's documentation of server events and of server authentication, and the types of its Python library.
Only a transient assistant can be pinned: an `assistantId` always means what is published at Vapi. What is asked must
be answered within 7.5 seconds.
"""

import hmac
import json
import re
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime

from agentversions.sealing import Secrets
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Status
from telephony.providers import assistant, reading
from telephony.providers.base import Answering, Forged, Option, Options, Secret, Step, Unreadable

STATUSES = {
    "scheduled": Status.ROUTING,
    "queued": Status.ROUTING,
    "ringing": Status.RINGING,
    "in-progress": Status.IN_PROGRESS,
    "forwarding": Status.FORWARDING,
    "not-found": Status.FAILED,
}
ENDS = {
    "customer-busy": Status.BUSY,
    "customer-did-not-answer": Status.NO_ANSWER,
    "manually-canceled": Status.CANCELED,
    "vonage-rejected": Status.REJECTED,
}
FAILURES = re.compile(r"error|fault|failed|^assistant-request-|^assistant-not-|not-found|invalid")
"""Of Vapi's hundreds of reasons for an end, those over which the call wasn't what it was meant to be."""
FORWARDED, MACHINE = "assistant-forwarded-call", "voicemail"

JUDGED = {
    **dict.fromkeys(("true", "pass", "passed", "excellent", "good", "strongly agree", "agree"), True),
    **dict.fromkeys(("false", "fail", "failed", "fair", "poor", "disagree", "strongly disagree"), False),
}
"""What Vapi's rubrics PassFail, DescriptiveScale and LikertScale say; “Neutral” is no judgement."""
POINTS = re.compile(r"(10|[1-9])(?:\.0)?(?: ?/ ?10)?|(100|[0-9]{1,2})(?:\.[0-9]+)? ?%")
"""What NumericScale says, of 1 to 10, and PercentageScale."""

HMAC, BEARER = "hmac", "bearer"
TOLERANCE = 300
"""Seconds between the signature's time and ours."""
MILLISECONDS = 10**11
"""A time larger than this is in milliseconds: Vapi doesn't say which it signs."""
LONGEST_TEXT = 1_000_000

OURS_TO_FORGET = frozenset(
    {"assistant", "assistantOverrides", "phoneNumber", "monitor", "credentials", "credentialIds"}
)
"""What repeats our answer, with a project's secrets in it, and what would let a reader listen in or take over."""

NOT_OURS = "This tool isn't answered here: give it an address of its own."


class Vapi:
    """Signed JSON; the answer carries the whole agent, and no worker is needed."""

    key = "vapi"
    name = "Vapi"
    summary = "Takes the whole agent from the answer and speaks with the caller itself."
    secrets: tuple[Secret, ...] = (
        Secret("secret", "Secret", "Of the credential with which Vapi signs, or its bearer token."),
        Secret("previous_secret", "Previous secret", "While you change the secret.", optional=True),
    )
    options: tuple[Option, ...] = (
        Option(
            "signs",
            "Vapi proves itself by",
            "A signature covers what is sent; a bearer token only says who sends.",
            ((HMAC, "HMAC signature"), (BEARER, "Bearer token")),
            HMAC,
        ),
        Option(
            "credential",
            "Credential's id",
            "With it, reports are signed as the number's requests are. Needed unless the account signs everything.",
            pattern="[A-Za-z0-9-]{1,64}",
        ),
        Option(
            "algorithm",
            "Algorithm",
            "",
            (("sha256", "SHA-256"), ("sha512", "SHA-512"), ("sha1", "SHA-1")),
            "sha256",
            seldom=True,
        ),
        Option("encoding", "Signature's encoding", "", (("hex", "Hex"), ("base64", "Base64")), "hex", seldom=True),
        Option(
            "signature_header", "Signature header", default="x-signature", pattern="[A-Za-z0-9-]{1,64}", seldom=True
        ),
        Option(
            "timestamp_header", "Timestamp header", default="x-timestamp", pattern="[A-Za-z0-9-]{1,64}", seldom=True
        ),
        Option("prefix", "Signature prefix", "Such as sha256=; none when empty.", pattern="[!-~]{0,40}", seldom=True),
        Option(
            "payload",
            "Payload format",
            "What is signed, as the credential says. Keep {timestamp} in it: without, a request can be replayed.",
            default="{timestamp}.{body}",
            pattern="[!-~]{0,60}[{]body[}][!-~]{0,60}",
            seldom=True,
        ),
    )
    needs_worker = False
    worker_hint = ""
    worker_schemes: tuple[str, ...] = ("https",)
    picks_up = False
    carries: frozenset[str] = assistant.CARRIES
    notes: Mapping[str, str] = assistant.NOTES
    steps: tuple[Step, ...] = (
        Step("In the Vapi dashboard, open Integrations → Custom Credentials and create one of the type HMAC."),
        Step("Give its secret and its id to this connection; leave the rest as it is there."),
        Step("Under Phone Numbers, choose the number and leave its assistant empty."),
        Step("Paste this as the number's Server URL, and choose the credential for it.", "route"),
        Step("Nothing else: where the call is reported is part of every answer."),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over the time and the raw body, or the token, as the connection says."""
        keys = [key for name in ("secret", "previous_secret") if (key := secrets.get(name, ""))]
        if options["signs"] == BEARER:
            given, expected = _token(request), keys
        else:
            given = request.headers.get(options["signature_header"], "")
            expected = [signature(key, _signed(request, options), options) for key in keys]
        if not any(hmac.compare_digest(one.encode(), given.encode("utf-8", "replace")) for one in expected):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read an `assistant-request`; None for every other message."""
        message = _message(request)
        if message.get("type") != "assistant-request":
            return None
        call, number, customer = (_inner(message, name) for name in ("call", "phoneNumber", "customer"))
        customer = customer or _inner(call, "customer")
        known = [number.get("number"), _inner(call, "phoneNumber").get("number"), call.get("phoneNumberId")]
        dialled = [text for text in (*known, number.get("sipUri")) if isinstance(text, str) and text]
        return IncomingCall(
            reading.identifier(call.get("id"), "message.call.id"),
            reading.text(customer.get("number")) or reading.text(customer.get("sipUri")),
            reading.identifier(dialled[0] if dialled else None, "message.phoneNumber.number"),
            dialled_candidates=tuple(map(reading.text, dialled[1:])),
            caller_name=reading.text(customer.get("name")),
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """The version as a transient assistant."""
        return _json({"assistant": assistant.assistant(answering)})

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The connection's sentence, which Vapi speaks before it hangs up; or another number."""
        if refusal.transfer:
            return _json({"destination": {"type": "number", "number": refusal.transfer}})
        return _json({"error": refusal.say})

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read a status update or the report of an end; other messages about a call are kept as they are."""
        message = _message(request)
        call, kind = _inner(message, "call"), reading.text(message.get("type"), 40)
        if not call and kind not in ("status-update", "end-of-call-report"):
            return []
        told = CallReport(
            call_id=reading.identifier(call.get("id"), "message.call.id"),
            kind=kind or "message",
            status=_status(message),
            occurred_at=_time(message.get("endedAt")) or _time(message.get("timestamp")),
            reason=reading.text(message.get("endedReason")),
            payload=_without(message),
            our_call=reading.text(_inner(_inner(message, "assistant"), "metadata").get("our_call")),
            transferred=message.get("endedReason") == FORWARDED,
            voicemail=message.get("endedReason") == MACHINE,
        )
        return [told if kind != "end-of-call-report" else CallReport(**{**vars(told), **_report(message)})]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """Nothing to say; a tool that is asked for here hears that this isn't its address."""
        message = _message(request)
        if message.get("type") != "tool-calls":
            return _json({})
        return _json({"results": list(_not_ours(message))})


def signature(key: str, signed: bytes, options: Options) -> str:
    """What Vapi's credential puts into its header."""
    found = hmac.digest(key.encode(), signed, options["algorithm"])
    encoded = found.hex() if options["encoding"] == "hex" else b64encode(found).decode()
    return options.get("prefix", "") + encoded


def payload(form: str, *, at: str, body: bytes, method: str, url: str) -> bytes:
    """What is signed: the credential's format with what it names put in, each once."""
    known = {"{timestamp}": at.encode(), "{body}": body, "{method}": method.encode(), "{url}": url.encode()}
    parts = re.split(r"(\{(?:timestamp|body|method|url)\})", form)
    return b"".join(known.get(part, part.encode()) for part in parts)


def _signed(request: HttpRequest, options: Options) -> bytes:
    """What must have been signed; raises Forged for a time that isn't now."""
    at = request.headers.get(options["timestamp_header"], "")
    if "{timestamp}" in options["payload"]:
        if not re.fullmatch("[0-9]{1,14}", at):
            raise Forged
        seconds = int(at) / 1_000 if int(at) > MILLISECONDS else int(at)
        if abs(time.time() - seconds) > TOLERANCE:
            raise Forged
    url = settings.PUBLIC_BASE_URL + request.path
    return payload(options["payload"], at=at, body=request.body, method=request.method or "", url=url)


def _token(request: HttpRequest) -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else request.headers.get("X-Vapi-Secret", "")


def _message(request: HttpRequest) -> dict[str, Any]:
    message = reading.message(request).get("message")
    if not isinstance(message, dict):
        raise Unreadable('The body must be {"message": {"type": …}}.')
    return message


def _inner(message: dict[str, Any], name: str) -> dict[str, Any]:
    return reading.mapping(message.get(name))


def _status(message: dict[str, Any]) -> Status | None:
    """From the message alone: the call inside it is a snapshot from before."""
    said = message.get("status")
    if message.get("type") == "end-of-call-report" or (message.get("type"), said) == ("status-update", "ended"):
        return _end(reading.text(message.get("endedReason")))
    return STATUSES.get(str(said)) if message.get("type") == "status-update" else None


def _end(reason: str) -> Status:
    return ENDS.get(reason, Status.FAILED if FAILURES.search(reason) else Status.COMPLETED)


def _report(message: dict[str, Any]) -> dict[str, Any]:
    """What the report of an end has beside it."""
    artifact, analysis = _inner(message, "artifact"), _inner(message, "analysis")
    recording = _inner(artifact, "recording")
    addresses = (
        *(recording.get("stereoUrl"), _inner(recording, "mono").get("combinedUrl")),
        *(artifact.get("recordingUrl"), message.get("recordingUrl")),
    )
    return {
        "duration": _duration(message),
        "recording_url": next((found for one in addresses if (found := reading.address(one))), ""),
        "transcript": reading.text(artifact.get("transcript") or message.get("transcript"), LONGEST_TEXT),
        "summary": reading.text(analysis.get("summary") or message.get("summary"), LONGEST_TEXT),
        "fields": _inner(analysis, "structuredData"),
        "success": _success(analysis.get("successEvaluation")),
        "cost": reading.dollars(message.get("cost")),
    }


def _success(value: object) -> bool | None:
    """Which side of the middle Vapi's evaluation is on; none for a rubric of several criteria, which is prose."""
    if isinstance(value, bool):
        return value
    said = str(value).strip().lower() if isinstance(value, str | int) else ""
    if points := POINTS.fullmatch(said):
        return int(points[1]) > 5 if points[1] else int(points[2]) >= 50  # noqa: PLR2004
    return JUDGED.get(said.rstrip("."))


def _duration(message: dict[str, Any]) -> int | None:
    told = reading.seconds(message.get("durationSeconds"))
    began, ended = _time(message.get("startedAt")), _time(message.get("endedAt"))
    return reading.seconds((ended - began).total_seconds()) if told is None and began and ended else told


def _time(value: object) -> datetime | None:
    try:
        if isinstance(value, str):
            return reading.moment(parse_datetime(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1_000 if value > MILLISECONDS else value, UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return None


def _without(value: Any) -> Any:
    """What was sent, without what isn't ours to keep."""
    match value:
        case dict():
            return {name: _without(inner) for name, inner in value.items() if name not in OURS_TO_FORGET}
        case list():
            return [_without(inner) for inner in value]
        case _:
            return value


def _not_ours(message: dict[str, Any]) -> Iterator[dict[str, str]]:
    asked = message.get("toolCallList") or message.get("toolCalls")
    for one in asked if isinstance(asked, list) else []:
        call = reading.mapping(one)
        name = call.get("name") or _inner(call, "function").get("name")
        yield {"toolCallId": reading.text(call.get("id")), "name": reading.text(name), "result": NOT_OURS}


def _json(content: dict[str, Any]) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")
