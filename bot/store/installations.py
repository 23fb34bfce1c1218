"""Workspaces that installed the app, and their tokens, in the database: slack_sdk's stores, encrypted.

slack_sdk has stores of its own for SQLAlchemy. They keep tokens in clear, in columns too short for encrypted ones, and
make their tables beside Alembic; so these keep the same promises (InstallationStore, OAuthStateStore) on our tables.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from zlib import crc32

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from filelock import FileLock, Timeout
from slack_sdk.oauth import InstallationStore, OAuthStateStore
from slack_sdk.oauth.installation_store import Bot, Installation
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.store.database import installations, oauth_states, organisation_teams, upsert

log = logging.getLogger(__name__)


# Tokens, encrypted with keys of the environment, so that whoever reads the database cannot use them.


@dataclass(frozen=True, slots=True)
class BotTokens:
    """A bot's token, and the one that fetches the next where tokens are rotated; "" where they are not."""

    token: str
    refresh: str = ""

    def __repr__(self) -> str:
        return "BotTokens(…)"


class UnreadableTokens(Exception):  # noqa: N818 -- named for what was found
    """No key that is set opens them, or they are another workspace's."""


class TokenCipher:
    """Encrypts with the first key and reads with all: a key is changed by putting the new one in front."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys: 32 bytes as URL-safe base64. Raises ValueError where there is none, or it is none."""
        self._all = MultiFernet([Fernet(key) for key in keys])
        self._first = Fernet(keys[0])

    def seal(self, owner: str, tokens: BotTokens) -> str:
        """The tokens as text that only the keys open, and only as this workspace's."""
        plain = json.dumps({"owner": owner, "token": tokens.token, "refresh": tokens.refresh})
        return self._all.encrypt(plain.encode()).decode()

    def open(self, owner: str, sealed: str) -> BotTokens:
        """The tokens of a workspace. Raises UnreadableTokens."""
        try:
            content = json.loads(self._all.decrypt(sealed.encode()))
        except InvalidToken as error:
            raise UnreadableTokens from error
        if content["owner"] != owner:  # moved from one row into another
            raise UnreadableTokens
        return BotTokens(content["token"], content["refresh"])

    def renewed(self, sealed: str) -> str | None:
        """The same, encrypted with the first key; None where it is already. Raises UnreadableTokens."""
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            try:
                return self._all.rotate(sealed).decode()
            except InvalidToken as error:
                raise UnreadableTokens from error
        return None


def new_key() -> str:
    """A key that nobody has."""
    return Fernet.generate_key().decode()


# The stores.


KEPT = 30 * 24 * 3600  # seconds after which everything of a workspace is erased that took the app out
ROTATING = 0x6D6C7274  # "mlrt": tells our locks from others in PostgreSQL


@dataclass(frozen=True, slots=True)
class InstalledWorkspace:
    """A workspace, or an organisation with all of its, in which the app is installed or was: without its tokens.

    `removed_at` and `expires_at` are seconds since the epoch, 0 for never.
    """

    id: str
    name: str
    enterprise_id: str
    is_enterprise: bool
    scopes: tuple[str, ...]
    installed_by: str
    installed_at: int
    expires_at: int
    removed_at: int


