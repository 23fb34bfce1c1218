"""In how many messages a channel hears of runs that ended, and of which."""

import time
from dataclasses import replace
from datetime import time as clock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.notifications.grouping import BURST, HANDFUL, LATE, LONGEST, group_runs
from comparison.notifications.matching import matches_experiment
from comparison.notifications.message import MessageKind, OpenMessage
from comparison.notifications.new_runs import CLOCK_SKEW_MS
from comparison.runs import Experiment, Run, Status
from comparison.watch import OnlyRuns, QuietHours, Subscription, Watch

NOON = 1_795_435_200_000  # Monday, 2026-11-23 12:00 UTC
MINUTE = 60_000
HOUR = 60 * MINUTE
FRAUD, IRIS = Experiment("7", "fraud"), Experiment("8", "iris")
NIGHT = QuietHours(clock(10), clock(14))  # of people who work at other hours
OVER = NOON + 2 * HOUR
P, Q = "f" * 32, "e" * 32


def run(number, parent="", experiment=FRAUD, **facts):
    facts = {"status": Status.FINISHED, "ended_at": NOON - 1000 + number} | facts
    return Run(f"{number:032x}", f"run-{number}", experiment, parent_id=parent, **facts)


def several(*numbers, **facts):
    return [run(number, **facts) for number in numbers]


def ids(*numbers):
    return tuple(f"{number:032x}" for number in numbers)


def watch(key="w", place="fraud", *, channel="C1", since=NOON - 100 * HOUR, past=(), **terms):
    return Subscription(key, "T", channel, Watch(place, **terms), since, frozenset(past))


def stands(key, kind=MessageKind.RUN, *, experiments=("7",), last=NOON, **facts):
    return OpenMessage(key, kind, "T", "C1", experiments, last, **facts)


def waiting(count, **facts):
    return [stands(f"run:T:C1:old{number}", is_waiting=True, **facts) for number in range(count)]


def told(fresh, watches=None, standing=(), *, now=NOON, **more):
    return group_runs(watches or [watch(place="*")], fresh, standing, now=now, **more)


def drawn(announcements):
    """Each as its key without the workspace, and how many runs it has."""
    return [(each.key.replace(":T:C1:", " ").replace("0" * 31, ""), len(each.run_ids)) for each in announcements]


# Whom a run concerns


@pytest.mark.parametrize(
    ("subscription", "facts", "expected"),
    [
        (watch(), {}, True),
        (watch(place="FRAUD"), {}, True),
        (watch(place="fr*"), {}, True),
        (watch(place="iris"), {}, False),
        (watch(place="*", excepted=("fra*",)), {}, False),
        (watch(user="maya"), {"user": "jonas"}, False),
        (watch(only=OnlyRuns.FAILURES), {}, False),
        (watch(only=OnlyRuns.FAILURES), {"status": Status.FAILED}, True),
        (watch(past=ids(1)), {}, False),
        (watch(past=ids(2)), {}, True),
        (watch(since=NOON), {"ended_at": NOON - CLOCK_SKEW_MS + 1}, True),
        (watch(since=NOON), {"ended_at": NOON - CLOCK_SKEW_MS}, False),
        (watch(), {"deleted": True}, False),
    ],
)
def test_a_watch_is_concerned_by_what_fits_it_and_was_not_over_when_it_began(subscription, facts, expected):
    one = run(1, **facts)
    assert matches_experiment(subscription, one) is expected
    assert bool(told([one], [subscription])) is expected


def test_whatever_number_of_watches_fit_a_channel_hears_of_a_run_once_by_names_before_patterns_and_the_oldest_first():
    watches = [
        watch("pattern", "fr*", since=1),
        watch("younger", since=3),
        watch("other", "iris"),
        watch("older", "Fraud", since=2),
        watch("there", channel="C2"),
    ]
    here, there = told([run(1)], watches)
    assert (here.key, here.kind, here.run_ids) == (f"run:T:C1:{ids(1)[0]}", MessageKind.RUN, ids(1))
    assert (here.watch_ids, here.experiment_ids, here.not_before) == (("older", "younger", "pattern"), ("7",), 0)
    assert (there.key, there.watch_ids) == (f"run:T:C2:{ids(1)[0]}", ("there",))


def test_the_same_channel_of_two_workspaces_is_two_channels():
    watches = [watch(), replace(watch(), workspace="U")]
    assert [each.workspace for each in told([run(1)], watches)] == ["T", "U"]


