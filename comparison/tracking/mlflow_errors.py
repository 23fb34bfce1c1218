"""What went wrong at MLflow, as a problem and a remedy. Matched on codes and kinds of error, never on their texts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from comparison.errors import TrackingUnavailable

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
