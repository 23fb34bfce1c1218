"""Lists of runs: what runs now and how it stands, the best, what failed, one run by itself, the newest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import takewhile

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import side_by_side
from comparison.errors import FilterRefused, RequestError, RunNotFound
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, choose_primary, stated_metric, value_of
from comparison.judgement.repeats import KnownNoise
from comparison.language.parser import line
from comparison.language.quoting import offered
from comparison.liveness import STALE, find_silent_runs, renewed
from comparison.names import as_logged
from comparison.past_repeats import RepeatsCache
from comparison.request import Experiments, Failed, Running, Runs, Show, Top
from comparison.resolve.described_runs import rank_by
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import (
    HALF,
    ChosenRuns,
    Place,
    SearchScope,
    find_place,
    further_back,
    gather,
    lead,
    logged_names,
    narrow,
    narrowing_words,
    since_moment,
    took_of,
)
from comparison.run_reference import Among, Leading, TopRuns
from comparison.runs import Experiment, Goal, Metric, Run, Side, Status
from comparison.tracking.activity import (
    MAX_FAILED,
    MAX_RUNNING,
    failures,
    ill_since,
    in_order,
    running_now,
    undated_since,
)
from comparison.tracking.leaders import SAMPLE
from comparison.tracking.source import History, Part, Ranking, Recent, RunSource

NARROW_SPAN = "7 days"  # of failures in one experiment or of one person, where no time is said
PACED = 2  # experiments, those with the most runs, whose best run's history is read
MOST_READ = 100  # metrics whose history is read to show a run at a step
LONGEST = 20_000  # steps of a history that is worth reading


@dataclass(frozen=True, slots=True)
class BestRunHistory:
    """The best run of an experiment and its history."""

    run: Run
    history: tuple[Metric, ...]

    def at(self, step: int) -> Metric | None:
        """The value that was logged at this step; None before the first and after the last."""
        passed = [each for each in self.history if each.step <= step]
        return passed[-1] if passed and self.history[-1].step >= step else None


@dataclass(frozen=True, slots=True)
class RunningRuns:
    """All that runs, the newest first. `by` and `paces` are by experiment id; `silences` in ms, by run id.

    `stale` have been silent for more than a week.
    """

    place: Place
    now: datetime
    runs: tuple[Run, ...]
    is_cut: bool
    silences: Mapping[str, int] = field(default_factory=dict)
    by: Mapping[str, PrimaryMetric | None] = field(default_factory=dict)
    paces: Mapping[str, BestRunHistory] = field(default_factory=dict)
    stale: tuple[Run, ...] = ()
    words: str = ""  # which of them are meant, where that was said
    metrics: tuple[str, ...] = ()  # those to show, where they were named


def running_runs(
    request: Running, source: RunSource, *, now: datetime, defaults: ChannelDefaults | None = None
) -> RunningRuns:
    """Asks one question, then for the best run and its history in the experiments where most runs.

    Raises ExperimentNotFound or TrackingUnavailable.
    """
    agreed = defaults or ChannelDefaults()
    where = find_place(request.experiment, source, agreed, text=request.text, several=request.among.experiments)
    now_ms = int(now.timestamp() * 1000)
    running, words = _meant(replace(request.among, status="running"), where, source, now, request.text, MAX_RUNNING)
    found = renewed(running.runs, source, now_ms)
    silences = find_silent_runs(found, (), now_ms)
    runs = [run for run in found if silences.get(run.run_id, 0) <= STALE]
    stale = tuple(run for run in found if silences.get(run.run_id, 0) > STALE)
    groups = _by_experiment(runs)
    by = {each.experiment_id: choose_primary(own, [each], agreed) for each, own in groups}
    paced = [
        (each.experiment_id, known)
        for each, own in groups
        if (known := by[each.experiment_id]) and _is_paced(known, own, silences)
    ][:PACED]
    paces = _paces(paced, source)
    metrics = logged_names(request.metrics, found, text=request.text)
    return RunningRuns(where, now, tuple(runs), running.is_cut, silences, by, paces, stale, words, metrics)


def _meant(  # noqa: PLR0913, PLR0917 -- as a question is asked
    among: Among, where: Place, source: RunSource, now: datetime, text: str, limit: int
) -> tuple[Part, str]:
    """Runs that the request names, and the words for it; just what runs where nothing more is said."""
    if among == Among(status="running"):
        return running_now(where.ids, source), ""
    chosen = narrow(among, source, experiments=where.experiments, now=now, text=text)
    found = gather(chosen, source, limit=limit)
    words = narrowing_words(replace(among, status=""), chosen.user)
    return Part(found.runs, found.is_cut), words


def _by_experiment(runs: Sequence[Run]) -> list[tuple[Experiment, list[Run]]]:
    groups: dict[str, tuple[Experiment, list[Run]]] = {}
    for run in runs:
        groups.setdefault(run.experiment.experiment_id, (run.experiment, []))[1].append(run)
    return sorted(groups.values(), key=lambda each: -len(each[1]))


def _is_paced(by: PrimaryMetric, runs: Sequence[Run], silences: Mapping[str, int]) -> bool:
    """Whether some of the living ones count steps of a metric whose goal is known."""
    return by.goal is not Goal.UNKNOWN and any(
        run.run_id not in silences and value_of(run, by.metric) is not None and run.metrics[by.metric].step > 0
        for run in runs
    )


def _paces(paced: Sequence[tuple[str, PrimaryMetric]], source: RunSource) -> dict[str, BestRunHistory]:
    """By experiment id, the best run that is over and its history; experiments that share a metric in one question."""
    contests: dict[tuple[str, Goal], list[str]] = {}
    for key, by in paced:
        contests.setdefault((by.metric, by.goal), []).append(key)
    rankings = [Ranking(metric, goal, tuple(keys)) for (metric, goal), keys in contests.items()]
    found = side_by_side([partial(_pace, ranking, source) for ranking in rankings])
    return {key: pace for each in found for key, pace in each.items()}


def _pace(ranking: Ranking, source: RunSource) -> dict[str, BestRunHistory]:
    """Nothing where MLflow cannot tell: what runs is worth saying all the same."""
    try:
        found = source.champions(ranking, Recent())
        best = {key: run for key, run in found.items() if 0 < run.metrics[ranking.metric].step <= LONGEST}
        histories = source.histories_of(list(best.values()), ranking.metric) if best else {}
    except RequestError:
        return {}
    return {
        key: BestRunHistory(run, _points(histories[run.run_id])) for key, run in best.items() if run.run_id in histories
    }


def _points(history: History) -> tuple[Metric, ...]:
    """Its values by step, then by time."""
    rows = sorted(zip(history.steps, history.times, history.values, strict=True), key=lambda row: row[:2])
    return tuple(Metric(value, step, logged_at) for step, logged_at, value in rows)


# The best runs by a metric, as a list.


@dataclass(frozen=True, slots=True)
class RankedRuns:
    """The best first, or with `worst` the worst; fewer than `count` when no more logged the metric."""

    place: Place
    now: datetime
    by: PrimaryMetric
    runs: tuple[Run, ...]
    count: int
    worst: bool = False
    where: str = ""
    words: str = ""  # which runs are meant, where that was said
    metrics: tuple[str, ...] = ()  # shown beside the one that ranks
    noise: KnownNoise | None = None  # of earlier repeats near the first two; None: too little is known

    @property
    def alike(self) -> int:
        """How many of the first lie within noise of each other; 0: the first is clearly ahead, or nobody knows."""
        if self.noise is None:
            return 0
        home, needed = self.runs[0].experiment.experiment_id, self.noise.noise.least_difference()
        first = value_of(self.runs[0], self.by.metric) or 0.0
        near = takewhile(
            lambda run: (
                run.experiment.experiment_id == home and abs((value_of(run, self.by.metric) or 0.0) - first) < needed
            ),
            self.runs,
        )
        count = len(list(near))
        return count if count > 1 else 0


def top_runs(
    request: Top,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults | None = None,
    past: RepeatsCache | None = None,
) -> RankedRuns:
    """The runs that lead, exact to the one that ended a moment ago. `past` tells which of them chance may have put so.

    Raises RunNotFound when there is none, nobody logged the metric or its goal is unknown; ExperimentNotFound,
    FilterRefused or TrackingUnavailable.
    """
    agreed = defaults or ChannelDefaults()
    _refuse_step(request)
    where = find_place(request.experiment, source, agreed, text=request.text, several=request.among.experiments)
    chosen = narrow(request.among, source, experiments=where.experiments, now=now, text=request.text)
    by = _metric(request, where, source, agreed)
    ranking = Ranking(by.metric, by.goal, chosen.ids, request.where, request.worst)
    try:
        found = lead(ranking, request.count, chosen, source)
    except FilterRefused as error:
        spot = request.text.find(request.where)
        raise replace(error, text=request.text, at=spot if spot >= 0 else None) from error
    if not found:
        raise _nobody(request, where, by, chosen.words)
    metrics = tuple(name for name in logged_names(request.metrics, found, text=request.text) if name != by.metric)
    noise = _noise(found, by.metric, source, now, past)
    return RankedRuns(where, now, by, found, request.count, request.worst, request.where, chosen.words, metrics, noise)


def _noise(
    runs: Sequence[Run], metric: str, source: RunSource, now: datetime, past: RepeatsCache | None
) -> KnownNoise | None:
    """The noise of the experiment that the first two runs are of."""
    homes = {run.experiment.experiment_id for run in runs[:2]}
    if past is None or len(runs) < 2 or len(homes) > 1:
        return None
    return past.read(source, homes.pop(), int(now.timestamp() * 1000)).noise_between(metric, runs[:2])


def _refuse_step(request: Top) -> None:
    if request.at_step is None:
        return
    raise RequestError(
        f"I rank by the last values, not by those at step {request.at_step}.",
        remedy="Leave the step out; a comparison of the best tells their values at a step where they logged it.",
        example=line(replace(request, at_step=None)),
        text=request.text,
    )


def _metric(request: Top, where: Place, source: RunSource, defaults: ChannelDefaults) -> PrimaryMetric:
    """The named metric as it was logged, else the agreed one, else the one that most of the newest runs logged."""
    agreed = stated_metric(where.experiments, defaults)
    goal = Goal(request.goal) if request.goal in ("higher", "lower") else None
    if request.goal and not request.metric:
        raise RequestError(
            f"Of which metric is {request.goal} better?", "Name it with by.", text=request.text, example="top 5"
        )
    if goal:
        defaults = replace(defaults, goals={**defaults.goals, request.metric: goal})
    if request.metric or agreed:
        spot = request.text.rfind(request.metric) if request.metric else -1
        top = TopRuns(request.count, request.metric, request.worst, at=max(spot, 0))
        name, _goal = rank_by(request.metric, SearchScope(source, where.experiments, request.text, "", defaults), top)
        chosen = MetricSource.REQUEST if request.metric or not agreed else agreed[1]
        if chosen is MetricSource.CHANNEL and not as_logged(defaults.metric, [name]):
            chosen = MetricSource.RUNS
        goals = {name: goal} if goal else {}
        return PrimaryMetric(name, *decide_goal(name, goals, defaults.goals, where.experiments), chosen)
    newest = source.part(experiment_ids=where.ids, limit=SAMPLE, share=HALF).runs
    found = choose_primary(newest, where.experiments, defaults)
    if found is None:
        raise _no_metric(request, newest, where)
    return found


def _no_metric(request: Top, newest: Sequence[Run], where: Place) -> RequestError:
    place_ = f" in {where.experiments[0].name}" if where.experiments else ""
    if not newest:
        return RunNotFound(f"There are no runs{place_} yet.", text=request.text)
    logged = list(dict.fromkeys(name for run in newest for name in run.metrics))
    return RunNotFound(
        f"By which metric? The newest runs{place_} logged none whose goal is known.",
        remedy=f"Name one, and set its goal: {offered(logged[0])}." if logged else "They logged no metrics at all.",
        near=tuple(logged[:5]),
        text=request.text,
    )


def _nobody(request: Top, where: Place, by: PrimaryMetric, words: str) -> RequestError:
    place_ = f" in {where.experiments[0].name}" if where.experiments else ""
    fitting = f" where {request.where}" if request.where else ""
    return RunNotFound(
        f"No run{place_}{words}{fitting} logged a finite {by.metric}.",
        remedy="Ask without the filter." if fitting else "",
        example=f"top {request.count} by {by.metric}" if fitting else "",
        text=request.text,
    )


# Runs that failed or were killed since a moment. Trials that their search gave up are none.


@dataclass(frozen=True, slots=True)
class FailedRuns:
    """The last one first; `is_cut` when there may be more. `by` names the metric to show, by experiment id."""

    place: Place
    since: datetime
    now: datetime
    runs: tuple[Run, ...]
    is_cut: bool
    by: dict[str, PrimaryMetric | None]
    pruned: int = 0  # trials that were given up early, at least so many where it is cut
    words: str = ""  # which of them are meant, where that was said
    metrics: tuple[str, ...] = ()  # those to show, where they were named
    further: str = ""  # what to type to look further back; "" : it is a year already


def failed_runs(
    request: Failed, source: RunSource, *, now: datetime, defaults: ChannelDefaults | None = None
) -> FailedRuns:
    """A question or two. Raises NotUnderstood, ExperimentNotFound or TrackingUnavailable."""
    agreed = defaults or ChannelDefaults()
    is_narrow = bool(
        request.experiment or request.among.experiments or request.among.user
    )  # there are few of these: all of a week
    begin, everywhere = since_moment(
        request.since or (NARROW_SPAN if is_narrow else ""), now, text=request.text, command="failed"
    )
    where = find_place(
        request.experiment,
        source,
        agreed,
        text=request.text,
        everywhere=everywhere,
        several=request.among.experiments,
    )
    since = int(begin.timestamp() * 1000)
    words = ""
    if request.among:
        among = replace(request.among, status="failed")
        chosen = narrow(among, source, experiments=where.experiments, now=now, text=request.text)
        undated_runs = gather(replace(chosen, begin=since), source, limit=MAX_FAILED)
        ill, undated = Part(undated_runs.runs, undated_runs.is_cut), Part()
        words = narrowing_words(replace(among, status="", since=""), chosen.user)
    else:
        asks = (ill_since, undated_since)
        ill, undated = side_by_side([partial(ask, since, where.ids, source) for ask in asks])
    found = in_order([*ill.runs, *undated.runs])
    runs = failures(found)[:MAX_FAILED]
    pruned = sum(run.status is Status.PRUNED for run in found)
    by = {}
    for experiment in {run.experiment.experiment_id: run.experiment for run in runs}.values():
        own = [run for run in runs if run.experiment.experiment_id == experiment.experiment_id]
        by[experiment.experiment_id] = choose_primary(own, [experiment], agreed)
    metrics = logged_names(request.metrics, runs, text=request.text)
    further = further_back(request, begin, now)
    return FailedRuns(where, begin, now, tuple(runs), ill.is_cut, by, pruned, words, metrics, further)


# One run by itself.


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A side of one run. `silence` in ms when it seems dead."""

    side: Side
    now: datetime
    by: PrimaryMetric | None
    silence: int | None = None
    metrics: tuple[str, ...] = ()  # those that were named, as they were logged
    at_step: int | None = None  # whose values are shown in place of the last ones
    part: str = ""  # the one part that was asked for


