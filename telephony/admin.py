"""The phone's nouns in the admin: connections without their secrets, numbers, and calls as they were."""

from typing import Any, override

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from agentversions.access import Act
from agentversions.admin.base import Admin, ProjectFilter, VerbForm, pretty
from agentversions.admin.remembered import Remembered
from agentversions.models import Agent, Project
from agentversions.refusals import Invalid
from telephony import operations
from telephony.models import Call, CallEvent, Connection, PhoneNumber, Retention, Review

REPORTS = 200


@admin.register(Connection)
class ConnectionAdmin(Remembered[Connection]):
    """Connections. One is added, and its secrets replaced, in the dashboard: they are never read back here."""

    project_path = "project"
    shown = ["id", "name", "project", "provider", "worker_url", "fallback", "enabled", "created_at"]
    editable = ["name", "worker_url", "fallback", "enabled"]
    list_display = ["name", "project", "provider", "enabled", "created_at"]
    list_filter = [ProjectFilter, "provider", "enabled"]
    search_fields = ["name", "id__exact"]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Connection]:
        """With their projects, without their secrets."""
        return super().get_queryset(request).select_related("project").defer("secrets")

    @override
    def change(self, thing: Connection, told: dict[str, Any], *, by: User) -> Connection:
        """Change what was changed."""
        return operations.change_connection(thing, by=by, **told)

    def view_on_site(self, obj: Connection) -> str:
        """It, in the dashboard."""
        return reverse("connections.show", args=[obj.pk])


class NumberForm(VerbForm):
    """A new number, in any spelling."""

    text = forms.CharField(max_length=60, label="Number", help_text="In any spelling, with its country's code.")


@admin.register(PhoneNumber)
class PhoneNumberAdmin(Remembered[PhoneNumber]):
    """Numbers: added to a connection, assigned to an agent or freed."""

    project_path = "connection__project"
    shown = ["number", "connection", "agent", "created_at"]
    asked = ["connection", "text"]
    editable = ["agent"]
    edited_by = Act.PUBLISH
    list_display = ["number", "agent", "connection", "project", "created_at"]
    list_filter = [ProjectFilter]
    search_fields = ["number", "agent__name", "connection__name"]

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[PhoneNumber]:
        """With their connections and agents."""
        found = super().get_queryset(request).select_related("connection__project", "agent")
        return found.defer("connection__secrets")

    @override
    def get_form(
        self, request: HttpRequest, obj: PhoneNumber | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Ask for the text of a new one; offer the agents of its project."""
        if obj is None:
            kwargs["form"] = NumberForm
        form = super().get_form(request, obj, change, **kwargs)
        if obj and "agent" in form.base_fields:
            choice = form.base_fields["agent"]
            choice.queryset = Agent.objects.filter(project=obj.connection.project_id, archived_at=None)
        return form

    @override
    def add(self, told: dict[str, Any], *, by: User) -> PhoneNumber:
        """Add it, assigned to nobody."""
        return operations.add_number(told["connection"], told["text"], by=by)

    @override
    def save_form(self, request: HttpRequest, form: Any, change: Any) -> PhoneNumber:
        """Refuse to take a number from an agent that the page didn't show."""
        if change and "agent" in form.changed_data:
            seen = form.data.get(form.add_initial_prefix("agent"), "")
            now = PhoneNumber.objects.values_list("agent", flat=True).get(pk=form.instance.pk)
            if seen != str(now or ""):
                raise Invalid("It was assigned to another agent meanwhile. Look again.")
        return super().save_form(request, form, change)

    @override
    def change(self, thing: PhoneNumber, told: dict[str, Any], *, by: User) -> PhoneNumber:
        """Assign it, taking it from the agent that was shown; or free it."""
        agent = told["agent"]
        if agent is None:
            return operations.unassign_number(thing, by=by)
        return operations.assign_number(thing, agent, by=by, move=True)

    @admin.display(ordering="connection__project__name")
    def project(self, obj: PhoneNumber) -> Project:
        """Where it is."""
        return obj.connection.project


@admin.register(Retention)
class RetentionAdmin(Remembered[Retention]):
    """For how long projects keep their calls. It is set in the dashboard, which says how many calls that reaches."""

    project_path = "project"
    shown = ["project", "days", "changed_by", "changed_at", "forgotten_until"]
    list_display = ["project", "days", "changed_by", "changed_at", "forgotten_until"]
    list_filter = [ProjectFilter]
    list_select_related = ["project", "changed_by"]


@admin.register(Call)
class CallAdmin(Admin[Call]):
    """Calls, each pinned to the version that handled it."""

    project_path = "project"
    shown = [
        "id", "connection", "provider_call_id", "caller", "dialled", "number", "agent", "version", "missed", "status",
        "started_at", "answered_at", "ended_at", "duration", "ended_reason", "recording_url", "transferred",
        "voicemail", "success", "cost", "answer_digest", "forgotten_at", "reports",
    ]  # fmt: skip
    list_display = ["started_at", "who", "dialled", "handled_by", "standing"]
    list_filter = [ProjectFilter, "status", "missed"]
    search_fields = ["id__exact", "provider_call_id__exact", "caller__startswith", "dialled__startswith"]
    search_help_text = "A call's id, the provider's id of it, or how a number begins."

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        """With all they are about."""
        found = super().get_queryset(request)
        found = found.select_related("connection__project", "number", "agent", "version")
        return found.defer("connection__secrets", "version__configuration")

    @admin.display(description="caller", empty_value="-")
    def who(self, obj: Call) -> str:
        """Who rang, unless that is forgotten."""
        return obj.caller or ("Forgotten" if obj.forgotten_at else "")

    @admin.display(description="handled by", empty_value="-")
    def handled_by(self, obj: Call) -> str | None:
        """The agent and the version that it stays with."""
        return f"{obj.agent} {obj.version}" if obj.version else None

    @admin.display(description="status", ordering="status")
    def standing(self, obj: Call) -> str:
        """How far it has come, or why it was missed."""
        if obj.missed:
            return f"Missed: {obj.get_missed_display()}"
        return "No end reported" if obj.no_end_reported else obj.get_status_display()

    @admin.display(description="provider's reports")
    def reports(self, obj: Call) -> SafeString:
        """What the provider told of it."""
        told = CallEvent.objects.filter(call=obj).values("kind", "occurred_at", "received_at", "payload")
        return pretty(list(told[:REPORTS]), "The provider's reports")

    def view_on_site(self, obj: Call) -> str:
        """It, in the dashboard."""
        return reverse("calls.show", args=[obj.pk])


@admin.register(Review)
class ReviewAdmin(Remembered[Review]):
    """What people thought of calls, and before they changed their minds."""

    project_path = "call__project"
    shown = ["call", "good", "note", "by", "at"]
    list_display = ["at", "call", "good", "by"]
    list_filter = [ProjectFilter, "good"]
    search_fields = ["call__id__exact", "by__username__exact"]
    search_help_text = "A call's id, or who judged it."

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        """With their calls and people."""
        return super().get_queryset(request).select_related("call__project", "by")

    def view_on_site(self, obj: Review) -> str:
        """Its call, in the dashboard."""
        return reverse("calls.show", args=[obj.call_id])
