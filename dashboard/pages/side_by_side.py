"""Versions side by side: every figure in words, with the calls behind it, how sure it is, and how it differs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from agentversions.models import Version
from dashboard.templatetags.words import clock, dollars
from telephony.finding import OVER
from telephony.models import Status
from telephony.performance import Figures
from telephony.uncertainty import FEW, Share


@dataclass(frozen=True)
class Cell:
    """A figure of a version: its words, the calls behind it, how sure it is, and how it differs from the baseline's."""

    words: str = "\N{EN DASH}"
    url: str = ""
    about: str = ""
    of: str = ""
    difference: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Column:
    """A version, its figures and its calls."""

    version: Version
    figures: Figures
    live: bool
    baseline: bool
    look: str
    calls: str
    """The address of its calls in this time."""

    def where(self, **said: str) -> str:
        """The address of some of its calls."""
        return f"{self.calls}&{urlencode(said)}"


@dataclass(frozen=True)
class Row:
    """A figure of every version; `about` says what it counts."""

    label: str
    cells: list[Cell]
    about: str = ""


def rows(columns: Sequence[Column]) -> Iterator[Row]:
    """The table's rows; what no call had is left out."""
    if not columns:
        return
    yield Row("Calls", [_count(column) for column in columns])
    if any(column.figures.missed for column in columns):
        yield Row("Missed", [_missed(column) for column in columns], "while it was live")
    yield Row("Average length", [_length(column) for column in columns])
    yield Row("Half were shorter than", [_median(column) for column in columns], "the median")
    for status in (status for status, _ in columns[0].figures.ends):
        if status in (Status.COMPLETED, Status.FAILED) or any(_ended(column, status) for column in columns):
            yield _shares(str(status.label), columns, _of_status(status), status=status.value)
    if any(column.figures.transferred for column in columns):
        yield _shares("Transferred", columns, lambda figures: figures.transferred, **{"with": "transferred"})
    if any(column.figures.voicemail for column in columns):
        yield _shares("Voicemail", columns, lambda figures: figures.voicemail, **{"with": "voicemail"})
    if any(column.figures.judged for column in columns):
        yield _success(columns)
    if any(column.figures.priced for column in columns):
        yield Row("Cost of a call", [_per_call(column) for column in columns], "on the average")
        yield Row("Cost in all", [_cost(column) for column in columns])


def _ended(column: Column, status: Status) -> int:
    return dict(column.figures.ends).get(status, 0)


def _of_status(status: Status) -> Callable[[Figures], int]:
    return lambda figures: dict(figures.ends).get(status, 0)


def _count(column: Column) -> Cell:
    told = column.figures
    words = f"{told.calls + told.in_progress:,}"
    return Cell(words, column.calls, f"{told.in_progress:,} in progress" if told.in_progress else "")


def _missed(column: Column) -> Cell:
    told = column.figures.missed
    return Cell(f"{told:,}", column.where(status="missed") if told else "")


def _length(column: Column) -> Cell:
    seconds = column.figures.average
    return Cell() if seconds is None else Cell(clock(seconds), column.where(status=OVER))


def _median(column: Column) -> Cell:
    told = column.figures
    if not told.calls:
        return Cell()
    median = told.lengths.median
    words = f"about {clock(median)}" if median is not None else "over an hour"
    low, high = told.lengths.median_range if told.calls >= FEW else (None, None)
    return Cell(words, column.where(status=OVER), "" if low is None else f"{clock(low)} {_up_to(high)}")


def _up_to(seconds: float | None) -> str:
    return "or more" if seconds is None else f"to {clock(seconds)}"


def _shares(label: str, columns: Sequence[Column], count: Callable[[Figures], int], **said: str) -> Row:
    """A row of proportions of the calls that ended."""
    shares = [(column, column.figures.share(count(column.figures))) for column in columns]
    return Row(label, [_share(column, share, shares[0][1], said) for column, share in shares])


def _success(columns: Sequence[Column]) -> Row:
    baseline = columns[0].figures.success
    cells = [_share(column, column.figures.success, baseline, {"with": "success"}) for column in columns]
    return Row("Judged good", cells, "by a reviewer or the provider")


def _share(column: Column, share: Share, baseline: Share, said: dict[str, str]) -> Cell:
    if not share.among:
        return Cell()
    same = column.baseline or not baseline.among or share.count == baseline.count == 0
    difference = None if same else share.against(baseline)
    return Cell(
        share.words,
        column.where(**said),
        share.range_words if share.enough else "",
        f"{share.count:,} of {share.among:,}" if share.enough else "",
        difference.words if difference else "",
        difference.verdict if difference else "",
    )


def _per_call(column: Column) -> Cell:
    told = column.figures
    if told.per_call is None:
        return Cell()
    priced = f"of {told.priced:,} with a known cost"
    return Cell(dollars(told.per_call), column.where(**{"with": "cost"}), priced)


def _cost(column: Column) -> Cell:
    told = column.figures
    return Cell(dollars(told.cost), column.where(**{"with": "cost"})) if told.priced else Cell()
