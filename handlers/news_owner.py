"""Whose run it is, in a notification where a watch asks for that: a mention where Slack knows them, else the name."""

import logging
import re
from dataclasses import replace

from comparison.runs import Run
from comparison.watching.telling import OWNER_TAGS
from handlers.blocks import marked
from handlers.escaping import clip, length, mrkdwn, one_line
from handlers.limits import TEXT
from handlers.reply import Reply
from handlers.services import Services

log = logging.getLogger(__name__)

_NAME = 60
_PERSON = re.compile(r"[UW][A-Z0-9]{5,20}")


def owner_line(run: Run, owner: str, services: Services) -> str:
    """As mrkdwn that is escaped; "" for nobody. Only a tag of the run can hold a Slack id, an address is looked up."""
    if not owner:
        return ""
    is_tagged = any(run.tags.get(tag, "").strip() == owner for tag in OWNER_TAGS)
    person = owner if is_tagged and _PERSON.fullmatch(owner) else _found(owner, services)
    mention = f"<@{person}>" if person else mrkdwn(clip(one_line(owner), _NAME), 2 * _NAME)
    return f"Run by {mention}"


def with_owner(reply: Reply, line: str) -> Reply:
    """The line stands below the headline, and at the end of the text."""
    if not line:
        return reply
    text = f"{reply.text}\n{line}"
    section = {"type": "section", "text": marked(line)}
    blocks = (reply.blocks[0], section, *reply.blocks[1:]) if reply.blocks else ()
    return replace(reply, text=text if length(text) <= TEXT else reply.text, blocks=blocks)


def _found(owner: str, services: Services) -> str:
    """The Slack id of whom an address belongs to; that it cannot be looked up is no reason to say nothing."""
    if "@" not in owner:
        return ""
    try:
        person = services.find_person(owner)
    except Exception:
        log.exception("a person could not be looked up")
        return ""
    return person if _PERSON.fullmatch(person) else ""
