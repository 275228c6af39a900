"""A configuration as it lies in the database: the same digest everywhere, read leniently, checked strictly."""

import hashlib
import json
import math
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agentversions.configuration import BLANK, MAX_TOOLS, SCHEMA, Configuration
from agentversions.documents import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    Document,
    canonical,
    changed,
    check,
    digest,
    read,
    refuse_hostile,
    upgraded,
    write,
)
from agentversions.refusals import Hostile, Refused, TooLarge
from agentversions.starters import STARTERS
from agentversions.tools import KINDS, FunctionTool
from agentversions.values import settled
from tests.cast import Cast, save

storable = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
texts = st.text(storable, max_size=20)
numbers = st.one_of(
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e22, -0.0, 1.0, 1e308, 5e-324, 0.1 + 0.2, 2**53 + 1]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=15,
)
documents = st.dictionaries(texts, anything, max_size=5)


def shaped_like_ours() -> st.SearchStrategy[Document]:
    """Documents whose names are ours and whose values are anything, so that every corner of reading is met."""
    names = [*Configuration.model_fields, "mood"]
    inner_names = ["speed", "volume", "provider", "id", "name", "texts", "reminder_texts", "interruptions", "sound"]
    tool_names = ["id", "kind", "name", "url", "headers", "parameters", "number", "function", "mcp"]
    kinds = st.sampled_from([*KINDS, "fax"])
    tool = st.fixed_dictionaries(
        {"kind": kinds},
        optional={name: anything for name in tool_names if name != "kind"} | {"id": st.sampled_from(["a", "b", "B-"])},
    )
    value = st.one_of(
        anything,
        st.dictionaries(st.sampled_from(inner_names), anything, max_size=4),
        st.lists(st.one_of(tool, anything), max_size=4),
        st.lists(st.fixed_dictionaries({}, optional={"name": texts, "word": texts, "say": texts}), max_size=4),
    )
    return st.dictionaries(st.sampled_from(names), value, max_size=6)


def stored_and_back(document: object) -> Any:
    """The document as this database gives it back."""
    kind = "jsonb" if connection.vendor == "postgresql" else "text"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT CAST(CAST(%s AS {kind}) AS text)", [json.dumps(document)])
        return json.loads(cursor.fetchone()[0])


in_a_test = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)


class TestDigest:
    @in_a_test
    @given(documents)
    @example(
        {
            "a": 1e22,
            "b": -0.0,
            "c": 1.0,
            "d": 1e23,
            "e": 7.205759403792149e16,
            "ü": "é\u0301 \U0001f600 \u2028",
            "nested": [{"z": 1, "a": 0.30000000000000004}],
        }
    )
    @pytest.mark.django_db
    def test_is_the_same_before_and_after_the_database(self, document: Document) -> None:
        back = stored_and_back(document)

        assert digest(back) == digest(document)
        assert canonical(stored_and_back(settled(document))) == canonical(document)

    @given(documents)
    def test_settling_twice_is_settling_once(self, document: Document) -> None:
        assert json.dumps(settled(settled(document))) == json.dumps(settled(document))

    def test_can_be_computed_again_by_anyone(self) -> None:
        document = {"b": [1.0, True, None], "a": "é"}

        assert canonical(document) == '{"a":"é","b":[1,true,null]}'.encode()
        assert digest(document) == "sha256:" + hashlib.sha256('{"a":"é","b":[1,true,null]}'.encode()).hexdigest()

    def test_tells_true_from_one(self) -> None:
        assert digest({"a": True}) != digest({"a": 1})

    @pytest.mark.parametrize("starter", STARTERS)
    def test_of_a_version_is_that_of_the_row_that_came_back(self, cast: Cast, starter: str) -> None:
        del starter
        version = save(cast.agent, cast.ben, voice__speed="1", start_delay="0.30000000000000004", prompt="é\u0301")

        version.refresh_from_db()

        assert version.digest == digest(version.configuration)


