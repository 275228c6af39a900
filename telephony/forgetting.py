"""What of a call is somebody's: it is emptied once the project keeps it no longer, and whenever more is told late.

What stays is what figures and audits are made of: which version, when, how long, how it ended, what it cost, whether
it was good. Ids stay too: by them a ring or a report that comes once more is known for what it is.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.db.models import Case, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from telephony.models import Call, CallEvent, PhoneNumber, Review

FACTS = ("transferred", "voicemail", "success", "cost")
"""What of `told` is about the call and about nobody: a review that is taken back gives the word to the provider's."""

CODE = r"^([A-Za-z._-]|[0-9]{1,3}(?![0-9]))+$"
"""A reason such as `customer-ended-call` or `sip.486`: any other may be a sentence, or hold a number."""


def forget(calls: Sequence[UUID], at: datetime) -> None:
    """Empty what is somebody's of these calls: in them, in what was reported of them, and in what reviewers noted.

    Who called, the recording's address, and every text. What was dialled stays where it is a number of the project's;
    else it may be anybody's: providers also ask about calls that go out. The calls come first: a report that is being
    taken in holds its call until it belongs to it, and is found afterwards.
    """
    number = PhoneNumber.objects.filter(pk=OuterRef("number")).values("number")
    Call.objects.filter(pk__in=calls).update(
        caller="",
        dialled=Coalesce(Subquery(number), Value("")),
        recording_url="",
        ended_reason=_code("ended_reason"),
        forgotten_at=at,
    )
    forget_told(CallEvent.objects.filter(call__in=calls))
    for reviews in (Review.objects, Review.history):  # what was noted before it was changed too
        reviews.filter(call__in=calls).exclude(note="").update(note="")


def forget_told(events: QuerySet[CallEvent]) -> None:
    """Empty what was reported, but for the facts."""
    told = RawSQL(_TOLD[database.vendor], FACTS)  # noqa: S611 (an expression of ours)
    events.update(payload={}, told=told, recording_url="", reason=_code("reason"))


def forget_late(call: Call) -> None:
    """Drop in memory what a late report brought of a call that is forgotten."""
    call.recording_url = ""
    call.ended_reason = call.ended_reason if re.match(CODE, call.ended_reason) else ""


def _code(field: str) -> Case:
    return Case(When(**{f"{field}__regex": CODE}, then=F(field)), default=Value(""))


_TOLD = {
    "postgresql": """
        COALESCE((SELECT jsonb_object_agg(key, value) FROM jsonb_each(told) WHERE key IN (%s, %s, %s, %s)), '{}')
    """,
    # There a truth is a number once it is taken out of its document.
    "sqlite": """
        (SELECT json_group_object(
            key, json(CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE json_quote(value) END)
        ) FROM json_each(told) WHERE key IN (%s, %s, %s, %s))
    """,
}
