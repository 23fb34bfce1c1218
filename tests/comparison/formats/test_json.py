import json
import math
from pathlib import Path

import pytest

from comparison import Goal, Metric, compare
from comparison.formats.json import json_number, to_dict
from comparison.judgement.result import CaveatCode, GoalSource, Outcome, VerdictKind
from comparison.runs import Dataset
from tests.comparison.builders import run, side, two

COMPARISON = compare(
    run("A", {"acc": 0.85, "loss": math.nan}, parameters={"C": "1.0", "seed": "0"}, tags={"model": "small"},
        datasets=(Dataset("iris", "1a2b", "training"), Dataset("held out", "5e6f", "test"))),
    run("B", {"acc": 0.92, "f1": Metric(0.5)}, parameters={"C": "0.5", "seed": "0"}, tags={"model": "small"},
        datasets=(Dataset("iris", "3c4d", "training"), Dataset("held out", "5e6f", "test"))),
)  # fmt: skip


REPEATS = compare(
    [run(f"A{seed}", {"acc": 0.8 + seed / 100}, parameters={"seed": str(seed)}) for seed in range(4)],
    [run(f"B{seed}", {"acc": 0.9 + seed / 90}, parameters={"seed": str(seed)}) for seed in range(4)],
    margin=0.01,
)


def test_the_whole_contract():
    assert to_dict(COMPARISON, ui_url="http://mlflow.example") == {
        "version": 2,
        "verdict": {
            "standing": "better",
            "text": "B is better on 1 of 1 metric",
            "candidates": [
                {"label": "B", "standing": "better", "better": 1, "worse": 0, "same": 0,
                 "costs": {"better": 0, "worse": 0, "same": 0}, "text": "B is better on 1 of 1 metric"}
            ],
        },
        "reading": "last",
        "sides": [
            {"label": "A", "role": "baseline", "run_ids": ["AA"], "links": ["http://mlflow.example/#/experiments/1/runs/AA"], "notes": [], "left_out": []},
            {"label": "B", "role": "candidate", "run_ids": ["BB"], "links": ["http://mlflow.example/#/experiments/1/runs/BB"], "notes": [], "left_out": []},
        ],
        "metrics": [
            {"name": "acc", "goal": "higher", "goal_source": "name", "primary": False, "logged_as": "acc", "dataset": None, "cost": False,
             "tolerance": None, "tolerance_source": "none", "candidates": [
                {"label": "B", "baseline": 0.85, "candidate": 0.92, "difference": 0.07, "change": pytest.approx(0.07 / 0.85),
                 "outcome": "better", "baseline_values": [0.85], "candidate_values": [0.92],
                 "outcome_by_value": "better", "evidence": None}]},
            {"name": "f1", "goal": "higher", "goal_source": "name", "primary": False, "logged_as": "f1", "dataset": None, "cost": False,
             "tolerance": None, "tolerance_source": "none", "candidates": [
                {"label": "B", "baseline": None, "candidate": 0.5, "difference": None, "change": None,
                 "outcome": "only in candidate", "baseline_values": [], "candidate_values": [0.5],
                 "outcome_by_value": "only in candidate", "evidence": None}]},
            {"name": "loss", "goal": "lower", "goal_source": "name", "primary": False, "logged_as": "loss", "dataset": None, "cost": False,
             "tolerance": None, "tolerance_source": "none", "candidates": [
                {"label": "B", "baseline": "NaN", "candidate": None, "difference": None, "change": None,
                 "outcome": "only in baseline", "baseline_values": ["NaN"], "candidate_values": [],
                 "outcome_by_value": "only in baseline", "evidence": None}]},
        ],
        "examples": [],
        "counted_once": [],
        "parameters": {"changed": [{"name": "C", "baseline": "1.0", "candidates": ["0.5"]}], "same": 1},
        "tags": {"changed": [], "same": 1},
        "datasets": {
            "changed": [
                {"context": "training", "baseline": [{"name": "iris", "digest": "1a2b"}], "candidates": [[{"name": "iris", "digest": "3c4d"}]]}
            ],
            "same": 1,
        },
        "warnings": [
            {"code": "datasets_differ", "text": "B was trained on other data (3c4d, not 1a2b)."},
            {"code": "one_sided_metrics", "text": "Logged only by A: loss."},
            {"code": "one_sided_metrics", "text": "Logged only by B: f1."},
            {"code": "not_finite", "text": "Not finite in A: loss (NaN)."},
            {"code": "single_runs", "text": "Single runs: this could be seed noise."},
        ],
        "links": {"compare": "http://mlflow.example/#/compare-runs?runs=%5B%22AA%22%2C%22BB%22%5D&experiments=%5B%221%22%5D"},
    }  # fmt: skip


