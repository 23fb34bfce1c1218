"""Training machines: runs that end at a steady pace in a real MLflow, some by clocks that are minutes off."""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import httpx

MINUTE = 60_000  # ms
TRIES = 600  # each half a second after the last: MLflow may be away for minutes
_STATUSES = ("FINISHED",) * 8 + ("FAILED", "KILLED")


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that MLflow was told to be over, and took it. `at` is our clock then, in seconds."""

    run_id: str
    name: str
    experiment: str
    status: str
    at: float


class Training:
    """Ends `a_second` runs in the experiments in turn, from `with` to `stop`, in a thread. `off`: ms a clock is off."""

    def __init__(self, url: str, experiments: Mapping[str, str], a_second: float, seed: int) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/2.0/mlflow/", trust_env=False, timeout=30)
        self._experiments = dict(experiments)  # id by name
        self._a_second = a_second
        self._dice = random.Random(seed)  # noqa: S311 -- to be repeated, not to be safe
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._work, name="training", daemon=True)
        self.off: dict[str, int] = {}
        self.ended: list[Ended] = []
        self.problem = ""
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.close()

    def close(self) -> None:
        """For one that was never started, but ended single runs."""
        self._client.close()

    def stop(self) -> None:
        """Returns when the last run has ended."""
        self._halt.set()
        if self._thread.is_alive():
            self._thread.join(120)

    def _work(self) -> None:
        began, names = time.monotonic(), list(self._experiments)
        for number in range(1_000_000):
            due = began + number / self._a_second
            if self._halt.wait(max(0.0, due - time.monotonic())):
                break
            try:
                self.ended.append(self.end_one(names[number % len(names)], f"run-{number:05d}"))
            except httpx.HTTPError as error:
                self.problem = f"MLflow did not take run-{number:05d}: {error!r}"
                break
            self.seconds = time.monotonic() - began

    def end_one(self, experiment: str, name: str, status: str = "") -> Ended:
        """A run as training code logs it: created, its metrics and parameters, and its end."""
        status = status or self._dice.choice(_STATUSES)
        now = int(time.time() * 1000) + self.off.get(experiment, 0)
        told = {"experiment_id": self._experiments[experiment], "start_time": now - 5 * MINUTE, "run_name": name}
        created = self._tell("runs/create", told | {"tags": [{"key": "mlflow.user", "value": "ada"}]})
        run_id = created["run"]["info"]["run_id"]
        self._tell("runs/log-batch", {"run_id": run_id, **self._logged(now)})
        self._tell("runs/update", {"run_id": run_id, "status": status, "end_time": now})
        return Ended(run_id, name, experiment, status, time.time())

    def _logged(self, now: int) -> dict[str, list[dict[str, object]]]:
        quality = 1 - self._dice.expovariate(12)
        values = {"accuracy": quality, "val_loss": 1 - quality + self._dice.random() / 50}
        metrics = [{"key": key, "value": value, "timestamp": now, "step": 1} for key, value in values.items()]
        return {"metrics": metrics, "params": [{"key": "lr", "value": self._dice.choice(("0.1", "0.01"))}]}

    def _tell(self, path: str, told: Mapping[str, object]) -> dict[str, dict[str, dict[str, str]]]:
        for again in range(TRIES):
            try:
                answer = self._client.post(path, json=told)
                if answer.status_code < 500:
                    return answer.raise_for_status().json()
            except httpx.TransportError:
                if again == TRIES - 1:
                    raise
            time.sleep(0.5)
        raise httpx.HTTPError(f"{path}: {answer.status_code} {answer.text[:200]}")


def new_experiments(url: str, names: Sequence[str]) -> dict[str, str]:
    """The ids by name, all new."""
    with httpx.Client(base_url=f"{url}/api/2.0/mlflow/", trust_env=False, timeout=30) as client:
        made = {name: client.post("experiments/create", json={"name": name}).raise_for_status() for name in names}
    return {name: answer.json()["experiment_id"] for name, answer in made.items()}
