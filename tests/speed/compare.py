"""How long comparing two texts takes: `python -m tests.speed.compare`. Run by hand; figures depend on the machine.

Each line: the texts, milliseconds, and the ratio to the standard library's difflib over the same words, where that
ends in reasonable time.
"""

import random
import re
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import cycle, islice
from time import perf_counter

from agentversions.differences import differences

ROUNDS = 3
WORDS = (
    *("the", "clinic", "opens", "at", "nine", "and", "closes", "five", "when", "doctor", "is", "away", "call", "ask"),
    *("for", "name", "birth", "date", "of", "patient", "before", "you", "book", "an", "appointment", "never", "show"),
)
DIFFLIB_ENDS = 25_000
"""Characters up to which difflib is waited for."""


def prompt(size: int, dice: random.Random) -> str:
    """Numbered rules of two sentences each."""
    lines: list[str] = []
    while sum(map(len, lines)) + len(lines) < size:
        sentences = [" ".join(dice.choices(WORDS, k=dice.randrange(6, 16))).capitalize() + "." for _ in range(2)]
        lines.append(f"{len(lines) + 1}. {' '.join(sentences)}")
    return "\n".join(lines)[:size]


def word_in_every_line(text: str, dice: random.Random) -> str:
    """Another word somewhere in each line."""
    lines = [line.split(" ") for line in text.split("\n")]
    for words in lines:
        words[dice.randrange(len(words))] = f"other{dice.randrange(99)}"
    return "\n".join(map(" ".join, lines))


def every_third_word(text: str) -> str:
    """Every third word in capitals."""
    return re.sub(r"(\S+\s+\S+\s+)(\S+)", lambda found: found[1] + found[2].upper(), text)


def pairs() -> Iterator[tuple[str, str, str]]:
    """What is compared: a name, and two texts."""
    dice = random.Random(5)
    for size in (10_000, 20_000, 60_000):
        text, name = prompt(size, dice), f"{size // 1000} kB"
        line = text.replace("\n", " ")
        half = len(text) // 2
        yield f"{name}, one word", text, text[:half] + " new " + text[half:]
        yield f"{name}, one word in every line", text, word_in_every_line(text, dice)
        yield f"{name}, every third word", text, every_third_word(text)
        yield f"{name}, another text", text, prompt(size, dice)
        yield f"{name} on one line, one word", line, line[:half] + " new " + line[half:]
        yield f"{name} on one line, every third word", line, every_third_word(line)
        yield f"{name}, halves swapped", text, text[half:] + text[:half]
    signs = "".join(chr(0x4E00 + int(dice.paretovariate(0.8)) % 3000) for _ in range(60_000))
    yield "60,000 signs without spaces, every tenth", signs, re.sub("(.{9}).", r"\1新", signs)
    yield "60,000 signs without spaces, another text", signs, "".join(dice.sample(signs, len(signs)))
    for size, letters in ((14_000, "ab"), (30_000, "ab"), (200_000, "ab"), (30_000, "abcdefgh")):
        one, two = (" ".join(dice.choices(letters, k=size)) for _ in range(2))
        yield f"{size:,} words of {len(letters)} letters, shuffled", one, two
    yield "100,000 empty lines, a word between", "\n" * 100_000, "x\n" * 100_000
    one, two = ("\n".join(dice.choices("ab", k=100_000)) for _ in range(2))
    yield "100,000 lines of 2 letters, shuffled", one, two
    yield "100,000 words, a space more each", " a" * 100_000, "  a" * 100_000
    yield "400,000 letters without a space", "x" * 400_000, "y" * 400_000
    yield "400,000 dots", "." * 400_000, "".join(islice(cycle(".!"), 400_000))
    yield "400 kB on one line, another text", prompt(400_000, dice).replace("\n", " "), prompt(400_000, dice)


def milliseconds(before: str, after: str) -> float:
    """The best of some rounds."""
    found = []
    for _ in range(ROUNDS):
        start = perf_counter()
        differences(before, after)
        found.append((perf_counter() - start) * 1000)
    return min(found)


def with_difflib(before: str, after: str) -> float:
    """The same words, compared by the standard library."""
    old, new = (re.findall(r"\s+|\w+|[^\w\s]", text) for text in (before, after))
    start = perf_counter()
    SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return (perf_counter() - start) * 1000


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{'':44}{'ms':>8}{'difflib':>10}\n")
    for name, before, after in pairs():
        took = milliseconds(before, after)
        beside = f"{with_difflib(before, after) / took:8.1f} x" if len(before) <= DIFFLIB_ENDS else ""
        sys.stdout.write(f"{name:44}{took:8.1f}{beside:>10}\n")


if __name__ == "__main__":
    main()
