"""The atoms between two separators → the runs they name."""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from comparison.errors import NotUnderstood
from comparison.judgement.goals import goal_of
from comparison.language.atoms import OWNING, Atom, is_material, is_silent, model, runs_of_link, spelt
from comparison.language.draft import COMPARISON, ONE_RUN, refuse
from comparison.language.lexicon import Role
from comparison.language.names import Kind, Names
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
    reader = _Reader(list(atoms), names, text, is_parted=is_parted, is_led=is_led)
    return reader.read()


@dataclass
class _Reader:
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
        read = getattr(self, f"_{atom.key}", None) if atom.key else None
        if read is not None:
            found: list[RunReference] | None = read(atom)
            return found
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
        if not is_name or atom.text.casefold() != "run":
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
        place = self.place
        while place < len(self.atoms) and is_silent(self.atoms[place]):
            place += 1
        if place < len(self.atoms) and self.atoms[place].key in keys:
            self.place = place + 1
            return self.atoms[place]
        return None

    def _taken_user(self) -> str:
        user, self.user = self.user, ""
        return user

    def _latest(self, atom: Atom) -> list[RunReference]:
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

    def _previous(self, atom: Atom) -> list[RunReference]:
        self._next("number")
        behind = next((each for each in self.atoms[self.place :] if not is_silent(each)), None)
        if behind is not None and Kind.RUN in behind.kinds and not behind.possessive:  # `previous of A`
            self.place = self.atoms.index(behind) + 1
            return [Latest(1, at=atom.at, before=Named(behind.kinds[Kind.RUN], behind.at, end=behind.end))]
        return [Latest(1, self._taken_user(), atom.at)]

    def _best(self, atom: Atom) -> list[RunReference]:
        is_worst = atom.key == "worst"
        if self._next("latest"):
            return [Latest(0, self._taken_user(), atom.at)]
        number = self._next("number")
        metric = self._metric()
        if not number and (group := self._next("pattern", "seeds", "sweep")):
            read: Callable[[Atom], list[RunReference]] = getattr(self, f"_{group.key}")
            (of,) = read(group)
            assert isinstance(of, Group | SweepRuns)  # noqa: S101 -- what these three words are read as
            return [BestOf(of, metric, is_worst, atom.at)]
        if (parent := self._parent_of_trials()) is not None and not number:
            return [BestOf(SweepRuns(parent), metric, is_worst, atom.at)]
        user = self._taken_user()
        if number:
            return [self._top_runs(number, metric, is_worst=is_worst, user=user, at=atom.at)]
        return [Leading(metric, is_worst, atom.at, user)]

    _worst = _new_best = _best

    def _parent_of_trials(self) -> Named | None:
        """The run behind `best trial of`."""
        behind = self.atoms[self.place :]
        run = next((each for each in behind if not is_silent(each)), None)
        says_trials = any(each.text.casefold() in _TRIALS for each in behind[:2])
        if run is None or Kind.RUN not in run.kinds or not says_trials:
            return None
        self.place = self.atoms.index(run) + 1
        return Named(run.kinds[Kind.RUN], run.at, end=run.end)

    def _top(self, atom: Atom) -> list[RunReference]:
        number = self._next("number")
        metric = self._metric()
        user = self._taken_user()
        return [self._top_runs(number, metric, is_worst=False, user=user, at=atom.at)]

    def _top_runs(self, number: Atom | None, metric: str, *, is_worst: bool, user: str, at: int) -> TopRuns:
        count = int(number.value[:6]) if number else 3
        if not 1 <= count <= MOST_AT_TOP:
            line = "compare top 3"
            raise refuse(
                f"I compare between 1 and {MOST_AT_TOP} of the best.", "Say how many.", line, [number] if number else ()
            )
        return TopRuns(count, metric, is_worst, at, Among(user=user))

    def _metric(self) -> str:
        place = self.place
        while place < len(self.atoms) and is_silent(self.atoms[place]):
            place += 1
        if (
            place < len(self.atoms)
            and self.atoms[place].metric
            and (not self.atoms[place].is_run or Kind.METRIC in self.atoms[place].kinds)
        ):
            self.place = place + 1
            return self.atoms[place].metric
        return ""

    def _lowest(self, atom: Atom) -> list[RunReference]:
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

    _highest = _lowest

    def _baseline(self, atom: Atom) -> list[RunReference]:
        return [Pinned(atom.at)]

    _baseline_role = _baseline

    def _alias(self, atom: Atom) -> list[RunReference]:
        return [Registered("", atom.text.casefold(), "", atom.at)]

    def _running(self, atom: Atom) -> list[RunReference]:
        return [Unfinished(atom.at)]

    def _failed(self, atom: Atom) -> list[RunReference]:
        return [AllRuns(Among(status=atom.key, user=self._taken_user()), atom.at)]

    _finished = _failed

    def _time(self, atom: Atom) -> list[RunReference]:
        """`yesterday's run` is the newest of that day, `yesterday's runs` are all."""
        nouns = [each.text.casefold() for each in self.atoms[self.place :] if each.key == "run"]
        until = atom.value if atom.value in _DAYS and "week" not in atom.text.casefold() else ""
        if atom.possessive and until and (best := self._next("best", "worst")):  # `yesterday's best`
            among = Among(since=atom.value, until=until, user=self._taken_user())
            return [TopRuns(1, self._metric(), best.key == "worst", atom.at, among)]
        if nouns[:1] == ["runs"] and self.is_led:
            return [AllRuns(Among(since=atom.value, until=until, user=self._taken_user()), atom.at)]
        return [OfDay(atom.value, atom.at)]

    def _all(self, atom: Atom) -> list[RunReference]:
        place = self.place
        while place < len(self.atoms) and is_silent(self.atoms[place]):
            place += 1
        behind = self.atoms[place] if place < len(self.atoms) else None
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

    def _link(self, atom: Atom) -> list[RunReference]:
        runs = runs_of_link(atom.text)
        if not runs:
            remedy = "Paste the address of a run's page in MLflow, or of MLflow's comparison of several."
            raise refuse("This link leads to no run.", remedy, COMPARISON.line(self.names), [atom])
        return [Linked(run_id, experiment, atom.at) for run_id, experiment in runs]

    def _model(self, atom: Atom) -> list[RunReference]:
        if atom.text.casefold() in _SPECIAL:
            found = _SPECIAL[atom.text.casefold()]
            return [replace(found, at=atom.at)]
        if (version := model_version(atom.text, atom.at)) is not None:
            return [version]
        read = model(atom.text)
        if read is None:
            line = "latest vs models:/my-model@champion"
            problem = "This names no version of a registered model."
            raise refuse(problem, "Name it with an alias or a version.", line, [atom])
        return [Registered(*read, atom.at)]

    def _id(self, atom: Atom) -> list[RunReference]:
        return [Named(atom.text, atom.at, end=atom.end)]

    def _pattern(self, atom: Atom) -> list[RunReference]:
        if atom.text.casefold().startswith("group:"):
            name = atom.text[len("group:") :]
            if not name:
                raise refuse("Which group?", "Name it behind group:.", "compare group:mlp-32 vs group:mlp-64", [atom])
            return [Group(name=name, at=atom.at)]
        return [Group(pattern=atom.text, at=atom.at)]

    def _filter(self, atom: Atom) -> list[RunReference]:
        is_led = self.text[: atom.at].rstrip().casefold().endswith("where")
        return [Filtered(atom.text, atom.at) if is_led else Group(where=atom.text, at=atom.at)]

    def _where(self, atom: Atom) -> None:
        behind = self.atoms[self.place : self.place + 1]
        if not behind or behind[0].key != "filter":
            self.side.left.append(atom)

    def _seeds(self, atom: Atom) -> list[RunReference]:
        name = self._named_behind(atom)
        return [Group(name=name.text, at=atom.at)]

    def _sweep(self, atom: Atom) -> list[RunReference]:
        name = self._named_behind(atom)
        if name.key == "link":
            run_id, experiment = (runs_of_link(name.text) or (("", ""),))[0]
            return [SweepRuns(Linked(run_id, experiment, name.at), atom.at)]
        return [SweepRuns(Named(name.kinds.get(Kind.RUN, name.text), name.at, end=name.end), atom.at)]

    def _named_behind(self, atom: Atom) -> Atom:
        while self.place < len(self.atoms) and is_silent(self.atoms[self.place]):
            self.place += 1
        if self.place == len(self.atoms):
            raise refuse(f"Which runs are meant by {atom.text}?", "Name them.", "compare all in sweep latest", [atom])
        self.place += 1
        return self.atoms[self.place - 1]


def _bounds(atoms: Sequence[Atom]) -> tuple[int, int]:
    """The first and the last that are part of a name, fillers at both ends left out."""
    said = [place for place, each in enumerate(atoms) if each.key != "filler" or each.text.casefold() in OWNING]
    if len(said) > 1 and atoms[said[0]].text.casefold() == "runs":
        said = said[1:]
    return said[0], said[-1]


def one(side: SideWords, atoms: Sequence[Atom], names: Names) -> RunReference:
    """The only run of a side. Raises NotUnderstood where it has none or several."""
    if len(side.runs) != 1:
        raise NotUnderstood(
            "This takes one run.", remedy="Name one.", example=ONE_RUN.line(names), at=atoms[0].at if atoms else None
        )
    return side.runs[0]
