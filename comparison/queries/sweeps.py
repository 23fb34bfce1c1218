"""Sweeps: which runs are the trials of one search, by what they are judged, and what was found."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import ExperimentNotFound, RequestError, RunNotFound
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import choose_primary
from comparison.judgement.result import GoalSource
from comparison.language.quoting import quoted
from comparison.request import Sweep
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import ID_PREFIX, ChosenRuns, Place, find_experiment, find_place, logged_names
from comparison.run_reference import Named
from comparison.runs import GOING_ON, STUDY_TAG, Experiment, Goal, Run, Status
from comparison.sweeps import Findings, Front, Range, Trial, pareto, stated_ranges, sweep_findings, varying
from comparison.tracking.source import RunSource, is_child_of

MOST_TRIALS = 5_000
FEWEST = 3  # trials that make a sweep
TOGETHER_MS = 24 * 3_600_000  # runs of one commit that began so soon after each other may be one search
_SEARCHES = re.compile(r"(Grid|Randomized|HalvingGrid|HalvingRandom)SearchCV|Bayes\w*SearchCV", re.IGNORECASE)
_COUNTERS = re.compile(
    r"trial_id|trial_number|training_iteration|iterations_since_restore|time_\w+|timestamp|step|epochs?|"
    r"best_\w+|rank|mean_fit_time|mean_score_time|std_\w+|system/.*",
    re.IGNORECASE,
)
_DIRECTIONS = {"MINIMIZE": Goal.LOWER, "MAXIMIZE": Goal.HIGHER, "1": Goal.LOWER, "2": Goal.HIGHER}


class SweepKind(StrEnum):
    """How the trials are known to belong together."""

    NESTED = "nested"
    OPTUNA = "optuna"
    RAY = "ray"
    SELECTED = "selected"  # scikit-learn's search, which logs the best few alone
    LOOSE = "loose"  # nothing says so: one commit, few parameters that differ


@dataclass(frozen=True, slots=True)
class SweepAnswer:
    """`runs` are all trials, `by_key` those that count. `findings` is None where no trial has a value."""

    kind: SweepKind
    name: str
    parent: Run | None
    runs: tuple[Run, ...]
    metrics: tuple[str, ...]
    goals: tuple[Goal, ...]
    goal_sources: tuple[GoalSource, ...]
    findings: Findings | None
    now: datetime
    front: Front | None = None
    counts: Mapping[Status, int] | None = None
    is_cut: bool = False
    is_stated: bool = False  # the search itself says which way is better

    @property
    def by_key(self) -> Mapping[str, Run]:
        return {run.run_id: run for run in self.runs}


@dataclass
class LooseTrials(RequestError):  # noqa: N818 -- a question, not a fault
    """Runs that may be one sweep, though nothing says so: of one commit, of one day, few parameters differ."""

    runs: tuple[Run, ...] = ()
    parameters: tuple[str, ...] = ()  # that differ

    @property
    def experiment(self) -> Experiment:
        return self.runs[0].experiment

    @property
    def commit(self) -> str:
        """Empty where the runs tell none."""
        return self.runs[0].commit


def ask_sweep(  # noqa: PLR0913 -- all but the request and the source are given by name
    request: Sweep,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults | None = None,
    several: ChosenRuns = ChosenRuns.NEWEST,
    takes_loose: bool = False,
) -> SweepAnswer:
    """The sweep that is meant, in at most three questions to MLflow. Raises what finding raises.

    Raises LooseTrials where runs only look like one, unless somebody said that they are (`takes_loose`).
    """
    agreed = defaults or ChannelDefaults()
    parent, place = _place(request, source, agreed, several)
    if parent is not None:
        home = (parent.experiment.experiment_id,)
        found = source.search(is_child_of(parent.run_id), experiment_ids=home, limit=MOST_TRIALS)
        if not found:
            raise RunNotFound(
                f"{parent.name} has no child runs: it is no sweep.",
                "Name the parent run of a sweep, or an experiment.",
                f"show {parent.run_id[:ID_PREFIX]}",
                text=request.text,
            )
        return _answer(request, found, parent, agreed, now)
    newest = source.search("", experiment_ids=place.ids, limit=MOST_TRIALS)
    runs, parent = _trials(newest)
    if len(runs) < FEWEST:
        where = f" in {place.experiments[0].name}" if place.experiments else ""
        line = f"list runs in {quoted(place.experiments[0].name)}" if place.experiments else "list runs"
        raise RunNotFound(f"I find no sweep{where}.", "Name its parent run.", line, text=request.text)
    if not takes_loose and _kind(runs, parent) is SweepKind.LOOSE:
        raise _loose_trials(runs, request.text)
    return _answer(request, runs, parent, agreed, now)


def sweep_of(
    runs: Sequence[Run], parent: Run | None, *, now: datetime, defaults: ChannelDefaults | None = None
) -> SweepAnswer:
    """The same of trials that are at hand, with no question to MLflow."""
    return _answer(Sweep(), runs, parent, defaults or ChannelDefaults(), now)


def _place(
    request: Sweep, source: RunSource, defaults: ChannelDefaults, several: ChosenRuns
) -> tuple[Run | None, Place]:
    """The parent that is named, else the experiment."""
    named = request.parent
    if isinstance(named, Named) and named.text.casefold() in ("latest", "newest", "last", "the latest"):
        named = None
    if named is None:
        try:
            return None, find_place(request.experiment, source, defaults, text=request.text)
        except ExperimentNotFound as error:
            parent = _run(Named(request.experiment), "", source, request.text, several)
            if parent is None:
                raise error from None
            return parent, Place()
    parent = _run(named, request.experiment, source, request.text, several, is_quiet=isinstance(named, Named))
    if parent is not None:
        return parent, Place()
    assert isinstance(named, Named)  # noqa: S101 -- a link that leads nowhere was raised
    try:
        return None, Place((find_experiment(named.text, source, text=request.text),))
    except ExperimentNotFound as error:
        raise replace(error, problem=f"There is no run and no experiment called {named.text}.") from None


def _run(  # noqa: PLR0913 -- as runs are looked for
    named: object, experiment: str, source: RunSource, text: str, several: ChosenRuns, *, is_quiet: bool = True
) -> Run | None:
    try:
        (side,) = find_runs([named], source, experiment=experiment, text=text, several=several)  # type: ignore[list-item]
    except RunNotFound:
        if is_quiet:
            return None
        raise
    return side.runs[0]


def _trials(newest: Sequence[Run]) -> tuple[list[Run], Run | None]:
    """The sweep that began last among these runs, and its parent where it has one among them."""
    known = {run.run_id: run for run in newest}
    families: dict[str, list[Run]] = {}
    for run in newest:  # the newest first
        if run.parent_id:
            families.setdefault(run.parent_id, []).append(run)
    for parent_id, children in families.items():
        if len(children) >= FEWEST:
            return children, known.get(parent_id)
    for is_one in (_is_optuna, _is_ray):
        tagged = [run for run in newest if is_one(run)]
        if len(tagged) >= FEWEST:
            return tagged, None
    return _loose(newest), None


def is_trial(run: Run) -> bool:
    """Whether the run itself says that a search made it."""
    return bool(run.parent_id) or _is_optuna(run) or _is_ray(run)


def _is_optuna(run: Run) -> bool:
    return {"number", "datetime_start"} <= run.tags.keys() or "param_directions" in run.tags


def _is_ray(run: Run) -> bool:
    return "trial_name" in run.tags


def _loose(newest: Sequence[Run]) -> list[Run]:
    """Runs of the commit that most have, begun within a day of the newest of them, that differ in 1 to 8 parameters."""
    commits = Counter(run.commit for run in newest if run.parameters)
    if not commits:
        return []
    commit = commits.most_common(1)[0][0]
    found = [run for run in newest if run.commit == commit and run.parameters]
    begun = max((run.started_at or 0 for run in found), default=0)
    found = [run for run in found if begun - (run.started_at or 0) <= TOGETHER_MS]
    count = len(varying([Trial(run.run_id, 0, (0.0,), run.parameters) for run in found]))
    return found if 1 <= count <= 8 else []


def _loose_trials(runs: Sequence[Run], text: str) -> LooseTrials:
    differing = tuple(each.name for each in varying([Trial(run.run_id, 0, (0.0,), run.parameters) for run in runs]))
    home, commit = runs[0].experiment, runs[0].commit
    return LooseTrials(
        f"Nothing says that these {len(runs):,} runs of {home.name} are one sweep: {_alike(commit)}, are of one "
        f"day, and differ in {', '.join(differing)}.",
        "If they are, say --loose.",
        f"sweep {quoted(home.name)} --loose",
        text=text,
        runs=tuple(runs),
        parameters=differing,
    )


def _alike(commit: str) -> str:
    return f"they are of commit {commit[:8]}" if commit else "they tell no commit"


def _kind(runs: Sequence[Run], parent: Run | None) -> SweepKind:
    if parent is not None and any(_SEARCHES.search(str(each)) for each in (*parent.tags.values(), parent.name)):
        return SweepKind.SELECTED
    if any(map(_is_optuna, runs)) or (parent is not None and STUDY_TAG in parent.tags):
        return SweepKind.OPTUNA
    if any(map(_is_ray, runs)):
        return SweepKind.RAY
    return SweepKind.NESTED if any(run.parent_id for run in runs) else SweepKind.LOOSE


def _answer(
    request: Sweep, runs: Sequence[Run], parent: Run | None, defaults: ChannelDefaults, now: datetime
) -> SweepAnswer:
    is_cut = len(runs) >= MOST_TRIALS
    metrics = _metrics(request, runs, defaults)
    directions = _directions(runs, parent)
    experiments = [runs[0].experiment]
    goals, sources = [], []
    for place, name in enumerate(metrics):
        stated = {name: Goal(request.goal)} if request.goal in ("higher", "lower") else {}
        goal, goal_source = decide_goal(name, stated, defaults.goals, experiments)
        is_own = place < len(directions) and (
            re.fullmatch(r"values?(_\d+)?|objective", name) is not None or not request.metrics
        )
        if goal_source in (GoalSource.NAME, GoalSource.NONE) and is_own:
            goal, goal_source = directions[place], GoalSource.EXPERIMENT
        goals.append(goal)
        sources.append(goal_source)
    kind = _kind(runs, parent)
    name = parent.name if parent is not None else runs[0].experiment.name
    answer = SweepAnswer(
        kind,
        name,
        parent,
        tuple(runs),
        tuple(metrics),
        tuple(goals),
        tuple(sources),
        None,
        now,
        counts=Counter(run.status for run in runs),
        is_cut=is_cut,
        is_stated=bool(directions),
    )
    trials = _as_trials(runs, metrics[:1])
    if Goal.UNKNOWN in goals or not trials:
        return answer
    ranges: dict[str, Range] = {}
    for run in runs:
        ranges |= stated_ranges(run.tags)
    found = sweep_findings(trials, goals[0], ranges, is_selected=kind is SweepKind.SELECTED)
    front = None
    if len(metrics) > 1 and (both := _as_trials(runs, metrics[:2])):
        front = pareto(both, goals[:2])
    return replace(answer, findings=found, front=front)


def _metrics(request: Sweep, runs: Sequence[Run], defaults: ChannelDefaults) -> tuple[str, ...]:
    if request.metrics:
        return logged_names(request.metrics, runs, text=request.text)[:2]
    logged = Counter(name for run in runs for name in run.metrics if not _COUNTERS.fullmatch(name))
    for usual in ("value", "value_0", "objective"):
        if logged[usual] and any(map(_is_optuna, runs)):
            return (usual,)
    ranked = [
        replace(run, metrics={n: m for n, m in run.metrics.items() if not _COUNTERS.fullmatch(n)}) for run in runs
    ]
    by = choose_primary(ranked, [runs[0].experiment], defaults)
    if by is not None:
        return (by.metric,)
    if not logged:
        raise RequestError("These trials logged no metric to judge them by.", text=request.text)
    return (logged.most_common(1)[0][0],)


def _directions(runs: Sequence[Run], parent: Run | None) -> tuple[Goal, ...]:
    """What the search says of its objectives, in order; none where it does not."""
    texts = [run.tags["direction"] for run in runs[:1] if "direction" in run.tags]
    if parent is not None and STUDY_TAG in parent.tags:
        texts = [parent.tags[STUDY_TAG]]
    words = re.findall(r"MINIMIZE|MAXIMIZE|\b[12]\b", texts[0].upper()) if texts else []
    return tuple(_DIRECTIONS[word] for word in words)


def _as_trials(runs: Sequence[Run], metrics: Sequence[str]) -> list[Trial]:
    """Trials: runs that finished with a finite value of each metric, in the order of their numbers."""
    over = [run for run in runs if run.status not in (*GOING_ON, Status.PRUNED, Status.FAILED, Status.KILLED)]
    ordered = sorted(over, key=lambda run: (_number(run), run.started_at or 0, run.run_id))
    found = []
    for place, run in enumerate(ordered):
        values = tuple(run.metrics[name].value for name in metrics if name in run.metrics)
        if len(values) == len(metrics) and all(map(math.isfinite, values)):
            found.append(Trial(run.run_id, place, values, run.parameters))
    return found


def _number(run: Run) -> int:
    text = run.tags.get("number", run.tags.get("numbers", ""))
    return int(text) if text.isdecimal() else 0
