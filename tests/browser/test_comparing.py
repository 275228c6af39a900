"""Going through the changes of a comparison, as people do it: by the arrows, by keys, and on a phone."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.cast import Cast, save

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def compared(cast: Cast) -> str:
    """v2 and v3 of Reception differ in three places, far apart."""
    rules = [f"{number}. When a caller asks for service {number}, say what it costs." for number in range(80)]
    save(cast.agent, cast.ana, prompt="\n".join(rules), greeting="Hello.")
    rules[3], rules[70] = rules[3].replace("costs", "is"), rules[70] + "\t"
    save(cast.agent, cast.ana, prompt="\n".join(rules), greeting="Good morning.")
    return reverse("versions.compare", args=[cast.agent.pk, "2", "3"])


def test_next_and_previous_change(page: Page, cast: Cast, compared: str, sign_in: Callable[[User], None]) -> None:
    sign_in(cast.ana)
    page.goto(compared)
    step, spoken = page.locator("#step"), page.locator("#stepped")
    expect(step).to_have_text("3 changes")

    page.get_by_role("link", name="Next change").click()
    expect(page.locator("#change-1")).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#change-2")).to_be_focused()
    expect(page.locator("#change-2")).to_be_in_viewport()
    expect(step).to_have_text("2 of 3")
    expect(spoken).to_have_text("Change 2 of 3, Prompt")
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#change-1")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(spoken).to_have_text("Change 3 of 3, Greeting")


def test_what_is_folded_unfolds_and_a_copy_has_no_marks(
    page: Page, cast: Cast, compared: str, sign_in: Callable[[User], None]
) -> None:
    sign_in(cast.ana)
    page.goto(compared)

    expect(page.get_by_text("40. When a caller")).to_be_hidden()
    page.get_by_text("lines the same").first.click()
    expect(page.get_by_text("40. When a caller")).to_be_visible()
    expect(page.get_by_title("tab")).to_be_visible()
    page.evaluate("getSelection().selectAllChildren(document.getElementById('change-2'))")
    assert page.evaluate("getSelection().toString()") == "\t"


def test_two_others_are_chosen_swapped_and_put_side_by_side(
    page: Page, cast: Cast, compared: str, sign_in: Callable[[User], None]
) -> None:
    sign_in(cast.ana)
    page.goto(reverse("versions.compare", args=[cast.agent.pk, "1", "2"]))

    page.get_by_label("From").select_option("2")
    page.get_by_label("To", exact=True).select_option("3")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("link", name="Side by side").click()
    expect(page).to_have_url(re.compile(r"/2\.\.\.3/\?view=side$"))
    was, now = page.locator("td.was", has_text="3. When").first, page.locator("td.now", has_text="3. When").first
    assert was.bounding_box()["y"] == now.bounding_box()["y"]  # type: ignore[index]

    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_role("heading", name="From v3 to v2")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 720})
    assert was.bounding_box()["y"] < now.bounding_box()["y"]  # type: ignore[index]


def test_without_scripts_the_arrows_lead_to_the_first_change(
    page: Page, cast: Cast, compared: str, sign_in: Callable[[User], None]
) -> None:
    sign_in(cast.ana)
    page.route("**/changes*.js", lambda route: route.abort())
    page.goto(compared)

    page.get_by_role("link", name="Next change").click()

    expect(page.locator("#change-1")).to_be_in_viewport()
    expect(page).to_have_url(re.compile("#change-1$"))
