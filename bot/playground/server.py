"""The stand-in as one ASGI application: Web API, response URLs, Socket Mode, and the page.

It answers programs of this machine and the page itself, no page of another origin. Loopback alone keeps nobody out:
whatever page is open in a browser of this machine can send requests there, and a name of its own that it has point to
loopback (DNS rebinding) would make it the same origin.
"""

import asyncio
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import (
    FileResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.playground.context import ApiError, Context, ResponseUrl
from bot.playground.events import EventDelivery, Sockets
from bot.playground.faults import FaultKind
from bot.playground.limits import measure
from bot.playground.schema import parse_json
from bot.playground.user_actions import UserActions
from bot.playground.web_api import API_OK, ApiResponse, as_slack, call_method, content_of, failure, is_true
from bot.playground.workspace import BOT_USER, Call, Message, View, Workspace, with_values

HangUp = Callable[[Request], None]
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.ASCII | re.IGNORECASE)
WRONG_HOST, FOREIGN = 400, 403  # HTTP statuses
CLOSED = 4403  # code of a WebSocket
_OWN = ("", "same-origin", "none")  # what a browser says of its own accord; programs say nothing


def build(
    context: Context, sockets: Sockets, hang_up: HangUp, pages: list[BaseRoute], others: Sequence[Context] = ()
) -> Starlette:
    """The site for programs of this machine and the page itself. `hang_up` ends a connection without an answer.

    `others` are workspaces beside the one that the page shows; it may grow.
    """

    async def call(request: Request) -> Response:
        about = request.headers.get("content-type", ""), request.headers.get("authorization", "")
        body = await request.body() or request.url.query.encode()
        result = await call_method(context, request.path_params["method"], (body, *about))
        return send(request, result)

    async def respond(request: Request) -> Response:
        token = request.path_params["token"]
        whose = next((each for each in others if each.tickets.knows_url(token)), context)
        return send(request, await answer(whose, token, await request.body()))

    async def upload(request: Request) -> Response:
        is_taken = context.files.receive(request.path_params["token"], await request.body())
        return PlainTextResponse("OK" if is_taken else "no such upload", 200 if is_taken else 400)

    async def show_file(request: Request) -> Response:
        file = context.files.known.get(request.path_params["file"])
        if file is None or not file.is_complete:
            return Response(status_code=404)
        headers = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
        if not file.mimetype:  # no picture: it is downloaded, never shown as a page
            headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(file.content, media_type=file.mimetype or "application/octet-stream", headers=headers)

    def send(request: Request, result: ApiResponse) -> Response:
        if result.body is None:
            hang_up(request)
            return Response()
        if isinstance(result.body, str):
            return PlainTextResponse(result.body, result.status, result.headers)
        return JSONResponse(result.body, result.status, result.headers)

    return Starlette(
        routes=[
            Route("/api/{method}", call, methods=["POST", "GET"]),
            Route("/oauth/v2/authorize", _agreeing(context)),
            Route("/response/{token}", respond, methods=["POST"]),
            Route("/upload/{token}", upload, methods=["POST"]),
            Route("/files/{file}", show_file),
            WebSocketRoute("/socket", sockets.serve),
            *pages,
        ],
        middleware=[Middleware(OwnOrigin)],
    )


def _agreeing(context: Context) -> Callable[[Request], Any]:
    """Whoever visits it agrees at once to install the app in the workspace that is named, or in ours."""

    async def agree(request: Request) -> Response:
        parameters = dict(request.query_params)
        try:
            return RedirectResponse(
                context.oauth.agree(parameters, parameters.get("team") or context.workspace.team), 302
            )
        except LookupError as refused:
            return PlainTextResponse(str(refused), BAD_REQUEST)

    return agree


# An ASGI application on loopback in a thread, that can end a connection without an answer.


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


# The page: its files, what it shows, what is done on it.


FILES = Path(__file__).parent / "page"
LOOK_EVERY = 0.05
HEARTBEAT = 15.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: http://127.0.0.1:* http://localhost:*; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
NOT_FOUND, WRONG_KIND, BAD_REQUEST = 404, 415, 400
Asked = dict[str, Any]


