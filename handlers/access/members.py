"""Who is in a channel, as far as Slack tells, and that only they change what it agreed on and watches.

It is remembered for a moment: a page of buttons is not a page of questions to Slack.
"""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from cachetools import TTLCache

from comparison.errors import RequestError
from handlers.access.rules import AccessRules, is_personal
from handlers.slack.client import SlackClient, SlackError
from handlers.utterance import Utterance

log = logging.getLogger(__name__)

JOIN = "Join the channel, and change it there."
ASK = "Ask an admin of this Slack workspace to change it."
ASK_MEMBER = "Ask somebody of this workspace to change it."
_OUTSIDERS = "Guests and people of other companies change nothing of what is set and watched in a channel."
_FOR_ADMINS = "Only admins change what is set and watched here."
_NOT_AGREED = "Only people in this channel can change what it agreed on and what it watches."
MAX_MEMBERS = 5_000  # pairs of a channel and a person


class Members:
    """Members of channels. Remembered is only that somebody is in one: who was invited a second ago may act at once."""

    def __init__(self, clock: Callable[[], float] = lambda: 0.0, seconds: float = 0.0) -> None:
        """`seconds` that an answer holds; 0: none is remembered."""
        self._mutex = threading.Lock()
        self._known: TTLCache[tuple[str, str], bool] = TTLCache(MAX_MEMBERS, seconds, clock)

    def has(self, channel: str, user: str, ask: Callable[[], bool]) -> bool:
        """Whether somebody is in a channel; raises what `ask` raises."""
        with self._mutex:
            if (channel, user) in self._known:
                return True
        is_in = ask()
        with self._mutex:
            self._known.pop((channel, user), None)
            if is_in:
                self._known[channel, user] = True
        return is_in


class MemberServices(Protocol):
    """What of the services tells who may change something."""

    @property
    def access(self) -> AccessRules: ...

    @property
    def members(self) -> Members: ...


def is_in(channel: str, user: str, outlet: SlackClient, members: Members | None = None) -> bool | None:
    """Whether somebody is in a channel; None where the app may not know."""
    if channel.startswith("D"):
        return None  # of the two who are in it one is the app
    try:
        return (members or Members()).has(channel, user, lambda: outlet.has_member(channel, user))
    except SlackError as failure:
        log.info("members of a channel cannot be looked up: %s", failure)
        return None


def require_editor(utterance: Utterance, services: MemberServices, channel: str = "") -> None:
    """Raises RequestError where only admins change what is set and watched, and this is none; and for outsiders."""
    place = channel or utterance.channel
    if not is_personal(place) and services.access.is_outsider(utterance.user):
        raise RequestError(_OUTSIDERS, remedy=ASK_MEMBER)
    is_for_admins = services.access.read().is_for_admins(utterance.team, place)
    if is_for_admins and not services.access.is_admin(utterance.user):
        raise RequestError(_FOR_ADMINS, remedy=ASK)


def require_member(utterance: Utterance, outlet: SlackClient, services: MemberServices) -> None:
    """Raises RequestError for who may not change what a channel agreed on: where it is for admins, or not in it.

    Where Slack does not tell who is in a channel, whoever acts in it counts as in it.
    """
    require_editor(utterance, services)
    if utterance.is_direct or utterance.channel == utterance.user:
        return
    if is_in(utterance.channel, utterance.user, outlet, services.members) is False:
        raise RequestError(_NOT_AGREED, remedy=JOIN)
