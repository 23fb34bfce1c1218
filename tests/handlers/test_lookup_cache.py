"""What lists are filled from: kept, renewed, and never waited for longer than it may take."""

import threading
import time

import pytest

from comparison.errors import TrackingUnavailable
from comparison.language.names import Kind
from handlers.lookup_cache import MAX_LOOKUPS, LookupCache, LookupTimeout
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD


class Clock:
    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


class Asked:
    """Answers 1, 2, 3 …; waits while the gate is closed; fails while it is down."""

    def __init__(self):
        self.count = 0
        self.is_down = False
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self):
        self.gate.wait(10)
        if self.is_down:
            raise TrackingUnavailable("MLflow does not answer.")
        self.count += 1
        return self.count


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lookup_cache(clock):
    return LookupCache(clock)


def test_an_answer_is_used_for_half_a_minute_and_then_renewed(lookup_cache, clock):
    asked = Asked()
    assert [lookup_cache.get("x", asked, 2), lookup_cache.get("x", asked, 2)] == [1, 1]
    clock.at = 31
    assert lookup_cache.get("x", asked, 2) == 2


def test_an_old_answer_is_used_while_the_new_one_takes_its_time(lookup_cache, clock):
    asked = Asked()
    lookup_cache.get("x", asked, 2)
    clock.at = 31
    asked.gate.clear()
    begun = time.monotonic()
    assert lookup_cache.get("x", asked, 60) == 1
    assert time.monotonic() - begun < 30
    asked.gate.set()


def test_an_old_answer_is_used_while_mlflow_is_down_but_not_for_ever(lookup_cache, clock):
    asked = Asked()
    lookup_cache.get("x", asked, 2)
    asked.is_down = True
    for clock.at in (31, 100, 599):
        assert lookup_cache.get("x", asked, 2) == 1
    clock.at = 1_300
    with pytest.raises(TrackingUnavailable):
        lookup_cache.get("x", asked, 2)


def test_what_went_wrong_is_asked_for_again_at_once(lookup_cache):
    asked = Asked()
    asked.is_down = True
    with pytest.raises(TrackingUnavailable):
        lookup_cache.get("x", asked, 2)
    asked.is_down = False
    assert lookup_cache.get("x", asked, 2) == 1


def test_what_comes_too_late_is_there_the_next_time(lookup_cache):
    asked = Asked()
    asked.gate.clear()
    with pytest.raises(LookupTimeout):
        lookup_cache.get("x", asked, 0.05)
    asked.gate.set()
    assert lookup_cache.get("x", asked, 2) == 1


def test_many_who_ask_the_same_are_one_question(lookup_cache):
    asked = Asked()
    asked.gate.clear()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(lookup_cache.get("x", asked, 5))) for _ in range(10)]
    for each in threads:
        each.start()
    asked.gate.set()
    for each in threads:
        each.join(10)
    assert answers == [1] * 10


def test_questions_do_not_pile_up_while_mlflow_hangs(lookup_cache):
    asked = Asked()
    asked.gate.clear()
    for number in range(MAX_LOOKUPS):
        with pytest.raises(LookupTimeout):
            lookup_cache.get(number, asked, 0)
    begun = time.monotonic()
    with pytest.raises(LookupTimeout):
        lookup_cache.get("one more", asked, 60)
    assert time.monotonic() - begun < 30
    asked.gate.set()


def test_names_are_asked_for_once_while_they_are_fresh():
    source = FakeRuns([OLD, NEW])
    cache = LookupCache(time.monotonic)
    names = cache.names(source, 5.0)
    assert names.all(Kind.RUN) == ("new", "old")
    assert cache.names(source, 5.0) is names
    assert len(source.asked) == 2


def test_no_names_are_known_where_mlflow_is_down():
    assert LookupCache(time.monotonic).names(FakeRuns(down="MLflow did not answer."), 5.0).all(Kind.RUN) == ()
