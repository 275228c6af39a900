"""The history beside every page of an agent: which versions it lists, what each row knows, and what a search finds.

A search reads the versions' texts from the newest on, for a moment at a time; its state between two moments lies in
the address of the next.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone
from pydantic_core import from_json

from agentversions import access
from agentversions.access import Act
from agentversions.history import Span, first_live, lived
from agentversions.models import Action, Agent, Draft, Event, Version
from agentversions.refusals import Hostile
from agentversions.searching import LONGEST, Excerpt, Sought, Text, texts
from dashboard.forms import whole
from telephony.counting import handled

HISTORY_PAGE = 50
FILTERS = {"": "All", "named": "Named", "published": "Published"}
LIVES_WIDTH, LEAST_WIDTH = 200, 3
"""Units across the drawing of when a version was live, and of the shortest time in it."""
SLICE_SECONDS = 0.12
"""How long one request searches, and a little more."""
CHUNK = 100
"""Versions read at once: one holds 400,000 characters at most."""
MOST_RUNS = 8
TO = "\N{EN DASH}"
RUNS = re.compile(r"[0-9]{1,9}-[0-9]{1,9}(\.[0-9]{1,9}-[0-9]{1,9}){0,7}", re.ASCII)


@dataclass(frozen=True)
class Run:
    """Neighbouring versions that all hold what is looked for."""

    newest: int
    oldest: int


@dataclass(frozen=True)
class Listing:
    """Which versions are listed, as the address says it: below a number, only some, those that hold a text.

    What follows is where a search stands: the runs it found, the oldest version that holds the text, how many it
    listed; `rest` asks for more of the list alone.
    """

    only: str = ""
    text: str = ""
    before: int | None = None
    runs: tuple[Run, ...] = ()
    oldest: int = 0
    listed: int = 0
    rest: bool = False

    @classmethod
    def chosen(cls, asked: QueryDict) -> "Listing":
        """What any page's address says of the history beside it: the filter and the search."""
        only = asked.get("only", "")
        return cls(only if only in FILTERS else "", asked.get("q", "").strip()[:LONGEST])

    @classmethod
    def read(cls, asked: QueryDict) -> "Listing":
        """The whole state; raises Hostile for what no link of ours says."""
        runs, before = asked.get("runs", ""), asked.get("before")
        if runs and not RUNS.fullmatch(runs):
            raise Hostile("This address can't be read. Search again.")
        return replace(
            cls.chosen(asked),
            before=whole(before) if before else None,
            runs=tuple(Run(*map(int, run.split("-"))) for run in runs.split(".") if run),
            oldest=whole(asked.get("oldest") or "0"),
            listed=whole(asked.get("listed") or "0"),
            rest=bool(asked.get("rest")),
        )

    @property
    def query(self) -> str:
        """The address's query, which `read` reads."""
        said = {
            "only": self.only,
            "q": self.text,
            "before": self.before,
            "runs": ".".join(f"{run.newest}-{run.oldest}" for run in self.runs),
            "oldest": self.oldest,
            "listed": self.listed,
            "rest": "1" if self.rest else "",
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})

    @property
    def by_hand(self) -> bool:
        """Whether someone asked for more of the list; a search goes on by itself, and takes no focus."""
        return self.before is not None and not self.listed and (self.rest or not self.text)

    @property
    def filters(self) -> list[tuple[str, str, str, bool]]:
        """Each filter: its name, its word, its address's query, and whether it is chosen."""
        return [
            (only or "all", word, Listing(only, self.text).query, only == self.only) for only, word in FILTERS.items()
        ]


@dataclass(frozen=True)
class HistoryRow:
    """A version as the history lists it: its calls, when it was live, and where it holds what is looked for."""

    version: Version
    published: bool
    calls: int
    lived: list[Span]
    drawn: list[tuple[float, float]]
    excerpt: Excerpt | None = None


