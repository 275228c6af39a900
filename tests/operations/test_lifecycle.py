"""The life of an agent, row by row: create, draft, save, publish, unpublish, edit, numbers, history, revert."""

from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction

from agentversions import access
from agentversions.base import Base
from agentversions.checks import Offer, register
from agentversions.comparison import compare, labels
from agentversions.configuration import Configuration
from agentversions.history import spans
from agentversions.models import Action, Agent, Draft, Event, Version
from agentversions.operations import (
    archive_agent,
    bring_back_draft,
    create_agent,
    discard_draft,
    duplicate_agent,
    edit_draft,
    edit_into_draft,
    publish,
    publish_draft,
    rename_agent,
    rename_version,
    save_and_edit_into_draft,
    save_version,
    unpublish,
)
from agentversions.refusals import (
    AlreadyDone,
    Archived,
    Blocked,
    DraftHasChanges,
    Invalid,
    PublishedMeanwhile,
    Stale,
    Unparsable,
)
from agentversions.starters import STARTERS
from tests.cast import Cast, edit, live, opened, save, shown, stored, typed
from tests.operations.conftest import Line


def numbers(agent: Agent) -> list[int]:
    """The agent's version numbers in the order in which they were made."""
    return list(Version.objects.filter(agent=agent).order_by("id").values_list("number", flat=True))


def prompt(content: Version | Draft) -> str:
    """The prompt as it lies in the database."""
    content.refresh_from_db()
    return content.read().prompt


class TestCreate:
    def test_a_new_agent_has_v1_and_its_authors_draft_shows_it(self, cast: Cast) -> None:
        agent = create_agent(
            cast.project, " Night   desk ", by=cast.ben, configuration=Configuration(prompt="Be kind.")
        )

        assert (agent.name, agent.created_by, numbers(agent), live(agent)) == ("Night desk", cast.ben, [1], None)
        first = agent.versions.get()
        assert (first.author, first.parent, first.read().prompt) == (cast.ben, None, "Be kind.")
        assert opened(agent, cast.ben).read().prompt == "Be kind."

    def test_without_a_template_v1_is_blank_and_complete_enough_to_be_kept(self, cast: Cast) -> None:
        assert cast.agent.versions.get().read() == Configuration()

    @pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
    def test_a_template_becomes_v1_as_it_is(self, cast: Cast, starter: object) -> None:
        configuration = starter.configuration  # type: ignore[attr-defined] # parametrize knows no types
        agent = create_agent(cast.project, "From a template", by=cast.ben, configuration=configuration)

        assert agent.versions.get().read() == configuration

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "bell\x07", "half\ud800"])
    def test_a_name_that_is_missing_too_long_or_not_text_is_refused(self, cast: Cast, name: str) -> None:
        with pytest.raises(Invalid):
            create_agent(cast.project, name, by=cast.ben)

        assert Agent.objects.filter(project=cast.project).count() == 1


