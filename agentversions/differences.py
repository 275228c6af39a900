"""The words that differ between two texts.

Lines that stand once in both texts hold them together; between those, the longest common run of words is found
exactly, with a long integer as a row of the table: ten thousand words against ten thousand in some 30 ms. What is
larger than that is held together by rare phrases, and shown whole where there are none. Pure functions, nothing drawn.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

MOST_CELLS = 200_000_000
"""Words of one side times words of the other that are compared exactly in one text: about 50 ms and 25 MB."""

MOST_WORDS = 250_000
"""Of both sides together: among more, not even phrases are looked for."""

PHRASE = 4
"""Words that must stand once in both texts to hold together what is too large to be compared exactly."""

MOST_PIECES = 12_000
"""More can't be read, nor drawn in good time: what stayed between them is then told as changed, the shortest first."""

SLIDE = 100
"""Words by which what was put in or taken out may move to begin where a sentence does."""

CRUMB = 3
"""Words that may have stayed by chance amid larger changes."""

CONTEXT = 90
GAP = " … "

_MARKS = r"\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
_UNSPACED += r"\U00020000-\U0003ffff"
_UNSPACED_MARKS = r"\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3"
# Letters, digits and their marks of the scripts that part words by spaces, without those scripts' punctuation.
_LETTERS = r"0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u060b\u060d-\u061a\u0620-\u06d3\u06d5-\u0963\u0966-\u0dff\u0f00-\u0fff"
_LETTERS += r"\u10a0-\u1360\u1369-\u166c\u166f-\u177f\u1810-\u1fff\u2c00-\u2dff\ua4d0-\ua6f1\ua700-\ud7ff\ufb00-\ufdff"
_LETTERS += r"\ufe70-\ufefc\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U00010280-\U0001cfff"
_PICTURE = r"[\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\u00a9\u00ae\U0001f000-\U0001faff]"
_TONE = r"[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]*"
_TOKEN = re.compile(
    r"(\{\{[\w.]+\}\}"  # a variable
    r"|[0-9]++(?:[.,:][0-9]++)+"  # a price, a time; never read twice, or a long run of digits takes minutes
    rf"|[{_LETTERS}]+(?:['\u2019][{_LETTERS}]+)*"
    rf"|[{_UNSPACED}][{_UNSPACED_MARKS}{_MARKS}]*"  # where words aren't parted by spaces, a letter counts as one
    r"|[\U0001f1e6-\U0001f1ff]{2}"  # a flag
    rf"|{_PICTURE}{_TONE}(?:\u200d{_PICTURE}{_TONE})*"
    rf"|\S[{_MARKS}\u20e3]*)"
    r"(\s*)"
)
_SENTENCE_ENDS = ".!?。！？…؟।"  # noqa: RUF001
_CLAUSE_ENDS = ",;:)、，；："  # noqa: RUF001


@dataclass(frozen=True)
class Piece:
    """A stretch of text that stayed, was taken out or was put in."""

    kind: Literal["same", "removed", "added"]
    text: str


class Run(NamedTuple):
    """So many lines or words from a place in the old text on, found at a place in the new one."""

    old: int
    new: int
    length: int


class Words(NamedTuple):
    """The words of a text, which are compared, and the space after each, which comes along."""

    texts: Sequence[str]
    spaces: Sequence[str]

    def written(self, start: int, end: int) -> str:
        """The text from one word up to another."""
        return "".join(chain.from_iterable(zip(self.texts[start:end], self.spaces[start:end], strict=True)))


def differences(before: str, after: str) -> list[Piece]:
    """The text from its old to its new state; the pieces not `added` make the old one, those not `removed` the new.

    Between two stretches that stayed stand at most one that was taken out and one that was put in, in that order. The
    work is bounded, whatever the texts: see MOST_CELLS.
    """
    if before == after:
        return [Piece("same", before)] if before else []
    return coarser(_pieces(_by_lines(before, after)), MOST_PIECES)


type _Step = tuple[str, str]
"""The same place in both texts, advanced by so much; equal where it stayed."""