@dataclass(frozen=True)
class Found:
    """What a search knows of all versions: which hold the text, and once it is through the first and last of them."""

    text: str
    only: str
    runs: tuple[Run, ...]
    more: bool
    complete: bool
    otherwise: bool
    first: Version | None = None
    last: Version | None = None
    live: int | None = None
    in_live: bool = False
    in_draft: Excerpt | None = None

    @property
    def where(self) -> list[str]:
        """The runs in words, oldest first."""
        return [
            f"v{run.oldest}{TO}v{run.newest}" if run.oldest < run.newest else f"v{run.newest}"
            for run in reversed(self.runs)
        ]


@dataclass(frozen=True)
class Panel:
    """A page of the history. `older` goes on below it; `searching` is the rest of a search, which goes on by itself."""

    listing: Listing
    rows: list[HistoryRow]
    since: datetime | None
    day: datetime | None = None
    older: Listing | None = None
    searching: Listing | None = None
    searched: tuple[int, int] = (0, 0)
    found: Found | None = None


def panel(user: User, of: Agent, listing: Listing) -> Panel:
    """The history as the listing asks for it. Its cost doesn't grow with the agent's versions, publishes or calls."""
    if Sought(listing.text):
        return _search(user, of, listing)
    since = first_live(of)
    # With the last one above this page: it says whether a new day begins.
    newer = [] if listing.before is None else [Q(number__lte=listing.before)]
    page = list(_versions(of, listing.only).filter(*newer)[: HISTORY_PAGE + 2])
    above = page.pop(0) if page and page[0].number == listing.before else None
    shown = page[:HISTORY_PAGE]
    older = Listing(listing.only, before=shown[-1].number) if len(page) > HISTORY_PAGE else None
    return Panel(listing, _rows(of, shown, since), since, day=above.created_at if above else None, older=older)


def row(of: Version) -> HistoryRow:
    """One version's row."""
    return _rows(of.agent, [of], first_live(of.agent))[0]


def _versions(of: Agent, only: str) -> QuerySet[Version]:
    versions = Version.objects.filter(agent=of).select_related("author").defer("configuration").order_by("-number")
    if only == "named":
        return versions.exclude(name="")
    if only == "published":
        return versions.filter(Exists(Event.objects.filter(version=OuterRef("pk"), action=Action.PUBLISHED)))
    return versions


def _rows(
    of: Agent, shown: list[Version], since: datetime | None, excerpts: Mapping[int, Excerpt | None] | None = None
) -> list[HistoryRow]:
    calls, lives = handled(shown), lived(shown) if since else {}
    return [
        HistoryRow(
            version,
            version.pk == of.published_id,
            calls.get(version.pk, 0),
            lives.get(version.number, []),
            _drawn(lives.get(version.number, []), since or version.created_at),
            (excerpts or {}).get(version.number),
        )
        for version in shown
    ]


def _drawn(lived: list[Span], since: datetime) -> list[tuple[float, float]]:
    """Start and width of each time, across the time since the first publish; the shortest can still be seen."""
    now = timezone.now()
    whole_time = max((now - since).total_seconds(), 1)

    def at(moment: datetime) -> float:
        return max((moment - since).total_seconds(), 0) / whole_time * LIVES_WIDTH

    drawn = []
    for span in lived:
        start = at(span.since)
        width = max(at(span.until or now) - start, LEAST_WIDTH)
        drawn.append((round(min(start, LIVES_WIDTH - width), 2), round(width, 2)))
    return drawn


def _search(user: User, of: Agent, listing: Listing) -> Panel:
    """One slice of a search: what it lists, and what is known of the text so far."""
    sought = Sought(listing.text)
    reading = _Reading(of, listing, sought)
    excerpts: dict[int, Excerpt | None] = {}
    runs, oldest, listed, older = listing.runs, listing.oldest, listing.listed, None
    for match in reading.matches():
        if match.in_text and not listing.rest:
            runs, oldest = _with(runs, match), match.number
        if match.number == sought.number or not (match.in_text or match.excerpt):
            continue
        if listed == HISTORY_PAGE:
            older = Listing(listing.only, listing.text, before=match.number + 1, rest=True)
            if listing.rest:
                break
        elif listed < HISTORY_PAGE:
            excerpts[match.number] = match.excerpt
        listed += listed <= HISTORY_PAGE
    going_on = not reading.complete and not (older and listing.rest)
    state = replace(listing, before=reading.reached, runs=runs, oldest=oldest, listed=listed)
    top = _by_number(of, listing, sought)
    since = first_live(of)
    shown = top + list(_versions(of, listing.only).filter(number__in=excerpts))
    found = None if listing.rest else _found(user, of, state, complete=not going_on, otherwise=bool(top or excerpts))
    return Panel(
        listing,
        _rows(of, shown, since, excerpts),
        since,
        older=older,
        searching=state if going_on else None,
        searched=(of.last_number, reading.reached),
        found=found,
    )


