"""What ended and what runs: the second time only what may have changed is asked for, and the answer is the same."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comparison.runs import Experiment, Metric, Run, Status
from comparison.tracking import activity as module
from comparison.tracking.activity import MAX_FINISHED, MAX_RUNNING, UNDATED_FOR, activity
from comparison.tracking.leaders import CHANGED, GOOD_FOR
from tests.fakes.runs import RememberingRuns

TEAM = Experiment("1", "team")
NOW = 1_800_000_000_000
HOUR = 3_600_000
SINCE = NOW - 24 * HOUR


def a_run(number, *, ended=NOW - 2 * HOUR, status=Status.FINISHED, began=None, **more):
    over = None if status is Status.RUNNING else ended
    start = (ended or NOW) - HOUR if began is None else began
    return Run(f"{number:032x}", f"run {number}", TEAM, status, start, over, metrics={"acc": Metric(0.5)}, **more)


@pytest.fixture
def store():
    ended = [a_run(number) for number in range(5)]
    failed = a_run(10, status=Status.FAILED)
    return RememberingRuns([*ended, failed, a_run(20, status=Status.RUNNING, began=NOW - HOUR)], start=NOW)


def ask(store, since=SINCE, **more):
    store.asked.clear()
    return store.activity(since, experiment_ids=("1",), **more)


def drawn(found):
    """The runs of each kind in their order, and of which there are more."""
    parts = {"ended": found.ended, "finished": found.finished, "ill": found.ill, "running": found.running}
    told = {name: ([run.run_id for run in part.runs], part.is_cut) for name, part in parts.items()}
    return {**told, "undated": sorted(run.run_id for run in found.undated.runs)}


def is_right(store, since=SINCE):
    """Whether it is as asking for all tells; of as many as can be told there may be said to be more than there are."""
    found, whole = ask(store, since), activity(since, ("1",), store)
    if found.is_remembered and found.ended.is_cut and len(whole.ended.runs) == module.MAX_FINISHED:
        ended, finished = (replace(part, is_cut=True) for part in (whole.ended, whole.finished))
        whole = replace(whole, ended=ended, finished=finished, ill=replace(whole.ill, is_cut=found.ill.is_cut))
    return drawn(found) == drawn(whole)


def names(part):
    return [run.name for run in part.runs]


def run_id(number):
    return f"{number:032x}"


def test_the_second_time_what_ended_what_was_deleted_and_what_runs_is_asked_for(store):
    assert not ask(store).is_remembered
    assert sorted(store.asked) == ["search", "search", "undated"]
    assert ask(store).is_remembered
    assert sorted(store.asked) == ["deleted", "search", "search"]
    assert is_right(store)


@pytest.mark.parametrize("ago", [1_000, 600_000])
def test_a_run_that_ended_a_second_ago_is_told_even_by_a_clock_that_is_late(store, ago):
    ask(store)
    store.change(run_id(20), status=Status.FINISHED, ended_at=NOW - ago)
    assert "run 20" in names(ask(store).finished)
    assert is_right(store)


def test_a_deleted_run_is_not_told_and_told_again_when_it_was_restored(store):
    ask(store)
    store.change(run_id(2), deleted=True)
    assert "run 2" not in names(ask(store).finished)
    store.change(run_id(2), deleted=False)
    assert "run 2" in names(ask(store).finished)


def test_a_run_that_was_taken_up_again_runs_and_did_not_end(store):
    ask(store)
    store.change(run_id(2), status=Status.RUNNING, ended_at=None)
    found = ask(store)
    assert ("run 2" in names(found.finished), "run 2" in names(found.running)) == (False, True)
    store.change(run_id(2), status=Status.FAILED, ended_at=NOW)
    assert names(ask(store).ill)[0] == "run 2"


def test_it_did_not_end_either_where_more_run_than_are_told(store):
    store.runs += [a_run(1_000 + number, status=Status.RUNNING, began=NOW) for number in range(MAX_RUNNING + 5)]
    ask(store)
    store.change(run_id(2), status=Status.RUNNING, ended_at=None)
    assert "run 2" not in names(ask(store).finished)
    assert is_right(store)


def test_a_run_that_runs_no_longer_and_does_not_tell_since_when_is_told_at_once(store):
    ask(store)
    store.change(run_id(20), status=Status.KILLED, ended_at=None)
    assert names(ask(store).undated) == ["run 20"]
    assert names(ask(store).undated) == ["run 20"]
    store.change(run_id(20), deleted=True)
    assert names(ask(store).undated) == []


def test_one_that_nobody_saw_running_is_told_a_minute_later(store):
    ask(store)
    store.runs.append(a_run(30, status=Status.KILLED, ended=None))
    store.seconds = UNDATED_FOR
    assert names(ask(store).undated) == ["run 30"]


def test_what_was_logged_long_after_the_end_is_told_when_the_memory_is_old_or_must_not_be_used(store):
    ask(store)
    store.change(run_id(3), metrics={"acc": Metric(0.9)})
    assert ask(store, anew=True).finished.runs == activity(SINCE, ("1",), store).finished.runs
    store.change(run_id(3), metrics={"acc": Metric(0.95)})
    store.seconds = GOOD_FOR
    assert not ask(store).is_remembered


def test_a_later_moment_is_answered_from_memory_and_an_earlier_one_is_not(store):
    store.runs.append(a_run(40, ended=NOW - 30 * HOUR))
    ask(store)
    assert ask(store, NOW - HOUR).finished.runs == ()
    assert ask(store).is_remembered
    assert "run 40" in names(ask(store, NOW - 48 * HOUR).finished)
    assert is_right(store, NOW - 48 * HOUR)


def test_where_much_ended_everything_is_asked_for(store):
    ask(store)
    store.runs += [a_run(1_000 + number, ended=NOW - number) for number in range(CHANGED + 1)]
    assert not ask(store).is_remembered
    assert is_right(store)


def test_of_more_than_can_be_told_the_last_are_remembered_and_all_failures(store):
    store.runs += [a_run(1_000 + number, ended=NOW - HOUR + number) for number in range(MAX_FINISHED)]
    ask(store)
    store.runs.append(a_run(2_000, ended=NOW - 500))
    found = ask(store)
    assert found.is_remembered
    assert (names(found.finished)[0], len(found.finished.runs), names(found.ill)) == ("run 2000", 300, ["run 10"])
    assert is_right(store)


def test_where_one_of_the_last_was_deleted_everything_is_asked_for(store):
    store.runs += [a_run(1_000 + number, ended=NOW - HOUR + number) for number in range(MAX_FINISHED)]
    ask(store)
    store.change(run_id(1_100), deleted=True)
    assert is_right(store)


def test_runs_that_logged_very_much_are_not_remembered(store):
    store.change(run_id(1), metrics={f"m{number}": Metric(0.0) for number in range(module.MAX_VALUES)})
    ask(store)
    assert not ask(store).is_remembered


def test_each_set_of_experiments_has_a_memory_of_its_own(store):
    store.runs.append(replace(a_run(50), experiment=Experiment("2", "others")))
    ask(store)
    assert not store.activity(SINCE).is_remembered
    assert store.activity(SINCE, experiment_ids=("2",)).finished.runs == (store.runs[-1],)


ENDS = st.sampled_from([Status.FINISHED, Status.FINISHED, Status.FINISHED, Status.FAILED, Status.KILLED, Status.PRUNED])
EVENTS = st.one_of(
    st.tuples(st.just("begin"), st.integers(0, 12), st.integers(0, 40 * HOUR)),
    st.tuples(st.just("end"), st.integers(0, 12), ENDS),
    st.tuples(st.just("end undated"), st.integers(0, 12), ENDS),
    st.tuples(st.just("import"), st.integers(0, 12), ENDS),
    st.tuples(st.just("delete"), st.integers(0, 12), st.none()),
    st.tuples(st.just("restore"), st.integers(0, 12), st.none()),
    st.tuples(st.just("resume"), st.integers(0, 12), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 300), st.none()),
)


def happen(store, what, number, detail):
    now = NOW + int(store.seconds * 1_000)
    run = next((each for each in store.runs if each.run_id == run_id(number)), None)
    match what:
        case "begin" if run is None:
            store.runs.append(a_run(number, status=Status.RUNNING, began=now - detail))
        case "import" if run is None:
            store.runs.append(a_run(number, ended=now - 60_000, status=detail))
        case "end" if run is not None and not run.is_over and not run.deleted:
            store.change(run.run_id, status=detail, ended_at=now - 1_000)
        case "end undated" if run is not None and not run.is_over and not run.deleted:
            store.change(run.run_id, status=detail)
        case "resume" if run is not None and run.ended_at and not run.deleted:
            store.change(run.run_id, status=Status.RUNNING, ended_at=None)
        case "delete" if run is not None:
            store.change(run.run_id, deleted=True)
        case "restore" if run is not None:
            store.change(run.run_id, deleted=False)
        case "wait":
            store.seconds += number


@settings(deadline=None)
@given(st.integers(0, 9), st.lists(EVENTS, max_size=30), st.sampled_from([3, MAX_FINISHED]))
def test_however_runs_come_and_go_the_answer_is_that_of_asking_for_all(count, events, most):
    store = RememberingRuns([a_run(number, ended=NOW - HOUR - number) for number in range(count)], start=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_FINISHED", most)
        for _ in range(2):
            assert is_right(store)
        for event in events:
            happen(store, *event)
            if store.seconds < GOOD_FOR:
                assert is_right(store), event
