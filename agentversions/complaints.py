"""What in a configuration stands in the way: of publishing it, and of keeping it for ever. Nothing here knows a table.

Each complaint names the field where it is mended. What a setting can't hold at all never gets here.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import phonenumbers

from agentversions import pasted, schemas, variables
from agentversions.configuration import Configuration
from agentversions.refusals import Blocker
from agentversions.texts import called, texts
from agentversions.tools import BaseTool, FunctionTool, HangUpTool, KeypadTool, McpTool, TransferTool


def blockers(configuration: Configuration) -> list[Blocker]:
    """Everything that keeps it from answering calls, the editor's first field first."""
    return [blocker for complain in _COMPLAINTS for blocker in complain(configuration)]


def secrets(configuration: Configuration) -> list[Blocker]:
    """Every field that holds a secret, which keeps it from becoming a version. The secret itself is never repeated."""
    return [
        Blocker(
            "secret_pasted",
            f"{found.label} holds {found.what}. Remove it before it is in a version for ever.",
            "Remove it",
            found.path,
        )
        for found in pasted.secrets(configuration)
    ]


def warnings(configuration: Configuration) -> list[str]:
    """What is probably a mistake and harms no call."""
    used = {name for text in texts(configuration) for name in variables.used(text.text)}
    unused = [f"{{{{{own.name}}}}}" for own in configuration.variables if own.name not in used]
    if not unused:
        return []
    return [f"{', '.join(unused)} {'is' if len(unused) == 1 else 'are'} defined and used in no text."]


def _empty_prompt(configuration: Configuration) -> Iterator[Blocker]:
    if not configuration.prompt.strip():
        yield Blocker("empty_prompt", "The prompt is empty.", "Write a prompt", "prompt")


def _nameless(configuration: Configuration) -> Iterator[Blocker]:
    for place, tool in enumerate(configuration.tools, start=1):
        if isinstance(tool, _CALLED_BY_THE_MODEL) and not tool.name:
            yield _of(tool, "tool_without_name", f"{called(tool, place)} has no name to be called by.", "name")


def _same_name(configuration: Configuration) -> Iterator[Blocker]:
    seen: set[str] = set()
    for tool in configuration.tools:
        if tool.name in seen:
            yield _of(tool, "duplicate_tool", f"Another tool is called {tool.name} too.", "name")
        seen |= {tool.name} - {""}


def _undescribed(configuration: Configuration) -> Iterator[Blocker]:
    for place, tool in enumerate(configuration.tools, start=1):
        if isinstance(tool, _CALLED_BY_THE_MODEL) and not tool.description.strip():
            words = f"{called(tool, place)} doesn't say when to use it, and the model decides by that."
            yield _of(tool, "tool_without_description", words, "description")


def _nowhere(configuration: Configuration) -> Iterator[Blocker]:
    for place, tool in enumerate(configuration.tools, start=1):
        if isinstance(tool, FunctionTool | McpTool) and not tool.url:
            yield _of(tool, "tool_without_address", f"{called(tool, place)} has no address.", "url")


def _no_schema(configuration: Configuration) -> Iterator[Blocker]:
    for place, tool in enumerate(configuration.tools, start=1):
        if isinstance(tool, FunctionTool) and (wrong := schemas.problem(tool.parameters)):
            words = f"{called(tool, place)}: the parameters aren't a JSON Schema. {wrong}"
            yield _of(tool, "invalid_schema", words, "parameters")


def _no_number(configuration: Configuration) -> Iterator[Blocker]:
    for place, tool in enumerate(configuration.tools, start=1):
        if isinstance(tool, TransferTool) and not _can_be_dialled(tool.number):
            lacks = "isn't one that can be dialled: begin with the country's code" if tool.number else "is missing"
            words = f"{called(tool, place)}: the number to transfer to {lacks}."
            yield _of(tool, "transfer_without_number", words, "number")


def _can_be_dialled(number: str) -> bool:
    """A number with its country's code, a SIP address, or a variable that will hold one of them."""
    number = number.strip()
    if variables.REFERENCE.fullmatch(number) or _SIP.fullmatch(variables.REFERENCE.sub("0", number)):
        return True
    try:
        # Only the length counts, as for our own numbers: carriers hand out some that the library's lists don't know.
        return phonenumbers.is_possible_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


_SIP = re.compile(r"sips?:[A-Za-z0-9+_.~!*'()&=$,;?/%-]{1,100}@[A-Za-z0-9.-]{1,150}(:[0-9]{1,5})?(;[^\s<>\"]{1,100})?")


def _undefined(configuration: Configuration) -> Iterator[Blocker]:
    """A default may use what is built in, and nothing else: which of two would be filled first?"""
    own = {variable.name for variable in configuration.variables}
    for text in texts(configuration):
        known = variables.BUILT_IN.keys() | (own if text.path != "variables" else set())
        for name in variables.used(text.text):
            if name not in known:
                words = f"{text.label} uses {{{{{name}}}}}, which is not defined."
                if name in own:
                    words = f"A variable's default uses {{{{{name}}}}}. A default can use only what is built in."
                yield Blocker("undefined_variable", words, "Define it", text.path)


def _of(tool: BaseTool, code: str, words: str, field: str) -> Blocker:
    return Blocker(code, words, "Fix", f"tools.{tool.id}.{field}")


_CALLED_BY_THE_MODEL = (FunctionTool, TransferTool, HangUpTool, KeypadTool)
"""The kinds that the model calls, by name and description. A voicemail is noticed; a server brings its own tools."""

_COMPLAINTS: list[Callable[[Configuration], Iterable[Blocker]]] = [
    secrets,
    _empty_prompt,
    _undefined,
    _nameless,
    _same_name,
    _undescribed,
    _nowhere,
    _no_schema,
    _no_number,
]
