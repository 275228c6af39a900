"""Two people give one free number away at once: one gets it, the other is told whose it is."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from agentversions.models import Agent
from agentversions.operations import create_agent
from telephony.models import PhoneNumber
from telephony.operations import NumberElsewhere, add_connection, add_number, assign_number, unassign_number
from telephony.providers.generic import new_secret
from tests.cast import assemble

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

ROUNDS = 20


def test_one_free_number_goes_to_one_of_two_agents() -> None:
    cast = assemble()
    signing = {"signing_secret": new_secret()}
    connection = add_connection(cast.project, provider="generic", name="Worker", secrets=signing, by=cast.ana)
    number = add_number(connection, "+15550001000", by=cast.ana)
    wanted = ((cast.agent, cast.ana), (create_agent(cast.project, "Other", by=cast.pia), cast.pia))
    together = threading.Barrier(len(wanted))

    def take(agent: Agent, by: User) -> str:
        try:
            together.wait(timeout=60)
            assign_number(number, agent, by=by)
        except NumberElsewhere:
            return "elsewhere"
        finally:
            database.close()
        return "assigned"

    for _ in range(ROUNDS):
        with ThreadPoolExecutor(len(wanted)) as pool:
            outcomes = list(pool.map(lambda pair: take(*pair), wanted))
        assert sorted(outcomes) == ["assigned", "elsewhere"]
        unassign_number(PhoneNumber.objects.get(pk=number.pk), by=cast.ana)
