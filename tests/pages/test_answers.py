"""What the provider would get: the bytes of a real ring, without a call, and without a secret."""

import json
import re
from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentversions import operations
from agentversions.models import Draft, Event, Version
from agentversions.sealing import unseal
from telephony import previewing, tokens
from telephony.answering import MASKED, address
from telephony.models import Call, Connection, PhoneNumber
from telephony.operations import add_connection, add_number, assign_number, change_connection
from telephony.providers import PROVIDERS
from telephony.rehearsals import rehearsal
from tests.cast import Cast, edit, shown, stored, typed
from tests.pages.conftest import SignIn
from tests.pages.phone import NUMBER, connect
from tests.telephony.lines import SECRETS

HOSTILE = "</textarea><script>alert(1)</script> & <b>“bold”</b>"
VALUE = "the-value-of-the-secret"
TOOLS = [
    {
        "id": "t1",
        "kind": "function",
        "name": "find",
        "description": "Finds.",
        "url": "https://crm.example.com/find",
        "headers": "X-Key: {{secret.CRM_TOKEN}}",
    },
    {"id": "t2", "kind": "hang_up", "name": "hang_up", "description": "At the end."},
]


def line(cast: Cast, key: str, number: str = NUMBER) -> Connection:
    """A connection with a number that Reception answers, and a worker whose address holds a token."""
    scheme = PROVIDERS[key].worker_schemes[0]
    worker = f"{scheme}://worker.example.com/relay?token=for-workers"
    made = add_connection(
        cast.project, provider=key, name=f"{key} line", secrets=SECRETS[key], worker_url=worker, by=cast.ana
    )
    assign_number(add_number(made, number, by=cast.ana), cast.agent, by=cast.pia)
    return made


@pytest.fixture
def kept(cast: Cast) -> Cast:
    """The cast, with a v2 that has a hostile prompt and a tool that needs a secret."""
    operations.set_secret(cast.project, "CRM_TOKEN", VALUE, by=cast.ana)
    asked = typed(TOOLS, prompt=f"You are kind. {HOSTILE} {{{{caller_number}}}} {{{{now}}}}", greeting=HOSTILE)
    operations.edit_draft(cast.agent, asked, base=shown(cast.agent, cast.ben), by=cast.ben)
    operations.save_version(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben, name="Full")
    return cast


def of_version(cast: Cast, number: int = 2) -> str:
    """The page about a version."""
    return reverse("versions.answer", args=[cast.agent.pk, number])


def of_draft(cast: Cast) -> str:
    """The page about one's own draft."""
    return reverse("drafts.answer", args=[cast.agent.pk])


