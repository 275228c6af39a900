"""What stands in the way of publishing, and what publishing will touch.

This package knows no phones: telephony registers how a version is reached. With nothing registered, nothing can be
published.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from django.contrib.auth.models import User

from agentversions import complaints
from agentversions.configuration import Configuration
from agentversions.models import Agent, Secret
from agentversions.refusals import Blocked, Blocker, SecretPasted
from agentversions.tools import secret_names


@dataclass(frozen=True)
class Offer:
    """Something that could be taken into use by the act itself: a free number, by its reference and its words."""

    reference: str
    words: str


class Fate(StrEnum):
    """What becomes of a setting on its way to the caller, the worst first."""

    LOST = "lost"
    FETCHED = "fetched"
    LIMITED = "limited"


@dataclass(frozen=True)
class Lack:
    """Settings, in the editor's words, that don't reach callers as they are written, and what becomes of them."""

    labels: tuple[str, ...]
    sentence: str
    fate: Fate


@dataclass(frozen=True)
class Carrier:
    """Who carries an agent's calls, and what of its configuration it lacks."""

    name: str
    lacks: tuple[Lack, ...]

    def count(self, fate: Fate) -> int:
        """How many settings meet it."""
        return sum(len(lack.labels) for lack in self.lacks if lack.fate == fate)

    @property
    def summary(self) -> str:
        """All of it in one line: `SignalWire can't carry 2 settings, and carries 5 within limits.`"""
        counts = {fate: self.count(fate) for fate in Fate if self.count(fate)}
        told = [_IN_WORDS[fate].format(count) for fate, count in counts.items()]
        first = next(iter(counts.values()))
        told[0] = told[0].replace(str(first), f"{first} setting{'s' if first > 1 else ''}", 1)
        return f"{self.name} {', and '.join(told)}."

    @property
    def loses(self) -> bool:
        """Whether something reaches nobody."""
        return any(lack.fate == Fate.LOST for lack in self.lacks)


_IN_WORDS = {
    Fate.LOST: "can't carry {}",
    Fate.FETCHED: "leaves {} to your worker",
    Fate.LIMITED: "carries {} within limits",
}


@dataclass(frozen=True)
class Outlook:
    """What publishing would meet: what blocks it, what to be warned of, what it touches, and what could be taken.

    `calls` counts the calls in progress by the number of the version that each started with. `secrets` are those that
    the tools' headers name and the project doesn't have. `carriers` are those who can't carry all of it.
    """

    blockers: list[Blocker] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    numbers: int = 0
    calls: Mapping[int, int] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    carriers: list[Carrier] = field(default_factory=list)

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

    def outlook(self, agent: Agent, configuration: Configuration) -> Outlook:
        """What publishing this configuration for this agent would meet now."""

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
    reached = _reach[0].outlook(agent, configuration) if _reach else Outlook(blockers=[_NO_TELEPHONY])
    return Outlook(
        blockers=[*reached.blockers, *complaints.blockers(configuration)],
        warnings=[*reached.warnings, *complaints.warnings(configuration)],
        numbers=reached.numbers,
        calls=reached.calls,
        offers=reached.offers,
        secrets=missing_secrets(agent, configuration),
        carriers=reached.carriers,
    )


def missing_secrets(agent: Agent, configuration: Configuration) -> list[str]:
    """The names of the secrets that the tools' headers need and the agent's project doesn't have."""
    names = secret_names(configuration.tools)
    if not names:
        return []
    return sorted(names.difference(Secret.objects.filter(project=agent.project_id).values_list("name", flat=True)))


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
