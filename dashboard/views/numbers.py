"""Numbers"""

from uuid import UUID

from django.http import HttpResponse

from dashboard.http import Request


def index(request: Request, project_id: UUID) -> HttpResponse:
    """To come."""
    return HttpResponse("numbers.index")


def add(request: Request, project_id: UUID) -> HttpResponse:
    """To come."""
    return HttpResponse("numbers.add")


def assign(request: Request, number_id: int) -> HttpResponse:
    """To come."""
    return HttpResponse("numbers.assign")


def unassign(request: Request, number_id: int) -> HttpResponse:
    """To come."""
    return HttpResponse("numbers.unassign")
