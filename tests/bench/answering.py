"""(a) How long from command to final message, against a bare client making the same calls; (b) how many calls."""

import statistics
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from bot.playground.workspace import Call
from tests.bench.stage import Stage

GET_RUN = "/api/2.0/mlflow/runs/get"


def compare_times(stage: Stage, *, concurrency: int, rounds: int) -> tuple[float, float]:
    """Seconds for one answer at this concurrency: ours, and the bare client's. Medians, taken in turn."""
    ours: list[float] = []
    bare: list[float] = []
    with httpx.Client(timeout=30, limits=httpx.Limits(max_connections=200), trust_env=False) as client:
        for number in range(rounds + 1):
            before = len(stage.slack.calls)
            mine = _ask_together(stage, concurrency)
            message = next(call.arguments for call in stage.slack.calls[before:] if _runs(call))
            theirs = _together(concurrency, lambda place, said=message: _bare(stage, client, place, said))
            if number:  # the first round warms both
                ours += mine
                bare += [end - begin for begin, end in theirs]
    return statistics.median(ours), statistics.median(bare)


def _ask_together(stage: Stage, concurrency: int) -> list[float]:
    """From each command to its message in Slack. Looked up afterwards, so that looking costs nothing meanwhile."""
    before = len(stage.slack.calls)
    sent = _together(concurrency, lambda place: _send(stage, place))
    until = time.perf_counter() + 60
    while len(answers := _answers(stage, before)) < concurrency and time.perf_counter() < until:
        time.sleep(0.002)
    assert len(answers) == concurrency, f"{len(answers)} answers to {concurrency} commands"
    return [answers[stage.pairs[place % len(stage.pairs)][1]] - begin for place, (begin, _end) in enumerate(sent)]


def _answers(stage: Stage, before: int) -> dict[str, float]:
    """When each comparison stood in the channel, by its candidate; a first "Comparing …" is none."""
    calls = stage.slack.calls[before:]
    return {
        call.arguments["metadata"]["event_payload"]["runs"][1]: call.at
        for call in calls
        if call.method in ("chat.postMessage", "chat.update") and _runs(call)
    }


def _runs(call: Call) -> list[str]:
    metadata = call.arguments.get("metadata") or {}
    return metadata.get("event_payload", {}).get("runs", [])


def _send(stage: Stage, place: int) -> None:
    a, b = stage.pairs[place % len(stage.pairs)]
    taken = stage.slack.command("/mlcompare", f"{a} vs {b}")
    assert taken.was_taken, taken


def count_requests(stage: Stage) -> tuple[int, int, bool]:
    """For one comparison of two runs by id: requests to MLflow, to Slack, and whether MLflow's went side by side."""
    before = len(stage.slack.calls)
    stage.proxy.reset()
    stage.proxy.delay = 0.2
    _ask_together(stage, 1)
    stage.proxy.delay = 0.0
    time.sleep(0.5)  # for what might still follow
    asked = stage.proxy.requests
    side_by_side = len(asked) > 1 and asked[1].arrived < asked[0].answered
    return len(asked), len(stage.slack.calls) - before, side_by_side


def _together(concurrency: int, work: Callable[[int], None]) -> list[tuple[float, float]]:
    """When each began and ended, in seconds since the epoch."""
    ready = threading.Barrier(concurrency)

    def timed(place: int) -> tuple[float, float]:
        ready.wait()
        began = time.time()
        work(place)
        return began, time.time()

    with ThreadPoolExecutor(concurrency) as threads:
        return list(threads.map(timed, range(concurrency)))


def _bare(stage: Stage, client: httpx.Client, place: int, message: Mapping[str, Any]) -> None:
    """The two runs side by side, then one post of a message of ours, without what tells which answer it is."""
    a, b = stage.pairs[place % len(stage.pairs)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(
            threads.map(lambda run: client.get(f"{stage.proxy.url}{GET_RUN}", params={"run_id": run}), (a, b))
        )
    assert all(answer.status_code == 200 for answer in answers)
    posted = client.post(
        f"{stage.slack.api_url}chat.postMessage",
        headers={"authorization": f"Bearer {stage.slack.installation.bot_token}"},
        json={"channel": "C0EXPERIMENTS", "text": message["text"], "blocks": message["blocks"]},
    )
    assert posted.json()["ok"], posted.text
