"""A ring becomes a call on the version that is live, and what the provider reports afterwards moves that call on."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db import connection as database
from django.db.models import Exists, OuterRef, Subquery
from django.db.transaction import atomic
from django.utils import timezone

from agentversions.ids import uuid7
from agentversions.models import Version
from telephony import numbers
from telephony.forgetting import forget_late, forget_told
from telephony.incoming import CallReport, IncomingCall
from telephony.lines import AnyLine
from telephony.models import ENDED, GRACE, UNNAMED, Call, CallEvent, Connection, Missed, Review, Status
from telephony.previewing import answer_digest
from telephony.providers import PROVIDERS
from telephony.tallying import sums, tally

_WAITING = CallEvent.objects.filter(
    connection=OuterRef("connection"), provider_call_id=OuterRef("provider_call_id"), call=None
)
REPEATED = timedelta(seconds=45)
"""How long a provider that names no call goes on asking about one: Retell tries four times, ten seconds each."""
AHEAD = timedelta(minutes=1)
"""How far ahead of ours a provider's clock may be believed to be."""

# The outer WHERE is for SQLite, which would take ON CONFLICT for a join's ON.
_ROUTE = f"""
INSERT INTO telephony_call (
    id, project_id, connection_id, provider_call_id, number_id, agent_id, version_id, agent_name, version_name,
    worker_url, options, fallback, missed, dialled, caller, status, started_at, answered_at, overdue_at,
    ended_reason, recording_url, transferred, voicemail
)
SELECT
    %(id)s, project_id, line_id, %(call_id)s, number_id, agent_id, CASE WHEN missed = '' THEN version_id END,
    agent_name, version_name, worker_url, options, fallback, missed, %(dialled)s, %(caller)s,
    CASE WHEN missed = '' THEN %(status)s ELSE '{Status.REJECTED}' END,
    %(now)s, CASE WHEN missed = '' AND %(picks_up)s THEN %(now)s END,
    CAST(%(clock)s AS bigint) + CASE WHEN missed = '' THEN longest_call + %(grace)s ELSE 0 END, '', '',
    false, false
FROM (
    SELECT
        line.id AS line_id, line.project_id AS project_id, number.id AS number_id, agent.id AS agent_id,
        version.id AS version_id,
        COALESCE(agent.name, '') AS agent_name, COALESCE(version.name, '') AS version_name,
        line.worker_url AS worker_url, line.options AS options, line.fallback AS fallback,
        version.longest_call AS longest_call,
        CASE
            WHEN %(outage)s THEN '{Missed.OUTAGE}'
            WHEN project.suspended_at IS NOT NULL THEN '{Missed.PROJECT_SUSPENDED}'
            WHEN NOT line.enabled THEN '{Missed.CONNECTION_DISABLED}'
            WHEN number.id IS NULL THEN '{Missed.UNKNOWN_NUMBER}'
            WHEN agent.id IS NULL THEN '{Missed.NUMBER_UNASSIGNED}'
            WHEN agent.archived_at IS NOT NULL THEN '{Missed.AGENT_ARCHIVED}'
            WHEN version.id IS NULL THEN '{Missed.NOTHING_PUBLISHED}'
            WHEN %(needs_worker)s AND line.worker_url = '' THEN '{Missed.NO_WORKER}'
            ELSE ''
        END AS missed
    FROM telephony_connection AS line
    JOIN agentversions_project AS project ON project.id = line.project_id
    LEFT JOIN telephony_phonenumber AS number ON number.connection_id = line.id
        AND number.number IN (%(e164)s, %(second)s, %(third)s)
    LEFT JOIN agentversions_agent AS agent ON agent.id = number.agent_id
    LEFT JOIN agentversions_version AS version ON version.id = agent.published_id
    WHERE line.id = %(line)s AND (line.revision = %(revision)s OR %(outage)s)
    ORDER BY CASE number.number WHEN %(e164)s THEN 0 WHEN %(second)s THEN 1 ELSE 2 END
    LIMIT 1
) AS found
WHERE true
ON CONFLICT (connection_id, provider_call_id) DO NOTHING
"""  # noqa: S608 (the values put in are names of our own choices)


class Changed(Exception):
    """The connection isn't any more as the process remembered it: who rang must be authenticated anew."""


def route_call(line: AnyLine, incoming: IncomingCall, ours: UUID | None = None) -> Call:
    """The call that this ring is, with its version: made now with our id, or by the first of several retries.

    A call that no version can handle is recorded too, with the reason. Two statements, on purpose, and one after the
    other: one that inserts and returns would give a racing retry nothing, since its snapshot is older than the row that
    won; and a report that comes between the two must see the call, or be seen. Raises Changed, and makes nothing, if
    the connection isn't as in `line`.
    """
    ours = ours or uuid7()
    with _named(line, incoming, ours) as ring:
        with database.cursor() as cursor:
            cursor.execute(_ROUTE, _ring(line, ring, ours))
        found = Call.objects.select_related("version__agent", "connection").defer("connection__secrets")
        rows = found.annotate(has_reports=Exists(_WAITING))
        call = rows.filter(connection=line.pk, provider_call_id=ring.call_id).first()
    if call is None or call.connection.revision != line.revision:
        raise Changed
    return settle(call) if getattr(call, "has_reports", False) else call


