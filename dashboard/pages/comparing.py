"""Two states of an agent beside each other: changed settings only, grouped as the editor is, word by word in texts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import Any, Literal, NamedTuple
from unicodedata import normalize

from django.contrib.auth.models import User
from django.http import Http404
from django.urls import reverse

from agentversions.comparison import Change, compare, value_at
from agentversions.configuration import SECTIONS, Configuration, setting, settings
from agentversions.differences import Piece, coarser, differences, shortened
from agentversions.models import Agent, Draft, Version
from agentversions.tools import KINDS, BaseTool
from agentversions.values import Leaf, leaves
from dashboard.forms import LONGEST_NUMBER
from dashboard.pages import editor
from dashboard.pages.projects import Context

DRAFT, LIVE, EARLIER = "draft", "live", "earlier-"
SIDE_BY_SIDE = "side"

NEWEST = 50
"""Versions to choose from; an older one is typed."""

MOST_PIECES = 20_000
"""On one page: once they are drawn, further texts are told as few."""

FEW_PIECES = 100
NEARBY_LINES = 3
NEARBY = 400
"""Characters, or a few lines, that are shown on either side of a change."""
WORTH_FOLDING = 200
INVISIBLE = re.compile(r"[\s\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]+")


type Unread = Mapping[str, tuple[str, str]]
"""A text that is not a value yet, and why, by its setting's path."""

NOTHING: Unread = {}


@dataclass(frozen=True)
class Side:
    """One of the two: how the address names it, what it is called, what is in it, and when that was for an earlier."""

    key: str
    name: str
    content: Draft | Version
    as_of: datetime | None = None

    @property
    def configuration(self) -> Configuration:
        """What it holds, as values."""
        return self.content.read()

    @property
    def unread(self) -> Unread:
        """Its texts that are not values yet."""
        if not isinstance(self.content, Draft):
            return NOTHING
        problems = self.content.problems()
        return {path: (text, problems.get(path, "")) for path, text in self.content.unparsed.items()}

    @property
    def address(self) -> str:
        """Its own page."""
        agent = self.content.agent_id
        if isinstance(self.content, Version):
            return reverse("versions.show", args=[agent, self.content.number])
        if self.as_of:
            return reverse("drafts.show_earlier", args=[agent, self.key.removeprefix(EARLIER)])
        return reverse("agents.show", args=[agent])


class Part(NamedTuple):
    """A stretch of a text as it is drawn: what stayed, what stayed and is folded away, or a numbered change."""

    kind: Literal["same", "folded", "change"]
    text: str = ""
    removed: str = ""
    added: str = ""
    number: int = 0

    @property
    def size(self) -> str:
        """How much is folded away, in words."""
        lines = self.text.count("\n")
        return f"{lines:,} lines" if lines > 1 else f"{len(self.text):,} characters"


class Pair(NamedTuple):
    """Lines that stand beside each other; what is folded away is on both sides the same."""

    kind: Literal["same", "folded", "change"]
    before: list[Part]
    after: list[Part]


@dataclass(frozen=True)
class Row:
    """A setting that differs, as pieces of text; what of it isn't a value yet; and its first change's number."""

    label: str
    pieces: list[Piece]
    name: str = ""
    flags: list[str] = field(default_factory=list)
    first: int = 1

    @property
    def excerpt(self) -> list[Piece]:
        """The pieces with the long stretches that stayed cut short."""
        return shortened(self.pieces)

    @property
    def changes(self) -> int:
        """How many places differ."""
        return sum(1 for part in self._whole() if part.kind == "change")

    @property
    def wholly(self) -> bool:
        """Whether the whole text is new, or gone."""
        return len(self.pieces) == 1

    @property
    def parts(self) -> list[Part]:
        """The text from its old to its new state, long stretches that stayed folded away."""
        whole = list(self._whole())
        last = len(whole) - 1
        return [
            drawn
            for at, part in enumerate(whole)
            for drawn in (_folded(part.text, after=at > 0, before=at < last) if part.kind == "same" else [part])
        ]

    @property
    def pairs(self) -> list[Pair]:
        """The old text beside the new, aligned where both have a line's end that stayed."""
        pairs = list(_paired(self.parts))
        return [pair for pair in pairs if pair.before or pair.after]

    @property
    def notes(self) -> list[str]:
        """What can't be seen of the difference."""
        before = "".join(piece.text for piece in self.pieces if piece.kind != "added")
        after = "".join(piece.text for piece in self.pieces if piece.kind != "removed")
        if before == after:
            return []
        if "".join(before.split()) == "".join(after.split()):
            return ["Only spaces and line breaks differ."]
        if INVISIBLE.sub("", before) == INVISIBLE.sub("", after):
            return ["Only characters that can't be seen differ."]
        alike = [part.added.strip() for part in self._whole() if part.kind == "change" and _look_alike(part)]
        return [f"Looks the same but is made of other characters: {', '.join(dict.fromkeys(alike))}."] if alike else []

    def _whole(self) -> Iterator[Part]:
        number = count(self.first)
        removed = ""
        for piece, following in zip(self.pieces, [*self.pieces[1:], None], strict=True):
            if piece.kind == "same":
                yield Part("same", piece.text)
            elif piece.kind == "removed" and following and following.kind == "added":
                removed = piece.text
            elif piece.kind == "removed":
                yield Part("change", removed=piece.text, number=next(number))
            else:
                yield Part("change", removed=removed, added=piece.text, number=next(number))
                removed = ""


