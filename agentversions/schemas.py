"""Whether a tool's parameters are a JSON Schema, and if they aren't, at which line of what was typed.

The vocabulary is checked against JSON Schema's own metaschemas. Nothing is ever fetched: a schema that names a dialect
which isn't built in is told so, instead of being asked for over the network.
"""

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Any

from jsonschema_rs import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
)

type Path = tuple[str | int, ...]

NEWEST = "https://json-schema.org/draft/2020-12/schema"
_METASCHEMAS = {
    NEWEST: Draft202012Validator,
    "https://json-schema.org/draft/2019-09/schema": Draft201909Validator,
    "http://json-schema.org/draft-07/schema": Draft7Validator,
    "http://json-schema.org/draft-06/schema": Draft6Validator,
    "http://json-schema.org/draft-04/schema": Draft4Validator,
}
_validators = {address: kind({"$ref": address}, validate_formats=True) for address, kind in _METASCHEMAS.items()}

_TYPES = "string, number, integer, boolean, object, array or null"
_CURES = {
    "$schema": "one of JSON Schema's own addresses, or left out",
    "type": f"{_TYPES}, or a list of these",
    "properties": "an object of properties by name",
    "required": "a list of different names",
    "enum": "a list of values",
    "items": 'a schema: an object such as {"type": "string"}',
    "description": "a text",
    "title": "a text",
    "format": "a text",
    "pattern": "a regular expression",
    "additionalProperties": "true, false or a schema",
    "anyOf": "a list of schemas",
    "oneOf": "a list of schemas",
    "allOf": "a list of schemas",
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "a number"),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), "a whole number, 0 or more"),
    **dict.fromkeys(("uniqueItems", "readOnly", "writeOnly", "deprecated"), "true or false"),
}
"""What the value of a key must be, in words."""


def problem(schema: dict[str, Any]) -> str:
    """The first thing in it that isn't JSON Schema, as a sentence without what was typed; empty without any."""
    found = _problems(schema)
    return f"{found[0][1]}." if found else ""


def problem_at(schema: dict[str, Any], text: str) -> str:
    """The same, with the line of the text that the schema was read from: the first line that errs."""
    found = _problems(schema)
    if not found:
        return ""
    starts = dict(_starts(text))
    at, words = min(((_offset(starts, path), words) for path, words in found), key=lambda one: one[0])
    return f"Line {text.count('\n', 0, at) + 1}: {words}."


def _offset(starts: dict[Path, int], path: Path) -> int:
    """Where the key at a path begins, or where what holds it does."""
    return next((starts[path[:length]] for length in range(len(path), -1, -1) if path[:length] in starts), 0)


def _problems(schema: dict[str, Any]) -> list[tuple[Path, str]]:
    dialect = schema.get("$schema", NEWEST)
    validator = _validators.get(dialect.rstrip("#")) if isinstance(dialect, str) else None
    if validator is None:
        return [(("$schema",), _words(("$schema",)))]
    paths = dict.fromkeys(tuple(error.instance_path) for error in validator.iter_errors(schema))
    return [(path, _words(path)) for path in paths]


def _words(path: Path) -> str:
    """What is wrong at a path. A key that isn't JSON Schema's own is a name someone gave: what it names is a schema."""
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if len(path) > 1 and path[-2] in _NAMED and key == path[-1]:
        return 'A property must be a schema: an object such as {"type": "string"}'
    cure = _CURES.get(key)
    return f'"{key}" must be {cure}' if cure else "This isn't JSON Schema"


_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")

_SPACE = re.compile(r"[ \t\n\r]*")
_read = JSONDecoder().raw_decode


def _starts(text: str) -> Iterator[tuple[Path, int]]:
    """The path of every key and entry of a JSON text that is known to be valid, and where each begins."""
    yield from _walk(text, _space(text, 0), ())[1]


def _space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _walk(text: str, at: int, path: Path) -> tuple[int, list[tuple[Path, int]]]:
    """Where the value that begins here ends, and what begins inside it."""
    if text[at] not in "{[":
        return _read(text, at)[1], []
    opened, inside, place = text[at], [], 0
    at = _space(text, at + 1)
    while text[at] not in "}]":
        key: str | int = place
        inside_at = at
        if opened == "{":
            key, at = _read(text, at)
            at = _space(text, _space(text, at) + 1)  # the colon
        end, deeper = _walk(text, at, (*path, key))
        inside += [((*path, key), inside_at), *deeper]
        at = _space(text, end)
        at = _space(text, at + 1) if text[at] == "," else at
        place += 1
    return at + 1, inside
