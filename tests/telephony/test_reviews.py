"""People judge calls: a review counts before the provider's judgement, is in the sums at once, and is never lost."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from agentversions.refusals import Invalid, NotAllowed
from telephony.incoming import CallReport
from telephony.models import Call, Review, Status, Tally
from telephony.operations import review_call, take_back_review
from telephony.operations.reviews import LONGEST_NOTE
from telephony.routing import record_call_event
from telephony.tallying import COLUMNS, recount
from tests.telephony.exchange import Exchange, connect, ring


def told(exchange: Exchange, **said: Any) -> None:
    """The line reports something of the call."""
    record_call_event(exchange.generic, CallReport("call-1", "call.report", **said))


def call() -> Call:
    """The one call, as it is now."""
    return Call.objects.get()


def judged() -> tuple[int, int]:
    """How many successes and failures are in the sums."""
    row = Tally.objects.get()
    return row.successes, row.failures


@pytest.fixture
def over(exchange: Exchange) -> Exchange:
    """A call that rang and is over."""
    ring(exchange.generic)
    told(exchange, status=Status.COMPLETED, duration=30)
    return exchange


class TestAReview:
    def test_is_kept_with_who_and_when_and_moves_the_sums(self, over: Exchange) -> None:
        ben = over.cast.ben
        assert judged() == (0, 0)

        review = review_call(call(), good=True, note="  Booked at once.\r\nKind. ", by=ben)

        assert (review.good, review.note, review.by, review.call) == (True, "Booked at once.\nKind.", ben, call())
        assert (call().success, judged()) == (True, (1, 0))

    def test_takes_the_place_of_the_one_before_which_isnt_forgotten(self, over: Exchange) -> None:
        review_call(call(), good=True, note="Fine.", by=over.cast.ben)
        review_call(call(), good=False, note="The address was wrong.", by=over.cast.pia)

        now = Review.objects.get()
        assert (now.good, now.note, now.by) == (False, "The address was wrong.", over.cast.pia)
        assert (call().success, judged()) == (False, (0, 1))
        kept = now.history.order_by("history_id").values_list("good", "note", "by", "history_user", "history_type")
        ben, pia = over.cast.ben.pk, over.cast.pia.pk
        assert list(kept) == [(True, "Fine.", ben, ben, "+"), (False, "The address was wrong.", pia, pia, "~")]

    def test_said_again_is_no_act(self, over: Exchange) -> None:
        first = review_call(call(), good=True, note="Fine.", by=over.cast.ben)
        again = review_call(call(), good=True, note=" Fine. ", by=over.cast.ben)

        assert (again.pk, again.at, again.history.count(), judged()) == (first.pk, first.at, 1, (1, 0))

    def test_of_a_call_in_progress_counts_once_it_has_ended(self, exchange: Exchange) -> None:
        ring(exchange.generic)
        review_call(call(), good=False, by=exchange.cast.ben)
        assert not Tally.objects.exists()

        told(exchange, status=Status.COMPLETED, duration=30)

        assert judged() == (0, 1)

    def test_counts_before_the_provider_whoever_speaks_first(self, over: Exchange) -> None:
        told(over, success=False)
        assert (call().success, judged()) == (False, (0, 1))

        review_call(call(), good=True, by=over.cast.ben)
        told(over, success=False)

        assert (call().success, judged()) == (True, (1, 0))


class TestTakenBack:
    def test_the_providers_last_judgement_returns(self, over: Exchange) -> None:
        told(over, success=True)
        review_call(call(), good=True, by=over.cast.ben)
        told(over, success=False)
        told(over, summary="Nothing about success.")

        take_back_review(call(), by=over.cast.pia)

        assert not Review.objects.exists()
        assert (call().success, judged()) == (False, (0, 1))
        last = Review.history.order_by("-history_id").values_list("history_type", "by", "history_user").first()
        assert last == ("-", over.cast.ben.pk, over.cast.pia.pk)

    def test_nobodys_is_none(self, over: Exchange) -> None:
        review_call(call(), good=True, by=over.cast.ben)

        for _ in range(2):
            take_back_review(call(), by=over.cast.ben)

        assert (call().success, judged()) == (None, (0, 0))

    def test_and_given_again_counts_once(self, over: Exchange) -> None:
        for _ in range(3):
            review_call(call(), good=False, by=over.cast.ben)
            take_back_review(call(), by=over.cast.ben)
        review_call(call(), good=True, by=over.cast.ben)

        assert judged() == (1, 0)
        kept = Tally.objects.values_list(*COLUMNS)
        before = list(kept)
        recount()
        assert list(kept.all()) == before


class TestRefusals:
    @pytest.mark.parametrize(
        "verb", [lambda of, by: review_call(of, good=True, by=by), lambda of, by: take_back_review(of, by=by)]
    )
    def test_who_may_only_look_may_not_judge_nor_may_strangers(
        self, over: Exchange, verb: Callable[[Call, User], Any]
    ) -> None:
        review_call(call(), good=False, by=over.cast.ben)

        for user in (over.cast.cleo, over.cast.olga, over.cast.charlie):
            with pytest.raises(NotAllowed) as refused:
                verb(call(), user)
            assert ("review calls" in refused.value.sentence) is (user == over.cast.cleo)
        assert (Review.objects.get().by, judged()) == (over.cast.ben, (0, 1))

    def test_a_call_that_no_version_answered_cant_be_judged(self, exchange: Exchange) -> None:
        ring(exchange.generic, to="+12025550000")

        with pytest.raises(Invalid, match="nothing to judge"):
            review_call(call(), good=True, by=exchange.cast.ben)

    @pytest.mark.parametrize("note", ["x" * (LONGEST_NOTE + 1), "a\0b", "\ud800", "\x1b[2J"])
    def test_a_note_that_cant_be_kept(self, over: Exchange, note: str) -> None:
        with pytest.raises(Invalid, match="1,000 characters"):
            review_call(call(), good=True, note=note, by=over.cast.ben)
        assert not Review.objects.exists()
        assert len(review_call(call(), good=True, note="ü" * LONGEST_NOTE, by=over.cast.ben).note) == LONGEST_NOTE


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_reviews_and_late_reports_at_once_leave_sums_that_are_the_calls() -> None:
    exchange = connect()
    ben, pia = exchange.cast.ben, exchange.cast.pia
    for number in range(20):
        ring(exchange.generic, f"call-{number}")
        record_call_event(exchange.generic, CallReport(f"call-{number}", "end", Status.COMPLETED, duration=7))
    calls = list(Call.objects.order_by("pk"))
    together = threading.Barrier(4)

    def at_once(deed: Callable[[Call], object]) -> None:
        together.wait(timeout=30)
        try:
            for one in calls:
                deed(one)
        finally:
            database.close()

    deeds: list[Callable[[Call], object]] = [
        lambda one: review_call(one, good=True, note="Ben", by=ben),
        lambda one: review_call(one, good=True, note="Pia", by=pia),
        lambda one: record_call_event(exchange.generic, CallReport(one.provider_call_id, "analysis", success=False)),
        lambda one: record_call_event(exchange.generic, CallReport(one.provider_call_id, "cost", success=False)),
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(at_once, deeds))

    assert Review.objects.count() == 20
    assert set(Call.objects.values_list("success", flat=True)) == {True}
    assert (sum(row.successes for row in Tally.objects.all()), sum(row.failures for row in Tally.objects.all())) == (
        20,
        0,
    )
    for one in calls:
        take_back_review(one, by=ben)
    assert set(Call.objects.values_list("success", flat=True)) == {False}
    assert sum(row.failures for row in Tally.objects.all()) == 20
