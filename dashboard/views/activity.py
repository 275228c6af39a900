"""What was done, by whom and when: in a project, and to one agent."""

from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from agentversions import access
from dashboard.forms import whole
from dashboard.http import Request
from dashboard.pages import activity as pages
from dashboard.pages.activity import Asked


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's activity, newest first; only some of it, if asked."""
    project, asked = access.project(request.user, project_id), Asked.read(request.GET)
    context = pages.activity(request.user, project, asked, before=_before(request))
    return render(request, _template(request, "activity/index.html"), context, status=422 if asked.problem else 200)


@require_GET
def export(request: Request, project_id: UUID) -> StreamingHttpResponse:
    """The same as CSV."""
    project = access.project(request.user, project_id)
    return pages.export(request.user, project, Asked.read(request.GET)).download(request.user)


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
