"""`manage.py ring` speaks HTTP to a production server, as the number's provider would."""

import json
import os
import socket
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from telephony.models import Call, Missed, Status
from telephony.operations import add_connection, unassign_number
from telephony.providers import PROVIDERS
from tests.support.server import ROOT, Server, database_url
from tests.telephony.exchange import GENERIC_NUMBER, TWILIO_NUMBER, Exchange, call, connect, pull
from tests.telephony.lines import NUMBERS, SECRETS, line

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exchange() -> Exchange:
    """The lines, committed: the server is another process."""
    return connect()


def rung(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ring from a process of its own, in the server's environment."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "agentversions.settings",
        "DATABASE_URL": database_url(database.settings_dict),
        "PUBLIC_BASE_URL": server.url,
    }
    command = [sys.executable, "manage.py", "ring", *arguments]
    return subprocess.run(  # noqa: S603 - our own command line
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("number", [GENERIC_NUMBER, TWILIO_NUMBER, "+1 (202) 555-0133"])
def test_it_prints_which_version_answered_and_its_greeting(exchange: Exchange, server: Server, number: str) -> None:
    done = rung(server, number)

    assert done.returncode == 0
    known = Call.objects.get()
    assert known.version == exchange.version
    assert "v2" in done.stdout
    assert "“Front desk, hello.”" in done.stdout
    assert str(known.pk) in done.stdout
    assert known.provider_call_id in done.stdout


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_it_speaks_every_dialect(exchange: Exchange, server: Server, provider: str) -> None:
    on = line(exchange.cast, provider)

    done = rung(server, NUMBERS[provider], "--provider", provider, "--hangup")

    assert done.returncode == 0, done.stderr
    assert "was answered by Reception v2" in done.stdout
    call = Call.objects.get(connection=on)
    assert (call.status, call.duration, call.version) == (Status.COMPLETED, 42, exchange.version)


def test_a_providers_only_connection_rings_for_any_number(exchange: Exchange, server: Server) -> None:
    assert Missed.UNKNOWN_NUMBER in rung(server, "+12025550000", "--provider", "generic").stdout
    assert Call.objects.get().connection == exchange.generic


def test_it_prints_json_for_scripts_and_a_token_that_opens_the_configuration(
    exchange: Exchange, server: Server
) -> None:
    told = json.loads(rung(server, TWILIO_NUMBER, "--json", "--from", "+442079460123").stdout)

    known = Call.objects.get()
    assert (told["call"], told["version"], told["provider_call_id"]) == (str(known.pk), 2, known.provider_call_id)
    assert (told["refusal"], told["ended"], known.caller) == ("", False, "+442079460123")
    assert pull(f"/telephony/calls/{told['call']}/configuration/", told["token"])["version"]["number"] == 2


@pytest.mark.parametrize("number", [GENERIC_NUMBER, TWILIO_NUMBER])
def test_the_same_call_again_is_a_retry_and_hangs_up_at_last(exchange: Exchange, server: Server, number: str) -> None:
    first = json.loads(rung(server, number, "--json", "--call-id", "CA1").stdout)
    exchange.go_live("Evening", greeting="Good evening.")
    again = json.loads(rung(server, number, "--json", "--call-id", "CA1").stdout)
    other = json.loads(rung(server, number, "--json").stdout)
    over = rung(server, number, "--call-id", "CA1", "--hangup")

    assert again == first
    assert other["version"] == 3
    assert "The call has ended." in over.stdout
    ended = call("CA1")
    assert (ended.status, ended.duration, ended.version) == (Status.COMPLETED, 42, exchange.version)
    assert Call.objects.count() == 2


def test_it_rings_and_hangs_up_in_one(exchange: Exchange, server: Server) -> None:
    done = rung(server, GENERIC_NUMBER, "--hangup")

    assert "was answered by Reception v2" in done.stdout
    assert "The call has ended." in done.stdout
    assert not Call.objects.in_progress().exists()


def test_it_prints_what_a_caller_is_refused_with(exchange: Exchange, server: Server) -> None:
    unassign_number(exchange.number, by=exchange.cast.ana)

    done = rung(server, GENERIC_NUMBER)

    assert done.returncode == 0
    assert f"refused the call. {Missed.NUMBER_UNASSIGNED}: {exchange.generic.fallback}" in done.stdout


def test_a_number_that_is_nobodys_rings_on_a_connection_that_is_named(exchange: Exchange, server: Server) -> None:
    done = rung(server, "sip:nobody@example.com", "--connection", str(exchange.generic.pk))

    assert Missed.UNKNOWN_NUMBER in done.stdout
    assert Call.objects.get().dialled == "sip:nobody@example.com"


def test_another_public_address_is_refused_and_the_cure_is_named(exchange: Exchange, server: Server) -> None:
    with pytest.raises(CommandError, match=r"answered 403.*PUBLIC_BASE_URL"):
        call_command("ring", TWILIO_NUMBER, url=server.url)

    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["+12025559999"], "in no connection"),
        (["reception"], "country's code"),
        ([GENERIC_NUMBER, "--connection", "00000000-0000-0000-0000-000000000000"], "no connection with that id"),
        ([GENERIC_NUMBER, "--connection", "nonsense"], "no connection with that id"),
        ([GENERIC_NUMBER, "--url", "ftp://127.0.0.1"], "must begin with http"),
        ([GENERIC_NUMBER, "--provider", "jambonz"], "no jambonz connection. Add one"),
        ([GENERIC_NUMBER, "--provider", "bell"], "invalid choice"),
    ],
)
def test_what_can_not_be_rung_is_told_in_a_sentence(exchange: Exchange, arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("ring", *arguments)

    assert not Call.objects.exists()


def test_who_only_the_provider_can_sign_for_is_told_with_the_cure(exchange: Exchange) -> None:
    ana, secrets = exchange.cast.ana, {"public_key": SECRETS["telnyx"]["public_key"]}
    add_connection(exchange.cast.project, provider="telnyx", name="Telnyx", secrets=secrets, by=ana)

    with pytest.raises(CommandError, match="Give the connection a rehearsal key"):
        call_command("ring", GENERIC_NUMBER, provider="telnyx")

    assert not Call.objects.exists()


def test_without_a_server_it_says_how_to_start_one(exchange: Exchange) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]

    with pytest.raises(CommandError, match=r"No server answers at http.*\./dev run"):
        call_command("ring", GENERIC_NUMBER, url=f"http://127.0.0.1:{free}")
