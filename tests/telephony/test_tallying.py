"""What became of a version's calls is summed up by the hour: never behind, never twice, whatever is reported late."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from telephony import counting
from telephony.incoming import CallReport
from telephony.models import LENGTHS, Call, CallEvent, Status, Tally
from telephony.routing import record_call_event
from telephony.tallying import COLUMNS, length, recount
from tests.telephony.exchange import Exchange, connect, report, ring

ENDS = [status for status in Status if status.ended]


def told(exchange: Exchange, call_id: str, **said: Any) -> None:
    """The line reports something of a call."""
    record_call_event(exchange.generic, CallReport(call_id, "call.report", **said))


def tally() -> dict[str, Any]:
    """The sums of the one version, but for what is nothing."""
    row = Tally.objects.get()
    return {column: value for column in COLUMNS if (value := getattr(row, column))}


def everything() -> list[Any]:
    """All sums, as they are."""
    return list(Tally.objects.order_by("version", "hour").values_list("agent", "version", "hour", *COLUMNS))


class TestAnEnd:
    def test_counts_once(self, exchange: Exchange) -> None:
        ring(exchange.generic, "one")
        assert not Tally.objects.exists()

        for _ in range(2):
            report(exchange.generic, "call.ended", "one", status="completed", duration_s=95)

        row = Tally.objects.get()
        assert (row.agent, row.version) == (exchange.agent, exchange.version)
        assert row.hour == Call.objects.get().started_at.replace(minute=0, second=0, microsecond=0)
        assert tally() == {"calls": 1, "seconds": 95, "completed": 1, "under_105": 1}

    @pytest.mark.parametrize("status", ENDS)
    def test_counts_as_what_it_was(self, exchange: Exchange, status: Status) -> None:
        ring(exchange.generic, "one")
        told(exchange, "one", status=status, duration=3)

        assert tally() == {"calls": 1, "seconds": 3, status.value: 1, "under_5": 1}

    def test_of_a_call_that_was_missed_counts_for_no_version(self, exchange: Exchange) -> None:
        ring(exchange.generic, "one", to="+12025550000")
        told(exchange, "one", status=Status.COMPLETED)

        assert not Tally.objects.exists()

    def test_adds_up(self, exchange: Exchange) -> None:
        for number, seconds in enumerate((10, 20, 4_000)):
            ring(exchange.generic, f"call-{number}")
            told(exchange, f"call-{number}", status=Status.COMPLETED, duration=seconds)

        assert tally() == {"calls": 3, "seconds": 4_030, "completed": 3, "under_15": 1, "under_30": 1, "longer": 1}


class TestWhatIsToldLate:
    def test_moves_the_call_to_where_it_belongs(self, exchange: Exchange) -> None:
        ring(exchange.generic, "one")
        told(exchange, "one", status=Status.COMPLETED, duration=10)
        told(exchange, "one", status=Status.COMPLETED, duration=61, transferred=True, voicemail=True)
        told(exchange, "one", cost=Decimal("0.0532"), success=True)

        assert tally() == {
            "calls": 1,
            "seconds": 61,
            "completed": 1,
            "under_75": 1,
            "transferred": 1,
            "voicemail": 1,
            "successes": 1,
            "priced": 1,
            "cost": Decimal("0.0532"),
        }

        told(exchange, "one", cost=Decimal("0.0600"), success=False)

        assert tally()["cost"] == Decimal("0.0600")
        assert (tally()["failures"], "successes" in tally()) == (1, False)

    def test_before_the_end_counts_with_it(self, exchange: Exchange) -> None:
        ring(exchange.generic, "one")
        told(exchange, "one", cost=Decimal("0.01"), success=True)
        assert not Tally.objects.exists()

        told(exchange, "one", status=Status.FAILED, duration=0)

        assert tally()["failed"] == tally()["priced"] == tally()["successes"] == 1


def test_a_call_that_was_never_added_takes_nothing_off(exchange: Exchange) -> None:
    """One that an older release ended, while it was still running on this one's tables."""
    ring(exchange.generic, "one")
    told(exchange, "one", status=Status.COMPLETED, duration=10, cost=Decimal("0.05"), success=True)
    Tally.objects.all().delete()

    told(exchange, "one", status=Status.COMPLETED, duration=61, cost=Decimal("0.02"), success=False)

    assert Call.objects.get().duration == 61
    assert tally() == {"seconds": 51, "under_75": 1, "failures": 1}
    recount()
    assert tally()["calls"] == 1


def test_every_length_has_a_place() -> None:
    edges = [0, *LENGTHS]

    assert [length(edge) for edge in edges[:-1]] == [f"under_{most}" for most in LENGTHS]
    assert [length(most - 1) for most in LENGTHS] == [f"under_{most}" for most in LENGTHS]
    assert length(LENGTHS[-1]) == length(10**6) == "longer"


def test_a_recount_puts_each_length_in_its_place(exchange: Exchange) -> None:
    for seconds in sorted({0} | {edge - less for edge in LENGTHS for less in (1, 0)}):
        ring(exchange.generic, f"call-{seconds}")
        told(exchange, f"call-{seconds}", status=Status.COMPLETED, duration=seconds)
    kept = tally()

    recount()

    assert tally() == kept
    assert sum(kept[length(edge)] for edge in (0, *LENGTHS)) == kept["calls"] == 2 * len(LENGTHS) + 1


SAID = some.fixed_dictionaries(
    {},
    optional={
        "status": some.sampled_from(list(Status)),
        "duration": some.integers(0, 5_000),
        "cost": some.decimals(0, 100, places=4),
        "success": some.booleans(),
        "transferred": some.booleans(),
        "voicemail": some.booleans(),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=some.lists(some.tuples(some.sampled_from(["a", "b", "c"]), SAID), max_size=8))
def test_whatever_is_told_the_sums_are_those_of_the_calls(exchange: Exchange, reports: list[Any]) -> None:
    for name in ("a", "b", "c"):
        ring(exchange.generic, name)
    for name, said in reports:
        told(exchange, name, **said)
    kept = everything()

    recount()

    assert [row for row in everything() if any(row[3:])] == [row for row in kept if any(row[3:])]
    CallEvent.objects.all().delete()
    Call.objects.all().delete()
    Tally.objects.all().delete()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_calls_that_end_at_the_same_moment_all_count() -> None:
    exchange = connect()
    for number in range(40):
        ring(exchange.generic, f"call-{number}")
    together = threading.Barrier(8)

    def end(worker: int) -> None:
        together.wait(timeout=30)
        for number in range(40):  # each of them is told by every worker, of which one counts
            record_call_event(
                exchange.generic,
                CallReport(f"call-{(number + worker * 5) % 40}", "end", Status.COMPLETED, duration=7),
            )
        database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(end, range(8)))

    assert sum(row.calls for row in Tally.objects.all()) == 40
    assert sum(row.seconds for row in Tally.objects.all()) == 280


@pytest.mark.parametrize("few", [counting.FEW, 2])
def test_the_calls_of_a_version_are_counted_one_by_one_or_by_their_sums(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(counting, "FEW", few)
    for number in range(5):
        ring(exchange.generic, f"call-{number}")
    for number in range(3):
        told(exchange, f"call-{number}", status=Status.COMPLETED, duration=10)
    later = exchange.go_live("Later", greeting="Hello again.")
    for number in range(4):
        ring(exchange.generic, f"later-{number}")
    unused = exchange.agent.versions.get(number=1)

    assert counting.handled([exchange.version, later, unused]) == {exchange.version.pk: 5, later.pk: 4, unused.pk: 0}
    assert counting.handled([]) == {}
