"""Calls are found among very many: every filter alone and with every other, to the last page, and nothing else."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from agentversions.history import spans
from agentversions.operations import create_agent, publish, unpublish
from telephony import finding
from telephony.finding import FACTS, STATUSES, Wanted, about, found
from telephony.incoming import CallReport, IncomingCall
from telephony.management.clock import clock
from telephony.models import Call, PhoneNumber, Status
from telephony.operations import add_connection, add_number, assign_number, review_call
from telephony.routing import record_call_event, route_call
from tests.cast import live
from tests.telephony.exchange import CALLER, GENERIC_NUMBER, GENERIC_SECOND, SIGNING_SECRET, Exchange

DAY = (timezone.now() - timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
UNKNOWN = "+12025550000"
CALLERS = [CALLER, "+14155550111", "anonymous", "sip:ada@example.com"]

type Test = Callable[[Call], bool]


def ended(call: Call) -> bool:
    """Whether a version handled it, and it is over."""
    return not call.missed and Status(call.status).ended


STANDING: dict[str, Test] = {
    "": lambda _: True,
    "in_progress": lambda call: not call.missed and not ended(call) and not call.no_end_reported,
    "over": lambda call: bool(call.missed) or ended(call) or call.no_end_reported,
    "no_end": lambda call: call.no_end_reported,
    "missed": lambda call: bool(call.missed),
    "missed:unknown_number": lambda call: call.missed == "unknown_number",
    "completed": lambda call: ended(call) and call.status == "completed",
    "failed": lambda call: ended(call) and call.status == "failed",
    "rejected": lambda call: ended(call) and call.status == "rejected",
}
BESIDE: dict[str, Test] = {
    "": lambda _: True,
    "transferred": lambda call: call.transferred,
    "voicemail": lambda call: call.voicemail,
    "success": lambda call: call.success is True,
    "failure": lambda call: call.success is False,
    "cost": lambda call: call.cost is not None,
    "reviewed": lambda call: hasattr(call, "review"),
}


def beside(fact: str, status: str) -> Test:
    """What sums count is told of calls that ended, unless others are asked for."""
    others = fact in ("", "reviewed") or status in ("in_progress", "no_end")
    return lambda call: BESIDE[fact](call) and (others or ended(call))


@pytest.fixture
def many(exchange: Exchange) -> list[Call]:
    """Calls of two days and of now, on two agents and three versions, newest first."""
    dice, cast = random.Random(7), exchange.cast
    night = create_agent(cast.project, "Night desk", by=cast.ana)
    assign_number(PhoneNumber.objects.get(number=GENERIC_SECOND), night, by=cast.ana, move=True)
    moments = [DAY + timedelta(minutes=dice.choice((0, 7, 61, 140, 1_500))) for _ in range(36)]
    for number, moment in enumerate([*sorted(moments), *[timezone.now()] * 8]):
        if number == 20:
            exchange.go_live("Later", greeting="Hello again.")
        with clock(moment):
            one(exchange, dice, f"call-{number}")
    for call in (*Call.objects.filter(status="completed")[:3], *Call.objects.in_progress()[:2]):
        review_call(call, good=dice.random() < 0.5, note="", by=cast.ana)
    return list(Call.objects.select_related("review", "number").order_by("-started_at", "-pk"))


def one(exchange: Exchange, dice: random.Random, name: str) -> None:
    """A call rings, and perhaps something is told of it."""
    dialled = dice.choice([GENERIC_NUMBER, GENERIC_NUMBER, GENERIC_SECOND, UNKNOWN])
    route_call(exchange.generic, IncomingCall(name, dice.choice(CALLERS), dialled))
    status = dice.choice([Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.REJECTED, Status.RINGING])
    said: dict[str, Any] = {"transferred": dice.random() < 0.3, "voicemail": dice.random() < 0.3}
    said |= {"success": dice.choice([True, False, None]), "cost": dice.choice([None, Decimal("0.05")])}
    record_call_event(exchange.generic, CallReport(name, "told", status, duration=9, **said))


def pages(exchange: Exchange, wanted: Wanted, most: int = 4) -> Iterator[Call]:
    """All that is found, page by page."""
    before = None
    while True:
        page = found(exchange.cast.project, wanted, most=most, before=before)
        assert len(page.calls) <= most
        yield from page.calls
        if page.more is None:
            return
        assert page.more != before
        before = page.more


class TestEveryFilter:
    @pytest.fixture(autouse=True, params=["all at a time", "little by little"])
    def little(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        """Found the same, however little is looked through at a time."""
        if request.param == "little by little":
            monkeypatch.setattr(finding, "LOOKED", 5)
            monkeypatch.setattr(finding, "LOOKED_MISSED", 2)
            monkeypatch.setattr(finding, "HOURS", 1)
            monkeypatch.setattr(finding, "BACK", (timedelta(hours=1), timedelta(hours=9)))
            monkeypatch.setattr(finding, "OWN_BACK", (timedelta(hours=5),))
            monkeypatch.setattr(finding, "PAIRS", 3)

    def test_alone_and_with_another(self, exchange: Exchange, many: list[Call]) -> None:
        agents = list(exchange.cast.project.agents.order_by("name"))
        then, ever = (DAY + timedelta(minutes=7), DAY + timedelta(minutes=140)), (None, None)
        pairs = [
            *((status, fact, None, ever) for status, fact in product(STANDING, BESIDE)),
            *((status, "", agent, ever) for status, agent in product(STANDING, agents)),
            *((status, "", None, then) for status in STANDING),
            *(("", fact, agent, then) for fact, agent in product(BESIDE, agents)),
        ]

        for status, fact, agent, (since, until) in pairs:
            wanted = Wanted(agent=agent, status=status, fact=fact, since=since, until=until)
            expected = [
                call
                for call in many
                if STANDING[status](call)
                and beside(fact, status)(call)
                and agent in (None, call.agent)
                and (since is None or since <= call.started_at)
                and (until is None or call.started_at < until)
            ]
            assert list(pages(exchange, wanted)) == expected, wanted

    def test_of_a_version_or_a_number(self, exchange: Exchange, many: list[Call]) -> None:
        number = PhoneNumber.objects.get(number=GENERIC_NUMBER)
        for version, status in product(exchange.cast.agent.versions.all(), STANDING):
            wanted = Wanted(agent=exchange.agent, version=version, status=status)
            expected = [call for call in many if call.version == version and STANDING[status](call)]
            assert list(pages(exchange, wanted)) == expected
        for status, stands in STANDING.items():
            expected = [call for call in many if call.number == number and stands(call)]
            assert list(pages(exchange, Wanted(number=number, status=status))) == expected

    def test_missed_while_a_version_was_live(self, exchange: Exchange, many: list[Call]) -> None:
        assert many
        agent, pia = exchange.agent, exchange.cast.pia
        first, second = agent.versions.order_by("number").filter(number__in=(2, 3))
        for version in (first, second, first):
            unpublish(agent, live=live(agent), by=pia)
            publish(version, live=None, by=pia)
        unpublish(agent, live=live(agent), by=pia)
        lasting = spans(agent)
        edges = [edge for span in lasting for edge in (span.since, span.until) if edge]
        moments = [edge + timedelta(microseconds=apart) for edge in edges for apart in (-1, 0, 1)]
        for number, moment in enumerate(moments):
            call = route_call(exchange.generic, IncomingCall(f"unanswered-{number}", CALLER, GENERIC_NUMBER))
            Call.objects.filter(pk=call.pk).update(started_at=moment)
        missed = list(Call.objects.filter(agent=agent).exclude(missed="").order_by("-started_at", "-pk"))
        dialled = PhoneNumber.objects.get(number=GENERIC_NUMBER)

        for version in agent.versions.all():
            during = [span for span in lasting if span.number == version.number]
            expected = [
                call
                for call in missed
                if any(span.since <= call.started_at < (span.until or call.started_at) for span in during)
            ]
            assert bool(expected) == bool(during)
            for more in ({"status": "missed"}, {"status": "missed:nothing_published"}, {"number": dialled}):
                wanted = Wanted(agent=agent, version=version, **{"status": "missed"} | more)
                assert list(pages(exchange, wanted)) == expected
            assert list(pages(exchange, Wanted(agent=agent, version=version, status="missed:outage"))) == []

    def test_something_is_found_by_each(self, exchange: Exchange, many: list[Call]) -> None:
        assert all(any(map(test, many)) for test in (*STANDING.values(), *BESIDE.values()))
        assert set(STANDING) - {""} <= set(STATUSES)
        assert set(BESIDE) - {""} == set(FACTS)
        assert found(exchange.cast.project, Wanted(), most=100).calls == many


class TestWhatIsTyped:
    @pytest.mark.parametrize("text", [CALLER, "+1 (415) 555-0100", "1 415 555 0100", "tel:+14155550100"])
    def test_a_callers_number_however_it_is_spelled(self, exchange: Exchange, many: list[Call], text: str) -> None:
        assert list(pages(exchange, Wanted(text=text))) == [call for call in many if call.caller == CALLER]

    @pytest.mark.parametrize("text", ["anonymous", "sip:ada@example.com"])
    def test_a_caller_without_a_number(self, exchange: Exchange, many: list[Call], text: str) -> None:
        assert list(pages(exchange, Wanted(text=text))) == [call for call in many if call.caller == text]

    def test_a_number_of_the_project(self, exchange: Exchange, many: list[Call]) -> None:
        expected = [call for call in many if call.dialled == GENERIC_NUMBER]

        assert list(pages(exchange, Wanted(text=" +1 202-555-0133 "))) == expected

    def test_an_id_of_ours_or_the_providers(self, exchange: Exchange, many: list[Call]) -> None:
        call = many[5]

        for text in (str(call.pk), call.pk.hex, f" {str(call.pk).upper()} ", call.provider_call_id):
            assert list(pages(exchange, Wanted(text=text))) == [call]
        assert list(pages(exchange, Wanted(text=call.provider_call_id, status="missed"))) == [call] * bool(call.missed)

    @pytest.mark.parametrize("text", ["nobody", "call", "%", "' OR 1=1 --", "+1", "٣", "\x00"[:0] or "\\"])
    def test_nothing_else(self, exchange: Exchange, many: list[Call], text: str) -> None:
        assert many
        assert list(pages(exchange, Wanted(text=text))) == []

    def test_nothing_of_another_project(self, exchange: Exchange, many: list[Call]) -> None:
        cast = exchange.cast
        line = add_connection(
            cast.elsewhere, provider="generic", name="Theirs", secrets={"signing_secret": SIGNING_SECRET}, by=cast.olga
        )
        add_number(line, "+12025550177", by=cast.olga)
        theirs = route_call(line, IncomingCall("call-1", CALLER, "+12025550177"))

        assert theirs not in pages(exchange, Wanted())
        for text in (str(theirs.pk), CALLER, "call-1", "+12025550177"):
            assert theirs not in list(pages(exchange, Wanted(text=text)))
        with pytest.raises(Call.DoesNotExist):
            found(cast.project, Wanted(), most=5, before=theirs.pk)
        assert [*found(cast.elsewhere, Wanted(text="call-1"), most=5).calls] == [theirs]
        assert many


class TestAbout:
    def test_is_exact_where_it_is_told_of_little(self, exchange: Exchange, many: list[Call]) -> None:
        project, agent = exchange.cast.project, exchange.agent
        number = PhoneNumber.objects.get(number=GENERIC_NUMBER)
        for status, fact, of in product(STANDING, BESIDE, (None, agent)):
            wanted = Wanted(agent=of, status=status, fact=fact)
            expected = sum(
                STANDING[status](call) and beside(fact, status)(call) and of in (None, call.agent) for call in many
            )
            assert about(project, wanted) in (None, expected), wanted
        for known in (
            *(Wanted(), Wanted(agent), Wanted(agent, exchange.version), Wanted(number=number), Wanted(text=CALLER)),
            *(Wanted(since=DAY + timedelta(minutes=5)), Wanted(agent, until=DAY + timedelta(minutes=90))),
            *(Wanted(status="missed"), Wanted(agent, status="missed"), Wanted(status="in_progress")),
            *(Wanted(agent, exchange.version, status="completed"), Wanted(fact="cost"), Wanted(agent, fact="failure")),
        ):
            assert about(project, known) == len(list(pages(exchange, known))), known

    def test_of_much_is_what_the_sums_have_of_it(
        self, exchange: Exchange, many: list[Call], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "COUNTED", 0)
        project, until = exchange.cast.project, DAY + timedelta(hours=3)
        over = [call for call in many if ended(call)]

        assert about(project, Wanted()) == len(over)
        assert about(project, Wanted(until=until)) == sum(call.started_at < until for call in over)
        assert about(project, Wanted(since=until)) == sum(call.started_at >= until for call in over)
        assert about(project, Wanted(status="missed")) is None
        assert about(project, Wanted(text=CALLER)) is None

    def test_reads_no_more_sums_than_it_says(
        self, exchange: Exchange, many: list[Call], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "COUNTED", 0)
        monkeypatch.setattr(finding, "SUMMED", 2)
        assert many
        assert about(exchange.cast.project, Wanted()) is None
