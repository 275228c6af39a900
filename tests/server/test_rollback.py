"""The newest migrations can be taken back on a database that people have worked with, and be applied again."""

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from agentversions import backups, guards
from agentversions.health import lacking
from agentversions.models import Version
from agentversions.verifying import verify

OURS = ("telephony", "agentversions")
"""The apps with tables, who depends on another first."""


def newest(app: str) -> tuple[str, str]:
    """An app's newest migration, and the one before it."""
    names = sorted(name for label, name in MigrationLoader(None).disk_migrations if label == app)
    return names[-1], names[-2]


def content() -> dict[str, int]:
    """How many rows each table has."""
    return {table: backups._count(table) for table in backups._tables() if table != backups.MIGRATIONS}


@pytest.mark.django_db(transaction=True)
def test_the_newest_migrations_go_back_and_forth_on_the_demo(settings: Settings) -> None:
    settings.DEBUG = True
    call_command("demo", verbosity=0)
    before, digests = content(), set(Version.objects.values_list("digest", flat=True))
    try:
        for app in OURS:
            call_command("migrate", app, newest(app)[1], verbosity=0)
            assert lacking() == "migrations"
            assert guards.missing(connection) == []
        held = set(connection.introspection.table_names())  # what only the newer release could hold is lost
    finally:
        call_command("migrate", verbosity=0)

    assert lacking() == ""
    assert {table: rows for table, rows in content().items() if table in held} == {
        table: rows for table, rows in before.items() if table in held
    }
    assert set(Version.objects.values_list("digest", flat=True)) == digests
    assert list(verify()) == []


def test_every_app_with_tables_is_asked() -> None:
    mine = {
        config.label for config in apps.get_app_configs() if config.name in ("agentversions", "telephony", "dashboard")
    }
    assert {label for label in mine if apps.get_app_config(label).models} == set(OURS)
