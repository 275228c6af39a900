"""A provider nobody has heard of, written in this file and registered in one line: it has all that the others have."""

import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import reverse

from agentversions.sealing import Secrets
from telephony.incoming import CallReport, IncomingCall, Refusal
from telephony.models import Call, Connection, Status
from telephony.operations import add_connection, add_number, assign_number
from telephony.providers import PROVIDERS, Answering, Forged, Option, Options, Secret, Step, reading
from tests.telephony.exchange import CALLER, Exchange, path, send

NUMBER = "+12025550188"
KEY = "the key of the bell"


class Bell:
    """JSON with a password; the answer has the prompt."""

    key = "bell"
    name = "Bell"
    summary = "Reads the prompt out."
    secrets: tuple[Secret, ...] = (Secret("password", "Password", pattern="[a-z ]{8,40}"),)
    options: tuple[Option, ...] = ()
    needs_worker = False
    worker_hint = ""
    worker_schemes: tuple[str, ...] = ("https",)
    picks_up = False
    carries: frozenset[str] = frozenset({"prompt"})
    notes: Mapping[str, str] = {}
    steps: tuple[Step, ...] = (Step("Pull the cord, and paste this.", "route"), Step("And this.", "events"))

    def authenticate(self, request: HttpRequest, secrets: Secrets, options: Options) -> None:
        """Check the password."""
        del options
        if not hmac.compare_digest(request.headers.get("X-Password", "").encode(), secrets["password"].encode()):
            raise Forged

    def read(self, request: HttpRequest) -> IncomingCall | None:
        """Read a ring."""
        told = reading.message(request)
        return IncomingCall(
            reading.identifier(told.get("id"), "id"), reading.text(told.get("from")), reading.text(told.get("to"))
        )

    def answer(self, answering: Answering) -> HttpResponse:
        """The prompt."""
        return JsonResponse({"read": answering.configuration.prompt, "version": answering.version.number})

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """A sentence."""
        return JsonResponse({"sorry": refusal.say})

    def read_events(self, request: HttpRequest) -> list[CallReport]:
        """The end is all it tells."""
        told = reading.message(request)
        return [CallReport(reading.identifier(told.get("id"), "id"), "end", Status.COMPLETED, duration=7)]

    def acknowledge(self, request: HttpRequest) -> HttpResponse:
        """Nothing to say."""
        del request
        return HttpResponse(status=204)


@pytest.fixture
def bell(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """Its connection, on the air."""
    monkeypatch.setitem(PROVIDERS, "bell", Bell())
    ana = exchange.cast.ana
    line = add_connection(exchange.cast.project, provider="bell", name="Tower", secrets={"password": KEY}, by=ana)
    assign_number(add_number(line, NUMBER, by=ana), exchange.cast.agent, by=ana)
    return line


def rung(line: Connection, call_id: str, door: str = "route", password: str = KEY) -> HttpResponse:
    body = json.dumps({"id": call_id, "from": CALLER, "to": NUMBER})
    return send(path(line, door), body, "application/json", {"X-Password": password})


def test_it_routes_pins_retries_and_ends_calls(exchange: Exchange, bell: Connection) -> None:
    first = rung(bell, "one")
    exchange.go_live(prompt="You answer at night.")

    assert json.loads(first.content) == {"read": "You answer the phone.", "version": 2}
    assert rung(bell, "one").content == first.content
    assert json.loads(rung(bell, "two").content)["version"] == 3
    assert rung(bell, "one", "events").status_code == 204
    assert Call.objects.get(provider_call_id="one").status == Status.COMPLETED
    assert rung(bell, "three", password="guessed").status_code == 403
    assert json.loads(rung(bell, "one").content) == {"sorry": bell.fallback}


def test_the_pages_know_it(exchange: Exchange, client: Client, bell: Connection) -> None:
    client.force_login(exchange.cast.ana)

    def shown(name: str, *arguments: Any, **asked: str) -> str:
        return client.get(reverse(name, args=arguments), asked).text

    assert "Reads the prompt out." in shown("connections.add", exchange.cast.project.pk)
    assert "Password" in shown("connections.add", exchange.cast.project.pk, provider="bell")
    assert path(bell) in shown("connections.show", bell.pk)
