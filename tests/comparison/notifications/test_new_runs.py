"""Which runs of a poll are news: each end once, however it is polled and whatever clocks say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.notifications.new_runs import (
    AGAIN,
    CLOCK_SKEW_MS,
    GROWN,
    KEPT,
    SeenRuns,
    as_seen,
    diff_runs,
    oldest_end,
    resumed,
)
from comparison.runs import Experiment, Metric, Run, Status

FRAUD = Experiment("7", "fraud")
NOON = 1_795_435_200_000
MINUTE = 60_000
HOUR = 60 * MINUTE
OFF = 5 * MINUTE


def run(number, **facts):
    facts = {"experiment": FRAUD, "status": Status.FINISHED, "ended_at": NOON + number} | facts
    return Run(f"{number:032x}", f"run-{number}", **facts)


def named(runs):
    return [each.name for each in runs]


ENDINGS = st.lists(st.tuples(st.integers(0, HOUR), st.integers(-OFF, OFF)), max_size=20)
"""When each ended, and how far its machine's clock is off."""

POLLS = st.lists(
    st.tuples(
        st.integers(0, 3 * HOUR),  # ms since the one before
        st.integers(-2 * MINUTE, 2 * MINUTE),  # how far the clock is off of the process that polls
        st.booleans(),  # whether another process was quicker, so that what came of it is thrown away
    ),
    max_size=40,
)


@given(ENDINGS, POLLS)
def test_no_sequence_of_polls_tells_a_run_twice_and_every_ended_run_is_told(endings, polls):
    runs = [(NOON + at, run(number, ended_at=NOON + at + off)) for number, (at, off) in enumerate(endings)]
    seen, told, now = SeenRuns(NOON), [], NOON
    for wait, off, is_lost in [*polls, (61 * MINUTE, 0, False), (0, 0, False)]:
        now += wait
        there = [each for at, each in runs if at <= now and each.ended_at > oldest_end(seen)]
        stepped = diff_runs(seen, there, now + off)
        assert stepped.changed == ()
        if is_lost:
            continue
        seen = stepped.seen
        told += [each.run_id for each in stepped.fresh]
        assert diff_runs(seen, there, now - off).fresh == ()
    assert sorted(told) == sorted(each.run_id for _at, each in runs)


@given(st.integers(1, 60), st.integers(-OFF, OFF), st.integers(0, 15_000))
def test_polls_that_look_back_far_now_and_then_miss_nobody(minutes, off, phase):
    one = run(1, ended_at=NOON + minutes * MINUTE + off)
    seen, told = SeenRuns(NOON), []
    for number in range(80 * 4):
        now = NOON + phase + number * 15_000
        overlap = 90_000 if number % 8 else CLOCK_SKEW_MS
        is_there = now >= NOON + minutes * MINUTE and one.ended_at > oldest_end(seen, overlap)
        stepped = diff_runs(seen, [one] if is_there else [], now, overlap)
        seen = stepped.seen
        told += stepped.fresh
    assert told == [one]


def test_a_poll_that_is_repeated_with_an_older_clock_tells_nothing_again():
    first = diff_runs(SeenRuns(NOON), [run(1)], NOON + 1000)
    assert diff_runs(first.seen, [run(1)], NOON - MINUTE).fresh == ()


def test_a_clock_that_was_a_day_ahead_is_not_believed_once_it_is_right_again():
    ahead = diff_runs(SeenRuns(NOON), [run(1)], NOON + 24 * HOUR)
    right = diff_runs(ahead.seen, [], NOON + MINUTE)
    assert right.seen.cursor == NOON + MINUTE
    assert named(diff_runs(right.seen, [run(1), run(2)], NOON + 2 * MINUTE).fresh) == ["run-2"]


def test_a_run_that_still_runs_is_no_news():
    assert diff_runs(SeenRuns(), [run(1, status=Status.RUNNING, ended_at=None)], NOON).fresh == ()
    assert diff_runs(SeenRuns(), [run(1, status=Status.RUNNING)], NOON).fresh == ()