class TestDraft:
    def test_opening_the_editor_writes_nothing(self, cast: Cast) -> None:
        draft = opened(cast.agent, cast.ben)

        assert draft.read() == Configuration()
        assert draft.base == Base(None, 0, 1)
        assert not Draft.objects.exists()

    def test_typing_makes_my_draft_and_changes_nothing_for_anyone_else(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="Mine alone.")

        assert opened(cast.agent, cast.ben).read().prompt == "Mine alone."
        assert opened(cast.agent, cast.pia).read().prompt == ""
        assert numbers(cast.agent) == [1]
        assert live(cast.agent) is None
        assert not Event.objects.filter(actor=cast.ben).exists()

    def test_two_people_edit_one_agent_without_meeting(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="Ben's")
        edit(cast.agent, cast.pia, prompt="Pia's")
        edit(cast.agent, cast.ben, greeting="Hello")

        assert prompt(stored(cast.agent, cast.ben)) == "Ben's"
        assert prompt(stored(cast.agent, cast.pia)) == "Pia's"

    def test_a_draft_starts_from_what_is_live_else_from_the_newest(self, cast: Cast) -> None:
        live_one = save(cast.agent, cast.pia, prompt="Two")
        save(cast.agent, cast.pia, prompt="Three")
        assert opened(cast.agent, cast.ben).read().prompt == "Three"

        publish(live_one, live=None, by=cast.pia)

        draft = opened(cast.agent, cast.ben)
        assert (draft.read().prompt, draft.base.shown) == ("Two", 2)

    def test_it_differs_only_while_its_content_does(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="A thought")
        first = cast.agent.versions.get()
        assert stored(cast.agent, cast.ben).differs_from(first)

        edit(cast.agent, cast.ben, prompt="")

        assert not stored(cast.agent, cast.ben).differs_from(first)

    def test_it_differs_while_something_is_half_typed(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, voice__speed="1e")

        assert stored(cast.agent, cast.ben).differs_from(cast.agent.versions.get())

    def test_it_differs_where_only_the_kind_of_a_value_does(self, cast: Cast) -> None:
        row = {"id": "find", "kind": "function", "name": "find"}
        edit_draft(
            cast.agent,
            typed([{**row, "parameters": '{"properties": {"a": {"default": 1}}}'}]),
            base=shown(cast.agent, cast.ben),
            by=cast.ben,
        )
        version = save(cast.agent, cast.ben)

        changed = typed([{**row, "parameters": '{"properties": {"a": {"default": true}}}'}])
        edit_draft(cast.agent, changed, base=shown(cast.agent, cast.ben), by=cast.ben)

        draft = stored(cast.agent, cast.ben)
        assert draft.configuration["tools"][0]["parameters"]["properties"]["a"]["default"] is True
        assert draft.differs_from(version)
        assert labels(compare(version.read(), draft.read())) == ["Tool find"]


class TestSaveVersion:
    def test_takes_the_next_number_is_not_live_and_the_draft_stays(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="Be brief.")

        version = save_version(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben, name=" Brief ")

        assert (version.number, version.name, version.author, version.read().prompt) == (
            2,
            "Brief",
            cast.ben,
            "Be brief.",
        )
        assert version.parent == cast.agent.versions.get(number=1)
        assert live(cast.agent) is None
        draft = stored(cast.agent, cast.ben)
        assert (draft.read().prompt, draft.based_on) == ("Be brief.", version)
        assert not draft.differs_from(version)

    def test_needs_no_completeness(self, cast: Cast) -> None:
        assert save(cast.agent, cast.ben).number == 2

    def test_is_refused_while_something_is_half_typed(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, voice__speed="1e", start_delay="soon")

        with pytest.raises(Unparsable, match="2 fields") as refused:
            save(cast.agent, cast.ben)

        assert set(refused.value.problems) == {"voice.speed", "start_delay"}
        assert numbers(cast.agent) == [1]

    def test_is_refused_when_the_draft_is_no_longer_what_the_page_showed(self, cast: Cast) -> None:
        seen = shown(cast.agent, cast.ben)
        edit(cast.agent, cast.ben, prompt="Typed in another tab")

        with pytest.raises(Stale):
            save_version(cast.agent, base=seen, by=cast.ben)

        assert numbers(cast.agent) == [1]

    @pytest.mark.parametrize("name", ["x" * 101, "bell\x07"])
    def test_is_refused_with_a_name_that_can_not_be_one(self, cast: Cast, name: str) -> None:
        with pytest.raises(Invalid):
            save(cast.agent, cast.ben, name=name)

        assert numbers(cast.agent) == [1]

    def test_is_refused_on_an_archived_agent(self, cast: Cast) -> None:
        archive_agent(cast.agent, by=cast.ana)

        with pytest.raises(Archived):
            save(cast.agent, cast.ben)


class TestRenameVersion:
    def test_changes_the_label_alone_and_is_recorded(self, cast: Cast) -> None:
        version = save(cast.agent, cast.ben, prompt="Two", name="Draft two")

        renamed = rename_version(version, "Two", by=cast.ben)

        before = Version.objects.filter(pk=version.pk).values().get()
        assert (renamed.name, before["name"], before["digest"]) == ("Two", "Two", version.digest)
        event = Event.objects.filter(action=Action.VERSION_RENAMED).get()
        assert event.particulars == {"before": "Draft two", "name": "Two"}

    def test_can_take_the_name_away_and_an_unchanged_one_is_no_act(self, cast: Cast) -> None:
        version = save(cast.agent, cast.ben, name="Two")

        rename_version(version, "Two", by=cast.ben)
        assert not Event.objects.filter(action=Action.VERSION_RENAMED).exists()
        assert rename_version(version, "", by=cast.ben).name == ""


