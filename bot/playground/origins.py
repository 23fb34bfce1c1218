"""Who may ask the stand-in anything: programs of this machine, and the page itself; no page of another origin.

Loopback alone keeps nobody out: whatever page is open in a browser of this machine can send requests there, and a name
of its own that it has point to loopback (DNS rebinding) would make it the same origin.
"""

import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.ASCII | re.IGNORECASE)
WRONG_HOST, FOREIGN = 400, 403
CLOSED = 4403
_OWN = ("", "same-origin", "none")  # what a browser says of its own accord; programs say nothing


class OwnOrigin:
    """Middleware over every path, those of the Web API and of sockets too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        status, why = refusal(Headers(scope=scope), str(scope["path"]))
        if not status:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": CLOSED, "reason": why})  # before it is accepted: HTTP 403
        else:
            await PlainTextResponse(why, status)(scope, receive, send)


def refusal(headers: Headers, path: str) -> tuple[int, str]:
    """The status and why; 0 for what may be asked."""
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        return WRONG_HOST, "This is only to be asked as 127.0.0.1 or localhost."
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
        return FOREIGN, "Another page asks for this."
    if headers.get("sec-fetch-site", "") not in _OWN and not _is_visit(headers, path):
        return FOREIGN, "Another page asks for this."
    return 0, ""


def _is_visit(headers: Headers, path: str) -> bool:
    """A link to the page that somebody followed: what opens shows itself to them alone."""
    opens = headers.get("sec-fetch-mode", "") == "navigate" and headers.get("sec-fetch-dest", "") == "document"
    return opens and (path == "/" or path.startswith("/archives/"))
