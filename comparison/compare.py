"""A request answered: the runs found, the asked values read, the comparison made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from math import inf, isfinite
from typing import NoReturn

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import side_by_side
from comparison.errors import RequestError, spot_in
from comparison.judgement.caveats import find_caveats
from comparison.judgement.differences import compare_datasets, compare_parameters_and_tags
from comparison.judgement.examples import is_logged_test
from comparison.judgement.goals import decide_goal, decide_tolerance, is_judged_as_cost
from comparison.judgement.numbers import difference_of, is_same, is_within, relative_change
from comparison.judgement.primary_metric import choose_primary
from comparison.judgement.repeats import KnownNoise, NoiseNear, settle_side, weigh
from comparison.judgement.result import (
    Change,
    Comparison,
    GoalSource,
    MetricComparison,
    Outcome,
    Reading,
    how_one,
)
from comparison.judgement.verdict import judge, names_of_one
from comparison.language.compare_command import COMPARED
from comparison.language.quoting import complete_request
from comparison.liveness import renewed
from comparison.names import as_logged, fold, is_held_out, nearest_names, plainly
from comparison.past_repeats import PastRepeats, RepeatsCache
from comparison.readings import (
    BETWEEN,
    judged_by,
    logged_as,
    read_series,
    runs_of,
    with_dataset_rows,
    with_earlier_best,
    with_examples,
    without_metrics,
)
from comparison.request import Compare
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import ChosenRuns, is_called, no_such_among
from comparison.run_reference import Filtered, Group, Latest, Linked, Named, RunReference
from comparison.runs import Experiment, Goal, Metric, Run, Side, Status, milliseconds
from comparison.tracking.source import RunSource

_MOST_PAST = 3  # experiments whose earlier repeats are looked at


def ask(  # noqa: PLR0913 -- all but the request and the source have defaults and are given by name
    request: Compare,
    source: RunSource,
    *,
    now: datetime | int | None = None,
    defaults: ChannelDefaults | None = None,
    several: ChosenRuns = ChosenRuns.NEWEST,
    past: RepeatsCache | None = None,
) -> Comparison:
    """The comparison that was asked for. Raises RequestError and what finding raises.

    `past` tells what earlier repeats show of chance, by which single runs are judged; None: nothing is asked of that,
    nor of values before the last ones.

    `now` with its time zone, or in ms since the epoch (then the zone is UTC); `defaults` are the channel's;
    `several` says what becomes of a name that several runs have.
    """
    agreed = defaults or ChannelDefaults()
    moment = datetime.fromtimestamp(now / 1000, UTC) if isinstance(now, int) else now
    stated = dict.fromkeys(request.metrics, _stated_goal(request)) if request.goal else {}
    sides: Sequence[Side] = find_runs(
        [_all_that_fit(each, request.text) for each in request.runs],
        source,
        experiment=request.experiment,
        text=request.text,
        metric=request.metrics[0] if request.metrics else "",
        defaults=replace(agreed, goals={**agreed.goals, **stated}),
        now=moment,
        several=several,
        excluded=request.excluded,
    )
    sides = _once_each(request, sides)
    if len(sides) < 2:
        raise _too_few(request, sides)
    now_ms = None if moment is None else milliseconds(moment)
    if now_ms is not None and not request.best and request.at_step is None:
        sides = _as_logged_last(sides, source, now_ms)
    named = _metrics_as_logged(request.metrics, request, sides)
    sides = _with_asked_metrics(request, named, sides)
    metrics = named or _default_metric(agreed, sides)
    goals = _requested_goals(request, metrics)
    reading = "last"
    goal_of = _goals(sides, agreed.goals, goals)
    if request.best or request.at_step is not None:
        reading = "best" if request.best else f"at step {request.at_step}"
        sides = read_series(request, sides, metrics, source, goal_of)
    else:
        sides = with_dataset_rows(
            sides, source, metrics=[logged_as(name) for name in metrics], judged=judged_by(goal_of)
        )
    if request.only_metrics:
        sides = _named_rows(named, sides)
    known = _past_repeats(sides, source, now_ms, past)
    sides = _counted_picks(sides, known, _picked_by(metrics, sides, agreed), goal_of)
    is_last = reading == "last"  # the best of many steps is no plain value
    compared = compare(
        *sides,
        metrics=metrics,
        goals=goals,
        channel_goals=agreed.goals,
        tolerance=request.tolerance,
        channel_tolerances=agreed.tolerances,
        now=now_ms,
        reading=reading,
        margin=request.margin,
        noise=partial(_noise_of, tuple(known.values())) if known and is_last else None,
    )
    if is_last and past is not None:
        compared = with_earlier_best(compared, source)
    if request.by_change:
        compared = replace(compared, metrics=tuple(sorted(compared.metrics, key=_by_change)), by_change=True)
    if len(compared.sides) == 2:
        compared = with_examples(compared, source, goal_of, is_wanted=agreed.examples)
    repeats = tuple(_repeats_of(side, tuple(known.values())) for side in compared.sides)
    return replace(compared, repeats=repeats) if all(repeats) and len(set(repeats)) == len(repeats) else compared


def _all_that_fit(reference: RunReference, text: str) -> RunReference:
    """A filter that was typed means all runs that fit it, as one side; `latest failed` means the newest."""
    if not isinstance(reference, Filtered):
        return reference
    is_typed = text[reference.at :].casefold().startswith(reference.where[:4].casefold())
    return Group(where=reference.where, at=reference.at) if is_typed else reference


def _past_repeats(
    sides: Sequence[Side], source: RunSource, now: int | None, past: RepeatsCache | None
) -> Mapping[str, PastRepeats]:
    """What is known of the experiments of the sides, by their ids, where a side is a single run."""
    if past is None or all(len(side.runs) > 1 for side in sides):
        return {}
    experiments = dict.fromkeys(run.experiment.experiment_id for side in sides for run in side.runs)
    homes = list(experiments)[:_MOST_PAST]
    found = side_by_side([partial(past.read, source, each, now or 0) for each in homes])
    return dict(zip(homes, found, strict=True))


def _picked_by(metrics: Sequence[str], sides: Sequence[Side], defaults: ChannelDefaults) -> str:
    """The metric by which trials would have been picked: the one that decides."""
    if metrics:
        return metrics[0]
    by = choose_primary(runs_of(sides), _experiments(sides), defaults)
    return by.metric if by else ""


def _counted_picks(
    sides: Sequence[Side], known: Mapping[str, PastRepeats], metric: str, goal_of: Callable[[str], Goal]
) -> Sequence[Side]:
    """The sides that were picked as the best, with of how many runs, where that is known.

    A trial that is the best of its search by the metric that decides counts as picked, however it was named.
    """

    def counted(side: Side) -> Side:
        past = known.get(side.runs[0].experiment.experiment_id) if len(side.runs) == 1 else None
        if past is None or side.best_of:
            return side
        if side.picked_by:
            count = past.counts.get((side.picked_by, side.picked_of), 0)
            return replace(side, best_of=count) if count else side
        trials = past.best_of(side.runs[0], metric, goal_of(metric)) if metric else None
        return replace(side, picked_by=metric, best_of=trials) if trials else side

    return [counted(side) for side in sides]


def _noise_of(known: Sequence[PastRepeats], metric: str, values: Sequence[float]) -> KnownNoise | None:
    """The noise of the experiment where most is known of it."""
    found = [noise for repeats in known if (noise := repeats.noise(metric, values)) is not None]
    return max(found, key=lambda each: each.noise.df, default=None)


def _repeats_of(side: Side, known: Sequence[PastRepeats]) -> tuple[str, ...]:
    return next((ids for repeats in known if len(side.runs) == 1 and (ids := repeats.of(side.runs[0]))), ())


def _once_each(request: Compare, sides: Sequence[Side]) -> Sequence[Side]:
    """The sides of a comparison that stands, without runs added to it that it has already, and those taken from it."""
    if COMPARED not in {getattr(each, "at", 0) for each in request.runs}:
        return sides
    sides = _without_removed(request, sides)
    found: dict[tuple[str, ...], Side] = {}
    for side in sides:
        found.setdefault(tuple(run.run_id for run in side.runs), side)
    return list(found.values()) if len(found) > 1 else sides


def _without_removed(request: Compare, sides: Sequence[Side]) -> Sequence[Side]:
    """The sides without the runs that were to go: here all are told by id. Raises RunNotFound for one it has not."""
    for gone in request.excluded:
        if isinstance(gone, Latest):
            ended = sorted(sides, key=lambda side: side.runs[0].over_at, reverse=True)
            left_out = ended[gone.back : gone.back + 1]
        else:
            name = gone.run_id if isinstance(gone, Linked) else getattr(gone, "text", "")
            left_out = [side for side in sides if any(is_called(name, run) for run in side.runs)]
            if not left_out:
                raise no_such_among(name, runs_of(sides), text=request.text)
        sides = [side for side in sides if side not in left_out]
    return sides


def _as_logged_last(sides: Sequence[Side], source: RunSource, now: int) -> Sequence[Side]:
    """Runs that go on and count their steps anew with what they logged last, which MLflow does not show."""
    going_on = [run for run in runs_of(sides) if run.status is Status.RUNNING]
    if not going_on:
        return sides
    known = {run.run_id: run for run in renewed(going_on, source, now)}
    return [replace(side, runs=tuple(known.get(run.run_id, run) for run in side.runs)) for side in sides]


def _too_few(request: Compare, sides: Sequence[Side]) -> RequestError:
    """What to say where fewer than two runs are left to compare."""
    if sides and (len(request.runs) > 1 or not isinstance(request.runs[0], Named | Linked)):
        return RequestError(
            f"Only one run is left of those that are meant: {sides[0].label}.",
            remedy="A comparison takes two or more; say more widely which, or name another.",
            example=f"show {sides[0].runs[0].run_id[:_SHORT_ID]}",
            text=request.text,
        )
    return RequestError(
        "A comparison takes two runs or more.",
        remedy="Name the baseline first.",
        example="latest vs previous",
        text=request.text,
    )


def _stated_goal(request: Compare) -> Goal:
    return Goal(request.goal) if request.goal in ("higher", "lower") else Goal.UNKNOWN


def _requested_goals(request: Compare, metrics: Sequence[str]) -> dict[str, Goal]:
    """The goal that the request states, of the metrics it is stated for. Raises RequestError where it names none."""
    if not request.goal:
        return {}
    if not metrics:
        raise RequestError(
            f"Of which metric is {request.goal} better?",
            remedy="Name it with by.",
            text=request.text,
        )
    return dict.fromkeys(metrics, _stated_goal(request))


def _with_asked_metrics(request: Compare, named: Sequence[str], sides: Sequence[Side]) -> tuple[Side, ...]:
    """The sides without the metrics that are left out, and with none but the named ones where that is said.

    Raises RequestError where none is left, or one is named and left out.
    """
    sides = _without_parameters(request, sides)
    gone = {logged_as(name) for name in _metrics_as_logged(request.without_metrics, request, sides)}
    both = next((name for name in named if logged_as(name) in gone), "")
    if both:
        raise RequestError(f"{both} is named and left out.", "Say which is meant.", text=request.text)
    only = {logged_as(name) for name in named} if request.only_metrics else set()
    if not gone and not only:
        return tuple(sides)
    left = [without_metrics(side, lambda name: name in gone or (bool(only) and name not in only)) for side in sides]
    if not any(run.metrics for side in left for run in side.runs):
        raise RequestError(
            "These runs logged no other metric than those that are left out.", "Leave out fewer.", text=request.text
        )
    return tuple(left)


def _without_parameters(request: Compare, sides: Sequence[Side]) -> Sequence[Side]:
    """The sides without the parameters that are left out."""
    gone = {fold(name) for name in request.without_parameters}
    if not gone:
        return sides
    return [
        replace(
            side,
            runs=tuple(
                replace(run, parameters={name: text for name, text in run.parameters.items() if fold(name) not in gone})
                for run in side.runs
            ),
        )
        for side in sides
    ]


def _named_rows(named: Sequence[str], sides: Sequence[Side]) -> tuple[Side, ...]:
    """Sides with the metrics meant: of one on several datasets those named, where one was named with its dataset."""
    rows = {name for name in named if BETWEEN in name}
    whole = {name for name in named if BETWEEN not in name}
    return tuple(
        without_metrics(side, lambda name: BETWEEN in name and name not in rows and logged_as(name) not in whole)
        for side in sides
    )


def _goals(sides: Sequence[Side], channel: Mapping[str, Goal], requested: Mapping[str, Goal]) -> Callable[[str], Goal]:
    experiments = list({run.experiment.experiment_id: run.experiment for side in sides for run in side.runs}.values())
    return lambda name: decide_goal(name, requested, channel, experiments)[0]


def _default_metric(defaults: ChannelDefaults, sides: Sequence[Side]) -> tuple[str, ...]:
    """The channel's metric, where one of these runs logged it."""
    logged = any(defaults.metric in run.metrics for side in sides for run in side.runs)
    return (defaults.metric,) if defaults.metric and logged else ()


