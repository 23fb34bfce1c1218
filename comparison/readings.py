"""Readings: which value of each metric is compared: the last, the best, that of a step, and of which dataset."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NoReturn

from comparison.concurrency import Threads, side_by_side
from comparison.errors import RequestError, TrackingUnavailable, spot_in
from comparison.judgement.examples import compare_examples, read_table
from comparison.judgement.goals import is_cost
from comparison.judgement.numbers import format_row
from comparison.judgement.primary_metric import deciding_metric
from comparison.judgement.result import Caveat, CaveatCode, Comparison, MetricComparison
from comparison.language.quoting import complete_request
from comparison.names import split_of
from comparison.request import Compare
from comparison.runs import Goal, Metric, Run, Side
from comparison.tracking.source import History, RunSource

# Metrics that runs logged for several datasets: a row for each dataset, or none that can be judged.
# MLflow keeps one last value a metric, whatever it was measured on. Which dataset a value is of, file stores keep with
# it and others only with the model that was measured. A run that has several datasets and several values at one step,
# and does not tell which is of which, has no value to compare. The examples of two evaluations are compared one by one,
# where somebody asked for it.


SIDE_BY_SIDE = 16
MOST_LOOKED_INTO = 40  # metrics, for an answer that asks for last values
MOST_POINTS = 1_000_000  # of all histories of an answer
FIRST = 50  # points of each of those
BETWEEN = " · "  # a metric and its dataset
Points = Mapping[tuple[str, str], Sequence[Metric]]  # by run id and metric
Pick = Callable[[str, Sequence[Metric]], Metric | None]
PointsByRun = Mapping[str, Mapping[str, Sequence[Metric]]]  # by run id and metric: points that say their dataset
_Dataset = tuple[str, str]  # name and digest
SHARE_OF_EXAMPLES = 0.5  # of the deadline of MLflow: the answer does not wait longer for examples


def with_dataset_rows(
    sides: Sequence[Side], source: RunSource, *, metrics: Sequence[str] = (), judged: Callable[[str], bool]
) -> tuple[Side, ...]:
    """The sides with a row for each dataset of a metric that has several; other metrics and runs are left as they are.

    Looked into are the `metrics` that were named, else those that can be `judged`, as many as people wait for. Nothing
    is asked of MLflow about runs with fewer than two datasets that a metric may be of, unless another run has that
    metric for several; else one question for each metric, and more only where a run logged it more than once.
    """
    wanted = [
        (run, name)
        for run in runs_of(sides)
        if has_several(run)
        for name in _looked_into(run, metrics, judged)
        if _may_be_of_several(run, name)
    ]
    if not wanted:
        return tuple(sides)
    sampled = _samples(wanted, source)
    wanted = [(run, name) for run, name in wanted if len(sampled.get((run.run_id, name), ())) > 1]
    by_models = evaluations(list({run.run_id: run for run, _name in wanted}.values()), source)
    known = {(run.run_id, name): by_models[run.run_id].get(name, ()) for run, name in wanted}
    unknown = [
        (run, name)
        for run, name in wanted
        if len(_by_dataset(known[run.run_id, name])) < 2 and _has_repeats(sampled[run.run_id, name])
    ]
    read = histories(unknown, source, most=FIRST)
    going_on = [each for each in unknown if _goes_on(read.get((each[0].run_id, each[1]), ()))]
    read |= histories(going_on, source)
    points = {key: past for key, past in known.items() if len(_by_dataset(past)) > 1} | read
    return replaced(sides, points, by_models, source, pick=None)


def _may_be_of_several(run: Run, metric: str) -> bool:
    """Whether more than one dataset of the run may be meant: `val_loss` is not of one that was logged for training."""
    wanted = split_of(metric)
    datasets = {(each.name, each.digest): split_of(f"{each.context} {each.name}") for each in run.datasets}
    return sum(not split or not wanted or split == wanted for split in datasets.values()) > 1


def _samples(wanted: Sequence[tuple[Run, str]], source: RunSource) -> dict[tuple[str, str], Sequence[Metric]]:
    """Some points of these metrics, of as many metrics as people wait for: one question for each, side by side."""
    runs: dict[str, list[Run]] = {}
    for run, name in wanted:
        runs.setdefault(name, []).append(run)
    found = source.samples_of({name: runs[name] for name in list(runs)[:MOST_LOOKED_INTO]})
    return {(run_id, name): seen for name, each in found.items() for run_id, seen in each.items()}


def _has_repeats(points: Sequence[Metric]) -> bool:
    """Whether there are several values at one step, or points that say different datasets."""
    return max(Counter(point.step for point in points).values(), default=0) > 1 or len(_by_dataset(points)) > 1


def replaced(
    sides: Sequence[Side], points: Points, by_models: PointsByRun, source: RunSource, *, pick: Pick | None
) -> tuple[Side, ...]:
    """The sides with what `pick` takes of these points, dataset by dataset, in place of the metrics' last values.

    Without a `pick` a metric of one dataset keeps its last value, and points of several are taken in order.
    """
    groups_by_metric = {
        (run.run_id, name): _by_dataset(
            _annotated(points[run.run_id, name], by_models.get(run.run_id, {}).get(name, ()))
        )
        for run in runs_of(sides)
        for name in run.metrics
        if (run.run_id, name) in points
    }
    several = {name for (_run_id, name), groups in groups_by_metric.items() if len(groups) > 1}
    groups_by_metric |= _datasets_of_others(sides, several, groups_by_metric, by_models, source)
    labels = _labels(several, groups_by_metric)

    def run_with(run: Run) -> Run:
        found: dict[str, Metric] = {}
        for name, last in run.metrics.items():
            groups = groups_by_metric.get((run.run_id, name))
            if groups is None:
                found[name] = last
                continue
            found |= _rows(name, _values(run, name, groups, pick), labels.get(name, {}))
        return replace(run, metrics=found)

    return tuple(replace(side, runs=tuple(map(run_with, side.runs))) for side in sides)


def evaluations(runs: Sequence[Run], source: RunSource) -> dict[str, Mapping[str, Sequence[Metric]]]:
    """By run, the points that say their dataset; none where the server does not know of models."""

    def ask(run: Run) -> Mapping[str, Sequence[Metric]]:
        try:
            return source.evaluations(run) if run.models else {}
        except TrackingUnavailable:
            raise
        except RequestError:
            return {}

    return dict(zip([run.run_id for run in runs], side_by_side([partial(ask, run) for run in runs]), strict=True))


def histories(
    wanted: Sequence[tuple[Run, str]], source: RunSource, *, most: int | None = None
) -> dict[tuple[str, str], list[Metric]]:
    """What was logged of these metrics, of each the first `most` points at least; side by side.

    Raises RequestError where that is more than can be read for one answer.
    """
    found: dict[tuple[str, str], list[Metric]] = {}
    if not wanted:
        return found
    count = 0
    with Threads(SIDE_BY_SIDE) as threads:
        read = threads.map(lambda each: source.history(each[0].run_id, each[1], most=most), wanted)
        for (run, name), past in zip(wanted, read, strict=True):
            found[run.run_id, name] = past
            count += len(past)
            if count > MOST_POINTS:
                threads.shutdown(wait=False, cancel_futures=True)
                raise RequestError(
                    f"These metrics were logged more than {MOST_POINTS:,} times: too often for one answer.",
                    remedy="Name the metrics you mean.",
                )
    return found


def has_several(run: Run) -> bool:
    """Whether a run has more than one dataset, so that a metric of it may be of any."""
    return len({(dataset.name, dataset.digest) for dataset in run.datasets}) > 1


def _looked_into(run: Run, metrics: Sequence[str], judged: Callable[[str], bool]) -> list[str]:
    named = [name for name in metrics if name in run.metrics]
    others = sorted((name for name in run.metrics if name not in named and judged(name)), key=is_cost)
    return named or others


def _goes_on(points: Sequence[Metric]) -> bool:
    """Whether there may be more points, which are of several datasets."""
    return len(points) >= FIRST and len(_by_dataset(points)) > 1


def _by_dataset(points: Sequence[Metric]) -> dict[_Dataset, list[Metric]]:
    groups: dict[_Dataset, list[Metric]] = {}
    for point in points:
        groups.setdefault((point.dataset, point.digest), []).append(point)
    return groups


def _annotated(points: Sequence[Metric], known: Sequence[Metric]) -> list[Metric]:
    """The points with their datasets, where the models tell them."""
    datasets = {(each.step, each.logged_at, each.value): (each.dataset, each.digest) for each in known}
    found = []
    for point in points:
        name, digest = datasets.get((point.step, point.logged_at, point.value), (point.dataset, point.digest))
        found.append(replace(point, dataset=name, digest=digest) if name else point)
    return found


def _datasets_of_others(
    sides: Sequence[Side],
    several: set[str],
    groups_by_metric: Mapping[tuple[str, str], object],
    by_models: PointsByRun,
    source: RunSource,
) -> dict[tuple[str, str], dict[_Dataset, list[Metric]]]:
    """Datasets that the values of the other runs are of, for metrics that some run has for several."""
    others = [
        (run, name)
        for run in runs_of(sides)
        for name in several & run.metrics.keys()
        if (run.run_id, name) not in groups_by_metric
    ]
    unread = list({run.run_id: run for run, _name in others if run.run_id not in by_models}.values())
    known = {**by_models, **evaluations(unread, source)}
    found = {}
    for run, name in others:
        last = run.metrics[name]
        points = _annotated([last], known.get(run.run_id, {}).get(name, ()))
        found[run.run_id, name] = _by_dataset(points)
    return found


def _labels(
    several: set[str], groups_by_metric: Mapping[tuple[str, str], Mapping[_Dataset, Sequence[Metric]]]
) -> dict[str, dict[_Dataset, str]]:
    """What the datasets of each such metric are called: by name, with the digest where a run has two of one name."""
    labels = {}
    for name in several:
        groups = [list(found) for (_run_id, each), found in groups_by_metric.items() if each == name]
        alike = {
            dataset for found in groups for dataset, count in Counter(name for name, _ in found).items() if count > 1
        }
        labels[name] = {
            (dataset, digest): f"{dataset} ({digest})" if dataset and dataset in alike else dataset
            for found in groups
            for dataset, digest in found
        }
    return labels


def _values(
    run: Run, name: str, groups: Mapping[_Dataset, Sequence[Metric]], pick: Pick | None
) -> dict[_Dataset, Metric]:
    """The value of a metric for each dataset; without a `pick` the last."""
    found = {}
    for dataset, points in groups.items():
        value = pick(name, points) if pick else run.metrics[name] if len(groups) == 1 else _last(points)
        if value is None:
            continue
        is_unclear = not dataset[0] and has_several(run) and _repeats(value, points, is_cut=pick is None)
        found[dataset] = replace(value, is_unclear=True) if is_unclear else value
    return found


def _rows(name: str, values: Mapping[_Dataset, Metric], labels: Mapping[_Dataset, str]) -> dict[str, Metric]:
    """The values as rows: `accuracy · valid`, or the metric's name alone where no dataset is told."""
    rows = {}
    for dataset, value in values.items():
        label = labels.get(dataset, "")
        row = f"{name}{BETWEEN}{label}" if label else name
        rows[row] = replace(value, key=name, dataset=label) if label else value
    return rows


