"""Our own format: one version as a file, which says by its digest whether it is still what was downloaded.

Anyone can compute the digest again: it is SHA-256 over `configuration` with sorted keys, without spaces, in UTF-8:
`jq -cjS .configuration reception-v7.json | sha256sum`. (`documents.canonical` is the rule; jq 1.6 spells whole numbers
of more than 17 digits otherwise, which only a tool's parameters could hold.)
"""

import json
from collections.abc import Iterator
from typing import Any

from django.utils.text import slugify

from agentversions import documents
from agentversions.access import names
from agentversions.configuration import SCHEMA, setting
from agentversions.exchange.carrying import NO_SECRETS, Brought, Note
from agentversions.models import Version
from agentversions.refusals import Hostile
from agentversions.values import settled

FORMAT = "agent-versions"
"""What a file of ours says it is."""


def download(version: Version) -> bytes:
    """The version as a file: its content as it lies in the database, and where it comes from.

    A configuration holds references to secrets, never secrets; so does the file.
    """
    told = {
        "format": FORMAT,
        "schema": version.schema,
        "agent": version.agent.name,
        "version": version.number,
        "name": version.name,
        "author": names([version.author])[0],
        "created_at": version.created_at.isoformat(),
        "digest": version.digest,
        "configuration": settled(version.configuration),
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode() + b"\n"


def filename(version: Version) -> str:
    """`reception-v7.json`: letters, digits, - and _ of any script, whatever the agent is called."""
    return f"{slugify(version.agent.name, allow_unicode=True) or 'agent'}-v{version.number}.json"


def recognised(content: dict[str, Any]) -> bool:
    """Whether this says that it is a file of ours."""
    return content.get("format") == FORMAT


def read(content: dict[str, Any]) -> Brought:
    """What a file of ours holds for a new agent, read as leniently as a stored version is.

    A file that was changed after it was downloaded is told apart by its digest, and can be used all the same.
    """
    given = content.get("configuration")
    if not isinstance(given, dict):
        raise Hostile("This file holds no configuration. Download the version again.")
    schema = content.get("schema")
    known = schema if isinstance(schema, int) and not isinstance(schema, bool) else SCHEMA
    configuration = documents.check(documents.write(documents.read(given, known)))
    written = documents.write(configuration)
    carried = {path: path for path in _paths(given) if setting(path) and _at(given, path) == _at(written, path)}
    carried |= {f"tools.{tool['id']}": f"tools[{index}]" for index, tool in enumerate(written["tools"])}
    name = content.get("agent")
    return Brought(
        "Agent Versions",
        " ".join(name.split())[:100].strip() if isinstance(name, str) else "",
        configuration,
        carried,
        left=list(_lost(settled(given), written, "")),
        warning="" if content.get("digest") == documents.digest(given) else _CHANGED,
    )


_CHANGED = "This file was changed after it was downloaded: its digest doesn't match. Look through it before you use it."


def _lost(given: Any, kept: Any, where: str) -> Iterator[Note]:
    """What of a document wasn't kept, wherever it lies in it."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            place = f"{where}.{key}" if where else key
            if key in kept:
                yield from _lost(value, kept[key], place)
            else:
                yield Note(place, "This release doesn't know it.", _section(place))
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for index, value in enumerate(given):
            yield from _lost(value, kept[index], f"{where}[{index}]")
    elif isinstance(given, list) and isinstance(kept, list):
        held = [documents.canonical(value) for value in kept]
        for index, value in enumerate(given):
            if documents.canonical(value) not in held:
                why = NO_SECRETS if where.endswith("headers") else "It can't be read here."
                yield Note(f"{where}[{index}]", why, _section(where))
    elif documents.canonical(given) != documents.canonical(kept):
        yield Note(where, "It can't be read here: the default is taken.", _section(where))


def _section(where: str) -> str:
    if where.startswith("tools"):
        return "tools"
    leaf = setting(where.partition("[")[0])
    return leaf.setting.section if leaf else ""


def _paths(document: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in document.items():
        yield above + key
        if isinstance(value, dict):
            yield from _paths(value, f"{above}{key}.")


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document
