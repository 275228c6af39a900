"""What an agent's Performance page knows: versions side by side over a time, how sure that is, and calls over time."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from agentversions.models import Agent, Version
from dashboard import addresses
from dashboard.forms import LONGEST_NUMBER
from dashboard.moments import begins, bound, zone_named
from dashboard.pages import editor, over_time
from dashboard.pages.projects import Context
from dashboard.pages.side_by_side import Column, rows
from telephony import performance
from telephony.models import Call
from telephony.performance import Period
from telephony.uncertainty import FEW

PERIODS = {
    "24h": ("24 hours", 1),
    "7d": ("7 days", 7),
    "30d": ("30 days", 30),
    "90d": ("90 days", 90),
    "all": ("All time", None),
}
USUAL = "30d"
MOST, FIRST = 10, 5
"""Versions side by side: at most, and where none were chosen."""
NEWEST = 40
"""Versions to choose from by their boxes; an older one is typed."""
YEARS = range(1970, 9_000)
UNREADABLE = "This time can't be read. Choose its first and its last day."


@dataclass(frozen=True)
class Asked:
    """What the page's address says: over which time, which versions, against which. `problem` is what can't be read."""

    period: str
    since: str
    until: str
    zone: ZoneInfo
    named_zone: str
    """The zone's name, if the address has one."""
    versions: tuple[int, ...]
    more: str
    against: int | None
    now: datetime
    problem: str = ""

    @classmethod
    def read(cls, asked: QueryDict) -> Self:
        """From an address; what it says amiss is left out, and told."""
        since, until = asked.get("from", "").strip(), asked.get("to", "").strip()
        period = asked.get("period", "")
        chosen = not (since or until)
        typed, more = _numbers(asked.getlist("v")), asked.get("more", "").strip()
        told = cls(
            period=(period if period in PERIODS else USUAL) if chosen else "",
            since="" if chosen else since,
            until="" if chosen else until,
            zone=(zone := zone_named(asked.get("zone", ""))),
            named_zone=zone.key if asked.get("zone") else "",
            versions=tuple(dict.fromkeys([*typed, *_numbers(more.replace(",", " ").split())])),
            more=more,
            against=next(iter(_numbers([asked.get("against", "")])), None),
            now=timezone.now(),
        )
        problem = told._problem()
        if not problem:
            return told
        return replace(told, period=USUAL, problem=problem)

    def _problem(self) -> str:
        if self.period:
            return ""
        try:
            period = self.time
        except (ValueError, OverflowError):
            return UNREADABLE
        # Near either end of what a date can say, there is nothing to add or to take away.
        if any(moment and moment.year not in YEARS for moment in (period.since, period.until)):
            return UNREADABLE
        if period.since and period.since >= period.until:
            return "The time ends before it begins."
        return ""

    @cached_property
    def time(self) -> Period:
        """The time in whole hours. Raises ValueError for what is none."""
        if self.period:
            return Period.of(self._beginning(PERIODS[self.period][1]), self.now)
        return Period.of(
            bound(self.since, self.zone) if self.since else None,
            bound(self.until, self.zone, last=True) if self.until else self.now,
        )

    def _beginning(self, days: int | None) -> datetime | None:
        """So many days with today, from the first's beginning; a single one are the last 24 hours."""
        if days is None:
            return None
        if days == 1:
            return Period.of(None, self.now).until - timedelta(days=1)
        return begins(self.now.astimezone(self.zone).date() - timedelta(days=days - 1), self.zone)

    def over(self, period: str) -> str:
        """The address's query for another time."""
        said = [("period", period), *(("v", str(number)) for number in self.versions)]
        said += [("against", str(self.against))] if self.against else []
        said += [("zone", self.named_zone)] if self.named_zone else []
        return "?" + urlencode(said)

    @property
    def first_day(self) -> str:
        """For the field."""
        return self._day(self.since, bound(self.since, self.zone) if self.since and not self.problem else None)

    @property
    def last_day(self) -> str:
        """For the field."""
        until = bound(self.until, self.zone, last=True) if self.until and not self.problem else self.now
        return self._day(self.until, until - timedelta.resolution)

    def _day(self, typed: str, moment: datetime | None) -> str:
        if self.problem:
            return typed
        return moment.astimezone(self.zone).date().isoformat() if moment and not self.period else ""


