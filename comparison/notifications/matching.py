"""Whether a watch wants to hear of a run: first by what the run is, then by how it compares."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import partial

from comparison.channel_defaults import ChannelDefaults
from comparison.compare import compare
from comparison.concurrency import side_by_side, tried
from comparison.errors import RequestError
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, choose_primary, stated_metric
from comparison.judgement.repeats import NoiseNear
from comparison.judgement.result import Change, Comparison, Outcome, VerdictKind
from comparison.names import as_logged
from comparison.notifications.new_runs import CLOCK_SKEW_MS
from comparison.readings import with_dataset_rows
from comparison.runs import Experiment, Goal, Run, Side, Status
from comparison.tracking.source import RunSource
from comparison.watch import DIRECTIONS, MetricRule, OnlyRuns, Subscription, Watch, is_called

_FAILED = frozenset({Status.FAILED, Status.KILLED})
_MOVED = (Outcome.BETTER, Outcome.WORSE)
_DIRECTION: Mapping[OnlyRuns | None, tuple[Outcome, ...]] = {
    OnlyRuns.BETTER: (Outcome.BETTER,),
    OnlyRuns.WORSE: (Outcome.WORSE,),
}


def is_watched(watching: Watch, experiment: Experiment) -> bool:
    """Whether this experiment is watched: by its id where that is known, so that its name may change."""
    if not is_visible(watching, experiment):
        return False
    if not watching.experiment_id:
        return covers_experiment(watching, experiment.name)
    is_it = experiment.experiment_id == watching.experiment_id
    return is_it and not any(is_called(experiment.name, place) for place in watching.excepted)


def is_visible(watching: Watch, experiment: Experiment) -> bool:
    """Whether the channel of a watch may see this experiment."""
    return watching.visible is None or any(is_called(experiment.name, each) for each in watching.visible)


def covers_experiment(watching: Watch, experiment: str) -> bool:
    """Whether an experiment of this name is watched."""
    if not is_called(experiment, watching.place):
        return False
    return not any(is_called(experiment, place) for place in watching.excepted)


def matches_run(watching: Watch, run: Run) -> bool:
    """Tells whether a run matches by experiment, user and status. `where` only MLflow can tell."""
    if not is_watched(watching, run.experiment) or run.deleted:
        return False
    if watching.user and run.user.casefold() != watching.user.casefold():
        return False
    return watching.only is not OnlyRuns.FAILURES or run.status in _FAILED


def matches_result(
    watching: Watch, run: Run, comparison: Comparison | None, *, is_best: bool, is_clear: bool = False
) -> bool:
    """Tells whether a run is wanted by how it compares with its baseline (None: none); unknown is not wanted.

    `is_clear`: the noise of earlier repeats does not explain the difference that the watch asks for.
    """
    if not all(rule_holds(rule, run, comparison) for rule in watching.rules):
        return False
    if watching.only_clear and (not is_clear or run.status in _FAILED):
        return False
    match watching.only:
        case OnlyRuns.NEW_BEST:
            return is_best and run.status not in _FAILED
        case OnlyRuns.BETTER:
            return _standing(comparison, VerdictKind.BETTER) and run.status not in _FAILED
        case OnlyRuns.WORSE:
            return _standing(comparison, VerdictKind.WORSE)
    return True


def is_better_than_baseline(comparison: Comparison | None) -> bool:
    """Whether the verdict is that it is better, by the numbers or by what repeats tell."""
    return _standing(comparison, VerdictKind.BETTER)


def _standing(comparison: Comparison | None, wanted: VerdictKind) -> bool:
    """Tells whether the verdict is the wanted one: by the first metric of the watch or the channel, else over all."""
    if comparison is None:
        return False
    primary = next((each for each in comparison.metrics if each.primary), None)
    if primary is not None:
        return primary.changes[0].outcome_by_value.value == wanted.value
    return comparison.verdicts[0].standing is wanted


def asks_for_result(watching: Watch) -> bool:
    """Whether how a run compares decides if it is wanted."""
    return bool(watching.rules) or watching.only_clear or watching.only not in (None, OnlyRuns.FAILURES)


def is_clear_difference(watching: Watch, comparison: Comparison | None) -> bool:
    """Whether repeats, or the noise of earlier ones, show that the run is better or worse than its baseline.

    By the first metric of the watch or the channel, else by any that tells how good a run is; in the direction that
    the watch asks for.
    """
    if comparison is None:
        return False
    wanted = _DIRECTION.get(watching.only, _MOVED)
    primary = [each for each in comparison.metrics if each.primary]
    telling = primary or [each for each in comparison.metrics if each.goal is not Goal.UNKNOWN and not each.is_cost]
    evidences = [each.changes[0].evidence for each in telling if each.changes[0].outcome in wanted]
    return any(evidence is not None and evidence.is_significant for evidence in evidences)


# Which channels a run that ended concerns, and by which of their watches. What only MLflow can tell is asked later.


Channel = tuple[str, str]  # a workspace, and a channel in it
Subscribed = tuple[Subscription, ...]
Concern = tuple[Run, Subscribed]  # a run, and the watches of one channel that it concerns; alike runs share them


def matches_experiment(subscription: Subscription, run: Run) -> bool:
    """Whether a watch may want to hear of it: it fits, and it was not over already when the watch began."""
    return matches_run(subscription.watching, run) and _is_new_to(subscription, run)


def group_by_channel(
    subscriptions: Iterable[Subscription], runs: Sequence[Run], again: Collection[str] = ()
) -> Mapping[Channel, Sequence[Concern]]:
    """Groups, by channel, the runs that concern it, in the order given. `again`: ids of those that ended anew."""
    index = _Index(subscriptions, runs)
    found: dict[Channel, list[Concern]] = {}
    for run in runs:
        for channel, watches, is_new in index.fitting(run):
            hearing = watches if is_new else tuple([each for each in watches if _is_new_to(each, run, again)])
            if hearing:
                found.setdefault(channel, []).append((run, hearing))
    return found


def _is_new_to(subscription: Subscription, run: Run, again: Collection[str] = ()) -> bool:
    is_past = run.run_id in subscription.past and run.run_id not in again
    return not is_past and run.over_at > subscription.since - CLOCK_SKEW_MS


@dataclass
class _Index:
    """Watches by what they name, so that a run meets few of them. Whether one fits is asked once for runs alike."""

    subscriptions: Iterable[Subscription]
    runs: Iterable[Run]
    _named: dict[str, list[Subscription]] = field(init=False, default_factory=dict)
    _tied: dict[str, list[Subscription]] = field(init=False, default_factory=dict)  # by the id of their experiment
    _patterns: dict[str, tuple[re.Pattern[str], list[Subscription]]] = field(init=False, default_factory=dict)
    _near: dict[str, list[Subscription]] = field(init=False, default_factory=dict)
    _fitting: dict[tuple[object, ...], list[tuple[Channel, Subscribed, bool]]] = field(init=False, default_factory=dict)
    _run_ids: frozenset[str] = field(init=False)
    _first: int = field(init=False)

    def __post_init__(self) -> None:
        self._run_ids = frozenset(run.run_id for run in self.runs)
        self._first = min((run.over_at for run in self.runs), default=0)
        for each in self.subscriptions:
            place = each.watching.place.casefold()
            if each.watching.experiment_id:
                self._tied.setdefault(each.watching.experiment_id, []).append(each)
            elif each.watching.is_pattern:
                known = self._patterns.setdefault(place, (re.compile(translate(place)), []))
                known[1].append(each)
            else:
                self._named.setdefault(place, []).append(each)

    def fitting(self, run: Run) -> list[tuple[Channel, Subscribed, bool]]:
        """The watches that it fits, by their channel, and whether all the runs are new to them."""
        alike = (run.experiment.experiment_id, run.experiment.name, run.user, run.status, run.deleted)
        if alike not in self._fitting:
            channels: dict[Channel, list[Subscription]] = {}
            for each in (*self._tied.get(run.experiment.experiment_id, ()), *self._nearby(run.experiment.name)):
                if matches_run(each.watching, run):
                    channels.setdefault((each.workspace, each.channel), []).append(each)
            self._fitting[alike] = [
                (channel, tuple(watches), all(map(self._began_before, watches)))
                for channel, watches in channels.items()
            ]
        return self._fitting[alike]

    def _began_before(self, subscription: Subscription) -> bool:
        return self._first > subscription.since - CLOCK_SKEW_MS and self._run_ids.isdisjoint(subscription.past)

    def _nearby(self, name: str) -> list[Subscription]:
        """Watches whose name or pattern matches this experiment; exclusions are not applied here."""
        if name not in self._near:
            folded = name.casefold()
            near = list(self._named.get(folded, ()))
            for place, (pattern, watches) in self._patterns.items():
                if place == folded or pattern.match(folded):
                    near.extend(watches)
            self._near[name] = near
        return self._near[name]


# By what a watch judges runs, and what MLflow says of its filter.


Watches = Sequence[tuple[str, Watch]]


def matching_watches(watches: Watches, run_ids: Sequence[str], source: RunSource) -> dict[str, set[str] | RequestError]:
    """Run ids that fit, by filter, or why MLflow does not take it. One question each, side by side."""
    wheres = list(dict.fromkeys(watching.where for _id, watching in watches if watching.where))
    if not run_ids:
        return {where: set() for where in wheres}
    answers = side_by_side([tried(partial(source.fitting, where, run_ids)) for where in wheres])
    return dict(zip(wheres, answers, strict=True))


def refusal(watching: Watch, fitting: Mapping[str, set[str] | RequestError]) -> tuple[str, ...]:
    """What is to be said where MLflow does not take the watch's filter any more: its runs are told unfiltered."""
    found = fitting.get(watching.where)
    if not isinstance(found, RequestError):
        return ()
    return (f"This watch's filter could not be used, so that it fits every run. {found}",)


