"""Finds the phone's things through the one gate: foreign and unknown are both 404."""

from uuid import UUID

from django.contrib.auth.models import User
from django.shortcuts import get_object_or_404

from agentversions import access
from telephony.models import Call, Connection, PhoneNumber


def connection(user: User, pk: UUID) -> Connection:
    """The connection with its project, or 404."""
    found = Connection.objects.select_related("project").filter(project__in=access.projects(user))
    return get_object_or_404(found, pk=pk)


def number(user: User, pk: int) -> PhoneNumber:
    """The number with its connection, project and agent, or 404."""
    found = PhoneNumber.objects.select_related("connection__project", "agent__published").defer(
        "agent__published__configuration"
    )
    return get_object_or_404(found.filter(connection__project__in=access.projects(user)), pk=pk)


def call(user: User, pk: UUID) -> Call:
    """The call with all it is about, or 404."""
    found = Call.objects.select_related("connection__project", "number", "agent__published", "version__author").defer(
        "agent__published__configuration", "connection__secrets"
    )
    return get_object_or_404(found.filter(connection__project__in=access.projects(user)), pk=pk)