class Pages:
    def __init__(self, context: Context, people: UserActions, sockets: Sockets) -> None:
        self._context = context
        self._people = people
        self._sockets = sockets

    def routes(self) -> list[BaseRoute]:
        """The page and what it asks."""
        doings: dict[str, Callable[[Asked], Any]] = {
            "say": self._say,
            "use": self._use,
            "submit": self._submit,
            "close": self._close,
            "options": self._options,
            "home": self._home,
            "fault": self._fault,
            "calm": self._calm,
        }
        inner = Starlette(
            routes=[
                Route("/", self._index),
                Route("/archives/{rest:path}", self._index),
                Route("/page/state", self._state),
                Route("/page/message", self._message),
                Route("/page/call", self._call),
                Route("/page/live", self._live),
                *(Route(f"/page/{name}", _doing(act), methods=["POST"]) for name, act in doings.items()),
                Route("/page/{name}", self._file),
            ]
        )
        return [Mount("/", inner)]

    async def _index(self, _request: Request) -> Response:
        return FileResponse(FILES / "index.html", headers=HEADERS)

    async def _file(self, request: Request) -> Response:
        path = FILES / str(request.path_params["name"])
        if path.parent != FILES or path.suffix not in (".css", ".js", ".svg") or not path.is_file():
            return Response(status_code=NOT_FOUND)
        return FileResponse(path, headers=HEADERS)

    async def _state(self, request: Request) -> Response:
        user = request.query_params.get("as") or "U0MAYA"
        if user not in self._context.workspace.users:
            return Response(status_code=NOT_FOUND)
        return JSONResponse(snapshot(self._context, self._sockets, user), headers=HEADERS)

    async def _message(self, request: Request) -> Response:
        message = self._found(dict(request.query_params))
        details = message_details(message) if isinstance(message, Message) else None
        return JSONResponse(details, headers=HEADERS) if details else Response(status_code=NOT_FOUND)

    async def _call(self, request: Request) -> Response:
        number = request.query_params.get("number", "")
        details = call_details(self._context.workspace, int(number)) if number.isdecimal() else None
        return JSONResponse(details, headers=HEADERS) if details else Response(status_code=NOT_FOUND)

    async def _live(self, _request: Request) -> Response:
        headers = {**HEADERS, "cache-control": "no-store"}
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers=headers)

    async def _changes(self) -> AsyncIterator[str]:
        """The version each time it changes, and a sign of life in between."""
        workspace, sent, silent = self._context.workspace, "", 0.0
        while not workspace.is_closing:
            now = f"{workspace.version}.{self._sockets.count}.{len(self._context.faults.active)}"
            if now != sent:
                yield f"data: {now}\n\n"
                sent, silent = now, 0.0
            elif silent > HEARTBEAT:
                yield ": still here\n\n"
                silent = 0.0
            await asyncio.sleep(LOOK_EVERY)
            silent += LOOK_EVERY

    def _say(self, query: Asked) -> Any:
        text, channel, user = str(query["text"]).strip(), str(query["channel"]), str(query["user"])
        thread = str(query.get("thread_ts") or "")
        if not text.startswith("/"):
            return _told(*self._people.message(text, channel=channel, user=user, thread_ts=thread)[1])
        command, _, rest = text.partition(" ")
        if thread:
            return {"error": f"{command} is not supported in threads. Mention @mlcompare instead."}
        return _told(self._people.command(command, rest.strip(), channel=channel, user=user))

    def _use(self, query: Asked) -> Any:
        source = self._found(query)
        if isinstance(source, View):
            return _told(self._people.press_in_view(self._filled(source, query), query["action"], query["user"]))
        if isinstance(source, Message):
            return _told(self._people.press(source, query["action"], query["user"]))
        return {"error": "message_not_found"}

    def _submit(self, query: Asked) -> Any:
        view = self._found(query)
        if not isinstance(view, View):
            return {"error": "view_not_found"}
        delivery = self._people.submit(self._filled(view, query), query["user"])
        answer = delivery.answer if delivery.was_taken else {}
        return {**_told(delivery), "errors": answer.get("errors") or {}}

    def _close(self, query: Asked) -> Any:
        view = self._found(query)
        delivery = self._people.close_view(view, query["user"]) if isinstance(view, View) else None
        return _told(delivery) if delivery else {"error": ""}

    def _options(self, query: Asked) -> Any:
        source = self._found(query)
        if source is None:
            return {"error": "message_not_found"}
        if isinstance(source, View):
            source = self._filled(source, query)
        delivery = self._people.options(source, query["asking"], query["user"])
        return {**_told(delivery), **(delivery.answer if delivery.was_taken else {})}

    def _home(self, query: Asked) -> Any:
        return _told(*self._people.open_home(query["user"]))

    def _fault(self, query: Asked) -> Any:
        details: Asked = {
            name: query[name] for name in ("method", "left", "seconds", "status", "error") if name in query
        }
        if query.get("blocks"):
            details["blocks"] = frozenset(query["blocks"])
        return self._context.faults.add(FaultKind(query["kind"]), **details).as_json()

    def _calm(self, query: Asked) -> Any:
        if "id" in query:
            self._context.faults.remove(int(query["id"]))
        else:
            self._context.faults.clear()
        self._context.on_calm()
        return {"error": ""}

    def _found(self, query: Asked) -> Message | View | None:
        if query.get("view"):
            return self._context.workspace.views.get(str(query["view"]))
        return self._context.workspace.find(str(query.get("channel")), str(query.get("ts")))

    def _filled(self, view: View, query: Asked) -> View:
        return with_values(self._context.workspace, view, query.get("values") or {})


