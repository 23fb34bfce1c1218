"""Looking for runs that ended: one request to MLflow for all watches, one transaction for all that it found."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.backoff import PollBackoff
from bot.logs import describe
from bot.notifier.outbox import Cursor, Outbox, OutboxMessage, RunEnd
from bot.notifier.subscriptions import Coverage, Subscriptions, WatchedExperiments, covered
from comparison.errors import RequestError
from comparison.notifications.grouping import BURST, HANDFUL, group_runs
from comparison.notifications.matching import is_watched
from comparison.notifications.message import MessageKind, OpenMessage, WantedMessage
from comparison.notifications.new_runs import CLOCK_SKEW_MS, SeenRuns, as_seen, diff_runs, fingerprint_of, resumed
from comparison.runs import Experiment, Run
from comparison.tracking.source import Part, RunSource
from comparison.watch import Subscription

log = logging.getLogger(__name__)

BRIEF = 90_000  # ms that most looks go back: the clocks of most machines are right
LONG_AFTER = 8  # looks, of which one goes back as far as clocks may be off
LONG_WITHIN = 5 * 60_000  # ms, likewise
AROUND_AFTER = 4  # looks, of which one also finds what does not tell when it ended
AROUND_WITHIN = 60_000  # ms, likewise
RUNNING = 300  # runs that still run, the newest
UNDATED = 100  # of the newest runs that are over, among which those are looked for that do not tell when they ended
MOST = 5_000  # runs of one request
_PAGES = 20  # requests of one look at most; the next look goes on from there
_SLOW = 5.0  # seconds, or half the interval where that is longer


@dataclass(frozen=True, slots=True)
class PollResult:
    """What came of a look. Not `is_ours`: another process looks. A `problem` is MLflow's."""

    is_ours: bool = False
    fresh: int = 0
    changed: int = 0
    announced: int = 0
    has_more: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _OtherRuns:
    """Runs that are over and were not found by when they ended; and what is to be remembered of those that are not."""

    over: tuple[Run, ...] = ()
    ends: Mapping[str, RunEnd] = field(default_factory=dict)


