"""When saving meets trouble: two tabs, no network, an answer that is lost, a page that is left."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, Route, expect

from agentversions.models import Draft
from agentversions.operations import archive_agent, discard_draft
from tests.browser.conftest import draft_of, leave, open_editor, saved
from tests.cast import Cast, edit, save, shown

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]

SAVES = "**/draft/edit/"
PAUSED = "Saving paused — this draft was changed in another tab"


@pytest.fixture
def editing(page: Page, cast: Cast, sign_in: SignIn) -> Page:
    """Ben has Reception's editor open."""
    sign_in(cast.ben)
    open_editor(page, cast.agent)
    return page


class TestTwoTabs:
    @pytest.fixture
    def behind(self, editing: Page, cast: Cast) -> Page:
        """Ben's tab, in which the greeting was typed after another tab saved both greeting and prompt."""
        edit(cast.agent, cast.ben, prompt="Saved prompt", greeting="Hello from the saved one")
        editing.get_by_role("textbox", name="Greeting").fill("Hello from this tab")
        expect(editing.locator("#state")).to_contain_text(PAUSED)
        return editing

    def test_review_shows_both_texts_and_resolve_makes_one_draft_of_them(self, behind: Page) -> None:
        behind.get_by_role("button", name="Review").click()
        dialog = behind.locator("#dialog")
        expect(dialog).to_contain_text("This draft was changed in another tab")
        greeting, prompt = dialog.get_by_role("group", name="Greeting"), dialog.get_by_role("group", name="Prompt")
        expect(greeting.get_by_label("This tab's")).to_be_checked()
        expect(greeting.locator("mark").first).to_contain_text("this tab")
        expect(greeting.locator("mark").last).to_contain_text("the saved one")
        expect(prompt.get_by_label("The saved one")).to_be_checked()

        dialog.get_by_role("button", name="Resolve").click()

        expect(behind.locator("#toasts")).to_contain_text("Your draft is resolved.")
        expect(behind.get_by_role("textbox", name="Greeting")).to_have_value("Hello from this tab")
        expect(behind.get_by_role("textbox", name="Prompt")).to_have_value("Saved prompt")
        behind.wait_for_load_state("networkidle")
        behind.get_by_role("textbox", name="Greeting").fill("And on it goes")
        saved(behind)
        behind.get_by_role("button", name="Undo").click()
        expect(behind.get_by_role("textbox", name="Greeting")).to_have_value("Hello from the saved one")

    def test_cancel_leaves_the_tab_as_it_is_and_saving_paused(self, behind: Page, cast: Cast) -> None:
        behind.get_by_role("button", name="Review").click()
        behind.locator("#dialog").get_by_role("button", name="Cancel").click()

        expect(behind.locator("#dialog")).to_be_hidden()
        expect(behind.locator("#state")).to_contain_text(PAUSED)
        expect(behind.get_by_role("textbox", name="Greeting")).to_have_value("Hello from this tab")
        behind.get_by_role("textbox", name="Greeting").press_sequentially("!")
        behind.wait_for_timeout(800)
        assert draft_of(cast.agent, cast.ben).read().greeting == "Hello from the saved one"
        behind.get_by_role("button", name="Review").click()
        expect(behind.locator("#dialog").get_by_role("group", name="Greeting")).to_contain_text("Hello from this tab!")

    def test_what_it_held_is_an_earlier_draft_once_it_is_left_all_the_same(self, behind: Page, cast: Cast) -> None:
        held = draft_of(cast.agent, cast.ben).history.filter(configuration__greeting="Hello from this tab")

        leave(behind, reverse("agents.index", args=[cast.project.pk]), held.exists)

        behind.goto(reverse("drafts.earlier", args=[cast.agent.pk]))
        behind.get_by_role("link", name="just now").first.click()

        expect(behind.get_by_role("textbox", name="Greeting")).to_have_value("Hello from this tab")
        assert draft_of(cast.agent, cast.ben).read().greeting == "Hello from the saved one"

    def test_what_waits_for_a_save_is_told_that_there_is_none(self, behind: Page) -> None:
        behind.get_by_role("button", name="Save version").click()

        expect(behind.locator("#toasts")).to_contain_text("Your draft isn't saved yet, so that has to wait.")
        expect(behind.locator("#dialog")).to_be_hidden()

    def test_a_draft_that_was_discarded_elsewhere_is_reviewed_too(self, editing: Page, cast: Cast) -> None:
        editing.get_by_role("textbox", name="Greeting").fill("Hello")
        saved(editing)
        discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)
        editing.get_by_role("textbox", name="Greeting").press_sequentially(" again")
        editing.get_by_role("button", name="Review").click()
        expect(editing.locator("#dialog")).to_contain_text("It was discarded there.")
        editing.locator("#dialog").get_by_role("button", name="Resolve").click()

        expect(editing.locator("#toasts")).to_contain_text("Your draft is resolved.")
        assert draft_of(cast.agent, cast.ben).read().greeting == "Hello again"

    def test_a_tab_that_is_behind_confirms_nothing_it_does_not_show(self, editing: Page, cast: Cast) -> None:
        edit(cast.agent, cast.ben, greeting="From the other tab")

        editing.get_by_role("button", name="Save version").click()

        expect(editing.locator("#state")).to_contain_text(PAUSED)
        expect(editing.locator("#dialog")).to_be_hidden()

    @pytest.mark.usefixtures("line")
    def test_an_answer_that_brings_a_newer_base_does_not_hide_that_the_draft_moved(
        self, page: Page, cast: Cast, sign_in: SignIn
    ) -> None:
        save(cast.agent, cast.ana, prompt="You are Robin.")
        sign_in(cast.ana)
        open_editor(page, cast.agent)
        page.locator(".bar").get_by_role("button", name="Publish").click()
        page.get_by_role("button", name="Publish v3").click()
        expect(page.locator("#toasts")).to_contain_text("v3 is live")
        edit(cast.agent, cast.ana, greeting="From the other tab")

        page.locator("#toasts").get_by_role("button", name="Undo").click()
        expect(page.locator("#toasts")).to_contain_text("Nothing is live")
        page.get_by_role("textbox", name="Prompt").fill("Typed later")

        expect(page.locator("#state")).to_contain_text(PAUSED)
        page.wait_for_timeout(800)
        assert draft_of(cast.agent, cast.ana).read().greeting == "From the other tab"


