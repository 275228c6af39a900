"""Which words differ between two texts: exact, readable, and in bounded time whatever the texts."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentversions.differences import MOST_PIECES, Piece, coarser, differences, shortened

TEXTS = st.text("ab \n.\t\u00a0\u200de\u0301時👍🏽", max_size=80)
PROSE = st.lists(st.sampled_from(["Say", "hello", "to", "the", "caller", ".", "\n", "  ", "{{name}}"]), max_size=60)


def drawn(before: str, after: str) -> str:
    """The pieces as one line: [taken out] and {put in}."""
    frames = {"same": "{}", "removed": "[{}]", "added": "{{{}}}"}
    return "".join(frames[piece.kind].format(piece.text) for piece in differences(before, after))


def rebuilt(pieces: list[Piece]) -> tuple[str, str]:
    """Both texts, read from the pieces."""
    before = "".join(piece.text for piece in pieces if piece.kind != "added")
    after = "".join(piece.text for piece in pieces if piece.kind != "removed")
    return before, after


class TestPieces:
    @given(TEXTS, TEXTS)
    def test_both_texts_can_be_read_from_the_pieces(self, before: str, after: str) -> None:
        assert rebuilt(differences(before, after)) == (before, after)

    @given(PROSE, PROSE)
    def test_sentences_too_and_no_two_neighbours_are_of_a_kind(self, before: list[str], after: list[str]) -> None:
        old, new = " ".join(before), " ".join(after)
        pieces = differences(old, new)

        assert rebuilt(pieces) == (old, new)
        assert all(piece.text for piece in pieces)
        follow = {"same": ("removed", "added"), "removed": ("added", "same"), "added": ("same",)}
        assert all(two.kind in follow[one.kind] for one, two in pairwise(pieces))

    @given(TEXTS)
    def test_a_text_and_itself_have_nothing_that_differs(self, text: str) -> None:
        assert all(piece.kind == "same" for piece in differences(text, text))

    @given(TEXTS, TEXTS)
    def test_texts_that_differ_never_look_the_same(self, before: str, after: str) -> None:
        assert before == after or any(piece.kind != "same" for piece in differences(before, after))

    @given(TEXTS, TEXTS, st.integers(1, 12))
    def test_fewer_pieces_are_still_the_same_texts(self, before: str, after: str, most: int) -> None:
        pieces = coarser(differences(before, after), most)

        assert rebuilt(pieces) == (before, after)
        assert len(pieces) <= max(most, 2)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("We open at nine.\nBye.", "We open at eight.\nBye.", "We open at [nine]{eight}.\nBye."),
        ("", "Hello.", "{Hello.}"),
        ("It costs 9.50 at 9:30.", "It costs 9.75 at 9:45.", "It costs [9.50]{9.75} at [9:30]{9:45}."),
        ("Say {{name}}, don't wait.", "Say {{caller}}, do wait.", "Say [{{name}}]{{{caller}}}, [don't]{do} wait."),
        ("One. Three.", "One. Two. Three.", "One. {Two. }Three."),
        ("It is open. It is shut.", "It is open. It is new. It is shut.", "It is open. {It is new. }It is shut."),
        ("One.\n\nTwo.\n", "One.\n\nNew.\n\nTwo.\n", "One.\n\n{New.\n\n}Two.\n"),
    ],
)
def test_the_words_that_changed_and_no_others(before: str, after: str, told: str) -> None:
    assert drawn(before, after) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Wait. ", "Wait.", "Wait.[ ]"),
        ("a  b", "a b", "a [ ]b"),
        ("a\n\n\nb", "a\nb", "a\n[\n\n]b"),
        ("a\tb", "a b", "a[\t]{ }b"),
        ("9 to 5", "9\u00a0to 5", "9[ ]{\u00a0}to 5"),
        ("call\u200bback", "callback", "[call\u200bback]{callback}"),
        (" ", "   ", " {  }"),
    ],
)
def test_space_alone_is_a_difference(before: str, after: str, told: str) -> None:
    assert drawn(before, after) == told


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("営業時間は九時からです。", "営業時間は十時からです。", "営業時間は[九]{十}時からです。"),
        ("สวัสดีค่ะ", "สวัสดีครับ", "สวัสดี[ค่ะ]{ครับ}"),
        ("Hi 👨‍👩‍👧!", "Hi 👨‍👩‍👦!", "Hi [👨‍👩‍👧]{👨‍👩‍👦}!"),
        ("ok 👍🏽", "ok 👍🏿", "ok [👍🏽]{👍🏿}"),
        ("🇩🇪🇫🇷", "🇩🇪🇮🇹", "🇩🇪[🇫🇷]{🇮🇹}"),
        ("the cafe\u0301 opens", "the café opens", "the [cafe\u0301]{café} opens"),
        ("नमस्ते दुनिया", "नमस्ते भारत", "नमस्ते [दुनिया]{भारत}"),
    ],
)
def test_no_letter_and_no_picture_is_torn_apart(before: str, after: str, told: str) -> None:
    assert drawn(before, after) == told


class TestLongTexts:
    def test_one_word_in_a_line_of_three_thousand(self) -> None:
        words = random.Random(3).choices(["call", "the", "clinic", "at", "nine", "or", "five"], k=3_000)
        changed = [*words[:1_500], "CHANGED", *words[1_501:]]

        pieces = differences(" ".join(words), " ".join(changed))

        assert [piece.kind for piece in pieces] == ["same", "removed", "added", "same"]
        assert pieces[2].text == "CHANGED"

    def test_a_moved_paragraph_is_taken_out_whole_and_put_in_whole(self) -> None:
        paragraphs = [f"Paragraph {n} has words of its own, as number {n} does.\n" for n in range(9)]
        moved = [*paragraphs[1:8], paragraphs[0], paragraphs[8]]

        changed = [piece for piece in differences("".join(paragraphs), "".join(moved)) if piece.kind != "same"]

        assert changed == [Piece("removed", paragraphs[0]), Piece("added", paragraphs[0])]

    def test_what_was_rewritten_isnt_shown_as_crumbs(self) -> None:
        before = "You help callers of the clinic and stay polite and calm whatever is said to you.\nBye."
        after = "Be brief; ask for the date, never promise a time; pass on what you cannot answer yourself.\nBye."

        assert [piece.kind for piece in differences(before, after)] == ["removed", "added", "same"]

    def test_lines_that_were_only_wrapped_again_keep_their_words(self) -> None:
        words = [f"word{n}" for n in range(400)]
        before = "\n".join(" ".join(words[at : at + 10]) for at in range(0, 400, 10))
        after = "\n".join(" ".join(words[at : at + 13]) for at in range(0, 400, 13))

        changed = "".join(piece.text for piece in differences(before, after) if piece.kind != "same")

        assert changed.isspace()

    @pytest.mark.parametrize(
        "letters", ["ab", "ab\n", "\n", ".", "\u200b", "時間"], ids=["words", "lines", "empty", "dots", "unseen", "cjk"]
    )
    def test_the_same_few_letters_over_and_over_are_still_compared(self, letters: str) -> None:
        dice = random.Random(7)
        before, after = (" ".join(dice.choices(letters, k=40_000)) + end for end in "xy")

        assert rebuilt(differences(before, after)) == (before, after)

    def test_there_are_never_more_pieces_than_can_be_drawn(self) -> None:
        before, after = " a" * 50_000, "  a" * 50_000

        pieces = differences(before, after)

        assert rebuilt(pieces) == (before, after)
        assert len(pieces) <= MOST_PIECES


def test_an_excerpt_keeps_what_stands_around_a_change() -> None:
    pieces = [Piece("same", "x" * 500), Piece("added", "new"), Piece("same", "y" * 500), Piece("removed", "old")]

    assert [len(piece.text) for piece in shortened(pieces, around=10)] == [13, 3, 23, 3]
