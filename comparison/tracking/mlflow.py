"""MLflow, behind the small promise of RunSource. Nothing else imports mlflow."""

import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException

from comparison.concurrency import DaemonThreads, retry_on_race
from comparison.errors import FilterRefused, RequestError, TrackingUnavailable
from comparison.runs import GOING_ON, Dataset, Experiment, Goal, Metric, Run, Status, is_moment
from comparison.tolerance import read_tolerance
from comparison.tracking.experiment_cache import ExperimentCache, SingleFlight
from comparison.tracking.leaders import LeaderCache
from comparison.tracking.mlflow_errors import Server, not_mlflow, shown_address, too_slow, unavailable, unusable
from comparison.tracking.source import ExperimentState, ModelVersion, Ranking
from comparison.trials import is_pruned

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
        self._server = Server(shown_address(uri), is_remote, timeout)
        self._clock = clock
        self._executor = DaemonThreads(SIDE_BY_SIDE, "mlflow")
        self._client = self._connected(uri)
        self._catalogue = ExperimentCache(
            self._all_experiments, self._one_experiment, DaemonThreads(1, "mlflow-list"), clock
        )
        self._searches = RunSearches(self._client, self._catalogue)
        self._registry = Registry(self._client, self._is_unknown)
        self._memory = LeaderCache(clock)
        self._flights = SingleFlight(self._executor, self._get)

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
        where = f"attributes.run_name {name_filter(name)}"
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
        read = [to_metric(each) for each in logged]
        return sorted(read, key=lambda each: (each.step, each.logged_at))

    def evaluations(self, run: Run) -> dict[str, list[Metric]]:
        until = self._clock() + self._server.seconds
        asked = [
            self._executor.submit(retry_on_race, partial(self._model_metrics, model)) for model in run.models[:_MODELS]
        ]
        found: dict[str, list[Metric]] = {}
        for each in (each for answer in asked for each in self._wait(answer, until)):
            if each.run_id == run.run_id and each.dataset_name:
                found.setdefault(each.key, []).append(to_metric(each))
        return found

    def state_of(self, experiment_id: str) -> ExperimentState | None:
        return self._in_time(lambda: self._state_of(experiment_id))

    def experiments(self) -> tuple[Experiment, ...]:
        return self._in_time(self._catalogue.active)

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
            raise too_slow(replace(self._server, seconds=seconds)) from error
        except Exception as error:
            refusal = unusable(error, self._server, uri)
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
            raise not_mlflow(self._server)
        return self._searches.run(found)

    def _side_by_side(self, ask: Callable[[Sequence[str]], _Answer], run_ids: Sequence[str]) -> list[_Answer]:
        """One question for each chunk of them."""
        until = self._clock() + self._server.seconds
        asked = [self._executor.submit(retry_on_race, partial(ask, chunk)) for chunk in in_chunks(run_ids)]
        return [self._wait(each, until) for each in asked]

    def _in_time(self, ask: Callable[[], _Answer]) -> _Answer:
        return self._wait(self._executor.submit(retry_on_race, ask), self._clock() + self._server.seconds)

    def _wait(self, answer: Future[_Answer], until: float) -> _Answer:
        try:
            return answer.result(max(0.0, until - self._clock()))
        except NotInTime as error:
            answer.cancel()
            raise too_slow(self._server) from error
        except Exception as error:
            if isinstance(error, MlflowException) and error.error_code == _NOT_VALID and self._is_own(error):
                raise FilterRefused(
                    f"MLflow does not take this filter: {_first_line(error)}",
                    remedy="Filters look like this:",
                    example="where params.lr = '0.1' and metrics.accuracy > 0.9",
                ) from error
            refusal = None if isinstance(error, RequestError) else unavailable(error, self._server)
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
        found = every_page(self._client.search_experiments, ViewType.ACTIVE_ONLY)
        found.sort(key=lambda each: each.last_update_time or 0, reverse=True)
        return tuple(to_experiment(each) for each in found)

    def _deleted_experiments(self) -> list[str]:
        return [each.experiment_id for each in every_page(self._client.search_experiments, ViewType.DELETED_ONLY)]

    def _state_of(self, experiment_id: str) -> ExperimentState | None:
        try:
            found = self._client.get_experiment(experiment_id)
        except MlflowException as error:
            if self._is_unknown(error):
                return None
            raise
        is_deleted = found.lifecycle_stage == "deleted"
        return ExperimentState(to_experiment(found), is_deleted, found.last_update_time or 0)

    def _one_experiment(self, experiment_id: str) -> Experiment:
        return to_experiment(self._client.get_experiment(experiment_id))


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


