"""Whose turn it is in Slack: the same promises in memory, in an SQLite file and in PostgreSQL."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from bot.notifier.rate_limit import LONGEST, StoredSendSlots
from tests.bot.process import ROOT
from tests.databases import KINDS, both
from tests.fakes.turns import FakeTurns
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

NOW = 1_800_000_000_000

TAKER = """
import sys, time
from bot.store.database import open_database
from bot.notifier.rate_limit import StoredSendSlots
turns = StoredSendSlots(open_database(sys.argv[1]))
for _ in range(20):
    now = time.time_ns() // 1_000_000
    print(now + turns.take("T1:C1", now, 50))
"""


@pytest.fixture(params=["in memory", *KINDS])
def turns(request, both):
    return FakeTurns() if request.param == "in memory" else StoredSendSlots(both(request.param))


def test_a_place_is_free_at_first_and_then_one_turn_comes_after_another(turns):
    assert turns.wait("C1", NOW) == 0
    assert [turns.take("C1", NOW, 1_100) for _ in range(3)] == [0, 1_100, 2_200]
    assert turns.wait("C1", NOW) == 3_300
    assert turns.wait("C1", NOW + 3_000) == 300
    assert turns.take("C1", NOW + 9_000, 1_100) == 0


def test_places_do_not_wait_for_each_other(turns):
    assert [turns.take(place, NOW, 1_100) for place in ("C1", "C2")] == [0, 0]


def test_after_a_calm_time_some_go_at_once_and_no_more_than_that(turns):
    assert [turns.take("edits", NOW, 1_000, 3) for _ in range(6)] == [0, 0, 0, 0, 1_000, 2_000]
    assert [turns.take("edits", NOW + 60_000, 1_000, 3) for _ in range(5)] == [0, 0, 0, 0, 1_000]


def test_what_slack_holds_is_held_for_all_and_never_shortened(turns):
    turns.hold("C1", NOW + 30_000)
    turns.hold("C1", NOW + 5_000)
    assert turns.wait("C1", NOW) == 30_000
    assert turns.take("C1", NOW + 1_000, 1_100) == 29_000
    assert turns.take("C1", NOW + 1_000, 1_100, 3) == 30_100


def test_a_clock_that_was_far_ahead_holds_up_nothing(turns):
    turns.take("C1", NOW + 10 * LONGEST, 1_100)
    assert turns.wait("C1", NOW) == 0
    assert [turns.take("C1", NOW, 1_100) for _ in range(2)] == [0, 1_100]


def test_of_many_who_take_at_once_each_gets_a_turn_of_its_own(turns):
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: turns.take("C1", NOW, 10), range(40)))
    assert sorted(waits) == list(range(0, 400, 10))


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_take_turns(both, kind):
    address = both(kind).url.render_as_string(hide_password=False)
    takers = [
        subprocess.Popen([sys.executable, "-c", TAKER, address], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    taken = sorted(int(line) for taker in takers for line in taker.communicate(timeout=60)[0].splitlines())
    assert len(taken) == 40
    assert all(later - earlier >= 50 for earlier, later in pairwise(taken))
