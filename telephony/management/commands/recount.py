"""`manage.py recount`: counts the sums of calls by version and hour anew, where `verify` found some that are wrong.

Before that, calls are moved by what was reported of them, where a server died between keeping a report and that.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from telephony.models import Call, Tally
from telephony.routing import settle, unsettled
from telephony.tallying import SLICE, recount

EVERY = 10 * SLICE
"""Versions between two words about how far it has come."""


class Command(BaseCommand):
    """Counts some versions at a time, beside the server: only ends of calls wait meanwhile, and no ring does."""

    help = "Count the sums of calls by version and hour anew."

    def handle(self, *args: Any, **options: Any) -> None:
        """It may be stopped and begun again."""
        del args, options
        for call in unsettled(timezone.now()):
            settle(Call(pk=call))
        recount(self._progress)
        self.stdout.write(f"Counted anew: {Tally.objects.count():,} sums.")

    def _progress(self, version: int) -> None:
        if version // SLICE % (EVERY // SLICE) == 0:
            self.stdout.write(f"… up to version {version:,}")
