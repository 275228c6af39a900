"""The cast, and a browser for each of them."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.cast import Cast, assemble

type SignIn = Callable[[User], Client]


@pytest.fixture
def cast(db: None) -> Cast:
    """The people, their projects and their agents."""
    return assemble()


@pytest.fixture
def sign_in() -> SignIn:
    """Opens a browser in which someone is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
