"""A configuration as it lies in the database: how it is read leniently, checked strictly, digested and changed."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from agentversions.configuration import BLANK, SCHEMA, Configuration
from agentversions.refusals import Hostile, TooLarge
from agentversions.values import UNSTORABLE, sentence

type Document = dict[str, Any]

MAX_DEPTH = 24
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
    for _ in range(MAX_REPAIRS):
        try:
            return Configuration.model_validate(known)
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_url=False):
                _forget(known, problem["loc"])
    return BLANK


MAX_REPAIRS = 60


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
        case int():
            return value.bit_length() // 3 + 1
        case float():
            if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 (NaN differs from itself)
                raise Hostile("This holds a number that can't be stored.")
            return 20
        case dict():
            return 2 + sum(_measure(key, depth + 1) + _measure(inner, depth + 1) for key, inner in value.items())
        case list():
            return 2 + sum(_measure(inner, depth + 1) for inner in value)
        case _:
            raise Hostile


def settled(value: Any) -> Any:
    """The value as it comes back from every database: jsonb turns 1e22 into an integer and -0.0 into 0."""
    match value:
        case dict():
            return {key: settled(inner) for key, inner in value.items()}
        case list():
            return [settled(inner) for inner in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


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


def _known(document: Document) -> Document:
    names = Configuration.model_fields
    return {name: value for name, value in document.items() if name in names}


def _forget(document: Document, where: tuple[int | str, ...]) -> None:
    """Drop the one value a validation error points at, so that its default is read instead."""
    inner: Any = document
    for depth, part in enumerate(where):
        try:
            following = inner[part]
        except (KeyError, IndexError, TypeError):
            # A union names its branch in the path; that is no key of the document.
            continue
        if depth == len(where) - 1 or not isinstance(following, dict | list):
            del inner[part]
            return
        inner = following
    document.pop(str(where[0]), None)
