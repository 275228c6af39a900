"""The product's memory: records a fact, and tells it as a sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery

from agentversions.documents import digest
from agentversions.models import Action, Agent, Event, Project, Version
from agentversions.refusals import KeyReused

PRIVATE = (
    Action.EDITED_INTO_DRAFT,
    Action.DRAFT_DISCARDED,
    Action.DRAFT_BROUGHT_BACK,
    Action.MERGED_PUBLISHED,
    Action.DRAFT_RESOLVED,
)
"""Acts on a draft, told only to the one whose draft it is."""


@dataclass(frozen=True)
class Confirmation:
    """What a person confirmed: a key that is used once, and a digest of what it stood for."""

    key: UUID | None
    request: str

    @classmethod
    def of(cls, key: UUID | None, verb: str, **particulars: Any) -> "Confirmation":
        """The confirmation of a verb with these particulars."""
        said = {name: str(value) for name, value in particulars.items() if value is not None}
        return cls(key, digest({"verb": verb, **said}) if key else "")

    def earlier(self, by: User) -> Event | None:
        """The event this confirmation led to before; raises KeyReused if the key stood for something else.

        Looked up under the agent's lock, before anything is compared.
        """
        if self.key is None:
            return None
        event = Event.objects.filter(actor=by, key=self.key).select_related("agent", "version").first()
        if event is not None and event.request != self.request:
            raise KeyReused
        return event


def record(
    action: Action,
    *,
    by: User,
    project: Project,
    agent: Agent | None = None,
    version: Version | None = None,
    particulars: Mapping[str, Any] | None = None,
    confirmation: Confirmation | None = None,
) -> Event:
    """Add one fact. Raises KeyReused if the confirmation's key was used elsewhere at the same moment."""
    confirmed = confirmation or Confirmation(None, "")
    try:
        with transaction.atomic():
            return Event.objects.create(
                action=action,
                actor=by,
                project=project,
                agent=agent,
                version=version,
                particulars=dict(particulars or {}),
                key=confirmed.key,
                request=confirmed.request,
            )
    except IntegrityError:
        raise KeyReused from None


def visible(events: QuerySet[Event], user: User) -> QuerySet[Event]:
    """The events without other people's acts on their own drafts."""
    return (
        events.exclude(~Q(actor=user), action__in=PRIVATE)
        .select_related("actor", "agent", "version")
        .defer("version__configuration")
    )


def sentence(event: Event) -> str:
    """What happened, as the actor's act: follows their name. Needs agent and version loaded."""
    words = _WORDS[Action(event.action)]
    text = words.format_map({**_PARTICULARS, **event.particulars, "agent": event.agent, "version": event.version})
    if event.action == Action.PUBLISHED and event.particulars.get("before"):
        text += f" instead of v{event.particulars['before']}"
    if event.action == Action.CONNECTION_CHANGED and "enabled" in event.particulars:
        way = "on" if event.particulars["enabled"] else "off"
        only = event.particulars["fields"] == ["enabled"]
        text = (
            f"switched the connection “{event.particulars['name']}” {way}" if only else f"{text} and switched it {way}"
        )
    if event.action == Action.RETENTION_SET:
        days = event.particulars.get("days")
        text += f"forgotten after {days:,} day{'s' if days > 1 else ''}" if days else "kept for ever"
    return text


