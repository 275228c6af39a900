"""A ring becomes a call on the version that is live: one insert that finds everything, then one look at what won.

Two statements, on purpose. One that inserts and returns would give a racing retry nothing, since its snapshot is older
than the row that won.
"""

from uuid import UUID

from django.db import connection as database
from django.utils import timezone

from agentversions.ids import uuid7
from telephony import numbers
from telephony.incoming import IncomingCall
from telephony.models import GRACE, Call, Connection, Missed, Status

_ROUTE = f"""
INSERT INTO telephony_call (
    id, connection_id, provider_call_id, number_id, agent_id, version_id, agent_name, version_name, missed,
    dialled, caller, status, started_at, overdue_at, ended_reason, recording_url
)
SELECT
    %(id)s, %(connection)s, %(call_id)s, number.id, agent.id,
    CASE WHEN %(enabled)s THEN version.id END, COALESCE(agent.name, ''), COALESCE(version.name, ''),
    CASE
        WHEN NOT %(enabled)s THEN '{Missed.CONNECTION_DISABLED}'
        WHEN number.id IS NULL THEN '{Missed.UNKNOWN_NUMBER}'
        WHEN agent.id IS NULL THEN '{Missed.NUMBER_UNASSIGNED}'
        WHEN agent.archived_at IS NOT NULL THEN '{Missed.AGENT_ARCHIVED}'
        WHEN version.id IS NULL THEN '{Missed.NOTHING_PUBLISHED}'
        ELSE ''
    END,
    %(dialled)s, %(caller)s, '{Status.ROUTING}', %(now)s, %(second)s + COALESCE(version.longest_call, 0) + %(grace)s,
    '', ''
FROM (SELECT 1 AS ring) AS ring
LEFT JOIN telephony_phonenumber AS number ON number.connection_id = %(connection)s AND number.number = %(e164)s
LEFT JOIN agentversions_agent AS agent ON agent.id = number.agent_id
LEFT JOIN agentversions_version AS version ON version.id = agent.published_id
ON CONFLICT (connection_id, provider_call_id) DO NOTHING
"""  # noqa: S608 (the values put in are names of our own choices)


def route_call(connection: Connection, incoming: IncomingCall) -> Call:
    """The call that this ring is, with its version: made now, or by the first of several retries.

    A call that no version can handle is recorded too, with the reason.
    """
    now = timezone.now()
    adapt = database.ops.adapt_datetimefield_value
    with database.cursor() as cursor:
        cursor.execute(
            _ROUTE,
            {
                "id": _uuid(uuid7()),
                "connection": _uuid(connection.pk),
                "call_id": incoming.call_id[:255],
                "enabled": connection.enabled,
                "e164": numbers.dialled(incoming.dialled),
                "dialled": incoming.dialled[:255],
                "caller": numbers.dialled(incoming.caller),
                "now": adapt(now),
                "second": int(now.timestamp()),
                "grace": int(GRACE.total_seconds()),
            },
        )
    found = Call.objects.select_related("version")
    return found.get(connection=connection, provider_call_id=incoming.call_id[:255])


def _uuid(value: UUID) -> UUID | str:
    """A UUID as the database keeps it: PostgreSQL has a type for it, SQLite has 32 hexadecimal digits."""
    return value if database.features.has_native_uuid_field else value.hex
