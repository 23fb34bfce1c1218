"""What a comparison is: words → request → runs → comparison → report.

A library as well:

>>> from comparison import MlflowRuns, compare  # doctest: +SKIP
>>> runs = MlflowRuns("sqlite:///mlflow.db")  # doctest: +SKIP
>>> compare(runs.find("Run 1"), runs.find("Run 2")).to_frame()  # doctest: +SKIP
"""

from typing import TYPE_CHECKING, Any

from comparison.compare import compare
from comparison.errors import RequestError
from comparison.judgement.result import Comparison, Outcome
from comparison.runs import Dataset, Experiment, Goal, Metric, Run, Side

if TYPE_CHECKING:
    from comparison.library import MlflowRuns, find_run


__all__ = [
    "Comparison",
    "Dataset",
    "Experiment",
    "Goal",
    "Metric",
    "MlflowRuns",
    "Outcome",
    "RequestError",
    "Run",
    "Side",
    "compare",
    "find_run",
]


if not TYPE_CHECKING:  # a checker is told above what there is, and should miss the rest

    def __getattr__(name: str) -> Any:
        """MLflow is imported by those who ask for it: it takes seconds."""
        if name in ("MlflowRuns", "find_run"):
            from comparison import library  # noqa: PLC0415 -- late on purpose

            return getattr(library, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
