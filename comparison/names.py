"""Names that are nearly right."""

import difflib
import re
from collections.abc import Iterable

NEAR = 5
_BREAKS = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SAYING_NOTHING = frozenset({"score", "metric", "value", "final", "last", "best", "overall"})
_SPLITS = frozenset({"train", "val", "test"})
_SHORT = {
    "acc": "accuracy", "prec": "precision", "rec": "recall", "sens": "sensitivity", "spec": "specificity",
    "err": "error", "auroc": "auc roc", "rocauc": "auc roc", "auprc": "auc pr", "prauc": "auc pr",
    "logloss": "log loss",
    "mse": "mean squared error", "rmse": "root mean squared error", "mae": "mean absolute error",
    "mape": "mean absolute percentage error", "training": "train", "valid": "val", "validation": "val", "eval": "val",
    "dev": "val", "avg": "mean", "average": "mean",
}  # fmt: skip


def nearest_names(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names most like this one; then those that hold it or are held by it."""
    wanted = name.casefold()
    known = list(dict.fromkeys(each for each in names if each))
    holding = [each for each in known if len(wanted) > 1 and (wanted in each.casefold() or each.casefold() in wanted)]
    spelt: dict[str, str] = {}
    for each in known:
        spelt.setdefault(each.casefold()[:200], each)
    alike = difflib.get_close_matches(wanted[:200], spelt, n=NEAR, cutoff=0.55)
    return tuple(dict.fromkeys([*(spelt[each] for each in alike), *holding]))[:NEAR]


def fold(name: str) -> str:
    """How a metric is looked up, however it is typed: `F1 score` is `f1_score`."""
    return re.sub(r"[\s_-]+", "_", name.casefold())


def says_the_same(one: str, other: str) -> bool:
    """Whether two names of metrics mean one thing: `acc` and `accuracy_score`, `val_f1` and `f1`."""
    first, second = _meaning(one), _meaning(other)
    if not first or first - _SPLITS != second - _SPLITS:
        return False
    return first == second or not first & _SPLITS or not second & _SPLITS


def _meaning(name: str) -> frozenset[str]:
    words = [word.casefold() for word in _BREAKS.split(name) if word]
    spelt = " ".join(_SHORT.get(word, word) for word in words)
    return frozenset(spelt.split()) - _SAYING_NOTHING
