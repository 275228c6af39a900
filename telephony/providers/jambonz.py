"""jambonz, the open-source voice platform: JSON signed with the account's webhook secret, answered with verbs.

Sources: jambonz's feature server (its HTTP requestor signs once, and a retry carries the same header), its
documentation of the verbs, and the schema it publishes as @jambonz/schema. The `agent` verb came with jambonz 10.1.
"""

import hmac
import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from agentversions.configuration import Configuration
from agentversions.sealing import Secrets
from agentversions.tools import FunctionTool, HangUpTool, McpTool, TransferTool
from telephony import numbers
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Missed, Status
from telephony.providers import reading
from telephony.providers.base import Answering, Forged, Option, Options, Secret, Step

STATUSES = {
    "queued": Status.ROUTING,
    "trying": Status.ROUTING,
    "ringing": Status.RINGING,
    "early-media": Status.RINGING,
    "in-progress": Status.IN_PROGRESS,
    "completed": Status.COMPLETED,
    "failed": Status.FAILED,
    "busy": Status.BUSY,
    "no-answer": Status.NO_ANSWER,
}
SIGNATURE = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
TOLERANCE = 300
"""Seconds between the signature's time and ours. A retry is sent within one minute, with the signature of the first."""

OURS_TO_FORGET = frozenset({"env_vars", "sip", "defaults"})
"""What may hold the application's secrets or the caller's SIP credentials, and nobody should find in a database."""

LISTENERS = {"azure": "microsoft", "amazon": "aws"}
SPEAKERS = LISTENERS | {"openai": "whisper"}
"""How jambonz calls vendors that go by another name elsewhere."""

NOT_THERE = frozenset({Missed.UNKNOWN_NUMBER.value, Missed.NUMBER_UNASSIGNED.value})
CONNECTED = "(The caller has just been connected.)"
"""Stands before the greeting in the conversation's history: some models insist on a user who spoke first."""


