"""The building blocks of a configuration: frozen values whose settings describe, limit and read themselves.

Nothing here knows Django. A *setting* is one leaf a person can change; a *path* names it (`voice.speed`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

# Every control character but line break and tab, and halves of surrogate pairs: a database refuses some of them.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(text: str) -> str:
    """The text, if a database and a telephone can carry it; raises ValueError otherwise."""
    if UNSTORABLE.search(text):
        raise ValueError("Remove the invisible control characters.")
    return text


def settled(value: Any) -> Any:
    """The JSON value as it comes back from every database: jsonb turns 1e22 into an integer and -0.0 into 0."""
    match value:
        case dict():
            return {key: settled(inner) for key, inner in value.items()}
        case list():
            return [settled(inner) for inner in value]
        case float() if value.is_integer():
            return int(Decimal(repr(value)))  # by its digits, as jsonb does: int(1e23) is 99999999999999991611392
        case _:
            return value


def one_line(text: str) -> str:
    """The text, if it can be typed as one line of a list; raises ValueError otherwise."""
    if text.splitlines() != [text] or text.strip() != text:
        raise ValueError("Write each on one line, without spaces around it.")
    return text


Short = Annotated[str, Field(max_length=200), AfterValidator(plain)]
Sentence = Annotated[str, Field(max_length=2_000), AfterValidator(plain)]
Long = Annotated[str, Field(max_length=60_000), AfterValidator(plain)]

type Widget = Literal["text", "sentence", "prompt", "lines", "code", "number", "choice", "switch"]


@dataclass(frozen=True)
class Setting:
    """How a setting is shown: label, editor's section, widget, hint, unit, suggestions, and words for choices."""

    label: str
    section: str = ""
    widget: Widget = "text"
    hint: str = ""
    unit: str = ""
    suggestions: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


class Value(BaseModel):
    """A frozen value that refuses what it doesn't know, and whose errors never echo what was typed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class Lined(Value):
    """A value that people type as one line of a list, such as `name = default`."""

    @classmethod
    def from_line(cls, line: str) -> dict[str, str]:
        """Split a typed line into the value's fields."""
        raise NotImplementedError

    def to_line(self) -> str:
        """Write the value as a person would type it."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _can_be_typed(self) -> Self:
        if self.from_line(one_line(self.to_line())) != self.model_dump():
            raise ValueError("Write each on one line, without spaces around it.")
        return self


def lines_of(kind: type[Lined] | None = None) -> BeforeValidator:
    """Let a list be typed as text: one value a line, blank lines skipped."""

    def split(typed: object) -> object:
        if not isinstance(typed, str):
            return typed
        lines = [line.strip() for line in typed.splitlines() if line.strip()]
        return [kind.from_line(line) for line in lines] if kind else lines

    return BeforeValidator(split)


@dataclass(frozen=True)
class Leaf:
    """A setting at its path: what it is called, what it may be, and what it is until someone says otherwise."""

    path: str
    setting: Setting
    annotation: Any
    metadata: tuple[Any, ...]
    default: Any

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Value and words of each choice; empty unless the setting is one."""
        if get_origin(self.annotation) is not Literal:
            return []
        values = get_args(self.annotation)
        return list(zip(values, self.setting.words or values, strict=True))

    @property
    def limit(self) -> int | None:
        """The most characters it may hold where it is a text, the most entries where it is a list."""
        return next((m.max_length for m in self.metadata if hasattr(m, "max_length")), None)

    @property
    def adapter(self) -> TypeAdapter[Any]:
        """What checks a value of this setting alone."""
        return _adapter(self)

    def parse(self, text: str) -> Any:
        """Read what a person typed; raises Unreadable with a sentence. Nothing typed means the default."""
        typed: Any = text if self.setting.widget in _KEEPS_SPACE else text.strip()
        if not typed and self.setting.widget in _EMPTY_MEANS_DEFAULT:
            return self.default
        if self.setting.widget == "switch":
            return bool(typed)
        if self.setting.widget == "lines" and self.limit and _lines(typed) > self.limit:
            raise Unreadable(f"At most {self.limit} entries.")  # before each of very many lines is read
        try:
            return self.adapter.dump_python(self.adapter.validate_python(typed), mode="json")
        except ValidationError as error:
            raise Unreadable(sentence(error)) from None

    def text(self, value: Any) -> str:
        """Write a stored value as a person would type it; what can't be written so is shown as it lies."""
        if value is None:
            return ""
        if self.setting.widget == "switch":
            return "on" if value else ""
        if isinstance(value, list):
            return "\n".join(self._line(item) for item in value)
        if isinstance(value, dict):
            return _indented(value)
        return str(value)

    def _line(self, item: Any) -> str:
        kind = _line_kind(self.annotation)
        if kind is None:
            return str(item)
        try:
            return kind.model_validate(item).to_line()
        except ValidationError:
            return str(item)


