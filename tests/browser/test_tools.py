"""Tools, as people arrange them: copied, moved by key and by hand, removed and brought back; errors at their line."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.operations import edit_draft
from tests.cast import Cast, assemble, shown, stored, typed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAMES = ["find_slots", "book", "hang_up", "crm"]


@pytest.fixture
def cast() -> Cast:
    return assemble()


@pytest.fixture
def editing(page: Page, cast: Cast, sign_in: Callable[[User], None]) -> Page:
    """Ana's editor, with four tools in it."""
    rows = [
        {"id": f"t{at}", "kind": kind, "name": name, "description": f"About {name}."}
        for at, (name, kind) in enumerate(zip(NAMES, ("function", "function", "hang_up", "mcp"), strict=True))
    ]
    edit_draft(cast.agent, typed(rows, prompt="Hello."), base=shown(cast.agent, cast.ana), by=cast.ana)
    sign_in(cast.ana)
    page.goto(reverse("agents.show", args=[cast.agent.pk]))
    return page


def names(page: Page) -> list[str]:
    return [row.inner_text() for row in page.locator("#tool-rows summary b").all()]


def expect_kept(page: Page, cast: Cast, *expected: str) -> None:
    """The page shows them in this order, and so does the draft once it is saved."""
    assert names(page) == list(expected)
    expect(page.locator("#state")).to_contain_text("Draft saved")
    page.wait_for_function("!window.autosave || window.autosave.saved().then(() => true)")
    assert [tool["name"] for tool in stored(cast.agent, cast.ana).configuration["tools"]] == list(expected)


def test_a_tool_is_copied_below_itself_under_a_name_of_its_own(editing: Page, cast: Cast) -> None:
    editing.locator("#tool-t0 summary").click()
    editing.locator("#tool-t0").get_by_label("Parameters").fill('{"type": "object", "title": "Day"}')
    editing.locator("#tool-t0").get_by_role("button", name="Duplicate").click()

    expect(editing.locator("#tool-rows .tool").nth(1).get_by_label("Name")).to_be_focused()
    expect_kept(editing, cast, "find_slots", "find_slots_2", "book", "hang_up", "crm")
    tools = stored(cast.agent, cast.ana).configuration["tools"]
    assert tools[1] == tools[0] | {"id": tools[1]["id"], "name": "find_slots_2"}
    assert tools[1]["id"] != tools[0]["id"]

    editing.keyboard.type("search")
    expect_kept(editing, cast, "find_slots", "search", "book", "hang_up", "crm")


def test_a_tool_is_moved_by_keyboard_alone_and_the_button_keeps_the_focus(editing: Page, cast: Cast) -> None:
    editing.locator("#tool-t3 summary").focus()
    editing.keyboard.press("Enter")
    up = editing.locator("#tool-t3").get_by_role("button", name="Move up")
    up.focus()
    editing.keyboard.press("Enter")
    editing.keyboard.press("Enter")

    expect(up).to_be_focused()
    expect(editing.locator("#spoken")).to_have_text("crm is tool 2 of 4")
    expect_kept(editing, cast, "find_slots", "crm", "book", "hang_up")


def test_a_tool_is_dragged_to_its_place_and_escape_takes_it_back(editing: Page, cast: Cast) -> None:
    def drag(row: str, below: str) -> None:
        editing.locator(row).scroll_into_view_if_needed()
        start, end = editing.locator(f"{row} .grip").bounding_box(), editing.locator(below).bounding_box()
        assert start
        assert end
        editing.mouse.move(start["x"] + 8, start["y"] + 12)
        editing.mouse.down()
        editing.mouse.move(start["x"] + 8, end["y"] + end["height"] - 6, steps=5)
        expect(editing.locator(".drop-place")).to_be_attached()

    drag("#tool-t0", "#tool-t2")
    editing.keyboard.press("Escape")
    editing.mouse.up()
    assert names(editing) == NAMES

    drag("#tool-t0", "#tool-t2")
    editing.mouse.up()
    expect(editing.locator(".drop-place")).to_have_count(0)
    expect_kept(editing, cast, "book", "hang_up", "find_slots", "crm")


def test_a_tool_removed_by_mistake_comes_back_where_it_was(editing: Page, cast: Cast) -> None:
    editing.locator("#tool-t1 summary").click()
    editing.locator("#tool-t1").get_by_label("Address").fill("https://crm.example.com/book")
    editing.locator("#tool-t1").get_by_role("button", name="Remove").click()
    expect(editing.locator(".gone")).to_be_visible()
    expect_kept(editing, cast, "find_slots", "hang_up", "crm")

    expect(editing.get_by_role("button", name="Undo")).to_be_focused()
    editing.keyboard.press("Enter")
    expect(editing.locator("#tool-t1 summary")).to_be_focused()
    expect_kept(editing, cast, *NAMES)
    assert stored(cast.agent, cast.ana).configuration["tools"][1]["url"] == "https://crm.example.com/book"


def test_an_error_is_marked_at_its_line_and_tab_leaves_the_field(editing: Page, cast: Cast) -> None:
    row = editing.locator("#tool-t0")
    row.locator("summary").click()
    field = row.get_by_label("Parameters")
    field.fill('{\n  "properties": {\n    "day": {"type": "date"}\n  }\n}')

    expect(row.locator(".gutter .wrong")).to_have_text("3")
    words = "string, number, integer, boolean, object, array or null, or a list of these."
    described = f'A JSON Schema of what the model fills in. Line 3: "type" must be {words}'
    expect(field).to_have_accessible_description(described)
    expect(row).to_contain_class("flagged")
    expect(row.get_by_text("Needs attention")).to_be_visible()
    expect(row.locator(".gutter span")).to_have_count(5)

    field.focus()
    editing.keyboard.press("Tab")
    expect(row.get_by_role("button", name="Move up")).to_be_focused()

    field.fill('{\n  "properties": {,\n}')
    expect(row.locator(".gutter .wrong")).to_have_text("2")
    field.fill('{"type": "object"}')
    expect(row.locator(".gutter .wrong")).to_have_count(0)
    expect(row.get_by_text("Needs attention")).to_be_hidden()


def test_the_last_of_fifty_tools_says_so(editing: Page, cast: Cast) -> None:
    editing.locator("#tool-t2 summary").click()
    copy = editing.locator("#tool-t2").get_by_role("button", name="Duplicate")
    for _ in range(46):
        copy.click()

    expect(editing.get_by_text("An agent has at most 50 tools.")).to_be_visible()
    expect(editing.locator("#add-tool")).to_be_hidden()
    expect(copy).to_be_disabled()

    editing.locator("#tool-t3 summary").click()
    editing.locator("#tool-t3").get_by_role("button", name="Remove").click()
    expect(editing.locator("#add-tool")).to_be_visible()


def test_a_variable_is_put_where_the_cursor_is(editing: Page, cast: Cast) -> None:
    editing.get_by_label("Variables", exact=True).fill("place = Leeds")
    prompt = editing.locator("#setting-prompt")
    prompt.focus()
    editing.keyboard.press("Control+Home")
    editing.get_by_role("button", name="{{place}}").click()

    expect(prompt).to_have_value("{{place}}Hello.")
    editing.get_by_role("button", name="{{now}}").click()
    expect(prompt).to_have_value("{{place}}{{now}}Hello.")
