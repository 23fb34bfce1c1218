"""The library's door to a tracking server: runs found by what people call them."""

from comparison.judgement.goals import decide_goal
from comparison.language.parser import parse_run
from comparison.readings import with_dataset_rows
from comparison.resolve.runs import find_runs
from comparison.runs import Goal, Side
from comparison.tracking.mlflow import MlflowSource
from comparison.tracking.source import RunSource

__all__ = ["MlflowRuns", "find_run"]


def find_run(source: RunSource, reference: str, *, experiment: str = "") -> Side:
    """The run called so: a full id, an id prefix, a name, `experiment/name`, or an MLflow link.

    A metric that it logged for several datasets is `accuracy · valid` for each where the store tells them apart.
    Raises RunNotFound, Ambiguous, ExperimentNotFound or TrackingUnavailable.
    """
    sides = find_runs([parse_run(reference)], source, experiment=experiment, text=reference)
    experiments = [run.experiment for run in sides[0].runs]

    def is_judged(metric: str) -> bool:
        return decide_goal(metric, {}, {}, experiments)[0] is not Goal.UNKNOWN

    return with_dataset_rows(sides, source, judged=is_judged)[0]


class MlflowRuns(MlflowSource):
    """The runs of an MLflow server or store, for scripts and notebooks: `MlflowRuns(uri).find("run name")`."""

    def find(self, reference: str, *, experiment: str = "") -> Side:
        """As `find_run`, of this server."""
        return find_run(self, reference, experiment=experiment)
