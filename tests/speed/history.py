"""How the history and its search stand up to very many versions: `python -m tests.speed.history [versions]`.

In whatever database the environment names, which is filled once: an agent with so many versions whose prompts have some
5 kB, every fifth of them once live, every twentieth with a name, and 100,000 calls of one. Prints the slowest of a few
requests to each page in milliseconds; a search is gone through to its end, slice by slice.
"""

import os
import random
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from time import perf_counter
from uuid import uuid4

import django
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse

HTMX = {"HX-Request": "true"}
SENTENCE = "Say that parking is free behind the house."
CALLS = 100_000
ROUNDS = 5
WORDS = re.findall(r"\w+", "the caller asks for an appointment and you offer a day that suits in plain words please")


def main(versions: int) -> None:
    """Fill the database if need be, and measure."""
    settings.ALLOWED_HOSTS.append("testserver")
    call_command("migrate", verbosity=0)
    owner, agent = found_or_made(versions)
    page = Client()
    page.force_login(owner)
    index, show = reverse("versions.index", args=[agent.pk]), reverse("agents.show", args=[agent.pk])
    for title, address in {
        "the editor": show,
        "the newest 50": index,
        "50 from the middle": f"{index}?before={versions // 2}",
        "the oldest 50": f"{index}?before=51",
        "with a name": f"{index}?only=named",
        "with a name, at the end": f"{index}?only=named&before=900",
        "ever published": f"{index}?only=published",
        "ever published, at the end": f"{index}?only=published&before=200",
    }.items():
        report(title, [timed(page, address)[0] for _ in range(ROUNDS)])
    for text in (SENTENCE, "appointment", "nowhere at all", "v12"):
        report(f"search: {text}", list(searched(page, f"{index}?q={text.replace(' ', '+')}")))


def report(title: str, milliseconds: list[float]) -> None:
    """One line of figures."""
    slowest, together = max(milliseconds), sum(milliseconds)
    print(f"{title:44} {len(milliseconds):4} requests, slowest {slowest:7.1f} ms, together {together:8.0f} ms")  # noqa: T201


def timed(page: "Client", address: str) -> tuple[float, str]:
    """Milliseconds to an answer, and the answer."""
    start = perf_counter()
    answer = page.get(address, headers=HTMX)
    elapsed = (perf_counter() - start) * 1000
    assert answer.status_code == 200, answer.status_code
    return elapsed, answer.content.decode()


def searched(page: "Client", address: str) -> Iterator[float]:
    """Milliseconds of each slice of a search, to its end."""
    following: str | None = address
    while following:
        elapsed, answer = timed(page, following)
        yield elapsed
        found = re.search(r'hx-get="([^"]+)"[^>]*hx-trigger="load ', answer)
        following = unescape(found[1]) if found else None


def found_or_made(versions: int) -> "tuple[User, Agent]":
    """The agent with its history."""
    made = Agent.objects.filter(name=f"With {versions} versions").first()
    if made:
        return made.created_by, made
    owner = User.objects.create_user(f"speed-{uuid4().hex[:8]}")
    project = create_project("Speed", by=owner)
    agent = create_agent(project, f"With {versions} versions", by=owner)
    dice = random.Random(1)
    document = write(Configuration(prompt=" ".join(dice.choices(WORDS, k=950)), greeting="Hello, this is Robin."))
    words = str(document["prompt"]).split()
    now = agent.created_at
    for start in range(2, versions + 1, 1000):
        rows = []
        for number in range(start, min(start + 1000, versions + 1)):
            words[dice.randrange(len(words))] = f"{dice.choice(WORDS)}{number}"
            brought = [SENTENCE] if versions * 0.3 < number < versions * 0.6 else []
            rows.append(
                Version(
                    agent=agent,
                    number=number,
                    name=f"Named {number}" if number % 20 == 0 else "",
                    configuration={**document, "prompt": " ".join([*words, *brought])},
                    digest=f"sha256:{number:064x}",
                    longest_call=1800,
                    author=owner,
                )
            )
        Version.objects.bulk_create(rows)
        Event.objects.bulk_create(
            Event(project=project, agent=agent, version=row, actor=owner, action=action)
            for row in rows
            for action in [Action.VERSION_SAVED, *([Action.PUBLISHED] if row.number % 5 == 0 else [])]
        )
    live = Version.objects.filter(agent=agent, number=versions // 5 * 5).get()
    Agent.objects.filter(pk=agent.pk).update(last_number=versions, published=live)
    connection = add_connection(
        project, provider="generic", name="Worker", secrets={"signing_secret": new_secret()}, by=owner
    )
    recent = list(Version.objects.filter(agent=agent).order_by("-number").values_list("pk", flat=True)[:50])
    Call.objects.bulk_create(
        (
            Call(
                connection=connection,
                provider_call_id=f"c{number}",
                agent=agent,
                version_id=live.pk if number < CALLS else recent[number % 50],
                fallback="Later.",
                dialled="+15550001000",
                status=Status.COMPLETED,
                started_at=now + timedelta(seconds=number),
                overdue_at=0,
            )
            for number in range(CALLS * 2)
        ),
        batch_size=2000,
    )
    return owner, agent


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentversions.settings")
os.environ.setdefault("DEBUG", "1")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after the set-up
from django.test import Client  # noqa: E402

from agentversions.configuration import Configuration  # noqa: E402
from agentversions.documents import write  # noqa: E402
from agentversions.models import Action, Agent, Event, Version  # noqa: E402
from agentversions.operations import create_agent, create_project  # noqa: E402
from telephony.models import Call, Status  # noqa: E402
from telephony.operations import add_connection  # noqa: E402
from telephony.providers.generic import new_secret  # noqa: E402

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
