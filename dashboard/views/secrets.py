"""The project's secrets: named, set, removed, and never shown."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from agentversions import access, operations
from agentversions.models import Secret
from dashboard import toasts
from dashboard.http import Request, go_to
from dashboard.pages import secrets as pages
from dashboard.toasts import Toast

NAME_CHARACTERS = 64


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The names of the project's secrets, and which agents need each."""
    project = access.project(request.user, project_id)
    told = {"chosen": request.GET.get("name", "")[:NAME_CHARACTERS]}
    return render(request, "secrets/index.html", pages.secrets(request.user, project) | told)


@require_POST
def set_secret(request: Request, project_id: UUID) -> HttpResponse:
    """Give a secret its value, or another."""
    project = access.project(request.user, project_id)
    posted = request.POST
    secret = operations.set_secret(project, posted.get("name", ""), posted.get("value", ""), by=request.user)
    toasts.keep(request, Toast(f"{secret} is set. New calls use it at once."))
    return go_to(request, reverse("secrets.index", args=[project.pk]))


@require_POST
def remove(request: Request, project_id: UUID) -> HttpResponse:
    """Forget a secret that no live version needs."""
    project = access.project(request.user, project_id)
    secret = Secret.objects.filter(project=project, name=request.POST.get("name", "")).first()
    if secret is None:
        raise Http404
    operations.remove_secret(secret, by=request.user)
    toasts.keep(request, Toast(f"{secret} is removed."))
    return go_to(request, reverse("secrets.index", args=[project.pk]))
