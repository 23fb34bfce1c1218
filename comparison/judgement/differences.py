"""What differs in parameters and tags: numbers as numbers, maps key by key, the rest as text."""

import ast
import json
import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum
from functools import partial
from typing import Any

from comparison.concurrency import retry_on_race
from comparison.judgement.result import DatasetComparison, Difference, Differences
from comparison.runs import Dataset, Side

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?", re.ASCII)
_LONGEST_NUMBER = 40  # longer ones are text: an id or a hash, not a measure
_LONGEST_STRUCTURE = 20_000  # characters; MLflow keeps 6,000 of a parameter
_DEEPEST = 30  # nested brackets; deeper ones are text
_BAD_ESCAPE = re.compile(r"\\(?![\\'\"abfnrtvxuUN])")
_BYTES, _NO_ESCAPE_OF_BYTES = re.compile(r"(?<![\w'\"])[bB]['\"]"), re.compile(r"\\[uUN]")
_RUN_INTO_WORD = re.compile(r"(?:[0-9]|0[xX]\w{0,20})(?:and|else|for|if|in|is|or|not)\b")
_BRACKETS = re.compile(r"[\[\](){}]")
_ABSENT = "not logged"

_MOST_PYTHON = 500_000  # characters read as Python in one comparison, which is slow; the rest is text
_OPENING = ("{", "[", "(")

_Values = Mapping[str, str]
_Structure = dict[Any, Any] | list[Any] | tuple[Any, ...]


def compare_parameters_and_tags(sides: Sequence[Side], kind: str) -> Differences:
    """The `kind` ("parameters" or "tags") of the sides, in order of name."""
    logged: list[list[_Values]] = [[getattr(run, kind) for run in side.runs] for side in sides]
    names = {name for side in logged for values in side for name in values}
    reading = _Reading()
    for name in sorted(names):
        _compare_name(name, [[values.get(name) for values in side] for side in logged], reading)
    return Differences(tuple(reading.changed), reading.same)


@dataclass(slots=True)
class _Reading:
    """What was found so far; each text is parsed once, and no more Python than people wait for."""

    changed: list[Difference] = field(default_factory=list)
    same: dict[str, str] = field(default_factory=dict)
    structures: dict[str, _Structure | None] = field(default_factory=dict)
    python: int = _MOST_PYTHON

    def structure(self, text: str) -> _Structure | None:
        """A map or list written as JSON or as Python does; None for any other text, however hostile."""
        if text not in self.structures:
            self.structures[text] = self._parse(text) if text.lstrip()[:1] in _OPENING else None
        return self.structures[text]

    def _parse(self, text: str) -> _Structure | None:
        if len(text) > _LONGEST_STRUCTURE or _depth(text) > _DEEPEST:
            return None
        try:
            return _as_structure(json.loads(text, object_pairs_hook=_without_repeats))
        except ValueError:
            self.python -= len(text)
            return None if self.python < 0 else _parse_python(text)

    def key(self, text: str | None) -> Hashable:
        """What two values share when they are the same: a number, a structure, or the text itself."""
        if text is None:
            return None
        number = _number(text)
        if number is not None:
            return number
        structure = self.structure(text)
        return text if structure is None else _structure_key(structure)

    def joined(self, side: Sequence[str | None]) -> str | None:
        """Text for the values of a side's runs: each once, in order."""
        if all(text is None for text in side):
            return None
        distinct: dict[Hashable, str] = {}
        for text in side:
            distinct.setdefault(self.key(text), _ABSENT if text is None else text)
        return " | ".join(distinct.values())


def _compare_name(name: str, sides: list[list[str | None]], reading: _Reading) -> None:
    first = sides[0][0]
    if first is not None and all(text == first for side in sides for text in side):
        reading.same[name] = first
        return
    keys = [{reading.key(text) for text in side} for side in sides]
    if all(key == keys[0] for key in keys):
        reading.same[name] = reading.joined(sides[0]) or ""
        return
    maps = _maps(sides, reading)
    if maps is None:
        reading.changed.append(Difference(name, tuple(reading.joined(side) for side in sides)))
        return
    for inner in sorted({inner for side in maps for values in side for inner in values}):
        _compare_name(f"{name}.{inner}", [[values.get(inner) for values in side] for side in maps], reading)


def value_key(text: str) -> Hashable:
    """What two values of a parameter share when they are the same number, or else the same text."""
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> Decimal | None:
    """The number a text is, exactly; None for text, which `nan`, `1_000` and very long numbers are too."""
    stripped = text.strip()
    if len(stripped) > _LONGEST_NUMBER or not _NUMBER.fullmatch(stripped):
        return None
    return Decimal(stripped)


def _as_structure(found: object) -> _Structure | None:
    return found if isinstance(found, dict | list | tuple) else None


def _parse_python(text: str) -> _Structure | None:
    if _is_warned_of(text):
        return None
    try:
        return _as_structure(retry_on_race(partial(ast.literal_eval, text.strip())))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _is_warned_of(text: str) -> bool:
    """Whether Python might print a warning while it reads this (some harmless texts too)."""
    escapes = text.replace("\\\\", "")
    if _BAD_ESCAPE.search(escapes) or _RUN_INTO_WORD.search(text):
        return True
    return bool(_BYTES.search(text) and _NO_ESCAPE_OF_BYTES.search(escapes))


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _depth(text: str) -> int:
    """How deep the brackets nest, those within strings counted too."""
    deepest = depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in "[({" else -1
        deepest = max(deepest, depth)
    return deepest


def _structure_key(value: Any) -> Hashable:
    if isinstance(value, dict):
        return ("map", frozenset((str(key), _structure_key(inner)) for key, inner in value.items()))
    if isinstance(value, list | tuple):
        return ("list", tuple(_structure_key(inner) for inner in value))
    text = _shown(value)
    number = _number(text)
    return text if number is None else number


