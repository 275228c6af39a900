"""A phone for the cast: a connection with a number that Reception answers, and people who ring it."""

from dataclasses import dataclass
from itertools import count
from typing import Any

from agentversions.models import Agent, Version
from agentversions.operations import publish
from telephony.incoming import CallReport, IncomingCall
from telephony.models import Call, Connection, PhoneNumber, Status
from telephony.operations import add_connection, add_number, assign_number
from telephony.routing import record_call_event, route_call
from tests.cast import Cast, live, save

NUMBER = "+15550001000"
CALLER = "+441134960101"
_calls = count()


@dataclass(frozen=True)
class Phone:
    """The connection, its number, and the version that answers it."""

    connection: Connection
    number: PhoneNumber
    version: Version


def connect(cast: Cast, name: str = "Local worker", **particulars: Any) -> Connection:
    """A generic connection of the project."""
    return add_connection(cast.project, provider="generic", name=name, secrets={}, by=cast.ana, **particulars)


def install(cast: Cast) -> Phone:
    """Reception answers a number with its v2, “Opening hours”."""
    connection = connect(cast)
    number = assign_number(add_number(connection, NUMBER, by=cast.ana), cast.agent, by=cast.pia)
    return Phone(connection, number, go_live(cast.agent, cast, "Opening hours"))


def go_live(agent: Agent, cast: Cast, name: str) -> Version:
    """Ben saves a version, Pia publishes it."""
    version = save(agent, cast.ben, name, prompt=f"You are kind. {name}.")
    return publish(version, live=live(agent), by=cast.pia)


def ring(phone: Phone, dialled: str = NUMBER, caller: str = CALLER) -> Call:
    """Somebody calls."""
    line = Connection.objects.get(pk=phone.connection.pk)  # as it is now
    return route_call(line, IncomingCall(f"call-{next(_calls)}", caller, dialled))


def hang_up(call: Call, status: Status = Status.COMPLETED, **told: Any) -> None:
    """The provider reports the end, after 187 seconds."""
    report = CallReport(
        call.provider_call_id, "call.ended", status=status, duration=187, payload={"type": "call.ended"}
    )
    record_call_event(call.connection, report if not told else CallReport(**{**report.__dict__, **told}))
