"""Forty curves whose truth is known, as training makes them. Each is made from its own seed."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Generated:
    """`truth` is what is so of the curve: flat, improving, overfit, diverged or cyclic. Lower is better."""

    name: str
    truth: str
    steps: np.ndarray
    values: np.ndarray
    train: np.ndarray | None = None
    since: float | None = None  # the true onset, where there is one


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _flat(seed: int, n: int, noise: float) -> Generated:
    x = np.arange(n)
    y = 0.5 + np.exp(-x / (n / 15)) + _rng(seed).normal(0, noise, n)
    return Generated(f"plateau {n} {noise}", "flat", x, y, since=n / 15 * 4)


def _falling(seed: int, n: int, noise: float) -> Generated:
    x = np.arange(n)
    return Generated(f"still falling {n} {noise}", "improving", x, 2 - 1.4 * x / n + _rng(seed).normal(0, noise, n))


def _power(seed: int, n: int, noise: float) -> Generated:
    x = np.arange(1, n + 1)
    return Generated(f"power law {n}", "improving", x, 0.1 + 2 * x**-0.3 + _rng(seed).normal(0, noise, n))


def _overfit(seed: int, n: int, noise: float) -> Generated:
    x, rng, best = np.arange(n), _rng(seed), n // 3
    train = 0.05 + np.exp(-x / (n / 4)) + rng.normal(0, noise / 2, n)
    held_out = 0.3 + np.where(x <= best, 0.7 * (1 - x / best) ** 2, 0.45 * (x - best) / n) + rng.normal(0, noise, n)
    return Generated(f"overfit {n} {noise}", "overfit", x, held_out, train, since=best)


def _not_a_number(seed: int, n: int, at: float) -> Generated:
    x = np.arange(n)
    y = 0.5 + np.exp(-x / (n / 5)) + _rng(seed).normal(0, 0.01, n)
    onset = int(n * at)
    y[onset:] = np.nan if seed % 2 else np.inf
    return Generated(f"not a number {n}", "diverged", x, y, since=onset)


def _blow_up(seed: int, n: int, at: float) -> Generated:
    x = np.arange(n)
    y = 0.5 + np.exp(-x / (n / 5)) + _rng(seed).normal(0, 0.01, n)
    onset = int(n * at)
    y[onset:] += 2.0 ** np.minimum(np.arange(n - onset), 40)
    return Generated(f"blow-up {n}", "diverged", x, y, since=onset)


def _spike(seed: int, n: int, noise: float) -> Generated:
    made = _flat(seed, n, noise)
    y = made.values.copy()
    for place in _rng(seed + 99).integers(n // 10, n - 2, 3):
        y[place] += 5.0
    return Generated(f"spikes {n}", "flat", made.steps, y, since=made.since)


def _warm_up(seed: int, n: int, noise: float) -> Generated:
    x, warm = np.arange(n), n // 10
    y = np.where(x < warm, 2 + 0.5 * x / warm, 0.6 + 1.9 * (1 - (x - warm) / n)) + _rng(seed).normal(0, noise, n)
    return Generated(f"warm-up {n}", "improving", x, y)


def _drop(seed: int, n: int, noise: float) -> Generated:
    x = np.arange(n)
    y = np.where(x < n // 2, 1.0, 0.6) + 0.8 * np.exp(-x / (n / 20)) + _rng(seed).normal(0, noise, n)
    return Generated(f"learning rate dropped {n}", "flat", x, y, since=n // 2)


def _cyclic(seed: int, n: int, noise: float) -> Generated:
    x = np.arange(n)
    y = 1 + 0.3 * np.sin(x / n * 2 * np.pi * (4 + seed % 3)) + _rng(seed).normal(0, noise, n)
    return Generated(f"cyclic {n} {seed}", "cyclic", x, y)


_KINDS: tuple[tuple[Callable[..., Generated], tuple[tuple[int, float], ...]], ...] = (
    (_flat, ((60, 0.01), (200, 0.02), (1000, 0.005), (5000, 0.05))),
    (_falling, ((40, 0.01), (200, 0.05), (1000, 0.1), (60, 0.0))),
    (_power, ((100, 0.0), (400, 0.002), (1000, 0.002), (60, 0.005))),
    (_overfit, ((60, 0.005), (200, 0.01), (1000, 0.01), (40, 0.0))),
    (_not_a_number, ((50, 0.5), (200, 0.9), (1000, 0.2), (31, 0.7))),
    (_blow_up, ((50, 0.6), (200, 0.9), (1000, 0.5), (100, 0.3))),
    (_spike, ((60, 0.01), (200, 0.02), (1000, 0.005), (300, 0.0))),
    (_warm_up, ((60, 0.01), (200, 0.02), (1000, 0.05), (400, 0.0))),
    (_drop, ((60, 0.01), (200, 0.02), (1000, 0.005), (300, 0.01))),
    (_cyclic, ((120, 0.01), (300, 0.05), (600, 0.0), (1000, 0.1))),
)


def forty(offset: int = 0) -> list[Generated]:
    return [
        kind(offset + 10 * number + place, n, amount)
        for number, (kind, sizes) in enumerate(_KINDS)
        for place, (n, amount) in enumerate(sizes)
    ]
