"""How many waiting messages a second 1, 2 and 4 workers bring to Slack, and how many a bare client does."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from bot.playground.context import Installation
from bot.playground.faults import Faults
from bot.playground.slack import SlackStandIn
from bot.playground.workspace import TEAM
from bot.store.outbox import StoredOutbox
from bot.store.watches import StoredWatches
from comparison.notifications.message import MessageKind, WantedMessage
from tests.bench.instant_mlflow import EXPERIMENTS, run_id_of
from tests.bot.process import BotProcess
from tests.chaos.databases import POSTGRESQL, a_server, new_database
from tests.chaos.stored import opened
from tests.chaos.trial import HISTORY
from tests.chaos.watchers import a_watch, invite

WITHIN = 900.0  # seconds for one round
AS_SLOW_AS_SLACK = 0.15  # seconds of a post
SLOWER = 0.5  # seconds of a post, where waiting for Slack is what takes long


@dataclass(frozen=True)
class Round:
    """Messages a second from the first to the last; CPU in percent of a core, all workers together and Slack's."""

    workers: int
    messages: int
    rate: float
    cpu: float
    slack_cpu: float
    repeated: int
    put_off: float  # calls of 1,000 that Slack answered with 429

    @property
    def cpu_a_message(self) -> float:
        """Milliseconds of CPU that all workers together need for a message."""
        return 10 * self.cpu / self.rate


def channel_of(experiment: int) -> str:
    return f"C0TEAM{experiment:03d}"


@contextmanager
def instant_mlflow() -> Iterator[str]:
    words = [sys.executable, "-m", "tests.bench.instant_mlflow"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def watch(address: str) -> None:
    """A watch in each channel."""
    with opened(address) as engine:
        watches = StoredWatches(engine)
        for number in range(1, EXPERIMENTS + 1):
            watches.add(a_watch(f"w{number}", channel_of(number), f"team-{number:02d}"))


def fill(address: str, count: int) -> None:
    """So many messages that wait, over all channels."""
    with opened(address) as engine:
        outbox = StoredOutbox(engine)
        now = int(time.time() * 1000)
        waiting = [_waiting(1 + number % EXPERIMENTS, number) for number in range(count)]
        for first in range(0, count, 500):
            outbox.announce(waiting[first : first + 500], now)


def _waiting(experiment: int, number: int) -> WantedMessage:
    run_id, channel = run_id_of(experiment, number + 1), channel_of(experiment)
    key = f"run:{TEAM}:{channel}:{run_id}"
    return WantedMessage(key, MessageKind.RUN, TEAM, channel, (run_id,), (f"w{experiment}",), (str(experiment),))


def bring(
    workers: int, count: int, *, posting_takes: float = AS_SLOW_AS_SLACK, at_once: int = 0
) -> tuple[Round, dict[str, Any]]:
    """One round on a database of its own; and what one of the posts said. `at_once`: by a worker, 0: as it is set."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = new_database(stack.enter_context(a_server(POSTGRESQL)), folder)
        mlflow = stack.enter_context(instant_mlflow())
        slack = stack.enter_context(SlackStandIn(Installation(scopes=HISTORY)))
        invite(slack.workspace, map(channel_of, range(1, EXPERIMENTS + 1)))
        watch(address)
        _slow(slack.faults, posting_takes)
        settings = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": mlflow,
            "DATABASE_URL": address,
            "MLCOMPARE_POLL_SECONDS": "3600",
            "MLCOMPARE_COLLAPSE_AFTER": "100",
            **({"MLCOMPARE_WORKERS": str(at_once)} if at_once else {}),
        }
        bots = []
        for number in range(workers):
            (folder / f"{number}").mkdir()
            bots.append(stack.enter_context(BotProcess(folder / f"{number}", settings, "notify")))
        for bot in bots:  # the CPU of a start is no part of what a message costs
            bot.wait_for_log("telling channels of runs that end", WITHIN)
            bot.wait_for_log("libraries: well", WITHIN)
        fill(address, count)
        return _watched(slack, bots, count), _said(slack)


def _slow(faults: Faults, seconds: float) -> None:
    if seconds:
        faults.slow_down(seconds, None, method="chat.postMessage")


def _watched(slack: SlackStandIn, bots: list[BotProcess], count: int) -> Round:
    own = psutil.Process()
    processes = [psutil.Process(bot.process.pid) for bot in bots]
    slack.wait_until(lambda: _posts(slack) >= count // 20, WITHIN)  # all are at work by then
    began, before, at = time.perf_counter(), [_cpu(each) for each in (own, *processes)], _posts(slack)
    until = began + WITHIN
    while _posts(slack) < count - count // 20 and time.perf_counter() < until:
        time.sleep(0.5)
    took, done = time.perf_counter() - began, _posts(slack)
    spent = [100 * (_cpu(each) - was) / took for each, was in zip((own, *processes), before, strict=True)]
    while _posts(slack) < count and time.perf_counter() < until:
        time.sleep(0.5)
    time.sleep(2)
    assert _posts(slack) >= count, f"{_posts(slack)} of {count} came:\n{bots[0].log[-2_000:]}"
    return Round(len(bots), count, (done - at) / took, sum(spent[1:]), spent[0], _posts(slack) - count, _put_off(slack))


def _posts(slack: SlackStandIn) -> int:
    return len(slack.workspace.calls)  # nearly all are posts; counting them one by one would slow Slack down


def _put_off(slack: SlackStandIn) -> float:
    calls = slack.calls
    return 1_000 * sum(call.status == 429 for call in calls) / len(calls)


def _said(slack: SlackStandIn) -> dict[str, Any]:
    call = next(call for call in reversed(slack.calls) if call.method == "chat.postMessage")
    return dict(call.arguments)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def post_barely(said: dict[str, Any], count: int, threads: int, *, posting_takes: float = AS_SLOW_AS_SLACK) -> float:
    """Messages a second of a client that does nothing but post the same."""
    with SlackStandIn() as slack:
        invite(slack.workspace, map(channel_of, range(1, EXPERIMENTS + 1)))
        _slow(slack.faults, posting_takes)
        own = threading.local()
        headers = {"authorization": f"Bearer {slack.installation.bot_token}"}

        def post(number: int) -> None:
            if not hasattr(own, "client"):
                own.client = httpx.Client(trust_env=False, timeout=30)
            told = said | {"channel": channel_of(1 + number % EXPERIMENTS)}
            answer = own.client.post(f"{slack.api_url}chat.postMessage", headers=headers, json=told)
            assert answer.json()["ok"], answer.text

        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(post, range(count)))
        return count / (time.perf_counter() - began)
