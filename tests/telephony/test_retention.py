"""What a project keeps of its calls, and for how long: people are forgotten, and the figures stay."""

import json
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone

from agentversions.history import sentence, visible
from agentversions.models import Action, Event
from agentversions.refusals import AlreadyDone, Invalid, KeyReused, NotAllowed
from agentversions.verifying import verify
from telephony.incoming import CallReport, IncomingCall
from telephony.management.clock import clock
from telephony.management.commands import forget_calls as forget_calls_command
from telephony.models import Call, CallEvent, Retention, Review, Status, Tally
from telephony.operations import forget_calls, review_call, set_retention, take_back_review
from telephony.operations import retention as verbs
from telephony.routing import record_call_event, route_call
from telephony.tallying import COLUMNS, recount
from tests.telephony.exchange import CALLER, GENERIC_NUMBER, Exchange, connect, refusal, ring

SAID = "marzipan"
"""A word that only the caller, and who wrote about the call, ever used."""
ELSEWHERE = "+12025550177"
"""A number that is nobody's here: somebody who was called, perhaps."""
NAMES = (CALLER, CALLER.removeprefix("+"), SAID, ELSEWHERE)


def ago(days: float) -> datetime:
    """So many days before now."""
    return timezone.now() - timedelta(days=days)


def rang(exchange: Exchange, name: str, days: float, *, dialled: str = GENERIC_NUMBER, ended: bool = True) -> Call:
    """Somebody called so many days ago, and all that a provider can tell was told."""
    with clock(ago(days)):
        call = route_call(exchange.generic, IncomingCall(name, CALLER, dialled))
        if ended:
            tell(exchange, name)
    return Call.objects.get(pk=call.pk)


def tell(exchange: Exchange, name: str, **said: Any) -> None:
    """The provider reports the end, with everything in it that is somebody's."""
    told: dict[str, Any] = {
        "status": Status.COMPLETED,
        "duration": 95,
        "reason": "customer-ended-call",
        "recording_url": f"https://example.com/{SAID}.wav",
        "event_id": f"event-{uuid4()}",
        "payload": {"from": CALLER, "transcript": f"I want {SAID}."},
        "transcript": f"I want {SAID}.",
        "summary": f"Wants {SAID}.",
        "fields": {"wish": SAID, CALLER: True},
        "transferred": True,
        "voicemail": True,
        "success": False,
        "cost": Decimal("0.1234"),
    }
    record_call_event(exchange.generic, CallReport(name, "call.ended", **(told | said)))


def review(exchange: Exchange, call: Call) -> Review:
    """Ben listened, and thought about it once more."""
    review_call(call, good=False, note=f"They wanted {SAID}!", by=exchange.cast.ben)
    return review_call(call, good=True, note=f"They wanted {SAID}.", by=exchange.cast.ben)


def rule(exchange: Exchange, days: int | None = 90) -> Retention:
    """Ana sets for how long."""
    return set_retention(exchange.cast.project, days, by=exchange.cast.ana)


def everywhere(words: tuple[str, ...] = NAMES) -> set[str]:
    """The tables and columns of the whole database that hold any of the words."""
    found = set()
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {database.ops.quote_name(table)}")  # noqa: S608 (every table there is)
            columns = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    text = value if isinstance(value, str) else json.dumps(value, default=str)
                    if any(word in text for word in words):
                        found.add(f"{table}.{column}")
    return found


def figures() -> list[Any]:
    """All sums, as they are."""
    return list(Tally.objects.order_by("version", "hour").values_list("agent", "version", "hour", *COLUMNS))


class TestTheRule:
    def test_is_an_admins_and_is_told(self, exchange: Exchange) -> None:
        cast = exchange.cast
        for somebody in (cast.pia, cast.ben, cast.cleo, cast.olga):
            with pytest.raises(NotAllowed):
                set_retention(cast.project, 90, by=somebody)
        assert not Retention.objects.exists()

        for days in (90, 1, None):
            rule(exchange, days)

        events = visible(Event.objects.filter(action=Action.RETENTION_SET), cast.cleo).order_by("pk")
        assert [sentence(event) for event in events] == [
            "set calls to be forgotten after 90 days",
            "set calls to be forgotten after 1 day",
            "set calls to be kept for ever",
        ]
        kept = Retention.objects.get()
        assert (kept.days, kept.changed_by, kept.history.count()) == (None, cast.ana, 3)

    @pytest.mark.parametrize("days", [0, -1, 3_651, 10**9])
    def test_is_a_number_of_days_that_makes_sense(self, exchange: Exchange, days: int) -> None:
        with pytest.raises(Invalid, match="from 1 to 3,650"):
            rule(exchange, days)

    def test_that_is_so_already_isnt_set_again(self, exchange: Exchange) -> None:
        with pytest.raises(AlreadyDone, match="for ever"):
            rule(exchange, None)
        rule(exchange, 90)
        with pytest.raises(AlreadyDone, match="for 90 days"):
            rule(exchange, 90)

    def test_is_confirmed_once(self, exchange: Exchange) -> None:
        project, ana, key = exchange.cast.project, exchange.cast.ana, uuid4()
        for _ in range(2):
            assert set_retention(project, 90, by=ana, key=key).days == 90
        assert Event.objects.filter(action=Action.RETENTION_SET).count() == 1
        with pytest.raises(KeyReused):
            set_retention(project, 30, by=ana, key=key)


