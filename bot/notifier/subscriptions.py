"""What the watches of all channels mean, and the experiments they follow, however those are renamed or deleted.

Words are read once; what they cover is counted when something changed.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from bot.notifier.outbox import Outbox
from comparison.errors import RequestError
from comparison.notifications.matching import is_visible, is_watched
from comparison.notifications.message import MessageKind, WantedMessage
from comparison.runs import Experiment
from comparison.tracking.source import RunSource
from comparison.watch import Digest, Subscription, Watch, is_pattern, quiet_until
from handlers.access.rules import AccessRules, RuleBook
from handlers.slack.escape import mrkdwn, one_line
from handlers.stores import StoredWatch, WatchStore
from handlers.watch.stored_watch import digest_in, tied, watching_in, words_of

log = logging.getLogger(__name__)

_Meaning = TypeVar("_Meaning", Subscription, Digest)


@dataclass(frozen=True, slots=True)
class PlannedDigest:
    """A digest that comes by itself. `since` (ms): none is due before."""

    stored: StoredWatch
    digest: Digest
    since: int


@dataclass(frozen=True, slots=True)
class _ReadWatch(Generic[_Meaning]):
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
        self._read: dict[str, _ReadWatch[Subscription]] = {}
        self._digests: dict[str, _ReadWatch[Digest]] = {}

    def watches(self) -> list[Subscription]:
        """The oldest first; those that are not primed too."""
        found: dict[str, _ReadWatch[Subscription]] = {}
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
        found: dict[str, _ReadWatch[Digest]] = {}
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

    def _watch(self, stored: StoredWatch, known: _ReadWatch[Subscription] | None) -> _ReadWatch[Subscription] | None:
        try:
            same = known is not None and known.stored.words == stored.words
            watching = known.meaning.watching if known and same else watching_in(stored)
            watching = tied(watching, stored)
        except RequestError as error:
            self._give_up(stored, error.problem)
            return None
        since, past = int(stored.created_at * 1000), frozenset(stored.past)
        return _ReadWatch(stored, Subscription(stored.id, stored.workspace, stored.channel, watching, since, past))

    def _digest(self, stored: StoredWatch, known: _ReadWatch[Digest] | None, now: int) -> _ReadWatch[Digest] | None:
        try:
            return _ReadWatch(stored, digest_in(stored), now if known else int(stored.created_at * 1000))
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


# Watched experiments that were renamed, deleted or restored: their watches go with them, and the channel is told once.
#
# A watch is kept with the id of its experiment. Where it was set up before ids were kept, or while MLflow was away, it
# is known by its name until the first look.


YOUNG = 3 * 60.0  # seconds after it was set up that the experiment of a watch may not be listed yet
_NAME = 200

Lost = Mapping[tuple[str, str, str], Sequence[tuple[StoredWatch, Watch, int]]]


@dataclass
class WatchedExperiments:
    """Called before each look by who looks; `now` is in ms. Raises what the database raises."""

    watches: WatchStore
    outbox: Outbox
    subscriptions: Subscriptions
    source: RunSource
    now: Callable[[], int]
    command: str = "/mlcompare"

    def follow(self, experiments: Sequence[Experiment]) -> bool:
        """Whether a watch is another since. `experiments` are all that there are, as MLflow listed them last."""
        by_id = {each.experiment_id: each for each in experiments}
        by_name = {each.name.casefold(): each for each in reversed(experiments)}
        lost: dict[tuple[str, str, str], list[tuple[StoredWatch, Watch, int]]] = {}
        has_changed = False
        for stored, watching in self.subscriptions.named():
            here = by_id.get(stored.experiment_id)
            if not is_visible(watching, here or Experiment("", watching.place)):
                continue  # what became of it is nothing for the channel
            if here is not None:
                has_changed |= self._go_with(stored, watching, here)
            elif (named := by_name.get(watching.place.casefold())) and self._is_no_more(stored):
                self.watches.tie(stored.id, named.experiment_id)
                has_changed = True
            elif not stored.gone_at and (since := self._gone_since(stored)) is not None:
                place = (stored.workspace, stored.channel, stored.experiment_id or watching.place)
                lost.setdefault(place, []).append((stored, watching, since))
        if lost:
            self._tell(lost)
        return has_changed

    def _go_with(self, stored: StoredWatch, watching: Watch, experiment: Experiment) -> bool:
        """Rewrites a watch's words with the name that the experiment has now."""
        if stored.gone_at:
            log.info("a watched experiment is there again", extra={"watch": stored.id})
            self.watches.tie(stored.id, stored.experiment_id)
        if experiment.name.casefold() == watching.place.casefold() or is_pattern(experiment.name):
            return bool(stored.gone_at)
        try:
            words = words_of(replace(watching, place=experiment.name, experiment_id=""))
        except RequestError as error:
            log.info("a new name cannot be said in a watch, which goes on: %s", error.problem)
            return bool(stored.gone_at)
        log.info("a watched experiment was renamed", extra={"watch": stored.id})
        at = self.now() // 1000
        self.watches.edit(stored.id, words, by="", at=at, experiment_id=stored.experiment_id)
        return True

    def _is_no_more(self, stored: StoredWatch) -> bool:
        """Whether nothing is known by its id: it has none yet, or that was removed for good."""
        if not stored.experiment_id:
            return True
        try:
            return self.source.state_of(stored.experiment_id) is None
        except RequestError as error:
            log.info("a watched experiment cannot be looked up: %s", error.problem)
            return False

    def _gone_since(self, stored: StoredWatch) -> int | None:
        """When MLflow changed it last, 0 where that is not known; None: it is not gone, or nobody can tell."""
        if not stored.experiment_id:
            return 0 if self.now() / 1000 - stored.created_at > YOUNG else None
        try:
            state = self.source.state_of(stored.experiment_id)
        except RequestError as error:
            log.info("a watched experiment cannot be looked up: %s", error.problem)
            return None
        if state is None:
            return 0
        return state.changed_at if state.is_deleted else None

    def _tell(self, lost: Lost) -> None:
        """Tells each channel once, whatever is killed meanwhile: the key tells of which time it was gone."""
        moment = datetime.fromtimestamp(self.now() / 1000, UTC)
        notices = []
        for (workspace, channel, experiment), watches in lost.items():
            stored, watching, since = watches[0]
            quiet = _until(moment, [each for _kept, each, _since in watches])
            key = f"{MessageKind.NOTICE.value}:{workspace}:{channel}:gone:{experiment}:{since}"
            ids = tuple(each.id for each, _watching, _since in watches)
            about = _words(watching.place, self.command, is_known=bool(stored.experiment_id))
            notice = WantedMessage(
                key, MessageKind.NOTICE, workspace, channel, watch_ids=ids, not_before=quiet, about=about
            )
            notices.append(notice)
        self.outbox.announce(notices, self.now())
        for watches in lost.values():
            for stored, _watching, _since in watches:
                log.warning("a watched experiment is gone", extra={"watch": stored.id, "channel": stored.channel})
                self.watches.tie(stored.id, stored.experiment_id, gone_at=self.now() // 1000)


def _until(moment: datetime, watchings: Iterable[Watch]) -> int:
    """When the first of them is not quiet any more, in ms; 0: now."""
    ends = [quiet_until(each.quiet, moment) for each in watchings]
    return 0 if None in ends else min(round(end.timestamp() * 1000) for end in ends if end)


def _words(place: str, command: str, *, is_known: bool) -> str:
    name = mrkdwn(one_line(place), _NAME)
    what = "was deleted in MLflow" if is_known else "is not there in MLflow"
    again = "When it is restored, I go on by myself." if is_known else "When it is there, I go on by myself."
    return (
        f"The experiment {name} {what}, so I have nothing to tell of it any more. {again} "
        f"To stop watching it: `{command} watches`"
    )