def matches_filter(watching: Watch, run_id: str, fitting: Mapping[str, set[str] | RequestError]) -> bool:
    found = fitting.get(watching.where)
    return found is None or isinstance(found, RequestError) or run_id in found


def named_metrics(watching: Watch, runs: Iterable[Run]) -> tuple[str, ...]:
    """Metrics that the watch names, as one of the runs logged them."""
    return _as_logged(watching.metrics, runs)


def judged_by(
    watching: Watch, runs: Sequence[Run], experiment: Experiment, defaults: ChannelDefaults
) -> PrimaryMetric | None:
    """The first metric that the watch names and one of the runs logged; else as elsewhere."""
    for name in named_metrics(watching, runs):
        return PrimaryMetric(name, *decide_goal(name, {}, defaults.goals, [experiment]), MetricSource.REQUEST)
    return choose_primary(runs, [experiment], defaults)


def compare_with_baseline(  # noqa: PLR0913 -- all that a comparison takes
    side: Side,
    ended: Run | Side,
    watching: Watch,
    defaults: ChannelDefaults,
    now: int,
    *,
    source: RunSource,
    noise: NoiseNear | None = None,
) -> Comparison:
    """What ended against its baseline: the watch's metrics first, then the agreed one, then those of its rules.

    `noise` tells what chance does to single runs; None: the numbers alone judge.
    """
    own = ended if isinstance(ended, Side) else Side(ended.name, (ended,))
    run = own.runs[0]
    agreed = stated_metric([run.experiment], defaults)
    wanted = [*watching.metrics, *([agreed[0]] if agreed else []), *(rule.metric for rule in watching.rules)]
    metrics = _as_logged(wanted, [*side.runs, *own.runs])
    sides = with_dataset_rows(
        [side, own],
        source,
        metrics=metrics,
        judged=lambda name: decide_goal(name, {}, defaults.goals, [run.experiment])[0] is not Goal.UNKNOWN,
    )
    return compare(
        *sides,
        metrics=metrics,
        channel_goals=defaults.goals,
        channel_tolerances=defaults.tolerances,
        now=now,
        noise=noise,
    )


