"""What a provider got is known afterwards by a digest: kept once, beside the ring, and of nothing that is secret."""

import threading
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from agentversions.models import Secret
from agentversions.operations import edit_draft, publish, remove_secret, save_version, set_secret
from telephony import patience, views
from telephony.models import Call, Connection
from telephony.operations import change_connection, unassign_number
from telephony.patience import WAITING, Aside
from telephony.previewing import answer_digest, held, rendered
from telephony.providers import PROVIDERS
from telephony.routing import keep_answer
from tests.cast import live, shown, typed
from tests.telephony.exchange import Exchange, call, heard, report, ring
from tests.telephony.lines import line, rung

EVERY = pytest.mark.parametrize("provider", list(PROVIDERS))
SECRET = "the-value-of-the-secret"
TOOL = {
    "id": "a",
    "kind": "function",
    "name": "look_up",
    "description": "Finds the caller's bookings.",
    "url": "https://crm.example.com/find",
    "headers": "X-Key: {{secret.CRM_TOKEN}}",
}


@pytest.fixture
def keeps_secrets(exchange: Exchange) -> Exchange:
    """The agent has a tool with a secret, and is told who rings."""
    cast = exchange.cast
    set_secret(cast.project, "CRM_TOKEN", SECRET, by=cast.ana)
    asked = typed([TOOL], prompt="{{caller_number}} rings at {{now}}.", greeting="Hello.")
    edit_draft(cast.agent, asked, base=shown(cast.agent, cast.ana), by=cast.ana)
    version = save_version(cast.agent, base=shown(cast.agent, cast.ana), by=cast.ana)
    publish(version, live=live(cast.agent), by=cast.pia)
    return exchange


def of(on: Connection) -> Call:
    """The one call of a connection."""
    return Call.objects.select_related("version__agent", "connection").get(connection=on)


def today(one: Call) -> str:
    """The digest of what would be answered to a call now."""
    assert one.version
    return answer_digest(one, one.version, held(one.connection.project_id, one.version))


@EVERY
def test_holds_while_nothing_changes(keeps_secrets: Exchange, provider: str) -> None:
    on = line(keeps_secrets.cast, provider)
    rung(on)

    one = of(on)

    assert len(one.answer_digest) == 64
    assert today(one) == one.answer_digest
    change_connection(on, name="Renamed", fallback="Later.", by=keeps_secrets.cast.ana)
    keeps_secrets.go_live(greeting="Good evening.")
    assert today(of(on)) == one.answer_digest


@EVERY
def test_nobody_can_guess_from_it_who_rang_or_what_is_secret(keeps_secrets: Exchange, provider: str) -> None:
    cast, on = keeps_secrets.cast, line(keeps_secrets.cast, provider)
    rung(on)
    one = of(on)
    assert one.version

    content = rendered(one, one.version, ["CRM_TOKEN"]).content.decode()
    set_secret(cast.project, "CRM_TOKEN", "another-value-of-it", by=cast.ana)
    one.caller = "anonymous"

    assert SECRET not in content
    assert today(one) == one.answer_digest


def test_a_workers_token_isnt_in_it(keeps_secrets: Exchange) -> None:
    cast, on = keeps_secrets.cast, line(keeps_secrets.cast, "twilio")
    change_connection(on, worker_url="wss://worker.example.com/relay?token=one", by=cast.ana)
    rung(on)
    one = of(on)

    one.worker_url = one.worker_url.replace("one", "two")

    assert today(one) == one.answer_digest


def test_tells_when_a_secret_is_gone(keeps_secrets: Exchange) -> None:
    on = line(keeps_secrets.cast, "vapi")
    rung(on)

    publish(keeps_secrets.version, live=live(keeps_secrets.cast.agent), by=keeps_secrets.cast.pia)
    remove_secret(Secret.objects.get(), by=keeps_secrets.cast.ana)

    assert today(of(on)) != of(on).answer_digest


def test_of_the_first_answer_stays(exchange: Exchange) -> None:
    ring(exchange.generic)
    first = call().answer_digest
    Call.objects.update(answer_digest="0" * 64)

    ring(exchange.generic)
    keep_answer(of(exchange.generic), exchange.version, [])  # as a retry does that didn't see it yet

    assert first != call().answer_digest == "0" * 64


def test_a_call_that_got_no_version_has_none(exchange: Exchange) -> None:
    report(exchange.generic, "call.ended")
    ring(exchange.generic)  # over before it rang
    unassign_number(exchange.number, by=exchange.cast.ana)
    ring(exchange.generic, "call-2")

    assert set(Call.objects.values_list("answer_digest", flat=True)) == {""}


@pytest.mark.parametrize("problem", [OperationalError("away"), ValueError("a mistake of ours")])
def test_a_ring_is_answered_though_it_cant_be_kept(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail(*_: Any) -> None:
        raise problem

    with monkeypatch.context() as patch:
        patch.setattr(views, "keep_answer", fail)
        first = ring(exchange.generic)
    assert (heard(first)["version"]["number"], call().answer_digest) == (2, "")

    again = ring(exchange.generic)

    assert again.content == first.content
    assert len(call().answer_digest) == 64


class TestBeside:
    def test_nobody_waits(self) -> None:
        go_on, done = threading.Event(), threading.Event()
        beside = Aside()

        beside.do(partial(go_on.wait, 30))
        beside.do(done.set)
        assert not done.is_set()
        go_on.set()

        assert done.wait(30)

    def test_what_fails_takes_nothing_with_it(self, caplog: pytest.LogCaptureFixture) -> None:
        done, beside = threading.Event(), Aside()

        beside.do(lambda: 1 // 0)
        beside.do(done.set)

        assert done.wait(30)
        assert "isn't" in caplog.text

    def test_too_much_is_let_go_of(self) -> None:
        did: list[int] = []
        go_on, last, beside = threading.Event(), threading.Event(), Aside()

        beside.do(partial(go_on.wait, 30))
        for number in range(WAITING + 10):
            beside.do(partial(did.append, number))
        go_on.set()
        while not last.is_set():
            beside.do(last.set)
            last.wait(0.05)

        assert did == list(range(WAITING - 1))

    def test_with_patience_it_isnt_done_on_the_callers_thread(self, settings: Any) -> None:
        settings.PHONE_PATIENCE = 1
        told: list[str] = []
        done = threading.Event()

        def tell() -> None:
            told.append(threading.current_thread().name)
            done.set()

        patience.aside(tell)

        assert done.wait(30)
        assert told[0].startswith("phone-aside")
