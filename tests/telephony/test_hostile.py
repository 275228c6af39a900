"""Whatever is posted to the webhooks, signed or not: a clear answer, never an error of ours."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.telephony import exchange as phone
from tests.telephony.exchange import FORM, GENERIC_NUMBER, TWILIO_NUMBER, Exchange, path, post, written

ENDURING = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
DOORS = some.sampled_from(["route", "events"])
TEXTS = some.text(alphabet=some.characters(), max_size=40)
ODD = some.sampled_from(["", "\x00", "\ud800", "nocomma", "v1,", "é☎", "nan", "-1", "9" * 5_000, " ", "%", "="])
# What a server hands on of a header is Latin-1; what Django's client hands on can be anything.
HEADERS = some.one_of(ODD, TEXTS.filter(lambda text: "\n" not in text and "\r" not in text))
VALUES: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | TEXTS | ODD,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
TYPES = some.sampled_from(["call.incoming", "call.answered", "call.ended", "call.recording", "call.report", "x"])
DATA = some.dictionaries(
    some.sampled_from(["call_id", "from", "to", "status", "ended_at", "duration_s", "reason", "url", "x"]),
    VALUES | some.sampled_from([GENERIC_NUMBER, "call-1", "2026-11-22T07:50:00Z", "0001-01-01T00:00:00+23:59"]),
)
NAMES = [
    *("CallSid", "To", "From", "CallStatus", "CallDuration", "Timestamp", "ParentCallSid", "SessionId"),
    *("RecordingSid", "RecordingUrl", "é", "\x00", ""),
]
FIELDS = some.dictionaries(
    some.sampled_from(NAMES),
    TEXTS.filter(lambda text: text.isprintable())
    | some.sampled_from([TWILIO_NUMBER, "completed", "CA1", "\x00", "9" * 5_000, "Mon, 01 Jan 0001 00:00:00 +2359"]),
)


def assert_clear(status: int, *, signed: bool) -> None:
    assert status in ({200, 204, 400} if signed else {400, 403})


CONTENT_TYPES = [FORM, f"{FORM}; charset=utf-16", "multipart/form-data; boundary=x", "text/plain", ""]


@ENDURING
@given(door=DOORS, body=some.binary(max_size=300), headers=some.tuples(HEADERS, HEADERS, HEADERS))
def test_unsigned_nonsense_at_the_generic_door(
    exchange: Exchange, door: str, body: bytes, headers: tuple[str, str, str]
) -> None:
    named = dict(zip(("webhook-id", "webhook-timestamp", "webhook-signature"), headers, strict=True))

    response = Client().post(path(exchange.generic, door), body, content_type="application/json", headers=named)

    assert response.status_code == 403
    assert written() == (0, 0)


@ENDURING
@given(
    door=DOORS,
    body=some.binary(max_size=300),
    signature=HEADERS,
    algorithm=some.none() | HEADERS | some.just("key=1,algorithm=HMAC_SHA256"),
    content_type=some.sampled_from(CONTENT_TYPES),
)
def test_unsigned_nonsense_at_twilios_door(
    exchange: Exchange, *, door: str, body: bytes, signature: str, algorithm: str | None, content_type: str
) -> None:
    named = {"X-Twilio-Signature": signature}
    if algorithm is not None:
        named["X-Twilio-Webhooks-Signature-Settings"] = algorithm

    response = Client().generic("POST", path(exchange.twilio, door), body, content_type=content_type, headers=named)

    assert response.status_code == 403
    assert written() == (0, 0)


@ENDURING
@given(door=DOORS, message=VALUES | some.fixed_dictionaries({"type": TYPES | VALUES, "data": DATA | VALUES}))
def test_signed_nonsense_at_the_generic_door(exchange: Exchange, door: str, message: Any) -> None:
    assert_clear(phone.tell(exchange.generic, json.dumps(message), door=door).status_code, signed=True)


@ENDURING
@given(door=DOORS, data=DATA, kind=TYPES, event_id=HEADERS.filter(bool))
def test_signed_reports_that_are_nearly_right(
    exchange: Exchange, door: str, data: dict[str, Any], kind: str, event_id: str
) -> None:
    body = json.dumps({"type": kind, "timestamp": data.get("ended_at"), "data": {"call_id": "call-1", **data}})
    event_id = event_id.encode("utf-8", "replace").decode()

    assert_clear(phone.tell(exchange.generic, body, door=door, event_id=event_id).status_code, signed=True)


@ENDURING
@given(door=DOORS, fields=FIELDS, token=HEADERS)
def test_signed_nonsense_at_twilios_door(exchange: Exchange, door: str, fields: dict[str, str], token: str) -> None:
    named = {"I-Twilio-Idempotency-Token": token}

    assert_clear(post(exchange.twilio, {"CallSid": "CA1", **fields}, door=door, headers=named).status_code, signed=True)


@ENDURING
@given(authorization=HEADERS | HEADERS.map("Bearer {}".format))
def test_nonsense_as_a_token(exchange: Exchange, authorization: str) -> None:
    address, _ = phone.worker(phone.ring(exchange.generic))

    assert Client().get(address, headers={"Authorization": authorization}).status_code == 403


@pytest.mark.parametrize("length", ["", "-1", "abc", "9" * 30])
def test_a_length_that_is_a_lie(exchange: Exchange, length: str) -> None:
    body = urlencode({"CallSid": "CA1"})

    response = Client().post(path(exchange.twilio), body, content_type=FORM, CONTENT_LENGTH=length)

    assert response.status_code in (403, 413)
    assert written() == (0, 0)
