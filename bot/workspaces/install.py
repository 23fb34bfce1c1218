"""How a workspace installs the app: `/slack/install` leads to Slack, which leads back to `/slack/oauth_redirect`.

The steps are Bolt's (OAuthFlow). What differs is where state and tokens are kept, that only workspaces of the settings
may install, and that what people read on the way says what to do next.
"""

import asyncio
import html
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from slack_bolt import BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.authorize import Authorize
from slack_bolt.context import BoltContext
from slack_bolt.error import BoltError
from slack_bolt.oauth import OAuthFlow
from slack_bolt.oauth.callback_options import CallbackOptions, FailureArgs, SuccessArgs
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.oauth import InstallationStore
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.store.installations import StoredInstallations, StoredStates
from bot.workspaces.tokens import WorkspaceTokens
from handlers.services import Allowance

log = logging.getLogger(__name__)

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
STATE_SECONDS = 600  # for somebody to read what Slack asks, and to agree
LONGEST = 4_000  # characters of what stands behind the ?
THREADS = 4
A_SECOND, AT_ONCE = 5.0, 50  # visits of all who install; each writes a row
PAGE_HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",  # the address holds a code
    "x-content-type-options": "nosniff",
}
_AGAIN = "Begin anew"
_NOT_TAKEN = {  # by Bolt's reasons: what happened
    "access_denied": "It was not installed: you did not agree. Nothing was kept.",
    "invalid_browser": "This did not begin in this browser, or cookies are switched off. Nothing was kept.",
    "invalid_state": "This took too long, or was used before. Nothing was kept.",
    "missing_code": "Slack did not say that somebody agreed. Nothing was kept.",
    "invalid_code": "Slack did not take this. Nothing was kept.",
}
_UNKNOWN = "Slack says that it was not installed. Nothing was kept."


class NotInstalled(BoltError):  # noqa: N818 -- named for what happened
    """A sentence for whoever installs; its kind of error is Bolt's, which shows it as a failure."""


class NotAdmitted(NotInstalled):
    """The settings do not name the workspace."""


class AdmittedInstallations(InstallationStore):
    """The installations, of workspaces that the settings name; the token of any other is revoked and forgotten."""

    def __init__(
        self,
        installations: StoredInstallations,
        may_install: Callable[[str | None, str | None], bool],
        revoke: Callable[[str], object],
        on_installed: Callable[[Installation], None],
    ) -> None:
        self._installations = installations
        self._may_install = may_install
        self._revoke = revoke
        self._on_installed = on_installed

    @property
    def logger(self) -> logging.Logger:
        return log

    def save(self, installation: Installation) -> None:
        place = installation.team_id or installation.enterprise_id or "an unknown workspace"
        if not self._may_install(installation.team_id, installation.enterprise_id):
            self._turn_away(installation, place)
        try:
            self._installations.save(installation)
            self._on_installed(installation)
        except (SQLAlchemyError, OSError) as error:
            log.exception("an installation in %s could not be kept", place)
            raise NotInstalled("My database does not answer. Please begin anew in a minute.") from error
        log.info("installed", extra={"workspace": place, "by": installation.user_id})

    def _turn_away(self, installation: Installation, place: str) -> None:
        log.warning("not installed: MLCOMPARE_WORKSPACES does not name it", extra={"workspace": place})
        try:
            self._revoke(installation.bot_token or "")
        except Exception as error:  # noqa: BLE001 -- it is not kept in any case
            log.warning("a token could not be revoked", extra={"workspace": place, "reason": error})
        raise NotAdmitted(
            f"{place} is not among the workspaces that may install me. "
            "Whoever runs me can let it in (MLCOMPARE_WORKSPACES)."
        )


class InstalledAuthorize(Authorize):
    """Bolt's question of who the bot is where a request comes from."""

    def __init__(self, tokens: WorkspaceTokens) -> None:
        self._tokens = tokens

    def __call__(  # noqa: PLR0913 -- as Bolt asks
        self,
        *,
        context: BoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,  # noqa: ARG002 -- as Bolt asks
        actor_enterprise_id: str | None = None,  # noqa: ARG002 -- as Bolt asks
        actor_team_id: str | None = None,  # noqa: ARG002 -- as Bolt asks
        actor_user_id: str | None = None,  # noqa: ARG002 -- as Bolt asks
    ) -> AuthorizeResult | None:
        return self._tokens.authorize(context, enterprise_id, team_id)


