"""The database's own refusals outlive every migration: also those that remake a table, and those that go back."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration

from agentversions import guards
from agentversions.models import Agent, Draft, Event, Version
from tests.cast import Cast, assemble, save
from tests.operations.test_immutable import checked

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    """The people and their agents, committed."""
    return assemble()


def assert_guarded(cast: Cast) -> None:
    """Everything is still refused, and still does what it may."""
    assert guards.missing(connection) == []
    version = save(cast.agent, cast.ben, prompt="Still counted")
    foreign = cast.orders.versions.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Version.objects.update(schema=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.filter(agent=cast.agent)._raw_delete("default")
    with pytest.raises(IntegrityError), checked():
        Agent.objects.filter(pk=cast.agent.pk).update(published=foreign)
    Version.objects.filter(pk=version.pk).update(name="A label may change")


@contextmanager
def migrating() -> Iterator[BaseDatabaseSchemaEditor]:
    """What `migrate` does around a plan that isn't empty."""
    plan = [(Migration("9999_of_a_test", "agentversions"), False)]
    emit_pre_migrate_signal(verbosity=0, interactive=False, db="default", plan=plan)
    with connection.schema_editor() as editor:
        yield editor
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default", plan=plan)


def test_migrating_with_nothing_to_do_leaves_them(cast: Cast) -> None:
    call_command("migrate", verbosity=0)

    assert_guarded(cast)


def test_they_come_back_after_a_migration_went_back_and_forth(cast: Cast) -> None:
    call_command("migrate", "sessions", "zero", verbosity=0)
    try:
        assert_guarded(cast)
    finally:
        call_command("migrate", verbosity=0)
    assert_guarded(cast)


def test_they_come_back_after_telephony_went_and_came(cast: Cast) -> None:
    if not apps.get_app_config("telephony").models:
        pytest.skip("telephony has no tables yet")
    call_command("migrate", "telephony", "zero", verbosity=0)
    try:
        assert_guarded(cast)
    finally:
        call_command("migrate", verbosity=0)
    assert_guarded(cast)


@pytest.mark.parametrize(
    ("model", "column"), [(Version, "name"), (Event, "request"), (Agent, "name"), (Draft, "schema")]
)
def test_they_come_back_after_a_migration_that_remakes_a_table(
    cast: Cast, model: type[models.Model], column: str
) -> None:
    before = list(model._default_manager.order_by("pk").values())
    field = model._meta.get_field(column)
    assert isinstance(field, models.Field)
    other = models.TextField(default="") if column != "schema" else models.BigIntegerField(default=1)
    other.set_attributes_from_name(column)
    other.model = model
    with migrating() as editor:
        editor.alter_field(model, field, other, strict=True)
    try:
        assert list(model._default_manager.order_by("pk").values()) == before
        assert_guarded(cast)
    finally:
        with migrating() as editor:
            editor.alter_field(model, other, field, strict=True)
    assert_guarded(cast)


@pytest.mark.parametrize("model", [Version, Event])
def test_a_column_that_a_migration_adds_is_fixed_too(cast: Cast, model: type[models.Model]) -> None:
    table = model._meta.db_table
    with migrating() as editor:
        editor.execute(f"ALTER TABLE {table} ADD COLUMN extra varchar(10) NOT NULL DEFAULT 'as made'")
    try:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET extra = 'forged'")  # noqa: S608 - our own table's name
        assert_guarded(cast)
    finally:
        with migrating() as editor:
            editor.execute(f"ALTER TABLE {table} DROP COLUMN extra")
    assert_guarded(cast)


def test_installing_twice_is_installing_once(cast: Cast) -> None:
    guards.install(connection)

    assert_guarded(cast)


def test_one_that_was_lost_is_named_and_put_back(cast: Cast) -> None:
    guards.remove(connection)
    named = guards.missing(connection)
    assert any(name.startswith("agentversions_version_grown") for name in named)
    assert any(name.startswith("agentversions_event_grown") for name in named)
    assert any(name.startswith("agentversions_agent_published_id_own") for name in named)

    guards.install(connection)

    assert_guarded(cast)
