"""SignalWire's side of a call."""

import json
import time
from typing import Any

from agentversions.sealing import Secrets
from telephony.providers.signalwire import signature
from telephony.rehearsals import Heard, Sent


class SignalWireRehearsal:
    """JSON, signed with the project's signing key."""

    def call_id(self, chosen: str) -> str:
        """As it is."""
        return chosen

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """The request for the number's SWML."""
        call = {
            "call_id": call_id,
            "node_id": "node@example.com",
            "segment_id": call_id,
            "call_state": "created",
            "direction": "inbound",
            "type": "phone",
            "from": caller,
            "to": dialled,
            "from_number": caller,
            "to_number": dialled,
            "headers": [],
        }
        return self.sign(secrets, url, _written({"call": call, "vars": {}, "envs": {}, "params": {}}))

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """The report of the conversation, signed here so that it may come to the events' address too."""
        del caller, dialled
        end = time.time_ns() // 1_000
        report = {
            "action": "post_conversation",
            "call_id": call_id,
            "call_start_date": end - seconds * 1_000_000,
            "call_answer_date": end - seconds * 1_000_000,
            "call_end_date": end,
            "call_log": [{"role": "user", "content": "Goodbye."}],
            "post_prompt_data": {"parsed": [{"_summary": "The caller said goodbye."}]},
        }
        return self.sign(secrets, url, _written(report))

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """With the address before the body."""
        key = secrets["signing_key"]
        headers = {
            "content-type": "application/json",
            "X-SignalWire-Sha256-Signature": signature(key, url, body),
            "X-SignalWire-Signature": signature(key, url, body, "sha1"),
        }
        return Sent(body, headers)

    def hear(self, body: bytes) -> Heard:
        """Read the SWML. It hands out no token: no worker is needed."""
        methods: list[dict[str, Any]] = json.loads(body)["sections"]["main"]
        given = {name: parameters for method in reversed(methods) for name, parameters in method.items()}
        if "ai" not in given:
            return Heard(refusal=given.get("play", {}).get("url", "say:rejected").removeprefix("say:"))
        agent = given["ai"]
        return Heard(
            call=agent["global_data"]["our_call"],
            version=agent["global_data"]["version"],
            greeting=agent["params"].get("static_greeting", ""),
        )


def _written(message: dict[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


REHEARSAL = SignalWireRehearsal()
