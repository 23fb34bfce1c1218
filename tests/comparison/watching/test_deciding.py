"""Which runs are news to a channel, and in how many messages: decided from values alone."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from comparison.comparing import compare
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watching import (
    Hours,
    Only,
    Quiet,
    Rule,
    Watching,
    due,
    fits,
    holds,
    is_wanted,
    resumes,
)

FRAUD = Experiment("7", "fraud")
NOON = 1_795_435_200_000


def run(number, **facts):
    facts = {"experiment": FRAUD, "status": Status.FINISHED, "ended_at": NOON + number} | facts
    return Run(f"{number:032x}", f"run-{number}", **facts)


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
