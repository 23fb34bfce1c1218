"""Runs that were better before their end: the best beside the last value, where they differ by more than noise."""

import random

import pytest

from comparison import Experiment
from comparison.compare import ask
from comparison.errors import TrackingUnavailable
from comparison.judgement.result import CaveatCode
from comparison.language.parser import parse
from comparison.past_repeats import RepeatsCache
from comparison.runs import Metric, Run
from tests.fakes.runs import FakeRuns

NOW = 1_750_000_000_000
FRAUD = Experiment("1", "fraud")
FALLING = [1 - 0.02 * step for step in range(30)]  # to 0.42
RISING_AGAIN = [1 - 0.06 * step for step in range(13)] + [0.28 + 0.02 * step for step in range(1, 18)]  # 0.28, to 0.62


def store(parameters=None, **curves):
    runs, histories = [], {}
    for number, (name, values) in enumerate(curves.items()):
        past = [Metric(value, step, NOW - 100_000 + step) for step, value in enumerate(values)]
        run = Run(
            f"{number:032x}",
            name,
            FRAUD,
            metrics={"val_loss": past[-1]},
            parameters=(parameters or {}).get(name, {"depth": str(number)}),
            started_at=NOW - 200_000 + number,
            ended_at=NOW - 100_000,
        )
        runs.append(run)
        histories[run.run_id, "val_loss"] = past
    return FakeRuns(runs, histories=histories)


def told(source, words="a vs b"):
    comparison = ask(parse(words), source, now=NOW, past=RepeatsCache())
    return [each.text for each in comparison.warnings if each.code is CaveatCode.BEST_EARLIER]


def test_a_run_that_was_better_before_its_end_is_told_with_both_values_at_one_request_more():
    source = store(a=FALLING, b=RISING_AGAIN)
    assert told(source) == [
        "val_loss was better before the end: b 0.28 at step 12, last 0.62. By best values, which are optimistic, b leads: 0.28, a 0.42."
    ]
    assert source.asked.count("histories_of") == 1


def test_the_leader_is_named_only_where_it_is_another_one():
    assert told(store(a=RISING_AGAIN, b=[value - 0.5 for value in FALLING])) == [
        "val_loss was better before the end: a 0.28 at step 12, last 0.62."
    ]


def test_many_are_named_in_part():
    curves = {
        name: [value + place for value in RISING_AGAIN] for place, name in enumerate(["r1", "r2", "r3", "r4", "r5"])
    }
    (text,) = told(store(**curves), "r1 vs r2 vs r3 vs r4 vs r5")
    assert text.endswith("r3 2.28 at step 12, last 2.62; and 2 more.")


@pytest.mark.parametrize(
    "curve",
    [
        FALLING,  # the last is the best
        [1.0],
        [0.5, 0.4, 0.45],  # too few to tell the noise
        [0.5 + random.Random(7).gauss(0, 0.01) for _ in range(60)],  # noqa: S311 -- the same curve every time
        [0.5 + 0.01 * (-1) ** step for step in range(31)],
    ],
)
def test_what_may_be_noise_is_not_told(curve):
    assert told(store(a=FALLING, b=curve)) == []


def test_the_noise_of_earlier_repeats_decides_where_it_is_known():
    wild = {f"r{seed}": [*FALLING[:-1], 0.42 + 0.2 * seed] for seed in range(5)}
    seeds = {name: {"depth": "0", "seed": name} for name in wild}
    assert told(store(seeds, **wild), "r0 vs r1") == []


def test_nothing_is_told_of_a_sample_or_without_steps_or_where_mlflow_does_not_answer():
    sampled = store(a=FALLING, b=RISING_AGAIN)
    sampled.points_in_bulk = 20
    assert told(sampled) == []
    stepless = store(a=[0.5], b=[0.4])
    assert told(stepless) == []
    assert stepless.asked.count("histories_of") == 0

    class Slow(FakeRuns):
        def histories_of(self, *_asked, **_how):
            raise TrackingUnavailable("MLflow takes too long.")

    full = store(a=FALLING, b=RISING_AGAIN)
    assert told(Slow(full.runs, histories=full.histories)) == []


def test_best_values_and_those_of_a_step_say_nothing_of_it():
    assert told(store(a=FALLING, b=RISING_AGAIN), "a vs b best values") == []
