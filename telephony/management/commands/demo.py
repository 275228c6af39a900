"""`manage.py demo`: a believable project, made by the verbs that people use, under a clock that is turned back."""

import random
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db.transaction import atomic
from django.utils import timezone

from agentversions import operations as verbs
from agentversions import typed
from agentversions.base import Base
from agentversions.models import Agent, Draft, Project, Role, Version
from agentversions.starters import STARTERS
from telephony import operations as phone
from telephony.incoming import CallReport, IncomingCall
from telephony.management import conversations
from telephony.management.clock import clock
from telephony.management.crowd import crowd
from telephony.models import Call, Connection, Status
from telephony.providers.generic import new_secret
from telephony.routing import keep_answer, record_call_event, route_call

PEOPLE = {
    "ana": ("Ana", "Ruiz"),
    "pia": ("Pia", "Novak"),
    "ben": ("Ben", "Okafor"),
    "cleo": ("Cleo", "Martin"),
    "olga": ("Olga", "Berg"),
    "otto": ("Otto", "Lind"),
}

PROMPT = """\
You are the receptionist of Riverside Dental, a family practice in Leeds.

Speak briefly and warmly. One question at a time. Never give medical advice: offer an appointment, and if the caller \
is in pain, offer today's emergency slot first.

Opening hours are {hours}.{closed}

To book, ask for the name, whether they are already a patient, and a day that suits. Then use book_appointment. Read \
the result back, slowly.{extra}"""

HOURS = "Monday to Friday, 8:30 to 17:30"
CLOSED = " On bank holidays we are closed."
COSTS = (
    "\n\nIf the caller asks what it costs, say that the first visit is free and everything else is quoted in writing."
)

GREETING = "Hello, Riverside Dental, this is Robin. How can I help?"
WRONG_GREETING = "Hello, Riverside Dental. We are closed today, please call again tomorrow."

PROJECT = "Riverside Dental"

type Settings = Mapping[str, str]

STORY: tuple[tuple[float, str, str, bool, Settings], ...] = (
    (13.2, "ana", "First words", True, {"greeting": "Hello, Riverside Dental. How can I help?"}),
    (11.9, "ben", "", False, {"prompt": PROMPT.format(hours="Monday to Friday, 9 to 5", closed="", extra="")}),
    (11.1, "ben", "Opening hours", True, {"prompt": PROMPT.format(hours=HOURS, closed="", extra="")}),
    (8.3, "ana", "Robin's voice", True, {"greeting": GREETING, "voice.id": "Robin", "voice.speed": "1.05"}),
    (
        6.4,
        "ben",
        "Quicker turns",
        True,
        {"turn_taking.response_wait": "0.4", "transcriber.keywords": "Riverside\nhygienist"},
    ),
    (4.2, "ana", "Bank holidays", True, {"prompt": PROMPT.format(hours=HOURS, closed=CLOSED, extra="")}),
)
"""Days ago, by whom, the version's name, whether it was published, and what changed."""

MISTAKE_DAYS = 1.85
MISTAKE_LASTED = timedelta(minutes=17)
CALLERS = [f"+4411349600{n:02}" for n in range(10, 70)]
CALLS_AN_HOUR = 2.4
OPEN, SHUT = 8, 18


