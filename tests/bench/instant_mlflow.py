"""An MLflow that answers at once, as a process of its own: so that what is measured is the bot.

    python -m tests.bench.instant_mlflow    prints its port, and serves until it is ended

Every run exists: the first four characters of its id are its experiment's number. All were better than the last.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

EXPERIMENTS = 100
METRICS = (
    "accuracy",
    "precision",
    "recall",
    "f1_score",
    "auc",
    "train_loss",
    "val_loss",
    "latency_ms",
    "cost",
    "epoch",
)
NOW = 1_790_000_000_000  # ms


def run_id_of(experiment: int, number: int) -> str:
    return f"{experiment:04x}{number:028x}"


def a_run(run_id: str) -> dict[str, object]:
    experiment, number = int(run_id[:4], 16), int(run_id[4:], 16)
    at = NOW + number
    info = {
        "run_id": run_id,
        "run_uuid": run_id,
        "run_name": f"run-{number:05d}",
        "experiment_id": str(experiment),
        "user_id": "ada",
        "status": "FINISHED",
        "start_time": at - 600_000,
        "end_time": at,
        "lifecycle_stage": "active",
        "artifact_uri": "file:///nowhere",
    }
    metrics = [{"key": key, "value": 0.5 + number / 1e6, "timestamp": at, "step": 1} for key in METRICS]
    params = [{"key": f"p{place}", "value": str(place + (number if place < 3 else 0))} for place in range(8)]
    return {"info": info, "data": {"metrics": metrics, "params": params, "tags": []}, "inputs": {}}


def an_experiment(number: int) -> dict[str, object]:
    return {"experiment_id": str(number), "name": f"team-{number:02d}", "lifecycle_stage": "active"}


def answer(target: str, body: bytes) -> Mapping[str, object]:
    parts = urlsplit(target)
    if parts.path.endswith("/runs/get"):
        return {"run": a_run(parse_qs(parts.query)["run_id"][0])}
    if parts.path.endswith("/runs/search"):
        asked = json.loads(body)
        is_former = "metrics." not in asked.get("filter", "") and asked.get("max_results", 0) < 100
        runs = [a_run(run_id_of(int(each), 0)) for each in asked["experiment_ids"][:1]] if is_former else []
        return {"runs": runs}
    if parts.path.endswith("/experiments/get"):
        return {"experiment": an_experiment(int(parse_qs(parts.query)["experiment_id"][0]))}
    if parts.path.endswith("/experiments/search"):
        return {"experiments": [an_experiment(number) for number in range(1, EXPERIMENTS + 1)]}
    return {}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.rstrip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            told = json.dumps(answer(first.split(" ")[1], body)).encode()
            about = f"content-type: application/json\r\ncontent-length: {len(told)}"
            writer.write(f"HTTP/1.1 200 OK\r\n{about}\r\n\r\n".encode() + told)
            await writer.drain()
    except (OSError, EOFError):
        pass  # the other side is gone
    finally:
        writer.close()


async def main() -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1_024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
