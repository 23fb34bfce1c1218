"""Who may change what a channel watches: who set it up, and whoever is in the channel."""

import logging

from comparison.errors import RequestError
from handlers.failures import SlackFailed
from handlers.outlet import Outlet
from handlers.said import Said
from handlers.watches import Kept

log = logging.getLogger(__name__)

_NO = "Only who set a watch up and people in its channel can change it."


def may_change(kept: Kept, heard: Said, outlet: Outlet) -> bool:
    """Where Slack does not tell who is in a channel, whoever acts in it counts as in it."""
    if heard.team != kept.workspace:
        return False
    if heard.user == kept.created_by:
        return True
    known = is_in(kept.channel, heard.user, outlet)
    return heard.channel == kept.channel if known is None else known


def is_in(channel: str, user: str, outlet: Outlet) -> bool | None:
    """Whether somebody is in a channel; None where the app may not know."""
    if channel.startswith("D"):
        return None  # of the two who are in it one is the app
    try:
        return outlet.has_member(channel, user)
    except SlackFailed as failure:
        log.info("members of a channel cannot be looked up: %s", failure)
        return None


def refused() -> RequestError:
    """What somebody outside hears."""
    return RequestError(_NO, remedy="Join the channel, and change it there.")
