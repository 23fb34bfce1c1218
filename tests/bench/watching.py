"""What it costs to watch: 500 experiments of a store of 100,000 runs, from the real bot's side and from MLflow's."""

import os
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bot.playground.context import Installation
from bot.playground.slack import SlackStandIn
from bot.store.watches import StoredWatches
from tests.bench.big_store import make
from tests.bot.process import BotProcess
from tests.chaos.counting import payload_of
from tests.chaos.stored import opened
from tests.chaos.training import Ended, Training
from tests.chaos.trial import HISTORY
from tests.chaos.watchers import a_watch, invite
from tests.mlflow_proxy import MlflowProxy
from tests.mlflow_server import running_mlflow

FOLDER = Path(".mlcompare/bench")
EXPERIMENTS = 500
SETTLES = 25.0  # seconds until a bot that started is idle
ENDINGS = 24  # runs whose way to the channel is timed
AN_HOUR = 240  # polls, at 15 s


@dataclass
class Idle:
    """`cpu` in percent of a core; requests to MLflow by path, over `seconds`."""

    watches: int
    cpu: float
    seconds: float
    requests: Counter[str]
    memory: float  # MB


@dataclass
class Soon:
    """Seconds from the end of a run to its message, at this poll interval."""

    interval: float
    delays: list[float] = field(default_factory=list)
    requests: int = 0  # to MLflow for each message, polls included

    @property
    def median(self) -> float:
        return statistics.median(self.delays)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.delays, n=20)[18]


class Stage:
    """A store, a server, a proxy that counts, a Slack; bots come and go."""

    def __init__(self, folder: Path, proxy: MlflowProxy, slack: SlackStandIn) -> None:
        self.folder = folder
        self.proxy = proxy
        self.slack = slack
        self.names = {f"team-{number:02d}": str(number) for number in range(1, EXPERIMENTS + 1)}
        self._bots = 0
        invite(slack.workspace, map(channel_of, self.names))

    @contextmanager
    def bot(self, watches: int, interval: float) -> Iterator[BotProcess]:
        """`serve` on a file of its own, with so many watches in it, each for a channel of its own."""
        self._bots += 1
        folder = self.folder / f"bot{self._bots}"
        folder.mkdir()
        address = f"sqlite:///{folder}/state.db"
        with opened(address) as engine:
            kept = StoredWatches(engine)
            for name in list(self.names)[:watches]:
                kept.add(a_watch(f"w-{name}", channel_of(name), name, is_primed=False))
        settings = {
            "SLACK_BOT_TOKEN": self.slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.installation.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "MLFLOW_TRACKING_URI": self.proxy.url,
            "DATABASE_URL": address,
            "MLCOMPARE_POLL_SECONDS": str(interval),
        }
        with BotProcess(folder, settings) as bot:
            yield bot.wait_until_it_serves()


def channel_of(experiment: str) -> str:
    return f"C0{experiment.upper().replace('-', '')}"


@contextmanager
def set_up(folder: Path = FOLDER) -> Iterator[Stage]:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    uri = make(folder.resolve(), experiments=EXPERIMENTS)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running_mlflow(scratch / "mlflow", uri))
        proxy = stack.enter_context(MlflowProxy(server.url))
        slack = stack.enter_context(SlackStandIn(Installation(scopes=HISTORY, keeps_pace=True)))
        yield Stage(scratch, proxy, slack)


def measure_idle(stage: Stage, bot: BotProcess, watches: int, seconds: float = 60.0) -> Idle:
    process = psutil.Process(bot.process.pid)
    stage.proxy.reset()
    before, began = _cpu(process), time.perf_counter()
    time.sleep(seconds)
    took = time.perf_counter() - began
    cpu = 100 * (_cpu(process) - before) / took
    requests = Counter(_path(asked.target) for asked in list(stage.proxy.requests))
    return Idle(watches, cpu, took, requests, _memory(process))


