"""What the page of one call knows: how it went, and the version that handled it or why none did."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse

from agentversions.checks import Carrier
from agentversions.history import Span, lived
from agentversions.models import Version
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.answering import chosen
from telephony.carrying import lacks
from telephony.models import Call, Missed
from telephony.providers import PROVIDERS


def call(user: User, of: Call) -> Context:
    """One call: how it went, what the provider reported, and the version that handled it or why none did."""
    told: Context = projects.project(user, of.connection.project) | {"call": of, "events": of.events.order_by("pk")}
    if of.version:
        return told | {"version": of.version, "lived": _lived(of, of.version), "carriers": _carriers(of, of.version)}
    return told | {"cure": _cure(of)}


def _carriers(call: Call, version: Version) -> list[Carrier]:
    """Who carried it, with what of its version that lacked, as the connection was set when it rang."""
    provider = PROVIDERS[call.connection.provider]
    lacking = lacks(provider, version.read(), chosen(provider, call.options))
    return [Carrier(provider.name, tuple(lacking))] if lacking else []


def _lived(call: Call, version: Version) -> Span | None:
    """The time during which the version was live, as the call came in."""
    before = [span for span in lived([version]).get(version.number, []) if span.since <= call.started_at]
    return before[-1] if before else None


@dataclass(frozen=True)
class Cure:
    """What to do so that the next such call is answered, and where."""

    sentence: str
    button: str
    url: str


def _cure(call: Call) -> Cure:
    project = call.connection.project_id
    numbers = reverse("numbers.index", args=[project])
    match Missed(call.missed):
        case Missed.UNKNOWN_NUMBER:
            url = reverse("numbers.add", args=[project])
            return Cure(f"Add the number to {call.connection}, and assign it to an agent.", "Add the number", url)
        case Missed.CONNECTION_DISABLED:
            url = reverse("connections.show", args=[call.connection_id])
            return Cure(f"Switch {call.connection} on again.", "To the connection", url)
        case Missed.NO_WORKER:
            url = reverse("connections.show", args=[call.connection_id])
            return Cure(f"Give {call.connection} its worker's address.", "To the connection", url)
        case Missed.NOTHING_PUBLISHED if call.agent_id:
            url = reverse("agents.show", args=[call.agent_id])
            return Cure(f"Publish a version of {call.agent}.", f"To {call.agent}", url)
        case Missed.PROJECT_SUSPENDED:
            url = reverse("activity.index", args=[project])
            return Cure("Who runs this server can resume it.", "To the activity", url)
        case Missed.OUTAGE:
            url = reverse("calls.index", args=[project])
            return Cure("Calls are answered as soon as the database is back.", "To the calls", url)
        case Missed.AGENT_ARCHIVED:
            return Cure("Assign the number to another agent.", "To the numbers", numbers)
        case _:
            return Cure("Assign the number to an agent.", "To the numbers", numbers)
