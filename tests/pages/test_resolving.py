"""The review of two tabs: both texts of what differs, and a choice; with scripts and without."""

from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Draft
from agentversions.operations import discard_draft, edit_draft
from tests.cast import Cast, edit, opened, shown, stored, typed
from tests.pages.conftest import SignIn

HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>{{ secret }}\nSecond line"


class Form(HTMLParser):
    """What a browser would send from the review."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        sends = found.get("type") == "hidden" or "checked" in found
        if tag == "input" and sends and found.get("name") != "csrfmiddlewaretoken":
            self.fields[found["name"] or ""] = found.get("value") or ""


@pytest.fixture
def behind(cast: Cast) -> dict[str, str]:
    """What a tab of Ben's sends after another one saved: it doesn't know of that."""
    base = str(shown(cast.agent, cast.ben))
    edit(cast.agent, cast.ben, prompt="Saved prompt", greeting="Saved greeting")
    return {"base": base, "prompt": HOSTILE, "greeting": "Tab's greeting", "recording": "on", "voice.speed": "1e"}


def test_a_plain_form_leads_to_the_review_and_from_there_to_one_draft(
    cast: Cast, sign_in: SignIn, behind: dict[str, str]
) -> None:
    page = sign_in(cast.ben)

    review = page.post(reverse("drafts.edit", args=[cast.agent.pk]), behind)
    assert review.status_code == 409
    assert stored(cast.agent, cast.ben).read().prompt == "Saved prompt"
    form = Form(review.text).fields
    assert {name: text for name, text in form.items() if name.startswith("choice.")} == {
        "choice.prompt": "tab",
        "choice.greeting": "tab",
        "choice.recording": "tab",
        "choice.voice.speed": "tab",
    }
    done = page.post(reverse("drafts.resolve", args=[cast.agent.pk]), form | {"choice.greeting": "saved"}, follow=True)

    held = stored(cast.agent, cast.ben)
    assert (held.read().prompt, held.read().greeting, held.read().recording) == (HOSTILE, "Saved greeting", True)
    assert held.unparsed == {"voice.speed": "1e"}
    assert "Your draft is resolved." in done.text
    assert "Undo" in done.text


def test_a_fragment_shows_both_texts_and_writes_nothing(
    cast: Cast, sign_in: SignIn, behind: dict[str, str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page, address = sign_in(cast.ben), reverse("drafts.confirm_resolve", args=[cast.agent.pk])
    before = Draft.objects.values().get()

    with django_assert_max_num_queries(8):
        answer = page.post(address, behind | {"touched": "greeting"}, headers=HTMX)

    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#dialog")
    assert "&lt;script&gt;" in answer.text
    assert "<script>" not in answer.text
    assert "<mark>Saved</mark> greeting" in answer.text
    assert "<mark>Tab&#x27;s</mark> greeting" in answer.text
    assert Draft.objects.values().get() == before
    assert Draft.history.count() == 0


def test_what_the_tab_did_not_touch_is_left_as_it_was_saved_unless_asked(
    cast: Cast, sign_in: SignIn, behind: dict[str, str]
) -> None:
    address = reverse("drafts.confirm_resolve", args=[cast.agent.pk])

    form = Form(sign_in(cast.ben).post(address, behind | {"touched": "greeting"}, headers=HTMX).text).fields

    assert (form["choice.greeting"], form["choice.prompt"], form["touched"]) == ("tab", "saved", "greeting")


def test_tools_are_shown_by_name_and_chosen_together(cast: Cast, sign_in: SignIn) -> None:
    rows = [{"id": "find", "kind": "function", "name": "find", "url": "https://crm.example.com/saved"}]
    edit_draft(cast.agent, typed(rows), base=shown(cast.agent, cast.ben), by=cast.ben)
    sent = {
        "tools": ["", "bye", "find"],
        "tools.find.kind": "function",
        "tools.find.name": "find",
        "tools.find.url": "https://crm.example.com/tab",
        "tools.find.parameters": "{",
        "tools.bye.kind": "hang_up",
        "tools.bye.name": "bye",
    }

    page = sign_in(cast.ben)
    review = page.post(reverse("drafts.confirm_resolve", args=[cast.agent.pk]), {"base": "new.0.1", **sent}).text

    for words in ("Tools</legend>", "<b>find · Address</b>", "<b>find · Parameters</b>", "<b>bye</b>", "Hang up"):
        assert words in review
    form = Form(review).fields
    assert form["choice.tools"] == "tab"


def test_a_draft_that_moved_again_is_reviewed_again(cast: Cast, sign_in: SignIn, behind: dict[str, str]) -> None:
    page = sign_in(cast.ben)
    form = Form(page.post(reverse("drafts.edit", args=[cast.agent.pk]), behind).text).fields
    form["choice.greeting"] = "saved"
    edit(cast.agent, cast.ben, prompt="Newest prompt")

    again = page.post(reverse("drafts.resolve", args=[cast.agent.pk]), form, headers=HTMX)

    assert (again.status_code, again["HX-Retarget"]) == (409, "#dialog")
    assert "This draft was changed in another tab. Look at it again" in again.text
    assert "Newest" in again.text
    assert Form(again.text).fields["greeting"] == "Tab's greeting"
    assert Form(again.text).fields["choice.greeting"] == "saved"
    assert Form(again.text).fields["choice.prompt"] == "tab"
    assert stored(cast.agent, cast.ben).read().prompt == "Newest prompt"


def test_a_draft_that_was_discarded_meanwhile_says_so(cast: Cast, sign_in: SignIn, behind: dict[str, str]) -> None:
    discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)
    page = sign_in(cast.ben)

    review = page.post(reverse("drafts.edit", args=[cast.agent.pk]), behind)
    assert "It was discarded there." in review.text
    page.post(reverse("drafts.resolve", args=[cast.agent.pk]), Form(review.text).fields)

    assert stored(cast.agent, cast.ben).read().greeting == "Tab's greeting"


def test_two_tabs_that_hold_the_same_have_nothing_to_choose(cast: Cast, sign_in: SignIn) -> None:
    edit(cast.agent, cast.ben, prompt="Same", start_delay="2.0", variables="name\nplace = here")
    sent = {
        "base": "new.0.1",
        "prompt": "Same",
        "start_delay": "2",
        "voice.speed": "1.0",
        "variables": "name \r\n\r\nplace=here",
    }

    review = sign_in(cast.ben).post(reverse("drafts.confirm_resolve", args=[cast.agent.pk]), sent).text

    assert "Both hold the same now." in review
    assert "choice." not in review


def test_the_same_confirmation_twice_is_done_once(cast: Cast, sign_in: SignIn, behind: dict[str, str]) -> None:
    page, address = sign_in(cast.ben), reverse("drafts.resolve", args=[cast.agent.pk])
    form = Form(page.post(reverse("drafts.edit", args=[cast.agent.pk]), behind).text).fields

    answers = [page.post(address, form, headers=HTMX).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert Draft.history.count() == 2
    assert page.post(address, form | {"choice.prompt": "saved"}, headers=HTMX).status_code == 422


def test_nobody_meets_anybody_elses_draft_and_a_viewer_resolves_nothing(
    cast: Cast, sign_in: SignIn, behind: dict[str, str]
) -> None:
    address = reverse("drafts.confirm_resolve", args=[cast.agent.pk])

    assert "Saved prompt" not in sign_in(cast.ana).post(address, behind).text
    assert sign_in(cast.olga).post(address, behind).status_code == 404
    form = {**behind, "base": str(opened(cast.agent, cast.cleo).base), "key": str(uuid4())}
    resolve = reverse("drafts.resolve", args=[cast.agent.pk])
    assert sign_in(cast.cleo).post(resolve, form).status_code == 403
    assert Client().post(resolve, form).status_code == 302
