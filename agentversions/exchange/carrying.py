"""Carries what another platform's file holds over to our settings, and notes what came over, how, and what didn't."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from agentversions.configuration import MAX_TOOLS, Configuration, setting
from agentversions.documents import Document, changed, check
from agentversions.exchange.references import OurName, Translation
from agentversions.texts import texts
from agentversions.tools import KINDS, Header
from agentversions.values import Leaf, leaves, sentence
from agentversions.variables import BUILT_IN, used

LONGEST_PLACE = 120
DEEPEST_PLACE = 10
LONGEST_NAME = 100
MAX_HEADERS = 20

NO_SUCH = "Not supported here."
NO_SECRETS = "It could be a secret, which a version never holds. Write it as {{secret.NAME}} where it is used."

_SECRETIVE = re.compile(r"secret|password|token$|api_?key|credential", re.IGNORECASE)
"""Names of what is likely to hold a secret."""


@dataclass(frozen=True)
class Note:
    """What didn't come over as it stood: where it stood in the file, why, and the editor's section it belongs to.

    It never repeats a value that could be a secret.
    """

    where: str
    why: str
    section: str = ""


@dataclass(frozen=True)
class Brought:
    """What a file holds for a new agent: which settings came from where, and what came otherwise or not at all.

    `carried` tells the place in the file by the setting's path; a tool's is `tools.<id>`.
    """

    source: str
    name: str
    configuration: Configuration
    carried: Mapping[str, str]
    altered: Sequence[Note] = ()
    left: Sequence[Note] = ()
    warning: str = ""


class Source:
    """A file's content, which knows what was taken from it."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.taken: set[tuple[str, ...]] = set()

    def take(self, where: str) -> Any:
        """What stands at a place such as `voice.speed`, None if nothing does. It counts as taken."""
        parts = tuple(where.split("."))
        self.taken.add(parts)
        value: Any = self.content
        for part in parts:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def rest(self) -> Iterator[str]:
        """Every place that holds something and wasn't taken."""
        return self._rest(self.content, ())

    def _rest(self, content: dict[str, Any], above: tuple[str, ...]) -> Iterator[str]:
        for key, value in content.items():
            place = (*above, key)
            if place in self.taken or value in (None, "", [], {}):
                continue
            if isinstance(value, dict) and any(taken[: len(place)] == place for taken in self.taken):
                yield from self._rest(value, place)
            else:
                yield ".".join(place)


@dataclass(frozen=True)
class Platform:
    """What is particular to where a file comes from.

    `sections` and `reasons` are by place, or by what it begins with; what is `idle` says nothing about the agent.
    """

    name: str
    ours: OurName
    sections: Mapping[str, str]
    reasons: Mapping[str, str]
    idle: frozenset[str]


