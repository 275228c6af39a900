"""The cast with a phone line, and someone at a browser."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Agent, Draft
from telephony.models import Call, Connection, PhoneNumber
from telephony.operations import add_connection, add_number, assign_number
from telephony.providers.generic import new_secret
from tests.cast import Cast, assemble
from tests.support.server import Server

NUMBER = "+15550001000"
PATIENCE = 300  # tenths of a second until what a page sends as it is left, which no browser tells of, has arrived


@dataclass(frozen=True)
class Line:
    """A connection, and the number on it that reaches Reception."""

    connection: Connection
    number: PhoneNumber


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """The people and their agents, committed, so that the server sees them."""
    return assemble()


@pytest.fixture
def line(cast: Cast) -> Line:
    """Reception's number."""
    signing = {"signing_secret": new_secret()}
    connection = add_connection(cast.project, provider="generic", name="Worker", secrets=signing, by=cast.ana)
    number = add_number(connection, NUMBER, by=cast.ana)
    return Line(connection, assign_number(number, cast.agent, by=cast.ana))


@pytest.fixture
def sign_in(page: Page) -> Callable[[User], None]:
    """Sign someone in as they do it themselves."""

    def signed_in(user: User) -> None:
        page.goto(reverse("accounts.sign_in"))
        page.get_by_label("Username").fill(user.username)
        page.get_by_label("Password").fill("known")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    return signed_in


@pytest.fixture
def ring(server: Server) -> Callable[..., dict[str, Any]]:
    """Ring a number at the server over HTTP, as its provider would, and read the answer."""

    def rung(number: str = NUMBER, **options: Any) -> dict[str, Any]:
        heard = StringIO()
        call_command("ring", number, url=server.url, json=True, stdout=heard, **options)
        answer: dict[str, Any] = json.loads(heard.getvalue())
        return answer

    return rung


def open_editor(page: Page, agent: Agent) -> None:
    """Open the agent's page, and wait until its scripts are there."""
    page.goto(reverse("agents.show", args=[agent.pk]))
    page.wait_for_load_state("networkidle")


def saved(page: Page) -> None:
    """Wait until the page says that the draft is saved."""
    expect(page.locator("#state")).to_contain_text("Draft saved")
    expect(page.locator("#state")).to_have_attribute("data-state", "saved")


def leave(page: Page, address: str, arrived: Callable[[], bool]) -> None:
    """Go elsewhere from a draft with unsaved text, say yes to that, and wait until what was sent on leaving arrived."""
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(address)
    for _ in range(PATIENCE):
        if arrived():
            return
        page.wait_for_timeout(100)
    raise AssertionError("What a page sent as it was left did not arrive.")


def draft_of(agent: Agent, user: User) -> Draft:
    """The draft as the server holds it."""
    return Draft.objects.get(agent=agent, owner=user)


def answered_by(answer: dict[str, Any]) -> int | None:
    """The number of the version that our record says handled the call."""
    number: int | None = Call.objects.values_list("version__number", flat=True).get(pk=answer["call"])
    return number
