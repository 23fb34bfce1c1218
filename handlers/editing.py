"""A message of ours changed in place: as the bot, or by response_url where it is not the bot's to change."""

import logging
from dataclasses import dataclass

from comparison.request import Compare
from handlers.failures import Kind, SlackFailed
from handlers.held import Held
from handlers.ladder import Draw, descend
from handlers.outlet import ANSWER, Outlet
from handlers.reply import Reply
from handlers.said import Said
from handlers.services import Services

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands; `response_url` of what was pressed in it, "" when there is none."""

    channel: str
    message_ts: str
    response_url: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message is to be: another request over what it holds, by whom."""

    request: Compare
    held: Held
    place: Place
    said: Said
    is_refresh: bool = False  # then it is left alone where nothing is new


def edit(place: Place, draw: Draw, said: Said, services: Services, outlet: Outlet) -> bool:
    """False where the message cannot be changed any more, so that something else is to be done."""

    def send(reply: Reply) -> None:
        marked = _marked(reply)
        try:
            outlet.update(place.channel, place.message_ts, marked)
        except SlackFailed as failure:
            if failure.kind is Kind.REFUSED_BLOCKS or not place.response_url:
                raise
            log.info("a message is changed by response_url: %s", failure)
            outlet.replace(place.response_url, marked)

    try:
        descend(draw, send, said.team, services.capabilities)
    except SlackFailed as failure:
        log.warning("a message could not be changed: %s", failure)
        return False
    return True


def _marked(reply: Reply) -> Reply:
    told = {**reply.metadata.get("event_payload", {}), "stage": "done"}
    return Reply(reply.text, reply.blocks, metadata={"event_type": ANSWER, "event_payload": told})
