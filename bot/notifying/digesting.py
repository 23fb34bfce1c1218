"""Digests that are due: each once a local day, on the minute, however many processes look."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.notifying.outbox import Outbox
from bot.notifying.subscribing import Subscriptions
from comparison.watching.announcement import Announcement, Kind
from comparison.watching.hours import due

log = logging.getLogger(__name__)

MINUTE = 60.0  # seconds: times of day have no seconds


@dataclass
class Digester:
    """Called each minute; `now` is aware. Raises what the database raises."""

    outbox: Outbox
    subscriptions: Subscriptions
    now: Callable[[], datetime]
    _told: dict[str, str] = field(init=False, default_factory=dict)  # the last day handed on, by digest

    def look(self) -> int:
        """How many are new."""
        now = self.now()
        planned = self.subscriptions.digests(int(now.timestamp() * 1000))
        wanted: dict[str, Announcement] = {}
        for each in planned:
            day = due(each.digest.hours, datetime.fromtimestamp(each.since / 1000, UTC), now)
            if day is None or self._told.get(each.kept.id) == day.isoformat():
                continue
            key = f"{Kind.DIGEST.value}:{each.kept.id}:{day.isoformat()}"
            wanted[each.kept.id] = Announcement(
                key,
                Kind.DIGEST,
                each.kept.workspace,
                each.kept.channel,
                watch_ids=(each.kept.id,),
                about=day.isoformat(),
            )
        count = self.outbox.announce(list(wanted.values()), int(now.timestamp() * 1000)) if wanted else 0
        known = {each.kept.id for each in planned}
        self._told = {key: day for key, day in self._told.items() if key in known}
        self._told |= {key: each.about for key, each in wanted.items()}
        if count:
            log.info("digests are due", extra={"count": count})
        return count

    def until_next(self) -> float:
        """Seconds to the next full minute, and a hair."""
        return MINUTE - self.now().timestamp() % MINUTE + 0.01
