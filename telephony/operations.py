"""The verbs of the phone: connections and numbers by people, calls by what providers report."""

from collections.abc import Mapping
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from agentversions.access import Act, require
from agentversions.history import record
from agentversions.models import Action, Agent, Project
from agentversions.operations.common import clean_name, locked
from agentversions.refusals import AlreadyDone, Archived, Invalid, Refused
from agentversions.values import UNSTORABLE
from telephony import numbers
from telephony.incoming import CallReport
from telephony.models import Call, CallEvent, Connection, PhoneNumber, Status
from telephony.providers import PROVIDERS
from telephony.providers.generic import new_secret
from telephony.secrets import Secrets, seal, unseal

WORKER_SCHEMES = ("wss://", "https://", "ws://", "http://")
SHORTEST_SECRET = 8
FALLBACK = "We can't take your call right now. Please try again later."


class NumberElsewhere(Refused):
    """The number answers for another agent; moving it must be said."""

    code = "number_elsewhere"


@atomic
def add_connection(
    project: Project,
    *,
    provider: str,
    name: str,
    secrets: Mapping[str, str],
    by: User,
    worker_url: str = "",
    fallback: str = FALLBACK,
) -> Connection:
    """Connect a project to a provider. A generic connection without a secret gets a new one."""
    require(by, Act.ADMINISTER, project)
    if provider not in PROVIDERS:
        raise Invalid("Choose a provider of the list.")
    given = _secrets(provider, secrets)
    connection = Connection.objects.create(
        project=project,
        provider=provider,
        name=clean_name(name),
        secrets=seal(given),
        worker_url=_worker(worker_url),
        fallback=_fallback(fallback),
    )
    told = {"name": connection.name, "provider": PROVIDERS[provider].name}
    record(Action.CONNECTION_ADDED, by=by, project=project, particulars=told)
    return connection


