"""Where one arrives, and a team's room."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from agentversions import access, operations
from dashboard.forms import NameForm
from dashboard.http import Request


@require_safe
def home(request: Request) -> HttpResponse:
    """Go to one's only project, choose among several, or create the first."""
    projects = list(access.projects(request.user)[:2])
    if len(projects) == 1:
        return redirect("agents.index", projects[0].pk)
    return redirect("projects.index" if projects else "projects.create")


@require_safe
def index(request: Request) -> HttpResponse:
    """The projects one can look into."""
    return render(request, "projects/index.html", {"projects": access.projects(request.user)})


def create(request: Request) -> HttpResponse:
    """Create a project, as its admin."""
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = operations.create_project(form.cleaned_data["name"], by=request.user)
        return redirect("agents.index", project.pk)
    first = not access.projects(request.user).exists()
    return render(request, "projects/create.html", {"form": form, "first": first})
