"""While a release follows another, the older still answers phones: what it writes is whole in the newer's tables."""

from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from agentversions.ids import uuid7
from telephony.models import Call
from tests.telephony.exchange import Exchange

WRITTEN = (
    *("id", "connection_id", "provider_call_id", "number_id", "agent_id", "version_id", "agent_name", "version_name"),
    *("worker_url", "options", "fallback", "missed", "dialled", "caller", "status", "started_at", "answered_at"),
    *("overdue_at", "ended_reason", "recording_url"),
)
"""The columns that the release before this one writes of a ring."""


def stored(value: Any) -> Any:
    """A key as the database keeps it."""
    return value if database.features.has_native_uuid_field else value.hex


@pytest.mark.django_db(transaction=True)
def test_a_ring_that_an_older_release_answers_is_a_call_of_its_project(exchange: Exchange) -> None:
    now, key = timezone.now(), uuid7()
    values = [
        *(stored(key), stored(exchange.generic.pk), "call-1", exchange.number.pk, stored(exchange.agent.pk)),
        *(exchange.version.pk, "Reception", "Opening", "", "{}", "Sorry.", "", "+12025550133", "+14155550100"),
        *("routing", database.ops.adapt_datetimefield_value(now), None, int(now.timestamp()) + 900, "", ""),
    ]
    holes = ", ".join(["%s"] * len(WRITTEN))
    told = f"INSERT INTO telephony_call ({', '.join(WRITTEN)}) VALUES ({holes})"  # noqa: S608 (columns of ours)

    with database.cursor() as cursor:
        cursor.execute(told, values)

    call = Call.objects.get(pk=key)
    assert call.project == exchange.cast.project
    assert (call.transferred, call.voicemail, call.answer_digest, call.cost, call.success) == (
        *(False, False, "", None),
        None,
    )
