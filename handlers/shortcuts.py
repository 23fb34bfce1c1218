"""“Compare linked runs”, of a message: the runs it links or names are compared in its thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from comparison.errors import NotUnderstood, RequestError
from comparison.mentioned import as_request, mentioned
from comparison.parser import MOST_RUNS, parse
from comparison.report import Report
from comparison.request import Compare, Request, Settings
from comparison.runs import Run
from handlers import compare, sent
from handlers.answering import Feature, Meaning, answering
from handlers.drawing import draw
from handlers.followups import hand_over
from handlers.opening import Start, opener
from handlers.posting import Delivery
from handlers.reply import Reply
from handlers.rung import Rung
from handlers.said import Said
from handlers.services import Services

SHORTCUT = "compare_message"
_HOW = "I look for MLflow links, and for run names in `backticks` or quotes."


def register(app: App) -> None:
    app.shortcut({"type": "message_action", "callback_id": SHORTCUT})(hear_shortcut)


def hear_shortcut(ack: Callable[..., Any], body: dict[str, Any], client: WebClient, services: Services) -> None:
    ack()
    heard, texts = sent.from_shortcut(body), sent.texts_of(body)
    work = answering(heard, client, services, meaning=Meaning(lambda: understood(texts, services)))
    work.call_off.append(services.later(services.working_after, work.say_meanwhile))
    hand_over(work, services, work.run)


def understood(texts: Sequence[str], services: Services) -> tuple[Request, Feature]:
    """The comparison of all runs that the texts speak of, or what to say where they are fewer than two."""
    written = mentioned(texts, services.runs)
    if len(written) > MOST_RUNS:
        raise NotUnderstood(f"That message speaks of {len(written)} runs; I compare up to {MOST_RUNS} at once.")
    if len(written) < 2:
        return Settings(), TooFew(written)
    return parse(as_request(written), command=services.command), compare


@dataclass(frozen=True)
class TooFew:
    """Said to who asked, with a way to choose the others."""

    written: tuple[str, ...]

    def answer(self, _request: Request, heard: Said, services: Services, delivery: Delivery) -> None:
        run = _known(self.written, services)
        problem = "I find only one run in that message" if self.written else "I find no run in that message"
        if run:
            problem = f"{problem}: {run.name}"
        report = Report(headline=problem, summary=f"{problem}. {_HOW}", footnotes=(_HOW,))
        runs = ((run.run_id, f"{run.name} ({run.run_id[:8]})"),) if run else ()
        start = Start(runs, heard.channel, heard.answer_ts)

        def drawn(rung: Rung) -> Reply:
            return draw(report, rung=rung, row=[opener("Compare it with …" if run else "Choose runs …", start)])

        delivery.tell(drawn)

    def say_meanwhile(self, _request: Request, heard: Said, services: Services, delivery: Delivery) -> None: ...


def _known(written: Sequence[str], services: Services) -> Run | None:
    """The one run, where it can be told without doubt."""
    if not written:
        return None
    try:
        request = parse(as_request([written[0], written[0]]), command=services.command)
        comparison = compare.look(request, services) if isinstance(request, Compare) else None
    except RequestError:
        return None
    run = comparison.baseline.runs[0] if comparison else None
    return run if run and not run.deleted else None
