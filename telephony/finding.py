"""Finds calls among very many: by who carried, answered and placed them, by how they went, and by when.

Calls come newest first, a page at a time, and each page reads a bounded number of rows. What has an index of its own is
read from it. What sums count is looked for only in the hours in which there was any. For the rest the newest so many
are looked through, and the page tells how far back that reached.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils import timezone

from agentversions.history import Span, lived
from agentversions.models import Agent, Project, Version
from telephony import numbers
from telephony.models import ENDED, Call, Missed, PhoneNumber, Tally
from telephony.tallying import on_the_hour

IN_PROGRESS, OVER, NO_END, MISSED = "in_progress", "over", "no_end", "missed"
STATUSES = (IN_PROGRESS, OVER, NO_END, MISSED, *ENDED, *(f"{MISSED}:{reason}" for reason in Missed))
"""How a call stands: on its way, or not; never reported as ended, not answered (for a reason), or how it ended."""
REVIEWED = "reviewed"
FACTS: dict[str, tuple[Q, str]] = {
    "transferred": (Q(transferred=True), "transferred"),
    "voicemail": (Q(voicemail=True), "voicemail"),
    "success": (Q(success=True), "successes"),
    "failure": (Q(success=False), "failures"),
    "cost": (Q(cost__isnull=False), "priced"),
    REVIEWED: (Q(review__isnull=False), ""),
}
"""What else can be wanted of a call: the condition, and the sum that counts such calls, if there is one."""
LOOKED, LOOKED_MISSED = 10_000, 1_000
"""Of what no sum counts, calls that are looked through at a time; missed ones lie far apart."""
HOURS, PAIRS = 30, 200
"""Of what sums count, hours that are looked through at a time; and of their versions, how many apart."""
BACK = timedelta(days=2), timedelta(days=31)
"""How far back all agents' sums are looked through at a time: the longer if the shorter doesn't do."""
OWN_BACK = (timedelta(days=184),)
"""How far back those of one agent are."""
LONGEST = timedelta(days=1)
"""No call in progress began before: a version's longest call and the grace are shorter."""
FEW = 50
"""Calls of one provider's id, each of another connection."""
HOUR = timedelta(hours=1)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any call of ours: arithmetic with earlier moments may run out of years."""
COUNTED, SUMMED = 10_000, 500_000
"""To tell how many calls there are: those that are counted one by one, and the sums that are added up."""
_SPELLED = re.compile(r"[+(]?[0-9][0-9 ().\-/]{4,30}", re.ASCII)
"""A number as people write it, with whatever between its digits."""


@dataclass(frozen=True)
class Wanted:
    """Which calls of a project. What is left empty may be anything.

    No version answered a missed call: those of a version rang while it was live.
    """

    agent: Agent | None = None
    version: Version | None = None
    number: PhoneNumber | None = None
    status: str = ""
    fact: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""

    @property
    def columns(self) -> list[str]:
        """The sums that count such calls, if any do: of calls that ended."""
        fact = FACTS[self.fact][1] if self.fact and self.status not in (IN_PROGRESS, NO_END) else ""
        return [column for column in (self.status if self.status in ENDED else "", fact) if column]

    @property
    def is_summed(self) -> bool:
        """Whether one sum counts just such calls."""
        return len(self.columns) == 1 and not (self.number or self.text)

    @property
    def is_missed(self) -> bool:
        """Whether only missed calls are wanted."""
        return self.status.startswith(MISSED)

    @cached_property
    def spans(self) -> list[Span]:
        """When the version was live whose missed calls are wanted, oldest first; else none."""
        if not (self.is_missed and self.version):
            return []
        return lived([self.version]).get(self.version.number, [])

    @property
    def earliest(self) -> datetime | None:
        """What began before isn't wanted."""
        return max(filter(None, [self.since, *(span.since for span in self.spans[:1])]), default=None)

    @property
    def latest(self) -> datetime | None:
        """What began then or later isn't wanted."""
        return min(filter(None, [self.until, *(span.until for span in self.spans[-1:])]), default=None)

    @property
    def looks(self) -> bool:
        """Whether what one index finds has to be looked through for the rest."""
        beside = self.number and (self.agent or self.version or self.is_missed)
        reason = self.status.startswith(f"{MISSED}:") or (self.is_missed and self.version)
        return not self.text and bool(beside or reason or self.status == NO_END or self.fact == REVIEWED)


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
    if any(moment < EVER for moment in (wanted.latest, before) if isinstance(moment, datetime)):
        return Found([])
    last = Call.objects.only("started_at").get(pk=before, project=project) if isinstance(before, UUID) else None
    earlier = before if isinstance(before, datetime) else None
    # What is earlier than one of these may be wanted; as old as the last call, others may be.
    bounds = (wanted.latest, earlier, last.started_at + timedelta.resolution if last else None)
    reached, looked = _bounded(project, wanted, min((moment for moment in bounds if moment), default=None), most)
    calls = matching(project, wanted).filter(looked)
    if last:
        calls = calls.filter(behind(last))
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
    columns = wanted.columns or ["calls"]
    if len(columns) > 1 or wanted.number or wanted.text or wanted.fact == REVIEWED:
        return None
    if wanted.status and wanted.status not in ENDED:
        return None
    tallies = _tallies(project, wanted)
    if wanted.since and wanted.since > EVER:
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


