"""One try of a delivery; a delivery is a chain of them, the first of which stays as long as the chain goes on."""

from dataclasses import dataclass
from typing import Protocol

from bot.notifying.library import Job

_PREFIX = "deliver:"
_MARK = "#"


class Deliver(Protocol):
    def __call__(self, message_id: str, revision: int, /) -> float | None:
        """Works on a message. Seconds to wait before it is called again; None: nothing is left to do."""
        ...


class GiveUp(Protocol):
    def __call__(self, message_id: str, revision: int, why: str, /) -> None:
        """A delivery failed too often by a fault of ours."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One try of a delivery. `failures`: how many before it ended in an error nobody expected."""

    message_id: str
    revision: int
    channel: str
    number: int = 0
    failures: int = 0

    @property
    def workflow_id(self) -> str:
        first = f"{_PREFIX}{self.message_id}:{self.revision}"
        return f"{first}{_MARK}{self.number}" if self.number else first

    def job(self, delay: float = 0.0) -> Job:
        arguments = (self.message_id, self.revision, self.channel, self.number, self.failures)
        return Job(self.workflow_id, self.channel, arguments, delay)


def first_of(workflow_id: str) -> str:
    """The id of the first turn of the same chain."""
    first, mark, number = workflow_id.rpartition(_MARK)
    return first if mark and number.isdecimal() else workflow_id
