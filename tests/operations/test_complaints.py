"""What keeps a configuration from answering calls: each thing in plain words, at the field where it is mended."""

import json
from typing import Any

import pytest

from agentversions import complaints, variables
from agentversions.configuration import Configuration
from agentversions.operations import edit_draft, publish, publish_draft, save_version
from agentversions.refusals import Blocked
from agentversions.starters import STARTERS
from agentversions.tools import FunctionTool
from agentversions.values import Unreadable, leaves
from tests.cast import Cast, edit, shown, typed

FUNCTION = {
    "kind": "function",
    "id": "slots",
    "name": "find_slots",
    "description": "Finds free appointments.",
    "url": "https://crm.example.com/slots",
}
TRANSFER = {
    "kind": "transfer",
    "id": "desk",
    "name": "transfer",
    "description": "On request.",
    "number": "+15550001000",
}


def made_of(*tools: dict[str, Any], **settings: Any) -> Configuration:
    return Configuration.model_validate({"prompt": "You answer the phone.", "tools": list(tools), **settings})


def told(configuration: Configuration) -> list[tuple[str, str]]:
    return [(blocker.sentence, blocker.where) for blocker in complaints.blockers(configuration)]


def test_what_is_complete_is_not_complained_about() -> None:
    assert told(made_of(FUNCTION, TRANSFER, {"kind": "voicemail", "id": "v"})) == []
    for key, starter in STARTERS.items():
        assert told(starter.configuration) == ([] if key != "blank" else [("The prompt is empty.", "prompt")])
        assert complaints.warnings(starter.configuration) == []


@pytest.mark.parametrize(
    ("tool", "sentence", "field"),
    [
        (FUNCTION | {"name": ""}, "Tool 1 has no name to be called by.", "slots.name"),
        (
            FUNCTION | {"description": " "},
            "find_slots doesn't say when to use it, and the model decides by that.",
            "slots.description",
        ),
        (FUNCTION | {"url": ""}, "find_slots has no address.", "slots.url"),
        ({"kind": "mcp", "id": "crm"}, "Tool 1 has no address.", "crm.url"),
        (
            FUNCTION | {"parameters": {"type": "object", "properties": {"day": {"type": "date"}}}},
            "find_slots: the parameters aren't a JSON Schema. "
            '"type" must be string, number, integer, boolean, object, array or null, or a list of these.',
            "slots.parameters",
        ),
        (TRANSFER | {"number": ""}, "transfer: the number to transfer to is missing.", "desk.number"),
        (
            TRANSFER | {"number": "0113 496 0101"},
            "transfer: the number to transfer to isn't one that can be dialled: begin with the country's code.",
            "desk.number",
        ),
    ],
)
def test_a_tool_that_lacks_something_is_named_with_its_field(tool: dict[str, Any], sentence: str, field: str) -> None:
    assert told(made_of(tool)) == [(sentence, f"tools.{field}")]


@pytest.mark.parametrize(
    "number",
    [
        *("+44 113 496 0101", "+1 555-000-1000", "sip:desk@example.com", "sips:desk@example.com:5061;transport=tls"),
        *("{{front_desk}}", "sip:{{front_desk}}@example.com"),
    ],
)
def test_a_transfer_may_lead_to_a_number_an_address_or_a_variable(number: str) -> None:
    own = [{"name": "front_desk", "default": "+15550001000"}]
    assert told(made_of(TRANSFER | {"number": number}, variables=own)) == []


def test_two_tools_of_one_name_are_told_at_the_second() -> None:
    twin = FUNCTION | {"id": "other"}
    assert told(made_of(FUNCTION, twin, TRANSFER)) == [("Another tool is called find_slots too.", "tools.other.name")]


