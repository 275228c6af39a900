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
        data = {"call_id": call_id, "from": caller, "to": dialled, "direction": "inbound", "sip": {"headers": {}}}
        return self.sign(secrets, url, _written("call.incoming", data))

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """A `call.ended`."""
        del caller, dialled
        ended = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        data = {"call_id": call_id, "status": "completed", "ended_at": ended, "duration_s": seconds, "reason": "hangup"}
        return self.sign(secrets, url, _written("call.ended", data))

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """As Standard Webhooks says."""
        del url
        now, message_id = datetime.now(UTC), f"msg_{uuid4().hex}"
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secrets["signing_secret"]).sign(message_id, now, body.decode()),
        }
        return Sent(body, headers)

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


def _written(kind: str, data: dict[str, Any]) -> bytes:
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": now, "data": data}).encode()


REHEARSAL = GenericRehearsal()
