"""The bot over HTTP: Slack's requests, acknowledged from threads, and whether the bot is alive and ready."""

import asyncio
import hashlib
import hmac
import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

from cachetools import TTLCache
from slack_bolt import App, BoltRequest, BoltResponse
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from bot.server.worker_pool import Precedence

log = logging.getLogger(__name__)

LARGEST = 1_000_000  # bytes of a request
SHORT = 1_000  # bytes of what is looked at unsigned
SLOWEST = 10  # seconds for a body to arrive
TLS_CHECK = b"ssl_check=1"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
PATHS = ("/slack/events", "/slack/commands", "/slack/interactive")


@dataclass
class Rejected(Exception):  # noqa: N818 -- named for what happened
    """A request that is not taken: the status to answer, and why."""

    status: int
    why: str


class RefusalLog:
    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._count: Counter[str] = Counter()
        self._speak_at = 0.0

    def note(self, why: str) -> bool:
        """Counts one; says what was counted when nothing was said for a minute, and then returns True."""
        with self._mutex:
            self._count[why] += 1
            if time.monotonic() < self._speak_at:
                return False
            self._speak_at = time.monotonic() + EVERY
            counted, self._count = self._count, Counter()
        log.warning("requests refused", extra={why.replace(" ", "_"): n for why, n in counted.items()})
        return True


class SignatureFinding(Enum):
    GENUINE = "genuine"
    FORGED = "forged"
    STALE = "stale"
    REPLAYED = "replayed"


class SignatureVerifier:
    """Slack's signing, version 0: HMAC-SHA256 over `v0:timestamp:body`. A signature is good once."""

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        self._secret = secret.encode()
        self._now = now
        self._mutex = threading.Lock()
        # a timestamp may be as far ahead as behind
        self._seen: TTLCache[bytes, None] = TTLCache(MAX_SIGNATURES, 2 * WINDOW, now)

    def glance(self, timestamp: str, signature: str) -> SignatureFinding | None:
        """What to think of a request by its headers; None: that depends on its body, which is worth reading."""
        if not _SECONDS.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signature):
            return SignatureFinding.FORGED
        return SignatureFinding.STALE if self._is_stale(timestamp) else None

    def judge(self, timestamp: str, signature: str, body: bytes) -> SignatureFinding:
        """What to think of a request; a genuine one is remembered. Never raises, whatever the headers hold."""
        if not _SECONDS.fullmatch(timestamp):
            return SignatureFinding.FORGED
        expected = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
        given = signature.encode("utf-8", "replace")
        if not hmac.compare_digest(b"v0=" + expected.hexdigest().encode(), given):
            return SignatureFinding.FORGED
        if self._is_stale(timestamp):
            return SignatureFinding.STALE
        return SignatureFinding.GENUINE if self._is_new(expected.digest()) else SignatureFinding.REPLAYED

    def forget(self, timestamp: str, body: bytes) -> None:
        """Lets a request come again that could not be worked on."""
        digest = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).digest()
        with self._mutex:
            self._seen.pop(digest, None)

    def _is_stale(self, timestamp: str) -> bool:
        return abs(self._now() - int(timestamp)) > WINDOW

    def _is_new(self, digest: bytes) -> bool:
        with self._mutex:
            if digest in self._seen:
                return False
            self._seen[digest] = None
            return True


@dataclass(frozen=True)
class EventsEndpoint:
    """Where Slack's requests come in."""

    app: App
    signatures: SignatureVerifier
    dispatchers: Executor  # threads in which Bolt waits for acknowledgements
    new_incident: Callable[[], str]
    precedence: Precedence = field(default_factory=lambda: Precedence(1))
    refusals: RefusalLog = field(default_factory=RefusalLog)
    observe: Callable[[Mapping[str, Any], float], None] = lambda _body, _seconds: (
        None
    )  # what was acknowledged, and when

    async def __call__(self, request: Request) -> Response:
        try:
            return await self._take(request)
        except Rejected as refusal:
            self.refusals.note(refusal.why)
            return JSONResponse({"error": refusal.why}, refusal.status)

    async def _take(self, request: Request) -> Response:
        """What costs least comes first, and nothing is parsed of what Slack did not sign."""
        if _looks_at_tls(request):
            return Response()
        kind = _announced(request)
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        signature = request.headers.get("x-slack-signature", "")
        if not signature and await _asks_only_for_tls(request):
            return Response()
        glance = self.signatures.glance(timestamp, signature)
        if glance is not None:
            raise Rejected(401, f"{glance.value} request")
        body = await _body(request, LARGEST)
        finding = self.signatures.judge(timestamp, signature, body)
        if finding is SignatureFinding.REPLAYED and "x-slack-retry-num" in request.headers:
            return Response()  # Slack tried again within the second, and the first try is being worked on
        if finding is not SignatureFinding.GENUINE:
            raise Rejected(401, f"{finding.value} request")
        if TLS_CHECK in body.split(b"&"):
            return Response()
        return await self._dispatch(request, kind, body, timestamp)

    async def _dispatch(self, request: Request, kind: str, body: bytes, timestamp: str) -> Response:
        names = ("x-slack-retry-num", "x-slack-retry-reason")
        again = {name: request.headers[name] for name in names if name in request.headers}

        began = time.monotonic()

        def dispatch() -> BoltResponse:
            bolt_request = _bolt_request(kind, body, again)
            try:
                return self.app.dispatch(bolt_request)
            finally:
                self.observe(bolt_request.body, time.monotonic() - began)

        with self.precedence.acknowledging():
            return await self._answer(dispatch, body, timestamp)

    async def _answer(self, dispatch: Callable[[], BoltResponse], body: bytes, timestamp: str) -> Response:
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self.dispatchers, dispatch)
        except Rejected:
            raise
        except Exception:
            self.signatures.forget(timestamp, body)
            log.exception("a request could not be dispatched", extra={"incident": self.new_incident()})
            return JSONResponse({"error": "internal error"}, 500)
        return _response(answer)


