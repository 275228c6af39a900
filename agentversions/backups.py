"""The whole database in one file, and back: all of it, or nothing.

The file is a zip: `about.json`, and beside it either SQLite's own file or, of PostgreSQL, each table's rows as COPY
writes them. So it asks for no program of a certain version, is read by any PostgreSQL, and brings its schema along by
the names of its migrations. It holds no key: what is sealed in it stays sealed, and it says which keys that needs.
"""

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from shutil import copyfileobj
from typing import IO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.transaction import atomic
from django.utils import timezone

from agentversions import sealing

FORMAT = 1
ABOUT, FILE, ROWS = "about.json", "database.sqlite3", "rows/"
MIGRATIONS = "django_migrations"
ALWAYS_THERE = {MIGRATIONS, "django_content_type", "auth_permission"}
"""Tables that have rows as soon as a database is migrated."""
LOCK = "10s"
"""How long a restore waits for a server that is still at work."""

type Node = tuple[str, str]
"""A migration: its app and its name."""


class Unfit(Exception):
    """Why a backup can't be made or restored, and the cure. Nothing has been changed."""


@dataclass(frozen=True)
class Table:
    """The columns whose rows are kept, in their order, and how many rows there are."""

    columns: list[str]
    rows: int


@dataclass(frozen=True)
class About:
    """What a backup says of itself."""

    format: int
    made_at: str
    vendor: str
    migrations: list[list[str]]
    keys: dict[str, int]
    lost: int
    tables: dict[str, Table]

    @property
    def nodes(self) -> set[Node]:
        """The migrations that made its schema."""
        return {(app, name) for app, name in self.migrations}


def write(path: Path) -> About:
    """Back the database up into a file that only its owner may read; one that is there is replaced once all is well.

    A server may run meanwhile: what it commits afterwards isn't in it.
    """
    part = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        with _own(part) as file, ZipFile(file, "w", ZIP_DEFLATED) as into:
            about = _from_sqlite(into, part) if connection.vendor == "sqlite" else _from_postgresql(into)
            into.writestr(ABOUT, json.dumps(asdict(about), indent=1))
        part.replace(path)
        _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)
    return about


def restore(path: Path, *, replace: bool = False) -> About:
    """Put a backup's contents in the place of the database's; then bring its schema up to this release's.

    Raises Unfit, and has changed nothing, for a file that isn't whole, for a newer release's, for another kind of
    database, for one whose secrets the keys at hand don't open, and for a database that isn't empty unless `replace`.
    """
    try:
        with ZipFile(path) as backup:
            about = _read(backup)
            _refuse(about)
            if connection.vendor == "sqlite":
                _into_sqlite(backup, replace=replace)
            else:
                _into_postgresql(backup, about, replace=replace)
    except FileNotFoundError:
        raise Unfit(f"There is no {path}.") from None
    except (BadZipFile, EOFError, zlib.error, DatabaseError) as error:
        raise Unfit(f"{path} can't be restored; nothing was changed: {error}") from error
    return about


def _read(backup: ZipFile) -> About:
    """What a whole backup says of itself."""
    if broken := backup.testzip():
        raise Unfit(f"The backup is damaged at {broken}.")
    try:
        told = json.loads(backup.read(ABOUT))
        if told["format"] != FORMAT:
            raise Unfit("This backup was made by a newer release. Install that one, then restore.")
        tables = {name: Table(**table) for name, table in told.pop("tables").items()}
        return About(**told, tables=tables)
    except (KeyError, TypeError, ValueError):
        raise Unfit("This file is no backup of Agent Versions.") from None


def _refuse(about: About) -> None:
    if about.vendor != connection.vendor:
        raise Unfit(f"This backup is of {about.vendor}, but DATABASE_URL leads to {connection.vendor}.")
    if unknown := about.nodes - MigrationLoader(None).disk_migrations.keys():
        names = ", ".join(sorted(f"{app}.{name}" for app, name in unknown))
        raise Unfit(f"This backup was made by a newer release (it has {names}). Install that one, then restore.")
    if missing := about.keys.keys() - set(sealing.fingerprints()):
        count = sum(about.keys[name] for name in missing)
        raise Unfit(
            f"ENCRYPTION_KEYS lacks the key {', '.join(sorted(missing))}: without it {count} of this backup's secrets"
            " can't be opened. Add the key it had, behind your own."
        )


def empty() -> bool:
    """Whether there is nothing in the database that anyone has put there."""
    with connection.cursor() as cursor:
        return not any(_has_rows(cursor, table) for table in _tables() if table not in ALWAYS_THERE)


def _has_rows(cursor: CursorWrapper, table: str) -> bool:
    cursor.execute(f"SELECT 1 FROM {_quoted(table)} LIMIT 1")
    return cursor.fetchone() is not None


def _refuse_to_replace(*, replace: bool) -> None:
    if not replace and not empty():
        raise Unfit("The database isn't empty. To put the backup in the place of all that is in it, add --replace.")


def _about(tables: dict[str, Table]) -> About:
    keys = sealing.in_use()
    lost = keys.pop("", 0)
    applied = MigrationRecorder(connection).applied_migrations()
    made_at = timezone.now().isoformat(timespec="seconds")
    return About(FORMAT, made_at, connection.vendor, sorted(map(list, applied)), dict(keys), lost, tables)


# SQLite


