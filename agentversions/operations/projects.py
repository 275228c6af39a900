"""Verbs for projects and the people in them."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db.transaction import atomic
from django.utils import timezone

from agentversions.access import Act, require
from agentversions.history import record
from agentversions.models import Action, Membership, Project, Role
from agentversions.operations.common import clean_name
from agentversions.refusals import AlreadyDone, Invalid, NotAllowed


@atomic
def create_project(name: str, *, by: User) -> Project:
    """Make a project, with its creator as admin."""
    project = Project.objects.create(name=clean_name(name))
    Membership.objects.create(project=project, user=by, role=Role.ADMIN)
    record(Action.PROJECT_CREATED, by=by, project=project, particulars={"name": project.name})
    return project


@atomic
def suspend_project(project: Project, *, by: User) -> Project:
    """Let none of a project's agents answer until it is resumed; calls in progress go on. Superusers only."""
    return _suspended(project, timezone.now(), by=by)


@atomic
def resume_project(project: Project, *, by: User) -> Project:
    """Let a suspended project's agents answer again."""
    return _suspended(project, None, by=by)


def _suspended(project: Project, since: datetime | None, *, by: User) -> Project:
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if not (by.is_active and by.is_superuser):
        raise NotAllowed("Only who runs this server may suspend a project.")
    if bool(project.suspended_at) == bool(since):
        raise AlreadyDone(f"{project} is {'suspended' if since else 'not suspended'} already.")
    project.suspended_at = since
    project.save(update_fields=["suspended_at"])
    record(Action.PROJECT_SUSPENDED if since else Action.PROJECT_RESUMED, by=by, project=project)
    return project


@atomic
def set_role(project: Project, user: User, role: Role, *, by: User) -> Membership:
    """Give a user a role, adding them to the project if need be; the last admin can't step down."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    require(by, Act.ADMINISTER, project)
    membership = Membership.objects.filter(project=project, user=user).first()
    if membership and membership.role == role:
        raise AlreadyDone(f"{user} is {role.label} already.")
    if membership:
        _keep_an_admin(membership, role)
        membership.role = role
        membership.save(update_fields=["role"])
    else:
        membership = Membership.objects.create(project=project, user=user, role=role)
    told = {"user": user.get_username(), "role": role.value}
    record(Action.ROLE_SET, by=by, project=project, particulars=told)
    return membership


@atomic
def remove_member(membership: Membership, *, by: User) -> None:
    """Take a user out of the project; what they did stays. The last admin can't leave."""
    project = Project.objects.select_for_update().get(pk=membership.project_id)
    require(by, Act.ADMINISTER, project)
    held = Membership.objects.filter(pk=membership.pk).select_related("user").first()
    if held is None:
        raise AlreadyDone("They are no longer in the project.")
    _keep_an_admin(held, None)
    told = {"user": held.user.get_username()}
    held.delete()
    record(Action.MEMBER_REMOVED, by=by, project=project, particulars=told)


def _keep_an_admin(membership: Membership, role: Role | None) -> None:
    if membership.role != Role.ADMIN or role == Role.ADMIN:
        return
    others = Membership.objects.filter(project=membership.project_id, role=Role.ADMIN, user__is_active=True)
    if not others.exclude(pk=membership.pk).exists():
        raise Invalid("A project needs an admin. Make someone else admin first.")
