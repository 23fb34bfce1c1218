"""When something may be said where: Slack takes a message a second in a channel, and so many edits a minute of an app.

Turns are counted in the database, so that all processes together keep to what Slack takes, whatever each is busy with.
"""

from typing import Protocol

POSTS = 1_100  # ms between two messages in one channel, as they leave us
EDITS = 1_250  # ms between two edits in one workspace, once many wait
EDITS_AT_ONCE = 15  # after a calm time
LONGEST = 10 * 60_000  # ms ahead; what is further was written by a clock that was wrong


class Turns(Protocol):
    """Shared by all processes. Every method is one transaction; all raise what the database raises. Times are ms."""

    def wait(self, place: str, now: int) -> int:
        """How long until this place is free; nothing is taken."""
        ...

    def take(self, place: str, now: int, apart: int, at_once: int = 0) -> int:
        """How long to wait for a turn that is from then on ours: `apart` after the one before.

        After a calm time so many more are given `at_once`.
        """
        ...

    def hold(self, place: str, until: int) -> None:
        """Slack said to wait: no turn that is given from now on is before."""
        ...


def channel_of(workspace: str, channel: str) -> str:
    return f"{workspace}:{channel}"


def edits_of(workspace: str) -> str:
    return f"{workspace}:edits"
