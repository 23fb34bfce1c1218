"""An answer on its way into Slack: working, then done. Never two messages for one answer, never silence.

Slack has no idempotency: a post whose answer is lost may stand in the channel. Then history is searched for it by the
delivery in its metadata; it is posted again only when history can be read and does not hold it. Where history may not
be read, the whole answer goes to the asker alone, with a line that says why.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Lock
from typing import Protocol

from handlers.slack.blocks import Reply, aside
from handlers.slack.client import ANSWER, SlackClient, SlackError, SlackErrorKind
from handlers.slack.escape import clip
from handlers.slack.fallback import BlockLevel, Capabilities, Draw, send_with_fallback
from handlers.slack.limits import TEXT
from handlers.stores import AnswerStage, Inbox
from handlers.utterance import Utterance

log = logging.getLogger(__name__)

_POSTS = 3  # of one answer, each only after it was looked for and not found
_INTO_HISTORY = 1.0  # seconds that a message takes to be found
_UNCONFIRMED = "Slack did not confirm that this was posted, so here it is for you alone."
_WHY_HERE = {
    SlackErrorKind.NOT_HERE: (
        "I cannot post there, so here it is for you alone. "
        "Invite me to that channel (type /invite in it), and ask again."
    ),
    SlackErrorKind.FORBIDDEN: "Posting there is restricted, so here it is for you alone.",
}
_WITHDRAWN = "This comparison could not be made; who asked was told why."


class DeliveryServices(Protocol):
    """What of the services an answer needs on its way."""

    @property
    def inbox(self) -> Inbox: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def drawing(self) -> AbstractContextManager[object]: ...

    @property
    def sleep(self) -> Callable[[float], None]: ...

    @property
    def may_show_working(self) -> Callable[[], bool]: ...

    @property
    def new_incident(self) -> Callable[[], str]: ...


class Delivery:
    """Where one answer goes. Safe to use from the thread that works and the one that says so."""

    def __init__(self, utterance: Utterance, outlet: SlackClient, services: DeliveryServices) -> None:
        self._utterance = utterance
        self._outlet = outlet
        self._services = services
        self._mutex = Lock()
        self._is_done = False
        self._working_ts = ""
        self.posted_ts = ""  # of the answer for all, once it stands

    def show_working(self, text: str) -> None:
        """Something to see while the answer takes its time; whatever goes wrong with it is no matter."""
        if not self._mutex.acquire(blocking=False):
            return  # the answer is on its way, and may have to wait for Slack
        try:
            if not self._is_done and not self._working_ts and self._services.may_show_working():
                self._show_working(text)
        finally:
            self._mutex.release()

    def _show_working(self, text: str) -> None:
        impatient = replace(self._outlet, patience=0.0)
        try:
            self._working_ts = impatient.post(
                self._utterance.channel, self._marked(Reply(text), working=True), thread_ts=self._utterance.answer_ts
            )
        except SlackError as failure:
            self._work_unseen(failure, text, impatient)
        if self._working_ts:
            self._services.inbox.show(self._utterance.delivery, self._working_ts)

    @property
    def outlet(self) -> SlackClient:
        return self._outlet

    def reserve(self, text: str) -> None:
        """Shows something to all that the answer takes the place of.

        Raises SlackFailed where nothing may be posted. That Slack does not confirm it is no matter.
        """
        with self._mutex:
            if self._is_done or self._working_ts:
                return
            working = self._marked(Reply(text), working=True)
            try:
                self._working_ts = self._outlet.post(
                    self._utterance.channel, working, thread_ts=self._utterance.answer_ts
                )
            except SlackError as failure:
                if failure.kind is not SlackErrorKind.UNCONFIRMED:
                    raise
                self._work_unseen(failure, text, replace(self._outlet, patience=0.0))
            if self._working_ts:
                self._services.inbox.show(self._utterance.delivery, self._working_ts)

    def answer_publicly(self, draw: Draw) -> None:
        """The answer for all who are there; it takes the place of what was shown while working."""
        with self._mutex:
            if not self._finish():
                return
            begun = self._begin(AnswerStage.TELLING)
            self._send(draw, lambda reply: self._publish(reply) if begun() else None)  # drawn while it is noted

    def answer_privately(self, draw: Draw) -> None:
        """Something for the asker alone: help, an error. What was shown while working goes away."""
        with self._mutex:
            is_public = self._utterance.is_direct or bool(self._utterance.bot)
            if not self._finish():
                return
            if not self._begin(AnswerStage.TELLING if is_public else AnswerStage.CONFIDING)():
                return
            if is_public:
                self._send(draw, self._publish)
                return
            self._withdraw()
            self._send(draw, self._send_privately)

    def _finish(self) -> bool:
        """True the first time."""
        was_done, self._is_done = self._is_done, True
        return not was_done

    def _begin(self, stage: AnswerStage) -> Callable[[], bool]:
        """Notes that telling begins; False when another process answers, since it took this one for dead."""
        noted = self._services.inbox.begin_telling_soon(self._utterance.delivery, stage)

        def begun() -> bool:
            is_ours = noted()
            if not is_ours:
                log.warning("%s is answered by another process", self._utterance.delivery)
            return is_ours

        return begun

    def _send(self, draw: Draw, send: Callable[[Reply], None]) -> None:
        def drawn(rung: BlockLevel) -> Reply:
            with self._services.drawing:
                return draw(rung)

        try:
            send_with_fallback(drawn, send, self._utterance.team, self._services.capabilities, self._services.sleep)
        except SlackError as failure:
            self._report(failure, "an answer reached nobody")
        except BaseException:
            self._is_done = False  # something else can still be said
            raise

    def _work_unseen(self, failure: SlackError, text: str, outlet: SlackClient) -> None:
        log.info("working could not be shown in the channel: %s", failure)
        try:
            if failure.kind is SlackErrorKind.UNCONFIRMED:
                self._working_ts = self._find(working=True)
            elif self._utterance.response_url:
                outlet.respond(self._utterance.response_url, Reply(text, only_to_asker=True))
        except SlackError as second:
            log.info("working could not be shown at all: %s", second)

    def _publish(self, reply: Reply) -> None:
        try:
            self._put(self._marked(reply))
        except SlackError as failure:
            if failure.kind is SlackErrorKind.REFUSED_BLOCKS:
                raise
            self._publish_elsewhere(reply, failure)

    def _put(self, reply: Reply) -> None:
        """Puts the answer in place of what was shown while working, or anew where that cannot be changed."""
        if self._working_ts:
            try:
                self._outlet.update(self._utterance.channel, self._working_ts, reply)
            except SlackError as failure:
                if failure.kind is not SlackErrorKind.MESSAGE_GONE:
                    raise
                self._withdraw()
            else:
                self.posted_ts = self._working_ts
                return
        self._post(reply)

    def _post(self, reply: Reply) -> None:
        lost = SlackError(SlackErrorKind.UNCONFIRMED, "not confirmed")
        for _ in range(_POSTS):
            try:
                self.posted_ts = self._outlet.post(self._utterance.channel, reply, thread_ts=self._utterance.answer_ts)
            except SlackError as failure:
                if failure.kind is not SlackErrorKind.UNCONFIRMED:
                    raise
                lost = failure
            else:
                return
            if self._stands(lost):
                return
        raise lost

    def _stands(self, lost: SlackError) -> bool:
        """Whether the message of an unanswered post is there; raises what lost it where that cannot be told."""
        log.warning("a post was not confirmed, looking for it: %s", lost)
        if not self._utterance.delivery:
            raise lost
        self._services.sleep(_INTO_HISTORY)
        try:
            self.posted_ts = self._find(working=False)
        except SlackError as unseen:
            log.info("history cannot be read: %s", unseen)
            raise lost from unseen
        return bool(self.posted_ts)

    def stands(self, since: str) -> bool:
        """Whether a process before this one posted the answer. Raises SlackFailed where that cannot be told."""
        return bool(self._find(working=False, since=since))

    def adopt(self, working_ts: str, since: str) -> None:
        """What a process before this one showed while working is replaced as our own; "" is looked for."""
        try:
            self._working_ts = working_ts or self._find(working=True, since=since)
        except SlackError as failure:
            log.info("history cannot be read: %s", failure)

    def _find(self, *, working: bool, since: str = "") -> str:
        wanted = self._payload(working=working)
        return self._outlet.find_own_message(
            self._utterance.channel, wanted, thread_ts=self._utterance.answer_ts, since=since
        )

    def _publish_elsewhere(self, reply: Reply, failure: SlackError) -> None:
        """Answers by response_url where the bot cannot post; the asker alone where the channel may hold it already."""
        self._report(failure, "an answer could not be posted")
        why = _WHY_HERE.get(failure.kind, "")
        private = failure.kind in (SlackErrorKind.UNCONFIRMED, SlackErrorKind.FORBIDDEN)
        if failure.kind is not SlackErrorKind.UNCONFIRMED:
            self._withdraw()
        if self._utterance.response_url and not private:
            try:
                self._outlet.respond(
                    self._utterance.response_url, self._marked(reply), thread_ts=self._utterance.answer_ts
                )
            except SlackError as second:
                if second.kind is SlackErrorKind.REFUSED_BLOCKS:
                    raise
                self._report(second, "an answer could not be given by response_url")
                failure = second
            else:
                return
        if self._utterance.bot:
            return  # it cannot be told alone
        why = _UNCONFIRMED if failure.kind is SlackErrorKind.UNCONFIRMED else why
        self._send_privately(_with_reason(reply, why) if why else reply)

    def _send_privately(self, reply: Reply) -> None:
        """Sends to the asker alone, by the first way that is open."""
        utterance, own = self._utterance, replace(reply, only_to_asker=True, metadata={})
        ways: list[Callable[[], object]] = [
            lambda: self._outlet.post_ephemeral(utterance.channel, utterance.user, own, thread_ts=utterance.thread_ts),
            lambda: self._outlet.post(utterance.user, own),
        ]
        if utterance.response_url:
            ways.insert(0, lambda: self._outlet.respond(utterance.response_url, own))
        for way in ways[:-1]:
            try:
                way()
            except SlackError as failure:
                if failure.kind is SlackErrorKind.REFUSED_BLOCKS:
                    raise
                log.warning("the asker could not be told this way: %s", failure)
            else:
                return
        ways[-1]()

    def _withdraw(self) -> None:
        """Takes away what was shown while working."""
        ts, self._working_ts = self._working_ts, ""
        if not ts:
            return
        try:
            self._outlet.delete(self._utterance.channel, ts)
        except SlackError as failure:
            log.warning("what was shown while working could not be deleted: %s", failure)
            self._blank(ts)

    def _blank(self, ts: str) -> None:
        try:
            self._outlet.update(self._utterance.channel, ts, Reply(_WITHDRAWN))
        except SlackError as failure:
            log.warning("nor changed: %s", failure)

    def _payload(self, *, working: bool) -> dict[str, object]:
        return {"delivery": self._utterance.delivery, "stage": "working" if working else "done"}

    def _marked(self, reply: Reply, *, working: bool = False) -> Reply:
        """The reply with the metadata by which it can be found again; ids only, since others can read it."""
        payload = reply.metadata.get("event_payload", {})
        return replace(
            reply, metadata={"event_type": ANSWER, "event_payload": {**payload, **self._payload(working=working)}}
        )

    def _report(self, failure: SlackError, what: str) -> None:
        utterance, incident = self._utterance, self._services.new_incident()
        log.error(
            "incident %s: %s (%s), for %s in %s, %s",
            incident,
            what,
            failure,
            utterance.user,
            utterance.channel,
            utterance.delivery,
        )


def _with_reason(reply: Reply, why: str) -> Reply:
    blocks = (aside(why), *reply.blocks) if reply.blocks else ()
    return replace(reply, text=clip(f"{why}\n{reply.text}", TEXT), blocks=blocks)
