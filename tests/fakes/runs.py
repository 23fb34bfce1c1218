"""Runs in memory, keeping the promises of RunSource; tests/comparison/tracking/test_source_contract.py holds it to them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from comparison.errors import FilterRefused, TrackingUnavailable
from comparison.runs import Experiment, Metric, Run, Status
from comparison.tracking.activity import ActivityCache, activity
from comparison.tracking.leaders import ChampionCache, champions, leaders
from comparison.tracking.source import (
    Activity,
    ExperimentState,
    History,
    ModelVersion,
    Part,
    Ranking,
    Recent,
    history_of,
)

_VALUE = re.compile(r"""'[^']*'|"[^"]*"|[-+]?[\d.]+(e[-+]?\d+)?|[-+]?inf|nan""", re.IGNORECASE)
_TERM = re.compile(
    r"""(attributes|metrics|params|tags)\.("[^"]+"|`[^`]+`|[^"'`=<>! ]+) *(>=|<=|!=|=|>|<|LIKE|ILIKE) *(.+)"""
)


@dataclass
class FakeRuns:
    """`runs` are all there is; `down` makes every call fail; `asked` counts the calls by name."""

    runs: list[Run] = field(default_factory=list)
    more_experiments: list[Experiment] = field(default_factory=list)
    histories: dict[tuple[str, str], list[Metric]] = field(default_factory=dict)
    models: list[tuple[ModelVersion, Sequence[str]]] = field(default_factory=list)  # each with its aliases and stage
    logged_models: dict[str, ModelVersion] = field(default_factory=dict)  # by id
    measured: dict[tuple[str, str], list[Metric]] = field(default_factory=dict)  # by run and metric, with its datasets
    deleted: dict[str, Experiment] = field(default_factory=dict)  # experiments, by id
    deleted_at: int = 1
    down: str = ""
    asked: list[str] = field(default_factory=list)
    example_tables: dict[str, bytes] = field(default_factory=dict)  # by run id
    points_in_bulk: int = 2_500  # of one run in an answer about several

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        self._ask("get")
        known = {run.run_id: run for run in self.runs}
        return [known.get(run_id) for run_id in run_ids]

    def with_prefix(self, prefix: str, *, experiment_ids: Sequence[str] = (), limit: int = 10) -> list[Run]:
        self._ask("with_prefix")
        among = [run for run in self.runs if not experiment_ids or run.experiment.experiment_id in experiment_ids]
        return self._newest([run for run in among if prefix and run.run_id.startswith(prefix)], limit)

    def called(
        self, name: str, *, experiment_ids: Sequence[str] = (), limit: int = 50, deleted: bool = False
    ) -> list[Run]:
        self._ask("called")
        among = self._within(experiment_ids, deleted=deleted)
        return self._newest([run for run in among if run.name == name], limit)

    def newest(self, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        self._ask("newest")
        return self._newest(self._live(experiment_ids), limit)

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        self._ask("search")
        return self._newest(self._fitting(where, experiment_ids), limit)

    def part(
        self,
        where: str = "",
        *,
        experiment_ids: Sequence[str] = (),
        limit: int = 50,
        ended: bool = False,
        share: float = 1.0,  # noqa: ARG002 -- it never takes long here
    ) -> Part:
        found = (self.ended if ended else self.search)(where, experiment_ids=experiment_ids, limit=limit + 1)
        return Part(tuple(found[:limit]), len(found) > limit)

    def ended(self, where: str = "", *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        over = [run for run in self.search(where, experiment_ids=experiment_ids, limit=10**9) if _is_over(run)]
        return sorted(over, key=lambda run: -(run.ended_at or 0))[:limit]

    def ended_after(self, moment_ms: int, *, experiment_ids: Sequence[str], limit: int = 5000) -> Part:
        self._ask("ended_after")
        over = [run for run in self._live(experiment_ids) if _is_over(run) and (run.ended_at or 0) > moment_ms]
        return Part(tuple(sorted(over, key=lambda run: run.ended_at or 0)[:limit]), len(over) > limit)

    def undated(self, begun_after: int, *, experiment_ids: Sequence[str] = (), limit: int = 200) -> list[Run]:
        self._ask("undated")
        over = [run for run in self._live(experiment_ids) if _is_over(run) and (run.started_at or 0) > begun_after]
        return [run for run in self._newest(over, limit) if run.ended_at is None]

    def activity(self, since_ms: int, *, experiment_ids: Sequence[str] = (), anew: bool = False) -> Activity:  # noqa: ARG002 -- it remembers nothing
        return activity(since_ms, experiment_ids, self)

    def deleted_runs(self, where: str, *, experiment_ids: Sequence[str], limit: int) -> Part:
        self._ask("deleted")
        gone = self._within(experiment_ids, deleted=True)
        found = [run for run in gone if all(_fits(run, *term) for term in _terms(where))]
        return Part(tuple(self._newest(found, limit)), len(found) > limit)

    def running(self, *, experiment_ids: Sequence[str], limit: int = 1000) -> list[Run]:
        self._ask("running")
        return self._newest([run for run in self._live(experiment_ids) if run.status is Status.RUNNING], limit)

    def these(self, run_ids: Sequence[str]) -> list[Run]:
        self._ask("these")
        known = {run.run_id: run for run in self.runs}
        return [known[run_id] for run_id in dict.fromkeys(run_ids) if run_id in known]

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        self._ask("fitting")
        return {run.run_id for run in self._fitting(where, ())} & set(run_ids)

    def change(self, run_id: str, **changes: Any) -> None:
        """What becomes of a run."""
        self.runs = [replace(each, **changes) if each.run_id == run_id else each for each in self.runs]

    def leaders(self, ranking: Ranking, *, count: int = 1) -> tuple[Run, ...]:
        return leaders(ranking, self, count=count)

    def champions(self, ranking: Ranking, recent: Recent) -> dict[str, Run]:
        return champions(ranking, recent, self)

    def known_champions(self, ranking: Ranking) -> tuple[str, ...]:  # noqa: ARG002 -- it remembers none
        return ()

    def versions(self, *, model: str = "", alias: str = "", version: str = "") -> list[ModelVersion]:
        self._ask("versions")
        if model and not alias and not version:
            return [self.logged_models[model]] if model in self.logged_models else []
        named = [(each, aliases) for each, aliases in self.models if not model or each.model == model]
        if version and not version.isdecimal():
            at = [
                each for each, marks in named if version.casefold() in ("latest", *(f"{m}".casefold() for m in marks))
            ]
            return sorted(at, key=lambda each: -int(each.version))[:1]
        return [each for each, aliases in named if (alias in aliases if alias else each.version == version)]

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        self._ask("versions_of")
        return [each for each, _aliases in self.models if each.run_id in set(run_ids)]

    def history(self, run_id: str, metric: str, *, most: int | None = None) -> list[Metric]:
        self._ask("history")
        known = {run.run_id: run for run in self.runs}
        past = self.histories.get((run_id, metric))
        if past is None and run_id in known and metric in known[run_id].metrics:
            past = [known[run_id].metrics[metric]]
        first = sorted(past or [], key=lambda each: each.logged_at)[:most]
        return sorted(first, key=lambda each: (each.step, each.logged_at))

    def samples_of(self, runs: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, list[Metric]]]:
        found = {}
        for metric, each in runs.items():
            self._ask("samples_of")
            kept = self.asked[:]
            read = {run.run_id: self.history(run.run_id, metric, most=50) for run in each}
            self.asked[:] = kept  # one question for a metric, however many runs
            found[metric] = {run_id: past for run_id, past in read.items() if past}
        return found

    def histories_of(
        self,
        runs: Sequence[Run],
        metric: str,
        *,
        exact: bool = True,
        share: float = 1.0,  # noqa: ARG002 -- it never takes long here
    ) -> dict[str, History]:
        self._ask("histories_of")
        kept = self.asked[:]
        read = {run.run_id: self.history(run.run_id, metric) for run in runs}
        self.asked[:] = kept  # one question, however many runs
        return {
            run_id: history_of(
                ((each.step, each.value, each.logged_at) for each in past),
                is_complete=exact or len(past) < self.points_in_bulk,
            )
            for run_id, past in read.items()
            if past
        }

    def example_table(self, run: Run, *, share: float = 1.0) -> bytes | None:  # noqa: ARG002 -- always in time
        self._ask("example_table")
        return self.example_tables.get(run.run_id)

    def evaluations(self, run: Run) -> dict[str, list[Metric]]:
        self._ask("evaluations")
        return {name: past for (run_id, name), past in self.measured.items() if run_id == run.run_id and run.models}

    def state_of(self, experiment_id: str) -> ExperimentState | None:
        self._ask("state_of")
        every = {each.experiment_id: each for each in (*self.more_experiments, *(run.experiment for run in self.runs))}
        if experiment_id in self.deleted:
            return ExperimentState(self.deleted[experiment_id], is_deleted=True, changed_at=self.deleted_at)
        return ExperimentState(every[experiment_id]) if experiment_id in every else None

    def experiments(self) -> tuple[Experiment, ...]:
        self._ask("experiments")
        found = [run.experiment for run in reversed(self.runs)] + self.more_experiments
        return tuple({each.experiment_id: each for each in found if each.experiment_id not in self.deleted}.values())

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise TrackingUnavailable(self.down, remedy="Try again in a minute.")

    def _fitting(self, where: str, experiment_ids: Sequence[str]) -> list[Run]:
        terms = _terms(where)
        return [run for run in self._live(experiment_ids) if all(_fits(run, *term) for term in terms)]

    def _live(self, experiment_ids: Sequence[str]) -> list[Run]:
        return self._within(experiment_ids, deleted=False)

    def _within(self, experiment_ids: Sequence[str], *, deleted: bool) -> list[Run]:
        return [
            run
            for run in self.runs
            if run.deleted is deleted and (not experiment_ids or run.experiment.experiment_id in experiment_ids)
        ]

    def _newest(self, runs: list[Run], limit: int) -> list[Run]:
        return sorted(runs, key=lambda run: -(run.started_at or 0))[:limit]


def _is_over(run: Run) -> bool:
    return run.status not in (Status.RUNNING, Status.SCHEDULED)


def _terms(where: str) -> list[tuple[str, str, str, str]]:
    return [_read(part) for part in re.split(r" +AND +", where.strip(), flags=re.IGNORECASE)] if where else []


def _read(part: str) -> tuple[str, str, str, str]:
    found = _TERM.fullmatch(part.strip())
    if not found or not (found[1] in ("params", "tags") or _VALUE.fullmatch(found[4])):
        raise FilterRefused(f"MLflow does not take this filter: Invalid clause(s) in filter string: '{part}'")
    kind, name, sign, value = found.groups()
    name = name.strip('"`')
    if kind in ("params", "tags") and not (value[0] in "\"'" and _VALUE.fullmatch(value)):
        raise FilterRefused(f"MLflow does not take this filter: Expected a quoted string value. Got value {value}")
    return kind, name, sign, value.strip("\"'")


def _fits(run: Run, kind: str, name: str, sign: str, value: str) -> bool:
    held = _held(run, kind, name)
    if held is None:
        return False
    if sign in ("LIKE", "ILIKE"):
        pattern = re.escape(value).replace("%", ".*").replace("_", ".")
        return bool(re.fullmatch(pattern, str(held), re.DOTALL | (re.IGNORECASE if sign == "ILIKE" else 0)))
    wanted = float(value) if isinstance(held, float | int) else value
    return {
        "=": held == wanted,
        "!=": held != wanted,
        ">": held > wanted,
        "<": held < wanted,
        ">=": held >= wanted,
        "<=": held <= wanted,
    }[sign]


def _held(run: Run, kind: str, name: str) -> float | str | None:
    if kind == "metrics":
        value = run.metrics[name].value if name in run.metrics else None
        return 0.0 if value is not None and math.isnan(value) else value
    if kind == "params":
        return run.parameters.get(name)
    if kind == "tags":
        return run.tags.get(name) or {"mlflow.user": run.user, "mlflow.parentRunId": run.parent_id}.get(name)
    return {
        "run_name": run.name,
        "run_id": run.run_id,
        "status": "KILLED" if run.status is Status.PRUNED else run.status.value,
        "start_time": run.started_at,
        "end_time": run.ended_at,
        "user_id": run.user,
    }[name]


@dataclass
class RememberingRuns(FakeRuns):
    """Runs in memory, remembered between questions as MLflow's are; `seconds` is the clock, `start` the wall at 0 (ms)."""

    seconds: float = 0.0
    start: int = 0

    def __post_init__(self) -> None:
        clocks = (lambda: self.seconds, lambda: self.start + int(self.seconds * 1_000))
        self._activities = ActivityCache(*clocks)
        self._champions = ChampionCache(*clocks)

    def activity(self, since_ms: int, *, experiment_ids: Sequence[str] = (), anew: bool = False) -> Activity:
        known = [run.experiment.experiment_id for run in self.runs]
        return self._activities.activity(since_ms, experiment_ids, self, known_ids=known, anew=anew)

    def champions(self, ranking: Ranking, recent: Recent) -> dict[str, Run]:
        return self._champions.champions(ranking, recent, self)

    def known_champions(self, ranking: Ranking) -> tuple[str, ...]:
        return self._champions.known(ranking)
