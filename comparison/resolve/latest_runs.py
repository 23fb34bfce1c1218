"""Runs described by their time: the latest, the one before another, of a user, of a day, one that still runs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from comparison.errors import RequestError
from comparison.language.dates import since
from comparison.names import fold, nearest_names
from comparison.resolve.named_runs import find_named
from comparison.resolve.search_scope import HALF, SearchScope, side_of, with_own_experiment, without_excluded
from comparison.run_reference import (
    Filtered,
    Latest,
    Linked,
    Named,
    OfDay,
    Unfinished,
)
from comparison.runs import Run, Side, Status
from comparison.tracking.filters import holds, is_child_of
from comparison.tracking.leaders import SAMPLE
from comparison.trials import STUDY_TAG, has_results

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
    soon = int(scope.now.timestamp() * 1000) + AHEAD if scope.now else None
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
    begin_ms, end_ms = (int(each.timestamp() * 1000) for each in (begin, end))
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