class Carrier:
    """Carries one file over, setting by setting."""

    def __init__(self, platform: Platform, content: dict[str, Any]) -> None:
        self.platform = platform
        self.translation = Translation(platform.ours)
        self.source = Source(self.translation.of(content))
        self.document: Document = {}
        self.tools: list[Document] = []
        self.carried: dict[str, str] = {}
        self.altered: list[Note] = []
        self.left: list[Note] = []

    def leave(self, where: str, why: str = NO_SUCH) -> None:
        """Note that what stands there isn't carried over."""
        self.left.append(self._note(where, why))

    def alter(self, where: str, why: str) -> None:
        """Note that what stands there came over otherwise."""
        self.altered.append(self._note(where, why))

    def move(self, where: str, path: str, *, per: float = 1, words: Mapping[Any, Any] | None = None) -> None:
        """Carry what stands there over to the setting at a path: so many to one of ours, or by its word for ours."""
        value = self.source.take(where)
        if value is None:
            return
        if words is not None:
            if not isinstance(value, str | bool) or value not in words:
                self.leave(where, "There is nothing like it here.")
                return
            value = words[value]
        if per != 1 and _is_number(value):
            value = value / per
        self.put(path, value, where)

    def put(self, path: str, value: Any, where: str) -> None:
        """Give the setting at a path a value that stood there, within our limits."""
        leaf = _leaf(path)
        if leaf.setting.widget == "number":
            value = self._within_limits(leaf, value, where)
        elif isinstance(value, str):
            value = value.replace("\r\n", "\n")
        if value in (None, ""):
            return
        try:
            kept = leaf.adapter.dump_python(leaf.adapter.validate_python(value), mode="json")
        except ValidationError as error:
            self.leave(where, sentence(error))
            return
        self.document = changed(self.document, {path: kept})
        self.carried[path] = where

    def lines(self, path: str, where: str, given: Iterable[tuple[str, Any]]) -> None:
        """Add entries, each with its place, to the setting at a path that is a list; each that can't be is left."""
        leaf = _leaf(path)
        kept: list[Any] = list(self.document.get(path, []))  # the one list that grows twice, variables, has no parent
        surplus = 0
        for place, entry in given:
            if leaf.limit is not None and len(kept) >= leaf.limit:
                surplus += 1
                continue
            try:
                [line] = leaf.adapter.dump_python(leaf.adapter.validate_python([entry]), mode="json")
            except (ValidationError, ValueError) as error:
                self.leave(place, _about_one(error))
            else:
                kept.append(line)
        if surplus:
            self.leave(where, f"{surplus:,} of them: there are at most {leaf.limit} here.")
        if kept:
            self.document = changed(self.document, {path: kept})
            self.carried.setdefault(path, where)

    def variables(self, where: str) -> None:
        """Carry names with their values over as variables with defaults."""
        rows = []
        for name, value in members(self.source.take(where)).items():
            if isinstance(value, str) or _is_number(value):
                rows.append((f"{where}.{name}", {"name": name, "default": " ".join(str(value).split())}))
            else:
                self.leave(f"{where}.{name}", "A default is a text.")
        self.lines("variables", where, rows)

    def tool(self, kind: str, where: str, *, name: Any, **given: Any) -> None:
        """Add a tool that stood there; what of it can't be is left."""
        if len(self.tools) >= MAX_TOOLS:
            self.leave(where, f"An agent has at most {MAX_TOOLS} tools.")
            return
        tool = {"kind": kind, "id": f"t{len(self.tools) + 1}"}
        given["name"] = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] if isinstance(name, str) else ""
        for leaf in leaves(KINDS[kind][1]):
            value = given.get(leaf.path)
            if value is None or value == "":
                continue
            try:
                tool[leaf.path] = leaf.adapter.dump_python(leaf.adapter.validate_python(value), mode="json")
            except ValidationError as error:
                self.leave(where, f"{leaf.setting.label}: {sentence(error)}")
        self.tools.append(tool)
        self.carried[f"tools.{tool['id']}"] = where

    def others(self, where: str, content: Mapping[str, Any], *taken: str) -> None:
        """Note that whatever else an object at a place holds isn't carried over."""
        for key, value in content.items():
            if key not in taken and value not in (None, False, "", [], {}):
                self.leave(f"{where}.{key}", NO_SECRETS if _SECRETIVE.search(key) else NO_SUCH)

    def headers(self, where: str, given: object) -> list[dict[str, str]]:
        """The headers that a version may hold; each of the others is left, since it could be a secret."""
        kept: list[dict[str, str]] = []
        for name, value in members(given).items():
            try:
                header = Header(name=name, value=value)
            except ValidationError:
                self.leave(f"{where}.{name}", NO_SECRETS)
                continue
            if len(kept) < MAX_HEADERS:
                kept.append(header.model_dump())
        return kept

    def finish(self, name: object) -> Brought:
        """What was carried over, as an agent; everything that wasn't taken is left."""
        for where in self.source.rest():
            if where not in self.platform.idle:
                secretive = _SECRETIVE.search(where.rpartition(".")[2])
                self.leave(where, _longest(self.platform.reasons, where) or (NO_SECRETS if secretive else NO_SUCH))
        if self.tools:
            self.document = changed(self.document, {"tools": self.tools})
        self._tell_references()
        title = " ".join(name.split())[:LONGEST_NAME].strip() if isinstance(name, str) else ""
        return Brought(
            self.platform.name, title, check(self.document), dict(self.carried), list(self.altered), list(self.left)
        )

    def _tell_references(self) -> None:
        """Define the variables that are used and not defined, and tell which were renamed or not understood."""
        names = list(dict.fromkeys(name for text in texts(check(self.document)) for name in used(text.text)))
        for said, name in self.translation.renamed.items():
            if name in names:
                self.altered.append(Note("{{" + said[:LONGEST_PLACE] + "}}", f"It is {{{{{name}}}}} here.", "prompt"))
        if self.translation.strange:
            many = f"{self.translation.strange:,} of them" if self.translation.strange > 1 else "It"
            self.left.append(
                Note("{{ … | … }}", f"{many} stayed as written: templates are not worked out here.", "prompt")
            )
        defined = {variable["name"] for variable in self.document.get("variables", [])}
        missing = [name for name in names if name not in defined and name not in BUILT_IN]
        if missing:
            self.lines("variables", "used in a text", ((f"{{{{{name}}}}}", {"name": name}) for name in missing))
            shown = ", ".join(f"{{{{{name}}}}}" for name in missing)
            why = f"Used in a text and defined nowhere in the file: a variable without a default. {shown}"
            self.altered.append(Note("variables", why, "prompt"))

    def _within_limits(self, leaf: Leaf, value: Any, where: str) -> Any:
        if not _is_number(value):
            self.leave(where, "This isn't a number.")
            return None
        least = next(m.ge for m in leaf.metadata if hasattr(m, "ge"))
        most = next(m.le for m in leaf.metadata if hasattr(m, "le"))
        held = min(max(value, least), most)
        if held != value:
            self.alter(
                where, f"{leaf.setting.label} goes from {least:,g} to {most:,g} here: {value:,g} became {held:,g}."
            )
        return round(held) if leaf.annotation in (int, int | None) else held

    def _note(self, where: str, why: str) -> Note:
        place = where if len(where) <= LONGEST_PLACE else where[:LONGEST_PLACE] + "…"
        return Note(place, why, _longest(self.platform.sections, where) or "")


def entries(value: object) -> list[Any]:
    """The list that stands there; an empty one for anything else."""
    return value if isinstance(value, list) else []


def members(value: object) -> dict[str, Any]:
    """The object that stands there; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def _leaf(path: str) -> Leaf:
    leaf = setting(path)
    if leaf is None:
        raise LookupError(path)
    return leaf


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _about_one(error: ValueError) -> str:
    return sentence(error).removeprefix("Line 1: ") if isinstance(error, ValidationError) else str(error)


def _longest(by_place: Mapping[str, str], where: str) -> str | None:
    """What is said of the place, or of the longest beginning of it."""
    parts = re.split(r"[.\[]", where[:LONGEST_PLACE])[:DEEPEST_PLACE]
    for end in range(len(parts), 0, -1):
        said = by_place.get(".".join(parts[:end]))
        if said is not None:
            return said
    return None
