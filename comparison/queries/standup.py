"""What a standup asks: what finished, failed, runs or seems dead since the last one, and the best so far."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, choose_primary, rank, value_of
from comparison.liveness import STALE, find_silent_runs, renewed
from comparison.names import fold
from comparison.request import Standup
from comparison.resolve.scope import (
    Place,
    find_place,
    further_back,
    gather,
    logged_names,
    narrow,
    narrowing_words,
    since_moment,
)
from comparison.runs import Experiment, Goal, Run, Status
from comparison.tracking.activity import MAX_FINISHED, MAX_RUNNING, failures, in_order
from comparison.tracking.leaders import best_runs
from comparison.tracking.source import Activity, Part, Ranking, Recent, RunSource

LOOKED_UP = 4  # experiments, the busiest, whose best run of all time is asked for
NEW_COMPARED = 3  # new bests that are held against the best before
SAMPLE = 30  # runs that set the bar for the best before


@dataclass(frozen=True, slots=True)
class BestRun:
    """The best run of all time; `before` is the best of those that ended before, where this one is new and it is known.

    `is_first` when nobody before had a value.
    """

    run: Run
    is_new: bool = False
    is_first: bool = False
    before: Run | None = None


@dataclass(frozen=True, slots=True)
class ExperimentGroup:
    """Runs of one experiment. `finished` has the best first, by `by`; `best` is None where it was not looked up.

    `pruned` are trials that their search gave up early.
    """

    experiment: Experiment
    finished: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()
    running: tuple[Run, ...] = ()
    by: PrimaryMetric | None = None
    best: BestRun | None = None
    pruned: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class StandupAnswer:
    """`groups`, the busiest first. `silences` are those of runs that seem dead, in ms, by run id.

    `stale` have seemed dead for so long that they are only counted. `cut` names the kinds of runs of which there may
    be more than were fetched.
    """

    place: Place
    since: datetime
    now: datetime
    groups: tuple[ExperimentGroup, ...]
    silences: Mapping[str, int]
    stale: int = 0
    cut: frozenset[str] = frozenset()
    unanswered: tuple[str, ...] = ()  # experiments whose best could not be had in time
    words: str = ""  # which runs are meant, where that was said
    further: str = ""  # what to type to look further back; "" : it is a year already

    @property
    def finished(self) -> list[Run]:
        return [run for group in self.groups for run in group.finished]

    @property
    def failed(self) -> list[Run]:
        return [run for group in self.groups for run in group.failed]

    @property
    def pruned(self) -> list[Run]:
        return [run for group in self.groups for run in group.pruned]

    @property
    def running(self) -> list[Run]:
        return [run for group in self.groups for run in group.running]


def standup(
    request: Standup,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults | None = None,
    within: Place | None = None,
) -> StandupAnswer:
    """Three questions side by side, then the best of the busiest experiments. `now` with the zone to speak in.

    Where more ended than is told, the failures are asked for by themselves.

    `within` is where to look, whatever the request and the channel say.
    Raises NotUnderstood, ExperimentNotFound or TrackingUnavailable.
    """
    agreed = defaults or ChannelDefaults()
    begin, everywhere = since_moment(request.since, now, text=request.text, command="standup")
    where = within or find_place(
        request.experiment,
        source,
        agreed,
        text=request.text,
        everywhere=everywhere,
        several=request.among.experiments,
    )
    since_ms = int(begin.timestamp() * 1000)
    if len(request.metrics) > 1:
        raise RequestError(
            "A standup is judged by one metric.", "Name one.", f"standup by {request.metrics[0]}", text=request.text
        )
    if request.among:
        found, words = _meant(request, where, source, now, since_ms)
    else:
        found, words = source.activity(since_ms, experiment_ids=where.ids), ""
    blank = StandupAnswer(where, begin, now, (), {}, words=words)
    digest, recent = _told(found, blank, request, source, agreed)
    if found.is_remembered:
        current = _as_they_are(digest, source)
        if not all(_is_as_remembered(group, current) for group in digest.groups):
            found = source.activity(since_ms, experiment_ids=where.ids, anew=True)
            digest, recent = _told(found, blank, request, source, agreed)
        recent = replace(recent, current=current)
    return _with_bests(digest, source, recent)


def _told(
    found: Activity, answer: StandupAnswer, request: Standup, source: RunSource, agreed: ChannelDefaults
) -> tuple[StandupAnswer, Recent]:
    """The answer with what was found in groups, whose best is not looked up yet, and the runs to look it up with."""
    now_ms = int(answer.now.timestamp() * 1000)
    over = in_order([*found.finished.runs, *found.ill.runs, *found.undated.runs])
    cut = {"finished": found.finished.is_cut, "failed": found.ill.is_cut, "running": found.running.is_cut}
    running = renewed(found.running.runs, source, now_ms)
    silences = find_silent_runs(running, over, now_ms)
    recent = [run for run in running if silences.get(run.run_id, 0) <= STALE]
    digest = replace(
        answer,
        groups=_by_named(request, group_by_experiment(over, recent, _with_metric(request, agreed, over, recent))),
        silences={run.run_id: silences[run.run_id] for run in recent if run.run_id in silences},
        stale=len(running) - len(recent),
        cut=frozenset(name for name, is_cut in cut.items() if is_cut),
        further=further_back(request, answer.since, answer.now),
    )
    return digest, Recent((*over, *found.ended.runs, *running), found.ended_after)


def _leading(group: ExperimentGroup) -> list[Run]:
    """Runs that are over and may be told as the best of those fetched: of all of them, and of those that finished."""
    if group.by is None or not _can_be_ranked(group):
        return []
    ranking = Ranking(group.by.metric, group.by.goal, ())
    over = (*group.finished, *group.failed, *group.pruned)
    return [*best_runs(ranking, over, 1), *best_runs(ranking, group.finished, 1)]


def _as_they_are(digest: StandupAnswer, source: RunSource) -> dict[str, Run | None]:
    """Runs that may be told as the best, as they are now, by id; None: gone. One question for all."""
    ids = [run.run_id for group in digest.groups for run in _leading(group)]
    ids += [run_id for ranking in _rankings(_looked_up(digest), "") for run_id in source.known_champions(ranking)]
    found = {run.run_id: run for run in (source.these(list(dict.fromkeys(ids))) if ids else ())}
    return {run_id: found.get(run_id) for run_id in ids}


def _is_as_remembered(group: ExperimentGroup, current: Mapping[str, Run | None]) -> bool:
    """Whether what leads among those fetched earlier is still as it was then."""
    return all(_facts(group, current[run.run_id]) == _facts(group, run) for run in _leading(group))


def _facts(group: ExperimentGroup, run: Run | None) -> tuple[object, ...] | None:
    """What is told of a best run; None where it is none any more."""
    if run is None or run.deleted or group.by is None:
        return None
    return run.name, run.user, run.status, run.ended_at, run.metrics.get(group.by.metric)


def _meant(request: Standup, where: Place, source: RunSource, now: datetime, since_ms: int) -> tuple[Activity, str]:
    """Runs that the request names, and the words for it."""
    among = replace(request.among, status="", since="", count=None)
    chosen = narrow(among, source, experiments=where.experiments, now=now, text=request.text)
    alive = narrow(
        replace(among, status="running", until=""), source, experiments=where.experiments, now=now, text=request.text
    )
    ended, running = side_by_side(
        [
            partial(gather, replace(chosen, begin=since_ms), source, limit=MAX_FINISHED),
            partial(gather, alive, source, limit=MAX_RUNNING),
        ]
    )
    over = tuple(run for run in ended.runs if run.is_over)
    well = Part(tuple(run for run in over if run.status is Status.FINISHED), ended.is_cut)
    ill = Part(tuple(run for run in over if run.status is not Status.FINISHED), ended.is_cut)
    alive_now = Part(running.runs, running.is_cut)
    found = Activity(since_ms, Part(is_cut=True), well, ill, running=alive_now)
    return found, narrowing_words(among, chosen.user)


def _with_metric(
    request: Standup, defaults: ChannelDefaults, over: Sequence[Run], running: Sequence[Run]
) -> ChannelDefaults:
    named = logged_names(request.metrics, [*over, *running], text=request.text)
    return replace(defaults, metric=named[0]) if named else defaults


def _by_named(request: Standup, groups: tuple[ExperimentGroup, ...]) -> tuple[ExperimentGroup, ...]:
    """Marks the metric as chosen by the request, where it was."""
    if not request.metrics:
        return groups
    wanted = fold(request.metrics[0])
    return tuple(
        replace(group, by=replace(group.by, chosen=MetricSource.REQUEST))
        if group.by and fold(group.by.metric) == wanted
        else group
        for group in groups
    )


def group_by_experiment(
    over: Sequence[Run], running: Sequence[Run], defaults: ChannelDefaults
) -> tuple[ExperimentGroup, ...]:
    """Groups runs by experiment, the busiest first. `over`: the last to end first."""
    experiments = {run.experiment.experiment_id: run.experiment for run in [*over, *running]}
    groups = []
    for key, experiment in experiments.items():
        ended = [run for run in over if run.experiment.experiment_id == key]
        alive = [run for run in running if run.experiment.experiment_id == key]
        finished = [run for run in ended if run.status is Status.FINISHED]
        pruned = tuple(run for run in ended if run.status is Status.PRUNED)
        failed = tuple(failures(ended))
        by = choose_primary(finished or [*ended, *alive], [experiment], defaults)
        groups.append(ExperimentGroup(experiment, rank(finished, by), failed, tuple(alive), by, pruned=pruned))
    return tuple(sorted(groups, key=lambda each: -len(_fetched(each))))


def _with_bests(digest: StandupAnswer, source: RunSource, recent: Recent) -> StandupAnswer:
    """The best of each of the busiest experiments; those of one metric are asked for in one question."""
    since_ms = int(digest.since.timestamp() * 1000)
    ranked = _looked_up(digest)
    now_best = _champions(ranked, recent, "", source)
    new = [group for group in ranked if _key(group) in now_best and _is_since(now_best[_key(group)], since_ms)]
    before = _before(new[:NEW_COMPARED], source, since_ms)
    bests = {_key(group): _judged(group, now_best, before) for group in ranked if _key(group) in now_best}
    for group in new[NEW_COMPARED:]:
        bests[_key(group)] = BestRun(now_best[_key(group)], is_new=True)
    groups = tuple(replace(group, best=bests.get(_key(group))) for group in digest.groups)
    left = tuple(group.experiment.name for group in ranked if _key(group) not in bests)
    return replace(digest, groups=groups, unanswered=left)


def _looked_up(digest: StandupAnswer) -> list[ExperimentGroup]:
    return [group for group in digest.groups if _can_be_ranked(group)][:LOOKED_UP]


def _key(group: ExperimentGroup) -> str:
    return group.experiment.experiment_id


def _fetched(group: ExperimentGroup) -> tuple[Run, ...]:
    return (*group.finished, *group.failed, *group.pruned, *group.running)


def _can_be_ranked(group: ExperimentGroup) -> bool:
    if group.by is None or group.by.goal is Goal.UNKNOWN:
        return False
    return any(value_of(run, group.by.metric) is not None for run in _fetched(group))


def _is_since(run: Run, since_ms: int) -> bool:
    return not run.is_over or run.over_at > since_ms


def _champions(groups: Sequence[ExperimentGroup], recent: Recent, where: str, source: RunSource) -> dict[str, Run]:
    """The best run by experiment id, of those that can be had: the rest of a standup is worth saying all the same."""
    rankings = _rankings(groups, where)
    found = side_by_side([partial(_settled, ranking, recent, source) for ranking in rankings])
    return {key: run for each in found for key, run in each.items()}


def _rankings(groups: Sequence[ExperimentGroup], where: str) -> list[Ranking]:
    """What to ask for their best: experiments that share a metric in one question."""
    contests: dict[tuple[str, Goal], list[str]] = {}
    for group in groups:
        if group.by is not None:
            contests.setdefault((group.by.metric, group.by.goal), []).append(_key(group))
    return [Ranking(metric, goal, tuple(keys), where) for (metric, goal), keys in contests.items()]


def _settled(ranking: Ranking, recent: Recent, source: RunSource) -> Mapping[str, Run]:
    try:
        return source.champions(ranking, recent)
    except RequestError:
        return {}


def _before(groups: Sequence[ExperimentGroup], source: RunSource, since_ms: int) -> dict[str, Run | None]:
    """The best of those that ended before; None where there were none, nothing where that cannot be told.

    Their newest runs come in one question; where those are all there are, that is enough.
    """
    where = f"attributes.end_time <= {since_ms}"
    keys = tuple(map(_key, groups))
    if not keys:
        return {}
    try:
        sample = source.part(where, experiment_ids=keys, limit=SAMPLE * len(keys))
        runs, whole = sample.runs, set() if sample.is_cut else set(keys)
        unseen = [key for key in keys if key not in whole and not _of(runs, key)]  # the others have so many more
        more = side_by_side([partial(source.part, where, experiment_ids=(key,), limit=SAMPLE) for key in unseen])
    except RequestError:
        return {}
    runs = (*runs, *(run for part in more for run in part.runs))
    whole |= {key for key, part in zip(unseen, more, strict=True) if not part.is_cut}
    found: dict[str, Run | None] = {
        _key(group): next(iter(_valued(group, rank(_of(runs, _key(group)), group.by))), None)
        for group in groups
        if _key(group) in whole
    }
    cut_groups = [group for group in groups if _key(group) not in whole and _valued(group, _of(runs, _key(group)))]
    return {**found, **_champions(cut_groups, Recent(runs), where, source)}


def _of(runs: Iterable[Run], key: str) -> list[Run]:
    return [run for run in runs if run.experiment.experiment_id == key]


def _valued(group: ExperimentGroup, runs: Iterable[Run]) -> list[Run]:
    """Runs that logged what the group is judged by."""
    return [run for run in runs if group.by is not None and value_of(run, group.by.metric) is not None]


def _judged(group: ExperimentGroup, now_best: Mapping[str, Run], before: Mapping[str, Run | None]) -> BestRun:
    """A best that only equals an older one is not new."""
    run = now_best[_key(group)]
    if _key(group) not in before:
        return BestRun(run)
    old = before[_key(group)]
    if old is not None and group.by is not None and value_of(old, group.by.metric) == value_of(run, group.by.metric):
        return BestRun(old)
    return BestRun(run, is_new=True, is_first=old is None, before=old)
