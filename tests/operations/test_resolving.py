"""Two tabs of one draft: what each holds is kept whole, and together they become what was chosen."""

from uuid import uuid4

import pytest

from agentversions.models import Draft, Event, Role
from agentversions.operations import (
    archive_agent,
    bring_back_draft,
    discard_draft,
    edit_draft,
    edit_into_draft,
    keep_typed,
    resolve_draft,
    set_role,
)
from agentversions.refusals import Archived, Hostile, NotAllowed, Stale
from tests.cast import Cast, edit, shown, stored, typed

FIND = {"id": "find", "kind": "function", "name": "find", "url": "https://crm.example.com/find"}
BYE = {"id": "bye", "kind": "hang_up", "name": "bye"}


@pytest.fixture
def saved(cast: Cast) -> Cast:
    """What another tab of Ben's saved."""
    edit(cast.agent, cast.ben, prompt="Saved prompt", greeting="Saved greeting", voice__speed="1e")
    return cast


def kept(cast: Cast) -> list[str]:
    """The prompts of Ben's earlier drafts, newest first."""
    return [earlier.configuration["prompt"] for earlier in Draft.history.order_by("-history_id")]


def test_each_setting_is_the_one_that_was_chosen(saved: Cast) -> None:
    tab = typed(prompt="Tab's prompt", greeting="Tab's greeting", voice__speed="1.5", voice__volume="loud")

    draft = resolve_draft(
        saved.agent, tab, saved=["greeting", "voice.speed"], base=shown(saved.agent, saved.ben), by=saved.ben
    )

    assert (draft.read().prompt, draft.read().greeting) == ("Tab's prompt", "Saved greeting")
    assert stored(saved.agent, saved.ben).unparsed == {"voice.speed": "1e", "voice.volume": "loud"}


@pytest.mark.parametrize(("chosen", "names"), [([], ["bye"]), (["tools"], ["find"])])
def test_tools_are_chosen_together(cast: Cast, chosen: list[str], names: list[str]) -> None:
    edit_draft(cast.agent, typed([FIND]), base=shown(cast.agent, cast.ben), by=cast.ben)

    draft = resolve_draft(
        cast.agent, typed([{**BYE, "name": "bye"}]), saved=chosen, base=shown(cast.agent, cast.ben), by=cast.ben
    )

    assert [tool.name for tool in draft.read().tools] == names


@pytest.mark.parametrize("chosen", [[], ["prompt"]])
def test_both_are_kept_whole_and_undo_goes_back_to_what_was_saved(saved: Cast, chosen: list[str]) -> None:
    resolve_draft(
        saved.agent, typed(prompt="Tab's prompt"), saved=chosen, base=shown(saved.agent, saved.ben), by=saved.ben
    )

    assert kept(saved) == ["Saved prompt", "Tab's prompt"]
    bring_back_draft(saved.agent, Draft.history.latest("history_id").history_id, by=saved.ben)
    assert stored(saved.agent, saved.ben).read().prompt == "Saved prompt"


def test_neither_tab_writes_over_the_result_unasked(saved: Cast) -> None:
    seen, client = shown(saved.agent, saved.ben), uuid4()
    edit_draft(saved.agent, typed(prompt="Saved prompt"), base=seen, by=saved.ben, client=client, sequence=1)
    resolve_draft(saved.agent, typed(prompt="Tab's prompt"), saved=[], base=seen, by=saved.ben)

    for page in (client, uuid4()):
        with pytest.raises(Stale):
            edit_draft(saved.agent, typed(prompt="Late"), base=seen, by=saved.ben, client=page, sequence=2)


def test_a_draft_that_moved_since_the_review_is_reviewed_again(saved: Cast) -> None:
    seen = shown(saved.agent, saved.ben)
    edit(saved.agent, saved.ben, prompt="Newer")
    before = Event.objects.count()

    with pytest.raises(Stale):
        resolve_draft(saved.agent, typed(prompt="Tab's prompt"), saved=[], base=seen, by=saved.ben)

    assert (stored(saved.agent, saved.ben).read().prompt, kept(saved)) == ("Newer", [])
    assert Event.objects.count() == before


def test_a_draft_that_was_replaced_or_discarded_meanwhile_is_one_of_the_two(saved: Cast) -> None:
    first = saved.agent.versions.get(number=1)
    edit_into_draft(first, base=shown(saved.agent, saved.ben), by=saved.ben, replace=True)
    draft = resolve_draft(
        saved.agent, typed(prompt="Tab's"), saved=[], base=shown(saved.agent, saved.ben), by=saved.ben
    )
    assert draft.read().prompt == "Tab's"

    discard_draft(saved.agent, base=draft.base, by=saved.ben)
    draft = resolve_draft(
        saved.agent, typed(prompt="Again"), saved=["prompt"], base=shown(saved.agent, saved.ben), by=saved.ben
    )
    assert (draft.read().prompt, draft.based_on) == ("", first)
    assert "Again" in kept(saved)


def test_what_can_not_be_stored_and_who_may_not_are_refused(saved: Cast) -> None:
    base = shown(saved.agent, saved.ben)
    hostile = typed(prompt="x")
    hostile.values["prompt"] = "\x00"
    with pytest.raises(Hostile):
        resolve_draft(saved.agent, hostile, saved=[], base=base, by=saved.ben)
    set_role(saved.project, saved.ben, Role.VIEWER, by=saved.ana)
    with pytest.raises(NotAllowed):
        resolve_draft(saved.agent, typed(prompt="x"), saved=[], base=base, by=saved.ben)
    set_role(saved.project, saved.ben, Role.EDITOR, by=saved.ana)
    archive_agent(saved.agent, by=saved.ana)
    with pytest.raises(Archived):
        resolve_draft(saved.agent, typed(prompt="x"), saved=[], base=base, by=saved.ben)

    assert kept(saved) == []


def test_nobody_else_is_told_and_nothing_of_it_is_in_the_event(saved: Cast) -> None:
    resolve_draft(saved.agent, typed(prompt="Tab's"), saved=[], base=shown(saved.agent, saved.ben), by=saved.ben)

    event = Event.objects.latest("id")
    assert event.action == "draft_resolved"
    assert list(event.particulars) == ["checkpoint"]


def test_what_a_tab_held_when_it_was_left_is_kept_once_and_the_draft_stays(saved: Cast) -> None:
    before = (shown(saved.agent, saved.ben), stored(saved.agent, saved.ben).read())

    numbers = [keep_typed(saved.agent, typed(prompt=text), by=saved.ben) for text in ("Left", "Left", "Saved prompt")]

    assert [number is None for number in numbers] == [False, True, True]
    assert kept(saved) == ["Left"]
    assert (shown(saved.agent, saved.ben), stored(saved.agent, saved.ben).read()) == before
    assert keep_typed(saved.agent, typed(prompt="Left"), by=saved.pia) is None
    with pytest.raises(NotAllowed):
        keep_typed(saved.agent, typed(prompt="Left"), by=saved.cleo)
