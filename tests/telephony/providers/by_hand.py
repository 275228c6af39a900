"""An answer's ingredients made by hand: no database, and an agent that asks for everything there is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from agentversions.configuration import Configuration
from agentversions.models import Version
from telephony.models import Call
from telephony.providers import Answering

CALL = UUID("0198f0c8-0000-7000-8000-0000000000ca")
CONNECTION = UUID("0198f0c8-0000-7000-8000-0000000000c0")
TOKEN = "only-tests-hand-it-out"
CONFIGURATION_URL = f"https://agents.example.com/telephony/calls/{CALL}/configuration/"
REPORT_URL = f"https://agents.example.com/telephony/calls/{CALL}/report/unguessable/"
SECRETS = {"CRM_TOKEN": "Bearer 42"}
SCHEMAS = Path(__file__).parent.parent / "schemas"

LOOKUP: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where.", "minLength": 2},
        "guests": {"type": "integer", "minimum": 1, "enum": [1, 2]},
        "when": {"type": ["string", "null"], "format": "date-time"},
        "wishes": {"type": "array", "items": {"enum": ["window", "bar"]}},
    },
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS: list[dict[str, Any]] = [
    {
        "kind": "function",
        "id": "a",
        "name": "find_table",
        "description": "Finds a table.",
        "url": "https://crm.example.com/tables",
        "headers": [{"name": "Authorization", "value": "{{secret.CRM_TOKEN}}"}],
        "parameters": LOOKUP,
    },
    {"kind": "function", "id": "b", "name": "hours", "method": "GET", "url": "https://crm.example.com/h?x=1"},
    {"kind": "transfer", "id": "c", "name": "manager", "description": "On request.", "number": "+44 20 7946 0000"},
    {"kind": "transfer", "id": "d", "name": "kitchen", "number": "+12025550199"},
    {"kind": "hang_up", "id": "e", "name": "goodbye", "description": "When all is said."},
    {"kind": "voicemail", "id": "f", "name": "machine", "message": "Please call us back."},
    {"kind": "keypad", "id": "g", "name": "press"},
    {"kind": "mcp", "id": "h", "name": "open", "url": "https://mcp.example.com/sse"},
    {
        "kind": "mcp",
        "id": "i",
        "name": "closed",
        "url": "https://mcp.example.com/closed",
        "headers": [{"name": "Authorization", "value": "{{secret.CRM_TOKEN}}"}],
    },
]
EVERYTHING: dict[str, Any] = {
    "prompt": "You answer the phone.\nBe brief. ☎",
    "greeting": "Front desk, hello.",
    "start_delay": 0.5,
    "time_zone": "Europe/London",
    "language": "de-DE",
    "voice": {"provider": "ElevenLabs", "id": "UgBBYS2sOqTuMpoF3BR0", "speed": 1.1},
    "background": {"sound": "cafe"},
    "model": {"provider": "OpenAI", "name": "gpt-4.1-mini", "temperature": 0.4, "max_tokens": 300},
    "transcriber": {
        "provider": "Deepgram",
        "keywords": ["Schnitzel"],
        "pronunciations": [{"word": "GmbH", "say": "Gesellschaft"}],
    },
    "tools": TOOLS,
    "turn_taking": {"reminder_every": 12, "reminder_texts": ["Still there?", "Hello?"], "end_after_silence": 45},
    "max_length": 600,
    "end_message": "Goodbye.\nAnd thank you.",
    "recording": True,
    "extract": [{"name": "guests", "type": "number", "description": "How many."}],
}


def answering(worker: str = "https://worker.example.com/jambonz", **settings: Any) -> Answering:
    """What an answer to a call on version 7 is made of, with these settings."""
    configuration = Configuration.model_validate(settings)
    version = Version(number=7, configuration=configuration.model_dump(mode="json"))
    return Answering(
        call=Call(pk=CALL, provider_call_id="call-1", worker_url=worker),
        version=version,
        configuration=configuration,
        token=TOKEN,
        configuration_url=CONFIGURATION_URL,
        events_url="https://agents.example.com/telephony/events/",
        report_url=REPORT_URL,
        secrets=SECRETS,
    )


def posted(body: bytes | dict[str, Any], headers: Mapping[str, str] | None = None, path: str = "/x/") -> HttpRequest:
    """A request as a webhook gets it."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RequestFactory().post(path, raw, content_type="application/json", headers=dict(headers or {}))


def said(response: HttpResponse) -> Any:
    """The JSON answer."""
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    return json.loads(response.content)
