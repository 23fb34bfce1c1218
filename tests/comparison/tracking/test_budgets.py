"""Every read from MLflow is bounded: in time, in bytes and in values; and it stops when nobody waits any more."""

import json
import socket
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from statistics import median

import pytest
from mlflow import MlflowClient

from comparison.compare import ask
from comparison.errors import RunNotFound, TrackingUnavailable
from comparison.language.parser import parse
from comparison.library import MlflowRuns
from comparison.queries.run_lists import top_runs
from comparison.queries.standup import standup
from comparison.tracking.mlflow import answer_within
from comparison.tracking.searches import (
    ALL,
    FIRST,
    GROWTH,
    MOST,
    PAGE,
    Budget,
    NobodyWaits,
    Question,
    TooMuch,
    page_size,
)
from tests.logged import log_run, new_experiment
from tests.mlflow_proxy import Fault
from tests.mlflow_store import new_store

JSON = "application/json"
WIDE = 1_500  # metrics of a run
INTO_RUNS = """INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,
    end_time, source_version, lifecycle_stage, artifact_uri, experiment_id)
    VALUES (?, ?, 'UNKNOWN', '', '', 'ada', 'FINISHED', ?, ?, '', 'active', 'file:///nowhere', ?)"""
INTO_TAGS = "INSERT INTO tags (key, value, run_uuid) VALUES ('mlflow.runName', ?, ?)"
INTO_LATEST = "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)"
INTO_METRICS = "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)"
POINTS = 52_000  # three pages of a history
MANY = 25_100  # two pages
RUNS = 15  # two pages of wide runs


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    settings = {}
    answer_within(10, settings)
    for name, value in {**settings, "MLFLOW_DISABLE_TELEMETRY": "true"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """The address of a store: 15 runs that each logged 1,500 metrics; one that logged a loss 25,100 times."""
    path = tmp_path_factory.mktemp("wide") / "mlflow.db"
    experiment = new_experiment(MlflowClient(new_store(path.parent)), "wide")
    now = int(time.time() * 1000)
    with closing(sqlite3.connect(path)) as database, database:
        for number in range(RUNS):
            run, ended = f"{number + 1:032x}", now - (RUNS - number) * 60_000
            database.execute(INTO_RUNS, (run, f"wide-{number:02d}", ended - 50_000, ended, experiment))
            database.execute(INTO_TAGS, (f"wide-{number:02d}", run))
            values = ((f"val/class_{each:04d}/ap", (number * 7 % RUNS) / RUNS, ended, 1, run) for each in range(WIDE))
            database.executemany(INTO_LATEST, values)
        long = "f" * 32
        database.execute(INTO_RUNS, (long, "long", 1, now - 9 * 86_400_000, experiment))
        database.execute(INTO_TAGS, ("long", long))
        database.executemany(INTO_METRICS, (("loss", 1 / (step + 1), step, step, long) for step in range(MANY)))
        database.execute(INTO_LATEST, ("loss", 1 / MANY, MANY - 1, MANY - 1, long))
    return f"sqlite:///{path}"


class Pages:
    """MLflow's client, with word of how many runs each search asked for and brought."""

    def __init__(self, client):
        self._client = client
        self.asked = []
        self.brought = []

    def search_runs(self, *words, max_results, **more):
        page = self._client.search_runs(*words, max_results=max_results, **more)
        self.asked.append(max_results)
        self.brought.append(len(page))
        return page


@contextmanager
def counted(uri, **more):
    source = MlflowRuns(uri, **more)
    source._searches._client = Pages(source._searches._client)
    yield source, source._searches._client


def test_large_runs_come_in_small_pages_and_small_ones_in_large_pages():
    assert page_size(None, None) == FIRST
    assert page_size(WIDE, None) == PAGE // WIDE == 10
    assert page_size(15, None) == MOST
    assert page_size(15, FIRST) == FIRST * GROWTH
    assert page_size(10**9, 3) == 1
    assert page_size(15, None, 7) == 7


def test_a_budget_is_over_when_its_time_is_or_when_nobody_waits():
    now = [0.0]
    budget = Budget(10.0, lambda: now[0])
    budget.check()
    budget.spent = ALL + 1
    with pytest.raises(TooMuch):
        budget.check()
    now[0] = 11.0
    with pytest.raises(NobodyWaits):
        budget.check()
    given_up = Budget(10.0, lambda: 0.0)
    given_up.give_up()
    assert given_up.is_over


def test_no_page_of_wide_runs_is_large_and_all_of_them_come(wide):
    with counted(wide, timeout=100.0) as (source, pages):
        assert len(source.newest(limit=RUNS)) == RUNS
        assert max(pages.brought) <= 10
        pages.asked.clear()
        assert len(source.newest(limit=12)) == 12
        assert max(pages.asked) <= 10  # known from before


def test_a_typo_among_wide_runs_brings_near_names_without_fetching_many(wide):
    with counted(wide, timeout=60.0) as (source, pages):
        with pytest.raises(RunNotFound) as refused:
            source.find("wide-O7")
        assert refused.value.near[0].startswith("wide-")
        assert max(pages.brought) <= 10


def test_a_typo_is_refused_in_time_however_slow_the_suggestions_are(wide):
    source = MlflowRuns(wide, timeout=100.0)
    source.newest(limit=10)
    began = time.monotonic()
    with pytest.raises(RunNotFound, match="no run called wide-O7"):
        source.find("wide-O7")
    assert time.monotonic() - began < 60.0  # of the deadline a third, and little for the name itself


@pytest.mark.parametrize("said", ["standup since 24h", "top 3 by val/class_0007/ap"])
def test_quick_answers_on_wide_runs_fetch_few_at_once(wide, said):
    request = parse(said)
    with counted(wide, timeout=100.0) as (source, pages):
        (standup if said.startswith("standup") else top_runs)(request, source, now=datetime.now(UTC))
        assert max(pages.brought) <= 12  # the run with one metric makes all look a little smaller


@pytest.fixture(scope="module")
def logged(mlflow_server):
    """An experiment of 25 runs, and the id of a run with a long history."""
    client = MlflowClient(mlflow_server.url)
    home = new_experiment(client)
    for number in range(25):
        log_run(client, home, f"run {number}", {"acc": number / 25}, started=1_000 + number)
    with closing(sqlite3.connect(mlflow_server.folder / "mlflow.db")) as database, database:
        run = log_run(client, home, "long")
        database.executemany(INTO_METRICS, (("loss", 1 / (step + 1), step, step, run) for step in range(POINTS)))
    return home, run


@pytest.fixture
def behind(logged, mlflow_proxy):
    """A source behind the proxy, the experiment and the run."""
    home, run = logged

    def make(timeout):
        source = MlflowRuns(mlflow_proxy.url, timeout=timeout)
        source.get([run])
        mlflow_proxy.reset()
        return source

    return make, home, run


def test_what_came_in_time_is_told_with_word_that_there_is_more(behind, mlflow_proxy):
    make, home, _ = behind
    source = make(4.0)
    mlflow_proxy.delay = 2.5
    part = source.part(experiment_ids=[home], limit=200)
    assert (len(part.runs), part.is_cut) == (10, True)
    mlflow_proxy.delay = 5.0
    with pytest.raises(TrackingUnavailable) as refused:
        source.part(experiment_ids=[home], limit=200)
    assert "MLCOMPARE_MLFLOW_TIMEOUT" in refused.value.remedy


def test_a_long_history_is_not_read_on_after_its_refusal(behind, mlflow_proxy):
    make, _, run = behind
    source = make(3.0)
    mlflow_proxy.delay = 2.0
    with pytest.raises(TrackingUnavailable, match="did not answer within 3 s"):
        source.history(run, "loss")
    time.sleep(3.0)
    assert len([asked for asked in mlflow_proxy.requests if "get-history" in asked.target]) <= 2  # of three pages


def test_a_history_that_is_too_long_says_so_and_what_to_do(wide):
    source = MlflowRuns(wide, timeout=100.0)
    assert len(source.history("f" * 32, "loss")) == MANY
    source._history_limit = 25_000
    with pytest.raises(TrackingUnavailable) as refused:
        ask(parse("long vs wide-01 by loss best"), source)
    assert refused.value.problem.startswith("loss was logged more than 25,000 times")
    assert "last values" in refused.value.remedy


def test_an_answer_that_is_too_large_is_not_read(behind, mlflow_proxy):
    make, home, run = behind
    source = make(60.0)
    mlflow_proxy.fault = Fault(200, '{"x": "' + "y" * 20_000_000 + '"}', JSON)
    for question in (lambda: source.newest(experiment_ids=[home]), lambda: source.get([run])):
        with pytest.raises(TrackingUnavailable, match="more than can be read"):
            question()


def test_an_answer_that_trickles_is_given_up_with_its_connection():
    hung_up = threading.Event()

    def trickle(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{")
            try:
                while True:
                    connection.sendall(b" ")
                    time.sleep(0.05)
            except OSError:
                hung_up.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=trickle, args=(listener,), daemon=True).start()
        source = MlflowRuns(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=1.0)
        began = time.monotonic()
        with pytest.raises(TrackingUnavailable, match="did not answer within 1 s"):
            source.experiments()
        assert time.monotonic() - began < 10.0
        assert hung_up.wait(15.0)


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="only Linux lets a program acknowledge at once")
def test_an_answer_in_two_parts_is_not_waited_for_40_ms():
    """As `mlflow server` with several workers sends it: the body when the head was acknowledged."""

    def serve(listener):
        connection, _ = listener.accept()
        told = json.dumps({"experiment": {"experiment_id": "1", "name": "one", "lifecycle_stage": "active"}}).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(told)}\r\n\r\n".encode()
        with connection:
            for _ in range(30):
                connection.recv(65_536)
                connection.sendall(head)
                connection.sendall(told)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        source = MlflowRuns(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=10.0)
        took = []
        for _ in range(30):
            began = time.monotonic()
            assert source.state_of("1").experiment.name == "one"
            took.append(time.monotonic() - began)
    assert median(took) < 0.04, took


def test_more_values_than_one_answer_may_hold_are_refused_with_what_to_do(wide):
    source = MlflowRuns(wide, timeout=100.0)
    budget = Budget(time.monotonic() + 100.0, time.monotonic, spent=ALL)
    with pytest.raises(TooMuch):
        source._searches.search(Question("", 40), (), budget)
    error = source._refusal(TooMuch())
    assert "more than can be read" in error.problem
    assert error.remedy == "Name an experiment, or fewer runs."
