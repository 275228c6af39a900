"""A Retell agent with its response engine, as the dashboard exports it. Times are in milliseconds, ours in seconds.

The shapes are those of Retell's published API types (RetellAI/retell-typescript-sdk, `src/resources`: agent.ts and
llm.ts) and of https://docs.retellai.com/build/dynamic-variables; the dashboard's export has the engine within the
agent as `retellLlmData`, or as `conversationFlow`.
"""

import re
from typing import Any

from agentversions.exchange.carrying import NO_SUCH, Brought, Carrier, Platform, entries, members
from agentversions.refusals import Hostile

_VOICES = {
    "11labs": "ElevenLabs",
    "openai": "OpenAI",
    "cartesia": "Cartesia",
    "deepgram": "Deepgram",
    "minimax": "MiniMax",
    "play": "PlayHT",
    "retell": "Retell",
}
_MODELS = {"gpt": "openai", "claude": "anthropic", "gemini": "google"}
_TRANSCRIBERS = {"azure": "Azure", "deepgram": "Deepgram", "soniox": "Soniox", "assemblyai": "AssemblyAI"}
_EXTRACTED = {"string": "text", "enum": "text", "number": "number", "boolean": "yes_no"}
_STORED = {"everything": True, "everything_except_pii": True, "basic_attributes_only": False}
_ENGINE = "retellLlmData"
"""Where the engine stands in the dashboard's export, and is put wherever else it stood."""

_ENGINES = (_ENGINE, "retell_llm", "llm")
_FLOWS = ("conversationFlow", "conversation_flow")
_MARKS = ("agent_name", "response_engine", "voice_id", "general_prompt", "general_tools", *_ENGINES, *_FLOWS)


def _ours(said: str) -> str | None:
    if said == "user_number":
        return "caller_number"
    if said == "agent_number":
        return "called_number"
    return "now" if re.match(r"current_(time|hour|calendar)(_|$)", said) else None


_RETELL = Platform(
    "Retell",
    _ours,
    sections={
        "voice_id": "voice",
        "voice_speed": "voice",
        "voice_model": "voice",
        "voice_temperature": "voice",
        "voice_emotion": "voice",
        "fallback_voice_ids": "voice",
        "volume": "voice",
        "language": "voice",
        "ambient_sound": "voice",
        "ambient_sound_volume": "voice",
        "begin_message_delay_ms": "prompt",
        "timezone": "prompt",
        "handbook_config": "prompt",
        "guardrail_config": "prompt",
        "response_engine": "prompt",
        "retellLlmData": "prompt",
        "retellLlmData.model": "model",
        "retellLlmData.model_temperature": "model",
        "retellLlmData.model_high_priority": "model",
        "retellLlmData.s2s_model": "model",
        "retellLlmData.knowledge_base_ids": "model",
        "retellLlmData.kb_config": "model",
        "retellLlmData.tool_call_strict_mode": "tools",
        "retellLlmData.general_tools": "tools",
        "retellLlmData.mcps": "tools",
        "voicemail_option": "tools",
        "boosted_keywords": "model",
        "pronunciation_dictionary": "model",
        "stt_mode": "model",
        "custom_stt_config": "model",
        "vocab_specialization": "model",
        "interruption_sensitivity": "turn_taking",
        "allow_dtmf_interruption": "turn_taking",
        "responsiveness": "turn_taking",
        "enable_dynamic_responsiveness": "turn_taking",
        "enable_backchannel": "turn_taking",
        "backchannel_frequency": "turn_taking",
        "backchannel_words": "turn_taking",
        "reminder_trigger_ms": "turn_taking",
        "reminder_max_count": "turn_taking",
        "end_call_after_silence_ms": "turn_taking",
        "max_call_duration_ms": "call",
        "data_storage_setting": "call",
        "allow_user_dtmf": "call",
        "user_dtmf_options": "call",
        "denoising_mode": "call",
        "post_call_analysis_data": "after",
        "post_call_analysis_model": "after",
    },
    reasons={
        "responsiveness": "Set by ear how long to wait before answering.",
        "retellLlmData.states": "An agent has one prompt here. Add what matters of the states to it.",
        "retellLlmData.starting_state": "An agent has one prompt here.",
        "retellLlmData.knowledge_base_ids": "A knowledge base stays at Retell.",
        "retellLlmData.kb_config": "A knowledge base stays at Retell.",
        "retellLlmData.begin_after_user_silence_ms": "The agent waits until the caller speaks.",
        "webhook_url": "Calls are reported to this product.",
        "webhook_events": "Calls are reported to this product.",
    },
    idle=frozenset(
        (
            *("agent_id", "version", "base_version", "is_published", "last_modification_timestamp", "channel"),
            *("version_title", "version_description", "assigned_tags", "opt_in_signed_url", "signed_url_expiration_ms"),
            *("response_engine.type", "response_engine.llm_id", "response_engine.version"),
            *(f"{_ENGINE}.{name}" for name in ("llm_id", "version", "is_published", "last_modification_timestamp")),
        )
    ),
)


