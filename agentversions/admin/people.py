"""People's accounts: deactivated, never deleted, and changed by superusers only."""

from typing import Any, override

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from agentversions.admin.base import person

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PeopleAdmin(UserAdmin):  # type: ignore[type-arg] # generic in its stubs only
    """Accounts."""

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What someone did stays theirs: an account is deactivated instead."""
        return False

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        """By superusers."""
        return person(request).is_superuser

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By superusers: whoever may set someone's password or address can sign in as them, and read their drafts."""
        return person(request).is_superuser


@admin.register(Group)
class GroupsAdmin(GroupAdmin):
    """Groups: seen and changed by superusers only, as who may change one could give themselves everything."""

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        return person(request).is_superuser

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)
