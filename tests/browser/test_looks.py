"""Every screen, in both themes and on a phone: nothing serious for axe, nothing that scrolls sideways."""

import re
from collections.abc import Callable, Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from agentversions.models import Agent, Version
from agentversions.operations import publish
from dashboard.urls import urlpatterns
from telephony.management.commands.demo import Demo
from telephony.models import Call, Connection
from tests.cast import edit

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
        "calls.retention",
        "timeline.index",
        "numbers.index",
        "numbers.add",
        "connections.index",
        "connections.add",
        "secrets.index",
        "activity.index",
        "members.index",
    ):
        yield reverse(name, args=[project])
    yield reverse("timeline.index", args=[project]) + f"?agent={agent.pk}&at=2026-01-01T00:00"
    yield reverse("timeline.index", args=[project]) + f"?at={call.started_at:%Y-%m-%dT%H:%M}&zone=Europe/Berlin"
    yield reverse("connections.add", args=[project]) + "?provider=twilio"
    yield reverse("connections.guide", args=[project, "signalwire"])
    yield reverse("connections.show", args=[twilio.pk])
    yield reverse("calls.show", args=[call.pk])
    yield reverse("calls.show", args=[missed.pk])
    yield reverse("agents.show", args=[agent.pk])
    yield reverse("agents.show", args=[blank.pk])
    yield reverse("activity.agent", args=[agent.pk])
    yield reverse("performance.show", args=[agent.pk])
    yield reverse("performance.show", args=[agent.pk]) + "?period=7d&v=7&v=6&v=5&v=4&v=2"
    yield reverse("performance.show", args=[blank.pk])
    yield reverse("drafts.earlier", args=[agent.pk])
    yield reverse("versions.show", args=[agent.pk, 3])
    yield reverse("versions.answer", args=[agent.pk, 3])
    yield reverse("drafts.answer", args=[agent.pk])
    yield reverse("versions.compare", args=[agent.pk, 1, "live"])
    yield reverse("versions.compare", args=[agent.pk, 1, "live"]) + "?view=side"
    yield reverse("versions.index", args=[agent.pk]) + "?q=Riverside"
    yield reverse("projects.index")
    yield reverse("projects.create")
    yield "/nothing/here/"
    publish(Version.objects.get(agent=agent, number=5), live=7, by=agent.created_by)
    yield reverse("agents.show", args=[agent.pk])  # with a draft that is behind now
    yield reverse("drafts.confirm_merge", args=[agent.pk])


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
def test_axe_finds_nothing_serious_in_any_dialog(
    page: Page, ana: User, sign_in: Callable[[User], None], theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    sign_in(ana)
    agent = Agent.objects.get(name="Reception")
    edit(agent, ana, prompt="Changed.")
    page.goto(reverse("agents.show", args=[agent.pk]))
    page.wait_for_load_state("networkidle")
    dialog, found = page.locator("#dialog"), []
    for address in dialogs(agent):
        page.evaluate("address => { htmx.ajax('GET', address, '#dialog') }", address)
        expect(dialog.get_by_role("heading", level=2)).to_be_visible()
        found += serious(page)
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    of_two_tabs = {"address": reverse("drafts.confirm_resolve", args=[agent.pk]), "values": {"prompt": "In this tab."}}
    page.evaluate("({ address, values }) => { htmx.ajax('POST', address, { target: '#dialog', values }) }", of_two_tabs)
    expect(dialog.get_by_role("button", name="Resolve")).to_be_visible()
    found += serious(page)
    page.keyboard.press("Escape")
    for menu in page.locator("main details.menu:visible > summary").all()[:6]:
        menu.click()
        found += serious(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Shortcuts").click()
    found += serious(page)
    assert found == []


NO_DIALOGS = {"drafts.confirm_merge", "drafts.confirm_resolve"}
"""A page of its own, and a dialog that is posted."""


def dialogs(agent: Agent) -> Iterator[str]:
    """The address of every dialog of an agent: whoever adds one adds its screen here, or this fails to reverse."""
    of_agents = {"agent_id": agent.pk}
    for pattern in urlpatterns:
        name = str(pattern.name)
        if name.partition(".")[2].startswith("confirm_") and name not in NO_DIALOGS:
            about = {"number": 3} if "number" in pattern.pattern.converters else {}
            yield reverse(name, kwargs=of_agents | about)


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


def test_the_whole_lifecycle_goes_by_keyboard_alone(page: Page, ana: User) -> None:
    agent = Agent.objects.get(name="Reception")
    state, dialog, chips, toasts = (page.locator(f"#{name}") for name in ("state", "dialog", "chips", "toasts"))
    page.goto(reverse("agents.show", args=[agent.pk]))
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.type("known")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{agent.pk}"))
    page.wait_for_load_state("networkidle")

    walk_to(page, page.get_by_role("textbox", name="Greeting"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Typed without a mouse.")
    page.keyboard.press("ControlOrMeta+s")
    expect(state).to_have_attribute("data-state", "saved")

    walk_to(page, page.get_by_role("button", name="Save version", exact=True), back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Save version")).to_be_visible()
    page.keyboard.type("By hand")
    page.keyboard.press("ControlOrMeta+Enter")
    expect(toasts).to_contain_text("Saved as v10")
    expect(page.get_by_role("button", name="Save version", exact=True)).to_be_focused()

    walk_to(page, page.locator(".bar").get_by_role("button", name="Publish"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Publish Reception")).to_be_visible()
    walk_to(page, dialog.get_by_role("link", name="Publish v10 instead"), back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Publish v10")).to_be_visible()
    page.keyboard.press("ControlOrMeta+Enter")
    expect(chips).to_contain_text("Published v10")
    expect(page.locator(".bar").get_by_role("button", name="Publish")).to_be_focused()

    walk_to(page, toasts.get_by_role("button", name="Undo"))
    page.keyboard.press("Enter")
    expect(chips).to_contain_text("Published v7")

    walk_to(page, page.get_by_label("More about v3"), back=True)
    page.keyboard.press("Enter")
    walk_to(page, page.locator("#v3").get_by_role("button", name="Edit"))
    page.keyboard.press("Enter")
    expect(toasts).to_contain_text("v3 is in your draft.")

    walk_to(page, chips.get_by_text("Published v7"))
    page.keyboard.press("Enter")
    walk_to(page, chips.get_by_role("button", name="Unpublish"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Unpublish v7?")).to_be_visible()
    page.keyboard.press("ControlOrMeta+Enter")
    expect(chips).to_contain_text("Not published")


def test_question_mark_lists_the_shortcuts_but_not_while_typing(
    page: Page, ana: User, sign_in: Callable[[User], None]
) -> None:
    sign_in(ana)
    page.goto(reverse("agents.show", args=[Agent.objects.get(name="Reception").pk]))
    page.wait_for_load_state("networkidle")
    heading = page.get_by_role("heading", name="Keyboard shortcuts")

    page.get_by_role("textbox", name="Greeting").press("?")
    expect(heading).to_be_hidden()
    page.locator("#main").focus()
    page.keyboard.press("?")
    expect(heading).to_be_visible()

    page.get_by_label("Open this list with ?").uncheck()
    page.keyboard.press("Escape")
    page.locator("#main").focus()
    page.keyboard.press("?")
    page.wait_for_timeout(200)
    expect(heading).to_be_hidden()
    page.get_by_role("button", name="Shortcuts").click()
    expect(heading).to_be_visible()


def walk_to(page: Page, target: Locator, *, back: bool = False) -> None:
    """Press Tab until the focus stands on it."""
    for _ in range(150):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    pytest.fail(f"Tab never comes to {target}")


def serious(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it is shown."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{page.url}: {violation['id']} at {violation['nodes'][0]['target']}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
    ]
