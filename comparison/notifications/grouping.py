"""Messages that a channel gets for runs that ended: one each, one a sweep, one a burst, one for a quiet night.

Whatever number of its watches a run fits, it is in exactly one message of a channel.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from comparison.notifications.matching import Channel, Concern, Subscribed, group_by_channel
from comparison.notifications.message import MessageKind, OpenMessage, WantedMessage
from comparison.runs import Run
from comparison.watch import Subscription, quiet_until

HANDFUL = 5  # messages that may wait for one channel; what comes on top shares one
BURST = 10 * 60_000  # ms without a further run after which a burst is over
LONGEST = 12 * 3_600_000  # ms after which a burst takes no further runs, however many come
LATE = 2 * 3_600_000  # ms after its end that a run is told of only when nobody has looked for so long
_ALL = "*"  # in the key of a burst that is not of one experiment


@dataclass(frozen=True, slots=True)
class _Group:
    """The message that a run goes into."""

    key: str
    kind: MessageKind
    not_before: int = 0


def group_runs(  # noqa: PLR0913 -- all but three by their names
    subscriptions: Sequence[Subscription],
    fresh: Sequence[Run],
    standing: Sequence[OpenMessage],
    *,
    now: int,
    handful: int = HANDFUL,
    again: Collection[str] = (),
) -> tuple[WantedMessage, ...]:
    """The messages that runs which just ended (the first to end first) make or join. `now` is in ms since the epoch.

    `standing`: the messages that wait or can be added to, of all channels. `again`: ids of runs that were told of
    before and were resumed since. They get messages of their own, and it does not count what was over long ago.
    """
    there: dict[Channel, list[OpenMessage]] = {}
    for message in standing:
        there.setdefault((message.workspace, message.channel), []).append(message)
    ranked = sorted(subscriptions, key=lambda each: (each.watching.is_pattern, each.since, each.id))
    ranks = {each.id: rank for rank, each in enumerate(ranked)}
    quiet = _quiet(subscriptions, now)
    planned: list[WantedMessage] = []
    for channel, concerned in group_by_channel(subscriptions, fresh, again).items():
        places = _Grouper(channel, there.get(channel, ()), quiet, now, handful, again).of(concerned)
        planned.extend(_announced(channel, concerned, places, ranks))
    return tuple(planned)


def _quiet(subscriptions: Iterable[Subscription], now: int) -> Mapping[str, int]:
    """When the quiet of each watch ends that is quiet now, in ms, by its id."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    ends = {each: quiet_until(each, moment) for each in {each.watching.quiet for each in subscriptions}}
    known = {each.id: ends[each.watching.quiet] for each in subscriptions}
    return {watch_id: round(end.timestamp() * 1000) for watch_id, end in known.items() if end}


def _announced(
    channel: Channel, concerned: Iterable[Concern], places: Mapping[str, _Group], ranks: Mapping[str, int]
) -> Iterator[WantedMessage]:
    groups: dict[str, list[Concern]] = {}
    for each in concerned:
        groups.setdefault(places[each[0].run_id].key, []).append(each)
    for group in groups.values():
        runs = [run for run, _watches in group]
        place = places[runs[0].run_id]
        alike = {id(watches): watches for _run, watches in group}
        watch_ids = {watch.id for watches in alike.values() for watch in watches}
        yield WantedMessage(
            place.key,
            place.kind,
            *channel,
            tuple([run.run_id for run in runs]),
            tuple(sorted(watch_ids, key=ranks.__getitem__)),
            tuple(dict.fromkeys([run.experiment.experiment_id for run in runs])),
            place.not_before,
        )


