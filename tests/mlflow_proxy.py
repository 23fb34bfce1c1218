"""A small HTTP proxy in front of a real `mlflow server`: counts what is asked, makes it slow, and breaks it.

One thread and an event loop: hundreds of requests can wait in it at once, and it costs little beside what is measured.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import pytest

from tests.mlflow_server import MlflowServer

GIVES_UP = 60.0  # seconds for what is bound to happen
_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Asked:
    """One request; times by time.perf_counter(), `answered` is 0.0 until it was."""

    method: str
    target: str
    arrived: float
    answered: float = 0.0
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Fault:
    """What is answered in place of MLflow. `hangs_up`: "at once", or in the "middle" of a good answer.

    `only`: for requests whose target holds this; all others reach MLflow. `once`: for the first of them.
    """

    status: int = 200
    body: str = ""
    content_type: str = "text/html"
    hangs_up: str = ""
    only: str = ""
    once: bool = False


class MlflowProxy:
    """`delay` holds every answer back for so many seconds; `fault` replaces it; `requests` are those since `reset`."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mlflow-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._idle: list[_Connection] = []
        self._open: set[asyncio.StreamWriter] = set()
        self._taken: list[asyncio.WriteTransport] = []  # of all connections that came in
        self._serving: set[asyncio.Task[None]] = set()
        self.port = 0
        self.delay = 0.0
        self.fault: Fault | None = None
        self.requests: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.accept()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GIVES_UP)
        self._loop.close()

    def reset(self) -> None:
        """All is well again, and nothing has been asked."""
        self.delay, self.fault, self.requests = 0.0, None, []

    def accept(self) -> None:
        """Listen, at the same port as before."""
        self._run(self._listen())

    def refuse(self) -> None:
        """Stop listening, as a server that is down, and cut all connections."""
        self._run(self._close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(GIVES_UP)

    async def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._take, sock=listener, backlog=1_024)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _end(self) -> None:
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for transport in (*self._taken, *(writer.transport for _, writer in self._idle)):
            transport.abort()
        for _ in range(3):  # closing a transport takes the loop some turns
            await asyncio.sleep(0)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Notes the connection at once: its task may be cancelled before it begins."""
        self._open.add(writer)
        self._taken.append(writer.transport)
        serving = self._loop.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _message(reader):
                await self._answer(request, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the other side is gone, or the proxy ends
        finally:
            self._open.discard(writer)
            writer.close()  # gracefully, where it was not cut

    async def _answer(self, request: "_Message", writer: asyncio.StreamWriter) -> None:
        method, target, _ = request.first.split(" ", 2)
        asked = Asked(method, target, time.perf_counter(), headers=request.headers)
        self.requests.append(asked)
        if self.delay:
            await asyncio.sleep(self.delay)
        fault = self.fault if self.fault and self.fault.only in target else None
        if fault and fault.once:
            self.fault = None
        if fault and fault.hangs_up == "at once":
            writer.transport.abort()
            raise ConnectionAbortedError
        whole = _drawn(fault) if fault and not fault.hangs_up else (await self._pass_on(request)).raw
        asked.answered = time.perf_counter()
        writer.write(whole[: len(whole) - 20] if fault and fault.hangs_up else whole)
        await writer.drain()
        if fault and fault.hangs_up:
            writer.close()
            raise ConnectionAbortedError

    async def _pass_on(self, request: "_Message") -> "_Message":
        """The answer of MLflow, over a connection that is kept; one that went stale meanwhile is replaced."""
        while self._idle:
            answer = await self._over(self._idle.pop(), request)
            if answer:
                return answer
        answer = await self._over(await asyncio.open_connection(*self._upstream), request)
        if answer is None:
            raise ConnectionAbortedError
        return answer

    async def _over(self, connection: _Connection, request: "_Message") -> "_Message | None":
        reader, writer = connection
        try:
            writer.write(request.raw)
            await writer.drain()
            answer = await _message(reader)
        except (OSError, EOFError):
            answer = None
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        if answer is None or answer.headers.get("connection", "").lower() == "close":
            writer.close()
        else:
            self._idle.append(connection)
        return answer


@dataclass(frozen=True)
class _Message:
    """An HTTP message as it came, and what is read in its head."""

    first: str
    headers: dict[str, str]
    raw: bytes


async def _message(reader: asyncio.StreamReader) -> _Message | None:
    """The next message of a connection; None when it was closed instead."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return _Message(first, headers, head + body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    read = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        read += line + await reader.readexactly(size + 2)
        if not size:
            return read


def _drawn(fault: Fault) -> bytes:
    body = fault.body.encode()
    head = f"HTTP/1.1 {fault.status} Said\r\ncontent-type: {fault.content_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.fixture
def mlflow_proxy(mlflow_server: MlflowServer):
    """A proxy of its own for each test, in front of the worker's server."""
    with MlflowProxy(mlflow_server.url) as proxy:
        yield proxy
