"""Two people's changes to one configuration, merged from where both began: pure functions over stored documents.

Texts are merged over the words that `differences` finds. The package merge3 is under the GPL, on which a project under
the BSD licence can't be built; and it merges lines only, while a line of a prompt is a paragraph.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentversions.configuration import MAX_TOOLS, settings
from agentversions.differences import differences
from agentversions.documents import Document, canonical, changed, refuse_hostile, stored_tools
from agentversions.refusals import Hostile, Invalid, Undecided
from agentversions.tools import KINDS
from agentversions.values import Leaf, Unreadable, leaves, settled

_MARK = re.compile(r"⟦(?:mine|theirs): |⟧")
_PARTING = re.compile(r"[\w\n]")
_WRITABLE = ("prompt", "sentence", "lines", "code")
"""The widgets whose text is merged, and may be written anew."""


@dataclass(frozen=True)
class Part:
    """A stretch of a text as it was, as it is mine and as it is theirs."""

    kind: Literal["same", "mine", "theirs", "both", "conflict"]
    base: str
    mine: str
    theirs: str

    @property
    def merged(self) -> str:
        """What becomes of it; where the two contradict each other, both with marks that can't be overlooked."""
        if self.kind == "conflict":
            return f"⟦mine: {self.mine}⟧⟦theirs: {self.theirs}⟧"
        return self.theirs if self.kind == "theirs" else self.mine


def merge_texts(base: str, mine: str, theirs: str) -> list[Part]:
    """Three texts in parts, in order: every character of each is in one of them.

    Changes with a word or a line's end between them are independent. Where they touch, and aren't the same, they
    contradict each other.
    """
    parts: list[Part] = []
    at = 0
    for edits in _together(base, [*_edits(base, mine, "mine"), *_edits(base, theirs, "theirs")]):
        start, end = edits[0].start, max(edit.end for edit in edits)
        parts.append(Part("same", *[base[at:start]] * 3))
        parts.append(_part(base, start, end, edits))
        at = end
    parts.append(Part("same", *[base[at:]] * 3))
    return [part for part in parts if part.kind != "same" or part.base]


@dataclass(frozen=True)
class _Edit:
    """Other text in place of a stretch of the base."""

    start: int
    end: int
    text: str
    side: Literal["mine", "theirs"]


def _edits(base: str, text: str, side: Literal["mine", "theirs"]) -> Iterator[_Edit]:
    at = start = 0
    new: list[str] = []
    for piece in differences(base, text):
        if piece.kind == "added":
            new.append(piece.text)
        elif piece.kind == "removed":
            at += len(piece.text)
        else:
            if new or at > start:
                yield _Edit(start, at, "".join(new), side)
            at += len(piece.text)
            start, new = at, []
    if new or at > start:
        yield _Edit(start, at, "".join(new), side)


def _together(base: str, edits: list[_Edit]) -> Iterator[list[_Edit]]:
    """The edits in order; those of one side that touch one of the other's come together."""
    group: list[_Edit] = []
    ends = {"mine": -1, "theirs": -1}
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        other = ends["theirs" if edit.side == "mine" else "mine"]
        touches = other >= 0 and (edit.start < other or not _PARTING.search(base, other, edit.start))
        if group and not touches:
            yield group
            group, ends = [], {"mine": -1, "theirs": -1}
        group.append(edit)
        ends[edit.side] = edit.end
    if group:
        yield group


def _part(base: str, start: int, end: int, edits: Sequence[_Edit]) -> Part:
    mine, theirs = (_written(base, start, end, [e for e in edits if e.side == side]) for side in ("mine", "theirs"))
    sides = {edit.side for edit in edits}
    kind = edits[0].side if len(sides) == 1 else "both" if mine == theirs else "conflict"
    return Part(kind, base[start:end], mine, theirs)


