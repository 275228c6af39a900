"""The people of a project, and what each may do."""

from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from agentversions import access, operations
from agentversions.access import Act
from agentversions.models import Membership, Project, Role
from dashboard import toasts
from dashboard.forms_project import MemberForm
from dashboard.http import Request, ask, go_to
from dashboard.pages import people as pages
from dashboard.templatetags.words import person
from dashboard.toasts import Toast


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """Who is in the project."""
    project = access.project(request.user, project_id)
    return render(request, "members/index.html", pages.members(request.user, project))


@require_POST
def set_role(request: Request, project_id: UUID) -> HttpResponse:
    """Give a member another role, or take someone in with one."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.ADMINISTER, project)
    form = MemberForm(request.POST, by=request.user)
    if not form.is_valid():
        return _index(request, project, form)
    user, role = form.cleaned_data["user"], Role(form.cleaned_data["role"])
    operations.set_role(project, user, role, by=request.user)
    toasts.keep(request, Toast(f"{person(user)}'s role is {role.label} now."))
    return go_to(request, reverse("members.index", args=[project.pk]))


def _index(request: Request, project: Project, form: MemberForm) -> HttpResponse:
    template = "members/index.html#add" if request.htmx else "members/index.html"
    return render(request, template, pages.members(request.user, project, form), status=422)


@require_POST
def remove(request: Request, project_id: UUID) -> HttpResponse:
    """Take someone out of the project; asks first."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.ADMINISTER, project)
    member = _member(project, request.POST.get("username", ""))
    if "sure" not in request.POST:
        told = pages.members(request.user, project) | {"member": member}
        return ask(request, "members/remove.html", told)
    operations.remove_member(member, by=request.user)
    toasts.keep(request, Toast(f"{person(member.user)} is no longer in {project}."))
    return go_to(request, _after_removing(request.user, member.user, project))


def _member(project: Project, username: str) -> Membership:
    held = Membership.objects.filter(project=project).select_related("user")
    member = None if "\0" in username else held.filter(user__username=username).first()
    if member is None:
        raise Http404
    return member


def _after_removing(by: User, removed: User, project: Project) -> str:
    if by == removed and not by.is_superuser:
        return reverse("projects.home")
    return reverse("members.index", args=[project.pk])
