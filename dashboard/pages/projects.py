"""What every page of a project knows, and the list of its agents."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, Subquery

from agentversions import access
from agentversions.access import Act
from agentversions.models import Agent, Draft, Project
from telephony.models import Call, PhoneNumber

type Context = dict[str, Any]


def project(user: User, project: Project) -> Context:
    """What every page of a project knows: its side, and what the person may do."""
    return {
        "project": project,
        "may": may(user, project),
        "agent_count": Agent.objects.filter(project=project, archived_at=None).count(),
        "calls_now": Call.objects.in_progress().filter(project=project).count(),
        "number_count": PhoneNumber.objects.filter(connection__project=project).count(),
    }


def may(user: User, project: Project) -> dict[str, bool]:
    """What the person may do in the project, by the act's name."""
    held = access.role(user, project)
    return {act.value: held is not None and act in access.MAY[held] for act in Act}


def agents(user: User, of: Project) -> Context:
    """The project's agents: what is live, how many numbers, calls in progress, and whether one's draft differs."""
    numbers = PhoneNumber.objects.filter(agent=OuterRef("pk")).values("agent").annotate(n=Count("pk")).values("n")
    now = Call.objects.in_progress().filter(agent=OuterRef("pk")).values("agent").annotate(n=Count("pk")).values("n")
    rows = (
        Agent.objects.filter(project=of)
        .select_related("published")
        .defer("published__configuration")
        .annotate(numbers=Subquery(numbers), calls_now=Subquery(now))
        .order_by("archived_at", "name")
    )
    listed = list(rows)
    return project(user, of) | {
        "agents": [row for row in listed if not row.archived_at],
        "archived": [row for row in listed if row.archived_at],
        "drafted": _differing(user, of),
    }


def _differing(user: User, of: Project) -> set[Any]:
    """The agents whose draft, of this person, isn't what is live."""
    drafts = Draft.objects.filter(agent__project=of, owner=user).exclude(started_at=None)
    compared = drafts.select_related("agent__published", "based_on")
    return {draft.agent_id for draft in compared if draft.differs_from(draft.agent.published or draft.based_on)}
