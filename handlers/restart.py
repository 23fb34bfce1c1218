"""What a process before this one left unanswered: answered as if just asked, where it cannot have been told yet.

Where telling had begun, our own message is looked for. Where that cannot be known, the asker alone is told so.
"""

import logging
from collections.abc import Callable

from slack_sdk import WebClient

from comparison.report import Report, Step
from handlers.conversation import Job, RunClaim, answer_words
from handlers.services import Services
from handlers.slack.client import SlackError
from handlers.slack.escape import clip, one_line
from handlers.stores import AnswerStage, LeftRequest

log = logging.getLogger(__name__)

_SETTLED = 3.0  # seconds after which Slack shows what it was sent, also by who was killed meanwhile
_EARLIER = 60  # seconds by which our clock may differ from Slack's
_MOST = 3  # times that the same is tried: perhaps it is what kills us
_NAMED = 200  # characters


def resume(left: LeftRequest, client: WebClient, services: Services) -> Callable[[], None]:
    """The work for a worker. It never raises."""
    work = answer_words(left.utterance, client, services, claim=RunClaim(services))

    def resume() -> None:
        try:
            _resume(left, work, services)
        except Exception:
            log.exception("what was left could not be answered: %s", left.utterance.delivery)
            services.inbox.done(left.key)

    return resume


def _resume(left: LeftRequest, work: Job, services: Services) -> None:
    stands = False if left.stage is AnswerStage.ASKED else _was_told(left, work, services)
    if stands:
        services.inbox.done(left.key)
        return
    if stands is None or left.times > _MOST:
        _say_so(left, work, services)
        return
    work.delivery.adopt(left.working_ts, _since(left.asked_at))
    work.call_off.append(services.later(services.working_after, work.show_progress))
    work.run()


def _was_told(left: LeftRequest, work: Job, services: Services) -> bool | None:
    """None: it cannot be known."""
    if left.stage is AnswerStage.CONFIDING:
        return None  # what one person sees stands in no history
    if left.working_ts:
        return False  # the answer takes the place of that message; once more does no harm
    services.sleep(max(0.0, min(_SETTLED, left.told_at + _SETTLED - services.now().timestamp())))
    try:
        return work.delivery.stands(_since(left.told_at))
    except SlackError as failure:
        log.info("it cannot be known whether %s was answered: %s", left.utterance.delivery, failure)
        return None


def _say_so(left: LeftRequest, work: Job, services: Services) -> None:
    if left.working_ts:
        work.delivery.adopt(left.working_ts, "")
    line = f"{services.command} {left.utterance.words}".strip()
    asked = clip(one_line(left.utterance.words), _NAMED) or "you"
    problem = f"I was restarted while answering {asked}; if no answer stands above, ask again:"
    try:
        work.tell(Report(headline=problem, summary=f"{problem} {line}", steps=(Step("Ask again", line),)))
    finally:
        services.inbox.done(left.key)


def _since(at: int) -> str:
    return f"{max(0, at - _EARLIER)}.000000"