def _written(base: str, start: int, end: int, edits: Sequence[_Edit]) -> str:
    """A stretch of the base with one side's edits in it."""
    pieces = []
    for edit in edits:
        pieces += [base[start : edit.start], edit.text]
        start = edit.end
    return "".join([*pieces, base[start:end]])


type Side = Literal["mine", "theirs", "text"]


@dataclass(frozen=True)
class Choice:
    """What was chosen where both changed a setting: one of the sides, or a text."""

    side: Side
    text: str = ""


@dataclass(frozen=True)
class Row:
    """A setting, a tool or the tools' order that differs, as a person would type it.

    `how` says what becomes of it: only theirs is taken, only mine is kept, both are merged, or a person chooses.
    """

    path: str
    section: str
    label: str
    how: Literal["theirs", "mine", "merged", "conflict"]
    base: str
    mine: str
    theirs: str
    parts: tuple[Part, ...] = ()
    leaf: Leaf | None = None

    @property
    def merged(self) -> str:
        """The merged text; with marks where a person chooses."""
        return "".join(part.merged for part in self.parts)

    @property
    def writable(self) -> bool:
        """Whether another text may be written in place of both."""
        return self.leaf is not None and self.leaf.setting.widget in _WRITABLE

    def undecided(self, text: str) -> bool:
        """Whether marks are left in a text that neither side wrote."""
        sides = self.mine + self.theirs
        return any(mark not in sides for mark in set(_MARK.findall(text)))


@dataclass(frozen=True)
class Merge:
    """What differs, in the editor's order, and the documents it came from."""

    rows: tuple[Row, ...]
    mine: Document
    theirs: Document
    unparsed: Mapping[str, str]
    unknown: Mapping[str, Any]

    @property
    def undone(self) -> list[str]:
        """What of theirs isn't in mine, by name."""
        return list(dict.fromkeys(row.label for row in self.rows if row.how != "mine"))

    def resolved(self, choices: Mapping[str, Choice]) -> tuple[Document, dict[str, str]]:
        """The document, and what of mine is text still, once a person has chosen.

        Raises Undecided, Hostile for a choice that there isn't, Invalid for a text that is no value, TooLarge.
        """
        self._check(choices)
        texts, taken = {}, set()
        for row in self.rows:
            choice = choices.get(row.path, Choice("text", row.merged) if row.how == "merged" else Choice(_side(row)))
            if choice.side == "text":
                texts[row.path] = _parsed(row, choice.text)
            elif choice.side == "theirs":
                taken.add(row.path)
        values = {path: _lying(self.theirs, leaf) for path, leaf in _settings().items() if path in taken} | {
            path: value for path, value in texts.items() if not path.startswith("tools.")
        }
        document = changed(self.mine, values | dict(self.unknown))
        if "tools" in document or "tools" in self.theirs:
            document["tools"] = self._tools(texts, taken)
        kept = self._kept(document, {*texts, *taken})
        refuse_hostile({"configuration": document, "unparsed": kept})
        return document, kept

    def _check(self, choices: Mapping[str, Choice]) -> None:
        open_to = {row.path: row for row in self.rows if row.how in ("merged", "conflict")}
        for path, choice in choices.items():
            if path not in open_to or (choice.side == "text" and not open_to[path].writable):
                raise Hostile("The page sent a choice that doesn't exist. Reload it.")
        undecided = {
            path: row.label
            for path, row in open_to.items()
            if (path not in choices and row.how == "conflict")
            or (path in choices and choices[path].side == "text" and row.undecided(choices[path].text))
        }
        if undecided:
            raise Undecided(undecided)

    def _tools(self, texts: Mapping[str, Any], taken: set[str]) -> list[Document]:
        mine, theirs = _by_id(self.mine), _by_id(self.theirs)
        found = {key: deepcopy(tool) for key, tool in mine.items() if f"tools.{key}" not in taken or key in theirs}
        for key, tool in theirs.items():
            if f"tools.{key}" in taken:
                found[key] = deepcopy(tool)
        for key, tool in found.items():
            for leaf in _tool_leaves(tool):
                path = f"tools.{key}.{leaf.path}"
                if path in taken:
                    tool[leaf.path] = _lying(theirs[key], leaf)
                elif path in texts:
                    tool[leaf.path] = settled(texts[path])
        if len(found) > MAX_TOOLS:
            raise Invalid(
                f"Together these are {len(found)} tools; an agent has at most {MAX_TOOLS}. Remove some first."
            )
        first, second = (theirs, mine) if "tools" in taken else (mine, theirs)
        return [found[key] for key in _in_order(list(first), list(second)) if key in found]

    def _kept(self, document: Document, decided: set[str]) -> dict[str, str]:
        """My texts that are no values yet, without those of what was decided or went away."""
        there = {f"tools.{key}" for key in _by_id(document)}
        tools = {path: ".".join(path.split(".")[:2]) for path in self.unparsed if path.startswith("tools.")}
        return {
            path: text
            for path, text in self.unparsed.items()
            if path not in decided and (path not in tools or (tools[path] in there and tools[path] not in decided))
        }


