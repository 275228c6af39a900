"""Addresses of the list of calls, narrowed to those that a page tells of."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse


def calls(project: UUID, since: datetime | None, until: datetime | None, **said: object) -> str:
    """The project's calls that began at `since` or later and before `until`; what is None isn't asked for."""
    moments = {"from": since and since.isoformat(), "to": until and until.isoformat()}
    asked = {name: value for name, value in (said | moments).items() if value is not None}
    return f"{reverse('calls.index', args=[project])}?{urlencode(asked)}"
