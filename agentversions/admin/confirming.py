"""Deeds and their confirmation: what will happen is shown, and what was shown is what happens, once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, update_wrapper
from typing import Any, ClassVar, override
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from agentversions import access
from agentversions.access import Act
from agentversions.admin.base import Admin, person
from agentversions.refusals import PublishedMeanwhile, Refused, Stale

AT_ONCE = 20
"""The most that one page confirms."""


class Confirmed(forms.Form):
    """What a confirmation carries: the draft's base and the live version that were shown, and its key."""

    base = forms.CharField(required=False, widget=forms.HiddenInput)
    live = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)


@dataclass(frozen=True)
class Question:
    """What a deed would do to one thing, what stands in its way, and what else is asked."""

    thing: Model
    title: str
    facts: list[str]
    form: Confirmed
    blockers: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: str = ""


class Deed[M: Model](ABC):
    """One verb, as the admin offers it: on a list, on the page of one, and on a page that confirms it."""

    name: ClassVar[str]
    words: ClassVar[str]
    permission: ClassVar[str]
    act: ClassVar[Act]
    several: ClassVar[bool] = False
    form: ClassVar[type[Confirmed]] = Confirmed

    def fits(self, thing: M) -> bool:
        """Whether its button is worth showing."""
        del thing
        return True

    @abstractmethod
    def question(self, thing: M, form: Confirmed, *, by: User) -> Question:
        """What would happen now; puts what is shown into the form."""

    @abstractmethod
    def do(self, thing: M, told: dict[str, Any], *, by: User) -> str:
        """Call the verb; the words for what was done."""


