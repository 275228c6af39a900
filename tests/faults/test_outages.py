"""The database is away, hangs, is locked or has no connection left, and people's phones ring all the same."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection as database
from django.db.transaction import atomic
from django.urls import reverse

from agentversions.sealing import unseal
from telephony.models import Call, Connection, Missed, Status
from telephony.operations import FALLBACK, change_connection
from telephony.rehearsals import Heard, Sent, rehearsal
from tests.support import wire
from tests.support.server import Server, database_url, serving
from tests.support.wire import Wire
from tests.telephony.exchange import CALLER, GENERIC_NUMBER, TWILIO_NUMBER, Exchange, connect

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SORRY = "We're having trouble. Please call again."
SOON = 20
"""Seconds that a test waits for what should take one."""
AT_ONCE = 8
"""Seconds that an answer may take on a busy machine: it is meant to take two, and the troubles here last for longer."""

postgresql_only = pytest.mark.skipif(
    database.vendor != "postgresql", reason="the embedded database has no server that could go away"
)


@pytest.fixture
def exchange() -> Exchange:
    """The lines, committed, with a message of their own."""
    made = connect()
    for line in (made.generic, made.twilio):
        change_connection(line, fallback=SORRY, by=made.cast.ana)
    return made


class Phone:
    """Rings a server as providers do. What it signs with is read while the database is there."""

    def __init__(self, server: Server, *lines: Connection) -> None:
        self.server = server
        self.secrets = {line.pk: unseal(Connection.objects.get(pk=line.pk).secrets) for line in lines}

    def ring(self, line: Connection, call_id: str, number: str = GENERIC_NUMBER) -> Heard:
        """What a ring brings; it must be answered properly, and soon."""
        side, url = rehearsal(line.provider), self._url(line, "route")
        told = {"call_id": side.call_id(call_id), "caller": CALLER, "dialled": number}
        began = time.monotonic()
        heard = side.hear(post(url, side.ring(self.secrets[line.pk], url, **told)).read())
        assert time.monotonic() - began < AT_ONCE
        return heard

    def hang_up(self, line: Connection, call_id: str, number: str = GENERIC_NUMBER) -> int:
        """The status of what the report of a call's end brings."""
        side, url = rehearsal(line.provider), self._url(line, "events")
        told = {"call_id": side.call_id(call_id), "caller": CALLER, "dialled": number}
        return post(url, side.hang_up(self.secrets[line.pk], url, seconds=42, **told)).status

    def fetch(self, heard: Heard) -> int:
        """The status of what a worker gets that asks for its call's configuration."""
        url = self.server.url + reverse("telephony.configuration", args=[heard.call])
        return get(url, {"Authorization": f"Bearer {heard.token}"})

    def _url(self, line: Connection, door: str) -> str:
        return self.server.url + reverse(f"telephony.{door}", args=[line.provider, line.pk])


def post(url: str, sent: Sent) -> HTTPResponse:
    """Post what a provider signed."""
    return cast("HTTPResponse", urlopen(Request(url, sent.body, sent.headers), timeout=60))  # noqa: S310 (ours)


def get(url: str, headers: dict[str, str]) -> int:
    """The status of an answer."""
    try:
        with urlopen(Request(url, headers=headers), timeout=60) as response:  # noqa: S310 (ours)
            return int(response.status)
    except HTTPError as error:
        return error.code


