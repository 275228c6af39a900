"""A Vapi assistant, as `GET /assistant/:id` gives it. Times are in seconds, as ours are.

The shapes are those of Vapi's published API types (VapiAI/server-sdk-typescript, `src/api/types`: CreateAssistantDto,
OpenAiModel, Server, CreateApiRequestToolDto, TransferDestinationNumber, AnalysisPlan, CustomerSpeechTimeoutOptions …)
and of https://docs.vapi.ai/assistants/dynamic-variables; older exports (recordingEnabled, messagePlan, serverUrl) are
read as well.
"""

import re
from itertools import chain
from typing import Any

from agentversions.exchange.carrying import NO_SECRETS, NO_SUCH, Brought, Carrier, Platform, entries, members
from agentversions.refusals import Hostile

_PROVIDERS = {
    "11labs": "ElevenLabs",
    "assembly-ai": "AssemblyAI",
    "azure": "Azure",
    "cartesia": "Cartesia",
    "deepgram": "Deepgram",
    "gladia": "Gladia",
    "google": "Google",
    "playht": "PlayHT",
    "rime-ai": "Rime",
    "speechmatics": "Speechmatics",
    "vapi": "Vapi",
}
_BUILT_IN = {
    "customer.number": "caller_number",
    "phoneNumber.number": "called_number",
    "now": "now",
    "date": "now",
    "time": "now",
}
_EXTRACTED = {"string": "text", "number": "number", "integer": "number", "boolean": "yes_no"}
_STRUCTURED = "analysisPlan.structuredDataPlan.schema"

_BOOKKEEPING = ("id", "orgId", "createdAt", "updatedAt")
_OF_ITS_OWN = ("destinations", "method", "url", "body", "headers")
"""What a kind of tool reads itself."""

_MARKS = ("firstMessage", "firstMessageMode", "transcriber", "orgId", "endCallMessage", "serverUrl")


def _ours(said: str) -> str | None:
    if re.match(r"""["']now["']\s*\|""", said):  # Liquid: {{"now" | date: "%H:%M", "Europe/London"}}
        return "now"
    return _BUILT_IN.get(said)


_VAPI = Platform(
    "Vapi",
    _ours,
    sections={
        "firstMessage": "prompt",
        "firstMessageMode": "prompt",
        "variableValues": "prompt",
        "assistantOverrides": "prompt",
        "voice": "voice",
        "backgroundSound": "voice",
        "model": "model",
        "transcriber": "model",
        "model.messages": "prompt",
        "model.systemPrompt": "prompt",
        "model.tools": "tools",
        "model.toolIds": "tools",
        "tools": "tools",
        "toolIds": "tools",
        "forwardingPhoneNumber": "tools",
        "voicemailMessage": "tools",
        "voicemailDetection": "tools",
        "startSpeakingPlan": "turn_taking",
        "stopSpeakingPlan": "turn_taking",
        "messagePlan": "turn_taking",
        "hooks": "turn_taking",
        "silenceTimeoutSeconds": "turn_taking",
        "firstMessageInterruptionsEnabled": "turn_taking",
        "analysisPlan": "after",
        "maxDurationSeconds": "call",
        "endCallMessage": "call",
        "endCallPhrases": "call",
        "artifactPlan": "call",
        "recordingEnabled": "call",
        "keypadInputPlan": "call",
        "backgroundDenoisingEnabled": "call",
        "backgroundSpeechDenoisingPlan": "call",
    },
    reasons={
        "model.toolIds": "These tools are kept at Vapi by id and aren't in the file. Add them by hand.",
        "model.knowledgeBase": "A knowledge base stays at Vapi.",
        "model.knowledgeBaseId": "A knowledge base stays at Vapi.",
        "voicemailDetection": "A voicemail tool notices answering machines here.",
        "stopSpeakingPlan": "Here the caller may interrupt by speech, by keys too, or never.",
        "endCallPhrases": "Say in the prompt when to hang up, and use a hang up tool.",
        "firstMessageInterruptionsEnabled": "The greeting is interrupted like everything else.",
        "analysisPlan": NO_SUCH,
        "credentials": NO_SECRETS,
        "credentialIds": "Secrets belong to the project here, not to an agent.",
        "serverUrlSecret": NO_SECRETS,
        "server.secret": NO_SECRETS,
        "server.headers": NO_SECRETS,
        "server": "Calls are reported to this product. A tool has an address of its own.",
        "serverUrl": "Calls are reported to this product. A tool has an address of its own.",
    },
    idle=frozenset((*_BOOKKEEPING, "isServerUrlSecretSet", "parentId", "latestVersion", "version")),
)


