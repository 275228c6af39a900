"""A ring is answered by the version that is live, and stays with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agentversions.models import Agent
from agentversions.operations import archive_agent, create_agent, publish, rename_agent, rename_version, unpublish
from telephony.models import Call, Missed, PhoneNumber, Status
from telephony.operations import add_connection, add_number, assign_number, change_connection, unassign_number
from tests.cast import live, save
from tests.telephony import exchange as phone
from tests.telephony.exchange import (
    FREE_NUMBER,
    GENERIC_NUMBER,
    GENERIC_SECOND,
    TWILIO_NUMBER,
    Exchange,
    answered_by,
    call,
    heard,
    parameters,
    pull,
    refusal,
    relay,
    ring,
)

LINES = pytest.mark.parametrize("line", ["generic", "twilio"])


def test_the_call_is_answered_by_the_live_version_and_recorded_against_it(exchange: Exchange) -> None:
    before = timezone.now()

    answer = heard(ring(exchange.generic))

    known = call()
    assert answer["version"] == {"number": 2, "name": "Opening", "digest": exchange.version.digest}
    assert answer["configuration"] == exchange.version.configuration
    assert answer["agent"] == {"id": str(exchange.agent.pk), "name": "Reception"}
    assert (answer["call"]["id"], answer["call"]["provider_call_id"]) == (str(known.pk), "call-1")
    assert answer["call"]["events_url"] == phone.public(exchange.generic, "events")
    assert (known.version, known.agent_id, known.number) == (exchange.version, exchange.agent.pk, exchange.number)
    assert (known.missed, known.dialled, known.caller) == ("", GENERIC_NUMBER, phone.CALLER)
    assert before <= known.started_at <= timezone.now()


def test_twilio_is_sent_to_the_worker_with_the_call_its_version_and_its_token(exchange: Exchange) -> None:
    response = ring(exchange.twilio)

    given = parameters(response)
    assert relay(response).attrib["url"] == phone.WORKER
    assert relay(response).attrib["welcomeGreeting"] == "Front desk, hello."
    assert (given["call_id"], given["agent_version"]) == (str(call().pk), "2")
    assert pull(given["configuration_url"], given["config_token"])["configuration"] == exchange.version.configuration


def test_all_numbers_of_the_agent_are_answered_by_the_same_version(exchange: Exchange) -> None:
    rings = ((exchange.generic, GENERIC_NUMBER), (exchange.generic, GENERIC_SECOND), (exchange.twilio, TWILIO_NUMBER))

    assert [answered_by(ring(line, f"call-{number}", number)) for line, number in rings] == [2, 2, 2]


@LINES
def test_who_calls_after_a_publish_gets_the_new_version_and_who_called_before_keeps_theirs(
    exchange: Exchange, line: str
) -> None:
    connection = getattr(exchange, line)
    first = ring(connection, "call-1")
    newer = exchange.go_live("Evening", greeting="Good evening.")
    second = ring(connection, "call-2")
    publish(exchange.version, live=3, by=exchange.cast.pia)  # the way back
    third = ring(connection, "call-3")

    assert [answered_by(response) for response in (first, second, third)] == [2, 3, 2]
    assert [call(f"call-{n}").version for n in (1, 2, 3)] == [exchange.version, newer, exchange.version]


@LINES
def test_a_call_in_progress_keeps_its_configuration_whatever_is_published(exchange: Exchange, line: str) -> None:
    address, token = phone.worker(ring(getattr(exchange, line)))
    exchange.go_live("Evening", greeting="Good evening.")

    pulled = pull(address, token)

    assert pulled["version"]["number"] == 2
    assert pulled["configuration"]["greeting"] == "Front desk, hello."


@LINES
def test_a_retry_gets_the_same_bytes_whatever_has_changed_since(exchange: Exchange, line: str) -> None:
    connection, ana = getattr(exchange, line), exchange.cast.ana
    first = ring(connection)

    exchange.go_live("Evening", greeting="Good evening.")
    rename_agent(exchange.agent, "Front of house", by=ana)
    rename_version(exchange.version, "Renamed", by=ana)
    change_connection(connection, name="Renamed", worker_url="wss://moved.example.com", fallback="Other", by=ana)
    retried = ring(connection)
    for number in PhoneNumber.objects.filter(agent=exchange.agent):
        unassign_number(number, by=ana)
    unpublish(exchange.agent, live=3, by=ana)
    archive_agent(exchange.agent, by=ana)
    change_connection(connection, enabled=False, by=ana)

    assert retried.content == first.content
    assert ring(connection).content == first.content
    assert Call.objects.count() == 1


@LINES
def test_the_retry_of_a_missed_call_is_refused_alike_though_the_cure_came(exchange: Exchange, line: str) -> None:
    connection = getattr(exchange, line)
    unpublish(exchange.agent, live=2, by=exchange.cast.ana)
    first = ring(connection)

    publish(exchange.version, live=None, by=exchange.cast.ana)
    change_connection(connection, fallback="Something else.", by=exchange.cast.ana)

    assert ring(connection).content == first.content
    assert call().missed == Missed.NOTHING_PUBLISHED


def test_the_same_call_id_on_two_connections_is_two_calls(exchange: Exchange) -> None:
    ring(exchange.generic, "call-1")
    ring(exchange.twilio, "call-1")

    assert set(Call.objects.values_list("connection", flat=True)) == {exchange.generic.pk, exchange.twilio.pk}


def test_a_call_id_of_255_characters_is_kept_whole(exchange: Exchange) -> None:
    longest = "5-16352@" + "x" * 247

    assert heard(ring(exchange.generic, longest))["call"]["provider_call_id"] == longest


def archived(exchange: Exchange) -> None:
    # Archiving frees the numbers: this is a number that was left assigned against all rules.
    Agent.objects.filter(pk=exchange.agent.pk).update(published=None, archived_at=timezone.now())


MISSES: dict[str, tuple[Callable[[Exchange], object], str, Missed]] = {
    "an unknown number": (lambda _: None, "+12025559999", Missed.UNKNOWN_NUMBER),
    "a number of another connection": (lambda _: None, TWILIO_NUMBER, Missed.UNKNOWN_NUMBER),
    "what is no number": (lambda _: None, "sip:reception@pbx.example.com", Missed.UNKNOWN_NUMBER),
    "a free number": (lambda _: None, FREE_NUMBER, Missed.NUMBER_UNASSIGNED),
    "an agent with nothing published": (
        lambda e: unpublish(e.agent, live=2, by=e.cast.ana),
        GENERIC_NUMBER,
        Missed.NOTHING_PUBLISHED,
    ),
    "an archived agent": (archived, GENERIC_NUMBER, Missed.AGENT_ARCHIVED),
    "a connection that is switched off": (
        lambda e: change_connection(e.generic, enabled=False, by=e.cast.ana),
        GENERIC_NUMBER,
        Missed.CONNECTION_DISABLED,
    ),
}


@pytest.mark.parametrize("miss", MISSES)
def test_what_no_version_can_answer_is_refused_politely_and_recorded(exchange: Exchange, miss: str) -> None:
    arrange, dialled, reason = MISSES[miss]
    arrange(exchange)

    response = ring(exchange.generic, to=dialled)

    assert heard(response) == {"refusal": {"reason": reason.value, "say": exchange.generic.fallback}}
    missed = call()
    assert (missed.version, missed.missed, missed.dialled) == (None, reason, dialled)
    assert missed.status == Status.REJECTED
    assert not Call.objects.in_progress().exists()
    assert not missed.no_end_reported


@pytest.mark.parametrize(
    ("number", "reason"), [("+442079469999", Missed.UNKNOWN_NUMBER), (TWILIO_NUMBER, Missed.NOTHING_PUBLISHED)]
)
def test_twilio_hears_the_refusal_with_status_200_in_twiml(exchange: Exchange, number: str, reason: Missed) -> None:
    unpublish(exchange.agent, live=2, by=exchange.cast.ana)
    change_connection(exchange.twilio, fallback="We are <closed> & sorry.", by=exchange.cast.ana)

    response = ring(exchange.twilio, to=number)

    assert refusal(response) == "We are <closed> & sorry."
    assert (call().missed, call().dialled) == (reason, number)


def test_a_line_without_its_worker_is_refused_with_the_fallback_until_it_has_one(exchange: Exchange) -> None:
    change_connection(exchange.twilio, worker_url="", by=exchange.cast.ana)
    assert refusal(ring(exchange.twilio, "call-1")) == exchange.twilio.fallback
    assert call("call-1").missed == Missed.NO_WORKER

    change_connection(exchange.twilio, worker_url=phone.WORKER, by=exchange.cast.ana)

    assert answered_by(ring(exchange.twilio, "call-2")) == 2


def test_an_archived_agents_number_is_free_and_refused_as_such(exchange: Exchange) -> None:
    unpublish(exchange.agent, live=2, by=exchange.cast.ana)
    archive_agent(exchange.agent, by=exchange.cast.ana)

    assert heard(ring(exchange.generic))["refusal"]["reason"] == Missed.NUMBER_UNASSIGNED


def test_a_number_that_was_moved_is_answered_by_the_other_agent_from_the_next_call_on(exchange: Exchange) -> None:
    other = create_agent(exchange.cast.project, "Sales", by=exchange.cast.ana)
    version = save(other, exchange.cast.ana, prompt="You sell.")
    first = heard(ring(exchange.generic, "call-1"))
    assign_number(exchange.number, other, by=exchange.cast.pia, move=True)
    publish(version, live=live(other), by=exchange.cast.pia)

    assert first["agent"]["name"] == "Reception"
    assert heard(ring(exchange.generic, "call-2"))["agent"]["name"] == "Sales"
    assert heard(ring(exchange.generic, "call-1"))["agent"]["name"] == "Reception"


@pytest.mark.parametrize(
    "spelling",
    [
        "+12025550133",
        "+1-202-555-0133",
        "+1 (202) 555-0133",
        "12025550133",
        "0012025550133",
        "tel:+12025550133",
        "sip:+12025550133@pbx.example.com;user=phone",
        "SIPS:%2B12025550133@pbx.example.com",
        "sip:12025550133@203.0.113.7:5060",
        " +12025550133 ",
    ],
)
def test_the_number_is_known_in_every_spelling_that_providers_use(exchange: Exchange, spelling: str) -> None:
    assert answered_by(ring(exchange.generic, to=spelling)) == 2
    assert (call().number, call().dialled) == (exchange.number, spelling)


@pytest.mark.parametrize("caller", ["anonymous", "sip:alice@example.com", "client:ana", "Restricted", "+1", "☎", ""])
@LINES
def test_who_hides_or_calls_from_no_number_is_answered_too(exchange: Exchange, line: str, caller: str) -> None:
    assert answered_by(ring(getattr(exchange, line), caller=caller)) == 2
    assert call().caller == caller


def test_a_caller_hidden_behind_twilios_keypad_word_is_anonymous(exchange: Exchange) -> None:
    assert answered_by(ring(exchange.twilio, caller="+266696687")) == 2
    assert call().caller == "anonymous"


def test_a_callers_number_is_kept_in_e164(exchange: Exchange) -> None:
    ring(exchange.generic, caller="sip:+1-415-555-0100@pbx.example.com")

    assert call().caller == "+14155550100"


def test_each_project_answers_for_itself_though_both_own_the_same_number(exchange: Exchange) -> None:
    cast, secrets = exchange.cast, {"signing_secret": phone.SIGNING_SECRET}
    theirs = add_connection(cast.elsewhere, provider="generic", name="Shop", secrets=secrets, by=cast.olga)
    assign_number(add_number(theirs, GENERIC_NUMBER, by=cast.olga), cast.orders, by=cast.olga)
    publish(save(cast.orders, cast.olga, prompt="You take orders."), live=None, by=cast.olga)

    assert heard(ring(theirs))["agent"]["name"] == "Orders"
    assert heard(ring(exchange.generic))["agent"]["name"] == "Reception"


@LINES
def test_a_ring_and_its_retry_ask_the_database_for_little(
    exchange: Exchange, line: str, django_assert_num_queries: Any
) -> None:
    # The connection, once; the call that is made, the call that is there; and beside the ring the answer's digest.
    with django_assert_num_queries(4):
        ring(getattr(exchange, line))
    with django_assert_num_queries(2):
        ring(getattr(exchange, line))


class TestTheAnswerInTwiml:
    def test_uses_the_attributes_that_twilios_own_library_knows(self, exchange: Exchange) -> None:
        exchange.go_live(
            greeting='Say "hi" & <wait>',
            voice__provider="ElevenLabs",
            voice__id="Robin",
            transcriber__provider="Deepgram",
            transcriber__keywords="Riverside\nhygienist",
        )

        given = relay(ring(exchange.twilio)).attrib

        known = {phone.camel(name) for name in phone.RELAY_ATTRIBUTES}
        assert set(given) <= known
        assert given["welcomeGreeting"] == 'Say "hi" & <wait>'
        assert (given["ttsProvider"], given["voice"]) == ("ElevenLabs", "Robin")
        assert given["transcriptionProvider"] == "Deepgram"

    def test_is_the_same_element_by_element_as_twilios_library_writes_it(self, exchange: Exchange) -> None:
        response = ring(exchange.twilio)

        assert phone.as_twilio_writes(response) == phone.canonical(response.content)

    def test_says_nothing_first_where_the_caller_speaks_first(self, exchange: Exchange) -> None:
        exchange.go_live(first_speaker="caller")

        assert "welcomeGreeting" not in relay(ring(exchange.twilio)).attrib

    def test_greets_with_the_variables_defaults(self, exchange: Exchange) -> None:
        exchange.go_live(greeting="Welcome to {{place}}.", variables="place = Leeds")

        assert relay(ring(exchange.twilio)).attrib["welcomeGreeting"] == "Welcome to Leeds."

    def test_comes_back_to_us_when_the_session_ends(self, exchange: Exchange) -> None:
        connect = phone.twiml(ring(exchange.twilio)).find("Connect")

        assert connect is not None
        assert connect.attrib == {"action": phone.public(exchange.twilio, "events")}


def test_the_address_handed_out_is_the_public_one(exchange: Exchange) -> None:
    address, token = phone.worker(ring(exchange.generic))

    assert address == f"http://testserver/telephony/calls/{call().pk}/configuration/"
    assert Client().get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 200
