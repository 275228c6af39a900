"""Every text in a configuration, as a person types it, with its place in the editor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agentversions.comparison import value_at
from agentversions.configuration import Configuration, settings
from agentversions.tools import KINDS, BaseTool
from agentversions.values import Leaf, Value, leaves


@dataclass(frozen=True)
class Text:
    """What a setting holds, as it is typed: its path, what it is called, and the text."""

    path: str
    label: str
    text: str


def texts(configuration: Configuration) -> Iterator[Text]:
    """Every setting that holds a text, those of tools included; what is empty is passed over."""
    for leaf in settings():
        yield from _text(leaf, leaf.path, leaf.setting.label, value_at(configuration, leaf.path))
    for place, tool in enumerate(configuration.tools, start=1):
        for leaf in leaves(KINDS[tool.kind][1]):
            label = f"{called(tool, place)}: {leaf.setting.label}"
            yield from _text(leaf, f"tools.{tool.id}.{leaf.path}", label, getattr(tool, leaf.path))


def label(configuration: Configuration, path: str) -> str:
    """What the setting at a path is called, with the tool it belongs to; "Tools" where this release knows none."""
    labels = {leaf.path: leaf.setting.label for leaf in settings()}
    for place, tool in enumerate(configuration.tools, start=1):
        for leaf in leaves(KINDS[tool.kind][1]):
            labels[f"tools.{tool.id}.{leaf.path}"] = f"{called(tool, place)}: {leaf.setting.label}"
    return labels.get(path, "Tools")


def called(tool: BaseTool, place: int) -> str:
    """What a tool goes by: its name, or while it has none its place among the tools, counted from 1."""
    return tool.name or f"Tool {place}"


_WIDGETS = ("text", "sentence", "prompt", "lines", "code")


def _text(leaf: Leaf, path: str, label: str, value: Any) -> Iterator[Text]:
    if value and leaf.setting.widget in _WIDGETS:
        plain = [item.model_dump() if isinstance(item, Value) else item for item in value]
        yield Text(path, label, leaf.text(plain if isinstance(value, list) else value))
