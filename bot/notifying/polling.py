"""Looking for runs that ended: one request to MLflow for all watches, one transaction for all that it found."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bot.notifying.outbox import Cursor, End, Message, Outbox
from bot.notifying.pace import Pace
from bot.notifying.subscribing import Coverage, Subscriptions, covered
from bot.probing import describe
from comparison.errors import RequestError
from comparison.runs import Experiment, Run
from comparison.source import RunSource
from comparison.watching.announcement import Kind, Standing
from comparison.watching.fitting import covers
from comparison.watching.look import look_of
from comparison.watching.planning import BURST, HANDFUL, plan
from comparison.watching.stepping import OVERLAP, Seen, step
from comparison.watching.watch import Subscription

log = logging.getLogger(__name__)

BRIEF = 90_000  # ms that most looks go back: the clocks of most machines are right
LONG_AFTER = 8  # looks, of which one goes back as far as clocks may be off
LONG_WITHIN = 5 * 60_000  # ms, likewise
MOST = 5_000  # runs of one request
_PAGES = 20  # requests of one look at most; the next look goes on from there
_SLOW = 5.0  # seconds, or half the interval where that is longer


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a look. Not `is_ours`: another process looks. A `problem` is MLflow's."""

    is_ours: bool = False
    fresh: int = 0
    changed: int = 0
    announced: int = 0
    has_more: bool = False
    problem: str = ""


@dataclass
class Poller:
    """One look after another, by one thread. `now` is in ms since the epoch, `clock` counts seconds."""

    outbox: Outbox
    subscriptions: Subscriptions
    source: RunSource
    pace: Pace
    now: Callable[[], int]
    clock: Callable[[], float]
    handful: int = HANDFUL
    _coverage: Coverage = field(init=False, default_factory=Coverage)
    _looks: int = field(init=False, default=LONG_AFTER)  # since the last long one
    _long_at: int = field(init=False, default=0)
    _is_behind: bool = field(init=False, default=False)  # more ended than the last request took in

    def poll(self) -> Found:
        """Raises what the database raises; what MLflow raises makes the next look later."""
        now = self.now()
        if not self.outbox.claim_poll(now, int(self.pace.interval * 1000)):
            return Found()
        wanted = self.subscriptions.watches()
        if not wanted:
            self.pace.hit()
            self.outbox.record(self.outbox.cursor(now), now, {}, (), now)  # who resumes later does not hear of today
            return Found(is_ours=True)
        began = self.clock()
        try:
            found = self._look_on(wanted, now)
        except RequestError as error:
            self.pace.miss(describe(error))
            return Found(is_ours=True, problem=error.problem)
        self._keep_pace(self.clock() - began)
        return found

    def _keep_pace(self, took: float) -> None:
        if took > max(_SLOW, self.pace.interval / 2):
            self.pace.drag(f"MLflow is slow, the last look took {took:.1f} s")
        else:
            self.pace.hit()

    def _look_on(self, wanted: Sequence[Subscription], now: int) -> Found:
        """Page by page, where more ended than one request takes in: after a weekend, say."""
        experiments = self.source.experiments()
        self._prime(experiments)
        ids = self._coverage.of([each.watching for each in wanted], experiments)
        oldest = min(each.since for each in wanted) - OVERLAP
        total = Found(is_ours=True)
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

    def _look(self, ids: Sequence[str], oldest: int, now: int) -> Found:
        cursor = self.outbox.cursor(now)
        is_long = not self._is_behind and (self._looks >= LONG_AFTER - 1 or now - self._long_at >= LONG_WITHIN)
        floor = max(cursor.at - (OVERLAP if is_long else BRIEF), oldest)
        runs = self.source.ended_after(floor, experiment_ids=ids, limit=MOST) if ids else []
        found = self._keep(runs, cursor, floor, now)
        if found.is_ours:
            self._is_behind = found.has_more
            self._looks, self._long_at = (0, now) if is_long else (self._looks + 1, self._long_at)
        return found

    def _keep(self, runs: Sequence[Run], cursor: Cursor, floor: int, now: int) -> Found:
        known = self.outbox.ends([run.run_id for run in runs]) if runs else {}
        seen = Seen(cursor.at, {run_id: (end.status, end.ended_at) for run_id, end in known.items()})
        step_ = step(seen, runs, now, cursor.at - floor)
        wanted: tuple[Subscription, ...] = ()
        if step_.fresh:
            # Read again: whoever began to watch while MLflow was asked began after these had ended, or is in here.
            wanted = self._by_now()
        standing = self._standing(now) if step_.fresh else []
        announcements = plan(wanted, step_.fresh, standing, now=now, handful=self.handful) if step_.fresh else ()
        ends = {
            run.run_id: End(run.status.value, run.ended_at or 0, look_of(run)) for run in (*step_.fresh, *step_.changed)
        }
        at, has_more = step_.seen.cursor, len(runs) >= MOST
        if has_more:  # these are the first that ended: what is looked at next begins with the last of them
            at = min(max(cursor.at, BRIEF + max(run.ended_at or 0 for run in runs)), at)
        if not self.outbox.record(cursor, at, ends, announcements, now):
            return Found()
        if announcements:
            log.info("runs ended", extra={"runs": len(step_.fresh), "messages": len(announcements)})
        found = Found(is_ours=True, fresh=len(step_.fresh), changed=len(step_.changed), has_more=has_more)
        return replace(found, announced=len(announcements))

    def _standing(self, now: int) -> list[Standing]:
        """What waits or was just told of, and sweeps for as long as they go on."""
        recent = self.outbox.standing(now - BURST)
        known = {each.key for each in recent}
        sweeps = [each for each in self.outbox.unfinished([Kind.SWEEP], now) if each.key not in known]
        return [*recent, *map(_as_standing, sweeps)]

    def _by_now(self) -> tuple[Subscription, ...]:
        """One whose past is not known yet hears only of what ended after it began, by any clock."""
        known = self.subscriptions.watches()
        unprimed = {each.id for each in self.subscriptions.unprimed()}
        return tuple(replace(each, since=each.since + OVERLAP) if each.id in unprimed else each for each in known)

    def _prime(self, experiments: Sequence[Experiment]) -> None:
        """Asks what was over when watches began that could not be asked then."""
        unprimed = self.subscriptions.unprimed()
        if not unprimed:
            return
        ids = covered([each.watching for each in unprimed], experiments)
        floor = min(each.since for each in unprimed) - OVERLAP
        ended = self.source.ended_after(floor, experiment_ids=ids, limit=MOST) if ids else []
        for each in unprimed:
            self.subscriptions.prime(each.id, [run.run_id for run in ended if _is_past(each, run)])


def _as_standing(sweep: Message) -> Standing:
    return Standing(
        sweep.key,
        sweep.kind,
        sweep.workspace,
        sweep.channel,
        sweep.experiment_ids,
        sweep.joined_at,
        since=sweep.created_at,
    )


def _is_past(subscription: Subscription, run: Run) -> bool:
    is_over = subscription.since - OVERLAP < (run.ended_at or 0) <= subscription.since
    return is_over and covers(subscription.watching, run.experiment.name)
