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

from comparison.errors import NotUnderstood
from comparison.judgement.goals import EITHER
from comparison.language.clauses import (
    LISTING,
    PLAIN_SEPARATORS,
    SEPARATORS,
    SOFT_SEPARATORS,
    ParsedClauses,
    missing,
    parted,
    read,
)
from comparison.language.run_reference import each_by_itself, is_link, is_one, reference
from comparison.language.suggestions import suggested_command
from comparison.language.tokens import (
    GREETINGS,
    Word,
    join_filters,
    split_words,
    without_pleading,
    without_politeness,
    without_small_talk,
)
from comparison.language.watch_command import WATCH_COMMANDS, watch_command
from comparison.request import (
    Compare,
    Failed,
    Help,
    Pin,
    Request,
    Running,
    SetDefault,
    Show,
    ShowSettings,
    Standup,
    Top,
)
from comparison.run_reference import AllRuns, Group, Named, OneRun, RunReference, SweepRuns, TopRuns
from comparison.tolerance import read_tolerance, write_tolerance

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
        said = without_pleading(without_politeness(split_words(text), text, command), WATCH_COMMANDS)
        words = join_filters(without_small_talk(said, _COMPARING), text, PLAIN_SEPARATORS)
        if not words:
            return Help(unasked=True)
        return _command(words, text)(words, text)
    except NotUnderstood as error:
        raise replace_text(error, text) from None


def _command(words: Sequence[Word], text: str) -> Callable[[Sequence[Word], str], Request]:
    """What the first word asks for; a comparison when it is the name of a run (`show vs hide`, `best vs latest`)."""
    if watched := watch_command(words) or suggested_command(words, text):
        return watched
    first = words[0].folded.rstrip(_ENDING + ":") or words[0].folded
    parts = [word.folded in PLAIN_SEPARATORS for word in words[1:]]
    if first in QUICK and not any(parts):
        return QUICK[first]
    if first in ("best", "worst") and len(words) > 1 and words[1].folded.isdecimal() and not any(parts):
        return top
    if len(words) == 1 and first in GREETINGS:
        return help_
    if not any(parts[:1]) and first.isalpha() and difflib.get_close_matches(first, _SPELT, n=1, cutoff=0.85):
        return _compare_led  # `comapre A B`
    return COMMANDS[first] if first in COMMANDS and not any(parts[:1]) else _compare


def parse_run(text: str) -> RunReference:
    """One run as it was named, all of the text being its name. Raises NotUnderstood."""
    words = split_words(text) if text.lstrip()[:1] in "<\"“'" or is_link(Word(text, 0, 0)) else []
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
    if found := asked_about(words[1:]):
        return _held_against(*found, text)
    if options := choice(words):
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
    asked = read(rest, text)
    named = [each for group in parted(asked.words, LISTING) for each in reference(group, text)]
    return _request([*named[:1], *reference(candidate, text), *named[1:]], asked)


def _compare(words: Sequence[Word], text: str, *, is_led: bool = False) -> Request:
    asked = read(words, text)
    kept = asked.words
    while is_led and kept and kept[0].folded in ("the", "between"):
        kept = kept[1:]
    if not is_led and not _are_parted(kept) and (found := stated(words)):
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


def _request(references: Sequence[RunReference], asked: ParsedClauses) -> Compare:
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
    known = [*COMMANDS, *QUICK, *WATCH_COMMANDS]
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
    meant = what(words, text)
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


def asked_about(words: Sequence[Word]) -> tuple[list[Word], list[Word]] | None:
    """The words before and behind `better than`, `beat`, `compared to` …; None when there is none of them."""
    for place in range(1, len(words) - 1):
        behind = _behind(words, place)
        if behind is not None and behind < len(words):
            return _named(words[:place], words[place + 1 : behind]), list(words[behind:])
    return None


def choice(words: Sequence[Word]) -> list[Word] | None:
    """The runs of `which is better, A or B` and `is A or B better`, parted by commas; None when it is neither."""
    folded = [word.folded.rstrip(":") for word in words]
    places = [place for place, word in enumerate(folded) if word in _CHOSEN]
    if "or" not in folded or not places:
        return None
    before, behind = list(words[1 : places[0]]), list(words[places[0] + 1 :])
    chosen = behind if "or" in folded[places[0] + 1 :] else before
    if chosen and chosen[0].folded == "or":
        chosen = [*before, *behind]
    while chosen and (chosen[0].is_comma or chosen[0].folded in _LED):
        chosen = chosen[1:]
    return [replace(word, text=",", is_comma=True) if word.folded == "or" else word for word in chosen]


def what(words: Sequence[Word], text: str) -> Request | None:
    """`what failed since yesterday`, `what is running`, `what finished`; None for what is another question."""
    folded = [word.folded for word in words]
    kept = [word for word in words[1:] if word.folded not in ("is", "has", "are", "'s")]
    if kept and kept[0].folded in _WHAT:
        return _WHAT[kept[0].folded](kept, text)
    if folded[0] in ("what's", "what’s") and len(words) > 1 and folded[1] in _WHAT:
        return _WHAT[folded[1]](words[1:], text)
    return None


