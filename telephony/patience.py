"""Asks the database on behalf of a caller who waits: a phone that rings must be answered, whatever the database does.

What is asked runs on a thread of its own, so that a database which hangs, or a pool which is empty, costs the caller a
moment and no more. Once it has taken too long, for a while only one question at a time is tried, and briefly; the
others are told at once. What comes too late is done all the same, and what failed is tried again: whoever asks must
expect to have it done late, or twice.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

logger = logging.getLogger(__name__)

AGAIN = 0.05
"""Seconds between two attempts."""
BRIEFLY = 0.3
"""Seconds that a trial may take while the database is in trouble."""
TROUBLE = 5.0
"""Seconds for which the database counts as in trouble after it has taken too long."""


WAITING = 1_000
"""Things that may wait to be done beside: what nobody waits for is let go of sooner than memory."""


class Away(Exception):
    """The database doesn't answer, or not in time."""


class Switchboard:
    """Puts questions to the database, in one process."""

    def __init__(self, hands: int) -> None:
        """Ask at most so many things at once."""
        self._hands = ThreadPoolExecutor(hands, thread_name_prefix="phone")
        self._free = threading.BoundedSemaphore(hands)
        self._lock = threading.Lock()
        self._trouble_until = 0.0
        self._trying = False

    def ask[Found](self, work: Callable[[], Found], seconds: float) -> Found:
        """What the work returns within so many seconds; raises Away, or what the work raises."""
        trial = self._take_turn()
        # Are all hands stuck with what others gave up on?
        if not self._free.acquire(blocking=False):
            self._end_turn(trial)
            raise Away
        context, seconds = copy_context(), min(seconds, BRIEFLY) if trial else seconds
        until = time.monotonic() + seconds
        asked = self._hands.submit(lambda: context.run(self._work, work, until, trial))
        try:
            found = asked.result(seconds)
        except (TimeoutError, OperationalError, InterfaceError) as error:
            self._trouble_until = time.monotonic() + TROUBLE
            logger.warning("The database is away: %s.", type(error).__name__)
            raise Away from None
        self._trouble_until = 0.0
        return found

    def _work[Found](self, work: Callable[[], Found], until: float, trial: bool) -> Found:  # noqa: FBT001 (as it began)
        try:
            return _persistently(work, until)
        finally:
            close_old_connections()
            self._free.release()
            self._end_turn(trial)

    def _take_turn(self) -> bool:
        """Whether this is the one trial of a database in trouble; raises Away while there is another."""
        with self._lock:
            if time.monotonic() >= self._trouble_until:
                return False
            if self._trying:
                raise Away
            self._trying = True
            return True

    def _end_turn(self, trial: bool) -> None:  # noqa: FBT001 (likewise)
        if trial:
            self._trying = False


def _persistently[Found](work: Callable[[], Found], until: float) -> Found:
    """What the work returns, tried again while there is time: a server that was restarted left dead connections."""
    while True:
        close_old_connections()
        try:
            return work()
        except (OperationalError, InterfaceError):
            if time.monotonic() + AGAIN >= until:
                raise
        time.sleep(AGAIN)


@cache
def _switchboard() -> Switchboard:
    """This process's, made after it was forked."""
    return Switchboard(max(8, 2 * settings.WEB_THREADS))


class Aside:
    """One more hand, in one process, for what nobody waits for."""

    def __init__(self) -> None:
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="phone-aside")
        self._room = threading.BoundedSemaphore(WAITING)

    def do(self, work: Callable[[], object]) -> None:
        """Do it soon, unless too much waits already."""
        if self._room.acquire(blocking=False):
            self._hand.submit(partial(self._do, work))

    def _do(self, work: Callable[[], object]) -> None:
        try:
            close_old_connections()
            _quietly(work)
        finally:
            close_old_connections()
            self._room.release()


@cache
def _aside() -> Aside:
    """This process's, made after it was forked."""
    return Aside()


def aside(work: Callable[[], object]) -> None:
    """Have something done beside, once at most: the caller neither waits for it nor learns whether it could be."""
    if settings.PHONE_PATIENCE:
        _aside().do(work)
    else:
        _quietly(work)


def _quietly(work: Callable[[], object]) -> None:
    try:
        work()
    except (OperationalError, InterfaceError) as error:
        logger.warning("What was to be noted of a call isn't: %s.", type(error).__name__)
    except Exception:
        logger.exception("What was to be noted of a call isn't.")


class Patience:
    """One caller's: all that is asked for them together takes no longer than settings.PHONE_PATIENCE."""

    def __init__(self) -> None:
        """From now on."""
        self._until = time.monotonic() + settings.PHONE_PATIENCE

    def wait_for[Found](self, work: Callable[[], Found]) -> Found:
        """What the work returns, if the database answers in time; raises Away."""
        if settings.PHONE_PATIENCE:
            return _switchboard().ask(work, max(0, self._until - time.monotonic()))
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            raise Away from error
