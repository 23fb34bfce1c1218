"""What MLflow answers, as our own: values of what its client brings, or what went wrong as a problem and a remedy."""

import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from comparison.channel_defaults import read_tolerance
from comparison.errors import TrackingUnavailable
from comparison.runs import GOING_ON, Dataset, Experiment, Goal, Metric, Run, Status, is_moment, is_pruned
from comparison.tracking.source import History, ModelVersion, history_of

# Values: runs, experiments, model versions, traces.


GOAL_TAG = "mlcompare.goal."
GOALS_TAG = "mlcompare.goals"  # several, also by patterns, which no tag's name can hold: score_*: higher, ls_*: lower
TOLERANCE_TAG = "mlcompare.tolerance"
MARGIN_TAG = "mlcompare.margin."
EXAMPLES_TAG = "mlcompare.examples"
EXAMPLE_TABLE = "eval_results_table.json"  # as `mlflow.evaluate` calls it
MOST_TABLE_BYTES = 20_000_000
_YES = frozenset({"on", "yes", "true", "1"})
METRIC_TAG = "mlcompare.metric"
BASELINE_TAG = "mlcompare.baseline"
_STATUSES = frozenset(Status) - {Status.PRUNED}
_GOALS = frozenset(Goal)
TRACES_IN_PAGE = 500  # the most that MLflow gives at once
MOST_TRACES = 5_000  # of one run that are read


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


def _status(text: str, tags: Mapping[str, str]) -> Status:
    status = Status(text) if text in _STATUSES else Status.UNKNOWN
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
    return Experiment(
        found.experiment_id,
        found.name,
        goals,
        primary,
        baseline,
        tags.get(EXAMPLES_TAG, "").strip().casefold() in _YES,
        tolerances=_tolerances(tags),
        margins=_margins(tags),
    )


def _margins(tags: Mapping[str, str]) -> dict[str, float]:
    """By metric, in its unit, from `mlcompare.margin.<metric>`; what is no positive number sets none."""
    found: dict[str, float] = {}
    for tag, value in tags.items():
        if tag.startswith(MARGIN_TAG):
            try:
                margin = float(value)
            except ValueError:
                continue
            if 0 < margin < math.inf:
                found[tag.removeprefix(MARGIN_TAG)] = margin
    return found


def _tolerances(tags: Mapping[str, str]) -> dict[str, float]:
    """Tolerances from `mlcompare.tolerance` and `mlcompare.tolerance.<metric>`; unreadable values say nothing."""
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
    """Models of a run; MLflow before version 3 knows none."""
    made = getattr(getattr(found, "outputs", None), "model_outputs", None) or ()
    used = getattr(found.inputs, "model_inputs", None) or ()
    return tuple(dict.fromkeys(each.model_id for each in (*made, *used)))


def trace_table(traces: Sequence[Any]) -> bytes | None:
    """A table in the form of `eval_results_table.json`, of traces of MLflow; None where none was assessed.

    Of several assessments of one name the last that holds counts. One that failed, or is a list or a map, is no value.
    """
    assessed = [_assessed(each.info.assessments or ()) for each in traces]
    names = list(dict.fromkeys(name for values in assessed for name in values))
    if not names:
        return None
    rows = [
        [each.info.request_preview, each.info.response_preview, *(values.get(name) for name in names)]
        for each, values in zip(traces, assessed, strict=True)
    ]
    return json.dumps({"columns": ["request", "response", *names], "data": rows}).encode()


def _assessed(assessments: Iterable[Any]) -> dict[str, Any]:
    """By name what a trace was found to be, or expected to."""
    found = {}
    for each in sorted(assessments, key=lambda each: each.last_update_time_ms or each.create_time_ms or 0):
        answer = each.feedback or each.expectation
        is_value = answer is not None and isinstance(answer.value, bool | int | float | str)
        if is_value and getattr(each, "valid", None) is not False and getattr(answer, "error", None) is None:
            found[each.name] = answer.value
    return {name: value for name, value in found.items() if name not in {"request", "response"}}


# Histories of one metric for many runs at once: how many points to ask for, and what an answer in bulk proves.


RUNS_IN_BULK = 100  # that one request takes
POINTS_IN_BULK = 2_500  # of each run in one answer, the most that MLflow gives
ALL_IN_BULK = 80_000  # points in one answer: 14 MB of MLflow's JSON
ROWS_OF_OLDER = 25_000  # that servers before 3.15 read for one answer, however many there are
FIRST_STEP, LAST_STEP = -(2**62), 2**62  # a range that holds every step: without one, negative steps are left out
SAMPLE = 50  # steps of each run in a sample