class TestForgetting:
    def test_leaves_nothing_of_anybody_in_any_table(self, exchange: Exchange) -> None:
        call = rang(exchange, "one", 100)
        review(exchange, call)
        rang(exchange, "two", 100, dialled=ELSEWHERE)
        rang(exchange, "three", 100, ended=False)
        with clock(ago(100)):
            tell(exchange, "never rang", reason=f"They said {SAID}")
        assert {"telephony_call.caller", "telephony_call.dialled", "telephony_callevent.payload"} <= everywhere()
        assert {"telephony_callevent.told", "telephony_review.note", "telephony_historicalreview.note"} <= everywhere()
        rule(exchange)

        assert forget_calls(exchange.cast.project) == 3

        assert everywhere() == set()

    def test_keeps_what_figures_are_made_of(self, exchange: Exchange) -> None:
        before = rang(exchange, "one", 100)
        judged = review(exchange, before)
        before.refresh_from_db()
        event = before.events.get()
        sums = figures()
        rule(exchange)

        forget_calls(exchange.cast.project)

        call = Call.objects.get()
        assert call.forgotten_at is not None
        emptied = {"caller", "recording_url", "forgotten_at"}
        kept = [field.attname for field in Call._meta.concrete_fields if field.name not in emptied]
        assert [getattr(call, name) for name in kept] == [getattr(before, name) for name in kept]
        assert (call.caller, call.recording_url, call.ended_reason) == ("", "", "customer-ended-call")
        told = call.events.get()
        assert told.told == {"transferred": True, "voicemail": True, "success": False, "cost": "0.1234"}
        assert (told.kind, told.status, told.duration, told.reason, told.payload) == (
            event.kind, Status.COMPLETED, 95, "customer-ended-call", {},
        )  # fmt: skip
        assert told.provider_event_id == event.provider_event_id
        noted = Review.objects.get()
        assert (noted.good, noted.note, noted.by, noted.at) == (True, "", exchange.cast.ben, judged.at)
        assert figures() == sums
        recount()
        assert figures() == sums
        assert take_back_review(call, by=exchange.cast.ben).success is False  # as the provider said

    @pytest.mark.parametrize(
        ("reason", "kept"),
        [
            ("customer-ended-call", "customer-ended-call"),
            ("NORMAL_CLEARING", "NORMAL_CLEARING"),
            ("call.in-progress.error-openai-429", "call.in-progress.error-openai-429"),
            ("486", "486"),
            ("486 Busy Here", ""),
            ("Jane hung up", ""),
            ("ended-by-4155550100", ""),
        ],
    )
    def test_keeps_a_reason_that_is_a_code(self, exchange: Exchange, reason: str, kept: str) -> None:
        with clock(ago(100)):
            route_call(exchange.generic, IncomingCall("one", CALLER, GENERIC_NUMBER))
            tell(exchange, "one", reason=reason)
        rule(exchange)

        forget_calls(exchange.cast.project)

        assert Call.objects.get().ended_reason == CallEvent.objects.get().reason == kept

    def test_takes_the_old_and_leaves_the_young(self, exchange: Exchange) -> None:
        old, young = rang(exchange, "old", 90.2), rang(exchange, "young", 89.8)
        with clock(ago(89.8)):
            tell(exchange, "too young a stray")
        rule(exchange)

        assert [forget_calls(exchange.cast.project), forget_calls(exchange.cast.project)] == [1, 0]

        assert Call.objects.get(pk=old.pk).caller == ""
        assert Call.objects.get(pk=young.pk).caller == CALLER
        assert CallEvent.objects.filter(call=young).get().payload
        assert CallEvent.objects.filter(call=None).get().payload

    def test_leaves_a_call_that_may_be_in_progress(self, exchange: Exchange) -> None:
        call = rang(exchange, "long", 1.2, ended=False)
        later = int((timezone.now() - timedelta(hours=23)).timestamp())
        Call.objects.filter(pk=call.pk).update(overdue_at=later)
        rang(exchange, "short", 1.1)
        rule(exchange, 1)

        assert forget_calls(exchange.cast.project) == 1
        assert Call.objects.get(pk=call.pk).caller == CALLER

        Call.objects.filter(pk=call.pk).update(overdue_at=later - 2 * 3600)
        assert forget_calls(exchange.cast.project) == 1  # though calls that began later are done

    def test_is_the_project_s_own(self, exchange: Exchange) -> None:
        cast = exchange.cast
        rang(exchange, "one", 100)
        set_retention(cast.elsewhere, 1, by=cast.olga)

        assert [forget_calls(cast.elsewhere), forget_calls(cast.project)] == [0, 0]
        assert Call.objects.get().caller == CALLER

    def test_ends_when_all_is_kept_and_brings_nothing_back(self, exchange: Exchange) -> None:
        rang(exchange, "one", 100)
        rang(exchange, "two", 50)
        rule(exchange, 90)
        forget_calls(exchange.cast.project)
        rule(exchange, None)

        assert forget_calls(exchange.cast.project) == 0
        assert [call.caller for call in Call.objects.order_by("pk")] == ["", CALLER]

        rule(exchange, 30)
        assert forget_calls(exchange.cast.project) == 1

    def test_goes_on_where_it_was_stopped(self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verbs, "BATCH", 4)
        with clock(ago(100)):  # all at the same moment
            for number in range(10):
                route_call(exchange.generic, IncomingCall(f"call-{number}", CALLER, GENERIC_NUMBER))
        rule(exchange)

        def stop(done: int, until: datetime) -> None:
            assert (done, until) == (4, Call.objects.order_by("pk")[0].started_at)
            raise KeyboardInterrupt

        with suppress(KeyboardInterrupt):
            forget_calls(exchange.cast.project, stop)
        assert Call.objects.exclude(forgotten_at=None).count() == 4

        said: list[int] = []
        assert forget_calls(exchange.cast.project, lambda done, _: said.append(done)) == 6
        assert said == [4, 6]

    def test_stops_once_all_is_kept(self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verbs, "BATCH", 2)
        for number in range(5):
            rang(exchange, f"call-{number}", 100)
        rule(exchange)

        def keep_all(*_: object) -> None:
            rule(exchange, None)

        assert forget_calls(exchange.cast.project, keep_all) == 2
        assert Call.objects.filter(caller=CALLER).count() == 3

    def test_passes_over_what_is_done(self, exchange: Exchange) -> None:
        rang(exchange, "one", 100)
        rule(exchange)
        forget_calls(exchange.cast.project)
        until = Retention.objects.get().forgotten_until

        assert until
        assert abs(until - ago(90)) < timedelta(minutes=1)
        rule(exchange, 120)
        forget_calls(exchange.cast.project)
        assert Retention.objects.get().forgotten_until == until
        assert Retention.history.count() == 2  # the rule's, not the clock's


