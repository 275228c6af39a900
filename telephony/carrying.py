"""What of a configuration a provider's answer can't carry, so that nothing is dropped silently. Nothing is asked here.

A provider says what it carries; whatever else a configuration asks for is left out, or fetched by the worker.
"""

from collections.abc import Iterable, Iterator, Mapping

from agentversions.checks import Carrier, Fate, Lack
from agentversions.comparison import value_at
from agentversions.configuration import BLANK, Configuration, settings
from agentversions.tools import KINDS
from telephony.answering import chosen
from telephony.models import Connection
from telephony.providers import PROVIDERS, Options, Provider


def lacks(provider: Provider, configuration: Configuration, options: Options) -> list[Lack]:
    """What the configuration asks for and the answer lacks, or carries within limits; what is lost comes first."""
    kept = carried(provider, options)
    told: dict[tuple[Fate, str], list[str]] = {}
    for path, label in _asked(configuration):
        if met := fate(provider, path, kept):
            note = met[1] or _instead(provider, options, path)
            told.setdefault((met[0], note), []).append(label)
    found = [Lack(tuple(named), _sentence(provider, *met, named), met[0]) for met, named in told.items()]
    return sorted(found, key=lambda lack: list(Fate).index(lack.fate))


def carriers(connections: Iterable[Connection], configuration: Configuration) -> list[Carrier]:
    """Each provider that would carry the configuration for these connections, with what it lacks; those that lack."""
    found = []
    for connection in connections:
        provider = PROVIDERS[connection.provider]
        lacking = lacks(provider, configuration, chosen(provider, connection.options))
        carrier = Carrier(provider.name, tuple(lacking))
        if lacking and carrier not in found:
            found.append(carrier)
    return found


def carried(provider: Provider, options: Options) -> frozenset[str]:
    """The paths that its answer can carry as the connection is set."""
    taken = [option.without.get(options.get(option.key, ""), frozenset()) for option in provider.options]
    return provider.carries.difference(*taken)


def labels() -> Mapping[str, str]:
    """What each path that a provider may carry is called: the settings in the editor's order, then kinds of tools."""
    kinds = {f"tools.{kind}": f"{words} tools" for kind, (words, _) in KINDS.items()}
    return {leaf.path: leaf.setting.label for leaf in settings()} | kinds


def fate(provider: Provider, path: str, kept: frozenset[str]) -> tuple[Fate, str] | None:
    """What becomes of the setting at a path, and the provider's note on it; None where it is carried as it is."""
    note = provider.notes.get(path, "")
    if path in kept:
        return (Fate.LIMITED, note) if note else None
    if note and path not in provider.carries:  # else an option takes it away, and the note is of how it is carried
        return Fate.LOST, note
    return Fate.FETCHED if provider.needs_worker else Fate.LOST, ""


def _instead(provider: Provider, options: Options, path: str) -> str:
    """What becomes of a setting that one of the connection's options takes away."""
    chosen_ones = [(option, options.get(option.key, "")) for option in provider.options]
    taking = [option.instead.get(value, "") for option, value in chosen_ones if path in option.without.get(value, ())]
    return next(iter(taking), "")


def _asked(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The paths and labels of what differs from a blank configuration."""
    for leaf in settings():
        if value_at(configuration, leaf.path) != value_at(BLANK, leaf.path):
            yield leaf.path, leaf.setting.label
    for kind, (words, _) in KINDS.items():
        if count := sum(tool.kind == kind for tool in configuration.tools):
            yield f"tools.{kind}", f"{words} tool{'s' if count > 1 else ''}"


def _sentence(provider: Provider, met: Fate, note: str, named: list[str]) -> str:
    if note:
        return note
    it, them = ("these", "them") if len(named) > 1 else ("this", "it")
    if met == Fate.FETCHED:
        return f"{provider.name} can't carry {it}: your worker fetches {them} from the configuration address."
    return f"{provider.name} can't carry {it}, and leaves {them} out."
