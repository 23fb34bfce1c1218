"""MLflow when it is well, slow, denying, down or no MLflow at all: a real server behind a proxy that breaks it."""

import gc
import math
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import mlflow
import pytest
from alembic import command
from mlflow import MlflowClient
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase

from comparison.compare import ask
from comparison.errors import RequestError, RunNotFound, TrackingUnavailable
from comparison.language.parser import parse
from comparison.library import MlflowRuns
from comparison.queries.run_lists import top_runs
from comparison.resolve.runs import find_runs
from comparison.runs import Experiment
from comparison.tracking.mlflow import answer_within
from tests.logged import log_run, new_experiment
from tests.mlflow_proxy import Fault
from tests.mlflow_store import new_store

JSON = "application/json"
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    settings = {}
    answer_within(10, settings)
    for name, value in {**settings, "MLFLOW_DISABLE_TELEMETRY": "true"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def ids(mlflow_server):
    """Two runs of one experiment."""
    client = MlflowClient(mlflow_server.url)
    experiment = new_experiment(client, **{"mlcompare.goal.cost": "lower"})
    return [log_run(client, experiment, name, {"acc": [0.1, 0.3, 0.2]}) for name in ("one", "two")]


@pytest.fixture
def warm(mlflow_proxy):
    """A source that knows the experiments; nothing is counted yet."""
    source = MlflowRuns(mlflow_proxy.url)
    source.experiments()
    mlflow_proxy.reset()
    return source


def paths(proxy):
    return [asked.target.partition("?")[0].removeprefix("/api/2.0/mlflow/") for asked in proxy.requests]


# How often MLflow is asked


def test_two_runs_by_id_are_two_requests_side_by_side_and_nothing_else(warm, mlflow_proxy, ids):
    mlflow_proxy.delay = 0.6
    request = parse(f"{ids[0]} vs {ids[1]}")
    assert [side.label for side in find_runs(request.runs, warm)] == ["one", "two"]
    first, second = mlflow_proxy.requests
    assert paths(mlflow_proxy) == ["runs/get", "runs/get"]
    assert second.arrived < first.answered


def test_the_best_by_a_metric_are_four_requests_when_they_are_asked_for_again(warm, mlflow_proxy, ids):
    home = warm.get(ids)[0].experiment.name
    for _ in range(2):
        mlflow_proxy.reset()
        found = top_runs(parse(f"top 2 by acc in {home}"), warm, now=datetime.now(UTC))
        assert sorted(run.name for run in found.runs) == ["one", "two"]
    assert paths(mlflow_proxy) == ["runs/search"] * 4


def test_a_source_that_knows_nothing_yet_asks_once_for_the_experiment(mlflow_proxy, ids):
    MlflowRuns(mlflow_proxy.url).get(ids)
    assert sorted(paths(mlflow_proxy)) == ["experiments/get", "runs/get", "runs/get"]


def test_the_same_runs_asked_for_by_many_at_once_are_asked_for_once(warm, mlflow_proxy, ids):
    mlflow_proxy.delay = 0.5
    together = threading.Barrier(20)

    def ask(_):
        together.wait()
        return [run.name for run in warm.get(ids)]

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(ask, range(20)))
    assert answers == [["one", "two"]] * 20
    assert paths(mlflow_proxy) == ["runs/get", "runs/get"]


def test_experiments_are_asked_for_once_a_minute_and_never_waited_for_again(mlflow_proxy, mlflow_server):
    now = [0.0]
    source = MlflowRuns(mlflow_proxy.url, clock=lambda: now[0])
    source.experiments()
    source.experiments()
    assert paths(mlflow_proxy) == ["experiments/search"]
    mlflow_proxy.reset()
    younger = new_experiment(MlflowClient(mlflow_server.url))
    mlflow_proxy.delay, now[0] = 0.3, 61.0
    assert younger not in [each.experiment_id for each in source.experiments()]
    assert eventually(lambda: younger in [each.experiment_id for each in source.experiments()])
    assert paths(mlflow_proxy) == ["experiments/search"]


