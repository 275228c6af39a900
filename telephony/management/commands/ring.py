"""`manage.py ring +15550001000`: calls a number of ours over HTTP, as its provider would."""

import json
import os
from argparse import ArgumentParser
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from agentversions.refusals import Invalid
from agentversions.sealing import unseal
from telephony import numbers
from telephony.models import Call, Connection, PhoneNumber
from telephony.providers import PROVIDERS
from telephony.rehearsals import Heard, Sent, Unsignable, rehearsal

SECONDS = 15
"""How long an answer may take: the shortest patience of the providers that wait longest."""


class Command(BaseCommand):
    """Rings a running server with a real signature, and says which version answered."""

    help = "Ring a running server as the number's provider would."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The number, and how to ring it."""
        parser.add_argument("number", help="The number to dial, such as +15550001000.")
        parser.add_argument("--from", dest="caller", default="+14155550100", help="Who calls.")
        parser.add_argument("--call-id", default="", help="The provider's id of the call; the same one is a retry.")
        parser.add_argument(
            "--hangup", action="store_true", help="End the call: this one, or the one of --call-id if it has rung."
        )
        parser.add_argument("--provider", default="", choices=["", *PROVIDERS], help="As whom: its only connection.")
        parser.add_argument("--connection", default="", help="The connection's id, to dial a number that isn't in one.")
        parser.add_argument("--url", default=settings.PUBLIC_BASE_URL, help="Where the server listens.")
        parser.add_argument("--json", action="store_true", help="Print JSON, for scripts.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ring, print what came back, and hang up if asked."""
        del args
        connection, dialled = _line(options["number"], options["connection"], options["provider"])
        told = {"call_id": _call_id(connection, options["call_id"]), "caller": options["caller"], "dialled": dialled}
        known = Call.objects.filter(connection=connection, provider_call_id=told["call_id"]).exists()
        try:
            heard = None if known and options["hangup"] else self._ring(connection, options["url"], told)
            if options["hangup"]:
                self._hang_up(connection, options["url"], told)
        except Unsignable as problem:
            raise CommandError(str(problem)) from None
        self._say(heard, told, as_json=options["json"], ended=options["hangup"])

    def _ring(self, connection: Connection, url: str, told: dict[str, str]) -> Heard:
        side = rehearsal(connection.provider)
        path = reverse("telephony.route", args=[connection.provider, connection.pk])
        sent = side.ring(unseal(connection.secrets), _public(url) + path, **told)
        return side.hear(_post(url.rstrip("/") + path, sent))

    def _hang_up(self, connection: Connection, url: str, told: dict[str, str]) -> None:
        side = rehearsal(connection.provider)
        path = reverse("telephony.events", args=[connection.provider, connection.pk])
        signed_url = _public(url) + path
        _post(url.rstrip("/") + path, side.hang_up(unseal(connection.secrets), signed_url, seconds=42, **told))

    def _say(self, heard: Heard | None, told: dict[str, str], *, as_json: bool, ended: bool) -> None:
        if as_json:
            answer = vars(heard) if heard else {}
            self.stdout.write(json.dumps({"provider_call_id": told["call_id"], "ended": ended, **answer}))
            return
        if heard and heard.refusal:
            self.stdout.write(f"{told['dialled']} refused the call. {heard.refusal}")
        elif heard:
            who = _who(heard)
            greeting = f"  “{heard.greeting}”\n" if heard.greeting else ""
            self.stdout.write(f"{told['dialled']} was answered by {who}\n{greeting}  call {heard.call}")
            self.stdout.write(f"  to ring again as the same call: --call-id {told['call_id']}")
        if ended:
            self.stdout.write("The call has ended.")


def _who(heard: Heard) -> str:
    """The agent and the version by their names, which our own records have where the answer hasn't."""
    call = Call.objects.filter(pk=heard.call).first()
    agent, name = (call.agent_name, call.version_name) if call else (heard.agent, "")
    return f"{agent} v{heard.version} “{name}”" if name else f"{agent} v{heard.version}"


def _line(text: str, connection: str, provider: str) -> tuple[Connection, str]:
    """The connection that carries the number; a number that is nobody's needs the connection said, or its provider."""
    if connection:
        try:
            return Connection.objects.get(pk=connection), text
        except (Connection.DoesNotExist, ValidationError):
            raise CommandError("There is no connection with that id. Its page in the dashboard shows it.") from None
    try:
        number = numbers.e164(text)
    except Invalid as problem:
        raise CommandError(str(problem)) from None
    rows = PhoneNumber.objects.select_related("connection").filter(number=number).order_by("pk")
    row = (rows.filter(connection__provider=provider) if provider else rows).first()
    if row is None and provider:
        return _only(provider), number
    if row is None:
        raise CommandError(f"{number} is in no connection. Add it under Phone numbers, or name a --connection.")
    return row.connection, number


def _only(provider: str) -> Connection:
    lines = list(Connection.objects.filter(provider=provider)[:2])
    if len(lines) != 1:
        how_many = "no" if not lines else "more than one"
        cure = "Add one under Connections." if not lines else "Name one with --connection."
        raise CommandError(f"There is {how_many} {PROVIDERS[provider].name} connection. {cure}")
    return lines[0]


def _public(url: str) -> str:
    """The address that the server believes providers call: what the environment says, else where it listens."""
    return settings.PUBLIC_BASE_URL if "PUBLIC_BASE_URL" in os.environ else url.rstrip("/")


def _call_id(connection: Connection, given: str) -> str:
    chosen = given or f"ring-{uuid4().hex[:12]}"
    return rehearsal(connection.provider).call_id(chosen)


def _post(url: str, sent: Sent) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise CommandError("--url must begin with http:// or https://")
    try:
        with urlopen(Request(url, sent.body, sent.headers), timeout=SECONDS) as response:  # noqa: S310 (checked above)
            answer: bytes = response.read()
            return answer
    except HTTPError as error:
        cure = " Is PUBLIC_BASE_URL the same for the server and for this command?" if error.code == 403 else ""  # noqa: PLR2004
        raise CommandError(f"The server answered {error.code} {error.reason}.{cure}") from None
    except (URLError, HTTPException, OSError):
        raise CommandError(f"No server answers at {url}. Start one with ./dev run, or say where with --url.") from None
