"""Agents: the list, a new one, and the editor of one's own draft."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from agentversions import access, exchange, operations
from agentversions.access import Act
from agentversions.refusals import Hostile, TooLarge
from agentversions.starters import STARTERS
from dashboard.forms import NameForm, read_file, uuid_or_none
from dashboard.http import Request, go_to, opened
from dashboard.pages import agents as pages
from dashboard.pages import bringing, dialogs, editor


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's agents, and what each answers with."""
    project = access.project(request.user, project_id)
    return opened(render(request, "agents/index.html", pages.agents(request.user, project)), project.pk)


def create(request: Request, project_id: UUID) -> HttpResponse:
    """Create an agent from a starter, or from what a file was found to hold; its editor opens."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.EDIT, project)
    form, given = NameForm(request.POST or None), request.POST.get("configuration")
    starter = STARTERS.get(request.POST.get("starter", "reception"), STARTERS["blank"])
    if request.method == "POST" and (given or form.is_valid()):
        made = operations.create_agent(
            project,
            request.POST.get("name", ""),
            by=request.user,
            configuration=exchange.checked(given) if given else starter.configuration,
            key=uuid_or_none(request.POST.get("key", "")),
        )
        return redirect("agents.show", made.pk)
    told = bringing.choosing(request.user, project, form=form, chosen=starter.title)
    return render(request, "agents/create.html", told)


def preview(request: Request, project_id: UUID) -> HttpResponse:
    """What a file from elsewhere holds for a new agent; nothing is created yet."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.EDIT, project)
    if request.method != "POST":
        return redirect("agents.create", project.pk)
    try:
        brought = exchange.bring(read_file(request))
    except (Hostile, TooLarge) as refused:
        told = bringing.choosing(request.user, project, form=NameForm(), chosen="Reception", refused=refused)
        return render(request, "agents/create.html", told, status=refused.status)
    return render(request, "agents/preview.html", bringing.preview(request.user, project, brought))


@require_safe
def show(request: Request, agent_id: UUID) -> HttpResponse:
    """The editor of one's draft; who may only look sees what is live, or the newest version."""
    agent = access.agent(request.user, agent_id)
    if agent.archived_at or not access.may(request.user, Act.EDIT, agent.project):
        return redirect("versions.show", agent.pk, agent.start().number)
    return render(request, "agents/show.html", editor.editor(request.user, agent))


@require_safe
def confirm_rename(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog for another name."""
    agent = access.agent(request.user, agent_id)
    return render(request, *dialogs.dialog(request, "agents/rename.html", agent, name=agent.name))


@require_POST
def rename(request: Request, agent_id: UUID) -> HttpResponse:
    """Give the agent another name."""
    agent = access.agent(request.user, agent_id)
    operations.rename_agent(agent, request.POST.get("name", ""), by=request.user)
    return go_to(request, reverse("agents.show", args=[agent.pk]))


@require_POST
def duplicate(request: Request, agent_id: UUID) -> HttpResponse:
    """Make a new agent of what this one answers with."""
    agent = access.agent(request.user, agent_id)
    copy = operations.duplicate_agent(agent, by=request.user, key=uuid_or_none(request.POST.get("key", "")))
    return go_to(request, reverse("agents.show", args=[copy.pk]))


@require_safe
def confirm_archive(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog that says what archiving does."""
    agent = access.agent(request.user, agent_id)
    return render(request, *dialogs.dialog(request, "agents/archive.html", agent))


@require_POST
def archive(request: Request, agent_id: UUID) -> HttpResponse:
    """Retire the agent."""
    agent = access.agent(request.user, agent_id)
    operations.archive_agent(agent, by=request.user, key=uuid_or_none(request.POST.get("key", "")))
    return go_to(request, reverse("agents.index", args=[agent.project_id]))
