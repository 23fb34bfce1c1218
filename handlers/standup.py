"""Quick answers: what happened, what runs, what failed, the top, lists of runs and experiments, one run by itself."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from comparison.channel_defaults import ChannelDefaults
from comparison.queries.run_lists import failed_runs, known_experiments, newest_runs, running_runs, show_run, top_runs
from comparison.queries.standup import standup
from comparison.queries.sweeps import is_trial
from comparison.report import Report
from comparison.reports.run_lists import (
    MOST_EXPERIMENTS,
    experiments_report,
    failed_report,
    newest_runs_report,
    running_report,
    show_report,
    top_report,
)
from comparison.reports.standup import standup_report
from comparison.request import Experiments, Failed, Running, Runs, Show, Standup, Top
from comparison.resolve.scope import ChosenRuns
from comparison.runs import Run
from comparison.tracking.activity import in_order
from handlers.compare.message import PREFIX, pair_button
from handlers.curves import curves_button, sweep_button
from handlers.services import Services
from handlers.slack.blocks import Block, Reply
from handlers.slack.delivery import Delivery
from handlers.slack.escape import clip, mrkdwn, one_line
from handlers.slack.fallback import BlockLevel
from handlers.slack.render import draw
from handlers.stores import ShownRuns, defaults_of, remember_answer
from handlers.utterance import Utterance

REQUESTS = (Standup, Running, Failed, Top, Show, Runs, Experiments)  # what this feature answers


Quick = Standup | Running | Failed | Top | Show | Runs | Experiments
_KEPT = 20  # run ids in the metadata


def answer(request: Quick, utterance: Utterance, services: Services, delivery: Delivery) -> None:
    defaults = defaults_of(services.defaults, utterance)
    found = _ANSWERS[type(request)](request, services, defaults)
    metadata = {"event_payload": {"runs": [run.run_id for run in found.runs[:_KEPT]]}}

    def drawn(rung: BlockLevel) -> Reply:
        placed = ("pair",) if any(each["action_id"].startswith(PREFIX) for each in found.row) else ()
        drawing = draw(found.report, rung=rung, asked_by=utterance.user, row=found.row, placed=placed)
        return replace(drawing, metadata=metadata)

    delivery.answer_publicly(drawn)
    remember_answer(services.answers, request, found.shown, utterance, delivery.posted_ts, services.now())


def show_progress(request: Quick, _utterance: Utterance, _services: Services, delivery: Delivery) -> None:
    experiment = "" if isinstance(request, Experiments) else request.experiment
    place = f" in {mrkdwn(clip(one_line(experiment), 60), 200)}" if experiment else ""
    doing = {
        Standup: "Looking up what happened",
        Running: "Looking up what runs",
        Failed: "Looking up what failed",
        Top: "Looking for the top runs",
        Show: "Looking up the run",
        Runs: "Looking for the runs",
        Experiments: "Looking for the experiments",
    }[type(request)]
    delivery.show_working(f"{doing}{place} …")


@dataclass(frozen=True, slots=True)
class _Answer:
    """A report, the runs in it, and what can be pressed below it."""

    report: Report
    runs: Sequence[Run] = ()
    row: Sequence[Block] = ()
    experiments: Sequence[str] = ()  # where they are what is listed
    failed: Sequence[Run] = ()

    @property
    def shown(self) -> ShownRuns:
        return ShownRuns(self.runs, self.experiments, self.failed)


def _standup(request: Standup, services: Services, defaults: ChannelDefaults) -> _Answer:
    digest = standup(request, services.runs, now=services.now(), defaults=defaults)
    report = standup_report(digest, ui_url=services.ui_url, command=services.command)
    best = [group.best.run for group in digest.groups if group.best]
    new = next((group.best for group in digest.groups if group.best and group.best.is_new and group.best.before), None)
    pair = [new.before, new.run] if new and new.before else []
    row = pair_button("What made the new best?", pair, asks_why=True)
    return _Answer(report, best, row, failed=in_order(digest.failed))


def _running(request: Running, services: Services, defaults: ChannelDefaults) -> _Answer:
    found = running_runs(request, services.runs, now=services.now(), defaults=defaults)
    return _Answer(running_report(found, ui_url=services.ui_url, command=services.command), found.runs)


def _failed(request: Failed, services: Services, defaults: ChannelDefaults) -> _Answer:
    found = failed_runs(request, services.runs, now=services.now(), defaults=defaults)
    return _Answer(failed_report(found, ui_url=services.ui_url, command=services.command), found.runs)


def _top(request: Top, services: Services, defaults: ChannelDefaults) -> _Answer:
    found = top_runs(request, services.runs, now=services.now(), defaults=defaults, past=services.repeats)
    report = top_report(found, ui_url=services.ui_url, command=services.command)
    pair = pair_button("Compare top 2", found.runs[1::-1])
    return _Answer(report, found.runs, [*pair, *_sweep_of(found.runs)])


def _sweep_of(runs: Sequence[Run]) -> list[Block]:
    """A button for the sweep that most of the runs are trials of; none where they are of none."""
    most = len(runs) / 2
    (parent, count), *_ = Counter(run.parent_id for run in runs).most_common(1) or [("", 0)]
    if parent and count > most:
        return sweep_button(parent)
    places = {run.experiment.experiment_id for run in runs}
    is_search = len(places) == 1 and sum(map(is_trial, runs)) > most
    return sweep_button("", experiment_id=places.pop()) if is_search else []


def _show(request: Show, services: Services, defaults: ChannelDefaults) -> _Answer:
    found = show_run(request, services.runs, now=services.now(), defaults=defaults, several=ChosenRuns.ASK)
    report = show_report(found, who=request.who, ui_url=services.ui_url, command=services.command)
    row = [] if request.who else curves_button(found.side.runs, found.metrics[:2])
    return _Answer(report, found.side.runs, row)


def _runs(request: Runs, services: Services, defaults: ChannelDefaults) -> _Answer:
    found = newest_runs(request, services.runs, now=services.now(), defaults=defaults)
    report = newest_runs_report(found, ui_url=services.ui_url, command=services.command)
    return _Answer(report, found.runs, pair_button("Compare newest 2", found.runs[1::-1]))


def _experiments(request: Experiments, services: Services, defaults: ChannelDefaults) -> _Answer:
    found = known_experiments(request, services.runs, now=services.now(), defaults=defaults)
    report = experiments_report(found, ui_url=services.ui_url, command=services.command)
    return _Answer(report, experiments=[each.name for each in found.experiments[:MOST_EXPERIMENTS]])


_ANSWERS: dict[type, Callable[[Any, Services, ChannelDefaults], _Answer]] = {
    Standup: _standup,
    Running: _running,
    Failed: _failed,
    Top: _top,
    Show: _show,
    Runs: _runs,
    Experiments: _experiments,
}
