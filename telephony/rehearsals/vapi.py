"""Vapi's side of a call, with a credential as Vapi makes it when nothing else is chosen."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from agentversions.sealing import Secrets
from telephony.answering import chosen
from telephony.providers.vapi import Vapi, payload, signature
from telephony.rehearsals import Heard, Sent


class VapiRehearsal:
    """JSON messages with an HMAC."""

    def call_id(self, chosen: str) -> str:
        """As it is."""
        return chosen

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """An `assistant-request`."""
        return self.sign(secrets, url, _written("assistant-request", call_id, caller, dialled))

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """An `end-of-call-report`, whose call is still the one that rang: so it is with Vapi."""
        ended = datetime.now(UTC)
        told = {
            "endedReason": "customer-ended-call",
            "startedAt": (ended - timedelta(seconds=seconds)).isoformat(),
            "endedAt": ended.isoformat(),
            "cost": 0.0431,
            "artifact": {"transcript": "User: Goodbye.", "messages": []},
            "analysis": {"summary": "The caller said goodbye."},
        }
        return self.sign(secrets, url, _written("end-of-call-report", call_id, caller, dialled, **told))

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """With the time in milliseconds before the body."""
        options, now = chosen(Vapi(), {}), str(time.time_ns() // 1_000_000)
        signed = payload(options["payload"], at=now, body=body, method="POST", url=url)
        headers = {
            "content-type": "application/json",
            options["timestamp_header"]: now,
            options["signature_header"]: signature(secrets["secret"], signed, options),
        }
        return Sent(body, headers)

    def hear(self, body: bytes) -> Heard:
        """Read the assistant. It hands out no token: no worker is needed."""
        said = json.loads(body)
        if "assistant" not in said:
            return Heard(refusal=said.get("error") or f"transferred to {said['destination']['number']}")
        agent = said["assistant"]
        return Heard(
            call=agent["metadata"]["our_call"],
            agent=agent.get("name", ""),
            version=agent["metadata"]["version"],
            greeting=agent.get("firstMessage", ""),
        )


def _written(kind: str, call_id: str, caller: str, dialled: str, **told: Any) -> bytes:
    call = {
        "id": call_id,
        "orgId": "0198f0c8-0000-7000-8000-000000000001",
        "type": "inboundPhoneCall",
        "status": "ringing",
        "phoneCallProvider": "twilio",
        "phoneNumberId": "0198f0c8-0000-7000-8000-000000000002",
        "assistantId": None,
        "customer": {"number": caller},
    }
    number = {"id": call["phoneNumberId"], "number": dialled, "provider": "twilio"}
    message = {
        "type": kind,
        "timestamp": time.time_ns() // 1_000_000,
        "call": call,
        "phoneNumber": number,
        "customer": {"number": caller},
        **told,
    }
    return json.dumps({"message": message}, ensure_ascii=False).encode()


REHEARSAL = VapiRehearsal()
