"""What was done, by whom and when: in a project, and to one agent."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agentversions import access
from dashboard.forms import whole
from dashboard.http import Request
from dashboard.pages import people as pages


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's activity, newest first."""
    project = access.project(request.user, project_id)
    context = pages.activity(request.user, project, before=_before(request))
    return render(request, _template(request, "activity/index.html"), context)


@require_safe
def agent(request: Request, agent_id: UUID) -> HttpResponse:
    """One agent's activity, newest first."""
    of = access.agent(request.user, agent_id)
    context = pages.agent_activity(request.user, of, before=_before(request))
    return render(request, _template(request, "activity/agent.html"), context)


def _template(request: Request, page: str) -> str:
    return "components/acts.html#acts" if request.htmx else page


def _before(request: Request) -> int | None:
    before = request.GET.get("before")
    return whole(before) if before else None