def _numbers(texts: Sequence[str]) -> list[int]:
    """Version numbers, however written: `v7` or `7`."""
    numbers = (text.strip().lower().removeprefix("v") for text in texts)
    return [int(text) for text in numbers if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER]


def page(user: User, of: Agent, asked: Asked) -> Context:
    """The agent's page. It asks the database as often for thousands of versions and millions of calls as for one."""
    when, ever = asked.time, performance.ever(of)
    newest, now = performance.called(of, when, NEWEST + 1), performance.in_progress(of, when)
    called = {*newest, *now}
    versions = _versions(of, asked, sorted(called, reverse=True)[:NEWEST])
    shown, baseline = _shown(of, asked, versions, called)
    figures = performance.figures(of, when, [version.pk for version in shown])
    missed = performance.missed(of, when, [version.pk for version in shown])
    columns = [
        Column(
            version,
            replace(
                figures[version.pk], in_progress=now.get(version.pk, 0), missed=missed.by_version.get(version.pk, 0)
            ),
            version.pk == of.published_id,
            version == baseline,
            f"s{place + 1}" if place < over_time.LOOKS else "others",
            _calls(of, asked, version=version.number),
        )
        for place, version in enumerate(shown)
    ]
    drawn, told = over_time.chart(of, when, ever, asked.zone, columns), list(rows(columns))
    compared = sum(cell.verdict not in ("", "few") for row in told for cell in row.cells)
    return editor.around(user, of) | {
        "asked": asked,
        "periods": [(asked.over(key), words, key == asked.period) for key, (words, _) in PERIODS.items()],
        "called": bool(called or missed.total) or Call.objects.filter(agent=of).exists(),
        "empty": not (called or missed.total),
        "since": when.since or (ever and ever[0]),
        "until": min(when.until, asked.now),
        "calls": sum(drawn.totals) if drawn else 0,
        "in_progress": sum(now.values()),
        "missed": missed.total,
        "missed_url": _calls(of, asked, status="missed"),
        "nothing_live": missed.nothing_live,
        "missed_otherwise": missed.others,
        "no_end_url": _calls(of, asked, status="no_end"),
        "chart": drawn,
        "day_begins": over_time.day_begins(when, asked.zone),
        "columns": columns,
        "baseline": baseline,
        "rows": told,
        "compared": compared,
        "by_chance": max(round(compared / 20), 1),
        "choices": versions,
        "chosen": {version.number for version in shown},
        "more": len(called) > NEWEST,
        "few": FEW,
        "most": MOST,
    }


def _versions(of: Agent, asked: Asked, newest: Sequence[int]) -> list[Version]:
    """The newest versions with calls, those that were chosen, and the one that is live; newest first."""
    wanted = Q(pk__in=[*newest, of.published_id or 0])
    wanted |= Q(number__in=[*asked.versions[:MOST], asked.against or 0])
    return list(Version.objects.filter(wanted, agent=of).defer("configuration").order_by("-number"))


def _shown(
    of: Agent, asked: Asked, versions: Sequence[Version], called: Set[int]
) -> tuple[list[Version], Version | None]:
    """The versions side by side, the baseline first, then newest first; and the baseline.

    It is the one that was chosen, else what is live if that was called, else the newest that was.
    """
    heard = [version for version in versions if version.pk in called]
    live = [version for version in versions if version.pk == of.published_id]
    chosen = [version for version in versions if version.number in asked.versions][:MOST]
    against = [version for version in versions if version.number == asked.against]
    usual = [*(version for version in live if version in heard), *heard, *live]
    baseline = next(iter(against or usual or chosen), None)
    others = [version for version in chosen or [*live, *heard[:FIRST]] if version != baseline]
    ordered = sorted(set(others), key=lambda version: -version.number)
    most = MOST if chosen else FIRST
    return [version for version in (baseline, *ordered) if version][:most], baseline


def _calls(of: Agent, asked: Asked, **said: object) -> str:
    """The address of an agent's calls over the time that is asked for."""
    until = None if asked.period == "all" else asked.time.until
    return addresses.calls(of.project_id, asked.time.since, until, agent=of.pk, **said)
