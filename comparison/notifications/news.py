"""News for a channel: what its watches want to hear of runs that ended, with all there is to say of them.

A few questions to MLflow for a message, side by side; whatever number of watches ask the same, it is asked once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from statistics import median
from typing import Protocol
from zoneinfo import ZoneInfo

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import both, side_by_side
from comparison.errors import NotUnderstood, RequestError
from comparison.judgement.primary_metric import MetricSource, PrimaryMetric, rank, value_of
from comparison.judgement.result import Comparison, GoalSource
from comparison.liveness import is_behind, renewed, with_last_values
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
from comparison.notifications.matching import (
    Watches,
    asks_for_result,
    compare_with_baseline,
    is_better_than_baseline,
    is_clear_difference,
    is_watched,
    judged_by,
    matches_filter,
    matches_result,
    matches_run,
    matching_watches,
    named_metrics,
    refusal,
)
from comparison.notifications.message import (
    ILL,
    ManyNews,
    MessageKind,
    NewsFacts,
    NewsGroup,
    RunNews,
    SilentNews,
    Unwanted,
    comparable_runs,
    failure_of,
    missing_metrics,
)
from comparison.past_repeats import NO_REPEATS, PastRepeats, RepeatsCache
from comparison.queries.standup import StandupAnswer, standup
from comparison.queries.sweeps import SweepAnswer, sweep_of
from comparison.request import Standup
from comparison.resolve.groups import group_name
from comparison.resolve.scope import Place
from comparison.runs import Experiment, Goal, Run, Side, Status, milliseconds
from comparison.sweeps import FEWEST as FEWEST_TOLD
from comparison.tracking.leaders import leaders
from comparison.tracking.source import ModelVersion, Ranking, RunSource, is_child_of
from comparison.watch import Digest, OnlyRuns, Watch, day_before

OWNER_TAGS = ("mlcompare.slack_user", "slack_user")
_UNKNOWN = "unknown"  # what MLflow writes where nobody said who it was
_GONE = "The run is gone from MLflow."
_NOBODY = "No watch of the channel wants to hear of it."
_OTHER = "the newest repeats of other parameters"


def find_news(  # noqa: PLR0913 -- what a message is about, and what it is told with
    kind: MessageKind,
    run_ids: Sequence[str],
    watches: Watches,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults,
    parent_id: str = "",
    was_quiet: bool = False,
    silent_since: int = 0,
    is_final: bool = False,
    past: RepeatsCache | None = None,
) -> NewsFacts | Unwanted:
    """The news, by the first of the watches that wants it. Raises TrackingUnavailable: to be asked again.

    `silent_since` is in ms since the epoch, of a run that seems dead; `is_final`: nothing more is expected of a sweep
    or burst.
    """
    if not watches:
        return Unwanted("No watch of the channel asks for it any more.")
    if kind is MessageKind.SWEEP:
        return sweep_news(parent_id, run_ids, watches, source, now=now, defaults=defaults, is_final=is_final, past=past)
    if kind is MessageKind.BURST:
        return burst_news(
            run_ids, watches, source, now=now, defaults=defaults, is_final=is_final, was_quiet=was_quiet, past=past
        )
    run = source.get(list(run_ids[:1]))[0] if run_ids else None
    if run is None or run.deleted:
        return Unwanted(_GONE if run is None else "The run was deleted in MLflow.")
    if kind in (MessageKind.DEAD, MessageKind.BACK):
        (run,) = renewed([run], source, milliseconds(now))
        return _silence(run, watches, source, now, silent_since, is_back=kind is MessageKind.BACK)
    if is_behind(run):
        run = with_last_values(run, source)
    return _ended(run, watches, source, now, defaults, past=past, must_be_best=kind is MessageKind.BEST)


def example_news(  # noqa: PLR0913 -- as find_news
    run: Run,
    watching: Watch,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults,
    past: RepeatsCache | None = None,
) -> RunNews:
    """How this run would have been told, had it been wanted."""
    facts = _ask(run, [("", watching)], source, now, defaults, past=past)
    return _news(facts, watching, _baseline_of(facts, watching))


@dataclass(frozen=True, slots=True)
class _RunFacts:
    """All that MLflow was asked about a run that ended. `bests` are by metric."""

    run: Run
    before: PastRuns
    versions: tuple[ModelVersion, ...]
    fitting: Mapping[str, set[str] | RequestError]
    bests: Mapping[str, Run | None]
    source: RunSource
    now: datetime
    defaults: ChannelDefaults
    past: PastRepeats = NO_REPEATS
    judged: dict[tuple[str, ...], PrimaryMetric | None] = field(default_factory=dict)  # by the metrics of a watch

    def by(self, watching: Watch) -> PrimaryMetric | None:
        if watching.metrics not in self.judged:
            self.judged[watching.metrics] = judged_by(watching, [self.run], self.run.experiment, self.defaults)
        return self.judged[watching.metrics]

    def best(self, watching: Watch) -> Run | None:
        by = self.by(watching)
        return self.bests.get(by.metric) if by else None

    def compare_with_baseline(self, side: Side, watching: Watch, *, is_by_noise: bool) -> Comparison:
        """The run against its baseline; the numbers alone decide whether it is wanted, and noise what is said."""
        noise = self.past.noise if is_by_noise else None
        now = milliseconds(self.now)
        return compare_with_baseline(side, self.run, watching, self.defaults, now, source=self.source, noise=noise)


def _ended(  # noqa: PLR0913 -- all but one by their place
    run: Run,
    watches: Watches,
    source: RunSource,
    now: datetime,
    defaults: ChannelDefaults,
    *,
    past: RepeatsCache | None,
    must_be_best: bool,
) -> NewsFacts | Unwanted:
    candidates = [(key, watching) for key, watching in watches if matches_run(watching, run)]
    candidates.sort(key=lambda each: each[1].seeds is None)  # that all seeds are in says more than that one is
    if not candidates:
        return Unwanted(_NOBODY)
    facts = _ask(run, candidates, source, now, defaults, past=past)
    candidates = [
        (key, watching) for key, watching in candidates if matches_filter(watching, run.run_id, facts.fitting)
    ]
    choices: dict[object, BaselineChoice] = {}
    wanting: list[tuple[str, Watch, BaselineChoice]] = []
    for key, watching in candidates:
        if wanting and not watching.mentions_owner:
            continue
        terms = (watching.against, watching.baseline, watching.where, facts.by(watching))
        if terms not in choices:
            choices[terms] = _baseline_of(facts, watching)
        if _wants(watching, facts, choices[terms]):
            wanting.append((key, watching, choices[terms]))
    if not wanting:
        return Unwanted(_NOBODY)
    key, watching, choice = wanting[0]
    news = _news(facts, watching, choice)
    if must_be_best and not news.is_best:
        return Unwanted("It is no new best any more.")
    owner = owner_of(run) if any(each.mentions_owner for _key, each, _choice in wanting) else ""
    baseline = [side.run_id for side in news.comparison.baseline.runs] if news.comparison else []
    return NewsFacts(replace(news, owner=owner), key, (*baseline, run.run_id))


def _ask(  # noqa: PLR0913 -- all by their place
    run: Run,
    watches: Watches,
    source: RunSource,
    now: datetime,
    defaults: ChannelDefaults,
    *,
    past: RepeatsCache | None,
) -> _RunFacts:
    moment = run.ended_at or milliseconds(now)
    is_for_seeds = any(watching.seeds for _key, watching in watches)
    (before, versions), known = both(
        partial(both, partial(history_before, run.experiment, moment, source), partial(_versions, run.run_id, source)),
        partial(_past_repeats, run, source, milliseconds(now), past, is_for_seeds=is_for_seeds),
    )
    facts = _RunFacts(run, before, versions, {}, {}, source, now, defaults, known)
    by = {each.metric: each for _key, watching in watches if (each := facts.by(watching))}
    ids = [run.run_id, *(each.run_id for each in before.finished)]
    fit, bests = both(
        partial(matching_watches, watches, ids, source),
        partial(side_by_side, [partial(best_before, before, each, source) for each in by.values()]),
    )
    return replace(facts, fitting=fit, bests=dict(zip(by, bests, strict=True)))


def _past_repeats(
    run: Run, source: RunSource, now: int, past: RepeatsCache | None, *, is_for_seeds: bool
) -> PastRepeats:
    """Earlier repeats of the run's experiment, this one among them where its seeds are to be counted.

    Raises TrackingUnavailable where they are to be counted and cannot be.
    """
    if past is None or run.status is not Status.FINISHED:
        return NO_REPEATS
    home = run.experiment.experiment_id
    return past.find(source, home, now, since=run.over_at) if is_for_seeds else past.read(source, home, now)


def _baseline_of(facts: _RunFacts, watching: Watch) -> BaselineChoice:
    found = facts.fitting.get(watching.where)
    ids = frozenset(found) if isinstance(found, set) else None
    case = BaselineQuestion(
        (facts.run,),
        facts.before,
        facts.source,
        facts.now,
        facts.defaults,
        facts.by(watching),
        facts.best(watching),
        ids,
    )
    return choose_baseline(watching, case)


def _wants(watching: Watch, facts: _RunFacts, choice: BaselineChoice) -> bool:
    if watching.seeds is not None:
        return _wants_seeds(watching, facts, choice)
    if not asks_for_result(watching):
        return True
    best, by = facts.best(watching), facts.by(watching)
    is_best = is_new_best(facts.run, best, by)
    comparison = facts.compare_with_baseline(choice.side, watching, is_by_noise=False) if choice.side else None
    is_clear = watching.only_clear and _is_clear(watching, facts, choice)
    return matches_result(watching, facts.run, comparison, is_best=is_best, is_clear=is_clear)


def _is_clear(watching: Watch, facts: _RunFacts, choice: BaselineChoice) -> bool:
    """Whether more than noise tells the run from its baseline, or a new best from the best before."""
    if watching.only is OnlyRuns.NEW_BEST:
        return is_beyond_noise(facts.run, facts.best(watching), facts.by(watching), facts.past)
    if choice.side is None:
        return False
    return is_clear_difference(watching, facts.compare_with_baseline(choice.side, watching, is_by_noise=True))


def _wants_seeds(watching: Watch, facts: _RunFacts, choice: BaselineChoice) -> bool:
    """Whether the run is the last of the seeds that the watch waits for, and they compare as it asks."""
    if not facts.past.first_seeds(facts.run, watching.seeds or 0):
        return False
    if not asks_for_result(watching):
        return True
    comparison = compare_seeds(watching, facts.run, choice, facts.past, facts).comparison
    is_best, is_clear = is_better_than_baseline(comparison), is_clear_difference(watching, comparison)
    return matches_result(watching, facts.run, comparison, is_best=is_best, is_clear=is_clear)


def _news_of_seeds(facts: _RunFacts, watching: Watch, choice: BaselineChoice) -> RunNews:
    found = compare_seeds(watching, facts.run, choice, facts.past, facts)
    runs = (*found.side.runs, *(found.comparison.baseline.runs if found.comparison else ()))
    return RunNews(
        run=facts.run,
        comparison=found.comparison,
        why_alone="" if found.comparison else found.why,
        best_by=facts.by(watching),
        metrics=named_metrics(watching, runs),
        doubts=(*refusal(watching, facts.fitting), *choice.doubts),
        seeds=found.side,
    )


def _news(facts: _RunFacts, watching: Watch, choice: BaselineChoice) -> RunNews:
    run, finished = facts.run, facts.before.finished
    if watching.seeds is not None and facts.past.first_seeds(run, watching.seeds):
        return _news_of_seeds(facts, watching, choice)
    comparison = facts.compare_with_baseline(choice.side, watching, is_by_noise=True) if choice.side else None
    best, by = facts.best(watching), facts.by(watching)
    is_best = is_new_best(run, best, by)
    return RunNews(
        run=run,
        comparison=comparison,
        why_alone="" if choice.side else choice.why,
        is_best=is_best,
        noise=least_difference(run, best, by, facts.past) if is_best else None,
        best_by=by,
        best_before=best,
        failure=failure_of(run, finished),
        lacking=_telling_first(missing_metrics(run, finished), facts, watching),
        looked_at=len(comparable_runs(run, finished)),
        versions=facts.versions,
        metrics=named_metrics(watching, [run, *(choice.side.runs if choice.side else ())]),
        doubts=(*refusal(watching, facts.fitting), *choice.doubts),
    )


def _telling_first(names: tuple[str, ...], facts: _RunFacts, watching: Watch) -> tuple[str, ...]:
    """What the runs before it are judged by comes first."""
    by = judged_by(watching, facts.before.finished, facts.run.experiment, facts.defaults)
    return tuple(sorted(names, key=lambda name: by is None or name != by.metric))


def _silence(  # noqa: PLR0913 -- all but one by their place
    run: Run, watches: Watches, source: RunSource, now: datetime, since: int, *, is_back: bool
) -> NewsFacts | Unwanted:
    """A run that seems dead, as long as it does; one that is back, however it goes on."""
    wanting = [(key, watching) for key, watching in watches if matches_run(replace(watching, only=None), run)]
    fit = matching_watches(wanting, [run.run_id], source)
    wanting = [(key, watching) for key, watching in wanting if matches_filter(watching, run.run_id, fit)]
    if not wanting:
        return Unwanted(_NOBODY)
    heard = run.heard_at
    if not is_back and run.status is not Status.RUNNING:
        return Unwanted("It ended meanwhile.")
    if not is_back and since and heard > since:
        return Unwanted("It logs again.")
    begin = since or heard
    until = min(max(heard, begin), milliseconds(now)) if is_back else milliseconds(now)
    steps = run.steps_before + max((metric.step for metric in run.metrics.values()), default=0)
    at_first = run.started_at if run.started_at and begin > run.started_at else None
    usual = (begin - at_first) // steps if at_first and steps > 0 and not is_back else None
    owner = owner_of(run) if any(watching.mentions_owner for _key, watching in wanting) else ""
    news = SilentNews(run, max(0, until - begin), is_back=is_back, usual=usual, owner=owner)
    return NewsFacts(news, wanting[0][0], (run.run_id,))


def owner_of(run: Run) -> str:
    """Whose the run is: as its tags say for Slack, else as MLflow knows them; "" when nobody said."""
    slack_user = next((run.tags[tag].strip() for tag in OWNER_TAGS if run.tags.get(tag, "").strip()), "")
    return slack_user or (run.user if run.user != _UNKNOWN else "")


def _versions(run_id: str, source: RunSource) -> tuple[ModelVersion, ...]:
    """Registered models of a run; a server without a registry is no reason to say nothing of the run."""
    try:
        return tuple(source.versions_of([run_id]))
    except RequestError:
        return ()


class Terms(Protocol):
    """What a comparison is made with."""

    @property
    def source(self) -> RunSource: ...
    @property
    def now(self) -> datetime: ...
    @property
    def defaults(self) -> ChannelDefaults: ...


@dataclass(frozen=True, slots=True)
class ComparedSeeds:
    """The seeds as a side; no comparison: there is nothing to hold them against, and `why`."""

    side: Side
    comparison: Comparison | None = None
    why: str = ""


def compare_seeds(watching: Watch, run: Run, choice: BaselineChoice, past: PastRepeats, terms: Terms) -> ComparedSeeds:
    """The seeds that the watch waited for, whose last is `run`, against the repeats of the run's baseline.

    A baseline that is one of them gives way to the newest repeats of other parameters. One question.
    """
    ids = past.first_seeds(run, watching.seeds or 0)
    baseline = choice.side.runs[0] if choice.side else None
    is_own = baseline is None or run.run_id in past.of(baseline) or baseline.run_id in past.of(run)
    against = past.other_group(run) if is_own or baseline is None else past.of(baseline) or (baseline.run_id,)
    found = {each.run_id: each for each in terms.source.these([*ids, *against]) if not each.deleted}
    own, other = ([found[each] for each in wanted if each in found] for wanted in (ids, against))
    side = Side(group_name(own or [run], run), tuple(own or [run]))
    if not other:
        return ComparedSeeds(side, why=f"No other repeats of {run.experiment.name} ended before.")
    first = other[0] if is_own or baseline is None else baseline
    notes = (_OTHER,) if is_own or choice.side is None else choice.side.notes
    label = group_name(other, first)
    baseline_side = Side(label, tuple(other), notes)
    now = milliseconds(terms.now)
    comparison = compare_with_baseline(
        baseline_side, side, watching, terms.defaults, now, source=terms.source, noise=past.noise
    )
    return ComparedSeeds(replace(side, label=comparison.candidates[0].label), comparison)


# News of many runs in one message: a sweep's trials, or a burst. Counted by experiment, best and spread.


MOST = 1000  # runs looked at for one message; a server needs 1 to 2 ms for each
LOOKED_UP = 4  # experiments of a burst, the busiest, of which the best before is asked for
JUDGED = 16  # experiments of a burst whose runs are held against a baseline, where a watch says how they must compare
SHOWN = 5  # runs of a group, those that finished and those that did not
_NOBODY_OF_MANY = Unwanted("No watch of the channel wants to hear of any of these runs.")


def sweep_news(  # noqa: PLR0913 -- as find_news
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
    builder = _GroupBuilder(source, now, defaults, watches, _began(parent, runs), past=past)
    wanted = builder.wanted(ended)
    if not wanted:
        return _NOBODY_OF_MANY
    key, watching = wanted[0][0]
    is_cut = found.is_cut
    group = builder.group(
        home, runs, watching, builder.before([home])[home.experiment_id], all_of=where if is_cut else ""
    )
    has_ended = parent is None or parent.is_over
    is_over = is_final or (has_ended and all(run.is_over for run in runs))
    news = ManyNews(
        groups=(group,),
        parent=parent,
        is_sweep=True,
        is_over=is_over,
        unwanted=len(ended) - len(wanted),
        is_cut=is_cut,
        doubts=builder.doubts(watching, wanted),
        sweep=_sweep_found(runs, parent, now, defaults) if is_over else None,
    )
    return NewsFacts(news, key, tuple(run.run_id for run in _best_first(group, [run for _each, run in wanted])))


def _sweep_found(
    runs: Sequence[Run], parent: Run | None, now: datetime, defaults: ChannelDefaults
) -> SweepAnswer | None:
    """What the sweep found, where its trials are enough to tell anything of its parameters."""
    if len(runs) < FEWEST_TOLD:
        return None
    try:
        return sweep_of(runs, parent, now=now, defaults=defaults)
    except RequestError:
        return None


def burst_news(  # noqa: PLR0913 -- as find_news
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
    first = min((run.ended_at for run in runs if run.ended_at), default=milliseconds(now))
    builder = _GroupBuilder(source, now, defaults, watches, first, runs, past)
    wanted = builder.wanted(runs)
    if not wanted:
        return _NOBODY_OF_MANY
    key, watching = wanted[0][0]
    wanted_runs = [run for _watch, run in wanted]
    counts = Counter(run.experiment.experiment_id for run in wanted_runs)
    homes = {run.experiment.experiment_id: run.experiment for run in wanted_runs}
    busiest = [homes[each] for each, _count in counts.most_common()]
    before = builder.before(busiest[:LOOKED_UP])
    by_watch = {run.experiment.experiment_id: each[1] for each, run in reversed(wanted)}
    groups = tuple(
        builder.group(home, _of(home, wanted_runs), by_watch[home.experiment_id], before.get(home.experiment_id))
        for home in busiest
    )
    news = ManyNews(
        groups=groups,
        is_over=is_final,
        was_quiet=was_quiet,
        unwanted=len(runs) - len(wanted_runs),
        left_out=max(0, len(run_ids) - MOST),
        doubts=builder.doubts(watching, wanted),
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
    _choices: list[BaselineChoice] = field(default_factory=list)
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
        chosen = [choice.doubts for choice in self._choices]
        left = f"Runs of {len(self._unjudged)} experiments more were not judged: they are too many at once."
        return tuple(dict.fromkeys(s for each in [*refusals, *chosen, [left] if self._unjudged else []] for s in each))

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
        by = judged_by(watching, finished or runs, home, self.defaults) or _goalless(finished)
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
        choice = choose_baseline(watching, case)
        self._choices.append(choice)
        now = milliseconds(self.now)
        own = {run.run_id for run in runs}
        others = [
            run for run in _of(before.experiment, self.in_turn) if matches_filter(watching, run.run_id, self._fitting)
        ]
        matching = []
        for run in sorted(_unique([*runs, *others]), key=lambda each: each.ended_at or 0):
            turn = replace(case, runs=(run,))
            own_choice = choose_baseline_in_order(choice, watching, turn) if self.in_turn else choice
            comparison = (
                compare_with_baseline(own_choice.side, run, watching, self.defaults, now, source=self.source)
                if own_choice.side
                else None
            )
            is_best = is_new_best(run, case.best, by)
            is_clear = watching.only_clear and self._is_clear(watching, turn, own_choice)
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
        return self.past.read(self.source, run.experiment.experiment_id, milliseconds(self.now))

    def _repeats(self, run: Run) -> PastRepeats:
        """Earlier repeats of the run's experiment, this one among them."""
        if self.past is None:
            return NO_REPEATS
        now = milliseconds(self.now)
        return self.past.find(self.source, run.experiment.experiment_id, now, since=run.over_at)

    def _is_clear(self, watching: Watch, case: BaselineQuestion, choice: BaselineChoice) -> bool:
        """Whether more than noise tells a run from its baseline, or a new best from the best before."""
        (run,) = case.runs
        if watching.only is OnlyRuns.NEW_BEST:
            return is_beyond_noise(run, case.best, case.by, self._repeats(run))
        if choice.side is None:
            return False
        now = milliseconds(self.now)
        noise = self._repeats(run).noise
        return is_clear_difference(
            watching,
            compare_with_baseline(choice.side, run, watching, self.defaults, now, source=self.source, noise=noise),
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


def _goalless(runs: Sequence[Run]) -> PrimaryMetric | None:
    """The metric that most of them logged, where no goal is known for any: to be shown, and not to judge by."""
    counts = Counter(name for run in runs for name in run.metrics if not name.startswith("system/"))
    name = next((name for name, _count in counts.most_common(1)), "")
    return PrimaryMetric(name, Goal.UNKNOWN, GoalSource.NONE, MetricSource.RUNS) if name else None


def _of(home: Experiment, runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.experiment.experiment_id == home.experiment_id]


def _best_first(group: NewsGroup, runs: Sequence[Run]) -> list[Run]:
    return _unique([*([group.best] if group.best else []), *runs])


# A digest: the standup since the one before, of the experiments it names.


@dataclass(frozen=True, slots=True)
class DueDigest:
    """`missing` are names that no experiment has; no standup: none of them has."""

    standup: StandupAnswer | None
    missing: tuple[str, ...] = ()


def due_digest(digest: Digest, day: str, source: RunSource, *, now: datetime, defaults: ChannelDefaults) -> DueDigest:
    """`day` is the local day it is due on, as 2026-11-23. Raises TrackingUnavailable."""
    local = now.astimezone(ZoneInfo(digest.hours.zone))
    found, missing = _named(digest.experiments, source)
    if digest.experiments and not found:
        return DueDigest(None, missing)
    begin = day_before(digest.hours, _day(day, local.date()))
    since = f"since {begin:%Y-%m-%d} {digest.hours.at:%H:%M}"
    request, place = Standup(since), Place(found)
    try:
        return DueDigest(standup(request, source, now=local, defaults=defaults, within=place), missing)
    except NotUnderstood:  # it is told long after its day
        return DueDigest(standup(Standup(), source, now=local, defaults=defaults, within=place), missing)


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today


def _named(names: Sequence[str], source: RunSource) -> tuple[tuple[Experiment, ...], tuple[str, ...]]:
    """The experiments of these names or patterns, each once, and the names that none has."""
    if not names:
        return (), ()
    known = source.experiments()
    by_name = {name: [each for each in known if is_watched(Watch(name), each)] for name in names}
    found = {each.experiment_id: each for fitting in by_name.values() for each in fitting}
    return tuple(found.values()), tuple(name for name, fitting in by_name.items() if not fitting)