def keep_answer(call: Call, version: Version, secrets: Iterable[str]) -> None:
    """Keep the digest of what a ring was answered with: of the first answer, since those of its retries are the same.

    One small update, of a column that is in no index; it is done beside the ring, which doesn't wait for it.
    """
    told = answer_digest(call, version, secrets)
    Call.objects.filter(pk=call.pk, answer_digest="").update(answer_digest=told)


def record_outage(line: AnyLine, incoming: IncomingCall, ours: UUID, at: datetime) -> None:
    """Record a call that got the connection's fallback because the database was away. Done twice, it is done once.

    The ring's own attempt may have gone through, too late to be heard: then the call under our id names a version that
    never answered, which is taken back. A call under another id is a retry's, which was answered.
    """
    with database.cursor() as cursor:
        cursor.execute(_ROUTE, _ring(line, incoming, ours) | _moment(at) | {"outage": True})
    late = Call.objects.filter(pk=ours, missed="").exclude(status__in=ENDED)
    late.update(version=None, missed=Missed.OUTAGE, status=Status.REJECTED, answered_at=None)
    for call in Call.objects.filter(Exists(_WAITING), connection=line.pk, provider_call_id=incoming.call_id):
        settle(call)


@contextmanager
def _named(line: AnyLine, incoming: IncomingCall, ours: UUID) -> Iterator[IncomingCall]:
    """The ring, with an id for its call where the provider has none yet: that of the ring it repeats, if it does.

    Rings of one connection then take turns. Callers who hide are never taken for one another; and who was turned away
    calls anew, since a refusal is an answer, after which nobody asks again.
    """
    if incoming.call_id:
        yield incoming
        return
    with atomic():
        Connection.objects.select_for_update(of=("self",), no_key=True).defer("secrets").get(pk=line.pk)
        caller = numbers.caller(incoming.caller)
        same = Call.objects.filter(
            connection=line.pk, caller=caller, dialled=incoming.dialled[:255], provider_call_id__startswith=UNNAMED,
            missed="", started_at__gt=timezone.now() - REPEATED,
        )  # fmt: skip
        first = same.first() if numbers.E164.fullmatch(caller) else None
        yield replace(incoming, call_id=first.provider_call_id if first else unnamed(ours))


def unnamed(ours: UUID) -> str:
    """What stands for the provider's id of a call until the provider has one."""
    return f"{UNNAMED}{ours}"


def _ring(line: AnyLine, incoming: IncomingCall, ours: UUID) -> dict[str, Any]:
    provider = PROVIDERS[line.provider]
    dialled, *others = (numbers.spelled(text) for text in (incoming.dialled, *incoming.dialled_candidates))
    others += [dialled] * 2
    return {
        "id": _uuid(ours),
        "line": _uuid(line.pk),
        "revision": line.revision,
        "outage": False,
        "call_id": incoming.call_id,
        "e164": dialled,
        "second": others[0],
        "third": others[1],
        "dialled": incoming.dialled[:255],
        "caller": numbers.caller(incoming.caller),
        "needs_worker": provider.needs_worker,
        "picks_up": provider.picks_up,
        "status": (Status.IN_PROGRESS if provider.picks_up else Status.ROUTING).value,
        "grace": int(GRACE.total_seconds()),
        **_moment(timezone.now()),
    }


def _moment(at: datetime) -> dict[str, Any]:
    return {"now": database.ops.adapt_datetimefield_value(at), "clock": int(at.timestamp())}


def _uuid(value: UUID) -> UUID | str:
    """A UUID as the database keeps it: PostgreSQL has a type for it, SQLite has 32 hexadecimal digits."""
    return value if database.features.has_native_uuid_field else value.hex


def record_call_event(line: AnyLine, report: CallReport, at: datetime | None = None) -> Call | None:
    """Keep what a provider reported, once, and let it move its call forward, never back; the call, if it is known.

    `at` is when it came, where it couldn't be kept at once. A report of a call that hasn't rung yet waits for it.
    Not one transaction: the report is kept before the call is looked for, and a ring makes its call before it looks
    for reports, so that the two can't miss each other.
    """
    if report.our_call:
        _name(line, report)
    kept = CallEvent(
        connection_id=line.pk,
        provider_call_id=report.call_id,
        kind=report.kind,
        status=report.status or "",
        duration=report.duration,
        reason=report.reason,
        recording_url=report.recording_url,
        provider_event_id=report.event_id or None,
        told=_told(report),
        payload=report.payload,
        occurred_at=report.occurred_at,
        received_at=at or timezone.now(),
    )
    CallEvent.objects.bulk_create([kept], ignore_conflicts=True)
    call = Call.objects.filter(connection=line.pk, provider_call_id=report.call_id).first()
    return settle(call) if call else None


