"""What very many calls cost: `python -m tests.speed.calls [--calls N] [pages|recording|updates|contention …]`.

In a PostgreSQL of its own, filled with a crowd of N calls (a million unless said); or in the one that DATABASE_URL
names, which is filled if it has no crowd yet. It prints a table for each of

- pages: milliseconds of server time and queries of each page that reads calls, warm, through the whole of Django;
- recording: what each index costs a ring and its end, and how many bytes of log a ring writes;
- updates: how many of a call's updates stay heap-only, by how full its pages are filled;
- contention: how many ends a second eight threads report, on a server that syncs: of one version, and of eight.
"""

import os
import statistics
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command

from tests.support import postgres, processes

CALL = "telephony_call"
PARTS = ("pages", "recording", "updates", "contention")
ROUNDS = 24
BATCH = 20_000
"""Calls that are inserted and ended to measure an index."""
TRIES = 3
LIVES, AT_ONCE = 10_000, 60
"""Calls that are lived through to measure updates, and how many of them are in progress at once."""
THREADS, ENDS = 8, 250
"""Threads that report ends at once, and how many each."""


def main(calls: int, parts: Sequence[str]) -> None:
    """Fill the database if need be, and measure."""
    settings.ALLOWED_HOSTS.append("testserver")
    call_command("migrate", verbosity=0)
    if not Project.objects.filter(name=crowd.NAME).exists():
        call_command("demo", calls=calls)
    project = Project.objects.get(name=crowd.NAME)
    measures = {"pages": pages, "recording": recording, "updates": updates, "contention": contention, "ends": ends}
    for part in parts or PARTS:
        measures[part](project)


def pages(project: "Project") -> None:
    """Each page, warm: its first answer isn't counted."""
    page = Client()
    page.force_login(User.objects.get(username="ana"))
    say(f"{'pages':50} {'median':>8} {'worst':>8} ms  queries")
    for title, address in addresses(project).items():
        times = []
        for _ in range(ROUNDS + 1):
            start = perf_counter()
            answer = page.get(address)
            assert b"".join(answer)
            times.append((perf_counter() - start) * 1_000)
            assert answer.status_code == 200, answer.status_code
        with CaptureQueriesContext(database) as asked:
            page.get(address)
        say(f"{title:50} {statistics.median(times[1:]):8.1f} {max(times[1:]):8.1f} {len(asked):12}")


def recording(project: "Project") -> None:
    """Rings and their ends in sets, with every index and without each one: the best of a few, all taken back."""
    columns = as_new()
    execute("DROP TABLE IF EXISTS speed_new")
    execute(
        f"CREATE TABLE speed_new AS SELECT {', '.join(f'{value} AS {column}' for column, value in columns.items())}"  # noqa: S608 (names of ours)
        f" FROM {CALL} WHERE project_id = '{project.pk}' AND missed = '' ORDER BY {CALL}.started_at DESC LIMIT {BATCH}"
    )
    names = "SELECT indexname, pg_relation_size(indexname::text::regclass) FROM pg_indexes WHERE tablename = %s"
    say(f"\n{'recording':42} {'ring':>7} {'end':>7} µs {'log of a ring':>15} {'size of the index':>20}")
    for name, size in [("", 0), *sorted(rows(names, CALL)), ("", 0)]:
        ring, end, log = (min(figures) for figures in zip(*(measured(name) for _ in range(TRIES)), strict=True))
        told = f"{size / 2**20:17.0f} MB" if name else ""
        say(f"{f'without {name}' if name else 'with all':42} {ring:7.1f} {end:7.1f} {log:12.0f} bytes {told}")
    execute("DROP TABLE speed_new")


ANEW = {
    "id": "gen_random_uuid()",
    "provider_call_id": "'new-' || provider_call_id",
    "started_at": "clock_timestamp()",
    "status": "'routing'",
    **dict.fromkeys(("answered_at", "ended_at"), "NULL::timestamptz"),
    "duration": "NULL::integer",
    "cost": "NULL::numeric",
    "success": "NULL::boolean",
}
ENDED = """
    status = 'completed', answered_at = started_at, ended_at = clock_timestamp(), duration = 60,
    ended_reason = 'hangup', recording_url = '', transferred = false, voicemail = false, cost = 0.1, success = true
"""


