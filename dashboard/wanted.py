"""Which calls an address asks for, and each of its wishes in words with the address that drops it."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, QueryDict

from agentversions import access
from agentversions.models import Agent, Project, Version
from agentversions.refusals import Hostile
from dashboard.forms import uuid_or_none, whole
from dashboard.moments import Moment
from telephony import numbers
from telephony.finding import FACTS, IN_PROGRESS, MISSED, NO_END, OVER, STATUSES, Wanted
from telephony.models import ENDED, Missed, PhoneNumber

LONGEST_TEXT = 255
STANDING = {IN_PROGRESS: "In progress", MISSED: "Missed", NO_END: "No end reported", OVER: "Over"} | {
    end.value: str(end.label) for end in ENDED
}
"""What can be chosen of how a call stands."""
BESIDE = {
    "transferred": "Transferred",
    "voicemail": "Voicemail",
    "success": "Judged good",
    "failure": "Judged not good",
    "reviewed": "Judged by a person",
    "cost": "With a cost",
}
"""What can be chosen beside that."""


@dataclass(frozen=True)
class Wish:
    """One thing that is asked for, and the address without it."""

    words: str
    without: str


@dataclass(frozen=True)
class Asked:
    """What an address asks for; with `problem` where a time couldn't be read, and then nothing is found."""

    wanted: Wanted
    since: Moment
    until: Moment
    before: UUID | datetime | None
    said: QueryDict

    @property
    def problem(self) -> str:
        """Why a time couldn't be read, in plain words."""
        return self.since.problem or self.until.problem

    @property
    def zone(self) -> str:
        """The zone of the times, if there are any: whoever reads an address without one reads it in UTC."""
        return self.since.zone or ("UTC" if self.since.text or self.until.text else "")

    @property
    def first(self) -> str:
        """For the field. What a link told to the microsecond stays within what the fields tell."""
        return self.since.field()

    @property
    def last(self) -> str:
        """For the field."""
        return self.until.field(up=True)

    @property
    def address(self) -> str:
        """The address's query, without what is empty and without the place in the list."""
        return self._without("before")

    @property
    def wishes(self) -> Iterator[Wish]:
        """Each thing that is asked for."""
        wanted = self.wanted
        if wanted.agent:
            yield Wish(wanted.agent.name, self._without("agent", "version"))
        if wanted.version:
            words = f"while v{wanted.version.number} was live" if wanted.is_missed else f"v{wanted.version.number}"
            yield Wish(words, self._without("version"))
        if wanted.number:
            yield Wish(numbers.readable(wanted.number.number), self._without("number"))
        if wanted.status:
            yield Wish(standing(wanted.status), self._without("status"))
        if wanted.fact:
            yield Wish(BESIDE[wanted.fact], self._without("with"))
        for words, moment, name in (("From", self.since, "from"), ("Until", self.until, "to")):
            if moment.at:
                yield Wish(f"{words} {moment.words}", self._without(name))
        if wanted.text:
            yield Wish(f"“{wanted.text}”", self._without("q"))

    def _without(self, *names: str) -> str:
        left = self.said.copy()
        for name in list(left):
            if name in (*names, "before") or not left[name]:
                del left[name]
        if not (left.get("from") or left.get("to")):
            left.pop("zone", None)
        return left.urlencode()


def standing(status: str) -> str:
    """How a call stands, in words: `Missed: The number has no agent`."""
    kind, _, reason = status.partition(":")
    return f"{STANDING[kind]}: {Missed(reason).label}" if reason else STANDING[kind]


def read(user: User, project: Project, asked: QueryDict) -> Asked:
    """What the address asks for. Raises Http404 for what isn't this project's, Hostile for what no page sent."""
    agent, version = _agent(user, project, asked)
    since, until = Moment.read(asked, "from"), Moment.read(asked, "to")
    wanted = Wanted(
        agent=agent,
        version=version,
        number=_number(project, asked.get("number", "")),
        status=_one_of(STATUSES, asked.get("status", "")),
        fact=_one_of(FACTS, asked.get("with", "")),
        since=since.at,
        until=until.at,
        text=asked.get("q", "").replace("\0", "").strip()[:LONGEST_TEXT],
    )
    return Asked(wanted, since, until, _place(asked.get("before", "")), asked)


def _agent(user: User, project: Project, asked: QueryDict) -> tuple[Agent | None, Version | None]:
    pk, typed = uuid_or_none(asked.get("agent", "")), asked.get("version", "").strip().lower().removeprefix("v")
    number = whole(typed) if typed else None
    if pk is None:
        return None, None
    agent = access.agent_of(user, project, pk)
    return agent, access.version(user, agent.pk, number) if number is not None else None


def _number(project: Project, text: str) -> PhoneNumber | None:
    if not text:
        return None
    found = PhoneNumber.objects.filter(pk=whole(text), connection__project=project).first()
    if found is None:
        raise Http404
    return found


def _one_of(known: Container[str], text: str) -> str:
    if text and text not in known:
        raise Hostile("The page sent a filter that can't be read. Reload it.")
    return text


def _place(text: str) -> UUID | datetime | None:
    """A call to go on behind, or a moment to go on before."""
    try:
        moment = datetime.fromisoformat(text)
        told = moment.astimezone(UTC) if moment.tzinfo else None
    except ValueError:
        return uuid_or_none(text)
    except OverflowError:
        told = None
    if told is None:
        raise Hostile("The page sent a time that can't be read. Reload it.")
    return told
