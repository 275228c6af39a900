"""The webhooks: a provider rings, reports, and its worker fetches what it is to say.

The secret is chosen by the connection in the path, and checked on the raw request before anything of it is read. Who
can't sign learns nothing: an unknown connection, another provider's and a wrong signature are one and the same 403.
"""

import logging
from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.urls import reverse
from django.views.decorators.common import no_append_slash
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from agentversions.sealing import Unsealable, unseal
from telephony import filling, tokens
from telephony.models import Call, Connection
from telephony.providers import PROVIDERS, Answering, Forged, Provider, Unreadable
from telephony.routing import record_call_event, route_call

logger = logging.getLogger(__name__)

CALL_OVER = "call_over"
"""Why a ring of long ago, sent again, gets no configuration."""

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
    PROVIDERS[provider].authenticate(request, secrets)
    return connection


@webhook
def route(request: HttpRequest, connection: Connection, provider: Provider) -> HttpResponse:
    """Answer a ring with the version that is live, or a retry with the version of the first."""
    call = route_call(connection, provider.read(request))
    if call.version is None:
        return provider.refuse(call.fallback, call.missed)
    if tokens.over(call):
        return provider.refuse(call.fallback, CALL_OVER)
    return provider.answer(
        Answering(
            call=call,
            version=call.version,
            token=tokens.token(call),
            configuration_url=_address("telephony.configuration", call.pk),
            events_url=_address("telephony.events", provider.key, connection.pk),
        )
    )


@webhook
def events(request: HttpRequest, connection: Connection, provider: Provider) -> HttpResponse:
    """Keep what a provider reports of a call."""
    for report in provider.read_events(request):
        record_call_event(connection, report)
    return provider.acknowledge()


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


def _address(name: str, *arguments: object) -> str:
    path: str = reverse(name, args=arguments)
    return settings.PUBLIC_BASE_URL + path