def behind(call: Call) -> Q:
    """What comes after a call in that order. The first condition is what an index can go to."""
    return Q(started_at__lte=call.started_at) & (Q(started_at__lt=call.started_at) | Q(pk__lt=call.pk))


def matching(project: Project, wanted: Wanted) -> QuerySet[Call]:
    """All the wanted calls, in no order, with what a row shows of them."""
    calls = _standing(_of(project, wanted), wanted.status)
    if wanted.agent:
        calls = calls.filter(agent=wanted.agent)
    if wanted.version:
        calls = calls.filter(_within(wanted.spans) if wanted.is_missed else Q(version=wanted.version))
    if wanted.since:
        calls = calls.filter(started_at__gte=wanted.since)
    if wanted.until:
        calls = calls.filter(started_at__lt=wanted.until)
    if wanted.fact:
        calls = calls.filter(FACTS[wanted.fact][0])
    if wanted.columns:
        calls = calls.filter(status__in=ENDED, missed="")  # as the sums count them
    if wanted.text:
        calls = calls.filter(_named(project, wanted.text.strip()))
    return calls.select_related("number", "agent", "version").defer("version__configuration")


def _of(project: Project, wanted: Wanted) -> QuerySet[Call]:
    """By the one index that tells most."""
    if wanted.number:
        return Call.objects.filter(number=wanted.number)
    if wanted.version and not wanted.is_missed:
        return Call.objects.filter(version=wanted.version)
    if agent := wanted.agent or (wanted.version and wanted.version.agent):
        return Call.objects.filter(agent=agent)
    return Call.objects.filter(project=project)


def _within(spans: Iterable[Span]) -> Q:
    """Calls that began in one of these."""
    within = Q(pk__in=[])
    for span in spans:
        within |= Q(started_at__gte=span.since) & (Q(started_at__lt=span.until) if span.until else Q())
    return within


def _standing(calls: QuerySet[Call], status: str) -> QuerySet[Call]:
    now = timezone.now()
    overdue, missed = Q(overdue_at__lte=now.timestamp()), ~Q(missed="")
    kind, _, reason = status.partition(":")
    match kind:
        case "":
            return calls
        case "in_progress":
            return calls.filter(~overdue, ~missed, started_at__gt=now - LONGEST).exclude(status__in=ENDED)
        case "over":
            return calls.filter(missed | Q(status__in=ENDED) | overdue)
        case "no_end":
            return calls.filter(overdue, ~missed).exclude(status__in=ENDED)
        case "missed":
            return calls.filter(missed, missed=reason) if reason else calls.filter(missed)
        case _:
            return calls.filter(~missed, status=kind)


