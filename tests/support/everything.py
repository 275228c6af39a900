"""Every check and every test, one after the other: what `./dev test` runs, and what a change must pass.

A failure stops nothing: all steps run, and the last lines say which failed.
"""

import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from tests.support import sip
from tests.support.processes import run

PACKAGES = ["agentversions", "telephony", "dashboard", "tests", "manage.py"]
RESULTS = Path("test-results")  # traces and pictures of what failed in the browser


@dataclass(frozen=True)
class Step:
    """A command that must succeed, and what it finds in its environment beside ours."""

    name: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def succeeds(self) -> bool:
        """Run it with this Python, in the foreground."""
        return run([sys.executable, *self.arguments], {**os.environ, **self.environment}) == 0


def steps() -> Iterator[Step]:
    """The checks, quickest first, then the tests on both databases."""
    development = {"DEBUG": "1", "DATABASE_URL": ""}
    lint_imports = "from importlinter.cli import lint_imports_command as lint; lint()"
    # Half a minute on a bad network is as long as a thousand other stories: who is done takes over from the others.
    pytest = ["-m", "pytest", "-n", "auto", "--maxprocesses=4", "--dist=worksteal"]
    on_postgres = ["-m", "tests.support.postgres", "--"]

    yield Step("ruff check", ["-m", "ruff", "check"])
    yield Step("ruff format", ["-m", "ruff", "format", "--check"])
    yield Step("import-linter", ["-c", lint_imports], development)
    yield Step("djlint", ["-m", "djlint", "templates", "--lint"])
    yield Step("mypy", ["-m", "mypy", *PACKAGES], development)
    yield Step("migrations", ["manage.py", "makemigrations", "--check", "--dry-run"], development)
    yield Step("deployment", ["manage.py", "check", "--deploy", "--fail-level", "WARNING"], _production())
    yield Step("Chromium", ["-m", "tests.support.chromium"])
    yield Step("Kamailio and sipp", ["-m", "tests.support.sip"])
    yield Step("pytest on SQLite", [*pytest, f"--output={RESULTS}/sqlite"], {"DATABASE_URL": ""})
    yield Step("pytest on PostgreSQL", [*on_postgres, sys.executable, *pytest, f"--output={RESULTS}/postgres"])


def _production() -> dict[str, str]:
    """What an operator sets."""
    return {
        "DEBUG": "",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_BASE_URL": "https://agents.example.com",
        "DATABASE_URL": "postgres://app:secret@database/app",
        "EMAIL_URL": "smtp://app:secret@mail.example.com",
    }


def main() -> int:
    """Run all steps; returns 1 when one has failed."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    failed = []
    for step in steps():
        _say(f"\n── {step.name}")
        began = time.monotonic()
        if not step.succeeds():
            failed.append(step.name)
            _say(f"── {step.name} FAILED after {time.monotonic() - began:.0f} s")
    _say(f"\nFAILED: {', '.join(failed)}" if failed else "\nEverything passed, on SQLite and on PostgreSQL.")
    if told := sip.skipped():
        _say(told)
    return 1 if failed else 0


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="agentversions-") as directory:
        os.environ["VAR_DIR"] = directory  # The checks open a database: not the one people work with.
        try:
            sys.exit(main())
        except KeyboardInterrupt:
            sys.exit("\nStopped.")
