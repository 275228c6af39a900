"""When a draft is behind what went live since it was started, and how the two are merged."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentversions.history import visible
from agentversions.merging import Choice
from agentversions.models import Action, Agent, Draft, Event, Version
from agentversions.operations import (
    archive_agent,
    bring_back_draft,
    discard_draft,
    edit_draft,
    edit_into_draft,
    merge_published,
    publish,
    publish_draft,
    unpublish,
)
from agentversions.refusals import (
    AlreadyDone,
    Archived,
    Hostile,
    Invalid,
    NotAllowed,
    PublishedMeanwhile,
    Refused,
    Stale,
    Undecided,
)
from tests.cast import Cast, edit, live, opened, save, shown, stored, typed

MINE, THEIRS = Choice("mine"), Choice("theirs")


def behind(cast: Cast) -> bool:
    """Whether Ben's draft is behind now."""
    return opened(cast.agent, cast.ben).is_behind(Agent.objects.get(pk=cast.agent.pk).published)


def goes_live(cast: Cast, version: Version) -> Version:
    """Pia publishes a version."""
    return publish(version, live=live(cast.agent), by=cast.pia)


def published(cast: Cast, **settings: str) -> Version:
    """Pia changes what is live, in a draft of her own that starts from it, and publishes that."""
    if stored_by(cast) is not None:
        discard_draft(cast.agent, base=shown(cast.agent, cast.pia), by=cast.pia)
    edit(cast.agent, cast.pia, **settings)
    return publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=live(cast.agent), by=cast.pia)


def stored_by(cast: Cast) -> Draft | None:
    """Pia's draft, if there is one."""
    return Draft.objects.filter(agent=cast.agent, owner=cast.pia).first()


def merges(cast: Cast, **choices: Choice) -> Draft:
    """Ben merges what is live, as his page shows it."""
    chosen = {path.replace("__", "."): choice for path, choice in choices.items()}
    return merge_published(
        cast.agent, base=shown(cast.agent, cast.ben), live=live(cast.agent), choices=chosen, by=cast.ben
    )


@pytest.fixture
def started(cast: Cast) -> Cast:
    """v2 is live, and Ben has begun to change it."""
    published(cast, prompt="We open at nine and close at five.")
    edit(cast.agent, cast.ben, prompt="We open at eight and close at five.", greeting="Hi from Ben")
    return cast


class TestBehind:
    def test_when_another_version_went_live(self, started: Cast) -> None:
        assert not behind(started)

        published(started, voice__speed="1.5")

        assert behind(started)

    def test_not_while_there_is_nothing_in_the_draft(self, started: Cast) -> None:
        discard_draft(started.agent, base=shown(started.agent, started.ben), by=started.ben)
        published(started, voice__speed="1.5")

        assert not behind(started)

    def test_not_by_ones_own_publish(self, cast: Cast) -> None:
        edit(cast.agent, cast.pia, prompt="Hello")
        publish_draft(cast.agent, base=shown(cast.agent, cast.pia), live=None, by=cast.pia)

        assert not opened(cast.agent, cast.pia).is_behind(Agent.objects.get(pk=cast.agent.pk).published)

    def test_not_by_a_version_saved_from_the_draft_however_many_followed(self, started: Cast) -> None:
        versions = [save(started.agent, started.ben, greeting=f"Hi {n}") for n in range(3)]

        for version in (versions[1], versions[2]):
            goes_live(started, version)
            assert not behind(started)

    def test_by_a_rollback_also_to_a_version_of_ones_own(self, started: Cast) -> None:
        versions = [save(started.agent, started.ben, greeting=f"Hi {n}") for n in range(3)]
        goes_live(started, versions[2])
        assert not behind(started)

        goes_live(started, versions[1])
        assert behind(started)

    def test_by_a_rollback_to_what_was_live_before(self, started: Cast) -> None:
        version = save(started.agent, started.ben)
        goes_live(started, version)
        goes_live(started, Version.objects.get(agent=started.agent, number=2))

        assert behind(started)

    def test_by_the_first_version_that_goes_live_unless_the_draft_is_based_on_it(self, cast: Cast) -> None:
        own = save(cast.agent, cast.ben, prompt="Hi")
        other = save(cast.agent, cast.pia, prompt="Hello", greeting="Welcome")

        goes_live(cast, own)
        assert not behind(cast)
        goes_live(cast, other)
        assert behind(cast)

    def test_not_when_nothing_is_live_any_more(self, started: Cast) -> None:
        unpublish(started.agent, live=2, by=started.pia)

        assert not behind(started)

    def test_not_when_what_was_live_at_the_start_is_live_again(self, started: Cast) -> None:
        published(started, voice__speed="1.5")
        goes_live(started, Version.objects.get(agent=started.agent, number=2))

        assert not behind(started)

    def test_from_the_first_letter_on_a_page_opened_before_the_publish(self, started: Cast) -> None:
        discard_draft(started.agent, base=shown(started.agent, started.ben), by=started.ben)
        seen = shown(started.agent, started.ben)
        published(started, voice__speed="1.5")

        edit_draft(started.agent, typed(greeting="Hi"), base=seen, by=started.ben)

        assert behind(started)

    def test_after_copying_an_older_version_only_what_went_live_since(self, started: Cast) -> None:
        published(started, voice__speed="1.5")
        older = Version.objects.get(agent=started.agent, number=2)
        edit_into_draft(older, base=shown(started.agent, started.ben), by=started.ben, replace=True)
        assert not behind(started)

        published(started, voice__speed="1.6")
        assert behind(started)