class TestPublishDraft:
    def test_takes_the_next_number_and_is_live_at_once(self, cast: Cast, line: Line) -> None:
        line.numbers = 2
        edit(cast.agent, cast.pia, prompt="Be warm.")

        version = publish_draft(
            cast.agent,
            base=shown(cast.agent, cast.pia),
            live=None,
            by=cast.pia,
            name="Warm",
            note="Asked for by the desk",
        )

        assert (version.number, version.name, live(cast.agent)) == (2, "Warm", 2)
        draft = stored(cast.agent, cast.pia)
        assert (draft.based_on, draft.live_at_start) == (version, version)
        assert not draft.differs_from(version)
        event = Event.objects.filter(action=Action.PUBLISHED).get()
        assert (event.actor, event.version) == (cast.pia, version)
        assert event.particulars == {"before": None, "source": "draft", "note": "Asked for by the desk", "numbers": 2}

    def test_is_all_or_nothing(self, cast: Cast) -> None:
        edit(cast.agent, cast.pia, greeting="A greeting without a prompt")

        with pytest.raises(Blocked) as refused:
            publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)

        assert [(blocker.code, blocker.where) for blocker in refused.value.blockers] == [("empty_prompt", "prompt")]
        assert (numbers(cast.agent), live(cast.agent)) == ([1], None)
        assert Agent.objects.get(pk=cast.agent.pk).last_number == 1

    def test_is_refused_when_the_draft_moved_since_the_confirmation(self, cast: Cast) -> None:
        edit(cast.agent, cast.pia, prompt="As confirmed")
        confirmed = shown(cast.agent, cast.pia)
        edit(cast.agent, cast.pia, prompt="Typed later")

        with pytest.raises(Stale):
            publish_draft(cast.agent, base=confirmed, live=None, by=cast.pia)

        assert (numbers(cast.agent), live(cast.agent)) == ([1], None)

    def test_is_refused_when_another_version_went_live_since_the_confirmation(self, cast: Cast) -> None:
        theirs = save(cast.agent, cast.ana, prompt="Ana's")
        edit(cast.agent, cast.pia, prompt="Pia's")
        publish(theirs, live=None, by=cast.ana)

        with pytest.raises(PublishedMeanwhile, match="v2 is live now"):
            publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)

        assert (numbers(cast.agent), live(cast.agent)) == ([1, 2], 2)

    def test_is_refused_while_something_is_half_typed(self, cast: Cast) -> None:
        edit(cast.agent, cast.pia, prompt="Whole", voice__speed="1e")

        with pytest.raises(Unparsable, match="1 field"):
            publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)

        assert (numbers(cast.agent), live(cast.agent)) == ([1], None)


class TestPublishVersion:
    def test_goes_live_at_once_takes_no_number_and_the_one_before_stays(self, cast: Cast) -> None:
        second, third = save(cast.agent, cast.pia, prompt="Two"), save(cast.agent, cast.pia, prompt="Three")
        publish(third, live=None, by=cast.pia)

        assert publish(second, live=3, by=cast.pia) == second

        assert (numbers(cast.agent), live(cast.agent)) == ([1, 2, 3], 2)
        assert prompt(third) == "Three"
        assert Event.objects.filter(action=Action.PUBLISHED).latest("id").particulars["before"] == 3

    def test_is_refused_when_another_version_went_live_since_the_confirmation(self, cast: Cast) -> None:
        second, third = save(cast.agent, cast.pia, prompt="Two"), save(cast.agent, cast.pia, prompt="Three")
        publish(third, live=None, by=cast.ana)

        with pytest.raises(PublishedMeanwhile):
            publish(second, live=None, by=cast.pia)

        assert live(cast.agent) == 3

    def test_is_refused_when_it_is_live_already(self, cast: Cast) -> None:
        second = save(cast.agent, cast.pia, prompt="Two")
        publish(second, live=None, by=cast.pia)

        with pytest.raises(AlreadyDone, match="v2 is live already"):
            publish(second, live=2, by=cast.pia)

        assert Event.objects.filter(action=Action.PUBLISHED).count() == 1

    def test_leaves_everyones_draft_alone(self, cast: Cast) -> None:
        second = save(cast.agent, cast.pia, prompt="Two")
        edit(cast.agent, cast.pia, prompt="More")
        before = Draft.objects.filter(owner=cast.pia).values().get()

        publish(second, live=None, by=cast.pia)

        after = Draft.objects.filter(owner=cast.pia).values().get()
        assert after == before | {"live_at_start_id": second.pk}  # it was saved from this draft, which isn't behind it

    def test_is_refused_on_an_incomplete_version(self, cast: Cast) -> None:
        with pytest.raises(Blocked, match="prompt is empty"):
            publish(cast.agent.versions.get(), live=None, by=cast.pia)

        assert live(cast.agent) is None


