"""`manage.py backup FILE`: the whole database in one file, and the name of the other thing to keep."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agentversions.backups import About, Unfit, write


class Command(BaseCommand):
    """Writes a backup beside a running server. It never holds the keys."""

    help = "Back the whole database up into one file. Keep ENCRYPTION_KEYS too, somewhere else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("file", type=Path, help="Written whole, or not at all; only you may read it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write, then say what else to keep. Raises CommandError when nothing could be written."""
        del args
        path: Path = options["file"]
        try:
            about = write(path)
        except (Unfit, OSError) as problem:
            raise CommandError(f"Nothing was backed up: {problem}") from None
        rows = sum(table.rows for table in about.tables.values())
        self.stdout.write(f"{path} holds the database: {rows:,} rows in {len(about.tables)} tables.")
        self.stdout.write(self._keys(about))

    def _keys(self, about: About) -> str:
        if not about.keys:
            words = "No secret is sealed in it yet. Keep ENCRYPTION_KEYS all the same, and apart from it."
        else:
            keys = ", ".join(f"{name} ({count} secrets)" for name, count in about.keys.items())
            words = f"It doesn't hold the keys. Keep ENCRYPTION_KEYS too, and apart from it: this needs {keys}."
        if about.lost:
            words += f"\n{about.lost} secrets in it are lost already: no key at hand opens them (manage.py verify)."
        return f"{words}\nSECRET_KEY isn't in it either; with a new one people sign in again."
