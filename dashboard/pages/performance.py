"""What an agent's Performance page knows: versions side by side over a time, how sure that is, and calls over time."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from agentversions.history import Span, lived, publishes
from agentversions.models import Agent, Version
from dashboard import addresses
from dashboard.forms import LONGEST_NUMBER
from dashboard.moments import begins, bound, zone_named
from dashboard.pages import editor
from dashboard.pages.chart import Bucket, Chart, Mark, Series
from dashboard.pages.projects import Context
from dashboard.templatetags.words import clock
from telephony import performance
from telephony.models import Call, Status
from telephony.performance import Figures, Handled, Period, Unit
from telephony.uncertainty import FEW, Share

PERIODS = {
    "24h": ("24 hours", 1),
    "7d": ("7 days", 7),
    "30d": ("30 days", 30),
    "90d": ("90 days", 90),
    "all": ("All time", None),
}
USUAL = "30d"
MOST, FIRST = 10, 5
"""Versions side by side: at most, and where none were chosen."""
NEWEST = 40
"""Versions to choose from by their boxes; an older one is typed."""
LOOKS = 5
"""Versions that are told apart in the chart; what is left is grey."""
MOST_MARKS = 30


DAY = timedelta(days=1)
YEARS = range(1970, 9_000)
UNREADABLE = "This time can't be read. Choose its first and its last day."


@dataclass(frozen=True)
class Asked:
    """What the page's address says: over which time, which versions, against which. `problem` is what can't be read."""

    period: str
    since: str
    until: str
    zone: ZoneInfo
    named_zone: str
    """The zone's name, if the address has one."""
    versions: tuple[int, ...]
    more: str
    against: int | None
    now: datetime
    problem: str = ""

    @classmethod
    def read(cls, asked: QueryDict) -> Self:
        """From an address; what it says amiss is left out, and told."""
        since, until = asked.get("from", "").strip(), asked.get("to", "").strip()
        period = asked.get("period", "")
        chosen = not (since or until)
        typed, more = _numbers(asked.getlist("v")), asked.get("more", "").strip()
        told = cls(
            period=(period if period in PERIODS else USUAL) if chosen else "",
            since="" if chosen else since,
            until="" if chosen else until,
            zone=(zone := zone_named(asked.get("zone", ""))),
            named_zone=zone.key if asked.get("zone") else "",
            versions=tuple(dict.fromkeys([*typed, *_numbers(more.replace(",", " ").split())])),
            more=more,
            against=next(iter(_numbers([asked.get("against", "")])), None),
            now=timezone.now(),
        )
        problem = told._problem()
        if not problem:
            return told
        return replace(told, period=USUAL, problem=problem)

    def _problem(self) -> str:
        if self.period:
            return ""
        try:
            period = self.time
        except (ValueError, OverflowError):
            return UNREADABLE
        # Near either end of what a date can say, there is nothing to add or to take away.
        if any(moment and moment.year not in YEARS for moment in (period.since, period.until)):
            return UNREADABLE
        if period.since and period.since >= period.until:
            return "The time ends before it begins."
        return ""

    @cached_property
    def time(self) -> Period:
        """The time in whole hours. Raises ValueError for what is none."""
        if self.period:
            return Period.of(self._beginning(PERIODS[self.period][1]), self.now)
        return Period.of(
            bound(self.since, self.zone) if self.since else None,
            bound(self.until, self.zone, last=True) if self.until else self.now,
        )

    def _beginning(self, days: int | None) -> datetime | None:
        """So many days with today, from the first's beginning; a single one are the last 24 hours."""
        if days is None:
            return None
        if days == 1:
            return Period.of(None, self.now).until - timedelta(days=1)
        return begins(self.now.astimezone(self.zone).date() - timedelta(days=days - 1), self.zone)

    def over(self, period: str) -> str:
        """The address's query for another time."""
        said = [("period", period), *(("v", str(number)) for number in self.versions)]
        said += [("against", str(self.against))] if self.against else []
        said += [("zone", self.named_zone)] if self.named_zone else []
        return "?" + urlencode(said)

    @property
    def first_day(self) -> str:
        """For the field."""
        return self._day(self.since, self.time.since)

    @property
    def last_day(self) -> str:
        """For the field."""
        return self._day(self.until, self.time.until - timedelta(microseconds=1))

    def _day(self, typed: str, moment: datetime | None) -> str:
        if self.problem:
            return typed
        return moment.astimezone(self.zone).date().isoformat() if moment and not self.period else ""


