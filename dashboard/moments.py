"""A moment that somebody typed, with the zone they meant."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import QueryDict


@dataclass(frozen=True)
class Moment:
    """What was typed as a moment, read in the form's `zone`; `problem` says in plain words why it couldn't be."""

    text: str
    zone: str
    at: datetime | None = None
    problem: str = ""

    @classmethod
    def read(cls, asked: QueryDict, name: str = "at") -> "Moment":
        """What the address says. A time with an offset needs no zone; one without is UTC where none is named."""
        text, zone = asked.get(name, "").strip()[:40], asked.get("zone", "").strip()[:60]
        if not text:
            return cls("", zone)
        meant = _zone(zone or "UTC")
        if meant is None:
            return cls(text, "", problem="This server doesn't know your time zone. Type the time in UTC.")
        try:
            typed = datetime.fromisoformat(text)
            at = (typed if typed.tzinfo else typed.replace(tzinfo=meant)).astimezone(UTC)
            at.astimezone(meant)
        except (ValueError, OverflowError):
            return cls(text, zone, problem="Type a day and a time, such as 2026-11-03 14:05.")
        return cls(text, zone, at)

    @property
    def meant(self) -> tzinfo:
        """The zone in which it is told again."""
        return _zone(self.zone or "UTC") or UTC

    @property
    def twice(self) -> bool:
        """Whether the clock, put back that day, showed this time twice, and the first of them is meant."""
        if self.at is None:
            return False
        local = self.at.astimezone(self.meant)
        return not local.fold and local.utcoffset() != local.replace(fold=1).utcoffset()


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
