"""What a watch says behind its place: `against best`, `only failures`, …; each a row in CLAUSES."""

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from comparison import watch_hours, watch_places
from comparison.clauses import LISTING, parted
from comparison.errors import NotUnderstood
from comparison.goals import goal_of
from comparison.references import reference
from comparison.request import Latest, Leading, Pinned, SweepRuns, TopRuns
from comparison.runs import Goal
from comparison.watch_rules import EXAMPLE, rules
from comparison.watch_words import OPTIONS, bare, refused
from comparison.watching.watch import Only, Watching
from comparison.words import Word

MOST_RULES = 10
MOST_NAMED = 50
SUCH = "watch my-experiment"


@dataclass(frozen=True, slots=True)
class Said:
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
    return refused(f"{option.capitalize()} is said twice.", remedy, _EXAMPLES[option], [words[0], *bare(words)[-1:]])


# The options


def _against(watching: Watching, said: Said) -> Watching:
    if not said.rest:
        remedy = "Say previous, best, baseline, or name a run."
        raise refused("Against what?", remedy, _EXAMPLES["against"], said.spot)
    (found, *more) = reference(said.rest, said.text)
    match found:
        case Latest(back=0 | 1, user="") if not more:
            return replace(watching, against="previous")
        case Leading(metric="", worst=False) if not more:
            return replace(watching, against="best")
        case Pinned() if not more:
            return replace(watching, against="baseline")
    if more or isinstance(found, TopRuns | SweepRuns) or any(each.is_comma for each in said.rest):
        raise refused("A watch has one baseline.", "Name one run.", _EXAMPLES["against"], said.rest)
    return replace(watching, against="run", baseline=found)


def _where(watching: Watching, said: Said) -> Watching:
    if len(said.rest) != 1 or not said.rest[0].is_filter:
        remedy = "Write it as in MLflow's search box."
        raise refused("That is no filter of MLflow's.", remedy, _EXAMPLES["where"], [said.word, *said.rest])
    return replace(watching, where=said.rest[0].text)


def _by(watching: Watching, said: Said) -> Watching:
    if len(said.rest) > 1 and said.rest[0].folded in ("user", "person"):
        said = replace(said, rest=said.rest[1:])
    remedy = "Name the user as MLflow knows them."
    is_quoted = bool(said.rest) and said.rest[0].is_quoted
    user = said.joined.removeprefix("" if is_quoted else "@").strip()
    if not user:
        raise refused("Whose runs?", remedy, _EXAMPLES["by"], said.spot)
    if any(each.is_comma for each in said.rest):
        raise refused("A watch is of the runs of one person, or of all.", remedy, _EXAMPLES["by"], said.rest)
    is_mention = (
        said.text.startswith("<@", said.rest[0].at) and "|" not in said.text[said.rest[0].at : said.rest[0].end]
    )
    if is_mention or [each.folded for each in said.rest] in (["me"], ["myself"]):
        raise refused(
            f"I do not know what MLflow calls {'that person' if is_mention else 'you'}.",
            remedy,
            _EXAMPLES["by"],
            said.rest,
        )
    is_typed = said.rest[0].folded != "" and not html.unescape(said.text[said.rest[0].at :]).startswith(("@", "<@"))
    if is_typed and goal_of(user) is not Goal.UNKNOWN:
        told = f"By names a person here, and {user[:60]} looks like a metric."
        remedy = "Say metrics for what is shown; quotes make it a person's name."
        raise refused(told, remedy, _EXAMPLES["metrics"], said.rest)
    return replace(watching, user=user)


def _only(watching: Watching, said: Said) -> Watching:
    found = watch_places.stated(said.rest)
    if found is None and said.rest and said.rest[0].folded in ("when", "if"):
        return _when(watching, Said(said.rest[0], said.rest[1:], said.text))
    if found is None:
        remedy = "Say failures, better, worse or new best."
        if any(each.is_comma or each.folded in ("or", "and", "&") for each in said.rest):
            remedy = "Choose one of failures, better, worse and new best; for two, set up two watches."
        raise refused("Only what?", remedy, _EXAMPLES["only"], said.spot)
    return replace(watching, only=_one(watching, found, said))


