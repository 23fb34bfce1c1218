"""What was typed → the request it makes: names first, slots in any order, nothing dropped in silence.

`read` is pure: it is given the names that are known, and says which words it took for names that are not.
"""

# ruff: noqa: C901, PLR0911, PLR0912 -- a grammar is a list of cases, each in its place

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal

from comparison.channel_defaults import EXAMPLES, OFF, ON
from comparison.errors import NotUnderstood
from comparison.judgement.goals import EITHER, goal_of
from comparison.language.access_command import read_access
from comparison.language.cover import Atom, cover, spelt
from comparison.language.intents import HARD, PLURAL, STATUS, find_intent, is_small_talk, stands_as_name
from comparison.language.joined_names import merged
from comparison.language.lexicon import Role, near
from comparison.language.names import Kind, Names
from comparison.language.scanner import scan
from comparison.language.sides import OWNING, Side, is_material, is_silent, read_side
from comparison.language.slots import INTENTS, example, not_taken, refuse, takes
from comparison.language.subscriptions import read_subscription
from comparison.request import (
    Compare,
    Curves,
    Experiments,
    Failed,
    Help,
    ListWatches,
    Pin,
    Request,
    Running,
    Runs,
    SetDefault,
    Show,
    ShowSettings,
    Standup,
    Sweep,
    Top,
)
from comparison.run_reference import (
    AllRuns,
    Among,
    Exclusion,
    Group,
    Latest,
    Leading,
    Linked,
    Named,
    Pinned,
    Registered,
    RunReference,
    SweepRuns,
    TopRuns,
)
from comparison.runs import Goal
from comparison.tolerance import read_tolerance, write_tolerance

_PARENTHESES = re.compile(  # what is added in brackets: `A vs B (by f1)`
    r"(?<!\S)\(((?:by|in|since|at|only|not|except|without|using|for|on|until|from) [^()\n]*)\)"
)
MOST_RUNS = 50
MOST_NEWEST = 200  # runs among which the best is looked for
EVERYWHERE = "*"  # as an experiment: all of them, also where the channel agreed on one
MOST_LISTED = 50
_ANYBODY = frozenset({"anyone", "anybody", "someone", "somebody"})
_BARE_TERM = re.compile(  # of a filter, without its column
    r"(?<![\w.`'\"])(?P<name>[\w-]+)\s*(?P<sign>!=|>=|<=|=|>|<)\s*(?P<value>'[^']*'|\"[^\"]*\"|-?[\w.]+)"
)
_PREFIX = re.compile(r"[\w.+-]+")
_LEADS_SIDE = frozenset({"where", "wobei", "dónde"})  # `which run used lr=0.1` lists runs
_SHARES = frozenset({"%", "percent", "pct", "prozent"})
_WHOLE_SHARE = 100  # percent
_LISTS = frozenset({"top", "running", "failed", "standup", "runs"})
_PARTS = ("parameters", "tags", "datasets", "details")
_OWNED = ("latest", "previous", "best", "worst", "all", "failed", "finished")
_LEFT_OUT = (Kind.RUN, Kind.METRIC, Kind.EXPERIMENT, Kind.USER, Kind.PARAMETER)
_FORCED = {
    "by": Kind.USER,
    "user": Kind.USER,
    "in": Kind.EXPERIMENT,
    "experiment": Kind.EXPERIMENT,
    "metrics": Kind.METRIC,
    "parameters": Kind.PARAMETER,
}
_RANKING = ("best", "worst", "top", "lowest", "highest")
_THREAD = frozenset({"swap", "add", "refresh", "choose", "instead", "same", "replace"})
_BESIDE = {  # intents that say nothing beside this one
    "unset": ("goal", "unset"),
    "failed": ("show", "who", "failed"),
    "running": ("show", "who", "running"),
    "runs": ("show", "runs", "who"),
    "compare": ("show", "compare", "status", "make"),
    "settings": ("show", "settings", "set"),
    "show": ("show", "status", "set"),
    "curves": ("show", "curves", "compare", "status"),
    "sweeps": ("show", "sweeps", "status", "curves"),
    "status": ("show", "status", "standup"),
    "": ("show", "set"),
    "set": ("show", "goal", "set"),
}
_SEVERAL = frozenset(  # slots that may be said several times
    {"metrics", "excluded", "without_metrics", "without_parameters", "everything", "why", "best"}
)
_EXAMPLES = frozenset({"example", "examples"})
_BEFORE_EXAMPLES = frozenset({"the", "same"})
_SWITCH = {"on": ON, "yes": ON, "true": ON, "off": OFF, "no": OFF, "false": OFF}
_BEFORE_VALUE = frozenset({"to", "of", "=", "is", "for", "at"})
_MINE = frozenset({"my", "mine", "i"})
_RANKS = {"baseline": 0, "champion": 1, "production": 1}  # which side is the baseline wherever it is named


class LeftOver(NotUnderstood):
    """Words are left that say nothing here; in a thread they mean that the bot was not asked."""


