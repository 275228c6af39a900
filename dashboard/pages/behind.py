"""A draft behind what went live since it was started: the notice of it, and the review that merges the two."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import QueryDict

from agentversions.configuration import SECTIONS
from agentversions.differences import Piece, differences, shortened
from agentversions.history import last_turn
from agentversions.merging import Part, Row
from agentversions.models import Agent, Draft, Version
from agentversions.refusals import PublishedMeanwhile, Refused, Stale
from dashboard import forms_merge
from dashboard.pages.projects import Context

MOST_CLASHES = 20
"""Contradictions of one text that are drawn; the text to be written holds them all."""

AROUND = 60


def notice(of: Agent, draft: Draft, *, differs: bool) -> Context:
    """Who made what live since the draft was started; None where the draft misses nothing of it."""
    return {"behind": last_turn(of) if differs and draft.is_behind(of.published) else None}


@dataclass(frozen=True)
class Clash:
    """A place in a text where both contradict each other, with the words around it."""

    before: str
    mine: str
    theirs: str
    after: str


@dataclass(frozen=True)
class Reviewed:
    """A setting as the review shows it; `chosen` and `text` are what the person had chosen and written."""

    row: Row
    chosen: str = ""
    text: str = ""

    @property
    def of_mine(self) -> list[Piece]:
        """What I changed."""
        return _pieces(self.row, self.row.base, self.row.mine)

    @property
    def of_theirs(self) -> list[Piece]:
        """What they changed."""
        return _pieces(self.row, self.row.base, self.row.theirs)

    @property
    def of_merge(self) -> list[Piece]:
        """What the merge brings into mine."""
        return _pieces(self.row, self.row.mine, self.row.merged)

    @property
    def clashes(self) -> list[Clash]:
        """The first places where both contradict each other."""
        return list(_clashes(self.row.parts))[:MOST_CLASHES]

    @property
    def more_clashes(self) -> int:
        """How many places aren't shown."""
        return max(sum(part.kind == "conflict" for part in self.row.parts) - MOST_CLASHES, 0)


def review(of: Agent, draft: Draft, *, refused: Refused | None = None, posted: QueryDict | None = None) -> Context:
    """What differs between the draft and the live version since both began, by the editor's sections.

    After a refusal, what was chosen stands there again; where what is merged moved, a person chooses again.
    """
    live: Version | None = of.published
    merge = draft.merged_with(live) if live else None
    moved = isinstance(refused, Stale | PublishedMeanwhile)
    rows = [_reviewed(row, posted or QueryDict(), moved=moved) for row in (merge.rows if merge else ())]
    sections = [(title, [shown for shown in rows if shown.row.section == key]) for key, (title, _) in SECTIONS.items()]
    counts = {how: sum(shown.row.how == how for shown in rows) for how in ("theirs", "mine", "merged", "conflict")}
    return {
        "version": None,
        "base": draft.base,
        "live": live.number if live else None,
        "behind": last_turn(of),
        "sections": [(title, shown) for title, shown in sections if shown],
        "counts": counts,
        "refused": refused,
    }


def _reviewed(row: Row, posted: QueryDict, *, moved: bool) -> Reviewed:
    chosen = "" if moved else posted.get(forms_merge.SIDE + row.path, "")
    text = forms_merge.typed_text(posted, row.path) if forms_merge.TEXT + row.path in posted else row.merged
    return Reviewed(row, chosen or ("text" if row.how == "merged" and not moved else ""), text)


def _pieces(row: Row, old: str, new: str) -> list[Piece]:
    """Texts are compared word by word and shortened; a number, a choice and a switch are one word each."""
    if row.leaf and row.leaf.setting.widget in ("number", "choice", "switch"):
        told = (Piece("removed", _in_words(row, old)), Piece("added", _in_words(row, new)))
        return [piece for piece in told if piece.text]
    return shortened(differences(old, new))


def _in_words(row: Row, text: str) -> str:
    if row.leaf and row.leaf.setting.widget == "switch":
        return "Yes" if text else "No"
    return dict(row.leaf.choices).get(text, text) if row.leaf else text


def _clashes(parts: tuple[Part, ...]) -> Iterator[Clash]:
    for at, part in enumerate(parts):
        if part.kind == "conflict":
            before = parts[at - 1].merged if at and parts[at - 1].kind != "conflict" else ""
            after = parts[at + 1].merged if at + 1 < len(parts) and parts[at + 1].kind != "conflict" else ""
            yield Clash(before[-AROUND:], part.mine, part.theirs, after[:AROUND])
