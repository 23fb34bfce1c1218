"""(c) How soon commands are acknowledged while MLflow takes two seconds for each answer, and whether any is lost.

They come from many people in one channel. When the last was sent, one more is asked in another channel.
"""

import statistics
import threading
import time
from dataclasses import dataclass

import psutil

from bot.playground.slack import EXPERIMENTS, STANDUP
from tests.bench.stage import Stage


@dataclass(frozen=True)
class Load:
    sent: int
    taken: int
    answered: int
    p50: float
    p99: float
    worst: float
    drained_in: float  # seconds from the last command to the last answer
    took: float  # seconds from the first command to the last answer
    elsewhere: float  # seconds until one command in another channel was answered, when all others had been sent
    cpu: float  # seconds of the bot's, in all

    @property
    def by_32(self) -> float:
        """Seconds that 32 bare clients side by side would take, each with two runs at once: two seconds a command."""
        return self.sent / 32 * 2.0


def put_under_load(stage: Stage, *, a_second: int, seconds: int, delay: float) -> Load:
    """Commands at a steady pace, whatever the bot does; then waits until each has its answer."""
    stage.proxy.delay = delay
    total = a_second * seconds
    before = _answers(stage, EXPERIMENTS)
    latencies: list[float] = []
    refused: list[str] = []
    lock = threading.Lock()

    def send(number: int) -> None:
        a, b = stage.pairs[number % len(stage.pairs)]
        taken = stage.slack.command("/mlcompare", f"{a} vs {b}", user=stage.people[number % len(stage.people)])
        with lock:
            latencies.append(taken.seconds)
            if not taken.was_taken:
                refused.append(taken.error)

    cpu = sum(psutil.Process(stage.bot.process.pid).cpu_times()[:2])
    began = time.perf_counter()
    threads = []
    for number in range(total):
        time.sleep(max(0.0, began + number / a_second - time.perf_counter()))
        thread = threading.Thread(target=send, args=(number,), daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(30)
    last = time.perf_counter()
    stage.slack.command("/mlcompare", " vs ".join(stage.pairs[0]), channel=STANDUP)
    elsewhere = 0.0
    until = last + 420
    while (answered := _answers(stage, EXPERIMENTS) - before) < total and time.perf_counter() < until:
        time.sleep(0.1 if not elsewhere else 0.5)
        if not elsewhere and _answers(stage, STANDUP):
            elsewhere = time.perf_counter() - last
    done = time.perf_counter()
    stage.proxy.delay = 0.0
    ranks = statistics.quantiles(latencies, n=100)
    return Load(
        sent=total,
        taken=total - len(refused),
        answered=answered,
        p50=ranks[49],
        p99=ranks[98],
        worst=max(latencies),
        drained_in=done - last,
        took=done - began,
        elsewhere=elsewhere,
        cpu=sum(psutil.Process(stage.bot.process.pid).cpu_times()[:2]) - cpu,
    )


def _answers(stage: Stage, channel: str) -> int:
    """Commands whose result is there for all to see: a "working" that was not replaced does not count."""
    return sum("better" in message.text or "worse" in message.text for message in stage.slack.messages(channel))