@dataclass(frozen=True)
class Difference:
    """A setting or a tool that differs: what became of it, and its rows of text."""

    path: str
    section: str
    label: str
    state: Literal["added", "removed", "changed"]
    rows: list[Row]

    @property
    def is_tool(self) -> bool:
        """Whether it is one of the agent's tools."""
        return self.path.startswith("tools.")

    @property
    def mention(self) -> str:
        """A tool amid a sentence."""
        return self.label.replace("Tool", "tool", 1)


def comparison(user: User, of: Agent, first: str, second: str, view: str = "") -> Context:
    """What differs from the first to the second.

    Each is a version's number, `draft` (one's own), `live`, or `earlier-` with the number of one of one's own earlier
    drafts. Raises Http404 for what isn't there, or is another's.
    """
    around = editor.around(user, of)
    before, after = (_side(of, name, around["draft"], editor=around["may"]["edit"]) for name in (first, second))
    sections = _sections(before, after)
    found = [difference for _, differing in sections for difference in differing]
    told = {
        "before": before,
        "after": after,
        "sections": sections,
        "settings": [difference for difference in found if not difference.is_tool],
        "tools_differ": [difference for difference in found if difference.is_tool],
        "changes": sum(row.changes for difference in found for row in difference.rows),
        "side_by_side": view == SIDE_BY_SIDE,
    }
    return around | told | _choosing(around, [before, after])


def choosing(user: User, of: Agent, first: str, second: str) -> tuple[str, str] | Context:
    """The two that were chosen, what is most asked for in place of one that wasn't; the page to choose again, if not.

    A number may be typed as `7` or as `v7`.
    """
    around = editor.around(user, of)
    editing = around["may"]["edit"] and not of.archived_at
    second = second.strip().removeprefix("v") or (DRAFT if editing else str(of.last_number))
    first = first.strip().removeprefix("v") or (LIVE if of.published else str(max(of.last_number - 1, 1)))
    for name in (first, second):
        try:
            _side(of, name, around["draft"], editor=around["may"]["edit"])
        except Http404:
            return around | _choosing(around, []) | {"unknown": name}
    return first, second


def by_section(changes: list[Change]) -> list[tuple[str, list[Row]]]:
    """The changes as rows of text, below the titles of the editor's sections."""
    found = []
    for key, (title, _) in SECTIONS.items():
        rows = [row for change in changes if change.section == key for row in _difference(change).rows]
        if rows:
            found.append((title, rows))
    return found


def _sections(before: Side, after: Side) -> list[tuple[str, list[Difference]]]:
    """What differs, below the titles of the editor's sections; texts that are not values yet in place of the values."""
    found: dict[str, list[Difference]] = {title: [] for title, _ in SECTIONS.values()}
    number, left = 1, MOST_PIECES
    for change in _changes(before, after):
        difference = _difference(change, before.unread, after.unread)
        rows = []
        for row in difference.rows:
            numbered = replace(row, first=number, pieces=coarser(row.pieces, max(left, FEW_PIECES)))
            number, left = number + numbered.changes, left - len(numbered.pieces)
            rows.append(numbered)
        if rows:
            found[SECTIONS[change.section][0]].append(replace(difference, rows=rows))
    return [(title, differing) for title, differing in found.items() if differing]


def _changes(before: Side, after: Side) -> list[Change]:
    """What differs in the editor's order, that the values differ or a text that isn't one yet; and the tools' order."""
    old, new = before.configuration, after.configuration
    differing = {change.path: change for change in compare(old, new)}
    flagged = {_owner(path) for path in {*before.unread, *after.unread}}
    changes = [
        differing.get(leaf.path)
        or Change(
            leaf.path, leaf.setting.section, leaf.setting.label, value_at(old, leaf.path), value_at(new, leaf.path)
        )
        for leaf in settings()
        if leaf.path in differing or leaf.path in flagged
    ]
    was, now = {tool.id: tool for tool in old.tools}, {tool.id: tool for tool in new.tools}
    for key, tool in {**now, **was}.items():
        path = f"tools.{key}"
        if path in differing:
            changes.append(differing[path])
        elif path in flagged:
            changes.append(Change(path, "tools", _called(tool), was.get(key), now.get(key)))
    order = [key for key in was if key in now], [key for key in now if key in was]
    if order[0] != order[1]:
        names = ["\n".join(now[key].name or "Without a name" for key in keys) for keys in order]
        changes.append(Order("tools", "tools", "Order of the tools", *names))
    return changes


