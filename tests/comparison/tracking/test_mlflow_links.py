import pytest

from comparison.runs import Experiment, Run
from comparison.tracking.mlflow_links import compare_url, experiment_url, linked_runs, linked_workspace, run_url

IRIS, DIGITS = Experiment("7", "iris"), Experiment("8", "digits")
A, B = Run("0123456789abcdef0123456789abcdef", "a", IRIS), Run("f123456789abcdef0123456789abcdef", "b", IRIS)
C = Run("e123456789abcdef0123456789abcdef", "c", DIGITS)


@pytest.mark.parametrize(
    ("ui", "page"),
    [
        ("http://mlflow:5000", f"http://mlflow:5000/#/experiments/7/runs/{A.run_id}"),
        ("http://mlflow:5000/", f"http://mlflow:5000/#/experiments/7/runs/{A.run_id}"),
        ("https://example.com/tools/mlflow/", f"https://example.com/tools/mlflow/#/experiments/7/runs/{A.run_id}"),
        ("https://example.com?workspace=blue", f"https://example.com/#/experiments/7/runs/{A.run_id}?workspace=blue"),
        (
            "https://example.com/#/?workspace=blue",
            f"https://example.com/#/experiments/7/runs/{A.run_id}?workspace=blue",
        ),
        ("https://example.com/#/experiments", f"https://example.com/#/experiments/7/runs/{A.run_id}"),
        ("https://e.com/m/?k=1&workspace=blue", f"https://e.com/m/?k=1#/experiments/7/runs/{A.run_id}?workspace=blue"),
        ("https://1.gcp.databricks.com/ml/", f"https://1.gcp.databricks.com/ml/experiments/7/runs/{A.run_id}"),
        ("https://notdatabricks.com", f"https://notdatabricks.com/#/experiments/7/runs/{A.run_id}"),
        (" http://mlflow:5000 ", f"http://mlflow:5000/#/experiments/7/runs/{A.run_id}"),
        ("https://ada:secret@example.com", f"https://example.com/#/experiments/7/runs/{A.run_id}"),
        ("http://[::1]:5000", f"http://[::1]:5000/#/experiments/7/runs/{A.run_id}"),
        ("https://adb-1.azuredatabricks.net", f"https://adb-1.azuredatabricks.net/ml/experiments/7/runs/{A.run_id}"),
        ("https://x.cloud.databricks.com/?o=1", f"https://x.cloud.databricks.com/ml/experiments/7/runs/{A.run_id}?o=1"),
        ("", ""),
        ("http://mlflow:port", ""),
        ("http://[mlflow", ""),
        ("mlflow:5000", ""),
        ("sqlite:///mlflow.db", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_a_run_has_a_page_where_people_open_mlflow(ui, page):
    assert run_url(ui, A) == page
    assert not page or linked_runs(page) == ((A.run_id, "7"),)


def test_an_experiment_has_a_page():
    assert experiment_url("http://mlflow:5000", "7") == "http://mlflow:5000/#/experiments/7"


@pytest.mark.parametrize("ui", ["http://mlflow:5000", "https://x.cloud.databricks.com", "https://e.com?workspace=blue"])
def test_a_comparison_link_leads_back_to_its_runs(ui):
    assert linked_runs(compare_url(ui, [A, B])) == ((A.run_id, "7"), (B.run_id, "7"))
    assert linked_runs(compare_url(ui, [A, C])) == ((A.run_id, ""), (C.run_id, ""))


def test_a_comparison_in_a_workspace_says_so_behind_its_runs():
    assert compare_url("http://m/?workspace=blue", [A]) == (
        f"http://m/#/compare-runs?runs=%5B%22{A.run_id}%22%5D&experiments=%5B%227%22%5D&workspace=blue"
    )


@pytest.mark.parametrize(
    "behind", [".", ")", ",", "/artifacts/model", "/model-metrics?workspace=blue", "?o=1", "#x", "!"]
)
def test_a_pasted_run_is_read_whatever_stands_behind_it(behind):
    assert linked_runs(f"http://m/#/experiments/7/runs/{A.run_id}{behind}") == ((A.run_id, "7"),)


@pytest.mark.parametrize(
    ("url", "workspace"),
    [
        (f"http://m/#/experiments/7/runs/{A.run_id}?workspace=blue", "blue"),
        (f"http://m/?workspace=blue#/experiments/7/runs/{A.run_id}", "blue"),
        (compare_url("http://m/?workspace=blue", [A, B]).replace("&", "&amp;"), "blue"),
        (f"http://m/#/experiments/7/runs/{A.run_id}", ""),
    ],
)
def test_a_pasted_address_says_its_workspace_and_its_runs(url, workspace):
    assert linked_workspace(url) == workspace
    assert (A.run_id, "7") in linked_runs(url)


def test_a_pasted_chart_of_several_runs_leads_to_them():
    chart = f'http://m/#/metric?runs=["{A.run_id}","{B.run_id}"]&metric="acc"&experiments=["7"]'
    assert linked_runs(chart) == ((A.run_id, "7"), (B.run_id, "7"))


def test_a_comparison_link_is_as_mlflow_reads_it():
    assert compare_url("http://m", [A, C]) == (
        f"http://m/#/compare-runs?runs=%5B%22{A.run_id}%22%2C%22{C.run_id}%22%5D&experiments=%5B%227%22%2C%228%22%5D"
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com",
        "http://m/#/experiments/7",
        "http://m/#/compare-runs?runs=[]",
        "http://m/#/runs/short",
        f"http://m/#/experiments/7/runs/{A.run_id}-x",
        "http://m/#/compare-experiments/s?experiments=[1]",
        f"http://m/#/experiments/7/models/m-{A.run_id}",
        "%",
    ],
)
def test_other_addresses_lead_to_no_run(url):
    assert linked_runs(url) == ()
