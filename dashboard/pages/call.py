"""What the page of one call knows: how it went, what was said, and the version that handled it or why none did."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.urls import reverse

from agentversions.checks import Carrier
from agentversions.history import Span, lived
from agentversions.models import Draft, Version
from agentversions.operations.secrets import names_in
from dashboard.pages import projects
from dashboard.pages.conversation import conversation
from dashboard.pages.projects import Context
from dashboard.templatetags.words import clock, dollars
from telephony import numbers
from telephony.answering import chosen
from telephony.carrying import lacks
from telephony.models import Call, CallEvent, Missed, Review, Status
from telephony.previewing import CALLER, answer_digest, held
from telephony.providers import PROVIDERS

MOST_EVENTS, LONGEST_PAYLOAD = 200, 50_000
"""Of what a provider reported, so much is drawn: a page stays a page."""


def call(user: User, of: Call) -> Context:
    """One call: how it went, what was told of it, and the version that handled it or why none did."""
    events = list(of.events.order_by("pk")[: MOST_EVENTS + 1])
    told = _told(events)
    context: Context = projects.project(user, of.connection.project) | judgement(of, told)
    context |= {
        "way": _way(of, events),
        "conversation": conversation(told),
        "cost": "" if of.cost is None else dollars(of.cost),
        "reported": [_reported(event) for event in events[:MOST_EVENTS]],
        "more_reported": len(events) > MOST_EVENTS,
        "known_caller": numbers.E164.fullmatch(of.caller),
    }
    if of.version is None:
        return context | {"cure": _cure(of)}
    return context | _handled(user, of, of.version, edits=context["may"]["edit"])


def judged(user: User, of: Call) -> Context:
    """The part of the page that says whether a call was good."""
    told = _told(list(of.events.order_by("pk")[:MOST_EVENTS]))
    return {"may": projects.may(user, of.connection.project)} | judgement(of, told)


def judgement(of: Call, told: dict[str, Any]) -> Context:
    """Who judged a call, and how: the reviewer, and the provider before or beside."""
    review = Review.objects.filter(call=of).select_related("by").first()
    return {"call": of, "review": review, "provider_says": told.get("success")}


def _told(events: list[CallEvent]) -> dict[str, Any]:
    """What was told of a call beside its status; of what was told twice, the last."""
    found: dict[str, Any] = {}
    for event in events:
        found |= event.told
    return found


# How it went


@dataclass(frozen=True)
class Step:
    """A status that a call reached, and how long it lasted; `state` is done, now, bad or open."""

    name: str
    at: datetime | None
    lasted: str = ""
    state: str = "done"


def _way(of: Call, events: list[CallEvent]) -> list[Step]:
    """From the ring to the end, as far as it is known."""
    reached: dict[Status, datetime] = {Status.ROUTING: of.started_at}
    for event in events:
        if event.status and not Status(event.status).ended:
            reached.setdefault(Status(event.status), event.occurred_at or event.received_at)
    if of.answered_at:
        reached[Status.IN_PROGRESS] = of.answered_at
    steps: list[tuple[str, datetime | None, str]] = [
        (status.label, at, "done") for status, at in sorted(reached.items(), key=_rank)
    ]
    if of.missed:
        steps = [(Status.ROUTING.label, of.started_at, "done"), ("Turned away", of.started_at, "bad")]
    elif Status(of.status).ended:
        steps.append((of.get_status_display(), of.ended_at, "done" if of.status == Status.COMPLETED else "bad"))
    elif of.no_end_reported:
        steps.append(("No end reported", None, "open"))
    else:
        steps[-1] = (*steps[-1][:2], "now")
    nexts = [at for _, at, _ in steps[1:]] + [None]
    return [Step(name, at, _apart(at, then), state) for (name, at, state), then in zip(steps, nexts, strict=True)]


def _rank(reached: tuple[Status, datetime]) -> int:
    return reached[0].rank


def _apart(before: datetime | None, at: datetime | None) -> str:
    """`12 s`, `3:07`, `1:03:07`; nothing where a clock went backwards or a time is unknown."""
    if before is None or at is None or at <= before:
        return ""
    seconds = int((at - before) / timedelta(seconds=1))
    return f"{seconds} s" if seconds < 60 else clock(seconds)  # noqa: PLR2004


# What was reported


@dataclass(frozen=True)
class Reported:
    """A provider's report as it came, beside how it was read."""

    event: CallEvent
    read: list[str]
    payload: str
    shortened: bool


