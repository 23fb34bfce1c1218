"""What is said below an answer: of a comparison (`swap`, `and the params?`, `add latest`), of a list, of one run.

`follow` reads what changes a comparison that stands, `follow_answer` what is said of any other answer: what points at
its runs (`compare the first two`, `it`) is put into words, then read as any request.
"""

# ruff: noqa: C901, PLR0911 -- a grammar is a list of cases, each in its place

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import MISSING, dataclass, fields, replace
from itertools import pairwise
from typing import Any

from comparison.errors import NotUnderstood
from comparison.language.atoms import Atom, cover, is_silent
from comparison.language.compare_command import COMPARED, MOST_COMPARED, compared, swapped
from comparison.language.draft import Draft, LeftOver, refuse
from comparison.language.intents import STATUS, find_intent, is_small_talk
from comparison.language.lexicon import NUMBERS, TALK, Role, one_of
from comparison.language.names import Kind, Names
from comparison.language.parser import COMMANDS, Interpretation, SmallTalk, new_draft, read, read_words
from comparison.language.quoting import quoted, written
from comparison.language.run_names import runs_of
from comparison.language.tokens import scan
from comparison.request import Compare, Curves, Failed, Pin, Request, Running, Runs, Show, Standup, Sweep, Top
from comparison.run_reference import Among, Latest, Leading, Linked, Named, RunReference

_OWN_INTENTS = one_of(
    "watch watch_when unwatch digest watches top failed standup runs experiments settings set unset goal pin unpin "
    "help dont pause make"
)
_WINNERS = frozenset({"best", "better"})
_ADDING = frozenset({"and", "with", "of", "add", "filler", "except", "compare"})
_ABOUT = one_of(
    "swap add refresh choose instead same replace why everything best_values last_values differing fewer parameters "
    "tags datasets details against"
)
_CHANGING_SLOTS = one_of(
    "metrics only_metrics without_metrics without_parameters step goal tolerance by_change best everything why "
    "differing part excluded"
)


def follow(
    text: str, previous: Compare, names: Names | None = None, *, command: str = "/mlcompare"
) -> Interpretation | None:
    """The comparison that is meant by words said about `previous`; None where they are a request of their own, or none.

    Raises NotUnderstood where it is clear that the comparison is meant, and not how.
    """
    known = names or Names()
    atoms = _atoms(text, known, command)
    intent, place = find_intent(atoms) if atoms else ("", -1)
    if intent == "curves":
        return _curves_of_compared(atoms, place, known, text, previous)
    if intent == "pin" and any(each.key in _WINNERS for each in atoms) and not _names_place(atoms):
        problem = "I pin a run that is named; which of these is the winner is yours to say."
        raise refuse(problem, "Say pin and its name.", "help set", [each for each in atoms if each.key in _WINNERS])
    is_exchange = intent == "set" and any(each.key in ("replace", "instead") for each in atoms)
    if not atoms or (_is_own(intent, atoms) and not is_exchange):
        return None
    if intent == "running":  # `is it still running?`
        return Interpretation(replace(previous, text=text))
    draft = replace(new_draft("compare", place, atoms, known, text), about=True)
    try:
        read_words(draft, skipping=place if intent in ("compare", "show", "status", "set") else -1)
        changed = _changed_comparison(draft, previous)
    except LeftOver:
        return None
    except NotUnderstood as error:
        raise error if error.text else replace(error, text=text[:2_000]) from None
    return Interpretation(replace(changed, text=text), tuple(draft.guesses)) if changed else None


def _atoms(text: str, names: Names, command: str) -> list[Atom]:
    """The atoms of a text; none where it cannot be read."""
    try:
        return cover(scan(text, command), names, text)
    except NotUnderstood:
        return []


def _names_place(atoms: Sequence[Atom]) -> bool:
    return any(each.kinds.keys() & {Kind.EXPERIMENT, Kind.METRIC} for each in atoms)


def _curves_of_compared(
    atoms: list[Atom], place: int, names: Names, text: str, previous: Compare
) -> Interpretation | None:
    """`and the curves?`, `plot val_loss`: those of the runs that are compared; None where runs are named."""
    draft = replace(new_draft("curves", place, atoms, names, text), about=True)
    try:
        read_words(draft, skipping=place)
        draft.check("curves", is_silent_on_runs=True)
    except NotUnderstood:
        return None
    metrics = tuple(draft.metrics) or previous.metrics[:1]
    request = Curves(previous.runs, previous.experiment, metrics, draft.goal or previous.goal, text)
    return Interpretation(request, tuple(draft.guesses))


