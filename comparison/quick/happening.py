"""What happened since a moment and what runs now: one question each, no more runs than can be told.

A server needs 1 to 2 ms for each run it returns, so that the limits are what makes an answer quick.
"""

from comparison.quick.place import Place
from comparison.runs import Run, Status
from comparison.source import RunSource

FINISHED = 300
FAILED = 100
RUNNING = 100
ENDED_ILL = (Status.FAILED, Status.KILLED, Status.UNKNOWN)


def finished_since(ms: int, place: Place, source: RunSource) -> list[Run]:
    """Runs that finished well, the last first; as many as FINISHED means that there may be more."""
    where = f"attributes.status = 'FINISHED' AND attributes.end_time > {ms}"
    return source.ended(where, experiment_ids=place.ids, limit=FINISHED)


def failed_since(ms: int, place: Place, source: RunSource) -> list[Run]:
    """Runs that failed or were killed, the last first; as many as FAILED means that there may be more."""
    where = f"attributes.status != 'FINISHED' AND attributes.end_time > {ms}"
    return source.ended(where, experiment_ids=place.ids, limit=FAILED)


def running_now(place: Place, source: RunSource) -> list[Run]:
    """Runs that are said to run, the newest first; as many as RUNNING means that there may be more."""
    return source.search("attributes.status = 'RUNNING'", experiment_ids=place.ids, limit=RUNNING)
