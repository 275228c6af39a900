"""The providers, one file each; a new one is a file and a line here."""

from telephony.providers.base import Answering, Forged, Option, Options, Provider, Secret, Step, Unreadable
from telephony.providers.generic import Generic
from telephony.providers.jambonz import Jambonz
from telephony.providers.retell import Retell
from telephony.providers.signalwire import SignalWire
from telephony.providers.telnyx import Telnyx
from telephony.providers.twilio import Twilio
from telephony.providers.vapi import Vapi

_ALL: tuple[Provider, ...] = (
    Twilio(),
    Retell(),
    Vapi(),
    Jambonz(),
    SignalWire(),
    Telnyx(),
    Generic(),
)
PROVIDERS = {provider.key: provider for provider in _ALL}

__all__ = ["PROVIDERS", "Answering", "Forged", "Option", "Options", "Provider", "Secret", "Step", "Unreadable"]
