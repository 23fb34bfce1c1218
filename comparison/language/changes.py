"""What is said about a comparison that stands already: `swap`, `and the params?`, `add latest`, `at step 10`."""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

from collections.abc import Callable, Sequence
from dataclasses import replace

from comparison.errors import NotUnderstood
from comparison.language.atoms import Atom, cover, is_silent
from comparison.language.draft import Draft, LeftOver, refuse
from comparison.language.intents import find_intent
from comparison.language.lexicon import TALK, one_of
from comparison.language.names import Kind, Names
from comparison.language.parser import Interpretation, new_draft, read_words
from comparison.language.quoting import quoted
from comparison.language.run_names import runs_of
from comparison.language.tokens import scan
from comparison.request import Compare, Curves
from comparison.run_reference import Group, Latest, Linked, Named, RunReference

MOST_COMPARED = 20  # what a table can hold beside its first column
COMPARED = -1  # the spot of a run that was not named now
_OWN = one_of(
    "watch watch_when unwatch digest watches top failed standup runs experiments settings set unset goal pin unpin "
    "help dont pause make"
)
_WINNERS = frozenset({"best", "better"})
_LEADS = frozenset({"and", "with", "of", "add", "filler", "except", "compare"})
_ABOUT = one_of(
    "swap add refresh choose instead same replace why everything best_values last_values differing fewer parameters "
    "tags datasets details against"
)
_SLOTS = one_of(
    "metrics only_metrics without_metrics without_parameters step goal tolerance by_change best everything why "
    "differing part excluded"
)


def compared(run_ids: Sequence[str]) -> Compare:
    """The comparison of these runs, told by full ids, baseline first."""
    return Compare(tuple(Named(run_id, COMPARED) for run_id in run_ids))


def follow(
    text: str, previous: Compare, names: Names | None = None, *, command: str = "/mlcompare"
) -> Interpretation | None:
    """The comparison that is meant by words said about `previous`; None where they are a request of their own, or none.

    Raises NotUnderstood where it is clear that the comparison is meant, and not how.
    """
    known = names or Names()
    try:
        tokens = scan(text, command)
        atoms = cover(tokens, known, text)
    except NotUnderstood:
        return None
    intent, place = find_intent(atoms) if atoms else ("", -1)
    if intent == "curves":
        return _curves(atoms, place, known, text, previous)
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
        changed = _changed(draft, previous)
    except LeftOver:
        return None
    except NotUnderstood as error:
        raise error if error.text else replace(error, text=text[:2_000]) from None
    return Interpretation(replace(changed, text=text), tuple(draft.guesses)) if changed else None


def _names_place(atoms: Sequence[Atom]) -> bool:
    return any(each.kinds.keys() & {Kind.EXPERIMENT, Kind.METRIC} for each in atoms)


def _curves(atoms: list[Atom], place: int, names: Names, text: str, previous: Compare) -> Interpretation | None:
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
    try:
        atoms = cover(scan(text, command), names or Names(), text)
    except NotUnderstood:
        return False
    is_named = any(each.is_run or Kind.EXPERIMENT in each.kinds for each in atoms)
    return any(each.key in _ABOUT for each in atoms) and (not is_named or "add" in {each.key for each in atoms})


# What a press of a button changes


Change = Callable[[Compare], Compare]


def swapped(previous: Compare) -> Compare:
    """The first candidate is the baseline; of two runs the sides change places."""
    first, second, *rest = previous.runs
    return replace(previous, runs=(second, first, *rest))


def all_shown(previous: Compare) -> Compare:
    return replace(previous, everything=True, differing=False)


def fewer_shown(previous: Compare) -> Compare:
    return replace(previous, everything=False, differing=False)


def only_differing(previous: Compare) -> Compare:
    return replace(previous, everything=False, differing=True)


def best_read(previous: Compare) -> Compare:
    return replace(previous, best=True, at_step=None)


