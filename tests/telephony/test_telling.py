"""What each provider tells of a call beside how far it came: transfers, machines, judgements, costs, what was said."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import RequestFactory

from telephony.incoming import CallReport
from telephony.providers import PROVIDERS
from telephony.rehearsals.twilio import sid

NOTHING: dict[str, Any] = {
    "transcript": "",
    "summary": "",
    "fields": {},
    "transferred": False,
    "voicemail": False,
    "success": None,
    "cost": None,
}
FORMS = ("twilio", "telnyx")


def report(provider: str, sent: dict[str, Any]) -> CallReport:
    """The one report that a provider's message is, as its adapter reads it."""
    form, kind = provider in FORMS, "application/x-www-form-urlencoded"
    body, kind = (urlencode(sent), kind) if form else (json.dumps(sent), "application/json")
    [found] = PROVIDERS[provider].read_events(RequestFactory().post("/events/", body, content_type=kind))
    return found


def told(provider: str, sent: dict[str, Any]) -> dict[str, Any]:
    """What it tells beside a status; only what it does tell."""
    found = vars(report(provider, sent))
    return {name: found[name] for name, nothing in NOTHING.items() if found[name] != nothing}


def generic(type_: str = "call.report", /, **data: Any) -> dict[str, Any]:
    return {"type": type_, "timestamp": "2026-11-23T09:00:00Z", "data": {"call_id": "call-1", **data}}


def vapi(**message: Any) -> dict[str, Any]:
    return {"message": {"type": "end-of-call-report", "call": {"id": "call-1"}, **message}}


def retell(event: str = "call_analyzed", **call: Any) -> dict[str, Any]:
    return {"event": event, "call": {"call_id": "call-1", **call}}


def twilio(**fields: str) -> dict[str, Any]:
    return {"CallSid": sid("one"), "CallStatus": "in-progress", **fields}


def telnyx(**fields: str) -> dict[str, Any]:
    return {"CallSid": "v3:one", "CallbackSource": "call-progress-events", **fields}


def jambonz(**hook: Any) -> dict[str, Any]:
    return {"call_sid": "one", "direction": "inbound", **hook}


def state(**call: Any) -> dict[str, Any]:
    return {"call": {"call_id": "one", "direction": "inbound", **call}}


YES: dict[str, Any] = {"transferred": True, "voicemail": True, "success": True}


