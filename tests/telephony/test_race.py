"""Retries and reports that arrive at once, from several threads and processes: one call, one answer, no error."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from django.db import connection as database
from django.http import HttpResponse
from django.utils import timezone

from agentversions.operations import publish
from telephony.incoming import CallReport, IncomingCall
from telephony.models import Call, CallEvent, Status
from telephony.previewing import answer_digest
from telephony.routing import record_call_event, route_call, unsettled
from telephony.tallying import amiss
from tests.cast import live
from tests.telephony.exchange import (
    CALLER,
    GENERIC_NUMBER,
    Exchange,
    answered_by,
    call,
    callback,
    connect,
    report,
    ring,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

RETRIES = 8
ROUNDS = 300


@pytest.fixture
def exchange() -> Exchange:
    """The lines, committed."""
    return connect()


def at_once(deeds: list[Callable[[int], HttpResponse]], rounds: int) -> list[list[HttpResponse]]:
    """What each deed brought in each round; all of a round begin together, on connections of their own."""
    together = threading.Barrier(len(deeds))
    brought: list[list[HttpResponse]] = [[] for _ in range(rounds)]

    def run(deed: Callable[[int], HttpResponse]) -> None:
        try:
            for number in range(rounds):
                together.wait(timeout=60)
                brought[number].append(deed(number))
        except BaseException:
            together.abort()
            raise
        finally:
            database.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for outcome in [pool.submit(run, deed) for deed in deeds]:
            failure = outcome.exception()
            if failure and not isinstance(failure, threading.BrokenBarrierError):
                raise failure
    return brought


def test_retries_of_one_ring_at_once_are_one_call_with_one_answer(exchange: Exchange) -> None:
    lines = (exchange.generic, exchange.twilio)

    rounds = at_once([lambda number: ring(lines[number % 2], f"call-{number}")] * RETRIES, ROUNDS)

    assert [len({response.content for response in responses}) for responses in rounds] == [1] * ROUNDS
    assert all(answered_by(response) == 2 for responses in rounds for response in responses)
    assert Call.objects.count() == ROUNDS
    assert Call.objects.filter(version=exchange.version, missed="").count() == ROUNDS
    assert all(one.answer_digest == answer_digest(one, exchange.version, []) for one in Call.objects.all())


def test_retries_agree_while_versions_are_published_meanwhile(exchange: Exchange) -> None:
    newer = exchange.go_live("Evening", greeting="Good evening.")

    def republish(_: int) -> HttpResponse:
        now = live(exchange.agent)
        publish(exchange.version if now == newer.number else newer, live=now, by=exchange.cast.pia)
        return HttpResponse()

    retries: list[Callable[[int], HttpResponse]] = [lambda number: ring(exchange.generic, f"call-{number}")] * 7
    rounds = at_once([*retries, republish], 40)

    for responses in rounds:
        answers = {response.content for response in responses if response.content}
        assert len(answers) == 1
    assert Call.objects.count() == 40
    assert set(Call.objects.values_list("version__number", flat=True)) == {2, 3}


def test_one_report_of_an_unknown_call_that_comes_many_times_at_once_is_kept_once(exchange: Exchange) -> None:
    rounds = at_once(
        [lambda number: report(exchange.generic, "call.ended", f"call-{number}", event_id=f"msg_{number}")] * RETRIES,
        25,
    )

    assert {response.status_code for responses in rounds for response in responses} == {204}
    assert CallEvent.objects.count() == 25


def test_an_end_that_meets_its_own_ring_is_never_lost(exchange: Exchange) -> None:
    at_once(
        [
            lambda number: ring(exchange.generic, f"call-{number}"),
            lambda number: report(exchange.generic, "call.ended", f"call-{number}", status="canceled"),
            lambda number: report(exchange.generic, "call.answered", f"call-{number}"),
            lambda number: ring(exchange.generic, f"call-{number}"),
        ],
        60,
    )

    assert Call.objects.filter(status=Status.CANCELED).count() == 60
    assert not CallEvent.objects.filter(call=None).exists()


def test_an_end_that_comes_while_its_ring_is_written_is_never_lost(exchange: Exchange) -> None:
    dice, line = random.Random(1), exchange.generic

    def ends(number: int) -> HttpResponse:
        time.sleep(dice.random() * 0.003)
        record_call_event(line, CallReport(f"call-{number}", "call.ended", Status.COMPLETED, duration=9))
        return HttpResponse()

    def rings(number: int) -> HttpResponse:
        route_call(line, IncomingCall(f"call-{number}", CALLER, GENERIC_NUMBER))
        return HttpResponse()

    at_once([rings, ends], ROUNDS)

    assert Call.objects.filter(status=Status.COMPLETED, duration=9).count() == ROUNDS
    assert unsettled(timezone.now()) == []
    assert list(amiss()) == []


def test_of_several_ends_at_once_one_stays(exchange: Exchange) -> None:
    ring(exchange.twilio, "CA1")
    numbers = count()
    ends = ["completed", "busy", "failed", "no-answer", "canceled", "ringing", "in-progress", "queued"]

    def tell(word: str) -> Callable[[int], HttpResponse]:
        return lambda _: callback(exchange.twilio, "CA1", CallStatus=word, SequenceNumber=str(next(numbers)))

    at_once([tell(word) for word in ends], 1)
    first = call("CA1")
    at_once([tell(word) for word in ends], 5)

    assert Status(first.status).ended
    assert (call("CA1").status, call("CA1").ended_at) == (first.status, first.ended_at)
    assert call("CA1").events.count() == len(ends) * 6
