"""How an agent's versions did."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agentversions import access
from dashboard.http import Request
from dashboard.pages import performance as pages
from dashboard.pages.performance import Asked


@require_safe
def show(request: Request, agent_id: UUID) -> HttpResponse:
    """One agent's versions side by side over a time."""
    agent = access.agent(request.user, agent_id)
    asked = Asked.read(request.GET)
    context = pages.page(request.user, agent, asked)
    return render(request, "performance/show.html", context, status=422 if asked.problem else 200)
