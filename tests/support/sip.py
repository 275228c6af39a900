"""Finds Kamailio and sipp, with which the SIP stories are told, and installs them where that needs no password.

`python -m tests.support.sip` runs once, before the tests: as root on Debian or Ubuntu it installs what is missing.
Elsewhere it says what to type, and the stories are skipped: they alone need programs that most machines lack.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.installing import last_words, quietly

PACKAGES = ("kamailio", "kamailio-python3-modules", "sip-tester")
PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
MODULES = ("/usr/lib/*/kamailio/modules", "/usr/lib*/kamailio/modules", "/usr/local/lib*/kamailio/modules")
PATIENCE = ("Acquire::Retries=0", "Acquire::http::Timeout=15", "DPkg::Lock::Timeout=60")
POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks it whether a package's service may start."""
CURE = f"no Kamailio and sipp here. On Debian or Ubuntu: sudo apt install {' '.join(PACKAGES)}"


def program(name: str) -> str | None:
    """Where `kamailio` or `sipp` lies; None where it doesn't."""
    return shutil.which(name, path=PLACES)


def present() -> bool:
    """Whether all of it is here, Kamailio's Python as well."""
    python = any(next(Path("/").glob(f"{place[1:]}/app_python3.so"), None) for place in MODULES)
    return bool(python and program("kamailio") and program("sipp"))


def skipped() -> str:
    """What the last lines of a test run say of the stories; nothing where they are told."""
    return "" if present() else f"SKIPPED, the calls over SIP (tests/telephony/sip): {CURE}"


def install() -> None:
    """Install it with apt. Raises OSError or SubprocessError when that can't be done."""
    if os.getuid() != 0 or not shutil.which("apt-get"):
        raise OSError("only as root on Debian or Ubuntu")
    sys.stderr.write("Installing Kamailio and sipp… (about 10 s)\n")
    apt = ("apt-get", *(f"-o{option}" for option in PATIENCE))
    with _no_service():
        quietly(*apt, "update")
        quietly(*apt, "install", "-y", "--no-install-recommends", *PACKAGES)


@contextmanager
def _no_service() -> Iterator[None]:
    """Whoever tests wants the program, not a telephone exchange that starts with the machine."""
    ours = not POLICY.exists()
    here = program("kamailio")
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
        if not here and program("kamailio") and shutil.which("systemctl"):
            quietly("systemctl", "disable", "kamailio")


def main() -> None:
    """Install what is missing, or say what to type. Never a failure: everything else can be tested without."""
    if not present():
        try:
            install()
        except (OSError, subprocess.SubprocessError) as problem:
            sys.stderr.write(f"  apt: {last_words(problem)}\n")
    sys.stdout.write(f"{skipped() or program('kamailio')}\n")


if __name__ == "__main__":
    main()
