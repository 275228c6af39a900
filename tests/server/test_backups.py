"""Everything in the database goes into one file and comes back; what doesn't fit is refused before anything changes."""

import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agentversions import backups, guards
from agentversions.backups import ABOUT, FILE, ROWS, Unfit, restore, write
from agentversions.models import Agent, Event, Version
from agentversions.operations import publish, secrets
from agentversions.sealing import fingerprints
from agentversions.verifying import verify
from telephony.models import Call, Tally
from tests.cast import edit, live, save
from tests.telephony.exchange import Exchange, connect, heard, report, ring

pytestmark = pytest.mark.django_db(transaction=True)

sqlite_only = pytest.mark.skipif(connection.vendor != "sqlite", reason="of the embedded database")
postgresql_only = pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL")


@pytest.fixture
def exchange() -> Exchange:
    """Two projects with something in most tables."""
    made = connect()
    cast = made.cast
    edit(cast.agent, cast.ben, prompt="Ben's: a tab\tand a line\nand a \\N, a \u2028 and an é.")
    save(cast.orders, cast.olga, "Named", prompt="Take orders.")
    secrets.set_secret(cast.project, "API_KEY", "sesame", by=cast.ana)
    ring(made.generic)
    report(made.generic, "call.ended", ended_reason="hung up")
    return made


@pytest.fixture
def file(tmp_path: Path, exchange: Exchange) -> Path:
    """A backup of it."""
    path = tmp_path / "today.backup"
    write(path)
    return path


def everything() -> dict[str, list[str]]:
    """All rows of all tables."""
    found = {}
    with connection.cursor() as cursor:
        for table in backups._tables():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 (a table of ours)
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


def go_on(exchange: Exchange) -> None:
    """The installation lives on after its backup."""
    exchange.go_live("Later", prompt="Something else.")
    edit(exchange.cast.agent, exchange.cast.ben, prompt="Ben has gone on.")
    ring(exchange.generic, "call-2")


def rewritten(file: Path, member: str, change: Callable[[bytes], bytes]) -> Path:
    """The same backup with one member changed, and well packed."""
    path = file.with_name("rewritten")
    with ZipFile(file) as before, ZipFile(path, "w") as after:
        for name in before.namelist():
            held = before.read(name)
            after.writestr(name, change(held) if name == member else held)
    return path


def refused(file: Path, words: str, *, replace: bool = True) -> None:
    """It isn't restored, and not a row is different."""
    before = everything()
    with pytest.raises(Unfit, match=words):
        restore(file, replace=replace)
    assert everything() == before
    assert guards.missing(connection) == []


class TestARoundTrip:
    def test_brings_back_every_row_and_the_phone_answers_as_it_did(self, exchange: Exchange, file: Path) -> None:
        before, answer = everything(), ring(exchange.generic).content
        go_on(exchange)
        assert everything() != before

        restore(file, replace=True)

        assert everything() == before
        assert list(verify()) == []
        assert ring(exchange.generic).content == answer

    def test_goes_on_counting_where_it_was(self, exchange: Exchange, file: Path) -> None:
        restore(file, replace=True)

        version = save(exchange.agent, exchange.cast.ana, prompt="The next one.")
        publish(version, live=live(exchange.agent), by=exchange.cast.pia)

        assert version.number == 3
        assert heard(ring(exchange.generic, "call-3"))["version"]["number"] == 3
        client = Client()
        client.force_login(exchange.cast.ana)
        assert client.get(reverse("agents.show", args=[exchange.agent.pk])).status_code == 200
        assert list(verify()) == []

    def test_needs_no_leave_where_there_is_nothing_but_what_migrate_makes(self, file: Path) -> None:
        before = everything()
        call_command("flush", interactive=False, verbosity=0) if connection.vendor == "postgresql" else _flush()
        assert backups.empty()

        restore(file)

        assert everything() == before

    def test_is_of_one_moment_although_the_server_goes_on(self, exchange: Exchange, tmp_path: Path) -> None:
        stop = threading.Event()

        def writing() -> None:
            number = 0
            try:
                while not stop.is_set():
                    number += 1
                    save(exchange.agent, exchange.cast.ana, f"Meanwhile {number}", prompt=f"Meanwhile {number}.")
            finally:
                connection.close()

        hand = threading.Thread(target=writing)
        hand.start()
        try:
            paths = [tmp_path / f"{number}.backup" for number in range(5)]
            for path in paths:
                write(path)
        finally:
            stop.set()
            hand.join()
        for path in paths:
            restore(path, replace=True)
            assert list(verify()) == []


