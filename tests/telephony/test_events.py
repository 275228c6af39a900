"""What a provider reports of a call is kept, once, and moves the call forward; never back."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from django.test import Client
from django.utils import timezone

from agentversions.ids import uuid7
from telephony.incoming import CallReport, IncomingCall
from telephony.management.clock import clock
from telephony.models import Call, CallEvent, Status
from telephony.rehearsals.twilio import sid
from telephony.routing import record_call_event, record_outage, unsettled
from telephony.tallying import amiss
from tests.telephony.exchange import (
    CALLER,
    GENERIC_NUMBER,
    TWILIO_NUMBER,
    Exchange,
    answered_by,
    call,
    callback,
    heard,
    post,
    pull,
    refusal,
    report,
    ring,
    said,
    tell,
    worker,
    written,
)

ENDS = ["completed", "failed", "busy", "no_answer", "canceled", "rejected"]


def test_a_call_rings_is_answered_and_ends(exchange: Exchange) -> None:
    ring(exchange.generic)
    assert call().status == Status.ROUTING

    assert report(exchange.generic, "call.answered").status_code == 204
    answered = call()
    assert (answered.status, answered.ended_at) == (Status.IN_PROGRESS, None)
    assert answered.answered_at is not None

    ended_at = timezone.now().replace(microsecond=0)
    report(
        exchange.generic, "call.ended", status="completed", ended_at=ended_at.isoformat(), duration_s=61, reason="bye"
    )
    ended = call()
    assert (ended.status, ended.ended_at, ended.duration, ended.ended_reason) == ("completed", ended_at, 61, "bye")
    assert [event.kind for event in ended.events.all()] == ["call.answered", "call.ended"]
    assert not Call.objects.in_progress().exists()


@pytest.mark.parametrize("end", ENDS)
def test_every_end_is_an_end_and_no_other_takes_its_place(exchange: Exchange, end: str) -> None:
    ring(exchange.generic)
    report(exchange.generic, "call.ended", status=end, duration_s=5)
    before = call()

    for late in ("call.answered", "call.ringing"):
        report(exchange.generic, late)
    for other in ENDS:
        report(exchange.generic, "call.ended", status=other)

    after = call()
    assert (after.status, after.ended_at, after.duration) == (end, before.ended_at, 5)
    assert after.events.count() == 3 + len(ENDS)


@pytest.mark.parametrize(("told", "seconds"), [(None, 60), (61, 61)], ids=["not told", "told"])
@pytest.mark.parametrize("first", ["answered", "ended"])
def test_a_calls_length_is_the_same_whatever_is_reported_first(
    exchange: Exchange, first: str, told: int | None, seconds: int
) -> None:
    rang = timezone.now() - timedelta(minutes=5)
    with clock(rang):
        ring(exchange.generic)
    reports = {
        "answered": CallReport("call-1", "call.answered", Status.IN_PROGRESS, occurred_at=rang + timedelta(seconds=30)),
        "ended": CallReport(
            "call-1", "call.ended", Status.COMPLETED, duration=told, occurred_at=rang + timedelta(seconds=90)
        ),
    }

    for kind in sorted(reports, key=lambda kind: kind != first):
        record_call_event(exchange.generic, reports[kind])

    assert (call().duration, call().status) == (seconds, Status.COMPLETED)
    assert list(amiss()) == []


def test_what_was_reported_of_a_call_that_rang_during_an_outage_is_told_of_it(exchange: Exchange) -> None:
    report(exchange.generic, "call.ended", status="failed", duration_s=3, reason="nobody there")

    record_outage(exchange.generic, IncomingCall("call-1", CALLER, GENERIC_NUMBER), uuid7(), timezone.now())

    assert (call().missed, call().ended_reason, call().events.count()) == ("outage", "nobody there", 1)
    assert unsettled(timezone.now()) == []


def test_an_end_of_an_unknown_kind_is_an_end(exchange: Exchange) -> None:
    ring(exchange.generic)
    report(exchange.generic, "call.ended", status="vanished")

    assert call().status == Status.COMPLETED


def test_a_report_of_an_unknown_kind_is_kept_and_moves_nothing(exchange: Exchange) -> None:
    ring(exchange.generic)
    report(exchange.generic, "call.transferred-by-somebody-to-somewhere-with-a-long-name", status="completed")

    assert call().status == Status.ROUTING
    assert call().events.get().payload["data"]["status"] == "completed"


def test_a_recording_and_a_report_that_come_after_the_end_enrich_the_call(exchange: Exchange) -> None:
    ring(exchange.generic)
    report(exchange.generic, "call.ended", status="completed", duration_s=61)
    report(exchange.generic, "call.recording", url="https://recordings.example.com/1")
    report(exchange.generic, "call.report", summary="Wanted a table.", transcript=[{"words": "hello"}])

    known = call()
    assert (known.status, known.duration) == (Status.COMPLETED, 61)
    assert known.recording_url == "https://recordings.example.com/1"
    assert known.events.get(kind="call.report").payload["data"]["summary"] == "Wanted a table."


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//[", 7, "https://" + "x" * 3_000])
def test_a_recording_that_is_no_web_address_is_no_link(exchange: Exchange, url: object) -> None:
    ring(exchange.generic)

    assert report(exchange.generic, "call.recording", url=url).status_code == 204
    assert call().recording_url == ""


def test_a_report_of_a_long_call_with_word_times_is_kept_whole(exchange: Exchange) -> None:
    ring(exchange.generic)
    words = [{"word": "hello", "start": n / 10, "end": n / 10 + 0.1} for n in range(50_000)]

    assert report(exchange.generic, "call.report", transcript=words).status_code == 204
    assert len(call().events.get().payload["data"]["transcript"]) == 50_000


def test_without_a_length_the_clock_tells_it(exchange: Exchange) -> None:
    ring(exchange.generic)
    ended = call().started_at + timedelta(seconds=30)
    with clock(ended):
        report(exchange.generic, "call.ended", ended_at=ended.isoformat())

    assert call().duration == 30


@pytest.mark.parametrize("length", [-1, 1e300, "61", None, [], {}])
def test_a_length_that_no_call_has_is_passed_over(exchange: Exchange, length: object) -> None:
    ring(exchange.generic)

    assert report(exchange.generic, "call.ended", duration_s=length).status_code == 204
    assert call().duration in (0, 1)


@pytest.mark.parametrize(
    "moment", ["", "yesterday", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", 7]
)
def test_a_time_that_no_calendar_has_is_passed_over(exchange: Exchange, moment: object) -> None:
    ring(exchange.generic)
    before = timezone.now()

    assert report(exchange.generic, "call.ended", ended_at=moment).status_code == 204
    ended_at = call().ended_at
    assert ended_at is not None
    assert ended_at >= before - timedelta(seconds=2)


def test_an_end_far_ahead_of_our_clock_is_now(exchange: Exchange) -> None:
    ring(exchange.generic)
    report(exchange.generic, "call.ended", ended_at="9999-01-01T00:00:00Z")

    ended_at = call().ended_at
    assert ended_at is not None
    assert ended_at <= timezone.now() + timedelta(minutes=2)


def test_the_same_report_again_is_kept_once_and_moves_nothing(exchange: Exchange) -> None:
    ring(exchange.generic)
    for seconds in (61, 99):
        assert report(exchange.generic, "call.ended", event_id="msg_1", duration_s=seconds).status_code == 204

    assert call().duration == 61
    assert CallEvent.objects.count() == 1


def test_reports_without_the_same_id_are_all_kept(exchange: Exchange) -> None:
    ring(exchange.twilio)
    for number in ("1", "2"):
        callback(exchange.twilio, CallStatus="in-progress", SequenceNumber=number)

    assert CallEvent.objects.count() == 2


def test_twilios_report_sent_again_is_known_by_what_is_signed(exchange: Exchange) -> None:
    ring(exchange.twilio)
    for token in ("1", "2", "3"):  # which Twilio doesn't sign
        callback(exchange.twilio, headers={"I-Twilio-Idempotency-Token": token}, CallStatus="completed")

    assert CallEvent.objects.count() == 1


def test_a_ring_of_twilios_is_no_other_call_when_its_fields_are_shifted(exchange: Exchange) -> None:
    fields = {"CallSid": sid("call-1"), "From": CALLER, "To": TWILIO_NUMBER, "CallStatus": "ringing"}
    ring(exchange.twilio)
    callback(exchange.twilio, CallStatus="completed")
    shifted = {**fields, "CallSid": fields["CallSid"] + "CallStatusringing"}
    del shifted["CallStatus"]

    assert post(exchange.twilio, shifted).status_code == 400  # the signature is the same, and right
    assert Call.objects.count() == 1


def test_the_same_id_on_another_connection_is_another_report(exchange: Exchange) -> None:
    report(exchange.generic, "call.ended", event_id="1")
    callback(exchange.twilio, headers={"I-Twilio-Idempotency-Token": "1"}, CallStatus="completed")

    assert CallEvent.objects.count() == 2


class TestAReportOfACallThatIsNotKnown:
    def test_is_kept_and_makes_no_call(self, exchange: Exchange) -> None:
        assert report(exchange.generic, "call.ended").status_code == 204

        assert written() == (0, 1)
        assert CallEvent.objects.get().call is None

    def test_counts_as_soon_as_the_call_is_known(self, exchange: Exchange) -> None:
        report(exchange.generic, "call.answered")
        report(exchange.generic, "call.recording", url="https://recordings.example.com/1")
        assert answered_by(ring(exchange.generic)) == 2

        known = call()
        assert known.status == Status.IN_PROGRESS
        assert known.answered_at is not None
        assert known.recording_url == "https://recordings.example.com/1"
        assert known.events.count() == 2

    def test_that_ended_it_ends_it_and_its_ring_is_refused(self, exchange: Exchange) -> None:
        report(exchange.generic, "call.ended", status="canceled", duration_s=3, reason="gave up")

        assert heard(ring(exchange.generic))["refusal"]["reason"] == "call_over"
        assert (call().status, call().duration, call().ended_reason) == (Status.CANCELED, 3, "gave up")
        assert not Call.objects.in_progress().exists()

    def test_is_not_mistaken_for_another_connections_call(self, exchange: Exchange) -> None:
        report(exchange.generic, "call.ended", call_id="CA1")
        ring(exchange.twilio, "CA1")

        assert call("CA1").events.count() == 0
        assert list(Call.objects.in_progress()) == [call("CA1")]

    def test_of_a_missed_one_is_attached_too(self, exchange: Exchange) -> None:
        report(exchange.generic, "call.ended", status="completed", duration_s=3)
        ring(exchange.generic, to="+12025559999")

        assert call().events.count() == 1
        assert call().missed

    def test_counts_before_those_that_come_later(self, exchange: Exchange) -> None:
        report(exchange.generic, "call.ended", status="busy")
        ring(exchange.generic)
        report(exchange.generic, "call.ended", status="completed")

        assert call().status == Status.BUSY


class TestTwilio:
    def test_tells_only_the_end_of_an_inbound_call(self, exchange: Exchange) -> None:
        ring(exchange.twilio, "CA1")
        assert call("CA1").status == Status.IN_PROGRESS
        assert call("CA1").answered_at is not None

        ended = datetime(2026, 11, 22, 7, 50, 0, tzinfo=UTC)
        response = callback(
            exchange.twilio, "CA1", CallStatus="completed", CallDuration="61", Timestamp=format_datetime(ended)
        )

        assert refusal_free(response.content)
        assert (call("CA1").status, call("CA1").ended_at, call("CA1").duration) == (Status.COMPLETED, ended, 61)

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("completed", Status.COMPLETED),
            ("busy", Status.BUSY),
            ("failed", Status.FAILED),
            ("no-answer", Status.NO_ANSWER),
            ("canceled", Status.CANCELED),
        ],
    )
    def test_words_of_the_end_are_ours(self, exchange: Exchange, word: str, status: Status) -> None:
        ring(exchange.twilio, "CA1")
        callback(exchange.twilio, "CA1", CallStatus=word)
        for late in ("queued", "initiated", "ringing", "in-progress", "completed", "nonsense", ""):
            callback(exchange.twilio, "CA1", CallStatus=late)

        assert call("CA1").status == status

    def test_the_end_of_another_leg_is_not_the_calls(self, exchange: Exchange) -> None:
        ring(exchange.twilio, "CA1")
        callback(exchange.twilio, "CA2", ParentCallSid="CA1", CallStatus="completed", CallDuration="9")
        callback(exchange.twilio, "CA1", ParentCallSid="CA0", CallStatus="completed", CallDuration="9")

        assert (call("CA1").status, call("CA1").duration) == (Status.IN_PROGRESS, None)
        assert list(Call.objects.in_progress()) == [call("CA1")]

    def test_the_end_of_the_conversation_is_not_the_calls(self, exchange: Exchange) -> None:
        ring(exchange.twilio, "CA1")
        for status in ("in-progress", "completed"):
            callback(exchange.twilio, "CA1", SessionId="VX1", SessionStatus="ended", CallStatus=status)

        assert call("CA1").status == Status.IN_PROGRESS

    def test_a_recording_is_kept_whenever_it_comes(self, exchange: Exchange) -> None:
        ring(exchange.twilio, "CA1")
        callback(exchange.twilio, "CA1", CallStatus="completed", CallDuration="61")
        callback(
            exchange.twilio,
            "CA1",
            RecordingSid="RE1",
            RecordingUrl="https://api.twilio.com/RE1",
            RecordingStatus="completed",
            RecordingDuration="60",
        )

        known = call("CA1")
        assert (known.recording_url, known.status, known.duration) == ("https://api.twilio.com/RE1", "completed", 61)

    def test_a_callback_that_is_sent_again_is_kept_once(self, exchange: Exchange) -> None:
        ring(exchange.twilio, "CA1")
        for _ in range(3):
            callback(exchange.twilio, "CA1", headers={"I-Twilio-Idempotency-Token": "T1"}, CallStatus="completed")

        assert CallEvent.objects.count() == 1

    @pytest.mark.parametrize(
        "timestamp", ["", "soon", "Thu, 01 Jan 99999 00:00:00 +0000", "Thu, 01 Jan 2026 00:00:00 +" + "9" * 30, "0"]
    )
    @pytest.mark.parametrize("duration", ["", "-1", "1e9", "9" * 50, "²"])
    def test_odd_times_and_lengths_are_passed_over(self, exchange: Exchange, timestamp: str, duration: str) -> None:
        ring(exchange.twilio, "CA1")

        response = callback(exchange.twilio, "CA1", CallStatus="completed", Timestamp=timestamp, CallDuration=duration)

        assert response.status_code == 200
        assert call("CA1").status == Status.COMPLETED
        assert call("CA1").duration in (0, 1)

    def test_characters_that_no_database_holds_do_not_lose_a_report(self, exchange: Exchange) -> None:
        ring(exchange.twilio, "CA1")

        assert callback(exchange.twilio, "CA1", CallStatus="completed", ErrorMessage="a\x00b").status_code == 200
        assert call("CA1").status == Status.COMPLETED


def refusal_free(content: bytes) -> bool:
    return content.endswith((b"<Response />", b"<Response/>"))


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "NaN", "1e400", "[" * 200 + "]" * 200])
def test_what_no_database_holds_does_not_lose_a_report(exchange: Exchange, text: str) -> None:
    ring(exchange.generic)
    value = text if text[0] in "N1[" else f'"{text}"'
    body = said("call.ended", call_id="call-1", odd=0).replace('"odd": 0', f'"odd": {value}')

    assert tell(exchange.generic, body, door="events").status_code == 204
    assert call().status == Status.COMPLETED


class TestWhenNoEndIsReported:
    LONGEST = 600

    @pytest.fixture
    def started(self, exchange: Exchange) -> datetime:
        exchange.go_live(max_length=str(self.LONGEST))
        ring(exchange.generic)
        return call().started_at

    def test_the_call_is_in_progress_for_its_longest_and_five_minutes(self, started: datetime) -> None:
        with clock(started + timedelta(seconds=self.LONGEST + 298)):
            assert list(Call.objects.in_progress()) == [call()]
            assert not call().no_end_reported

    def test_then_it_leaves_the_count_and_says_so(self, started: datetime) -> None:
        with clock(started + timedelta(seconds=self.LONGEST + 301)):
            assert not Call.objects.in_progress().exists()
            assert call().no_end_reported

    def test_an_end_that_comes_after_all_is_an_end(self, exchange: Exchange, started: datetime) -> None:
        with clock(started + timedelta(days=1)):
            report(exchange.generic, "call.ended", duration_s=60)

            assert (call().status, call().no_end_reported) == (Status.COMPLETED, False)

    def test_its_length_is_that_of_its_own_version(self, exchange: Exchange, started: datetime) -> None:
        exchange.go_live(max_length="3600")

        with clock(started + timedelta(seconds=self.LONGEST + 301)):
            assert not Call.objects.in_progress().exists()

    def test_the_ring_again_is_still_the_same_call(self, exchange: Exchange, started: datetime) -> None:
        exchange.go_live(greeting="Later.")
        with clock(started + timedelta(seconds=self.LONGEST + 599)):
            assert answered_by(ring(exchange.generic)) == 3


class TestTheToken:
    def test_opens_the_calls_configuration_and_nothing_else(self, exchange: Exchange) -> None:
        address, token = worker(ring(exchange.generic, "call-1"))
        other_address, other_token = worker(ring(exchange.twilio, "CA1"))

        assert pull(address, token)["configuration"] == exchange.version.configuration
        assert pull(other_address, other_token)["call"]["provider_call_id"] == sid("CA1")
        assert status(address, f"Bearer {other_token}") == 403
        assert status(other_address, f"Bearer {token}") == 403

    @pytest.mark.parametrize(
        "given",
        ["", "Bearer", "Bearer ", "Bearer x", "Basic x", "Bearer é☎", "Bearer \ud800", "Bearer " + "x" * 100_000],
    )
    def test_anything_else_opens_nothing(self, exchange: Exchange, given: str) -> None:
        address, _ = worker(ring(exchange.generic))

        assert status(address, given) == 403

    def test_goes_into_no_address_and_no_other_scheme(self, exchange: Exchange) -> None:
        address, token = worker(ring(exchange.generic))

        assert status(f"{address}?token={token}", "") == 403
        assert status(address, f"Basic {token}") == 403

    def test_of_no_call_opens_nothing(self, exchange: Exchange) -> None:
        address, token = worker(ring(exchange.generic))
        assert status(address.replace(str(call().pk), str(exchange.generic.pk)), f"Bearer {token}") == 403

    def test_is_dead_when_the_call_is_over_and_so_is_its_ring(self, exchange: Exchange) -> None:
        for line, end in ((exchange.generic, report), (exchange.twilio, callback)):
            address, token = worker(ring(line))
            if end is report:
                report(line, "call.ended")
            else:
                callback(line, CallStatus="completed")

            assert status(address, f"Bearer {token}") == 403
            assert refusal(ring(line)) == line.fallback
        assert Call.objects.count() == 2

    def test_is_dead_ten_minutes_after_the_longest_the_call_may_last(self, exchange: Exchange) -> None:
        exchange.go_live(max_length="600")
        address, token = worker(ring(exchange.generic))
        started = call().started_at

        with clock(started + timedelta(seconds=600 + 598)):
            assert status(address, f"Bearer {token}") == 200
        with clock(started + timedelta(seconds=600 + 601)):
            assert status(address, f"Bearer {token}") == 403
            assert heard(ring(exchange.generic))["refusal"]["reason"] == "call_over"

    def test_is_for_get_alone(self, exchange: Exchange) -> None:
        address, token = worker(ring(exchange.generic))

        response = Client().post(address, headers={"Authorization": f"Bearer {token}"})

        assert (response.status_code, response["Allow"]) == (405, "GET")

    def test_a_missed_call_has_none(self, exchange: Exchange) -> None:
        response = ring(exchange.generic, to="+12025559999")

        assert "token" not in json.dumps(heard(response))


def status(address: str, authorization: str) -> int:
    response = Client().get(address, headers={"Authorization": authorization})
    assert response.status_code == 200 or response.content == b""
    return response.status_code
