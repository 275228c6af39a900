"""What the pages about calls know: the list, and one call with the version that handled it."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import Http404
from django.urls import reverse

from agentversions import access
from agentversions.checks import Carrier
from agentversions.history import Span, lived
from agentversions.models import Agent, Project, Version
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.answering import chosen
from telephony.carrying import lacks
from telephony.models import Call, Missed
from telephony.providers import PROVIDERS

CALLS_PAGE = 50


@dataclass(frozen=True)
class Wanted:
    """Which calls: of an agent, of one of its versions; from the call before another on."""

    agent: UUID | None = None
    version: int | None = None
    before: UUID | None = None


def calls(user: User, of: Project, wanted: Wanted) -> Context:
    """A page of the project's calls, newest first."""
    found = Call.objects.filter(project=of)
    agent, version = _chosen(user, of, wanted)
    if agent:
        found = found.filter(agent=agent)
    if version:
        found = found.filter(version=version)
    if wanted.before:
        found = found.filter(_older_than(found.filter(pk=wanted.before).first()))
    rows = found.select_related("number", "agent", "version").defer("version__configuration")
    page = list(rows.order_by("-started_at", "-pk")[: CALLS_PAGE + 1])
    shown = page[:CALLS_PAGE]
    return projects.project(user, of) | {
        "calls": shown,
        "earlier": shown[-1].pk if len(page) > CALLS_PAGE else None,
        "agents": Agent.objects.filter(project=of),
        "chosen_agent": agent,
        "chosen_version": version,
    }


def _chosen(user: User, of: Project, wanted: Wanted) -> tuple[Agent | None, Version | None]:
    if wanted.agent is None:
        return None, None
    agent = access.agent(user, wanted.agent)
    if agent.project_id != of.pk:
        raise Http404
    return agent, access.version(user, agent.pk, wanted.version) if wanted.version else None


def _older_than(call: Call | None) -> Q:
    if call is None:
        raise Http404
    return Q(started_at__lt=call.started_at) | Q(started_at=call.started_at, pk__lt=call.pk)


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