def _as_logged(names: Iterable[str], runs: Iterable[Run]) -> tuple[str, ...]:
    logged = {name: None for run in runs for name in run.metrics}
    found = (as_logged(name, logged) for name in names)
    return tuple(dict.fromkeys(name for name in found if name))


# `when val_loss < 0.2`, `when accuracy drops by 2 %`: a rule on one metric of a run that ended.


_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda value, amount: value < amount,
    "<=": lambda value, amount: value <= amount,
    ">": lambda value, amount: value > amount,
    ">=": lambda value, amount: value >= amount,
    "=": lambda value, amount: value == amount,
    "!=": lambda value, amount: value != amount,
}


_HAIR = 1e-9  # of the amount: 0.98 is 2 % below 1, whatever binary fractions make of it


def rule_holds(rule: MetricRule, run: Run, comparison: Comparison | None) -> bool:
    """False also where it cannot be told: the metric was not logged, is no number, or there is no baseline.

    A metric that is not logged under this very name is the one whose name is typed alike: `F1 score`, `f1_score`.
    """
    if rule.sign in DIRECTIONS:
        change = _change(rule.metric, comparison)
        return change is not None and _moved(rule, change)
    logged = run.metrics.get(as_logged(rule.metric, run.metrics))
    return logged is not None and math.isfinite(logged.value) and _SIGNS[rule.sign](logged.value, rule.amount)


def _change(metric: str, comparison: Comparison | None) -> Change | None:
    metrics = comparison.metrics if comparison else ()
    of_datasets = {each.logged_as: each for each in reversed(metrics)}  # of several the first, which is held out
    known = {**of_datasets, **{each.name: each for each in metrics}}
    found = known.get(as_logged(metric, known))
    return found.changes[0] if found else None


def _moved(rule: MetricRule, change: Change) -> bool:
    size = change.relative if rule.is_percent else change.difference
    if size is None:
        return False
    amount = rule.amount / 100 if rule.is_percent else rule.amount
    return any(direction * size >= amount * (1 - _HAIR) and size for direction in DIRECTIONS[rule.sign])
