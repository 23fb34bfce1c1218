"""Names that are the same however they are written, names that are nearly right, and the part of the data they tell."""

import difflib
import heapq
import re
import unicodedata
from collections.abc import Iterable, Mapping

NEAR = 5
LONGEST = 120  # characters that are compared
PROMISING = 40  # names that are compared letter by letter
ALIKE = 0.55  # of two spellings, at least
ALIKE_SHORT = 0.5  # likewise, of two letters: one of them is wrong
_WORD = re.compile(r"[^\W_]+")
_BREAKS = re.compile(r"[\W_]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SAYING_NOTHING = frozenset({"score", "metric", "value", "final", "last", "best", "overall"})
TRAINING = frozenset({"train", "training", "tr", "trn", "fit"})
HELD_OUT = frozenset(
    {
        *("test", "testing", "val", "valid", "validation", "eval", "evaluation", "dev"),
        *("holdout", "heldout", "held"),
    }
)
_LETTERS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SPLITS = frozenset({"train", "val", "test"})
_SHORT = {
    "acc": "accuracy", "prec": "precision", "rec": "recall", "sens": "sensitivity", "spec": "specificity",
    "err": "error", "auroc": "auc roc", "rocauc": "auc roc", "auprc": "auc pr", "prauc": "auc pr",
    "logloss": "log loss",
    "mse": "mean squared error", "rmse": "root mean squared error", "mae": "mean absolute error",
    "mape": "mean absolute percentage error", "training": "train", "valid": "val", "validation": "val", "eval": "val",
    "dev": "val", "avg": "mean", "average": "mean",
}  # fmt: skip


def plainly(name: str) -> str:
    """The same for names that only differ in case, blanks or how their accents are stored."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def unaccented(name: str) -> str:
    """Likewise, and for names that only differ in accents: `cafe` for `Café`."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(sign for sign in apart if not unicodedata.combining(sign)).split())


def words(name: str) -> frozenset[str]:
    """The words and numbers in a name, whatever stands between them."""
    return frozenset(_WORD.findall(unaccented(name)))


def nearest_names(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names most like this one: without its accents, of the same words, spelt alike; then those that hold it."""
    known: dict[str, str] = {}
    for each in filter(None, names):
        known.setdefault(plainly(each), each)
    alike = _spelt_alike(unaccented(name)[:LONGEST], known)
    scores = {key: max(_likeness(name, each), alike.get(key, 0.0)) for key, each in known.items()}
    fitting = sorted((key for key in known if scores[key] > 0), key=lambda key: -scores[key])
    return tuple(known[key] for key in fitting[:NEAR])


def _likeness(wanted: str, name: str) -> float:
    """From 0, nothing alike, to 3, the same but for accents and case."""
    own, theirs, typed, spelt = words(wanted), words(name), unaccented(wanted), unaccented(name)
    if typed == spelt:
        return 3.0
    if own and own == theirs:
        return 2.0
    shared = len(own & theirs) / len(own | theirs) if own | theirs else 0.0
    holds = len(typed) > 1 and (typed in spelt or spelt in typed)
    return max(shared if shared >= 0.5 else 0.0, 0.3 if holds else 0.0)


def _spelt_alike(wanted: str, known: Mapping[str, str]) -> dict[str, float]:
    """How alike the spelling of some names is, from 0 to 1; of the few only for which a first look is promising."""
    matcher = difflib.SequenceMatcher(b=wanted)
    least = ALIKE if len(wanted) > 2 else ALIKE_SHORT
    promising: list[tuple[float, str]] = []
    for key, each in known.items():
        matcher.set_seq1(unaccented(each)[:LONGEST])
        if matcher.real_quick_ratio() >= least and (at_most := matcher.quick_ratio()) >= least:
            promising.append((at_most, key))
    found = {}
    for _at_most, key in heapq.nlargest(PROMISING, promising, key=lambda each: each[0]):
        matcher.set_seq1(unaccented(known[key])[:LONGEST])
        found[key] = matcher.ratio()
    return {key: ratio for key, ratio in found.items() if ratio >= least}


def fold(name: str) -> str:
    """How a metric is looked up, however it is typed: `F1 score` is `f1_score`."""
    return re.sub(r"[\s_-]+", "_", name.casefold())


def as_logged(name: str, logged: Iterable[str]) -> str:
    """The logged name that is meant: the same, else the first that folds to the same; "" for none."""
    names = list(logged)
    return name if name in names else next((each for each in names if fold(each) == fold(name)), "")


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


def is_held_out(name: str) -> bool:
    """Whether the name of a metric or a dataset tells that nothing was learned from it: `val_loss`, `iris_test`."""
    return not HELD_OUT.isdisjoint(_letters(name))


def split_of(name: str) -> str:
    """What part of the data a name tells of: "training", "held out", or "" where it tells none or both."""
    words = _letters(name)
    splits = [split for split, known in (("training", TRAINING), ("held out", HELD_OUT)) if words & known]
    return splits[0] if len(splits) == 1 else ""


def _letters(name: str) -> set[str]:
    return {word.casefold() for word in _LETTERS.findall(name)}
