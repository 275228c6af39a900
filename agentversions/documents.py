"""A configuration as it lies in the database: how it is read leniently, checked strictly, digested and changed."""

import hashlib
import json
import sys
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from agentversions.configuration import BLANK, SCHEMA, Configuration
from agentversions.refusals import Hostile, TooLarge
from agentversions.values import UNSTORABLE, sentence, settled

type Document = dict[str, Any]

MAX_DEPTH = 24
LARGEST = sys.float_info.max
MAX_CHARACTERS = 400_000
"""Of one document as JSON: some twenty times what a large agent needs."""


def write(configuration: Configuration) -> Document:
    """The document to store for a configuration."""
    written: Document = settled(configuration.model_dump(mode="json"))
    return written


def read(document: Document, schema: int = SCHEMA) -> Configuration:
    """The configuration in a stored document; never fails.

    What another release wrote and this one doesn't know is passed over, and a value it can't accept reads as the
    default: the row itself stays as it is.
    """
    known = _known(upgraded(document, schema))
    while known:
        try:
            return Configuration.model_validate(known)
        except ValidationError as error:
            _forget(known, [problem["loc"] for problem in error.errors(include_input=False, include_url=False)])
    return BLANK


def upgraded(document: Document, schema: int) -> Document:
    """The document in today's schema. Schema 1 is the first; each later one adds its step here."""
    del schema
    return deepcopy(document)


def check(document: object) -> Configuration:
    """The configuration in a document from outside, checked strictly.

    Raises Hostile or TooLarge; neither repeats the input.
    """
    refuse_hostile(document)
    try:
        return Configuration.model_validate(document)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"] if isinstance(part, int))
        at = f" (entry {int(where.split('.', 1)[0]) + 1})" if where else ""
        raise Hostile(f"This isn't an agent's configuration{at}: {sentence(error)}") from None


def refuse_hostile(value: object) -> None:
    """Refuse what a database can't hold or a reader can't survive: NUL, NaN, lone surrogates, depth, size."""
    if _measure(value, 0) > MAX_CHARACTERS:
        raise TooLarge


def _measure(value: object, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise Hostile("This is nested too deeply.")
    match value:
        case None | bool():
            return 4
        case str():
            if UNSTORABLE.search(value):
                raise Hostile("This holds characters that can't be stored.")
            return len(value) + 2
        case int() | float():
            if not abs(value) <= LARGEST:  # NaN is neither
                raise Hostile("This holds a number that can't be stored.")
            return len(repr(value))
        case dict():
            return 2 + sum(_measure(key, depth + 1) + _measure(inner, depth + 1) for key, inner in value.items())
        case list():
            return 2 + sum(_measure(inner, depth + 1) for inner in value)
        case _:
            raise Hostile


def canonical(document: object) -> bytes:
    """One spelling for one meaning: sorted keys, no spaces, UTF-8."""
    return json.dumps(settled(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(document: Document) -> str:
    """`sha256:` and the SHA-256 of the document's canonical JSON; anyone can compute it again."""
    return "sha256:" + hashlib.sha256(canonical(document)).hexdigest()


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """A copy with the values at these paths replaced; what it doesn't know stays."""
    copy = deepcopy(document)
    for path, value in changes.items():
        *parents, last = path.split(".")
        inner = copy
        for name in parents:
            if not isinstance(inner.get(name), dict):
                inner[name] = {}
            inner = inner[name]
        inner[last] = settled(value)
    return copy


def stored_tools(document: Document) -> list[Document]:
    """The tools in a stored document, as they lie there; what is no tool is passed over."""
    tools = document.get("tools")
    rows = tools if isinstance(tools, list) else []
    return [tool for tool in rows if isinstance(tool, dict) and isinstance(tool.get("id"), str)]


def _known(document: object) -> Document:
    names = Configuration.model_fields
    return {name: value for name, value in document.items() if name in names} if isinstance(document, dict) else {}


def _forget(document: Document, errors: list[tuple[int | str, ...]]) -> None:
    """Drop the values that validation errors point at, so that their defaults are read instead."""
    entries: dict[int, tuple[list[Any], set[int]]] = {}
    for holder, key in [_culprit(document, where) for where in errors]:
        if isinstance(holder, list):
            entries.setdefault(id(holder), (holder, set()))[1].add(int(key))
        else:
            holder.pop(key, None)
    for holder, indexes in entries.values():
        holder[:] = [entry for index, entry in enumerate(holder) if index not in indexes]


def _culprit(document: Document, where: tuple[int | str, ...]) -> tuple[Any, int | str]:
    """Where the value lies that an error points at; that of an entry which lacks something is the entry."""
    found: tuple[Any, int | str] = (document, where[0])
    inner: Any = document
    for part in _in_document(where):
        if isinstance(inner, dict) and isinstance(part, str):
            holds = part in inner
        else:
            holds = isinstance(inner, list) and isinstance(part, int) and part < len(inner)
        if not holds:  # what is missing, or a key that pydantic calls by another name
            break
        found, inner = (inner, part), inner[part]
    return found


def _in_document(where: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """An error's path without the kind of tool, which pydantic puts behind a tool's index though no key says so."""
    return (*where[:2], *where[3:]) if where[0] == "tools" else where
