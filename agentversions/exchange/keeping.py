"""Takes out what no version may keep: a secret that was pasted into a text stays in the file it came from."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentversions import pasted
from agentversions.comparison import value_at
from agentversions.configuration import setting
from agentversions.documents import Document, changed, check, write
from agentversions.exchange.carrying import Brought, Note
from agentversions.tools import KINDS
from agentversions.values import Leaf, leaves

MOST_NOTES = 300
"""Of what wasn't carried over. A file from one of the platforms has a few dozen."""


def without_secrets(brought: Brought) -> Brought:
    """The same without each text that holds a secret, which is told with its place and never repeated.

    Of a list only the entries that hold one are left.
    """
    document, carried, left = write(brought.configuration), dict(brought.carried), list(brought.left)
    for found in pasted.secrets(brought.configuration):
        document, leaf = _emptied(document, found.path)
        tool = ".".join(found.path.split(".")[:2]) if found.path.startswith("tools.") else ""
        where = carried.get(tool or found.path, found.path)
        if not tool and not value_at(check(document), found.path):
            carried.pop(found.path, None)
        section = "tools" if tool else leaf.setting.section
        why = f"{leaf.setting.label} holds {found.what}, which a version never keeps."
        left.append(Note(where, f"{why} Write it as {{{{secret.NAME}}}} in the file, and choose it again.", section))
    return replace(
        brought,
        name="" if pasted.kinds(brought.name) else brought.name,
        configuration=check(document),
        carried=carried,
        altered=_told(brought.altered),
        left=_told(left),
    )


def _emptied(document: Document, path: str) -> tuple[Document, Leaf]:
    """The document without what holds a secret in the setting at a path, and that setting."""
    leaf = setting(path)
    if leaf is not None:
        value: Any = document
        for name in path.split("."):
            value = value[name]
        return changed(document, {path: _rest(leaf, value)}), leaf
    _, key, name = path.split(".", 2)
    tools = []
    for tool in document["tools"]:
        if tool["id"] == key:
            leaf = next(leaf for leaf in leaves(KINDS[tool["kind"]][1]) if leaf.path == name)
            tools.append({**tool, name: _rest(leaf, tool[name])})
        else:
            tools.append(tool)
    if leaf is None:
        raise LookupError(path)
    return changed(document, {"tools": tools}), leaf


def _rest(leaf: Leaf, value: Any) -> Any:
    """What is left of a setting's value: the entries without a secret, or its default."""
    if isinstance(value, list):
        rest = [entry for entry in value if not pasted.kinds(leaf.text([entry]))]
        if not pasted.kinds(leaf.text(rest)):
            return rest
    return leaf.default


def _told(notes: Sequence[Note]) -> list[Note]:
    """The notes, as many as a person reads, with places that hold no secret either."""
    told = [replace(note, where="…") if pasted.kinds(note.where) else note for note in notes[:MOST_NOTES]]
    more = len(notes) - MOST_NOTES
    return [*told, Note("…", f"And {more:,} more.")] if more > 0 else told
