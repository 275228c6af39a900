"""The editor saves itself, and says truly how that stands."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from agentversions.models import Draft, Role, Version
from agentversions.operations import publish, set_role
from tests.browser.conftest import Line, draft_of, leave, open_editor, saved
from tests.cast import Cast, edit, save
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]


@pytest.fixture
def editing(page: Page, cast: Cast, sign_in: SignIn) -> Page:
    """Ben has Reception's editor open."""
    sign_in(cast.ben)
    open_editor(page, cast.agent)
    return page


def test_every_kind_of_field_saves_itself(editing: Page, cast: Cast) -> None:
    editing.get_by_role("textbox", name="Prompt").fill("You are Robin.\nBe brief.")
    editing.get_by_label("Who speaks first").select_option("The caller")
    editing.get_by_label("Record the call").check()
    editing.get_by_label("Listen to the keypad").uncheck()
    editing.get_by_label("Speed", exact=True).fill("1.25")
    editing.get_by_label("Keywords").fill("Riverside\nhygienist")
    editing.get_by_label("Language").fill("en-GB")
    saved(editing)

    held = draft_of(cast.agent, cast.ben).read()
    assert held.prompt == "You are Robin.\nBe brief."
    assert (held.first_speaker, held.recording, held.keypad_input) == ("caller", True, False)
    assert (held.voice.speed, held.transcriber.keywords) == (1.25, ["Riverside", "hygienist"])
    assert held.language == "en-GB"


def test_opening_the_editor_writes_nothing(editing: Page, cast: Cast) -> None:
    editing.wait_for_timeout(1_000)

    assert not Draft.objects.filter(agent=cast.agent).exists()


def test_the_draft_chip_comes_with_a_change_and_goes_with_its_undoing(page: Page, cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.ben)
    open_editor(page, cast.agent)
    chip = page.locator("#draft-chip")
    expect(chip).to_be_hidden()

    page.get_by_role("textbox", name="Greeting").fill("Hello")
    expect(chip).to_be_visible()
    page.get_by_role("textbox", name="Greeting").fill("")
    expect(chip).to_be_hidden()


def test_half_a_number_is_kept_and_flagged_until_it_is_one(editing: Page, cast: Cast) -> None:
    editing.get_by_label("Speed", exact=True).fill("1.")
    editing.get_by_label("Speed", exact=True).fill("1e")
    expect(editing.locator("#state")).to_contain_text("1 field needs attention")
    expect(editing.locator("#setting-voice-speed-problem")).to_have_text("Type a number, such as 1.5.")

    editing.reload()
    expect(editing.get_by_label("Speed", exact=True)).to_have_value("1e")
    expect(editing.locator("#setting-voice-speed-problem")).to_have_text("Type a number, such as 1.5.")
    editing.wait_for_load_state("networkidle")
    editing.get_by_role("button", name="Save version").click()
    expect(editing.locator("#dialog")).to_contain_text("Speed: Type a number, such as 1.5.")
    editing.get_by_role("link", name="Fix →").click()
    expect(editing.get_by_label("Speed", exact=True)).to_be_focused()

    editing.keyboard.press("ControlOrMeta+a")
    editing.keyboard.type("1.1")
    saved(editing)
    expect(editing.locator("#setting-voice-speed-problem")).to_have_text("")
    assert draft_of(cast.agent, cast.ben).unparsed == {}


def test_tools_are_rows_that_are_added_filled_moved_and_removed(editing: Page, cast: Cast) -> None:
    for count, kind, name in ((1, "Function", "find_slots"), (2, "Transfer", "to_front_desk")):
        editing.get_by_text("Add a tool").click()
        editing.get_by_role("button", name=kind).click()
        expect(editing.locator("#tool-rows .tool")).to_have_count(count)
        editing.locator("#tool-rows .tool").last.get_by_label("Name").fill(name)
        saved(editing)
    editing.locator("#tool-rows .tool").first.get_by_label("Parameters").fill('{"type": "object",')
    expect(editing.locator("#tool-rows .problem").filter(has_text="Line 1")).to_be_visible()
    editing.locator("#tool-rows .tool").last.get_by_role("button", name="Move up").click()
    saved(editing)

    editing.reload()
    assert [row.inner_text() for row in editing.locator("#tool-rows summary b").all()] == [
        "to_front_desk",
        "find_slots",
    ]
    expect(editing.locator("#tool-rows .tool").last.get_by_label("Parameters")).to_have_value('{"type": "object",')
    editing.wait_for_load_state("networkidle")
    editing.locator("#tool-rows .tool").last.get_by_role("button", name="Remove").click()
    saved(editing)
    assert [tool.name for tool in draft_of(cast.agent, cast.ben).read().tools] == ["to_front_desk"]


def test_a_second_tab_cannot_write_over_the_first(editing: Page, cast: Cast) -> None:
    other = editing.context.new_page()
    open_editor(other, cast.agent)
    editing.get_by_role("textbox", name="Greeting").fill("From the first tab")
    saved(editing)

    other.get_by_role("textbox", name="Greeting").fill("From the second tab")

    expect(other.locator("#state")).to_contain_text("Saving paused — this draft was changed in another tab")
    assert draft_of(cast.agent, cast.ben).read().greeting == "From the first tab"
    expect(other.get_by_role("textbox", name="Greeting")).to_have_value("From the second tab")