def test_a_goal_set_later_is_seen_although_only_ids_are_asked_for(mlflow_proxy, mlflow_server, ids):
    now = [0.0]
    source = MlflowRuns(mlflow_proxy.url, clock=lambda: now[0])
    experiment = source.get(ids[:1])[0].experiment
    MlflowClient(mlflow_server.url).set_experiment_tag(experiment.experiment_id, "mlcompare.goal.size", "higher")
    now[0] = 61.0
    assert eventually(lambda: "size" in source.get(ids[:1])[0].experiment.goals)


def eventually(is_so):
    until = time.monotonic() + 20
    while not is_so() and time.monotonic() < until:
        time.sleep(0.05)
    return is_so()


def test_two_hundred_askers_are_all_answered_by_an_mlflow_that_takes_a_second(warm, mlflow_proxy, ids):
    mlflow_proxy.delay = 1.0
    with ThreadPoolExecutor(200) as threads:
        answers = list(threads.map(lambda _: warm.get(ids), range(200)))
    assert {run.name for runs in answers for run in runs} == {"one", "two"}
    assert len(answers) == 200


def test_a_look_for_ended_runs_is_one_request_whatever_number_of_experiments_is_watched(warm, mlflow_proxy, ids):
    experiments = [*(str(100_000 + number) for number in range(499)), warm.get(ids)[0].experiment.experiment_id]
    mlflow_proxy.reset()
    assert len(warm.ended_after(0, experiment_ids=experiments).runs) == 2
    assert paths(mlflow_proxy) == ["runs/search"]


def test_what_ended_and_runs_is_three_requests_side_by_side_when_it_is_asked_for_again(warm, mlflow_proxy, ids):
    home = [warm.get(ids)[0].experiment.experiment_id]
    assert len(warm.activity(0, experiment_ids=home).finished.runs) == 2
    mlflow_proxy.reset()
    mlflow_proxy.delay = 0.2
    again = warm.activity(0, experiment_ids=home)
    assert (len(again.finished.runs), again.is_remembered) == (2, True)
    assert paths(mlflow_proxy) == ["runs/search"] * 3
    assert max(each.arrived for each in mlflow_proxy.requests) < min(each.answered for each in mlflow_proxy.requests)


def test_an_experiment_that_was_renamed_has_its_new_name_in_what_is_remembered(mlflow_server):
    client = MlflowClient(mlflow_server.url)
    experiment = new_experiment(client, "open/plans")
    log_run(client, experiment, "plan")
    seconds = [0.0]
    source = MlflowRuns(mlflow_server.url, clock=lambda: seconds[0])
    source.experiments()
    source.activity(0, experiment_ids=[experiment])
    client.rename_experiment(experiment, f"secret/{experiment}")
    seconds[0] = 61.0
    source.experiments()
    eventually(lambda: f"secret/{experiment}" in [each.name for each in source.experiments()])
    again = source.activity(0, experiment_ids=[experiment])
    assert again.is_remembered
    assert [run.experiment.name for run in again.finished.runs] == [f"secret/{experiment}"]


def test_named_runs_are_asked_for_by_the_hundred_side_by_side(warm, mlflow_proxy, ids):
    mlflow_proxy.delay = 0.6
    asked = [*(f"{number:032x}" for number in range(700)), *ids]
    assert [run.name for run in warm.these(asked)] == ["one", "two"]
    first, second = [each for each in mlflow_proxy.requests if "runs/search" in each.target]
    assert second.arrived < first.answered


def test_the_deadline_holds_for_each_page_and_a_server_too_slow_for_one_is_asked_for_less(mlflow_proxy, ids):
    source = MlflowRuns(mlflow_proxy.url, timeout=2.0)
    home = [source.get(ids)[0].experiment.experiment_id]
    source._searches._page = 1
    mlflow_proxy.reset()
    mlflow_proxy.delay = 1.2
    assert [run.name for run in source.ended_after(0, experiment_ids=home).runs] == ["one", "two"]
    assert paths(mlflow_proxy) == ["runs/search", "runs/search"]
    source._searches._page = 1_000
    mlflow_proxy.delay = 5.0
    assert "did not answer" in refusal(lambda: source.ended_after(0, experiment_ids=home)).problem
    assert source._searches._page == 500


