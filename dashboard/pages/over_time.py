"""An agent's calls over time as a chart: how long a bar lasts, the versions it tells apart, and what went live when."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from agentversions.history import publishes
from agentversions.models import Agent
from dashboard.pages.chart import Bucket, Chart, Mark, Series
from dashboard.pages.side_by_side import Column
from telephony import performance
from telephony.performance import Period, Unit

LOOKS = 5
"""Versions that are told apart in the chart; what is left is grey."""
MOST_MARKS = 30
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Scale:
    """How calls are put into bars: by `unit` from the database, and so many of them together."""

    unit: Unit
    words: str
    strides: tuple[int, ...]
    together: int = 1


SCALES = (
    (timedelta(days=2), Scale("hour", "an hour", (1, 2, 3, 6, 12, 24))),
    (timedelta(days=8), Scale("hour", "in six hours", (4, 8, 28), 6)),
    (timedelta(days=100), Scale("day", "a day", (1, 2, 7, 14, 28, 56))),
    (timedelta(days=740), Scale("week", "a week", (1, 2, 4, 8, 13, 26, 52))),
)
LONG = Scale("month", "a month", (1, 2, 3, 6, 12, 24, 60))
BEFORE = timedelta(days=400)
"""So much of the time before an agent's first call is drawn at most."""


type Ever = tuple[datetime, datetime] | None


def _drawn(when: Period, ever: Ever) -> tuple[datetime, datetime]:
    """The time that is drawn: of what is to come only the day."""
    first = ever[0] if ever else when.until
    since = when.since if when.since and when.since > first - BEFORE else first
    return min(since, when.until), min(when.until, max(timezone.now(), since) + DAY)


def _buckets(since: datetime, until: datetime, scale: Scale, zone: ZoneInfo) -> list[Bucket]:
    """The bars of a time, also the empty ones."""
    at = _begun(since, scale, zone)
    found = []
    while at < until:
        found.append(_bucket(at.astimezone(zone), scale))
        at = _following(at, scale)
    return found


def _begun(since: datetime, scale: Scale, zone: ZoneInfo) -> datetime:
    """The beginning of the bar that a moment lies in."""
    local = since.astimezone(zone)
    match scale.unit, scale.together:
        case "hour", 1:
            return since.astimezone(UTC)
        case "hour", _:
            return local.replace(hour=local.hour - local.hour % scale.together, minute=0)
        case "day", _:
            return local.replace(hour=0, minute=0)
        case "week", _:
            return local.replace(hour=0, minute=0) - timedelta(days=local.weekday())
        case _:
            return local.replace(day=1, hour=0, minute=0)


def _following(at: datetime, scale: Scale) -> datetime:
    """The beginning of the next bar, by the clock on the wall."""
    if scale.unit == "month":
        return (at + timedelta(days=31)).replace(day=1)
    return at + {"hour": timedelta(hours=scale.together), "day": timedelta(days=1)}.get(scale.unit, timedelta(days=7))


def _bucket(local: datetime, scale: Scale) -> Bucket:
    day, ordinal = f"{local.day} {local:%b}", local.toordinal() - 1  # Mondays are divided by 7
    match scale.unit, scale.together:
        case "hour", 1:
            return Bucket(local, f"{day}, {local:%H:%M}", f"{local:%H:%M}", ordinal * 24 + local.hour)
        case "hour", together:
            hours = f"{local.hour:02}:00\N{EN DASH}{local.hour + together:02}:00"
            return Bucket(local, f"{local:%a} {day}, {hours}", day, ordinal * 24 // together + local.hour // together)
        case "day", _:
            return Bucket(local, f"{local:%a} {day} {local.year}", day, ordinal)
        case "week", _:
            return Bucket(local, f"Week of {day} {local.year}", f"{day} {local.year}", ordinal // 7)
        case _:
            return Bucket(local, f"{local:%B %Y}", f"{local:%b %Y}", local.year * 12 + local.month - 1)


def day_begins(when: Period, zone: ZoneInfo) -> str:
    """When a day begins where the clocks are apart from UTC by no whole hours, since hours are counted whole."""
    local = when.until.astimezone(zone)
    return f"00:{local.minute:02}" if local.minute else ""


def chart(of: Agent, when: Period, ever: Ever, zone: ZoneInfo, columns: Sequence[Column]) -> Chart | None:
    """Calls over time by version: those side by side, and all others together; with what went live when.

    `ever` is when the agent's first and last call began; the bars are those of the zone. None where no call ended.
    """
    since, until = _drawn(when, ever)
    scale = next((scale for most, scale in SCALES if until - since <= most), LONG)
    looks = {column.version.pk: column.look for column in columns[:LOOKS]}
    # Hours are those of UTC, as they are counted; days and longer are those of the zone.
    handled = performance.handled(of, when, looks, scale.unit, UTC if scale.unit == "hour" else zone)
    if not any(row.calls for row in handled):
        return None
    buckets = _buckets(since, until, scale, zone)
    begins = [bucket.since for bucket in buckets]
    values: dict[str, list[int]] = defaultdict(lambda: [0] * len(buckets))
    for row in handled:
        values[looks.get(row.version or 0, "others")][max(bisect_right(begins, row.since) - 1, 0)] += row.calls
    names = {column.look: str(column.version) for column in columns if column.look != "others"}
    order = sorted(names, key=lambda look: next(c.version.number for c in columns if c.look == look))
    series = [Series(look, names.get(look, "Others"), values[look]) for look in ["others", *order] if look in values]
    published = publishes(of, begins[0], until, MOST_MARKS + 1)
    marks = [] if len(published) > MOST_MARKS else [_mark(number, at, begins, until) for number, at in published]
    return Chart(
        title=f"Calls {scale.words}, {zone.key}",
        about=_about(buckets, series, marks),
        buckets=buckets,
        series=series,
        marks=marks,
        unmarked=len(published) > MOST_MARKS,
        strides=scale.strides,
    )


def _mark(number: int, at: datetime, begins: Sequence[datetime], until: datetime) -> Mark:
    place = bisect_right(begins, at) - 1
    end = begins[place + 1] if place + 1 < len(begins) else until
    lasting = (end.astimezone(UTC) - begins[place].astimezone(UTC)).total_seconds()
    return Mark(place + (at - begins[place]).total_seconds() / max(lasting, 1), f"v{number}")


def _about(buckets: Sequence[Bucket], series: Sequence[Series], marks: Sequence[Mark]) -> str:
    """The chart in a sentence or two."""
    totals = [sum(values) for values in zip(*(one.values for one in series), strict=True)]
    most = max(range(len(totals)), key=totals.__getitem__)
    first, last, busiest = (buckets[place].name for place in (0, -1, most))
    told = f"{sum(totals):,} calls, {first} to {last}; most in {busiest}: {totals[most]:,}."
    if marks:
        went = (f"{mark.name} in {buckets[min(int(mark.place), len(buckets) - 1)].name}" for mark in reversed(marks))
        told += f" Went live: {', '.join(went)}."
    return told
