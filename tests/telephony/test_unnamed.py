"""A provider that has no id for a call when it rings: retries are matched, and a report brings the id later."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agentversions.ids import uuid7
from agentversions.operations import publish, suspend_project
from telephony import routing
from telephony.incoming import CallReport, IncomingCall
from telephony.models import UNNAMED, Call, CallEvent, Connection, Missed, Status
from telephony.operations import change_connection
from telephony.outages import notes
from telephony.rehearsals.retell import REHEARSAL
from telephony.routing import REPEATED, record_call_event, record_outage, route_call
from tests.cast import Cast, live, save
from tests.telephony.exchange import CALLER, Exchange, connect, path, public
from tests.telephony.lines import NUMBERS, SECRETS, line, posted
from tests.telephony.test_race import at_once

OTHER = "+14155550111"
DIALLED = NUMBERS["retell"]


@pytest.fixture
def cast(exchange: Exchange) -> Cast:
    """The people, and their agent on the air with v2."""
    return exchange.cast


@pytest.fixture
def retell(cast: Cast) -> Connection:
    """A connection to a provider that names no call when it rings."""
    return line(cast, "retell")


def sent(to: Connection, door: str, message: dict[str, Any]) -> HttpResponse:
    """What Retell posts."""
    signed = REHEARSAL.sign(SECRETS["retell"], public(to, door), json.dumps(message).encode())
    return posted(path(to, door), signed)


def rung(to: Connection, caller: str = CALLER, call_id: str = "") -> HttpResponse:
    """A ring, without an id of its call."""
    named = {"call_id": call_id} if call_id else {}
    ring = {"from_number": caller, "to_number": DIALLED} | named
    return sent(to, "route", {"event": "call_inbound", "call_inbound": ring})


def told(to: Connection, event: str, call_id: str, ours: str = "", **more: Any) -> HttpResponse:
    """A report, with our call's id as the answer brought it."""
    call = {"call_id": call_id, "direction": "inbound", "metadata": {"our_call": ours}} | more
    return sent(to, "events", {"event": event, "call": call})


def ended(to: Connection, call_id: str, ours: str = "", seconds: int = 42) -> HttpResponse:
    """The report of an end."""
    return told(to, "call_ended", call_id, ours, disconnection_reason="user_hangup", duration_ms=seconds * 1000)


def ours(answer: HttpResponse) -> str:
    """Our call's id in an answer; none in a refusal."""
    metadata: dict[str, str] = json.loads(answer.content)["call_inbound"].get("metadata", {})
    return metadata.get("our_call", "")


def go_live(cast: Cast) -> None:
    version = save(cast.agent, cast.ana, prompt="You answer at night.")
    publish(version, live=live(cast.agent), by=cast.pia)


