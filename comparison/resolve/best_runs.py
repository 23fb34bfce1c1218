"""The best and the worst runs, and the metric that they are ranked by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from comparison.errors import FilterRefused, RunNotFound
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, choose_primary, rank, value_of
from comparison.judgement.result import GoalSource
from comparison.language.quoting import offered
from comparison.names import as_logged, nearest_names
from comparison.resolve.among import lead, narrow
from comparison.resolve.search_scope import HALF, SearchScope, side_of, with_own_experiment
from comparison.resolve.several_runs import meant_together
from comparison.run_reference import Among, BestOf, Exclusion, Leading, RunReference, TopRuns
from comparison.runs import Goal, Run, Side
from comparison.tracking.leaders import SAMPLE
from comparison.tracking.source import Ranking


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
