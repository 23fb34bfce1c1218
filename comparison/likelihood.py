"""How likely a parameter or tag is to be why two runs differ, by its name: learning rates before folders."""

import math
import re
from enum import IntEnum

from comparison.outcome import Difference

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


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
    """By the whole name, else by the last of its words that tells something: `train.data_dir` is a folder."""
    whole = "_".join(_words(name.rpartition(".")[2]))
    if whole in _WHOLE:
        return _WHOLE[whole]
    for words in (_words(name.rpartition(".")[2]), _words(name)):
        told = [_BY_WORD[word] for word in words if word in _BY_WORD]
        if Likelihood.HOUSEKEEPING in told and told[-1] is Likelihood.HOUSEKEEPING:
            return Likelihood.HOUSEKEEPING
        if told:
            return min(told)
    return Likelihood.OTHER


def by_likelihood(differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
    """What all sides have first, by likelihood; of equals what changed by the larger factor, then by name.

    What one side lacks comes last: often it is another kind of model that has other parameters.
    """
    return tuple(
        sorted(differences, key=lambda each: (None in each.values, likelihood(each.name), -_factor(each), each.name))
    )


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _WORDS.findall(name)]


def _factor(difference: Difference) -> float:
    """How many powers of ten lie between the values; 0 for what is no number, 1 where the sign or a zero changed."""
    numbers = [value for value in map(_number, difference.values) if value is not None]
    if len(numbers) < len(difference.values):
        return 0.0
    low, high = min(numbers), max(numbers)
    if low <= 0.0 < high or low < 0.0 <= high:
        return 1.0
    return abs(math.log10(abs(high)) - math.log10(abs(low))) if low and high else 0.0


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