def _metrics_as_logged(names: Sequence[str], request: Compare, sides: Sequence[Side]) -> tuple[str, ...]:
    """The metrics asked for as they were logged, whatever their case. Raises RequestError for one nobody logged."""
    logged = {name: None for side in sides for run in side.runs for name in run.metrics}
    found: dict[str, None] = {}
    for name in names:
        if BETWEEN in name and logged_as(name) in logged:
            found[name] = None  # one dataset of it; whether it is there is known when they are told apart
            continue
        known = as_logged(name, logged)
        each = [known] if known else [as_logged(word, logged) for word in name.split()]
        if not all(each):
            _refuse_unknown(name, logged, request)
        found.update(dict.fromkeys(filter(None, each)))
    return tuple(found)


def _refuse_unknown(name: str, logged: Iterable[str], request: Compare) -> NoReturn:
    at, end = spot_in(request.text, name)
    logged = list(logged)
    alike = nearest_names(name, logged) or tuple(logged[:5])
    raise RequestError(
        f"None of these runs logged a metric called {name}.",
        remedy="" if logged else "They logged no metrics at all.",
        example=complete_request(request.text, at, end, alike[0]) if alike else "",
        near=alike,
        text=request.text,
        at=at,
        end=end,
    )


# Runs in, a judged comparison out. The rules are a promise to users: docs/judgement.md.


