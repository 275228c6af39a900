"""The nouns' pages: projects, members, agents, drafts, versions and events."""

from typing import Any, override
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from agentversions import access, history, operations
from agentversions.access import Act
from agentversions.admin.base import Admin, ProjectFilter, VerbForm, person, pretty
from agentversions.admin.confirming import Confirming
from agentversions.admin.lifecycle import (
    Archive,
    EditIntoDraft,
    PublishDraft,
    PublishVersion,
    RemoveMember,
    Resume,
    SaveVersion,
    Suspend,
    Unpublish,
)
from agentversions.admin.remembered import Remembered
from agentversions.models import Agent, Draft, Event, Membership, Project, Role, Version


@admin.register(Project)
class ProjectAdmin(Confirming[Project]):
    """Rooms: made here, with their maker as admin; suspended and resumed by who runs the server."""

    project_path = "pk"
    shown = ["id", "name", "created_at", "suspended_at"]
    asked = ["name"]
    list_display = ["name", "created_at", "suspended_at"]
    search_fields = ["name", "id__exact"]
    deeds = [Suspend(), Resume()]

    @override
    def add(self, told: dict[str, Any], *, by: User) -> Project:
        """Make it."""
        return operations.create_project(told["name"], by=by)

    def view_on_site(self, obj: Project) -> str:
        """Its agents, in the dashboard."""
        return reverse("agents.index", args=[obj.pk])


class MemberForm(VerbForm):
    """A new member by the name they sign in with, so that nobody's list of people is shown here."""

    username = forms.CharField(max_length=150, label="Name they sign in with")


@admin.register(Membership)
class MembershipAdmin(Remembered[Membership]):
    """Members and their roles."""

    project_path = "project"
    shown = ["project", "user", "role"]
    asked = ["project", "username", "role"]
    editable = ["role"]
    list_display = ["user", "project", "role"]
    list_filter = [ProjectFilter, "role"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "project__name"]
    ordering = ["project__name", "user__username"]
    deeds = [RemoveMember()]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With their people and projects."""
        return super().get_queryset(request).select_related("project", "user")

    @override
    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Ask for the name of a new one."""
        if obj is None:
            kwargs["form"] = MemberForm
        return super().get_form(request, obj, change, **kwargs)

    @override
    def add(self, told: dict[str, Any], *, by: User) -> Membership:
        """Give them their role."""
        user = access.someone(by, told["username"])
        return operations.set_role(told["project"], user, Role(told["role"]), by=by)

    @override
    def change(self, thing: Membership, told: dict[str, Any], *, by: User) -> Membership:
        """Give them another role."""
        return operations.set_role(thing.project, thing.user, Role(told["role"]), by=by)


