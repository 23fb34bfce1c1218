"""The draft of a request: what was said so far, word by word, before it is known to be a request.

`Command` is a row of what can be asked for; `refuse` makes the answer to words that are none of it, by an example.
"""

import difflib
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from comparison.errors import NotUnderstood
from comparison.language.atoms import OWNING, Atom, is_silent, spelt
from comparison.language.lexicon import PLURAL, Role, near
from comparison.language.names import Kind, Names, pieces, pieces_of
from comparison.language.quoting import quoted, written
from comparison.request import Request
from comparison.run_reference import Among, Exclusion
from comparison.tracking.mlflow_links import linked_runs
from comparison.tracking.source import is_text
from comparison.watch import OnlyRuns, Watch, is_pattern

Writer = Callable[[Any], str]  # a request of one type → the line that is read as it
_FILLED = {"experiment": Kind.EXPERIMENT, "run": Kind.RUN, "metric": Kind.METRIC, "user": Kind.USER}


@dataclass(frozen=True, slots=True)
class Example:
    """`named` is filled with real names, `{run} vs {other}`; `unnamed` holds where they are not known."""

    named: str
    unnamed: str = ""

    def line(self, names: Names, within: str = "") -> str:
        """The line; its runs are of one experiment where it is known of them, of that one where it is named."""
        filled = {word: next(_plain(names.all(kind)), "") for word, kind in _FILLED.items()}
        homes, runs = names.homes, names.all(Kind.RUN)
        own = next((name for name in _plain(runs) if homes.get(name) == within), "") if within else ""
        if within and within in _plain(names.all(Kind.EXPERIMENT)):
            filled["experiment"] = within
        filled["run"] = own or filled["run"]
        home = homes.get(filled["run"])
        beside = (name for name in _plain(runs) if name != filled["run"] and homes.get(name) == home)
        elsewhere = (name for name in _plain(runs) if name != filled["run"] and not own)
        filled["other"] = next(chain(beside, elsewhere), "")
        if any(f"{{{word}}}" in self.named and not name for word, name in filled.items()):
            return self.unnamed or self.named
        return self.named.format(**filled)


def _plain(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.isascii() and " " not in name)


COMPARISON = Example("{run} vs {other}", "latest vs previous")
ONE_RUN = Example("show {run}", "show latest")
HELP = Example("help")
WATCH = Example("watch {experiment}", "watch *")
UNWATCH = Example("unwatch {experiment}", "unwatch all")
SLOTS = {  # how each is put behind "I can …" and "not …"
    "experiment": "in an experiment",
    "user": "of a person",
    "metrics": "by metrics",
    "only_metrics": "with only some metrics",
    "without_metrics": "without a metric",
    "without_parameters": "without a parameter",
    "status": "by how they ended",
    "since": "since a moment",
    "until": "until a moment",
    "where": "with a filter",
    "excluded": "except some",
    "step": "at a step",
    "count": "so many of them",
    "newest": "of the newest",
    "lasting": "that took longer or shorter than some time",
    "order": "by how long they took",
    "goal": "with lower or higher as better",
    "tolerance": "within a tolerance",
    "by_change": "sorted by change",
    "repeats": "over all repeats",
    "best": "by best values",
    "everything": "with all metrics",
    "why": "with what changed",
    "differing": "with only what differs",
    "part": "with only one part",
    "experiments": "in several experiments",
}


def refuse(problem: str, remedy: str, line: str, atoms: Sequence[Atom] = (), near: Iterable[str] = ()) -> NotUnderstood:
    """A request that is not understood, with the spot, the remedy and a line to type."""
    at, end = (atoms[0].at, atoms[-1].end) if atoms else (None, None)
    return NotUnderstood(problem, remedy=remedy, example=line, near=tuple(near), at=at, end=end)


