"""Finds calls among very many: by who carried, answered and placed them, by how they went, and by when.

Calls come newest first, a page at a time. What has an index of its own is read from it. What hasn't is looked for only
in the hours in which there was any, as the sums of calls know; else among so many of the newest at a time.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from agentversions.models import Agent, Project, Version
from telephony import numbers
from telephony.models import ENDED, Call, Missed, PhoneNumber, Tally

IN_PROGRESS, NO_END, MISSED = "in_progress", "no_end", "missed"
STATUSES = (IN_PROGRESS, NO_END, MISSED, *ENDED, *(f"{MISSED}:{reason}" for reason in Missed))
"""How a call stands: on its way, never reported as ended, not answered (for a reason), or how it ended."""
FACTS: dict[str, tuple[Q, str]] = {
    "transferred": (Q(transferred=True), "transferred"),
    "voicemail": (Q(voicemail=True), "voicemail"),
    "success": (Q(success=True), "successes"),
    "failure": (Q(success=False), "failures"),
    "cost": (Q(cost__isnull=False), "priced"),
    "reviewed": (Q(review__isnull=False), ""),
}
"""What else can be wanted of a call: the condition, and the sum that counts such calls, if there is one."""
LOOKED = 10_000
"""Of what no sum counts, calls that are looked through at a time."""
HOURS = 100
"""Of what sums count, hours that are looked through at a time, by version."""
BACK = timedelta(days=92)
"""How far back all agents' sums are looked through at a time."""
HOUR = timedelta(hours=1)
COUNTED, SUMMED = 10_000, 100_000
"""To tell how many calls there are: those that are counted one by one, and the sums that are added up."""
_SPELLED = re.compile(r"[+(]?[0-9][0-9 ().\-/]{4,30}", re.ASCII)
"""A number as people write it, with whatever between its digits."""


@dataclass(frozen=True)
class Wanted:
    """Which calls of a project. What is left empty may be anything."""

    agent: Agent | None = None
    version: Version | None = None
    number: PhoneNumber | None = None
    status: str = ""
    fact: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    def __bool__(self) -> bool:
        return self != Wanted()


@dataclass(frozen=True)
class Found:
    """Calls, newest first; and where to go on, if there may be more."""

    calls: list[Call]
    more: UUID | datetime | None = None
    """Behind a call, where there were enough; before a moment, where enough was looked through."""


type Reading = Callable[[QuerySet[Call]], QuerySet[Call]]
"""What to read of calls, and what of others along with them; never which."""


def found(
    project: Project,
    wanted: Wanted,
    *,
    most: int,
    before: UUID | datetime | None = None,
    reading: Reading = QuerySet.all,
) -> Found:
    """So many of the wanted calls, newest first, from before a moment or behind a call of the project.

    Few queries, each of which reads a bounded number of rows. Raises Call.DoesNotExist for a call of elsewhere.
    """
    last = Call.objects.only("started_at").get(pk=before, project=project) if isinstance(before, UUID) else None
    earlier = before if isinstance(before, datetime) else None
    bounds = (wanted.until, earlier, last.started_at if last else None)
    reached, looked = _bounded(project, wanted, min((moment for moment in bounds if moment), default=None))
    calls = matching(project, wanted).filter(looked)
    if last:
        calls = calls.filter(_behind(last))
    if earlier:
        calls = calls.filter(started_at__lt=earlier)
    rows = list(newest_first(reading(calls))[: most + 1])
    if len(rows) > most:
        return Found(rows[:most], rows[most - 1].pk)
    return Found(rows, reached)


def about(project: Project, wanted: Wanted) -> int | None:
    """About how many calls are wanted; None where a bounded number of rows doesn't tell.

    What an index holds together is counted, if it isn't much; else what the sums have of it: calls that ended, by hour.
    """
    if _together(wanted):
        counted = matching(project, wanted).order_by()[: COUNTED + 1].count()
        if counted <= COUNTED:
            return counted
    columns = _columns(wanted) or ["calls"]
    if len(columns) > 1 or wanted.number or wanted.text or wanted.fact == "reviewed":
        return None
    if wanted.status and wanted.status not in ENDED:
        return None
    tallies = _tallies(project, wanted)
    if wanted.since:
        tallies = tallies.filter(hour__gt=wanted.since - HOUR)
    if wanted.until:
        tallies = tallies.filter(hour__lt=wanted.until)
    told = tallies.order_by()[: SUMMED + 1].aggregate(calls=Sum(columns[0]), sums=Count("pk"))
    return (told["calls"] or 0) if told["sums"] <= SUMMED else None


def _together(wanted: Wanted) -> bool:
    """Whether an index leads to the wanted calls and to hardly any other."""
    if wanted.fact:
        return False
    of = [one for one in (wanted.agent or wanted.version, wanted.number, wanted.text) if one]
    if wanted.status == MISSED:
        return not of or (of == [wanted.agent] and not wanted.version)
    return wanted.status == IN_PROGRESS or (not wanted.status and len(of) <= 1)


def newest_first(calls: QuerySet[Call]) -> QuerySet[Call]:
    """In the order of every list."""
    return calls.order_by("-started_at", "-pk")


