"""The product's memory: every act is one fact, told as a sentence, and what was live when follows from them."""

from itertools import pairwise

from agentversions.configuration import Configuration
from agentversions.history import live_before, record, sentence, spans
from agentversions.models import Action, Agent, Draft, Event, Role
from agentversions.operations import (
    archive_agent,
    bring_back_draft,
    create_agent,
    discard_draft,
    duplicate_agent,
    edit_into_draft,
    publish,
    publish_draft,
    remove_member,
    rename_agent,
    rename_version,
    save_and_edit_into_draft,
    set_role,
    unpublish,
)
from tests.cast import Cast, edit, live, save, shown


def told(cast: Cast) -> list[str]:
    """The project's activity, oldest first."""
    events = Event.objects.filter(project=cast.project).select_related("actor", "agent", "version").order_by("id")
    return [f"{event.actor.first_name} {sentence(event)}" for event in events]


def test_every_act_is_told_in_the_order_it_was_done(cast: Cast) -> None:
    agent = cast.agent
    first = agent.versions.get()
    second = save(agent, cast.ben, prompt="Two")
    rename_version(second, "Two {weeks}", by=cast.ben)
    publish(second, live=None, by=cast.pia)
    edit(agent, cast.pia, prompt="Three")
    publish_draft(agent, base=shown(agent, cast.pia), live=2, by=cast.pia)
    edit(agent, cast.pia, prompt="Four")
    save_and_edit_into_draft(first, base=shown(agent, cast.pia), by=cast.pia)
    edit_into_draft(second, base=shown(agent, cast.pia), by=cast.pia)
    discard_draft(agent, base=shown(agent, cast.pia), by=cast.pia)
    bring_back_draft(agent, Draft.history.latest("history_id").history_id, by=cast.pia)
    unpublish(agent, live=3, by=cast.pia)
    duplicate_agent(agent, by=cast.ben)
    rename_agent(agent, "Front {desk}", by=cast.ben)
    set_role(cast.project, cast.charlie, Role.VIEWER, by=cast.ana)
    remove_member(cast.project.memberships.get(user=cast.charlie), by=cast.ana)
    archive_agent(agent, by=cast.ana)

    assert told(cast) == [
        "Ana created the project “Front desk”",
        "Ana made pia publisher",
        "Ana made ben editor",
        "Ana made cleo viewer",
        "Ana created Front {desk} with v1",
        "Ben saved v2",
        "Ben named v2 “Two {weeks}”",
        "Pia published v2",
        "Pia published v3 instead of v2",
        "Pia saved v4",
        "Pia copied v1 into their draft",
        "Pia copied v2 into their draft",
        "Pia discarded their draft",
        "Pia brought back an earlier draft",
        "Pia unpublished v3",
        "Ben created Reception (copy) as a copy of Reception",
        "Ben renamed “Reception” to “Front {desk}”",
        "Ana made charlie viewer",
        "Ana removed charlie from the project",
        "Ana archived Front {desk}",
    ]


def test_every_action_can_be_told_whatever_its_particulars_are(cast: Cast) -> None:
    version = cast.agent.versions.get()
    odd = {"agent": "x", "version": 7, "action": "x", "name": "{name}", "self": 1, "unheard_of": [1]}
    for action in Action:
        for particulars in ({}, odd):
            event = record(
                action,
                by=cast.ana,
                project=cast.project,
                agent=cast.agent,
                version=version,
                particulars=particulars,
            )
            assert sentence(event)


def test_what_was_live_when_follows_from_the_facts(cast: Cast) -> None:
    second, third = save(cast.agent, cast.pia, prompt="Two"), save(cast.agent, cast.pia, prompt="Three")
    assert spans(cast.agent) == []

    publish(second, live=None, by=cast.pia)
    publish(third, live=2, by=cast.pia)
    unpublish(cast.agent, live=3, by=cast.pia)
    publish(second, live=None, by=cast.pia)

    lives = spans(cast.agent)
    assert [span.number for span in lives] == [2, 3, 2]
    assert [span.until is None for span in lives] == [False, False, True]
    assert all(before.until and before.since <= before.until <= after.since for before, after in pairwise(lives))
    assert lives[-1].number == live(cast.agent)


def test_unpublishing_ends_the_last_time(cast: Cast) -> None:
    publish(save(cast.agent, cast.pia, prompt="Two"), live=None, by=cast.pia)
    unpublish(cast.agent, live=2, by=cast.pia)

    assert [(span.number, span.until is None) for span in spans(cast.agent)] == [(2, False)]


def test_what_was_live_before_is_the_last_other_one(cast: Cast) -> None:
    def before() -> int | None:
        return live_before(Agent.objects.get(pk=cast.agent.pk))

    second, third = save(cast.agent, cast.pia, prompt="Two"), save(cast.agent, cast.pia, prompt="Three")
    assert before() is None
    publish(second, live=None, by=cast.pia)
    assert before() is None
    publish(third, live=2, by=cast.pia)
    assert before() == 2
    publish(second, live=3, by=cast.pia)
    assert before() == 3


def test_two_agents_histories_never_mix(cast: Cast) -> None:
    other = create_agent(cast.project, "Night desk", by=cast.pia, configuration=Configuration(prompt="Good night."))
    publish(other.versions.get(), live=None, by=cast.pia)

    assert spans(cast.agent) == []
    assert [span.number for span in spans(other)] == [1]
