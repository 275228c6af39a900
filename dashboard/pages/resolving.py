"""What a tab holds beside what another tab saved meanwhile: both texts of every setting that differs, and a choice."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render

from agentversions.differences import Piece, differences, shortened
from agentversions.models import Agent, Draft
from agentversions.refusals import Refused
from agentversions.typed import Typed
from dashboard import forms
from dashboard.forms import Field, ToolRow
from dashboard.http import Request
from dashboard.pages import dialogs
from dashboard.pages.projects import Context

TOOLS = "tools"


@dataclass(frozen=True)
class Difference:
    """One setting, or one setting of a tool, in both texts."""

    label: str
    pieces: list[Piece]

    @property
    def saved(self) -> list[Piece]:
        """The text that was saved, with what only it has marked."""
        return [piece for piece in shortened(self.pieces) if piece.kind != "added"]

    @property
    def tab(self) -> list[Piece]:
        """The tab's text, with what only it has marked."""
        return [piece for piece in shortened(self.pieces) if piece.kind != "removed"]


@dataclass(frozen=True)
class Choice:
    """A setting whose texts differ, or all tools together; `saved` is whether the saved one is chosen at first."""

    path: str
    label: str
    differences: list[Difference]
    saved: bool


def resolving(user: User, of: Agent, typed: Typed, touched: Collection[str], before: Mapping[str, str]) -> Context:
    """What differs between a tab's form and the stored draft.

    What was chosen before stays chosen. Otherwise what the tab has not touched since it was last in step with the
    server is at first left as it was saved. Without JavaScript nobody knows what was touched, and the tab's is chosen
    everywhere.
    """
    draft = Draft.objects.of(of, user)
    choices = [
        Choice(path, label, differing, saved=_first(path, touched, before))
        for path, label, differing in _differing(draft, typed)
    ]
    return {"draft": draft, "base": draft.base, "choices": choices}


def ask(request: Request, of: Agent, status: int, refused: Refused | None = None) -> HttpResponse:
    """The dialog with both texts, for the form that was posted; nothing was written."""
    posted = request.POST
    told = resolving(request.user, of, forms.read_draft(posted), posted.getlist("touched"), _choices(request))
    told |= {"sent": _sent(request), "refused": refused}
    response = render(request, *dialogs.dialog(request, "drafts/resolve.html", of, **told), status=status)
    response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def chosen(request: Request) -> set[str]:
    """The settings for which the saved text was chosen."""
    return {path for path, choice in _choices(request).items() if choice == "saved"}


def _choices(request: Request) -> dict[str, str]:
    """What was chosen for each setting: `tab` or `saved`."""
    posted = request.POST.items()
    return {name.removeprefix(forms.CHOICE): str(text) for name, text in posted if name.startswith(forms.CHOICE)}


def _first(path: str, touched: Collection[str], before: Mapping[str, str]) -> bool:
    """Whether the saved one is chosen at first."""
    return before[path] == "saved" if path in before else bool(touched) and not _within(path, touched)


def _sent(request: Request) -> list[tuple[str, str]]:
    """What the tab's form holds, to be sent along with the choice."""
    about = forms.ABOUT_THE_PAGE - {TOOLS}
    fields = [(name, request.POST.getlist(name)) for name in request.POST if name not in about]
    sent = [(name, str(texts[-1])) for name, texts in fields if name != TOOLS and not name.startswith(forms.CHOICE)]
    sent += [(TOOLS, str(key)) for key in request.POST.getlist(TOOLS)]
    return sent + [("touched", str(path)) for path in request.POST.getlist("touched")]


def _within(path: str, touched: Collection[str]) -> bool:
    return path in touched or (path == TOOLS and any(name.startswith("tools.") for name in touched))


def _differing(draft: Draft, typed: Typed) -> Iterator[tuple[str, str, list[Difference]]]:
    """Path, label and texts of all that differs, in the editor's order; the tools come last, as one."""
    for field in (field for section in forms.sections(draft) for field in section.fields):
        mine = forms.typed_field(field, typed)
        if mine.text != field.text:
            yield field.path, field.leaf.setting.label, [_difference("", field, mine)]
    if typed.tools is not None and (tools := list(_tools(forms.tools(draft), forms.typed_tools(typed)))):
        yield TOOLS, "Tools", tools


def _tools(saved: list[ToolRow], typed: list[ToolRow]) -> Iterator[Difference]:
    before, after = {tool.id: tool for tool in saved}, {tool.id: tool for tool in typed}
    for key in {**after, **before}:
        old, new = before.get(key), after.get(key)
        name = (new or old or saved[0]).title or "Tool without a name"
        if not old or not new or old.kind != new.kind:
            yield Difference(name, _words(_whole(old), _whole(new)))
            continue
        for field, mine in zip(old.fields, new.fields, strict=True):
            if field.text != mine.text:
                yield _difference(f"{name} · ", field, mine)
    if set(before) == set(after) and list(before) != list(after):
        yield Difference("Order of the tools", _words(_order(saved), _order(typed)))


def _difference(of: str, saved: Field, mine: Field) -> Difference:
    label = of + saved.leaf.setting.label
    if saved.leaf.setting.widget in ("number", "choice", "switch"):
        return Difference(label, _words(saved.shown, mine.shown))
    return Difference(label, differences(saved.text, mine.text))


def _words(saved: str, mine: str) -> list[Piece]:
    """Two texts that aren't compared inside."""
    return [piece for piece in (Piece("removed", saved), Piece("added", mine)) if piece.text]


def _whole(tool: ToolRow | None) -> str:
    """A tool that only one side has, in words."""
    if tool is None:
        return ""
    told: list[Any] = [tool.kind_name, *(field.shown for field in tool.fields if field.text)]
    return "\n".join(told)


def _order(tools: list[ToolRow]) -> str:
    return ", ".join(tool.title or "Tool without a name" for tool in tools)
