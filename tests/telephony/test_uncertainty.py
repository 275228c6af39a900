"""How sure a figure is: what was published of these methods, and what holds of them whatever the figures."""

import statistics

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from telephony.models import LENGTHS
from telephony.tallying import length
from telephony.uncertainty import FEW, Share, Spread, wilson

CLASSES = [*(f"under_{most}" for most in LENGTHS), "longer"]


def spread(seconds: list[int]) -> Spread:
    """Lengths, counted as the sums count them."""
    columns = [length(one) for one in seconds]
    return Spread([columns.count(column) for column in CLASSES], LENGTHS)


def within(value: float) -> tuple[int, int]:
    """The class a length lies in."""
    return next(pair for pair in zip((0, *LENGTHS), LENGTHS, strict=False) if value < pair[1])


class TestAShare:
    @pytest.mark.parametrize(
        ("count", "among", "low", "high"),
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
    )
    def test_has_the_range_that_newcombe_published(self, count: int, among: int, low: float, high: float) -> None:
        """Table I of his comparison of seven methods, by method 3."""
        assert wilson(count, among) == pytest.approx((low, high), abs=5e-5)

    @given(some.integers(0, 10**7), some.integers(0, 10**7))
    def test_lies_in_its_range(self, count: int, among: int) -> None:
        assume(count <= among)
        low, high = wilson(count, among)

        assert 0 <= low <= high <= 1
        if among:
            assert low <= count / among <= high

    @given(some.integers(0, 500), some.integers(1, 500))
    def test_is_surer_with_more_calls(self, count: int, among: int) -> None:
        assume(count <= among)
        few, many = wilson(count, among), wilson(count * 10, among * 10)

        assert many.high - many.low < few.high - few.low

    def test_of_few_is_said_as_a_count(self) -> None:
        assert Share(3, 4).words == "3 of 4"
        assert Share(FEW - 1, FEW - 1).words == "19 of 19"
        assert Share(FEW, FEW).words == "100%"

    def test_has_as_many_digits_as_mean_something(self) -> None:
        assert Share(92, 100).words == "92%"
        assert Share(9_234, 10_000).words == "92.3%"
        assert Share(923_456, 1_000_000).words == "92.35%"
        assert Share(92, 100).range_words == "85 to 96%"


class TestADifference:
    @pytest.mark.parametrize(
        ("mine", "other", "low", "high"),
        [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((0, 10), (0, 10), -0.2775, 0.2775),
            ((10, 10), (0, 20), 0.6791, 1),
            ((10, 10), (0, 10), 0.6075, 1),
        ],
    )
    def test_has_the_range_that_newcombe_published(
        self, mine: tuple[int, int], other: tuple[int, int], low: float, high: float
    ) -> None:
        """Table II of his comparison of eleven methods, by method 10."""
        told = Share(*mine).against(Share(*other)).range

        assert (told.low / 100, told.high / 100) == pytest.approx((low, high), abs=5e-5)

    @given(some.tuples(*[some.integers(0, 10**6)] * 4))
    def test_the_other_way_round_is_its_opposite(self, counts: tuple[int, int, int, int]) -> None:
        mine, other = (Share(min(pair), max(pair)) for pair in (counts[:2], counts[2:]))
        assume(mine.among and other.among)
        there, back = mine.against(other), other.against(mine)

        assert there.points == pytest.approx(-back.points)
        assert there.range == pytest.approx((-back.range.high, -back.range.low))
        assert -100 <= there.range.low <= there.points + 1e-9 <= there.range.high + 2e-9 <= 100 + 3e-9
        turned = {"higher": "lower", "lower": "higher"}
        assert back.verdict == turned.get(there.verdict, there.verdict)

    def test_is_told_in_plain_words(self) -> None:
        assert Share(56, 70).against(Share(48, 80)).words == "higher by 5 to 33 points"
        assert Share(48, 80).against(Share(56, 70)).words == "lower by 5 to 33 points"
        assert Share(64, 100).against(Share(60, 100)).words == "+4 points (\u22129 to +17): can't tell yet"
        assert Share(60, 100).against(Share(60, 100)).words == "0 points (\u221213 to +13): can't tell yet"

    def test_that_hardly_shows_is_never_written_as_none(self) -> None:
        assert Share(582, 900).against(Share(540, 900)).words == "higher by less than 1 to 9 points"

    @pytest.mark.parametrize(("mine", "other"), [((3, 4), (900, 1_000)), ((900, 1_000), (0, FEW - 1))])
    def test_of_few_calls_cant_be_told(self, mine: tuple[int, int], other: tuple[int, int]) -> None:
        assert Share(*mine).against(Share(*other)).words == "Too few calls to tell"


class TestAMedian:
    @given(some.lists(some.integers(0, LENGTHS[-1] - 1), min_size=1, max_size=200))
    def test_is_right_to_within_its_class(self, seconds: list[int]) -> None:
        median = spread(seconds).median

        assert median is not None
        assert within(statistics.median_low(seconds))[0] <= median <= within(statistics.median_high(seconds))[1]

    @given(some.lists(some.integers(0, 5_000), min_size=1, max_size=200))
    def test_lies_in_its_range(self, seconds: list[int]) -> None:
        told = spread(seconds)
        low, high = (float("inf") if end is None else end for end in told.median_range)
        median = float("inf") if told.median is None else told.median

        assert low <= median <= high

    def test_lies_evenly_in_its_class(self) -> None:
        assert spread([60] * 50 + [75] * 50).median == 75
        assert spread([61] * 100).median == 67.5

    def test_beyond_the_last_length_isnt_known(self) -> None:
        assert spread([4_000] * 3).median is None
        assert spread([]).median is None
