"""Kamailio with the script that people are given, and sipp as the phones that call it: all on 127.0.0.1."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from uuid import uuid4

from tests.support.sip import program
from tests.telephony.exchange import CALLER, GENERIC_NUMBER, SIGNING_SECRET

HERE = Path(__file__).parent
WORKER = "worker.example.com:5060"
PATIENCE = 60  # seconds until what doesn't come has failed
PING = (
    "OPTIONS sip:kamailio SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKping\r\nFrom: <sip:test>;tag=1\r\n"
    "To: <sip:kamailio>\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)
RECEIVED, LINE = "UDP message received", "-" * 47


class SipError(Exception):
    """Kamailio did not start, or sipp heard what it didn't expect; the message holds what they said."""


@dataclass(frozen=True)
class Heard:
    """What a phone hears of its call at last."""

    status: int
    headers: Message

    @property
    def version(self) -> int:
        """The number of the version that is to answer."""
        return int(self.headers["X-Agent-Version"])


@dataclass(frozen=True)
class Kamailio:
    """A running SIP proxy, and the file it logs to."""

    port: int
    log: Path

    def invite(self, call_id: str, number: str = GENERIC_NUMBER, caller: str = CALLER) -> Heard:
        """Call a number."""
        return self._heard("invite", call_id, number=number, caller=caller)

    def bye(self, call_id: str) -> Heard:
        """Hang up, until that is heard."""
        return self._heard("bye", call_id, number=GENERIC_NUMBER, caller=CALLER)

    def cancel(self, call_id: str) -> Heard:
        """Give up before anyone answers."""
        return self._heard("cancel", call_id, number=GENERIC_NUMBER, caller=CALLER)

    def is_there(self) -> bool:
        """Whether it answers a ping."""
        return _answers(self.port)

    def _heard(self, scenario: str, call_id: str, **told: str) -> Heard:
        trace = self.log.with_name(f"sipp-{uuid4().hex}.log")
        command = [program("sipp") or "sipp", f"127.0.0.1:{self.port}", "-sf", str(HERE / f"{scenario}.xml")]
        command += ["-i", "127.0.0.1", "-bind_local", "-m", "1", "-nostdin", "-skip_rlimit", "-cid_str", call_id]
        command += ["-timeout", str(PATIENCE), "-timeout_error", "-trace_msg", "-message_file", str(trace)]
        for key, value in told.items():
            command += ["-key", key, value]
        done = subprocess.run(  # noqa: S603 - our own command line
            command, cwd=self.log.parent, capture_output=True, text=True, check=False, timeout=2 * PATIENCE
        )
        if done.returncode:
            seen = trace.read_text() if trace.exists() else ""
            raise SipError(f"{done.stdout}{done.stderr}{seen}{self.log.read_text(errors='replace')}")
        return _last(trace.read_text())


def _last(trace: str) -> Heard:
    """The last message that sipp received."""
    message = [part for part in trace.split(LINE) if RECEIVED in part][-1].split("\n\n", 1)[1]
    first, headers = message.split("\n", 1)
    return Heard(int(first.split()[1]), HeaderParser().parsestr(headers))


@contextmanager
def running(directory: Path, route_url: str, events_url: str, patience: str = str(PATIENCE)) -> Iterator[Kamailio]:
    """Kamailio, asking at these addresses, and waiting for so many seconds. Raises SipError when it doesn't answer."""
    log = directory / f"kamailio-{uuid4().hex}.log"
    given = {"ROUTE_URL": route_url, "EVENTS_URL": events_url, "SIGNING_SECRET": SIGNING_SECRET, "WORKER": WORKER}
    given["PATIENCE"] = patience  # of its own only where a story is about it: machines that test are busy
    port, process = _start(log, given)
    try:
        yield Kamailio(port, log)
    finally:
        _stop(process)


def _start(log: Path, environment: dict[str, str]) -> tuple[int, subprocess.Popen[bytes]]:
    # Someone else may take a free port before Kamailio does.
    for _ in range(5):
        port = _free()
        command = [program("kamailio") or "kamailio", "-f", str(HERE / "kamailio.cfg"), "-w", str(HERE)]
        command += ["-l", f"udp:127.0.0.1:{port}", "-m", "64", "-DD", "-E"]
        with log.open("wb") as written:
            process = subprocess.Popen(  # noqa: S603 - our own command line
                command, env=environment, stdin=subprocess.DEVNULL, stdout=written, stderr=written, process_group=0
            )
        try:
            if _answers(port, process):
                return port, process
        except BaseException:
            _stop(process)
            raise
        _stop(process)
    raise SipError(f"Kamailio did not start:\n{log.read_text(errors='replace')}")


def _free() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _answers(port: int, process: subprocess.Popen[bytes] | None = None) -> bool:
    """Whether it comes to answer a ping, as long as it runs."""
    until = time.monotonic() + PATIENCE
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(0.2)
        phone.connect(("127.0.0.1", port))
        while (process is None or process.poll() is None) and time.monotonic() < until:
            try:
                phone.send(PING.format(port=phone.getsockname()[1]).encode())
                return phone.recv(4000).startswith(b"SIP/2.0 200 ")
            except TimeoutError:
                continue
            except ConnectionRefusedError:
                time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its processes with it, whatever they are doing."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
