"""What can't be carried is told where it matters: before publishing, on the connection, and on the call for ever."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Agent, Version
from agentversions.operations import create_agent, edit_draft, publish, save_version, set_secret
from telephony.models import Connection
from telephony.operations import add_connection, add_number, assign_number
from tests.cast import Cast, edit, live, save, shown, typed
from tests.pages.conftest import SignIn
from tests.pages.phone import NUMBER, Phone, connect, ring

TOOL = {"id": "t1", "kind": "mcp", "name": "kb", "url": "https://x.example", "headers": "X-Key: {{secret.CRM_TOKEN}}"}


def signalwire(cast: Cast) -> Connection:
    """A connection that has no MCP, and no volume."""
    return add_connection(
        cast.project, provider="signalwire", name="SignalWire UK", secrets={"signing_key": "x" * 20}, by=cast.ana
    )


def answered(cast: Cast, connection: Connection, number: str = NUMBER, agent: Agent | None = None) -> Version:
    """The agent's live version asks for what SignalWire can't carry, on a number of the connection."""
    agent = agent or cast.agent
    assign_number(add_number(connection, number, by=cast.ana), agent, by=cast.pia)
    asking = typed([TOOL], prompt="Be kind.", voice__volume="1.5")
    edit_draft(agent, asking, base=shown(agent, cast.ben), by=cast.ben)
    version = save_version(agent, base=shown(agent, cast.ben), by=cast.ben)
    return publish(version, live=live(agent), by=cast.pia)


def dialog(client: Client, cast: Cast) -> str:
    """The publish dialog of one's draft."""
    return client.get(reverse("drafts.confirm_publish", args=[cast.agent.pk]), headers={"HX-Request": "true"}).text


class TestBeforePublishing:
    def test_the_dialog_tells_it_folded_for_each_provider_of_the_agents_numbers(
        self, cast: Cast, sign_in: SignIn
    ) -> None:
        answered(cast, signalwire(cast))
        answered(cast, connect(cast), "+15550002000")

        told = dialog(sign_in(cast.pia), cast)

        assert "<summary>SignalWire can&#x27;t carry 2 settings.</summary>" in told
        assert "<dt>MCP server tool</dt><dd>SignalWire can&#x27;t use MCP servers: the tool is left out.</dd>" in told
        assert told.count("<summary>") == 1

    def test_a_first_version_hears_of_the_free_numbers_connections(self, cast: Cast, sign_in: SignIn) -> None:
        add_number(signalwire(cast), NUMBER, by=cast.ana)
        edit(cast.agent, cast.pia, prompt="Be kind.", voice__volume="1.5")

        assert "<summary>SignalWire can&#x27;t carry 1 setting.</summary>" in dialog(sign_in(cast.pia), cast)

    def test_a_secret_that_isnt_set_is_told_with_the_way_to_set_it(self, cast: Cast, sign_in: SignIn) -> None:
        answered(cast, connect(cast))
        pia = sign_in(cast.pia)

        told = dialog(pia, cast)
        set_secret(cast.project, "CRM_TOKEN", "a-value", by=cast.ana)

        assert "The secret CRM_TOKEN isn't set" in told
        assert f'href="{reverse("secrets.index", args=[cast.project.pk])}?name=CRM_TOKEN#set"' in told
        assert "CRM_TOKEN isn" not in dialog(pia, cast)

    def test_another_projects_secret_of_that_name_doesnt_count(self, cast: Cast, sign_in: SignIn) -> None:
        answered(cast, connect(cast))
        set_secret(cast.elsewhere, "CRM_TOKEN", "a-value", by=cast.olga)

        assert "The secret CRM_TOKEN isn't set" in dialog(sign_in(cast.pia), cast)

    def test_it_asks_the_database_as_often_for_one_connection_as_for_twenty(
        self, cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        answered(cast, signalwire(cast))
        pia = sign_in(cast.pia)
        with django_assert_num_queries(11):
            dialog(pia, cast)

        for place in range(20):
            number = add_number(signalwire(cast), f"+155500030{place:02}", by=cast.ana)
            assign_number(number, cast.agent, by=cast.pia)

        with django_assert_num_queries(11):
            dialog(pia, cast)


class TestAfterwards:
    def test_a_connection_tells_it_for_what_is_live(self, cast: Cast, sign_in: SignIn) -> None:
        connection = signalwire(cast)
        answered(cast, connection)

        told = sign_in(cast.cleo).get(reverse("connections.show", args=[connection.pk])).text

        assert "<b>Reception v2</b> SignalWire can&#x27;t carry 2 settings." in told

    def test_a_connection_asks_as_often_for_one_agent_as_for_ten(
        self, cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        connection, cleo = signalwire(cast), sign_in(cast.cleo)
        answered(cast, connection)
        with django_assert_num_queries(9):
            cleo.get(reverse("connections.show", args=[connection.pk]))

        for place in range(10):
            answered(cast, connection, f"+155500030{place:02}", create_agent(cast.project, f"A{place}", by=cast.ana))

        with django_assert_num_queries(9):
            cleo.get(reverse("connections.show", args=[connection.pk]))

    def test_a_call_tells_it_for_its_own_version(self, cast: Cast, sign_in: SignIn) -> None:
        connection = signalwire(cast)
        version = answered(cast, connection)
        connection.refresh_from_db()
        call = ring(Phone(connection, connection.numbers.get(), version))
        publish(save(cast.agent, cast.ben, voice__volume="1"), live=2, by=cast.pia)

        told = sign_in(cast.cleo).get(reverse("calls.show", args=[call.pk])).text

        assert "SignalWire can&#x27;t carry 2 settings." in told


@pytest.mark.parametrize("who", ["olga", "charlie"])
def test_it_is_told_to_no_stranger(cast: Cast, sign_in: SignIn, who: str) -> None:
    connection = signalwire(cast)
    answered(cast, connection)

    assert sign_in(getattr(cast, who)).get(reverse("connections.show", args=[connection.pk])).status_code == 404