def _last(points: Sequence[Metric]) -> Metric:
    return max(points, key=lambda point: (point.step, point.logged_at))


def _repeats(value: Metric, points: Sequence[Metric], *, is_cut: bool) -> bool:
    """Whether there are several values at its step, or at any step where only the first values are known."""
    steps = Counter(point.step for point in points)
    if is_cut and len(points) >= FIRST:
        return max(steps.values()) > 1
    return steps[value.step] > 1


def with_examples(
    comparison: Comparison, source: RunSource, goal_of: Callable[[str], Goal], *, is_wanted: bool | None = None
) -> Comparison:
    """The comparison of two single runs with what the same examples tell, where that is wanted.

    `is_wanted` is what the channel says; None: it says nothing, and the experiments of both runs decide. Where one run
    has examples and the other has none, or they do not come in time, the comparison says so. Two requests a run and one
    more for each 500 traces, side by side.
    """
    runs = [run for side in comparison.sides for run in side.runs]
    if len(runs) != len(comparison.sides) or len(runs) != 2 or runs[0].run_id == runs[1].run_id:
        return comparison
    is_asked = all(run.experiment.compares_examples for run in runs) if is_wanted is None else is_wanted
    if not is_asked:
        return comparison
    try:
        contents = side_by_side([partial(source.example_table, run, share=SHARE_OF_EXAMPLES) for run in runs])
    except RequestError:
        return replace(comparison, examples_lacking="MLflow did not give the examples of these runs in time.")
    first, second = [read_table(each) if each else None for each in contents]
    if first is None or second is None:
        return replace(comparison, examples_lacking=_lacking(comparison.sides, [first, second]))
    found = compare_examples(first, second, goal_of)
    none = "" if found else "These runs share no example with a score whose goal is known."
    return replace(comparison, examples=found, examples_lacking=none)


