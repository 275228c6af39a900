"""What became of each version's calls over a time is what is counted from the calls themselves."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pytest_django import DjangoAssertNumQueries

from agentversions.history import spans
from agentversions.models import Version
from agentversions.operations import publish, unpublish
from telephony import performance
from telephony.incoming import CallReport
from telephony.models import Call, CallEvent, Status, Tally
from telephony.performance import Period
from telephony.routing import record_call_event
from telephony.tallying import recount
from tests.cast import live, save
from tests.telephony.exchange import Exchange, connect, ring

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ENDS = [status for status in Status if status.ended]

type At = Callable[[datetime], None]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the clock."""

    def moment(when: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: when)

    return moment


@pytest.fixture
def story(db: None, at: At) -> Exchange:
    """Reception, whose v2 went live at noon."""
    at(NOON)
    return connect()


def told(exchange: Exchange, call_id: str, **said: Any) -> None:
    """The line reports something of a call."""
    record_call_event(exchange.generic, CallReport(call_id, "call.report", **said))


class TestThePeriod:
    def test_is_of_whole_hours(self) -> None:
        period = Period.of(NOON + MINUTE, NOON + 3 * HOUR + MINUTE)

        assert (period.since, period.until) == (NOON, NOON + 4 * HOUR)
        assert Period.of(None, NOON) == Period(None, NOON)

    def test_begins_on_the_hour_of_utc_wherever_it_was_chosen(self) -> None:
        midnight = datetime.fromisoformat("2026-03-02T00:00+05:30")

        assert Period.of(midnight, NOON).since == datetime(2026, 3, 1, 18, tzinfo=UTC)


