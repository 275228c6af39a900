"""What the database itself refuses, whoever asks: changing history, and pointing at another agent's version.

And what it fills in for a release that doesn't know of it.

On PostgreSQL these are triggers and deferred composite foreign keys, on SQLite triggers only. They are installed after
every migration. SQLite's are lifted before one: Django remakes a table there to change it, which drops the table's own
triggers and fails on triggers elsewhere that mention it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper


@dataclass(frozen=True)
class Grown:
    """A table that only grows: rows come, none goes, and only the named columns may change."""

    table: str
    may_change: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Belonging:
    """A pointer to a version, which must be a version of the row's own agent."""

    table: str
    column: str
    agent: str = "agent_id"

    @property
    def name(self) -> str:
        """The constraint's or trigger's name."""
        return f"{self.table}_{self.column}_own"


@dataclass(frozen=True)
class Filled:
    """A column that is copied from the row that another points to, when a row comes without it.

    While one release follows the other, the older goes on writing rows as it always did.
    """

    table: str
    column: str
    pointer: str
    other: str

    @property
    def name(self) -> str:
        """The trigger's name."""
        return f"{self.table}_{self.column}_filled"


GROWN = [
    Grown("agentversions_version", ("name",), (("agent_id", "number"),)),
    Grown("agentversions_event", (), (("actor_id", "key"),)),
]
BELONGINGS = [
    Belonging("agentversions_agent", "published_id", agent="id"),
    Belonging("agentversions_version", "parent_id"),
    Belonging("agentversions_draft", "based_on_id"),
    Belonging("agentversions_draft", "live_at_start_id"),
]
FILLED: list[Filled] = []
"""Other packages append the pointers and columns of their own tables before migrations run."""

REFUSAL = "Versions and events are never changed or deleted."


def before_migrate(using: str, plan: Iterable[object], **_: Any) -> None:
    """Lift SQLite's triggers when there is something to migrate; and what fills in columns, which may go."""
    connection = connections[using]
    if plan and connection.vendor == "sqlite":
        remove(connection)
    elif plan:
        with connection.cursor() as cursor:
            _stop_filling(connection, cursor)


def after_migrate(using: str, **_: Any) -> None:
    """Install whatever is missing."""
    install(connections[using])


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every guard in place whose table exists; one that is there already stays untouched."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        here = set(_installed(connection, cursor))
        statements = _postgresql() if connection.vendor == "postgresql" else _sqlite(connection, cursor, tables)
        for name, table, statement in statements:
            if table in tables and name not in here:
                cursor.execute(statement)
        for filled in _fillable(connection, cursor, tables):
            if filled.name not in here:
                _fill(filled, connection, cursor)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Lift every guard; only a migration or a test's clean-up may."""
    with connection.cursor() as cursor:
        here = set(_installed(connection, cursor))
        if connection.vendor == "postgresql":
            for name, table, _ in _postgresql():
                if name in here:
                    trigger = f"DROP TRIGGER {name} ON {table}"
                    constraint = f"ALTER TABLE {table} DROP CONSTRAINT {name}"
                    cursor.execute(constraint if name.endswith("_own") else trigger)
            _stop_filling(connection, cursor)
        else:
            for name in here:
                cursor.execute(f"DROP TRIGGER {name}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of guards that should be there and are not."""
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        here = set(_installed(connection, cursor))
        wanted = _postgresql() if connection.vendor == "postgresql" else _sqlite(connection, cursor, tables)
        refusing = [name for name, table, _ in wanted if table in tables and name != "function"]
        filling = [filled.name for filled in _fillable(connection, cursor, tables)]
        return [name for name in refusing + filling if name not in here]


def _installed(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> Iterator[str]:
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE '%_grown' OR tgname LIKE '%_filled'"
            " UNION SELECT conname FROM pg_constraint WHERE conname LIKE '%_own'"
        )
    else:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            " AND (name LIKE '%_grown_%' OR name LIKE '%_own_%' OR name LIKE '%_filled')"
        )
    yield from (row[0] for row in cursor.fetchall())


type Statement = tuple[str, str, str]
"""A guard's name, its table, and the SQL that installs it."""