def test_of_two_watches_only_the_one_that_did_not_know_the_run_is_asked():
    (one,) = told([run(1)], [watch("old"), watch("new", past=ids(1))])
    assert one.watch_ids == ("old",)


# Sweeps


def test_the_children_of_a_parent_are_one_message_and_what_stands_alone_is_another():
    assert drawn(told([run(1, P), run(2, P), run(3), run(4, Q)])) == [
        (f"sweep {P}", 2),
        ("run 3", 1),
        (f"sweep {Q}", 1),
    ]


def test_a_parent_joins_its_children_when_they_end_with_it_and_when_their_message_stands():
    parent = replace(run(9), run_id=P)
    assert drawn(told([run(1, P), parent])) == [(f"sweep {P}", 2)]
    assert drawn(told([parent], standing=[stands(f"sweep:T:C1:{P}", MessageKind.SWEEP)])) == [(f"sweep {P}", 1)]
    assert drawn(told([parent])) == [(f"run {P}", 1)]


def test_the_sweep_of_another_channel_is_none_of_ours():
    parent = replace(run(9), run_id=P)
    elsewhere = OpenMessage(f"sweep:T:C2:{P}", MessageKind.SWEEP, "T", "C2", ("7",), NOON)
    assert drawn(told([parent], standing=[elsewhere])) == [(f"run {P}", 1)]


def test_in_a_sweep_of_sweeps_each_run_is_with_its_nearest_parent():
    inner = replace(run(8, P), run_id=Q)
    outer = replace(run(9), run_id=P)
    assert drawn(told([run(1, Q), run(2, Q), inner, outer])) == [(f"sweep {Q}", 2), (f"sweep {P}", 2)]


def test_the_children_of_a_sweep_are_no_burst_however_many():
    assert drawn(told([run(number, P) for number in range(200)])) == [(f"sweep {P}", 200)]


# Bursts


def test_a_handful_are_told_one_by_one_and_more_of_one_experiment_are_one_message():
    assert [each.kind for each in told(several(*range(HANDFUL)))] == [MessageKind.RUN] * HANDFUL
    assert drawn(told(several(*range(1, HANDFUL + 2)))) == [("burst 7:1", HANDFUL + 1)]


def test_what_was_just_told_of_an_experiment_counts_and_what_was_told_long_ago_does_not():
    just = [stands(f"run:T:C1:old{number}", last=NOON - BURST + 1) for number in range(3)]
    assert drawn(told(several(1, 2, 3), standing=just)) == [("burst 7:1", 3)]
    assert len(told(several(1, 2), standing=just)) == 2
    assert len(told(several(1, 2, 3, experiment=IRIS), standing=just)) == 3
    assert len(told(several(1, 2, 3), standing=[replace(each, last=NOON - BURST) for each in just])) == 3


def test_a_burst_takes_what_follows_within_ten_minutes():
    burst = stands("burst:T:C1:7:x", MessageKind.BURST, last=NOON - BURST + 1)
    assert drawn(told([run(1), run(2, experiment=IRIS), run(3, P)], standing=[burst])) == [
        ("burst 7:x", 1),
        ("run 2", 1),
        (f"sweep {P}", 1),
    ]
    assert drawn(told([run(1)], standing=[replace(burst, last=NOON - BURST)])) == [("run 1", 1)]
    assert drawn(told([run(1)], standing=[replace(burst, last=NOON - HOUR, is_waiting=True)])) == [("burst 7:x", 1)]


def test_a_burst_that_goes_on_and_on_is_told_anew_after_half_a_day():
    burst = stands("burst:T:C1:7:x", MessageKind.BURST, since=NOON - LONGEST + 1)
    assert drawn(told([run(1)], standing=[burst])) == [("burst 7:x", 1)]
    assert drawn(told([run(1)], standing=[replace(burst, since=NOON - LONGEST)])) == [("run 1", 1)]


def test_what_waits_for_the_channel_counts_towards_the_handful_of_all_experiments():
    assert drawn(told([run(1, experiment=IRIS)], standing=waiting(5))) == [("burst *:1", 1)]
    assert drawn(told([run(1, experiment=IRIS)], standing=waiting(4))) == [("run 1", 1)]
    elsewhere = [replace(each, channel="C2") for each in waiting(5)]
    assert drawn(told([run(1, experiment=IRIS)], standing=elsewhere)) == [("run 1", 1)]
    assert drawn(told([run(1, experiment=IRIS)], standing=waiting(5, not_before=NOON))) == [("burst *:1", 1)]
    tomorrow = waiting(5, not_before=NOON + 1)
    assert drawn(told([run(1, experiment=IRIS)], standing=tomorrow)) == [("run 1", 1)]


