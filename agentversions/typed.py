"""Reads what people type into an agent's settings: what parses becomes values, what doesn't yet stays as text.

Nothing here knows Django. Field names are the settings' paths; `tools` lists the tools' ids in their order, and
`tools.<id>.<setting>` holds what was typed for one of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentversions.configuration import MAX_TOOLS, setting
from agentversions.documents import refuse_hostile
from agentversions.refusals import Hostile
from agentversions.tools import KINDS, TOOL_ID
from agentversions.values import Leaf, Unreadable, leaves

type Tooling = dict[str, Any]


@dataclass
class Typed:
    """What was typed: values by path, tools in order (None: not touched), and texts that are not yet values."""

    values: dict[str, Any] = field(default_factory=dict)
    tools: list[Tooling] | None = None
    unparsed: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> set[str]:
        """Every setting that was typed, whether it parsed or not; those of tools aside."""
        return {path for path in {*self.values, *self.unparsed} if not path.startswith("tools.")}

    def without(self, paths: Collection[str]) -> "Typed":
        """The same with these settings not touched; `tools` stands for all of them."""

        def kept(path: str) -> bool:
            return ("tools" if path.startswith("tools.") else path) not in paths

        return Typed(
            {path: value for path, value in self.values.items() if kept(path)},
            None if "tools" in paths else self.tools,
            {path: text for path, text in self.unparsed.items() if kept(path)},
            {path: sentence for path, sentence in self.problems.items() if kept(path)},
        )


def read(fields: Mapping[str, str]) -> Typed:
    """Read typed fields; raises Hostile for a field that doesn't exist and for text that can't be stored."""
    fields = {path: text.replace("\r\n", "\n") for path, text in fields.items()}
    refuse_hostile(fields)
    typed = Typed()
    for path, text in fields.items():
        if path == "tools" or path.startswith("tools."):
            continue
        leaf = setting(path)
        if leaf is None:
            raise Hostile("The page sent a setting that doesn't exist. Reload it.")
        _parse(typed, path, leaf, text)
    if "tools" in fields:
        typed.tools = _tools(typed, fields)
    return typed


def problems(unparsed: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, str]:
    """Why each kept text is not a value, as a sentence by path; `kinds` tells each tool's kind by its id."""
    found = {}
    for path, text in unparsed.items():
        leaf = _leaf(path, kinds)
        try:
            if leaf is not None:
                leaf.parse(text)
        except Unreadable as problem:
            found[path] = str(problem)
    return found


def _parse(typed: Typed, path: str, leaf: Leaf, text: str) -> None:
    try:
        typed.values[path] = leaf.parse(text)
    except Unreadable as problem:
        typed.unparsed[path] = text
        typed.problems[path] = str(problem)


def _tools(typed: Typed, fields: Mapping[str, str]) -> list[Tooling]:
    ids = [key for key in fields["tools"].split(",") if key]
    known = {f"tools.{key}.kind" for key in ids}
    if len(ids) > MAX_TOOLS:
        raise Hostile(f"An agent has at most {MAX_TOOLS} tools.")
    if len(set(ids)) < len(ids) or not all(map(TOOL_ID.fullmatch, ids)):
        raise Hostile("The page sent its tools in a way that can't be read. Reload it.")
    tools = []
    for key in ids:
        kind = fields.get(f"tools.{key}.kind", "")
        if kind not in KINDS:
            raise Hostile("The page sent a kind of tool that doesn't exist. Reload it.")
        tool: Tooling = {"id": key, "kind": kind}
        for leaf in leaves(KINDS[kind][1]):
            path = f"tools.{key}.{leaf.path}"
            known.add(path)
            if path in fields:
                _parse(typed, path, leaf, fields[path])
                if path in typed.values:
                    tool[leaf.path] = typed.values.pop(path)
        if not _blank(tool, key, typed):
            tools.append(tool)
    if any(path.startswith("tools.") and path not in known for path in fields):
        raise Hostile("The page sent a tool's setting that doesn't exist. Reload it.")
    return tools


def _blank(tool: Tooling, key: str, typed: Typed) -> bool:
    """A row in which nothing was typed is no tool; one whose settings weren't sent is unchanged."""
    defaults = {leaf.path: leaf.default for leaf in leaves(KINDS[tool["kind"]][1])}
    same = all(path in tool and tool[path] == default for path, default in defaults.items())
    return same and not any(path.startswith(f"tools.{key}.") for path in typed.unparsed)


def _leaf(path: str, kinds: Mapping[str, str]) -> Leaf | None:
    if not path.startswith("tools."):
        return setting(path)
    _, key, name = path.split(".", 2)
    kind = KINDS.get(kinds.get(key, ""))
    return next((leaf for leaf in leaves(kind[1]) if leaf.path == name), None) if kind else None
