"""Verbs for one's own draft: the autosave, replacing it, discarding it, and getting back what was replaced."""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

from django.contrib.auth.models import User
from django.db.transaction import atomic
from django.utils import timezone

from agentversions.access import Act
from agentversions.base import Base
from agentversions.configuration import SCHEMA
from agentversions.documents import (
    Document,
    canonical,
    changed,
    digest,
    refuse_hostile,
    stored_tools,
    upgraded,
)
from agentversions.history import Confirmation, record
from agentversions.models import Action, Agent, Draft, Version
from agentversions.operations.common import locked, next_version, ready
from agentversions.refusals import DraftHasChanges, Invalid, Stale, Unparsable
from agentversions.tools import KINDS
from agentversions.typed import Typed
from agentversions.values import Leaf, leaves, settled

CHECKPOINT_EVERY = timedelta(minutes=5)
CHECKPOINTS_KEPT = 60
CHECKPOINTS_KEPT_FOR = timedelta(days=60)

__all__ = ["Base", "Saved"]


@dataclass(frozen=True)
class Saved:
    """A draft after an autosave, and what became of what was typed."""

    draft: Draft
    outcome: Literal["saved", "unchanged", "superseded"]


@atomic
def edit_draft(
    agent: Agent, typed: Typed, *, base: Base, by: User, client: UUID | None = None, sequence: int = 0
) -> Saved:
    """Save what was typed into my draft, making it on the first change.

    `base` is what the page last saw, `client` the page, `sequence` its count of requests. A request that was answered
    before is answered again; an older one of the same page is superseded; otherwise the draft must be what the page
    saw, or the page be the last that wrote. Raises Stale when it isn't, Hostile or TooLarge for what can't be stored.
    """
    agent = locked(agent)
    ready(agent, by, Act.EDIT)
    content = _digest(typed)
    draft = Draft.objects.select_for_update().filter(agent=agent, owner=by).first()
    if draft and client and draft.writer == client:
        if sequence == draft.writer_sequence and content == draft.writer_digest:
            return Saved(draft, "saved")
        if sequence < draft.writer_sequence:
            return Saved(draft, "superseded")
        if sequence == draft.writer_sequence:
            raise Stale
        draft = _filled(draft, agent, base)
    else:
        draft = own_draft(agent, by=by, base=base, create=False)
    edited = _apply(draft, typed)
    if edited and not draft.started_at:
        draft.started_at = draft.checkpointed_at = timezone.now()
        edited = [*_CONTENT, "checkpointed_at"]
    if edited:
        _write(draft, edited)
    if edited or (client and (sequence > 1 or not draft._state.adding)):
        # Noted also when nothing changed, so that an older request of the page, arriving late, can't win.
        draft.writer, draft.writer_sequence, draft.writer_digest = client, sequence, content
        draft.save(update_fields=None if draft._state.adding else [*edited, *_WRITER])
    return Saved(draft, "saved" if edited else "unchanged")


def _digest(typed: Typed) -> str:
    """A digest of what was typed; raises Hostile or TooLarge for what can't be stored."""
    told: Document = {"values": typed.values, "tools": typed.tools, "unparsed": typed.unparsed}
    refuse_hostile(told)
    return digest(told)


_CONTENT = ("configuration", "schema", "unparsed")
_WRITER = ("writer", "writer_sequence", "writer_digest")


def own_draft(agent: Agent, *, by: User, base: Base, create: bool = True) -> Draft:
    """My draft, locked, if it is what the page at `base` showed; raises Stale otherwise.

    Where there is none yet, one that starts from the version the page showed: stored at once if `create`.
    """
    draft = Draft.objects.select_for_update().filter(agent=agent, owner=by).first()
    if (draft.pk if draft else None, draft.revision if draft else 0) != (base.draft, base.revision):
        raise Stale
    draft = _filled(draft or Draft(agent=agent, owner=by), agent, base)
    if create and (draft._state.adding or not draft.started_at):
        draft.started_at = draft.checkpointed_at = timezone.now()
        draft.save()
    return draft


def _filled(draft: Draft, agent: Agent, base: Base) -> Draft:
    """Put what the page showed into a draft that holds nothing yet."""
    if not draft.started_at:
        shown = Version.objects.filter(agent=agent, number=base.shown).first()
        if shown is None:
            raise Stale
        # Where another version went live since the page was opened, the draft starts from before it, and is behind.
        draft.fill(shown, live=shown if agent.published else None)
    return draft


def _apply(draft: Draft, typed: Typed) -> list[str]:
    """Put what was typed into the draft in memory; the columns that changed."""
    document: Document = draft.configuration
    if draft.schema < SCHEMA:
        document = upgraded(document, draft.schema)
    document = changed(document, typed.values)
    kept = {path: text for path, text in draft.unparsed.items() if path not in typed.paths}
    if typed.tools is not None:
        document["tools"] = _merged_tools(stored_tools(document), typed.tools)
        unsent = {f"tools.{tool['id']}.{leaf.path}" for tool in typed.tools for leaf in _unsent(tool)}
        kept = {path: text for path, text in kept.items() if not path.startswith("tools.") or path in unsent}
    unparsed = kept | typed.unparsed
    refuse_hostile({"configuration": document, "unparsed": unparsed})
    columns = []
    if canonical(document) != canonical(draft.configuration):  # to Python, 1 and true are equal
        draft.configuration, draft.schema = document, max(draft.schema, SCHEMA)
        columns += ["configuration", "schema"]
    if unparsed != draft.unparsed:
        draft.unparsed = unparsed
        columns.append("unparsed")
    return columns


