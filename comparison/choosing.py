"""Runs that are not named but told: the latest, the best, the pinned one, a model's, a filter's, a sweep's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from comparison.completing import offered
from comparison.defaults import Defaults
from comparison.errors import FilterRefused, RequestError, RunNotFound
from comparison.goals import decide
from comparison.leading import SAMPLE, Ranking
from comparison.naming import folded, near
from comparison.request import (
    Filtered,
    Latest,
    Leading,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    TopRuns,
    Unfinished,
)
from comparison.runs import Experiment, Goal, Run, Side
from comparison.since import since
from comparison.source import RunSource
from comparison.trials import STUDY_TAG, has_results

SHORT = 8
USERS = 200  # runs among which a user's are looked for
SPARE = 5  # sweeps without metrics that are passed over
AHEAD = 15 * 60_000  # ms that a clock may be ahead


class Several(StrEnum):
    """What becomes of a name that several runs have."""

    NEWEST = "newest"  # the newest is taken, and its side says so
    ASK = "ask"  # Ambiguous is raised with the runs, for a person to choose


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look. No experiments: all of them. `metric` is what the request names first; `text` is for errors."""

    source: RunSource
    experiments: tuple[Experiment, ...] = ()
    text: str = ""
    metric: str = ""
    defaults: Defaults = field(default_factory=Defaults)
    now: datetime | None = None
    several: Several = Several.NEWEST

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(each.experiment_id for each in self.experiments)

    @property
    def place(self) -> str:
        """` in fraud`, or nothing."""
        return f" in {self.experiments[0].name}" if len(self.experiments) == 1 else ""

    def refuse(self, problem: str, reference: RunReference, **more: Any) -> RunNotFound:
        return RunNotFound(problem, text=self.text, at=reference.at, **more)


def choose(reference: RunReference, scope: Scope) -> list[Side]:
    """The sides told so, each with a note on how it was chosen. Raises RunNotFound and what the source raises."""
    return _CHOOSERS[type(reference)](reference, scope)


def _side(run: Run, *notes: str) -> Side:
    return Side(run.name, (run,), notes)


def _latest(told: Latest, scope: Scope) -> list[Side]:
    if told.user:
        return [_latest_by(told, scope)]
    found = scope.source.ended(experiment_ids=scope.ids, limit=told.back + 1 + SPARE)
    run, passed = _last_to_end(found, told, scope)
    if run is None:
        problem = f"Only {len(found)} runs have ended{scope.place}." if found else f"No run has ended{scope.place} yet."
        raise scope.refuse(problem, told, remedy="" if found else "Say running for one that still runs.")
    note = "latest to end" if not told.back else f"{told.back} before the latest to end"
    return [_side(run, note + scope.place, *passed)]


def _last_to_end(found: Sequence[Run], told: Latest, scope: Scope) -> tuple[Run | None, tuple[str, ...]]:
    """So many back of those that ended, and what was passed over: a sweep itself, where it logged no metrics.

    One that does not tell when it ended counts by its last sign of life, and so does one whose clock is ahead.
    """
    undated = scope.source.undated(0, experiment_ids=scope.ids, limit=SAMPLE)
    fitting = [run for run in undated if not told.user or run.user.casefold() == told.user.casefold()]
    soon = int(scope.now.timestamp() * 1000) + AHEAD if scope.now else None
    known = {run.run_id: run for run in (*found, *fitting)}
    ordered = sorted(known.values(), key=lambda run: -_moment(run, soon))
    passed: list[Run] = []
    kept: list[Run] = []
    for run in ordered:
        if len(passed) < SPARE and _is_empty_sweep(run, ordered, scope):
            passed.append(run)
        else:
            kept.append(run)
        if len(kept) > told.back:
            break
    if len(kept) <= told.back:
        kept, passed = ordered, []
    notes = (f"the sweep {passed[0].name} ended later and has no metrics",) if passed else ()
    return (kept[told.back] if len(kept) > told.back else None), notes


def _moment(run: Run, soon: int | None) -> int:
    if run.ended_at is not None and (soon is None or run.ended_at <= soon):
        return run.ended_at
    return run.heard_at


def _is_empty_sweep(run: Run, beside: Sequence[Run], scope: Scope) -> bool:
    if has_results(run):
        return False
    if STUDY_TAG in run.tags or any(each.parent_id == run.run_id for each in beside):
        return True
    where = f"tags.mlflow.parentRunId = '{run.run_id}'"
    return bool(scope.source.search(where, experiment_ids=(run.experiment.experiment_id,), limit=1))


