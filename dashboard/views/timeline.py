"""The timeline: what answered the phone when, and what was live at a moment."""

from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from agentversions import access
from dashboard.forms import uuid_or_none, whole
from dashboard.http import Request
from dashboard.moments import Moment
from dashboard.pages import exporting
from dashboard.pages import timeline as pages


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's timeline, newest first; of one agent, and with what was live at a moment, if asked."""
    project, asked = access.project(request.user, project_id), request.GET
    moment = Moment.read(asked)
    before = whole(asked["before"]) if asked.get("before") else None
    agent = uuid_or_none(asked.get("agent", ""))
    context = pages.timeline(request.user, project, moment, agent=agent, before=before)
    part = ("#rows" if before else "#turns") if request.htmx else ""
    return render(request, f"timeline/index.html{part}", context, status=422 if moment.problem else 200)


@require_GET
def export(request: Request, project_id: UUID) -> StreamingHttpResponse:
    """Which version was live from when to when, as CSV; of one agent, if asked."""
    project = access.project(request.user, project_id)
    return exporting.spans(request.user, project, uuid_or_none(request.GET.get("agent", ""))).download(request.user)
