"""One's own draft: the autosave, saving it as a version, publishing it, discarding it, and earlier ones."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from agentversions import access, operations
from agentversions.access import Act
from agentversions.base import Base
from agentversions.models import Agent, Draft
from agentversions.refusals import Hostile, Invalid, PublishedMeanwhile, Refused, Stale, Undecided
from agentversions.tools import KINDS
from dashboard import forms, forms_merge
from dashboard.forms import Confirmed, uuid_or_none, whole
from dashboard.http import Request, fragments, go_to
from dashboard.pages import answers, behind, dialogs, editor, resolving
from dashboard.toasts import Toast, keep


@require_POST
def edit(request: Request, agent_id: UUID) -> HttpResponse:
    """Save what was typed. Answers with the draft's new base, chip and flags.

    If the draft moved elsewhere: 409 to the autosave, which offers the review; to a plain form the review itself.
    """
    agent = access.agent(request.user, agent_id)
    if not _is_theirs(request):
        return HttpResponse(status=401)
    typed = forms.read_draft(request.POST)
    base = Base.read(request.POST.get("base", ""))
    client, sequence = uuid_or_none(request.POST.get("client", "")), whole(request.POST.get("sequence") or "0")
    try:
        saved = operations.edit_draft(agent, typed, base=base, by=request.user, client=client, sequence=sequence)
    except Stale:
        if "leaving" in request.POST:  # nobody is there to review it: what was typed is kept beside the draft
            operations.keep_typed(agent, typed, by=request.user)
        if request.htmx:
            return HttpResponse(status=409)
        return resolving.ask(request, agent, status=409)
    if not request.htmx:
        return redirect("agents.show", agent.pk)
    if saved.outcome == "superseded":
        return HttpResponse(status=204)
    return fragments(request, editor.SAVED, editor.saved(agent, saved.draft))


@require_POST
def confirm_resolve(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog with both texts: what a tab holds, which is posted, and what was saved meanwhile. Writes nothing."""
    agent = access.agent(request.user, agent_id)
    access.require(request.user, Act.EDIT, agent.project)
    if not _is_theirs(request):
        return HttpResponse(status=401)
    return resolving.ask(request, agent, status=200)


def _is_theirs(request: Request) -> bool:
    """Whether the page was drawn for who is signed in now: what one typed doesn't become another's draft."""
    return request.POST.get("owner", str(request.user.pk)) == str(request.user.pk)


@require_POST
def resolve(request: Request, agent_id: UUID) -> HttpResponse:
    """Make one draft of both. If it moved once more, ask again."""
    agent = access.agent(request.user, agent_id)
    confirmed, typed, saved = Confirmed.read(request), forms.read_draft(request.POST), resolving.chosen(request)
    try:
        draft = operations.resolve_draft(
            agent, typed, saved=saved, base=confirmed.base, by=request.user, key=confirmed.key
        )
    except Stale as refused:
        return resolving.ask(request, agent, refused.status, refused)
    keep(request, dialogs.replaced("Your draft is resolved.", draft))
    return go_to(request, reverse("agents.show", args=[agent.pk]))


@require_safe
def add_tool(request: Request, agent_id: UUID) -> HttpResponse:
    """A blank row for another tool; it is part of the draft once something is typed into it."""
    access.agent(request.user, agent_id)
    kind = request.GET.get("kind", "function")
    if kind not in KINDS:
        raise Hostile("There is no such kind of tool.")
    return render(request, "components/tool.html", {"tool": forms.new_tool(kind), "open": True})