def recognised(content: dict[str, Any]) -> bool:
    """Whether this looks like an assistant of Vapi."""
    model = content.get("model")
    return any(mark in content for mark in _MARKS) or (isinstance(model, dict) and "messages" in model)


def read(content: dict[str, Any]) -> Brought:
    """What the assistant holds for a new agent. Raises Hostile for what isn't one assistant."""
    inner = content.get("assistant")
    if isinstance(inner, dict):  # a call's request, or overrides beside an assistant
        content = {**content, **inner}
        del content["assistant"]
    carrier = Carrier(_VAPI, content)
    _prompt(carrier)
    _voice_and_model(carrier)
    _turn_taking(carrier)
    _call(carrier)
    _tools(carrier)
    _extract(carrier)
    return carrier.finish(carrier.source.take("name"))


def refuse_others(content: dict[str, Any]) -> None:
    """Refuse what Vapi exports and isn't an assistant."""
    if isinstance(content.get("members"), list):
        raise Hostile("This is a Vapi squad. Export its assistants one by one.")
    if isinstance(content.get("nodes"), list) and isinstance(content.get("edges"), list):
        raise Hostile("This is a Vapi workflow. Only an assistant with one prompt can be carried over.")


def _prompt(carrier: Carrier) -> None:
    take = carrier.source.take
    messages, texts = take("model.messages"), []
    for index, message in enumerate(entries(messages)):
        said = members(message)
        if said.get("role") == "system" and isinstance(said.get("content"), str):
            texts.append(said["content"])
        else:
            carrier.leave(f"model.messages[{index}]", "Only system messages make up the prompt.")
    carrier.move("model.systemPrompt", "prompt")
    if texts:
        carrier.put("prompt", "\n\n".join(texts), "model.messages")
    greeting = take("firstMessage")
    if isinstance(greeting, str) and re.match(r"https?://\S+$", greeting):
        carrier.leave("firstMessage", "A recording can't be the greeting. Write it.")
    else:
        carrier.put("greeting", greeting, "firstMessage")
    mode = "firstMessageMode"
    spoken = {"assistant-speaks-first": "agent", "assistant-waits-for-user": "caller"}
    if carrier.source.content.get(mode) == "assistant-speaks-first-with-model-generated-message":
        carrier.source.take(mode)
        carrier.put("first_speaker", "agent", mode)
        carrier.alter(mode, "The agent speaks first, with the greeting as it is written.")
    else:
        carrier.move(mode, "first_speaker", words=spoken)
    for where in ("variableValues", "assistantOverrides.variableValues"):
        carrier.variables(where)


def _voice_and_model(carrier: Carrier) -> None:
    for where, path in (("voice.provider", "voice.provider"), ("transcriber.provider", "transcriber.provider")):
        provider = carrier.source.take(where)
        carrier.put(path, _PROVIDERS.get(provider, provider) if isinstance(provider, str) else provider, where)
    carrier.move("voice.voiceId", "voice.id")
    carrier.move("voice.speed", "voice.speed")
    carrier.move("model.provider", "model.provider")
    carrier.move("model.model", "model.name")
    carrier.move("model.temperature", "model.temperature")
    carrier.move("model.maxTokens", "model.max_tokens")
    language = carrier.source.take("transcriber.language")
    if language == "multi":
        carrier.leave("transcriber.language", "An agent has one language here.")
    else:
        carrier.put("language", language, "transcriber.language")
    words = [
        (f"{where}[{index}]", re.sub(r":-?[0-9.]+$", "", word) if isinstance(word, str) else word)  # a boost, `name:2`
        for where in ("transcriber.keywords", "transcriber.keyterm", "transcriber.keytermsPrompt")
        for index, word in enumerate(entries(carrier.source.take(where)))
    ]
    carrier.lines("transcriber.keywords", "transcriber.keywords", words)
    sound = carrier.source.take("backgroundSound")
    if isinstance(sound, str) and sound in ("off", "office"):
        carrier.put("background.sound", sound, "backgroundSound")
    elif sound is not None:
        carrier.leave("backgroundSound", "A sound of one's own can't be played here.")