def _looks_at_tls(request: Request) -> bool:
    """Slack's unsigned look at the certificate, by its address: it is answered, and nothing else happens."""
    query: bytes = request.scope["query_string"]
    return request.method == "GET" and len(query) <= SHORT and TLS_CHECK in query.split(b"&")


async def _asks_only_for_tls(request: Request) -> bool:
    """Tells whether a POST only looks at the certificate, by its body, which is short."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > SHORT:
        return False
    return TLS_CHECK in (await _body(request, SHORT)).split(b"&")


def _announced(request: Request) -> str:
    """The kind of the body, of a request whose headers are those of one of Slack's."""
    if request.method != "POST":
        raise Rejected(405, "not a POST")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST:
        raise Rejected(413, "too large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {FORM, JSON}:
        raise Rejected(415, "neither a form nor JSON")
    return kind


async def _body(request: Request, largest: int) -> bytes:
    parts, size = [], 0
    try:
        async with asyncio.timeout(SLOWEST):
            async for part in request.stream():
                parts.append(part)
                size += len(part)
                if size > largest:
                    raise Rejected(413, "too large")
    except TimeoutError as error:
        raise Rejected(408, "too slow") from error
    except ClientDisconnect as error:
        raise Rejected(400, "hung up") from error
    return b"".join(parts)


def _bolt_request(kind: str, body: bytes, again: dict[str, str]) -> BoltRequest:
    """The request with the headers Bolt may see: any other is not signed, and some would steer it."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Rejected(400, "not UTF-8") from error
    try:
        return BoltRequest(body=_checked(kind, text), headers={"content-type": kind, **again})
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise Rejected(400, "malformed") from error


def _checked(kind: str, text: str) -> str:
    """The body, known to hold an object; and with no word in it that Bolt would take for an interaction."""
    document = text
    if kind == FORM:
        fields = dict(parse_qsl(text, keep_blank_values=True))
        if "payload" not in fields:
            # Bolt looks for the word anywhere, and would drop a command about a run called "payload".
            return text.replace("payload", "%70ayload")
        document = fields["payload"]
    if not isinstance(json.loads(document), dict):
        raise TypeError("not an object")
    return text


def _response(answer: BoltResponse) -> Response:
    return Response(answer.body, answer.status, headers=answer.first_headers_without_set_cookie())


def site(
    door: EventsEndpoint | None,
    reasons: Callable[[], dict[str, str]],
    metrics: ASGIApp | None = None,
    more: Iterable[BaseRoute] = (),
) -> Starlette:
    """The routes. `reasons`: each thing the bot needs, and why it is not ready ("" when it is)."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(_request: Request) -> Response:
        found = reasons()
        ready = not any(found.values())
        body = {"ready": ready, "checks": {name: why or "ok" for name, why in found.items()}}
        return JSONResponse(body, 200 if ready else 503)

    routes: list[BaseRoute] = [Route("/healthz", healthz), Route("/readyz", readyz), *more]
    if door is not None:
        routes += [Route(path, door.__call__, methods=["GET", "POST"]) for path in PATHS]
    if metrics is not None:
        routes.append(Mount("/metrics", metrics))
    return Starlette(routes=routes)


# Whether a request is Slack's: its signature, its age, and that it was not seen before.


WINDOW = 300  # seconds a signature is good for
MAX_SIGNATURES = 1_000_000  # remembered; far more than Slack sends in that time
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


# Refused requests in the log: counted, a line a minute, so that scanners cannot fill it.


EVERY = 60  # seconds
