"""What in a configuration stands in the way: of publishing it, and of keeping it for ever. Nothing here knows a table.

Each complaint names the field where it is mended. What a setting can't hold at all never gets here.
"""

from collections.abc import Callable, Iterator

from agentversions import pasted, variables
from agentversions.configuration import Configuration
from agentversions.refusals import Blocker
from agentversions.texts import texts


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


_COMPLAINTS: list[Callable[[Configuration], Iterator[Blocker] | list[Blocker]]] = [secrets, _empty_prompt]
