"""“Compare linked runs”, of a message: the runs it links or names are compared in its thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.errors import NotUnderstood, RequestError
from comparison.language.compare_command import MOST_RUNS
from comparison.language.parser import parse
from comparison.report import Report
from comparison.request import Compare, Request, ShowSettings
from comparison.resolve.mentions import compare_request, mentioned_runs
from comparison.runs import Run
from handlers.compare import message as compare_message
from handlers.compare.dialog import DialogStart, opener
from handlers.conversation import ParsedRequest, answer_words, hand_over
from handlers.services import Feature, Services
from handlers.slack.blocks import Reply
from handlers.slack.delivery import Delivery
from handlers.slack.fallback import BlockLevel
from handlers.slack.render import draw
from handlers.utterance import Utterance, from_shortcut, texts_of

COMPARE_LINKED = "compare_message"
_HOW = "I look for MLflow links, and for run names in `backticks` or quotes."


def register(app: App) -> None:
    app.shortcut({"type": "message_action", "callback_id": COMPARE_LINKED})(on_shortcut)


def on_shortcut(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    heard, texts = from_shortcut(body), texts_of(body)
    meaning = ParsedRequest(lambda: linked_compare(texts, services.for_channel(heard.team, heard.channel, heard.user)))
    work = answer_words(heard, client, services, meaning=meaning)
    work.call_off.append(services.later(services.working_after, work.show_progress))
    hand_over(work, services, work.run)


def linked_compare(texts: Sequence[str], services: Services) -> tuple[Request, Feature]:
    """The comparison of all runs that the texts speak of, or what to say where they are fewer than two."""
    written = mentioned_runs(texts, services.runs)
    if len(written) > MOST_RUNS:
        raise NotUnderstood(f"That message speaks of {len(written)} runs; I compare up to {MOST_RUNS} at once.")
    if len(written) < 2:
        return ShowSettings(), TooFewRuns(written)
    return parse(compare_request(written), command=services.command), compare_message


@dataclass(frozen=True)
class TooFewRuns:
    """Said to who asked, with a way to choose the others."""

    written: tuple[str, ...]

    def answer(self, _request: Request, utterance: Utterance, services: Services, delivery: Delivery) -> None:
        run = _known(self.written, services)
        problem = "I find only one run in that message" if self.written else "I find no run in that message"
        if run:
            problem = f"{problem}: {run.name}"
        report = Report(headline=problem, summary=f"{problem}. {_HOW}", footnotes=(_HOW,))
        runs = ((run.run_id, f"{run.name} ({run.run_id[:8]})"),) if run else ()
        start = DialogStart(runs, utterance.channel, utterance.answer_ts)

        def drawn(rung: BlockLevel) -> Reply:
            return draw(report, rung=rung, row=[opener("Compare it with …" if run else "Choose runs …", start)])

        delivery.answer_privately(drawn)

    def show_progress(
        self, _request: Request, utterance: Utterance, services: Services, delivery: Delivery
    ) -> None: ...


def _known(written: Sequence[str], services: Services) -> Run | None:
    """The one run, where it can be told without doubt."""
    if not written:
        return None
    try:
        request = parse(compare_request([written[0], written[0]]), command=services.command)
        comparison = compare_message.fetch_and_compare(request, services) if isinstance(request, Compare) else None
    except RequestError:
        return None
    run = comparison.baseline.runs[0] if comparison else None
    return run if run and not run.deleted else None
