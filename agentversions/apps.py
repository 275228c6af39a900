"""Puts the database's own refusals in place after every migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from agentversions import guards, system_checks  # noqa: F401 (importing registers the checks)


class AgentVersionsConfig(AppConfig):
    """The product, as Django knows it."""

    name = "agentversions"
    verbose_name = "Agent Versions"

    def ready(self) -> None:
        """Lift the guards before a migration, since SQLite remakes tables, and install them after it."""
        pre_migrate.connect(guards.before_migrate, sender=self)
        post_migrate.connect(guards.after_migrate, sender=self)
