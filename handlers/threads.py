"""What is said in the thread of a comparison, or to the bot alone after one: which comparison it is about."""

import logging

from comparison.errors import NotUnderstood
from comparison.following import compared, follow, is_follow_up
from comparison.parser import parse
from comparison.request import Compare, Request
from handlers.failures import SlackFailed
from handlers.outlet import Outlet
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)

_FEWEST = 2


def understand(said: Said, services: Services, outlet: Outlet) -> Request:
    """The request that was said; in a thread what is said may be about the newest comparison there."""
    words, command = said.words, services.command
    if said.thread_ts and is_follow_up(words, command=command):
        previous = _in_thread(said, services, outlet)
        if previous is not None:
            return follow(words, previous, command=command) or parse(words, command=command)
    try:
        return parse(words, command=command)
    except NotUnderstood as error:
        return _after(said, services, error)


def _after(said: Said, services: Services, error: NotUnderstood) -> Request:
    """What is no request of its own, said to the bot alone after a comparison; elsewhere what it lacks is told."""
    if not is_follow_up(said.words, command=services.command):
        raise error
    previous = _last(said, services) if said.is_direct else None
    changed = follow(said.words, previous, command=services.command) if previous else None
    if changed is not None:
        return changed
    place = "thread" if said.thread_ts else "conversation"
    raise NotUnderstood(
        f"I find no comparison in this {place} to do that with.",
        remedy="Say it in the thread of a comparison, or name the runs.",
        example="run-a vs run-b all",
        text=said.words,
    )


def _in_thread(said: Said, services: Services, outlet: Outlet) -> Compare | None:
    """As it was remembered; else as the messages of the thread tell, where they may be read."""
    try:
        record = services.comparisons.in_thread(said.channel, said.thread_ts)
    except Exception:
        log.exception("the comparison of a thread could not be looked up")
        record = None
    if record is not None:
        return record.request()
    try:
        told = outlet.newest_payload(said.channel, said.thread_ts)
    except SlackFailed as failure:
        log.info("the thread cannot be read: %s", failure)
        return None
    runs = [each for each in told.get("runs") or () if isinstance(each, str)]
    return compared(runs) if len(runs) >= _FEWEST else None


def _last(said: Said, services: Services) -> Compare | None:
    try:
        records = services.comparisons.recent(said.team, said.user, limit=1)
    except Exception:
        log.exception("the last comparison could not be looked up")
        return None
    return records[0].request() if records and records[0].channel == said.channel else None
