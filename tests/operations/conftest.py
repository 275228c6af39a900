"""The cast, and a line to call them on where a test is about the verbs alone."""

from dataclasses import dataclass, field

import pytest
from django.contrib.auth.models import User

from agentversions import checks
from agentversions.checks import Offer, Outlook
from agentversions.configuration import Configuration
from agentversions.models import Agent
from agentversions.refusals import Blocker, Invalid
from tests.cast import Cast, assemble


@dataclass
class Line:
    """Stands in for telephony, which these tests are not about: every agent has one number, and others are free."""

    numbers: int = 1
    offers: list[Offer] = field(default_factory=list)
    taken: list[tuple[Agent, str, User]] = field(default_factory=list)
    released: list[tuple[Agent, User]] = field(default_factory=list)

    def outlook(self, agent: Agent, configuration: Configuration) -> Outlook:
        """No number, no publishing."""
        del agent, configuration
        blockers = [] if self.numbers else [Blocker("no_number", "No number reaches this agent.")]
        return Outlook(blockers=blockers, numbers=self.numbers, offers=self.offers)

    def take(self, agent: Agent, reference: str, by: User) -> None:
        """Take one of the free numbers."""
        if reference not in [offer.reference for offer in self.offers]:
            raise Invalid("That number is taken.")
        self.numbers += 1
        self.taken.append((agent, reference, by))

    def release(self, agent: Agent, by: User) -> None:
        """Note whose number became free."""
        self.released.append((agent, by))


@pytest.fixture(autouse=True)
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """The line on which agents are reached in a test; the product's own is put back afterwards."""
    standing_in = Line()
    monkeypatch.setattr(checks, "_reach", [standing_in])
    return standing_in


@pytest.fixture
def cast(db: None) -> Cast:
    """The people and their agents."""
    return assemble()
