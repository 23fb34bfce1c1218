"""Runs as somebody may see them: what is not visible is exactly as what is not there.

What a channel may see is named by patterns of experiments. What a person may read, MLflow's basic auth tells an admin;
sources: mlflow/server/auth of MLflow 3.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol, cast

from comparison.runs import Experiment, Metric, Run
from comparison.tracking.source import (
    Activity,
    ExperimentState,
    History,
    ModelVersion,
    Part,
    Ranking,
    Recent,
    RunSource,
)
from comparison.watch import is_called

READABLE = frozenset({"READ", "USE", "EDIT", "MANAGE"})  # `allowed` in MLflow's answers means more than reading
_DENY, _MANAGE, _ALL = "DENY", "MANAGE", "*"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Experiments that may be seen, as names and patterns of names, whatever their case; none: no experiment."""

    patterns: tuple[str, ...] = ()

    def shows(self, experiment: Experiment) -> bool:
        return self.shows_name(experiment.name)

    def shows_name(self, name: str) -> bool:
        return any(is_called(name, pattern) for pattern in self.patterns)


NOTHING = Visibility()
_NOBODYS = "0" * 32  # no run has this id


class _RefusedRuns:
    """A source that answers every question with an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if not callable(getattr(RunSource, name, None)):
            raise AttributeError(name)  # noqa: TRY004 -- it is what Python asks for

        def refuse(*_given: object, **_named: object) -> NoReturn:
            raise self._error

        return refuse


def refused_runs(error: Exception) -> RunSource:
    """Runs of which nobody can tell whether they may be seen: each question for them raises the error."""
    return cast("RunSource", _RefusedRuns(error))


class VisibleRuns:
    """The runs of a source whose experiments `shows` lets through; made for one request, and keeps RunSource's promise.

    Experiments are told by their name as it is now. Every method of RunSource is here by itself: one that is added
    there and forgotten here is absent, never open.
    """

    def __init__(self, source: RunSource, shows: Callable[[Experiment], bool]) -> None:
        self._source = source
        self._shows = shows
        self._known: dict[str, bool] = {}  # by run id, whether it may be seen

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        return [run if run is not None and self._is_visible(run) else None for run in self._source.get(run_ids)]

    def with_prefix(self, prefix: str, *, experiment_ids: Sequence[str] = (), limit: int = 10) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.with_prefix(prefix, experiment_ids=ids, limit=limit)) if ids else []

    def called(
        self, name: str, *, experiment_ids: Sequence[str] = (), limit: int = 50, deleted: bool = False
    ) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.called(name, experiment_ids=ids, limit=limit, deleted=deleted)) if ids else []

    def newest(self, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.newest(experiment_ids=ids, limit=limit)) if ids else []

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.search(where, experiment_ids=ids, limit=limit)) if ids else []

    def part(
        self,
        where: str = "",
        *,
        experiment_ids: Sequence[str] = (),
        limit: int = 50,
        ended: bool = False,
        share: float = 1.0,
    ) -> Part:
        ids = self._within(experiment_ids)
        if not ids:
            return Part()
        return self._part(self._source.part(where, experiment_ids=ids, limit=limit, ended=ended, share=share))

    def ended(self, where: str = "", *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.ended(where, experiment_ids=ids, limit=limit)) if ids else []

    def ended_after(self, moment_ms: int, *, experiment_ids: Sequence[str], limit: int = 5000) -> Part:
        ids = self._within(experiment_ids)
        return self._part(self._source.ended_after(moment_ms, experiment_ids=ids, limit=limit)) if ids else Part()

    def undated(self, begun_after: int, *, experiment_ids: Sequence[str] = (), limit: int = 200) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.undated(begun_after, experiment_ids=ids, limit=limit)) if ids else []

    def activity(self, since_ms: int, *, experiment_ids: Sequence[str] = (), anew: bool = False) -> Activity:
        ids = self._within(experiment_ids)
        if not ids:
            return Activity(since_ms)
        found = self._source.activity(since_ms, experiment_ids=ids, anew=anew)
        return replace(
            found,
            ended=self._part(found.ended),
            finished=self._part(found.finished),
            ill=self._part(found.ill),
            undated=self._part(found.undated),
            running=self._part(found.running),
        )

    def running(self, *, experiment_ids: Sequence[str], limit: int = 1000) -> list[Run]:
        ids = self._within(experiment_ids)
        return self._visible(self._source.running(experiment_ids=ids, limit=limit)) if ids else []

    def these(self, run_ids: Sequence[str]) -> list[Run]:
        return self._visible(self._source.these(run_ids)) if run_ids else []

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        return self._source.fitting(where, self._visible_ids(run_ids))

    def leaders(self, ranking: Ranking, *, count: int = 1) -> tuple[Run, ...]:
        ids = self._within(ranking.experiment_ids)
        if not ids:
            return ()
        return tuple(self._visible(self._source.leaders(replace(ranking, experiment_ids=ids), count=count)))

    def champions(self, ranking: Ranking, recent: Recent) -> Mapping[str, Run]:
        ids = self._within(ranking.experiment_ids) if ranking.experiment_ids else ()
        current = {key: run for key, run in recent.current.items() if run is None or self._is_visible(run)}
        seen = replace(recent, runs=tuple(self._visible(recent.runs)), current=current)
        found = self._source.champions(replace(ranking, experiment_ids=ids), seen) if ids else {}
        return {key: run for key, run in found.items() if self._is_visible(run)}

    def known_champions(self, ranking: Ranking) -> tuple[str, ...]:
        ids = self._within(ranking.experiment_ids) if ranking.experiment_ids else ()
        return self._source.known_champions(replace(ranking, experiment_ids=ids)) if ids else ()

    def versions(self, *, model: str = "", alias: str = "", version: str = "") -> list[ModelVersion]:
        """Versions of visible runs; one that does not say its run may be of any, and is not among them.

        Where there is none a run is asked for all the same: how long it takes is to tell nothing either.
        """
        found = self._source.versions(model=model, alias=alias, version=version)
        visible = set(self._visible_ids([each.run_id for each in found if each.run_id] or [_NOBODYS]))
        return [each for each in found if each.run_id in visible]

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        visible = self._visible_ids(run_ids)
        return self._source.versions_of(visible) if visible else []

    def history(self, run_id: str, metric: str, *, most: int | None = None) -> list[Metric]:
        return self._source.history(run_id, metric, most=most) if self._visible_ids([run_id]) else []

    def samples_of(self, runs: Mapping[str, Sequence[Run]]) -> Mapping[str, Mapping[str, Sequence[Metric]]]:
        known = {run.run_id: run for each in runs.values() for run in each}
        visible = {run.run_id for run in self._visible(list(known.values()))}
        return self._source.samples_of(
            {metric: [run for run in each if run.run_id in visible] for metric, each in runs.items()}
        )

    def histories_of(
        self, runs: Sequence[Run], metric: str, *, exact: bool = True, share: float = 1.0
    ) -> Mapping[str, History]:
        visible = self._visible(runs)
        return self._source.histories_of(visible, metric, exact=exact, share=share) if visible else {}

    def evaluations(self, run: Run) -> Mapping[str, Sequence[Metric]]:
        return self._source.evaluations(run) if self._is_visible(run) else {}

    def example_table(self, run: Run, *, share: float = 1.0) -> bytes | None:
        return self._source.example_table(run, share=share) if self._is_visible(run) else None

    def state_of(self, experiment_id: str) -> ExperimentState | None:
        state = self._source.state_of(experiment_id)
        return state if state is not None and self._shows(state.experiment) else None

    def experiments(self) -> tuple[Experiment, ...]:
        return tuple(filter(self._shows, self._source.experiments()))

    def _within(self, experiment_ids: Sequence[str]) -> tuple[str, ...]:
        """The visible ones of these experiments, of all where none is named; an empty answer means: ask nothing."""
        named = frozenset(experiment_ids)
        visible = (each.experiment_id for each in self.experiments())
        return tuple(each for each in visible if not named or each in named)

    def _part(self, part: Part) -> Part:
        return replace(part, runs=tuple(self._visible(part.runs)))

    def _visible(self, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if self._is_visible(run)]

    def _is_visible(self, run: Run) -> bool:
        self._known[run.run_id] = is_visible = self._shows(run.experiment)
        return is_visible

    def _visible_ids(self, run_ids: Sequence[str]) -> list[str]:
        """The visible ones, in order; one question about those that were in no answer yet."""
        unknown = [each for each in dict.fromkeys(run_ids) if each not in self._known]
        if unknown:
            self._known.update(dict.fromkeys(unknown, False))
            self._visible(self._source.these(unknown))
            self._known.pop(_NOBODYS, None)
        return [each for each in run_ids if self._known.get(each)]


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant of one of a user's roles: on an experiment by its id, on all (`*`), or on the whole workspace."""

    resource: str
    pattern: str
    permission: str

    def is_on(self, experiment_id: str) -> bool:
        return self.resource == "experiment" and self.pattern in (_ALL, experiment_id)

    @property
    def is_of_everything(self) -> bool:
        return (self.resource, self.pattern, self.permission) == ("workspace", _ALL, _MANAGE)


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a user may read. `reads_others`: whether that is so for experiments that no grant speaks of."""

    grants: tuple[Grant, ...] = ()
    is_admin: bool = False
    reads_others: bool = False

    def may_read(self, experiment_id: str) -> bool:
        if self.is_admin or any(each.is_of_everything for each in self.grants):
            return True
        own = [each.permission for each in self.grants if each.is_on(experiment_id)]
        if _DENY in own:
            return False
        return not READABLE.isdisjoint(own) if own else self.reads_others


class PermissionSource(Protocol):
    def permissions_of(self, user: str) -> Permissions | None:
        """What an MLflow user may read; None where there is no such user. Raises TrackingUnavailable.

        Two requests at most. MLflow answers only an account that may manage its users.
        """
        ...


def read_grants(rows: Iterable[Mapping[str, Any]], workspace: str) -> tuple[Grant, ...]:
    """The grants of a user in one MLflow workspace."""
    return tuple(
        Grant(str(each.get("resource_type")), str(each.get("resource_pattern")), str(each.get("permission")))
        for each in rows
        if each.get("workspace") in (workspace, None)
    )


def without_grant(grants: Sequence[Grant], experiment_ids: Iterable[str]) -> str:
    """An experiment that no grant speaks of; "" where there is none."""
    return next((each for each in experiment_ids if not any(grant.is_on(each) for grant in grants)), "")
