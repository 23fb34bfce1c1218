"""Filters mean what was meant, whatever a text holds: asked of a real store."""

import pytest
from mlflow import MlflowClient

from comparison.errors import RunNotFound
from comparison.library import MlflowRuns
from comparison.tracking.source import holds, is_child_of
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

PARENTS = [
    "it's",
    'say "hi"',
    "both ' and \"",
    "ends\\",
    "a' OR tags.x = 'y",
    "50%",
    "line\nline",
    "",
    "ü",
    "`",
    "x" * 300,
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A source, an experiment in it, and the id of the run of each parent."""
    uri = new_store(tmp_path_factory.mktemp("filters"))
    client = MlflowClient(uri)
    home = new_experiment(client)
    children = {each: log_run(client, home, "child", tags={"mlflow.parentRunId": each}) for each in PARENTS}
    for name in ("café", "cafe\u0301", "CAFÉ au lait", " Outer  blanks ", "it's"):
        log_run(client, home, name)
    return MlflowRuns(uri), home, children


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("caf\u00e9", "caf\u00e9"),
        ("cafe\u0301", "cafe\u0301"),
        ("Caf\u00e9 Au Lait", "CAF\u00c9 au lait"),
        ('"outer blanks"', " Outer  blanks "),
        ("it's", "it's"),
    ],
)
def test_a_run_is_found_however_its_name_is_stored(store, said, meant):
    assert store[0].find(said).runs[0].name == meant


def test_without_its_accent_a_name_is_near_however_old_the_run_is(store):
    with pytest.raises(RunNotFound) as refused:
        store[0].find("cafe")
    assert refused.value.near[0] in {"caf\u00e9", "cafe\u0301"}


@pytest.mark.parametrize("parent", PARENTS)
def test_the_children_of_any_parent_are_found(store, parent):
    source, home, children = store
    found = source.search(is_child_of(parent), experiment_ids=[home])
    assert children[parent] in [run.run_id for run in found if run.parent_id == parent]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("CAFÉ", {"café", "cafe\u0301"}),
        ("outer blanks", {" Outer  blanks "}),
        ("it's", {"it's"}),
        ("It'S", {"it's"}),
    ],
)
def test_what_resembles_a_text_is_found_in_any_case_and_form(store, typed, names):
    source, home, _ = store
    found = {run.name for run in source.search(holds("attributes.run_name", typed), experiment_ids=[home])}
    assert names <= found
