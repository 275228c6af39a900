"""An export counts its rows while they come, can be stopped, and is a plain download without a script."""

import csv
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, Route, expect

from agentversions.operations import rename_agent
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]


def test_every_act_of_a_kind_in_two_presses_and_one_for_the_file(page: Page, cast: Cast, sign_in: SignIn) -> None:
    rename_agent(cast.agent, "Front office", by=cast.ben)
    sign_in(cast.cleo)
    page.get_by_role("link", name="Activity").click()
    page.get_by_role("button", name="Agents", exact=True).click()
    page.get_by_role("button", name="This month").click()
    expect(page.locator(".act")).to_have_count(2)
    expect(page.get_by_role("button", name="Agents", exact=True)).to_have_attribute("aria-pressed", "true")

    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()

    expect(page.get_by_role("status").filter(has_text="2 acts exported")).to_be_visible()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        assert [row["action"] for row in csv.DictReader(file)] == ["agent_renamed", "agent_created"]


def test_an_export_can_be_cancelled_and_begun_again(page: Page, cast: Cast, sign_in: SignIn) -> None:
    def hold(route: Route) -> None:
        """Answer nothing yet."""

    sign_in(cast.cleo)
    page.goto(reverse("activity.index", args=[cast.project.pk]))
    page.route("**/activity/export/**", hold)
    page.get_by_role("link", name="Export CSV").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Export cancelled")).to_be_visible()
    expect(page.get_by_role("link", name="Export CSV")).to_be_focused()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()

    page.unroute("**/activity/export/**")
    with page.expect_download():
        page.get_by_role("link", name="Export CSV").click()


def test_what_breaks_off_is_no_file(page: Page, cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.cleo)
    page.goto(reverse("activity.index", args=[cast.project.pk]))
    page.route("**/activity/export/**", lambda route: route.abort())
    page.get_by_role("link", name="Export CSV").click()
    expect(page.get_by_text("The export broke off. Try it again.")).to_be_visible()


def test_without_a_script_it_is_a_download(
    browser: Browser, browser_context_args: dict[str, Any], page: Page, cast: Cast, sign_in: SignIn
) -> None:
    sign_in(cast.cleo)
    known = page.context.storage_state()
    context = browser.new_context(**browser_context_args, java_script_enabled=False, storage_state=known)
    plain = context.new_page()
    plain.goto(reverse("timeline.index", args=[cast.project.pk]))
    with plain.expect_download() as download:
        plain.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.startswith("front-desk-timeline-")
    context.close()
