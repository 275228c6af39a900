"""What the timeline knows: what answered the phone when, what changed it, and what to press; and any moment of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.utils import timezone

from agentversions import access
from agentversions.access import Act
from agentversions.models import Action, Agent, Project
from agentversions.turns import Standing, Turn, live_at, suspended_at, told, turns
from dashboard import addresses
from dashboard.moments import Moment
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.counting import EVER, Counted, counted

PAGE = 30
SHORT = timedelta(hours=12)
"""A span of at most this is told by the clock alone."""
AROUND = timedelta(minutes=30)
"""How far from a moment the calls around it are looked for."""


@dataclass(frozen=True)
class Row:
    """A turn as the timeline shows it: a span, or a thin line for what touched callers without being one."""

    turn: Turn
    counted: Counted
    now: datetime
    first: bool = False
    """Whether no act is offered above it."""

    @property
    def lasted(self) -> timedelta:
        """How long its span was, or is by now."""
        return (self.turn.until or self.now) - self.turn.event.at

    @property
    def short(self) -> bool:
        """Whether the clock alone tells its span."""
        return self.lasted <= SHORT

    @property
    def holds(self) -> bool:
        """Whether it still decides what its agent answers with."""
        return self.turn.is_turn and self.turn.until is None and self.turn.event.action != Action.AGENT_ARCHIVED

    @property
    def back(self) -> int | None:
        """The version to publish in order to go back: the one before what is live, or the last that was."""
        if not self.holds:
            return None
        return self.turn.other if self.turn.went_live else _number(self.turn)

    @property
    def urgent(self) -> bool:
        """Whether going back is what to press first: not where that was done already, and it would lead forth again."""
        return self.first and (not self.turn.went_live or (self.back or 0) < (_number(self.turn) or 0))

    @property
    def changed(self) -> bool:
        """Whether another version than before went live, which can be compared with that."""
        return self.turn.went_live and self.turn.previous not in (None, _number(self.turn))

    @property
    def calls_url(self) -> str:
        """The calls that its version handled then."""
        event, since, until = self.turn.event, self.turn.calls_since, self.turn.calls_until
        return addresses.calls(event.project_id, since, until, agent=event.agent_id, version=_number(self.turn))

    @property
    def missed_url(self) -> str:
        """The calls of its agent that nothing answered while it lasted."""
        event = self.turn.event
        return addresses.calls(event.project_id, event.at, self.turn.until, agent=event.agent_id, status="missed")


def _number(turn: Turn) -> int | None:
    return turn.event.version.number if turn.event.version else None


@dataclass(frozen=True)
class Stood:
    """How an agent stood at the moment that was asked about."""

    standing: Standing
    calls_url: str


def timeline(user: User, of: Project, moment: Moment, *, agent: UUID | None, before: int | None) -> Context:
    """A page of the project's timeline, newest first, and what was live at a moment, if that is asked.

    As many queries for any number of turns, agents and calls.
    """
    now, chosen = timezone.now(), access.agent_of(user, of, agent) if agent else None
    events = list(turns(of, chosen, before=before)[: PAGE + 1])
    known = projects.project(user, of)
    return known | {
        "rows": list(_rows(told(events[:PAGE]), now)),
        "earlier": events[PAGE - 1].pk if len(events) > PAGE else None,
        "agents": Agent.objects.filter(project=of),
        "chosen_agent": chosen,
        "publishers": "" if known["may"]["publish"] else ", ".join(access.names(access.able(Act.PUBLISH, of)[:3])),
        "moment": moment,
        **(_at(of, moment.at, now) if moment.at else {}),
    }


def _rows(page: list[Turn], now: datetime) -> Iterable[Row]:
    counts, offered = counted(page, now), False
    for turn in page:
        row = Row(turn, counts.get(turn.event.pk, Counted()), now, first=not offered)
        offered = offered or bool(row.back)
        yield row


def _at(of: Project, at: datetime, now: datetime) -> Context:
    """What each agent answered with at a moment that has come."""
    if at > now:
        return {"to_come": True}
    around = max(at, EVER) - AROUND, at + AROUND
    standings = live_at(of, at)
    stood = [
        Stood(standing, addresses.calls(of.pk, *around, agent=standing.agent.pk, version=_live(standing)))
        for standing in sorted(standings, key=lambda standing: not standing.was_live)
        if standing.turn
    ]
    return {
        "stood": stood,
        "never": [standing for standing in standings if not standing.turn],
        "was_suspended": suspended_at(of, at),
        "began": of.created_at <= at,
    }


def _live(standing: Standing) -> int | None:
    return standing.turn.version.number if standing.was_live and standing.turn and standing.turn.version else None
