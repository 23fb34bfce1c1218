"""A request answered: the runs found, the asked values read, the comparison made."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from comparison.choosing import Several
from comparison.comparing import compare
from comparison.completing import completed
from comparison.defaults import Defaults
from comparison.errors import RequestError
from comparison.finding import find_all
from comparison.goals import decide
from comparison.naming import folded, near
from comparison.outcome import Comparison
from comparison.request import Compare
from comparison.runs import Goal, Metric, Run, Side
from comparison.source import RunSource

SIDE_BY_SIDE = 16
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
    sides = find_all(
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
    if request.best or request.at_step is not None:
        reading = "best" if request.best else f"at step {request.at_step}"
        sides = _read(request, sides, metrics, source, agreed.goals)
    now_ms = None if moment is None else int(moment.timestamp() * 1000)
    return compare(*sides, metrics=metrics, channel_goals=agreed.goals, now=now_ms, reading=reading)


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
    request: Compare, sides: Sequence[Side], metrics: Sequence[str], source: RunSource, channel: Mapping[str, Goal]
) -> list[Side]:
    """The sides with the asked value of each metric in place of the last one."""
    wanted = _histories(request, sides, ())
    if len(wanted) > MOST_HISTORIES and metrics:
        wanted = _histories(request, sides, metrics)
    read = {name for _run, name in wanted}
    if len(wanted) > MOST_HISTORIES:
        raise RequestError(
            f"That would take the histories of {len(wanted):,} metrics.",
            remedy="Name the metrics you mean.",
            example=f"{request.text.strip()[:200]} by {wanted[0][1]}",
            text=request.text,
        )
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        histories = list(threads.map(lambda each: source.history(each[0].run_id, each[1]), wanted))
    pick = _pick_best(sides, channel) if request.best else _pick_at(request.at_step or 0)
    found = {(run.run_id, name): pick(name, past) for (run, name), past in zip(wanted, histories, strict=True)}
    if request.at_step is not None and wanted and not any(found.values()):
        _nothing_then(request, histories)
    return [replace(side, runs=tuple(_with(run, found, read) for run in side.runs)) for side in sides]


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


def _histories(request: Compare, sides: Sequence[Side], metrics: Sequence[str]) -> list[tuple[Run, str]]:
    """Whose history of what is to be read; a metric logged once at step 0 has none. No metrics named: all."""
    return [
        (run, name)
        for side in sides
        for run in side.runs
        for name, last in run.metrics.items()
        if (not metrics or name in metrics) and (last.step or request.at_step is not None)
    ]


def _with(run: Run, found: Mapping[tuple[str, str], Metric | None], read: Collection[str]) -> Run:
    """The run with the values found; what was not read for want of room is left out, not shown as something else."""
    kept = {name: found.get((run.run_id, name), last) for name, last in run.metrics.items()}
    kept = {name: value for name, value in kept.items() if name in read or not run.metrics[name].step}
    return replace(run, metrics={name: value for name, value in kept.items() if value is not None})


def _pick_best(sides: Sequence[Side], channel: Mapping[str, Goal]) -> Callable[[str, Sequence[Metric]], Metric | None]:
    """By the metric's goal; the last value where no goal is known or none is finite."""
    experiments = [run.experiment for side in sides for run in side.runs]

    def pick(name: str, past: Sequence[Metric]) -> Metric | None:
        goal, _source = decide(name, {}, channel, experiments)
        finite = [each for each in past if math.isfinite(each.value)]
        if goal is Goal.UNKNOWN or not finite:
            return past[-1] if past else None
        return (min if goal is Goal.LOWER else max)(finite, key=lambda each: each.value)

    return pick


def _pick_at(step: int) -> Callable[[str, Sequence[Metric]], Metric | None]:
    def pick(_name: str, past: Sequence[Metric]) -> Metric | None:
        at = [each for each in past if each.step == step]
        return at[-1] if at else None

    return pick