def soon(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def recorded(call_id: str) -> Call | None:
    """The call with this id, if there is one."""
    return Call.objects.filter(provider_call_id=call_id).first()


def is_missed(call_id: str) -> bool:
    """Whether it is recorded as having got the connection's message."""
    call = recorded(call_id)
    return call is not None and call.missed == Missed.OUTAGE and call.version is None


@contextmanager
def locked() -> Iterator[None]:
    """Nobody else can record a call."""
    with atomic():
        with database.cursor() as cursor:
            if database.vendor == "postgresql":
                cursor.execute("LOCK TABLE telephony_call IN ACCESS EXCLUSIVE MODE")
        Call.objects.filter(pk=uuid4()).update(ended_reason="")  # SQLite: the one writer is us
        yield


@pytest.fixture
def alone() -> Iterator[Server]:
    """A server of one process on the tests' database."""
    with serving(database_url(database.settings_dict), workers=1) as server:
        yield server


def test_a_locked_database_keeps_no_caller_waiting(exchange: Exchange, alone: Server) -> None:
    phone, line = Phone(alone, exchange.generic), exchange.generic
    before = phone.ring(line, "before")
    assert before.version == 2

    with locked():
        refused = [phone.ring(line, f"during-{n}") for n in range(6)]
        assert phone.hang_up(line, "before") == 204

    assert {heard.refusal for heard in refused} == {f"outage: {SORRY}"}
    soon(lambda: all(is_missed(f"during-{n}") for n in range(6)))
    soon(lambda: Call.objects.get(provider_call_id="before").status == Status.COMPLETED)
    assert Call.objects.count() == 7
    missed = Call.objects.get(provider_call_id="during-0")
    assert (missed.agent, missed.caller, missed.status) == (exchange.agent, CALLER, Status.REJECTED)
    soon(lambda: phone.ring(line, f"after-{uuid4()}").version == 2)


@pytest.mark.parametrize("line", ["generic", "twilio"])
def test_a_process_that_knows_the_connection_says_its_sentence_and_another_a_plain_one(
    exchange: Exchange, alone: Server, line: str
) -> None:
    known = getattr(exchange, line)
    number = {"generic": GENERIC_NUMBER, "twilio": TWILIO_NUMBER}[line]
    stranger = exchange.twilio if line == "generic" else exchange.generic
    phone = Phone(alone, known, stranger)
    phone.ring(known, "before", number)

    with locked():
        heard = phone.ring(known, "during", number)

    assert SORRY in heard.refusal
    assert not heard.version


def test_callers_are_put_through_where_the_fallback_is_a_number(exchange: Exchange, alone: Server) -> None:
    change_connection(exchange.twilio, fallback="+44 113 496 0101", by=exchange.cast.ana)
    phone = Phone(alone, exchange.twilio)
    phone.ring(exchange.twilio, "before", TWILIO_NUMBER)

    with locked():
        side, url = rehearsal("twilio"), phone.server.url + reverse(
            "telephony.route", args=["twilio", exchange.twilio.pk]
        )  # fmt: skip
        told = {"call_id": side.call_id("during"), "caller": CALLER, "dialled": TWILIO_NUMBER}
        answer = post(url, side.ring(phone.secrets[exchange.twilio.pk], url, **told)).read()

    assert b"<Dial><Number>+441134960101</Number></Dial>" in answer


@postgresql_only
class TestPostgreSQL:
    @pytest.fixture
    def laid(self) -> Iterator[tuple[Server, Wire]]:
        """A server of one process, and its wire to the database."""
        with wire.laid(database_url(database.settings_dict)) as (line, url), serving(url, workers=1) as server:
            yield server, line
            line.mend()

    @pytest.mark.parametrize("trouble", ["cut", "freeze"])
    def test_is_away_and_comes_back(self, exchange: Exchange, laid: tuple[Server, Wire], trouble: str) -> None:
        server, line = laid
        phone = Phone(server, exchange.generic, exchange.twilio)
        before = phone.ring(exchange.generic, "before")
        assert before.version == 2

        getattr(line, trouble)()
        refused = [phone.ring(exchange.generic, f"during-{n}") for n in range(10)]
        plain = phone.ring(exchange.twilio, "during", TWILIO_NUMBER)  # which this process hasn't seen
        assert phone.hang_up(exchange.generic, "before") == 204
        assert phone.fetch(before) == 503
        line.mend()

        assert {heard.refusal for heard in refused} == {f"outage: {SORRY}"}
        assert plain.refusal == FALLBACK
        soon(lambda: all(is_missed(f"during-{n}") for n in range(10)))
        soon(lambda: Call.objects.get(provider_call_id="before").status == Status.COMPLETED)
        assert Call.objects.count() == 11
        soon(lambda: phone.ring(exchange.generic, f"after-{uuid4()}").version == 2)

    def test_is_restarted_and_no_caller_hears_of_it(self, exchange: Exchange, laid: tuple[Server, Wire]) -> None:
        server, line = laid
        phone = Phone(server, exchange.generic)
        phone.ring(exchange.generic, "before")

        line.cut()
        line.mend()

        assert [phone.ring(exchange.generic, f"after-{n}").version for n in range(3)] == [2, 2, 2]

    def test_what_comes_through_too_late_names_no_version(self, exchange: Exchange, alone: Server) -> None:
        phone = Phone(alone, exchange.generic)
        phone.ring(exchange.generic, "before")
        with slow(5):
            heard = phone.ring(exchange.generic, "during")
            assert heard.refusal == f"outage: {SORRY}"
            soon(lambda: recorded("during") is not None)

            soon(lambda: is_missed("during"))

    def test_a_ring_sent_again_after_an_outage_is_answered_and_recorded_as_answered(
        self, exchange: Exchange, laid: tuple[Server, Wire]
    ) -> None:
        server, line = laid
        phone = Phone(server, exchange.generic)
        phone.ring(exchange.generic, "before")
        line.cut()
        assert phone.ring(exchange.generic, "during").refusal
        line.mend()

        heard = phone.ring(exchange.generic, "during")
        time.sleep(2)

        call = Call.objects.get(provider_call_id="during")
        assert (heard.version is None) == (call.version is None)

    def test_an_empty_pool_keeps_no_caller_waiting(self, exchange: Exchange) -> None:
        url = database_url(database.settings_dict)
        with serving(url, {"WEB_THREADS": "1"}, workers=1) as server:
            phone = Phone(server, exchange.generic)
            assert phone.ring(exchange.generic, "before").version == 2

            with atomic(), database.cursor() as cursor:
                cursor.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
                threading.Thread(target=open_page, args=[server], daemon=True).start()
                soon(a_page_waits)
                assert phone.ring(exchange.generic, "during").refusal == f"outage: {SORRY}"

            soon(lambda: is_missed("during"))


def open_page(server: Server) -> None:
    """Ask for a page as somebody who is signed in, and wait for it."""
    get(server.url + "/", {"Cookie": f"{settings.SESSION_COOKIE_NAME}={'0' * 32}"})


def a_page_waits() -> bool:
    """Whether a connection is held by somebody who waits for a lock."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@contextmanager
def slow(seconds: int) -> Iterator[None]:
    """Recording a call takes this long."""
    name = "tests_slow"
    with database.cursor() as cursor:
        cursor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$"
        )
        cursor.execute(f"CREATE TRIGGER {name} BEFORE INSERT ON telephony_call FOR EACH ROW EXECUTE FUNCTION {name}()")
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute(f"DROP FUNCTION {name} CASCADE")
