"""What the page of how long calls are kept knows, and what another rule would do."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Sum
from django.utils import timezone

from agentversions.models import Project
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.models import Call, Retention, Tally
from telephony.verifying import LATE

COUNTED = 10_000
"""Calls that are counted one by one; of more the sums tell about how many they are."""
OFFERED = 90
"""Days in the field while there is no rule."""


@dataclass(frozen=True)
class Reach:
    """How many calls a rule would forget at its next run, and whether they were counted or are about as many."""

    before: datetime
    calls: int
    about: bool


def retention(user: User, of: Project) -> Context:
    """The rule, who set it, and how far it has been carried out."""
    rule = Retention.objects.filter(project=of).select_related("changed_by").first()
    return projects.project(user, of) | {
        "rule": rule,
        "days": (rule and rule.days) or OFFERED,
        "late": rule and _late(rule),
    }


def shortens(of: Project, days: int | None) -> bool:
    """Whether a rule forgets what the present one keeps."""
    now = Retention.objects.filter(project=of).values_list("days", flat=True).first()
    return days is not None and (now is None or days < now)


def reach(of: Project, days: int) -> Reach:
    """What a rule of so many days would forget that isn't forgotten yet."""
    before = timezone.now() - timedelta(days=days)
    since = Retention.objects.filter(project=of).values_list("forgotten_until", flat=True).first()
    calls = Call.objects.filter(project=of, started_at__lt=before)
    sums = Tally.objects.filter(agent__project=of, hour__lt=before)
    if since:
        calls, sums = calls.filter(started_at__gte=since), sums.filter(hour__gte=since)
    count = calls.order_by()[: COUNTED + 1].count()
    if count <= COUNTED:
        return Reach(before, count, about=False)
    return Reach(before, max(round(sums.aggregate(all=Sum("calls"))["all"] or 0, -3), count), about=True)


def _late(rule: Retention) -> bool:
    """Whether nobody has carried it out for days, so that the page must not say that calls are forgotten."""
    horizon = rule.horizon(timezone.now() - LATE)
    if horizon is None or rule.changed_at > timezone.now() - LATE:
        return False
    return rule.forgotten_until is None or rule.forgotten_until < horizon
