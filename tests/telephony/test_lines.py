"""A process remembers the connections it has seen: what is changed about one counts at the next ring all the same."""

from base64 import b64encode
from collections.abc import Iterator

import pytest

from agentversions.operations import create_project, resume_project, suspend_project
from telephony import lines
from telephony.models import Call, CallEvent, Connection, Missed
from telephony.operations import add_connection, change_connection
from tests.factories import person
from tests.telephony.exchange import (
    GENERIC_NUMBER,
    TWILIO_NUMBER,
    Exchange,
    answered_by,
    heard,
    path,
    post,
    refusal,
    report,
    ring,
    said,
    sealed,
    send,
    written,
)

NEW_SECRET = "whsec_" + b64encode(b"the secret that is newer").decode()


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """A process that has seen nothing."""
    lines.forget()
    yield
    lines.forget()


def signed_with(line: Connection, secret: str, call_id: str = "call-1") -> int:
    """The status of a ring that is signed with this secret."""
    body = said("call.incoming", call_id=call_id, **{"from": "+14155550100", "to": GENERIC_NUMBER})
    return send(path(line), body, "application/json", sealed(body, secret=secret)).status_code


def test_a_secret_that_was_replaced_opens_nothing_any_more_and_makes_no_call(exchange: Exchange) -> None:
    line, old = exchange.generic, "whsec_" + b64encode(b"only tests sign with it.").decode()
    assert signed_with(line, old, "before") == 200

    change_connection(line, secrets={"signing_secret": NEW_SECRET}, by=exchange.cast.ana)

    assert signed_with(line, old, "after") == 403
    assert not Call.objects.filter(provider_call_id="after").exists()
    assert signed_with(line, NEW_SECRET, "after") == 200
    assert signed_with(line, old, "before") == 403  # a retry too, though its call is there


def test_the_new_secret_opens_though_the_old_one_is_remembered(exchange: Exchange) -> None:
    ring(exchange.generic)
    change_connection(exchange.generic, secrets={"signing_secret": NEW_SECRET}, by=exchange.cast.ana)

    assert signed_with(exchange.generic, NEW_SECRET) == 200
    assert report(exchange.generic, "call.answered").status_code == 403


def test_a_report_at_the_rings_address_is_signed_with_the_new_secret_too(exchange: Exchange) -> None:
    fields = {"CallSid": "CA" + "1" * 32, "CallStatus": "completed", "To": TWILIO_NUMBER}
    assert post(exchange.twilio, fields).status_code == 200
    assert CallEvent.objects.count() == 1

    change_connection(exchange.twilio, secrets={"auth_token": "f" * 32}, by=exchange.cast.ana)

    assert post(exchange.twilio, fields | {"CallDuration": "1"}).status_code == 403
    assert CallEvent.objects.count() == 1


def test_what_is_changed_counts_at_the_next_ring(exchange: Exchange) -> None:
    ring(exchange.generic, "one")

    change_connection(exchange.generic, enabled=False, fallback="Back on Monday.", by=exchange.cast.ana)
    assert heard(ring(exchange.generic, "two"))["refusal"] == {
        "reason": "connection_disabled",
        "say": "Back on Monday.",
    }

    change_connection(exchange.generic, enabled=True, by=exchange.cast.ana)
    assert answered_by(ring(exchange.generic, "three")) == 2
    assert answered_by(ring(exchange.generic, "one")) == 2


def test_a_number_as_fallback_is_told_as_one(exchange: Exchange) -> None:
    change_connection(exchange.generic, enabled=False, fallback="+44 (113) 496-0101", by=exchange.cast.ana)

    told = heard(ring(exchange.generic))["refusal"]

    assert told == {"reason": "connection_disabled", "say": "", "transfer": "+441134960101"}


def test_a_connection_is_remembered_by_its_provider_too(exchange: Exchange) -> None:
    ring(exchange.generic)

    body = said("call.incoming", call_id="call-2", **{"from": "+14155550100", "to": GENERIC_NUMBER})
    address = path(exchange.generic).replace("generic", "twilio")

    assert send(address, body, "application/json", sealed(body)).status_code == 403


def test_a_stranger_is_never_remembered(exchange: Exchange) -> None:
    elsewhere = create_project("Elsewhere", by=exchange.cast.olga)
    theirs = add_connection(
        elsewhere, provider="generic", name="Theirs", secrets={"signing_secret": NEW_SECRET}, by=exchange.cast.olga
    )

    assert signed_with(exchange.generic, NEW_SECRET) == 403
    assert signed_with(theirs, NEW_SECRET) == 200
    assert Call.objects.get().missed == Missed.UNKNOWN_NUMBER


class TestASuspendedProject:
    def test_answers_with_its_connections_messages_until_it_is_resumed(self, exchange: Exchange) -> None:
        root = person("Root", is_superuser=True)
        assert answered_by(ring(exchange.generic, "before")) == 2

        suspend_project(exchange.cast.project, by=root)
        refused = [refusal(ring(line, "during")) for line in (exchange.generic, exchange.twilio)]
        resume_project(exchange.cast.project, by=root)

        assert all("We can't take your call" in said for said in refused)
        assert set(Call.objects.exclude(missed="").values_list("missed", flat=True)) == {"project_suspended"}
        assert answered_by(ring(exchange.generic, "before")) == 2
        assert answered_by(ring(exchange.generic, "after")) == 2

    def test_keeps_its_calls_in_progress(self, exchange: Exchange) -> None:
        ring(exchange.generic, "before")
        suspend_project(exchange.cast.project, by=person("Root", is_superuser=True))

        assert answered_by(ring(exchange.generic, "before")) == 2
        assert report(exchange.generic, "call.answered", "before").status_code == 204
        assert Call.objects.get().status == "in_progress"


def test_an_unknown_connection_writes_nothing(exchange: Exchange) -> None:
    nobody = Connection(pk=exchange.cast.project.pk, provider="generic")

    assert signed_with(nobody, NEW_SECRET) == 403
    assert written() == (0, 0)