class Jambonz:
    """Signed JSON; the answer carries the configuration, and the worker is only needed for functions."""

    key = "jambonz"
    name = "jambonz"
    summary = "Open source, hosted or your own. Takes the agent from the answer and speaks with the caller itself."
    secrets: tuple[Secret, ...] = (
        Secret("webhook_secret", "Webhook secret", "Of the account, as its page in the jambonz portal shows it."),
        Secret("previous_webhook_secret", "Previous webhook secret", "While you change the secret.", optional=True),
    )
    options: tuple[Option, ...] = ()
    needs_worker = False
    worker_hint = "Your program that makes the requests of function tools, which jambonz hands to it."
    worker_schemes: tuple[str, ...] = ("https", "http")
    picks_up = False
    carries: frozenset[str] = frozenset(
        {"prompt", "greeting", "first_speaker", "start_delay", "variables", "language", "voice.provider", "voice.id"}
        | {"model.provider", "model.name", "model.temperature", "model.max_tokens"}
        | {"transcriber.provider", "transcriber.keywords"}
        | {"turn_taking.interruptions", "turn_taking.reminder_every", "noise_reduction"}
        | {"tools.function", "tools.transfer", "tools.hang_up", "tools.mcp"}
    )
    notes: Mapping[str, str] = {
        "tools.function": "jambonz sends every use of a function to the connection's worker, which makes the request. "
        "Without a worker's address functions are left out.",
        "tools.transfer": "jambonz has one transfer for each agent: the first is used. It dials no extension.",
        "tools.mcp": "jambonz sends no headers to an MCP server: one that needs them is left out.",
        "tools.voicemail": "jambonz can't leave a message at a machine that answers: the tool is left out.",
        "tools.keypad": "jambonz's agent can't press keys: the tool is left out.",
        "voice.speed": "jambonz speaks at the voice's own speed.",
        "voice.volume": "jambonz speaks at the voice's own volume.",
        "background.sound": "jambonz plays no background sound.",
        "background.volume": "jambonz plays no background sound.",
        "transcriber.pronunciations": "jambonz leaves pronunciations to the voice.",
        "time_zone": "jambonz tells its agent no time zone.",
        "turn_taking.response_wait": "jambonz leaves it to the transcriber when the caller's turn ends.",
        "turn_taking.reminder_times": "jambonz reminds the caller each time, without a limit.",
        "turn_taking.reminder_texts": "jambonz lets the model find the words of a reminder.",
        "turn_taking.end_after_silence": "jambonz doesn't hang up after a silence.",
        "max_length": "jambonz has no longest call: your account's or carrier's limit holds.",
        "end_message": "jambonz says the last words when the conversation ends, but not when the agent hangs up.",
        "recording": "jambonz records as your account or application is set there.",
        "keypad_input": "jambonz's agent doesn't hear keys.",
        "extract": "jambonz notes nothing down after the call.",
    }

    steps: tuple[Step, ...] = (
        Step("In the jambonz portal, open Accounts, choose yours and copy its webhook secret to here."),
        Step("Under Applications, open yours and paste this as the calling webhook, with the method POST.", "route"),
        Step("Paste this as the call status webhook, with the method POST, and save.", "events"),
        Step("Under Phone Numbers, let the number use that application."),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over its time and the raw body, and the time against ours."""
        del options
        found = _signature(request)
        if found is None or abs(time.time() - int(found[1])) > TOLERANCE:
            raise Forged
        keys = [secrets.get(name, "") for name in ("webhook_secret", "previous_webhook_secret")]
        expected = [signature(key, found[1], request.body) for key in keys if key]
        if not any(hmac.compare_digest(signed.encode(), found[2].encode()) for signed in expected):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read the application's call hook: a call that comes in, and isn't answered yet."""
        message = reading.message(request)
        if message.get("direction") != "inbound" or message.get("call_status", "trying") != "trying":
            return None
        sip = reading.mapping(message.get("sip"))
        dialled = [
            text
            for text in (message.get("to"), sip.get("calledNumber"), sip.get("uri"))
            if isinstance(text, str) and text
        ]
        return IncomingCall(
            reading.identifier(message.get("call_sid"), "call_sid"),
            reading.text(message.get("from")),
            reading.identifier(dialled[0] if dialled else None, "to"),
            dialled_candidates=tuple(text for text in map(reading.text, dialled[1:]) if text),
            caller_name=reading.text(message.get("caller_name")),
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """The greeting, said, then the agent: with it, whatever happens is told by the application's status hook."""
        return _json(list(_verbs(answering)))

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """Another number, or a SIP refusal with our reason in a header: saying the sentence would mean to pick up."""
        if refusal.transfer:
            return _json([{"verb": "dial", "target": [{"type": "phone", "number": refusal.transfer}]}])
        status, phrase = (404, "Not Found") if refusal.reason in NOT_THERE else (480, "Temporarily Unavailable")
        headers = {"X-Reason": refusal.reason}
        return _json([{"verb": "sip:decline", "status": status, "reason": phrase, "headers": headers}])

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read the application's status hook; what it tells of a dialled leg is kept with its call."""
        message, signed = reading.message(request), _signature(request)
        parent = message.get("parent_call_sid")
        leg = bool(parent) or message.get("direction") == "outbound"
        status = None if leg else STATUSES.get(str(message.get("call_status")))
        report = CallReport(
            call_id=reading.identifier(parent or message.get("call_sid"), "call_sid"),
            kind="leg-status" if leg else "status",
            status=status,
            occurred_at=_time(signed[1]) if signed else None,
            duration=reading.seconds(message.get("duration")) if status and status.ended else None,
            reason=_reason(message) if status and status.ended else "",
            event_id=signed[2] if signed else "",  # a retry is signed as the first was, to the byte
            payload={name: value for name, value in message.items() if name not in OURS_TO_FORGET},
            transferred=leg and message.get("call_status") in ("in-progress", "completed"),
            our_call="" if leg else reading.text(reading.mapping(message.get("customerData")).get("our_call")),
        )
        return [report]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """Nothing to say."""
        del request
        return HttpResponse(status=204)


def signature(key: str, at: str, body: bytes) -> str:
    """The `v1` of Jambonz-Signature: the HMAC of the time in seconds, a dot and the body."""
    return hmac.digest(key.encode(), at.encode() + b"." + body, "sha256").hex()


def _signature(request: HttpRequest) -> re.Match[str] | None:
    return SIGNATURE.fullmatch(request.headers.get("Jambonz-Signature", ""))


def _verbs(answering: Answering) -> Iterator[dict[str, Any]]:
    configuration, speaker = answering.configuration, _speaker(answering.configuration)
    yield {"verb": "tag", "data": {"our_call": str(answering.call.pk), "version": answering.version.number}}
    if configuration.start_delay:
        yield {"verb": "pause", "length": configuration.start_delay}
    if _greets(configuration):
        yield {"verb": "say", "text": configuration.greeting, "synthesizer": speaker}
    yield _agent(answering, speaker)
    if configuration.end_message:
        yield {"verb": "say", "text": configuration.end_message, "synthesizer": speaker}
    yield {"verb": "hangup"}


def _greets(configuration: Configuration) -> bool:
    return configuration.first_speaker == "agent" and bool(configuration.greeting)


def _agent(answering: Answering, speaker: dict[str, Any]) -> dict[str, Any]:
    configuration = answering.configuration
    turns = configuration.turn_taking
    agent = {
        "verb": "agent",
        "stt": _listener(configuration),
        "tts": speaker,
        "llm": _model(answering),
        # Whether the model finds a greeting of its own: not after ours, nor before a caller who speaks first.
        "greeting": configuration.first_speaker == "agent" and not configuration.greeting,
        "bargeIn": {"enable": turns.interruptions != "none"},
        "noResponseTimeout": (turns.reminder_every or 0) if turns.reminder_times else 0,
        "noiseIsolation": "rnnoise" if configuration.noise_reduction else None,
        "toolHook": _tool_hook(answering) if _functions(answering) else None,
        "mcpServers": _mcp_servers(configuration),
        "handoff": _handoff(configuration),
        "hangup": {} if any(isinstance(tool, HangUpTool) for tool in configuration.tools) else None,
    }
    return {name: value for name, value in agent.items() if value is not None}


def _listener(configuration: Configuration) -> dict[str, Any]:
    vendor, hints = configuration.transcriber.provider.lower(), list(configuration.transcriber.keywords)
    listener = {"vendor": LISTENERS.get(vendor, vendor) or "default", "language": configuration.language}
    return listener | ({"hints": hints} if hints else {})


def _speaker(configuration: Configuration) -> dict[str, Any]:
    vendor = configuration.voice.provider.lower()
    speaker = {"vendor": SPEAKERS.get(vendor, vendor) or "default", "language": configuration.language}
    return speaker | ({"voice": configuration.voice.id} if configuration.voice.id else {})


def _model(answering: Answering) -> dict[str, Any]:
    configuration = answering.configuration
    said = [{"role": "user", "content": CONNECTED}, {"role": "assistant", "content": configuration.greeting}]
    options = {
        "systemPrompt": configuration.prompt,
        "messages": said if _greets(configuration) else None,
        "temperature": configuration.model.temperature,
        "maxTokens": configuration.model.max_tokens,
        "tools": _functions(answering) or None,
    }
    named = {"vendor": configuration.model.provider.lower(), "model": configuration.model.name}
    llm_options = {name: value for name, value in options.items() if value is not None}
    return {name: value for name, value in named.items() if value} | {"llmOptions": llm_options}


def _functions(answering: Answering) -> list[dict[str, Any]]:
    """The functions that the model may call: none without a worker, since jambonz has one address for all of them."""
    if not answering.call.worker_url:
        return []
    tools = [tool for tool in answering.configuration.tools if isinstance(tool, FunctionTool) and tool.name]
    return [{"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools]


def _tool_hook(answering: Answering) -> str:
    """The worker's address. What jambonz posts there doesn't say which call it is, so the address does."""
    worker = answering.call.worker_url
    given = {
        "call_id": str(answering.call.pk),
        "configuration_url": answering.configuration_url,
        "config_token": answering.token,
    }
    return f"{worker}{'&' if '?' in worker else '?'}{urlencode(given)}"


def _mcp_servers(configuration: Configuration) -> list[dict[str, Any]] | None:
    open_to_all = [tool for tool in configuration.tools if isinstance(tool, McpTool) and tool.url and not tool.headers]
    return [{"url": tool.url} for tool in open_to_all] or None


def _handoff(configuration: Configuration) -> dict[str, Any] | None:
    transfer = next((tool for tool in configuration.tools if isinstance(tool, TransferTool) and tool.number), None)
    if transfer is None:
        return None
    handoff = {
        "mode": "blind",
        "blindMethod": "dial",  # the default asks the carrier to transfer, which many refuse
        "target": [{"type": "phone", "number": numbers.spelled(transfer.number)}],
        "toolName": transfer.name,
        "toolDescription": transfer.description,
    }
    return {name: value for name, value in handoff.items() if value}


def _reason(message: dict[str, Any]) -> str:
    """Who hung up, or the SIP status line of a call that failed."""
    if message.get("call_termination_by"):
        return reading.text(message["call_termination_by"])
    status, phrase = message.get("sip_status"), reading.text(message.get("sip_reason"), 200)
    return f"{status} {phrase}".strip() if isinstance(status, int) and 100 <= status < 700 else phrase  # noqa: PLR2004


def _time(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _json(verbs: list[dict[str, Any]]) -> HttpResponse:
    body = json.dumps(verbs, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")
