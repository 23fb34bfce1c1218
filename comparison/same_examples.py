"""The evaluation tables of two runs, fetched and compared example by example, where their experiment asks for it."""

from collections.abc import Callable
from functools import partial

from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.judgement.examples import ExampleTest, compare_examples, read_table
from comparison.runs import Goal, Side
from comparison.tracking.source import RunSource

SHARE = 0.5  # of the deadline of MLflow: the answer does not wait longer for this


def find_examples(
    baseline: Side, candidate: Side, source: RunSource, goal_of: Callable[[str], Goal]
) -> tuple[ExampleTest, ...]:
    """What the same examples tell of two single runs; () where nobody asked for it, or a table cannot be had in time.

    Two requests a run, side by side.
    """
    runs = [*baseline.runs, *candidate.runs]
    if len(runs) != 2 or runs[0].run_id == runs[1].run_id or not all(run.experiment.compares_examples for run in runs):
        return ()
    try:
        contents = side_by_side([partial(source.example_table, run, share=SHARE) for run in runs])
    except RequestError:
        return ()
    tables = [read_table(each) if each else None for each in contents]
    first, second = tables
    return compare_examples(first, second, goal_of) if first and second else ()
