"""Twilio's side of a call."""

from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import md5
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from django.http import QueryDict

from agentversions.sealing import Secrets
from telephony.providers.twilio import CALL_SID, FORM, signature
from telephony.rehearsals import Heard, Sent


def sid(call_id: str) -> str:
    """Twilio's spelling of a call's id that was chosen by hand."""
    return call_id if CALL_SID.fullmatch(call_id) else "CA" + md5(call_id.encode(), usedforsecurity=False).hexdigest()


class TwilioRehearsal:
    """Form posts, signed with the auth token."""

    def call_id(self, chosen: str) -> str:
        """A SID."""
        return sid(chosen)

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """A voice webhook."""
        fields = _fields(call_id, caller, dialled) | {"CallStatus": "ringing", "FromCountry": "US", "ToCity": ""}
        return self.sign(secrets, url, urlencode(fields).encode())

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """A status callback."""
        fields = _fields(call_id, caller, dialled) | {
            "CallStatus": "completed",
            "CallDuration": str(seconds),
            "Timestamp": format_datetime(datetime.now(UTC)),
            "CallbackSource": "call-progress-events",
        }
        return self.sign(secrets, url, urlencode(fields).encode())

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """The address and every field."""
        signed = signature(secrets["auth_token"], url, QueryDict(body, encoding="utf-8"))
        return Sent(body, {"content-type": FORM, "X-Twilio-Signature": signed})

    def hear(self, body: bytes) -> Heard:
        """Read the TwiML."""
        return heard(body)


def heard(body: bytes) -> Heard:
    """What TwiML says, whichever way it connects the worker. With a stream, the worker says the greeting."""
    response = ET.fromstring(body)  # noqa: S314 (our own server's answer)
    worker = response.find("./Connect/*")
    if worker is None:
        return Heard(refusal=response.findtext("Say", "rejected"))
    given = {parameter.get("name"): parameter.get("value", "") for parameter in worker.iter("Parameter")}
    return Heard(
        call=given["call_id"],
        token=given["config_token"],
        version=int(given["agent_version"]),
        greeting=worker.get("welcomeGreeting", ""),
    )


def _fields(call_id: str, caller: str, dialled: str) -> dict[str, str]:
    account = {"AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01", "Direction": "inbound"}
    return account | {"CallSid": call_id, "From": caller, "Caller": caller, "To": dialled, "Called": dialled}


REHEARSAL = TwilioRehearsal()
