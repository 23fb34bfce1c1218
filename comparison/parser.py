"""Words → request. Any text becomes a Request or a RequestError that says where it went wrong and what to type.

A comparison, with clauses at the end in any order:

    [compare|diff] [run] A (vs|versus|v|with|to|and|,) B … [in EXPERIMENT] [by METRIC, …] [all] [best] [at step N]
    A against B (B is the baseline)        is B better than A (A is the baseline)        what changed between A and B

A first word with a meaning is a row in COMMANDS here, a clause a row in comparison/clauses.py, a way of naming a run a
row in comparison/references.py: to add one is a function and a row.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace

from comparison import clauses, commands
from comparison.clauses import LISTING, PLAIN_SEPARATORS, SEPARATORS, SOFT_SEPARATORS, Asked, parted
from comparison.errors import NotUnderstood
from comparison.references import each_by_itself, is_link, is_one, reference
from comparison.request import Compare, Help, Named, Request, RunReference, Show, SweepRuns, TopRuns
from comparison.words import Word, split, with_filters

MOST_RUNS = 50
_RUN_WORDS = frozenset({"run", "runs", "the", "between"})
_COMPARING = frozenset({"compare", "comparing", "comparison", "diff", "difference"})
_ASKING = frozenset({"changed", "different", "difference", "is", "are", "the"})
_ENDING = "?.!;"


def parse(text: str, *, command: str = "/mlcompare") -> Request:
    """The request that was said. Raises NotUnderstood with the spot and a line to copy."""
    try:
        words = with_filters(_trimmed(split(text), text, command), text, PLAIN_SEPARATORS)
        if not words:
            return Help(unasked=True)
        return _command(words)(words, text)
    except NotUnderstood as error:
        raise replace_text(error, text) from None


def _command(words: Sequence[Word]) -> Callable[[Sequence[Word], str], Request]:
    """What the first word asks for; a comparison when it is the name of a run (`show vs hide`, `best vs latest`)."""
    first = words[0].folded.rstrip(_ENDING) or words[0].folded
    parts = [word.folded in PLAIN_SEPARATORS for word in words[1:]]
    if first in QUICK and not any(parts):
        return QUICK[first]
    if first in ("best", "worst") and len(words) > 1 and words[1].folded.isdecimal() and not any(parts):
        return commands.top
    return COMMANDS[first] if first in COMMANDS and not any(parts[:1]) else _compare


def parse_run(text: str) -> RunReference:
    """One run as it was named, all of the text being its name. Raises NotUnderstood."""
    words = split(text) if text.lstrip()[:1] in "<\"“'" or is_link(Word(text, 0, 0)) else []
    if len(words) == 1:
        references = each_by_itself(words, text)
        if len(references) == 1:
            return references[0]
    if not text.strip():
        raise NotUnderstood("No run is named.", remedy="Name one.", text=text)
    return Named(text.strip())


def replace_text(error: NotUnderstood, text: str) -> NotUnderstood:
    """The error with what was said, where it does not have it yet."""
    return error if error.text else replace(error, text=text[:2_000])


def _trimmed(words: list[Word], text: str, command: str) -> list[Word]:
    """Without the bot's own name in front, pleas, and the marks that end a sentence."""
    while words and not words[0].is_quoted and _is_address(words[0], text, command):
        words = words[1:]
    while words and not words[-1].is_quoted:
        last = words[-1]
        kept = last.text.rstrip(_ENDING) if "://" not in last.text else last.text
        if last.is_comma or kept.casefold() in ("please", "pls", "thanks") or not kept:
            if last.text == "?" and len(words) == 1:
                return words
            words = words[:-1]
        else:
            return [*words[:-1], replace(last, text=kept)]
    return words


def _is_address(word: Word, text: str, command: str) -> bool:
    is_mention = text.startswith("<@", word.at) or word.folded == f"@{command.lstrip('/')}"
    return is_mention or word.folded in ("please", command)


# The comparison


def _compare_led(words: Sequence[Word], text: str) -> Request:
    if len(words) == 1:
        raise _too_few([], text, words[-1].end)
    return _compare(words[1:], text, is_led=True)


