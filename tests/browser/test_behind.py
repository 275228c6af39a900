"""Somebody published while I was drafting: I am told, review it, and my draft holds both."""

from collections.abc import Callable
from typing import Literal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from agentversions.operations import publish, publish_draft
from tests.browser.conftest import Line, draft_of, open_editor
from tests.browser.test_looks import serious
from tests.cast import Cast, edit, live, save, shown

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

THEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

type SignIn = Callable[[User], None]


def test_what_went_live_meanwhile_is_reviewed_and_merged(page: Page, cast: Cast, line: Line, sign_in: SignIn) -> None:
    publish(save(cast.agent, cast.pia, prompt="We open at nine.\nBe kind."), live=None, by=cast.pia)
    edit(cast.agent, cast.ben, prompt="We open at eight.\nBe kind.", greeting="Hi from Ben")
    sign_in(cast.ben)
    open_editor(page, cast.agent)
    expect(page.locator("#behind")).to_be_empty()
    edit(cast.agent, cast.pia, prompt="We open at ten.\nBe very kind.", voice__speed="1.5")
    publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=live(cast.agent), by=cast.pia)

    page.get_by_role("textbox", name="Greeting").fill("Hello from Ben")
    expect(page.locator("#behind")).to_contain_text("v3 went live (Pia, just now). Your draft started from v2.")
    page.get_by_role("link", name="Review", exact=True).click()
    page.get_by_role("button", name="Merge into your draft").click()
    expect(page.get_by_role("alert")).to_have_text("Choose first what becomes of Prompt.")

    page.get_by_label("Both, merged").check()
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert serious(page) == []
    text = page.get_by_label("Prompt, merged")
    expect(text).to_have_value("We open at ⟦mine: eight⟧⟦theirs: ten⟧.\nBe very kind.")
    text.fill("We open at half past eight.\nBe very kind.")
    page.get_by_role("button", name="Merge into your draft").click()

    expect(page.locator("#toasts")).to_contain_text("v3 is merged into your draft")
    expect(page.locator("#behind")).to_be_empty()
    held = draft_of(cast.agent, cast.ben).read()
    assert (held.prompt, held.greeting) == ("We open at half past eight.\nBe very kind.", "Hello from Ben")
    assert held.voice.speed == 1.5

    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("We open at eight.\nBe kind.")
    expect(page.locator("#behind")).to_contain_text("v3 went live")
