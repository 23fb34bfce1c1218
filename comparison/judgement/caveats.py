"""What makes a comparison doubtful: one plain sentence each, the most serious first."""

import math
from collections.abc import Iterable, Iterator, Sequence

from comparison.judgement.differences import is_same
from comparison.judgement.repeats import differing_parameters, shared_seeds
from comparison.judgement.result import (
    Caveat,
    CaveatCode,
    Change,
    DatasetComparison,
    MetricComparison,
    Outcome,
    Reading,
)
from comparison.judgement.statistics import advantage_of_best, is_picked_of_more
from comparison.runs import Dataset, Goal, Run, Side, Status

_SILENT_TOO_LONG = 3_600_000  # ms without a new metric
_STEPS_APART = 0.05  # of the larger number of steps
_NAMED = 3  # metrics named before "and n more"
_ENDED = {
    Status.FAILED: "failed",
    Status.KILLED: "was killed",
    Status.PRUNED: "was pruned, a trial given up early",
    Status.RUNNING: "is still running",
    Status.SCHEDULED: "has not started",
    Status.UNKNOWN: "has an unknown status",
}
_MOVED = (Outcome.BETTER, Outcome.WORSE, Outcome.CHANGED)


def find_caveats(
    sides: Sequence[Side],
    metrics: Sequence[MetricComparison],
    datasets: Sequence[DatasetComparison],
    *,
    now: int | None,
    reading: str = "last",
) -> tuple[Caveat, ...]:
    """All warnings, in the order of `Code`. `now` is ms since the epoch; None: nobody is taken for dead.

    Only the last values (`reading`) tell when a run was last heard of and how far it came.
    """
    last = reading == "last"
    now = now if last else None
    found: dict[CaveatCode, Iterable[str]] = {
        CaveatCode.NOT_FINISHED: _not_finished(sides, now),
        CaveatCode.MAY_BE_DEAD: _may_be_dead(sides, now),
        CaveatCode.DELETED: _deleted(sides),
        CaveatCode.DATASETS_DIFFER: _datasets_differ(sides, datasets),
        CaveatCode.ONE_SIDED_METRICS: _one_sided(sides, metrics),
        CaveatCode.DATASETS_UNCLEAR: _datasets_unclear(sides, metrics),
        CaveatCode.NOT_FINITE: _not_finite(sides, metrics),
        CaveatCode.SEVERAL_AT_ONE_STEP: _several_at_one_step(sides, metrics),
        CaveatCode.STEPS_DIFFER: _steps_differ(sides, metrics) if last else (),
        CaveatCode.EXPERIMENTS_DIFFER: _experiments_differ(sides),
        CaveatCode.SAME_RUN: _same_run(sides),
        CaveatCode.PICKED: _picked(sides),
        CaveatCode.OPTIMISTIC: _optimistic(reading),
        CaveatCode.COMMIT_UNKNOWN: _commit_unknown(sides),
        CaveatCode.COMMITS_DIFFER: _commits_differ(sides),
        CaveatCode.LEFT_OUT: _left_out(sides),
        CaveatCode.MIXED_GROUP: _mixed_groups(sides),
        CaveatCode.NOT_PAIRED: _not_paired(sides),
        CaveatCode.NO_SPREAD: _no_spread(sides, metrics),
        CaveatCode.SINGLE_RUNS: _single_runs(sides, metrics),
    }
    return tuple(Caveat(code, text) for code, texts in found.items() for text in texts)


def _not_finished(sides: Sequence[Side], now: int | None) -> Iterator[str]:
    for side in sides:
        for status, words in _ENDED.items():
            count = sum(run.status is status and _silence(run, now) is None for run in side.runs)
            if count:
                yield f"{_part(side, count)} {words}."


def _may_be_dead(sides: Sequence[Side], now: int | None) -> Iterator[str]:
    for side in sides:
        silences = [silence for run in side.runs if (silence := _silence(run, now)) is not None]
        if silences:
            yield (f"{_part(side, len(silences))} may be dead: no new metric for {_span(min(silences))}.")


