"""`watch …`, `unwatch …`: what a channel wants to hear of by itself, its options in any order."""

# ruff: noqa: C901, PLR0911, PLR0912 -- a grammar is a list of cases, each in its place

import difflib
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import time

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.command import Command
from comparison.language.cover import Atom, spelt
from comparison.language.dates import (
    DAYS,
    read_quiet,
    zone_words,
)
from comparison.language.draft import Draft, Guess
from comparison.language.example import Example
from comparison.language.lexicon import Role
from comparison.language.metric_rule import MOVING, rules
from comparison.language.names import Kind, Names
from comparison.language.phrases import (
    joined,
    listed,
    reference,
)
from comparison.language.quotes import quoted
from comparison.language.sides import OWNING, is_silent, read_side
from comparison.language.slots import refuse
from comparison.language.tokens import Word
from comparison.request import Request, Unwatch, WatchRequest
from comparison.run_reference import AllRuns, Group, Latest, Leading, Pinned, SweepRuns, TopRuns
from comparison.runs import Goal
from comparison.watch import OnlyRuns, Watch

_PATTERN = re.compile(r"[\w*?][\w./*?+:@-]*")
MOST_RULES = 10
MOST_NAMED = 50
_ONLY = {
    "failed": OnlyRuns.FAILURES,
    "better": OnlyRuns.BETTER,
    "worse": OnlyRuns.WORSE,
    "new_best": OnlyRuns.NEW_BEST,
    "best": OnlyRuns.NEW_BEST,
}
_OPTIONS = frozenset(
    {
        "against",
        "vs",
        "where",
        "by",
        "user",
        "only",
        "when",
        "watch_when",
        "metrics",
        "quiet",
        "mention",
        "broadcast",
        "except",
        "in",
        "of",
        "only_clear",
    }
)
_SEEDS = frozenset({"seed", "seeds", "repeats", "repetitions"})
_ARRIVED = frozenset({"in", "finished", "done", "complete", "there", "ready", "over"})
MOST_SEEDS = 100
_ENDING = frozenset({"finished"})
_UNDERSTOOD = "Behind an experiment I understand against, where, by, only, when, metrics, quiet, except, mention owner."
_PLAN = "digest weekdays 9:30 Europe/Berlin"

Guesses = list[tuple[Kind, str]]


def _read(draft: Draft) -> Request:
    reader = _Watch(draft.intent, draft.atoms, draft.place, draft.names, draft.text)
    request = reader.read()
    draft.guesses += [Guess(*each) for each in reader.guesses]
    return request


