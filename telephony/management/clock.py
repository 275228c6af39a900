"""A clock that is turned back, for what is made up and should look as if it had happened."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone


@contextmanager
def clock(moment: datetime) -> Iterator[None]:
    """Let the verbs believe that it is this moment: what they record can't be altered afterwards, not even by us."""
    now = timezone.now
    timezone.now = lambda: moment
    try:
        yield
    finally:
        timezone.now = now
