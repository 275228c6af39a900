"""What one person types can't hold up everybody: each of these took from seconds to minutes once, and is quick now."""

import pytest

from agentversions import exchange, typed
from agentversions.configuration import setting
from agentversions.differences import differences
from agentversions.merging import Choice, merge
from agentversions.refusals import Undecided
from agentversions.searching import Sought, Text
from agentversions.values import Unreadable


@pytest.mark.parametrize("digit", ["๑", "၁", "១", "\U0001d7d9", "1", "1.", "1:"])
def test_a_long_run_of_any_scripts_digits_is_compared(digit: str) -> None:
    before, after = digit * 40_000, digit * 40_000 + " and more"

    pieces = differences(before, after)

    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


@pytest.mark.parametrize("sign", [".", "["])
def test_a_file_whose_key_is_all_places_within_places(sign: str) -> None:
    brought = exchange.bring('{"firstMessage": "Hello", "model": {"messages": []}, "%s": 1}' % (("a" + sign) * 150_000))

    assert brought.configuration.greeting == "Hello"


def test_a_text_that_nearly_holds_what_is_sought_everywhere() -> None:
    sought = Sought("a " * 140 + "bb")
    text = "a " * 200_000 + "b"

    assert not sought.within(text)
    assert sought.within(f"{text}b")
    assert sought.excerpt(Text("prompt", "Prompt", f"{text}b")).found == ("a " * 140 + "bb")


def test_many_more_lines_than_a_list_has() -> None:
    variables = setting("variables")
    assert variables is not None

    with pytest.raises(Unreadable, match=r"At most 100 entries\."):
        variables.parse("a\n" * 190_000)
    assert typed.read({"variables": "a\n" * 190_000}).problems == {"variables": "At most 100 entries."}


def test_marks_without_end_in_a_merged_text() -> None:
    merged = merge({"prompt": "one"}, {"prompt": "two ⟧"}, {"prompt": "three"}, {})

    with pytest.raises(Undecided):
        merged.resolved({"prompt": Choice("text", "⟦mine: " + "⟧" * 390_000)})
