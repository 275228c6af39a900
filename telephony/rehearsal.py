"""Speaks as a provider would, with its real signature: for the `ring` command, the demo and the tests."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from typing import Any, Protocol
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree as ET

from django.http import QueryDict
from standardwebhooks.webhooks import Webhook

from agentversions.sealing import Secrets
from telephony.providers.twilio import CALL_SID, FORM, signature


@dataclass(frozen=True)
class Sent:
    """A signed request, ready to post."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Heard:
    """What an answer says: the version that answers, its greeting, our call's id and token; or a refusal."""

    call: str = ""
    token: str = ""
    agent: str = ""
    version: int | None = None
    greeting: str = ""
    refusal: str = ""


class Rehearsal(Protocol):
    """One provider's side of the conversation."""

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """The request that announces a call."""

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """The request that reports its end."""

    def hear(self, body: bytes) -> Heard:
        """Read an answer."""


class GenericRehearsal:
    """Standard Webhooks."""

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """A `call.incoming`."""
        del url
        data = {"call_id": call_id, "from": caller, "to": dialled, "direction": "inbound", "sip": {"headers": {}}}
        return _signed(secrets, "call.incoming", data)

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """A `call.ended`."""
        del url, caller, dialled
        ended = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        data = {"call_id": call_id, "status": "completed", "ended_at": ended, "duration_s": seconds, "reason": "hangup"}
        return _signed(secrets, "call.ended", data)

    def hear(self, body: bytes) -> Heard:
        """Read the JSON answer."""
        said = json.loads(body)
        if "refusal" in said:
            return Heard(refusal=f"{said['refusal']['reason']}: {said['refusal']['say']}")
        call = said["call"]
        return Heard(
            call=call["id"],
            token=call["token"],
            agent=said["agent"]["name"],
            version=said["version"]["number"],
            greeting=said["configuration"].get("greeting", ""),
        )


def _signed(secrets: Secrets, kind: str, data: dict[str, Any]) -> Sent:
    now, message_id = datetime.now(UTC), f"msg_{uuid4().hex}"
    body = json.dumps({"type": kind, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": data})
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secrets["signing_secret"]).sign(message_id, now, body),
    }
    return Sent(body.encode(), headers)


def sid(call_id: str) -> str:
    """Twilio's spelling of a call's id that was chosen by hand."""
    return call_id if CALL_SID.fullmatch(call_id) else "CA" + md5(call_id.encode(), usedforsecurity=False).hexdigest()


class TwilioRehearsal:
    """Form posts, signed with the auth token."""

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """A voice webhook."""
        fields = _fields(call_id, caller, dialled) | {"CallStatus": "ringing", "FromCountry": "US", "ToCity": ""}
        return _posted(secrets, url, fields)

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """A status callback."""
        fields = _fields(call_id, caller, dialled) | {
            "CallStatus": "completed",
            "CallDuration": str(seconds),
            "Timestamp": format_datetime(datetime.now(UTC)),
            "CallbackSource": "call-progress-events",
        }
        return _posted(secrets, url, fields)

    def hear(self, body: bytes) -> Heard:
        """Read the TwiML."""
        response = ET.fromstring(body)  # noqa: S314 (our own server's answer)
        relay = response.find("./Connect/ConversationRelay")
        if relay is None:
            return Heard(refusal=response.findtext("Say", "rejected"))
        given = {parameter.get("name"): parameter.get("value", "") for parameter in relay.iter("Parameter")}
        return Heard(
            call=given["call_id"],
            token=given["config_token"],
            version=int(given["agent_version"]),
            greeting=relay.get("welcomeGreeting", ""),
        )


def _fields(call_id: str, caller: str, dialled: str) -> dict[str, str]:
    account = {"AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01", "Direction": "inbound"}
    return account | {"CallSid": call_id, "From": caller, "Caller": caller, "To": dialled, "Called": dialled}


def _posted(secrets: Secrets, url: str, fields: dict[str, str]) -> Sent:
    body = urlencode(fields)
    signed = signature(secrets["auth_token"], url, QueryDict(body))
    return Sent(body.encode(), {"content-type": FORM, "X-Twilio-Signature": signed})


REHEARSALS: dict[str, Rehearsal] = {"generic": GenericRehearsal(), "twilio": TwilioRehearsal()}