_SHORT_ID = 8
_NOT_READ = Reading()
_NO_GOALS: Mapping[str, Goal] = {}
_NO_TOLERANCES: Mapping[str, float] = {}
_RANK = {
    Outcome.WORSE: 0,
    Outcome.BETTER: 1,
    Outcome.CHANGED: 4,
    Outcome.NO_CLEAR_DIFFERENCE: 4,
    Outcome.TOO_FEW: 4,
    Outcome.UNCLEAR: 5,
    Outcome.ONLY_BASELINE: 6,
    Outcome.ONLY_CANDIDATE: 6,
    Outcome.NOT_A_NUMBER: 7,
    Outcome.SAME: 8,
    Outcome.NEITHER: 9,
}
_OF_COSTS = 2  # costs that moved are read behind the metrics that tell how good a run is


def compare(  # noqa: PLR0913 -- each is a thing people state; all but the sides are keywords with a default
    baseline: Side | Run | Sequence[Run],
    *candidates: Side | Run | Sequence[Run],
    metrics: Sequence[str] = (),
    goals: Mapping[str, Goal] | None = None,
    channel_goals: Mapping[str, Goal] | None = None,
    tolerance: float | None = None,
    channel_tolerances: Mapping[str, float] | None = None,
    now: int | None = None,
    reading: str = "last",
    margin: float | None = None,
    noise: NoiseNear | None = None,
) -> Comparison:
    """Compare each candidate with the baseline.

    A side of several runs counts those that finished, each seed once. Its metrics are better or worse where that is
    clear beyond chance (95 %), else there is *no clear difference* or there are *too few runs to tell*; `noise` tells
    what chance does to single runs, and `margin`, in the unit of the metrics, within what sides are the same.

    `metrics` come first, the first is primary; `goals` are those stated in the request; `tolerance` is a fraction of
    the baseline within which values are the same, for every metric; those of the channel are by metric, "" for all;
    `now` is ms since the epoch (None: no run is taken for dead); `reading` says which values the metrics hold.
    RequestError: fewer than two sides, or a metric that no run logged.
    """
    sides = distinct_labels([settle_side(_side(given)) for given in (baseline, *candidates)])
    if len(sides) < 2:
        raise RequestError("There is only one run to compare.", "Name two runs or more.", "compare A vs B")
    terms = _Terms(
        goals or _NO_GOALS,
        channel_goals or _NO_GOALS,
        _experiments(sides),
        tolerance,
        channel_tolerances or _NO_TOLERANCES,
    )
    judged, first = _compare_metrics(sides, metrics, terms)
    datasets = compare_datasets(sides)
    repeated = names_of_one(judged)
    twice = frozenset(name for names in repeated for name in names[1:])
    stated = dict.fromkeys(first if metrics else [""], margin) if margin else {}
    margins = {**_margins(terms.experiments), **stated}
    judged = _in_reading_order(weigh(judged, sides, noise=noise, margins=margins, twice=twice), first)
    labels = [side.label for side in sides]
    return Comparison(
        baseline=sides[0],
        candidates=sides[1:],
        metrics=judged,
        parameters=compare_parameters_and_tags(sides, "parameters"),
        tags=compare_parameters_and_tags(sides, "tags"),
        datasets=datasets,
        warnings=find_caveats(sides, judged, datasets, now=now, reading=reading),
        verdicts=tuple(
            judge(
                judged,
                index,
                labels=labels,
                twice=twice,
                one_run=how_one(sides[0], side),
            )
            for index, side in enumerate(sides[1:])
        ),
        reading=reading,
        counted_once=repeated,
    )