def _merged_tools(before: list[dict[str, Any]], typed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The typed tools in their order; what wasn't typed, or doesn't parse yet, stays as it was."""
    old = {tool["id"]: tool for tool in before}
    merged = []
    for tool in typed:
        kept = old.get(tool["id"], {})
        kept = kept if kept.get("kind") == tool["kind"] else {}
        defaults = {leaf.path: leaf.default for leaf in leaves(KINDS[tool["kind"]][1])}
        merged.append(settled({**defaults, **kept, **tool}))
    # Kinds that another release knows, and whose rows this one can't draw, are nobody's to lose.
    return merged + [tool for tool in before if tool.get("kind") not in KINDS]


def _unsent(tool: dict[str, Any]) -> list[Leaf]:
    """The settings of a typed tool that have no value in it."""
    return [leaf for leaf in leaves(KINDS[tool["kind"]][1]) if leaf.path not in tool]


def _write(draft: Draft, columns: list[str]) -> None:
    """Count the change, and every few minutes keep the state before it as a checkpoint."""
    now = timezone.now()
    if not draft._state.adding and draft.checkpointed_at and now - draft.checkpointed_at >= CHECKPOINT_EVERY:
        _checkpoint(draft)
        draft.checkpointed_at = now
        columns.append("checkpointed_at")
    draft.revision += 1
    draft.changed_at = now
    columns += ["revision", "changed_at", "started_at", "based_on", "live_at_start"]


@atomic
def edit_into_draft(
    version: Version,
    *,
    base: Base,
    by: User,
    replace: bool = False,
    key: UUID | None = None,
) -> Draft:
    """Copy a version whole into my draft; what was in the draft is kept as a checkpoint.

    Raises DraftHasChanges, unless `replace`, when the draft holds what is in no version; Stale if it moved.
    """
    agent = locked(version.agent)
    confirmation = Confirmation.of(key, "edit_into_draft", version=version.pk, base=base, replace=replace)
    if confirmation.earlier(by):
        return Draft.objects.get(agent=agent, owner=by)
    ready(agent, by, Act.EDIT)
    draft = own_draft(agent, by=by, base=base)
    if not replace and draft.has_changes_in_no_version():
        raise DraftHasChanges
    checkpoint = _checkpoint(draft)
    draft.fill(version, live=agent.published)
    _replaced(draft)
    record(
        Action.EDITED_INTO_DRAFT,
        by=by,
        project=agent.project,
        agent=agent,
        version=version,
        particulars={"checkpoint": checkpoint},
        confirmation=confirmation,
    )
    return draft


@atomic
def save_and_edit_into_draft(version: Version, *, base: Base, by: User, key: UUID | None = None) -> Draft:
    """Save my draft as a version, then copy another version into it: both or neither."""
    agent = locked(version.agent)
    confirmation = Confirmation.of(key, "save_and_edit_into_draft", version=version.pk, base=base)
    if confirmation.earlier(by):
        return Draft.objects.get(agent=agent, owner=by)
    ready(agent, by, Act.EDIT)
    draft = own_draft(agent, by=by, base=base)
    if draft.unparsed:
        raise Unparsable(draft.problems())
    saved = next_version(
        agent, configuration=draft.configuration, schema=draft.schema, name="", parent=draft.based_on, by=by
    )
    record(
        Action.VERSION_SAVED,
        by=by,
        project=agent.project,
        agent=agent,
        version=saved,
        confirmation=confirmation,
    )
    return edit_into_draft(version, base=draft.base, by=by, replace=True, key=uuid5(key, "edit") if key else None)


@atomic
def discard_draft(agent: Agent, *, base: Base, by: User, key: UUID | None = None) -> Draft:
    """Empty my draft: it shows again what it would start from. What was in it is kept as a checkpoint."""
    agent = locked(agent)
    confirmation = Confirmation.of(key, "discard_draft", agent=agent.pk, base=base)
    if confirmation.earlier(by):
        return Draft.objects.get(agent=agent, owner=by)
    ready(agent, by, Act.EDIT)
    draft = own_draft(agent, by=by, base=base)
    checkpoint = _checkpoint(draft)
    draft.fill(agent.start(), live=agent.published)
    _replaced(draft, started=False)
    told = {"checkpoint": checkpoint}
    record(
        Action.DRAFT_DISCARDED,
        by=by,
        project=agent.project,
        agent=agent,
        particulars=told,
        confirmation=confirmation,
    )
    return draft


@atomic
def bring_back_draft(agent: Agent, checkpoint: int, *, by: User, key: UUID | None = None) -> Draft:
    """Put an earlier state of my own draft back; what is there now is kept as a checkpoint in its turn."""
    agent = locked(agent)
    confirmation = Confirmation.of(key, "bring_back_draft", agent=agent.pk, checkpoint=checkpoint)
    if confirmation.earlier(by):
        return Draft.objects.get(agent=agent, owner=by)
    ready(agent, by, Act.EDIT)
    draft = Draft.objects.select_for_update().filter(agent=agent, owner=by).first()
    earlier = draft.history.filter(history_id=checkpoint).first() if draft else None
    if draft is None or earlier is None:
        raise Invalid("That earlier draft is no longer kept.")
    if draft.started_at:
        _checkpoint(draft)
    for column in ("configuration", "schema", "unparsed", "based_on_id", "live_at_start_id"):
        setattr(draft, column, getattr(earlier, column))
    _replaced(draft)
    record(Action.DRAFT_BROUGHT_BACK, by=by, project=agent.project, agent=agent, confirmation=confirmation)
    return draft


def replace_content(draft: Draft, document: Document, unparsed: dict[str, str], *, version: Version) -> int:
    """Put other content, based on the version that is live, into a locked draft; the number of the checkpoint kept."""
    checkpoint = _checkpoint(draft)
    draft.configuration, draft.schema, draft.unparsed = document, max(draft.schema, SCHEMA), unparsed
    draft.based_on = draft.live_at_start = version
    _replaced(draft)
    return checkpoint


@atomic
def resolve_draft(
    agent: Agent, typed: Typed, *, saved: Collection[str], base: Base, by: User, key: UUID | None = None
) -> Draft:
    """Make one draft of what a tab holds and of what was saved meanwhile, which the review showed at `base`.

    `typed` is the tab's whole form, `saved` the settings (`tools` for all of them) that stay as they were saved.
    Both are kept whole as checkpoints. Raises Stale if the draft moved since, Hostile or TooLarge as edit_draft does.
    """
    agent = locked(agent)
    told = {"typed": _digest(typed), "saved": sorted(saved)}
    confirmation = Confirmation.of(key, "resolve_draft", agent=agent.pk, base=base, **told)
    if confirmation.earlier(by):
        return Draft.objects.get(agent=agent, owner=by)
    ready(agent, by, Act.EDIT)
    draft = own_draft(agent, by=by, base=base)
    tab = copy(draft)
    _apply(tab, typed)
    tab.changed_at = timezone.now()
    _keep(tab)
    checkpoint = _checkpoint(draft)  # the newer of the two, so that Undo goes back to what was saved
    _apply(draft, typed.without(saved))
    _replaced(draft)
    record(
        Action.DRAFT_RESOLVED,
        by=by,
        project=agent.project,
        agent=agent,
        particulars={"checkpoint": checkpoint},
        confirmation=confirmation,
    )
    return draft


@atomic
def keep_typed(agent: Agent, typed: Typed, *, by: User) -> int | None:
    """Keep what a tab held when it was left, though the draft had moved elsewhere: as an earlier draft of mine.

    The draft stays as it is. Returns the checkpoint's number, None where the draft or the newest checkpoint holds the
    same. Raises Hostile or TooLarge as edit_draft does.
    """
    agent = locked(agent)
    ready(agent, by, Act.EDIT)
    _digest(typed)
    draft = Draft.objects.select_for_update().filter(agent=agent, owner=by).first()
    if draft is None:
        return None
    tab, newest = copy(draft), draft.history.order_by("-history_id").first()
    if not _apply(tab, typed) or (newest and _same_content(tab, newest)):
        return None
    tab.changed_at = timezone.now()
    return _keep(tab)


def _same_content(one: Draft, other: Draft) -> bool:
    return canonical(one.configuration) == canonical(other.configuration) and one.unparsed == other.unparsed


def _replaced(draft: Draft, *, started: bool = True) -> None:
    """Store a draft whose content is another one now, so that no older page can write over it."""
    draft.revision += 1
    draft.writer = None
    draft.changed_at = timezone.now()
    draft.started_at = draft.checkpointed_at = draft.changed_at if started else None
    draft.save()


def _checkpoint(draft: Draft) -> int:
    """Keep the stored state of the draft, and let the oldest checkpoints go; the number of the one kept."""
    return _keep(Draft.objects.get(pk=draft.pk))


def _keep(state: Draft) -> int:
    """Keep a state of a draft as a checkpoint; its number."""
    Draft.history.bulk_history_create([state], update=True)
    every = Draft.history.filter(id=state.pk)
    too_many = every.order_by("-history_id").values_list("history_id", flat=True)[CHECKPOINTS_KEPT:]
    too_old = timezone.now() - CHECKPOINTS_KEPT_FOR
    every.filter(history_id__in=list(too_many)).delete()
    every.filter(history_date__lt=too_old).delete()  # that is when it was kept; its changed_at says when it was typed
    number: int = every.order_by("-history_id").values_list("history_id", flat=True)[0]
    return number
