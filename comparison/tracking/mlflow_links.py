"""Addresses in the MLflow UI, made and read. The base is the address people open, not the one the bot calls."""

import json
import re
from collections.abc import Sequence
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
    query, workspace = _asked(base)
    if DATABRICKS.search(host):
        return _with(f"{site}{path.removesuffix('/ml')}/ml/{route}", [*query, *workspace])
    return f"{_with(f'{site}{path}/', query)}#/{_with(route, workspace)}"


def _asked(base: SplitResult) -> tuple[list[str], list[str]]:
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
