"""The page: its files, what it shows, what is done on it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route

from bot.playground.deliveries import Delivery
from bot.playground.desk import Desk
from bot.playground.faults import Kind
from bot.playground.people import People
from bot.playground.showing import call_details, message_details, snapshot
from bot.playground.sockets import Sockets
from bot.playground.state import Message, View, with_values

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
NOT_FOUND, WRONG_KIND, BAD = 404, 415, 400
Asked = dict[str, Any]


class Pages:
    def __init__(self, desk: Desk, people: People, sockets: Sockets) -> None:
        self._desk = desk
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
        if user not in self._desk.workspace.users:
            return Response(status_code=NOT_FOUND)
        return JSONResponse(snapshot(self._desk, self._sockets, user), headers=HEADERS)

    async def _message(self, request: Request) -> Response:
        message = self._found(dict(request.query_params))
        details = message_details(message) if isinstance(message, Message) else None
        return JSONResponse(details, headers=HEADERS) if details else Response(status_code=NOT_FOUND)

    async def _call(self, request: Request) -> Response:
        number = request.query_params.get("number", "")
        details = call_details(self._desk.workspace, int(number)) if number.isdecimal() else None
        return JSONResponse(details, headers=HEADERS) if details else Response(status_code=NOT_FOUND)

    async def _live(self, _request: Request) -> Response:
        headers = {**HEADERS, "cache-control": "no-store"}
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers=headers)

    async def _changes(self) -> AsyncIterator[str]:
        """The version each time it changes, and a sign of life in between."""
        workspace, told, silent = self._desk.workspace, "", 0.0
        while not workspace.is_closing:
            now = f"{workspace.version}.{self._sockets.count}.{len(self._desk.faults.active)}"
            if now != told:
                yield f"data: {now}\n\n"
                told, silent = now, 0.0
            elif silent > HEARTBEAT:
                yield ": still here\n\n"
                silent = 0.0
            await asyncio.sleep(LOOK_EVERY)
            silent += LOOK_EVERY

    def _say(self, asked: Asked) -> Any:
        text, channel, user = str(asked["text"]).strip(), str(asked["channel"]), str(asked["user"])
        thread = str(asked.get("thread_ts") or "")
        if not text.startswith("/"):
            return _told(*self._people.message(text, channel=channel, user=user, thread_ts=thread)[1])
        command, _, rest = text.partition(" ")
        if thread:
            return {"error": f"{command} is not supported in threads. Mention @mlcompare instead."}
        return _told(self._people.command(command, rest.strip(), channel=channel, user=user))

    def _use(self, asked: Asked) -> Any:
        source = self._found(asked)
        if isinstance(source, View):
            return _told(self._people.press_in_view(self._filled(source, asked), asked["action"], asked["user"]))
        if isinstance(source, Message):
            return _told(self._people.press(source, asked["action"], asked["user"]))
        return {"error": "message_not_found"}

    def _submit(self, asked: Asked) -> Any:
        view = self._found(asked)
        if not isinstance(view, View):
            return {"error": "view_not_found"}
        delivery = self._people.submit(self._filled(view, asked), asked["user"])
        answer = delivery.answer if delivery.was_taken else {}
        return {**_told(delivery), "errors": answer.get("errors") or {}}

    def _close(self, asked: Asked) -> Any:
        view = self._found(asked)
        delivery = self._people.close_view(view, asked["user"]) if isinstance(view, View) else None
        return _told(delivery) if delivery else {"error": ""}

    def _options(self, asked: Asked) -> Any:
        source = self._found(asked)
        if source is None:
            return {"error": "message_not_found"}
        if isinstance(source, View):
            source = self._filled(source, asked)
        delivery = self._people.options(source, asked["asking"], asked["user"])
        return {**_told(delivery), **(delivery.answer if delivery.was_taken else {})}

    def _home(self, asked: Asked) -> Any:
        return _told(*self._people.open_home(asked["user"]))

    def _fault(self, asked: Asked) -> Any:
        details: Asked = {
            name: asked[name] for name in ("method", "left", "seconds", "status", "error") if name in asked
        }
        if asked.get("blocks"):
            details["blocks"] = frozenset(asked["blocks"])
        return self._desk.faults.add(Kind(asked["kind"]), **details).as_json()

    def _calm(self, asked: Asked) -> Any:
        if "id" in asked:
            self._desk.faults.remove(int(asked["id"]))
        else:
            self._desk.faults.clear()
        return {"error": ""}

    def _found(self, asked: Asked) -> Message | View | None:
        if asked.get("view"):
            return self._desk.workspace.views.get(str(asked["view"]))
        return self._desk.workspace.find(str(asked.get("channel")), str(asked.get("ts")))

    def _filled(self, view: View, asked: Asked) -> View:
        return with_values(self._desk.workspace, view, asked.get("values") or {})


def _doing(act: Callable[[Asked], Any]) -> Callable[[Request], Any]:
    """JSON in, JSON out, in a thread: it waits for the bot. Other sites cannot send JSON here unasked."""

    async def serve(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return Response(status_code=WRONG_KIND)
        try:
            asked = json.loads(await request.body())
            return JSONResponse(await asyncio.to_thread(act, asked), headers=HEADERS)
        except (ValueError, LookupError, TypeError) as wrong:
            return JSONResponse({"error": str(wrong)}, BAD, HEADERS)

    return serve


def _told(*deliveries: Delivery) -> dict[str, Any]:
    """How the bot took it, in the end: `error` is "" when it did."""
    if not deliveries:
        return {"error": ""}
    return {"error": deliveries[-1].error, "status": deliveries[-1].status, "seconds": deliveries[-1].seconds}
