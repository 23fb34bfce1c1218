"""Words → request. Any text becomes a Request or a RequestError that says where it went wrong and what to type.

A comparison, with clauses at the end in any order:

    [compare|diff] [run] A (vs|versus|v|with|to|and|,) B … [in EXPERIMENT] [by METRIC, …] [all] [best] [at step N]
        [within X %]
    A against B (B is the baseline)        is B better than A (A is the baseline)        what changed between A and B

A first word with a meaning is a row in COMMANDS here (of watches in comparison/watch_commands.py, and in other words in
watch_asking.py), a clause a row in comparison/clauses.py, a way of naming a run a row in comparison/references.py: to
add one is a function and a row.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace

from comparison import clauses, commands, courtesy, questions, watch_asking, watch_commands
from comparison.clauses import LISTING, PLAIN_SEPARATORS, SEPARATORS, SOFT_SEPARATORS, Asked, parted
from comparison.errors import NotUnderstood
from comparison.references import each_by_itself, is_link, is_one, reference
from comparison.request import AllRuns, Compare, Group, Help, Named, Request, RunReference, Show, SweepRuns, TopRuns
from comparison.words import Word, split, with_filters

MOST_RUNS = 50
_RUN_WORDS = frozenset({"run", "runs", "the", "between"})
_COMPARING = frozenset({"compare", "comparing", "comparison", "diff", "difference"})
_SPELT = ("compare", "comparing", "difference")
_AUXILIARY = frozenset({"is", "did", "does", "was", "isn't", "isn’t"})
_DASHES = frozenset({"-", "--", "/", ":"})
_ASKING = frozenset({"changed", "different", "difference", "is", "are", "the"})
_ENDING = "?.!;…"


def parse(text: str, *, command: str = "/mlcompare") -> Request:
    """The request that was said. Raises NotUnderstood with the spot and a line to copy."""
    try:
        said = courtesy.without_pleading(courtesy.bare(split(text), text, command), watch_commands.COMMANDS)
        words = with_filters(courtesy.without_small_talk(said, _COMPARING), text, PLAIN_SEPARATORS)
        if not words:
            return Help(unasked=True)
        return _command(words, text)(words, text)
    except NotUnderstood as error:
        raise replace_text(error, text) from None


def _command(words: Sequence[Word], text: str) -> Callable[[Sequence[Word], str], Request]:
    """What the first word asks for; a comparison when it is the name of a run (`show vs hide`, `best vs latest`)."""
    if watched := watch_commands.command(words) or watch_asking.command(words, text):
        return watched
    first = words[0].folded.rstrip(_ENDING + ":") or words[0].folded
    parts = [word.folded in PLAIN_SEPARATORS for word in words[1:]]
    if first in QUICK and not any(parts):
        return QUICK[first]
    if first in ("best", "worst") and len(words) > 1 and words[1].folded.isdecimal() and not any(parts):
        return commands.top
    if len(words) == 1 and first in courtesy.GREETINGS:
        return commands.help_
    if not any(parts[:1]) and first.isalpha() and difflib.get_close_matches(first, _SPELT, n=1, cutoff=0.85):
        return _compare_led  # `comapre A B`
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


# The comparison


def _compare_led(words: Sequence[Word], text: str) -> Request:
    if len(words) == 1:
        raise _too_few([], text, words[-1].end)
    return _compare(words[1:], text, is_led=True)


def _is_better(words: Sequence[Word], text: str) -> Request:
    """`is B better than A`, `did B beat A`, `how does B compare with A`: A is the baseline."""
    if words[0].folded == "how" and any(word.folded in _AUXILIARY for word in words[1:4]):
        words = words[next(place for place in range(1, 4) if words[place].folded in _AUXILIARY) :]
    if found := questions.asked_about(words[1:]):
        return _held_against(*found, text)
    if options := questions.choice(words):
        return _compare(options, text, is_led=True)
    if any(word.folded in PLAIN_SEPARATORS for word in words):
        return _compare(words, text)
    raise NotUnderstood(
        "I can answer whether one run is better than another.",
        remedy="Say which two.",
        example="is run-b better than run-a",
        text=text,
        at=words[0].at,
    )


def _held_against(candidate: Sequence[Word], rest: Sequence[Word], text: str) -> Request:
    """A comparison with the run behind `than` as baseline; others that are listed there come after the candidate."""
    asked = clauses.read(rest, text)
    named = [each for group in parted(asked.words, LISTING) for each in reference(group, text)]
    return _request([*named[:1], *reference(candidate, text), *named[1:]], asked)


def _compare(words: Sequence[Word], text: str, *, is_led: bool = False) -> Request:
    asked = clauses.read(words, text)
    kept = asked.words
    while is_led and kept and kept[0].folded in ("the", "between"):
        kept = kept[1:]
    if not is_led and not _are_parted(kept) and (found := questions.stated(words)):
        return _held_against(*found, text)
    groups = _groups(kept, text, is_led=is_led)
    turned = any(word.folded == "against" for word in kept) and len(groups) == 2
    references = [each for group in groups for each in reference(group, text)]
    if len(references) == 1 and isinstance(references[0], TopRuns | SweepRuns):
        return _request(references, asked)
    if (
        len(references) == 1
        and not is_led
        and not isinstance(references[0], Named | TopRuns | AllRuns | Group | SweepRuns)
    ):
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
        tolerance=asked.tolerance,
        text=asked.text,
    )


def _groups(words: Sequence[Word], text: str, *, is_led: bool) -> list[list[Word]]:
    """The words of each run. Where nothing parts them, each word is a run, `run` itself left out."""
    if _are_parted(words):
        return parted(words, PLAIN_SEPARATORS | LISTING)
    loose = LISTING | SOFT_SEPARATORS
    while len(words) > 1 and words[-1].folded in loose:
        words = words[:-1]
    while len(words) > 1 and words[0].folded in loose and words[1].folded not in loose:
        words = words[1:]
    inner = [word.folded for word in words[1:-1]]
    soft = sum(word in SOFT_SEPARATORS for word in inner)
    if is_led and (soft or LISTING.intersection(inner)):
        return parted(words, SEPARATORS)
    if LISTING.intersection(inner) or soft == 1:
        return parted(words, LISTING if LISTING.intersection(inner) else SOFT_SEPARATORS)
    if len(words) > 1 and is_one(words, text):
        return [list(words)]
    return _unparted(words, text)


def _are_parted(words: Sequence[Word]) -> bool:
    return any(word.is_comma or word.folded in PLAIN_SEPARATORS for word in words)


def _unparted(words: Sequence[Word], text: str) -> list[list[Word]]:
    """`Run 1 Run 2`: names of one pattern; `A - B`; else each word is a run."""
    if any(word.is_quoted for word in words):
        return [[word] for word in words if word.folded not in (*_RUN_WORDS, *_DASHES)]
    first = words[0].folded if words else ""
    length = next((place for place in range(2, len(words)) if words[place].folded == first), len(words))
    is_pattern = all(words[place].folded == first for place in range(0, len(words), length or 1))
    if length < len(words) and len(words) % length == 0 and is_pattern:
        return [list(words[place : place + length]) for place in range(0, len(words), length)]
    if len(words) == 2 and first == "run":
        return [list(words)]
    dash = next((word for word in words if word.folded in _DASHES), None)
    if dash and len(words) == 3 and words[1] is dash:
        return [[words[0]], [words[2]]]
    if dash:
        raise NotUnderstood(
            "I cannot tell where one name ends and the next begins.",
            remedy="Write vs between the names.",
            example="my first run vs my second run",
            text=text,
            at=dash.at,
        )
    named = [word for word in words if word.folded not in ("run", "runs")]
    return [[word] for word in (named if len(named) >= 2 else words)]


def _too_few(references: Sequence[RunReference], text: str, at: int, words: Sequence[Word] = ()) -> NotUnderstood:
    first = words[0].folded if words else ""
    known = [*COMMANDS, *QUICK, *watch_commands.COMMANDS]
    near = difflib.get_close_matches(first, known, n=1, cutoff=0.75) if first else []
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
    **dict.fromkeys(("which", "how", *_AUXILIARY), _is_better),
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