class TestVariables:
    def test_one_that_is_used_must_be_defined(self) -> None:
        configuration = made_of(
            FUNCTION | {"description": "For {{place}}.", "headers": [{"name": "X", "value": "{{secret.CRM}}"}]},
            greeting="Hello, {{ place }} at {{now}}: {{called_number}}, {{caller_number}}.",
        )
        assert told(configuration) == [
            ("Greeting uses {{place}}, which is not defined.", "greeting"),
            ("find_slots: When to use it uses {{place}}, which is not defined.", "tools.slots.description"),
        ]

    def test_a_default_can_use_only_what_is_built_in(self) -> None:
        own = [{"name": "a", "default": "{{b}}, {{now}}"}, {"name": "b"}]
        words = "A variable's default uses {{b}}. A default can use only what is built in."
        assert told(made_of(variables=own, greeting="{{a}}{{b}}")) == [(words, "variables")]

    def test_one_that_is_used_nowhere_is_only_a_warning(self) -> None:
        own = [{"name": "place"}, {"name": "hours"}, {"name": "team"}]
        assert complaints.warnings(made_of(variables=own[:1])) == ["{{place}} is defined and used in no text."]
        assert complaints.warnings(made_of(variables=own, greeting="{{team}}")) == [
            "{{place}}, {{hours}} are defined and used in no text."
        ]

    def test_what_one_holds_is_never_filled_in_turn(self) -> None:
        assert variables.fill("{{a}}, {{ b }}, {{c}}", {"a": "{{b}}", "b": "x"}) == "{{b}}, x, {{c}}"

    def test_a_built_in_one_cannot_be_defined(self) -> None:
        field = typed(variables="place = Leeds\nnow = then")
        assert field.problems == {"variables": "Line 2: {{now}} is built in and filled by itself. Choose another name."}


class TestParametersAsTheyAreTyped:
    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ('{\n  "type": "object",\n  "properties": {,}\n}', "Line 3, column 18: Expecting property name"),
            ('{\n "properties": {\n  "a": {"type":\n   "strin"}}}', 'Line 3: "type" must be string, number,'),
            ('{\n "properties": {\n  "a": "text"}}', "Line 3: A property must be a schema: an object such as"),
            ('{"properties": {},\n\n "required": ["a", "a"]}', 'Line 3: "required" must be a list of different names.'),
            ('{"properties": {"x": {\n"pattern": "("}}}', 'Line 2: "pattern" must be a regular expression.'),
            ('{\n"$schema": "http://127.0.0.1:9/x"}', 'Line 2: "$schema" must be one of JSON Schema\'s own addresses'),
        ],
    )
    def test_an_error_is_told_at_its_line(self, text: str, problem: str) -> None:
        found = typed([{"id": "slots", "kind": "function", "parameters": text}])
        assert found.problems["tools.slots.parameters"].startswith(problem)
        assert found.unparsed == {"tools.slots.parameters": text}

    def test_the_first_line_that_errs_is_told(self) -> None:
        text = json.dumps({"properties": {"b": {"minLength": -1}, "a": {"type": "x"}, "c": 1}}, indent=1)
        assert _problem(text).startswith('Line 4: "minLength" must be')

    def test_names_may_hold_anything(self) -> None:
        text = json.dumps({"properties": {'a"\\}é': {"enum": [[{}, []], -1.5e3, None]}, "z": {"type": 1}}}, indent=1)
        line = 1 + text[: text.index('"type"')].count("\n")
        assert _problem(text).startswith(f'Line {line}: "type" must be')

    def test_what_another_release_stored_is_read_as_it_is(self) -> None:
        stored = {"type": "object", "properties": {"a": {"type": "strin"}}}
        tool = made_of(FUNCTION | {"parameters": stored}).tools[0]
        assert isinstance(tool, FunctionTool)
        assert tool.parameters == stored


def _problem(text: str) -> str:
    leaf = next(leaf for leaf in leaves(FunctionTool) if leaf.path == "parameters")
    with pytest.raises(Unreadable) as problem:
        leaf.parse(text)
    return str(problem.value)


@pytest.mark.django_db
def test_publishing_refuses_with_everything_at_once_and_saving_does_not(cast: Cast) -> None:
    agent, ana = cast.agent, cast.ana
    edit(agent, ana, prompt="Hello, {{place}}.")
    incomplete = typed([{"id": "slots", "kind": "function", "name": "find_slots"}])
    edit_draft(agent, incomplete, base=shown(agent, ana), by=ana)

    with pytest.raises(Blocked) as refused:
        publish_draft(agent, base=shown(agent, ana), live=None, by=ana)
    version = save_version(agent, base=shown(agent, ana), by=ana)
    with pytest.raises(Blocked) as again:
        publish(version, live=None, by=ana)

    fields = ["prompt", "tools.slots.description", "tools.slots.url"]
    for told in (refused.value.blockers, again.value.blockers):
        assert [blocker.where for blocker in told if blocker.where != "numbers"] == fields