def last_read(previous: Compare) -> Compare:
    return replace(previous, best=False, at_step=None)


def why_asked(previous: Compare) -> Compare:
    return replace(previous, why=True)


def all_repeats(previous: Compare) -> Compare:
    """Every run with all that repeat it, a side each, in place of single runs."""
    groups = tuple(Group(name=each.text) if isinstance(each, Named) else each for each in previous.runs)
    return replace(previous, runs=groups)


def refreshed(previous: Compare) -> Compare:
    return previous


def report_part(part: str) -> Change:
    """One part of the answer by itself, with what is the same in it."""
    return lambda previous: replace(previous, part=part)


def _is_own(intent: str, atoms: Sequence[Atom]) -> bool:
    """Whether this is a request of its own."""
    runs = [
        each for each in atoms if each.is_run or each.quoted or each.key in ("latest", "previous", "alias", "baseline")
    ]
    keys = [each.key for each in atoms if not is_silent(each)]
    is_about = keys[:1] in (["add"], ["against"], ["vs"], ["and"], ["remove"])
    is_about = is_about or bool({"add", "replace", "same", "instead"} & set(keys))
    if intent == "standup" and atoms[-1].text.casefold() in ("any news", "news"):
        return False
    if [each.text.casefold() for each in atoms if not is_silent(each)] == ["last"]:
        return False
    if intent in _OWN and not (intent == "runs" and keys[:1] == ["all"] and "run" not in {each.key for each in atoms}):
        return True
    if intent == "compare":
        return len(runs) > 1 and not is_about
    if intent == "running":
        return not {each.text.casefold() for each in atoms} & {"it", "they"}
    if intent in ("show", "who", "status"):
        return bool(runs)
    if intent == "cannot":
        return atoms[0].text.casefold() not in ("remove", "drop") or not (
            runs or any(each.is_unknown for each in atoms)
        )
    return not is_about and bool(runs) and atoms[0].key not in _LEADS and not any(each.key == "of" for each in atoms)


def _changed(draft: Draft, previous: Compare) -> Compare | None:
    thread, flags = draft.thread, draft.flags
    material = [each for group in draft.groups for each in group if not is_silent(each)]
    if [each.key for each in material] in (["best"], ["latest"]) and not draft.spots.keys() - {"metrics"}:
        is_last = material[0].key == "latest" and material[0].text.casefold() == "last"
        is_run = draft.hard or draft.baseline is not None
        if is_run or (material[0].key == "latest" and not is_last):
            changed = _with_runs(draft, previous)
            return changed and _with_slots(changed, draft)
        flags.add("best" if not is_last else "last")
        draft.groups = [[]]
        material = []
    if draft.atoms[0].text.casefold() == "details" and not material:
        draft.part = draft.part or "details"
    silent = (
        {"show", "better", "worse", "standup"}
        | ({"set"} if "replace" in thread else set())
        | ({"refresh"} if "refresh" in thread else set())
    )
    left = [each for each in draft.left if each.key not in silent and each.text.casefold() != "remove"]
    if left and "remove" not in thread:
        return None
    keys = {each.key for each in draft.atoms}
    says_better = bool(keys & {"better", "worse"}) and not any(e.text.casefold() in TALK for e in draft.atoms)
    if not (
        material
        or thread
        or says_better
        or flags
        or draft.part
        or draft.spots.keys() & _SLOTS
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
    return draft.atoms[0].key in _LEADS or "add" in draft.thread


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
    if stands.text.casefold() == "instead of" and stands is not _first_word(draft):  # `xgb-v3 instead of xgb-v1`
        gone, new = new, gone
    if len(runs) != len({gone, new}) or not isinstance(gone, Named | Linked | Latest):
        raise refuse("Which run takes which place?", "Name both.", "add latest", draft.atoms[:1])
    return replace(previous, runs=(*previous.runs, new), excluded=(*previous.excluded, gone))
