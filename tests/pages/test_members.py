"""Members: who is in a project, and who decides that."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.access import role
from agentversions.models import Action, Event, Membership, Project, Role
from agentversions.operations import create_project, set_role
from tests.cast import Cast
from tests.factories import person
from tests.pages.conftest import SignIn


def page(project: Project) -> str:
    """The members' page."""
    return reverse("members.index", args=[project.pk])


def setting(project: Project) -> str:
    """Where a role is set."""
    return reverse("members.set_role", args=[project.pk])


def removing(project: Project) -> str:
    """Where a member is removed."""
    return reverse("members.remove", args=[project.pk])


def roles(project: Project) -> dict[str, str]:
    """Who holds which role."""
    return dict(Membership.objects.filter(project=project).values_list("user__username", "role"))


class TestLooking:
    def test_everyone_sees_who_is_there_but_only_an_admin_sees_controls(self, cast: Cast, sign_in: SignIn) -> None:
        for user in (cast.ana, cast.pia, cast.ben, cast.cleo):
            shown = sign_in(user).get(page(cast.project)).text
            assert [name in shown for name in ("Ana", "Pia", "Ben", "Cleo", "Olga")] == [True] * 4 + [False]
            assert (setting(cast.project) in shown) is (user == cast.ana)

    def test_what_each_role_may_do_is_said(self, cast: Cast, sign_in: SignIn) -> None:
        shown = sign_in(cast.cleo).get(page(cast.project)).text

        assert "Also publishes, unpublishes and assigns numbers." in shown

    def test_the_page_asks_the_database_as_often_for_four_members_as_for_thirty(
        self, cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = sign_in(cast.ana)
        with django_assert_num_queries(8):
            client.get(page(cast.project))

        for number in range(30):
            set_role(cast.project, person(f"Extra{number}"), Role.VIEWER, by=cast.ana)

        with django_assert_num_queries(8):
            client.get(page(cast.project))


class TestSettingARole:
    def test_an_admin_takes_in_someone_they_share_a_project_with(self, cast: Cast, sign_in: SignIn) -> None:
        set_role(create_project("Night shift", by=cast.charlie), cast.ana, Role.VIEWER, by=cast.charlie)
        client = sign_in(cast.ana)

        answer = client.post(setting(cast.project), {"username": "charlie", "role": "editor"})

        assert role(cast.charlie, cast.project) == Role.EDITOR
        assert "Charlie&#x27;s role is Editor now." in client.get(answer["Location"]).text
        assert Event.objects.latest("id").action == Action.ROLE_SET

    def test_who_was_taken_out_can_be_taken_in_again(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.ana)
        client.post(removing(cast.project), {"username": "ben", "sure": "yes"})

        client.post(setting(cast.project), {"username": "ben", "role": "viewer"})

        assert role(cast.ben, cast.project) == Role.VIEWER

    def test_who_runs_the_server_takes_in_anyone(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(person("Root", is_superuser=True))

        assert client.post(setting(cast.project), {"username": "charlie", "role": "editor"}).status_code == 302
        unknown = client.post(setting(cast.project), {"username": "nobody", "role": "editor"})

        assert role(cast.charlie, cast.project) == Role.EDITOR
        assert "Nobody here signs in with this name." in unknown.text

    def test_an_admin_changes_a_members_role(self, cast: Cast, sign_in: SignIn) -> None:
        sign_in(cast.ana).post(setting(cast.project), {"username": "ben", "role": "publisher"})

        assert role(cast.ben, cast.project) == Role.PUBLISHER

    def test_whether_a_stranger_has_an_account_isnt_told(self, cast: Cast, sign_in: SignIn) -> None:
        own, client = create_project("Mine alone", by=cast.charlie), sign_in(cast.charlie)
        person("Gone", is_active=False)

        def said(name: str) -> str:
            told = {"username": name, "role": "viewer"}
            shown = client.post(setting(own), told, headers={"HX-Request": "true"}).text
            return re.sub(r'(csrf\w*" value)="[^"]*"', "", shown).replace(name, "…")

        assert said("ana") == said("olga") == said("gone") == said("nobody")
        assert "Nobody you share a project with signs in with this name." in said("ana")
        assert roles(own) == {"charlie": "admin"}

    @pytest.mark.parametrize("username", ["nobody", "", "x" * 200, "char\0lie", "gone", "charlie", "olga"])
    def test_a_name_that_nobody_one_knows_signs_in_with_is_told_beside_the_field(
        self, cast: Cast, sign_in: SignIn, username: str
    ) -> None:
        person("Gone", is_active=False)
        before, events = roles(cast.project), Event.objects.count()
        client = sign_in(cast.ana)

        answer = client.post(setting(cast.project), {"username": username, "role": "editor"})
        fragment = client.post(
            setting(cast.project), {"username": username, "role": "editor"}, headers={"HX-Request": "true"}
        )

        assert (answer.status_code, fragment.status_code) == (422, 422)
        assert 'class="errorlist"' in answer.text
        assert fragment.text.strip().startswith('<form class="row add" id="add"')
        assert (roles(cast.project), Event.objects.count()) == (before, events)

    def test_a_role_that_doesnt_exist_is_refused(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.ana).post(setting(cast.project), {"username": "ben", "role": "owner"})

        assert answer.status_code == 422
        assert role(cast.ben, cast.project) == Role.EDITOR

    def test_the_last_admin_stays_one(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.ana).post(setting(cast.project), {"username": "ana", "role": "viewer"})

        assert answer.status_code == 422
        assert "A project needs an admin." in answer.text
        assert role(cast.ana, cast.project) == Role.ADMIN


class TestRemoving:
    def test_it_asks_first(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.ana)

        asked = client.post(removing(cast.project), {"username": "ben"}, headers={"HX-Request": "true"})

        assert (asked.status_code, asked["HX-Retarget"]) == (409, "#dialog")
        assert "Remove Ben from Front desk?" in asked.text
        assert "<html" not in asked.text
        assert role(cast.ben, cast.project) == Role.EDITOR

        client.post(removing(cast.project), {"username": "ben", "sure": "yes"})
        assert role(cast.ben, cast.project) is None

    def test_who_removes_themselves_ends_where_they_may_be(self, cast: Cast, sign_in: SignIn) -> None:
        set_role(cast.project, cast.pia, Role.ADMIN, by=cast.ana)

        answer = sign_in(cast.pia).post(removing(cast.project), {"username": "pia", "sure": "yes"})

        assert answer["Location"] == reverse("projects.home")

    def test_the_last_admin_cant_leave(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.ana).post(removing(cast.project), {"username": "ana", "sure": "yes"})

        assert answer.status_code == 422
        assert role(cast.ana, cast.project) == Role.ADMIN

    @pytest.mark.parametrize("username", ["olga", "nobody", "", "be\0n"])
    def test_who_isnt_a_member_is_unknown(self, cast: Cast, sign_in: SignIn, username: str) -> None:
        answer = sign_in(cast.ana).post(removing(cast.project), {"username": username, "sure": "yes"})

        assert answer.status_code == 404


class TestAccess:
    @pytest.mark.parametrize("who", ["pia", "ben", "cleo"])
    def test_others_are_refused_and_nothing_is_written(self, cast: Cast, sign_in: SignIn, who: str) -> None:
        client = sign_in(getattr(cast, who))
        before, events = roles(cast.project), Event.objects.count()

        for url in (setting(cast.project), removing(cast.project)):
            for username in ("ben", "charlie", "nobody"):
                posted = {"username": username, "role": "admin", "sure": "yes"}
                assert client.post(url, posted).status_code == 403

        assert (roles(cast.project), Event.objects.count()) == (before, events)

    def test_another_project_is_unknown(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.ana)

        assert client.get(page(cast.elsewhere)).status_code == 404
        for url in (setting(cast.elsewhere), removing(cast.elsewhere)):
            assert client.post(url, {"username": "ana", "role": "admin"}).status_code == 404

    def test_only_a_post_writes_and_only_a_get_reads(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.ana)

        assert client.get(setting(cast.project)).status_code == 405
        assert client.get(removing(cast.project)).status_code == 405
        assert client.post(page(cast.project)).status_code == 405

    def test_who_isnt_signed_in_is_led_to_sign_in(self, cast: Cast, client: Client) -> None:
        for answer in (client.get(page(cast.project)), client.post(setting(cast.project))):
            assert answer["Location"].startswith(reverse("accounts.sign_in"))