def test_runs_of_many_experiments_at_once_are_one_message_which_takes_any_experiment_while_it_is_too_much():
    fresh = [run(number, experiment=Experiment(str(number), f"e{number}")) for number in range(1, 7)]
    (burst,) = told(fresh)
    assert (drawn([burst]), burst.experiment_ids) == ([("burst *:1", 6)], tuple("123456"))
    standing = stands(burst.key, MessageKind.BURST, experiments=burst.experiment_ids)
    assert drawn(told([run(9, experiment=IRIS)], standing=[standing])) == [("run 9", 1)]
    assert drawn(told([run(9, experiment=IRIS)], standing=[standing, *waiting(5)])) == [("burst *:1", 1)]
    assert drawn(told([run(9, experiment=Experiment("3", "e3"))], standing=[standing])) == [("burst *:1", 1)]


def test_of_too_many_sweeps_some_wait_their_turn_in_the_shared_message():
    fresh = [run(number, f"{number:x}" * 32) for number in range(1, 9)]
    first = told(fresh)
    assert [each.kind for each in first] == [MessageKind.SWEEP] * 4 + [MessageKind.BURST]
    assert len(first[-1].run_ids) == 4
    standing = [stands(each.key, each.kind) for each in first]
    again = [replace(each, run_id=each.run_id.replace("0", "a")) for each in fresh]
    assert [each.kind for each in told(again, standing=standing)] == [MessageKind.SWEEP] * 8


def test_what_joins_a_burst_needs_no_room_of_its_own():
    burst = stands("burst:T:C1:7:first", MessageKind.BURST)
    assert [each.key for each in told(several(1, 2), standing=[burst, *waiting(9)])] == [burst.key]


def test_the_handful_is_a_setting():
    assert drawn(told(several(1, 2), handful=1)) == [("burst 7:1", 2)]
    assert len(told(several(1, 2, 3), handful=3)) == 3


def test_the_runs_of_a_weekend_are_one_message_sweeps_and_all():
    ended = NOON - 30 * HOUR
    fresh = [
        run(number, experiment=(FRAUD, IRIS)[number % 2], ended_at=ended + number * MINUTE) for number in range(1, 90)
    ]
    fresh += [run(number, P, ended_at=ended + number * MINUTE) for number in range(90, 99)]
    fresh += [run(100), run(101, Q)]
    (first,) = told(fresh)
    assert drawn([first]) == [("burst *:1", 100)]
    standing = [stands(first.key, first.kind, not_before=first.not_before)]
    assert [each.key for each in told(several(*range(200, 210), ended_at=ended), standing=standing)] == [first.key]
    assert drawn(told([run(7)], standing=standing)) == [("run 7", 1)]


def test_a_few_runs_of_a_weekend_are_told_one_by_one():
    assert len(told(several(1, 2, 3, ended_at=NOON - 30 * HOUR))) == 3
    assert len(told(several(*range(3), ended_at=NOON - LATE - 1, experiment=IRIS))) == 3


def test_late_is_what_ended_longer_ago_than_that_and_a_handful_of_it_is_no_weekend():
    late = NOON - LATE - 1
    assert drawn(told(several(*range(1, 7), ended_at=NOON - LATE))) == [("burst 7:1", 6)]
    assert drawn(told(several(*range(1, 7), ended_at=late))) == [("burst *:1", 6)]
    assert len(told(several(*range(1, HANDFUL + 1), ended_at=late, experiment=IRIS))) == HANDFUL


def test_what_ended_while_nobody_looked_joins_only_a_message_of_such_runs_that_is_young_and_of_no_night():
    late = several(*range(1, 7), ended_at=NOON - LATE - 1)
    weekend = stands("burst:T:C1:*:x", MessageKind.BURST, not_before=NOON, last=NOON - BURST + 1)
    assert drawn(told(late, standing=[weekend])) == [("burst *:x", 6)]
    for other in (
        replace(weekend, not_before=0),  # a burst of what was told as it ended
        replace(weekend, not_before=NOON + 1),
        replace(weekend, last=NOON - BURST),
        replace(weekend, last=NOON - HOUR),
        replace(weekend, key="burst:T:C1:7:x"),
        replace(weekend, key=f"burst:T:C1:*:{NOON}"),  # of a night that is over now
    ):
        assert drawn(told(late, standing=[other])) == [("burst *:1", 6)]


