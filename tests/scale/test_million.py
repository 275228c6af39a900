"""No page's work grows with the calls: a million of them on PostgreSQL, and enough on SQLite to tell a scan.

Nothing is timed. What each page asks is explained by the database itself: which tables it would go through from
end to end, and on PostgreSQL how much it read. One test, so that of the workers of a run only one fills a database.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test import Client

from telephony.management.crowd import crowd
from tests.factories import person
from tests.scale.addresses import addresses

pytestmark = pytest.mark.django_db(transaction=True)

CALLS = {"postgresql": 1_000_000, "sqlite": 100_000}
MOST_READ = 3_000
"""Pages of 8 kB that one query may read, of those that it has read before as well. The calls have some 60,000."""
MOST_SUMS = 10_000
"""Pages that figures of all time may read: a year has 8,760 hours, and each one's sum may lie on a page of its own."""
LARGE = ("telephony_call", "telephony_callevent", "agentversions_version", "telephony_tally")

type Asked = list[tuple[str, Any]]


def asked(page: Client, address: str) -> Asked:
    """What a page asks the database for."""
    queries: Asked = []

    def listen(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        queries.append((sql, params))
        return execute(sql, params, many, context)

    with database.execute_wrapper(listen):
        answer = page.get(address)
        assert answer.status_code == 200, answer.status_code
        assert b"".join(answer)
    return [(sql, params) for sql, params in queries if re.match(r"\s*(SELECT|WITH)", sql)]


def too_much(sql: str, params: Any, most: int) -> Iterator[str]:
    """What of a query grows with a large table."""
    with database.cursor() as cursor:
        if database.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            yield from (step for *_, step in cursor.fetchall() if scanned(step, sql))
            return
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
        told = cursor.fetchone()[0]
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    read = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    if read > most:
        yield f"{read:,} pages read: {sql[:400]}"
    yield from (f"{node['Node Type']} on {node['Relation Name']}" for node in nodes(plan) if sequential(node))


def scanned(step: str, sql: str) -> bool:
    """Whether a step of SQLite's plan goes through a large table, or the whole of one of its indexes."""
    found = re.match(r"SCAN (\w+)", step)
    tables = "|".join(LARGE)
    named = found and re.search(rf'\b({tables})"?\s+(AS\s+)?"?{found[1]}\b', sql)
    return bool(found and (found[1] in LARGE or named))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All of a plan's nodes."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def sequential(node: dict[str, Any]) -> bool:
    """Whether it reads a large table from end to end. (A few pages are read so by right.)"""
    few = node["Shared Hit Blocks"] + node["Shared Read Blocks"] < 50
    return node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE and not few


@pytest.fixture
def people() -> dict[str, User]:
    return {name: person(name) for name in ("ana", "pia", "ben", "cleo")}


def test_no_page_reads_more_than_it_shows(people: dict[str, User], client: Client, subtests: pytest.Subtests) -> None:
    few = addresses(crowd(8_000, people, say=print))
    many = addresses(crowd(CALLS[database.vendor], people, say=print))
    client.force_login(people["ana"])

    for page, address in many.items():
        with subtests.test(page):
            queries, most = asked(client, address), MOST_SUMS if page.startswith("performance: all") else MOST_READ
            assert [told for sql, params in queries for told in too_much(sql, params, most)] == []
            # Where nothing was missed, it isn't asked when; where versions have few calls, their sums aren't asked for.
            assert len(queries) <= len(asked(client, few[page])) + 2
