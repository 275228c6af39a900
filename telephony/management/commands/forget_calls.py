"""`manage.py forget_calls`: forgets the calls that their projects keep no longer. Run it once a day."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from telephony.models import Retention
from telephony.operations import forget_calls
from telephony.operations.retention import due, resumes

EVERY = 10_000
"""Calls between two words about how far it has come."""


class Command(BaseCommand):
    """Goes through the projects that have a rule. It may be stopped at any time, and run twice at once."""

    help = "Forget the calls that are older than their project keeps them: who called, and every text."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Of which project, and whether only to count."""
        parser.add_argument("--project", type=UUID, help="The id of one project; without, all of them.")
        parser.add_argument("--dry-run", action="store_true", help="Only say how many there are.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Forget, and say how many of each project. Raises CommandError for a project without a rule."""
        del args
        for rule in self._rules(options["project"]):
            if options["dry_run"]:
                self._say(rule, self._count(rule), "would be forgotten")
            else:
                self._say(rule, self._forget(rule), "forgotten")

    def _rules(self, project: UUID | None) -> QuerySet[Retention]:
        rules = Retention.objects.exclude(days=None).select_related("project").order_by("project")
        if project is None:
            return rules
        if not rules.filter(project=project).exists():
            raise CommandError("There is no such project, or it keeps its calls for ever.")
        return rules.filter(project=project)

    def _count(self, rule: Retention) -> int:
        horizon = rule.horizon()
        return due(rule, horizon, resumes(rule)).count() if horizon else 0

    def _forget(self, rule: Retention) -> int:
        said = 0

        def progress(done: int, until: datetime) -> None:
            nonlocal said
            if done - said >= EVERY:
                said = done
                self.stdout.write(f"… {done:,}, up to {until:%d %B %Y, %H:%M} UTC")

        return forget_calls(rule.project, progress)

    def _say(self, rule: Retention, count: int, words: str) -> None:
        calls = f"{count:,} call{'' if count == 1 else 's'}"
        self.stdout.write(f"{rule.project} ({rule.project_id}) keeps calls {rule}: {calls} {words}.")
