"""A bad network, as a proxy between the browser and the server: it delays, drops, loses answers and goes away.

It also remembers what the server came to hold, and when, since nothing reaches the server but through it.
"""

import asyncio
import random
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

type Fields = list[tuple[str, str]]
"""What a form holds, in a fixed order, without what says who sends it."""

LONGEST_DELAY = 3.0
DROPPED_BEFORE, DROPPED_AFTER, UNAVAILABLE = 0.10, 0.05, 0.05

_BASE = re.compile(rb'name="base"[^>]* value="[^".]+\.(\d+)\.')
_ABOUT_THE_PAGE = {"csrfmiddlewaretoken", "owner", "base", "client", "sequence"}
_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Held:
    """What the server holds from some moment between `sent` and `known` on (seconds since the epoch)."""

    fields: Fields
    sent: float
    known: float


@dataclass(frozen=True)
class Message:
    """A request, read whole."""

    head: bytes
    body: bytes

    @property
    def is_save(self) -> bool:
        """Whether it is an autosave: the faults are for those."""
        return self.head.startswith(b"POST ") and b"/draft/edit/ " in self.head.split(b"\r\n", 1)[0]


@dataclass
class FlakyNetwork:
    """The proxy. `offline` cuts every connection; the rest of what it does to a save is drawn from the seed."""

    upstream: int
    dice: random.Random
    port: int = 0
    offline: bool = False
    held: dict[int, Held] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @property
    def url(self) -> str:
        """Where the browser finds the server, through this network."""
        return f"http://127.0.0.1:{self.port}"

    def go_offline(self) -> None:
        """Cut what is open; what the server was already told, it may still do."""
        self.offline = True
        self._loop.call_soon_threadsafe(self._cut)

    def go_online(self) -> None:
        """Take connections again."""
        self.offline = False

    def quiet(self) -> bool:
        """Whether nothing is on its way any more."""
        return not self._tasks

    def _cut(self) -> None:
        for writer in list(self._open):
            writer.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser's, with the requests that come over it."""
        self._open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while not self.offline:
                message = await _read(reader)
                if not (self.offline or await self._carry(message, writer)):
                    break
        self._open.discard(writer)
        writer.close()

    async def _carry(self, message: Message, writer: asyncio.StreamWriter) -> bool:
        """Take a request there and its answer back; whether the connection is still good."""
        if not message.is_save:
            return await _answer(writer, await self._ask(message))
        luck, delay = self.dice.random(), self.dice.uniform(0, LONGEST_DELAY)
        there = self.dice.uniform(0, delay)
        if luck < DROPPED_BEFORE:
            self.faults.append("dropped before")
            await asyncio.sleep(there)
            return False
        if luck < DROPPED_BEFORE + DROPPED_AFTER:
            self.faults.append("dropped after")
            # The browser gives up first, and what it sent arrives all the same, perhaps after what it sends next.
            self._later(self._arrive_late(message, delay))
            await asyncio.sleep(there / 2)
            return False
        await asyncio.sleep(there)
        if luck < DROPPED_BEFORE + DROPPED_AFTER + UNAVAILABLE:
            self.faults.append("unavailable")
            return await _answer(writer, _REFUSED)
        # Once it left, it arrives, even if the browser's side is cut meanwhile.
        answer = await asyncio.shield(self._later(self._ask(message)))
        await asyncio.sleep(delay - there)
        return await _answer(writer, answer)

    async def _arrive_late(self, message: Message, delay: float) -> None:
        await asyncio.sleep(delay)
        await self._ask(message)

    def _later[T](self, deed: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task: asyncio.Task[Any] = asyncio.ensure_future(deed)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ask(self, message: Message) -> bytes:
        """The server's answer; what a save left it holding is remembered."""
        sent = time.time()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        writer.write(
            re.sub(rb"(?im)^connection:.*\r\n", b"", message.head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        )
        writer.write(message.body)
        answer = await reader.read()
        writer.close()
        if message.is_save and answer.startswith(b"HTTP/1.1 200") and (base := _BASE.search(answer)):
            self.held.setdefault(int(base[1]), Held(fields(parse(message.body)), sent, time.time()))
        return re.sub(rb"(?im)^connection:.*\r\n", b"", answer, count=1)


def parse(body: bytes) -> Fields:
    """The fields of a posted form."""
    return parse_qsl(body.decode(), keep_blank_values=True)


def fields(sent: Fields) -> Fields:
    """The fields that people type into, comparable: sorted, with one kind of line break."""
    typed = [(name, text.replace("\r\n", "\n")) for name, text in sent if name not in _ABOUT_THE_PAGE]
    return sorted(typed)


async def _read(reader: asyncio.StreamReader) -> Message:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return Message(head, await reader.readexactly(int(length[1])) if length else b"")


async def _answer(writer: asyncio.StreamWriter, answer: bytes) -> bool:
    writer.write(answer)
    await writer.drain()
    return True


@contextmanager
def flaky(upstream: int, seed: int) -> Iterator[FlakyNetwork]:
    """A flaky network before the server at a local port, for as long as the block lasts."""
    network = FlakyNetwork(upstream, random.Random(seed))
    loop = network._loop
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(
        asyncio.start_server(network._meet, "127.0.0.1", 0, limit=2**24), loop
    ).result()
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        asyncio.run_coroutine_threadsafe(_close(server, network), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close(server: asyncio.Server, network: FlakyNetwork) -> None:
    server.close()
    network._cut()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await asyncio.wait(others, timeout=LONGEST_DELAY + 2) if others else None
