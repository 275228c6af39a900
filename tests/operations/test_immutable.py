"""A version's content and an event never change and never go, whichever way one tries; only a label may."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F, ProtectedError

from agentversions import guards
from agentversions.models import Agent, Draft, Event, Version
from agentversions.operations import create_agent, edit_into_draft, publish, rename_version
from tests.cast import Cast, save, shown


def sql(statement: str, *values: int) -> None:
    """Say it to the database itself, as somebody at its prompt would."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@contextmanager
def checked() -> Iterator[None]:
    """A transaction at whose end everything is checked, as at a commit."""
    with transaction.atomic():
        yield
        connection.check_constraints()


def rows() -> list[Any]:
    """All versions and events, as they are."""
    return [list(model.objects.order_by("pk").values()) for model in (Version, Event)]


def collect(model: type[models.Model], row: models.Model) -> None:
    """Delete below the ORM's own protection, as a cascade would."""
    model._default_manager.filter(pk=row.pk)._raw_delete("default")


def edited(version: Version, columns: list[str] | None = None, /, **values: Any) -> None:
    """Set a version's columns in memory and save it, or just these of them."""
    for name, value in values.items():
        setattr(version, name, value)
    version.save(update_fields=columns)


def saved_again(event: Event, **values: Any) -> None:
    """Set an event's columns in memory and save it."""
    for name, value in values.items():
        setattr(event, name, value)
    event.save()


def upserted(row: Version, unique: list[str]) -> None:
    """Insert a row that is there, and take the collision as an order to change it."""
    copy = Version.objects.get(pk=row.pk)
    copy.configuration = {"prompt": "forged"}
    Version.objects.bulk_create([copy], update_conflicts=True, unique_fields=unique, update_fields=["configuration"])


def in_bulk(version: Version) -> None:
    """Change several at once."""
    version.configuration = {"prompt": "forged"}
    Version.objects.bulk_update([version], ["configuration"])


ORM: dict[str, Callable[[Version, Event], object]] = {
    "save a version": lambda v, _: edited(v, configuration={"prompt": "forged"}),
    "save one column": lambda v, _: edited(v, ["digest"], digest="forged"),
    "save under another number": lambda v, _: edited(v, number=99),
    "save under another author": lambda v, e: edited(v, author=e.project.memberships.latest("id").user),
    "save in another agent": lambda v, e: edited(v, agent=create_agent(e.project, "Other", by=e.actor)),
    "update versions": lambda v, _: Version.objects.filter(pk=v.pk).update(configuration={}),
    "update all numbers": lambda _, __: Version.objects.update(number=F("number") + 100),
    "update one column to null": lambda v, _: Version.objects.filter(pk=v.pk).update(parent=None),
    "update the time": lambda v, e: Version.objects.filter(pk=v.pk).update(created_at=e.project.created_at),
    "update the schema": lambda v, _: Version.objects.filter(pk=v.pk).update(schema=2),
    "update the name and more": lambda v, _: Version.objects.filter(pk=v.pk).update(name="x", longest_call=1),
    "update in bulk": lambda v, _: in_bulk(v),
    "upsert by id": lambda v, _: upserted(v, ["id"]),
    "upsert by number": lambda v, _: upserted(v, ["agent", "number"]),
    "delete a version": lambda v, _: v.delete(),
    "delete versions": lambda _, __: Version.objects.all().delete(),
    "delete without looking": lambda v, _: collect(Version, v),
    "delete its agent": lambda v, _: v.agent.delete(),
    "delete all agents": lambda _, __: Agent.objects.all().delete(),
    "delete its project": lambda v, _: v.agent.project.delete(),
    "delete its author": lambda v, _: v.author.delete(),
    "save an event": lambda _, e: saved_again(e, particulars={"name": "forged"}),
    "save an event under another actor": lambda _, e: saved_again(e, actor=e.project.memberships.latest("id").user),
    "update events": lambda _, e: Event.objects.filter(pk=e.pk).update(particulars={}),
    "update an event's key": lambda _, e: Event.objects.filter(pk=e.pk).update(request="forged"),
    "delete an event": lambda _, e: e.delete(),
    "delete events": lambda _, __: Event.objects.all().delete(),
    "delete an event without looking": lambda _, e: collect(Event, e),
    "delete an event's actor": lambda _, e: e.actor.delete(),
}