_PARTICULARS = {"name": "", "before": "", "number": "", "user": "", "role": "", "provider": "", "source": ""}
_WORDS = {
    Action.PROJECT_CREATED: "created the project “{name}”",
    Action.PROJECT_SUSPENDED: "suspended the project: its callers hear the connections' messages",
    Action.PROJECT_RESUMED: "resumed the project",
    Action.ROLE_SET: "made {user} {role}",
    Action.MEMBER_REMOVED: "removed {user} from the project",
    Action.AGENT_CREATED: "created {agent} with v1",
    Action.AGENT_RENAMED: "renamed “{before}” to “{name}”",
    Action.AGENT_DUPLICATED: "created {agent} as a copy of {source}",
    Action.AGENT_ARCHIVED: "archived {agent}",
    Action.VERSION_SAVED: "saved {version}",
    Action.VERSION_RENAMED: "named {version} “{name}”",
    Action.PUBLISHED: "published {version}",
    Action.UNPUBLISHED: "unpublished {version}",
    Action.EDITED_INTO_DRAFT: "copied {version} into their draft",
    Action.DRAFT_DISCARDED: "discarded their draft",
    Action.DRAFT_BROUGHT_BACK: "brought back an earlier draft",
    Action.MERGED_PUBLISHED: "merged {version} into their draft",
    Action.DRAFT_RESOLVED: "resolved two tabs of their draft",
    Action.SECRET_SET: "set the secret {name}",
    Action.SECRET_REMOVED: "removed the secret {name}",
    Action.CONNECTION_ADDED: "added the {provider} connection “{name}”",
    Action.CONNECTION_CHANGED: "changed the connection “{name}”",
    Action.NUMBER_ADDED: "added the number {number}",
    Action.NUMBER_ASSIGNED: "assigned {number} to {agent}",
    Action.NUMBER_UNASSIGNED: "took {number} away from {agent}",
    Action.RETENTION_SET: "set calls to be ",
}


TURNS = (Action.PUBLISHED, Action.UNPUBLISHED, Action.AGENT_ARCHIVED)
"""What begins or ends the time of a version."""


@dataclass(frozen=True)
class Span:
    """A time during which a version was live; `until` is None while it is."""

    number: int
    since: datetime
    until: datetime | None


def spans(agent: Agent) -> list[Span]:
    """Which version was live when, oldest first."""
    acts = Event.objects.filter(agent=agent, action__in=TURNS)
    rows = acts.order_by("id").values_list("action", "version__number", "at")
    found: list[Span] = []
    live: tuple[int, datetime] | None = None
    for action, number, at in rows:
        if live:
            found.append(Span(*live, until=at))
        live = (number, at) if action == Action.PUBLISHED else None
    if live:
        found.append(Span(*live, until=None))
    return found


MOST_SPANS = 500


def lived(versions: Iterable[Version]) -> dict[int, list[Span]]:
    """When each of these versions of one agent was live, by number, oldest first; of very many the newest 500."""
    following = Event.objects.filter(agent=OuterRef("agent"), action__in=TURNS, id__gt=OuterRef("id")).order_by("id")
    acts = Event.objects.filter(version__in=versions, action=Action.PUBLISHED).order_by("-id")
    rows = acts.values_list("version__number", "at", Subquery(following.values("at")[:1]))[:MOST_SPANS]
    found: dict[int, list[Span]] = {}
    for number, since, until in reversed(rows):
        found.setdefault(number, []).append(Span(number, since, until))
    return found


def publishes(agent: Agent, since: datetime, until: datetime, most: int) -> list[tuple[int, datetime]]:
    """Which versions went live in a time, and when: the newest first, and no more than so many."""
    acts = Event.objects.filter(agent=agent, action=Action.PUBLISHED, at__gte=since, at__lt=until)
    return list(acts.order_by("-id").values_list("version__number", "at")[:most])


def first_live(agent: Agent) -> datetime | None:
    """When a version of the agent went live for the first time."""
    published = Event.objects.filter(agent=agent, action=Action.PUBLISHED).order_by("id")
    return published.values_list("at", flat=True).first()


def live_before(agent: Agent) -> int | None:
    """The number of the version that was live just before the one that is now, however that came about."""
    if agent.published_id is None:
        return None
    published = Event.objects.filter(agent=agent, action=Action.PUBLISHED).exclude(version=agent.published_id)
    return published.order_by("-id").values_list("version__number", flat=True).first()


def last_live(agent: Agent) -> int | None:
    """The number of the version that was live last, whether it still is or not."""
    published = Event.objects.filter(agent=agent, action=Action.PUBLISHED).order_by("-id")
    return published.values_list("version__number", flat=True).first()


def last_turn(agent: Agent) -> Event | None:
    """Who last changed what is live, and to what; None before the first publish."""
    acts = Event.objects.filter(agent=agent, action__in=(Action.PUBLISHED, Action.UNPUBLISHED))
    return acts.select_related("actor", "agent", "version").defer("version__configuration").order_by("-id").first()
