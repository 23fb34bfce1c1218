"""Quiet hours of some of a message's watches, while others of its channel are not quiet.

Which watch wants a run is known for sure only when the message is composed: one that is not quiet may turn out not to
want it. What only quiet ones want then waits until their quiet is over.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.notifying.outbox import ON_RUNS, Message
from comparison.watching.hours import resumes
from handlers.watched import meaning
from handlers.watches import Watches


def asleep(row: Message, watches: Watches, now: int) -> Mapping[str, int]:
    """When (ms) the quiet of those of its watches ends that are quiet now; nothing where all are, or it stands."""
    if row.ts or row.kind not in ON_RUNS or len(row.watch_ids) == 1:
        return {}
    moment = datetime.fromtimestamp(now / 1000, UTC)
    kept = {each: found for each in row.watch_ids if (found := watches.get(each)) is not None}
    known = {each: watching for each, found in kept.items() if (watching := meaning(found)) is not None}
    ends = {each: end for each, found in known.items() if (end := resumes(found.quiet, moment)) is not None}
    return {} if len(ends) == len(known) else {each: round(end.timestamp() * 1000) for each, end in ends.items()}
