"""What is to be said in a channel: which runs share one message, and what is already said or waits to be."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a message is about."""

    RUN = "run"  # one run that ended
    SWEEP = "sweep"  # the children of one parent
    BURST = "burst"  # many runs at once, or those of a quiet night
    DEAD = "dead"  # a run that seems dead
    BACK = "back"  # one that seemed dead and is not
    BEST = "best"  # a new best that an edit brought, where a watch asks for it
    DIGEST = "digest"  # a standup that comes by itself
    NOTICE = "notice"  # to the owner of a watch that was paused


@dataclass(frozen=True, slots=True)
class Announcement:
    """One message wanted in one channel. With the key of one that stands it adds its runs to it."""

    key: str  # `run:<workspace>:<channel>:<run id>`: one message a channel and run, whatever number of watches want it
    kind: Kind
    workspace: str
    channel: str
    run_ids: tuple[str, ...] = ()
    watch_ids: tuple[str, ...] = ()  # in the order in which they are asked whether they want it
    experiment_ids: tuple[str, ...] = ()
    not_before: int = 0  # ms since the epoch
    about: str = ""  # of a notice its words, of a digest its local day, of a dead run since when it is silent (ms)


@dataclass(frozen=True, slots=True)
class Standing:
    """A message that waits, or was posted and can still be added to."""

    key: str
    kind: Kind
    workspace: str
    channel: str
    experiment_ids: tuple[str, ...]
    last: int  # ms since the epoch: when a run joined it
    is_waiting: bool = False
    not_before: int = 0
    since: int = 0  # ms since the epoch: when it was wanted first; 0: it is not known
