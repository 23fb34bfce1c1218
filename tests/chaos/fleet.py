"""The bot as processes that are killed at random moments, and started again at once."""

import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.bot.process import BotProcess

ENDS_WITHIN = 40.0  # seconds
MOST_ENDINGS = 5  # that nobody asked for, until a trial is given up


class Fleet:
    """`size` processes of one command on one database. Each start has a folder, and so a log, of its own.

    With `older`, a checkout of an earlier version, every second start is one of it: as while replicas are updated.
    """

    def __init__(  # noqa: PLR0917 -- what all of them share
        self,
        folder: Path,
        settings: Mapping[str, str],
        command: str,
        size: int,
        seed: int,
        older: Path | None = None,
    ) -> None:
        self._folder = folder
        self._settings = dict(settings)
        self._command = command
        self._dice = random.Random(seed)  # noqa: S311 -- to be repeated, not to be safe
        self._started = [0.0] * size
        self._bots: list[BotProcess | None] = [None] * size
        self._older = older
        self.starts: Counter[str] = Counter()
        self._logs: list[Path] = []
        self.kills: Counter[str] = Counter()
        self.ended_by_themselves: list[str] = []

    def __enter__(self) -> Self:
        for place in range(len(self._bots)):
            self._start(place)
        return self

    def __exit__(self, *_: object) -> None:
        for bot in self._bots:
            if bot is not None:
                with bot:
                    pass

    def look(self) -> None:
        """One that ended though nobody killed it is started again, and told of."""
        for place, bot in enumerate(self._bots):
            if bot is not None and bot.process.poll() is not None:
                self.ended_by_themselves.append(
                    f"ended by itself, exit code {bot.process.returncode}: {bot.log[-600:]}"
                )
                assert len(self.ended_by_themselves) < MOST_ENDINGS, self.ended_by_themselves[-1]
                self._start(place)

    def strike(self) -> None:
        """`kill -9` for one of them; for one in five while it ends because it was asked to."""
        self.look()
        place = self._dice.randrange(len(self._bots))
        bot = self._bots[place]
        assert bot is not None
        when = "while starting" if time.monotonic() - self._started[place] < 3 else "at work"
        if self._dice.random() < 0.2:
            when = "while ending"
            bot.process.send_signal(signal.SIGTERM)
            time.sleep(self._dice.uniform(0, 1.5))
        bot.process.kill()
        bot.wait(10)
        self.kills[when] += 1
        self._start(place)

    def end(self) -> list[int]:
        """All are asked to end; their exit codes."""
        for bot in self._bots:
            if bot is not None:
                bot.terminate()
        return [bot.wait(ENDS_WITHIN) for bot in self._bots if bot is not None]

    def _start(self, place: int) -> None:
        folder = self._folder / f"{self._command}-{place}-{len(self._logs):04d}"
        folder.mkdir(parents=True)
        # The newest first: it brings the database up to date, as the first replica of an update does.
        is_older = self._older is not None and len(self._logs) % 2 == 1
        self.starts["older" if is_older else "this version"] += 1
        code = {"PYTHONPATH": str(self._older)} if is_older else {}
        self._bots[place] = BotProcess(folder, {**self._settings, **code}, self._command)
        self._started[place] = time.monotonic()
        self._logs.append(folder / "bot.log")

    def tracebacks(self) -> list[str]:
        """The last lines of what went wrong without being expected, of all logs."""
        found = []
        for log in self._logs:
            for part in log.read_text(encoding="utf-8", errors="replace").split("Traceback (most recent call last)")[
                1:
            ]:
                ending = [line for line in part.splitlines()[1:60] if line and not line.startswith((" ", "\t"))]
                found.append(ending[0] if ending else "cut off")
        return found
