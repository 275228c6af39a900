"""Two people with two tabs each, in any order, over a network that loses things: nothing typed is lost, and nobody's
published change is undone by a publish whose dialog didn't say so.

The model knows every word that was typed, which of them the server acknowledged, and which a person took out again
on a page that showed them. Words are `w1`, `w2`, …: each is typed once.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from agentversions.base import Base
from agentversions.merging import Choice, Merge
from agentversions.models import Agent, Content, Draft, Role, Version
from agentversions.operations import (
    bring_back_draft,
    create_agent,
    discard_draft,
    drafts,
    edit_draft,
    edit_into_draft,
    merge_published,
    publish,
    publish_draft,
    save_and_edit_into_draft,
    save_version,
    set_role,
)
from agentversions.refusals import AlreadyDone, DraftHasChanges, PublishedMeanwhile, Stale, Undecided
from tests.cast import Cast, live, opened, save, shown, typed

INTERLEAVINGS, AT_ONCE = 200, 20
STEPS = 18
FIELDS = {"prompt": "Prompt", "greeting": "Greeting", "end_message": "Last words"}
DECLARED = (Stale, PublishedMeanwhile, AlreadyDone, DraftHasChanges, Undecided)
MARKS = re.compile(r"⟦(?:mine|theirs): |⟧")

type Form = dict[str, str]


def words(text: str) -> set[str]:
    """The words that somebody typed."""
    return set(re.findall(r"\bw\d+\b", text))


def said(content: Any) -> set[str]:
    """Every word in a version, a draft or an earlier draft."""
    document = content.configuration
    return words("\n".join([document["prompt"], document["greeting"], document["end_message"]]))


def form_of(content: Content) -> Form:
    """What the editor's fields hold."""
    configuration = content.read()
    return {name: getattr(configuration, name) for name in FIELDS}


@dataclass
class Person:
    """Someone: what they typed, what of it the server acknowledged, what they typed over, and what else they did
    without when they chose a version, or a side of a merge.
    """

    user: User
    typed: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    chose_without: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Request:
    """An autosave on its way: the whole form, and what was taken out since the last that arrived."""

    form: Form
    base: Base
    client: UUID
    sequence: int
    dropped: frozenset[str]


@dataclass(frozen=True)
class Dialog:
    """What a publish dialog showed: the draft, what is live, and what publishing would undo."""

    base: Base
    live: int | None
    undone: list[str]
    version: Version | None = None


@dataclass
class Tab:
    """A page in somebody's browser."""

    who: Person
    form: Form
    base: Base
    client: UUID
    sequence: int = 0
    dirty: bool = False
    dropped: set[str] = field(default_factory=set)
    late: list[Request] = field(default_factory=list)
    dialog: Dialog | None = None
    review: tuple[Base, int, Merge] | None = None


