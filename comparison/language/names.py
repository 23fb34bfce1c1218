"""The real names of what is in scope, found in what was typed: case, accents and `_ - .` do not matter."""

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from functools import lru_cache

from comparison.names import TRAINING

_BREAKS = re.compile(r"[\s_.,-]+")
_ACCENTS = re.compile("(?<=[a-zA-Z])[\u0300-\u036f]+")  # of Latin letters: `creme` is `Crème`
_ID = re.compile(r"[0-9a-f]{4,32}")
_WHOLE_ID = 32
_UNITS = frozenset(
    {"ms", "s", "sec", "secs", "seconds", "us", "min", "minutes", "h", "hours", "gb", "mb", "kb", "bytes"}
)


class Kind(StrEnum):
    EXPERIMENT = "experiment"
    RUN = "run"
    USER = "user"
    METRIC = "metric"
    PARAMETER = "parameter"
    TAG = "tag"
    ALIAS = "alias"  # of a registered model: `champion`
    MODEL = "model"
    WATCH = "watch"  # a place that the channel watches


_LONG_FORMS = {  # what people say for the short form that a name has, and the reverse: `validation auc` is `val_auc`
    "val": ("validation",),
    "acc": ("accuracy",),
    "train": ("training",),
    "lr": ("learning", "rate"),
    "bs": ("batch", "size"),
    "wd": ("weight", "decay"),
}
_OFFERED = frozenset({Kind.EXPERIMENT, Kind.RUN, Kind.USER, Kind.METRIC})
_ALIKE = 0.7
Kinds = Mapping[Kind, str]  # each kind that a name is of, with the name as it really is