@dataclass
class _Watch:
    intent: str
    atoms: list[Atom]
    place: int
    names: Names
    text: str
    watching: Watch = field(default_factory=lambda: Watch(""))
    at: int | None = None
    seen: set[str] = field(default_factory=set)
    guesses: Guesses = field(default_factory=list)
    is_all: bool = False
    rule_text: str = ""  # the text without a place that stands within a rule

    def read(self) -> Request:
        atom = self.atoms[self.place]
        place = 0
        while place < self.place:  # `fraud nicht mehr beobachten`
            each = self.atoms[place]
            is_known = (
                is_silent(each) or Kind.EXPERIMENT in each.kinds or each.key in (",", "and", "pattern", "make", "set")
            )
            if not is_known:
                raise self._refused(f"I do not understand “{each.text}”.", "Say watch and the experiment.", [each])
            place = place + 1 if each.key in ("make", "set") else self._next(place)
        place = self.place + 1
        if self.intent == "watch_when":
            place = self._when(atom, place)
        while place < len(self.atoms):
            place = self._next(place)
        return self._request(atom)

    def _request(self, atom: Atom) -> Request:
        watching = self.watching
        if watching.excepted and not watching.place:
            watching = replace(watching, place="*")
        if self.intent == "unwatch" and watching.only and not watching.place and atom.text.casefold()[:2] == "do":
            remedy = "Each watch in the list can be edited, or watch what you want."
            raise self._refused("That says what I shall not say, and not of which watch.", remedy, [atom], "watches")
        if self.intent == "unwatch" and watching.excepted:
            raise self._refused(
                "I end watches one by one, or all of them.", "The list has a button for each.", [atom], "watches"
            )
        if self.intent == "unwatch":
            if watching.place == "*" and self.is_all and watching == Watch("*"):
                return Unwatch("*", self.text, is_all=True)
            options = None if watching == Watch(watching.place) else watching
            return Unwatch(watching.place, self.text, watching=options)
        return WatchRequest(watching, self.text, atom.end if self.at is None else self.at, watch_words(watching))

    def _next(self, place: int) -> int:
        atom = self.atoms[place]
        if atom.key == "help":
            raise refuse("Help is said alone.", "Say help watch.", "help watch", [atom])
        read: Callable[[Atom, int], int] | None = getattr(self, f"_{atom.key}", None) if atom.key in _OPTIONS else None
        if read is not None and not (Kind.EXPERIMENT in atom.kinds and not self.watching.place):
            return read(atom, place + 1)
        behind = self.atoms[place + 1] if place + 1 < len(self.atoms) else None
        if atom.text.casefold() in OWNING and behind and behind.is_unknown and not self.watching.place:
            return self._named(place + 1)
        if atom.is_unknown and self.text.startswith("<#", atom.at):  # the channel that is to hear of it
            return place + 1
        if atom.key == "off" and self.intent == "watch" and not self.watching.place and len(self.atoms) == 2:
            self.intent = "unwatch"
            return place + 1
        if atom.key == "everything" and (self.watching.place or "metric" in atom.text.casefold()):
            raise self._refused(
                f"I do not understand “{atom.text}”.", "A watch shows the metrics that it names.", [atom]
            )
        if atom.possessive and Kind.USER in atom.kinds and Kind.EXPERIMENT not in atom.kinds:
            self._once("by", atom)  # `maya's runs in fraud`
            self.watching = replace(self.watching, user=atom.kinds[Kind.USER])
            return place + 1
        if (last := self._counted_seeds(place)) is not None:
            return last
        if is_silent(atom) or atom.key in (
            "and",
            ",",
            "with",
            "but",
            "dash",
            "finished",
            "all",
            "every",
            "everything",
            "experiments",
        ):
            if (
                atom.key in ("all", "everything", "experiments", "every")
                and not self.watching.place
                and self._is_everything(place)
            ):
                self._here("*", atom)
                self.is_all = True
            return place + 1
        if atom.key in _ONLY and not atom.quoted and not (self.watching.place == "" and Kind.EXPERIMENT in atom.kinds):
            return self._chosen(atom, place)
        if atom.key == "standup" and (self.watching.place or Kind.EXPERIMENT not in atom.kinds):
            raise self._refused("A standup is planned with digest.", "Say the days and the hour.", [atom], _PLAN)
        return self._named(place)

    def _is_everything(self, place: int) -> bool:
        """`all`, `all experiments`, `everything`; not `all runs of fraud`."""
        return (
            not any(
                Kind.EXPERIMENT in each.kinds or each.is_unknown or each.quoted or each.key == "pattern"
                for each in self.atoms[place + 1 : place + 6]
                if each.role is not Role.SLOT or each.key in ("of", "in")
            )
            or self.atoms[place].key == "experiments"
            or (place + 1 < len(self.atoms) and self.atoms[place + 1].key == "except")
        )

    def _here(self, name: str, *atoms: Atom) -> None:
        if self.watching.place:
            problem = "One watch is of one experiment, or of a pattern of names."
            raise self._refused(problem, "Watch each by itself, or all of them with a pattern such as team/*.", atoms)
        self.watching = replace(self.watching, place=name)
        self.at = atoms[0].at

    def _chosen(self, atom: Atom, place: int) -> int:
        """`failures`, `better`: with or without `only`."""
        self._choose(_ONLY[atom.key], atom)
        return place + 1

    def _choose(self, only: OnlyRuns, atom: Atom) -> None:
        if self.watching.only is not None:
            raise self._twice("only", atom)
        self.watching = replace(self.watching, only=only)

    def _twice(self, option: str, atom: Atom) -> NotUnderstood:
        return self._refused(
            f"{option.capitalize()} is said twice.", "Keep one of the two, or set up two watches.", [atom]
        )

    def _once(self, option: str, atom: Atom) -> None:
        if option in self.seen:
            raise self._twice(option, atom)
        self.seen.add(option)

    def _refused(
        self, problem: str, remedy: str, atoms: Sequence[Atom], line: str = "", options: str = ""
    ) -> NotUnderstood:
        verb = "unwatch" if self.intent == "unwatch" else "watch"
        place = self.watching.place
        named = (
            f"{verb} {place if place == '*' or set('*?') & set(place) else quoted(place)}"
            if place
            else COMMANDS[verb].example.line(self.names)
        )
        return refuse(problem, remedy, line or f"{named} {options}".strip(), atoms)

    def _only_clear(self, atom: Atom, place: int) -> int:
        self._once("only clear", atom)
        self.watching = replace(self.watching, only_clear=True)
        return place

    def _counted_seeds(self, place: int) -> int | None:
        """Where `5 seeds are in` ends; None where no such thing is said here."""
        while place < len(self.atoms) and (is_silent(self.atoms[place]) or self.atoms[place].key == "all"):
            place += 1
        said = self.atoms[place : place + 2]
        if len(said) < 2 or said[1].text.casefold() not in _SEEDS:
            return None
        if said[0].key != "number" or not 2 <= int(said[0].value[:9]) <= MOST_SEEDS:
            problem = f"I wait for 2 to {MOST_SEEDS} seeds of a configuration."
            raise self._refused(problem, "Say how many.", said, options="when 5 seeds are in")
        self._once("seeds", said[0])
        self.watching = replace(self.watching, seeds=int(said[0].value))
        last = place + 2
        behind = last
        while behind < len(self.atoms) and is_silent(self.atoms[behind]) and not self.atoms[behind].kinds:
            behind += 1
        is_told = behind < len(self.atoms) and self.atoms[behind].text.casefold() in _ARRIVED
        follows = self.atoms[behind + 1] if behind + 1 < len(self.atoms) else None
        is_place = is_told and self.atoms[behind].key == "in" and follows and Kind.EXPERIMENT in follows.kinds
        return behind + 1 if is_told and not is_place else last

    # The place

    def _named(self, place: int) -> int:
        atom = self.atoms[place]
        if Kind.EXPERIMENT in atom.kinds or Kind.WATCH in atom.kinds:
            self._here(atom.kinds.get(Kind.EXPERIMENT) or atom.kinds[Kind.WATCH], atom)
            return place + 1
        if atom.key == "link":
            self._here(self._linked(atom), atom)
            return place + 1
        if Kind.RUN in atom.kinds and not atom.quoted:
            run = atom.kinds[Kind.RUN]
            raise self._refused(f"“{run[:60]}” is a run; a watch is of an experiment.", "Name its experiment.", [atom])
        if atom.is_unknown or atom.quoted or atom.key in ("pattern", "number", "id") or atom.kinds:
            words, last = (
                ([atom], place + 1)
                if atom.quoted or atom.kinds or (atom.key == "pattern" and not atom.text.startswith("*"))
                else self._spelt(place)
            )
            if self.watching.place:
                line = self._with_option(atom)
                raise self._refused(
                    f"I do not understand “{words[0].text}”.",
                    _UNDERSTOOD,
                    words,
                    line,
                )
            if not atom.text.strip():
                raise self._refused("There is no name between these quotes.", "Name an experiment.", [atom])
            self._here(self._typed(words), *words)
            self.guesses.append((Kind.EXPERIMENT, self.watching.place))
            return last
        raise self._refused(
            f"I do not understand “{atom.text}”.", "Name an experiment, and what of it is watched.", [atom]
        )

    def _typed(self, words: Sequence[Atom]) -> str:
        """A name, with the stars around it that stand for bold elsewhere: here it is a pattern."""
        raw = html.unescape(self.text[words[0].at : words[-1].end])
        return " ".join(raw.split()) if raw[:1] == raw[-1:] == "*" and len(raw) > 1 else spelt(words)

    def _spelt(self, place: int) -> tuple[list[Atom], int]:
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
                or joins
            ):
                break
            last += 1
        first = place - 1 if place and self.atoms[place - 1].text.casefold() in OWNING else place
        return self.atoms[first:last], last

    def _unjoined(self, place: int) -> tuple[list[Atom], int]:
        last = place + 1
        while last < len(self.atoms) and self.atoms[last].is_unknown and not self.atoms[last].quoted:
            last += 1
        return self.atoms[place:last], last

    def _with_option(self, atom: Atom) -> str:
        """The line with the option that a word nearly is."""
        alike = difflib.get_close_matches(
            atom.text.casefold(), [each for each in _OPTIONS if len(each) > 3], n=1, cutoff=0.75
        )
        return f"{self.text[: atom.at]}{alike[0]}{self.text[atom.end :]}".strip() if alike else ""

    def _linked(self, atom: Atom) -> str:
        if "/runs/" in atom.text:
            raise self._refused(
                "A watch is of an experiment, and this link leads to a run.",
                "Paste the link of its experiment, or name that.",
                [atom],
            )
        found = re.search(r"experiments/(\d+)", atom.text)
        if not found:
            raise self._refused(
                "This link leads to no experiment.", "Paste the address of an experiment's page in MLflow.", [atom]
            )
        return found[1]

    def _in(self, _atom: Atom, place: int) -> int:
        while place < len(self.atoms) and is_silent(self.atoms[place]) and not self.atoms[place].kinds:
            place += 1
        return place

    def _of(self, atom: Atom, place: int) -> int:
        at = self._in(atom, place)
        if at < len(self.atoms) and Kind.USER in self.atoms[at].kinds and Kind.EXPERIMENT not in self.atoms[at].kinds:
            return self._by(atom, place)
        return at

    # The options

    def _until_option(self, place: int) -> int:
        """Where the next option begins."""
        while place < len(self.atoms) and (self.atoms[place].key not in _OPTIONS or self.atoms[place].key == "of"):
            place += 1
        return place

    def _against(self, atom: Atom, place: int) -> int:
        self._once("against", atom)
        last = self._until_option(place)
        if last < len(self.atoms) and self.atoms[last].text.casefold() == "metric" and last > place:
            last = self._until_option(last + 1)  # `against best metric f1`
        while (
            last < len(self.atoms)
            and self.atoms[last].key in ("by", "where")
            and last == place + ({"by": 1, "where": 0}[self.atoms[last].key])
        ):
            is_metric = self.atoms[last].key == "where" or (
                last + 1 < len(self.atoms) and bool(self.atoms[last + 1].metric)
            )
            if not is_metric:
                break
            last = self._until_option(last + 1)
        group = [
            replace(each, kinds={Kind.METRIC: each.text}, key="", quoted=False) if self._is_metric_of(at) else each
            for at, each in enumerate(self.atoms[place:last], place)
            if each.key not in ("by", "and", "mention", "metrics")
        ]
        while group and group[-1].key == ",":
            group = group[:-1]
        side = read_side(group, self.names, self.text, is_parted=True, is_led=True) if group else None
        if side is None or not (side.runs or side.left):
            raise self._refused(
                "Against what?", "Say previous, best, baseline, or name a run.", [atom], options="against best"
            )
        if len(side.runs) != 1 or side.left or isinstance(side.runs[0], TopRuns | AllRuns | SweepRuns | Group):
            raise self._refused("A watch has one baseline.", "Name one run.", group, options="against best")
        self.guesses += side.guesses
        match side.runs[0]:
            case Latest(back=0 | 1, user=""):
                self.watching = replace(self.watching, against="previous")
            case Leading(metric="", worst=False, user=""):
                self.watching = replace(self.watching, against="best")
            case Pinned():
                self.watching = replace(self.watching, against="baseline")
            case run:
                self.watching = replace(self.watching, against="run", baseline=run)
        return last

    def _is_metric_of(self, place: int) -> bool:
        """Whether it stands behind `best metric`."""
        return place > 1 and self.atoms[place - 1].text.casefold() == "metric"

    _vs = _against

    def _where(self, atom: Atom, place: int) -> int:
        self._once("where", atom)
        if place == len(self.atoms) or self.atoms[place].key != "filter":
            raise self._refused(
                "That is no filter of MLflow's.",
                "Write it as in MLflow's search box.",
                [atom],
                options="where params.model = 'xgb'",
            )
        self._filter(self.atoms[place].text)
        return place + 1

    def _filter(self, where: str) -> None:
        both = f"{self.watching.where} and {where}" if self.watching.where else where
        self.watching = replace(self.watching, where=both)

    def _by(self, atom: Atom, place: int) -> int:
        self._once("by", atom)
        place = self._in(atom, place)
        follows = self.atoms[place] if place < len(self.atoms) else None
        remedy = "Name the user as MLflow knows them."
        if follows is None or follows.key in _OPTIONS:
            raise self._refused("Whose runs?", remedy, [atom])
        if follows.text.casefold() in ("me", "myself") or (
            self.text.startswith("<@", follows.at) and "|" not in self.text[follows.at : follows.end]
        ):
            raise self._refused("I do not know what MLflow calls that person.", remedy, [follows])
        typed_at = follows.text.startswith("@")
        if (
            not follows.quoted
            and not typed_at
            and atom.key != "user"
            and Kind.USER not in follows.kinds
            and (Kind.METRIC in follows.kinds or goal_of(follows.text) is not Goal.UNKNOWN)
        ):
            raise self._refused(
                f"By names a person here, and {follows.text[:60]} looks like a metric.",
                "Say metrics for what is shown; quotes make it a person's name.",
                [follows],
                options=f"metrics {follows.text}",
            )
        words, last = ([follows], place + 1) if follows.quoted or follows.kinds or typed_at else self._spelt(place)
        name = follows.kinds.get(Kind.USER) or " ".join(each.text for each in words or [follows])
        if Kind.USER not in follows.kinds:
            self.guesses.append((Kind.USER, name))
        if (
            last < len(self.atoms) - 1
            and self.atoms[last].key in (",", "and")
            and Kind.USER in self.atoms[last + 1].kinds
        ):
            raise self._refused(
                "A watch is of the runs of one person, or of all.", remedy, [follows, self.atoms[last + 1]]
            )
        self.watching = replace(self.watching, user=name if follows.quoted else name.lstrip("@"))
        return max(last, place + 1)

    _user = _by

    def _only(self, atom: Atom, place: int) -> int:
        at = self._in(atom, place)
        follows = self.atoms[at] if at < len(self.atoms) else None
        before = next((each for each in reversed(self.atoms[: place - 1]) if not is_silent(each)), None)
        if (
            (follows is None or follows.key in _OPTIONS - {"when", "by", "in"} or follows.key == ",")
            and before
            and before.key in _ONLY
        ):
            return place  # `failures only`
        if follows is not None and follows.key in ("when", "watch_when"):
            return self._when(follows, at + 1)
        if follows is not None and follows.key in ("by", "in"):
            return at
        if follows is not None and Kind.USER in follows.kinds and Kind.EXPERIMENT not in follows.kinds:
            return self._by(atom, at)
        if follows is not None and follows.key in _ONLY:
            for_two = (
                at + 2 < len(self.atoms)
                and self.atoms[at + 1].key in ("or", "and", ",")
                and self.atoms[at + 2].key in _ONLY
            )
            if for_two:
                raise self._refused(
                    "Only one of these can be chosen.",
                    "Choose one of failures, better, worse and new best; for two, set up two watches.",
                    [follows, self.atoms[at + 2]],
                    options=f"only {_ONLY[follows.key].value}",
                )
            self._choose(_ONLY[follows.key], atom)
            return at + 1
        if follows is not None and Kind.EXPERIMENT in follows.kinds and not self.watching.place:
            return at
        raise self._refused(
            "Only what?", "Say failures, better, worse or new best.", [follows or atom], options="only failures"
        )

    def _metrics(self, atom: Atom, place: int) -> int:
        self._once("metrics", atom)
        last = self._until_option(place)
        groups: list[list[Atom]] = [[]]
        for each in self.atoms[place:last]:
            if each.key in (",", "and"):
                groups.append([])
            elif each.key not in _ONLY or each.quoted or each.text.casefold() == "best":
                groups[-1].append(each)
        named = [" ".join(e.kinds.get(Kind.METRIC, e.text) for e in group) for group in groups if group]
        if not named or not all(named):
            raise self._refused("Which metrics?", "Name them.", [atom], options="metrics accuracy, loss")
        self.watching = replace(self.watching, metrics=tuple(dict.fromkeys(named))[:MOST_NAMED])
        return last

    def _when(self, atom: Atom, place: int) -> int:
        """A rule on a metric, what becomes of a run, or its seeds: `when it fails`, `when 5 seeds are in`."""
        if (behind := self._counted_seeds(place)) is not None:
            return behind
        if [each.text.casefold() for each in self.atoms[place : place + 1]] in (["seeds"], ["all"]) and any(
            each.text.casefold() in _SEEDS for each in self.atoms[place : place + 3]
        ):
            spot = self.atoms[place : place + 1]
            raise self._refused("When how many seeds are in?", "Say how many.", spot, options="when 5 seeds are in")
        last = self._rule_end(place)
        said = self._placed(self.atoms[place:last])
        core = [each for each in said if not is_silent(each) and each.key not in ("and", ",")]
        if not core:
            if any(each.key in ("finished", "run") for each in said):
                return last  # `when a run in fraud fails`
            raise self._refused("When what?", "Say a rule on a metric.", [atom], options="when accuracy drops by 2 %")
        metric = any(
            each.metric or each.key in ("decimal", "number") or each.text in ("<", ">", "<=", ">=", "=")
            for each in core
        )
        states = [each for each in core if each.key in _ONLY or each.key in _ENDING]
        if states and not metric:
            for each in core:
                if each.key in _ONLY:
                    self._choose(_ONLY[each.key], each)
                elif each.key == "everything" and not self.watching.place:  # `if anything crashes`
                    if not any(Kind.EXPERIMENT in e.kinds or e.key in ("in", "of") for e in self.atoms[last:]):
                        self._here("*", each)
                elif each.key not in (*_ENDING, "in", "of", "all", "everything"):
                    self._named(self.atoms.index(each))
            return last
        if not metric and self.intent == "watch_when" and not self.watching.place:
            return self._named(self.atoms.index(core[0]))
        words = [Word(each.text, each.at, each.end, is_quoted=each.quoted, is_comma=each.key == ",") for each in said]
        try:
            found = rules(words, self.rule_text or self.text)
        except NotUnderstood as error:
            error.example = self._refused("", "", said, options="when accuracy drops by 2 %").example
            raise
        if len(self.watching.rules) + len(found) > MOST_RULES:
            raise self._refused(f"A watch has at most {MOST_RULES} rules.", "Leave some out.", said)
        self.watching = replace(self.watching, rules=(*self.watching.rules, *found))
        return last

    def _placed(self, said: list[Atom]) -> list[Atom]:
        """A rule without the place that stands within it: `accuracy in fraud drops below 0.9`."""
        for at, atom in enumerate(said[:-1]):
            place = said[at + 1]
            if atom.key in ("in", "of") and at and Kind.EXPERIMENT in place.kinds and not self.watching.place:
                self._here(place.kinds[Kind.EXPERIMENT], place)
                blank = " " * (place.end - atom.at)  # where the rest stands does not change
                self.rule_text = f"{self.text[: atom.at]}{blank}{self.text[place.end :]}"
                return [*said[:at], *said[at + 2 :]]
        return said

    def _rule_end(self, place: int) -> int:
        """Where a rule ends: a `by` behind `drops` is of the rule."""
        first = place
        while place < len(self.atoms):
            atom = self.atoms[place]
            before = self.atoms[place - 1].text.casefold() if place > first else ""
            is_of_rule = atom.key == "by" and (before in MOVING or before in {"down", "up"})
            behind = self.atoms[place + 1 : place + 2]
            is_place = atom.key == "in" and bool(behind) and Kind.EXPERIMENT in behind[0].kinds
            if is_place and place == first + 1 and self.atoms[first].metric and len(self.atoms) > place + 2:
                place += 2
                continue
            is_only = (
                atom.key == "failed"
                and place > first + 1
                and any(e.key in ("number", "decimal") for e in self.atoms[first:place])
            )
            if is_only or (atom.key in _OPTIONS and not is_of_rule and not (atom.key == "of" and place > first)):
                break
            place += 1
        while place > first and self.atoms[place - 1].key in ("and", ","):
            place -= 1
        return place

    def _quiet(self, atom: Atom, place: int) -> int:
        self._once("quiet", atom)
        last = place
        while last < len(self.atoms) and (
            self.atoms[last].key not in _OPTIONS or self.atoms[last].key in ("in", "of", "between")
        ):
            last += 1
        while last > place and self.atoms[last - 1].key in ("and", ","):
            last -= 1
        said = self.atoms[place:last]
        words = [
            Word(each.text, each.at, each.end, is_comma=each.key == ",")
            for each in said
            if each.key != "filler" or each.text in ("between", "from") or each.text.isupper()
        ]
        line = self._refused("", "", [atom], options="quiet 20:00-08:00 Europe/Berlin").example
        try:
            found = read_quiet([w for w in words if w.text.casefold() not in ("in", "hours")])
        except NotUnderstood as error:
            if error.near and error.at is not None and error.end is not None:
                line = f"{self.text[: error.at]}{error.near[0]}{self.text[error.end :]}".strip()
            error.example = line
            raise
        if found is None:
            remedy = "Say from when to when, and in which time zone; without one it is UTC."
            if any(each.text.casefold().rstrip("s") in DAYS for each in said):
                remedy = "Quiet is the same hours on every day; say them, and in which time zone."
            raise refuse("Quiet when?", remedy, line, said or [atom])
        self.watching = replace(self.watching, quiet=found)
        return last

    def _mention(self, atom: Atom, place: int) -> int:
        self._once("mention", atom)
        if "owner" in atom.text.casefold():
            self.watching = replace(self.watching, mentions_owner=True)
            return place
        at = self._in(atom, place)
        if at < len(self.atoms) and self.atoms[at].key == "owner":
            self.watching = replace(self.watching, mentions_owner=True)
            return at + 1
        raise self._refused(
            "Only the owner of a run can be mentioned.",
            "Say mention owner, or leave it out.",
            self.atoms[place : place + 1] or [atom],
            options="mention owner",
        )

    def _broadcast(self, atom: Atom, place: int) -> int:
        self._once("broadcast", atom)
        at = self._in(atom, place)
        follows = self.atoms[at] if at < len(self.atoms) else None
        if follows and follows.key in ("new_best", "best") and "best" not in atom.text.casefold():
            place = at + 1
        elif follows and follows.key not in (*_OPTIONS, ",", "and"):
            raise self._refused(
                "Only a new best can be broadcast.",
                "Say broadcast new best, or leave it out.",
                [follows],
                options="broadcast new best",
            )
        self.watching = replace(self.watching, broadcasts=True)
        return place

    def _is_letter(self, place: int) -> bool:
        """An experiment that is called `a`, where nothing else can be meant."""
        atom, behind = self.atoms[place], self.atoms[place + 1 : place + 2]
        is_last = not behind or behind[0].key in (",", "and") or behind[0].role is Role.SLOT
        return atom.key == "filler" and len(atom.text) == 1 and is_last

    def _goes_on(self, place: int) -> bool:
        """Whether more is left out behind a comma or `and`."""
        if place + 1 >= len(self.atoms) or self.atoms[place].key not in (",", "and", "or"):
            return False
        behind = self.atoms[place + 1]
        is_state = behind.key in _ONLY and self.atoms[place].key != ","
        return bool(behind.kinds) or behind.is_unknown or behind.quoted or behind.key == "pattern" or is_state

    def _except(self, atom: Atom, place: int) -> int:
        self._once("except", atom)
        named: list[str] = []
        is_filtered = False  # something but an experiment is left out
        last = place
        while True:
            at = last
            while (
                at < len(self.atoms)
                and (is_silent(self.atoms[at]) or self.atoms[at].key in ("of", "in", "by", "only"))
                and Kind.EXPERIMENT not in self.atoms[at].kinds
                and not self._is_letter(at)
            ):
                at += 1
            if at == len(self.atoms):
                break
            each = self.atoms[at]
            if each.key == "failed" or (Kind.USER in each.kinds and Kind.EXPERIMENT not in each.kinds):
                person = each.kinds.get(Kind.USER, "")
                if "'" in person:
                    raise self._refused(f"I cannot leave out {person}.", "Name whom you want by the user.", [each])
                self._filter(f"tags.`mlflow.user` != '{person}'" if person else "attributes.status = 'FINISHED'")
                last = at + 1
                is_filtered = True
                if self._goes_on(last):
                    last += 1
                    continue
                break
            if each.key in _ONLY or each.key in ("finished", "running"):
                problem = f"A watch leaves out experiments, not {each.text[:60]}."
                raise self._refused(
                    problem,
                    "Say only better, only worse or only new best for what is wanted.",
                    [each],
                    options="only new best",
                )
            if self._is_letter(at):
                each = replace(each, key="")
            if not (
                Kind.EXPERIMENT in each.kinds or each.is_unknown or each.quoted or each.key == "pattern" or each.kinds
            ):
                break
            words, last = self._unjoined(at) if each.is_unknown and not each.quoted else ([each], at + 1)
            named.append(each.kinds.get(Kind.EXPERIMENT) or self._typed(words))
            if self._goes_on(last):
                last += 1
            elif (
                last + 2 < len(self.atoms)
                and self.atoms[last].key == ","
                and self.atoms[last + 1].key == "and"
                and (self.atoms[last + 2].kinds or self.atoms[last + 2].is_unknown)
            ):
                last += 2
            else:
                break
        if not named and is_filtered:
            return last
        if not named:
            raise self._refused(
                "Except which?",
                "Name experiments, or patterns, with commas.",
                [atom],
                "watch * except team/test, team/old*",
            )
        if len(named) > MOST_NAMED:
            raise self._refused(
                f"That is {len(named)} names; a watch takes {MOST_NAMED} of them.",
                "Name fewer.",
                self.atoms[place:last],
            )
        self.watching = replace(self.watching, excepted=tuple(dict.fromkeys(named)))
        return last


