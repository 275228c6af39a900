"""The history at work: found, filtered, named and linked to, by mouse and by keyboard."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Agent, Version
from agentversions.operations import publish
from tests.browser.conftest import Line, draft_of, open_editor, saved
from tests.browser.test_looks import walk_to
from tests.cast import Cast, save

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]

PARKING = "Parking is free behind the house."


@pytest.fixture
def history(page: Page, cast: Cast, line: Line, sign_in: SignIn) -> Page:
    """Pia has the editor open; v3 and v4 tell of the parking, v2 has a name, v4 is live."""
    for words in ("Hello.", f"Hello. {PARKING}", f"Hi. {PARKING}", "Hi."):
        save(cast.agent, cast.ben, "Summer hours" if words == "Hello." else "", prompt=words)
    publish(Version.objects.get(agent=cast.agent, number=4), live=None, by=cast.pia)
    sign_in(cast.pia)
    open_editor(page, cast.agent)
    return page


def many(agent: Agent, author: User, count: int, *, parking: range) -> None:
    """So many versions at once, past the verbs, which take their time over each."""
    first = agent.versions.get(number=1)
    Version.objects.bulk_create(
        Version(
            agent=agent,
            number=number,
            configuration=first.configuration
            | {"prompt": f"{number} " + "and so on " * 200 + (PARKING if number in parking else "")},
            digest=f"sha256:{number}",
            longest_call=60,
            author=author,
        )
        for number in range(2, count + 1)
    )
    Agent.objects.filter(pk=agent.pk).update(last_number=count)


def test_which_version_brought_in_a_sentence(history: Page, cast: Cast) -> None:
    history.get_by_role("textbox", name="Greeting").press_sequentially("Typed meanwhile")
    history.get_by_role("searchbox", name="Search versions").press_sequentially("parking IS free")

    expect(history.locator("#found")).to_contain_text("In v3–v4.")  # noqa: RUF001
    expect(history.locator("#found")).to_contain_text("First v3 · Ben")
    expect(history.locator("#found")).to_contain_text("In v4, which is live.")
    expect(history.locator(".version:not(.is-draft)")).to_have_count(2)
    expect(history.locator("#v3 mark")).to_have_text("Parking is free")
    expect(history.get_by_role("searchbox", name="Search versions")).to_be_focused()
    expect(history).to_have_url(re.compile(r"/agents/[^/]+/\?q=parking\+IS\+free$"))
    saved(history)
    assert draft_of(cast.agent, cast.pia).read().greeting == "Typed meanwhile"

    history.reload()
    expect(history.locator("#v3 mark")).to_have_text("Parking is free")
    history.locator("#v3 .name").click()
    expect(history).to_have_url(re.compile("/versions/3/#setting-prompt$"))
    history.go_back()
    expect(history.locator("#found")).to_contain_text("In v3–v4.")  # noqa: RUF001
    history.locator("#found").get_by_role("link", name="Compare with v2").click()
    expect(history.get_by_role("heading", name="From v2 to v3")).to_be_visible()


def test_emptying_the_search_brings_all_back(history: Page) -> None:
    field = history.get_by_role("searchbox", name="Search versions")
    field.fill("nowhere")
    expect(history.locator("#found")).to_have_text("No version holds this.")

    field.fill("")
    expect(history.locator("#v1")).to_be_visible()
    expect(history.locator("#found")).to_have_text("")
    expect(history).to_have_url(re.compile(r"/agents/[^/?]+/$"))


def test_a_filter_stays_through_a_reload_and_a_deed(history: Page, cast: Cast) -> None:
    history.locator("#only-named").focus()
    history.keyboard.press("Enter")
    expect(history.locator("#v3")).to_be_hidden()
    expect(history.locator("#v2")).to_be_visible()
    expect(history.locator("#only-named")).to_be_focused()
    expect(history.locator("#only-named")).to_have_attribute("aria-current", "true")

    history.get_by_role("button", name="Save version", exact=True).click()
    history.get_by_label("Name").fill("Named too")
    history.get_by_role("button", name="Save v6").click()
    expect(history.locator("#v6")).to_be_visible()
    expect(history.locator("#v5")).to_be_hidden()

    history.reload()
    expect(history.locator("#v6")).to_be_visible()
    expect(history.locator("#v5")).to_be_hidden()
    history.get_by_role("link", name="All", exact=True).click()
    expect(history.locator("#v5")).to_be_visible()


def test_a_version_is_named_in_its_row_by_keyboard_alone(history: Page, cast: Cast) -> None:
    field, name = history.get_by_role("textbox", name="Name of v3"), history.locator("#name-3")
    walk_to(history, history.get_by_label("More about v3"))
    history.keyboard.press("Enter")
    walk_to(history, history.locator("#v3").get_by_role("link", name="Rename"))
    history.keyboard.press("Enter")
    expect(field).to_be_focused()

    history.keyboard.type("x" * 101)
    history.keyboard.press("Enter")
    expect(history.locator("#v3").get_by_role("alert")).to_contain_text("at most 100 characters")
    expect(field).to_have_value("x" * 101)
    expect(field).to_be_focused()

    history.keyboard.press("ControlOrMeta+a")
    history.keyboard.type("Parking")
    history.keyboard.press("Enter")
    expect(name).to_have_text("View v3, Parking")
    expect(name).to_be_focused()
    expect(history.locator("#toasts")).to_contain_text("v3 is named “Parking”")
    assert Version.objects.get(agent=cast.agent, number=3).name == "Parking"

    history.keyboard.press("F2")
    expect(field).to_have_value("Parking")
    history.keyboard.type("Something else")
    history.keyboard.press("Escape")
    expect(name).to_have_text("View v3, Parking")
    expect(name).to_be_focused()
    assert Version.objects.get(agent=cast.agent, number=3).name == "Parking"


def test_a_name_changes_wherever_the_page_shows_it(history: Page, cast: Cast) -> None:
    history.goto(reverse("versions.show", args=[cast.agent.pk, 2]))
    history.locator("#name-2").press("F2")
    history.get_by_role("textbox", name="Name of v2").fill("Winter hours")
    history.keyboard.press("Enter")

    expect(history.locator("main dd").first).to_have_text("Winter hours")
    expect(history.locator("#name-2")).to_have_attribute("aria-current", "page")


def test_a_link_to_a_version_is_copied(history: Page, cast: Cast) -> None:
    history.context.grant_permissions(["clipboard-read", "clipboard-write"])
    menu = history.get_by_label("More about v2")
    menu.click()
    history.locator("#v2").get_by_role("button", name="Copy link").click()

    expect(history.get_by_role("status").filter(has_text="Link copied")).to_be_visible()
    expect(menu).to_be_focused()
    link = history.evaluate("navigator.clipboard.readText()")
    history.goto(link)
    expect(history.get_by_role("heading", name="You're viewing v2")).to_be_visible()


def test_a_search_through_thousands_goes_on_by_itself(page: Page, cast: Cast, sign_in: SignIn) -> None:
    many(cast.agent, cast.ben, 9_000, parking=range(31, 61))
    sign_in(cast.ana)
    open_editor(page, cast.agent)

    page.get_by_role("searchbox", name="Search versions").fill("parking is")

    expect(page.locator("#found")).to_contain_text("In v31–v60.", timeout=20_000)  # noqa: RUF001
    expect(page.locator(".version:not(.is-draft)")).to_have_count(30)
    expect(page.get_by_text("searching on")).to_be_hidden()
    expect(page.get_by_role("searchbox", name="Search versions")).to_be_focused()


def test_older_versions_come_below_and_the_focus_with_them(page: Page, cast: Cast, sign_in: SignIn) -> None:
    many(cast.agent, cast.ben, 120, parking=range(1, 121))
    sign_in(cast.ana)
    page.goto(reverse("agents.show", args=[cast.agent.pk]) + "?q=parking")

    page.get_by_role("link", name="Show older").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#name-70")).to_be_focused()
    page.get_by_role("link", name="Show older").press("Enter")
    expect(page.locator("#name-20")).to_be_focused()
    expect(page.get_by_role("link", name="Show older")).to_have_count(0)
    ids = page.eval_on_selector_all("[id]", "all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))


def test_without_scripts_the_same_links_work(page: Page, cast: Cast, sign_in: SignIn) -> None:
    many(cast.agent, cast.ben, 60, parking=range(8, 60))
    sign_in(cast.ana)
    page.route(re.compile(r"\.js$"), lambda route: route.abort())
    page.goto(reverse("versions.index", args=[cast.agent.pk]))

    page.get_by_role("searchbox", name="Search versions").fill("parking")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("In v8–v59.")  # noqa: RUF001
    page.get_by_role("link", name="Show older").click()
    expect(page.locator("#v8")).to_be_visible()
    page.get_by_label("More about v8").click()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("Eight")
    page.get_by_role("button", name="Rename").click()
    expect(page.locator("#toasts")).to_contain_text("v8 is named “Eight”")
