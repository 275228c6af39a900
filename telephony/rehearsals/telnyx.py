"""Telnyx's side of a call."""

import time
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlencode

from agentversions.sealing import Secrets
from telephony.providers.telnyx import FORM, PROGRESS, rehearsal_key, signed_text
from telephony.rehearsals import Heard, Sent, Unsignable
from telephony.rehearsals.twilio import heard


class TelnyxRehearsal:
    """Form posts, signed with the connection's rehearsal key: Telnyx's own is never told to anybody."""

    def call_id(self, chosen: str) -> str:
        """As Telnyx writes them, where it isn't already."""
        return chosen if chosen.startswith("v3:") else f"v3:{sha256(chosen.encode()).hexdigest()[:54]}"

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """The request for the call's TeXML."""
        fields = _fields(call_id, caller, dialled) | {"CallStatus": "ringing"}
        return self.sign(secrets, url, urlencode(fields).encode())

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """A status callback."""
        fields = _fields(call_id, caller, dialled) | {
            "CallStatus": "completed",
            "CallDuration": str(seconds),
            "CallbackSource": PROGRESS,
            "HangupCause": "normal_clearing",
            "HangupSource": "caller",
            "SequenceNumber": "3",
            "Timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }
        return self.sign(secrets, url, urlencode(fields).encode())

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """With the time in seconds before the body."""
        del url
        key = rehearsal_key(secrets)
        if key is None:
            raise Unsignable("As Telnyx, only Telnyx can sign. Give the connection a rehearsal key, then ring again.")
        now = str(int(time.time()))
        signature = b64encode(key.sign(signed_text(now, body))).decode()
        return Sent(body, {"content-type": FORM, "Telnyx-Timestamp": now, "Telnyx-Signature-Ed25519": signature})

    def hear(self, body: bytes) -> Heard:
        """Read the TeXML."""
        return heard(body)


def _fields(call_id: str, caller: str, dialled: str) -> dict[str, str]:
    account = {"AccountSid": "f5586561-8ff0-4291-a51b-c7dfe4139ff9", "ConnectionId": "1234567890"}
    return account | {"CallSid": call_id, "CallSidLegacy": call_id, "From": caller, "To": dialled}


REHEARSAL = TelnyxRehearsal()
