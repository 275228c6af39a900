"""Whether this process lives, and whether it can do its work: for probes that come from beside the server.

They know no host name, no https and no account, so they are answered before anything asks for one.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context

from django.db import DatabaseError, InterfaceError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from agentversions import sealing

PROBES = {"/health/live/": "health.live", "/health/ready/": "health.ready"}
"""Their paths, and their names in the log."""
SECONDS = 1.5
"""How long the database may take to say that it is there."""


class Health:
    """Answers the probes, and hands on everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """200, or 503 with the name of what is missing."""
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        lacks = _readiness.lacks() if probe == "health.ready" else ""
        status, headers = 503 if lacks else 200, {"Cache-Control": "no-store"}
        return HttpResponse(f"{lacks or 'ok'}\n", status=status, content_type="text/plain", headers=headers)


def lacking() -> str:
    """What keeps this process from its work: `database`, `migrations` or `keys`; nothing if it can do it.

    A database that is ahead of this release lacks nothing: after a rollback of the software phones are answered still.
    """
    try:
        connection.ensure_connection()
        migrations = MigrationLoader(connection)
        if migrations.graph.nodes.keys() - migrations.applied_migrations.keys():
            return "migrations"
        return "" if sealing.opens() else "keys"
    except (DatabaseError, InterfaceError):
        return "database"


class Readiness:
    """Asks on a thread of its own, one at a time: a database that hangs holds up no probe, and nothing piles up."""

    def __init__(self) -> None:
        """Not asked yet."""
        self._lock = threading.Lock()
        self._asked: Future[str] | None = None

    def lacks(self) -> str:
        """As `lacking`, in time: a database that says nothing isn't there."""
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                context = copy_context()
                threading.Thread(target=context.run, args=[_ask, self._asked], name="health", daemon=True).start()
            asked = self._asked
        try:
            return asked.result(SECONDS)
        except TimeoutError:
            return "database"


def _ask(asked: Future[str]) -> None:
    try:
        asked.set_result(lacking())
    except Exception as error:  # noqa: BLE001 (whoever asked gets to know)
        asked.set_exception(error)
    finally:
        connections.close_all()


_readiness = Readiness()
