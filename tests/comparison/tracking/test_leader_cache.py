"""The second time, only what may have changed is asked for; what is answered is as exact as the first time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.runs import Experiment, Goal, Metric, Run, Status
from comparison.tracking.leaders import CHANGED, GOOD_FOR, LeaderCache
from comparison.tracking.source import Ranking
from tests.fakes.runs import FakeRuns

IRIS = Experiment("1", "iris")
NOW = 1_800_000_000_000
BEST = Ranking("acc", Goal.HIGHER, ("1",))


def run(number, value, ended=NOW - 86_400_000, status=Status.FINISHED):
    over = None if status is Status.RUNNING else ended
    return Run(f"{number:032x}", f"run {number}", IRIS, status, ended - 1_000, over, metrics={"acc": Metric(value)})


class Remembering:
    """A store, a memory of it and a clock that is set by hand."""

    def __init__(self, runs):
        self.store = FakeRuns(list(runs))
        self.seconds = 0.0
        self.memory = LeaderCache(lambda: self.seconds, lambda: NOW + int(self.seconds * 1_000))

    def ask(self, count=1, ranking=BEST):
        self.store.asked.clear()
        return [each.name for each in self.memory.leaders(ranking, self.store, count)]

    def change(self, number, **changes):
        self.store.change(f"{number:032x}", **changes)


@pytest.fixture
def hundred():
    return Remembering([run(number, number / 1_000) for number in range(100)])


def test_the_second_time_three_short_questions_are_enough(hundred):
    assert hundred.ask() == ["run 99"]
    assert hundred.ask() == ["run 99"]
    assert sorted(hundred.store.asked) == ["get", "search", "search"]


def test_the_second_time_three_questions_are_enough_for_several_leaders_too(hundred):
    first = hundred.ask(5)
    assert hundred.ask(5) == first == [f"run {number}" for number in range(99, 94, -1)]
    assert sorted(hundred.store.asked) == ["search", "search", "these"]


@pytest.mark.parametrize("change", [{"deleted": True}, {"metrics": {"acc": Metric(0.0)}}, {"metrics": {}}])
def test_one_of_several_leaders_that_fell_behind_makes_room_for_the_next(hundred, change):
    hundred.ask(3)
    hundred.change(98, **change)
    assert hundred.ask(3) == ["run 99", "run 97", "run 96"]


def test_a_run_that_ended_a_second_ago_leads(hundred):
    hundred.ask()
    hundred.store.runs.append(run(500, 0.9, ended=NOW - 1_000))
    assert hundred.ask() == ["run 500"]


def test_a_run_whose_clock_is_ten_minutes_late_leads_too(hundred):
    hundred.ask()
    hundred.store.runs.append(run(500, 0.9, ended=NOW - 600_000))
    assert hundred.ask() == ["run 500"]


def test_a_run_that_still_runs_leads_as_soon_as_it_does(hundred):
    hundred.store.runs.append(run(500, 0.01, status=Status.RUNNING))
    assert hundred.ask() == ["run 99"]
    hundred.change(500, metrics={"acc": Metric(0.95)})
    assert hundred.ask() == ["run 500"]


@pytest.mark.parametrize("change", [{"deleted": True}, {"metrics": {"acc": Metric(0.0)}}, {"metrics": {}}])
def test_a_leader_that_fell_behind_or_was_deleted_leads_no_longer(hundred, change):
    hundred.ask()
    hundred.change(99, **change)
    assert hundred.ask() == ["run 98"]


def test_asking_for_more_than_before_asks_anew(hundred):
    hundred.ask()
    assert hundred.ask(3) == ["run 99", "run 98", "run 97"]
    assert hundred.ask(2) == ["run 99", "run 98"]


def test_what_changed_long_after_its_end_is_seen_when_the_memory_is_old(hundred):
    hundred.ask()
    hundred.change(5, metrics={"acc": Metric(0.99)})
    hundred.seconds = GOOD_FOR + 1
    assert hundred.ask() == ["run 5"]


def test_where_too_much_changed_everybody_is_asked(hundred):
    hundred.ask()
    hundred.store.runs += [run(1_000 + number, 0.2, ended=NOW) for number in range(CHANGED)]
    hundred.store.runs.append(run(5_000, 0.5, ended=NOW - 500))
    assert hundred.ask() == ["run 5000"]


def test_where_few_logged_it_a_new_one_is_seen():
    few = Remembering([run(1, 0.5)])
    assert few.ask(3) == ["run 1"]
    few.store.runs.append(run(2, 0.6, ended=NOW))
    assert few.ask(3) == ["run 2", "run 1"]


def test_nobody_leads_until_somebody_does():
    none = Remembering([])
    assert none.ask() == []
    none.store.runs.append(run(2, 0.6, ended=NOW))
    assert none.ask() == ["run 2"]


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 1)), max_size=40), st.integers(1, 4))
def test_however_runs_come_and_change_the_answer_is_that_of_asking_everybody(events, count):
    remembering = Remembering([])
    for moment, (number, value) in enumerate(events):
        remembering.seconds = float(moment)
        kept = [each for each in remembering.store.runs if each.run_id != f"{number:032x}"]
        remembering.store.runs = [*kept, run(number, value, ended=NOW + moment * 1_000)]
        wanted = sorted((each.metrics["acc"].value for each in remembering.store.runs), reverse=True)[:count]
        found = remembering.memory.leaders(BEST, remembering.store, count)
        assert [each.metrics["acc"].value for each in found] == wanted
