"""The token of each workspace: read once in a while, exchanged before it ends, and never asked of Slack again.

Bolt's own authorization for several workspaces asks the database and `auth.test` for every event; what an installation
holds already says who the bot is, so neither is needed. A client takes the token of its workspace at every call.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context import BoltContext
from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation import TokenRotator
from slack_sdk.web import SlackResponse
from sqlalchemy.exc import SQLAlchemyError

from bot.metrics import MeasuredWebClient
from bot.store.installations import StoredInstallations
from handlers.utterance import team

log = logging.getLogger(__name__)

FRESH = 60.0  # seconds for which a token that was read is used before it is read anew
EARLY = 2 * 3600  # seconds before its end at which a token is exchanged; Slack gives it for twelve hours
LAST = 60  # seconds before its end at which it is not used any more
WAITS = (0.1, 0.2, 0.4, 0.8)  # seconds, for another process that exchanges one that has ended
MAX_WORKSPACES = 5_000
MAX_CLIENTS = 1_000
NOT_INSTALLED = "account_inactive"  # what Slack answers to the token of an app that was taken out
ENDED = frozenset({"token_expired", "invalid_auth", "token_revoked"})  # what it answers to one that was exchanged, too


@dataclass(frozen=True, slots=True)
class _KnownBot:
    bot: Bot
    at: float


@dataclass
class WorkspaceTokens:
    """Safe to use from any thread. `now` is in seconds since the epoch, `clock` counts seconds.

    `may_install` tells whether a workspace (or its organisation) may use the app at all, by the settings.
    """

    installations: StoredInstallations
    rotator: TokenRotator
    may_install: Callable[[str | None, str | None], bool]
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    on_forget: Callable[[], None] = lambda: None  # called when who is installed has changed
    _known: LRUCache[tuple[str, str, bool], _KnownBot] = field(init=False)
    _key_of: LRUCache[str, tuple[str, str, bool]] = field(init=False)  # by the token that was given out
    _refused: dict[str, float] = field(init=False, default_factory=dict)  # when Slack refused to exchange a token
    _noted: set[str] = field(init=False, default_factory=set)
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._known = LRUCache(MAX_WORKSPACES)
        self._key_of = LRUCache(2 * MAX_WORKSPACES)

    def authorize(self, context: BoltContext, enterprise_id: str | None, team_id: str | None) -> AuthorizeResult | None:
        """Who the bot is where a request comes from, for Bolt; None where the app is not installed."""
        is_organisation = bool(context.is_enterprise_install) or not team_id
        bot = self.bot(team_id or "", enterprise_id or "", is_organisation=is_organisation)
        if bot is None:
            return None
        return AuthorizeResult(
            enterprise_id=bot.enterprise_id or enterprise_id,
            team_id=team_id,
            bot_id=bot.bot_id,
            bot_user_id=bot.bot_user_id,
            bot_token=bot.bot_token,
            bot_scopes=bot.bot_scopes,
        )

    def note_team(self, body: Mapping[str, Any], context: BoltContext, next_: Callable[[], object]) -> None:
        """Bolt's middleware that remembers which workspaces an organisation's token is for."""
        known, workspace = context.authorize_result, team(body)
        company = known.enterprise_id if known is not None and context.is_enterprise_install else None
        if company and workspace not in {*self._noted, company}:
            self._note(workspace, company)
        next_()

    def token(self, workspace: str) -> str:
        """The token for a workspace or organisation, as everything stored names it; "" where it is not installed."""
        bot = self.bot(workspace)
        return bot.bot_token if bot is not None else ""

    def bot(self, workspace: str, enterprise_id: str = "", *, is_organisation: bool = False) -> Bot | None:
        """The bot of a workspace, else of the organisation that is said or known.

        While the database is away, what was read last. Raises what the database raises where nothing was.
        """
        key = (workspace, enterprise_id, is_organisation)
        with self._mutex:
            known = self._known.get(key)
        if known is None or self.clock() - known.at >= FRESH:
            known = self._look_up(key, known)
        if known is None or not self.may_install(known.bot.team_id or workspace, known.bot.enterprise_id):
            return None
        ends = known.bot.bot_token_expires_at
        before = int(self.now()) + LAST
        bot = self._exchanged(key, known.bot, before) if ends and ends < before else known.bot
        if bot is not None:
            with self._mutex:
                self._key_of[bot.bot_token] = key
        return bot

    def renewed(self, refused: str) -> str:
        """The token to use in place of one that Slack refuses before its stated end; "" where there is none.

        Only tokens that rotate are exchanged, each once; another process may have done so.
        """
        with self._mutex:
            key = self._key_of.get(refused)
        try:
            bot = self._stored(*key) if key is not None else None
        except (SQLAlchemyError, OSError) as error:
            log.warning("the token of a workspace cannot be read", extra={"reason": error})
            return ""
        if key is None or bot is None or not bot.bot_token_expires_at:
            return ""
        if bot.bot_token == refused:
            log.warning("Slack refuses a token before its stated end: it is exchanged", extra={"workspace": key[0]})
            bot = self._exchanged(key, bot, bot.bot_token_expires_at)
        else:
            self._keep(key, bot)
        return bot.bot_token if bot is not None and bot.bot_token != refused else ""

    def forget(self) -> None:
        """Everything is read anew."""
        with self._mutex:
            self._known.clear()
            self._refused.clear()
            self._noted.clear()
        self.on_forget()

    def rotate_early(self) -> None:
        """Exchanges all tokens that end soon, so that no request waits for it. Raises what the database raises."""
        before = int(self.now()) + EARLY
        for key in self.installations.expiring(before):
            self._rotate(key, before)
            self.forget()

    def _look_up(self, key: tuple[str, str, bool], known: _KnownBot | None) -> _KnownBot | None:
        try:
            found = self._stored(*key)
        except (SQLAlchemyError, OSError) as error:
            if known is None:
                raise
            log.warning("the token of a workspace cannot be read: what was read last is used", extra={"reason": error})
            return known
        read = _KnownBot(found, self.clock()) if found is not None else None
        if known is not None and (found is None or found.installed_at != known.bot.installed_at):
            self.on_forget()  # another process heard that it left, or installed it again
        with self._mutex:
            if read is None:
                self._known.pop(key, None)  # who installs it in a second is to be answered then
            else:
                self._known[key] = read
        return read

    def _stored(self, workspace: str, enterprise_id: str, is_organisation: bool) -> Bot | None:  # noqa: FBT001 -- of the key
        if not enterprise_id:
            return self.installations.bot_of(workspace)
        return self.installations.find_bot(
            enterprise_id=enterprise_id, team_id=workspace or None, is_enterprise_install=is_organisation
        )

    def _keep(self, key: tuple[str, str, bool], bot: Bot) -> None:
        with self._mutex:
            self._known[key] = _KnownBot(bot, self.clock())
            self._key_of[bot.bot_token] = key

    def _exchanged(self, key: tuple[str, str, bool], bot: Bot, before: int) -> Bot | None:
        """The bot with another token, where this one ends before a time. Another process is waited for."""
        owner = str(bot.enterprise_id if bot.is_enterprise_install else bot.team_id)
        for pause in (*WAITS, 0.0):
            if self.clock() - self._refused.get(owner, -FRESH) < FRESH:
                break
            found = self._rotate(owner, before, bot.bot_token)
            if found is not None:
                self._keep(key, found)
                return found
            self.sleep(pause)
        return bot  # Slack says that it has ended, and it is tried again with the next request

    def _rotate(self, owner: str, before: int, only: str = "") -> Bot | None:
        """`only`: the token that is exchanged, "" for any."""

        def refresh(bot: Bot) -> Bot | None:
            if only not in {"", bot.bot_token}:
                return None  # another did so meanwhile
            minutes = max(EARLY, before - int(self.now())) // 60 + 1  # that it is due was found out already
            return self.rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=minutes)

        try:
            return self.installations.rotate(owner, before, refresh)
        except SlackTokenRotationError as error:
            self._refused[owner] = self.clock()
            log.error(  # noqa: TRY400 -- the traceback says nothing more
                "the token of %s could not be exchanged (%s): the app has to be installed there again",
                owner,
                error.api_error.response.get("error", ""),
            )
        except (SQLAlchemyError, OSError) as error:
            log.warning("the token of %s cannot be exchanged now", owner, extra={"reason": error})
        return None

    def _note(self, team_id: str, enterprise_id: str) -> None:
        try:
            self.installations.note_team(team_id, enterprise_id)
        except (SQLAlchemyError, OSError) as error:
            log.warning("of which organisation %s is cannot be kept", team_id, extra={"reason": error})
        else:
            self._noted.add(team_id)


class WorkspaceWebClient(MeasuredWebClient):
    """Tokens change: who holds this client need not know. Copies of it go on so.

    A call whose token Slack refuses although its time is not over is made once more, with the one that `renewed` tells.
    """

    current_token: Callable[[], str] | None = None
    renewed: Callable[[str], str] | None = None

    def api_call(self, api_method: str, **given: Any) -> SlackResponse:
        if self.current_token is not None:
            token = self.current_token()
            if not token:
                gone = {"ok": False, "error": NOT_INSTALLED}
                raise SlackApiError("the app is not installed there", gone)  # type: ignore[no-untyped-call]
            self.token = token
        try:
            return super().api_call(api_method, **given)
        except SlackApiError as error:
            newer = self._newer(error)
            if not newer:
                raise
        self.token = newer  # what Slack refused so it has not done
        return super().api_call(api_method, **given)

    def _newer(self, error: SlackApiError) -> str:
        is_ended = str(error.response.get("error", "")) in ENDED
        return self.renewed(self.token) if is_ended and self.renewed is not None and self.token else ""


class WorkspaceClients:
    """Safe to use from any thread. Nothing is asked until a client is used."""

    def __init__(self, template: WorkspaceWebClient, token: Callable[[str], str]) -> None:
        self._template = template
        self._token = token
        self._mutex = threading.Lock()
        self._made: LRUCache[str, WorkspaceWebClient] = LRUCache(MAX_CLIENTS)

    def of(self, workspace: str) -> WorkspaceWebClient:
        with self._mutex:
            found = self._made.get(workspace)
            if found is None:
                found = copy(self._template)
                found.current_token = lambda: self._token(workspace)
                self._made[workspace] = found
            return found