def _side(row: Row) -> Literal["mine", "theirs"]:
    return "theirs" if row.how == "theirs" else "mine"


def _parsed(row: Row, text: str) -> Any:
    try:
        return row.leaf.parse(text.replace("\r\n", "\n")) if row.leaf else None
    except Unreadable as problem:
        raise Invalid(f"{row.label}: {problem}") from None


def merge(base: Document, mine: Document, theirs: Document, unparsed: Mapping[str, str]) -> Merge:
    """What both made of one document since; `unparsed` are texts of mine that are no values yet, by path.

    All three are in today's schema. What this release doesn't know is theirs where only they changed it.
    """
    documents = (base, mine, theirs)
    rows = [row for leaf in settings() for row in _setting(leaf.path, leaf.setting.label, leaf, documents, unparsed)]
    rows += _tool_rows(_by_id(base), _by_id(mine), _by_id(theirs), unparsed)
    was, mine_now, theirs_now = (dict(_unknown(document)) for document in documents)
    unknown = {
        path: value
        for path, value in theirs_now.items()
        if not _same(value, was.get(path)) and _same(mine_now.get(path), was.get(path))
    }
    return Merge(tuple(rows), mine, theirs, unparsed, unknown)


def _setting(
    path: str, label: str, leaf: Leaf, documents: Sequence[Document], unparsed: Mapping[str, str]
) -> Iterator[Row]:
    """A setting of the document or of one of its tools, if anybody changed it: as it was, mine and theirs."""
    was, my, their = (_lying(document, leaf) for document in documents)
    mine_stayed, theirs_stayed = path not in unparsed and _same(my, was), _same(their, was)
    if (mine_stayed and theirs_stayed) or (path not in unparsed and _same(my, their)):
        return
    texts = leaf.text(was), unparsed.get(path, leaf.text(my)), leaf.text(their)
    section = leaf.setting.section or "tools"
    row = Row(path, section, label, "mine" if theirs_stayed else "theirs", *texts, leaf=leaf)
    yield row if mine_stayed or theirs_stayed else _both(row)


def _both(row: Row) -> Row:
    if not row.writable:
        return replace(row, how="conflict")
    row = replace(row, how="merged", parts=tuple(merge_texts(row.base, row.mine, row.theirs)))
    if any(part.kind == "conflict" for part in row.parts) or not _readable(row):
        return replace(row, how="conflict")
    return row


def _readable(row: Row) -> bool:
    try:
        _parsed(row, row.merged)
    except Invalid:
        return False
    return True


