"""A year of very many calls, for measuring and for tests: `manage.py demo --calls` makes it, and nothing else.

It is a project of its own beside the demo's story, since facts are told in the order in which they were written down.
What people do once is done by the verbs. Versions, facts and calls come in sets, straight into their tables, and are
what the verbs, the rings and the reports would have left there: each call names the version that was live when it
began. The same number of calls is the same crowd each time, but for the moment at which it ends.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.db import connection as database
from django.db.models import Max
from django.db.transaction import atomic
from django.utils import timezone

from agentversions import operations as verbs
from agentversions.documents import digest, write
from agentversions.models import Action, Agent, Event, Project, Role, Version
from agentversions.starters import STARTERS
from telephony import operations as phone
from telephony.management.clock import clock
from telephony.models import GRACE, Call, CallEvent, Connection, Missed, PhoneNumber, Status, Tally
from telephony.providers.generic import new_secret
from telephony.tallying import recount

type Say = Callable[[str], object]

NAME = "Northgate Desk"
DAYS = 365
DESKS = 50
"""Agents, where there are calls enough for them. The first has a fifth of the calls and two fifths of the versions."""
CALLS_A_VERSION = 1_000
GOES_BACK = 10
"""Every tenth publish is of the version before the one that was live."""
SLICE = 250_000
REPORTED = 1_000
"""Of how many of the newest calls there is what was reported."""
GREETINGS = [f"Hello, this is Robin. How can I help you{word}?" for word in ("", " today", " now", ", please", " then")]

SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
"""In milliseconds since 1970, as all moments here."""
PRIME = 2**31 - 1
UNCHECKED = """
SELECT set_config('session_replication_role', 'replica', true)
WHERE has_parameter_privilege('session_replication_role', 'SET')
"""
"""Looking up six foreign keys of each call takes as long as all else. Who may go without, does."""


@dataclass(frozen=True)
class Dialect:
    """How a database says what not all say alike."""

    moment: str
    uuid: str
    json: str
    hexadecimal: str
    series: str


DIALECTS = {
    "postgresql": Dialect(
        moment="to_timestamp(({}) / 1000.0)",
        uuid="CAST({} AS uuid)",
        json="CAST({} AS jsonb)",
        hexadecimal="lpad(to_hex({1}), {0}, '0')",
        series="SELECT generate_series(CAST({} AS bigint), {})",
    ),
    "sqlite": Dialect(
        moment="strftime('%Y-%m-%d %H:%M:%f', ({}) / 1000.0, 'unixepoch')",
        uuid="{}",
        json="{}",
        hexadecimal="printf('%0{0}x', {1})",
        series="SELECT {} UNION ALL SELECT n + 1 FROM series WHERE n < {}",
    ),
}


@dataclass(frozen=True)
class Crowd:
    """Whose calls, how many, and from when to when."""

    project: Project
    line: Connection
    people: dict[str, User]
    began: int
    ended: int
    calls: int

    @property
    def lasted(self) -> int:
        """From the first moment to the last."""
        return self.ended - self.began

    @property
    def desks(self) -> int:
        """How many agents."""
        return max(2, min(DESKS, self.calls // 200))

    def versions(self, desk: int) -> int:
        """How many versions an agent has."""
        in_all = max(3 * self.desks, self.calls // CALLS_A_VERSION)
        first = in_all * 2 // 5
        return max(3, first if desk == 0 else (in_all - first) // (self.desks - 1))


def crowd(calls: int, people: dict[str, User], say: Say) -> Project:
    """A new project with so many calls: whole or not at all. `people` are the demo's; `say` hears how far it is."""
    began = perf_counter()
    now = timezone.now()
    first_day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    with atomic():
        made = Crowd(*_house(people, first_day), people, _ms(first_day), _ms(now), calls)
        agents = _agents(made, first_day)
        _versions(made, agents)
        if database.vendor == "postgresql":
            _execute(UNCHECKED)
            # The joins that follow are planned by what these hold; by what they held before, they can take minutes.
            _execute(f"ANALYZE {', '.join(model._meta.db_table for model in (Agent, PhoneNumber, Version))}")
        for first in range(1, calls + 1, SLICE):
            last = min(first + SLICE - 1, calls)
            _execute(_calls(made, first, last))
            say(f"… {last:,} of {calls:,} calls, {perf_counter() - began:.0f} s")
        _reports(made)
        recount()
    if database.vendor == "postgresql" and not database.in_atomic_block:
        for model in (Call, Version, Event, CallEvent, Tally):
            _execute(f"VACUUM ANALYZE {model._meta.db_table}")
    versions = sum(made.versions(desk) for desk in range(made.desks))
    told = f"{made.project}: {made.desks} agents, {versions:,} versions, {calls:,} calls"
    say(f"{told}, in {perf_counter() - began:.0f} s.")
    return made.project


