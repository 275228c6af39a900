"""The small promise that every provider keeps."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from django.http import HttpRequest, HttpResponse

from agentversions.models import Version
from agentversions.sealing import Secrets
from telephony import filling
from telephony.incoming import CallReport, IncomingCall
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


@dataclass(frozen=True)
class Answering:
    """What an answer is made of: the call, the version pinned to it, and the addresses and token handed out."""

    call: Call
    version: Version
    token: str
    configuration_url: str
    events_url: str

    @cached_property
    def variables(self) -> dict[str, str]:
        """What each of the agent's variables holds in this call."""
        return filling.values(self.call, self.version)


class Provider(Protocol):
    """One company's or program's dialect. Nothing in it sees a table."""

    key: str
    name: str
    secrets: tuple[Secret, ...]
    needs_worker: bool
    """Whether its answer sends the caller to the connection's worker, which then must have an address."""
    worker_schemes: tuple[str, ...]
    picks_up: bool
    """Whether answering the ring is all that is heard of the call's being answered."""
    carries: frozenset[str]
    """Paths of the settings its answer can carry; the worker fetches the rest."""

    def authenticate(self, request: HttpRequest, secrets: Secrets) -> None:
        """Raise Forged unless the raw request is signed with the connection's secret."""

    def read(self, request: HttpRequest) -> IncomingCall:
        """The ring in a route request; raises Unreadable."""

    def answer(self, answering: Answering) -> HttpResponse:
        """The version, as this provider understands it: the same bytes for the same call, always."""

    def refuse(self, say: str, reason: str) -> HttpResponse:
        """A polite no, spoken to the caller where the provider can speak."""

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """What an event request tells; raises Unreadable."""

    def acknowledge(self) -> HttpResponse:
        """What the provider wants to hear after an event."""
