"""Workspaces that come and go: how one installs the app, what it needs then, and what becomes of it when it leaves."""

import asyncio
import html
import logging
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from slack_bolt import Ack, App, BoltRequest, BoltResponse
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
from slack_sdk.oauth.token_rotation import TokenRotator
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.commands.manifest import LINKS, SCOPES, unfurl_domain
from bot.settings import Settings
from bot.store.database import (
    answers,
    capabilities,
    comparisons,
    default_changes,
    defaults,
    installations,
    message_runs,
    messages,
    organisation_teams,
    turns,
    watch_changes,
    watches,
)
from bot.store.installations import KEPT, StoredInstallations, StoredStates, TokenCipher
from bot.workspaces.tokens import WorkspaceClients, WorkspaceTokens, WorkspaceWebClient
from handlers.services import Allowance
from handlers.stores import WatchStore
from handlers.utterance import Payload, mapping, mappings, string, team

log = logging.getLogger(__name__)


# How a workspace installs the app: `/slack/install` leads to Slack, which leads back to `/slack/oauth_redirect`.
#
# The steps are Bolt's (OAuthFlow). What differs is where state and tokens are kept, that only workspaces of the
# settings may install, and that what people read on the way says what to do next.


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
    bolt_request = BoltRequest(body="", query=request.url.query, headers={"cookie": request.headers.get("cookie", "")})
    try:
        answer = act(bolt_request)
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


# What becomes of a workspace that takes the app out: its tokens go at once, its watches rest, the rest goes in time.
#
# Whoever installs the app again within the time has everything back; afterwards nothing of the workspace is there.


UNINSTALLED, REVOKED = "app_uninstalled", "tokens_revoked"
SHUT_OUT, LET_IN = "team_access_revoked", "team_access_granted"  # some workspaces of an organisation that has the app
WHY = "the app was taken out of this workspace"  # as watches keep it
_BY_WORKSPACE = (watches, watch_changes, defaults, default_changes, comparisons, answers, messages)


@dataclass(frozen=True, slots=True)
class Departure:
    """The end of an installation: the app was taken out of a workspace or of some of an organisation, as Slack tells.

    `workspaces` are ids; `at` is in seconds since the epoch, 0 where Slack does not say.
    """

    workspaces: tuple[str, ...]
    at: int
    is_partial: bool = False  # the organisation goes on using it, these workspaces do not


