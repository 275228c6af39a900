"""Sign-in for the demo's people, on a developer's machine only: their stored passwords are unusable."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

PEOPLE = ("ana", "pia", "ben", "cleo", "admin", "olga", "otto")
PASSWORD = "demo"  # noqa: S105 (known on purpose, and worth nothing without DEBUG)


class DemoSignIn(ModelBackend):
    """Accepts the demo password for a demo person who has no real one, while DEBUG is on."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        """The demo person, or None."""
        del request
        if not settings.DEBUG or username not in PEOPLE or password != PASSWORD:
            return None
        person = User.objects.filter(username=username).first()
        if person is None or person.has_usable_password() or not self.user_can_authenticate(person):
            return None
        return person
