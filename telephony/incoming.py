"""The one inner shape that every provider's ring and report becomes."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from telephony.models import Status


@dataclass(frozen=True)
class IncomingCall:
    """A ring: the provider's id of the call, who calls and what was dialled, both as they came."""

    call_id: str
    caller: str
    dialled: str


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