@dataclass(frozen=True)
class Order(Change):
    """The tools of both, by name, where their order differs; added and removed ones aside."""

    @property
    def pieces(self) -> list[Piece]:
        """The names, one a line."""
        return differences(self.before, self.after)


def _owner(path: str) -> str:
    """The setting or tool to which a path belongs."""
    return ".".join(path.split(".")[:2]) if path.startswith("tools.") else path


def _called(tool: BaseTool) -> str:
    return f"Tool {tool.name}" if tool.name else "Tool without a name"


def _side(of: Agent, name: str, draft: Draft, *, editor: bool) -> Side:
    """One of the two, by its name in the address; one's own draft shows whose page it is."""
    if name == DRAFT and (editor or draft.started_at):  # who only reads, and holds none, has nothing to compare
        return Side(DRAFT, "your draft", draft)
    if name.startswith(EARLIER):
        return _earlier(of, _number(name.removeprefix(EARLIER)), draft.owner_id)
    live = of.published.number if of.published else 0
    number = live if name == LIVE else _number(name)
    version = Version.objects.filter(agent=of, number=number).first()
    if version is None:
        raise Http404
    return Side(LIVE if name == LIVE else str(number), f"v{version.number}", version)


def _earlier(of: Agent, checkpoint: int, owner: int) -> Side:
    kept = Draft.history.filter(history_id=checkpoint, agent=of, owner=owner).first()
    if kept is None:
        raise Http404
    draft = Draft(
        agent=of, owner_id=owner, configuration=kept.configuration, schema=kept.schema, unparsed=kept.unparsed
    )
    return Side(f"{EARLIER}{checkpoint}", "your draft", draft, kept.changed_at)


def _number(text: str) -> int:
    """The number in an address; 0, which nothing has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


type Choices = list[tuple[str, list[tuple[str, str]]]]
"""Groups of what can be chosen: an address's name for it, and its words."""


def _choosing(around: Context, sides: list[Side]) -> Context:
    """What can be chosen: now, the newest versions, one's own earlier drafts; and whether older versions are typed."""
    of, draft = around["agent"], around["draft"]
    now = [(DRAFT, "Your draft")] if around["may"]["edit"] or draft.started_at else []
    now += [(LIVE, f"Live (v{of.published.number})")] if of.published else []
    names = dict(Version.objects.filter(agent=of).order_by("-number").values_list("number", "name")[:NEWEST])
    names |= {side.content.number: side.content.name for side in sides if isinstance(side.content, Version)}
    versions = [(str(number), f"v{number} {names[number]}".strip()) for number in sorted(names, reverse=True)]
    kept = Draft.history.filter(agent=of, owner=draft.owner_id).order_by("-history_id")
    earlier = [
        (f"{EARLIER}{checkpoint}", f"{changed_at:%-d %B, %H:%M} UTC")
        for checkpoint, changed_at in kept.values_list("history_id", "changed_at")
    ]
    groups = [("Now", now), ("Versions", versions), ("Your earlier drafts", earlier)]
    return {"choices": [group for group in groups if group[1]], "any_number": of.last_number > NEWEST}


def _difference(change: Change, old: Unread = NOTHING, new: Unread = NOTHING) -> Difference:
    """A change as rows; `old` and `new` are the texts that are not values yet, which stand in place of the values."""

    def row(leaf: Leaf, path: str, label: str, was: str, now: str) -> Row | None:
        flags = [f"{sign} not a value yet: {side[path][1]}" for sign, side in (("−", old), ("+", new)) if path in side]  # noqa: RUF001
        was, now = old.get(path, (was,))[0], new.get(path, (now,))[0]
        if was == now and (path in old) == (path in new):
            return None
        return Row(label, _pieces(leaf, was, now), leaf.setting.label, flags)

    leaf = setting(change.path)
    if leaf is not None:
        rows = [row(leaf, change.path, change.label, _shown(leaf, change.before), _shown(leaf, change.after))]
    elif isinstance(change.before or change.after, BaseTool):
        rows = [
            row(leaf, f"{change.path}.{leaf.path}", f"{change.label} · {leaf.setting.label}", was, now)
            for leaf, was, now in _tool_texts(change)
        ]
        if not any(rows) or _kind(change.before) != _kind(change.after):
            rows.insert(0, Row(f"{change.label} · Kind", _whole(_kind(change.before), _kind(change.after)), "Kind"))
    else:
        rows = [Row(change.label, change.pieces if isinstance(change, Order) else [])]
    return Difference(change.path, change.section, change.label, _state(change), [found for found in rows if found])


