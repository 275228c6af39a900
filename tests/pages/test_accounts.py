"""Signing in and out, and a new password by e-mail."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from agentversions.models import Knocks
from dashboard import mail as outgoing
from tests.cast import Cast
from tests.factories import person
from tests.pages.conftest import SignIn

SIGN_IN = reverse("accounts.sign_in")


def test_who_isnt_signed_in_is_led_to_sign_in_and_then_to_where_they_were_going(cast: Cast, client: Client) -> None:
    wanted = reverse("members.index", args=[cast.project.pk])
    asked = client.get(wanted)
    assert asked.url == f"{SIGN_IN}?next={wanted}"  # type: ignore[attr-defined] # a redirect has one

    page = client.get(asked["Location"])
    assert f'name="next" value="{wanted}"' in page.text

    answer = client.post(SIGN_IN, {"username": "ana", "password": "known", "next": wanted})
    assert answer["Location"] == wanted
    assert client.get(wanted).status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_never_leads_to_another_site(cast: Cast, client: Client, elsewhere: str) -> None:
    assert elsewhere not in client.get(SIGN_IN, {"next": elsewhere}).text

    answer = client.post(SIGN_IN, {"username": "ana", "password": "known", "next": elsewhere})

    assert answer["Location"] == reverse("projects.home")


def test_a_refusal_doesnt_tell_which_half_was_wrong(cast: Cast, client: Client) -> None:
    gone = person("Gone", is_active=False)
    tries = [("ana", "wrong"), ("nobody", "known"), (gone.username, "known"), ("a\0na", "known")]

    said = [client.post(SIGN_IN, {"username": name, "password": password}).text for name, password in tries]

    assert all("don&#x27;t belong together" in text for text in said[:3])
    assert all("_auth_user_id" not in client.session for _ in said)
    assert "Null characters" in said[3]


def test_who_is_signed_in_already_goes_on(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.ana).get(SIGN_IN)["Location"] == reverse("projects.home")


def test_signing_out_ends_the_session_and_only_a_post_does_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.ana)
    sign_out = reverse("accounts.sign_out")

    assert client.get(sign_out).status_code == 405
    assert client.session

    assert client.post(sign_out)["Location"] == SIGN_IN
    assert client.get(reverse("projects.home"))["Location"].startswith(SIGN_IN)


def test_the_demos_names_are_shown_on_a_developers_machine_only(cast: Cast, client: Client, settings: Settings) -> None:
    assert "demo-names" not in client.get(SIGN_IN).text

    settings.DEBUG = True
    shown = client.get(SIGN_IN).text

    assert re.findall(r"<li><code>(\w+)</code>", shown) == ["ana", "pia", "ben", "cleo"]


@pytest.mark.usefixtures("cast")
class TestANewPassword:
    def ask(self, client: Client, email: str) -> str:
        """Ask for the e-mail, and say what the page then says."""
        answer = client.post(reverse("accounts.reset_password"), {"email": email}, follow=True)
        assert answer.redirect_chain == [(reverse("accounts.reset_sent"), 302)]
        outgoing.sent()
        return re.sub(r'(csrf\w*" value|nonce)="[^"]*"', "", answer.text)

    def test_the_link_in_the_mail_leads_to_a_new_password_once(self, client: Client) -> None:
        self.ask(client, "ben@example.com")

        sent = mail.outbox[0]
        assert (sent.to, sent.subject) == (["ben@example.com"], "Choose a new password for Agent Versions")
        link = re.search(r"http://testserver(\S+)", str(sent.body))
        assert link
        page = client.get(link[1], follow=True)
        assert "Choose a new password" in page.text
        chosen = {"new_password1": "correct horse 7", "new_password2": "correct horse 7"}
        done = client.post(page.request["PATH_INFO"], chosen)

        assert done["Location"] == reverse("accounts.password_chosen")
        assert client.get(done["Location"]).status_code == 200
        assert client.login(username="ben", password="correct horse 7")
        assert "This link no longer works" in Client().get(link[1], follow=True).text

    def test_what_is_said_doesnt_tell_whether_the_address_is_known(self, client: Client) -> None:
        assert self.ask(client, "ben@example.com") == self.ask(client, "stranger@example.com")
        assert len(mail.outbox) == 1

    def test_a_demo_person_who_has_no_password_yet_gets_one_on_a_developers_machine_only(
        self, cast: Cast, client: Client, settings: Settings
    ) -> None:
        cast.pia.set_unusable_password()
        cast.pia.save()

        self.ask(client, "pia@example.com")
        assert mail.outbox == []

        Knocks.objects.all().delete()
        settings.DEBUG = True
        self.ask(client, "pia@example.com")
        assert [message.to for message in mail.outbox] == [["pia@example.com"]]
