"""Sweeps whose truth is known: of noise alone, and of a function with parameters that matter and some that do not."""

import itertools

import numpy as np

from comparison.sweeps import Trial


def noise(n, seed, parameters=6):
    rng = np.random.default_rng(seed)
    return [
        Trial(str(at), at, (float(rng.normal()),), {f"p{each}": str(rng.random()) for each in range(parameters)})
        for at in range(n)
    ]


def signal(n, seed):
    """lr explains most, by a hump; depth and the optimizer some; junk_a and junk_b nothing."""
    rng = np.random.default_rng(seed)
    found = []
    for at in range(n):
        lr, depth, optimizer = 10 ** rng.uniform(-5, -1), int(rng.integers(1, 9)), "ab"[int(rng.integers(2))]
        value = 0.9 - 0.05 * (np.log10(lr) + 3) ** 2 + 0.01 * depth - 0.02 * (optimizer == "b") + rng.normal(0, 0.02)
        junk = {name: str(rng.random()) for name in ("junk_a", "junk_b")}
        parameters = {"lr": str(lr), "depth": str(depth), "optimizer": optimizer, "seed": str(at), **junk}
        found.append(Trial(str(at), at, (float(value),), parameters))
    return found


GRID = (
    *(0.780, 0.785, 0.790, 0.795, 0.780, 0.785),
    *(0.800, 0.805, 0.810, 0.815, 0.800, 0.805),
    *(0.780, 0.791, 0.790, 0.801, 0.780, 0.791),
)


def grid():
    """Three learning rates, three depths and two optimizers, each with each."""
    points = itertools.product(("0.001", "0.01", "0.1"), ("2", "4", "8"), ("a", "b"))
    return [
        Trial(str(at), at, (value,), dict(zip(("lr", "depth", "opt"), point, strict=True)))
        for at, (point, value) in enumerate(zip(points, GRID, strict=True))
    ]