def always(_draft: "Draft") -> bool:
    """Of a command that reads all that is said by itself."""
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """What can be asked for, as a row: what it does, what may stand beside it, how it is read and written back.

    `does` completes "I can …"; `slots` are names of SLOTS, with blanks between. `read` makes the request of the draft,
    `writers` write its requests back, by their type.
    """

    read: Callable[["Draft"], Request]
    does: str = ""  # "": never offered
    slots: str = ""
    example: Example = HELP
    writers: tuple[tuple[type, Writer], ...] = ()
    is_whole: Callable[["Draft"], bool] = lambda _draft: False  # read by itself, not slot by slot

    def takes(self, slot: str) -> bool:
        return slot in self.slots.split()

    @property
    def promise(self) -> str:
        """The words for what it does, with the first few slots that it takes."""
        phrases = [phrase for slot, phrase in SLOTS.items() if self.takes(slot)][:4]
        return f"{self.does} {_listed(phrases)}" if phrases else self.does

    def not_taken(self, slot: str, atoms: Sequence[Atom], names: Names) -> NotUnderstood:
        """The error for a slot that it does not take."""
        return refuse(f"I can {self.promise}, not {SLOTS[slot]}.", "Leave that out.", self.example.line(names), atoms)


def _listed(phrases: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


EVERYWHERE = "*"  # as an experiment: all of them, also where the channel agreed on one
LISTS = frozenset({"top", "running", "failed", "standup", "runs"})
PARTS = ("parameters", "tags", "datasets", "details")
RANKING = ("best", "worst", "top", "lowest", "highest")
_ANYBODY = frozenset({"anyone", "anybody", "someone", "somebody"})
_OWNED = ("latest", "previous", "best", "worst", "all", "failed", "finished")
_SEVERAL = frozenset(  # slots that may be said several times
    {"metrics", "excluded", "without_metrics", "without_parameters", "everything", "why", "best", "where"}
)
_FEWEST = 2  # letters that tell of names
_REPEAT = re.compile(r"[-_ ](?:seed|rep|repeat|fold|s)[-_ ]?\d{1,6}")  # behind the name that repeats share


class LeftOver(NotUnderstood):
    """Words are left that say nothing here; in a thread they mean that the bot was not asked."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A word taken for a name that is not known: it is looked up before the request is believed."""

    kind: Kind
    text: str


class Atoms:
    """What has atoms by their place; behind the last there are none."""

    atoms: list[Atom]

    def atom(self, place: int) -> Atom | None:
        return self.atoms[place] if 0 <= place < len(self.atoms) else None

    def key(self, place: int) -> str:
        return self.atoms[place].key if 0 <= place < len(self.atoms) else ""

    def skip(self, place: int, *keys: str) -> int:
        """The place behind what says nothing and is no name, and behind words of these keys."""
        while (
            place < len(self.atoms)
            and not self.atoms[place].quoted
            and (is_silent(self.atoms[place]) or self.atoms[place].key in keys)
            and not self.atoms[place].kinds
        ):
            place += 1
        return place

    def named(self, kind: Kind) -> list[str]:
        """The names of this kind, as they really are, wherever they stand."""
        return [each.kinds[kind] for each in self.atoms if kind in each.kinds]

    def says(self, *keys: str) -> bool:
        """Whether an atom of these keys stands anywhere."""
        return any(each.key in keys for each in self.atoms)


@dataclass
class Draft(Atoms):
    """The sides, and the slots with their spots, as far as they are read."""

    intent: str
    atoms: list[Atom]
    names: Names
    text: str
    commands: Mapping[str, Command]  # by intent
    place: int = -1  # the atom that says the intent; -1: none does
    is_read: Callable[[str], bool] | None = None  # whether a corrected line is understood; None: none is offered
    about: bool = False  # said about a comparison that stands already
    groups: list[list[Atom]] = field(default_factory=lambda: [[]])
    fillers: list[Atom] = field(default_factory=list)  # before the next name; a number, too
    is_parted: bool = False  # by a separator that waits for the next name
    hard: int = 0
    baseline: int | None = None  # the side behind `than`, `against`
    waits_for_baseline: bool = False
    spots: dict[str, list[Atom]] = field(default_factory=dict)
    experiments: dict[int, list[str]] = field(default_factory=dict)  # by the side they are said with
    user: str = ""
    others: list[str] = field(default_factory=list)  # further people, of lists
    metrics: list[str] = field(default_factory=list)
    without_metrics: list[str] = field(default_factory=list)
    without_parameters: list[str] = field(default_factory=list)
    status: str = ""
    since: str = ""
    until: str = ""
    day: str = ""  # the one day that is meant, where it is no beginning
    where: str = ""
    excluded: list[Exclusion] = field(default_factory=list)
    step: int | None = None
    count: int | None = None
    newest: int | None = None
    longer: str = ""
    shorter: str = ""
    order: str = ""
    goal: str = ""
    tolerance: float | None = None
    margin: float | None = None
    flags: set[str] = field(default_factory=set)
    part: str = ""
    worst: bool = False
    marks_baseline: bool = False
    left: list[Atom] = field(default_factory=list)
    quiet: list[Atom] = field(default_factory=list)  # nouns that belong to a number
    guesses: list[Guess] = field(default_factory=list)
    thread: dict[str, Atom] = field(default_factory=dict)  # what is asked of the comparison that stands

    def add(self, atom: Atom) -> None:
        if self.is_parted and any(not is_silent(each) for each in self.groups[-1]):
            self.groups.append([])
        if self.waits_for_baseline:
            self.baseline = len(self.groups) - 1
            self.waits_for_baseline = False
        self.groups[-1] += [*self.fillers, atom]
        self.fillers, self.is_parted = [], False

    def has_name(self) -> bool:
        return any(not is_silent(each) for each in self.groups[-1])

    def sides(self) -> list[list[Atom]]:
        """The atoms of each side that says something."""
        return [group for group in self.groups if any(not is_silent(each) for each in group)]

    def side_words(self) -> list[Atom]:
        """All that says something on the sides."""
        return [each for group in self.groups for each in group if not is_silent(each)]

    def note(self, slot: str, atoms: Sequence[Atom]) -> None:
        """Notes that a slot is said. Raises NotUnderstood where it is said twice."""
        if slot in self.spots and slot not in _SEVERAL:
            line = self.example(self.intent or "compare")
            raise refuse(
                f"{self.shown(atoms)} is one too many: that is said twice.", "Keep one of the two.", line, atoms
            )
        self.spots.setdefault(slot, []).extend(atoms)

    def shown(self, atoms: Sequence[Atom]) -> str:
        return f"“{' '.join(each.text for each in atoms)[:60]}”"

    def unknown_words(self, place: int) -> tuple[list[Atom], int]:
        """Words that nobody knows, up to the next one of ours."""
        last = unknown = place
        while last < len(self.atoms) and not self.atoms[last].quoted:
            atom = self.atoms[last]
            is_more = atom.key in ("number", "decimal") or (atom.role is Role.NOUN and last == unknown)
            if not (atom.is_unknown or (last > place and is_more)):
                break
            last += 1
            unknown = last
        first = place - 1 if place and last > place and self.atoms[place - 1].spelling in OWNING else place
        return self.atoms[first:last], last

    def name_of(self, place: int, kind: Kind) -> tuple[str, list[Atom], int]:
        """A name of this kind behind an introducer: known, quoted, or words nobody knows. "" for none."""
        place = self.skip(place, *(("experiment",) if kind is Kind.EXPERIMENT else ()))
        if place < len(self.atoms):
            atom = self.atoms[place]
            if kind in atom.kinds:
                return atom.kinds[kind], [atom], place + 1
            if atom.quoted or (atom.key in ("pattern", "id") and kind is Kind.EXPERIMENT):
                self.guesses.append(Guess(kind, atom.text))
                return atom.text, [atom], place + 1
            if atom.is_run or atom.kinds or atom.key == "number":
                if not atom.kinds.keys() & {Kind.METRIC, Kind.USER}:
                    self.guesses.append(Guess(kind, atom.text))
                    return atom.text, [atom], place + 1
                return "", [], place
        words, last = self.unknown_words(place)
        if words and not words[0].possessive:
            name = spelt(words)
            self.guesses.append(Guess(kind, name))
            return name, words, last
        return "", [], place

    def put_in(self, name: str, atoms: Sequence[Atom]) -> None:
        side = 0 if self.intent in LISTS else len(self.groups) - 1
        there = self.experiments.setdefault(side, [])
        if there and EVERYWHERE in (name, *there):
            raise self.second_experiment(atoms)
        if there and name not in there:
            self.spots.setdefault("experiments", []).extend(atoms)
        there += [name] if name not in there else []
        self.spots.setdefault("experiment", []).extend(atoms)

    def second_experiment(self, atoms: Sequence[Atom]) -> NotUnderstood:
        line = self.example(self.intent or "compare")
        return refuse(f"{self.shown(atoms)} is a second experiment.", "Name one, or leave it out for all.", line, atoms)

    def says_runs(self) -> bool:
        """Whether several runs are spoken of, but for those of `the last 10 runs`."""
        nouns = [each for each in self.atoms if each.key == "run" and each not in self.quiet]
        return any(each.spelling in PLURAL for each in nouns)

    def prefix(self, word: str) -> str:
        """What names of runs begin with, where a word tells of them: `xgb`, `xgbs`; "" where none do."""
        folded = word.casefold()
        forms = (folded, folded.removesuffix("s"))
        return next((each for each in forms if len(each) >= _FEWEST and self.names.begins_run(each)), "")

    def place_beginning(self, word: str) -> str:
        """The only experiment whose name begins with this word: `llm` of `llm-finetune`; "" for none or several."""
        first, experiments = pieces(word), self.names.all(Kind.EXPERIMENT)
        keys = zip(experiments, pieces_of(experiments), strict=True)
        found = [name for name, key in keys if first and key[: len(first)] == first]
        return found[0] if len(found) == 1 else ""

    def repeated(self, text: str) -> str:
        """What names of several runs begin with that differ in a seed alone: `mlp-32` of `mlp 32`; "" for none."""
        size, folded = len(text), pieces(text)
        alike = self.names.runs_beginning(folded[0] if folded else text)
        bases = [name[:size] for name in alike if _REPEAT.fullmatch(name[size:].casefold())]
        bases = [base for base in bases if pieces(base) == folded]
        return bases[0] if len(bases) > 1 else ""

    def lead(self) -> str:
        """The last word of the side that says something."""
        return next((each.key for each in reversed(self.groups[-1]) if not is_silent(each)), "")

    def put_user(self, name: str, atoms: Sequence[Atom]) -> None:
        if self.lead() in _OWNED and self.intent not in LISTS:
            # the person of this run alone: put before it, as `maya's latest` has it
            group = self.groups[-1]
            place = max(p for p, each in enumerate(group) if each.key in _OWNED)
            place -= place > 0 and group[place - 1].key == "all"
            group.insert(place, replace(atoms[0], key="", kinds={Kind.USER: name}, possessive=True, quoted=False))
            return
        if self.user and self.intent in LISTS:  # `by maya and jonas`
            self.spots["user"].extend(atoms)
            self.others += [name] if name not in (self.user, *self.others) else []
            return
        self.note("user", atoms)
        self.user = name

    def are_many(self) -> bool:
        """Whether `runs` stands before, and names none."""
        is_any = any(each.spelling in _ANYBODY for each in self.atoms)
        return is_any or any(each.spelling in PLURAL for each in self.fillers)

    def put_where(self, where: str, atoms: Sequence[Atom]) -> None:
        """Narrows what is meant by one more filter. Raises NotUnderstood for two values of one column."""
        self.note("where", atoms)
        column, is_equal, _value = where.partition(" = ")
        if is_equal and f"{column} = " in self.where and " and " not in where and where not in self.where:
            problem = f"No run has two values of {column.partition('.')[2] or column}."
            raise refuse(problem, "Ask for each by itself.", self.example("runs"), atoms)
        if where not in self.where:
            self.where = f"{self.where} and {where}" if self.where else where

    def flag(self, name: str, atom: Atom) -> None:
        self.note(name, [atom])
        self.flags.add(name)

    def example(self, intent: str) -> str:
        """A line that can be typed as it stands, with real names where they are known."""
        homes = (self.names.homes.get(each.kinds[Kind.RUN], "") for each in self.atoms if Kind.RUN in each.kinds)
        return self.commands[intent].example.line(self.names, self.experiment or next(filter(None, homes), ""))

    def example_line(self) -> str:
        return self.example(self.intent or "compare")

    def comparison_line(self) -> str:
        return self.example("compare")

    @property
    def experiment(self) -> str:
        named = {name for each in self.experiments.values() for name in each}
        return named.pop() if len(named) == 1 else ""

    @property
    def several(self) -> tuple[str, ...]:
        """The experiments, where one side or a list is of several."""
        return tuple(next((each for each in self.experiments.values() if len(each) > 1), ()))

    def among(self, *, since: bool = True, where: bool = True) -> Among:
        is_summed = self.intent in ("standup", "finished")  # `standup yesterday` goes on until now
        if self.day and self.day == self.since and not self.until and self.day != "today" and not is_summed:
            self.until = self.day
        return Among(
            self.user,
            self.status,
            self.since if since else "",
            self.until,
            self.where if where else "",
            tuple(self.excluded),
            self.count,
            self.several,
            self.newest,
            tuple(self.others),
            self.longer,
            self.shorter,
            self.order,
        )

    def check(self, intent: str, *, is_silent_on_runs: bool = True) -> None:
        """Raises NotUnderstood for words that are left, runs that are not asked for and slots that are not taken."""
        if is_silent_on_runs:
            self.left += self.side_words()
        self.left += [each for key, each in self.thread.items() if key != "remove"] if self.thread else []
        if self.left:
            raise self.left_over(intent)
        for slot, atoms in self.spots.items():
            if self.commands[intent].takes(slot):
                continue
            raise self.second_experiment(atoms) if slot == "experiments" else self.not_taken(intent, slot, atoms)

    def not_taken(self, intent: str, slot: str, atoms: Sequence[Atom]) -> NotUnderstood:
        return self.commands[intent].not_taken(slot, atoms, self.names)

    def left_over(self, intent: str) -> NotUnderstood:
        """What to say of the words that are left, the first of them marked; a word that is nearly known is offered."""
        self.left.sort(key=lambda each: each.at)
        first = self.left[0]
        name = first.spelling
        alike, spelt_so = self.names.near(first.text), near(name) if first.is_unknown else ()
        line, does = "", self.commands[intent].promise
        for word in (*spelt_so, *alike[:1]) if self.is_read else ():
            corrected = f"{self.text[: first.at]}{word}{self.text[first.end :]}".strip()
            if self.is_read and word != name and " " not in word and self.is_read(corrected):
                line = corrected
                break
        can = f"I can {does}." if does else "I compare ML runs and tell how they go."
        return LeftOver(
            f"I do not understand {self.shown([first])}.",
            remedy=can if not line else "Where that is meant, say it so.",
            example=line or self.example(intent),
            near=tuple(word for word in alike or spelt_so if self._is_better(word, first)),
            at=first.at,
            end=first.end,
        )

    def _is_better(self, word: str, atom: Atom) -> bool:
        """Whether the request is understood with this word in place of the one that is not."""
        line = f"{self.text[: atom.at]}{written(word)}{self.text[atom.end :]}".strip()
        is_other = word.casefold() != atom.spelling
        return is_other and (self.is_read is None or self.is_read(line))


_UNDERSTOOD = "Behind an experiment I understand against, where, by, only, when, metrics, quiet, except, mention owner."
_WATCH_EXAMPLES = {"watch": WATCH, "unwatch": UNWATCH}
Guesses = list[tuple[Kind, str]]


@dataclass
class WatchDraft(Atoms):
    """The watch as far as it is read, and the words of it that are not."""

    intent: str
    atoms: list[Atom]
    place: int
    names: Names
    text: str
    option_keys: frozenset[str]  # of the atoms that begin an option
    watching: Watch = field(default_factory=lambda: Watch(""))
    at: int | None = None
    seen: set[str] = field(default_factory=set)
    guesses: Guesses = field(default_factory=list)
    is_all: bool = False
    rule_text: str = ""  # the text without a place that stands within a rule
    holds_against: bool = False  # `compare each new run with …`: what follows `with` is the baseline
    verb: str = ""  # of a line to type, where it is not watch or unwatch
    ends_all: bool = False  # `don't notify us …`: what follows is no description of a watch
    is_silent: bool = False  # `silent unless …`
    only: Atom | None = None  # said before what is done
    refusal: NotUnderstood | None = None  # the first one
    run: Atom | None = None  # the only run that is watched
    open_lines: list[tuple[NotUnderstood, str]] = field(default_factory=list)  # refusals whose line is not whole yet

    def put(self, **options: Any) -> None:
        """Takes options of a watch, by the names of its fields."""
        self.watching = replace(self.watching, **options)

    def is_place(self, atom: Atom | None) -> bool:
        """Whether it is the experiment that is watched: the first that is named."""
        return atom is not None and Kind.EXPERIMENT in atom.kinds and not self.watching.place

    def put_place(self, name: str, *atoms: Atom) -> None:
        if self.watching.place:
            problem = "One watch is of one experiment, or of a pattern of names."
            remedy = "Watch each by itself, or all of them with a pattern such as team/*."
            raise self._one_of(self.refused(problem, remedy, atoms), self.watching.place, self.at, name)
        self.put(place=name)
        self.at = atoms[0].at

    def put_run(self, name: str, atom: Atom, field_: str = "attributes.run_name") -> None:
        """One run, by its name or id: a filter, beside others that are said."""
        if self.run is not None:
            error = self.refused("A watch is of one run, or of an experiment.", "Watch each by itself.", [atom])
            raise self._one_of(error, self.run.text, self.run.at, name)
        self.run = replace(atom, text=name)
        self.put_filter(is_text(field_, name))

    def begins_names(self, atom: Atom) -> bool:
        """Whether names of runs begin with this word, of which nothing else is known."""
        spelling = atom.spelling
        is_word = atom.is_unknown and not atom.quoted and spelling.replace("-", "").isalnum()
        return is_word and any(name.casefold().startswith(spelling) for name in self.names.all(Kind.RUN))

    def put_filter(self, where: str) -> None:
        both = f"{self.watching.where} and {where}" if self.watching.where else where
        self.put(where=both)

    @staticmethod
    def _one_of(error: NotUnderstood, first: str, at: int | None, other: str) -> NotUnderstood:
        """With each of two names as a choice, in place of both."""
        if first != other and not is_pattern(f"{first}{other}"):
            error.at, error.near = at, (first, other)
        return error

    def choose(self, only: OnlyRuns, atom: Atom) -> None:
        if self.watching.only is not None:
            raise self._twice("only", atom)
        self.put(only=only)

    def _twice(self, option: str, atom: Atom) -> NotUnderstood:
        return self.refused(
            f"{option.capitalize()} is said twice.", "Keep one of the two, or set up two watches.", [atom]
        )

    def once(self, option: str, atom: Atom) -> None:
        if option in self.seen:
            raise self._twice(option, atom)
        self.seen.add(option)

    def refused(
        self, problem: str, remedy: str, atoms: Sequence[Atom], line: str = "", options: str = ""
    ) -> NotUnderstood:
        verb = "unwatch" if self.intent == "unwatch" else "watch"
        place = self.watching.place
        named = (
            f"{verb} {place if place == '*' or set('*?') & set(place) else quoted(place)}"
            if place
            else _WATCH_EXAMPLES[verb].line(self.names)
        )
        error = refuse(problem, remedy, line or f"{named} {options}".strip(), atoms)
        if not line:
            self.open_lines.append((error, options))
        return error

    def tried(self, place: int, read: Callable[[int], int]) -> int:
        """The place behind what is read; what is not understood is raised when all is read."""
        try:
            return read(place)
        except NotUnderstood as error:
            self.refusal = self.refusal or error
            return self.behind(error, place + 1)

    def behind(self, error: NotUnderstood, place: int) -> int:
        """The atom behind the spot of an error, at least the one behind this place."""
        while place < len(self.atoms) and error.end is not None and self.atoms[place].at < error.end:
            place += 1
        return place

    def completed(
        self, error: NotUnderstood, write: Callable[[Watch], str], is_read: Callable[[str], bool] | None
    ) -> NotUnderstood:
        """The error with all else that is understood in the line to type."""
        options = next((options for each, options in self.open_lines if each is error), None)
        if options is None or is_read is None:
            return error
        verb = self.verb or ("unwatch" if self.intent == "unwatch" else "watch")
        kind = "watch" if verb == "watch" else "unwatch"
        example = _WATCH_EXAMPLES[kind].line(self.names).partition(" ")[2]
        place = self.watching.place or ("" if self.run else example)
        words = write(replace(self.watching, place=place))
        lines = [f"{verb} {words} {options}".strip(), f"{verb} {words}"]
        if verb == "change watch":
            named = write(Watch(place))
            changed = write(replace(self.watching, place=""))
            lines = [" ".join(f"{verb} {named} to {changed} {options}".split()), f"{verb} {named}"]
        error.example = next(filter(is_read, lines), error.example)
        return error

    def read_place(self, place: int) -> int:
        atom = self.atoms[place]
        if Kind.EXPERIMENT in atom.kinds or Kind.WATCH in atom.kinds:
            self.put_place(atom.kinds.get(Kind.EXPERIMENT) or atom.kinds[Kind.WATCH], atom)
            return place + 1
        if atom.key == "link":
            if runs := linked_runs(atom.text):
                self.put_run(runs[0][0], atom, "attributes.run_id")
            else:
                self.put_place(self._linked(atom), atom)
            return place + 1
        if Kind.RUN in atom.kinds:
            self.put_run(atom.kinds[Kind.RUN], atom)
            return place + 1
        if atom.key == "id" and not atom.text.isdecimal():
            self.put_run(atom.text, atom, "attributes.run_id")
            return place + 1
        if atom.is_unknown or atom.quoted or atom.key in ("pattern", "number", "id") or atom.kinds:
            words, last = (
                ([atom], place + 1)
                if atom.quoted or atom.kinds or (atom.key == "pattern" and not atom.text.startswith("*"))
                else self.unknown_words(place)
            )
            if self.watching.place:
                line = self._with_option(atom)
                raise self.refused(f"I do not understand “{words[0].text}”.", _UNDERSTOOD, words, line)
            if not atom.text.strip():
                raise self.refused("There is no name between these quotes.", "Name an experiment.", [atom])
            self.put_place(self.typed(words), *words)
            self.guesses.append((Kind.EXPERIMENT, self.watching.place))
            return last
        raise self.refused(
            f"I do not understand “{atom.text}”.", "Name an experiment, and what of it is watched.", [atom]
        )

    def typed(self, words: Sequence[Atom]) -> str:
        """A name, with the stars around it that stand for bold elsewhere: here it is a pattern."""
        raw = html.unescape(self.text[words[0].at : words[-1].end])
        return " ".join(raw.split()) if raw[:1] == raw[-1:] == "*" and len(raw) > 1 else spelt(words)

    def unknown_words(self, place: int) -> tuple[list[Atom], int]:
        """Words that nobody knows, and what joins them: `cats in hats`."""
        last = place + 1
        while last < len(self.atoms) and not self.atoms[last].quoted:
            behind = self.atoms[last + 1] if last + 1 < len(self.atoms) else None
            joins = (
                self.atoms[last].key in ("in", "of", "and", "dash", "with")
                and behind is not None
                and behind.is_unknown
                and not behind.quoted
            )
            if not (
                self.atoms[last].is_unknown
                or self.atoms[last].key in ("number", "pattern")
                or (self.atoms[last].role is Role.NOUN)
                or (self.atoms[last].key == "bound" and not self.atoms[last].text[:1].isalpha())
                or joins
            ):
                break
            last += 1
        first = place - 1 if place and self.atoms[place - 1].spelling in OWNING else place
        return self.atoms[first:last], last

    def plain_words(self, place: int) -> tuple[list[Atom], int]:
        last = place + 1
        while last < len(self.atoms) and self.atoms[last].is_unknown and not self.atoms[last].quoted:
            last += 1
        return self.atoms[place:last], last

    def _with_option(self, atom: Atom) -> str:
        """The line with the option that a word nearly is."""
        alike = difflib.get_close_matches(
            atom.spelling, [each for each in self.option_keys if len(each) > 3], n=1, cutoff=0.75
        )
        return f"{self.text[: atom.at]}{alike[0]}{self.text[atom.end :]}".strip() if alike else ""

    def _linked(self, atom: Atom) -> str:
        found = re.search(r"experiments/(\d+)", atom.text)
        if not found:
            raise self.refused(
                "This link leads to no experiment.", "Paste the address of an experiment's page in MLflow.", [atom]
            )
        return found[1]

    def until_option(self, place: int) -> int:
        """Where the next option begins."""
        while place < len(self.atoms) and (
            self.atoms[place].key not in self.option_keys or self.atoms[place].key == "of"
        ):
            place += 1
        return place
