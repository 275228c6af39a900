"""Connections and their numbers."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.transaction import atomic

from agentversions.access import Act, require
from agentversions.history import record
from agentversions.models import Action, Agent, Project
from agentversions.operations.common import clean_name, locked
from agentversions.refusals import AlreadyDone, Archived, Invalid, Refused
from agentversions.sealing import Secrets, Unsealable, seal, unseal
from agentversions.values import UNSTORABLE
from telephony import numbers
from telephony.models import Connection, PhoneNumber
from telephony.providers import PROVIDERS

LONGEST_ADDRESS = LONGEST_FALLBACK = 500
LONGEST_OPTION = 10_000
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
    options: Mapping[str, str] | None = None,
    worker_url: str = "",
    fallback: str = FALLBACK,
) -> Connection:
    """Connect a project to a provider. A secret that is ours to choose is made where none is given."""
    require(by, Act.ADMINISTER, project)
    if provider not in PROVIDERS:
        raise Invalid("Choose a provider of the list.")
    given = _secrets(provider, secrets)
    connection = Connection.objects.create(
        project=project,
        provider=provider,
        name=clean_name(name),
        secrets=seal(given),
        options=_options(provider, options or {}),
        worker_url=_worker(worker_url, provider),
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
    options: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Connection:
    """Change what is given, and leave the rest; a secret that is left empty stays as it is."""
    connection = Connection.objects.select_for_update(of=("self",)).select_related("project").get(pk=connection.pk)
    require(by, Act.ADMINISTER, connection.project)
    wanted = {
        "name": None if name is None else clean_name(name),
        "worker_url": None if worker_url is None else _worker(worker_url, connection.provider),
        "fallback": None if fallback is None else _fallback(fallback),
        "enabled": enabled,
        "options": None if options is None else _options(connection.provider, {**connection.options, **options}),
    }
    fields = [field for field, value in wanted.items() if value is not None and value != getattr(connection, field)]
    for field in fields:
        setattr(connection, field, wanted[field])
    replaced = {key: text for key, text in (secrets or {}).items() if text.strip()}
    if replaced:
        connection.secrets = seal(_secrets(connection.provider, {**_kept(connection), **replaced}))
        fields.append("secrets")
    if fields:
        connection.revision += 1
        connection.save(update_fields=[*fields, "revision"])
        switched = {"enabled": connection.enabled} if "enabled" in fields else {}
        told = {"name": connection.name, "fields": fields, **switched}
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
    """Let an agent answer a number. Taking it from another agent must be said with `move`, else NumberElsewhere.

    A move is a fact about each of the two agents.
    """
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
    told = {"number": number.number}
    if number.agent is not None:
        record(Action.NUMBER_UNASSIGNED, by=by, project=agent.project, agent=number.agent, particulars=told)
    number.agent = agent
    number.save(update_fields=["agent"])
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
    """The number as it is now, locked. Its agent isn't joined: after a wait, the join would show what it was before."""
    rows = PhoneNumber.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("connection__project").get(pk=number.pk)


def _kept(connection: Connection) -> Secrets:
    """The secrets as they are; none where the key that opens them was lost, so that they can be given anew."""
    try:
        return unseal(connection.secrets)
    except Unsealable:
        return {}


def _secrets(provider: str, given: Mapping[str, str]) -> Secrets:
    """The provider's secrets, stripped; raises Invalid for one that is missing or isn't what it must look like."""
    kept: Secrets = {}
    for secret in PROVIDERS[provider].secrets:
        text = given.get(secret.key, "").strip()
        if not text and secret.make:
            text = secret.make()
        if not text and not secret.optional:
            raise Invalid(f"{secret.label} is missing.")
        if text and not re.fullmatch(secret.pattern, text):
            raise Invalid(f"{secret.label} doesn't look like one. {secret.hint}")
        if text:
            kept[secret.key] = text
    return kept


def _options(provider: str, given: Mapping[str, str]) -> dict[str, str]:
    """What was chosen of the provider's options, stripped; raises Invalid for what can't be."""
    kept = {}
    for option in PROVIDERS[provider].options:
        text = given.get(option.key, "").strip().replace("\r\n", "\n")
        lines = text.split("\n") if option.lines else [text]
        usable = all(re.fullmatch(option.pattern, line) for line in lines) and len(text) <= LONGEST_OPTION
        if text and not (text in dict(option.choices) if option.choices else usable):
            raise Invalid(f"{option.label} can't be that. {option.hint}".rstrip())
        if text:
            kept[option.key] = text
    return kept


def _worker(url: str, provider: str) -> str:
    """The worker's address, or none; raises Invalid for one that the provider can't reach."""
    url, schemes = url.strip(), PROVIDERS[provider].worker_schemes
    if url and not (len(url) <= LONGEST_ADDRESS and re.fullmatch("[!-~]+", url) and _reachable(url, schemes)):
        raise Invalid(f"Type the worker's address, such as {schemes[0]}://agent.example.com/relay.")
    return url


def _reachable(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname) and parts.username is None


def _fallback(text: str) -> str:
    """A sentence, or a number to put callers through to, which is kept in E.164."""
    text = " ".join(text.split()) or FALLBACK
    if re.fullmatch(r"\+[0-9 ().-]+", text):
        return numbers.e164(text)
    if len(text) > LONGEST_FALLBACK or UNSTORABLE.search(text):
        raise Invalid(f"What callers hear has at most {LONGEST_FALLBACK} characters.")
    return text