class Departures:
    """Every method raises what the database raises. `now` is aware, `forget_tokens` has all be read anew."""

    def __init__(
        self,
        engine: Engine,
        installations: StoredInstallations,
        watches_: WatchStore,
        now: Callable[[], datetime],
        forget_tokens: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._installations = installations
        self._watches = watches_
        self._now = now
        self._forget_tokens = forget_tokens

    def leave(self, departure: Departure) -> None:
        """The app was taken out. What is told late, of before it was installed anew, changes nothing."""
        for workspace in departure.workspaces:
            self._leave(workspace, departure)
        self._forget_tokens()

    def arrive(self, installation: Installation) -> None:
        """The app was installed, or installed again: what rested since goes on."""
        is_all = bool(installation.is_enterprise_install)
        place = str((installation.enterprise_id if is_all else installation.team_id) or "")
        self._wake({place, *(self._installations.teams_of(place) if is_all else ())}, installation.user_id or "")

    def let_in(self, workspaces: Iterable[str]) -> None:
        """An organisation that has the app lets it into some of its workspaces again."""
        places = set(workspaces)
        for each in places:
            self._installations.set_team(each, removed_at=0)
        self._wake(places, "")

    def erase_old(self) -> list[str]:
        """Erases what is left of workspaces that took the app out long ago; their ids."""
        gone = [
            each
            for each in self._installations.left_before(self._at() - KEPT)
            if self._installations.bot_of(each) is None
        ]
        if gone:
            self.erase(gone)
            log.warning("erased what was left of workspaces", extra={"workspaces": ", ".join(gone)})
        return gone

    def erase(self, workspaces: Iterable[str]) -> None:
        """Everything that is stored of these workspaces, in one transaction. What was posted stays in Slack."""
        gone = list(workspaces)
        theirs = select(messages.c.id).where(messages.c.workspace.in_(gone))
        with self._engine.begin() as connection:
            connection.execute(delete(message_runs).where(message_runs.c.message_id.in_(theirs)))
            for table in _BY_WORKSPACE:
                connection.execute(delete(table).where(table.c.workspace.in_(gone)))
            connection.execute(delete(capabilities).where(capabilities.c.team.in_(gone)))
            for each in gone:
                connection.execute(delete(turns).where(turns.c.place.startswith(f"{each}:", autoescape=True)))
            connection.execute(delete(organisation_teams).where(organisation_teams.c.team_id.in_(gone)))
            connection.execute(delete(installations).where(installations.c.id.in_(gone)))
        self._forget_tokens()

    def _leave(self, workspace: str, departure: Departure) -> None:
        installed = self._installations.of(workspace)
        if installed is None or departure.is_partial:
            self._installations.set_team(workspace, removed_at=self._at())
            places = [workspace]
        elif installed.installed_at > departure.at > 0:
            log.info("told late that the app was taken out: it was installed again", extra={"workspace": workspace})
            return
        else:
            self._installations.remove(workspace)
            places = [workspace, *(self._installations.teams_of(workspace) if installed.is_enterprise else ())]
        resting = {each for each in places if self._installations.bot_of(each) is None}
        log.warning("the app was taken out", extra={"workspace": workspace})
        for each in self._watches.every():
            if each.workspace in resting and not each.is_paused:
                self._watches.pause(each.id, by="", at=self._at(), why=WHY)

    def _wake(self, places: Collection[str], by: str) -> None:
        for each in self._watches.every():
            if each.workspace in places and each.is_paused and (each.paused_by, each.paused_why) == ("", WHY):
                self._watches.resume(each.id, by=by, at=self._at())
        self._forget_tokens()

    def _at(self) -> int:
        return int(self._now().timestamp())


def register_departures(app: App, departures: Departures) -> None:
    """Listens to Slack saying that the app is taken out of a workspace, or let in again.

    The two come in any order, each perhaps again and again; where the work fails Slack is left to tell it again.
    """

    def put_departures(context: dict[str, Any], next_: Callable[[], Any]) -> None:
        context["departures"] = departures
        next_()

    app.use(put_departures)
    for name in (UNINSTALLED, REVOKED, SHUT_OUT):
        app.event(name)(on_departure)
    app.event(LET_IN)(on_let_in)


def on_departure(ack: Ack, body: dict[str, Any], departures: Departures) -> None:
    """Acknowledged once it is done."""
    gone = departure(body)
    if gone is not None:
        departures.leave(gone)
    ack()


def on_let_in(ack: Ack, event: dict[str, Any], departures: Departures) -> None:
    departures.let_in(_teams(event))
    ack()


def departure(body: Payload) -> Departure | None:
    """Who is left; None where nobody is: revoked were tokens of people alone."""
    event = mapping(body, "event")
    at = body.get("event_time")
    when = at if isinstance(at, int) else 0
    if string(event, "type") == SHUT_OUT:
        return Departure(_teams(event), when, is_partial=True)
    if string(event, "type") == REVOKED and not mapping(event, "tokens").get("bot"):
        return None
    granted = next(iter(mappings(body.get("authorizations"))), {})
    is_of_organisation = (granted or body).get("is_enterprise_install") is True
    company = string(granted, "enterprise_id") or string(body, "enterprise_id")
    place = company if is_of_organisation and company else team(body)
    return Departure((place,), when) if place else None


def _teams(event: Payload) -> tuple[str, ...]:
    ids = event.get("team_ids")
    return tuple(each for each in ids if isinstance(each, str)) if isinstance(ids, list) else ()


# What several workspaces need beside what one does, put together from the settings. Nothing is asked yet.


@dataclass(frozen=True)
class Workspaces:
    """Everything that is of a workspace, by its id, and the way in and out."""

    installations: StoredInstallations
    tokens: WorkspaceTokens
    client: WorkspaceWebClient  # of no workspace; those of workspaces are made from it
    clients: WorkspaceClients
    departures: Departures
    flow: OAuthFlow
    authorize: InstalledAuthorize

    def is_installed(self, workspace: str) -> bool | None:
        """False where the app was taken out, None where it has not been installed yet or cannot be used for now.

        Raises what the database raises where nothing is known.
        """
        if self.tokens.bot(workspace) is not None:
            return True
        return False if self.installations.has_left(workspace) else None

    def ids_of(self, workspace: str) -> frozenset[str]:
        """The workspace and the organisation it is of, for telling who is of another one."""
        bot = self.tokens.bot(workspace)
        organisation = bot.enterprise_id if bot is not None else None
        return frozenset(filter(None, (workspace, organisation)))

    def tend(self) -> None:
        """What is due now and then: tokens that end soon, keys that were changed, what is to be erased.

        Raises what the database raises. Several processes may do it at once.
        """
        self.installations.renew_encryption()
        self.tokens.rotate_early()
        self.departures.erase_old()


def workspaces_of(
    settings: Settings, engine: Engine, client: WorkspaceWebClient, watches: WatchStore, now: Callable[[], datetime]
) -> Workspaces:
    """`client` has no token of its own: it asks for tokens, and those of workspaces are made from it."""
    secret = settings.slack_client_secret.get_secret_value()
    installations = StoredInstallations(engine, TokenCipher(settings.keys), now)
    tokens = WorkspaceTokens(
        installations,
        TokenRotator(client_id=settings.slack_client_id, client_secret=secret, client=client),
        settings.may_install,
        lambda: now().timestamp(),
        time.monotonic,
    )
    client.renewed = tokens.renewed
    departures = Departures(engine, installations, watches, now, tokens.forget)

    def revoke(token: str) -> object:
        return client.auth_revoke(token=token)

    flow = install_flow(
        client,
        client_id=settings.slack_client_id,
        client_secret=secret,
        public_url=settings.public_url,
        api_url=settings.slack_api_url,
        scopes=wanted_scopes(settings),
        command=settings.command,
        installations=AdmittedInstallations(installations, settings.may_install, revoke, departures.arrive),
        states=StoredStates(engine, now, STATE_SECONDS),
    )
    clients = WorkspaceClients(client, tokens.token)
    return Workspaces(installations, tokens, client, clients, departures, flow, InstalledAuthorize(tokens))


def wanted_scopes(settings: Settings) -> tuple[str, ...]:
    """Scopes that whoever installs is asked for: those of the manifest, without what was added there by hand."""
    links = LINKS if unfurl_domain(settings.ui_url)[0] else ()
    return (*SCOPES, *links, *settings.more_scopes)
