"""Names that are nearly right."""

import difflib
import re
from collections.abc import Iterable

NEAR = 5


def near(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names most like this one; then those that hold it or are held by it."""
    wanted = name.casefold()
    known = list(dict.fromkeys(each for each in names if each))
    holding = [each for each in known if len(wanted) > 1 and (wanted in each.casefold() or each.casefold() in wanted)]
    spelt: dict[str, str] = {}
    for each in known:
        spelt.setdefault(each.casefold()[:200], each)
    alike = difflib.get_close_matches(wanted[:200], spelt, n=NEAR, cutoff=0.55)
    return tuple(dict.fromkeys([*(spelt[each] for each in alike), *holding]))[:NEAR]


def folded(name: str) -> str:
    """How a metric is looked up, however it is typed: `F1 score` is `f1_score`."""
    return re.sub(r"[\s_-]+", "_", name.casefold())
