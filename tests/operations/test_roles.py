"""Every verb for every role, from one table; and the last admin, who can't leave."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404

from agentversions import access, operations
from agentversions.access import Act
from agentversions.models import Agent, Draft, Event, Membership, Project, Role, Secret, Version
from agentversions.operations import (
    archive_agent,
    bring_back_draft,
    create_agent,
    create_project,
    discard_draft,
    duplicate_agent,
    edit_draft,
    edit_into_draft,
    keep_typed,
    merge_published,
    publish,
    publish_draft,
    remove_member,
    remove_secret,
    rename_agent,
    rename_version,
    resolve_draft,
    resume_project,
    save_and_edit_into_draft,
    save_version,
    set_role,
    set_secret,
    suspend_project,
    unpublish,
)
from agentversions.refusals import AlreadyDone, Invalid, NotAllowed
from tests.cast import Cast, opened, save, shown, typed
from tests.factories import person


@dataclass(frozen=True)
class Scene:
    """The cast on a stage where every verb has something to do."""

    cast: Cast
    live: Version
    older: Version
    idle: Agent
    checkpoint: int
    secret: Secret
    suspended: Project


EDITORS = {"editor", "publisher", "admin", "superuser"}
PUBLISHERS = {"publisher", "admin", "superuser"}
ADMINS = {"admin", "superuser"}
SUPERUSERS = {"superuser"}

VERBS: dict[str, tuple[set[str], Callable[[Scene, User], object]]] = {
    "create_agent": (EDITORS, lambda s, by: create_agent(s.cast.project, "New", by=by)),
    "rename_agent": (EDITORS, lambda s, by: rename_agent(s.cast.agent, "Renamed", by=by)),
    "duplicate_agent": (EDITORS, lambda s, by: duplicate_agent(s.cast.agent, by=by)),
    "edit_draft": (
        EDITORS,
        lambda s, by: edit_draft(s.cast.agent, typed(greeting="Hi"), base=shown(s.cast.agent, by), by=by),
    ),
    "discard_draft": (EDITORS, lambda s, by: discard_draft(s.cast.agent, base=shown(s.cast.agent, by), by=by)),
    "bring_back_draft": (EDITORS, lambda s, by: bring_back_draft(s.cast.agent, s.checkpoint, by=by)),
    "keep_typed": (EDITORS, lambda s, by: keep_typed(s.cast.agent, typed(prompt="Left"), by=by)),
    "resolve_draft": (
        EDITORS,
        lambda s, by: resolve_draft(s.cast.agent, typed(prompt="Tab's"), saved=[], base=shown(s.cast.agent, by), by=by),
    ),
    "edit_into_draft": (
        EDITORS,
        lambda s, by: edit_into_draft(s.older, base=shown(s.cast.agent, by), by=by, replace=True),
    ),
    "save_and_edit_into_draft": (
        EDITORS,
        lambda s, by: save_and_edit_into_draft(s.older, base=shown(s.cast.agent, by), by=by),
    ),
    "merge_published": (
        EDITORS,
        lambda s, by: merge_published(
            s.cast.agent, base=shown(s.cast.agent, by), live=s.live.number, choices={}, by=by
        ),
    ),
    "save_version": (EDITORS, lambda s, by: save_version(s.cast.agent, base=shown(s.cast.agent, by), by=by)),
    "rename_version": (EDITORS, lambda s, by: rename_version(s.older, "Renamed", by=by)),
    "publish": (PUBLISHERS, lambda s, by: publish(s.older, live=s.live.number, by=by)),
    "publish_draft": (
        PUBLISHERS,
        lambda s, by: publish_draft(s.cast.agent, base=shown(s.cast.agent, by), live=s.live.number, by=by),
    ),
    "unpublish": (PUBLISHERS, lambda s, by: unpublish(s.cast.agent, live=s.live.number, by=by)),
    "archive_agent": (ADMINS, lambda s, by: archive_agent(s.idle, by=by)),
    "set_role": (ADMINS, lambda s, by: set_role(s.cast.project, s.cast.charlie, Role.VIEWER, by=by)),
    "remove_member": (
        ADMINS,
        lambda s, by: remove_member(s.cast.project.memberships.get(user=s.cast.ben), by=by),
    ),
    "set_secret": (ADMINS, lambda s, by: set_secret(s.cast.project, "NEW_TOKEN", "a token", by=by)),
    "remove_secret": (ADMINS, lambda s, by: remove_secret(s.secret, by=by)),
    "suspend_project": (SUPERUSERS, lambda s, by: suspend_project(s.cast.project, by=by)),
    "resume_project": (SUPERUSERS, lambda s, by: resume_project(s.suspended, by=by)),
}
PEOPLE = ["viewer", "editor", "publisher", "admin", "superuser", "of another project", "of no project", "deactivated"]


def everything() -> list[Any]:
    """All that a verb could have written."""
    tables: list[Any] = [
        *(Project.objects, Membership.objects, Agent.objects, Version.objects),
        *(Draft.objects, Draft.history, Event.objects, Secret.objects),
    ]
    return [list(table.order_by("pk").values()) for table in tables]


def who(cast: Cast, name: str) -> User:
    """The person of this role, who has drafted something before they had it."""
    match name:
        case "superuser":
            return person("Root", is_superuser=True)
        case "deactivated":
            cast.pia.is_active = False
            cast.pia.save()
            return cast.pia
        case _:
            return {
                "viewer": cast.cleo,
                "editor": cast.ben,
                "publisher": cast.pia,
                "admin": cast.ana,
                "of another project": cast.olga,
                "of no project": cast.charlie,
            }[name]


def stage(cast: Cast, actor: User) -> Scene:
    """A live version, an older one, an idle agent, and a draft of the actor's own with an earlier state of it."""
    older, newer = save(cast.agent, cast.ana, prompt="Two"), save(cast.agent, cast.ana, prompt="Three")
    publish(newer, live=None, by=cast.ana)
    draft = opened(cast.agent, actor)
    draft.started_at = cast.agent.created_at
    draft.based_on = draft.live_at_start = older
    draft.save()
    kept = Draft.history.bulk_history_create([draft], update=True)[0].history_id
    secret = set_secret(cast.project, "OLD_TOKEN", "a token", by=cast.ana)
    suspended = suspend_project(create_project("Idle", by=cast.ana), by=person("Operator", is_superuser=True))
    return Scene(cast, newer, older, create_agent(cast.project, "Idle", by=cast.ana), kept, secret, suspended)


