"""(a) How long from command to final message, against a bare client making the same calls; (b) how many calls."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.bench.stage import Stage

GET_RUN = "/api/2.0/mlflow/runs/get"


def compare_times(stage: Stage, *, concurrency: int, rounds: int) -> tuple[float, float]:
    """Seconds for one answer at this concurrency: ours, and the bare client's. Medians, taken in turn."""
    ours, bare = [], []
    with httpx.Client(timeout=30, limits=httpx.Limits(max_connections=200), trust_env=False) as client:
        for number in range(rounds + 1):
            mine = _together(concurrency, lambda place: _ask(stage, place))
            theirs = _together(concurrency, lambda place: _bare(stage, client, place))
            if number:  # the first round warms both
                ours += mine
                bare += theirs
    return statistics.median(ours), statistics.median(bare)


def count_requests(stage: Stage) -> tuple[int, int, bool]:
    """For one comparison of two runs by id: requests to MLflow, to Slack, and whether MLflow's went side by side."""
    before = len(stage.slack.calls)
    stage.proxy.reset()
    stage.proxy.delay = 0.2
    _ask(stage, 0)
    stage.proxy.delay = 0.0
    time.sleep(0.5)  # for what might still follow
    asked = stage.proxy.requests
    side_by_side = len(asked) > 1 and asked[1].arrived < asked[0].answered
    return len(asked), len(stage.slack.calls) - before, side_by_side


def _together(concurrency: int, work) -> list[float]:
    ready = threading.Barrier(concurrency)

    def timed(place: int) -> float:
        ready.wait()
        began = time.perf_counter()
        work(place)
        return time.perf_counter() - began

    with ThreadPoolExecutor(concurrency) as threads:
        return list(threads.map(timed, range(concurrency)))


def _ask(stage: Stage, place: int) -> None:
    """A command by a person of its own, until the message is there for all to see."""
    a, b = stage.pairs[place % len(stage.pairs)]
    seen = _answers(stage, a, b)
    taken = stage.slack.command("/mlcompare", f"{a} vs {b}")
    assert taken.was_taken, taken
    stage.slack.wait_until(lambda: _answers(stage, a, b) > seen, 60)


def _answers(stage: Stage, a: str, b: str) -> int:
    """Posts in which both runs are linked; a first "working" does not count."""
    return sum(
        call.method in ("chat.postMessage", "chat.update")
        and a in str(call.arguments)
        and f"runs/{b}" in str(call.arguments)
        for call in stage.slack.calls[-400:]
    )


def _bare(stage: Stage, client: httpx.Client, place: int) -> None:
    """The two runs side by side, then one post of about our size."""
    a, b = stage.pairs[place % len(stage.pairs)]
    with ThreadPoolExecutor(2) as threads:
        answers = list(
            threads.map(lambda run: client.get(f"{stage.proxy.url}{GET_RUN}", params={"run_id": run}), (a, b))
        )
    assert all(answer.status_code == 200 for answer in answers)
    posted = client.post(
        f"{stage.slack.api_url}chat.postMessage",
        headers={"authorization": f"Bearer {stage.slack.installation.bot_token}"},
        json={
            "channel": "C0EXPERIMENTS",
            "text": "bare",
            "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2_500}}],
        },
    )
    assert posted.json()["ok"], posted.text
