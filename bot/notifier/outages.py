"""Outages: Slack takes nothing at all (the circuit breaker), or nothing in one channel, whose watches are paused."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.notifier.outbox import Outbox, OutboxMessage
from comparison.notifications.message import MessageKind, WantedMessage
from handlers.slack.client import SlackError, SlackErrorKind
from handlers.slack.escape import mrkdwn, one_line
from handlers.stores import StoredWatch, WatchStore

log = logging.getLogger(__name__)

# The circuit breaker: after some failures nobody calls Slack until it is asked once whether it is back.


# What concerns everything the bot says, in every channel: all is held until it is well again.
_EVERYWHERE = {
    "account_inactive": "Slack says that the bot's account is not active (account_inactive)",
    "token_revoked": "Slack says that the bot's token was revoked (token_revoked)",
    "token_expired": "Slack says that the bot's token has expired (token_expired)",
    "invalid_auth": "Slack does not accept the bot's token (invalid_auth)",
    "not_authed": "Slack says that there is no token (not_authed)",
    "missing_scope": "the bot may not write: its app lacks the permission chat:write (missing_scope)",
    "no_permission": "the bot's token may not write (no_permission)",
    "not_allowed_token_type": "Slack does not take this kind of token (not_allowed_token_type)",
    "team_access_not_granted": "the bot may not use this workspace (team_access_not_granted)",
    "org_login_required": "the workspace is being moved (org_login_required)",
    "ekm_access_denied": "the workspace's administrators suspended posting (ekm_access_denied)",
}


OPEN_SECONDS = 30.0  # seconds between two tries while Slack takes nothing at all
AWAY_SECONDS = 10.0  # likewise, while it does not answer
MAX_FAILURES = 5  # calls in a row that Slack did not answer, until it counts as away


class CircuitBreaker:
    """Whether Slack takes anything of the bot at all. While it does not, one message now and then tries.

    `is_away`: it does not even answer. Then whoever tries asks something harmless first: a post that is not answered
    may stand, and where history may not be read it is made twice at most.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._try_at = 0.0
        self._pause = OPEN_SECONDS
        self._misses = 0
        self.problem = ""
        self.is_away = False

    def wait_seconds(self) -> float:
        """Seconds to wait before anything is sent; 0: it may be tried now, by who asked."""
        with self._mutex:
            if not self.problem:
                return 0.0
            now = self._clock()
            if now < self._try_at:
                return self._try_at - now + 0.1
            self._try_at = now + self._pause
            return 0.0

    def open(self, why: str) -> float:
        """Slack takes nothing; seconds to wait."""
        if self._opened(why, OPEN_SECONDS):
            log.error("everything is held: %s. `mlcompare check` tests each setting", why)
        return OPEN_SECONDS

    def failure(self, why: str) -> None:
        """A call did not arrive, or nobody knows what became of it. Several in a row: Slack is away."""
        with self._mutex:
            self._misses += 1
            is_away = self._misses >= MAX_FAILURES
        if is_away:
            if self._opened(f"Slack does not answer ({why})", AWAY_SECONDS):
                log.warning("everything is held: Slack does not answer (%s)", why)
            self.is_away = True

    def success(self) -> None:
        """Slack took something."""
        if not self.problem and not self._misses:
            return
        with self._mutex:
            was, self.problem = self.problem, ""
            self._misses, self.is_away = 0, False
        if was:
            log.warning("Slack takes what is said again")

    def _opened(self, why: str, pause: float) -> bool:
        """Whether that is new."""
        with self._mutex:
            is_new, self.problem = not self.problem, why
            self._pause, self._try_at = pause, self._clock() + pause
        return is_new


def everywhere(failure: SlackError) -> str:
    """Why Slack takes nothing of the bot in any channel; "" where the failure does not say so."""
    return _EVERYWHERE.get(failure.code, "")


# A channel that takes nothing, and watches that cannot go on: they are paused, and who set them up is told.


_ARCHIVED = "the channel is archived"
_GONE = "the channel is gone, or I am not in it any more"
_BY_CODE = {
    "is_archived": _ARCHIVED,
    "channel_not_found": _GONE,
    "not_in_channel": "I am not in the channel any more",
    "user_not_in_channel": "I am not in the channel any more",
    "restricted_action": "posting there is restricted",
    "restricted_action_read_only_channel": "the channel is read-only",
    "restricted_action_thread_only_channel": "the channel takes threads only",
    "restricted_action_non_threadable_channel": "posting there is restricted",
}
_REMEDIES = {
    _ARCHIVED: "Take it out of the archive",
    _GONE: "Invite me (type `/invite` there)",
    "I am not in the channel any more": "Invite me (type `/invite` there)",
}


_WORDS = 120  # characters of a watch in a notice
_NAMED = 10  # watches in a notice


def in_channel(failure: SlackError) -> str:
    """Why nothing can be said in this channel; "" where the failure does not say so."""
    known = _BY_CODE.get(failure.code, "")
    return known or (failure.kind.value if failure.kind in (SlackErrorKind.NOT_HERE, SlackErrorKind.FORBIDDEN) else "")


@dataclass
class WatchPauser:
    """Pauses watches that cannot go on. Whoever set them up is told once, in a direct message."""

    watches: WatchStore
    outbox: Outbox
    now: Callable[[], int]  # ms since the epoch
    command: str = "/mlcompare"

    def pause_channel(self, message: OutboxMessage, why: str) -> None:
        """All watches and digests of the channel of a message that cannot be said there."""
        here = self.watches.of_channel(message.workspace, message.channel)
        paused = [each for each in here if self._pause(each, why)]
        remedy = _REMEDIES.get(why, "Once that has changed")
        last = f"press Resume in `{self.command} watches` there"
        for owner in dict.fromkeys(each.created_by for each in paused):
            mine = [each for each in paused if each.created_by == owner]
            self._tell(mine, f"{_sentence(why)} {remedy}, then {last}.")
        if paused:
            log.warning("watches paused", extra={"channel": message.channel, "count": len(paused), "why": why})

    def pause_watch(self, watch: StoredWatch, why: str) -> None:
        """Pauses a watch whose words I do not understand any more, or MLflow does not."""
        if self._pause(watch, why):
            remedy = f"Press Edit in `{self.command} watches` there to change it, then Resume."
            self._tell([watch], f"{_sentence(mrkdwn(one_line(why), 600))} {remedy}")
            log.warning("a watch was paused", extra={"watch": watch.id, "channel": watch.channel, "why": why})

    def _pause(self, watch: StoredWatch, why: str) -> bool:
        return not watch.is_paused and self.watches.pause(watch.id, by="", at=self.now() // 1000, why=why)

    def _tell(self, paused: list[StoredWatch], why: str) -> None:
        first, at = paused[0], self.now() // 1000
        if not first.created_by:
            return
        words = f"I paused what I posted in <#{first.channel}>: {_named(paused)}. {why}"
        key = f"notice:{first.id}:{at}"
        ids = tuple(each.id for each in paused)
        notice = WantedMessage(key, MessageKind.NOTICE, first.workspace, first.created_by, watch_ids=ids, about=words)
        self.outbox.announce([notice], self.now())


def _named(paused: Iterable[StoredWatch]) -> str:
    names = [f"{'digest' if each.is_digest else 'watch'} {mrkdwn(one_line(each.words), _WORDS)}" for each in paused]
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
