"""The pages that read calls, with every way of asking for some: what is tested at a million, and measured beyond."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse

from agentversions.models import Agent, Project
from telephony.models import Call, PhoneNumber, Status, Tally

FACTS = ("transferred", "voicemail", "success", "failure", "reviewed", "cost")


def addresses(project: Project) -> dict[str, str]:
    """What each page is called, and where it is; `project` is a crowd."""
    return dict(_addresses(project))


def _addresses(project: Project) -> Iterator[tuple[str, str]]:
    agent = Agent.objects.get(project=project, name="Desk 0")
    calls = Call.objects.filter(project=project).order_by("-started_at", "-id")
    newest, oldest = calls[0], calls.reverse()[0]
    middle = oldest.started_at + (newest.started_at - oldest.started_at) / 2
    deep = calls.filter(started_at__lt=middle)[0]
    busiest = Tally.objects.filter(agent=agent).values("version").annotate(n=Count("*")).order_by("-n", "version")[0]
    version = agent.versions.get(pk=busiest["version"])
    number = PhoneNumber.objects.filter(agent=agent)[0]
    listed = reverse("calls.index", args=[project.pk])

    def some(**asked: object) -> str:
        return f"{listed}?{urlencode(asked)}"

    yield "calls", listed
    yield "calls: deep", some(before=deep.pk)
    yield "calls: the last", some(before=calls.reverse()[10].pk)
    yield "calls: of an agent", some(agent=agent.pk)
    yield (
        "calls: of an agent, deep",
        some(agent=agent.pk, before=calls.filter(agent=agent, started_at__lt=middle)[0].pk),
    )
    yield "calls: of a version", some(agent=agent.pk, version=version.number)
    yield "calls: of v1", some(agent=agent.pk, version=1)
    yield "calls: of a number", some(number=number.pk)
    for status in (*(each.value for each in Status if each.ended), "in_progress", "no_end", "missed", "missed:outage"):
        yield f"calls: {status}", some(status=status)
        yield f"calls: {status}, of an agent", some(status=status, agent=agent.pk)
    for name, told in (("a version", version.number), ("v1", 1)):
        yield f"calls: missed while {name} was live", some(status="missed", agent=agent.pk, version=told)
    yield "calls: missed for no reason that occurs", some(status="missed:no_worker")
    for fact in FACTS:
        yield f"calls: with {fact}", some(**{"with": fact})
        yield f"calls: with {fact}, of an agent", some(agent=agent.pk, **{"with": fact})
    yield "calls: with failure, of v1", some(agent=agent.pk, version=1, **{"with": "failure"})
    day = {"from": middle.isoformat(), "to": (middle + timedelta(days=1)).isoformat()}
    yield "calls: of a day", some(**day)
    yield "calls: canceled, of a day", some(status="canceled", **day)
    yield "calls: of a year ago", some(to=(oldest.started_at + timedelta(hours=1)).isoformat())
    yield (
        "calls: canceled, of a month",
        some(status="canceled", to=middle.isoformat(), **{"from": (middle - timedelta(days=30)).isoformat()}),
    )
    yield "calls: by caller", some(q=deep.caller)
    yield "calls: by a caller's number of whom there is none", some(q="+493012345678")
    yield "calls: by our id", some(q=deep.pk)
    yield "calls: by the provider's id", some(q=deep.provider_call_id)
    yield "calls: by an id of which there is none", some(q="nothing-like-it")
    yield "a call", reverse("calls.show", args=[newest.pk])
    yield "a call, old", reverse("calls.show", args=[deep.pk])
    performance = reverse("performance.show", args=[agent.pk])
    for period in ("24h", "30d", "all"):
        yield f"performance: {period}", f"{performance}?period={period}"
    yield "performance: all, v1 against the newest", f"{performance}?period=all&v=1&v={agent.last_number}"
    yield "agents", reverse("agents.index", args=[project.pk])
    timeline = reverse("timeline.index", args=[project.pk])
    yield "timeline", timeline
    yield "timeline: of an agent", f"{timeline}?agent={agent.pk}"
    yield "activity", reverse("activity.index", args=[project.pk])
    yield "retention", reverse("calls.retention", args=[project.pk])
    yield "an agent's versions", reverse("versions.index", args=[agent.pk])