@dataclass
class _Grouper:
    """Where the runs go that concern one channel. `quiet`: until when each watch is, by its id."""

    channel: Channel
    standing: Sequence[OpenMessage]
    quiet: Mapping[str, int]
    now: int
    handful: int
    again: Collection[str] = ()
    _found: dict[str, _Group] = field(init=False, default_factory=dict)

    def of(self, concerned: Sequence[Concern]) -> Mapping[str, _Group]:
        """The place of each, by its run's id."""
        parents = {run.parent_id for run, _watches in concerned}
        standing = {each.key.rpartition(":")[2] for each in self.standing if each.kind is MessageKind.SWEEP}
        quiet = self._quiet_until({id(watches): watches for _run, watches in concerned})
        is_for_seeds = {id(watches): all(w.watching.seeds for w in watches) for _run, watches in concerned}
        going_on: dict[str, list[tuple[Run, int]]] = {}
        sweeps: dict[str, list[Run]] = {}
        nights: dict[int, list[Run]] = {}
        alone: list[Run] = []
        for run, watches in concerned:
            until, parent = quiet.get(id(watches), 0), run.parent_id or run.run_id
            if is_for_seeds[id(watches)]:  # one of many of them is told at all, and that by itself
                self._put([run], self._key(MessageKind.RUN, self._mark(run)), MessageKind.RUN, until)
            elif parent in standing:  # to edit what stands disturbs nobody, however quiet it is to be
                going_on.setdefault(parent, []).append((run, until))
            elif until:
                nights.setdefault(until, []).append(run)
            elif run.run_id in self.again:  # its sweep may have ended long ago
                alone.append(run)
            elif run.parent_id or run.run_id in parents:
                sweeps.setdefault(parent, []).append(run)
            else:
                alone.append(run)
        for parent, joining in going_on.items():
            soonest = min(until for _run, until in joining)
            self._put(
                [run for run, _until in joining], self._key(MessageKind.SWEEP, parent), MessageKind.SWEEP, soonest
            )
        for until, runs in nights.items():
            self._put(runs, self._key(MessageKind.BURST, _ALL, str(until)), MessageKind.BURST, until)
        self._share(sweeps, alone)
        return self._found

    def _share(self, sweeps: dict[str, list[Run]], alone: list[Run]) -> None:
        """Messages to be sent now: as many as may wait, and one for what comes on top."""
        fresh = [*alone, *(run for runs in sweeps.values() for run in runs)]
        if sum(run.over_at < self.now - LATE for run in fresh) > self.handful:
            self._put_late(fresh)
            return
        bursts, singles = self._by_experiment(self._not_joining(alone))
        if not (sweeps or bursts or singles):
            return
        waiting = sum(each.is_waiting and each.not_before <= self.now for each in self.standing)
        room = self.handful - waiting
        if len(sweeps) + len(bursts) + len(singles) > room:
            places = max(0, room - 1)  # sweeps in the shared one get their own when there is room
            rest = [*bursts.values(), *list(sweeps.values())[places:]]
            self._put_into_one([*singles, *(run for runs in rest for run in runs)])
            sweeps, bursts, singles = dict(list(sweeps.items())[:places]), {}, []
        for parent, runs in sweeps.items():
            self._put(runs, self._key(MessageKind.SWEEP, parent), MessageKind.SWEEP)
        for experiment_id, runs in bursts.items():
            self._put(runs, self._key(MessageKind.BURST, experiment_id, self._mark(runs[0])), MessageKind.BURST)
        for run in singles:
            self._put([run], self._waiting_for(run) or self._key(MessageKind.RUN, self._mark(run)), MessageKind.RUN)

    def _not_joining(self, runs: Iterable[Run]) -> list[Run]:
        """Runs that no open burst message will absorb."""
        takers = {
            home: each.key for each in reversed(self.standing) if self._takes(each) for home in each.experiment_ids
        }
        left: list[Run] = []
        for run in runs:
            if key := takers.get(run.experiment.experiment_id):
                self._put([run], key, MessageKind.BURST)
            else:
                left.append(run)
        return left

    def _by_experiment(self, runs: Iterable[Run]) -> tuple[dict[str, list[Run]], list[Run]]:
        """The bursts among them, by experiment: with what was just told of it they are more than a handful."""
        open_runs = Counter(
            home
            for each in self.standing
            if each.kind is MessageKind.RUN and self.now - each.last < BURST
            for home in each.experiment_ids
        )
        homes: dict[str, list[Run]] = {}
        for run in runs:
            homes.setdefault(run.experiment.experiment_id, []).append(run)
        bursts = {home: group for home, group in homes.items() if open_runs[home] + len(group) > self.handful}
        return bursts, [run for home, group in homes.items() if home not in bursts for run in group]

    def _put_into_one(self, runs: Sequence[Run]) -> None:
        going_on = (each.key for each in self.standing if each.key.startswith(self._shared) and self._takes(each))
        self._put(runs, next(going_on, self._shared + self._mark(_first(runs))), MessageKind.BURST)

    def _put_late(self, runs: Sequence[Run]) -> None:
        """What ended while nobody looked. By its time it is told from a burst: what ends from now on is told anew."""
        going_on = (each.key for each in self.standing if each.key.startswith(self._shared) and self._is_late(each))
        self._put(runs, next(going_on, self._shared + self._mark(_first(runs))), MessageKind.BURST, self.now)

    def _is_late(self, message: OpenMessage) -> bool:
        """Whether it tells of what ended while nobody looked, and all that is not found yet."""
        is_of_night = message.key == f"{self._shared}{message.not_before}"
        is_young = message.is_waiting or self.now - message.last < BURST
        return 0 < message.not_before <= self.now and is_young and not is_of_night

    def _takes(self, message: OpenMessage) -> bool:
        """Whether it is a burst that goes on; one of a night is told as it was when the night was over."""
        is_young = message.is_waiting or self.now - message.last < BURST
        is_short = not message.since or self.now - message.since < LONGEST
        return message.kind is MessageKind.BURST and not message.not_before and is_young and is_short

    def _quiet_until(self, watches: Mapping[int, Subscribed]) -> Mapping[int, int]:
        """When the first of them wants to hear of a run, where none wants to now; by what they go by."""
        if not self.quiet:
            return {}
        return {key: min([self.quiet.get(each.id, 0) for each in group]) for key, group in watches.items()}

    def _put(self, runs: Iterable[Run], key: str, kind: MessageKind, not_before: int = 0) -> None:
        place = _Group(key, kind, not_before)
        self._found.update({run.run_id: place for run in runs})

    def _mark(self, run: Run) -> str:
        """What tells a message on it from those before: its id, and when it ended where that is not the first time."""
        return f"{run.run_id}:{run.over_at}" if run.run_id in self.again else run.run_id

    def _waiting_for(self, run: Run) -> str:
        """The key of a message on it that was not posted yet, "" for none: it will tell how the run is by then."""
        own = self._key(MessageKind.RUN, run.run_id)
        keys = (each.key for each in self.standing if each.kind is MessageKind.RUN and each.is_waiting)
        return next((key for key in keys if key == own or key.startswith(f"{own}:")), "")

    @property
    def _shared(self) -> str:
        return self._key(MessageKind.BURST, _ALL, "")

    def _key(self, kind: MessageKind, *parts: str) -> str:
        return ":".join((kind.value, *self.channel, *parts))


def _first(runs: Iterable[Run]) -> Run:
    """The first to end."""
    return min(runs, key=lambda run: (run.over_at, run.run_id))
