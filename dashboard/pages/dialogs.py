"""What the dialogs ask, and what is said once their deed is done."""

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from agentversions import access, checks, complaints
from agentversions.access import Act
from agentversions.comparison import compare
from agentversions.configuration import Configuration
from agentversions.documents import read
from agentversions.history import last_live, last_turn
from agentversions.models import Agent, Draft, Version
from agentversions.refusals import Blocker, PublishedMeanwhile, Refused
from agentversions.texts import label
from dashboard import forms, toasts
from dashboard.forms import Confirmed
from dashboard.http import Request, fragments, go_to
from dashboard.pages import comparing
from dashboard.pages.editor import around, changes_of
from dashboard.pages.projects import Context
from dashboard.templatetags.words import person
from dashboard.toasts import Toast


def dialog(request: Request, template: str, of: Agent, **told: Any) -> tuple[str, Context]:
    """A dialog's template and context: the bare dialog for htmx, else a page of its own around it.

    Raises NotAllowed for who may only look: every dialog asks about a deed.
    """
    access.require(request.user, Act.EDIT, of.project)
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
        "blockers": [*_unreadable(draft), *complaints.secrets(draft.read())],
        "draft_changes": changes_of(draft.based_on, draft),
    }


def publishing(user: User, of: Agent, chosen: Version | None = None) -> Context:
    """Publishing the draft, or a saved version: what changes, what blocks, what it touches."""
    draft = Draft.objects.of(of, user)
    content: Draft | Version = chosen or draft
    configuration = content.read()
    seen = checks.outlook(of, configuration)
    unreadable = [] if chosen else _unreadable(draft)
    before = Version.objects.filter(agent=of, number=last_live(of) or 0).first()
    changes = compare(before.read() if before else Configuration(), configuration)
    same = None if chosen or unreadable else _same_version(draft)
    return {
        "version": chosen,
        "base": draft.base,
        "expected": chosen.number if chosen else of.last_number + 1,
        "blockers": [*unreadable, *seen.blockers],
        "warnings": seen.warnings,
        "outlook": seen,
        "undone": draft.merged_with(before).undone if before and not chosen and draft.is_behind(of.published) else [],
        "changes": comparing.by_section(changes),
        "change_count": len(changes),
        "same": same if same and same.pk != of.published_id else None,
        "was_live": before.number if before and not of.published_id else None,
        "nothing_new": of.published_id is not None and not changes,
    }


def _same_version(draft: Draft) -> Version | None:
    """The version the draft came from, if nothing was changed since."""
    return None if draft.differs_from(draft.based_on) else draft.based_on


def _unreadable(draft: Draft) -> list[Blocker]:
    return [
        Blocker("unparsable", f"{label(draft.read(), path)}: {sentence}", "Fix", forms.field_id(path))
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
        "draft_changes": changes_of(draft.based_on, draft),
    }


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


DONE = [
    "components/chips.html",
    "components/history.html",
    "components/saved.html",
    "components/behind.html",
    "components/toast.html",
]


def ask_again(
    request: Request, template: str, agent_id: Any, refused: Refused, number: int | None = None
) -> HttpResponse:
    """The same dialog with what holds now, and why it is asked again."""
    of = access.agent(request.user, agent_id)
    chosen = access.version(request.user, agent_id, number) if number else None
    told = publishing(request.user, of, chosen) | {"refused": refused}
    if isinstance(refused, PublishedMeanwhile):
        told |= {"turn": last_turn(of), "seen": Confirmed.read(request).live}
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
        words += f" ({_taken(version)} meanwhile)"
    undo = (
        reverse("versions.publish", args=[version.agent_id, before])
        if before
        else reverse("versions.unpublish", args=[version.agent_id])
    )
    return Toast(words, view=url(version), undo=undo, fields={"live": str(version.number), "base": "new.0.0"})


def _taken(version: Version) -> str:
    """Who took the number that the dialog had promised."""
    others = Version.objects.filter(agent=version.agent_id, number__lt=version.number).select_related("author")
    other = others.defer("configuration").order_by("-number")[0]
    return f"{person(other.author)} saved v{other.number}"


def nothing_is_live(of: Agent, *, before: int | None) -> Toast:
    """What is said after unpublishing."""
    undo = reverse("versions.publish", args=[of.pk, before]) if before else ""
    return Toast(f"Nothing is live. {of.name} no longer answers calls.", undo=undo, fields={"base": "new.0.0"})


def replaced(words: str, draft: Draft) -> Toast:
    """What is said after the draft was replaced; its undo brings back what it held."""
    kept = draft.history.order_by("-history_id").values_list("history_id", flat=True).first()
    undo = reverse("drafts.bring_back", args=[draft.agent_id, kept]) if kept else ""
    return Toast(words, undo=undo)