class TestNeedsANumber:
    def test_both_ways_of_publishing_are_refused_without_one(self, cast: Cast, line: Line) -> None:
        line.numbers = 0
        version = save(cast.agent, cast.pia, prompt="Ready")

        with pytest.raises(Blocked, match="No number"):
            publish(version, live=None, by=cast.pia)
        with pytest.raises(Blocked, match="No number"):
            publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)

        assert (numbers(cast.agent), live(cast.agent)) == ([1, 2], None)

    def test_a_free_one_is_taken_by_the_act_itself(self, cast: Cast, line: Line) -> None:
        line.numbers, line.offers = 0, [Offer("7", "+44 113 496 0107")]
        version = save(cast.agent, cast.pia, prompt="Ready")

        publish(version, live=None, by=cast.pia, number="7")

        assert [(reference, by) for _, reference, by in line.taken] == [("7", cast.pia)]
        assert live(cast.agent) == 2

    def test_nothing_is_published_when_the_free_one_is_gone(self, cast: Cast) -> None:
        version = save(cast.agent, cast.pia, prompt="Ready")

        with pytest.raises(Invalid, match="taken"):
            publish(version, live=None, by=cast.pia, number="7")

        assert live(cast.agent) is None

    def test_nothing_can_be_published_where_no_telephony_is_installed(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agentversions.checks._reach", [])
        version = save(cast.agent, cast.pia, prompt="Ready")

        with pytest.raises(Blocked, match="No telephony"):
            publish(version, live=None, by=cast.pia, number="7")

        register(Line())
        publish(version, live=None, by=cast.pia)
        assert live(cast.agent) == 2


class TestOnePublished:
    def test_each_agent_has_its_own_and_never_two(self, cast: Cast) -> None:
        other = create_agent(cast.project, "Night desk", by=cast.pia, configuration=Configuration(prompt="Good night."))
        publish(other.versions.get(), live=None, by=cast.pia)
        for text in ("Two", "Three"):
            publish(save(cast.agent, cast.pia, prompt=text), live=live(cast.agent), by=cast.pia)

        assert (live(cast.agent), live(other)) == (3, 1)

    def test_an_archived_agent_with_a_live_version_is_refused_by_the_database(self, cast: Cast) -> None:
        publish(save(cast.agent, cast.pia, prompt="Two"), live=None, by=cast.pia)

        with pytest.raises(IntegrityError), transaction.atomic():
            Agent.objects.filter(pk=cast.agent.pk).update(archived_at=cast.agent.created_at)


class TestUnpublish:
    def test_leaves_none_live_and_keeps_the_version(self, cast: Cast) -> None:
        version = save(cast.agent, cast.pia, prompt="Two")
        publish(version, live=None, by=cast.pia)

        unpublish(cast.agent, live=2, by=cast.pia)

        assert (live(cast.agent), numbers(cast.agent)) == (None, [1, 2])
        assert Event.objects.filter(action=Action.UNPUBLISHED).get().version == version
        publish(version, live=None, by=cast.pia)
        assert live(cast.agent) == 2

    def test_is_refused_when_another_version_went_live_since_the_confirmation(self, cast: Cast) -> None:
        publish(save(cast.agent, cast.pia, prompt="Two"), live=None, by=cast.pia)
        publish(save(cast.agent, cast.ana, prompt="Three"), live=2, by=cast.ana)

        with pytest.raises(PublishedMeanwhile, match="v3"):
            unpublish(cast.agent, live=2, by=cast.pia)

        assert live(cast.agent) == 3

    def test_is_refused_when_nothing_is_live(self, cast: Cast) -> None:
        with pytest.raises(AlreadyDone, match="Nothing is live"):
            unpublish(cast.agent, live=None, by=cast.pia)
        with pytest.raises(PublishedMeanwhile, match="Nothing is live any more"):
            unpublish(cast.agent, live=1, by=cast.pia)


class TestEdit:
    def test_copies_a_version_whole_into_my_draft_and_leaves_the_original(self, cast: Cast) -> None:
        row = {"id": "bye", "kind": "hang_up", "name": "bye"}
        edit_draft(
            cast.agent,
            typed([row], prompt="Two", voice__speed="1.5"),
            base=shown(cast.agent, cast.ben),
            by=cast.ben,
        )
        second = save(cast.agent, cast.ben)
        before = Version.objects.filter(pk=second.pk).values().get()

        draft = edit_into_draft(second, base=shown(cast.agent, cast.pia), by=cast.pia)

        assert (draft.owner, draft.read(), draft.based_on) == (cast.pia, second.read(), second)
        edit(cast.agent, cast.pia, prompt="Changed by Pia")
        assert Version.objects.filter(pk=second.pk).values().get() == before
        assert save(cast.agent, cast.pia).parent == second

    def test_asks_first_when_the_draft_holds_what_is_in_no_version(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, prompt="Work of an hour")

        with pytest.raises(DraftHasChanges):
            edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben)

        assert prompt(stored(cast.agent, cast.ben)) == "Work of an hour"

    def test_asks_first_when_something_is_only_half_typed(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, voice__speed="1e")

        with pytest.raises(DraftHasChanges):
            edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben)

    def test_does_not_ask_when_any_version_holds_what_the_draft_does(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        save(cast.agent, cast.pia, prompt="The same words")
        edit(cast.agent, cast.ben, prompt="The same words")

        assert edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben).read().prompt == ""

    def test_what_it_replaced_can_be_got_back(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, prompt="Work of an hour", voice__speed="1e")

        edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben, replace=True)

        told = Event.objects.filter(action=Action.EDITED_INTO_DRAFT).get().particulars
        bring_back_draft(cast.agent, told["checkpoint"], by=cast.ben)
        draft = stored(cast.agent, cast.ben)
        assert (draft.read().prompt, draft.unparsed) == ("Work of an hour", {"voice.speed": "1e"})

    def test_can_save_the_draft_as_a_version_and_then_replace_it(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, prompt="Worth a number")

        draft = save_and_edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben)

        assert numbers(cast.agent) == [1, 2]
        assert prompt(cast.agent.versions.get(number=2)) == "Worth a number"
        assert (draft.read().prompt, draft.based_on) == ("", first)

    def test_saving_before_replacing_is_refused_while_something_is_half_typed(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, voice__speed="1e")

        with pytest.raises(Unparsable):
            save_and_edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben)

        assert numbers(cast.agent) == [1]
        assert stored(cast.agent, cast.ben).unparsed == {"voice.speed": "1e"}

    def test_is_refused_when_the_draft_moved_since_the_page_was_shown(self, cast: Cast) -> None:
        first, seen = cast.agent.versions.get(), shown(cast.agent, cast.ben)
        edit(cast.agent, cast.ben, prompt="Typed in another tab")

        with pytest.raises(Stale):
            edit_into_draft(first, base=seen, by=cast.ben, replace=True)


