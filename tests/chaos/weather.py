"""Slack on a bad day: answers get lost, connections are cut, 429s and 5xx come at random."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from typing import Self

from bot.playground.faults import FaultKind, Faults

POST, EDIT, HISTORY = "chat.postMessage", "chat.update", "conversations.history"
MOST = 4  # faults that wait for their call at once
_KINDS: tuple[tuple[str, int, Callable[[Faults, random.Random], object]], ...] = (
    ("answer of a post lost", 4, lambda faults, _: faults.lose_answer(method=POST)),
    ("answer of an edit lost", 1, lambda faults, _: faults.lose_answer(method=EDIT)),
    ("connection cut", 2, lambda faults, _: faults.hang_up()),
    ("connection cut on a post", 2, lambda faults, _: faults.hang_up(method=POST)),
    ("429", 3, lambda faults, dice: faults.rate_limit(retry_after=dice.choice((1, 1, 2, 3)), method=POST)),
    ("429 on anything", 1, lambda faults, _: faults.rate_limit()),
    ("503 or 500", 3, lambda faults, dice: faults.fail(status=dice.choice((500, 502, 503)), method=POST)),
    ("503 on a look-up", 1, lambda faults, _: faults.fail(method=HISTORY)),
    ("Slack's own internal_error", 1, lambda faults, _: faults.answer_error("internal_error", method=POST)),
    ("posted, told late", 4, lambda faults, dice: faults.answer_late(dice.uniform(0.2, 2), method=POST)),
    ("posted late", 2, lambda faults, dice: faults.slow_down(dice.uniform(0.2, 2), method=POST)),
)


class Weather:
    """A fault now and then (`a_second` on average), from `with` to `clear_up`. `struck` counts them by kind."""

    def __init__(self, faults: Faults, a_second: float, seed: int) -> None:
        self._faults = faults
        self._a_second = a_second
        self._dice = random.Random(seed)  # noqa: S311 -- to be repeated, not to be safe
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._work, name="weather", daemon=True)
        self.struck: Counter[str] = Counter()
        self.limits = 0  # 429s that it brought about

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.clear_up()

    def clear_up(self) -> None:
        """Nothing goes wrong any more."""
        if self._halt.is_set():
            return
        self._halt.set()
        self._thread.join(30)
        unused = [fault.kind is FaultKind.RATE_LIMITED for fault in self._faults.active]
        self.limits = sum(times for name, times in self.struck.items() if name.startswith("429")) - sum(unused)
        self._faults.clear()

    def _work(self) -> None:
        weights = [weight for _, weight, _ in _KINDS]
        while not self._halt.wait(self._dice.expovariate(self._a_second)):
            if len(self._faults.active) < MOST:
                [(name, _, strike)] = self._dice.choices(_KINDS, weights)
                strike(self._faults, self._dice)
                self.struck[name] += 1
