"""Verbs for agents as a whole."""

import re
from itertools import count
from uuid import UUID

from django.contrib.auth.models import User
from django.db.transaction import atomic
from django.utils import timezone

from agentversions import checks
from agentversions.access import Act, require
from agentversions.configuration import SCHEMA, Configuration
from agentversions.documents import Document, digest, write
from agentversions.history import Confirmation, record
from agentversions.models import Action, Agent, Project
from agentversions.operations.common import clean_name, locked, next_version, ready
from agentversions.refusals import Archived, Blocked, Blocker


@atomic
def create_agent(
    project: Project,
    name: str,
    *,
    by: User,
    configuration: Configuration | None = None,
    key: UUID | None = None,
) -> Agent:
    """Make an agent with its v1: this configuration, or a blank one. Its author's draft starts from v1."""
    # There is no agent to lock yet: of two requests with one key, the second waits here and then finds the first's.
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    require(by, Act.EDIT, project)
    document = write(configuration or Configuration())
    confirmation = Confirmation.of(key, "create_agent", project=project.pk, name=name, configuration=digest(document))
    if (earlier := confirmation.earlier(by)) and earlier.agent:
        return earlier.agent
    agent = Agent.objects.create(project=project, name=clean_name(name), created_by=by)
    version = next_version(agent, configuration=document, schema=SCHEMA, name="", parent=None, by=by)
    record(Action.AGENT_CREATED, by=by, project=project, agent=agent, version=version, confirmation=confirmation)
    return agent


@atomic
def rename_agent(agent: Agent, name: str, *, by: User) -> Agent:
    """Give the agent another name; an unchanged one is no act."""
    agent = locked(agent)
    ready(agent, by, Act.EDIT)
    before, agent.name = agent.name, clean_name(name)
    if agent.name != before:
        agent.save(update_fields=["name"])
        told = {"before": before, "name": agent.name}
        record(Action.AGENT_RENAMED, by=by, project=agent.project, agent=agent, particulars=told)
    return agent


@atomic
def duplicate_agent(agent: Agent, *, by: User, key: UUID | None = None) -> Agent:
    """Make a new agent whose v1 is this one's published version, else its newest."""
    agent = locked(agent)
    require(by, Act.EDIT, agent.project)
    confirmation = Confirmation.of(key, "duplicate_agent", agent=agent.pk)
    if (earlier := confirmation.earlier(by)) and earlier.agent:
        return earlier.agent
    source = agent.start()
    copy = Agent.objects.create(project=agent.project, name=_copy_name(agent), created_by=by)
    document: Document = source.configuration
    version = next_version(copy, configuration=document, schema=source.schema, name="", parent=None, by=by)
    told = {"source": agent.name, "version": source.number}
    record(
        Action.AGENT_DUPLICATED,
        by=by,
        project=agent.project,
        agent=copy,
        version=version,
        particulars=told,
        confirmation=confirmation,
    )
    return copy


def _copy_name(agent: Agent) -> str:
    """`Reception (copy)`, then `Reception (copy 2)`: two copies can be told apart."""
    taken = set(Agent.objects.filter(project=agent.project_id).values_list("name", flat=True))
    stem = re.sub(r" \(copy( [0-9]+)?\)$", "", agent.name)[:85]
    numbered = (f"{stem} (copy {number})" for number in count(2))
    first = f"{stem} (copy)"
    return first if first not in taken else next(name for name in numbered if name not in taken)


@atomic
def archive_agent(agent: Agent, *, by: User, key: UUID | None = None) -> Agent:
    """Retire an agent that isn't live; its numbers become free; its versions, calls and history stay."""
    agent = locked(agent)
    confirmation = Confirmation.of(key, "archive_agent", agent=agent.pk)
    if confirmation.earlier(by):
        return agent
    require(by, Act.ADMINISTER, agent.project)
    if agent.archived_at:
        raise Archived
    if agent.published_id:
        raise Blocked([Blocker("still_live", f"{agent.published} is live. Unpublish it first.")])
    checks.release(agent, by)
    agent.archived_at = timezone.now()
    agent.save(update_fields=["archived_at"])
    record(Action.AGENT_ARCHIVED, by=by, project=agent.project, agent=agent, confirmation=confirmation)
    return agent
