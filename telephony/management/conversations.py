"""What the demo's callers and its agent said to each other, and what its provider told of it afterwards."""

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from telephony.incoming import CallReport

HELLO = "Hello, Riverside Dental, this is Robin. How can I help?"


@dataclass(frozen=True)
class Story:
    """A conversation: who said what, in short, what was noted down, and what became of it."""

    often: int
    said: str
    summary: str
    fields: dict[str, Any] = field(default_factory=dict)
    transferred: bool = False
    voicemail: bool = False
    success: bool | None = None


STORIES = (
    Story(
        40,
        f"""\
Agent: {HELLO}
Caller: Hi, I'd like to book a check-up, please.
Agent: Gladly. May I have your name?
Caller: Harriet Moss.
Agent: Thank you, Harriet. Are you already a patient with us?
Caller: I am, yes. It's been a while though.
Agent: No matter at all. Which day would suit you?
Caller: Thursday, if you have something in the afternoon.
Agent: I have Thursday at 14:30 or at 16:00.
Caller: Half past two is perfect.
Agent: Then that is Thursday at 14:30 with Dr Lowe, for Harriet Moss. Is that right?
Caller: Yes. Thank you.
Agent: You're welcome. See you on Thursday.""",
        "Booked a check-up on Thursday at 14:30 for Harriet Moss.",
        {"name": "Harriet Moss", "patient": True, "appointment": "Thursday 14:30", "reason": "Check-up"},
        success=True,
    ),
    Story(
        15,
        f"""\
Agent: {HELLO}
Caller: I've had a toothache since last night, and it's really bad.
Agent: I'm sorry to hear that. I can offer you today's emergency slot at 11:45.
Caller: Yes, please. I'll take it.
Agent: May I have your name?
Caller: Tom Iqbal. I-Q-B-A-L.
Agent: Thank you, Tom. Today at 11:45 with Dr Chen. Please come ten minutes early.
Caller: I will. Thanks.""",
        "Toothache since last night. Took today's emergency slot at 11:45.",
        {"name": "Tom Iqbal", "patient": None, "appointment": "today 11:45", "reason": "Pain"},
        success=True,
    ),
    Story(
        12,
        f"""\
Agent: {HELLO}
Caller: I want to talk about an invoice. To a person, please.
Agent: Of course. I'll put you through to the practice manager. One moment.""",
        "Wanted to talk about an invoice, and was put through to the practice manager.",
        {"reason": "Invoice"},
        transferred=True,
        success=True,
    ),
    Story(
        12,
        f"""\
Agent: {HELLO}
Caller: What does a crown cost with you?
Agent: I can't tell you that on the phone. Would you like an appointment for a quote?
Caller: No, I only want to know roughly.
Agent: I'm sorry. Would you like an appointment for a quote?
Caller: Forget it.""",
        "Asked what a crown costs, got no answer and hung up.",
        {"reason": "Price of a crown"},
        success=False,
    ),
    Story(
        8,
        f"""\
Agent: {HELLO}
Caller: You have reached the voice mailbox of … Please leave a message after the tone.""",
        "A machine had called back.",
        voicemail=True,
        success=False,
    ),
    Story(13, "", ""),
)


def told(dice: Random, call_id: str, seconds: int) -> CallReport | None:
    """What is reported after the end of a call: for some of them nothing."""
    story = dice.choices(STORIES, [story.often for story in STORIES])[0]
    cost = (Decimal(seconds) * Decimal("0.0011")).quantize(Decimal("0.0001"))
    if not story.said:
        return None
    return CallReport(
        call_id,
        "call.report",
        transcript=story.said,
        summary=story.summary,
        fields=story.fields,
        transferred=story.transferred,
        voicemail=story.voicemail,
        success=story.success,
        cost=cost,
        payload={"type": "call.report", "data": {"call_id": call_id, "summary": story.summary, "cost": str(cost)}},
    )


REVIEWS = (
    (5, True, ""),
    (3, True, "Friendly, and to the point."),
    (3, False, "She asked what it costs twice, and Robin didn't say that the first visit is free."),
    (1, False, "Robin talked over the caller."),
)
"""How often, whether it was good, and what was noted."""


def reviewed(dice: Random) -> tuple[bool, str]:
    """What somebody who listened says."""
    _, good, note = dice.choices(REVIEWS, [often for often, _, _ in REVIEWS])[0]
    return good, note
