"""SWML: an agent as SignalWire reads it, with every limit of SignalWire's kept.

Sources: SignalWire's documentation of SWML and the schema in its Python library. `data_map` lets SignalWire itself make
a function's request, with the headers that the function has; what it does with the answer is its guide's section 5.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.conf.locale import LANG_INFO

from agentversions.configuration import Configuration, Extract
from agentversions.tools import BaseTool, FunctionTool, HangUpTool, KeypadTool, TransferTool, VoicemailTool
from telephony import numbers
from telephony.incoming import Refusal
from telephony.providers.base import Answering

CARRIES = frozenset(
    {"prompt", "greeting", "first_speaker", "start_delay", "variables", "time_zone", "language"}
    | {"voice.provider", "voice.id", "model.name", "model.temperature", "model.max_tokens"}
    | {"transcriber.provider", "transcriber.keywords", "transcriber.pronunciations"}
    | {"turn_taking.interruptions", "turn_taking.response_wait", "turn_taking.reminder_every"}
    | {"turn_taking.reminder_texts", "turn_taking.end_after_silence"}
    | {"max_length", "end_message", "recording", "keypad_input", "noise_reduction", "extract"}
    | {"tools.function", "tools.transfer", "tools.hang_up", "tools.voicemail", "tools.keypad"}
)
NOTES: Mapping[str, str] = {
    "language": "SignalWire takes the language together with a voice: without one it speaks and hears English.",
    "voice.provider": "SignalWire has the voices of Amazon, Azure, Cartesia, Deepgram, ElevenLabs, Google, OpenAI and "
    "Rime. Another one's is replaced by its own, in English.",
    "voice.speed": "SignalWire speaks at the voice's own speed.",
    "voice.volume": "SignalWire speaks at the voice's own volume.",
    "background.sound": "SignalWire plays no background sound of ours.",
    "background.volume": "SignalWire plays no background sound of ours.",
    "model.provider": "SignalWire chooses the provider by the model's name.",
    "model.name": "SignalWire has gpt-4o-mini, gpt-4.1-mini and gpt-4.1-nano. Another is replaced by gpt-4o-mini.",
    "model.temperature": "SignalWire takes temperatures up to 1.5.",
    "model.max_tokens": "SignalWire takes answers of up to 4,096 tokens.",
    "transcriber.provider": "SignalWire listens with Deepgram or Google. Another transcriber is replaced by its own.",
    "turn_taking.response_wait": "SignalWire waits for 0.25 to 10 seconds.",
    "turn_taking.reminder_every": "SignalWire reminds after 10 seconds at the earliest.",
    "turn_taking.reminder_times": "SignalWire reminds the caller each time, without a limit.",
    "turn_taking.end_after_silence": "SignalWire hangs up after 10 seconds of silence at the earliest, after an hour "
    "at the latest.",
    "keypad_input": "SignalWire always hears the keypad.",
    "tools.function": "SignalWire makes a function's request itself, by GET or POST: another method is left out. "
    "Of the answer the model hears the texts “result” and “response”, so answer with one of them. Of the parameters' "
    "schema, limits such as minLength are left out.",
    "tools.transfer": "SignalWire dials no extension.",
    "tools.mcp": "SignalWire can't use MCP servers: the tool is left out.",
}
SUMMARY = "_summary"
"""The key of the call's summary among the fields noted down: no field can be called so."""

ENGINES = {
    "amazon": "polly",
    "azure": "azure",
    "cartesia": "cartesia",
    "deepgram": "deepgram",
    "elevenlabs": "elevenlabs",
    "google": "gcloud",
    "microsoft": "azure",
    "openai": "openai",
    "polly": "polly",
    "rime": "rime",
}
LISTENERS = {"deepgram": "nova-3", "google": "gcloud_speech_v2_async"}
MODELS = frozenset({"gpt-4o-mini", "gpt-4.1-mini", "gpt-4.1-nano"})
RESERVED = frozenset({"startup_hook", "hangup_hook", "summarize_conversation"})
"""Names of functions that SignalWire calls by itself: a tool can't have them."""

TEMPERATURE, TOKENS = 1.5, 4_096
END_OF_SPEECH, ATTENTION, INACTIVITY = (250, 10_000), (10_000, 600_000), (10_000, 3_600_000)
"""The least and the most that SignalWire takes, in milliseconds."""

LAST_WORDS = 30
"""Seconds that a call may last beyond its longest, for the agent's farewell."""

PLAIN = re.compile(r"[A-Za-z0-9_-]+")
"""What a parameter may be called to stand in an address."""
NOTHING_TO_FILL_IN = {"type": "object", "properties": {}}
KINDS = {"text": "a text", "number": "a number", "date": "a date as YYYY-MM-DD", "yes_no": "true or false"}

type Method = dict[str, Any]


def document(methods: Iterator[Method]) -> dict[str, Any]:
    """The methods, one after the other."""
    return {"version": "1.0.0", "sections": {"main": list(methods)}}