class TestDiscard:
    def test_shows_again_what_a_draft_would_start_from_and_keeps_what_was_there(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="Never mind")

        discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)

        assert opened(cast.agent, cast.ben).read().prompt == ""
        told = Event.objects.filter(action=Action.DRAFT_DISCARDED).get().particulars
        assert bring_back_draft(cast.agent, told["checkpoint"], by=cast.ben).read().prompt == "Never mind"

    def test_the_revision_never_starts_again(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="Never mind")
        before = shown(cast.agent, cast.ben)

        discard_draft(cast.agent, base=before, by=cast.ben)

        after = shown(cast.agent, cast.ben)
        assert (after.draft, after.revision) == (before.draft, before.revision + 1)
        with pytest.raises(Stale):
            edit_draft(cast.agent, typed(prompt="From the old tab"), base=before, by=cast.ben)

    def test_is_refused_when_the_draft_moved(self, cast: Cast) -> None:
        edit(cast.agent, cast.ben, prompt="Seen")
        seen = shown(cast.agent, cast.ben)
        edit(cast.agent, cast.ben, prompt="Not seen")

        with pytest.raises(Stale):
            discard_draft(cast.agent, base=seen, by=cast.ben)

        assert prompt(stored(cast.agent, cast.ben)) == "Not seen"

    @pytest.mark.parametrize("first_words", [{"prompt": "Anew"}, {"voice__speed": "1e"}])
    def test_what_is_typed_next_stands_on_the_version_the_page_showed(
        self, cast: Cast, first_words: dict[str, str]
    ) -> None:
        edit(cast.agent, cast.ben, prompt="Never mind")
        discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)
        newest = save(cast.agent, cast.pia, prompt="Newest", greeting="Hello from v2")

        edit(cast.agent, cast.ben, **first_words)

        draft = stored(cast.agent, cast.ben)
        assert (draft.based_on, draft.read().greeting) == (newest, "Hello from v2")


