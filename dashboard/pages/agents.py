"""What the list of a project's agents knows: what is live, how their phones went in the last day, one's own drafts."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from agentversions.models import Action, Agent, Draft, Event, Project
from dashboard import addresses
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.models import ENDED, Call, PhoneNumber, Tally
from telephony.tallying import on_the_hour

HOURS = 24
"""How far back the list looks: "today" would begin at another moment for each of its readers."""
BAR, BAR_WIDTH, HIGHEST = 4, 3, 24
"""Units from one hour of the drawing to the next, of a bar's width, and of the busiest hour's height."""
LOOKED_AT = 10_000
"""How many of the newest calls are looked at for those whose end was never reported."""
LEAST_SCALE = 4
"""Calls an hour that fill the drawing at least: one call in a quiet day isn't a peak."""


type Began = dict[UUID, tuple[UUID, datetime]]


@dataclass(frozen=True)
class Hours:
    """The calls to an agent in each of the last hours, oldest first."""

    calls: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.calls)

    @property
    def most(self) -> int:
        """How many the busiest hour had."""
        return max(self.calls)

    @property
    def bars(self) -> str:
        """The drawing: a path with a bar for each hour that had calls, as high as it had many."""
        scale = max(self.most, LEAST_SCALE)
        return "".join(
            f"M{hour * BAR} {HIGHEST}v-{count / scale * HIGHEST:.1f}h{BAR_WIDTH}V{HIGHEST}z"
            for hour, count in enumerate(self.calls)
            if count
        )


@dataclass(frozen=True)
class Row:
    """An agent as the list shows it, with its calls since a moment.

    `draft_at` is when one's own draft was changed, if it isn't what is live.
    """

    agent: Agent
    since: datetime
    live_since: datetime | None
    numbers: int
    hours: Hours
    in_progress: int
    missed: int
    draft_at: datetime | None

    @property
    def calls_url(self) -> str:
        """The calls of the last hours."""
        return self._calls(self.since)

    @property
    def in_progress_url(self) -> str:
        """Those in progress, whenever they began."""
        return self._calls(None, status="in_progress")

    @property
    def missed_url(self) -> str:
        """Those of the last hours that no version answered."""
        return self._calls(self.since, status="missed")

    def _calls(self, since: datetime | None, **said: str) -> str:
        return addresses.calls(self.agent.project_id, since, None, agent=self.agent.pk, **said)


def agents(user: User, of: Project) -> Context:
    """The project's agents. As many queries for many agents as for one, none of which grows with all calls."""
    numbers = PhoneNumber.objects.filter(agent=OuterRef("pk")).values("agent").annotate(n=Count("pk")).values("n")
    published = Event.objects.filter(agent=OuterRef("pk"), action=Action.PUBLISHED).order_by("-pk").values("at")
    listed = list(
        Agent.objects.filter(project=of)
        .select_related("published")
        .defer("published__configuration")
        .annotate(numbers=Subquery(numbers), live_since=Subquery(published[:1]))
        .order_by("name", "pk")
    )
    working = [agent for agent in listed if not agent.archived_at]
    now = timezone.now()
    since = on_the_hour(now) - timedelta(hours=HOURS - 1)
    running = _running(of, now)
    without_end = _without_end(of, since) | running
    missed, drafts = _missed([agent.pk for agent in working], since), _differing(user, of)
    calls = _calls([agent.pk for agent in working], since, without_end.values(), missed)
    in_progress = Counter(agent for agent, _ in running.values())
    missed_in_all = Counter[UUID]()
    for (agent, _), count in missed.items():
        missed_in_all[agent] += count
    return projects.project(user, of) | {
        "rows": [
            Row(
                agent,
                since,
                agent.live_since if agent.published_id else None,
                agent.numbers or 0,
                calls[agent.pk],
                in_progress[agent.pk],
                missed_in_all[agent.pk],
                drafts.get(agent.pk),
            )
            for agent in working
        ],
        "archived": [agent for agent in listed if agent.archived_at],
        "drawn": {"width": (HOURS - 1) * BAR + BAR_WIDTH, "height": HIGHEST},
    }


def _running(of: Project, now: datetime) -> Began:
    """The agent and the beginning of each call in progress, by its id."""
    return _began(Call.objects.in_progress(now).filter(project=of))


def _without_end(of: Project, since: datetime) -> Began:
    """The calls that versions answered and whose end isn't known: among the newest, since the sums hold the others."""
    newest = Call.objects.filter(project=of, started_at__gte=since).order_by("-started_at", "-pk")
    earliest = newest.values_list("started_at", flat=True)[LOOKED_AT : LOOKED_AT + 1]
    looked_at = newest.filter(started_at__gte=next(iter(earliest), since))
    return _began(looked_at.filter(missed="").exclude(status__in=ENDED))


def _began(calls: QuerySet[Call]) -> Began:
    return {pk: (agent, began) for pk, agent, began in calls.values_list("pk", "agent", "started_at")}


type ByHour = Counter[tuple[UUID, datetime]]


def _calls(
    agents: Iterable[UUID], since: datetime, without_end: Iterable[tuple[UUID, datetime]], missed: ByHour
) -> dict[UUID, Hours]:
    """Calls by the hour they began in: the sums of those that ended, those that haven't, and those that were missed."""
    ended = Tally.objects.filter(agent__in=agents, hour__gte=since).values_list("agent", "hour")
    found = Counter({(agent, hour): calls for agent, hour, calls in ended.annotate(n=Sum("calls"))})
    found += Counter((agent, on_the_hour(began)) for agent, began in without_end) + missed
    hours = [since + timedelta(hours=n) for n in range(HOURS)]
    return {agent: Hours(tuple(found[agent, hour] for hour in hours)) for agent in agents}


def _missed(agents: Iterable[UUID], since: datetime) -> ByHour:
    missed = Call.objects.filter(agent__in=agents, started_at__gte=since).exclude(missed="").order_by()
    hours = missed.annotate(hour=TruncHour("started_at", tzinfo=UTC)).values_list("agent", "hour")
    return Counter({(agent, hour): count for agent, hour, count in hours.annotate(n=Count("*"))})


def _differing(user: User, of: Project) -> dict[UUID, datetime]:
    """When one's own drafts were changed, by agent: those that aren't what is live."""
    drafts = Draft.objects.filter(agent__project=of, owner=user).exclude(started_at=None)
    compared = drafts.select_related("agent__published", "based_on")
    return {
        draft.agent_id: draft.changed_at
        for draft in compared
        if draft.differs_from(draft.agent.published or draft.based_on)
    }