def test_a_session_that_ended_keeps_the_text_and_saves_it_after_signing_in(editing: Page, cast: Cast) -> None:
    editing.context.clear_cookies()
    editing.get_by_role("textbox", name="Greeting").fill("Typed while signed out")
    expect(editing.locator("#state")).to_contain_text("Signed out — sign in to keep saving")

    with editing.context.expect_page() as opened:
        editing.locator("#state").get_by_role("button", name="Sign in").click()
    other = opened.value
    other.get_by_label("Username").fill("ben")
    other.get_by_label("Password").fill("known")
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    other.close()
    editing.bring_to_front()
    editing.evaluate("window.dispatchEvent(new Event('focus'))")

    saved(editing)
    assert draft_of(cast.agent, cast.ben).read().greeting == "Typed while signed out"


def test_a_save_that_fails_is_tried_again_and_never_called_saved(editing: Page, cast: Cast) -> None:
    editing.route("**/draft/edit/", lambda route: route.fulfill(status=503))
    editing.get_by_role("textbox", name="Greeting").fill("Through a bad network")
    expect(editing.locator("#state")).to_contain_text("Couldn't save — trying again in")
    assert not Draft.objects.filter(agent=cast.agent).exists()

    editing.get_by_role("button", name="Try now").click()
    expect(editing.locator("#state")).to_contain_text("Couldn't save — trying again in 4 s")
    assert not Draft.objects.filter(agent=cast.agent).exists()
    editing.unroute("**/draft/edit/")
    saved(editing)
    assert draft_of(cast.agent, cast.ben).read().greeting == "Through a bad network"


def test_someone_who_lost_their_role_is_told_once_and_keeps_the_text(editing: Page, cast: Cast) -> None:
    set_role(cast.project, cast.ben, Role.VIEWER, by=cast.ana)
    editing.get_by_role("textbox", name="Greeting").fill("Typed too late")

    expect(editing.locator("#state")).to_contain_text("Couldn't save — the message below says why")
    expect(editing.locator("#toasts")).to_contain_text(
        "Your role doesn't allow you to edit agents or review calls. Ask Ana, Pia."
    )
    expect(editing.get_by_role("textbox", name="Greeting")).to_have_value("Typed too late")
    assert not Draft.objects.filter(agent=cast.agent).exists()


def test_leaving_with_unsaved_text_asks_first_and_flushes(editing: Page, cast: Cast) -> None:
    editing.route("**/draft/edit/", lambda route: route.abort())
    editing.get_by_role("textbox", name="Greeting").press_sequentially("Not yet saved")
    expect(editing.locator("#state")).to_contain_text("Couldn't save")
    editing.unroute("**/draft/edit/")
    asked: list[str] = []
    editing.once("dialog", lambda dialog: asked.append(dialog.type))

    leave(
        editing,
        reverse("agents.index", args=[cast.project.pk]),
        Draft.objects.filter(agent=cast.agent, configuration__greeting="Not yet saved").exists,
    )

    assert asked == ["beforeunload"]
    open_editor(editing, cast.agent)
    expect(editing.get_by_role("textbox", name="Greeting")).to_have_value("Not yet saved")


def test_typing_goes_on_while_a_slow_save_is_under_way(editing: Page, cast: Cast) -> None:
    def slow(route: Route) -> None:
        editing.wait_for_timeout(700)
        route.continue_()

    editing.route("**/draft/edit/", slow)
    field = editing.get_by_role("textbox", name="Greeting")
    field.press_sequentially("one two three four five six", delay=60)
    saved(editing)

    expect(field).to_have_value("one two three four five six")
    assert draft_of(cast.agent, cast.ben).read().greeting == "one two three four five six"


def test_edit_over_a_draft_asks_and_what_it_replaced_comes_back(editing: Page, cast: Cast) -> None:
    save(cast.agent, cast.ana, greeting="An old greeting")
    open_editor(editing, cast.agent)
    editing.get_by_role("textbox", name="Greeting").fill("Work in progress")
    saved(editing)

    editing.locator("#v2").get_by_label("More about v2").click()
    editing.locator("#v2").get_by_role("button", name="Edit").click()
    expect(editing.locator("#dialog")).to_contain_text("Replace your draft with v2?")
    expect(editing.locator("#dialog")).to_contain_text("changes in Greeting that are in no version")
    editing.get_by_role("button", name="Replace draft").click()
    expect(editing.get_by_role("textbox", name="Greeting")).to_have_value("An old greeting")

    editing.get_by_role("button", name="Undo").click()
    expect(editing.get_by_role("textbox", name="Greeting")).to_have_value("Work in progress")
    editing.get_by_label("More about your draft").click()
    editing.locator(".bar").get_by_role("link", name="Earlier drafts").click()
    expect(editing.get_by_role("button", name="Bring back")).to_have_count(2)


