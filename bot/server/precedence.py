"""Acknowledgements go first: while Slack waits for one, no message is drawn, for as long as that does no harm."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

HELD_BACK = 0.2  # seconds at most; then a message is drawn whatever else waits


class Precedence:
    """A context for drawing a message, which at most `most` threads are in; and one for acknowledging."""

    def __init__(self, most: int, held_back: float = HELD_BACK) -> None:
        self._most = most
        self._held_back = held_back
        self._changed = threading.Condition()
        self._drawing = 0
        self._acknowledging = 0

    @contextmanager
    def acknowledging(self) -> Iterator[None]:
        with self._changed:
            self._acknowledging += 1
        try:
            yield
        finally:
            with self._changed:
                self._acknowledging -= 1
                if not self._acknowledging:
                    self._changed.notify_all()

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._acknowledging, self._held_back)
            self._changed.wait_for(lambda: self._drawing < self._most)
            self._drawing += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._drawing -= 1
            self._changed.notify_all()
