"""What runs now, and how it stands against the best run at the same step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from comparison.defaults import Defaults
from comparison.errors import RequestError
from comparison.leading import Ranking
from comparison.quick import happening, liveness
from comparison.quick.place import Place, place
from comparison.quick.primary import Primary, primary, value_of
from comparison.quick.resumption import renewed
from comparison.quick.together import together
from comparison.request import Running
from comparison.runs import Experiment, Goal, Metric, Run
from comparison.source import RunSource

PACED = 2  # experiments, those with the most runs, whose best run's history is read
LONGEST = 20_000  # steps of a history that is worth reading


@dataclass(frozen=True, slots=True)
class Pace:
    """The best run of an experiment and its history."""

    run: Run
    history: tuple[Metric, ...]

    def at(self, step: int) -> Metric | None:
        """What it had logged when it was there; None before its first step and after its last."""
        passed = [each for each in self.history if each.step <= step]
        return passed[-1] if passed and self.history[-1].step >= step else None


@dataclass(frozen=True, slots=True)
class Field:
    """All that runs, the newest first. `by` and `paces` are by experiment id; `silences` in ms, by run id.

    `stale` have been silent for more than a week.
    """

    place: Place
    now: datetime
    runs: tuple[Run, ...]
    is_cut: bool
    silences: Mapping[str, int] = field(default_factory=dict)
    by: Mapping[str, Primary | None] = field(default_factory=dict)
    paces: Mapping[str, Pace] = field(default_factory=dict)
    stale: tuple[Run, ...] = ()


def running(request: Running, source: RunSource, *, now: datetime, defaults: Defaults | None = None) -> Field:
    """One question, then the best run and its history for the experiments where most runs.

    Raises ExperimentNotFound or TrackingUnavailable.
    """
    agreed = defaults or Defaults()
    where = place(request.experiment, source, agreed, text=request.text)
    now_ms = int(now.timestamp() * 1000)
    asked = happening.running_now(where, source)
    found = renewed(asked.runs, source, now_ms)
    silences = liveness.silences(found, (), now_ms)
    runs = [run for run in found if silences.get(run.run_id, 0) <= liveness.STALE]
    stale = tuple(run for run in found if silences.get(run.run_id, 0) > liveness.STALE)
    groups = _by_experiment(runs)
    by = {each.experiment_id: primary(own, [each], agreed) for each, own in groups}
    held = [
        (each, known, own)
        for each, own in groups
        if (known := by[each.experiment_id]) and _is_paced(known, own, silences)
    ][:PACED]
    best = together([partial(_pace, each, known, own, source) for each, known, own in held])
    paces = {each.experiment_id: pace for (each, _, _), pace in zip(held, best, strict=True) if pace}
    return Field(where, now, tuple(runs), asked.is_cut, silences, by, paces, stale)


def _by_experiment(runs: Sequence[Run]) -> list[tuple[Experiment, list[Run]]]:
    groups: dict[str, tuple[Experiment, list[Run]]] = {}
    for run in runs:
        groups.setdefault(run.experiment.experiment_id, (run.experiment, []))[1].append(run)
    return sorted(groups.values(), key=lambda each: -len(each[1]))


def _is_paced(by: Primary, runs: Sequence[Run], silences: Mapping[str, int]) -> bool:
    """Whether some of the living ones count steps of a metric whose goal is known."""
    return by.goal is not Goal.UNKNOWN and any(
        run.run_id not in silences and value_of(run, by.metric) is not None and run.metrics[by.metric].step > 0
        for run in runs
    )


def _pace(experiment: Experiment, by: Primary, runs: Sequence[Run], source: RunSource) -> Pace | None:
    """None where there is none or MLflow cannot tell: what runs is worth saying all the same."""
    ranking = Ranking(by.metric, by.goal, (experiment.experiment_id,))
    own = {run.run_id for run in runs}
    try:
        found = source.leaders(ranking, count=1)
        if found and found[0].run_id in own:
            found = source.leaders(
                Ranking(by.metric, by.goal, ranking.experiment_ids, "attributes.status = 'FINISHED'")
            )
        if not found or not 0 < found[0].metrics[by.metric].step <= LONGEST:
            return None
        history = source.history(found[0].run_id, by.metric)
    except RequestError:
        return None
    return Pace(found[0], tuple(history)) if history else None
