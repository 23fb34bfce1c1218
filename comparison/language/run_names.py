"""Runs as they are named: the words between two separators, and the runs that they mean.

A row of `READERS` reads a word that names runs or parts them (`latest`, `best`, `vs`, a name) into the draft;
`read_side` makes references of the words of one side, `runs_of` of all sides, the baseline first.
"""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.atoms import OWNING, Atom, is_material, is_silent, model, runs_of_link, spelt
from comparison.language.comparison_options import read_metrics
from comparison.language.draft import COMPARISON, EVERYWHERE, LISTS, RANKING, Atoms, Draft, Guess, refuse
from comparison.language.filters import read_parameter
from comparison.language.intents import HARD, STATUS
from comparison.language.lexicon import PLURAL, Role
from comparison.language.names import Kind, Names
from comparison.language.quoting import written
from comparison.run_reference import (
    AllRuns,
    Among,
    BestOf,
    Filtered,
    Group,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    SweepRuns,
    TopRuns,
    Unfinished,
)
from comparison.runs import Goal
from comparison.tracking.mlflow_links import model_version

MOST_AT_TOP = 20
_MOST_LATEST = 20
_SPECIAL: dict[str, RunReference] = {  # signs that cannot be the name of a run
    "@baseline": Pinned(),
    "@latest": Latest(),
    "@previous": Latest(1),
    "@best": Leading(),
    "@running": Unfinished(),
}
_TRIALS = frozenset({"trial", "trials", "child", "children"})
_DAYS = frozenset(["today", "yesterday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])


@dataclass
class SideWords:
    """What one side says: `runs` in its order, and the words in it that are not understood."""

    runs: list[RunReference] = field(default_factory=list)
    left: list[Atom] = field(default_factory=list)
    guesses: list[tuple[Kind, str]] = field(default_factory=list)


def read_side(atoms: Sequence[Atom], names: Names, text: str, *, is_parted: bool, is_led: bool) -> SideWords:
    """The runs of one side. `is_parted`: a `vs` stands beside it, so that it is a name whatever it says."""
    reader = _SideReader(list(atoms), names, text, is_parted=is_parted, is_led=is_led)
    return reader.read()


@dataclass
class _SideReader(Atoms):
    atoms: list[Atom]
    names: Names
    text: str
    is_parted: bool
    is_led: bool
    place: int = 0
    side: SideWords = field(default_factory=SideWords)
    user: str = ""

    def read(self) -> SideWords:
        atoms = self.atoms
        if not any(is_material(a) or a.is_unknown or a.key in ("time", "running", "failed", "number") for a in atoms):
            return self._by_its_words(atoms)
        spelt = self._spelt_out(atoms)
        if spelt:
            self.side.runs.append(spelt)
            return self.side
        while self.place < len(atoms):
            before = self.place
            found = self._one()
            if found is not None:
                self.side.runs += found
            if self.place == before:
                self.place += 1
        if self.user and not any(each.key == "run" for each in atoms):
            self.side.left += [each for each in atoms if Kind.USER in each.kinds or each.possessive][-1:]
        elif self.user:
            self.side.runs.append(AllRuns(Among(user=self.user), atoms[0].at))
        return self.side

    def _by_its_words(self, atoms: Sequence[Atom]) -> SideWords:
        """`please vs A`, `in vs by`: words of ours that can be nothing but a name here."""
        named = [each for each in atoms if each.key != "filler"] or list(atoms)
        if self.is_parted and len(named) == 1:
            self.side.runs.append(self._quoted(named[0]))
        elif any(Kind.USER in each.kinds for each in atoms) and any(each.key == "run" for each in atoms):
            user = next(each for each in atoms if Kind.USER in each.kinds)
            self.side.runs.append(AllRuns(Among(user=user.kinds[Kind.USER]), user.at))
        else:
            self.side.left += [each for each in named if not is_silent(each)]
        return self.side

    def _spelt_out(self, atoms: Sequence[Atom]) -> Named | None:
        """A name of several words that nobody knows yet: `my run`, `fine tuned to death`."""
        if not (self.is_parted or self.is_led) or any(each.quoted or each.is_run or each.possessive for each in atoms):
            return None
        known = [each for each in atoms if not is_silent(each)]
        unknown = [each for each in known if each.is_unknown]
        if not unknown or any(
            each.role in (Role.RUN, Role.INTENT, Role.SLOT) or each.key in ("all", "filter") for each in known
        ):
            return None
        if len(known) == 1 and known[0].value:  # `run A` may be a run called `A`
            self.side.guesses.append((Kind.RUN, known[0].value))
            return Named(known[0].text, known[0].at, known[0].value, known[0].end)
        first, last = _bounds(atoms)
        if len(known) > 1 and not self.is_parted:
            return None
        whole = self.text_of(first, last)
        bare = self.text_of(first + 1, last) if atoms[first].key == "run" and first < last else ""
        self.side.guesses.append((Kind.RUN, whole))
        return Named(whole, atoms[first].at, bare, atoms[last].end)

    def text_of(self, first: int, last: int) -> str:
        return spelt(self.atoms[first : last + 1])

    # One reference

    def _one(self) -> list[RunReference] | None:
        atom = self.atoms[self.place]
        if is_silent(atom):
            return self._led_by_run(atom) if atom.key == "run" else None
        self.place += 1
        if atom.quoted:
            return [self._quoted(atom)]
        if atom.possessive and atom.key != "time":
            self.user = atom.kinds.get(Kind.USER, atom.text)
            if Kind.USER not in atom.kinds:
                self.side.guesses.append((Kind.USER, atom.text))
            return None
        if Kind.RUN in atom.kinds and atom.key not in ("all", "top"):
            return [Named(atom.kinds[Kind.RUN], atom.at, end=atom.end)]
        if Kind.USER in atom.kinds and not atom.key:
            self.user = atom.kinds[Kind.USER]
            return None
        if (read := _REFERENCES.get(atom.key)) is not None:
            return read(self, atom)
        if atom.is_unknown and (atom.is_identifier or (self.is_led and not self.side.runs) or self._is_alone(atom)):
            self.side.guesses.append((Kind.RUN, atom.text))
            return [Named(atom.text, atom.at, atom.value, atom.end)]
        self.side.left.append(atom)
        return None

    def _is_alone(self, atom: Atom) -> bool:
        return (self.is_parted or self.is_led) and all(
            each is atom or is_silent(each) or each.is_unknown for each in self.atoms
        )

    def _led_by_run(self, atom: Atom) -> list[RunReference] | None:
        """`run A` may be a run called `A`, or one called `run A`."""
        behind = self.atoms[self.place + 1 : self.place + 2]
        if behind and not (behind[0].is_identifier or self.is_parted or self.is_led):
            return None
        is_name = bool(behind) and (behind[0].is_unknown or behind[0].key == "number") and not behind[0].quoted
        if not is_name or atom.spelling != "run":
            return None
        self.place += 2
        self.side.guesses.append((Kind.RUN, behind[0].text))
        whole = f"{atom.text} {behind[0].text}"
        return [Named(whole, atom.at, behind[0].text, behind[0].end)]

    def _quoted(self, atom: Atom) -> Named:
        if not atom.kinds:
            self.side.guesses.append((Kind.RUN, atom.text))
        if not atom.text.strip():
            line = COMPARISON.line(self.names)
            raise refuse("There is no name between these quotes.", "Name a run.", line, [atom])
        return Named(atom.kinds.get(Kind.RUN, atom.text), atom.at, end=atom.end)

    def _next(self, *keys: str) -> Atom | None:
        """The next atom that says something, where it is one of these; it is taken then."""
        follows = self._follows()
        return self._take(follows) if follows is not None and follows.key in keys else None

    def _past_silent(self) -> int:
        """The place of the next word that says something."""
        return next((p for p in range(self.place, len(self.atoms)) if not is_silent(self.atoms[p])), len(self.atoms))

    def _follows(self) -> Atom | None:
        """The next word that says something."""
        return self.atom(self._past_silent())

    def _take(self, atom: Atom) -> Atom:
        self.place = self.atoms.index(atom, self.place) + 1
        return atom

    def _run_behind(self) -> Named | None:
        """The run that is named next; it is taken then."""
        follows = self._follows()
        if follows is None or Kind.RUN not in follows.kinds:
            return None
        self._take(follows)
        return Named(follows.kinds[Kind.RUN], follows.at, end=follows.end)

    def _taken_user(self) -> str:
        user, self.user = self.user, ""
        return user

    def read_latest(self, atom: Atom) -> list[RunReference]:
        if atom.value:
            return [Latest(int(atom.value), self._taken_user(), atom.at)]
        user = self._taken_user()
        if worst := self._next("best", "worst"):  # `latest best` is the best
            return [Leading("", worst.key == "worst", atom.at, user)]
        number = self._next("number")
        status = self._next("failed", "running", "finished")
        if number and (count := int(number.value[:6])) > 1:
            if count > _MOST_LATEST:
                line = "compare the last 3 runs"
                raise refuse(f"I compare up to {_MOST_LATEST} runs at once.", "Say how many.", line, [number])
            return [Latest(back, user, atom.at) for back in range(count - 1, -1, -1)]
        if status and status.key == "running":
            return [Unfinished(atom.at)]
        if status and status.key == "failed":
            mine = f" and tags.`mlflow.user` = '{user}'" if user else ""
            return [Filtered(f"attributes.status = 'FAILED'{mine}", atom.at)]
        return [Latest(0, user, atom.at)]

    def read_previous(self, atom: Atom) -> list[RunReference]:
        self._next("number")
        follows = self._follows()
        if follows is not None and not follows.possessive and (named := self._run_behind()):  # `previous of A`
            return [Latest(1, at=atom.at, before=named)]
        return [Latest(1, self._taken_user(), atom.at)]

    def read_best(self, atom: Atom) -> list[RunReference]:
        is_worst = atom.key == "worst"
        if self._next("latest"):
            return [Latest(0, self._taken_user(), atom.at)]
        number = self._next("number")
        metric = self._metric()
        if not number and (group := self._next("pattern", "seeds", "sweep")):
            of = next(iter(_REFERENCES[group.key](self, group) or ()), None)
            assert isinstance(of, Group | SweepRuns)  # noqa: S101 -- what these three words are read as
            return [BestOf(of, metric, is_worst, atom.at)]
        if (parent := self._parent_of_trials()) is not None and not number:
            return [BestOf(SweepRuns(parent), metric, is_worst, atom.at)]
        if number:
            return [self._top_runs(atom, number, metric, is_worst=is_worst)]
        return [Leading(metric, is_worst, atom.at, self._taken_user())]

    def _parent_of_trials(self) -> Named | None:
        """The run behind `best trial of`."""
        says_trials = any(each.spelling in _TRIALS for each in self.atoms[self.place : self.place + 2])
        return self._run_behind() if says_trials else None

    def read_top(self, atom: Atom) -> list[RunReference]:
        return [self._top_runs(atom, self._next("number"), self._metric(), is_worst=False)]

    def _top_runs(self, atom: Atom, number: Atom | None, metric: str, *, is_worst: bool) -> TopRuns:
        count = int(number.value[:6]) if number else 3
        if not 1 <= count <= MOST_AT_TOP:
            problem = f"I compare between 1 and {MOST_AT_TOP} of the best."
            raise refuse(problem, "Say how many.", "compare top 3", [number] if number else ())
        return TopRuns(count, metric, is_worst, atom.at, Among(user=self._taken_user()))

    def _metric(self) -> str:
        follows = self._follows()
        if follows is None or not follows.metric or (follows.is_run and Kind.METRIC not in follows.kinds):
            return ""
        return self._take(follows).metric

    def read_lowest(self, atom: Atom) -> list[RunReference]:
        """`lowest val_loss`: the best or the worst, by what is better."""
        self._next("number")
        metric = self._metric()
        goal = goal_of(metric)
        if not metric:
            raise refuse(f"{atom.text.capitalize()} what?", "Name a metric behind it.", "best", [atom])
        if goal is Goal.UNKNOWN:
            line = f"set goal {metric} {'lower' if atom.key == 'lowest' else 'higher'}"
            raise refuse(
                f"I do not know what is better for {metric}.", "Set its goal first, or say top by it.", line, [atom]
            )
        return [Leading(metric, (goal is Goal.LOWER) is not (atom.key == "lowest"), atom.at, self._taken_user())]

    def read_failed(self, atom: Atom) -> list[RunReference]:
        return [AllRuns(Among(status=atom.key, user=self._taken_user()), atom.at)]

    def read_time(self, atom: Atom) -> list[RunReference]:
        """`yesterday's run` is the newest of that day, `yesterday's runs` are all."""
        nouns = [each.spelling for each in self.atoms[self.place :] if each.key == "run"]
        until = atom.value if atom.value in _DAYS and "week" not in atom.spelling else ""
        if atom.possessive and until and (best := self._next("best", "worst")):  # `yesterday's best`
            among = Among(since=atom.value, until=until, user=self._taken_user())
            return [TopRuns(1, self._metric(), best.key == "worst", atom.at, among)]
        if nouns[:1] == ["runs"] and self.is_led:
            return [AllRuns(Among(since=atom.value, until=until, user=self._taken_user()), atom.at)]
        return [OfDay(atom.value, atom.at)]

    def read_all(self, atom: Atom) -> list[RunReference]:
        place = self._past_silent()
        behind = self.atom(place)
        is_person = behind is not None and set(behind.kinds) == {Kind.USER}  # `everything jonas ran`
        if behind is not None and (behind.possessive or behind.key == "time" or is_person):
            self.place = place
            found = self._one() or [AllRuns(Among(user=self._taken_user()), atom.at)]
            return [
                AllRuns(Among(since=atom_.day, until=atom_.day), atom.at) if isinstance(atom_, OfDay) else atom_
                for atom_ in found
            ]
        status = self._next("failed", "finished", "running")
        return [AllRuns(Among(user=self._taken_user(), status=status.key if status else ""), atom.at)]

    def read_link(self, atom: Atom) -> list[RunReference]:
        runs = runs_of_link(atom.text)
        if not runs:
            remedy = "Paste the address of a run's page in MLflow, or of MLflow's comparison of several."
            raise refuse("This link leads to no run.", remedy, COMPARISON.line(self.names), [atom])
        return [Linked(run_id, experiment, atom.at) for run_id, experiment in runs]

    def read_model(self, atom: Atom) -> list[RunReference]:
        if atom.spelling in _SPECIAL:
            found = _SPECIAL[atom.spelling]
            return [replace(found, at=atom.at)]
        if (version := model_version(atom.text, atom.at)) is not None:
            return [version]
        read = model(atom.text)
        if read is None:
            line = "latest vs models:/my-model@champion"
            problem = "This names no version of a registered model."
            raise refuse(problem, "Name it with an alias or a version.", line, [atom])
        return [Registered(*read, atom.at)]

    def read_pattern(self, atom: Atom) -> list[RunReference]:
        if atom.spelling.startswith("group:"):
            name = atom.text[len("group:") :]
            if not name:
                raise refuse("Which group?", "Name it behind group:.", "compare group:mlp-32 vs group:mlp-64", [atom])
            return [Group(name=name, at=atom.at)]
        return [Group(pattern=atom.text, at=atom.at)]

    def read_filter(self, atom: Atom) -> list[RunReference]:
        is_led = self.text[: atom.at].rstrip().casefold().endswith("where")
        return [Filtered(atom.text, atom.at) if is_led else Group(where=atom.text, at=atom.at)]

    def read_where(self, atom: Atom) -> None:
        behind = self.atoms[self.place : self.place + 1]
        if not behind or behind[0].key != "filter":
            self.side.left.append(atom)

    def read_seeds(self, atom: Atom) -> list[RunReference]:
        name = self._named_behind(atom)
        return [Group(name=name.text, at=atom.at)]

    def read_sweep(self, atom: Atom) -> list[RunReference]:
        name = self._named_behind(atom)
        if name.key == "link":
            run_id, experiment = (runs_of_link(name.text) or (("", ""),))[0]
            return [SweepRuns(Linked(run_id, experiment, name.at), atom.at)]
        return [SweepRuns(Named(name.kinds.get(Kind.RUN, name.text), name.at, end=name.end), atom.at)]

    def _named_behind(self, atom: Atom) -> Atom:
        self.place = self._past_silent()
        if self.place == len(self.atoms):
            raise refuse(f"Which runs are meant by {atom.text}?", "Name them.", "compare all in sweep latest", [atom])
        self.place += 1
        return self.atoms[self.place - 1]


_REFERENCES: dict[str, Callable[[_SideReader, Atom], list[RunReference] | None]] = {  # by the key of a word
    "latest": _SideReader.read_latest,
    "previous": _SideReader.read_previous,
    **dict.fromkeys(("best", "worst", "new_best"), _SideReader.read_best),
    "top": _SideReader.read_top,
    **dict.fromkeys(("lowest", "highest"), _SideReader.read_lowest),
    "baseline": lambda _side, atom: [Pinned(atom.at)],
    "baseline_role": lambda _side, atom: [Pinned(atom.at)],
    "alias": lambda _side, atom: [Registered("", atom.spelling, "", atom.at)],
    "running": lambda _side, atom: [Unfinished(atom.at)],
    **dict.fromkeys(("failed", "finished"), _SideReader.read_failed),
    "time": _SideReader.read_time,
    "all": _SideReader.read_all,
    "link": _SideReader.read_link,
    "model": _SideReader.read_model,
    "id": lambda _side, atom: [Named(atom.text, atom.at, end=atom.end)],
    "pattern": _SideReader.read_pattern,
    "filter": _SideReader.read_filter,
    "where": _SideReader.read_where,
    "seeds": _SideReader.read_seeds,
    "sweep": _SideReader.read_sweep,
}


def _bounds(atoms: Sequence[Atom]) -> tuple[int, int]:
    """The first and the last that are part of a name, fillers at both ends left out."""
    places = [place for place, each in enumerate(atoms) if each.key != "filler" or each.spelling in OWNING]
    if len(places) > 1 and atoms[places[0]].spelling == "runs":
        places = places[1:]
    return places[0], places[-1]


# Words of runs, into the draft


MOST_LISTED = 50
_RANKS = {"baseline": 0, "champion": 1, "production": 1}  # which side is the baseline wherever it is named
_PREFIX = re.compile(r"[\w.+-]+")


def read_vs(draft: Draft, _atom: Atom, place: int) -> int:
    asks = any(each.key in ("better", "worse") and not each.is_run for each in draft.atoms[:place])
    if asks and draft.has_name() and not draft.hard and len(draft.groups) == 1:
        draft.waits_for_baseline = True  # `did A regress vs B?`
    draft.hard += 1
    draft.is_parted = True
    return place + 1


def read_against(draft: Draft, _atom: Atom, place: int) -> int:
    draft.waits_for_baseline = True
    return read_vs(draft, _atom, place)


def read_than(draft: Draft, atom: Atom, place: int) -> int:
    if atom.spelling == "faster than" and not draft.part:
        draft.note("part", [atom])  # how long they took
        draft.part = "details"
    draft.waits_for_baseline = draft.is_parted = True
    return place + 1


def read_and(draft: Draft, _atom: Atom, place: int) -> int:
    draft.is_parted = True
    return place + 1


def read_sweep(draft: Draft, atom: Atom, place: int) -> int:
    """`sweep fraud`, where fraud is an experiment; before the name of a run it names its children."""
    at = draft.skip(place + 1)
    follows = draft.atoms[at].kinds if at < len(draft.atoms) else {}
    if draft.intent == "sweeps" and (Kind.EXPERIMENT in follows and Kind.RUN not in follows):
        return at
    if draft.intent == "sweeps" and (at == len(draft.atoms) or draft.atoms[at].role is Role.SLOT):
        return place + 1  # `sweep`, `sweep in fraud`
    draft.add(atom)
    return place + 1


def read_name(draft: Draft, atom: Atom, place: int) -> int:
    """A name that nothing introduces: its kind says what it is for."""
    if atom.is_unknown:
        return _read_unknown(draft, atom, place)
    if Kind.EXPERIMENT in atom.kinds and _is_scope(draft, atom, place):
        return _put_experiment(draft, atom, place)
    if atom.possessive and Kind.USER not in atom.kinds and atom.is_run:
        atom = replace(atom, possessive=False)
    if draft.intent == "compare" and not atom.is_run and not atom.possessive:
        _check_side(draft, atom, place)
    if (atom.is_run or atom.possessive) and draft.intent not in LISTS:
        draft.add(atom)
        return place + 1
    read = next((read for kind, read in _BY_KIND.items() if kind in atom.kinds), None)
    if read is not None:
        return read(draft, atom, place)
    draft.left.append(atom)
    return place + 1


def _is_scope(draft: Draft, atom: Atom, place: int) -> bool:
    """Whether an experiment says where runs are from: `fraud: last two runs`, `nightly runs`, `latest fraud`."""
    behind = draft.atom(place + 1)
    is_of_latest = draft.lead() in ("latest", "previous") and not draft.is_parted
    is_of_runs = behind is not None and behind.key == "run" and behind.spelling in PLURAL
    is_owner = atom.possessive and Kind.USER not in atom.kinds
    is_led = draft.text[atom.end : atom.end + 1] == ":"
    return is_led or is_of_runs or is_of_latest or is_owner or _goes_on_with_experiments(draft, atom, place)


def _put_experiment(draft: Draft, atom: Atom, place: int) -> int:
    draft.put_in(atom.kinds[Kind.EXPERIMENT], [atom])
    return place + 1


def _read_unknown(draft: Draft, atom: Atom, place: int) -> int:
    """A word that nobody knows: what names begin with, a metric, an experiment, or a run."""
    if _says_when(draft, atom) or _begins_names(draft, atom, place):
        return place + 1
    if _goes_on_with_experiments(draft, atom, place):
        draft.guesses.append(Guess(Kind.EXPERIMENT, atom.text))
        draft.put_in(atom.text, [atom])
        return place + 1
    before = draft.atom(place - 1)
    if atom.spelling in ("score", "scores") and before is not None and before.metric:
        return place + 1  # `the f1 score`
    is_drawn = draft.intent == "curves" and not draft.has_name() and not draft.is_parted
    if is_drawn and (draft.key(place + 1) == "of" or (atom.metric and place + 1 < len(draft.atoms))):
        return read_metrics(draft, place)  # `plot val_loss of A`
    is_list = draft.intent in LISTS
    if not is_list and draft.lead() in RANKING and before is not None and before.key in RANKING:
        prefix = "" if atom.metric else draft.prefix(atom.text)
        if not atom.metric and not prefix and (called := draft.place_beginning(atom.text)):
            draft.put_in(called, [atom])  # `the best llm`
            return place + 1
        if prefix:
            draft.add(replace(atom, key="pattern", text=f"{prefix}*"))  # `best xgb vs best mlp`
            return place + 1
        if (atom.metric or not atom.is_identifier) and not (atom.possessive or draft.is_parted):
            words, last = draft.unknown_words(place)  # `best nonsense`: a metric that nobody knows
            name = spelt(words)
            draft.guesses.append(Guess(Kind.METRIC, name))
            draft.add(replace(atom, text=name, end=words[-1].end, kinds={Kind.METRIC: name}))
            return last
    if atom.metric and not draft.is_parted and (is_list or draft.lead() in (*RANKING, "number")):
        draft.guesses.append(Guess(Kind.METRIC, atom.text))
        return _put_metric(draft, replace(atom, kinds={Kind.METRIC: atom.text}), place)
    draft.add(atom)
    return place + 1


def _put_metric(draft: Draft, atom: Atom, place: int) -> int:
    """A metric behind `best` is of that run; elsewhere of the request."""
    leads = (each for each in reversed(draft.groups[-1]) if not is_silent(each) and each.key != "number")
    lead = next(leads, None)
    if lead is None or lead.key not in RANKING or draft.intent in LISTS or draft.is_parted:
        return read_metrics(draft, place)
    draft.add(atom)
    return place + 1


def _put_person(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in LISTS:
        draft.put_user(atom.kinds[Kind.USER], [atom])
    else:
        draft.add(atom)
    return place + 1


def _put_alias(draft: Draft, atom: Atom, place: int) -> int:
    name = atom.kinds.get(Kind.ALIAS, "")
    draft.add(replace(atom, key="alias" if name else "model", text=name or atom.text, kinds={}))
    return place + 1


_BY_KIND: dict[Kind, Callable[[Draft, Atom, int], int]] = {  # what a name is for that names no run
    Kind.METRIC: _put_metric,
    Kind.EXPERIMENT: _put_experiment,
    Kind.USER: _put_person,
    Kind.PARAMETER: read_parameter,
    Kind.TAG: read_parameter,
    Kind.ALIAS: _put_alias,
    Kind.MODEL: _put_alias,
}


def _goes_on_with_experiments(draft: Draft, atom: Atom, place: int) -> bool:
    """Whether it stands behind `in fraud and`, where runs of several experiments can be meant."""
    before = draft.atoms[place - 2] if place > 1 and draft.atoms[place - 1].key in ("and", "or", ",") else None
    is_place = before is not None and before in draft.spots.get("experiment", ())
    is_one = Kind.EXPERIMENT in atom.kinds or (atom.is_unknown and not atom.metric and draft.intent in LISTS)
    return is_place and is_one and (draft.intent in LISTS or draft.lead() in ("all", "top"))


def _begins_names(draft: Draft, atom: Atom, place: int) -> bool:
    """Whether names of runs begin so, where several are meant, or the best or last of them: `all xgb runs`, `mlps`."""
    noun = next((each for each in draft.atoms[place + 1 : place + 2] if each.key == "run"), None)
    is_many = noun is not None and noun.spelling in PLURAL
    is_one_of = noun is not None and draft.lead() in (*RANKING, "latest")
    prefix = draft.prefix(atom.text) if _PREFIX.fullmatch(atom.text) else ""
    is_plural = prefix != atom.spelling and draft.intent != "compare"
    before = draft.atoms[place - 1].spelling if place else ""
    is_asked = before in ("which", "what") or (noun is not None and before in ("the", "is", "are"))
    is_one_of = is_one_of or (is_asked and any(each.key in RANKING for each in draft.atoms[place:]))
    is_among = draft.key(place - 1) == "of" and draft.lead() in RANKING  # `best lr for xgb`
    if not prefix and is_many and (called := draft.place_beginning(atom.text)):
        draft.put_in(called, [atom])
        return True
    is_side = draft.intent == "compare" and draft.lead() not in (*RANKING, "all", "latest")
    if prefix and is_side and (is_many or is_plural):
        draft.add(replace(atom, key="pattern", text=f"{prefix}*"))  # `xgb runs vs mlps`
        return True
    if draft.is_parted or not prefix or not (is_many or is_one_of or is_plural or is_among):
        return False
    draft.put_where(f"attributes.run_name ILIKE '{prefix}%'", [atom])
    return True


def _says_when(draft: Draft, atom: Atom) -> bool:
    """`weekly` of a standup. Raises NotUnderstood for `always`: a comparison is made when it is asked for."""
    if draft.intent == "standup" and atom.spelling == "weekly" and not draft.since:
        draft.note("since", [atom])
        draft.since = "7 days"
        return True
    if atom.spelling == "always":
        run = next(iter(draft.named(Kind.RUN)), "latest")
        remedy = "To hold runs against one run from now on, make it the baseline:"
        raise refuse("I compare when I am asked.", remedy, f"pin {written(run)}", [atom])
    return False


def _check_side(draft: Draft, atom: Atom, place: int) -> None:
    """Raises NotUnderstood for a person or an experiment where a run has to be named."""
    kind = next((kind for kind in (Kind.EXPERIMENT, Kind.USER) if kind in atom.kinds), None)
    around = [each.key for each in (*draft.atoms[max(0, place - 1) : place], *draft.atoms[place + 1 : place + 2])]
    if kind is None or not set(around) & {*HARD, "than"}:
        return
    raise no_run(draft, atom, kind)


def read_previous(draft: Draft, atom: Atom, place: int) -> int:
    """The run before another. Raises NotUnderstood for `the previous best`."""
    at = draft.skip(place + 1)
    if draft.key(at) == "best" and not draft.atoms[at].is_run:
        runs = [written(each.kinds[Kind.RUN]) for each in draft.atoms if Kind.RUN in each.kinds and each.role is None]
        line = f"best vs {runs[0]}" if runs else "top 2"
        problem = "I know what is best now, not what was best before."
        raise refuse(problem, "Say it so:", line, [atom, draft.atoms[at]])
    draft.add(atom)
    return place + 1


def read_second(draft: Draft, atom: Atom, place: int) -> int:
    """`second best`: the list that it stands in. Raises NotUnderstood where it is one side of a comparison."""
    if draft.intent == "top":
        draft.note("count", [atom])
        draft.count = 3 if atom.spelling[0] in "t3" else 2
        draft.worst = draft.worst or atom.spelling.endswith("worst")
        return place + 1
    lead = "compare top 2" if draft.intent == "compare" else "top 3" if atom.spelling[0] in "t3" else "top 2"
    line = f"{lead} in {written(experiment_of(draft))}" if experiment_of(draft) else lead
    problem = f"I find the best and the worst, not the {atom.text}."
    raise refuse(problem, "It stands in the list of the first:", line, [atom])


def experiment_of(draft: Draft) -> str:
    """The first experiment that is named anywhere in the sentence; "" for none."""
    return next(iter(draft.named(Kind.EXPERIMENT)), "")


def no_run(draft: Draft, atom: Atom, kind: Kind) -> NotUnderstood:
    several = [each.kinds[kind] for each in draft.atoms if kind in each.kinds][:2] or [atom.text]
    lead = "latest in" if kind is Kind.EXPERIMENT else "latest by"
    line = (
        " vs ".join(f"{lead} {written(name)}" for name in several)
        if len(several) > 1
        else f"{lead} {written(several[0])} vs previous"
    )
    if kind is Kind.USER and (place := experiment_of(draft)):
        line = f"{line} in {written(place)}"
    noun = "an experiment" if kind is Kind.EXPERIMENT else "a person"
    return refuse(f"{draft.shown([atom])} is {noun}; I compare runs.", "Say which run of it.", line, [atom])


def read_number(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in LISTS:
        if not 1 <= int(atom.value[:9]) <= MOST_LISTED:
            raise refuse(f"I list between 1 and {MOST_LISTED} runs.", "Say how many.", draft.example("top"), [atom])
        draft.note("count", [atom])
        draft.count = int(atom.value)
    elif (draft.lead() in ("top", "best", "worst", "latest", "previous") and not draft.is_parted) or (
        draft.key(place - 1) == "run" and not draft.is_parted
    ):
        draft.add(atom)
    elif draft.key(place + 1) in ("run", "latest", "best") and int(atom.value[:9]) > 1:
        return _numbered(draft, atom, place)
    elif draft.is_parted or draft.hard:
        draft.add(replace(atom, key="", quoted=True))
    else:
        draft.left.append(atom)
    return place + 1


def _numbered(draft: Draft, atom: Atom, place: int) -> int:
    """`the 3 best runs`: the number stands before its word."""
    if draft.atoms[place + 1].key == "run":
        draft.fillers.append(atom)
        draft.left.append(atom)
        return place + 1
    draft.add(draft.atoms[place + 1])
    draft.add(atom)
    return place + 2


def read_all(draft: Draft, atom: Atom, place: int) -> int:
    at = draft.skip(place + 1)
    behind = draft.key(place + 1)
    says_more = at < len(draft.atoms) and (
        draft.atoms[at].possessive
        or draft.atoms[at].key in STATUS
        or (draft.atoms[at].is_unknown and bool(draft.prefix(draft.atoms[at].text)) and draft.intent != "compare")
        or (draft.intent == "curves" and Kind.EXPERIMENT in draft.atoms[at].kinds)
    )
    if draft.intent in LISTS or draft.intent in ("experiments", "watches", "settings"):
        return place + 1
    if (behind == "run" or says_more or (draft.is_parted and draft.key(at) in ("in", "of", "vs"))) or (
        draft.intent == "compare" and not draft.has_name() and not draft.about
    ):
        draft.add(atom)
    else:
        draft.flag("everything", atom)
    return place + 1


def read_best(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent == "sweeps":
        return place + 1  # `which lr worked best?`
    if draft.intent in LISTS:
        draft.worst = draft.worst or atom.key == "worst"
        return place + 1
    if (last := _asked_metric(draft, place)) is not None:
        return last
    if _is_question(draft, place) or _is_asked(draft, place):
        return place + 1
    at = draft.skip(place + 1)
    behind = draft.atom(at)
    is_last = behind is None or behind.role in (Role.SLOT, Role.FLAG) or behind.key == ","
    is_behind = (len(draft.groups) > 1 and draft.has_name()) or any(e.is_unknown for e in draft.groups[-1])
    is_told = behind is not None and bool(behind.metric) and not behind.is_run
    if is_told and is_behind and atom.key == "best" and draft.hard and not draft.is_parted and place:
        before = draft.atoms[place - 1]
        if before.is_run or before.key == ",":  # `A vs B best val_loss`: the best values of it
            draft.flag("best", atom)
            return place + 1
    words = draft.atoms[draft.place].spelling.split() if draft.intent == "curves" else []
    if {"step", "epoch"} & set(words) and bool(draft.named(Kind.RUN)):
        return place + 1  # `which epoch was best for A?`
    if draft.intent == "curves" and draft.has_name() and is_last:
        return place + 1  # `at which step was A best?`
    whose = next((each.possessive for each in reversed(draft.groups[-1]) if not is_silent(each)), False)
    if atom.key == "best" and is_last and is_behind and not whose and not draft.is_parted and draft.intent != "show":
        draft.flag("best", atom)
    else:
        draft.add(atom)
    return place + 1


def _asked_metric(draft: Draft, place: int) -> int | None:
    """Where `has the lowest latency_ms` ends, said of runs that are named before; None where none are."""
    at = draft.skip(place + 1)
    is_metric = at < len(draft.atoms) and bool(draft.atoms[at].metric) and Kind.RUN not in draft.atoms[at].kinds
    asks = any(each.spelling in ("which", "who", "what", "welche", "welcher") for each in draft.atoms[:place])
    named = sum(is_material(each) for group in draft.groups for each in group)
    if any(each.key == "or" for each in draft.atoms[at + 1 :]):  # `which has the best f1, A or B?`
        named += sum(is_material(each) and not each.metric for each in draft.atoms[at + 1 :])
    if not (is_metric and asks and named > 1) or draft.is_parted:
        return None
    return read_metrics(draft, at)


def read_lowest(draft: Draft, atom: Atom, place: int) -> int:
    if (last := _asked_metric(draft, place)) is not None:
        return last
    draft.add(atom)
    return place + 1


def _is_question(draft: Draft, place: int) -> bool:
    """`which run is best: A, B or C`."""
    others = [each for each in draft.atoms[place + 1 :] if each.is_run or each.is_unknown or each.quoted]
    keys = [each.key for each in draft.atoms]
    return (
        "or" in keys
        and "vs" not in keys
        and len(others) > 1
        and not any(Kind.METRIC in e.kinds for e in draft.atoms[place + 1 : place + 2])
    )


def _is_asked(draft: Draft, place: int) -> bool:
    """`which of A, B and C is best?`, where the runs stand before it."""
    is_verb = place > 0 and draft.atoms[place - 1].spelling in ("is", "was", "are", "ist", "est", "es", "é")
    return is_verb and len(draft.side_words()) > 1


def read_latest(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in LISTS:
        nouns = [each.spelling for each in draft.atoms[place:] if each.key == "run"]
        if draft.intent in ("failed", "runs") and draft.count is None and nouns[:1] in (["run"], ["one"]):
            draft.count = 1
        return place + 1
    is_last = place + 1 == len(draft.atoms) and draft.has_name() and not draft.is_parted
    if is_last and draft.intent in ("who", "status") and not draft.groups[-1][-1].possessive:
        return place + 1  # `who ran A last?`: the newest of a name is meant anyway
    draft.add(atom)
    return place + 1


def read_everything(draft: Draft, atom: Atom, place: int) -> int:
    is_list = draft.intent in LISTS
    if atom.spelling in ("everywhere", "anywhere"):
        if not is_list:
            draft.left.append(atom)
        else:
            draft.put_in(EVERYWHERE, [atom])
        return place + 1
    if atom.spelling in ("anything", "everything") and is_list:
        return place + 1
    behind = draft.key(place + 1)
    person = next((each for each in draft.atoms[place + 1 : place + 2] if set(each.kinds) == {Kind.USER}), None)
    if person is not None and draft.intent in ("", "show", "status"):
        draft.add(replace(atom, key="all"))  # `show me everything ann ran`
        return place + 1
    if atom.spelling == "everything" and draft.intent == "compare" and not (draft.has_name() or draft.about):
        draft.add(replace(atom, key="all"))  # `compare everything in churn`
        return place + 1
    if atom.spelling == "everything" and draft.intent in ("", "show", "status") and behind == "of":
        return place + 1  # `show me everything about xgb-v1`: all there is, as always
    if draft.is_parted and draft.hard and draft.intent == "compare":
        draft.add(replace(atom, key="all"))  # `A vs everything`
        return place + 1
    draft.flag("everything", atom)
    return place + 1


def read_running(draft: Draft, atom: Atom, place: int) -> int:
    """How runs ended, beside what is asked for; `over` between two runs is none of it."""
    behind = draft.atoms[draft.skip(place + 1) :][:1]
    if atom.spelling == "over" and draft.has_name() and behind and is_material(behind[0]):
        return read_than(draft, atom, place)
    if draft.intent in (atom.key, "status") or (draft.intent == "standup" and atom.key == "finished"):
        return place + 1
    if draft.intent == "standup" and atom.key == "failed" and draft.says("finished"):
        return place + 1  # `what finished and what failed?`
    if draft.intent in ("top", "runs"):
        draft.note("status", [atom])
        draft.status = atom.key
    elif draft.intent in LISTS:
        draft.left.append(atom)
    elif draft.lead() in RANKING and not draft.is_parted:
        draft.note("status", [atom])
        draft.status = atom.key
    elif draft.intent == "show" and draft.has_name() and draft.lead() != "latest":
        draft.left.append(atom)
    else:
        draft.add(atom)
    return place + 1


def read_baseline_role(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in ("set", "make", "unset", "pin"):
        draft.marks_baseline = True
    elif draft.groups[-1] and draft.has_name() and not draft.is_parted and draft.intent in ("", "compare"):
        draft.baseline = len(draft.groups) - 1
    else:
        draft.add(replace(atom, key="baseline"))
    return place + 1


def read_baseline(draft: Draft, atom: Atom, place: int) -> int:
    if draft.intent in ("set", "make", "unset") or (draft.intent == "pin" and draft.has_name()):
        draft.marks_baseline = True
        return place + 1
    at = draft.skip(place + 1)
    if draft.intent in ("compare", "") and at < len(draft.atoms) and draft.atoms[at].is_run:
        draft.waits_for_baseline = draft.is_parted = True  # `compare A against baseline B`
        return place + 1
    is_told = draft.has_name() and draft.atoms[place - 1].spelling in ("is", "as", "=", "the", "a")
    if is_told and draft.intent == "compare" and draft.text[atom.end :].lstrip()[:1] in (",", ";", "."):
        draft.baseline = len(draft.groups) - 1  # `A is baseline, compare B to it`
        return place + 1
    if draft.hard and not draft.is_parted and place and draft.atoms[place - 1].is_run:  # `A vs B (baseline)`
        draft.baseline = len(draft.groups) - 1
        return place + 1
    draft.add(atom)
    return place + 1


# The runs of a draft
def _sides(draft: Draft) -> list[SideWords]:
    """The runs that each side names. Words that say nothing there are left."""
    groups = draft.sides()
    asks_how = any(each.key == "status" and each.spelling == "how is" for each in draft.atoms)
    owned = next((group for group in groups if len(_saying(group)) > 1 and _has_owner(group)), [])
    groups = [  # `maya's and jonas's best`
        [*each, *_saying(owned)[1:]] if owned and _has_owner(each) and len(_saying(each)) == 1 else each
        for each in groups
    ]
    leads = ("compare", "curves", "sweeps", "show", "who", "status", "pin", "set", "make")
    is_led = draft.intent in leads and not asks_how
    found = [
        read_side(group, draft.names, draft.text, is_parted=draft.hard > 0 and len(groups) > 1, is_led=is_led)
        for group in groups
    ]
    draft.left += [each for side in found for each in side.left]
    draft.guesses += [Guess(*each) for side in found for each in side.guesses]
    return found


def runs_of(draft: Draft) -> list[RunReference]:
    """All runs that are named, the baseline first."""
    sides = _sides(draft)
    places = [place for place, side in enumerate(sides) for _run in side.runs]
    found = [run for side in sides for run in side.runs]
    if len({tuple(each) for each in draft.experiments.values()}) > 1:
        if draft.several:
            raise draft.second_experiment(draft.spots["experiments"])
        found = [
            _within(draft, run, next(iter(draft.experiments.get(place, ())), ""))
            for run, place in zip(found, places, strict=True)
        ]
    if draft.baseline is not None and draft.baseline in places:
        first = places.index(draft.baseline)
        if isinstance(found[first], AllRuns):  # `A against all others`
            return found
        return [found[first], *found[:first], *found[first + 1 :]]
    ranks = [_rank(run) for run in found]
    if ranks and ranks.count(min(ranks)) == 1 and min(ranks) < 3:
        first = ranks.index(min(ranks))
        return [found[first], *found[:first], *found[first + 1 :]]
    return found


def _within(draft: Draft, run: RunReference, experiment: str) -> RunReference:
    if not experiment:
        return run
    match run:
        case Latest() | Leading():
            return replace(run, experiment=experiment)
        case Named() if "/" not in run.text:
            return replace(run, text=f"{experiment}/{run.text}", otherwise="")
    line = "latest in my-experiment vs latest in other-experiment"
    known = draft.names.all(Kind.EXPERIMENT)[:2]
    raise refuse(
        "Each side may be of its own experiment only where it is a name, latest or best.",
        "Name one experiment.",
        f"latest in {known[0]} vs latest in {known[1]}" if len(known) > 1 and " " not in "".join(known) else line,
        draft.spots["experiment"],
    )


def _saying(group: Sequence[Atom]) -> list[Atom]:
    return [each for each in group if not is_silent(each)]


def _has_owner(group: Sequence[Atom]) -> bool:
    """Whether a person begins what is said, as whose something is."""
    first = next(iter(_saying(group)), None)
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


READERS = {
    "": read_name,
    "vs": read_vs,
    "against": read_against,
    "than": read_than,
    "and": read_and,
    ",": read_and,
    "or": read_and,
    "with": read_and,
    "dash": read_and,
    "sweep": read_sweep,
    "number": read_number,
    "all": read_all,
    "best": read_best,
    "worst": read_best,
    "latest": read_latest,
    "second": read_second,
    "previous": read_previous,
    "lowest": read_lowest,
    "highest": read_lowest,
    "everything": read_everything,
    "running": read_running,
    "failed": read_running,
    "finished": read_running,
    "baseline_role": read_baseline_role,
    "baseline": read_baseline,
}
