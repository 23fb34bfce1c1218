"""Which runs are news to a channel, and in how many messages: decided from values alone."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.comparing import compare
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watching import (
    OVERLAP,
    Hours,
    Kind,
    Only,
    Quiet,
    Rule,
    Seen,
    Standing,
    Watching,
    collapse,
    due,
    fits,
    floor,
    holds,
    is_wanted,
    resumes,
    step,
)

FRAUD = Experiment("7", "fraud")
NOON = 1_795_435_200_000


def run(number, **facts):
    facts = {"experiment": FRAUD, "status": Status.FINISHED, "ended_at": NOON + number} | facts
    return Run(f"{number:032x}", f"run-{number}", **facts)


POLLS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20 * 60_000)), min_size=1, max_size=30)
ENDINGS = st.lists(
    st.tuples(st.integers(0, 60 * 60_000), st.integers(-5 * 60_000, 5 * 60_000)), max_size=20
)  # when it ended, and how far its machine's clock is off


@given(ENDINGS, POLLS)
def test_no_sequence_of_polls_tells_a_run_twice_and_every_ended_run_is_told(endings, polls):
    runs = [(at, run(number, ended_at=NOON + at + off)) for number, (at, off) in enumerate(endings)]
    seen, told, now = Seen(NOON), [], NOON
    for _again, wait in [*polls, (0, 61 * 60_000)]:
        now += wait
        there = [each for at, each in runs if at + NOON <= now and each.ended_at > floor(seen)]
        stepped = step(seen, there, now)
        seen = stepped.seen
        told += [each.run_id for each in stepped.fresh]
        assert stepped.changed == ()
        again = step(seen, there, now)
        assert again.fresh == ()
    assert sorted(told) == sorted(each.run_id for _at, each in runs)


def test_a_poll_that_is_repeated_with_an_older_clock_tells_nothing_again():
    first = step(Seen(NOON), [run(1)], NOON + 1000)
    assert step(first.seen, [run(1)], NOON - 60_000).fresh == ()


def test_a_run_that_still_runs_is_no_news():
    assert step(Seen(), [run(1, status=Status.RUNNING, ended_at=None)], NOON).fresh == ()


def test_a_run_that_ended_otherwise_later_has_changed_and_is_not_fresh():
    first = step(Seen(NOON), [run(1)], NOON + 1000)
    later = step(first.seen, [run(1, status=Status.FAILED)], NOON + 2000)
    assert ([each.name for each in later.changed], later.fresh) == (["run-1"], ())


def test_what_is_too_old_to_be_asked_for_is_forgotten():
    first = step(Seen(NOON), [run(1)], NOON + 1000)
    assert step(first.seen, [], NOON + OVERLAP + 2000).seen.ends == {}


def test_runs_are_told_in_the_order_they_ended():
    fresh = step(Seen(NOON), [run(3), run(1), run(2)], NOON + 10).fresh
    assert [each.name for each in fresh] == ["run-1", "run-2", "run-3"]


def test_the_children_of_a_parent_are_one_message_and_the_parent_joins_it():
    fresh = [run(1, parent_id="f" * 32), run(2, parent_id="f" * 32), run(3)]
    told = collapse("w1", fresh, [], now=NOON)
    assert [(each.kind, len(each.run_ids)) for each in told] == [(Kind.SWEEP, 2), (Kind.RUN, 1)]
    parent = Run("f" * 32, "parent", FRAUD, ended_at=NOON + 9)
    standing = [Standing(told[0].key, Kind.SWEEP, NOON)]
    (joined,) = collapse("w1", [parent], standing, now=NOON + 60_000)
    assert joined.key == told[0].key


def test_more_than_a_handful_at_once_share_a_message_and_what_follows_soon_joins_it():
    (burst,) = collapse("w1", [run(number) for number in range(6)], [], now=NOON)
    assert (burst.kind, len(burst.run_ids)) == (Kind.BURST, 6)
    standing = [Standing(burst.key, Kind.BURST, NOON)]
    assert collapse("w1", [run(7)], standing, now=NOON + 60_000)[0].key == burst.key
    assert collapse("w1", [run(8)], standing, now=NOON + 11 * 60_000)[0].kind is Kind.RUN


def test_what_waits_counts_towards_the_handful():
    standing = [Standing(f"run:w1:{number}", Kind.RUN, NOON, is_waiting=True) for number in range(5)]
    assert collapse("w1", [run(1)], standing, now=NOON)[0].kind is Kind.BURST


def test_what_ends_in_quiet_hours_is_one_message_when_they_are_over():
    (first,) = collapse("w1", [run(1)], [], now=NOON, quiet_until=NOON + 5)
    (second,) = collapse("w1", [run(2)], [], now=NOON, quiet_until=NOON + 5)
    assert first.key == second.key
    assert (first.kind, first.not_before) == (Kind.QUIET, NOON + 5)


RUNS = st.builds(
    lambda number, parent: run(number, parent_id=parent), st.integers(0, 999), st.sampled_from(["", "a" * 32, "b" * 32])
)


@given(st.lists(RUNS, max_size=30, unique_by=lambda each: each.run_id), st.booleans(), st.integers(0, 9))
def test_every_fresh_run_is_in_exactly_one_message(fresh, is_quiet, waiting):
    standing = [Standing(f"run:w:{number}", Kind.RUN, NOON, is_waiting=True) for number in range(waiting)]
    told = collapse("w", fresh, standing, now=NOON, quiet_until=NOON + 1 if is_quiet else None)
    assert sorted(each for one in told for each in one.run_ids) == sorted(each.run_id for each in fresh)
    assert len({each.key for each in told}) == len(told)


OLD = run(1, metrics={"accuracy": Metric(1.0), "loss": Metric(0.5)})


@pytest.mark.parametrize(
    ("rule", "accuracy", "expected"),
    [
        (Rule("accuracy", "drops", 2, is_percent=True), 0.98, True),
        (Rule("accuracy", "drops", 2, is_percent=True), 0.981, False),
        (Rule("accuracy", "drops", 2, is_percent=True), 1.2, False),
        (Rule("accuracy", "rises", 0.1), 1.1, True),
        (Rule("accuracy", "changes", 0.1), 0.9, True),
        (Rule("accuracy", "changes", 0), 1.0, False),
        (Rule("accuracy", "<", 0.99), 0.98, True),
        (Rule("accuracy", ">=", 0.98), 0.98, True),
        (Rule("accuracy", "<", 0.5), float("nan"), False),
        (Rule("f1", "<", 0.5), 0.1, False),
        (Rule("f1", "drops", 0.5), 0.1, False),
    ],
)
def test_a_rule_holds_or_it_does_not(rule, accuracy, expected):
    new = run(2, metrics={"accuracy": Metric(accuracy)})
    assert holds(rule, new, compare(OLD, new)) is expected


def test_a_rule_on_a_move_does_not_hold_without_a_baseline():
    assert not holds(Rule("accuracy", "drops", 2), OLD, None)


@pytest.mark.parametrize(
    ("only", "facts", "is_best", "expected"),
    [
        (None, {}, False, True),
        (Only.BETTER, {"metrics": {"accuracy": Metric(1.1)}}, False, True),
        (Only.BETTER, {"metrics": {"accuracy": Metric(0.9)}}, False, False),
        (Only.BETTER, {"metrics": {"accuracy": Metric(1.1)}, "status": Status.FAILED}, False, False),
        (Only.WORSE, {"metrics": {"accuracy": Metric(0.9)}}, False, True),
        (Only.WORSE, {"metrics": {}}, False, False),
        (Only.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, True, True),
        (Only.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, False, False),
    ],
)
def test_only_what_was_asked_for_is_wanted(only, facts, is_best, expected):
    new = run(2, **facts)
    assert is_wanted(Watching("fraud", only=only), new, compare(OLD, new), is_best=is_best) is expected


@pytest.mark.parametrize(
    ("watching", "facts", "expected"),
    [
        (Watching("fraud"), {}, True),
        (Watching("FRAUD"), {}, True),
        (Watching("fra*"), {}, True),
        (Watching("iris"), {}, False),
        (Watching("fr"), {}, False),
        (Watching("fraud", user="Maya"), {"user": "maya"}, True),
        (Watching("fraud", user="maya"), {"user": "jonas"}, False),
        (Watching("fraud", only=Only.FAILURES), {}, False),
        (Watching("fraud", only=Only.FAILURES), {"status": Status.KILLED}, True),
    ],
)
def test_a_watch_fits_runs_by_what_they_are(watching, facts, expected):
    assert fits(watching, run(1, **facts)) is expected


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


NIGHT = Quiet(time(20), time(8), "Europe/Berlin")


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, at(2026, 11, 23, 12), None),
        (NIGHT, at(2026, 11, 23, 20), at(2026, 11, 24, 7)),
        (NIGHT, at(2026, 11, 24, 6, 59), at(2026, 11, 24, 7)),
        (NIGHT, at(2026, 11, 24, 7), None),
        (NIGHT, at(2026, 10, 24, 22), at(2026, 10, 25, 7)),  # clocks go back that night
        (Quiet(time(9), time(17)), at(2026, 11, 23, 12), at(2026, 11, 23, 17)),
        (None, at(2026, 11, 23, 12), None),
    ],
)
def test_quiet_hours_end_when_they_were_said_to(quiet, now, end):
    assert resumes(quiet, now) == end


STANDUP = Hours((0, 1, 2, 3, 4), time(9, 30), "Europe/Berlin")


@pytest.mark.parametrize(
    ("after", "now", "expected"),
    [
        (at(2026, 11, 23, 8, 29), at(2026, 11, 23, 8, 30), date(2026, 11, 23)),
        (at(2026, 11, 23, 8, 30), at(2026, 11, 23, 8, 31), None),
        (at(2026, 11, 20, 8, 30), at(2026, 11, 22, 12), None),  # a weekend
        (at(2026, 11, 16), at(2026, 11, 23, 9), date(2026, 11, 23)),  # off for a week: only the last
        (at(2026, 11, 16), at(2026, 11, 23, 20), None),  # too late for it
    ],
)
def test_a_digest_is_due_once_on_its_days(after, now, expected):
    assert due(STANDUP, after, now) == expected


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("clock", [time(2, 30), time(9, 30)])
def test_a_digest_comes_once_on_the_days_when_clocks_change(day, clock):
    hours = Hours(tuple(range(7)), clock, "Europe/Berlin")
    now, told = datetime.combine(day, time(), UTC) - timedelta(hours=3), []
    before = now
    for _ in range(28 * 12):
        now += timedelta(minutes=5)
        found = due(hours, before, now)
        told += [found] if found else []
        before = now
    assert told.count(day) == 1
    assert len(told) == len(set(told))
