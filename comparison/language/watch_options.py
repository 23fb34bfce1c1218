"""What of an experiment is watched: a row an option, with the words that begin it, its reader and its writer.

`WatchDraft` is a watch as far as it is read, its place first.
"""

# ruff: noqa: C901, PLR0911, PLR0912, PLR0915 -- a grammar is a list of cases, each in its place

import difflib
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import time

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.atoms import OWNING, Atom, is_silent, spelt
from comparison.language.dates import DAYS, TIME, read_clock, read_days, read_quiet, zone_words
from comparison.language.draft import UNWATCH, WATCH, Atoms, refuse
from comparison.language.intents import TELLING
from comparison.language.lexicon import Role
from comparison.language.metric_rule import MOVING, rules
from comparison.language.names import Kind, Names
from comparison.language.quoting import joined, listed, place_words, quoted, reference
from comparison.language.run_names import read_side
from comparison.language.tokens import Word
from comparison.run_reference import AllRuns, Group, Latest, Leading, Pinned, SweepRuns, TopRuns
from comparison.runs import Goal
from comparison.tracking.mlflow_links import linked_runs
from comparison.tracking.source import is_text
from comparison.watch import OnlyRuns, QuietHours, Watch, is_pattern

_UNDERSTOOD = "Behind an experiment I understand against, where, by, only, when, metrics, quiet, except, mention owner."
_EXAMPLES = {"watch": WATCH, "unwatch": UNWATCH}
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

    def put_place(self, name: str, *atoms: Atom) -> None:
        if self.watching.place:
            problem = "One watch is of one experiment, or of a pattern of names."
            remedy = "Watch each by itself, or all of them with a pattern such as team/*."
            raise self._one_of(self.refused(problem, remedy, atoms), self.watching.place, self.at, name)
        self.watching = replace(self.watching, place=name)
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
        said = atom.text.casefold()
        is_word = atom.is_unknown and not atom.quoted and said.replace("-", "").isalnum()
        return is_word and any(name.casefold().startswith(said) for name in self.names.all(Kind.RUN))

    def put_filter(self, where: str) -> None:
        both = f"{self.watching.where} and {where}" if self.watching.where else where
        self.watching = replace(self.watching, where=both)

    @staticmethod
    def _one_of(error: NotUnderstood, first: str, at: int | None, other: str) -> NotUnderstood:
        """With each of two names as a choice, in place of both."""
        if first != other and not is_pattern(f"{first}{other}"):
            error.at, error.near = at, (first, other)
        return error

    def choose(self, only: OnlyRuns, atom: Atom) -> None:
        if self.watching.only is not None:
            raise self._twice("only", atom)
        self.watching = replace(self.watching, only=only)

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
            else _EXAMPLES[verb].line(self.names)
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
        example = _EXAMPLES[kind].line(self.names).partition(" ")[2]
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
                raise self.refused(
                    f"I do not understand “{words[0].text}”.",
                    _UNDERSTOOD,
                    words,
                    line,
                )
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
        first = place - 1 if place and self.atoms[place - 1].text.casefold() in OWNING else place
        return self.atoms[first:last], last

    def plain_words(self, place: int) -> tuple[list[Atom], int]:
        last = place + 1
        while last < len(self.atoms) and self.atoms[last].is_unknown and not self.atoms[last].quoted:
            last += 1
        return self.atoms[place:last], last

    def _with_option(self, atom: Atom) -> str:
        """The line with the option that a word nearly is."""
        alike = difflib.get_close_matches(
            atom.text.casefold(), [each for each in self.option_keys if len(each) > 3], n=1, cutoff=0.75
        )
        return f"{self.text[: atom.at]}{alike[0]}{self.text[atom.end :]}".strip() if alike else ""

    def _linked(self, atom: Atom) -> str:
        found = re.search(r"experiments/(\d+)", atom.text)
        if not found:
            raise self.refused(
                "This link leads to no experiment.", "Paste the address of an experiment's page in MLflow.", [atom]
            )
        return found[1]

    def skip_silent(self, _atom: Atom, place: int) -> int:
        while place < len(self.atoms) and is_silent(self.atoms[place]) and not self.atoms[place].kinds:
            place += 1
        return place

    def until_option(self, place: int) -> int:
        """Where the next option begins."""
        while place < len(self.atoms) and (
            self.atoms[place].key not in self.option_keys or self.atoms[place].key == "of"
        ):
            place += 1
        return place


# Options


