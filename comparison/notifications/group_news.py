"""News of many runs in one message: a sweep's trials, or a burst. Counted by experiment, best and spread."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from statistics import median

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import both, side_by_side
from comparison.errors import RequestError
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, rank, value_of
from comparison.judgement.result import GoalSource
from comparison.notifications.baseline import (
    LOOKED_AT,
    BaselineChoice,
    BaselineQuestion,
    PastRuns,
    best_before,
    choose_baseline,
    choose_baseline_in_order,
    history_before,
    is_beyond_noise,
    is_new_best,
    least_difference,
)
from comparison.notifications.failure import ILL
from comparison.notifications.matching import (
    Watches,
    asks_for_result,
    held_against,
    is_clear_difference,
    judged_by,
    matches_filter,
    matches_result,
    matches_run,
    matching_watches,
    refusal,
)
from comparison.notifications.message import ManyNews, NewsFacts, NewsGroup, Unwanted
from comparison.past_repeats import NO_REPEATS, PastRepeats, RepeatsCache
from comparison.queries.sweeps import SweepAnswer, sweep_of
from comparison.runs import Experiment, Goal, Run, Status
from comparison.sweeps.importance import FEWEST as FEWEST_TOLD
from comparison.tracking.filters import is_child_of
from comparison.tracking.leaders import leaders
from comparison.tracking.source import Ranking, RunSource
from comparison.watch import OnlyRuns, Watch

MOST = 1000  # runs looked at for one message; a server needs 1 to 2 ms for each
LOOKED_UP = 4  # experiments of a burst, the busiest, of which the best before is asked for
JUDGED = 16  # experiments of a burst whose runs are held against a baseline, where a watch says how they must compare
SHOWN = 5  # runs of a group, those that finished and those that did not
_NOBODY = Unwanted("No watch of the channel wants to hear of any of these runs.")


def sweep_news(  # noqa: PLR0913 -- as telling.tell
    parent_id: str,
    run_ids: Sequence[str],
    watches: Watches,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults,
    is_final: bool = False,
    past: RepeatsCache | None = None,
) -> NewsFacts | Unwanted:
    """All trials that MLflow knows of, also those that still run; over when none does and the parent ended too."""
    (parent,), named = both(partial(source.get, [parent_id]), partial(_these, run_ids, source))
    home = parent.experiment if parent else next((run.experiment for run in named), None)
    if home is None:
        return Unwanted("The sweep and its runs are gone from MLflow.")
    where = is_child_of(parent_id)
    found = source.part(where, experiment_ids=(home.experiment_id,), limit=MOST)
    children = [run for run in found.runs if run.parent_id == parent_id]
    runs = _unique([*children, *(run for run in named if run.parent_id == parent_id)])
    ended = [run for run in named if run.run_id != parent_id] or [run for run in runs if run.is_over]
    lot = _GroupBuilder(source, now, defaults, watches, _began(parent, runs), past=past)
    wanted = lot.wanted(ended)
    if not wanted:
        return _NOBODY
    key, watching = wanted[0][0]
    is_cut = found.is_cut
    group = lot.group(home, runs, watching, lot.before([home])[home.experiment_id], all_of=where if is_cut else "")
    has_ended = parent is None or parent.is_over
    is_over = is_final or (has_ended and all(run.is_over for run in runs))
    news = ManyNews(
        groups=(group,),
        parent=parent,
        is_sweep=True,
        is_over=is_over,
        unwanted=len(ended) - len(wanted),
        is_cut=is_cut,
        doubts=lot.doubts(watching, wanted),
        sweep=_found(runs, parent, now, defaults) if is_over else None,
    )
    return NewsFacts(news, key, tuple(run.run_id for run in _best_first(group, [run for _each, run in wanted])))


def _found(runs: Sequence[Run], parent: Run | None, now: datetime, defaults: ChannelDefaults) -> SweepAnswer | None:
    """What the sweep found, where its trials are enough to tell anything of its parameters."""
    if len(runs) < FEWEST_TOLD:
        return None
    try:
        return sweep_of(runs, parent, now=now, defaults=defaults)
    except RequestError:
        return None


def burst_news(  # noqa: PLR0913 -- as telling.tell
    run_ids: Sequence[str],
    watches: Watches,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults,
    is_final: bool = False,
    was_quiet: bool = False,
    past: RepeatsCache | None = None,
) -> NewsFacts | Unwanted:
    """Runs that a watch wants, by experiment; each is compared with what ended before it, in the burst too."""
    runs = _these(run_ids, source)
    if not runs:
        return Unwanted("These runs are gone from MLflow.")
    first = min((run.ended_at for run in runs if run.ended_at), default=int(now.timestamp() * 1000))
    lot = _GroupBuilder(source, now, defaults, watches, first, runs, past)
    wanted = lot.wanted(runs)
    if not wanted:
        return _NOBODY
    key, watching = wanted[0][0]
    wanted_runs = [run for _watch, run in wanted]
    counts = Counter(run.experiment.experiment_id for run in wanted_runs)
    homes = {run.experiment.experiment_id: run.experiment for run in wanted_runs}
    busiest = [homes[each] for each, _count in counts.most_common()]
    before = lot.before(busiest[:LOOKED_UP])
    by_watch = {run.experiment.experiment_id: each[1] for each, run in reversed(wanted)}
    groups = tuple(
        lot.group(home, _of(home, wanted_runs), by_watch[home.experiment_id], before.get(home.experiment_id))
        for home in busiest
    )
    news = ManyNews(
        groups=groups,
        is_over=is_final,
        was_quiet=was_quiet,
        unwanted=len(runs) - len(wanted_runs),
        left_out=max(0, len(run_ids) - MOST),
        doubts=lot.doubts(watching, wanted),
    )
    first_of = [run for group in groups for run in ([group.best] if group.best else [])]
    return NewsFacts(news, key, tuple(run.run_id for run in _unique([*first_of, *wanted_runs])))


@dataclass(slots=True)
class _GroupBuilder:
    """What a message of many runs is told with. `moment`: what ended before it, in ms, is what came before them."""

    source: RunSource
    now: datetime
    defaults: ChannelDefaults
    watches: Watches
    moment: int
    in_turn: Sequence[Run] = ()  # of these each counts as before those that ended after it
    past: RepeatsCache | None = None
    _fitting: Mapping[str, set[str] | RequestError] = field(default_factory=dict)
    _faced: list[BaselineChoice] = field(default_factory=list)
    _formers: dict[str, PastRuns] = field(default_factory=dict)
    _unjudged: list[Experiment] = field(default_factory=list)

    def wanted(self, runs: Sequence[Run]) -> list[tuple[tuple[str, Watch], Run]]:
        """The runs that a watch wants, each with the first that does, in the order of the watches."""
        self._fitting = matching_watches(self.watches, [run.run_id for run in runs], self.source)
        found: dict[str, tuple[tuple[str, Watch], Run]] = {}
        for key, watching in self.watches:
            own = [run for run in runs if run.run_id not in found and matches_run(watching, run)]
            own = [run for run in own if matches_filter(watching, run.run_id, self._fitting)]
            for run in self._judged(watching, own):
                found[run.run_id] = (key, watching), run
        return list(found.values())

    def doubts(self, watching: Watch, wanted: Sequence[tuple[tuple[str, Watch], Run]]) -> tuple[str, ...]:
        """What was asked for and could not be had, each once."""
        refusals = [refusal(each, self._fitting) for each in (watching, *(watch[1] for watch, _run in wanted))]
        faced = [facing.doubts for facing in self._faced]
        left = f"Runs of {len(self._unjudged)} experiments more were not judged: they are too many at once."
        return tuple(dict.fromkeys(s for each in [*refusals, *faced, [left] if self._unjudged else []] for s in each))

    def before(self, experiments: Sequence[Experiment]) -> dict[str, PastRuns]:
        """What came before, of each experiment, side by side."""
        new = [each for each in experiments if each.experiment_id not in self._formers]
        found = side_by_side([partial(history_before, each, self.moment, self.source) for each in new])
        self._formers |= {each.experiment_id: before for each, before in zip(new, found, strict=True)}
        return self._formers

    def group(
        self, home: Experiment, runs: Sequence[Run], watching: Watch, before: PastRuns | None, *, all_of: str = ""
    ) -> NewsGroup:
        """`before` None: the best before is not asked for. `all_of`: a filter for the best of more than these."""
        finished = [run for run in runs if run.status is Status.FINISHED]
        by = judged_by(watching, finished or runs, home, self.defaults) or _unknown(finished)
        in_order = rank(sorted(finished, key=lambda run: -(run.ended_at or 0)), by)
        values = sorted(value for run in finished if by and (value := value_of(run, by.metric)) is not None)
        best = in_order[0] if by and by.goal is not Goal.UNKNOWN and values else None
        if best and by and all_of:
            best = self._best_of(all_of, by, finished) or best
        old = best_before(before, by, self.source) if before and by and best else None
        ill = [run for run in runs if run.status in ILL]
        is_new = best is not None and before is not None and is_new_best(best, old, by)
        return NewsGroup(
            experiment=home,
            counts=Counter(run.status.value for run in runs),
            runs=(
                *_unique([*([best] if best else []), *in_order])[:SHOWN],
                *sorted(ill, key=lambda run: -(run.ended_at or 0))[:SHOWN],
            ),
            by=by,
            best=best,
            is_new_best=is_new,
            noise=least_difference(best, old, by, self._known(best)) if best and is_new else None,
            best_before=old,
            earlier=_earlier(before, by) if before and by else None,
            valued=len(values),
            low=values[0] if values else None,
            middle=median(values) if values else None,
            high=values[-1] if values else None,
        )

    def _best_of(self, where: str, by: PrimaryMetric, known: Sequence[Run]) -> Run | None:
        ids = (known[0].experiment.experiment_id,)
        ranking = Ranking(by.metric, by.goal, ids, f"{where} AND attributes.status = 'FINISHED'")
        return next(iter(leaders(ranking, self.source, known=known)), None)

    def _judged(self, watching: Watch, runs: Sequence[Run]) -> list[Run]:
        """Runs that are wanted by how they compare; asked only where the watch says something of that."""
        if watching.seeds is not None:
            return [run for run in runs if self._repeats(run).first_seeds(run, watching.seeds)]
        if not asks_for_result(watching):
            return list(runs)
        homes = {run.experiment.experiment_id: run.experiment for run in runs}
        judged = list(homes.values())[:JUDGED]
        self._unjudged += list(homes.values())[JUDGED:]
        before = self.before(judged)
        asks = [partial(self._of_one, watching, _of(home, runs), before[home.experiment_id]) for home in judged]
        return [run for matching in side_by_side(asks) for run in matching]

    def _of_one(self, watching: Watch, runs: Sequence[Run], before: PastRuns) -> list[Run]:
        by = judged_by(watching, runs, before.experiment, self.defaults)
        best = best_before(before, by, self.source) if by else None
        case = BaselineQuestion(tuple(runs), before, self.source, self.now, self.defaults, by, best)
        facing = choose_baseline(watching, case)
        self._faced.append(facing)
        now = int(self.now.timestamp() * 1000)
        own = {run.run_id for run in runs}
        others = [
            run for run in _of(before.experiment, self.in_turn) if matches_filter(watching, run.run_id, self._fitting)
        ]
        matching = []
        for run in sorted(_unique([*runs, *others]), key=lambda each: each.ended_at or 0):
            turn = replace(case, runs=(run,))
            own_facing = choose_baseline_in_order(facing, watching, turn) if self.in_turn else facing
            comparison = (
                held_against(own_facing.side, run, watching, self.defaults, now, source=self.source)
                if own_facing.side
                else None
            )
            is_best = is_new_best(run, case.best, by)
            is_clear = watching.only_clear and self._is_clear(watching, turn, own_facing)
            if run.run_id in own and matches_result(watching, run, comparison, is_best=is_best, is_clear=is_clear):
                matching.append(run)
            finished = (run, *case.before.finished) if run.status is Status.FINISHED else case.before.finished
            case = replace(
                case, best=run if is_best else case.best, before=replace(before, finished=finished[:LOOKED_AT])
            )
        return matching

    def _known(self, run: Run) -> PastRepeats:
        """Earlier repeats of the run's experiment, as far as they are known."""
        if self.past is None:
            return NO_REPEATS
        return self.past.read(self.source, run.experiment.experiment_id, int(self.now.timestamp() * 1000))

    def _repeats(self, run: Run) -> PastRepeats:
        """Earlier repeats of the run's experiment, this one among them."""
        if self.past is None:
            return NO_REPEATS
        now = int(self.now.timestamp() * 1000)
        return self.past.find(self.source, run.experiment.experiment_id, now, since=run.over_at)

    def _is_clear(self, watching: Watch, case: BaselineQuestion, facing: BaselineChoice) -> bool:
        """Whether more than noise tells a run from its baseline, or a new best from the best before."""
        (run,) = case.runs
        if watching.only is OnlyRuns.NEW_BEST:
            return is_beyond_noise(run, case.best, case.by, self._repeats(run))
        if facing.side is None:
            return False
        now = int(self.now.timestamp() * 1000)
        noise = self._repeats(run).noise
        return is_clear_difference(
            watching,
            held_against(facing.side, run, watching, self.defaults, now, source=self.source, noise=noise),
        )


