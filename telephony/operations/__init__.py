"""The verbs of the phone that people use. `routing` has what providers do: calls."""

from telephony.operations.connections import (
    FALLBACK,
    NumberElsewhere,
    add_connection,
    add_number,
    assign_number,
    change_connection,
    unassign_number,
)
from telephony.operations.retention import forget_calls, set_retention
from telephony.operations.reviews import review_call, take_back_review

__all__ = [
    "FALLBACK",
    "NumberElsewhere",
    "add_connection",
    "add_number",
    "assign_number",
    "change_connection",
    "forget_calls",
    "review_call",
    "set_retention",
    "take_back_review",
    "unassign_number",
]
