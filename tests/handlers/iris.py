"""Two runs to talk about."""

from comparison.runs import Experiment, Metric, Run

IRIS = Experiment("1", "iris")
MINUTE = 60_000
NOON = 1_795_435_200_000  # 2026-11-23 12:00 UTC


def a_run(name, number=1, **changes):
    run = {
        "run_id": f"{number:032x}",
        "name": name,
        "experiment": IRIS,
        "started_at": NOON - (60 - number) * MINUTE,
        "ended_at": NOON - (59 - number) * MINUTE,
        "user": "maya",
        "commit": "c0ffee",
        "metrics": {"accuracy": Metric(0.85), "loss": Metric(0.5)},
        "parameters": {"C": "1.0", "solver": "lbfgs"},
    }
    return Run(**(run | changes))


OLD = a_run("old", 1)
NEW = a_run(
    "new", 2, metrics={"accuracy": Metric(0.92), "loss": Metric(0.25)}, parameters={"C": "0.5", "solver": "lbfgs"}
)