def conversation(answering: Answering) -> Iterator[Method]:
    """Pick up, let the agent speak, and say the last words if the conversation ends before the call does."""
    configuration = answering.configuration
    yield {"answer": {"max_duration": configuration.max_length + LAST_WORDS}}
    if configuration.recording:
        yield {"record_call": {"stereo": True, "format": "mp3", "status_url": answering.report_url}}
    if configuration.noise_reduction:
        yield {"denoise": {}}
    yield {"ai": _agent(answering)}
    if configuration.end_message:
        voice = _voice(configuration)
        language = {"say_voice": voice, "say_language": configuration.language} if voice else {}
        yield {"play": {"url": _say(configuration.end_message)} | language}
    yield {"hangup": {}}


def farewell(refusal: Refusal) -> Iterator[Method]:
    """A sentence and the end of the call, or another number."""
    if refusal.transfer:
        yield {"connect": {"to": refusal.transfer}}
    elif refusal.say.strip():
        yield {"play": {"url": _say(refusal.say)}}
    yield {"hangup": {}}


def _say(text: str) -> str:
    return "say:" + " ".join(text.split())  # as an address, it is one line


def _agent(answering: Answering) -> dict[str, Any]:
    configuration = answering.configuration
    voice, model = _voice(configuration), configuration.model
    language = {"name": _language(configuration.language), "code": configuration.language, "voice": voice}
    words = [{"replace": said.word, "with": said.say} for said in configuration.transcriber.pronunciations]
    prompt = {
        "text": configuration.prompt,
        "temperature": min(model.temperature, TEMPERATURE),
        "max_tokens": min(model.max_tokens, TOKENS) if model.max_tokens else None,
    }
    return _present(
        {
            "prompt": _present(prompt),
            "languages": [language] if voice else None,
            "hints": list(configuration.transcriber.keywords) or None,
            "pronounce": words or None,
            "params": _parameters(configuration),
            "global_data": {"our_call": str(answering.call.pk), "version": answering.version.number},
            "post_prompt": {"text": _question(configuration.extract)},
            "post_prompt_url": answering.report_url,
            "SWAIG": {"functions": list(_functions(answering))},
        }
    )


def _parameters(configuration: Configuration) -> dict[str, Any]:
    turns, transcriber = configuration.turn_taking, configuration.transcriber.provider.lower()
    greets = configuration.first_speaker == "agent" and bool(configuration.greeting)
    reminds = turns.reminder_every if turns.reminder_times else None
    silence = turns.end_after_silence
    words = "; ".join(turns.reminder_texts)
    parameters = {
        "ai_model": configuration.model.name if configuration.model.name in MODELS else None,
        "static_greeting": configuration.greeting if greets else None,
        "static_greeting_no_barge": True if greets and turns.interruptions == "none" else None,
        "wait_for_user": configuration.first_speaker == "caller",
        "initial_sleep_ms": round(configuration.start_delay * 1_000),
        "local_tz": configuration.time_zone,
        "openai_asr_engine": LISTENERS.get(transcriber),
        "enable_barge": False if turns.interruptions == "none" else "complete,partial",
        "end_of_speech_timeout": _milliseconds(turns.response_wait, END_OF_SPEECH),
        "attention_timeout": _milliseconds(reminds, ATTENTION) if reminds else 0,
        "attention_timeout_prompt": f"The caller is silent. Say the next of these: {words}" if words else None,
        "inactivity_timeout": INACTIVITY[1] if silence is None else _milliseconds(silence, INACTIVITY),
        "hard_stop_time": f"{configuration.max_length}s",
    }
    return _present(parameters)


def _milliseconds(seconds: float, limits: tuple[int, int]) -> int:
    least, most = limits
    return max(least, min(most, round(seconds * 1_000)))


def _voice(configuration: Configuration) -> str:
    """`engine.voice`, as SignalWire names it; nothing where it has no such engine."""
    voice = configuration.voice
    engine = ENGINES.get(voice.provider.lower())
    if engine and voice.id:
        return f"{engine}.{voice.id}"
    return voice.id if not voice.provider and voice.id.partition(".")[0] in ENGINES.values() else ""


def _language(tag: str) -> str:
    """A language's name in English: SignalWire puts it into the prompt."""
    found = LANG_INFO.get(tag.lower()) or LANG_INFO.get(tag.partition("-")[0].lower()) or {}
    return str(found.get("name", tag))


def _question(extracts: list[Extract]) -> str:
    """What is asked of the model after the call."""
    keys = [f'"{SUMMARY}": the call in at most three sentences']
    keys += [f'"{extract.name}": {KINDS[extract.type]}. {extract.description}'.rstrip() for extract in extracts]
    wanted = "\n".join(f"- {key}" for key in keys)
    return f"Answer with one JSON object and nothing else. Write null for what wasn't said. Its keys:\n{wanted}"


def _functions(answering: Answering) -> Iterator[dict[str, Any]]:
    for tool in answering.configuration.tools:
        body = _function(tool, answering)
        if body and tool.name and tool.name not in RESERVED:
            named = {"function": tool.name, "description": tool.description or tool.name}
            yield {"parameters": NOTHING_TO_FILL_IN} | named | body


