"""What an export of calls, and of the times that versions were live, says of each."""

from collections.abc import Iterator
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from agentversions import access
from agentversions.models import Action, Project
from agentversions.turns import Turn, told, turns
from dashboard import exports
from dashboard.exports import Columns, Export, batches, counted
from telephony import finding
from telephony.finding import Wanted
from telephony.models import Call


def _judge(call: Call) -> str | None:
    if call.success is None:
        return None
    return call.review.by.get_username() if hasattr(call, "review") else "provider"


CALL_COLUMNS: Columns[Call] = {
    "id": lambda call: call.pk,
    "provider_call_id": lambda call: call.provider_call_id if call.named else None,
    "connection": lambda call: call.connection.name,
    "provider": lambda call: call.connection.provider,
    "agent_id": lambda call: call.agent_id,
    "agent": lambda call: call.agent_name or (call.agent.name if call.agent else None),
    "version": lambda call: call.version.number if call.version else None,
    "version_name": lambda call: call.version_name,
    "version_digest": lambda call: call.version.digest if call.version else None,
    "caller": lambda call: call.caller,
    "dialled": lambda call: call.dialled,
    "status": lambda call: call.status if not call.missed else None,
    "missed_reason": lambda call: call.missed,
    "started_at": lambda call: call.started_at,
    "answered_at": lambda call: call.answered_at,
    "ended_at": lambda call: call.ended_at,
    "seconds": lambda call: call.duration,
    "ended_reason": lambda call: call.ended_reason,
    "transferred": lambda call: call.transferred,
    "voicemail": lambda call: call.voicemail,
    "success": lambda call: call.success,
    "judged_by": _judge,
    "cost_dollars": lambda call: call.cost,
    "recording": lambda call: call.recording_url,
    "forgotten_at": lambda call: call.forgotten_at,
}
"""A recording's address stands on the call's page too, for the same people. A worker's address, what a connection may
choose and its fallback are nobody's figures: they aren't even read."""


def calls(of: Project, wanted: Wanted) -> Export[Call]:
    """The calls that the list shows for this, all of them, newest first."""
    return Export("calls", of, CALL_COLUMNS, _found(of, wanted), finding.about(of, wanted))


def _found(of: Project, wanted: Wanted) -> Iterator[list[Call]]:
    """As the list finds them; none at a time where enough was looked through without finding any."""
    page = finding.found(of, wanted, most=exports.BATCH, reading=_read)
    yield page.calls
    while page.more:
        page = finding.found(of, wanted, most=exports.BATCH, before=page.more, reading=_read)
        yield page.calls


def _read(calls: QuerySet[Call]) -> QuerySet[Call]:
    others = calls.select_related("connection", "agent", "version", "review__by")
    return others.defer("version__configuration", "options", "fallback", "worker_url", "connection__secrets")


SPAN_COLUMNS: Columns[Turn] = {
    "agent_id": lambda turn: turn.event.agent_id,
    "agent": lambda turn: turn.event.agent.name if turn.event.agent else None,
    "version": lambda turn: turn.event.version.number if turn.event.version else None,
    "version_name": lambda turn: turn.event.version.name if turn.event.version else None,
    "digest": lambda turn: turn.event.version.digest if turn.event.version else None,
    "from": lambda turn: turn.event.at,
    "until": lambda turn: turn.until,
    "seconds": lambda turn: int((turn.until - turn.event.at).total_seconds()) if turn.until else None,
    "published_by": lambda turn: turn.event.actor.get_username(),
    "publisher": lambda turn: turn.event.actor.get_full_name(),
    "note": lambda turn: turn.event.particulars.get("note"),
}
"""A row is a time that a version was live; `until` is empty while it is."""


def spans(user: User, of: Project, agent: UUID | None) -> Export[Turn]:
    """Which version was live from when to when, newest first; of one agent, if asked."""
    chosen = access.agent_of(user, of, agent) if agent else None
    published = turns(of, chosen).filter(action=Action.PUBLISHED)

    def rows() -> Iterator[list[Turn]]:
        for page in batches(published, lambda event: Q(pk__lt=event.pk)):
            yield told(page)

    return Export("timeline", of, SPAN_COLUMNS, rows(), counted(published))