def _one(watching: Watching, found: Only, said: Said) -> Only:
    if watching.only is not None:
        raise repeated("only", [said.word, *said.rest])
    return found


def _metrics(watching: Watching, said: Said) -> Watching:
    named = tuple(dict.fromkeys(" ".join(each.text for each in group).strip() for group in parted(said.rest, LISTING)))
    if not named or "" in named:
        raise refused("Which metrics?", "Name them.", _EXAMPLES["metrics"], said.spot)
    return replace(watching, metrics=_few(named, said))


def _when(watching: Watching, said: Said) -> Watching:
    if (only := watch_places.stated(said.rest)) is not None:  # `when it fails`
        return replace(watching, only=_one(watching, only, said))
    if watch_places.is_end(said.rest):  # `when it ends`
        return watching
    found = rules(said.rest, said.text)
    if not found:
        raise refused("When what?", "Say a rule on a metric.", EXAMPLE, said.spot)
    if len(watching.rules) + len(found) > MOST_RULES:
        raise refused(f"A watch has at most {MOST_RULES} rules.", "Leave some out.", EXAMPLE, said.rest)
    return replace(watching, rules=(*watching.rules, *found))


def _quiet(watching: Watching, said: Said) -> Watching:
    found = watch_hours.quiet(said.rest)
    if found is None:
        remedy = "Say from when to when, and in which time zone; without one it is UTC."
        if any(each.folded.rstrip("s") in watch_hours.DAYS for each in said.rest):
            remedy = "Quiet is the same hours on every day; say them, and in which time zone."
        raise refused("Quiet when?", remedy, _EXAMPLES["quiet"], said.spot)
    return replace(watching, quiet=found)


def _mention(watching: Watching, said: Said) -> Watching:
    if [each.folded for each in said.rest] not in (["owner"], ["the", "owner"], ["owners"], ["the", "owners"]):
        remedy = "Say mention owner, or leave it out."
        raise refused("Only the owner of a run can be mentioned.", remedy, _EXAMPLES["mention"], said.spot)
    return replace(watching, mentions_owner=True)


def _broadcast(watching: Watching, said: Said) -> Watching:
    folded = " ".join(each.folded for each in said.rest)
    if folded not in ("", "new best", "new bests", "a new best", "best", "the new best", "the best"):
        remedy = "Say broadcast new best, or leave it out."
        raise refused("Only a new best can be broadcast.", remedy, _EXAMPLES["broadcast"], said.spot)
    return replace(watching, broadcasts=True)


def _except(watching: Watching, said: Said) -> Watching:
    if (only := watch_places.only(said.rest)) is not None:
        remedy = "Those that are wanted are said with only."
        told = f"Except leaves out experiments, not {only.value}."
        raise refused(told, remedy, _EXAMPLES["only"], said.rest)
    named = watch_places.names(said.rest, said.text, _EXAMPLES["except"])
    if not named:
        remedy = "Name experiments, or patterns, with commas."
        raise refused("Except which?", remedy, _EXAMPLES["except"], said.spot)
    return replace(watching, excepted=_few(named, said))


def _in(watching: Watching, said: Said) -> Watching:
    place, _at = watch_places.place(said.rest, said.text)
    if not place:
        raise refused("Which experiment?", "Name it after in.", _EXAMPLES["in"], said.spot)
    if watching.place:
        raise repeated("in", [said.word, *said.rest])
    return replace(watching, place=place)


def _few(named: tuple[str, ...], said: Said) -> tuple[str, ...]:
    if len(named) > MOST_NAMED:
        problem = f"That is {len(named)} names; a watch takes {MOST_NAMED} of them."
        raise refused(problem, "Name fewer.", _EXAMPLES[OPTIONS[said.word.folded]], said.rest)
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
CLAUSES: dict[str, Callable[[Watching, Said], Watching]] = {
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
