"""MLflow, behind the small promise of RunSource. Nothing else imports mlflow."""

import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotInTime
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import mlflow
from mlflow.entities import LifecycleStage, ViewType
from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR,
    MLFLOW_HTTP_REQUEST_BACKOFF_JITTER,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER,
    MLFLOW_REGISTRY_URI,
    MLFLOW_WORKSPACE,
)
from mlflow.exceptions import MlflowException, RestException
from mlflow.utils import request_utils
from mlflow.utils.rest_utils import http_request, verify_rest_response
from mlflow.utils.search_utils import SearchUtils

from comparison.concurrency import DaemonThreads, retry_on_race, side_by_side
from comparison.errors import FilterRefused, RequestError, TrackingUnavailable
from comparison.runs import Experiment, Metric, Run
from comparison.tracking.activity import ActivityCache
from comparison.tracking.cache import ExperimentCache, PointsCache, SingleFlight
from comparison.tracking.leaders import ChampionCache, LeaderCache
from comparison.tracking.local_store import FileSearch, Schema, read_schema, schema_trouble, sqlite_path
from comparison.tracking.mlflow_answers import (
    EXAMPLE_TABLE,
    FIRST_STEP,
    LAST_STEP,
    MOST_TABLE_BYTES,
    MOST_TRACES,
    RUNS_IN_BULK,
    SAMPLE,
    TRACES_IN_PAGE,
    TrackingServer,
    by_step,
    not_mlflow,
    points_for,
    read_bulk,
    read_samples,
    shown_address,
    to_experiment,
    to_metric,
    too_often,
    too_slow,
    trace_table,
    unavailable,
    unopened,
    unusable,
)
from comparison.tracking.searches import (
    ASKING,
    Budget,
    NobodyWaits,
    Question,
    Registry,
    RunSearches,
    SearchResult,
    TooMuch,
    beginning_with,
    ended_question,
    every_page,
    in_chunks,
    is_id,
    newest_first,
    read_in_pieces,
)
from comparison.tracking.source import (
    Activity,
    ExperimentState,
    History,
    ModelVersion,
    Part,
    Ranking,
    Recent,
    history_of,
    is_text,
)
from comparison.tracking.visibility import READABLE, Permissions, read_grants, without_grant

SIDE_BY_SIDE = 64  # questions to MLflow at once
OPENS_WITHIN = 60.0  # seconds, for a file: MLflow makes the tables of a new database when it is first opened
AS_LONG_AS = 3  # questions in a row may take together as long as so many, each at its deadline
POINTS = 25_000  # values of a history in one answer, the most that MLflow gives
MOST_POINTS = 250_000  # values of a history that are read
_DATABASES = frozenset({"postgresql", "mysql", "sqlite", "mssql"})
_NOT_THERE = "RESOURCE_DOES_NOT_EXIST"
_NOT_VALID = "INVALID_PARAMETER_VALUE"
_NO_MODELS = ("ENDPOINT_NOT_FOUND", "NOT_FOUND", "NOT_IMPLEMENTED", "FEATURE_DISABLED")
_BULK = "/api/2.0/mlflow/metrics/get-history-bulk-interval"
_GRANTS = "/api/3.0/mlflow/users/permissions/list"
_PERMISSION = "/api/3.0/mlflow/users/permissions/get"
_MODELS = 8  # of one run that are asked what was measured on them
_Answer = TypeVar("_Answer")


