"""What a watch says behind its place: `against best`, `only failures`, …; each a row in CLAUSES."""

import difflib
import html
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.clauses import LATEST, LISTING, PLAIN_SEPARATORS, bare_words, parted, refused_option
from comparison.language.dates import DAYS, read_quiet
from comparison.language.experiment_pattern import (
    EVERYTHING,
    is_end,
    is_filling,
    read_names,
    read_only,
    read_place,
    stated_experiment,
    without_here,
)
from comparison.language.metric_rule import EXAMPLE, MOVING, STRAIGHT, rules
from comparison.language.run_reference import reference
from comparison.language.tokens import Word, join_filters, split_words, without_politeness
from comparison.run_reference import Latest, Leading, Pinned, SweepRuns, TopRuns
from comparison.runs import Goal
from comparison.watch import OnlyRuns, Watch

MOST_RULES = 10
MOST_NAMED = 50
SUCH = "watch my-experiment"


@dataclass(frozen=True, slots=True)
class ReadOption:
    """One option as it was said: the word that begins it and those behind, without the commas at the ends."""

    word: Word
    rest: list[Word]
    text: str

    @property
    def spot(self) -> list[Word]:
        return self.rest or [self.word]

    @property
    def joined(self) -> str:
        return " ".join(each.text for each in self.rest)


def repeated(option: str, words: Sequence[Word]) -> NotUnderstood:
    remedy = "Keep one of the two, or set up two watches."
    if option in ("metrics", "except"):
        remedy = "Say it once, with commas between the names."
    if option == "in":
        remedy = "Name the experiment once."
    return refused_option(
        f"{option.capitalize()} is said twice.", remedy, _EXAMPLES[option], [words[0], *bare_words(words)[-1:]]
    )


# The options


def _against(watching: Watch, said: ReadOption) -> Watch:
    if not said.rest:
        remedy = "Say previous, best, baseline, or name a run."
        raise refused_option("Against what?", remedy, _EXAMPLES["against"], said.spot)
    (found, *more) = reference(said.rest, said.text)
    match found:
        case Latest(back=0 | 1, user="") if not more:
            return replace(watching, against="previous")
        case Leading(metric="", worst=False) if not more:
            return replace(watching, against="best")
        case Pinned() if not more:
            return replace(watching, against="baseline")
    if more or isinstance(found, TopRuns | SweepRuns) or any(each.is_comma for each in said.rest):
        raise refused_option("A watch has one baseline.", "Name one run.", _EXAMPLES["against"], said.rest)
    return replace(watching, against="run", baseline=found)


def _where(watching: Watch, said: ReadOption) -> Watch:
    if len(said.rest) != 1 or not said.rest[0].is_filter:
        remedy = "Write it as in MLflow's search box."
        raise refused_option("That is no filter of MLflow's.", remedy, _EXAMPLES["where"], [said.word, *said.rest])
    return replace(watching, where=said.rest[0].text)


def _by(watching: Watch, said: ReadOption) -> Watch:
    if len(said.rest) > 1 and said.rest[0].folded in ("user", "person"):
        said = replace(said, rest=said.rest[1:])
    remedy = "Name the user as MLflow knows them."
    is_quoted = bool(said.rest) and said.rest[0].is_quoted
    user = said.joined.removeprefix("" if is_quoted else "@").strip()
    if not user:
        raise refused_option("Whose runs?", remedy, _EXAMPLES["by"], said.spot)
    if any(each.is_comma for each in said.rest):
        raise refused_option("A watch is of the runs of one person, or of all.", remedy, _EXAMPLES["by"], said.rest)
    is_mention = (
        said.text.startswith("<@", said.rest[0].at) and "|" not in said.text[said.rest[0].at : said.rest[0].end]
    )
    if is_mention or [each.folded for each in said.rest] in (["me"], ["myself"]):
        raise refused_option(
            f"I do not know what MLflow calls {'that person' if is_mention else 'you'}.",
            remedy,
            _EXAMPLES["by"],
            said.rest,
        )
    is_typed = said.rest[0].folded != "" and not html.unescape(said.text[said.rest[0].at :]).startswith(("@", "<@"))
    if is_typed and goal_of(user) is not Goal.UNKNOWN:
        told = f"By names a person here, and {user[:60]} looks like a metric."
        remedy = "Say metrics for what is shown; quotes make it a person's name."
        raise refused_option(told, remedy, _EXAMPLES["metrics"], said.rest)
    return replace(watching, user=user)


