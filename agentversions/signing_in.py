"""Signing in, as every page that does it must: tries are counted, and who tries too often is told to wait."""

from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest

from agentversions.operations import doors


def caller(request: HttpRequest) -> str:
    """Where a request comes from, as the proxies say that stand before this server."""
    passed = request.headers.get("X-Forwarded-For", "").split(",")
    behind = settings.TRUSTED_PROXIES
    given = passed[-behind].strip() if 0 < behind <= len(passed) else ""
    return doors.place(given or request.META.get("REMOTE_ADDR", ""))


class Counted(AuthenticationForm):
    """A name and a password; raises TooMany before it looks at the password of who tries too often."""

    def clean(self) -> dict[str, Any]:
        """Count the try, and let in whoever is right."""
        name, place = self.cleaned_data.get("username"), caller(self.request) if self.request else ""
        if not name or not self.cleaned_data.get("password"):
            return super().clean()
        doors.knock_to_sign_in(name, place)
        cleaned = super().clean()
        doors.let_in(name, place)
        return cleaned


class CountedAdmin(Counted, AdminAuthenticationForm):
    """The admin's."""
