"""Tells the product how calls reach its agents, what lies sealed here, and which pointers to versions to guard."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from agentversions import guards, sealing

guards.BELONGINGS.append(guards.Belonging("telephony_call", "version_id"))
guards.FILLED.append(guards.Filled("telephony_call", "project_id", "connection_id", "telephony_connection"))
sealing.SEALED.append(("telephony.Connection", "secrets"))


class TelephonyConfig(AppConfig):
    """The phone, as Django knows it."""

    name = "telephony"

    def ready(self) -> None:
        """Load what registers itself, now that the models are there."""
        autodiscover_modules("reach", "verifying")
