"""The probes: whether the process lives, and what it lacks."""

import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as product
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import Settings

from agentversions import health
from agentversions.models import Project, Secret
from agentversions.operations import secrets
from telephony.models import Connection
from tests.support import wire
from tests.support.server import Server, database_url, serving
from tests.support.wire import Wire
from tests.telephony.exchange import connect


def probe(server: Server, which: str = "ready", host: str = "10.0.0.7:8000") -> tuple[int, str]:
    """The status and the words that a probe beside the server gets."""
    request = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    request.request("GET", f"/health/{which}/", headers={"Host": host})
    answer = request.getresponse()
    told = answer.read().decode().strip()
    request.close()
    return answer.status, told


class TestWhatIsLacking:
    @pytest.mark.django_db
    def test_nothing_in_an_empty_database(self) -> None:
        assert not Project.objects.exists()
        assert health.lacking() == ""

    @pytest.mark.django_db
    def test_migrations_that_were_not_applied(self) -> None:
        MigrationRecorder(connection).record_unapplied("telephony", "0001_initial")
        assert health.lacking() == "migrations"

    @pytest.mark.django_db
    def test_nothing_where_the_database_is_ahead_of_the_release(self) -> None:
        MigrationRecorder(connection).record_applied("telephony", "9999_of_tomorrow")
        assert health.lacking() == ""

    @pytest.mark.django_db
    @pytest.mark.parametrize("kind", ["connections", "secrets"])
    def test_the_keys_that_sealed_what_lies_there(self, settings: Settings, kind: str) -> None:
        exchange = connect()
        if kind == "secrets":
            secrets.set_secret(exchange.cast.project, "API_KEY", "sesame", by=exchange.cast.ana)
            Connection.objects.update(secrets="")
        assert health.lacking() == ""

        mine = settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        assert health.lacking() == "keys"

        settings.ENCRYPTION_KEYS += mine
        assert health.lacking() == ""

    @pytest.mark.django_db
    def test_one_lost_secret_is_no_reason_to_answer_nobody(self) -> None:
        exchange = connect()
        Connection.objects.filter(pk=exchange.twilio.pk).update(secrets="of a key that is gone")
        assert health.lacking() == ""
        Connection.objects.update(secrets="of a key that is gone")
        assert health.lacking() == "keys"
        assert not Secret.objects.exists()


class TestProbes:
    @pytest.mark.django_db(transaction=True)
    def test_need_no_account_no_https_and_no_name(self, settings: Settings) -> None:
        settings.SECURE_SSL_REDIRECT = True
        settings.ALLOWED_HOSTS = ["agents.example.com"]
        for which in ("live", "ready"):
            answer = Client().get(f"/health/{which}/", headers={"Host": "10.0.0.7:8000"})
            assert (answer.status_code, answer.content) == (200, b"ok\n")
            assert answer["Cache-Control"] == "no-store"
            assert not answer.cookies

    @pytest.mark.django_db(transaction=True)
    def test_say_the_name_of_what_is_lacking_and_nothing_else(self, settings: Settings) -> None:
        connect()
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        answer = Client().get("/health/ready/")
        assert (answer.status_code, answer.content) == (503, b"keys\n")
        assert Client().get("/health/live/").status_code == 200

    def test_of_life_ask_no_database(self) -> None:
        assert Client().get("/health/live/").status_code == 200  # this test has no leave to ask one

    def test_are_no_pages(self) -> None:
        assert set(health.PROBES) == {"/health/live/", "/health/ready/"}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    "sqlite" in product.DATABASES["default"]["ENGINE"], reason="the embedded database has no server that could go away"
)
class TestADatabaseThatIsAway:
    @pytest.fixture
    def laid(self) -> Iterator[tuple[Server, Wire]]:
        with wire.laid(database_url(connection.settings_dict)) as (line, url), serving(url, workers=1) as server:
            yield server, line
            line.mend()

    @pytest.mark.parametrize("trouble", ["cut", "freeze"])
    def test_is_told_in_time_and_is_forgotten_when_it_is_back(self, laid: tuple[Server, Wire], trouble: str) -> None:
        server, line = laid
        assert probe(server) == (200, "ok")

        getattr(line, trouble)()
        told: list[tuple[int, str]] = []
        asking = [threading.Thread(target=lambda: told.append(probe(server))) for _ in range(6)]
        began = time.monotonic()
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        assert time.monotonic() - began < 20  # a database that hangs does so for longer than anyone would wait
        assert told == [(503, "database")] * 6
        assert probe(server, "live") == (200, "ok")
        line.mend()

        until = time.monotonic() + 20
        while probe(server) != (200, "ok"):
            assert time.monotonic() < until
            time.sleep(0.1)