def _from_sqlite(into: ZipFile, part: Path) -> About:
    copy = part.with_name(f"{part.name}.copy")
    with _gone_afterwards(copy):
        connection.ensure_connection()
        with closing(sqlite3.connect(copy)) as target:
            connection.connection.backup(target)
        with _beside(copy):
            about = _about({table: Table([], _count(table)) for table in _tables()})
        into.write(copy, FILE)
    return about


def _into_sqlite(backup: ZipFile, *, replace: bool) -> None:
    """Through SQLite's own way of copying into a database, which is one transaction, and which other processes see."""
    _refuse_to_replace(replace=replace)
    here = Path(connection.settings_dict["NAME"])
    copy = here.with_name(f".{here.name}.{token_hex(4)}")
    with _gone_afterwards(copy):
        with backup.open(FILE) as held, copy.open("wb") as unpacked:
            copyfileobj(held, unpacked)
        _refuse_damaged(copy)
        with _beside(copy):
            call_command("migrate", interactive=False, verbosity=0)
        connection.ensure_connection()
        with closing(sqlite3.connect(copy)) as source:
            source.backup(connection.connection)


def _refuse_damaged(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as opened:
            said = [row[0] for row in opened.execute("PRAGMA quick_check")] if path.stat().st_size else []
    except sqlite3.DatabaseError:
        said = []
    if said != ["ok"]:
        raise Unfit("The database in it is damaged; nothing was changed.")


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {_quoted(table)}")
        return int(cursor.fetchone()[0])


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """This thread works with another SQLite file meanwhile."""
    ours = connections[DEFAULT_DB_ALIAS]
    other = ours.copy()
    other.settings_dict["NAME"] = path
    connections[DEFAULT_DB_ALIAS] = other
    try:
        yield
    finally:
        other.close()
        connections[DEFAULT_DB_ALIAS] = ours


@contextmanager
def _gone_afterwards(path: Path) -> Iterator[None]:
    """A SQLite file of one's own, for a while."""
    with _own(path):
        pass
    try:
        yield
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            path.with_name(path.name + end).unlink(missing_ok=True)


# PostgreSQL


def _from_postgresql(into: ZipFile) -> About:
    """Everything as it was at one moment."""
    with atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = {table: _copy_out(cursor, table, into) for table in _tables()}
        return _about(tables)


def _copy_out(cursor: CursorWrapper, table: str, into: ZipFile) -> Table:
    columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    rows = 0
    with (
        into.open(ROWS + table, "w", force_zip64=True) as file,
        cursor.copy(f"COPY {_quoted(table)} ({_listed(columns)}) TO STDOUT") as copied,
    ):
        for some in copied:
            rows += bytes(some).count(b"\n")
            file.write(some)
    return Table(columns, rows)


def _into_postgresql(backup: ZipFile, about: About, *, replace: bool) -> None:
    """In one transaction. The tables stay where they are of the backup's schema, and with them what roles may do."""
    with atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK}'")
        _refuse_to_replace(replace=replace)
        if MigrationRecorder(connection).applied_migrations().keys() != about.nodes:
            _remake(cursor, about.nodes)
        _truncate(cursor)
        for name, table in about.tables.items():
            with backup.open(ROWS + name) as rows:
                _copy_in(cursor, name, table, rows)
        connection.check_constraints()
        for name in about.tables:
            _continue_counting(cursor, name)
        call_command("migrate", interactive=False, verbosity=0)


def _remake(cursor: CursorWrapper, nodes: set[Node]) -> None:
    """The tables as these migrations make them."""
    if tables := _tables():
        cursor.execute(f"DROP TABLE {_listed(tables)} CASCADE")
    executor = MigrationExecutor(connection)
    executor.migrate(_last(executor.loader.graph, nodes))
    connection.check_constraints()


def _last(graph: MigrationGraph, nodes: set[Node]) -> list[Node]:
    """Of these migrations each app's last."""
    followed = {parent.key for node in nodes for parent in graph.node_map[node].parents if parent.key[0] == node[0]}
    return sorted(nodes - followed)


def _truncate(cursor: CursorWrapper) -> None:
    cursor.execute(f"TRUNCATE {_listed(_tables())}")


def _copy_in(cursor: CursorWrapper, name: str, table: Table, rows: IO[bytes]) -> None:
    with cursor.copy(f"COPY {_quoted(name)} ({_listed(table.columns)}) FROM STDIN") as copied:
        while some := rows.read(1 << 16):
            copied.write(some)
    if cursor.rowcount != table.rows:
        raise Unfit(f"The backup is damaged: {name} should have {table.rows} rows and has {cursor.rowcount}.")


def _continue_counting(cursor: CursorWrapper, table: str) -> None:
    """The next row's number comes after the last one's."""
    for sequence in connection.introspection.get_sequences(cursor, table):
        column = _quoted(sequence["column"])
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence(%s, %s), COALESCE(max({column}), 1), max({column}) IS NOT NULL)"
            f" FROM {_quoted(table)}",
            [_quoted(table), sequence["column"]],
        )


# Both


def _tables() -> list[str]:
    """The tables that are ours."""
    known = connection.introspection
    here = set(known.table_names())
    return sorted({*known.django_table_names(only_existing=True, include_views=False), MIGRATIONS} & here)


def _quoted(name: str) -> str:
    quoted: str = connection.ops.quote_name(name)
    return quoted


def _listed(names: list[str]) -> str:
    return ", ".join(map(_quoted, names))


@contextmanager
def _own(path: Path) -> Iterator[IO[bytes]]:
    """A new file that nobody else may read, on the disk when it is closed."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    """A name is on the disk when its directory is."""
    number = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
