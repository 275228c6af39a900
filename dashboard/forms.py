"""Between a page's form and the product's values: fields to draw, and what came back read into `Typed`."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, QueryDict

from agentversions import typed
from agentversions.base import Base
from agentversions.configuration import SECTIONS, settings
from agentversions.documents import Document
from agentversions.exchange.files import LARGEST_FILE
from agentversions.models import Content, Draft
from agentversions.refusals import Hostile
from agentversions.tools import KINDS
from agentversions.typed import Typed
from agentversions.values import Leaf, leaves, settled

ABOUT_THE_PAGE = {
    *("csrfmiddlewaretoken", "owner", "base", "client", "sequence", "leaving"),
    *("tools", "key", "live", "touched"),
}
"""What the editor's form, and the review of two tabs, send beside settings."""

CHOICE = "choice."
"""Before a setting's path: which of two texts was chosen for it."""


def field_id(path: str) -> str:
    """The id of a setting's field, which CSS and scripts can name."""
    return "setting-" + path.replace(".", "-")


@dataclass(frozen=True)
class Field:
    """A setting as the editor draws it."""

    path: str
    leaf: Leaf
    text: str
    problem: str = ""
    used: tuple[str, ...] = ()
    """What the project's agents hold here."""

    @property
    def suggestions(self) -> list[str]:
        """What is offered while typing: what the project uses first."""
        return list(dict.fromkeys([*self.used, *self.leaf.setting.suggestions]))

    @property
    def id(self) -> str:
        """An id that CSS and scripts can name."""
        return field_id(self.path)

    @property
    def width(self) -> str:
        """How much of a row it takes."""
        if self.leaf.setting.widget in ("prompt", "sentence", "lines", "code", "switch"):
            return "wide"
        return "most" if self.path.startswith("tools.") and self.leaf.path in ("name", "url") else ""

    @property
    def chosen(self) -> str:
        """A choice in words."""
        return dict(self.leaf.choices).get(self.text, self.text)

    @property
    def shown(self) -> str:
        """Its text to read; a choice and a switch in words."""
        if self.leaf.setting.widget == "switch":
            return "Yes" if self.text else "No"
        return self.chosen


@dataclass(frozen=True)
class ToolRow:
    """A tool as the editor draws it: a row that opens into its own fields."""

    id: str
    kind: str
    title: str
    does: str
    fields: list[Field]

    @property
    def flagged(self) -> bool:
        """Whether something in it can't be read yet."""
        return any(field.problem for field in self.fields)

    @property
    def kind_name(self) -> str:
        """Its kind in words."""
        return KINDS[self.kind][0]


@dataclass(frozen=True)
class Section:
    """One part of the editor."""

    key: str
    title: str
    about: str
    fields: list[Field]


def sections(content: Content, used: Mapping[str, Sequence[str]] | None = None) -> list[Section]:
    """The editor's sections, filled from a draft or a version; `used` is what the project's agents hold, by path."""
    used = used or {}
    unparsed, problems = _unparsed(content)
    fields = [
        Field(
            leaf.path,
            leaf,
            unparsed.get(leaf.path, _text(leaf, content.configuration)),
            problems.get(leaf.path, ""),
            tuple(used.get(leaf.path, ())),
        )
        for leaf in settings()
    ]
    return [
        Section(key, title, about, [field for field in fields if field.leaf.setting.section == key])
        for key, (title, about) in SECTIONS.items()
    ]


def tools(content: Content) -> list[ToolRow]:
    """The rows of a draft's or version's tools."""
    unparsed, problems = _unparsed(content)
    return [tool_row(tool, unparsed, problems) for tool in _stored_tools(content.configuration)]


