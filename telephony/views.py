"""The webhooks: a provider rings, reports, and its worker fetches what it is to say.

The secret is chosen by the connection in the path, and checked on the raw request before anything of it is read. Who
can't sign learns nothing: an unknown connection, another provider's and a wrong signature are one and the same 403.
A ring is answered in time, whatever the database does: see `patience`.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial, wraps
from hashlib import sha256
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from agentversions.ids import uuid7
from agentversions.sealing import Secrets
from agentversions.tools import TransferTool
from telephony import filling, lines, numbers, tokens
from telephony.answering import answering, chosen, secrets_of
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.lines import Line
from telephony.models import Call, Missed
from telephony.operations import FALLBACK
from telephony.outages import Full, notes
from telephony.patience import Away, Patience, aside
from telephony.providers import PROVIDERS, Forged, Provider, Unreadable
from telephony.routing import Changed, keep_answer, record_call_event, record_outage, route_call, unnamed

logger = logging.getLogger(__name__)

CALL_OVER = "call_over"
"""Why a ring of long ago, sent again, gets no configuration."""
FAILED = "failed"
"""Why a ring got the fallback over a mistake of ours, which the log has."""
TRANSFER = "transfer"
"""Why a call that was answered gets a number to go on to, or the fallback where there is none."""
LATER = "5"
"""Seconds after which a worker may ask again, while the database is away."""
CARRYING_SECRETS = frozenset({"tools.function", "tools.mcp"})
"""What has headers that name secrets: a provider that carries neither is given none."""

type View = Callable[..., HttpResponse]


def webhook(view: View) -> View:
    """Let a program's POST in, and nothing else of what pages need. Never a redirect, which would lose what was posted.

    403 for what isn't signed, 400 for what is and can't be read, 413 for what is too large.
    """

    @csrf_exempt
    @login_not_required
    @no_append_slash
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **named: object) -> HttpResponse:
        try:
            _ = request.body  # first of all: what is too large ends here
            return view(request, *args, **named)
        except Forged:
            return HttpResponse(status=403)
        except RequestDataTooBig:
            return HttpResponse(status=413)
        except Unreadable as problem:
            return HttpResponse(str(problem), status=400, content_type="text/plain")
        except UnreadablePostError:
            return HttpResponse(status=400)

    return guarded


@webhook
def route(request: HttpRequest, provider: str, connection: UUID) -> HttpResponse:
    """Answer a ring with the version that is live, or a retry with the version of the first; any other with a no."""
    dialect, patience = _dialect(provider), Patience()
    try:
        line = _known(request, dialect, connection, patience)
    except Away:
        return dialect.refuse(Refusal(Missed.OUTAGE, FALLBACK))  # whoever it is: it is told nothing
    incoming = dialect.read(request)
    if incoming is None:
        return _reported(request, dialect, connection, patience)
    ours, at = uuid7(), timezone.now()
    try:
        call, held = _routed(request, line, incoming, ours, patience)
        notes.forget((line.pk, call.provider_call_id))
        return _answer(dialect, call, held)
    except Away:
        _note(line, incoming, ours, at)
        return dialect.refuse(Refusal.of(line.fallback, Missed.OUTAGE))
    except Forged:
        raise
    except Exception:
        # A caller must not pay for our mistake.
        logger.exception("A ring of connection %s failed.", line.pk)
        return dialect.refuse(Refusal.of(line.fallback, FAILED))


def _dialect(provider: str) -> Provider:
    if provider not in PROVIDERS:
        raise Forged
    return PROVIDERS[provider]


def _known(request: HttpRequest, dialect: Provider, connection: UUID, patience: Patience) -> Line:
    """The connection that signed, as this process remembers it or as it is; raises Forged, or Away."""
    line = lines.remembered(connection, dialect.key)
    if line and _signed(request, dialect, line):
        return line
    try:
        now = patience.wait_for(partial(lines.look_up, connection, dialect.key))
    except Away:
        if line:
            raise Forged from None
        raise
    return _authenticated(request, dialect, now)


def _authenticated(request: HttpRequest, dialect: Provider, line: Line | None) -> Line:
    if line is None or not _signed(request, dialect, line):
        raise Forged
    return line


def _signed(request: HttpRequest, dialect: Provider, line: Line) -> bool:
    try:
        dialect.authenticate(request, line.secrets, chosen(dialect, line.options))
    except Forged:
        return False
    return True


def _routed(
    request: HttpRequest, line: Line, incoming: IncomingCall, ours: UUID, patience: Patience
) -> tuple[Call, Secrets]:
    """The call that a ring is, and the secrets that its answer carries; raises Away, or Forged."""
    dialect = PROVIDERS[line.provider]
    try:
        return patience.wait_for(partial(_route, line, incoming, ours))
    except Changed:
        now = patience.wait_for(partial(lines.look_up, line.pk, line.provider))
    line = _authenticated(request, dialect, now)
    try:
        return patience.wait_for(partial(_route, line, incoming, ours))
    except Changed:
        raise Away from None  # changed twice while one phone rang


def _route(line: Line, incoming: IncomingCall, ours: UUID) -> tuple[Call, Secrets]:
    call = route_call(line, incoming, ours)
    carries = PROVIDERS[line.provider].carries & CARRYING_SECRETS
    return call, secrets_of(call.version) if call.version and carries else {}


def _answer(dialect: Provider, call: Call, held: Secrets) -> HttpResponse:
    if call.version is None:
        return dialect.refuse(Refusal.of(call.fallback, call.missed))
    if tokens.over(call):
        return dialect.refuse(Refusal.of(call.fallback, CALL_OVER))
    answer = dialect.answer(answering(call, call.version, dialect, held))
    if not call.answer_digest:
        aside(partial(keep_answer, call, call.version, list(held)))
    return answer


def _note(line: Line, incoming: IncomingCall, ours: UUID, at: datetime) -> None:
    """Let a call that got the fallback be recorded when the database is back."""
    named = incoming if incoming.call_id else replace(incoming, call_id=unnamed(ours))
    try:
        notes.keep((line.pk, named.call_id), partial(record_outage, line, named, ours, at))
    except Full:
        logger.error("A call of connection %s during the outage won't be recorded.", line.pk)  # noqa: TRY400


@webhook
def events(request: HttpRequest, provider: str, connection: UUID) -> HttpResponse:
    """Keep what a provider reports of a call."""
    return _reported(request, _dialect(provider), connection, Patience())


def _reported(request: HttpRequest, dialect: Provider, connection: UUID, patience: Patience) -> HttpResponse:
    """Keep a report that is signed with what the connection has now; while the database is away, with what it had."""
    try:
        line = patience.wait_for(partial(lines.look_up, connection, dialect.key))
    except Away:
        line = lines.remembered(connection, dialect.key)
        if line is None:
            return _later()
    return _keep(request, dialect, _authenticated(request, dialect, line), patience)


def _keep(request: HttpRequest, dialect: Provider, line: Line, patience: Patience) -> HttpResponse:
    reports, at = _read_events(request, dialect), timezone.now()
    try:
        patience.wait_for(lambda: [record_call_event(line, told, at) for told in reports])
    except Away:
        try:
            for told in reports:
                notes.keep((line.pk, told.event_id), partial(record_call_event, line, told, at), len(request.body))
        except Full:
            return _later()
    wanted = next((told for told in reports if told.transfer), None)
    return _put_through(line, dialect, wanted, patience) if wanted else dialect.acknowledge(request)


def _put_through(line: Line, dialect: Provider, told: CallReport, patience: Patience) -> HttpResponse:
    """The number of the transfer tool of the call's own version; the connection's message without one."""
    try:
        tool = patience.wait_for(partial(_tool, line, told))
    except Away:
        tool = None
    if tool is None:
        return dialect.refuse(Refusal.of(line.fallback, TRANSFER))
    return dialect.refuse(Refusal(TRANSFER, "", numbers.spelled(tool.number), tool.extension))


def _tool(line: Line, told: CallReport) -> TransferTool | None:
    calls = Call.objects.select_related("version").filter(connection=line.pk, provider_call_id=told.call_id)
    call = calls.exclude(version=None).first()
    tools = call.version.read().tools if call and call.version else []
    named = [tool for tool in tools if isinstance(tool, TransferTool) and tool.name == told.transfer and tool.number]
    return named[0] if named else None


def _read_events(request: HttpRequest, dialect: Provider) -> list[CallReport]:
    """What a request tells. A report that its provider doesn't number is known by its bytes: it is kept once."""
    told = dialect.read_events(request)
    ours = f"sha256:{sha256(request.body).hexdigest()}"
    return [replace(one, event_id=one.event_id or f"{ours}:{place}") for place, one in enumerate(told)]


