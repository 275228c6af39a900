"""What an agent's variables hold in one call: the built-in ones by the call's facts, the others by their defaults.

All of it is fixed when the call begins, so that a retry is filled with the same.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from agentversions import variables
from agentversions.configuration import Configuration
from agentversions.documents import read, upgraded
from agentversions.models import Version
from telephony import numbers
from telephony.models import Call

NOBODY = "unknown"
"""Said of a caller who hides, and of one whose number is no number: to a model, silence is an invitation to guess."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NUMBER = re.compile(r"\+?[0-9]{2,15}")
_SIP = re.compile(r"(sips?:)?[A-Za-z0-9+._-]{1,64}@[A-Za-z0-9.-]{1,150}")


def values(call: Call, version: Version) -> dict[str, str]:
    """What each variable holds in this call, by its name. Only what this needs is read: a phone waits."""
    document = version.configuration
    needed = {name: document[name] for name in ("variables", "time_zone") if name in document}
    configuration = read(needed, version.schema)
    built_in = {
        "caller_number": _number(call.caller),
        "called_number": _number(numbers.spelled(call.dialled)),
        "now": _moment(call.started_at.astimezone(ZoneInfo(configuration.time_zone))),
    }
    own = {variable.name: variables.fill(variable.default, built_in) for variable in configuration.variables}
    return own | built_in


def filled(version: Version, known: Mapping[str, str]) -> Configuration:
    """The version's configuration with these variables' values in all its texts.

    A setting that would no longer be valid, such as a text grown too long, is left as it was written.
    """
    document = upgraded(version.configuration, version.schema)
    full = {name: value if name == "variables" else _filled(value, known) for name, value in document.items()}
    try:
        return Configuration.model_validate(full)
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors(include_input=False, include_url=False)}
    return read({name: document[name] if name in wrong else value for name, value in full.items()}, version.schema)


def _filled(value: Any, known: Mapping[str, str], name: str = "") -> Any:
    match value:
        case str() if name == "url":
            return variables.fill(value, {key: quote(held, safe="") for key, held in known.items()})
        case str():
            return variables.fill(value, known)
        case list():
            return [_filled(inner, known) for inner in value]
        case dict():
            return {key: _filled(inner, known, key) for key, inner in value.items()}
        case _:
            return value


def _number(text: str) -> str:
    """A number or a SIP address as it is. Whoever calls chooses what is sent here: prose would speak to the model."""
    return text if _NUMBER.fullmatch(text) or _SIP.fullmatch(text) else NOBODY


def _moment(at: datetime) -> str:
    """`Monday 23 November 2026, 14:05`: in words that no country reads as another day."""
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}"
