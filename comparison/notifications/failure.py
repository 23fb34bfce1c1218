"""What is known of a run that did not end well: how far it came, and how far its siblings did."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from comparison.notifications.message import Failure
from comparison.runs import Run, Status

ILL = frozenset({Status.FAILED, Status.KILLED})
_FEWEST = 3  # runs before, to say what such a run should have
_NEARLY_ALL = 0.9
_SYSTEM = "system/"  # what the tracker itself logs


def comparable_runs(run: Run, finished: Sequence[Run]) -> list[Run]:
    """Finished runs to compare this one with: of the same sweep if there are any, else runs without a parent."""
    others = [each for each in finished if each.run_id != run.run_id]
    if run.parent_id:
        return [each for each in others if each.parent_id == run.parent_id] or [e for e in others if e.parent_id]
    return [each for each in others if not each.parent_id]


def failure_of(run: Run, finished: Sequence[Run]) -> Failure | None:
    """Failure of a run; None: it did not fail. `finished` are runs of its experiment that did."""
    if run.status not in ILL:
        return None
    beside = comparable_runs(run, finished)
    lengths = [length for each in beside if (length := run_time(each)) is not None]
    name = last_logged(run)
    last = run.metrics.get(name)
    steps = [each.metrics[name].step for each in beside if name in each.metrics]
    furthest = int(median(steps)) if steps else 0
    return Failure(
        ran=run_time(run),
        last_metric=name,
        last_value=last.value if last else None,
        last_step=last.step if last else None,
        usual=int(median(lengths)) if lengths else None,
        siblings=len(lengths),
        usual_step=furthest or None,
    )


def missing_metrics(run: Run, finished: Sequence[Run]) -> tuple[str, ...]:
    """The metrics that nearly all of the runs before it logged and it did not, though it says it finished."""
    beside = comparable_runs(run, finished)
    if run.status is not Status.FINISHED or len(beside) < _FEWEST:
        return ()
    counts = Counter(name for each in beside for name in each.metrics if not name.startswith(_SYSTEM))
    usual = [name for name, count in counts.most_common() if count >= _NEARLY_ALL * len(beside)]
    return tuple(name for name in usual if name not in run.metrics)


def run_time(run: Run) -> int | None:
    """Time that a run took, in ms."""
    if run.started_at is None or run.ended_at is None or run.ended_at < run.started_at:
        return None
    return run.ended_at - run.started_at


def last_logged(run: Run) -> str:
    """The metric that was logged last, "" when none was."""
    own = {name: metric for name, metric in run.metrics.items() if not name.startswith(_SYSTEM)} or run.metrics
    return max(own, key=lambda name: (own[name].logged_at, own[name].step, name), default="")
