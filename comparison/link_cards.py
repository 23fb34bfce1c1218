"""What a card for a page of MLflow is made of: what it is of, and how that stands against the channel's baseline."""

from collections.abc import Sequence
from dataclasses import dataclass

from comparison.channel_defaults import ChannelDefaults
from comparison.compare import compare
from comparison.errors import RequestError
from comparison.judgement.primary_metric import PrimaryMetric, choose_primary
from comparison.judgement.result import Comparison
from comparison.runs import Experiment, Run, Side
from comparison.tracking.mlflow_links import LinkedPage, PageKind
from comparison.tracking.source import ModelVersion, RunSource

NEWEST = 30  # runs of an experiment that are looked at
_PINNED = "the channel's baseline"
_TAGGED = "the experiment's baseline"


@dataclass(frozen=True, slots=True)
class LinkCard:
    """`runs` are those of the page that are there, of an experiment the newest; `comparison` None: nothing to judge.

    `by` is the metric that a single run, or an experiment, is told by. `is_baseline`: the run is the channel's own.
    """

    page: LinkedPage
    runs: tuple[Run, ...] = ()
    experiment: Experiment | None = None
    comparison: Comparison | None = None
    by: PrimaryMetric | None = None
    model: ModelVersion | None = None
    is_baseline: bool = False


def read_card(page: LinkedPage, source: RunSource, *, now: int, defaults: ChannelDefaults) -> LinkCard | None:
    """The card of a page; None where it is of nothing that is there. `now` in ms since the epoch.

    One request, for a model two; the list of experiments is at hand. Raises TrackingUnavailable.
    """
    match page.kind:
        case PageKind.RUN:
            return _of_run(page, page.runs[0], source, now, defaults)
        case PageKind.COMPARISON | PageKind.METRIC:
            return _of_several(page, source, now, defaults)
        case PageKind.EXPERIMENT:
            return _of_experiment(page, source, defaults)
    return _of_model(page, source, now, defaults)


def _of_run(page: LinkedPage, run_id: str, source: RunSource, now: int, defaults: ChannelDefaults) -> LinkCard | None:
    """A run beside the channel's baseline, else its experiment's; one of another experiment is no measure for it."""
    tagged = _known(source, page.experiment)
    wanted = {tagged.baseline: _TAGGED} if tagged and tagged.baseline else {}
    wanted = {defaults.pinned: _PINNED, **{each: note for each, note in wanted.items() if each != defaults.pinned}}
    found = {run.run_id: run for run in source.these([run_id, *filter(None, wanted)])}
    run = found.get(run_id)
    if run is None:
        return None
    by = choose_primary([run], [run.experiment], defaults)
    is_baseline = run_id in wanted
    for baseline_id, note in wanted.items():
        baseline = found.get(baseline_id)
        if baseline is None or is_baseline or baseline.experiment.experiment_id != run.experiment.experiment_id:
            continue
        sides = [Side(baseline.name, (baseline,), (note,)), Side(run.name, (run,))]
        return LinkCard(page, (run,), run.experiment, _compared(sides, (), now, defaults), by)
    return LinkCard(page, (run,), run.experiment, by=by, is_baseline=is_baseline)


def _of_several(page: LinkedPage, source: RunSource, now: int, defaults: ChannelDefaults) -> LinkCard | None:
    known = {run.run_id: run for run in source.these(page.runs)}
    runs = tuple(known[each] for each in page.runs if each in known)
    logged = tuple(each for each in page.metrics if any(each in run.metrics for run in runs))
    if page.kind is PageKind.METRIC and not logged:
        return None
    if len(runs) > 1:
        comparison = _compared([Side(run.name, (run,)) for run in runs], logged[:1], now, defaults)
        return LinkCard(page, runs, runs[0].experiment, comparison) if comparison else None
    if page.kind is PageKind.COMPARISON or not runs:
        return None
    named = ChannelDefaults(metric=logged[0], goals=defaults.goals)
    return LinkCard(page, runs, runs[0].experiment, by=choose_primary(runs, [runs[0].experiment], named))


def _of_experiment(page: LinkedPage, source: RunSource, defaults: ChannelDefaults) -> LinkCard | None:
    experiment = _known(source, page.experiment)
    if experiment is None:
        return None
    runs = tuple(source.newest(experiment_ids=(experiment.experiment_id,), limit=NEWEST))
    return LinkCard(page, runs, experiment, by=choose_primary(runs, [experiment], defaults) if runs else None)


def _of_model(page: LinkedPage, source: RunSource, now: int, defaults: ChannelDefaults) -> LinkCard | None:
    versions = source.versions(model=page.model, version=page.version or "latest")
    if not versions:
        return None
    card = _of_run(page, versions[0].run_id, source, now, defaults) if versions[0].run_id else None
    if card is None:
        return LinkCard(page, model=versions[0])
    return LinkCard(page, card.runs, card.experiment, card.comparison, card.by, versions[0], card.is_baseline)


def _known(source: RunSource, experiment_id: str) -> Experiment | None:
    """From the list of experiments, which is at hand."""
    return next((each for each in source.experiments() if each.experiment_id == experiment_id), None)


def _compared(
    sides: Sequence[Side], metrics: tuple[str, ...], now: int, defaults: ChannelDefaults
) -> Comparison | None:
    """None where there is nothing that can be compared."""
    agreed = (defaults.metric,) if any(defaults.metric in run.metrics for side in sides for run in side.runs) else ()
    try:
        return compare(
            *sides,
            metrics=metrics or agreed,
            channel_goals=defaults.goals,
            channel_tolerances=defaults.tolerances,
            now=now,
        )
    except RequestError:
        return None
