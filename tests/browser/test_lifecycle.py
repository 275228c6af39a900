"""The whole way, as its user goes it: draft, versions, published, and a call pinned to its version."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from telephony.models import Call
from tests.browser.conftest import Line, answered_by, draft_of, open_editor, saved
from tests.cast import Cast
from tests.factories import person
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type Ring = Callable[..., dict[str, Any]]
type SignIn = Callable[[User], None]


def test_what_is_typed_is_saved_then_published_then_heard_by_the_next_caller(
    page: Page, cast: Cast, line: Line, sign_in: SignIn, *, server: Server, ring: Ring
) -> None:
    sign_in(cast.ana)
    open_editor(page, cast.agent)

    page.get_by_role("textbox", name="Prompt").fill("You are Robin.")
    page.get_by_role("textbox", name="Greeting").press_sequentially("Hello, this is Robin.")
    saved(page)
    page.reload()
    expect(page.get_by_role("textbox", name="Greeting")).to_have_value("Hello, this is Robin.")
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("You are Robin.")
    assert draft_of(cast.agent, cast.ana).read().greeting == "Hello, this is Robin."

    page.get_by_role("button", name="Save version").click()
    page.get_by_label("Name").fill("Robin speaks")
    page.get_by_role("button", name="Save v2").click()
    expect(page.locator("#toasts")).to_contain_text("Saved as v2")
    expect(page.locator("#v2")).to_contain_text("Robin speaks")
    expect(page.locator("#chips")).to_contain_text("Not published")
    assert ring()["refusal"].startswith("nothing_published")

    publish(page, "Publish v3")
    expect(page.locator("#chips")).to_contain_text("Published v3")
    first = ring(call_id="first")
    assert (first["version"], first["greeting"]) == (3, "Hello, this is Robin.")

    page.get_by_role("textbox", name="Greeting").fill("Good evening.")
    saved(page)
    publish(page, "Publish v4")
    expect(page.locator("#toasts")).to_contain_text("v4 is live")
    in_progress = ring(call_id="second")
    assert in_progress["greeting"] == "Good evening."

    page.locator("#v3").get_by_label("More about v3").click()
    page.locator("#v3").get_by_role("button", name="Publish").click()
    expect(page.locator("#dialog")).to_contain_text("v3 will answer new calls instead of v4.")
    staying = "2 calls in progress stay on the versions they started with: 1 on v3, 1 on v4."
    expect(page.locator("#dialog")).to_contain_text(staying)
    page.get_by_role("button", name="Publish v3").click()
    expect(page.locator("#chips")).to_contain_text("Published v3")

    assert pulled(server, in_progress)["configuration"]["greeting"] == "Good evening."
    assert ring(call_id="second") == in_progress
    assert ring(call_id="third")["greeting"] == "Hello, this is Robin."
    assert [answered_by(ring(call_id=name)) for name in ("first", "second", "third")] == [3, 4, 3]


def test_from_an_empty_database_to_the_first_answered_call(
    page: Page, transactional_db: None, sign_in: SignIn, ring: Ring
) -> None:
    owner = person("Ana", is_superuser=True, is_staff=True)
    page.goto("/")
    page.get_by_label("Username").fill(owner.username)
    page.get_by_label("Password").fill("known")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Create your project")).to_be_visible()
    page.get_by_label("Name").fill("Riverside Dental")
    page.get_by_role("button", name="Create project").click()

    page.get_by_role("link", name="Create your first agent").click()
    page.get_by_label("Name").fill("Reception")
    page.get_by_role("button", name="Create agent").click()
    expect(page.locator("#chips")).to_contain_text("Not published")

    page.locator(".bar").get_by_role("button", name="Publish").click()
    expect(page.locator("#dialog")).to_contain_text("No phone number is available")
    expect(page.get_by_role("button", name="Publish v2")).to_be_disabled()
    page.get_by_role("link", name="Add a number").click()

    page.get_by_role("link", name="Connections").click()
    page.get_by_role("link", name="Add your first connection").click()
    page.get_by_role("link", name="Generic webhook").click()
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_label("When a call comes in")).to_have_value(re.compile(r"/telephony/generic/.+/route/$"))
    page.get_by_role("link", name="Add a number").click()
    page.get_by_label("Number", exact=True).fill("+1 (555) 000-1000")
    page.get_by_role("button", name="Add number").click()

    page.get_by_role("link", name="Agents").click()
    page.get_by_role("link", name="Reception").click()
    page.locator(".bar").get_by_role("button", name="Publish").click()
    expect(page.locator("#dialog")).to_contain_text("1 number will use v2 for new calls.")
    page.get_by_role("button", name="Publish v2").click()
    expect(page.locator("#chips")).to_contain_text("Published v2")

    answer = ring("+15550001000")
    assert (answer["agent"], answer["version"]) == ("Reception", 2)
    page.goto(reverse("calls.show", args=[answer["call"]]))
    expect(page.locator("main")).to_contain_text("v2")
    assert Call.objects.get(pk=answer["call"]).version is not None


def publish(page: Page, button: str) -> None:
    """Press Publish, and confirm."""
    page.locator(".bar").get_by_role("button", name="Publish").click()
    page.get_by_role("button", name=button).click()
    expect(page.locator("#dialog")).to_be_hidden()


def pulled(server: Server, answer: dict[str, Any]) -> Any:
    """What the worker that speaks gets for its call."""

    url = server.url + reverse("telephony.configuration", args=[answer["call"]])
    with urlopen(Request(url, headers={"Authorization": f"Bearer {answer['token']}"})) as response:  # noqa: S310
        return json.load(response)