class TestMissedCalls:
    def test_count_for_what_was_live_at_the_very_moment(self, story: Exchange, at: At) -> None:
        first = story.version
        at(NOON + HOUR)
        second = story.go_live("Second", prompt="Another.")
        at(NOON + 2 * HOUR)
        unpublish(story.agent, live=second.number, by=story.cast.pia)
        moments = {
            NOON - MINUTE: None,
            NOON: first,
            NOON + HOUR - timedelta(microseconds=1): first,
            NOON + HOUR: second,
            NOON + 2 * HOUR - timedelta(microseconds=1): second,
            NOON + 2 * HOUR: None,
        }
        for number, moment in enumerate(moments):
            at(moment)
            ring(story.generic, f"missed-{number}")  # nothing is live by now
        assert Call.objects.exclude(missed="").count() == len(moments)

        counted = performance.missed(story.agent, Period.of(None, NOON + 9 * HOUR), [first.pk, second.pk])

        assert counted.by_version == {first.pk: 2, second.pk: 2}
        assert (counted.nothing_live, counted.others, counted.total) == (2, 0, 6)
        counted = performance.missed(story.agent, Period.of(None, NOON + 9 * HOUR), [second.pk])
        assert (counted.by_version, counted.nothing_live, counted.others) == ({second.pk: 2}, 2, 2)

    def test_count_only_within_the_period(self, story: Exchange, at: At) -> None:
        unpublish(story.agent, live=2, by=story.cast.pia)
        for number, moment in enumerate((NOON - MINUTE, NOON, NOON + HOUR - MINUTE, NOON + HOUR)):
            at(moment)
            ring(story.generic, f"missed-{number}")

        assert performance.missed(story.agent, Period(NOON, NOON + HOUR), []).total == 2

    def test_are_asked_for_as_often_for_one_publish_as_for_many(
        self, story: Exchange, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        unpublish(story.agent, live=2, by=story.cast.pia)
        ring(story.generic, "missed")
        for _ in range(20):
            publish(story.version, live=live(story.agent), by=story.cast.pia)
            unpublish(story.agent, live=2, by=story.cast.pia)

        agent = story.agent
        with django_assert_num_queries(2):
            performance.missed(agent, Period.of(None, NOON + HOUR), [story.version.pk])

    def test_of_another_agent_count_for_nothing_here(self, story: Exchange) -> None:
        unpublish(story.agent, live=2, by=story.cast.pia)
        ring(story.generic, "missed")

        assert performance.missed(story.cast.orders, Period.of(None, NOON + HOUR), []).total == 0

    @pytest.mark.parametrize("seed", range(6))
    def test_are_counted_as_the_history_tells_it(self, story: Exchange, at: At, seed: int) -> None:
        """Whatever was published when: each call for the span that holds it."""
        dice, moment, pia = random.Random(seed), NOON, story.cast.pia
        versions = [story.version, save(story.cast.agent, story.cast.ana, prompt="Another.")]
        for _ in range(12):
            moment += dice.randrange(4) * 10 * MINUTE
            at(moment)
            now, wanted = live(story.agent), dice.choice([*versions, None])
            if wanted is None and now is not None:
                unpublish(story.agent, live=now, by=pia)
            elif wanted is not None and wanted.number != now:
                publish(wanted, live=now, by=pia)
        if (now := live(story.agent)) is not None:
            unpublish(story.agent, live=now, by=pia)
        for number in range(30):
            at(NOON + dice.randrange(-3, 40) * 10 * MINUTE)
            ring(story.generic, f"missed-{number}")

        numbers = {version.pk: version.number for version in versions}
        counted = performance.missed(story.agent, Period.of(None, NOON + 99 * HOUR), numbers)

        expected: Counter[int | None] = Counter()
        for call in Call.objects.exclude(missed=""):
            lives = (span for span in spans(story.agent) if span.since <= call.started_at)
            held = [span.number for span in lives if span.until is None or call.started_at < span.until]
            expected[held[0] if held else None] += 1
        assert counted.nothing_live == expected.pop(None, 0)
        assert {numbers[pk]: count for pk, count in counted.by_version.items()} == expected


SAID = some.fixed_dictionaries(
    {"status": some.sampled_from(list(Status)), "duration": some.integers(0, 5_000)},
    optional={
        "cost": some.decimals(0, 100, places=4),
        "success": some.booleans(),
        "transferred": some.booleans(),
        "voicemail": some.booleans(),
    },
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=some.lists(some.tuples(some.integers(0, 300), some.booleans(), SAID), max_size=10))
def test_whatever_is_told_the_figures_are_those_of_the_calls(
    exchange: Exchange, said: list[tuple[int, bool, dict[str, Any]]]
) -> None:
    """Of calls that began anywhere in five hours, of which three are asked for."""
    first = Version.objects.get(agent=exchange.agent, number=1)
    for number, (minutes, older, words) in enumerate(said):
        ring(exchange.generic, f"call-{number}")
        told(exchange, f"call-{number}", **words)
        version = first if older else exchange.version
        ours = Call.objects.filter(provider_call_id=f"call-{number}")
        ours.update(started_at=NOON + minutes * MINUTE, version=version)
    recount()
    when = Period(NOON + HOUR, NOON + 4 * HOUR)

    figures = performance.figures(exchange.agent, when, [first.pk, exchange.version.pk])
    apart = performance.handled(exchange.agent, when, [first.pk, exchange.version.pk], "hour", UTC)
    together = performance.handled(exchange.agent, when, [first.pk], "hour", UTC)

    asked = Call.objects.filter(started_at__gte=when.since, started_at__lt=when.until, status__in=ENDS)
    for pk, figure in figures.items():
        calls = list(asked.filter(version=pk))
        assert figure.calls == len(calls)
        assert figure.seconds == sum(call.duration or 0 for call in calls)
        assert dict(figure.ends) == {end: sum(call.status == end for call in calls) for end in ENDS}
        assert figure.transferred == sum(call.transferred for call in calls)
        assert figure.voicemail == sum(call.voicemail for call in calls)
        assert (figure.successes, figure.judged) == (
            sum(call.success is True for call in calls),
            sum(call.success is not None for call in calls),
        )
        assert figure.priced == sum(call.cost is not None for call in calls)
        assert figure.cost == sum((call.cost or Decimal(0) for call in calls), Decimal(0))
        hours = Counter(call.started_at.replace(minute=0) for call in calls)
        assert {row.since: row.calls for row in apart if row.version == pk} == hours
        assert {row.since: row.calls for row in together if (row.version or exchange.version.pk) == pk} == hours
        assert (pk in performance.called(exchange.agent, when, 2)) == bool(calls)
        lengths = [call.duration or 0 for call in calls]
        assert figure.average == (sum(lengths) / len(lengths) if lengths else None)
    CallEvent.objects.all().delete()
    Call.objects.all().delete()
    Tally.objects.all().delete()


def test_what_is_in_progress_counts_for_its_version_and_has_no_end(exchange: Exchange) -> None:
    now = timezone.now()
    for name in ("one", "two", "three"):
        ring(exchange.generic, name)
    told(exchange, "one", status=Status.COMPLETED, duration=10)
    Call.objects.filter(provider_call_id="two").update(overdue_at=1)
    version = exchange.version.pk

    assert performance.in_progress(exchange.agent, Period.of(None, now + HOUR)) == {version: 1}
    assert performance.in_progress(exchange.agent, Period.of(None, now - HOUR)) == {}
    assert performance.figures(exchange.agent, Period.of(None, now + HOUR), [version])[version].calls == 1
