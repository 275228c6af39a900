"""`manage.py verify`: whether what must always be true of what is stored is true."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agentversions.verifying import verify

EVERY = 5_000
"""Versions between two words about how far it has come."""


class Command(BaseCommand):
    """Tells a line a finding, and fails if there is one. It changes nothing, and may run beside the server."""

    help = "Check pointers, numbers, digests, secrets and sums; one line for each thing that is wrong."

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when something is wrong."""
        del args, options
        findings = 0
        for finding in verify(self._progress):
            findings += 1
            self.stdout.write(finding)
        if findings:
            raise CommandError(f"{findings} finding{'s' if findings > 1 else ''}.")
        self.stdout.write("Everything holds: pointers, numbers, digests, secrets and sums.")

    def _progress(self, done: int, total: int) -> None:
        if done % EVERY == 0 or done == total > EVERY:
            self.stdout.write(f"… {done:,} of {total:,} versions")
