"""What each page knows: read once, used by the page and by its fragments. Nothing here writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from agentversions import access, checks
from agentversions.access import Act
from agentversions.comparison import Change, compare, labels
from agentversions.configuration import SECTIONS, Configuration, setting
from agentversions.documents import read
from agentversions.history import spans
from agentversions.models import Agent, Draft, Project, Version
from agentversions.refusals import Blocker, Refused
from agentversions.tools import KINDS
from dashboard import forms, toasts
from dashboard.http import Request, fragments, go_to
from dashboard.toasts import Toast
from telephony.models import Call, PhoneNumber

type Context = dict[str, Any]

HISTORY_PAGE = 50
LIVES_WIDTH = 200
"""Units across the drawing of when a version was live."""


# Projects and agents


def project(user: User, project: Project) -> Context:
    """What every page of a project knows: its side, and what the person may do."""
    held = access.role(user, project)
    may = {act.value: held is not None and act in access.MAY[held] for act in Act}
    return {
        "project": project,
        "may": may,
        "agent_count": Agent.objects.filter(project=project, archived_at=None).count(),
        "calls_now": Call.objects.in_progress().filter(connection__project=project).count(),
        "number_count": PhoneNumber.objects.filter(connection__project=project).count(),
    }


def agents(user: User, of: Project) -> Context:
    """The project's agents: what is live, how many numbers, calls in progress, and whether one's draft differs."""
    numbers = PhoneNumber.objects.filter(agent=OuterRef("pk")).values("agent").annotate(n=Count("pk")).values("n")
    now = Call.objects.in_progress().filter(agent=OuterRef("pk")).values("agent").annotate(n=Count("pk")).values("n")
    rows = (
        Agent.objects.filter(project=of)
        .select_related("published")
        .defer("published__configuration")
        .annotate(numbers=Subquery(numbers), calls_now=Subquery(now))
        .order_by("archived_at", "name")
    )
    listed = list(rows)
    return project(user, of) | {
        "agents": [row for row in listed if not row.archived_at],
        "archived": [row for row in listed if row.archived_at],
        "drafted": _differing(user, of),
    }


def _differing(user: User, of: Project) -> set[Any]:
    """The agents whose draft, of this person, isn't what is live."""
    drafts = Draft.objects.filter(agent__project=of, owner=user).exclude(started_at=None)
    compared = drafts.select_related("agent__published", "based_on")
    return {draft.agent_id for draft in compared if draft.differs_from(draft.agent.published or draft.based_on)}


def agent(user: User, agent: Agent) -> Context:
    """What every page of an agent knows."""
    publishers = access.names(list(access.able(Act.PUBLISH, agent.project)[:3]))
    return project(user, agent.project) | {"agent": agent, "publishers": ", ".join(publishers), "key": uuid4()}


# The editor and the history beside it


def around(user: User, of: Agent) -> Context:
    """What every page below an agent's name shows beside its own: the agent, one's draft and the history."""
    return agent(user, of) | saved(of, Draft.objects.of(of, user)) | history(of)


def editor(user: User, of: Agent) -> Context:
    """The editor of one's own draft, with the history."""
    beside = around(user, of)
    draft = beside["draft"]
    return beside | {"sections": forms.sections(draft), "tools": forms.tools(draft), "kinds": KINDS}


SAVED = ["components/saved.html", "components/draft_chip.html", "components/draft_row.html"]
"""What an autosave answers with."""


def saved(of: Agent, draft: Draft) -> Context:
    """How the draft stands: its base, its flags, and how it differs from what it is compared with."""
    problems = draft.problems()
    compared = of.published or draft.based_on
    return {
        "agent": of,
        "draft": draft,
        "problems": problems,
        "differs": draft.differs_from(compared),
        "draft_changes": _changes(draft.based_on, draft),
    }


def _changes(before: Version | None, draft: Draft) -> list[str]:
    """What the draft changes against the version it came from, by name."""
    changed = labels(compare(before.read() if before else Configuration(), draft.read()))
    unread = [label for label in map(_label, draft.unparsed) if label not in changed]
    return changed + unread


