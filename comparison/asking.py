"""A request answered: the runs found, the asked values read, the comparison made."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from comparison.choosing import Several
from comparison.comparing import compare
from comparison.completing import completed
from comparison.defaults import Defaults
from comparison.errors import RequestError
from comparison.evaluations import BETWEEN, Pick, evaluations, has_several, histories, replaced, told_apart
from comparison.finding import find_all
from comparison.goals import decide
from comparison.naming import folded, near
from comparison.outcome import Comparison
from comparison.request import Compare
from comparison.runs import Goal, Metric, Run, Side
from comparison.source import RunSource

MOST_HISTORIES = 400  # metric histories read for one answer


def ask(
    request: Compare,
    source: RunSource,
    *,
    now: datetime | int | None = None,
    defaults: Defaults | None = None,
    several: Several = Several.NEWEST,
) -> Comparison:
    """The comparison that was asked for. Raises RequestError and what finding raises.

    `now` with its time zone, or in ms since the epoch (then the zone is UTC); `defaults` are the channel's;
    `several` says what becomes of a name that several runs have.
    """
    agreed = defaults or Defaults()
    moment = datetime.fromtimestamp(now / 1000, UTC) if isinstance(now, int) else now
    sides: Sequence[Side] = find_all(
        request.runs,
        source,
        experiment=request.experiment,
        text=request.text,
        metric=request.metrics[0] if request.metrics else "",
        defaults=agreed,
        now=moment,
        several=several,
    )
    if len(sides) < 2:
        raise RequestError(
            "A comparison takes two runs or more.",
            remedy="Name the baseline first.",
            example="run-a vs run-b",
            text=request.text,
        )
    metrics = _known(request, sides) or _default_metric(agreed, sides)
    reading = "last"
    goal_of = _goals(sides, agreed.goals)
    if request.best or request.at_step is not None:
        reading = "best" if request.best else f"at step {request.at_step}"
        sides = _read(request, sides, metrics, source, goal_of)
    else:
        sides = told_apart(sides, source, metrics=[_logged_as(name) for name in metrics], judged=_judged(goal_of))
    now_ms = None if moment is None else int(moment.timestamp() * 1000)
    return compare(
        *sides,
        metrics=metrics,
        channel_goals=agreed.goals,
        tolerance=request.tolerance,
        channel_tolerances=agreed.tolerances,
        now=now_ms,
        reading=reading,
    )


def _goals(sides: Sequence[Side], channel: Mapping[str, Goal]) -> Callable[[str], Goal]:
    experiments = list({run.experiment.experiment_id: run.experiment for side in sides for run in side.runs}.values())
    return lambda name: decide(name, {}, channel, experiments)[0]


def _judged(goal_of: Callable[[str], Goal]) -> Callable[[str], bool]:
    return lambda name: goal_of(name) is not Goal.UNKNOWN


def _logged_as(name: str) -> str:
    """The metric that a row is of: `accuracy` of `accuracy · valid`."""
    return name.partition(BETWEEN)[0]


def _default_metric(defaults: Defaults, sides: Sequence[Side]) -> tuple[str, ...]:
    """The channel's metric, where one of these runs logged it."""
    logged = any(defaults.metric in run.metrics for side in sides for run in side.runs)
    return (defaults.metric,) if defaults.metric and logged else ()


def _known(request: Compare, sides: Sequence[Side]) -> tuple[str, ...]:
    """The metrics asked for as they were logged, whatever their case. Raises RequestError for one nobody logged."""
    logged = {name: None for side in sides for run in side.runs for name in run.metrics}
    alike = {folded(name): name for name in reversed(logged)}
    found: dict[str, None] = {}
    for name in request.metrics:
        if BETWEEN in name and _logged_as(name) in logged:
            found[name] = None  # one dataset of it; whether it is there is known when they are told apart
            continue
        known = name if name in logged else alike.get(folded(name))
        each = [known] if known else [alike.get(folded(word)) for word in name.split()]
        if not all(each):
            _unknown(name, logged, request)
        found.update(dict.fromkeys(filter(None, each)))
    return tuple(found)


def _unknown(name: str, logged: Iterable[str], request: Compare) -> NoReturn:
    place = request.text.rfind(name)
    logged = list(logged)
    alike = near(name, logged) or tuple(logged[:5])
    spot = None if place < 0 else place
    raise RequestError(
        f"None of these runs logged a metric called {name}.",
        remedy="" if logged else "They logged no metrics at all.",
        example=completed(request.text, spot, place + len(name), alike[0]) if alike else "",
        near=alike,
        text=request.text,
        at=spot,
        end=None if spot is None else spot + len(name),
    )


def _read(
    request: Compare,
    sides: Sequence[Side],
    metrics: Sequence[str],
    source: RunSource,
    goal_of: Callable[[str], Goal],
) -> tuple[Side, ...]:
    """The sides with the asked value of each metric in place of the last one."""
    judged = _judged(goal_of) if request.best else lambda _name: True
    named = {_logged_as(name) for name in metrics}
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
    told = evaluations([run for run in _runs(sides) if has_several(run)], source)
    pick = _pick_best(goal_of) if request.best else _pick_at(request.at_step or 0)
    if request.at_step is not None and wanted and not any(pick(name, past) for (_id, name), past in points.items()):
        _nothing_then(request, list(points.values()))
    kept = [_without(side, lambda name: name not in read and judged(name)) for side in sides]
    return replaced(kept, points, told, source, pick=pick)


def _nothing_then(request: Compare, histories: Sequence[Sequence[Metric]]) -> NoReturn:
    """No metric was logged at the step that was asked for: says which step is nearest."""
    wanted = request.at_step or 0
    steps = {each.step for past in histories for each in past}
    closest = min(steps, key=lambda step: (abs(step - wanted), step), default=None)
    place = request.text.rfind(str(wanted))
    raise RequestError(
        f"None of these runs logged a metric at step {wanted}.",
        remedy="" if closest is None else f"The nearest step is {closest}; they logged up to step {max(steps)}.",
        example="" if closest is None else completed(request.text, place, place + len(str(wanted)), str(closest)),
        text=request.text,
        at=None if place < 0 else place,
    )


def _wanted(sides: Sequence[Side], judged: Callable[[str], bool]) -> list[tuple[Run, str]]:
    """Whose history of what is to be read. A last value at step 0 may be one of many: MLflow's default is no step.

    Without a goal there is no best, and the last value stays.
    """
    return [(run, name) for run in _runs(sides) for name in run.metrics if judged(name)]


def _runs(sides: Sequence[Side]) -> list[Run]:
    return list({run.run_id: run for side in sides for run in side.runs}.values())


def _without(side: Side, is_left_out: Callable[[str], bool]) -> Side:
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
