"""Which runs need not be looked at again to find those that are over and do not tell when they ended."""

import pytest

from comparison.errors import FilterRefused
from comparison.runs import Experiment, Run, Status
from comparison.tracking.mlflow import MlflowSource
from comparison.tracking.searches import DATED_FOR, DatedRuns
from tests.mlflow_store import new_store

TEAM, OTHERS = Experiment("1", "team"), Experiment("2", "others")
BEGAN = 1_700_000_000_000


def a_run(number, *, place=TEAM, status=Status.FINISHED, ended=1, deleted=False):
    start = BEGAN + number
    end = None if ended is None else start + ended
    return Run(f"{number:032x}", f"run {number}", place, status, start, end, deleted=deleted)


@pytest.fixture
def seconds():
    return [0.0]


@pytest.fixture
def dated(seconds):
    return DatedRuns(lambda: seconds[0])


def ids(where):
    return [part.strip("'").lstrip("0") for part in where.partition("NOT IN (")[2].rstrip(")").split(",") if part]


def test_runs_that_tell_their_end_are_left_out_within_the_experiments_that_are_asked_for(dated):
    dated.note([a_run(1), a_run(2, place=OTHERS), a_run(3, ended=None), a_run(4, status=Status.RUNNING)])
    assert dated.leave_out(BEGAN, ["1"], 10) == (
        f"attributes.start_time > {BEGAN} AND attributes.run_id NOT IN ('{1:032x}')"
    )


def test_a_deleted_run_does_not_count_as_one_of_the_newest(dated):
    dated.note([a_run(1, deleted=True)])
    assert dated.leave_out(BEGAN, ["1"], 10) == f"attributes.start_time > {BEGAN}"


def test_where_the_newest_are_known_none_that_began_before_them_is_asked_for(dated):
    dated.note([a_run(number) for number in range(1, 9)])
    where = dated.leave_out(BEGAN, ["1"], 3)
    assert where.startswith(f"attributes.start_time > {BEGAN + 5} AND ")
    assert ids(where) == ["8", "7", "6"]


def test_what_is_known_is_asked_for_again_after_a_while(dated, seconds):
    dated.note([a_run(1)])
    seconds[0] = DATED_FOR + 1
    assert ids(dated.leave_out(BEGAN, ["1"], 10)) == []


def test_a_server_that_does_not_take_such_a_filter_is_asked_for_all(tmp_path):
    asked = []

    class Older(MlflowSource):
        def part(self, where="", **more):
            asked.append(where)
            if "NOT IN" in where:
                raise FilterRefused("MLflow does not take this filter: Invalid operator")
            return super().part(where, **more)

    source = Older(new_store(tmp_path))
    source._searches._dated.note([a_run(1)])
    assert source.undated(BEGAN - 1, experiment_ids=["1"]) == []
    assert ["NOT IN" in where for where in asked] == [True, False]