def recognised(content: dict[str, Any]) -> bool:
    """Whether this looks like an agent of Retell, or like its response engine alone."""
    return any(mark in content for mark in _MARKS)


def read(content: dict[str, Any]) -> Brought:
    """What the agent holds for a new one. Raises Hostile for an agent that isn't a prompt."""
    carrier = Carrier(_RETELL, _with_engine(content))
    _prompt(carrier)
    _voice(carrier)
    _model(carrier)
    _turn_taking(carrier)
    _call(carrier)
    _tools(carrier)
    _extract(carrier)
    return carrier.finish(carrier.source.take("agent_name"))


def _with_engine(content: dict[str, Any]) -> dict[str, Any]:
    """The agent with its engine in one place. Raises Hostile for a conversation flow."""
    engine = content.get("response_engine")
    kind = engine.get("type") if isinstance(engine, dict) else None
    if kind == "conversation-flow" or any(isinstance(content.get(name), dict) for name in _FLOWS):
        raise Hostile(
            "This Retell agent is a conversation flow, and an agent has one prompt here. Create a blank agent, and "
            "write what the flow does as its prompt."
        )
    within = next((content[name] for name in _ENGINES if isinstance(content.get(name), dict)), None)
    if within is None and isinstance(engine, dict) and "general_prompt" in engine:
        within = engine
    if within is None and ("general_prompt" in content or "general_tools" in content):  # the engine alone
        return {_ENGINE: content}
    rest = {key: value for key, value in content.items() if key not in (*_ENGINES, *_FLOWS)}
    if within is not None:
        rest.pop("response_engine", None)
    return {**rest, _ENGINE: within or {}}


def _prompt(carrier: Carrier) -> None:
    take = carrier.source.take
    carrier.move("retellLlmData.general_prompt", "prompt")
    if not carrier.source.content[_ENGINE]:
        take("response_engine")
        carrier.leave(
            "response_engine", "The prompt and the tools aren't in this file: export the agent from Retell's dashboard."
        )
    greeting, speaker = take("retellLlmData.begin_message"), take("retellLlmData.start_speaker")
    carrier.put("greeting", greeting, "retellLlmData.begin_message")
    if speaker in ("user", "agent"):
        carrier.put("first_speaker", "caller" if speaker == "user" else "agent", "retellLlmData.start_speaker")
    elif greeting == "":
        carrier.put("first_speaker", "caller", "retellLlmData.begin_message")
    carrier.move("begin_message_delay_ms", "start_delay", per=1000)
    carrier.move("timezone", "time_zone")
    carrier.variables("retellLlmData.default_dynamic_variables")


def _voice(carrier: Carrier) -> None:
    voice = carrier.source.take("voice_id")
    maker, _, name = voice.partition("-") if isinstance(voice, str) else ("", "", "")
    if name and maker in _VOICES:
        carrier.put("voice.provider", _VOICES[maker], "voice_id")
        carrier.put("voice.id", name, "voice_id")
        carrier.alter("voice_id", f"This is Retell's name for the voice: look for it at {_VOICES[maker]}.")
    else:
        carrier.put("voice.id", voice, "voice_id")
    carrier.move("voice_speed", "voice.speed")
    carrier.move("volume", "voice.volume")
    carrier.move("ambient_sound", "background.sound", words={"coffee-shop": "cafe", "call-center": "call_centre"})
    carrier.move("ambient_sound_volume", "background.volume", per=2)
    if "background.volume" in carrier.carried:
        carrier.alter("ambient_sound_volume", "Halved: it goes from 0 to 2 at Retell, and from 0 to 1 here.")
    language = carrier.source.take("language")
    first = language[0] if isinstance(language, list) and language else language
    if isinstance(language, list) and len(language) > 1:
        carrier.alter("language", "An agent has one language here: it is the first.")
    if first == "multi":
        carrier.leave("language", "An agent has one language here.")
    else:
        carrier.put("language", first, "language")


def _model(carrier: Carrier) -> None:
    model = carrier.source.take("retellLlmData.model")
    carrier.put("model.name", model, "retellLlmData.model")
    if "model.name" in carrier.carried and isinstance(model, str) and (maker := _MODELS.get(model.partition("-")[0])):
        carrier.put("model.provider", maker, "retellLlmData.model")
    carrier.move("retellLlmData.model_temperature", "model.temperature")
    carrier.move("custom_stt_config.provider", "transcriber.provider", words=_TRANSCRIBERS)
    keywords = entries(carrier.source.take("boosted_keywords"))
    where = "boosted_keywords"
    carrier.lines("transcriber.keywords", where, [(f"{where}[{i}]", word) for i, word in enumerate(keywords)])
    where = "pronunciation_dictionary"
    said = [
        (f"{where}[{i}]", {"word": members(entry).get("word"), "say": members(entry).get("phoneme")})
        for i, entry in enumerate(entries(carrier.source.take(where)))
    ]
    carrier.lines("transcriber.pronunciations", where, said)