class World:
    """One agent, two people, four tabs."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.dice = random.Random(seed)
        self.agent = create_agent(cast.project, f"Agent {seed}", by=cast.ana)
        self.typed = 0
        self.done: Counter[str] = Counter()
        people = [Person(cast.ben), Person(cast.pia)]
        save(self.agent, cast.ben, prompt="Be brief.\nSay hello.", greeting="Hello", end_message="Bye")
        self.tabs = [self.load(person) for person in people for _ in range(2)]
        self.people = people

    def load(self, who: Person) -> Tab:
        """Open the editor."""
        draft = opened(self.agent, who.user)
        return Tab(who, form_of(draft), draft.base, UUID(int=self.dice.getrandbits(128)))

    def reload(self, tab: Tab) -> None:
        """Open the page anew; what was sent from it and is still on its way stays on its way."""
        late, tab.__dict__ = tab.late, self.load(tab.who).__dict__
        tab.late = late

    def word(self, who: Person) -> str:
        """A word that nobody typed before."""
        self.typed += 1
        who.typed.add(f"w{self.typed}")
        return f"w{self.typed}"

    def step(self) -> None:
        """Somebody does something."""
        tab = self.dice.choice(self.tabs)
        deeds = {
            self.type: 12,
            self.arrive_late: 3,
            self.save: 2,
            self.open_dialog: 2,
            self.confirm: 8,
            self.publish_version: 1,
            self.edit_version: 1,
            self.save_and_edit_version: 1,
            self.discard: 1,
            self.bring_back: 2,
            self.open_review: 1,
            self.merge: 4,
            self.reload: 1,
        }
        deed = self.dice.choices(list(deeds), list(deeds.values()))[0]
        try:
            deed(tab)
        except DECLARED as refused:
            self.done[type(refused).__name__] += 1
            if isinstance(refused, Stale):
                self.reload(tab)

    # What goes over the network

    def type(self, tab: Tab) -> None:
        """Type into a field, and save the whole form; the request or its reply may be lost, or come late."""
        name = self.dice.choice(list(FIELDS))
        before = tab.form[name]
        lines = before.split("\n") if name == "prompt" else []
        match self.dice.choice(["line", "change", "end"]) if lines else "whole":
            case "line":
                lines.insert(self.dice.randint(0, len(lines)), self.word(tab.who))
            case "change":
                lines[self.dice.randrange(len(lines))] = f"{self.word(tab.who)} {self.word(tab.who)}"
            case "end":
                lines[-1] += f" {self.word(tab.who)}"
            case _:
                lines = [
                    f"{before} {self.word(tab.who)}"
                    if self.dice.random() < 0.4 and len(before) < 500
                    else self.word(tab.who)
                ]
        tab.form[name] = "\n".join(lines)
        tab.dropped |= words(before) - words(tab.form[name])
        tab.dirty = True
        self.send(tab, self.dice.choices(["arrives", "late", "unanswered", "never"], [14, 2, 3, 1])[0])

    def send(self, tab: Tab, fate: str = "arrives") -> None:
        """Save the whole form."""
        tab.sequence += 1
        request = Request(dict(tab.form), tab.base, tab.client, tab.sequence, frozenset(tab.dropped))
        if fate == "late" or (fate == "unanswered" and self.dice.random() < 0.5):
            tab.late.append(request)  # what had no answer is sent again
        if fate in ("arrives", "unanswered"):
            saved = self.deliver(tab.who, request)
            if fate == "arrives":
                tab.base, tab.dirty = saved.draft.base, False
                tab.dropped.clear()
                tab.who.acknowledged |= words("\n".join(request.form.values())) & tab.who.typed

    def deliver(self, who: Person, request: Request) -> drafts.Saved:
        """The server reads a request."""
        saved = edit_draft(
            self.agent,
            typed(**request.form),
            base=request.base,
            by=who.user,
            client=request.client,
            sequence=request.sequence,
        )
        if saved.outcome != "superseded":
            who.dropped |= request.dropped
        return saved

    def arrive_late(self, tab: Tab) -> None:
        """A request that was on its way arrives, whatever happened meanwhile; nobody waits for its answer."""
        if tab.late:
            late = tab.late.pop(self.dice.randrange(len(tab.late)))
            try:
                self.deliver(tab.who, late)
            except Stale:
                self.done["late and refused"] += 1

    def settle(self, tab: Tab) -> None:
        """Deeds wait until the draft is saved."""
        if tab.dirty:
            self.send(tab)

    # What is confirmed

    def save(self, tab: Tab) -> None:
        self.settle(tab)
        save_version(self.agent, base=tab.base, by=tab.who.user)
        self.deed_done(tab, tab.base)

    def deed_done(self, tab: Tab, confirmed: Base) -> None:
        """A page that showed what was confirmed goes on from there; any other keeps what it saw last."""
        if tab.base == confirmed:
            tab.base = shown(self.agent, tab.who.user)

    def open_dialog(self, tab: Tab) -> None:
        self.settle(tab)
        draft, agent = opened(self.agent, tab.who.user), Agent.objects.get(pk=self.agent.pk)
        undone = (
            draft.merged_with(agent.published).undone if draft.is_behind(agent.published) and agent.published else []
        )
        tab.dialog = Dialog(draft.base, live(self.agent), undone)

    def confirm(self, tab: Tab) -> None:
        """Press Publish in the dialog, however long it has been open."""
        if not tab.dialog:
            self.open_dialog(tab)
        if not tab.dialog or self.dice.random() < 0.3:
            return
        dialog, tab.dialog = tab.dialog, None
        before = Version.objects.filter(agent=self.agent, number=live(self.agent) or 0).first()
        version = publish_draft(self.agent, base=dialog.base, live=dialog.live, by=tab.who.user)
        self.done["published"] += 1
        assert dialog.live == (before.number if before else None), "the dialog compared with another version"
        for name, label in FIELDS.items():
            undone = (
                words(form_of(before)[name]) - said(version) - tab.who.dropped - tab.who.chose_without
                if before
                else set()
            )
            assert not undone or label in dialog.undone, f"{undone} of {before} were undone by {version}, unsaid"
            self.done["undone knowingly"] += bool(undone)
        self.deed_done(tab, dialog.base)

    def publish_version(self, tab: Tab) -> None:
        """Publish a saved version; sometimes its dialog is older than what is live."""
        version = self.any_version()
        seen = live(self.agent) if self.dice.random() < 0.8 else self.any_version().number
        before = live(self.agent)
        publish(version, live=seen, by=tab.who.user)
        assert seen == before

    def any_version(self) -> Version:
        return self.dice.choice(list(Version.objects.filter(agent=self.agent).exclude(number=1).order_by("number")))

    def edit_version(self, tab: Tab) -> None:
        self.settle(tab)
        version = self.any_version()
        edit_into_draft(version, base=tab.base, by=tab.who.user, replace=self.dice.random() < 0.7)
        self.chose(tab, said(version))

    def save_and_edit_version(self, tab: Tab) -> None:
        self.settle(tab)
        version = self.any_version()
        save_and_edit_into_draft(version, base=tab.base, by=tab.who.user)
        self.chose(tab, said(version))

    def chose(self, tab: Tab, kept: set[str]) -> None:
        """What is live was seen, and other words were chosen."""
        current = Agent.objects.get(pk=self.agent.pk).published
        tab.who.chose_without |= said(current) - kept if current else set()
        self.reload(tab)

    def discard(self, tab: Tab) -> None:
        self.settle(tab)
        discard_draft(self.agent, base=tab.base, by=tab.who.user)
        self.reload(tab)

    def bring_back(self, tab: Tab) -> None:
        draft = Draft.objects.filter(agent=self.agent, owner=tab.who.user).first()
        kept = list(draft.history.order_by("history_id").values_list("history_id", flat=True)) if draft else []
        if kept:
            bring_back_draft(self.agent, self.dice.choice(kept), by=tab.who.user)
            self.done["brought back"] += 1
            self.reload(tab)

    def open_review(self, tab: Tab) -> None:
        self.settle(tab)
        draft, current = opened(self.agent, tab.who.user), Agent.objects.get(pk=self.agent.pk).published
        if current and draft.is_behind(current):
            tab.review = draft.base, current.number, draft.merged_with(current)

    def merge(self, tab: Tab) -> None:
        """Confirm the review; where both changed a setting, take a side or write what both say, or forget to choose."""
        if not tab.review:
            self.open_review(tab)
        if not tab.review or self.dice.random() < 0.3:
            return
        (base, number, merge), tab.review = tab.review, None
        choices = {}
        for row in merge.rows:
            if row.how in ("conflict", "merged") and self.dice.random() < (0.95 if row.how == "conflict" else 0.3):
                side = self.dice.choice(["mine", "theirs", "text"])
                choices[row.path] = {
                    "mine": Choice("mine"),
                    "theirs": Choice("theirs"),
                    "text": Choice("text", MARKS.sub(" ", row.merged)),
                }[side]
        draft = merge_published(self.agent, base=base, live=number, choices=choices, by=tab.who.user)
        assert number == live(self.agent), "another version was merged than the review showed"
        self.chose(tab, said(draft))
        self.done["merged"] += 1

    def nothing_is_lost(self) -> None:
        """Everything acknowledged is in a version, a draft or an earlier draft, unless its author took it out."""
        versions = set().union(*(said(version) for version in Version.objects.filter(agent=self.agent)))
        for person in self.people:
            held = set(versions)
            for draft in Draft.objects.filter(agent=self.agent, owner=person.user):
                held |= said(draft).union(*(said(kept) for kept in draft.history.all()))
            assert person.acknowledged - person.dropped <= held, f"{person.user} typed it, and it is nowhere"


@pytest.mark.parametrize("first", range(0, INTERLEAVINGS, AT_ONCE))
def test_nothing_typed_is_lost_and_nothing_published_undone_unsaid(cast: Cast, first: int) -> None:
    set_role(cast.project, cast.ben, Role.PUBLISHER, by=cast.ana)
    done: Counter[str] = Counter()
    for seed in range(first, first + AT_ONCE):
        world = World(cast, seed)
        for _ in range(STEPS):
            world.step()
        world.nothing_is_lost()
        done += world.done
    # A story in which nothing happens proves nothing.
    assert {"published", "merged", "brought back", "undone knowingly", "Stale", "PublishedMeanwhile"} <= set(done)
