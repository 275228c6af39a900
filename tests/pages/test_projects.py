"""Where one arrives: at the project one opened last, wherever one is added meanwhile."""

import pytest
from django.test import Client
from django.urls import reverse

from agentversions.models import Project, Role
from agentversions.operations import create_project, remove_member, set_role
from tests.cast import Cast
from tests.factories import person
from tests.pages.conftest import SignIn

HOME = reverse("projects.home")


def agents(project: Project) -> str:
    """The project's page."""
    return reverse("agents.index", args=[project.pk])


def arrives(client: Client) -> str:
    """Where the home page leads."""
    return client.get(HOME).headers["Location"]


def test_being_added_to_another_project_moves_nobodys_home(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.ben)
    assert arrives(client) == agents(cast.project)

    other = create_project("A first in the alphabet", by=cast.pia)
    set_role(other, cast.ben, Role.ADMIN, by=cast.pia)

    assert arrives(client) == agents(cast.project)
    assert agents(other) in client.get(reverse("projects.index")).text


def test_one_arrives_where_one_was_last(cast: Cast, sign_in: SignIn) -> None:
    other = create_project("Night shift", by=cast.ben)
    client = sign_in(cast.ben)

    client.get(agents(other))
    assert arrives(client) == agents(other)

    client.get(agents(cast.project))
    assert arrives(client) == agents(cast.project)


def test_what_one_may_no_longer_see_is_no_home(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.ben)
    client.get(agents(cast.project))

    remove_member(cast.project.memberships.get(user=cast.ben), by=cast.ana)

    assert arrives(client) == reverse("projects.create")


@pytest.mark.parametrize("kept", ["", "x", "\0", "00000000-0000-0000-0000-000000000000", "elsewhere"])
def test_what_a_browser_says_it_opened_opens_nothing(cast: Cast, sign_in: SignIn, kept: str) -> None:
    client = sign_in(cast.ben)
    client.cookies["project"] = str(cast.elsewhere.pk) if kept == "elsewhere" else kept

    assert arrives(client) == agents(cast.project)


def test_who_is_in_no_project_creates_one_and_who_runs_the_server_chooses(cast: Cast, sign_in: SignIn) -> None:
    assert arrives(sign_in(cast.charlie)) == reverse("projects.create")
    assert arrives(sign_in(person("Root", is_superuser=True))) == reverse("projects.index")
