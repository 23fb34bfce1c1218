"""Questions asked again where the interpreter itself tripped over its threads.

Python 3.11 before 3.11.8 and 3.12 before 3.12.2 count the depth of every `ast.parse` in one place: of two at the same
moment one may raise SystemError (gh-106905). MLflow parses lists in filters so, and we parse values.
"""

from collections.abc import Callable
from typing import TypeVar

_Answer = TypeVar("_Answer")
_TRIES = 20


def again(ask: Callable[[], _Answer]) -> _Answer:
    """What `ask` returns, asked anew for each race it loses; it must do no harm twice."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except Exception as error:
            if not _is_lost_race(error):
                raise
    return ask()


def _is_lost_race(error: BaseException | None) -> bool:
    """MLflow wraps it in an error of its own."""
    while error is not None:
        if isinstance(error, SystemError):
            return True
        error = error.__cause__
    return False
