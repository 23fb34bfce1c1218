"""How often equal groups of runs are called better or worse, and how often different ones are: a table.

    python -m tests.bench.false_alarms [--pairs 2000] [--data normal] [--demo 200]

Each pair of groups is drawn from one distribution (or two that differ by 2 standard deviations, for power) and goes
through `compare`, as the runs of a person do. The draws are seeded. `--data` takes one row alone; `--demo` draws from so
many networks of the demo alone, which are trained first, a seed each.
"""

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from comparison import Experiment, Goal, Metric, Outcome, Run, Side, compare
from comparison.judgement.repeats import KnownNoise
from comparison.judgement.statistics import pool_near

HOME = Experiment("1", "bench")
CALLED = (Outcome.BETTER, Outcome.WORSE)
SINGLES = 5  # times as many pairs of single runs: they are quick, and 2,000 tell a share of 5 % to ± 1 % only
Draw = Callable[[np.random.Generator, int], np.ndarray]
DATA: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(0.9, 0.01, n),
    "heavy tails (t, 3)": lambda rng, n: 0.9 + 0.01 * rng.standard_t(3, n),
    "near the ceiling": lambda rng, n: rng.binomial(200, 0.985, n) / 200,
    "one in ten collapsed": lambda rng, n: np.where(rng.random(n) < 0.1, 0.5, rng.normal(0.9, 0.01, n)),
}


def side(label: str, values: np.ndarray, first: int = 0) -> Side:
    """A group of runs, a seed a value."""
    return Side(
        label,
        tuple(
            Run(f"{label}{seed}", f"{label}-{seed}", HOME, metrics={"acc": Metric(float(value))}, parameters={"w": label, "seed": str(seed)})
            for seed, value in enumerate(values, first)
        ),
    )  # fmt: skip


def is_called(
    first: np.ndarray, second: np.ndarray, *, is_paired: bool = False, noise: KnownNoise | None = None
) -> bool:
    """Whether one of two groups is called better."""
    known = None if noise is None else lambda _metric, _values: noise
    one, other = side("a", first), side("b", second, 0 if is_paired else len(first))
    found = compare(one, other, metrics=["acc"], goals={"acc": Goal.HIGHER}, noise=known)
    return found.metrics[0].changes[0].outcome in CALLED


def of_groups(draw: Draw, n: int, pairs: int, *, shift: float = 0.0, is_paired: bool = False) -> float:
    """The share of pairs of groups of `n` that are called; the second differs by `shift`."""
    rng = np.random.default_rng(n)
    return sum(is_called(draw(rng, n), draw(rng, n) + shift, is_paired=is_paired) for _ in range(pairs)) / pairs


def of_one_and_group(draw: Draw, n: int, pairs: int) -> float:
    """The share of pairs of a group of `n` and one more run that are called."""
    rng = np.random.default_rng(n)
    return sum(is_called(draw(rng, n), draw(rng, 1)) for _ in range(pairs)) / pairs


def of_singles(draw: Draw, df: int, pairs: int, *, shift: float = 0.0) -> float:
    """The share of pairs of single runs that are called by a noise of so many degrees of freedom, drawn anew each."""
    rng = np.random.default_rng((1, df))
    called = 0
    for _ in range(pairs):
        repeats = draw(rng, df + 1).tolist()
        noise = pool_near([repeats], repeats)
        if noise is None or not noise.sd or not noise.is_enough:
            continue  # the numbers alone then say which is higher, with a doubt beside them: no call of ours
        called += is_called(draw(rng, 1), draw(rng, 1) + shift, noise=KnownNoise(noise))
    return called / pairs


def demo_models(seeds: int) -> Draw:
    """Draws from the validation accuracies of the demo's narrow network, trained with so many seeds."""
    from sklearn.datasets import load_digits
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    from bot.demo.store import NARROW, TrainingJob
    from bot.demo.training import _fits

    features, labels = load_digits(return_X_y=True)
    parts = train_test_split(features / 16, labels, test_size=0.3, random_state=42, stratify=labels)
    train_x, held_out_x, train_y, held_out_y = parts
    values = []
    for seed in range(seeds):
        *_rest, model = _fits(TrainingJob("", NARROW, seed), train_x, train_y)
        values.append(accuracy_score(held_out_y, model.predict(held_out_x)))
    print(f"demo: {seeds} seeds, mean {np.mean(values):.4f}, sd {np.std(values, ddof=1):.4f}", flush=True)
    return lambda rng, n: rng.choice(values, n)


def rows(pairs: int, data: dict[str, Draw]) -> Iterator[tuple[str, ...]]:
    yield ("data", "n 2", "n 3", "n 5", "n 10", "n 5 paired", "1 against 5", "df 2", "df 4", "df 8", "df 20")
    for name, draw in data.items():
        groups = [of_groups(draw, n, pairs) for n in (2, 3, 5, 10)]
        groups += [of_groups(draw, 5, pairs, is_paired=True), of_one_and_group(draw, 5, pairs)]
        singles = [of_singles(draw, df, pairs * SINGLES) for df in (2, 4, 8, 20)]
        yield (name, *(f"{each:.3f}" for each in (*groups, *singles)))
    if "normal" in data:
        power = [of_groups(data["normal"], n, pairs, shift=0.02) for n in (2, 3, 5, 10)]
        yield ("power at 2 sd, normal", *(f"{each:.2f}" for each in power))
        power = [of_singles(data["normal"], df, pairs, shift=0.04) for df in (4, 8, 20)]
        yield ("power of one against one at 4 sd, df 4, 8, 20", *(f"{each:.2f}" for each in power))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2_000)
    parser.add_argument("--data", choices=DATA)
    parser.add_argument("--demo", type=int, default=0)
    given = parser.parse_args()
    chosen = {given.data: DATA[given.data]} if given.data else DATA
    for row in rows(given.pairs, {"the demo's networks": demo_models(given.demo)} if given.demo else chosen):
        print(" | ".join(row), flush=True)
