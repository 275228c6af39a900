"""Verbs that decide what answers the phone."""

from uuid import UUID

from django.contrib.auth.models import User
from django.db.transaction import atomic

from agentversions import checks
from agentversions.access import Act
from agentversions.documents import read
from agentversions.history import Confirmation, record
from agentversions.models import Action, Agent, Draft, Version
from agentversions.operations.common import clean_name, locked, ready, still_live
from agentversions.operations.drafts import Base
from agentversions.operations.versions import version_from_draft
from agentversions.refusals import AlreadyDone


@atomic
def publish(
    version: Version,
    *,
    live: int | None,
    by: User,
    number: str = "",
    note: str = "",
    key: UUID | None = None,
) -> Version:
    """Make a saved version the one that answers new calls, at once.

    `live` is the number of the version that the confirmation showed as live (None: none). `number` is a free phone
    number's reference to take into use in the same transaction. Raises PublishedMeanwhile, Blocked, AlreadyDone.
    """
    agent = locked(version.agent)
    confirmation = Confirmation.of(key, "publish", version=version.pk, live=live, number=number, note=note)
    if (earlier := confirmation.earlier(by)) and earlier.version:
        return earlier.version
    ready(agent, by, Act.PUBLISH)
    still_live(agent, live)
    if agent.published_id == version.pk:
        raise AlreadyDone(f"{version} is live already.")
    version = Version.objects.get(pk=version.pk)
    _go_live(agent, version, number=number, note=note, by=by, confirmation=confirmation, source="version")
    return version


@atomic
def publish_draft(
    agent: Agent,
    *,
    base: Base,
    live: int | None,
    by: User,
    name: str = "",
    number: str = "",
    note: str = "",
    key: UUID | None = None,
) -> Version:
    """Save my draft, as the page at `base` showed it, as the next version and make that live: both or nothing.

    Raises Stale, PublishedMeanwhile, Unparsable, Blocked.
    """
    agent = locked(agent)
    confirmation = Confirmation.of(
        key, "publish_draft", agent=agent.pk, base=base, live=live, name=name, number=number, note=note
    )
    if (earlier := confirmation.earlier(by)) and earlier.version:
        return earlier.version
    ready(agent, by, Act.PUBLISH)
    still_live(agent, live)
    version = version_from_draft(agent, base=base, name=name, by=by)
    _go_live(agent, version, number=number, note=note, by=by, confirmation=confirmation, source="draft")
    return version


@atomic
def unpublish(agent: Agent, *, live: int | None, by: User, key: UUID | None = None) -> Agent:
    """Leave nothing live: callers hear the connection's refusal. Raises PublishedMeanwhile, AlreadyDone."""
    agent = locked(agent)
    confirmation = Confirmation.of(key, "unpublish", agent=agent.pk, live=live)
    if confirmation.earlier(by):
        return agent
    ready(agent, by, Act.PUBLISH)
    still_live(agent, live)
    if agent.published is None:
        raise AlreadyDone("Nothing is live.")
    version, agent.published = agent.published, None
    agent.save(update_fields=["published"])
    record(
        Action.UNPUBLISHED,
        by=by,
        project=agent.project,
        agent=agent,
        version=version,
        confirmation=confirmation,
    )
    return agent


def _go_live(
    agent: Agent,
    version: Version,
    *,
    number: str,
    note: str,
    by: User,
    confirmation: Confirmation,
    source: str,
) -> None:
    if number:
        checks.take(agent, number, by)
    seen = checks.require(agent, read(version.configuration, version.schema))
    told = {
        "before": agent.published.number if agent.published else None,
        "source": source,
        "note": clean_name(note, optional=True),
        "numbers": seen.numbers,
    }
    agent.published = version
    agent.save(update_fields=["published"])
    _catch_up(agent, version)
    record(
        Action.PUBLISHED,
        by=by,
        project=agent.project,
        agent=agent,
        version=version,
        particulars=told,
        confirmation=confirmation,
    )


def _catch_up(agent: Agent, version: Version) -> None:
    """Note in the drafts that hold the version already that it is live: they aren't behind it, but behind what follows.

    Those are the ones based on it, and the author's own where it was saved from that draft and another one since.
    """
    drafts = Draft.objects.filter(agent=agent).exclude(started_at=None)
    drafts.filter(based_on=version).update(live_at_start=version)
    draft = drafts.filter(owner=version.author_id).first()
    if draft and version.pk in _saved_from(draft, version):
        drafts.filter(pk=draft.pk).update(live_at_start=version)


def _saved_from(draft: Draft, since: Version) -> set[int]:
    """The versions that were saved from the draft since a number, the one it is based on included."""
    saved = Version.objects.filter(
        agent=draft.agent_id, author=draft.owner_id, number__gte=since.number, created_at__gte=draft.started_at
    )
    parents = dict(saved.values_list("pk", "parent"))
    found: set[int] = set()
    at = draft.based_on_id
    while at in parents and at != draft.live_at_start_id:
        found.add(at)
        at = parents[at]
    return found