# When MLflow fails

QUESTIONS = {
    "get": lambda source, run: source.get([run]),
    "called": lambda source, _run: source.called("one"),
    "newest": lambda source, _run: source.newest(),
    "history": lambda source, run: source.history(run, "acc"),
    "find": lambda source, run: source.find(run),
    "ended_after": lambda source, _run: source.ended_after(0, experiment_ids=()),
    "these": lambda source, run: source.these([run]),
}
FAULTS = {
    "302": (Fault(302, "<html>log in</html>"), "not its JSON", "mlcompare check"),
    "400": (Fault(400, "<html>"), "(400)", "mlcompare check"),
    "401": (Fault(401, "no"), "credentials (401)", "mlcompare check"),
    "403": (Fault(403, "no"), "(403)", "let the bot read it"),
    "403 of MLflow": (
        Fault(403, f'{{"error_code": "PERMISSION_DENIED", "message": "{SECRET}"}}', JSON),
        "(403)",
        "read it",
    ),
    "404": (Fault(404, "<html>nginx</html>"), "may not be MLflow", "mlcompare check"),
    "405": (Fault(405, ""), "not its JSON", "mlcompare check"),
    "429": (Fault(429, ""), "asked too much (429)", "again in a minute"),
    "500": (Fault(500, "Traceback"), "failed to answer (500)", "again in a minute"),
    "502": (Fault(502, "<html>"), "(502)", "again in a minute"),
    "503": (Fault(503, "<html>"), "(503)", "again in a minute"),
    "504": (Fault(504, "<html>"), "(504)", "again in a minute"),
    "an error of no kind": (Fault(418, '{"message": "tea"}', JSON), "failed to answer", "again in a minute"),
    "HTML": (Fault(200, f"<html>{SECRET}</html>"), "not its JSON", "mlcompare check"),
    "a list": (Fault(200, "[]", JSON), "not its JSON", "mlcompare check"),
    "no text": (Fault(200, "\x00", JSON), "not its JSON", "mlcompare check"),
    "hanging up": (Fault(hangs_up="at once"), "hung up before", "again in a minute"),
    "hanging up half-way": (Fault(hangs_up="middle"), "hung up in the middle", "again in a minute"),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("broken", FAULTS.values(), ids=FAULTS)
def test_a_fault_of_mlflow_is_told_with_what_to_do(warm, mlflow_proxy, ids, ask, broken):
    mlflow_proxy.fault, problem, remedy = broken
    error = refusal(lambda: ask(warm, ids[0]))
    assert problem in error.problem
    assert remedy in error.remedy
    assert error.problem.startswith(f"MLflow at 127.0.0.1:{mlflow_proxy.port} ")
    assert SECRET not in str(error)


def refusal(ask):
    with pytest.raises(TrackingUnavailable) as caught:
        ask()
    return caught.value


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_an_mlflow_that_is_too_slow_is_waited_for_so_long_and_no_longer(mlflow_proxy, ids, ask):
    source = MlflowRuns(mlflow_proxy.url, timeout=0.5)
    mlflow_proxy.delay = 20.0
    began = time.monotonic()
    error = refusal(lambda: ask(source, ids[0]))
    assert error.problem.endswith(" did not answer within 0.5 s.")
    assert time.monotonic() - began < 10.0


def test_an_mlflow_that_is_down_is_told_at_once_and_found_again_when_it_is_back(warm, mlflow_proxy, ids):
    mlflow_proxy.refuse()
    began = time.monotonic()
    assert "nothing answers there" in refusal(lambda: warm.get(ids[:1])).problem
    assert time.monotonic() - began < 10.0  # what does not answer is waited for for 20
    mlflow_proxy.accept()
    assert [run.name for run in warm.get(ids)] == ["one", "two"]


def test_who_joins_a_question_that_another_gave_up_on_gets_an_answer(mlflow_proxy, ids):
    source = MlflowRuns(mlflow_proxy.url, timeout=3.0)
    mlflow_proxy.delay = 2.0
    busy = [source._executor.submit(time.sleep, 1.5) for _ in range(64)]  # nothing new leaves before these end
    with ThreadPoolExecutor(2) as threads:
        impatient = threads.submit(source._wait, source._flights.start(ids[0]), source._budget(0.2 / 3.0))
        time.sleep(0.1)
        patient = threads.submit(source.get, ids[:1])
        assert "did not answer" in str(impatient.exception(10))
        mlflow_proxy.delay = 0.0
        assert [run.name for run in patient.result(10)] == ["one"]
    assert eventually(lambda: all(each.done() for each in busy))


def test_a_run_of_an_answer_that_names_another_run_is_not_taken(warm, mlflow_proxy, ids):
    mlflow_proxy.fault = Fault(200, "{}", JSON)
    assert "not its JSON" in refusal(lambda: warm.get(ids)).problem


def test_a_run_that_is_not_there_is_no_fault_of_mlflow(warm):
    assert warm.get(["0" * 32, "no id", "", "ü" * 32]) == [None, None, None, None]


# Addresses


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("http://", "no machine of that name"),
        ("http://nowhere.invalid:5000", "MLflow at nowhere.invalid:5000 could not be reached"),
        (f"http://me:{SECRET}@127.0.0.1:9", "MLflow at 127.0.0.1:9 could not be reached: nothing answers there"),
        ("http://127.0.0.1:99999", "no address"),
        ("http:/127.0.0.1", "no address"),
        ("127.0.0.1:5000", "says no protocol"),
        ("mlflow.example.com:5000/x", "says no protocol"),
        ("localhost:5000", "says no protocol"),
        (f"redis://me:{SECRET}@h/0", "does not know addresses of this kind"),
        ("./mlruns", "does not read folders of files"),
        ("file:///mlruns", "does not read folders of files"),
        ("sqlite:////proc/nowhere/mlflow.db", "folder that is not there"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_secrets(uri, problem):
    error = refusal(lambda: MlflowRuns(uri, timeout=5.0).experiments())
    assert problem in error.problem
    assert error.remedy
    assert SECRET not in str(error)
    assert "me:" not in str(error)


def test_a_server_that_speaks_no_tls_says_so(mlflow_server):
    source = MlflowRuns(mlflow_server.url.replace("http:", "https:"), timeout=5.0)
    assert "speaks no TLS" in refusal(source.experiments).problem


def test_blanks_around_an_address_do_no_harm(mlflow_server, ids):
    assert MlflowRuns(f" {mlflow_server.url}\n").find(ids[0]).label == "one"


@pytest.fixture(scope="module")
def old_store(tmp_path_factory):
    """A real store as MLflow 2.0 left it, with a run in it."""
    path = tmp_path_factory.mktemp("old") / "mlflow.db"
    engine = utils.create_sqlalchemy_engine(f"sqlite:///{path}")
    InitialBase.metadata.create_all(engine)
    config = utils._get_alembic_config(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "cc1f77228345")
    engine.dispose()
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO experiments (name, lifecycle_stage) VALUES ('old', 'active')")
    database.close()
    return path


def refused_opening(path, uri=""):
    """What is said of a store, which must be left as it was."""
    before = path.read_bytes()
    error = refusal(lambda: MlflowRuns(uri or f"sqlite:///{path}"))
    assert path.read_bytes() == before
    return error


def test_a_store_of_an_older_mlflow_is_left_as_it_is_with_what_to_do(old_store):
    error = refused_opening(old_store)
    assert f"an older MLflow than the one beside the bot, {mlflow.__version__}" in error.problem
    assert "`mlflow db upgrade sqlite:///mlflow.db`" in error.remedy
    assert "Back it up" in error.remedy


def test_an_older_registry_beside_the_store_is_left_as_it_is_too(old_store, monkeypatch, mlflow_server):
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{old_store}")
    assert "an older MLflow" in refused_opening(old_store, mlflow_server.url).problem


@pytest.mark.parametrize(
    ("statements", "problem", "remedy"),
    [
        (["UPDATE alembic_version SET version_num = 'fedcba987654'"], "a newer MLflow", "Install the same MLflow"),
        (["DELETE FROM alembic_version"], "an older MLflow", "mlflow db upgrade"),
        (["DROP TABLE alembic_version"], "an older MLflow", "mlflow db upgrade"),
        (["DROP TABLE experiments"], "no MLflow store", "MLFLOW_TRACKING_URI"),
    ],
)
def test_a_database_that_mlflow_would_change_is_not_opened(old_store, tmp_path, statements, problem, remedy):
    path = tmp_path / "mlflow.db"
    path.write_bytes(old_store.read_bytes())
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()
    error = refused_opening(path)
    assert problem in error.problem
    assert remedy in error.remedy


def test_a_database_of_something_else_is_not_made_into_a_store(tmp_path):
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id)")
    database.close()
    assert "no MLflow store" in refused_opening(path).problem


def test_a_database_that_fails_to_open_says_why(tmp_path):
    path = tmp_path / "mlflow.db"
    new_store(tmp_path)
    with sqlite3.connect(path, isolation_level="EXCLUSIVE") as holder:
        holder.execute("BEGIN EXCLUSIVE")
        error = refusal(lambda: MlflowRuns(f"sqlite:///{path}"))
    holder.close()
    assert "another program has locked it" in error.problem
    (tmp_path / "text.db").write_text("no database at all " * 100)
    assert "the file is no SQLite database" in refusal(lambda: MlflowRuns(f"sqlite:///{tmp_path / 'text.db'}")).problem


def test_a_file_that_is_no_store_says_so(tmp_path):
    (tmp_path / "mlflow.db").write_text("no database at all " * 100)
    assert "its database" in refusal(lambda: MlflowRuns(f"sqlite:///{tmp_path / 'mlflow.db'}")).problem


# For people and their programs


@pytest.mark.parametrize("state", ["slow", "down"])
def test_a_program_prints_nothing_of_mlflow_and_ends_in_time_although_mlflow_keeps_trying(
    mlflow_proxy, ids, monkeypatch, state
):
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.delenv(name)
    mlflow_proxy.delay = 60.0
    if state == "down":
        mlflow_proxy.refuse()
    program = (
        "from comparison import MlflowRuns\nfrom comparison.errors import TrackingUnavailable\n"
        f"try:\n    MlflowRuns({mlflow_proxy.url!r}, timeout=1.0).find({ids[0]!r})\n"
        "except TrackingUnavailable as error:\n    print(error.problem)\n"
    )
    began = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("did not answer within 1 s.\n")
    assert time.monotonic() - began < 50.0


def test_a_source_ends_its_threads_when_nobody_uses_it(mlflow_server, ids):
    others = set(mlflow_threads())
    source = MlflowRuns(mlflow_server.url)
    source.find(ids[0])
    ours = set(mlflow_threads()) - others
    assert ours
    del source
    gc.collect()
    assert eventually(lambda: not ours & set(mlflow_threads()))


def mlflow_threads():
    return [each.ident for each in threading.enumerate() if each.name.startswith("mlflow-")]


def test_find_takes_an_id_a_start_of_it_a_name_and_a_link(mlflow_server, ids):
    source = MlflowRuns(mlflow_server.url)
    experiment = source.get(ids[:1])[0].experiment
    link = f"{mlflow_server.url}/#/experiments/{experiment.experiment_id}/runs/{ids[0]}"
    for reference in (ids[0], ids[0][:12], f"{experiment.name}/one", link, f"<{link}|a run>"):
        assert source.find(reference).runs[0].run_id == ids[0]
    assert source.find("one", experiment=experiment.name).label == "one"
    with pytest.raises(RunNotFound):
        source.find("none of that name")


def test_the_start_of_an_id_finds_a_run_of_a_deleted_experiment(mlflow_server):
    client = MlflowClient(mlflow_server.url)
    experiment = new_experiment(client)
    run = log_run(client, experiment, "of old")
    client.delete_experiment(experiment)
    side = MlflowRuns(mlflow_server.url).find(run[:12])
    assert (side.label, side.runs[0].deleted) == ("of old", True)


def test_the_names_of_the_newest_runs_come_each_once(mlflow_server, ids):
    names = MlflowRuns(mlflow_server.url).names(5)
    assert len(names) == len(set(names)) <= 5
    assert {"one", "two"} & set(names)


def test_a_long_history_is_whole(mlflow_server):
    client = MlflowClient(mlflow_server.url)
    run = log_run(client, new_experiment(client), "long", {"loss": [math.sin(step) for step in range(3_000)]})
    history = MlflowRuns(mlflow_server.url).history(run, "loss")
    assert [each.step for each in history] == list(range(3_000))


def test_what_is_set_in_the_environment_stays():
    environ = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "99"}
    answer_within(4.6, environ)
    assert environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "99"
    assert environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"


