"""Finds the Chromium that the browser tests drive, and fetches one where there is none.

`python -m tests.support.chromium` prints its path. The order: $CHROMIUM, Playwright's own, an installed
Chromium or Chrome; then the ways to fetch one: the system's packages (as root), Playwright, npm.
"""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.installing import last_words, quietly

HOME = Path(sys.prefix) / "chromium"  # A fetched browser lives and dies with the environment.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
CURE = (
    "No Chromium for the browser tests. Install Chromium or Google Chrome, or name one: "
    "CHROMIUM=/path/to/chromium ./dev test"
)
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
)

UNPACK = """
const fs = require('fs'), [source, target] = process.argv.slice(1);
fs.writeFileSync(target, require('zlib').brotliDecompressSync(fs.readFileSync(source)));
"""
WRAPPER = """#!/bin/sh
here=$(dirname "$0")
LD_LIBRARY_PATH="$here/lib" exec "$here/chromium.bin" "$@"
"""


class ChromiumError(Exception):
    """There is no Chromium and none could be fetched; the message says what to do."""


def arguments() -> list[str]:
    """The switches every test browser starts with."""
    # Chromium's sandbox refuses to start as root.
    return [*QUIET, "--no-sandbox"] if os.getuid() == 0 else [*QUIET]


@functools.cache
def find() -> Path:
    """The Chromium to use, fetched if need be. Raises ChromiumError when there is none to be had."""
    found = _first(_present())
    if found:
        return found
    with _alone():
        # Whoever had the lock before may have fetched it.
        found = _first(_present()) or _fetch()
    if not found:
        raise ChromiumError(CURE)
    return found


def _first(candidates: Iterator[Path]) -> Path | None:
    return next(filter(_runs, candidates), None)


def _runs(chromium: Path) -> bool:
    """A browser is there only if it starts: packages leave stubs, and unpacked ones may lack a library."""
    try:
        done = subprocess.run(  # noqa: S603 - a browser found on this machine
            [chromium, "--version"], capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _present() -> Iterator[Path]:
    if named := os.environ.get("CHROMIUM"):
        if not _runs(Path(named)):
            raise ChromiumError(f"CHROMIUM={named} does not run.")
        yield Path(named)
    yield from _playwrights()
    yield from (Path(path) for path in map(shutil.which, NAMES) if path)
    yield from map(Path, APPLICATIONS)
    yield HOME / "chromium"


def _playwrights() -> Iterator[Path]:
    """What Playwright has downloaded, newest first."""
    home = Path.home()
    for cache in (
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH"),
        home / ".cache/ms-playwright",
        home / "Library/Caches/ms-playwright",
    ):
        if cache:
            for program in ("chrome-linux*/chrome", "chrome-mac*/*.app/Contents/MacOS/*"):
                yield from sorted(Path(cache).glob(f"chromium-*/{program}"), reverse=True)


def _fetch() -> Path | None:
    """Try each way to fetch a browser, until one has left a browser that runs."""
    for way in (_by_apt, _by_playwright, _by_npm):
        try:
            way()
        except (OSError, subprocess.SubprocessError) as problem:
            _tell(f"  {way.__name__.removeprefix('_by_')}: {last_words(problem)}")
        if found := _first(_present()):
            return found
    return None


def _by_apt() -> None:
    if os.getuid() != 0 or not shutil.which("apt-get"):
        raise OSError("only as root on Debian or Ubuntu")
    _tell("Installing Chromium… (about 30 s)")
    quietly("apt-get", "update")
    # Without fonts every letter is a box; the library is what Playwright's own program wants.
    quietly("apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-liberation", "libatomic1")


def _by_playwright() -> None:
    _tell("Downloading Chromium with Playwright…")
    quietly(sys.executable, "-m", "playwright", "install", "chromium")


def _by_npm() -> None:
    """A Chromium for servers that brings its own libraries: no root needed; Linux on x64 only."""
    _tell("Downloading Chromium with npm…")
    HOME.mkdir(exist_ok=True)
    quietly("npm", "install", "--no-save", "--prefix", str(HOME), "@sparticuz/chromium@153")
    packed = HOME / "node_modules/@sparticuz/chromium/bin"
    for source, target in (("chromium.br", "chromium.bin"), ("al2023.tar.br", "al2023.tar")):
        quietly("node", "-e", UNPACK, str(packed / source), str(HOME / target))
    quietly("tar", "-xf", str(HOME / "al2023.tar"), "-C", str(HOME))
    (HOME / "chromium").write_text(WRAPPER)
    for program in ("chromium", "chromium.bin"):
        (HOME / program).chmod(0o755)


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: parallel tests must not install the same browser twice."""
    with HOME.with_name("chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find()}\n")
    except ChromiumError as problem:
        sys.exit(str(problem))