class TestReading:
    @given(st.one_of(documents, shaped_like_ours(), anything))
    @example({"tools": [{"kind": "function", "id": "a", "function": {"id": 1}, "url": "ftp://x"}]})
    @example({"voice": {"speed": 10**400}, "max_length": 1e308})
    @example({"tools": [{"kind": "function", "id": "a", "parameters": {"a": 0.0}}]})
    @example({"prompt": {}, "tools": [{"kind": "mcp", "id": "a", "mcp": [], "headers": [None]}]})
    @example({"tools": [{"kind": "mcp", "mcp": {"id": 1}, "headers": [None]}]})
    @settings(max_examples=400)
    def test_never_fails_and_what_it_read_can_be_written_and_read_again(self, document: Any) -> None:
        configuration = read(document)

        assert read(write(configuration)) == configuration
        assert check(write(configuration)) == configuration

    @given(shaped_like_ours())
    def test_leaves_the_document_as_it_was(self, document: Document) -> None:
        before = json.dumps(document)

        read(document)

        assert json.dumps(document) == before

    @pytest.mark.parametrize("schema", [0, SCHEMA, SCHEMA + 1, 99])
    def test_takes_a_document_of_any_release(self, schema: int) -> None:
        document = {"prompt": "Hello", "mood": "sunny", "voice": {"speed": 2, "warmth": 3}}

        configuration = read(document, schema)

        assert (configuration.prompt, configuration.voice.speed) == ("Hello", 2)
        assert upgraded(document, schema) == document

    @pytest.mark.parametrize(
        ("document", "path", "value"),
        [
            ({"voice": {"speed": "fast", "volume": 2}}, "voice", {"speed": 1, "volume": 2}),
            ({"voice": "Rachel"}, "voice", {"speed": 1}),
            ({"max_length": 5}, "max_length", 1800),
            ({"tools": None}, "tools", []),
            ({"language": "Klingon!"}, "language", "en-US"),
            ({"time_zone": "Mars/Olympus"}, "time_zone", "UTC"),
            ({"transcriber": {"keywords": ["one", 2, "three", None]}}, "transcriber", {"keywords": ["one", "three"]}),
        ],
    )
    def test_a_value_it_can_not_accept_reads_as_the_default(self, document: Document, path: str, value: Any) -> None:
        configuration = read({"prompt": "Hello", **document})

        assert configuration.prompt == "Hello"
        found = write(configuration)[path]
        assert found == value or {name: found[name] for name in value} == value

    def test_a_bad_entry_takes_only_itself_away(self) -> None:
        good = {"kind": "hang_up", "id": "good", "name": "bye"}
        document = {
            "tools": [{"kind": "fax", "id": "a"}, {"kind": "hang_up"}, {"kind": "mcp", "id": "b", "url": "x"}, 5, good],
            "variables": [{"name": "1 bad"}, {"default": "nameless"}, {"name": "good"}],
        }

        configuration = read(document)

        assert [tool.id for tool in configuration.tools] == ["b", "good"]
        assert [variable.name for variable in configuration.variables] == ["good"]

    def test_reads_what_is_no_document_as_a_blank_one(self) -> None:
        values: list[Any] = [None, [], "text", 5, True]
        assert [read(value) for value in values] == [BLANK] * 5

    def test_finds_a_call_length_for_routing_even_where_there_is_none(self, cast: Cast) -> None:
        assert save(cast.agent, cast.ben).longest_call == 1800
        assert save(cast.agent, cast.ben, max_length="600").longest_call == 600


def nested(depth: int) -> Any:
    """A list in a list in a list …"""
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def tool(**values: object) -> Document:
    """A document with one function, which has these values."""
    return {"tools": [{"kind": "function", "id": "a", **values}]}


