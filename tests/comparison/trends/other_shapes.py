"""Forty more curves whose truth is known, of other shapes and scales than the generated ones: as real runs look.

Each says what may be concluded; anything else is wrong, and silence never is.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Shape:
    """`allowed` is what is true of its end: flat, improving, worsening, overfit or diverged. Lower is better."""

    name: str
    allowed: frozenset[str]
    steps: np.ndarray
    values: np.ndarray
    train: np.ndarray | None = None


def _shape(name, allowed, steps, values, train=None):
    return Shape(name, frozenset(allowed.split()), np.asarray(steps, float), np.asarray(values, float), train)


def _correlated(rng, n, sd, memory=0.8):
    """Noise that wanders: what a step does goes on for some steps."""
    noise, found = rng.normal(0, sd, n), np.empty(n)
    last = 0.0
    for at in range(n):
        last = memory * last + noise[at]
        found[at] = last
    return found


def shapes(offset: int = 0) -> list[Shape]:
    found = []
    for number, n in enumerate((25, 80, 400, 3000)):
        rng = np.random.default_rng(offset + n)
        x = np.arange(n)
        share = x / n
        fall = np.exp(-share * 25)
        # plateaus: heavy-tailed, far from zero, tiny, huge
        found.append(_shape(f"heavy-tailed plateau {n}", "flat", x, 3 + fall + 0.02 * rng.standard_t(3, n)))
        found.append(_shape(f"log-likelihood plateau {n}", "flat", x, -1e4 + 500 * fall + rng.normal(0, 5, n)))
        # still falling, on a scale of decades and in steps of the logging
        found.append(
            _shape(f"decades {n}", "improving flat", x, 10 ** (1 - 6 * share) * np.exp(rng.normal(0, 0.05, n)))
        )
        found.append(
            _shape(f"rounded fall {n}", "improving", x, np.round(2 - 1.5 * share + rng.normal(0, 0.005, n), 2))
        )
        # overfit late, and slightly; and no overfit where both rise together
        train = 0.2 + np.exp(-share * 6) + rng.normal(0, 0.003, n)
        late = 0.5 + np.where(share < 0.6, 0.6 * (1 - share / 0.6) ** 2, 0.5 * (share - 0.6)) + rng.normal(0, 0.006, n)
        found.append(_shape(f"late overfit {n}", "overfit worsening", x, late, train))
        found.append(_shape(f"train and held out level {n}", "flat", x, 0.6 + fall + rng.normal(0, 0.01, n), train))
        # diverged: slow blow-up, a jump at the very end is none of it (it may be a spike)
        slow = 0.4 + fall + np.where(share > 0.6, np.exp((share - 0.6) * 20) - 1, 0) + rng.normal(0, 0.01, n)
        found.append(_shape(f"slow blow-up {n}", "diverged worsening", x, slow))
        spike = 0.7 + fall + rng.normal(0, 0.01, n)
        spike[-1] += 0.05 if number % 2 else 6.0
        found.append(_shape(f"spike at the end {n}", "flat diverged" if not number % 2 else "flat", x, spike))
        # restarts of a learning rate in cycles, wandering noise
        waves = 1 - 0.4 * share + 0.25 * (1 + np.cos(2 * np.pi * (share * 5 % 1))) / 2 + rng.normal(0, 0.01, n)
        found.append(_shape(f"warm restarts {n}", "improving", x, waves))
        found.append(_shape(f"wandering {n}", "flat", x, 1 + fall + _correlated(rng, n, 0.01)))
    return found


def others(offset: int = 0) -> list[Shape]:
    """Curves that are logged oddly: resumed, of few points, all at one step, with holes and values that are none."""
    rng = np.random.default_rng(offset + 7)
    x = np.arange(120)
    level = 0.5 + np.exp(-x / 8) + rng.normal(0, 0.01, 120)
    falling = 2 - x / 80 + rng.normal(0, 0.01, 120)
    again = np.concatenate([x[:80], x[60:]])
    holes = level.copy()
    holes[rng.integers(0, 119, 15)] = np.nan
    return [
        _shape("resumed level", "flat", again, np.concatenate([level[:80], level[60:]])),
        _shape("resumed falling", "improving", again, np.concatenate([falling[:80], falling[60:]])),
        _shape("holes", "flat", x, holes),
        _shape("every hundred steps", "improving", x * 100, falling),
        _shape("uneven steps", "flat", np.cumsum(rng.integers(1, 30, 120)), level),
        _shape("powers of two", "improving flat", 2.0 ** np.arange(12), 1 / np.arange(1, 13)),
        *(_shape(f"{n} points", "", x[:n], falling[:n]) for n in (1, 2, 3, 4)),
    ]
