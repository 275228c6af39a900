"""`manage.py restore FILE`: what a backup holds, in the place of what is here."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from agentversions.backups import Unfit, restore


class Command(BaseCommand):
    """Restores a backup, whole or not at all, and verifies what is there then."""

    help = "Put a backup's contents in the place of an empty database's, then verify them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where from, and whether what is here may go."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="Let go of everything that is in the database now.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore and verify. Raises CommandError when nothing was restored, or when what was restored isn't right."""
        del args
        try:
            about = restore(options["file"], replace=options["replace"])
        except (Unfit, OSError) as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"Restored what was backed up at {about.made_at}. Now restart phone and pages.")
        call_command("verify", stdout=self.stdout)
