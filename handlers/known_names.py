"""Words read by the names that MLflow has: those that fill the lists of dialogs; what they lack is looked up once."""

from collections.abc import Callable

from comparison.judgement.goals import goal_of
from comparison.language.draft import Guess, LeftOver
from comparison.language.names import Kind, Names
from comparison.language.parser import Interpretation
from comparison.request import Request
from comparison.runs import Goal, Run
from comparison.tracking.source import RunSource
from handlers.lookup_cache import LookupCache

WITHIN = 1.0  # seconds for all lookups of names; what is not there by then is not known
MOST = 4  # words of a request that are looked up


def read_with_names(
    read: Callable[[Names], Interpretation | None], shelf: LookupCache, source: RunSource, within: float = WITHIN
) -> Request | None:
    """The request that is read by the names that are known. Raises NotUnderstood."""
    more: tuple[Run, ...] = ()
    for is_last in (*[False] * MOST, True):
        names = shelf.names(source, within, more=more)
        try:
            reading = read(names)
            wanted = [each.text for each in reading.guesses if _may_be_person(each)] if reading else []
            found = () if is_last or not wanted else shelf.called(source, wanted[:MOST], within)
        except LeftOver as error:
            spot = error.text[error.at or 0 : error.end]
            found = () if is_last or not spot else shelf.called(source, [spot], within)
            if not {run.run_id for run in found} - {run.run_id for run in more}:
                raise
        if not {run.run_id for run in found} - {run.run_id for run in more}:
            break
        more += found
    return reading.request if reading else None


def example_name(kind: Kind, shelf: LookupCache, source: RunSource) -> str:
    """A name of this kind that is there, for a line to copy; "" where none is known."""
    known = shelf.names(source, WITHIN).all(kind)
    return next((name for name in known if name.isascii() and " " not in name), next(iter(known), ""))


def _may_be_person(guess: Guess) -> bool:
    """Whether it may be somebody whose runs are old, where it was taken for a metric or for nobody known."""
    return guess.kind is Kind.USER or (guess.kind is Kind.METRIC and goal_of(guess.text) is Goal.UNKNOWN)
