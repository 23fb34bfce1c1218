"""The stand-in as one ASGI application: Web API, response URLs, Socket Mode, and the page."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from bot.playground import response_urls, web_api
from bot.playground.desk import Desk
from bot.playground.origins import OwnOrigin
from bot.playground.sockets import Sockets

HangUp = Callable[[Request], None]


def build(desk: Desk, sockets: Sockets, hang_up: HangUp, pages: list[BaseRoute]) -> Starlette:
    """For programs of this machine and the page itself. `hang_up` ends a request's connection without an answer."""

    async def call(request: Request) -> Response:
        about = request.headers.get("content-type", ""), request.headers.get("authorization", "")
        body = await request.body() or request.url.query.encode()
        result = await web_api.answer(desk, request.path_params["method"], (body, *about))
        return send(request, result)

    async def respond(request: Request) -> Response:
        return send(request, await response_urls.answer(desk, request.path_params["token"], await request.body()))

    def send(request: Request, result: web_api.Response) -> Response:
        if result.body is None:
            hang_up(request)
            return Response()
        if isinstance(result.body, str):
            return PlainTextResponse(result.body, result.status, result.headers)
        return JSONResponse(result.body, result.status, result.headers)

    return Starlette(
        routes=[
            Route("/api/{method}", call, methods=["POST", "GET"]),
            Route("/response/{token}", respond, methods=["POST"]),
            WebSocketRoute("/socket", sockets.serve),
            *pages,
        ],
        middleware=[Middleware(OwnOrigin)],
    )
