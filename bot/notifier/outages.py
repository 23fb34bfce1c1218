"""What Slack's no means for a channel, or for all of them; watches that cannot go on, and who is told of it."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.notifier.outbox import Outbox, OutboxMessage
from comparison.notifications.message import MessageKind, WantedMessage
from handlers.slack.client import SlackError, SlackErrorKind
from handlers.slack.escape import mrkdwn, one_line
from handlers.stores import StoredWatch, WatchStore

log = logging.getLogger(__name__)


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
