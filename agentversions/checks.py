"""What stands in the way of publishing, and what publishing will touch.

This package knows no phones: telephony registers how a version is reached. With nothing registered, nothing can be
published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.contrib.auth.models import User

from agentversions import complaints
from agentversions.configuration import Configuration
from agentversions.models import Agent
from agentversions.refusals import Blocked, Blocker, SecretPasted


@dataclass(frozen=True)
class Offer:
    """Something that could be taken into use by the act itself: a free number, by its reference and its words."""

    reference: str
    words: str


@dataclass(frozen=True)
class Outlook:
    """What publishing would meet: what blocks it, what to be warned of, what it touches, and what could be taken.

    `calls` counts the calls in progress by the number of the version that each started with.
    """

    blockers: list[Blocker] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    numbers: int = 0
    calls: Mapping[int, int] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)

    @property
    def staying(self) -> str:
        """What becomes of the calls in progress, as a sentence; empty without any."""
        every = sum(self.calls.values())
        if not every:
            return ""
        begun = f"{every} {'call in progress stays' if every == 1 else 'calls in progress stay'} on"
        if len(self.calls) == 1:
            return f"{begun} v{next(iter(self.calls))}."
        shares = ", ".join(f"{count} on v{number}" for number, count in sorted(self.calls.items()))
        return f"{begun} the versions they started with: {shares}."


class Reach(Protocol):
    """How calls reach an agent, as the package that knows phones tells it."""

    def outlook(self, agent: Agent) -> Outlook:
        """What publishing this agent would meet now."""

    def take(self, agent: Agent, reference: str, by: User) -> None:
        """Take an offer into use, in the transaction that publishes; raises a refusal if it is gone."""

    def release(self, agent: Agent, by: User) -> None:
        """Free whatever reaches the agent, in the transaction that archives it."""


_reach: list[Reach] = []


def register(reach: Reach) -> None:
    """Tell the product how its agents are reached; the last one registered counts."""
    _reach[:] = [reach]


def outlook(agent: Agent, configuration: Configuration) -> Outlook:
    """What publishing this configuration for this agent would meet now."""
    reached = _reach[0].outlook(agent) if _reach else Outlook(blockers=[_NO_TELEPHONY])
    return Outlook(
        blockers=[*reached.blockers, *complaints.blockers(configuration)],
        warnings=[*reached.warnings, *complaints.warnings(configuration)],
        numbers=reached.numbers,
        calls=reached.calls,
        offers=reached.offers,
    )


def require(agent: Agent, configuration: Configuration) -> Outlook:
    """The outlook, or Blocked with everything that stands in the way."""
    seen = outlook(agent, configuration)
    if seen.blockers:
        raise Blocked(seen.blockers)
    return seen


def require_keepable(configuration: Configuration) -> None:
    """Refuse what no version may hold, since a version is for ever; raises SecretPasted with every place."""
    pasted = complaints.secrets(configuration)
    if pasted:
        raise SecretPasted(pasted)


def take(agent: Agent, reference: str, by: User) -> None:
    """Take an offer into use."""
    if _reach:
        _reach[0].take(agent, reference, by)


def release(agent: Agent, by: User) -> None:
    """Free whatever reaches the agent."""
    if _reach:
        _reach[0].release(agent, by)


_NO_TELEPHONY = Blocker("no_telephony", "No telephony is installed, so no number could reach this agent.")