def pieces(text: str) -> tuple[str, ...]:
    """A name as it is looked up: its parts between blanks and `_ - .`, in one case, without accents."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    return tuple(filter(None, _BREAKS.split(text.casefold())))


@lru_cache(maxsize=16)
def pieces_of(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(pieces, names))


@dataclass(frozen=True, slots=True)
class Names:
    """All names by their pieces. Made once by `Names.of` when what is known changes, then asked for each request."""

    known: Mapping[tuple[str, ...], Mapping[Kind, tuple[str, ...]]] = field(default_factory=dict)
    longest: Mapping[str, int] = field(default_factory=dict)  # first piece: pieces of the longest name
    endings: Mapping[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)  # of metrics' names
    ids: tuple[str, ...] = ()  # of runs, sorted
    listed: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    runs: tuple[tuple[str, str], ...] = ()  # each run's name in one case, and as it is; sorted
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # two letters: the names that have them so
    homes: Mapping[str, str] = field(default_factory=dict)  # name of a run: its experiment

    @classmethod
    def of(cls, ids: Iterable[str] = (), homes: Mapping[str, str] | None = None, **several: Iterable[str]) -> "Names":
        """`Names.of(experiments=("fraud",), runs=…, users=…, metrics=…)`: the plural of each kind."""
        known: dict[tuple[str, ...], dict[Kind, tuple[str, ...]]] = {}
        longest: dict[str, int] = {}
        endings: dict[tuple[str, ...], tuple[str, ...]] = {}
        listed: dict[Kind, tuple[str, ...]] = {}
        pairs: dict[str, list[str]] = {}
        for kind in Kind:
            plural = f"{kind}es" if kind in (Kind.ALIAS, Kind.WATCH) else f"{kind}s"
            listed[kind] = tuple(dict.fromkeys(several.pop(plural, ())))
            for name in listed[kind]:
                key = pieces(name)
                if kind in _OFFERED:
                    for pair in _pairs(name):
                        pairs.setdefault(pair, []).append(name)
                if not key:
                    continue
                kinds = known.setdefault(key, {})
                kinds[kind] = (*kinds.get(kind, ()), name)
                longest[key[0]] = max(longest.get(key[0], 0), len(key))
                if kind is Kind.METRIC:
                    parts = pieces(name.replace("/", " "))
                    spans = [parts[start:] for start in range(1, len(parts))]
                    if parts[-1] in _UNITS:  # `latency` is `latency_ms`
                        spans += [parts[start:-1] for start in range(len(parts) - 1)]
                    for span in dict.fromkeys(form for each in spans for form in (each, *_other_forms(each))):
                        endings[span] = (*endings.get(span, ()), name)
        _add_other_forms(known, longest)
        if several:
            raise TypeError(f"no such kinds of names: {', '.join(several)}")
        of_pairs = {pair: tuple(names) for pair, names in pairs.items()}
        runs = tuple(sorted((name.casefold(), name) for name in listed[Kind.RUN]))
        return cls(known, longest, endings, tuple(sorted(ids)), listed, runs, of_pairs, homes or {})

    def called(self, text: str, key: Sequence[str] = ()) -> Kinds:
        """What is called so, by kind; where several names are typed alike, the one that is typed exactly."""
        found = self.known.get(tuple(key) or pieces(text))
        return (
            {kind: text if text in names or len(names) > 1 else names[0] for kind, names in found.items()}
            if found
            else {}
        )

    def metric(self, text: str) -> str:
        """The metric that a text is the end of: `AUC` is `val_auc`; "" for none, or several."""
        ends = self.endings.get(pieces(text), ())
        held_out = [name for name in ends if pieces(name.replace("/", " "))[0] not in TRAINING]
        return ends[0] if len(ends) == 1 else held_out[0] if len(held_out) == 1 else ""

    def is_id(self, text: str) -> bool:
        """Whether it is a run's id or the beginning of one: known, or with a digit in it so that it is no word."""
        folded = text.casefold()
        if not _ID.fullmatch(folded):
            return False
        place = bisect_left(self.ids, folded)
        is_known = place < len(self.ids) and self.ids[place].startswith(folded)
        return is_known or len(folded) == _WHOLE_ID or (any(each.isdigit() for each in folded) and not folded.isdigit())

    def all(self, kind: Kind) -> tuple[str, ...]:
        return self.listed.get(kind, ())

    def runs_beginning(self, text: str) -> tuple[str, ...]:
        """The runs whose names begin so, whatever the case."""
        folded = text.casefold()
        first = bisect_left(self.runs, (folded,))
        last = bisect_left(self.runs, (f"{folded}\U0010ffff",), lo=first)
        return tuple(name for _folded, name in self.runs[first:last])

    def begins_run(self, text: str) -> bool:
        """Whether a run's name begins so, whatever the case."""
        folded = text.casefold()
        place = bisect_left(self.runs, (folded,))
        return place < len(self.runs) and self.runs[place][0].startswith(folded)

    def near(self, text: str) -> tuple[str, ...]:
        """Names that are nearly this one, the most alike first."""
        shared = Counter(name for pair in _pairs(text) for name in self.pairs.get(pair, ()))
        ratios = {
            name: SequenceMatcher(None, text.casefold(), name.casefold()).ratio() for name, _n in shared.most_common(20)
        }
        return tuple(
            sorted((name for name, ratio in ratios.items() if ratio > _ALIKE), key=lambda name: -ratios[name])[:3]
        )


def _add_other_forms(known: dict[tuple[str, ...], dict[Kind, tuple[str, ...]]], longest: dict[str, int]) -> None:
    """Adds how metrics and parameters are spoken of; a name that is spelt so is meant before."""
    for key, kinds in list(known.items()):
        meant: dict[Kind, tuple[str, ...]] = {
            kind: names for kind, names in kinds.items() if kind in (Kind.METRIC, Kind.PARAMETER)
        }
        for spoken in _other_forms(key) if meant else ():
            if spoken not in known:
                known[spoken] = meant
                longest[spoken[0]] = max(longest.get(spoken[0], 0), len(spoken))


def _other_forms(key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The same with long forms in place of short ones, and with short ones in place of long ones."""
    long = tuple(part for piece in key for part in _LONG_FORMS.get(piece, (piece,)))
    short = f" {' '.join(key)} "
    for form, words in _LONG_FORMS.items():
        short = short.replace(f" {' '.join(words)} ", f" {form} ")
    yield from (each for each in (long, tuple(short.split())) if each != key)


def _pairs(text: str) -> set[str]:
    folded = text.casefold()[:100]
    return {folded[place : place + 2] for place in range(len(folded) - 1)}
