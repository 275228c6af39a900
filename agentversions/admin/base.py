"""What every page of the admin keeps: only one's own projects, nothing deleted, and no writing but by the verbs."""

import json
from collections.abc import Sequence
from functools import cached_property, reduce
from typing import TYPE_CHECKING, Any, ClassVar, cast, override

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agentversions import access
from agentversions.access import Act
from agentversions.models import Project
from agentversions.refusals import Refused

if TYPE_CHECKING:

    class _ModelAdmin[M: Model](admin.ModelAdmin[M]): ...

    class _Paginator(Paginator[Any]): ...

    class _ModelForm(forms.ModelForm[Any]): ...

else:  # Django's own classes can't be subscripted

    class _ModelAdmin[M](admin.ModelAdmin): ...

    _Paginator = Paginator
    _ModelForm = forms.ModelForm

MOST = 10_000


class Asked(HttpRequest):
    """A request of someone whom the admin has let in, and what a verb refused it."""

    user: User
    refused: Refused | None


def person(request: HttpRequest) -> User:
    """Who asks: the admin lets in nobody who isn't signed in."""
    return cast("Asked", request).user


def pretty(document: object, label: str) -> SafeString:
    """A document to read: indented, escaped, its long lines wrapped."""
    text = json.dumps(document, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
    text = text.encode(errors="backslashreplace").decode()  # half a surrogate pair, from a provider
    area = '<textarea class="vLargeTextField" rows="{}" readonly aria-label="{}">{}</textarea>'
    return format_html(area, min(text.count("\n") + 2, 30), label, text)


class Counted(_Paginator):
    """Counts no further than anybody would turn pages."""

    @cached_property
    def count(self) -> int:
        """How many there are, or that there are very many."""
        found = cast("QuerySet[Model]", self.object_list)
        return found.order_by()[:MOST].count()


class VerbForm(_ModelForm):
    """A form whose values go to a verb: it knows what the person changed, and says what the verb refused."""

    refused: ClassVar[Refused | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = not self.instance._state.adding

    @override
    def clean(self) -> dict[str, Any]:
        """Add the verb's refusal, when the form is shown again because of it."""
        if self.refused:
            raise ValidationError(self.refused.sentence)
        return super().clean() or {}

    def told(self) -> dict[str, Any]:
        """What the person changed; in a form that adds, all they said."""
        if self.instance._state.adding:
            return self.cleaned_data
        return {name: self.cleaned_data[name] for name in self.changed_data}


class ProjectFilter(admin.SimpleListFilter):
    """One of the projects that the person can look into."""

    title = "project"
    parameter_name = "project"
    path = ""

    @override
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Their names."""
        self.path = model_admin.project_path
        return [(str(project.pk), project.name) for project in access.projects(person(request))[:100]]

    @override
    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What belongs to the chosen one."""
        if (chosen := self.value()) is None:
            return queryset
        known = chosen in dict(self.lookup_choices)
        return queryset.filter(**{self.path: chosen}) if known else queryset.none()


class Admin[M: Model](_ModelAdmin[M]):
    """A noun's pages. Nothing can be deleted; what can be added or changed names the verb's values and its act."""

    project_path: ClassVar[str]
    """From the noun to its project."""
    shown: ClassVar[Sequence[str]]
    """On the page of one."""
    asked: ClassVar[Sequence[str]] = ()
    """In the form that adds one; nothing can be added without."""
    editable: ClassVar[Sequence[str]] = ()
    """On the page of one, where the role includes `edited_by`."""
    edited_by: ClassVar[Act] = Act.ADMINISTER

    form = VerbForm
    paginator = Counted
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    # Who sees what

    @override
    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """What lies in the person's projects; all else is unknown to them."""
        mine = {f"{self.project_path}__in": access.projects(person(request))}
        return super().get_queryset(request).filter(**mine)

    def project_of(self, thing: M) -> Project:
        """The project whose roles count."""
        steps = [] if self.project_path == "pk" else self.project_path.split(LOOKUP_SEP)
        return cast("Project", reduce(getattr, steps, thing))

    @override
    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """Search for what a database can hold."""
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    @override
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what a filter offers: any other could ask about what isn't shown, such as whether drafts exist."""
        offered = {_filtered(item) for item in self.get_list_filter(request)}
        return lookup.split(LOOKUP_SEP, maxsplit=1)[0] in offered and super().lookup_allowed(lookup, value, request)

    @override
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Keep no history but where `Remembered` does."""
        raise Http404

    @override
    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Offer no History but where there is one."""
        context.setdefault("forgets", True)
        return super().render_change_form(request, context, *args, **kwargs)

    # What can be done

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether there is a verb, and a Django permission; the verb asks for the role."""
        return bool(self.asked) and super().has_add_permission(request)

    @override
    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Whether there is a verb, a Django permission and the role."""
        if not self.editable or not super().has_change_permission(request, obj):
            return False
        return obj is None or access.may(person(request), self.edited_by, self.project_of(obj))

    @override
    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nothing is ever deleted here."""
        return False

    @override
    def get_fields(self, request: HttpRequest, obj: M | None = None) -> list[Any]:
        """What is asked of a new one, and shown of a stored one."""
        return list(self.shown if obj else self.asked)

    @override
    def get_readonly_fields(self, request: HttpRequest, obj: M | None = None) -> list[str]:
        """Everything but what a verb can change."""
        return [name for name in self.shown if name not in self.editable] if obj else []

    @override
    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose among what the person can see."""
        related = self.admin_site.get_model_admin(db_field.remote_field.model)
        kwargs.setdefault("queryset", related.get_queryset(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    # Writing

    def add(self, told: dict[str, Any], *, by: User) -> M:
        """Call the verb that makes one."""
        raise NotImplementedError

    def change(self, thing: M, told: dict[str, Any], *, by: User) -> M:
        """Call the verbs for what was changed."""
        raise NotImplementedError

    @override
    def save_form(self, request: HttpRequest, form: Any, change: Any) -> M:
        """Hand what the form says to the verb, which writes it."""
        told = form.told()
        if not change:
            return self.add(told, by=person(request))
        thing = cast("M", form.instance)
        return self.change(thing, told, by=person(request)) if told else thing

    @override
    def save_model(self, request: HttpRequest, obj: M, form: Any, change: Any) -> None:
        """Leave what the verb has written."""

    @override
    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Leave what the verb has written."""

    @override
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form again, with what was typed, when the verb refuses: it has written nothing."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            cast("Asked", request).refused = refused
            return super().changeform_view(request, object_id, form_url, extra_context)

    @override
    def get_form(self, request: HttpRequest, obj: M | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Make the form, with the verb's refusal if there was one."""
        form = super().get_form(request, obj, change, **kwargs)
        form.refused = getattr(request, "refused", None)  # type: ignore[attr-defined] # made anew for every request
        return form


def _filtered(item: Any) -> str:
    """The name by which a filter of the list appears in addresses."""
    if isinstance(item, str):
        return item
    return str(item[0] if isinstance(item, tuple) else item.parameter_name)