def _house(people: dict[str, User], first_day: datetime) -> tuple[Project, Connection]:
    """The project as it was a year ago: its people and its line."""
    ana, others = people["ana"], Project.objects.filter(name__startswith=NAME).count()
    with clock(first_day - timedelta(hours=1)):
        project = verbs.create_project(f"{NAME} {others + 1}" if others else NAME, by=ana)
        for name, role in (("pia", Role.PUBLISHER), ("ben", Role.EDITOR), ("cleo", Role.VIEWER)):
            verbs.set_role(project, people[name], role, by=ana)
        secrets = {"signing_secret": new_secret()}
        return project, phone.add_connection(project, provider="generic", name="Northgate", secrets=secrets, by=ana)


def _agents(made: Crowd, first_day: datetime) -> list[Agent]:
    """The agents with a first version each, live on a number."""
    ana, agents = made.people["ana"], []
    with clock(first_day - timedelta(hours=1)):
        for desk in range(made.desks):
            start = STARTERS["booking"].configuration
            agent = verbs.create_agent(made.project, f"Desk {desk}", by=ana, configuration=start)
            phone.assign_number(phone.add_number(made.line, f"+120255510{desk:02}", by=ana), agent, by=ana)
            agents.append(agent)
    with clock(first_day):
        for agent in agents:
            verbs.publish(Version.objects.get(agent=agent, number=1), live=None, by=made.people["pia"])
    return agents


