"""What a person asked that cannot be answered: the problem, the spot, and what to type instead."""

from dataclasses import dataclass

from comparison.runs import Run


@dataclass
class RequestError(Exception):
    """A request that cannot be answered, for a reason the person can mend.

    `text` is what was said, `at` the offset of the spot in it (None: no one spot) and `end` where the spot ends (None:
    unknown), `near` the nearest names, `remedy` one sentence on what to do, `example` one line that can be typed as it
    stands, `choices` the runs of which one has to be meant, newest first.
    """

    problem: str
    remedy: str = ""
    example: str = ""
    near: tuple[str, ...] = ()
    text: str = ""
    at: int | None = None
    end: int | None = None
    choices: tuple[Run, ...] = ()
    metrics: tuple[str, ...] = ()  # that the request names, to tell the choices apart by
    lines: tuple[str, ...] = ()  # for each near name the request with it in place, where that was found to work

    def __str__(self) -> str:
        return " ".join(part for part in (self.problem, self.remedy) if part)


class NotUnderstood(RequestError):  # noqa: N818 -- named for what happened; all are RequestErrors
    """The words are not a request."""


@dataclass
class RunNotFound(RequestError):  # noqa: N818
    """No run is called so.

    `seen` are runs that were looked through for near names, `place` is the experiment that was named, and `elsewhere`
    are runs of that very name in others.
    """

    seen: tuple[Run, ...] = ()
    place: str = ""
    elsewhere: tuple[Run, ...] = ()


class Ambiguous(RequestError):  # noqa: N818
    """Several runs are meant and none can be preferred: an id prefix, or a name where people are asked."""


class ExperimentNotFound(RequestError):  # noqa: N818
    """No experiment is called so."""


@dataclass
class TrackingUnavailable(RequestError):  # noqa: N818
    """MLflow is down, slow, denying or not MLflow; `problem` says which.

    `outline` is the problem without where the server is and what it said, for those who need not know; "": the same.
    """

    outline: str = ""


class FilterRefused(RequestError):  # noqa: N818
    """MLflow does not take the filter; `problem` has its reason in plain words."""


def spot_in(text: str, name: str, *, first: bool = False) -> tuple[int | None, int | None]:
    """Where a name stands in what was said, the last time or the `first`; None and None where it does not."""
    start = (text.find(name) if first else text.rfind(name)) if name else -1
    return (start, start + len(name)) if start >= 0 else (None, None)
