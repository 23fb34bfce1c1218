"""What was said and is not answered yet, kept where it outlives the process that heard it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from handlers.said import Said


class Stage(StrEnum):
    """How far an answer has come. Between the last two and the end nobody can be sure that it was told."""

    ASKED = "asked"
    TELLING = "telling"  # all who are there
    CONFIDING = "confiding"  # the asker alone


@dataclass(frozen=True, slots=True)
class Left:
    """What another process left unanswered when it ended. `working_ts`: what it had shown while working."""

    key: str
    said: Said
    stage: Stage = Stage.ASKED
    working_ts: str = ""
    asked_at: int = 0  # seconds since the epoch
    told_at: int = 0  # when telling began; 0: it has not
    times: int = 1  # how often it was left


class Inbox(Protocol):
    """Never raises, and holds nobody up: without a database people are answered as they were before there was one."""

    def put(self, key: str, said: Said) -> bool:
        """Kept from now on. False when it is being answered already, or was: then there is nothing to do."""
        ...

    def show(self, key: str, ts: str) -> None:
        """Where the message stands that was shown while working."""
        ...

    def begin_telling(self, key: str, stage: Stage) -> bool:
        """Just before the first post of the answer. False when another process answers by now: then do not tell."""
        ...

    def done(self, key: str) -> None:
        """Answered, or not taken: no longer kept."""
        ...


class Unkept:
    """Keeps nothing."""

    def put(self, key: str, said: Said) -> bool:  # noqa: ARG002 -- the protocol's
        return True

    def show(self, key: str, ts: str) -> None: ...

    def begin_telling(self, key: str, stage: Stage) -> bool:  # noqa: ARG002 -- the protocol's
        return True

    def done(self, key: str) -> None: ...
