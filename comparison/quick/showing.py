"""One run by itself."""

from dataclasses import dataclass, replace
from datetime import datetime

from comparison.choosing import Several
from comparison.defaults import Defaults
from comparison.finding import find_all
from comparison.quick import liveness
from comparison.quick.primary import Primary, primary
from comparison.quick.resumption import renewed
from comparison.request import Show
from comparison.runs import Side
from comparison.source import RunSource


@dataclass(frozen=True, slots=True)
class Shown:
    """A side of one run. `silence` in ms when it seems dead."""

    side: Side
    now: datetime
    by: Primary | None
    silence: int | None = None


def show(
    request: Show,
    source: RunSource,
    *,
    now: datetime,
    defaults: Defaults | None = None,
    several: Several = Several.NEWEST,
) -> Shown:
    """The run that was asked for. Raises what finding raises."""
    agreed = defaults or Defaults()
    (side,) = find_all(
        [request.run],
        source,
        experiment=request.experiment,
        text=request.text,
        defaults=agreed,
        now=now,
        several=several,
    )
    now_ms = int(now.timestamp() * 1000)
    (run,) = renewed(side.runs[:1], source, now_ms)
    silences = liveness.silences([run], (), now_ms)
    return Shown(replace(side, runs=(run,)), now, primary([run], [run.experiment], agreed), silences.get(run.run_id))
