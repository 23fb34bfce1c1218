"""By what a watch judges runs, and what MLflow says of its filter."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from comparison.comparing import compare
from comparison.defaults import Defaults
from comparison.errors import RequestError, TrackingUnavailable
from comparison.evaluations import told_apart
from comparison.goals import decide
from comparison.naming import folded
from comparison.outcome import Comparison
from comparison.quick.primary import Chosen, Primary, primary, stated
from comparison.quick.together import together
from comparison.runs import Experiment, Goal, Run, Side
from comparison.source import RunSource
from comparison.watching.watch import Watching

Watches = Sequence[tuple[str, Watching]]
_Answer = TypeVar("_Answer")


def tried(ask: Callable[[], _Answer]) -> Callable[[], _Answer | RequestError]:
    """What is wrong with what was asked becomes an answer; that MLflow does not answer is raised all the same."""

    def answer() -> _Answer | RequestError:
        try:
            return ask()
        except TrackingUnavailable:
            raise
        except RequestError as error:
            return error

    return answer


def fitting(watches: Watches, run_ids: Sequence[str], source: RunSource) -> dict[str, set[str] | RequestError]:
    """By filter, which of these runs fit it, or why MLflow does not take it. One question each, side by side."""
    wheres = list(dict.fromkeys(watching.where for _id, watching in watches if watching.where))
    if not run_ids:
        return {where: set() for where in wheres}
    asked = together([tried(partial(source.fitting, where, run_ids)) for where in wheres])
    return dict(zip(wheres, asked, strict=True))


def refusal(watching: Watching, asked: Mapping[str, set[str] | RequestError]) -> tuple[str, ...]:
    """What is to be said where MLflow does not take the watch's filter any more: its runs are told unfiltered."""
    found = asked.get(watching.where)
    if not isinstance(found, RequestError):
        return ()
    return (f"This watch's filter could not be used, so that it fits every run. {found}",)


def passes(watching: Watching, run_id: str, asked: Mapping[str, set[str] | RequestError]) -> bool:
    found = asked.get(watching.where)
    return found is None or isinstance(found, RequestError) or run_id in found


def named_metrics(watching: Watching, runs: Iterable[Run]) -> tuple[str, ...]:
    """Those that the watch names, as one of the runs logged them."""
    return _as_logged(watching.metrics, runs)


def judged_by(watching: Watching, runs: Sequence[Run], experiment: Experiment, defaults: Defaults) -> Primary | None:
    """The first metric that the watch names and one of the runs logged; else as elsewhere."""
    for name in named_metrics(watching, runs):
        return Primary(name, *decide(name, {}, defaults.goals, [experiment]), Chosen.REQUEST)
    return primary(runs, [experiment], defaults)


def held_against(  # noqa: PLR0913 -- all that a comparison takes
    side: Side, run: Run, watching: Watching, defaults: Defaults, now: int, *, source: RunSource
) -> Comparison:
    """The run against its baseline: the watch's metrics first, then the agreed one, then those of its rules."""
    agreed = stated([run.experiment], defaults)
    wanted = [*watching.metrics, *([agreed[0]] if agreed else []), *(rule.metric for rule in watching.rules)]
    metrics = _as_logged(wanted, [*side.runs, run])
    sides = told_apart(
        [side, Side(run.name, (run,))],
        source,
        metrics=metrics,
        judged=lambda name: decide(name, {}, defaults.goals, [run.experiment])[0] is not Goal.UNKNOWN,
    )
    return compare(
        *sides,
        metrics=metrics,
        channel_goals=defaults.goals,
        channel_tolerances=defaults.tolerances,
        now=now,
    )


def _as_logged(names: Iterable[str], runs: Iterable[Run]) -> tuple[str, ...]:
    logged = {name: None for run in runs for name in run.metrics}
    alike = {folded(name): name for name in reversed(logged)}
    found = (name if name in logged else alike.get(folded(name)) for name in names)
    return tuple(dict.fromkeys(name for name in found if name))
