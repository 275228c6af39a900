"""Retell's side of a call."""

import json
import time
from typing import Any

from agentversions.sealing import Secrets
from telephony.providers.retell import ENDED, RING, signature
from telephony.rehearsals import Heard, Sent


class RetellRehearsal:
    """JSON, signed with the account's API key."""

    def call_id(self, chosen: str) -> str:
        """As it is."""
        return chosen

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """The inbound webhook of the number."""
        call = {"call_id": call_id, "from_number": caller, "to_number": dialled}
        return self.sign(secrets, url, _written({"event": RING, "event_timestamp": _now(), RING: call}))

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """The report of the end."""
        end = _now()
        call = {
            "call_type": "phone_call",
            "call_id": call_id,
            "call_status": "registered",  # as in Retell's own example: what it says is of before
            "direction": "inbound",
            "from_number": caller,
            "to_number": dialled,
            "start_timestamp": end - seconds * 1000,
            "end_timestamp": end,
            "duration_ms": seconds * 1000,
            "disconnection_reason": "user_hangup",
            "transcript": "User: Goodbye.",
        }
        return self.sign(secrets, url, _written({"event": ENDED, "call": call}))

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """With the time in milliseconds after the body."""
        del url
        now = str(_now())
        signed = f"v={now},d={signature(secrets['api_key'], now, body)}"
        return Sent(body, {"content-type": "application/json", "X-Retell-Signature": signed})

    def hear(self, body: bytes) -> Heard:
        """Read the answer. It hands out no token: no worker is needed."""
        answer: dict[str, Any] = json.loads(body)[RING]
        if "metadata" not in answer:
            return Heard(refusal="Retell declines it, or lets the number's own agent there take it.")
        model = answer["agent_override"].get("retell_llm", {})
        return Heard(
            call=answer["metadata"]["our_call"],
            version=answer["metadata"]["version"],
            greeting=model.get("begin_message") or "",
        )


def _now() -> int:
    return time.time_ns() // 1_000_000


def _written(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


REHEARSAL = RetellRehearsal()
