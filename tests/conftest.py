"""What every test stands on: the production server, the browser, and a database whose guards are in place."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import settings as hypothesis

from agentversions import guards
from tests.support import chromium
from tests.support.server import Server
from tests.support.server import server as server

# Time says nothing here: four workers may share two cores. The same examples each time, so that a change is judged by
# itself; `--hypothesis-profile=explore` looks for new ones, and what it finds becomes an @example.
hypothesis.register_profile("agentversions", deadline=None, derandomize=True)
hypothesis.register_profile("explore", deadline=None, derandomize=False, print_blob=True)
hypothesis.load_profile("agentversions")


MEETINGS = 5
"""How often a flush may meet a request that goes on."""


@pytest.fixture(scope="session", autouse=True)
def _guards_lifted_for_flush() -> Iterator[None]:
    """Transactional tests end with a flush, which deletes; SQLite's guards refuse that, so they stand aside.

    The flush's own post_migrate signal puts them back.
    """
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined] # private, so not in the stubs

    def unguarded(case: TransactionTestCase) -> None:
        for connection in connections.all():
            if connection.vendor == "sqlite":
                guards.remove(connection)
        # A page that was just closed may still be saving, and lock what TRUNCATE wants, a table at a time: PostgreSQL
        # stops one of the two. If it is the flush, it goes again.
        for _ in range(MEETINGS):
            with suppress(CommandError):
                flush(case)
                return
        flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", unguarded)
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Playwright's launch options, with the Chromium of this machine."""
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium.find()),
        "args": chromium.arguments(),
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], server: Server) -> dict[str, Any]:
    """Every page knows the server: `page.goto("/")` is enough."""
    return {**browser_context_args, "base_url": server.url}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the production server said last belongs to the report of a failure."""
    report = yield
    running = item.funcargs.get("server")
    if report.failed and isinstance(running, Server):
        report.sections.append(("The server's log", running.log.read_text(errors="replace")[-4000:]))
    return report