def _silence(run: Run, now: int | None) -> int | None:
    """Time in ms for which a running run has said nothing, if that is too long."""
    if now is None or run.status is not Status.RUNNING:
        return None
    heard = run.heard_at
    is_resumed = run.former_end is not None and heard <= run.former_end  # since when it runs again, nobody knows
    return now - heard if heard and now - heard > _SILENT_TOO_LONG and not is_resumed else None


def _deleted(sides: Sequence[Side]) -> Iterator[str]:
    for side in sides:
        count = sum(run.deleted for run in side.runs)
        if count:
            yield f"{_part(side, count)} {'is' if count == 1 else 'are'} deleted in MLflow."


def _datasets_differ(sides: Sequence[Side], datasets: Sequence[DatasetComparison]) -> Iterator[str]:
    for role in datasets:
        if is_same(role):
            continue
        if other := _other_data(sides, role):
            yield other
            continue
        listed = ", ".join(f"{side.label} {_datasets(logged)}" for side, logged in zip(sides, role.sides, strict=True))
        context = f" for {role.context}" if role.context else ""
        kind = "have the same digest but other names" if role.same_digest else "differ"
        yield f"The datasets{context} {kind}: {listed}."


def _other_data(sides: Sequence[Side], role: DatasetComparison) -> str:
    """`C was trained on other data (cc08b95f, not e449c5bf).`, where one dataset a side differs in its digest alone."""
    logged = [datasets[0] for datasets in role.sides if len(datasets) == 1 and datasets[0].digest]
    if len(logged) < len(sides) or len({dataset.name for dataset in logged}) > 1:
        return ""
    others = {dataset.digest for dataset in logged[1:]} - {logged[0].digest}
    if len(others) != 1:
        return ""
    labels = [side.label for side, dataset in zip(sides, logged, strict=True) if dataset.digest != logged[0].digest]
    used = {"training": "trained on other data", "": "run on other data"}.get(
        role.context, f"run on other data for {role.context}"
    )
    return f"{_all(labels)} {'was' if len(labels) == 1 else 'were'} {used} ({others.pop()}, not {logged[0].digest})."


def _datasets(logged: Sequence[Dataset]) -> str:
    if not logged:
        return "logged none"
    named = [f"{dataset.name} ({dataset.digest or 'no digest'})" for dataset in logged]
    return _listed(named)


