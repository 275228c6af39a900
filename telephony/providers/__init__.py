"""The providers, one file each; a new one is a file and a line here."""

from telephony.providers.base import Answering, Forged, Option, Options, Provider, Secret, Step, Unreadable
from telephony.providers.generic import Generic
from telephony.providers.twilio import Twilio

PROVIDERS: dict[str, Provider] = {provider.key: provider for provider in (Generic(), Twilio())}

__all__ = ["PROVIDERS", "Answering", "Forged", "Option", "Options", "Provider", "Secret", "Step", "Unreadable"]
