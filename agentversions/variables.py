"""Variables: what `{{name}}` in an agent's texts stands for. Nothing here knows Django.

Some are built in and filled at the start of each call; the others are the agent's own, with a default.
"""

import re
from collections.abc import Mapping

BUILT_IN = {
    "caller_number": "the caller's number",
    "called_number": "the number that was called",
    "now": "the day and time at which the call began, where the agent is",
}
"""The variables that every agent has, and what each stands for."""

REFERENCE = re.compile(r"\{\{[ \t]{0,4}([A-Za-z][A-Za-z0-9_]{0,63})[ \t]{0,4}\}\}")
"""`{{name}}`. A reference to a secret has a point in it, and is none."""


def own_name(name: str) -> str:
    """A name for a variable of one's own; raises ValueError for a built-in one's."""
    if name in BUILT_IN:
        raise ValueError(f"{{{{{name}}}}} is built in and filled by itself. Choose another name.")
    return name


def used(text: str) -> list[str]:
    """The names a text refers to, each once, in the order of their first use."""
    return list(dict.fromkeys(REFERENCE.findall(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every known variable's value in its place, once: what a value holds is never filled in turn."""
    return REFERENCE.sub(lambda found: values.get(found[1], found[0]), text)