def distinct_labels(sides: Sequence[Side]) -> tuple[Side, ...]:
    """The sides with labels that tell them apart: a short id is added to those of one name."""
    labels = [side.label for side in sides]
    if len(set(labels)) < len(labels):
        labels = [
            f"{label} ({side.runs[0].run_id[:_SHORT_ID]})" if labels.count(label) > 1 else label
            for side, label in zip(sides, labels, strict=True)
        ]
    taken: set[str] = set()
    distinct = []
    for side, wanted in zip(sides, labels, strict=True):
        label, again = wanted, 1
        while label in taken:
            again += 1
            label = f"{wanted} #{again}"
        taken.add(label)
        distinct.append(side if label == side.label else replace(side, label=label))
    return tuple(distinct)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What is asked of every metric."""

    requested: Mapping[str, Goal]
    channel: Mapping[str, Goal]
    experiments: Sequence[Experiment]
    tolerance: float | None
    channel_tolerances: Mapping[str, float]


def _side(given: Side | Run | Sequence[Run]) -> Side:
    runs = given.runs if isinstance(given, Side) else (given,) if isinstance(given, Run) else tuple(given)
    if not runs:
        raise RequestError("A side has no runs.", "Name two runs or more.", "compare A vs B")
    if isinstance(given, Side) and given.label:
        return given
    names = list(dict.fromkeys(run.name or run.run_id[:_SHORT_ID] for run in runs))
    label = names[0] if len(names) == 1 else f"{names[0]} and {len(runs) - 1} more"
    return replace(given, label=label) if isinstance(given, Side) else Side(label, runs)


def _margins(experiments: Sequence[Experiment]) -> dict[str, float]:
    """Margins of the experiments' tags in which they do not contradict each other."""
    stated: dict[str, set[float]] = {}
    for experiment in experiments:
        for name, margin in experiment.margins.items():
            stated.setdefault(name, set()).add(margin)
    return {name: found.pop() for name, found in stated.items() if len(found) == 1}


