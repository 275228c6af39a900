"""Who stops reading an export holds a thread, and nothing else of the server."""

import json
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from agentversions.models import Action, Event
from tests.cast import assemble
from tests.support.server import Server, database_url, serving

HEART = 4
"""Seconds for which a process may not answer its master, in this test."""


def ask(server: Server, path: str, cookie: str) -> HTTPConnection:
    """A signed-in person's request, of whose answer nothing is read yet."""
    request = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    request.request("GET", path, headers={"Cookie": cookie})
    return request


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_readers_that_stall_leave_the_other_threads_to_the_pages() -> None:
    cast = assemble()
    told = {"note": "x" * 500}
    act = {"project": cast.project, "agent": cast.agent, "actor": cast.ana, "action": Action.AGENT_CREATED}
    Event.objects.bulk_create([Event(**act, particulars=told) for _ in range(40_000)], batch_size=2_000)
    client = Client()
    client.force_login(cast.ana)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    page, export = (reverse(f"activity.{name}", args=[cast.project.pk]) for name in ("index", "export"))
    environment = {"GUNICORN_CMD_ARGS": f"--timeout {HEART}"}

    with serving(database_url(connection.settings_dict), environment, workers=1) as server:
        stalled = [ask(server, export, cookie) for _ in range(2)]
        answers = [request.getresponse() for request in stalled]
        time.sleep(2 * HEART)
        with closing(ask(server, export, cookie)) as third, closing(ask(server, page, cookie)) as other:
            assert (third.getresponse().status, other.getresponse().status) == (503, 200)
        for request, answer in zip(stalled, answers, strict=True):
            assert answer.status == 200
            assert answer.read().count(b"\r\n") > 40_000
            request.close()
        with closing(ask(server, export, cookie)) as again:
            assert again.getresponse().status == 200
        log = server.log.read_text()

    assert "WORKER TIMEOUT" not in log
    lines = [json.loads(line) for line in log.splitlines() if '"exported"' in line]
    assert [line["complete"] for line in lines][:2] == [True, True]
