"""What every page of a project knows."""

from typing import Any

from django.contrib.auth.models import User

from agentversions import access
from agentversions.access import Act
from agentversions.models import Agent, Project
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
