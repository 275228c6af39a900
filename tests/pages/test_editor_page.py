"""The editor's pages, as a browser without scripts and a fragment's requester meet them."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from agentversions.models import Draft, Event, Version
from agentversions.operations import edit_draft, publish, unpublish
from telephony.operations import add_connection, add_number, assign_number
from telephony.providers.generic import new_secret
from tests.cast import Cast, edit, save, shown, stored, typed
from tests.pages.conftest import SignIn

HTMX = {"HX-Request": "true"}


@pytest.fixture
def reachable(cast: Cast) -> Cast:
    """Reception has a prompt as v2, and a number."""
    connection = add_connection(
        cast.project, provider="generic", name="Worker", secrets={"signing_secret": new_secret()}, by=cast.ana
    )
    assign_number(add_number(connection, "+15550001000", by=cast.ana), cast.agent, by=cast.ana)
    save(cast.agent, cast.ana, prompt="You are Robin.")
    return cast


def typed_into(page: Client, cast: Cast, /, **fields: str) -> int:
    """Post what a page of Ben's would send; the answer's status."""
    base = {"base": str(shown(cast.agent, cast.ben)), "client": str(uuid4()), "sequence": "1"}
    response = page.post(reverse("drafts.edit", args=[cast.agent.pk]), base | fields, headers=HTMX)
    return response.status_code


class TestAutosave:
    def test_answers_with_the_base_the_chip_and_the_flags(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.ben)
        base = str(shown(cast.agent, cast.ben))
        posted = {"base": base, "client": str(uuid4()), "sequence": "1", "greeting": "Hello", "voice.speed": "1e"}

        response = client.post(reverse("drafts.edit", args=[cast.agent.pk]), posted, headers=HTMX)

        draft = stored(cast.agent, cast.ben)
        assert f'value="{draft.base}"' in response.content.decode()
        assert 'data-problem="setting-voice-speed">Type a number, such as 1.5.' in response.content.decode()
        assert '<span class="chip draft" id="draft-chip" hx-swap-oob="true">Draft</span>' in response.content.decode()
        assert draft.unparsed == {"voice.speed": "1e"}

    @pytest.mark.parametrize(
        "fields",
        [
            {"no.such.setting": "x"},
            {"prompt": "a\x00b"},
            {"base": "nonsense"},
            {"base": "new.1.1.1"},
            {"sequence": "-1"},
            {"sequence": "٣"},
            {"sequence": "9" * 40},
            {"client": "not-a-uuid"},
            {"tools": "a1", "tools.a1.kind": "warp"},
            {"tools": "a1", "tools.a1.kind": "hang_up", "tools.a1.url": "https://x"},
            {"tools": "../etc", "tools.../etc.kind": "hang_up"},
        ],
        ids=lambda fields: next(iter(fields.items()))[0] + " " + repr(next(iter(fields.values())))[:12],
    )
    def test_refuses_what_no_page_of_ours_sends(self, cast: Cast, sign_in: SignIn, fields: dict[str, str]) -> None:
        assert typed_into(sign_in(cast.ben), cast, **fields) == 400
        assert not Draft.objects.filter(agent=cast.agent, owner=cast.ben).exists()

    def test_refuses_more_than_a_configuration_may_hold(self, cast: Cast, sign_in: SignIn) -> None:
        assert typed_into(sign_in(cast.ben), cast, prompt="x" * 500_000) == 413
        assert not Draft.objects.filter(agent=cast.agent, owner=cast.ben).exists()

    def test_keeps_and_flags_a_prompt_that_is_a_little_too_long(self, cast: Cast, sign_in: SignIn) -> None:
        assert typed_into(sign_in(cast.ben), cast, prompt="x" * 60_001) == 200
        assert stored(cast.agent, cast.ben).problems() == {"prompt": "At most 60,000 characters."}

    def test_a_page_that_is_behind_gets_409_and_nothing_is_written(self, cast: Cast, sign_in: SignIn) -> None:
        behind = str(shown(cast.agent, cast.ben))
        edit(cast.agent, cast.ben, greeting="Newer")

        assert typed_into(sign_in(cast.ben), cast, base=behind, greeting="Older") == 409
        assert stored(cast.agent, cast.ben).read().greeting == "Newer"

    def test_without_a_session_a_fragment_gets_401_and_a_page_the_way_to_sign_in(self, cast: Cast) -> None:
        assert typed_into(Client(), cast, greeting="x") == 401
        answer = Client().get(reverse("agents.show", args=[cast.agent.pk]))
        assert answer.url == f"/sign-in/?next=/agents/{cast.agent.pk}/"  # type: ignore[attr-defined]

    @pytest.mark.parametrize("deed", ["drafts.edit", "drafts.merge"])
    def test_signing_in_after_a_deed_without_a_session_leads_to_the_agent(self, cast: Cast, deed: str) -> None:
        answer = Client().post(reverse(deed, args=[cast.agent.pk]), {"base": "new.0.1"})

        assert answer.url == f"/sign-in/?next=/agents/{cast.agent.pk}/"  # type: ignore[attr-defined]

    def test_what_one_typed_does_not_become_the_draft_of_who_signed_in_since(self, cast: Cast, sign_in: SignIn) -> None:
        posted = {"base": "new.0.1", "greeting": "Ben's", "owner": str(cast.ben.pk)}

        for name in ("drafts.edit", "drafts.confirm_resolve"):
            address = reverse(name, args=[cast.agent.pk])
            assert sign_in(cast.ana).post(address, posted, headers=HTMX).status_code == 401
        assert not Draft.objects.exists()
        assert (
            sign_in(cast.ben).post(reverse("drafts.edit", args=[cast.agent.pk]), posted, headers=HTMX).status_code
            == 200
        )

    def test_without_a_csrf_token_nothing_is_saved(self, cast: Cast) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(cast.ben)

        assert typed_into(client, cast, greeting="x") == 403
        assert not Draft.objects.filter(agent=cast.agent, owner=cast.ben).exists()

    def test_a_viewer_may_not(self, cast: Cast, sign_in: SignIn) -> None:
        posted = {"base": "new.0.1", "greeting": "x"}
        address = reverse("drafts.edit", args=[cast.agent.pk])

        assert sign_in(cast.cleo).post(address, posted, headers=HTMX).status_code == 403
        assert not Draft.objects.exists()


class TestAccess:
    ADDRESSES = (
        "agents.show",
        "drafts.confirm_save",
        "drafts.confirm_publish",
        "drafts.confirm_discard",
        "drafts.confirm_merge",
        "drafts.earlier",
        "versions.index",
        "versions.confirm_unpublish",
        "agents.confirm_rename",
        "agents.confirm_archive",
        "activity.agent",
    )
    DEEDS = (
        "drafts.edit",
        "drafts.save_version",
        "drafts.publish",
        "drafts.discard",
        "drafts.merge",
        "drafts.confirm_resolve",
        "drafts.resolve",
        "versions.unpublish",
        "agents.rename",
        "agents.duplicate",
        "agents.archive",
    )

    @pytest.mark.parametrize("name", [name for name in ADDRESSES if ".confirm_" in name])
    def test_who_may_only_look_is_asked_nothing(self, cast: Cast, sign_in: SignIn, name: str) -> None:
        answer = sign_in(cast.cleo).get(reverse(name, args=[cast.agent.pk]))

        assert answer.status_code == 403

    @pytest.mark.parametrize("name", ADDRESSES)
    def test_a_foreign_agent_is_as_unknown_as_none(self, cast: Cast, sign_in: SignIn, name: str) -> None:
        client = sign_in(cast.olga)
        foreign = client.get(reverse(name, args=[cast.agent.pk]))
        unknown = client.get(reverse(name, args=[uuid4()]))

        assert (foreign.status_code, foreign.content) == (404, unknown.content)

    @pytest.mark.parametrize("name", DEEDS)
    def test_a_foreign_agent_is_changed_by_nobody_and_looked_at_by_no_get(
        self, cast: Cast, sign_in: SignIn, name: str
    ) -> None:
        address = reverse(name, args=[cast.agent.pk])
        before = Event.objects.count()

        assert sign_in(cast.olga).post(address, {"base": "new.0.1", "name": "x"}).status_code == 404
        assert sign_in(cast.ana).get(address).status_code == 405
        assert Event.objects.count() == before

    def test_a_version_of_another_agent_isnt_found_below_this_one(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, greeting="v2")

        assert sign_in(cast.olga).get(reverse("versions.show", args=[cast.orders.pk, 2])).status_code == 404
        assert sign_in(cast.olga).get(reverse("versions.show", args=[cast.agent.pk, 2])).status_code == 404

    def test_a_viewer_sees_what_is_live_and_no_buttons(self, reachable: Cast, sign_in: SignIn) -> None:
        publish(Version.objects.get(agent=reachable.agent, number=2), live=None, by=reachable.ana)

        page = sign_in(reachable.cleo).get(reverse("agents.show", args=[reachable.agent.pk]), follow=True)

        assert "viewing v2" in page.content.decode()
        assert "Publish</button>" not in page.content.decode()
        assert "Edit</button>" not in page.content.decode()


class TestConfirmations:
    def test_a_repeated_confirmation_does_it_once(self, reachable: Cast, sign_in: SignIn) -> None:
        client, address = sign_in(reachable.ana), reverse("drafts.publish", args=[reachable.agent.pk])
        posted = {"base": str(shown(reachable.agent, reachable.ana)), "live": "", "key": str(uuid4()), "name": "Once"}

        answers = [client.post(address, posted, headers=HTMX).status_code for _ in range(2)]

        assert answers == [200, 200]
        assert Version.objects.filter(agent=reachable.agent).count() == 3
        other = client.post(address, posted | {"name": "Twice"}, headers=HTMX)
        assert other.status_code == 422

    def test_publishing_says_what_it_will_do_before_it_does_it(self, reachable: Cast, sign_in: SignIn) -> None:
        edit(reachable.agent, reachable.ana, greeting="Hello")
        address = reverse("drafts.confirm_publish", args=[reachable.agent.pk])

        page = sign_in(reachable.ana).get(address, headers=HTMX).content.decode()

        assert "Your draft becomes v3 and answers new calls at once." in page
        assert "1 number will use v3 for new calls." in page
        assert "<li>Prompt</li>" in page
        assert "<li>Greeting</li>" in page

    def test_who_took_the_number_that_the_dialog_promised_is_said(self, reachable: Cast, sign_in: SignIn) -> None:
        agent, posted = reachable.agent, {"live": "", "key": str(uuid4()), "expected": "3"}
        posted |= {"base": str(shown(agent, reachable.ana))}
        save(agent, reachable.ben, greeting="Ben was quicker")

        answer = sign_in(reachable.ana).post(reverse("drafts.publish", args=[agent.pk]), posted, headers=HTMX)

        assert "v4 is live (Ben saved v3 meanwhile)" in answer.content.decode()

    def test_who_published_meanwhile_is_said_and_nothing_happens(self, reachable: Cast, sign_in: SignIn) -> None:
        agent, client = reachable.agent, sign_in(reachable.ana)
        second, third = Version.objects.get(agent=agent, number=2), save(agent, reachable.ben, greeting="Hi")
        publish(second, live=None, by=reachable.ana)
        publish(third, live=2, by=reachable.pia, note="The bank holiday")
        posted = {"live": "2", "key": str(uuid4()), "base": str(shown(agent, reachable.ana))}

        answer = client.post(reverse("drafts.publish", args=[agent.pk]), posted, headers=HTMX)

        assert answer.status_code == 409
        told = answer.content.decode()
        assert "<b>Pia</b> published v3 instead of v2" in told
        assert "“The bank holiday”" in told
        assert reverse("versions.compare", args=[agent.pk, 2, 3]) in told
        assert Version.objects.filter(agent=agent).count() == 3

    def test_after_an_unpublish_the_changes_are_told_against_what_was_live_last(
        self, reachable: Cast, sign_in: SignIn
    ) -> None:
        publish(Version.objects.get(agent=reachable.agent, number=2), live=None, by=reachable.ana)
        unpublish(reachable.agent, live=2, by=reachable.ana)
        edit(reachable.agent, reachable.ana, greeting="Hello")
        address = reverse("drafts.confirm_publish", args=[reachable.agent.pk])

        page = sign_in(reachable.ana).get(address, headers=HTMX).content.decode()

        assert "Changes against v2, which was live last" in page
        assert "1 setting<" in page

    def test_a_dialog_is_a_page_of_its_own_without_scripts(self, reachable: Cast, sign_in: SignIn) -> None:
        client = sign_in(reachable.ana)
        page = client.get(reverse("drafts.confirm_publish", args=[reachable.agent.pk])).content.decode()
        assert page.startswith("<!doctype html>")

        posted = {"base": str(shown(reachable.agent, reachable.ana)), "live": "", "key": str(uuid4())}
        after = client.post(reverse("drafts.publish", args=[reachable.agent.pk]), posted, follow=True)
        assert "v3 is live" in after.content.decode()

    def test_a_prompt_is_text_and_nothing_else(self, cast: Cast, sign_in: SignIn) -> None:
        hostile = '</textarea><script>alert(1)</script>{{ 7|add:"7" }}'
        save(cast.agent, cast.ana, hostile, prompt=hostile, greeting=hostile)

        for address in (
            reverse("agents.show", args=[cast.agent.pk]),
            reverse("versions.show", args=[cast.agent.pk, 2]),
            reverse("activity.index", args=[cast.project.pk]),
        ):
            page = sign_in(cast.ana).get(address)
            assert "<script>alert" not in page.content.decode()
            assert "script-src" not in page["Content-Security-Policy"]
            assert "unsafe" not in page["Content-Security-Policy"]
            assert page["Cache-Control"] == "no-store"

    def test_no_answer_replaces_the_page_on_a_developers_machine_either(
        self, cast: Cast, sign_in: SignIn, settings: Settings
    ) -> None:
        settings.DEBUG = True
        page = sign_in(cast.ben).get(reverse("agents.show", args=[cast.agent.pk])).content.decode()

        assert "htmx-2.min.js" in page
        assert "django-htmx.js" not in page  # draws an error's page over everything that was typed

    def test_a_setting_of_a_tool_that_is_not_a_value_yet_is_named_with_its_tool(
        self, cast: Cast, sign_in: SignIn
    ) -> None:
        rows = [{"id": "find", "kind": "function", "name": "find", "parameters": "{"}]
        edit_draft(cast.agent, typed(rows), base=shown(cast.agent, cast.ben), by=cast.ben)

        page = sign_in(cast.ben).get(reverse("drafts.confirm_save", args=[cast.agent.pk])).content.decode()

        assert "find: Parameters: Line 1" in page


class TestQueries:
    @pytest.mark.parametrize("versions", [2, 60])
    def test_the_editor_asks_as_often_for_many_versions_as_for_few(
        self, reachable: Cast, sign_in: SignIn, versions: int, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(versions - 2):
            save(reachable.agent, reachable.ana, greeting=f"Hello {number}")
        edit(reachable.agent, reachable.ana, greeting="Now")
        client = sign_in(reachable.ana)

        with django_assert_num_queries(14):
            client.get(reverse("agents.show", args=[reachable.agent.pk]))

    def test_the_history_pages_by_number(self, cast: Cast, sign_in: SignIn) -> None:
        for number in range(54):
            save(cast.agent, cast.ana, greeting=f"Hello {number}")
        client = sign_in(cast.ana)

        first = client.get(reverse("agents.show", args=[cast.agent.pk])).content.decode()
        older = client.get(reverse("versions.index", args=[cast.agent.pk]) + "?before=6", headers=HTMX).content.decode()

        assert 'id="v55"' in first
        assert 'id="v6"' in first
        assert 'id="v5"' not in first
        assert "?before=6" in first
        assert [f'id="v{number}"' in older for number in (6, 5, 1)] == [False, True, True]