# Written back


def watch_words(watching: Watch) -> str:
    """What to type behind `watch`."""
    baseline = watching.baseline
    against = reference(baseline) if watching.against == "run" and baseline else watching.against
    return joined(
        place_words(watching.place),
        _listed_places("except", watching.excepted),
        f"against {against}" if against else "",
        _whose(watching.user),
        f"only {watching.only.value}" if watching.only else "",
        "only clear" if watching.only_clear else "",
        f"when {watching.seeds} seeds are in" if watching.seeds is not None else "",
        f"when {' and '.join(f'{quoted(rule.metric)} {rule.condition}' for rule in watching.rules)}"
        if watching.rules
        else "",
        listed("metrics", watching.metrics),
        quiet_words(watching),
        "mention owner" if watching.mentions_owner else "",
        "broadcast new best" if watching.broadcasts else "",
        f"where {watching.where}" if watching.where else "",
    )


def _whose(user: str) -> str:
    """`by maya`; `by user f1` where the name would be taken for a metric."""
    lead = "by" if goal_of(user) is Goal.UNKNOWN else "by user"
    return f"{lead} {quoted(user)}" if user else ""


def place_words(name: str) -> str:
    if not name:
        return ""
    is_pattern = _PATTERN.fullmatch(name) and set("*?") & set(name)
    return name if is_pattern and not name.endswith("?") else quoted(name)  # a last "?" asks


def _listed_places(lead: str, names: Sequence[str]) -> str:
    return f"{lead} {', '.join(map(place_words, names))}" if names else ""


def quiet_words(watching: Watch) -> str:
    quiet = watching.quiet
    return f"quiet {_clock(quiet.begin)}-{_clock(quiet.end)} {zone_words(quiet.zone)}" if quiet else ""


def _clock(at: time) -> str:
    return at.strftime("%H:%M")


def _unwatch_line(request: Unwatch) -> str:
    return (
        "unwatch all" if request.is_all else f"unwatch {watch_words(request.watching or Watch(request.place))}".strip()
    )


COMMANDS = {
    "watch": Command(
        _read,
        "watch an experiment",
        "",
        Example("watch {experiment}", "watch *"),
        ((WatchRequest, lambda request: f"watch {watch_words(request.watching)}".strip()),),
        is_whole=lambda _draft: True,
    ),
    "watch_when": Command(_read, is_whole=lambda _draft: True),
    "unwatch": Command(
        _read,
        "end a watch",
        "",
        Example("unwatch {experiment}", "unwatch all"),
        ((Unwatch, _unwatch_line),),
        is_whole=lambda _draft: True,
    ),
}