@pytest.mark.parametrize("name", PEOPLE)
def test_what_a_role_may_do(cast: Cast, name: str) -> None:
    actor = who(cast, name)
    scene = stage(cast, actor)
    before = everything()

    done = set()
    for verb, (_, deed) in VERBS.items():
        with transaction.atomic():
            try:
                deed(scene, actor)
            except NotAllowed:
                assert everything() == before
            else:
                assert everything() != before
                done.add(verb)
            transaction.set_rollback(True)

    assert done == {verb for verb, (allowed, _) in VERBS.items() if name in allowed}


def test_the_table_has_every_verb() -> None:
    assert {*VERBS, "create_project", "Saved"} == set(operations.__all__)


class TestNotAllowed:
    def test_names_to_members_who_can_help(self, cast: Cast) -> None:
        version = save(cast.agent, cast.ben, prompt="Two")

        with pytest.raises(NotAllowed, match=r"publish or assign numbers\. Ask Ana, Pia\.$"):
            publish(version, live=None, by=cast.ben)

    def test_names_nobody_to_strangers(self, cast: Cast) -> None:
        for stranger in (cast.olga, cast.charlie):
            with pytest.raises(NotAllowed) as refused:
                rename_agent(cast.agent, "Mine", by=stranger)
            assert "Ana" not in refused.value.sentence

    def test_passes_over_those_who_can_no_longer_sign_in(self, cast: Cast) -> None:
        cast.pia.is_active = False
        cast.pia.save()

        assert access.names(access.able(Act.PUBLISH, cast.project)) == ["Ana"]


