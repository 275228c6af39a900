"""A moment or a day that somebody typed, with the zone they meant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import QueryDict

UTC_ZONE = ZoneInfo("UTC")
SECOND = timedelta(seconds=1)
FAR = datetime(9999, 12, 30, tzinfo=UTC)
"""Behind it, rounding may run out of years."""


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
        meant = _known(zone)
        if meant is None:
            return cls(text, "", problem="This server doesn't know your time zone. Type the time in UTC.")
        try:
            at = instant(text, meant)
            at.astimezone(meant)
        except (ValueError, OverflowError):
            return cls(text, zone, problem="Type a day and a time, such as 2026-11-03 14:05.")
        return cls(text, zone, at)

    @property
    def meant(self) -> ZoneInfo:
        """The zone in which it is told again."""
        return zone_named(self.zone)

    def field(self, *, up: bool = False) -> str:
        """For a form's field: to the minute, or to the second if it has any, where a fraction is rounded."""
        if self.at is None:
            return ""
        fraction = SECOND - timedelta.resolution if up and self.at < FAR else timedelta(0)
        local = (self.at + fraction).astimezone(self.meant).replace(tzinfo=None)
        return local.isoformat(timespec="seconds").removesuffix(":00")

    @property
    def words(self) -> str:
        """`3 November 2026, 14:05 UTC`, with seconds if it has any."""
        local = self.at.astimezone(self.meant) if self.at else None
        if local is None:
            return ""
        clock = f"{local:%H:%M:%S}".removesuffix(":00")
        return f"{local.day} {local:%B %Y}, {clock} {self.zone or 'UTC'}"

    @property
    def twice(self) -> bool:
        """Whether the clock, put back that day, showed this time twice, and the first of them is meant."""
        if self.at is None:
            return False
        local = self.at.astimezone(self.meant)
        return not local.fold and local.utcoffset() != local.replace(fold=1).utcoffset()


def zone_named(name: str) -> ZoneInfo:
    """The zone of a name; UTC without one, and for what is none."""
    return _known(name) or UTC_ZONE


def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else UTC_ZONE
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, or a path
        return None


def begins(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def instant(text: str, zone: ZoneInfo) -> datetime:
    """A time in a zone, unless it has an offset. Raises ValueError or OverflowError for what is none."""
    typed = datetime.fromisoformat(text)
    return (typed if typed.tzinfo else typed.replace(tzinfo=zone)).astimezone(UTC)


def bound(text: str, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """A day's beginning, or of the last one its end; or the moment that was given. Raises as `instant` does."""
    if len(text) == len("2026-11-23"):
        return begins(date.fromisoformat(text) + timedelta(days=last), zone)
    return instant(text, zone)
