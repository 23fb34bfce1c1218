"""(c) How soon commands are acknowledged while MLflow takes two seconds for each answer, and whether any is lost."""

import statistics
import threading
import time
from dataclasses import dataclass

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


def put_under_load(stage: Stage, *, a_second: int, seconds: int, delay: float) -> Load:
    """Commands at a steady pace, whatever the bot does; then waits until each has its answer."""
    stage.proxy.delay = delay
    total = a_second * seconds
    before = _answers(stage)
    latencies: list[float] = []
    refused: list[str] = []
    lock = threading.Lock()

    def send(number: int) -> None:
        a, b = stage.pairs[number % len(stage.pairs)]
        taken = stage.slack.command("/mlcompare", f"{a} vs {b}")
        with lock:
            latencies.append(taken.seconds)
            if not taken.was_taken:
                refused.append(taken.error)

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
    until = last + 420
    while (answered := _answers(stage) - before) < total and time.perf_counter() < until:
        time.sleep(0.5)
    stage.proxy.delay = 0.0
    ranks = statistics.quantiles(latencies, n=100)
    return Load(total, total - len(refused), answered, ranks[49], ranks[98], max(latencies), time.perf_counter() - last)


def _answers(stage: Stage) -> int:
    """Commands whose result is there for all to see: a "working" that was not replaced does not count."""
    return sum("better" in message.text or "worse" in message.text for message in stage.slack.messages())
