"""Our own format: one version as a file, which says by its digest whether it is still what was downloaded.

Anyone can compute the digest again: it is SHA-256 over `configuration` with sorted keys, without spaces, in UTF-8:
`jq -cjS .configuration reception-v7.json | sha256sum`.
"""

import json

from django.utils.text import slugify

from agentversions.access import names
from agentversions.models import Version
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