# Searches for runs through MLflow's client: its pages, and one question about many runs at once.


LEAST = 50  # likewise, of a server that is too slow for more
CHUNK = 400  # runs that one question names
OVER = "attributes.status != 'RUNNING' AND attributes.status != 'SCHEDULED'"
LONGEST_ID = 256


def is_id(text: str) -> bool:
    """Whether MLflow may have such an id; its server fails on some others."""
    return text.isascii() and text.isalnum() and len(text) <= LONGEST_ID


def name_filter(name: str) -> str:
    """The comparison that finds a name: MLflow's filters have no way to escape a quote within quotes."""
    if "'" not in name:
        return f"= '{name}'"
    if '"' not in name:
        return f'= "{name}"'
    return f"LIKE '{name.replace(chr(39), '_')}'"


def in_chunks(run_ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """Each id once, as many at a time as one question may name."""
    known = [run_id for run_id in dict.fromkeys(run_ids) if is_id(run_id)]
    yield from (known[start : start + CHUNK] for start in range(0, len(known), CHUNK))


class RunSearches:
    """Asked in the thread of the caller, and for as long as it takes. `experiment_ids`: none mean all active ones."""

    def __init__(self, client: Any, catalogue: ExperimentCache) -> None:
        self._client = client
        self._catalogue = catalogue
        self._page = PAGE_SIZE

    def run(self, found: Any) -> Run:
        return to_run(found, self._catalogue.one(found.info.experiment_id))

    def search(
        self,
        where: str,
        experiment_ids: Sequence[str],
        limit: int,
        *,
        view: Any = None,
        order: Sequence[str] = (),
    ) -> list[Run]:
        """The newest first; `view` as MLflow's, None: those that are not deleted."""
        if experiment_ids:
            return self.pages(where, experiment_ids, limit, view=view, order=order)
        asked = [each.experiment_id for each in self._catalogue.active()]
        found = self.pages(where, asked, limit, view=view, order=order)
        if not found:  # perhaps in an experiment made since the list was
            found = self.pages(where, self._newer_than(asked), limit, view=view, order=order)
        return found

    def pages(
        self,
        where: str,
        experiment_ids: Sequence[str],
        limit: int,
        *,
        view: Any = None,
        order: Sequence[str] = (),
    ) -> list[Run]:
        """Likewise, of these experiments only."""
        found: list[Any] = []
        token = None
        while experiment_ids and len(found) < limit:
            page = self._ask(where, experiment_ids, min(PAGE_SIZE, limit - len(found)), token, view, order)
            found.extend(page)
            token = page.token
            if not token:
                break
        return sorted(map(self.run, found), key=lambda run: -(run.started_at or 0))

    def beginning_with(self, prefix: str, limit: int, view: Any, deleted: Callable[[], Iterable[str]]) -> list[Run]:
        """Runs whose id does; where there are none, those of the experiments that `deleted` tells."""
        where = f"attributes.run_id LIKE '{prefix}%'"
        found = self.search(where, (), limit, view=view)
        return found or self.pages(where, list(deleted()), limit, view=view)

    def ended_after(
        self, moment_ms: int, experiment_ids: Sequence[str], limit: int, in_time: Callable[[Callable[[], Any]], Any]
    ) -> list[Run]:
        """The first to end first. `in_time` asks within the deadline, which each page has for itself.

        The runs of a weekend take many pages: where a server cannot make one in time, the next try asks for less.
        """
        where = f"attributes.end_time > {int(moment_ms)} AND {OVER}"
        ids = experiment_ids or in_time(self._catalogue.known_ids)
        found: list[Run] = []
        size, token = self._page, None

        def ask() -> tuple[list[Run], Any]:
            page = self._ask(where, ids, min(size, limit - len(found)), token, None, ["attributes.end_time ASC"])
            return [self.run(each) for each in page], page.token

        try:
            while ids and len(found) < limit:
                runs, token = in_time(ask)
                found.extend(runs)
                if not token:
                    break
        except TrackingUnavailable:
            self._page = max(LEAST, size // 2)
            raise
        self._page = min(PAGE_SIZE, size * 2)
        return found

    def these(self, run_ids: Sequence[str], view: Any) -> list[Run]:
        """Those of them that are there; no more than one question may name."""
        where = _among(run_ids)
        asked = self._catalogue.known_ids()
        found = self.pages(where, asked, CHUNK, view=view)
        if len(found) < len(run_ids):
            found += self.pages(where, self._newer_than(asked), CHUNK, view=view)
        return found

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        """Those of them that fit a filter; no more than one question may name.

        Ours comes first: nothing that stands in the filter can take it back, and AND is all that MLflow knows.
        """
        known = self._catalogue.known_ids()
        ours = _among(run_ids)
        found = self.pages(f"{ours} AND {where}" if where.strip() else ours, known, CHUNK)
        return {run.run_id for run in found} & set(run_ids)

    def _newer_than(self, asked: Iterable[str]) -> list[str]:
        return sorted({each.experiment_id for each in self._catalogue.renewed()} - set(asked))

    def _ask(  # noqa: PLR0913, PLR0917 -- as MLflow asks it
        self, where: str, experiment_ids: Sequence[str], limit: int, token: Any, view: Any, order: Sequence[str]
    ) -> Any:
        options = {} if view is None else {"run_view_type": view}
        asked = {"max_results": limit, "order_by": list(order), "page_token": token}
        return self._client.search_runs(list(experiment_ids), where, **asked, **options)


def _among(run_ids: Sequence[str]) -> str:
    return f"attributes.run_id IN ({','.join(f'{chr(39)}{run_id}{chr(39)}' for run_id in run_ids)})"


# What MLflow's client brings, as our own values.


GOAL_TAG = "mlcompare.goal."
GOALS_TAG = "mlcompare.goals"  # several, also by patterns, which no tag's name can hold: score_*: higher, ls_*: lower
TOLERANCE_TAG = "mlcompare.tolerance"
METRIC_TAG = "mlcompare.metric"
BASELINE_TAG = "mlcompare.baseline"
_STATUSES = frozenset(Status) - {Status.PRUNED}
_GOALS = frozenset(Goal)


def to_run(found: Any, experiment_: Experiment) -> Run:
    info, tags = found.info, found.data.tags
    own = {name: value for name, value in tags.items() if not name.startswith("mlflow.")}
    status = _status(info.status, own)
    ended_at = _moment(info.end_time)
    logged = {"start": info.start_time, "end": info.end_time}
    return Run(
        run_id=info.run_id,
        name=info.run_name or tags.get("mlflow.runName", "") or info.run_id[:8],
        experiment=experiment_,
        status=status,
        started_at=_moment(info.start_time),
        ended_at=None if status in GOING_ON else ended_at,
        user=tags.get("mlflow.user") or info.user_id or "",
        deleted=info.lifecycle_stage == "deleted",
        parent_id=tags.get("mlflow.parentRunId", ""),
        commit=tags.get("mlflow.source.git.commit", ""),
        source=tags.get("mlflow.source.name", ""),
        metrics={each.key: to_metric(each) for each in found.data._metric_objs},  # noqa: SLF001 -- the only place that holds steps
        parameters=dict(found.data.params),
        tags=own,
        datasets=_datasets(found.inputs),
        models=_models(found),
        former_end=ended_at if status in GOING_ON else None,
        odd_times={name: at for name, at in logged.items() if at and _moment(at) is None},
    )


def _status(told: str, tags: Mapping[str, str]) -> Status:
    status = Status(told) if told in _STATUSES else Status.UNKNOWN
    return Status.PRUNED if is_pruned(status, tags) else status


def _moment(logged: int | None) -> int | None:
    return logged if is_moment(logged) else None


def to_metric(found: Any) -> Metric:
    """SQL stores keep ±inf as the largest float there is; nobody logs that one otherwise."""
    value = found.value
    if abs(value) == sys.float_info.max:
        value = math.copysign(math.inf, value)
    dataset, digest = (getattr(found, name, None) or "" for name in ("dataset_name", "dataset_digest"))
    return Metric(value, found.step, found.timestamp, dataset=dataset, digest=digest)


def to_experiment(found: Any) -> Experiment:
    tags = dict(found.tags or {})
    goals = _listed(tags.get(GOALS_TAG, "")) | {
        name.removeprefix(GOAL_TAG): Goal(value.strip().lower())
        for name, value in tags.items()
        if name.startswith(GOAL_TAG) and value.strip().lower() in _GOALS
    }
    primary, baseline = (tags.get(tag, "").strip() for tag in (METRIC_TAG, BASELINE_TAG))
    return Experiment(found.experiment_id, found.name, goals, primary, baseline, tolerances=_tolerances(tags))


def _tolerances(tags: Mapping[str, str]) -> dict[str, float]:
    """From `mlcompare.tolerance` and `mlcompare.tolerance.<metric>`; a value that cannot be read says nothing."""
    found = {
        name.removeprefix(TOLERANCE_TAG).removeprefix("."): read_tolerance(value)
        for name, value in tags.items()
        if name == TOLERANCE_TAG or name.startswith(f"{TOLERANCE_TAG}.")
    }
    return {name: fraction for name, fraction in found.items() if fraction is not None}


def _listed(goals: str) -> dict[str, Goal]:
    """The goals of `score_*: higher, ls_*: lower`; what is not of this form is passed over."""
    stated = {}
    for each in re.split(r"[,;\n]", goals):
        value = re.split(r"[:=\s]", each.strip())[-1]
        name = each.strip().removesuffix(value).rstrip(":= \t")
        if name and value.lower() in _GOALS:
            stated[name] = Goal(value.lower())
    return stated


def to_model_version(found: Any) -> ModelVersion:
    return ModelVersion(found.name, str(found.version), found.run_id or "")


def _datasets(inputs: Any) -> tuple[Dataset, ...]:
    found = []
    for each in inputs.dataset_inputs if inputs else ():
        context = next((tag.value for tag in each.tags if tag.key == "mlflow.data.context"), "")
        found.append(Dataset(each.dataset.name, each.dataset.digest, context))
    return tuple(found)


def _models(found: Any) -> tuple[str, ...]:
    """Those of a run; MLflow before version 3 knows none."""
    made = getattr(getattr(found, "outputs", None), "model_outputs", None) or ()
    used = getattr(found.inputs, "model_inputs", None) or ()
    return tuple(dict.fromkeys(each.model_id for each in (*made, *used)))


# Registered models, as MLflow's registry knows them.


MODELS = 20  # models with one alias that are looked at
_CLOSED = frozenset({"PERMISSION_DENIED", "ENDPOINT_NOT_FOUND", "FEATURE_DISABLED", "NOT_IMPLEMENTED"})


class Registry:
    """Asked through MLflow's client. `is_unknown`: whether an error of it says that there is no such thing."""

    def __init__(self, client: Any, is_unknown: Callable[[Exception], bool]) -> None:
        self._client = client
        self._is_unknown = is_unknown

    def versions(self, model: str, alias: str, version: str) -> list[ModelVersion]:
        """As RunSource.versions."""
        try:
            if model and version:
                return [to_model_version(self._client.get_model_version(model, version))]
            if model:
                return [to_model_version(self._client.get_model_version_by_alias(model, alias))]
        except Exception as error:
            if self._is_unknown(error):
                return []
            raise
        registered = every_page(self._client.search_registered_models)
        held = [(each.name, each.aliases[alias]) for each in registered if alias in (each.aliases or {})]
        return [to_model_version(self._client.get_model_version(name, str(number))) for name, number in held[:MODELS]]

    def made_by(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """The versions that these runs made; none where the registry cannot be searched, or not by us."""
        quoted = ",".join(f"'{run_id}'" for run_id in run_ids)
        try:
            found = every_page(self._client.search_model_versions, f"run_id IN ({quoted})")
        except Exception as error:
            if self._is_unknown(error) or getattr(error, "error_code", "") in _CLOSED:
                return []
            raise
        return [to_model_version(each) for each in found]


# MLflow's answers come in pages.


PAGE_SIZE = 1_000


def every_page(search: Callable[..., Any], *words: Any) -> list[Any]:
    """What is on all of them."""
    found: list[Any] = []
    token = None
    while True:
        page = search(*words, max_results=PAGE_SIZE, page_token=token)
        found.extend(page)
        token = page.token
        if not token:
            return found
