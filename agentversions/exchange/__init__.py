"""Agents as files: a version to download, and what a file from elsewhere holds for a new agent.

It knows configurations, and neither phones nor pages. Nothing here writes.
"""

from collections.abc import Callable

from agentversions.configuration import Configuration
from agentversions.documents import Document, check
from agentversions.exchange import ours, retell, vapi
from agentversions.exchange.carrying import Brought, Note
from agentversions.exchange.files import parsed
from agentversions.exchange.keeping import without_secrets
from agentversions.exchange.ours import download, filename
from agentversions.refusals import Hostile

__all__ = ["Brought", "Note", "bring", "checked", "download", "filename"]

_READERS: tuple[tuple[Callable[[Document], bool], Callable[[Document], Brought]], ...] = (
    (ours.recognised, ours.read),
    (retell.recognised, retell.read),
    (vapi.recognised, vapi.read),
)


def bring(file: bytes | str) -> Brought:
    """What a file or a pasted text holds for a new agent: a download of ours, an agent of Retell, an assistant of Vapi.

    Raises Hostile or TooLarge, in plain words and without repeating the input. Whatever it returns can be stored, and
    holds no secret that can be told.
    """
    content = _one_agent(parsed(file))
    vapi.refuse_others(content)
    for recognised, read in _READERS:
        if recognised(content):
            return without_secrets(read(content))
    raise Hostile(
        "This is neither a version downloaded here, nor an assistant from Vapi, nor an agent from Retell. "
        "Choose the JSON file that one of them exported."
    )


def checked(text: str) -> Configuration:
    """The configuration in a text that went along with a preview, checked again. Raises Hostile or TooLarge."""
    return check(parsed(text))


def _one_agent(value: object) -> Document:
    """The one object in the file, which may stand alone in a list."""
    if isinstance(value, list) and len(value) == 1:
        [value] = value
    if isinstance(value, list) and value:
        raise Hostile(f"This file holds {len(value):,} entries. Choose a file with one agent in it.")
    if not isinstance(value, dict):
        raise Hostile("This isn't an agent's file. Choose the JSON file that was exported.")
    return value