class Standing(admin.SimpleListFilter):
    """How agents stand."""

    title = "standing"
    parameter_name = "standing"

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three that there are."""
        return [("live", "Live"), ("silent", "Nothing live"), ("archived", "Archived")]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        """The agents that stand so."""
        match self.value():
            case "live":
                return queryset.exclude(published=None)
            case "silent":
                return queryset.filter(published=None, archived_at=None)
            case "archived":
                return queryset.exclude(archived_at=None)
        return queryset


class AgentForm(VerbForm):
    """A new agent; its key makes one of a request that is sent twice."""

    key = forms.UUIDField(required=False, initial=uuid4, widget=forms.HiddenInput)


@admin.register(Agent)
class AgentAdmin(Remembered[Agent]):
    """Agents: made with a blank v1, renamed, unpublished and archived; their versions have pages of their own."""

    project_path = "project"
    shown = ["id", "name", "project", "published", "last_number", "created_by", "created_at", "archived_at"]
    asked = ["project", "name", "key"]
    editable = ["name"]
    edited_by = Act.EDIT
    list_display = ["name", "project", "live", "last_number", "created_at"]
    list_filter = [Standing, ProjectFilter]
    search_fields = ["name", "id__exact"]
    deeds = [Unpublish(), Archive()]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        """With what is live, without what that holds."""
        found = super().get_queryset(request).select_related("project", "published", "created_by")
        return found.defer("published__configuration")

    @override
    def has_change_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        """Whether it can be renamed: an archived one does nothing new."""
        return not (obj and obj.archived_at) and super().has_change_permission(request, obj)

    @override
    def get_form(self, request: HttpRequest, obj: Agent | None = None, change: bool = False, **kwargs: Any) -> Any:
        """A new one has a key."""
        if obj is None:
            kwargs["form"] = AgentForm
        return super().get_form(request, obj, change, **kwargs)

    @override
    def add(self, told: dict[str, Any], *, by: User) -> Agent:
        """Make it, with a blank v1."""
        return operations.create_agent(told["project"], told["name"], by=by, key=told["key"])

    @override
    def change(self, thing: Agent, told: dict[str, Any], *, by: User) -> Agent:
        """Rename it."""
        return operations.rename_agent(thing, told["name"], by=by)

    @admin.display(description="live", ordering="published__number")
    def live(self, obj: Agent) -> str:
        """The version that is live."""
        return str(obj.published) if obj.published else "-"

    def view_on_site(self, obj: Agent) -> str:
        """Its editor, in the dashboard."""
        return reverse("agents.show", args=[obj.pk])


@admin.register(Draft)
class DraftAdmin(Confirming[Draft]):
    """One's own drafts, and nobody else's: not even a superuser sees another's. They are edited in the dashboard."""

    project_path = "agent__project"
    shown = ["id", "agent", "based_on", "live_at_start", "revision", "changed_at", "unread", "content"]
    list_display = ["agent", "project", "based_on", "changed_at"]
    list_filter = [ProjectFilter]
    search_fields = ["agent__name", "id__exact"]
    ordering = ["-changed_at"]
    deeds = [SaveVersion(), PublishDraft()]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        """Those in which the person has something."""
        mine = super().get_queryset(request).filter(owner=person(request)).exclude(started_at=None)
        found = mine.select_related("agent__project", "agent__published", "owner", "based_on", "live_at_start")
        return found.defer(
            "configuration",
            "agent__published__configuration",
            "based_on__configuration",
            "live_at_start__configuration",
        )

    @admin.display(ordering="agent__project__name")
    def project(self, obj: Draft) -> Project:
        """Where its agent is."""
        return obj.agent.project

    @admin.display(description="not yet a value")
    def unread(self, obj: Draft) -> SafeString | str:
        """What was typed and can't be read."""
        return pretty(obj.unparsed, "Not yet a value") if obj.unparsed else "-"

    @admin.display(description="configuration")
    def content(self, obj: Draft) -> SafeString:
        """What it holds."""
        return pretty(obj.configuration, "Configuration")

    def view_on_site(self, obj: Draft) -> str:
        """Its editor, in the dashboard."""
        return reverse("agents.show", args=[obj.agent_id])


@admin.register(Version)
class VersionAdmin(Remembered[Version]):
    """Versions, which never change."""

    project_path = "agent__project"
    shown = ["agent", "number", "name", "author", "created_at", "parent", "live", "digest", "schema", "content"]
    list_display = ["__str__", "name", "agent", "live", "author", "created_at"]
    list_filter = [ProjectFilter]
    search_fields = ["name", "agent__name", "agent__id__exact"]
    ordering = ["-id"]
    deeds = [PublishVersion(), EditIntoDraft()]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        """With their agents, without what they hold."""
        found = super().get_queryset(request)
        found = found.select_related("agent__project", "agent__published", "author", "parent")
        return found.defer("configuration", "agent__published__configuration", "parent__configuration")

    @admin.display(ordering="agent__published")
    def live(self, obj: Version) -> str:
        """Whether it answers new calls."""
        return "Published" if obj.agent.published_id == obj.pk else "-"

    @admin.display(description="configuration")
    def content(self, obj: Version) -> SafeString:
        """What it holds."""
        return pretty(obj.configuration, "Configuration")

    def view_on_site(self, obj: Version) -> str:
        """It, in the dashboard."""
        return reverse("versions.show", args=[obj.agent_id, obj.number])


@admin.register(Event)
class EventAdmin(Admin[Event]):
    """What was done, which never changes; of acts on drafts, one's own."""

    project_path = "project"
    shown = ["at", "actor", "action", "project", "agent", "version", "told"]
    list_display = ["at", "actor", "sentence", "project"]
    list_filter = [ProjectFilter, "action"]
    search_fields = ["agent__name", "agent__id__exact", "actor__username"]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """What the person may know of."""
        return history.visible(super().get_queryset(request), person(request)).select_related("project")

    @admin.display(description="what")
    def sentence(self, obj: Event) -> str:
        """What happened, after the actor's name."""
        return history.sentence(obj)

    @admin.display(description="particulars")
    def told(self, obj: Event) -> SafeString:
        """The particulars."""
        return pretty(obj.particulars, "Particulars")
