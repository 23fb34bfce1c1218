import threading
from pathlib import Path

import pytest

from bot.demo.store import prepare


@pytest.fixture
def trainings():
    return []


@pytest.fixture
def train(trainings):
    def write(uri, artifacts):
        trainings.append(uri)
        database = Path(uri.removeprefix("sqlite:///"))
        assert not database.exists(), "training starts from nothing"
        database.write_text("runs")

    return write


def interrupted(uri, artifacts):
    Path(uri.removeprefix("sqlite:///")).write_text("half")
    raise KeyboardInterrupt


def test_a_second_demo_does_not_train_again(tmp_path, train, trainings):
    first = prepare(tmp_path, "1", train)
    second = prepare(tmp_path, "1", train)
    assert len(trainings) == 1
    assert first == second


def test_an_interrupted_training_is_done_anew(tmp_path, train, trainings):
    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path, "1", interrupted)
    store = prepare(tmp_path, "1", train)
    assert len(trainings) == 1
    assert store.is_trained("1")


def test_data_of_another_version_is_trained_anew(tmp_path, train, trainings):
    prepare(tmp_path, "1", train)
    assert prepare(tmp_path, "2", train).is_trained("2")
    assert len(trainings) == 2


def test_a_store_whose_database_was_removed_is_trained_anew(tmp_path, train, trainings):
    store = prepare(tmp_path, "1", train)
    Path(store.tracking_uri.removeprefix("sqlite:///")).unlink()
    prepare(tmp_path, "1", train)
    assert len(trainings) == 2


@pytest.mark.parametrize("damaged", ["", "{", "[]", "null", '{"version": 7}'])
def test_a_damaged_marker_counts_as_none(tmp_path, train, trainings, damaged):
    prepare(tmp_path, "1", train)
    (tmp_path / "trained.json").write_text(damaged)
    prepare(tmp_path, "1", train)
    assert len(trainings) == 2


def test_two_demos_at_once_train_once(tmp_path, train, trainings):
    threads = [threading.Thread(target=prepare, args=(tmp_path, "1", train)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(trainings) == 1


def test_a_folder_with_a_space_in_its_name_will_do(tmp_path, train):
    store = prepare(tmp_path / "my demo", "1", train)
    assert store.tracking_uri == f"sqlite:///{tmp_path}/my demo/mlflow.db"
    assert store.artifacts.endswith("/my%20demo/artifacts")
