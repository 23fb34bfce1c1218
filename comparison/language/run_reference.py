"""The words of one run → a reference to it. Each form is a row in FORMS: a function that knows its words, or does not.

Our own words come before names: a run that is called `latest` is meant by `"latest"`.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from comparison.errors import NotUnderstood
from comparison.language.clauses import LATEST
from comparison.language.dates import WEEKDAYS
from comparison.language.tokens import Word
from comparison.run_reference import (
    Filtered,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    SweepRuns,
    TopRuns,
    Unfinished,
)
from comparison.tracking.mlflow_links import linked_runs

MOST_AT_TOP = 20
MOST_COMMAS = 8  # pieces of a name with commas in it
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_LINK = re.compile(r"://|#/experiments/|#/runs/|compare-runs\?|^runs:/|experiments/[\w-]+/runs/[0-9a-zA-Z]{20}")
_BACK = re.compile(r"(?:latest|newest|last)[~^](\d{1,4})?")
_BETWEEN = re.compile(r"\s+(?:with|to|and|against)\s+", re.IGNORECASE)
_MODEL = re.compile(
    r"models:/(?:(?P<model>[^/]+)(?:@(?P<alias>[^@/]+)|/(?P<version>[^/]+))|(?P<logged>m-[0-9a-zA-Z]+))"
)
_MODELS = "models:/"
_ALIASES = frozenset({"champion", "challenger", "production", "staging"})
_DAYS = frozenset({"today", "yesterday", *WEEKDAYS})
_WORST = {"best": False, "worst": True}
_Form = Callable[[Sequence[Word], str], RunReference | None]


def reference(words: Sequence[Word], text: str) -> list[RunReference]:
    """The run that these words name together; several where each is a link, a quoted name or a word of ours."""
    words = [word for word in words if not word.is_comma]
    if not words:
        raise NotUnderstood("A run is missing here.", remedy="Name it.", text=text, at=len(text.rstrip()))
    if len(words) > 1 and words[0].folded in ("runs", "the"):
        words = words[1:]
    if len(words) > 1 and words[0].folded == "run" and (words[1].is_quoted or (len(words) == 2 and is_link(words[1]))):
        words = words[1:]
    meant = _by_form(words, text)
    if meant is not None:
        return [meant]
    if len(words) == 1 or all(word.is_quoted or is_link(word) for word in words):
        return each_by_itself(words, text)
    return [_spelt_out(words)]


def is_one(words: Sequence[Word], text: str) -> bool:
    """Whether these words, with nothing to part them, are one way of naming a run: `best accuracy`, `top 3`."""
    meant = _by_form(words, text)
    return meant is not None and not (isinstance(meant, Leading) and _by_form(words[-1:], text) is not None)


def each_by_itself(words: Sequence[Word], text: str) -> list[RunReference]:
    """A reference for each word; a link to a comparison is several."""
    found: list[RunReference] = []
    for word in words:
        meant = _by_form([word], text)
        if meant is not None:
            found.append(meant)
        elif not word.is_quoted and is_link(word):
            found += _linked(word, text)
        else:
            found.append(_named(word, text))
    return found


def is_link(word: Word) -> bool:
    return bool(_LINK.search(word.text))


def _by_form(words: Sequence[Word], text: str) -> RunReference | None:
    if words[0].is_quoted:
        return None
    return next((meant for form in FORMS if (meant := form(words, text)) is not None), None)


def _spelt_out(words: Sequence[Word]) -> RunReference:
    start, end = words[0].at, words[-1].end
    bare = _joined(words[1:]) if words[0].folded == "run" else ""
    if _ID.fullmatch(bare):
        return Named(bare, words[1].at, end=end)
    return Named(_joined(words), start, bare, end=end)


def _joined(words: Sequence[Word]) -> str:
    """The words as one name, blanks where they were typed: `"my experiment"/run` has none."""
    ends = [words[0].at, *(word.end for word in words)]
    return "".join(word.text if word.at == end else f" {word.text}" for word, end in zip(words, ends, strict=False))


def _named(word: Word, text: str) -> Named:
    name = word.text.strip()
    if not name:
        raise NotUnderstood("There is no name between these quotes.", remedy="Name a run.", text=text, at=word.at)
    return Named(name, word.at, end=word.end)


def _linked(word: Word, text: str) -> list[RunReference]:
    runs = linked_runs(word.text)
    if not runs:
        raise NotUnderstood(
            "This link leads to no run.",
            remedy="Paste the address of a run's page in MLflow, or of MLflow's comparison of several.",
            text=text,
            at=word.at,
        )
    return [Linked(run_id, experiment, word.at) for run_id, experiment in runs]


def joined_by_commas(
    references: Sequence[RunReference], text: str, is_name: Callable[[str], bool]
) -> list[RunReference]:
    """The references, with names in place of the pieces that a comma within the name made of them."""
    found: list[RunReference] = []
    rest = list(references)
    while rest:
        taken, names = 1, rest[:1]
        for count in range(len(rest), 1, -1):
            meant = next((each for each in _ways(rest[:count], text) if all(is_name(name.text) for name in each)), None)
            if meant:
                taken, names = count, [*meant]
                break
        found += names
        rest = rest[taken:]
    return found


def _ways(references: Sequence[RunReference], text: str) -> list[list[Named]]:
    """These as one name, and as the names on both sides of a `with`; none unless nothing but commas parts them."""
    named = [each for each in references if isinstance(each, Named) and each.end > each.at]
    if len(named) < len(references) or len(named) > MOST_COMMAS:
        return []
    if any(text[before.end : after.at].strip() != "," for before, after in pairwise(named)):
        return []
    start, end = named[0].at, named[-1].end
    cuts = [(start + found.start(), start + found.end()) for found in _BETWEEN.finditer(text[start:end])]
    starts, ends = [start, *(behind for _, behind in cuts)], [*(before for before, _ in cuts), end]
    pieces = [Named(text[first:last], first, end=last) for first, last in zip(starts, ends, strict=True)]
    return [[Named(text[start:end], start, end=end)], *([pieces] if cuts else [])]


# Forms


def _latest(words: Sequence[Word], _text: str) -> RunReference | None:
    first, *rest = words
    found = _BACK.fullmatch(first.folded)
    if not found and first.folded not in LATEST:
        return None
    back = int(found[1] or 1) if found else int(first.folded in ("previous", "prev"))
    kept = [word for word in rest if word.folded not in ("run", "one")]
    if not kept:
        return Latest(back, "", first.at)
    if kept[0].folded == "by" and len(kept) > 1:
        return Latest(back, " ".join(word.text for word in kept[1:]).lstrip("@"), first.at)
    if len(kept) == 1 and kept[0].is_filter and not back:
        return Filtered(kept[0].text, first.at)
    return None


def _leading(words: Sequence[Word], _text: str) -> RunReference | None:
    if words[0].folded not in _WORST or len(words) > 4:
        return None
    rest = [word for word in words[1:] if word.folded not in ("by", "run", "so", "far")]
    return Leading(" ".join(word.text for word in rest), _WORST[words[0].folded], words[0].at)


def _pinned(words: Sequence[Word], _text: str) -> RunReference | None:
    plain = [word.folded for word in words if word.folded not in ("the", "run", "pinned")]
    return Pinned(words[0].at) if plain == ["baseline"] else None


def model_version(uri: str, at: int = 0) -> Registered | None:
    """What MLflow's address of a model names: `models:/name@alias`, `…/3`, `…/latest`, `…/stage`, `models:/m-<id>`."""
    found = _MODEL.fullmatch(uri.strip())
    if not found:
        return None
    model, version = (found["model"] or "").strip(), (found["version"] or "").strip()
    return Registered(found["logged"] or model, (found["alias"] or "").strip(), version, at)


