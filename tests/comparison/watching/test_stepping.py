"""Which runs of a poll are news: each end once, however it is polled and whatever clocks say."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from comparison.runs import Experiment, Run, Status
from comparison.watching.stepping import KEPT, OVERLAP, Seen, floor, step

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
    seen, told, now = Seen(NOON), [], NOON
    for wait, off, is_lost in [*polls, (61 * MINUTE, 0, False), (0, 0, False)]:
        now += wait
        there = [each for at, each in runs if at <= now and each.ended_at > floor(seen)]
        stepped = step(seen, there, now + off)
        assert stepped.changed == ()
        if is_lost:
            continue
        seen = stepped.seen
        told += [each.run_id for each in stepped.fresh]
        assert step(seen, there, now - off).fresh == ()
    assert sorted(told) == sorted(each.run_id for _at, each in runs)


@given(st.integers(1, 60), st.integers(-OFF, OFF), st.integers(0, 15_000))
def test_polls_that_look_back_far_now_and_then_miss_nobody(minutes, off, phase):
    one = run(1, ended_at=NOON + minutes * MINUTE + off)
    seen, told = Seen(NOON), []
    for number in range(80 * 4):
        now = NOON + phase + number * 15_000
        overlap = 90_000 if number % 8 else OVERLAP
        is_there = now >= NOON + minutes * MINUTE and one.ended_at > floor(seen, overlap)
        stepped = step(seen, [one] if is_there else [], now, overlap)
        seen = stepped.seen
        told += stepped.fresh
    assert told == [one]


def test_a_poll_that_is_repeated_with_an_older_clock_tells_nothing_again():
    first = step(Seen(NOON), [run(1)], NOON + 1000)
    assert step(first.seen, [run(1)], NOON - MINUTE).fresh == ()


def test_a_clock_that_was_a_day_ahead_is_not_believed_once_it_is_right_again():
    ahead = step(Seen(NOON), [run(1)], NOON + 24 * HOUR)
    right = step(ahead.seen, [], NOON + MINUTE)
    assert right.seen.cursor == NOON + MINUTE
    assert named(step(right.seen, [run(1), run(2)], NOON + 2 * MINUTE).fresh) == ["run-2"]


def test_a_run_that_still_runs_is_no_news():
    assert step(Seen(), [run(1, status=Status.RUNNING, ended_at=None)], NOON).fresh == ()
    assert step(Seen(), [run(1, status=Status.RUNNING)], NOON).fresh == ()


def test_a_run_that_ended_otherwise_later_has_changed_and_is_not_fresh():
    first = step(Seen(NOON), [run(1)], NOON + 1000)
    later = step(first.seen, [run(1, status=Status.FAILED)], NOON + 2000)
    assert (named(later.changed), later.fresh) == (["run-1"], ())
    again = step(later.seen, [run(1, status=Status.FAILED, ended_at=NOON + 3000)], NOON + 4000)
    assert (named(again.changed), again.fresh) == (["run-1"], ())


def test_a_run_that_ended_long_before_is_told_when_nobody_looked_for_as_long():
    assert step(Seen(NOON), [run(1, ended_at=NOON - 16 * MINUTE)], NOON + 1000).fresh == ()
    assert named(step(Seen(NOON - 60 * HOUR), [run(1, ended_at=NOON - 50 * HOUR)], NOON).fresh) == ["run-1"]


def test_an_end_is_forgotten_when_no_poll_can_find_it_any_more():
    first = step(Seen(NOON), [run(1)], NOON + 1000)
    assert step(first.seen, [], NOON + OVERLAP + 2000).seen.ends
    assert step(first.seen, [], NOON + KEPT + 2000).seen.ends == {}


def test_runs_are_told_in_the_order_they_ended():
    assert named(step(Seen(NOON), [run(3), run(1), run(2)], NOON + 10).fresh) == ["run-1", "run-2", "run-3"]


def test_a_run_that_comes_twice_in_one_poll_is_told_once():
    assert named(step(Seen(NOON), [run(1), replace(run(1), name="run-1")], NOON + 10).fresh) == ["run-1"]
