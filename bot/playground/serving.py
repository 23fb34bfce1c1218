"""An ASGI application on loopback in a thread, that can end a connection without an answer."""

import asyncio
import socket
import threading
from types import TracebackType
from typing import Self, cast

import uvicorn
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

STARTS_WITHIN = 20.0
ENDS_WITHIN = 10.0
LOOPBACK = "127.0.0.1"


class Connections:
    """The open connections by their far end."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def hang_up(self, request: HTTPConnection) -> None:
        client = request.client
        transport = self._open.get((client.host, client.port)) if client else None
        if transport is not None:
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        known = self._open

        class Remembered(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                self._far_end = cast("tuple[str, int]", transport.get_extra_info("peername"))
                known[self._far_end] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                known.pop(self._far_end, None)
                super().connection_lost(exc)

        return Remembered


class Serving:
    """Listens from `with` to its end. The address is known before: the socket is bound at once."""

    def __init__(self, port: int = 0) -> None:
        self.connections = Connections()
        # The protocol is named: asyncio switches off the delay of small packets only where it is.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((LOOPBACK, port))
        except OSError:
            self._socket.close()
            raise
        self.url = f"http://{LOOPBACK}:{self._socket.getsockname()[1]}/"
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp) -> Self:
        config = uvicorn.Config(
            app,
            http=self.connections.protocol(),
            ws="websockets-sansio",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=server.run, args=([self._socket],), name="slack-stand-in", daemon=True)
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(STARTS_WITHIN / 0.01)):
            if server.started:
                return self
            waited.wait(0.01)
        raise TimeoutError("The Slack stand-in did not start.")

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(ENDS_WITHIN)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
