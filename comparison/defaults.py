"""What a channel has agreed on: where runs come from, what counts, which run is the baseline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from comparison.runs import Goal


@dataclass(frozen=True, slots=True)
class Defaults:
    """Empty: nothing is set. Each is used only where the request says nothing, and is shown where it was used."""

    experiment: str = ""  # a name
    metric: str = ""
    goals: Mapping[str, Goal] = field(default_factory=dict)
    pinned: str = ""  # a run id


EXPERIMENT, METRIC, GOAL, PINNED = "experiment", "metric", "goal", "pinned"
_PLACES = {EXPERIMENT: 0, METRIC: 1, GOAL: 2, PINNED: 3}
_GOALS = frozenset(Goal)


@dataclass(frozen=True, slots=True)
class Agreed:
    """One thing that a channel agreed on; an empty value: it was taken back."""

    what: str  # experiment (a name), metric, goal (higher, lower or unknown) or pinned (a run id)
    value: str = ""
    metric: str = ""  # of a goal
    by: str = ""  # a person's id
    at: int = 0  # seconds since the epoch

    @property
    def key(self) -> tuple[str, str]:
        """What is replaced when it is set again."""
        return self.what, self.metric


def in_order(kept: Iterable[Agreed]) -> list[Agreed]:
    """Those that are set, as they are listed."""
    known = [each for each in kept if each.value and each.what in _PLACES]
    return sorted(known, key=lambda each: (_PLACES[each.what], each.metric))


def as_defaults(kept: Iterable[Agreed]) -> Defaults:
    known = list(kept)
    plainly = {each.what: each.value for each in known if not each.metric}
    goals = {each.metric: Goal(each.value) for each in known if each.what == GOAL and each.value in _GOALS}
    return Defaults(plainly.get(EXPERIMENT, ""), plainly.get(METRIC, ""), goals, plainly.get(PINNED, ""))
