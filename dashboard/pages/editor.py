"""The editor, a version, earlier drafts, and the history that stands beside all of them."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db.models import F, Q
from django.db.models.fields.json import KT

from agentversions import access
from agentversions.access import Act
from agentversions.comparison import compare, labels
from agentversions.configuration import MAX_TOOLS, Configuration, setting, settings
from agentversions.history import lived
from agentversions.models import Agent, Draft, Project, Version
from agentversions.tools import KINDS
from agentversions.variables import BUILT_IN
from dashboard import forms
from dashboard.pages import behind, projects
from dashboard.pages.projects import Context
from telephony.counting import handled


def agent(user: User, agent: Agent) -> Context:
    """What every page of an agent knows."""
    return projects.project(user, agent.project) | _about(agent)


def fragment(user: User, agent: Agent) -> Context:
    """What a part of an agent's page knows, without the project's side."""
    return {"may": projects.may(user, agent.project)} | _about(agent)


def _about(agent: Agent) -> Context:
    publishers = access.names(list(access.able(Act.PUBLISH, agent.project)[:3]))
    return {"agent": agent, "publishers": ", ".join(publishers), "key": uuid4()}


def around(user: User, of: Agent) -> Context:
    """What every page below an agent's name shows beside its own: the agent and one's draft. The history is its own."""
    return agent(user, of) | saved(of, Draft.objects.of(of, user))


def editor(user: User, of: Agent) -> Context:
    """The editor of one's own draft, with the history."""
    beside = around(user, of)
    draft = beside["draft"]
    return beside | {
        "sections": forms.sections(draft, used_in(of.project)),
        "tools": forms.tools(draft),
        "kinds": KINDS,
        "most_tools": MAX_TOOLS,
        "built_in": BUILT_IN,
    }


def used_in(project: Project) -> dict[str, list[str]]:
    """What the project's agents hold in the voice's and the model's settings, by path: of what is live, else newest.

    Nobody's drafts, and one query whatever the number of agents.
    """
    shown = Q(agent__published=F("pk")) | Q(agent__published=None, number=F("agent__last_number"))
    versions = Version.objects.filter(shown, agent__project=project, agent__archived_at=None).order_by("-created_at")
    columns = {
        f"used_{place}": KT("configuration__" + path.replace(".", "__")) for place, path in enumerate(_SUGGESTED)
    }
    rows = versions.annotate(**columns).values_list(*columns)[:AGENTS_ASKED]
    return {path: _texts(row[place] for row in rows) for place, path in enumerate(_SUGGESTED)}


def _texts(values: Iterable[object]) -> list[str]:
    return list(dict.fromkeys(value for value in values if isinstance(value, str) and value))


_SUGGESTED = [
    leaf.path for leaf in settings() if leaf.setting.section in ("voice", "model") and leaf.setting.widget == "text"
]
AGENTS_ASKED = 200
"""The newest versions of so many agents are asked what they use."""


SAVED = ["components/saved.html", "components/draft_chip.html", "components/draft_row.html", "components/behind.html"]
"""What an autosave answers with."""


def saved(of: Agent, draft: Draft) -> Context:
    """How the draft stands: its base, its flags, and how it differs from what it is compared with."""
    problems = draft.problems()
    compared = of.published or draft.based_on
    differs = draft.differs_from(compared)
    return {
        "agent": of,
        "draft": draft,
        "problems": problems,
        "differs": differs,
        "draft_changes": changes_of(draft.based_on, draft),
    } | behind.notice(of, draft, differs=differs)


def changes_of(before: Version | None, draft: Draft) -> list[str]:
    """What the draft changes against the version it came from, by name."""
    changed = labels(compare(before.read() if before else Configuration(), draft.read()))
    unread = [label for label in map(label_of, draft.unparsed) if label not in changed]
    return changed + unread


def label_of(path: str) -> str:
    """What the setting at a path is called; those of tools go by one name."""
    leaf = setting(path)
    return leaf.setting.label if leaf else "Tools"


def version(user: User, of: Version) -> Context:
    """A version, read-only, with the history."""
    return around(user, of.agent) | {
        "version": of,
        "sections": forms.sections(of),
        "tools": forms.tools(of),
        "readonly": True,
        "lived": lived([of]).get(of.number, []),
        "calls": handled([of])[of.pk],
        "is_live": of.agent.published_id == of.pk,
    }


def earlier_drafts(user: User, of: Agent) -> Context:
    """What one's draft of the agent held before, newest first: their number is bounded."""
    draft = Draft.objects.filter(agent=of, owner=user).first()
    kept = list(draft.history.select_related("based_on").order_by("-history_id")) if draft else []
    return around(user, of) | {"kept": kept}


def earlier_draft(user: User, of: Agent, kept: Any) -> Context:
    """One earlier draft, read-only."""
    draft = Draft(agent=of, owner=user, configuration=kept.configuration, schema=kept.schema, unparsed=kept.unparsed)
    told = {"kept": kept, "sections": forms.sections(draft), "tools": forms.tools(draft), "readonly": True}
    return around(user, of) | told