def measured(without: str) -> tuple[float, float, float]:
    """Microseconds of a ring and of its end, and a ring's bytes in the log; the end isn't heap-only here."""
    columns = ", ".join(as_new())
    with atomic():
        # Left out: whether what a call points at exists, which no index of calls answers.
        execute("SET LOCAL session_replication_role = 'replica'")
        if without:
            constraint = rows("SELECT 1 FROM pg_constraint WHERE conname = %s", without)
            execute(f"ALTER TABLE {CALL} DROP CONSTRAINT {without} CASCADE" if constraint else f"DROP INDEX {without}")
        place = rows("SELECT pg_relation_size('telephony_call') / 8192")[0][0]
        before = written()
        ring = timed(lambda: execute(f"INSERT INTO {CALL} ({columns}) SELECT {columns} FROM speed_new"))  # noqa: S608 (names of ours)
        log = written() - before
        new = f"ctid >= '({place},0)' AND provider_call_id LIKE 'new-%'"
        end = timed(lambda: execute(f"UPDATE {CALL} SET {ENDED} WHERE {new}"))  # noqa: S608 (names of ours)
        set_rollback(True)
    return ring / BATCH, end / BATCH, log / BATCH


def as_new() -> dict[str, str]:
    """The columns of a call, and what they hold in one that rings as an old one did."""
    columns = [field.column for field in Call._meta.concrete_fields if field.column]
    return {column: ANEW.get(column, column) for column in columns}


def updates(project: "Project") -> None:
    """Calls lived through one statement after the other, many at once, in copies of the table that are filled less."""
    say(f"\n{'updates':42} {'heap-only':>12} {'log of a life':>16} {'size':>11}")
    for full in (100, 90, 80):
        execute("DROP TABLE IF EXISTS speed_call")
        execute(f"CREATE TABLE speed_call (LIKE telephony_call INCLUDING ALL) WITH (fillfactor = {full})")
        columns = as_new()
        rung = f"INSERT INTO speed_call ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {CALL}"  # noqa: S608 (names of ours)
        of = rows(f"SELECT id FROM {CALL} WHERE project_id = %s AND missed = '' LIMIT {LIVES}", project.pk)  # noqa: S608 (names of ours)
        life = [
            "answer_digest = repeat('0', 64)",
            "status = 'in_progress', answered_at = started_at",
            ENDED,
            "cost = 0.2, success = false",
        ]
        lag = (0, 3, AT_ONCE, AT_ONCE + 10)
        before = written()
        for place in range(LIVES + max(lag)):
            if place < LIVES:
                execute(f"{rung} WHERE id = %s", of[place][0])
            for step, late in zip(life, lag, strict=True):
                if 0 <= place - late < LIVES:
                    same = f"(SELECT 'new-' || provider_call_id FROM {CALL} WHERE id = %s)"  # noqa: S608 (names of ours)
                    execute(f"UPDATE speed_call SET {step} WHERE provider_call_id = {same}", of[place - late][0])  # noqa: S608 (names of ours)
        log = (written() - before) / LIVES
        execute("SELECT pg_stat_force_next_flush()")
        found = rows(
            "SELECT n_tup_upd, n_tup_hot_upd, pg_relation_size(relid) FROM pg_stat_user_tables WHERE relname = %s",
            "speed_call",
        )
        every, heap_only, size = found[0]
        title = f"{len(life)} updates a call, pages filled to {full} %"
        say(f"{title:42} {heap_only / every:11.1%} {log:10.0f} bytes {size / LIVES:5.0f} a call")
    execute("DROP TABLE speed_call")


def contention(project: "Project") -> None:
    """On a server of its own whose commits wait for the disk, as those of a real one do."""
    del project
    again = [sys.executable, "-m", "tests.speed.calls", "--calls", "4000", "ends"]
    with postgres.running(durable=True) as server:
        processes.run(again, {**os.environ, "DATABASE_URL": server.url, "WEB_THREADS": str(THREADS + 2)})


