"""Runs that were announced and change afterwards: metrics that come late, a tag, a registered model, a new status."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bot.notifying.outbox import GONE, ON_RUNS, End, Message, Outbox
from comparison.runs import Run
from comparison.source import ModelVersion, RunSource
from comparison.watching.announcement import Kind
from comparison.watching.look import look_of
from comparison.watching.planning import BURST
from comparison.watching.stepping import as_seen, resumed

YOUNG = 15 * 60_000  # ms that a message is looked at each time
OLD = 24 * 3_600_000  # ms that it is looked at now and then
SELDOM = 10 * 60_000  # ms between two looks at the older ones
CHUNK = 400  # runs of one request


@dataclass
class Rechecker:
    """Called once a minute by one process; `now` is in ms. Raises what MLflow and the database raise."""

    outbox: Outbox
    source: RunSource
    now: Callable[[], int]
    _seldom_at: int = field(init=False, default=0)

    def look(self) -> int:
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
        over = [each.id for each in self.outbox.unfinished([Kind.BURST], now - BURST)]
        standing = self.outbox.unfinished([Kind.SWEEP], now)
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
        changed: dict[str, End] = {}
        for run in runs:
            look = look_of(run, by_run.get(run.run_id, ()))
            before = known.get(run.run_id)
            if before is None or before.look != look:
                was = (before.status, before.ended_at) if before else None
                told = as_seen(run, before.ended_at if before and before.ended_at else now)
                changed[run.run_id] = End(*(told if run.is_over else resumed(was, run, now)), look)
        return self.outbox.touch(changed, now) if changed else 0


def parent_of(message: Message) -> str:
    """The run whose children a sweep is: its key ends with it."""
    return message.key.rpartition(":")[2]


def _is_edited(message: Message) -> bool:
    return message.kind in ON_RUNS and message.drawn != GONE


def _is_over(parent: Run | None) -> bool:
    return parent is None or parent.deleted or parent.is_over


def _by_run(versions: Iterable[ModelVersion]) -> dict[str, list[ModelVersion]]:
    found: dict[str, list[ModelVersion]] = {}
    for each in versions:
        found.setdefault(each.run_id, []).append(each)
    return found
