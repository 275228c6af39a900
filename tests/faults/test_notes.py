"""What happens during an outage is kept once, within bounds, and done when the database is back."""

import threading

import pytest
from django.db import OperationalError

from telephony import outages
from telephony.outages import Full, Notes


class Database:
    """One that is away until it is back."""

    def __init__(self) -> None:
        self.back = threading.Event()
        self.done: list[str] = []
        self.all_done = threading.Event()

    def deed(self, name: str) -> None:
        """Write a name down."""
        if not self.back.is_set():
            raise OperationalError("away")
        self.done.append(name)
        self.all_done.set()


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    """Away; asked again at once."""
    monkeypatch.setattr(outages, "EVERY", 0.01)
    return Database()


def test_what_is_kept_is_done_once_and_in_order_when_the_database_is_back(database: Database) -> None:
    notes = Notes()
    for name in ("one", "two", "one"):
        notes.keep(name, lambda name=name: database.deed(name))  # type: ignore[misc] # a default binds it
    assert not notes.write_down()

    database.back.set()
    assert database.all_done.wait(10)

    assert notes.write_down()
    assert database.done == ["one", "two"]


def test_what_needs_no_doing_any_more_is_forgotten(database: Database) -> None:
    notes = Notes()
    notes.keep("one", lambda: database.deed("one"))

    notes.forget("one")
    notes.forget("another")
    database.back.set()

    assert notes.write_down()
    assert database.done == []


def test_no_more_is_kept_than_memory_bears(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outages, "MOST", 3)
    monkeypatch.setattr(outages, "LARGEST", 100)
    notes = Notes()

    notes.keep("one", lambda: database.deed("one"), 60)
    with pytest.raises(Full):
        notes.keep("large", lambda: database.deed("large"), 41)
    notes.forget("one")
    notes.keep("large", lambda: database.deed("large"), 100)
    notes.keep("two", lambda: database.deed("two"))
    notes.keep("three", lambda: database.deed("three"))
    with pytest.raises(Full):
        notes.keep("four", lambda: database.deed("four"))
    for name in ("large", "two", "three"):
        notes.forget(name)


def test_a_deed_that_is_wrong_in_itself_holds_up_nothing(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    notes = Notes()
    broken: dict[str, str] = {}
    notes.keep("broken", lambda: broken["nothing"])
    notes.keep("one", lambda: database.deed("one"))
    database.back.set()

    assert database.all_done.wait(10)
    assert "can't be written down" in caplog.text