_KEEPS_SPACE = ("sentence", "prompt", "lines", "code")
_EMPTY_MEANS_DEFAULT = ("number", "code")


class Unreadable(ValueError):
    """A typed text is not a value of its setting; the message is for the person who typed it."""


@cache
def leaves(model: type[BaseModel], prefix: str = "") -> tuple[Leaf, ...]:
    """Every setting of a model in order, those of its inner values included."""
    return tuple(_walk(model, prefix))


def _walk(model: type[BaseModel], prefix: str) -> Iterator[Leaf]:
    for name, info in model.model_fields.items():
        setting = next((item for item in info.metadata if isinstance(item, Setting)), None)
        if setting is not None:
            default = info.get_default(call_default_factory=True)
            yield Leaf(prefix + name, setting, info.annotation, tuple(info.metadata), default)
        elif isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from leaves(info.annotation, f"{prefix}{name}.")


_adapters: dict[str, TypeAdapter[Any]] = {}


def _adapter(leaf: Leaf) -> TypeAdapter[Any]:
    key = f"{leaf.path} {leaf.annotation} {leaf.metadata}"
    if key not in _adapters:
        config = ConfigDict(allow_inf_nan=False, hide_input_in_errors=True)
        annotated: Any = Annotated[leaf.annotation, *leaf.metadata]
        _adapters[key] = TypeAdapter(annotated, config=config)
    return _adapters[key]


def _line_kind(annotation: Any) -> type[Lined] | None:
    kinds = [arg for arg in get_args(annotation) if isinstance(arg, type) and issubclass(arg, Lined)]
    return kinds[0] if kinds else None


def _lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip())


def _indented(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def sentence(error: ValidationError) -> str:
    """The first problem of a validation error in plain words, without what was typed."""
    problem = error.errors(include_input=False, include_url=False)[0]
    line = next((part for part in problem["loc"] if isinstance(part, int)), None)
    words = _words(problem)
    return words if line is None else f"Line {line + 1}: {words}"


def _words(problem: ErrorDetails) -> str:
    context = problem.get("ctx", {})
    match problem["type"]:
        case "value_error":
            return str(context["error"])
        case "greater_than_equal":
            return f"At least {context['ge']:g}."
        case "less_than_equal":
            return f"At most {context['le']:g}."
        case "string_too_long":
            return f"At most {context['max_length']:,} characters."
        case "too_long":
            return f"At most {context['max_length']} entries."
        case "float_parsing" | "float_type" | "finite_number":
            return "Type a number, such as 1.5."
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return "Type a whole number."
        case "literal_error" | "enum" | "union_tag_invalid" | "union_tag_not_found":
            return "Choose one of the list."
        case "string_pattern_mismatch":
            return "Use letters, digits, - and _ only."
        case _:
            return problem["msg"].rstrip(".") + "."


class Names:
    """Patterns that names must keep, and where they come from."""

    TOOL: ClassVar[str] = r"^([A-Za-z0-9_-]{1,64})?$"
    """What OpenAI's and Vapi's published schemas accept as a function's name; empty while a draft lacks it."""
    VARIABLE: ClassVar[str] = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
