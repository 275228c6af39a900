"""Every setting: what a person types becomes a value, and the value is written as it would be typed."""

from typing import Any

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agentversions import typed
from agentversions.comparison import compare, labels, value_at
from agentversions.configuration import BLANK, SECTIONS, Configuration, setting
from agentversions.configuration import settings as all_settings
from agentversions.documents import changed, check, read, write
from agentversions.starters import STARTERS
from agentversions.tools import KINDS
from agentversions.values import Leaf, Unreadable, leaves

EVERY = {leaf.path: leaf for leaf in all_settings()} | {
    f"{kind}.{leaf.path}": leaf for kind, (_, model) in KINDS.items() for leaf in leaves(model)
}
OF_AGENTS = [leaf.path for leaf in all_settings()]

ANY = {"any text": "  Hello,\n\n  wörld \u2028 = : ( ) {{x}} 😀 ", "nothing": "", "spaces": "   "}
TYPED: dict[str, list[str]] = {
    "text": ["Rachel", " Rachel ", "en-GB", "Europe/London", "+44 113 496 0101", "https://a.example/x?y=1#z"],
    "sentence": ["Hello.", " Hello \n you "],
    "prompt": ["You are kind.\n\n  - be brief\n", "x" * 60_000],
    "lines": [
        "one\n\n two \nthree",
        "name = default\nother",
        "order (yes no) = Whether = it is\nday (date)",
        "Accept: */*\nAuthorization: {{secret.CRM_TOKEN}}",
        "Siobhan = shi VAWN",
    ],
    "code": ['{"type":"object","properties":{"a":{"default":1e22}}}', "{}", '{"a": "é\\u2028"}'],
    "number": ["1", "1.0", "0.30000000000000004", " 2 ", "1e2", "60", "1_000", "-0.0", "0"],
    "choice": ["agent", "caller", "any", "speech", "none", "off", "office", "POST", "GET"],
    "switch": ["on", ""],
}


def read_or_skip(leaf: Leaf, text: str) -> Any:
    """The text's value; a text that is none says nothing here."""
    try:
        return leaf.parse(text)
    except Unreadable:
        reject()


@pytest.mark.parametrize("path", EVERY)
class TestEverySetting:
    def test_is_written_as_it_can_be_typed(self, path: str) -> None:
        leaf = EVERY[path]
        read_any = False
        for text in [*ANY.values(), *TYPED[leaf.setting.widget]]:
            try:
                value = leaf.parse(text)
            except Unreadable:
                continue
            read_any = True
            assert leaf.parse(leaf.text(value)) == value
        assert read_any

    def test_writes_its_default_as_it_can_be_typed(self, path: str) -> None:
        leaf = EVERY[path]

        assert leaf.parse(leaf.text(leaf.default)) == leaf.default

    def test_has_a_label_and_no_more_words_than_choices(self, path: str) -> None:
        leaf = EVERY[path]

        assert leaf.setting.label
        assert "." in path or leaf.setting.section in SECTIONS
        assert bool(leaf.choices) == (leaf.setting.widget == "choice")

    @pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "\x1b[2J", "\x7f"])
    def test_takes_nothing_that_can_not_be_stored(self, path: str, text: str) -> None:
        leaf = EVERY[path]
        if leaf.setting.widget == "switch":
            return  # any text is on, and none of it is kept

        with pytest.raises(Unreadable):
            leaf.parse(f"x{text}")


@given(st.sampled_from(sorted(EVERY)), st.text(max_size=60))
@example("variables", "a = b = c\nname=\n  x  ")
@example("extract", "a (text) = b\nb = (c)")
@example("transcriber.pronunciations", "a=b = c")
@settings(max_examples=500)
def test_any_text_that_is_a_value_is_written_as_it_can_be_typed(path: str, text: str) -> None:
    leaf = EVERY[path]
    value = read_or_skip(leaf, text)

    assert leaf.parse(leaf.text(value)) == value


@given(st.sampled_from(OF_AGENTS), st.text(max_size=30))
@settings(max_examples=300)
def test_any_text_that_is_a_value_is_one_that_a_version_accepts(path: str, text: str) -> None:
    leaf = EVERY[path]
    value = read_or_skip(leaf, text)

    document = changed(write(BLANK), {path: value})
    assert value_at(check(document), path) == value_at(read(document), path)


LISTS = [path for path, leaf in EVERY.items() if leaf.setting.widget == "lines"]
entries = st.one_of(
    st.text(max_size=8),
    st.dictionaries(
        st.sampled_from(["name", "default", "word", "say", "type", "description", "value"]),
        st.one_of(st.text(max_size=8), st.sampled_from(["a", "b", "=", " a", "a\nb", "a\u2028", "en", "text", "(x)"])),
        max_size=4,
    ),
)


@given(st.sampled_from(LISTS), st.lists(entries, max_size=3))
@example("variables", [{"name": "a", "default": " b"}])
@example("extract", [{"name": "a", "description": "b\nc"}])
@example("transcriber.keywords", ["a", ""])
@example("transcriber.pronunciations", [{"word": "a=b", "say": "c"}])
@settings(max_examples=400)
def test_an_entry_that_was_never_typed_is_refused_unless_it_could_have_been(path: str, given_: list[Any]) -> None:
    leaf = EVERY[path]
    try:
        value = leaf.adapter.dump_python(leaf.adapter.validate_python(given_), mode="json")
    except ValidationError:
        return

    assert leaf.parse(leaf.text(value)) == value


@pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
def test_a_template_that_is_shown_and_sent_back_is_unchanged(starter: Any) -> None:
    document = write(starter.configuration)
    fields = {leaf.path: leaf.text(deep(document, leaf.path)) for leaf in all_settings()}
    fields["tools"] = ",".join(tool["id"] for tool in document["tools"])
    for tool in document["tools"]:
        fields[f"tools.{tool['id']}.kind"] = tool["kind"]
        for leaf in leaves(KINDS[tool["kind"]][1]):
            fields[f"tools.{tool['id']}.{leaf.path}"] = leaf.text(tool[leaf.path])

    said = typed.read(fields)

    assert said.unparsed == {}
    assert changed({**document, "tools": said.tools}, said.values) == document


def deep(document: Any, path: str) -> Any:
    """The value at a path of a document."""
    for name in path.split("."):
        document = document[name]
    return document


SAID = [
    ("voice.speed", "1e", "Type a number, such as 1.5."),
    ("voice.speed", "nan", "Type a number, such as 1.5."),
    ("voice.speed", "inf", "Type a number, such as 1.5."),
    ("voice.speed", "9", "At most 4."),
    ("voice.speed", "0", "At least 0.25."),
    ("max_length", "1.5", "Type a whole number."),
    ("max_length", "soon", "Type a whole number."),
    ("max_length", "9" * 5000, "Type a whole number."),
    ("max_length", "20", "At least 30."),
    ("first_speaker", "nobody", "Choose one of the list."),
    ("greeting", "x" * 2_001, "At most 2,000 characters."),
    ("greeting", "\x07", "Remove the invisible control characters."),
    ("time_zone", "Mars/Olympus", "Choose a time zone such as Europe/London."),
    ("time_zone", "../../etc/passwd", "Choose a time zone such as Europe/London."),
    ("variables", "ok = 1\n2 = bad", "Line 2: Use letters, digits, - and _ only."),
    ("transcriber.pronunciations", "Siobhan", "Write each line as: word = how to say it."),
    ("extract", "a (colour)", "Line 1: Choose one of the list."),
    ("transcriber.keywords", "\n".join("x" * 201), "At most 200 entries."),
    ("function.url", "ftp://x.example", "Type an address such as https://crm.example.com/slots."),
    ("function.url", "https://[", "Type an address such as https://crm.example.com/slots."),
    (
        "function.headers",
        "Authorization: Bearer abc",
        "Line 1: A header's value must be {{secret.NAME}} or a plain one",
    ),
    ("function.parameters", '{\n"a" 1}', "Line 2, column 5: Expecting ':' delimiter."),
    ("function.name", "two words", "Use letters, digits, - and _ only."),
]


@pytest.mark.parametrize(("path", "text", "sentence"), SAID, ids=[f"{path} {text[:12]!r}" for path, text, _ in SAID])
def test_what_is_no_value_is_said_in_words(path: str, text: str, sentence: str) -> None:
    with pytest.raises(Unreadable) as told:
        EVERY[path].parse(text)

    assert str(told.value).startswith(sentence)


@pytest.mark.parametrize(("path", "text"), [("voice.speed", ""), ("max_length", " "), ("function.parameters", "")])
def test_nothing_typed_is_the_default(path: str, text: str) -> None:
    assert EVERY[path].parse(text) == EVERY[path].default


def test_an_unknown_path_is_no_setting() -> None:
    assert setting("voice.speed")
    assert setting("voice") is None
    assert setting("tools") is None


class TestComparing:
    def test_two_are_the_same_exactly_when_nothing_differs(self) -> None:
        assert compare(BLANK, Configuration()) == []

    @pytest.mark.parametrize("path", OF_AGENTS)
    def test_every_setting_is_compared(self, path: str) -> None:
        leaf = EVERY[path]
        for text in [*TYPED[leaf.setting.widget], "2"]:
            try:
                other = read(changed(write(BLANK), {path: leaf.parse(text)}))
            except Unreadable:
                continue
            if other != BLANK:
                change = compare(BLANK, other)
                assert [(found.path, found.label) for found in change] == [(path, leaf.setting.label)]
                assert (change[0].before, change[0].after) == (value_at(BLANK, path), value_at(other, path))
                return
        pytest.fail("no other value was found")

    def test_tools_are_compared_by_their_ids(self) -> None:
        def tools(*rows: dict[str, Any]) -> Configuration:
            return Configuration.model_validate({"tools": rows})

        bye, find = {"kind": "hang_up", "id": "a", "name": "bye"}, {"kind": "mcp", "id": "b", "name": "find"}
        assert labels(compare(tools(bye), tools(bye, find))) == ["Tool find"]
        assert labels(compare(tools(bye, find), tools(find))) == ["Tool bye"]
        assert labels(compare(tools(bye), tools({**bye, "name": "end"}))) == ["Tool end"]
        assert labels(compare(tools(bye, find), tools(find, bye))) == ["Order of the tools"]
        assert labels(compare(tools(), tools({**bye, "name": ""}))) == ["Tool without a name"]
        added, removed = compare(tools(bye), tools(find))
        assert (added.before, added.after, removed.after) == (None, tools(find).tools[0], None)

    def test_each_label_is_told_once(self) -> None:
        one = Configuration.model_validate({"tools": [{"kind": "hang_up", "id": "a"}, {"kind": "hang_up", "id": "b"}]})

        assert labels(compare(BLANK, one)) == ["Tool without a name"]