def _numbers(texts: Sequence[str]) -> list[int]:
    """Version numbers, however written: `v7` or `7`."""
    numbers = (text.strip().lower().removeprefix("v") for text in texts)
    return [int(text) for text in numbers if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER]


@dataclass(frozen=True)
class Cell:
    """A figure of a version: its words, the calls behind it, how sure it is, and how it differs from the baseline's."""

    words: str = "\N{EN DASH}"
    url: str = ""
    about: str = ""
    of: str = ""
    difference: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Column:
    """A version, its figures and its calls."""

    version: Version
    figures: Figures
    lived: Sequence[Span]
    live: bool
    baseline: bool
    look: str
    calls: str
    """The address of its calls in this time."""

    def where(self, **said: str) -> str:
        """The address of some of its calls."""
        return f"{self.calls}&{urlencode(said)}"


@dataclass(frozen=True)
class Row:
    """A figure of every version; `about` says what it counts."""

    label: str
    cells: list[Cell]
    about: str = ""


def page(user: User, of: Agent, asked: Asked) -> Context:
    """The agent's page. It asks the database as often for thousands of versions and millions of calls as for one."""
    when, ever = asked.time, performance.ever(of)
    newest, now = performance.called(of, when, NEWEST + 1), performance.in_progress(of, when)
    called = {*newest, *now}
    versions = _versions(of, asked, sorted(called, reverse=True)[:NEWEST])
    shown, baseline = _shown(of, asked, versions, called)
    figures = performance.figures(of, when, [version.pk for version in shown])
    missed = performance.missed(of, when, [version.pk for version in shown])
    spans = lived(shown)
    columns = [
        Column(
            version,
            replace(
                figures[version.pk], in_progress=now.get(version.pk, 0), missed=missed.by_version.get(version.pk, 0)
            ),
            _within(spans.get(version.number, []), when),
            version.pk == of.published_id,
            version == baseline,
            f"s{place + 1}" if place < LOOKS else "others",
            _calls(of, asked, version=version.number),
        )
        for place, version in enumerate(shown)
    ]
    scale = _scale(when, ever)
    # Hours are those of UTC, as they are counted; days and longer are those of the zone.
    apart, zone = {column.version.pk for column in columns[:LOOKS]}, UTC if scale.unit == "hour" else asked.zone
    handled = performance.handled(of, when, apart, scale.unit, zone)
    calls, rows = sum(row.calls for row in handled), list(_rows(of, when, columns))
    compared = sum(cell.verdict not in ("", "few") for row in rows for cell in row.cells)
    return editor.around(user, of) | {
        "asked": asked,
        "periods": [(asked.over(key), words, key == asked.period) for key, (words, _) in PERIODS.items()],
        "called": bool(called or missed.total) or Call.objects.filter(agent=of).exists(),
        "empty": not (called or missed.total),
        "since": when.since or (ever and ever[0]),
        "until": min(when.until, asked.now),
        "calls": calls,
        "in_progress": sum(now.values()),
        "missed": missed.total,
        "missed_url": _calls(of, asked, status="missed"),
        "nothing_live": missed.nothing_live,
        "missed_otherwise": missed.others,
        "no_end_url": _calls(of, asked, status="no_end"),
        "chart": _chart(of, asked, ever, handled, columns) if calls else None,
        "columns": columns,
        "baseline": baseline,
        "rows": rows,
        "compared": compared,
        "by_chance": max(round(compared / 20), 1),
        "choices": versions,
        "chosen": {version.number for version in shown},
        "more": len(called) > NEWEST,
        "few": FEW,
        "most": MOST,
    }


