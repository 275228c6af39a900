"""Two people's changes since the same start, merged: texts by words, settings and tools by field, the rest chosen."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentversions.configuration import BLANK, MAX_TOOLS
from agentversions.documents import Document, changed, write
from agentversions.merging import Choice, Merge, Part, merge, merge_texts
from agentversions.refusals import Hostile, Invalid, TooLarge, Undecided

MINE, THEIRS = Choice("mine"), Choice("theirs")
texts = st.lists(st.sampled_from(["We", "open", "at", "nine", " ", " ", "\n", "\n\n", ".", "é", "⟦", "⟧"])).map("".join)


def merged(base: str, mine: str, theirs: str) -> str:
    """The merged text, marks and all."""
    return "".join(part.merged for part in merge_texts(base, mine, theirs))


def contradict(parts: list[Part]) -> bool:
    """Whether somebody has to choose."""
    return any(part.kind == "conflict" for part in parts)


class TestTexts:
    @given(texts, texts)
    def test_where_only_one_changed_theirs_or_mine_is_all_there_is(self, base: str, changed: str) -> None:
        assert merged(base, changed, base) == changed
        assert merged(base, base, changed) == changed

    @given(texts, texts)
    def test_the_same_change_by_both_is_made_once(self, base: str, changed: str) -> None:
        assert merged(base, changed, changed) == changed

    @given(texts, texts, texts)
    @example("a b", "a x b", "a y b")
    def test_every_character_of_each_is_in_a_part(self, base: str, mine: str, theirs: str) -> None:
        parts = merge_texts(base, mine, theirs)

        assert "".join(part.base for part in parts) == base
        assert "".join(part.mine for part in parts) == mine
        assert "".join(part.theirs for part in parts) == theirs
        for part in parts:
            assert part.kind == "conflict" or part.merged in (part.mine, part.theirs)
            assert part.kind != "same" or part.mine == part.theirs == part.base
            assert part.kind != "mine" or part.theirs == part.base
            assert part.kind != "theirs" or part.mine == part.base

    @given(texts, texts, texts)
    def test_it_doesnt_matter_who_is_who_unless_they_contradict_each_other(
        self, base: str, mine: str, theirs: str
    ) -> None:
        one, other = merge_texts(base, mine, theirs), merge_texts(base, theirs, mine)

        assert contradict(one) == contradict(other)
        if not contradict(one):
            assert "".join(part.merged for part in one) == "".join(part.merged for part in other)

    @given(st.data(), st.integers(4, 60), st.sampled_from([" ", "\n", ". "]))
    def test_changes_apart_from_each_other_are_all_made(self, data: Any, count: int, between: str) -> None:
        base = [f"word{n}" for n in range(count)]
        places = data.draw(st.lists(st.integers(0, count - 1), unique=True, min_size=2, max_size=6))
        places = [at for at in places if not {at - 1, at - 2} & set(places)]
        mine, theirs, both = list(base), list(base), list(base)
        for turn, at in enumerate(places):
            text = data.draw(st.sampled_from(["", f"new{at}", f"word{at} and{at} more{at}"]))
            (mine if turn % 2 else theirs)[at] = both[at] = text

        assert merged(*(between.join(words) for words in (base, mine, theirs))) == between.join(both)

    def test_two_words_of_one_line(self) -> None:
        assert (
            merged(
                "We open at nine and close at five.",
                "We open at eight and close at five.",
                "We open at nine and close at six.",
            )
            == "We open at eight and close at six."
        )

    def test_two_lines_beside_each_other(self) -> None:
        assert merged("- one\n- two\n", "- first\n- two\n", "- one\n- second\n") == "- first\n- second\n"

    @pytest.mark.parametrize(
        ("base", "mine", "theirs"),
        [
            ("We open at nine.", "We open at eight.", "We open at ten."),
            ("Say hello.", "Say hello. Be brief.", "Say hello. Be kind."),
            ("a\nb\nc\n", "a\nc\n", "a\nB\nc\n"),
            ("", "Mine", "Theirs"),
            ("at nine sharp", "at ten sharp", "at nine exactly"),
        ],
        ids=["word", "end", "removed and changed", "from nothing", "words beside each other"],
    )
    def test_what_contradicts_each_other_is_marked_whole(self, base: str, mine: str, theirs: str) -> None:
        parts = merge_texts(base, mine, theirs)

        [part] = [part for part in parts if part.kind == "conflict"]
        assert part.merged == f"⟦mine: {part.mine}⟧⟦theirs: {part.theirs}⟧"

    def test_long_texts_that_differ_everywhere_are_one_choice(self) -> None:
        base, mine, theirs = ("\n".join(f"{word} {n} {word}" for n in range(4_000)) for word in ("ab", "cd", "ef"))

        assert contradict(merge_texts(base, mine, theirs))


BYE: Document = {"id": "bye", "kind": "hang_up", "name": "bye", "description": "When done."}
FIND: Document = {"id": "find", "kind": "function", "name": "find", "description": "", "url": "https://a.example/"}
START = changed(write(BLANK), {"prompt": "We open at nine and close at five.", "tools": [BYE, FIND]})


def of(mine: dict[str, Any], theirs: dict[str, Any], unparsed: dict[str, str] | None = None) -> Merge:
    """What the two make of START."""
    return merge(START, changed(START, mine), changed(START, theirs), unparsed or {})


def told(merge: Merge) -> list[tuple[str, str]]:
    """Which settings differ, and what becomes of each."""
    return [(row.path, row.how) for row in merge.rows]


class TestSettings:
    def test_only_theirs_is_taken_only_mine_is_kept_and_the_same_is_nobodys(self) -> None:
        merge = of({"greeting": "Hi", "language": "de-DE"}, {"voice.speed": 1.5, "language": "de-DE"})

        assert told(merge) == [("greeting", "mine"), ("voice.speed", "theirs")]
        document, unparsed = merge.resolved({})
        assert (document["greeting"], document["voice"]["speed"], document["language"]) == ("Hi", 1.5, "de-DE")
        assert unparsed == {}
        assert merge.undone == ["Speed"]

    def test_texts_are_merged_and_the_merge_may_be_overruled(self) -> None:
        merge = of({"prompt": "We open at eight and close at five."}, {"prompt": "We open at nine and close at six."})

        assert told(merge) == [("prompt", "merged")]
        assert merge.resolved({})[0]["prompt"] == "We open at eight and close at six."
        assert merge.resolved({"prompt": MINE})[0]["prompt"] == "We open at eight and close at five."
        assert merge.resolved({"prompt": THEIRS})[0]["prompt"] == "We open at nine and close at six."
        assert merge.resolved({"prompt": Choice("text", "Closed.\r\n")})[0]["prompt"] == "Closed.\n"

    def test_two_values_of_one_setting_are_chosen(self) -> None:
        merge = of({"voice.speed": 1.2}, {"voice.speed": 1.5})

        with pytest.raises(Undecided, match="Speed"):
            merge.resolved({})
        assert merge.resolved({"voice.speed": MINE})[0]["voice"]["speed"] == 1.2
        assert merge.resolved({"voice.speed": THEIRS})[0]["voice"]["speed"] == 1.5

    def test_a_list_that_merges_into_what_cant_be_read_is_chosen(self) -> None:
        many = [f"word{n}" for n in range(150)]
        merge = of({"transcriber.keywords": [*many, "end"]}, {"transcriber.keywords": ["start", *many[::-1]]})

        assert told(merge) == [("transcriber.keywords", "conflict")]

    def test_a_text_with_marks_left_in_it_is_undecided(self) -> None:
        merge = of({"prompt": "We open at eight."}, {"prompt": "We open at ten."})
        [row] = merge.rows

        assert row.how == "conflict"
        for left in (row.merged, row.merged.replace("⟦mine: ", ""), "⟦theirs: x"):
            with pytest.raises(Undecided):
                merge.resolved({"prompt": Choice("text", left)})
        assert merge.resolved({"prompt": Choice("text", "We open at ⟦.")})[0]["prompt"] == "We open at ⟦."

    def test_brackets_that_a_person_typed_are_no_marks(self) -> None:
        merge = of({"prompt": "Say ⟦x⟧ at eight."}, {"prompt": "We open at ten."})

        assert merge.resolved({"prompt": Choice("text", "Say ⟦x⟧ at ten.")})[0]["prompt"] == "Say ⟦x⟧ at ten."

    def test_what_this_release_doesnt_know_is_theirs_where_only_they_changed_it(self) -> None:
        base = changed(START, {"mood": "calm", "voice.pitch": 1})
        theirs = changed(base, {"mood": "glad", "voice.pitch": 2})

        assert merge(base, base, theirs, {}).resolved({})[0] == theirs
        assert merge(base, changed(base, {"mood": "sad"}), theirs, {}).resolved({})[0]["mood"] == "sad"

    def test_a_text_that_is_no_value_yet_stays_mine(self) -> None:
        document, unparsed = of({}, {"greeting": "Hi"}, {"voice.speed": "1e"}).resolved({})

        assert (document["greeting"], unparsed) == ("Hi", {"voice.speed": "1e"})

    def test_a_text_that_is_no_value_yet_is_chosen_where_they_changed_the_setting(self) -> None:
        merge = of({}, {"voice.speed": 1.5}, {"voice.speed": "1e"})

        assert told(merge) == [("voice.speed", "conflict")]
        assert merge.resolved({"voice.speed": MINE})[1] == {"voice.speed": "1e"}
        document, unparsed = merge.resolved({"voice.speed": THEIRS})
        assert (document["voice"]["speed"], unparsed) == (1.5, {})

    @pytest.mark.parametrize(
        "choices",
        [
            {"no.such": MINE},
            {"greeting": MINE},
            {"language": MINE},
            {"voice.speed": Choice("text", "1.3")},
            {"voice.speed": MINE, "prompt": Choice("text", "a\x00b")},
        ],
        ids=["unknown", "only theirs", "unchanged", "no text", "hostile"],
    )
    def test_choices_that_no_page_of_ours_sends_are_refused(self, choices: dict[str, Choice]) -> None:
        merge = of({"voice.speed": 1.2, "prompt": "One"}, {"voice.speed": 1.5, "greeting": "Hi", "prompt": "Two"})

        with pytest.raises((Hostile, Invalid)):
            merge.resolved({"prompt": MINE, "voice.speed": MINE} | choices)

    def test_a_text_that_is_no_value_or_too_large_is_refused(self) -> None:
        merge = of({"prompt": "One"}, {"prompt": "Two"})

        with pytest.raises(Invalid, match="Prompt: At most 60,000 characters"):
            merge.resolved({"prompt": Choice("text", "x" * 60_001)})
        with pytest.raises(TooLarge):
            of({}, {"greeting": "Hi"}, {"prompt": "x" * 400_001}).resolved({})


class TestTools:
    def test_are_merged_by_id_and_then_by_field(self) -> None:
        merge = of({"tools": [BYE | {"name": "leave"}, FIND]}, {"tools": [BYE | {"description": "At once."}, FIND]})

        assert told(merge) == [("tools.bye.name", "mine"), ("tools.bye.description", "theirs")]
        assert merge.resolved({})[0]["tools"] == [BYE | {"name": "leave", "description": "At once."}, FIND]

    def test_those_of_both_come_and_those_that_either_removed_go(self) -> None:
        mine, theirs = BYE | {"id": "a1", "name": "one"}, BYE | {"id": "a2", "name": "two"}
        merge = of({"tools": [BYE, mine]}, {"tools": [theirs, FIND]})

        assert told(merge) == [
            ("tools.a2", "theirs"),
            ("tools.find", "mine"),
            ("tools.bye", "theirs"),
            ("tools.a1", "mine"),
        ]
        assert merge.resolved({})[0]["tools"] == [theirs, mine]

    @pytest.mark.parametrize("mine_removed", [True, False])
    def test_what_one_removed_and_the_other_changed_is_chosen(self, mine_removed: bool) -> None:  # noqa: FBT001
        removed, changed = {"tools": [FIND]}, {"tools": [BYE | {"name": "leave"}, FIND]}
        merge = of(removed, changed) if mine_removed else of(changed, removed)

        assert told(merge) == [("tools.bye", "conflict")]
        for side, gone in ((MINE, mine_removed), (THEIRS, not mine_removed)):
            assert merge.resolved({"tools.bye": side})[0]["tools"] == (removed if gone else changed)["tools"]

    def test_an_order_that_one_changed_is_taken_and_of_two_one_is_chosen(self) -> None:
        third = BYE | {"id": "c"}
        start = changed(START, {"tools": [BYE, FIND, third]})

        def ordered(*tools: Document) -> Document:
            return changed(start, {"tools": list(tools)})

        new = BYE | {"id": "new"}
        theirs = merge(start, ordered(BYE, FIND, third, new), ordered(third, FIND, BYE), {})
        both = merge(start, ordered(FIND, BYE, third), ordered(third, FIND, BYE), {})
        assert told(theirs) == [("tools.new", "mine"), ("tools", "theirs")]
        assert theirs.resolved({})[0]["tools"] == [third, new, FIND, BYE]
        assert told(both) == [("tools", "conflict")]
        assert both.resolved({"tools": THEIRS})[0]["tools"] == [third, FIND, BYE]
        assert both.resolved({"tools": MINE})[0]["tools"] == [FIND, BYE, third]

    def test_a_kind_that_this_release_doesnt_know_is_merged_whole(self) -> None:
        magic = {"id": "m", "kind": "magic", "name": "wand"}
        start = changed(START, {"tools": [magic]})
        theirs = changed(START, {"tools": [magic | {"power": 9}]})

        assert merge(start, start, theirs, {}).resolved({})[0]["tools"] == [magic | {"power": 9}]

    def test_my_text_that_is_no_value_yet_goes_with_its_tool(self) -> None:
        open_text = {"tools.bye.name": "half a na"}
        merge = of({}, {"tools": [FIND]}, open_text)

        assert told(merge) == [("tools.bye", "conflict")]
        assert merge.resolved({"tools.bye": THEIRS})[1] == {}
        assert merge.resolved({"tools.bye": MINE})[1] == open_text

    def test_more_than_an_agent_may_have_are_refused(self) -> None:
        many = [BYE | {"id": f"a{n}"} for n in range(MAX_TOOLS - 2)]
        others = [BYE | {"id": f"b{n}"} for n in range(3)]

        with pytest.raises(Invalid, match=f"{MAX_TOOLS + 1} tools; an agent has at most {MAX_TOOLS}"):
            of({"tools": [BYE, FIND, *many]}, {"tools": [BYE, FIND, *others[:1]]}).resolved({})
