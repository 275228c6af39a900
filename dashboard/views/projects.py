"""Where one arrives, and a team's room."""

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from agentversions import access, operations
from agentversions.models import Membership, Project
from dashboard.forms import NameForm
from dashboard.http import Request, opened_last


@require_safe
def home(request: Request) -> HttpResponse:
    """Go to the project one opened last, else to one's first; choose among others', or create the first.

    Being added to another project doesn't move it: that one is found among one's projects.
    """
    project = _opened_last(request) or _first(request.user)
    if project:
        return redirect("agents.index", project.pk)
    return redirect("projects.index" if access.projects(request.user).exists() else "projects.create")


def _opened_last(request: Request) -> Project | None:
    kept = opened_last(request)
    return access.projects(request.user).filter(pk=kept).first() if kept else None


def _first(user: User) -> Project | None:
    joined = Membership.objects.filter(user=user).select_related("project").order_by("pk").first()
    return joined.project if joined else None


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