class StoredInstallations(InstallationStore):
    """One row a workspace or organisation; only what the bot needs is kept, no token of a person.

    Every method raises what the database raises.
    """

    def __init__(self, engine: Engine, cipher: TokenCipher, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._cipher = cipher
        self._now = now
        self._mutex = threading.Lock()
        self._rotating = threading.Lock()  # one at a time in this process: each holds a connection meanwhile
        self._unsaved: dict[str, Bot] = {}  # rotated, and the database did not take them yet
        self._complained: set[str] = set()

    @property
    def logger(self) -> logging.Logger:
        return log

    # What slack_sdk and Bolt ask for

    def save(self, installation: Installation) -> None:
        """Keeps a new installation in place of the one before."""
        key = str((installation.enterprise_id if installation.is_enterprise_install else installation.team_id) or "")
        tokens = BotTokens(installation.bot_token or "", installation.bot_refresh_token or "")
        name = installation.enterprise_name if installation.is_enterprise_install else installation.team_name
        values = {
            "id": key,
            "enterprise_id": installation.enterprise_id or "",
            "is_enterprise": bool(installation.is_enterprise_install),
            "app_id": installation.app_id or "",
            "name": name or "",
            "bot_id": installation.bot_id or "",
            "bot_user_id": installation.bot_user_id or "",
            "scopes": ",".join(installation.bot_scopes or ()),
            "sealed": self._cipher.seal(key, tokens),
            "expires_at": installation.bot_token_expires_at or 0,
            "installed_by": installation.user_id or "",
            "installed_at": int(installation.installed_at),
            "removed_at": 0,
        }
        statement = upsert(self._engine, installations).values(**values)
        newest = {name: statement.excluded[name] for name in values if name != "id"}
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=newest))
            if installation.is_enterprise_install:
                _admit(connection, organisation_teams.c.enterprise_id == key)
        with self._mutex:
            self._unsaved.pop(key, None)

    def save_bot(self, bot: Bot) -> None:
        """Keeps new tokens of a workspace that is installed; nothing where it is not."""
        with self._engine.begin() as connection:
            self._put_tokens(connection, bot)

    def find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The bot of a workspace, else that of its organisation; None where it is not installed."""
        with self._engine.connect() as connection:
            if team_id and not is_enterprise_install:
                own = self._bot(_row(connection, team_id))
                if own is not None:
                    return own
            return self._bot(_organisation(connection, enterprise_id or "", team_id or ""))

    def find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,  # noqa: ARG002 -- no token of a person is kept
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        bot = self.find_bot(enterprise_id=enterprise_id, team_id=team_id, is_enterprise_install=is_enterprise_install)
        if bot is None:
            return None
        values = {name: value for name, value in vars(bot).items() if name != "custom_values"}
        return Installation(user_id="", **values)

    def delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Takes the tokens away; what is known beside them stays."""
        self.remove(str(team_id or enterprise_id or ""))

    def delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """Nothing: no token of a person is kept."""

    # What this bot asks for beside

    def bot_of(self, workspace: str) -> Bot | None:
        """The bot of a workspace or organisation as everything stored names it; None where it is not installed."""
        with self._engine.connect() as connection:
            own = self._bot(_row(connection, workspace))
            if own is not None:
                return own
            known = select(organisation_teams).where(organisation_teams.c.team_id == workspace)
            team = connection.execute(known).first()
            return self._bot(_organisation(connection, team.enterprise_id, workspace)) if team else None

    def every(self) -> list[InstalledWorkspace]:
        """Workspaces that are installed and those that were, by name."""
        return list_workspaces(self._engine)

    def of(self, key: str) -> InstalledWorkspace | None:
        with self._engine.connect() as connection:
            row = _row(connection, key)
        return _installed(row) if row else None

    def note_team(self, team_id: str, enterprise_id: str) -> None:
        """Remembers of which organisation a workspace is, for messages that nobody asks for at the moment."""
        statement = upsert(self._engine, organisation_teams).values(
            team_id=team_id, enterprise_id=enterprise_id, removed_at=0
        )
        newest = {"enterprise_id": statement.excluded.enterprise_id}
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["team_id"], set_=newest))

    def set_team(self, team_id: str, *, removed_at: int) -> None:
        """Whether a workspace of an organisation may use the app: 0, or since when it may not."""
        changed = update(organisation_teams).where(organisation_teams.c.team_id == team_id)
        with self._engine.begin() as connection:
            connection.execute(changed.values(removed_at=removed_at))

    def teams_of(self, enterprise_id: str) -> list[str]:
        """Workspaces heard from, of an organisation."""
        here = select(organisation_teams.c.team_id).where(organisation_teams.c.enterprise_id == enterprise_id)
        with self._engine.connect() as connection:
            return list(connection.scalars(here.order_by(organisation_teams.c.team_id)))

    def remove(self, key: str) -> bool:
        """Takes the tokens away at once; False where there were none."""
        with self._mutex:
            self._unsaved.pop(key, None)
        gone = update(installations).where(installations.c.id == key, installations.c.removed_at == 0)
        with self._engine.begin() as connection:
            at = int(self._now().timestamp())
            return bool(connection.execute(gone.values(sealed="", expires_at=0, removed_at=at)).rowcount)

    def left_before(self, at: int) -> list[str]:
        """Ids of all that were removed before, with the workspaces of organisations among them."""
        with self._engine.connect() as connection:
            gone = installations.c.removed_at.between(1, at)
            found = list(connection.scalars(select(installations.c.id).where(gone)))
            of_gone = organisation_teams.c.enterprise_id.in_(found) | organisation_teams.c.removed_at.between(1, at)
            return [*found, *connection.scalars(select(organisation_teams.c.team_id).where(of_gone))]

    def has_left(self, workspace: str) -> bool:
        """Whether a workspace, or the organisation it is of, took the app out."""
        with self._engine.connect() as connection:
            known = select(organisation_teams).where(organisation_teams.c.team_id == workspace)
            team = connection.execute(known).first()
            rows = [_row(connection, key) for key in (workspace, team.enterprise_id if team else "")]
        return any(row and row.removed_at for row in rows) or bool(team and team.removed_at)

    def expiring(self, before: int) -> list[str]:
        """Ids of workspaces whose token ends before a time."""
        soon = installations.c.expires_at.between(1, before)
        with self._engine.connect() as connection:
            return list(connection.scalars(select(installations.c.id).where(soon)))

    def rotate(self, key: str, before: int, refresh: Callable[[Bot], Bot | None]) -> Bot | None:
        """The bot with a token that ends after `before`, fetched by `refresh` where the one that is kept does not.

        None where it is not installed, or another process fetches it at the moment: the token that fetches the next is
        good once. Raises what `refresh` raises.
        """
        self._save_what_is_unsaved(key)
        with self._rotating, self._turn(key) as is_ours:
            bot = self.bot_of(key) if is_ours else None
            if bot is None or not bot.bot_token_expires_at or bot.bot_token_expires_at > before:
                return bot
            fetched = refresh(bot)
            if fetched is None:
                return bot
            with self._mutex:
                self._unsaved[key] = fetched  # the one before is worth nothing from now on
            self._save_what_is_unsaved(key)
        return fetched

    def renew_encryption(self) -> tuple[int, list[str]]:
        """Encrypts all with the first key; how many were not, and the ids of those that no key opens."""
        changed, unreadable = 0, []
        with self._engine.connect() as connection:
            rows = connection.execute(select(installations.c.id, installations.c.sealed)).all()
        for row in rows:
            try:
                newer = self._cipher.renewed(row.sealed) if row.sealed else None
            except UnreadableTokens:
                unreadable.append(str(row.id))
                continue
            if newer is not None:
                same = (installations.c.id == row.id) & (installations.c.sealed == row.sealed)
                with self._engine.begin() as connection:
                    changed += connection.execute(update(installations).where(same).values(sealed=newer)).rowcount
        return changed, unreadable

    def _bot(self, row: Row[Any] | None) -> Bot | None:
        if row is None or not row.sealed:
            return None
        with self._mutex:
            if row.id in self._unsaved:
                return self._unsaved[row.id]
        try:
            tokens = self._cipher.open(row.id, row.sealed)
        except UnreadableTokens:
            if row.id not in self._complained:
                self._complained.add(row.id)
                log.error(  # noqa: TRY400 -- the traceback says nothing more
                    "no key of MLCOMPARE_TOKEN_KEYS opens the tokens of %s: it has to install the app again", row.id
                )
            return None
        return Bot(
            app_id=row.app_id,
            enterprise_id=row.enterprise_id or None,
            team_id=None if row.is_enterprise else row.id,
            team_name=None if row.is_enterprise else row.name,
            enterprise_name=row.name if row.is_enterprise else None,
            bot_token=tokens.token,
            bot_id=row.bot_id,
            bot_user_id=row.bot_user_id,
            bot_scopes=row.scopes,
            bot_refresh_token=tokens.refresh or None,
            bot_token_expires_at=row.expires_at or None,
            is_enterprise_install=row.is_enterprise,
            installed_at=float(row.installed_at),
        )

    def _put_tokens(self, connection: Connection, bot: Bot) -> None:
        key = str((bot.enterprise_id if bot.is_enterprise_install else bot.team_id) or "")
        sealed = self._cipher.seal(key, BotTokens(bot.bot_token, bot.bot_refresh_token or ""))
        there = update(installations).where(installations.c.id == key, installations.c.removed_at == 0)
        connection.execute(there.values(sealed=sealed, expires_at=bot.bot_token_expires_at or 0))

    def _save_what_is_unsaved(self, key: str) -> None:
        with self._mutex:
            bot = self._unsaved.get(key)
        if bot is None:
            return
        try:
            self.save_bot(bot)
        except (SQLAlchemyError, OSError) as error:
            log.critical("the new token of %s cannot be kept; it is tried again", key, extra={"reason": error})
            return
        with self._mutex:
            if self._unsaved.get(key) is bot:
                del self._unsaved[key]

    @contextmanager
    def _turn(self, key: str) -> Iterator[bool]:
        """Whether it is ours to fetch a new token: a lock in PostgreSQL, of a file beside SQLite.

        Both end with the process that holds them.
        """
        if self._engine.dialect.name == "postgresql":
            lock = select(func.pg_try_advisory_xact_lock(ROTATING, crc32(key.encode()) - (1 << 31)))
            with self._engine.begin() as connection:
                yield bool(connection.scalar(lock))
            return
        database = Path(self._engine.url.database or "mlcompare.db").absolute()
        path = database.with_name(f"{database.stem}-rotation.lock")
        # No soft lock instead, where the file system has none: it would outlive its holder, and no token be fetched.
        file = FileLock(path, timeout=0, thread_local=False, fallback_to_soft=False)
        try:
            file.acquire()
        except (Timeout, NotImplementedError):
            yield False
            return
        try:
            yield True
        finally:
            file.release()