@pytest.mark.parametrize(
    ("provider", "sent", "expected"),
    [
        ("generic", generic(transcript="Agent: Hello.", summary="A greeting.", fields={"guests": 2}),
            {"transcript": "Agent: Hello.", "summary": "A greeting.", "fields": {"guests": 2}}),
        ("generic", generic(**YES), YES),
        ("generic", generic("call.ended", success=False, cost=0.05), {"success": False, "cost": Decimal("0.05")}),
        ("generic", generic(cost="0.0123"), {"cost": Decimal("0.0123")}),
        ("generic", generic(cost=0), {"cost": Decimal(0)}),
        ("vapi", vapi(endedReason="assistant-forwarded-call"), {"transferred": True}),
        ("vapi", vapi(endedReason="voicemail"), {"voicemail": True}),
        ("vapi", vapi(type="status-update", status="ended", endedReason="voicemail"), {"voicemail": True}),
        ("vapi", vapi(endedReason="customer-ended-call", analysis={"structuredData": {"guests": 2}}),
            {"fields": {"guests": 2}}),
        ("retell", retell("call_ended", disconnection_reason="call_transfer"), {"transferred": True}),
        ("retell", retell("transfer_bridged"), {"transferred": True}),
        ("retell", retell("transfer_started"), {}),
        ("retell", retell("call_ended", disconnection_reason="voicemail_reached"), {"voicemail": True}),
        ("retell", retell("call_ended", disconnection_reason="machine_detected"), {"voicemail": True}),
        ("retell", retell(call_analysis={"in_voicemail": True, "call_successful": False}),
            {"voicemail": True, "success": False}),
        ("retell", retell(call_analysis={"in_voicemail": False, "call_successful": True}), {"success": True}),
        ("retell", retell(call_cost={"combined_cost": 70.333}), {"cost": Decimal("0.7033")}),
        ("retell", retell(call_cost={"combined_cost": 0}), {}),
        ("twilio", twilio(SessionId="VX1", HandoffData='{"transfer": "manager"}'), {"transferred": True}),
        ("twilio", twilio(SessionId="VX1", HandoffData='{"reason": "done"}'), {}),
        ("twilio", twilio(ParentCallSid=sid("two")), {"transferred": True}),
        ("twilio", twilio(ParentCallSid=sid("two"), CallStatus="no-answer"), {}),
        ("twilio", twilio(AnsweredBy="machine_end_beep"), {"voicemail": True}),
        ("twilio", twilio(AnsweredBy="human"), {}),
        ("twilio", twilio(CallStatus="completed", Price="-0.0085", PriceUnit="USD"), {"cost": Decimal("0.0085")}),
        ("twilio", twilio(CallStatus="completed", Price="-0.0085", PriceUnit="EUR"), {}),
        ("twilio", twilio(CallStatus="completed", Price="", PriceUnit="USD"), {}),
        ("telnyx", telnyx(CallStatus="completed", ParentCallSid="v3:two"), {"transferred": True}),
        ("telnyx", telnyx(CallStatus="busy", ParentCallSid="v3:two"), {}),
        ("telnyx", telnyx(CallStatus="in-progress", AnsweredBy="machine_start"), {"voicemail": True}),
        ("telnyx", {"CallSid": "v3:one", "CallbackSource": "call-cost-events", "CallCost[v3:one]": "0.0045"},
            {"cost": Decimal("0.0045")}),
        ("jambonz", jambonz(direction="outbound", parent_call_sid="two", call_status="in-progress"),
            {"transferred": True}),
        ("jambonz", jambonz(direction="outbound", parent_call_sid="two", call_status="no-answer"), {}),
        ("jambonz", jambonz(call_status="completed"), {}),
        ("signalwire", state(parent={"call_id": "two"}, call_state="answered"), {"transferred": True}),
        ("signalwire", state(parent={"call_id": "two"}, call_state="ringing"), {}),
        ("signalwire", state(call_state="answered"), {}),
    ],
)  # fmt: skip
def test_every_provider_in_its_own_words(provider: str, sent: dict[str, Any], expected: dict[str, Any]) -> None:
    assert told(provider, sent) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        *((word, True) for word in ("true", "True", "Pass", "Excellent", "good.", "Strongly Agree", "Agree", True)),
        *((word, False) for word in ("false", "Fail", "Fair", "Poor", "Disagree", "strongly disagree", False)),
        *((points, True) for points in ("6", "10", "8/10", "7 / 10", "9.0", 8, "50%", "100 %", "87.5%")),
        *((points, False) for points in ("1", "5", "5/10", "0%", "49.9%", 3)),
        *((prose, None) for prose in ("Neutral", "", "0", "11", "- Booked: yes\n- Polite: no", "7.5.1")),
        (None, None),
        ([], None),
        ({}, None),
        *((odd, None) for odd in ("good grief", 0, 10**40, "9" * 400, "\ufffd", "{}", 0.7)),
    ],
)
def test_an_evaluation_by_any_of_vapis_rubrics_is_a_judgement_or_none(said: object, expected: object) -> None:
    assert report("vapi", vapi(analysis={"successEvaluation": said})).success is expected


WRONG: list[object] = ["yes", "true", 1, 0, "", [], {}, None, 1.5, "\x00"]


@pytest.mark.parametrize("value", WRONG)
def test_what_isnt_a_judgement_is_none_and_loses_no_report(value: object) -> None:
    names = ("transferred", "voicemail", "success")

    assert told("generic", generic(**dict.fromkeys(names, value))) == {}
    assert told("retell", retell(call_analysis={"in_voicemail": value, "call_successful": value})) == {}


@pytest.mark.parametrize("value", [-1, "-1", True, "NaN", "1e3", 10**6, "1000000", 10**400, [], {}, None, "", "1,5"])
def test_what_isnt_a_cost_is_none_and_loses_no_report(value: object) -> None:
    assert told("generic", generic(cost=value)) == {}
    assert told("vapi", vapi(cost=value)) == {}


@pytest.mark.parametrize("value", [0, [], {}, None, True, 12])
def test_what_isnt_a_text_or_an_object_is_none_and_loses_no_report(value: object) -> None:
    texts = told("generic", generic(transcript=value, summary=value, fields=value))

    assert texts == {}