def _behind(call: Call) -> Q:
    # Said twice, as the first alone is what an index can begin at.
    return Q(started_at__lte=call.started_at) & (Q(started_at__lt=call.started_at) | Q(pk__lt=call.pk))


def matching(project: Project, wanted: Wanted) -> QuerySet[Call]:
    """All the wanted calls, in no order."""
    calls = _of(project, wanted)
    if wanted.number:
        calls = calls.filter(number=wanted.number)
    if wanted.since:
        calls = calls.filter(started_at__gte=wanted.since)
    if wanted.until:
        calls = calls.filter(started_at__lt=wanted.until)
    if wanted.fact:
        calls = calls.filter(FACTS[wanted.fact][0], status__in=ENDED, missed="")
    if wanted.text:
        calls = calls.filter(_named(project, wanted.text.strip()))
    return _standing(calls, wanted.status)


def _of(project: Project, wanted: Wanted) -> QuerySet[Call]:
    """By the one index that tells most."""
    if wanted.version:
        return Call.objects.filter(version=wanted.version)
    if wanted.agent:
        return Call.objects.filter(agent=wanted.agent)
    return Call.objects.filter(project=project)


def _standing(calls: QuerySet[Call], status: str) -> QuerySet[Call]:
    kind, _, reason = status.partition(":")
    match kind:
        case "":
            return calls
        case _ if kind == IN_PROGRESS:
            now = timezone.now().timestamp()
            return calls.filter(missed="", overdue_at__gt=now).exclude(status__in=ENDED)
        case _ if kind == NO_END:
            return calls.filter(missed="", overdue_at__lte=timezone.now().timestamp()).exclude(status__in=ENDED)
        case _ if kind == MISSED:
            calls = calls.filter(~Q(missed=""))
            return calls.filter(missed=reason) if reason else calls
        case _:
            return calls.filter(status=kind, missed="")


def _named(project: Project, text: str) -> Q:
    """A call by our id or its provider's; else the calls of a number of the project's, else those of a caller."""
    try:
        return Q(pk=UUID(text))
    except ValueError:
        pass
    digits = re.sub(r"[^0-9+]", "", text) if _SPELLED.fullmatch(text) else text
    number = numbers.spelled(digits)
    if ours := list(PhoneNumber.objects.filter(connection__project=project, number=number)):
        return Q(number__in=ours)
    theirs = Q(connection__project=project, provider_call_id=text)
    known = Call.objects.filter(theirs).values_list("pk", flat=True)[:FEW]
    return Q(pk__in=list(known)) if known else Q(project=project, caller=number)


FEW = 50
"""Calls of one id, each of another connection."""


def _bounded(project: Project, wanted: Wanted, until: datetime | None) -> tuple[datetime | None, Q]:
    """Where to look for what has no index of its own, and how far back that reaches, if there is something older."""
    if columns := _columns(wanted):
        return _hours(project, wanted, columns, until or timezone.now())
    if wanted.status != NO_END or wanted.text:
        return None, Q()
    newest = newest_first(_of(project, wanted).filter(started_at__lt=until) if until else _of(project, wanted))
    reached = newest.values_list("started_at", flat=True)[LOOKED - 1 : LOOKED].first()
    return reached, Q(started_at__gte=reached) if reached else Q()


def _columns(wanted: Wanted) -> list[str]:
    """The sums that count such calls."""
    fact = FACTS[wanted.fact][1] if wanted.fact else ""
    return [column for column in (wanted.status if wanted.status in ENDED else "", fact) if column]


def _hours(project: Project, wanted: Wanted, columns: list[str], until: datetime) -> tuple[datetime | None, Q]:
    """The newest hours in which there were such calls, by version."""
    tallies, since = _tallies(project, wanted), wanted.since
    tallies = tallies.filter(hour__lte=until, **{f"{column}__gt": 0 for column in columns})
    if not wanted.version and not wanted.agent:
        back = (until - BACK).replace(minute=0, second=0, microsecond=0)  # a whole hour: none is looked through twice
        since = max(since or back, back)
    if since:
        tallies = tallies.filter(hour__gt=since - HOUR)
    newest = tallies.order_by("-hour")
    cut = newest.values_list("hour", flat=True)[HOURS - 1 : HOURS].first()
    hours = (newest.filter(hour__gte=cut) if cut else newest).values_list("version", "hour")
    within = Q(pk__in=[])
    for version, hour in hours:
        within |= Q(version=version, started_at__gte=hour, started_at__lt=hour + HOUR)
    reached = cut or (since if since != wanted.since else None)
    older = reached and _of(project, wanted).filter(started_at__lt=reached).exists()
    return (reached if older else None), within


def _tallies(project: Project, wanted: Wanted) -> QuerySet[Tally]:
    """The sums by the one index that tells most."""
    if wanted.version:
        return Tally.objects.filter(version=wanted.version)
    if wanted.agent:
        return Tally.objects.filter(agent=wanted.agent)
    return Tally.objects.filter(agent__in=list(Agent.objects.filter(project=project)))