def test_edit_can_save_the_draft_as_a_version_first(editing: Page, cast: Cast) -> None:
    editing.get_by_role("textbox", name="Greeting").fill("Worth keeping")
    saved(editing)
    editing.locator("#v1").get_by_label("More about v1").click()
    editing.locator("#v1").get_by_role("button", name="Edit").click()
    editing.get_by_role("button", name="Save draft as version, then replace").click()

    expect(editing.locator("#v2")).to_be_visible()
    expect(editing.get_by_role("textbox", name="Greeting")).to_have_value("")
    assert Version.objects.get(agent=cast.agent, number=2).read().greeting == "Worth keeping"


def test_somebody_published_meanwhile_asks_again(page: Page, cast: Cast, line: Line, sign_in: SignIn) -> None:
    first = save(cast.agent, cast.ana, prompt="You are Robin.")
    second = save(cast.agent, cast.ana, greeting="Second")
    publish(first, live=None, by=cast.ana)
    sign_in(cast.pia)
    open_editor(page, cast.agent)
    page.get_by_role("textbox", name="Greeting").fill("Pia's")
    saved(page)
    page.locator(".bar").get_by_role("button", name="Publish").click()
    expect(page.get_by_role("button", name="Publish v4")).to_be_visible()
    publish(second, live=2, by=cast.ana)

    page.get_by_role("button", name="Publish v4").click()

    expect(page.locator("#dialog")).to_contain_text("Ana published v3 instead of v2 just now")
    expect(page.locator("#dialog").get_by_role("link", name="What changed")).to_be_visible()
    expect(page.locator("#dialog")).to_contain_text("Changes against v3")
    assert not Version.objects.filter(agent=cast.agent, number=4).exists()
    page.get_by_role("button", name="Publish v4").click()
    expect(page.locator("#chips")).to_contain_text("Published v4")


def test_an_editor_sees_whom_to_ask(editing: Page, cast: Cast) -> None:
    expect(editing.locator(".bar").get_by_role("button", name="Publish")).to_have_attribute("aria-disabled", "true")
    expect(editing.locator(".bar")).to_contain_text("Ask a publisher: Ana, Pia")


def test_without_javascript_the_form_still_saves(
    browser: Browser, server: Server, cast: Cast, page: Page, sign_in: SignIn
) -> None:
    sign_in(cast.ben)
    plain = browser.new_context(
        java_script_enabled=False, base_url=server.url, storage_state=page.context.storage_state()
    )
    simple = plain.new_page()
    simple.goto(reverse("agents.show", args=[cast.agent.pk]))
    simple.locator("textarea[name=greeting]").fill("Typed without scripts")
    simple.get_by_role("button", name="Save", exact=True).click()

    expect(simple.locator("textarea[name=greeting]")).to_have_value("Typed without scripts")
    assert draft_of(cast.agent, cast.ben).read().greeting == "Typed without scripts"
    plain.close()


def test_nobody_sees_anothers_draft(page: Page, cast: Cast, sign_in: SignIn) -> None:
    edit(cast.agent, cast.ben, greeting="Ben's secret idea")
    sign_in(cast.ana)
    for address in (
        reverse("agents.show", args=[cast.agent.pk]),
        reverse("activity.index", args=[cast.project.pk]),
        reverse("drafts.earlier", args=[cast.agent.pk]),
    ):
        page.goto(address)
        assert "Ben's secret idea" not in page.content()


def test_a_dialog_begins_at_what_is_to_be_mended(page: Page, cast: Cast, line: Line, sign_in: SignIn) -> None:
    page.set_viewport_size({"width": 900, "height": 400})
    sign_in(cast.ana)
    open_editor(page, cast.agent)
    page.get_by_label("Speed", exact=True).fill("1e")
    expect(page.locator("#state")).to_contain_text("1 field needs attention")
    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_role("link", name="Fix →").first).to_be_focused()


def test_a_dialog_can_be_answered_as_soon_as_it_is_there(editing: Page, cast: Cast) -> None:
    editing.evaluate("""() => document.addEventListener("htmx:afterSwap", ({ target }) =>
        target.open && setTimeout(() => target.querySelector(".button.primary").click()))""")
    editing.get_by_role("button", name="Save version", exact=True).click()

    expect(editing.locator("#toasts")).to_contain_text("Saved as v2")
    expect(editing.get_by_role("button", name="Save version", exact=True)).to_be_focused()


def test_a_long_dialog_begins_at_its_title(page: Page, cast: Cast, line: Line, sign_in: SignIn) -> None:
    page.set_viewport_size({"width": 900, "height": 300})
    sign_in(cast.ana)
    open_editor(page, cast.agent)
    page.get_by_role("textbox", name="Prompt").fill("You are Robin.\n" * 20)
    page.get_by_role("textbox", name="Greeting").fill("Hello")
    saved(page)
    page.get_by_role("button", name="Publish", exact=True).click()

    expect(page.get_by_role("heading", name="Publish Reception")).to_be_focused()
    expect(page.get_by_role("heading", name="Publish Reception")).to_be_in_viewport()
