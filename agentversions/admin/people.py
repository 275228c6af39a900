"""People's accounts: deactivated, never deleted, and made superuser by superusers only."""

from typing import Any, override

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest

from agentversions.admin.base import person

POWERS = ("is_superuser", "is_staff", "groups", "user_permissions")


admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(UserAdmin):  # type: ignore[type-arg] # generic in its stubs only
    """Accounts."""

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What someone did stays theirs: an account is deactivated instead."""
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's account, its password too, is for superusers."""
        if obj and obj.is_superuser and not person(request).is_superuser:
            return False
        return super().has_change_permission(request, obj)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nobody gives what they don't have."""
        return () if person(request).is_superuser else POWERS