def _lacking(sides: Sequence[Side], tables: Sequence[object]) -> str:
    """A sentence on which of two sides has no examples; "" where neither has: they are no matter of this experiment."""
    without = [side.label for side, table in zip(sides, tables, strict=True) if table is None]
    return f"{without[0]} has no evaluation table and no assessed traces." if len(without) == 1 else ""


# Values that are asked for by their step: the best ones, or those at one step.


MOST_HISTORIES = 400  # metric histories read for one answer


def read_series(
    request: Compare,
    sides: Sequence[Side],
    metrics: Sequence[str],
    source: RunSource,
    goal_of: Callable[[str], Goal],
) -> tuple[Side, ...]:
    """The sides with the asked value of each metric in place of the last one."""
    judged = judged_by(goal_of) if request.best else lambda _name: True
    named = {logged_as(name) for name in metrics}
    wanted = _wanted(sides, judged)
    if len(wanted) > MOST_HISTORIES and metrics:
        wanted = [(run, name) for run, name in wanted if name in named]
    read = {name for _run, name in wanted}
    if len(wanted) > MOST_HISTORIES:
        raise RequestError(
            f"That would take the histories of {len(wanted):,} metrics.",
            remedy="Name the metrics you mean.",
            example=f"{request.text.strip()[:200]} by {wanted[0][1]}",
            text=request.text,
        )
    points = histories(wanted, source)
    by_models = evaluations([run for run in runs_of(sides) if has_several(run)], source)
    pick = _pick_best(goal_of) if request.best else _pick_at(request.at_step or 0)
    if request.at_step is not None and wanted and not any(pick(name, past) for (_id, name), past in points.items()):
        _nothing_then(request, list(points.values()))
    readable = [without_metrics(side, lambda name: name not in read and judged(name)) for side in sides]
    return replaced(readable, points, by_models, source, pick=pick)


