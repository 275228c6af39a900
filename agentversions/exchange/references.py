"""What `{{…}}` means in a text from elsewhere: a built-in variable, one of the agent's, or nothing we understand."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agentversions.values import Names

_REFERENCE = re.compile(r"\{\{([^{}]*)\}\}")
_DOTTED = re.compile(r"[A-Za-z][A-Za-z0-9_]*([.-][A-Za-z0-9_]+)+", re.ASCII)
_SECRET = re.compile(r"secret\.[A-Z][A-Z0-9_]*")

type OurName = Callable[[str], str | None]
"""Our built-in for what stands between the braces elsewhere, or None."""


@dataclass
class Translation:
    """What became of the references in a file's texts."""

    ours: OurName
    renamed: dict[str, str] = field(default_factory=dict)
    strange: int = 0

    def of(self, value: Any) -> Any:
        """The value with every reference in its texts written as ours; names of objects stay."""
        match value:
            case str():
                return _REFERENCE.sub(self._reference, value)
            case dict():
                return {key: self.of(inner) for key, inner in value.items()}
            case list():
                return [self.of(inner) for inner in value]
            case _:
                return value

    def _reference(self, found: re.Match[str]) -> str:
        said = found[1].strip()
        name = self.ours(said)
        if name is None and (re.fullmatch(Names.VARIABLE, said) or _SECRET.fullmatch(said)):
            name = said
        elif name is None and _DOTTED.fullmatch(said):
            name = re.sub(r"[.-]", "_", said)
        if name is None:
            self.strange += 1
            return found[0]
        if name != said:
            self.renamed[said] = name
        return "{{" + name + "}}"