def _only(watching: Watch, said: ReadOption) -> Watch:
    found = stated_experiment(said.rest)
    if found is None and said.rest and said.rest[0].folded in ("when", "if"):
        return _when(watching, ReadOption(said.rest[0], said.rest[1:], said.text))
    if found is None:
        remedy = "Say failures, better, worse or new best."
        if any(each.is_comma or each.folded in ("or", "and", "&") for each in said.rest):
            remedy = "Choose one of failures, better, worse and new best; for two, set up two watches."
        raise refused_option("Only what?", remedy, _EXAMPLES["only"], said.spot)
    return replace(watching, only=_one(watching, found, said))


def _one(watching: Watch, found: OnlyRuns, said: ReadOption) -> OnlyRuns:
    if watching.only is not None:
        raise repeated("only", [said.word, *said.rest])
    return found


def _metrics(watching: Watch, said: ReadOption) -> Watch:
    named = tuple(dict.fromkeys(" ".join(each.text for each in group).strip() for group in parted(said.rest, LISTING)))
    if not named or "" in named:
        raise refused_option("Which metrics?", "Name them.", _EXAMPLES["metrics"], said.spot)
    return replace(watching, metrics=_few(named, said))


def _when(watching: Watch, said: ReadOption) -> Watch:
    if (only := stated_experiment(said.rest)) is not None:  # `when it fails`
        return replace(watching, only=_one(watching, only, said))
    if is_end(said.rest):  # `when it ends`
        return watching
    found = rules(said.rest, said.text)
    if not found:
        raise refused_option("When what?", "Say a rule on a metric.", EXAMPLE, said.spot)
    if len(watching.rules) + len(found) > MOST_RULES:
        raise refused_option(f"A watch has at most {MOST_RULES} rules.", "Leave some out.", EXAMPLE, said.rest)
    return replace(watching, rules=(*watching.rules, *found))


def _quiet(watching: Watch, said: ReadOption) -> Watch:
    found = read_quiet(said.rest)
    if found is None:
        remedy = "Say from when to when, and in which time zone; without one it is UTC."
        if any(each.folded.rstrip("s") in DAYS for each in said.rest):
            remedy = "Quiet is the same hours on every day; say them, and in which time zone."
        raise refused_option("Quiet when?", remedy, _EXAMPLES["quiet"], said.spot)
    return replace(watching, quiet=found)


def _mention(watching: Watch, said: ReadOption) -> Watch:
    if [each.folded for each in said.rest] not in (["owner"], ["the", "owner"], ["owners"], ["the", "owners"]):
        remedy = "Say mention owner, or leave it out."
        raise refused_option("Only the owner of a run can be mentioned.", remedy, _EXAMPLES["mention"], said.spot)
    return replace(watching, mentions_owner=True)


def _broadcast(watching: Watch, said: ReadOption) -> Watch:
    folded = " ".join(each.folded for each in said.rest)
    if folded not in ("", "new best", "new bests", "a new best", "best", "the new best", "the best"):
        remedy = "Say broadcast new best, or leave it out."
        raise refused_option("Only a new best can be broadcast.", remedy, _EXAMPLES["broadcast"], said.spot)
    return replace(watching, broadcasts=True)


def _except(watching: Watch, said: ReadOption) -> Watch:
    if (only := read_only(said.rest)) is not None:
        remedy = "Those that are wanted are said with only."
        told = f"Except leaves out experiments, not {only.value}."
        raise refused_option(told, remedy, _EXAMPLES["only"], said.rest)
    named = read_names(said.rest, said.text, _EXAMPLES["except"])
    if not named:
        remedy = "Name experiments, or patterns, with commas."
        raise refused_option("Except which?", remedy, _EXAMPLES["except"], said.spot)
    return replace(watching, excepted=_few(named, said))


def _in(watching: Watch, said: ReadOption) -> Watch:
    place, _at = read_place(said.rest, said.text)
    if not place:
        raise refused_option("Which experiment?", "Name it after in.", _EXAMPLES["in"], said.spot)
    if watching.place:
        raise repeated("in", [said.word, *said.rest])
    return replace(watching, place=place)


