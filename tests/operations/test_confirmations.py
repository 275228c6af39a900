"""A confirmation's key: the same request twice is done once, and a key never stands for two requests."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User

from agentversions.configuration import Configuration
from agentversions.models import Agent, Draft, Event, Version
from agentversions.operations import (
    archive_agent,
    bring_back_draft,
    create_agent,
    discard_draft,
    duplicate_agent,
    edit_into_draft,
    publish,
    publish_draft,
    resolve_draft,
    save_and_edit_into_draft,
    save_version,
    unpublish,
)
from agentversions.refusals import AlreadyDone, Blocked, KeyReused, PublishedMeanwhile, Refused, Stale
from tests.cast import Cast, edit, live, save, shown, typed
from tests.operations.conftest import Line

type Deed = Callable[[UUID], Any]
"""One request, which may arrive more than once: everything in it but the key is fixed."""


def deeds(cast: Cast, by: User) -> dict[str, tuple[Deed, Deed]]:
    """Every verb that takes a key: a request that is granted, and another one like it."""
    agent, first = cast.agent, cast.agent.versions.get(number=1)
    two, three = save(agent, by, prompt="Two"), save(agent, by, prompt="Three")
    publish(two, live=None, by=cast.ana)
    edit(agent, by, prompt="Before")
    edit_into_draft(two, base=shown(agent, by), by=by, replace=True)
    kept = Draft.history.filter(owner=by).latest("history_id").history_id
    edit(agent, by, prompt="Mine")
    base = shown(agent, by)
    fresh = create_agent(cast.project, "Idle", by=by)
    return {
        "create": (
            lambda key: create_agent(cast.project, "New", by=by, key=key),
            lambda key: create_agent(cast.project, "New", by=by, key=key, configuration=Configuration(prompt="x")),
        ),
        "duplicate": (
            lambda key: duplicate_agent(agent, by=by, key=key),
            lambda key: duplicate_agent(fresh, by=by, key=key),
        ),
        "archive": (
            lambda key: archive_agent(fresh, by=by, key=key),
            lambda key: archive_agent(agent, by=by, key=key),
        ),
        "save": (
            lambda key: save_version(agent, base=base, by=by, key=key),
            lambda key: save_version(agent, base=base, by=by, key=key, name="Other"),
        ),
        "publish": (
            lambda key: publish(three, live=2, by=by, key=key),
            lambda key: publish(three, live=2, by=by, key=key, note="Other"),
        ),
        "publish the draft": (
            lambda key: publish_draft(agent, base=base, live=2, by=by, key=key),
            lambda key: publish_draft(agent, base=base, live=None, by=by, key=key),
        ),
        "unpublish": (
            lambda key: unpublish(agent, live=2, by=by, key=key),
            lambda key: unpublish(agent, live=3, by=by, key=key),
        ),
        "edit": (
            lambda key: edit_into_draft(first, base=base, by=by, replace=True, key=key),
            lambda key: edit_into_draft(two, base=base, by=by, replace=True, key=key),
        ),
        "save and edit": (
            lambda key: save_and_edit_into_draft(first, base=base, by=by, key=key),
            lambda key: save_and_edit_into_draft(two, base=base, by=by, key=key),
        ),
        "discard": (
            lambda key: discard_draft(agent, base=base, by=by, key=key),
            lambda key: discard_draft(agent, base=shown(agent, by), by=by, key=key),
        ),
        "resolve": (
            lambda key: resolve_draft(agent, typed(prompt="Tab"), saved=[], base=base, by=by, key=key),
            lambda key: resolve_draft(agent, typed(prompt="Tab"), saved=["prompt"], base=base, by=by, key=key),
        ),
        "bring back": (
            lambda key: bring_back_draft(agent, kept, by=by, key=key),
            lambda key: bring_back_draft(agent, kept + 1, by=by, key=key),
        ),
    }


NAMES = [
    *("create", "duplicate", "archive", "save", "publish", "publish the draft", "unpublish"),
    *("edit", "save and edit", "discard", "resolve", "bring back"),
]


def everything() -> list[Any]:
    """All that a verb could have written."""
    tables: list[Any] = [Agent.objects, Version.objects, Draft.objects, Draft.history, Event.objects]
    return [list(table.order_by("pk").values()) for table in tables]


class TestTheSameRequestAgain:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_done_once_and_answered_as_the_first_time(self, cast: Cast, name: str) -> None:
        deed, _ = deeds(cast, cast.ana)[name]
        key = uuid4()
        first = deed(key)
        done = everything()

        again = deed(key)

        assert (type(again), again.pk) == (type(first), first.pk)
        assert everything() == done

    @pytest.mark.parametrize("name", NAMES)
    def test_is_done_once_also_after_the_world_moved_on(self, cast: Cast, name: str) -> None:
        deed, _ = deeds(cast, cast.ana)[name]
        key = uuid4()
        first = deed(key)
        if name != "archive":
            publish(save(cast.agent, cast.pia, prompt="Later"), live=live(cast.agent), by=cast.pia)
        moved = everything()

        assert deed(key).pk == first.pk
        assert everything() == moved

    def test_answers_with_the_version_that_was_made_and_not_with_a_newer_one(self, cast: Cast) -> None:
        deed, _ = deeds(cast, cast.ana)["save"]
        key = uuid4()
        made = deed(key)
        save(cast.agent, cast.ana, prompt="Newer")

        assert deed(key).number == made.number

    @pytest.mark.parametrize("name", NAMES)
    def test_under_another_key_is_another_request(self, cast: Cast, name: str) -> None:
        deed, _ = deeds(cast, cast.ana)[name]
        deed(uuid4())
        before = Event.objects.count()

        try:
            deed(uuid4())
        except Refused:
            assert Event.objects.count() == before
        else:
            assert Event.objects.count() > before


class TestAnotherRequestUnderTheSameKey:
    @pytest.mark.parametrize("name", NAMES)
    def test_is_refused_with_nothing_written(self, cast: Cast, name: str) -> None:
        deed, other = deeds(cast, cast.ana)[name]
        key = uuid4()
        deed(key)
        done = everything()

        with pytest.raises(KeyReused) as refused:
            other(key)

        assert refused.value.status == 422
        assert everything() == done

    def test_is_refused_when_it_is_another_verb(self, cast: Cast) -> None:
        mine = deeds(cast, cast.ana)
        key = uuid4()
        mine["save"][0](key)

        for name in ("publish", "edit", "discard", "unpublish", "create"):
            with pytest.raises(KeyReused):
                mine[name][0](key)

    def test_is_refused_when_it_is_about_another_agent(self, cast: Cast) -> None:
        other = create_agent(cast.project, "Night desk", by=cast.ben)
        key = uuid4()
        save_version(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben, key=key)

        with pytest.raises(KeyReused):
            save_version(other, base=shown(other, cast.ben), by=cast.ben, key=key)


class TestKeys:
    def test_of_two_people_never_meet(self, cast: Cast) -> None:
        key = uuid4()

        mine = save_version(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben, key=key)
        theirs = save_version(cast.agent, base=shown(cast.agent, cast.pia), by=cast.pia, key=key)

        assert (mine.number, theirs.number) == (2, 3)

    def test_of_a_refusal_are_still_good(self, cast: Cast, line: Line) -> None:
        version = save(cast.agent, cast.pia, prompt="Two")
        key = uuid4()
        line.numbers = 0
        with pytest.raises(Blocked):
            publish(version, live=None, by=cast.pia, key=key)
        with pytest.raises(PublishedMeanwhile):
            publish(version, live=9, by=cast.pia, key=key)
        with pytest.raises(AlreadyDone):
            unpublish(cast.agent, live=None, by=cast.pia, key=key)
        with pytest.raises(Stale):
            save_version(cast.agent, base=shown(cast.agent, cast.ben), by=cast.pia, key=key)

        line.numbers = 1
        publish(version, live=None, by=cast.pia, key=key)

        assert live(cast.agent) == 2

    def test_are_not_needed(self, cast: Cast) -> None:
        for _ in range(2):
            save_version(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)

        assert list(Event.objects.filter(actor=cast.ben).values_list("key", "request")) == [(None, "")] * 2