def _nothing_then(request: Compare, histories: Sequence[Sequence[Metric]]) -> NoReturn:
    """No metric was logged at the step that was asked for: says which step is nearest."""
    wanted = request.at_step or 0
    steps = {each.step for past in histories for each in past}
    closest = min(steps, key=lambda step: (abs(step - wanted), step), default=None)
    at, end = spot_in(request.text, str(wanted))
    raise RequestError(
        f"None of these runs logged a metric at step {wanted}.",
        remedy="" if closest is None else f"The nearest step is {closest}; they logged up to step {max(steps)}.",
        example="" if closest is None else complete_request(request.text, at, end, str(closest)),
        text=request.text,
        at=at,
    )


def _wanted(sides: Sequence[Side], judged: Callable[[str], bool]) -> list[tuple[Run, str]]:
    """Whose history of what is to be read. A last value at step 0 may be one of many: MLflow's default is no step.

    Without a goal there is no best, and the last value stays.
    """
    return [(run, name) for run in runs_of(sides) for name in run.metrics if judged(name)]


def without_metrics(side: Side, is_left_out: Callable[[str], bool]) -> Side:
    """The side without what was not read for want of room, which would be shown as something else."""

    def run_with(run: Run) -> Run:
        return replace(run, metrics={name: each for name, each in run.metrics.items() if not is_left_out(name)})

    return replace(side, runs=tuple(map(run_with, side.runs)))


def _pick_best(goal_of: Callable[[str], Goal]) -> Pick:
    """By the metric's goal; the last value where no goal is known or none is finite."""

    def pick(name: str, past: Sequence[Metric]) -> Metric | None:
        goal = goal_of(name)
        finite = [each for each in past if math.isfinite(each.value)]
        if goal is Goal.UNKNOWN or not finite:
            return _counted(past[-1], past) if past else None
        return _counted((min if goal is Goal.LOWER else max)(finite, key=lambda each: each.value), past)

    return pick


def _pick_at(step: int) -> Pick:
    def pick(_name: str, past: Sequence[Metric]) -> Metric | None:
        at = [each for each in past if each.step == step]
        return _counted(at[-1], at) if at else None

    return pick


def _counted(found: Metric, past: Sequence[Metric]) -> Metric:
    """The value, and how often the metric was logged at its step: folds and the like are no steps."""
    return replace(found, points=sum(each.step == found.step for each in past))


def runs_of(sides: Sequence[Side]) -> list[Run]:
    """The runs of all sides, each once."""
    return list({run.run_id: run for side in sides for run in side.runs}.values())


def logged_as(name: str) -> str:
    """The metric that a row is of: `accuracy` of `accuracy · valid`."""
    return name.partition(BETWEEN)[0]


def judged_by(goal_of: Callable[[str], Goal]) -> Callable[[str], bool]:
    return lambda name: goal_of(name) is not Goal.UNKNOWN


# Runs that were better before their end: the best value of the metric that decides, where the last one is worse.
# One request for all sides. Nothing is said from a sample, of fewer points than tell the noise, or where MLflow is
# slow.