def _by_lines(before: str, after: str) -> Iterator[_Step]:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    effort = [MOST_CELLS]
    at_old = at_new = 0
    for run in [*_anchored(old, new), Run(len(old), len(new), 0)]:
        yield from _by_words("".join(old[at_old : run.old]), "".join(new[at_new : run.new]), effort)
        stayed = "".join(old[run.old : run.old + run.length])
        yield stayed, stayed
        at_old, at_new = run.old + run.length, run.new + run.length


def _by_words(before: str, after: str, effort: list[int]) -> Iterator[_Step]:
    if not before or not after or before == after:
        yield before, after
        return
    (old_space, old), (new_space, new) = _words(before), _words(after)
    runs = _settled(_runs(old.texts, new.texts, effort), old, new)
    at_old = at_new = 0
    told: dict[_Step, list[_Step]] = {}  # by the spaces, which are few and stand often
    for run in [*runs, Run(len(old.texts), len(new.texts), 0)]:
        yield from _instead(old_space + old.written(at_old, run.old), new_space + new.written(at_new, run.new))
        at_old, at_new = run.old + run.length, run.new + run.length
        if not run.length:
            break
        old_space, new_space = old.spaces[at_old - 1], new.spaces[at_new - 1]
        if old.spaces[run.old : at_old - 1] == new.spaces[run.new : at_new - 1]:
            stayed = old.written(run.old, at_old).removesuffix(old_space)
            yield stayed, stayed
            continue
        for place in range(run.length):
            text, space = old.texts[run.old + place], (old.spaces[run.old + place], new.spaces[run.new + place])
            yield text, text
            if place == run.length - 1:
                break
            if space not in told:
                told[space] = list(_instead(*space))
            yield from told[space]


def _words(text: str) -> tuple[str, Words]:
    """The space a text begins with, and its words."""
    indent = text[: len(text) - len(text.lstrip())]
    found = _TOKEN.split(text[len(indent) :])  # nothing, a word, its space, and so on
    return indent, Words(found[1::3], found[2::3])


def _instead(before: str, after: str) -> Iterator[_Step]:
    """One stretch in place of another; the space that both begin or end with stayed."""
    if before == after:
        yield before, after
        return
    start = min(_ends(before, after)[0], len(before) - len(before.lstrip()))
    end = min(_ends(before[start:][::-1], after[start:][::-1])[0], len(before) - len(before.rstrip()))
    for old, new in (
        (before[:start], after[:start]),
        (before[start : len(before) - end], after[start : len(after) - end]),
        (before[len(before) - end :], after[len(after) - end :]),
    ):
        if old or new:
            yield old, new


def _runs(old: Sequence[str], new: Sequence[str], effort: list[int]) -> list[Run]:
    """What stayed: exactly where that is affordable, else between phrases that stand once in both."""
    start, end = _ends(old, new)
    inner_old, inner_new = old[start : len(old) - end], new[start : len(new) - end]
    found = _affordable(inner_old, inner_new, effort)
    if found is None and len(inner_old) + len(inner_new) > MOST_WORDS:
        found = []
    if found is None:
        found = []
        at_old = at_new = 0
        for run in [*_anchored(inner_old, inner_new, PHRASE), Run(len(inner_old), len(inner_new), 0)]:
            gap = _affordable(inner_old[at_old : run.old], inner_new[at_new : run.new], effort)
            found += [*_moved(gap or [], at_old, at_new), run]
            at_old, at_new = run.old + run.length, run.new + run.length
    tail = Run(len(old) - end, len(new) - end, end)
    return _adjoined([Run(0, 0, start), *_moved(found, start, start), tail])


def _affordable(old: Sequence[str], new: Sequence[str], effort: list[int]) -> list[Run] | None:
    cells = len(old) * len(new)
    if cells > effort[0]:
        return None
    effort[0] -= cells
    return _longest(old, new) if cells else []