class TestTheGate:
    def test_members_of_any_role_find_what_is_theirs(self, cast: Cast) -> None:
        for member in (cast.ana, cast.pia, cast.ben, cast.cleo):
            assert access.project(member, cast.project.pk) == cast.project
            assert access.agent(member, cast.agent.pk) == cast.agent
            assert access.version(member, cast.agent.pk, 1).number == 1
            assert list(access.projects(member)) == [cast.project]

    def test_foreign_and_unknown_are_the_same_404(self, cast: Cast) -> None:
        for stranger in (cast.olga, cast.charlie):
            for project in (cast.project.pk, uuid4()):
                with pytest.raises(Http404):
                    access.project(stranger, project)
            for agent in (cast.agent.pk, uuid4()):
                with pytest.raises(Http404):
                    access.agent(stranger, agent)
                with pytest.raises(Http404):
                    access.version(stranger, agent, 1)

    def test_a_number_that_is_another_agents_is_404(self, cast: Cast) -> None:
        save(cast.orders, cast.olga)

        assert access.version(cast.olga, cast.orders.pk, 2)
        with pytest.raises(Http404):
            access.version(cast.ana, cast.agent.pk, 2)

    def test_a_superuser_finds_everything_and_a_deactivated_one_nothing(self, cast: Cast) -> None:
        root = person("Root", is_superuser=True)
        assert set(access.projects(root)) == {cast.project, cast.elsewhere}

        root.is_active = False
        root.save()

        assert not access.projects(root)
        with pytest.raises(Http404):
            access.agent(root, cast.agent.pk)

    def test_a_deactivated_member_finds_nothing(self, cast: Cast) -> None:
        cast.ana.is_active = False
        cast.ana.save()

        with pytest.raises(Http404):
            access.project(cast.ana, cast.project.pk)


class TestMembers:
    def test_who_makes_a_project_is_its_admin(self, cast: Cast) -> None:
        project = create_project(" New  room ", by=cast.charlie)

        assert project.name == "New room"
        assert access.role(cast.charlie, project) is Role.ADMIN

    @pytest.mark.parametrize("name", ["", "x" * 101, "\x00", "\u202egnp.evil", "a\u2066b", "\u200b", "\ufeff \u200d"])
    def test_a_project_needs_a_name(self, cast: Cast, name: str) -> None:
        with pytest.raises(Invalid):
            create_project(name, by=cast.charlie)

    def test_a_role_can_be_given_and_changed(self, cast: Cast) -> None:
        set_role(cast.project, cast.charlie, Role.VIEWER, by=cast.ana)
        set_role(cast.project, cast.charlie, Role.PUBLISHER, by=cast.ana)

        assert access.role(cast.charlie, cast.project) is Role.PUBLISHER
        assert Membership.objects.filter(project=cast.project, user=cast.charlie).count() == 1

    def test_the_same_role_again_is_no_act(self, cast: Cast) -> None:
        before = Event.objects.count()

        with pytest.raises(AlreadyDone, match="Editor already"):
            set_role(cast.project, cast.ben, Role.EDITOR, by=cast.ana)

        assert Event.objects.count() == before

    def test_who_is_removed_may_do_nothing_more_and_what_they_did_stays(self, cast: Cast) -> None:
        version = save(cast.agent, cast.ben, prompt="Ben's")

        remove_member(cast.project.memberships.get(user=cast.ben), by=cast.ana)

        assert access.role(cast.ben, cast.project) is None
        version.refresh_from_db()
        assert version.author == cast.ben

    def test_who_is_gone_can_not_be_removed_again(self, cast: Cast) -> None:
        membership = cast.project.memberships.get(user=cast.ben)
        remove_member(membership, by=cast.ana)

        with pytest.raises(AlreadyDone):
            remove_member(Membership(pk=membership.pk or 1, project=cast.project, user=cast.ben), by=cast.ana)

    def test_the_last_admin_can_neither_leave_nor_step_down(self, cast: Cast) -> None:
        with pytest.raises(Invalid, match="needs an admin"):
            set_role(cast.project, cast.ana, Role.VIEWER, by=cast.ana)
        with pytest.raises(Invalid, match="needs an admin"):
            remove_member(cast.project.memberships.get(user=cast.ana), by=cast.ana)

        assert access.role(cast.ana, cast.project) is Role.ADMIN

    def test_an_admin_who_can_not_sign_in_does_not_count_as_the_other_one(self, cast: Cast) -> None:
        set_role(cast.project, cast.charlie, Role.ADMIN, by=cast.ana)
        cast.charlie.is_active = False
        cast.charlie.save()

        with pytest.raises(Invalid):
            set_role(cast.project, cast.ana, Role.VIEWER, by=cast.ana)

    def test_one_of_two_admins_may_leave(self, cast: Cast) -> None:
        set_role(cast.project, cast.pia, Role.ADMIN, by=cast.ana)

        remove_member(cast.project.memberships.get(user=cast.ana), by=cast.ana)

        assert access.role(cast.ana, cast.project) is None
