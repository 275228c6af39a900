"""How long a project's calls keep what is somebody's, and forgetting it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter, sleep
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection as database
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from agentversions.access import Act, require
from agentversions.history import Confirmation, record
from agentversions.models import Action, Project
from agentversions.refusals import AlreadyDone, Invalid
from telephony.forgetting import forget
from telephony.models import Call, CallEvent, Retention, kept

LONGEST = 3_650
"""Days: ten years."""
BATCH = 500
"""Calls forgotten in one transaction."""
AGAIN = timedelta(days=1)
"""How far behind the last run's end the next one begins: longer than any call, and than an outage is remembered."""

type Progress = Callable[[int, datetime], None]
"""Told after each batch how many calls were forgotten, and when the last of them began."""


@atomic
def set_retention(project: Project, days: int | None, *, by: User, key: UUID | None = None) -> Retention:
    """Let a project's calls be forgotten so many days after they are over, or keep them for ever (None).

    What has been forgotten by then stays forgotten.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    require(by, Act.ADMINISTER, project)
    confirmation = Confirmation.of(key, "set_retention", project=project.pk, days=days or 0)
    rule = _locked(project) or Retention(project=project)
    if confirmation.earlier(by):
        return rule
    if rule.days == (None if days is None else checked(days)):
        raise AlreadyDone(f"Calls are kept {kept(days)} already.")
    rule.days, rule.changed_by = days, by
    rule.save()
    record(Action.RETENTION_SET, by=by, project=project, particulars={"days": days}, confirmation=confirmation)
    return rule


def checked(days: int) -> int:
    """A number of days that makes sense; raises Invalid."""
    if not 1 <= days <= LONGEST:
        raise Invalid(f"Type a number of days from 1 to {LONGEST:,}, or keep calls for ever.")
    return days


def forget_calls(project: Project, progress: Progress | None = None) -> int:
    """Forget the calls that a project's rule keeps no longer; how many there were. Run by the operator's clock.

    A batch is a transaction of its own, so that it can be stopped at any time and goes on from there; two that run at
    once take turns. The rule is read anew under its lock each time: once it keeps more, no more is forgotten.
    """
    now, done, since = timezone.now(), 0, None
    while True:
        began = perf_counter()
        with atomic():
            rule = _locked(project)
            horizon = rule.horizon(now) if rule else None
            if rule is None or horizon is None:
                return done
            since = since or resumes(rule)
            batch = list(due(rule, horizon, since)[:BATCH].values_list("pk", "started_at"))
            forget([pk for pk, _ in batch], now)
            since = batch[-1][1] if batch else horizon
            Retention.objects.filter(pk=rule.pk).update(forgotten_until=max(since, rule.forgotten_until or since))
        if not batch:
            _forget_strays(project, horizon)
            return done
        done += len(batch)
        if progress:
            progress(done, since)
        if database.vendor == "sqlite":  # it has one writer at a time: half of the time is the phones'
            sleep(perf_counter() - began)


def resumes(rule: Retention) -> datetime | None:
    """From when on the next run looks at calls; None for from the first on."""
    return rule.forgotten_until - AGAIN if rule.forgotten_until else None


def due(rule: Retention, horizon: datetime, since: datetime | None = None) -> QuerySet[Call]:
    """The calls to be forgotten that began at `since` or later, oldest first: none that may be in progress."""
    calls = Call.objects.filter(
        project=rule.project_id, started_at__lt=horizon, overdue_at__lt=horizon.timestamp(), forgotten_at=None
    )
    return (calls.filter(started_at__gte=since) if since else calls).order_by("started_at", "pk")


def _forget_strays(project: Project, horizon: datetime) -> None:
    """Delete reports as old that never met a call: of those nothing is told but what they say."""
    strays = CallEvent.objects.filter(call=None, connection__project=project, received_at__lt=horizon).order_by("pk")
    while some := list(strays.values_list("pk", flat=True)[:BATCH]):
        CallEvent.objects.filter(pk__in=some, call=None).delete()


def _locked(project: Project) -> Retention | None:
    return Retention.objects.select_for_update(of=("self",)).filter(project=project).first()