class MlflowSource:
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
        self._server = TrackingServer(shown_address(uri), is_remote, timeout)
        self._clock = clock
        self._executor = DaemonThreads(SIDE_BY_SIDE, "mlflow")
        self._client = self._connected(uri)
        self._catalogue = ExperimentCache(
            self._all_experiments, self._one_experiment, DaemonThreads(1, "mlflow-list"), clock
        )
        self._is_files = not is_remote and uri.partition(":")[0] in ("file", uri)
        searched = _file_search(self._client) if self._is_files else self._client
        self._searches = RunSearches(searched, self._catalogue, timeout, clock)
        self._registry = Registry(self._client, self._is_unknown)
        self._memory = LeaderCache(clock)
        self._champions = ChampionCache(clock)
        self._activities = ActivityCache(clock)
        self._history_limit = MOST_POINTS
        self._histories: PointsCache[History] = PointsCache()
        self._samples: PointsCache[list[Metric]] = PointsCache()
        self._flights = SingleFlight(self._executor, self._fly)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._server.name})"

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        budget = self._budget()
        flights = [self._flights.start(run_id) for run_id in run_ids]
        return [self._flown(run_id, flight, budget) for run_id, flight in zip(run_ids, flights, strict=True)]

    def with_prefix(self, prefix: str, *, experiment_ids: Sequence[str] = (), limit: int = 10) -> list[Run]:
        if not (prefix.isascii() and prefix.isalnum()):
            return []
        question = Question(beginning_with(prefix), limit, ViewType.ALL)
        if experiment_ids:
            return self._in_time(lambda budget: self._searches.pages(question, experiment_ids, budget))
        deleted = self._deleted_experiments
        return self._in_time(lambda budget: self._searches.everywhere(question, deleted, budget))

    def called(
        self, name: str, *, experiment_ids: Sequence[str] = (), limit: int = 50, deleted: bool = False
    ) -> list[Run]:
        view = ViewType.DELETED_ONLY if deleted else None
        question = Question(is_text("attributes.run_name", name), limit, view)
        found = self._in_time(lambda budget: self._searches.search(question, experiment_ids, budget))
        return [run for run in found if run.name == name]

    def newest(self, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        return self.search("", experiment_ids=experiment_ids, limit=limit)

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        return self._in_time(lambda budget: self._searches.search(Question(where, limit), experiment_ids, budget))

    def part(
        self,
        where: str = "",
        *,
        experiment_ids: Sequence[str] = (),
        limit: int = 50,
        ended: bool = False,
        share: float = 1.0,
    ) -> Part:
        question = ended_question(where, limit) if ended else Question(where, limit)
        came, budget = SearchResult(), self._budget(share)
        try:
            found = self._ask(lambda _: self._searches.search(question, experiment_ids, budget, came), budget)
        except (NotInTime, NobodyWaits, TooMuch) as error:
            found = list(came.runs)
            if not found:
                raise self._refusal(error) from error
        except Exception as error:
            raise self._refusal(error) from error
        return Part(tuple(newest_first(found, ended=ended)), came.has_more)

    def ended(self, where: str = "", *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        question = ended_question(where, limit)
        found = self._in_time(lambda budget: self._searches.search(question, experiment_ids, budget))
        return newest_first(found, ended=True)

    def ended_after(self, moment_ms: int, *, experiment_ids: Sequence[str], limit: int = 5000) -> Part:
        found = self._searches.ended_after(moment_ms, experiment_ids, limit, self._in_time)
        return Part(tuple(found.runs), found.has_more)

    def undated(self, begun_after: int, *, experiment_ids: Sequence[str] = (), limit: int = 200) -> list[Run]:
        ids = experiment_ids or tuple(each.experiment_id for each in self.experiments())
        *short, whole = self._searches.without_dated(begun_after, ids, limit)
        for where in short:
            with suppress(FilterRefused):
                return self._undated(where, ids, limit)
        return self._undated(whole, ids, limit)

    def _undated(self, where: str, experiment_ids: Sequence[str], limit: int) -> list[Run]:
        newest = self.part(where, experiment_ids=experiment_ids, limit=limit)
        return [run for run in newest.runs if run.ended_at is None]

    def activity(self, since_ms: int, *, experiment_ids: Sequence[str] = (), anew: bool = False) -> Activity:
        known = () if experiment_ids else tuple(each.experiment_id for each in self.experiments())
        found = self._activities.activity(since_ms, experiment_ids, self, known_ids=known, anew=anew)
        if not found.is_remembered:
            return found
        ended, finished, ill = self._in_time(
            lambda _budget: [*map(self._of_experiments_now, (found.ended, found.finished, found.ill))]
        )
        return replace(found, ended=ended, finished=finished, ill=ill)

    def _of_experiments_now(self, part: Part) -> Part:
        """The same runs, their experiments as they are known now: what those are called says who may see them."""
        runs = (replace(run, experiment=self._catalogue.one(run.experiment.experiment_id)) for run in part.runs)
        return replace(part, runs=tuple(runs))

    def deleted_runs(self, where: str, *, experiment_ids: Sequence[str], limit: int) -> Part:
        """Runs that fit the filter and were deleted, like RememberedSource."""
        question, came = Question(where, limit, ViewType.DELETED_ONLY), SearchResult()
        found = self._in_time(lambda budget: self._searches.pages(question, experiment_ids, budget, came))
        return Part(tuple(found), came.has_more)

    def running(self, *, experiment_ids: Sequence[str], limit: int = 1000) -> list[Run]:
        return self.search("attributes.status = 'RUNNING'", experiment_ids=experiment_ids, limit=limit)

    def these(self, run_ids: Sequence[str]) -> list[Run]:
        chunks = self._side_by_side(lambda ids, budget: self._searches.these(ids, ViewType.ALL, budget), run_ids)
        known = {run.run_id: run for runs in chunks for run in runs}
        return [known[run_id] for run_id in dict.fromkeys(run_ids) if run_id in known]

    def fitting(self, where: str, run_ids: Sequence[str]) -> set[str]:
        try:
            found = self._side_by_side(lambda ids, budget: self._searches.fitting(where, ids, budget), run_ids)
            return set().union(*found)
        except FilterRefused:
            self.search(where, limit=1)  # refused in words about this filter alone
            raise

    def leaders(self, ranking: Ranking, *, count: int = 1) -> tuple[Run, ...]:
        ids = ranking.experiment_ids or tuple(each.experiment_id for each in self.experiments())
        within = _Hurried(self, self._clock() + AS_LONG_AS * self._server.seconds, self._clock)
        return self._memory.leaders(replace(ranking, experiment_ids=ids), within, count)

    def champions(self, ranking: Ranking, recent: Recent) -> dict[str, Run]:
        within = _Hurried(self, self._clock() + AS_LONG_AS * self._server.seconds, self._clock)
        return self._champions.champions(ranking, recent, within)

    def known_champions(self, ranking: Ranking) -> tuple[str, ...]:
        return self._champions.known(ranking)

    def versions(self, *, model: str = "", alias: str = "", version: str = "") -> list[ModelVersion]:
        return self._in_time(lambda budget: self._registry.versions(model, alias, version, budget))

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        return [each for chunk in self._side_by_side(self._registry.made_by, run_ids) for each in chunk]

    def history(self, run_id: str, metric: str, *, most: int | None = None) -> list[Metric]:
        read = self._in_time(lambda budget: self._points(run_id, metric, budget, most))
        return by_step(read)

    def samples_of(self, runs: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, list[Metric]]]:
        seen: dict[tuple[str, str], list[Metric]] = {}
        chunks: list[tuple[str, list[Run]]] = []
        for metric, each in runs.items():
            unique = {run.run_id: run for run in each}
            known = {run_id: self._samples.get(run, metric) for run_id, run in unique.items()}
            seen |= {(metric, run_id): points for run_id, points in known.items() if points is not None}
            wanted = [run for run_id, run in unique.items() if known[run_id] is None]
            chunks += [(metric, wanted[at : at + RUNS_IN_BULK]) for at in range(0, len(wanted), RUNS_IN_BULK)]
        asks = [partial(self._sampled, [run.run_id for run in chunk], metric) for metric, chunk in chunks]
        answers = side_by_side([partial(self._in_time, ask) for ask in asks])
        for (metric, chunk), answer in zip(chunks, answers, strict=True):
            for run in chunk:
                if run.run_id in answer:
                    self._samples.put(run, metric, answer[run.run_id])
                    seen[metric, run.run_id] = answer[run.run_id]
        return {
            metric: {run.run_id: seen[metric, run.run_id] for run in each if (metric, run.run_id) in seen}
            for metric, each in runs.items()
        }

    def histories_of(
        self, runs: Sequence[Run], metric: str, *, exact: bool = True, share: float = 1.0
    ) -> dict[str, History]:
        unique = {run.run_id: run for run in runs}
        known = {run_id: past for run_id, run in unique.items() if (past := self._histories.get(run, metric))}
        wanted = [run_id for run_id in unique if run_id not in known]
        until = self._clock() + self._server.seconds * share
        chunks = [wanted[start : start + RUNS_IN_BULK] for start in range(0, len(wanted), RUNS_IN_BULK)]
        answers = [
            (budget, self._executor.submit(self._within, budget, partial(self._bulk, chunk, metric)))
            for chunk in chunks
            for budget in [Budget(until, self._clock)]
        ]
        found = {run_id: past for budget, each in answers for run_id, past in self._wait(each, budget).items()}
        if exact:
            found |= self._whole([run_id for run_id, past in found.items() if not past.is_complete], metric, until)
        for run_id, past in found.items():
            if past.is_complete:
                self._histories.put(unique[run_id], metric, past)
        return {run_id: (known | found)[run_id] for run_id in unique if run_id in known or run_id in found}

    def evaluations(self, run: Run) -> dict[str, list[Metric]]:
        budget = self._budget()
        answers = [
            self._executor.submit(self._within, budget, partial(self._model_metrics, model))
            for model in run.models[:_MODELS]
        ]
        found: dict[str, list[Metric]] = {}
        for each in (each for answer in answers for each in self._wait(answer, budget)):
            if each.run_id == run.run_id and each.dataset_name:
                found.setdefault(each.key, []).append(to_metric(each))
        return found

    def example_table(self, run: Run, *, share: float = 1.0) -> bytes | None:
        budget = self._budget(share)
        answer = self._executor.submit(self._within, budget, lambda budget: self._example_table(run, budget))
        return self._wait(answer, budget)

    def state_of(self, experiment_id: str) -> ExperimentState | None:
        return self._in_time(lambda _budget: self._state_of(experiment_id))

    def experiments(self) -> tuple[Experiment, ...]:
        return self._in_time(lambda _budget: self._catalogue.active())

    def permissions_of(self, user: str) -> Permissions | None:
        """What an MLflow user may read, like PermissionSource."""
        return self._in_time(lambda _budget: self._permissions_of(user))

    def _permissions_of(self, user: str) -> Permissions | None:
        try:
            answer = self._ask_auth(_GRANTS, {"username": user})
        except RestException as error:
            if error.error_code == _NOT_THERE:
                return None
            raise
        if not isinstance(answer.get("permissions"), list):
            raise not_mlflow(self._server)
        grants = read_grants(answer["permissions"], MLFLOW_WORKSPACE.get() or "default")
        is_admin = answer.get("is_admin") is True
        other = "" if is_admin else without_grant(grants, (each.experiment_id for each in self._catalogue.active()))
        if not other:
            return Permissions(grants, is_admin)
        query = {"username": user, "resource_type": "experiment", "resource_id": other}
        default = self._ask_auth(_PERMISSION, query).get("permission")
        return Permissions(grants, is_admin, default in READABLE)

    def _ask_auth(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        """Raises what MLflow raises; a server without users of its own does not know the path."""
        if not self._server.is_remote:
            raise TrackingUnavailable("A store without a server has no users.", remedy="Leave MLCOMPARE_PEOPLE out.")
        creds = self._client._tracking_client.store.get_host_creds()  # noqa: SLF001 -- its client has no such call
        response = verify_rest_response(http_request(creds, path, "GET", params=params), path)
        return dict(response.json())

    def names(self, limit: int = 10) -> list[str]:
        """What the newest runs are called, each once."""
        return list(dict.fromkeys(run.name for run in self.newest(limit=5 * limit)))[:limit]

    def _connected(self, uri: str) -> Any:
        """MLflow's client: for a database that is already a question to it."""
        connecting = self._executor.submit(self._opened, uri)
        seconds = max(self._server.seconds, OPENS_WITHIN if uri.startswith("sqlite:") else 0.0)
        try:
            return connecting.result(seconds)
        except NotInTime as error:
            raise too_slow(replace(self._server, seconds=seconds)) from error
        except RequestError:
            raise
        except Exception as error:
            refusal = unusable(error, self._server, uri)
            if refusal is None:
                raise
            raise refusal from error

    def _opened(self, uri: str) -> Any:
        """MLflow's client, of a database that it will not change."""
        for each in filter(None, (uri, MLFLOW_REGISTRY_URI.get())):
            if each.partition(":")[0].partition("+")[0] in _DATABASES:
                problem, remedy = _trouble_of_schema(each)
                if problem:
                    raise unopened(self._server, problem, remedy)
        return mlflow.MlflowClient(uri)

    def _flown(self, run_id: str, flight: Future[Run | None], budget: Budget) -> Run | None:
        """What the flight brought; a new one is started where another asker gave up on it before it left."""
        while True:
            try:
                return self._wait(flight, budget)
            except CancelledError:
                flight = self._flights.start(run_id)

    def _fly(self, run_id: str) -> Run | None:
        return self._within(self._budget(), lambda _budget: self._get(run_id))

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

    def _points(self, run_id: str, metric: str, budget: Budget, most: int | None) -> list[Metric]:
        """The history page by page: MLflow's client has no way to stop between them, its store has."""
        ask = self._client._tracking_client.store.get_metric_history  # noqa: SLF001 -- see above
        size = most or (self._history_limit if self._is_files else POINTS)
        read: list[Metric] = []
        token = None
        while True:
            budget.check()
            page = ask(run_id, metric, max_results=size, page_token=token)
            read.extend(to_metric(each) for each in page)
            token = page.token
            if not token or (most is not None and len(read) >= most):
                return read[:most]
            if len(read) >= self._history_limit:
                raise too_often(metric, self._history_limit)

    def _bulk(self, run_ids: Sequence[str], metric: str, budget: Budget) -> dict[str, History]:
        """Their histories in one answer, each no longer than it may be; page by page where there is no such call."""
        most = points_for(len(run_ids))
        if not self._server.is_remote:
            return self._from_store(run_ids, metric, most, budget)
        rows = self._rows(run_ids, metric, most)
        if rows is None:
            return {run_id: past for run_id in run_ids if len(past := self._read(run_id, metric, budget))}
        return read_bulk(rows, most)

    def _sampled(self, run_ids: Sequence[str], metric: str, budget: Budget) -> dict[str, list[Metric]]:
        """Some of what each logged: steps spread over all where a server has a call for that, else the first."""
        rows = self._rows(run_ids, metric, SAMPLE) if self._server.is_remote else None
        if rows is not None:
            return read_samples(rows)
        found = {run_id: by_step(self._points(run_id, metric, budget, SAMPLE)) for run_id in run_ids}
        return {run_id: points for run_id, points in found.items() if points}

    def _rows(self, run_ids: Sequence[str], metric: str, most: int) -> Sequence[Mapping[str, Any]] | None:
        """What these runs logged of a metric at `most` steps of each; None where the server has no such call."""
        params = {
            "run_ids": list(run_ids),
            "metric_key": metric,
            "max_results": most,
            "start_step": FIRST_STEP,
            "end_step": LAST_STEP,
        }
        creds = self._client._tracking_client.store.get_host_creds()  # noqa: SLF001 -- its client has no such call
        try:
            response = verify_rest_response(http_request(creds, _BULK, "GET", params=params), _BULK)
        except MlflowException as error:
            if error.error_code not in _NO_MODELS:
                raise
            return None
        rows: Sequence[Mapping[str, Any]] = response.json().get("metrics") or ()
        return rows

    def _from_store(self, run_ids: Sequence[str], metric: str, most: int, budget: Budget) -> dict[str, History]:
        """As `_bulk`, where no server stands between: all of each history, or some of it where it is too long."""
        found = {}
        for run_id in run_ids:
            try:
                past = self._read(run_id, metric, budget)
            except TrackingUnavailable:
                store = self._client._tracking_client.store  # noqa: SLF001 -- as above
                some = store.get_metric_history_bulk_interval([run_id], metric, most, None, None)
                past = history_of(((each.step, each.value, each.timestamp) for each in some), is_complete=False)
            if len(past):
                found[run_id] = past
        return found

    def _read(self, run_id: str, metric: str, budget: Budget) -> History:
        """All of a history; empty where there is none, or no such run. Raises TrackingUnavailable: it is too long."""
        try:
            points = self._points(run_id, metric, budget, None)
        except MlflowException as error:
            if self._is_unknown(error):
                return history_of(())
            raise
        return history_of((each.step, each.value, each.logged_at) for each in points)

    def _whole(self, run_ids: Sequence[str], metric: str, until: float) -> dict[str, History]:
        """The whole histories of these, read side by side; without those that are too long or do not come in time."""
        budgets = [Budget(until, self._clock) for _ in run_ids]
        answers = [
            self._executor.submit(self._within, budget, partial(self._read, run_id, metric))
            for run_id, budget in zip(run_ids, budgets, strict=True)
        ]
        found = {}
        for run_id, budget, each in zip(run_ids, budgets, answers, strict=True):
            with suppress(TrackingUnavailable, NobodyWaits, TooMuch):
                found[run_id] = self._wait(each, budget)
        return found

    def _side_by_side(self, ask: Callable[[Sequence[str], Budget], _Answer], run_ids: Sequence[str]) -> list[_Answer]:
        """Asks one question for each chunk of the ids."""
        budgets = [(chunk, self._budget()) for chunk in in_chunks(run_ids)]
        answers = [
            (self._executor.submit(self._within, budget, partial(ask, chunk)), budget) for chunk, budget in budgets
        ]
        return [self._wait(each, budget) for each, budget in answers]

    def _in_time(self, ask: Callable[[Budget], _Answer]) -> _Answer:
        budget = self._budget()
        return self._wait(self._executor.submit(self._within, budget, ask), budget)

    def _ask(self, ask: Callable[[Budget], _Answer], budget: Budget) -> _Answer:
        """Asks like `_in_time`, and raises what went wrong as it was raised."""
        answer = self._executor.submit(self._within, budget, ask)
        try:
            return answer.result(max(0.0, budget.until - self._clock()))
        finally:
            budget.give_up()
            answer.cancel()

    def _budget(self, share: float = 1.0) -> Budget:
        return Budget(self._clock() + self._server.seconds * share, self._clock)

    def _within(self, budget: Budget, ask: Callable[[Budget], _Answer]) -> _Answer:
        """What is asked, by MLflow's client in this thread, held to the budget."""
        if self._server.is_remote:
            _guard_transport()
        asking = ASKING.set(budget)
        try:
            return retry_on_race(lambda: ask(budget))
        finally:
            ASKING.reset(asking)

    def _wait(self, answer: Future[_Answer], budget: Budget) -> _Answer:
        try:
            return answer.result(max(0.0, budget.until - self._clock()))
        except Exception as error:
            answer.cancel()
            budget.give_up()
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> Exception:
        """What the error means for the person; the error itself where it is one already, or a fault of ours."""
        if isinstance(error, NotInTime):
            return too_slow(self._server)
        if isinstance(error, MlflowException) and error.error_code == _NOT_VALID and self._is_own(error):
            return FilterRefused(
                f"MLflow does not take this filter: {_first_line(error)}",
                remedy="Filters look like this:",
                example="where params.lr = '0.1' and metrics.accuracy > 0.9",
            )
        refusal = None if isinstance(error, RequestError) else unavailable(error, self._server)
        return refusal or error

    def _model_metrics(self, model_id: str, _budget: Budget) -> list[Any]:
        """What was logged of a model; nothing where it is gone, or the server does not know of models."""
        try:
            return list(self._client.get_logged_model(model_id).metrics or ())
        except MlflowException as error:
            if self._is_unknown(error) or error.error_code in _NO_MODELS:
                return []
            raise

    def _example_table(self, run: Run, budget: Budget) -> bytes | None:
        found = next((each for each in self._client.list_artifacts(run.run_id) if each.path == EXAMPLE_TABLE), None)
        if found is None or found.is_dir:
            return trace_table(self._traces(run, budget))
        if (found.file_size or 0) > MOST_TABLE_BYTES:
            return None
        with TemporaryDirectory() as folder:
            return Path(self._client.download_artifacts(run.run_id, EXAMPLE_TABLE, folder)).read_bytes()

    def _traces(self, run: Run, budget: Budget) -> list[Any]:
        """The traces of a run in the order they began, without their spans; none where the server knows of none."""
        found: list[Any] = []
        token = None
        while len(found) < MOST_TRACES:
            budget.check()
            try:
                page = self._client.search_traces(
                    locations=[run.experiment.experiment_id],
                    run_id=run.run_id,
                    max_results=min(TRACES_IN_PAGE, MOST_TRACES - len(found)),
                    order_by=["timestamp_ms ASC"],
                    page_token=token,
                    include_spans=False,
                )
            except MlflowException as error:
                if self._is_unknown(error) or error.error_code in _NO_MODELS:
                    return []
                raise
            found += page
            token = page.token
            if not token:
                break
        return found

    def _is_own(self, error: MlflowException) -> bool:
        """Whether it is MLflow that says so: over HTTP its own errors come as JSON, those of other pages do not."""
        return isinstance(error, RestException) or not self._server.is_remote

    def _is_unknown(self, error: Exception) -> bool:
        """Whether MLflow says that there is no such thing."""
        known = isinstance(error, MlflowException) and error.error_code in (_NOT_THERE, _NOT_VALID)
        return known and self._is_own(error)

    def _all_experiments(self) -> tuple[Experiment, ...]:
        found = self._listed(ViewType.ACTIVE_ONLY)
        found.sort(key=lambda each: each.last_update_time or 0, reverse=True)
        return tuple(to_experiment(each) for each in found)

    def _deleted_experiments(self) -> list[str]:
        return [each.experiment_id for each in self._listed(ViewType.DELETED_ONLY)]

    def _listed(self, view: Any) -> list[Any]:
        return self._within(
            self._budget(), lambda budget: every_page(self._client.search_experiments, view, budget=budget)
        )

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
        """Called as its id where MLflow has its runs and has lost, or never had, what it knew of the experiment."""
        try:
            return to_experiment(self._client.get_experiment(experiment_id))
        except MlflowException as error:
            if not self._is_unknown(error) and self._lists(experiment_id, error):
                raise
            return Experiment(experiment_id, experiment_id)

    def _lists(self, experiment_id: str, error: MlflowException) -> bool:
        """Whether MLflow lists the experiment that it failed to tell. Raises the error where it lists none."""
        try:
            return experiment_id in {each.experiment_id for each in self._all_experiments()}
        except MlflowException:
            raise error from None


@dataclass(frozen=True)
class _Hurried:
    """A source that is asked nothing more when the time for all questions together is over."""

    source: MlflowSource
    until: float
    clock: Callable[[], float]

    def get(self, run_ids: Sequence[str]) -> list[Run | None]:
        self._check()
        return self.source.get(run_ids)

    def these(self, run_ids: Sequence[str]) -> list[Run]:
        self._check()
        return self.source.these(run_ids)

    def search(self, where: str, *, experiment_ids: Sequence[str] = (), limit: int = 50) -> list[Run]:
        self._check()
        return self.source.search(where, experiment_ids=experiment_ids, limit=limit)

    def _check(self) -> None:
        if self.clock() > self.until:
            raise too_slow(self.source._server)  # noqa: SLF001 -- of the same module


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

    provider_registry = getattr(registry, "_request_header_provider_registry", None)
    providers = getattr(provider_registry, "_registry", None)
    if isinstance(providers, list):
        providers[:] = [each for each in providers if "Databricks" not in type(each).__name__ or each.in_context()]


def _file_search(client: Any) -> FileSearch:
    """Searches as MLflow's store of files makes them, without reading all of every run."""
    store = client._tracking_client.store  # noqa: SLF001 -- MLflow has no way to read a part

    def read(folder: Path) -> Any:
        return store._get_run_from_info(store._get_run_info_from_dir(str(folder)))  # noqa: SLF001 -- likewise

    def info(folder: Path) -> Any:
        with suppress(Exception):  # whatever is wrong with one run, the others are there
            return store._get_run_info_from_dir(str(folder))  # noqa: SLF001 -- likewise

    return FileSearch(SearchUtils, store._get_experiment_path, read, info, LifecycleStage.matches_view_type)  # noqa: SLF001 -- likewise


def _guard_transport() -> None:
    """Make MLflow's HTTP session, as it is with the settings of now, read answers piece by piece (`read_in_pieces`).

    MLflow has no way to say so; where its insides are others than here, answers are read as a whole.
    """
    session = request_utils._get_request_session(  # noqa: SLF001 -- as rest_utils.http_request gets it
        MLFLOW_HTTP_REQUEST_MAX_RETRIES.get(),
        MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR.get(),
        MLFLOW_HTTP_REQUEST_BACKOFF_JITTER.get(),
        request_utils._TRANSIENT_FAILURE_RESPONSE_CODES,  # noqa: SLF001 -- likewise
        True,  # noqa: FBT003 -- likewise
        MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER.get(),
    )
    hooks = session.hooks["response"]
    if read_in_pieces not in hooks:
        hooks.append(read_in_pieces)


def _trouble_of_schema(uri: str) -> tuple[str, str]:
    """Trouble with the schema of the database at this address, like `schema_trouble`."""
    from mlflow.store import db_migrations  # noqa: PLC0415 -- takes seconds, and only databases need it
    from mlflow.store.db import utils  # noqa: PLC0415 -- likewise

    path = sqlite_path(uri)
    if path:
        schema = read_schema(path)
    elif uri.startswith("sqlite"):
        return "", ""  # in memory
    else:
        schema = _schema_on_server(utils, uri)
    known = [file.name.partition("_")[0] for file in Path(db_migrations.__path__[0]).glob("versions/*.py")]
    name = f"sqlite:///{Path(path).name}" if path else "with its address"
    return schema_trouble(schema, utils._get_latest_schema_revision(), known, mlflow.__version__, name)  # noqa: SLF001 -- MLflow has no public way


def _schema_on_server(utils: Any, uri: str) -> Schema:
    engine = utils.create_sqlalchemy_engine(uri)
    try:
        with engine.connect() as connection:
            tables = frozenset(engine.dialect.get_table_names(connection))
        revision = utils._get_schema_version(engine)  # noqa: SLF001 -- as above
    finally:
        engine.dispose()
    return Schema(tables, (revision,) if revision else ())


def _first_line(error: MlflowException) -> str:
    line = str(error.message).strip().partition("\n")[0].strip()
    return line.removeprefix(f"{_NOT_VALID}: ")[:300]
