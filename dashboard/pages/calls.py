"""What the list of calls knows."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import Http404

from agentversions import access
from agentversions.models import Agent, Project, Version
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.models import Call

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
    # Said twice, as the first alone is what an index can begin at.
    return Q(started_at__lte=call.started_at) & (Q(started_at__lt=call.started_at) | Q(pk__lt=call.pk))