def test_what_is_too_much_joins_no_burst_of_another_experiment():
    burst = stands("burst:T:C1:7:x", MessageKind.BURST)
    assert drawn(told([run(1, experiment=IRIS)], standing=[burst, *waiting(5)])) == [("burst *:1", 1)]


# Quiet hours


def test_what_ends_in_quiet_hours_is_one_message_when_they_are_over_sweeps_too():
    asked = [watch(quiet=NIGHT)]
    (first,) = told([run(1), run(2, P)], asked)
    assert (first.key, first.kind, first.not_before) == (f"burst:T:C1:*:{OVER}", MessageKind.BURST, OVER)
    night = stands(first.key, MessageKind.BURST, is_waiting=True, not_before=OVER, last=NOON - HOUR)
    (second,) = told([run(3)], asked, [night], now=NOON + HOUR)
    assert (second.key, second.not_before) == (first.key, OVER)


def test_when_the_night_is_over_runs_are_told_by_themselves_again():
    night = stands(f"burst:T:C1:*:{OVER}", MessageKind.BURST, is_waiting=True, not_before=OVER, last=OVER - 1)
    assert drawn(told([run(1)], [watch(quiet=NIGHT)], [night], now=OVER)) == [("run 1", 1)]


def test_a_channel_is_quiet_for_a_run_only_when_all_watches_that_fit_are():
    asked = [watch("quiet", "*", quiet=NIGHT), watch("loud")]
    loud, quiet = told([run(1), run(2, experiment=IRIS)], asked)
    assert (loud.key, loud.watch_ids, loud.not_before) == (f"run:T:C1:{ids(1)[0]}", ("loud", "quiet"), 0)
    assert (quiet.key, quiet.watch_ids, quiet.not_before) == (f"burst:T:C1:*:{OVER}", ("quiet",), OVER)


def test_of_several_quiet_watches_the_first_to_wake_is_told_first():
    later = replace(NIGHT, end=clock(16))
    (one,) = told([run(1)], [watch("a", quiet=later), watch("b", quiet=NIGHT)])
    assert one.not_before == OVER


def test_a_sweep_that_stands_goes_on_in_quiet_hours_but_is_not_posted_anew_in_them():
    standing = [stands(f"sweep:T:C1:{P}", MessageKind.SWEEP)]
    (joined,) = told([run(1, P)], [watch(quiet=NIGHT)], standing)
    assert (joined.key, joined.kind, joined.not_before) == (f"sweep:T:C1:{P}", MessageKind.SWEEP, OVER)


# Laws

EXPERIMENTS = [FRAUD, IRIS, Experiment("9", "Fraud/2")]
RUNS = st.builds(
    lambda number, parent, experiment, ago, status: run(
        number, parent, experiment, ended_at=NOON - ago, status=status, user=("maya", "jonas")[number % 2]
    ),
    st.integers(1, 999),
    st.sampled_from(["", "", P, f"{5:032x}", f"{6:032x}"]),
    st.sampled_from(EXPERIMENTS),
    st.sampled_from([1, MINUTE, 3 * HOUR]),
    st.sampled_from([Status.FINISHED, Status.FAILED]),
)
WATCHES = st.builds(
    lambda number, channel, place, since, past, quiet, user: watch(
        f"w{number}", place, channel=channel, since=since, past=past, quiet=quiet, user=user
    ),
    st.integers(0, 999),
    st.sampled_from(["C1", "C2"]),
    st.sampled_from(["fraud", "IRIS", "*", "fraud*", "none"]),
    st.sampled_from([0, NOON, NOON - HOUR]),
    st.sampled_from([(), ids(5, 6)]),
    st.sampled_from([None, NIGHT, replace(NIGHT, end=clock(13))]),
    st.sampled_from(["", "maya"]),
)
STANDING = st.lists(
    st.builds(
        lambda key, channel, last, is_waiting: OpenMessage(
            key[0].replace("C1", channel), key[1], "T", channel, ("7",), NOON - last, is_waiting, key[2]
        ),
        st.sampled_from(
            [
                ("run:T:C1:old", MessageKind.RUN, 0),
                ("burst:T:C1:7:old", MessageKind.BURST, 0),
                ("burst:T:C1:*:old", MessageKind.BURST, 0),
                (f"burst:T:C1:*:{OVER}", MessageKind.BURST, OVER),
                (f"sweep:T:C1:{P}", MessageKind.SWEEP, 0),
                (f"sweep:T:C1:{5:032x}", MessageKind.SWEEP, 0),
            ]
        ),
        st.sampled_from(["C1", "C2"]),
        st.sampled_from([0, 9 * MINUTE, HOUR]),
        st.booleans(),
    ),
    max_size=9,
)


