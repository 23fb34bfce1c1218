"""The examples that two runs were evaluated on, fetched and compared one by one, where somebody asked for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.judgement.examples import compare_examples, read_table
from comparison.judgement.result import Comparison
from comparison.runs import Goal, Side
from comparison.tracking.source import RunSource

SHARE = 0.5  # of the deadline of MLflow: the answer does not wait longer for this


def with_examples(
    comparison: Comparison, source: RunSource, goal_of: Callable[[str], Goal], *, is_wanted: bool | None = None
) -> Comparison:
    """The comparison of two single runs with what the same examples tell, where that is wanted.

    `is_wanted` is what the channel says; None: it says nothing, and the experiments of both runs decide. Where one run
    has examples and the other has none, or they do not come in time, the comparison says so. Two requests a run and one
    more for each 500 traces, side by side.
    """
    runs = [run for side in comparison.sides for run in side.runs]
    if len(runs) != len(comparison.sides) or len(runs) != 2 or runs[0].run_id == runs[1].run_id:
        return comparison
    asked = all(run.experiment.compares_examples for run in runs) if is_wanted is None else is_wanted
    if not asked:
        return comparison
    try:
        contents = side_by_side([partial(source.example_table, run, share=SHARE) for run in runs])
    except RequestError:
        return replace(comparison, examples_lacking="MLflow did not give the examples of these runs in time.")
    first, second = [read_table(each) if each else None for each in contents]
    if first is None or second is None:
        return replace(comparison, examples_lacking=_lacking(comparison.sides, [first, second]))
    found = compare_examples(first, second, goal_of)
    none = "" if found else "These runs share no example with a score whose goal is known."
    return replace(comparison, examples=found, examples_lacking=none)


def _lacking(sides: Sequence[Side], tables: Sequence[object]) -> str:
    """A sentence on which of two sides has no examples; "" where neither has: they are no matter of this experiment."""
    without = [side.label for side, table in zip(sides, tables, strict=True) if table is None]
    return f"{without[0]} has no evaluation table and no assessed traces." if len(without) == 1 else ""
