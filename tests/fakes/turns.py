"""Turns in memory, for one process. Keeps every promise of the stored ones: see tests/bot/notifier/test_stored_rate_limit.py."""

from threading import Lock

from bot.notifier.rate_limit import LONGEST


class FakeTurns:
    def __init__(self):
        self._lock = Lock()
        self._free_at = {}

    def wait(self, place, now):
        free_at = self._free_at.get(place, now)
        return 0 if free_at > now + LONGEST else max(0, free_at - now)

    def take(self, place, now, apart, at_once=0):
        with self._lock:
            first = now - apart * at_once
            ours = self._free_at.get(place, first)
            if not first <= ours <= now + LONGEST:
                ours = first
            self._free_at[place] = ours + apart
            return max(0, ours - now)

    def hold(self, place, until):
        with self._lock:
            self._free_at[place] = max(until, self._free_at.get(place, until))
