"""`make bench`: the figures we promise, all in one run on one machine.

make bench ARGS="answering drawing" runs some of: answering, acknowledging, drawing, quick, reading, starting, trends; and two that
take long and run only when named: watching (12 minutes), delivering (10 minutes).
"""

import argparse
import os
from typing import Any

from tests.bench.acknowledging import put_under_load
from tests.bench.answering import compare_times, count_requests
from tests.bench.delivering import SLOWER, bring, post_barely
from tests.bench.drawing import compare_and_draw
from tests.bench.quick import measure
from tests.bench.reading import read_all
from tests.bench.stage import Stage, set_up
from tests.bench.starting import show_help
from tests.bench.trends import measure_trends
from tests.bench.watching import measure_all

PARTS = ("starting", "reading", "drawing", "trends", "quick", "answering", "acknowledging")
LONG = ("watching", "delivering")


def line(what: str, figure: str, goal: str = "") -> None:
    print(f"  {what:<62} {figure:>26}   {goal}".rstrip(), flush=True)


def answering(stage: Stage) -> None:
    first, _to_slack, _side_by_side = count_requests(stage)
    to_mlflow, to_slack, side_by_side = count_requests(stage)
    line("(b) requests to MLflow, two runs by id, at first", f"{first}", "2 and one for a metric of several datasets")
    line("    again", f"{to_mlflow}", "goal 2")
    line("    sent side by side", "yes" if side_by_side else "no", "goal yes")
    line("(b) requests to Slack", f"{to_slack}", "goal 1")
    for concurrency, rounds in ((1, 40), (20, 6)):
        ours, bare = compare_times(stage, concurrency=concurrency, rounds=rounds)
        line(f"(a) command to message at concurrency {concurrency}, median", f"{ours * 1_000:.0f} ms")
        line("    a bare client with the same calls", f"{bare * 1_000:.0f} ms")
        line("    ratio", f"{ours / bare:.2f}", "goal 1.5, aim 1.25")


def acknowledging(stage: Stage, a_second: int, seconds: int) -> None:
    line("(e) resident memory, idle", f"{stage.memory():.0f} MB")
    print(
        f"  {a_second} commands a second for {seconds} s, MLflow at 2 s each; this takes some minutes ...", flush=True
    )
    load = put_under_load(stage, a_second=a_second, seconds=seconds, delay=2.0)
    line(
        "(c) acknowledged in, p50 / p99 / worst",
        f"{load.p50 * 1e3:.0f} / {load.p99 * 1e3:.0f} / {load.worst * 1e3:.0f} ms",
        "goal p99 < 300 ms",
    )
    line("    sent / acknowledged / answered", f"{load.sent} / {load.taken} / {load.answered}", "goal none lost")
    line("    last command to last answer", f"{load.drained_in:.0f} s")
    line(
        "    first command to last answer, and of 32 bare clients",
        f"{load.took:.0f} / {load.by_32:.0f} s",
        "goal the same, ± 10 %",
    )
    line("    one command in another channel, behind all of them", f"{load.elsewhere:.1f} s", "goal 2 s and a little")
    line("    CPU of the bot, a command", f"{load.cpu / load.sent * 1e3:.0f} ms")
    line("    load of the machine, last minute", f"{os.getloadavg()[0]:.1f}")
    line("(e) resident memory, after", f"{stage.memory():.0f} MB")


def quick() -> None:
    print("  A store of 100,000 runs in 50 experiments; it is made once, in a minute ...", flush=True)
    for each in measure():
        line(
            f"(g) {each.words}, first / again",
            f"{each.first * 1e3:.0f} / {each.again * 1e3:.0f} ms",
            f"goal < 1 s / < 200 ms; {each.requests[0]} / {each.requests[1]} requests, goal 4",
        )
        line("    CPU of MLflow's server", f"{each.cpu[0] * 1e3:.0f} / {each.cpu[1] * 1e3:.0f} ms")
        line(f"    MLflow's own: {each.call}", f"{each.plain * 1e3:.0f} ms")


def reading() -> None:
    seconds = read_all()
    middle, late = seconds[len(seconds) // 2], seconds[int(len(seconds) * 0.99)]
    line(
        f"(k) reading a sentence, {len(seconds)} of them, p50 / p99",
        f"{middle * 1e3:.1f} / {late * 1e3:.1f} ms",
        "goal p99 < 5 ms",
    )


def watching() -> None:
    print("  500 watches on a store of 100,000 runs in 500 experiments; it is made once, in a minute ...", flush=True)
    for what, figure, goal in measure_all():
        line(what, figure, goal)


def delivering(count: int) -> None:
    print(f"  {count:,} messages wait for 100 channels; each post takes Slack 150 ms ...", flush=True)
    said: dict[str, Any] = {}
    for workers in (1, 2, 4):
        done, said = bring(workers, count)
        line(f"(i) {workers} workers, messages a second", f"{done.rate:.1f}", "limit 100, one a channel")
        line("    CPU of the workers, of Slack, in % of a core", f"{done.cpu:.0f} / {done.slack_cpu:.0f} %")
        line("    CPU of the workers, a message", f"{done.cpu_a_message:.0f} ms", "the same for any number: linear")
        line("    of 1,000 posts Slack put off (429)", f"{done.put_off:.1f}", "goal < 5")
        line("    calls more than messages", f"{done.repeated}")
    print(
        "  The same where a worker is held up by Slack, not by the machine: one at a time, 500 ms a post ...",
        flush=True,
    )
    for workers in (1, 2, 4):
        done, _ = bring(workers, 100 * workers, posting_takes=SLOWER, at_once=1)
        line(f"(i) {workers} workers, messages a second", f"{done.rate:.2f}", "linear")
    bare = post_barely(said, min(count, 3_000), 32)
    line("(i) a bare client that posts the same, no limit, 32 threads", f"{bare:.1f} a second")


def main() -> None:  # noqa: C901 -- a part each
    words = argparse.ArgumentParser(prog="make bench", description=__doc__)
    words.add_argument("parts", nargs="*", default=PARTS, help=f"of {', '.join((*PARTS, *LONG))}")
    words.add_argument("--rate", type=int, default=100, help="commands a second")
    words.add_argument("--seconds", type=int, default=30)
    words.add_argument("--deliveries", type=int, default=10_000)
    given = words.parse_args()
    print(
        f"On {os.cpu_count()} cores. Ratios and medians are what to compare; single times are the machine's.",
        flush=True,
    )
    if "starting" in given.parts:
        low, middle, high = show_help()
        line("(f) mlcompare --help, min / median / max", f"{low:.2f} / {middle:.2f} / {high:.2f} s", "goal < 0.3 s")
    if "drawing" in given.parts:
        low, middle, high = compare_and_draw()
        line(
            "(d) 20 runs x 1,000 metrics, min / median / max",
            f"{low * 1e3:.0f} / {middle * 1e3:.0f} / {high * 1e3:.0f} ms",
            "goal < 150 ms",
        )
    if "reading" in given.parts:
        reading()
    if "trends" in given.parts:
        for what, figure, goal in measure_trends():
            line(what, figure, goal)
    if "quick" in given.parts:
        quick()
    if "watching" in given.parts:
        watching()
    if "delivering" in given.parts:
        delivering(given.deliveries)
    if {"answering", "acknowledging"} & set(given.parts):
        with set_up() as stage:
            if "answering" in given.parts:
                answering(stage)
            if "acknowledging" in given.parts:
                acknowledging(stage, given.rate, given.seconds)


if __name__ == "__main__":
    main()
