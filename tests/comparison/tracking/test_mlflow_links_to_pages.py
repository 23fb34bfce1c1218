"""Addresses of the MLflow UI, read as what they are of; whatever only looks like one of ours leads nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.tracking.mlflow_links import MOST_RUNS, LinkedPage, PageKind, linked_page

BASE = "https://mlflow.example.com/ml"
A, B = "a" * 32, "b" * 32
RUN = LinkedPage(PageKind.RUN, (A,), "7")


@pytest.mark.parametrize(
    ("route", "page"),
    [
        (f"experiments/7/runs/{A}", RUN),
        (f"experiments/7/runs/{A.upper()}/model-metrics?x=1", RUN),
        (f"experiments/7/runs/{A}/artifacts/model", RUN),
        (f"runs/{A}", LinkedPage(PageKind.RUN, (A,))),
        ("experiments/7", LinkedPage(PageKind.EXPERIMENT, experiment="7")),
        ("experiments/7/runs?searchFilter=&orderByKey=x", LinkedPage(PageKind.EXPERIMENT, experiment="7")),
        (f'compare-runs?runs=["{A}","{B}"]&experiments=["7"]', LinkedPage(PageKind.COMPARISON, (A, B))),
        (
            f"compare-runs?runs=[%22{A}%22,%22{B}%22,%22{A}%22]&experiments=[%227%22]",
            LinkedPage(PageKind.COMPARISON, (A, B)),
        ),
        (
            f'metric?runs=["{A}"]&metric="val/auc"&experiments=["7"]&plot_metric_keys=["val/auc","loss"]',
            LinkedPage(PageKind.METRIC, (A,), metrics=("val/auc", "loss")),
        ),
        (f'metric/val%2Fauc?runs=["{A}","{B}"]', LinkedPage(PageKind.METRIC, (A, B), metrics=("val/auc",))),
        ("models/fraud%20detector", LinkedPage(PageKind.MODEL, model="fraud detector")),
        ("models/fraud/versions/3", LinkedPage(PageKind.MODEL, model="fraud", version="3")),
    ],
)
def test_a_page_is_read(route, page):
    assert linked_page(f"{BASE}/#/{route}", BASE) == page
    assert linked_page(f"{BASE}#/{route}", f"{BASE}/") == page


@pytest.mark.parametrize(
    "address",
    [
        f"http://mlflow.example.com/ml/#/runs/{A}",
        f"https://MLflow.Example.com:443/ml/#/runs/{A}",
        f"https://mlflow.example.com/ml/index.html#/runs/{A}",
        f"https://mlflow.example.com/ml/?workspace=default#/runs/{A}",
    ],
)
def test_people_write_the_address_in_several_ways(address):
    assert linked_page(address, BASE) == LinkedPage(PageKind.RUN, (A,))


@pytest.mark.parametrize(
    "address",
    [
        f"https://mlflow.example.com.evil.com/ml/#/runs/{A}",
        f"https://evil.com/#/https://mlflow.example.com/ml/#/runs/{A}",
        f"https://evil.com/ml/?u=https://mlflow.example.com#/runs/{A}",
        f"https://mlflow.example.com@evil.com/ml/#/runs/{A}",
        f"https://maya:secret@mlflow.example.com/ml/#/runs/{A}",
        f"https://mlflow.example.com:8443/ml/#/runs/{A}",
        f"https://mlflow.example.com:99999/ml/#/runs/{A}",
        f"https://mlflow.example.com/mlevil/#/runs/{A}",
        f"https://mlflow.example.com/#/runs/{A}",
        f"https://mlflow.example.com/ml/../#/runs/{A}",
        f"https://mlflow.example.com/ml/runs/{A}",
        f"https://mlflow.example.com\\@evil.com/ml/#/runs/{A}",
        f"ftp://mlflow.example.com/ml/#/runs/{A}",
        f"javascript://mlflow.example.com/ml/#/runs/{A}",
        f"https://[mlflow.example.com/ml/#/runs/{A}",
        f"https://mlflow.example.com/ml/#/runs/{A}\n",
        f"https://mlflow.example.com/ml/#/runs/{A}?{'x' * 9_000}",
        f"https://mlflow.example.com/ml/#/runs/{A}?workspace=blue",
        f"https://mlflow.example.com/ml/?workspace=blue#/runs/{A}",
        "https://mlflow.example.com/ml/#/runs/../../secrets",
        "https://mlflow.example.com/ml/#/runs/1",
        "https://mlflow.example.com/ml/#/experiments",
        "https://mlflow.example.com/ml/#/",
        "https://mlflow.example.com/ml/",
        f'https://mlflow.example.com/ml/#/compare-runs?runs=["{A}"]',
        "https://mlflow.example.com/ml/#/compare-runs?runs=[[[[",
        "https://mlflow.example.com/ml/#/compare-runs?" + "&".join(f"a{n}=1" for n in range(500)),
        "https://mlflow.example.com/ml/#/metric?metric=x",
        f"https://mlflow.example.com/ml/#/models/{'x' * 501}",
        "",
        "#",
    ],
)
def test_what_is_not_ours_leads_nowhere(address):
    assert linked_page(address, BASE) is None


def test_a_page_with_too_many_runs_is_left_alone():
    def of(count):
        ids = ",".join(f'"{number:032x}"' for number in range(count))
        return linked_page(f"{BASE}/#/compare-runs?runs=[{ids}]", BASE)

    assert len(of(MOST_RUNS).runs) == MOST_RUNS
    assert of(MOST_RUNS + 1) is None


def test_of_several_mlflow_workspaces_only_the_one_that_the_bot_reads():
    base = f"{BASE}?workspace=blue"
    assert linked_page(f"{BASE}/#/runs/{A}?workspace=blue", base)
    for other in ("", "?workspace=default", "?workspace=red"):
        assert linked_page(f"{BASE}/#/runs/{A}{other}", base) is None


def test_databricks_has_its_pages_elsewhere():
    base = "https://acme.cloud.databricks.com/?o=12"
    assert linked_page(f"https://acme.cloud.databricks.com/ml/experiments/7/runs/{A}?o=12", base) == RUN
    assert linked_page(f"https://acme.cloud.databricks.com/ml/experiments/7/runs/{A}?o=13", base) is None
    assert linked_page(f"https://acme.cloud.databricks.com/sql/runs/{A}?o=12", base) is None


@pytest.mark.parametrize("base", ["", "nonsense", "https://", "mlflow.example.com"])
def test_without_an_address_of_mlflow_nothing_is_ours(base):
    assert linked_page(f"https://mlflow.example.com/ml/#/runs/{A}", base) is None


@given(st.text(max_size=80))
def test_any_text_is_read_or_leads_nowhere(text):
    linked_page(text, BASE)
    linked_page(f"{BASE}/#/{text}", BASE)
    linked_page(f"{BASE}/#/compare-runs?runs={text}", BASE)
