"""Runs that are described and not named: by their time, by a filter, or by how good they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from comparison.errors import FilterRefused, RequestError, RunNotFound
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, choose_primary, rank, value_of
from comparison.judgement.result import GoalSource
from comparison.language.dates import since
from comparison.language.quoting import offered
from comparison.names import as_logged, fold, nearest_names
from comparison.resolve.groups import meant_together
from comparison.resolve.named_runs import find_named
from comparison.resolve.scope import HALF, SearchScope, lead, narrow, side_of, with_own_experiment, without_excluded
from comparison.run_reference import (
    Among,
    BestOf,
    Exclusion,
    Filtered,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    RunReference,
    TopRuns,
    Unfinished,
)
from comparison.runs import STUDY_TAG, Goal, Run, Side, Status, has_results, milliseconds
from comparison.tracking.leaders import SAMPLE
from comparison.tracking.source import Ranking, holds, is_child_of

# By their time: the latest, the one before another, of a user, of a day, one that still runs.


USERS = 200  # runs among which a user's are looked for
SPARE = 5  # sweeps without metrics that are passed over
AHEAD = 15 * 60_000  # ms that a clock may be ahead


def latest(reference: Latest, scope: SearchScope) -> list[Side]:
    """The run that ended last, or so many before it; of a user, or before a named one, where that is said."""
    scope = with_own_experiment(reference, scope)
    if reference.before is not None:
        return [_one_before(reference, reference.before, scope)]
    if reference.user:
        return [_latest_by(reference, scope)]
    found = scope.source.ended(experiment_ids=scope.ids, limit=reference.back + 1 + SPARE + len(scope.excluded))
    run, passed = _last_to_end(found, reference, scope)
    if run is None:
        problem = f"Only {len(found)} runs have ended{scope.place}." if found else f"No run has ended{scope.place} yet."
        raise scope.refuse(problem, reference, remedy="" if found else "Say running for one that still runs.")
    note = "latest to end" if not reference.back else f"{reference.back} before the latest to end"
    return [side_of(run, note + scope.place, *passed)]


def _one_before(reference: Latest, named: Named | Linked, scope: SearchScope) -> Side:
    """The run of the same experiment that ended last before this one did, one that finished where there is one.

    Before a run that still runs it is the last to end.
    """
    experiments = scope.experiments if len(scope.experiments) == 1 else ()
    there = SearchScope(scope.source, experiments, scope.text, defaults=scope.defaults, now=scope.now)
    run = find_named(named, there).runs[0]
    ids = (run.experiment.experiment_id,)
    until = f"attributes.end_time < {run.over_at}" if run.is_over else ""
    found = scope.source.ended(until, experiment_ids=ids, limit=reference.back + SPARE + len(scope.excluded))
    known = [each for each in without_excluded(found, scope, is_whole=False) if each.run_id != run.run_id]
    if not known:
        raise scope.refuse(f"No run of {run.experiment.name} ended before {run.name}.", reference)
    run_before = next((each for each in known if each.status is Status.FINISHED), known[0])
    return side_of(run_before, f"the run before {run.name} in {run.experiment.name}")


def _last_to_end(found: Sequence[Run], reference: Latest, scope: SearchScope) -> tuple[Run | None, tuple[str, ...]]:
    """So many back of those that ended, and what was passed over: a sweep itself, where it logged no metrics.

    One that does not tell when it ended counts by its last sign of life, and so does one whose clock is ahead.
    """
    undated = scope.source.undated(0, experiment_ids=scope.ids, limit=SAMPLE)
    fitting = [run for run in undated if not reference.user or run.user.casefold() == reference.user.casefold()]
    soon = milliseconds(scope.now) + AHEAD if scope.now else None
    known = {run.run_id: run for run in without_excluded((*found, *fitting), scope, is_whole=False)}
    ordered = sorted(known.values(), key=lambda run: -_moment(run, soon))
    passed: list[Run] = []
    eligible: list[Run] = []
    for run in ordered:
        if len(passed) < SPARE and _is_empty_sweep(run, ordered, scope):
            passed.append(run)
        else:
            eligible.append(run)
        if len(eligible) > reference.back:
            break
    if len(eligible) <= reference.back:
        eligible, passed = ordered, []
    notes = (f"the sweep {passed[0].name} ended later and has no metrics",) if passed else ()
    return (eligible[reference.back] if len(eligible) > reference.back else None), notes


def _moment(run: Run, soon: int | None) -> int:
    if run.ended_at is not None and (soon is None or run.ended_at <= soon):
        return run.ended_at
    return run.heard_at


def _is_empty_sweep(run: Run, beside: Sequence[Run], scope: SearchScope) -> bool:
    if has_results(run):
        return False
    if STUDY_TAG in run.tags or any(each.parent_id == run.run_id for each in beside):
        return True
    own = is_child_of(run.run_id)
    return bool(scope.source.search(own, experiment_ids=(run.experiment.experiment_id,), limit=1))


def _latest_by(reference: Latest, scope: SearchScope) -> Side:
    """Latest run of the user called exactly so, else of the only one whose name holds it."""
    theirs = holds("tags.mlflow.user", reference.user)
    some = scope.source.part(theirs, experiment_ids=scope.ids, limit=USERS, ended=True)
    found = [run for run in some.runs if fold(reference.user) in fold(run.user)]
    exact = [run for run in found if run.user.casefold() == reference.user.casefold()]
    users = sorted({run.user for run in found})
    if not exact and len(users) > 1:
        raise scope.refuse(
            f"Several users are called like {reference.user}.", reference, word=reference.user, near=tuple(users[:5])
        )
    fitting = exact or found
    run, passed = _last_to_end(fitting, reference, scope)
    if run is None:
        recent = scope.source.part(experiment_ids=scope.ids, limit=SAMPLE, share=HALF)
        known = tuple(dict.fromkeys(run.user for run in recent.runs if run.user))
        problem = f"{reference.user} has no run{scope.place} that ended."
        near = nearest_names(reference.user, [each for each in known if each != reference.user]) or known[:5]
        raise scope.refuse(problem, reference, word=reference.user, near=near)
    before = f"{reference.back} before the " if reference.back else ""
    return side_of(run, f"{before}latest by {run.user}{scope.place}", *passed)


def unfinished(reference: Unfinished, scope: SearchScope) -> list[Side]:
    """The newest run that still runs."""
    found = scope.source.search(
        "attributes.status = 'RUNNING'", experiment_ids=scope.ids, limit=1 + len(scope.excluded)
    )
    found = without_excluded(found, scope, is_whole=False)
    if not found:
        raise scope.refuse(f"Nothing is running{scope.place}.", reference, example="latest")
    return [side_of(found[0], f"newest that still runs{scope.place}")]


def of_day(reference: OfDay, scope: SearchScope) -> list[Side]:
    """The run that ended last on a day."""
    now = scope.now or datetime.now(UTC)  # only where nobody gave a clock: a library's user at a keyboard
    begin = since(reference.day, now)
    end = min(begin + timedelta(days=1), now)
    begin_ms, end_ms = (milliseconds(each) for each in (begin, end))
    where = f"attributes.end_time >= {begin_ms} AND attributes.end_time < {end_ms}"
    found = scope.source.ended(where, experiment_ids=scope.ids, limit=2 + len(scope.excluded))
    found = without_excluded(found, scope, is_whole=False)
    if not found:
        raise scope.refuse(f"No run{scope.place} ended on {begin:%A, %d %B} ({begin:%Z}).", reference)
    return [side_of(found[0], f"{'latest' if len(found) > 1 else 'the one'} that ended {begin:%A, %d %B} ({begin:%Z})")]


def filtered(reference: Filtered, scope: SearchScope) -> list[Side]:
    """The newest run that fits a filter of MLflow's."""
    try:
        found = scope.source.search(reference.where, experiment_ids=scope.ids, limit=2 + len(scope.excluded))
        found = without_excluded(found, scope, is_whole=False)
    except RequestError as error:
        raise replace(
            error, text=error.text or scope.text, at=reference.at if error.at is None else error.at
        ) from error
    if not found:
        raise scope.refuse(f"No run{scope.place} fits {reference.where}.", reference)
    return [side_of(found[0], f"{'newest of several' if len(found) > 1 else 'the only one'} where {reference.where}")]