def _one_sided(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    missing: dict[tuple[int, ...], list[str]] = {}
    for metric in metrics:
        absent = tuple(index for index, reading in enumerate(metric.readings) if not reading.values)
        if absent:
            missing.setdefault(absent, []).append(metric.name)
    for absent, names in sorted(missing.items(), key=lambda item: [index in item[0] for index in range(len(sides))]):
        labels = [sides[index].label for index in absent]
        present = [side.label for index, side in enumerate(sides) if index not in absent]
        where = f"Logged only by {_all(present)}" if len(present) == 1 else f"Not logged by {_all(labels)}"
        yield f"{where}: {_listed(names)}."


def _datasets_unclear(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for index, side in enumerate(sides):
        names = tuple(metric.name for metric in metrics if _reading(metric, index).is_unclear)
        if names:
            alike.setdefault(names, []).append(side.label)
    for names, labels in alike.items():
        have = "has values" if len(names) == 1 else "have values"
        yield (
            f"{_listed(names)} {have} of several datasets in {_all(labels)}, and MLflow does not tell which value is "
            f"of which: not judged. It tells where a metric is logged for a model, or each dataset has a name of "
            f"its own."
        )


def _several_at_one_step(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    """Warns of values chosen from a history that share their step with others."""
    for index, side in enumerate(sides):
        found = [(metric.name, reading) for metric in metrics if (reading := _reading(metric, index)).points > 1]
        if found:
            name, reading = found[0]
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            yield (
                f"{name}{more} was logged {reading.points:,} times at step {reading.last_step} in {side.label}: "
                f"folds and datasets are no steps."
            )


def _not_finite(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    odd: list[list[str]] = [[] for _ in sides]
    for metric in metrics:
        for index, reading in enumerate(metric.readings):
            worst = next((value for value in (*reading.values, *reading.odd) if not math.isfinite(value)), None)
            if worst is None:
                continue
            count = f"{len(reading.odd)} of {reading.asked_of} runs, left out: " if reading.odd else ""
            odd[index].append(f"{metric.name} ({count}{'NaN' if math.isnan(worst) else worst})")
    for side, names in zip(sides, odd, strict=True):
        if names:
            yield f"Not finite in {side.label}: {_listed(names)}."


def _steps_differ(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    baseline = sides[0]
    for index, side in enumerate(sides[1:]):
        apart = [metric for metric in metrics if _steps_are_apart(metric.changes[index])]
        if apart:
            apart.sort(key=lambda metric: metric.name)
            change = apart[0].changes[index]
            steps = ((change.baseline.last_step or 0, baseline.label), (change.candidate.last_step or 0, side.label))
            ends = sorted(steps)
            (short, one), (long, other) = ends
            yield f"{one} stopped at step {short:,}; {other} ran to step {long:,}."


def _steps_are_apart(change: Change) -> bool:
    one, other = change.baseline.last_step, change.candidate.last_step
    if one is None or other is None or one == other:
        return False
    longest = max(one, other)
    return longest > 0 and abs(one - other) > _STEPS_APART * longest


def _experiments_differ(sides: Sequence[Side]) -> Iterator[str]:
    if len({run.experiment.experiment_id for side in sides for run in side.runs}) > 1:
        where = [
            f"{side.label} in {_all(list(dict.fromkeys(run.experiment.name for run in side.runs)))}" for side in sides
        ]
        yield f"The runs are of different experiments: {', '.join(where)}."


def _same_run(sides: Sequence[Side]) -> Iterator[str]:
    seen: dict[str, Side] = {}
    for side in sides:
        shared = {seen[run.run_id].label: None for run in side.runs if run.run_id in seen}
        for label in shared:
            same = "are the same run" if len(side.runs) == 1 else "share a run"
            yield f"{label} and {side.label} {same}."
        for run in side.runs:
            seen.setdefault(run.run_id, side)


def _commit_unknown(sides: Sequence[Side]) -> Iterator[str]:
    if _is_one_run(sides):
        return
    unknown = [side.label for side in sides if not all(run.commit for run in side.runs)]
    if len(unknown) == len(sides):
        yield "The source commits are unknown: the code may differ too."
    elif unknown:
        yield f"The source commit of {_all(unknown)} is unknown: the code may differ too."


def _commits_differ(sides: Sequence[Side]) -> Iterator[str]:
    commits = [dict.fromkeys(run.commit for run in side.runs if run.commit) for side in sides]
    distinct = {commit for side in commits for commit in side}
    if len(distinct) < 2:
        return
    length = next((size for size in (7, 12) if len({commit[:size] for commit in distinct}) == len(distinct)), None)
    where = [
        f"{side.label} {_all([commit[:length] for commit in known])}"
        for side, known in zip(sides, commits, strict=True)
        if known
    ]
    yield f"The source commits differ: {', '.join(where)}."


def _left_out(sides: Sequence[Side]) -> Iterator[str]:
    """Runs of a group that do not count, by reason."""
    for side in sides:
        reasons: dict[str, list[str]] = {}
        for each in side.left_out:
            reasons.setdefault(each.why, []).append(each.run.name or each.run.run_id[:8])
        if reasons:
            groups = "; ".join(f"{_listed(names)} ({why})" for why, names in reasons.items())
            yield f"Left out of {side.label}: {groups}."


def _mixed_groups(sides: Sequence[Side]) -> Iterator[str]:
    for side in sides:
        names = differing_parameters(side.runs) if len(side.runs) > 1 else []
        if names:
            yield (
                f"The runs of {side.label} differ in more than the seed ({_listed(names)}): "
                f"they are no repeats, and their spread is not that of chance alone."
            )


def _not_paired(sides: Sequence[Side]) -> Iterator[str]:
    baseline = sides[0]
    for side in sides[1:]:
        shared = len(shared_seeds(baseline.runs, side.runs)) if len(baseline.runs) > 1 and len(side.runs) > 1 else 0
        if shared and not shared == len(baseline.runs) == len(side.runs):
            yield (
                f"{baseline.label} and {side.label} share {shared} of {max(len(baseline.runs), len(side.runs))} seeds: "
                f"not compared in pairs. Run the same seeds on both sides."
            )


def _no_spread(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    """Repeats without any spread in a metric that is judged, where another side differs."""
    for index, side in enumerate(sides):
        names = [
            metric.name
            for metric in metrics
            if metric.goal is not Goal.UNKNOWN
            and not metric.is_cost
            and len(_reading(metric, index).values) > 1
            and len(set(_reading(metric, index).values)) == 1
            and any(change.outcome_by_value in _MOVED for change in metric.changes)
        ]
        if names:
            yield (
                f"All runs of {side.label} have the same {_listed(names)}: one run logged several times, "
                f"or its seed changes nothing."
            )


def _picked(sides: Sequence[Side]) -> Iterator[str]:
    """A caveat where a side was picked: of equal runs the best of many beats the best of few by luck alone."""
    counts = [side.best_of or (0 if side.picked_by else 1) for side in sides]
    most, fewest = max(counts), min(counts)
    if not fewest or not is_picked_of_more(most, fewest) or _is_one_run(sides):
        return
    lucky = sides[counts.index(most)].label
    other = f"{sides[counts.index(fewest)].label} {f'the best of {fewest:,}' if fewest > 1 else 'was not picked so'}"
    luck = advantage_of_best(most) - advantage_of_best(fewest)
    yield (
        f"{lucky} is the best of {most:,} runs, {other}: were all runs equal, it would still be ahead "
        f"by about {luck:.1f} standard deviations, by luck. Compare all seeds of both instead."
    )


def _optimistic(reading: str) -> Iterator[str]:
    if reading == "best":
        yield "Best values over the steps are optimistic: each is picked as the best of many, on all sides."


def _single_runs(sides: Sequence[Side], metrics: Sequence[MetricComparison]) -> Iterator[str]:
    single = [side.label for side in sides if len(side.runs) == 1]
    leading = metrics[:1]  # by which the runs are told apart: the first in reading order
    moved = [change for metric in leading for change in metric.changes if change.outcome in _MOVED]
    if not single or _is_one_run(sides) or all(change.evidence and change.evidence.test for change in moved):
        return
    if len(sides) == len(single) == 2 or len(single) == len(sides):
        yield "Single runs: this could be seed noise."
    else:
        are = "is a single run" if len(single) == 1 else "are single runs"
        yield f"{_all(single)} {are}: this could be seed noise."


def _is_one_run(sides: Sequence[Side]) -> bool:
    return len({run.run_id for side in sides for run in side.runs}) == 1


def _reading(metric: MetricComparison, side: int) -> Reading:
    return metric.changes[side - 1].candidate if side else metric.changes[0].baseline


def _part(side: Side, count: int) -> str:
    return side.label if len(side.runs) == 1 else f"{count} of the {len(side.runs)} runs of {side.label}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


def _all(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"


def _span(milliseconds: int) -> str:
    minutes = milliseconds // 60_000
    hours, days = minutes // 60, minutes // (60 * 24)
    if days > 1:
        return f"{days} days"
    return f"{hours} h" if hours > 1 else f"{minutes} min"
