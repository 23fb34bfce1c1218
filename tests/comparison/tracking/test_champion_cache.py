"""The second time, only what may have changed is asked for; what is answered is as exact as the first time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.runs import Experiment, Goal, Metric, Run, Status
from comparison.tracking.leaders import CHANGED, GOOD_FOR, ChampionCache
from comparison.tracking.source import Ranking, Recent
from tests.fakes.runs import FakeRuns

PLACES = [Experiment(str(number), f"team-{number}") for number in range(2)]
NOW = 1_800_000_000_000
DAY = 86_400_000
BEST = Ranking("acc", Goal.HIGHER, ("0", "1"))


def run(number, value, *, ended=NOW - DAY, status=Status.FINISHED, place=None):
    over = None if status is Status.RUNNING else ended
    home = PLACES[number % 2 if place is None else place]
    return Run(f"{number:032x}", f"run {number}", home, status, ended - 1_000, over, metrics={"acc": Metric(value)})


class Remembering:
    """A store, a memory of it and a clock that is set by hand."""

    def __init__(self, runs):
        self.store = FakeRuns(list(runs))
        self.seconds = 0.0
        self.memory = ChampionCache(lambda: self.seconds, lambda: NOW + int(self.seconds * 1_000))

    def ask(self, recent=(), ended_after=None, ranking=BEST):
        self.store.asked.clear()
        found = self.memory.champions(ranking, Recent(tuple(recent), ended_after), self.store)
        return [each.name for each in found.values()]

    def change(self, number, **changes):
        self.store.change(f"{number:032x}", **changes)


@pytest.fixture
def hundred():
    return Remembering([run(number, number / 1_000) for number in range(100)])


def test_at_first_the_newest_of_all_and_those_above_them_are_asked_for(hundred):
    assert hundred.ask() == ["run 98", "run 99"]
    assert hundred.store.asked == ["search", "search"]


def test_the_second_time_two_questions_are_enough_for_all_experiments(hundred):
    hundred.ask()
    assert hundred.ask() == ["run 98", "run 99"]
    assert sorted(hundred.store.asked) == ["search", "these"]


def test_one_is_enough_where_all_that_ended_since_is_at_hand(hundred):
    hundred.ask()
    fresh = run(500, 0.9, ended=NOW - 1_000)
    hundred.store.runs.append(fresh)
    assert hundred.ask([fresh], NOW - DAY) == ["run 500", "run 99"]
    assert hundred.store.asked == ["these"]


@pytest.mark.parametrize("ago", [1_000, 600_000])
def test_a_run_that_ended_a_second_ago_leads_even_by_a_clock_that_is_late(hundred, ago):
    hundred.ask()
    hundred.store.runs.append(run(500, 0.9, ended=NOW - ago))
    assert hundred.ask() == ["run 500", "run 99"]
    hundred.seconds = 1.0
    assert hundred.ask() == ["run 500", "run 99"]


def test_a_run_that_still_runs_leads_where_it_is_asked_about_and_is_not_remembered(hundred):
    racing = run(500, 0.95, status=Status.RUNNING)
    hundred.store.runs.append(racing)
    for _ in range(2):
        assert hundred.ask([racing]) == ["run 500", "run 99"]
        assert hundred.ask() == ["run 98", "run 99"]


def test_once_it_is_over_it_leads(hundred):
    hundred.store.runs.append(run(500, 0.95, status=Status.RUNNING))
    assert hundred.ask() == ["run 98", "run 99"]
    hundred.seconds = 60.0
    hundred.change(500, status=Status.KILLED, ended_at=NOW + 59_000)
    assert hundred.ask() == ["run 500", "run 99"]


@pytest.mark.parametrize(
    "change",
    [
        {"deleted": True},
        {"metrics": {"acc": Metric(0.0)}},
        {"metrics": {}},
        {"status": Status.RUNNING, "ended_at": None},
    ],
)
def test_one_that_fell_behind_was_deleted_or_runs_again_leads_no_longer(hundred, change):
    hundred.ask()
    hundred.change(98, **change)
    assert hundred.ask() == ["run 96", "run 99"]


def test_what_changed_long_after_its_end_is_seen_when_the_memory_is_old(hundred):
    hundred.ask()
    hundred.change(5, metrics={"acc": Metric(0.99)})
    hundred.seconds = GOOD_FOR + 1
    assert hundred.ask() == ["run 98", "run 5"]


def test_where_too_much_ended_everybody_is_asked(hundred):
    hundred.ask()
    hundred.store.runs += [run(1_000 + number, 0.05, ended=NOW) for number in range(CHANGED)]
    hundred.store.runs.append(run(5_000, 0.5, ended=NOW - 500))
    assert hundred.ask() == ["run 5000", "run 99"]


def test_a_filter_is_asked_each_time(hundred):
    early = replace(BEST, where=f"attributes.end_time <= {NOW - DAY}")
    hundred.store.runs.append(run(500, 0.9, ended=NOW - 1_000))
    for _ in range(2):
        assert hundred.ask(ranking=early) == ["run 98", "run 99"]
    assert hundred.ask() == ["run 500", "run 99"]


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.floats(0, 1), st.sampled_from([Status.FINISHED, Status.RUNNING])), max_size=40
    )
)
def test_however_runs_come_and_change_the_answer_is_that_of_asking_everybody(events):
    remembering = Remembering([])
    for moment, (number, value, status) in enumerate(events):
        remembering.seconds = float(moment)
        kept = [each for each in remembering.store.runs if each.run_id != f"{number:032x}"]
        remembering.store.runs = [*kept, run(number, value, ended=NOW + moment * 1_000, status=status)]
        found = remembering.memory.champions(BEST, Recent(), remembering.store)
        for key in BEST.experiment_ids:
            over = [each for each in remembering.store.runs if each.is_over and each.experiment.experiment_id == key]
            wanted = max((each.metrics["acc"].value for each in over), default=None)
            assert (found[key].metrics["acc"].value if key in found else None) == wanted


def test_those_that_were_just_looked_at_are_not_asked_for_again(hundred):
    hundred.ask()
    known = hundred.memory.known(BEST)
    assert sorted(known) == [f"{number:032x}" for number in (98, 99)]
    current = {each.run_id: each for each in hundred.store.runs if each.run_id in known}
    hundred.store.asked.clear()
    recent = Recent(ended_after=NOW - DAY, current=current)
    assert [each.name for each in hundred.memory.champions(BEST, recent, hundred.store).values()] == [
        "run 98",
        "run 99",
    ]
    assert hundred.store.asked == []
    gone = replace(recent, current={**current, f"{98:032x}": None})
    found = hundred.memory.champions(BEST, gone, hundred.store)
    assert found["0"].name == "run 98"  # it is there all the same: asked for with all others


def test_a_ranking_with_a_filter_has_none_that_are_remembered(hundred):
    hundred.ask()
    assert hundred.memory.known(replace(BEST, where="metrics.acc < 1")) == ()
