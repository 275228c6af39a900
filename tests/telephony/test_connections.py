"""People connect lines, add numbers and assign them: each by their role, each in their own project."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import transaction
from pytest_django import Settings

from agentversions import sealing
from agentversions.checks import outlook
from agentversions.models import Action, Event, Version
from agentversions.operations import archive_agent, create_agent, publish, publish_draft, unpublish
from agentversions.refusals import AlreadyDone, Archived, Blocked, Invalid, NotAllowed
from telephony.models import Connection, PhoneNumber
from telephony.operations import (
    NumberElsewhere,
    add_connection,
    add_number,
    assign_number,
    change_connection,
    unassign_number,
)
from tests.cast import Cast, live, save, shown
from tests.factories import person
from tests.telephony import exchange as phone
from tests.telephony.exchange import FREE_NUMBER, GENERIC_NUMBER, TWILIO_NUMBER, Exchange, answered_by, ring

ADMINS = {"ana", "root"}
PUBLISHERS = {"ana", "pia", "root"}
SIGNING = {"signing_secret": phone.SIGNING_SECRET}

VERBS: dict[str, tuple[set[str], Callable[[Exchange, User], object]]] = {
    "add_connection": (
        ADMINS,
        lambda e, by: add_connection(e.cast.project, provider="generic", name="New", secrets={}, by=by),
    ),
    "change_connection": (ADMINS, lambda e, by: change_connection(e.generic, name="Renamed", by=by)),
    "switch off": (ADMINS, lambda e, by: change_connection(e.generic, enabled=False, by=by)),
    "change a secret": (ADMINS, lambda e, by: change_connection(e.twilio, secrets={"auth_token": "f" * 32}, by=by)),
    "add_number": (ADMINS, lambda e, by: add_number(e.generic, "+12025550177", by=by)),
    "assign_number": (PUBLISHERS, lambda e, by: assign_number(e.free, e.cast.agent, by=by)),
    "move a number": (PUBLISHERS, lambda e, by: assign_number(e.number, _sales(e), by=by, move=True)),
    "unassign_number": (PUBLISHERS, lambda e, by: unassign_number(e.number, by=by)),
}
PEOPLE = ["cleo", "ben", "pia", "ana", "root", "olga", "charlie", "gone"]


def _sales(exchange: Exchange) -> Any:
    return exchange.cast.project.agents.get(name="Sales")


def who(cast: Cast, name: str) -> User:
    match name:
        case "root":
            return person("Root", is_superuser=True)
        case "gone":
            cast.ana.is_active = False
            cast.ana.save()
            return cast.ana
        case _:
            found: User = getattr(cast, name)
            return found


def everything() -> list[Any]:
    tables: list[Any] = [
        *(Connection.objects, Connection.history, PhoneNumber.objects, PhoneNumber.history),
        *(Event.objects, Version.objects),
    ]
    return [list(table.order_by("pk").values()) for table in tables]


@pytest.mark.parametrize("name", PEOPLE)
def test_what_a_role_may_do(exchange: Exchange, name: str) -> None:
    create_agent(exchange.cast.project, "Sales", by=exchange.cast.ben)
    actor = who(exchange.cast, name)
    before = everything()

    done = set()
    for verb, (_, deed) in VERBS.items():
        with transaction.atomic():
            try:
                deed(exchange, actor)
            except NotAllowed:
                assert everything() == before
            else:
                assert everything() != before
                done.add(verb)
            transaction.set_rollback(True)

    assert done == {verb for verb, (allowed, _) in VERBS.items() if name in allowed}


class TestAConnection:
    @pytest.mark.parametrize(
        ("provider", "given", "told"),
        [
            ("acme", {}, "Choose a provider"),
            ("", {}, "Choose a provider"),
            ("twilio", {}, "Auth token is missing"),
            ("twilio", {"auth_token": "  "}, "Auth token is missing"),
            ("twilio", {"auth_token": "short"}, "Auth token"),
            ("twilio", {"auth_token": "with\x00nul" * 4}, "Auth token"),
            ("twilio", {"auth_token": "f" * 32, "shared_key": "x"}, "Shared key"),
            ("generic", {"signing_secret": "whsec_short"}, "Signing secret"),
            ("generic", {"signing_secret": "whsec_" + "!" * 32}, "Signing secret"),
            ("generic", {"signing_secret": "whsec_" + "A" * 33}, "Signing secret"),
        ],
    )
    def test_needs_secrets_that_can_be_ones(
        self, exchange: Exchange, provider: str, given: dict[str, str], told: str
    ) -> None:
        with pytest.raises(Invalid, match=told) as refused:
            add_connection(exchange.cast.project, provider=provider, name="New", secrets=given, by=exchange.cast.ana)

        assert not any(secret and secret in str(refused.value) for secret in given.values() if secret.strip())
        assert Connection.objects.count() == 2

    def test_of_our_own_kind_gets_a_secret_that_signs(self, exchange: Exchange) -> None:
        made = add_connection(exchange.cast.project, provider="generic", name="New", secrets={}, by=exchange.cast.ana)
        secret = sealing.unseal(made.secrets)["signing_secret"]
        body = phone.said("call.incoming", call_id="1", to=GENERIC_NUMBER)

        assert secret != sealing.unseal(exchange.generic.secrets)["signing_secret"]
        assert phone.tell(made, body, headers=phone.sealed(body, secret=secret)).status_code == 200

    @pytest.mark.parametrize(
        "url",
        ["worker.example.com", "ftp://x.example.com", "wss://", "wss://a b", "javascript:x", "wss://x\x00", "wss://é"],
    )
    def test_has_a_workers_address_or_none(self, exchange: Exchange, url: str) -> None:
        with pytest.raises(Invalid, match="worker's address"):
            change_connection(exchange.twilio, worker_url=url, by=exchange.cast.ana)

        assert change_connection(exchange.twilio, worker_url="", by=exchange.cast.ana).worker_url == ""

    @pytest.mark.parametrize("text", ["x" * 501, "bell\x07", "\ud800"])
    def test_has_a_sentence_that_can_be_spoken(self, exchange: Exchange, text: str) -> None:
        with pytest.raises(Invalid):
            change_connection(exchange.generic, fallback=text, by=exchange.cast.ana)

    def test_says_something_even_when_nothing_was_typed(self, exchange: Exchange) -> None:
        assert change_connection(exchange.generic, fallback="  ", by=exchange.cast.ana).fallback

    def test_keeps_what_was_not_given_and_the_secret_that_was_left_empty(self, exchange: Exchange) -> None:
        changed = change_connection(exchange.twilio, name="Twilio UK", secrets={"auth_token": ""}, by=exchange.cast.ana)

        assert (changed.name, changed.worker_url, changed.enabled) == ("Twilio UK", phone.WORKER, True)
        assert answered_by(ring(exchange.twilio)) == 2

    def test_that_was_changed_in_nothing_is_no_act(self, exchange: Exchange) -> None:
        before = everything()
        change_connection(exchange.generic, name=exchange.generic.name, by=exchange.cast.ana)

        assert everything() == before

    def test_tells_what_was_changed_and_never_to_which_secret(self, exchange: Exchange) -> None:
        change_connection(exchange.twilio, name="UK", secrets={"auth_token": "f" * 32}, by=exchange.cast.ana)

        event = Event.objects.get(action=Action.CONNECTION_CHANGED)
        assert sorted(event.particulars["fields"]) == ["name", "secrets"]
        assert "f" * 32 not in json.dumps(event.particulars)


class TestSecrets:
    @staticmethod
    def column(table: str) -> str:
        with database.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - one of ours
            return repr(cursor.fetchall())

    def test_are_sealed_at_rest_and_in_no_history(self, exchange: Exchange) -> None:
        change_connection(exchange.twilio, name="UK", secrets={"shared_key": "s" * 32}, by=exchange.cast.ana)

        for table in ("telephony_connection", "telephony_historicalconnection", "agentversions_event"):
            for secret in (phone.SIGNING_SECRET, phone.AUTH_TOKEN, "s" * 32):
                assert secret not in self.column(table)
        sealed = Connection.objects.get(pk=exchange.twilio.pk).secrets
        assert sealed
        assert sealed not in self.column("telephony_historicalconnection")
        assert "secrets" not in {field.name for field in Connection.history.model._meta.get_fields()}

    def test_stay_readable_when_a_newer_key_is_put_before_theirs(self, exchange: Exchange, settings: Settings) -> None:
        newer = Fernet.generate_key().decode()
        settings.ENCRYPTION_KEYS = [newer, *settings.ENCRYPTION_KEYS]
        assert answered_by(ring(exchange.twilio, "CA1")) == 2

        change_connection(exchange.twilio, secrets={"auth_token": phone.AUTH_TOKEN}, by=exchange.cast.ana)
        settings.ENCRYPTION_KEYS = [newer]

        assert answered_by(ring(exchange.twilio, "CA2")) == 2
        assert ring(exchange.generic).status_code == 403

    def test_whose_key_was_lost_can_be_typed_again(self, exchange: Exchange, settings: Settings) -> None:
        settings.ENCRYPTION_KEYS = [b64encode(b"another key of thirty-two bytes.").decode()]
        assert ring(exchange.twilio).status_code == 403

        change_connection(exchange.twilio, secrets={"auth_token": phone.AUTH_TOKEN}, by=exchange.cast.ana)

        assert answered_by(ring(exchange.twilio)) == 2

    def test_the_same_secret_is_sealed_differently_each_time(self) -> None:
        assert sealing.seal({"a": "b"}) != sealing.seal({"a": "b"})


class TestANumber:
    @pytest.mark.parametrize("text", ["+1 (202) 555-0177", "0012025550177", "+1-202-555-0177", " +12025550177 "])
    def test_can_be_typed_in_any_spelling(self, exchange: Exchange, text: str) -> None:
        assert add_number(exchange.generic, text, by=exchange.cast.ana).number == "+12025550177"

    @pytest.mark.parametrize("text", ["", "hello", "2025550177", "+1202", "+1" * 200, "\x00", "\ud800", "+999123456"])
    def test_needs_its_countrys_code_and_a_possible_length(self, exchange: Exchange, text: str) -> None:
        with pytest.raises(Invalid):
            add_number(exchange.generic, text, by=exchange.cast.ana)

    def test_is_once_in_a_connection(self, exchange: Exchange) -> None:
        with pytest.raises(AlreadyDone, match="in this connection already"):
            add_number(exchange.generic, "+1 202 555 0133", by=exchange.cast.ana)

        assert add_number(exchange.twilio, GENERIC_NUMBER, by=exchange.cast.ana).agent is None

    def test_of_another_project_can_not_be_assigned(self, exchange: Exchange) -> None:
        cast = exchange.cast
        line = add_connection(cast.elsewhere, provider="generic", name="Shop", secrets=SIGNING, by=cast.olga)
        theirs = add_number(line, "+12025550188", by=cast.olga)

        for number, agent, by in ((theirs, cast.agent, cast.ana), (exchange.free, cast.orders, cast.olga)):
            with pytest.raises(Invalid, match="no such number in this project"):
                assign_number(number, agent, by=by)
        for by in (cast.ana, cast.charlie):
            with pytest.raises(NotAllowed):
                assign_number(theirs, cast.orders, by=by)

    def test_is_taken_from_another_agent_only_when_that_is_said(self, exchange: Exchange) -> None:
        other = create_agent(exchange.cast.project, "Sales", by=exchange.cast.ana)

        with pytest.raises(NumberElsewhere, match="answers for Reception"):
            assign_number(exchange.number, other, by=exchange.cast.pia)
        assign_number(exchange.number, other, by=exchange.cast.pia, move=True)

        told = Event.objects.order_by("-id").values_list("action", "agent__name")[:2]
        assert sorted(told) == [(Action.NUMBER_ASSIGNED, "Sales"), (Action.NUMBER_UNASSIGNED, "Reception")]

    def test_that_is_the_agents_already_is_no_act(self, exchange: Exchange) -> None:
        before = everything()
        assign_number(exchange.number, exchange.cast.agent, by=exchange.cast.pia)

        assert everything() == before

    def test_that_is_free_can_not_be_freed(self, exchange: Exchange) -> None:
        with pytest.raises(AlreadyDone, match="free already"):
            unassign_number(exchange.free, by=exchange.cast.pia)

    def test_goes_to_no_archived_agent(self, exchange: Exchange) -> None:
        idle = create_agent(exchange.cast.project, "Idle", by=exchange.cast.ana)
        archive_agent(idle, by=exchange.cast.ana)

        with pytest.raises(Archived):
            assign_number(exchange.free, idle, by=exchange.cast.ana)

    def test_that_was_the_last_leaves_the_version_published(self, exchange: Exchange) -> None:
        for number in PhoneNumber.objects.filter(agent=exchange.agent):
            unassign_number(number, by=exchange.cast.pia)

        assert live(exchange.agent) == 2
        assert seen(exchange).numbers == 0

    def test_of_an_archived_agent_is_free(self, exchange: Exchange) -> None:
        unpublish(exchange.agent, live=2, by=exchange.cast.ana)
        archive_agent(exchange.agent, by=exchange.cast.ana)

        assert not PhoneNumber.objects.exclude(agent=None).exists()
        assert Event.objects.filter(action=Action.NUMBER_UNASSIGNED, agent=exchange.agent).count() == 3


def seen(exchange: Exchange) -> Any:
    return outlook(exchange.agent, exchange.version.read())


class TestPublishing:
    def test_tells_how_many_numbers_and_calls_it_touches(self, exchange: Exchange) -> None:
        ring(exchange.generic, "call-1")
        ring(exchange.twilio, "call-2")
        phone.report(exchange.generic, "call.ended", "call-1")

        told = seen(exchange)

        assert (told.numbers, dict(told.calls), told.blockers, told.warnings, told.offers) == (3, {2: 1}, [], [], [])

    def test_warns_while_a_line_lacks_its_worker(self, exchange: Exchange) -> None:
        change_connection(exchange.twilio, worker_url="", by=exchange.cast.ana)

        [warning] = seen(exchange).warnings
        assert warning.startswith("Twilio has no worker address yet")

    def free_all(self, exchange: Exchange) -> None:
        for number in PhoneNumber.objects.filter(agent=exchange.agent):
            unassign_number(number, by=exchange.cast.ana)

    def test_offers_free_numbers_to_an_agent_without_one(self, exchange: Exchange) -> None:
        self.free_all(exchange)

        assert {offer.words.split(" · ")[1] for offer in seen(exchange).offers} == {"Worker", "Twilio"}
        assert len(seen(exchange).offers) == 4

    def test_takes_the_offered_number_and_is_answered_there(self, exchange: Exchange) -> None:
        other = create_agent(exchange.cast.project, "Sales", by=exchange.cast.ana)
        version = save(other, exchange.cast.ana, prompt="You sell.")

        publish(version, live=None, number=str(exchange.free.pk), by=exchange.cast.pia)

        assert phone.heard(ring(exchange.generic, to=FREE_NUMBER))["agent"]["name"] == "Sales"

    @pytest.mark.parametrize("reference", ["", "0", "x", "-1", "1e3", "9" * 5_000, "9" * 18, "²", "taken", "foreign"])
    def test_is_all_or_nothing(self, exchange: Exchange, reference: str) -> None:
        cast = exchange.cast
        line = add_connection(cast.elsewhere, provider="generic", name="Shop", secrets=SIGNING, by=cast.olga)
        wanted = {"taken": exchange.number, "foreign": add_number(line, "+12025550188", by=cast.olga)}
        reference = str(wanted[reference].pk) if reference in wanted else reference
        other = create_agent(cast.project, "Sales", by=cast.ana)
        if not reference:
            PhoneNumber.objects.filter(pk=exchange.free.pk).update(agent=exchange.agent)
        version = save(other, cast.ana, prompt="You sell.")
        before = everything()

        with pytest.raises((Invalid, Blocked)):
            publish(version, live=None, number=reference, by=cast.pia)
        with pytest.raises((Invalid, Blocked)):
            publish_draft(other, base=shown(other, cast.pia), live=None, number=reference, by=cast.pia)

        assert everything() == before
        assert live(other) is None

    def test_that_is_blocked_otherwise_leaves_the_number_free(self, exchange: Exchange) -> None:
        blank = create_agent(exchange.cast.project, "Blank", by=exchange.cast.ana)

        with pytest.raises(Blocked, match="prompt is empty"):
            publish(Version.objects.get(agent=blank), live=None, number=str(exchange.free.pk), by=exchange.cast.pia)

        assert PhoneNumber.objects.get(pk=exchange.free.pk).agent is None

    def test_is_blocked_with_its_cure_while_no_number_is_available(self, exchange: Exchange) -> None:
        cast = exchange.cast
        save(cast.orders, cast.olga, prompt="You take orders.")

        with pytest.raises(Blocked) as refused:
            publish_draft(cast.orders, base=shown(cast.orders, cast.olga), live=None, by=cast.olga)

        assert [(blocker.code, blocker.where) for blocker in refused.value.blockers] == [("no_number", "numbers")]

    def test_counts_no_number_of_a_line_that_is_switched_off(self, exchange: Exchange) -> None:
        for line in (exchange.generic, exchange.twilio):
            change_connection(line, enabled=False, by=exchange.cast.ana)

        assert [blocker.code for blocker in seen(exchange).blockers] == ["no_number"]
        assert TWILIO_NUMBER in PhoneNumber.objects.values_list("number", flat=True)


def test_calls_in_progress_are_told_by_the_version_each_started_with(exchange: Exchange) -> None:
    ring(exchange.generic, "first")
    exchange.go_live("Evening", greeting="Good evening.")
    ring(exchange.generic, "second")
    ring(exchange.twilio, "CA3")

    said = outlook(exchange.agent, exchange.version.read()).staying

    assert said == "3 calls in progress stay on the versions they started with: 1 on v2, 2 on v3."
