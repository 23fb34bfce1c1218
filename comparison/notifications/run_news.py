"""News for a channel: what its watches want to hear of runs that ended, with all there is to say of them.

A few questions to MLflow for a message, side by side; whatever number of watches ask the same, it is asked once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import both, side_by_side
from comparison.errors import RequestError
from comparison.judgement.primary_metric import PrimaryMetric
from comparison.judgement.result import Comparison
from comparison.liveness import is_behind, renewed, with_last_values
from comparison.notifications.baseline import (
    BaselineChoice,
    BaselineQuestion,
    PastRuns,
    best_before,
    choose_baseline,
    history_before,
    is_beyond_noise,
    is_new_best,
    least_difference,
)
from comparison.notifications.failure import comparable_runs, failure_of, missing_metrics
from comparison.notifications.group_news import burst_news, sweep_news
from comparison.notifications.matching import (
    Watches,
    asks_for_result,
    held_against,
    is_better_than_baseline,
    is_clear_difference,
    judged_by,
    matches_filter,
    matches_result,
    matches_run,
    matching_watches,
    named_metrics,
    refusal,
)
from comparison.notifications.message import MessageKind, NewsFacts, RunNews, SilentNews, Unwanted
from comparison.past_repeats import NO_REPEATS, PastRepeats, RepeatsCache
from comparison.resolve.groups import group_name
from comparison.runs import Run, Side, Status
from comparison.tracking.source import ModelVersion, RunSource
from comparison.watch import OnlyRuns, Watch

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
        (run,) = renewed([run], source, _ms(now))
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
    return _news(facts, watching, _face(facts, watching))


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

    def held_against(self, side: Side, watching: Watch, *, is_by_noise: bool) -> Comparison:
        """The run against its baseline; the numbers alone decide whether it is wanted, and noise what is said."""
        noise = self.past.noise if is_by_noise else None
        now = _ms(self.now)
        return held_against(side, self.run, watching, self.defaults, now, source=self.source, noise=noise)


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
    faced: dict[object, BaselineChoice] = {}
    wanting: list[tuple[str, Watch, BaselineChoice]] = []
    for key, watching in candidates:
        if wanting and not watching.mentions_owner:
            continue
        terms = (watching.against, watching.baseline, watching.where, facts.by(watching))
        if terms not in faced:
            faced[terms] = _face(facts, watching)
        if _wants(watching, facts, faced[terms]):
            wanting.append((key, watching, faced[terms]))
    if not wanting:
        return Unwanted(_NOBODY)
    key, watching, facing = wanting[0]
    news = _news(facts, watching, facing)
    if must_be_best and not news.is_best:
        return Unwanted("It is no new best any more.")
    owner = owner_of(run) if any(each.mentions_owner for _key, each, _facing in wanting) else ""
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
    moment = run.ended_at or _ms(now)
    is_for_seeds = any(watching.seeds for _key, watching in watches)
    (before, versions), known = both(
        partial(both, partial(history_before, run.experiment, moment, source), partial(_versions, run.run_id, source)),
        partial(_past_repeats, run, source, _ms(now), past, is_for_seeds=is_for_seeds),
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


def _face(facts: _RunFacts, watching: Watch) -> BaselineChoice:
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


def _wants(watching: Watch, facts: _RunFacts, facing: BaselineChoice) -> bool:
    if watching.seeds is not None:
        return _wants_seeds(watching, facts, facing)
    if not asks_for_result(watching):
        return True
    best, by = facts.best(watching), facts.by(watching)
    is_best = is_new_best(facts.run, best, by)
    comparison = facts.held_against(facing.side, watching, is_by_noise=False) if facing.side else None
    is_clear = watching.only_clear and _is_clear(watching, facts, facing)
    return matches_result(watching, facts.run, comparison, is_best=is_best, is_clear=is_clear)


def _is_clear(watching: Watch, facts: _RunFacts, facing: BaselineChoice) -> bool:
    """Whether more than noise tells the run from its baseline, or a new best from the best before."""
    if watching.only is OnlyRuns.NEW_BEST:
        return is_beyond_noise(facts.run, facts.best(watching), facts.by(watching), facts.past)
    if facing.side is None:
        return False
    return is_clear_difference(watching, facts.held_against(facing.side, watching, is_by_noise=True))


def _wants_seeds(watching: Watch, facts: _RunFacts, facing: BaselineChoice) -> bool:
    """Whether the run is the last of the seeds that the watch waits for, and they compare as it asks."""
    if not facts.past.first_seeds(facts.run, watching.seeds or 0):
        return False
    if not asks_for_result(watching):
        return True
    comparison = compare_seeds(watching, facts.run, facing, facts.past, facts).comparison
    is_best, is_clear = is_better_than_baseline(comparison), is_clear_difference(watching, comparison)
    return matches_result(watching, facts.run, comparison, is_best=is_best, is_clear=is_clear)


def _news_of_seeds(facts: _RunFacts, watching: Watch, facing: BaselineChoice) -> RunNews:
    found = compare_seeds(watching, facts.run, facing, facts.past, facts)
    runs = (*found.side.runs, *(found.comparison.baseline.runs if found.comparison else ()))
    return RunNews(
        run=facts.run,
        comparison=found.comparison,
        why_alone="" if found.comparison else found.why,
        best_by=facts.by(watching),
        metrics=named_metrics(watching, runs),
        doubts=(*refusal(watching, facts.fitting), *facing.doubts),
        seeds=found.side,
    )


def _news(facts: _RunFacts, watching: Watch, facing: BaselineChoice) -> RunNews:
    run, finished = facts.run, facts.before.finished
    if watching.seeds is not None and facts.past.first_seeds(run, watching.seeds):
        return _news_of_seeds(facts, watching, facing)
    comparison = facts.held_against(facing.side, watching, is_by_noise=True) if facing.side else None
    best, by = facts.best(watching), facts.by(watching)
    is_best = is_new_best(run, best, by)
    return RunNews(
        run=run,
        comparison=comparison,
        why_alone="" if facing.side else facing.why,
        is_best=is_best,
        noise=least_difference(run, best, by, facts.past) if is_best else None,
        best_by=by,
        best_before=best,
        failure=failure_of(run, finished),
        lacking=_telling_first(missing_metrics(run, finished), facts, watching),
        looked_at=len(comparable_runs(run, finished)),
        versions=facts.versions,
        metrics=named_metrics(watching, [run, *(facing.side.runs if facing.side else ())]),
        doubts=(*refusal(watching, facts.fitting), *facing.doubts),
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
    until = min(max(heard, begin), _ms(now)) if is_back else _ms(now)
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


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


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


def compare_seeds(watching: Watch, run: Run, facing: BaselineChoice, past: PastRepeats, terms: Terms) -> ComparedSeeds:
    """The seeds that the watch waited for, whose last is `run`, against the repeats of the run's baseline.

    A baseline that is one of them gives way to the newest repeats of other parameters. One question.
    """
    ids = past.first_seeds(run, watching.seeds or 0)
    baseline = facing.side.runs[0] if facing.side else None
    is_own = baseline is None or run.run_id in past.of(baseline) or baseline.run_id in past.of(run)
    against = past.other_group(run) if is_own or baseline is None else past.of(baseline) or (baseline.run_id,)
    found = {each.run_id: each for each in terms.source.these([*ids, *against]) if not each.deleted}
    own, other = ([found[each] for each in wanted if each in found] for wanted in (ids, against))
    side = Side(group_name(own or [run], run), tuple(own or [run]))
    if not other:
        return ComparedSeeds(side, why=f"No other repeats of {run.experiment.name} ended before.")
    first = other[0] if is_own or baseline is None else baseline
    notes = (_OTHER,) if is_own or facing.side is None else facing.side.notes
    label = group_name(other, first)
    held = Side(label, tuple(other), notes)
    now = int(terms.now.timestamp() * 1000)
    comparison = held_against(held, side, watching, terms.defaults, now, source=terms.source, noise=past.noise)
    return ComparedSeeds(replace(side, label=comparison.candidates[0].label), comparison)