def test_what_repeats_tell_is_written_in_full():
    (found,) = to_dict(REPEATS)["metrics"][0]["candidates"]
    assert found["outcome"] == "better"
    assert found["evidence"] == {
        "baseline": {"n": 4, "mean": pytest.approx(0.815), "sd": pytest.approx(0.01291, abs=1e-5)},
        "candidate": {"n": 4, "mean": pytest.approx(0.916667, abs=1e-6), "sd": pytest.approx(0.014344, abs=1e-6)},
        "method": "paired t", "paired": True, "pairs": 4, "difference": pytest.approx(0.101667, abs=1e-6),
        "interval": [pytest.approx(0.099384, abs=1e-6), pytest.approx(0.103949, abs=1e-6)],
        "statistic": pytest.approx(141.75, abs=0.1), "df": 3, "p": pytest.approx(7.7e-7, rel=0.1),
        "p_holm": pytest.approx(7.7e-7, rel=0.1), "tests": 1, "margin": 0.01, "p_same": pytest.approx(1, abs=0.001),
        "interval_90": [pytest.approx(0.099979, abs=1e-6), pytest.approx(0.103355, abs=1e-6)],
        "noise": None, "least_difference": None, "seeds_advised": 3,
    }  # fmt: skip


def test_without_an_address_there_are_no_links():
    found = to_dict(COMPARISON)
    assert [side["links"] for side in found["sides"]] == [[], []]
    assert found["links"] == {"compare": None}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (None, None), (0.1 + 0.2, 0.30000000000000004), (1e300, 1e300)],
)  # fmt: skip
def test_numbers_keep_their_precision_and_what_json_lacks_is_text(value, shown):
    assert json_number(value) == shown


def test_it_is_strict_json():
    comparison = two({"x": math.nan, "y": math.inf, "z": 1e308}, {"x": 1, "y": -math.inf, "z": -1e308})
    assert json.loads(json.dumps(to_dict(comparison), allow_nan=False)) == to_dict(comparison)


def test_several_candidates_have_an_entry_each_everywhere():
    comparison = compare(
        side("A", run("1", {"acc": 1}, parameters={"C": "1"}), run("2", {"acc": 1}, parameters={"C": "1"})),
        run("B", {"acc": 2}, parameters={"C": "2"}),
        run("C", {"acc": 0}),
    )
    found = to_dict(comparison)
    assert [side["run_ids"] for side in found["sides"]] == [["11", "22"], ["BB"], ["CC"]]
    assert [change["outcome"] for change in found["metrics"][0]["candidates"]] == ["too few runs to tell"] * 2
    assert [change["outcome_by_value"] for change in found["metrics"][0]["candidates"]] == ["better", "worse"]
    assert found["parameters"]["changed"] == [{"name": "C", "baseline": "1", "candidates": ["2", None]}]
    assert found["verdict"]["standing"] == "unclear"
    assert found["verdict"]["text"] == "B: too few runs to tell on 1 metric; C: too few runs to tell on 1 metric"


def keys(found):
    if isinstance(found, dict):
        yield from found
        found = found.values()
    for inner in found if not isinstance(found, str | int | float | None) else ():
        yield from keys(inner)


def test_every_key_and_code_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "json.md").read_text(encoding="utf-8")
    assert [key for key in {*keys(to_dict(COMPARISON)), *keys(to_dict(REPEATS))} if f"`{key}`" not in page] == []
    assert [
        value
        for kind in (CaveatCode, Outcome, VerdictKind, Goal, GoalSource)
        for value in kind
        if f"`{value}`" not in page
    ] == []
