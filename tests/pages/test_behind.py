"""A draft that is behind: the notice of it, the review, and the warning before a publish would undo something."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentversions.merging import Choice
from agentversions.models import Action, Draft, Event, Version
from agentversions.operations import merge_published, publish, publish_draft
from telephony.operations import add_connection, add_number, assign_number
from telephony.providers.generic import new_secret
from tests.cast import Cast, edit, live, save, shown, stored
from tests.pages.conftest import SignIn

HTMX = {"HX-Request": "true"}
DIALOG = HTMX | {"HX-Target": "dialog"}
MINE = {"prompt": Choice("mine")}
HOSTILE = "<script>alert(1)</script> {{ prompt }}"


@pytest.fixture
def behind(cast: Cast) -> Cast:
    """v2 was live when Ben began; Pia made v3 live since, which changes what he changes and more."""
    connection = add_connection(
        cast.project, provider="generic", name="Worker", secrets={"signing_secret": new_secret()}, by=cast.ana
    )
    assign_number(add_number(connection, "+15550001000", by=cast.ana), cast.agent, by=cast.ana)
    publish(save(cast.agent, cast.pia, prompt="We open at nine."), live=None, by=cast.pia)
    edit(cast.agent, cast.ben, prompt="We open at eight.", greeting="Hi from Ben")
    edit(cast.agent, cast.pia, prompt="We open at ten.", voice__speed="1.5")
    publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=2, by=cast.pia)
    return cast


def confirmed(cast: Cast, **choices: str) -> dict[str, str]:
    """What Ben's review would send."""
    chosen = {name.replace("__", ":"): text for name, text in choices.items()}
    about = {"base": str(shown(cast.agent, cast.ben)), "live": str(live(cast.agent)), "key": str(uuid4())}
    return about | chosen


class TestNotice:
    WORDS = "Your draft started from v2."

    def test_says_who_made_what_live_and_only_to_whose_draft_is_behind(self, behind: Cast, sign_in: SignIn) -> None:
        address = reverse("agents.show", args=[behind.agent.pk])

        page = sign_in(behind.ben).get(address).content.decode()
        assert "<b>v3 went live</b> (Pia" in page
        assert self.WORDS in page
        assert reverse("drafts.confirm_merge", args=[behind.agent.pk]) in page
        for other in (behind.pia, behind.ana):
            assert "went live" not in sign_in(other).get(address).content.decode()

    def test_goes_when_the_draft_says_the_same_as_what_is_live(self, behind: Cast, sign_in: SignIn) -> None:
        edit(behind.agent, behind.ben, prompt="We open at ten.", voice__speed="1.5", greeting="")

        page = sign_in(behind.ben).get(reverse("agents.show", args=[behind.agent.pk])).content.decode()

        assert "went live" not in page

    def test_comes_with_an_autosave_and_with_a_deed_and_goes_so(self, behind: Cast, sign_in: SignIn) -> None:
        client = sign_in(behind.ben)
        base = str(shown(behind.agent, behind.ben))
        typed = {"base": base, "client": str(uuid4()), "sequence": "1", "greeting": "Hello"}

        saved = client.post(reverse("drafts.edit", args=[behind.agent.pk]), typed, headers=HTMX).content.decode()
        named = client.post(
            reverse("versions.rename", args=[behind.agent.pk, 1]), {"name": "First"}, headers=DIALOG
        ).content.decode()
        assert '<div id="behind" hx-swap-oob="true">' in saved
        assert self.WORDS in saved
        assert self.WORDS in named

        merge_published(behind.agent, base=shown(behind.agent, behind.ben), live=3, choices=MINE, by=behind.ben)
        after = client.post(
            reverse("versions.rename", args=[behind.agent.pk, 1]), {"name": "One"}, headers=DIALOG
        ).content.decode()
        assert '<div id="behind" hx-swap-oob="true">' in after
        assert "went live" not in after

    def test_costs_one_query(self, behind: Cast, sign_in: SignIn) -> None:
        address = reverse("agents.show", args=[behind.agent.pk])
        counted = []
        for user in (behind.ben, behind.ben, behind.pia):
            client = sign_in(user)
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            counted.append(len(queries))

        assert counted[0] - counted[2] <= 1


