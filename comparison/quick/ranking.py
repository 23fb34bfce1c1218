"""The best runs by a metric, as a list."""

from dataclasses import dataclass, replace
from datetime import datetime

from comparison.choosing import Scope, rank_by
from comparison.completing import offered
from comparison.defaults import Defaults
from comparison.errors import FilterRefused, RequestError, RunNotFound
from comparison.goals import decide
from comparison.leading import SAMPLE, Ranking
from comparison.quick.place import Place, place
from comparison.quick.primary import Chosen, Primary, primary, stated
from comparison.request import Top, TopRuns
from comparison.runs import Run
from comparison.source import RunSource


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best first, or with `worst` the worst; fewer than `count` when no more logged the metric."""

    place: Place
    now: datetime
    by: Primary
    runs: tuple[Run, ...]
    count: int
    worst: bool = False
    where: str = ""


def top(request: Top, source: RunSource, *, now: datetime, defaults: Defaults | None = None) -> Ranked:
    """The runs that lead, exact to the one that ended a moment ago.

    Raises RunNotFound when there is none, nobody logged the metric or its goal is unknown; ExperimentNotFound,
    FilterRefused or TrackingUnavailable.
    """
    agreed = defaults or Defaults()
    where = place(request.experiment, source, agreed, text=request.text)
    by = _metric(request, where, source, agreed)
    ranking = Ranking(by.metric, by.goal, where.ids, request.where, request.worst)
    try:
        found = source.leaders(ranking, count=request.count)
    except FilterRefused as error:
        spot = request.text.find(request.where)
        raise replace(error, text=request.text, at=spot if spot >= 0 else None) from error
    if not found:
        raise _nobody(request, where, by)
    return Ranked(where, now, by, found, request.count, request.worst, request.where)


def _metric(request: Top, where: Place, source: RunSource, defaults: Defaults) -> Primary:
    """The named metric as it was logged, else the agreed one, else the one that most of the newest runs logged."""
    agreed = stated(where.experiments, defaults)
    if request.metric or agreed:
        spot = request.text.rfind(request.metric) if request.metric else -1
        told = TopRuns(request.count, request.metric, request.worst, at=max(spot, 0))
        name, _goal = rank_by(request.metric, Scope(source, where.experiments, request.text, "", defaults), told)
        chosen = Chosen.REQUEST if request.metric or not agreed else agreed[1]
        return Primary(name, *decide(name, {}, defaults.goals, where.experiments), chosen)
    newest = source.newest(experiment_ids=where.ids, limit=SAMPLE)
    found = primary(newest, where.experiments, defaults)
    if found is None:
        raise _no_metric(request, newest, where)
    return found


def _no_metric(request: Top, newest: list[Run], where: Place) -> RequestError:
    place_ = f" in {where.experiments[0].name}" if where.experiments else ""
    if not newest:
        return RunNotFound(f"There are no runs{place_} yet.", text=request.text)
    logged = list(dict.fromkeys(name for run in newest for name in run.metrics))
    return RunNotFound(
        f"By which metric? The newest runs{place_} logged none whose goal is known.",
        remedy=f"Name one, and set its goal: {offered(logged[0])}." if logged else "They logged no metrics at all.",
        near=tuple(logged[:5]),
        text=request.text,
    )


def _nobody(request: Top, where: Place, by: Primary) -> RequestError:
    place_ = f" in {where.experiments[0].name}" if where.experiments else ""
    fitting = f" where {request.where}" if request.where else ""
    return RunNotFound(
        f"No run{place_}{fitting} logged a finite {by.metric}.",
        remedy="Ask without the filter." if fitting else "",
        example=f"top {request.count} by {by.metric}" if fitting else "",
        text=request.text,
    )
