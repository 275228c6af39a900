"""The small promise that every provider keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from django.http import HttpRequest, HttpResponse

from agentversions.configuration import Configuration
from agentversions.models import Version
from agentversions.sealing import Secrets
from agentversions.tools import SECRET, FunctionTool, McpTool
from telephony import filling
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Call


class Forged(Exception):
    """The request isn't signed with the connection's secret."""


class Unreadable(Exception):
    """The request is signed, and isn't what this provider sends."""


@dataclass(frozen=True)
class Secret:
    """A secret a connection needs: its key, how the connection's form asks for it, and what it must look like."""

    key: str
    label: str
    hint: str = ""
    optional: bool = False
    pattern: str = "[!-~]{8,200}"
    make: Callable[[], str] | None = None
    """Makes a fresh one, where it is ours to choose."""


@dataclass(frozen=True)
class Option:
    """A connection's choice that is no secret: how its form asks for it, and what may be said."""

    key: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """Values and their words; any text that fits the pattern where there are none."""
    default: str = ""
    pattern: str = "[ -~]{0,200}"
    lines: bool = False
    """Whether it is a text of several lines, each of which must fit the pattern."""
    seldom: bool = False
    """Whether hardly anybody changes it, so that it is folded away."""
    without: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By a chosen value: which of the provider's `carries` its answer then can't carry."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """By a chosen value: a sentence on what becomes of that, where it isn't just left out."""


type Options = Mapping[str, str]
"""A connection's choices by their keys, with the defaults filled in."""


@dataclass(frozen=True)
class Step:
    """A step of connecting the provider: what to do there, and what to paste: `route` or `events`, or a text."""

    say: str
    paste: str = ""


@dataclass(frozen=True)
class Answering:
    """What an answer is made of: the call, the version pinned to it, what it says, and what is handed out."""

    call: Call
    version: Version
    configuration: Configuration
    """The version's, with variables filled in: what adapters render from."""
    token: str
    """Opens configuration_url, and nothing else."""
    configuration_url: str
    """Where a worker fetches the configuration."""
    events_url: str
    """Where signed reports go."""
    report_url: str
    """Where reports go that a provider doesn't sign: unguessable, and of this call alone."""
    secrets: Secrets = field(default_factory=dict)
    """The project's that the version names, by name."""
    options: Options = field(default_factory=dict)
    """The connection's, as they were when it rang."""

    @cached_property
    def variables(self) -> dict[str, str]:
        """What each of the agent's variables holds in this call."""
        return filling.values(self.call, self.version)

    def headers(self, tool: FunctionTool | McpTool) -> dict[str, str]:
        """A tool's request headers with its secrets put in; one whose secret is missing is left out."""
        filled = {}
        for header in tool.headers:
            named = SECRET.fullmatch(header.value)
            value = self.secrets.get(named[1]) if named else header.value
            if value is not None:
                filled[header.name] = value
        return filled


class Provider(Protocol):
    """One company's or program's dialect. Nothing in it sees a table."""

    key: str
    name: str
    summary: str
    """What it does with a call, in a sentence for who chooses among providers."""
    secrets: tuple[Secret, ...]
    options: tuple[Option, ...]
    needs_worker: bool
    """Whether its answer sends the caller to the connection's worker, which then must have an address."""
    worker_hint: str
    """What a worker does there, for who is asked for its address; empty where there is none."""
    worker_schemes: tuple[str, ...]
    picks_up: bool
    """Whether answering the ring is all that is heard of the call's being answered."""
    carries: frozenset[str]
    """Paths of the settings its answer can carry, and `tools.<kind>` for each kind of tool it can."""
    notes: Mapping[str, str]
    """By path: a sentence on what becomes of what it can't carry, or not in full, where no worker fetches it."""
    steps: tuple[Step, ...]
    """What a newcomer does in the provider's own pages, in order."""

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Raise Forged unless the raw request is signed with the connection's secret."""

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """The ring in a route request; None for a report that came to the same address; raises Unreadable."""

    def answer(self, answering: Answering) -> HttpResponse:
        """The version, as this provider understands it: the same bytes for the same call, always."""

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """A polite no, spoken to the caller where the provider can speak, or a transfer where it can dial."""

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """What an event request tells; raises Unreadable."""

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """What the provider wants to hear after an event."""
