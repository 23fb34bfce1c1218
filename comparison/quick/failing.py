"""Runs that failed or were killed since a moment. Trials that their search gave up are none."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from comparison.defaults import Defaults
from comparison.quick import happening
from comparison.quick.place import Place, moment, place
from comparison.quick.primary import Primary, primary
from comparison.quick.together import together
from comparison.request import Failed
from comparison.runs import Run, Status
from comparison.source import RunSource


@dataclass(frozen=True, slots=True)
class Failures:
    """The last one first; `is_cut` when there may be more. `by` names the metric to show, by experiment id."""

    place: Place
    since: datetime
    now: datetime
    runs: tuple[Run, ...]
    is_cut: bool
    by: dict[str, Primary | None]
    pruned: int = 0  # trials that were given up early, at least so many where it is cut


def failed(request: Failed, source: RunSource, *, now: datetime, defaults: Defaults | None = None) -> Failures:
    """A question or two. Raises NotUnderstood, ExperimentNotFound or TrackingUnavailable."""
    agreed = defaults or Defaults()
    begin, everywhere = moment(request.since, now, text=request.text, command="failed")
    where = place(request.experiment, source, agreed, text=request.text, everywhere=everywhere)
    since = int(begin.timestamp() * 1000)
    asks = (happening.ill_since, happening.undated_since)
    ill, undated = together([partial(ask, since, where, source) for ask in asks])
    found = happening.in_order([*ill.runs, *undated.runs])
    runs = happening.failures(found)[: happening.FAILED]
    pruned = sum(run.status is Status.PRUNED for run in found)
    by = {}
    for experiment in {run.experiment.experiment_id: run.experiment for run in runs}.values():
        own = [run for run in runs if run.experiment.experiment_id == experiment.experiment_id]
        by[experiment.experiment_id] = primary(own, [experiment], agreed)
    return Failures(where, begin, now, tuple(runs), ill.is_cut, by, pruned)