SQL: dict[str, str] = {
    "update": "UPDATE agentversions_version SET configuration = '{}'",
    "update with a name": "UPDATE agentversions_version SET name = 'x', number = number + 7",
    "update an id": "UPDATE agentversions_version SET id = id + 1000",
    "update the author": "UPDATE agentversions_version SET author_id = (SELECT max(id) FROM auth_user)",
    "delete": "DELETE FROM agentversions_version WHERE number = 2",
    "delete all": "DELETE FROM agentversions_version",
    "upsert by number": (
        "INSERT INTO agentversions_version (configuration, schema, agent_id, number, name, digest, longest_call,"
        " author_id, created_at)"
        " SELECT '{}', schema, agent_id, number, name, digest, longest_call, author_id, created_at"
        " FROM agentversions_version WHERE number = 2"
        " ON CONFLICT (agent_id, number) DO UPDATE SET configuration = excluded.configuration"
    ),
    "upsert by id": (
        "INSERT INTO agentversions_version (id, configuration, schema, agent_id, number, name, digest, longest_call,"
        " author_id, created_at)"
        " SELECT id, '{}', schema, agent_id, number, name, digest, longest_call, author_id, created_at"
        " FROM agentversions_version WHERE number = 2"
        " ON CONFLICT (id) DO UPDATE SET configuration = excluded.configuration"
    ),
    "update events": "UPDATE agentversions_event SET particulars = '{}'",
    "update when": "UPDATE agentversions_event SET at = '2001-01-01 00:00:00+00:00'",
    "delete events": "DELETE FROM agentversions_event",
}
IF_SQLITE: dict[str, str] = {
    "insert or replace by id": (
        "INSERT OR REPLACE INTO agentversions_version (id, configuration, schema, agent_id, number, name, digest,"
        " longest_call, author_id, created_at)"
        " SELECT id, '{}', schema, agent_id, number, name, digest, longest_call, author_id, created_at"
        " FROM agentversions_version WHERE number = 2"
    ),
    "replace by number": (
        "REPLACE INTO agentversions_version (configuration, schema, agent_id, number, name, digest, longest_call,"
        " author_id, created_at)"
        " SELECT '{}', schema, agent_id, number, name, digest, longest_call, author_id, created_at"
        " FROM agentversions_version WHERE number = 2"
    ),
    "update or replace a number": "UPDATE OR REPLACE agentversions_version SET number = 1 WHERE number = 2",
    "update or replace an id": (
        "UPDATE OR REPLACE agentversions_version SET id = (SELECT min(id) FROM agentversions_version) WHERE number = 2"
    ),
    "update the rowid": "UPDATE OR REPLACE agentversions_version SET rowid = 1000 WHERE number = 2",
    "insert or replace an event": (
        "INSERT OR REPLACE INTO agentversions_event (id, action, particulars, at, request, actor_id, project_id)"
        " SELECT id, action, '{}', at, request, actor_id, project_id FROM agentversions_event"
    ),
    "replace an event by its key": (
        "INSERT OR REPLACE INTO agentversions_event (action, particulars, at, key, request, actor_id, project_id)"
        " SELECT action, '{}', at, key, request, actor_id, project_id FROM agentversions_event WHERE key IS NOT NULL"
    ),
    "update or replace an event's id": (
        "UPDATE OR REPLACE agentversions_event SET id = (SELECT min(id) FROM agentversions_event)"
    ),
}
IF_POSTGRESQL: dict[str, str] = {
    "merge": (
        "MERGE INTO agentversions_version AS old USING (SELECT max(id) AS id FROM agentversions_version) AS new"
        " ON old.id = new.id WHEN MATCHED THEN DELETE"
    ),
    "delete in a subquery": "WITH gone AS (DELETE FROM agentversions_event RETURNING id) SELECT count(*) FROM gone",
    "change one key inside": (
        "UPDATE agentversions_version SET configuration = jsonb_set(configuration, '{prompt}', '\"x\"')"
    ),
}


@pytest.fixture
def history(cast: Cast) -> tuple[Version, Event]:
    """A version that is live and named, with a parent, and the event that put it there."""
    version = save(cast.agent, cast.pia, prompt="As it was", name="Original")
    key = shown(cast.agent, cast.pia).draft
    publish(version, live=None, by=cast.pia, key=key)
    return version, Event.objects.latest("id")


REFUSED = f"{guards.REFUSAL}|A version of another agent|protected foreign keys"


@pytest.mark.parametrize("deed", ORM.values(), ids=ORM)
def test_no_way_through_the_orm_changes_or_removes_one(
    history: tuple[Version, Event], deed: Callable[[Version, Event], object]
) -> None:
    before = rows()

    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        deed(*history)

    assert rows()[0] == before[0]
    assert rows()[1][: len(before[1])] == before[1]


STATEMENTS = SQL | (IF_SQLITE if connection.vendor == "sqlite" else IF_POSTGRESQL)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
@pytest.mark.usefixtures("history")
def test_no_statement_changes_or_removes_one(statement: str) -> None:
    before = rows()

    with pytest.raises(IntegrityError, match=guards.REFUSAL):
        sql(statement)

    assert rows() == before


@pytest.mark.usefixtures("history")
def test_ignoring_a_conflict_changes_nothing(history: tuple[Version, Event]) -> None:
    before = rows()
    copy = Version.objects.get(pk=history[0].pk)
    copy.configuration = {}

    try:
        with transaction.atomic():
            Version.objects.bulk_create([copy], ignore_conflicts=True)
    except IntegrityError:
        assert connection.vendor == "sqlite"

    assert rows() == before


