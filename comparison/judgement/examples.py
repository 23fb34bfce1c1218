"""Two runs on the same examples: which answered more of them better, and whether chance explains it.

The rows of two evaluation tables are paired by what was asked; each score is tested over the pairs as MLflow 3.18 tests
them: McNemar for right and wrong, Wilcoxon for other scores, with a bootstrap interval. That tells which model is
better on these examples, not over seeds. Tests that MLflow made itself are read as it logged them.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from comparison.judgement.result import ExampleTest
from comparison.judgement.statistics import bca_interval, holm, mcnemar, mean_interval, wilcoxon
from comparison.runs import Goal, Run

FEWEST_PAIRS = 6  # below which nothing is tested
MOST_ROWS = 5_000  # of a table that are read
_MOST_RESAMPLED = 500  # pairs of which an interval is bootstrapped; of more Student's is as good
_ANSWERS = ("outputs", "output", "predictions", "prediction", "response", "answer")
_TARGETS = ("targets", "target", "labels", "label", "ground_truth", "expected_response")
_SIGNS = {"yes": 1.0, "true": 1.0, "pass": 1.0, "no": 0.0, "false": 0.0, "fail": 0.0}
_ASIDES = ("/justification", "/rationale", "token_count", "latency")
CORRECT = "correct"  # whether the answer is the target, where a table has both


@dataclass(frozen=True, slots=True)
class ExampleTable:
    """Rows of an evaluation table, a value a column; None: nothing was logged."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def read_table(content: bytes) -> ExampleTable | None:
    """The table of `eval_results_table.json` (`columns` and `data`), its first rows; None for what is none."""
    try:
        table = json.loads(content)
        columns, rows = table["columns"], table["data"]
        cut = tuple(tuple(row) for row in rows[:MOST_ROWS])
    except (KeyError, TypeError, ValueError):
        return None
    is_table = all(isinstance(name, str) for name in columns) and all(len(row) == len(columns) for row in cut)
    return ExampleTable(tuple(columns), cut) if is_table and cut else None


def compare_examples(
    baseline: ExampleTable, candidate: ExampleTable, goal_of: Callable[[str], Goal]
) -> tuple[ExampleTest, ...]:
    """A test for each score that both tables have and whose goal is known; () where no example is in both."""
    first, second = _scores(baseline), _scores(candidate)
    shared = [name for name in first if name in second]
    keys = [name for name in baseline.columns if name in candidate.columns and _is_question(name, first)]
    pairs = _pairs(baseline, candidate, keys)
    found = []
    for name in shared:
        goal = Goal.HIGHER if name == CORRECT else goal_of(name.removesuffix("/score"))
        values = [(first[name][a], second[name][b]) for a, b in pairs]
        both = [(old, new) for old, new in values if old is not None and new is not None]
        if both and goal is not Goal.UNKNOWN:
            found.append(_test(name, goal, both))
    corrected = iter(holm([each.p for each in found if each.p is not None]))
    return tuple(each if each.p is None else replace(each, corrected=next(corrected)) for each in found)


def _test(name: str, goal: Goal, pairs: Sequence[tuple[float, float]]) -> ExampleTest:
    differences = [new - old for old, new in pairs]
    sign = -1 if goal is Goal.LOWER else 1
    better, worse = (sum(sign * way * each > 0 for each in differences) for way in (1, -1))
    means = fmean(old for old, _new in pairs), fmean(new for _old, new in pairs)
    found = ExampleTest(name, goal, *means, len(pairs), better, worse)
    if len(pairs) < FEWEST_PAIRS:
        return found
    is_binary = {value for pair in pairs for value in pair} <= {0.0, 1.0}
    method, p = ("McNemar", mcnemar(better, worse)) if is_binary else ("Wilcoxon", wilcoxon(differences))
    interval = bca_interval(differences) if len(pairs) <= _MOST_RESAMPLED else mean_interval(differences)
    return replace(found, method=method, p=1.0 if p is None else p, interval=interval)


