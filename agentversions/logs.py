"""What a server tells its operators: a line of JSON a record. Never what people or callers said.

An error is told by its kind and by where it came from, since its message may hold a prompt. Nothing of ours or of
Django's is imported here: gunicorn's own process reads this file, and must not hold on to an older release.
"""

import json
import logging
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the request that is being answered."""
FRAMES = 40
"""Of an error's way here, the last so many."""


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The moment, the level, who tells, what; the request's id; and an error without its message."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": said(record),
        }
        if name := REQUEST.get():
            told["request"] = name
        told |= getattr(record, "told", {})
        if record.exc_info and record.exc_info[1]:
            told["error"] = [_error(one) for one in _chain(record.exc_info[1])]
        return json.dumps(told, default=str)


def said(record: logging.LogRecord) -> str:
    """A record's message, without what Django and gunicorn put into theirs of a request: its path, its first line."""
    template = str(record.msg)
    if record.name.startswith("gunicorn") and template.startswith(("Error handling request", "Invalid request")):
        return " ".join(template.split()[:3]).rstrip(",") if record.args else template.split(" from ", 1)[0]
    try:
        if not hasattr(record, "request") or record.name == "django.security.DisallowedHost":
            return record.getMessage()
        # Theirs end with the path: `Forbidden (%s): %s`.
        *others, _ = record.args if isinstance(record.args, tuple) and record.args else ("",)
        return template.removesuffix(": %s") % tuple(others) if others else record.name
    except (TypeError, ValueError, KeyError):
        return template


class Unanswered(logging.Filter):
    """Of Django's words about a request only those that its own line doesn't say: where an error came from."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to tell it."""
        return bool(record.exc_info)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and so on."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _error(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "kind": f"{kind.__module__}.{kind.__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