def _doing(act: Callable[[Asked], Any]) -> Callable[[Request], Any]:
    """JSON in, JSON out, in a thread: it waits for the bot. Other sites cannot send JSON here unasked."""

    async def serve(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return Response(status_code=WRONG_KIND)
        try:
            query = json.loads(await request.body())
            return JSONResponse(await asyncio.to_thread(act, query), headers=HEADERS)
        except (ValueError, LookupError, TypeError) as wrong:
            return JSONResponse({"error": str(wrong)}, BAD_REQUEST, HEADERS)

    return serve


def _told(*deliveries: EventDelivery) -> dict[str, Any]:
    """How the bot took it, in the end: `error` is "" when it did."""
    if not deliveries:
        return {"error": ""}
    return {"error": deliveries[-1].error, "status": deliveries[-1].status, "seconds": deliveries[-1].seconds}


# What the page shows, as JSON: the workspace as one person sees it, and what a message or a call is made of.


CALLS_SHOWN = 100
OK = 200


def snapshot(context: Context, sockets: Sockets, user: str) -> dict[str, Any]:
    workspace = context.workspace
    with workspace.changed:
        top = workspace.views[workspace.open_views[-1]] if workspace.open_views else None
        home = workspace.home.get(user)
        return {
            "team": workspace.team,
            "me": user,
            "bot": BOT_USER,
            "users": {
                person.id: {"name": person.name, "real_name": person.real_name, "is_bot": person.is_bot}
                for person in workspace.users.values()
            },
            "channels": [as_slack(room) for room in workspace.channels.values() if user in room.members],
            "messages": [_seen(message) for message in workspace.everything() if message.only_to in ("", user)],
            "view": top.as_slack() if top and top.user == user else None,
            "home": home.as_slack() if home else None,
            "reactions": workspace.reactions,
            "faults": [fault.as_json() for fault in context.faults.active],
            "calls": _calls(workspace),
            "connection": "socket" if sockets.count else "http" if context.bot_url else "",
            "commands": sorted(context.installation.commands),
            "examples": context.examples,
        }


def message_details(message: Message) -> dict[str, Any]:
    """The message as Slack has it, and how near it is to each limit."""
    return {"message": message.as_slack(with_metadata=True), "figures": measure(message.text, list(message.blocks))}


def call_details(workspace: Workspace, number: int) -> dict[str, Any] | None:
    with workspace.changed:
        if number >= len(workspace.calls):
            return None
        call = workspace.calls[number]
    return {"method": call.method, "arguments": call.arguments, "status": call.status, "answer": call.answer}


def _seen(message: Message) -> dict[str, Any]:
    return {
        **message.as_slack(),
        "channel": message.channel,
        "ephemeral": message.is_ephemeral,
        "command": message.command,
        "by_slack": message.by_slack,
        "broadcast": message.broadcast,
    }


def _calls(workspace: Workspace) -> list[dict[str, Any]]:
    first = max(0, len(workspace.calls) - CALLS_SHOWN)
    return [
        {
            "number": first + at,
            "method": call.method,
            "at": call.at,
            "status": call.status,
            "error": (call.answer or {}).get("error", "") if call.answer is not None else _unsaid(call.status),
            "problems": (call.answer or {}).get("errors", []),
        }
        for at, call in enumerate(workspace.calls[first:])
    ]


def _unsaid(status: int) -> str:
    """Why there is no answer in JSON: a response_url answers "ok", a fault answers HTML or nothing."""
    return "" if status == OK else f"HTTP {status}" if status else "connection ended"


# Answers by response_url: five in thirty minutes, to all or to the asker, new or in place of the message.


NAME = "response_url"
BAD_PAYLOAD, GONE = 400, 404


async def answer(context: Context, token: str, body: bytes) -> ApiResponse:
    """The response to one post, recorded as a call of `response_url`."""
    try:
        arguments = parse_json(body or b"{}")
    except ValueError:
        arguments = None
    response = failure(context, NAME)
    if response is None:
        slow = context.faults.take(FaultKind.SLOW, NAME)
        if slow:
            await asyncio.sleep(slow.seconds)
        response = _perform(context, token, arguments)
        if context.faults.take(FaultKind.ANSWER_LOST, NAME):
            response = ApiResponse(response.status, None)
    body_object = response.body if isinstance(response.body, dict) else None
    shown = arguments if isinstance(arguments, dict) else {}
    context.workspace.record(Call(NAME, shown, context.workspace.clock(), response.status, body_object))
    return response


def _perform(context: Context, token: str, arguments: Any) -> ApiResponse:
    if not isinstance(arguments, dict):
        return ApiResponse(BAD_PAYLOAD, "invalid_payload")
    url, error = context.tickets.use_url(token)
    if url is None:
        return ApiResponse(GONE, {"ok": False, "error": error})
    try:
        respond(context, url, arguments)
    except ApiError as refused:
        return ApiResponse(BAD_PAYLOAD, str(refused))
    return ApiResponse(API_OK, "ok")


def respond(context: Context, url: ResponseUrl, arguments: dict[str, Any]) -> None:
    """Do what was answered. Raises ApiError when Slack would refuse it."""
    original = context.workspace.find(url.channel, url.message_ts) if url.message_ts else None
    if is_true(arguments.get("delete_original")):
        if original:
            context.workspace.edit(original, deleted=True)
        return
    content = content_of(context, arguments)
    if original and _replaces(arguments):
        context.workspace.edit(original, **content)
        return
    in_channel = arguments.get("response_type") == "in_channel"
    thread = str(arguments.get("thread_ts") or (url.thread_ts if not in_channel else ""))
    context.workspace.put(
        Message(
            context.workspace.new_ts(),
            url.channel,
            BOT_USER,
            **content,
            thread_ts=thread,
            only_to="" if in_channel else url.user,
            metadata=arguments.get("metadata") or {} if in_channel else {},
        )
    )


def _replaces(arguments: dict[str, Any]) -> bool:
    """Tells whether an answer replaces its message; unasked, one to a button does unless it says to whom it is."""
    wanted = arguments.get("replace_original")
    return is_true(wanted) if wanted is not None else "response_type" not in arguments


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
