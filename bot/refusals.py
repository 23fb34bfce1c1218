"""Refused requests in the log: counted, a line a minute, so that scanners cannot fill it."""

import logging
import threading
import time
from collections import Counter

log = logging.getLogger(__name__)

EVERY = 60  # seconds


class Refusals:
    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._count: Counter[str] = Counter()
        self._speak_at = 0.0

    def note(self, why: str) -> bool:
        """Counts one; says what was counted when nothing was said for a minute, and then returns True."""
        with self._mutex:
            self._count[why] += 1
            if time.monotonic() < self._speak_at:
                return False
            self._speak_at = time.monotonic() + EVERY
            counted, self._count = self._count, Counter()
        log.warning("requests refused", extra={why.replace(" ", "_"): n for why, n in counted.items()})
        return True
