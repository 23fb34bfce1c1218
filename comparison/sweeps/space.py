"""The trials of a sweep as columns: which parameters vary, on which scale, within which range."""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

LOG_FROM = 100  # a range of positive values that is so many times as high as low is searched on a logarithmic scale
_SEED = re.compile(
    r"(.*[_.-])?(seed|random_state|rng|fold|cv_fold|trial|trial_id|trial_number|replicate|repeat|run)", re.IGNORECASE
)
_LOW, _HIGH, _LOG = re.compile(r"\blow=([-+.\de]+)"), re.compile(r"\bhigh=([-+.\de]+)"), re.compile(r"\blog=True")


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial that ended with finite objectives, of which the first leads. `number` orders trials."""

    key: str
    number: int
    values: tuple[float, ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Range:
    """What a search says of a parameter; None where it does not."""

    low: float | None = None
    high: float | None = None
    is_log: bool = False


@dataclass(frozen=True, eq=False)
class Parameter:
    """One that varies. `codes` has a number for each trial: the value, its logarithm, or the place of a category.

    `levels` are the categories in order, empty where it is a number. A trial without the parameter has the lowest code.
    """

    name: str
    codes: Numbers
    levels: tuple[str, ...] = ()
    is_log: bool = False
    stated: Range = Range()
    absent: int = 0

    @property
    def is_number(self) -> bool:
        return not self.levels

    def value_of(self, code: float) -> str:
        if self.levels:
            return self.levels[round(code)]
        return f"{10**code if self.is_log else code:.3g}"


def is_seed(name: str) -> bool:
    """Whether a parameter only tells repeats apart."""
    return _SEED.fullmatch(name) is not None


def varying(trials: Sequence[Trial], stated: Mapping[str, Range] | None = None) -> tuple[Parameter, ...]:
    """The parameters that differ between trials, seeds left out, in the order of their names."""
    names = sorted({name for trial in trials for name in trial.parameters if not is_seed(name)})
    found = []
    for name in names:
        texts = [trial.parameters.get(name) for trial in trials]
        if len(set(map(_plain, texts))) > 1:
            found.append(_parameter(name, texts, (stated or {}).get(name, Range())))
    return tuple(found)


def _plain(text: str | None) -> float | str | None:
    number = _number(text)
    return text if number is None else number


def _parameter(name: str, texts: Sequence[str | None], stated: Range) -> Parameter:
    absent = sum(text is None for text in texts)
    numbers = [_number(text) for text in texts if text is not None]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) and len(set(known)) > 1:
        is_log = stated.is_log or (min(known) > 0 and max(known) / min(known) >= LOG_FROM)
        is_log = is_log and min(known) > 0
        scaled = [math.log10(number) if is_log else number for number in known]
        below = min(scaled) - 0.5 * ((max(scaled) - min(scaled)) or 1.0)
        values = iter(scaled)
        codes = [below if text is None else next(values) for text in texts]
        return Parameter(name, np.array(codes), (), is_log, stated, absent)
    counted = Counter("" if text is None else text for text in texts)
    levels = tuple(sorted(counted, key=lambda each: (each != "", each)))
    places = {level: place for place, level in enumerate(levels)}
    return Parameter(name, np.array([float(places[text or ""]) for text in texts]), levels, absent=absent)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def merge_repeats(trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], tuple[tuple[float, ...], ...]]:
    """Trials with one for each configuration, at its mean; and the values of those that were run more than once."""
    groups: dict[tuple[tuple[str, float | str | None], ...], list[Trial]] = {}
    for trial in trials:
        key = tuple(sorted((name, _plain(text)) for name, text in trial.parameters.items() if not is_seed(name)))
        groups.setdefault(key, []).append(trial)
    merged = [
        Trial(
            group[0].key, group[0].number, tuple(np.mean([each.values for each in group], axis=0)), group[0].parameters
        )
        if len(group) > 1
        else group[0]
        for group in groups.values()
    ]
    repeats = tuple(tuple(each.values[0] for each in group) for group in groups.values() if len(group) > 1)
    return tuple(merged), repeats


def stated_ranges(tags: Mapping[str, str]) -> dict[str, Range]:
    """What Optuna logged of its search in the tags of a trial: its callback as text, its storage as JSON."""
    found = {}
    for name, text in tags.items():
        if name.endswith("_distribution") and "Distribution(" in text:
            found[name.removesuffix("_distribution")] = _from_text(text)
    try:
        listed = json.loads(tags.get("param_directions", "{}"))
    except ValueError:
        listed = {}
    if isinstance(listed, dict):
        found |= {name: told for name, each in listed.items() if (told := _from_json(each))}
    return found


def _from_text(text: str) -> Range:
    low, high = _LOW.search(text), _HIGH.search(text)
    return Range(_number(low[1]) if low else None, _number(high[1]) if high else None, bool(_LOG.search(text)))


def _from_json(told: object) -> Range | None:
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError:
            return None
    attributes = told.get("attributes", told) if isinstance(told, dict) else None
    if not isinstance(attributes, dict):
        return None
    low, high = (_number(str(attributes[key])) if key in attributes else None for key in ("low", "high"))
    return Range(low, high, attributes.get("log") is True)
