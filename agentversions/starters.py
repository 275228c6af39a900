"""What a new agent can start from: configurations good enough to use once the facts of the place are filled in."""

from dataclasses import dataclass
from typing import Any

from agentversions.configuration import Configuration


@dataclass(frozen=True)
class Starter:
    """A configuration to begin with, and how it is offered."""

    title: str
    description: str
    configuration: Configuration


_COMMON: dict[str, Any] = {
    "language": "en-GB",
    "time_zone": "Europe/London",
    "voice": {"provider": "ElevenLabs", "id": "Rachel"},
    "model": {"provider": "openai", "name": "gpt-4o", "temperature": 0.3},
    "transcriber": {"provider": "Deepgram"},
    "turn_taking": {
        "reminder_every": 8,
        "reminder_times": 2,
        "reminder_texts": ["Are you still there?", "I can't hear you. I'm still on the line."],
        "end_after_silence": 40,
    },
    "end_message": "Thank you for calling. Goodbye.",
}

_FRONT_DESK = {
    "kind": "transfer",
    "id": "frontdesk",
    "name": "transfer_to_front_desk",
    "description": "When the caller asks for a person, or you can't help after two tries.",
    "number": "+44 113 496 0101",
}
_HANG_UP = {
    "kind": "hang_up",
    "id": "hangup",
    "name": "hang_up",
    "description": "When the caller has said goodbye and nothing is left to do.",
}


def _function(key: str, name: str, description: str, url: str, /, **parameters: str) -> dict[str, Any]:
    return {
        "kind": "function",
        "id": key,
        "name": name,
        "description": description,
        "method": "POST",
        "url": url,
        "headers": [
            {"name": "Authorization", "value": "{{secret.CRM_TOKEN}}"},
            {"name": "Content-Type", "value": "application/json"},
        ],
        "parameters": {
            "type": "object",
            "properties": {field: {"type": "string", "description": words} for field, words in parameters.items()},
            "required": list(parameters),
        },
    }


_RECEPTION = """\
You are the receptionist of {{business_name}}.

Speak briefly and warmly. Ask one question at a time. Never guess: if you don't know, say so and offer to take a \
message.

Opening hours are {{opening_hours}}.

Find out who is calling and what they need. If they want a particular person, or something is urgent, transfer \
the call to the front desk. Otherwise take a message: the caller's name, a number to call back, and what it is \
about. Read the number back, digit by digit."""

_BOOKING = """\
You book appointments for {{business_name}}.

Speak calmly. Ask one question at a time, and wait for the answer.

To book, ask for the caller's name, whether they have been here before, and a day and time that suit. Then use \
find_slots and offer at most three slots. When the caller has chosen, use book_appointment and read the result back \
slowly: day, date, time.

To change or cancel, ask for the name and the date of the appointment, and transfer the call to the front desk.

Never promise a time that find_slots did not return."""

_ORDER_STATUS = """\
You tell callers of {{business_name}} where their order is.

Ask for the order number: two letters and six digits. Read it back before you look it up with find_order.

Say where the order is and when it arrives, in one sentence. If it is late, say so plainly, apologise once, and \
offer to transfer the call to a person. Never read out an address or a payment; if the caller asks for \
them, explain that you can't."""

_SLOTS = _function(
    "findslots", "find_slots", "Finds free appointments on a day.", "https://crm.example.com/slots/search",
    day="The day as YYYY-MM-DD.",
)  # fmt: skip
_BOOK = _function(
    "book", "book_appointment", "Books a free appointment and returns its reference.",
    "https://crm.example.com/slots/book",
    slot="The slot's id, as find_slots returned it.", name="The caller's full name.",
)  # fmt: skip
_ORDER = _function(
    "findorder", "find_order", "Finds an order and where it is.", "https://crm.example.com/orders/search",
    number="The order number, two letters and six digits.",
)  # fmt: skip


def _configuration(**settings: Any) -> Configuration:
    return Configuration.model_validate({**_COMMON, **settings})


STARTERS: dict[str, Starter] = {
    "reception": Starter(
        "Reception",
        "Answers, finds out what the caller needs, takes a message or transfers the call.",
        _configuration(
            prompt=_RECEPTION,
            greeting="Hello, {{business_name}}. How can I help you?",
            variables=[
                {"name": "business_name", "default": "our office"},
                {"name": "opening_hours", "default": "Monday to Friday, 9:00 to 17:00"},
            ],
            tools=[_FRONT_DESK, _HANG_UP],
            extract=[
                {"name": "caller_name", "description": "The caller's name"},
                {"name": "message", "description": "What the call was about, in one sentence"},
                {"name": "urgent", "type": "yes_no", "description": "Whether the caller said it is urgent"},
            ],
        ),
    ),
    "booking": Starter(
        "Booking",
        "Finds a free slot and books it, with two tools to connect to your calendar.",
        _configuration(
            prompt=_BOOKING,
            greeting="Hello, {{business_name}}. Would you like to book an appointment?",
            variables=[{"name": "business_name", "default": "our practice"}],
            tools=[_SLOTS, _BOOK, _FRONT_DESK, _HANG_UP],
            extract=[
                {"name": "appointment", "type": "date", "description": "The day that was booked"},
                {
                    "name": "new_customer",
                    "type": "yes_no",
                    "description": "Whether they have been here before",
                },
            ],
        ),
    ),
    "order_status": Starter(
        "Order status",
        "Looks an order up and says where it is and when it arrives.",
        _configuration(
            prompt=_ORDER_STATUS,
            greeting="Hello, {{business_name}}. Do you have your order number at hand?",
            variables=[{"name": "business_name", "default": "our shop"}],
            keypad_input=True,
            tools=[_ORDER, _FRONT_DESK, _HANG_UP],
            extract=[{"name": "order_number", "description": "Two letters and six digits"}],
        ),
    ),
    "blank": Starter("Blank", "Every setting at its default, and an empty prompt.", Configuration()),
}
"""The starters by key, in the order in which they are offered."""
