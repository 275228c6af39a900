"""Connections: what to paste at the provider, and secrets that nobody sees again."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from agentversions.models import Action, Event, Project
from agentversions.sealing import unseal
from telephony.models import Connection
from telephony.operations import add_connection, add_number
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import connect

HTMX = {"HX-Request": "true"}
TOKEN = "an-auth-token-of-twilio"


def page(project: Project) -> str:
    """The connections' page."""
    return reverse("connections.index", args=[project.pk])


def adding(project: Project) -> str:
    """Where a connection is added."""
    return reverse("connections.add", args=[project.pk])


def showing(connection: Connection) -> str:
    """A connection's page."""
    return reverse("connections.show", args=[connection.pk])


def changing(connection: Connection) -> str:
    """Where a connection is changed."""
    return reverse("connections.change", args=[connection.pk])


def twilio(cast: Cast, **particulars: Any) -> Connection:
    """A connection that needs a worker."""
    return add_connection(
        cast.project, provider="twilio", name="Twilio UK", secrets={"auth_token": TOKEN}, by=cast.ana, **particulars
    )


class TestLooking:
    def test_the_list_says_what_each_connection_lacks(self, cast: Cast, sign_in: SignIn) -> None:
        twilio(cast)
        add_number(connect(cast), "+15550001000", by=cast.ana)

        shown = sign_in(cast.cleo).get(page(cast.project)).text

        assert "Lacks a worker address and a number" in shown
        assert '<span class="chip live">On</span>' in shown

    def test_a_project_without_connections_offers_the_one_next_step(self, cast: Cast, sign_in: SignIn) -> None:
        assert adding(cast.project) in sign_in(cast.ana).get(page(cast.project)).text
        assert adding(cast.project) not in sign_in(cast.pia).get(page(cast.project)).text

    def test_a_connection_shows_the_addresses_to_paste_under_the_public_address(
        self, cast: Cast, sign_in: SignIn, settings: Settings
    ) -> None:
        settings.PUBLIC_BASE_URL = "https://agents.example.com"
        connection = twilio(cast)

        shown = sign_in(cast.cleo).get(showing(connection)).text

        start = f"https://agents.example.com/telephony/twilio/{connection.pk}"
        assert f'value="{start}/route/" readonly' in shown
        assert f'value="{start}/events/" readonly' in shown

    def test_everyone_may_look_but_only_an_admin_sees_controls(self, cast: Cast, sign_in: SignIn) -> None:
        connection = twilio(cast)

        for user in (cast.ana, cast.pia, cast.ben, cast.cleo):
            shown = sign_in(user).get(showing(connection)).text
            assert (changing(connection) in shown) is (user == cast.ana)
            assert "There is no worker&#x27;s address yet" in shown or "There is no worker's address yet" in shown

    def test_a_token_in_a_workers_address_is_for_admins(self, cast: Cast, sign_in: SignIn) -> None:
        connection = twilio(cast, worker_url="wss://worker.example.com/relay?token=for-admins")

        seen = {user: sign_in(user).get(showing(connection)).text for user in (cast.ana, cast.cleo)}

        assert "token=for-admins" in seen[cast.ana]
        assert "wss://worker.example.com/relay?…" in seen[cast.cleo]
        assert "for-admins" not in seen[cast.cleo]

    def test_the_pages_ask_the_database_as_often_for_one_as_for_thirty(
        self, cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client, connection = sign_in(cast.ana), twilio(cast)
        add_number(connection, "+15550001000", by=cast.ana)
        with django_assert_num_queries(8):
            client.get(page(cast.project))
        with django_assert_num_queries(8):
            client.get(showing(connection))

        for number in range(30):
            connect(cast, f"Worker {number}")
            add_number(connection, f"+1555100{number:04}", by=cast.ana)

        with django_assert_num_queries(8):
            client.get(page(cast.project))
        with django_assert_num_queries(8):
            client.get(showing(connection))


class TestAdding:
    def test_an_admin_chooses_a_provider_and_is_asked_for_what_it_needs(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.ana)

        choice = client.get(adding(cast.project)).text
        asked = client.get(adding(cast.project), {"provider": "twilio"}).text

        assert "?provider=twilio" in choice
        assert "?provider=generic" in choice
        assert 'name="auth_token"' in asked
        assert 'name="worker_url"' in asked
        assert 'name="worker_url"' not in client.get(adding(cast.project), {"provider": "generic"}).text
        handed = client.get(adding(cast.project), {"provider": "jambonz"}).text
        assert 'name="worker_url"' in handed
        assert "Until you give one" not in handed
        assert "Who brings you the calls?" in client.get(adding(cast.project), {"provider": "pigeon"}).text

    def test_what_was_typed_becomes_a_connection(self, cast: Cast, sign_in: SignIn) -> None:
        posted = {
            "provider": "twilio",
            "name": "Twilio UK",
            "auth_token": TOKEN,
            "worker_url": "wss://agent.example.com/relay",
            "fallback": "Call later.",
        }

        answer = sign_in(cast.ana).post(adding(cast.project), posted, headers=HTMX)

        made = Connection.objects.get()
        assert answer["HX-Redirect"] == showing(made)
        assert (made.name, made.worker_url, made.fallback) == ("Twilio UK", posted["worker_url"], "Call later.")
        assert unseal(made.secrets) == {"auth_token": TOKEN}
        assert Event.objects.latest("id").action == Action.CONNECTION_ADDED

    def test_a_generic_connection_is_offered_a_new_secret_each_time_and_keeps_the_one_that_was_shown(
        self, cast: Cast, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.ana)
        pages = [client.get(adding(cast.project), {"provider": "generic"}).text for _ in range(2)]
        offered = [re.search(r'value="(whsec_[^"]+)"', page) for page in pages]
        assert offered[0]
        assert offered[1]
        assert offered[0][1] != offered[1][1]

        client.post(adding(cast.project), {"provider": "generic", "name": "Mine", "signing_secret": offered[0][1]})

        made = Connection.objects.get()
        assert unseal(made.secrets) == {"signing_secret": offered[0][1]}
        assert offered[0][1] not in client.get(showing(made)).text

    @pytest.mark.parametrize(
        "wrong",
        [
            {"provider": "pigeon"},
            {"name": ""},
            {"name": "x" * 101},
            {"name": "bell\x07"},
            {"auth_token": ""},
            {"auth_token": "short"},
            {"worker_url": "javascript:alert(1)"},
            {"worker_url": "wss://x y"},
            {"fallback": "x" * 501},
        ],
        ids=str,
    )
    def test_what_cant_be_is_refused_in_words_without_losing_the_page(
        self, cast: Cast, sign_in: SignIn, wrong: dict[str, str]
    ) -> None:
        events = Event.objects.count()
        posted = {"provider": "twilio", "name": "Twilio UK", "auth_token": TOKEN} | wrong

        answer = sign_in(cast.ana).post(adding(cast.project), posted, headers=HTMX)

        assert (answer.status_code, answer["HX-Retarget"]) == (422, "#toasts")
        assert TOKEN not in answer.text
        assert (Connection.objects.count(), Event.objects.count()) == (0, events)


class TestChanging:
    def test_only_what_was_sent_changes(self, cast: Cast, sign_in: SignIn) -> None:
        connection, client = twilio(cast), sign_in(cast.ana)

        client.post(changing(connection), {"name": "Twilio", "worker_url": "wss://a.example/", "fallback": "Later."})
        client.post(changing(connection), {"enabled": "off"})

        connection.refresh_from_db()
        assert (connection.name, connection.worker_url, connection.fallback, connection.enabled) == (
            "Twilio",
            "wss://a.example/",
            "Later.",
            False,
        )
        assert unseal(connection.secrets) == {"auth_token": TOKEN}
        told = (
            Event.objects.filter(action=Action.CONNECTION_CHANGED).order_by("id").values_list("particulars", flat=True)
        )
        assert [particulars["fields"] for particulars in told] == [["name", "worker_url", "fallback"], ["enabled"]]

    def test_a_secret_is_replaced_and_an_empty_field_keeps_it(self, cast: Cast, sign_in: SignIn) -> None:
        connection, client = twilio(cast), sign_in(cast.ana)

        client.post(changing(connection), {"auth_token": "", "shared_key": "another-secret"})
        connection.refresh_from_db()
        assert unseal(connection.secrets) == {"auth_token": TOKEN, "shared_key": "another-secret"}

        client.post(changing(connection), {"auth_token": "a-newer-auth-token"})
        connection.refresh_from_db()
        assert unseal(connection.secrets)["auth_token"] == "a-newer-auth-token"

    def test_no_secret_is_ever_shown(self, cast: Cast, sign_in: SignIn) -> None:
        connection, client = twilio(cast), sign_in(cast.ana)
        client.post(changing(connection), {"shared_key": "another-secret"})

        pages = (page(cast.project), showing(connection), reverse("activity.index", args=[cast.project.pk]))
        for shown in (client.get(url).text for url in pages):
            assert TOKEN not in shown
            assert "another-secret" not in shown
            assert connection.secrets not in shown
        assert "Set, and never shown" in client.get(showing(connection)).text

    @pytest.mark.parametrize("who", ["pia", "ben", "cleo"])
    def test_only_an_admin_adds_or_changes(self, cast: Cast, sign_in: SignIn, who: str) -> None:
        connection, client = twilio(cast), sign_in(getattr(cast, who))
        events = Event.objects.count()

        assert client.get(adding(cast.project)).status_code == 403
        posted = {"provider": "generic", "name": "Mine"}
        assert client.post(adding(cast.project), posted).status_code == 403
        assert client.post(changing(connection), {"enabled": "off", "auth_token": "something-else"}).status_code == 403

        connection.refresh_from_db()
        assert (connection.enabled, unseal(connection.secrets)) == (True, {"auth_token": TOKEN})
        assert (Connection.objects.count(), Event.objects.count()) == (1, events)


class TestAccess:
    def test_another_projects_connections_are_unknown(self, cast: Cast, sign_in: SignIn) -> None:
        connection, olga = twilio(cast), sign_in(cast.olga)

        for answer in (
            olga.get(page(cast.project)),
            olga.get(adding(cast.project)),
            olga.post(adding(cast.project), {"provider": "generic", "name": "Mine"}),
            olga.get(showing(connection)),
            olga.post(changing(connection), {"enabled": "off"}),
        ):
            assert answer.status_code == 404
        assert Connection.objects.get().enabled

    def test_only_a_post_changes_and_only_a_get_looks(self, cast: Cast, sign_in: SignIn) -> None:
        connection, client = twilio(cast), sign_in(cast.ana)

        assert client.get(changing(connection)).status_code == 405
        assert client.post(showing(connection)).status_code == 405
        assert client.post(page(cast.project)).status_code == 405
        assert client.put(adding(cast.project)).status_code == 405

    def test_who_isnt_signed_in_is_led_to_sign_in(self, cast: Cast, client: Client) -> None:
        connection = twilio(cast)

        for answer in (client.get(showing(connection)), client.post(changing(connection), {"enabled": "off"})):
            assert answer["Location"].startswith(reverse("accounts.sign_in"))
