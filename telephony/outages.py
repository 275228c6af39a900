"""What happened while the database was away, kept in this process until it can be written down.

Each deed must come out the same when it is done twice: the first attempt may have gone through after all.
"""

import atexit
import logging
import threading
from collections.abc import Callable, Hashable

from django.db import InterfaceError, OperationalError, close_old_connections

logger = logging.getLogger(__name__)

MOST, LARGEST = 5_000, 64 * 1024 * 1024
"""Deeds that one process keeps, and bytes of what was sent with them: beyond, memory would be the next outage."""
EVERY = 1.0
"""Seconds between two attempts."""


class Full(Exception):
    """Nothing more can be kept."""


class Notes:
    """Deeds that wait for the database."""

    def __init__(self) -> None:
        """None yet."""
        self._deeds: dict[Hashable, tuple[Callable[[], object], int]] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None

    def keep(self, key: Hashable, deed: Callable[[], object], size: int = 0) -> None:
        """Do this, which holds so many bytes, as soon as the database is back. Raises Full.

        Nothing if there is one of this key already.
        """
        with self._lock:
            if key in self._deeds:
                return
            if len(self._deeds) >= MOST or self._bytes + size > LARGEST:
                raise Full
            self._deeds[key] = deed, size
            self._bytes += size
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="phone-notes", daemon=True)
                self._writer.start()

    def forget(self, key: Hashable) -> None:
        """It needn't be done any more."""
        if self._deeds:
            with self._lock:
                _, size = self._deeds.pop(key, (None, 0))
                self._bytes -= size

    def write_down(self) -> bool:
        """Do what waits; whether all of it is done."""
        try:
            while (first := next(iter(list(self._deeds.items())), None)) is not None:
                key, (deed, _) = first
                if not self._done(deed):
                    return False
                self.forget(key)
        finally:
            close_old_connections()
        return True

    def _done(self, deed: Callable[[], object]) -> bool:
        """Whether it needn't be tried again: a deed that is wrong in itself is told and let go."""
        try:
            deed()
        except (OperationalError, InterfaceError) as error:
            logger.info("The database is still away: %s.", type(error).__name__)
            close_old_connections()
            return False
        except Exception:
            logger.exception("What happened during an outage can't be written down.")
        return True

    def _write(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(EVERY)
            done = self.write_down()
            with self._lock:
                if done and not self._deeds:
                    self._writer = None
                    logger.info("What happened while the database was away is written down.")
                    return


notes = Notes()
atexit.register(notes.write_down)