class TestRinging:
    def test_a_retry_is_the_same_call_with_the_same_answer(self, cast: Cast, retell: Connection) -> None:
        first = rung(retell)
        go_live(cast)

        assert rung(retell).content == first.content
        assert Call.objects.get().provider_call_id == f"{UNNAMED}{ours(first)}"

    def test_two_callers_are_two_calls(self, retell: Connection) -> None:
        assert ours(rung(retell)) != ours(rung(retell, OTHER))

    def test_one_caller_who_dials_two_numbers_is_two_calls(self, retell: Connection) -> None:
        route_call(retell, IncomingCall("", CALLER, DIALLED))
        route_call(retell, IncomingCall("", CALLER, "+12025550999"))

        assert Call.objects.count() == 2

    @pytest.mark.parametrize("hidden", ["anonymous", "", "+266696687", "unknown"])
    def test_callers_who_hide_are_never_taken_for_one_another(self, retell: Connection, hidden: str) -> None:
        assert ours(rung(retell, hidden)) != ours(rung(retell, hidden))

    def test_one_number_in_two_spellings_is_one_caller(self, retell: Connection) -> None:
        assert ours(rung(retell, "+1 415-555-0100")) == ours(rung(retell, "sip:+14155550100@example.com"))

    def test_who_calls_again_later_is_another_call(self, cast: Cast, retell: Connection) -> None:
        first = rung(retell)
        Call.objects.update(started_at=timezone.now() - REPEATED - timedelta(seconds=1))
        go_live(cast)
        later = json.loads(rung(retell).content)["call_inbound"]["metadata"]

        assert (later["our_call"] != ours(first), later["version"]) == (True, 3)

    def test_another_connection_has_calls_of_its_own(self, cast: Cast, retell: Connection) -> None:
        other = Connection.objects.create(
            project=cast.project, provider="retell", name="Other", secrets=retell.secrets, fallback="No."
        )
        rung(retell)
        rung(other)

        assert Call.objects.count() == 2
        assert Call.objects.get(connection=other).missed == Missed.UNKNOWN_NUMBER

    def test_who_was_turned_away_calls_anew(self, cast: Cast, retell: Connection) -> None:
        change_connection(retell, enabled=False, by=cast.ana)
        assert ours(rung(retell)) == ""
        change_connection(retell, enabled=True, by=cast.ana)

        assert ours(rung(retell))
        assert sorted(Call.objects.values_list("missed", flat=True)) == ["", Missed.CONNECTION_DISABLED]

    def test_nobody_answers_for_a_suspended_project(self, cast: Cast, retell: Connection) -> None:
        suspend_project(cast.project, by=User.objects.create_superuser("root"))

        assert json.loads(rung(retell).content) == {"call_inbound": {}}
        assert Call.objects.get().missed == Missed.PROJECT_SUSPENDED

    def test_an_id_in_the_ring_is_the_call_s(self, retell: Connection) -> None:
        first, again, other = (rung(retell, call_id=call_id) for call_id in ("call_1", "call_1", "call_2"))

        assert first.content == again.content != other.content
        assert set(Call.objects.values_list("provider_call_id", flat=True)) == {"call_1", "call_2"}

    def test_a_ring_tried_again_with_one_id_of_ours_is_one_call_even_if_its_caller_hides(
        self, retell: Connection
    ) -> None:
        mine = uuid7()
        first, again = (route_call(retell, IncomingCall("", "anonymous", DIALLED), mine) for _ in range(2))

        assert first.pk == again.pk == mine


