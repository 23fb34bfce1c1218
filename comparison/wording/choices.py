"""A run among several of which one is meant: what tells it from the others, on one line."""

from collections.abc import Sequence

from comparison import digits
from comparison.goals import goal_of
from comparison.runs import Goal, Run
from comparison.wording import cards, plain, times

SHORT = 8  # characters of an id that people read


def choice(run: Run, *, now: int | None, metrics: Sequence[str] = ()) -> str:
    """`train (1a2b3c4d) in fraud · started 2 h ago · by maya · finished · accuracy 0.92`."""
    facts = (
        f"{plain.name(run.name)} ({run.run_id[:SHORT]}) in {plain.name(run.experiment.name)}",
        "" if run.started_at is None else times.started(run.started_at, now),
        f"by {plain.name(run.user)}" if cards.is_known(run.user) else "",
        cards.standing(run),
        _metric(run, metrics),
    )
    return " · ".join(fact for fact in facts if fact)


def _metric(run: Run, asked: Sequence[str]) -> str:
    """The metric that was asked for, else the experiment's, else the first whose goal is told by its name."""
    named = [name for name in (*asked, run.experiment.primary_metric) if name in run.metrics]
    plainly = sorted(run.metrics, key=lambda name: (goal_of(name) is Goal.UNKNOWN, len(name), name))
    name = next(iter([*named, *plainly]), "")
    return f"{plain.name(name, 40)} {digits.row(run.metrics[name].value).values[0]}" if name else ""
