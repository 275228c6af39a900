"""What someone looks for, and where in a stored configuration it stands: pure functions, nothing stored or drawn.

Upper and lower case are the same in every script (SQLite's own LIKE knows only ASCII's), and so is any space between
two words: a sentence copied out of a page is found though its lines broke elsewhere.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from agentversions.configuration import SCHEMA, settings
from agentversions.documents import Document, stored_tools, upgraded
from agentversions.tools import KINDS
from agentversions.values import Leaf, leaves

AROUND = 50
GAP = "…"
LONGEST = 300
"""Characters of what can be looked for."""
_WORD = re.compile(r"\S+")
_NUMBER = re.compile(r"v?([0-9]{1,9})", re.ASCII)
_IN_WORDS = ("prompt", "sentence", "lines", "code", "text")


@dataclass(frozen=True)
class Text:
    """A text of a configuration, at its setting's path."""

    path: str
    label: str
    text: str


@dataclass(frozen=True)
class Excerpt:
    """Where it was found, with the words before and behind it."""

    path: str
    label: str
    before: str
    found: str
    after: str


@dataclass(frozen=True)
class Sought:
    """What someone looks for; nothing but spaces is nothing."""

    text: str

    def __bool__(self) -> bool:
        return bool(self._words)

    @property
    def number(self) -> int | None:
        """The version's number, if it is one: `12` or `v12`."""
        number = _NUMBER.fullmatch(self.text.strip().lower())
        return int(number[1]) if number else None

    def within(self, text: str) -> bool:
        """Whether the text holds it."""
        folded = _folded(text)
        return self._longest in folded and self._spaced in _evenly(folded)

    def excerpt(self, held: Text) -> Excerpt:
        """The first place in a text that holds it."""
        text = held.text
        start, end = _places(text, *self._span(_folded(text)))
        before, after = text[:start], text[end:]
        if len(before) > AROUND:
            before = GAP + before[-AROUND:].partition(" ")[2]
        if len(after) > AROUND:
            after = after[:AROUND].rpartition(" ")[0] + GAP
        return Excerpt(held.path, held.label, before, text[start:end], after)

    @cached_property
    def _words(self) -> list[str]:
        return _folded(self.text[:LONGEST]).split()

    @cached_property
    def _longest(self) -> str:
        return max(self._words, key=len)

    @cached_property
    def _spaced(self) -> str:
        return " ".join(self._words)

    def _span(self, folded: str) -> tuple[int, int]:
        """Where it begins and ends in a folded text, whatever space stands between its words there.

        Not by a pattern: on a text that nearly holds it everywhere, that takes seconds.
        """
        even = _evenly(folded)
        start = even.find(self._spaced)
        if start < 0:
            return 0, 0
        last = start + len(self._spaced) - 1
        words = [word.start() for word in _WORD.finditer(folded)]

        def place(at: int) -> int:
            return words[even.count(" ", 0, at)] + at - (even.rfind(" ", 0, at) + 1)

        return place(start), place(last) + 1


def texts(document: Document, schema: int = SCHEMA) -> Iterator[Text]:
    """Every text of a stored configuration that isn't empty: what people wrote, not numbers, choices and switches."""
    if schema != SCHEMA:
        document = upgraded(document, schema)
    for leaf, text in _written(_SETTINGS, document):
        yield Text(leaf.path, leaf.setting.label, text)
    for tool in stored_tools(document):
        for leaf, text in _written(_OF_TOOLS.get(str(tool.get("kind")), []), tool):
            name = tool.get("name") or "without a name"
            yield Text(f"tools.{tool['id']}.{leaf.path}", f"Tool {name} · {leaf.setting.label}", text)


type _Paths = list[tuple[Leaf, list[str]]]


def _in_words(of: Iterable[Leaf]) -> _Paths:
    return [(leaf, leaf.path.split(".")) for leaf in of if leaf.setting.widget in _IN_WORDS]


_SETTINGS = _in_words(settings())
_OF_TOOLS = {kind: _in_words(leaves(model)) for kind, (_, model) in KINDS.items()}


def _written(of: _Paths, document: Document) -> Iterator[tuple[Leaf, str]]:
    for leaf, path in of:
        value: Any = document
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value:
            yield leaf, value if isinstance(value, str) else leaf.text(value)


def _evenly(text: str) -> str:
    """With one space between any two words."""
    return " ".join(text.split())


def _folded(text: str) -> str:
    """Without the difference between upper and lower case: `STRASSE` is `straße`; a dotted İ is an i."""
    return text.replace("İ", "i").casefold()


def _places(text: str, start: int, end: int) -> tuple[int, int]:
    """Where a stretch of the folded text begins and ends in the text itself: folding makes some letters two."""
    if len(_folded(text)) == len(text):
        return start, end
    at, first = 0, None
    for place, letter in enumerate(text):
        if first is None and at + len(_folded(letter)) > start:
            first = place
        at += len(_folded(letter))
        if at >= end:
            return first or 0, place + 1
    return first or 0, len(text)
