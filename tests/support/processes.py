"""Runs a command in the foreground, and waits for it to end however one is asked to stop."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end and return its exit status.

    Asked to stop, the command stops first and in its own time; then KeyboardInterrupt is raised for Ctrl-C, and
    SystemExit for a signal.
    """
    child = subprocess.Popen(command, env=environment)  # noqa: S603 - what our callers wrote or typed
    with _stopping(child) as asked:
        status = child.wait()
    if signal.SIGINT in asked:
        raise KeyboardInterrupt
    if asked:
        sys.exit(128 + asked[0])
    return status


@contextmanager
def _stopping(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    asked: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        # The terminal has sent Ctrl-C to the child as well; other signals come to us alone.
        if number != signal.SIGINT:
            child.terminate()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
