"""How sure a figure of some calls is, in plain words.

A proportion's range is Wilson's score interval [1]; the range of a difference of two proportions is Newcombe's, which
joins two of Wilson's (his method 10) [2]; a median's range lies between two of the ordered values, whose places the
binomial distribution gives [3]. All of them hold the true figure 19 times out of 20.

[1] E. B. Wilson, Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22 (1927), 209-212. Recommended by R. G. Newcombe, Two-sided confidence intervals for the
    single proportion: comparison of seven methods. Statistics in Medicine 17 (1998), 857-872.
[2] R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17 (1998), 873-890.
[3] W. J. Conover, Practical Nonparametric Statistics, 3rd edition (1999), section 3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Literal, NamedTuple

Z = 1.959964
"""Of a normal distribution, 19 of 20 lie within so many standard deviations."""

FEW = 20
"""With fewer calls than this nothing is said in percent, and nothing is compared."""

TOO_FEW = "Too few calls to tell"


class Range(NamedTuple):
    """Where a figure probably lies."""

    low: float
    high: float


def wilson(count: int, among: int) -> Range:
    """The range of a proportion, between 0 and 1: all of it where there is nothing to go by."""
    if not among:
        return Range(0, 1)
    share, z2 = count / among, Z * Z
    middle = share + z2 / (2 * among)
    reach = Z * sqrt(share * (1 - share) / among + z2 / (4 * among * among))
    low, high = ((middle + side * reach) / (1 + z2 / among) for side in (-1, 1))
    return Range(low if count else 0, high if count < among else 1)


@dataclass(frozen=True)
class Share:
    """How many of some calls, as a number of them or, of enough of them, in percent."""

    count: int
    among: int

    @property
    def enough(self) -> bool:
        """Whether it may be said in percent."""
        return self.among >= FEW

    @property
    def value(self) -> float:
        """Between 0 and 1."""
        return self.count / self.among if self.among else 0

    @property
    def range(self) -> Range:
        """Where it would settle with ever more calls."""
        return wilson(self.count, self.among)

    @property
    def words(self) -> str:
        """`92%`, with as many digits as its range allows; of few calls `3 of 4`."""
        if not self.enough:
            return f"{self.count:,} of {self.among:,}"
        return f"{100 * self.value:.{_digits(self.range)}f}%"

    @property
    def range_words(self) -> str:
        """`90 to 94%`."""
        digits = _digits(self.range)
        return f"{100 * self.range.low:.{digits}f} to {100 * self.range.high:.{digits}f}%"

    def against(self, other: "Share") -> "Difference":
        """How much more it is than another."""
        return Difference(self, other)


@dataclass(frozen=True)
class Difference:
    """How much more one share is than another; in points, which are hundredths."""

    of: Share
    to: Share

    @property
    def points(self) -> float:
        """What was seen."""
        return 100 * (self.of.value - self.to.value)

    @property
    def range(self) -> Range:
        """Where it would settle with ever more calls."""
        mine, other = self.of.range, self.to.range
        down = hypot(self.of.value - mine.low, other.high - self.to.value)
        up = hypot(mine.high - self.of.value, self.to.value - other.low)
        seen = self.points / 100
        return Range(100 * max(seen - down, -1), 100 * min(seen + up, 1))

    @property
    def verdict(self) -> Literal["few", "unsure", "higher", "lower"]:
        """What may be said of it: one rule, wherever versions are compared."""
        if not (self.of.enough and self.to.enough):
            return "few"
        if self.range.low > 0:
            return "higher"
        return "lower" if self.range.high < 0 else "unsure"

    @property
    def words(self) -> str:
        """`higher by 4 to 12 points`, or that one can't tell."""
        if self.verdict == "few":
            return TOO_FEW
        low, high = self.range
        digits = _digits(Range(low / 100, high / 100))
        if self.verdict == "unsure":
            seen, least, most = (_signed(points, digits) for points in (self.points, low, high))
            return f"{seen} points ({least} to {most}): can't tell yet"
        near, far = sorted((abs(low), abs(high)))
        return f"{self.verdict} by {_at_least(near, digits)} to {far:.{digits}f} points"


def _digits(share: Range) -> int:
    """Digits behind the point that mean something: none for a range of several points."""
    points = 100 * (share.high - share.low)
    return 0 if points >= 3 else 1 if points >= 0.3 else 2  # noqa: PLR2004 (three steps, each a tenth of the last)


def _signed(points: float, digits: int) -> str:
    """`+4` or `0`; less than nothing has a true minus."""
    text = f"{abs(points):.{digits}f}"
    if not float(text):
        return text
    return ("+" if points > 0 else "\N{MINUS SIGN}") + text


def _at_least(points: float, digits: int) -> str:
    """What is more than nothing is never written as nothing."""
    text = f"{points:.{digits}f}"
    return text if float(text) else f"less than {10**-digits:.{digits}f}"


@dataclass(frozen=True)
class Spread:
    """How many values lie in each class; a class ends where the next begins, and the last has no end."""

    counts: Sequence[int]
    ends: Sequence[int]

    @property
    def median(self) -> float | None:
        """The value that half of them are below, to within its class; None if it lies in the last."""
        return self._value(sum(self.counts) / 2)

    @property
    def median_range(self) -> tuple[float | None, float | None]:
        """Where the median would settle with ever more values; None for an end that lies in the last class."""
        total = sum(self.counts)
        reach = Z * sqrt(total) / 2
        return self._value(max(total / 2 - reach, 0)), self._value(min(total / 2 + reach, total))

    def _value(self, place: float) -> float | None:
        """The value at a place among all of them, as if those of a class lay evenly in it."""
        below, begin = 0, 0
        for count, end in zip(self.counts, self.ends, strict=False):
            if count and below + count >= place:
                return begin + (place - below) / count * (end - begin)
            below, begin = below + count, end
        return None