def test_the_guards_are_what_refuses_it(history: tuple[Version, Event]) -> None:
    """Without them the same statements go through: a test that can't fail would prove nothing."""
    connection.check_constraints()
    guards.remove(connection)
    try:
        Version.objects.filter(pk=history[0].pk).update(configuration={"prompt": "forged"})
        assert Version.objects.get(pk=history[0].pk).read().prompt == "forged"
        Event.objects.filter(pk=history[1].pk).delete()
        assert not Event.objects.filter(pk=history[1].pk).exists()
    finally:
        connection.check_constraints()
        guards.install(connection)
    assert guards.missing(connection) == []


class TestTheName:
    def test_is_a_label_and_may_change_by_any_way(self, history: tuple[Version, Event]) -> None:
        version, _ = history
        content = {**Version.objects.filter(pk=version.pk).values().get(), "name": "By its verb"}

        edited(version, name="By save")
        Version.objects.filter(pk=version.pk).update(name="By update")
        sql("UPDATE agentversions_version SET name = 'By SQL' WHERE id = %s", version.pk)
        rename_version(version, "By its verb", by=version.author)

        after = Version.objects.filter(pk=version.pk).values().get()
        assert after == content

    def test_is_all_that_going_back_in_the_operators_history_can_change(self, history: tuple[Version, Event]) -> None:
        version, _ = history
        rename_version(version, "Renamed", by=version.author)
        before = Version.objects.filter(pk=version.pk).values().get()

        version.history.earliest().instance.save()

        assert Version.objects.filter(pk=version.pk).values().get() == before | {"name": "Original"}


class TestProtected:
    def test_an_author_and_an_actor_can_not_be_deleted(self, cast: Cast) -> None:
        save(cast.agent, cast.ben)

        with pytest.raises(ProtectedError):
            cast.ben.delete()
        with pytest.raises(ProtectedError):
            cast.ana.delete()

    def test_an_agent_and_a_project_can_not_be_deleted(self, cast: Cast) -> None:
        with pytest.raises(ProtectedError):
            cast.agent.delete()
        with pytest.raises(ProtectedError):
            cast.project.delete()

    def test_editing_a_copy_leaves_the_original(self, history: tuple[Version, Event], cast: Cast) -> None:
        version, _ = history
        before = rows()[0]

        draft = edit_into_draft(version, base=shown(cast.agent, cast.ana), by=cast.ana)
        draft.configuration["prompt"] = "Changed in memory"
        draft.save()

        assert rows()[0] == before


def forged(cast: Cast, column: str) -> Callable[[Version], object]:
    """Point a column of our agent at a version, by the ORM."""
    ours = Agent.objects.filter(pk=cast.agent.pk)
    drafts = Draft.objects.filter(agent=cast.agent)
    return {
        "published": lambda version: ours.update(published=version),
        "based_on": lambda version: drafts.update(based_on=version),
        "live_at_start": lambda version: drafts.update(live_at_start=version),
        "parent": lambda version: Version.objects.create(
            agent=cast.agent,
            number=99,
            parent=version,
            configuration={},
            digest="sha256:x",
            longest_call=60,
            author=cast.ana,
        ),
        "draft": lambda version: Draft.objects.create(
            agent=cast.agent, owner=cast.pia, based_on=version, configuration={}
        ),
        "agent": lambda version: Agent.objects.create(
            project=cast.project, name="New", created_by=cast.ana, published=version
        ),
    }[column]


class TestPointers:
    @pytest.mark.parametrize("column", ["published", "based_on", "live_at_start", "parent", "draft", "agent"])
    def test_to_another_agents_version_are_refused_by_the_database(self, cast: Cast, column: str) -> None:
        own = save(cast.agent, cast.ben, prompt="Ours")
        other = create_agent(cast.project, "Night desk", by=cast.ana)
        for foreign in (cast.orders.versions.get(), other.versions.get()):
            with pytest.raises(IntegrityError), checked():
                forged(cast, column)(foreign)

        if column != "agent":
            forged(cast, column)(own)
        connection.check_constraints()

    def test_can_not_be_made_foreign_by_moving_the_row_that_points(self, cast: Cast) -> None:
        save(cast.agent, cast.ben, prompt="Ours")

        with pytest.raises(IntegrityError), checked():
            Draft.objects.filter(agent=cast.agent).update(agent=cast.orders)


def test_the_stored_configuration_is_the_one_that_was_saved(cast: Cast) -> None:
    version = save(cast.agent, cast.ben, prompt="é\u0301 😀", voice__speed="1.0")
    with connection.cursor() as cursor:
        cursor.execute("SELECT configuration FROM agentversions_version WHERE id = %s", [version.pk])
        raw = cursor.fetchone()[0]

    assert json.loads(raw) == version.configuration