class TestMerge:
    def test_takes_theirs_keeps_mine_and_merges_texts(self, started: Cast) -> None:
        version = published(started, prompt="We open at nine and close at six.", voice__speed="1.5")

        draft = merges(started)

        merged = draft.read()
        assert merged.prompt == "We open at eight and close at six."
        assert (merged.greeting, merged.voice.speed) == ("Hi from Ben", 1.5)
        draft = stored(started.agent, started.ben)
        assert (draft.based_on, draft.live_at_start) == (version, version)
        assert not behind(started)
        assert not draft.merged_with(version).undone

    def test_contradictions_are_chosen(self, started: Cast) -> None:
        published(started, prompt="We open at ten and close at five.", greeting="Hi from Pia")

        with pytest.raises(Undecided, match=r"Prompt, Greeting"):
            merges(started)
        merged = merges(started, prompt=THEIRS, greeting=Choice("text", "Hi from both")).read()

        assert (merged.prompt, merged.greeting) == ("We open at ten and close at five.", "Hi from both")

    def test_begins_from_what_was_live_and_else_from_what_the_draft_came_from(self, cast: Cast) -> None:
        save(cast.agent, cast.ana, prompt="Hello", greeting="Hi")
        edit(cast.agent, cast.ben, greeting="Hi from Ben")
        save(cast.agent, cast.pia, voice__speed="1.5")
        goes_live(cast, Version.objects.get(agent=cast.agent, number=3))

        merged = merges(cast).read()

        assert (merged.prompt, merged.greeting, merged.voice.speed) == ("Hello", "Hi from Ben", 1.5)

    def test_keeps_the_draft_of_before_which_comes_back(self, started: Cast) -> None:
        published(started, prompt="We open at nine and close at six.")
        before = stored(started.agent, started.ben)
        merged = merges(started)
        kept = Event.objects.get(action=Action.MERGED_PUBLISHED).particulars["checkpoint"]

        back = bring_back_draft(started.agent, kept, by=started.ben)

        assert back.configuration == before.configuration
        assert back.based_on == before.based_on
        assert back.revision == merged.revision + 1
        assert behind(started)

    def test_is_told_only_to_the_one_whose_draft_it_is(self, started: Cast) -> None:
        published(started, voice__speed="1.5")
        merges(started)

        [event] = visible(Event.objects.filter(action=Action.MERGED_PUBLISHED), started.ben)
        assert event.version is not None
        assert event.version.number == 3
        assert not visible(Event.objects.filter(action=Action.MERGED_PUBLISHED), started.ana)

    def test_an_older_page_can_not_write_over_it(self, started: Cast) -> None:
        client, seen = uuid4(), shown(started.agent, started.ben)
        saved = edit_draft(started.agent, typed(greeting="Hi!"), base=seen, by=started.ben, client=client, sequence=1)
        published(started, voice__speed="1.5")
        merges(started)

        with pytest.raises(Stale):
            edit_draft(
                started.agent,
                typed(greeting="Hi?", voice__speed="1"),
                base=saved.draft.base,
                by=started.ben,
                client=client,
                sequence=2,
            )

    def test_confirmed_twice_is_done_once(self, started: Cast) -> None:
        published(started, voice__speed="1.5")
        base, key = shown(started.agent, started.ben), uuid4()

        first, again = (
            merge_published(started.agent, base=base, live=3, choices={}, by=started.ben, key=key) for _ in range(2)
        )

        assert first.revision == again.revision
        assert Event.objects.filter(action=Action.MERGED_PUBLISHED).count() == 1

    def test_a_text_that_is_no_value_yet_stays(self, started: Cast) -> None:
        edit(started.agent, started.ben, voice__volume="1e")
        published(started, voice__speed="1.5")

        assert merges(started).unparsed == {"voice.volume": "1e"}


