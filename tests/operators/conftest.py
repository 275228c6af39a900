"""The cast as staff, with every Django permission; a line that reaches the agent; and the admin's addresses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from agentversions.operations import publish
from telephony import operations as phone
from telephony.incoming import IncomingCall
from telephony.models import Connection, PhoneNumber, Review
from telephony.routing import route_call
from tests.cast import Cast, assemble, save
from tests.factories import person

SECRET = "a-secret-nobody-may-read-here"


@dataclass(frozen=True)
class Line:
    """A connection of the project, and one of its numbers, assigned to nobody."""

    connection: Connection
    number: PhoneNumber


@pytest.fixture
def cast(db: None) -> Cast:
    """The people; those who run, publish, edit and read are staff with every Django permission, and so is Olga."""
    cast = assemble()
    for user in (cast.ana, cast.pia, cast.ben, cast.cleo, cast.olga):
        user.is_staff = True
        user.save()
        user.user_permissions.set(Permission.objects.all())
    return cast


@pytest.fixture
def root(db: None) -> User:
    """A superuser, who is a member of nothing."""
    return person("Root", is_staff=True, is_superuser=True)


@pytest.fixture
def line(cast: Cast) -> Line:
    """The project's line."""
    worker, secrets = "wss://worker.example.com/relay", {"auth_token": SECRET}
    connection = phone.add_connection(
        cast.project, provider="twilio", name="Front desk line", secrets=secrets, worker_url=worker, by=cast.ana
    )
    return Line(connection, phone.add_number(connection, "+1 555 000 1000", by=cast.ana))


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """A browser in which someone is signed in, and whose forms need their token."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


def reviewed(cast: Cast, line: Line) -> Review:
    """What Ben thinks of a call that the agent answered on the line's number, and what he thought at first."""
    phone.assign_number(line.number, cast.agent, by=cast.pia)
    publish(save(cast.agent, cast.ana, prompt="Hello"), live=None, by=cast.pia)
    call = route_call(line.connection, IncomingCall("CA-review", "+441134960101", line.number.number))
    phone.review_call(call, good=False, by=cast.ben)
    return phone.review_call(call, good=True, note="Kind", by=cast.ben)


def page(thing: Model | type[Model], what: str = "change") -> str:
    """The address of a thing's page, or of a noun's list or form."""
    name = f"admin:{thing._meta.app_label}_{thing._meta.model_name}_{what}"
    return reverse(name) if isinstance(thing, type) else reverse(name, args=[thing.pk])


def asked(client: Client, thing: Model, deed: str) -> dict[str, Any]:
    """What the deed's confirmation page would send if it were confirmed as it is."""
    answer = client.get(page(thing, deed))
    assert answer.status_code == 200, answer.content
    return sent(answer)


def sent(answer: Any) -> dict[str, Any]:
    """What the forms of a confirmation page hold."""
    return {
        field.html_name: "" if field.value() is None else str(field.value())
        for question in answer.context["questions"]
        for field in question.form
    }


def confirm(client: Client, thing: Model, deed: str, told: dict[str, Any] | None = None, **also: str) -> Any:
    """Ask, then confirm what was shown."""
    told = dict(asked(client, thing, deed) if told is None else told)
    told |= {f"{thing.pk}-{name}": text for name, text in also.items()}
    return client.post(page(thing, deed), told, follow=True)


def text(answer: Any) -> str:
    """The page's source."""
    source: str = answer.content.decode()
    return source


def messages(answer: Any) -> list[str]:
    """What the page told."""
    return [str(message) for message in answer.context["messages"]]