def _label(path: str) -> str:
    leaf = setting(path)
    return leaf.setting.label if leaf else "Tools"


@dataclass(frozen=True)
class HistoryRow:
    """A version as the history lists it: calls it handled, and when it was live as parts of a drawing's width."""

    version: Version
    published: bool
    calls: int
    lives: list[tuple[float, float]]


def history(of: Agent, *, before: int | None = None) -> Context:
    """A page of the history, newest first, from the version before a number on."""
    versions = Version.objects.filter(agent=of).select_related("author").defer("configuration")
    if before is not None:
        versions = versions.filter(number__lt=before)
    page = list(versions.order_by("-number")[: HISTORY_PAGE + 1])
    shown = page[:HISTORY_PAGE]
    handled = dict(Call.objects.filter(version__in=shown).values_list("version").annotate(n=Count("pk")).order_by())
    lives = _lives(of)
    rows = [
        HistoryRow(row, row.pk == of.published_id, handled.get(row.pk, 0), lives.get(row.number, [])) for row in shown
    ]
    return {"rows": rows, "older": shown[-1].number if len(page) > HISTORY_PAGE else None}


def _lives(of: Agent) -> dict[int, list[tuple[float, float]]]:
    """When each version was live: start and width, across the time since the first publish."""
    lived = spans(of)
    if not lived:
        return {}
    now = timezone.now()
    first, whole = lived[0].since, max((now - lived[0].since).total_seconds(), 1)

    def at(moment: datetime) -> float:
        return (moment - first).total_seconds() / whole * LIVES_WIDTH

    drawn: dict[int, list[tuple[float, float]]] = {}
    for span in lived:
        start, end = at(span.since), at(span.until or now)
        width = max(end - start, 2)
        drawn.setdefault(span.number, []).append((round(min(start, LIVES_WIDTH - width), 2), round(width, 2)))
    return drawn


def version(user: User, of: Version) -> Context:
    """A version, read-only, with the history."""
    lived = [span for span in spans(of.agent) if span.number == of.number]
    return around(user, of.agent) | {
        "version": of,
        "sections": forms.sections(of),
        "tools": forms.tools(of),
        "readonly": True,
        "lived": lived,
        "calls": Call.objects.filter(version=of).count(),
        "is_live": of.agent.published_id == of.pk,
    }


# Dialogs


def dialog(request: Request, template: str, of: Agent, **told: Any) -> tuple[str, Context]:
    """A dialog's template and context: the bare dialog for htmx, else a page of its own around it."""
    context = {"agent": of, "live": _number(of), "key": uuid4()} | told
    if request.htmx:
        return f"{template}#dialog", context
    return template, around(request.user, of) | context


def _number(of: Agent) -> int | None:
    return of.published.number if of.published else None


def saving(user: User, of: Agent) -> Context:
    """Saving or discarding the draft: what it is, and the number it would get."""
    draft = Draft.objects.of(of, user)
    return {
        "draft": draft,
        "base": draft.base,
        "expected": of.last_number + 1,
        "blockers": _unreadable(draft),
        "draft_changes": _changes(draft.based_on, draft),
    }


def publishing(user: User, of: Agent, chosen: Version | None = None) -> Context:
    """Publishing the draft, or a saved version: what changes, what blocks, what it touches."""
    draft = Draft.objects.of(of, user)
    content: Draft | Version = chosen or draft
    configuration = content.read()
    seen = checks.outlook(of, configuration)
    unreadable = [] if chosen else _unreadable(draft)
    live = Version.objects.get(pk=of.published_id) if of.published_id else None
    changes = compare(live.read() if live else Configuration(), configuration)
    same = None if chosen or unreadable else _same_version(draft)
    return {
        "version": chosen,
        "base": draft.base,
        "expected": chosen.number if chosen else of.last_number + 1,
        "blockers": [*unreadable, *seen.blockers],
        "warnings": seen.warnings,
        "outlook": seen,
        "changes": _by_section(changes),
        "change_count": len(changes),
        "same": same if same and same.pk != of.published_id else None,
        "nothing_new": bool(live) and not changes,
    }


