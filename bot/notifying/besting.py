"""A new best, said aloud where a watch asks for it: once, however it became known."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.notifying.means import Means
from bot.notifying.outbox import Message, id_of
from comparison.watching.announcement import Announcement, Kind
from comparison.watching.watch import Watching


@dataclass
class Bests:
    means: Means
    watching: Callable[[str], Watching | None]

    def say_aloud(self, row: Message, run_id: str) -> None:
        """One that an edit brought, which nobody is notified of. A later message on the run says it by itself."""
        here = (row.workspace, row.channel)
        others = [each for each in self.means.outbox.on_run(run_id) if (each.workspace, each.channel) == here]
        if any(each.kind is Kind.RUN and each.created_at > row.created_at for each in others):
            return
        best = self._best(row, run_id)
        if best and self.means.outbox.announce([best], self.means.now()):
            self.means.wake()

    def is_said(self, row: Message, run_id: str) -> None:
        """One that the post itself told of: no later edit says it aloud again."""
        best = self._best(row, run_id)
        if best and self.means.outbox.announce([best], self.means.now()):
            self.means.outbox.drop(id_of(best.key), 1, "The message on it said so at once")

    def _best(self, row: Message, run_id: str) -> Announcement | None:
        asking = [each for each in row.watch_ids if (known := self.watching(each)) and known.broadcasts]
        if not asking or row.kind is Kind.BEST:
            return None
        key = f"best:{row.workspace}:{row.channel}:{run_id}"
        return Announcement(
            key, Kind.BEST, row.workspace, row.channel, (run_id,), tuple(asking), experiment_ids=row.experiment_ids
        )
