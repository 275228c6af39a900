"""Any program that speaks Standard Webhooks: a LiveKit or Pipecat worker, a SIP proxy, your own.

The specification: standardwebhooks.com. The secret is `whsec_` and Base64; the tolerance is five minutes.
"""

import json
import secrets as random
from base64 import b64encode
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from standardwebhooks.webhooks import Webhook

from agentversions.configuration import settings
from agentversions.documents import refuse_hostile
from agentversions.refusals import Refused
from telephony.incoming import CallReport, IncomingCall
from telephony.models import Connection, Missed, Status
from telephony.providers.base import Answering, Forged, Secret, Unreadable
from telephony.secrets import Secrets

ENDS = {
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    "busy": Status.BUSY,
    "no_answer": Status.NO_ANSWER,
    "canceled": Status.CANCELED,
    "rejected": Status.REJECTED,
}


def new_secret() -> str:
    """A signing secret as the specification writes it."""
    return "whsec_" + b64encode(random.token_bytes(24)).decode()


class Generic:
    """JSON signed as Standard Webhooks; the answer carries the whole configuration."""

    key = "generic"
    name = "Generic webhook"
    secrets: tuple[Secret, ...] = (
        Secret("signing_secret", "Signing secret", "whsec_ and Base64, as Standard Webhooks writes it."),
    )
    needs_worker = False
    carries: frozenset[str] = frozenset({leaf.path for leaf in settings()} | {"tools"})

    def authenticate(self, request: HttpRequest, secrets: Secrets) -> None:
        """Check the signature over the raw body."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            Webhook(secrets["signing_secret"]).verify(request.body, headers)
        except json.JSONDecodeError:
            return  # the library reads the body as JSON once the signature is right: `read` says what is wrong with it
        except Exception as error:
            raise Forged from error

    def read(self, request: HttpRequest) -> IncomingCall:
        """Read a `call.incoming`."""
        data = _message(request, "call.incoming")["data"]
        call_id, dialled = _text(data, "call_id"), _text(data, "to")
        if not call_id or not dialled:
            raise Unreadable("A call.incoming needs data.call_id and data.to.")
        return IncomingCall(call_id, _text(data, "from"), dialled)

    def answer(self, answering: Answering) -> HttpResponse:
        """The whole configuration, as the version holds it."""
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
            }
        )

    def refuse(self, connection: Connection, reason: str) -> HttpResponse:
        """The reason for the program, the sentence for the caller."""
        return _json({"refusal": {"reason": reason, "say": connection.fallback}})

    def read_report(self, request: HttpRequest) -> CallReport:
        """Read `call.answered`, `call.ended`, `call.recording` or `call.report`; other types are kept as they are."""
        message = _message(request)
        data, kind = message["data"], str(message["type"])[:40]
        call_id = _text(data, "call_id")
        if not call_id:
            raise Unreadable("An event needs data.call_id.")
        return CallReport(
            call_id=call_id,
            kind=kind,
            status=_status(kind, data),
            occurred_at=_time(data.get("ended_at")) or _time(message.get("timestamp")),
            duration=_seconds(data.get("duration_s")),
            reason=_text(data, "reason"),
            recording_url=_text(data, "url", 2_000) if kind == "call.recording" else "",
            event_id=request.headers.get("webhook-id", "")[:255],
            payload=message,
        )

    def acknowledge(self) -> HttpResponse:
        """Nothing to say."""
        return HttpResponse(status=204)


def refusals() -> list[str]:
    """Every reason an answer can give."""
    return [reason.value for reason in Missed]


def _status(kind: str, data: dict[str, Any]) -> Status | None:
    if kind == "call.answered":
        return Status.IN_PROGRESS
    if kind == "call.ended":
        return ENDS.get(_text(data, "status"), Status.COMPLETED)
    return None


def _message(request: HttpRequest, kind: str | None = None) -> dict[str, Any]:
    try:
        message = json.loads(request.body)
        refuse_hostile(message)
    except (ValueError, RecursionError, Refused):
        raise Unreadable("The body isn't JSON that can be stored.") from None
    if not isinstance(message, dict) or not isinstance(message.get("data"), dict):
        raise Unreadable('The body must be {"type": …, "timestamp": …, "data": {…}}.')
    if not isinstance(message.get("type"), str) or (kind and message["type"] != kind):
        raise Unreadable(f"The type must be {kind or 'a text such as call.ended'}.")
    return message


def _text(data: dict[str, Any], name: str, length: int = 255) -> str:
    value = data.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > length):
        raise Unreadable(f"data.{name} must be a text of at most {length} characters.")
    return value or ""


def _seconds(value: object) -> int | None:
    longest = 7 * 24 * 3600
    return int(value) if isinstance(value, int | float) and 0 <= value <= longest else None


def _time(value: object) -> datetime | None:
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return make_aware(moment) if moment and is_naive(moment) else moment


def _json(content: dict[str, Any]) -> HttpResponse:
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")
