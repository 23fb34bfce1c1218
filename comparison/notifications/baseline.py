"""The baseline of a run that ended: what its watch says, else the pinned one, else the run before it. Never itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import FilterRefused, RequestError, RunNotFound, TrackingUnavailable
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, is_better, rank, value_of
from comparison.past_repeats import PastRepeats
from comparison.resolve.described_runs import rank_by
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import SearchScope
from comparison.run_reference import Latest, Leading, RunReference
from comparison.runs import Experiment, Goal, Run, Side, Status
from comparison.tracking.leaders import leaders
from comparison.tracking.source import Ranking, RunSource
from comparison.watch import Watch

SHORT = 8  # characters of an id that people read
_LAST = (
    "previous run",
    "previous run like this one",
    "previous run to end; none finished",
)


@dataclass(frozen=True, slots=True)
class PastRuns:
    """The last runs that finished before `moment` (ms since the epoch), the last to end first."""

    experiment: Experiment
    moment: int
    finished: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineQuestion:
    """Runs of one experiment that ended, and what came before. `fitting`: ids that fit the watch's filter; None: all.

    `by` is what they are judged by, `best` the best before, where that is known.
    """

    runs: tuple[Run, ...]
    before: PastRuns
    source: RunSource
    now: datetime
    defaults: ChannelDefaults = field(default_factory=ChannelDefaults)
    by: PrimaryMetric | None = None
    best: Run | None = None
    fitting: frozenset[str] | None = None

    @property
    def place(self) -> str:
        return self.before.experiment.name

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(run.run_id for run in self.runs)


@dataclass(frozen=True, slots=True)
class BaselineChoice:
    """The baseline that was chosen; no side: there is none, and `why`. `doubts`: why it is not what the watch says."""

    side: Side | None = None
    why: str = ""
    doubts: tuple[str, ...] = ()


def choose_baseline(watching: Watch, case: BaselineQuestion) -> BaselineChoice:
    """Raises TrackingUnavailable only: what cannot be had is said, and the run before stands in for it."""
    why = ""
    side: Side | None = None
    try:
        side = _CHOOSERS[watching.against](watching, case)
    except TrackingUnavailable:
        raise
    except RequestError as error:
        why = error.problem
    if side is not None and side.runs[0].run_id in case.ids:
        why = f"{side.runs[0].name} is the baseline itself."
        side = None
    if side is not None:
        return BaselineChoice(side)
    instead = _previous(watching, case)
    if instead is None:
        return BaselineChoice(why=" ".join(filter(None, (why, f"No run of {case.place} ended before."))))
    return BaselineChoice(instead, doubts=(f"{why} The run before stands in.",) if why else ())


def choose_baseline_in_order(choice: BaselineChoice, watching: Watch, case: BaselineQuestion) -> BaselineChoice:
    """The baseline of one of many runs, where those that finished before it count too. Makes no request."""
    if watching.against == "best" and case.best is not None and case.by is not None:
        return BaselineChoice(_as_best(case.best, case.by.metric))
    is_last = choice.side is None or not set(_LAST).isdisjoint(choice.side.notes)
    side = _previous(watching, case) if is_last and case.before.finished else None
    return replace(choice, side=side) if side else choice


def _unsaid(watching: Watch, case: BaselineQuestion) -> Side | None:
    return _tagged(case, is_stated=False) or _previous(watching, case)


def _pinned(_watching: Watch, case: BaselineQuestion) -> Side:
    side = _tagged(case, is_stated=True)
    if side is None:
        raise RunNotFound(f"No baseline is pinned for the channel, nor for {case.place}.")
    return side


def _tagged(case: BaselineQuestion, *, is_stated: bool) -> Side | None:
    """The channel's baseline where it is of this experiment, else the experiment's.

    The channel's of another experiment counts only where the watch asks for it. Raises RunNotFound where all are gone.
    """
    ids = [each for each in (case.defaults.pinned, case.before.experiment.baseline) if each]
    found = [run for run in case.source.get(ids) if run is not None] if ids else []
    own = [run for run in found if run.experiment.experiment_id == case.before.experiment.experiment_id]
    if runs := own or (found if is_stated else []):
        return Side(runs[0].name, (runs[0],), ("the pinned baseline",))
    if ids and not found:
        raise RunNotFound(f"The pinned baseline {ids[0][:SHORT]}… is gone from MLflow.")
    return None


def _previous(_watching: Watch, case: BaselineQuestion) -> Side | None:
    """The newest that finished before; rather one that fits the watch's filter and logged the metric that decides.

    Then one that shares a metric at all, then one of the same nesting.
    """
    shared = {name for run in case.runs for name in run.metrics}
    is_nested = bool(case.runs[0].parent_id)
    there = [run for run in case.before.finished if run.run_id not in case.ids]

    def place(run: Run) -> tuple[bool, bool, bool, bool]:
        is_other = case.fitting is not None and run.run_id not in case.fitting
        lacks = case.by is not None and case.by.metric not in run.metrics
        return is_other, lacks, bool(shared) and shared.isdisjoint(run.metrics), bool(run.parent_id) is not is_nested

    if there:
        chosen = min(there, key=place)
        note = _LAST[0] if chosen is there[0] else _LAST[1]
        return Side(chosen.name, (chosen,), (note,))
    other = last_ended(case.before, case.source)
    if other is None or other.run_id in case.ids:
        return None
    return Side(other.name, (other,), (_LAST[2],))


def _best(_watching: Watch, case: BaselineQuestion) -> Side:
    if case.best is None or case.by is None:
        what = case.by.metric if case.by else "a metric with a known goal"
        raise RunNotFound(f"No best by {what} is known in {case.place} before it.")
    return _as_best(case.best, case.by.metric)


def _as_best(run: Run, metric: str) -> Side:
    return Side(run.name, (run,), (f"best {metric} before",))


def _watched(watching: Watch, case: BaselineQuestion) -> Side | None:
    """The run that the watch names: in the run's own experiment, else wherever it is."""
    match watching.baseline:
        case None | Latest():
            return _previous(watching, case)
        case Leading() as leading if not leading.worst:
            return _leading(leading, case)
    return _named(watching.baseline, case)