def _is_better(words: Sequence[Word], text: str) -> Request:
    """`is B better than A`, `did B beat A`, `how does B compare with A`: A is the baseline."""
    if words[0].folded == "how" and len(words) > 1 and words[1].folded in COMMANDS:
        words = words[1:]
    folded = [word.folded for word in words]
    for middle, length in _COMPARATIVES:
        for place in range(2, len(words) - length + 1):
            if tuple(folded[place : place + length]) == middle and place + length < len(words):
                asked = clauses.read(words[place + length :], text)
                candidate = reference(words[1:place], text)
                baseline = reference(asked.words, text)
                return _request([*baseline, *candidate], asked)
    if any(word in PLAIN_SEPARATORS for word in folded):
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


def _compare(words: Sequence[Word], text: str, *, is_led: bool = False) -> Request:
    asked = clauses.read(words, text)
    kept = asked.words
    while is_led and kept and kept[0].folded in ("the", "between"):
        kept = kept[1:]
    groups = _groups(kept, text, is_led=is_led)
    turned = any(word.folded == "against" for word in kept) and len(groups) == 2
    references = [each for group in groups for each in reference(group, text)]
    if len(references) == 1 and isinstance(references[0], TopRuns | SweepRuns):
        return _request(references, asked)
    if len(references) == 1 and not is_led and not isinstance(references[0], Named | TopRuns | SweepRuns):
        return Show(references[0], asked.experiment, text=text)
    if len(references) < 2:
        raise _too_few(references, text, len(text.rstrip()), words)
    return _request(references[::-1] if turned else references, asked)


def _request(references: Sequence[RunReference], asked: Asked) -> Compare:
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


def _groups(words: Sequence[Word], text: str, *, is_led: bool) -> list[list[Word]]:
    """The words of each run. Where nothing parts them, each word is a run, `run` itself left out."""
    inner = [word.folded for word in words[1:-1]]
    if any(word.is_comma or word.folded in PLAIN_SEPARATORS for word in words):
        return parted(words, PLAIN_SEPARATORS | LISTING)
    soft = sum(word in SOFT_SEPARATORS for word in inner)
    if is_led and (soft or LISTING.intersection(inner)):
        return parted(words, SEPARATORS)
    if LISTING.intersection(inner) or soft == 1:
        return parted(words, LISTING if LISTING.intersection(inner) else SOFT_SEPARATORS)
    if len(words) > 1 and is_one(words, text):
        return [list(words)]
    if any(word.is_quoted for word in words):
        return [[word] for word in words if word.folded not in _RUN_WORDS]
    named = [word for word in words if word.folded not in ("run", "runs")]
    return [[word] for word in (named if len(named) >= 2 else words)]


def _too_few(references: Sequence[RunReference], text: str, at: int, words: Sequence[Word] = ()) -> NotUnderstood:
    first = words[0].folded if words else ""
    near = difflib.get_close_matches(first, [*COMMANDS, *QUICK], n=1, cutoff=0.75) if first else []
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


def _what(words: Sequence[Word], text: str) -> Request:
    """`what changed between A and B`, `why is B better than A`, and questions after runs that ended or still run."""
    meant = commands.what(words, text)
    if meant is not None:
        return meant
    rest = list(words[1:])
    asking = [word.folded for word in rest[:3]]
    if {"changed", "different", "difference"}.intersection(asking):
        rest = [word for word in rest if word.folded not in _ASKING]
        asked = _compare(rest, text, is_led=True)
        return replace(asked, why=True) if isinstance(asked, Compare) else asked
    if asking[:1] in (["is"], ["are"], ["was"], ["did"]):
        asked = _is_better(rest, text)
        return replace(asked, why=True) if isinstance(asked, Compare) else asked
    return _compare(words, text)


COMMANDS: dict[str, Callable[[Sequence[Word], str], Request]] = {
    **dict.fromkeys(_COMPARING, _compare_led),
    **dict.fromkeys(("is", "did", "does", "was", "how"), _is_better),
    **dict.fromkeys(("what", "what's", "what’s", "why"), _what),
}
QUICK: dict[str, Callable[[Sequence[Word], str], Request]] = {  # these are names where a `vs` follows
    **dict.fromkeys(("help", "?", "--help"), commands.help_),
    **dict.fromkeys(("show", "details"), commands.show),
    **dict.fromkeys(("failed", "failures"), commands.failed),
    **dict.fromkeys(("set", "unset", "goal"), commands.set_),
    "who": commands.who,
    "running": commands.running,
    "standup": commands.standup,
    "pin": commands.pin,
    "unpin": commands.unpin,
    "settings": commands.settings,
    "top": commands.top,
}
