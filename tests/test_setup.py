"""What the tests stand on does what they rely on."""

import os
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection
from django.test import Client, TransactionTestCase
from playwright.sync_api import Page, expect

from agentversions import guards
from agentversions.environment import database, switch
from agentversions.models import Version
from agentversions.operations import create_agent, create_project
from tests.support import postgres
from tests.support.server import Server, ServerError, database_url, serving


def agent_of(name: str) -> None:
    """An agent with its v1, and someone who made it."""
    user = User.objects.create_user(name, password="known")
    create_agent(create_project("Front desk", by=user), "Reception", by=user)


class TestGuards:
    @pytest.mark.django_db
    def test_stand_in_a_test_that_is_rolled_back(self) -> None:
        assert guards.missing(connection) == []

    @pytest.mark.django_db(transaction=True)
    def test_stand_in_a_test_that_commits(self) -> None:
        assert guards.missing(connection) == []

    @pytest.mark.django_db(transaction=True)
    def test_stand_again_after_a_flush(self) -> None:
        agent_of("ana")

        TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]

        assert not Version.objects.exists()
        assert guards.missing(connection) == []
        agent_of("ana")
        with pytest.raises(IntegrityError, match="never changed or deleted"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM agentversions_version")


class TestServer:
    @pytest.mark.django_db(transaction=True)
    def test_reads_what_a_test_committed_and_knows_its_sessions(self, server: Server, client: Client) -> None:
        client.force_login(User.objects.create_superuser("admin"))

        assert get(server, "/admin/", client.cookies["sessionid"].value) == 200
        assert get(server, "/admin/", "a session that never was") == 302

    @pytest.mark.django_db(transaction=True)
    def test_that_cannot_start_says_why(self) -> None:
        url = database_url(connection.settings_dict)

        with pytest.raises(ServerError, match="Set SECRET_KEY"), serving(url, {"SECRET_KEY": ""}):
            pass

    @pytest.mark.browser
    @pytest.mark.django_db(transaction=True)
    def test_is_where_pages_start_and_signs_in_whom_a_test_made(self, page: Page) -> None:
        User.objects.create_superuser("admin", password="known")

        page.goto("/admin/")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password").fill("known")
        page.get_by_role("button", name="Log in").click()

        expect(page.get_by_role("link", name="Users")).to_be_visible()


@pytest.mark.parametrize(
    ("said", "on"),
    [("1", True), ("True", True), ("on", True), *[(no, False) for no in ("", "0", "False", "no", "OFF")]],
)
def test_a_switch_is_on_only_by_a_word_for_on(monkeypatch: pytest.MonkeyPatch, said: str, on: bool) -> None:  # noqa: FBT001
    monkeypatch.setenv("DEBUG", said)
    assert switch("DEBUG") is on


def test_a_switch_that_is_neither_on_nor_off_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBUG", "disabled")
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be 1 or 0"):
        switch("DEBUG")


@pytest.mark.parametrize(
    "settings",
    [
        {"ENGINE": "django.db.backends.sqlite3", "NAME": Path("/var/a b%/test.sqlite3_gw0")},
        {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "test agents",
            "USER": "ana@desk",
            "PASSWORD": "p:/?&%",
            "HOST": "/run/a b&",
            "PORT": "5433",
        },
    ],
)
def test_a_database_url_leads_back_to_its_settings(settings: dict[str, Any], tmp_path: Path) -> None:
    read = database(database_url(settings), embedded=tmp_path, threads=1)

    assert {name: read[name] for name in settings} == settings


class TestPostgres:
    def test_keeps_what_was_durable_through_a_crash_and_leaves_nothing(self) -> None:
        with postgres.running(durable=True) as server:
            with psycopg.connect(server.url) as session:
                session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
            server.crash()
            server.start()
            with psycopg.connect(server.url) as session:
                assert session.execute("SELECT answer FROM kept").fetchone() == (42,)

        assert not server.data.parent.exists()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url)

    @pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
    def test_stops_after_its_command_when_it_is_asked_to_stop(self, asked: signal.Signals) -> None:
        told = "import os, time; print(os.environ['DATABASE_URL'], flush=True); time.sleep(60)"
        # In the background a shell lets Ctrl-C be ignored, and whoever is started inherits that.
        hears = "import os, signal as s, sys; s.signal(s.SIGINT, s.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-m", "tests.support.postgres", "--", sys.executable, "-c", told]
        command = [sys.executable, "-c", hears, *command]
        with subprocess.Popen(  # noqa: S603
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        ) as launcher:
            assert launcher.stdout
            url = launcher.stdout.readline().strip()
            psycopg.connect(url).close()

            # Ctrl-C reaches everything in the terminal, another signal only the process it was sent to.
            os.killpg(launcher.pid, asked) if asked == signal.SIGINT else launcher.terminate()

            assert launcher.wait(timeout=20) == 128 + asked
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)


def get(server: Server, path: str, session: str) -> int:
    """The status that the server answers with."""
    request = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    request.request("GET", path, headers={"Cookie": f"sessionid={session}"})
    status = request.getresponse().status
    request.close()
    return status
