"""Many people at once: the numbers stay 1, 2, 3 …, one version is live, and what they meet are refusals, no errors."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from agentversions.base import Base
from agentversions.models import Action, Agent, Event, Role, Version
from agentversions.operations import create_agent, edit_draft, publish, publish_draft, save_version, set_role
from agentversions.refusals import AlreadyDone, PublishedMeanwhile, Refused, Stale
from agentversions.typed import Typed
from tests.cast import Cast, assemble, edit, live, shown, typed
from tests.factories import person

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

THREADS, ROUNDS = (32, 50) if connection.vendor == "postgresql" else (8, 20)
DECLARED = (Stale, PublishedMeanwhile, AlreadyDone)

type Deed = Callable[[int, Random], object]
"""What one of many does in a round: the thread's number, and dice of its own."""


def race(deed: Deed, threads: int, rounds: int) -> list[Refused]:
    """Let everybody act in every round, all from the same moment on; the refusals they met. Other errors are raised."""
    together = threading.Barrier(threads)
    refused: list[Refused] = []

    def run(thread: int) -> None:
        dice = Random(thread)
        try:
            for _ in range(rounds):
                together.wait()
                try:
                    deed(thread, dice)
                except DECLARED as refusal:
                    refused.append(refusal)
                finally:
                    connection.close()  # as at the end of a request
        except BaseException:
            together.abort()
            raise

    with ThreadPoolExecutor(threads) as pool:
        for outcome in [pool.submit(run, thread) for thread in range(threads)]:
            failure = outcome.exception()
            if failure and not isinstance(failure, threading.BrokenBarrierError):
                raise failure
    return refused


def assert_sound(numbers: list[int], live: list[int]) -> None:
    """Numbers in the order in which they were taken, and those that are live."""
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(live) == 1


@pytest.fixture
def cast() -> Cast:
    """The people and their agents, committed."""
    return assemble()


