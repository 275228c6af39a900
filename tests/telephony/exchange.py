"""Two lines into the cast's project, and the providers at their other end, who sign with their own libraries."""

import inspect
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4
from xml.etree import ElementTree as ET

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from standardwebhooks.webhooks import Webhook
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Connect, VoiceResponse

from agentversions.models import Agent, Version
from agentversions.operations import publish
from telephony.models import Call, CallEvent, Connection, PhoneNumber
from telephony.operations import add_connection, add_number, assign_number
from telephony.rehearsals.twilio import sid
from tests.cast import Cast, assemble, live, save

SIGNING_SECRET = "whsec_" + b64encode(b"only tests sign with it.").decode()
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
FORM = "application/x-www-form-urlencoded"
WORKER = "wss://worker.example.com/relay"
CALLER = "+14155550100"

GENERIC_NUMBER = "+12025550133"
GENERIC_SECOND = "+12025550134"
TWILIO_NUMBER = "+442079460000"
FREE_NUMBER = "+12025550199"


@dataclass(frozen=True)
class Exchange:
    """The cast, its agent on the air with v2, and the lines that lead to it."""

    cast: Cast
    generic: Connection
    twilio: Connection
    number: PhoneNumber
    free: PhoneNumber
    version: Version

    @property
    def agent(self) -> Agent:
        """The agent, as it is now."""
        return Agent.objects.get(pk=self.cast.agent.pk)

    def go_live(self, name: str = "", **typed: str) -> Version:
        """Save what Ana types as the next version, and publish it."""
        version = save(self.cast.agent, self.cast.ana, name, **typed)
        return publish(version, live=live(self.cast.agent), by=self.cast.pia)


def connect() -> Exchange:
    """Both lines, by the verbs that people use: two numbers and a free one on the first, one on the second."""
    cast = assemble()
    ana = cast.ana
    generic = add_connection(
        cast.project, provider="generic", name="Worker", secrets={"signing_secret": SIGNING_SECRET}, by=ana
    )
    twilio = add_connection(
        cast.project, provider="twilio", name="Twilio", secrets={"auth_token": AUTH_TOKEN}, worker_url=WORKER, by=ana
    )
    lines = ((generic, GENERIC_NUMBER), (generic, GENERIC_SECOND), (twilio, TWILIO_NUMBER))
    numbers = [assign_number(add_number(line, number, by=ana), cast.agent, by=ana) for line, number in lines]
    free = add_number(generic, FREE_NUMBER, by=ana)
    version = save(cast.agent, ana, "Opening", prompt="You answer the phone.", greeting="Front desk, hello.")
    publish(version, live=None, by=cast.pia)
    return Exchange(cast, generic, twilio, numbers[0], free, version)


def send(address: str, body: str | bytes, content_type: str, headers: Mapping[str, str]) -> HttpResponse:
    """Post raw bytes, as they are."""
    # Django's stubs give the test client's answers a class of their own.
    sent: Any = Client().generic("POST", address, body, content_type=content_type, headers=headers)
    answer: HttpResponse = sent
    return answer


def signature(url: str, fields: Mapping[str, str | list[str]], token: str = AUTH_TOKEN) -> str:
    """What Twilio's own library signs."""
    signed: str = RequestValidator(token).compute_signature(url, several(fields))
    return signed


def path(connection: Connection, door: str = "route") -> str:
    """The address pasted at the provider, without its host."""
    return reverse(f"telephony.{door}", args=[connection.provider, connection.pk])


def public(connection: Connection, door: str = "route") -> str:
    """The address as the provider knows it."""
    return settings.PUBLIC_BASE_URL + path(connection, door)


def sealed(
    body: str, *, secret: str = SIGNING_SECRET, at: datetime | None = None, event_id: str = ""
) -> dict[str, str]:
    """The headers of Standard Webhooks for a body, from its own library."""
    event_id = event_id or f"msg_{uuid4().hex}"
    at = at or datetime.now(UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body),
    }


def said(kind: str, **data: Any) -> str:
    """A message of our generic contract."""
    now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": now, "data": data})


def tell(
    connection: Connection,
    body: str,
    *,
    door: str = "route",
    headers: Mapping[str, str] | None = None,
    event_id: str = "",
    to: str = "",
) -> HttpResponse:
    """Post a body to a generic line, signed unless headers are given."""
    signed = sealed(body, event_id=event_id) if headers is None else dict(headers)
    return send(to or path(connection, door), body, "application/json", signed)


def ring(connection: Connection, call_id: str = "call-1", to: str = "", caller: str = CALLER) -> HttpResponse:
    """A call comes in, on either kind of line."""
    if connection.provider == "twilio":
        return post(
            connection, {"CallSid": sid(call_id), "From": caller, "To": to or TWILIO_NUMBER, "CallStatus": "ringing"}
        )
    data = {"call_id": call_id, "from": caller, "to": to or GENERIC_NUMBER, "direction": "inbound"}
    return tell(connection, said("call.incoming", **data))


