"""What a channel has agreed on: where runs come from, what counts, which run is the baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from comparison.runs import Goal


@dataclass(frozen=True, slots=True)
class Defaults:
    """Empty: nothing is set. Each is used only where the request says nothing, and is shown where it was used."""

    experiment: str = ""  # a name
    metric: str = ""
    goals: Mapping[str, Goal] = field(default_factory=dict)
    pinned: str = ""  # a run id