def _turn_taking(carrier: Carrier) -> None:
    carrier.move("startSpeakingPlan.waitSeconds", "turn_taking.response_wait")
    carrier.move("silenceTimeoutSeconds", "turn_taking.end_after_silence")
    plan = "messagePlan"
    idle = [
        (f"{plan}.idleMessages[{i}]", text)
        for i, text in enumerate(entries(carrier.source.take(f"{plan}.idleMessages")))
    ]
    carrier.lines("turn_taking.reminder_texts", f"{plan}.idleMessages", _on_one_line(idle))
    carrier.move(f"{plan}.idleTimeoutSeconds", "turn_taking.reminder_every")
    carrier.move(f"{plan}.idleMessageMaxSpokenCount", "turn_taking.reminder_times")
    _hooks(carrier)
    if carrier.carried.get("turn_taking.reminder_texts") and not carrier.carried.get("turn_taking.reminder_every"):
        carrier.alter(f"{plan}.idleMessages", "Set after how many seconds they are said: the file doesn't say.")


def _hooks(carrier: Carrier) -> None:
    """What is said after a silence becomes the reminders; other hooks are left."""
    for index, given in enumerate(entries(carrier.source.take("hooks"))):
        where, hook = f"hooks[{index}]", members(given)
        on, do = hook.get("on"), entries(hook.get("do"))
        action = members(do[0]) if len(do) == 1 else {}
        exact = action.get("exact")
        said = [exact] if isinstance(exact, str) else entries(exact)
        if not (isinstance(on, str) and on.startswith("customer.speech.timeout") and said):
            carrier.leave(where)
        elif carrier.carried.get("turn_taking.reminder_texts"):
            carrier.leave(where, "There is one kind of reminder here, which is taken.")
        else:
            options = members(hook.get("options"))
            texts = _on_one_line([(f"{where}.do[0].exact", text) for text in said])
            carrier.lines("turn_taking.reminder_texts", where, texts)
            carrier.put("turn_taking.reminder_every", options.get("timeoutSeconds", 7.5), f"{where}.options")
            carrier.put("turn_taking.reminder_times", options.get("triggerMaxCount", 3), f"{where}.options")


def _call(carrier: Carrier) -> None:
    on_off = {True: True, False: False}
    carrier.move("maxDurationSeconds", "max_length")
    carrier.move("endCallMessage", "end_message")
    for where in ("recordingEnabled", "artifactPlan.recordingEnabled"):
        carrier.move(where, "recording", words=on_off)
    for where in ("backgroundDenoisingEnabled", "backgroundSpeechDenoisingPlan.smartDenoisingPlan.enabled"):
        carrier.move(where, "noise_reduction", words=on_off)
    carrier.move("keypadInputPlan.enabled", "keypad_input", words=on_off)


def _tools(carrier: Carrier) -> None:
    take = carrier.source.take
    places = chain.from_iterable(
        ((f"{where}[{index}]", tool) for index, tool in enumerate(entries(take(where))))
        for where in ("model.tools", "tools")
    )
    enveloped = False
    for where, tool in places:
        if isinstance(tool, dict):
            _tool(carrier, where, tool)
            enveloped = enveloped or tool.get("type") == "function"
        else:
            carrier.leave(where, "This isn't a tool.")
    if enveloped:
        carrier.alter(
            "model.tools", "A function's address gets the parameters alone, not in Vapi's tool-calls message."
        )
    if take("endCallFunctionEnabled") is True:
        carrier.tool("hang_up", "endCallFunctionEnabled", name="hang_up", description="When the call is finished.")
    if take("dialKeypadFunctionEnabled") is True:
        carrier.tool("keypad", "dialKeypadFunctionEnabled", name="keypad", description="To get through a menu.")
    if number := take("forwardingPhoneNumber"):
        where, when = "forwardingPhoneNumber", "When the caller asks for a person."
        carrier.tool("transfer", where, name="transfer_call", number=number, description=when)
    if message := take("voicemailMessage"):
        when = "When an answering machine takes the call."
        carrier.tool("voicemail", "voicemailMessage", name="voicemail", message=message, description=when)


