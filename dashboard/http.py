"""The request as our views see it, and the few answers they share."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails


class Request(HttpRequest):
    """A signed-in person's request, which may be htmx's."""

    user: User
    htmx: HtmxDetails


OPENED = "project"
"""The cookie that remembers which project was opened last, in this browser."""


def opened(response: HttpResponse, project: UUID) -> HttpResponse:
    """Remember that a project was opened, with the page that shows it; nothing is written here."""
    year = 365 * 24 * 3600
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(OPENED, str(project), max_age=year, secure=secure, httponly=True, samesite="Lax")
    return response


def opened_last(request: HttpRequest) -> UUID | None:
    """The project that was opened last, as the browser says; whether one may see it is another question."""
    try:
        return UUID(request.COOKIES.get(OPENED, ""))
    except ValueError:
        return None


def fragments(
    request: HttpRequest, templates: Iterable[str], context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Several fragments in one answer, each of which finds its own place in the page."""
    drawn = (render_to_string(template, {**context, "oob": True}, request) for template in templates)
    return HttpResponse("\n".join(drawn), status=status)


def split_address(address: str | None) -> SplitResult:
    """The parts of an address that a browser sent along; none of what is no address."""
    try:
        return urlsplit(address or "")
    except ValueError:
        return urlsplit("")


def go_to(request: Request, url: str) -> HttpResponse:
    """Send the browser to another page, whether htmx asked or a form did."""
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def ask(request: Request, template: str, context: dict[str, Any]) -> HttpResponse:
    """Ask before doing: the page's dialog, in the dialog for htmx; nothing has happened yet."""
    drawn = f"{template}#dialog" if request.htmx else template
    response = render(request, drawn, context, status=409)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response