class TestNetwork:
    def test_offline_keeps_the_text_in_the_tab_and_saves_it_on_return(self, editing: Page, cast: Cast) -> None:
        editing.context.set_offline(True)
        editing.get_by_role("textbox", name="Greeting").press_sequentially("Typed on the train")
        expect(editing.locator("#state")).to_contain_text("You're offline — changes are kept in this tab")
        assert not Draft.objects.filter(agent=cast.agent).exists()

        editing.context.set_offline(False)

        saved(editing)
        assert draft_of(cast.agent, cast.ben).read().greeting == "Typed on the train"

    def test_what_was_undone_after_its_answer_was_lost_is_undone_on_the_server_too(
        self, editing: Page, cast: Cast
    ) -> None:
        field = editing.get_by_role("textbox", name="Greeting")
        field.fill("Keep")
        saved(editing)

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        editing.route(SAVES, lose, times=1)
        field.fill("Keep not")
        expect(editing.locator("#state")).to_contain_text("Couldn't save")
        assert draft_of(cast.agent, cast.ben).read().greeting == "Keep not"
        field.fill("Keep")

        saved(editing)
        assert draft_of(cast.agent, cast.ben).read().greeting == "Keep"

    def test_a_token_that_is_gone_is_fetched_anew(self, editing: Page, cast: Cast) -> None:
        editing.context.clear_cookies(name="csrftoken")

        editing.get_by_role("textbox", name="Greeting").fill("Hello")

        saved(editing)
        assert draft_of(cast.agent, cast.ben).read().greeting == "Hello"

    def test_typing_tries_again_and_does_not_make_the_next_retry_wait_longer(self, editing: Page) -> None:
        editing.route(SAVES, lambda route: route.abort())
        field = editing.get_by_role("textbox", name="Greeting")
        for text in ("One", "One two", "One two three", "One two three four"):
            with editing.expect_event("requestfailed"):
                field.fill(text)

        expect(editing.locator("#state")).to_contain_text("trying again in 2 s")


def test_text_typed_before_the_scripts_came_is_saved(page: Page, cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.ben)

    def wait(route: Route) -> None:
        page.wait_for_timeout(700)
        route.continue_()

    page.route("**/autosave*.js", wait)
    page.goto(reverse("agents.show", args=[cast.agent.pk]), wait_until="commit")
    page.get_by_role("textbox", name="Greeting").fill("Quicker than the script")

    saved(page)
    assert draft_of(cast.agent, cast.ben).read().greeting == "Quicker than the script"


def test_typing_without_a_pause_is_saved_all_the_same(editing: Page, cast: Cast) -> None:
    with editing.expect_response(SAVES):
        editing.get_by_role("textbox", name="Greeting").press_sequentially("on and on " * 8, delay=90)

    assert draft_of(cast.agent, cast.ben).read().greeting.startswith("on and on")


def test_a_tool_that_was_only_added_leaves_nothing_unsaved(editing: Page) -> None:
    editing.get_by_text("Add a tool").click()
    editing.get_by_role("button", name="Hang up").click()
    expect(editing.locator("#tool-rows .tool")).to_have_count(1)

    saved(editing)


def test_an_archived_agent_says_so_and_not_that_another_tab_was_at_work(editing: Page, cast: Cast) -> None:
    archive_agent(cast.agent, by=cast.ana)
    editing.get_by_role("textbox", name="Greeting").fill("Too late")

    expect(editing.locator("#state")).to_contain_text("Couldn't save — the message below says why")
    expect(editing.locator("#toasts")).to_contain_text("This agent is archived.")
    with editing.expect_response("**/draft/edit/"):
        editing.get_by_role("textbox", name="Greeting").fill("Too late again")
    editing.wait_for_timeout(300)
    expect(editing.locator("#toasts .toast")).to_have_count(1)
