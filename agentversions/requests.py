"""A line in the log for each request: its route's name and its things' ids, since its path may hold a token."""

import logging
import re
import time
from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from agentversions.health import PROBES
from agentversions.ids import uuid7
from agentversions.logs import REQUEST

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9._-]{8,64}")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

access = logging.getLogger("agentversions.access")


class Told:
    """Gives each request an id, its caller's if that is a sane one, and tells a line of each when it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Every record meanwhile carries the id, and so does the answer."""
        given = request.headers.get(HEADER, "")
        name = given if SANE.fullmatch(given) else str(uuid7())
        before, began = REQUEST.set(name), time.perf_counter()
        try:
            response = self.get_response(request)
            _tell(request, response.status_code, time.perf_counter() - began)
        finally:
            REQUEST.reset(before)
        response.headers[HEADER] = name
        return response


def _tell(request: HttpRequest, status: int, seconds: float) -> None:
    probe = PROBES.get(request.path_info, "")
    if probe and status < 300:  # noqa: PLR2004 (every few seconds, for ever)
        return
    match = request.resolver_match
    told = {
        "method": request.method if request.method in METHODS else "other",
        "route": match.view_name if match else probe,
        "status": status,
        "ms": round(seconds * 1000, 1),
        # What is no id may be a token.
        **{name.removesuffix("_id"): value for name, value in (match.kwargs if match else {}).items() if _id(value)},
    }
    access.info("%s %s", told["method"], status, extra={"told": told})


def _id(value: object) -> bool:
    return isinstance(value, UUID)