def _state(change: Change) -> Literal["added", "removed", "changed"]:
    if change.path.startswith("tools."):
        return "added" if change.before is None else "removed" if change.after is None else "changed"
    return "changed"


def _tool_texts(change: Change) -> Iterator[tuple[Leaf, str, str]]:
    """Every setting of a tool before and after, those of both kinds where its kind changed."""
    kinds = [KINDS[getattr(tool, "kind")][1] for tool in (change.after, change.before) if tool]  # noqa: B009 (every tool but their base has a kind)
    found = {leaf.path: leaf for kind in reversed(kinds) for leaf in leaves(kind)}
    ordered = dict.fromkeys(leaf.path for kind in kinds for leaf in leaves(kind))
    for path in ordered:
        yield found[path], _shown_in(found[path], change.before), _shown_in(found[path], change.after)


def _pieces(leaf: Leaf, old: str, new: str) -> list[Piece]:
    """Texts are compared word by word; a number, a choice and a switch are one word each."""
    return _whole(old, new) if leaf.setting.widget in ("number", "choice", "switch") else differences(old, new)


def _whole(old: str, new: str) -> list[Piece]:
    if old == new:
        return [Piece("same", old)] if old else []
    return [piece for piece in (Piece("removed", old), Piece("added", new)) if piece.text]


def _kind(tool: BaseTool | None) -> str:
    return KINDS[getattr(tool, "kind")][0] if tool else ""  # noqa: B009


def _shown_in(leaf: Leaf, tool: BaseTool | None) -> str:
    return _shown(leaf, getattr(tool, leaf.path)) if tool and hasattr(tool, leaf.path) else ""


def _shown(leaf: Leaf, value: Any) -> str:
    """A value as the editor would show it; a choice and a switch in words."""
    if leaf.setting.widget == "switch":
        return "Yes" if value else "No"
    if leaf.choices:
        return dict(leaf.choices).get(value, str(value))
    text = leaf.text(
        [item.model_dump() if hasattr(item, "model_dump") else item for item in value]
        if isinstance(value, list)
        else value
    )
    return f"{text} {leaf.setting.unit}".strip() if text and leaf.setting.widget == "number" else text


def _look_alike(part: Part) -> bool:
    """Whether it was only composed otherwise: é as one letter, or as e and an accent."""
    return bool(part.removed) and normalize("NFC", part.removed) == normalize("NFC", part.added)


def _folded(text: str, *, after: bool, before: bool) -> list[Part]:
    """What stayed, with only what is near a change before or after it in sight."""
    start = _near(text) if after else 0
    end = len(text) - _near(text[::-1]) if before else len(text)
    end += text[end : end + 1] == "\n"  # a line's end stays with its line
    if end - start < WORTH_FOLDING:
        return [Part("same", text)]
    parts = [Part("same", text[:start]), Part("folded", text[start:end]), Part("same", text[end:])]
    return [part for part in parts if part.text]


def _near(text: str) -> int:
    """So many characters are near: up to the end of a few lines, or of a word where lines are long."""
    at = -1
    for _ in range(NEARBY_LINES):
        following = text.find("\n", at + 1)
        if following < 0 or following > NEARBY:
            break
        at = following
    if at >= 0:
        return at + 1
    space = text.find(" ", NEARBY // 2)
    return space if 0 <= space < NEARBY else NEARBY // 2


def _paired(parts: list[Part]) -> Iterator[Pair]:
    before: list[Part] = []
    after: list[Part] = []

    def told() -> Pair:
        changed = any(part.kind == "change" for part in [*before, *after])
        return Pair("change" if changed else "same", before, after)

    for part in parts:
        if part.kind == "change":
            before += [part._replace(added="")] if part.removed else []
            after += [part._replace(removed="", number=0 if part.removed else part.number)] if part.added else []
            continue
        if part.kind == "folded":
            yield told()
            yield Pair("folded", [part], [part])
            before, after = [], []
            continue
        for text in _to_line_ends(part.text):
            before.append(Part("same", text))
            after.append(Part("same", text))
            if text.endswith("\n"):
                yield told()
                before, after = [], []
    yield told()


def _to_line_ends(text: str) -> list[str]:
    """The rest of a line that changed, the lines that didn't, and the start of one that does."""
    first, last = text.find("\n") + 1, text.rfind("\n") + 1
    return [stretch for stretch in (text[:first], text[first:last], text[last:]) if stretch]
