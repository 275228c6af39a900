"""Verbs for versions: saving the draft as one, and naming one."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db.transaction import atomic

from agentversions.access import Act
from agentversions.history import Confirmation, record
from agentversions.models import Action, Agent, Version
from agentversions.operations.common import clean_name, locked, next_version, ready
from agentversions.operations.drafts import Base, own_draft
from agentversions.refusals import Unparsable


@atomic
def save_version(agent: Agent, *, base: Base, by: User, name: str = "", key: UUID | None = None) -> Version:
    """Save my draft, as the page at `base` showed it, as the agent's next version. It isn't live; the draft stays.

    Raises Stale if the draft moved, Unparsable if it holds text that is not a value.
    """
    agent = locked(agent)
    confirmation = Confirmation.of(key, "save_version", agent=agent.pk, base=base, name=name)
    if (earlier := confirmation.earlier(by)) and earlier.version:
        return earlier.version
    ready(agent, by, Act.EDIT)
    version = version_from_draft(agent, base=base, name=name, by=by)
    record(
        Action.VERSION_SAVED,
        by=by,
        project=agent.project,
        agent=agent,
        version=version,
        confirmation=confirmation,
    )
    return version


def version_from_draft(agent: Agent, *, base: Base, name: str, by: User) -> Version:
    """Make the next version from my draft, and base the draft on it. The agent is locked."""
    draft = own_draft(agent, by=by, base=base)
    if draft.unparsed:
        raise Unparsable(draft.problems())
    version = next_version(
        agent,
        configuration=draft.configuration,
        schema=draft.schema,
        name=name,
        parent=draft.based_on,
        by=by,
    )
    draft.based_on = version
    draft.writer = None
    draft.save(update_fields=["based_on", "writer"])
    return version


@atomic
def rename_version(version: Version, name: str, *, by: User) -> Version:
    """Change a version's label; its content never changes. An unchanged name is no act."""
    agent = locked(version.agent)
    ready(agent, by, Act.EDIT)
    version = Version.objects.select_for_update(of=("self",)).get(pk=version.pk)
    before, version.name = version.name, clean_name(name, optional=True)
    if version.name != before:
        version.save(update_fields=["name"])
        told = {"before": before, "name": version.name}
        record(
            Action.VERSION_RENAMED,
            by=by,
            project=agent.project,
            agent=agent,
            version=version,
            particulars=told,
        )
    return version