class Confirming[M: Model](Admin[M]):
    """A noun to which deeds can be done, each confirmed on a page of its own."""

    deeds: ClassVar[Sequence[Deed[Any]]] = ()

    def __init__(self, model: type[M], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.actions = [_action(deed) for deed in self.deeds]

    @override
    def get_actions(self, request: HttpRequest, action_location: Any = admin.options.ActionLocation.CHANGE_LIST) -> Any:
        """The actions that the person's Django permissions include."""
        lacking = {deed.name for deed in self.deeds if not person(request).has_perm(deed.permission)}
        offered = super().get_actions(request, action_location)
        return {name: action for name, action in offered.items() if name not in lacking}

    @override
    def get_urls(self) -> list[URLPattern]:
        """A page for each deed, before Django's own."""
        return [*map(self._deed_path, self.deeds), *super().get_urls()]

    def _deed_path(self, deed: Deed[M]) -> URLPattern:
        view = update_wrapper(partial(self.confirm_view, deed=deed), self.confirm_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_{deed.name}"
        return path(f"<str:chosen>/{deed.name}/", self.admin_site.admin_view(view), name=name)

    def deed_url(self, deed: Deed[M], keys: Sequence[object]) -> str:
        """The page that confirms the deed for these."""
        chosen = ",".join(quote(str(key)) for key in keys)
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{deed.name}", args=[chosen])

    @override
    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Add the deeds' buttons to the page of one."""
        context["deeds"] = self._buttons(request, context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def _buttons(self, request: HttpRequest, thing: M | None) -> list[dict[str, str]]:
        if thing is None:
            return []
        user = person(request)
        able = [deed for deed in self.deeds if user.has_perm(deed.permission) and deed.fits(thing)]
        role = access.role(user, self.project_of(thing)) if able else None
        return [
            {"words": deed.words, "url": self.deed_url(deed, [thing.pk])}
            for deed in able
            if role and deed.act in access.MAY[role]
        ]

    def confirm_view(self, request: HttpRequest, chosen: str, deed: Deed[M]) -> HttpResponse:
        """Show what the deed will do; on POST, do it."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not self.has_view_permission(request) or not person(request).has_perm(deed.permission):
            raise PermissionDenied
        things = self._things(request, deed, chosen)
        try:
            for thing in things:
                access.require(person(request), deed.act, self.project_of(thing))
            if request.method == "POST":
                return self._confirmed(request, deed, things)
            return self._page(request, deed, [_question(deed, thing, request) for thing in things])
        except Refused as refused:
            self.message_user(request, refused.sentence, messages.ERROR)
            return self._back(request, things)

    def _things(self, request: HttpRequest, deed: Deed[M], chosen: str) -> list[M]:
        keys = [unquote(key) for key in dict.fromkeys(chosen.split(","))]
        found = [self.get_object(request, key) for key in keys[: AT_ONCE + 1]]
        things = [thing for thing in found if thing is not None]
        if len(things) != len(keys) or len(keys) > (AT_ONCE if deed.several else 1):
            raise Http404
        return things

    def _confirmed(self, request: HttpRequest, deed: Deed[M], things: list[M]) -> HttpResponse:
        """Do the deed to each; ask again where what was shown no longer holds."""
        again = []
        for thing in things:
            form = deed.form(request.POST, prefix=str(thing.pk))
            try:
                if not form.is_valid():
                    again.append(_question(deed, thing, request, "This couldn't be read. Look at it again."))
                    continue
                self.message_user(request, deed.do(thing, form.cleaned_data, by=person(request)), messages.SUCCESS)
            except (Stale, PublishedMeanwhile) as refused:
                again.append(_question(deed, thing, request, refused.sentence))
            except Refused as refused:
                self.message_user(request, refused.sentence, messages.ERROR)
        return self._page(request, deed, again, status=409) if again else self._back(request, things)

    def _page(self, request: HttpRequest, deed: Deed[M], questions: list[Question], status: int = 200) -> HttpResponse:
        keys = [question.thing.pk for question in questions]
        request.current_app = self.admin_site.name
        told = {
            **self.admin_site.each_context(request),
            "title": deed.words,
            "opts": self.opts,
            "deed": deed,
            "questions": questions,
            "blocked": all(question.blockers for question in questions),
            "address": self.deed_url(deed, keys),
            "back": self._address(keys),
            "list": self._address([]),
        }
        return TemplateResponse(request, "admin/confirm.html", told, status=status)

    def _back(self, request: HttpRequest, things: list[M]) -> HttpResponse:
        still = self.get_queryset(request).filter(pk__in=[thing.pk for thing in things]).values_list("pk", flat=True)
        return HttpResponseRedirect(self._address(list(still)))

    def _address(self, keys: Sequence[object]) -> str:
        """The page of the one, else the list."""
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if len(keys) == 1:
            return reverse(f"{page}_change", args=[quote(str(keys[0]))])
        return reverse(f"{page}_changelist")


def _question(deed: Deed[Any], thing: Model, request: HttpRequest, refused: str = "") -> Question:
    """What is asked now, with what was typed before."""
    prefix = str(thing.pk)
    typed = {name: request.POST.get(f"{prefix}-{name}") for name in deed.form.base_fields if name not in _CARRIED}
    given = {name: text for name, text in typed.items() if text is not None}
    form = deed.form(initial={**given, "key": uuid4()}, prefix=prefix)
    return replace(deed.question(thing, form, by=person(request)), refused=refused)


_CARRIED = Confirmed.base_fields.keys()


def _action(deed: Deed[Any]) -> Callable[..., HttpResponse | None]:
    """The deed as an action of a list: it leads to the page that confirms it."""

    def ask(page: Confirming[Any], request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        keys = list(queryset.values_list("pk", flat=True)[: AT_ONCE + 1])
        if not keys:
            page.message_user(request, f"Choose a {page.opts.verbose_name} first.", messages.ERROR)
            return None
        if not deed.several and len(keys) != 1:
            page.message_user(request, f"Choose exactly one {page.opts.verbose_name} to do this.", messages.ERROR)
            return None
        if len(keys) > AT_ONCE:
            page.message_user(request, f"Choose at most {AT_ONCE} at once.", messages.ERROR)
            return None
        return HttpResponseRedirect(page.deed_url(deed, keys))

    ask.__name__ = deed.name
    return admin.action(description=deed.words)(ask)
