"""Metrics that runs logged for several datasets: a row for each dataset, or none that can be judged.

MLflow keeps one last value a metric, whatever it was measured on. Which dataset a value is of, file stores keep with it
and others only with the model that was measured. A run that has several datasets and several values at one step, and
does not tell which is of which, has no value to compare. The examples of two evaluations are compared one by one, where
somebody asked for it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from comparison.concurrency import Threads, side_by_side
from comparison.errors import RequestError, TrackingUnavailable
from comparison.judgement.examples import compare_examples, read_table
from comparison.judgement.goals import is_cost
from comparison.judgement.result import Comparison
from comparison.names import split_of
from comparison.runs import Goal, Metric, Run, Side
from comparison.tracking.source import RunSource

SIDE_BY_SIDE = 16
MOST_LOOKED_INTO = 40  # metrics, for an answer that asks for last values
MOST_POINTS = 1_000_000  # of all histories of an answer
FIRST = 50  # points of each of those
BETWEEN = " · "  # a metric and its dataset
Points = Mapping[tuple[str, str], Sequence[Metric]]  # by run id and metric
Pick = Callable[[str, Sequence[Metric]], Metric | None]
PointsByRun = Mapping[str, Mapping[str, Sequence[Metric]]]  # by run id and metric: points that say their dataset
_Dataset = tuple[str, str]  # name and digest
SHARE = 0.5  # of the deadline of MLflow: the answer does not wait longer for examples


def told_apart(
    sides: Sequence[Side], source: RunSource, *, metrics: Sequence[str] = (), judged: Callable[[str], bool]
) -> tuple[Side, ...]:
    """The sides with a row for each dataset of a metric that has several; other metrics and runs are left as they are.

    Looked into are the `metrics` that were named, else those that can be `judged`, as many as people wait for. Nothing
    is asked of MLflow about runs with fewer than two datasets that a metric may be of, unless another run has that
    metric for several; else one question for each metric, and more only where a run logged it more than once.
    """
    wanted = [
        (run, name)
        for run in _runs(sides)
        if has_several(run)
        for name in _looked_into(run, metrics, judged)
        if _may_be_of_several(run, name)
    ]
    if not wanted:
        return tuple(sides)
    sampled = _samples(wanted, source)
    wanted = [(run, name) for run, name in wanted if len(sampled.get((run.run_id, name), ())) > 1]
    told = evaluations(list({run.run_id: run for run, _name in wanted}.values()), source)
    known = {(run.run_id, name): told[run.run_id].get(name, ()) for run, name in wanted}
    unknown = [
        (run, name)
        for run, name in wanted
        if len(_by_dataset(known[run.run_id, name])) < 2 and _has_repeats(sampled[run.run_id, name])
    ]
    read = histories(unknown, source, most=FIRST)
    going_on = [each for each in unknown if _goes_on(read.get((each[0].run_id, each[1]), ()))]
    read |= histories(going_on, source)
    points = {key: past for key, past in known.items() if len(_by_dataset(past)) > 1} | read
    return replaced(sides, points, told, source, pick=None)


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
    names = list(runs)[:MOST_LOOKED_INTO]
    found = side_by_side([partial(source.samples_of, runs[name], name) for name in names])
    return {(run_id, name): seen for name, each in zip(names, found, strict=True) for run_id, seen in each.items()}


def _has_repeats(points: Sequence[Metric]) -> bool:
    """Whether there are several values at one step, or points that say different datasets."""
    return max(Counter(point.step for point in points).values(), default=0) > 1 or len(_by_dataset(points)) > 1


def replaced(
    sides: Sequence[Side], points: Points, told: PointsByRun, source: RunSource, *, pick: Pick | None
) -> tuple[Side, ...]:
    """The sides with what `pick` takes of these points, dataset by dataset, in place of the metrics' last values.

    Without a `pick` a metric of one dataset keeps its last value, and points of several are taken in order.
    """
    said = {
        (run.run_id, name): _by_dataset(_annotated(points[run.run_id, name], told.get(run.run_id, {}).get(name, ())))
        for run in _runs(sides)
        for name in run.metrics
        if (run.run_id, name) in points
    }
    several = {name for (_run_id, name), groups in said.items() if len(groups) > 1}
    said |= _said_by_others(sides, several, said, told, source)
    labels = _labels(several, said)

    def run_with(run: Run) -> Run:
        found: dict[str, Metric] = {}
        for name, last in run.metrics.items():
            groups = said.get((run.run_id, name))
            if groups is None:
                found[name] = last
                continue
            found |= _named(name, _values(run, name, groups, pick), labels.get(name, {}))
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
    held = 0
    with Threads(SIDE_BY_SIDE) as threads:
        read = threads.map(lambda each: source.history(each[0].run_id, each[1], most=most), wanted)
        for (run, name), past in zip(wanted, read, strict=True):
            found[run.run_id, name] = past
            held += len(past)
            if held > MOST_POINTS:
                threads.shutdown(wait=False, cancel_futures=True)
                raise RequestError(
                    f"These metrics were logged more than {MOST_POINTS:,} times: too often for one answer.",
                    remedy="Name the metrics you mean.",
                )
    return found


def has_several(run: Run) -> bool:
    """Whether a run has more than one dataset, so that a metric of it may be of any."""
    return len({(dataset.name, dataset.digest) for dataset in run.datasets}) > 1


def _runs(sides: Sequence[Side]) -> list[Run]:
    return list({run.run_id: run for side in sides for run in side.runs}.values())


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


def _annotated(points: Sequence[Metric], told: Sequence[Metric]) -> list[Metric]:
    """The points with their datasets, where the models tell them."""
    datasets = {(each.step, each.logged_at, each.value): (each.dataset, each.digest) for each in told}
    found = []
    for point in points:
        name, digest = datasets.get((point.step, point.logged_at, point.value), (point.dataset, point.digest))
        found.append(replace(point, dataset=name, digest=digest) if name else point)
    return found


def _said_by_others(
    sides: Sequence[Side],
    several: set[str],
    said: Mapping[tuple[str, str], object],
    told: PointsByRun,
    source: RunSource,
) -> dict[tuple[str, str], dict[_Dataset, list[Metric]]]:
    """Datasets that the values of the other runs are of, for metrics that some run has for several."""
    others = [
        (run, name) for run in _runs(sides) for name in several & run.metrics.keys() if (run.run_id, name) not in said
    ]
    asked = list({run.run_id: run for run, _name in others if run.run_id not in told}.values())
    known = {**told, **evaluations(asked, source)}
    found = {}
    for run, name in others:
        last = run.metrics[name]
        points = _annotated([last], known.get(run.run_id, {}).get(name, ()))
        found[run.run_id, name] = _by_dataset(points)
    return found


def _labels(
    several: set[str], said: Mapping[tuple[str, str], Mapping[_Dataset, Sequence[Metric]]]
) -> dict[str, dict[_Dataset, str]]:
    """What the datasets of each such metric are called: by name, with the digest where a run has two of one name."""
    labels = {}
    for name in several:
        groups = [list(found) for (_run_id, each), found in said.items() if each == name]
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


def _named(name: str, values: Mapping[_Dataset, Metric], labels: Mapping[_Dataset, str]) -> dict[str, Metric]:
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
    asked = all(run.experiment.compares_examples for run in runs) if is_wanted is None else is_wanted
    if not asked:
        return comparison
    try:
        contents = side_by_side([partial(source.example_table, run, share=SHARE) for run in runs])
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
