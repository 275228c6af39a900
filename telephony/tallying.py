"""Keeps the sums of calls by version and hour: what a call adds to them, and what changes when the call does.

The call is locked by whoever changes it, and the sums change in the same transaction: they are never behind.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection as database
from django.db.models import Case, F, When
from django.db.transaction import atomic

from telephony.models import ENDED, LENGTHS, Call, Status, Tally

type Sums = dict[str, Decimal | int]
type Progress = Callable[[int], object]
"""Told up to which version, by its id, has been counted."""

SLICE = 100
"""Versions whose calls are counted at once."""

COLUMNS = tuple(
    field.name for field in Tally._meta.concrete_fields if field.name not in ("id", "agent", "version", "hour")
)

_BEGIN = f"""
INSERT INTO telephony_tally (agent_id, version_id, hour, {", ".join(COLUMNS)})
VALUES (%(agent)s, %(version)s, %(hour)s, {", ".join("0" for _ in COLUMNS)})
ON CONFLICT (version_id, hour) DO NOTHING
"""  # noqa: S608 (columns of ours)


def on_the_hour(moment: datetime) -> datetime:
    """The beginning of the hour a moment lies in, as the sums count hours: those of UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def sums(call: Call) -> Sums:
    """What a call adds to its version's sums: nothing before it has ended."""
    if call.version_id is None or not Status(call.status).ended:
        return {}
    seconds = call.duration or 0
    counted: dict[str, Decimal | int | bool] = {
        "calls": 1,
        "seconds": seconds,
        call.status: 1,
        "transferred": call.transferred,
        "voicemail": call.voicemail,
        "successes": call.success is True,
        "failures": call.success is False,
        "priced": call.cost is not None,
        "cost": call.cost or Decimal(0),
        length(seconds): 1,
    }
    return {column: int(value) if isinstance(value, bool) else value for column, value in counted.items() if value}


def length(seconds: int) -> str:
    """The column that counts calls as long as this."""
    return next((f"under_{most}" for most in LENGTHS if seconds < most), "longer")


def tally(call: Call, before: Mapping[str, Decimal | int]) -> None:
    """Add to the sums of a call's version what the call adds now, and take off what it added before."""
    now = sums(call)
    change: dict[str, Any] = {column: now.get(column, 0) - before.get(column, 0) for column in COLUMNS}
    # A call that an older release ended was never added: what isn't there can't be taken off. `recount` puts it right.
    changed = {
        column: F(column) + value if value > 0 else _less(column, -value) for column, value in change.items() if value
    }
    if not changed:
        return
    hour = on_the_hour(call.started_at)
    # Not one statement: what is taken off would be refused as a row of its own before it met the row that is there.
    if not Tally.objects.filter(version=call.version_id, hour=hour).update(**changed):
        told = {"agent": native(call.agent_id), "version": call.version_id}
        with database.cursor() as cursor:
            cursor.execute(_BEGIN, told | {"hour": database.ops.adapt_datetimefield_value(hour)})
        Tally.objects.filter(version=call.version_id, hour=hour).update(**changed)


def native(value: Any) -> Any:
    """An id as the database takes it in a statement of ours."""
    return value if database.features.has_native_uuid_field else value.hex


def _less(column: str, value: Decimal | int) -> Case:
    return Case(When(**{f"{column}__gte": value}, then=F(column) - value), default=type(value)(0))


def recount(progress: Progress | None = None) -> None:
    """Count everything anew: for calls that came into the table by another door than `settle`.

    Some versions at a time, each time in a transaction for whose end the ends of calls wait. It may be stopped.
    """
    for some in _slices():
        with atomic(), database.cursor() as cursor:
            if database.vendor == "postgresql":
                # An end that has been counted is seen, and one that hasn't comes after: SQLite has one writer anyway.
                cursor.execute("LOCK TABLE telephony_tally IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute("DELETE FROM telephony_tally WHERE version_id BETWEEN %(first)s AND %(last)s", some)
            cursor.execute(_RECOUNT.format(hour=_HOUR[database.vendor]), some)
        if progress:
            progress(some["last"])


def amiss() -> Iterator[tuple[int, str]]:
    """The version, and the hour in UTC, of all sums that aren't what its calls add up to; some versions at a time."""
    for some in _slices():
        with database.cursor() as cursor:
            cursor.execute(_AMISS.format(hour=_HOUR[database.vendor]), some)
            found = cursor.fetchall()
        yield from ((version, str(hour)[: len("2026-01-01 00")]) for version, hour in found)


def _slices() -> Iterator[dict[str, int]]:
    with database.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM agentversions_version")
        least, most = cursor.fetchone()
    for first in range(least or 0, (most or -1) + 1, SLICE):
        yield {"first": first, "last": first + SLICE - 1}


_HOUR = {
    "postgresql": "date_trunc('hour', started_at, 'UTC')",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:00:00', started_at)",
}
_COUNTED = {
    "calls": "count(*)",
    "seconds": "COALESCE(sum(duration), 0)",
    "successes": "sum(CASE WHEN success THEN 1 ELSE 0 END)",
    "failures": "sum(CASE WHEN NOT success THEN 1 ELSE 0 END)",
    "priced": "count(cost)",
    "cost": "COALESCE(sum(cost), 0)",
    **{status.value: f"sum(CASE WHEN status = '{status.value}' THEN 1 ELSE 0 END)" for status in ENDED},
    **{fact: f"sum(CASE WHEN {fact} THEN 1 ELSE 0 END)" for fact in ("transferred", "voicemail")},
    **{
        f"under_{most}": f"sum(CASE WHEN COALESCE(duration, 0) BETWEEN {least} AND {most - 1} THEN 1 ELSE 0 END)"
        for least, most in zip((0, *LENGTHS), LENGTHS, strict=False)
    },
    "longer": f"sum(CASE WHEN duration >= {LENGTHS[-1]} THEN 1 ELSE 0 END)",
}
_ANEW = f"""
SELECT agent_id, version_id, {{hour}} AS began, {", ".join(_COUNTED[column] for column in COLUMNS)}
FROM telephony_call
WHERE version_id BETWEEN %(first)s AND %(last)s AND status IN ({", ".join(f"'{status.value}'" for status in ENDED)})
GROUP BY agent_id, version_id, began
"""  # noqa: S608 (columns of ours)
_RECOUNT = f"INSERT INTO telephony_tally (agent_id, version_id, hour, {', '.join(COLUMNS)}) {_ANEW}"
# SQLite's costs are no exact numbers. Sums that are all nothing are as good as none.
_COMPARED = ", ".join(f"ROUND({column}, 4)" if column == "cost" else column for column in COLUMNS)
_AMISS = f"""
WITH anew (agent_id, version_id, hour, {", ".join(COLUMNS)}) AS ({_ANEW}),
counted AS (SELECT agent_id, version_id, hour, {_COMPARED} FROM anew),
kept AS (
    SELECT agent_id, version_id, hour, {_COMPARED} FROM telephony_tally
    WHERE version_id BETWEEN %(first)s AND %(last)s AND NOT ({" AND ".join(f"{column} = 0" for column in COLUMNS)})
)
SELECT version_id, hour FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept) AS lacking
UNION SELECT version_id, hour FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted) AS astray
ORDER BY version_id, hour
"""  # noqa: S608 (columns of ours)
