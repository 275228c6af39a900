"""Charts are drawn in whole pixels: round lines, bars that don't touch the edges, words that don't touch each other."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from dashboard.pages.chart import WIDTHS, Bucket, Chart, Mark, Series, steps

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)


def chart(*values: list[int], marks: tuple[Mark, ...] = ()) -> Chart:
    """A chart of series, by the hour."""
    buckets = [
        Bucket(MIDNIGHT + place * timedelta(hours=1), f"hour {place}", f"{place:02}:00", place)
        for place in range(len(values[0]))
    ]
    series = [Series(f"s{place + 1}", f"v{place + 1}", each) for place, each in enumerate(values)]
    return Chart("Calls an hour", "Some calls.", buckets, series, marks)


def boxes(path: str) -> list[tuple[int, int, int]]:
    """The bars of a path: where, from where below, to where above."""
    return [(int(x), int(low), int(high)) for x, low, high in re.findall(r"M(\d+) (\d+)V(\d+)h\d+V\d+z", path)]


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (35, [0, 10, 20, 30, 40]),
        (1_000_000, [0, 500_000, 1_000_000]),
    ],
)
def test_lines_stand_at_round_figures(most: int, lines: list[int]) -> None:
    assert steps(most) == lines


@given(some.integers(0, 10**9))
def test_lines_hold_the_most_and_are_few(most: int) -> None:
    lines = steps(most)

    assert lines[-1] >= most
    assert 2 <= len(lines) <= 6


@given(some.lists(some.tuples(some.integers(0, 300), some.integers(0, 300)), min_size=1, max_size=120))
@example([(1, 300)])
def test_bars_stand_on_each_other_within_the_drawing(values: list[tuple[int, int]]) -> None:
    drawn = chart([below for below, _ in values], [above for _, above in values])

    for drawing in drawn.drawings:
        bars = dict(drawing.bars)
        tops: dict[int, int] = {}
        for look in ("s1", "s2"):
            for x, low, high in boxes(bars.get(look, "")):
                assert drawing.left <= x < drawing.right <= drawing.width
                assert drawing.top <= high < low <= drawing.base
                assert low == tops.get(x, drawing.base)
                tops[x] = high
        assert len(tops) == sum(any(pair) for pair in values)  # one call is a pixel high at least


@given(some.integers(1, 200))
def test_words_below_dont_touch(count: int) -> None:
    for drawing in chart([1] * count).drawings:
        places = [x for x, _ in drawing.labels]
        assert all(later - earlier >= 40 for earlier, later in pairwise(places))
        assert all(x + 18 <= drawing.width for x in places)


def test_a_mark_stands_where_it_happened_and_its_name_where_there_is_room() -> None:
    drawn = chart([1] * 24, marks=(Mark(1.5, "v2"), Mark(20.0, "v3"), Mark(20.1, "v4"), Mark(20.2, "v5")))

    for drawing, width in zip(drawn.drawings, WIDTHS.values(), strict=True):
        step = (width - 60) // 24
        named = {name: (x, y) for x, name, y in drawing.marks if name}
        assert named["v2"][0] == 40 + round(1.5 * step)
        assert set(named) == {"v2", "v4", "v5"}
        assert named["v4"][1] < named["v5"][1]
        assert len(drawing.marks) == 4


def test_what_is_drawn_stands_in_a_table_too() -> None:
    rows = chart([1, 0], [2, 3], marks=(Mark(1.9, "v2"), Mark(2.0, "v3"))).rows

    assert [(row[1], row[2], row[3]) for row in rows] == [([1, 2], 3, []), ([0, 3], 3, ["v2", "v3"])]
