"""Who can't sign learns nothing and writes nothing; who signs nonsense is told so."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from telephony.models import CallEvent
from telephony.operations import add_connection, change_connection
from tests.telephony import exchange as phone
from tests.telephony.exchange import (
    AUTH_TOKEN,
    FORM,
    GENERIC_NUMBER,
    TWILIO_NUMBER,
    Exchange,
    answered_by,
    path,
    post,
    public,
    said,
    sealed,
    send,
    tell,
    written,
)

DOORS = pytest.mark.parametrize("door", ["route", "events"])
INCOMING = {"call_id": "call-1", "from": phone.CALLER, "to": GENERIC_NUMBER}
FIELDS = {"CallSid": "CA" + "1" * 32, "From": phone.CALLER, "To": TWILIO_NUMBER, "CallStatus": "ringing", "ToCity": ""}
OTHER_SECRET = "whsec_" + b64encode(b"another connection's key").decode()


def assert_forbidden(response: HttpResponse) -> None:
    assert (response.status_code, response.content, response.get("Location")) == (403, b"", None)
    assert written() == (0, 0)


def assert_unreadable(response: HttpResponse) -> None:
    assert response.status_code == 400
    assert written() == (0, 0)


def hostile_signatures(body: str) -> dict[str, dict[str, str]]:
    """Headers of Standard Webhooks that prove nothing, each for its own reason."""
    good = sealed(body)
    signature = good["webhook-signature"]
    now = datetime.now(UTC)
    return {
        "none at all": {},
        "no id": {**good, "webhook-id": ""},
        "no timestamp": {name: value for name, value in good.items() if name != "webhook-timestamp"},
        "no signature": {name: value for name, value in good.items() if name != "webhook-signature"},
        "another id": {**good, "webhook-id": "msg_other"},
        "another connection's secret": sealed(body, secret=OTHER_SECRET),
        "another body": sealed(body + " "),
        "six minutes old": sealed(body, at=now - timedelta(minutes=6)),
        "six minutes ahead": sealed(body, at=now + timedelta(minutes=6)),
        "a timestamp that was moved": {**good, "webhook-timestamp": str(int(now.timestamp()) - 60)},
        "a timestamp that is no number": {**good, "webhook-timestamp": "soon"},
        "an endless timestamp": {**good, "webhook-timestamp": "9" * 400},
        "not a number as timestamp": {**good, "webhook-timestamp": "nan"},
        "nocomma": {**good, "webhook-signature": "nocomma"},
        "three parts": {**good, "webhook-signature": f"{signature},more"},
        "bad Base64": {**good, "webhook-signature": "v1,abc"},
        "a version we don't know": {**good, "webhook-signature": signature.replace("v1,", "v9,")},
        "non-ASCII": {**good, "webhook-signature": "v1,é☎"},
        "a lone surrogate": {**good, "webhook-signature": "v1,\ud800"},
        "a lone surrogate as id": {**good, "webhook-id": "\ud800"},
        "NUL": {**good, "webhook-signature": "v1,\x00"},
        "huge": {**good, "webhook-signature": "v1," + "A" * 100_000},
        "ten thousand of them": {**good, "webhook-signature": "v1,AAAA " * 10_000},
    }


@DOORS
@pytest.mark.parametrize("why", hostile_signatures(""))
def test_a_signature_that_proves_nothing_is_403_without_a_word(exchange: Exchange, why: str, door: str) -> None:
    body = said("call.incoming" if door == "route" else "call.ended", **INCOMING)

    assert_forbidden(tell(exchange.generic, body, door=door, headers=hostile_signatures(body)[why]))


TWILIO_SIGNATURES = [
    "",
    "nocomma",
    "é☎",
    "\ud800",
    "\x00",
    "A" * 100_000,
    "AAAA",
    "====",
    b64encode(b"x" * 20).decode(),
]


@DOORS
@pytest.mark.parametrize("signature", TWILIO_SIGNATURES, ids=range(len(TWILIO_SIGNATURES)))
def test_twilios_signature_that_proves_nothing_is_403_without_a_word(
    exchange: Exchange, signature: str, door: str
) -> None:
    assert_forbidden(post(exchange.twilio, FIELDS, door=door, headers={"X-Twilio-Signature": signature}))


@DOORS
def test_a_request_without_twilios_signature_is_403(exchange: Exchange, door: str) -> None:
    assert_forbidden(send(path(exchange.twilio, door), urlencode(FIELDS), FORM, {}))


def test_another_accounts_token_is_403(exchange: Exchange) -> None:
    assert_forbidden(post(exchange.twilio, FIELDS, token="f" * 32))


def test_a_signature_for_the_other_door_is_403(exchange: Exchange) -> None:
    assert_forbidden(post(exchange.twilio, FIELDS, signed_url=public(exchange.twilio, "events")))


def test_a_signature_for_another_host_is_403(exchange: Exchange) -> None:
    assert_forbidden(post(exchange.twilio, FIELDS, signed_url="http://evil.example.com" + path(exchange.twilio)))


@pytest.mark.parametrize("field", ["To", "From", "CallSid", "More"])
def test_a_field_that_was_changed_or_added_breaks_the_signature(exchange: Exchange, field: str) -> None:
    signature = phone.signature(public(exchange.twilio), FIELDS)
    changed = {**FIELDS, field: "+442079469999"}

    assert_forbidden(send(path(exchange.twilio), urlencode(changed), FORM, {"X-Twilio-Signature": signature}))


@DOORS
def test_an_unknown_connection_another_provider_and_no_provider_are_the_same_403(exchange: Exchange, door: str) -> None:
    body = said("call.incoming", **INCOMING)
    wrong = [
        path(exchange.generic, door).replace(str(exchange.generic.pk), str(uuid4())),
        path(exchange.twilio, door),
        path(exchange.generic, door).replace("/generic/", "/twilio/"),
        path(exchange.generic, door).replace("/generic/", "/acme/"),
        path(exchange.generic, door).replace("/generic/", "/Generic/"),
    ]
    for address in wrong:
        assert_forbidden(tell(exchange.generic, body, to=address))


def test_the_secret_is_that_of_the_connection_in_the_path(exchange: Exchange) -> None:
    other = add_connection(
        exchange.cast.project,
        provider="generic",
        name="Other",
        secrets={"signing_secret": OTHER_SECRET},
        by=exchange.cast.ana,
    )
    body = said("call.incoming", **INCOMING)

    assert_forbidden(tell(other, body))
    assert tell(other, body, headers=sealed(body, secret=OTHER_SECRET)).status_code == 200


@DOORS
@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_anything_but_post_is_405(exchange: Exchange, door: str, method: str) -> None:
    for line in (exchange.generic, exchange.twilio):
        response = getattr(Client(), method)(path(line, door))
        assert (response.status_code, response["Allow"]) == (405, "POST")
    assert written() == (0, 0)


@DOORS
def test_an_address_without_its_last_slash_is_never_redirected(exchange: Exchange, door: str) -> None:
    response = Client().post(path(exchange.generic, door)[:-1], "{}", content_type="application/json")

    assert (response.status_code, response.get("Location")) == (404, None)


def test_webhooks_neither_start_a_session_nor_ask_for_a_csrf_token(exchange: Exchange) -> None:
    body = said("call.incoming", **INCOMING)
    response = Client(enforce_csrf_checks=True).post(
        path(exchange.generic), body, content_type="application/json", headers=sealed(body)
    )

    assert response.status_code == 200
    assert not response.cookies


BODIES = {
    "empty": "",
    "no JSON": "{",
    "a list": "[]",
    "a text": '"call.incoming"',
    "no data": '{"type": "call.incoming"}',
    "data that is a list": '{"type": "call.incoming", "data": []}',
    "no type": '{"data": {"call_id": "1", "to": "+12025550133"}}',
    "a type that is a number": '{"type": 1, "data": {"call_id": "1", "to": "+12025550133"}}',
    "no call's id": '{"type": "call.incoming", "data": {"to": "+12025550133"}}',
    "an empty call's id": '{"type": "call.incoming", "data": {"call_id": "", "to": "+12025550133"}}',
    "a call's id that is a number": '{"type": "call.incoming", "data": {"call_id": 1, "to": "+12025550133"}}',
    "a call's id that is too long": json.dumps(
        {"type": "call.incoming", "data": {"call_id": "x" * 256, "to": "+12025550133"}}
    ),
    "NUL in the call's id": '{"type": "call.incoming", "data": {"call_id": "\\u0000", "to": "+12025550133"}}',
    "half a surrogate pair": '{"type": "call.incoming", "data": {"call_id": "\\ud800", "to": "+12025550133"}}',
    "nested beyond reason": '{"type": "call.incoming", "data": {"call_id": ' + "[" * 100_000 + "]" * 100_000 + "}}",
    "a number beyond reason": '{"type": "call.incoming", "data": {"call_id": ' + "9" * 5_000 + "}}",
}


@DOORS
@pytest.mark.parametrize("name", BODIES)
def test_what_is_signed_and_can_not_be_read_is_400_and_writes_nothing(exchange: Exchange, name: str, door: str) -> None:
    body = BODIES[name].replace("call.incoming", "call.incoming" if door == "route" else "call.ended")

    assert_unreadable(tell(exchange.generic, body, door=door))


@pytest.mark.parametrize(
    "body",
    [
        '{"type": "call.incoming", "data": {"call_id": "1"}}',
        '{"type": "call.incoming", "data": {"call_id": "1", "to": 12025550133}}',
        '{"type": "call.incoming", "data": {"call_id": "1", "to": "\\u0000"}}',
        '{"type": "call.ended", "data": {"call_id": "1", "to": "+12025550133"}}',
    ],
)
def test_a_ring_that_says_not_what_was_dialled_or_is_none_is_400(exchange: Exchange, body: str) -> None:
    assert_unreadable(tell(exchange.generic, body))


@DOORS
@pytest.mark.parametrize("call_id", [None, "", "x" * 256, "CA\x00"])
def test_twilios_signed_request_without_a_call_is_400(exchange: Exchange, door: str, call_id: str | None) -> None:
    fields = {name: value for name, value in FIELDS.items() if name != "CallSid"}

    assert_unreadable(post(exchange.twilio, fields if call_id is None else {**fields, "CallSid": call_id}, door=door))


def test_twilios_ring_without_a_dialled_number_is_400(exchange: Exchange) -> None:
    assert_unreadable(post(exchange.twilio, {**FIELDS, "To": ""}))


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", ";;="]
)
@pytest.mark.parametrize("body", [b"", b"--x\r\ncontent", b"\xff\xfe", b"{}"])
def test_twilio_posting_anything_but_a_form_is_refused(exchange: Exchange, content_type: str, body: bytes) -> None:
    signature = phone.signature(public(exchange.twilio), {})

    response = Client().post(
        path(exchange.twilio), body, content_type=content_type, headers={"X-Twilio-Signature": signature}
    )

    assert response.status_code in (400, 403)
    assert written() == (0, 0)


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "nonsense", "utf-8", "UTF-8"])
def test_a_charset_in_twilios_header_changes_nothing_that_is_signed(exchange: Exchange, charset: str) -> None:
    fields = {**FIELDS, "CallerName": "Zoë"}
    signature = phone.signature(public(exchange.twilio), fields)

    response = send(
        path(exchange.twilio), urlencode(fields), f"{FORM}; charset={charset}", {"X-Twilio-Signature": signature}
    )

    assert answered_by(response) == 2


@DOORS
def test_a_body_that_is_too_large_is_413_before_it_is_checked(
    exchange: Exchange, door: str, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    body = said("call.ended", **INCOMING, transcript="x" * 1_000)

    for response in (tell(exchange.generic, body, door=door), post(exchange.twilio, {"x": body}, door=door)):
        assert (response.status_code, response.content) == (413, b"")
    assert written() == (0, 0)


def test_a_form_of_more_fields_than_anyone_sends_is_403(exchange: Exchange) -> None:
    assert_forbidden(post(exchange.twilio, {**FIELDS, **{f"x{n}": "" for n in range(5_000)}}))


class TestWhatTwilioSigns:
    @pytest.mark.parametrize(
        "fields", [{"ToZip": ""}, {"Digits": ["1", "2", "1"]}, {"CallerName": "Zoë ☎"}, {"a b&c": "d=e"}]
    )
    def test_blank_duplicate_and_odd_fields(self, exchange: Exchange, fields: dict[str, str | list[str]]) -> None:
        assert answered_by(post(exchange.twilio, {**FIELDS, **fields})) == 2

    @pytest.mark.parametrize("query", ["x=1", "token=a%20b%2Bc&x=1&x=2", "x=%E2%98%8E", "x=a|b", "empty="])
    def test_a_query_string_as_it_was_configured(self, exchange: Exchange, query: str) -> None:
        assert answered_by(post(exchange.twilio, FIELDS, query=query)) == 2

    def test_a_query_string_is_part_of_what_is_signed(self, exchange: Exchange) -> None:
        assert_forbidden(post(exchange.twilio, FIELDS, query="x=1", signed_url=public(exchange.twilio)))

    @pytest.mark.parametrize(
        ("base", "signed"),
        [
            ("https://voice.example.com", "https://voice.example.com"),
            ("https://voice.example.com", "https://voice.example.com:443"),
            ("https://voice.example.com:443", "https://voice.example.com"),
            ("http://voice.example.com", "http://voice.example.com:80"),
            ("https://voice.example.com:8443", "https://voice.example.com:8443"),
            ("https://voice.example.com:8443", "https://voice.example.com"),
            ("https://Voice.Example.com", "https://Voice.Example.com"),
            ("http://[2001:db8::1]:8000", "http://[2001:db8::1]:8000"),
        ],
    )
    def test_the_public_address_with_its_port_or_without(
        self, exchange: Exchange, settings: Settings, base: str, signed: str
    ) -> None:
        settings.PUBLIC_BASE_URL = base

        assert answered_by(post(exchange.twilio, FIELDS, signed_url=signed + path(exchange.twilio))) == 2

    @pytest.mark.parametrize("signed", ["https://voice.example.com:8443", "http://voice.example.com", "//"])
    def test_but_not_another_port_or_scheme(self, exchange: Exchange, settings: Settings, signed: str) -> None:
        settings.PUBLIC_BASE_URL = "https://voice.example.com"

        assert_forbidden(post(exchange.twilio, FIELDS, signed_url=signed + path(exchange.twilio)))

    def test_the_host_that_was_asked_for_is_not_what_is_believed(self, exchange: Exchange) -> None:
        signature = phone.signature("http://localhost" + path(exchange.twilio), FIELDS)

        assert_forbidden(
            send(
                path(exchange.twilio),
                urlencode(FIELDS),
                FORM,
                {"X-Twilio-Signature": signature, "X-Forwarded-Host": "localhost"},
            )
        )


class TestWhileTheTokenIsRotated:
    def test_the_previous_token_is_taken_too(self, exchange: Exchange) -> None:
        change_connection(
            exchange.twilio,
            secrets={"auth_token": "f" * 32, "previous_auth_token": AUTH_TOKEN},
            by=exchange.cast.ana,
        )

        assert answered_by(post(exchange.twilio, FIELDS)) == 2
        assert answered_by(post(exchange.twilio, FIELDS, token="f" * 32)) == 2

    def test_without_it_the_old_token_is_worth_nothing(self, exchange: Exchange) -> None:
        change_connection(exchange.twilio, secrets={"auth_token": "f" * 32}, by=exchange.cast.ana)

        assert_forbidden(post(exchange.twilio, FIELDS))


class TestTheSharedKey:
    KEY = "a shared key's 32 characters ..".replace(" ", "-")

    def signed(self, exchange: Exchange, key: str, settings: str) -> HttpResponse:
        text = public(exchange.twilio) + "".join(name + FIELDS[name] for name in sorted(FIELDS))
        signature = b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()
        headers = {"X-Twilio-Signature": signature, "X-Twilio-Webhooks-Signature-Settings": settings}
        return post(exchange.twilio, FIELDS, headers=headers)

    @pytest.fixture(autouse=True)
    def _shared(self, exchange: Exchange) -> None:
        change_connection(exchange.twilio, secrets={"shared_key": self.KEY}, by=exchange.cast.ana)

    def test_signs_with_sha256(self, exchange: Exchange) -> None:
        assert answered_by(self.signed(exchange, self.KEY, "key=SK1,algorithm=HMAC_SHA256")) == 2

    def test_the_previous_one_is_taken_while_it_is_rotated(self, exchange: Exchange) -> None:
        rotated = {"shared_key": "f" * 32, "previous_shared_key": self.KEY}
        change_connection(exchange.twilio, secrets=rotated, by=exchange.cast.ana)

        for key in ("f" * 32, self.KEY):
            assert answered_by(self.signed(exchange, key, "key=SK1,algorithm=HMAC_SHA256")) == 2

    def test_another_key_is_403(self, exchange: Exchange) -> None:
        assert_forbidden(self.signed(exchange, "x" * 32, "key=SK1,algorithm=HMAC_SHA256"))

    def test_the_auth_token_is_no_shared_key(self, exchange: Exchange) -> None:
        assert_forbidden(self.signed(exchange, AUTH_TOKEN, "key=SK1,algorithm=HMAC_SHA256"))

    @pytest.mark.parametrize("algorithm", ["HMAC_MD5", "NONE", "hmac_sha256", "HMAC_SHA1", "é"])
    def test_an_algorithm_we_do_not_know_fails_closed(self, exchange: Exchange, algorithm: str) -> None:
        assert_forbidden(self.signed(exchange, self.KEY, f"key=SK1,algorithm={algorithm}"))
        headers = {"X-Twilio-Webhooks-Signature-Settings": f"algorithm={algorithm}"}
        assert_forbidden(post(exchange.twilio, FIELDS, headers=headers))

    def test_without_its_header_the_auth_token_still_signs(self, exchange: Exchange) -> None:
        assert answered_by(post(exchange.twilio, FIELDS)) == 2


def test_a_shared_key_that_was_never_typed_signs_nothing(exchange: Exchange) -> None:
    assert_forbidden(TestTheSharedKey().signed(exchange, "", "key=SK1,algorithm=HMAC_SHA256"))


def test_secrets_whose_key_was_lost_are_403_and_the_operator_is_told(
    exchange: Exchange, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ENCRYPTION_KEYS = [b64encode(b"another key of thirty-two bytes.").decode()]

    assert_forbidden(tell(exchange.generic, said("call.incoming", **INCOMING)))
    assert str(exchange.generic.pk) in caplog.text
    assert "ENCRYPTION_KEYS" in caplog.text


def test_nothing_secret_is_logged_or_kept(exchange: Exchange, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    post(exchange.twilio, FIELDS, token="f" * 32)
    post(exchange.twilio, {**FIELDS, "CallToken": "a-call-token"}, door="events")
    token = phone.parameters(post(exchange.twilio, FIELDS))["config_token"]
    Client().get(f"/telephony/calls/{uuid4()}/configuration/", headers={"Authorization": f"Bearer {token}"})

    for secret in (AUTH_TOKEN, phone.SIGNING_SECRET, token, "a-call-token"):
        assert secret not in caplog.text
    assert "a-call-token" not in json.dumps(list(CallEvent.objects.values_list("payload", flat=True)))


def test_a_percent_sign_that_was_quoted_twice_is_not_the_same_address(exchange: Exchange) -> None:
    signed = public(exchange.twilio) + "?x=" + quote(quote("a b"))

    assert_forbidden(post(exchange.twilio, FIELDS, query="x=a%20b", signed_url=signed))
