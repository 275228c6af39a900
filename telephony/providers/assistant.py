"""A version as a transient assistant of Vapi: everything that Vapi does in the call, in one JSON object.

Source: the types of Vapi's published Python library (vapi-server-sdk 3.0: CreateAssistantDto and what it holds), and
its documentation of limits. Vapi ends the call over an assistant that it doesn't accept, so what it doesn't know is
left out, and told in `NOTES`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf.locale import LANG_INFO

from agentversions.configuration import Configuration
from agentversions.tools import BaseTool, FunctionTool, HangUpTool, KeypadTool, McpTool, TransferTool, VoicemailTool
from telephony import numbers
from telephony.providers.base import Answering

CARRIES: frozenset[str] = frozenset(
    {"prompt", "greeting", "first_speaker", "variables", "time_zone", "language", "voice.provider", "voice.id"}
    | {"voice.speed", "background.sound", "model.provider", "model.name", "model.temperature", "model.max_tokens"}
    | {"transcriber.provider", "transcriber.keywords", "turn_taking.interruptions", "turn_taking.response_wait"}
    | {"turn_taking.reminder_every", "turn_taking.reminder_times", "turn_taking.reminder_texts"}
    | {"turn_taking.end_after_silence", "max_length", "end_message", "recording", "keypad_input", "noise_reduction"}
    | {"extract", "tools.function", "tools.transfer", "tools.hang_up", "tools.voicemail", "tools.keypad", "tools.mcp"}
)
NOTES: Mapping[str, str] = {
    "start_delay": "Vapi begins to speak at once.",
    "voice.provider": "Vapi has the voices of Azure, Cartesia, Deepgram, ElevenLabs, LMNT, OpenAI, PlayHT and Rime, "
    "and its own. Another one's is replaced by Vapi's default.",
    "voice.speed": "Vapi sets the speed of most voices, each within its provider's limits; not of Cartesia's.",
    "voice.volume": "Vapi speaks at the voice's own volume.",
    "background.sound": "Vapi has one background sound, an office.",
    "background.volume": "Vapi's background sound has its own volume.",
    "model.provider": "Vapi has Anthropic, Cerebras, DeepInfra, DeepSeek, Google, Groq, OpenAI, OpenRouter, "
    "Perplexity, Together and xAI. Another one's model is replaced by OpenAI's gpt-4.1.",
    "model.name": "Vapi ends the call if it doesn't know the model: spell its name as Vapi does.",
    "model.max_tokens": "Vapi takes answers of 50 to 10,000 tokens.",
    "transcriber.provider": "Vapi listens with AssemblyAI, Azure, Deepgram, ElevenLabs, Gladia, Google or "
    "Speechmatics. Another transcriber is replaced by Deepgram.",
    "transcriber.keywords": "Vapi hands keywords to Deepgram and AssemblyAI only.",
    "transcriber.pronunciations": "Vapi leaves pronunciations to the voice.",
    "turn_taking.interruptions": "Vapi stops for a caller's words, never for keys; “Never” needs ten words.",
    "turn_taking.response_wait": "Vapi waits for 5 seconds at most.",
    "turn_taking.reminder_times": "Vapi reminds 10 times at most.",
    "turn_taking.reminder_every": "Vapi reminds after 2 seconds at the earliest.",
    "turn_taking.reminder_texts": "Vapi says the reminders in an order of its own.",
    "turn_taking.end_after_silence": "Vapi hangs up after 1,000 seconds of silence at the latest.",
    "tools.function": "Vapi posts each use of a function to its address in a shape of its own, whatever the method, "
    "and waits for {“results”: …}. Of the parameters' schema, limits such as minLength are left out.",
    "tools.transfer": "Vapi has one tool for all transfers: the descriptions tell the model which number is for whom.",
    "tools.hang_up": "Vapi names the tool itself.",
    "tools.keypad": "Vapi names the tool itself.",
    "tools.voicemail": "Vapi names the tool itself, and has one message.",
}

SPEAKERS = {
    "azure": "azure",
    "cartesia": "cartesia",
    "deepgram": "deepgram",
    "elevenlabs": "11labs",
    "lmnt": "lmnt",
    "microsoft": "azure",
    "openai": "openai",
    "playht": "playht",
    "rime": "rime-ai",
    "vapi": "vapi",
}
SPEEDS = {
    "11labs": (0.7, 1.2),
    "azure": (0.5, 2.0),
    "lmnt": (0.25, 2.0),
    "openai": (0.25, 4.0),
    "playht": (0.1, 5.0),
    "rime-ai": (0.1, 5.0),
    "vapi": (0.25, 2.0),
}
"""The slowest and the fastest that Vapi takes of a provider's voices."""
MODELS = {
    "anthropic": "anthropic",
    "cerebras": "cerebras",
    "deepinfra": "deepinfra",
    "deepseek": "deep-seek",
    "google": "google",
    "groq": "groq",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity-ai",
    "together": "together-ai",
    "xai": "xai",
}
USUAL = {"provider": "openai", "model": "gpt-4.1"}
"""What thinks where the version doesn't say, since Vapi must be told."""
LISTENERS = {
    "assemblyai": "assembly-ai",
    "azure": "azure",
    "deepgram": "deepgram",
    "elevenlabs": "11labs",
    "gladia": "gladia",
    "google": "google",
    "microsoft": "azure",
    "speechmatics": "speechmatics",
}
_DEEPGRAM = """
bg ca cs da da-DK de de-CH el en en-AU en-GB en-IN en-NZ en-US es es-419 es-LATAM et fi fr fr-CA hi hi-Latn hu id it ja
ko ko-KR lt lv ms nl nl-BE no pl pt pt-BR ro ru sk sv sv-SE ta taq th th-TH tr uk vi zh zh-CN zh-Hans zh-Hant zh-TW
"""
DEEPGRAM = frozenset(_DEEPGRAM.split())
"""The languages of Deepgram, as Vapi spells them."""

