"""What a message says, found out now; in the plainest words where that fails, so that no run that ended is lost."""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from cachetools import LRUCache

from bot.notifier.outbox import OutboxMessage
from comparison.errors import TrackingUnavailable
from comparison.notifications.message import MessageKind, Unwanted
from comparison.runs import Run
from comparison.tracking.mlflow_links import run_url
from handlers.services import Services
from handlers.slack.blocks import Reply
from handlers.slack.escape import link, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel, Draw
from handlers.watch.notification import Notification, PostedNotification, remember

log = logging.getLogger(__name__)

Announce = Callable[[Notification, Services], PostedNotification | Unwanted]

TRIES = 3  # of finding out, before the plain words
_NAMED = 10  # runs in the plain words
_MAX_MESSAGES = 1_000
_NAME = 120
_SAID = {
    MessageKind.DEAD: "has not been heard of for long",
    MessageKind.BACK: "is back",
    MessageKind.BEST: "is a new best",
}


class CompositionFailed(Exception):  # noqa: N818 -- named for what happened
    """A fault of ours while the content was found out; to be tried again."""


@dataclass(frozen=True, slots=True)
class Content:
    """A drawing, and a digest of it that tells whether it differs from what stands."""

    draw: Draw
    drawn: str
    is_over: bool
    new_best: str
    announced: PostedNotification


@dataclass
class ContentComposer:
    """Safe to use from any thread."""

    services: Services
    announce: Announce
    _faults: LRUCache[str, int] = field(init=False, default_factory=lambda: LRUCache(_MAX_MESSAGES))
    _mutex: threading.Lock = field(init=False, default_factory=threading.Lock)

    def compose(self, message: OutboxMessage) -> Content | Unwanted:
        """Raises TrackingUnavailable, or Faulty the first times that something unforeseen happens."""
        if message.kind is MessageKind.NOTICE:
            return _in_words(message.about)
        try:
            found = self.announce(_wanted(message), self._visible(message))
            if isinstance(found, Unwanted):
                return found
            content = _composed(found)
        except TrackingUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever it is, the run ended and is told of
            return self._plainly(message, error)
        with self._mutex:
            self._faults.pop(message.id, None)
        return content

    def remember(self, message: OutboxMessage, composed: Content, ts: str) -> None:
        """Records that a message stands, for those who go on talking about it in its thread. Raises nothing."""
        remember(composed.announced, _wanted(message), ts, self.services, is_new=not message.ts)

    def _visible(self, message: OutboxMessage) -> Services:
        return self.services.for_channel(message.workspace, message.channel)

    def _plainly(self, message: OutboxMessage, error: Exception) -> Content:
        with self._mutex:
            tries = self._faults[message.id] = self._faults.get(message.id, 0) + 1
        incident = self.services.new_incident()
        log.error("incident %s: %s could not be composed", incident, message.id, exc_info=error, extra={"tries": tries})
        if tries < TRIES:
            raise CompositionFailed(f"It could not be composed; incident {incident} in the log") from error
        return _in_words(self._plain(message))

    def _plain(self, message: OutboxMessage) -> str:
        """Names and how they ended; ids alone where not even that can be found out."""
        if message.kind is MessageKind.DIGEST:
            return f"The digest could not be made. Type `{self.services.command} standup` to ask for it."
        try:
            found = self._visible(message).runs.get(message.run_ids[:_NAMED])
        except TrackingUnavailable:
            raise
        except Exception:
            log.exception("not even the names of the runs could be found out")
            found = []
        known = {run.run_id: run for run in found if run}
        lines = [self._line(message.kind, run_id, known.get(run_id)) for run_id in message.run_ids[:_NAMED]]
        more = len(message.run_ids) - len(lines)
        return "\n".join([*lines, *([f"and {more} more runs ended"] if more > 0 else [])])

    def _line(self, kind: MessageKind, run_id: str, run: Run | None) -> str:
        if run is None:
            return f"The run {mrkdwn(one_line(run_id), _NAME)} {_SAID.get(kind, 'ended')}."
        named = link(run_url(self.services.ui_url, run), one_line(run.name) or run_id, 1_000)
        return f"{named} {_SAID[kind]}." if kind in _SAID else f"{named} ended: {run.status.value}"


def _wanted(message: OutboxMessage) -> Notification:
    return Notification(
        key=message.key,
        kind=message.kind,
        workspace=message.workspace,
        channel=message.channel,
        run_ids=message.run_ids,
        watch_ids=message.watch_ids,
        about=message.about,
        is_final=message.is_final,
    )


def _composed(announced: PostedNotification) -> Content:
    drawings: dict[BlockLevel, Reply] = {}

    def drawn(rung: BlockLevel) -> Reply:
        if rung not in drawings:
            drawings[rung] = announced.draw(rung)
        return drawings[rung]

    best = drawn(BlockLevel.ALL)
    text = json.dumps([best.text, list(best.blocks)], sort_keys=True, default=str)
    digest = sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:24]
    return Content(drawn, digest, announced.is_over, announced.new_best, announced)


def _in_words(text: str) -> Content:
    return _composed(PostedNotification(lambda _rung: Reply(text), text, is_over=True))