# The best and the worst runs, and the metric that they are ranked by.


def leading(reference: Leading, scope: SearchScope) -> list[Side]:
    """The best or the worst run of an experiment, of a user where one is named."""
    scope = with_own_experiment(reference, scope)
    among = Among(user=reference.user)
    ranked = _ranked(reference, reference.metric, 1, scope, worst=reference.worst, among=among)
    word, user = "worst" if reference.worst else "best", ranked.runs[0].user
    whose = f" by {user}" if reference.user else ""
    side = side_of(ranked.runs[0], f"{word} {ranked.metric}{scope.place}{whose}", *ranked.notes)
    return [
        side if reference.worst else replace(side, picked_by=ranked.metric, picked_of=user if reference.user else "")
    ]


def top(reference: TopRuns, scope: SearchScope) -> list[Side]:
    """So many of the best or the worst runs, each a side of its own."""
    ranked = _ranked(reference, reference.metric, reference.count, scope, worst=reference.worst, among=reference.among)
    word = "worst" if reference.worst else "best"
    if reference.count == 1 and ranked.out_of and not reference.worst:
        (run,) = ranked.runs
        side = side_of(run, f"best by {ranked.metric}{scope.place}{ranked.words}", *ranked.notes)
        return [replace(side, picked_by=ranked.metric, best_of=ranked.out_of)]
    return [
        side_of(run, f"number {number} of the {word} by {ranked.metric}{scope.place}{ranked.words}", *ranked.notes)
        for number, run in enumerate(ranked.runs, 1)
    ]


