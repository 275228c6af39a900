"""The cast of our stories, and what they do with their hands: all of it through the product's own verbs.

Ana runs the project "Front desk", Pia publishes, Ben edits and Cleo reads; its agent is "Reception". Olga runs the
project "Warehouse" with its agent "Orders", of which none of them may learn. Charlie can sign in, and is a member of
nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import User

from agentversions import typed as typing
from agentversions.base import Base
from agentversions.models import Agent, Draft, Project, Role, Version
from agentversions.operations import Saved, create_agent, create_project, edit_draft, save_version, set_role
from agentversions.typed import Typed
from tests.factories import person


@dataclass(frozen=True)
class Cast:
    """Who is in the story."""

    ana: User
    pia: User
    ben: User
    cleo: User
    olga: User
    charlie: User
    project: Project
    agent: Agent
    elsewhere: Project
    orders: Agent


def assemble() -> Cast:
    """Two projects, their people, and an agent with a blank v1 in each."""
    people = {name: person(name) for name in ("Ana", "Pia", "Ben", "Cleo", "Olga", "Charlie")}
    ana, pia, ben, cleo, olga, charlie = people.values()
    project = create_project("Front desk", by=ana)
    for user, role in ((pia, Role.PUBLISHER), (ben, Role.EDITOR), (cleo, Role.VIEWER)):
        set_role(project, user, role, by=ana)
    elsewhere = create_project("Warehouse", by=olga)
    return Cast(
        ana,
        pia,
        ben,
        cleo,
        olga,
        charlie,
        project,
        create_agent(project, "Reception", by=ana),
        elsewhere,
        create_agent(elsewhere, "Orders", by=olga),
    )


def typed(tools: Iterable[Mapping[str, str]] | None = None, /, **settings: str) -> Typed:
    """What the editor's form sends: `typed(prompt="Hello", voice__speed="1.2")`, tools as rows with id and kind."""
    fields = {name.replace("__", "."): text for name, text in settings.items()}
    if tools is not None:
        rows = list(tools)
        fields["tools"] = ",".join(row["id"] for row in rows)
        fields |= {f"tools.{row['id']}.{name}": text for row in rows for name, text in row.items() if name != "id"}
    return typing.read(fields)


def opened(agent: Agent, user: User) -> Draft:
    """The draft as the user's editor shows it when it is opened now."""
    return Draft.objects.of(Agent.objects.get(pk=agent.pk), user)


def shown(agent: Agent, user: User) -> Base:
    """What a page that was opened now has seen of the draft."""
    return opened(agent, user).base


def live(agent: Agent) -> int | None:
    """The number of the version that is live now."""
    number: int | None = Agent.objects.values_list("published__number", flat=True).get(pk=agent.pk)
    return number


def edit(agent: Agent, user: User, **settings: str) -> Saved:
    """Type into one's own draft, on a page that was just loaded."""
    return edit_draft(agent, typed(**settings), base=shown(agent, user), by=user)


def save(agent: Agent, user: User, name: str = "", **settings: str) -> Version:
    """Type into one's own draft, and save it as the next version."""
    if settings:
        edit(agent, user, **settings)
    return save_version(agent, base=shown(agent, user), by=user, name=name)


def stored(agent: Agent, user: User) -> Draft:
    """The user's draft as it lies in the database."""
    return Draft.objects.get(agent=agent, owner=user)