class TestBringBack:
    def test_keeps_what_is_there_now_in_its_turn(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, prompt="Earlier")
        edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben, replace=True)
        edit(cast.agent, cast.ben, prompt="Later")

        earlier = Draft.history.order_by("history_id").values_list("history_id", flat=True)[0]
        bring_back_draft(cast.agent, earlier, by=cast.ben)
        later = Draft.history.latest("history_id").history_id
        bring_back_draft(cast.agent, later, by=cast.ben)

        assert prompt(stored(cast.agent, cast.ben)) == "Later"

    def test_nobody_can_bring_back_anothers_draft(self, cast: Cast) -> None:
        first = cast.agent.versions.get()
        edit(cast.agent, cast.ben, prompt="Ben's secret")
        edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben, replace=True)
        edit(cast.agent, cast.ana, prompt="Ana's")
        bens = Draft.history.get(owner=cast.ben).history_id

        with pytest.raises(Invalid, match="no longer kept"):
            bring_back_draft(cast.agent, bens, by=cast.ana)

        assert prompt(stored(cast.agent, cast.ana)) == "Ana's"

    def test_is_refused_where_there_never_was_a_draft(self, cast: Cast) -> None:
        with pytest.raises(Invalid, match="no longer kept"):
            bring_back_draft(cast.agent, 1, by=cast.ben)


class TestNumbers:
    def test_saves_and_publishes_count_on_together(self, cast: Cast) -> None:
        save(cast.agent, cast.ben, prompt="Two")
        edit(cast.agent, cast.pia, prompt="Three")
        publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)
        save_and_edit_into_draft(cast.agent.versions.get(number=1), base=shown(cast.agent, cast.ben), by=cast.ben)
        publish(cast.agent.versions.get(number=2), live=3, by=cast.pia)
        save(cast.agent, cast.ana, prompt="Five")

        assert numbers(cast.agent) == [1, 2, 3, 4, 5]

    def test_a_refusal_takes_none(self, cast: Cast, line: Line) -> None:
        line.numbers = 0
        edit(cast.agent, cast.pia, prompt="Two")
        for _ in range(3):
            with pytest.raises(Blocked):
                publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)

        assert save(cast.agent, cast.ben).number == 2

    def test_each_agent_counts_for_itself(self, cast: Cast) -> None:
        save(cast.agent, cast.ben)
        other = create_agent(cast.project, "Night desk", by=cast.ben)

        assert (numbers(cast.agent), numbers(other)) == ([1, 2], [1])

    def test_a_number_twice_is_refused_by_the_database_too(self, cast: Cast) -> None:
        first = cast.agent.versions.get()

        with pytest.raises(IntegrityError), transaction.atomic():
            Version.objects.create(
                agent=cast.agent,
                number=1,
                configuration={},
                digest=first.digest,
                longest_call=60,
                author=cast.ben,
            )


