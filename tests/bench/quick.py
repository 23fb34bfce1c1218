"""Quick answers on a store of 100,000 runs in 50 experiments: requests, time and the server's CPU, beside MLflow's own call.

A machine that others use makes single times long: of what is asked again the least of several is told, and the CPU.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from comparison.language.parser import parse
from comparison.queries.run_lists import failed_runs, running_runs, show_run, top_runs
from comparison.queries.standup import standup
from comparison.reports.run_lists import failed_report, running_report, show_report, top_report
from comparison.reports.standup import standup_report
from comparison.request import Standup
from comparison.tracking.mlflow import MlflowSource, answer_within
from tests.bench.big_store import make
from tests.mlflow_proxy import MlflowProxy
from tests.mlflow_server import running_mlflow

FOLDER = Path(".mlcompare/bench")
EXPERIMENTS = 50
AGAIN = 5  # times that a question is asked again
STILL_RUNNING = 20
_ANSWERS: dict[str, tuple[Callable[..., Any], Callable[[Any], Any]]] = {
    "Standup": (standup, standup_report),
    "Running": (running_runs, running_report),
    "Failed": (failed_runs, failed_report),
    "Top": (top_runs, top_report),
    "Show": (show_run, show_report),
}


@dataclass(frozen=True)
class Measured:
    """Seconds, requests and seconds of the server's CPU, asked for the first time and again.

    `plain` are the seconds of MLflow's own call.
    """

    words: str
    first: float
    again: float
    requests: tuple[int, int]
    cpu: tuple[float, float]
    plain: float
    call: str


def measure(folder: Path = FOLDER) -> Iterator[Measured]:
    """Each quick answer, from words to a worded report."""
    from mlflow import MlflowClient

    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    answer_within(120, os.environ)
    folder = folder.resolve()  # the server runs elsewhere
    uri = make(folder)
    now = _with_running(folder / Path(uri).name)
    with (
        TemporaryDirectory() as scratch,
        running_mlflow(Path(scratch), uri) as server,
        MlflowProxy(server.url) as proxy,
    ):
        source = MlflowSource(proxy.url, timeout=120)
        client = MlflowClient(server.url)
        for metric in ("val_accuracy", "f1_score"):  # a server at work has read its files before
            source.search(f"metrics.{metric} > 2", limit=1)
        process = psutil.Process(server.process.pid)
        for words, call, ask_plainly in _cases(now):
            plain = _timed(lambda ask=ask_plainly: ask(client))
            yield _measured(words, source, proxy, process, now, (plain, call))
        ready = MlflowSource(proxy.url, timeout=120)
        standup(Standup(), ready, now=now)  # for nobody, as the bot does before it says that it is ready
        words, call, ask_plainly = _cases(now)[0]
        asked = _measured(words, ready, proxy, process, now, (_timed(lambda: ask_plainly(client)), call))
        yield replace(asked, words=f"{words}, of a bot that is ready")


def _measured(  # noqa: PLR0917 -- what is asked, where, and beside what
    words: str,
    source: MlflowSource,
    proxy: MlflowProxy,
    server: psutil.Process,
    now: datetime,
    beside: tuple[float, str],
) -> Measured:
    times, requests, cpu = [], [], []
    for _ in range(1 + AGAIN):
        proxy.reset()
        before = _cpu(server)
        times.append(_timed(lambda: _answer(words, source, now)))
        cpu.append(_cpu(server) - before)
        requests.append(len(proxy.requests))
    again = (min(times[1:]), max(requests[1:]), min(cpu[1:]))
    return Measured(words, times[0], again[0], (requests[0], again[1]), (cpu[0], again[2]), *beside)


def _cpu(server: psutil.Process) -> float:
    """Seconds of CPU that a server and its workers have used."""
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _with_running(path: Path) -> datetime:
    """Lets the newest runs be running still; tells a moment after the last end."""
    with sqlite3.connect(path) as db:
        missing = STILL_RUNNING - db.execute("SELECT COUNT(*) FROM runs WHERE status = 'RUNNING'").fetchone()[0]
        db.execute(
            "UPDATE runs SET status = 'RUNNING', end_time = NULL WHERE run_uuid IN "
            "(SELECT run_uuid FROM runs WHERE status != 'RUNNING' ORDER BY start_time DESC LIMIT ?)",
            (max(missing, 0),),
        )
        last = db.execute("SELECT MAX(end_time) FROM runs").fetchone()[0]
    db.close()
    return datetime.fromtimestamp(last / 1000 + 60, UTC)


def _cases(now: datetime) -> list[tuple[str, str, Callable[[Any], object]]]:
    everywhere = [str(number) for number in range(1, EXPERIMENTS + 1)]
    day = int((now.timestamp() - 86_400) * 1000)

    def search(where: str, limit: int, ids: list[str] = everywhere, order: str = "") -> Callable[[Any], object]:
        return lambda client: client.search_runs(ids, where, max_results=limit, order_by=[order] if order else None)

    ended = f"attributes.end_time > {day}"
    return [
        ("standup since 24h", "all that ended, no best", search(ended, 1000)),
        ("standup since 24h in team-07", "all that ended, no best", search(ended, 1000, ["7"])),
        ("top 5 by f1_score in team-03", "sorted by the metric", search("", 5, ["3"], "metrics.f1_score DESC")),
        ("running", "status = RUNNING", search("attributes.status = 'RUNNING'", 100)),
        ("failed since 24h", "status = FAILED", search(f"{ended} AND attributes.status = 'FAILED'", 100)),
        ("show latest", "sorted by end", search("", 1, everywhere, "attributes.end_time DESC")),
    ]


def _answer(words: str, source: MlflowSource, now: datetime) -> None:
    request = parse(words)
    ask, word = _ANSWERS[type(request).__name__]
    report = word(ask(request, source, now=now))
    assert report.summary


def _timed(ask: Callable[[], object]) -> float:
    begin = time.perf_counter()
    ask()
    return time.perf_counter() - begin
