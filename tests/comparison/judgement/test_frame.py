import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from comparison import compare
from comparison.judgement.result import COLUMNS
from tests.comparison.builders import run, side, two


def test_there_is_a_row_a_metric_and_candidate_in_reading_order():
    comparison = compare(
        run("A", {"acc": 1, "loss": 1}), run("B", {"acc": 2, "loss": 2}), run("C", {"acc": 3, "loss": 1})
    )
    frame = comparison.to_frame()
    assert list(frame[["metric", "candidate", "outcome"]].itertuples(index=False, name=None)) == [
        ("loss", "B", "worse"),
        ("loss", "C", "same"),
        ("acc", "B", "better"),
        ("acc", "C", "better"),
    ]


def test_a_row_says_everything():
    frame = compare(
        side("old", run("1", {"acc": 0.8}), run("2", {"acc": 0.9})), run("B", {"acc": 0.92}), metrics=["acc"]
    ).to_frame()
    row = frame.iloc[0].to_dict()
    assert pd.isna(row.pop("noise_df"))
    assert row == {
        "metric": "acc", "baseline": "old", "candidate": "B", "primary": True, "goal": "higher", "goal_source": "name",
        "baseline_value": 0.85, "candidate_value": 0.92, "difference": 0.07, "change": pytest.approx(0.07 / 0.85),
        "outcome": "too few runs to tell", "baseline_n": 2, "candidate_n": 1, "baseline_step": 0, "candidate_step": 0,
        "baseline_sd": pytest.approx(0.0707, abs=1e-4), "candidate_sd": pytest.approx(math.nan, nan_ok=True),
        **dict.fromkeys(["low", "high", "p", "p_holm", "noise_sd", "margin", "p_same"], pytest.approx(math.nan, nan_ok=True)),
        "method": "", "paired": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "comparison",
    [
        two({}, {}),
        two({"acc": 1}, {"acc": 2}),
        two({"acc": 1, "x": math.nan, "z": math.inf}, {"y": 2, "x": 1, "z": 0}),
        two({"x": 1}, {"y": 1}),
    ],
)
def test_columns_and_dtypes_are_the_same_whatever_was_compared(comparison):
    frame = comparison.to_frame()
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == COLUMNS
    assert list(frame["outcome"].cat.categories) == [
        "better", "worse", "same", "changed", "only in baseline", "only in candidate", "not a number", "in neither",
        "unclear", "no clear difference", "too few runs to tell",
    ]  # fmt: skip


def test_frames_of_several_comparisons_can_be_joined():
    frames = [two({}, {}).to_frame(), two({"acc": 1}, {"acc": 2}).to_frame()]
    assert {name: str(dtype) for name, dtype in pd.concat(frames).dtypes.items()} == COLUMNS


def test_what_was_not_logged_is_no_number_and_has_no_step():
    row = two({"x": 1}, {}).to_frame().iloc[0]
    assert math.isnan(row["candidate_value"])
    assert math.isnan(row["difference"])
    assert row["candidate_n"] == 0
    assert row["candidate_step"] is pd.NA


def test_infinities_are_kept():
    assert two({"x": -math.inf}, {"x": 1}).to_frame()["baseline_value"][0] == -math.inf


def test_neither_pandas_nor_mlflow_is_imported_before_it_is_wanted():
    code = "import sys, comparison, comparison.formats.json; print([m for m in ('pandas', 'mlflow', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_column_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "frame.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` | `{dtype}` |" in page for name, dtype in COLUMNS.items())
