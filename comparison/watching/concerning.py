"""Which channels a run that ended concerns, and by which of their watches. What only MLflow can tell is asked later."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate

from comparison.runs import Run
from comparison.watching.fitting import fits
from comparison.watching.stepping import OVERLAP
from comparison.watching.watch import Subscription

Channel = tuple[str, str]  # a workspace, and a channel in it
Subscribed = tuple[Subscription, ...]
Concern = tuple[Run, Subscribed]  # a run, and the watches of one channel that it concerns; alike runs share them


def concerns(subscription: Subscription, run: Run) -> bool:
    """Whether a watch may want to hear of it: it fits, and it was not over already when the watch began."""
    return fits(subscription.watching, run) and _is_new_to(subscription, run)


def by_channel(
    subscriptions: Iterable[Subscription], runs: Sequence[Run], again: Collection[str] = ()
) -> Mapping[Channel, Sequence[Concern]]:
    """Of each channel the runs that concern it, in the order given. `again`: ids of those that ended anew."""
    index = _Index(subscriptions, runs)
    found: dict[Channel, list[Concern]] = {}
    for run in runs:
        for channel, watches, is_new in index.fitting(run):
            hearing = watches if is_new else tuple([each for each in watches if _is_new_to(each, run, again)])
            if hearing:
                found.setdefault(channel, []).append((run, hearing))
    return found


def _is_new_to(subscription: Subscription, run: Run, again: Collection[str] = ()) -> bool:
    is_past = run.run_id in subscription.past and run.run_id not in again
    return not is_past and run.over_at > subscription.since - OVERLAP


@dataclass
class _Index:
    """Watches by what they name, so that a run meets few of them. Whether one fits is asked once for runs alike."""

    subscriptions: Iterable[Subscription]
    runs: Iterable[Run]
    _named: dict[str, list[Subscription]] = field(init=False, default_factory=dict)
    _tied: dict[str, list[Subscription]] = field(init=False, default_factory=dict)  # by the id of their experiment
    _patterns: dict[str, tuple[re.Pattern[str], list[Subscription]]] = field(init=False, default_factory=dict)
    _near: dict[str, list[Subscription]] = field(init=False, default_factory=dict)
    _fitting: dict[tuple[object, ...], list[tuple[Channel, Subscribed, bool]]] = field(init=False, default_factory=dict)
    _run_ids: frozenset[str] = field(init=False)
    _first: int = field(init=False)

    def __post_init__(self) -> None:
        self._run_ids = frozenset(run.run_id for run in self.runs)
        self._first = min((run.over_at for run in self.runs), default=0)
        for each in self.subscriptions:
            place = each.watching.place.casefold()
            if each.watching.experiment_id:
                self._tied.setdefault(each.watching.experiment_id, []).append(each)
            elif each.watching.is_pattern:
                known = self._patterns.setdefault(place, (re.compile(translate(place)), []))
                known[1].append(each)
            else:
                self._named.setdefault(place, []).append(each)

    def fitting(self, run: Run) -> list[tuple[Channel, Subscribed, bool]]:
        """The watches that it fits, by their channel, and whether all the runs are new to them."""
        alike = (run.experiment.experiment_id, run.experiment.name, run.user, run.status, run.deleted)
        if alike not in self._fitting:
            channels: dict[Channel, list[Subscription]] = {}
            for each in (*self._tied.get(run.experiment.experiment_id, ()), *self._nearby(run.experiment.name)):
                if fits(each.watching, run):
                    channels.setdefault((each.workspace, each.channel), []).append(each)
            self._fitting[alike] = [
                (channel, tuple(watches), all(map(self._began_before, watches)))
                for channel, watches in channels.items()
            ]
        return self._fitting[alike]

    def _began_before(self, subscription: Subscription) -> bool:
        return self._first > subscription.since - OVERLAP and self._run_ids.isdisjoint(subscription.past)

    def _nearby(self, name: str) -> list[Subscription]:
        """Those that name it, but for what they except."""
        if name not in self._near:
            folded = name.casefold()
            near = list(self._named.get(folded, ()))
            for place, (pattern, watches) in self._patterns.items():
                if place == folded or pattern.match(folded):
                    near.extend(watches)
            self._near[name] = near
        return self._near[name]
