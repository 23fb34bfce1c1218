"""The part of the data that a name tells of: what was learned from, or what was held out to judge by."""

import re

TRAINING = frozenset({"train", "training", "tr", "trn", "fit"})
HELD_OUT = frozenset(
    {
        *("test", "testing", "val", "valid", "validation", "eval", "evaluation", "dev"),
        *("holdout", "heldout", "held"),
    }
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_held_out(name: str) -> bool:
    """Whether the name of a metric or a dataset tells that nothing was learned from it: `val_loss`, `iris_test`."""
    return not HELD_OUT.isdisjoint(_words(name))


def split_of(name: str) -> str:
    """What part of the data a name tells of: "training", "held out", or "" where it tells none or both."""
    words = _words(name)
    splits = [split for split, known in (("training", TRAINING), ("held out", HELD_OUT)) if words & known]
    return splits[0] if len(splits) == 1 else ""


def _words(name: str) -> set[str]:
    return {word.casefold() for word in _WORDS.findall(name)}
