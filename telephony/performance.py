"""How the versions of one agent did over a time: figures of calls, by the version that handled them.

What ended is read from the sums that are kept by the hour (`tallying`), so the cost doesn't grow with the calls. A
missed call has no version: it counts for the one that was live when it rang.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from django.db import connection as database
from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, QuerySet, Sum, When
from django.db.models.functions import Trunc

from agentversions.history import TURNS
from agentversions.models import Action, Agent, Version
from telephony.models import ENDED, LENGTHS, Call, Status, Tally
from telephony.tallying import COLUMNS, native, on_the_hour
from telephony.uncertainty import Share, Spread

HOUR = timedelta(hours=1)
CLASSES = (*(f"under_{most}" for most in LENGTHS), "longer")

type Unit = Literal["hour", "day", "week", "month"]


@dataclass(frozen=True)
class Period:
    """Calls that began at `since` or later and before `until`, both on the hour; ever before, without `since`."""

    since: datetime | None
    until: datetime

    @classmethod
    def of(cls, since: datetime | None, until: datetime) -> "Period":
        """The whole hours that hold this time."""
        begun = on_the_hour(until)
        return cls(since and on_the_hour(since), begun if begun == until else begun + HOUR)

    @property
    def hours(self) -> dict[str, datetime]:
        """As a filter of sums."""
        return self._filter("hour")

    @property
    def starts(self) -> dict[str, datetime]:
        """As a filter of calls."""
        return self._filter("started_at")

    def _filter(self, field: str) -> dict[str, datetime]:
        return {f"{field}__lt": self.until} | ({f"{field}__gte": self.since} if self.since else {})


@dataclass(frozen=True)
class Figures:
    """What became of a version's calls. All but `in_progress` and `missed` are of those that ended."""

    calls: int = 0
    seconds: int = 0
    ends: tuple[tuple[Status, int], ...] = ()
    transferred: int = 0
    voicemail: int = 0
    successes: int = 0
    failures: int = 0
    priced: int = 0
    cost: Decimal = Decimal(0)
    lengths: Spread = field(default_factory=lambda: Spread((), LENGTHS))
    in_progress: int = 0
    missed: int = 0

    @classmethod
    def read(cls, row: dict[str, Any]) -> "Figures":
        """From a row of sums."""
        told = {column: row.get(_summed(column)) or 0 for column in COLUMNS}
        return cls(
            **{column: int(told[column]) for column in COUNTED},
            ends=tuple((status, int(told[status.value])) for status in ENDED),
            cost=Decimal(told["cost"]),
            lengths=Spread([int(told[column]) for column in CLASSES], LENGTHS),
        )

    @property
    def average(self) -> float | None:
        """Seconds of a call that ended, also of one that nobody answered."""
        return self.seconds / self.calls if self.calls else None

    @property
    def per_call(self) -> Decimal | None:
        """Dollars of a call whose cost is known."""
        return self.cost / self.priced if self.priced else None

    @property
    def judged(self) -> int:
        """Calls that a reviewer or the provider judged."""
        return self.successes + self.failures

    @property
    def success(self) -> Share:
        """The good ones of those that were judged."""
        return Share(self.successes, self.judged)

    def share(self, count: int) -> Share:
        """So many of the calls that ended."""
        return Share(count, self.calls)


COUNTED = ("calls", "seconds", "transferred", "voicemail", "successes", "failures", "priced")


def _summed(column: str) -> str:
    return f"sum_{column}"


def tallies(of: Agent, period: Period) -> QuerySet[Tally]:
    """The sums of an agent's calls over a time."""
    return Tally.objects.filter(agent=of, **period.hours)


def called(of: Agent, period: Period, most: int) -> list[int]:
    """The newest versions that handled calls which have ended, by their ids, newest first, and no more than so many."""
    # Asked of the versions: the sums alone, in the order of versions, would be read of all agents.
    handled = Tally.objects.filter(version=OuterRef("pk"), calls__gt=0, **period.hours)
    versions = Version.objects.filter(Exists(handled), agent=of).order_by("-number")
    return list(versions.values_list("pk", flat=True)[:most])


class Handled(NamedTuple):
    """So many calls of a version began in an hour, a day, a week or a month, and have ended; None are all others."""

    version: int | None
    since: datetime
    calls: int