def _turn_taking(carrier: Carrier) -> None:
    take = carrier.source.take
    sensitivity, keys = take("interruption_sensitivity"), take("allow_dtmf_interruption")
    if isinstance(sensitivity, int | float) and not isinstance(sensitivity, bool):
        may = "none" if sensitivity == 0 else "any" if keys is True else "speech"
        carrier.put("turn_taking.interruptions", may, "interruption_sensitivity")
        if 0 < sensitivity < 1:
            carrier.alter("interruption_sensitivity", "The caller may interrupt; how easily can't be set here.")
    elif sensitivity is not None:
        carrier.leave("interruption_sensitivity", "This isn't a number.")
    times = take("reminder_max_count")
    if times == 0:
        take("reminder_trigger_ms")
    else:
        carrier.move("reminder_trigger_ms", "turn_taking.reminder_every", per=1000)
        if times is not None:
            carrier.put("turn_taking.reminder_times", times, "reminder_max_count")
    carrier.move("end_call_after_silence_ms", "turn_taking.end_after_silence", per=1000)


def _call(carrier: Carrier) -> None:
    carrier.move("max_call_duration_ms", "max_length", per=1000)
    carrier.move("data_storage_setting", "recording", words=_STORED)
    carrier.move("allow_user_dtmf", "keypad_input", words={True: True, False: False})
    modes = {"no-denoise": False, "noise-cancellation": True, "noise-and-background-speech-cancellation": True}
    carrier.move("denoising_mode", "noise_reduction", words=modes)


def _tools(carrier: Carrier) -> None:
    where = "retellLlmData.general_tools"
    for index, tool in enumerate(entries(carrier.source.take(where))):
        if isinstance(tool, dict):
            _tool(carrier, f"{where}[{index}]", tool)
        else:
            carrier.leave(f"{where}[{index}]", "This isn't a tool.")
    where = "retellLlmData.mcps"
    for index, server in enumerate(entries(carrier.source.take(where))):
        place, given = f"{where}[{index}]", members(server)
        carrier.others(place, given, "id", "name", "url", "headers")
        headers = carrier.headers(f"{place}.headers", given.get("headers"))
        carrier.tool("mcp", place, name=given.get("name"), url=given.get("url"), headers=headers)
    _voicemail(carrier)


def _tool(carrier: Carrier, where: str, tool: dict[str, Any]) -> None:
    about: dict[str, Any] = {"name": tool.get("name"), "description": tool.get("description")}
    own: tuple[str, ...] = ()
    match tool.get("type"):
        case "end_call":
            carrier.tool("hang_up", where, **about)
        case "press_digit":
            carrier.tool("keypad", where, **about)
        case "transfer_call":
            own = ("transfer_destination",)
            destination = members(tool.get("transfer_destination"))
            if destination.get("type", "predefined") != "predefined":
                carrier.leave(where, "A transfer has one number here; this one is found during the call.")
                return
            extension = destination.get("extension")
            carrier.tool("transfer", where, number=destination.get("number"), extension=extension, **about)
        case "custom":
            own = ("url", "method", "headers", "parameters", "parameter_type")
            headers = carrier.headers(f"{where}.headers", tool.get("headers"))
            given = {name: tool.get(name) for name in ("url", "method", "parameters")}
            carrier.tool("function", where, headers=headers, **given, **about)
        case "check_availability_cal" | "book_appointment_cal":
            carrier.leave(where, "Cal.com isn't built in here. Make it a function, with its key as {{secret.NAME}}.")
            return
        case _:
            carrier.leave(where, "There is no such kind of tool here.")
            return
    carrier.others(where, tool, "type", "name", "description", "tool_id", *own)


def _voicemail(carrier: Carrier) -> None:
    action = members(carrier.source.take("voicemail_option.action"))
    where, about = "voicemail_option", {"name": "voicemail", "description": "When an answering machine takes the call."}
    match action.get("type"):
        case "static_text":
            carrier.tool("voicemail", where, message=action.get("text"), **about)
        case "hangup":
            carrier.tool("voicemail", where, **about)
        case None:
            pass
        case _:
            carrier.leave(f"{where}.action", "A voicemail message is a fixed text here.")


def _extract(carrier: Carrier) -> None:
    where, rows = "post_call_analysis_data", []
    for index, entry in enumerate(entries(carrier.source.take(where))):
        place, given = f"{where}[{index}]", members(entry)
        kind = given.get("type")
        ours = _EXTRACTED.get(kind) if isinstance(kind, str) else None
        if ours is None:
            carrier.leave(
                place, NO_SUCH if kind == "system-presets" else "A field is a text, a number, a date, or yes or no."
            )
            continue
        carrier.others(place, given, "name", "type", "description", "choices", "examples")
        told = given["description"] if isinstance(given.get("description"), str) else ""
        choices = [choice for choice in entries(given.get("choices")) if isinstance(choice, str)]
        note = f"{told} (one of: {', '.join(choices)})" if choices else told
        rows.append((place, {"name": given.get("name"), "type": ours, "description": " ".join(note.split())}))
    carrier.lines("extract", where, rows)
