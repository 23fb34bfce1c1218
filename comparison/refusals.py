"""What went wrong at MLflow, as a problem and a remedy. Matched on codes and kinds of error, never on texts."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from comparison.errors import TrackingUnavailable

_CHECK = "Whoever runs the bot can find out with `mlcompare check`."
_AGAIN = "Try again in a minute; if it stays so, tell whoever runs MLflow."
_BY_CODE = {
    "UNAUTHENTICATED": ("did not accept the bot's credentials (401)", _CHECK),
    "CUSTOMER_UNAUTHORIZED": ("did not accept the bot's credentials (401)", _CHECK),
    "PERMISSION_DENIED": ("does not let the bot see this (403)", "Ask whoever runs MLflow to let the bot read it."),
    "ENDPOINT_NOT_FOUND": ("does not know what it was asked (404): it may not be MLflow, or very old", _CHECK),
    "NOT_FOUND": ("does not know what it was asked (404): it may not be MLflow, or very old", _CHECK),
    "RESOURCE_DOES_NOT_EXIST": ("does not know what it was asked (404): it may not be MLflow, or very old", _CHECK),
    "REQUEST_LIMIT_EXCEEDED": ("is being asked too much (429)", _AGAIN),
    "RESOURCE_EXHAUSTED": ("is being asked too much (429)", _AGAIN),
    "TEMPORARILY_UNAVAILABLE": ("is not available right now (503)", _AGAIN),
    "DEADLINE_EXCEEDED": ("gave up on its own answer (504)", _AGAIN),
}
_BY_KIND = (  # of the errors of requests, the most telling first
    ("SSLError", "could not be reached safely: its certificate is not trusted here", _CHECK),
    ("ProxyError", "could not be reached: the proxy refused", _CHECK),
    ("InvalidURL", "has an address that is no address", "Set MLFLOW_TRACKING_URI to a whole URL."),
    ("MissingSchema", "has an address that is no address", "Set MLFLOW_TRACKING_URI to a whole URL."),
    ("InvalidSchema", "has an address that is no address", "Set MLFLOW_TRACKING_URI to a whole URL."),
    ("JSONDecodeError", "did not answer as MLflow does: what came was not JSON", _CHECK),
    ("ParseError", "did not answer as MLflow does: what came was not its JSON", _CHECK),
    ("ChunkedEncodingError", "hung up in the middle of its answer", _AGAIN),
    ("ConnectionError", "could not be reached: nothing answers there, or it hung up", _AGAIN),
    ("OperationalError", "could not open its database", _CHECK),
    ("DatabaseError", "could not read its database", _CHECK),
)


def too_slow(server: str, seconds: float) -> TrackingUnavailable:
    """No answer within the deadline."""
    return TrackingUnavailable(f"{server} did not answer within {seconds:g} s.", remedy=_AGAIN)


def unavailable(error: BaseException, server: str, seconds: float) -> TrackingUnavailable | None:
    """What an error of MLflow's client means for the person; None for one that is a fault of ours.

    `server` is how the server is called in the text; no text of the error is repeated, since it may hold credentials.
    """
    kinds = [name for each in _chain(error) for name in _kinds(each)]
    if any(name in ("Timeout", "TimeoutError") for name in kinds):
        return too_slow(server, seconds)
    for kind, problem, remedy in _BY_KIND:
        if kind in kinds:
            return TrackingUnavailable(f"{server} {problem}.", remedy=remedy)
    code = getattr(error, "error_code", "")
    if not code:
        return None
    problem, remedy = _BY_CODE.get(code, ("failed to answer (500)", _AGAIN))
    return TrackingUnavailable(f"{server} {problem}.", remedy=remedy)


def shown(tracking_uri: str) -> str:
    """How a server is called in texts: its host at most, never a path, a name or a password."""
    try:
        parts = urlsplit(tracking_uri)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "MLflow"
    return f"MLflow at {host}{port}" if parts.scheme in ("http", "https") and host else "MLflow"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _kinds(error: BaseException) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]
