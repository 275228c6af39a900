"""What Django's `check` says about an installation."""

from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connection, connections

from agentversions import guards


@register()
def database(**_: Any) -> list[CheckMessage]:
    """SQLite takes one writer at a time, and lies on one machine."""
    if settings.DEBUG or connection.vendor != "sqlite":
        return []
    cure = "Set DATABASE_URL to a PostgreSQL address; the README says how."
    said = "SQLite is for trying Agent Versions, and for one machine at home."
    return [checks.Warning(said, hint=cure, id="agentversions.W001")]


@register(Tags.database)
def guarded(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """The database must refuse by itself to change history; a migration that failed half way may have lifted that."""
    lacking = [name for alias in databases or () for name in guards.missing(connections[alias])]
    if not lacking:
        return []
    said = f"The database doesn't guard its history: {', '.join(lacking)} is missing."
    return [checks.Warning(said, hint="Run migrate once more.", id="agentversions.W002")]


@register()
def encryption_keys(**_: Any) -> list[CheckMessage]:
    """Every key must be one that the connections' secrets can be encrypted with."""
    try:
        for key in settings.ENCRYPTION_KEYS:
            Fernet(key)
    except ValueError:
        cure = "The README has the command that makes one."
        said = "ENCRYPTION_KEYS holds something that is not a Fernet key."
        return [checks.Error(said, hint=cure, id="agentversions.E001")]
    return []
