"""The cast, and someone's browser: signed in, and honest about CSRF."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.cast import Cast, assemble

type Browser = Callable[[User], Client]


@pytest.fixture
def cast(db: None) -> Cast:
    """The people, their projects and their agents."""
    return assemble()


@pytest.fixture
def browser() -> Browser:
    """A browser in which someone is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
