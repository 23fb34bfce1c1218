"""Lists, standups and single runs that were posted, for those who go on talking about them in the thread."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from comparison.language.follow_up import shown_request
from comparison.language.parser import line
from comparison.request import Request
from comparison.runs import Run
from handlers.services import Services
from handlers.stores import PostedAnswer
from handlers.utterance import Utterance

log = logging.getLogger(__name__)

_KEPT = 50  # runs or experiments of an answer


@dataclass(frozen=True, slots=True)
class ShownRuns:
    """The runs that an answer shows, in its order; `experiments` where it lists those; of a standup what `failed`."""

    runs: Sequence[Run] = ()
    experiments: Sequence[str] = ()
    failed: Sequence[Run] = ()


def remember_answer(
    request: Request, shown: ShownRuns, utterance: Utterance, services: Services, message_ts: str
) -> None:
    """Keeps what was asked and what was shown; that it cannot be kept is no reason not to answer."""
    runs = shown.runs[:_KEPT]
    ids = tuple(run.run_id for run in runs)
    try:
        record = PostedAnswer(
            id=f"{utterance.channel}:{message_ts}" if message_ts else utterance.delivery,
            workspace=utterance.team,
            channel=utterance.channel,
            thread=utterance.answer_ts,
            message_ts=message_ts,
            asked_by=utterance.user,
            at=int(services.now().timestamp()),
            line=line(shown_request(request, ids)),
            runs=ids,
            labels=tuple(run.name for run in runs),
            experiments=tuple(shown.experiments or (run.experiment.name for run in runs))[:_KEPT],
            failed=tuple((run.run_id, run.name, run.experiment.name) for run in shown.failed[:_KEPT]),
        )
        services.answers.remember(record)
    except Exception:
        log.exception("an answer could not be remembered")
