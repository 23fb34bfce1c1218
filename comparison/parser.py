"""Words → request. Any text becomes a Request or a RequestError that says where it went wrong and what to type.

The grammar, clauses at the end in any order:

    [compare|diff] [run] A (vs|versus|v|with|to|and|,) B … [in EXPERIMENT] [by METRIC, …] [all] [best] [at step N]
    A against B (B is the baseline)        is B better than A (A is the baseline)        help [TOPIC]

A first word with a meaning is a row in COMMANDS, a clause a row in CLAUSES: to add one is a function and a row.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from comparison.errors import NotUnderstood
from comparison.links import linked_runs
from comparison.request import Compare, Help, Linked, Named, Request, RunReference
from comparison.words import Word, split

MOST_RUNS = 50
_PLAIN_SEPARATORS = frozenset({"vs", "vs.", "versus", "v", "v.", "against"})  # these part names wherever they stand
_LISTING = frozenset({"and", "&"})
_SOFT_SEPARATORS = frozenset({"with", "to", "or", "from"})  # they stand within names too
_SEPARATORS = _PLAIN_SEPARATORS | _LISTING | _SOFT_SEPARATORS
_ID = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_RUN_WORDS = frozenset({"run", "runs", "the", "between"})
_COMPARING = frozenset({"compare", "comparing", "comparison", "diff", "difference"})
_LETTERS_ENDING = "?.!;"


@dataclass
class _Asked:
    """What the clauses at the end said, and the words before them."""

    text: str
    words: list[Word]
    experiment: str = ""
    metrics: tuple[str, ...] = ()
    flags: dict[str, bool] = field(default_factory=dict)
    at_step: int | None = None


def parse(text: str, *, command: str = "/mlcompare") -> Request:
    """The request that was said. Raises NotUnderstood with the spot and a line to copy."""
    try:
        words = _trimmed(split(text), command)
        if not words:
            return Help(unasked=True)
        ask = COMMANDS.get(words[0].folded.rstrip(_LETTERS_ENDING) or words[0].folded)
        return ask(words, text) if ask else _compare(words, text)
    except NotUnderstood as error:
        raise replace_text(error, text) from None


def parse_run(text: str) -> RunReference:
    """One run as it was named, all of the text being its name. Raises NotUnderstood."""
    words = split(text) if text.lstrip()[:1] in "<\"“'" or "://" in text or "#/" in text else []
    if len(words) == 1:
        references = _references(words, text)
        if len(references) == 1:
            return references[0]
    if not text.strip():
        raise NotUnderstood("No run is named.", remedy="Name one.", text=text)
    return Named(text.strip())


def replace_text(error: NotUnderstood, text: str) -> NotUnderstood:
    """The error with what was said, where it does not have it yet."""
    return error if error.text else replace(error, text=text[:2_000])


def _trimmed(words: list[Word], command: str) -> list[Word]:
    """Without the bot's own name in front, pleas, and the marks that end a sentence."""
    while (
        words and not words[0].is_quoted and (words[0].text.startswith("@") or words[0].folded in ("please", command))
    ):
        if words[0].text.startswith("@") and len(words[0].text) == 1:
            break
        words = words[1:]
    while words and not words[-1].is_quoted:
        last = words[-1]
        kept = last.text.rstrip(_LETTERS_ENDING) if "://" not in last.text else last.text
        if last.is_comma or kept.casefold() in ("please", "pls", "thanks") or not kept:
            if last.text == "?" and len(words) == 1:
                return words
            words = words[:-1]
        else:
            return [*words[:-1], replace(last, text=kept)]
    return words


def _is_address(word: Word, command: str) -> bool:
    return (word.text.startswith("@") and len(word.text) > 1) or word.folded in ("please", command)


# Commands: the words after the first one


def _help(words: Sequence[Word], _text: str) -> Request:
    return Help(topic=" ".join(word.text for word in words[1:])[:100])


def _compare_led(words: Sequence[Word], text: str) -> Request:
    if len(words) == 1:
        raise _too_few([], text, words[-1].end)
    if any(word.folded in _PLAIN_SEPARATORS for word in words[:2]) and words[1].folded in _PLAIN_SEPARATORS:
        return _compare(words, text)  # a run called "compare"
    return _compare(words[1:], text, is_led=True)


def _is_better(words: Sequence[Word], text: str) -> Request:
    """`is B better than A`, `did B beat A`, `how does B compare with A`: A is the baseline."""
    if words[0].folded == "how" and len(words) > 1 and words[1].folded in COMMANDS:
        words = words[1:]
    folded = [word.folded for word in words]
    for middle, length in _COMPARATIVES:
        for place in range(2, len(words) - length + 1):
            if tuple(folded[place : place + length]) == middle and place + length < len(words):
                asked = _clauses(words[place + length :], text)
                candidate = _reference(words[1:place], text)
                baseline = _reference(asked.words, text)
                return _request([*baseline, *candidate], asked)
    if any(word in _PLAIN_SEPARATORS for word in folded):
        return _compare(words, text)
    raise NotUnderstood(
        "I can answer whether one run is better than another.",
        remedy="Say which two.",
        example="is run-b better than run-a",
        text=text,
        at=words[0].at,
    )