class TestWhatComesLate:
    def test_brings_nobody_back_and_its_facts_count(self, exchange: Exchange) -> None:
        rang(exchange, "one", 100, ended=False)
        rule(exchange)
        forget_calls(exchange.cast.project)

        tell(exchange, "one", reason=f"{SAID} for {CALLER}", event_id="late")
        tell(exchange, "one", event_id="late")

        assert everywhere() == set()
        call = Call.objects.get()
        assert (call.status, call.duration, call.cost, call.success) == ("completed", 95, Decimal("0.1234"), False)
        assert call.events.get().told == {"transferred": True, "voicemail": True, "success": False, "cost": "0.1234"}
        assert Tally.objects.get().calls == 1

    def test_a_note_is_refused_and_a_judgement_isn_t(self, exchange: Exchange) -> None:
        call, ben = rang(exchange, "one", 100), exchange.cast.ben
        rule(exchange)
        forget_calls(exchange.cast.project)

        with pytest.raises(Invalid, match="Judge it without a note"):
            review_call(call, good=True, note=f"They wanted {SAID}.", by=ben)
        assert review_call(call, good=True, by=ben).good

        assert everywhere() == set()

    def test_the_same_ring_is_the_same_call_and_gets_a_refusal(self, exchange: Exchange) -> None:
        rang(exchange, "one", 100, ended=False)
        rule(exchange, 1)
        forget_calls(exchange.cast.project)

        assert refusal(ring(exchange.generic, "one"))

        assert Call.objects.get().caller == ""

    def test_a_twin_of_a_forgotten_call_is_forgotten_too(self, exchange: Exchange) -> None:
        call = rang(exchange, "one", 100)
        rule(exchange)
        forget_calls(exchange.cast.project)

        tell(exchange, "other", our_call=str(call.pk))

        assert Call.objects.exclude(forgotten_at=None).count() == 2
        assert everywhere() == set()


