import math

import pytest
from click.testing import CliRunner

from bot.commands.compare import compare as command
from bot.commands.compare import gate
from comparison import compare
from comparison.runs import Metric
from tests.comparison.builders import run, two
from tests.mlflow_store import new_store

PASS, WORSE, CANNOT_TELL = 0, 1, 4


@pytest.mark.parametrize(
    ("baseline", "candidate", "metrics", "code", "why"),
    [
        ({"acc": 0.3}, {"acc": 0.1 + 0.2}, [], PASS, ""),
        ({"loss": 0.3}, {"loss": 0.1 + 0.2}, ["loss"], PASS, ""),
        ({"acc": 0.9, "fit_time": 10}, {"acc": 0.92, "fit_time": 10.03}, [], PASS, ""),
        ({"acc": 0.9, "fit_time": 10}, {"acc": 0.92, "fit_time": 12}, [], WORSE, "fit_time got worse (10 → 12)"),
        ({"acc": 0.9, "fit_time": 10}, {"acc": 0.92, "fit_time": 10.03}, ["fit_time"], WORSE, "fit_time got worse (10.00 → 10.03)"),
        ({"acc": 0.9, "f1": 0.9}, {"acc": 0.92, "f1": 0.8}, [], WORSE, "f1 got worse (0.9 → 0.8)"),
        ({"acc": 0.9, "f1": 0.9}, {"acc": 0.92, "f1": 0.8}, ["acc"], PASS, ""),
        ({"n_samples": 1}, {"n_samples": 1}, [], CANNOT_TELL, "cannot tell: no metric with a known goal is on both sides"),
        ({"acc": 0.9, "fit_time": 1}, {"fit_time": 0.5}, [], CANNOT_TELL, "cannot tell: nothing but costs can be judged"),
        ({"acc": 0.9, "loss": 1}, {"acc": 0.9, "loss": math.nan}, [], CANNOT_TELL, "cannot tell: loss"),
        ({"acc": 0.9}, {"acc": Metric(0.95, is_unclear=True)}, ["acc"], CANNOT_TELL, "cannot tell: acc"),
        ({"acc": 0.9, "f1": 1}, {"acc": Metric(0.95, is_unclear=True), "f1": 1}, [], CANNOT_TELL, "cannot tell: acc"),
    ],
)  # fmt: skip
def test_a_candidate_passes_is_worse_or_cannot_be_told(baseline, candidate, metrics, code, why):
    assert gate(two(baseline, candidate, metrics=metrics)) == (code, why)


def test_a_run_compared_with_itself_cannot_be_told():
    same = run("A", {"acc": 1})
    assert gate(compare(same, same)) == (CANNOT_TELL, "cannot tell: A (AA) and A (AA) #2 are one run")
    assert gate(compare(same, same, metrics=["acc"]))[0] == CANNOT_TELL
    assert gate(compare(same, same, run("B", {"acc": 0}))) == (WORSE, "acc got worse (1 → 0)")


def test_within_the_tolerance_it_passes():
    assert gate(two({"acc": 0.9}, {"acc": 0.8995}, tolerance=0.001)) == (PASS, "")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Five seeds of each of three configurations, and runs that were made once only."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric as Logged
    from mlflow.entities import Param

    uri = new_store(tmp_path_factory.mktemp("gate"))
    client = MlflowClient(uri)
    experiment = client.create_experiment("seeds")
    values = (0.912, 0.908, 0.915, 0.910, 0.905)
    shifted = [[value + 0.03 * (1 + place / 9) for place, value in enumerate(values)], values[::-1]]
    named = zip(("old", "new", "equal"), (values, *shifted), strict=True)
    runs = [(f"{name}-{seed}", value, name, seed) for name, own in named for seed, value in enumerate(own)]
    for name, value, width, seed in [*runs, ("alone", 0.91, "alone", 0), ("other", 0.90, "other", 0)]:
        run = client.create_run(experiment, run_name=name)
        params = [Param("width", width), Param("seed", str(seed))]
        client.log_batch(run.info.run_id, metrics=[Logged("acc", value, 1_700_000_000_000, 0)], params=params)
        client.set_terminated(run.info.run_id)
    return uri


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("old-* vs new-* by acc", PASS, ""),
        ("new-* vs old-* by acc", WORSE, "--fail-if-clearly-worse: clearly worse: acc"),
        ("equal-* vs old-* by acc", PASS, "--fail-if-clearly-worse: warning: cannot tell: acc"),
        ("new-0 vs old-0 by acc", WORSE, "--fail-if-clearly-worse: clearly worse: acc"),
        ("alone vs other by acc", PASS, "--fail-if-clearly-worse: warning: cannot tell: acc"),
    ],
)
def test_what_is_worse_beyond_chance_fails_and_what_nobody_can_tell_is_a_warning(store, words, code, said):
    result = CliRunner().invoke(command, [words, "--fail-if-clearly-worse", "--tracking-uri", store])
    assert (result.exit_code, result.stderr.strip()) == (code, said), result.output
