"""A list costs the same however long it is."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentversions import operations
from agentversions.models import Agent, Draft, Event, Membership, Project, Role, Version
from telephony import operations as phone
from telephony.incoming import IncomingCall
from telephony.models import Call, Connection, PhoneNumber, Review
from telephony.routing import route_call
from tests.cast import Cast, edit, save
from tests.factories import person
from tests.operators.conftest import Line, page

type SignIn = Callable[[User], Client]

LISTS: list[type[Model]] = [Project, Membership, Agent, Draft, Version, Event, Connection, PhoneNumber, Call, Review]


def grow(cast: Cast, line: Line, rounds: range) -> None:
    """One more of everything, a few times."""
    for n in rounds:
        agent = operations.create_agent(cast.project, f"Agent {n}", by=cast.ana)
        operations.create_project(f"Project {n}", by=cast.ana)
        operations.set_role(cast.project, person(f"Member{n}"), Role.VIEWER, by=cast.ana)
        version = save(agent, cast.ana, prompt=f"Hello {n}")
        edit(agent, cast.ana, prompt=f"Draft {n}")
        number = phone.add_number(line.connection, f"+1555000{2000 + n}", by=cast.ana)
        phone.assign_number(number, agent, by=cast.ana)
        operations.publish(version, live=None, by=cast.ana)
        call = route_call(line.connection, IncomingCall(f"CA{n}", "+441134960101", number.number))
        phone.review_call(call, good=True, by=cast.ana)
        phone.add_connection(cast.project, provider="generic", name=f"Line {n}", secrets={}, by=cast.ana)


def queries(client: Client, noun: type[Model]) -> list[str]:
    """What a list asks of the database."""
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(page(noun, "changelist"))
    assert answer.status_code == 200
    return [query["sql"] for query in asked.captured_queries]


@pytest.mark.parametrize("noun", LISTS)
def test_a_list_asks_as_often_for_many_as_for_few(cast: Cast, line: Line, sign_in: SignIn, noun: type[Model]) -> None:
    ana = sign_in(cast.ana)
    grow(cast, line, range(2))
    queries(ana, noun)
    few = queries(ana, noun)
    grow(cast, line, range(2, 8))
    many = queries(ana, noun)
    assert len(few) == len(many)
    assert not [sql for sql in many if '"configuration"' in sql or '"secrets"' in sql]
