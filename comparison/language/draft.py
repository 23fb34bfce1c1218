"""The draft of a request: what was said so far, word by word, before it is known to be a request."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from comparison.errors import NotUnderstood
from comparison.language.atoms import OWNING, Atom, is_silent, spelt
from comparison.language.lexicon import PLURAL, Role, near
from comparison.language.names import Kind, Names, pieces
from comparison.language.quoting import written
from comparison.language.sides import SideWords, read_side
from comparison.language.slots import Wording, refuse
from comparison.run_reference import AllRuns, Among, Exclusion, Latest, Leading, Named, Pinned, Registered, RunReference

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
_RANKS = {"baseline": 0, "champion": 1, "production": 1}  # which side is the baseline wherever it is named


class LeftOver(NotUnderstood):
    """Words are left that say nothing here; in a thread they mean that the bot was not asked."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A word taken for a name that is not known: it is looked up before the request is believed."""

    kind: Kind
    text: str


@dataclass
class Draft:
    """The sides, and the slots with their spots, as far as they are read."""

    intent: str
    atoms: list[Atom]
    names: Names
    text: str
    wordings: Mapping[str, Wording]  # by intent
    place: int = -1  # the atom that says the intent; -1: none does
    is_read: Callable[[str], bool] | None = None  # whether a corrected line is understood; None: none is offered
    about: bool = False  # said about a comparison that stands already
    groups: list[list[Atom]] = field(default_factory=lambda: [[]])
    held: list[Atom] = field(default_factory=list)  # fillers before the next name
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
        self.groups[-1] += [*self.held, atom]
        self.held, self.is_parted = [], False

    def has_name(self) -> bool:
        return any(not is_silent(each) for each in self.groups[-1])

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

    def skip(self, place: int, *more: str) -> int:
        while (
            place < len(self.atoms)
            and not self.atoms[place].quoted
            and (is_silent(self.atoms[place]) or self.atoms[place].key in more)
            and not self.atoms[place].kinds
        ):
            place += 1
        return place

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
        first = place - 1 if place and last > place and self.atoms[place - 1].text.casefold() in OWNING else place
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
        return any(each.text.casefold() in PLURAL for each in nouns)

    def prefix(self, said: str) -> str:
        """What names of runs begin with, where a word tells of them: `xgb`, `xgbs`; "" where none do."""
        folded = said.casefold()
        forms = (folded, folded.removesuffix("s"))
        return next((each for each in forms if len(each) >= _FEWEST and self.names.runs_beginning(each)), "")

    def place_beginning(self, said: str) -> str:
        """The only experiment whose name begins with this word: `llm` of `llm-finetune`; "" for none or several."""
        first = pieces(said)
        found = [name for name in self.names.all(Kind.EXPERIMENT) if first and pieces(name)[: len(first)] == first]
        return found[0] if len(found) == 1 else ""

    def repeated(self, said: str) -> str:
        """What names of several runs begin with that differ in a seed alone: `mlp-32` of `mlp 32`; "" for none."""
        size, folded = len(said), pieces(said)
        alike = self.names.runs_beginning(folded[0] if folded else said)
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
        is_any = any(each.text.casefold() in _ANYBODY for each in self.atoms)
        return is_any or any(each.text.casefold() in PLURAL for each in self.held)

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
        said = (self.names.homes.get(each.kinds[Kind.RUN], "") for each in self.atoms if Kind.RUN in each.kinds)
        return self.wordings[intent].example.line(self.names, self.experiment or next(filter(None, said), ""))

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
            self.left += [each for group in self.groups for each in group if not is_silent(each)]
        self.left += [each for key, each in self.thread.items() if key != "remove"] if self.thread else []
        if self.left:
            raise self.left_over(intent)
        for slot, atoms in self.spots.items():
            if self.wordings[intent].takes(slot):
                continue
            raise self.second_experiment(atoms) if slot == "experiments" else self.not_taken(intent, slot, atoms)

    def not_taken(self, intent: str, slot: str, atoms: Sequence[Atom]) -> NotUnderstood:
        return self.wordings[intent].not_taken(slot, atoms, self.names)

    def left_over(self, intent: str) -> NotUnderstood:
        """What to say of the words that are left, the first of them marked; a word that is nearly known is offered."""
        self.left.sort(key=lambda each: each.at)
        first = self.left[0]
        name = first.text.casefold()
        alike, spelt_so = self.names.near(first.text), near(name) if first.is_unknown else ()
        line, does = "", self.wordings[intent].promise
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
        said = f"{self.text[: atom.at]}{written(word)}{self.text[atom.end :]}".strip()
        is_other = word.casefold() != atom.text.casefold()
        return is_other and (self.is_read is None or self.is_read(said))

    def sides(self) -> list[SideWords]:
        """The runs that each side names. Words that say nothing there are left."""
        groups = [group for group in self.groups if any(not is_silent(each) for each in group)]
        asks_how = any(each.key == "status" and each.text.casefold() == "how is" for each in self.atoms)
        owned = next((group for group in groups if len(_said(group)) > 1 and _owner(group)), [])
        groups = [  # `maya's and jonas's best`
            [*each, *_said(owned)[1:]] if owned and _owner(each) and len(_said(each)) == 1 else each for each in groups
        ]
        leads = ("compare", "curves", "sweeps", "show", "who", "status", "pin", "set", "make")
        is_led = self.intent in leads and not asks_how
        found = [
            read_side(group, self.names, self.text, is_parted=self.hard > 0 and len(groups) > 1, is_led=is_led)
            for group in groups
        ]
        self.left += [each for side in found for each in side.left]
        self.guesses += [Guess(*each) for side in found for each in side.guesses]
        return found

    def runs(self) -> list[RunReference]:
        """All runs that are named, the baseline first."""
        sides = self.sides()
        places = [place for place, side in enumerate(sides) for _run in side.runs]
        found = [run for side in sides for run in side.runs]
        if len({tuple(each) for each in self.experiments.values()}) > 1:
            if self.several:
                raise self.second_experiment(self.spots["experiments"])
            found = [
                self._within(run, next(iter(self.experiments.get(place, ())), ""))
                for run, place in zip(found, places, strict=True)
            ]
        if self.baseline is not None and self.baseline in places:
            first = places.index(self.baseline)
            if isinstance(found[first], AllRuns):  # `A against all others`
                return found
            return [found[first], *found[:first], *found[first + 1 :]]
        ranks = [_rank(run) for run in found]
        if ranks and ranks.count(min(ranks)) == 1 and min(ranks) < 3:
            first = ranks.index(min(ranks))
            return [found[first], *found[:first], *found[first + 1 :]]
        return found

    def _within(self, run: RunReference, experiment: str) -> RunReference:
        if not experiment:
            return run
        match run:
            case Latest() | Leading():
                return replace(run, experiment=experiment)
            case Named() if "/" not in run.text:
                return replace(run, text=f"{experiment}/{run.text}", otherwise="")
        line = "latest in my-experiment vs latest in other-experiment"
        known = self.names.all(Kind.EXPERIMENT)[:2]
        raise refuse(
            "Each side may be of its own experiment only where it is a name, latest or best.",
            "Name one experiment.",
            f"latest in {known[0]} vs latest in {known[1]}" if len(known) > 1 and " " not in "".join(known) else line,
            self.spots["experiment"],
        )


def _said(group: Sequence[Atom]) -> list[Atom]:
    return [each for each in group if not is_silent(each)]


def _owner(group: Sequence[Atom]) -> bool:
    """Whether a person begins what is said, as whose something is."""
    first = next(iter(_said(group)), None)
    return first is not None and first.possessive and Kind.USER in first.kinds


def _rank(run: RunReference) -> int:
    """The lower, the more it is the baseline, wherever it is named."""
    match run:
        case Pinned():
            return 0
        case Registered():
            return _RANKS.get(run.alias.casefold(), 2)
        case Named():
            return _RANKS.get(run.text.casefold(), 3)
    return 3
