"""What the page of a project's secrets knows: names and who needs them, never a value."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from agentversions.models import Agent, Project, Secret, Version
from agentversions.operations.secrets import names_in
from dashboard.pages import projects
from dashboard.pages.projects import Context


@dataclass(frozen=True)
class Row:
    """A secret that is set, or that a live version needs though nobody set it."""

    name: str
    versions: list[Version]
    """The live ones that name it."""
    changed_at: datetime | None = None
    changed_by: User | None = None


def secrets(user: User, of: Project) -> Context:
    """The secrets by name, those that are missing first."""
    needed: dict[str, list[Version]] = {}
    live = Agent.objects.filter(project=of).exclude(published=None).values("published")
    for version in Version.objects.filter(pk__in=live).select_related("agent").order_by("agent__name"):
        for name in names_in(version):
            needed.setdefault(name, []).append(version)
    held = Secret.objects.filter(project=of).select_related("changed_by").defer("sealed")
    rows = [Row(secret.name, needed.pop(secret.name, []), secret.changed_at, secret.changed_by) for secret in held]
    missing = [Row(name, versions) for name, versions in sorted(needed.items())]
    return projects.project(user, of) | {"secrets": [*missing, *rows]}
