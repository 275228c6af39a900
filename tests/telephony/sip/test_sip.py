"""A phone calls over SIP: sipp, Kamailio with our script, the generic webhook on a production server, and back."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from telephony.models import Call, Connection, Missed, Status
from telephony.operations import change_connection
from tests.support import sip
from tests.support.flaky import flaky
from tests.support.server import Server
from tests.telephony.exchange import FREE_NUMBER, SIGNING_SECRET, Exchange, call, connect, path
from tests.telephony.sip.kamailio import WORKER, Kamailio, running

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not sip.present(), reason=sip.CURE),
]

SOON = 20
"""Seconds that a test waits for what should take one."""


@pytest.fixture
def exchange() -> Exchange:
    """The lines, committed: the server is another process."""
    return connect()


def asking(line: Connection, url: str, directory: Path) -> AbstractContextManager[Kamailio]:
    """Kamailio on a line to the server at this address."""
    return running(directory, url + path(line), url + path(line, "events"))


@pytest.fixture
def kamailio(exchange: Exchange, server: Server, tmp_path: Path) -> Iterator[Kamailio]:
    """Kamailio, on the generic line."""
    with asking(exchange.generic, server.url, tmp_path) as proxy:
        yield proxy


def test_a_call_keeps_its_version_from_its_invite_to_its_bye(exchange: Exchange, kamailio: Kamailio) -> None:
    first = kamailio.invite("call-1@phone")
    assert (first.status, first.version) == (302, 2)
    assert first.headers["Contact"] == f"<sip:{exchange.agent.pk}@{WORKER};version=2>"
    assert kamailio.invite("call-1@phone").version == 2

    exchange.go_live("Evening", greeting="Good evening.")

    assert kamailio.invite("call-2@phone").version == 3
    assert kamailio.invite("call-1@phone").version == 2
    assert Call.objects.count() == 2

    assert kamailio.bye("call-1@phone").status == 200
    assert kamailio.bye("call-1@phone").status == 200
    ended = call("call-1@phone")
    assert (ended.status, ended.version, ended.caller) == (Status.COMPLETED, exchange.version, "+14155550100")
    assert ended.ended_reason == 'Q.850;cause=16;text="Normal call clearing"'
    assert ended.events.count() == 1
    assert call("call-2@phone").status == Status.ROUTING


def test_who_gives_up_before_anyone_answers_is_known_to_have(exchange: Exchange, kamailio: Kamailio) -> None:
    kamailio.invite("call-1@phone")

    assert kamailio.cancel("call-1@phone").status == 200

    assert call("call-1@phone").status == Status.CANCELED


def test_a_number_that_is_nobodys_is_not_found(exchange: Exchange, kamailio: Kamailio) -> None:
    for number, reason in (("+12025559999", Missed.UNKNOWN_NUMBER), (FREE_NUMBER, Missed.NUMBER_UNASSIGNED)):
        heard = kamailio.invite(f"{reason}@phone", number)

        assert (heard.status, heard.headers["X-Agent-Refusal"]) == (404, reason)
        assert heard.headers["X-Agent-Version"] is None
        assert call(f"{reason}@phone").missed == reason


def test_whom_no_version_answers_gets_the_connections_sentence_on_one_line(
    exchange: Exchange, kamailio: Kamailio
) -> None:
    say = 'Über "lunch" we\\you are $rm:\r\nX-Agent-Version: 99'
    change_connection(exchange.generic, fallback=say, enabled=False, by=exchange.cast.ana)

    heard = kamailio.invite("call-1@phone")

    assert (heard.status, heard.headers["X-Agent-Refusal"]) == (480, Missed.CONNECTION_DISABLED)
    assert heard.headers["X-Agent-Version"] is None
    assert heard.headers["Warning"] == (r'399 agent-versions "Über \"lunch\" we\\you are $rm: X-Agent-Version: 99"')


def test_whom_no_version_answers_is_put_through_where_the_connection_says_so(
    exchange: Exchange, kamailio: Kamailio
) -> None:
    change_connection(exchange.generic, fallback="+14155550199", enabled=False, by=exchange.cast.ana)

    heard = kamailio.invite("call-1@phone")

    assert (heard.status, heard.headers["Contact"]) == (302, "<tel:+14155550199>")


def test_a_server_that_is_away_or_never_answers_keeps_no_caller_waiting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with running(tmp_path, url, url, patience="") as kamailio:
            silent = kamailio.invite("call-1@phone")
            listener.close()
            away = kamailio.invite("call-2@phone")

    assert (silent.status, silent.headers["Retry-After"]) == (503, "5")
    assert (away.status, away.headers["Retry-After"]) == (503, "5")


def test_a_caller_who_waits_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SOON)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with running(tmp_path, url, url) as kamailio, ThreadPoolExecutor(1) as phone:
            calling = phone.submit(kamailio.invite, "call-1@phone")
            asked = listener.accept()[0]

            assert kamailio.is_there()
            assert not calling.done()

            asked.close()
            assert calling.result().status == 503


def test_an_end_that_could_not_be_reported_is_reported_when_the_phone_says_it_again(
    exchange: Exchange, server: Server, tmp_path: Path
) -> None:
    upstream = int(server.url.rpartition(":")[2])
    with (
        flaky(upstream, seed=0) as network,
        asking(exchange.generic, network.url, tmp_path) as kamailio,
        ThreadPoolExecutor(1) as phone,
    ):
        kamailio.invite("call-1@phone")
        network.go_offline()
        hanging_up = phone.submit(kamailio.bye, "call-1@phone")
        until = time.monotonic() + SOON
        while "could not be reported yet" not in kamailio.log.read_text():
            assert time.monotonic() < until
            time.sleep(0.05)
        assert call("call-1@phone").status == Status.ROUTING

        network.go_online()

        assert hanging_up.result().status == 200
    assert call("call-1@phone").status == Status.COMPLETED
    assert call("call-1@phone").events.count() == 1


def test_the_signing_secret_is_in_no_log(exchange: Exchange, kamailio: Kamailio) -> None:
    kamailio.invite("call-1@phone")
    kamailio.invite("call-2@phone", "+12025559999")
    kamailio.bye("call-1@phone")

    everything = "".join(file.read_text(errors="replace") for file in kamailio.log.parent.glob("*.log"))
    assert "call-1@phone" in everything
    assert SIGNING_SECRET.removeprefix("whsec_") not in everything