def answer(page: str) -> str:
    """The answer that a page shows."""
    found = re.search(r'<textarea id="answer"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("key", sorted(PROVIDERS))
def test_it_is_what_a_ring_gets_but_for_the_calls_own_facts_and_secrets(
    kept: Cast, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = line(kept, key)
    version = Version.objects.select_related("agent").get(agent=kept.agent, number=2)
    operations.publish(version, live=None, by=kept.pia)
    spoken, url = rehearsal(key), reverse("telephony.route", args=[key, connection.pk])
    public = address("telephony.route", key, connection.pk)
    secrets = unseal(connection.secrets)
    call_id = spoken.call_id("ring-of-this-story")
    ring = spoken.ring(secrets, public, call_id=call_id, caller=previewing.CALLER, dialled=NUMBER)
    headers = {name: text for name, text in ring.headers.items() if name.lower() != "content-type"}
    kind = next(text for name, text in ring.headers.items() if name.lower() == "content-type")
    real = Client().generic("POST", url, ring.body, content_type=kind, headers=headers)
    call = Call.objects.get()
    assert (real.status_code, call.missed) == (200, "")

    monkeypatch.setattr(timezone, "now", lambda: call.started_at)
    seen = previewing.preview(version, connection, PhoneNumber.objects.get())

    expected = real.content.decode()
    for text, instead in (
        (tokens.token(call), MASKED),
        (tokens.report_token(call), MASKED),
        (VALUE, MASKED),
        ("token=for-workers", MASKED),
        ("token%3Dfor-workers", MASKED),
        (call.provider_call_id, "exemplary-call"),
        (str(call.pk), str(previewing.CALL)),
    ):
        expected = expected.replace(text, instead)
    assert seen.answer.content.decode().replace(quote(MASKED), MASKED) == expected
    assert (seen.answer.status_code, seen.answer["Content-Type"]) == (real.status_code, real["Content-Type"])


@pytest.mark.parametrize("key", sorted(PROVIDERS))
def test_no_secret_and_no_token_is_on_the_page_whoever_looks(
    kept: Cast, sign_in: SignIn, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = line(kept, key)
    held = unseal(connection.secrets).values()

    def opened(*_: object) -> None:
        raise AssertionError("a secret was opened")

    monkeypatch.setattr("agentversions.operations.secrets.unseal", opened)
    for user in (kept.ana, kept.cleo):
        page = sign_in(user).get(of_version(kept)).text
        assert not [text for text in (VALUE, "for-workers", *held) if text in page]
        assert tokens.token(Call(pk=previewing.CALL)) not in page
        assert tokens.report_token(Call(pk=previewing.CALL)) not in page


@pytest.mark.parametrize("key", sorted(PROVIDERS))
def test_hostile_texts_are_shown_and_do_nothing(kept: Cast, sign_in: SignIn, key: str) -> None:
    line(kept, key)

    page = sign_in(kept.cleo).get(of_version(kept)).text

    assert "<script>alert" not in page
    assert "<b>“bold”" not in page
    assert "script" in answer(page)


def test_it_makes_no_call_and_writes_nothing(kept: Cast, sign_in: SignIn) -> None:
    line(kept, "generic")
    before = (Event.objects.count(), Draft.objects.count(), Version.objects.count())
    ben = sign_in(kept.ben)

    for page in (of_version(kept), of_draft(kept)):
        assert ben.get(page).status_code == 200
        assert ben.post(page).status_code == 405

    assert not Call.objects.exists()
    assert before == (Event.objects.count(), Draft.objects.count(), Version.objects.count())


def test_the_draft_is_shown_as_the_version_it_would_be_and_only_to_its_owner(kept: Cast, sign_in: SignIn) -> None:
    line(kept, "generic")
    edit(kept.agent, kept.ben, greeting="Only Ben knows this.")
    edit(kept.agent, kept.ben, max_length="long")

    ben = sign_in(kept.ben).get(of_draft(kept)).text
    pia = sign_in(kept.pia).get(of_draft(kept)).text

    said = json.loads(answer(ben))
    assert said["configuration"]["greeting"] == "Only Ben knows this."
    assert said["version"]["number"] == 3
    assert "1 field of your draft can't be read yet" in ben
    assert "Only Ben" not in pia
    assert sign_in(kept.cleo).get(of_draft(kept)).status_code == 403
    saved = operations.save_version(kept.agent, base=_readable(kept), by=kept.ben)
    assert saved.digest == said["version"]["digest"]


def _readable(cast: Cast) -> operations.drafts.Base:
    edit(cast.agent, cast.ben, max_length="1800")
    return stored(cast.agent, cast.ben).base


class TestWhichConnection:
    def test_it_is_the_one_whose_number_is_the_agents_unless_another_is_chosen(
        self, kept: Cast, sign_in: SignIn
    ) -> None:
        other = connect(kept, "A first one")
        twilio, cleo = line(kept, "twilio"), sign_in(kept.cleo)

        assert "<ConversationRelay" in answer(cleo.get(of_version(kept)).text)
        chosen = cleo.get(of_version(kept), {"connection": str(other.pk)}).text
        assert json.loads(answer(chosen))["agent"]["name"] == "Reception"
        assert f'<option value="{twilio.pk}">twilio line · Twilio</option>' in chosen

    def test_another_projects_is_unknown(self, kept: Cast, sign_in: SignIn) -> None:
        theirs = add_connection(kept.elsewhere, provider="generic", name="Theirs", secrets={}, by=kept.olga)

        assert sign_in(kept.cleo).get(of_version(kept), {"connection": str(theirs.pk)}).status_code == 404
        assert sign_in(kept.cleo).get(of_version(kept), {"connection": "x"}).status_code == 400

    def test_without_any_the_next_step_is_offered(self, kept: Cast, sign_in: SignIn) -> None:
        adding = reverse("connections.add", args=[kept.project.pk])

        assert adding in sign_in(kept.ana).get(of_version(kept)).text
        assert adding not in sign_in(kept.cleo).get(of_version(kept)).text

    def test_one_that_couldnt_answer_shows_the_no_and_why(self, kept: Cast, sign_in: SignIn) -> None:
        connection, cleo = line(kept, "twilio"), sign_in(kept.cleo)

        change_connection(connection, worker_url="", by=kept.ana)
        page = cleo.get(of_version(kept)).text
        assert "No version would answer: the connection lacks its worker&#x27;s address." in page
        assert "<Say>We can't take your call right now." in answer(page)

        change_connection(connection, enabled=False, by=kept.ana)
        assert "No version would answer: the connection is switched off." in cleo.get(of_version(kept)).text


def test_it_says_what_is_lacking(kept: Cast, sign_in: SignIn) -> None:
    line(kept, "twilio")
    operations.set_secret(kept.project, "OTHER", "x", by=kept.ana)
    edit(kept.agent, kept.ben, prompt="Hi")

    page = sign_in(kept.ben).get(of_draft(kept)).text

    assert "Twilio leaves 3 settings to your worker." in page
    assert "isn't set" not in page


@pytest.mark.parametrize("who", ["olga", "charlie"])
def test_it_is_unknown_to_strangers(kept: Cast, sign_in: SignIn, who: str) -> None:
    client = sign_in(getattr(kept, who))

    assert [client.get(page).status_code for page in (of_version(kept), of_draft(kept))] == [404, 404]


def test_it_is_offered_where_one_looks_for_it(kept: Cast, sign_in: SignIn) -> None:
    pia, agent = sign_in(kept.pia), [kept.agent.pk]
    htmx = {"HX-Request": "true"}

    assert of_version(kept) in pia.get(reverse("versions.show", args=[*agent, 2])).text
    assert of_draft(kept) in pia.get(reverse("agents.show", args=agent)).text
    assert of_draft(kept) in pia.get(reverse("drafts.confirm_publish", args=agent), headers=htmx).text
    assert of_version(kept, 1) in pia.get(reverse("versions.confirm_publish", args=[*agent, 1]), headers=htmx).text


def test_it_asks_the_database_as_often_for_one_connection_as_for_twenty(
    kept: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    line(kept, "generic")
    client = sign_in(kept.ben)
    with django_assert_num_queries(17):
        client.get(of_version(kept))
    with django_assert_num_queries(18):
        client.get(of_draft(kept))

    for place in range(20):
        line(kept, "signalwire", f"+155500030{place:02}")

    with django_assert_num_queries(17):
        client.get(of_version(kept))
    with django_assert_num_queries(18):
        client.get(of_draft(kept))
