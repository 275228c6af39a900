"""What was said in a call, as its provider told it: who said what, in sum, and what was noted down."""

import json
import re
from dataclasses import dataclass
from typing import Any

MOST_TURNS, MOST_FIELDS = 400, 100
LONGEST_TEXT, LONGEST_FIELD = 100_000, 2_000
"""So much is drawn: a page stays a page."""
FEW_TURNS, WORTH_FOLDING = 10, 15
"""Turns that are shown before the rest is folded, and as many as are shown without folding."""


@dataclass(frozen=True)
class Turn:
    """What one of the two said."""

    speaker: str
    words: str


@dataclass(frozen=True)
class Conversation:
    """What a provider told of what was said: turns where its transcript names who speaks, else the text as it is."""

    summary: str
    first: list[Turn]
    rest: list[Turn]
    text: str
    shortened: bool
    fields: list[tuple[str, str]]

    def __bool__(self) -> bool:
        """Whether anything was told."""
        return bool(self.summary or self.first or self.text or self.fields)


_WHO = {
    **dict.fromkeys(("ai", "agent", "assistant", "bot"), "Agent"),
    **dict.fromkeys(("user", "caller", "customer", "human"), "Caller"),
}
_SPOKEN = re.compile(rf"\s*({'|'.join(_WHO)})\s*:\s*(.*)", re.IGNORECASE)


def conversation(told: dict[str, Any]) -> Conversation:
    """What reports told of what was said, fit to be drawn."""
    whole = _text(told.get("transcript"))
    text = whole[:LONGEST_TEXT].strip()
    turns = _turns(text)
    shown = FEW_TURNS if len(turns) > WORTH_FOLDING else len(turns)
    fields = told.get("fields")
    return Conversation(
        summary=_text(told.get("summary"))[:LONGEST_TEXT].strip(),
        first=turns[:shown],
        rest=turns[shown:MOST_TURNS],
        text="" if turns else text,
        shortened=len(whole) > LONGEST_TEXT or len(turns) > MOST_TURNS,
        fields=[(str(name), _value(held)) for name, held in list(fields.items())[:MOST_FIELDS]]
        if isinstance(fields, dict)
        else [],
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _turns(text: str) -> list[Turn]:
    """Who said what; a line without a name goes on with what was said before. None where nobody is named at first."""
    turns: list[Turn] = []
    for line in text.splitlines():
        spoken = _SPOKEN.fullmatch(line)
        if spoken:
            turns.append(Turn(_WHO[spoken[1].lower()], spoken[2]))
        elif not turns:
            return []
        else:
            turns[-1] = Turn(turns[-1].speaker, f"{turns[-1].words}\n{line}".strip())
    return turns


def _value(found: object) -> str:
    """A field's value to read."""
    match found:
        case None | "":
            return "–"  # noqa: RUF001 (as in tables)
        case bool():
            return "Yes" if found else "No"
        case str():
            return found[:LONGEST_FIELD]
        case _:
            return json.dumps(found, ensure_ascii=False)[:LONGEST_FIELD]
