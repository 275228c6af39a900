"""Connections: a project's accounts at telephony providers."""

from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agentversions import access
from agentversions.access import Act
from agentversions.models import Project
from agentversions.sealing import Secrets
from dashboard import found, toasts
from dashboard.http import Request, go_to
from dashboard.pages import guide as guides
from dashboard.pages import phone as pages
from dashboard.toasts import Toast
from telephony import operations
from telephony.providers import PROVIDERS


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's connections, and what each still needs."""
    project = access.project(request.user, project_id)
    return render(request, "connections/index.html", pages.connections(request.user, project))


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Request, project_id: UUID) -> HttpResponse:
    """Choose a provider, then give what it needs."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.ADMINISTER, project)
    if request.method == "POST":
        return _add(request, project)
    provider = PROVIDERS.get(request.GET.get("provider", ""))
    return render(request, "connections/add.html", pages.adding(request.user, project, provider))


def _add(request: Request, project: Project) -> HttpResponse:
    posted, provider = request.POST, request.POST.get("provider", "")
    connection = operations.add_connection(
        project,
        provider=provider,
        name=posted.get("name", ""),
        secrets=_secrets(posted, provider),
        options=_options(posted, provider),
        worker_url=posted.get("worker_url", ""),
        fallback=posted.get("fallback", ""),
        by=request.user,
    )
    toasts.keep(request, Toast(f"{connection} is connected. Paste its addresses at the provider."))
    return go_to(request, reverse("connections.show", args=[connection.pk]))


@require_safe
def guide(request: Request, project_id: UUID, provider: str) -> HttpResponse:
    """How a provider is connected, what it carries and what not."""
    project = access.project(request.user, project_id)
    if provider not in PROVIDERS:
        raise Http404
    return render(request, "connections/guide.html", guides.guide(request.user, project, PROVIDERS[provider]))


@require_safe
def show(request: Request, connection_id: UUID) -> HttpResponse:
    """What to paste at the provider, and what is set here."""
    connection = found.connection(request.user, connection_id)
    return render(request, "connections/show.html", pages.connection(request.user, connection))


@require_POST
def change(request: Request, connection_id: UUID) -> HttpResponse:
    """Change what the form sent, and nothing else; secrets are replaced, never shown."""
    connection = found.connection(request.user, connection_id)
    posted = request.POST
    connection = operations.change_connection(
        connection,
        name=posted.get("name"),
        worker_url=posted.get("worker_url"),
        fallback=posted.get("fallback"),
        enabled=posted["enabled"] == "on" if "enabled" in posted else None,
        options=_options(posted, connection.provider),
        secrets=_secrets(posted, connection.provider),
        by=request.user,
    )
    toasts.keep(request, Toast(f"{connection} is changed."))
    return go_to(request, reverse("connections.show", args=[connection.pk]))


def _secrets(posted: QueryDict, provider: str) -> Secrets:
    """The secrets of this provider among what was posted."""
    if provider not in PROVIDERS:
        return {}
    return {secret.key: str(posted.get(secret.key, "")) for secret in PROVIDERS[provider].secrets}


def _options(posted: QueryDict, provider: str) -> dict[str, str]:
    """The choices of this provider among what was posted."""
    offered = PROVIDERS[provider].options if provider in PROVIDERS else ()
    named = {option.key: f"options.{option.key}" for option in offered}
    return {key: str(posted[name]) for key, name in named.items() if name in posted}