class StoredStates(OAuthStateStore):
    """Installs under way: each is good once, for so many seconds, on all replicas. Raises what the database raises."""

    def __init__(self, engine: Engine, now: Callable[[], datetime], seconds: int) -> None:
        self._engine = engine
        self._now = now
        self._seconds = seconds

    @property
    def logger(self) -> logging.Logger:
        return log

    def issue(self, *_args: Any, **_kwargs: Any) -> str:
        """A state that nobody can guess. Those that are over are removed."""
        state, at = token_urlsafe(32), int(self._now().timestamp())
        with self._engine.begin() as connection:
            connection.execute(delete(oauth_states).where(oauth_states.c.expires_at < at))
            connection.execute(insert(oauth_states).values(digest=_digest(state), expires_at=at + self._seconds))
        return state

    def consume(self, state: str) -> bool:
        """True once, and in time."""
        at = int(self._now().timestamp())
        this = delete(oauth_states).where(oauth_states.c.digest == _digest(state))
        with self._engine.begin() as connection:
            return bool(connection.execute(this.where(oauth_states.c.expires_at >= at)).rowcount)


def list_workspaces(engine: Engine) -> list[InstalledWorkspace]:
    """Workspaces that are installed and those that were, by name; needs no key. Raises what the database raises."""
    with engine.connect() as connection:
        rows = connection.execute(select(installations).order_by(installations.c.name, installations.c.id)).all()
    return list(map(_installed, rows))


def _digest(state: str) -> str:
    return sha256(state.encode("utf-8", "replace")).hexdigest()


def _row(connection: Connection, key: str) -> Row[Any] | None:
    return connection.execute(select(installations).where(installations.c.id == key)).first()


def _organisation(connection: Connection, enterprise_id: str, team_id: str) -> Row[Any] | None:
    """The organisation's row, unless it does not let this workspace use the app."""
    shut = select(organisation_teams.c.team_id).where(
        organisation_teams.c.team_id == team_id, organisation_teams.c.removed_at > 0
    )
    row = _row(connection, enterprise_id) if enterprise_id else None
    if row is None or not row.is_enterprise or connection.scalar(shut):
        return None
    return row


def _admit(connection: Connection, which: Any) -> None:
    connection.execute(update(organisation_teams).where(which).values(removed_at=0))


def _installed(row: Row[Any]) -> InstalledWorkspace:
    scopes = tuple(filter(None, row.scopes.split(",")))
    about = (row.id, row.name, row.enterprise_id, bool(row.is_enterprise), scopes)
    return InstalledWorkspace(*about, row.installed_by, int(row.installed_at), int(row.expires_at), int(row.removed_at))