def told(*arguments: str) -> list[str]:
    """What the command says, line by line."""
    said = StringIO()
    call_command("forget_calls", *arguments, stdout=said)
    return said.getvalue().splitlines()


class TestTheCommand:
    def test_goes_through_the_projects_that_have_a_rule(
        self, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cast = exchange.cast
        for number in range(3):
            rang(exchange, f"call-{number}", 100)
        assert told() == []
        rule(exchange)
        set_retention(cast.elsewhere, 1, by=cast.olga)
        monkeypatch.setattr(verbs, "BATCH", 2)
        monkeypatch.setattr(forget_calls_command, "EVERY", 2)
        named = f"Front desk ({cast.project.pk}) keeps calls for 90 days"

        assert f"{named}: 3 calls would be forgotten." in told("--dry-run")
        assert Call.objects.filter(forgotten_at=None).count() == 3

        said = told("--project", str(cast.project.pk))
        assert said[0].startswith("… 2, up to ")
        assert said[1:] == [f"{named}: 3 calls forgotten."]
        assert told() == [
            f"{named}: 0 calls forgotten.",
            f"Warehouse ({cast.elsewhere.pk}) keeps calls for 1 day: 0 calls forgotten.",
        ]
        assert f"{named}: 0 calls would be forgotten." in told("--dry-run")

    def test_fails_for_a_project_without_a_rule(self, exchange: Exchange) -> None:
        for project in (exchange.cast.project.pk, uuid4()):
            with pytest.raises(CommandError, match="keeps its calls for ever"):
                told("--project", str(project))

    def test_that_nobody_runs_is_found(self, exchange: Exchange) -> None:
        rang(exchange, "one", 92)
        rule(exchange)
        assert list(verify()) == []
        Retention.objects.update(changed_at=ago(4))
        assert list(verify()) == []
        Call.objects.update(overdue_at=int(ago(94).timestamp()), started_at=ago(94))
        recount()

        (finding,) = verify()
        assert finding == (
            f"Project {exchange.cast.project.pk}: calls are kept for 90 days, and some are older by more than 3 days."
            " Let forget_calls run every day."
        )

        told()
        assert list(verify()) == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    ROUNDS = 12

    def test_a_report_and_the_clock_leave_nobody(self) -> None:
        exchange = connect()
        rule(exchange)
        for number in range(self.ROUNDS):
            rang(exchange, f"call-{number}", 100, ended=False)
            Retention.objects.update(forgotten_until=None)  # no call ever came in so late
            together = threading.Barrier(4)

            def late(which: int, name: str = f"call-{number}", at_once: threading.Barrier = together) -> None:
                at_once.wait(timeout=30)
                if which < 2:
                    tell(exchange, name)
                else:
                    forget_calls(exchange.cast.project)
                database.close()

            run(late, 4)

            assert everywhere() == set()
        assert Tally.objects.get().calls == self.ROUNDS
        assert CallEvent.objects.exclude(call=None).count() == 2 * self.ROUNDS

    def test_phones_ring_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verbs, "BATCH", 3)
        exchange = connect()
        rule(exchange)
        for number in range(20):
            rang(exchange, f"old-{number}", 100)

        def work(which: int) -> None:
            if which < 2:
                forget_calls(exchange.cast.project)
            else:
                for number in range(10):
                    route_call(exchange.generic, IncomingCall(f"new-{which}-{number}", CALLER, GENERIC_NUMBER))
            database.close()

        run(work, 4)

        assert Call.objects.exclude(forgotten_at=None).count() == 20
        assert Call.objects.filter(forgotten_at=None, caller=CALLER, missed="").count() == 20


def run(work: Any, threads: int) -> None:
    """On so many threads, until all are done; raises what one of them raised."""
    failed: list[BaseException] = []

    def one(which: int) -> None:
        try:
            work(which)
        except BaseException as error:  # noqa: BLE001 (raised below)
            failed.append(error)

    some = [threading.Thread(target=one, args=[which]) for which in range(threads)]
    for thread in some:
        thread.start()
    for thread in some:
        thread.join()
    if failed:
        raise failed[0]