def _registered(words: Sequence[Word], text: str) -> RunReference | None:
    word = words[0]
    if word.text.startswith(_MODELS):
        meant = model_version(_joined(words), word.at)
        if meant is None:
            raise NotUnderstood(
                "This names no version of a registered model.",
                remedy="Name it with an alias, a version, a stage or latest.",
                example="latest vs models:/my-model@champion",
                text=text,
                at=word.at,
            )
        return meant
    is_typed = text[word.at : word.at + 1] == "@"  # a mention of a person comes as <@U…>
    if len(words) == 1 and (word.folded in _ALIASES or (is_typed and len(word.text) > 1)):
        return Registered(alias=word.text.lstrip("@"), at=word.at)
    return None


def _unfinished(words: Sequence[Word], _text: str) -> RunReference | None:
    plain = [word.folded for word in words if word.folded not in ("the", "run", "one")]
    return Unfinished(words[0].at) if plain == ["running"] else None


def _of_day(words: Sequence[Word], _text: str) -> RunReference | None:
    plain = [word.folded for word in words if word.folded not in ("the", "run", "one")]
    day = plain[0].replace("’", "'").removesuffix("'s") if len(plain) == 1 else ""
    is_day = day in ("today", "yesterday") or (day in _DAYS and plain[0] != day)
    return OfDay(day, words[0].at) if is_day else None


def _filtered(words: Sequence[Word], _text: str) -> RunReference | None:
    kept = [word for word in words if word.folded not in ("run", "runs")]
    return Filtered(kept[0].text, kept[0].at) if len(kept) == 1 and kept[0].is_filter else None


def _top(words: Sequence[Word], text: str) -> RunReference | None:
    folded = [word.folded for word in words]
    if len(words) < 2 or folded[0] not in ("top", "best", "worst") or not folded[1].isdecimal():
        return None
    count = int(folded[1][:6])
    if not 1 <= count <= MOST_AT_TOP:
        raise NotUnderstood(
            f"I compare between 1 and {MOST_AT_TOP} of the best.",
            remedy="Say how many.",
            example="compare top 3 by accuracy",
            text=text,
            at=words[1].at,
        )
    rest = [word for word in words[2:] if word.folded not in ("by", "runs", "run")]
    return TopRuns(count, " ".join(word.text for word in rest), folded[0] == "worst", words[0].at)


def _begins_sweep(words: Sequence[Word]) -> tuple[str, ...]:
    """The words that name a sweep rather than a run, where these begin with them."""
    folded = tuple(word.folded for word in words[:3])
    return next((each for each in (("all", "in", "sweep"), ("sweep",)) if folded[: len(each)] == each), ())


def _sweep(words: Sequence[Word], text: str) -> RunReference | None:
    lead = _begins_sweep(words)
    if not lead or len(words) == len(lead):
        return None
    behind = words[len(lead) :]
    # A sweep of sweeps is none: `sweep sweep 7` is the sweep of the run called `sweep 7`.
    parents = [_spelt_out(behind)] if _begins_sweep(behind) else reference(behind, text)
    if len(parents) == 1 and isinstance(parents[0], Named | Linked):
        return SweepRuns(parents[0], words[0].at)
    return None


def _group(words: Sequence[Word], text: str) -> RunReference | None:
    if words[0].folded.startswith("group:"):
        raise NotUnderstood(
            "Groups of repeated runs cannot be compared yet.",
            remedy="Name the runs one by one.",
            text=text,
            at=words[0].at,
        )
    return None


FORMS: tuple[_Form, ...] = (
    _top,
    _latest,
    _leading,
    _pinned,
    _registered,
    _unfinished,
    _of_day,
    _filtered,
    _sweep,
    _group,
)
