"""Verbs for a project's secrets: written, used in answers to verified providers, and never read back."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth.models import User
from django.db.transaction import atomic

from agentversions.access import Act, require
from agentversions.history import record
from agentversions.models import Action, Agent, Project, Secret, Version
from agentversions.refusals import AlreadyDone, Invalid
from agentversions.sealing import seal, unseal
from agentversions.tools import SECRET_NAME, secret_names
from agentversions.values import UNSTORABLE

LONGEST = 4_000
"""Characters: the longest that common providers issue, a signed token, is below this."""


@atomic
def set_secret(project: Project, name: str, value: str, *, by: User) -> Secret:
    """Give a secret its value, making it if need be. New answers carry it at once.

    Raises Invalid for a name or a value that can't be one; neither is repeated.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    require(by, Act.ADMINISTER, project)
    name, value = name.strip(), value.strip()
    if not SECRET_NAME.fullmatch(name):
        raise Invalid("A secret's name has capital letters, digits and _, such as CRM_TOKEN.")
    if not value or len(value) > LONGEST or UNSTORABLE.search(value) or any(ord(mark) < ord(" ") for mark in value):
        raise Invalid(f"A secret has 1 to {LONGEST:,} characters, on one line.")
    told = {"sealed": seal({"value": value}), "changed_by": by}
    secret, _ = Secret.objects.update_or_create(project=project, name=name, defaults=told)
    record(Action.SECRET_SET, by=by, project=project, particulars={"name": name})
    return secret


@atomic
def remove_secret(secret: Secret, *, by: User) -> None:
    """Forget a secret. Raises Invalid while a live version's tools need it."""
    project = Project.objects.select_for_update(no_key=True).get(pk=secret.project_id)
    require(by, Act.ADMINISTER, project)
    if (held := Secret.objects.filter(pk=secret.pk).first()) is None:
        raise AlreadyDone("That secret is gone already.")
    if users := sorted({str(version.agent) for version in _live(project) if held.name in names_in(version)}):
        raise Invalid(f"{', '.join(users)} needs it: publish a version without it first.")
    held.delete()
    record(Action.SECRET_REMOVED, by=by, project=project, particulars={"name": held.name})


def names_in(version: Version) -> set[str]:
    """The names of the secrets that a version's tools need."""
    return secret_names(version.read().tools)


def opened(project: UUID, names: Iterable[str]) -> dict[str, str]:
    """The values of these secrets by name, as far as the project has them; raises Unsealable."""
    held = Secret.objects.filter(project=project, name__in=list(names))
    return {secret.name: unseal(secret.sealed)["value"] for secret in held}


def _live(project: Project) -> Iterable[Version]:
    live = Agent.objects.filter(project=project).exclude(published=None).values("published")
    return Version.objects.filter(pk__in=live).select_related("agent")