def install_flow(  # noqa: PLR0913 -- one for each thing of the settings
    client: WebClient,
    *,
    client_id: str,
    client_secret: str,
    public_url: str,
    api_url: str,
    scopes: tuple[str, ...],
    command: str,
    installations: InstallationStore,
    states: StoredStates,
) -> OAuthFlow:
    """Bolt's flow on our stores."""
    pages = _Pages(public_url, command)
    settings = OAuthSettings(
        client_id=client_id,
        client_secret=client_secret,
        scopes=scopes,
        user_scopes=(),
        redirect_uri=f"{public_url}{REDIRECT}",
        install_path=INSTALL,
        install_page_rendering_enabled=False,
        redirect_uri_path=REDIRECT,
        callback_options=CallbackOptions(success=pages.installed, failure=pages.not_installed),
        authorization_url=authorization_url(api_url),
        installation_store=installations,
        installation_store_bot_only=True,
        state_store=states,
        state_expiration_seconds=STATE_SECONDS,
        logger=log,
    )
    return OAuthFlow(client=client, logger=log, settings=settings)


def authorization_url(api_url: str) -> str:
    """The page of Slack that asks whether to install, at the same place as its Web API."""
    return f"{api_url.removesuffix('/').removesuffix('/api')}/oauth/v2/authorize"


def install_routes(flow: OAuthFlow, clock: Callable[[], float] = time.monotonic) -> list[BaseRoute]:
    """The two pages, for whoever has their address; `clock` counts the seconds of how many visits are served."""
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="install")
    allowance = Allowance(A_SECOND, AT_ONCE, clock)

    def page(act: Callable[[BoltRequest], BoltResponse]) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            if len(request.url.query) > LONGEST:
                return Response(status_code=414)
            if not allowance.take():
                return _page(503, "Many are installing it at the moment.", "Please try again in a minute.")
            return await asyncio.get_running_loop().run_in_executor(threads, _served, act, request)

        return serve

    return [
        Route(INSTALL, page(flow.handle_installation), methods=["GET"]),
        Route(REDIRECT, page(flow.handle_callback), methods=["GET"]),
    ]


def _served(act: Callable[[BoltRequest], BoltResponse], request: Request) -> Response:
    asked = BoltRequest(body="", query=request.url.query, headers={"cookie": request.headers.get("cookie", "")})
    try:
        answer = act(asked)
    except Exception:
        log.exception("an installation failed")
        return _page(500, "That did not work, and it is not your fault.", "Please begin anew in a minute.")
    made = Response(answer.body, answer.status, headers=answer.first_headers_without_set_cookie() | PAGE_HEADERS)
    for cookie in answer.headers.get("set-cookie", ()):
        made.headers.append("set-cookie", cookie)
    return made


class _Pages:
    """What is read at the end."""

    def __init__(self, public_url: str, command: str) -> None:
        self._again = f"{public_url}{INSTALL}"
        self._command = command

    def installed(self, args: SuccessArgs) -> BoltResponse:
        found = args.installation
        place = (found.enterprise_name if found.is_enterprise_install else found.team_name) or "your workspace"
        todo = f"In Slack, invite it to a channel (type /invite there), and type {self._command} help."
        return _answer(args.settings, 200, f"mlcompare is installed in {place}.", todo)

    def not_installed(self, args: FailureArgs) -> BoltResponse:
        why = str(args.error) if args.reason == "storage_error" else _NOT_TAKEN.get(args.reason, _UNKNOWN)
        log.info("an installation did not succeed: %s", args.reason if args.reason in _NOT_TAKEN else "told by Slack")
        status = 403 if isinstance(args.error, NotAdmitted) else args.suggested_status_code
        return _answer(args.settings, status, why, "", self._again)


def _answer(settings: OAuthSettings, status: int, *words: str) -> BoltResponse:
    made = _page(status, *words)
    forget = settings.state_utils.build_set_cookie_for_deletion()
    return BoltResponse(status=status, body=bytes(made.body).decode(), headers={"set-cookie": [forget]})


def _page(status: int, headline: str, todo: str, again: str = "") -> Response:
    link = f'<p><a href="{html.escape(again)}">{_AGAIN}</a></p>' if urlsplit(again).scheme else ""
    text = (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<title>mlcompare</title><style>body{font:1.1em/1.5 sans-serif;max-width:34em;margin:4em auto;padding:0 1em}"
        f"</style><h1>{html.escape(headline)}</h1><p>{html.escape(todo)}</p>{link}</html>"
    )
    return Response(text, status, headers=PAGE_HEADERS)