_COMPARATIVES = (
    (("better", "or", "worse", "than"), 4),
    (("better", "than"), 2),
    (("worse", "than"), 2),
    (("improve", "on"), 2),
    (("compare", "with"), 2),
    (("compare", "to"), 2),
    (("an", "improvement", "over"), 3),
    (("beat",), 1),
    (("beats",), 1),
)

COMMANDS: dict[str, Callable[[Sequence[Word], str], Request]] = {
    "help": _help,
    "?": _help,
    "--help": _help,
    **dict.fromkeys(_COMPARING, _compare_led),
    **dict.fromkeys(("is", "did", "does", "was", "how"), _is_better),
}


# The comparison


def _compare(words: Sequence[Word], text: str, *, is_led: bool = False) -> Request:
    asked = _clauses(words, text)
    kept = asked.words
    while is_led and kept and kept[0].folded in ("the", "between"):
        kept = kept[1:]
    groups = _groups(kept, is_led=is_led)
    turned = any(word.folded == "against" for word in kept) and len(groups) == 2
    references = [each for group in groups for each in _reference(group, text)]
    if len(references) < 2:
        raise _too_few(references, text, len(text.rstrip()), words)
    return _request(references[::-1] if turned else references, asked)


def _request(references: Sequence[RunReference], asked: _Asked) -> Compare:
    if len(references) > MOST_RUNS:
        raise NotUnderstood(
            f"That names {len(references)} runs; I compare up to {MOST_RUNS} at once.",
            remedy="Name fewer.",
            text=asked.text,
            at=references[MOST_RUNS].at,
        )
    return Compare(
        runs=tuple(references),
        experiment=asked.experiment,
        metrics=asked.metrics,
        everything=asked.flags.get("all", False),
        best=asked.flags.get("best", False),
        at_step=asked.at_step,
        text=asked.text,
    )


def _groups(words: Sequence[Word], *, is_led: bool) -> list[list[Word]]:
    """The words of each run. Where nothing parts them, each word is a run, `run` itself left out."""
    inner = [word.folded for word in words[1:-1]]
    if any(word.is_comma or word.folded in _PLAIN_SEPARATORS for word in words):
        return _parted(words, _PLAIN_SEPARATORS | _LISTING)
    soft = sum(word in _SOFT_SEPARATORS for word in inner)
    if is_led and (soft or _LISTING.intersection(inner)):
        return _parted(words, _SEPARATORS)
    if _LISTING.intersection(inner) or soft == 1:
        return _parted(words, _LISTING if _LISTING.intersection(inner) else _SOFT_SEPARATORS)
    if any(word.is_quoted for word in words):
        return [[word] for word in words if word.folded not in _RUN_WORDS]
    named = [word for word in words if word.folded not in ("run", "runs")]
    return [[word] for word in (named if len(named) >= 2 else words)]


def _parted(words: Sequence[Word], parting: frozenset[str]) -> list[list[Word]]:
    groups: list[list[Word]] = [[]]
    for place, word in enumerate(words):
        is_name = place == 0 and len(words) > 2 and words[1].folded in parting  # a run called "v" or "to"
        if word.is_comma or (word.folded in parting and not is_name):
            groups.append([])
        else:
            groups[-1].append(word)
    return [group for group in groups if group]


def _reference(words: Sequence[Word], text: str) -> list[RunReference]:
    """The run that these words name together; several where each is a link, a quoted name or an id."""
    words = [word for word in words if not word.is_comma]
    if not words:
        raise NotUnderstood("A run is missing here.", remedy="Name it.", text=text, at=len(text.rstrip()))
    if len(words) > 1 and words[0].folded in ("runs", "the"):
        words = words[1:]
    if len(words) > 1 and words[0].folded == "run" and (words[1].is_quoted or (len(words) == 2 and _is_link(words[1]))):
        words = words[1:]
    if len(words) == 1 or all(word.is_quoted or _is_link(word) for word in words):
        return _references(words, text)
    start, end = words[0].at, words[-1].end
    whole = " ".join(word.text for word in words)
    bare = " ".join(word.text for word in words[1:]) if words[0].folded == "run" else ""
    if _ID.fullmatch(bare):
        return [Named(bare, words[1].at, end=end)]
    return [Named(whole, start, bare, end=end)]


def _references(words: Sequence[Word], text: str) -> list[RunReference]:
    found: list[RunReference] = []
    for word in words:
        if not word.is_quoted and _is_link(word):
            found += _linked(word, text)
        else:
            found.append(_named(word, text))
    return found