def points_for(runs: int) -> int:
    """How many points of each of so many runs to ask for, so that one answer is not too large."""
    return max(20, min(POINTS_IN_BULK, ALL_IN_BULK // max(runs, 1)))


def read_bulk(rows: Sequence[Mapping[str, Any]], most: int) -> dict[str, History]:
    """By run id, what an answer of MLflow's interval call holds; runs of which it holds nothing are absent.

    Servers before 3.15 sample the steps of all runs together, later ones those of each run. Either way an answer is
    whole where fewer steps came than were asked for, over all runs, and no run brought as many points.
    """
    points: dict[str, list[tuple[int, float, int]]] = {}
    for row in rows:
        point = (int(row.get("step", 0)), _number(row["value"]), int(row["timestamp"]))
        points.setdefault(str(row["run_id"]), []).append(point)
    steps = {point[0] for each in points.values() for point in each}
    is_whole = len(steps) < most and len(rows) < ROWS_OF_OLDER
    return {run_id: history_of(each, is_complete=is_whole and len(each) < most) for run_id, each in points.items()}


def read_samples(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Metric]]:
    """By run id, the points of an answer of MLflow's interval call."""
    found: dict[str, list[Metric]] = {}
    for row in rows:
        point = Metric(_number(row["value"]), int(row.get("step", 0)), int(row["timestamp"]))
        found.setdefault(str(row["run_id"]), []).append(point)
    return {run_id: by_step(points) for run_id, points in found.items()}


def by_step(points: Iterable[Metric]) -> list[Metric]:
    """The points by step, those of one step by time."""
    return sorted(points, key=lambda each: (each.step, each.logged_at))


def _number(value: Any) -> float:
    """A number as MLflow writes it in JSON: NaN is text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


# Errors, as a problem and a remedy. Matched on codes and kinds of error, never on their texts.


_CHECK = "Whoever runs the bot can find out with `mlcompare check`."
_AGAIN = "Try again in a minute; if it stays so, tell whoever runs MLflow."
_MORE_TIME = f"{_AGAIN} Whoever runs the bot can give it more time with MLCOMPARE_MLFLOW_TIMEOUT."
_ADDRESS = "Set MLFLOW_TRACKING_URI to a whole URL, such as http://mlflow.example.com:5000."
_NOT_MLFLOW = ("did not answer as MLflow does: what came was not its JSON", _CHECK)
_UNKNOWN_PATH = ("does not know what it was asked (404): it may not be MLflow, or very old", _CHECK)
_NO_WORKSPACE = (
    "does not have what it was asked for (404): MLFLOW_WORKSPACE may name a workspace that is not there",
    _CHECK,
)
_DENIED = ("does not let the bot see this (403)", "Ask whoever runs MLflow to let the bot read it.")
_UNAUTHENTICATED = ("did not accept the bot's credentials (401)", _CHECK)
_TOO_MUCH = ("is being asked too much (429)", _AGAIN)
_BY_CODE = {
    "FEATURE_DISABLED": (
        "has no workspaces, and MLFLOW_WORKSPACE names one",
        "Leave MLFLOW_WORKSPACE out where the bot runs.",
    ),
    "UNAUTHENTICATED": _UNAUTHENTICATED,
    "CUSTOMER_UNAUTHORIZED": _UNAUTHENTICATED,
    "PERMISSION_DENIED": _DENIED,
    "ENDPOINT_NOT_FOUND": _UNKNOWN_PATH,
    "NOT_FOUND": _UNKNOWN_PATH,
    "RESOURCE_DOES_NOT_EXIST": _UNKNOWN_PATH,
    "REQUEST_LIMIT_EXCEEDED": _TOO_MUCH,
    "RESOURCE_EXHAUSTED": _TOO_MUCH,
    "TEMPORARILY_UNAVAILABLE": ("is not available right now (503)", _AGAIN),
    "DEADLINE_EXCEEDED": ("gave up on its own answer (504)", _AGAIN),
    "BAD_REQUEST": ("did not take what it was asked (400): it may not be MLflow, or very old", _CHECK),
}
_INTERNAL = 500  # the status of a server that failed
_BY_STATUS = {
    429: _TOO_MUCH,
    502: ("is not available right now: what stands before it got no answer (502)", _AGAIN),
    503: ("is not available right now (503)", _AGAIN),
    504: ("is not available right now: what stands before it got no answer in time (504)", _AGAIN),
}
_BY_KIND = (  # of our own, of requests and of databases, the most telling first
    ("NobodyWaits", "", ""),
    ("TooMuch", "answers with more than can be read for one answer", "Name an experiment, or fewer runs."),
    ("ProxyError", "could not be reached: the proxy refused", _CHECK),
    ("NameResolutionError", "could not be reached: no machine of that name is known here", _CHECK),
    ("SSLError", "could not be reached safely: its certificate is not trusted here, or it speaks no TLS", _CHECK),
    ("NewConnectionError", "could not be reached: nothing answers there", _AGAIN),
    ("Timeout", "", ""),
    ("TimeoutError", "", ""),
    ("InvalidUrlException", "has an address that is no address", _ADDRESS),
    ("InvalidURL", "has an address that is no address", _ADDRESS),
    ("MissingSchema", "has an address that is no address", _ADDRESS),
    ("InvalidSchema", "has an address that is no address", _ADDRESS),
    ("LocationValueError", "has an address that is no address", _ADDRESS),
    ("TooManyRedirects", "sends the bot in circles: it may want a log-in", _CHECK),
    ("JSONDecodeError", *_NOT_MLFLOW),
    ("ParseError", *_NOT_MLFLOW),
    ("ChunkedEncodingError", "hung up in the middle of its answer", _AGAIN),
    ("IncompleteRead", "hung up in the middle of its answer", _AGAIN),
    ("ConnectionError", "hung up before it answered", _AGAIN),
    ("OperationalError", "could not open or read its database", _CHECK),
    ("DatabaseError", "could not read its database", _CHECK),
    ("PermissionError", "keeps its runs where the bot may not read or write", _CHECK),
    ("FileNotFoundError", "keeps its runs in a folder that is not there", _CHECK),
)
_WHY = {  # of the codes of SQLite and the states of PostgreSQL
    "SQLITE_BUSY": "another program has locked it",
    "SQLITE_LOCKED": "another program has locked it",
    "SQLITE_READONLY": "the bot may not write there, and MLflow writes when it opens a database",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_PERM": "the bot may not read the file",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the disk failed",
    "SQLITE_NOTADB": "the file is no SQLite database",
    "SQLITE_CORRUPT": "the file is damaged",
    "28": "its name or password is not accepted",
    "3D": "there is no database of that name",
    "42": "a table is missing, or may not be read",
    "53": "it has no room for another connection",
    "57": "it is shutting down or starting",
}
_HOST_AND_PORT = re.compile(r"(localhost|[\w-]+(\.[\w-]+)+):\d+(/.*)?")
_SECRETS = re.compile(r"://[^/\s'\"]*@")


@dataclass(frozen=True, slots=True)
class TrackingServer:
    """Where MLflow is: how it is called in texts, whether it is asked over HTTP, and how long it is waited for."""

    name: str
    is_remote: bool
    seconds: float


def too_slow(server: TrackingServer) -> TrackingUnavailable:
    """No answer within the deadline."""
    return _error(server.name, f"did not answer within {server.seconds:g} s", _MORE_TIME)


def not_mlflow(server: TrackingServer) -> TrackingUnavailable:
    """Something answered, but not as MLflow does."""
    return _error(server.name, *_NOT_MLFLOW)


def too_often(metric: str, most: int) -> TrackingUnavailable:
    """A history that is longer than anybody waits for."""
    return TrackingUnavailable(
        f"{metric} was logged more than {most:,} times: too often to be read for one answer.",
        remedy="Compare the last values: say nothing of best or of a step.",
    )


def unopened(server: TrackingServer, problem: str, remedy: str) -> TrackingUnavailable:
    """A store that is left as it is."""
    return _error(server.name, problem, remedy)


def unavailable(error: BaseException, server: TrackingServer) -> TrackingUnavailable | None:
    """What an error of MLflow's client means for the person; None for one that is a fault of ours.

    No text of a server is repeated: it may hold credentials, or a page of HTML.
    """
    chain = list(_chain(error))
    kinds = {name for each in chain for name in _kinds(each)}
    for kind, problem, remedy in _BY_KIND:
        if kind in kinds:
            why = _why(chain) if kind in ("OperationalError", "DatabaseError") else ""
            return _error(server.name, f"{problem}{why}", remedy) if problem else too_slow(server)
    status = next(filter(None, map(_last_status, chain)), None)
    if status is not None:
        return _error(server.name, *_BY_STATUS.get(status, (f"failed to answer ({status})", _AGAIN)))
    return _of_code(error, server, is_remote_answer="RestException" in kinds)


def _of_code(error: BaseException, server: TrackingServer, *, is_remote_answer: bool) -> TrackingUnavailable | None:
    """What an error of MLflow's own means: by its code, or where it was raised."""
    code = getattr(error, "error_code", "")
    if not code:
        return None if server.is_remote or not _is_of_mlflow(error) else _unreadable(error, server)
    if code == "INTERNAL_ERROR" and not server.is_remote:
        return _unreadable(error, server)
    if code == "INTERNAL_ERROR" and not is_remote_answer:
        return not_mlflow(server)
    if code == "RESOURCE_DOES_NOT_EXIST" and is_remote_answer:
        return _error(server.name, *_NO_WORKSPACE)
    return _error(server.name, *_BY_CODE.get(code, ("failed to answer", _AGAIN)))


def unusable(error: BaseException, server: TrackingServer, tracking_uri: str) -> TrackingUnavailable | None:
    """Why MLflow's client does not take an address at all; None for a fault of ours."""
    if _HOST_AND_PORT.fullmatch(tracking_uri.strip()):
        return _error("MLflow", "has an address that says no protocol", _ADDRESS)
    if isinstance(error, ModuleNotFoundError):
        driver = error.name or "its driver"
        return _error(
            "MLflow", f"keeps its runs in a database that needs {driver}", f"Install {driver} beside the bot."
        )
    kinds = _kinds(error)
    if "UnsupportedModelRegistryStoreURIException" in kinds:
        return _error("MLflow", "does not know addresses of this kind", _ADDRESS)
    if "MlflowException" in kinds and tracking_uri.partition(":")[0] in ("file", tracking_uri):
        return _error(
            "MLflow",
            "does not read folders of files any more",
            "Move it into a database with `mlflow migrate-filestore`, or set MLFLOW_ALLOW_FILE_STORE=true.",
        )
    return unavailable(error, server)


def shown_address(tracking_uri: str) -> str:
    """How a server is called in texts: its host at most, never a path, a name or a password."""
    try:
        parts = urlsplit(tracking_uri)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "MLflow"
    return f"MLflow at {host}{port}" if parts.scheme in ("http", "https") and host else "MLflow"


def _error(server: str, problem: str, remedy: str, outline: str = "") -> TrackingUnavailable:
    return TrackingUnavailable(f"{server} {problem}.", remedy=remedy, outline=f"MLflow {outline or problem}.")


def _unreadable(error: BaseException, server: TrackingServer) -> TrackingUnavailable:
    return _error(server.name, f"cannot be read: {_own_words(error)}", _CHECK, outline="cannot be read")


def _is_of_mlflow(error: BaseException) -> bool:
    """Whether MLflow's code raised it, or code that it called: a store in this process may hold anything."""
    traceback = error.__traceback__
    while traceback is not None:
        if str(traceback.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "mlflow":
            return True
        traceback = traceback.tb_next
    return False


def _why(chain: list[BaseException]) -> str:
    """What the database gives as the reason, by its code: its text may hold addresses and names."""
    for error in chain:
        code = str(getattr(error, "sqlite_errorname", "") or "")
        state = str(getattr(error, "sqlstate", "") or "")
        for known, why in _WHY.items():
            if code == known or code.startswith(f"{known}_") or state[:2] == known:
                return f": {why}"
    return ""


def _own_words(error: BaseException) -> str:
    """What MLflow's code in this process says of its store: it is written for people, and often the remedy."""
    line = " ".join(str(error).split())[:400]
    return _SECRETS.sub("://", line).rstrip(".")


def is_internal_error(error: BaseException) -> bool:
    """Whether a server answered 500: it failed, and may not when it is asked again."""
    return any(_last_status(each) == _INTERNAL for each in _chain(error))


def _last_status(error: BaseException) -> int | None:
    """The status that urllib3 gave up on: kept only in a sentence, whose pattern is an attribute of the error."""
    pattern = getattr(error, "SPECIFIC_ERROR", None)
    if not isinstance(pattern, str):
        return None
    found = re.fullmatch(re.escape(pattern).replace(re.escape("{status_code}"), r"(\d{3})"), str(error))
    return int(found[1]) if found else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it came from, and the reasons that urllib3 keeps in it."""
    seen: set[int] = set()
    rest: list[object] = [error]
    while rest:
        each = rest.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            rest += [each.__cause__, each.__context__, getattr(each, "reason", None)]


def _kinds(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]
