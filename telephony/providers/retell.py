"""Retell: JSON signed with the account's API key. Its answer chooses an agent at Retell, and overrides some of it.

Sources: the types and the signer of Retell's Python library (retell-sdk 6.2), and its documentation of the inbound
webhook, of dynamic variables, of webhooks and of disconnection reasons. Neither prompt nor tools can be overridden: the
prompt goes as a variable into an agent at Retell whose prompt is nothing else; tools are had by pinning alone.
"""

import hmac
import json
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse

from agentversions.configuration import Configuration
from agentversions.sealing import Secrets
from agentversions.tools import VoicemailTool
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Status
from telephony.providers import reading
from telephony.providers.base import Answering, Forged, Option, Options, Secret, Step

SIGNATURE = re.compile(r"v=([0-9]{1,15}),d=([0-9a-f]{64})")
TOLERANCE = 300_000
"""Milliseconds between the signature's time and ours, either way."""

RING, CHAT = "call_inbound", "chat_inbound"
STARTED, ENDED, ANALYZED = "call_started", "call_ended", "call_analyzed"
ENDS = {
    "dial_busy": Status.BUSY,
    "dial_no_answer": Status.NO_ANSWER,
    "user_declined": Status.REJECTED,
    "scam_detected": Status.REJECTED,
    **dict.fromkeys(
        (
            *("dial_failed", "invalid_destination", "sip_routing_error", "marked_as_spam", "network_blocked"),
            *("telephony_provider_permission_denied", "telephony_provider_unavailable", "registered_call_timeout"),
            *("concurrency_limit_reached", "no_concurrency_fallback", "no_valid_payment", "credit_exhausted"),
            "budget_reached",
        ),
        Status.FAILED,
    ),
}
"""What became of a call that ended otherwise than by being over; `error_…` is a failure too."""
HANDED_OVER = "call_transfer"
BRIDGED = "transfer_bridged"
MACHINES = frozenset({"voicemail_reached", "machine_detected"})

OURS_TO_FORGET = frozenset(
    {"retell_llm_dynamic_variables", "access_token", "custom_sip_headers", "public_log_url"}
    | {"transcript", "transcript_object", "transcript_with_tool_calls", "scrubbed_transcript_with_tool_calls"}
)
"""What holds our own prompt, opens doors at Retell, or is kept elsewhere."""

