"""Runs an installer without a word, and finds its last words where it failed."""

import os
import subprocess


def quietly(*command: str) -> None:
    """Run it, and ask nobody anything. Raises CalledProcessError with what it said, TimeoutExpired after 10 minutes."""
    subprocess.run(  # noqa: S603 - fixed commands
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


def last_words(problem: Exception) -> str:
    """The end of what an installer said before it failed, else the problem itself."""
    output = getattr(problem, "output", None) or b""
    return output.decode(errors="replace").strip()[-500:] or str(problem)
