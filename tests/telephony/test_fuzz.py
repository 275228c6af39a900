"""Thousands of hostile webhooks at every provider's doors, signed and not: none is an error of ours, none takes long.

A run tries at least 5,000: `MOST` examples of each of three families, for each provider at each door.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.core.exceptions import TooManyFieldsSent
from django.db import connection as database
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from telephony.models import Connection
from telephony.providers import PROVIDERS
from telephony.rehearsals import Sent, rehearsal
from tests.telephony.exchange import CALLER, Exchange, path, public, written
from tests.telephony.lines import NUMBERS, SECRETS, line, posted
from tests.telephony.test_hostile import HEADERS, VALUES

MOST = 125
SLOW = 1.0
"""Seconds of this thread's own time that one webhook may take."""
EVERY = [pytest.mark.parametrize("provider", list(PROVIDERS)), pytest.mark.parametrize("door", ["route", "events"])]
TRIED = settings(max_examples=MOST, deadline=None, suppress_health_check=list(HealthCheck))

HOSTILE = [
    *(b"", b" ", b"null", b"[]", b"{}", b'""', b"0", b"-0", b"1e999", b"NaN", b"[Infinity]", b"\xef\xbb\xbf{}"),
    *(b"[" * 100_000, b'{"a":' * 20_000),
    b'{"a":' + b"9" * 50_000 + b"}",
    b'{"call_id":"a","call_id":{"call_id":[]}}',
    b'{"\\ud800":"\\udfff"}',
    json.dumps({"data": "x"}).encode("utf-16"),
    *(b"&" * 5_000, b"=" * 5_000, b"a=1&" * 900, b"CallSid=%00", b"%", b"CallSid=%ff%fe", b"\x00" * 100, b"\xff\xfe"),
    *(b"<xml/>", b"--x\r\n\r\n", b"a" * 70_000),
]
ODD: some.SearchStrategy[Any] = VALUES | some.sampled_from(
    [
        *("", "\x00", "\ud800", "é☎", "9" * 300, "x" * 70_000, 10**400, -1, 1e308, True, None, [], {}, [[[]]], "+"),
        *("2026-11-22T07:50:00Z", "0001-01-01T00:00:00+23:59", "completed", "ended", "inbound", "ringing", CALLER),
    ]
)


class Mistakes(logging.Handler):
    """Hears what is logged as a mistake."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


@contextmanager
def harmless() -> Iterator[None]:
    """It takes no time worth mentioning, and nothing is logged as a mistake of ours."""
    handler = Mistakes(logging.ERROR)
    logging.getLogger().addHandler(handler)
    began = time.thread_time()
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
    assert time.thread_time() - began < SLOW
    assert handler.told == []


def sent(on: Connection, door: str) -> Sent:
    """What the provider really posts there."""
    side, url, secrets = rehearsal(on.provider), public(on, door), SECRETS[on.provider]
    told = {"call_id": side.call_id("call-1"), "caller": CALLER, "dialled": NUMBERS[on.provider]}
    return side.ring(secrets, url, **told) if door == "route" else side.hang_up(secrets, url, seconds=42, **told)


def signed(on: Connection, door: str, body: bytes) -> HttpResponse:
    """Post a body with a good signature."""
    return posted(path(on, door), rehearsal(on.provider).sign(SECRETS[on.provider], public(on, door), body))


def bent(body: bytes, how: Callable[[Any], Any]) -> bytes:
    """A real message, after something was done to it."""
    if body[:1] in b"{[":
        return json.dumps(how(json.loads(body))).encode("utf-8", "surrogatepass")
    fields = how(dict(parse_qsl(body.decode(), keep_blank_values=True)))
    flat = fields if isinstance(fields, dict) else {"": fields}
    return urlencode({str(name): str(text) for name, text in flat.items()}, errors="replace").encode()


def places(value: Any, so_far: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is something in a message."""
    yield so_far
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*so_far, key))


def put(value: Any, place: tuple[Any, ...], new: Any, *, drop: bool) -> Any:
    """The message with something else there, or nothing."""
    if not place:
        return new
    *way, last = place
    inner = value
    for key in way:
        inner = inner[key]
    if drop:
        del inner[last]
    else:
        inner[last] = new
    return value


@pytest.fixture
def on(exchange: Exchange, provider: str) -> Connection:
    """The provider's line."""
    return line(exchange.cast, provider)


def every(test: Any) -> Any:
    """For each provider, at each door."""
    for mark in EVERY:
        test = mark(test)
    return test


@every
@TRIED
@given(data=some.data())
def test_without_a_signature(on: Connection, provider: str, door: str, data: some.DataObject) -> None:
    real = sent(on, door)
    names = [name for name in real.headers if name.lower() != "content-type"]
    body = data.draw(some.binary(max_size=200) | some.sampled_from([real.body, real.body + b" ", *HOSTILE]))
    headers = {name: data.draw(HEADERS | some.sampled_from(bad(real.headers[name]))) for name in names}
    kind = data.draw(some.sampled_from([real.headers["content-type"], "text/plain", "", "multipart/form-data"]))
    before = written()

    with harmless(), CaptureQueriesContext(database) as asked:
        answer = posted(path(on, door), Sent(body, {"content-type": kind, **headers}))

    assert answer.status_code in (400, 403)
    assert answer.content == b""
    assert len(asked) <= 1
    assert written() == before


def bad(signature: str) -> list[str]:
    """Signatures that are nearly right."""
    return ["", signature[:-1], signature + "=", signature.swapcase() + "x", f" {signature}x", "x" * 9_000]


@every
@TRIED
@given(
    body=some.binary(max_size=300) | some.sampled_from(HOSTILE) | VALUES.map(lambda value: json.dumps(value).encode())
)
def test_with_a_signature_and_nothing_that_can_be_read(on: Connection, provider: str, door: str, body: bytes) -> None:
    try:
        sealed = rehearsal(provider).sign(SECRETS[provider], public(on, door), body)
    except (UnicodeDecodeError, TooManyFieldsSent):
        return  # which this provider couldn't have signed

    with harmless():
        answer = posted(path(on, door), sealed)

    assert answer.status_code in (200, 204, 400, 403)


@every
@TRIED
@given(data=some.data())
def test_with_a_signature_and_nearly_right(on: Connection, provider: str, door: str, data: some.DataObject) -> None:
    def bend(message: Any) -> Any:
        for _ in range(data.draw(some.integers(1, 3))):
            place = data.draw(some.sampled_from(list(places(message))))
            message = put(message, place, deepcopy(data.draw(ODD)), drop=data.draw(some.booleans()))
        return message

    body = bent(sent(on, door).body, bend)

    with harmless():
        answer = signed(on, door, body)

    assert answer.status_code in (200, 204, 400, 403)


@every
def test_too_large(on: Connection, provider: str, door: str) -> None:
    for body in (b"[" * 9_000_000, b'{"a": "' + b"x" * 9_000_000 + b'"}', b"a=" + b"x" * 9_000_000):
        with harmless():
            assert signed(on, door, body).status_code in (403, 413)


@every
def test_the_wrong_method(on: Connection, provider: str, door: str, client: Any) -> None:
    for method in ("get", "put", "delete", "patch", "options", "head"):
        assert getattr(client, method)(path(on, door)).status_code == 405