@atomic
def change_connection(
    connection: Connection,
    *,
    by: User,
    name: str | None = None,
    worker_url: str | None = None,
    fallback: str | None = None,
    enabled: bool | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Connection:
    """Change what is given, and leave the rest; a secret that is left empty stays as it is."""
    connection = Connection.objects.select_for_update(of=("self",)).select_related("project").get(pk=connection.pk)
    require(by, Act.ADMINISTER, connection.project)
    wanted = {
        "name": None if name is None else clean_name(name),
        "worker_url": None if worker_url is None else _worker(worker_url),
        "fallback": None if fallback is None else _fallback(fallback),
        "enabled": enabled,
    }
    fields = [field for field, value in wanted.items() if value is not None and value != getattr(connection, field)]
    for field in fields:
        setattr(connection, field, wanted[field])
    replaced = {key: text for key, text in (secrets or {}).items() if text.strip()}
    if replaced:
        connection.secrets = seal(_secrets(connection.provider, {**unseal(connection.secrets), **replaced}))
        fields.append("secrets")
    if fields:
        connection.save(update_fields=fields)
        told = {"name": connection.name, "fields": fields}
        record(Action.CONNECTION_CHANGED, by=by, project=connection.project, particulars=told)
    return connection


@atomic
def add_number(connection: Connection, text: str, *, by: User) -> PhoneNumber:
    """Add a number of the connection, in any spelling; it is kept in E.164 and assigned to nobody."""
    require(by, Act.ADMINISTER, connection.project)
    number = numbers.e164(text)
    try:
        with atomic():
            added = PhoneNumber.objects.create(connection=connection, number=number)
    except IntegrityError:
        raise AlreadyDone(f"{number} is in this connection already.") from None
    record(Action.NUMBER_ADDED, by=by, project=connection.project, particulars={"number": number})
    return added


@atomic
def assign_number(number: PhoneNumber, agent: Agent, *, by: User, move: bool = False) -> PhoneNumber:
    """Let an agent answer a number. Taking it from another agent must be said with `move`, else NumberElsewhere."""
    agent = locked(agent)
    number = _locked(number)
    require(by, Act.PUBLISH, agent.project)
    if number.connection.project_id != agent.project_id:
        raise Invalid("There is no such number in this project.")
    if agent.archived_at:
        raise Archived
    if number.agent_id == agent.pk:
        return number
    if number.agent is not None and not move:
        raise NumberElsewhere(f"{number} answers for {number.agent}. Move it here?")
    number.agent = agent
    number.save(update_fields=["agent"])
    told = {"number": number.number}
    record(Action.NUMBER_ASSIGNED, by=by, project=agent.project, agent=agent, particulars=told)
    return number


@atomic
def unassign_number(number: PhoneNumber, *, by: User) -> PhoneNumber:
    """Free a number. An agent's last one leaves its version published, with nothing to answer."""
    number = _locked(number)
    require(by, Act.PUBLISH, number.connection.project)
    agent, number.agent = number.agent, None
    if agent is None:
        raise AlreadyDone(f"{number} is free already.")
    number.save(update_fields=["agent"])
    told = {"number": number.number}
    record(Action.NUMBER_UNASSIGNED, by=by, project=agent.project, agent=agent, particulars=told)
    return number


def _locked(number: PhoneNumber) -> PhoneNumber:
    rows = PhoneNumber.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("connection__project", "agent__project").get(pk=number.pk)


@atomic
def record_call_event(connection: Connection, report: CallReport) -> CallEvent:
    """Keep what the provider reported, once, and let it move the call forward; never back.

    A report of a call that isn't known is kept, and attached when the call is. Another leg's report moves nothing.
    """
    call = (
        Call.objects.select_for_update(of=("self",))
        .filter(connection=connection, provider_call_id=report.call_id[:255])
        .first()
    )
    event_id = report.event_id[:255] or None
    if event_id and (kept := CallEvent.objects.filter(connection=connection, provider_event_id=event_id).first()):
        return kept
    event = CallEvent.objects.create(
        connection=connection,
        provider_call_id=report.call_id[:255],
        call=call,
        kind=report.kind,
        provider_event_id=event_id,
        payload=report.payload,
        occurred_at=report.occurred_at,
    )
    if call and not report.leg:
        _move(call, report)
    return event


def attach_events(call: Call) -> None:
    """Give a call the reports that came before it was known. Called where a call was just made."""
    waiting = CallEvent.objects.filter(connection=call.connection_id, provider_call_id=call.provider_call_id, call=None)
    waiting.update(call=call)


def _move(call: Call, report: CallReport) -> None:
    """Apply a report to a locked call: a status only forward, an end once, what enriches it always."""
    changed: dict[str, object] = {}
    moment = min(report.occurred_at or timezone.now(), timezone.now() + timedelta(minutes=1))
    before = Status(call.status)
    if report.status and report.status.rank > before.rank:
        changed["status"] = report.status
        if report.status == Status.IN_PROGRESS:
            changed["answered_at"] = moment
        if report.status.ended:
            changed |= {
                "ended_at": moment,
                "ended_reason": report.reason[:255],
                "duration": _length(call, report, moment),
            }
    if report.recording_url:
        changed["recording_url"] = report.recording_url[:2_000]
    for field, value in changed.items():
        setattr(call, field, value)
    if changed:
        call.save(update_fields=list(changed))


def _length(call: Call, report: CallReport, ended: object) -> int | None:
    if report.duration is not None:
        return report.duration
    return max(0, int((ended - call.started_at).total_seconds()))  # type: ignore[operator]


def _secrets(provider: str, given: Mapping[str, str]) -> Secrets:
    """The provider's secrets, stripped; raises Invalid for one that is missing or too short to be one."""
    kept: Secrets = {}
    for secret in PROVIDERS[provider].secrets:
        text = given.get(secret.key, "").strip()
        if not text and provider == "generic":
            text = new_secret()
        if not text and not secret.optional:
            raise Invalid(f"{secret.label} is missing.")
        if text and (len(text) < SHORTEST_SECRET or UNSTORABLE.search(text)):
            raise Invalid(f"{secret.label} is too short to be one.")
        if text:
            kept[secret.key] = text
    return kept


def _worker(url: str) -> str:
    url = url.strip()
    if url and (not url.startswith(WORKER_SCHEMES) or len(url) > 500 or " " in url or UNSTORABLE.search(url)):  # noqa: PLR2004
        raise Invalid("Type the worker's address, such as wss://agent.example.com/relay.")
    return url


def _fallback(text: str) -> str:
    text = " ".join(text.split()) or FALLBACK
    if len(text) > 500 or UNSTORABLE.search(text):  # noqa: PLR2004
        raise Invalid("What callers hear has at most 500 characters.")
    return text
