"""What a process remembers of the connections it has seen: enough to know who rings, and to say no politely."""

import logging
from dataclasses import dataclass, field
from uuid import UUID

from agentversions.sealing import Secrets, Unsealable, unseal
from telephony.models import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    """A connection as it was when it was last looked up."""

    pk: UUID
    provider: str
    revision: int
    options: dict[str, str]
    fallback: str
    secrets: Secrets = field(repr=False)


type AnyLine = Line | Connection

_seen: dict[UUID, Line] = {}
"""By id. Only connections that exist come in, and they are few."""


def remembered(pk: UUID, provider: str) -> Line | None:
    """The connection as this process saw it last, if it did."""
    line = _seen.get(pk)
    return line if line and line.provider == provider else None


def forget() -> None:
    """Have seen nothing."""
    _seen.clear()


def look_up(pk: UUID, provider: str) -> Line | None:
    """The connection as it is now, which is remembered; nothing for one that isn't there or whose secrets are lost."""
    found = Connection.objects.filter(pk=pk, provider=provider).first()
    if found is None:
        return None
    try:
        secrets = unseal(found.secrets)
    except Unsealable:
        logger.exception("Connection %s refuses every call.", pk)
        _seen.pop(pk, None)
        return None
    line = _seen[pk] = Line(pk, provider, found.revision, found.options, found.fallback, secrets)
    return line
