"""What is asked of a tracking server: a small promise, kept by MLflow and by the fake in the tests; and its filters."""

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from comparison.runs import Experiment, Goal, Metric, Run


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a registered model and the run that made it ("" when it does not say)."""

    model: str
    version: str
    run_id: str


@dataclass(frozen=True, slots=True)
class ExperimentState:
    """An experiment as it is now. `changed_at` in ms since the epoch, 0 when it is not known."""

    experiment: Experiment
    is_deleted: bool = False
    changed_at: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the runs that were asked for, the first of their order; `is_cut` when there are more, or may be."""

    runs: tuple[Run, ...] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is looked for: `where` is MLflow's filter language, "" for any run."""

    metric: str
    goal: Goal
    experiment_ids: tuple[str, ...]
    where: str = ""
    worst: bool = False  # from the other end

    @property
    def downwards(self) -> bool:
        """Whether smaller values come first."""
        return (self.goal is Goal.LOWER) != self.worst

    def beyond(self, bar: float) -> str:
        """The filter that runs fit which come before one with this value."""
        return " AND ".join(filter(None, (self.where, _beyond(self, bar))))


@dataclass(frozen=True, slots=True)
class Recent:
    """Runs that were fetched a moment ago. `ended_after` (ms): all that ended later are among them; None: maybe not.

    `current` are runs as they are now, by id; None: there is none any more.
    """

    runs: tuple[Run, ...] = ()
    ended_after: int | None = None
    current: Mapping[str, Run | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Activity:
    """What ended since a moment (ms), and what runs now.

    `ended` are those that ended, the last first, `finished` and `ill` the ones to tell of; `undated` are over and do
    not tell since when. `is_remembered`: some were fetched earlier, and something may have been logged into them since.
    """

    since_ms: int
    ended: Part = Part()
    finished: Part = Part()
    ill: Part = Part()
    undated: Part = Part()
    running: Part = Part()
    is_remembered: bool = False

    @property
    def ended_after(self) -> int | None:
        """The moment (ms) after which no end is missing; None where it is not known."""
        if not self.ended.is_cut:
            return self.since_ms
        return min((run.ended_at for run in self.ended.runs if run.ended_at), default=None)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Logged points of a metric as columns of one length, in no promised order. `times` in ms since the epoch.

    `is_complete`: no logged point is missing. Otherwise they are a sample that keeps the first and the last.
    """

    steps: Sequence[int]
    values: Sequence[float]
    times: Sequence[int]
    is_complete: bool = True

    def __len__(self) -> int:
        return len(self.steps)


def history_of(points: Iterable[tuple[int, float, int]], *, is_complete: bool = True) -> History:
    """From (step, value, time) of each point."""
    rows = list(points)
    return History(
        array("q", (row[0] for row in rows)),
        array("d", (row[1] for row in rows)),
        array("q", (row[2] for row in rows)),
        is_complete,
    )


class RunSource(Protocol):
    """Where runs come from. Every call may raise TrackingUnavailable; none takes longer than its deadline.

    Runs come newest first (by start), not deleted unless it is said. No experiment ids mean all active experiments.
    """

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        """The runs with these full ids, in order, deleted ones too; None where there is none.

        Fetched side by side, one request for each different id.
        """
        ...

    def with_prefix(self, prefix: str, *, experiment_ids: Sequence[str] = (), limit: int = 10) -> list[Run]:
        """Runs whose id starts so; deleted ones too."""
        ...

    def called(
        self, name: str, *, experiment_ids: Sequence[str] = (), limit: int = 50, deleted: bool = False
    ) -> list[Run]:
        """Runs of exactly this name; or those of them that were deleted."""
        ...

    def newest(self, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]: ...

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        """Runs that fit MLflow's filter language; "" fits all. Raises FilterRefused with MLflow's reason."""
        ...

    def part(
        self,
        where: str = "",
        *,
        experiment_ids: Sequence[str] = (),
        limit: int = 50,
        ended: bool = False,
        share: float = 1.0,
    ) -> Part:
        """Searches like `search` or `ended`: as many runs as come within this share of the deadline and can be read.

        For what may be told in part; raises TrackingUnavailable where not one comes.
        """
        ...

    def ended(self, where: str = "", *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        """Runs that are over and fit the filter, the last ended first."""
        ...

    def ended_after(self, moment_ms: int, *, experiment_ids: Sequence[str], limit: int = 5000) -> Part:
        """Runs that are over and whose own clock said later than this; those that ended first where there are more.

        One request for each 1,000 runs, more where the runs are large; the deadline holds for each request.
        """
        ...

    def undated(self, begun_after: int, *, experiment_ids: Sequence[str] = (), limit: int = 200) -> list[Run]:
        """Runs that are over, began after this (ms) and do not tell when they ended, or tell a time that cannot be.

        Looked for among the `limit` newest to begin: MLflow cannot be asked for those alone.
        """
        ...

    def activity(self, since_ms: int, *, experiment_ids: Sequence[str] = (), anew: bool = False) -> Activity:
        """What ended since and what runs now (comparison/tracking/activity.py); `anew`: whatever is remembered.

        No run is among them that is deleted by now, or runs again where it ended.
        """
        ...

    def running(self, *, experiment_ids: Sequence[str], limit: int = 1000) -> list[Run]:
        """Runs that say so; it cannot be trusted."""
        ...

    def these(self, run_ids: Sequence[str]) -> list[Run]:
        """The runs with these full ids that are there, each once and in order; those deleted by themselves too.

        One request for each 400, side by side; not from experiments that are deleted.
        """
        ...

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        """Ids of those runs that fit MLflow's filter language; "" fits all. Raises FilterRefused with MLflow's reason.

        Whatever the filter says, no other runs are among them. Requests as of `these`.
        """
        ...

    def leaders(self, ranking: Ranking, *, count: int = 1) -> tuple[Run, ...]:
        """The best runs, best first, exact to the run that ended a moment ago (comparison/tracking/leaders.py)."""
        ...

    def champions(self, ranking: Ranking, recent: Recent) -> Mapping[str, Run]:
        """The best run of each of the ranking's experiments, by experiment id, of those that are over and of `recent`.

        Exact to the run that ended a moment ago (comparison/tracking/leaders.py). Absent is an experiment where
        nobody is known to have a finite value, or that cannot be settled within a few questions.
        """
        ...

    def known_champions(self, ranking: Ranking) -> tuple[str, ...]:
        """Ids of the champions that are remembered and will be asked for; asks nobody."""
        ...

    def versions(self, *, model: str = "", alias: str = "", version: str = "") -> list[ModelVersion]:
        """The versions of registered models that have this alias, or this number; of every model when none is named.

        `version` may be `latest`, or a stage; then it is the newest of the model that is at it. With neither, `model`
        is the id of a logged model.
        """
        ...

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """The versions of registered models that these runs made; none where the registry cannot be searched."""
        ...

    def history(self, run_id: str, metric: str, *, most: int | None = None) -> list[Metric]:
        """Every logged value of a metric, by step and then by time; empty when it was not logged.

        `most`: no more than so many, those that were logged first. A value says its dataset where the store keeps that.
        Raises TrackingUnavailable, too, where it was logged more often than can be read.
        """
        ...

    def samples_of(self, runs: Mapping[str, Sequence[Run]]) -> Mapping[str, Mapping[str, Sequence[Metric]]]:
        """By metric and run id, some of what the `runs` of each metric logged of it; all where that is little.

        The values are by step, then by time: of each step that is there every value, of a server also the last step. No
        value says its dataset, but those of file stores. A run that logged none of it is absent. One request for each
        metric and 100 runs, side by side; of runs that are over it is remembered.
        """
        ...

    def histories_of(
        self, runs: Sequence[Run], metric: str, *, exact: bool = True, share: float = 1.0
    ) -> Mapping[str, History]:
        """By run id, what these runs logged of a metric; runs that logged none of it, or are gone, are absent.

        One request for each 100 runs. Where that answer may be a sample and it should be `exact`, the whole history is
        read page by page, as far as the deadline allows; a history says whether it is complete. Those of runs that are
        over are remembered. It takes no more than this share of the deadline.
        """
        ...

    def evaluations(self, run: Run) -> Mapping[str, Sequence[Metric]]:
        """Values, by metric, that this run logged of its models for a dataset it named; one request for each model."""
        ...

    def example_table(self, run: Run, *, share: float = 1.0) -> bytes | None:
        """The evaluation table that MLflow logged of a run, `eval_results_table.json`, else its traces as such a table.

        A row is a trace: `request`, `response`, and its assessments by name, where any trace has one; the first
        MOST_TRACES. None: there is neither, or a very large table. Two requests, and one more for each 500 traces.
        It takes no more than this share of the deadline.
        """
        ...

    def state_of(self, experiment_id: str) -> ExperimentState | None:
        """An experiment as it is at this moment; None where there is none, not even a deleted one."""
        ...

    def experiments(self) -> tuple[Experiment, ...]:
        """Active experiments, last updated first; may be up to a minute old."""
        ...


def _beyond(ranking: Ranking, bar: float) -> str:
    return f"{metric(ranking.metric)} {'<' if ranking.downwards else '>'} {bar!r}"


# Terms of MLflow's filter language that hold whatever text they are given. It has no way to escape a quote.
# A term may fit more than what was asked for where a text holds quotes: whoever asks looks again at what came.


_UNSAFE = re.compile(r"['\"\\]")
_WILD = re.compile(r"['\"\\%]+")
_ACCENTED = re.compile(r"[aceilnosuyz]", re.IGNORECASE)  # letters that often bear one
TELLING = 3  # letters and numbers that are sure to stand in a name, where anything may stand between them
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def is_text(field: str, text: str) -> str:
    """`field` holds this text."""
    if "\\" not in text:  # one at the end would take the quote behind it along
        if "'" not in text:
            return f"{field} = '{text}'"
        if '"' not in text:
            return f'{field} = "{text}"'
    return f"{field} LIKE '{_UNSAFE.sub('_', text)}'"


def resembles(field: str, text: str) -> str:
    """`field` holds this text in any case, any form of its accents and with any blanks within."""
    return f"{field} ILIKE '{_pattern(text)}'"


def holds(field: str, text: str) -> str:
    """`field` holds something that resembles this text."""
    return f"{field} ILIKE '%{_pattern(text)}%'"


def can_resemble(text: str) -> bool:
    """Whether a pattern for this text would not fit anything at all."""
    return any(sign.isascii() and sign.isalnum() for sign in text)


def with_any_accents(field: str, text: str, *, apart: bool = False) -> str:
    """`field` holds a text of the same letters, with or without accents; "" where that fits too much.

    `apart`: accents may be characters of their own, behind their letters.
    """
    letters = _UNSAFE.sub("_", text.strip())
    pattern = _ACCENTED.sub("%", letters) if apart else _ACCENTED.sub("_", letters)
    telling = sum(sign.isalnum() and sign.isascii() for sign in pattern)
    return f"{field} ILIKE '{pattern}'" if letters.isascii() and telling >= (TELLING if apart else 1) else ""


def is_child_of(run_id: str) -> str:
    """Runs of the sweep that this run is the parent of."""
    return is_text("tags.mlflow.parentRunId", run_id)


def metric(name: str) -> str:
    """A metric by its name; "" where no filter can name it."""
    if '"' not in name:
        return f'metrics."{name}"'
    return "" if "`" in name else f"metrics.`{name}`"


def _pattern(text: str) -> str:
    """Databases fold the case of ASCII only, and an accent may be a character of its own: both become a wildcard."""
    loose = re.sub(r"\s+", "%", _WILD.sub("%", text.strip()))
    return re.sub("%+", "%", _NOT_ASCII.sub("%", loose))