def is_follow_up(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> bool:
    """Whether words may be meant of a comparison that stands already."""
    try:
        return follow(text, compared(("0" * 32, "1" * 32)), names, command=command) is not None
    except NotUnderstood:
        return True


def needs_comparison(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> bool:
    """Whether words name no run and only change a comparison that stands: `swap`, `why?`."""
    atoms = _atoms(text, names or Names(), command)
    is_named = any(each.is_run or Kind.EXPERIMENT in each.kinds for each in atoms)
    return any(each.key in _ABOUT for each in atoms) and (not is_named or "add" in {each.key for each in atoms})


def _is_own(intent: str, atoms: Sequence[Atom]) -> bool:
    """Whether this is a request of its own."""
    runs = [
        each for each in atoms if each.is_run or each.quoted or each.key in ("latest", "previous", "alias", "baseline")
    ]
    keys = [each.key for each in atoms if not is_silent(each)]
    is_about = keys[:1] in (["add"], ["against"], ["vs"], ["and"], ["remove"])
    is_about = is_about or bool({"add", "replace", "same", "instead"} & set(keys))
    if intent == "standup" and atoms[-1].spelling in ("any news", "news"):
        return False
    if [each.spelling for each in atoms if not is_silent(each)] == ["last"]:
        return False
    if intent in _OWN_INTENTS and not (
        intent == "runs" and keys[:1] == ["all"] and "run" not in {each.key for each in atoms}
    ):
        return True
    if intent == "compare":
        return len(runs) > 1 and not is_about
    if intent == "running":
        return not {each.spelling for each in atoms} & {"it", "they"}
    if intent in ("show", "who", "status"):
        return bool(runs)
    if intent == "cannot":
        return atoms[0].spelling not in ("remove", "drop") or not (runs or any(each.is_unknown for each in atoms))
    return not is_about and bool(runs) and atoms[0].key not in _ADDING and not any(each.key == "of" for each in atoms)


def _changed_comparison(draft: Draft, previous: Compare) -> Compare | None:
    thread, flags = draft.thread, draft.flags
    material = draft.side_words()
    if [each.key for each in material] in (["best"], ["latest"]) and not draft.spots.keys() - {"metrics"}:
        is_last = material[0].key == "latest" and material[0].spelling == "last"
        is_run = draft.hard or draft.baseline is not None
        if is_run or (material[0].key == "latest" and not is_last):
            changed = _with_runs(draft, previous)
            return changed and _with_slots(changed, draft)
        flags.add("best" if not is_last else "last")
        draft.groups = [[]]
        material = []
    if draft.atoms[0].spelling == "details" and not material:
        draft.part = draft.part or "details"
    silent = (
        {"show", "better", "worse", "standup"}
        | ({"set"} if "replace" in thread else set())
        | ({"refresh"} if "refresh" in thread else set())
    )
    left = [each for each in draft.left if each.key not in silent and each.spelling != "remove"]
    if left and "remove" not in thread:
        return None
    keys = {each.key for each in draft.atoms}
    says_better = bool(keys & {"better", "worse"}) and not any(e.spelling in TALK for e in draft.atoms)
    if not (
        material
        or thread
        or says_better
        or flags
        or draft.part
        or draft.spots.keys() & _CHANGING_SLOTS
        or draft.atoms[0].key in ("running", "standup")
    ):
        return None
    if "same" in thread and draft.experiment and not material:
        remedy, line = "Name the runs of it, or say:", f"latest vs best in {quoted(draft.experiment)}"
        raise refuse(f"“{draft.experiment}” is an experiment; I compare runs.", remedy, line, draft.spots["experiment"])
    changed = _with_runs(draft, previous) if material else previous
    if changed is None:
        return None
    if "swap" in thread:
        changed = swapped(changed)
    return _with_slots(changed, draft)


def _with_slots(previous: Compare, draft: Draft) -> Compare:
    flags = draft.flags
    best = "best" in flags or (
        previous.best and draft.step is None and "last" not in flags and "last_values" not in draft.thread
    )
    step = draft.step if draft.step is not None else None if best or "last_values" in draft.thread else previous.at_step
    fewer = "fewer" in draft.thread
    everything = "everything" in flags or (previous.everything and not fewer and "differing" not in flags)
    left_out = tuple(Named(each.name) for each in draft.excluded if each.kind == "run")
    return replace(
        previous,
        experiment=draft.experiment,
        metrics=tuple(draft.metrics) or previous.metrics,
        only_metrics="only_metrics" in draft.spots or previous.only_metrics,
        without_metrics=(*previous.without_metrics, *draft.without_metrics),
        without_parameters=(*previous.without_parameters, *draft.without_parameters),
        everything=everything,
        differing="differing" in flags or (previous.differing and not fewer and "everything" not in flags),
        best=best,
        at_step=step,
        why="why" in flags or previous.why,
        part=draft.part or previous.part,
        goal=draft.goal or previous.goal,
        tolerance=previous.tolerance if "tolerance" not in draft.spots else draft.tolerance,
        margin=previous.margin if "tolerance" not in draft.spots else draft.margin,
        by_change="by_change" in flags or previous.by_change,
        excluded=(*previous.excluded, *left_out),
    )


def _is_led(draft: Draft) -> bool:
    return draft.atoms[0].key in _ADDING or "add" in draft.thread


def _with_runs(draft: Draft, previous: Compare) -> Compare | None:
    """Runs that come to the comparison, go from it, or take the place of its baseline."""
    draft.left = []
    runs = runs_of(draft)
    if any(guess.kind is Kind.RUN for guess in draft.guesses) and not (
        {"add", "remove"} & draft.thread.keys() or draft.hard
    ):
        return None
    if draft.left and "remove" not in draft.thread:
        return None
    if "remove" in draft.thread:
        if not runs or any(not isinstance(run, Named | Linked | Latest) for run in runs):
            raise refuse("Which run shall go?", "Name it.", "remove latest", draft.atoms[:1])
        return replace(previous, excluded=(*previous.excluded, *runs))
    if draft.hard or draft.baseline is not None:
        return replace(previous, runs=(runs[0], *previous.runs[1:])) if len(runs) == 1 else None
    if draft.thread.keys() & {"same", "replace", "instead"} and runs:
        return _exchanged(draft, previous, runs)
    if not _is_led(draft):
        return None
    if "add" in draft.thread and not runs:
        raise refuse("Which run?", "Name the run to add.", "add latest", draft.atoms[:1])
    if len(previous.runs) + len(runs) > MOST_COMPARED:
        count = len(previous.runs) + len(runs)
        raise refuse(
            f"That would be {count} runs; a table holds {MOST_COMPARED}.", "Add fewer.", "add latest", draft.atoms[:1]
        )
    return replace(previous, runs=(*previous.runs, *runs))


def _first_word(draft: Draft) -> Atom | None:
    return next((each for each in draft.atoms if not is_silent(each) and each.key not in ("and", ",")), None)


def _exchanged(draft: Draft, previous: Compare, runs: Sequence[RunReference]) -> Compare | None:
    """`the same for A and B`, `A instead`, `replace A with B`: the baseline stays unless both sides are named."""
    if "replace" not in draft.thread:
        is_whole = "same" in draft.thread and len(runs) > 1
        return replace(previous, runs=tuple(runs) if is_whole else (previous.runs[0], *runs))
    gone, new = runs[0], runs[-1]
    stands = draft.thread["replace"]
    if stands.spelling == "instead of" and stands is not _first_word(draft):  # `xgb-v3 instead of xgb-v1`
        gone, new = new, gone
    if len(runs) != len({gone, new}) or not isinstance(gone, Named | Linked | Latest):
        raise refuse("Which run takes which place?", "Name both.", "add latest", draft.atoms[:1])
    return replace(previous, runs=(*previous.runs, new), excluded=(*previous.excluded, gone))


# Below a list, or one run: `compare the first two`, `and by f1?`, `since monday`
_INTENTS: dict[type, str] = {  # by which a request is asked for
    Top: "top",
    Running: "running",
    Failed: "failed",
    Standup: "standup",
    Runs: "runs",
    Show: "show",
    Curves: "curves",
    Sweep: "sweeps",
}
_LISTS = (Top, Running, Failed, Standup, Runs)
_ORDINALS = {
    name: number
    for number, names in enumerate(
        (
            *(("first", "1st"), ("second", "2nd"), ("third", "3rd"), ("fourth", "4th"), ("fifth", "5th")),
            *(("sixth", "6th"), ("seventh", "7th"), ("eighth", "8th"), ("ninth", "9th"), ("tenth", "10th")),
        )
    )
    for name in names
}
_NUMBERED = re.compile(r"#(\d{1,2})")
_DETERMINERS = frozenset({"the", "these", "those", "this", "that"})
_THEM = frozenset({"them", "they", "these", "those", "both", "all of them", "all of these", "all of those", "their"})
_IT = frozenset({"it", "it's", "its", "this", "that"})
_ONE = frozenset({"one", "run", "model", "job", "trial", "result", "experiment"})
_SEVERAL = frozenset({"ones", "runs", "models", "jobs", "trials", "results", "experiments"})
_OTHERS = frozenset({"others", "the rest", "the others", "rest"})
_GOING_ON = frozenset({"and", "only", "same", "instead", "but"})
_SIDES = frozenset({"compare", "vs", "against", "and", "with", "or", ",", "than", "show", "curves", "of", "pin", "who"})
_OF_COMPARISON = frozenset({"add", "remove", "replace", "instead", "except", "cannot", "same", "against", "vs", "swap"})
_OWN_SCOPE = ("experiment", "user", "since", "until")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that stands: what was asked, and what it shows, in its order.

    `runs` are full ids, `labels` their names, `experiments` the names of theirs; of a list of experiments only those.
    """

    request: Request
    runs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    failed: tuple[tuple[str, str, str], ...] = ()  # of a standup: id, name and experiment of what failed

    @property
    def places(self) -> tuple[str, ...]:
        """The experiments, each once."""
        return tuple(dict.fromkeys(self.experiments))

    @property
    def is_ranked(self) -> bool:
        return isinstance(self.request, Top)


def follow_answer(
    text: str, answer: Answered, names: Names | None = None, *, command: str = "/mlcompare"
) -> Interpretation | None:
    """The request that is meant by words said about an answer; None where they are a request of their own, or none.

    Raises NotUnderstood where it is clear that the answer is meant, and not how.
    """
    known = names or Names()
    atoms = _atoms(text, known, command)
    if not atoms or is_small_talk(atoms):
        return None
    if answer.failed and any(each.key == "failed" for each in atoms):
        ids, labels, places = zip(*answer.failed, strict=True)
        answer = replace(answer, runs=ids, labels=labels, experiments=places, failed=())
    pointed = _pointed(atoms, answer, text)
    if (why := _why(atoms, pointed, answer, known, command)) is not None:
        return why
    if pointed:
        if _is_praise(atoms, pointed):
            raise SmallTalk("That asks for nothing.", "Say what you want to see.", text=text)
        return _read_pointed(text, [*pointed, *_pronouns(atoms, answer)], answer, known, command)
    changed = _question_again(atoms, answer, known, text)
    if changed is not None:
        return changed
    spots = _pronouns(atoms, answer)
    if spots or (spots := _unsaid(atoms, answer)):
        return _read_pointed(text, spots, answer, known, command)
    _refuse_one_of_several(atoms, answer, text, known, command)
    placed = _in_its_place(atoms, answer, text, known, command)
    return placed or _compared_follow_up(text, answer, known, command)


def _compared_follow_up(text: str, answer: Answered, names: Names, command: str) -> Interpretation | None:
    """`how long did they take?`, `all params`: what is asked of several runs as of a comparison of them."""
    if not 1 < len(answer.runs) <= MOST_COMPARED or not needs_comparison(text, names, command=command):
        return None
    try:
        return follow(text, compared(answer.runs), names, command=command)
    except NotUnderstood:
        return None


def points(text: str, names: Names | None = None, *, command: str = "/mlcompare") -> bool:
    """Whether words point at what an answer shows: `the first two`, `it`."""
    atoms = _atoms(text, names or Names(), command)
    some = Answered(Top(), ("0" * 32, "1" * 32), ("", ""), ("", ""))
    try:
        return bool(_pointed(atoms, some, text) or any(_says(each) in _THEM | _IT for each in atoms))
    except NotUnderstood:
        return True  # a place behind the last of these


def points_beyond(text: str, answer: Answered, names: Names | None = None, *, command: str = "/mlcompare") -> bool:
    """Whether words point at more than an answer shows: `the second` of one run, `them`."""
    atoms = _atoms(text, names or Names(), command)
    try:
        found = _pointed(atoms, answer, text)
    except NotUnderstood:
        return True
    return not found and _count(answer) < 2 and any(_says(each) in _THEM - {"this", "that", "their"} for each in atoms)


def follow_comparison(
    text: str, answer: Answered, names: Names | None = None, *, command: str = "/mlcompare"
) -> Interpretation | None:
    """As `follow`; a run of the comparison may be told by its place, too: `remove the second`.

    The request of the answer is a comparison of its runs.
    """
    known, previous = names or Names(), answer.request
    if not isinstance(previous, Compare):
        return None
    try:
        atoms = cover(scan(text, command), known, text)
        spots = _pointed(atoms, answer, text)
        if atoms and not spots and all(answer.places) and _is_watched(atoms):
            spots = _pronouns(atoms, answer)
        if not spots and _asks_why_of_a_side(atoms, answer):
            return Interpretation(replace(previous, why=True, text=text))
    except NotUnderstood:
        spots = []
    if not spots:
        return follow(text, previous, known, command=command)
    if _is_praise(atoms, spots):
        raise SmallTalk("That asks for nothing.", "Say what you want to see.", text=text)
    line = _replaced(text, spots, lambda spot: _ids(spot, answer))
    if not _OF_COMPARISON & {each.key for each in atoms}:
        with suppress(NotUnderstood):
            return _read_pointed(text, spots, answer, known, command)
    changed = follow(line, previous, known, command=command)
    return changed or _marked_reading(read(line, known, command=command), answer)


def _asks_why_of_a_side(atoms: Sequence[Atom], answer: Answered) -> bool:
    """`why is xgb-v2 the best?`, where it is one of those that are compared."""
    spoken_atoms = [each for each in atoms if not is_silent(each)]
    sides = [each for each in spoken_atoms if each.kinds.get(Kind.RUN) in answer.labels]
    rest = {each.key for each in spoken_atoms if each not in sides}
    return bool(sides) and "why" in rest and rest <= {"why", "best", "better", "worse", "worst"}


def at_answer(request: Request, answer: Answered) -> Request:
    """The request with the runs of the answer marked as not named now."""
    runs = getattr(request, "runs", None)
    if isinstance(request, Compare | Curves) and runs:
        return replace(request, runs=tuple(_marked(each, answer) for each in runs))
    if isinstance(request, Show):
        return replace(request, run=_marked(request.run, answer))
    return request


def _marked(run: Any, answer: Answered) -> Any:
    return replace(run, at=COMPARED) if isinstance(run, Named) and run.text in answer.runs else run


# What words point at
@dataclass(frozen=True, slots=True)
class _Spot:
    """A part of the text that means what an answer shows: which of it, by its place. At its end nothing is replaced."""

    at: int
    end: int
    which: tuple[int, ...]
    lead: str = ""  # what is put before
    behind: str = ""


def _says(atom: Atom) -> str:
    """The word, where it is no name and not quoted."""
    return "" if atom.quoted or Kind.RUN in atom.kinds else atom.spelling


def _count(answer: Answered) -> int:
    return len(answer.runs) or len(answer.experiments)


def _pointed(atoms: Sequence[Atom], answer: Answered, text: str) -> list[_Spot]:
    """What is pointed at by its place. Raises NotUnderstood for a place behind the last."""
    found: list[_Spot] = []
    place = 0
    while place < len(atoms):
        spot = _at_place(atoms, place, answer)
        if spot is None:
            place += 1
            continue
        last, which = spot
        start = place
        if any(each >= _count(answer) for each in which):
            raise _too_far(answer, atoms[start:last], text)
        found.append(_Spot(atoms[start].at, atoms[last - 1].end, which))
        place = last
    found += _last_of_all(atoms, answer) if found else _numbers(atoms, answer)
    return _with_others(atoms, found, answer)


def _too_far(answer: Answered, atoms: Sequence[Atom], text: str) -> NotUnderstood:
    count = _count(answer)
    what = "run" if answer.runs else "experiment"
    shows = f"{count} {what}{'' if count == 1 else 's'}" if count else "none"
    problem = f"The answer above shows {shows}."
    line = f"show {written(answer.labels[0])}" if answer.labels else "help"
    return replace(refuse(problem, "Name another." if count else "Name it.", line, atoms), text=text)


def _at_place(atoms: Sequence[Atom], place: int, answer: Answered) -> tuple[int, tuple[int, ...]] | None:
    """What begins here and where it ends: `the first two`, `the 2nd one`, `#2`, `the best one`."""
    at = place
    has_determiner = _says(atoms[at]) in _DETERMINERS
    if has_determiner or _says(atoms[at]) in ("of", "all"):
        at += has_determiner
    words = [_says(each) for each in atoms[at : at + 4]] + [""] * 4
    number = _number(atoms, at + 1)
    is_best = words[0] in ("top", "best") and answer.is_ranked and find_intent(atoms)[0] != "top"
    if number and (words[0] == "first" or is_best):
        last = _past_nouns(atoms, at + 2)
        if words[0] == "first" or not _goes_on(atoms, last):
            return last, tuple(range(number))
    if found := _NUMBERED.fullmatch(words[0]):
        return at + 1, (int(found[1]) - 1,)
    if words[0] in ("number", "no", "nr", "row") and (number := _number(atoms, at + 1)):
        return at + 2, (number - 1,)
    if words[0] in ("second best", "2nd best", "third best", "3rd best") and answer.is_ranked:
        return _past_nouns(atoms, at + 1), (1 if words[0][0] in "s2" else 2,)
    behind = _past_nouns(atoms, at + 1)
    is_noun = behind > at + 1
    if words[0] in _ORDINALS and (has_determiner or is_noun or _stands_for_run(atoms, at)):
        return behind, (_ORDINALS[words[0]],)
    if words[0] == "last" and has_determiner and is_noun and _count(answer) > 1:
        return behind, (_count(answer) - 1,)
    if words[0] in ("best", "winner", "worst") and answer.is_ranked and (has_determiner or is_noun):
        is_top = (words[0] != "worst") != bool(getattr(answer.request, "worst", False))
        if not _goes_on(atoms, behind) and _count(answer):
            return behind, (0 if is_top else _count(answer) - 1,)
    return None


def _number(atoms: Sequence[Atom], place: int) -> int:
    """A small number that stands here; 0 for none."""
    if place >= len(atoms) or atoms[place].quoted:
        return 0
    spelling = atoms[place].spelling
    number = NUMBERS.get(spelling) or (
        int(spelling) if spelling.isascii() and spelling.isdecimal() and len(spelling) < 3 else 0
    )
    return number if 0 < number <= MOST_COMPARED else 0


def _past_nouns(atoms: Sequence[Atom], place: int) -> int:
    """Behind `one`, `runs`, `of them`."""
    if place < len(atoms) and _says(atoms[place]) in _ONE | _SEVERAL:
        place += 1
    words = [_says(each) for each in atoms[place : place + 2]]
    return place + 2 if len(words) == 2 and words[0] == "of" and words[1] in _THEM else place


def _goes_on(atoms: Sequence[Atom], place: int) -> bool:
    """Whether a metric, a place or a filter follows: the best of something else is meant then."""
    behind = atoms[place] if place < len(atoms) else None
    return behind is not None and (bool(behind.metric) or behind.key in ("in", "of", "by", "number", "metrics"))


def _stands_for_run(atoms: Sequence[Atom], place: int) -> bool:
    """Whether a run has to stand here: `first vs third`, `compare first and second`."""
    before = atoms[place - 1].key if place else ""
    behind = atoms[place + 1].key if place + 1 < len(atoms) else ""
    return before in _SIDES or (not place and behind in ("vs", "against", "and", "with"))


def _numbers(atoms: Sequence[Atom], answer: Answered) -> Iterator[_Spot]:
    """`compare 1 and 3`, `1 vs 3`: nothing but numbers of the rows."""
    spoken_atoms = [each for each in atoms if not is_silent(each)]
    numbers = [each for each in spoken_atoms if each.key == "number" and not each.quoted and Kind.RUN not in each.kinds]
    is_sides = all(
        each in numbers or each.key in ("compare", "vs", "against", "and", "with", ",") for each in spoken_atoms
    )
    is_asked = any(each.key in ("compare", "vs", "against") for each in spoken_atoms)
    if len(numbers) > 1 and is_sides and is_asked:
        for each in numbers:
            number = int(each.value[:3] or "0")
            if not 0 < number <= _count(answer):
                raise _too_far(answer, [each], "")
            yield _Spot(each.at, each.end, (number - 1,))


def _last_of_all(atoms: Sequence[Atom], answer: Answered) -> Iterator[_Spot]:
    """`compare the first and the last`: the last that is shown, whatever is the newest."""
    for place, each in enumerate(atoms[1:], 1):
        if _says(each) == "last" and _says(atoms[place - 1]) == "the" and not _number(atoms, place + 1):
            end = _past_nouns(atoms, place + 1)
            yield _Spot(atoms[place - 1].at, atoms[end - 1].end, (_count(answer) - 1,))


def _is_praise(atoms: Sequence[Atom], spots: Sequence[_Spot]) -> bool:
    """`thanks, the first one looks great`: nothing is asked of what is pointed at."""
    others = [each for each in atoms if not any(spot.at <= each.at < spot.end for spot in spots)]
    are_silent = all(is_silent(each) or each.key in (",", "and") for each in others)
    return are_silent and any(each.spelling in TALK for each in others)


def _with_others(atoms: Sequence[Atom], found: list[_Spot], answer: Answered) -> list[_Spot]:
    """`the first with the others`: all that are not pointed at."""
    known = {place for spot in found for place in spot.which}
    rest = tuple(place for place in range(_count(answer)) if place not in known)
    for place, each in enumerate(atoms):
        if found and rest and _says(each) in _OTHERS:
            first = atoms[place - 1] if place and _says(atoms[place - 1]) in _DETERMINERS else each
            return sorted([*found, _Spot(first.at, each.end, rest)], key=lambda spot: spot.at)
    return found


def _pronouns(atoms: Sequence[Atom], answer: Answered) -> list[_Spot]:
    """`it`, `this one` where one run is shown, `them`, `both` where several are."""
    count, found = _count(answer), list[_Spot]()
    place = 0
    while place < len(atoms):
        spelling = _says(atoms[place])
        last = _past_nouns(atoms, place + 1)
        noun = _says(atoms[place + 1]) if last > place + 1 else ""
        at = atoms[place].at
        if atoms[place].role is Role.FILLER and spelling.endswith(" it"):  # `did it`
            spelling, at = "it", atoms[place].end - 2
        is_led = atoms[place].role is Role.FILLER and spelling.startswith("it ")  # `it is`
        spelling, end = ("it", at + 2) if is_led else (spelling, atoms[last - 1].end)
        is_watched = _is_watched(atoms)
        is_one = (spelling in _IT or (spelling == "the" and noun in ("run", "experiment"))) and noun not in _SEVERAL
        is_one = is_one and (noun != "experiment" or is_watched or not answer.runs)
        is_them = spelling in _THEM and noun not in _ONE
        if is_one and (count == 1 or (len(answer.places) == 1 and is_watched)):
            found.append(_Spot(at, end, (0,)))
        elif is_them and 1 < count <= MOST_COMPARED and (spelling != "both" or count == 2):
            found.append(_Spot(at, end, tuple(range(count))))
        else:
            last = place + 1
        place = last
    return found


def _is_watched(atoms: Sequence[Atom]) -> bool:
    return find_intent(atoms)[0] in ("watch", "unwatch", "watch_when")


def _unsaid(atoms: Sequence[Atom], answer: Answered) -> list[_Spot]:
    """The runs where none are named: `curves`, `compare`, `vs baseline`."""
    spoken_atoms = [each for each in atoms if not is_silent(each)]
    everything = tuple(range(_count(answer)))
    if not spoken_atoms or not answer.runs or len(everything) > MOST_COMPARED:
        return []
    is_named = any(each.is_run or each.role is Role.RUN or each.quoted or each.is_unknown for each in spoken_atoms)
    intent, _place = find_intent(atoms)
    if (
        intent in ("curves", "compare")
        and not is_named
        and not any(each.key in ("in", "of", "top") for each in spoken_atoms)
    ):
        if intent == "compare" and len(everything) < 2:
            return []
        end = atoms[-1].end
        return [_Spot(end, end, everything, " of " if intent == "curves" else " ")]
    if len(everything) != 1:
        return []
    first = spoken_atoms[0]
    if first.key in ("vs", "against"):
        return [_Spot(first.at, first.at, everything, behind=" ")]
    if first.key == "compare" and len(spoken_atoms) > 1 and spoken_atoms[1].key in ("with", "vs", "against", "than"):
        return [_Spot(first.end, first.end, everything, " ")]
    if first.key == "than" and first.spelling.startswith("compare"):  # `compare with baseline`
        return [_Spot(first.at, first.end, everything, behind=" vs ")]
    return []


def _why(
    atoms: Sequence[Atom], spots: Sequence[_Spot], answer: Answered, names: Names, command: str
) -> Interpretation | None:
    """`why?`, `why is the first better?`: what the best has that the next has not; of one run, what changed since."""
    if not answer.runs or not any(each.key == "why" for each in atoms):
        return None
    others = [each for each in atoms if not is_silent(each) and not any(s.at <= each.at < s.end for s in spots)]
    is_first = all(spot.which == (0,) for spot in spots)
    is_of_first = all(
        each.key in ("why", "better", "best") or each.kinds.get(Kind.RUN) == answer.labels[0] for each in others
    )
    if not (is_first and is_of_first):
        return None
    first = answer.runs[0]
    if len(answer.runs) == 1:
        text = f"what changed between previous of {first} and {first}"
    elif answer.is_ranked:
        text = f"what changed between {answer.runs[1]} and {first}"
    else:
        return None
    return _marked_reading(read(text, names, command=command), answer)


def _refuse_one_of_several(atoms: Sequence[Atom], answer: Answered, text: str, names: Names, command: str) -> None:
    """Raises NotUnderstood for `why did it fail?` below several runs."""
    if len(answer.runs) < 2:
        return
    one = Answered(answer.request, answer.runs[:1], answer.labels[:1], answer.experiments[:1])
    spots = _pronouns(atoms, one)
    if not spots:
        return
    try:
        reading = _read_pointed(text, spots, one, names, command)
    except NotUnderstood:
        return
    request: Any = reading.request if reading else None
    runs = [*getattr(request, "runs", ()), getattr(request, "run", None)]
    if any(isinstance(each, Named) and each.text == one.runs[0] for each in runs):
        raise NotUnderstood(
            f"The answer above shows {len(answer.runs)} runs: which one?",
            "Say the first, the second, or its name.",
            f"show {written(answer.labels[0])}",
            near=tuple(dict.fromkeys(answer.labels))[:MOST_NEAR],
            text=text,
            at=spots[0].at,
            end=spots[0].end,
        )


def _in_its_place(
    atoms: Sequence[Atom], answer: Answered, text: str, names: Names, command: str
) -> Interpretation | None:
    """`curves of the best one`, `and the worst?`: of the experiment that the answer is about."""
    place = getattr(answer.request, "experiment", "") or (answer.places[0] if len(answer.places) == 1 else "")
    spots = [number for number, each in enumerate(atoms) if each.key in ("best", "worst", "latest", "previous")]
    if not place or not spots or any(each.key in ("in", "of") and each.text != "of" for each in atoms):
        return None
    before = atoms[spots[0] - 1] if spots[0] else None
    is_meant = (before is not None and _says(before) in _DETERMINERS) or _past_nouns(atoms, spots[0] + 1) > spots[0] + 1
    reading = read(text, names, command=command) if is_meant else None
    request: Any = reading.request if reading else None
    user = getattr(getattr(answer.request, "among", None), "user", "")
    if not isinstance(request, Show | Compare | Curves | Pin) or request.experiment or reading is None:
        return None

    def narrowed(run: Any) -> Any:
        is_open = isinstance(run, Leading | Latest) and not run.user and not run.experiment
        return replace(run, user=user) if is_open and user else run

    metric = answer.request.metric if isinstance(answer.request, Top) else ""
    if metric and isinstance(request, Show) and isinstance(request.run, Leading) and not request.run.metric:
        request = replace(request, run=replace(request.run, metric=metric))
    runs = {"runs": tuple(map(narrowed, request.runs))} if hasattr(request, "runs") else {"run": narrowed(request.run)}
    return Interpretation(replace(request, experiment=place, **runs), reading.guesses)


def _ids(spot: _Spot, answer: Answered) -> str:
    return " and ".join(answer.runs[place] for place in spot.which)


def _replaced(text: str, spots: Sequence[_Spot], wording: Callable[[_Spot], str]) -> str:
    found, end = [], 0
    for spot in sorted(spots, key=lambda each: (each.at, each.end)):
        if spot.at < end:
            continue
        found += [text[end : spot.at], spot.lead, wording(spot), spot.behind]
        end = spot.end
    return "".join([*found, text[end:]]).strip()


def _read_pointed(
    text: str, spots: Sequence[_Spot], answer: Answered, names: Names, command: str
) -> Interpretation | None:
    """The request with what is meant in place of what points at it."""

    def experiments(spot: _Spot) -> str:
        return " and ".join(dict.fromkeys(quoted(answer.experiments[place]) for place in spot.which))

    atoms = cover(scan(text, command), names, text)
    is_place = not answer.runs or _is_watched(atoms)

    def meant(spot: _Spot) -> str:
        before = [each for each in atoms if each.end <= spot.at and not is_silent(each)]
        is_in = bool(before) and before[-1].key == "in"
        return experiments(spot) if is_place or is_in else _ids(spot, answer)

    line = _watched_run(atoms, spots, answer) or _replaced(text, spots, meant)
    return _marked_reading(read(line, names, command=command), answer)


def _watched_run(atoms: Sequence[Atom], spots: Sequence[_Spot], answer: Answered) -> str:
    """The watch of one run for `tell me when it is done`; "" where something else is said."""
    others = {each.key for each in atoms if not is_silent(each) and not any(s.at <= each.at < s.end for s in spots)}
    is_one = len(spots) == 1 and len(spots[0].which) == 1 and bool(answer.runs)
    if not is_one or "watch_when" not in others or others - {"watch_when", "finished", "failed"}:
        return ""
    place = spots[0].which[0]
    name, only = answer.labels[place], " only failures" if "failed" in others else ""
    if "'" in name or not name:
        return ""
    return f"watch {quoted(answer.experiments[place])}{only} where attributes.run_name = '{name}'"


MOST_NEAR = 5  # runs that are offered where one has to be named


def _marked_reading(reading: Interpretation, answer: Answered) -> Interpretation:
    request, before = at_answer(reading.request, answer), answer.request
    if isinstance(request, Compare) and isinstance(before, Top) and before.metric and not request.metrics:
        request = replace(request, metrics=(before.metric,), goal=request.goal or before.goal)
    return Interpretation(request, reading.guesses)


# What is changed of the question
def _question_again(atoms: list[Atom], answer: Answered, names: Names, text: str) -> Interpretation | None:
    """The question of before with what is said now; None where something else is asked."""
    before = answer.request
    own = _INTENTS.get(type(before), "")
    spoken_atoms = [each for each in atoms if not is_silent(each) and each.key != ","]
    if not own or not spoken_atoms:
        return None
    intent, place = find_intent(atoms)
    keys = {each.key for each in spoken_atoms}
    is_more = spoken_atoms[0].key in _GOING_ON or bool(keys & {"instead", "same"})
    if intent in STATUS and own in ("top", "runs") and "only" in keys:
        intent, place = own, -1  # `only failed`
    if intent not in (own, "", "instead", "same", "refresh", "replace"):
        return _in_same_place(atoms, answer, names, text) if is_more and intent in _INTENTS.values() else None
    draft = replace(new_draft(own, place, _with_places(atoms), names, text), about=True)
    try:
        read_words(draft, skipping=place if intent == own else -1)
    except NotUnderstood:
        return None
    is_own = intent == own or bool(keys & {"best", "worst"})
    if is_own and "experiment" in draft.spots and not is_more:
        return None  # a question of its own
    request: Any = _with_draft(before, draft, keys)
    return Interpretation(replace(request, text=text), tuple(draft.guesses)) if request else None


def _with_places(atoms: Sequence[Atom]) -> list[Atom]:
    """With `the same for` read as what introduces a place, or a person."""
    found = list(atoms)
    for place, (atom, behind) in enumerate(pairwise(atoms)):
        if atom.key == "same":
            is_place = behind.is_unknown or Kind.EXPERIMENT in behind.kinds
            found[place] = replace(atom, key="in" if is_place else "of", text="in" if is_place else "of")
    return found


def _with_draft(before: Request, draft: Draft, keys: set[str]) -> Request | None:
    thread = set(draft.thread)
    for key in ("instead", "same", "refresh", "replace"):
        draft.thread.pop(key, None)
    if "only_metrics" in draft.spots and isinstance(before, _LISTS):
        draft.spots["metrics"] = [*draft.spots.get("metrics", ()), *draft.spots.pop("only_metrics")]
    if isinstance(before, _LISTS) and draft.part == "details" and draft.spots.keys() == {"part"}:
        draft.spots, draft.part, thread = {}, "", {"refresh"}  # `who ran them?` stands there
    if isinstance(before, Top) and draft.spots.pop("best", []):  # `best instead`
        keys = {*keys, "best"}
    turned = isinstance(before, Top) and bool(keys & {"best", "worst"})
    if draft.left or draft.thread or draft.side_words():
        return None
    if not (draft.spots or draft.part or turned or "refresh" in thread):
        return None
    return _changed_slots(before, draft, keys)


def _changed_slots(before: Any, draft: Draft, keys: set[str]) -> Request | None:
    """The request with the slots that are said. Raises NotUnderstood for one that it cannot take."""
    if isinstance(before, Curves) and draft.spots.keys() - {"metrics", "goal"}:
        return None
    if isinstance(before, Show):
        return _shown_again(before, draft, keys)
    command = draft.commands[_INTENTS[type(before)]]
    for slot, atoms in draft.spots.items():
        if slot != "experiments" and not command.takes(slot):
            if slot in _OWN_SCOPE or draft.spots.keys() - {slot}:
                return None
            raise replace(draft.not_taken(_INTENTS[type(before)], slot, atoms), text=draft.text)
    if isinstance(before, Curves):
        return replace(before, metrics=tuple(draft.metrics) or before.metrics, goal=draft.goal or before.goal)
    if isinstance(before, Sweep):
        again = replace(before, metrics=tuple(draft.metrics) or before.metrics, goal=draft.goal or before.goal)
        return replace(again, experiment=draft.experiment, parent=None) if draft.experiment else again
    try:
        now = COMMANDS[_INTENTS[type(before)]].read(draft)
    except NotUnderstood:
        return None
    return _with_said(before, now, draft, keys) if type(now) is type(before) else None


def _with_said(before: Any, now: Any, draft: Draft, keys: set[str]) -> Request:
    """The fields that are said now, the others as they were."""
    values = {each.name: getattr(now, each.name) for each in fields(now) if _is_said(now, each)}
    changes = {name: value for name, value in values.items() if name not in ("text", "among", "count", "worst")}
    if isinstance(before, Top):
        changes |= {"count": now.count} if draft.count is not None else {}
        changes |= {"worst": "worst" in keys} if keys & {"best", "worst"} else {}
        changes |= {"metrics": now.metrics, "goal": now.goal} if draft.metrics else {}
    if "experiment" in draft.spots:
        changes["experiment"] = now.experiment
    return replace(before, **changes, among=_among(before.among, now.among, draft))  # type: ignore[no-any-return]


def _is_said(request: Any, field_: Any) -> bool:
    default = field_.default if field_.default is not MISSING else None
    return bool(getattr(request, field_.name) != default)


def _among(before: Among, now: Among, draft: Draft) -> Among:
    found = before
    if "user" in draft.spots:
        found = replace(found, user=now.user, others=now.others)
    if draft.spots.keys() & {"since", "until"}:
        found = replace(found, since=now.since, until=now.until)
    if "experiment" in draft.spots:
        found = replace(found, experiments=now.experiments)
    if "status" in draft.spots:
        found = replace(found, status=now.status)
    return replace(
        found,
        where=now.where or before.where,
        excluded=tuple(dict.fromkeys((*before.excluded, *now.excluded))),
        count=before.count if now.count is None else now.count,
        newest=before.newest if now.newest is None else now.newest,
    )


def _shown_again(before: Show, draft: Draft, keys: set[str]) -> Show | None:
    """Another part of the run that is shown; the best or the latest of another place, where that was asked for."""
    is_chosen = isinstance(before.run, Leading | Latest)
    spots = draft.spots.keys()
    if spots <= {"experiment", "user"} and spots and is_chosen:
        changed = before
        if "user" in spots and isinstance(before.run, Leading | Latest):
            changed = replace(changed, run=replace(before.run, user=draft.user))
        return replace(changed, experiment=draft.experiment) if "experiment" in spots else changed
    if spots == {"metrics"} and isinstance(before.run, Leading) and keys & {"by", "instead"}:
        return replace(before, run=replace(before.run, metric=draft.metrics[0]), metrics=tuple(draft.metrics[1:]))
    if spots - {"metrics", "part", "step"}:
        return None
    return replace(
        before,
        who=False,
        part=draft.part,
        metrics=tuple(draft.metrics) or before.metrics,
        at_step=draft.step if draft.step is not None else before.at_step,
    )


def _in_same_place(atoms: list[Atom], answer: Answered, names: Names, text: str) -> Interpretation | None:
    """`and what failed?`: another question about the place, the person and the time of the answer."""
    intent, place = find_intent(atoms)
    draft = replace(new_draft(intent, place, atoms, names, text), about=True)
    try:
        read_words(draft, skipping=place)
        for key in ("instead", "same"):
            draft.thread.pop(key, None)
        request: Any = COMMANDS[intent].read(draft)
    except NotUnderstood:
        return None
    if not isinstance(request, _LISTS):
        return None
    before = answer.request
    among: Among = getattr(before, "among", Among())
    if not draft.spots.keys() & {"experiment", "experiments"}:
        own = getattr(before, "experiment", "") or (answer.places[0] if len(answer.places) == 1 else "")
        request = replace(request, experiment=own, among=replace(request.among, experiments=among.experiments))
    if "user" not in draft.spots and among.user:
        request = replace(request, among=replace(request.among, user=among.user, others=among.others))
    since = getattr(before, "since", "") or among.since
    if since and isinstance(request, Failed | Standup) and not draft.spots.keys() & {"since", "until"}:
        request = replace(request, since=since)
    return Interpretation(replace(request, text=text), tuple(draft.guesses))


def shown_request(request: Request, runs: Sequence[str]) -> Request:
    """What to keep of a request with its answer: one run that was named is told by its id."""
    if isinstance(request, Show) and len(runs) == 1 and isinstance(request.run, Named | Linked):
        return replace(request, run=Named(runs[0]), experiment="")
    return request
