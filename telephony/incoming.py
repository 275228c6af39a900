"""The one inner shape that every provider's ring and report becomes, and of the no that it gets."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from telephony import numbers
from telephony.models import Status


@dataclass(frozen=True)
class IncomingCall:
    """A ring: the provider's id of the call, who calls and what was dialled, both as they came.

    The id is empty where the provider has none yet: a report that brings our own call's id tells it later.
    """

    call_id: str
    caller: str
    dialled: str
    dialled_candidates: tuple[str, ...] = ()
    """What else may be the number that was dialled, likeliest first."""
    caller_name: str = ""


@dataclass(frozen=True)
class CallReport:
    """Something a provider tells about a call: a new status, an end, a recording.

    Without a status it moves nothing: so does the report of another leg, which is told of the call it belongs to.
    """

    call_id: str
    kind: str
    status: Status | None = None
    occurred_at: datetime | None = None
    duration: int | None = None
    reason: str = ""
    recording_url: str = ""
    event_id: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    our_call: str = ""
    """Our call's id, where the provider echoes it: the call's own report, not that of another leg."""
    transfer: str = ""
    """The name of the transfer tool by which the worker hands the caller on: the answer is to dial its number."""
    transcript: str = ""
    summary: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    """What was noted down after the call, by name."""
    transferred: bool = False
    """Whether the caller was put through to somebody."""
    voicemail: bool = False
    """Whether a machine answered or took the call."""
    success: bool | None = None
    """Whether the provider judges that the call did what it was for."""
    cost: Decimal | None = None
    """In dollars, which is what providers tell."""


@dataclass(frozen=True)
class Refusal:
    """Why no version answers, or no longer, and what the caller gets instead: a sentence, or another number."""

    reason: str
    say: str
    transfer: str = ""
    """In E.164; the sentence is empty then."""
    extension: str = ""
    """To be keyed in once the number has answered, where the provider can."""

    @classmethod
    def of(cls, fallback: str, reason: str) -> "Refusal":
        """A connection's fallback is a sentence, or a number to put callers through to."""
        return cls(reason, "", fallback) if numbers.E164.fullmatch(fallback) else cls(reason, fallback)
