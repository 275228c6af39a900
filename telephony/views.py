"""The webhooks: a provider rings, reports, and its worker fetches what it is to say.

The secret is chosen by the connection in the path, and checked on the raw request before anything of it is read. Who
can't sign learns nothing: an unknown connection, another provider's and a wrong signature are one and the same 403.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from agentversions.sealing import Unsealable, unseal
from telephony import filling, tokens
from telephony.answering import answering, chosen, secrets_of
from telephony.incoming import Refusal
from telephony.models import Call, Connection
from telephony.providers import PROVIDERS, Forged, Provider, Unreadable
from telephony.routing import record_call_event, route_call

logger = logging.getLogger(__name__)

CALL_OVER = "call_over"
"""Why a ring of long ago, sent again, gets no configuration."""

CARRYING_SECRETS = frozenset({"tools.function", "tools.mcp"})
"""What has headers that name secrets: a provider that carries neither is given none."""

type Webhook = Callable[[HttpRequest, Connection, Provider], HttpResponse]


def webhook(view: Webhook) -> Callable[[HttpRequest, str, UUID], HttpResponse]:
    """Authenticate, then let the view read. 403 for what isn't signed, 400 for what is and can't be read.

    Never a redirect, which would lose what was posted.
    """

    @csrf_exempt
    @login_not_required
    @no_append_slash
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, provider: str, connection: UUID) -> HttpResponse:
        try:
            _ = request.body  # first of all: what is too large ends here
            found = _authenticated(request, provider, connection)
            return view(request, found, PROVIDERS[provider])
        except Forged:
            return HttpResponse(status=403)
        except RequestDataTooBig:
            return HttpResponse(status=413)
        except Unreadable as problem:
            return HttpResponse(str(problem), status=400, content_type="text/plain")
        except UnreadablePostError:
            return HttpResponse(status=400)

    return guarded


def _authenticated(request: HttpRequest, provider: str, pk: UUID) -> Connection:
    connection = Connection.objects.filter(pk=pk, provider=provider).first()
    if connection is None or provider not in PROVIDERS:
        raise Forged
    try:
        secrets = unseal(connection.secrets)
    except Unsealable as error:
        logger.exception("Connection %s refuses every call.", pk)
        raise Forged from error
    PROVIDERS[provider].authenticate(request, secrets, chosen(PROVIDERS[provider], connection.options))
    return connection


@webhook
def route(request: HttpRequest, connection: Connection, provider: Provider) -> HttpResponse:
    """Answer a ring with the version that is live, or a retry with the version of the first."""
    incoming = provider.read(request)
    if incoming is None:
        return _keep(request, connection, provider)
    call = route_call(connection, incoming)
    if call.version is None:
        return provider.refuse(Refusal.of(call.fallback, call.missed))
    if tokens.over(call):
        return provider.refuse(Refusal.of(call.fallback, CALL_OVER))
    held = secrets_of(call.version) if provider.carries & CARRYING_SECRETS else {}
    return provider.answer(answering(call, call.version, provider, held))


@webhook
def events(request: HttpRequest, connection: Connection, provider: Provider) -> HttpResponse:
    """Keep what a provider reports of a call."""
    return _keep(request, connection, provider)


def _keep(request: HttpRequest, connection: Connection, provider: Provider) -> HttpResponse:
    for told in provider.read_events(request):
        record_call_event(connection, told)
    return provider.acknowledge(request)


@csrf_exempt
@login_not_required
@no_append_slash
@require_POST
def report(request: HttpRequest, call: UUID, token: str) -> HttpResponse:
    """Keep what a provider tells of one call without signing it, at the address that only its answer held."""
    found = Call.objects.select_related("connection", "version").filter(pk=call).first()
    if found is None or not tokens.reports(found, token):
        return HttpResponse(status=403)
    provider = PROVIDERS[found.connection.provider]
    try:
        for told in provider.read_events(request):
            # Whatever call it names: the address is of this one.
            record_call_event(found.connection, replace(told, call_id=found.provider_call_id, our_call=""))
        return provider.acknowledge(request)
    except Unreadable as problem:
        return HttpResponse(str(problem), status=400, content_type="text/plain")
    except RequestDataTooBig:
        return HttpResponse(status=413)
    except UnreadablePostError:
        return HttpResponse(status=400)


@csrf_exempt
@login_not_required
@no_append_slash
@require_GET
def configuration(request: HttpRequest, call: UUID) -> HttpResponse:
    """The configuration of the version pinned to a call, for who holds the call's token; 403 once the call is over."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    found = Call.objects.select_related("version").filter(pk=call).first()
    if found is None or found.version is None or scheme.lower() != "bearer":
        return HttpResponse(status=403)
    if not tokens.opens(found, given.strip()) or tokens.over(found):
        return HttpResponse(status=403)
    version = found.version
    return JsonResponse(
        {
            "call": {"id": str(found.pk), "provider_call_id": found.provider_call_id},
            "agent": {"id": str(version.agent_id), "name": found.agent_name},
            "version": {"number": version.number, "name": found.version_name, "digest": version.digest},
            "configuration": version.configuration,
            "variables": filling.values(found, version),
        }
    )
