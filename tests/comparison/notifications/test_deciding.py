"""Which runs are news to a channel, and in how many messages: decided from values alone."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from comparison.compare import compare
from comparison.notifications.matching import matches_result, matches_run, rule_holds
from comparison.notifications.schedule import due_day, quiet_until
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watch import MetricRule, OnlyRuns, QuietHours, Watch, WeeklySchedule

FRAUD = Experiment("7", "fraud")
NOON = 1_795_435_200_000


def run(number, **facts):
    facts = {"experiment": FRAUD, "status": Status.FINISHED, "ended_at": NOON + number} | facts
    return Run(f"{number:032x}", f"run-{number}", **facts)


OLD = run(1, metrics={"accuracy": Metric(1.0), "loss": Metric(0.5)})


@pytest.mark.parametrize(
    ("rule", "accuracy", "expected"),
    [
        (MetricRule("accuracy", "drops", 2, is_percent=True), 0.98, True),
        (MetricRule("accuracy", "drops", 2, is_percent=True), 0.981, False),
        (MetricRule("accuracy", "drops", 2, is_percent=True), 1.2, False),
        (MetricRule("accuracy", "rises", 0.1), 1.1, True),
        (MetricRule("accuracy", "changes", 0.1), 0.9, True),
        (MetricRule("accuracy", "changes", 0), 1.0, False),
        (MetricRule("accuracy", "<", 0.99), 0.98, True),
        (MetricRule("accuracy", ">=", 0.98), 0.98, True),
        (MetricRule("accuracy", "<", 0.5), float("nan"), False),
        (MetricRule("f1", "<", 0.5), 0.1, False),
        (MetricRule("f1", "drops", 0.5), 0.1, False),
    ],
)
def test_a_rule_holds_or_it_does_not(rule, accuracy, expected):
    new = run(2, metrics={"accuracy": Metric(accuracy)})
    assert rule_holds(rule, new, compare(OLD, new)) is expected


def test_a_rule_on_a_move_does_not_hold_without_a_baseline():
    assert not rule_holds(MetricRule("accuracy", "drops", 2), OLD, None)


@pytest.mark.parametrize(
    ("only", "facts", "is_best", "expected"),
    [
        (None, {}, False, True),
        (OnlyRuns.BETTER, {"metrics": {"accuracy": Metric(1.1)}}, False, True),
        (OnlyRuns.BETTER, {"metrics": {"accuracy": Metric(0.9)}}, False, False),
        (OnlyRuns.BETTER, {"metrics": {"accuracy": Metric(1.1)}, "status": Status.FAILED}, False, False),
        (OnlyRuns.WORSE, {"metrics": {"accuracy": Metric(0.9)}}, False, True),
        (OnlyRuns.WORSE, {"metrics": {}}, False, False),
        (OnlyRuns.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, True, True),
        (OnlyRuns.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, False, False),
    ],
)
def test_only_what_was_asked_for_is_wanted(only, facts, is_best, expected):
    new = run(2, **facts)
    assert matches_result(Watch("fraud", only=only), new, compare(OLD, new), is_best=is_best) is expected


@pytest.mark.parametrize(
    ("watching", "facts", "expected"),
    [
        (Watch("fraud"), {}, True),
        (Watch("FRAUD"), {}, True),
        (Watch("fra*"), {}, True),
        (Watch("iris"), {}, False),
        (Watch("fr"), {}, False),
        (Watch("fraud", user="Maya"), {"user": "maya"}, True),
        (Watch("fraud", user="maya"), {"user": "jonas"}, False),
        (Watch("fraud", only=OnlyRuns.FAILURES), {}, False),
        (Watch("fraud", only=OnlyRuns.FAILURES), {"status": Status.KILLED}, True),
    ],
)
def test_a_watch_fits_runs_by_what_they_are(watching, facts, expected):
    assert matches_run(watching, run(1, **facts)) is expected


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


NIGHT = QuietHours(time(20), time(8), "Europe/Berlin")


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, at(2026, 11, 23, 12), None),
        (NIGHT, at(2026, 11, 23, 20), at(2026, 11, 24, 7)),
        (NIGHT, at(2026, 11, 24, 6, 59), at(2026, 11, 24, 7)),
        (NIGHT, at(2026, 11, 24, 7), None),
        (NIGHT, at(2026, 10, 24, 22), at(2026, 10, 25, 7)),  # clocks go back that night
        (QuietHours(time(9), time(17)), at(2026, 11, 23, 12), at(2026, 11, 23, 17)),
        (None, at(2026, 11, 23, 12), None),
    ],
)
def test_quiet_hours_end_when_they_were_said_to(quiet, now, end):
    assert quiet_until(quiet, now) == end


STANDUP = WeeklySchedule((0, 1, 2, 3, 4), time(9, 30), "Europe/Berlin")


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
    assert due_day(STANDUP, after, now) == expected


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("clock", [time(2, 30), time(9, 30)])
def test_a_digest_comes_once_on_the_days_when_clocks_change(day, clock):
    hours = WeeklySchedule(tuple(range(7)), clock, "Europe/Berlin")
    now, told = datetime.combine(day, time(), UTC) - timedelta(hours=3), []
    before = now
    for _ in range(28 * 12):
        now += timedelta(minutes=5)
        found = due_day(hours, before, now)
        told += [found] if found else []
        before = now
    assert told.count(day) == 1
    assert len(told) == len(set(told))
