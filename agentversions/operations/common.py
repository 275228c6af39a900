"""What the verbs share: the lock on an agent, a clean name, the next version."""

import re
from unicodedata import category

from django.contrib.auth.models import User
from django.db.models import Prefetch, prefetch_related_objects

from agentversions import checks
from agentversions.access import Act, require
from agentversions.documents import Document, digest, read
from agentversions.models import Agent, Version
from agentversions.refusals import Archived, Invalid, PublishedMeanwhile
from agentversions.values import UNSTORABLE

NAME_CHARACTERS = 100
_TURNS_LINES = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Controls that turn the direction of a line (Unicode Annex 9): what stands behind a name would read otherwise."""


def locked(agent: Agent) -> Agent:
    """The agent as it is now, locked until the transaction ends."""
    # The live version is asked for afterwards. Joined, it would be the one of before the wait for the lock, or none:
    # PostgreSQL then reads again only the row that it locks.
    agent = Agent.objects.select_for_update(of=("self",), no_key=True).select_related("project").get(pk=agent.pk)
    prefetch_related_objects([agent], Prefetch("published", Version.objects.defer("configuration")))
    return agent


def ready(agent: Agent, by: User, act: Act) -> None:
    """Refuse unless the person may, and the agent isn't archived."""
    require(by, act, agent.project)
    if agent.archived_at:
        raise Archived


def still_live(agent: Agent, live: int | None) -> None:
    """Raise PublishedMeanwhile unless the version of this number (None: none) is live."""
    now = agent.published.number if agent.published else None
    if now != live:
        words = f"v{now} is live now." if now else "Nothing is live any more."
        raise PublishedMeanwhile(f"{words} Look again before you go on.")


def clean_name(name: str, *, optional: bool = False) -> str:
    """The name without spaces around it; raises Invalid if it is missing, too long or can't be stored."""
    name = " ".join(name.split())
    if not name and not optional:
        raise Invalid("Give it a name.")
    if len(name) > NAME_CHARACTERS or UNSTORABLE.search(name) or _TURNS_LINES.search(name):
        raise Invalid(f"A name has at most {NAME_CHARACTERS} characters, and no control characters.")
    if name and not any(category(letter)[0] in "LNPS" for letter in name):
        raise Invalid("Give it a name that can be seen.")
    return name


def next_version(
    agent: Agent, *, configuration: Document, schema: int, name: str, parent: Version | None, by: User
) -> Version:
    """Make the agent's next version. The agent is locked, so the number is taken once and in order.

    Raises SecretPasted: a version can't be mended, and everyone in the project reads it.
    """
    meant = read(configuration, schema)
    checks.require_keepable(meant)
    agent.last_number += 1
    agent.save(update_fields=["last_number"])
    return Version.objects.create(
        agent=agent,
        number=agent.last_number,
        name=clean_name(name, optional=True),
        configuration=configuration,
        schema=schema,
        digest=digest(configuration),
        longest_call=meant.max_length,
        parent=parent,
        author=by,
    )
