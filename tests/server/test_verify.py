"""What must always be true of what is stored: each finding, told after a hand has been in the database."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from agentversions import guards, verifying
from agentversions.models import Agent, Event, Version
from agentversions.operations import secrets
from agentversions.verifying import verify
from telephony.incoming import CallReport
from telephony.models import Call, CallEvent, Status, Tally
from tests.cast import edit, save
from tests.telephony.exchange import Exchange, connect, report, ring

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange() -> Exchange:
    """Two projects, versions, a draft, numbers, a call and a secret, all as they should be."""
    made = connect()
    cast = made.cast
    edit(cast.agent, cast.ben, prompt="Ben's.")
    save(cast.orders, cast.olga, prompt="Take orders.")
    secrets.set_secret(cast.project, "API_KEY", "sesame", by=cast.ana)
    ring(made.generic)
    assert list(verify()) == []
    return made


def kept_alone(exchange: Exchange, minutes_ago: float) -> None:
    """A report, by a server that died before the report moved its call."""
    told = CallReport("call-1", "call.ended", Status.COMPLETED, duration=5)
    at = timezone.now() - timedelta(minutes=minutes_ago)
    kept = {"provider_call_id": told.call_id, "kind": told.kind, "status": told.status, "duration": told.duration}
    CallEvent.objects.create(connection=exchange.generic, received_at=at, **kept)


def by_hand(statement: str, *values: UUID | int | str) -> None:
    """What the guards would refuse."""
    connection.check_constraints()  # what waits for the end of the transaction would stand in the way
    guards.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, [_key(value) for value in values])


def _key(value: UUID | int | str) -> UUID | int | str:
    return value.hex if isinstance(value, UUID) and connection.vendor == "sqlite" else value


def found() -> list[str]:
    """What is told, with the guards back in place where the data lets them."""
    return [finding for finding in verify() if "guard its history" not in finding]


def v1(agent: Agent) -> Version:
    """The first version."""
    return Version.objects.get(agent=agent, number=1)


BROKEN: dict[str, tuple[Callable[[Exchange], None], str]] = {
    "the published version is another agent's": (
        lambda e: by_hand(
            "UPDATE agentversions_agent SET published_id = %s WHERE id = %s", v1(e.cast.orders).pk, e.agent.pk
        ),
        r"Agent {agent}: its published is no version of its agent\.",
    ),
    "a version's parent is another agent's": (
        lambda e: by_hand(
            "UPDATE agentversions_version SET parent_id = %s WHERE id = %s", v1(e.cast.orders).pk, e.version.pk
        ),
        r"Version {version}: its parent is no version of its agent\.",
    ),
    "a draft is based on another agent's version": (
        lambda e: by_hand(
            "UPDATE agentversions_draft SET based_on_id = %s WHERE owner_id = %s",
            v1(e.cast.orders).pk,
            e.cast.ben.pk,
        ),
        r"Draft .+: its based_on is no version of its agent\.",
    ),
    "a call was handled by another agent's version": (
        lambda e: by_hand("UPDATE telephony_call SET version_id = %s", v1(e.cast.orders).pk),
        r"Call {call}: its version is no version of its agent\.",
    ),
    "a number was skipped": (
        lambda e: by_hand("UPDATE agentversions_version SET number = 7 WHERE id = %s", e.version.pk),
        r"Agent {agent}: its numbers should be 1 to 2, each once; it has 2 from 1 to 7, 2 of them different\.",
    ),
    "the counter is behind": (
        lambda e: by_hand("UPDATE agentversions_agent SET last_number = 1 WHERE id = %s", e.agent.pk),
        r"Agent {agent}: its numbers should be 1 to 1, .+",
    ),
    "the counter is ahead": (
        lambda e: by_hand("UPDATE agentversions_agent SET last_number = 3 WHERE id = %s", e.agent.pk),
        r"Agent {agent}: its numbers should be 1 to 3, .+",
    ),
    "a version's content was changed": (
        lambda e: by_hand(
            "UPDATE agentversions_version SET configuration = %s WHERE id = %s", '{"prompt": "Mine."}', e.version.pk
        ),
        r"Version {version} \(v2 of agent {agent}\): its content isn't what its digest says\.",
    ),
    "a digest was changed": (
        lambda e: by_hand("UPDATE agentversions_version SET digest = 'sha256:0' WHERE id = %s", e.version.pk),
        r"Version {version} .+: its content isn't what its digest says\.",
    ),
    "a number leads to another project's agent": (
        lambda e: by_hand(
            "UPDATE telephony_phonenumber SET agent_id = %s WHERE id = %s", e.cast.orders.pk, e.number.pk
        ),
        r"Phone number {number}: its agent is in another project than its connection\.",
    ),
    "a call is of another project's agent": (
        lambda e: by_hand(
            "UPDATE telephony_call SET agent_id = %s, version_id = %s", e.cast.orders.pk, v1(e.cast.orders).pk
        ),
        r"Call {call}: its agent is in another project than its connection\.",
    ),
    "a call's end was never summed up": (
        lambda _: by_hand("UPDATE telephony_call SET status = 'completed', duration = 5"),
        r"Version {version}: its sums of \d{{4}}-\d\d-\d\d \d\d:00 UTC aren't what its calls add up to\. Run recount\.",
    ),
    "a report never moved its call": (
        lambda e: kept_alone(e, minutes_ago=6),
        r"Call {call}: something was reported of it that hasn't moved it\. Run recount\.",
    ),
    "a fact is told of another project's agent": (
        lambda e: by_hand(
            "UPDATE agentversions_event SET project_id = %s WHERE id = %s", e.cast.elsewhere.pk, _published(e).pk
        ),
        r"Event {event}: its agent is in another project\.",
    ),
    "a fact is told of another agent's version": (
        lambda e: by_hand(
            "UPDATE agentversions_event SET version_id = %s WHERE id = %s", v1(e.cast.orders).pk, _published(e).pk
        ),
        r"Event {event}: its version is another agent's\.",
    ),
    "a connection's secrets are gone": (
        lambda e: by_hand("UPDATE telephony_connection SET secrets = 'x' WHERE id = %s", e.generic.pk),
        r"Connection {connection}: no key in ENCRYPTION_KEYS opens its secrets\.",
    ),
    "a project's secret is gone": (
        lambda _: by_hand("UPDATE agentversions_secret SET sealed = 'x'"),
        r"Secret \d+: no key in ENCRYPTION_KEYS opens its sealed\.",
    ),
}


def _published(exchange: Exchange) -> Event:
    return Event.objects.get(action="published", agent=exchange.agent)


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_told_in_a_line(exchange: Exchange, what: str) -> None:
    break_it, sentence = BROKEN[what]
    names = {
        "agent": exchange.agent.pk,
        "version": exchange.version.pk,
        "call": Call.objects.get().pk,
        "number": exchange.number.pk,
        "event": _published(exchange).pk,
        "connection": exchange.generic.pk,
    }

    break_it(exchange)

    (finding,) = found()
    assert re.fullmatch(sentence.format(**names), finding), finding


@pytest.mark.parametrize("column", ["calls", "cost", "under_105", "rejected", "agent_id"])
def test_sums_that_are_off_are_told_once_and_mended(exchange: Exchange, column: str) -> None:
    report(exchange.generic, "call.ended", status="completed", duration_s=95, cost="0.1")
    assert found() == []
    value = exchange.cast.orders.pk if column == "agent_id" else 7
    by_hand(f"UPDATE telephony_tally SET {column} = %s", value)  # noqa: S608 (a column of ours)

    assert len(found()) == 1
    call_command("recount", stdout=StringIO())

    assert found() == []
    assert Tally.objects.get().calls == 1


def test_a_report_that_never_moved_its_call_is_told_and_does_so_late(exchange: Exchange) -> None:
    kept_alone(exchange, minutes_ago=4)
    assert found() == []
    kept_alone(exchange, minutes_ago=6)
    assert len(found()) == 1

    call_command("recount", stdout=StringIO())

    assert found() == []
    assert (Call.objects.get().status, Call.objects.get().events.count()) == (Status.COMPLETED, 2)
    assert Tally.objects.get().calls == 1


def test_sums_of_nothing_are_as_good_as_none(exchange: Exchange) -> None:
    Tally.objects.create(agent=exchange.agent, version=exchange.version, hour="2026-01-01 00:00:00Z")

    assert found() == []
    by_hand("UPDATE telephony_tally SET rejected = 1")
    (finding,) = found()
    assert "its sums of 2026-01-01 00:00 UTC" in finding


def test_numbers_that_repeat_are_told(exchange: Exchange) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets nobody lift a table's own constraint")
    by_hand("ALTER TABLE agentversions_version DROP CONSTRAINT version_numbers_never_repeat")
    by_hand("UPDATE agentversions_version SET number = 1 WHERE id = %s", exchange.version.pk)

    (finding,) = found()

    assert "it has 2 from 1 to 1, 1 of them different" in finding


def test_a_content_that_is_no_json_any_more_hides_no_other(exchange: Exchange) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL keeps no JSON that is none")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
    by_hand("UPDATE agentversions_version SET configuration = 'torn {' WHERE id = %s", exchange.version.pk)
    by_hand("UPDATE agentversions_version SET digest = 'sha256:0' WHERE id = %s", v1(exchange.cast.orders).pk)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = OFF")

    assert len(found()) == 2


def test_every_slice_is_read(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "SLICE", 2)
    told: list[tuple[int, int]] = []
    last = Version.objects.order_by("pk").last()
    assert last
    by_hand("UPDATE agentversions_version SET digest = 'sha256:0' WHERE id = %s", last.pk)

    findings = list(verify(lambda done, total: told.append((done, total))))

    assert [finding for finding in findings if f"Version {last.pk} " in finding]
    assert told == [(2, 4), (4, 4)]


def test_guards_that_are_lifted_are_told(exchange: Exchange) -> None:
    connection.check_constraints()
    guards.remove(connection)
    assert any("is missing. Run migrate." in finding for finding in verify())


@pytest.mark.usefixtures("exchange")
class TestTheCommand:
    def test_says_that_everything_holds(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("verify")
        assert capsys.readouterr().out.startswith("Everything holds")

    def test_fails_with_what_is_wrong(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        with pytest.raises(CommandError, match="3 findings"):
            call_command("verify")
        assert len(capsys.readouterr().out.splitlines()) == 3
