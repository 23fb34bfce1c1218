"""Which channels a run that ended concerns, and by which of their watches. What only MLflow can tell is asked later."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate

from comparison.runs import Run
from comparison.watching.fitting import covers, fits
from comparison.watching.stepping import OVERLAP
from comparison.watching.watch import Subscription

Channel = tuple[str, str]  # a workspace, and a channel in it
Subscribed = tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class Concern:
    """A run, and the watches of one channel that it concerns."""

    run: Run
    watches: Subscribed


def concerns(subscription: Subscription, run: Run) -> bool:
    """Whether a watch may want to hear of it: it fits, and it was not over already when the watch began."""
    return fits(subscription.watching, run) and _is_new_to(subscription, run)


def by_channel(subscriptions: Iterable[Subscription], runs: Iterable[Run]) -> Mapping[Channel, Sequence[Concern]]:
    """Of each channel the runs that concern it, in the order given."""
    index = _Index(subscriptions)
    found: dict[Channel, list[Concern]] = {}
    for run in runs:
        for channel, watches in index.fitting(run):
            hearing = tuple([each for each in watches if _is_new_to(each, run)])
            if hearing:
                found.setdefault(channel, []).append(Concern(run, hearing))
    return found


def _is_new_to(subscription: Subscription, run: Run) -> bool:
    return run.run_id not in subscription.past and (run.ended_at or 0) > subscription.since - OVERLAP


@dataclass
class _Index:
    """Watches by what they name, so that a run meets few of them. Whether one fits is asked once for runs alike."""

    subscriptions: Iterable[Subscription]
    _named: dict[str, list[Subscription]] = field(init=False, default_factory=dict)
    _patterns: dict[str, tuple[re.Pattern[str], list[Subscription]]] = field(init=False, default_factory=dict)
    _covering: dict[str, list[Subscription]] = field(init=False, default_factory=dict)
    _fitting: dict[tuple[object, ...], list[tuple[Channel, Subscribed]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.subscriptions:
            place = each.watching.place.casefold()
            if each.watching.is_pattern:
                known = self._patterns.setdefault(place, (re.compile(translate(place)), []))
                known[1].append(each)
            else:
                self._named.setdefault(place, []).append(each)

    def fitting(self, run: Run) -> list[tuple[Channel, Subscribed]]:
        """The watches that it fits, by their channel."""
        alike = (run.experiment.name, run.user, run.status, run.deleted)
        if alike not in self._fitting:
            channels: dict[Channel, list[Subscription]] = {}
            for each in self._of(run.experiment.name):
                if fits(each.watching, run):
                    channels.setdefault((each.workspace, each.channel), []).append(each)
            self._fitting[alike] = [(channel, tuple(watches)) for channel, watches in channels.items()]
        return self._fitting[alike]

    def _of(self, name: str) -> list[Subscription]:
        if name not in self._covering:
            folded = name.casefold()
            near = list(self._named.get(folded, ()))
            for place, (pattern, watches) in self._patterns.items():
                if place == folded or pattern.match(folded):
                    near.extend(watches)
            self._covering[name] = [each for each in near if covers(each.watching, name)]
        return self._covering[name]