class TestNaming:
    def test_the_first_report_names_the_call_and_the_others_find_it(self, retell: Connection) -> None:
        call = ours(rung(retell))
        told(retell, "call_started", "call_1", call)
        started = Call.objects.get()
        ended(retell, "call_1")

        assert (str(started.pk), started.provider_call_id, started.status) == (call, "call_1", Status.IN_PROGRESS)
        assert (Call.objects.get().status, Call.objects.get().duration) == (Status.COMPLETED, 42)
        assert set(CallEvent.objects.values_list("call", flat=True)) == {started.pk}

    def test_its_page_says_that_it_has_no_name_yet(self, cast: Cast, retell: Connection, client: Client) -> None:
        call = ours(rung(retell))
        client.force_login(cast.ana)
        before = client.get(reverse("calls.show", args=[call])).text
        told(retell, "call_started", "call_1", call)
        after = client.get(reverse("calls.show", args=[call])).text

        assert ("None yet" in before, UNNAMED in before) == (True, False)
        assert ("None yet" in after, "<code>call_1</code>" in after) == (False, True)

    def test_an_end_alone_names_it_too(self, retell: Connection) -> None:
        ended(retell, "call_1", ours(rung(retell)))

        assert (Call.objects.get().provider_call_id, Call.objects.get().status) == ("call_1", Status.COMPLETED)

    def test_a_report_that_came_before_and_brought_no_id_of_ours_waits_for_the_one_that_does(
        self, retell: Connection
    ) -> None:
        ended(retell, "call_1", seconds=7)
        call = ours(rung(retell))
        assert Call.objects.get().status == Status.ROUTING
        told(retell, "call_started", "call_1", call)

        assert (Call.objects.get().status, Call.objects.get().duration) == (Status.COMPLETED, 7)
        assert CallEvent.objects.filter(call__pk=call).count() == 2

    def test_a_ring_after_the_naming_is_another_call(self, cast: Cast, retell: Connection) -> None:
        first = ours(rung(retell))
        told(retell, "call_started", "call_1", first)
        go_live(cast)
        second = json.loads(rung(retell).content)["call_inbound"]["metadata"]

        assert (second["our_call"] != first, second["version"]) == (True, 3)

    def test_two_calls_that_rang_alike_are_two_calls_on_one_version(self, cast: Cast, retell: Connection) -> None:
        """Two people behind one switchboard, whose rings nobody could tell apart."""
        call = ours(rung(retell))
        assert ours(rung(retell)) == call
        told(retell, "call_started", "call_1", call)
        go_live(cast)
        told(retell, "call_started", "call_2", call)
        ended(retell, "call_1", call, seconds=5)

        one, two = (Call.objects.get(provider_call_id=name) for name in ("call_1", "call_2"))
        assert (str(one.pk), one.status, one.duration) == (call, Status.COMPLETED, 5)
        assert (two.status, two.ended_at, two.duration) == (Status.IN_PROGRESS, None, None)
        assert (two.version, two.number, two.caller) == (one.version, one.number, one.caller)
        assert (one.events.count(), two.events.count()) == (2, 1)
        ended(retell, "call_2", call, seconds=9)
        two.refresh_from_db()
        assert (two.duration, Call.objects.count()) == (9, 2)

    def test_what_was_told_of_the_first_is_not_the_seconds(self, retell: Connection) -> None:
        call = ours(rung(retell))
        assert ours(rung(retell)) == call
        told(retell, "call_started", "call_1", call)
        said: dict[str, Any] = {"transferred": True, "voicemail": True, "success": True, "cost": Decimal("0.05")}
        record_call_event(retell, CallReport("call_1", "call_analyzed", Status.COMPLETED, duration=5, **said))
        told(retell, "call_started", "call_2", call)

        two = Call.objects.get(provider_call_id="call_2")
        assert (two.transferred, two.voicemail, two.success, two.cost) == (False, False, None, None)

    def test_a_name_that_another_call_has_stays_its(self, retell: Connection) -> None:
        rung(retell, OTHER, call_id="call_1")
        unnamed = ours(rung(retell))
        told(retell, "call_started", "call_1", unnamed)

        assert Call.objects.get(pk=unnamed).provider_call_id.startswith(UNNAMED)
        assert Call.objects.get(provider_call_id="call_1").status == Status.IN_PROGRESS

    def test_another_connections_report_names_nothing(self, cast: Cast, retell: Connection) -> None:
        call = ours(rung(retell))
        other = Connection.objects.create(
            project=cast.project, provider="retell", name="Other", secrets=retell.secrets, fallback="No."
        )
        told(other, "call_started", "call_1", call)

        assert Call.objects.get().provider_call_id.startswith(UNNAMED)

    @pytest.mark.parametrize("claimed", ["", "nobody", "0" * 32, "{" * 300])
    def test_a_report_that_brings_no_call_of_ours_waits(self, retell: Connection, claimed: str) -> None:
        rung(retell)
        told(retell, "call_started", "call_1", claimed)

        assert Call.objects.get().provider_call_id.startswith(UNNAMED)
        assert CallEvent.objects.get().call is None

    def test_a_missed_call_is_never_named(self, cast: Cast, retell: Connection) -> None:
        change_connection(retell, enabled=False, by=cast.ana)
        rung(retell)
        told(retell, "call_started", "call_1", str(Call.objects.get().pk))

        assert Call.objects.get().provider_call_id.startswith(UNNAMED)

    def test_another_leg_names_nothing(self, retell: Connection) -> None:
        call = ours(rung(retell))
        told(retell, "call_started", "call_9", call, direction="outbound")

        assert Call.objects.get().provider_call_id.startswith(UNNAMED)