def best_of(reference: BestOf, scope: SearchScope) -> list[Side]:
    """The best run of a group, or of the children of a run, with of how many it is the best."""
    label, runs = meant_together(reference.of, scope)
    experiments = list({run.experiment.experiment_id: run.experiment for run in runs}.values())
    there = replace(scope, experiments=tuple(experiments))
    if named := reference.metric or scope.metric:
        logged = list(dict.fromkeys(name for run in runs for name in run.metrics))
        metric = as_logged(named, logged) or named
        goal = decide_goal(metric, {}, scope.defaults.goals, experiments)[0]
    elif by := choose_primary(runs, experiments, scope.defaults):
        metric, goal = by.metric, by.goal
    else:
        raise _by_which(reference, scope)
    if goal is Goal.UNKNOWN:
        metric, goal = rank_by(metric, there, reference)
    by = PrimaryMetric(metric, goal, GoalSource.REQUEST, MetricSource.REQUEST)
    valued = [run for run in rank(runs, by) if value_of(run, metric) is not None]
    if not valued:
        raise scope.refuse(f"No run of {label} logged a finite {metric}.", reference)
    run, word = valued[-1 if reference.worst else 0], "worst" if reference.worst else "best"
    side = side_of(run, f"{word} {metric} of {len(valued):,} runs: {label}")
    return [side if reference.worst else replace(side, picked_by=metric, best_of=len(valued))]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """The best first. `words` say among which, `notes` why by this metric; `out_of` of how many, 0: nobody knows."""

    runs: tuple[Run, ...]
    metric: str
    words: str = ""
    notes: tuple[str, ...] = ()
    out_of: int = 0


