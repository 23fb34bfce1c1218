"""Stores that are opened without a server: a database is left as it is, and of files no more is read than is asked."""

import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from comparison.tracking.searches import ASKING

# Whether MLflow opens a database without changing it: it upgrades an older one by itself, and there is no way back.


_SQLITE = "sqlite"
_WAITS = 5.0  # seconds, for another program that writes
_OURS = frozenset({"experiments", "runs"})  # tables that every MLflow store has


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database holds: its tables, and the revisions that it says it is at."""

    tables: frozenset[str]
    revisions: tuple[str, ...]


def sqlite_path(uri: str) -> str:
    """The file that an SQLite address names; "" for another address, or a database in memory."""
    scheme, _, rest = uri.partition("://")
    if scheme.partition("+")[0] != _SQLITE or not rest.startswith("/"):
        return ""
    path = rest[1:].partition("?")[0].removeprefix("file:")
    return "" if path == ":memory:" else path


def read_schema(path: str) -> Schema | None:
    """The schema of an SQLite file, which is only read; None where there is no file. Raises what SQLite raises."""
    if not Path(path).exists():
        return None
    with _opened(path) as database:
        tables = frozenset(name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = database.execute("SELECT version_num FROM alembic_version") if "alembic_version" in tables else ()
        return Schema(tables, tuple(revision for (revision,) in rows))


def schema_trouble(
    schema: Schema | None, head: str, known: Collection[str], version: str, name: str
) -> tuple[str, str]:
    """Why MLflow `version` must not open a database with this schema, and what to do; "" twice where it may.

    `head` is its own revision, `known` are all that it can upgrade from; `name` is how the database is called.
    """
    if schema is None or not schema.tables - {"alembic_version"} or schema.revisions == (head,):
        return "", ""
    if not schema.tables >= _OURS:
        return "keeps its runs in a database that is no MLflow store", "Set MLFLOW_TRACKING_URI to the one that is."
    if schema.revisions and not set(schema.revisions) <= set(known):
        return (
            f"keeps its runs in a database of a newer MLflow than the one beside the bot, {version}",
            "Install the same MLflow beside the bot.",
        )
    return (
        f"keeps its runs in a database of an older MLflow than the one beside the bot, {version}",
        f"The bot does not change it. Back it up, then run `mlflow db upgrade {name}`.",
    )


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAITS)) as database:
        yield database


# Searches in a store of files that read no more of each run than the question is about.
# MLflow's own read every file of every run for each question: minutes, for some thousands of runs.


PAGE = 40  # runs, at most: each is some dozens of files
META = "meta.yaml"
RESERVED = frozenset({"tags", "datasets", "traces", "models"})  # folders of an experiment that are no runs
_PLAIN = re.compile(r"(\w+): ('\d+'|[\w./+-]+(?: [\w./+-]+)*|'')?")  # what YAML would read otherwise is in quotes
_UNASKED = frozenset({"source_name", "entry_point_name", "source_version", "tags"})
_STATUSES = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}


class Language(Protocol):
    """MLflow's filters and orders, on anything that looks like its runs (`mlflow.utils.search_utils.SearchUtils`)."""

    def filter(self, runs: list[Any], where: str) -> list[Any]: ...

    def sort(self, runs: list[Any], order_by: Sequence[str]) -> list[Any]: ...

    def paginate(self, runs: list[Any], page_token: Any, max_results: int) -> tuple[list[Any], Any]: ...


@dataclass(frozen=True, slots=True)
class Info:
    """What filters and orders know of a run beside what it logged."""

    run_id: str
    run_name: str
    status: str
    start_time: int
    end_time: int | None
    user_id: str
    artifact_uri: str
    lifecycle_stage: str
    experiment_id: str


