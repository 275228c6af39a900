"""What differs between two configurations: pure functions over values, nothing stored and nothing drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentversions.configuration import Configuration, settings
from agentversions.tools import BaseTool


@dataclass(frozen=True)
class Change:
    """One setting or tool that differs; `before` or `after` is None where a tool was added or removed."""

    path: str
    section: str
    label: str
    before: Any
    after: Any


def compare(before: Configuration, after: Configuration) -> list[Change]:
    """Every difference, in the editor's order. Two configurations are the same exactly when there is none."""
    changes = []
    for leaf in settings():
        old, new = value_at(before, leaf.path), value_at(after, leaf.path)
        if old != new:
            changes.append(Change(leaf.path, leaf.setting.section, leaf.setting.label, old, new))
    return changes + _tools(before.tools, after.tools)


def value_at(configuration: Configuration, path: str) -> Any:
    """The value of the setting at a path."""
    value: Any = configuration
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _tools(before: Sequence[BaseTool], after: Sequence[BaseTool]) -> list[Change]:
    old, new = {tool.id: tool for tool in before}, {tool.id: tool for tool in after}
    changes = [
        Change(f"tools.{key}", "tools", _tool_label(new.get(key) or old[key]), old.get(key), new.get(key))
        for key in {**new, **old}
        if old.get(key) != new.get(key)
    ]
    if not changes and list(old) != list(new):
        changes.append(Change("tools", "tools", "Order of the tools", list(old), list(new)))
    return changes


def _tool_label(tool: BaseTool) -> str:
    return f"Tool {tool.name}" if tool.name else "Tool without a name"


def labels(changes: Sequence[Change]) -> list[str]:
    """What changed, by name, each name once."""
    return list(dict.fromkeys(change.label for change in changes))