@given(
    st.lists(WATCHES, max_size=8, unique_by=lambda each: each.id),
    st.lists(RUNS, max_size=30, unique_by=lambda each: each.run_id),
    STANDING,
)
def test_every_run_that_concerns_a_channel_is_in_exactly_one_of_its_messages_with_all_the_watches_that_it_concerns(
    watches, fresh, standing
):
    announcements = group_runs(watches, fresh, standing, now=NOON)
    for channel in ("C1", "C2"):
        here = [each for each in announcements if each.channel == channel]
        concerned = {
            each.run_id for each in fresh for one in watches if one.channel == channel and matches_experiment(one, each)
        }
        assert sorted(run_id for each in here for run_id in each.run_ids) == sorted(concerned)
        for each in here:
            held = [one for one in fresh if one.run_id in each.run_ids]
            asking = {
                one.id
                for one in watches
                if one.channel == channel and any(matches_experiment(one, run) for run in held)
            }
            assert set(each.watch_ids) == asking
            assert set(each.experiment_ids) == {one.experiment.experiment_id for one in held}
            assert each.run_ids == tuple(one.run_id for one in held)
    keys = [each.key for each in announcements]
    assert len(keys) == len(set(keys))


@given(st.lists(RUNS, max_size=30, unique_by=lambda each: each.run_id), st.integers(0, 7))
def test_no_more_than_a_handful_come_to_wait_for_a_channel(fresh, count):
    announcements = told(fresh, [watch(place="*", since=0)], waiting(count))
    assert len(announcements) <= max(1, HANDFUL - count)


def test_five_hundred_watches_and_five_thousand_runs_are_decided_at_once():
    homes = [Experiment(str(number), f"team-{number:03d}") for number in range(500)]
    watches = [watch(f"w{number}", home.name, channel=f"C{number}") for number, home in enumerate(homes)]
    watches += [watch(f"p{number}", f"team-{number:02d}*", channel=f"C{number}") for number in range(50)]
    fresh = [run(number, experiment=homes[number % 500]) for number in range(5_000)]
    began = time.process_time()
    told(fresh, watches)
    assert time.process_time() - began < 2  # of our own CPU, whatever else the machine does


# Runs that were told of before, and ended again


def test_a_run_that_ended_again_gets_a_message_of_its_own():
    (one,) = told([run(1)], again=ids(1))
    assert one.key == f"run:T:C1:{ids(1)[0]}:{NOON - 999}"
    assert told([run(1)])[0].key == f"run:T:C1:{ids(1)[0]}"


def test_a_message_on_it_that_still_waits_tells_of_it_as_it_is_by_then():
    key = f"run:T:C1:{ids(1)[0]}"
    assert [each.key for each in told([run(1)], again=ids(1), standing=[stands(key, is_waiting=True)])] == [key]
    assert [each.key for each in told([run(1)], again=ids(1), standing=[stands(key)])] == [f"{key}:{NOON - 999}"]


def test_a_trial_that_ended_again_is_told_by_itself_unless_its_sweep_goes_on():
    assert [each.kind for each in told([run(1, P)], again=ids(1))] == [MessageKind.RUN]
    sweep = stands(f"sweep:T:C1:{P}", MessageKind.SWEEP)
    assert [each.key for each in told([run(1, P)], again=ids(1), standing=[sweep])] == [sweep.key]


def test_many_that_ended_again_are_a_burst_that_is_none_of_before():
    (burst,) = told(several(*range(1, 9)), again=ids(*range(1, 9)))
    assert (burst.kind, len(burst.run_ids)) == (MessageKind.BURST, 8)
    assert burst.key.endswith(f":{NOON - 999}")


def test_what_was_over_when_a_watch_began_is_news_to_it_when_it_ends_again():
    watches = [watch(past=ids(1))]
    assert told([run(1)], watches) == ()
    assert [each.run_ids for each in told([run(1)], watches, again=ids(1))] == [ids(1)]
