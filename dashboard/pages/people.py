"""What the page about people knows: the members of a project."""

from django.contrib.auth.models import User

from agentversions.models import Membership, Project, Role
from dashboard.forms_project import MemberForm
from dashboard.pages import projects
from dashboard.pages.projects import Context

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