def _reported(event: CallEvent) -> Reported:
    payload = json.dumps(event.payload, indent=2, ensure_ascii=False) if event.payload else ""
    return Reported(event, _read(event), payload[:LONGEST_PAYLOAD], len(payload) > LONGEST_PAYLOAD)


def _read(event: CallEvent) -> list[str]:
    """What was understood of a report, in words."""
    told = event.told
    words = [event.get_status_display()] if event.status else []
    if event.duration is not None:
        words.append(_apart(event.received_at, event.received_at + timedelta(seconds=event.duration)) or "0 s")
    words += [event.reason] if event.reason else []
    words += ["recording"] if event.recording_url else []
    words += [name for name in ("transcript", "summary", "fields", "transferred", "voicemail") if told.get(name)]
    if isinstance(told.get("cost"), str):
        words.append(dollars(Decimal(told["cost"])))
    if "success" in told:
        words.append("judged good" if told["success"] else "judged not good")
    return words


# The version that handled it


def _handled(user: User, of: Call, version: Version, *, edits: bool) -> Context:
    agent = of.agent
    edits = edits and agent is not None and not agent.archived_at
    return {
        "version": version,
        "is_live": agent is not None and agent.published_id == version.pk,
        "lived": _lived(of, version),
        "carriers": _carriers(of, version),
        "got": _got(of, version),
        "base": Draft.objects.of(agent, user).base if agent and edits else None,
    }


@dataclass(frozen=True)
class Got:
    """The digest of what the provider got; whether today's rendering has it too, and which secrets are missing now."""

    digest: str
    same: bool
    missing: list[str]
    caller: str = CALLER


def _got(of: Call, version: Version) -> Got | None:
    if not of.answer_digest:
        return None
    have = held(of.connection.project_id, version)
    missing = sorted(set(names_in(version)) - set(have))
    return Got(of.answer_digest, answer_digest(of, version, have) == of.answer_digest, missing)


def _carriers(call: Call, version: Version) -> list[Carrier]:
    """Who carried it, with what of its version that lacked, as the connection was set when it rang."""
    provider = PROVIDERS[call.connection.provider]
    lacking = lacks(provider, version.read(), chosen(provider, call.options))
    return [Carrier(provider.name, tuple(lacking))] if lacking else []


def _lived(call: Call, version: Version) -> Span | None:
    """The time during which the version was live, as the call came in."""
    before = [span for span in lived([version]).get(version.number, []) if span.since <= call.started_at]
    return before[-1] if before else None


@dataclass(frozen=True)
class Cure:
    """What to do so that the next such call is answered, and where."""

    sentence: str
    button: str
    url: str


def _cure(call: Call) -> Cure:
    project = call.connection.project_id
    numbers = reverse("numbers.index", args=[project])
    match Missed(call.missed):
        case Missed.UNKNOWN_NUMBER:
            url = reverse("numbers.add", args=[project])
            return Cure(f"Add the number to {call.connection}, and assign it to an agent.", "Add the number", url)
        case Missed.CONNECTION_DISABLED:
            url = reverse("connections.show", args=[call.connection_id])
            return Cure(f"Switch {call.connection} on again.", "To the connection", url)
        case Missed.NO_WORKER:
            url = reverse("connections.show", args=[call.connection_id])
            return Cure(f"Give {call.connection} its worker's address.", "To the connection", url)
        case Missed.NOTHING_PUBLISHED if call.agent_id:
            url = reverse("agents.show", args=[call.agent_id])
            return Cure(f"Publish a version of {call.agent}.", f"To {call.agent}", url)
        case Missed.PROJECT_SUSPENDED:
            url = reverse("activity.index", args=[project])
            return Cure("Who runs this server can resume it.", "To the activity", url)
        case Missed.OUTAGE:
            url = reverse("calls.index", args=[project])
            return Cure("Calls are answered as soon as the database is back.", "To the calls", url)
        case Missed.AGENT_ARCHIVED:
            return Cure("Assign the number to another agent.", "To the numbers", numbers)
        case _:
            return Cure("Assign the number to an agent.", "To the numbers", numbers)