def _few(named: tuple[str, ...], said: ReadOption) -> tuple[str, ...]:
    if len(named) > MOST_NAMED:
        problem = f"That is {len(named)} names; a watch takes {MOST_NAMED} of them."
        raise refused_option(problem, "Name fewer.", _EXAMPLES[OPTIONS[said.word.folded]], said.rest)
    return named


_EXAMPLES = {
    "against": f"{SUCH} against best",
    "where": f"{SUCH} where params.model = 'xgb'",
    "by": f"{SUCH} by maya",
    "only": f"{SUCH} only failures",
    "when": EXAMPLE,
    "metrics": f"{SUCH} metrics accuracy, loss",
    "quiet": f"{SUCH} quiet 20:00-08:00 Europe/Berlin",
    "mention": f"{SUCH} mention owner",
    "broadcast": f"{SUCH} broadcast new best",
    "except": "watch team/* except team/test, team/old*",
    "in": "watch failures in my-experiment",
}
CLAUSES: dict[str, Callable[[Watch, ReadOption], Watch]] = {
    "against": _against,
    "where": _where,
    "by": _by,
    "only": _only,
    "when": _when,
    "metrics": _metrics,
    "quiet": _quiet,
    "mention": _mention,
    "broadcast": _broadcast,
    "except": _except,
    "in": _in,
}


# The words of a watch, taken apart: where its options begin, where its filter ends, and what is nearly an option.


