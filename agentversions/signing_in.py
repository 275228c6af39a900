"""Signing in, as every page that does it must: tries are counted, and who tries too often is told to wait."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from agentversions.operations import doors
from agentversions.refusals import TooMany


def caller(request: HttpRequest) -> str:
    """Where a request comes from, as the proxies say that stand before this server."""
    passed = request.headers.get("X-Forwarded-For", "").split(",")
    behind = settings.TRUSTED_PROXIES
    given = passed[-behind].strip() if 0 < behind <= len(passed) else ""
    return doors.place(given or request.META.get("REMOTE_ADDR", ""))


class Counted(AuthenticationForm):
    """A name and a password; the password of who tries too often isn't looked at."""

    def clean(self) -> dict[str, Any]:
        """Count the try, and let in whoever is right."""
        name, place = self.cleaned_data.get("username"), caller(self.request) if self.request else ""
        if not name or not self.cleaned_data.get("password"):
            return super().clean()
        try:
            doors.knock_to_sign_in(name, place)
        except TooMany as refused:
            raise ValidationError(refused.sentence, code=TooMany.code) from None
        cleaned = super().clean()
        doors.let_in(name, place)
        return cleaned


class CountedAdmin(Counted, AdminAuthenticationForm):
    """The admin's."""


def told_to_wait(view: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """A page that signs people in, with TooMany's status when it says so: its own look, the name still typed."""

    @login_not_required
    @wraps(view)
    def telling(request: HttpRequest) -> HttpResponseBase:
        response = view(request)
        if isinstance(response, TemplateResponse):
            form = (response.context_data or {}).get("form")
            if form and form.has_error(NON_FIELD_ERRORS, TooMany.code):
                response.status_code = TooMany.status
        return response

    return telling
