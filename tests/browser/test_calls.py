"""The list of calls in a browser: it keeps up with the phone, and what one reads or holds stays where it is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.operations import publish
from telephony.incoming import CallReport
from telephony.models import Call, Status
from telephony.routing import record_call_event
from tests.browser.conftest import Line
from tests.cast import Cast, live, save

type Ring = Callable[..., dict[str, Any]]
type SignIn = Callable[[User], None]

pytestmark = pytest.mark.browser


@pytest.fixture
def calls(page: Page, cast: Cast, line: Line, sign_in: SignIn) -> Page:
    """Cleo looks at the calls; v2 answers."""
    version = save(cast.agent, cast.ana, prompt="You are kind.")
    publish(version, live=live(cast.agent), by=cast.pia)
    sign_in(cast.cleo)
    page.goto(reverse("calls.index", args=[cast.project.pk]))
    page.wait_for_load_state("networkidle")
    return page


def rows(page: Page) -> Any:
    """The calls that are listed."""
    return page.locator("#live tr[id]")


def hang_up(answer: dict[str, Any], line: Line) -> None:
    """The provider reports the end."""
    call = Call.objects.get(pk=answer["call"])
    record_call_event(line.connection, CallReport(call.provider_call_id, "call.ended", Status.COMPLETED, duration=61))


def test_a_call_comes_in_and_ends_by_itself(calls: Page, line: Line, ring: Ring) -> None:
    expect(calls.get_by_role("heading", name="No calls yet")).to_be_visible()

    answer = ring()

    expect(rows(calls)).to_have_count(1, timeout=15_000)
    expect(calls.locator("#live .running")).to_contain_text("In progress")
    hang_up(answer, line)
    expect(rows(calls)).to_contain_text("1:01", timeout=15_000)
    expect(calls.locator("#live .running")).to_have_count(0)


def test_what_is_held_stays_and_a_button_brings_what_is_new(calls: Page, line: Line, ring: Ring) -> None:
    first = ring()
    expect(rows(calls)).to_have_count(1, timeout=15_000)
    held = calls.locator(f"#call-{first['call']} a.name")
    held.focus()

    ring()
    hang_up(first, line)

    news = calls.get_by_role("button", name="1 new call")
    expect(news).to_be_visible(timeout=15_000)
    expect(held).to_be_focused()
    expect(rows(calls)).to_have_count(1)
    expect(rows(calls)).to_contain_text("Completed")

    news.press("Enter")
    expect(rows(calls)).to_have_count(2)
    expect(news).to_be_hidden()
    expect(rows(calls).first.locator("a.name")).to_be_focused()


def test_filters_change_the_list_in_place_and_the_address_leads_back(calls: Page, line: Line, ring: Ring) -> None:
    hang_up(ring(), line)
    ring()
    calls.reload()
    expect(rows(calls)).to_have_count(2)

    calls.get_by_label("Status").focus()
    calls.get_by_label("Status").select_option("Completed")
    expect(rows(calls)).to_have_count(1)
    assert calls.url.endswith("?status=completed")
    expect(calls.get_by_label("Status")).to_be_focused()

    calls.get_by_role("link", name="Completed").click()
    expect(rows(calls)).to_have_count(2)
    calls.go_back()
    expect(rows(calls)).to_have_count(1)

    calls.get_by_role("searchbox", name="Search").fill("+1 555 000 1000")
    calls.keyboard.press("Enter")
    expect(calls.get_by_role("link", name="+1 555 000 1000")).to_be_visible()
    expect(rows(calls)).to_have_count(1)


def test_nothing_is_asked_for_while_nobody_looks(calls: Page) -> None:
    asked: list[str] = []
    calls.on("request", lambda request: asked.append(request.url))
    calls.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")

    calls.wait_for_timeout(6_000)

    assert not [url for url in asked if "/live/" in url]