def _versions(made: Crowd, agents: list[Agent]) -> None:
    """All further versions and when each was live, in the order in which it happened."""
    start = STARTERS["booking"].configuration
    documents = [write(start.model_copy(update={"greeting": greeting})) for greeting in GREETINGS]
    contents = [(database.ops.adapt_json_value(document, None), digest(document)) for document in documents]
    ids = {(desk, 1): Version.objects.get(agent=agent, number=1).pk for desk, agent in enumerate(agents)}
    taken = Version.objects.aggregate(last=Max("pk"))["last"]
    versions: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    for at, desk, turn in sorted(_turns(made)):
        number, agent = turn + 1, agents[desk].pk
        pk = ids[desk, number] = taken + len(versions) + 1
        name = f"Change {number}" if number % 20 == 0 else ""
        saved, published = _at(at - HOUR // 6), _published(turn)
        author, parent = made.people["ben"].pk, ids[desk, turn]
        content, content_digest = contents[number % len(contents)]
        row = (pk, _uuid(agent), number, name, content, 1, content_digest, start.max_length, parent, author, saved)
        versions.append(row)
        events.append((saved, agent, pk, author, Action.VERSION_SAVED, {"number": number, "name": name}))
        before = _published(turn - 1)
        told = {"before": before, "source": "version", "note": "", "numbers": [f"+120255510{desk:02}"]}
        pia = made.people["pia"].pk
        events.append((_at(at), agent, ids[desk, published], pia, Action.PUBLISHED, told))
    _insert(
        "agentversions_version",
        "id agent_id number name configuration schema digest longest_call parent_id author_id created_at",
        versions,
    )
    for statement in database.ops.sequence_reset_sql(no_style(), [Version]):
        _execute(statement)
    facts = [
        (at, _uuid(made.project.pk), _uuid(agent), pk, actor, action, _json(told), "")
        for at, agent, pk, actor, action, told in events
    ]
    _insert("agentversions_event", "at project_id agent_id version_id actor_id action particulars request", facts)
    for desk, each in enumerate(agents):
        live = ids[desk, _published(made.versions(desk) - 1)]
        Agent.objects.filter(pk=each.pk).update(last_number=made.versions(desk), published=live)


def _turns(made: Crowd) -> Iterator[tuple[int, int, int]]:
    """When each agent's turns began, after its first; `_calls` finds the turn of a moment by the same sum."""
    for desk in range(made.desks):
        count = made.versions(desk)
        for turn in range(1, count):
            yield made.began + -(-turn * made.lasted // count), desk, turn


def _published(turn: int) -> int:
    """The number of the version that a turn made live: its own, or two before."""
    return turn - 1 if turn % GOES_BACK == GOES_BACK - 1 else turn + 1


def _calls(made: Crowd, first: int, last: int) -> str:
    """The insert of some of the calls, by their place in the year."""
    say = DIALECTS[database.vendor]
    day, hour = f"(straight - straight % {DAY})", f"(straight % {DAY})"
    return f"""
    INSERT INTO telephony_call (
        id, project_id, connection_id, provider_call_id, number_id, agent_id, version_id, agent_name, version_name,
        worker_url, options, fallback, missed, dialled, caller, status, started_at, answered_at, ended_at, duration,
        ended_reason, recording_url, transferred, voicemail, cost, success, overdue_at
    )
    WITH RECURSIVE series (n) AS ({say.series.format(first, last)}),
    -- Every day is busy from eight to six: four calls in five begin then. Only of today it isn't known yet.
    straight AS (SELECT n, {made.lasted} * n / {made.calls + 1} AS straight FROM series),
    placed AS MATERIALIZED (
        SELECT n, CASE
            WHEN {day} + {DAY} > {made.lasted} THEN straight
            WHEN {hour} < {DAY // 10} THEN {day} + {hour} * 10 / 3
            WHEN {hour} < {DAY // 10 * 9} THEN {day} + {8 * HOUR} + ({hour} - {DAY // 10}) * 25 / 48
            ELSE {day} + {18 * HOUR} + ({hour} - {DAY // 10 * 9}) * 10 / 4
        END AS at, CASE WHEN {_dice(1)} < 2000 THEN 0 ELSE
            1 + ({made.desks - 1} * {_dice(2)} / 10000 * ({_dice(2)} + 5000)) / 15000
        END AS desk, {_dice(3)} AS misses, {_dice(4)} AS ends, {_dice(5)} AS length, {_dice(6)} AS judged,
        {_dice(7)} AS happens, {_dice(8)} AS priced, {_dice(9)} * 10000 + {_dice(10)} AS person
        FROM straight
    ),
    answered AS (
        SELECT placed.*, agent.id AS agent_id, agent.name AS agent_name, number.id AS number_id, number.number,
            at * agent.last_number / {made.lasted} AS turn
        FROM placed
        JOIN agentversions_agent AS agent ON agent.name = 'Desk ' || placed.desk
            AND agent.project_id = {_literal(made.project.pk)}
        JOIN telephony_phonenumber AS number ON number.agent_id = agent.id
    ),
    handled AS MATERIALIZED (
        SELECT answered.*, version.id AS version_id, version.name AS version_name, version.number AS version_number,
            version.longest_call,
            CASE WHEN misses < 200 THEN '{Missed.OUTAGE}' WHEN misses < 300 THEN '{Missed.UNKNOWN_NUMBER}' ELSE '' END
                AS missed,
            CASE
                WHEN ends < 10 THEN '{Status.IN_PROGRESS}'
                WHEN ends < 500 - version.number % 5 * 60 THEN '{Status.FAILED}'
                WHEN ends < 700 THEN '{Status.NO_ANSWER}'
                WHEN ends < 900 THEN '{Status.BUSY}'
                WHEN ends < 1000 THEN '{Status.CANCELED}'
                ELSE '{Status.COMPLETED}'
            END AS end_status,
            8 + length * length / 10000 * length / 10000 * (800 + version.number % 5 * 20) / 10000 AS seconds
        FROM answered JOIN agentversions_version AS version ON version.agent_id = answered.agent_id
            AND version.number = turn + CASE WHEN turn % {GOES_BACK} = {GOES_BACK - 1} THEN -1 ELSE 1 END
    ),
    lasting AS (
        SELECT handled.*, end_status IN ('{Status.COMPLETED}', '{Status.FAILED}', '{Status.IN_PROGRESS}') AS talked,
            CASE WHEN end_status IN ('{Status.NO_ANSWER}', '{Status.BUSY}', '{Status.CANCELED}') THEN seconds % 30
                ELSE seconds END AS duration
        FROM handled
    ),
    ending AS MATERIALIZED (
        SELECT lasting.*, missed = '' AND end_status <> '{Status.IN_PROGRESS}'
            AND at + duration * {SECOND} <= {made.lasted} AS over
        FROM lasting
    )
    SELECT
        {say.uuid.format(_id(say, f"{made.began} + at", "n"))}, {_literal(made.project.pk)}, {_literal(made.line.pk)},
        'crowd-' || n, CASE WHEN missed <> '{Missed.UNKNOWN_NUMBER}' THEN number_id END,
        CASE WHEN missed <> '{Missed.UNKNOWN_NUMBER}' THEN agent_id END, CASE WHEN missed = '' THEN version_id END,
        CASE WHEN missed <> '{Missed.UNKNOWN_NUMBER}' THEN agent_name ELSE '' END,
        CASE WHEN missed = '' THEN version_name ELSE '' END,
        '', {say.json.format("'{}'")}, 'We can''t take your call right now. Please try again later.', missed,
        CASE WHEN missed <> '{Missed.UNKNOWN_NUMBER}' THEN number ELSE '+12025559999' END,
        '+1415' || (2000000 + person % {made.calls // 40 + 100}),
        CASE WHEN missed <> '' THEN '{Status.REJECTED}' WHEN over THEN end_status ELSE '{Status.IN_PROGRESS}' END,
        {say.moment.format(f"{made.began} + at")},
        CASE WHEN missed = '' AND (talked OR NOT over) THEN {say.moment.format(f"{made.began} + at + 2000")} END,
        CASE WHEN over THEN {say.moment.format(f"{made.began} + at + duration * {SECOND}")} END,
        CASE WHEN over THEN duration END,
        CASE WHEN NOT over THEN '' WHEN end_status = '{Status.FAILED}' THEN 'network' ELSE 'hangup' END, '',
        over AND talked AND happens < 800 + version_number % 5 * 150, over AND happens > 9500,
        CASE WHEN over AND talked AND priced < 8000 THEN duration * 15 / 10000.0 END,
        CASE WHEN over AND talked AND judged < 3000 THEN judged < 2100 + version_number % 5 * 120 END,
        ({made.began} + at) / {SECOND}
            + CASE WHEN missed = '' THEN longest_call + {int(GRACE.total_seconds())} ELSE 0 END
    FROM ending
    ORDER BY n -- As calls come: those that began together lie together.
    """  # noqa: S608 (numbers and names of ours)


def _reports(made: Crowd) -> None:
    """What was reported of the newest calls: that they were answered, and how they ended."""
    newest = Call.objects.filter(project=made.project, missed="").order_by("-started_at", "-id")[:REPORTED]
    reports = []
    for call in reversed(newest):
        told = {"connection": made.line, "provider_call_id": call.provider_call_id, "call": call}
        if at := call.answered_at:
            answered = {"kind": "call.answered", "status": Status.IN_PROGRESS, "occurred_at": at, "received_at": at}
            reports.append(CallEvent(**told, **answered))
        if at := call.ended_at:
            ended = {"kind": "call.ended", "status": call.status, "occurred_at": at, "received_at": at}
            how = {"duration": call.duration, "reason": call.ended_reason, "told": _said(call)}
            reports.append(CallEvent(**told, **ended, **how))
    CallEvent.objects.bulk_create(reports, batch_size=500)


def _said(call: Call) -> dict[str, Any]:
    cost = {} if call.cost is None else {"cost": str(call.cost)}
    return {"summary": "An appointment was made.", **cost} if call.status == Status.COMPLETED else cost


def _dice(which: int) -> str:
    """Below 10,000, from a call's place: the same on every database, and as good as chance for this."""
    place = f"((n * {48_271 * (2 * which + 1) ** 3} + {69_621 * which}) % {PRIME})"
    return f"({place} * {place} % {PRIME} % 10000)"


def _id(say: Dialect, at: str, place: str) -> str:
    """A UUID version 7 of that moment."""
    moment, tail = say.hexadecimal.format(12, at), say.hexadecimal.format(15, place)
    return f"{moment} || '7c0d8' || {tail}"


def _insert(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    names = columns.split()
    with database.cursor() as cursor:
        places = ", ".join(["%s"] * len(names))
        cursor.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})", rows)  # noqa: S608


def _execute(statement: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement)


def _json(value: Any) -> Any:
    return database.ops.adapt_json_value(value, None)


def _at(milliseconds: int) -> Any:
    return database.ops.adapt_datetimefield_value(datetime.fromtimestamp(milliseconds / SECOND, UTC))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * SECOND)


def _uuid(value: UUID) -> UUID | str:
    return value if database.features.has_native_uuid_field else value.hex


def _literal(value: UUID) -> str:
    return DIALECTS[database.vendor].uuid.format(f"'{_uuid(value)}'")
