"""How many calls versions handled, in all and in each of their spans: exactly, and bounded however many there are.

Of a span with up to EXACT calls each is counted, from the version's index. Of a longer one the hours that lie within it
whole are taken from their sums, which hold the calls that ended; with them go those in progress, and the calls of the
two hours at its ends. Only a call whose end was never reported is missing from such a span's figure.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection as database
from django.db.models import Sum

from agentversions.models import Action, Event, Version
from agentversions.turns import Turn
from telephony.models import Call, Tally
from telephony.tallying import on_the_hour

EXACT = 5_000
"""How many calls of a span are counted one by one."""
FEW = 1_000
"""How many calls of a version are."""
EVER, FOR_EVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

_COUNT = f"""
SELECT event.id,
    (SELECT count(*) FROM (
        SELECT 1 FROM telephony_call AS call
        WHERE event.action = '{Action.PUBLISHED}' AND call.version_id = event.version_id
            AND call.started_at >= span.since AND call.started_at < span.until
        ORDER BY call.started_at DESC LIMIT %s
    ) AS handled) AS calls,
    (SELECT count(*) FROM (
        SELECT 1 FROM telephony_call AS call
        WHERE call.agent_id = event.agent_id AND NOT (call.missed = '')
            AND call.started_at >= event.at AND call.started_at < span.over
        ORDER BY call.started_at DESC LIMIT %s
    ) AS missed) AS missed
FROM span JOIN agentversions_event AS event ON event.id = span.id
"""  # noqa: S608 (a name of ours)

_SUM = """
SELECT event.id,
    (SELECT COALESCE(sum(tally.calls), 0) FROM telephony_tally AS tally
        WHERE tally.version_id = event.version_id AND tally.hour >= span.first AND tally.hour < span.last)
    + (SELECT count(*) FROM telephony_call AS call
        WHERE call.version_id = event.version_id AND call.started_at >= span.since AND call.started_at < span.first)
    + (SELECT count(*) FROM telephony_call AS call
        WHERE call.version_id = event.version_id AND call.started_at >= span.last AND call.started_at < span.until)
    AS calls
FROM span JOIN agentversions_event AS event ON event.id = span.id
"""


_OF_VERSIONS = """
SELECT version.id, (SELECT count(*) FROM (
    SELECT 1 FROM telephony_call AS call WHERE call.version_id = version.id LIMIT %s
) AS handled) AS calls
FROM agentversions_version AS version WHERE version.id IN ({versions})
"""


@dataclass(frozen=True)
class Counted:
    """The calls that a span's version handled, and those that none did while it lasted.

    `missed` is one more than EXACT where there were more.
    """

    calls: int = 0
    missed: int = 0

    @property
    def more_missed(self) -> bool:
        """Whether more were missed than are counted."""
        return self.missed > EXACT


def counted(turns: Iterable[Turn], now: datetime) -> dict[int, Counted]:
    """The calls of each turn's span, by its event's id: one query for all, and two more if one had very many."""
    spans = {turn.event.pk: turn for turn in turns if turn.is_turn}
    windows = {
        key: (turn.calls_since or EVER, turn.calls_until or FOR_EVER, turn.until or FOR_EVER)
        for key, turn in spans.items()
    }
    rows = _asked(_COUNT, ("since", "until", "over"), windows, EXACT + 1, EXACT + 1)
    many = {key: spans[key] for key, row in rows.items() if row["calls"] > EXACT}
    summed = _summed(many, now) if many else {}
    return {key: Counted(summed.get(key, row["calls"]), row["missed"]) for key, row in rows.items()}


def _summed(turns: Mapping[int, Turn], now: datetime) -> dict[int, int]:
    windows = {}
    for key, turn in turns.items():
        since, until = turn.calls_since or EVER, turn.calls_until or FOR_EVER
        first, last = on_the_hour(since + HOUR - timedelta.resolution), on_the_hour(until)
        windows[key] = (since, until, *((first, last) if first < last else (until, until)))
    versions = [turn.event.version_id for turn in turns.values()]
    running = list(Call.objects.in_progress(now).filter(version__in=versions).values_list("version", "started_at"))
    sums = _asked(_SUM, ("since", "until", "first", "last"), windows)
    return {
        key: row["calls"]
        + sum(
            version == turns[key].event.version_id and windows[key][2] <= began < windows[key][3]
            for version, began in running
        )
        for key, row in sums.items()
    }


def _asked(
    query: str, names: tuple[str, ...], windows: Mapping[int, tuple[datetime, ...]], *further: int
) -> dict[int, dict[str, int]]:
    """The query's figures for each event, whose moments `span` has under these names."""
    if not windows:
        return {}
    row = f"({', '.join(['%s'] * (len(names) + 1))})"
    spans = f"WITH span (id, {', '.join(names)}) AS (VALUES {', '.join([row] * len(windows))})"
    adapt = database.ops.adapt_datetimefield_value
    told = [value for key, moments in windows.items() for value in (key, *map(adapt, moments))]
    return {event.pk: vars(event) for event in Event.objects.raw(spans + query, [*told, *further])}


def handled(versions: Iterable[Version]) -> dict[int, int]:
    """How many calls each of the versions handled, by its id: exactly up to FEW, then as the sums and the phone say."""
    keys = [version.pk for version in versions]
    if not keys:
        return {}
    asked = Version.objects.raw(_OF_VERSIONS.format(versions=", ".join(["%s"] * len(keys))), [FEW + 1, *keys])
    counts = {version.pk: int(vars(version)["calls"]) for version in asked}
    if many := [key for key, calls in counts.items() if calls > FEW]:
        sums = Tally.objects.filter(version__in=many).order_by().values_list("version").annotate(n=Sum("calls"))
        running = Call.objects.in_progress().filter(version__in=many).order_by()
        now = Counter(running.values_list("version", flat=True))
        ended = dict(sums)
        counts |= {key: ended.get(key, 0) + now[key] for key in many}
    return counts