def tool_row(tool: dict[str, Any], unparsed: dict[str, str], problems: dict[str, str]) -> ToolRow:
    """One tool's row."""
    fields = []
    for leaf in leaves(KINDS[tool["kind"]][1]):
        path = f"tools.{tool['id']}.{leaf.path}"
        fields.append(Field(path, leaf, unparsed.get(path, _text(leaf, tool)), problems.get(path, "")))
    does = str(tool.get("description") or "")
    return ToolRow(tool["id"], tool["kind"], str(tool.get("name") or ""), does, fields)


def _stored_tools(document: Document) -> Iterator[dict[str, Any]]:
    for tool in document.get("tools") or []:
        if isinstance(tool, dict) and tool.get("kind") in KINDS and isinstance(tool.get("id"), str):
            yield tool


def _unparsed(content: Content) -> tuple[dict[str, str], dict[str, str]]:
    return (content.unparsed, content.problems()) if isinstance(content, Draft) else ({}, {})


def _text(leaf: Leaf, document: Document) -> str:
    value: Any = document
    name = leaf.path
    for name in leaf.path.split("."):
        if not isinstance(value, dict) or name not in value:
            return leaf.text(_plain(leaf.default))
        value = value[name]
    return leaf.text(value)


def _plain(default: Any) -> Any:
    return [item.model_dump() for item in default] if isinstance(default, list) else default


def read_draft(posted: QueryDict) -> Typed:
    """What the editor's form sent. Raises Hostile for what no page of ours sends."""
    fields = {path: str(posted[path]) for path in posted if path not in ABOUT_THE_PAGE and not path.startswith(CHOICE)}
    if "tools" in posted:
        fields["tools"] = ",".join(str(key) for key in posted.getlist("tools") if key)
    return typed.read(fields)


def typed_field(field: Field, typed: Typed) -> Field:
    """The field with what was typed into it instead; as it is where it was not sent."""
    text = field.text
    if field.path in typed.values:
        text = field.leaf.text(settled(typed.values[field.path]))
    return replace(field, text=typed.unparsed.get(field.path, text))


def typed_tools(typed: Typed) -> list[ToolRow]:
    """The rows of the tools that were typed."""
    return [tool_row(settled(tool), typed.unparsed, {}) for tool in typed.tools or []]


@dataclass(frozen=True)
class Confirmed:
    """What a confirmation sent along: the draft and the live version its dialog showed, and its key."""

    base: Base
    live: int | None
    key: UUID | None

    @classmethod
    def read(cls, request: HttpRequest) -> "Confirmed":
        """Read the hidden fields; raises Hostile."""
        posted = request.POST
        try:
            live = whole(posted["live"]) if posted.get("live") else None
            key = UUID(posted["key"]) if posted.get("key") else None
        except ValueError:
            raise Hostile("This confirmation can't be read. Reload the page.") from None
        return cls(Base.read(posted.get("base", "")), live, key)


def uuid_or_none(text: str) -> UUID | None:
    """The UUID a page sent, if it sent one; raises Hostile for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Hostile("The page sent an id that can't be read. Reload it.") from None


LONGEST_NUMBER = 9
"""Digits of the largest count or version number a page could send: it fits the database's integers."""


def whole(text: str) -> int:
    """The whole number a page sent; raises Hostile for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise Hostile("The page sent a number that can't be read. Reload it.")
    return int(text)


def read_file(request: HttpRequest) -> bytes | str:
    """The file that was chosen, else the text that was pasted."""
    file = request.FILES.get("file")
    if file is None:
        return str(request.POST.get("pasted", ""))
    content: bytes = file.read(LARGEST_FILE + 1)  # one more than is accepted, so that what is larger is refused as such
    return content


class NameForm(forms.Form):
    """A name for an agent or a project."""

    name = forms.CharField(max_length=100, label="Name")


def new_tool(kind: str) -> ToolRow:
    """A blank row for a tool of this kind, with an id of its own."""
    name = "" if kind in ("function", "mcp") else kind
    return tool_row({"id": secrets.token_hex(4), "kind": kind, "name": name}, {}, {})
