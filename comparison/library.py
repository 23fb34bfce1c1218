"""The library's door to a tracking server: runs found by what people call them."""

from comparison.language.parser import parse_run
from comparison.resolve.runs import find_runs
from comparison.runs import Side
from comparison.tracking.mlflow import MlflowRuns as TrackedRuns
from comparison.tracking.source import RunSource

__all__ = ["MlflowRuns", "find_run"]


def find_run(source: RunSource, reference: str, *, experiment: str = "") -> Side:
    """The run called so: a full id, an id prefix, a name, `experiment/name`, or an MLflow link.

    Raises RunNotFound, Ambiguous, ExperimentNotFound or TrackingUnavailable.
    """
    return find_runs([parse_run(reference)], source, experiment=experiment, text=reference)[0]


class MlflowRuns(TrackedRuns):
    """The runs of an MLflow server or store, for scripts and notebooks: `MlflowRuns(uri).find("run name")`."""

    def find(self, reference: str, *, experiment: str = "") -> Side:
        """As `find_run`, of this server."""
        return find_run(self, reference, experiment=experiment)