def _named(project: Project, text: str) -> Q:
    """A call by our id or its provider's; else the calls to a number of the project's, else those of a caller."""
    try:
        return Q(pk=UUID(text))
    except ValueError:
        pass
    number = numbers.spelled(re.sub(r"[^0-9+]", "", text) if _SPELLED.fullmatch(text) else text)
    if ours := list(PhoneNumber.objects.filter(connection__project=project, number=number)):
        return Q(number__in=ours)
    known = Call.objects.filter(connection__project=project, provider_call_id=text).values_list("pk", flat=True)
    return Q(pk__in=list(known[:FEW])) if known else Q(project=project, caller=number)


def _bounded(project: Project, wanted: Wanted, until: datetime | None, most: int) -> tuple[datetime | None, Q]:
    """Where to look for what has no index of its own; and how far back that reaches, if there is something older."""
    now = timezone.now()
    if wanted.columns:
        return _hours(project, wanted, min(until or now, now), most)
    if not wanted.looks:
        return None, Q()
    calls, most = _of(project, wanted), LOOKED
    if wanted.is_missed and not wanted.number:  # which has no index of their missed calls
        calls, most = calls.filter(~Q(missed="")), LOOKED_MISSED
    newest = newest_first(calls.filter(started_at__lt=until) if until else calls)
    reached = newest.values_list("started_at", flat=True)[most - 1 : most].first()
    if not reached or (wanted.earliest and reached < wanted.earliest):
        return None, Q()
    return reached, Q(started_at__gte=reached)


def _hours(project: Project, wanted: Wanted, until: datetime, most: int) -> tuple[datetime | None, Q]:
    """The newest hours in which there were such calls: as many as hold enough, or as are looked through at a time."""
    tallies = _tallies(project, wanted).filter(hour__lt=until, **{f"{column}__gt": 0 for column in wanted.columns})
    if wanted.since and wanted.since > EVER:
        tallies = tallies.filter(hour__gt=wanted.since - HOUR)
    # All agents' sums have no order of time: those of a while are read for the newest. Mostly the last days do.
    for back in OWN_BACK if wanted.version or wanted.agent else BACK:
        reached = on_the_hour(until - back)
        if cut := _cut(tallies.filter(hour__gte=reached)):
            reached = cut
            break
    newest = tallies.filter(hour__gte=reached).order_by("-hour")
    rows = list(newest.values_list("version", "hour", *wanted.columns)[: PAIRS + 1])
    hours = list(dict.fromkeys(hour for _, hour, *_ in rows))
    if len(rows) > PAIRS:
        reached, within = hours[-1], _any((hour, Q()) for hour in hours)
    else:
        enough = _enough(rows, on_the_hour(until), most) if wanted.is_summed else None
        reached = enough or reached
        within = _any((hour, Q(version=version)) for version, hour, *_ in rows if not enough or hour >= enough)
    older = not wanted.since or wanted.since < reached
    return (reached if older and _of(project, wanted).filter(started_at__lt=reached).exists() else None), within


def _cut(tallies: QuerySet[Tally]) -> datetime | None:
    """The hour of the last of as many sums as are looked through at a time; None if there are fewer."""
    return tallies.order_by("-hour").values_list("hour", flat=True)[HOURS - 1 : HOURS].first()


def _enough(rows: Iterable[tuple[Any, ...]], first: datetime, most: int) -> datetime | None:
    """The hour down to which there are more calls than wanted; those of the first may lie behind already."""
    held, last = 0, first + HOUR
    for _, hour, count in rows:
        if hour < last and held > most:
            return last
        last, held = hour, held + (count if hour < first else 0)
    return None


def _any(hours: Iterable[tuple[datetime, Q]]) -> Q:
    """In any of these hours, with what holds in it."""
    within = Q(pk__in=[])
    for hour, beside in hours:
        within |= beside & Q(started_at__gte=hour, started_at__lt=hour + HOUR)
    return within


def _tallies(project: Project, wanted: Wanted) -> QuerySet[Tally]:
    """The sums by the one index that tells most."""
    if wanted.version:
        return Tally.objects.filter(version=wanted.version)
    if wanted.agent:
        return Tally.objects.filter(agent=wanted.agent)
    return Tally.objects.filter(agent__in=list(Agent.objects.filter(project=project)))