@require_safe
def confirm_save(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog that asks for the next version's name."""
    agent = access.agent(request.user, agent_id)
    return render(
        request, *dialogs.dialog(request, "drafts/save_version.html", agent, **dialogs.saving(request.user, agent))
    )


@require_POST
def save_version(request: Request, agent_id: UUID) -> HttpResponse:
    """Save the draft as the next version; it isn't live."""
    agent = access.agent(request.user, agent_id)
    confirmed = Confirmed.read(request)
    name = request.POST.get("name", "")
    version = operations.save_version(agent, base=confirmed.base, name=name, by=request.user, key=confirmed.key)
    toast = Toast(f"Saved as v{version.number}", view=dialogs.url(version))
    return dialogs.done(request, agent_id, toast)


@require_safe
def confirm_publish(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog that says what publishing the draft changes and touches."""
    agent = access.agent(request.user, agent_id)
    return render(
        request, *dialogs.dialog(request, "drafts/publish.html", agent, **dialogs.publishing(request.user, agent))
    )


@require_POST
def publish(request: Request, agent_id: UUID) -> HttpResponse:
    """Save the draft as the next version and make it live. If someone published meanwhile, ask again."""
    agent = access.agent(request.user, agent_id)
    confirmed, posted = Confirmed.read(request), request.POST
    try:
        version = operations.publish_draft(
            agent,
            base=confirmed.base,
            live=confirmed.live,
            name=posted.get("name", ""),
            number=posted.get("number", ""),
            note=posted.get("note", ""),
            by=request.user,
            key=confirmed.key,
        )
    except (PublishedMeanwhile, Stale) as refused:
        return dialogs.ask_again(request, "drafts/publish.html", agent_id, refused)
    return dialogs.done(
        request, agent_id, dialogs.is_live(version, before=confirmed.live, expected=posted.get("expected"))
    )


@require_safe
def confirm_merge(request: Request, agent_id: UUID) -> HttpResponse:
    """The review of a draft that is behind: setting by setting, what becomes of it and of what went live since."""
    agent = access.agent(request.user, agent_id)
    access.require(request.user, Act.EDIT, agent.project)
    return _review(request, agent)


@require_POST
def merge(request: Request, agent_id: UUID) -> HttpResponse:
    """Merge what went live into the draft, as it was chosen. If either moved, or something is open, ask again."""
    agent = access.agent(request.user, agent_id)
    confirmed, choices = Confirmed.read(request), forms_merge.read_choices(request.POST)
    try:
        draft = operations.merge_published(
            agent, base=confirmed.base, live=confirmed.live, choices=choices, by=request.user, key=confirmed.key
        )
    except (Stale, PublishedMeanwhile, Undecided, Invalid) as refused:
        return _review(request, access.agent(request.user, agent_id), refused)
    keep(request, dialogs.replaced(f"v{confirmed.live} is merged into your draft", draft))
    return go_to(request, reverse("agents.show", args=[agent.pk]))


def _review(request: Request, agent: Agent, refused: Refused | None = None) -> HttpResponse:
    """The review, or the editor where there is nothing left to review."""
    around = editor.around(request.user, agent)
    if not around["behind"]:
        return redirect("agents.show", agent.pk)
    told = behind.review(agent, around["draft"], refused=refused, posted=request.POST)
    return render(request, "drafts/merge.html", around | told, status=refused.status if refused else 200)


@require_safe
def answer(request: Request, agent_id: UUID) -> HttpResponse:
    """What a provider would get if one's own draft were live; no call is made."""
    agent = access.agent(request.user, agent_id)
    access.require(request.user, Act.EDIT, agent.project)
    wanted = uuid_or_none(request.GET.get("connection", ""))
    return render(request, "drafts/answer.html", answers.of_draft(request.user, agent, wanted))


@require_safe
def confirm_discard(request: Request, agent_id: UUID) -> HttpResponse:
    """The dialog that says what discarding loses, and that it can be brought back."""
    agent = access.agent(request.user, agent_id)
    return render(
        request, *dialogs.dialog(request, "drafts/discard.html", agent, **dialogs.saving(request.user, agent))
    )


@require_POST
def discard(request: Request, agent_id: UUID) -> HttpResponse:
    """Empty the draft; an earlier-drafts entry keeps what was in it."""
    agent = access.agent(request.user, agent_id)
    confirmed = Confirmed.read(request)
    draft = operations.discard_draft(agent, base=confirmed.base, by=request.user, key=confirmed.key)
    keep(request, dialogs.replaced("Your draft is discarded.", draft))
    return go_to(request, reverse("agents.show", args=[agent.pk]))


@require_safe
def earlier(request: Request, agent_id: UUID) -> HttpResponse:
    """What the draft held before it was replaced, discarded or edited on."""
    agent = access.agent(request.user, agent_id)
    return render(request, "drafts/earlier.html", editor.earlier_drafts(request.user, agent))


@require_safe
def show_earlier(request: Request, agent_id: UUID, checkpoint: int) -> HttpResponse:
    """An earlier draft, read-only."""
    agent = access.agent(request.user, agent_id)
    draft = get_object_or_404(Draft, agent=agent, owner=request.user)
    kept = get_object_or_404(draft.history, history_id=checkpoint)
    return render(request, "drafts/show_earlier.html", editor.earlier_draft(request.user, agent, kept))


@require_POST
def bring_back(request: Request, agent_id: UUID, checkpoint: int) -> HttpResponse:
    """Put an earlier draft back into the editor."""
    agent = access.agent(request.user, agent_id)
    key = uuid_or_none(request.POST.get("key", ""))
    draft = operations.bring_back_draft(agent, checkpoint, by=request.user, key=key)
    keep(request, dialogs.replaced("Your earlier draft is back.", draft))
    return go_to(request, reverse("agents.show", args=[agent.pk]))
