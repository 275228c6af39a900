"""A line of every provider into the cast's project, rung as the providers ring."""

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.test import Client

from agentversions.models import Agent
from agentversions.sealing import Secrets
from telephony.models import Connection
from telephony.operations import add_connection, add_number, assign_number
from telephony.providers import PROVIDERS
from telephony.rehearsals import Heard, Sent, rehearsal
from tests.cast import Cast
from tests.telephony.exchange import AUTH_TOKEN, CALLER, SIGNING_SECRET, WORKER, path, public

SECRETS: dict[str, Secrets] = {
    "generic": {"signing_secret": SIGNING_SECRET},
    "twilio": {"auth_token": AUTH_TOKEN},
    "retell": {"api_key": "key_0123456789abcdef"},
    "jambonz": {"webhook_secret": "wh_0123456789abcdef"},
    "signalwire": {"signing_key": "PSK_0123456789abcdef"},
    "vapi": {"secret": "vapi_0123456789abcdef"},
    "telnyx": {"public_key": "j1ZDNYtEzEo1TwVJ6wnwP2VgESol22Omped9PRW6us0=", "rehearsal_key": "0123456789abcdef" * 4},
}
NUMBERS = {key: f"+120255502{place:02}" for place, key in enumerate(PROVIDERS)}


def line(cast: Cast, provider: str, agent: Agent | None = None) -> Connection:
    """A connection of this provider, and its number that the agent answers."""
    worker = WORKER if PROVIDERS[provider].needs_worker else ""
    made = add_connection(
        cast.project,
        provider=provider,
        name=PROVIDERS[provider].name,
        secrets=SECRETS[provider],
        worker_url=worker,
        by=cast.ana,
    )
    assign_number(add_number(made, NUMBERS[provider], by=cast.ana), agent or cast.agent, by=cast.ana)
    return made


def _told(of: Connection, call_id: str) -> dict[str, str]:
    chosen = rehearsal(of.provider).call_id(call_id)
    return {"call_id": chosen, "caller": CALLER, "dialled": NUMBERS[of.provider]}


def rung(of: Connection, call_id: str = "call-1", secrets: Secrets | None = None) -> HttpResponse:
    """A call comes in."""
    side = rehearsal(of.provider)
    return posted(path(of), side.ring(secrets or SECRETS[of.provider], public(of), **_told(of, call_id)))


def hung_up(of: Connection, call_id: str = "call-1") -> HttpResponse:
    """It ends after 42 seconds."""
    side, url = rehearsal(of.provider), public(of, "events")
    return posted(path(of, "events"), side.hang_up(SECRETS[of.provider], url, seconds=42, **_told(of, call_id)))


def heard(of: Connection, response: HttpResponse) -> Heard:
    """What the provider understands."""
    assert response.status_code == 200
    return rehearsal(of.provider).hear(response.content)


def posted(address: str, sent: Sent) -> HttpResponse:
    """Post what was signed."""
    headers = {name: value for name, value in sent.headers.items() if name.lower() != "content-type"}
    kind = next(value for name, value in sent.headers.items() if name.lower() == "content-type")
    brought: Any = Client().generic("POST", urlsplit(address).path, sent.body, content_type=kind, headers=headers)
    answer: HttpResponse = brought
    return answer