@pytest.fixture
def crowd(cast: Cast) -> list[User]:
    """Publishers, two threads to each: also one's own two tabs race."""
    people = [person(f"Publisher{number}") for number in range(THREADS // 2)]
    for publisher in people:
        set_role(cast.project, publisher, Role.PUBLISHER, by=cast.ana)
        edit(cast.agent, publisher, prompt=f"By {publisher.username}")
    return people


def test_a_create_that_was_sent_twice_at_once_makes_one_agent(cast: Cast) -> None:
    keys = [uuid4() for _ in range(ROUNDS)]
    rounds = [iter(keys) for _ in range(THREADS)]
    made: dict[UUID, set[UUID]] = {key: set() for key in keys}

    def create(thread: int, dice: Random) -> None:
        key = next(rounds[thread])
        made[key].add(create_agent(cast.project, "After hours", by=cast.ben, key=key).pk)

    assert race(create, 4, ROUNDS) == []
    assert [len(agents) for agents in made.values()] == [1] * ROUNDS
    assert Agent.objects.filter(name="After hours").count() == ROUNDS


def test_saving_and_publishing_at_once_keeps_numbers_and_the_live_version_sound(cast: Cast, crowd: list[User]) -> None:
    def act(thread: int, dice: Random) -> object:
        me = crowd[thread // 2]
        match dice.choice(["save", "publish", "publish the draft", "edit and save"]):
            case "save":
                return save_version(cast.agent, base=shown(cast.agent, me), by=me)
            case "publish":
                seen = live(cast.agent)
                drafted = Version.objects.filter(agent=cast.agent, number__gt=1).order_by("?").first()
                return publish(drafted, live=seen, by=me) if drafted else None
            case "publish the draft":
                return publish_draft(cast.agent, base=shown(cast.agent, me), live=live(cast.agent), by=me)
            case _:
                edit(cast.agent, me, prompt=str(dice.random()))
                return save_version(cast.agent, base=shown(cast.agent, me), by=me)

    refused = race(act, THREADS, ROUNDS)

    versions = Version.objects.filter(agent=cast.agent)
    numbers = list(versions.order_by("id").values_list("number", flat=True))
    assert_sound(numbers, [number for number in numbers if number == live(cast.agent)])
    assert Agent.objects.get(pk=cast.agent.pk).last_number == len(numbers)
    assert_told_as_it_was(cast.agent)
    assert len(numbers) > THREADS
    assert refused


def assert_told_as_it_was(agent: Agent) -> None:
    """Each version came from one fact, and each publishing says rightly what it put an end to."""
    events = list(Event.objects.filter(agent=agent).select_related("version").order_by("id"))
    made = [event for event in events if event.action != Action.PUBLISHED or event.particulars["source"] == "draft"]
    assert [event.version.number for event in made if event.version] == list(range(1, len(made) + 1))
    before = None
    for event in events:
        if event.action == Action.PUBLISHED and event.version:
            assert event.particulars["before"] == before
            before = event.version.number
    assert before == live(agent)


def test_one_confirmation_that_arrives_many_times_at_once_is_done_once(cast: Cast, crowd: list[User]) -> None:
    me = crowd[0]
    base, key = shown(cast.agent, me), uuid4()
    answers: list[int] = []

    def act(_: int, __: Random) -> None:
        answers.append(publish_draft(cast.agent, base=base, live=None, by=me, key=key).number)

    assert race(act, min(THREADS, 8), 5) == []

    assert set(answers) == {2}
    assert live(cast.agent) == 2
    assert Version.objects.filter(agent=cast.agent).count() == 2


def test_of_many_who_confirm_against_the_same_live_version_one_wins(cast: Cast, crowd: list[User]) -> None:
    def act(thread: int, _: Random) -> None:
        me = crowd[thread // 2]
        publish_draft(cast.agent, base=shown(cast.agent, me), live=None, by=me)

    refused = race(act, THREADS, 1)

    assert [type(refusal) for refusal in refused] == [PublishedMeanwhile] * (THREADS - 1)
    assert Version.objects.filter(agent=cast.agent).count() == 2


def test_of_two_tabs_that_type_at_once_one_is_told(cast: Cast) -> None:
    for revision in range(1, 11):
        base = shown(cast.agent, cast.ben)
        typings = [typed(prompt=f"{revision} from tab {tab}") for tab in (0, 1)]

        def act(thread: int, _: Random, base: Base = base, typings: list[Typed] = typings) -> None:
            edit_draft(cast.agent, typings[thread], base=base, by=cast.ben, client=uuid4(), sequence=1)

        assert [type(refusal) for refusal in race(act, 2, 1)] == [Stale]
        assert shown(cast.agent, cast.ben).revision == revision


class Naive:
    """What one writes first: the next number is the largest plus one, and live is a flag on each version."""

    def save(self, *, publish: bool = False) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM naive_version")
            number = cursor.fetchone()[0]
            if publish:
                cursor.execute("UPDATE naive_version SET live = 0 WHERE live = 1")
            cursor.execute("INSERT INTO naive_version (number, live) VALUES (%s, %s)", [number, int(publish)])

    def all(self, condition: str = "1 = 1") -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT number FROM naive_version WHERE {condition} ORDER BY id")  # noqa: S608 - our own
            return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def naive() -> Iterator[Naive]:
    """A table without a guard, a constraint or a lock."""
    identity = "serial" if connection.vendor == "postgresql" else "integer"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE naive_version (id {identity} PRIMARY KEY, number integer, live integer)")
    yield Naive()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE naive_version")


def test_the_same_race_catches_the_naive_way(naive: Naive) -> None:
    race(lambda _, dice: naive.save(publish=dice.random() < 0.5), THREADS, ROUNDS)

    with pytest.raises(AssertionError):
        assert_sound(naive.all(), naive.all("live = 1"))


def test_the_naive_way_is_right_as_long_as_one_acts_at_a_time(naive: Naive) -> None:
    for _ in range(10):
        naive.save(publish=True)

    assert_sound(naive.all(), naive.all("live = 1"))