@webhook
def report(request: HttpRequest, call: UUID, token: str) -> HttpResponse:
    """Keep what a provider tells of one call without signing it, at the address that only its answer held."""
    if not tokens.opens_reports(call, token):
        raise Forged
    keep, patience = partial(_keep_of_call, request, call, timezone.now()), Patience()
    try:
        return patience.wait_for(keep)
    except Away:
        try:
            notes.keep((call, sha256(request.body).digest()), keep, len(request.body))
        except Full:
            return _later()
        return HttpResponse(status=202)


def _keep_of_call(request: HttpRequest, call: UUID, at: datetime) -> HttpResponse:
    found = Call.objects.select_related("connection", "version").filter(pk=call).first()
    if found is None or not tokens.may_report(found):
        raise Forged
    dialect = PROVIDERS[found.connection.provider]
    for told in _read_events(request, dialect):
        # Whatever call it names: the address is of this one.
        record_call_event(found.connection, replace(told, call_id=found.provider_call_id, our_call=""), at)
    return dialect.acknowledge(request)


@csrf_exempt
@login_not_required
@no_append_slash
@require_GET
def configuration(request: HttpRequest, call: UUID) -> HttpResponse:
    """The configuration of the version pinned to a call, for who holds the call's token; 403 once the call is over."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not tokens.opens(call, given.strip()):
        return HttpResponse(status=403)
    try:
        found, held = Patience().wait_for(partial(_pinned, call))
    except Away:
        return _later()
    if found is None or found.version is None or tokens.over(found):
        return HttpResponse(status=403)
    version = found.version
    return JsonResponse(
        {
            "call": {"id": str(found.pk), "provider_call_id": found.provider_call_id},
            "agent": {"id": str(version.agent_id), "name": found.agent_name},
            "version": {"number": version.number, "name": found.version_name, "digest": version.digest},
            "configuration": version.configuration,
            "variables": filling.values(found, version),
            "secrets": held,
        }
    )


def _pinned(pk: UUID) -> tuple[Call | None, Secrets]:
    """A call with its version, and the secrets for the worker that makes the requests of its tools."""
    call = Call.objects.select_related("version__agent").filter(pk=pk).first()
    return call, secrets_of(call.version) if call and call.version and not tokens.over(call) else {}


def _later() -> HttpResponse:
    return HttpResponse(status=503, headers={"Retry-After": LATER})
