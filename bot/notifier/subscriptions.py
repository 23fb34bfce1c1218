"""What the watches of all channels mean. Words are read once; what they cover is counted when something changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from comparison.errors import RequestError
from comparison.notifications.matching import is_watched
from comparison.runs import Experiment
from comparison.watch import Digest, Subscription, Watch
from handlers.access.rules import AccessRules, RuleBook
from handlers.stores import StoredWatch, WatchStore
from handlers.watch.stored_watch import digest_in, tied, watching_in

_Meaning = TypeVar("_Meaning", Subscription, Digest)


@dataclass(frozen=True, slots=True)
class PlannedDigest:
    """A digest that comes by itself. `since` (ms): none is due before."""

    stored: StoredWatch
    digest: Digest
    since: int


@dataclass(frozen=True, slots=True)
class _Read(Generic[_Meaning]):
    stored: StoredWatch
    meaning: _Meaning
    since: int = 0


class Subscriptions:
    """The watches that are not paused. One whose words mean nothing any more is given up, with why."""

    def __init__(
        self,
        watches: WatchStore,
        give_up: Callable[[StoredWatch, str], None],
        experiment_of: Callable[[str, str], str] = lambda _workspace, _channel: "",
        access: AccessRules | None = None,
    ) -> None:
        self._watches = watches
        self._give_up = give_up
        self._experiment_of = experiment_of  # of a workspace and channel: for a watch that names none
        self._access = access or AccessRules()
        self._book = RuleBook()  # as it was when the watches were read
        self._read: dict[str, _Read[Subscription]] = {}
        self._digests: dict[str, _Read[Digest]] = {}

    def watches(self) -> list[Subscription]:
        """The oldest first; those that are not primed too."""
        found: dict[str, _Read[Subscription]] = {}
        self._book = self._access.read()
        for stored in self._watches.every():
            if stored.is_paused or stored.is_digest:
                continue
            known = self._read.get(stored.id)
            read = known if known and known.stored == stored else self._watch(stored, known)
            if read:
                found[stored.id] = read
        self._read = found
        return [self._placed(each.meaning) for each in found.values()]

    def named(self) -> list[tuple[StoredWatch, Watch]]:
        """Watches that name one experiment, of those that `watches` returned last."""
        known = ((each.stored, self._gated(each.meaning).watching) for each in self._read.values())
        return [(stored, watching) for stored, watching in known if watching.place and not watching.is_pattern]

    def unprimed(self) -> list[Subscription]:
        """Watches whose past is not known yet, of those that `watches` returned last."""
        return [self._placed(each.meaning) for each in self._read.values() if not each.stored.is_primed]

    def prime(self, watch_id: str, past: Sequence[str]) -> None:
        """What was over when it began."""
        self._watches.prime(watch_id, past)

    def digests(self, now: int) -> list[PlannedDigest]:
        """An edited one is due from `now` (ms) on: what was planned before is over."""
        found: dict[str, _Read[Digest]] = {}
        for stored in self._watches.every():
            if stored.is_paused or not stored.is_digest:
                continue
            known = self._digests.get(stored.id)
            read = known if known and known.stored.words == stored.words else self._digest(stored, known, now)
            if read:
                found[stored.id] = replace(read, stored=stored)
        self._digests = found
        return [PlannedDigest(each.stored, each.meaning, each.since) for each in found.values()]

    def watching(self, watch_id: str) -> Watch | None:
        """What a watch means; None for one that is gone, paused, or read by nobody yet."""
        known = self._read.get(watch_id)
        return self._placed(known.meaning).watching if known else None

    def _gated(self, subscription: Subscription) -> Subscription:
        """With what its channel may see."""
        visible = self._book.visible(subscription.workspace, subscription.channel)
        if visible is None:
            return subscription
        return replace(subscription, watching=replace(subscription.watching, visible=visible.patterns))

    def _placed(self, subscription: Subscription) -> Subscription:
        subscription = self._gated(subscription)
        if subscription.watching.place:
            return subscription
        place = self._experiment_of(subscription.workspace, subscription.channel)
        return replace(subscription, watching=replace(subscription.watching, place=place))

    def _watch(self, stored: StoredWatch, known: _Read[Subscription] | None) -> _Read[Subscription] | None:
        try:
            same = known is not None and known.stored.words == stored.words
            watching = known.meaning.watching if known and same else watching_in(stored)
            watching = tied(watching, stored)
        except RequestError as error:
            self._give_up(stored, error.problem)
            return None
        since, past = int(stored.created_at * 1000), frozenset(stored.past)
        return _Read(stored, Subscription(stored.id, stored.workspace, stored.channel, watching, since, past))

    def _digest(self, stored: StoredWatch, known: _Read[Digest] | None, now: int) -> _Read[Digest] | None:
        try:
            return _Read(stored, digest_in(stored), now if known else int(stored.created_at * 1000))
        except RequestError as error:
            self._give_up(stored, error.problem)
            return None


class Coverage:
    """Experiments that some watches cover; counted anew only when the watches or the experiments are others."""

    def __init__(self) -> None:
        self._known: tuple[object, object] = (None, None)
        self._ids: tuple[str, ...] = ()

    def of(self, watchings: Sequence[Watch], experiments: Sequence[Experiment]) -> tuple[str, ...]:
        """Ids of the experiments, each once."""
        question = (tuple(watchings), tuple(experiments))
        if question != self._known:
            self._known, self._ids = question, covered(watchings, experiments)
        return self._ids


def covered(watchings: Sequence[Watch], experiments: Sequence[Experiment]) -> tuple[str, ...]:
    """The ids of the experiments that at least one of these covers."""
    by_name: dict[str, list[Experiment]] = {}
    for each in experiments:
        by_name.setdefault(each.name.casefold(), []).append(each)
    found: dict[str, None] = {}
    for watching in dict.fromkeys(watchings):
        is_wide = watching.is_pattern or watching.experiment_id
        near = experiments if is_wide else by_name.get(watching.place.casefold(), ())
        found.update({each.experiment_id: None for each in near if is_watched(watching, each)})
    return tuple(found)
