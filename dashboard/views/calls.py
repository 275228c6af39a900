"""Calls: the list, one with the version that handled it, and whether it was good."""

from hashlib import md5
from uuid import UUID, uuid4

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_GET, require_POST, require_safe

from agentversions import access
from agentversions.access import Act
from agentversions.refusals import Hostile, Invalid
from dashboard import found, toasts, wanted
from dashboard.forms import LONGEST_NUMBER, uuid_or_none
from dashboard.http import Request, ask, fragments, go_to
from dashboard.pages import call as page
from dashboard.pages import calls as pages
from dashboard.pages import exporting
from dashboard.pages import retention as keeping
from dashboard.toasts import Toast
from telephony import operations
from telephony.operations.retention import checked


@require_safe
def index(request: Request, project_id: UUID) -> HttpResponse:
    """The calls that are asked for: those in progress, then the others, newest first."""
    project = access.project(request.user, project_id)
    asked = wanted.read(request.user, project, request.GET)
    part = ("#rows" if asked.before else "#calls") if request.htmx else ""
    context = pages.calls(request.user, project, asked)
    response = render(request, f"calls/index.html{part}", context, status=422 if asked.problem else 200)
    if part == "#calls":
        response["HX-Push-Url"] = f"{request.path}?{asked.address}".removesuffix("?")
    return response


@require_safe
def live(request: Request, project_id: UUID) -> HttpResponseBase:
    """The list alone, for a page that keeps up with the phone: 304 while nothing has changed."""
    project = access.project(request.user, project_id)
    context = pages.calls(request.user, project, wanted.read(request.user, project, request.GET))
    response = render(request, "calls/index.html#live", context)
    tag = quote_etag(md5(response.content, usedforsecurity=False).hexdigest())
    response["ETag"], response["Cache-Control"] = tag, "private, no-cache"
    return get_conditional_response(request, etag=tag, response=response) or response


@require_GET
def export(request: Request, project_id: UUID) -> StreamingHttpResponse:
    """The same calls as CSV."""
    project = access.project(request.user, project_id)
    asked = wanted.read(request.user, project, request.GET)
    if asked.problem:
        raise Invalid(asked.problem)
    return exporting.calls(project, asked.wanted).download(request.user)


@require_safe
def show(request: Request, call_id: UUID) -> HttpResponse:
    """One call: who rang whom, how it went, and what answered."""
    call = found.call(request.user, call_id)
    return render(request, "calls/show.html", page.call(request.user, call))


@require_safe
def retention(request: Request, project_id: UUID) -> HttpResponse:
    """For how long the project keeps who called and what was said."""
    project = access.project(request.user, project_id)
    return render(request, "calls/retention.html", keeping.retention(request.user, project))


@require_POST
def set_retention(request: Request, project_id: UUID) -> HttpResponse:
    """Keep calls for so many days, or for ever; asks first when more would be forgotten, since that is for good."""
    project = access.project(request.user, project_id)
    access.require(request.user, Act.ADMINISTER, project)
    days = None if "ever" in request.POST else checked(_number(request.POST.get("days", "")))
    if days and "sure" not in request.POST and keeping.shortens(project, days):
        told = {"days": days, "reach": keeping.reach(project, days), "key": uuid4()}
        return ask(request, "calls/set_retention.html", keeping.retention(request.user, project) | told)
    rule = operations.set_retention(project, days, by=request.user, key=uuid_or_none(request.POST.get("key", "")))
    toasts.keep(request, Toast(f"Calls are kept {rule}."))
    return go_to(request, reverse("calls.retention", args=[project.pk]))


def _number(typed: str) -> int:
    """The days that were typed; 0 for what is no number."""
    digits = typed.strip().replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else 0


JUDGEMENTS = {"yes": True, "no": False}
REVIEWED = ["calls/show.html#review", "calls/show.html#standing", "components/toast.html"]


@require_POST
def review(request: Request, call_id: UUID) -> HttpResponse:
    """Say whether a call did what it was for, with a note."""
    call, posted = found.call(request.user, call_id), request.POST
    good = JUDGEMENTS.get(posted.get("good", ""))
    if good is None:
        raise Hostile("The page sent a judgement that can't be read. Reload it.")
    operations.review_call(call, good=good, note=posted.get("note", ""), by=request.user)
    return _reviewed(request, call_id, "This call is judged as good." if good else "This call is judged as not good.")


@require_POST
def take_back_review(request: Request, call_id: UUID) -> HttpResponse:
    """Leave the judgement to the provider again."""
    operations.take_back_review(found.call(request.user, call_id), by=request.user)
    return _reviewed(request, call_id, "The review is taken back.")


def _reviewed(request: Request, call_id: UUID, words: str) -> HttpResponse:
    if not request.htmx:
        toasts.keep(request, Toast(words))
        return go_to(request, reverse("calls.show", args=[call_id]))
    told = page.judged(request.user, found.call(request.user, call_id))
    return fragments(request, REVIEWED, told | {"toast": Toast(words), "taken_back": told["review"] is None})