def _latest_by(told: Latest, scope: Scope) -> Side:
    """Of the user called exactly so, else of the only one whose name holds it."""
    pattern = "".join("_" if sign in "'\"%\\" else sign for sign in told.user)
    found = scope.source.ended(f"tags.mlflow.user ILIKE '%{pattern}%'", experiment_ids=scope.ids, limit=USERS)
    exact = [run for run in found if run.user.casefold() == told.user.casefold()]
    users = sorted({run.user for run in found})
    if not exact and len(users) > 1:
        raise scope.refuse(f"Several users are called like {told.user}.", told, near=tuple(users[:5]))
    fitting = exact or found
    run, passed = _last_to_end(fitting, told, scope)
    if run is None:
        recent = scope.source.newest(experiment_ids=scope.ids, limit=SAMPLE)
        known = tuple(dict.fromkeys(run.user for run in recent if run.user))
        problem = f"{told.user} has no run{scope.place} that ended."
        raise scope.refuse(problem, told, near=near(told.user, known) or known[:5])
    return _side(run, f"latest by {run.user}{scope.place}", *passed)


def _leading(told: Leading, scope: Scope) -> list[Side]:
    found, metric = _ranked(told, told.metric, 1, scope, worst=told.worst)
    return [_side(found[0], f"{'worst' if told.worst else 'best'} {metric}{scope.place}")]


def _top(told: TopRuns, scope: Scope) -> list[Side]:
    found, metric = _ranked(told, told.metric, told.count, scope, worst=told.worst)
    word = "worst" if told.worst else "best"
    return [
        _side(run, f"number {number} of the {word} by {metric}{scope.place}") for number, run in enumerate(found, 1)
    ]


def _ranked(told: RunReference, metric: str, count: int, scope: Scope, *, worst: bool) -> tuple[tuple[Run, ...], str]:
    wanted = _wanted(metric, scope, told)
    goal, _source = decide(wanted, {}, scope.defaults.goals, scope.experiments)
    found = _leaders(wanted, goal, count, scope, worst=worst)
    if not found:  # nobody logged it under this very name, or its goal is not known
        wanted, goal = rank_by(metric, scope, told)
        found = _leaders(wanted, goal, count, scope, worst=worst)
    if not found:
        raise scope.refuse(f"No run{scope.place} logged a finite {wanted}.", told)
    return found, wanted


def _leaders(metric: str, goal: Goal, count: int, scope: Scope, *, worst: bool) -> tuple[Run, ...]:
    if goal is Goal.UNKNOWN:
        return ()
    try:
        return scope.source.leaders(Ranking(metric, goal, scope.ids, worst=worst), count=count)
    except FilterRefused:
        return ()  # no metric can be called so


def _wanted(metric: str, scope: Scope, told: RunReference) -> str:
    """The metric named, else the request's, the channel's, the experiment's. Raises RunNotFound when there is none."""
    own = {each.primary_metric for each in scope.experiments if each.primary_metric}
    wanted = metric or scope.metric or scope.defaults.metric or (own.pop() if len(own) == 1 else "")
    if not wanted:
        raise scope.refuse(
            "Best by which metric?",
            told,
            remedy="Name it, or set one for the channel with set metric.",
            example="best accuracy",
        )
    return wanted


def rank_by(metric: str, scope: Scope, told: RunReference) -> tuple[str, Goal]:
    """The metric that runs are ranked by, as it was logged, and its goal.

    Raises RunNotFound when none is known, nobody logged it, or its goal is unknown.
    """
    name = _as_logged(_wanted(metric, scope, told), scope, told)
    goal, _source = decide(name, {}, scope.defaults.goals, scope.experiments)
    if goal is Goal.UNKNOWN:
        raise scope.refuse(
            f"No goal is known for {name}: higher or lower?",
            told,
            remedy=f"Set it once for the channel: {offered(name)}.",
        )
    return name, goal