def _function(tool: BaseTool, answering: Answering) -> dict[str, Any] | None:
    """What is behind a tool: all of it is done by SignalWire, without asking us."""
    match tool:
        case FunctionTool() if tool.url and tool.method in ("GET", "POST"):
            return {"parameters": parameters(tool.parameters), "data_map": _request(tool, answering)}
        case TransferTool() if tool.number:
            over: dict[str, Any] = {"case": {"connected": [{"hangup": {}}]}}  # if nobody answers, the agent goes on
            dial = {"connect": {"to": numbers.spelled(tool.number), "result": over}}
            return _output("The caller is being connected.", {"SWML": document(iter([dial]))})
        case HangUpTool():
            return _output("The call ends now.", *_last_words(answering.configuration.end_message))
        case VoicemailTool():
            return _output("The call ends now.", *_last_words(tool.message))
        case KeypadTool():
            keys = {"type": "string", "description": "The keys to press: digits, * and #. W waits for a second."}
            press = {"send_digits": {"digits": "${args.digits}"}}
            asked = {"type": "object", "properties": {"digits": keys}, "required": ["digits"]}
            return _output("The keys were pressed.", {"SWML": document(iter([press]))}) | {"parameters": asked}
        case _:
            return None


def _last_words(text: str) -> list[dict[str, Any]]:
    return ([{"say": text}] if text else []) + [{"hangup": True}]


def _output(response: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"data_map": {"output": {"response": response, "action": list(actions)}}}


def _request(tool: FunctionTool, answering: Answering) -> dict[str, Any]:
    """The request: what the model filled in as JSON, or in the address of a GET. Any other answer than 2xx failed."""
    webhook: dict[str, Any] = {
        "url": tool.url,
        "method": tool.method,
        "headers": answering.headers(tool),
        "error_keys": ["http_code"],
        "output": {"response": "${result}${response}"},
    }
    if tool.method == "POST":
        webhook["input_args_as_params"] = True
    elif names := [name for name in tool.parameters.get("properties", {}) if PLAIN.fullmatch(name)]:
        query = "&".join(f"{name}=${{enc:args.{name}}}" for name in names)
        webhook["url"] += ("&" if "?" in tool.url else "?") + query
    return {"webhooks": [webhook], "output": {"response": "The request failed."}}


def parameters(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A function's parameters, in the part of JSON Schema that SWML knows."""
    return {"type": "object", "properties": _properties(schema)} | _required(schema)


TYPES = {"string": str, "integer": int, "number": int | float, "boolean": bool, "array": list, "object": dict}
FORMATS = frozenset({"date_time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"})


def _property(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, dict):
        return {"type": "string"}
    for word in ("oneOf", "anyOf", "allOf"):
        if isinstance(schema.get(word), list) and schema[word]:
            return {word: [_property(inner) for inner in schema[word]]}
    if "const" in schema:
        return {"const": schema["const"]}
    kind, nullable = _type(schema)
    described = {"description": schema["description"]} if _is(schema, "description", "string") else {}
    if kind == "null":
        return {"type": "null", "description": ""} | described  # alone of all, it must have one
    found = {"type": kind} | described
    found |= {"nullable": True} if nullable else {}
    found |= {"default": schema["default"]} if _is(schema, "default", kind) else {}
    match kind:
        case "string":
            found |= {"pattern": schema["pattern"]} if _is(schema, "pattern", "string") else {}
            form = str(schema.get("format")).replace("-", "_")
            found |= {"format": form} if form in FORMATS else {}
        case "array":
            found["items"] = _property(schema.get("items"))
        case "object":
            found |= {"properties": _properties(schema)} | _required(schema)
    return found | _choices(schema, kind)


def _type(schema: dict[str, Any]) -> tuple[str, bool]:
    """The one type that SWML allows, and whether null is another."""
    said = schema.get("type")
    several = [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]
    known = next((one for one in several if one in TYPES), None)
    if known is None and several == ["null"]:
        return "null", False
    guessed = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return known or guessed, "null" in several or schema.get("nullable") is True


def _choices(schema: dict[str, Any], kind: str) -> dict[str, Any]:
    choices = schema.get("enum")
    if kind not in ("string", "integer", "number") or not isinstance(choices, list):
        return {}
    usable = [choice for choice in choices if _is({"it": choice}, "it", kind)]
    return {"enum": usable} if usable else {}


def _is(schema: dict[str, Any], name: str, kind: str) -> bool:
    """Whether a schema says this, and as a value of this type; JSON's true is no number."""
    value = schema.get(name)
    return name in schema and isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    inner = schema.get("properties")
    return {name: _property(one) for name, one in inner.items()} if isinstance(inner, dict) else {}


def _required(schema: Mapping[str, Any]) -> dict[str, Any]:
    names = schema.get("required")
    found = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return {"required": found} if found else {}


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
