"""The tools an agent may use during a call. A version holds them by value: a tool can't change under it."""

import json
import re
from collections.abc import Iterable
from math import isfinite
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from agentversions import schemas
from agentversions.values import Lined, Names, Sentence, Setting, Short, Value, lines_of, plain, settled

SECRET_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
SECRET = re.compile(r"^\{\{secret\.([A-Z][A-Z0-9_]{0,63})\}\}$")
SAFE_HEADER_VALUES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "*/*",
    "no-cache",
    "gzip",
    "en",
)
"""What a header may say openly. Anything else could be a secret, and a version is for ever."""

TOOL_ID = re.compile(r"^[a-z0-9]{1,32}$")
MAX_DIGITS = 300
SCHEMA_DEPTH = 20
SCHEMA_CHARACTERS = 20_000


def _safe(value: str) -> str:
    if SECRET.fullmatch(value) or value.lower() in SAFE_HEADER_VALUES:
        return value
    raise ValueError("A header's value must be {{secret.NAME}} or a plain one such as application/json.")


class Header(Lined):
    """A request header. Its value is a reference to a secret, or one of a short safe list."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    value: Annotated[str, AfterValidator(_safe)]

    @classmethod
    def from_line(cls, line: str) -> dict[str, str]:
        """Read `Name: value`."""
        name, _, value = line.partition(":")
        return {"name": name.strip(), "value": value.strip()}

    def to_line(self) -> str:
        """Write `Name: value`."""
        return f"{self.name}: {self.value}"


def _url(text: str) -> str:
    if not text:
        return text
    try:
        parts = urlsplit(plain(text))
        host = parts.hostname
    except ValueError:
        raise ValueError("Type an address such as https://crm.example.com/slots.") from None
    if parts.scheme not in ("http", "https") or not host or " " in text:
        raise ValueError("Type an address such as https://crm.example.com/slots.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("An address can't hold a user name or password. Send them as a header from a secret.")
    return text


def _json_schema(typed: object) -> object:
    """A JSON Schema typed as text or given as an object; the errors of a text name the line.

    Only a text must be JSON Schema to the letter: an object that another release or product wrote is read as it is,
    and publishing complains.
    """
    text = typed if isinstance(typed, str) else None
    if isinstance(typed, str):
        if len(typed) > SCHEMA_CHARACTERS:
            raise ValueError(f"At most {SCHEMA_CHARACTERS:,} characters.")
        try:
            typed = json.loads(typed, parse_constant=_no_constant, parse_int=_whole)
        except json.JSONDecodeError as error:
            raise ValueError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from None
        except RecursionError:
            raise ValueError(f"At most {SCHEMA_DEPTH} levels deep.") from None
    if not isinstance(typed, dict):
        raise ValueError('Describe the parameters as an object: {"type": "object", "properties": {…}}.')  # noqa: TRY004
    if typed.get("type", "object") != "object" or not isinstance(typed.get("properties", {}), dict):
        raise ValueError('The outermost "type" must be "object", and "properties" an object.')
    _refuse_unstorable(typed)
    if text and (wrong := schemas.problem_at(typed, text)):
        raise ValueError(wrong)
    return settled(typed)


def _refuse_unstorable(schema: dict[str, Any]) -> None:
    """Level by level, since what is nested deeply enough stops whoever follows it."""
    level: list[object] = [schema]
    for _ in range(SCHEMA_DEPTH):
        inner: list[object] = []
        for value in level:
            match value:
                case str():
                    plain(value)
                case float() if not isfinite(value):
                    _no_constant("")
                case dict():
                    inner += [*value.keys(), *value.values()]
                case list():
                    inner += value
        level = inner
    if level:
        raise ValueError(f"At most {SCHEMA_DEPTH} levels deep.")


def _no_constant(_: str) -> object:
    raise ValueError("NaN and Infinity are not JSON.")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"A number has at most {MAX_DIGITS} digits.")
    return int(digits)


Url = Annotated[str, Field(max_length=2_000), AfterValidator(_url)]
Headers = Annotated[list[Header], Field(max_length=20), lines_of(Header)]
ToolName = Annotated[str, StringConstraints(pattern=Names.TOOL)]
JsonSchema = Annotated[dict[str, Any], BeforeValidator(_json_schema)]
"""Kept as it was given, so that a version sends what was written; its shape is checked, not its vocabulary."""

_NAME = Setting("Name", hint="Letters, digits, - and _. The model calls the tool by it.")
_WHEN = Setting("When to use it", widget="sentence", hint="The model decides by this text.")


class BaseTool(Value):
    """What all tools have: a stable id within the agent, a name and when to use it."""

    id: Annotated[str, StringConstraints(pattern=TOOL_ID.pattern)]
    name: Annotated[ToolName, _NAME] = ""
    description: Annotated[Sentence, _WHEN] = ""


class FunctionTool(BaseTool):
    """Calls an HTTP address with parameters that the model fills in."""

    def __eq__(self, other: object) -> bool:
        """Equal as JSON is: Python alone would take 1 for true inside the parameters."""
        return isinstance(other, FunctionTool) and super().__eq__(other) and self._spelled() == other._spelled()

    def __hash__(self) -> int:
        return hash(self.id)

    def _spelled(self) -> str:
        return json.dumps(self.parameters, sort_keys=True)

    kind: Literal["function"] = "function"
    method: Annotated[Literal["POST", "GET", "PUT", "PATCH", "DELETE"], Setting("Method", widget="choice")] = "POST"
    url: Annotated[Url, Setting("Address")] = ""
    headers: Annotated[
        Headers, Setting("Headers", widget="lines", hint="One a line: Authorization: {{secret.CRM_TOKEN}}")
    ] = []
    parameters: Annotated[
        JsonSchema, Setting("Parameters", widget="code", hint="A JSON Schema of what the model fills in.")
    ] = {"type": "object", "properties": {}}


class TransferTool(BaseTool):
    """Hands the call to a person."""

    kind: Literal["transfer"] = "transfer"
    number: Annotated[Short, Setting("Number", hint="With the country's code: +44 113 496 0101")] = ""
    extension: Annotated[Short, Setting("Extension")] = ""


class HangUpTool(BaseTool):
    """Ends the call."""

    kind: Literal["hang_up"] = "hang_up"


class VoicemailTool(BaseTool):
    """Notices an answering machine, leaves a message and hangs up."""

    kind: Literal["voicemail"] = "voicemail"
    message: Annotated[Sentence, Setting("Message", widget="sentence")] = ""


class KeypadTool(BaseTool):
    """Presses keys, to get through another party's menu."""

    kind: Literal["keypad"] = "keypad"


class McpTool(BaseTool):
    """Offers the tools of an MCP server."""

    kind: Literal["mcp"] = "mcp"
    url: Annotated[Url, Setting("Address")] = ""
    headers: Annotated[
        Headers, Setting("Headers", widget="lines", hint="One a line: Authorization: {{secret.MCP_TOKEN}}")
    ] = []


type Tool = Annotated[
    FunctionTool | TransferTool | HangUpTool | VoicemailTool | KeypadTool | McpTool,
    Field(discriminator="kind"),
]

KINDS: dict[str, tuple[str, type[BaseTool]]] = {
    "function": ("Function", FunctionTool),
    "transfer": ("Transfer", TransferTool),
    "hang_up": ("Hang up", HangUpTool),
    "voicemail": ("Voicemail", VoicemailTool),
    "keypad": ("Keypad", KeypadTool),
    "mcp": ("MCP server", McpTool),
}
"""Each kind of tool: what it is called, and its value."""


def secret_names(tools: Iterable[BaseTool]) -> set[str]:
    """The names of the secrets in the tools' headers."""
    values = [header.value for tool in tools if isinstance(tool, FunctionTool | McpTool) for header in tool.headers]
    return {found[1] for value in values if (found := SECRET.fullmatch(value))}
