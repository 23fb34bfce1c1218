"""Connections to the web server: how many there may be, how long each may take, and how much all of them may hold.

uvicorn has no deadline for a request that does not come to its end, and no limit to what such requests hold. Whoever
sends them need not be Slack, so none of them may cost much. Where there are too many, the one ends that has waited
longest, and where too much is held, the one that holds most: Slack's own requests are small and come at once.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD_SIZE = 16_384  # bytes of the headers of one request


@dataclass(frozen=True)
class Limits:
    """What connections may take; times in seconds, sizes in bytes."""

    connections: int = 500
    unfinished: int = 32_000_000  # of all requests that have not come to their end
    chunks: int = 4_000  # of one body; reading tiny ones costs far more than sending them
    head: float = 5.0  # from the first byte of a request, or the connection, to the end of the headers
    body: float = 12.0  # from there to the end of the request
    rest: float = 2.0  # for what still comes of a request that was answered before its end
    rest_size: int = 2_000_000
    unread: float = 10.0  # that an answer waits to be read


class Phase(Enum):
    """Where a connection is with its request."""

    IDLE = "idle"  # between two requests; uvicorn's timeout_keep_alive holds
    HEAD = "head"
    BODY = "body"
    REST = "rest"  # of a body, after the answer
    WORKING = "working"  # the request is here, the answer is not


class OpenConnections:
    """All connections of one server. Used in its event loop alone."""

    def __init__(self, limits: Limits, note: Callable[[str], object]) -> None:
        self.limits = limits
        self.note = note
        self._all: set[GuardedConnection] = set()
        self._waiting: dict[GuardedConnection, None] = {}  # for their far end; who waits longest comes first
        self._held: dict[GuardedConnection, int] = {}
        self._total = 0

    def enter(self, connection: "GuardedConnection") -> None:
        if len(self._all) >= self.limits.connections:
            longest = next(iter(self._waiting), connection)
            longest.end("too many connections")
        self._all.add(connection)

    def leave(self, connection: "GuardedConnection") -> None:
        self._all.discard(connection)
        self._waiting.pop(connection, None)
        self.release(connection)

    def wait(self, connection: "GuardedConnection") -> None:
        """Notes that from now on we wait for its far end."""
        self._waiting.pop(connection, None)
        self._waiting[connection] = None

    def work(self, connection: "GuardedConnection") -> None:
        """Notes that from now on its far end waits for us."""
        self._waiting.pop(connection, None)
        self.release(connection)

    def hold(self, connection: "GuardedConnection", size: int) -> None:
        """Counts so much more of an unfinished request."""
        self._held[connection] = self._held.get(connection, 0) + size
        self._total += size
        while self._total > self.limits.unfinished:
            max(self._held, key=self._held.__getitem__).end("too much at once")

    def release(self, connection: "GuardedConnection") -> None:
        self._total -= self._held.pop(connection, 0)


class _Chunked(h11.Connection):
    """HTTP as h11 reads it, of a body in at most so many pieces."""

    def __init__(self, chunks: int) -> None:
        super().__init__(h11.SERVER, HEAD_SIZE)
        self._most = chunks
        self._pieces = 0

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._pieces += 1
            if self._pieces > self._most:
                raise h11.RemoteProtocolError("too many chunks", error_status_hint=413)
        elif isinstance(event, h11.Request):
            self._pieces = 0
        return event


class GuardedConnection(H11Protocol):
    """A connection, with a deadline for whatever its far end has to do."""

    def __init__(
        self,
        open_connections: OpenConnections,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn = _Chunked(open_connections.limits.chunks)
        self._open_connections = open_connections
        self._at: tuple[Phase, object] | None = None  # and of which request
        self._rest = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._open_connections.enter(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_connections.leave(self)
        self._disarm()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._weigh(len(data))
        if self.transport.is_closing():
            return
        try:
            super().data_received(data)
        except h11.LocalProtocolError:
            self.end("malformed")
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def send_400_response(self, msg: str) -> None:
        """Answers what is no HTTP; does nothing where an answer is under way or was given."""
        self._hang_up()
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.end("malformed")
            return
        self._open_connections.note("malformed")
        super().send_400_response(msg)

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except h11.LocalProtocolError:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self._open_connections.limits.unread, self.end, "not read")

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def end(self, why: str) -> None:
        """Ends the connection at once, without an answer."""
        self._open_connections.note(why)
        self._open_connections.leave(self)
        self._disarm()
        self._hang_up()
        self.transport.abort()

    def _hang_up(self) -> None:
        """Tells whoever works on the request not to answer: the state of the connection no longer lets it."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _weigh(self, size: int) -> None:
        phase = self._phase()
        if phase is Phase.REST:
            self._rest += size
            if self._rest > self._open_connections.limits.rest_size:
                self.end("too large")
        elif phase is not Phase.WORKING:
            self._open_connections.hold(self, size)

    def _look(self) -> None:
        """Where the connection is now, and until when it may be there."""
        at = self._phase(), self.cycle
        if at == self._at or self.transport.is_closing():
            return
        self._at, self._rest = at, 0
        self._disarm()
        limits, phase = self._open_connections.limits, at[0]
        seconds = {Phase.HEAD: limits.head, Phase.BODY: limits.body, Phase.REST: limits.rest}.get(phase)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self.end, "too slow")
        if phase is Phase.WORKING:
            self._open_connections.work(self)
        else:
            self._open_connections.wait(self)
        if phase in {Phase.IDLE, Phase.REST}:
            self._open_connections.release(self)

    def _phase(self) -> Phase:
        theirs = self.conn.their_state
        if theirs is h11.IDLE:
            is_new = self.cycle is None
            return Phase.HEAD if is_new or self.conn.trailing_data[0] else Phase.IDLE
        if theirs is h11.SEND_BODY:
            return Phase.REST if self.cycle.response_complete else Phase.BODY
        return Phase.WORKING

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