SHARE_OF_CURVES = 0.25  # of the deadline of MLflow: the answer does not wait longer for this
MOST_SIDES = 20
_NAMED = 3
_SIGMAS = 4  # how far the best of many noisy values may lie from the last one by chance
_SLIGHT = 0.01  # of the range of the curve: a difference that no eye sees
_FEWEST = 8  # points that tell the noise of a curve


def with_earlier_best(compared: Comparison, source: RunSource) -> Comparison:
    """The comparison with a caveat on runs whose best value of the deciding metric is not their last one.

    More than noise: beyond what earlier repeats differ by, where they are known; else four times the noise of the curve
    from point to point, and 1 % of its range.
    """
    metric = deciding_metric(compared.metrics, compared.not_counted)
    if metric is None or metric.goal is Goal.UNKNOWN or metric.key or not _is_asked(compared, metric):
        return compared
    runs = [side.runs[0] for side in compared.sides]
    try:
        read = source.histories_of(runs, metric.name, exact=False, share=SHARE_OF_CURVES)
    except RequestError:
        return compared
    text = _earlier_best_words(compared.sides, metric, read)
    if not text:
        return compared
    order = list(CaveatCode)
    caveats = [*compared.warnings, Caveat(CaveatCode.BEST_EARLIER, text)]
    return replace(compared, warnings=tuple(sorted(caveats, key=lambda each: order.index(each.code))))


def _is_asked(compared: Comparison, metric: MetricComparison) -> bool:
    """Whether there are curves: single runs, at least one of which logged the metric beyond its first step."""
    sides = compared.sides
    are_single = len(sides) <= MOST_SIDES and all(len(side.runs) == 1 for side in sides)
    return are_single and any((reading.last_step or 0) > 0 for reading in metric.readings)


def _earlier_best_words(sides: Sequence[Side], metric: MetricComparison, read: Mapping[str, History]) -> str:
    """`val_loss was better before the end: B 0.21 at step 12, now 0.35. By best values B leads.`; "" for none."""
    needed = [each.evidence.needed for each in metric.changes if each.evidence and each.evidence.needed]
    known = max(needed, default=None)
    bests = {
        side.label: best
        for side in sides
        if (past := read.get(side.runs[0].run_id)) and (best := _best(past, metric, known))
    }
    last = {
        side.label: value
        for side, reading in zip(sides, metric.readings, strict=True)
        if (value := reading.value) is not None
    }
    earlier = [label for label, (_best_value, _step, is_earlier) in bests.items() if is_earlier and label in last]
    if not earlier:
        return ""
    phrases = []
    for label in earlier[:_NAMED]:
        value, step, _is_earlier = bests[label]
        values = format_row(value, last[label]).values
        phrases.append(f"{label} {values[0]} at step {step:,.0f}, last {values[1]}")
    left = f"; and {len(earlier) - _NAMED} more" if len(earlier) > _NAMED else ""
    text = f"{metric.name} was better before the end: {'; '.join(phrases)}{left}."
    return f"{text}{_other_leader(metric, {label: each[0] for label, each in bests.items()}, last)}"


def _other_leader(metric: MetricComparison, bests: Mapping[str, float], last: Mapping[str, float]) -> str:
    """Who leads by best values, where that is another one; only where those of all are known."""
    if bests.keys() != last.keys() or len(bests) < 2:
        return ""
    sign = 1 if metric.goal is Goal.LOWER else -1
    leader, second = sorted(bests, key=lambda label: sign * bests[label])[:2]
    if leader == min(last, key=lambda label: sign * last[label]) or bests[leader] == bests[second]:
        return ""
    values = format_row(bests[leader], bests[second]).values
    return f" By best values, which are optimistic, {leader} leads: {values[0]}, {second} {values[1]}."


def _best(past: History, metric: MetricComparison, known: float | None) -> tuple[float, float, bool] | None:
    """The best value, its step, and whether the last one is worse by more than noise; None where it is not known."""
    from comparison.trends import Axis, curve_of, find_best  # noqa: PLC0415 -- numpy, for who logged steps

    curve = curve_of(past.steps, past.values, past.times, goal=metric.goal, is_complete=past.is_complete)
    best = find_best(curve)
    if best is None or not best.is_exact or curve.axis is not Axis.STEP or not curve.finite[-1]:
        return None
    values = curve.values[curve.finite]
    limit = max(_SIGMAS * curve.noise, _SLIGHT * float(values.max() - values.min())) if known is None else known
    is_told = known is not None or len(values) >= _FEWEST
    return best.value, best.x, is_told and abs(curve.last - best.value) > limit