def saved_meanwhile(cast: Cast) -> None:
    edit(cast.agent, cast.ben, end_message="Bye")


def published_meanwhile(cast: Cast) -> None:
    published(cast, voice__speed="1.7")


def unpublished_meanwhile(cast: Cast) -> None:
    unpublish(cast.agent, live=3, by=cast.pia)


def merged_meanwhile(cast: Cast) -> None:
    merges(cast, prompt=MINE)


@pytest.mark.parametrize(
    ("meanwhile", "refusal"),
    [
        (saved_meanwhile, Stale),
        (published_meanwhile, PublishedMeanwhile),
        (unpublished_meanwhile, PublishedMeanwhile),
        (merged_meanwhile, Stale),
    ],
)
def test_what_was_reviewed_is_what_is_merged(
    started: Cast, meanwhile: Callable[[Cast], None], refusal: type[Refused]
) -> None:
    published(started, prompt="We open at ten and close at five.")
    base = shown(started.agent, started.ben)
    meanwhile(started)
    before = Draft.objects.values().get(owner=started.ben), Event.objects.count()

    with pytest.raises(refusal):
        merge_published(started.agent, base=base, live=3, choices={"prompt": MINE}, by=started.ben)

    assert (Draft.objects.values().get(owner=started.ben), Event.objects.count()) == before


@pytest.mark.parametrize(
    ("choices", "refusal"),
    [
        ({}, Undecided),
        ({"prompt": Choice("text", "at ⟦mine: nine⟧")}, Undecided),
        ({"prompt": MINE, "no.such": MINE}, Hostile),
        ({"prompt": MINE, "voice.speed": THEIRS}, Hostile),
        ({"prompt": Choice("text", "a\x00b")}, Invalid),
        ({"prompt": Choice("text", "a\ud800b")}, Invalid),
        ({"prompt": Choice("text", "x" * 60_001)}, Invalid),
    ],
    ids=["none", "marks left", "unknown", "nothing to choose", "NUL", "surrogate", "too long"],
)
def test_choices_that_cant_be_followed_write_nothing(
    started: Cast, choices: dict[str, Choice], refusal: type[Refused]
) -> None:
    published(started, prompt="We open at ten and close at five.", voice__speed="1.5")
    before = Draft.objects.values().get(owner=started.ben), Event.objects.count(), Draft.history.count()

    with pytest.raises(refusal):
        merge_published(started.agent, base=shown(started.agent, started.ben), live=3, choices=choices, by=started.ben)

    assert (Draft.objects.values().get(owner=started.ben), Event.objects.count(), Draft.history.count()) == before


def test_refused_to_those_who_may_not_where_nothing_is_behind_and_when_archived(started: Cast) -> None:
    with pytest.raises(AlreadyDone):
        merges(started)
    published(started, voice__speed="1.5")
    with pytest.raises(NotAllowed):
        merge_published(started.agent, base=shown(started.agent, started.cleo), live=3, choices={}, by=started.cleo)
    unpublish(started.agent, live=3, by=started.pia)
    archive_agent(started.agent, by=started.ana)
    with pytest.raises(Archived):
        merge_published(started.agent, base=shown(started.agent, started.ben), live=3, choices={}, by=started.ben)


def test_a_publish_costs_no_more_however_many_versions_there_are(
    started: Cast,
) -> None:
    counted = []
    for _ in range(2):
        versions = [save(started.agent, started.ben) for _ in range(4)]
        with CaptureQueriesContext(connection) as queries:
            goes_live(started, versions[1])
        counted.append(len(queries))

    assert counted[0] == counted[1]
