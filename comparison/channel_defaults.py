"""What a channel has agreed on: where runs come from, what counts and within what, which run is the baseline."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from comparison.runs import Goal

EVERY = ""  # in place of a metric: all that have none of their own
_WRITTEN = re.compile(r"(?:±|\+/-)? *([0-9]*[.,]?[0-9]+(?:e-?[0-9]{1,3})?) *(%|‰|percent|per cent|per mille|permille)?")
_UNITS = {"": 1, "%": 100, "percent": 100, "per cent": 100, "‰": 1_000, "per mille": 1_000, "permille": 1_000}


def read_tolerance(text: str, *, needs_unit: bool = False) -> float | None:
    """The fraction that `0.1 %`, `1 ‰` or `0.001` is; None for what is no tolerance, or one of 100 % and more.

    `needs_unit`: where people type, a number alone may mean either.
    """
    found = _WRITTEN.fullmatch(text.strip().casefold())
    if not found or (needs_unit and not found[2]):
        return None
    try:
        fraction = Decimal(found[1].replace(",", ".")) / _UNITS[found[2] or ""]
    except InvalidOperation:
        return None
    return float(fraction) if 0 <= fraction < 1 else None


def write_tolerance(fraction: float) -> str:
    """A tolerance as people read it: 0.001 is `0.1 %`."""
    return f"{(Decimal(repr(float(fraction))) * 100).normalize():f} %"


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


def in_order(settings: Iterable[ChannelSetting]) -> list[ChannelSetting]:
    """Settings that are made, in the order of their list."""
    known = [each for each in settings if each.value and each.what in _PLACES]
    return sorted(known, key=lambda each: (_PLACES[each.what], each.metric))


def to_defaults(settings: Iterable[ChannelSetting]) -> ChannelDefaults:
    known = list(settings)
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