HOSTILE: dict[str, object] = {
    "NUL": {"prompt": "tiger\x00"},
    "half a surrogate pair": {"prompt": "tiger\ud800"},
    "NUL in a name": {"prompt\x00tiger": "x"},
    "an unknown setting": {"tiger": "unknown"},
    "an unknown setting of a group": {"voice": {"tiger": 1}},
    "NaN": {"voice": {"speed": math.nan}},
    "infinity": {"voice": {"speed": math.inf}},
    "text for a number": {"voice": {"speed": "tiger"}},
    "a number no float holds": {"max_length": 10**400},
    "a number too long to print": {"max_length": 10**5000},
    "no language": {"language": "tiger tiger"},
    "a list for a text": {"prompt": ["tiger"]},
    "a text too long": {"prompt": "tiger" * 20_000},
    "an unknown kind of tool": {"tools": [{"kind": "tiger", "id": "a"}]},
    "an id no tool can have": {"tools": [{"kind": "hang_up", "id": "TIGER"}]},
    "a name no model accepts": tool(name="tiger tiger"),
    "a password in an address": tool(url="https://tiger:tiger@x.example"),
    "a script for an address": tool(url="javascript:tiger"),
    "parameters that are none": tool(parameters={"type": "tiger"}),
    "NaN in parameters": tool(parameters={"tiger": math.nan}),
    "a secret in a header": tool(headers=[{"name": "A", "value": "tiger"}]),
    "a line break after a secret": tool(headers=[{"name": "A", "value": "{{secret.TIGER}}\n"}]),
    "a line break in a header": tool(headers=[{"name": "A\r\ntiger", "value": "en"}]),
    "too many tools": {"tools": [{"kind": "hang_up", "id": f"t{n}"} for n in range(MAX_TOOLS + 1)]},
    "too many variables": {"variables": [{"name": "a"}] * 101},
    "thousands of levels too deep": {"prompt": nested(5_000)},
    "bytes": {"prompt": b"tiger"},
    "a set": {"prompt": {"tiger"}},
    "a number for a name": {1: "tiger"},
    "a text": "tiger",
    "a list": ["tiger"],
    "nothing": None,
}


class TestChecking:
    @given(st.one_of(documents, shaped_like_ours()))
    def test_either_accepts_or_refuses_and_never_fails_otherwise(self, document: Document) -> None:
        try:
            configuration = check(document)
        except Refused:
            return
        assert check(write(configuration)) == configuration

    @pytest.mark.parametrize("document", HOSTILE.values(), ids=HOSTILE)
    def test_refuses_what_is_hostile_and_repeats_nothing_of_it(self, document: object) -> None:
        with pytest.raises(Hostile) as refused:
            check(document)

        assert "tiger" not in str(refused.value).lower()
        assert refused.value.__cause__ is None
        assert refused.value.status == 400

    def test_refuses_what_is_too_large(self) -> None:
        with pytest.raises(TooLarge) as refused:
            check({"prompt": "x" * MAX_CHARACTERS})

        assert refused.value.status == 413

    @pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 5_000])
    def test_refuses_what_is_nested_too_deeply(self, depth: int) -> None:
        with pytest.raises(Hostile, match="too deeply"):
            refuse_hostile(nested(depth))

    def test_accepts_what_is_just_within_every_limit(self) -> None:
        refuse_hostile(nested(MAX_DEPTH))
        refuse_hostile("x" * (MAX_CHARACTERS - 2))
        check({"prompt": "x" * 60_000, "tools": [{"kind": "hang_up", "id": f"t{n}"} for n in range(MAX_TOOLS)]})

    @pytest.mark.parametrize("starter", STARTERS.values(), ids=STARTERS)
    def test_accepts_every_template(self, starter: object) -> None:
        configuration: Configuration = starter.configuration  # type: ignore[attr-defined] # parametrize knows no types

        assert check(write(configuration)) == configuration


class TestChanging:
    def test_replaces_values_at_their_paths_and_keeps_what_it_does_not_know(self) -> None:
        document = {"prompt": "a", "mood": "sunny", "voice": {"speed": 1, "warmth": 3}}

        after = changed(document, {"prompt": "b", "voice.speed": 2.0, "model.name": "m"})

        assert after == {
            "prompt": "b",
            "mood": "sunny",
            "voice": {"speed": 2, "warmth": 3},
            "model": {"name": "m"},
        }
        assert document["prompt"] == "a"

    def test_makes_a_group_of_what_was_none(self) -> None:
        assert changed({"voice": "Rachel"}, {"voice.speed": 2}) == {"voice": {"speed": 2}}


class TestEquality:
    def test_of_parameters_is_that_of_json(self) -> None:
        def find(default: Any) -> FunctionTool:
            return FunctionTool(id="a", parameters={"properties": {"x": {"default": default}, "y": {}}})

        assert find(1) == find(1)
        yes, no = True, False
        assert find(1) != find(yes)
        assert find(0) != find(no)
        assert find({"a": 1, "b": 2}) == find({"b": 2, "a": 1})
        assert hash(find(1)) == hash(find(1))