def _experiments(sides: Sequence[Side]) -> list[Experiment]:
    distinct: list[Experiment] = []
    for side in sides:
        for run in side.runs:
            if run.experiment not in distinct:
                distinct.append(run.experiment)
    return distinct


def _compare_metrics(
    sides: Sequence[Side], named: Sequence[str], terms: _Terms
) -> tuple[tuple[MetricComparison, ...], list[str]]:
    """All metrics in reading order, and those that come first whatever became of them."""
    logged: dict[str, Metric] = {}
    for side in sides:
        for run in side.runs:
            for name, metric in run.metrics.items():
                if not is_logged_test(name):
                    logged.setdefault(name, metric)
    first = [each for name in ([named] if isinstance(named, str) else named) for each in _rows_called(name, logged)]
    primaries = first[:1] if first else _primary_of(terms.experiments, logged)
    primary = _held_out([name for name in first or primaries if _are_one_metric(name, primaries[0], logged)], logged)
    first = first or primaries
    compared = [_compare_metric(name, sides, terms, logged[name], primary=name in primary) for name in logged]
    return _in_reading_order(compared, first), first


def _in_reading_order(metrics: Sequence[MetricComparison], first: Sequence[str]) -> tuple[MetricComparison, ...]:
    """The primary metric, the others that were named, then the most telling."""
    place = {name: index for index, name in reversed(list(enumerate(first)))}
    return tuple(
        sorted(
            metrics, key=lambda metric: (not metric.primary, place.get(metric.name, len(first)), _reading_order(metric))
        )
    )


