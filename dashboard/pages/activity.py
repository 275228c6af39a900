"""What the pages of what was done know: all of it, or what an address asks for; and the same as CSV."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from agentversions import access
from agentversions.history import sentence, visible
from agentversions.models import Action, Agent, Event, Project
from dashboard.exports import Columns, Export, batches, counted
from dashboard.forms import uuid_or_none
from dashboard.moments import UTC_ZONE, begins, bound, zone_named
from dashboard.pages import editor, projects
from dashboard.pages.projects import Context

ACTIVITY_PAGE = 50
LONGEST_NAME = 150
WHAT: Mapping[str, tuple[str, tuple[Action, ...]]] = {
    "publishing": ("Publishing", (Action.PUBLISHED, Action.UNPUBLISHED)),
    "versions": ("Versions", (Action.VERSION_SAVED, Action.VERSION_RENAMED)),
    "agents": (
        "Agents",
        (Action.AGENT_CREATED, Action.AGENT_RENAMED, Action.AGENT_DUPLICATED, Action.AGENT_ARCHIVED),
    ),
    "phone": (
        "Numbers and connections",
        (
            *(Action.CONNECTION_ADDED, Action.CONNECTION_CHANGED, Action.NUMBER_ADDED),
            *(Action.NUMBER_ASSIGNED, Action.NUMBER_UNASSIGNED),
        ),
    ),
    "project": (
        "People and project",
        (
            *(Action.PROJECT_CREATED, Action.PROJECT_SUSPENDED, Action.PROJECT_RESUMED, Action.ROLE_SET),
            *(Action.MEMBER_REMOVED, Action.SECRET_SET, Action.SECRET_REMOVED, Action.RETENTION_SET),
        ),
    ),
    "drafts": (
        "My drafts",
        (
            *(Action.EDITED_INTO_DRAFT, Action.DRAFT_DISCARDED, Action.DRAFT_BROUGHT_BACK),
            *(Action.MERGED_PUBLISHED, Action.DRAFT_RESOLVED),
        ),
    ),
}
"""What can be looked for: its words, and which acts it is. Every act is in one of them."""

PERIODS = {"today": "Today", "week": "7 days", "month": "This month", "last_month": "Last month"}
ANY_TIME = "any"


@dataclass(frozen=True)
class Asked:
    """Which acts an address asks for: what, whose, on which agent; from the first day to the last, in a zone."""

    agent: UUID | None = None
    what: str = ""
    who: str = ""
    period: str = ""
    first: str = ""
    last: str = ""
    zone: ZoneInfo = UTC_ZONE
    since: datetime | None = None
    until: datetime | None = None
    problem: str = ""

    @classmethod
    def read(cls, asked: QueryDict) -> Self:
        """From an address; of days that can't be read it tells. Raises Hostile for an id that is none."""
        what, zone = asked.get("what", ""), zone_named(asked.get("zone", ""))
        first, last = (asked.get(name, "").strip()[:40] for name in ("from", "to"))
        # A period that was pressed counts before days that stand there, and those before the period that held.
        period = asked.get("period") or ("" if first or last else asked.get("over", ""))
        if period == ANY_TIME:
            first = last = ""
        known = cls(
            agent=uuid_or_none(asked.get("agent", "")),
            what=what if what in WHAT else "",
            who=asked.get("who", "").strip().replace("\0", "")[:LONGEST_NAME],
            zone=zone,
        )
        if period in PERIODS:
            day, end = _period(period, timezone.now().astimezone(zone).date())
            return replace(known, period=period, since=begins(day, zone), until=begins(end, zone) if end else None)
        known = replace(known, first=first, last=last)
        try:
            since = bound(first, zone) if first else None
            until = bound(last, zone, last=True) if last else None
        except (ValueError, OverflowError):
            return replace(known, problem="A day can't be read. Type it as 2026-11-23.")
        problem = "The time ends before it begins." if since and until and since >= until else ""
        return replace(known, since=since, until=until, problem=problem)

    @property
    def chosen(self) -> bool:
        """Whether anything less than all is asked for."""
        return bool(self.agent or self.what or self.who or self.since or self.until or self.problem)

    def of(self, events: QuerySet[Event], user: User) -> QuerySet[Event]:
        """Those of the events, newest first; never what others did with their drafts."""
        if self.problem:
            return events.none()
        if self.agent:
            events = events.filter(agent=self.agent)
        if self.what:
            events = events.filter(action__in=WHAT[self.what][1])
        if self.who:
            # Asked first: whose acts they are tells the database how many.
            events = events.filter(actor__in=list(User.objects.filter(username=self.who)))
        if self.since:
            events = events.filter(at__gte=self.since)
        if self.until:
            events = events.filter(at__lt=self.until)
        return visible(events, user).order_by("-pk")


