"""A file from outside as JSON: any encoding that JSON comes in, and nothing that a reader or a database can't bear."""

import json

from agentversions.documents import refuse_hostile
from agentversions.refusals import Hostile, TooLarge
from agentversions.tools import MAX_DIGITS

LARGEST_FILE = 2_000_000
"""Bytes. An agent's JSON rarely has more than a twentieth of it."""

_TOO_LARGE = "This is larger than any agent's file. Check that it is the right one."


def parsed(file: bytes | str) -> object:
    """The value in a file or a pasted text. Raises Hostile or TooLarge; neither repeats the input."""
    if len(file) > LARGEST_FILE:
        raise TooLarge(_TOO_LARGE)
    text = (_decoded(file) if isinstance(file, bytes) else file).removeprefix("\ufeff")
    if not text.strip():
        raise Hostile("There is nothing in it. Choose an agent's JSON file, or paste its content.")
    try:
        value: object = json.loads(text, parse_constant=_no_constant, parse_int=_whole, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno:,}, column {error.colno:,}"
        raise Hostile(f"This isn't JSON: it stops making sense at {where}. Export the agent again.") from None
    except RecursionError:
        raise Hostile("This is nested too deeply to be an agent's file.") from None
    try:
        refuse_hostile(value)
    except TooLarge:
        raise TooLarge(_TOO_LARGE) from None
    return value


def _decoded(file: bytes) -> str:
    try:
        return file.decode(json.detect_encoding(file))
    except UnicodeDecodeError:
        raise Hostile("This isn't a text file. Choose the JSON file that was exported.") from None


def _no_constant(_: str) -> object:
    raise Hostile("NaN and Infinity aren't JSON. Export the agent again.")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise Hostile("This holds a number that can't be stored.")
    return int(digits)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Hostile("One name stands twice in the same object, so it isn't clear what is meant. Remove one of them.")
    return found