def _rows_called(name: str, logged: Mapping[str, Metric]) -> list[str]:
    """The metric that is called so, however it is spelt where only one is; of several datasets one for each."""
    if name in logged:
        return [name]
    if is_logged_test(name):
        raise RequestError(
            f"{name} is a statistic of a test that MLflow made, not a result.",
            "It stands with the details of a comparison. Name a metric that says how good a run is.",
        )
    of_datasets = [row for row, metric in logged.items() if metric.key == name]
    if of_datasets:
        return of_datasets
    keys = {metric.key or row: None for row, metric in logged.items()}
    known = [each for each in dict.fromkeys([*logged, *keys]) if fold(each) == fold(name)]
    if len(known) == 1:
        return _rows_called(known[0], logged)
    alike = {plainly(each) for each in nearest_names(name, logged)}
    near = tuple(known or [each for each in logged if plainly(each) in alike])
    remedy = "" if near else f"They logged {', '.join(sorted(logged)[:5])}." if logged else "They logged no metrics."
    raise RequestError(f"None of these runs logged a metric called {name}.", remedy, near=near)


def _primary_of(experiments: Sequence[Experiment], logged: Mapping[str, Metric]) -> list[str]:
    """The primary metric of the experiments, where they do not disagree and some run logged it; else none."""
    named = {experiment.primary_metric for experiment in experiments if experiment.primary_metric}
    keys = {metric.key or row for row, metric in logged.items()}
    return _rows_called(named.pop(), logged) if len(named) == 1 and named <= keys else []


def _are_one_metric(name: str, other: str, logged: Mapping[str, Metric]) -> bool:
    """Whether two rows are of one metric."""
    return (logged[name].key or name) == (logged[other].key or other)


def _held_out(names: Sequence[str], logged: Mapping[str, Metric]) -> list[str]:
    """Datasets of one metric that the runs did not learn from, where their names tell."""
    return [name for name in names if is_held_out(logged[name].dataset)] or list(names)


