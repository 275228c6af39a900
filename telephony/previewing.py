"""What a provider would get if its number rang now: the real answer to an exemplary call. Nothing is written.

No secret is opened for it: where an answer holds one, or what opens a door of ours or of the worker, there are dots.
What a provider did get is known by the digest of the same, so that nobody can guess from it what the dots stand for.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from agentversions.models import Secret, Version
from agentversions.operations.secrets import names_in
from telephony.answering import MASKED, address, answering
from telephony.incoming import Refusal
from telephony.models import Call, Connection, Missed, PhoneNumber
from telephony.providers import PROVIDERS

CALLER = "+14155550100"
DIALLED = "+15550001000"
"""Dialled where the connection has no number yet."""
CALL = UUID(int=0)


@dataclass(frozen=True)
class Preview:
    """An exemplary call, who would ask where, and what would be answered; `missed` says why no version would."""

    call: Call
    address: str
    answer: HttpResponse
    missed: Missed | None


def preview(version: Version, connection: Connection, number: PhoneNumber | None) -> Preview:
    """The answer with this version, live on this number or another of the connection. It may be one of no table."""
    provider = PROVIDERS[connection.provider]
    call = Call(
        pk=CALL,
        connection=connection,
        provider_call_id="exemplary-call",
        agent_name=version.agent.name,
        version_name=version.name,
        worker_url=connection.worker_url,
        options=connection.options,
        fallback=connection.fallback,
        dialled=number.number if number else DIALLED,
        caller=CALLER,
        started_at=timezone.now(),
    )
    where = address("telephony.route", provider.key, connection.pk)
    if missed := _missed(connection):
        return Preview(call, where, provider.refuse(Refusal.of(call.fallback, missed)), missed)
    return Preview(call, where, rendered(call, version, held(connection.project_id, version)), None)


def held(project: UUID, version: Version) -> list[str]:
    """The names of those secrets that a version names and its project has."""
    named = names_in(version)
    found = Secret.objects.filter(project=project, name__in=named).values_list("name", flat=True)
    return list(found) if named else []


def rendered(call: Call, version: Version, secrets: Iterable[str]) -> HttpResponse:
    """The answer to a call with dots for these secrets, and for the tokens and the worker's query."""
    shown, provider = copy(call), PROVIDERS[call.connection.provider]
    shown.worker_url = _masked(call.worker_url)
    made = answering(shown, version, provider, dict.fromkeys(secrets, MASKED))
    report = made.report_url.rpartition("/report/")[0] + f"/report/{MASKED}/"
    return provider.answer(replace(made, token=MASKED, report_url=report))


def answer_digest(call: Call, version: Version, secrets: Iterable[str]) -> str:
    """The SHA-256 of the answer to a call with dots as above, and as if an exemplary caller had rung.

    Whoever knows the rest of an answer could otherwise try all callers' numbers until one fits.
    """
    anybody = copy(call)
    anybody.caller = CALLER
    return sha256(rendered(anybody, version, secrets).content).hexdigest()


def _missed(connection: Connection) -> Missed | None:
    """Why no version would answer, whichever is live."""
    if connection.project.suspended_at:
        return Missed.PROJECT_SUSPENDED
    if not connection.enabled:
        return Missed.CONNECTION_DISABLED
    lacks_worker = PROVIDERS[connection.provider].needs_worker and not connection.worker_url
    return Missed.NO_WORKER if lacks_worker else None


def _masked(url: str) -> str:
    """The worker's address without what opens its door."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=MASKED)) if parts.query else url
