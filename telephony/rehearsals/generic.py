"""The side of a program that speaks Standard Webhooks."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from standardwebhooks.webhooks import Webhook

from agentversions.sealing import Secrets
from telephony.rehearsals import Heard, Sent


class GenericRehearsal:
    """Standard Webhooks."""

    def call_id(self, chosen: str) -> str:
        """As it is."""
        return chosen

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


REHEARSAL = GenericRehearsal()
