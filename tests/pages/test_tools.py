"""The editor's tools, blockers and suggestions, as a page without scripts shows them."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.operations import archive_agent, create_agent, edit_draft, publish
from agentversions.starters import STARTERS
from telephony.operations import add_connection, add_number
from telephony.providers.generic import new_secret
from tests.cast import Cast, edit, save, shown, typed
from tests.operations.test_secrets import SECRETS
from tests.pages.conftest import SignIn

HTMX = {"HX-Request": "true"}
KEY = SECRETS["an OpenAI key"]


def page(client: Client, name: str, cast: Cast, *more: object) -> str:
    response = client.get(reverse(name, args=[cast.agent.pk, *more]), headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def holding(cast: Cast, *tools: dict[str, str], **settings: str) -> None:
    edit_draft(cast.agent, typed(tools, **settings), base=shown(cast.agent, cast.ana), by=cast.ana)


def test_every_blocker_leads_to_its_field(cast: Cast, sign_in: SignIn) -> None:
    holding(cast, {"id": "slots", "kind": "function", "url": "https://x.example"}, greeting="{{a}}")
    ana = sign_in(cast.ana)

    dialog, editor = page(ana, "drafts.confirm_publish", cast), page(ana, "agents.show", cast)

    for field in ("prompt", "greeting", "tools-slots-name", "tools-slots-description"):
        assert f'#setting-{field}" data-fix' in dialog
        assert f'id="setting-{field}"' in editor
    assert "The prompt is empty." in dialog


def test_a_secret_blocks_saving_and_publishing_and_is_repeated_nowhere(cast: Cast, sign_in: SignIn) -> None:
    edit(cast.agent, cast.ana, prompt=f"Use {KEY}.", greeting=f"{SECRETS['a Google key']}")
    ana, base = sign_in(cast.ana), str(shown(cast.agent, cast.ana))
    words = "Prompt holds an OpenAI key. Remove it before it is in a version for ever."

    for name in ("drafts.confirm_save", "drafts.confirm_publish"):
        dialog = page(ana, name, cast)
        assert words in dialog
        assert "Greeting holds a Google key." in dialog
    answer = ana.post(
        reverse("drafts.save_version", args=[cast.agent.pk]), {"base": base}, headers=HTMX | {"HX-Target": "dialog"}
    )
    plain = ana.post(reverse("drafts.save_version", args=[cast.agent.pk]), {"base": base})

    assert (answer.status_code, plain.status_code) == (422, 422)
    for told in (dialog, answer.content.decode(), plain.content.decode()):
        assert words in told
        assert f'{reverse("agents.show", args=[cast.agent.pk])}#setting-prompt" data-fix' in told
    assert KEY not in answer.content.decode() + plain.content.decode()
    assert KEY in page(ana, "agents.show", cast)  # the draft keeps it


class TestSuggestions:
    def offered(self, client: Client, cast: Cast, path: str) -> list[str]:
        html = page(client, "agents.show", cast)
        inside = html.split(f'<datalist id="setting-{path}-list">', 1)[1].split("</datalist>", 1)[0]
        return [option.split('"', 1)[0] for option in inside.split('value="')[1:]]

    def test_are_what_the_projects_agents_use_before_what_everybody_does(self, cast: Cast, sign_in: SignIn) -> None:
        sales = create_agent(cast.project, "Sales", by=cast.ana, configuration=STARTERS["booking"].configuration)
        save(sales, cast.ana, voice__id="Ida", model__name="claude-sonnet-4-5")
        old = create_agent(cast.project, "Old", by=cast.ana)
        save(old, cast.ana, voice__id="Retired")
        archive_agent(old, by=cast.ana)
        edit(sales, cast.ben, voice__id="Ben tries this")
        save(cast.orders, cast.olga, voice__id="Foreign")
        ben = sign_in(cast.ben)

        assert self.offered(ben, cast, "voice-id") == ["Ida"]
        assert self.offered(ben, cast, "model-name") == ["claude-sonnet-4-5"]
        assert self.offered(ben, cast, "voice-provider")[:2] == ["ElevenLabs", "Cartesia"]

    def test_come_from_what_is_live_where_something_is(self, cast: Cast, sign_in: SignIn, reachable: None) -> None:
        del reachable
        publish(save(cast.agent, cast.ana, prompt="Hello.", voice__id="Live"), live=None, by=cast.ana)
        save(cast.agent, cast.ana, voice__id="Newer")

        assert self.offered(sign_in(cast.ben), cast, "voice-id") == ["Live"]

    @pytest.fixture
    def reachable(self, cast: Cast) -> None:
        line = add_connection(
            cast.project, provider="generic", name="W", secrets={"signing_secret": new_secret()}, by=cast.ana
        )
        add_number(line, "+15550001000", by=cast.ana)


@pytest.mark.parametrize("many", [1, 12])
def test_the_editor_asks_the_same_of_the_database_whatever_it_holds(
    cast: Cast, sign_in: SignIn, many: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [{"id": f"t{at}", "kind": "function", "name": f"tool_{at}"} for at in range(many)]
    holding(cast, *rows, prompt="word " * 1000 * many)
    for at in range(many):
        save(create_agent(cast.project, f"Agent {at}", by=cast.ana), cast.ana, voice__id=f"voice {at}")
    ana = sign_in(cast.ana)

    with django_assert_num_queries(14):
        page(ana, "agents.show", cast)
