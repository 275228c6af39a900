"""The guide to each provider, and the way of a newcomer from nothing to a number that rings."""

import re
from html import unescape

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from agentversions.models import Project
from agentversions.operations import create_agent, create_project
from telephony.carrying import labels
from telephony.incoming import IncomingCall
from telephony.models import Connection
from telephony.providers import PROVIDERS
from telephony.routing import route_call
from tests.cast import Cast, edit, shown
from tests.pages.conftest import SignIn


def guide(project: Project, key: str) -> str:
    """The guide to a provider."""
    return reverse("connections.guide", args=[project.pk, key])


@pytest.mark.parametrize("key", sorted(PROVIDERS))
class TestEveryProvider:
    def test_tells_its_steps_and_what_becomes_of_every_setting(self, cast: Cast, sign_in: SignIn, key: str) -> None:
        told = unescape(sign_in(cast.cleo).get(guide(cast.project, key)).text)

        for step in PROVIDERS[key].steps:
            assert step.say in told
        for label in labels().values():
            assert label in told
        for note in PROVIDERS[key].notes.values():
            assert note in told

    def test_is_offered_to_who_adds_a_connection(self, cast: Cast, sign_in: SignIn, key: str) -> None:
        adding, ana = reverse("connections.add", args=[cast.project.pk]), sign_in(cast.ana)

        assert PROVIDERS[key].summary in unescape(ana.get(adding).text)
        assert guide(cast.project, key) in ana.get(adding, {"provider": key}).text
        assert f"{adding}?provider={key}" in ana.get(guide(cast.project, key)).text
        assert adding not in sign_in(cast.pia).get(guide(cast.project, key)).text


def test_no_guide_for_no_provider_and_none_for_strangers(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    cleo = sign_in(cast.cleo)

    assert cleo.get(guide(cast.project, "pigeon")).status_code == 404
    assert sign_in(cast.olga).get(guide(cast.project, "twilio")).status_code == 404
    assert cleo.post(guide(cast.project, "twilio")).status_code == 405
    with django_assert_num_queries(7):
        cleo.get(guide(cast.project, "twilio"))


def test_asks_for_the_secret_as_it_is_called(cast: Cast, sign_in: SignIn) -> None:
    cleo = sign_in(cast.cleo)

    assert "with its API key." in cleo.get(guide(cast.project, "retell")).text
    assert "with its public key and" in cleo.get(guide(cast.project, "telnyx")).text


def test_a_connections_page_has_the_addresses_where_they_are_pasted(
    cast: Cast, sign_in: SignIn, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://agents.example.com"
    ana = sign_in(cast.ana)
    ana.post(
        reverse("connections.add", args=[cast.project.pk]),
        {"provider": "signalwire", "name": "SignalWire", "signing_key": "a-key-of-signalwire"},
    )
    made = Connection.objects.get()

    told = ana.get(reverse("connections.show", args=[made.pk])).text

    assert told.count("readonly") == 1
    assert f'value="https://agents.example.com/telephony/signalwire/{made.pk}/route/"' in told


def test_a_newcomer_connects_twilio_in_three_forms_and_publishes(cast: Cast, sign_in: SignIn) -> None:
    """Connection, number with who answers it, publish: each page has the way to the next."""
    project = create_project("Mine", by=cast.charlie)
    agent, charlie = create_agent(project, "Reception", by=cast.charlie), sign_in(cast.charlie)
    adding = reverse("connections.add", args=[project.pk])
    assert adding in charlie.get(reverse("connections.index", args=[project.pk])).text
    assert "?provider=twilio" in charlie.get(adding).text

    form = {"provider": "twilio", "name": "Twilio", "auth_token": "0123456789abcdef0123456789abcdef"}
    connected = charlie.post(adding, form | {"worker_url": "wss://agent.example.com/relay"}, follow=True)
    (next_form,) = re.findall(r'class="button primary" href="([^"]+)">Add a number', connected.text)

    number = charlie.get(unescape(next_form))
    assert f'<option value="{agent.pk}" selected>' in number.text
    line = Connection.objects.get()
    charlie.post(next_form, {"number": "+44 113 496 0101", "connection": line.pk, "agent": agent.pk})
    edit(agent, cast.charlie, prompt="Be kind.")
    base = str(shown(agent, cast.charlie))
    charlie.post(reverse("drafts.publish", args=[agent.pk]), {"base": base, "live": ""})

    call = route_call(line, IncomingCall("CA1", "+14155550100", "+441134960101"))
    assert (call.missed, str(call.version)) == ("", "v2")
