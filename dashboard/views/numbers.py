"""Phone numbers: what a project has, and which agent answers each."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agentversions import access
from agentversions.access import Act
from agentversions.models import Agent, Project
from agentversions.refusals import AlreadyDone, Invalid
from dashboard import found, toasts
from dashboard.forms import uuid_or_none
from dashboard.http import Request, ask, go_to
from dashboard.pages import phone as pages
from dashboard.templatetags.words import tel
from dashboard.toasts import Toast
from telephony import operations
from telephony.models import PhoneNumber
from telephony.operations import NumberElsewhere


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The project's numbers, and who answers each."""
    project = access.project(request.user, project_id)
    return render(request, "numbers/index.html", pages.numbers(request.user, project))


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: Request, project_id: UUID) -> HttpResponse:
    """Add a number of one of the connections, in any spelling, and let an agent answer it if one was chosen."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.ADMINISTER, project)
    if request.method != "POST":
        return _form(request, project, {"chosen": request.GET.get("connection", "")})
    typed, chosen = request.POST.get("number", ""), request.POST.get("connection", "")
    answering = request.POST.get("agent", "")
    connection = found.connection(request.user, _id(chosen))
    if connection.project_id != project.pk:
        raise Http404
    agent = access.agent_of(request.user, project, _id(answering)) if answering else None
    try:
        number = operations.add_number(connection, typed, by=request.user)
    except (Invalid, AlreadyDone) as refused:
        told = {"typed": typed, "chosen": chosen, "answering": answering, "refused": refused}
        return _form(request, project, told, refused.status)
    if agent:
        operations.assign_number(number, agent, by=request.user)
    toasts.keep(request, _added(number, agent))
    return go_to(request, reverse("numbers.index", args=[project.pk]))


def _form(request: Request, project: Project, told: dict[str, Any], status: int = 200) -> HttpResponse:
    return render(request, "numbers/add.html", pages.numbers(request.user, project) | told, status=status)


@require_POST
def assign(request: Request, number_id: int) -> HttpResponse:
    """Let an agent answer a number; asks first when it is another agent's."""
    number = found.number(request.user, number_id)
    agent = access.agent(request.user, _id(request.POST.get("agent", "")))
    before = number.agent
    try:
        number = operations.assign_number(number, agent, by=request.user, move="sure" in request.POST)
    except NumberElsewhere:
        return _ask(request, "numbers/assign.html", number, agent)
    toasts.keep(request, _assigned(number, agent, before))
    return go_to(request, reverse("numbers.index", args=[agent.project_id]))


@require_POST
def unassign(request: Request, number_id: int) -> HttpResponse:
    """Free a number; asks first when nothing would reach a published agent any more."""
    number = found.number(request.user, number_id)
    project, agent = number.connection.project, number.agent
    access.require(request.user, Act.PUBLISH, project)
    if "sure" not in request.POST and pages.is_last_of_a_published_agent(number):
        return _ask(request, "numbers/unassign.html", number, agent)
    operations.unassign_number(number, by=request.user)
    if agent:
        undo = reverse("numbers.assign", args=[number.pk])
        words = f"{tel(number.number)} is free. {agent} no longer answers it."
        toasts.keep(request, Toast(words, undo=undo, fields={"agent": str(agent.pk)}))
    return go_to(request, reverse("numbers.index", args=[project.pk]))


def _id(text: str) -> UUID:
    if (pk := uuid_or_none(text)) is None:
        raise Http404
    return pk


def _ask(request: Request, template: str, number: PhoneNumber, agent: Agent | None) -> HttpResponse:
    number.refresh_from_db(fields=["agent"])
    told = {"number": number, "to": agent, "leaves_nothing": pages.is_last_of_a_published_agent(number)}
    return ask(request, template, pages.numbers(request.user, number.connection.project) | told)


def _added(number: PhoneNumber, agent: Agent | None) -> Toast:
    """What is said after adding: who answers it, or what is still to be done for that."""
    if agent is None:
        return Toast(f"{tel(number.number)} is added. Assign it to an agent.")
    if agent.published_id:
        return Toast(f"{tel(number.number)} is added. {agent} answers it now.")
    words = f"{tel(number.number)} is added. {agent} answers it once you publish a version."
    return Toast(words, view=reverse("agents.show", args=[agent.pk]))


def _assigned(number: PhoneNumber, agent: Agent, before: Agent | None) -> Toast:
    """What is said after assigning; its undo gives the number back, or frees it."""
    words = f"{agent} answers {tel(number.number)} now."
    if before == agent:
        return Toast(words)
    if before:
        undo = reverse("numbers.assign", args=[number.pk])
        return Toast(words, undo=undo, fields={"agent": str(before.pk), "sure": "yes"})
    return Toast(words, undo=reverse("numbers.unassign", args=[number.pk]), fields={"sure": "yes"})