def test_a_run_that_ended_otherwise_later_has_changed_and_is_not_fresh():
    first = diff_runs(SeenRuns(NOON), [run(1)], NOON + 1000)
    later = diff_runs(first.seen, [run(1, status=Status.FAILED)], NOON + 2000)
    assert (named(later.changed), later.fresh) == (["run-1"], ())
    again = diff_runs(later.seen, [run(1, status=Status.FAILED, ended_at=NOON + 3000)], NOON + 4000)
    assert (named(again.changed), again.fresh) == (["run-1"], ())


def test_a_run_that_ended_long_before_is_told_when_nobody_looked_for_as_long():
    assert diff_runs(SeenRuns(NOON), [run(1, ended_at=NOON - 16 * MINUTE)], NOON + 1000).fresh == ()
    assert named(diff_runs(SeenRuns(NOON - 60 * HOUR), [run(1, ended_at=NOON - 50 * HOUR)], NOON).fresh) == ["run-1"]


def test_an_end_is_forgotten_when_no_poll_can_find_it_any_more():
    first = diff_runs(SeenRuns(NOON), [run(1)], NOON + 1000)
    assert diff_runs(first.seen, [], NOON + CLOCK_SKEW_MS + 2000).seen.ends
    assert diff_runs(first.seen, [], NOON + KEPT + 2000).seen.ends == {}


def test_runs_are_told_in_the_order_they_ended():
    assert named(diff_runs(SeenRuns(NOON), [run(3), run(1), run(2)], NOON + 10).fresh) == ["run-1", "run-2", "run-3"]


def test_a_run_that_comes_twice_in_one_poll_is_told_once():
    assert named(diff_runs(SeenRuns(NOON), [run(1), replace(run(1), name="run-1")], NOON + 10).fresh) == ["run-1"]


# Runs that are resumed


def twice(first, second, *, later, sees_it_run=False, **facts):
    """What comes of a run that ended so, was resumed and ended so much later in another way."""
    seen = diff_runs(SeenRuns(NOON), [run(1, status=first)], NOON + 1000).seen
    if sees_it_run:
        goes_on = run(1, status=Status.RUNNING, ended_at=None, former_end=NOON + 1)
        seen = replace(seen, ends={run(1).run_id: resumed(seen.ends[run(1).run_id], goes_on, NOON + 2000)})
    now = NOON + later + 2000
    seen = replace(seen, cursor=now - MINUTE)
    return diff_runs(seen, [run(1, **({"status": second, "ended_at": NOON + 1 + later} | facts))], now)


@pytest.mark.parametrize("sees_it_run", [False, True])
@pytest.mark.parametrize(
    ("first", "second", "later", "is_news"),
    [
        (Status.FAILED, Status.FINISHED, 3 * GROWN, True),
        (Status.FAILED, Status.FINISHED, AGAIN, True),
        (Status.FAILED, Status.FINISHED, AGAIN - 1, False),
        (Status.FAILED, Status.FAILED, AGAIN, True),
        (Status.KILLED, Status.FINISHED, AGAIN, True),
        (Status.FINISHED, Status.FAILED, AGAIN, True),
        (Status.FINISHED, Status.FINISHED, AGAIN, False),
        (Status.FINISHED, Status.FINISHED, GROWN, True),
    ],
)
def test_a_run_that_is_resumed_and_ends_much_later_is_news_again(first, second, later, is_news, sees_it_run):
    stepped = twice(first, second, later=later, sees_it_run=sees_it_run)
    assert (named(stepped.fresh), named(stepped.again)) == ((["run-1"], ["run-1"]) if is_news else ([], []))
    assert named(stepped.changed) == ([] if is_news else ["run-1"])


def test_a_run_that_ended_again_is_news_once_however_often_it_is_polled():
    stepped = twice(Status.FAILED, Status.FINISHED, later=GROWN)
    later = diff_runs(stepped.seen, [run(1, ended_at=NOON + 1 + GROWN)], NOON + GROWN + 5000)
    assert (later.fresh, later.changed) == ((), ())


