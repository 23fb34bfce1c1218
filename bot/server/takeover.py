"""What was acknowledged by a process that was killed before it answered: taken over and answered by this one."""

import logging
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from uuid import uuid4

from slack_sdk import WebClient

from bot.store.inbox import StoredInbox
from comparison.report import Report, Step
from handlers.conversation import Job, RunClaim, answer_words
from handlers.services import Services, Work
from handlers.slack.client import SlackError
from handlers.slack.escape import clip, one_line
from handlers.stores import AnswerStage, LeftRequest

log = logging.getLogger(__name__)

_MARK = "|"


def new_owner() -> str:
    """A name that no other process has or had: machine, process, and a number by chance."""
    return _MARK.join((_machine(), str(os.getpid()), uuid4().hex[:12]))


def has_ended(owner: str) -> bool:
    """True where it is known that a process of this machine has ended; whoever has our number now, it is not that one.

    For processes that share a file: where machines share a database, several may go by the same name.
    """
    machine, _, rest = owner.partition(_MARK)
    number = rest.partition(_MARK)[0]
    if machine != _machine() or not number.isdecimal() or os.name != "posix":
        return False
    if int(number) == os.getpid():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _machine() -> str:
    return socket.gethostname()[:200]


class Takeover:
    """Looks at the start and then again and again for what was left, and hands it to the pool."""

    def __init__(
        self, inbox: StoredInbox, services: Services, client_of: Callable[[str], WebClient], *, shares_a_file: bool
    ) -> None:
        self._inbox = inbox
        self._services = services
        self._client_of = client_of  # of a workspace
        self._is_dead = has_ended if shares_a_file else _unknown
        self._waiting: deque[Work] = deque()  # taken over, and the pool was full
        self._is_failing = False
        self._is_ending = False
        self._stopped = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="recovery", daemon=True).start()

    def end(self) -> None:
        """Stops taking over: from now on it only shows that we live and work."""
        self._is_ending = True

    def stop(self) -> None:
        """Leaves what is not answered to others."""
        self._stopped.set()
        self._inbox.close()

    def look(self) -> None:
        """Looks once, now. What goes wrong is logged the first time, and tried again."""
        try:
            if self._is_ending:
                self._inbox.beat()
                return
            found = self._inbox.take_over(self._is_dead)
            self._is_failing = False
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is tried again
            if not self._is_failing:
                log.warning("what others left cannot be looked for", extra={"reason": error})
            self._is_failing = True
            return
        if found:
            log.warning("taken over from a process that ended", extra={"count": len(found)})
        for left in found:
            client, services = self._client_of(left.utterance.team), self._services.of_workspace(left.utterance.team)
            self._waiting.append(Work(resume(left, client, services), left.utterance.channel))
        while self._waiting and self._services.pool.submit(self._waiting[0]) is not None:
            self._waiting.popleft()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(self._inbox.every)


def _unknown(_owner: str) -> bool:
    return False


# What was left: answered as if just asked, where it cannot have been told yet.
#
# Where telling had begun, our own message is looked for. Where that cannot be known, the asker alone is told so.


_SETTLED = 3.0  # seconds after which Slack shows what it was sent, also by who was killed meanwhile
_EARLIER = 60  # seconds by which our clock may differ from Slack's
_MOST = 3  # times that the same is tried: perhaps it is what kills us
_NAMED = 200  # characters


def resume(left: LeftRequest, client: WebClient, services: Services) -> Callable[[], None]:
    """The work for a worker. It never raises."""
    job = answer_words(left.utterance, client, services, claim=RunClaim(services))

    def resume() -> None:
        try:
            _resume(left, job, services)
        except Exception:
            log.exception("what was left could not be answered: %s", left.utterance.delivery)
            services.inbox.done(left.key)

    return resume


def _resume(left: LeftRequest, job: Job, services: Services) -> None:
    stands = False if left.stage is AnswerStage.ASKED else _was_told(left, job, services)
    if stands:
        services.inbox.done(left.key)
        return
    if stands is None or left.times > _MOST:
        _say_so(left, job, services)
        return
    job.delivery.adopt(left.working_ts, _since(left.asked_at))
    job.call_off.append(services.later(services.working_after, job.show_progress))
    job.run()


def _was_told(left: LeftRequest, job: Job, services: Services) -> bool | None:
    """None: it cannot be known."""
    if left.stage is AnswerStage.CONFIDING:
        return None  # what one person sees stands in no history
    if left.working_ts:
        return False  # the answer takes the place of that message; once more does no harm
    services.sleep(max(0.0, min(_SETTLED, left.told_at + _SETTLED - services.now().timestamp())))
    try:
        return job.delivery.stands(_since(left.told_at))
    except SlackError as failure:
        log.info("it cannot be known whether %s was answered: %s", left.utterance.delivery, failure)
        return None


def _say_so(left: LeftRequest, job: Job, services: Services) -> None:
    if left.working_ts:
        job.delivery.adopt(left.working_ts, "")
    line = f"{services.command} {left.utterance.words}".strip()
    question = clip(one_line(left.utterance.words), _NAMED) or "you"
    problem = f"I was restarted while answering {question}; if no answer stands above, ask again:"
    try:
        job.tell(Report(headline=problem, summary=f"{problem} {line}", steps=(Step("Ask again", line),)))
    finally:
        services.inbox.done(left.key)


def _since(at: int) -> str:
    return f"{max(0, at - _EARLIER)}.000000"