def handled(of: Agent, period: Period, versions: Collection[int], unit: Unit, zone: tzinfo) -> list[Handled]:
    """How many calls each of these versions handled when, by their ids; and all others together."""
    begun = Trunc("hour", unit, tzinfo=zone)
    apart = Case(When(version__in=versions, then=F("version")), default=None)
    rows = tallies(of, period).annotate(begun=begun, apart=apart).values_list("apart", "begun").order_by("begun")
    return [Handled(version, since, int(calls)) for version, since, calls in rows.annotate(n=Sum("calls"))]


def ever(of: Agent) -> tuple[datetime, datetime] | None:
    """The first and the last hour in which calls began that have ended."""
    asked = Tally.objects.filter(agent=of).aggregate(first=Min("hour"), last=Max("hour"))
    return (asked["first"], asked["last"]) if asked["first"] else None


def figures(of: Agent, period: Period, versions: Collection[int]) -> dict[int, Figures]:
    """The figures of some of the agent's versions, by their ids."""
    sums = {_summed(column): Sum(column) for column in COLUMNS}
    rows = tallies(of, period).filter(version__in=versions).order_by().values("version").annotate(**sums)
    told: dict[int, dict[str, Any]] = {row["version"]: {**row} for row in rows}
    return {pk: Figures.read(told.get(pk, {})) for pk in versions}


def in_progress(of: Agent, period: Period) -> dict[int, int]:
    """How many of the calls that began in a time are in progress, by the version's id."""
    calls = Call.objects.in_progress().filter(agent=of, **period.starts)
    return dict(calls.order_by().values_list("version").annotate(n=Count("*")))


@dataclass(frozen=True)
class MissedCalls:
    """Missed calls by the version that was live when they rang, by its id; those while nothing was live; and all."""

    by_version: Mapping[int, int]
    nothing_live: int
    total: int

    @property
    def others(self) -> int:
        """Those that rang while another version was live than was asked for."""
        return self.total - self.nothing_live - sum(self.by_version.values())


def missed(of: Agent, period: Period, versions: Collection[int]) -> MissedCalls:
    """The missed calls of a time, for some versions: two questions, however often another version went live."""
    total = Call.objects.exclude(missed="").filter(agent=of, **period.starts).count()
    if not total:
        return MissedCalls({}, 0, 0)
    since = period.since or datetime(1970, 1, 1, tzinfo=UTC)
    ids = {f"version_{place}": version for place, version in enumerate(versions)}
    asked = ids | {
        "agent": native(of.pk),
        "since": database.ops.adapt_datetimefield_value(since),
        "until": database.ops.adapt_datetimefield_value(period.until),
    }
    with database.cursor() as cursor:
        cursor.execute(_MISSED.format(versions=", ".join(["NULL", *(f"%({name})s" for name in ids)])), asked)
        counted: dict[int | None, int] = {version: int(count) for version, count in cursor.fetchall()}
    nothing_live = counted.pop(None, 0)
    return MissedCalls({version: count for version, count in counted.items() if version}, nothing_live, total)


_MISSED = f"""
WITH turns AS (
    SELECT action, version_id, at AS since, LEAD(at) OVER (ORDER BY id) AS until
    FROM agentversions_event
    WHERE agent_id = %(agent)s AND action IN ({", ".join(f"'{turn.value}'" for turn in TURNS)})
), spans AS (
    SELECT CASE WHEN action = '{Action.PUBLISHED.value}' THEN version_id END AS live, since, until FROM turns
    UNION ALL
    SELECT NULL, NULL, min(since) FROM turns
), asked AS (
    SELECT
        live,
        CASE WHEN since > %(since)s THEN since ELSE %(since)s END AS since,
        CASE WHEN until < %(until)s THEN until ELSE %(until)s END AS until
    FROM spans
), counted AS (
    SELECT live, (
        SELECT count(*) FROM telephony_call
        WHERE agent_id = %(agent)s AND NOT (missed = '') AND started_at >= asked.since AND started_at < asked.until
    ) AS calls
    FROM asked
    WHERE since < until AND (live IS NULL OR live IN ({{versions}}))
)
SELECT live, sum(calls) FROM counted GROUP BY live HAVING sum(calls) > 0
"""  # noqa: S608 (columns of ours)