def _same_version(draft: Draft) -> Version | None:
    """The version the draft came from, if nothing was changed since."""
    return None if draft.differs_from(draft.based_on) else draft.based_on


def _by_section(changes: list[Change]) -> list[tuple[str, list[str]]]:
    sections = ((key, title) for key, (title, _) in SECTIONS.items())
    grouped = ((title, labels([change for change in changes if change.section == key])) for key, title in sections)
    return [(title, names) for title, names in grouped if names]


def _unreadable(draft: Draft) -> list[Blocker]:
    return [
        Blocker("unparsable", f"{_label(path)}: {sentence}", "Fix", forms.field_id(path))
        for path, sentence in draft.problems().items()
    ]


def unpublishing(of: Agent) -> Context:
    """Leaving nothing live: the numbers that would refuse callers, and the calls that go on."""
    version = of.published
    return {"outlook": checks.outlook(of, read(Version.objects.get(pk=version.pk).configuration)) if version else None}


def replacing(user: User, by: Version) -> Context:
    """Copying a version into the draft: what in the draft is in no version."""
    draft = Draft.objects.of(by.agent, user)
    return {
        "version": by,
        "base": draft.base,
        "has_changes": draft.has_changes_in_no_version(),
        "readable": not draft.unparsed,
        "draft_changes": _changes(draft.based_on, draft),
    }


# After a deed


def done(request: Request, agent_id: Any, toast: Toast) -> HttpResponse:
    """What a confirmed deed answers with: the head, the history and the draft's base as they are now, and a toast."""
    of = access.agent(request.user, agent_id)
    if not request.htmx:
        toasts.keep(request, toast)
        return go_to(request, reverse("agents.show", args=[of.pk]))
    response = fragments(request, DONE, around(request.user, of) | {"toast": toast})
    response["HX-Trigger-After-Swap"] = "done"
    response["HX-Reswap"] = "none"
    return response


DONE = ["components/chips.html", "components/history.html", "components/saved.html", "components/toast.html"]


def ask_again(
    request: Request, template: str, agent_id: Any, refused: Refused, number: int | None = None
) -> HttpResponse:
    """The same dialog with what holds now, and why it is asked again."""
    of = access.agent(request.user, agent_id)
    chosen = access.version(request.user, agent_id, number) if number else None
    told = publishing(request.user, of, chosen) | {"refused": refused}
    response = render(request, *dialog(request, template, of, **told), status=refused.status)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def url(version: Version) -> str:
    """A version's page."""
    return reverse("versions.show", args=[version.agent_id, version.number])


def is_live(version: Version, *, before: int | None, expected: str | None = None) -> Toast:
    """What is said after publishing; its undo publishes the one before again, or leaves none live."""
    words = f"v{version.number} is live"
    if expected and expected != str(version.number):
        words += f" (v{expected} was saved meanwhile)"
    undo = (
        reverse("versions.publish", args=[version.agent_id, before])
        if before
        else reverse("versions.unpublish", args=[version.agent_id])
    )
    return Toast(words, view=url(version), undo=undo, fields={"live": str(version.number), "base": "new.0.0"})


def nothing_is_live(of: Agent, *, before: int | None) -> Toast:
    """What is said after unpublishing."""
    undo = reverse("versions.publish", args=[of.pk, before]) if before else ""
    return Toast(f"Nothing is live. {of.name} no longer answers calls.", undo=undo, fields={"base": "new.0.0"})


def replaced(words: str, draft: Draft) -> Toast:
    """What is said after the draft was replaced; its undo brings back what it held."""
    kept = draft.history.order_by("-history_id").values_list("history_id", flat=True).first()
    undo = reverse("drafts.bring_back", args=[draft.agent_id, kept]) if kept else ""
    return Toast(words, undo=undo)


# Earlier drafts


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
