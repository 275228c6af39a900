"""What must always be true of numbers, calls and their sums; pointers to versions are verified with all others."""

from datetime import timedelta

from django.db.models import F, Model, QuerySet
from django.utils import timezone

from agentversions.models import Project, Version
from agentversions.verifying import CHECKS, Findings, named
from telephony.models import Call, PhoneNumber, Retention
from telephony.operations.retention import due
from telephony.routing import unsettled
from telephony.tallying import amiss


def own_project() -> Findings:
    """A number, and a call, belongs to an agent of its connection's project."""
    for model in (PhoneNumber, Call):
        having: QuerySet[Model] = QuerySet(model).exclude(agent=None)
        strays = having.exclude(agent__project=F("connection__project")).order_by("pk")
        for pk in strays.values_list("pk", flat=True).iterator():
            yield f"{named(model, pk)}: its agent is in another project than its connection."


LATE = timedelta(days=3)


def forgotten_in_time() -> Findings:
    """What a project's rule doesn't keep is forgotten by the next days: `forget_calls` runs daily."""
    now = timezone.now()
    for rule in Retention.objects.filter(changed_at__lt=now - LATE).select_related("project").order_by("pk"):
        horizon = rule.horizon(now - LATE)
        if horizon and due(rule, horizon).exists():
            kept = f"calls are kept {rule}, and some are older by more than {LATE.days} days"
            yield f"{named(Project, rule.project_id)}: {kept}. Let forget_calls run every day."


SOON = timedelta(minutes=5)


def summed_up() -> Findings:
    """The sums by version and hour are what the calls add up to."""
    for version, hour in amiss():
        yield f"{named(Version, version)}: its sums of {hour}:00 UTC aren't what its calls add up to. Run recount."


def settled() -> Findings:
    """What was reported of a call has moved it."""
    for call in unsettled(timezone.now() - SOON):
        yield f"{named(Call, call)}: something was reported of it that hasn't moved it. Run recount."


CHECKS.extend((own_project, forgotten_in_time, settled, summed_up))
