"""What a standup asks: what finished, failed, runs or seems dead since the last one, and the best so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from comparison.defaults import Defaults
from comparison.errors import RequestError
from comparison.quick import happening, liveness
from comparison.quick.champions import Contest, champions
from comparison.quick.place import Place, moment, place
from comparison.quick.primary import Primary, primary, ranked, value_of
from comparison.quick.resumption import renewed
from comparison.quick.together import together
from comparison.request import Standup
from comparison.runs import Experiment, Goal, Run, Status
from comparison.source import RunSource

LOOKED_UP = 4  # experiments, the busiest, whose best run of all time is asked for
NEW_COMPARED = 3  # new bests that are held against the best before
SAMPLE = 30  # runs that set the bar for the best before


@dataclass(frozen=True, slots=True)
class Best:
    """The best run of all time; `before` is the best of those that ended before, where this one is new and it is known.

    `is_first` when nobody before had a value.
    """

    run: Run
    is_new: bool = False
    is_first: bool = False
    before: Run | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One experiment. `finished` has the best first, by `by`; `best` is None where it was not looked up.

    `pruned` are trials that their search gave up early.
    """

    experiment: Experiment
    finished: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()
    running: tuple[Run, ...] = ()
    by: Primary | None = None
    best: Best | None = None
    pruned: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """`groups`, the busiest first. `silences` are those of runs that seem dead, in ms, by run id.

    `stale` have seemed dead for so long that they are only counted. `cut` names the kinds of runs of which there may
    be more than were fetched.
    """

    place: Place
    since: datetime
    now: datetime
    groups: tuple[Group, ...]
    silences: Mapping[str, int]
    stale: int = 0
    cut: frozenset[str] = frozenset()
    unanswered: tuple[str, ...] = ()  # experiments whose best could not be had in time

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
    defaults: Defaults | None = None,
    within: Place | None = None,
) -> Digest:
    """Four questions side by side, then the best of the busiest experiments. `now` with the zone to speak in.

    `within` is where to look, whatever the request and the channel say.
    Raises NotUnderstood, ExperimentNotFound or TrackingUnavailable.
    """
    agreed = defaults or Defaults()
    begin, everywhere = moment(request.since, now, text=request.text, command="standup")
    where = within or place(request.experiment, source, agreed, text=request.text, everywhere=everywhere)
    since_ms = int(begin.timestamp() * 1000)
    now_ms = int(now.timestamp() * 1000)
    asks = (happening.finished_since, happening.ill_since, happening.undated_since)
    well, ill, undated, alive = together(
        [*(partial(ask, since_ms, where, source) for ask in asks), partial(happening.running_now, where, source)]
    )
    over = happening.in_order([*well.runs, *ill.runs, *undated.runs])
    cut = {"finished": well.is_cut, "failed": ill.is_cut, "running": alive.is_cut}
    running = renewed(alive.runs, source, now_ms)
    silences = liveness.silences(running, over, now_ms)
    recent = [run for run in running if silences.get(run.run_id, 0) <= liveness.STALE]
    digest = Digest(
        place=where,
        since=begin,
        now=now,
        groups=grouped(over, recent, agreed),
        silences={run.run_id: silences[run.run_id] for run in recent if run.run_id in silences},
        stale=len(running) - len(recent),
        cut=frozenset(name for name, is_cut in cut.items() if is_cut),
    )
    return _with_bests(digest, source, since_ms)


def grouped(over: Sequence[Run], running: Sequence[Run], defaults: Defaults) -> tuple[Group, ...]:
    """By experiment, the busiest first. `over`: the last to end first."""
    experiments = {run.experiment.experiment_id: run.experiment for run in [*over, *running]}
    groups = []
    for key, experiment in experiments.items():
        ended = [run for run in over if run.experiment.experiment_id == key]
        alive = [run for run in running if run.experiment.experiment_id == key]
        finished = [run for run in ended if run.status is Status.FINISHED]
        pruned = tuple(run for run in ended if run.status is Status.PRUNED)
        failed = tuple(happening.failures(ended))
        by = primary(finished or [*ended, *alive], [experiment], defaults)
        groups.append(Group(experiment, ranked(finished, by), failed, tuple(alive), by, pruned=pruned))
    return tuple(sorted(groups, key=lambda each: -len(_fetched(each))))