class Logged:
    """Values by name, read when they are asked for: one file each."""

    def __init__(self, folder: Path, read: Callable[[str], Any]) -> None:
        self._folder = folder
        self._read = read

    def get(self, name: str, default: Any = None) -> Any:
        """The value; `default` where there is none, or it cannot be read. No name leads out of the folder."""
        if ".." in Path(name).parts or Path(name).is_absolute():
            return default
        try:
            return self._read((self._folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return default


@dataclass(frozen=True)
class Data:
    metrics: Logged
    params: Logged
    tags: Logged


class Candidate:
    """A run in its folder, looking like MLflow's as far as its filters look."""

    def __init__(self, folder: Path, info: Info, whole: Callable[[Path], Any]) -> None:
        self.folder = folder
        self.info = info
        self._whole = whole

    @cached_property
    def data(self) -> Data:
        return Data(
            Logged(self.folder / "metrics", last_value),
            Logged(self.folder / "params", str),
            Logged(self.folder / "tags", str),
        )

    @property
    def inputs(self) -> Any:
        return self._whole(self.folder).inputs


class Page(list[Any]):
    """Runs as MLflow's client gives them, and where the next page begins."""

    token: Any = None


@dataclass
class FileSearch:
    """Stands in for MLflow's client where runs are searched.

    `find` tells the folder of an experiment, None: there is none. `read` makes MLflow's run of a folder; `info` what is
    known of one whose `meta.yaml` takes a reader of YAML, None: it cannot be read.
    """

    language: Language
    find: Callable[[str], str | None]
    read: Callable[[Path], Any]
    info: Callable[[Path], Any]
    matches: Callable[[Any, str], bool]  # whether a view shows runs of this stage
    _known: dict[Path, tuple[int, Info]] = field(default_factory=dict)

    def search_runs(  # noqa: PLR0913 -- as MLflow's
        self,
        experiment_ids: Sequence[str],
        where: str,
        *,
        max_results: int,
        order_by: Sequence[str],
        page_token: Any,
        run_view_type: Any = 1,
    ) -> Page:
        found = [
            each
            for experiment_id in experiment_ids
            for each in self._runs(experiment_id)
            if self.matches(run_view_type, each.info.lifecycle_stage)
        ]
        fitting = self.language.sort(self.language.filter(found, where), list(order_by))
        some, token = self.language.paginate(fitting, page_token, min(max_results, PAGE))
        page = Page()
        for each in some:
            _check()
            page.append(self.read(each.folder))
        page.token = token
        return page

    def _runs(self, experiment_id: str) -> Iterator[Candidate]:
        home = self.find(experiment_id)
        for folder in Path(home).iterdir() if home else ():
            _check()
            info = None if folder.name in RESERVED else self._info(folder)
            if info is not None and info.experiment_id == experiment_id:
                yield Candidate(folder, info, self.read)

    def _info(self, folder: Path) -> Info | None:
        """What its meta.yaml says, read again when that was written again; None where there is none."""
        meta = folder / META
        try:
            changed = meta.stat().st_mtime_ns
            known = self._known.get(folder)
            if known is not None and known[0] == changed:
                return known[1]
            text = meta.read_text("utf-8")
        except OSError:
            return None
        info = self._read_info(folder, text)
        if info is not None:
            self._known[folder] = (changed, info)
        return info

    def _read_info(self, folder: Path, text: str) -> Info | None:
        fields = _plainly(text)
        if fields is None:
            info = self.info(folder)
            if info is None:
                return None
            fields = {name: getattr(info, name) for name in Info.__slots__}
        name = fields.get("run_name") or Logged(folder / "tags", str).get("mlflow.runName", "")
        return Info(
            run_id=fields["run_id"],
            run_name=name,
            status=fields["status"],
            start_time=fields["start_time"] or 0,
            end_time=fields["end_time"],
            user_id=fields.get("user_id") or "",
            artifact_uri=fields.get("artifact_uri") or "",
            lifecycle_stage=fields["lifecycle_stage"],
            experiment_id=fields["experiment_id"],
        )


def last_value(text: str) -> float:
    """The value of the last step, and of that the last moment, as MLflow has it. Raises ValueError where none is."""
    logged = []
    for line in text.splitlines():
        parts = line.split()
        if parts:
            logged.append((int(parts[2]) if len(parts) == 3 else 0, int(parts[0]), float(parts[1])))
    return max(logged)[2]


def _plainly(text: str) -> dict[str, Any] | None:
    """What MLflow wrote, where it is as plain as it nearly always is; None where a reader of YAML is needed."""
    fields: dict[str, Any] = {}
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        if name in _UNASKED:
            continue
        if name == "artifact_uri":
            fields[name] = value.strip("'\"")
        elif (found := _PLAIN.fullmatch(line)) is None:
            return None
        else:
            fields[name] = "" if found[2] in (None, "null") else found[2].strip("'")
    try:
        return {
            **fields,
            "status": _STATUSES[fields["status"]],
            "start_time": _number(fields["start_time"]),
            "end_time": _number(fields["end_time"]),
            "experiment_id": str(fields["experiment_id"]),
            "run_id": fields.get("run_id") or fields["run_uuid"],
            "lifecycle_stage": fields["lifecycle_stage"],
        }
    except (KeyError, ValueError):
        return None


def _number(text: str) -> int | None:
    return int(text) if text else None


def _check() -> None:
    budget = ASKING.get()
    if budget is not None:
        budget.check()
