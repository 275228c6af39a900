"""The words that differ between two texts: lines first, then the words inside lines that changed.

Comparing all words of two long texts takes minutes where they differ everywhere; comparing lines, and
words only within small blocks of changed lines, takes milliseconds. Pure functions, nothing drawn.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

MOST_WORDS = 400
"""Of both sides of a changed block together; a larger block is shown as taken out and put in whole."""

CONTEXT = 90
GAP = " … "
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch of text that stayed, was taken out or was put in."""

    kind: Literal["same", "removed", "added"]
    text: str


def differences(before: str, after: str) -> list[Piece]:
    """The text from its old to its new state; the pieces not `added` make the old one, those not `removed` the new."""
    if before == after:
        return [Piece("same", before)] if before else []
    return list(_joined(_by_lines(before.splitlines(keepends=True), after.splitlines(keepends=True))))


def _by_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Piece]:
    for kind, old, new in _blocks(before, after):
        if kind == "equal":
            yield Piece("same", "".join(old))
        elif len(old) == len(new):
            for pair in zip(old, new, strict=True):
                yield from _by_words(*pair)
        else:
            yield from _by_words("".join(old), "".join(new))


def _by_words(before: str, after: str) -> Iterator[Piece]:
    old_words, new_words = _WORDS.findall(before), _WORDS.findall(after)
    if len(old_words) + len(new_words) > MOST_WORDS or not old_words or not new_words:
        yield from (Piece("removed", before), Piece("added", after))
        return
    for kind, old, new in _blocks(old_words, new_words):
        if kind == "equal":
            yield Piece("same", "".join(old))
        else:
            yield from (Piece("removed", "".join(old)), Piece("added", "".join(new)))


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    # Its shortcut for what stands everywhere keeps a text of many equal lines from taking minutes.
    matcher = SequenceMatcher(None, before, after, autojunk=True)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        yield kind, before[old_start:old_end], after[new_start:new_end]


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Without empty pieces, and with neighbours of one kind as one."""
    held: Piece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if held and held.kind == piece.kind:
            held = Piece(held.kind, held.text + piece.text)
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def shortened(pieces: Sequence[Piece], around: int = CONTEXT) -> list[Piece]:
    """The pieces, with only so many characters of what stayed on either side of a change."""
    last = len(pieces) - 1
    return [
        Piece("same", _cut(piece.text, 0 if at == 0 else around, 0 if at == last else around))
        if piece.kind == "same"
        else piece
        for at, piece in enumerate(pieces)
    ]


def _cut(text: str, start: int, end: int) -> str:
    if len(text) <= start + end + len(GAP):
        return text
    return text[:start] + GAP + (text[-end:] if end else "")