def test_an_answer_that_came_too_late_to_be_heard_is_taken_back(retell: Connection) -> None:
    late = route_call(retell, IncomingCall("", CALLER, DIALLED))
    named = IncomingCall(routing.unnamed(late.pk), CALLER, DIALLED)
    record_outage(retell, named, late.pk, timezone.now())

    call = Call.objects.get()
    assert (call.pk, call.missed, call.version) == (late.pk, Missed.OUTAGE, None)


@pytest.mark.django_db(transaction=True)
def test_an_outage_is_recorded_afterwards_and_whoever_calls_again_is_answered(
    retell: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung(retell, OTHER)  # the process has seen the connection
    with monkeypatch.context() as away:
        away.setattr(routing, "_named", _away)
        assert ours(rung(retell)) == ""
    assert notes.write_down()

    assert Call.objects.get(caller=CALLER).missed == Missed.OUTAGE
    assert ours(rung(retell))


def _away(*_: object) -> None:
    raise OperationalError("The database is away.")


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.fixture
    def exchange(self) -> Exchange:
        """The lines, committed."""
        return connect()

    def test_retries_of_one_ring_are_one_call_with_one_answer(self, retell: Connection) -> None:
        rounds = at_once([lambda number: rung(retell, f"+1415555{number:04}")] * 6, 40)

        assert [len({response.content for response in responses}) for responses in rounds] == [1] * 40
        assert Call.objects.count() == 40

    def test_callers_at_once_are_calls_of_their_own(self, retell: Connection) -> None:
        def of(place: int) -> Callable[[int], HttpResponse]:
            return lambda number: rung(retell, f"+1415{place}55{number:04}")

        at_once([of(place) for place in range(6)], 20)

        assert Call.objects.filter(missed="").count() == 120

    def test_hidden_callers_at_once_are_calls_of_their_own(self, retell: Connection) -> None:
        at_once([lambda _: rung(retell, "anonymous")] * 6, 10)

        assert Call.objects.filter(missed="").count() == 60

    def test_reports_that_name_a_call_at_once_name_it_once(self, retell: Connection) -> None:
        calls = [ours(rung(retell, f"+1415555{number:04}")) for number in range(40)]
        tellings = [
            *[lambda number: told(retell, "call_started", f"call_{number}", calls[number])] * 2,
            *[lambda number: ended(retell, f"call_{number}", calls[number])] * 2,
        ]
        at_once(tellings, 40)

        assert Call.objects.filter(status=Status.COMPLETED, duration=42).count() == Call.objects.count() == 40
        assert CallEvent.objects.count() == 80
        assert not CallEvent.objects.filter(call=None).exists()

    def test_two_calls_that_rang_alike_are_told_apart_at_once(self, retell: Connection) -> None:
        calls = [ours(rung(retell, f"+1415555{number:04}")) for number in range(40)]

        def tell(name: str, telling: Callable[..., HttpResponse]) -> Callable[[int], HttpResponse]:
            return lambda number: telling(f"{name}_{number}", calls[number])

        started = partial(told, retell, "call_started")
        over = partial(ended, retell)
        at_once([tell(name, telling) for name in ("one", "two") for telling in (started, over)], 40)

        assert Call.objects.filter(status=Status.COMPLETED, duration=42).count() == Call.objects.count() == 80
        assert not CallEvent.objects.filter(call=None).exists()

    def test_a_ring_that_brings_the_name_which_a_report_brings_ends_as_one_of_each(self, retell: Connection) -> None:
        calls = [ours(rung(retell, f"+1415555{number:04}")) for number in range(40)]
        at_once(
            [
                lambda number: told(retell, "call_started", f"call_{number}", calls[number]),
                lambda number: rung(retell, OTHER, call_id=f"call_{number}"),
            ],
            40,
        )

        names = set(
            Call.objects.exclude(provider_call_id__startswith=UNNAMED).values_list("provider_call_id", flat=True)
        )
        assert names == {f"call_{number}" for number in range(40)}
        assert not CallEvent.objects.filter(call=None).exists()
