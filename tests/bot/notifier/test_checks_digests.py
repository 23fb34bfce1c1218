"""A digest comes once a local day, on the minute, and not long after its time."""

from datetime import UTC, datetime

import pytest

from bot.notifier.checks import DigestScheduler
from comparison.notifications.message import MessageKind
from tests.bot.notifier.stage import Clock, Stage


class Planner:
    def __init__(self, *moment):
        self.stage = Stage(clock=Clock(datetime(*moment, tzinfo=UTC)))
        self.clock = self.stage.clock
        self.digester = self.another()

    def another(self):
        """Another process."""
        return DigestScheduler(self.stage.outbox, self.stage.subscriptions, self.clock.moment)

    def days(self, until):
        """Minute by minute: when each digest came, as local day and minute of UTC."""
        came = {}
        while self.clock.moment() < until:
            self.digester.check()
            for each in self.stage.outbox.listed(limit=1_000):
                came.setdefault(each.about, f"{self.clock.moment():%d %H:%M}")
            self.clock.wait(self.digester.until_next())
        return came


def test_a_digest_comes_on_the_minute_of_each_of_its_days():
    planner = Planner(2026, 11, 20, 6, 0)  # a Friday
    planner.stage.watch("weekdays 9:30 Europe/Berlin", is_digest=True, ago=1)
    assert planner.days(datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) == {
        "2026-11-20": "20 08:30",
        "2026-11-23": "23 08:30",
        "2026-11-24": "24 08:30",
    }


def test_it_is_announced_for_its_channel_and_day():
    planner = Planner(2026, 11, 23, 9, 29)
    kept = planner.stage.watch("daily 9:30", is_digest=True)
    planner.digester.check()
    planner.clock.wait(60)
    assert planner.digester.check() == 1
    (message,) = planner.stage.outbox.listed()
    assert (message.kind, message.channel, message.watch_ids) == (MessageKind.DIGEST, kept.channel, (kept.id,))
    assert message.about == "2026-11-23"


@pytest.mark.parametrize(
    ("words", "begins", "ends", "came"),
    [
        ("daily 2:30 Europe/Berlin", (2027, 3, 27, 22, 0), (2027, 3, 28, 22, 0), {"2027-03-28": "28 01:30"}),
        ("daily 2:30 Europe/Berlin", (2026, 10, 24, 22, 0), (2026, 10, 25, 22, 0), {"2026-10-25": "25 00:30"}),
    ],
)
def test_on_the_nights_when_clocks_change_it_comes_once(words, begins, ends, came):
    planner = Planner(*begins)
    planner.stage.watch(words, is_digest=True)
    assert planner.days(datetime(*ends, tzinfo=UTC)) == came


def test_two_processes_and_a_restart_make_no_second_one():
    planner = Planner(2026, 11, 23, 9, 30)
    planner.stage.watch("daily 9:30", is_digest=True)
    assert planner.digester.check() == 1
    assert [planner.another().check() for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(("hours", "count"), [(1, 1), (5.9, 1), (6.1, 0)])
def test_one_that_was_missed_comes_late_and_not_when_it_is_too_late(hours, count):
    planner = Planner(2026, 11, 23, 9, 30)
    planner.stage.watch("daily 9:30", is_digest=True)
    planner.clock.wait(hours * 3600)
    assert planner.digester.check() == count


def test_one_that_is_planned_after_its_hour_comes_tomorrow():
    planner = Planner(2026, 11, 23, 10, 0)
    planner.stage.watch("daily 9:30", is_digest=True, ago=0)
    assert planner.days(datetime(2026, 11, 24, 10, 0, tzinfo=UTC)) == {"2026-11-24": "24 09:30"}


def test_one_that_is_moved_to_an_hour_that_is_over_comes_tomorrow():
    planner = Planner(2026, 11, 23, 10, 0)
    kept = planner.stage.watch("daily 11:00", is_digest=True)
    planner.digester.check()
    planner.stage.watches.edit(kept.id, "daily 9:30", by="U0MAYA", at=1)
    assert planner.days(datetime(2026, 11, 24, 10, 0, tzinfo=UTC)) == {"2026-11-24": "24 09:30"}


def test_a_paused_one_does_not_come():
    planner = Planner(2026, 11, 23, 9, 30)
    kept = planner.stage.watch("daily 9:30", is_digest=True)
    planner.stage.watches.pause(kept.id, by="U0MAYA", at=1)
    assert planner.digester.check() == 0


def test_one_whose_words_mean_nothing_any_more_is_paused():
    planner = Planner(2026, 11, 23, 9, 30)
    kept = planner.stage.watch("sometimes", is_digest=True)
    planner.digester.check()
    assert planner.stage.watches.get(kept.id).paused_why


def test_the_loop_sleeps_until_the_next_full_minute():
    planner = Planner(2026, 11, 23, 9, 29)
    planner.clock.wait(12.5)
    assert planner.digester.until_next() == pytest.approx(47.5, abs=0.1)
