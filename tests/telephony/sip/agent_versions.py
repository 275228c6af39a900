"""Kamailio asks Agent Versions who answers a call, and sends the caller on to what speaks. kamailio.cfg loads it.

It needs four environment variables: ROUTE_URL, EVENTS_URL and SIGNING_SECRET from the page of a connection of the kind
"Generic webhook", and WORKER, the SIP address of what speaks, such as `worker.example.com:5060`. A fifth, PATIENCE,
is optional: the seconds that a caller waits, 1.8 when unset. The server answers within 1.5, whatever its database does.

An INVITE becomes a 302 to the worker, which asks with the same Call-ID and gets the same version's configuration; or
a refusal: 404 where nobody has the number, else 480, with the connection's sentence as a Warning; 503 where nobody can
be asked. A BYE or CANCEL that comes by ends the call. It stays unanswered until its report has arrived, so that SIP's
own retries repeat both. Where it doesn't come by, since the caller and the worker talk directly, the worker reports it.
"""

import hashlib
import hmac
import json
import os
import time
from base64 import b64decode, b64encode
from typing import Any
from urllib.request import Request, urlopen

import KSR  # type: ignore[import-not-found] # Kamailio's own: it is there inside Kamailio

ROUTE_URL, EVENTS_URL, WORKER = (os.environ[name] for name in ("ROUTE_URL", "EVENTS_URL", "WORKER"))
SECRET = b64decode(os.environ["SIGNING_SECRET"].removeprefix("whsec_"))
ENDS = {"BYE": "completed", "CANCEL": "canceled"}
NOBODYS = ("unknown_number", "number_unassigned")
PATIENCE = float(os.environ.get("PATIENCE") or "1.8")


def mod_init() -> "Proxy":
    """Kamailio asks for this once, then each of its processes has the Proxy to itself."""
    return Proxy()


class Proxy:
    """What Kamailio calls."""

    def child_init(self, _rank: int) -> int:
        """Nothing to prepare."""
        return 0

    def ksr_request_route(self, _message: object) -> int:
        """Answer a SIP request."""
        method = KSR.pv.get("$rm")
        if method == "INVITE" and KSR.tm.t_newtran() > 0:  # 0: sent again, and being answered
            ring()
        elif method in ENDS:
            hang_up(method)
        elif method == "ACK":
            KSR.tm.t_check_trans()
        elif method == "OPTIONS":
            reply(200, "OK")
        elif method != "INVITE":
            reply(405, "Method Not Allowed")
        return 1


def ring() -> None:
    """Ask who answers, and tell the caller."""
    try:
        number, caller = KSR.pv.gete("$rU"), KSR.pv.gete("$fU")
        answer(tell(ROUTE_URL, "call.incoming", {"to": number, "from": caller, "direction": "inbound"}))
    except Exception as problem:  # noqa: BLE001 - who calls must hear something, whatever went wrong
        KSR.err(f"Nobody could be asked who answers: {problem}\n")
        reply(503, "Service Unavailable", "Retry-After: 5")


def answer(said: Any) -> None:
    """Send the caller to the worker; or where the refusal says, or away."""
    if "version" in said:
        number = said["version"]["number"]
        redirect(f"sip:{said['agent']['id']}@{WORKER};version={number}", f"X-Agent-Version: {number}")
        return
    refusal = said["refusal"]
    why = f"X-Agent-Refusal: {refusal['reason']}"
    if "transfer" in refusal:
        redirect(f"tel:{refusal['transfer']}", why)
    elif refusal["reason"] in NOBODYS:
        reply(404, "Not Found", why, warning(refusal["say"]))
    else:
        reply(480, "Temporarily Unavailable", why, warning(refusal["say"]))


def hang_up(method: str) -> None:
    """Report the call's end."""
    try:
        reason = KSR.pv.gete("$hdr(Reason)") or method
        tell(EVENTS_URL, "call.ended", {"status": ENDS[method], "reason": reason})
    except Exception as problem:  # noqa: BLE001 - silence is what makes the phone say it again
        KSR.err(f"A call's end could not be reported yet: {problem}\n")
    else:
        reply(200, "OK")


def tell(address: str, kind: str, data: dict[str, str]) -> Any:
    """Post a message about the call as Standard Webhooks says; returns the answer."""
    call_id, now = KSR.pv.get("$ci"), int(time.time())
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    body = json.dumps({"type": kind, "timestamp": stamp, "data": {"call_id": call_id, **data}})
    # What is sent again is the same message.
    message = "msg_" + hashlib.sha256(f"{kind} {call_id}".encode()).hexdigest()
    seal = b64encode(hmac.digest(SECRET, f"{message}.{now}.{body}".encode(), "sha256")).decode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{seal}",
    }
    with urlopen(Request(address, body.encode(), headers), timeout=PATIENCE) as heard:  # noqa: S310 - the server's
        return json.loads(heard.read() or "null")


def warning(text: str) -> str:
    """The header that holds a text for people: quoted, and on one line."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"')
    return f'Warning: 399 agent-versions "{line}"'


def redirect(where: str, header: str) -> None:
    """Send the caller elsewhere: Kamailio makes the Contact."""
    KSR.pv.sets("$ru", where)
    reply(302, "Moved Temporarily", header)


def reply(code: int, phrase: str, *headers: str) -> None:
    """Answer the SIP request."""
    for header in headers:
        KSR.hdr.append_to_reply(f"{header}\r\n")
    KSR.sl.send_reply(code, phrase)
