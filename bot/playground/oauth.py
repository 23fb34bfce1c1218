"""Slack's side of installing an app: codes and refresh tokens good once, tokens that end, of several workspaces.

It keeps its own truth: which token is whose, since when, and how long. Nothing of it is what the bot says of itself.
"""

import base64
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bot.playground.workspace import APP, BOT_USER

if TYPE_CHECKING:
    from bot.playground.context import Context

CODE_SECONDS = 600.0
TOKEN_SECONDS = 43_200  # twelve hours, as Slack gives rotated tokens


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token that was given out. `ends` is 0.0 for one that does not; `error` is what its use is answered with."""

    place: str
    token: str
    scopes: frozenset[str]
    ends: float = 0.0
    refresh: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class _Code:
    place: str
    redirect: str
    scopes: frozenset[str]
    made: float
    by: str


@dataclass
class OAuth:
    """`contexts` are the workspaces by their ids; an organisation's id stands for all of its workspaces.

    `rotates`: tokens end after `seconds`, and each comes with a token that fetches the next, once.
    """

    clock: Callable[[], float]
    client_id: str = "10.20"
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    rotates: bool = False
    seconds: int = TOKEN_SECONDS
    refreshed: list[str] = field(default_factory=list)  # the places whose tokens were exchanged, in order
    _contexts: "dict[str, Context]" = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _codes: dict[str, _Code] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _grants: dict[str, IssuedToken] = field(default_factory=dict)
    _mutex: threading.RLock = field(default_factory=threading.RLock)

    def know(self, context: "Context") -> None:
        """A workspace that exists."""
        self._contexts[context.workspace.team] = context
        self._names[context.workspace.team] = context.workspace.name
        if context.workspace.enterprise:
            self._names.setdefault(context.workspace.enterprise, f"Organisation {context.workspace.enterprise}")

    def agree(self, asked: dict[str, str], place: str, by: str = "U0MAYA") -> str:
        """Somebody agrees to install: the address that Slack leads them to. Raises LookupError for bad questions."""
        if asked.get("client_id") != self.client_id:
            raise LookupError("invalid_client_id")
        redirect = asked.get("redirect_uri", "")
        scopes = frozenset(filter(None, asked.get("scope", "").split(",")))
        if place not in self._names or not redirect or not scopes:
            raise LookupError("invalid_team_for_non_distributed_app" if redirect else "bad_redirect_uri")
        code = f"{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        with self._mutex:
            self._codes[code] = _Code(place, redirect, scopes, self.clock(), by)
        return f"{redirect}?{urlencode({'code': code, 'state': asked.get('state', '')})}"

    def access(self, arguments: dict[str, Any], authorization: str) -> dict[str, Any]:
        """What `oauth.v2.access` answers."""
        given = _basic(authorization) or (str(arguments.get("client_id")), str(arguments.get("client_secret")))
        if given[0] != self.client_id:
            return _no("invalid_client_id")
        if not secrets.compare_digest(given[1], self.client_secret):
            return _no("bad_client_secret")
        with self._mutex:
            if arguments.get("grant_type") == "refresh_token":
                return self._refresh(str(arguments.get("refresh_token") or ""))
            return self._exchange(arguments)

    def grant(self, token: str) -> IssuedToken | None:
        """What a token is good for now; None for one that was never given out."""
        with self._mutex:
            found = self._grants.get(token)
        if found is not None and not found.error and found.ends and found.ends <= self.clock():
            return replace(found, error="token_expired")
        return found

    def context(self, grant: IssuedToken, *named: Any) -> "Context | None":
        """The workspace that a call is for: the token's, or one of its organisation that holds what is named."""
        if grant.place in self._contexts:
            return self._contexts[grant.place]
        theirs = [each for each in self._contexts.values() if each.workspace.enterprise == grant.place]
        for each in theirs:
            if any(isinstance(name, str) and _is_in(each, name) for name in named):
                return each
        return next(iter(theirs), None)

    def is_installed(self, place: str) -> bool:
        with self._mutex:
            return any(each.place == place and not each.error for each in self._grants.values())

    def tokens(self, place: str) -> list[str]:
        """All that were ever given out for a place, the last one last."""
        with self._mutex:
            return [token for token, each in self._grants.items() if each.place == place]

    def end(self, place: str, error: str) -> None:
        """From now on all tokens of a place are answered so: `account_inactive`, `token_revoked`."""
        with self._mutex:
            for token, each in self._grants.items():
                if each.place == place and not each.error:
                    self._grants[token] = replace(each, error=error)

    def revoke(self, token: str) -> None:
        with self._mutex:
            self._grants[token] = replace(self._grants[token], error="token_revoked")

    def expire(self, place: str) -> None:
        """The time of a place's tokens is over now."""
        with self._mutex:
            for token, each in self._grants.items():
                if each.place == place and each.ends:
                    self._grants[token] = replace(each, ends=1.0)

    def _exchange(self, arguments: dict[str, Any]) -> dict[str, Any]:
        code = str(arguments.get("code") or "")
        if code in self._used:
            return _no("code_already_used")
        known = self._codes.pop(code, None)
        if known is None or self.clock() - known.made > CODE_SECONDS:
            return _no("invalid_code")
        self._used.add(code)
        if arguments.get("redirect_uri") != known.redirect:
            return _no("bad_redirect_uri")
        return self._give(known.place, known.scopes) | {"authed_user": {"id": known.by}}

    def _refresh(self, refresh: str) -> dict[str, Any]:
        before = next((each for each in self._grants.values() if refresh and each.refresh == refresh), None)
        if before is None or before.error or refresh in self._used:
            return _no("invalid_refresh_token")
        self._used.add(refresh)
        self.refreshed.append(before.place)
        self._grants[before.token] = replace(before, error="token_revoked")
        return self._give(before.place, before.scopes)

    def _give(self, place: str, scopes: frozenset[str]) -> dict[str, Any]:
        about = self._about(place)
        answer = {"ok": True, "app_id": APP, "token_type": "bot", "bot_user_id": BOT_USER}
        answer |= {"scope": ",".join(sorted(scopes)), **about}
        if self.rotates:
            grant = IssuedToken(
                place, f"xoxe.xoxb-1-{secrets.token_urlsafe(40)}", scopes, self.clock() + self.seconds,
                f"xoxe-1-{secrets.token_urlsafe(40)}",
            )  # fmt: skip
            answer |= {"refresh_token": grant.refresh, "expires_in": self.seconds}
        else:
            grant = IssuedToken(place, f"xoxb-{secrets.token_urlsafe(40)}", scopes)
        self._grants[grant.token] = grant
        return answer | {"access_token": grant.token}

    def _about(self, place: str) -> dict[str, Any]:
        context = self._contexts.get(place)
        company = context.workspace.enterprise if context else place
        return {
            "team": {"id": place, "name": self._names[place]} if context else None,
            "enterprise": {"id": company, "name": self._names[company]} if company else None,
            "is_enterprise_install": context is None,
        }


def _no(error: str) -> dict[str, Any]:
    return {"ok": False, "error": error}


def _is_in(context: "Context", name: str) -> bool:
    return name in context.workspace.channels or name in context.workspace.users


def _basic(authorization: str) -> tuple[str, str] | None:
    kind, _, text = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    name, _, secret = base64.b64decode(text).decode().partition(":")
    return name, secret
