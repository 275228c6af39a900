"""Reads the addresses in the environment into the dictionaries that Django's settings want."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def switch(name: str) -> bool:
    """Whether a switch in the environment is on. Raises ImproperlyConfigured for what is neither yes nor no.

    A switch such as DEBUG that is meant to be off must never be on by a spelling.
    """
    said = os.environ.get(name, "").strip().lower()
    if said in ("1", "true", "yes", "on"):
        return True
    if said in ("", "0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0.")


def database(url: str, *, embedded: Path, threads: int) -> dict[str, Any]:
    """The DATABASES entry for a postgres:// address, or for the embedded SQLite file when there is none.

    A sqlite:///path address is read too. Raises ImproperlyConfigured for any other scheme.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "sqlite"):
        path = Path(unquote(parts.path)) if url else embedded
        path.parent.mkdir(parents=True, exist_ok=True)
        return _sqlite(path)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// (or be left out for SQLite).")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host", parts.hostname or "")),
        "PORT": str(parts.port or query.get("port", "")),
        # The pool opens lazily, in the worker that uses it: it must never be shared across a fork.
        "OPTIONS": {"pool": {"min_size": 1, "max_size": threads, "timeout": 10}},
    }


def _sqlite(path: Path) -> dict[str, Any]:
    """One writer at a time, taken at the start of the transaction, so that two saves wait instead of failing."""
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas},
        # A file, since an in-memory database can't be shared by a server's threads.
        "TEST": {"NAME": path.with_name("test.sqlite3")},
    }


def mailer(url: str, *, development: bool) -> dict[str, Any]:
    """The MAILERS entry for an smtp:// or smtps:// address; without one the console, as `check --deploy` warns."""
    if not url:
        console = "dashboard.mail.ReadableConsole" if development else "django.core.mail.backends.console.EmailBackend"
        return {"BACKEND": console}
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname or "localhost",
            "port": parts.port or (465 if secure else 587),
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_ssl": secure,
            "use_tls": not secure and bool(parts.username),
            # One that doesn't answer holds up nobody else's e-mail for ever.
            "timeout": 20,
        },
    }