COMMANDS: dict[str, Callable[[Sequence[Word], str], Request]] = {
    **dict.fromkeys(_COMPARING, _compare_led),
    **dict.fromkeys(("which", "how", *_AUXILIARY), _is_better),
    **dict.fromkeys(("what", "what's", "what’s", "why"), _what),
}


# Commands other than a comparison: what the words behind the first one mean. The table is in the parser.


MOST_LISTED = 50
_FILLING = frozenset({"run", "runs", "experiment", "the", "is", "so", "far"})


_SUCH = {"experiment": "fraud", "metric": "accuracy"}


def _goal(values: Sequence[Word], text: str, spot: Word, *, takes_back: bool) -> Request:
    names = " ".join(word.text for word in (values if takes_back else values[:-1]))
    said = "" if takes_back or not values else values[-1].folded
    value = _GOALS.get(said, "")
    if names and said in _EITHER:
        at, end, ways = values[-1].at, values[-1].end, ("higher", "lower")
        raise NotUnderstood("Which way is better?", remedy="Say one.", near=ways, text=text, at=at, end=end)
    if not names or not (value or takes_back):
        raise missing("Which way is better?", "Say higher or lower behind the metric.", "set goal cost lower", spot)
    return SetDefault("goal", value, names, text)


def _one(words: Sequence[Word], text: str) -> OneRun:
    found = reference(words, text)
    if len(found) != 1 or isinstance(found[0], TopRuns | AllRuns | Group | SweepRuns):
        raise NotUnderstood("This takes one run.", remedy="Name one.", text=text, at=words[0].at)
    return found[0]


def _tolerance(words: Sequence[Word], text: str, *, takes_back: bool) -> Request:
    """`set tolerance 0.1 %` for every metric, `set tolerance accuracy 0.5 %` for one."""
    values = [word for word in words[1:] if word.folded not in ("to", "of", "=", "is", "for")]
    if takes_back:
        return SetDefault("tolerance", "", " ".join(word.text for word in values if not word.is_comma), text)
    for place, word in enumerate(values):
        fraction = read_tolerance(text[word.at : values[-1].end], needs_unit=True)
        if fraction is not None:
            return SetDefault(
                "tolerance", write_tolerance(fraction), " ".join(each.text for each in values[:place]), text
            )
    remedy = "Say it as a share of the baseline, in percent."
    raise missing("Within how much are values the same?", remedy, "set tolerance 0.1 %", words[0])


def _when(words: Sequence[Word], text: str) -> tuple[str, str]:
    """What is said of the time, and the experiment."""
    asked = read(words, text)
    return " ".join(word.text for word in asked.words[1:] if word.folded not in _FILLING)[:100], asked.experiment


def failed(words: Sequence[Word], text: str) -> Request:
    when, experiment = _when(words, text)
    return Failed(when, experiment, text)


def help_(words: Sequence[Word], _text: str) -> Request:
    return Help(topic=" ".join(word.text for word in words[1:])[:100])


def pin(words: Sequence[Word], text: str) -> Request:
    asked = read(words, text)
    if len(asked.words) < 2:
        raise missing("Which run is the baseline?", "Name it.", "pin latest", words[0])
    return Pin(_one(asked.words[1:], text), asked.experiment, text)


def running(words: Sequence[Word], text: str) -> Request:
    asked = read(words, text)
    rest = [word for word in asked.words[1:] if word.folded not in (*_FILLING, "now", "right", "still")]
    if rest:
        raise missing("What is running is listed whole, or in one experiment.", "Name it.", "running in fraud", rest[0])
    return Running(asked.experiment, text)


def set_(words: Sequence[Word], text: str) -> Request:
    """`set experiment fraud`, `set metric auc`, `set goal cost lower`, `set baseline <run>`; `goal cost lower`."""
    rest = list(words[1:] if words[0].folded in ("set", "unset") else words)
    what_ = rest[0].folded if rest else ""
    takes_back = words[0].folded == "unset"
    values = [word for word in rest[1:] if not word.is_comma and word.folded not in ("to", "as", "=", "is")]
    if what_ in ("baseline", "pin"):
        return pin([rest[0], *values], text) if values and not takes_back else Pin(None, text=text)
    if what_ == "goal":
        return _goal(values, text, words[0], takes_back=takes_back)
    if what_ == "tolerance":
        return _tolerance(rest, text, takes_back=takes_back)
    if what_ in ("experiment", "metric"):
        value = "" if takes_back else " ".join(word.text for word in values)
        if not value and not takes_back:
            raise missing(f"Which {what_}?", "Name it.", f"set {what_} {_SUCH[what_]}", rest[0])
        return SetDefault(what_, value, text=text)
    spot = rest[0] if rest else words[0]
    raise missing(
        "I can set experiment, metric, goal, tolerance or baseline.", "Say which.", "set metric accuracy", spot
    )


def settings(_words: Sequence[Word], text: str) -> Request:
    return ShowSettings(text)


def show(words: Sequence[Word], text: str) -> Request:
    asked = read(words, text)
    if len(asked.words) < 2:
        raise missing("Which run?", "Name it, or say latest or best.", "show latest", words[0])
    return Show(_one(asked.words[1:], text), asked.experiment, text=text)