def _postgresql() -> Iterator[Statement]:
    for grown in GROWN:
        kept = "".join(f" - '{column}'" for column in grown.may_change)
        yield (
            "function",
            grown.table,
            # The whole row is compared, since UPDATE OF would stand in the way of ALTER TYPE.
            f"""CREATE OR REPLACE FUNCTION {grown.table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND to_jsonb(NEW){kept} = to_jsonb(OLD){kept} THEN RETURN NEW; END IF;
                RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation';
            END $$""",
        )
        name = f"{grown.table}_grown"
        yield (
            name,
            grown.table,
            f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {grown.table}"
            f" FOR EACH ROW EXECUTE FUNCTION {grown.table}_refuse()",
        )
    for pointer in BELONGINGS:
        yield (
            pointer.name,
            pointer.table,
            f"ALTER TABLE {pointer.table} ADD CONSTRAINT {pointer.name}"
            f" FOREIGN KEY ({pointer.column}, {pointer.agent}) REFERENCES agentversions_version (id, agent_id)"
            " DEFERRABLE INITIALLY DEFERRED",
        )


def _sqlite(connection: BaseDatabaseWrapper, cursor: CursorWrapper, tables: set[str]) -> Iterator[Statement]:
    for grown in GROWN:
        if grown.table in tables:
            described = connection.introspection.get_table_description(cursor, grown.table)
            fixed = [column.name for column in described if column.name not in grown.may_change]
            yield from _sqlite_grown(grown, fixed)
    for pointer in BELONGINGS:
        yield from _sqlite_belonging(pointer)


def _sqlite_grown(grown: Grown, fixed: list[str]) -> Iterator[Statement]:
    differs = " OR ".join(f'OLD."{column}" IS NOT NEW."{column}"' for column in fixed)
    # REPLACE deletes the row it collides with, and no DELETE trigger fires: a collision is refused beforehand.
    collides = " OR ".join(
        f"EXISTS (SELECT 1 FROM {grown.table} WHERE "
        + " AND ".join(f'"{column}" = NEW."{column}"' for column in columns)
        + ")"
        for columns in (("id",), *grown.unique)
    )
    for when, condition in (
        ("UPDATE", f"WHEN {differs}"),
        ("DELETE", ""),
        ("INSERT", f"WHEN {collides}"),
    ):
        name = f"{grown.table}_grown_{when.lower()}"
        yield (
            name,
            grown.table,
            f"CREATE TRIGGER {name} BEFORE {when} ON {grown.table} {condition}"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
        )


def _sqlite_belonging(pointer: Belonging) -> Iterator[Statement]:
    for when in ("INSERT", "UPDATE"):
        name = f"{pointer.name}_{when.lower()}"
        yield (
            name,
            pointer.table,
            f"CREATE TRIGGER {name} BEFORE {when} ON {pointer.table}"
            f" WHEN NEW.{pointer.column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM agentversions_version"
            f" WHERE id = NEW.{pointer.column} AND agent_id = NEW.{pointer.agent})"
            " BEGIN SELECT RAISE(ABORT, 'A version of another agent.'); END",
        )


def _fillable(connection: BaseDatabaseWrapper, cursor: CursorWrapper, tables: set[str]) -> Iterator[Filled]:
    """What can be filled in: a release before may not have the column."""
    for filled in FILLED:
        if filled.table in tables:
            described = connection.introspection.get_table_description(cursor, filled.table)
            if filled.column in {column.name for column in described}:
                yield filled


def _fill(filled: Filled, connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    """From now on; and what came while nothing was filled in."""
    value = f"(SELECT {filled.column} FROM {filled.other} WHERE id = %s.{filled.pointer})"
    if connection.vendor == "postgresql":
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {filled.name}() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN NEW.{filled.column} := {value % 'NEW'}; RETURN NEW; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER {filled.name} BEFORE INSERT ON {filled.table} FOR EACH ROW"
            f" WHEN (NEW.{filled.column} IS NULL) EXECUTE FUNCTION {filled.name}()"
        )
    else:
        update = f"UPDATE {filled.table} SET {filled.column} = {value % 'NEW'} WHERE id = NEW.id"
        cursor.execute(
            f"CREATE TRIGGER {filled.name} AFTER INSERT ON {filled.table} WHEN NEW.{filled.column} IS NULL"
            f" BEGIN {update}; END"
        )
    own = value % filled.table
    cursor.execute(f"UPDATE {filled.table} SET {filled.column} = {own} WHERE {filled.column} IS NULL")


def _stop_filling(connection: BaseDatabaseWrapper, cursor: CursorWrapper) -> None:
    here = set(_installed(connection, cursor))
    for filled in FILLED:
        if filled.name in here:
            cursor.execute(f"DROP TRIGGER {filled.name} ON {filled.table}")
