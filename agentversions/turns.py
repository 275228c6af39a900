"""What was live when, in a whole project: read from the facts alone, never guessed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, QuerySet, Subquery

from agentversions.history import TURNS
from agentversions.models import Action, Agent, Event, Project

TOUCHES = (
    Action.PROJECT_SUSPENDED,
    Action.PROJECT_RESUMED,
    Action.CONNECTION_CHANGED,
    Action.NUMBER_ASSIGNED,
    Action.NUMBER_UNASSIGNED,
    Action.SECRET_SET,
    Action.SECRET_REMOVED,
)
"""What callers can notice beside another version."""


@dataclass(frozen=True)
class Turn:
    """A fact that callers could notice; a publish or its like began a span, which lasted `until` the next (None: now).

    `previous` is the number of the version that was live last before it, `other` that of the last that is another
    version. A version's calls belong to the last of its spans that had begun by then: where it was live several times,
    those of this span began from `calls_since` on and before `calls_until`. (A call that rang while the publish was
    being written still got the version before it, though it began a moment later.)
    """

    event: Event
    until: datetime | None = None
    previous: int | None = None
    other: int | None = None
    calls_since: datetime | None = None
    calls_until: datetime | None = None

    @property
    def is_turn(self) -> bool:
        """Whether it changed what is live."""
        return self.event.action in TURNS

    @property
    def is_live(self) -> bool:
        """Whether its version is live now."""
        return self.event.action == Action.PUBLISHED and self.until is None

    @property
    def went_live(self) -> bool:
        """Whether it began the time of a version."""
        return self.event.action == Action.PUBLISHED


def turns(of: Project, agent: Agent | None = None, *, before: int | None = None) -> QuerySet[Event]:
    """The facts that callers could notice, newest first; of one agent and of what all agents share, if asked.

    `before` is the id of the event that they are older than. `told` makes turns of a page of them.
    """
    events = Event.objects.filter(project=of, action__in=(*TURNS, *TOUCHES))
    if agent is not None:
        events = events.filter(Q(agent=agent) | Q(agent=None))
    if before is not None:
        events = events.filter(pk__lt=before)
    return events.select_related("actor", "agent", "version").defer("version__configuration").order_by("-pk")


def told(events: Iterable[Event]) -> list[Turn]:
    """The turns that these events were, in the same order: one query, whatever their number."""
    events = list(events)
    published = Event.objects.filter(agent=OuterRef("agent"), action=Action.PUBLISHED)
    earlier = published.filter(pk__lt=OuterRef("pk")).order_by("-pk")
    same = Event.objects.filter(version=OuterRef("version"), action=Action.PUBLISHED)
    around = Event.objects.filter(pk__in=[event.pk for event in events if event.action in TURNS]).annotate(
        until=Subquery(_following().values("at")[:1]),
        previous=Subquery(earlier.values("version__number")[:1]),
        other=Subquery(earlier.exclude(version=OuterRef("version")).values("version__number")[:1]),
        before=Subquery(same.filter(pk__lt=OuterRef("pk")).values("pk")[:1]),
        again=Subquery(same.filter(pk__gt=OuterRef("pk")).order_by("pk").values("at")[:1]),
    )
    known = {row["pk"]: row for row in around.values("pk", "until", "previous", "other", "before", "again")}
    found = []
    for event in events:
        if row := known.get(event.pk):
            since = event.at if row["before"] else None
            found.append(Turn(event, row["until"], row["previous"], row["other"], since, row["again"]))
        else:
            found.append(Turn(event))
    return found


def _following() -> QuerySet[Event]:
    return Event.objects.filter(agent=OuterRef("agent"), action__in=TURNS, pk__gt=OuterRef("pk")).order_by("pk")


@dataclass(frozen=True)
class Standing:
    """How an agent stood at a moment: the turn that had led to it, or None before its first; and until when it held."""

    agent: Agent
    turn: Event | None
    until: datetime | None

    @property
    def was_live(self) -> bool:
        """Whether a version was live."""
        return self.turn is not None and self.turn.action == Action.PUBLISHED

    @property
    def is_live(self) -> bool:
        """Whether that version is live now, whatever was live in between."""
        return self.was_live and self.turn is not None and self.turn.version_id == self.agent.published_id


def live_at(of: Project, moment: datetime) -> list[Standing]:
    """How each agent that there was at a moment stood then, by name; without those archived by then.

    To the instant: what was published at the very moment is live.
    """
    acts = Event.objects.filter(agent=OuterRef("pk"), action__in=TURNS)
    agents = (
        Agent.objects.filter(project=of, created_at__lte=moment)
        .select_related("published")
        .defer("published__configuration")
        .annotate(
            turn=Subquery(acts.filter(at__lte=moment).order_by("-pk").values("pk")[:1]),
            first=Subquery(acts.order_by("pk").values("at")[:1]),
        )
        .order_by("name", "pk")
    )
    listed = list(agents)
    led = Event.objects.filter(pk__in=[agent.turn for agent in listed if agent.turn])
    events = led.select_related("actor", "version").defer("version__configuration")
    found = {event.pk: event for event in events.annotate(until=Subquery(_following().values("at")[:1]))}
    standings = []
    for agent in listed:
        event = found.get(agent.turn)
        if event is None or event.action != Action.AGENT_ARCHIVED:
            standings.append(Standing(agent, event, event.until if event else agent.first))
    return standings


def suspended_at(of: Project, moment: datetime) -> bool:
    """Whether the project was suspended at a moment."""
    acts = Event.objects.filter(project=of, action__in=(Action.PROJECT_SUSPENDED, Action.PROJECT_RESUMED))
    last = acts.filter(at__lte=moment).order_by("-pk").values_list("action", flat=True).first()
    return last == Action.PROJECT_SUSPENDED
