"""Versions: looking at one, publishing it, copying it into the draft, naming it; and leaving none live."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from agentversions import access, exchange, operations
from agentversions.models import Version
from agentversions.refusals import DraftHasChanges, Invalid, PublishedMeanwhile, Stale
from dashboard.forms import Confirmed, uuid_or_none
from dashboard.http import Request, fragments, go_to, split_address
from dashboard.pages import answers, comparing, dialogs, editor, history
from dashboard.pages.history import Listing
from dashboard.toasts import Toast, keep

FOUND = "components/found.html"
RENAMED = ["components/version_name.html", "components/toast.html"]


@require_safe
def index(request: Request, agent_id: UUID) -> HttpResponse:
    """The history: filtered, searched, and its older pages."""
    agent = access.agent(request.user, agent_id)
    listing = Listing.read(request.GET)
    panel = {"panel": history.panel(request.user, agent, listing)}
    if not request.htmx:
        return render(request, "versions/index.html", editor.around(request.user, agent) | panel)
    part = "listed" if listing.before is None else "rows"
    return fragments(request, [f"components/history.html#{part}", FOUND], editor.fragment(request.user, agent) | panel)


@require_safe
def show(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """A version, read-only."""
    version = access.version(request.user, agent_id, number)
    return render(request, "versions/show.html", editor.version(request.user, version))


@require_safe
def download(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """A version as a file."""
    version = access.version(request.user, agent_id, number)
    named = content_disposition_header(as_attachment=True, filename=exchange.filename(version))
    headers = {"Content-Disposition": str(named)}
    return HttpResponse(exchange.download(version), content_type="application/json", headers=headers)


@require_safe
def answer(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """What a provider would get if this version were live; no call is made."""
    version = access.version(request.user, agent_id, number)
    wanted = uuid_or_none(request.GET.get("connection", ""))
    return render(request, "versions/answer.html", answers.of_version(request.user, version, wanted))


@require_safe
def compare(request: Request, agent_id: UUID, first: str = "", second: str = "") -> HttpResponse:
    """What differs between any two: versions, one's draft, earlier ones, what is live. Without two, they are chosen."""
    agent = access.agent(request.user, agent_id)
    asked = request.GET
    if first and second:
        told = comparing.comparison(request.user, agent, first, second, asked.get("view", ""))
        return render(request, "versions/compare.html", told)
    first, second = (asked.get(f"{side}_number") or asked.get(side, "") for side in ("from", "to"))
    chosen = comparing.choosing(request.user, agent, first, second)
    if not isinstance(chosen, tuple):
        return render(request, "versions/compare.html", chosen, status=404)
    view = {"view": asked["view"]} if asked.get("view") == comparing.SIDE_BY_SIDE else None
    return redirect(reverse("versions.compare", args=[agent.pk, *chosen], query=view))


@require_safe
def confirm_publish(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """The dialog that says what publishing this version changes and touches."""
    version = access.version(request.user, agent_id, number)
    told = dialogs.publishing(request.user, version.agent, version)
    return render(request, *dialogs.dialog(request, "versions/publish.html", version.agent, **told))


@require_POST
def publish(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """Make a saved version live. If someone published meanwhile, ask again."""
    version = access.version(request.user, agent_id, number)
    confirmed, posted = Confirmed.read(request), request.POST
    try:
        operations.publish(
            version,
            live=confirmed.live,
            number=posted.get("number", ""),
            note=posted.get("note", ""),
            by=request.user,
            key=confirmed.key,
        )
    except PublishedMeanwhile as refused:
        return dialogs.ask_again(request, "versions/publish.html", agent_id, refused, number)
    return dialogs.done(request, agent_id, dialogs.is_live(version, before=confirmed.live))


@require_safe
def confirm_unpublish(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog that says what callers will get."""
    agent = access.agent(request.user, agent_id)
    told = dialogs.unpublishing(agent)
    return render(request, *dialogs.dialog(request, "versions/unpublish.html", agent, **told))


@require_POST
def unpublish(request: Request, agent_id: UUID) -> HttpResponse:
    """Leave nothing live."""
    agent = access.agent(request.user, agent_id)
    confirmed = Confirmed.read(request)
    operations.unpublish(agent, live=confirmed.live, by=request.user, key=confirmed.key)
    return dialogs.done(request, agent_id, dialogs.nothing_is_live(agent, before=confirmed.live))


@require_safe
def confirm_edit(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """The dialog that says what copying this version into the draft replaces."""
    version = access.version(request.user, agent_id, number)
    told = dialogs.replacing(request.user, version)
    return render(request, *dialogs.dialog(request, "versions/edit.html", version.agent, **told))


@require_POST
def edit(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """Copy a version into one's draft; asks first if that would replace what no version holds."""
    version = access.version(request.user, agent_id, number)
    confirmed, how = Confirmed.read(request), request.POST.get("how", "")
    try:
        if how == "save":
            draft = operations.save_and_edit_into_draft(
                version, base=confirmed.base, by=request.user, key=confirmed.key
            )
        else:
            draft = operations.edit_into_draft(
                version, base=confirmed.base, by=request.user, replace=how == "replace", key=confirmed.key
            )
    except (DraftHasChanges, Stale):
        return _ask_before_replacing(request, agent_id, number)
    keep(request, dialogs.replaced(f"v{version.number} is in your draft.", draft))
    return go_to(request, reverse("agents.show", args=[agent_id]))


def _ask_before_replacing(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    version = access.version(request.user, agent_id, number)
    told = dialogs.replacing(request.user, version)
    response = render(request, *dialogs.dialog(request, "versions/edit.html", version.agent, **told), status=409)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


@require_safe
def confirm_rename(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """Ask for a version's name: in its row, or in the dialog."""
    version = access.version(request.user, agent_id, number)
    return _ask_for_name(request, version, version.name)


@require_POST
def rename(request: Request, agent_id: UUID, number: int) -> HttpResponse:
    """Name a version, or take its name away; its content never changes. What was typed stays where it is refused."""
    version, typed = access.version(request.user, agent_id, number), request.POST.get("name", "")
    try:
        version = operations.rename_version(version, typed, by=request.user)
    except Invalid as refused:
        if request.htmx.target == "dialog":
            raise
        return _ask_for_name(request, version, typed, refused)
    words = f"v{version.number} is named “{version.name}”" if version.name else f"v{version.number} has no name now"
    if request.htmx and request.htmx.target != "dialog":
        here = split_address(request.htmx.current_url).path == dialogs.url(version)
        told = {"agent": version.agent, "listed": version, "version": version if here else None, "renamed": True}
        return fragments(request, RENAMED, told | {"toast": Toast(words)})
    return dialogs.done(request, agent_id, Toast(words))


def _ask_for_name(request: Request, version: Version, typed: str, refused: Invalid | None = None) -> HttpResponse:
    told = {"version": version, "typed": typed, "refused": refused}
    status = refused.status if refused else 200
    if request.htmx and request.htmx.target != "dialog":
        return render(request, "versions/rename.html#in_place", told | {"agent": version.agent}, status=status)
    return render(request, *dialogs.dialog(request, "versions/rename.html", version.agent, **told), status=status)
