"""What the bot needs goes away for a while, and comes back: MLflow, PostgreSQL, Slack, the right to speak."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from bot.playground.faults import Fault, Faults
from tests.chaos.databases import Postgres
from tests.mlflow_server import MlflowServer

log = logging.getLogger(__name__)

MLFLOW, DATABASE, SLACK, UNREACHED = "mlflow", "postgresql", "slack", "unreached"
LIMITED, TOKEN = "limited", "token"
ALL = (MLFLOW, DATABASE, SLACK, UNREACHED, LIMITED, TOKEN)
AGAIN_AFTER = 30.0  # seconds that Slack says to wait while it takes nothing


@dataclass(frozen=True)
class Surroundings:
    mlflow: MlflowServer
    postgres: Postgres | None
    faults: Faults
    refused: Callable[[], int]  # how often Slack answered 429 up to now


class Incidents:
    """Each of these in turn, from `with` to `end`: gone for `lasting` seconds, well for `between`."""

    def __init__(self, names: Iterable[str], around: Surroundings, *, lasting: float, between: float) -> None:
        self._names = [name for name in names if name != DATABASE or around.postgres]
        self._around = around
        self._lasting = lasting
        self._between = between
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._work, name="incidents", daemon=True)
        self.happened: list[str] = []
        self.limits = 0  # 429s that they brought about
        self.problem = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def wait(self) -> None:
        """Until all have happened."""
        self._thread.join(len(self._names) * (self._lasting + self._between + 60))

    def end(self) -> None:
        """What is broken just now is mended first."""
        self._halt.set()
        self._thread.join(120)

    def _work(self) -> None:
        for name in self._names:
            if self._halt.wait(self._between):
                return
            try:
                before = self._around.refused()
                mend = self._break(name)
                self.happened.append(name)
                self._halt.wait(self._lasting)
                mend()
                self.limits += self._around.refused() - before if name == LIMITED else 0
            except Exception as error:
                log.exception("an incident went wrong")
                self.problem = f"{name}: {error!r}"
                return

    def _break(self, name: str) -> Callable[[], object]:
        """Breaks it; what mends it."""
        around = self._around
        if name == MLFLOW:
            around.mlflow.kill()
            return around.mlflow.start
        if name == DATABASE and around.postgres:
            around.postgres.stop()
            return around.postgres.start
        return self._switched_off(
            {
                SLACK: lambda: around.faults.fail(None),
                UNREACHED: lambda: around.faults.hang_up(None),
                LIMITED: lambda: around.faults.rate_limit(None, retry_after=AGAIN_AFTER),
                TOKEN: lambda: around.faults.answer_error("token_revoked", None),
            }[name]()
        )

    def _switched_off(self, fault: Fault) -> Callable[[], object]:
        return lambda: self._around.faults.remove(fault.id)