def show_run(
    request: Show,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults | None = None,
    several: ChosenRuns = ChosenRuns.NEWEST,
) -> RunDetails:
    """The run that was asked for. Raises what finding raises."""
    agreed = defaults or ChannelDefaults()
    (side,) = find_runs(
        [request.run],
        source,
        experiment=request.experiment,
        text=request.text,
        defaults=agreed,
        now=now,
        several=several,
    )
    now_ms = int(now.timestamp() * 1000)
    (run,) = renewed(side.runs[:1], source, now_ms)
    silences = find_silent_runs([run], (), now_ms)
    best_by = as_logged(request.run.metric, run.metrics) if isinstance(request.run, Leading) else None
    metrics = logged_names(request.metrics or ((best_by,) if best_by else ()), [run], text=request.text)
    by = choose_primary([run], [run.experiment], agreed)
    if request.at_step is not None:
        run = _at_step(run, request.at_step, metrics or tuple(run.metrics), request.text, source)
    return RunDetails(
        replace(side, runs=(run,)), now, by, silences.get(run.run_id), metrics, request.at_step, request.part
    )


def _at_step(run: Run, step: int, names: Sequence[str], text: str, source: RunSource) -> Run:
    """The run with what it logged at this step, and nothing else. Raises RequestError with the nearest step."""
    if len(names) > MOST_READ:
        raise RequestError(
            f"That would take the histories of {len(names):,} metrics.",
            "Name the metrics you mean.",
            f"show {run.run_id[:8]} by {names[0]} at step {step}",
            text=text,
        )
    past = side_by_side([partial(source.history, run.run_id, name) for name in names])
    then = {
        name: points[-1]
        for name, history in zip(names, past, strict=True)
        if (points := [each for each in history if each.step == step])
    }
    if not then:
        steps = sorted({each.step for history in past for each in history})
        nearest = min(steps, key=lambda each: abs(each - step), default=None)
        raise RequestError(
            f"{run.name} logged nothing at step {step}.",
            "" if nearest is None else f"The nearest step is {nearest}; it logged up to step {steps[-1]}.",
            "" if nearest is None else f"show {run.run_id[:8]} at step {nearest}",
            text=text,
        )
    return replace(run, metrics=then)


