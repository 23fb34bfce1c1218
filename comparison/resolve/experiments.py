"""From the name of an experiment to the experiment."""

from collections.abc import Iterable

from comparison.errors import ExperimentNotFound
from comparison.language.quoting import complete_request
from comparison.names import nearest_names
from comparison.runs import Experiment
from comparison.tracking.source import RunSource

_LISTED = 5  # experiments that are named where none is nearly the wanted one


def find_experiment(name: str, source: RunSource, *, text: str = "") -> Experiment:
    """The experiment of this name or id, whatever its case. Raises ExperimentNotFound with the nearest names."""
    known = source.experiments()
    wanted = name.strip().casefold()
    for fits in (
        [each for each in known if each.name == name],
        [each for each in known if each.name.casefold() == wanted],
        [each for each in known if each.experiment_id == name.strip()],
    ):
        if fits:
            return fits[0]
    alike, spot = nearest_names(name, [each.name for each in known]), _spot(name, text)
    there = ", ".join(each.name for each in known[:_LISTED])
    listed = "" if alike else f"The experiments are {there}{' …' if len(known) > _LISTED else ''}."
    example = "list experiments" if known else ""
    if alike:
        example = complete_request(text, spot, len(name) + (spot or 0), alike[0])
    raise ExperimentNotFound(
        f"There is no experiment called {name}.",
        remedy=listed if known else "No experiment at all can be seen from here.",
        near=alike,
        example=example,
        text=text,
        at=spot,
        end=None if spot is None else spot + len(name),
    )


def find_experiments(names: Iterable[str], source: RunSource, *, text: str = "") -> tuple[Experiment, ...]:
    """All experiments of these names, each once. Raises ExperimentNotFound for the first that is not there."""
    found = [find_experiment(name, source, text=text) for name in names]
    return tuple({each.experiment_id: each for each in found}.values())


def _spot(name: str, text: str) -> int | None:
    place = text.rfind(name)
    return None if place < 0 else place
