"""What the guide to a provider knows: how it is connected, and what of an agent reaches its callers."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.urls import reverse

from agentversions.checks import Fate
from agentversions.configuration import SECTIONS, settings
from agentversions.models import Project
from agentversions.tools import KINDS
from dashboard.pages import projects
from dashboard.pages.projects import Context
from telephony.answering import address, chosen
from telephony.carrying import carried, fate, labels
from telephony.models import Connection
from telephony.providers import PROVIDERS, Provider

PASTED = {"route": "When a call comes in", "events": "When a call's status changes"}
"""What is pasted at a provider, by the name of its door."""


@dataclass(frozen=True)
class StepRow:
    """A step to take at the provider, and what is pasted in it: an address once there is one, or a text."""

    id: str
    say: str
    label: str = ""
    value: str = ""


def steps(provider: Provider, connection: Connection | None = None) -> list[StepRow]:
    """What a newcomer does in the provider's own pages, in order."""
    rows = []
    for place, step in enumerate(provider.steps, start=1):
        label, value = PASTED.get(step.paste, "Paste this"), step.paste
        if step.paste in PASTED:
            value = address(f"telephony.{step.paste}", provider.key, connection.pk) if connection else ""
        rows.append(StepRow(f"step-{place}", step.say, label if step.paste else "", value))
    return rows


@dataclass(frozen=True)
class Group:
    """The settings that meet the same on their way to callers: by section, each with the provider's notes on them."""

    title: str
    sections: dict[str, dict[str, list[str]]]


def guide(user: User, of: Project, provider: Provider) -> Context:
    """A provider: how to connect it, what it carries and what not."""
    adding = reverse("connections.add", args=[of.pk], query={"provider": provider.key})
    return projects.project(user, of) | {
        "provider": provider,
        "providers": PROVIDERS.values(),
        "steps": steps(provider),
        "groups": _groups(provider),
        "adding": adding,
        "asked": [secret.label for secret in provider.secrets if not secret.optional],
    }


def _groups(provider: Provider) -> list[Group]:
    titles: dict[Fate | None, str] = {
        None: "Carried",
        Fate.LIMITED: "Carried within limits",
        Fate.FETCHED: "Fetched by your worker",
        Fate.LOST: "Not carried",
    }
    groups = {met: Group(title, {}) for met, title in titles.items()}
    kept, named = carried(provider, chosen(provider, {})), labels()
    for path, section in _places():
        met, note = fate(provider, path, kept) or (None, "")
        groups[met].sections.setdefault(SECTIONS[section][0], {}).setdefault(note, []).append(named[path])
    return [group for group in groups.values() if group.sections]


def _places() -> list[tuple[str, str]]:
    """Every path that may be carried, with its section, in the editor's order."""
    order = list(SECTIONS)
    found = [(leaf.path, leaf.setting.section) for leaf in settings()] + [(f"tools.{kind}", "tools") for kind in KINDS]
    return sorted(found, key=lambda place: order.index(place[1]))
