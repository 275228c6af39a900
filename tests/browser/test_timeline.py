"""Woken at three: the timeline says what changed, and the way back is one press and its confirmation."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from agentversions.models import Agent, Version
from agentversions.operations import publish
from telephony.management.clock import clock
from tests.browser.conftest import Line
from tests.cast import Cast, live, save

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]

NIGHT = datetime(2025, 11, 3, 22, 30, tzinfo=UTC)


@pytest.fixture
def versions(cast: Cast, line: Line) -> list[Version]:
    """v2 went live in the evening, v3 at half past ten at night in London: half past eleven in Berlin."""
    Agent.objects.update(created_at=NIGHT - timedelta(days=1))
    made = []
    for number, moment in enumerate((NIGHT - timedelta(hours=3), NIGHT), start=2):
        version = save(cast.agent, cast.ben, f"Name {number}", prompt=f"Hello {number}.")
        with clock(moment):
            publish(version, live=live(cast.agent), by=cast.pia)
        made.append(version)
    return made


@pytest.fixture
def berlin(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """A page in a browser in Berlin."""
    context = browser.new_context(**browser_context_args, timezone_id="Europe/Berlin")
    yield context.new_page()
    context.close()


def test_going_back_is_one_press_and_its_confirmation(
    page: Page, cast: Cast, versions: list[Version], sign_in: SignIn
) -> None:
    sign_in(cast.pia)
    page.get_by_role("link", name="Timeline").click()
    turns = page.locator(".turn")
    expect(turns.first).to_contain_text("v3 “Name 3”")
    expect(turns.first).to_contain_text("Live now")

    page.get_by_role("link", name="Publish v2 of Reception").press("Enter")
    expect(page.get_by_role("heading", name="Publish v2 “Name 2”")).to_be_visible()
    page.locator("#note").fill("Callers heard nothing")
    page.get_by_role("button", name="Publish v2").click()

    expect(page.locator("#dialog")).to_be_hidden()
    expect(turns).to_have_count(3)
    expect(turns.first).to_contain_text("v2 “Name 2”")
    expect(turns.first).to_contain_text("Callers heard nothing")
    expect(turns.first.get_by_text("Live now")).to_be_visible()
    expect(turns.nth(1).get_by_text("Live now")).to_be_hidden()
    expect(page.get_by_role("link", name="Publish v3 of Reception")).to_be_focused()
    assert live(cast.agent) == 2

    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(turns).to_have_count(4)
    expect(turns.first).to_contain_text("v3 “Name 3”")
    assert live(cast.agent) == 3


@pytest.mark.usefixtures("versions")
def test_without_scripts_the_way_back_is_a_page(page: Page, cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.pia)
    page.route(re.compile(r"\.js$"), lambda route: route.abort())
    page.goto(reverse("timeline.index", args=[cast.project.pk]))

    page.get_by_role("link", name="Publish v2 of Reception").click()
    page.get_by_role("button", name="Publish v2").click()
    expect(page.locator("#toasts")).to_contain_text("v2 is live")
    page.goto(reverse("timeline.index", args=[cast.project.pk]))
    expect(page.locator(".turn")).to_have_count(3)

    page.get_by_label("What was live at").fill("2025-11-03T20:00")
    page.get_by_role("button", name="Look").click()
    expect(page.locator("#then")).to_contain_text("At 3 November 2025, 20:00 (UTC)")
    expect(page.locator("#then")).to_contain_text("v2 “Name 2”")


def test_a_moment_and_the_days_are_the_readers(berlin: Page, cast: Cast, versions: list[Version], line: Line) -> None:
    with clock(NIGHT + timedelta(hours=1)):  # half past midnight in Berlin, the same day in London
        publish(versions[0], live=3, by=cast.pia)
    berlin.goto(reverse("accounts.sign_in"))
    berlin.get_by_label("Username").fill("cleo")
    berlin.get_by_label("Password").fill("known")
    berlin.get_by_role("button", name="Sign in").click()
    berlin.get_by_role("link", name="Timeline").click()

    days = berlin.locator(".turns > .day:visible")
    expect(days.filter(has_text="November")).to_have_count(2)
    expect(berlin.locator(".turn").nth(1)).to_contain_text("23:30 – 00:30")  # noqa: RUF001
    expect(berlin.locator("#at-zone")).to_have_text("Times are those of Europe/Berlin")

    berlin.get_by_label("What was live at").fill("2025-11-03T23:31")
    berlin.get_by_role("button", name="Look").click()
    expect(berlin.locator("#then")).to_contain_text("At 3 November 2025, 23:31 (Europe/Berlin)")
    expect(berlin.locator("#then")).to_contain_text("v3 “Name 3”")
    expect(berlin.get_by_label("What was live at")).to_have_value("2025-11-03T23:31")
    berlin.get_by_label("What was live at").fill("2025-11-03T23:29")
    berlin.get_by_role("button", name="Look").click()
    expect(berlin.locator("#then")).to_contain_text("v2 “Name 2”")
