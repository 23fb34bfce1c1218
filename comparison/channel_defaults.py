"""What a channel has agreed on: where runs come from, what counts, which run is the baseline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from comparison.runs import Goal
from comparison.tolerance import read_tolerance


@dataclass(frozen=True, slots=True)
class ChannelDefaults:
    """Empty: nothing is set. Each is used only where the request says nothing, and is shown where it was used."""

    experiment: str = ""  # a name
    metric: str = ""
    goals: Mapping[str, Goal] = field(default_factory=dict)
    pinned: str = ""  # a run id
    tolerances: Mapping[str, float] = field(default_factory=dict)  # fractions of the baseline, by metric; "": all
    examples: bool | None = None  # whether single runs are compared example by example; None: the experiment says


EXPERIMENT, METRIC, GOAL, PINNED, TOLERANCE = "experiment", "metric", "goal", "pinned", "tolerance"
EXAMPLES, ON, OFF = "examples", "on", "off"
ACCESS, CHANGES = "access", "changes"  # what admins decide: experiments that may be seen, and who changes the rest
_PLACES = {EXPERIMENT: 0, METRIC: 1, GOAL: 2, TOLERANCE: 3, EXAMPLES: 4, PINNED: 5}
_GOALS = frozenset(Goal)


@dataclass(frozen=True, slots=True)
class ChannelSetting:
    """One thing that a channel agreed on; an empty value: it was taken back."""

    what: str  # experiment (a name), metric, goal (higher, lower or unknown), tolerance, examples or pinned (a run id)
    value: str = ""
    metric: str = ""  # of a goal, or of a tolerance that holds for one metric
    by: str = ""  # a person's id
    at: int = 0  # seconds since the epoch

    @property
    def key(self) -> tuple[str, str]:
        """What is replaced when it is set again."""
        return self.what, self.metric


def in_order(kept: Iterable[ChannelSetting]) -> list[ChannelSetting]:
    """Settings that are made, in the order of their list."""
    known = [each for each in kept if each.value and each.what in _PLACES]
    return sorted(known, key=lambda each: (_PLACES[each.what], each.metric))


def to_defaults(kept: Iterable[ChannelSetting]) -> ChannelDefaults:
    known = list(kept)
    plainly = {each.what: each.value for each in known if not each.metric}
    goals = {each.metric: Goal(each.value) for each in known if each.what == GOAL and each.value in _GOALS}
    tolerances = {each.metric: read_tolerance(each.value) for each in known if each.what == TOLERANCE}
    return ChannelDefaults(
        plainly.get(EXPERIMENT, ""),
        plainly.get(METRIC, ""),
        goals,
        plainly.get(PINNED, ""),
        {metric: fraction for metric, fraction in tolerances.items() if fraction is not None},
        {ON: True, OFF: False}.get(plainly.get(EXAMPLES, "")),
    )