class TestPublishDialog:
    def test_says_what_publishing_would_undo(self, behind: Cast, sign_in: SignIn) -> None:
        page = sign_in(behind.ben).get(reverse("drafts.confirm_publish", args=[behind.agent.pk])).content.decode()

        assert "v3 went live after you started. Publishing your draft undoes its changes in Prompt and Speed." in page
        assert reverse("drafts.confirm_merge", args=[behind.agent.pk]) in page

    def test_and_nothing_where_it_undoes_nothing(self, behind: Cast, sign_in: SignIn) -> None:
        address = reverse("drafts.confirm_publish", args=[behind.agent.pk])
        assert "undoes" not in sign_in(behind.pia).get(address).content.decode()

        edit(behind.agent, behind.ben, prompt="We open at ten.", voice__speed="1.5")
        assert "undoes" not in sign_in(behind.ben).get(address).content.decode()


class TestReview:
    def test_shows_what_is_taken_what_is_kept_and_what_is_to_be_chosen(self, behind: Cast, sign_in: SignIn) -> None:
        page = sign_in(behind.ben).get(reverse("drafts.confirm_merge", args=[behind.agent.pk])).content.decode()

        assert "1 to choose" in page
        assert "1 taken from v3" in page
        assert "1 of yours kept" in page
        assert "Prompt <span>Both changed: choose</span>" in page
        assert "Speed <span>From v3</span>" in page
        assert "Greeting <span>Yours is kept</span>" in page
        assert "We open at ⟦mine: eight⟧⟦theirs: ten⟧.</textarea>" in page
        assert page.count(" checked") == 0

    def test_the_merge_is_in_the_draft_and_can_be_undone(self, behind: Cast, sign_in: SignIn) -> None:
        client = sign_in(behind.ben)
        posted = confirmed(behind, side__prompt="text", text__prompt="We open at eight\r\nor ten.")

        response = client.post(reverse("drafts.merge", args=[behind.agent.pk]), posted, follow=True)

        held = stored(behind.agent, behind.ben)
        assert (held.read().prompt, held.read().voice.speed) == ("We open at eight\nor ten.", 1.5)
        page = response.content.decode()
        assert "v3 is merged into your draft" in page
        kept = Event.objects.get(action=Action.MERGED_PUBLISHED).particulars["checkpoint"]
        assert reverse("drafts.bring_back", args=[behind.agent.pk, kept]) in page
        assert "went live" not in page

    def test_what_is_said_of_it_waits_for_a_page_that_somebody_looks_at(self, behind: Cast, sign_in: SignIn) -> None:
        client, said = sign_in(behind.ben), "v3 is merged into your draft"
        merged = client.post(reverse("drafts.merge", args=[behind.agent.pk]), confirmed(behind, side__prompt="mine"))
        address = merged.headers["Location"]

        missing = client.get(address + "missing.css", headers={"Sec-Fetch-Dest": "style"})

        assert (missing.status_code, said in missing.content.decode()) == (404, False)
        assert said in client.get(address, headers={"Sec-Fetch-Dest": "document"}).content.decode()
        assert said not in client.get(address).content.decode()

    def test_what_is_open_is_asked_again_and_nothing_written_is_lost(self, behind: Cast, sign_in: SignIn) -> None:
        left = "We open at eight, ⟦theirs: ten⟧"
        before = Draft.objects.values().get(owner=behind.ben)

        response = sign_in(behind.ben).post(
            reverse("drafts.merge", args=[behind.agent.pk]),
            confirmed(behind, side__prompt="text", text__prompt=left),
        )

        assert response.status_code == 422
        assert "Choose first what becomes of Prompt." in response.content.decode()
        assert left in response.content.decode()
        assert 'value="text" checked' in response.content.decode()
        assert Draft.objects.values().get(owner=behind.ben) == before

    def test_what_moved_is_shown_as_it_is_now(self, behind: Cast, sign_in: SignIn) -> None:
        client, address = sign_in(behind.ben), reverse("drafts.merge", args=[behind.agent.pk])
        published = confirmed(behind, side__prompt="text", text__prompt="My careful words")
        edit(behind.agent, behind.pia, end_message="Bye")
        publish_draft(behind.agent, base=shown(behind.agent, behind.pia), live=3, by=behind.pia)
        answer = client.post(address, published)
        assert (answer.status_code, "v4 is live now." in answer.content.decode()) == (409, True)
        assert "Last words <span>From v4</span>" in answer.content.decode()
        assert "My careful words" in answer.content.decode()
        assert 'value="text" checked' not in answer.content.decode()

        saved = confirmed(behind, side__prompt="mine")
        edit(behind.agent, behind.ben, greeting="Hello")
        answer = client.post(address, saved)
        assert (answer.status_code, "changed in another tab" in answer.content.decode()) == (409, True)

    @pytest.mark.parametrize(
        "fields",
        [
            {"side:prompt": "both"},
            {"side:prompt": "mine", "side:nothing": "mine"},
            {"side:prompt": "mine", "side:greeting": "theirs"},
            {"side:prompt": "mine", "prompt": "x"},
            {"side:prompt": "mine", "live": "x"},
            {"side:prompt": "mine", "base": "x"},
        ],
        ids=["side", "setting", "nothing to choose", "field", "live", "base"],
    )
    def test_refuses_what_no_page_of_ours_sends(self, behind: Cast, sign_in: SignIn, fields: dict[str, str]) -> None:
        before = Draft.objects.values().get(owner=behind.ben)

        answer = sign_in(behind.ben).post(reverse("drafts.merge", args=[behind.agent.pk]), confirmed(behind) | fields)

        assert answer.status_code == 400
        assert Draft.objects.values().get(owner=behind.ben) == before

    def test_prompts_are_drawn_as_text(self, behind: Cast, sign_in: SignIn) -> None:
        edit(behind.agent, behind.ben, prompt=HOSTILE, greeting=HOSTILE)

        page = sign_in(behind.ben).get(reverse("drafts.confirm_merge", args=[behind.agent.pk])).content.decode()

        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page

    def test_leads_to_the_editor_where_nothing_is_behind(self, behind: Cast, sign_in: SignIn) -> None:
        editor = reverse("agents.show", args=[behind.agent.pk])
        address = reverse("drafts.confirm_merge", args=[behind.agent.pk])

        assert sign_in(behind.pia).get(address).headers["Location"] == editor
        assert sign_in(behind.ana).get(address).headers["Location"] == editor

    def test_is_for_those_who_may_edit(self, behind: Cast, sign_in: SignIn) -> None:
        for name in ("drafts.confirm_merge", "drafts.merge"):
            address = reverse(name, args=[behind.agent.pk])
            client = sign_in(behind.cleo)
            answer = (
                client.get(address) if name == "drafts.confirm_merge" else client.post(address, {"base": "new.0.1"})
            )
            assert answer.status_code == 403
        assert not Draft.objects.filter(owner=behind.cleo).exists()

    def test_costs_the_same_however_much_differs(self, behind: Cast, sign_in: SignIn) -> None:
        address = reverse("drafts.confirm_merge", args=[behind.agent.pk])
        client, counted = sign_in(behind.ben), []
        for settings in ({}, {"language": "de-DE", "end_message": "Bye", "recording": "on", "voice__speed": "2"}):
            edit(behind.agent, behind.ben, **settings)
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            counted.append(len(queries))

        assert counted[0] == counted[1]
        assert Version.objects.filter(agent=behind.agent).count() == 3