def test_every_refusal_is_a_request_error_that_people_can_read():
    assert issubclass(TrackingUnavailable, RequestError)


# What a store has lost


def test_runs_of_an_experiment_whose_meta_is_missing_are_compared_with_what_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = MlflowClient(tmp_path.as_uri())
    lost, whole = new_experiment(client), new_experiment(client)
    first, second = (log_run(client, lost, name, {"acc": value}) for name, value in (("a", 0.5), ("b", 0.75)))
    log_run(client, whole, "c", {"acc": 0.6})
    (tmp_path / lost / "meta.yaml").unlink()
    source = MlflowRuns(tmp_path.as_uri())
    compared = ask(parse(f"{first} vs {second}"), source)
    assert [side.label for side in compared.sides] == ["a", "b"]
    assert compared.sides[0].runs[0].experiment == Experiment(lost, lost)
    assert [run.name for run in source.newest()] == ["c"]


def test_runs_whose_experiment_is_gone_from_the_database_are_compared_with_what_is_known(tmp_path):
    uri = new_store(tmp_path)
    client = MlflowClient(uri)
    home = new_experiment(client)
    run = log_run(client, home, "orphan", {"acc": 0.5})
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("DELETE FROM experiments WHERE experiment_id = ?", (home,))
    database.close()
    assert MlflowRuns(uri).get([run])[0].experiment == Experiment(home, home)


