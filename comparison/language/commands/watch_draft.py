"""The draft of a watch: what was said of it so far, its place first."""

import difflib
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from comparison.errors import NotUnderstood
from comparison.language.atoms import OWNING, Atom, is_silent, spelt
from comparison.language.draft import UNWATCH, WATCH, refuse
from comparison.language.lexicon import Role
from comparison.language.names import Kind, Names
from comparison.language.quoting import quoted
from comparison.tracking.filters import is_text
from comparison.tracking.mlflow_links import linked_runs
from comparison.watch import OnlyRuns, Watch, is_pattern

_UNDERSTOOD = "Behind an experiment I understand against, where, by, only, when, metrics, quiet, except, mention owner."

_EXAMPLES = {"watch": WATCH, "unwatch": UNWATCH}

Guesses = list[tuple[Kind, str]]


@dataclass
class WatchDraft:
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
