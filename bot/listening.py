"""The web server: a socket bound before anything else, and uvicorn on it in a thread, so that signals stay ours."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import click
from starlette.types import ASGIApp

from bot.refusals import Refusals

if TYPE_CHECKING:
    from bot.connections import Limits

log = logging.getLogger(__name__)

BACKLOG = 2048  # connections that wait in the system to be taken
BUFFER = 131_072  # bytes that the system may hold for a connection, each way; it would hold megabytes
AT_ONCE = 64  # of them taken before any other work goes on
STARTS_WITHIN = 10  # seconds
KEPT_ALIVE = 75  # seconds; longer than the proxies in front, so that they close first


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; a ClickException that says what to do when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for each in (socket.SO_RCVBUF, socket.SO_SNDBUF):  # those of its connections are as its own
        listening.setsockopt(socket.SOL_SOCKET, each, BUFFER)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        problem = f"Cannot listen on {host} port {port}: {error.strerror or error}."
        raise click.ClickException(f"{problem} Choose another with PORT, or MLCOMPARE_HOST.") from error
    return listening


def address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def serve_site(
    site: ASGIApp, listening: socket.socket, refusals: Refusals | None = None, limits: "Limits | None" = None
) -> Callable[[float], None]:
    """Serves until what is returned is called: with the seconds to wait for what is under way."""
    import uvicorn

    from bot.connections import Crowd, Guarded, Limits

    told = refusals or Refusals()
    crowd = Crowd(_possible(limits or Limits()), told.note)
    config = uvicorn.Config(
        site,
        http=cast("type[asyncio.Protocol]", partial(Guarded, crowd)),
        log_config=None,
        log_level="error",  # what strangers send wrong is counted, not told one by one
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing depends on who calls: Slack signs
        lifespan="off",
        ws="none",
        backlog=AT_ONCE,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEPT_ALIVE,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        asyncio.get_running_loop().set_exception_handler(partial(_note, told))
        await server.serve([listening])

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="web", daemon=True)
    thread.start()
    until = time.monotonic() + STARTS_WITHIN
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)
    # asyncio takes as many connections in one go as it tells the system to keep waiting, and each costs a descriptor
    # before it can be counted; so it was told few, and the system is told now.
    listening.listen(BACKLOG)

    def stop(seconds: float) -> None:
        server.should_exit = True
        thread.join(seconds)

    return stop


def _possible(limits: "Limits") -> "Limits":
    """The limits, with fewer connections where the system gives this process few descriptors."""
    try:
        import resource
    except ImportError:  # not on Windows, where there is no such limit
        return limits
    descriptors, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=max(1, min(limits.connections, descriptors // 3)))


def _note(refusals: Refusals, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What went wrong with a connection, and with none of its requests: counted, since anybody can cause it."""
    if refusals.note("failed connections"):
        log.error("a connection failed: %s", context.get("message"), exc_info=context.get("exception"))
