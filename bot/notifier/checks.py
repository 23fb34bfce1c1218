"""Runs that were announced and change afterwards: metrics that come late, a tag, a registered model, a new status."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.notifier.outbox import GONE, ON_RUNS, Outbox, OutboxMessage, RunEnd
from bot.notifier.subscriptions import Coverage, Subscriptions
from comparison.liveness import MIN_SILENCE_MS, find_silent_runs, renewed
from comparison.notifications.grouping import BURST
from comparison.notifications.matching import is_watched, matches_run
from comparison.notifications.message import MessageKind, WantedMessage
from comparison.notifications.new_runs import as_seen, fingerprint_of, resumed
from comparison.runs import Run, Status
from comparison.tracking.source import ModelVersion, RunSource
from comparison.watch import OnlyRuns, Subscription, Watch, due_day

YOUNG = 15 * 60_000  # ms that a message is looked at each time
OLD = 24 * 3_600_000  # ms that it is looked at now and then
SELDOM = 10 * 60_000  # ms between two looks at the older ones
CHUNK = 400  # runs of one request


@dataclass
class PostedRunChecks:
    """Called once a minute by one process; `now` is in ms. Raises what MLflow and the database raise."""

    outbox: Outbox
    source: RunSource
    now: Callable[[], int]
    _seldom_at: int = field(init=False, default=0)

    def check(self) -> int:
        """How many messages are due anew. Nothing posted: no request."""
        now = self.now()
        is_seldom = now - self._seldom_at >= SELDOM
        messages = [each for each in self.outbox.posted(now - (OLD if is_seldom else YOUNG)) if _is_edited(each)]
        ids = list(dict.fromkeys(run_id for each in messages for run_id in each.run_ids))
        touched = sum(self._compare(ids[start : start + CHUNK], now) for start in range(0, len(ids), CHUNK))
        if is_seldom:
            self._seldom_at = now
        return touched

    def end(self) -> int:
        """Says of bursts that they are over, and of sweeps whose parent has ended or that are a day old; how many."""
        now = self.now()
        over = [each.id for each in self.outbox.unfinished([MessageKind.BURST], now - BURST)]
        standing = self.outbox.unfinished([MessageKind.SWEEP], now)
        over += [each.id for each in standing if each.joined_at < now - OLD]
        sweeps = {each.id: parent_of(each) for each in standing if each.joined_at >= now - OLD}
        if sweeps:
            parents = {run.run_id: run for run in self.source.these(sorted(set(sweeps.values())))}
            over += [message_id for message_id, parent in sweeps.items() if _is_over(parents.get(parent))]
        if over:
            self.outbox.finish(over)
        return len(over)

    def _compare(self, run_ids: Sequence[str], now: int) -> int:
        runs = self.source.these(run_ids)
        by_run = _by_run(self.source.versions_of(run_ids))
        known = self.outbox.ends(run_ids)
        changed: dict[str, RunEnd] = {}
        for run in runs:
            fingerprint = fingerprint_of(run, by_run.get(run.run_id, ()))
            before = known.get(run.run_id)
            if before is None or before.fingerprint != fingerprint:
                was = (before.status, before.ended_at) if before else None
                end = as_seen(run, before.ended_at if before and before.ended_at else now)
                changed[run.run_id] = RunEnd(*(end if run.is_over else resumed(was, run, now)), fingerprint)
        return self.outbox.touch(changed, now) if changed else 0


def parent_of(message: OutboxMessage) -> str:
    """The run whose children a sweep is: its key ends with it."""
    return message.key.rpartition(":")[2]


def _is_edited(message: OutboxMessage) -> bool:
    return message.kind in ON_RUNS and message.drawn != GONE


def _is_over(parent: Run | None) -> bool:
    return parent is None or parent.deleted or parent.is_over


def _by_run(versions: Iterable[ModelVersion]) -> dict[str, list[ModelVersion]]:
    found: dict[str, list[ModelVersion]] = {}
    for each in versions:
        found.setdefault(each.run_id, []).append(each)
    return found


# Runs that say they run and have said nothing for long: reported once, and once more when they are back.


OLDEST = 7 * 24 * 3_600_000  # ms of silence after which it is no news any more
MOST = 1_000  # runs that still run
MOST_READ = 64  # runs that seem dead, the last to be heard of, whose histories are read
_BESIDE = 300  # runs that ended, to tell how long one without metrics may take
_TOLD = frozenset({None, OnlyRuns.FAILURES})  # a watch for better runs only has nothing to hear of a dead one


@dataclass
class SilentRunChecks:
    """Called every few minutes by one process; `now` is in ms. Raises what MLflow and the database raise."""

    outbox: Outbox
    subscriptions: Subscriptions
    source: RunSource
    now: Callable[[], int]
    _coverage: Coverage = field(init=False, default_factory=Coverage)

    def check(self) -> int:
        """How many messages are new. One request, and another where a run without metrics may be dead."""
        now = self.now()
        watches = [each for each in self.subscriptions.watches() if _hears(each.watching)]
        ids = self._coverage.of([each.watching for each in watches], self.source.experiments()) if watches else ()
        running, silent = self._silent(self.source.running(experiment_ids=ids, limit=MOST) if ids else [], now)
        back, over = self._back(running, silent)
        found = [*self._dead(watches, running, silent), *back]
        count = self.outbox.announce(found, now) if found else 0
        if over:
            self.outbox.finish(over)
        return count

    def _silent(self, listed: Sequence[Run], now: int) -> tuple[Sequence[Run], list[Run]]:
        """All as they logged last, whatever their steps are, and those of them that seem dead."""
        running = renewed(listed, self.source, now, most=MOST_READ, oldest=OLDEST)
        others: Sequence[Run] = ()
        quiet = find_silent_runs(running, others, now)
        bare = {run.experiment.experiment_id for run in running if run.run_id in quiet and not run.metrics}
        if bare:  # how long others took tells whether it may yet log all at its end
            others = self.source.ended(experiment_ids=sorted(bare), limit=_BESIDE)
            quiet = find_silent_runs(running, others, now)
        return running, [run for run in running if quiet.get(run.run_id, OLDEST) < OLDEST]

    def _dead(
        self, watches: Sequence[Subscription], running: Sequence[Run], silent: Sequence[Run]
    ) -> Iterator[WantedMessage]:
        wanting: dict[tuple[str, str, str], list[str]] = {}
        was_dead: dict[int, Collection[str]] = {}
        for run in silent:
            for each in watches:
                if not _wants(each.watching, run):
                    continue
                if (
                    each.since - run.heard_at > MIN_SILENCE_MS
                ):  # silent before the watch began; perhaps not for long enough
                    if each.since not in was_dead:
                        was_dead[each.since] = find_silent_runs(running, (), each.since)
                    if run.run_id in was_dead[each.since]:
                        continue
                wanting.setdefault((each.workspace, each.channel, run.run_id), []).append(each.id)
        known = {run.run_id: run for run in silent}
        for (workspace, channel, run_id), watch_ids in wanting.items():
            run, heard = known[run_id], str(known[run_id].heard_at)
            key = f"{MessageKind.DEAD.value}:{workspace}:{channel}:{run_id}:{heard}"
            experiments = (run.experiment.experiment_id,)
            yield WantedMessage(
                key, MessageKind.DEAD, workspace, channel, (run_id,), tuple(watch_ids), experiments, about=heard
            )

    def _back(self, running: Sequence[Run], silent: Sequence[Run]) -> tuple[list[WantedMessage], list[str]]:
        """What to say of those announced that log again or ended, and the messages on them that are over by that.

        Where their end is told by itself, nothing more is said.
        """
        standing = [each for each in self.outbox.unfinished([MessageKind.DEAD], self.now() + 1) if each.run_ids]
        runs = {run.run_id: run for run in running}
        missing = sorted({each.run_ids[0] for each in standing} - runs.keys())
        ended = self.source.these(missing) if missing else []
        runs |= {run.run_id: run for run in renewed(ended, self.source, self.now())}
        dead = {run.run_id for run in silent}
        wanted: list[WantedMessage] = []
        over: list[str] = []
        for message in standing:
            run = runs.get(message.run_ids[0])
            if run is not None and run.status is Status.RUNNING and str(run.heard_at) == message.about:
                continue
            over.append(message.id)
            if run is not None and run.run_id not in dead and not run.deleted and not self._end_is_told(message, run):
                wanted.append(_back(message))
        return wanted, over

    def _end_is_told(self, message: OutboxMessage, run: Run) -> bool:
        """Whether its channel hears of the end of the run anyway."""
        if run.status is Status.RUNNING:
            return False
        watchings = filter(None, map(self.subscriptions.watching, message.watch_ids))
        return any(matches_run(each, run) for each in watchings)


def _back(message: OutboxMessage) -> WantedMessage:
    return WantedMessage(
        message.key.replace(MessageKind.DEAD.value, MessageKind.BACK.value, 1),
        MessageKind.BACK,
        message.workspace,
        message.channel,
        message.run_ids,
        message.watch_ids,
        message.experiment_ids,
        about=message.about,
    )


def _hears(watching: Watch) -> bool:
    return watching.only in _TOLD and not watching.rules


def _wants(watching: Watch, run: Run) -> bool:
    return is_watched(watching, run.experiment) and matches_run(replace(watching, only=None), run)


# Digests that are due: each once a local day, on the minute, however many processes look.


log = logging.getLogger(__name__)

MINUTE = 60.0  # seconds: times of day have no seconds


@dataclass
class DigestScheduler:
    """Called each minute; `now` is aware. Raises what the database raises."""

    outbox: Outbox
    subscriptions: Subscriptions
    now: Callable[[], datetime]
    _told: dict[str, str] = field(init=False, default_factory=dict)  # the last day handed on, by digest

    def check(self) -> int:
        """How many are new."""
        now = self.now()
        planned = self.subscriptions.digests(int(now.timestamp() * 1000))
        wanted: dict[str, WantedMessage] = {}
        for each in planned:
            day = due_day(each.digest.hours, datetime.fromtimestamp(each.since / 1000, UTC), now)
            if day is None or self._told.get(each.stored.id) == day.isoformat():
                continue
            key = f"{MessageKind.DIGEST.value}:{each.stored.id}:{day.isoformat()}"
            wanted[each.stored.id] = WantedMessage(
                key,
                MessageKind.DIGEST,
                each.stored.workspace,
                each.stored.channel,
                watch_ids=(each.stored.id,),
                about=day.isoformat(),
            )
        count = self.outbox.announce(list(wanted.values()), int(now.timestamp() * 1000)) if wanted else 0
        known = {each.stored.id for each in planned}
        self._told = {key: day for key, day in self._told.items() if key in known}
        self._told |= {key: each.about for key, each in wanted.items()}
        if count:
            log.info("digests are due", extra={"count": count})
        return count

    def until_next(self) -> float:
        """Seconds to the next full minute, and a hair."""
        return MINUTE - self.now().timestamp() % MINUTE + 0.01