def ends(project: "Project") -> None:
    """Ends a second, of one version's calls and of eight versions'; and how the sums' rows took it."""
    say(f"\n{'contention':42} {'ends a second':>14} {'median':>8} {'worst':>8} ms")
    line = Connection.objects.get(project=project)
    for versions in (1, THREADS):
        for threads in (1, THREADS):
            numbers = list(line.numbers.order_by("number")[:versions])
            names = [[f"{versions}-{threads}-{thread}-{n}" for n in range(ENDS)] for thread in range(threads)]
            for thread, calls in enumerate(names):
                for name in calls:
                    route_call(line, IncomingCall(name, "+14155550100", numbers[thread % versions].number))
            with ThreadPoolExecutor(threads) as pool:
                start = perf_counter()
                times = sorted(time for some in pool.map(lambda mine: reported(line, mine), names) for time in some)
                elapsed = perf_counter() - start
            title = f"{threads} thread{'s' if threads > 1 else ''}, {versions} version{'s' if versions > 1 else ''}"
            say(f"{title:42} {len(times) / elapsed:14.0f} {statistics.median(times):8.1f} {times[-1]:8.1f}")
    sums = Tally.objects.filter(agent__project=project)[0].pk
    with ThreadPoolExecutor(THREADS) as pool:
        start = perf_counter()
        list(pool.map(lambda _: added(sums), range(THREADS)))
        rate = THREADS * ENDS / (perf_counter() - start)
    say(f"{f'{THREADS} threads, nothing but a row of sums':42} {rate:14.0f}")
    execute("SELECT pg_stat_force_next_flush()")
    every, heap_only = rows(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'telephony_tally'"
    )[0]
    say(f"{'of the updates of sums are heap-only':42} {heap_only / every:14.1%}")


def added(sums: int) -> None:
    """Many times, a transaction each, what every end of a version's calls of one hour does to the same row."""
    try:
        for _ in range(ENDS):
            execute("UPDATE telephony_tally SET calls = calls + 1, seconds = seconds + 60 WHERE id = %s", sums)
    finally:
        database.close()


def reported(line: "Connection", calls: Sequence[str]) -> list[float]:
    """Milliseconds of each call's end."""
    times = []
    try:
        for name in calls:
            ending = CallReport(name, "call.ended", status=Status.COMPLETED, duration=60)
            start = perf_counter()
            record_call_event(line, ending)
            times.append((perf_counter() - start) * 1_000)
    finally:
        database.close()
    return times


def timed(deed: Callable[[], object]) -> float:
    """Microseconds."""
    start = perf_counter()
    deed()
    return (perf_counter() - start) * 1_000_000


def written() -> int:
    """How many bytes the log has had so far."""
    return int(rows("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")[0][0])


def execute(statement: str, *told: Any) -> None:
    """One statement."""
    with database.cursor() as cursor:
        cursor.execute(statement, told or None)


def rows(statement: str, *told: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    with database.cursor() as cursor:
        cursor.execute(statement, told or None)
        return list(cursor.fetchall())


def say(words: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentversions.settings")
os.environ.setdefault("DEBUG", "1")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after the set-up
from django.db import connection as database  # noqa: E402
from django.db.transaction import atomic, set_rollback  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from agentversions.models import Project  # noqa: E402
from telephony.incoming import CallReport, IncomingCall  # noqa: E402
from telephony.management import crowd  # noqa: E402
from telephony.models import Call, Connection, Status, Tally  # noqa: E402
from telephony.routing import record_call_event, route_call  # noqa: E402
from tests.scale.addresses import addresses  # noqa: E402

if __name__ == "__main__":
    parser = ArgumentParser(prog="python -m tests.speed.calls")
    parser.add_argument("--calls", type=int, default=1_000_000, metavar="N")
    parser.add_argument("parts", nargs="*")
    asked = parser.parse_args()
    if os.environ.get("DATABASE_URL"):
        main(asked.calls, asked.parts)
    else:
        sys.exit(postgres.main(["--", sys.executable, "-m", "tests.speed.calls", *sys.argv[1:]]))
