"""Who somebody is in the workspace, as Slack's `users.info` tells where the app may ask it; remembered for a while."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cachetools import LRUCache

from handlers.slack.client import SlackError, SlackErrorKind
from handlers.utterance import mapping, string

log = logging.getLogger(__name__)

FRESH = 600.0  # seconds that an answer holds
STALE = 24 * 3600.0  # seconds that it holds while Slack gives no other
PAUSE = 10.0  # seconds without asking after Slack gave no answer
MAX_PEOPLE = 10_000  # people remembered
_STRIPES = 32  # people asked for side by side
_UNKNOWN_PEOPLE = frozenset({"user_not_found", "user_not_visible", "users_not_found"})


class Membership(Enum):
    MEMBER = "of this workspace"
    GUEST = "a guest here"
    FOREIGN = "of another workspace"
    UNTOLD = "the app may not ask Slack"
    UNSURE = "Slack did not say"


@dataclass(frozen=True, slots=True)
class Person:
    """What is remembered of somebody: the ids of all workspaces and companies they are of, and what they may be."""

    belongs: frozenset[str]
    is_guest: bool
    is_stranger: bool
    at: float
    is_admin: bool = False
    email: str = ""  # where the app may read it

    def membership(self, own: frozenset[str]) -> Membership:
        if self.is_stranger or (own and not self.belongs & own):
            return Membership.FOREIGN
        return Membership.GUEST if self.is_guest else Membership.MEMBER


class Directory:
    """Safe to use from any thread; one person is asked for once at a time. Never raises."""

    def __init__(self, ask: Callable[[str], Mapping[str, Any]], clock: Callable[[], float]) -> None:
        """`ask`: the user as users.info tells; raises SlackFailed."""
        self._ask = ask
        self._clock = clock
        self._mutex = threading.Lock()
        self._asking = tuple(threading.Lock() for _ in range(_STRIPES))
        self._known: LRUCache[str, Person] = LRUCache(MAX_PEOPLE)
        self._silent_until = self._untold_until = float("-inf")

    def membership(self, user: str, own: frozenset[str]) -> Membership:
        """`own`: the ids of the workspace and the company that the bot is of."""
        found: Person | Membership | None = self._remembered(user, FRESH)
        if found is None:
            with self._asking[hash(user) % _STRIPES]:
                found = self._remembered(user, FRESH) or self._asked(user)
        return found.membership(own) if isinstance(found, Person) else found

    def is_admin(self, user: str, own: frozenset[str]) -> bool:
        """Whether Slack says that somebody administers the workspace; asked anew where that is older than FRESH."""
        self.membership(user, own)
        person = self._remembered(user, FRESH)
        is_ours = person is not None and bool(own) and person.membership(own) is Membership.MEMBER
        return is_ours and person is not None and person.is_admin

    def email(self, user: str) -> str:
        """The e-mail address of somebody; "" where Slack does not tell it."""
        self.membership(user, frozenset())
        person = self._remembered(user, STALE)
        return person.email if person is not None else ""

    def _asked(self, user: str) -> Person | Membership:
        now = self._clock()
        if now < self._untold_until:
            return Membership.UNTOLD
        if now < self._silent_until:
            return self._remembered(user, STALE) or Membership.UNSURE
        try:
            answer = self._ask(user)
        except SlackError as failure:
            return self._failed(user, failure)
        if not string(answer, "id"):
            return self._remembered(user, STALE) or Membership.UNSURE
        person = _person(answer, self._clock())
        with self._mutex:
            self._known[user] = person
        return person

    def _failed(self, user: str, failure: SlackError) -> Person | Membership:
        if failure.code in _UNKNOWN_PEOPLE:
            return Membership.FOREIGN
        if (
            failure.kind is SlackErrorKind.DENIED
        ):  # it stays so until the app is installed anew: missing_scope, invalid_auth …
            self._untold_until = self._clock() + FRESH
            log.warning("who is a guest, or of another company, cannot be looked up: %s", failure.code)
            return Membership.UNTOLD
        self._silent_until = self._clock() + max(PAUSE, failure.wait)
        log.warning("who somebody is cannot be looked up now: %s", failure)
        return self._remembered(user, STALE) or Membership.UNSURE

    def _remembered(self, user: str, seconds: float) -> Person | None:
        with self._mutex:
            known = self._known.get(user)
        return known if known is not None and self._clock() - known.at < seconds else None


def _person(user: Mapping[str, Any], at: float) -> Person:
    company = mapping(user, "enterprise_user")
    teams = company.get("teams")
    listed = [each for each in teams if isinstance(each, str)] if isinstance(teams, list) else []
    belongs = {string(user, "team_id"), string(company, "enterprise_id"), *listed} - {""}
    is_guest = any(user.get(name) is True for name in ("is_restricted", "is_ultra_restricted"))
    is_admin = any(user.get(name) is True for name in ("is_admin", "is_owner", "is_primary_owner"))
    email = string(mapping(user, "profile"), "email")
    return Person(frozenset(belongs), is_guest, user.get("is_stranger") is True, at, is_admin, email)
