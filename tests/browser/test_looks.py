"""Every screen, in both themes and on a phone: nothing serious for axe, nothing that scrolls sideways."""

from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Agent
from telephony.management.commands.demo import Demo
from telephony.models import Call, Connection

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ana(transactional_db: None) -> User:
    """Ana, in the demo's project."""
    Demo().make()
    ana = User.objects.get(username="ana")
    ana.set_password("known")
    ana.save()
    return ana


def screens() -> Iterator[str]:
    """The address of every screen, with something on it."""
    agent = Agent.objects.select_related("project").get(name="Reception")
    blank = Agent.objects.get(name="After hours")
    project = agent.project_id
    call = Call.objects.filter(agent=agent).exclude(version=None).order_by("-started_at")[4]
    missed = Call.objects.exclude(missed="").order_by("-started_at")[0]
    twilio = Connection.objects.get(project=project, provider="twilio")
    for name in (
        "agents.index",
        "agents.create",
        "calls.index",
        "numbers.index",
        "numbers.add",
        "connections.index",
        "connections.add",
        "activity.index",
        "members.index",
    ):
        yield reverse(name, args=[project])
    yield reverse("connections.add", args=[project]) + "?provider=twilio"
    yield reverse("connections.show", args=[twilio.pk])
    yield reverse("calls.show", args=[call.pk])
    yield reverse("calls.show", args=[missed.pk])
    yield reverse("agents.show", args=[agent.pk])
    yield reverse("agents.show", args=[blank.pk])
    yield reverse("activity.agent", args=[agent.pk])
    yield reverse("drafts.earlier", args=[agent.pk])
    yield reverse("versions.show", args=[agent.pk, 3])
    yield reverse("projects.index")
    yield reverse("projects.create")
    yield "/nothing/here/"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    page: Page, ana: User, sign_in: Callable[[User], None], theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto(reverse("accounts.sign_in"))
    found = serious(page)
    sign_in(ana)
    for address in screens():
        page.goto(address)
        found += serious(page)
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_dialog(
    page: Page, ana: User, sign_in: Callable[[User], None], theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    sign_in(ana)
    agent = Agent.objects.get(name="Reception")
    page.goto(reverse("agents.show", args=[agent.pk]))
    page.wait_for_load_state("networkidle")
    found = []
    for opener in (
        page.locator(".bar").get_by_role("button", name="Save version"),
        page.locator(".bar").get_by_role("button", name="Publish"),
    ):
        opener.click()
        expect(page.locator("#dialog")).to_be_visible()
        found += serious(page)
        page.keyboard.press("Escape")
        expect(page.locator("#dialog")).to_be_hidden()
    page.get_by_label("More about v3").click()
    found += serious(page)
    assert found == []


def test_nothing_scrolls_sideways_on_a_phone(page: Page, ana: User, sign_in: Callable[[User], None]) -> None:
    page.set_viewport_size({"width": 320, "height": 720})
    sign_in(ana)
    too_wide = []
    for address in screens():
        page.goto(address)
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            too_wide.append(address)
    assert too_wide == []


def test_on_a_phone_the_history_never_buries_the_prompt(page: Page, ana: User, sign_in: Callable[[User], None]) -> None:
    page.set_viewport_size({"width": 320, "height": 720})
    sign_in(ana)
    page.goto(reverse("agents.show", args=[Agent.objects.get(name="Reception").pk]))

    expect(page.get_by_role("textbox", name="Prompt")).to_be_in_viewport()
    page.get_by_text("History").click()
    expect(page.locator("#v7")).to_be_visible()


def test_the_whole_lifecycle_goes_by_keyboard(page: Page, ana: User, sign_in: Callable[[User], None]) -> None:
    sign_in(ana)
    agent = Agent.objects.get(name="Reception")
    page.goto(reverse("agents.show", args=[agent.pk]))
    page.wait_for_load_state("networkidle")

    page.get_by_role("textbox", name="Greeting").focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Typed without a mouse.")
    page.keyboard.press("ControlOrMeta+s")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")
    page.locator(".bar").get_by_role("button", name="Publish").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Publish Reception")).to_be_visible()
    page.keyboard.press("ControlOrMeta+Enter")

    expect(page.locator("#chips")).to_contain_text("Published v10")
    expect(page.locator(".bar").get_by_role("button", name="Publish")).to_be_focused()


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it is shown."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {violation['id']} at {violation['nodes'][0]['target']}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    ]