def _name(line: AnyLine, report: CallReport) -> None:
    """Let a call that its provider hadn't named yet have the name that a report of it brings.

    Two calls that rang alike, from one switchboard perhaps, got one answer, and so the reports of both bring the same
    call of ours. It is the one that is named first; the other becomes a call of its own, on the same version.
    """
    try:
        ours = UUID(report.our_call)
    except ValueError:
        return
    known = Call.objects.filter(connection=line.pk, provider_call_id=report.call_id)
    if known.exists():
        return
    # A ring may bring the same name at this moment: then the call is that one.
    with suppress(IntegrityError), atomic():
        rows = Call.objects.select_for_update(of=("self",), no_key=True)
        call = rows.filter(pk=ours, connection=line.pk, missed="").first()
        if call is None or known.exists():
            return
        named = call.named
        call.provider_call_id = report.call_id
        if named:
            _fresh(call).save(force_insert=True)
        else:
            call.save(update_fields=["provider_call_id"])


def _fresh(call: Call) -> Call:
    """Another call that rang as this one did, of which nothing is told yet."""
    call.pk, call.status = uuid7(), Status.ROUTING
    call.answered_at = call.ended_at = call.duration = None
    call.ended_reason = call.recording_url = call.answer_digest = ""
    call.transferred = call.voicemail = False
    call.cost = call.success = None
    return call


def _told(report: CallReport) -> dict[str, Any]:
    """What a report says beside its status; only what it does say."""
    cost = None if report.cost is None else str(report.cost)
    told = {
        "transcript": report.transcript,
        "summary": report.summary,
        "fields": report.fields,
        "cost": cost,
        "transferred": report.transferred,
        "voicemail": report.voicemail,
    }
    judged = {} if report.success is None else {"success": report.success}
    return {name: value for name, value in told.items() if value} | judged


def unsettled(before: datetime) -> list[UUID]:
    """Calls of which something was reported earlier that was kept and hasn't moved them, since a server died just then.

    `settle` moves them.
    """
    theirs = Call.objects.filter(connection=OuterRef("connection"), provider_call_id=OuterRef("provider_call_id"))
    waiting = CallEvent.objects.filter(call=None, received_at__lt=before).annotate(known=Subquery(theirs.values("pk")))
    return list(waiting.exclude(known=None).order_by("known").values_list("known", flat=True).distinct())


@atomic
def settle(call: Call) -> Call:
    """Apply the reports that wait for a call, in the order in which they came."""
    rows = Call.objects.select_for_update(of=("self",), no_key=True).select_related("version")
    call = rows.get(pk=call.pk)
    waiting = CallEvent.objects.filter(connection=call.connection_id, provider_call_id=call.provider_call_id, call=None)
    events, before = list(waiting.order_by("pk")), sums(call)
    for event in events:
        _apply(call, event)
    if events:
        taken_in = CallEvent.objects.filter(pk__in=[event.pk for event in events])
        if call.forgotten_at:
            forget_late(call)
            forget_told(taken_in)
        call.save(update_fields=SETTLED)
        tally(call, before)
        taken_in.update(call=call)
    return call


SETTLED = [
    *("status", "answered_at", "ended_at", "duration", "ended_reason", "recording_url"),
    *("transferred", "voicemail", "cost", "success"),
]
"""What reports tell of a call."""


def _apply(call: Call, event: CallEvent) -> None:
    """Let a report move a call in memory: a status only forward, an end once, what enriches it always."""
    moment = min(event.occurred_at or event.received_at, event.received_at + AHEAD)
    call.recording_url = event.recording_url or call.recording_url
    _enrich(call, event.told)
    if not event.status:
        return
    status = Status(event.status)
    if status.rank > Status(call.status).rank:
        call.status = status
    if status.ended:
        _end(call, event, moment)
    elif status.rank >= Status.IN_PROGRESS.rank and call.answered_at is None:
        call.answered_at = min(moment, call.ended_at or moment)
        if call.ended_at and call.duration is not None and not _length_is_told(call):
            call.duration = _length(call, call.ended_at)


def _length_is_told(call: Call) -> bool:
    reported = CallEvent.objects.filter(connection=call.connection_id, provider_call_id=call.provider_call_id)
    return reported.filter(status__in=ENDED, duration__isnull=False).exists()


def _length(call: Call, ended_at: datetime) -> int:
    return max(0, int((ended_at - (call.answered_at or call.started_at)).total_seconds()))


def _enrich(call: Call, told: dict[str, Any]) -> None:
    call.transferred = call.transferred or told.get("transferred", False)
    call.voicemail = call.voicemail or told.get("voicemail", False)
    if "cost" in told:
        call.cost = Decimal(told["cost"])
    if "success" in told and not Review.objects.filter(call=call).exists():
        call.success = told["success"]


def _end(call: Call, event: CallEvent, moment: datetime) -> None:
    call.ended_at = call.ended_at or moment
    call.ended_reason = call.ended_reason or event.reason
    if event.duration is not None:
        call.duration = event.duration
    elif call.duration is None:
        call.duration = _length(call, call.ended_at)