def _as_logged(wanted: str, scope: Scope, told: RunReference) -> str:
    """The metric's name among the newest runs; one that none of them logged is asked for by itself."""
    recent = scope.source.newest(experiment_ids=scope.ids, limit=SAMPLE)
    logged = list(dict.fromkeys(name for run in recent for name in run.metrics))
    alike = {folded(name): name for name in reversed(logged)}
    if wanted in logged:
        return wanted
    if folded(wanted) in alike:
        return alike[folded(wanted)]
    if _leaders(wanted, Goal.LOWER, 1, scope, worst=False):
        return wanted
    raise scope.refuse(
        f"No run{scope.place} logged a metric called {wanted}.", told, near=near(wanted, logged) or tuple(logged[:5])
    )


def _pinned(told: Pinned, scope: Scope) -> list[Side]:
    tagged = {each.baseline for each in scope.experiments if each.baseline}
    run_id = scope.defaults.pinned or (tagged.pop() if len(tagged) == 1 else "")
    if not run_id:
        raise scope.refuse("No baseline is pinned here.", told, remedy="Pin one.", example="pin latest")
    run = scope.source.get([run_id])[0]
    if run is None:
        problem = f"The pinned baseline {run_id[:SHORT]}… is gone from MLflow."
        raise scope.refuse(problem, told, remedy="Pin another.", example="pin latest")
    return [_side(run, "the pinned baseline")]


def _registered(told: Registered, scope: Scope) -> list[Side]:
    versions = scope.source.versions(model=told.model, alias=told.alias, version=told.version)
    named = f"@{told.alias}" if told.alias else f"version {told.version}"
    if not versions:
        whose = f"The model {told.model} has no {named}" if told.model else f"No registered model has the alias {named}"
        raise scope.refuse(f"{whose}.", told, remedy="Look it up in MLflow's model registry.")
    runs = scope.source.get([each.run_id for each in versions if each.run_id])
    there = [run for run in runs if run is not None and (not scope.ids or run.experiment.experiment_id in scope.ids)]
    if len(there) > 1:
        raise scope.refuse(
            f"Several models have the alias {named}.",
            told,
            remedy="Say which.",
            near=tuple(f"models:/{each.model}@{told.alias}" for each in versions[:5]),
        )
    if not there:
        problem = f"No run{scope.place} is behind {versions[0].model} {named}."
        raise scope.refuse(problem, told, remedy="The version names no run, or the run is gone.")
    behind = next(each for each in versions if each.run_id == there[0].run_id)
    alias = f" @{told.alias}" if told.alias else ""
    return [_side(there[0], f"version {behind.version}{alias} of {behind.model}")]


def _unfinished(told: Unfinished, scope: Scope) -> list[Side]:
    found = scope.source.search("attributes.status = 'RUNNING'", experiment_ids=scope.ids, limit=1)
    if not found:
        raise scope.refuse(f"Nothing is running{scope.place}.", told, example="latest")
    return [_side(found[0], f"newest that still runs{scope.place}")]


def _of_day(told: OfDay, scope: Scope) -> list[Side]:
    now = scope.now or datetime.now(UTC)  # only where nobody gave a clock: a library's user at a keyboard
    begin = since(told.day, now)
    end = min(begin + timedelta(days=1), now)
    begin_ms, end_ms = (int(each.timestamp() * 1000) for each in (begin, end))
    where = f"attributes.end_time >= {begin_ms} AND attributes.end_time < {end_ms}"
    found = scope.source.ended(where, experiment_ids=scope.ids, limit=2)
    if not found:
        raise scope.refuse(f"No run{scope.place} ended on {begin:%A, %d %B} ({begin:%Z}).", told)
    return [_side(found[0], f"{'latest' if len(found) > 1 else 'the one'} that ended {begin:%A, %d %B} ({begin:%Z})")]


def _filtered(told: Filtered, scope: Scope) -> list[Side]:
    try:
        found = scope.source.search(told.where, experiment_ids=scope.ids, limit=2)
    except RequestError as error:
        raise replace(error, text=error.text or scope.text, at=told.at if error.at is None else error.at) from error
    if not found:
        raise scope.refuse(f"No run{scope.place} fits {told.where}.", told)
    return [_side(found[0], f"{'newest of several' if len(found) > 1 else 'the only one'} where {told.where}")]


_CHOOSERS: dict[type, Callable[[Any, Scope], list[Side]]] = {
    Latest: _latest,
    Leading: _leading,
    TopRuns: _top,
    Pinned: _pinned,
    Registered: _registered,
    Unfinished: _unfinished,
    OfDay: _of_day,
    Filtered: _filtered,
}
RELATIVE: Sequence[type] = (Leading, TopRuns, Pinned)  # they look where the other runs of the request are
