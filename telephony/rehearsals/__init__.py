"""Speaks as a provider would, with its real signature: for `ring`, the demo and the tests. One file each."""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from agentversions.sealing import Secrets


class Unsignable(Exception):
    """The connection's secrets don't let anyone but the provider sign; says the cure."""


@dataclass(frozen=True)
class Sent:
    """A signed request, ready to post."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Heard:
    """What an answer says: the version that answers, its greeting, our call's id and token; or a refusal."""

    call: str = ""
    token: str = ""
    agent: str = ""
    version: int | None = None
    greeting: str = ""
    refusal: str = ""


class Rehearsal(Protocol):
    """One provider's side of the conversation."""

    def call_id(self, chosen: str) -> str:
        """The provider's spelling of a call's id that was chosen by hand."""

    def ring(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str) -> Sent:
        """The request that announces a call; raises Unsignable."""

    def hang_up(self, secrets: Secrets, url: str, *, call_id: str, caller: str, dialled: str, seconds: int) -> Sent:
        """The request that reports its end; raises Unsignable."""

    def sign(self, secrets: Secrets, url: str, body: bytes) -> Sent:
        """Whatever body, as the provider would send it; raises Unsignable."""

    def hear(self, body: bytes) -> Heard:
        """Read an answer."""


def rehearsal(provider: str) -> Rehearsal:
    """The provider's side, from the file named as the provider is."""
    found: Rehearsal = import_module(f"telephony.rehearsals.{provider}").REHEARSAL
    return found