def test_a_search_that_the_server_failed_is_asked_once_more_and_no_more(mlflow_proxy, mlflow_server):
    client = MlflowClient(mlflow_server.store_uri)
    experiment = new_experiment(client, "failing")
    run = log_run(client, experiment, "asked-again", {"f1": 0.5})
    source = MlflowRuns(mlflow_proxy.url)
    mlflow_proxy.fault = Fault(500, "Traceback", only="runs/search", once=True)
    assert [each.run_id for each in source.newest(experiment_ids=[experiment])] == [run]
    mlflow_proxy.reset()
    mlflow_proxy.fault = Fault(500, "Traceback", only="runs/search")
    assert "failed to answer (500)" in refusal(lambda: source.newest(experiment_ids=[experiment])).problem
    assert len([each for each in mlflow_proxy.requests if "runs/search" in each.target]) == 2


def test_an_experiment_that_mlflow_lists_and_fails_to_tell_is_a_fault_of_mlflow(mlflow_proxy, ids):
    mlflow_proxy.fault = Fault(500, "Traceback", only="experiments/get")
    assert "failed to answer (500)" in refusal(lambda: MlflowRuns(mlflow_proxy.url).get(ids)).problem


def test_a_file_that_was_never_written_to_its_end_says_what_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = MlflowClient(tmp_path.as_uri())
    run = log_run(client, new_experiment(client), "cut off", {"acc": 0.5})
    next(tmp_path.glob(f"*/{run}/metrics/acc")).write_text("")
    error = refusal(lambda: MlflowRuns(tmp_path.as_uri()).get([run]))
    assert "cannot be read: Metric 'acc' is malformed" in error.problem
