"""jambonz's side of a call."""

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from agentversions.sealing import Secrets
from telephony.providers.jambonz import signature
from telephony.rehearsals import Heard, Sent


class JambonzRehearsal:
    """JSON hooks, signed with the account's webhook secret."""

    def call_id(self, chosen: str) -> str:
        """As it is."""
        return chosen

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """The application's call hook."""
        hook = _fields(call_id, caller, dialled) | {
            "call_status": "trying",
            "sip_status": 100,
            "sip_reason": "Trying",
            "caller_name": "",
            "sip": {"headers": {}, "method": "INVITE", "uri": f"sip:{dialled}@sip.example.com"},
        }
        return self.sign(secrets, url, _written(hook))

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """The application's status hook."""
        hook = _fields(call_id, caller, dialled) | {
            "call_status": "completed",
            "sip_status": 200,
            "sip_reason": "OK",
            "duration": seconds,
            "call_termination_by": "caller",
        }
        return self.sign(secrets, url, _written(hook))

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """With the time in seconds before the body."""
        del url
        now = str(int(time.time()))
        signed = f"t={now},v1={signature(secrets['webhook_secret'], now, body)}"
        return Sent(body, {"content-type": "application/json", "Jambonz-Signature": signed})

    def hear(self, body: bytes) -> Heard:
        """Read the verbs. Our call's token is handed out only with functions, to the worker that runs them."""
        verbs: list[dict[str, Any]] = json.loads(body)
        given = {verb["verb"]: verb for verb in reversed(verbs)}  # of two of a kind, the first
        if "sip:decline" in given:
            declined = given["sip:decline"]
            return Heard(refusal=f"{declined['headers']['X-Reason']}: {declined['status']} {declined['reason']}")
        messages = given["agent"]["llm"]["llmOptions"].get("messages", [])
        handed_out = parse_qs(urlsplit(given["agent"].get("toolHook", "")).query)
        return Heard(
            call=given["tag"]["data"]["our_call"],
            token=handed_out.get("config_token", [""])[0],
            version=given["tag"]["data"]["version"],
            greeting=messages[-1]["content"] if messages else "",
        )


def _fields(call_id: str, caller: str, dialled: str) -> dict[str, Any]:
    ids = {"call_sid": call_id, "account_sid": "0" * 32, "application_sid": "1" * 32, "call_id": f"{call_id}@sip"}
    # SIP user parts: jambonz hands them on as the carrier sends them, often without the plus.
    return ids | {"direction": "inbound", "from": caller.removeprefix("+"), "to": dialled.removeprefix("+")}


def _written(hook: dict[str, Any]) -> bytes:
    return json.dumps(hook, ensure_ascii=False, separators=(",", ":")).encode()


REHEARSAL = JambonzRehearsal()
