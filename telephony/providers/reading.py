"""Makes what a provider sent fit to keep: a signed report is never lost over a character that no database holds."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest

from agentversions.values import UNSTORABLE
from telephony.providers.base import Unreadable

REPLACED = "\ufffd"
LONGEST_ID = 255
LONGEST_ADDRESS = 2_000
LONGEST_CALL = 7 * 24 * 3600
DEAREST_CALL = 10**6
CENT_OF_A_CENT = Decimal("0.0001")


def message(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in the body, fit to keep; raises Unreadable."""
    try:
        found = storable(json.loads(request.body.decode()))
    except (ValueError, RecursionError):
        raise Unreadable("The body isn't JSON.") from None
    if not isinstance(found, dict):
        raise Unreadable("The body isn't a JSON object.")
    return found


def mapping(value: object) -> dict[str, Any]:
    """The JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def identifier(value: object, name: str) -> str:
    """A call's id or a dialled number: they are looked up, so they are taken as they are, or not at all."""
    usable = isinstance(value, str) and 0 < len(value) <= LONGEST_ID and REPLACED not in storable(value)
    if not usable:
        raise Unreadable(f"{name} must be a text of at most {LONGEST_ID} characters.")
    return str(value)


def text(value: object, length: int = LONGEST_ID) -> str:
    """A text cut to what its column holds; nothing for what is no text."""
    return UNSTORABLE.sub(REPLACED, value)[:length] if isinstance(value, str) else ""


def address(value: object) -> str:
    """A web address, or nothing: it will be a link."""
    found = text(value, LONGEST_ADDRESS + 1)
    try:
        safe = urlsplit(found).scheme in ("http", "https") and len(found) <= LONGEST_ADDRESS
    except ValueError:
        return ""
    return found if safe else ""


def moment(value: datetime | None) -> datetime | None:
    """A time in UTC; one without a zone is taken for UTC, one that no calendar has for nothing."""
    try:
        return value.astimezone(UTC) if value and value.tzinfo else value and value.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        return None


def seconds(value: object) -> int | None:
    """A length of time that a call can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= LONGEST_CALL else None


def digits(value: object) -> int | None:
    """A length of time that is written in digits, as forms have it."""
    written = value if isinstance(value, str) and re.fullmatch("[0-9]{1,7}", value) else None
    return seconds(int(written)) if written else None


def dollars(value: object, unit: int = 1) -> Decimal | None:
    """A price that a call can have, told in dollars or in so many parts of one, to a hundredth of a cent."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        found = (Decimal(str(value)) / unit).quantize(CENT_OF_A_CENT)
    except InvalidOperation:
        return None
    return found if 0 <= found < DEAREST_CALL else None


def price(value: object) -> Decimal | None:
    """Dollars in plain digits, as forms have them."""
    written = isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,12})?", value)
    return dollars(Decimal(str(value))) if written else None


def judged(value: object) -> bool | None:
    """A judgement that is a yes or a no, and nothing else."""
    return value if isinstance(value, bool) else None


def storable(value: Any) -> Any:
    """A JSON value that every database takes. Raises RecursionError for one that is nested beyond reason."""
    match value:
        case str():
            return UNSTORABLE.sub(REPLACED, value)
        case float() if not isfinite(value):
            return None
        case dict():
            return {storable(key): storable(inner) for key, inner in value.items()}
        case list():
            return [storable(inner) for inner in value]
        case _:
            return value
