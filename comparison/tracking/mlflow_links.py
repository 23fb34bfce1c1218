"""Addresses in the MLflow UI, made and read. The base is the address people open, not the one the bot calls."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from comparison.run_reference import Registered
from comparison.runs import Run

_RUN = re.compile(r"(?:experiments/(?P<experiment>[\w-]+)/)?runs:?/(?P<run>[0-9a-zA-Z]{20,64})(?![\w-])")
_SEVERAL = re.compile(r"(?:compare-runs|/metric)/?\?")
DATABRICKS = re.compile(r"(?:^|\.)(?:databricks\.com|azuredatabricks\.net|databricks\.us|databricks\.cn)$")
_WORKSPACE = re.compile(r"[?&](?:amp;)?workspace=([^&#\s<>|]+)")
_MODEL = re.compile(
    r"models:/(?:(?P<model>[^/]+)(?:@(?P<alias>[^@/]+)|/(?P<version>[^/]+))|(?P<logged>m-[0-9a-zA-Z]+))"
)
RUN_ID = re.compile(r"[0-9a-zA-Z]{20,64}")


def run_url(ui_url: str, run: Run) -> str:
    """The page of a run; "" when no address is known."""
    return _page(ui_url, f"experiments/{_part(run.experiment.experiment_id)}/runs/{_part(run.run_id)}")


def experiment_url(ui_url: str, experiment_id: str) -> str:
    """The page of an experiment; "" when no address is known."""
    return _page(ui_url, f"experiments/{_part(experiment_id)}")


def compare_url(ui_url: str, runs: Sequence[Run]) -> str:
    """MLflow's own comparison of these runs; "" when no address is known."""
    ids = _listed(run.run_id for run in runs)
    experiments = _listed(dict.fromkeys(run.experiment.experiment_id for run in runs))
    return _page(ui_url, f"compare-runs?runs={ids}&experiments={experiments}")


def linked_runs(url: str) -> tuple[tuple[str, str], ...]:
    """The runs a pasted address leads to, each as run id and experiment id ("" when it is not said).

    None when it leads to no run. Knows a run's page, whatever the tab, and MLflow's comparison or chart of several.
    """
    address = unquote(url)
    if several := _SEVERAL.search(address):
        return _compared(address[several.end() :])
    run = _RUN.search(address)
    return ((run["run"], run["experiment"] or ""),) if run else ()


def linked_workspace(url: str) -> str:
    """The MLflow workspace that a pasted address is of; "" when it says none."""
    named = _WORKSPACE.search(unquote(url))
    return named[1] if named else ""


def _compared(query: str) -> tuple[tuple[str, str], ...]:
    fields = parse_qs(query.replace("&amp;", "&"))
    ids = [each for each in strings_in(fields.get("runs", [""])[0]) if RUN_ID.fullmatch(each)]
    experiments = strings_in(fields.get("experiments", [""])[0])
    return tuple((each, experiments[0] if len(experiments) == 1 else "") for each in ids)


def strings_in(text: str) -> list[str]:
    """The strings of a JSON list, or of what is left of one."""
    try:
        read = json.loads(text)
    except ValueError:
        return re.findall(r"[\w-]+", text)
    return [str(each) for each in read] if isinstance(read, list) else []


def _page(ui_url: str, route: str) -> str:
    """A route of the UI behind the base. What the base asks for stays, a workspace where MLflow reads it."""
    try:
        base = urlsplit(ui_url.strip())
        host, port = base.hostname or "", base.port
    except ValueError:
        return ""
    if base.scheme not in ("http", "https") or not host:
        return ""
    name = f"[{host}]" if ":" in host else host
    site = f"{base.scheme}://{name}:{port}" if port else f"{base.scheme}://{name}"
    path = base.path.rstrip("/")
    query, workspace = _queries(base)
    if DATABRICKS.search(host):
        return _with(f"{site}{path.removesuffix('/ml')}/ml/{route}", [*query, *workspace])
    return f"{_with(f'{site}{path}/', query)}#/{_with(route, workspace)}"


def _queries(base: SplitResult) -> tuple[list[str], list[str]]:
    """What the base asks for, and the workspace, which people copy with or without the `#`; MLflow reads it behind."""
    fields = [each for each in base.query.split("&") if each]
    routed = [each for each in base.fragment.partition("?")[2].split("&") if each]
    workspace = [each for each in (*routed, *fields) if each.startswith("workspace=")]
    return [each for each in fields if each not in workspace], workspace[:1]


def _with(address: str, query: Sequence[str]) -> str:
    """The address asking for these too."""
    return f"{address}{'&' if '?' in address else '?'}{'&'.join(query)}" if query else address


def _part(text: str) -> str:
    return quote(text, safe="")


def _listed(texts: object) -> str:
    return quote(json.dumps(list(texts), separators=(",", ":")), safe="")  # type: ignore[call-overload]


def model_version(uri: str, at: int = 0) -> Registered | None:
    """What MLflow's address of a model names: `models:/name@alias`, `…/3`, `…/latest`, `…/stage`, `models:/m-<id>`."""
    found = _MODEL.fullmatch(uri.strip())
    if not found:
        return None
    model, version = (found["model"] or "").strip(), (found["version"] or "").strip()
    return Registered(found["logged"] or model, (found["alias"] or "").strip(), version, at)


# Pages of the MLflow UI that an address leads to: of our MLflow, and of no other that looks like it.


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
    return _page_of(parts, fields) if all(len(each) <= _LONGEST_NAME for each in parts) else None


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


def _page_of(parts: list[str], fields: dict[str, list[str]]) -> LinkedPage | None:  # noqa: PLR0911 -- one a page
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
    shown = _strings(fields, "plot_metric_keys") or [each.strip('"') for each in fields.get("metric", [])] or [name]
    metrics = tuple(dict.fromkeys(each for each in shown if 0 < len(each) <= _LONGEST_NAME))
    runs = _runs(fields)
    return LinkedPage(PageKind.METRIC, runs, metrics=metrics) if runs and metrics else None


def _runs(fields: dict[str, list[str]]) -> tuple[str, ...]:
    """The runs that are named; none where they are too many."""
    found = tuple(dict.fromkeys(each.lower() for each in _strings(fields, "runs") if RUN_ID.fullmatch(each)))
    return found if len(found) <= MOST_RUNS else ()


def _strings(fields: dict[str, list[str]], name: str) -> list[str]:
    return strings_in(fields.get(name, [""])[0])
