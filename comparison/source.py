"""What is asked of a tracking server: a small promise, kept by MLflow and by the fake in the tests."""

from collections.abc import Sequence
from typing import Protocol

from comparison.runs import Experiment, Run


class RunSource(Protocol):
    """Where runs come from. Every call may raise TrackingUnavailable; none takes longer than its deadline."""

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        """The runs with these full ids, in order, fetched side by side, one request each; None where there is none."""
        ...

    def with_prefix(self, prefix: str, *, limit: int = 10) -> list[Run]:
        """Runs whose id starts so, newest first; deleted ones too."""
        ...

    def called(self, name: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        """Runs of exactly this name, newest first, not deleted; in all experiments when none is given."""
        ...

    def newest(self, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        """The newest runs by start, not deleted."""
        ...

    def experiments(self) -> tuple[Experiment, ...]:
        """Active experiments, last updated first; may be up to a minute old."""
        ...
