"""What differs between any two states of an agent: setting by setting, word by word, and nobody else's."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.differences import Piece
from agentversions.models import Draft, Version
from agentversions.operations import archive_agent, discard_draft, edit_draft
from dashboard.pages.comparing import Row
from dashboard.templatetags.invisible import visible
from tests.cast import Cast, edit, opened, save, shown, typed
from tests.pages.conftest import SignIn
from tests.pages.phone import install

BYE = {"id": "a1", "kind": "hang_up", "name": "bye", "description": "When done."}
PAUSE = {"id": "b2", "kind": "keypad", "name": "pause", "description": "For menus."}


def page(client: Client, cast: Cast, first: str, second: str, view: str = "") -> str:
    """The words of a comparison's page, without its tags."""
    address = reverse("versions.compare", args=[cast.agent.pk, first, second], query={"view": view} if view else None)
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def told(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html.partition('class="comparison"')[2]))


def kept(cast: Cast) -> str:
    """Ben writes something and discards it: the earlier draft's name in an address."""
    edit(cast.agent, cast.ben, prompt="Never mind.")
    discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)
    return f"earlier-{Draft.history.latest('history_id').history_id}"


class TestAnyTwo:
    def test_shows_changed_settings_only_by_section(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, prompt="We open at nine.", voice__speed="1.2")
        save(cast.agent, cast.ana, prompt="We open at eight.", recording="on")

        html = page(sign_in(cast.cleo), cast, "2", "3")

        assert "<h2>From v2 to v3</h2>" in html
        assert '<del><span class="unseen">Removed: </span>nine</del>' in html
        assert '<ins><span class="unseen">Added: </span>eight</ins>' in html
        assert "2 settings differ: Prompt, Record the call" in told(html)
        assert "Speed" not in told(html)

    def test_the_draft_is_ones_own(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, greeting="Ben's words")

        html = page(sign_in(cast.ana), cast, "1", "draft")

        assert "Nothing differs" in html
        assert "Ben's words" not in html

    def test_an_earlier_draft_with_what_is_live(self, cast: Cast, sign_in: SignIn) -> None:
        install(cast)

        assert "Never mind." in told(page(sign_in(cast.ben), cast, "live", kept(cast)))

    def test_an_archived_agent_too(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, prompt="Hello.")
        archive_agent(cast.agent, by=cast.ana)

        assert "Hello." in told(page(sign_in(cast.cleo), cast, "1", "2"))

    @pytest.mark.parametrize(
        "two",
        [("1", "9"), ("live", "1"), ("x", "1"), ("1", "9" * 30), ("²", "1"), ("earlier-", "1"), ("earlier-1", "1")],
    )
    def test_what_doesnt_exist_is_404(self, cast: Cast, sign_in: SignIn, two: tuple[str, str]) -> None:
        assert sign_in(cast.ana).get(reverse("versions.compare", args=[cast.agent.pk, *two])).status_code == 404
        assert Version.objects.filter(agent=cast.agent).count() == 1

    def test_anothers_earlier_draft_is_as_unknown_as_one_that_isnt(self, cast: Cast, sign_in: SignIn) -> None:
        earlier = reverse("versions.compare", args=[cast.agent.pk, kept(cast), "1"])
        other_agent = reverse("versions.compare", args=[cast.orders.pk, kept(cast), "1"])

        assert sign_in(cast.ben).get(earlier).status_code == 200
        for person, address in ((cast.ana, earlier), (cast.cleo, earlier), (cast.olga, other_agent)):
            assert sign_in(person).get(address).status_code == 404

    def test_a_viewer_has_no_draft_to_compare(self, cast: Cast, sign_in: SignIn) -> None:
        assert (
            sign_in(cast.cleo).get(reverse("versions.compare", args=[cast.agent.pk, "1", "draft"])).status_code == 404
        )
        assert "Your draft" not in told(page(sign_in(cast.cleo), cast, "1", "1"))

    def test_a_foreign_agent_is_unknown(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.olga)

        assert client.get(reverse("versions.compare", args=[cast.agent.pk, "1", "1"])).status_code == 404
        assert client.get(reverse("versions.compare", args=[cast.agent.pk])).status_code == 404

    def test_what_people_wrote_is_never_markup(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, prompt="<b>one</b>\t</ins>")
        save(cast.agent, cast.ana, prompt="<b>two</b>\t\u200b</del><script>")

        for view in ("", "side"):
            html = page(sign_in(cast.ana), cast, "2", "3", view).partition('class="comparison"')[2]
            assert "<b>two" not in html
            assert "<script>" not in html

    def test_asks_the_database_as_often_however_much_differs(
        self, cast: Cast, sign_in: SignIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for number in range(4):
            save(cast.agent, cast.ana, prompt=f"Number {number}.", greeting=f"Hello {number}")
        edit_draft(cast.agent, typed([BYE, PAUSE], voice__speed="1e"), base=shown(cast.agent, cast.ana), by=cast.ana)
        client = sign_in(cast.ana)

        for two in (("2", "3"), ("1", "draft"), ("5", "draft")):
            with django_assert_max_num_queries(18):
                page(client, cast, *two)


class TestTools:
    def test_are_told_by_name_and_field(self, cast: Cast, sign_in: SignIn) -> None:
        edit_draft(cast.agent, typed([BYE]), base=shown(cast.agent, cast.ana), by=cast.ana)
        save(cast.agent, cast.ana)
        changed = {**BYE, "description": "When all is said."}
        edit_draft(cast.agent, typed([changed, PAUSE]), base=shown(cast.agent, cast.ana), by=cast.ana)

        words = told(page(sign_in(cast.ana), cast, "2", "draft"))

        assert "Tool bye was changed, tool pause was added" in words
        assert "When to use it When Removed: doneAdded: all is said." in words

    def test_a_tool_that_was_taken_out_and_another_order(self, cast: Cast, sign_in: SignIn) -> None:
        third = {**BYE, "id": "c3", "name": "third"}
        edit_draft(cast.agent, typed([BYE, PAUSE, third]), base=shown(cast.agent, cast.ana), by=cast.ana)
        save(cast.agent, cast.ana)
        edit_draft(cast.agent, typed([PAUSE, BYE]), base=shown(cast.agent, cast.ana), by=cast.ana)

        words = told(page(sign_in(cast.ana), cast, "2", "draft"))

        assert "1 setting differs: Order of the tools; tool third was removed" in words
        assert "Tool third removed" in words

    def test_one_of_another_kind_says_so(self, cast: Cast, sign_in: SignIn) -> None:
        edit_draft(cast.agent, typed([BYE]), base=shown(cast.agent, cast.ana), by=cast.ana)
        save(cast.agent, cast.ana)
        edit_draft(cast.agent, typed([{**BYE, "kind": "keypad"}]), base=shown(cast.agent, cast.ana), by=cast.ana)

        assert "Kind Removed: Hang upAdded: Keypad" in told(page(sign_in(cast.ana), cast, "2", "draft"))


class TestTextThatIsNoValueYet:
    def test_is_shown_and_flagged(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ana, voice__speed="1e")

        words = told(page(sign_in(cast.ana), cast, "1", "draft"))

        assert "1 setting differs: Speed" in words
        assert "+ not a value yet: Type a number, such as 1.5." in words
        assert "Removed: 1.0Added: 1e" in words

    def test_in_a_tool_too(self, cast: Cast, sign_in: SignIn) -> None:
        slots = {"id": "a1", "kind": "function", "name": "slots", "parameters": "{"}
        edit_draft(cast.agent, typed([slots]), base=shown(cast.agent, cast.ana), by=cast.ana)

        words = told(page(sign_in(cast.ana), cast, "draft", "1"))

        assert "Tool slots was removed" in words
        assert "not a value yet: Line 1, column 2" in words


class TestSideBySide:
    def test_lines_stand_beside_each_other(self) -> None:
        pieces = [Piece("same", "One.\nTwo "), Piece("removed", "a"), Piece("added", "b"), Piece("same", ".\nEnd.")]

        pairs = Row("Prompt", pieces).pairs

        assert [
            ("".join(p.text + p.removed for p in pair.before), "".join(p.text + p.added for p in pair.after))
            for pair in pairs
        ] == [
            ("One.\n", "One.\n"),
            ("Two a.\n", "Two b.\n"),
            ("End.", "End."),
        ]
        assert [pair.kind for pair in pairs] == ["same", "change", "same"]

    def test_both_views_number_the_same_changes(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, prompt="One two three.\nFour.", greeting="Hello.")
        save(cast.agent, cast.ana, prompt="One 2 three.\nFour. Five.", greeting="Goodbye.")
        client = sign_in(cast.ana)

        for view in ("", "side"):
            html = page(client, cast, "2", "3", view)
            assert re.findall(r'id="(change-\d+)"', html) == ["change-1", "change-2", "change-3"]
            assert ("<table" in html) == bool(view)

    def test_long_stretches_that_stayed_are_folded_but_there(self) -> None:
        stayed = "".join(f"Line {number}.\n" for number in range(60))
        row = Row("Prompt", [Piece("added", "New\n"), Piece("same", stayed), Piece("removed", "Old")])

        assert [part.kind for part in row.parts] == ["change", "same", "folded", "same", "change"]
        assert row.parts[2].size == "55 lines"
        assert "".join(part.text for part in row.parts) == stayed


class TestWhatCantBeSeen:
    @pytest.mark.parametrize(
        ("text", "mark"),
        [
            (" ", 'title="space"'),
            ("     ", 'title="5 spaces"'),
            ("end \n", 'data-mark="·" title="space"'),
            ("a\tb", 'title="tab"'),
            ("\n\n", 'data-mark="¶¶" title="2 line breaks"'),
            ("9\u00a0to", 'title="non-breaking space"'),
            ("a\u200bb", 'title="zero-width space"'),
            ("a\u00adb", 'title="soft hyphen"'),
            ("\u202egnp", 'title="text direction mark"'),
            ("hi\U000e0041", 'title="hidden tag character"'),
        ],
    )
    def test_has_a_mark_and_a_name(self, text: str, mark: str) -> None:
        drawn = visible(text)

        assert mark in drawn
        assert re.sub(r'<span class="unseen">[^<]*</span>|<[^>]+>', "", drawn) == text

    @pytest.mark.parametrize("text", ["two words", "👨‍👩‍👧", "  indented", "e\u0301"])
    def test_what_can_be_seen_has_none(self, text: str) -> None:
        assert visible(text) == text

    @pytest.mark.parametrize(
        ("before", "after", "note"),
        [
            ("a b", "a  b", "Only spaces and line breaks differ."),
            ("ab", "a\u200bb", "Only characters that can't be seen differ."),
            ("the cafe\u0301 is", "the café is", "Looks the same but is made of other characters: café."),
            ("one", "two", ""),
            ("", " ", "Only spaces and line breaks differ."),
        ],
    )
    def test_is_said_in_words(self, cast: Cast, sign_in: SignIn, before: str, after: str, note: str) -> None:
        save(cast.agent, cast.ana, end_message=before or "x")
        save(cast.agent, cast.ana, end_message=after or "y")
        if before:
            html = page(sign_in(cast.ana), cast, "2", "3")
            assert (note in html.replace("&#x27;", "'")) if note else ('class="note"' not in html)


class TestChoosing:
    def choose(self, client: Client, cast: Cast, **asked: str) -> str:
        response = client.get(reverse("versions.compare", args=[cast.agent.pk], query=asked))
        assert response.status_code == 302
        return response["Location"].partition("/compare/")[2]

    def test_leads_to_an_address_to_share(self, cast: Cast, sign_in: SignIn) -> None:
        save(cast.agent, cast.ana, prompt="Hello.")
        client = sign_in(cast.ana)

        assert self.choose(client, cast, **{"from": "1", "to": "2"}) == "1...2/"
        assert self.choose(client, cast, **{"from": "draft", "from_number": "v2", "to": "1"}) == "2...1/"
        assert self.choose(client, cast, **{"from": "1", "to": "draft", "view": "side"}) == "1...draft/?view=side"
        assert self.choose(client, cast) == "1...draft/"
        assert self.choose(sign_in(cast.cleo), cast) == "1...2/"

    def test_what_isnt_there_is_said_and_chosen_again(self, cast: Cast, sign_in: SignIn) -> None:
        response = sign_in(cast.ana).get(
            reverse("versions.compare", args=[cast.agent.pk], query={"from_number": "<99>", "to": "1"})
        )

        assert response.status_code == 404
        assert "“&lt;99&gt;” is none of the 1 version of Reception." in response.content.decode()

    def test_swap_keeps_the_view(self, cast: Cast, sign_in: SignIn) -> None:
        html = page(sign_in(cast.ana), cast, "1", "draft", "side")

        assert reverse("versions.compare", args=[cast.agent.pk, "draft", "1"]) + "?view=side" in html


class TestEarlierDrafts:
    def test_can_be_compared_and_brought_back_once_and_undone(self, cast: Cast, sign_in: SignIn) -> None:
        checkpoint = kept(cast).removeprefix("earlier-")
        edit(cast.agent, cast.ben, prompt="Something newer.")
        client = sign_in(cast.ben)
        html = client.get(reverse("drafts.earlier", args=[cast.agent.pk])).content.decode()
        assert "<title>your draft as of " in page(client, cast, f"earlier-{checkpoint}", "draft")
        address = reverse("drafts.bring_back", args=[cast.agent.pk, checkpoint])

        assert reverse("versions.compare", args=[cast.agent.pk, f"earlier-{checkpoint}", "draft"]) in html
        key = re.search(f'{address}".*?name="key" value="([0-9a-f-]+)"', html, re.DOTALL)
        assert key
        client.post(address, {"key": key[1]})
        edit(cast.agent, cast.ben, greeting="Typed on.")
        client.post(address, {"key": key[1]})  # as Chromium does by itself
        assert opened(cast.agent, cast.ben).read().prompt == "Never mind."
        assert opened(cast.agent, cast.ben).read().greeting == "Typed on."

        undo = client.get(reverse("agents.show", args=[cast.agent.pk])).context["toast"].undo
        client.post(undo, {"key": "0198f2a0-0000-7000-8000-000000000001"})
        assert opened(cast.agent, cast.ben).read().prompt == "Something newer."

    def test_its_page_leads_to_the_comparison(self, cast: Cast, sign_in: SignIn) -> None:
        earlier = kept(cast)
        address = reverse("drafts.show_earlier", args=[cast.agent.pk, earlier.removeprefix("earlier-")])

        html = sign_in(cast.ben).get(address).content.decode()

        assert reverse("versions.compare", args=[cast.agent.pk, earlier, "draft"]) in html
        assert 'name="key"' in html
