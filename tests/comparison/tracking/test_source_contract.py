"""What RunSource promises, held to by the fake in memory, by a real store and by a real server."""

import logging
import math
import os
import warnings
from dataclasses import replace
from uuid import uuid4

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput

from comparison.errors import FilterRefused
from comparison.runs import Dataset, Experiment, Goal, Metric, Run, Status
from comparison.tracking.mlflow import MlflowSource
from comparison.tracking.source import ModelVersion, Ranking, Recent
from tests.fakes.runs import FakeRuns
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

BEGAN = 1_700_000_000_000  # ms: a time that can be
NAMES = [
    "plain",
    "it's",
    'say "hi"',
    "both ' and \"",
    "back\\slash",
    "ends\\",
    "' OR x = '",
    "100%_sure",
    "two\nlines",
    "ünï😀",
    "a -- b; c",
]
TAGS = {
    "mlcompare.goal.cost": "Lower",
    "mlcompare.goals": "score_*: higher; ls_*=lower, cost: higher\nmy metric HIGHER, sideways: left, *",
    "mlcompare.metric": "acc",
    "mlcompare.tolerance": "0.1 %",
    "mlcompare.tolerance.acc": "0.005",
    "mlcompare.tolerance.odd": "much",
}
GOALS = {"cost": Goal.LOWER, "score_*": Goal.HIGHER, "ls_*": Goal.LOWER, "my metric": Goal.HIGHER}


