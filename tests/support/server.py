"""The production server, as browsers and phones meet it: gunicorn, apart, on the tests' database.

A test that uses it must commit what it makes: `@pytest.mark.django_db(transaction=True)`.
"""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING, PHONE = "pages", "phone"
"""The process groups, as deploy/gunicorn.py calls them."""
ABOUT_NOTHING = {EVERYTHING: "/admin/login/", PHONE: "/health/live/"}
"""What needs nothing but the code, and the static files where there are pages."""
PATIENCE = 60  # seconds until a server that doesn't answer has failed


class ServerError(Exception):
    """The server did not start; the message holds its log."""


@dataclass(frozen=True)
class Server:
    """A running production server: its address, and the file it logs to."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def server(django_db_setup: None) -> Iterator[Server]:
    """The production server on this test process's database, for as long as its tests run."""
    with serving(database_url(connection.settings_dict)) as running:
        yield running


@contextmanager
def serving(
    url: str, environment: Mapping[str, str] | None = None, *, workers: int = 2, group: str = EVERYTHING
) -> Iterator[Server]:
    """A production server on the database at `url`. Raises ServerError when it doesn't answer."""
    # The socket is open before the server starts: no port is guessed, and nobody else can take it meanwhile.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        directory = Path(os.environ["VAR_DIR"])
        given = _production(directory, address, url) | dict(environment or {})
        log = directory / f"server-{listener.getsockname()[1]}.log"
        _collect_static(directory, given)
        process = _start(listener, given | {"GROUP": group}, log, workers)
    running = Server(address, log, process)
    try:
        _wait(running, ABOUT_NOTHING[group])
        yield running
    finally:
        _stop(process)


def database_url(settings: Mapping[str, Any]) -> str:
    """The DATABASE_URL that leads another process to the database of these Django settings."""
    name = quote(str(settings["NAME"]))
    if settings["ENGINE"].endswith("sqlite3"):
        return f"sqlite://{name}"
    password = f":{quote(settings['PASSWORD'], safe='')}" if settings["PASSWORD"] else ""
    place = {"host": settings["HOST"], "port": str(settings["PORT"])}
    given = urlencode({key: value for key, value in place.items() if value}, quote_via=quote, safe="")
    return f"postgres://{quote(settings['USER'], safe='')}{password}@/{name}?{given}"


def _production(directory: Path, address: str, url: str) -> dict[str, str]:
    """What an operator would set, on top of the tests' own environment, which holds the keys."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "agentversions.settings",
        "DATABASE_URL": url,
        "PUBLIC_BASE_URL": address,
        "STATIC_ROOT": str(directory / "staticfiles"),
        "WEB_THREADS": "4",
    }


def _collect_static(directory: Path, environment: Mapping[str, str]) -> None:
    """Once a run: whichever worker comes first collects for all. Raises ServerError with what Django said."""
    with (directory / "staticfiles.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if Path(environment["STATIC_ROOT"], "staticfiles.json").exists():
            return
        command = [sys.executable, "manage.py", "collectstatic", "--noinput"]
        done = subprocess.run(  # noqa: S603 - our own command line
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise ServerError(f"collectstatic failed:\n{done.stdout}{done.stderr}")


def _start(listener: socket.socket, environment: Mapping[str, str], log: Path, workers: int) -> subprocess.Popen[bytes]:
    number = listener.fileno()
    command = [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.py"]
    command += ["-b", f"fd://{number}", "--workers", str(workers), "--threads", "4"]
    with log.open("wb") as written:
        return subprocess.Popen(  # noqa: S603 - our own command line
            command, cwd=ROOT, env=environment, stdout=written, stderr=written, pass_fds=[number]
        )


def _wait(server: Server, path: str) -> None:
    until = time.monotonic() + PATIENCE
    status = None
    while time.monotonic() < until and server.process.poll() is None and status is None:
        time.sleep(0.1)
        status = _answer(server.url, path)
    if status != HTTPStatus.OK:
        told = server.log.read_text(errors="replace")
        raise ServerError(f"The server did not start; its answer was {status}, its log:\n{told}")


def _answer(url: str, path: str) -> int | None:
    """The status of an answer; None without one."""
    request = HTTPConnection(url.removeprefix("http://"), timeout=10)
    try:
        request.request("GET", path)
        return request.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        request.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