def _earlier(before: PastRuns, by: PrimaryMetric) -> int | None:
    """How many runs before logged the metric; None where there are more than were looked at."""
    if len(before.finished) >= LOOKED_AT:
        return None
    return sum(value_of(run, by.metric) is not None for run in before.finished)


def _these(run_ids: Sequence[str], source: RunSource) -> list[Run]:
    """The last of them, not deleted."""
    found = source.these(list(run_ids[-MOST:])) if run_ids else []
    return [run for run in found if not run.deleted]


def _began(parent: Run | None, runs: Sequence[Run]) -> int:
    """When the sweep did, in ms: what ended before is what it is held against."""
    known = [each.started_at or each.ended_at for each in ([parent] if parent else []) + list(runs)]
    return min((each for each in known if each), default=0)


def _unique(runs: Iterable[Run]) -> list[Run]:
    return list({run.run_id: run for run in runs if not run.deleted}.values())


def _unknown(runs: Sequence[Run]) -> PrimaryMetric | None:
    """The metric that most of them logged, where no goal is known for any: to be shown, and not to judge by."""
    counts = Counter(name for run in runs for name in run.metrics if not name.startswith("system/"))
    name = next((name for name, _count in counts.most_common(1)), "")
    return PrimaryMetric(name, Goal.UNKNOWN, GoalSource.NONE, MetricSource.RUNS) if name else None


def _of(home: Experiment, runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.experiment.experiment_id == home.experiment_id]


def _best_first(group: NewsGroup, runs: Sequence[Run]) -> list[Run]:
    return _unique([*([group.best] if group.best else []), *runs])
