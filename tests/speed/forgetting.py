"""How fast calls are forgotten, and whether phones ring meanwhile: `python -m tests.speed.forgetting [calls]`.

In whatever empty database the environment names: the demo's year of so many calls, each with four reports, the last of
which brings a transcript of some 4 kB. All but those of the last 90 days are forgotten, while a thread rings and tells
of an end, again and again. Prints calls a second by tenth, and how long rings took with and without.
"""

import os
import sys
import threading
from datetime import datetime
from time import perf_counter
from uuid import uuid4

import django
from django.core.management import call_command
from django.db import connection

CALLS = 300_000
PAUSE = 0.01

_REPORTED = {
    "postgresql": """
INSERT INTO telephony_callevent (connection_id, provider_call_id, call_id, kind, status, duration, reason,
    recording_url, provider_event_id, told, payload, received_at)
SELECT connection_id, provider_call_id, id, 'call.report', '', NULL, '', '', provider_call_id || '-said-' || r,
    CASE r WHEN 4 THEN jsonb_build_object('transcript', said.words, 'cost', '0.0532', 'success', true) ELSE '{}' END,
    CASE r WHEN 4 THEN jsonb_build_object('from', caller, 'transcript', said.words)
        ELSE jsonb_build_object('from', caller, 'to', dialled, 'status', 'ringing') END, started_at
FROM telephony_call, generate_series(1, 4) r, LATERAL (
    SELECT array_to_string(ARRAY(SELECT md5(random()::text || id) FROM generate_series(1, r * 30)), ' ') AS words
) AS said ORDER BY started_at""",
    "sqlite": """
INSERT INTO telephony_callevent (connection_id, provider_call_id, call_id, kind, status, duration, reason,
    recording_url, provider_event_id, told, payload, received_at)
SELECT connection_id, provider_call_id, telephony_call.id, 'call.report', '', NULL, '', '',
    provider_call_id || '-said-' || r.value,
    CASE r.value WHEN 4 THEN json_object('transcript', hex(randomblob(2000)), 'cost', '0.0532') ELSE '{}' END,
    CASE r.value WHEN 4 THEN json_object('from', caller, 'transcript', hex(randomblob(2000)))
        ELSE json_object('from', caller, 'to', dialled, 'status', 'ringing') END, started_at
FROM telephony_call, json_each('[1, 2, 3, 4]') AS r ORDER BY started_at""",
}


def main(calls: int) -> None:
    """Fill, ring for a while, then forget and ring."""
    call_command("migrate", verbosity=0)
    call_command("demo", calls=calls)
    with connection.cursor() as cursor:
        cursor.execute(_REPORTED[connection.vendor])
        cursor.execute("ANALYZE")
    number = PhoneNumber.objects.select_related("connection__project").get(number=f"{NUMBER}00")
    project = number.connection.project
    start = perf_counter()
    found = reach(project, 90)
    print(f"what the dialog asks: {(perf_counter() - start) * 1000:.0f} ms, about {found.calls:,} calls")  # noqa: T201
    set_retention(project, 90, by=User.objects.get(username="ana"))
    stop = threading.Event()
    threading.Timer(5, stop.set).start()
    said("rings alone", ringing(number, stop))

    stop, rings = threading.Event(), []
    phone = threading.Thread(target=lambda: rings.extend(ringing(number, stop)))
    phone.start()
    start = last = perf_counter()
    told = 0

    def progress(done: int, until: datetime) -> None:
        nonlocal told, last
        if done - told >= calls // 10:
            print(f"… {done:9,}, {(done - told) / (perf_counter() - last):7,.0f} a second, up to {until:%d %B %Y}")  # noqa: T201
            told, last = done, perf_counter()

    done = forget_calls(project, progress)
    seconds = perf_counter() - start
    stop.set()
    phone.join()
    print(f"{done:,} calls forgotten in {seconds:.1f} s: {done / seconds:,.0f} a second")  # noqa: T201
    said("rings meanwhile", rings)
    start = perf_counter()
    forget_calls(project)
    print(f"a run that finds nothing: {(perf_counter() - start) * 1000:.0f} ms")  # noqa: T201


def ringing(number: "PhoneNumber", stop: threading.Event) -> list[float]:
    """Milliseconds of each ring, with its end reported, until it is to stop."""
    took, line = [], number.connection
    while not stop.wait(PAUSE):
        name, start = f"ring-{uuid4()}", perf_counter()
        route_call(line, IncomingCall(name, "+14155550100", number.number))
        took.append((perf_counter() - start) * 1000)
        record_call_event(line, CallReport(name, "call.ended", Status.COMPLETED, duration=5))
    connection.close()
    return took


def said(title: str, took: list[float]) -> None:
    """One line of figures."""
    took.sort()
    middle, most = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"{title:16} {len(took):6}, median {middle:6.1f} ms, 99 % {most:6.1f} ms, slowest {took[-1]:6.1f} ms")  # noqa: T201


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentversions.settings")
os.environ.setdefault("DEBUG", "1")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after the set-up

from dashboard.pages.retention import reach  # noqa: E402
from telephony.incoming import CallReport, IncomingCall  # noqa: E402
from telephony.models import PhoneNumber, Status  # noqa: E402
from telephony.operations import forget_calls, set_retention  # noqa: E402
from telephony.routing import record_call_event, route_call  # noqa: E402

NUMBER = "+120255510"
"""How the crowd's numbers begin."""

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CALLS)
