"""Seeds of one configuration that are all in: as one side, against the repeats of their baseline."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from comparison.channel_defaults import ChannelDefaults
from comparison.judgement.result import Comparison
from comparison.notifications.baseline import BaselineChoice
from comparison.notifications.matching import held_against
from comparison.past_repeats import PastRepeats
from comparison.resolve.groups import group_name
from comparison.runs import Run, Side
from comparison.tracking.source import RunSource
from comparison.watch import Watch

_OTHER = "the newest repeats of other parameters"


class Terms(Protocol):
    """What a comparison is made with."""

    @property
    def source(self) -> RunSource: ...
    @property
    def now(self) -> datetime: ...
    @property
    def defaults(self) -> ChannelDefaults: ...


@dataclass(frozen=True, slots=True)
class ComparedSeeds:
    """The seeds as a side; no comparison: there is nothing to hold them against, and `why`."""

    side: Side
    comparison: Comparison | None = None
    why: str = ""


def compare_seeds(watching: Watch, run: Run, facing: BaselineChoice, past: PastRepeats, terms: Terms) -> ComparedSeeds:
    """The seeds that the watch waited for, whose last is `run`, against the repeats of the run's baseline.

    A baseline that is one of them gives way to the newest repeats of other parameters. One question.
    """
    ids = past.first_seeds(run, watching.seeds or 0)
    baseline = facing.side.runs[0] if facing.side else None
    is_own = baseline is None or run.run_id in past.of(baseline) or baseline.run_id in past.of(run)
    against = past.other_group(run) if is_own or baseline is None else past.of(baseline) or (baseline.run_id,)
    found = {each.run_id: each for each in terms.source.these([*ids, *against]) if not each.deleted}
    own, other = ([found[each] for each in wanted if each in found] for wanted in (ids, against))
    side = Side(group_name(own or [run], run), tuple(own or [run]))
    if not other:
        return ComparedSeeds(side, why=f"No other repeats of {run.experiment.name} ended before.")
    first = other[0] if is_own or baseline is None else baseline
    notes = (_OTHER,) if is_own or facing.side is None else facing.side.notes
    label = group_name(other, first)
    held = Side(label, tuple(other), notes)
    now = int(terms.now.timestamp() * 1000)
    comparison = held_against(held, side, watching, terms.defaults, now, source=terms.source, noise=past.noise)
    return ComparedSeeds(replace(side, label=comparison.candidates[0].label), comparison)