def _leading(leading: Leading, case: BaselineQuestion) -> Side:
    own = (case.before.experiment,)
    if not leading.metric:
        return _best(Watch(""), case)
    name, _goal = rank_by(leading.metric, SearchScope(case.source, own, defaults=case.defaults), leading)
    by = PrimaryMetric(name, *decide_goal(name, {}, case.defaults.goals, own), MetricSource.REQUEST)
    best = best_before(case.before, by, case.source)
    return _best(Watch(""), replace(case, by=by, best=best))


def _named(reference: RunReference, case: BaselineQuestion) -> Side:
    nowhere = replace(case.defaults, experiment="")
    own = case.before.experiment.name
    try:
        found = find_runs([reference], case.source, experiment=own, defaults=nowhere, now=case.now)
    except TrackingUnavailable:
        raise
    except RequestError:
        found = find_runs([reference], case.source, defaults=nowhere, now=case.now)
    side = found[0]
    return side if side.notes else replace(side, notes=("named by the watch",))


_CHOOSERS: Mapping[str, Callable[[Watch, BaselineQuestion], Side | None]] = {
    "": _unsaid,
    "previous": _previous,
    "best": _best,
    "baseline": _pinned,
    "run": _watched,
}


# What ended in an experiment before a moment: what a run that ends is held against.


LOOKED_AT = 30  # runs that finished before


def history_before(experiment: Experiment, moment: int, source: RunSource) -> PastRuns:
    """Asks one question."""
    found = source.ended(_finished(moment), experiment_ids=(experiment.experiment_id,), limit=LOOKED_AT)
    return PastRuns(experiment, moment, tuple(found))


def last_ended(before: PastRuns, source: RunSource) -> Run | None:
    """The last to end, however it did."""
    where = f"attributes.end_time < {before.moment}"
    found = source.ended(where, experiment_ids=(before.experiment.experiment_id,), limit=1)
    return found[0] if found else None


def best_before(before: PastRuns, by: PrimaryMetric, source: RunSource) -> Run | None:
    """The best of all that finished before, exact; mostly one question, none where they are few.

    None: no goal is known, or none had a finite value.
    """
    if by.goal is Goal.UNKNOWN:
        return None
    if len(before.finished) < LOOKED_AT:
        first = next(iter(rank(before.finished, by)), None)
        return first if first and value_of(first, by.metric) is not None else None
    ranking = Ranking(by.metric, by.goal, (before.experiment.experiment_id,), _finished(before.moment))
    try:
        found = leaders(ranking, source, known=before.finished)
    except FilterRefused:
        return None  # no metric can be called so
    return found[0] if found else None


def is_new_best(run: Run, best: Run | None, by: PrimaryMetric | None) -> bool:
    """Whether a run that finished is better than the best before; the first one is."""
    if by is None or by.goal is Goal.UNKNOWN or run.status is not Status.FINISHED:
        return False
    value, best_value = value_of(run, by.metric), value_of(best, by.metric) if best else None
    return value is not None and (best_value is None or is_better(value, best_value, by.goal))


def least_difference(run: Run, best: Run | None, by: PrimaryMetric | None, past: PastRepeats) -> float | None:
    """How far a run and the best before must lie apart to be told apart by the noise of earlier repeats; None: unknown.

    In the unit of the metric.
    """
    known = past.noise_between(by.metric, (run, best)) if by and best else None
    return known.noise.least_difference() if known else None


def is_beyond_noise(run: Run, best: Run | None, by: PrimaryMetric | None, past: PastRepeats) -> bool:
    """Whether more than the noise of earlier repeats tells a run from the best before; unknown is not."""
    needed = least_difference(run, best, by, past)
    if needed is None or best is None or by is None:
        return False
    return abs(run.metrics[by.metric].value - best.metrics[by.metric].value) >= needed


def _finished(moment: int) -> str:
    return f"attributes.status = 'FINISHED' AND attributes.end_time < {moment}"
