"""Stacked bars over time as SVG: what is drawn is worked out here, in whole pixels, for a few widths.

A page has no script and no inline style to fit a drawing with; so it holds the drawing for a few widths from a phone's
on, each without any scaling, and its CSS shows the one that fits. The same figures stand in a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise
from math import ceil, inf

WIDTHS = {"narrow": 288, "small": 440, "middle": 648, "wide": 980}
POINTED = ("middle", "wide")
"""Where there is a pointer, a bar tells its figures."""
HEIGHT = 228
LEFT, RIGHT, TOP, BOTTOM = 40, 20, 36, 24
"""Around the bars: the figures beside them, the marks above, the times below."""
PLOT = HEIGHT - TOP - BOTTOM
WIDEST_BAR = 40
ROWS = 4
"""At most so many lines across, above the one at the bottom."""
NAMES = (TOP - 8, TOP - 21)
"""How deep the names of marks stand: in two rows, so that two that follow each other closely both have one."""
CHARACTER = 7
"""Pixels that one takes, at most on the average."""


@dataclass(frozen=True)
class Bucket:
    """A stretch of time that is drawn as one bar: when it begins, in the zone of the chart, and its name."""

    since: datetime
    name: str
    label: str
    beat: int
    """Its place in the calendar: a label stands below those that a round number divides."""


@dataclass(frozen=True)
class Series:
    """What is drawn in one colour and pattern: the number of it, and a value for each bucket."""

    look: str
    name: str
    values: Sequence[int]


@dataclass(frozen=True)
class Mark:
    """A line across at a moment, as a place among the buckets: 1.5 is the middle of the second."""

    place: float
    name: str


@dataclass(frozen=True)
class Column:
    """A bar's whole height, for who points at it."""

    x: int
    width: int
    words: str


@dataclass(frozen=True)
class Drawing:
    """A chart at one width: paths by look, lines and words with their places."""

    size: str
    width: int
    height: int
    left: int
    right: int
    base: int
    bars: list[tuple[str, str]]
    rows: list[tuple[int, str]]
    labels: list[tuple[int, str]]
    marks: list[tuple[int, str, int]]
    columns: list[Column]
    top: int = TOP
    plot: int = PLOT


@dataclass(frozen=True)
class Chart:
    """Bars over time. What it is of, and what can be seen in it, in words."""

    title: str
    about: str
    buckets: Sequence[Bucket]
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    unmarked: bool = False
    """Whether there were too many marks to draw."""
    strides: Sequence[int] = (1, 2, 5, 10, 20, 50, 100)
    """Round numbers of buckets from one label to the next."""
    id: str = "chart"

    @property
    def drawings(self) -> list[Drawing]:
        """The same chart for each width."""
        told = [self._words(place) for place in range(len(self.buckets))]
        return [self._drawing(size, width, told if size in POINTED else ()) for size, width in WIDTHS.items()]

    @property
    def totals(self) -> list[int]:
        """All series together, by bucket."""
        return [sum(values) for values in zip(*(series.values for series in self.series), strict=True)]

    @property
    def rows(self) -> list[tuple[Bucket, list[int], int, list[str]]]:
        """As a table: a bucket, its values, their sum, and the marks in it."""
        marked: dict[int, list[str]] = {}
        for mark in self.marks:
            marked.setdefault(min(int(mark.place), len(self.buckets) - 1), []).append(mark.name)
        values = [list(row) for row in zip(*(series.values for series in self.series), strict=True)]
        return [
            (bucket, row, sum(row), marked.get(place, []))
            for place, (bucket, row) in enumerate(zip(self.buckets, values, strict=True))
        ]

    def _drawing(self, size: str, width: int, told: Sequence[str]) -> Drawing:
        room = width - LEFT - RIGHT
        step = max(room // len(self.buckets), 1)
        bar = min(step - min(step // 4, 3), WIDEST_BAR)
        starts = [LEFT + place * step + (step - bar) // 2 for place in range(len(self.buckets))]
        scale = steps(max(self.totals, default=0))

        def y(value: float) -> int:
            return HEIGHT - BOTTOM - round(value / scale[-1] * PLOT)

        return Drawing(
            size=size,
            width=width,
            height=HEIGHT,
            left=LEFT,
            right=LEFT + step * len(self.buckets),
            base=y(0),
            bars=self._bars(starts, bar, y),
            rows=[(y(value), f"{value:,}") for value in scale],
            labels=self._labels(step, width),
            marks=self._marks(step),
            columns=[Column(LEFT + place * step, step, words) for place, words in enumerate(told)],
        )

    def _labels(self, step: int, width: int) -> list[tuple[int, str]]:
        """The times that have room below the bars: at round ones, none cut off."""
        room = max(len(bucket.label) for bucket in self.buckets) * CHARACTER + 2 * CHARACTER
        stride = next((stride for stride in self.strides if stride * step >= room), self.strides[-1])
        places = (
            (LEFT + place * step + step // 2, bucket.label)
            for place, bucket in enumerate(self.buckets)
            if not bucket.beat % stride
        )
        return [(x, label) for x, label in places if x + len(label) * CHARACTER / 2 <= width]

    def _marks(self, step: int) -> list[tuple[int, str, int]]:
        """Every mark, with its name in one of two rows; of names that would still touch, the last ones stay."""
        drawn: list[tuple[int, str, int]] = []
        free = [inf, inf]
        for mark in sorted(self.marks, key=lambda mark: -mark.place):
            x, half = LEFT + round(mark.place * step), len(mark.name) * CHARACTER / 2 + 3
            row = next((row for row in (0, 1) if x + half <= free[row]), None)
            if row is not None:
                free[row] = x - half
            drawn.append((x, mark.name if row is not None else "", NAMES[row or 0]))
        return drawn

    def _bars(self, starts: Sequence[int], width: int, y: Callable[[float], int]) -> list[tuple[str, str]]:
        """One path a series; the first series lies at the bottom. What is more than nothing is a pixel high."""
        paths: dict[str, list[str]] = {series.look: [] for series in self.series}
        for place, x in enumerate(starts):
            low = base = y(0)
            values = [series.values[place] for series in self.series]
            for series, (below, above) in zip(self.series, pairwise(accumulate(values, initial=0)), strict=True):
                high = min(y(above), base - 1 if above > below else low)
                if high < low:
                    paths[series.look].append(f"M{x} {low}V{high}h{width}V{low}z")
                    low = high
        return [(look, "".join(path)) for look, path in paths.items() if path]

    def _words(self, place: int) -> str:
        told = [f"{series.name} {series.values[place]:,}" for series in self.series if series.values[place]]
        return f"{self.buckets[place].name}: {', '.join(reversed(told)) or 'none'}"


def steps(most: int) -> list[int]:
    """Round figures from 0 to at least the most, evenly apart: 0, 5, 10, 15."""
    least = max(most, 1) / ROWS
    size = 1
    while not any(size * factor >= least for factor in (1, 2, 5)):
        size *= 10
    step = next(size * factor for factor in (1, 2, 5) if size * factor >= least)
    return [step * row for row in range(ceil(max(most, 1) / step) + 1)]
