"""Comparisons, curves of runs, and sweeps; and what a press of a button makes of a comparison."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

from comparison.errors import NotUnderstood
from comparison.language.atoms import is_material
from comparison.language.draft import COMPARISON, SLOTS, Command, Draft, Example, refuse
from comparison.language.intents import is_trend
from comparison.language.lexicon import PLURAL
from comparison.language.names import Kind
from comparison.language.quoting import (
    among_words,
    joined,
    listed,
    part_words,
    quoted,
    reference,
    step_words,
    within,
    written,
)
from comparison.language.run_names import no_run, runs_of
from comparison.request import Compare, Curves, Request, Sweep
from comparison.run_reference import (
    AllRuns,
    Among,
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
)

MOST_RUNS = 50


def compare(draft: Draft) -> Request:
    if sum(map(len, draft.experiments.values())) > 1 and not any(map(is_material, draft.atoms)):
        raise no_run(draft, draft.spots["experiment"][0], Kind.EXPERIMENT)
    runs = _implied(draft, runs_of(draft))
    for key in ("remove", "choose", *(() if draft.about else ("last_values",))):
        draft.thread.pop(key, None)
    draft.check("compare", is_silent_on_runs=False)
    if len(runs) == 1 and isinstance(runs[0], Named):
        runs = [_family(draft, runs[0])]
    if len(runs) == 1 and isinstance(runs[0], Group) and not set("'") & set(runs[0].pattern + runs[0].name):
        pattern = runs[0].pattern or (f"{runs[0].name}*" if runs[0].name else "")
        like = pattern.replace("%", "_").replace("*", "%").replace("?", "_")  # `compare mlp-*`: all that fit
        runs = [AllRuns(Among(where=f"attributes.run_name LIKE '{like}'"), runs[0].at)] if like else runs
    if len(runs) == 1 and isinstance(runs[0], Latest | Leading) and draft.several:  # `compare latest in A and B`
        runs = [replace(runs[0], experiment=name) for name in draft.several]
        draft.experiments = {}
        draft.spots.pop("experiments")
    _check_days(draft, runs)
    runs = narrowed(draft, runs)
    several = (TopRuns, AllRuns, SweepRuns)
    if len(runs) < 2 and not (runs and isinstance(runs[0], several)):
        raise too_few(draft, runs)
    if len(runs) > MOST_RUNS:
        problem = f"That names {len(runs)} runs; I compare up to {MOST_RUNS} at once."
        raise NotUnderstood(problem, remedy="Name fewer.", example=draft.comparison_line(), at=runs[MOST_RUNS].at)
    return comparison_of(draft, runs)


def _asks_for_better(draft: Draft) -> bool:
    """`is any run better than A?`, `how far behind is A?`: A against the best."""
    keys = [each.key for each in draft.atoms]
    spellings = [each.spelling for each in draft.atoms[: keys.index("than")]] if "than" in keys else []
    is_behind = any(each.spelling == "behind" for each in draft.atoms)
    return is_behind or bool({"any", "anything", "anyone", "which", "what", "something"} & set(spellings))


def _implied(draft: Draft, runs: list[RunReference]) -> list[RunReference]:
    """The runs with those that are meant and not named."""
    if not runs and not draft.left and _says_several(draft):
        runs = [AllRuns()]
    named = [each for each in draft.atoms if Kind.RUN in each.kinds and each.role is None]
    if is_trend(draft.atoms) and all(Kind.EXPERIMENT in each.kinds for each in named) and len(runs) == len(named) < 2:
        for each in named:
            draft.put_in(each.kinds[Kind.EXPERIMENT], [each])
        runs = [Latest(1), Latest()]  # `is fraud getting worse?`
    if len(runs) == 1 and isinstance(runs[0], Named) and _asks_for_better(draft):
        draft.flags.discard("everything")
        runs = [runs[0], Leading()]  # `is anything better than A?`
    return runs


def _check_days(draft: Draft, runs: Sequence[RunReference]) -> None:
    """Raises NotUnderstood for `today's runs vs yesterday's`: a day is no group."""
    days = [run.among.since for run in runs if isinstance(run, AllRuns) and run.among.since == run.among.until]
    others = [run.day for run in runs if isinstance(run, OfDay)]
    if any(days) and (others or len(days) > 1):
        line = joined(f"{days[0]}'s best vs {[*days[1:], *others][0]}'s best", within(draft.experiment))
        problem = "I compare groups by what their names share, not by days."
        raise refuse(problem, "Compare the best of each day:", line, draft.atoms)


def _says_several(draft: Draft) -> bool:
    """`runs from yesterday`, `nightly runs`: no run is named, and which are meant is."""
    return bool(draft.spots.keys() & {"since", "experiment", "user", "where"}) and any(
        each.key == "run" and each.spelling in PLURAL for each in draft.atoms
    )


def comparison_of(draft: Draft, runs: Sequence[RunReference]) -> Compare:
    left_out = tuple(Named(each.name) for each in draft.excluded if each.kind == "run")
    for each in left_out:
        if any(isinstance(run, Named) and run.text == each.text for run in runs):
            raise refuse(
                f"{each.text} is named and left out.",
                "Say which is meant.",
                draft.comparison_line(),
                draft.spots["excluded"],
            )
    if both := next((name for name in draft.metrics if name in draft.without_metrics), ""):
        atoms = draft.spots["without_metrics"]
        raise refuse(f"{both} is named and left out.", "Say which is meant.", draft.comparison_line(), atoms)
    return Compare(
        tuple(_related(draft, runs)),
        draft.experiment,
        tuple(draft.metrics),
        everything="everything" in draft.flags,
        best="best" in draft.flags,
        at_step=draft.step,
        why="why" in draft.flags,
        differing="differing" in draft.flags,
        part=draft.part,
        text=draft.text,
        only_metrics="only_metrics" in draft.spots,
        without_metrics=tuple(draft.without_metrics),
        without_parameters=tuple(draft.without_parameters),
        goal=draft.goal,
        tolerance=draft.tolerance,
        margin=draft.margin,
        by_change="by_change" in draft.flags,
        excluded=left_out,
    )


def _related(draft: Draft, runs: Sequence[RunReference]) -> list[RunReference]:
    """The runs, with those that others tell of: all that repeat them, names of several, the one before another."""
    found = [_family(draft, run) if isinstance(run, Named) else run for run in runs]
    once = list(dict.fromkeys(found))
    found = once if len(once) > 1 else found  # `A B A`: nothing is compared with itself
    if len(found) != 2:
        return found
    plain = next((run for run in found if run == Latest(1)), None)
    named = next((run for run in found if isinstance(run, Named | Linked)), None)
    return [replace(plain, before=named), named] if plain and named else found  # what was before is the baseline


def _family(draft: Draft, run: Named) -> RunReference:
    """`mlp-64`, where no run is called so and its seeds are; `xgb runs`; any run where all its repeats are meant."""
    folded = run.text.casefold()
    if "repeats" in draft.flags:
        return Group(name=draft.repeated(run.text) or run.text, at=run.at)
    if Kind.RUN in draft.names.called(run.text) or draft.names.is_id(run.text) or "/" in folded:
        return run
    lead, _, noun = folded.rpartition(" ")
    if noun in ("seeds", "repeats") and (base := draft.repeated(lead)):
        return Group(name=base, at=run.at)
    if noun in PLURAL and draft.prefix(lead):
        return Group(pattern=f"{draft.prefix(lead)}*", at=run.at)
    prefix = draft.prefix(folded) if folded.endswith("s") else ""
    if any(not name[len(prefix) : len(prefix) + 1].isalpha() for name in draft.names.runs_beginning(prefix) if prefix):
        return Group(pattern=f"{prefix}*", at=run.at)  # `resnets`
    base = draft.repeated(folded)
    return Group(name=base, at=run.at) if base else run


def narrowed(draft: Draft, runs: Sequence[RunReference]) -> list[RunReference]:
    """With the person, the time and what is left out put to the runs that are meant together."""
    among = replace(draft.among(), excluded=tuple(each for each in draft.excluded if each.kind != "run"))
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
    if not taken and "experiments" in draft.spots:
        raise draft.second_experiment(draft.spots["experiments"])
    if not taken:
        slot = narrow[0]
        atoms = draft.spots.get(slot) or draft.atoms
        problem = f"{draft.shown(atoms)} says nothing of runs that are named one by one."
        raise refuse(problem, "Leave it out, or say all runs.", draft.comparison_line(), atoms)
    return found


def curves(draft: Draft) -> Request:
    runs = runs_of(draft)
    for key in ("choose", "last_values"):
        draft.thread.pop(key, None)
    draft.spots.pop("best", None)  # `best step of A`: the curves tell it
    draft.check("curves", is_silent_on_runs=False)
    if not runs:
        raise refuse("Curves of which run?", "Name one, or say latest.", draft.example("curves"), draft.atoms[:1])
    if len(runs) > MOST_RUNS:
        problem = f"That names {len(runs)} runs; I draw up to {MOST_RUNS}."
        raise refuse(problem, "Name fewer.", draft.example_line(), draft.atoms[:1])
    return Curves(tuple(narrowed(draft, runs)), draft.experiment, tuple(draft.metrics), draft.goal, draft.text)


def sweep(draft: Draft) -> Request:
    runs = runs_of(draft)
    draft.check("sweeps", is_silent_on_runs=False)
    if len(runs) > 1 or not all(isinstance(run, SweepRuns | Named | Linked) for run in runs):
        raise refuse(
            "One sweep at a time.", "Name its parent run, or an experiment.", draft.example("sweeps"), draft.atoms[:1]
        )
    named = next(iter(runs), None)
    parent = named.parent if isinstance(named, SweepRuns) else named
    return Sweep(parent, draft.experiment, tuple(draft.metrics), draft.goal, draft.text)  # type: ignore[arg-type]


def too_few(draft: Draft, runs: Sequence[RunReference]) -> NotUnderstood:
    only = runs[0].text if runs and isinstance(runs[0], Named) else ""
    is_known = Kind.RUN in draft.names.called(only) or draft.names.is_id(only)
    others = [name for name in draft.names.all(Kind.RUN) if name != only and name.isascii() and " " not in name]
    homes = draft.names.homes
    beside = (name for name in others if only in homes and homes.get(name) == homes[only])
    other = next(beside, next(iter(others), "latest"))
    line = f"{written(only)} vs {other}" if only and is_known else draft.comparison_line()
    if runs and isinstance(runs[0], Pinned | Registered | Leading):  # `compare with production`
        only = reference(runs[0])
        line = f"{only} vs @latest"
    return NotUnderstood(
        f"That names only one run: {only}." if only else "Which runs?",
        remedy="A comparison takes two runs or more, the baseline first.",
        example=line,
        at=len(draft.text.rstrip()),
    )


def compare_named(draft: Draft, runs: list[RunReference]) -> Request:
    draft.intent = "compare"
    draft.check("compare", is_silent_on_runs=False)
    return comparison_of(draft, narrowed(draft, runs))


# Written back
def _comparison_line(request: Compare) -> str:
    groups = [reference(run) for run in request.runs]
    runs = " vs ".join(groups)
    metrics = listed("only metrics" if request.only_metrics else "by metric", request.metrics)
    several = [run for run in request.runs if isinstance(run, AllRuns | TopRuns)]
    among = next((run.among for run in several if not _is_of_day(run)), Among())
    among = replace(among, status="", user="")  # said with the runs
    tolerance = "" if request.tolerance is None else f"within {request.tolerance * 100:.12g} %"
    margin = "" if request.margin is None else f"within {request.margin!r}"
    return joined(
        "compare",
        runs,
        within(request.experiment),
        metrics,
        listed("except metrics", request.without_metrics),
        *(f"except parameter {quoted(name)}" for name in request.without_parameters),
        *(among_words(among)),
        *(f"except {quoted(run.text)}" for run in request.excluded if isinstance(run, Named)),
        "best values" if request.best else "",
        step_words(request.at_step),
        "all metrics" if request.everything else "",
        "only differences" if request.differing else "",
        "what changed" if request.why else "",
        part_words(request.part),
        f"{request.goal} is better" if request.goal else "",
        tolerance,
        margin,
        "sorted by change" if request.by_change else "",
    )


def _is_of_day(run: RunReference) -> bool:
    """`yesterday's best`: its time is said with it."""
    return isinstance(run, TopRuns) and run.count == 1 and run.among.since == run.among.until != ""


def _curves_line(request: Curves) -> str:
    goal = f"{request.goal} is better" if request.goal else ""
    runs = " vs ".join(map(reference, request.runs))
    among = next((replace(run.among, status="", user="") for run in request.runs if isinstance(run, AllRuns)), Among())
    metrics = listed("by metric", request.metrics)
    return joined("curves", runs, metrics, within(request.experiment), *among_words(among), goal)


def _sweep_line(request: Sweep) -> str:
    goal = f"{request.goal} is better" if request.goal else ""
    lead = f"sweep {reference(request.parent)}" if request.parent else "what matters"
    return joined(lead, within(request.experiment), listed("by metric", request.metrics), goal)


# What a press of a button makes of a comparison


MOST_COMPARED = 20  # what a table can hold beside its first column
COMPARED = -1  # the spot of a run that was not named now


def compared(run_ids: Sequence[str]) -> Compare:
    """The comparison of these runs, told by full ids, baseline first."""
    return Compare(tuple(Named(run_id, COMPARED) for run_id in run_ids))


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


COMMANDS = {
    "compare": Command(compare, "compare runs", " ".join(SLOTS), COMPARISON, ((Compare, _comparison_line),)),
    "curves": Command(
        curves,
        "draw curves of runs",
        "experiment user metrics goal part where since until excluded",
        Example("curves {run} vs {other}", "curves latest vs previous"),
        ((Curves, _curves_line),),
    ),
    "sweeps": Command(
        sweep,
        "say what matters in a sweep",
        "experiment metrics goal part",
        Example("what matters in {experiment}", "sweep latest"),
        ((Sweep, _sweep_line),),
    ),
}