TOKENS, WAIT, TIMEOUT, TIMES = (50, 10_000), (0, 5), (2, 1_000), (1, 10)
"""The least and the most that Vapi takes."""
SERVER_PATIENCE = 20
"""Seconds that Vapi waits for a tool's answer."""
LONGEST_NAME = 40
UNINTERRUPTED = 10
"""The most words that Vapi can wait for before it lets itself be interrupted."""
TYPES = {"string", "number", "integer", "boolean", "array", "object"}
KINDS = {"text": "string", "number": "number", "date": "string", "yes_no": "boolean"}

type Part = dict[str, Any]


def assistant(answering: Answering) -> Part:
    """The whole agent."""
    configuration = answering.configuration
    voicemail = next((tool for tool in configuration.tools if isinstance(tool, VoicemailTool)), None)
    return _present(
        {
            "name": answering.call.agent_name[:LONGEST_NAME] or None,
            "firstMessage": configuration.greeting if configuration.first_speaker == "agent" else None,
            "firstMessageMode": _first(configuration),
            "firstMessageInterruptionsEnabled": configuration.turn_taking.interruptions != "none",
            "model": _model(answering),
            "voice": _voice(configuration),
            "transcriber": _transcriber(configuration),
            "startSpeakingPlan": {"waitSeconds": _within(configuration.turn_taking.response_wait, WAIT)},
            "stopSpeakingPlan": {"numWords": UNINTERRUPTED} if _never_interrupted(configuration) else None,
            "hooks": list(_hooks(configuration)) or None,
            "backgroundSound": "off" if configuration.background.sound == "off" else "office",
            "backgroundSpeechDenoisingPlan": {"smartDenoisingPlan": {"enabled": configuration.noise_reduction}},
            "keypadInputPlan": {"enabled": configuration.keypad_input},
            "maxDurationSeconds": configuration.max_length,
            "endCallMessage": configuration.end_message or None,
            "voicemailMessage": voicemail.message or None if voicemail else None,
            "artifactPlan": {"recordingEnabled": configuration.recording},
            "analysisPlan": _analysis(configuration),
            "metadata": {"our_call": str(answering.call.pk), "version": answering.version.number},
            "serverMessages": ["status-update", "end-of-call-report"],
            "server": _server(answering),
        }
    )


def _server(answering: Answering) -> Part:
    """Where the call is reported, signed with the credential that the connection names."""
    credential = answering.options.get("credential", "")
    return {"url": answering.events_url} | ({"credentialId": credential} if credential else {})


def _first(configuration: Configuration) -> str:
    if configuration.first_speaker == "caller":
        return "assistant-waits-for-user"
    return "assistant-speaks-first" + ("" if configuration.greeting else "-with-model-generated-message")


def _never_interrupted(configuration: Configuration) -> bool:
    return configuration.turn_taking.interruptions == "none"


def _model(answering: Answering) -> Part:
    model = answering.configuration.model
    provider = MODELS.get(_spelled(model.provider)) if model.name else None
    named = {"provider": provider, "model": model.name} if provider else USUAL
    prompt = answering.configuration.prompt
    return _present(
        {
            **named,
            "temperature": model.temperature,
            "maxTokens": _within(model.max_tokens, TOKENS) if model.max_tokens else None,
            "messages": [{"role": "system", "content": prompt}] if prompt else None,
            "tools": list(_tools(answering)) or None,
        }
    )


def _voice(configuration: Configuration) -> Part | None:
    voice = configuration.voice
    provider = SPEAKERS.get(_spelled(voice.provider))
    if not provider or not voice.id:
        return None
    speed = _within(voice.speed, SPEEDS[provider]) if provider in SPEEDS and voice.speed != 1 else None
    return _present({"provider": provider, "voiceId": voice.id, "speed": speed})


def _transcriber(configuration: Configuration) -> Part:
    provider = LISTENERS.get(_spelled(configuration.transcriber.provider), "deepgram")
    words, tag = list(configuration.transcriber.keywords) or None, configuration.language
    plain = tag.partition("-")[0].lower()
    match provider:
        case "deepgram":
            spoken = next((one for one in (tag, plain) if one in DEEPGRAM), "multi")
            told = {"model": "nova-3", "language": spoken, "keyterm": words}
        case "assembly-ai":
            told = {"language": "en" if plain == "en" else "multi", "wordBoost": words}
        case "azure":
            told = {"language": tag}
        case "google":
            told = {"language": LANG_INFO[plain]["name"] if plain in LANG_INFO else "Multilingual"}
        case _:
            told = {"language": plain}
    return _present({"provider": provider, **told})