def _period(period: str, today: date) -> tuple[date, date | None]:
    """Its first day, and the first one after it."""
    month = today.replace(day=1)
    if period == "last_month":
        return (month - timedelta(days=1)).replace(day=1), month
    return {"today": today, "week": today - timedelta(days=6), "month": month}[period], None


def activity(user: User, of: Project, asked: Asked, *, before: int | None) -> Context:
    """What was done in a project, as far as it is asked for."""
    events = asked.of(Event.objects.filter(project=of), user)
    return (
        projects.project(user, of)
        | _acts(events, before)
        | {
            "asked": asked,
            "agents": Agent.objects.filter(project=of),
            "chosen_agent": _agent(user, of, asked),
            "people": User.objects.filter(pk__in=of.memberships.values("user")).order_by("username"),
            "what": [
                ("", "All", not asked.what),
                *((key, words, key == asked.what) for key, (words, _) in WHAT.items()),
            ],
            "periods": [
                (ANY_TIME, "Any time", not (asked.period or asked.first or asked.last)),
                *((key, words, key == asked.period) for key, words in PERIODS.items()),
            ],
        }
    )


def agent_activity(user: User, of: Agent, *, before: int | None) -> Context:
    """What was done to one agent."""
    events = visible(Event.objects.filter(agent=of), user).order_by("-pk")
    return editor.around(user, of) | _acts(events, before)


def _agent(user: User, of: Project, asked: Asked) -> Agent | None:
    return access.agent_of(user, of, asked.agent) if asked.agent else None


def _acts(events: QuerySet[Event], before: int | None) -> Context:
    if before is not None:
        events = events.filter(pk__lt=before)
    page = list(events[: ACTIVITY_PAGE + 1])
    shown = page[:ACTIVITY_PAGE]
    return {"events": shown, "earlier": shown[-1].pk if len(page) > ACTIVITY_PAGE else None}


def export(user: User, of: Project, asked: Asked) -> Export[Event]:
    """The same acts as the page's, all of them."""
    _agent(user, of, asked)
    events = asked.of(Event.objects.filter(project=of), user)
    return Export("activity", of, COLUMNS, batches(events, lambda event: Q(pk__lt=event.pk)), counted(events))


COLUMNS: Columns[Event] = {
    "id": lambda event: event.pk,
    "at": lambda event: event.at,
    "username": lambda event: event.actor.get_username(),
    "name": lambda event: event.actor.get_full_name(),
    "action": lambda event: event.action,
    "what": sentence,
    "agent_id": lambda event: event.agent_id,
    "agent": lambda event: event.agent.name if event.agent else None,
    "version": lambda event: event.version.number if event.version else None,
    "version_name": lambda event: event.version.name if event.version else None,
    "digest": lambda event: event.version.digest if event.version else None,
    "instead_of_version": lambda event: event.particulars.get("before") if event.action == Action.PUBLISHED else None,
    "note": lambda event: event.particulars.get("note"),
}
"""What is told of an act: its sentence and the little it needs, never all its particulars."""