def _with_bests(digest: Digest, source: RunSource, since_ms: int) -> Digest:
    """The best of each of the busiest experiments; those of one metric are asked for in one question."""
    asked = [group for group in digest.groups if _can_be_ranked(group)][:LOOKED_UP]
    now_best = _champions(asked, {_key(group): _fetched(group) for group in asked}, "", source)
    new = [group for group in asked if _key(group) in now_best and _is_since(now_best[_key(group)], since_ms)]
    before = _before(new[:NEW_COMPARED], source, since_ms)
    bests = {_key(group): _judged(group, now_best, before) for group in asked if _key(group) in now_best}
    for group in new[NEW_COMPARED:]:
        bests[_key(group)] = Best(now_best[_key(group)], is_new=True)
    groups = tuple(replace(group, best=bests.get(_key(group))) for group in digest.groups)
    left = tuple(group.experiment.name for group in asked if _key(group) not in bests)
    return replace(digest, groups=groups, unanswered=left)


def _key(group: Group) -> str:
    return group.experiment.experiment_id


def _fetched(group: Group) -> tuple[Run, ...]:
    return (*group.finished, *group.failed, *group.pruned, *group.running)


def _can_be_ranked(group: Group) -> bool:
    if group.by is None or group.by.goal is Goal.UNKNOWN:
        return False
    return any(value_of(run, group.by.metric) is not None for run in _fetched(group))


def _is_since(run: Run, since_ms: int) -> bool:
    return not run.is_over or run.over_at > since_ms


def _champions(
    groups: Sequence[Group], known: Mapping[str, Sequence[Run]], where: str, source: RunSource
) -> dict[str, Run]:
    """The best run by experiment id, of those that can be had: the rest of a standup is worth saying all the same."""
    contests: dict[Contest, dict[str, Sequence[Run]]] = {}
    for group in groups:
        if group.by is not None:
            own = contests.setdefault(Contest(group.by.metric, group.by.goal, where), {})
            own[_key(group)] = known.get(_key(group), ())
    found = together([partial(_settled, contest, own, source) for contest, own in contests.items()])
    return {key: run for each in found for key, run in each.items()}


def _settled(contest: Contest, known: Mapping[str, Sequence[Run]], source: RunSource) -> dict[str, Run]:
    try:
        return champions(contest, known, source)
    except RequestError:
        return {}


def _before(groups: Sequence[Group], source: RunSource, since_ms: int) -> dict[str, Run | None]:
    """The best of those that ended before; None where there were none, nothing where that cannot be told."""
    where = f"attributes.end_time <= {since_ms}"
    try:
        samples = together(
            [partial(source.search, where, experiment_ids=(_key(each),), limit=SAMPLE) for each in groups]
        )
    except RequestError:
        return {}
    known = {_key(group): sample for group, sample in zip(groups, samples, strict=True)}
    found: dict[str, Run | None] = dict(_champions(groups, known, where, source))
    return {**{key: None for key, sample in known.items() if len(sample) < SAMPLE}, **found}


def _judged(group: Group, now_best: Mapping[str, Run], before: Mapping[str, Run | None]) -> Best:
    """A best that only equals an older one is not new."""
    run = now_best[_key(group)]
    if _key(group) not in before:
        return Best(run)
    old = before[_key(group)]
    if old is not None and group.by is not None and value_of(old, group.by.metric) == value_of(run, group.by.metric):
        return Best(old)
    return Best(run, is_new=True, is_first=old is None, before=old)
