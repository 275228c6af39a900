"""What the pages about people and their acts know: the members of a project, and its activity."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from agentversions.history import visible
from agentversions.models import Agent, Event, Membership, Project, Role
from dashboard.forms_project import MemberForm
from dashboard.pages import editor, projects
from dashboard.pages.projects import Context

ACTIVITY_PAGE = 50
ROLE_LINES = {
    Role.ADMIN: "Also looks after members, connections and numbers.",
    Role.PUBLISHER: "Also publishes, unpublishes and assigns numbers.",
    Role.EDITOR: "Also edits drafts, tries them and saves versions.",
    Role.VIEWER: "Sees agents, versions, calls and activity.",
}
"""What each role may do, from most to least, as `access.MAY` has it."""


def members(user: User, of: Project, form: MemberForm | None = None) -> Context:
    """Who is in the project, those who may do most first, and what each role means."""
    held = Membership.objects.filter(project=of).select_related("user")
    rank = list(ROLE_LINES)
    return projects.project(user, of) | {
        "members": sorted(held, key=lambda member: (rank.index(Role(member.role)), member.user.username)),
        "roles": list(reversed(ROLE_LINES.items())),
        "form": form or MemberForm(by=user),
    }


def activity(user: User, of: Project, *, before: int | None) -> Context:
    """What was done in a project."""
    return projects.project(user, of) | _acts(Event.objects.filter(project=of), user, before)


def agent_activity(user: User, of: Agent, *, before: int | None) -> Context:
    """What was done to one agent."""
    return editor.around(user, of) | _acts(Event.objects.filter(agent=of), user, before)


def _acts(events: QuerySet[Event], user: User, before: int | None) -> Context:
    if before is not None:
        events = events.filter(pk__lt=before)
    page = list(visible(events, user).order_by("-pk")[: ACTIVITY_PAGE + 1])
    shown = page[:ACTIVITY_PAGE]
    return {"events": shown, "earlier": shown[-1].pk if len(page) > ACTIVITY_PAGE else None}
