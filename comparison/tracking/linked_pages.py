"""Pages of the MLflow UI that an address leads to: of our MLflow, and of no other that looks like it."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from comparison.tracking.mlflow_links import DATABRICKS, RUN_ID, linked_workspace, strings_in

MOST_CHARS = 8_000  # characters of an address that is read
MOST_RUNS = 20  # runs of a page that are looked at; one that names more is none of ours
_MOST_FIELDS = 100  # fields of a query
_LONGEST_NAME = 500  # characters of a model, metric or experiment
_DEFAULT = "default"  # the MLflow workspace that is meant where none is named
_PORTS = {"http": 80, "https": 443}
_INDEX = "/index.html"


class PageKind(StrEnum):
    RUN = "run"
    COMPARISON = "comparison"
    METRIC = "metric"
    EXPERIMENT = "experiment"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class LinkedPage:
    """What a page is of: ids of runs, the id of an experiment, names of metrics, a registered model and its version."""

    kind: PageKind
    runs: tuple[str, ...] = ()
    experiment: str = ""
    metrics: tuple[str, ...] = ()
    model: str = ""
    version: str = ""  # "": the newest


def linked_page(url: str, base: str) -> LinkedPage | None:
    """The page that an address leads to below `base`, the address people open MLflow at; None: it leads to none.

    Host, port and path prefix must be those of the base, and so must the MLflow workspace where one is named.
    """
    if len(url) > MOST_CHARS or not url.isprintable() or set(url) & set(" \\<>"):
        return None
    try:
        there, ours = urlsplit(url), urlsplit(base)
        is_ours = _site(there) == _site(ours) and "@" not in there.netloc
        route = _route(there, ours) if is_ours and there.hostname else None
        if route is None or (linked_workspace(url) or _DEFAULT) != (linked_workspace(base) or _DEFAULT):
            return None
        path, _, query = route.partition("?")
        fields = parse_qs(query, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None
    parts = [unquote(each) for each in path.split("/") if each]
    return _page(parts, fields) if all(len(each) <= _LONGEST_NAME for each in parts) else None


def _site(parts: SplitResult) -> tuple[str | None, int | None]:
    """Host and port; the usual port of either scheme is none, since people leave the scheme to the browser."""
    if parts.scheme not in _PORTS:
        raise ValueError(parts.scheme)
    return parts.hostname, None if parts.port == _PORTS[parts.scheme] else parts.port


def _route(there: SplitResult, ours: SplitResult) -> str | None:
    """The route of the UI and what it asks for: behind the `#`, on Databricks behind `/ml`."""
    prefix = ours.path.rstrip("/")
    if DATABRICKS.search(ours.hostname or ""):
        root = f"{prefix.removesuffix('/ml')}/ml/"
        accounts = [parse_qs(each.query, max_num_fields=_MOST_FIELDS).get("o") for each in (there, ours)]
        if not there.path.startswith(root) or accounts[0] != accounts[1]:
            return None
        return f"{there.path.removeprefix(root)}?{there.query}"
    if there.path.removesuffix(_INDEX).rstrip("/") != prefix or not there.fragment.startswith("/"):
        return None
    return there.fragment


def _page(parts: list[str], fields: dict[str, list[str]]) -> LinkedPage | None:  # noqa: PLR0911 -- one a page
    match parts:
        case ["experiments", experiment, "runs", run, *_] if RUN_ID.fullmatch(run):
            return LinkedPage(PageKind.RUN, (run.lower(),), experiment)
        case ["runs", run, *_] if RUN_ID.fullmatch(run):
            return LinkedPage(PageKind.RUN, (run.lower(),))
        case ["experiments", experiment] | ["experiments", experiment, _]:
            return LinkedPage(PageKind.EXPERIMENT, experiment=experiment)
        case ["compare-runs"]:
            runs = _runs(fields)
            return LinkedPage(PageKind.COMPARISON, runs) if len(runs) > 1 else None
        case ["metric", *name]:
            return _metric("/".join(name), fields)
        case ["models", model] | ["models", model, "versions"]:
            return LinkedPage(PageKind.MODEL, model=model)
        case ["models", model, "versions", version, *_] if version.isdecimal():
            return LinkedPage(PageKind.MODEL, model=model, version=version)
    return None


def _metric(name: str, fields: dict[str, list[str]]) -> LinkedPage | None:
    shown = _listed(fields, "plot_metric_keys") or [each.strip('"') for each in fields.get("metric", [])] or [name]
    metrics = tuple(dict.fromkeys(each for each in shown if 0 < len(each) <= _LONGEST_NAME))
    runs = _runs(fields)
    return LinkedPage(PageKind.METRIC, runs, metrics=metrics) if runs and metrics else None


def _runs(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """The runs that are named; none where they are too many."""
    found = tuple(dict.fromkeys(each.lower() for each in _listed(fields, "runs") if RUN_ID.fullmatch(each)))
    return found if len(found) <= MOST_RUNS else ()


def _listed(fields: dict[str, list[str]], name: str) -> list[str]:
    return strings_in(fields.get(name, [""])[0])
