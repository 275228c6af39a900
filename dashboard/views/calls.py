"""Calls: the list, and one with the version that handled it."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agentversions import access
from dashboard import found
from dashboard.forms import uuid_or_none, whole
from dashboard.http import Request
from dashboard.pages import call as page
from dashboard.pages import calls as pages
from dashboard.pages.calls import Wanted


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's calls, newest first; of one agent or version, if asked."""
    project = access.project(request.user, project_id)
    context = pages.calls(request.user, project, _wanted(request))
    return render(request, "calls/index.html#rows" if request.htmx else "calls/index.html", context)


def _wanted(request: Request) -> Wanted:
    asked = request.GET
    return Wanted(
        agent=uuid_or_none(asked.get("agent", "")),
        version=whole(asked["version"]) if asked.get("version") else None,
        before=uuid_or_none(asked.get("before", "")),
    )


@require_safe
def show(request: Request, call_id: UUID) -> HttpResponse:
    """One call: who rang whom, how it went, and what answered."""
    call = found.call(request.user, call_id)
    return render(request, "calls/show.html", page.call(request.user, call))