@dataclass(frozen=True)
class _Match:
    """What was found in one version, and the number of the version that was read before it."""

    number: int
    newer: int
    in_text: bool
    excerpt: Excerpt | None


class _Reading:
    """Reads versions from the newest on until the time is over; `reached` is the last one's number."""

    def __init__(self, of: Agent, listing: Listing, sought: Sought) -> None:
        self.versions = _stored(_versions(of, listing.only))
        self.sought = sought
        self.reached = of.last_number + 1 if listing.before is None else listing.before
        self.complete = False

    def matches(self) -> Iterator[_Match]:
        until = monotonic() + SLICE_SECONDS
        while not self.complete:
            chunk = list(self.versions.filter(number__lt=self.reached)[:CHUNK])
            for number, name, schema, raw in chunk:
                newer, self.reached = self.reached, number
                held = next((text for text in texts(from_json(raw), schema) if self.sought.within(text.text)), None)
                named = Text("", "Name", name) if not held and self.sought.within(name) else None
                found = held or named
                yield _Match(number, newer, held is not None, self.sought.excerpt(found) if found else None)
            self.complete = len(chunk) < CHUNK
            if monotonic() > until:
                return


def _stored(versions: QuerySet[Version]) -> QuerySet[Version, tuple[int, str, int, str]]:
    """Number, name, schema and the configuration as it lies: reading that ourselves takes half the time."""
    raw = versions.annotate(raw=Cast("configuration", TextField()))
    return raw.values_list("number", "name", "schema", "raw")


def _with(runs: tuple[Run, ...], match: _Match) -> tuple[Run, ...]:
    """The runs with one more version; of very many runs only the newest are kept."""
    if runs and runs[-1].oldest == match.newer:
        return (*runs[:-1], Run(runs[-1].newest, match.number))
    return (*runs, Run(match.number, match.number)) if len(runs) < MOST_RUNS else runs


def _by_number(of: Agent, listing: Listing, sought: Sought) -> list[Version]:
    """The version whose number was typed: above all others, once."""
    if sought.number is None or listing.before is not None:
        return []
    return list(_versions(of, listing.only).filter(number=sought.number))


def _found(user: User, of: Agent, state: Listing, *, complete: bool, otherwise: bool) -> Found:
    sought = Sought(state.text)
    found = Found(
        text=state.text,
        only=FILTERS[state.only].lower() if state.only else "",
        runs=state.runs,
        more=bool(state.runs) and state.oldest < state.runs[-1].oldest,
        complete=complete,
        otherwise=otherwise or state.listed > 0,
    )
    if not complete:
        return found
    ends = {state.oldest, state.runs[0].newest} if state.runs else set()
    versions = {version.number: version for version in _versions(of, "").filter(number__in=ends)}
    live = Version.objects.filter(pk=of.published_id).first() if of.published_id else None
    draft = Draft.objects.of(of, user) if access.may(user, Act.EDIT, of.project) else None
    return replace(
        found,
        first=versions.get(state.oldest),
        last=versions.get(state.runs[0].newest) if state.runs else None,
        live=live.number if live else None,
        in_live=live is not None and _first(sought, texts(live.configuration, live.schema)) is not None,
        in_draft=_in_draft(sought, draft) if draft and draft.started_at else None,
    )


def _in_draft(sought: Sought, draft: Draft) -> Excerpt | None:
    unread = (Text(path, "", text) for path, text in draft.unparsed.items())
    return _first(sought, (*texts(draft.configuration, draft.schema), *unread))


def _first(sought: Sought, held: Iterable[Text]) -> Excerpt | None:
    text = next((text for text in held if sought.within(text.text)), None)
    return sought.excerpt(text) if text else None
