"""From a call to its version: it is judged by keyboard, compared with what is live, and edited from."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Version
from agentversions.operations import publish
from telephony.models import Call, Review
from tests.browser.conftest import Line, draft_of
from tests.browser.test_looks import walk_to
from tests.cast import Cast, edit, live, save

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]


@pytest.fixture
def called(page: Page, cast: Cast, line: Line, sign_in: SignIn, ring: Callable[..., dict[str, Any]]) -> Call:
    """v2 answered a call; v3 is live now, and Ben looks at the call."""
    for words in ("Good morning.", "Good evening."):
        version = save(cast.agent, cast.ana, prompt="You answer.", greeting=words)
        publish(version, live=live(cast.agent), by=cast.pia)
        if version.number == 2:
            ring()
    call = Call.objects.get()
    sign_in(cast.ben)
    page.goto(reverse("calls.show", args=[call.pk]))
    page.wait_for_load_state("networkidle")
    return call


def test_what_the_provider_got_is_kept_beside_the_ring(page: Page, called: Call) -> None:
    for _ in range(50):
        if Call.objects.exclude(answer_digest=""):
            break
        page.wait_for_timeout(100)
    page.reload()

    expect(page.locator(".got")).to_contain_text("Today's rendering is the same.")


def test_a_call_is_judged_by_keyboard(page: Page, called: Call, cast: Cast) -> None:
    good, not_good = (page.get_by_role("button", name=name, exact=True) for name in ("Good", "Not good"))
    page.get_by_label("Note").fill("Robin was kind.")
    walk_to(page, not_good)
    page.keyboard.press("Enter")

    expect(not_good).to_have_attribute("aria-pressed", "true")
    expect(not_good).to_be_focused()
    expect(page.locator("#standing")).to_contain_text("Not good")
    expect(page.locator("#toasts")).to_contain_text("judged as not good")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")

    expect(good).to_have_attribute("aria-pressed", "true")
    expect(good).to_be_focused()
    expect(page.get_by_label("Note")).to_have_value("Robin was kind.")
    review = Review.objects.get()
    assert (review.good, review.note, review.by) == (True, "Robin was kind.", cast.ben)

    walk_to(page, page.get_by_role("button", name="Take back"))
    page.keyboard.press("Enter")

    expect(good).to_have_attribute("aria-pressed", "false")
    expect(good).to_be_focused()
    expect(page.locator("#standing")).not_to_contain_text("ood")
    assert not Review.objects.exists()


def test_a_calls_version_is_compared_with_what_is_live(page: Page, called: Call) -> None:
    page.get_by_role("link", name="Compare with live").click()

    changed = page.locator("main")
    expect(changed.locator("del").first).to_contain_text("morning")
    expect(changed.locator("ins").first).to_contain_text("evening")


def test_a_calls_version_is_edited_from(page: Page, called: Call, cast: Cast) -> None:
    page.get_by_role("button", name="Edit from this version").click()

    expect(page.get_by_role("textbox", name="Greeting")).to_have_value("Good morning.")
    assert draft_of(cast.agent, cast.ben).based_on == Version.objects.get(agent=cast.agent, number=2)


def test_a_draft_with_changes_isnt_replaced_unasked(page: Page, called: Call, cast: Cast) -> None:
    edit(cast.agent, cast.ben, greeting="Mine.")

    page.get_by_role("button", name="Edit from this version").click()
    expect(page.get_by_role("heading", name="Replace your draft with v2?")).to_be_visible()
    page.get_by_role("button", name="Replace draft").click()

    expect(page.get_by_role("textbox", name="Greeting")).to_have_value("Good morning.")


@pytest.mark.parametrize("judgement", ["Good", "Not good"])
def test_without_javascript_it_is_judged_too(
    browser: Any, called: Call, page: Page, judgement: str, server: Any
) -> None:
    context = browser.new_context(
        java_script_enabled=False, base_url=server.url, storage_state=page.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(reverse("calls.show", args=[called.pk]))

    plain.get_by_role("button", name=judgement, exact=True).click()

    expect(plain.get_by_role("button", name=judgement, exact=True)).to_have_attribute("aria-pressed", "true")
    plain.get_by_role("button", name="Take back").click()
    expect(plain.get_by_role("button", name="Take back")).to_have_count(0)
    context.close()
