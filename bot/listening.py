"""The web server: a socket bound before anything else, and uvicorn on it in a thread, so that signals stay ours."""

import socket
import threading
import time
from collections.abc import Callable

import click
from starlette.types import ASGIApp

BACKLOG = 2048
STARTS_WITHIN = 10  # seconds
KEPT_ALIVE = 75  # seconds; longer than the proxies in front, so that they close first


def listen(host: str, port: int) -> socket.socket:
    """The socket to serve on; a ClickException that says what to do when it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: 40 ms an answer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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


def serve_site(site: ASGIApp, listening: socket.socket) -> Callable[[float], None]:
    """Serves until what is returned is called: with the seconds to wait for what is under way."""
    import uvicorn

    config = uvicorn.Config(
        site,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        backlog=BACKLOG,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEPT_ALIVE,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
    thread.start()
    until = time.monotonic() + STARTS_WITHIN
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.01)

    def stop(seconds: float) -> None:
        server.should_exit = True
        thread.join(seconds)

    return stop
