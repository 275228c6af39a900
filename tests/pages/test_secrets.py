"""The secrets page: names and who needs them; values go in and never come out."""

from uuid import uuid4

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Event, Secret
from agentversions.operations import create_agent, edit_draft, publish, save_version, set_secret
from agentversions.operations.secrets import opened
from tests.cast import Cast, live, shown, typed
from tests.pages import phone
from tests.pages.conftest import SignIn

VALUE = "a-value-that-nobody-may-see"
TOOL = {"id": "a", "kind": "function", "name": "find", "description": "Finds.", "url": "https://crm.example.com"}
HEADERS = "Authorization: {{secret.CRM_TOKEN}}"


@pytest.fixture
def needing(cast: Cast) -> Cast:
    """Reception's live version has a tool whose header names CRM_TOKEN."""
    phone.install(cast)
    base = shown(cast.agent, cast.ana)
    saved = edit_draft(cast.agent, typed([TOOL | {"headers": HEADERS}], prompt="Hi"), base=base, by=cast.ana)
    version = save_version(cast.agent, base=saved.draft.base, by=cast.ana)
    publish(version, live=live(cast.agent), by=cast.ana)
    return cast


def page(cast: Cast, verb: str = "index") -> str:
    """The address of the page, or of one of its deeds."""
    return reverse(f"secrets.{verb}", args=[cast.project.pk])


def test_what_a_live_version_needs_is_listed_before_it_is_set(needing: Cast, sign_in: SignIn) -> None:
    told = sign_in(needing.ana).get(page(needing)).content.decode()

    assert "<code>CRM_TOKEN</code>" in told
    assert "Not set" in told
    assert "Reception" in told


def test_an_admin_sets_one_and_nobody_reads_it_again(needing: Cast, sign_in: SignIn) -> None:
    ana = sign_in(needing.ana)

    answer = ana.post(page(needing, "set_secret"), {"name": "CRM_TOKEN", "value": f" {VALUE} "}, follow=True)

    assert "CRM_TOKEN is set. New calls use it at once." in answer.content.decode()
    assert opened(needing.project.pk, ["CRM_TOKEN", "OTHER"]) == {"CRM_TOKEN": VALUE}
    held = Secret.objects.get(project=needing.project)
    assert VALUE not in held.sealed
    event = Event.objects.filter(action="secret_set").get()
    assert event.particulars == {"name": "CRM_TOKEN"}
    assert VALUE not in ana.get(page(needing)).content.decode()
    assert "sealed" not in {field.name for field in Secret.history.model._meta.get_fields()}


def test_one_that_a_live_version_needs_stays(needing: Cast, sign_in: SignIn) -> None:
    set_secret(needing.project, "CRM_TOKEN", VALUE, by=needing.ana)
    set_secret(needing.project, "OLD_TOKEN", VALUE, by=needing.ana)
    ana = sign_in(needing.ana)

    refused = ana.post(page(needing, "remove"), {"name": "CRM_TOKEN"})
    ana.post(page(needing, "remove"), {"name": "OLD_TOKEN"})

    assert refused.status_code == 422
    assert "Reception needs it: publish a version without it first." in refused.content.decode()
    assert [secret.name for secret in Secret.objects.all()] == ["CRM_TOKEN"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("crm", "x"),
        ("CRM TOKEN", "x"),
        ("", "x"),
        ("CRM", ""),
        ("CRM", "x" * 4_001),
        ("CRM", "a\x00b"),
        ("CRM", "a\r\nb"),
    ],
)
def test_what_can_not_be_one_is_refused_without_repeating_it(
    cast: Cast, sign_in: SignIn, name: str, value: str
) -> None:
    answer = sign_in(cast.ana).post(page(cast, "set_secret"), {"name": name, "value": value})

    assert answer.status_code == 422
    assert not Secret.objects.exists()
    assert len(value) < 2 or value not in answer.content.decode()


def test_others_may_look_but_not_set(needing: Cast, sign_in: SignIn) -> None:
    set_secret(needing.project, "CRM_TOKEN", VALUE, by=needing.ana)
    for user in (needing.cleo, needing.ben, needing.pia):
        client = sign_in(user)
        assert "Set a secret" not in client.get(page(needing)).content.decode()
        for verb in ("set_secret", "remove"):
            assert client.post(page(needing, verb), {"name": "CRM_TOKEN", "value": "x"}).status_code == 403
    stranger = sign_in(needing.olga)
    unknown = reverse("secrets.index", args=[uuid4()])
    assert [stranger.get(address).status_code for address in (page(needing), unknown)] == [404, 404]
    assert stranger.post(page(needing, "set_secret"), {"name": "CRM_TOKEN", "value": "x"}).status_code == 404
    assert opened(needing.project.pk, ["CRM_TOKEN"]) == {"CRM_TOKEN": VALUE}


@pytest.mark.parametrize("secrets", [1, 20])
def test_the_page_asks_as_often_for_many_as_for_few(
    needing: Cast, sign_in: SignIn, secrets: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(secrets):
        set_secret(needing.project, f"TOKEN_{number}", VALUE, by=needing.ana)
        create_agent(needing.project, f"Agent {number}", by=needing.ana)
    client = sign_in(needing.ana)

    with django_assert_num_queries(9):
        client.get(page(needing))


def test_it_tells_which_live_version_uses_each(needing: Cast, sign_in: SignIn) -> None:
    set_secret(needing.project, "OLD_TOKEN", VALUE, by=needing.ana)

    told = sign_in(needing.cleo).get(page(needing)).text

    version = reverse("versions.show", args=[needing.agent.pk, live(needing.agent)])
    assert f'<a href="{version}">Reception v{live(needing.agent)}</a>' in told
    assert told.count("Nothing that is live") == 1
