"""A new agent from a file, as people make it; and a version downloaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Agent, Version
from tests.browser.test_looks import serious
from tests.cast import Cast, save
from tests.operations.test_exchange import VAPI

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

type SignIn = Callable[[User], None]


def preview(page: Page, cast: Cast, file: Path) -> None:
    """Choose the file on the page for a new agent, and look at what it holds."""
    page.goto(reverse("agents.create", args=[cast.project.pk]))
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Preview").click()


def test_an_assistant_from_vapi_becomes_an_agent_after_a_look_at_it(
    page: Page, cast: Cast, sign_in: SignIn, tmp_path: Path
) -> None:
    file = tmp_path / "assistant.json"
    file.write_text(json.dumps(VAPI))
    sign_in(cast.ben)

    preview(page, cast, file)
    expect(page.get_by_role("heading", name="New agent from Vapi")).to_be_visible()
    expect(page.get_by_text("voice.stability")).to_be_visible()
    page.get_by_label("Name").fill("Dentist")
    page.get_by_role("button", name="Create agent").click()

    expect(page.get_by_role("heading", name="Dentist")).to_be_visible()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value(
        "You answer {{caller_number}} at {{clinic_name}}.\nBe brief."
    )
    expect(page.get_by_role("textbox", name="Greeting")).to_have_value(
        "Hello {{customer_name}}, this is Riverside Dental."
    )


def test_a_version_downloaded_from_its_row_makes_the_same_agent_again(
    page: Page, cast: Cast, sign_in: SignIn, tmp_path: Path
) -> None:
    version = save(cast.agent, cast.ben, prompt="You are Robin.", voice__speed="1.2")
    sign_in(cast.ben)
    page.goto(reverse("agents.show", args=[cast.agent.pk]))

    page.get_by_label("More about v2").click()
    with page.expect_download() as downloading:
        page.locator("#v2").get_by_role("link", name="Download").click()
    file = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(file)
    assert file.name == "reception-v2.json"

    preview(page, cast, file)
    expect(page.get_by_label("Name")).to_have_value("Reception")
    page.get_by_role("button", name="Create agent").click()
    expect(page.get_by_role("textbox", name="Prompt")).to_have_value("You are Robin.")
    again = Agent.objects.exclude(pk=cast.agent.pk).get(project=cast.project)
    assert Version.objects.get(agent=again).digest == version.digest


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_preview_and_a_refusal_can_be_used_by_everyone(
    page: Page, cast: Cast, sign_in: SignIn, *, tmp_path: Path, theme: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 320, "height": 720})
    sign_in(cast.ben)
    for content in (json.dumps(VAPI), "{"):
        file = tmp_path / "agent.json"
        file.write_text(content)
        preview(page, cast, file)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_refused_file_is_told_where_the_next_is_chosen_also_on_a_phone(
    page: Page, cast: Cast, sign_in: SignIn, tmp_path: Path
) -> None:
    file = tmp_path / "notes.json"
    file.write_text("{")
    sign_in(cast.ben)
    page.set_viewport_size({"width": 360, "height": 740})

    preview(page, cast, file)

    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.get_by_label("File", exact=True)).to_be_focused()
