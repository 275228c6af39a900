"""Tells the product how calls reach its agents: the numbers that are assigned or free, and the calls in progress."""

import re

from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet

from agentversions import checks
from agentversions.checks import Offer, Outlook
from agentversions.configuration import Configuration
from agentversions.models import Agent
from agentversions.refusals import Blocker, Invalid
from telephony import numbers, operations
from telephony.carrying import carriers
from telephony.models import Call, PhoneNumber
from telephony.providers import PROVIDERS

NO_NUMBER = Blocker(
    "no_number",
    "No phone number is available: publishing needs one that is free or this agent's.",
    "Add a number",
    "numbers",
)


class PhoneReach:
    """Reach, by phone."""

    def outlook(self, agent: Agent, configuration: Configuration) -> Outlook:
        """The numbers that would answer with it, the free ones that could, and who carries their calls."""
        available = list(available_numbers(agent))
        assigned = [number for number in available if number.agent_id]
        return Outlook(
            blockers=[] if available else [NO_NUMBER],
            warnings=_warnings(assigned),
            numbers=len(assigned),
            calls=_in_progress(agent),
            offers=[_offer(number) for number in available if not number.agent_id] if not assigned else [],
            carriers=carriers([number.connection for number in assigned or available], configuration),
        )

    def take(self, agent: Agent, reference: str, by: User) -> None:
        """Assign a free number; raises Invalid if it is no longer free."""
        free = available_numbers(agent).filter(agent=None)
        number = free.filter(pk=int(reference)).first() if re.fullmatch(r"[0-9]{1,18}", reference) else None
        if number is None:
            raise Invalid("That number is no longer free. Choose another.")
        operations.assign_number(number, agent, by=by)

    def release(self, agent: Agent, by: User) -> None:
        """Free the agent's numbers."""
        for number in PhoneNumber.objects.filter(agent=agent).order_by("pk"):
            operations.unassign_number(number, by=by)


def available_numbers(agent: Agent) -> QuerySet[PhoneNumber]:
    """Numbers on an enabled connection of the agent's project that are this agent's, or free."""
    mine = Q(agent=agent) | Q(agent=None)
    available = PhoneNumber.objects.filter(mine, connection__project=agent.project_id, connection__enabled=True)
    return available.select_related("connection").order_by("number")


def _in_progress(agent: Agent) -> dict[int, int]:
    calls = Call.objects.in_progress().filter(agent=agent).order_by()
    return dict(calls.values_list("version__number").annotate(count=Count("pk")))


def _offer(number: PhoneNumber) -> Offer:
    return Offer(str(number.pk), f"{numbers.readable(number.number)} · {number.connection.name}")


def _warnings(assigned: list[PhoneNumber]) -> list[str]:
    lacking = {
        number.connection.name
        for number in assigned
        if PROVIDERS[number.connection.provider].needs_worker and not number.connection.worker_url
    }
    return [
        f"{name} has no worker address yet: until it has one, its callers hear the connection's message."
        for name in sorted(lacking)
    ]


checks.register(PhoneReach())