def _longest(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """The longest common subsequence, exactly. Hyyrö 2004: a zero bit in a row says that the length grows there."""
    places: dict[str, int] = {}
    for place, text in enumerate(old):
        places[text] = places.get(text, 0) | 1 << place
    every = (1 << len(old)) - 1
    row = every
    rows = [row]
    for text in new:
        hits = row & places.get(text, 0)
        if hits:
            row = ((row + hits) | (row - hits)) & every
        rows.append(row)
    matched = []
    at_old, at_new = len(old) - 1, len(new)
    while at_old >= 0 and at_new:
        if rows[at_new] >> at_old & 1:
            at_old -= 1
        elif not rows[at_new - 1] >> at_old & 1:
            at_new -= 1
        else:
            at_new -= 1
            matched.append(Run(at_old, at_new, 1))
            at_old -= 1
    return _adjoined(matched[::-1])


def _anchored(old: Sequence[str], new: Sequence[str], size: int = 1) -> list[Run]:
    """What stands once in both, in the order of both, with all that is equal around it; and both ends."""
    start, end = _ends(old, new)
    once_old, once_new = _once(old, start, len(old) - end, size), _once(new, start, len(new) - end, size)
    both = [(place, once_new[key]) for key, place in once_old.items() if key in once_new]
    runs = [Run(0, 0, start)]
    for place_old, place_new in _rising(both):
        last = runs[-1]
        least_old, least_new = last.old + last.length, last.new + last.length
        if place_old < least_old or place_new < least_new:
            continue
        back = 0
        while (
            place_old - back > least_old
            and place_new - back > least_new
            and old[place_old - back - 1] == new[place_new - back - 1]
        ):
            back += 1
        ahead = 1
        while (
            place_old + ahead < len(old) - end
            and place_new + ahead < len(new) - end
            and old[place_old + ahead] == new[place_new + ahead]
        ):
            ahead += 1
        runs.append(Run(place_old - back, place_new - back, back + ahead))
    return _adjoined([*runs, Run(len(old) - end, len(new) - end, end)])


def _once(texts: Sequence[str], start: int, end: int, size: int) -> dict[object, int]:
    """The place of each phrase of so many texts that stands once, in order; blank ones say nothing."""
    phrases: list[object] = (
        list(texts[start:end]) if size == 1 else [tuple(texts[at : at + size]) for at in range(start, end - size + 1)]
    )
    count = Counter(phrases)
    return {
        phrase: at
        for at, phrase in enumerate(phrases, start)
        if count[phrase] == 1 and not (isinstance(phrase, str) and phrase.isspace())
    }


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs of which both sides rise; the left sides do already. (Patience sorting.)"""
    tops: list[int] = []
    piles: list[int] = []
    below: list[int] = []
    for at, (_, right) in enumerate(pairs):
        pile = bisect_left(tops, right)
        below.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [right]
        piles[pile : pile + 1] = [at]
    risen = []
    at = piles[-1] if piles else -1
    while at >= 0:
        risen.append(pairs[at])
        at = below[at]
    return risen[::-1]


def _ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """How many are equal at the start, and of the rest at the end."""
    most = min(len(old), len(new))
    start = next((at for at in range(most) if old[at] != new[at]), most)
    most -= start
    end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    return start, end


def _moved(runs: Sequence[Run], old: int, new: int) -> list[Run]:
    return [Run(run.old + old, run.new + new, run.length) for run in runs]


def _adjoined(runs: Sequence[Run]) -> list[Run]:
    """Without empty runs, and with those that touch as one."""
    joined: list[Run] = []
    for run in runs:
        if not run.length:
            continue
        last = joined[-1] if joined else None
        if last and last.old + last.length == run.old and last.new + last.length == run.new:
            joined[-1] = last._replace(length=last.length + run.length)
        else:
            joined.append(run)
    return joined


def _settled(runs: list[Run], old: Words, new: Words) -> list[Run]:
    """The runs as a person would draw them: no crumbs between large changes, and changes that begin with a sentence."""
    for _ in range(2):
        runs = _without_crumbs(runs, old, new)
    return _slid(runs, old, new)


def _without_crumbs(runs: list[Run], old: Words, new: Words) -> list[Run]:
    """Drop what stayed by chance: few words, such as “of the”, with three times as many changed on either side."""
    kept: list[Run] = []
    for at, run in enumerate(runs):
        left = kept[-1] if kept else Run(0, 0, 0)
        right = runs[at + 1] if at + 1 < len(runs) else Run(len(old.texts), len(new.texts), 0)
        changed_before = max(run.old - left.old - left.length, run.new - left.new - left.length)
        changed_after = max(right.old - run.old - run.length, right.new - run.new - run.length)
        weight = _weight(old, run)
        if weight > CRUMB or weight * 3 > min(changed_before, changed_after):
            kept.append(run)
    return kept


def _weight(words: Words, run: Run) -> int:
    stayed = words.texts[run.old : run.old + min(run.length, 4 * CRUMB)]
    return max(sum(text[0].isalnum() for text in stayed), 1)


def _slid(runs: list[Run], old: Words, new: Words) -> list[Run]:
    """What was only put in, or only taken out, moved to where it reads best: the same text has several places."""
    runs = [Run(0, 0, 0), *runs, Run(len(old.texts), len(new.texts), 0)]
    for at in range(len(runs) - 1):
        left, right = runs[at], runs[at + 1]
        taken_out, put_in = right.old - left.old - left.length, right.new - left.new - left.length
        if bool(taken_out) == bool(put_in):
            continue
        words, start, end = (new, right.new - put_in, right.new) if put_in else (old, right.old - taken_out, right.old)
        by = _best_slide(words, start, end, min(left.length, SLIDE), min(right.length, SLIDE))
        runs[at] = left._replace(length=left.length + by)
        runs[at + 1] = Run(right.old + by, right.new + by, right.length - by)
    return [run for run in runs if run.length]


def _best_slide(words: Words, start: int, end: int, back: int, ahead: int) -> int:
    """By how many words a stretch may move, back or ahead, to begin at the best place; the nearest of equals."""
    best, most = 0, _begins(words, start)
    for by in range(1, back + 1):
        if words.texts[start - by] != words.texts[end - by]:
            break
        if _begins(words, start - by) > most:
            best, most = -by, _begins(words, start - by)
    for by in range(1, ahead + 1):
        if words.texts[start + by - 1] != words.texts[end + by - 1]:
            break
        if _begins(words, start + by) > most:
            best, most = by, _begins(words, start + by)
    return best


def _begins(words: Words, at: int) -> int:
    """How good a place is to begin at: a line, a sentence, a clause, or amid one."""
    if at == 0 or "\n" in words.spaces[at - 1]:
        return 3
    if words.texts[at - 1][-1] in _SENTENCE_ENDS:
        return 2
    return int(words.texts[at - 1][-1] in _CLAUSE_ENDS)


def _pieces(steps: Iterator[_Step]) -> list[Piece]:
    """The steps as pieces: neighbours of one kind as one, and none of them empty."""
    pieces: list[Piece] = []
    same: list[str] = []
    removed: list[str] = []
    added: list[str] = []

    def told() -> None:
        pieces.extend(Piece("same", text) for text in ["".join(same)] if text)
        pieces.extend(Piece("removed", text) for text in ["".join(removed)] if text)
        pieces.extend(Piece("added", text) for text in ["".join(added)] if text)

    for old, new in steps:
        if old != new:
            removed.append(old)
            added.append(new)
            continue
        if old and (removed or added):
            told()
            same, removed, added = [], [], []
        same.append(old)
    told()
    return pieces


def coarser(pieces: list[Piece], most: int) -> list[Piece]:
    """At most so many pieces of the same two texts; one that was taken out and one that was put in at the least."""
    shortest = 1
    while len(pieces) > max(most, 2):
        pieces = _pieces(step for piece in pieces for step in _retold(piece, shortest))
        shortest *= 4
    return pieces


def _retold(piece: Piece, shortest: int) -> list[_Step]:
    if piece.kind == "same" and len(piece.text) > shortest:
        return [(piece.text, piece.text)]
    taken_out = "" if piece.kind == "added" else piece.text
    put_in = "" if piece.kind == "removed" else piece.text
    return [(taken_out, ""), ("", put_in)]


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
