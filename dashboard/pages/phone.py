"""What the pages about phone numbers and connections know."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count

from agentversions.checks import Carrier
from agentversions.models import Agent, Project, Version
from agentversions.sealing import Secrets, Unsealable, unseal
from dashboard.pages import projects
from dashboard.pages.guide import steps
from dashboard.pages.projects import Context
from telephony.answering import chosen
from telephony.carrying import carriers
from telephony.models import Connection, PhoneNumber
from telephony.providers import PROVIDERS, Option, Options, Provider, Secret

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def numbers(user: User, of: Project) -> Context:
    """The project's numbers, and the agents that could answer them."""
    rows = PhoneNumber.objects.filter(connection__project=of).select_related("connection", "agent__published")
    return projects.project(user, of) | {
        "numbers": list(rows.defer("agent__published__configuration").order_by("number", "pk")),
        "agents": list(Agent.objects.filter(project=of, archived_at=None)),
        "connections": list(Connection.objects.filter(project=of)),
    }


def is_last_of_a_published_agent(number: PhoneNumber) -> bool:
    """Whether nothing would reach what its agent has published, were it unassigned."""
    if number.agent is None or number.agent.published_id is None:
        return False
    return not PhoneNumber.objects.filter(agent=number.agent_id).exclude(pk=number.pk).exists()


@dataclass(frozen=True)
class ConnectionRow:
    """A connection as the list shows it."""

    connection: Connection
    numbers: int
    missing: list[str]


def connections(user: User, of: Project) -> Context:
    """The project's connections, and what each still needs."""
    rows = Connection.objects.filter(project=of).annotate(count=Count("numbers"))
    listed = [ConnectionRow(row, row.count, _missing(row, row.count)) for row in rows]
    return projects.project(user, of) | {"connections": listed, "providers": PROVIDERS.values()}


def _missing(connection: Connection, numbers: int) -> list[str]:
    wanted = {
        "a worker address": PROVIDERS[connection.provider].needs_worker and not connection.worker_url,
        "its secrets": _unsealed(connection) is None,
        "a number": numbers == 0,
    }
    return [what for what, lacks in wanted.items() if lacks]


def adding(user: User, of: Project, provider: Provider | None) -> Context:
    """A new connection: which provider, and then what it needs."""
    told = projects.project(user, of) | {"providers": PROVIDERS.values(), "provider": provider}
    if provider is None:
        return told
    return told | {
        "suggested": _suggested(provider),
        **_options(provider, {}),
        "optional": [secret.label for secret in provider.secrets if secret.optional],
    }


def connection(user: User, of: Connection) -> Context:
    """A connection: what to paste at the provider, what is set, and its numbers. No secret leaves the database."""
    provider, secrets = PROVIDERS[of.provider], _unsealed(of)
    numbers = list(of.numbers.select_related("agent").order_by("number"))
    return projects.project(user, of.project) | {
        "connection": of,
        "provider": provider,
        "numbers": numbers,
        "carried": _carried(of, {number.agent.published_id or 0 for number in numbers if number.agent}),
        "steps": steps(provider, of),
        "local": urlsplit(settings.PUBLIC_BASE_URL).hostname in LOOPBACK,
        "secrets": [SecretRow(secret, bool((secrets or {}).get(secret.key))) for secret in provider.secrets],
        "unsealable": secrets is None,
        "suggested": _suggested(provider),
        **_options(provider, of.options),
    }


@dataclass(frozen=True)
class SecretRow:
    """A secret as its connection's page shows it: whether it is set, never what it is."""

    secret: Secret
    is_set: bool


@dataclass(frozen=True)
class OptionRow:
    """A choice as its connection's form and page show it."""

    option: Option
    value: str

    @property
    def words(self) -> str:
        """What was chosen, to read."""
        return dict(self.option.choices).get(self.value, self.value)


def _options(provider: Provider, options: Options) -> Context:
    """What can be chosen, and apart from it what hardly anybody changes."""
    values = chosen(provider, options)
    rows = [OptionRow(option, values[option.key]) for option in provider.options]
    return {
        "options": [row for row in rows if not row.option.seldom],
        "seldom": [row for row in rows if row.option.seldom],
    }


def _unsealed(connection: Connection) -> Secrets | None:
    try:
        return unseal(connection.secrets)
    except Unsealable:
        return None


@dataclass(frozen=True)
class Carried:
    """A live version that a connection's calls get, and what of it doesn't reach them."""

    version: Version
    carrier: Carrier | None


def _carried(connection: Connection, live: set[int]) -> list[Carried]:
    versions = Version.objects.filter(pk__in=live).select_related("agent").order_by("agent__name", "pk")
    return [Carried(version, next(iter(carriers([connection], version.read())), None)) for version in versions]


def _suggested(provider: Provider) -> str:
    """A fresh secret where it is ours to choose: shown before it is kept, and never after."""
    return next((secret.make() for secret in provider.secrets if secret.make), "")