def _maps(sides: list[list[str | None]], reading: _Reading) -> list[list[dict[str, str | None]]] | None:
    """Every value as a flat map from dotted key to text; None unless all of them are maps."""
    maps: list[list[dict[str, str | None]]] = []
    for side in sides:
        found = [None if text is None else _flat_map(reading.structure(text)) for text in side]
        if any(values is None for values in found):
            return None
        maps.append([values for values in found if values is not None])
    return maps


def _flat_map(structure: _Structure | None) -> dict[str, str | None] | None:
    if not isinstance(structure, dict) or not structure:
        return None
    pairs = _pairs(structure)
    flat: dict[str, str | None] = dict(pairs)
    return flat if len(flat) == len(pairs) else None  # two ways to say one key: only the text is sure


def _pairs(structure: Mapping[Any, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in structure.items():
        if isinstance(value, dict) and value:
            pairs += _pairs(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", _shown(value)))
    return pairs


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


# The datasets of the sides, role by role.


def compare_datasets(sides: Sequence[Side]) -> tuple[DatasetComparison, ...]:
    """Entries, one a role (`training`, `validation`, …) that any side logged a dataset for, as first met."""
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


# How likely a parameter or tag is to be why two runs differ, by its name: learning rates before folders.


_TELLING_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Likelihood(IntEnum):
    """Lower is likelier."""

    DATA = 0  # what it learned from
    MODEL = 1  # what learned
    TRAINING = 2  # how it learned
    OTHER = 3
    CHANCE = 4  # seeds
    SURROUNDINGS = 5  # machines and versions: seldom, and then by a hair
    HOUSEKEEPING = 6  # names, folders, logs


_TELLING = {
    Likelihood.DATA: "data dataset datasets train_on split fold folds sample samples sampling subset "
    "augment augmentation augmentations features feature target label labels tokenizer "
    "vocab corpus preprocessing preprocess scaler imputer normalize standardize crop "
    "resize resolution",
    Likelihood.MODEL: "model architecture arch backbone classifier regressor estimator algorithm network "
    "encoder decoder layers layer hidden units depth width heads kernel filters "
    "embedding dim activation pretrained checkpoint weights estimators trees leaves "
    "components neighbors degree prompt template temperature top_k top_p lora rank "
    "adapter",
    Likelihood.TRAINING: "lr rate learning optimizer optim batch epochs epoch steps iterations iter momentum "
    "decay weight dropout regularization reg l1 l2 alpha beta gamma lambda c penalty "
    "eta subsample colsample criterion loss objective scheduler schedule warmup clip "
    "grad gradient accumulation patience early stopping threshold tol solver eps "
    "epsilon",
    Likelihood.CHANCE: "seed seeds random_state randomstate random rng shuffle",
    Likelihood.SURROUNDINGS: "gpu gpus cuda cpu device devices host hostname node nodes machine platform os "
    "python version torch tensorflow sklearn xgboost lightgbm docker image container "
    "driver precision fp16 bf16 amp accelerator region instance env environment "
    "framework library cluster queue",
    Likelihood.HOUSEKEEPING: "path dir directory folder output out log logs logging verbose verbosity name names "
    "id ids uuid timestamp date time jobs job workers worker port url uri project "
    "tracking wandb tensorboard callbacks debug save saved user owner author note notes "
    "description comment cache tmp prefix suffix interval every frequency freq pin "
    "progress",
}
_BY_WORD = {word: kind for kind, words in _TELLING.items() for word in words.split()}
_WHOLE = {
    "random_state": Likelihood.CHANCE,
    "n_jobs": Likelihood.HOUSEKEEPING,
    "num_workers": Likelihood.HOUSEKEEPING,
    "model_name": Likelihood.MODEL,
    "model_id": Likelihood.MODEL,
    "dataset_name": Likelihood.DATA,
    "data_path": Likelihood.DATA,
    "train_path": Likelihood.DATA,
    "batch_size": Likelihood.TRAINING,
    "weight_decay": Likelihood.TRAINING,
    "checkpoint_dir": Likelihood.HOUSEKEEPING,
    "image_size": Likelihood.DATA,
}


def likelihood(name: str) -> Likelihood:
    """Likelihood by the whole name, else by its last word that tells something: `train.data_dir` is a folder."""
    whole = "_".join(_words(name.rpartition(".")[2]))
    if whole in _WHOLE:
        return _WHOLE[whole]
    for words in (_words(name.rpartition(".")[2]), _words(name)):
        named = [_BY_WORD[word] for word in words if word in _BY_WORD]
        if Likelihood.HOUSEKEEPING in named and named[-1] is Likelihood.HOUSEKEEPING:
            return Likelihood.HOUSEKEEPING
        if named:
            return min(named)
    return Likelihood.OTHER


def sort_by_likelihood(differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """What all sides have first, by likelihood; of equals what changed by the larger factor, then by name.

    What one side lacks comes last: often it is another kind of model that has other parameters.
    """
    return tuple(
        sorted(differences, key=lambda each: (None in each.values, likelihood(each.name), -_factor(each), each.name))
    )


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _TELLING_WORDS.findall(name)]


def _factor(difference: Difference) -> float:
    """How many powers of ten lie between the values; 0 for what is no number, 1 where the sign or a zero changed."""
    numbers = [value for value in map(_as_number, difference.values) if value is not None]
    if len(numbers) < len(difference.values):
        return 0.0
    low, high = min(numbers), max(numbers)
    if low <= 0.0 < high or low < 0.0 <= high:
        return 1.0
    return abs(math.log10(abs(high)) - math.log10(abs(low))) if low and high else 0.0


def _as_number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
