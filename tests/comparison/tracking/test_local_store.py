"""A store of files, searched without reading all of it: the same answers as MLflow's own, and in time."""

import pytest
from mlflow import MlflowClient

from comparison.compare import ask
from comparison.errors import RunNotFound
from comparison.language.parser import parse
from comparison.library import MlflowRuns
from tests.logged import log_run, new_experiment

NOW = 1_790_000_000_000
META = """\
artifact_uri: file:///nowhere/{run_id}/artifacts
end_time: {ended}
entry_point_name: ''
experiment_id: '{experiment}'
lifecycle_stage: active
run_id: {run_id}
run_name: {name}
run_uuid: {run_id}
source_name: ''
source_type: 4
source_version: ''
start_time: {started}
status: 3
tags: []
user_id: ada
"""
FILTERS = [
    "",
    "attributes.run_name = 'plain'",
    "attributes.run_name ILIKE '%BLANKS%'",
    "attributes.run_name LIKE 'null'",
    "attributes.status = 'FAILED'",
    "attributes.status != 'RUNNING' AND attributes.end_time > 0",
    "attributes.start_time >= 1005",
    "attributes.run_id LIKE '%a%'",
    "metrics.acc > 0.25",
    "metrics.`deep/loss` < 1 AND params.lr = '0.1'",
    "tags.mlflow.user = 'ada'",
    "tags.team ILIKE 'BL%'",
    "params.lr != '0.1'",
    "dataset.name = 'iris'",
    "params.`../tags/team` = 'blue'",
    "params.`/etc/hostname` != 'x'",
]
NAMES = [
    "plain",
    "two  blanks ",
    "it's",
    'say "hi"',
    "null",
    "123",
    "1e5",
    "- dash",
    "a: b",
    "# hash",
    "ü\nline",
    "x " * 90,
]


@pytest.fixture(autouse=True)
def allowed(monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        client = MlflowClient(folder.as_uri())
        home = new_experiment(client)
        for number, name in enumerate(NAMES):
            log_run(
                client,
                home,
                name,
                {"acc": [0.9, number / 20], "deep/loss": number / 10},
                params={"lr": "0.1" if number % 2 else "0.2"},
                tags={"mlflow.user": "ada", "team": "blue"} if number % 3 else {},
                datasets=[("iris", "d1", "training")] if number % 4 == 0 else [],
                status="FAILED" if number % 5 == 0 else "FINISHED",
                started=1_000 + number,
            )
        log_run(client, home, "running", status="RUNNING", started=2_000)
        client.delete_run(log_run(client, home, "gone"))
    return folder, client, home


@pytest.mark.parametrize("where", FILTERS)
@pytest.mark.parametrize("order", [[], ["attributes.end_time DESC"]])
def test_a_search_finds_what_mlflow_itself_finds(store, where, order):
    folder, client, home = store
    ours = MlflowRuns(folder.as_uri())._searches._client.search_runs(
        [home], where, max_results=9, order_by=order, page_token=None
    )
    its = client.search_runs([home], where, max_results=9, order_by=order)
    assert [run.to_dictionary() for run in ours] == [run.to_dictionary() for run in its]
    assert ours.token == its.token


def test_a_run_that_cannot_be_read_hides_no_other(store):
    folder, client, home = store
    broken = log_run(client, home, "broken")
    (folder / home / broken / "meta.yaml").write_text("{")
    assert "plain" in [run.name for run in MlflowRuns(folder.as_uri()).newest(limit=50)]


def test_a_name_changed_in_the_store_is_seen(store):
    folder, client, home = store
    source = MlflowRuns(folder.as_uri())
    run = log_run(client, home, "before")
    assert source.called("before")
    client.update_run(run, name="after")
    assert (source.called("before"), [each.run_id for each in source.called("after")]) == ([], [run])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """800 runs, as files."""
    folder = tmp_path_factory.mktemp("large")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        home = new_experiment(MlflowClient(folder.as_uri()), "large")
    for number in range(800):
        run_id = f"a{number * 7_919:031x}"
        run = folder / home / run_id
        for part in ("metrics", "params", "tags", "artifacts"):
            (run / part).mkdir(parents=True)
        ended = NOW + number * 60_000
        facts = {"run_id": run_id, "ended": ended, "started": ended - 5_000, "experiment": home}
        (run / "meta.yaml").write_text(META.format(name=f"run-{number:03d}", **facts))
        (run / "metrics" / "acc").write_text(f"{ended} {number * 37 % 800 / 800} 1\n")
        (run / "params" / "lr").write_text("0.1")
        (run / "tags" / "mlflow.runName").write_text(f"run-{number:03d}")
    return folder


def test_a_large_store_of_files_answers_by_name_the_latest_and_the_best_without_reading_all_of_it(large):
    source = MlflowRuns(large.as_uri(), timeout=100.0)
    search, read = source._searches._client, []
    whole = search.read
    search.read = lambda folder: read.append(folder) or whole(folder)
    for said, names in (
        ("run-007 vs run-500", ["run-007", "run-500"]),
        ("latest vs run-003", ["run-799", "run-003"]),
        ("best acc vs run-003", ["run-627", "run-003"]),
    ):
        assert [side.label for side in ask(parse(said), source).sides] == names
    with pytest.raises(RunNotFound) as refused:
        source.find("run-07")
    assert set(refused.value.near) & {f"run-07{digit}" for digit in range(10)}
    assert len(read) < 400  # of 800 runs, for seven questions; MLflow itself reads all of them for each
