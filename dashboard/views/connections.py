"""Connections"""

from uuid import UUID

from django.http import HttpResponse

from dashboard.http import Request


def index(request: Request, project_id: UUID) -> HttpResponse:
    """To come."""
    return HttpResponse("connections.index")


def add(request: Request, project_id: UUID) -> HttpResponse:
    """To come."""
    return HttpResponse("connections.add")


def show(request: Request, connection_id: UUID) -> HttpResponse:
    """To come."""
    return HttpResponse("connections.show")


def change(request: Request, connection_id: UUID) -> HttpResponse:
    """To come."""
    return HttpResponse("connections.change")
