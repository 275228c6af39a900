"""The phone and the pages as two process groups, run as they are deployed."""

import importlib
import json
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest
from django.db import connection
from django.db.transaction import atomic
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from telephony.alone import settings as phone
from tests.faults.test_outages import Phone, open_page
from tests.support.server import PHONE, ROOT, Server, database_url, serving
from tests.telephony.exchange import Exchange, connect, heard, pull, ring, worker

THREADS = 4
"""Of a server in tests."""


def status(server: Server, path: str, patience: float = 30) -> int:
    """What an address answers."""
    with closing(HTTPConnection(server.url.removeprefix("http://"), timeout=patience)) as request:
        request.request("GET", path)
        return request.getresponse().status


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
class TestThePhoneAlone:
    @pytest.fixture
    def exchange(self) -> Exchange:
        return connect()

    def test_answers_phones_and_probes_and_has_no_page(self, exchange: Exchange) -> None:
        with serving(database_url(connection.settings_dict), workers=1, group=PHONE) as server:
            mine = Phone(server, exchange.generic, exchange.twilio)
            first = mine.ring(exchange.generic, "one")
            assert first.version == 2
            assert mine.fetch(first) == 200
            assert mine.hang_up(exchange.generic, "one") == 204
            assert status(server, "/health/ready/") == 200
            for page in ("/", "/sign-in/", "/admin/login/", "/static/css/app.css", "/telephony/", "/nowhere"):
                assert status(server, page) == 404
            told = [json.loads(line) for line in server.log.read_text().splitlines()]
        assert {line["logger"] for line in told} >= {"gunicorn.error", "agentversions.access"}
        assert [line for line in told if line.get("route") == "telephony.route"]

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="the embedded database locks no single table")
    def test_keeps_its_threads_while_every_page_waits(self, exchange: Exchange) -> None:
        url = database_url(connection.settings_dict)
        with (
            serving(url, workers=1) as pages,
            serving(url, workers=1, group=PHONE) as server,
            atomic(),
            connection.cursor() as cursor,
        ):
            mine = Phone(server, exchange.generic)
            cursor.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
            for _ in range(THREADS):
                threading.Thread(target=open_page, args=[pages], daemon=True).start()
            _wait_for_waiting(THREADS)

            with pytest.raises(TimeoutError):  # not even a probe finds a free hand there
                status(pages, "/health/live/", patience=3)
            assert [mine.ring(exchange.generic, f"during-{n}").version for n in range(3)] == [2, 2, 2]


def _wait_for_waiting(pages: int) -> None:
    until = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < until:
            # Unlike pg_stat_activity, it is asked anew within a transaction.
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'django_session'::regclass")
            if cursor.fetchone()[0] >= pages:
                return
            time.sleep(0.1)
    pytest.fail("no page waits")


@pytest.mark.django_db
def test_the_phone_alone_answers_the_same_bytes(settings: Settings) -> None:
    exchange = connect()
    before = [ring(line, "call-1") for line in (exchange.generic, exchange.twilio)]

    settings.ROOT_URLCONF, settings.MIDDLEWARE = phone.ROOT_URLCONF, phone.MIDDLEWARE
    again = [ring(line, "call-1") for line in (exchange.generic, exchange.twilio)]

    assert [one.content for one in again] == [one.content for one in before]
    assert [one["Content-Length"] for one in again] == [one["Content-Length"] for one in before]
    assert heard(again[0])
    address, token = worker(again[0])
    assert pull(address, token)
    fetched = Client().get(address, headers={"Authorization": f"Bearer {token}"})
    assert fetched["Cache-Control"] == "no-store"
    assert not fetched.cookies


def test_gunicorns_own_process_holds_on_to_nothing_of_a_release() -> None:
    told = (
        "import runpy, sys; runpy.run_path('deploy/gunicorn.py');"
        " print([name for name in sys.modules if name.startswith(('agentversions', 'telephony', 'django'))])"
    )
    command = [sys.executable, "-c", told]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 (ours)
    assert done.stdout == "[]\n"


def test_the_phone_alone_is_the_installation_but_for_its_doors() -> None:
    whole = importlib.import_module("agentversions.settings")
    differs = {name for name in dir(whole) if name.isupper() and getattr(whole, name) != getattr(phone, name, object())}
    assert differs == {"ROOT_URLCONF", "MIDDLEWARE"}
    assert not [name for name in phone.MIDDLEWARE if "session" in name.lower() or name.startswith("dashboard")]
    assert reverse("telephony.report", args=["0192f0c1-0000-7000-8000-000000000000", "t"], urlconf=phone.ROOT_URLCONF)
