"""What is typed into the admin's forms goes to the verbs, and a refusal is said beside what was typed."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from agentversions import operations
from agentversions.models import Action, Agent, Event, Membership, Project, Role, Version
from telephony import operations as phone
from telephony.models import Connection, PhoneNumber
from tests.cast import Cast
from tests.operators.conftest import Line, page, text

type SignIn = Callable[[User], Client]

KEY = "0192f0c0-0000-7000-8000-000000000001"


def acts(action: Action) -> list[Event]:
    """The facts of this kind."""
    return list(Event.objects.filter(action=action))


class TestAProject:
    def test_is_made_with_its_maker_as_admin(self, cast: Cast, sign_in: SignIn) -> None:
        sign_in(cast.ben).post(page(Project, "add"), {"name": "Night shift"})
        project = Project.objects.get(name="Night shift")
        assert Membership.objects.get(project=project).role == Role.ADMIN
        assert acts(Action.PROJECT_CREATED)[0].actor == cast.ben

    def test_is_refused_a_name_that_cant_be_kept(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.ben).post(page(Project, "add"), {"name": "Bell\x07"})
        assert answer.status_code == 200
        assert "no control characters" in text(answer)
        assert "Bell" in text(answer)
        assert Project.objects.count() == 2

    def test_is_not_renamed_for_there_is_no_verb(self, cast: Cast, root: User, sign_in: SignIn) -> None:
        assert sign_in(root).post(page(cast.project), {"name": "Other"}).status_code == 403


class TestAnAgent:
    def test_is_made_with_its_first_version_once(self, cast: Cast, sign_in: SignIn) -> None:
        told = {"project": str(cast.project.pk), "name": "Night desk", "key": KEY}
        for _ in range(2):
            assert sign_in(cast.ben).post(page(Agent, "add"), told).status_code == 302
        agent = Agent.objects.get(name="Night desk")
        assert Version.objects.get(agent=agent).number == 1
        assert agent.created_by == cast.ben

    def test_is_refused_to_viewers_with_what_they_typed(self, cast: Cast, sign_in: SignIn) -> None:
        told = {"project": str(cast.project.pk), "name": "Night desk", "key": KEY}
        answer = sign_in(cast.cleo).post(page(Agent, "add"), told)
        assert answer.status_code == 200
        assert "Your role doesn&#x27;t allow you to edit agents or review calls." in text(answer)
        assert 'value="Night desk"' in text(answer)
        assert Agent.objects.count() == 2

    def test_is_not_made_in_a_foreign_project(self, cast: Cast, sign_in: SignIn) -> None:
        told = {"project": str(cast.project.pk), "name": "Night desk", "key": KEY}
        assert "Select a valid choice" in text(sign_in(cast.olga).post(page(Agent, "add"), told))
        assert Agent.objects.count() == 2

    def test_is_renamed_by_the_verb(self, cast: Cast, sign_in: SignIn) -> None:
        told = {"name": "Front door", "initial-name": "Reception", "published": "1", "last_number": "40"}
        sign_in(cast.ben).post(page(cast.agent), told)
        agent = Agent.objects.get(pk=cast.agent.pk)
        assert (agent.name, agent.last_number, agent.published) == ("Front door", 1, None)
        assert acts(Action.AGENT_RENAMED)[0].particulars == {"before": "Reception", "name": "Front door"}

    def test_keeps_a_name_given_meanwhile_when_nothing_was_typed(self, cast: Cast, sign_in: SignIn) -> None:
        operations.rename_agent(cast.agent, "Front door", by=cast.ana)
        sign_in(cast.ben).post(page(cast.agent), {"name": "Reception", "initial-name": "Reception"})
        assert Agent.objects.get(pk=cast.agent.pk).name == "Front door"

    def test_is_not_renamed_by_viewers_or_strangers(self, cast: Cast, sign_in: SignIn) -> None:
        told = {"name": "Front door", "initial-name": "Reception"}
        assert sign_in(cast.cleo).post(page(cast.agent), told).status_code == 403
        assert sign_in(cast.olga).post(page(cast.agent), told).status_code == 302
        assert Agent.objects.get(pk=cast.agent.pk).name == "Reception"


class TestAMember:
    def test_is_added_by_the_name_they_sign_in_with(self, cast: Cast, root: User, sign_in: SignIn) -> None:
        told = {"project": str(cast.project.pk), "username": "charlie", "role": "viewer"}
        sign_in(root).post(page(Membership, "add"), told)
        assert Membership.objects.get(user=cast.charlie).role == Role.VIEWER
        assert acts(Action.ROLE_SET)[0].actor == root

    @pytest.mark.parametrize("username", ["nobody", "charlie", "olga"])
    def test_is_unknown_to_those_who_share_no_project(self, cast: Cast, sign_in: SignIn, username: str) -> None:
        told = {"project": str(cast.project.pk), "username": username, "role": "viewer"}
        shown = text(sign_in(cast.ana).post(page(Membership, "add"), told))
        assert "Nobody you share a project with signs in with this name." in shown
        assert Membership.objects.filter(project=cast.project).count() == 4

    def test_gets_another_role_by_the_verb(self, cast: Cast, sign_in: SignIn) -> None:
        membership = Membership.objects.get(project=cast.project, user=cast.cleo)
        sign_in(cast.ana).post(page(membership), {"role": "editor", "initial-role": "viewer"})
        assert Membership.objects.get(pk=membership.pk).role == Role.EDITOR
        assert len(acts(Action.ROLE_SET)) == 4

    def test_is_refused_when_a_project_would_lack_an_admin(self, cast: Cast, sign_in: SignIn) -> None:
        membership = Membership.objects.get(project=cast.project, user=cast.ana)
        answer = sign_in(cast.ana).post(page(membership), {"role": "viewer", "initial-role": "admin"})
        assert "A project needs an admin." in text(answer)
        assert Membership.objects.get(pk=membership.pk).role == Role.ADMIN

    def test_gives_themselves_nothing(self, cast: Cast, sign_in: SignIn) -> None:
        membership = Membership.objects.get(project=cast.project, user=cast.ben)
        told = {"role": "admin", "initial-role": "editor"}
        assert sign_in(cast.ben).post(page(membership), told).status_code == 403
        add = {"project": str(cast.project.pk), "username": "ben", "role": "admin"}
        assert "Your role" in text(sign_in(cast.ben).post(page(Membership, "add"), add))
        assert Membership.objects.get(pk=membership.pk).role == Role.EDITOR


class TestANumber:
    def test_is_added_in_any_spelling(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        told = {"connection": str(line.connection.pk), "text": "0044 113 496 0101"}
        sign_in(cast.ana).post(page(PhoneNumber, "add"), told)
        assert PhoneNumber.objects.filter(number="+441134960101", agent=None).exists()

    def test_is_refused_with_what_was_typed(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        told = {"connection": str(line.connection.pk), "text": "+1 555 000 1000"}
        assert "is in this connection already" in text(sign_in(cast.ana).post(page(PhoneNumber, "add"), told))
        assert "Your role" in text(sign_in(cast.pia).post(page(PhoneNumber, "add"), told | {"text": "+441134960101"}))
        assert PhoneNumber.objects.count() == 1

    def test_is_assigned_and_freed_by_publishers(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        pia, key = sign_in(cast.pia), str(cast.agent.pk)
        pia.post(page(line.number), {"agent": key, "initial-agent": ""})
        assert PhoneNumber.objects.get().agent == cast.agent
        pia.post(page(line.number), {"agent": "", "initial-agent": key})
        assert PhoneNumber.objects.get().agent is None
        assert [event.actor for event in acts(Action.NUMBER_UNASSIGNED)] == [cast.pia]
        assert sign_in(cast.ben).post(page(line.number), {"agent": key, "initial-agent": ""}).status_code == 403

    def test_isnt_taken_from_an_agent_that_the_page_didnt_show(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        other = operations.create_agent(cast.project, "Night desk", by=cast.ana)
        phone.assign_number(line.number, cast.agent, by=cast.pia)
        answer = sign_in(cast.pia).post(page(line.number), {"agent": str(other.pk), "initial-agent": ""})
        assert "It was assigned to another agent meanwhile." in text(answer)
        assert PhoneNumber.objects.get().agent == cast.agent

    def test_isnt_assigned_to_a_foreign_agent(self, cast: Cast, root: User, line: Line, sign_in: SignIn) -> None:
        answer = sign_in(root).post(page(line.number), {"agent": str(cast.orders.pk), "initial-agent": ""})
        assert "Select a valid choice" in text(answer)
        assert PhoneNumber.objects.get().agent is None


class TestAConnection:
    def test_is_changed_by_admins(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        told = {"name": "Main line", "initial-name": line.connection.name, "initial-enabled": "True"}
        told |= {"fallback": line.connection.fallback, "initial-fallback": line.connection.fallback}
        assert sign_in(cast.pia).post(page(line.connection), told).status_code == 403
        sign_in(cast.ana).post(page(line.connection), told)
        connection = Connection.objects.get()
        assert (connection.name, connection.enabled) == ("Main line", False)
        assert acts(Action.CONNECTION_CHANGED)[0].particulars["fields"] == ["name", "enabled"]

    def test_is_refused_a_worker_that_is_no_address(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        told = {"name": line.connection.name, "initial-name": line.connection.name, "enabled": "on"}
        told |= {"fallback": line.connection.fallback, "initial-fallback": line.connection.fallback}
        worker = line.connection.worker_url
        told |= {"initial-enabled": "True", "worker_url": "ftp://somewhere", "initial-worker_url": worker}
        answer = sign_in(cast.ana).post(page(line.connection), told)
        assert "Type the worker&#x27;s address" in text(answer)
        assert "ftp://somewhere" in text(answer)
        assert Connection.objects.get().worker_url == worker

    @pytest.mark.usefixtures("cast")
    def test_is_added_elsewhere(self, root: User, sign_in: SignIn) -> None:
        assert sign_in(root).get(page(Connection, "add")).status_code == 403


class TestAnAccount:
    @pytest.fixture
    def staff(self, cast: Cast) -> User:
        """Ana, who may change accounts."""
        cast.ana.user_permissions.set(Permission.objects.all())
        return cast.ana

    def test_is_changed_by_superusers_only_however_much_else_someone_may(
        self, staff: User, cast: Cast, root: User, sign_in: SignIn
    ) -> None:
        client, known = sign_in(staff), {user.pk: user.password for user in User.objects.all()}
        for user in (root, cast.olga, cast.ben, staff):
            told = {"username": "mine", "is_superuser": "on", "email": "me@example.com", "is_active": "on"}
            assert client.post(page(user), told).status_code == 403
            address, chosen = f"/admin/auth/user/{user.pk}/password/", {"password1": "x", "password2": "x"}
            assert client.post(address, chosen).status_code == 403
            assert client.get(page(user)).status_code == 200

        assert {user.pk: user.password for user in User.objects.all()} == known
        assert list(User.objects.filter(is_superuser=True)) == [root]
        assert sign_in(root).get(f"/admin/auth/user/{cast.ben.pk}/password/").status_code == 200

    def test_gets_no_powers_by_a_group(self, staff: User, root: User, sign_in: SignIn) -> None:
        group = Group.objects.create(name="Operators")
        staff.groups.add(group)

        answer = sign_in(staff).post(page(group), {"name": "Operators", "permissions": [1, 2, 3]})

        assert answer.status_code == 403
        assert not group.permissions.exists()
        assert sign_in(root).get(page(group)).status_code == 200