def report(connection: Connection, kind: str, call_id: str = "call-1", event_id: str = "", **data: Any) -> HttpResponse:
    """The generic line tells of a call."""
    return tell(connection, said(kind, call_id=call_id, **data), door="events", event_id=event_id)


def callback(
    connection: Connection, call_id: str = "call-1", headers: Mapping[str, str] | None = None, **fields: str
) -> HttpResponse:
    """Twilio tells of a call."""
    return post(connection, {"CallSid": sid(call_id), **fields}, door="events", headers=headers)


def post(
    connection: Connection,
    fields: Mapping[str, str | list[str]],
    *,
    door: str = "route",
    headers: Mapping[str, str] | None = None,
    token: str = AUTH_TOKEN,
    signed_url: str = "",
    query: str = "",
) -> HttpResponse:
    """Post a form as Twilio does; headers add to, or take the place of, its signature."""
    query = query and f"?{query}"
    signed = signature(signed_url or public(connection, door) + query, fields, token)
    given = {"X-Twilio-Signature": signed, **(headers or {})}
    return send(path(connection, door) + query, urlencode(fields, doseq=True), FORM, given)


def several(fields: Mapping[str, str | list[str]]) -> MultiValueDict[str, str]:
    """The fields as Twilio's library takes them when one is there more than once."""
    return MultiValueDict({name: given if isinstance(given, list) else [given] for name, given in fields.items()})


def heard(response: HttpResponse) -> dict[str, Any]:
    """The generic answer."""
    assert response.status_code == 200
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def twiml(response: HttpResponse) -> ET.Element:
    """Twilio's answer."""
    assert response.status_code == 200
    return ET.fromstring(response.content)  # noqa: S314 - our own server's answer


def relay(response: HttpResponse) -> ET.Element:
    """The ConversationRelay of Twilio's answer."""
    found = twiml(response).find("./Connect/ConversationRelay")
    assert found is not None
    return found


def parameters(response: HttpResponse) -> dict[str, str]:
    """What Twilio hands on to the worker."""
    return {one.attrib["name"]: one.attrib["value"] for one in relay(response).iter("Parameter")}


RELAY_ATTRIBUTES = [
    name for name in inspect.signature(Connect.conversation_relay).parameters if name not in ("self", "kwargs")
]
"""As Twilio's library names them."""


def camel(name: str) -> str:
    """One of Twilio's names in Python, as it is written in TwiML."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def canonical(document: bytes | str) -> str:
    """XML in the one spelling that can be compared."""
    return ET.canonicalize(document.decode() if isinstance(document, bytes) else document)


def as_twilio_writes(response: HttpResponse) -> str:
    """The same answer, written anew by Twilio's library."""
    attributes = {name: value for name in RELAY_ATTRIBUTES if (value := relay(response).get(camel(name)))}
    written = VoiceResponse()
    connect = written.connect(action=twiml(response).find("Connect").get("action"))  # type: ignore[union-attr]
    written_relay = connect.conversation_relay(**attributes)
    for name, value in parameters(response).items():
        written_relay.parameter(name=name, value=value)
    return canonical(str(written))


def worker(response: HttpResponse) -> tuple[str, str]:
    """The address of the call's configuration and the token that opens it, on either kind of line."""
    if response["Content-Type"].startswith("text/xml"):
        return parameters(response)["configuration_url"], parameters(response)["config_token"]
    given = heard(response)["call"]
    return given["configuration_url"], given["token"]


def pull(address: str, token: str) -> dict[str, Any]:
    """What the worker fetches."""
    response = Client().get(address, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    fetched: dict[str, Any] = json.loads(response.content)
    return fetched


def answered_by(response: HttpResponse) -> int:
    """The number of the version that answered, on either kind of line."""
    if response["Content-Type"].startswith("text/xml"):
        return int(parameters(response)["agent_version"])
    number: int = heard(response)["version"]["number"]
    return number


def refusal(response: HttpResponse) -> str:
    """What the caller is told instead of an answer, on either kind of line."""
    if response["Content-Type"].startswith("text/xml"):
        assert [child.tag for child in twiml(response)] == ["Say", "Hangup"]
        return twiml(response).findtext("Say", "")
    answer = heard(response)
    assert list(answer) == ["refusal"]
    say: str = answer["refusal"]["say"]
    return say


def call(call_id: str = "call-1") -> Call:
    """The one call of this id, as it is now."""
    return Call.objects.select_related("version").get(provider_call_id__in=[call_id, sid(call_id)])


def written() -> tuple[int, int]:
    """How many calls and reports are in the database."""
    return Call.objects.count(), CallEvent.objects.count()
