"""What `manage.py check` says to whoever runs the server."""

import pytest
from django.core.checks import run_checks
from django.db import connection
from pytest_django import Settings

from agentversions import guards

pytestmark = pytest.mark.django_db  # Django's own checks ask the database what it can do


def said(databases: list[str] | None = None) -> set[str | None]:
    """The ids of the messages."""
    return {message.id for message in run_checks(databases=databases)}


def test_sqlite_is_for_one_machine_at_home(settings: Settings) -> None:
    assert ("agentversions.W001" in said()) == (connection.vendor == "sqlite")
    settings.DEBUG = True
    assert "agentversions.W001" not in said()


def test_a_key_that_encrypts_nothing_is_an_error(settings: Settings) -> None:
    assert "agentversions.E001" not in said()
    settings.ENCRYPTION_KEYS = ["too short"]
    assert "agentversions.E001" in said()


def test_a_database_that_lost_its_guards_says_so() -> None:
    assert "agentversions.W002" not in said(databases=["default"])
    guards.remove(connection)
    assert "agentversions.W002" in said(databases=["default"])