def _scores(table: ExampleTable) -> Mapping[str, Sequence[float | None]]:
    """The columns that are numbers, or yes and no, row by row; and whether each answer is the target."""
    found: dict[str, list[float | None]] = {}
    for place, name in enumerate(table.columns):
        values = [_number(row[place]) for row in table.rows]
        is_score = all(
            value is not None for value, row in zip(values, table.rows, strict=True) if row[place] is not None
        )
        if is_score and name not in (*_ANSWERS, *_TARGETS) and any(value is not None for value in values):
            found[name] = values
    answers, targets = (next((c for c in wanted if c in table.columns), "") for wanted in (_ANSWERS, _TARGETS))
    if answers and targets:
        one, other = table.columns.index(answers), table.columns.index(targets)
        correct: list[float | None] = [float(row[one] == row[other]) for row in table.rows]
        if any(correct):
            found[CORRECT] = correct
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return _SIGNS.get(value.casefold())
    if isinstance(value, bool | int | float) and math.isfinite(value):
        return float(value)
    return None


def _is_question(name: str, scores: Mapping[str, Any]) -> bool:
    """Whether a column says what was asked, by which rows are paired: no answer, no score, no remark on one."""
    return name not in _ANSWERS and name not in scores and not any(aside in name for aside in _ASIDES)


def _pairs(one: ExampleTable, other: ExampleTable, keys: Sequence[str]) -> list[tuple[int, int]]:
    """Rows of both tables that ask the same, each once; without a question by their order, if they are as many."""
    if not keys:
        says_nothing = not any(_is_question(name, _scores(table)) for table in (one, other) for name in table.columns)
        return [(row, row) for row in range(len(one.rows))] if says_nothing and len(one.rows) == len(other.rows) else []
    there = _by_question(other, keys)
    return [(row, there[key]) for key, row in _by_question(one, keys).items() if key in there]


def _by_question(table: ExampleTable, keys: Sequence[str]) -> dict[tuple[str, int], int]:
    """The row of each question; one that is asked again is told apart by its number."""
    places = [table.columns.index(name) for name in keys]
    found: dict[tuple[str, int], int] = {}
    times: dict[str, int] = {}
    for number, row in enumerate(table.rows):
        key = json.dumps([row[place] for place in places], sort_keys=True, default=str)
        times[key] = times.get(key, 0) + 1
        found[key, times[key]] = number
    return found


# Tests that MLflow itself made and logged as metrics: `compare/1a2b3c4d/correctness/p_value`.
# They are statistics of two evaluations, not results: they are shown as what they are, never ranked and never judged.
# Source: `mlflow.genai.compare_evaluations` of MLflow 3.18, which logs them to the run that was compared.


_NAME = re.compile(
    r"compare/(?P<baseline>[0-9a-f]{8})/(?P<scorer>.+)/(?P<part>diff|ci_low|ci_high|p_value|effect_size|n_paired)"
)


@dataclass(frozen=True, slots=True)
class LoggedTest:
    """One scorer of a run against a baseline; None: not logged. `difference` and its ends are in the scorer's unit."""

    run: Run
    baseline: str  # the first eight characters of the id of the run it was held against
    scorer: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    pairs: int | None = None


def is_logged_test(metric: str) -> bool:
    """Whether a metric is a statistic of a test that MLflow made, not a result of the run."""
    return bool(_NAME.fullmatch(metric))


def logged_tests(runs: Sequence[Run]) -> tuple[LoggedTest, ...]:
    """The tests that these runs hold, in the order of the runs and of their scorers."""
    found: list[LoggedTest] = []
    for run in runs:
        parts: dict[tuple[str, str], dict[str, float]] = {}
        for name, metric in run.metrics.items():
            if (named := _NAME.fullmatch(name)) and math.isfinite(metric.value):
                parts.setdefault((named["baseline"], named["scorer"]), {})[named["part"]] = float(metric.value)
        found += [_logged_test(run, baseline, scorer, values) for (baseline, scorer), values in sorted(parts.items())]
    return tuple(found)


def _logged_test(run: Run, baseline: str, scorer: str, values: dict[str, float]) -> LoggedTest:
    pairs = values.get("n_paired")
    return LoggedTest(
        run,
        baseline,
        scorer,
        values.get("diff"),
        values.get("ci_low"),
        values.get("ci_high"),
        values.get("p_value"),
        None if pairs is None else int(pairs),
    )
