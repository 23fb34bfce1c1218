"""Reading what people type: CPU time of a sentence with five thousand names known."""

import time
from contextlib import suppress
from pathlib import Path

from comparison.errors import RequestError
from comparison.language.names import Names
from comparison.language.parser import read

TABLES = Path("tests/comparison/language")
_KINDS = ("xgb", "lgbm", "bert base", "resnet_50")


def many_names() -> Names:
    """5,000 names: 300 experiments, 4,300 runs, 80 people and 300 metrics."""
    return Names.of(
        experiments=[f"team/exp-{number}" for number in range(300)],
        runs=[f"{_KINDS[number % 4]}-{number}-{number % 97}" for number in range(4_300)],
        users=[f"person{number}" for number in range(80)],
        metrics=[f"val_{number}_{kind}" for number in range(100) for kind in ("auc", "loss", "f1")],
    )


def read_all() -> list[float]:
    """Seconds of CPU for each sentence of the tables of tests, the quickest first."""
    names = many_names()
    seconds = []
    for line in (
        line for name in ("said.tsv", "refused.tsv") for line in (TABLES / name).read_text("utf-8").splitlines()
    ):
        said = line.partition("\t")[0]
        started = time.process_time()
        with suppress(RequestError):
            read(said, names)
        seconds.append(time.process_time() - started)
    return sorted(seconds)