def _tool(carrier: Carrier, where: str, tool: dict[str, Any]) -> None:
    called = members(tool.get("function"))
    server = members(tool.get("server"))
    kind = tool.get("type")
    name = called.get("name") or tool.get("name")
    description = called.get("description") or tool.get("description")
    known = kind in ("function", "apiRequest", "transferCall", "endCall", "dtmf", "voicemail", "mcp")
    if known:
        carrier.others(where, tool, "type", "name", "description", "function", "server", *_BOOKKEEPING, *_OF_ITS_OWN)
        carrier.others(f"{where}.function", called, "name", "description", "parameters")
        carrier.others(f"{where}.server", server, "url", "headers")
    match kind:
        case "function":
            if not server.get("url"):
                carrier.leave(f"{where}.server", "It has no address of its own in the file. Type it in.")
            carrier.tool(
                "function", where, name=name, description=description, parameters=called.get("parameters"),
                url=server.get("url"), headers=carrier.headers(f"{where}.server.headers", server.get("headers")),
            )  # fmt: skip
        case "apiRequest":
            declared = members(members(tool.get("headers")).get("properties"))
            values = {name: inner.get("value") for name, inner in declared.items() if isinstance(inner, dict)}
            carrier.tool(
                "function", where, name=name, description=description, parameters=tool.get("body"),
                method=tool.get("method"), url=tool.get("url"), headers=carrier.headers(f"{where}.headers", values),
            )  # fmt: skip
        case "transferCall":
            _transfers(carrier, where, tool, name or "transfer_call", description)
        case "endCall":
            carrier.tool("hang_up", where, name=name or "hang_up", description=description)
        case "dtmf":
            carrier.tool("keypad", where, name=name or "keypad", description=description)
        case "voicemail":
            carrier.tool("voicemail", where, name=name or "voicemail", description=description)
        case "mcp":
            carrier.tool(
                "mcp", where, name=name, description=description, url=server.get("url"),
                headers=carrier.headers(f"{where}.server.headers", server.get("headers")),
            )  # fmt: skip
        case _:
            carrier.leave(where, "There is no such kind of tool here.")


def _transfers(carrier: Carrier, where: str, tool: dict[str, Any], name: object, description: object) -> None:
    """A tool for each destination that is a number."""
    destinations = entries(tool.get("destinations"))
    if not destinations:
        carrier.leave(where, "It asks a server for its number, which a transfer can't do here.")
    for index, destination in enumerate(destinations):
        place = f"{where}.destinations[{index}]"
        found = members(destination)
        if found.get("type", "number") != "number":
            carrier.leave(place, "A call is transferred to a phone number here.")
            continue
        title = f"{name}_{index + 1}" if len(destinations) > 1 else name
        carrier.others(place, found, "type", "number", "extension", "description")
        when = found.get("description") or description
        extension = found.get("extension")
        carrier.tool("transfer", place, name=title, description=when, number=found.get("number"), extension=extension)


def _extract(carrier: Carrier) -> None:
    schema = members(carrier.source.take(_STRUCTURED))
    carrier.source.take("analysisPlan.structuredDataPlan.enabled")
    where = f"{_STRUCTURED}.properties"
    rows = []
    for name, given in members(schema.get("properties")).items():
        said = members(given)
        kind = said.get("type", "string")
        ours = "date" if said.get("format") == "date" else _EXTRACTED.get(kind) if isinstance(kind, str) else None
        if ours is None:
            carrier.leave(f"{where}.{name}", "A field is a text, a number, a date, or yes or no.")
            continue
        told = said["description"] if isinstance(said.get("description"), str) else ""
        options = [option for option in entries(said.get("enum")) if isinstance(option, str)]
        note = f"{told} (one of: {', '.join(options)})" if options else told
        rows.append((f"{where}.{name}", {"name": name, "type": ours, "description": " ".join(note.split())}))
    carrier.lines("extract", where, rows)


def _on_one_line(entries: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(where, " ".join(text.split()) if isinstance(text, str) else text) for where, text in entries]
