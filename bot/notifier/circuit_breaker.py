"""The circuit breaker for Slack: after some failures nobody calls until it is asked once whether it is back."""

import threading
from collections.abc import Callable

from bot.notifier.outages import log
from handlers.slack.client import SlackError

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