MOST_RULES = 10
_NIGHT = "quiet 20:00-08:00 Europe/Berlin"
_SPAN_NEEDED = "Say from when to when, and in which time zone; without one it is UTC."
_PARTS_OF_DAY = {  # the hours that each may mean
    **dict.fromkeys(("day", "daytime", "the day", "daylight", "daily"), "08:00-20:00"),
    **dict.fromkeys(("business hours", "working hours", "office hours", "work hours", "work"), "09:00-18:00"),
    **dict.fromkeys(("night", "nights", "overnight", "the night", "sleep"), "22:00-07:00"),
}
_HALF = re.compile(r"[ap]\.?m|:\d\d")
_CLOCK_SPAN = re.compile(rf"(?:from |between )?{TIME} ?(?:--?|–|to|until|till|and) ?{TIME}")
MOST_NAMED = 50
ONLY = {
    "failed": OnlyRuns.FAILURES,
    "better": OnlyRuns.BETTER,
    "worse": OnlyRuns.WORSE,
    "new_best": OnlyRuns.NEW_BEST,
    "best": OnlyRuns.NEW_BEST,
}
_SEEDS = frozenset({"seed", "seeds", "repeats", "repetitions"})
_ARRIVED = frozenset({"in", "finished", "done", "complete", "there", "ready", "over"})
MOST_SEEDS = 100
_UNSAFE = re.compile(r"['\"\\%]")
_REACHING = frozenset(
    {"gets", "get", "sets", "set", "hits", "reaches", "achieves", "makes", "shows", "produces", "scores", "has"}
)
ANYBODY = frozenset({"someone", "somebody", "anyone", "anybody", "everyone", "everybody"})
MESSAGES = frozenset(  # what a watch sends
    {"updates", "update", "news", "alerts", "notifications", "messages", "posts", "pings", "spam", "notices"}
)
_WHOSE = frozenset({"my", "his", "her", "their"})
_PASSING = frozenset({"through", "arrives", "appears", "lands", "pops", "shows"})
_LEVEL = re.compile(r"[<>=]+")
_ENDING = frozenset({"finished"})
_WINNING = ("better", "beat", "outperform", "win", "improve", "ahead")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)?|other|second|third|fourth|fifth|tenth|few|couple")
_UNITS = frozenset({"run", "runs", "minute", "minutes", "hour", "hours", "day", "days", "week", "weeks", "month"})
_UNITS |= {"morning", "evening", "night", "one", "time"}
_RATES = frozenset({"hourly", "weekly", "monthly", "daily", "twice", "max", "maximum"})


