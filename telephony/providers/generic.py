"""Any program that speaks Standard Webhooks: a LiveKit or Pipecat worker, a SIP proxy, your own.

The specification: standardwebhooks.com. The secret is `whsec_` and Base64; the tolerance is five minutes.
"""

import json
import secrets as random
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from standardwebhooks.webhooks import Webhook

from agentversions.configuration import settings
from agentversions.sealing import Secrets
from agentversions.tools import KINDS
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Status
from telephony.providers import reading
from telephony.providers.base import Answering, Forged, Option, Options, Secret, Step, Unreadable

ENDS = {
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    "busy": Status.BUSY,
    "no_answer": Status.NO_ANSWER,
    "canceled": Status.CANCELED,
    "rejected": Status.REJECTED,
}
LONGEST_TEXT = 1_000_000


def new_secret() -> str:
    """A signing secret as the specification writes it."""
    return "whsec_" + b64encode(random.token_bytes(24)).decode()


class Generic:
    """JSON signed as Standard Webhooks; the answer carries the whole configuration."""

    key = "generic"
    name = "Generic webhook"
    summary = "A program of yours asks who answers: a LiveKit or Pipecat worker, a SIP proxy, anything that signs."
    secrets: tuple[Secret, ...] = (
        Secret(
            "signing_secret",
            "Signing secret",
            "whsec_ and Base64, as Standard Webhooks writes it.",
            pattern=r"whsec_(?:[A-Za-z0-9+/]{4}){5,40}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
            make=new_secret,
        ),
    )
    options: tuple[Option, ...] = ()
    needs_worker = False
    worker_hint = ""
    worker_schemes: tuple[str, ...] = ("https", "wss", "http", "ws")
    picks_up = False
    carries: frozenset[str] = frozenset({leaf.path for leaf in settings()} | {f"tools.{kind}" for kind in KINDS})
    notes: Mapping[str, str] = {}
    steps: tuple[Step, ...] = (
        Step("Give your program the signing secret. It signs each request as Standard Webhooks says."),
        Step("Let it post a call.incoming here when a call comes in, and do what the answer says.", "route"),
        Step("Let it post call.answered, call.ended, call.recording and call.report here.", "events"),
        Step(
            "A call.report may tell, in its data: transcript and summary, which are texts; fields, an object; cost, in "
            "dollars; and, as true or false, transferred (somebody took the caller over), voicemail (a machine did) "
            "and success (the call did what it was for)."
        ),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over the raw body."""
        del options
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            Webhook(secrets["signing_secret"]).verify(request.body, headers, json_parse=False)
        except Exception as error:
            # A hostile header or body makes the library raise ValueError, UnicodeDecodeError and others.
            raise Forged from error

    def read(self, request: HttpRequest) -> IncomingCall:
        """Read a `call.incoming`."""
        message = _message(request)
        if message["type"] != "call.incoming":
            raise Unreadable("The type of a ring is call.incoming.")
        data = message["data"]
        call_id, dialled = reading.identifier(data.get("call_id"), "data.call_id"), data.get("to")
        return IncomingCall(call_id, reading.text(data.get("from")), reading.identifier(dialled, "data.to"))

    def answer(self, answering: Answering) -> HttpResponse:
        """The whole configuration, as the version holds it, and beside it what its variables and secrets are now."""
        call, version = answering.call, answering.version
        return _json(
            {
                "call": {
                    "id": str(call.pk),
                    "provider_call_id": call.provider_call_id,
                    "token": answering.token,
                    "configuration_url": answering.configuration_url,
                    "events_url": answering.events_url,
                },
                "agent": {"id": str(version.agent_id), "name": call.agent_name},
                "version": {"number": version.number, "name": call.version_name, "digest": version.digest},
                "configuration": version.configuration,
                "variables": answering.variables,
                "secrets": answering.secrets,
            }
        )

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The reason for the program; the sentence, or the number to put the caller through to."""
        told = {"reason": refusal.reason, "say": refusal.say}
        return _json({"refusal": told | ({"transfer": refusal.transfer} if refusal.transfer else {})})

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read `call.answered`, `call.ended`, `call.recording` or `call.report`; other types are kept as they are.

        What a report tells beside is read of an end too: a program may have it all by then.
        """
        message = _message(request)
        data, kind = message["data"], reading.text(message["type"], 40)
        report = CallReport(
            call_id=reading.identifier(data.get("call_id"), "data.call_id"),
            kind=kind,
            status=_status(kind, data),
            occurred_at=_time(data.get("ended_at")) or _time(message.get("timestamp")),
            duration=reading.seconds(data.get("duration_s")),
            reason=reading.text(data.get("reason")),
            recording_url=reading.address(data.get("url")) if kind == "call.recording" else "",
            event_id=reading.text(request.headers.get("webhook-id")),
            payload=message,
            transcript=reading.text(data.get("transcript"), LONGEST_TEXT),
            summary=reading.text(data.get("summary"), LONGEST_TEXT),
            fields=reading.mapping(data.get("fields")),
            transferred=data.get("transferred") is True,
            voicemail=data.get("voicemail") is True,
            success=reading.judged(data.get("success")),
            cost=_cost(data.get("cost")),
        )
        return [report]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """Nothing to say."""
        del request
        return HttpResponse(status=204)


def _status(kind: str, data: dict[str, Any]) -> Status | None:
    if kind == "call.answered":
        return Status.IN_PROGRESS
    if kind == "call.ended":
        return ENDS.get(str(data.get("status")), Status.COMPLETED)
    return None


def _cost(value: object) -> Decimal | None:
    """Dollars, as a number or, so that nothing is rounded on the way, in digits."""
    return reading.price(value) if isinstance(value, str) else reading.dollars(value)


def _message(request: HttpRequest) -> dict[str, Any]:
    try:
        message = reading.storable(json.loads(request.body.decode()))
    except (ValueError, RecursionError):
        raise Unreadable("The body isn't JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
        raise Unreadable('The body must be {"type": …, "timestamp": …, "data": {…}}.')
    if not isinstance(message.get("type"), str):
        raise Unreadable("The type must be a text such as call.ended.")
    return message


def _time(value: object) -> datetime | None:
    try:
        return reading.moment(parse_datetime(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _json(content: dict[str, Any]) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")