def _hooks(configuration: Configuration) -> Iterator[Part]:
    turns = configuration.turn_taking
    if turns.reminder_every and turns.reminder_times:
        asked = "Ask briefly whether the caller is still there."
        say = {"exact": list(turns.reminder_texts)} if turns.reminder_texts else {"prompt": asked}
        yield _hook(turns.reminder_every, _within(turns.reminder_times, TIMES), {"type": "say", **say})
    if turns.end_after_silence:
        yield _hook(turns.end_after_silence, 1, {"type": "tool", "tool": {"type": "endCall"}})


def _hook(after: float, times: float, deed: Part) -> Part:
    options = {
        "timeoutSeconds": _within(after, TIMEOUT),
        "triggerMaxCount": times,
        "triggerResetMode": "onUserSpeech",
    }
    return {"on": "customer.speech.timeout", "do": [deed], "options": options}


def _analysis(configuration: Configuration) -> Part | None:
    if not configuration.extract:
        return None
    fields = {
        one.name: _present(
            {
                "type": KINDS[one.type],
                "description": one.description or None,
                "format": "date" if one.type == "date" else None,
            }
        )
        for one in configuration.extract
    }
    return {"structuredDataPlan": {"enabled": True, "schema": {"type": "object", "properties": fields}}}


def _tools(answering: Answering) -> Iterator[Part]:
    tools = answering.configuration.tools
    transfers = [tool for tool in tools if isinstance(tool, TransferTool) and tool.number]
    if transfers:
        yield {"type": "transferCall", "destinations": [_destination(tool) for tool in transfers]}
    ours: set[str] = set()
    for tool in tools:
        made = _tool(tool, answering)
        if made and (made["type"] in ("function", "mcp") or made["type"] not in ours):
            ours.add(made["type"])
            yield made


def _tool(tool: BaseTool, answering: Answering) -> Part | None:
    match tool:
        case FunctionTool() if tool.name and tool.url:
            function = _present(
                {"name": tool.name, "description": tool.description or None, "parameters": schema(tool.parameters)}
            )
            return {"type": "function", "function": function, "server": _address(tool, answering)}
        case McpTool() if tool.url:
            return {"type": "mcp", "server": _address(tool, answering)}
        case HangUpTool():
            return {"type": "endCall"}
        case KeypadTool():
            return {"type": "dtmf"}
        case VoicemailTool():
            return {"type": "voicemail"}
        case _:
            return None


def _address(tool: FunctionTool | McpTool, answering: Answering) -> Part:
    headers = answering.headers(tool)
    return _present({"url": tool.url, "timeoutSeconds": SERVER_PATIENCE, "headers": headers or None})


def _destination(tool: TransferTool) -> Part:
    return _present(
        {
            "type": "number",
            "number": numbers.spelled(tool.number),
            "extension": tool.extension or None,
            "description": tool.description or tool.name or None,
        }
    )


def schema(written: Mapping[str, Any]) -> Part:
    """A function's parameters, in the part of JSON Schema that Vapi knows."""
    return {"type": "object", "properties": _properties(written)} | _required(written)


def _property(written: Any) -> Part:
    if not isinstance(written, dict):
        return {"type": "string"}
    kind = _type(written)
    choices = written.get("enum")
    texts = [choice for choice in choices if isinstance(choice, str)] if isinstance(choices, list) else []
    described = {name: written[name] for name in ("description", "title") if isinstance(written.get(name), str)}
    found = {"type": kind} | described | ({"enum": texts} if texts and kind == "string" else {})
    if kind == "array":
        found["items"] = _property(written.get("items"))
    if kind == "object":
        found |= {"properties": _properties(written)} | _required(written)
    return found


def _type(written: Part) -> str:
    said = written.get("type")
    several = [one for one in (said if isinstance(said, list) else [said]) if isinstance(one, str)]
    guessed = "object" if "properties" in written else "array" if "items" in written else "string"
    return next((one for one in several if one in TYPES), guessed)


def _properties(written: Mapping[str, Any]) -> Part:
    inner = written.get("properties")
    return {name: _property(one) for name, one in inner.items()} if isinstance(inner, dict) else {}


def _required(written: Mapping[str, Any]) -> Part:
    names = written.get("required")
    found = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return {"required": found} if found else {}


def _spelled(provider: str) -> str:
    """`ElevenLabs`, `eleven labs` and `11labs` are one."""
    plain = "".join(mark for mark in provider.lower() if mark.isalnum())
    return {"11labs": "elevenlabs", "rimeai": "rime", "togetherai": "together", "perplexityai": "perplexity"}.get(
        plain, plain
    )


def _within(value: float, limits: tuple[float, float]) -> float:
    least, most = limits
    return max(least, min(most, value))


def _present(values: Part) -> Part:
    return {name: value for name, value in values.items() if value is not None}