def measure_soon(stage: Stage, interval: float, over: float, seed: int = 1) -> Soon:
    """Runs end at random moments `over` so many seconds, each in an experiment of its own."""
    dice = random.Random(seed)  # noqa: S311 -- to be repeated, not to be safe
    moments = sorted(dice.uniform(0, over) for _ in range(ENDINGS))
    names = dice.sample(list(stage.names), ENDINGS)
    stage.proxy.reset()
    began, ended = time.monotonic(), []
    with closing(Training(stage.proxy.url, stage.names, 1, seed)) as training:
        for number, (moment, name) in enumerate(zip(moments, names, strict=True)):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            ended.append(training.end_one(name, f"soon-{seed}-{number}"))
    found = Soon(interval)
    until = time.monotonic() + 4 * interval + 20
    while len(delays := _delays(stage.slack, ended)) < ENDINGS and time.monotonic() < until:
        time.sleep(0.2)
    assert len(delays) == ENDINGS, f"{len(delays)} of {ENDINGS} runs were announced"
    found.delays = delays
    found.requests = round((len(stage.proxy.requests) - 3 * ENDINGS) / ENDINGS)  # 3 are the training's own
    return found


def measure_memory(stage: Stage, bot: BotProcess, interval: float, polls: int = AN_HOUR) -> list[tuple[int, float]]:
    """Resident memory in MB after so many polls, sampled ten times; ten runs end meanwhile."""
    process, every = psutil.Process(bot.process.pid), polls // 10
    samples: list[tuple[int, float]] = []
    with closing(Training(stage.proxy.url, stage.names, 1, 7)) as training:
        for number in range(10):
            training.end_one(f"team-{number + 20:02d}", f"hour-{number}")
            time.sleep(every * interval)
            samples.append((every * (number + 1), _memory(process)))
    return samples


def _delays(slack: SlackStandIn, ended: list[Ended]) -> list[float]:
    runs = {each.run_id: each.at for each in ended}
    posted = {run_id: float(message.ts) for message in slack.messages() for run_id in payload_of(message)["runs"]}
    return [posted[run_id] - at for run_id, at in runs.items() if run_id in posted]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def _memory(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def _path(target: str) -> str:
    return urlsplit(target).path.rpartition("/mlflow/")[2]


def measure_all() -> Iterator[tuple[str, str, str]]:
    """Lines: what, the figure, the goal."""
    with set_up() as stage:
        for watches in (0, EXPERIMENTS):
            with stage.bot(watches, 15) as bot:
                time.sleep(SETTLES)
                idle = measure_idle(stage, bot, watches)
                yield f"(h) idle with {watches} watches, CPU", f"{idle.cpu:.2f} % of a core", "goal < 1 %"
                yield "    resident memory", f"{idle.memory:.0f} MB", ""
                yield f"    requests to MLflow in {idle.seconds:.0f} s", _listed(idle.requests), ""
                if watches:
                    yield from _soon(measure_soon(stage, 15, 75))
        with stage.bot(EXPERIMENTS, 1) as bot:
            time.sleep(SETTLES)
            idle = measure_idle(stage, bot, EXPERIMENTS, 30)
            polls = idle.seconds / 1
            yield "(h) requests for a poll", f"{idle.requests.total() / polls:.2f}", f"goal 1; {_listed(idle.requests)}"
            yield "    CPU at a poll each second", f"{idle.cpu:.1f} % of a core", ""
            yield from _soon(measure_soon(stage, 1, 30, seed=2))
            samples = measure_memory(stage, bot, 1)
            told = ", ".join(f"{memory:.0f}" for _, memory in samples)
            yield f"(h) resident memory over {samples[-1][0]} polls, MB", told, "goal flat"


def _soon(soon: Soon) -> Iterator[tuple[str, str, str]]:
    figures = f"{soon.median:.1f} / {soon.p95:.1f} s"
    yield (
        f"(h) end of a run to its message, every {soon.interval:g} s, median / p95",
        figures,
        (f"goal {soon.interval + 1:g} s"),
    )
    yield "    requests to MLflow for each message, polls included", f"{soon.requests}", ""


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{times} {what}" for what, times in counts.most_common()) or "none"