class Command(BaseCommand):
    """Fills an empty database with a demo, on a developer's machine only."""

    help = "Fill an empty database with a demo project, its people, versions and calls."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether a database that has projects is an error, and how many calls there shall be beside the story's."""
        parser.add_argument("--if-empty", action="store_true", help="Do nothing if there is a project already.")
        parser.add_argument(
            "--calls", type=int, default=0, metavar="N", help="Add a project with N calls of the last year."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the demo, whole or not at all, and then its many calls. Raises CommandError without DEBUG."""
        del args
        if not settings.DEBUG:
            raise CommandError("The demo's sign-ins are known to everyone: it is made only while DEBUG is on.")
        calls = options["calls"]
        if not Project.objects.exists():
            with atomic():
                Demo().make()
            self.stdout.write("The demo is ready: Riverside Dental and Harbour Foods.")
        elif not options["if_empty"] and not (calls and Project.objects.filter(name=PROJECT).exists()):
            raise CommandError("There is a project already. The demo is for an empty database.")
        elif not calls:
            return
        if calls:
            crowd(calls, {person.username: person for person in User.objects.filter(username__in=PEOPLE)}, self._say)

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


class Demo:
    """The demo's people and things, in the order in which they came to be."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.dice = random.Random(15550001000)
        self.people = {name: _person(name) for name in PEOPLE}
        self.plan: list[tuple[datetime, Callable[[], object]]] = []
        self.people["admin"] = User.objects.create_superuser("admin", email="admin@example.com", first_name="Ada")

    def make(self) -> None:
        """Lay down what happens when, then let it happen in that order: a call is answered by what is live then."""
        project = self.riverside()
        reception = self.reception(project)
        self.history(reception)
        self.ringing()
        self.other_agents(project)
        for moment, deed in sorted(self.plan, key=lambda step: step[0]):
            with clock(moment):
                deed()
        self.draft(reception)
        self.harbour()

    def ago(self, days: float) -> datetime:
        """The moment so many days before now."""
        return self.now - timedelta(days=days)

    def at(self, moment: datetime, deed: Callable[..., object], *arguments: object) -> None:
        """Plan a deed for a moment."""
        self.plan.append((moment, partial(deed, *arguments)))

    def riverside(self) -> Project:
        """The first project, its people and its two connections."""
        ana = self.people["ana"]
        with clock(self.ago(15)):
            project = verbs.create_project(PROJECT, by=ana)
            for name, role in (("pia", Role.PUBLISHER), ("ben", Role.EDITOR), ("cleo", Role.VIEWER)):
                verbs.set_role(project, self.people[name], role, by=ana)
            signing = {"signing_secret": new_secret()}
            self.generic = phone.add_connection(
                project, provider="generic", name="Local worker", secrets=signing, by=ana
            )
            self.twilio = phone.add_connection(
                project,
                provider="twilio",
                name="Twilio UK",
                secrets={"auth_token": self.dice.randbytes(16).hex()},
                worker_url="wss://agent.example.com/relay",
                by=ana,
            )
        return project

    def reception(self, project: Project) -> Agent:
        """The agent that answers, and its numbers; a third is free."""
        ana = self.people["ana"]
        settings = {"prompt": PROMPT.format(hours="Monday to Friday", closed="", extra=""), "variables": []}
        with clock(self.ago(14)):
            starter = STARTERS["booking"].configuration.model_copy(update=settings)
            agent = verbs.create_agent(project, "Reception", by=ana, configuration=starter)
            for connection, number in ((self.generic, "+15550001000"), (self.twilio, "+15550002000")):
                phone.assign_number(phone.add_number(connection, number, by=ana), agent, by=ana)
            phone.add_number(self.generic, "+15550003000", by=ana)
        return agent

    def history(self, agent: Agent) -> None:
        """Versions over two weeks: a mistake that was live for 17 minutes, and the way back."""
        for days, author, name, live, changes in STORY:
            self.at(self.ago(days), partial(self.save, agent, author, name, changes, live=live))
        mistake = self.ago(MISTAKE_DAYS).replace(hour=10, minute=2)
        self.at(mistake, partial(self.save, agent, "pia", "Closed sign", {"greeting": WRONG_GREETING}, live=True))
        self.at(mistake + MISTAKE_LASTED, self.go_back, agent)
        for minutes in (2, 6, 9, 13):
            self.at(mistake + timedelta(minutes=minutes), self.call, self.generic, "+15550001000", 21)
        costs = {"prompt": PROMPT.format(hours=HOURS, closed=CLOSED, extra=COSTS)}
        self.at(self.ago(0.9), partial(self.save, agent, "ben", "What it costs", costs, live=False))

    def save(self, agent: Agent, author: str, name: str, changes: Settings, *, live: bool) -> None:
        """The author's edit as a version, which Pia publishes."""
        by = self.people[author]
        newest = Version.objects.get(agent=agent, number=Agent.objects.get(pk=agent.pk).last_number)
        verbs.edit_into_draft(newest, base=_shown(agent, by), by=by, replace=True)
        verbs.edit_draft(agent, typed.read(changes), base=_shown(agent, by), by=by)
        version = verbs.save_version(agent, base=_shown(agent, by), name=name, by=by)
        if live:
            verbs.publish(version, live=_live(agent), by=self.people["pia"])

    def go_back(self, agent: Agent) -> None:
        """Publish what was live before the mistake."""
        live = _live(agent)
        good = Version.objects.get(agent=agent, number=(live or 2) - 1)
        verbs.publish(good, live=live, note="Callers heard that we are closed", by=self.people["pia"])

    def ringing(self) -> None:
        """Calls from the first days until now, most of them by day; three are in progress, and a few are missed."""
        lines = ((self.generic, "+15550001000"), (self.twilio, "+15550002000"))
        moment, last = self.ago(13), self.now - timedelta(minutes=30)
        while True:
            busy = 1.0 if OPEN <= moment.hour < SHUT else 0.12
            moment += timedelta(hours=self.dice.expovariate(CALLS_AN_HOUR * busy))
            if moment >= last:
                break
            self.at(moment, self.call, *self.dice.choice(lines), int(self.dice.lognormvariate(4.6, 0.7)))
        for days in (7.3, 2.6):
            self.at(self.ago(days), self.call, self.generic, "+15550003000", 0)
        self.at(self.ago(1.3), self.call, self.twilio, "+15550002000", None)  # its end was never reported
        for minutes, line in ((6, lines[0]), (3, lines[1]), (1, lines[0])):
            self.at(self.now - timedelta(minutes=minutes), self.call, *line, None)

    def call(self, connection: Connection, number: str, seconds: int | None) -> None:
        """One call through the doors of a real one; without a length it is still going on."""
        started = timezone.now()
        call_id = f"demo-{self.dice.getrandbits(64):016x}"
        call = route_call(connection, IncomingCall(call_id, self.dice.choice(CALLERS), number))
        if call.version is None:
            return
        keep_answer(call, call.version, [])
        answered = started + timedelta(seconds=2)
        record_call_event(
            connection, CallReport(call_id, "call.answered", status=Status.IN_PROGRESS, occurred_at=answered)
        )
        if seconds is not None:
            with clock(started + timedelta(seconds=seconds)):
                record_call_event(connection, self.ending(call_id, started, seconds))
                self.afterwards(connection, call, seconds)

    def afterwards(self, connection: Connection, call: Call, seconds: int) -> None:
        """What is told of a call once it is over; Ben and Pia listen to one of twelve."""
        if report := conversations.told(self.dice, call.provider_call_id, seconds):
            record_call_event(connection, report)
            if self.dice.random() < 1 / 12:
                good, note = conversations.reviewed(self.dice)
                phone.review_call(call, good=good, note=note, by=self.people[self.dice.choice(("ben", "pia"))])

    def ending(self, call_id: str, started: datetime, seconds: int) -> CallReport:
        """How a call ended: mostly well."""
        status = self.dice.choices((Status.COMPLETED, Status.FAILED), (97, 3))[0]
        reason = "hangup" if status == Status.COMPLETED else "network"
        ended = started + timedelta(seconds=seconds)
        return CallReport(call_id, "call.ended", status=status, occurred_at=ended, duration=seconds, reason=reason)

    def other_agents(self, project: Project) -> None:
        """One that isn't live yet, and one that is blank."""
        starter = STARTERS["order_status"].configuration
        ben, ana = self.people["ben"], self.people["ana"]
        make = partial(verbs.create_agent, project)
        self.at(self.ago(3), partial(make, "Order status", by=ben, configuration=starter))
        self.at(self.ago(2), partial(make, "After hours", by=ana))

    def draft(self, agent: Agent) -> None:
        """Ana is in the middle of something."""
        ana = self.people["ana"]
        with clock(self.ago(0.02)):
            newest = Version.objects.get(agent=agent, number=Agent.objects.get(pk=agent.pk).last_number)
            verbs.edit_into_draft(newest, base=_shown(agent, ana), by=ana, replace=True)
            changes = {"greeting": "Hello, this is Robin at Riverside Dental. How can I help you today?"}
            verbs.edit_draft(agent, typed.read(changes), base=_shown(agent, ana), by=ana)

    def harbour(self) -> None:
        """A second project, of which the people of the first may not learn."""
        olga = self.people["olga"]
        with clock(self.ago(9)):
            project = verbs.create_project("Harbour Foods", by=olga)
            verbs.set_role(project, self.people["otto"], Role.EDITOR, by=olga)
            secrets = {"signing_secret": new_secret()}
            line = phone.add_connection(project, provider="generic", name="Shop line", secrets=secrets, by=olga)
            starter = STARTERS["order_status"].configuration
            orders = verbs.create_agent(project, "Orders", by=olga, configuration=starter)
            phone.assign_number(phone.add_number(line, "+15550009000", by=olga), orders, by=olga)
            verbs.publish(Version.objects.get(agent=orders, number=1), live=None, by=olga)


def _person(name: str) -> User:
    first, last = PEOPLE[name]
    return User.objects.create_user(name, email=f"{name}@example.com", first_name=first, last_name=last)


def _shown(agent: Agent, user: User) -> Base:
    return Draft.objects.of(Agent.objects.get(pk=agent.pk), user).base


def _live(agent: Agent) -> int | None:
    published = Agent.objects.select_related("published").get(pk=agent.pk).published
    return published.number if published else None
