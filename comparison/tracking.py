"""MLflow, behind the small promise of RunSource. Nothing else imports mlflow."""

import time
from collections.abc import Callable, MutableMapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException

from comparison import pages, records, refusals
from comparison.catalogue import Catalogue
from comparison.errors import FilterRefused, RequestError
from comparison.flights import Flights
from comparison.leading import Ranking
from comparison.races import again
from comparison.registry import Registry
from comparison.remembered import Memory
from comparison.runs import Experiment, Goal, Metric, Run, Side
from comparison.searching import OVER, Searches, in_chunks, is_id, named
from comparison.source import ExperimentState, ModelVersion
from comparison.threads import Threads

SIDE_BY_SIDE = 64  # questions to MLflow at once
OPENS_WITHIN = 60.0  # seconds, for a file: MLflow makes the tables of a new database when it is first opened
_NOT_THERE = "RESOURCE_DOES_NOT_EXIST"
_NOT_VALID = "INVALID_PARAMETER_VALUE"
_NO_MODELS = ("ENDPOINT_NOT_FOUND", "NOT_FOUND", "NOT_IMPLEMENTED", "FEATURE_DISABLED")
_MODELS = 8  # of one run that are asked what was measured on them
_Answer = TypeVar("_Answer")


class MlflowRuns:
    """A RunSource on an MLflow server or store.

    `tracking_uri` as MLflow takes it (None: what MLflow itself would use); `timeout` is the deadline of each call
    in seconds. Raises TrackingUnavailable for an address that MLflow does not take. MLflow's own client keeps trying
    for much longer than any deadline; nobody waits for it, and a process that lives long calls `answer_within` once,
    before anything else, so that its threads come back.
    """

    def __init__(
        self, tracking_uri: str | None = None, *, timeout: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        uri = (tracking_uri or mlflow.get_tracking_uri()).strip()
        is_remote = uri.startswith(("http:", "https:", "databricks"))
        self._server = refusals.Server(refusals.shown(uri), is_remote, timeout)
        self._clock = clock
        self._executor = Threads(SIDE_BY_SIDE, "mlflow")
        self._client = self._connected(uri)
        self._catalogue = Catalogue(self._all_experiments, self._one_experiment, Threads(1, "mlflow-list"), clock)
        self._searches = Searches(self._client, self._catalogue)
        self._registry = Registry(self._client, self._is_unknown)
        self._memory = Memory(clock)
        self._flights = Flights(self._executor, self._get)

    def __repr__(self) -> str:
        return f"MlflowRuns({self._server.name})"

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        until = self._clock() + self._server.seconds
        asked = [self._flights.start(run_id) for run_id in run_ids]
        return [self._flown(run_id, flight, until) for run_id, flight in zip(run_ids, asked, strict=True)]

    def with_prefix(self, prefix: str, *, limit: int = 10) -> list[Run]:
        if not (prefix.isascii() and prefix.isalnum()):
            return []
        deleted = self._deleted_experiments
        return self._in_time(lambda: self._searches.beginning_with(prefix, limit, ViewType.ALL, deleted))

    def called(self, name: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        where = f"attributes.run_name {named(name)}"
        found = self.search(where, experiment_ids=experiment_ids, limit=limit)
        return [run for run in found if run.name == name]

    def newest(self, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        return self.search("", experiment_ids=experiment_ids, limit=limit)

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        return self._in_time(lambda: self._searches.search(where, experiment_ids, limit))

    def ended(self, where: str = "", *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        over = " AND ".join(filter(None, [where, OVER]))
        order = ["attributes.end_time DESC"]
        found = self._in_time(lambda: self._searches.search(over, experiment_ids, limit, order=order))
        return sorted(found, key=lambda run: -(run.ended_at or 0))

    def ended_after(self, moment_ms: int, *, experiment_ids: Sequence[str], limit: int = 5000) -> list[Run]:
        return self._searches.ended_after(moment_ms, experiment_ids, limit, self._in_time)

    def undated(self, begun_after: int, *, experiment_ids: Sequence[str] = (), limit: int = 200) -> list[Run]:
        where = f"attributes.start_time > {int(begun_after)} AND {OVER}"
        return [run for run in self.search(where, experiment_ids=experiment_ids, limit=limit) if run.ended_at is None]

    def running(self, *, experiment_ids: Sequence[str], limit: int = 1000) -> list[Run]:
        return self.search("attributes.status = 'RUNNING'", experiment_ids=experiment_ids, limit=limit)

    def these(self, run_ids: Sequence[str]) -> list[Run]:
        chunks = self._side_by_side(lambda ids: self._searches.these(ids, ViewType.ALL), run_ids)
        known = {run.run_id: run for runs in chunks for run in runs}
        return [known[run_id] for run_id in dict.fromkeys(run_ids) if run_id in known]

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        try:
            return set().union(*self._side_by_side(lambda ids: self._searches.fitting(where, ids), run_ids))
        except FilterRefused:
            self.search(where, limit=1)  # refused in words about this filter alone
            raise

    def leaders(self, ranking: Ranking, *, count: int = 1) -> tuple[Run, ...]:
        ids = ranking.experiment_ids or tuple(each.experiment_id for each in self.experiments())
        return self._memory.leaders(replace(ranking, experiment_ids=ids), self, count)

    def versions(self, *, model: str = "", alias: str = "", version: str = "") -> list[ModelVersion]:
        return self._in_time(lambda: self._registry.versions(model, alias, version))

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        return [each for chunk in self._side_by_side(self._registry.made_by, run_ids) for each in chunk]

    def history(self, run_id: str, metric: str, *, most: int | None = None) -> list[Metric]:
        if most is not None:
            store = self._client._tracking_client.store  # noqa: SLF001 -- the only way to one page
            logged = self._in_time(lambda: store.get_metric_history(run_id, metric, max_results=most)[:most])
        else:
            logged = self._in_time(lambda: self._client.get_metric_history(run_id, metric))
        read = [records.metric(each) for each in logged]
        return sorted(read, key=lambda each: (each.step, each.logged_at))

    def evaluations(self, run: Run) -> dict[str, list[Metric]]:
        until = self._clock() + self._server.seconds
        asked = [self._executor.submit(again, partial(self._model_metrics, model)) for model in run.models[:_MODELS]]
        found: dict[str, list[Metric]] = {}
        for each in (each for answer in asked for each in self._wait(answer, until)):
            if each.run_id == run.run_id and each.dataset_name:
                found.setdefault(each.key, []).append(records.metric(each))
        return found

    def state_of(self, experiment_id: str) -> ExperimentState | None:
        return self._in_time(lambda: self._state_of(experiment_id))

    def experiments(self) -> tuple[Experiment, ...]:
        return self._in_time(self._catalogue.active)

    def find(self, reference: str, *, experiment: str = "") -> Side:
        """The run called so: a full id, an id prefix, a name, `experiment/name`, or an MLflow link.

        A metric that it logged for several datasets is `accuracy · valid` for each where the store tells them apart.
        Raises RunNotFound, Ambiguous, ExperimentNotFound or TrackingUnavailable.
        """
        from comparison.evaluations import told_apart  # noqa: PLC0415 -- as finding
        from comparison.finding import find_all  # noqa: PLC0415 -- finding knows sources, not this one
        from comparison.goals import decide  # noqa: PLC0415
        from comparison.parser import parse_run  # noqa: PLC0415

        found = find_all([parse_run(reference)], self, experiment=experiment)
        experiments = [run.experiment for run in found[0].runs]
        return told_apart(found, self, judged=lambda name: decide(name, {}, {}, experiments)[0] is not Goal.UNKNOWN)[0]

    def names(self, limit: int = 10) -> list[str]:
        """What the newest runs are called, each once."""
        return list(dict.fromkeys(run.name for run in self.newest(limit=5 * limit)))[:limit]

    def _connected(self, uri: str) -> Any:
        """MLflow's client: for a database that is already a question to it."""
        connecting = self._executor.submit(mlflow.MlflowClient, uri)
        seconds = max(self._server.seconds, OPENS_WITHIN if uri.startswith("sqlite:") else 0.0)
        try:
            return connecting.result(seconds)
        except NotInTime as error:
            raise refusals.too_slow(replace(self._server, seconds=seconds)) from error
        except Exception as error:
            refusal = refusals.unusable(error, self._server, uri)
            if refusal is None:
                raise
            raise refusal from error

    def _flown(self, run_id: str, flight: Future[Run | None], until: float) -> Run | None:
        """What the flight brought; a new one is started where another asker gave up on it before it left."""
        while True:
            try:
                return self._wait(flight, until)
            except CancelledError:
                flight = self._flights.start(run_id)

    def _get(self, run_id: str) -> Run | None:
        if not is_id(run_id):
            return None
        try:
            found = self._client.get_run(run_id)
        except MlflowException as error:
            if self._is_unknown(error):
                return None
            raise
        if found.info.run_id.casefold() != run_id.casefold():
            raise refusals.not_mlflow(self._server)
        return self._searches.run(found)

    def _side_by_side(self, ask: Callable[[Sequence[str]], _Answer], run_ids: Sequence[str]) -> list[_Answer]:
        """One question for each chunk of them."""
        until = self._clock() + self._server.seconds
        asked = [self._executor.submit(again, partial(ask, chunk)) for chunk in in_chunks(run_ids)]
        return [self._wait(each, until) for each in asked]

    def _in_time(self, ask: Callable[[], _Answer]) -> _Answer:
        return self._wait(self._executor.submit(again, ask), self._clock() + self._server.seconds)

    def _wait(self, answer: Future[_Answer], until: float) -> _Answer:
        try:
            return answer.result(max(0.0, until - self._clock()))
        except NotInTime as error:
            answer.cancel()
            raise refusals.too_slow(self._server) from error
        except Exception as error:
            if isinstance(error, MlflowException) and error.error_code == _NOT_VALID and self._is_own(error):
                raise FilterRefused(
                    f"MLflow does not take this filter: {_first_line(error)}",
                    remedy="Filters look like this:",
                    example="where params.lr = '0.1' and metrics.accuracy > 0.9",
                ) from error
            refusal = None if isinstance(error, RequestError) else refusals.unavailable(error, self._server)
            if refusal is None:
                raise
            raise refusal from error

    def _model_metrics(self, model_id: str) -> list[Any]:
        """What was logged of a model; nothing where it is gone, or the server does not know of models."""
        try:
            return list(self._client.get_logged_model(model_id).metrics or ())
        except MlflowException as error:
            if self._is_unknown(error) or error.error_code in _NO_MODELS:
                return []
            raise

    def _is_own(self, error: MlflowException) -> bool:
        """Whether it is MLflow that says so: over HTTP its own errors come as JSON, those of other pages do not."""
        return isinstance(error, RestException) or not self._server.is_remote

    def _is_unknown(self, error: Exception) -> bool:
        """Whether MLflow says that there is no such thing."""
        known = isinstance(error, MlflowException) and error.error_code in (_NOT_THERE, _NOT_VALID)
        return known and self._is_own(error)

    def _all_experiments(self) -> tuple[Experiment, ...]:
        found = pages.every(self._client.search_experiments, ViewType.ACTIVE_ONLY)
        found.sort(key=lambda each: each.last_update_time or 0, reverse=True)
        return tuple(records.experiment(each) for each in found)

    def _deleted_experiments(self) -> list[str]:
        return [each.experiment_id for each in pages.every(self._client.search_experiments, ViewType.DELETED_ONLY)]

    def _state_of(self, experiment_id: str) -> ExperimentState | None:
        try:
            found = self._client.get_experiment(experiment_id)
        except MlflowException as error:
            if self._is_unknown(error):
                return None
            raise
        is_deleted = found.lifecycle_stage == "deleted"
        return ExperimentState(records.experiment(found), is_deleted, found.last_update_time or 0)

    def _one_experiment(self, experiment_id: str) -> Experiment:
        return records.experiment(self._client.get_experiment(experiment_id))


def answer_within(seconds: float, environ: MutableMapping[str, str]) -> None:
    """Make MLflow's client in this process give up in time and keep its connections.

    MLflow reads these from the environment at each request; what is set already stays. Its defaults are 120 s,
    7 retries and 10 connections, far too long for a chat.
    """
    environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(max(1, round(seconds))))
    environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    environ.setdefault("MLFLOW_HTTP_POOL_MAXSIZE", str(SIDE_BY_SIDE))
    _look_for_databricks_once()


def _look_for_databricks_once() -> None:
    """Outside of Databricks, keep MLflow from looking for it at each request: 2 ms of imports that fail.

    It has no setting for that; where its insides are others than here, it goes on looking.
    """
    from mlflow.tracking.request_header import registry  # noqa: PLC0415 -- only where it is wanted

    held = getattr(registry, "_request_header_provider_registry", None)
    providers = getattr(held, "_registry", None)
    if isinstance(providers, list):
        providers[:] = [each for each in providers if "Databricks" not in type(each).__name__ or each.in_context()]


def _first_line(error: MlflowException) -> str:
    line = str(error.message).strip().partition("\n")[0].strip()
    return line.removeprefix(f"{_NOT_VALID}: ")[:300]