def _ranked(  # noqa: PLR0913 -- two of them by name
    reference: RunReference, metric: str, count: int, scope: SearchScope, *, worst: bool, among: Among
) -> _Ranked:
    left_out = tuple(Exclusion("run", name) for name in scope.excluded)
    among = replace(among, excluded=(*among.excluded, *left_out))
    if among.count is not None:
        count = min(count, among.count)
    chosen = narrow(among, scope.source, experiments=scope.experiments, now=scope.now, text=scope.text)
    scope = replace(scope, experiments=chosen.experiments) if among.experiments else scope

    def leading(name: str, goal: Goal) -> tuple[Run, ...]:
        if goal is Goal.UNKNOWN:
            return ()
        try:
            wanted_count = count if among.newest is None else among.newest  # those are all looked at, and counted
            return lead(Ranking(name, goal, chosen.ids, worst=worst), wanted_count, chosen, scope.source)
        except FilterRefused as error:
            if among.where or chosen.filters:
                raise replace(error, text=scope.text) from error
            return ()  # no metric can be called so

    stated = stated_metric(metric, scope)
    if not stated:
        by = choose_primary(
            scope.source.newest(experiment_ids=chosen.ids, limit=SAMPLE), scope.experiments, scope.defaults
        )
        if by is None or by.goal is Goal.UNKNOWN:
            raise _by_which(reference, scope)
        found, wanted = leading(by.metric, by.goal), by.metric
        notes: tuple[str, ...] = (f"judged by {wanted}, as most runs logged it",)
    else:
        goal, _source = decide_goal(stated, {}, scope.defaults.goals, scope.experiments)
        found, wanted, notes = leading(stated, goal), stated, ()
        if not found:  # nobody logged it under this very name, or its goal is not known
            wanted, goal = rank_by(metric, scope, reference)
            found = leading(wanted, goal)
            notes = () if as_logged(stated, [wanted]) else (f"judged by {wanted}: no run here logged {stated}",)
    if not found:
        raise scope.refuse(f"No run{scope.place}{chosen.meaning} logged a finite {wanted}.", reference)
    return _Ranked(found[:count], wanted, chosen.meaning, notes, 0 if among.newest is None else len(found))


def _leaders(metric: str, goal: Goal, count: int, scope: SearchScope, *, worst: bool) -> tuple[Run, ...]:
    if goal is Goal.UNKNOWN:
        return ()
    try:
        return scope.source.leaders(Ranking(metric, goal, scope.ids, worst=worst), count=count)
    except FilterRefused:
        return ()  # no metric can be called so


def stated_metric(metric: str, scope: SearchScope) -> str:
    """The metric named, else the request's, the channel's, the experiment's; "" when there is none."""
    own = {each.primary_metric for each in scope.experiments if each.primary_metric}
    return metric or scope.metric or scope.defaults.metric or (own.pop() if len(own) == 1 else "")


def _by_which(reference: RunReference, scope: SearchScope) -> RunNotFound:
    return scope.refuse(
        "Best by which metric?",
        reference,
        remedy="Name it, or set one for the channel with set metric.",
        example="best accuracy",
    )


def _wanted(metric: str, scope: SearchScope, reference: RunReference) -> str:
    """The stated metric. Raises RunNotFound when there is none."""
    wanted = stated_metric(metric, scope)
    if not wanted:
        raise _by_which(reference, scope)
    return wanted


def rank_by(metric: str, scope: SearchScope, reference: RunReference) -> tuple[str, Goal]:
    """The metric that runs are ranked by, as it was logged, and its goal.

    A channel's metric that nobody logged here gives way to the one that most runs did: it was agreed on for others.

    Raises RunNotFound when none is known, nobody logged it, or its goal is unknown.
    """
    wanted = _wanted(metric, scope, reference)
    recent = scope.source.part(experiment_ids=scope.ids, limit=SAMPLE, share=HALF).runs
    name = _logged_name(wanted, recent, scope)
    if not name and not metric and not scope.metric:
        by = choose_primary(recent, scope.experiments, scope.defaults)
        if by is not None and by.goal is not Goal.UNKNOWN:
            return by.metric, by.goal
    if not name:
        logged = list(dict.fromkeys(each for run in recent for each in run.metrics))
        raise scope.refuse(
            f"No run{scope.place} logged a metric called {wanted}.",
            reference,
            word=wanted,
            near=nearest_names(wanted, logged) or tuple(logged[:5]),
        )
    goal, _source = decide_goal(name, {}, scope.defaults.goals, scope.experiments)
    if goal is Goal.UNKNOWN:
        raise scope.refuse(
            f"No goal is known for {name}: higher or lower?",
            reference,
            remedy=f"Set it once for the channel: {offered(name)}.",
        )
    return name, goal


def _logged_name(wanted: str, recent: Sequence[Run], scope: SearchScope) -> str:
    """The metric's name among the newest runs; one that none of them logged is asked for by itself. "": nobody did."""
    if found := as_logged(wanted, list(dict.fromkeys(name for run in recent for name in run.metrics))):
        return found
    return wanted if _leaders(wanted, Goal.LOWER, 1, scope, worst=False) else ""
