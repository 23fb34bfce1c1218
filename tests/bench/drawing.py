"""(d) 20 runs of 1,000 metrics each, compared and drawn."""

import random
import statistics
import time

from comparison import Experiment, Metric, Run, compare
from comparison.reports.comparison import comparison_report
from handlers.slack.render import draw


def runs(count: int, metrics: int) -> list[Run]:
    dice = random.Random(1)  # noqa: S311 -- the same runs every time
    experiment = Experiment("1", "bench")
    names = [
        f"{dice.choice(('val', 'train'))}/{dice.choice(('loss', 'accuracy', 'f1', 'latency'))}_{n}"
        for n in range(metrics)
    ]
    return [
        Run(f"{number:032x}", f"run-{number}", experiment, metrics={name: Metric(dice.random(), 10) for name in names})
        for number in range(count)
    ]


def compare_and_draw(repeats: int = 7) -> tuple[float, float, float]:
    """Seconds: minimum, median, maximum."""
    many = runs(20, 1_000)
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        draw(comparison_report(compare(*many), ui_url="http://mlflow:5000"))
        taken.append(time.perf_counter() - began)
    return min(taken), statistics.median(taken), max(taken)
