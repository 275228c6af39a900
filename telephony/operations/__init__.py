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

__all__ = [
    "FALLBACK",
    "NumberElsewhere",
    "add_connection",
    "add_number",
    "assign_number",
    "change_connection",
    "forget_calls",
    "set_retention",
    "unassign_number",
]
