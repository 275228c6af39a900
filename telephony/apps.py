"""Tells the product how calls reach its agents, and guards the calls' pointers to versions."""

from django.apps import AppConfig

from agentversions import guards

guards.BELONGINGS.append(guards.Belonging("telephony_call", "version_id"))


class TelephonyConfig(AppConfig):
    """The phone, as Django knows it."""

    name = "telephony"