def _tool_rows(
    base: Mapping[str, Document],
    mine: Mapping[str, Document],
    theirs: Mapping[str, Document],
    unparsed: Mapping[str, str],
) -> Iterator[Row]:
    for key in _in_order(list(mine), list(theirs)) + [key for key in base if key not in mine and key not in theirs]:
        was, my, their = base.get(key), mine.get(key), theirs.get(key)
        label = _tool_label(my or their or was or {})
        if was and my and their and was.get("kind") == my.get("kind") == their.get("kind") in KINDS:
            for leaf in _tool_leaves(my):
                path, name = f"tools.{key}.{leaf.path}", f"{label} · {leaf.setting.label}"
                yield from _setting(path, name, leaf, (was, my, their), unparsed)
            continue
        open_texts = {path: text for path, text in unparsed.items() if path.startswith(f"tools.{key}.")}
        mine_stayed, theirs_stayed = _same(my, was) and not open_texts, _same(their, was)
        if (mine_stayed and theirs_stayed) or (_same(my, their) and not open_texts):
            continue
        how: Literal["mine", "theirs", "conflict"] = (
            "mine" if theirs_stayed else "theirs" if mine_stayed else "conflict"
        )
        told = _tool_text(was), _tool_text(my, open_texts), _tool_text(their)
        yield Row(f"tools.{key}", "tools", label, how, *told)
    yield from _order(base, mine, theirs)


def _order(base: Mapping[str, Document], mine: Mapping[str, Document], theirs: Mapping[str, Document]) -> Iterator[Row]:
    """The order of the tools that all three have."""
    was, my, their = (
        [key for key in one if key in base and key in mine and key in theirs] for one in (base, mine, theirs)
    )
    if my == their:
        return
    first, second, third = ("\n".join(_tool_label(mine[key]) for key in keys) for keys in (was, my, their))
    how: Literal["mine", "theirs", "conflict"] = "mine" if their == was else "theirs" if my == was else "conflict"
    yield Row("tools", "tools", "Order of the tools", how, first, second, third)


def _in_order(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The first list, with what only the second has put behind what it follows there."""
    found = list(first)
    for at, key in enumerate(second):
        if key not in found:
            before = [found.index(earlier) for earlier in second[:at] if earlier in found]
            found.insert(before[-1] + 1 if before else 0, key)
    return found


def _by_id(document: Document) -> dict[str, Document]:
    return {tool["id"]: tool for tool in stored_tools(document)}


def _tool_leaves(tool: Document) -> tuple[Leaf, ...]:
    kind = KINDS.get(str(tool.get("kind")))
    return leaves(kind[1]) if kind else ()


def _tool_label(tool: Document) -> str:
    return f"Tool {tool['name']}" if tool.get("name") else "Tool without a name"


def _tool_text(tool: Document | None, unparsed: Mapping[str, str] | None = None) -> str:
    """A tool as lines of its settings; empty where there is none."""
    if tool is None:
        return ""
    kind = KINDS.get(str(tool.get("kind")))
    lines = [kind[0] if kind else "A kind of tool that this release doesn't know"]
    for leaf in _tool_leaves(tool):
        text = (unparsed or {}).get(f"tools.{tool['id']}.{leaf.path}") or leaf.text(_lying(tool, leaf))
        if text:
            lines.append(f"{leaf.setting.label}: {text}")
    return "\n".join(lines)


def _settings() -> dict[str, Leaf]:
    return {leaf.path: leaf for leaf in settings()}


def _lying(document: Document, leaf: Leaf) -> Any:
    """The value of a setting as it lies in a document, else its default."""
    value: Any = document
    for name in leaf.path.split("."):
        if not isinstance(value, dict) or name not in value:
            default = leaf.default
            return [item.model_dump() for item in default] if isinstance(default, list) else settled(default)
        value = value[name]
    return value


def _unknown(document: Document, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What a document holds beside settings and tools, by path."""
    known = _settings()
    for name, value in document.items():
        path = prefix + name
        if path in known or path == "tools" or "." in name:
            continue
        if isinstance(value, dict) and any(leaf.startswith(path + ".") for leaf in known):
            yield from _unknown(value, path + ".")
        else:
            yield path, value


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON is: Python alone would take 1 for true."""
    return canonical(one) == canonical(other)