def _versions(of: Agent, asked: Asked, newest: Sequence[int]) -> list[Version]:
    """The newest versions with calls, those that were chosen, and the one that is live; newest first."""
    wanted = Q(pk__in=[*newest, of.published_id or 0])
    wanted |= Q(number__in=[*asked.versions[:MOST], asked.against or 0])
    return list(Version.objects.filter(wanted, agent=of).defer("configuration").order_by("-number"))


def _shown(
    of: Agent, asked: Asked, versions: Sequence[Version], called: Set[int]
) -> tuple[list[Version], Version | None]:
    """The versions side by side, the baseline first, then newest first; and the baseline.

    It is the one that was chosen, else what is live if that was called, else the newest that was.
    """
    heard = [version for version in versions if version.pk in called]
    live = [version for version in versions if version.pk == of.published_id]
    chosen = [version for version in versions if version.number in asked.versions][:MOST]
    against = [version for version in versions if version.number == asked.against]
    usual = [*(version for version in live if version in heard), *heard, *live]
    baseline = next(iter(against or usual or chosen), None)
    others = [version for version in chosen or [*live, *heard[:FIRST]] if version != baseline]
    ordered = sorted(set(others), key=lambda version: -version.number)
    most = MOST if chosen else FIRST
    return [version for version in (baseline, *ordered) if version][:most], baseline


def _within(spans: Sequence[Span], when: Period) -> list[Span]:
    """The times of being live that fall into the period."""
    return [
        span
        for span in spans
        if span.since < when.until and (span.until is None or when.since is None or span.until > when.since)
    ]


def _calls(of: Agent, asked: Asked, **said: object) -> str:
    """The address of an agent's calls over the time that is asked for."""
    until = None if asked.period == "all" else asked.time.until
    return addresses.calls(of.project_id, asked.time.since, until, agent=of.pk, **said)


def _rows(of: Agent, when: Period, columns: Sequence[Column]) -> Iterator[Row]:
    """The table's rows; what no call had is left out."""
    if not columns:
        return
    yield Row("Calls", [_count(column) for column in columns])
    if any(column.figures.missed for column in columns):
        yield Row("Missed", [_missed(of, when, column) for column in columns], "while it was live")
    yield Row("Average length", [_length(column.figures.average) for column in columns])
    yield Row("Half were shorter than", [_median(column) for column in columns], "the median")
    for status in (status for status, _ in columns[0].figures.ends):
        if status in (Status.COMPLETED, Status.FAILED) or any(_ended(column, status) for column in columns):
            yield _shares(str(status.label), columns, _of_status(status), status=status.value)
    if any(column.figures.transferred for column in columns):
        yield _shares("Transferred", columns, lambda figures: figures.transferred, **{"with": "transferred"})
    if any(column.figures.voicemail for column in columns):
        yield _shares("Voicemail", columns, lambda figures: figures.voicemail, **{"with": "voicemail"})
    if any(column.figures.judged for column in columns):
        yield _success(columns)
    if any(column.figures.priced for column in columns):
        yield Row("Cost of a call", [_per_call(column) for column in columns], "on the average")
        yield Row("Cost in all", [_cost(column) for column in columns])


def _ended(column: Column, status: Status) -> int:
    return dict(column.figures.ends).get(status, 0)


def _of_status(status: Status) -> Callable[[Figures], int]:
    return lambda figures: dict(figures.ends).get(status, 0)


def _count(column: Column) -> Cell:
    told = column.figures
    words = f"{told.calls + told.in_progress:,}"
    return Cell(words, column.calls, f"{told.in_progress:,} in progress" if told.in_progress else "")


