"""What a provider's answer is made of: the pinned version with this call's variables, and what goes with it."""

from django.conf import settings
from django.urls import reverse

from agentversions.models import Version
from agentversions.operations import secrets
from agentversions.sealing import Secrets
from telephony import filling, tokens
from telephony.models import Call
from telephony.providers import Answering, Options, Provider

MASKED = "••••••"


def answering(call: Call, version: Version, provider: Provider, held: Secrets) -> Answering:
    """The makings of the answer to a call, with these secrets of its project."""
    return Answering(
        call=call,
        version=version,
        configuration=filling.filled(version, filling.values(call, version)),
        token=tokens.token(call),
        configuration_url=address("telephony.configuration", call.pk),
        events_url=address("telephony.events", provider.key, call.connection_id),
        report_url=address("telephony.report", call.pk, tokens.report_token(call)),
        secrets=held,
        options=chosen(provider, call.options),
    )


def secrets_of(version: Version) -> Secrets:
    """The secrets of its project that the version names, as far as there are any; raises Unsealable."""
    names = secrets.names_in(version)
    return secrets.opened(version.agent.project_id, names) if names else {}


def chosen(provider: Provider, options: Options) -> dict[str, str]:
    """A connection's choices, with the provider's defaults where nothing was chosen."""
    return {option.key: options.get(option.key) or option.default for option in provider.options}


def address(name: str, *arguments: object) -> str:
    """The public address of one of our doors."""
    path: str = reverse(name, args=arguments)
    return settings.PUBLIC_BASE_URL + path