def test_a_run_that_was_resumed_and_keeps_the_end_it_had_before_is_news_when_it_was_seen_to_run():
    stepped = twice(Status.FINISHED, Status.FAILED, later=3 * HOUR, sees_it_run=True, ended_at=NOON + 1)
    assert named(stepped.again) == ["run-1"]
    unseen = twice(Status.FINISHED, Status.FINISHED, later=3 * HOUR, ended_at=NOON + 1)
    assert (unseen.fresh, unseen.changed) == ((), ())


# Runs that do not tell when they ended


def test_a_run_that_does_not_tell_when_it_ended_is_news_by_its_last_sign_of_life():
    just = run(1, ended_at=None, started_at=NOON - HOUR, metrics={"loss": Metric(1.0, 1, NOON - MINUTE)})
    before = run(2, ended_at=None, started_at=NOON - HOUR)
    assert named(diff_runs(SeenRuns(NOON), [just, before], NOON + 1000).fresh) == ["run-1"]


def test_a_run_that_was_seen_to_run_is_news_whatever_time_it_tells():
    going_on = {run(number).run_id: (Status.RUNNING.value, 0) for number in (1, 2)}
    runs = [run(1, ended_at=None, started_at=NOON - 99 * HOUR), run(2, ended_at=NOON - 99 * HOUR)]
    first = diff_runs(SeenRuns(NOON, going_on), runs, NOON + 1000)
    assert sorted(named(first.fresh)) == ["run-1", "run-2"]
    assert diff_runs(first.seen, runs, NOON + 2000).fresh == ()


def test_a_run_that_tells_later_when_it_ended_has_not_ended_again():
    first = diff_runs(SeenRuns(NOON), [run(1, ended_at=None, started_at=NOON)], NOON + 1000)
    told = diff_runs(first.seen, [run(1, ended_at=NOON + 500)], NOON + 2000)
    assert (told.fresh, named(told.changed)) == ((), ["run-1"])


STATES = st.lists(
    st.sampled_from([Status.RUNNING, Status.FAILED, Status.FINISHED, Status.KILLED]), min_size=1, max_size=9
)
"""What a run is, one state after another; each time that it ends it ends anew."""


@given(STATES, st.lists(st.integers(0, 3), max_size=40), st.booleans(), st.integers(1, 40))
def test_no_sequence_of_polls_tells_an_ending_of_a_resumed_run_twice(states, polls, is_dated, hours):
    endings, told, seen = set(), [], SeenRuns(NOON)
    for number, status in enumerate(states):
        at = NOON + number * hours * HOUR
        is_over = status is not Status.RUNNING
        endings |= {number} if is_over else set()
        end = at if is_over and is_dated else None
        one = run(1, status=status, ended_at=end, started_at=NOON, metrics={"loss": Metric(1.0, 1, at)})
        for poll in range(1 + (polls[number] if number < len(polls) else 0)):
            stepped = diff_runs(replace(seen, cursor=at - MINUTE), [one], at + poll * 1000)
            seen = stepped.seen
            if not is_over:
                before = seen.ends.get(one.run_id)
                seen = replace(seen, ends={**seen.ends, one.run_id: resumed(before, one, at)})
            told += [number for _run in stepped.fresh]
    assert len(told) == len(set(told))
    assert set(told) <= endings
    if endings:
        assert told[0] == min(endings)


def test_what_is_remembered_of_a_run_is_how_it_ended_before_and_that_it_goes_on():
    one = run(1, status=Status.FAILED)
    goes_on = run(1, status=Status.RUNNING, ended_at=None)
    ended = as_seen(one, NOON + 5)
    assert ended == ("FAILED", NOON + 1)
    assert resumed(ended, goes_on, NOON + 9) == ("FAILED>RUNNING", NOON + 1)
    assert resumed(("FAILED>RUNNING", NOON + 1), goes_on, NOON + 9) == ("FAILED>RUNNING", NOON + 1)
    assert resumed(None, goes_on, NOON + 9) == ("RUNNING", 0)
