"""Within which difference two values of a metric count as the same, and who says so."""

from collections.abc import Mapping, Sequence

from comparison.judgement.result import GoalSource
from comparison.tolerance import EVERY


def decide_tolerance(
    names: Sequence[str],
    requested: float | None,
    channel: Mapping[str, float],
    experiments: Sequence[Mapping[str, float]],
) -> tuple[float | None, GoalSource]:
    """The tolerance of a metric, which may go by several names, and who said so: the request, the channel, the tags.

    What is said of a metric counts more than what is said of all. Experiments that disagree say nothing.
    """
    if requested is not None:
        return requested, GoalSource.REQUEST
    wanted = (*names, EVERY)
    for name in wanted:
        if name in channel:
            return channel[name], GoalSource.CHANNEL
    for name in wanted:
        stated = {each[name] for each in experiments if name in each}
        if stated:
            return (stated.pop(), GoalSource.EXPERIMENT) if len(stated) == 1 else (None, GoalSource.NONE)
    return None, GoalSource.NONE