OPTIONS = {  # the words that begin one, and which
    **dict.fromkeys(("against", "vs", "vs.", "versus"), "against"),
    **dict.fromkeys(("except", "excepting", "excluding", "without"), "except"),
    "if": "when",
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("mention", "mentions"), "mention"),
    **dict.fromkeys(("broadcast", "broadcasts"), "broadcast"),
    **{name: name for name in ("where", "by", "only", "when", "quiet", "in")},
}
OFF = frozenset({"off", "stop", "none", "never", "cancel", "remove"})
LIST = "list"
HELP = frozenset({"help", "--help", "-h"})
_LISTS = frozenset({"metrics", "except", "when"})  # what stands behind a comma is of the list
_SHORT = 3  # characters of a word that may be an option misspelt
_LIKE = 0.82
_MOST_FILTERS = 3  # the first ones; more are one too many whatever they say
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|[^\s,'\"`]+|[\s,]+|.", re.DOTALL)
_JOINED = re.compile(r"[\s,;]+(?:and|but|&)$", re.IGNORECASE)  # what joins a filter to the next option
_WHERE = re.compile("where", re.IGNORECASE)


def starts(words: Sequence[Word]) -> list[int]:
    """Where options begin. An `in` that may be of the place begins none here."""
    found: list[int] = []
    for place, word in enumerate(words):
        if word.folded in OPTIONS and not _belongs(words, place, found[-1] if found else None):
            found.append(place)
    return found


def _belongs(words: Sequence[Word], place: int, open_at: int | None) -> bool:
    """Whether a word of ours here says something of the option that is open already."""
    word, before = words[place].folded, words[place - 1].folded if place else ""
    if open_at is None:
        return word == "in"
    option = OPTIONS[words[open_at].folded]
    if word == "by" and option == "when":
        return before in MOVING
    if word == "by" and option == "against":  # `best by f1`
        rest = words[place + 1 : place + 2]
        return before in ("best", "worst") and bool(rest) and goal_of(rest[0].text) is not Goal.UNKNOWN
    if word == "in":
        return option == "quiet"
    return word in ("when", "if") and option == "only" and place == open_at + 1


# The filter


def loosened(words: Sequence[Word], text: str) -> list[Word]:
    """The words with what follows `where` taken apart: its filter ends where the next option begins."""
    said: list[Word] = []
    rest = list(words)
    filters = 0
    while rest:
        word = rest.pop(0)
        if not word.is_filter or filters >= _MOST_FILTERS:
            said += [_where_words(word, text), word] if word.is_filter else [word]
            continue
        filters += 1
        end = _end(text[word.at : word.end]) + word.at
        raw = html.unescape(text[word.at : end]).translate(STRAIGHT).strip(" ,;?")
        raw = _JOINED.sub("", raw) if end < word.end else raw
        is_baseline = bool(said) and OPTIONS.get(said[-1].folded) == "against"
        said += [] if is_baseline else [_where_words(word, text)]
        said += [Word(raw, word.at, word.at + len(text[word.at : end].rstrip()), is_filter=True)] if raw else []
        tail = [replace(each, at=each.at + end, end=each.end + end) for each in split_words(text[end : word.end])]
        rest = [*join_filters(tail, text, PLAIN_SEPARATORS), *rest]
    return said


def _where_words(word: Word, text: str) -> Word:
    """The word before its filter."""
    found = [each.start() for each in _WHERE.finditer(text, 0, word.at)]
    at = found[-1] if found else word.at
    return Word("where", at, at + 5)


def _end(said: str) -> int:
    """Where the next option begins; what stands in quotes is not looked at."""
    straight = said.translate(STRAIGHT)
    is_begun = True
    for piece in _PIECE.finditer(straight):
        word, rest = piece.group().casefold(), straight[piece.end() :].lstrip()
        is_whole = is_begun and straight[piece.end() : piece.end() + 1] in ("", " ", "\n", "\t", ",")
        if is_whole and word in OPTIONS and not (word == "in" and rest.startswith("(")):
            return piece.start()
        is_begun = word.isspace() or word.strip().strip(",") == ""
    return len(said)


# What is nearly an option


def misspelt(words: Sequence[Word], option: str = "") -> tuple[Word, str] | None:
    """The first of the words behind an option, or behind the place, that is nearly an option, and which."""
    for before, word in itertools.pairwise(words):
        if option in _LISTS and (before.is_comma or before.folded in ("and", "&")):
            continue
        if meant := near_option(word.folded):
            return word, meant
    return None


def near_option(said: str) -> str:
    """The option that a word nearly is; "" for one that is one, or is none."""
    if len(said) < _SHORT or said in OPTIONS or not said.isalpha() or said in LATEST:
        return ""
    long = [name for name in OPTIONS.values() if len(name) > _SHORT]
    turned = next((name for name in long if sorted(name) == sorted(said)), "")
    alike = difflib.get_close_matches(said, long, n=1, cutoff=_LIKE)
    return turned or next((name for name in alike if abs(len(name) - len(said)) <= 1), "")


# Words of a watch as people put them, turned into ours: `failures only`, `--only`, `against=best`, `but not`.


JOINING = frozenset({"and", "but", "&", "-", "--", "also", "with", "plus", "+"})  # before an option they say nothing
_SIGNS = ":="
_WHOLE = frozenset({"in", "where"})  # what stands behind these in one word is a name, or a filter


def ours(words: Sequence[Word]) -> list[Word]:
    """The same request, each option begun by its own word."""
    said = [each for word in words for each in _apart(word)]
    said = _without_joining(_excepting(said))
    return _turned(said)


def _apart(word: Word) -> list[Word]:
    """`only:`, `--only`, `only=failures`; the word itself where it is none of these."""
    core = word.folded.lstrip("-").rstrip(_SIGNS)
    if word.folded in OPTIONS or not core:
        return [word]
    if core in OPTIONS:
        return [replace(word, text=core)]
    sign = next((each for each in core if each in _SIGNS), "")
    option, _sign, rest = word.text.lstrip("-").partition(sign) if sign else ("", "", "")
    if option.casefold() not in OPTIONS or option.casefold() in _WHOLE or not rest:
        return [word]
    behind = word.end - len(rest)
    return [Word(option.casefold(), word.at, behind - 1), Word(rest, behind, word.end)]


def _excepting(words: Sequence[Word]) -> list[Word]:
    """`all but fraud-old`, `fraud-* but not fraud-old`."""
    said: list[Word] = []
    for place, word in enumerate(words):
        behind = words[place + 1].folded if place + 1 < len(words) else ""
        is_negated = bool(said) and said[-1].folded == "except" and word.folded == "not"
        is_but = word.folded == "but" and place > 0
        if is_negated and words[place - 1].folded == "but":
            continue
        if is_but and (behind == "not" or words[place - 1].folded in EVERYTHING):
            said.append(replace(word, text="except"))
        else:
            said.append(word)
    return said


def _without_joining(words: Sequence[Word]) -> list[Word]:
    said: list[Word] = []
    for word in words:
        while said and len(said) > 1 and said[-1].folded in JOINING and _is_option(word):
            said.pop()
        said.append(word)
    return said


def _is_option(word: Word) -> bool:
    return word.folded in OPTIONS and word.folded != "in"


def _turned(words: Sequence[Word]) -> list[Word]:
    """`failures only` as `only failures`."""
    said: list[Word] = []
    for place, word in enumerate(words):
        is_last = place + 1 == len(words) or words[place + 1].is_comma or words[place + 1].folded in OPTIONS
        before = next((said[-size:] for size in (2, 1) if _is_choice(said, size)), [])
        if word.folded == "only" and is_last and before:
            spot = replace(word, at=before[0].at, end=before[-1].end)
            said = [*said[: len(said) - len(before)], spot, *before]
        else:
            said.append(word)
    return said


def _is_choice(said: Sequence[Word], size: int) -> bool:
    """Whether the last words choose runs, and are not chosen by an `only` already."""
    group = said[-size:]
    is_said = len(said) > size and said[-size - 1].folded in ("only", "when", "if")
    return len(group) == size and read_only(group) is not None and not is_said


# The words of a watch → what they mean: its place, then its options in any order.


def words_of(said: str) -> list[Word]:
    """The words of a text that begins with the command, as the parser has them."""
    return join_filters(without_politeness(split_words(said), said, "/mlcompare"), said, PLAIN_SEPARATORS)


def read(words: Sequence[Word], text: str) -> tuple[Watch, int | None]:
    """What the words behind the command mean, and where they name the place. Raises NotUnderstood with the spot."""
    said = ours(loosened(words, text))
    begun = _starts(said)
    first = begun[0] if begun else len(said)
    watching, at = _placed(said[:first], text, has_in=first < len(said) and said[first].folded == "in")
    try:
        watching, within = _with_options(watching, said, begun, text)
    except NotUnderstood as error:
        raise _own(error, bare_words(said[:first]) if watching.place else [], text) from None
    at = within if at is None else at
    return watching if watching.place or not watching.excepted else replace(watching, place="*"), at


def _with_options(watching: Watch, said: Sequence[Word], begun: Sequence[int], text: str) -> tuple[Watch, int | None]:
    """The watch with all options, and where one of them names the place."""
    at: int | None = None
    seen: set[str] = set()
    for start, stop in itertools.pairwise([*begun, len(said)]):
        option, rest = OPTIONS[said[start].folded], bare_words(said[start + 1 : stop])
        if option in seen and option != "when":
            raise repeated(option, said[start:stop])
        seen.add(option)
        _check(rest, option, text)
        watching = CLAUSES[option](watching, ReadOption(said[start], rest, text))
        at = rest[0].at if option == "in" else at
    return watching, at


def _own(error: NotUnderstood, place: Sequence[Word], text: str) -> NotUnderstood:
    """The error with a line to copy that names the place as it was typed."""
    if not place or not error.example.startswith(SUCH):
        return error
    typed = text[place[0].at : place[-1].end]
    return replace(error, example=error.example.replace(SUCH, f"watch {typed}", 1))


def _starts(said: Sequence[Word]) -> list[int]:
    """Where options begin; an `in` before all others where what stands before it is no name: `failures in fraud`."""
    found = starts(said)
    first = found[0] if found else len(said)
    within = next((place for place, word in enumerate(said[:first]) if word.folded == "in"), None)
    if within is None:
        return found
    lead = said[:within]
    return [within, *found] if is_filling(lead) or read_only(lead) else found


def _placed(words: Sequence[Word], text: str, *, has_in: bool) -> tuple[Watch, int | None]:
    """The watch by the words before all options."""
    kept = without_here(bare_words(words))
    _check(kept, "", text)
    only = read_only(kept)
    if only is not None:  # `watch failures`
        return Watch("", only=only), None
    if has_in and is_filling(kept):
        return Watch(""), None
    first = next((place for place, word in enumerate(kept) if word.is_comma), 0)
    example = f"watch {text[kept[0].at : kept[first - 1].end]}" if first else "watch my-experiment"
    place, at = read_place(kept, text, example)
    return Watch(place), at


def _check(words: Sequence[Word], option: str, text: str) -> None:
    """Raises NotUnderstood where one of the words is nearly an option, with the whole line put right."""
    found = misspelt(words, option)
    if found is None:
        return
    word, meant = found
    raise NotUnderstood(
        f"There is no option {word.text[:60]}.",
        remedy="Where it is part of a name, put the name in quotes.",
        near=(meant,),
        text=text,
        at=word.at,
        end=word.end,
    )