class SmallTalk(LeftOver):
    """`thanks a lot!`: what people say to each other; nothing is asked."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A word taken for a name that is not known: it is looked up before the request is believed."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    request: Request
    guesses: tuple[Guess, ...] = ()


def parse(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> Request:
    """The request that was said. Raises NotUnderstood with the spot, a remedy and a line to type."""
    return read(text, names, command=command).request


def read(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> Reading:
    """The request, and which of its words were taken for names that nobody knows. Raises NotUnderstood."""
    known = names or Names()
    if (access := read_access(text)) is not None:
        return Reading(access)
    try:
        return _read(text, known, command)
    except NotUnderstood as error:
        if (bare := _PARENTHESES.sub(r" \1 ", text)) == text:
            raise
        try:
            return _read(text, known, command, scanned=bare)
        except NotUnderstood:
            raise error from None


def _read(text: str, known: Names, command: str, *, scanned: str = "") -> Reading:
    """The request in `text`; `scanned` is the same with blanks in place of signs that say nothing."""
    try:
        tokens = scan(scanned or text, command)
        if not tokens or all(token.is_comma for token in tokens):
            return Reading(Help(unasked=True))
        atoms = merged(cover(tokens, known, text), text)
        if is_small_talk(atoms):
            raise SmallTalk("That asks for nothing.", "Say what you want to see.", at=atoms[0].at, end=atoms[-1].end)
        return _request(atoms, known, text)
    except NotUnderstood as error:
        line_ = error.example if _is_read(error.example, known) else example("help", known)
        raise replace(error, text=error.text or text[:2_000], example=line_) from None


def parse_run(text: str, names: Names | None = None) -> RunReference:
    """One run as it was named, all of the text being its name. Raises NotUnderstood."""
    if not text.strip():
        raise NotUnderstood("No run is named.", remedy="Name one.", text=text)
    tokens = scan(text, "") if text.lstrip()[:1] in "<\"“'«`" or "://" in text else []
    if len(tokens) == 1:
        known = names or Names()
        side = read_side(cover(tokens, known, text), known, text, is_parted=True, is_led=False)
        if len(side.runs) == 1:
            return side.runs[0]
    return Named(text.strip())


def _request(atoms: list[Atom], names: Names, text: str, *, offers: bool = True) -> Reading:
    intent, place = find_intent(atoms)
    if intent in ("watch", "watch_when", "unwatch", "digest"):
        request, guesses = read_subscription(intent, atoms, place, names, text)
        return Reading(request, tuple(Guess(*each) for each in guesses))
    said = Said(intent, atoms, names, text, offers=offers)
    said.read(skipping=place)
    request = said.request()
    return Reading(request, tuple(said.guesses))


# The words of a request


@dataclass
class Said:
    """What was said so far: the sides, and the slots with their spots."""

    intent: str
    atoms: list[Atom]
    names: Names
    text: str
    offers: bool = True  # whether a corrected line is looked for
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

    # Reading

    def read(self, *, skipping: int) -> None:
        if self.intent in ("set", "unset") and (self._tolerance_at() is not None or self._sets_examples()):
            return  # read as a whole by `_as_tolerance` and `_as_examples`
        place = 0
        while place < len(self.atoms):
            is_status = self.intent in ("runs", "top") and self.atoms[place].key in STATUS
            if place == skipping and self.atoms[place].role is Role.INTENT and not is_status:
                if self.intent == "compare" and self._has_name():
                    self.waits_for_baseline = self.is_parted = self.atoms[place].text.casefold() in (
                        "compare",
                        "compared",
                    )
                place += 1
            else:
                place = self._next(place)

    def _next(self, place: int) -> int:
        """Reads what begins here and gives the place behind it."""
        atom = self.atoms[place]
        if atom.key == "every" and self.atoms[place + 1 : place + 2] and self.atoms[place + 1].key == "run":
            atom = replace(atom, key="all")
        if place and atom.text.casefold() == "details" and self.intent in ("compare", "", "show", "status"):
            return self._read_part(replace(atom, key="details"), place)
        if atom.quoted or stands_as_name(self.atoms, place, self.intent):
            self._add(replace(atom, key="", possessive=False, quoted=atom.quoted or not atom.kinds))
            return place + 1
        if atom.role is not None and Kind.RUN in atom.kinds:  # the word it is, not the run that is called so
            atom = replace(atom, kinds={kind: name for kind, name in atom.kinds.items() if kind is not Kind.RUN})
        read: Callable[[Atom, int], int] | None = getattr(
            self, f"_read_{atom.key or 'name'}".replace(",", "comma"), None
        )
        if read is not None:
            return read(atom, place)
        if atom.key in _PARTS:
            return self._read_part(atom, place)
        if is_silent(atom):
            self._check_person(atom, place)
            (self.groups[-1] if self.groups[-1] and not self.is_parted else self.held).append(atom)
        elif atom.role == Role.RUN or atom.key in ("link", "model", "id", "pattern", "sweep", "seeds", "top"):
            self._add(atom)
        elif atom.key == "define" or atom.key in _BESIDE.get(self.intent, ("show", self.intent)):
            pass  # `show failed runs`, `set goal …`: said by the intent
        elif atom.key in _THREAD:
            self.thread[atom.key] = atom
        else:
            self.left.append(atom)
        return place + 1

    def _check_person(self, atom: Atom, place: int) -> None:
        """Raises NotUnderstood for `my latest`, `what did I run`: nobody knows what MLflow calls who asks."""
        behind = next((each for each in self.atoms[place + 1 : place + 2]), None)
        if behind is None or behind.kinds or atom.text.casefold() not in _MINE:
            return
        if atom.text.casefold() == "i":
            is_of_runs = behind.text.casefold() in ("run", "ran", "start", "started", "launched", "train", "trained")
        else:
            is_many = behind.key == "run" and behind.text.casefold() in PLURAL
            is_of_runs = is_many or behind.role is Role.RUN or behind.key in (*STATUS, "all", "standup", "top")
        if is_of_runs:
            person = next(iter(self.names.all(Kind.USER)), "maya")
            line = f"latest by user {_quoted(person)}"
            raise refuse("I do not know what MLflow calls you.", "Name yourself as MLflow does.", line, [atom])

    def _add(self, atom: Atom) -> None:
        if self.is_parted and any(not is_silent(each) for each in self.groups[-1]):
            self.groups.append([])
        if self.waits_for_baseline:
            self.baseline = len(self.groups) - 1
            self.waits_for_baseline = False
        self.groups[-1] += [*self.held, atom]
        self.held, self.is_parted = [], False

    def _has_name(self) -> bool:
        return any(not is_silent(each) for each in self.groups[-1])

    def _set(self, slot: str, atoms: Sequence[Atom]) -> None:
        """Notes that a slot is said. Raises NotUnderstood where it is said twice."""
        if slot in self.spots and slot not in _SEVERAL:
            line = example(self.intent or "compare", self.names)
            raise refuse(
                f"{self._shown(atoms)} is one too many: that is said twice.", "Keep one of the two.", line, atoms
            )
        self.spots.setdefault(slot, []).extend(atoms)

    def _shown(self, atoms: Sequence[Atom]) -> str:
        return f"“{' '.join(each.text for each in atoms)[:60]}”"

    def _skip(self, place: int, *more: str) -> int:
        while (
            place < len(self.atoms)
            and not self.atoms[place].quoted
            and (is_silent(self.atoms[place]) or self.atoms[place].key in more)
            and not self.atoms[place].kinds
        ):
            place += 1
        return place

    def _spelt(self, place: int) -> tuple[list[Atom], int]:
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

    def _name_of(self, place: int, kind: Kind) -> tuple[str, list[Atom], int]:
        """A name of this kind behind an introducer: known, quoted, or words nobody knows. "" for none."""
        place = self._skip(place, *(("experiment",) if kind is Kind.EXPERIMENT else ()))
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
        words, last = self._spelt(place)
        if words and not words[0].possessive:
            name = spelt(words)
            self.guesses.append(Guess(kind, name))
            return name, words, last
        return "", [], place

    # Separators and names

    def _read_vs(self, _atom: Atom, place: int) -> int:
        self.hard += 1
        self.is_parted = True
        return place + 1

    def _read_against(self, _atom: Atom, place: int) -> int:
        self.waits_for_baseline = True
        return self._read_vs(_atom, place)

    def _read_than(self, atom: Atom, place: int) -> int:
        if atom.text.casefold() == "faster than" and not self.part:
            self._set("part", [atom])  # how long they took
            self.part = "details"
        self.waits_for_baseline = self.is_parted = True
        return place + 1

    def _read_and(self, _atom: Atom, place: int) -> int:
        self.is_parted = True
        return place + 1

    _read_comma = _read_or = _read_with = _read_dash = _read_and

    def _read_sweep(self, atom: Atom, place: int) -> int:
        """`sweep fraud`, where fraud is an experiment; before the name of a run it names its children."""
        at = self._skip(place + 1)
        follows = self.atoms[at].kinds if at < len(self.atoms) else {}
        if self.intent == "sweeps" and (Kind.EXPERIMENT in follows and Kind.RUN not in follows):
            return at
        if self.intent == "sweeps" and (at == len(self.atoms) or self.atoms[at].role is Role.SLOT):
            return place + 1  # `sweep`, `sweep in fraud`
        self._add(atom)
        return place + 1

    def _read_name(self, atom: Atom, place: int) -> int:
        """A name that nothing introduces: its kind says what it is for."""
        takes_runs = self.intent not in _LISTS
        if atom.is_unknown and self._says_when(atom):
            return place + 1
        if atom.is_unknown and self._begins_names(atom, place):
            return place + 1
        if self._goes_on_with_experiments(atom, place):
            self.guesses += [] if Kind.EXPERIMENT in atom.kinds else [Guess(Kind.EXPERIMENT, atom.text)]
            self._in(atom.kinds.get(Kind.EXPERIMENT, atom.text), [atom])
            return place + 1
        if atom.is_unknown and atom.text.casefold() in ("score", "scores") and place and self.atoms[place - 1].metric:
            return place + 1  # `the f1 score`
        behind = self.atoms[place + 1] if place + 1 < len(self.atoms) else None
        is_drawn = self.intent == "curves" and not self._has_name() and not self.is_parted
        if is_drawn and atom.is_unknown and behind and (behind.key == "of" or atom.metric):
            return self._metrics(place)  # `plot val_loss of A`
        if Kind.EXPERIMENT in atom.kinds and behind and behind.key == "run" and behind.text.casefold() in PLURAL:
            self._in(atom.kinds[Kind.EXPERIMENT], [atom])
            return place + 1
        is_place = Kind.EXPERIMENT in atom.kinds and self._lead() in ("latest", "previous") and not self.is_parted
        if is_place or (atom.possessive and Kind.USER not in atom.kinds and Kind.EXPERIMENT in atom.kinds):
            self._in(atom.kinds[Kind.EXPERIMENT], [atom])
            return place + 1
        if atom.possessive and Kind.USER not in atom.kinds and atom.is_run:
            atom = replace(atom, possessive=False)
        if self.intent == "compare" and not atom.is_run and not atom.possessive:
            self._check_side(atom, place)
        is_ranked = takes_runs and self._lead() in _RANKING and place > 0 and self.atoms[place - 1].key in _RANKING
        may_be_metric = bool(atom.metric) or not atom.is_identifier
        if is_ranked and atom.is_unknown and may_be_metric and not (atom.possessive or self.is_parted):
            words, last = self._spelt(place)  # `best nonsense`: a metric that nobody knows
            name = spelt(words)
            self.guesses.append(Guess(Kind.METRIC, name))
            self._add(replace(atom, text=name, end=words[-1].end, kinds={Kind.METRIC: name}))
            return last
        if (
            atom.is_unknown
            and atom.metric
            and not self.is_parted
            and (self._lead() in (*_RANKING, "number") or not takes_runs)
        ):
            self.guesses.append(Guess(Kind.METRIC, atom.text))
            atom = replace(atom, kinds={Kind.METRIC: atom.text})
        if atom.is_unknown or (atom.is_run and takes_runs) or (atom.possessive and takes_runs):
            self._add(atom)
        elif Kind.METRIC in atom.kinds:
            lead = next(
                (each for each in reversed(self.groups[-1]) if not is_silent(each) and each.key != "number"), None
            )
            if lead and lead.key in _RANKING and takes_runs and not self.is_parted:
                self._add(atom)
            else:
                return self._metrics(place)
        elif Kind.EXPERIMENT in atom.kinds:
            self._in(atom.kinds[Kind.EXPERIMENT], [atom])
        elif Kind.USER in atom.kinds:
            if takes_runs:
                self._add(atom)
            else:
                self._whose(atom.kinds[Kind.USER], [atom])
        elif Kind.PARAMETER in atom.kinds or Kind.TAG in atom.kinds:
            return self._parameter(atom, place)
        elif Kind.ALIAS in atom.kinds or Kind.MODEL in atom.kinds:
            name, is_alias = atom.kinds.get(Kind.ALIAS, ""), Kind.ALIAS in atom.kinds
            self._add(replace(atom, key="alias" if is_alias else "model", text=name or atom.text, kinds={}))
        else:
            self.left.append(atom)
        return place + 1

    def _goes_on_with_experiments(self, atom: Atom, place: int) -> bool:
        """Whether it stands behind `in fraud and`, where runs of several experiments can be meant."""
        before = self.atoms[place - 2] if place > 1 and self.atoms[place - 1].key in ("and", "or", ",") else None
        is_place = before is not None and before in self.spots.get("experiment", ())
        is_one = Kind.EXPERIMENT in atom.kinds or (atom.is_unknown and not atom.metric and self.intent in _LISTS)
        return is_place and is_one and (self.intent in _LISTS or self._lead() in ("all", "top"))

    def _begins_names(self, atom: Atom, place: int) -> bool:
        """Whether names of runs begin so, where several are meant, or the best or last of them: `all xgb runs`."""
        noun = next((each for each in self.atoms[place + 1 : place + 2] if each.key == "run"), None)
        is_many = noun is not None and noun.text.casefold() in PLURAL
        is_one_of = noun is not None and self._lead() in (*_RANKING, "latest")
        said = atom.text.casefold()
        if self.is_parted or not (is_many or is_one_of) or not _PREFIX.fullmatch(said):
            return False
        if not any(
            name.casefold().startswith((f"{said}-", f"{said}_", f"{said} ")) for name in self.names.all(Kind.RUN)
        ):
            return False
        self._set("where", [atom])
        self.where = f"attributes.run_name ILIKE '{said}%'"
        return True

    def _says_when(self, atom: Atom) -> bool:
        """`weekly` of a standup. Raises NotUnderstood for `always`: a comparison is made when it is asked for."""
        if self.intent == "standup" and atom.text.casefold() == "weekly" and not self.since:
            self._set("since", [atom])
            self.since = "7 days"
            return True
        if atom.text.casefold() == "always":
            run = next((each.kinds[Kind.RUN] for each in self.atoms if Kind.RUN in each.kinds), "latest")
            remedy = "To hold runs against one run from now on, make it the baseline:"
            raise refuse("I compare when I am asked.", remedy, f"pin {_quoted(run)}", [atom])
        return False

    def _parameter(self, atom: Atom, place: int) -> int:
        """`lr = 0.1`, `lr 0.1` as a filter; `what lr did xgb-v2 use` as a question for parameters."""
        column = "params" if Kind.PARAMETER in atom.kinds else "tags"
        name = atom.kinds.get(Kind.PARAMETER) or atom.kinds[Kind.TAG]
        at = place + 1
        while at < len(self.atoms) and self.atoms[at].text in ("=", "==", "is", "of", "set", "to"):
            at += 1
        value = self.atoms[at] if at < len(self.atoms) else None
        is_value = value is not None and not value.kinds and (_is_number(value) or value.quoted)
        is_equal = value is not None and self.atoms[at - 1].text in ("=", "==") and value.is_unknown
        if value is not None and (is_value or is_equal):
            self._set("where", [atom, value])
            self.where = f"{column}.`{name}` = '{value.text}'"
            return at + 1
        if self.intent in _LISTS or self.part or self.intent in ("curves", "sweeps"):
            self.left.append(atom)
        else:
            self._set("part", [atom])
            self.part = "parameters" if column == "params" else "tags"
        return place + 1

    def _check_side(self, atom: Atom, place: int) -> None:
        """Raises NotUnderstood for a person or an experiment where a run has to be named."""
        kind = next((kind for kind in (Kind.EXPERIMENT, Kind.USER) if kind in atom.kinds), None)
        around = [each.key for each in (*self.atoms[max(0, place - 1) : place], *self.atoms[place + 1 : place + 2])]
        if kind is None or not set(around) & {*HARD, "than"}:
            return
        raise self._no_run(atom, kind)

    def _no_run(self, atom: Atom, kind: Kind) -> NotUnderstood:
        several = [each.kinds[kind] for each in self.atoms if kind in each.kinds][:2] or [atom.text]
        lead = "latest in" if kind is Kind.EXPERIMENT else "latest by"
        line = (
            " vs ".join(f"{lead} {_quoted(name)}" for name in several)
            if len(several) > 1
            else f"{lead} {_quoted(several[0])} vs previous"
        )
        told = "an experiment" if kind is Kind.EXPERIMENT else "a person"
        return refuse(f"{self._shown([atom])} is {told}; I compare runs.", "Say which run of it.", line, [atom])

    # Slots

    def _in(self, name: str, atoms: Sequence[Atom]) -> None:
        side = 0 if self.intent in _LISTS else len(self.groups) - 1
        there = self.experiments.setdefault(side, [])
        if there and EVERYWHERE in (name, *there):
            raise self._second_experiment(atoms)
        if there and name not in there:
            self.spots.setdefault("experiments", []).extend(atoms)
        there += [name] if name not in there else []
        self.spots.setdefault("experiment", []).extend(atoms)

    def _second_experiment(self, atoms: Sequence[Atom]) -> NotUnderstood:
        line = example(self.intent or "compare", self.names)
        return refuse(
            f"{self._shown(atoms)} is a second experiment.", "Name one, or leave it out for all.", line, atoms
        )

    def _read_in(self, atom: Atom, place: int) -> int:
        at = self._skip(place + 1)
        if at < len(self.atoms) and self.atoms[at].key == "time" and not self.atoms[at].kinds:
            return self._read_time(self.atoms[at], at)
        follows = self.atoms[at] if at < len(self.atoms) else None
        if follows and (follows.key == "alias" or (follows.key == "experiments" and self.intent in _LISTS)):
            if follows.key == "experiments":
                self._in(EVERYWHERE, [follows])
            return at + (follows.key == "experiments")  # `which run is in production?`, `failed in all experiments`
        if (
            at < len(self.atoms)
            and Kind.RUN in self.atoms[at].kinds
            and Kind.EXPERIMENT not in self.atoms[at].kinds
            and self.intent not in _LISTS
        ):
            return at  # `is f1 higher in xgb-v2`
        if follows and Kind.METRIC in follows.kinds and Kind.EXPERIMENT not in follows.kinds:
            return self._metrics(at)  # `better in f1`
        name, atoms, last = self._name_of(place + 1, Kind.EXPERIMENT)
        if not name:
            raise refuse("Which experiment?", f"Name it after {atom.text.casefold()}.", self._line(), [atom])
        self._in(name, atoms)
        return last

    def _read_of(self, atom: Atom, place: int) -> int:
        """`of`, `from`, `for`: what follows says what it is."""
        at = self._skip(place + 1, "all") if self.intent in _LISTS else self._skip(place + 1)
        if at == len(self.atoms):
            return place + 1
        if (last := self._newest_behind(place)) is not None:
            return last
        follows = self.atoms[at]
        is_many = self.intent in _LISTS or any(each.key in ("top", "all") for each in self.groups[-1])
        if Kind.EXPERIMENT in follows.kinds and (is_many or not follows.is_run):
            self._in(follows.kinds[Kind.EXPERIMENT], [follows])
            return at + 1
        if Kind.USER in follows.kinds and not follows.possessive and not follows.is_run:
            return self._read_user(atom, place)
        if follows.key == "time":
            return self._read_time(follows, at)
        if follows.is_unknown and follows.metric and atom.text.casefold() in ("on", "for"):
            return self._metrics(at)
        is_scope = atom.text.casefold() in ("of", "from", "for", "von", "für", "de", "du", "del", "da")
        if is_many and is_scope and follows.is_unknown and not follows.possessive:
            return self._read_in(atom, place)
        return place + 1

    def _newest_behind(self, place: int) -> int | None:
        """Where `of the last 10 runs` ends, said of the best; None where no such thing begins here."""
        at = self._skip(place + 1)
        said = self.atoms[at : at + 2]
        if self.atoms[place].key == "during":  # `in the last 10 runs`
            at, said = at - 1, [replace(self.atoms[place], key="latest"), *said[:1]]
        is_ranked = self.intent == "top" or any(each.key in (*_RANKING, "second") for each in self.atoms)
        if not is_ranked or [each.key for each in said] != ["latest", "number"]:
            return None
        number = int(said[1].value[:9])
        if not 1 <= number <= MOST_NEWEST:
            problem = f"I look among 1 to {MOST_NEWEST} of the newest runs."
            raise refuse(problem, "Say how many.", "best of the last 10 runs", [said[1]])
        self._set("newest", said)
        self.newest = number
        noun = next((each for each in self.atoms[at + 2 : at + 3] if each.key == "run"), None)
        self.quiet += [noun] if noun else []
        return at + 2 + bool(noun)

    def _says_runs(self) -> bool:
        """Whether several runs are spoken of, but for those of `the last 10 runs`."""
        nouns = [each for each in self.atoms if each.key == "run" and each not in self.quiet]
        return any(each.text.casefold() in PLURAL for each in nouns)

    def _read_by(self, atom: Atom, place: int) -> int:
        """A metric, a person or a parameter: the kind of the name decides."""
        at = self._skip(place + 1, "of")
        follows = self.atoms[at] if at < len(self.atoms) else None
        if follows and follows.is_run and "replace" in self.thread:
            return at  # `replace A by B`
        if follows is None:
            raise refuse("By what?", "Name a metric or a person.", self._line(), [atom])
        if follows.key in _PARTS and Kind.METRIC not in follows.kinds:
            raise refuse(f"I cannot rank by {follows.text}.", "Name a metric.", self._line(), [follows])
        kinds = follows.kinds
        if Kind.USER in kinds and Kind.METRIC in kinds:
            problem = f"{self._shown([follows])} is a person and a metric here."
            line = f"{self.text[: atom.at].strip()} by user {follows.text}".strip()
            raise refuse(problem, f"Say by user {follows.text}, or by metric {follows.text}.", line, [follows])
        if Kind.METRIC in kinds:
            return self._metrics(at)
        if Kind.USER in kinds or follows.text.startswith("@"):
            return self._read_user(atom, at - 1)
        behind = self.atoms[at + 1].text if at + 1 < len(self.atoms) else ""
        if (Kind.PARAMETER in kinds or Kind.TAG in kinds) and (behind[:1].isdigit() or behind[:1] in ("=", ".")):
            return self._parameter(follows, at)  # `using lr 0.1`
        if Kind.PARAMETER in kinds or Kind.TAG in kinds:
            problem = f"{self._shown([follows])} is a parameter; I rank by metrics."
            raise refuse(problem, "Name a metric, or say where for a filter.", self._line(), [follows])
        words, _last = self._spelt(at)
        said = " ".join(each.text for each in words) or (follows.text if follows.quoted or follows.kinds else "")
        says_runs = not self.intent and any(each.text.casefold() in PLURAL for each in self.atoms[:place])
        lists_people = self.intent in ("running", "failed", "standup", "runs") or says_runs
        lists_people = lists_people and goal_of(said) is Goal.UNKNOWN
        is_of_latest = self._lead() in ("latest", "previous") and goal_of(said) is Goal.UNKNOWN
        if said and (lists_people or is_of_latest):
            return self._read_user(atom, at - 1)
        return self._metrics(at)

    def _lead(self) -> str:
        """The last word of the side that says something."""
        return next((each.key for each in reversed(self.groups[-1]) if not is_silent(each)), "")

    def _read_user(self, atom: Atom, place: int) -> int:
        name, atoms, last = self._name_of(self._skip(place + 1), Kind.USER)
        follows = self.atoms[last] if last < len(self.atoms) else None
        if not name and follows and follows.text.startswith("@"):
            name, atoms, last = follows.text, [follows], last + 1
        if not name or name.casefold() in ("me", "myself"):
            raise refuse("Whose runs?", "Name the person as MLflow knows them.", self._line(), [atom])
        self._whose(name.lstrip("@"), atoms)
        return last

    def _whose(self, name: str, atoms: Sequence[Atom]) -> None:
        if self._lead() in _OWNED and self.intent not in _LISTS:
            # the person of this run alone: put before it, as `maya's latest` has it
            group = self.groups[-1]
            place = max(p for p, each in enumerate(group) if each.key in _OWNED)
            place -= place > 0 and group[place - 1].key == "all"
            group.insert(place, replace(atoms[0], key="", kinds={Kind.USER: name}, possessive=True, quoted=False))
            return
        self._set("user", atoms)
        self.user = name

    def _read_metrics(self, atom: Atom, place: int) -> int:
        if self.intent in ("set", "unset", "make") and self.metrics:
            return place + 1
        skipped = {"": ("of",), "show": ("of",), "status": ("of",), "set": ("with",)}.get(self.intent, ())
        at = self._skip(place + 1, *skipped)
        if self.intent in ("", "show", "status") and at < len(self.atoms) and self.atoms[at].is_run:
            return at  # `metrics of xgb-v1`
        if self.intent in ("", "show", "status") and at == len(self.atoms) and self._has_name():
            return at  # `the latest run's metrics`
        if at == len(self.atoms) and self.intent in ("unset", "set", "settings"):
            self._set("metrics", [atom])
            return at
        is_of_run = self._lead() in (*_RANKING, "number") and self.atoms[place - 1].key not in ("by", "of")
        return self._metrics(at, [atom], is_of_run=is_of_run and atom.text.casefold() == "metric")

    def _metrics(self, place: int, spot: Sequence[Atom] = (), *, is_of_run: bool = False) -> int:
        """One metric or several, with commas or `and` between."""
        found: list[str] = []
        while True:
            at = self._skip(place)
            name, last = "", at
            atoms: list[Atom] = []
            if at < len(self.atoms) and (not found or not self._is_side(at)):
                name, atoms, last = self._metric_at(at)
            if not name:
                break
            found += [name] if name not in found else []
            spot = [*spot, *atoms]
            place = last
            at = self._skip(place)
            if (
                at < len(self.atoms)
                and self.atoms[at].key in (",", "and")
                and self._may_be_metric(self._skip(at + 1, ",", "and"))
            ):
                place = self._skip(at + 1, ",", "and")
            else:
                break
        if not found:
            where = [self.atoms[place]] if place < len(self.atoms) else list(spot)
            raise refuse("By which metric?", "Name it.", self._line(), where)
        lead = self._lead()
        if (
            lead in (*_RANKING, "number")
            and self.intent not in _LISTS
            and len(found) == 1
            and (is_of_run or self._is_of_side(place))
        ):
            self._add(replace(spot[-1], key="", kinds={Kind.METRIC: found[0]}, quoted=False))
            return place
        self._set("metrics", spot)
        self.metrics += [each for each in found if each not in self.metrics]
        return place

    def _is_of_side(self, place: int) -> bool:
        """Whether what was read belongs to the run named just before: another side follows, or it is the only one."""
        behind = self.atoms[self._skip(place)].key if self._skip(place) < len(self.atoms) else ""
        return behind in (*HARD, "and", "or", "with") or (len(self.groups) == 1 and self.intent != "compare")

    def _is_side(self, place: int) -> bool:
        atom = self.atoms[place]
        return atom.is_run and Kind.METRIC not in atom.kinds

    def _may_be_metric(self, place: int) -> bool:
        if place >= len(self.atoms):
            return False
        atom = self.atoms[place]
        return Kind.METRIC in atom.kinds or atom.quoted or (atom.is_unknown and not atom.possessive)

    def _metric_at(self, place: int) -> tuple[str, list[Atom], int]:
        atom = self.atoms[place]
        if Kind.METRIC in atom.kinds:
            return atom.kinds[Kind.METRIC], [atom], place + 1
        if atom.is_unknown or atom.quoted:
            words, last = ([atom], place + 1) if atom.quoted else self._spelt(place)
            name = " ".join(each.text for each in words)
            if not words or not name.strip():
                return "", [], place
            known = self.names.metric(name)
            if not known:
                self.guesses.append(Guess(Kind.METRIC, name))
            return known or name, words, last
        return "", [], place

    def _read_only(self, atom: Atom, place: int) -> int:
        at = self._skip(place + 1, "metrics")
        if at == len(self.atoms):
            if self.metrics:  # `accuracy only`
                self._set("only_metrics", [atom])
            elif not self.part:
                self.left.append(atom)
            return at
        follows = self.atoms[at]
        if follows.key == "when":
            place_ = next((each.kinds[Kind.EXPERIMENT] for each in self.atoms if Kind.EXPERIMENT in each.kinds), "*")
            remedy = "To be told when runs get better, watch their experiment:"
            line = f"watch {place_ if place_ == '*' else _quoted(place_)} only better"
            raise refuse("I compare when I am asked, whatever the values are.", remedy, line, [atom, follows])
        if follows.key in _PARTS and Kind.METRIC not in follows.kinds:
            return self._read_part(follows, at)
        if (
            follows.key == "time"
            or follows.key in STATUS
            or Kind.EXPERIMENT in follows.kinds
            or Kind.USER in follows.kinds
            or follows.key in ("by", "in", "user", "of")
        ):
            return at
        if follows.key == "parameter" or follows.key in ("best_values", "last_values", "differing"):
            return at
        if self._is_side(at) or (follows.is_unknown and self.intent not in ("compare", "", "show")):
            self.left.append(follows)
            return at + 1
        last = self._metrics(at)
        self._set("only_metrics", [atom])
        return last

    def _read_except(self, atom: Atom, place: int) -> int:
        """What is left out, one or several; by what it is a name of, or by the word before it."""
        last, forced = place + 1, None
        before = self.atoms[place - 1].kinds if place else {}
        if atom.text.casefold() == "drop" and Kind.METRIC in before:  # `did the accuracy drop?`
            return place + 1
        behind = self.atoms[self._skip(place + 1) :][:1]
        if self.about and behind and behind[0].key in ("latest", "previous"):
            self.thread["remove"] = atom  # `drop latest`, of the comparison that stands
            return place + 1
        while True:
            at = self._skip(last, "of", "in", "by", "with", "user", "all", "metrics", "parameters")
            forced = next((_FORCED[e.key] for e in self.atoms[last:at] if e.key in _FORCED), forced)
            size = self._left_out(at, forced) if at < len(self.atoms) else 0
            if not size:
                break
            last = at + size
            again = self._skip(last)
            if any(each.text.casefold() in ("just", "nur") for each in self.atoms[last : again + 2]):
                return last  # `no failures, just what runs`
            if not (
                again < len(self.atoms)
                and self.atoms[again].key in (",", "and", "or")
                and self._may_be_left_out(again + 1)
            ):
                return last
            last = again + 1
        at = self._skip(last)
        is_comparing = at < len(self.atoms) and self.atoms[at].key in ("than", "better", "worse")
        if last > place + 1 or (is_comparing and atom.text.casefold() in ("not", "nicht", "pas", "no", "não")):
            return last
        follows = next((each for each in self.atoms[place + 1 : at + 1] if each.key in _PARTS), atom)
        if follows.key in _PARTS:
            remedy = "Say only metrics to name what is shown, or only differences."
            raise refuse(f"I cannot leave out {follows.text}.", remedy, self._line(), [follows])
        raise refuse(f"{atom.text.capitalize()} what?", "Name what is left out.", self._line(), [atom])

    def _read_isnt(self, atom: Atom, place: int) -> int:
        """`the best that isn't xgb-v2`; in `isn't xgb-v2 better than xgb-v1?` it says nothing."""
        if any(each.key in ("than", "better", "worse", "vs", "compare") for each in self.atoms):
            return place + 1
        return self._read_except(atom, place)

    def _read_but(self, atom: Atom, place: int) -> int:
        """`all runs but xgb-bad`; before another word of ours it says nothing."""
        at = self._skip(place + 1)
        follows = self.atoms[at] if at < len(self.atoms) else None
        return (
            self._read_except(atom, place)
            if follows and (follows.kinds or follows.is_run or follows.quoted)
            else place + 1
        )

    def _may_be_left_out(self, place: int) -> bool:
        at = self._skip(place, "of", "in", "by")
        atom = self.atoms[at] if at < len(self.atoms) else None
        return atom is not None and (
            bool(atom.kinds) or atom.is_run or atom.is_unknown or atom.quoted or atom.key in STATUS
        )

    def _left_out(self, place: int, forced: Kind | None) -> int:
        """Notes what is left out here, and how many atoms say it."""
        atom = self.atoms[place]
        if atom.key in STATUS and not atom.quoted and forced is None:
            self._exclude("status", atom.key, [atom])
            return 1
        behind = self.atoms[place + 1 : place + 2]
        if atom.key == "filter" or (atom.key == "where" and behind and behind[0].key == "filter"):
            size = 1 + (atom.key == "where")
            self._exclude("filter", self.atoms[place + size - 1].text, self.atoms[place : place + size])
            return size
        order = _LEFT_OUT if self.intent != "standup" else (Kind.EXPERIMENT, *_LEFT_OUT)
        kind = forced or next((each for each in order if each in atom.kinds), None)
        words, last = [atom], place + 1
        if kind is None and not (atom.is_run or atom.is_unknown or atom.quoted):
            return 0
        if kind is None or kind not in atom.kinds:
            kind = kind or (Kind.EXPERIMENT if self.intent == "standup" else Kind.RUN)
            words, last = self._spelt(place) if atom.is_unknown and not atom.quoted else (words, last)
            if not (atom.is_run and kind is Kind.RUN):
                self.guesses.append(Guess(kind, spelt(words)))
        name = atom.kinds.get(kind) or spelt(words)
        if kind is Kind.METRIC:
            self._set("without_metrics", words)
            self.without_metrics.append(name)
        elif kind is Kind.PARAMETER:
            self._set("without_parameters", words)
            self.without_parameters.append(name)
        else:
            self._exclude(kind.value, name, words)
        return last - place

    def _exclude(self, kind: str, name: str, atoms: Sequence[Atom]) -> None:
        self._set("excluded", atoms)
        if Exclusion(kind, name) not in self.excluded:
            self.excluded.append(Exclusion(kind, name))

    def _read_time(self, atom: Atom, place: int) -> int:
        if atom.possessive and self.intent not in _LISTS:
            self._add(atom)
            return place + 1
        behind = next((each for each in self.atoms[place + 1 : place + 2]), None)
        if not self.intent or (self.intent == "compare" and not (behind and behind.key == "run")):
            lead = self._lead()
            if (
                not self._are_many()
                and (self.is_parted or not self.groups[-1])
                and lead != "all"
                and self._is_one_day(atom)
            ):
                self._add(atom)
                return place + 1
        if self.since and "until" not in self.spots and place and self.atoms[place - 1].key in ("with", "and", "dash"):
            self._set("until", [atom])
            self.until = atom.value
            return place + 1
        self._set("since", [atom])
        self.since = atom.value
        is_from = place > 0 and self.atoms[place - 1].key == "of"
        if self._is_one_day(atom) and " " not in atom.value and not is_from:
            self.day = atom.value
        return place + 1

    def _is_one_day(self, atom: Atom) -> bool:
        is_long = any(word in atom.text.casefold() for word in ("week", "month", "woche", "semana", "semaine"))
        return atom.value.split()[0].endswith("day") and atom.value != "1 day" and not is_long

    def _read_since(self, atom: Atom, place: int) -> int:
        at = self._skip(place + 1)
        unit = self.atoms[at + 1].text.casefold().rstrip("s") if at + 1 < len(self.atoms) else ""
        if at < len(self.atoms) and self.atoms[at].key == "number" and unit in ("epoch", "step", "iteration"):
            self._set("step", [atom, self.atoms[at]])  # `after 10 epochs`
            self.step = int(self.atoms[at].value[:18])
            return at + 2
        if at == len(self.atoms) or self.atoms[at].key != "time":
            spot = self.atoms[at] if at < len(self.atoms) else atom
            problem = f"I do not know when {self._shown([spot])} is." if spot is not atom else "Since when?"
            raise refuse(problem, "Say a day, an hour or a length of time.", "standup since monday 9am", [spot])
        self._set(atom.key if atom.key == "until" else "since", [self.atoms[at]])
        if atom.key == "until":
            is_before = atom.text.casefold() == "before"
            self.until = f"before {self.atoms[at].value}" if is_before else self.atoms[at].value
        else:
            self.since = self.atoms[at].value
        return at + 1

    _read_until = _read_since

    def _read_during(self, atom: Atom, place: int) -> int:
        if (last := self._newest_behind(place)) is not None:
            return last
        at = self._skip(place + 1)
        if at < len(self.atoms) and self.atoms[at].key in ("time", "number") and self.atoms[at].key == "time":
            return self._read_time(self.atoms[at], at)
        return self._read_since(atom, place)

    def _read_step(self, atom: Atom, place: int) -> int:
        at = self._skip(place + 1)
        if at < len(self.atoms) and self.atoms[at].quoted and self.atoms[at].text.isdecimal():
            self.atoms[at] = replace(self.atoms[at], key="number", value=self.atoms[at].text, quoted=False)
        if at == len(self.atoms) or self.atoms[at].key != "number" or len(self.atoms[at].value) > 18:
            spot = [self.atoms[at]] if at < len(self.atoms) else [atom]
            raise refuse("At which step?", "Say it as a whole number.", f"{self._plain_line()} at step 100", spot)
        self._set("step", [atom, self.atoms[at]])
        self.step = int(self.atoms[at].value)
        return at + 1

    def _read_where(self, atom: Atom, place: int) -> int:
        at = place + 1
        if at < len(self.atoms) and self.atoms[at].kinds.keys() & {Kind.PARAMETER, Kind.TAG}:
            return at  # `where lr = 0.1`, which `_parameter` reads
        if at == len(self.atoms) or self.atoms[at].key != "filter":
            line = "list runs where params.lr = '0.1'"
            raise refuse("That is no filter of MLflow's.", "Write it as in MLflow's search box.", line, [atom])
        group = self.groups[-1]
        is_side = self.is_parted or not any(not is_silent(each) for each in group) or self._lead() == "latest"
        is_side = is_side and not self._are_many()
        is_side = is_side and atom.text.casefold() in _LEADS_SIDE
        if self.intent in ("compare", "", "show", "pin", "who", "status") and is_side:
            self._add(atom)
            self.groups[-1].append(self.atoms[at])
        else:
            self._set("where", [self.atoms[at]])
            self.where = self._prefixed(self.atoms[at].text)
        return at + 1

    def _prefixed(self, where: str) -> str:
        """A filter with the column of each known name: `f1 > 0.7` is of a metric, `depth = 8` of a parameter."""

        def column(found: re.Match[str]) -> str:
            kinds = self.names.called(found["name"])
            if Kind.METRIC in kinds and not found["value"].startswith(("'", '"')):
                return f"metrics.`{kinds[Kind.METRIC]}` {found['sign']} {found['value']}"
            if Kind.PARAMETER in kinds:
                bare = found["value"].strip("'\"")
                return f"params.`{kinds[Kind.PARAMETER]}` {found['sign']} '{bare}'"
            return found[0]

        return _BARE_TERM.sub(column, where)

    def _read_filter(self, atom: Atom, place: int) -> int:
        if (
            self.intent in ("compare", "")
            and not self._are_many()
            and (self.is_parted or not any(not is_silent(e) for e in self.groups[-1]))
        ):
            self._add(atom)
        else:
            self._set("where", [atom])
            self.where = self._prefixed(atom.text)
        return place + 1

    def _are_many(self) -> bool:
        """Whether `runs` stands before, and names none."""
        is_any = any(each.text.casefold() in _ANYBODY for each in self.atoms)
        return is_any or (bool(self.held) and self.held[-1].text.casefold() in PLURAL)

    def _read_within(self, atom: Atom, place: int) -> int:
        at = self._skip(place + 1)
        number = self.atoms[at] if at < len(self.atoms) and _is_number(self.atoms[at]) else None
        share = self.atoms[at + 1].text.casefold() if at + 1 < len(self.atoms) else ""
        amount = _amount(number.text) if number else None
        is_share = number is not None and (number.text.endswith("%") or share in _SHARES)
        if number is None or amount is None or (is_share and amount >= _WHOLE_SHARE):
            line = f"{self._plain_line()} within 0.1 %"
            remedy = "Say it in % of the baseline, or as a number in the unit of the metric."
            raise refuse("Within how much?", remedy, line, [number or atom])
        self._set("tolerance", [atom, number])
        if is_share:
            self.tolerance = float(Decimal(repr(amount)) / 100)
            return at + 1 + (not number.text.endswith("%"))
        self.margin = amount
        return at + 1

    def _read_number(self, atom: Atom, place: int) -> int:
        if self.intent in _LISTS:
            if not 1 <= int(atom.value[:9]) <= MOST_LISTED:
                raise refuse(
                    f"I list between 1 and {MOST_LISTED} runs.", "Say how many.", example("top", self.names), [atom]
                )
            self._set("count", [atom])
            self.count = int(atom.value)
        elif (self._lead() in ("top", "best", "worst", "latest", "previous") and not self.is_parted) or (
            place and self.atoms[place - 1].key == "run" and not self.is_parted
        ):
            self._add(atom)
        elif (
            place + 1 < len(self.atoms)
            and self.atoms[place + 1].key in ("run", "latest", "best")
            and int(atom.value[:9]) > 1
        ):
            return self._numbered(atom, place)
        elif self.is_parted or self.hard:
            self._add(replace(atom, key="", quoted=True))
        else:
            self.left.append(atom)
        return place + 1

    def _numbered(self, atom: Atom, place: int) -> int:
        """`the 3 best runs`: the number stands before its word."""
        if self.atoms[place + 1].key == "run":
            self.held.append(atom)
            self.left.append(atom)
            return place + 1
        self._add(self.atoms[place + 1])
        self._add(atom)
        return place + 2

    # Flags

    def _flag(self, name: str, atom: Atom) -> None:
        self._set(name, [atom])
        self.flags.add(name)

    def _read_part(self, atom: Atom, place: int) -> int:
        self._set("part", [atom])
        self.part = atom.key
        return place + 1

    def _read_all(self, atom: Atom, place: int) -> int:
        at = self._skip(place + 1)
        behind = self.atoms[place + 1].key if place + 1 < len(self.atoms) else ""
        says_more = at < len(self.atoms) and (self.atoms[at].possessive or self.atoms[at].key in STATUS)
        if self.intent in _LISTS or self.intent in ("experiments", "watches", "settings"):
            return place + 1
        if (
            behind == "run"
            or says_more
            or (self.is_parted and at < len(self.atoms) and self.atoms[at].key in ("in", "of", "vs"))
        ) or (self.intent == "compare" and not self._has_name() and not self.about):
            self._add(atom)
        else:
            self._flag("everything", atom)
        return place + 1

    def _read_best(self, atom: Atom, place: int) -> int:
        if self.intent in _LISTS:
            self.worst = self.worst or atom.key == "worst"
            return place + 1
        if self._is_question(place) or self._is_asked(place):
            return place + 1
        at = self._skip(place + 1)
        behind = self.atoms[at] if at < len(self.atoms) else None
        is_last = behind is None or behind.role in (Role.SLOT, Role.FLAG) or behind.key == ","
        is_behind = (len(self.groups) > 1 and self._has_name()) or any(e.is_unknown for e in self.groups[-1])
        is_told = behind is not None and bool(behind.metric) and not behind.is_run
        if is_told and is_behind and atom.key == "best" and self.hard and not self.is_parted and place:
            before = self.atoms[place - 1]
            if before.is_run or before.key == ",":  # `A vs B best val_loss`: the best values of it
                self._flag("best", atom)
                return place + 1
        whose = next((each.possessive for each in reversed(self.groups[-1]) if not is_silent(each)), False)
        if atom.key == "best" and is_last and is_behind and not whose and not self.is_parted and self.intent != "show":
            self._flag("best", atom)
        else:
            self._add(atom)
        return place + 1

    def _is_question(self, place: int) -> bool:
        """`which run is best: A, B or C`."""
        others = [each for each in self.atoms[place + 1 :] if each.is_run or each.is_unknown or each.quoted]
        keys = [each.key for each in self.atoms]
        return (
            "or" in keys
            and "vs" not in keys
            and len(others) > 1
            and not any(Kind.METRIC in e.kinds for e in self.atoms[place + 1 : place + 2])
        )

    def _is_asked(self, place: int) -> bool:
        """`which of A, B and C is best?`, where the runs stand before it."""
        is_verb = place > 0 and self.atoms[place - 1].text.casefold() in ("is", "was", "are", "ist", "est", "es", "é")
        return is_verb and sum(not is_silent(each) for group in self.groups for each in group) > 1

    _read_worst = _read_best

    def _read_latest(self, atom: Atom, place: int) -> int:
        if self.intent in _LISTS:
            nouns = [each.text.casefold() for each in self.atoms[place:] if each.key == "run"]
            if self.intent in ("failed", "runs") and self.count is None and nouns[:1] in (["run"], ["one"]):
                self.count = 1
            return place + 1
        self._add(atom)
        return place + 1

    def _read_everything(self, atom: Atom, place: int) -> int:
        is_list = self.intent in _LISTS
        if atom.text.casefold() in ("everywhere", "anywhere"):
            if not is_list:
                self.left.append(atom)
            else:
                self._in(EVERYWHERE, [atom])
            return place + 1
        if atom.text.casefold() in ("anything", "everything") and is_list:
            return place + 1
        behind = self.atoms[place + 1].key if place + 1 < len(self.atoms) else ""
        if atom.text.casefold() == "everything" and self.intent == "compare" and not (self._has_name() or self.about):
            self._add(replace(atom, key="all"))  # `compare everything in churn`
            return place + 1
        if atom.text.casefold() == "everything" and self.intent in ("", "show", "status") and behind == "of":
            return place + 1  # `show me everything about xgb-v1`: all there is, as always
        if self.is_parted and self.hard and self.intent == "compare":
            self._add(replace(atom, key="all"))  # `A vs everything`
            return place + 1
        self._flag("everything", atom)
        return place + 1

    def _read_why(self, atom: Atom, place: int) -> int:
        if self.intent == "standup" and not any(each.key == "standup" for each in self.atoms):
            return place + 1  # `what changed since yesterday?`
        if self.intent in _LISTS:
            self.left.append(atom)
        elif self.intent not in ("status", "show") or not any(
            each.key == "failed" for each in self.atoms
        ):  # `why did xgb-v1 fail?`: shown with the run
            self._flag("why", atom)
        return place + 1

    def _read_by_change(self, atom: Atom, place: int) -> int:
        self._flag("by_change", atom)
        return place + 1

    def _read_differing(self, atom: Atom, place: int) -> int:
        self._flag("differing", atom)
        return place + 1

    def _read_daily(self, atom: Atom, place: int) -> int:
        if self.intent != "standup":
            self.left.append(atom)
        return place + 1

    def _read_best_values(self, atom: Atom, place: int) -> int:
        self._flag("best", atom)
        return place + 1

    def _read_last_values(self, atom: Atom, place: int) -> int:
        self.thread["last_values"] = atom
        return place + 1

    def _read_fewer(self, atom: Atom, place: int) -> int:
        self.thread["fewer"] = atom
        return place + 1

    def _read_lower_better(self, atom: Atom, place: int) -> int:
        self._set("goal", [atom])
        self.goal = atom.key.partition("_")[0]
        return place + 1

    _read_higher_better = _read_neither = _read_lower_better

    def _read_lower(self, atom: Atom, place: int) -> int:
        if any(each.key in ("than", "compare") for each in self.atoms[place + 1 :]) or (
            any(e.key == "or" for e in self.atoms) and self.intent == "compare"
        ):
            return place + 1
        return self._read_lower_better(atom, place)

    _read_higher = _read_lower

    def _read_better(self, atom: Atom, place: int) -> int:
        if self.intent != "compare" and not self.goal:
            self.left.append(atom)
        return place + 1

    _read_worse = _read_better

    def _read_running(self, atom: Atom, place: int) -> int:
        """How runs ended, beside what is asked for; `over` between two runs is none of it."""
        behind = self.atoms[self._skip(place + 1) :][:1]
        if atom.text.casefold() == "over" and self._has_name() and behind and is_material(behind[0]):
            return self._read_than(atom, place)
        if self.intent in (atom.key, "status") or (self.intent == "standup" and atom.key == "finished"):
            return place + 1
        if self.intent in ("top", "runs"):
            self._set("status", [atom])
            self.status = atom.key
        elif self.intent in _LISTS:
            self.left.append(atom)
        elif self._lead() in _RANKING and not self.is_parted:
            self._set("status", [atom])
            self.status = atom.key
        elif self.intent == "show" and self._has_name() and self._lead() != "latest":
            self.left.append(atom)
        else:
            self._add(atom)
        return place + 1

    _read_failed = _read_finished = _read_running

    def _read_baseline_role(self, atom: Atom, place: int) -> int:
        if self.intent in ("set", "make", "unset", "pin"):
            self.marks_baseline = True
        elif self.groups[-1] and self._has_name() and not self.is_parted and self.intent in ("", "compare"):
            self.baseline = len(self.groups) - 1
        else:
            self._add(replace(atom, key="baseline"))
        return place + 1

    def _read_baseline(self, atom: Atom, place: int) -> int:
        if self.intent in ("set", "make", "unset") or (self.intent == "pin" and self._has_name()):
            self.marks_baseline = True
            return place + 1
        self._add(atom)
        return place + 1

    def _read_add(self, atom: Atom, place: int) -> int:
        self.thread["add"] = atom
        return place + 1

    def _read_choose(self, atom: Atom, place: int) -> int:
        if self.intent != "compare" or self.about:
            self.thread["choose"] = atom
        return place + 1

    def _read_cannot(self, atom: Atom, place: int) -> int:
        if self.intent == "make" and atom.text.casefold() == "change":
            return place + 1
        if self.part == "details" and atom.text.casefold() == "start":  # `when did roberta start?`
            return place + 1
        asks = any(each.text.casefold() in ("did", "does", "how many", "many") for each in self.atoms[:place])
        if asks and atom.text.casefold() in ("start", "train", "launch", "log"):  # `how many runs did maya start`
            return place + 1
        if atom.text.casefold() in ("remove", "drop"):
            self.thread["remove"] = atom
        else:
            self.left.append(atom)
        return place + 1

    def _line(self) -> str:
        return example(self.intent or "compare", self.names)

    def _plain_line(self) -> str:
        return example("compare", self.names)

    # The request

    @property
    def experiment(self) -> str:
        named = {name for each in self.experiments.values() for name in each}
        return named.pop() if len(named) == 1 else ""

    @property
    def several(self) -> tuple[str, ...]:
        """The experiments, where one side or a list is of several."""
        return tuple(next((each for each in self.experiments.values() if len(each) > 1), ()))

    def request(self) -> Request:
        build = getattr(self, f"_as_{self.intent or 'whatever'}")
        request: Request = build()
        return request

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
        )

    def check(self, intent: str, *, is_silent_on_runs: bool = True) -> None:
        """Raises NotUnderstood for words that are left, runs that are not asked for and slots that are not taken."""
        if is_silent_on_runs:
            self.left += [each for group in self.groups for each in group if not is_silent(each)]
        self.left += [each for key, each in self.thread.items() if key != "remove"] if self.thread else []
        if self.left:
            raise self.left_over(intent)
        for slot, atoms in self.spots.items():
            if slot == "experiments" and slot not in INTENTS[intent].slots:
                raise self._second_experiment(atoms)
            if slot not in INTENTS[intent].slots:
                raise not_taken(intent, slot, atoms, self.names)

    def left_over(self, intent: str) -> NotUnderstood:
        """What to say of the words that are left, the first of them marked; a word that is nearly known is offered."""
        self.left.sort(key=lambda each: each.at)
        first = self.left[0]
        name = first.text.casefold()
        alike, spelt_so = self.names.near(first.text), near(name) if first.is_unknown else ()
        line, told = "", INTENTS.get(intent)
        for word in (*spelt_so, *alike[:1]) if self.offers else ():
            corrected = f"{self.text[: first.at]}{word}{self.text[first.end :]}".strip()
            if word != name and " " not in word and _is_read(corrected, self.names):
                line = corrected
                break
        can = f"I can {told.does}{takes(intent)}." if told else "I compare ML runs and tell how they go."
        return LeftOver(
            f"I do not understand {self._shown([first])}.",
            remedy=can if not line else "Where that is meant, say it so.",
            example=line or example(intent or "help", self.names),
            near=alike or spelt_so,
            at=first.at,
            end=first.end,
        )

    def sides(self) -> list[Side]:
        """The runs that each side names. Words that say nothing there are left."""
        groups = [group for group in self.groups if any(not is_silent(each) for each in group)]
        asks_how = any(each.key == "status" and each.text.casefold() == "how is" for each in self.atoms)
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
                raise self._second_experiment(self.spots["experiments"])
            found = [
                self._within(run, next(iter(self.experiments.get(place, ())), ""))
                for run, place in zip(found, places, strict=True)
            ]
        if self.baseline is not None and self.baseline in places:
            first = places.index(self.baseline)
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

    def _as_compare(self) -> Request:
        if sum(map(len, self.experiments.values())) > 1 and not any(map(is_material, self.atoms)):
            raise self._no_run(self.spots["experiment"][0], Kind.EXPERIMENT)
        runs = self.runs()
        if not runs and not self.left and self._says_several():
            runs = [AllRuns()]
        for key in ("remove", "choose", *(() if self.about else ("last_values",))):
            self.thread.pop(key, None)
        self.check("compare", is_silent_on_runs=False)
        if len(runs) == 1 and isinstance(runs[0], Group) and runs[0].pattern and "'" not in runs[0].pattern:
            like = (
                runs[0].pattern.replace("%", "_").replace("*", "%").replace("?", "_")
            )  # `compare mlp-*`: all that fit
            runs = [AllRuns(Among(where=f"attributes.run_name LIKE '{like}'"), runs[0].at)]
        if len(runs) == 1 and isinstance(runs[0], Latest | Leading) and self.several:  # `compare latest in A and B`
            runs = [replace(runs[0], experiment=name) for name in self.several]
            self.experiments = {}
            self.spots.pop("experiments")
        runs = self._narrowed(runs)
        several = (TopRuns, AllRuns, SweepRuns)
        if len(runs) < 2 and not (runs and isinstance(runs[0], several)):
            raise self._too_few(runs)
        if len(runs) > MOST_RUNS:
            problem = f"That names {len(runs)} runs; I compare up to {MOST_RUNS} at once."
            raise NotUnderstood(problem, remedy="Name fewer.", example=self._plain_line(), at=runs[MOST_RUNS].at)
        return self.compare(runs)

    def _says_several(self) -> bool:
        """`runs from yesterday`, `nightly runs`: no run is named, and which are meant is."""
        return bool(self.spots.keys() & {"since", "experiment", "user", "where"}) and any(
            each.key == "run" and each.text.casefold() in PLURAL for each in self.atoms
        )

    def compare(self, runs: Sequence[RunReference]) -> Compare:
        left_out = tuple(Named(each.name) for each in self.excluded if each.kind == "run")
        for each in left_out:
            if any(isinstance(run, Named) and run.text == each.text for run in runs):
                raise refuse(
                    f"{each.text} is named and left out.",
                    "Say which is meant.",
                    self._plain_line(),
                    self.spots["excluded"],
                )
        if both := next((name for name in self.metrics if name in self.without_metrics), ""):
            atoms = self.spots["without_metrics"]
            raise refuse(f"{both} is named and left out.", "Say which is meant.", self._plain_line(), atoms)
        return Compare(
            tuple(runs),
            self.experiment,
            tuple(self.metrics),
            everything="everything" in self.flags,
            best="best" in self.flags,
            at_step=self.step,
            why="why" in self.flags,
            differing="differing" in self.flags,
            part=self.part,
            text=self.text,
            only_metrics="only_metrics" in self.spots,
            without_metrics=tuple(self.without_metrics),
            without_parameters=tuple(self.without_parameters),
            goal=self.goal,
            tolerance=self.tolerance,
            margin=self.margin,
            by_change="by_change" in self.flags,
            excluded=left_out,
        )

    def _narrowed(self, runs: Sequence[RunReference]) -> list[RunReference]:
        """With the person, the time and what is left out put to the runs that are meant together."""
        among = replace(self.among(), excluded=tuple(each for each in self.excluded if each.kind != "run"))
        narrow = [f.name for f in fields(Among) if getattr(among, f.name) != getattr(Among(), f.name)]
        if not narrow:
            return list(runs)
        taken = False
        found: list[RunReference] = []
        for run in runs:
            if isinstance(run, AllRuns | TopRuns):
                merged = replace(run.among, **{name: getattr(among, name) for name in narrow})
                found.append(replace(run, among=merged))
                taken = True
            elif isinstance(run, Leading) and "newest" in narrow and not run.experiment:
                merged = replace(Among(user=run.user), **{name: getattr(among, name) for name in narrow})
                found.append(TopRuns(1, run.metric, run.worst, run.at, merged))
                taken = True
            elif isinstance(run, Latest | Leading) and narrow == ["user"] and not run.user:
                found.append(replace(run, user=among.user))
                taken = True
            else:
                found.append(run)
        if not taken and "experiments" in self.spots:
            raise self._second_experiment(self.spots["experiments"])
        if not taken:
            slot = narrow[0]
            atoms = self.spots.get(slot) or self.atoms
            problem = f"{self._shown(atoms)} says nothing of runs that are named one by one."
            raise refuse(problem, "Leave it out, or say all runs.", self._plain_line(), atoms)
        return found

    def _as_curves(self) -> Request:
        runs = self.runs()
        for key in ("choose", "last_values"):
            self.thread.pop(key, None)
        self.check("curves", is_silent_on_runs=False)
        if not runs:
            raise refuse(
                "Curves of which run?", "Name one, or say latest.", example("curves", self.names), self.atoms[:1]
            )
        if len(runs) > MOST_RUNS:
            problem = f"That names {len(runs)} runs; I draw up to {MOST_RUNS}."
            raise refuse(problem, "Name fewer.", self._line(), self.atoms[:1])
        return Curves(tuple(self._narrowed(runs)), self.experiment, tuple(self.metrics), self.goal, self.text)

    def _as_sweeps(self) -> Request:
        runs = self.runs()
        self.check("sweeps", is_silent_on_runs=False)
        if len(runs) > 1 or not all(isinstance(run, SweepRuns | Named | Linked) for run in runs):
            raise refuse(
                "One sweep at a time.",
                "Name its parent run, or an experiment.",
                example("sweeps", self.names),
                self.atoms[:1],
            )
        named = next(iter(runs), None)
        parent = named.parent if isinstance(named, SweepRuns) else named
        return Sweep(parent, self.experiment, tuple(self.metrics), self.goal, self.text)  # type: ignore[arg-type]

    def _too_few(self, runs: Sequence[RunReference]) -> NotUnderstood:
        only = runs[0].text if runs and isinstance(runs[0], Named) else ""
        other = next(
            (name for name in self.names.all(Kind.RUN) if name != only and name.isascii() and " " not in name), "latest"
        )
        line = f"{_quoted(only)} vs {other}" if only else self._plain_line()
        return NotUnderstood(
            f"That names only one run: {only}." if only else "That names one run at most.",
            remedy="A comparison takes two runs or more, the baseline first.",
            example=line,
            at=len(self.text.rstrip()),
        )

    def _as_show(self) -> Request:
        if self.thread.keys() & {"choose", "swap", "add", "refresh"}:
            self.check("show")
        runs = self.runs()
        if self.left:
            raise self.left_over("show")
        if self._are_listed(runs):
            return self._as_runs()
        if len(runs) > 1:
            return self._as_compare_of(runs)
        if not runs:
            return self._without_runs()
        return self._shown_run(runs[0])

    def _are_listed(self, runs: Sequence[RunReference]) -> bool:
        """`the last 5 runs`, where no comparison is asked for: they are listed then."""
        sides = [group for group in self.groups if any(not is_silent(each) for each in group)]
        if (
            len(sides) != 1
            or len(runs) < 2
            or not isinstance(runs[0], Latest)
            or all(e.key != "number" for e in sides[0])
        ):
            return False
        self.count, self.user, self.groups = len(runs), runs[0].user or self.user, [[]]
        return True

    def _without_runs(self) -> Request:
        """`show`, with words beside it or none."""
        if self.metrics or self.experiment or self.user:
            return self._as_whatever()
        if self.intent == "status" and not self.spots:
            return self._as_standup()
        raise refuse("Which run?", "Name it, or say latest or best.", example("show", self.names), self.atoms[:1])

    def _shown_run(self, run: RunReference, *, who: bool = False) -> Request:
        """One run by itself; of several the list."""
        intent = "who" if who else "show"
        if isinstance(run, AllRuns) and run.among.user and self.user not in ("", run.among.user):
            line = f"list runs by user {_quoted(self.user)}"
            raise refuse("One person at a time.", "Name one.", line, self.spots["user"])
        if isinstance(run, AllRuns):
            self.user, self.status = run.among.user or self.user, run.among.status or self.status
            self.since, self.until = run.among.since or self.since, run.among.until or self.until
            self.groups = [[]]
            return self._as_failed() if self.status == "failed" else self._as_runs()
        if isinstance(run, TopRuns):
            self.count, self.worst = run.count, run.worst
            self.metrics = [run.metric, *self.metrics] if run.metric else self.metrics
            self.user, self.groups = run.among.user or self.user, [[]]
            return self._as_top()
        is_many = isinstance(run, Group | SweepRuns)
        if is_many:
            raise refuse(
                "That means several runs.",
                "Say with what they are compared.",
                "compare group:mlp-32 vs latest",
                self.atoms,
            )
        if self.baseline is not None and isinstance(run, Named):
            atoms = [each for each in self.atoms if each.key == "baseline_role"] or self.atoms
            raise refuse(
                "I am told of a baseline, not asked.",
                "To make it the baseline, say:",
                f"pin {_quoted(run.text)}",
                atoms,
            )
        narrowing = {"where", "since", "until", "status", "excluded", "experiments", "newest"} & self.spots.keys()
        says_several = self._says_runs()
        if isinstance(run, Leading) and (narrowing or says_several):
            self.count, self.worst, self.groups = 5 if says_several else 1, run.worst, [[]]
            self.metrics = [run.metric, *self.metrics] if run.metric else self.metrics
            self.user = run.user or self.user
            return self._as_top()
        if isinstance(run, Latest) and narrowing and not run.back:
            self.count, self.user, self.groups = 1, run.user or self.user, [[]]
            return self._as_runs()
        if self.user and isinstance(run, Latest | Leading) and not run.user:
            run, self.user = replace(run, user=self.user), ""
            self.spots.pop("user", None)
        if self.metrics and isinstance(run, Leading) and not run.metric:
            run, self.metrics = replace(run, metric=self.metrics[0]), self.metrics[1:]
        if "experiments" in narrowing:
            raise self._second_experiment(self.spots["experiments"])
        if narrowing or self.user:
            atoms = self.spots[next(iter(narrowing))] if narrowing else self.spots["user"]
            raise not_taken("who", next(iter(narrowing), "user"), atoms, self.names)
        self.thread.pop("last_values", None)
        self.check(intent, is_silent_on_runs=False)
        return Show(run, self.experiment, who, self.text, self.part, tuple(self.metrics), self.step)  # type: ignore[arg-type]

    def _as_who(self) -> Request:
        runs = self.runs()
        if self.left:
            raise self.left_over("who")
        if not runs and self.spots.keys() & {"experiment", "since", "where"}:  # `who ran fraud?`: its runs say it
            return self._as_runs()
        if len(runs) != 1:
            line = example("who", self.names)
            raise refuse("Who ran what?" if not runs else "This takes one run.", "Name a run.", line, self.atoms[:1])
        return self._shown_run(runs[0], who=True)

    _as_status = _as_show

    def _as_top(self) -> Request:
        self.check("top")
        metric, more = (self.metrics[0], tuple(self.metrics[1:])) if self.metrics else ("", ())
        return Top(
            self.count if self.count is not None else 5,
            metric,
            self.worst,
            self.experiment,
            self.where,
            self.text,
            more,
            self.step,
            self.goal,
            replace(self.among(where=False), count=None),
        )

    def _as_running(self) -> Request:
        self.check("running")
        return Running(self.experiment, self.text, tuple(self.metrics), self.among())

    def _as_failed(self) -> Request:
        if self.count == 1 and not self.since:  # the last one, however long ago
            self.status, self.spots["status"] = "failed", self.spots.pop("count", self.atoms[:1])
            return self._as_runs()
        self.status = ""
        self.check("failed")
        return Failed(self.since, self.experiment, self.text, tuple(self.metrics), self.among(since=False))

    def _as_standup(self) -> Request:
        self.check("standup")
        return Standup(self.since, self.experiment, self.text, tuple(self.metrics), self.among(since=False))

    def _as_finished(self) -> Request:
        return self._as_standup()

    def _as_runs(self) -> Request:
        self.check("runs")
        return Runs(self.experiment, self.text, tuple(self.metrics), self.among())

    def _as_experiments(self) -> Request:
        self.check("experiments")
        return Experiments(self.text)

    def _as_watches(self) -> Request:
        self.check("watches")
        return ListWatches(self.text)

    def _as_settings(self) -> Request:
        self.groups = [
            [each for each in group if each.key not in ("baseline", "baseline_role")] for group in self.groups
        ]
        self.check("settings")
        return ShowSettings(self.text)

    def _as_unpin(self) -> Request:
        self.check("unpin")
        return Pin(None, text=self.text)

    def _as_pin(self) -> Request:
        self.groups[0] = [each for each in self.groups[0] if each.key != "baseline_role"]
        runs = self.runs()
        if self.metrics and len(runs) == 1 and isinstance(runs[0], Leading) and not runs[0].metric:
            runs, self.metrics = [replace(runs[0], metric=self.metrics[0])], self.metrics[1:]
            self.spots.pop("metrics", None)
        if self.user and len(runs) == 1 and isinstance(runs[0], Latest | Leading):
            runs = [replace(runs[0], user=runs[0].user or self.user)]
        elif self.user:
            raise not_taken("settings", "user", self.spots["user"], self.names)
        self.check("pin", is_silent_on_runs=False)
        if len(runs) != 1 or isinstance(runs[0], TopRuns | AllRuns | Group | SweepRuns):
            problem = "Which run is the baseline?" if not runs else "One run is the baseline."
            raise refuse(problem, "Name one.", example("pin", self.names), self.atoms[:1])
        return Pin(runs[0], self.experiment, self.text)

    def _as_set(self) -> Request:
        """`set experiment fraud`, `use val_auc as default metric`, `set goal cost lower`, `set baseline xgb-v1`."""
        said = {each.key for each in self.atoms}
        takes_back = self.intent == "unset"
        if (place := self._tolerance_at()) is not None:
            return self._as_tolerance(place, takes_back=takes_back)
        if self._sets_examples():
            return self._as_examples(takes_back=takes_back)
        if self.marks_baseline:
            return self._as_unpin_or_pin(takes_back=takes_back)
        if self.goal or "goal" in said:
            return self._as_goal()
        is_experiment = "experiment" in said or (bool(self.experiments) and not self.metrics)
        what = "experiment" if is_experiment else "metric" if self.metrics or "metrics" in said else ""
        words = [each for group in self.groups for each in group if not is_silent(each) and each.key != "baseline_role"]
        if (
            not what
            and words
            and not takes_back
            and any(map(is_material, words))
            and not any(each.is_unknown for each in words)
        ):
            name = _quoted(words[0].kinds.get(Kind.RUN, words[0].text)) if len(words) == 1 else "latest"
            raise refuse("What is this run to be?", "To make it the baseline, say:", f"pin {name}", words)
        if not what:
            spot = [each for each in self.atoms if not is_silent(each)][-1:]
            raise refuse(
                "I can set experiment, metric, goal, tolerance, examples or baseline.",
                "Say which.",
                example("set", self.names),
                spot,
            )
        value = self.experiment if is_experiment else (self.metrics[0] if self.metrics else "")
        if is_experiment and not value and self.metrics:  # an experiment that is called as a metric is
            value, self.metrics = self.metrics[0], []
            self.spots.pop("metrics")
        if not value and words:
            value = " ".join(each.text for each in words)
            self.guesses.append(Guess(Kind.EXPERIMENT if is_experiment else Kind.METRIC, value))
            self.groups = [[]]
        if self.metrics and self.experiments:
            self.left += self.spots["experiment" if what == "metric" else "metrics"]
        if len(self.metrics) > 1:
            raise refuse("One metric is the default.", "Name one.", example("set", self.names), self.spots["metrics"])
        self.check("set")
        if not value and not takes_back:
            raise refuse(f"Which {what}?", "Name it.", example("set", self.names), self.atoms[-1:])
        return SetDefault(what, "" if takes_back else value, text=self.text)

    _as_unset = _as_set

    def _as_unpin_or_pin(self, *, takes_back: bool) -> Request:
        named = any(not is_silent(each) and each.key != "baseline_role" for group in self.groups for each in group)
        return self._as_pin() if named and not takes_back else self._as_unpin()

    def _as_make(self) -> Request:
        self.marks_baseline = True
        return self._as_unpin_or_pin(takes_back=False)

    def _tolerance_at(self) -> int | None:
        places = enumerate(self.atoms)
        return next((p for p, e in places if e.key == "within" and e.text.casefold().startswith("tolerance")), None)

    def _as_tolerance(self, spot: int, *, takes_back: bool) -> Request:
        """`set tolerance 0.1 %` for every metric, `set tolerance accuracy 0.5 %` for one."""
        words = [e for e in self.atoms[spot + 1 :] if e.quoted or e.kinds or e.text.casefold() not in _BEFORE_VALUE]
        ends = next(
            (p for p, e in enumerate(words) if self._share(e, words[-1]) is not None),
            len(words) if takes_back else None,
        )
        if ends is None or (takes_back and ends < len(words)):
            remedy = "Say it as a share of the baseline, in percent."
            raise refuse(
                "Within how much are values the same?",
                remedy,
                "set tolerance 0.1 %",
                words or self.atoms[spot : spot + 1],
            )
        value = "" if takes_back else write_tolerance(self._share(words[ends], words[-1]) or 0.0)
        metric = " ".join(each.kinds.get(Kind.METRIC, each.text) for each in words[:ends])
        if metric and not (ends == 1 and Kind.METRIC in words[0].kinds):
            self.guesses.append(Guess(Kind.METRIC, metric))
        return SetDefault("tolerance", value, metric, self.text)

    def _sets_examples(self) -> bool:
        """Whether the word behind `set` or `unset` is `examples`."""
        words = [each for each in self.atoms[1:] if each.text.casefold() not in _BEFORE_EXAMPLES]
        return bool(words) and not words[0].quoted and words[0].text.casefold() in _EXAMPLES

    def _as_examples(self, *, takes_back: bool) -> Request:
        """`set examples on`: single runs are compared on the same examples, too; `set examples off`: they are not."""
        at = next(place for place, each in enumerate(self.atoms) if each.text.casefold() in _EXAMPLES)
        words = [each for each in self.atoms[at + 1 :] if each.text.casefold() not in _BEFORE_VALUE]
        value = _SWITCH.get(words[0].text.casefold(), "") if len(words) == 1 else ""
        if bool(value) == takes_back or (takes_back and words):
            spot = words or self.atoms[at : at + 1]
            raise refuse("Are runs to be compared on the same examples?", "Say on or off.", "set examples on", spot)
        return SetDefault(EXAMPLES, value, text=self.text)

    def _share(self, first: Atom, last: Atom) -> float | None:
        return read_tolerance(self.text[first.at : last.end], needs_unit=True)

    def _as_goal(self) -> Request:
        words = [each for group in self.groups for each in group if not is_silent(each)]
        metric = self.metrics[0] if self.metrics else " ".join(each.text for each in words)
        takes_back = self.intent == "unset"
        if either := [each for each in words if each.text.casefold() == EITHER]:
            error = refuse("Which way is better?", "Say higher or lower.", "help set", either)
            raise replace(error, near=("higher", "lower"))
        if not metric or not (self.goal or takes_back) or len(self.metrics) > 1 or (self.metrics and words):
            line = f"set goal {_quoted(metric)} lower" if metric and not words else "set goal cost lower"
            raise refuse("Which way is better?", "Say higher or lower behind one metric.", line, self.atoms[:1])
        self.groups = [[]]
        self.check("set")
        if not self.metrics:
            self.guesses.append(Guess(Kind.METRIC, metric))
        goal = "unknown" if self.goal in ("neither", "unknown") else self.goal
        return SetDefault("goal", "" if takes_back else goal, metric, self.text)

    def _as_help(self) -> Request:
        words = [each.text for each in self.atoms if each.key not in ("filler", "help", ",", "and")]
        topic = next((each.key for each in self.atoms if each.role is Role.INTENT and each.key != "help"), "")
        return Help(topic=topic or " ".join(words)[:100])

    def _as_define(self) -> Request:
        word = next(e for e in reversed(self.atoms) if (e.is_unknown or e.kinds) and e.text.casefold()[:4] != "mean")
        metric = word.kinds.get(Kind.METRIC) or self.names.metric(word.text)
        line = f"top 5 by {_quoted(metric)}" if metric else "help"
        raise refuse("I explain no words; I compare runs by what they logged.", "What I can do with it:", line, [word])

    def _as_cannot(self) -> Request:
        verb = next(each for each in self.atoms if each.key == "cannot")
        runs = [each for each in self.atoms if each.is_run]
        name = runs[0].kinds.get(Kind.RUN, runs[0].text) if runs else ""
        if any(each.key in ("watch", "watches", "unwatch") for each in self.atoms):
            raise refuse(
                f"I cannot {verb.text.casefold()} a watch by words.",
                "Each watch in the list has a button for that.",
                "watches",
                [verb],
            )
        line = f"show {_quoted(name)}" if name else example("compare", self.names)
        remedy = "I read MLflow and change nothing in it. I can show and compare runs, and watch experiments."
        raise refuse(f"I cannot {verb.text.casefold()} anything.", remedy, line, [verb])

    def _as_pause(self) -> Request:
        verb = next(each for each in self.atoms if each.key == "pause")
        told = verb.text.casefold()
        named = [
            e.kinds.get(Kind.EXPERIMENT, e.text)
            for e in self.atoms
            if Kind.EXPERIMENT in e.kinds or e.is_unknown or e.quoted
        ]
        is_all = any(each.key in ("all", "everything") for each in self.atoms)
        place = "all" if is_all else _quoted(named[0]) if named else ""
        ends = told in ("mute", "pause", "silence", "snooze")
        line = (
            f"{'unwatch' if ends else 'watch'} {place if ends or not is_all else '*'}".strip() if place else "watches"
        )
        remedy = "A watch is paused and resumed by its button in watches; in words:"
        raise refuse(f"I cannot {told} by words.", remedy, line, [verb])

    def _as_dont(self) -> Request:
        verb = next(each for each in self.atoms if each.key == "dont")
        problem = "That says what I shall not do, and I do nothing unasked."
        raise refuse(problem, "Say what you want to see.", "help", [verb])

    def _as_whatever(self) -> Request:
        """No intent is said: names alone."""
        if self.thread:
            self.left += list(self.thread.values())
            raise self.left_over("")
        runs = self.runs()
        sides = [group for group in self.groups if any(not is_silent(each) for each in group)]
        if len(self.left) == 1 and not runs and Kind.USER in self.left[0].kinds and not self.spots:  # a person alone
            if self.text[self.left[0].at : self.left[0].at + 1] in ("@", "<"):  # who is asked, not who is asked about
                raise self.left_over("")
            self._whose(self.left[0].kinds[Kind.USER], self.left)
            self.left, self.groups = [], [[]]
            return self._as_runs()
        if self.left:
            raise self.left_over("")
        if self._are_listed(runs):
            return self._as_runs()
        if len(runs) > 1 or (len(sides) > 1 and runs):
            return self._as_compare_of(runs)
        if len(runs) == 1:
            if self.spots.keys() & {
                "why",
                "differing",
                "everything",
                "best",
                "tolerance",
                "only_metrics",
                "goal",
            } and not isinstance(runs[0], Leading):
                raise self._too_few(runs)
            return self._shown_run(runs[0])
        says_goal = any(each.key in ("lower_better", "higher_better", "better") for each in self.atoms)
        if self.goal and self.metrics and says_goal:
            return self._as_goal()
        if self.goal and not self.metrics:
            self.left += self.spots["goal"]
            raise self.left_over("")
        if self.metrics:
            return self._as_top()
        says_runs = any(each.key == "run" and each.text.casefold() in PLURAL for each in self.atoms)
        is_listed = bool(self.spots.keys() & {"experiment", "user", "where"}) or (says_runs and bool(self.spots))
        if is_listed and self.flags <= {"everything"}:
            self.spots.pop("everything", None)  # `everything in fraud`: its runs
            return self._as_runs()
        spots = [each for atoms in self.spots.values() for each in atoms]
        self.left += spots or self.atoms[:1]
        raise self.left_over("")

    def _as_compare_of(self, runs: list[RunReference]) -> Request:
        self.intent = "compare"
        self.check("compare", is_silent_on_runs=False)
        return self.compare(self._narrowed(runs))


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


def _is_number(atom: Atom) -> bool:
    """Whether it says how much; `1.25` may look like an hour."""
    return (atom.key in ("number", "decimal") and atom.text != "%") or (
        atom.key == "time" and atom.text.replace(".", "", 1).isdecimal()
    )


def _amount(said: str) -> float | None:
    """A number that something is within; None for less than nothing."""
    try:
        amount = float(said.rstrip("%").replace(",", ""))
    except ValueError:
        return None
    return amount if math.isfinite(amount) and (amount > 0 or (amount == 0 and said.endswith("%"))) else None


def _quoted(name: str) -> str:
    from comparison.language.writer import quoted  # noqa: PLC0415 -- the writer reads what it wrote

    return quoted(name) or name


def _is_read(line: str, names: Names) -> bool:
    try:
        atoms = merged(cover(scan(line), names, line), line)
        return bool(atoms) and bool(_request(atoms, names, line, offers=False))
    except NotUnderstood:
        return False