PROMPT = "system_prompt"
MODELS = frozenset(
    {"gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini"}
    | {"gpt-5.4-nano", "gpt-5.5", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-6-astra", "gpt-6-sol", "gpt-6.1-sol"}
    | {"gpt-6-luna", "claude-4.6-sonnet", "claude-5-opus", "claude-5.5-opus", "claude-5-sonnet", "claude-5.5-sonnet"}
    | {"claude-5.5-haiku", "claude-4.5-haiku", "gemini-3.0-flash", "gemini-3.1-flash-lite", "gemini-3.5-flash"}
    | {"gemini-3.5-flash-lite", "gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash", "gemini-4-argon"}
)
LANGUAGES = re.compile(
    "en-(US|IN|GB|AU|NZ)|es-(ES|419)|fr-(FR|CA)|pt-(PT|BR)|nl-(NL|BE)|zh-CN|yue-CN|fil-PH|de-DE|hi-IN|ja-JP|ru-RU|it-IT"
    "|ko-KR|pl-PL|tr-TR|vi-VN|ro-RO|bg-BG|ca-ES|th-TH|da-DK|fi-FI|el-GR|hu-HU|id-ID|no-NO|sk-SK|sv-SE|lt-LT|lv-LV|cs-CZ"
    "|ms-MY|af-ZA|ar-SA|az-AZ|bs-BA|cy-GB|fa-IR|gl-ES|he-IL|hr-HR|hy-AM|is-IS|kk-KZ|kn-IN|mk-MK|mr-IN|ne-NP|sl-SI|sr-RS"
    "|sw-KE|ta-IN|ur-IN|uk-UA"
)
SPEAKERS = {
    "elevenlabs": "11labs",
    "openai": "openai",
    "cartesia": "cartesia",
    "deepgram": "deepgram",
    "minimax": "minimax",
    "playht": "play",
    "retell": "retell",
}
"""What Retell's names for voices begin with."""
AS_RETELL_WRITES = re.compile(r"(11labs|openai|cartesia|deepgram|minimax|play|retell|custom_voice|voice)[-_].+")
A_NAME = re.compile("[A-Za-z]{2,19}")
"""The rest of such a name. What has digits in it is an id at the voice's own provider, which Retell doesn't know."""
LISTENERS = {"azure": 100, "deepgram": 10, "soniox": 500, "assemblyai": 100}
"""The transcribers one can choose, and the shortest silence, in milliseconds, that ends a turn with each."""
SOUNDS = {"cafe": "coffee-shop", "call_centre": "call-center"}
NOTED = {"text": "string", "date": "string", "number": "number", "yes_no": "boolean"}

AGENT = r"([A-Za-z0-9_-]{6,100}) +v?([0-9]{1,6})"
"""An agent at Retell by its id and the number of its version: a tag would move."""
PIN = rf" *(?:(\S.{{0,150}}?) +v([1-9][0-9]{{0,8}}) *= *{AGENT})? *"

CARRIES = frozenset(
    {"prompt", "greeting", "first_speaker", "start_delay", "variables", "time_zone", "language"}
    | {"voice.provider", "voice.id", "voice.speed", "voice.volume", "background.sound", "background.volume"}
    | {"model.provider", "model.name", "model.temperature", "transcriber.provider", "transcriber.keywords"}
    | {"turn_taking.interruptions", "turn_taking.response_wait", "turn_taking.reminder_every"}
    | {"turn_taking.reminder_times", "turn_taking.end_after_silence", "max_length", "recording", "keypad_input"}
    | {"noise_reduction", "extract", "tools.voicemail"}
)
OTHER_VOICE = (
    "Retell takes a voice by its own name for it, such as 11labs-Adrian: any other is left to the agent there."
)
NO_TOOLS = "Retell takes no tools from an answer: give them to the agent at Retell."


class Retell:
    """Signed JSON; the answer names an agent at Retell, and what of our version it may override."""

    key = "retell"
    name = "Retell"
    summary = "Speaks with the caller as an agent at Retell, which the answer gives its prompt; tools are set up there."
    secrets: tuple[Secret, ...] = (
        Secret("api_key", "API key", "The one with the webhook badge, under API Keys in Retell's dashboard."),
        Secret("previous_api_key", "Previous API key", "While you change the key.", optional=True),
    )
    options: tuple[Option, ...] = (
        Option(
            "agent",
            "Agent at Retell",
            "Its id and the number of its version, as in agent_abc123 12. Its prompt is {{system_prompt}}. When empty, "
            "the number's own agent at Retell answers.",
            pattern=AGENT,
        ),
        Option(
            "way",
            "What Retell gets",
            "Pinned, a version listed below answers as Retell has it, with its tools.",
            choices=(("prompt", "The version, its prompt as a variable"), ("pinned", "A version of Retell's own")),
            default="prompt",
            seldom=True,
            without={"pinned": CARRIES - {"variables"}},
            instead={"pinned": "A pinned version answers as Retell has it: see to it there."},
        ),
        Option(
            "pins",
            "Pinned versions",
            "One a line, as in Reception v7 = agent_abc123 12: an agent here by its name, or by its id if another has "
            "that name, then one at Retell. A version without a line goes there as if nothing were pinned.",
            pattern=PIN,
            lines=True,
            seldom=True,
        ),
    )
    needs_worker = False
    worker_hint = ""
    worker_schemes: tuple[str, ...] = ("https", "http")
    picks_up = False
    carries: frozenset[str] = CARRIES
    notes: Mapping[str, str] = {
        **{f"tools.{kind}": NO_TOOLS for kind in ("function", "transfer", "hang_up", "keypad", "mcp")},
        "tools.voicemail": "Retell looks for a machine by itself, in the first three minutes.",
        "start_delay": "Retell waits five seconds at most.",
        "language": "A language that Retell doesn't know is left to the agent there.",
        "voice.provider": OTHER_VOICE,
        "voice.id": OTHER_VOICE,
        "voice.speed": "Retell speaks at half to double speed.",
        "background.sound": "Retell has no sound of an office: there it is quiet.",
        "model.name": "A model that Retell doesn't know is left to the agent there.",
        "model.temperature": "Retell's highest temperature is 1.",
        "model.max_tokens": "Retell doesn't limit an answer.",
        "transcriber.provider": "Retell listens with Azure, Deepgram, Soniox or AssemblyAI: another is left to the "
        "agent there.",
        "transcriber.pronunciations": "Retell wants pronunciations in a phonetic alphabet: set them up there.",
        "turn_taking.response_wait": "Retell takes it only with one of its transcribers, and three seconds at most.",
        "turn_taking.reminder_texts": "Retell lets the model find the words of a reminder.",
        "turn_taking.end_after_silence": "Retell waits ten seconds at least. Never is left to the agent there.",
        "max_length": "A call lasts from one minute to two hours at Retell.",
        "end_message": "Retell has no last words: write them into the prompt.",
        "recording": "Retell keeps recording and transcript together: of a call that isn't recorded neither is kept.",
        "extract": "Retell notes nothing down of a call whose recording and transcript it doesn't keep.",
    }
    steps: tuple[Step, ...] = (
        Step("In Retell's dashboard, create a single prompt agent whose whole prompt is this.", "{{system_prompt}}"),
        Step("In its Webhook Settings, paste this as the agent level webhook URL.", "events"),
        Step("Publish it, and type its id and the number of that version into the connection's settings."),
        Step("Under Phone Numbers, open the number, add an inbound webhook and paste this.", "route"),
        Step(
            "Leave the number's inbound call agent empty: Retell then declines a call that nothing here can answer. It "
            "can't say a sentence or dial a number instead. An agent there would take such calls, without a prompt, "
            "and those that come while this server can't be reached."
        ),
    )

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the signature over the raw body and its time, and the time against ours."""
        del options
        found = SIGNATURE.fullmatch(request.headers.get("X-Retell-Signature", ""))
        if found is None or abs(time.time() * 1000 - int(found[1])) > TOLERANCE:
            raise Forged
        keys = [secrets.get(name, "") for name in ("api_key", "previous_api_key")]
        expected = [signature(key, found[1], request.body) for key in keys if key]
        if not any(hmac.compare_digest(signed.encode(), found[2].encode()) for signed in expected):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read a ring, which older payloads give no call id; a text message is none, nor is a report."""
        message = reading.message(request)
        if message.get("event") != RING:
            return None
        ring = reading.mapping(message.get(RING))
        named = ring.get("call_id")
        return IncomingCall(
            reading.identifier(named, "call_inbound.call_id") if named else "",
            reading.text(ring.get("from_number")),
            reading.identifier(ring.get("to_number"), "call_inbound.to_number"),
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """The agent at Retell, the variables and what is overridden; pinned, nothing but where to report."""
        pinned = _pinned(answering)
        named = re.fullmatch(AGENT, answering.options.get("agent", ""))
        override = pinned or (_override(named[1], named[2]) if named else {})
        reports = {"webhook_url": answering.events_url, "webhook_events": [STARTED, ENDED, ANALYZED]}
        agent, model = ({}, {}) if pinned else (_agent(answering.configuration), _model(answering.configuration))
        answer = {
            "dynamic_variables": answering.variables | {PROMPT: answering.configuration.prompt},
            "metadata": {"our_call": str(answering.call.pk), "version": answering.version.number},
            "agent_override": {"agent": agent | reports} | ({"retell_llm": model} if model else {}),
        }
        return _json({RING: answer | override})

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """Nothing: Retell declines the call, unless the number has an agent there. It can't speak, nor dial."""
        del refusal
        return _json({RING: {}})

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """Read what is told of a call; of a chat nothing is kept."""
        message = reading.message(request)
        call = reading.mapping(message.get("call"))
        return [_report(reading.text(message.get("event"), 40), call)] if call else []

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """Nothing to say; to a text message, that it is none of ours."""
        if reading.message(request).get("event") == CHAT:
            return _json({CHAT: {}})
        return HttpResponse(status=204)


def signature(key: str, at: str, body: bytes) -> str:
    """The `d` of X-Retell-Signature: the HMAC of the body and the time in milliseconds."""
    return hmac.digest(key.encode(), body + at.encode(), "sha256").hex()


def _pinned(answering: Answering) -> dict[str, str | int]:
    """The agent at Retell to which a line of the connection pins this version, if the connection pins."""
    if answering.options.get("way") != "pinned":
        return {}
    names = {answering.call.agent_name.casefold(), str(answering.version.agent_id)}
    for line in answering.options.get("pins", "").splitlines():
        pin = re.fullmatch(PIN, line)
        if pin and pin[1] and int(pin[2]) == answering.version.number and pin[1].casefold() in names:
            return _override(pin[3], pin[4])
    return {}


def _override(agent: str, version: str) -> dict[str, str | int]:
    return {"override_agent_id": agent, "override_agent_version": int(version)}


def _agent(configuration: Configuration) -> dict[str, Any]:
    turns, sound = configuration.turn_taking, SOUNDS.get(configuration.background.sound)
    silence = turns.end_after_silence
    reminds = turns.reminder_every is not None and turns.reminder_times > 0
    overridden: dict[str, Any] = {
        "voice_id": _voice(configuration),
        "voice_speed": min(max(configuration.voice.speed, 0.5), 2),
        "volume": configuration.voice.volume,
        "ambient_sound_volume": 2 * configuration.background.volume if sound else None,
        "language": configuration.language if LANGUAGES.fullmatch(configuration.language) else None,
        "timezone": configuration.time_zone,
        "begin_message_delay_ms": min(_milliseconds(configuration.start_delay), 5_000),
        "interruption_sensitivity": 0 if turns.interruptions == "none" else 1,
        "allow_dtmf_interruption": turns.interruptions == "any",
        "reminder_trigger_ms": _milliseconds(turns.reminder_every) if turns.reminder_every and reminds else None,
        "reminder_max_count": turns.reminder_times if reminds else 0,
        "end_call_after_silence_ms": max(_milliseconds(silence), 10_000) if silence else None,
        "max_call_duration_ms": min(max(_milliseconds(configuration.max_length), 60_000), 7_200_000),
        "allow_user_dtmf": configuration.keypad_input,
        "denoising_mode": "noise-cancellation" if configuration.noise_reduction else "no-denoise",
        "data_storage_setting": "everything" if configuration.recording else "basic_attributes_only",
        "boosted_keywords": list(configuration.transcriber.keywords) or None,
        "post_call_analysis_data": _noted(configuration) or None,
        "voicemail_option": _voicemail(configuration),
    }
    kept = {name: value for name, value in overridden.items() if value is not None}
    return kept | {"ambient_sound": sound} | _listener(configuration)


def _voice(configuration: Configuration) -> str | None:
    """A voice as Retell names it; none for one that it wouldn't know, with which it might not take the call at all."""
    maker, name = configuration.voice.provider.lower(), configuration.voice.id
    if AS_RETELL_WRITES.fullmatch(name):
        return name
    return f"{SPEAKERS[maker]}-{name}" if maker in SPEAKERS and A_NAME.fullmatch(name) else None


def _listener(configuration: Configuration) -> dict[str, Any]:
    """The transcriber, if it is one of Retell's, with the silence that ends a turn."""
    provider = configuration.transcriber.provider.lower()
    if provider not in LISTENERS:
        return {}
    wait = min(max(_milliseconds(configuration.turn_taking.response_wait), LISTENERS[provider]), 3_000)
    return {"stt_mode": "custom", "custom_stt_config": {"provider": provider, "endpointing_ms": wait}}


def _noted(configuration: Configuration) -> list[dict[str, str]]:
    """The fields to note down. Retell has no dates: they are texts that say so."""
    return [
        {
            "type": NOTED[field.type],
            "name": field.name,
            "description": (field.description or field.name) + (" (a date)" if field.type == "date" else ""),
        }
        for field in configuration.extract
    ]


def _voicemail(configuration: Configuration) -> dict[str, Any] | None:
    tool = next((tool for tool in configuration.tools if isinstance(tool, VoicemailTool)), None)
    if tool is None:
        return None
    return {"action": {"type": "static_text", "text": tool.message} if tool.message else {"type": "hangup"}}


def _model(configuration: Configuration) -> dict[str, Any]:
    """Who speaks first, and the model. Retell lets it find a greeting where it gets none, and waits where it is ""."""
    agent_first, name = configuration.first_speaker == "agent", configuration.model.name
    settings: dict[str, Any] = {"temperature": min(configuration.model.temperature, 1)}
    if name in MODELS:
        settings |= {"type": "cascading", "primary": {"model": name}}
    return {
        "start_speaker": "agent" if agent_first else "user",
        "begin_message": (configuration.greeting or None) if agent_first else "",
        "model_config": settings,
    }


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _report(kind: str, call: dict[str, Any]) -> CallReport:
    """What is told of a call. Its status is the event's: the one written in the call may be of long before."""
    call_id, over = reading.identifier(call.get("call_id"), "call.call_id"), kind in (ENDED, ANALYZED)
    analysis, ours = reading.mapping(call.get("call_analysis")), reading.mapping(call.get("metadata")).get("our_call")
    reason = reading.text(call.get("disconnection_reason")) if over else ""
    began, end = _moment(call.get("start_timestamp")), _moment(call.get("end_timestamp"))
    return CallReport(
        call_id=call_id,
        kind=kind,
        status=_status(kind, call),
        occurred_at=end if over else began if kind == STARTED else None,
        duration=_duration(call, began, end) if over else None,
        reason=reason,
        recording_url=reading.address(call.get("recording_url")) or reading.address(call.get("scrubbed_recording_url")),
        # Each comes once for a call. Others don't, and an analysis may be made anew: they are known by their bytes.
        event_id=reading.text(f"{kind} {call_id}") if kind in (STARTED, ENDED) else "",
        payload={"event": kind, "call": {name: value for name, value in call.items() if name not in OURS_TO_FORGET}},
        our_call=reading.text(ours) if call.get("direction") != "outbound" else "",
        transcript=reading.text(call.get("transcript"), 200_000) if over else "",
        summary=reading.text(analysis.get("call_summary"), 20_000),
        fields=reading.mapping(analysis.get("custom_analysis_data")),
        transferred=kind == BRIDGED or reason == HANDED_OVER,
        voicemail=reason in MACHINES or analysis.get("in_voicemail") is True,
        success=reading.judged(analysis.get("call_successful")),
        cost=_cost(reading.mapping(call.get("call_cost")).get("combined_cost")) if over else None,
    )


def _status(kind: str, call: dict[str, Any]) -> Status | None:
    """An analysis is made of a call that is over, whether or not its end was told."""
    if kind == STARTED:
        return Status.IN_PROGRESS
    if kind == BRIDGED:
        return Status.FORWARDING
    reason = str(call.get("disconnection_reason"))
    if kind not in (ENDED, ANALYZED):
        return None
    return Status.FAILED if reason.startswith("error_") else ENDS.get(reason, Status.COMPLETED)


def _duration(call: dict[str, Any], began: datetime | None, end: datetime | None) -> int | None:
    told = call.get("duration_ms")
    if isinstance(told, int | float):
        return reading.seconds(told // 1000)
    return reading.seconds((end - began).total_seconds()) if began and end else None


def _cost(cents: object) -> Decimal | None:
    """Retell tells 0 of a call that it hasn't priced."""
    return reading.dollars(cents, 100) or None


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int | float) or milliseconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _json(document: dict[str, Any]) -> HttpResponse:
    body = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return HttpResponse(body, content_type="application/json")