def _missed(of: Agent, when: Period, column: Column) -> Cell:
    """Linked where the version was live once, so that one stretch of time holds just these calls."""
    told = column.figures.missed
    if not told or len(column.lived) != 1:
        return Cell(f"{told:,}")
    span = column.lived[0]
    since = max(span.since, when.since or span.since)
    until = min(span.until or when.until, when.until)
    return Cell(f"{told:,}", addresses.calls(of.project_id, since, until, agent=of.pk, status="missed"))


def _length(seconds: float | None) -> Cell:
    return Cell() if seconds is None else Cell(clock(seconds))


def _median(column: Column) -> Cell:
    told = column.figures
    if not told.calls:
        return Cell()
    median = told.lengths.median
    words = f"about {clock(median)}" if median is not None else "over an hour"
    if told.calls < FEW:
        return Cell(words)
    low, high = told.lengths.median_range
    if low is None:
        return Cell(words)
    return Cell(words, about=f"{clock(low)} to {clock(high)}" if high is not None else f"{clock(low)} or more")


def _shares(label: str, columns: Sequence[Column], count: Callable[[Figures], int], **said: str) -> Row:
    """A row of proportions of the calls that ended."""
    shares = [(column, column.figures.share(count(column.figures))) for column in columns]
    return Row(label, [_share(column, share, shares[0][1], said) for column, share in shares])


def _success(columns: Sequence[Column]) -> Row:
    baseline = columns[0].figures.success
    cells = [_share(column, column.figures.success, baseline, {"with": "success"}) for column in columns]
    return Row("Judged good", cells, "by a reviewer or the provider")


def _share(column: Column, share: Share, baseline: Share, said: dict[str, str]) -> Cell:
    if not share.among:
        return Cell()
    same = column.baseline or not baseline.among or share.count == baseline.count == 0
    difference = None if same else share.against(baseline)
    return Cell(
        share.words,
        column.where(**said),
        share.range_words if share.enough else "",
        f"{share.count:,} of {share.among:,}" if share.enough else "",
        difference.words if difference else "",
        difference.verdict if difference else "",
    )


def _per_call(column: Column) -> Cell:
    told = column.figures
    if told.per_call is None:
        return Cell()
    priced = f"of {told.priced:,} with a known cost"
    return Cell(_dollars(told.per_call), column.where(**{"with": "cost"}), priced)


def _cost(column: Column) -> Cell:
    told = column.figures
    return Cell(_dollars(told.cost), column.where(**{"with": "cost"})) if told.priced else Cell()


def _dollars(amount: Decimal) -> str:
    """`$12.40`; of less than ten cents, `$0.053`."""
    return f"${amount:,.3f}" if 0 < amount < Decimal("0.1") else f"${amount:,.2f}"


# Calls over time


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


def _scale(when: Period, ever: Ever) -> Scale:
    since, until = _drawn(when, ever)
    return next((scale for most, scale in SCALES if until - since <= most), LONG)


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


def _chart(of: Agent, asked: Asked, ever: Ever, handled: Sequence[Handled], columns: Sequence[Column]) -> Chart:
    """Calls over time by version: those side by side, and all others together; with what went live when."""
    since, until = _drawn(asked.time, ever)
    scale = _scale(asked.time, ever)
    buckets = _buckets(since, until, scale, asked.zone)
    begins = [bucket.since for bucket in buckets]
    looks: dict[int | None, str] = {column.version.pk: column.look for column in columns[:LOOKS]}
    values: dict[str, list[int]] = defaultdict(lambda: [0] * len(buckets))
    for row in handled:
        values[looks.get(row.version, "others")][max(bisect_right(begins, row.since) - 1, 0)] += row.calls
    names = {column.look: str(column.version) for column in columns if column.look != "others"}
    order = sorted(names, key=lambda look: next(c.version.number for c in columns if c.look == look))
    series = [Series(look, names.get(look, "Others"), values[look]) for look in ["others", *order] if look in values]
    published = publishes(of, begins[0], until, MOST_MARKS + 1)
    marks = [] if len(published) > MOST_MARKS else [_mark(number, at, begins, until) for number, at in published]
    return Chart(
        title=f"Calls {scale.words}, {asked.zone.key}",
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
