"""The verbs: everything that writes, each one function, used by pages, admin, commands and webhooks alike.

A verb takes the thing first and the actor as `by=`; it is atomic, locks what it changes and reads it again under the
lock, records one event, returns what it made, and raises a refusal instead of doing half.
Locks are taken in the order agent → draft → version → number → call.
"""

from agentversions.operations.agents import archive_agent, create_agent, duplicate_agent, rename_agent
from agentversions.operations.drafts import (
    Saved,
    bring_back_draft,
    discard_draft,
    edit_draft,
    edit_into_draft,
    keep_typed,
    resolve_draft,
    save_and_edit_into_draft,
)
from agentversions.operations.merging import merge_published
from agentversions.operations.projects import create_project, remove_member, resume_project, set_role, suspend_project
from agentversions.operations.publishing import publish, publish_draft, unpublish
from agentversions.operations.secrets import remove_secret, set_secret
from agentversions.operations.versions import rename_version, save_version

__all__ = [
    "Saved",
    "archive_agent",
    "bring_back_draft",
    "create_agent",
    "create_project",
    "discard_draft",
    "duplicate_agent",
    "edit_draft",
    "edit_into_draft",
    "keep_typed",
    "merge_published",
    "publish",
    "publish_draft",
    "remove_member",
    "remove_secret",
    "rename_agent",
    "rename_version",
    "resolve_draft",
    "resume_project",
    "save_and_edit_into_draft",
    "save_version",
    "set_role",
    "set_secret",
    "suspend_project",
    "unpublish",
]
