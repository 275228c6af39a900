"""The wire between a server and its PostgreSQL, which can be cut, frozen and mended."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

SOCKET = ".s.PGSQL.5432"


class Wire:
    """Hands bytes on in both directions, as long as it is whole."""

    def __init__(self, here: Path, there: Path) -> None:
        """From the socket that is made here to the server's."""
        self._here, self._there = here, there
        self._ends: list[socket.socket] = []
        self._flows = threading.Event()
        self._listener: socket.socket | None = None

    def mend(self) -> None:
        """Let through what comes, and whoever dials."""
        self._flows.set()
        if self._listener is None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self._here))
            self._here.chmod(0o777)
            self._listener.listen(100)
            threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def freeze(self) -> None:
        """Let nothing through, and tell nobody."""
        self._flows.clear()

    def cut(self) -> None:
        """Hang up on everybody, and let nobody dial."""
        listener, self._listener = self._listener, None
        if listener:
            self._here.unlink()
            listener.close()
        for end in self._ends:
            _hang_up(end)
        self._ends.clear()
        self._flows.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._there))
            self._ends += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=[source, target], daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while some := source.recv(65_536):
                self._flows.wait()
                target.sendall(some)
        _hang_up(source)
        _hang_up(target)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def laid(url: str) -> Iterator[tuple[Wire, str]]:
    """A wire to the PostgreSQL at this DATABASE_URL, and the DATABASE_URL at its other end."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    with TemporaryDirectory(prefix="wire-") as directory:
        Path(directory).chmod(0o755)
        wire = Wire(Path(directory) / SOCKET, Path(query["host"]) / SOCKET)
        wire.mend()
        told = urlencode(query | {"host": directory}, quote_via=quote, safe="")
        try:
            yield wire, parts._replace(query=told).geturl()
        finally:
            wire.cut()