def standup(words: Sequence[Word], text: str) -> Request:
    when, experiment = _when(words, text)
    return Standup(when, experiment, text)


def top(words: Sequence[Word], text: str) -> Request:
    where = next((word.text for word in words if word.is_filter), "")
    asked = read([word for word in words if not word.is_filter], text)
    plain = [word for word in asked.words[1:] if word.folded not in (*_FILLING, "by")]
    count = 5
    if plain and plain[0].folded.isdecimal():
        count = int(plain[0].folded[:9])
        if not 1 <= count <= MOST_LISTED:
            raise missing(f"I list between 1 and {MOST_LISTED} runs.", "Say how many.", "top 5 by accuracy", plain[0])
        plain = plain[1:]
    metric = asked.metrics[0] if asked.metrics else " ".join(word.text for word in plain)
    return Top(count, metric, words[0].folded == "worst", asked.experiment, where, text)


def unpin(_words: Sequence[Word], text: str) -> Request:
    return Pin(None, text=text)


def who(words: Sequence[Word], text: str) -> Request:
    asked = read(words, text)
    rest = asked.words[2:] if [word.folded for word in asked.words[:2]] == ["who", "ran"] else []
    if not rest:
        raise missing("Who ran what?", "Name a run.", "who ran latest", words[0])
    return Show(_one(rest, text), asked.experiment, who=True, text=text)


QUICK: dict[str, Callable[[Sequence[Word], str], Request]] = {  # these are names where a `vs` follows
    **dict.fromkeys(("help", "?", "--help"), help_),
    **dict.fromkeys(("show", "details"), show),
    **dict.fromkeys(("failed", "failures"), failed),
    **dict.fromkeys(("set", "unset", "goal"), set_),
    "who": who,
    "running": running,
    "standup": standup,
    "pin": pin,
    "unpin": unpin,
    "settings": settings,
    "top": top,
}


_WHAT = {"failed": failed, "finished": standup, "ended": standup, "running": running, "happened": standup}
_GOALS = {
    **dict.fromkeys(("higher", "high", "up", "max", "maximize", "more"), "higher"),
    **dict.fromkeys(("lower", "low", "down", "min", "minimize", "less"), "lower"),
    **dict.fromkeys(("unknown", "neither", "none"), "unknown"),
}
_EITHER = (EITHER, "lower|higher", "higher/lower", "lower/higher")


# Questions about which run is better: where the one asked about ends and the one it is held against begins.


_COMPARATIVES = frozenset({"better", "worse"})
_KINDS = frozenset({"model", "run", "one", "version", "choice", "result"})
_BEATING = frozenset({"beat", "beats", "outperform", "outperforms", "outperformed"})
_BEATING_STATED = _BEATING - {"beat", "outperform"}
_AGAINST = {
    "improve": frozenset({"on", "over", "upon"}),
    "improvement": frozenset({"on", "over"}),
    "compare": frozenset({"with", "to", "against"}),
    "compared": frozenset({"with", "to", "against"}),
}
_BETWEEN = frozenset(
    {"any", "really", "actually", "still", "now", "not", "even", "significantly", "overall", "doing", "performing"}
)
_CHOSEN = frozenset({"better", "best", "wins", "win"})
_LED = frozenset({"of", "between", ":", "from", "among"})


def stated(words: Sequence[Word]) -> tuple[list[Word], list[Word]] | None:
    """The same where it was not asked: `B beats A`, `B better than A`. Fewer words count: others stand in names."""
    for place in range(1, len(words) - 1):
        word = words[place].folded
        behind = _behind(words, place) if word in (_COMPARATIVES | _BEATING_STATED | {"compared"}) else None
        if behind is not None and behind < len(words):
            return _named(words[:place], words[place + 1 : behind]), list(words[behind:])
    return None


def _behind(words: Sequence[Word], place: int) -> int | None:
    """Where the words behind the comparative that stands here begin; None when none stands here."""
    word, folded = words[place].folded, [each.folded for each in words[place + 1 : place + 5]]
    if word in _BEATING:
        return place + 1
    if word in _AGAINST and folded[:1] and folded[0] in _AGAINST[word]:
        return place + 2
    if word not in _COMPARATIVES:
        return None
    skipped = 2 if folded[:1] == ["or"] and folded[1:2] and folded[1] in _COMPARATIVES else 0
    skipped += int(len(folded) > skipped and folded[skipped] in _KINDS)
    return place + skipped + 2 if folded[skipped : skipped + 1] == ["than"] else None


def _named(words: Sequence[Word], comparative: Sequence[Word]) -> list[Word]:
    """The run before a comparative, without `really` and, before `better model than`, without `a`."""
    kept = list(words)
    is_kind = any(word.folded in _KINDS or word.folded in _AGAINST["improvement"] for word in comparative)
    dropped = _BETWEEN | {"a", "an", "much"} if is_kind else _BETWEEN
    while len(kept) > 1 and kept[-1].folded in dropped:
        kept = kept[:-1]
    return kept