def _compare_metric(
    name: str, sides: Sequence[Side], terms: _Terms, metric: Metric, *, primary: bool
) -> MetricComparison:
    key = metric.key or name
    goal, source = _goal(name, key, terms)
    tolerance, tolerance_source = decide_tolerance(
        (name, key), terms.tolerance, terms.channel_tolerances, [each.tolerances for each in terms.experiments]
    )
    baseline, *candidates = [_read_values(side, name) for side in sides]
    old = baseline.value
    changes = tuple([_change(baseline, old, candidate, goal, tolerance) for candidate in candidates])
    return MetricComparison(
        name,
        goal,
        source,
        changes,
        primary,
        tolerance,
        tolerance_source,
        metric.key,
        metric.dataset if metric.key else "",
        is_judged_as_cost(key, goal),
    )


def _goal(name: str, key: str, terms: _Terms) -> tuple[Goal, GoalSource]:
    """The goal of the row where one was stated for it, else that of the metric."""
    if name != key:
        stated, source = decide_goal(name, terms.requested, terms.channel, terms.experiments)
        if source not in (GoalSource.NAME, GoalSource.NONE):
            return stated, source
    return decide_goal(key, terms.requested, terms.channel, terms.experiments)


def _read_values(side: Side, name: str) -> Reading:
    if len(side.runs) == 1:  # the common case, a thousand times a run
        metric = side.runs[0].metrics.get(name)
        if metric is None:
            return _NOT_READ
        return Reading((float(metric.value),), metric.step, 1, metric.points, metric.is_unclear)
    logged = [run.metrics[name] for run in side.runs if name in run.metrics]
    values = [float(metric.value) for metric in logged]
    finite = [value for value in values if isfinite(value)] or values  # what did not work out is no part of a mean
    return Reading(
        tuple(finite),
        max((metric.step for metric in logged), default=None),
        len(side.runs),
        max((metric.points for metric in logged), default=1),
        any(metric.is_unclear for metric in logged),
        tuple(value for value in values if not isfinite(value)) if len(finite) < len(values) else (),
    )


def _change(baseline: Reading, old: float | None, candidate: Reading, goal: Goal, tolerance: float | None) -> Change:
    """What became of the baseline, whose value is `old`."""
    new = candidate.value
    if old is None or new is None:
        return Change(baseline, candidate, None, None, _one_sided(old, new))
    if baseline.is_unclear or candidate.is_unclear:
        return Change(baseline, candidate, None, None, Outcome.UNCLEAR)
    if not (isfinite(old) and isfinite(new)):
        return Change(baseline, candidate, None, None, Outcome.NOT_A_NUMBER)
    gap = difference_of(old, new)
    return Change(baseline, candidate, gap, relative_change(old, new, gap), _outcome(old, new, goal, tolerance))


def _one_sided(old: float | None, new: float | None) -> Outcome:
    if old is not None:
        return Outcome.ONLY_BASELINE
    return Outcome.NEITHER if new is None else Outcome.ONLY_CANDIDATE


def _outcome(old: float, new: float, goal: Goal, tolerance: float | None) -> Outcome:
    if is_same(old, new) or (tolerance and is_within(old, new, tolerance)):
        return Outcome.SAME
    if goal is Goal.UNKNOWN:
        return Outcome.CHANGED
    return Outcome.BETTER if (new > old) is (goal is Goal.HIGHER) else Outcome.WORSE


def _by_change(metric: MetricComparison) -> tuple[float, str]:
    """The largest change first, as a share of the baseline; what cannot be told last."""
    sizes = [abs(change.relative) for change in metric.changes if change.relative is not None]
    return -max(sizes, default=-1.0), metric.name


def _reading_order(metric: MetricComparison) -> tuple[int, float, str]:
    """By the most telling of its outcomes, the largest change first, then by name."""
    rank = min(_RANK[change.outcome] for change in metric.changes)
    if rank > _RANK[Outcome.CHANGED]:
        return rank, 0.0, metric.name
    sizes = (
        inf if change.relative is None else abs(change.relative)
        for change in metric.changes
        if _RANK[change.outcome] == rank
    )
    behind = _OF_COSTS if rank < _RANK[Outcome.CHANGED] and metric.is_cost else 0
    return rank + behind, -max(sizes), metric.name
