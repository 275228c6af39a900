"""People, with as little said about each as a story needs."""

from typing import Any

from django.contrib.auth.models import User
from factory.declarations import LazyAttribute, Sequence
from factory.django import DjangoModelFactory, Password


class UserFactory(DjangoModelFactory[User]):
    """A signed-in person; `person("Ana")` reads better in a story."""

    class Meta:
        model = User
        django_get_or_create = ("username",)

    # factory-boy's declarations have no types
    username = Sequence(lambda n: f"person{n}")  # type: ignore[no-untyped-call]
    email = LazyAttribute(lambda user: f"{user.username}@example.com")  # type: ignore[no-untyped-call]
    password = Password("known")  # type: ignore[no-untyped-call]


def person(name: str, **particulars: Any) -> User:
    """A user of this first name, who signs in with it in small letters and the password `known`."""
    return UserFactory.create(username=name.lower(), first_name=name, **particulars)