@pytest.fixture(scope="module")
def store_uri(tmp_path_factory):
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return new_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module", params=["fake", "store", "server"])
def made(request):
    """A source, an experiment's id in it, and the ids of the same runs logged into each."""
    name = f"iris/{uuid4().hex[:6]}"
    if request.param == "fake":
        return _fake(name)
    uri = (
        request.getfixturevalue("store_uri")
        if request.param == "store"
        else request.getfixturevalue("mlflow_server").url
    )
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    client = MlflowClient(uri)
    experiment = new_experiment(client, name, **TAGS)
    ids = {}
    for number, each in enumerate(NAMES):
        ids[each] = log_run(
            client, experiment, each, {"acc": number / 10}, params={"lr": "0.1"}, started=BEGAN + 1_000 + number
        )
    ids["rich"] = log_run(
        client,
        experiment,
        "rich",
        {"acc": [0.1, 0.5, 0.4], "odd": math.nan, "up": math.inf, "down": -math.inf},
        params={"C": 0.5},
        tags={
            "team": "blue",
            "mlflow.user": "ada",
            "mlflow.source.git.commit": "abc",
            "mlflow.parentRunId": ids["plain"],
        },
        datasets=[("iris-train", "d1", "training"), ("iris-any", "d2", "")],
        status="FAILED",
        started=BEGAN + 9_000,
    )
    elsewhere = new_experiment(client)
    ids["measured"] = log_run(
        client,
        elsewhere,
        "measured",
        datasets=[("iris-train", "d1", ""), ("iris-any", "d2", "")],
        started=BEGAN + 9_400,
    )
    model = client.create_logged_model(elsewhere, name="scorer").model_id
    client.log_outputs(ids["measured"], [LoggedModelOutput(model, 0)])
    for at, (value, dataset, digest) in enumerate(
        [(0.9, "iris-train", "d1"), (0.8, "iris-any", "d2"), (0.7, None, None)]
    ):
        client.log_metric(
            ids["measured"], "top", value, 9_400 + at, 0, model_id=model, dataset_name=dataset, dataset_digest=digest
        )
    ids["running"] = log_run(client, experiment, "running", status="RUNNING", started=BEGAN + 9_500)
    ids["gone"] = log_run(client, experiment, "gone", started=BEGAN + 9_900)
    client.delete_run(ids["gone"])
    client.create_registered_model("scorer")
    for name in ("plain", "rich"):
        client.create_model_version("scorer", f"runs:/{ids[name]}/model", run_id=ids[name])
    client.set_registered_model_alias("scorer", "champion", "2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # stages are deprecated, and in use
        client.transition_model_version_stage("scorer", "1", "Production")
    ids["model"] = client.create_logged_model(experiment, name="scored", source_run_id=ids["rich"]).model_id
    return MlflowSource(uri), experiment, ids


def _fake(name):
    experiment = Experiment("7", name, GOALS, "acc", tolerances={"": 0.001, "acc": 0.005})
    blank = Run("", "", experiment, parameters={"lr": "0.1"}, ended_at=BEGAN + 8_000)
    runs = [
        replace(
            blank,
            run_id=uuid4().hex,
            name=each,
            started_at=BEGAN + 1_000 + number,
            metrics={"acc": Metric(number / 10)},
        )
        for number, each in enumerate(NAMES)
    ]
    rich = Run(
        uuid4().hex,
        "rich",
        experiment,
        Status.FAILED,
        BEGAN + 9_000,
        BEGAN + 9_001,
        user="ada",
        commit="abc",
        parent_id=runs[0].run_id,
        metrics={"acc": Metric(0.4, 2), "odd": Metric(math.nan), "up": Metric(math.inf), "down": Metric(-math.inf)},
        parameters={"C": "0.5"},
        tags={"team": "blue"},
        datasets=(Dataset("iris-train", "d1", "training"), Dataset("iris-any", "d2")),
    )
    measured = Run(
        uuid4().hex,
        "measured",
        Experiment("8", "elsewhere"),
        started_at=BEGAN + 9_400,
        ended_at=BEGAN + 9_401,
        metrics={"top": Metric(0.7, 0, 9_402)},
        datasets=(Dataset("iris-train", "d1"), Dataset("iris-any", "d2")),
        models=("m-1",),
    )
    told = {
        (measured.run_id, "top"): [
            Metric(0.9, 0, 9_400, dataset="iris-train", digest="d1"),
            Metric(0.8, 0, 9_401, dataset="iris-any", digest="d2"),
        ]
    }
    running = Run(uuid4().hex, "running", experiment, Status.RUNNING, BEGAN + 9_500)
    gone = Run(uuid4().hex, "gone", experiment, started_at=BEGAN + 9_900, deleted=True)
    past = {(rich.run_id, "acc"): [Metric(0.1, 0), Metric(0.5, 1), Metric(0.4, 2)]}
    every = [*runs, rich, measured, running, gone]
    models = [
        (ModelVersion("scorer", "1", runs[0].run_id), ["Production"]),
        (ModelVersion("scorer", "2", rich.run_id), ["champion"]),
    ]
    logged = {"m-" + "7" * 32: ModelVersion("scored", "", rich.run_id)}
    ids = {run.name: run.run_id for run in every} | {"model": next(iter(logged))}
    return FakeRuns(every, histories=past, models=models, measured=told, logged_models=logged), "7", ids


def test_runs_come_in_the_order_asked_with_none_for_what_is_not_there(made):
    source, _, ids = made
    found = source.get([ids["rich"], "f" * 32, ids["plain"], ids["rich"], "no id"])
    assert [run and run.name for run in found] == ["rich", None, "plain", "rich", None]


def test_a_run_holds_all_that_was_logged(made):
    source, experiment, ids = made
    run = source.get([ids["rich"]])[0]
    assert (run.name, run.status, run.user, run.commit, run.deleted) == ("rich", Status.FAILED, "ada", "abc", False)
    assert run.experiment.tolerances == {"": 0.001, "acc": 0.005}
    assert (run.parent_id, run.started_at) == (ids["plain"], BEGAN + 9_000)
    assert run.ended_at >= run.started_at
    assert (run.experiment.experiment_id, run.experiment.goals, run.experiment.primary_metric) == (
        experiment,
        GOALS,
        "acc",
    )
    assert (run.metrics["acc"].value, run.metrics["acc"].step) == (0.4, 2)
    assert math.isnan(run.metrics["odd"].value)
    assert (run.metrics["up"].value, run.metrics["down"].value) == (math.inf, -math.inf)
    assert (run.parameters, run.tags) == ({"C": "0.5"}, {"team": "blue"})
    assert set(run.datasets) == {Dataset("iris-train", "d1", "training"), Dataset("iris-any", "d2")}


def test_a_run_that_has_not_ended_has_no_end(made):
    source, _, ids = made
    run = source.get([ids["running"]])[0]
    assert (run.status, run.ended_at, dict(run.metrics)) == (Status.RUNNING, None, {})


def test_a_deleted_run_is_found_by_its_id_by_the_start_of_it_and_by_its_name_where_deleted_ones_are_meant(made):
    source, experiment, ids = made
    assert source.get([ids["gone"]])[0].deleted
    assert [run.deleted for run in source.with_prefix(ids["gone"][:16])] == [True]
    assert source.called("gone", experiment_ids=[experiment]) == []
    assert [run.deleted for run in source.called("gone", experiment_ids=[experiment], deleted=True)] == [True]
    assert source.called("plain", experiment_ids=[experiment], deleted=True) == []
    assert "gone" not in [run.name for run in source.newest(experiment_ids=[experiment])]


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_found_by_exactly_its_name(made, name):
    source, experiment, ids = made
    assert [run.run_id for run in source.called(name, experiment_ids=[experiment])] == [ids[name]]


def test_the_start_of_an_id_finds_the_run(made):
    source, _, ids = made
    assert [run.run_id for run in source.with_prefix(ids["plain"][:20])] == [ids["plain"]]
    assert source.with_prefix("%") == []


def test_runs_come_newest_first_and_no_more_than_asked(made):
    source, experiment, _ = made
    assert [run.name for run in source.newest(experiment_ids=[experiment], limit=3)] == ["running", "rich", NAMES[-1]]


def test_a_part_is_as_many_runs_as_are_wanted_and_says_whether_there_are_more(made):
    source, experiment, ids = made
    some = source.part(experiment_ids=[experiment], limit=2)
    assert ([run.name for run in some.runs], some.is_cut) == (["running", "rich"], True)
    fitting = source.part("attributes.run_name = 'rich'", experiment_ids=[experiment], ended=True)
    assert ([run.run_id for run in fitting.runs], fitting.is_cut) == ([ids["rich"]], False)
    ended = source.part(experiment_ids=[experiment], limit=100, ended=True)
    every = source.ended(experiment_ids=[experiment], limit=100)
    assert [run.run_id for run in ended.runs] == [run.run_id for run in every]


def test_a_filter_narrows(made):
    source, experiment, _ = made
    found = source.search("metrics.acc > 0.3 AND params.lr = '0.1'", experiment_ids=[experiment])
    assert [run.name for run in found] == NAMES[:3:-1]
    assert [run.name for run in source.search("attributes.status = 'RUNNING'", experiment_ids=[experiment])] == [
        "running"
    ]
    assert source.search("attributes.run_name ILIKE 'PLAIN'", experiment_ids=[experiment])[0].name == "plain"


@pytest.mark.parametrize("where", ["nonsense", "params.lr = 0.1"])
def test_a_filter_that_mlflow_refuses_says_why(made, where):
    source, experiment, _ = made
    with pytest.raises(FilterRefused, match=r"does not take this filter: .+"):
        source.search(where, experiment_ids=[experiment])


def test_a_history_holds_every_step(made):
    source, _, ids = made
    assert [(each.step, each.value) for each in source.history(ids["rich"], "acc")] == [(0, 0.1), (1, 0.5), (2, 0.4)]
    assert source.history(ids["rich"], "never logged") == []
    assert [each.step for each in source.history(ids["rich"], "acc", most=2)] == [0, 1]
    assert source.history(ids["rich"], "never logged", most=2) == []


def test_histories_of_several_runs_hold_every_step_and_leave_out_who_logged_none(made):
    source, _, ids = made
    rich, plain, unknown = source.get([ids["rich"], ids["plain"], "f" * 32])
    assert unknown is None
    found = source.histories_of([rich, plain], "acc")
    assert list(found) == [ids["rich"], ids["plain"]]
    assert sorted(zip(found[ids["rich"]].steps, found[ids["rich"]].values, strict=True)) == [
        (0, 0.1),
        (1, 0.5),
        (2, 0.4),
    ]
    assert found[ids["rich"]].is_complete
    gone = replace(rich, run_id="f" * 32)
    assert list(source.histories_of([gone, rich], "acc")) == [ids["rich"]]
    assert source.histories_of([rich], "never logged") == {}
    assert source.histories_of([], "acc") == {}


def test_samples_hold_every_value_of_the_steps_they_hold(made):
    source, _, ids = made
    rich, plain = source.get([ids["rich"], ids["plain"]])
    for _again in range(2):
        found = source.samples_of({"acc": [rich, plain]})["acc"]
        assert list(found) == [ids["rich"], ids["plain"]]
        assert [(each.step, each.value) for each in found[ids["rich"]]] == [(0, 0.1), (1, 0.5), (2, 0.4)]
    assert source.samples_of({"never logged": [rich]}) == {"never logged": {}}
    assert source.samples_of({"acc": [], "never logged": [plain]}) == {"acc": {}, "never logged": {}}
    assert source.samples_of({}) == {}


def test_what_was_measured_on_models_says_its_dataset(made):
    source, _, ids = made
    run, other = source.get([ids["measured"], ids["rich"]])
    assert (len(run.models), other.models) == (1, ())
    found = source.evaluations(run)
    assert {name: [(each.value, each.dataset, each.digest) for each in past] for name, past in found.items()} == {
        "top": [(0.9, "iris-train", "d1"), (0.8, "iris-any", "d2")]
    }
    assert source.evaluations(other) == {}


def test_runs_that_are_over_come_last_ended_first(made):
    source, experiment, _ = made
    found = source.ended(experiment_ids=[experiment])
    assert "running" not in [run.name for run in found]
    assert [run.ended_at for run in found] == sorted((run.ended_at for run in found), reverse=True)
    assert [run.name for run in source.ended("attributes.run_name = 'rich'", experiment_ids=[experiment])] == ["rich"]


def test_runs_that_ended_after_a_moment_come_the_first_to_end_first(made):
    source, experiment, ids = made
    every = source.ended_after(0, experiment_ids=[experiment]).runs
    assert {run.run_id for run in every} == {ids[name] for name in [*NAMES, "rich"]}
    assert [run.ended_at for run in every] == sorted(run.ended_at for run in every)
    first, last = every[0].ended_at, every[-1].ended_at
    assert source.ended_after(last, experiment_ids=[experiment]).runs == ()
    assert {run.ended_at for run in source.ended_after(last - 1, experiment_ids=[experiment]).runs} == {last}
    assert [run.ended_at for run in source.ended_after(first - 1, experiment_ids=[experiment], limit=1).runs] == [first]


def test_ended_runs_are_asked_for_in_hundreds_of_experiments_some_of_which_are_gone(made):
    source, experiment, ids = made
    many = [*(str(900_000 + number) for number in range(499)), experiment]
    assert len(source.ended_after(0, experiment_ids=many).runs) == len(NAMES) + 1
    assert [run.run_id for run in source.running(experiment_ids=many)] == [ids["running"]]


def test_named_runs_come_in_the_order_asked_deleted_ones_too_and_without_those_that_are_not_there(made):
    source, _, ids = made
    asked = [ids["rich"], *(f"{number:032x}" for number in range(850)), "no id", "", "x' OR", ids["gone"], ids["rich"]]
    assert [(run.name, run.deleted) for run in source.these([*asked, ids["running"]])] == [
        ("rich", False),
        ("gone", True),
        ("running", False),
    ]
    assert source.these([]) == []


def test_of_named_runs_those_that_fit_a_filter_are_told(made):
    source, _, ids = made
    asked = [ids["plain"], ids["rich"], ids["running"], "f" * 32]
    assert source.fitting("params.lr = '0.1'", asked) == {ids["plain"]}
    assert source.fitting("tags.team = 'blue' AND metrics.acc > 0.3", asked) == {ids["rich"]}
    assert source.fitting("metrics.acc > 7", asked) == set()
    assert source.fitting("", asked) == set(asked[:3])
    assert source.fitting("metrics.acc > 0", []) == set()


@pytest.mark.parametrize(
    "where", ["nonsense", "params.lr = '0.1' OR metrics.acc > 0", "metrics.acc > 0 --", "metrics.acc > 0; x"]
)
def test_a_filter_neither_widens_what_it_is_asked_of_nor_shows_it_when_it_is_refused(made, where):
    source, _, ids = made
    with pytest.raises(FilterRefused, match=r"does not take this filter: .+") as refused:
        source.fitting(where, [ids["plain"]])
    assert ids["plain"] not in str(refused.value)


def test_the_model_versions_of_runs_are_found_by_their_runs(made):
    source, _, ids = made
    found = source.versions_of([ids["rich"], ids["plain"], ids["running"], "f" * 32])
    assert {(each.model, each.version, each.run_id) for each in found} == {
        ("scorer", "1", ids["plain"]),
        ("scorer", "2", ids["rich"]),
    }
    assert source.versions_of([ids["running"]]) == []
    assert source.versions_of([]) == []


def test_the_leaders_are_the_best_by_a_metric(made):
    source, experiment, _ = made
    ranking = Ranking("acc", Goal.HIGHER, (experiment,))
    for _again in range(2):
        assert [run.name for run in source.leaders(ranking, count=2)] == NAMES[:-3:-1]
    assert [run.name for run in source.leaders(replace(ranking, goal=Goal.LOWER))] == [NAMES[0]]
    assert source.leaders(Ranking("odd", Goal.HIGHER, (experiment,))) == ()


def test_the_champion_of_an_experiment_is_its_best_run_that_is_over(made):
    source, experiment, _ = made
    ranking = Ranking("acc", Goal.HIGHER, (experiment,))
    over = [run for run in source.leaders(ranking, count=20) if run.is_over]
    for _again in range(2):
        assert [run.name for run in source.champions(ranking, Recent()).values()] == [over[0].name]
        lowest = source.champions(replace(ranking, goal=Goal.LOWER), Recent())
        assert [run.name for run in lowest.values()] == [over[-1].name]
    assert source.champions(Ranking("odd", Goal.HIGHER, (experiment,)), Recent()) == {}


def test_a_model_version_leads_to_its_run(made):
    source, _, ids = made
    assert source.versions(model="scorer", alias="champion") == [ModelVersion("scorer", "2", ids["rich"])]
    assert source.versions(model="scorer", version="1") == [ModelVersion("scorer", "1", ids["plain"])]
    assert source.versions(alias="champion") == [ModelVersion("scorer", "2", ids["rich"])]
    assert source.versions(model="scorer", version="latest") == [ModelVersion("scorer", "2", ids["rich"])]
    assert source.versions(model="scorer", version="PRODUCTION") == [ModelVersion("scorer", "1", ids["plain"])]
    assert source.versions(model="scorer", version="Staging") == []
    assert source.versions(model=ids["model"]) == [ModelVersion("scored", "", ids["rich"])]
    assert source.versions(model="m-" + "0" * 32) == []
    assert source.versions(model="scorer", alias="nobody") == []
    assert source.versions(model="nothing", version="1") == []
    assert source.versions(alias="nobody") == []


def test_experiments_are_listed(made):
    source, experiment, _ = made
    assert experiment in [each.experiment_id for each in source.experiments()]


def test_runs_of_an_experiment_made_since_the_list_was_and_of_one_deleted_since_do_no_harm(store_uri):
    client = MlflowClient(store_uri)
    old = new_experiment(client)
    runs = [log_run(client, old, "old")]
    source = MlflowSource(store_uri, clock=lambda: 0.0)
    source.experiments()
    client.delete_experiment(old)
    young = new_experiment(client)
    runs.append(log_run(client, young, "young", {"acc": 1.0}))
    assert [run.name for run in source.ended_after(0, experiment_ids=[old, young]).runs] == ["young"]
    assert source.these(runs)[0].deleted
    assert source.fitting("metrics.acc > 0", runs) == {runs[1]}


def test_a_run_that_was_taken_up_again_is_not_over_although_mlflow_keeps_its_end(store_uri):
    client, source = MlflowClient(store_uri), MlflowSource(store_uri)
    experiment = new_experiment(client)
    run = log_run(client, experiment, "again")
    client.update_run(run, "RUNNING")
    assert (source.get([run])[0].ended_at, source.get([run])[0].former_end is None) == (None, False)
    assert source.ended_after(0, experiment_ids=[experiment]).runs == ()


def test_an_experiment_made_since_the_list_was_is_searched_too(store_uri):
    source = MlflowSource(store_uri)
    source.experiments()
    client = MlflowClient(store_uri)
    log_run(client, new_experiment(client), "newcomer")
    assert [run.name for run in MlflowSource(store_uri, clock=lambda: 0.0).called("newcomer")] == ["newcomer"]


def test_runs_that_are_over_and_do_not_tell_since_when_are_found_among_the_newest(
    made,
):
    source, experiment, _ids = made
    if isinstance(source, FakeRuns):
        abrupt = replace(source.runs[0], run_id=uuid4().hex, name="abrupt", started_at=BEGAN + 9_950, ended_at=None)
        source.runs.append(replace(abrupt, status=Status.KILLED))
    else:
        client = source._client
        run_id = log_run(client, experiment, "abrupt", status="RUNNING", started=BEGAN + 9_950)
        client.update_run(run_id, status="KILLED")
    found = source.undated(BEGAN, experiment_ids=[experiment])
    assert [(run.name, run.status, run.ended_at) for run in found] == [("abrupt", Status.KILLED, None)]
    assert source.undated(BEGAN + 9_950, experiment_ids=[experiment]) == []


def test_they_are_found_although_all_others_are_known_to_tell_it(store_uri):
    client, source = MlflowClient(store_uri), MlflowSource(store_uri)
    experiment = new_experiment(client)
    for number in range(3):
        log_run(client, experiment, f"dated {number}", started=BEGAN + number)
    assert source.undated(BEGAN - 1, experiment_ids=[experiment]) == []
    abrupt = log_run(client, experiment, "abrupt", status="RUNNING", started=BEGAN + 1)
    client.update_run(abrupt, status="KILLED")
    again = source.newest(experiment_ids=[experiment])[0].run_id
    client.update_run(again, status="RUNNING")
    client.update_run(again, status="FAILED")  # MLflow keeps the end that it had
    assert [run.name for run in source.undated(BEGAN - 1, experiment_ids=[experiment])] == ["abrupt"]
    assert [run.name for run in source.undated(BEGAN - 1, experiment_ids=[experiment], limit=3)] == ["abrupt"]


def test_what_ended_and_what_runs_is_told_the_second_time_as_the_first(made):
    source, experiment, ids = made
    client = None if isinstance(source, FakeRuns) else source._client

    def told():
        found = source.activity(BEGAN, experiment_ids=[experiment])
        return {run.run_id for run in found.finished.runs}, {run.run_id for run in found.running.runs}, found

    finished, running, first = told()
    assert ids["running"] in running
    assert ids["gone"] not in finished
    assert ids["rich"] in {run.run_id for run in first.ill.runs}
    assert told()[:2] == (finished, running)
    if client is None:
        source.change(ids["plain"], deleted=True)
        source.change(ids["100%_sure"], status=Status.RUNNING, ended_at=None)
    else:
        client.delete_run(ids["plain"])
        client.update_run(ids["100%_sure"], status="RUNNING")
    fewer, more, second = told()
    assert second.is_remembered is (client is not None)
    assert (finished - fewer, more - running) == ({ids["plain"], ids["100%_sure"]}, {ids["100%_sure"]})
    if client is None:
        source.change(ids["plain"], deleted=False)
        source.change(ids["100%_sure"], status=Status.FINISHED, ended_at=BEGAN + 9_999)
    else:
        client.restore_run(ids["plain"])
        client.set_terminated(ids["100%_sure"])
    assert told()[:2] == (finished, running)
    assert source.known_champions(Ranking("acc", Goal.HIGHER, ("-1",))) == ()