def _flush() -> None:
    guards.remove(connection)
    call_command("flush", interactive=False, verbosity=0)


class TestTheFile:
    def test_is_its_owners_alone_and_leaves_nothing_beside_it(self, file: Path) -> None:
        assert file.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in file.parent.iterdir()] == [file.name]

    def test_holds_no_key_and_no_secret(self, exchange: Exchange, settings: Settings, file: Path) -> None:
        with ZipFile(file) as held:
            everything_in_it = b"".join(held.read(name) for name in held.namelist())
        for secret in (*settings.ENCRYPTION_KEYS, settings.SECRET_KEY, "sesame"):
            assert secret.encode() not in everything_in_it
        assert str(exchange.agent.pk).encode() in everything_in_it or exchange.agent.pk.hex.encode() in everything_in_it

    def test_takes_the_place_of_yesterdays_only_when_it_is_whole(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        yesterday = file.read_bytes()

        def full(*_: object) -> None:
            raise OSError("No space left on device")

        monkeypatch.setattr(backups, "asdict", full)
        with pytest.raises(CommandError, match="Nothing was backed up: No space left"):
            call_command("backup", file)

        assert file.read_bytes() == yesterday
        assert [path.name for path in file.parent.iterdir()] == [file.name]


class TestIsRefusedBeforeAnythingChanges:
    def test_where_the_database_is_in_use(self, file: Path) -> None:
        refused(file, "isn't empty.+--replace", replace=False)

    def test_without_the_key_that_sealed_what_it_holds(self, file: Path, settings: Settings) -> None:
        (name,) = fingerprints()
        mine = settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        refused(file, f"ENCRYPTION_KEYS lacks the key {name}: without it 3 of this backup's secrets")

        settings.ENCRYPTION_KEYS += mine
        restore(file, replace=True)
        assert list(verify()) == []

    @pytest.mark.usefixtures("exchange")
    def test_a_key_that_sealed_nothing_is_not_asked_for(self, tmp_path: Path, settings: Settings) -> None:
        mine = settings.ENCRYPTION_KEYS
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *mine]
        write(tmp_path / "rotated")
        settings.ENCRYPTION_KEYS = mine
        restore(tmp_path / "rotated", replace=True)

    @pytest.mark.parametrize("kept", [0, 100, 0.5, -1])
    def test_a_truncated_file(self, file: Path, kept: float) -> None:
        whole = file.read_bytes()
        file.write_bytes(whole[: int(len(whole) * kept) if isinstance(kept, float) else kept])
        refused(file, "can't be restored; nothing was changed")

    def test_a_file_with_a_damaged_byte(self, file: Path) -> None:
        held = bytearray(file.read_bytes())
        held[len(held) // 3] ^= 0xFF
        file.write_bytes(held)
        refused(file, "damaged|can't be restored")

    @pytest.mark.usefixtures("exchange")
    def test_what_is_no_backup(self, tmp_path: Path) -> None:
        with ZipFile(tmp_path / "other.zip", "w") as other:
            other.writestr("letter.txt", "Dear Ana")
        refused(tmp_path / "other.zip", "no backup of Agent Versions")
        refused(tmp_path / "nowhere", "There is no")

    @pytest.mark.usefixtures("exchange")
    def test_a_newer_schema(self, tmp_path: Path) -> None:
        recorder = MigrationRecorder(connection)
        recorder.record_applied("telephony", "9999_of_tomorrow")
        write(tmp_path / "newer")
        recorder.record_unapplied("telephony", "9999_of_tomorrow")

        refused(tmp_path / "newer", r"newer release \(it has telephony.9999_of_tomorrow\)")

    def test_a_newer_format_and_another_database(self, file: Path) -> None:
        def telling(**other: object) -> Path:
            return rewritten(file, ABOUT, lambda held: json.dumps(json.loads(held) | other).encode())

        refused(telling(format=2), "newer release")
        refused(telling(vendor="oracle"), f"of oracle, but DATABASE_URL leads to {connection.vendor}")

    @postgresql_only
    @pytest.mark.parametrize("table", ["agentversions_event", "telephony_call"])
    def test_a_row_too_few(self, file: Path, table: str) -> None:
        short = rewritten(file, ROWS + table, lambda rows: rows[: rows.rstrip(b"\n").rfind(b"\n") + 1])
        refused(short, f"{table} should have")

    @postgresql_only
    def test_rows_that_belong_to_nothing(self, file: Path) -> None:
        def orphaned(held: bytes) -> bytes:
            told = json.loads(held)
            told["tables"]["telephony_connection"]["rows"] = 0
            return json.dumps(told).encode()

        refused(
            rewritten(rewritten(file, ABOUT, orphaned).rename(file), ROWS + "telephony_connection", lambda _: b""),
            "can't be restored; nothing was changed",
        )

    @sqlite_only
    def test_a_database_cut_short_inside_it(self, file: Path) -> None:
        for cut in (lambda held: held[: len(held) // 2], lambda _: b"no database at all" * 1000, lambda _: b""):
            refused(rewritten(file, FILE, cut), "The database in it is damaged")


class TestAnOlderRelease:
    """A backup brings its schema along, and is brought up to this release's."""

    BEFORE = ("agentversions", "0005_secret")

    def test_is_brought_up_to_this_one(self, exchange: Exchange, tmp_path: Path) -> None:
        Call.objects.update(answer_digest="")  # which the older one couldn't hold
        before, sums = everything(), list(Tally.objects.values_list("version", "hour", "calls", "seconds"))
        call_command("migrate", *self.BEFORE, verbosity=0)
        write(tmp_path / "older")
        call_command("migrate", verbosity=0)
        go_on(exchange)

        restore(tmp_path / "older", replace=True)

        counted_anew = {backups.MIGRATIONS, Tally._meta.db_table}
        assert {name: rows for name, rows in everything().items() if name not in counted_anew} == {
            name: rows for name, rows in before.items() if name not in counted_anew
        }
        assert list(Tally.objects.values_list("version", "hour", "calls", "seconds")) == sums
        assert list(verify()) == []
        assert Event.objects.count()
        assert save(Agent.objects.get(pk=exchange.agent.pk), exchange.cast.ana, prompt="On.").number == 3


class TestTheCommands:
    @pytest.mark.usefixtures("exchange")
    def test_name_both_things_to_keep(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("backup", tmp_path / "now")
        told = capsys.readouterr().out
        assert "holds the database" in told
        assert f"Keep ENCRYPTION_KEYS too, and apart from it: this needs {fingerprints()[0]} (3 secrets)" in told

        call_command("restore", tmp_path / "now", "--replace")
        assert "Everything holds" in capsys.readouterr().out

        with pytest.raises(CommandError, match="--replace"):
            call_command("restore", tmp_path / "now")

    def test_tell_what_was_wrong_already_and_restore_it_all_the_same(self, exchange: Exchange, tmp_path: Path) -> None:
        Agent.objects.filter(pk=exchange.agent.pk).update(last_number=9)
        call_command("backup", tmp_path / "now")
        with pytest.raises(CommandError, match="1 finding"):
            call_command("restore", tmp_path / "now", "--replace")
        assert Version.objects.count() == 4


@sqlite_only
def test_other_processes_see_what_was_restored(exchange: Exchange, file: Path) -> None:
    other = sqlite3.connect(connection.settings_dict["NAME"])
    go_on(exchange)
    asked = "SELECT count(*) FROM agentversions_version"
    assert other.execute(asked).fetchone() == (5,)
    restore(file, replace=True)
    assert other.execute(asked).fetchone() == (4,)
    other.close()
