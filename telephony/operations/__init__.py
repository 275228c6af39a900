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

__all__ = [
    "FALLBACK",
    "NumberElsewhere",
    "add_connection",
    "add_number",
    "assign_number",
    "change_connection",
    "unassign_number",
]
