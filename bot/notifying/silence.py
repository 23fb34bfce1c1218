"""Runs that say they run and have said nothing for long: reported once, and once more when they are back."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.notifying.outbox import Message, Outbox
from bot.notifying.subscribing import Coverage, Subscriptions
from comparison.quick.liveness import SILENT, silences
from comparison.quick.resumption import renewed
from comparison.runs import Run, Status
from comparison.source import RunSource
from comparison.watching.announcement import Announcement, Kind
from comparison.watching.fitting import fits, is_watched
from comparison.watching.watch import Only, Subscription, Watching

OLDEST = 7 * 24 * 3_600_000  # ms of silence after which it is no news any more
MOST = 1_000  # runs that still run
MOST_READ = 64  # runs that seem dead, the last to be heard of, whose histories are read
_BESIDE = 300  # runs that ended, to tell how long one without metrics may take
_TOLD = frozenset({None, Only.FAILURES})  # a watch for better runs only has nothing to hear of a dead one


@dataclass
class Silence:
    """Called every few minutes by one process; `now` is in ms. Raises what MLflow and the database raise."""

    outbox: Outbox
    subscriptions: Subscriptions
    source: RunSource
    now: Callable[[], int]
    _coverage: Coverage = field(init=False, default_factory=Coverage)

    def look(self) -> int:
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

    def _silent(self, asked: Sequence[Run], now: int) -> tuple[Sequence[Run], list[Run]]:
        """All as they logged last, whatever their steps are, and those of them that seem dead."""
        running = renewed(asked, self.source, now, most=MOST_READ, oldest=OLDEST)
        others: Sequence[Run] = ()
        quiet = silences(running, others, now)
        bare = {run.experiment.experiment_id for run in running if run.run_id in quiet and not run.metrics}
        if bare:  # how long others took tells whether it may yet log all at its end
            others = self.source.ended(experiment_ids=sorted(bare), limit=_BESIDE)
            quiet = silences(running, others, now)
        return running, [run for run in running if quiet.get(run.run_id, OLDEST) < OLDEST]

    def _dead(
        self, watches: Sequence[Subscription], running: Sequence[Run], silent: Sequence[Run]
    ) -> Iterator[Announcement]:
        wanting: dict[tuple[str, str, str], list[str]] = {}
        was_dead: dict[int, Collection[str]] = {}
        for run in silent:
            for each in watches:
                if not _wants(each.watching, run):
                    continue
                if each.since - run.heard_at > SILENT:  # silent before the watch began; perhaps not for long enough
                    if each.since not in was_dead:
                        was_dead[each.since] = silences(running, (), each.since)
                    if run.run_id in was_dead[each.since]:
                        continue
                wanting.setdefault((each.workspace, each.channel, run.run_id), []).append(each.id)
        known = {run.run_id: run for run in silent}
        for (workspace, channel, run_id), watch_ids in wanting.items():
            run, heard = known[run_id], str(known[run_id].heard_at)
            key = f"{Kind.DEAD.value}:{workspace}:{channel}:{run_id}:{heard}"
            experiments = (run.experiment.experiment_id,)
            yield Announcement(
                key, Kind.DEAD, workspace, channel, (run_id,), tuple(watch_ids), experiments, about=heard
            )

    def _back(self, running: Sequence[Run], silent: Sequence[Run]) -> tuple[list[Announcement], list[str]]:
        """What to say of those announced that log again or ended, and the messages on them that are over by that.

        Where their end is told by itself, nothing more is said.
        """
        standing = [each for each in self.outbox.unfinished([Kind.DEAD], self.now() + 1) if each.run_ids]
        runs = {run.run_id: run for run in running}
        asked = sorted({each.run_ids[0] for each in standing} - runs.keys())
        ended = self.source.these(asked) if asked else []
        runs |= {run.run_id: run for run in renewed(ended, self.source, self.now())}
        dead = {run.run_id for run in silent}
        said: list[Announcement] = []
        over: list[str] = []
        for message in standing:
            run = runs.get(message.run_ids[0])
            if run is not None and run.status is Status.RUNNING and str(run.heard_at) == message.about:
                continue
            over.append(message.id)
            if run is not None and run.run_id not in dead and not run.deleted and not self._end_is_told(message, run):
                said.append(_back(message))
        return said, over

    def _end_is_told(self, message: Message, run: Run) -> bool:
        """Whether its channel hears of the end of the run anyway."""
        if run.status is Status.RUNNING:
            return False
        watchings = filter(None, map(self.subscriptions.watching, message.watch_ids))
        return any(fits(each, run) for each in watchings)


def _back(message: Message) -> Announcement:
    return Announcement(
        message.key.replace(Kind.DEAD.value, Kind.BACK.value, 1),
        Kind.BACK,
        message.workspace,
        message.channel,
        message.run_ids,
        message.watch_ids,
        message.experiment_ids,
        about=message.about,
    )


def _hears(watching: Watching) -> bool:
    return watching.only in _TOLD and not watching.rules


def _wants(watching: Watching, run: Run) -> bool:
    return is_watched(watching, run.experiment) and fits(replace(watching, only=None), run)
