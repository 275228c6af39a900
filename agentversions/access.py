"""Who may see or do what: the one table, and the one gate through which things are found.

What belongs to a project someone isn't a member of is as unknown as what doesn't exist: both are 404. The same holds
for people: anyone may make a project and be its admin, so if an admin could add whoever has an account, anyone could
learn who has one, and put a project before strangers. Nobody is invited by e-mail either: accounts are made by who runs
the server, who can add a newcomer to a first project in the same breath.
"""

from enum import StrEnum
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import Http404

from agentversions.models import Agent, Membership, Project, Role, Version
from agentversions.refusals import Invalid, NotAllowed


class Act(StrEnum):
    """Kinds of acts, as roles tell them apart."""

    VIEW = "view"
    EDIT = "edit"
    PUBLISH = "publish"
    ADMINISTER = "administer"


MAY: dict[Role, frozenset[Act]] = {
    Role.VIEWER: frozenset({Act.VIEW}),
    Role.EDITOR: frozenset({Act.VIEW, Act.EDIT}),
    Role.PUBLISHER: frozenset({Act.VIEW, Act.EDIT, Act.PUBLISH}),
    Role.ADMIN: frozenset(Act),
}
"""Viewers read. Editors draft and save versions. Publishers also publish and assign numbers. Admins do the rest."""

_IN_WORDS = {
    Act.VIEW: "look into this project",
    Act.EDIT: "edit agents or review calls",
    Act.PUBLISH: "publish or assign numbers",
    Act.ADMINISTER: "change members, connections and numbers",
}


def role(user: User, project: Project) -> Role | None:
    """The user's role in the project; a superuser is an admin everywhere."""
    if not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    held = Membership.objects.filter(project=project, user=user).values_list("role", flat=True).first()
    return Role(held) if held else None


def may(user: User, act: Act, project: Project) -> bool:
    """Whether the user's role in the project includes the act."""
    held = role(user, project)
    return held is not None and act in MAY[held]


def require(user: User, act: Act, project: Project) -> None:
    """Raise NotAllowed, naming to members who can help, unless the user may."""
    held = role(user, project)
    if held is None:
        raise NotAllowed  # without a name: strangers learn nobody's
    if act not in MAY[held]:
        helpers = ", ".join(names(able(act, project)[:3]))
        cure = f" Ask {helpers}." if helpers else ""
        raise NotAllowed(f"Your role doesn't allow you to {_IN_WORDS[act]}.{cure}")


def able(act: Act, project: Project) -> QuerySet[User]:
    """The project's active members whose role includes the act."""
    roles = [held for held, acts in MAY.items() if act in acts]
    return User.objects.filter(is_active=True, memberships__project=project, memberships__role__in=roles).order_by(
        "username"
    )


def names(people: QuerySet[User] | list[User]) -> list[str]:
    """What each person is called."""
    return [person.get_full_name() or person.get_username() for person in people]


def projects(user: User) -> QuerySet[Project]:
    """The projects the user can look into."""
    if user.is_superuser and user.is_active:
        return Project.objects.all()
    return Project.objects.filter(memberships__user=user, memberships__user__is_active=True)


def project(user: User, pk: UUID) -> Project:
    """The project, or 404."""
    return _found(projects(user).filter(pk=pk).first())


def people(user: User) -> QuerySet[User]:
    """The active people whom the user may know: who is, or was, in one of their projects; a superuser knows all."""
    active = User.objects.filter(is_active=True)
    if user.is_superuser and user.is_active:
        return active
    known = {"project__in": projects(user)}
    return active.filter(
        Q(pk__in=Membership.objects.filter(**known).values("user"))
        | Q(pk__in=Membership.history.filter(**known).values("user"))
    )


def someone(user: User, username: str) -> User:
    """One of the people whom the user may know, by the name they sign in with; raises Invalid."""
    found = None if "\0" in username else people(user).filter(username=username).first()
    if found is None and user.is_superuser:
        raise Invalid("Nobody here signs in with this name.")
    if found is None:
        raise Invalid("Nobody you share a project with signs in with this name. Who runs this server can add others.")
    return found


def agent(user: User, pk: UUID) -> Agent:
    """The agent with its project and live version, or 404."""
    found = Agent.objects.select_related("project", "published", "published__author").defer("published__configuration")
    return _found(found.filter(pk=pk, project__in=projects(user)).first())


def agent_of(user: User, project: Project, pk: UUID) -> Agent:
    """One of the project's agents, as `agent` gives it, or 404."""
    found = agent(user, pk)
    return _found(found if found.project_id == project.pk else None)


def version(user: User, agent_pk: UUID, number: int) -> Version:
    """A version with its agent and project, or 404."""
    found = Version.objects.select_related("agent__project", "agent__published", "author", "parent").defer(
        "agent__published__configuration", "parent__configuration"
    )
    return _found(found.filter(agent=agent_pk, number=number, agent__project__in=projects(user)).first())


def _found[T](thing: T | None) -> T:
    if thing is None:
        raise Http404
    return thing
