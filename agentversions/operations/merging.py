"""The verb that brings what went live since into one's own draft."""

from collections.abc import Mapping
from uuid import UUID

from django.contrib.auth.models import User
from django.db.transaction import atomic

from agentversions.access import Act
from agentversions.base import Base
from agentversions.history import Confirmation, record
from agentversions.merging import Choice
from agentversions.models import Action, Agent, Draft, Version
from agentversions.operations.common import locked, ready, still_live
from agentversions.operations.drafts import own_draft, replace_content
from agentversions.refusals import AlreadyDone


@atomic
def merge_published(
    agent: Agent, *, base: Base, live: int | None, choices: Mapping[str, Choice], by: User, key: UUID | None = None
) -> Draft:
    """Merge the live version, as the review at `base` and `live` showed it, into my draft, which is based on it then.

    `choices` says what becomes of each setting that both changed. What was in the draft is kept as a checkpoint.
    Raises Stale, PublishedMeanwhile, AlreadyDone if the draft isn't behind, and what `Merge.resolved` raises.
    """
    agent = locked(agent)
    chosen = {path: (choice.side, choice.text) for path, choice in sorted(choices.items())}
    confirmation = Confirmation.of(key, "merge_published", agent=agent.pk, base=base, live=live, choices=chosen)
    if confirmation.earlier(by):
        return Draft.objects.get(agent=agent, owner=by)
    ready(agent, by, Act.EDIT)
    still_live(agent, live)
    draft = own_draft(agent, by=by, base=base, create=False)
    if agent.published_id is None or not draft.is_behind(agent.published):
        raise AlreadyDone("Your draft already starts from what is live.")
    version = Version.objects.get(pk=agent.published_id)
    document, unparsed = draft.merged_with(version).resolved(choices)
    checkpoint = replace_content(draft, document, unparsed, version=version)
    record(
        Action.MERGED_PUBLISHED,
        by=by,
        project=agent.project,
        agent=agent,
        version=version,
        particulars={"checkpoint": checkpoint},
        confirmation=confirmation,
    )
    return draft