def _read_only_clear(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("only clear", atom)
    draft.watching = replace(draft.watching, only_clear=True)
    return place


def read_seeds(draft: WatchDraft, place: int) -> int | None:
    """Where `5 seeds are in` ends; None where no such thing is said here."""
    while place < len(draft.atoms) and (is_silent(draft.atoms[place]) or draft.atoms[place].key == "all"):
        place += 1
    said = draft.atoms[place : place + 2]
    if len(said) < 2 or said[1].text.casefold().removesuffix(" of") not in _SEEDS:
        return None
    if said[0].key != "number" or not 2 <= int(said[0].value[:9]) <= MOST_SEEDS:
        problem = f"I wait for 2 to {MOST_SEEDS} seeds of a configuration."
        raise draft.refused(problem, "Say how many.", said, options="when 5 seeds are in")
    draft.once("seeds", said[0])
    draft.watching = replace(draft.watching, seeds=int(said[0].value))
    last = _seeds_of(draft, place + 2)
    behind = last
    while behind < len(draft.atoms) and is_silent(draft.atoms[behind]) and not draft.atoms[behind].kinds:
        behind += 1
    is_told = behind < len(draft.atoms) and draft.atoms[behind].text.casefold() in _ARRIVED
    follows = draft.atom(behind + 1)
    is_place = is_told and draft.atoms[behind].key == "in" and follows and Kind.EXPERIMENT in follows.kinds
    return behind + 1 if is_told and not is_place else last


def _seeds_of(draft: WatchDraft, place: int) -> int:
    """`5 seeds of mlp-64`: the runs whose names begin so; an experiment is read as any other."""
    is_led = draft.key(place) == "of"
    if not is_led and not draft.atoms[place - 1].text.casefold().endswith(" of"):
        return place
    named = draft.atoms[draft.skip_silent(draft.atoms[place - 1], place + is_led) :][:1]
    if not named or Kind.EXPERIMENT in named[0].kinds or not (named[0].is_unknown or Kind.RUN in named[0].kinds):
        return place
    draft.run = named[0]
    draft.put_filter(f"attributes.run_name LIKE '{_UNSAFE.sub('_', named[0].text)}%'")
    return draft.atoms.index(named[0]) + 1


def read_own(draft: WatchDraft, place: int) -> None:
    """Raises NotUnderstood for `my run`, `his runs`: nobody knows what MLflow calls who asks."""
    words = [each.text.casefold() for each in draft.atoms[place : place + 2]]
    if words[0] not in _WHOSE or words[1:] == [] or draft.atoms[place + 1].key != "run":
        return
    problem = "I do not know what MLflow calls you." if words[0] == "my" else "I do not know whose runs those are."
    person = next(iter(draft.names.all(Kind.USER)), "maya")
    spot = draft.atoms[place : place + 2]
    raise draft.refused(problem, "Name the user as MLflow knows them.", spot, options=_whose(person))


def read_next(draft: WatchDraft, place: int) -> None:
    """Raises NotUnderstood for `the next run`: a watch does not end by itself."""
    words = [each.text.casefold() for each in draft.atoms[place : place + 2]]
    if words[0] in ("next", "first") and words[1:] and draft.atoms[place + 1].key in ("run", "failed", "finished"):
        remedy = "A watch goes on until it is ended."
        spot = draft.atoms[place : place + 2]
        raise draft.refused(f"I tell of every run that fits, not of the {words[0]} one alone.", remedy, spot)


def _read_of(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = draft.skip_silent(atom, place)
    if at < len(draft.atoms) and Kind.USER in draft.atoms[at].kinds and Kind.EXPERIMENT not in draft.atoms[at].kinds:
        return _read_by(draft, atom, place)
    return at


def _read_against(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("against", atom)
    last = draft.until_option(place)
    if last < len(draft.atoms) and draft.atoms[last].text.casefold() == "metric" and last > place:
        last = draft.until_option(last + 1)  # `against best metric f1`
    while (
        last < len(draft.atoms)
        and draft.atoms[last].key in ("by", "where")
        and last == place + ({"by": 1, "where": 0}[draft.atoms[last].key])
    ):
        is_metric = draft.atoms[last].key == "where" or (
            last + 1 < len(draft.atoms) and bool(draft.atoms[last + 1].metric)
        )
        if not is_metric:
            break
        last = draft.until_option(last + 1)
    group = [
        _baseline_atom(draft, at)
        for at, each in enumerate(draft.atoms[place:last], place)
        if each.key not in ("by", "and", "mention", "metrics", "each_new")
    ]
    while group and group[-1].key == ",":
        group = group[:-1]
    side = read_side(group, draft.names, draft.text, is_parted=True, is_led=True) if group else None
    if side is None or not (side.runs or side.left):
        raise draft.refused(
            "Against what?", "Say previous, best, baseline, or name a run.", [atom], options="against best"
        )
    if len(side.runs) != 1 or side.left or isinstance(side.runs[0], TopRuns | AllRuns | SweepRuns | Group):
        raise draft.refused("A watch has one baseline.", "Name one run.", group, options="against best")
    draft.guesses += side.guesses
    match side.runs[0]:
        case Latest(back=0 | 1, user=""):
            draft.watching = replace(draft.watching, against="previous")
        case Leading(metric="", worst=False, user=""):
            draft.watching = replace(draft.watching, against="best")
        case Pinned():
            draft.watching = replace(draft.watching, against="baseline")
        case run:
            draft.watching = replace(draft.watching, against="run", baseline=run)
    return last


def _baseline_atom(draft: WatchDraft, place: int) -> Atom:
    """An atom as it is meant behind `against`: the metric of `best metric f1`, `the baseline`."""
    atom = draft.atoms[place]
    if _is_metric_of(draft, place):
        return replace(atom, kinds={Kind.METRIC: atom.text}, key="", quoted=False)
    return replace(atom, key="baseline", text="baseline") if atom.key == "baseline_role" else atom


def _is_metric_of(draft: WatchDraft, place: int) -> bool:
    """Whether it stands behind `best metric`."""
    return place > 1 and draft.atoms[place - 1].text.casefold() == "metric"


def _read_where(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("where", atom)
    place = draft.skip_silent(atom, place)
    if place < len(draft.atoms) and (tagged := _equation(atom, draft.atoms[place])):
        draft.put_filter(tagged)
        return place + 1
    if place == len(draft.atoms) or draft.atoms[place].key != "filter":
        raise draft.refused(
            "That is no filter of MLflow's.",
            "Write it as in MLflow's search box.",
            [atom],
            options="where params.model = 'xgb'",
        )
    draft.put_filter(draft.atoms[place].text)
    return place + 1


def _equation(lead: Atom, atom: Atom) -> str:
    """`tagged stage=prod` as a filter; "" for what is none."""
    name, sign, value = atom.text.partition("=")
    is_tag, is_parameter = "tag" in lead.text.casefold(), "param" in lead.text.casefold()
    if not (name and sign and value and set("'`").isdisjoint(atom.text)) or not (is_tag or is_parameter):
        return ""
    return f"{'tags' if is_tag else 'params'}.`{name}` = '{value}'"


def _read_by(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("by", atom)
    place = draft.skip_silent(atom, place)
    follows = draft.atom(place)
    remedy = "Name the user as MLflow knows them."
    if follows is None or follows.key in draft.option_keys:
        raise draft.refused("Whose runs?", remedy, [atom])
    if follows.text.casefold() in ("me", "myself") or (
        draft.text.startswith("<@", follows.at) and "|" not in draft.text[follows.at : follows.end]
    ):
        raise draft.refused("I do not know what MLflow calls that person.", remedy, [follows])
    typed_at = follows.text.startswith("@")
    if (
        not follows.quoted
        and not typed_at
        and atom.key != "user"
        and Kind.USER not in follows.kinds
        and (Kind.METRIC in follows.kinds or goal_of(follows.text) is not Goal.UNKNOWN)
    ):
        raise draft.refused(
            f"By names a person here, and {follows.text[:60]} looks like a metric.",
            "Say metrics for what is shown; quotes make it a person's name.",
            [follows],
            options=f"metrics {follows.text}",
        )
    words, last = ([follows], place + 1) if follows.quoted or follows.kinds or typed_at else draft.unknown_words(place)
    name = follows.kinds.get(Kind.USER) or " ".join(each.text for each in words or [follows])
    if Kind.USER not in follows.kinds:
        draft.guesses.append((Kind.USER, name))
    if (
        last < len(draft.atoms) - 1
        and draft.atoms[last].key in (",", "and")
        and Kind.USER in draft.atoms[last + 1].kinds
    ):
        raise draft.refused(
            "A watch is of the runs of one person, or of all.", remedy, [follows, draft.atoms[last + 1]]
        )
    draft.watching = replace(draft.watching, user=name if follows.quoted else name.lstrip("@"))
    return max(last, place + 1)


def _read_only(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = draft.skip_silent(atom, place)
    while at < len(draft.atoms) and (draft.atoms[at].key == "of" or draft.atoms[at].text.casefold() in TELLING):
        at = draft.skip_silent(atom, at + 1)
    if (found := read_hours(draft, at, is_quiet=False)) is not None:
        return found
    follows = draft.atom(at)
    before = next((each for each in reversed(draft.atoms[: place - 1]) if not is_silent(each)), None)
    if (
        (follows is None or follows.key in draft.option_keys - {"when", "by", "in"} or follows.key == ",")
        and before
        and before.key in ONLY
    ):
        return place  # `failures only`
    if follows is not None and follows.key in ("when", "watch_when"):
        return read_when(draft, follows, at + 1)
    if follows is not None and follows.key in ("by", "in"):
        return at
    if follows is not None and Kind.USER in follows.kinds and Kind.EXPERIMENT not in follows.kinds:
        return _read_by(draft, atom, at)
    if follows is not None and follows.key in ONLY:
        for_two = (
            at + 2 < len(draft.atoms)
            and draft.atoms[at + 1].key in ("or", "and", ",")
            and draft.atoms[at + 2].key in ONLY
        )
        if for_two:
            raise draft.refused(
                "Only one of these can be chosen.",
                "Choose one of failures, better, worse and new best; for two, set up two watches.",
                [follows, draft.atoms[at + 2]],
                options=f"only {ONLY[follows.key].value}",
            )
        draft.choose(ONLY[follows.key], atom)
        return at + 1
    if follows is not None and Kind.EXPERIMENT in follows.kinds and not draft.watching.place:
        return at
    raise draft.refused(
        "Only what?", "Say failures, better, worse or new best.", [follows or atom], options="only failures"
    )


def _is_amount(draft: WatchDraft, place: int) -> bool:
    return draft.atoms[place : place + 1] != [] and draft.atoms[place].key in ("number", "decimal")


def _read_than(draft: WatchDraft, atom: Atom, place: int) -> int:
    """`compared with best`, `better than the champion`, `beats xgb-v2`."""
    said = atom.text.casefold()
    if "worse" in said:
        draft.choose(OnlyRuns.WORSE, atom)
    elif any(word in said for word in _WINNING):
        draft.choose(OnlyRuns.BETTER, atom)
    return _read_against(draft, atom, place)


def _read_unless(draft: WatchDraft, atom: Atom, place: int) -> int:
    """`silent unless better` wants what follows; `watch fraud unless it fails` does not."""
    return read_when(draft, atom, place) if draft.is_silent else _read_except(draft, atom, place)


def read_rate(draft: WatchDraft, place: int) -> int | None:
    """Raises NotUnderstood for `every 5th run`, `at most once an hour`; None where nothing such is said."""
    atom = draft.atoms[place]
    behind = [each.text.casefold().rpartition(" ")[2] for each in draft.atoms[place + 1 : place + 5]]
    if atom.key == "every" and behind and not (_ORDINAL.fullmatch(behind[0]) or behind[0] in _UNITS):
        return None
    is_once = atom.text.casefold() == "once" and behind[:1] != [] and behind[0] in _UNITS
    if atom.key not in ("every", "bound", "daily") and atom.text.casefold() not in _RATES and not is_once:
        return None
    sizes = [at for at, said in enumerate(behind, 1) if said in _UNITS]
    size = (sizes or [0])[0 if atom.key == "every" else -1]  # `max one message per day`
    if not size and atom.key != "daily" and atom.text.casefold() not in _RATES:
        return None
    spot = draft.atoms[place : place + 1 + size]
    said = draft.text[spot[0].at : spot[-1].end]
    remedy = "A watch tells of each run that ends and fits; runs that end together share a message."
    raise draft.refused(f"I cannot watch “{said[:60]}”.", remedy, spot)


def read_sweep(draft: WatchDraft, place: int) -> int:
    """Refuses a watch of sweeps alone."""
    spot = [draft.atoms[place]]
    remedy = "A watch of an experiment says when a sweep in it is over, and tells of its single runs."
    raise draft.refused("I cannot watch sweeps alone.", remedy, spot)


def read_end(draft: WatchDraft, _atom: Atom, place: int) -> int:
    """Refuses `until friday`, `for 2 hours`: a watch does not end by itself."""
    last = place
    while last < len(draft.atoms) and draft.atoms[last].key not in (*draft.option_keys, ",", "and"):
        last += 1
    spot = draft.atoms[place - 1 : last]
    clock = read_clock(spot[-1].text.casefold().rpartition(" ")[2])
    if clock is not None:
        is_until = spot[0].key == "until" or spot[0].text.casefold().startswith(("before", "until", "till"))
        is_quiet, draft.intent = draft.ends_all, "watch"
        hours = f"22:00-{_clock(clock)}" if is_until is is_quiet else f"{_clock(clock)}-08:00"
        raise draft.refused("Quiet when?", _SPAN_NEEDED, spot, options=f"quiet {hours}")
    remedy = "A watch goes on until it is ended: say unwatch then."
    raise draft.refused(f"I cannot watch “{draft.text[spot[0].at : spot[-1].end][:60]}”.", remedy, spot)


def _read_metrics(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("metrics", atom)
    at = place
    while at < len(draft.atoms) and (is_silent(draft.atoms[at]) or draft.atoms[at].key in ("of", "in")):
        at += 1
    if place < at < len(draft.atoms) and Kind.EXPERIMENT in draft.atoms[at].kinds and not draft.watching.place:
        place = draft.read_place(at)  # `the metrics of the churn watch`
    while draft.key(place) == "with":
        place += 1
    last = draft.until_option(place)
    groups: list[list[Atom]] = [[]]
    for each in draft.atoms[place:last]:
        if each.key in (",", "and"):
            groups.append([])
        elif each.key not in ONLY or each.quoted or each.text.casefold() == "best":
            groups[-1].append(each)
    named = [" ".join(e.kinds.get(Kind.METRIC, e.text) for e in group) for group in groups if group]
    if not named or not all(named):
        raise draft.refused("Which metrics?", "Name them.", [atom], options="metrics accuracy, loss")
    draft.watching = replace(draft.watching, metrics=tuple(dict.fromkeys(named))[:MOST_NAMED])
    return last


def read_when(draft: WatchDraft, atom: Atom, place: int) -> int:
    """A rule on a metric, what becomes of a run, or its seeds: `when it fails`, `when 5 seeds are in`."""
    if (behind := read_seeds(draft, place)) is not None:
        return behind
    if [each.text.casefold() for each in draft.atoms[place : place + 1]] in (["seeds"], ["all"]) and any(
        each.text.casefold() in _SEEDS for each in draft.atoms[place : place + 3]
    ):
        spot = draft.atoms[place : place + 1]
        raise draft.refused("When how many seeds are in?", "Say how many.", spot, options="when 5 seeds are in")
    if draft.key(place) == "filter":
        draft.put_filter(draft.atoms[place].text)
        return place + 1
    last = _rule_end(draft, place)
    said = _placed(draft, draft.atoms[place:last])
    for each in said:
        if each.possessive and set(each.kinds) == {Kind.USER}:
            draft.once("by", each)  # `when jonas' runs in fraud finish`
            draft.watching = replace(draft.watching, user=each.kinds[Kind.USER])
    for each in draft.atoms[place:last]:
        read_own(draft, draft.atoms.index(each))
    said = [each for each in said if not (each.possessive and set(each.kinds) == {Kind.USER})]
    core = [each for each in said if not is_silent(each) and each.key not in ("and", ",") and not _is_anybody(each)]
    if not core:
        if draft.key(last) == "than":
            return last  # `when it beats the best`
        if any(each.key in ("finished", "run") for each in said):
            return last  # `when a run in fraud fails`
        raise draft.refused("When what?", "Say a rule on a metric.", [atom], options="when accuracy drops by 2 %")
    metric = any(
        each.metric or each.key in ("decimal", "number") or each.text in ("<", ">", "<=", ">=", "=") for each in core
    )
    states = [each for each in core if each.key in ONLY or each.key in _ENDING]
    says_experiment = any(each.key == "experiment" for each in draft.atoms[place:last])
    is_named = any(Kind.EXPERIMENT in each.kinds or each.is_unknown for each in (*core, *draft.atoms[last:]))
    if states and says_experiment and not is_named and not draft.watching.place:
        draft.put_place("*", core[0])  # `if any experiment fails`
    is_record = any(ONLY.get(each.key) is OnlyRuns.NEW_BEST for each in states)
    is_level = any(_LEVEL.fullmatch(each.text) or each.key in ("number", "decimal") for each in core)
    if states and (not metric or (is_record and not is_level)):
        for each in core:
            if is_record and each.text.casefold() in _REACHING:
                continue
            if is_record and each.metric and Kind.EXPERIMENT not in each.kinds:
                put_metric(draft, each)
                continue
            if each.key in ONLY:
                draft.choose(ONLY[each.key], each)
            elif each.key == "everything" and not draft.watching.place:  # `if anything crashes`
                if not any(Kind.EXPERIMENT in e.kinds or e.key in ("in", "of") for e in draft.atoms[last:]):
                    draft.put_place("*", each)
            elif each.text.casefold() in _PASSING:
                continue
            elif each.key not in (*_ENDING, "in", "of", "all", "everything"):
                draft.read_place(draft.atoms.index(each))
        return last
    for each in core:
        read_next(draft, draft.atoms.index(each))
    if core[0].key == "sweep":
        return read_sweep(draft, draft.atoms.index(core[0]))
    core = [each for each in core if each.text.casefold() not in _PASSING] or core
    if all(each.text.casefold() in _PASSING for each in core):
        return last  # `when digits is through`
    is_place_behind = draft.key(last) in ("in", "of")
    if all(each.key in ("everything", "all") for each in core) and is_place_behind:
        return last  # `when anything in digits breaks`
    if not metric and draft.intent == "watch_when" and not draft.watching.place:
        return draft.read_place(draft.atoms.index(core[0]))
    words = [Word(each.text, each.at, each.end, is_quoted=each.quoted, is_comma=each.key == ",") for each in said]
    try:
        found = rules(words, draft.rule_text or draft.text)
    except NotUnderstood as error:
        raise draft.refused(error.problem, error.remedy, said, options="when accuracy drops by 2 %") from None
    if len(draft.watching.rules) + len(found) > MOST_RULES:
        raise draft.refused(f"A watch has at most {MOST_RULES} rules.", "Leave some out.", said)
    draft.watching = replace(draft.watching, rules=(*draft.watching.rules, *found))
    return last


def _is_anybody(atom: Atom) -> bool:
    """`someone's run`."""
    return atom.possessive and atom.text.casefold() in ANYBODY


def put_metric(draft: WatchDraft, atom: Atom) -> None:
    """`a new best val_auc`: the metric that decides."""
    draft.once("metrics", atom)
    draft.watching = replace(draft.watching, metrics=(atom.metric,))


def _placed(draft: WatchDraft, said: list[Atom]) -> list[Atom]:
    """A rule without the place that stands within it: `accuracy in fraud drops below 0.9`."""
    if len(said) > 1 and Kind.EXPERIMENT in said[0].kinds and not said[0].metric and not draft.watching.place:
        draft.put_place(said[0].kinds[Kind.EXPERIMENT], said[0])
        said = said[1:]
    for at, atom in enumerate(said[:-1]):
        place = said[at + 1]
        if atom.key in ("in", "of") and at and Kind.EXPERIMENT in place.kinds and not draft.watching.place:
            draft.put_place(place.kinds[Kind.EXPERIMENT], place)
            blank = " " * (place.end - atom.at)  # where the rest stands does not change
            draft.rule_text = f"{draft.text[: atom.at]}{blank}{draft.text[place.end :]}"
            return [*said[:at], *said[at + 2 :]]
    return said


def _rule_end(draft: WatchDraft, place: int) -> int:
    """Where a rule ends: a `by` behind `drops` is of the rule."""
    first = place
    while place < len(draft.atoms):
        atom = draft.atoms[place]
        before = draft.atoms[place - 1].text.casefold().rpartition(" ")[2] if place > first else ""
        is_of_rule = atom.key == "by" and (before in MOVING or before in {"down", "up"})
        is_of_rule |= atom.key == "than" and _is_amount(draft, place + 1)
        behind = draft.atoms[place + 1 : place + 2]
        is_place = atom.key == "in" and bool(behind) and Kind.EXPERIMENT in behind[0].kinds
        if is_place and place == first + 1 and draft.atoms[first].metric and len(draft.atoms) > place + 2:
            place += 2
            continue
        is_only = (
            atom.key == "failed"
            and place > first + 1
            and any(e.key in ("number", "decimal") for e in draft.atoms[first:place])
        )
        is_told = place > first and not atom.kinds and atom.text.partition(" ")[0].casefold() in TELLING
        if (
            is_told
            or is_only
            or (atom.key in draft.option_keys and not is_of_rule and not (atom.key == "of" and place > first))
        ):
            break
        place += 1
    while place > first and draft.atoms[place - 1].key in ("and", ","):
        place -= 1
    return place


def _read_quiet(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = draft.skip_silent(atom, place)
    if draft.key(at) in ("unless", "but", "except"):
        draft.is_silent = True
        if draft.atoms[at].key == "unless":
            return at
        return at + 1
    draft.once("quiet", atom)
    while draft.key(at) in ("of", "in", "filler"):
        at += 1
    if at < len(draft.atoms) and Kind.EXPERIMENT in draft.atoms[at].kinds and not draft.watching.place:
        place = draft.read_place(at)  # `quiet hours for fraud 22-7`
    if (found := read_hours(draft, place, is_quiet=True)) is not None:
        return found
    last = _hours_end(draft, place)
    raise draft.refused("Quiet when?", _SPAN_NEEDED, draft.atoms[place:last] or [atom], options=_NIGHT)


def _hours_end(draft: WatchDraft, place: int) -> int:
    last = place
    while last < len(draft.atoms) and (
        draft.atoms[last].key not in draft.option_keys
        or draft.atoms[last].key in ("in", "of", "between", "during", "until", "since", "time")
    ):
        is_place = draft.atoms[last].key in ("in", "of") and last + 1 < len(draft.atoms)
        if is_place and Kind.EXPERIMENT in draft.atoms[last + 1].kinds:
            break
        if Kind.EXPERIMENT in draft.atoms[last].kinds and not draft.watching.place:
            break
        last += 1
    while last > place and draft.atoms[last - 1].key in ("and", ","):
        last -= 1
    return last


def read_hours(draft: WatchDraft, place: int, *, is_quiet: bool) -> int | None:
    """Hours of the day, as quiet ones or as those in which runs are told; None where none are said.

    Raises NotUnderstood for days, and for parts of a day that have no hours.
    """
    while draft.key(place) in ("during", "in", "of", "filler", "with"):
        if draft.atoms[place].text in ("between", "from") or Kind.EXPERIMENT in draft.atoms[place].kinds:
            break
        place += 1
    last = _hours_end(draft, place)
    said = draft.atoms[place:last]
    folded = [each.text.casefold() for each in said]
    whole = " ".join(folded)
    part = next((hours for words, hours in _PARTS_OF_DAY.items() if f"{whole} ".startswith(f"{words} ")), "")
    if said and (said[0].kinds or said[0].quoted):
        return None
    if part and not (is_quiet or draft.ends_all):
        part = "-".join(reversed(part.split("-")))  # told then, so quiet in all other hours
    has_days = any(_is_days(each) for each in said)
    has_clock = any(_CLOCK_SPAN.match(each) or read_clock(each) or each in ("between", "from") for each in folded[:3])
    if not said or not (part or has_days or (has_clock and (is_quiet or _CLOCK_SPAN.search(whole)))):
        return None
    words = [
        Word(each.text, each.at, each.end, is_comma=each.key == ",")
        for each in said
        if (each.key != "filler" or each.text in ("between", "from") or each.text.isupper()) and not _is_days(each)
    ]
    try:
        found = read_quiet([w for w in words if w.text.casefold() not in ("in", "hours", "during", "on")])
    except NotUnderstood as error:
        line = draft.refused("", "", said, options=_NIGHT).example
        if error.near and error.at is not None and error.end is not None:
            line = f"{draft.text[: error.at]}{error.near[0]}{draft.text[error.end :]}".strip()
        error.example = line
        raise
    if draft.ends_all:  # `don't notify us at night`: the hours are quiet ones, and no watch is ended
        draft.intent, is_quiet = "watch", True
        if found is not None and not has_days:
            remedy = "Hours are of a watch; say them where it is set up, or change it:"
            raise draft.refused("I end watches, not hours of them.", remedy, said, options=_hours_words(found))
    if found is not None and not is_quiet and _is_working_day(words, found):
        found = replace(found, end=found.end.replace(hour=found.end.hour + 12))  # `from 9 to 5`
    if found is not None and not is_quiet:
        found = replace(found, begin=found.end, end=found.begin)
    if found is None or has_days:
        options = _hours_words(found) if found else _NIGHT
        options = f"quiet {part}" if part and not found else options
        remedy = "Quiet is the same hours on every day; say them, and in which time zone." if has_days else _SPAN_NEEDED
        problem = "Quiet when?" if is_quiet else "I know quiet hours, in which I tell nothing, and no hours in words."
        raise draft.refused("Quiet when?" if has_days else problem, remedy, said, options=options)
    draft.watching = replace(draft.watching, quiet=found)
    return last


def _is_working_day(words: Sequence[Word], hours: QuietHours) -> bool:
    """Whether hours are said without a half of the day and end, as they stand, on the next morning."""
    is_plain = not any(_HALF.search(each.folded) for each in words)
    return is_plain and hours.end < hours.begin <= time(12) and hours.end.hour > 0


def _is_days(atom: Atom) -> bool:
    words = [Word(atom.text.rpartition(" ")[2], atom.at, atom.end)]
    if words[0].folded in ("day", "days", "daily"):
        return False
    return words[0].folded.rstrip("s") in DAYS or read_days(words)[1] > 0


def _read_mention(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("mention", atom)
    if "owner" in atom.text.casefold():
        draft.watching = replace(draft.watching, mentions_owner=True)
        return place
    at = draft.skip_silent(atom, place)
    if draft.key(at) == "owner":
        draft.watching = replace(draft.watching, mentions_owner=True)
        return at + 1
    raise draft.refused(
        "Only the owner of a run can be mentioned.",
        "Say mention owner, or leave it out.",
        draft.atoms[place : place + 1] or [atom],
        options="mention owner",
    )


def _read_broadcast(draft: WatchDraft, atom: Atom, place: int) -> int:
    draft.once("broadcast", atom)
    at = draft.skip_silent(atom, place)
    follows = draft.atom(at)
    if follows and follows.key in ("new_best", "best") and "best" not in atom.text.casefold():
        place = at + 1
    elif follows and follows.key not in (*draft.option_keys, ",", "and"):
        raise draft.refused(
            "Only a new best can be broadcast.",
            "Say broadcast new best, or leave it out.",
            [follows],
            options="broadcast new best",
        )
    draft.watching = replace(draft.watching, broadcasts=True)
    return place


def _is_letter(draft: WatchDraft, place: int) -> bool:
    """An experiment that is called `a`, where nothing else can be meant."""
    atom, behind = draft.atoms[place], draft.atoms[place + 1 : place + 2]
    is_last = not behind or behind[0].key in (",", "and") or behind[0].role is Role.SLOT
    return atom.key == "filler" and len(atom.text) == 1 and is_last


def _goes_on(draft: WatchDraft, place: int) -> bool:
    """Whether more is left out behind a comma or `and`."""
    if place + 1 >= len(draft.atoms) or draft.atoms[place].key not in (",", "and", "or"):
        return False
    behind = draft.atoms[place + 1]
    is_state = behind.key in ONLY and draft.atoms[place].key != ","
    return bool(behind.kinds) or behind.is_unknown or behind.quoted or behind.key == "pattern" or is_state


def _read_except(draft: WatchDraft, atom: Atom, place: int) -> int:
    at = place
    while at < len(draft.atoms) and (is_silent(draft.atoms[at]) or draft.atoms[at].text.casefold() in MESSAGES):
        at += 1
    if (found := read_hours(draft, at, is_quiet=True)) is not None:
        return found  # `but not on weekends`
    draft.once("except", atom)
    named: list[str] = []
    is_filtered = False  # something but an experiment is left out
    last = place
    while True:
        at = last
        while (
            at < len(draft.atoms)
            and (is_silent(draft.atoms[at]) or draft.atoms[at].key in ("of", "in", "by", "only"))
            and Kind.EXPERIMENT not in draft.atoms[at].kinds
            and not _is_letter(draft, at)
        ):
            at += 1
        if at == len(draft.atoms):
            break
        each = draft.atoms[at]
        if each.key == "failed" or (Kind.USER in each.kinds and Kind.EXPERIMENT not in each.kinds):
            person = each.kinds.get(Kind.USER, "")
            if "'" in person:
                raise draft.refused(f"I cannot leave out {person}.", "Name whom you want by the user.", [each])
            draft.put_filter(f"tags.`mlflow.user` != '{person}'" if person else "attributes.status = 'FINISHED'")
            last = at + 1
            is_filtered = True
            if _goes_on(draft, last):
                last += 1
                continue
            break
        if each.key in ONLY or each.key in ("finished", "running"):
            problem = f"A watch leaves out experiments, not {each.text[:60]}."
            raise draft.refused(
                problem,
                "Say only better, only worse or only new best for what is wanted.",
                [each],
                options="only new best",
            )
        if _is_letter(draft, at):
            each = replace(each, key="")
        if not (Kind.EXPERIMENT in each.kinds or each.is_unknown or each.quoted or each.key == "pattern" or each.kinds):
            break
        words, last = draft.plain_words(at) if each.is_unknown and not each.quoted else ([each], at + 1)
        named.append(each.kinds.get(Kind.EXPERIMENT) or draft.typed(words))
        if _goes_on(draft, last):
            last += 1
        elif (
            last + 2 < len(draft.atoms)
            and draft.atoms[last].key == ","
            and draft.atoms[last + 1].key == "and"
            and (draft.atoms[last + 2].kinds or draft.atoms[last + 2].is_unknown)
        ):
            last += 2
        else:
            break
    if not named and is_filtered:
        return last
    if not named:
        raise draft.refused(
            "Except which?",
            "Name experiments, or patterns, with commas.",
            [atom],
            "watch * except team/test, team/old*",
        )
    if len(named) > MOST_NAMED:
        raise draft.refused(
            f"That is {len(named)} names; a watch takes {MOST_NAMED} of them.",
            "Name fewer.",
            draft.atoms[place:last],
        )
    draft.watching = replace(draft.watching, excepted=tuple(dict.fromkeys(named)))
    return last


# Written back
def _whose(user: str) -> str:
    """`by maya`; `by user f1` where the name would be taken for a metric."""
    lead = "by" if goal_of(user) is Goal.UNKNOWN else "by user"
    return f"{lead} {quoted(user)}" if user else ""


def quiet_words(watching: Watch) -> str:
    return _hours_words(watching.quiet) if watching.quiet else ""


def _hours_words(quiet: QuietHours) -> str:
    return f"quiet {_clock(quiet.begin)}-{_clock(quiet.end)} {zone_words(quiet.zone)}"


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _against_words(watching: Watch) -> str:
    baseline = watching.baseline
    against = reference(baseline) if watching.against == "run" and baseline else watching.against
    return f"against {against}" if against else ""


def _condition_words(watching: Watch) -> str:
    """Seeds that are waited for, and rules of metrics."""
    rules_ = " and ".join(f"{quoted(rule.metric)} {rule.condition}" for rule in watching.rules)
    seeds = f"when {watching.seeds} seeds are in" if watching.seeds is not None else ""
    return joined(seeds, f"when {rules_}" if rules_ else "")


def _excepted_words(watching: Watch) -> str:
    return f"except {', '.join(map(place_words, watching.excepted))}" if watching.excepted else ""


@dataclass(frozen=True, slots=True)
class WatchOption:
    """`keys` begin it; `read` gives the place behind it; `write` gives what to type for it, "" for none."""

    keys: tuple[str, ...]
    read: Callable[[WatchDraft, Atom, int], int]
    write: Callable[[Watch], str] = lambda _watching: ""


OPTIONS = (  # in the order in which they are written
    WatchOption(("except",), _read_except, _excepted_words),
    WatchOption(("against", "vs"), _read_against, _against_words),
    WatchOption(("by", "user"), _read_by, lambda watching: _whose(watching.user)),
    WatchOption(("only",), _read_only, lambda watching: f"only {watching.only.value}" if watching.only else ""),
    WatchOption(("only_clear",), _read_only_clear, lambda watching: "only clear" if watching.only_clear else ""),
    WatchOption(("when",), read_when, _condition_words),
    WatchOption(("metrics",), _read_metrics, lambda watching: listed("metrics", watching.metrics)),
    WatchOption(("quiet",), _read_quiet, quiet_words),
    WatchOption(("mention",), _read_mention, lambda watching: "mention owner" if watching.mentions_owner else ""),
    WatchOption(("broadcast",), _read_broadcast, lambda watching: "broadcast new best" if watching.broadcasts else ""),
    WatchOption(("where",), _read_where, lambda watching: f"where {watching.where}" if watching.where else ""),
    WatchOption(("than",), _read_than),
    WatchOption(("unless",), _read_unless),
    WatchOption(("until", "since"), read_end),
    WatchOption(("in",), WatchDraft.skip_silent),
    WatchOption(("of",), _read_of),
)
READERS = {key: option.read for option in OPTIONS for key in option.keys}
