"""Two states of an agent beside each other: changed settings only, grouped as the editor is, word by word in texts."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import Http404

from agentversions.comparison import Change, compare
from agentversions.configuration import SECTIONS, setting
from agentversions.differences import Piece, differences, shortened
from agentversions.models import Agent, Draft, Version
from agentversions.tools import KINDS, BaseTool
from agentversions.values import Leaf, leaves
from dashboard.forms import LONGEST_NUMBER
from dashboard.pages import editor
from dashboard.pages.projects import Context

DRAFT, LIVE = "draft", "live"


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called, and what is in it."""

    name: str
    content: Draft | Version


@dataclass(frozen=True)
class Row:
    """A setting that differs, as pieces of text."""

    label: str
    pieces: list[Piece]

    @property
    def excerpt(self) -> list[Piece]:
        """The pieces with the long stretches that stayed cut short."""
        return shortened(self.pieces)


def comparison(user: User, of: Agent, first: str, second: str) -> Context:
    """What differs from the first to the second; each is a version's number, `draft` (one's own) or `live`."""
    before, after = _side(user, of, first), _side(user, of, second)
    changes = compare(before.content.read(), after.content.read())
    return editor.around(user, of) | {"before": before, "after": after, "sections": by_section(changes)}


def by_section(changes: list[Change]) -> list[tuple[str, list[Row]]]:
    """The changes as rows of text, below the titles of the editor's sections."""
    found = []
    for key, (title, _) in SECTIONS.items():
        rows = [row for change in changes if change.section == key for row in _rows(change)]
        if rows:
            found.append((title, rows))
    return found


def _side(user: User, of: Agent, name: str) -> Side:
    if name == DRAFT:
        return Side("your draft", Draft.objects.of(of, user))
    live = of.published.number if of.published else 0
    version = Version.objects.filter(agent=of, number=live if name == LIVE else _number(name)).first()
    if version is None:
        raise Http404
    return Side(f"v{version.number}", version)


def _number(text: str) -> int:
    """The number in an address; 0, which no version has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0


def _rows(change: Change) -> list[Row]:
    leaf = setting(change.path)
    if leaf is not None:
        return [Row(change.label, _pieces(leaf, _shown(leaf, change.before), _shown(leaf, change.after)))]
    if not isinstance(change.before or change.after, BaseTool):
        return [Row(change.label, [])]
    return list(_tool_rows(change))


def _tool_rows(change: Change) -> list[Row]:
    tool: BaseTool = change.after or change.before
    rows = []
    for leaf in leaves(KINDS[getattr(tool, "kind")][1]):  # noqa: B009 (every tool but their base has a kind)
        old, new = _shown_in(leaf, change.before), _shown_in(leaf, change.after)
        if old != new:
            rows.append(Row(f"{change.label} · {leaf.setting.label}", _pieces(leaf, old, new)))
    return rows or [Row(change.label, differences(_kind(change.before), _kind(change.after)))]


def _pieces(leaf: Leaf, old: str, new: str) -> list[Piece]:
    """Texts are compared word by word; a number, a choice and a switch are one word each."""
    if leaf.setting.widget in ("number", "choice", "switch"):
        return [piece for piece in (Piece("removed", old), Piece("added", new)) if piece.text]
    return differences(old, new)


def _kind(tool: BaseTool | None) -> str:
    return KINDS[getattr(tool, "kind")][0] if tool else ""  # noqa: B009


def _shown_in(leaf: Leaf, tool: BaseTool | None) -> str:
    return _shown(leaf, getattr(tool, leaf.path, None)) if tool else ""


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