@dataclass
class Poller:
    """Polls MLflow again and again, in one thread. `now` is in ms since the epoch, `clock` counts seconds."""

    outbox: Outbox
    subscriptions: Subscriptions
    source: RunSource
    pace: PollBackoff
    now: Callable[[], int]
    clock: Callable[[], float]
    handful: int = HANDFUL
    watched_experiments: WatchedExperiments | None = None  # None: names alone count
    looked_at: float | None = field(init=False, default=None)  # by `clock`, when the last look went well
    _coverage: Coverage = field(init=False, default_factory=Coverage)
    _looks: int = field(init=False, default=LONG_AFTER)  # since the last long one
    _long_at: int = field(init=False, default=0)
    _arounds: int = field(init=False, default=AROUND_AFTER)  # since the last look around
    _around_at: int = field(init=False, default=0)
    _is_behind: bool = field(init=False, default=False)  # more ended than the last request took in

    def poll(self) -> PollResult:
        """Raises what the database raises; what MLflow raises makes the next look later."""
        now = self.now()
        if not self.outbox.claim_poll(now, int(self.pace.interval * 1000)):
            return PollResult()
        wanted = self.subscriptions.watches()
        if not wanted:
            self.pace.success()
            self.looked_at = self.clock()
            self.outbox.record(self.outbox.cursor(now), now, {}, (), now)  # who resumes later does not hear of today
            self.outbox.lose_sight(self.outbox.going_on())
            return PollResult(is_ours=True)
        began = self.clock()
        try:
            found = self._look_on(wanted, now)
        except RequestError as error:
            self.pace.failure(describe(error))
            return PollResult(is_ours=True, problem=error.problem)
        self.looked_at = self.clock()
        self._keep_pace(self.looked_at - began)
        return found

    def _keep_pace(self, took: float) -> None:
        if took > max(_SLOW, self.pace.interval / 2):
            self.pace.slowness(f"MLflow is slow, the last look took {took:.1f} s")
        else:
            self.pace.success()

    def _look_on(self, wanted: Sequence[Subscription], now: int) -> PollResult:
        """Page by page, where more ended than one request takes in: after a weekend, say."""
        experiments = self.source.experiments()
        if self.watched_experiments is not None and self.watched_experiments.follow(experiments):
            wanted = self.subscriptions.watches()
        self._prime(experiments)
        ids = self._coverage.of([each.watching for each in wanted], experiments)
        oldest = min(each.since for each in wanted) - CLOCK_SKEW_MS
        total = PollResult(is_ours=True)
        for _ in range(_PAGES):
            found = self._look(ids, oldest, now)
            if not found.is_ours:
                return found if not total.fresh else total
            fresh, changed, announced = total.fresh + found.fresh, total.changed + found.changed, found.announced
            total = replace(found, fresh=fresh, changed=changed, announced=total.announced + announced)
            if not found.has_more:
                return total
        log.warning("more runs ended than one look takes in; the next one goes on", extra={"looked_at": total.fresh})
        return total

    def _look(self, ids: Sequence[str], oldest: int, now: int) -> PollResult:
        cursor = self.outbox.cursor(now)
        is_long = not self._is_behind and (self._looks >= LONG_AFTER - 1 or now - self._long_at >= LONG_WITHIN)
        floor = max(cursor.at - (CLOCK_SKEW_MS if is_long else BRIEF), oldest)
        ended = self.source.ended_after(floor, experiment_ids=ids, limit=MOST) if ids else Part()
        is_around = self._arounds >= AROUND_AFTER - 1 or now - self._around_at >= AROUND_WITHIN
        others = (
            self._look_around(ids, max(cursor.at - CLOCK_SKEW_MS, oldest), now) if ids and is_around else _OtherRuns()
        )
        found = self._keep(ended, others, cursor, floor, now)
        self._arounds, self._around_at = (0, now) if is_around else (self._arounds + 1, self._around_at)
        if found.is_ours:
            self._is_behind = found.has_more
            self._looks, self._long_at = (0, now) if is_long else (self._looks + 1, self._long_at)
        return found

    def _look_around(self, ids: Sequence[str], begun_after: int, now: int) -> "_OtherRuns":
        """What MLflow cannot be asked for by when it ended: that is found by having been seen to run, or to begin."""
        running = self.source.running(experiment_ids=ids, limit=RUNNING)
        known = self.outbox.going_on()
        left = sorted(known.keys() - {run.run_id for run in running})
        found = {run.run_id: run for run in (self.source.these(left) if left else ())}
        over = [run for run in found.values() if run.is_over and not run.deleted]
        # Deleted, of an experiment that nobody watches any more, or older than those that are looked at.
        gone = [run_id for run_id in left if run_id not in found or found[run_id].deleted]
        others = [run for run in found.values() if not run.is_over]
        gone += [run.run_id for run in others if run.experiment.experiment_id not in ids or len(running) >= RUNNING]
        if gone:
            self.outbox.lose_sight(gone)
        ends: dict[str, RunEnd] = {}
        seen = self.outbox.ends([run.run_id for run in running]) if running else {}
        for run in running:
            before = seen.get(run.run_id)
            going = resumed((before.status, before.ended_at) if before else None, run, now)
            if before is None or going != (before.status, before.ended_at):
                ends[run.run_id] = RunEnd(*going, before.fingerprint if before else "")
        undated = self.source.undated(begun_after, experiment_ids=ids, limit=UNDATED)
        return _OtherRuns((*over, *undated), ends)

    def _keep(self, ended: Part, others: "_OtherRuns", cursor: Cursor, floor: int, now: int) -> PollResult:
        dated = ended.runs
        runs = [*dated, *others.over]
        known = self.outbox.ends([run.run_id for run in runs]) if runs else {}
        seen = SeenRuns(cursor.at, {run_id: (end.status, end.ended_at) for run_id, end in known.items()})
        step_ = diff_runs(seen, runs, now, cursor.at - floor)
        wanted: tuple[Subscription, ...] = ()
        if step_.fresh:
            # Read again: whoever began to watch while MLflow was asked began after these had ended, or is in here.
            wanted = self._by_now()
        standing = self._standing(now) if step_.fresh else []
        announcements: Sequence[WantedMessage] = ()
        if step_.fresh:
            fresh = [_noticed(run, floor, now) for run in step_.fresh]
            again = {run.run_id for run in step_.again}
            announcements = group_runs(wanted, fresh, standing, now=now, handful=self.handful, again=again)
        ends = dict(others.ends)
        ends |= {run.run_id: RunEnd(*as_seen(run, now), fingerprint_of(run)) for run in (*step_.fresh, *step_.changed)}
        at, has_more = step_.seen.cursor, bool(dated) and ended.is_cut
        if has_more:  # these are the first that ended: what is looked at next begins with the last of them
            at = min(max(cursor.at, BRIEF + max(run.ended_at or 0 for run in dated)), at)
        if not self.outbox.record(cursor, at, ends, announcements, now):
            return PollResult()
        if announcements:
            log.info("runs ended", extra={"runs": len(step_.fresh), "messages": len(announcements)})
        found = PollResult(is_ours=True, fresh=len(step_.fresh), changed=len(step_.changed), has_more=has_more)
        return replace(found, announced=len(announcements))

    def _standing(self, now: int) -> list[OpenMessage]:
        """What waits or was just told of, and sweeps for as long as they go on."""
        recent = self.outbox.standing(now - BURST)
        known = {each.key for each in recent}
        sweeps = [each for each in self.outbox.unfinished([MessageKind.SWEEP], now) if each.key not in known]
        return [*recent, *map(_as_standing, sweeps)]

    def _by_now(self) -> tuple[Subscription, ...]:
        """Watches by now: one whose past is not known yet hears only of what ended after it began, by any clock."""
        known = self.subscriptions.watches()
        unprimed = {each.id for each in self.subscriptions.unprimed()}
        return tuple(replace(each, since=each.since + CLOCK_SKEW_MS) if each.id in unprimed else each for each in known)

    def _prime(self, experiments: Sequence[Experiment]) -> None:
        """Asks what was over when watches began that could not be asked then."""
        unprimed = self.subscriptions.unprimed()
        if not unprimed:
            return
        ids = covered([each.watching for each in unprimed], experiments)
        floor = min(each.since for each in unprimed) - CLOCK_SKEW_MS
        ended = [*self.source.ended_after(floor, experiment_ids=ids, limit=MOST).runs] if ids else []
        ended += self.source.undated(floor, experiment_ids=ids, limit=UNDATED) if ids else []
        for each in unprimed:
            self.subscriptions.prime(each.id, [run.run_id for run in ended if _is_past(each, run)])


def _noticed(run: Run, floor: int, now: int) -> Run:
    """The run as having ended now, where it tells no end, or one at which it was still seen to run."""
    return run if run.ended_at is not None and run.ended_at > floor else replace(run, ended_at=now)


def _as_standing(sweep: OutboxMessage) -> OpenMessage:
    return OpenMessage(
        sweep.key,
        sweep.kind,
        sweep.workspace,
        sweep.channel,
        sweep.experiment_ids,
        sweep.joined_at,
        since=sweep.created_at,
    )


def _is_past(subscription: Subscription, run: Run) -> bool:
    is_over = subscription.since - CLOCK_SKEW_MS < run.over_at <= subscription.since
    return is_over and is_watched(subscription.watching, run.experiment)
