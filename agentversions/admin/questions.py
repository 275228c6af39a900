"""What questions are made of: what would change, what it would touch, and what stands in the way."""

from agentversions import checks
from agentversions.admin.confirming import Confirmed, Question
from agentversions.base import Base
from agentversions.checks import Fate, Outlook
from agentversions.comparison import compare, labels
from agentversions.configuration import Configuration, setting
from agentversions.models import Agent, Draft, Version


def carry(form: Confirmed, *, base: Base | None = None, live: Version | None = None) -> None:
    """Put what is shown into the form."""
    form.initial["base"] = str(base) if base else ""
    form.initial["live"] = live.number if live else None


def going_live(thing: Draft | Version, agent: Agent, shown: str, intro: str, form: Confirmed) -> Question:
    """What publishing changes, touches and meets."""
    live = Version.objects.get(pk=agent.published_id) if agent.published_id else None
    seen = checks.outlook(agent, thing.read())
    offer(form, seen)
    facts = [
        f"{intro} instead of {live}." if live else f"{intro}. Nothing is live now.",
        *reached(seen, shown),
        *in_progress(seen),
        changes(live, thing, against=f"{live}, which is live" if live else "a blank agent"),
    ]
    unread = unreadable(thing) if isinstance(thing, Draft) else []
    blockers = [*archived(agent), *unread, *(blocker.sentence for blocker in seen.blockers)]
    title = f"{agent}: {shown}" if isinstance(thing, Version) else f"Your draft of {agent}"
    return Question(thing, title, facts, form, blockers, [*seen.warnings, *unset(seen), *lost(seen)])


def offer(form: Confirmed, seen: Outlook) -> None:
    """Ask for a free number where there is a choice."""
    if not seen.offers:
        del form.fields["number"]
        return
    none = ("", "None for now: no call will reach it")
    form.fields["number"].widget.choices = [none, *((one.reference, one.words) for one in seen.offers)]
    form.initial.setdefault("number", seen.offers[0].reference)


def reached(seen: Outlook, shown: str) -> list[str]:
    """The numbers that it will answer."""
    if seen.numbers:
        return [f"{count(seen.numbers, 'number')} will use {shown} for new calls."]
    return [f"The number you choose will use {shown} for new calls."] if seen.offers else []


def unset(seen: Outlook) -> list[str]:
    """The secrets that the project doesn't have."""
    return [f"The secret {name} isn't set: headers that name it are left out." for name in seen.secrets]


def lost(seen: Outlook) -> list[str]:
    """What reaches nobody, by who would have to carry it."""
    lacking = [lack for carrier in seen.carriers for lack in carrier.lacks if lack.fate == Fate.LOST]
    return [f"{', '.join(lack.labels)}: {lack.sentence}" for lack in lacking]


def in_progress(seen: Outlook) -> list[str]:
    """The calls that go on as they began."""
    return [seen.staying] if seen.staying else []


def changes(before: Version | None, after: Draft | Version, *, against: str) -> str:
    """The settings that differ, by name."""
    changed = labels(compare(before.read() if before else Configuration(), after.read()))
    return f"Changed against {against}: {', '.join(changed)}." if changed else f"Nothing differs from {against}."


def unreadable(draft: Draft) -> list[str]:
    """What in a draft is not a value yet."""
    return [f"{label(path)}: {sentence}" for path, sentence in draft.problems().items()]


def archived(agent: Agent) -> list[str]:
    """Why an archived agent does nothing new."""
    return [f"{agent} is archived."] if agent.archived_at else []


def called(version: Version) -> str:
    """A version by its number and name."""
    return f"{version} “{version.name}”" if version.name else str(version)


def count(number: int, noun: str) -> str:
    """`2 numbers`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def label(path: str) -> str:
    """What a setting is called."""
    leaf = setting(path)
    return leaf.setting.label if leaf else "Tools"