def _named(word: Word, text: str) -> Named:
    name = word.text.strip()
    if not name:
        raise NotUnderstood("There is no name between these quotes.", remedy="Name a run.", text=text, at=word.at)
    return Named(name, word.at, end=word.end)


def _is_link(word: Word) -> bool:
    return (
        "://" in word.text
        or word.text.startswith("#/")
        or "#/experiments/" in word.text
        or "compare-runs?" in word.text
    )


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


def _too_few(references: Sequence[RunReference], text: str, at: int, words: Sequence[Word] = ()) -> NotUnderstood:
    near = (
        difflib.get_close_matches(words[0].folded, [*COMMANDS], n=1, cutoff=0.75) if words and words[0].folded else []
    )
    only = references[0].text if references and isinstance(references[0], Named) else ""
    name = f"“{only}”" if " " in only else only
    return NotUnderstood(
        f"That names only one run: {only}." if only else "That names one run at most.",
        remedy="A comparison takes two runs or more, the baseline first.",
        example=f"{name or 'run-a'} vs run-b",
        near=tuple(near),
        text=text,
        at=at,
    )


# Clauses at the end


def _clauses(words: Sequence[Word], text: str) -> _Asked:
    """Takes off the end all from the first word on which only clauses follow."""
    asked = _Asked(text, list(words))
    starts = _starts(words)
    parted_at = max((place for place, word in enumerate(words) if word.folded in _PLAIN_SEPARATORS), default=-1)
    for start in reversed(starts):
        if start < parted_at or not _is_clause(words, start):
            break
        asked.words = list(words[:start])
    if len(asked.words) < len(words):
        _read_clauses(words[len(asked.words) :], asked)
    return asked


def _starts(words: Sequence[Word], *, is_clause: bool = False) -> list[int]:
    """Where a clause may begin: at one of its words, behind a word that names a run, or behind a clause."""
    found: list[int] = []
    for place in range(1, len(words)):
        before = words[place - 1]
        names_a_run = before.folded in _SEPARATORS or (before.is_comma and not (found or is_clause))
        if words[place].folded in CLAUSES and not names_a_run:
            found.append(place)
    return found


def _is_clause(words: Sequence[Word], place: int) -> bool:
    """Whether what begins here is a clause: a word such as `in` with something behind it, or `all` by itself."""
    word = words[place].folded
    rest = words[place + 1 : place + 3]
    if word in _FLAGS:
        return not rest or rest[0].folded in CLAUSES or rest[0].is_comma
    if word == "at":
        return len(rest) >= 2 and rest[0].folded == "step"
    return bool(rest) or place > 2  # without a rest something is missing, and the clause says what


def _read_clauses(words: Sequence[Word], asked: _Asked) -> None:
    starts = [0, *_starts(words, is_clause=True)]
    for place, stop in zip(starts, [*starts[1:], len(words)], strict=True):
        CLAUSES[words[place].folded](words[place], words[place + 1 : stop], asked)


def _missing(problem: str, remedy: str, example: str, word: Word) -> NotUnderstood:
    return NotUnderstood(problem, remedy=remedy, example=example, at=word.at)


def _in(word: Word, rest: Sequence[Word], asked: _Asked) -> None:
    named = [each for each in rest if not each.is_comma]
    if len(named) > 1 and named[0].folded == "experiment":
        named = named[1:]
    if not named:
        raise _missing("Which experiment?", "Name it after in.", "run-a vs run-b in my-experiment", word)
    asked.experiment = " ".join(each.text for each in named)


def _by(word: Word, rest: Sequence[Word], asked: _Asked) -> None:
    metrics = tuple(" ".join(each.text for each in group) for group in _parted(rest, _LISTING))
    if not metrics:
        raise _missing("By which metric?", "Name it after by.", "run-a vs run-b by accuracy", word)
    asked.metrics = tuple(dict.fromkeys((*asked.metrics, *metrics)))


def _flag(word: Word, _rest: Sequence[Word], asked: _Asked) -> None:
    asked.flags[_FLAGS[word.folded]] = True


def _at(word: Word, rest: Sequence[Word], asked: _Asked) -> None:
    number = rest[1].text.replace("_", "") if len(rest) == 2 else ""
    if not (number.isascii() and number.removeprefix("-").isdecimal() and len(number) <= 18):
        raise _missing("At which step?", "Say it as a whole number.", "run-a vs run-b at step 100", word)
    asked.at_step = int(number)


_FLAGS = {"all": "all", "everything": "all", "best": "best"}
CLAUSES: dict[str, Callable[[Word, Sequence[Word], _Asked], None]] = {
    "in": _in,
    "by": _by,
    "on": _by,
    "at": _at,
    **dict.fromkeys(_FLAGS, _flag),
}