class TestRevert:
    def test_publishing_an_older_version_is_the_way_back(self, cast: Cast) -> None:
        good = save(cast.agent, cast.pia, prompt="Good")
        publish(good, live=None, by=cast.pia)
        publish(save(cast.agent, cast.pia, prompt="Mistake"), live=2, by=cast.pia)

        publish(good, live=3, by=cast.pia)

        assert (live(cast.agent), numbers(cast.agent)) == (2, [1, 2, 3])
        lives = spans(cast.agent)
        assert [(span.number, span.until is None) for span in lives] == [(2, False), (3, False), (2, True)]
        assert all(before.until == after.since for before, after in pairwise(lives))


class TestAgents:
    def test_a_new_name_is_recorded_and_an_unchanged_one_is_no_act(self, cast: Cast) -> None:
        rename_agent(cast.agent, "Front desk", by=cast.ben)
        rename_agent(cast.agent, " Front  desk ", by=cast.ben)

        assert Agent.objects.get(pk=cast.agent.pk).name == "Front desk"
        event = Event.objects.filter(action=Action.AGENT_RENAMED).get()
        assert event.particulars == {"before": "Reception", "name": "Front desk"}

    def test_a_name_that_is_none_is_refused(self, cast: Cast) -> None:
        with pytest.raises(Invalid):
            rename_agent(cast.agent, " ", by=cast.ben)

        assert Agent.objects.get(pk=cast.agent.pk).name == "Reception"

    def test_renaming_never_touches_what_is_live(self, cast: Cast) -> None:
        opened = access.agent(cast.ben, cast.agent.pk)
        publish(save(cast.agent, cast.pia, prompt="Two"), live=None, by=cast.pia)

        rename_agent(opened, "Front desk", by=cast.ben)

        assert live(cast.agent) == 2

    def test_a_duplicate_starts_at_v1_with_what_is_live(self, cast: Cast) -> None:
        publish(save(cast.agent, cast.pia, prompt="Live"), live=None, by=cast.pia)
        save(cast.agent, cast.pia, prompt="Newer")

        copy = duplicate_agent(cast.agent, by=cast.ben)

        assert (copy.name, copy.project, numbers(copy), live(copy)) == ("Reception (copy)", cast.project, [1], None)
        assert copy.versions.get().read().prompt == "Live"
        assert numbers(cast.agent) == [1, 2, 3]

    def test_the_duplicate_of_a_long_name_still_has_one_that_fits(self, cast: Cast) -> None:
        rename_agent(cast.agent, "x" * 100, by=cast.ben)

        assert len(duplicate_agent(cast.agent, by=cast.ben).name) <= 100

    def test_archiving_is_refused_while_something_is_live(self, cast: Cast) -> None:
        publish(save(cast.agent, cast.pia, prompt="Two"), live=None, by=cast.pia)

        with pytest.raises(Blocked, match="v2 is live"):
            archive_agent(cast.agent, by=cast.ana)

        assert Agent.objects.get(pk=cast.agent.pk).archived_at is None

    def test_archiving_frees_its_numbers(self, cast: Cast, line: Line) -> None:
        archive_agent(cast.agent, by=cast.ana)

        assert line.released == [(cast.agent, cast.ana)]

    def test_an_archived_agent_keeps_everything_and_does_nothing_new(self, cast: Cast) -> None:
        version = save(cast.agent, cast.pia, prompt="Two")
        before = Event.objects.count()

        archived = archive_agent(cast.agent, by=cast.ana)

        assert archived.archived_at
        assert (numbers(cast.agent), prompt(version)) == ([1, 2], "Two")
        for refused in (
            lambda: archive_agent(cast.agent, by=cast.ana),
            lambda: rename_agent(cast.agent, "Other", by=cast.ana),
            lambda: edit(cast.agent, cast.pia, prompt="More"),
            lambda: publish(version, live=None, by=cast.pia),
            lambda: publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia),
            lambda: unpublish(cast.agent, live=None, by=cast.pia),
            lambda: rename_version(version, "Two", by=cast.pia),
            lambda: edit_into_draft(version, base=shown(cast.agent, cast.pia), by=cast.pia),
            lambda: save_and_edit_into_draft(version, base=shown(cast.agent, cast.pia), by=cast.pia),
            lambda: discard_draft(cast.agent, base=shown(cast.agent, cast.pia), by=cast.pia),
            lambda: bring_back_draft(cast.agent, 1, by=cast.pia),
        ):
            with pytest.raises(Archived):
                refused()
        assert Event.objects.count() == before + 1