# The newest runs of a place, and the experiments there are.


LISTED = 20  # runs where nobody says how many
MOST_LISTED = 50
FIRST = 5  # of an order where nobody says how many


@dataclass(frozen=True, slots=True)
class NewestRuns:
    """The newest first. `words` say which are meant; `by` is the metric to show by experiment id, where none is named.

    `is_cut` when there may be more.
    """

    place: Place
    now: datetime
    runs: tuple[Run, ...]
    is_cut: bool = False
    words: str = ""
    metrics: tuple[str, ...] = ()
    by: Mapping[str, PrimaryMetric | None] = field(default_factory=dict)
    order: str = ""  # longest, shortest or oldest first; "": the newest
    took: Mapping[str, int] = field(default_factory=dict)  # ms by run id, where it is asked for
    is_partial: bool = False  # only so many of the newest were looked at


def newest_runs(
    request: Runs, source: RunSource, *, now: datetime, defaults: ChannelDefaults | None = None
) -> NewestRuns:
    """The runs that are meant, in a few questions. Raises RequestError and what narrowing raises."""
    agreed = defaults or ChannelDefaults()
    where = find_place(request.experiment, source, agreed, text=request.text, several=request.among.experiments)
    chosen = narrow(request.among, source, experiments=where.experiments, now=now, text=request.text)
    default = FIRST if request.among.order else LISTED
    limit = default if request.among.count is None else MOST_LISTED
    found = gather(chosen, source, limit=limit)
    by = {
        key: choose_primary([run for run in found.runs if run.experiment.experiment_id == key], [experiment], agreed)
        for key, experiment in {run.experiment.experiment_id: run.experiment for run in found.runs}.items()
    }
    metrics = logged_names(request.metrics, found.runs, text=request.text)
    lengths = {run.run_id: took_of(run, chosen.now) for run in found.runs} if chosen.is_sifted else {}
    took = {key: length for key, length in lengths.items() if length is not None}
    order, is_partial = request.among.order, found.is_partial
    return NewestRuns(where, now, found.runs, found.is_cut, chosen.words, metrics, by, order, took, is_partial)


@dataclass(frozen=True, slots=True)
class KnownExperiments:
    """Experiments of the server, the last changed first; `of_channel` is the name of the channel's own."""

    experiments: tuple[Experiment, ...]
    of_channel: str = ""


def known_experiments(
    _request: Experiments, source: RunSource, *, now: datetime, defaults: ChannelDefaults | None = None
) -> KnownExperiments:
    """Asks one question, or none where the answer is known. Raises TrackingUnavailable."""
    del now
    return KnownExperiments(source.experiments(), defaults.experiment if defaults else "")
