"""The demo: a believable fortnight, made by the verbs that people use, on a developer's machine only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db.models import Count, Sum
from django.db.transaction import atomic, set_rollback
from django.test import override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from agentversions import access
from agentversions.models import Action, Agent, Event, Membership, Project, Version
from agentversions.sealing import unseal
from agentversions.verifying import verify
from telephony.management import crowd
from telephony.models import ENDED, Call, CallEvent, CallQuerySet, Connection, PhoneNumber, Tally
from telephony.rehearsals.twilio import sid
from telephony.tallying import COLUMNS, recount
from tests.factories import person
from tests.telephony import exchange as phone
from tests.telephony.exchange import answered_by, ring

NOW = timezone.now

CALLS = 1_200


@override_settings(DEBUG=True)
def made(*arguments: str) -> str:
    said = StringIO()
    call_command("demo", *arguments, stdout=said)
    return said.getvalue()


@contextmanager
def standing(blocker: DjangoDbBlocker, *arguments: str) -> Iterator[str]:
    """What was made takes seconds: it stands for all tests of a class, and each of them is rolled back to it."""
    with blocker.unblock(), atomic():
        yield made(*arguments)
        set_rollback(True)


@pytest.fixture(scope="class")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with standing(django_db_blocker, "--if-empty") as said:
        yield said


@pytest.fixture(scope="class")
def many(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    with standing(django_db_blocker, "--calls", str(CALLS)) as said:
        yield said


def test_it_refuses_where_its_sign_ins_would_open_a_real_house(db: None) -> None:
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo")
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo", "--if-empty")

    assert not User.objects.exists()


def test_it_touches_no_database_that_has_a_project(db: None) -> None:
    access_before = Project.objects.create(name="Mine")

    with pytest.raises(CommandError, match="empty database"):
        made()
    assert made("--if-empty") == ""

    assert list(Project.objects.all()) == [access_before]
    assert not User.objects.exists()


def test_it_is_made_whole_or_not_at_all(db: None) -> None:
    person("Olga")  # a name that the demo needs

    with pytest.raises(Exception, match=r"(?i)unique"):
        made()

    assert list(User.objects.values_list("username", flat=True)) == ["olga"]
    assert not Project.objects.exists()
    assert timezone.now is NOW


@pytest.mark.usefixtures("demo", "db")
class TestTheDemo:
    def project(self) -> Project:
        return Project.objects.get(name="Riverside Dental")

    def reception(self) -> Agent:
        return Agent.objects.get(name="Reception")

    def test_says_that_it_is_ready_and_puts_the_clock_back(self, demo: str) -> None:
        assert "ready" in demo
        assert timezone.now is NOW

    def test_has_its_people_in_their_roles(self) -> None:
        held = {
            name: str(access.role(User.objects.get(username=name), self.project()))
            for name in ("ana", "pia", "ben", "cleo", "admin")
        }

        assert held == {"ana": "admin", "pia": "publisher", "ben": "editor", "cleo": "viewer", "admin": "admin"}

    def test_has_a_second_project_that_only_its_own_people_and_the_superuser_see(self) -> None:
        orders = Agent.objects.get(name="Orders")

        assert orders.published is not None
        for name in ("ana", "pia", "ben", "cleo"):
            assert access.role(User.objects.get(username=name), orders.project) is None
        for name in ("olga", "otto", "admin"):
            assert access.role(User.objects.get(username=name), orders.project) is not None

    def test_has_two_numbers_that_reception_answers_and_a_free_one(self) -> None:
        lines = PhoneNumber.objects.filter(connection__project=self.project())
        told = lines.values_list("number", "connection__provider", "agent__name")

        assert set(told) == {
            ("+15550001000", "generic", "Reception"),
            ("+15550002000", "twilio", "Reception"),
            ("+15550003000", "generic", None),
        }

    @pytest.mark.parametrize(("provider", "number"), [("generic", "+15550001000"), ("twilio", "+15550002000")])
    def test_answers_calls_with_what_is_live(self, provider: str, number: str) -> None:
        line = Connection.objects.get(provider=provider, project=self.project())
        secrets = unseal(line.secrets)
        if provider == "generic":
            body = phone.said("call.incoming", call_id="new", to=number)
            response = phone.tell(line, body, headers=phone.sealed(body, secret=secrets["signing_secret"]))
        else:
            response = phone.post(line, {"CallSid": sid("new"), "To": number}, token=secrets["auth_token"])

        published = self.reception().published
        assert published is not None
        assert answered_by(response) == published.number

    def test_has_a_mistake_that_was_live_for_17_minutes_with_its_calls(self) -> None:
        mistake = Version.objects.get(agent=self.reception(), name="Closed sign")
        published = Event.objects.get(action=Action.PUBLISHED, version=mistake)
        back = Event.objects.filter(action=Action.PUBLISHED, agent=self.reception(), pk__gt=published.pk).first()

        assert back is not None
        assert back.version is not None
        assert back.at - published.at == timedelta(minutes=17)
        assert back.version.number < mistake.number
        calls = Call.objects.filter(version=mistake)
        assert calls.count() >= 4
        assert all(published.at <= call.started_at <= back.at for call in calls)

    def test_has_every_call_on_the_version_that_was_live_when_it_rang(self) -> None:
        switches = [
            (event.at, event.version_id)
            for event in Event.objects.filter(action=Action.PUBLISHED, agent=self.reception()).order_by("pk")
        ]
        for call in Call.objects.filter(agent=self.reception(), missed=""):
            live = [version for moment, version in switches if moment <= call.started_at]
            assert call.version_id == live[-1]

    def test_has_calls_in_progress_and_a_few_that_were_missed_and_most_that_ended_well(self) -> None:
        assert Call.objects.in_progress().count() == 3
        assert 0 < Call.objects.exclude(missed="").count() < 10
        by_status = dict(Call.objects.values_list("status").annotate(Count("pk")))
        assert by_status["completed"] > 100
        [lost] = [call for call in Call.objects.all() if call.no_end_reported]
        assert lost.started_at < timezone.now() - timedelta(days=1)

    def test_tells_its_history_in_order_and_nothing_of_the_future(self) -> None:
        moments = list(Event.objects.filter(project=self.project()).order_by("pk").values_list("at", flat=True))

        assert moments == sorted(moments)
        assert moments[-1] <= timezone.now()
        assert moments[0] < timezone.now() - timedelta(days=14)
        assert not Call.objects.filter(started_at__gt=timezone.now()).exists()

    def test_has_a_draft_that_only_ana_sees_with_something_unpublished(self) -> None:
        [draft] = self.reception().drafts.filter(started_at__isnull=False, owner__username="ana")

        assert draft.has_changes_in_no_version()

    def test_rings_no_unsigned_bell(self) -> None:
        line = Connection.objects.get(provider="generic", project=self.project())

        assert ring(line).status_code == 403


@pytest.mark.usefixtures("many", "db")
class TestManyCalls:
    """A year of them beside the story, as the verbs, the rings and the reports would have left them."""

    def calls(self) -> CallQuerySet:
        return Call.objects.filter(project__name=crowd.NAME)

    def test_are_a_project_of_their_own(self, many: str) -> None:
        assert "1,200 calls" in many
        assert self.calls().count() == CALLS
        people = {member.user.username: member.role for member in Membership.objects.filter(project__name=crowd.NAME)}
        assert people == {"ana": "admin", "pia": "publisher", "ben": "editor", "cleo": "viewer"}
        assert list(verify()) == []

    def test_name_the_version_that_was_live(self) -> None:
        agent = Agent.objects.get(name="Desk 0", project__name=crowd.NAME)
        lives = list(
            Event.objects.filter(agent=agent, action=Action.PUBLISHED).order_by("pk").values_list("at", "version")
        )
        for started_at, version in self.calls().filter(agent=agent, missed="").values_list("started_at", "version"):
            assert version == [live for at, live in lives if at <= started_at][-1]
        assert agent.published_id == lives[-1][1]
        assert agent.last_number == agent.versions.count() > 3
        published = Event.objects.filter(project__name=crowd.NAME, action=Action.PUBLISHED).order_by("pk")
        assert list(published) == sorted(published, key=lambda event: event.at)

    def test_are_of_all_kinds_and_summed_up(self) -> None:
        before = list(Tally.objects.order_by("version", "hour").values_list("version", "hour", *COLUMNS))
        recount()

        assert list(Tally.objects.order_by("version", "hour").values_list("version", "hour", *COLUMNS)) == before
        ended = self.calls().filter(missed="", status__in=ENDED).count()
        summed = Tally.objects.filter(agent__project__name=crowd.NAME).aggregate(n=Sum("calls"))
        assert summed["n"] == ended > CALLS * 0.9

        kinds = self.calls().values_list("status", flat=True).distinct().order_by()
        assert {*kinds} >= {*ENDED}
        assert self.calls().filter(missed="outage").exists()
        for kind in ({"transferred": True}, {"voicemail": True}, {"success": True}, {"success": False}):
            assert self.calls().filter(**kind).exists()
        assert self.calls().filter(cost__gt=0).exists()
        assert CallEvent.objects.filter(call__project__name=crowd.NAME, told__has_key="summary").exists()

    def test_can_be_added_again(self) -> None:
        made("--calls", "500")

        assert Call.objects.filter(project__name=f"{crowd.NAME} 2").count() == 500
        assert self.calls().count() == CALLS
        assert list(verify()) == []

    def test_are_added_to_the_demo_alone(self) -> None:
        Project.objects.filter(name="Riverside Dental").update(name="Mine")

        with pytest.raises(CommandError, match="empty database"):
            made("--calls", "500")


@pytest.mark.skipif(database.vendor != "postgresql", reason="SQLite keeps what comes last at the end")
def test_many_calls_lie_as_they_came_however_they_are_joined(db: None) -> None:
    people = {name: person(name) for name in ("ana", "pia", "ben", "cleo")}
    with database.cursor() as cursor:
        # Calls of other tests leave room, which new ones would fill; and joined so, they come agent by agent.
        cursor.execute("TRUNCATE telephony_call CASCADE; SET LOCAL enable_hashjoin = off")
        crowd.crowd(2_000, people, say=print)
        cursor.execute("ANALYZE telephony_call")
        cursor.execute("SELECT correlation FROM pg_stats WHERE tablename = 'telephony_call' AND attname = 'started_at'")
        assert cursor.fetchone()[0] > 0.9
