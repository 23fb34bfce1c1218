"""The datasets of the sides, role by role."""

import re
from collections.abc import Sequence

from comparison.outcome import DatasetComparison
from comparison.runs import Dataset, Side

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_HELD_OUT = frozenset({"test", "testing", "val", "valid", "validation", "eval", "evaluation", "dev", "holdout", "held"})


def is_held_out(name: str) -> bool:
    """Whether a dataset's name tells that nothing was learned from it: `valid`, `iris_test`."""
    return not _HELD_OUT.isdisjoint(word.casefold() for word in _WORDS.findall(name))


def compare_datasets(sides: Sequence[Side]) -> tuple[DatasetComparison, ...]:
    """One entry a role (`training`, `validation`, …) that any side logged a dataset for, as first met."""
    logged = [_by_context(side) for side in sides]
    contexts = dict.fromkeys(context for side in logged for context in side)
    return tuple(_compare_role(context, tuple(tuple(side.get(context, ())) for side in logged)) for context in contexts)


def is_same(comparison: DatasetComparison) -> bool:
    """Whether name and digest agree on all sides. It does not prove that the data are the same."""
    first, *others = ({(dataset.name, dataset.digest) for dataset in side} for side in comparison.sides)
    return all(other == first for other in others)


def _by_context(side: Side) -> dict[str, dict[Dataset, None]]:
    found: dict[str, dict[Dataset, None]] = {}
    for run in side.runs:
        for dataset in run.datasets:
            found.setdefault(dataset.context, {})[dataset] = None
    return found


def _compare_role(context: str, sides: tuple[tuple[Dataset, ...], ...]) -> DatasetComparison:
    first, *others = ({dataset.digest for dataset in side} for side in sides)
    return DatasetComparison(context, sides, same_digest=bool(first) and all(other == first for other in others))
