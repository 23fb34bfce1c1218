"""What is kept for all replicas: what channels agreed on and watch, what was posted, what is not answered yet.

Each store is a promise that `bot/store/` keeps with a database; what stands here keeps it in memory, for one process.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum
from threading import Lock
from typing import Generic, Protocol, TypeVar

from cachetools import FIFOCache

from comparison.channel_defaults import ChannelDefaults, ChannelSetting, in_order, to_defaults
from comparison.errors import NotUnderstood
from comparison.language.compare_command import compared
from comparison.language.follow_up import Answered, shown_request
from comparison.language.parser import line, parse
from comparison.request import Compare, Request
from comparison.run_reference import Named
from comparison.runs import Run
from handlers.utterance import Utterance

log = logging.getLogger(__name__)


MAX_CHANGES = 10_000  # kept in memory
Change = TypeVar("Change", "DefaultChange", "WatchChange")


class ChangeLog(Generic[Change]):
    """Changes of one kind in memory; the oldest are forgotten. Whoever writes into it holds a lock."""

    def __init__(self) -> None:
        self._changes: list[Change] = []

    def add(self, *changes: Change) -> None:
        self._changes += changes
        del self._changes[:-MAX_CHANGES]

    def of(self, workspace: str, channel: str, limit: int) -> list[Change]:
        """Those of a channel, the last first."""
        here = [each for each in self._changes if (each.workspace, each.channel) == (workspace, channel)]
        return here[::-1][:limit]


# What channels agreed on: each thing with who set it and when.


@dataclass(frozen=True, slots=True)
class DefaultChange:
    """A change of a channel's settings: who, when, what, and its values before and after; "" is not set."""

    workspace: str
    channel: str
    by: str  # a person's id
    at: int  # seconds since the epoch
    what: str  # experiment, metric, goal or pinned
    metric: str = ""  # of a goal
    before: str = ""
    after: str = ""


class ChannelDefaultsStore(Protocol):
    """What channels agreed on, shared by all replicas. A change is recorded as it is made, or it is not made."""

    def of(self, workspace: str, channel: str) -> ChannelDefaults: ...

    def settings(self, workspace: str, channel: str) -> list[ChannelSetting]:
        """All that is set, in a fixed order: experiment, metric, goals and tolerances by metric, the pinned run."""
        ...

    def change(self, workspace: str, channel: str, changes: Sequence[ChannelSetting]) -> list[ChannelSetting]:
        """Sets all of them or none; what each was before, with an empty value where it was not set.

        Raises RequestError when it cannot be kept.
        """
        ...

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[DefaultChange]:
        """The last first."""
        ...

    def changed_by(self, workspace: str, user: str, *, limit: int = 5) -> list[str]:
        """Channels where this person set something, the last first."""
        ...


class InMemoryChannelDefaults:
    """What channels agreed on, in memory, for one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._settings: dict[tuple[str, str], dict[tuple[str, str], ChannelSetting]] = {}
        self._changes = ChangeLog[DefaultChange]()

    def of(self, workspace: str, channel: str) -> ChannelDefaults:
        return to_defaults(self.settings(workspace, channel))

    def settings(self, workspace: str, channel: str) -> list[ChannelSetting]:
        with self._lock:
            return in_order(self._settings.get((workspace, channel), {}).values())

    def change(self, workspace: str, channel: str, changes: Sequence[ChannelSetting]) -> list[ChannelSetting]:
        with self._lock:
            settings = self._settings.setdefault((workspace, channel), {})
            before = [settings.get(each.key, ChannelSetting(each.what, metric=each.metric)) for each in changes]
            settings.update({each.key: each for each in changes})
            self._changes.add(*changed(workspace, channel, before, changes))
            return before

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[DefaultChange]:
        with self._lock:
            return self._changes.of(workspace, channel, limit)

    def changed_by(self, workspace: str, user: str, *, limit: int = 5) -> list[str]:
        with self._lock:
            mine = [
                (each.at, channel)
                for (team, channel), settings in self._settings.items()
                for each in settings.values()
                if (team, each.by) == (workspace, user)
            ]
        return list(dict.fromkeys(channel for _at, channel in sorted(mine, reverse=True)))[:limit]


def changed(
    workspace: str, channel: str, before: Iterable[ChannelSetting], after: Iterable[ChannelSetting]
) -> list[DefaultChange]:
    """The records of changes, in the order they were made."""
    return [
        DefaultChange(workspace, channel, new.by, new.at, new.what, new.metric, old.value, new.value)
        for old, new in zip(before, after, strict=True)
    ]


def defaults_of(channels: ChannelDefaultsStore, utterance: "Utterance") -> ChannelDefaults:
    """What was agreed on where this was said. Never raises: without it requests are answered as they stand."""
    try:
        return channels.of(utterance.team, utterance.channel)
    except Exception:
        log.exception("what a channel agreed on could not be looked up")
        return ChannelDefaults()


# What was posted and can be talked about, in memory.


MAX_POSTED = 2_000  # comparisons, and other answers, kept in memory


Posted = TypeVar("Posted", bound="PostedComparison | PostedAnswer")


class InMemoryPosted(Generic[Posted]):
    """What was posted, in memory, for one process; the oldest are forgotten. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._records: FIFOCache[str, Posted] = FIFOCache(MAX_POSTED)

    def remember(self, record: Posted) -> None:
        with self._lock:
            self._records.pop(record.id, None)
            self._records[record.id] = record

    def get(self, record_id: str) -> Posted | None:
        with self._lock:
            return self._records.get(record_id)

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[Posted]:
        return [each for each in self._newest() if (each.workspace, each.asked_by) == (workspace, user)][:limit]

    def all_in_thread(self, channel: str, thread: str, workspace: str) -> list[Posted]:
        """All that stand in this thread, and the message it hangs from, the newest first."""
        ours = (each for each in self._newest() if each.channel == channel and workspace in ("", each.workspace))
        return [each for each in ours if thread and thread in (each.thread, each.message_ts)]

    def _newest(self) -> list[Posted]:
        with self._lock:
            return list(self._records.values())[::-1]


# The comparisons that were posted: what a thread is about, what a button changes, what somebody asked lately.


ID_SHOWN = 8  # characters of an id that people read


@dataclass(frozen=True, slots=True)
class PostedComparison:
    """A posted comparison. Ids and options only: values are read from MLflow again."""

    id: str  # unique: the delivery that asked for it
    workspace: str
    channel: str
    thread: str  # the thread it stands in; "" : it stands in the channel itself
    message_ts: str  # "" : posted by response_url, which tells none
    asked_by: str
    at: int  # seconds since the epoch
    runs: tuple[str, ...]  # full ids, baseline first
    labels: tuple[str, ...] = ()
    experiment: str = ""
    metrics: tuple[str, ...] = ()
    everything: bool = False
    best: bool = False
    at_step: int | None = None
    differing: bool = False
    tolerance: float | None = None
    only_metrics: bool = False
    without_metrics: tuple[str, ...] = ()
    without_parameters: tuple[str, ...] = ()
    goal: str = ""
    margin: float | None = None
    by_change: bool = False

    def request(self) -> Compare:
        """What to ask to have it again."""
        return replace(
            compared(self.runs),
            metrics=self.metrics,
            everything=self.everything,
            best=self.best,
            at_step=self.at_step,
            differing=self.differing,
            tolerance=self.tolerance,
            only_metrics=self.only_metrics,
            without_metrics=self.without_metrics,
            without_parameters=self.without_parameters,
            goal=self.goal,
            margin=self.margin,
            by_change=self.by_change,
        )

    def answered(self) -> Answered:
        """What can be talked about."""
        labels = self.labels if len(self.labels) == len(self.runs) else tuple(run[:ID_SHOWN] for run in self.runs)
        return answered_comparison(self.request(), labels, self.experiment)


def answered_comparison(request: Compare, labels: Sequence[str], experiment: str = "") -> Answered:
    """A comparison as what can be talked about."""
    runs = tuple(each.text for each in request.runs if isinstance(each, Named))
    return Answered(request, runs, tuple(labels)[: len(runs)], (experiment,) * len(runs))


class ComparisonStore(Protocol):
    """Posted comparisons, shared by all replicas."""

    def remember(self, record: PostedComparison) -> None:
        """Kept by its id; the same id again takes the place of what was there."""
        ...

    def get(self, record_id: str) -> PostedComparison | None: ...

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[PostedComparison]:
        """What this person asked, the newest first."""
        ...

    def in_thread(self, channel: str, thread: str, workspace: str = "") -> PostedComparison | None:
        """The newest that stands in this thread, or is the message the thread hangs from; of a workspace, or of any."""
        ...


class InMemoryComparisons(InMemoryPosted[PostedComparison]):
    """Comparisons in memory, for one process."""

    def in_thread(self, channel: str, thread: str, workspace: str = "") -> PostedComparison | None:
        return next(iter(self.all_in_thread(channel, thread, workspace)), None)


# The other answers that were posted: what a thread below a list, a standup or one run is about.


@dataclass(frozen=True, slots=True)
class PostedAnswer:
    """A posted answer that is no comparison: the question as a line, and what was shown, in its order."""

    id: str  # unique: of the message, else of the delivery that asked for it
    workspace: str
    channel: str
    thread: str  # the thread it stands in; "" : it stands in the channel itself
    message_ts: str  # "" : posted by response_url, which tells none
    asked_by: str
    at: int  # seconds since the epoch
    line: str  # what to type to ask the same
    runs: tuple[str, ...] = ()  # full ids
    labels: tuple[str, ...] = ()  # their names
    experiments: tuple[str, ...] = ()  # of each run; of a list of experiments those
    failed: tuple[tuple[str, str, str], ...] = ()  # of a standup: id, name and experiment

    def answered(self) -> Answered | None:
        """What can be talked about; None where the line is not understood any more."""
        try:
            return Answered(parse(self.line), self.runs, self.labels, self.experiments, self.failed)
        except NotUnderstood:
            return None


class AnswerStore(Protocol):
    """Posted answers, shared by all replicas."""

    def remember(self, record: PostedAnswer) -> None:
        """Kept by its id; the same id again takes the place of what was there."""
        ...

    def recent(self, workspace: str, user: str, *, limit: int = 5) -> list[PostedAnswer]:
        """What this person asked, the newest first."""
        ...

    def in_thread(self, channel: str, thread: str, workspace: str = "", *, limit: int = 10) -> list[PostedAnswer]:
        """Answers that stand in this thread, and the message it hangs from, the newest first; of a workspace or any."""
        ...


class InMemoryAnswers(InMemoryPosted[PostedAnswer]):
    """Answers in memory, for one process."""

    def in_thread(self, channel: str, thread: str, workspace: str = "", *, limit: int = 10) -> list[PostedAnswer]:
        return self.all_in_thread(channel, thread, workspace)[:limit]


_SHOWN = 50  # runs or experiments of an answer


@dataclass(frozen=True, slots=True)
class ShownRuns:
    """The runs that an answer shows, in its order; `experiments` where it lists those; of a standup what `failed`."""

    runs: Sequence[Run] = ()
    experiments: Sequence[str] = ()
    failed: Sequence[Run] = ()


def remember_answer(  # noqa: PLR0913, PLR0917 -- what an answer was, where it stands and since when
    answers: AnswerStore, request: Request, shown: ShownRuns, utterance: Utterance, message_ts: str, now: datetime
) -> None:
    """Keeps what was asked and what was shown; that it cannot be kept is no reason not to answer."""
    runs = shown.runs[:_SHOWN]
    ids = tuple(run.run_id for run in runs)
    try:
        record = PostedAnswer(
            id=f"{utterance.channel}:{message_ts}" if message_ts else utterance.delivery,
            workspace=utterance.team,
            channel=utterance.channel,
            thread=utterance.answer_ts,
            message_ts=message_ts,
            asked_by=utterance.user,
            at=int(now.timestamp()),
            line=line(shown_request(request, ids)),
            runs=ids,
            labels=tuple(run.name for run in runs),
            experiments=tuple(shown.experiments or (run.experiment.name for run in runs))[:_SHOWN],
            failed=tuple((run.run_id, run.name, run.experiment.name) for run in shown.failed[:_SHOWN]),
        )
        answers.remember(record)
    except Exception:
        log.exception("an answer could not be remembered")


# What was said and is not answered yet, kept where it outlives the process that heard it.


class AnswerStage(StrEnum):
    """How far an answer has come. Between the last two and the end nobody can be sure that it was told."""

    ASKED = "asked"
    TELLING = "telling"  # all who are there
    CONFIDING = "confiding"  # the asker alone


@dataclass(frozen=True, slots=True)
class LeftRequest:
    """What another process left unanswered when it ended. `working_ts`: what it had shown while working."""

    key: str
    utterance: Utterance
    stage: AnswerStage = AnswerStage.ASKED
    working_ts: str = ""
    asked_at: int = 0  # seconds since the epoch
    told_at: int = 0  # when telling began; 0: it has not
    times: int = 1  # how often it was left


class Storing(Enum):
    """What became of a request that was to be kept."""

    STORED = "stored"  # by nobody before: it falls to us to answer
    UNSURE = "unsure"  # the database did not say in time, or at all
    TAKEN = "taken"  # it is being answered already, or was


class Inbox(Protocol):
    """Never raises, and holds nobody up: without a database people are answered as they were before there was one.

    What ends in `_soon` returns at once; what it returns waits for the outcome, and may be called more than once.
    """

    def put_soon(self, key: str, utterance: Utterance) -> Callable[[], Storing]:
        """To be kept."""
        ...

    def put(self, key: str, utterance: Utterance) -> bool:
        """Kept from now on. False when it is being answered already, or was: then there is nothing to do."""
        ...

    def show(self, key: str, ts: str) -> None:
        """Where the message stands that was shown while working."""
        ...

    def begin_telling_soon(self, key: str, stage: AnswerStage) -> Callable[[], bool]:
        """For just before the first post of the answer. False when another process answers by now: do not tell."""
        ...

    def done(self, key: str) -> None:
        """Answered: no longer kept, and not put again."""
        ...

    def drop(self, key: str) -> None:
        """Not taken: no longer kept."""
        ...


class NoInbox:
    """Keeps nothing."""

    def put_soon(self, key: str, utterance: Utterance) -> Callable[[], Storing]:  # noqa: ARG002 -- the protocol's
        return lambda: Storing.UNSURE

    def put(self, key: str, utterance: Utterance) -> bool:  # noqa: ARG002 -- the protocol's
        return True

    def show(self, key: str, ts: str) -> None: ...

    def begin_telling_soon(self, key: str, stage: AnswerStage) -> Callable[[], bool]:  # noqa: ARG002 -- the protocol's
        return lambda: True

    def done(self, key: str) -> None: ...

    def drop(self, key: str) -> None: ...


# The watches and digests of channels: kept as the words they were asked in, with who changed what and when.


MAX_WATCHES = 50  # watches and digests of one channel


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A watch or digest of a channel. Times are seconds since the epoch; `words` are those behind the command."""

    id: str
    workspace: str
    channel: str
    words: str
    created_by: str
    created_at: float
    is_digest: bool = False
    past: tuple[str, ...] = ()  # ids of runs that were over already when it began
    is_primed: bool = False  # whether MLflow could be asked for them
    paused_at: int = 0  # 0: it is not
    paused_by: str = ""  # a person's id; "" : the bot, `paused_why` says why
    paused_why: str = ""
    experiment_id: str = ""  # of the one experiment that is watched; "" for a pattern, or not known yet
    gone_at: int = 0  # since when that experiment is not there; 0: it is
    meaning: str = field(default="", compare=False)  # the document of comparison/watch.py; "": read the words

    @property
    def is_paused(self) -> bool:
        return bool(self.paused_at)


@dataclass(frozen=True, slots=True)
class WatchChange:
    """A change of a watch: who, when, what, and the words before and after."""

    watch_id: str
    workspace: str
    channel: str
    by: str  # a person's id; "" : the bot
    at: int  # seconds since the epoch
    what: str  # added, edited, paused, resumed or removed
    before: str = ""
    after: str = ""


class WatchStore(Protocol):
    """Watches, shared by all replicas. Every change is recorded; one that cannot be kept raises RequestError."""

    def add(self, watch: StoredWatch, *, instead_of: Sequence[str] = ()) -> None:
        """Raises TooMany when the channel has MOST; the limit holds however many are added at once.

        Those of these ids are removed, by whom it is set up, if and only if it is kept.
        """
        ...

    def get(self, watch_id: str) -> StoredWatch | None: ...

    def of_channel(self, workspace: str, channel: str) -> list[StoredWatch]:
        """The oldest first, digests after the watches."""
        ...

    def every(self) -> list[StoredWatch]:
        """Watches of all channels, the paused ones too, the oldest first."""
        ...

    def prime(self, watch_id: str, past: Iterable[str]) -> None:
        """What was over when it began, once MLflow could be asked. No change of anybody's: not recorded."""
        ...

    def edit(self, watch_id: str, words: str, *, by: str, at: int, experiment_id: str = "") -> StoredWatch | None:
        """The watch after the edit; None if it was removed. The experiment is there again, or another."""
        ...

    def tie(self, watch_id: str, experiment_id: str, *, gone_at: int = 0) -> None:
        """Ties a watch to its experiment, and since when that is gone (0: it is there). No change of anybody's."""
        ...

    def pause(self, watch_id: str, *, by: str, at: int, why: str = "") -> bool:
        """True when it was not paused before."""
        ...

    def resume(self, watch_id: str, *, by: str, at: int) -> bool:
        """True when it was paused before."""
        ...

    def remove(self, watch_id: str, *, by: str, at: int) -> StoredWatch | None:
        """The watch that was removed; None if there is none any more."""
        ...

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[WatchChange]:
        """The last first."""
        ...

    def channels_of(self, workspace: str, user: str, *, limit: int = 10) -> list[str]:
        """Channels where this person set up watches that still are, the last first."""
        ...


class TooManyWatches(Exception):  # noqa: N818 -- named for what happened
    """The channel has as many watches as one may have."""


class InMemoryWatches:
    """Watches in memory, for one process. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._watches: dict[str, StoredWatch] = {}
        self._changes = ChangeLog[WatchChange]()

    def add(self, watch: StoredWatch, *, instead_of: Sequence[str] = ()) -> None:
        with self._lock:
            if sum(each.id not in instead_of for each in self._of(watch.workspace, watch.channel)) >= MAX_WATCHES:
                raise TooManyWatches
            for each in instead_of:
                before = self._watches.pop(each, None)
                if before is not None:
                    self._record(before, watch.created_by, int(watch.created_at), "removed", before.words, "")
            self._watches[watch.id] = watch
            self._record(watch, watch.created_by, int(watch.created_at), "added", "", watch.words)

    def get(self, watch_id: str) -> StoredWatch | None:
        with self._lock:
            return self._watches.get(watch_id)

    def of_channel(self, workspace: str, channel: str) -> list[StoredWatch]:
        with self._lock:
            return self._of(workspace, channel)

    def every(self) -> list[StoredWatch]:
        with self._lock:
            return oldest_first(self._watches.values())

    def prime(self, watch_id: str, past: Iterable[str]) -> None:
        with self._lock:
            if watch_id in self._watches:
                self._watches[watch_id] = replace(self._watches[watch_id], past=tuple(past), is_primed=True)

    def tie(self, watch_id: str, experiment_id: str, *, gone_at: int = 0) -> None:
        with self._lock:
            if watch_id in self._watches:
                tied = replace(self._watches[watch_id], experiment_id=experiment_id, gone_at=gone_at)
                self._watches[watch_id] = tied

    def edit(self, watch_id: str, words: str, *, by: str, at: int, experiment_id: str = "") -> StoredWatch | None:
        with self._lock:
            before = self._watches.get(watch_id)
            if before is None:
                return None
            self._watches[watch_id] = replace(before, words=words, experiment_id=experiment_id, gone_at=0)
            self._record(before, by, at, "edited", before.words, words)
            return self._watches[watch_id]

    def pause(self, watch_id: str, *, by: str, at: int, why: str = "") -> bool:
        with self._lock:
            before = self._watches.get(watch_id)
            if before is None or before.is_paused:
                return False
            self._watches[watch_id] = replace(before, paused_at=max(at, 1), paused_by=by, paused_why=why)
            self._record(before, by, at, "paused", "", why)
            return True

    def resume(self, watch_id: str, *, by: str, at: int) -> bool:
        with self._lock:
            before = self._watches.get(watch_id)
            if before is None or not before.is_paused:
                return False
            self._watches[watch_id] = replace(before, paused_at=0, paused_by="", paused_why="")
            self._record(before, by, at, "resumed", before.paused_why, "")
            return True

    def remove(self, watch_id: str, *, by: str, at: int) -> StoredWatch | None:
        with self._lock:
            before = self._watches.pop(watch_id, None)
            if before is not None:
                self._record(before, by, at, "removed", before.words, "")
            return before

    def changes(self, workspace: str, channel: str, *, limit: int = 20) -> list[WatchChange]:
        with self._lock:
            return self._changes.of(workspace, channel, limit)

    def channels_of(self, workspace: str, user: str, *, limit: int = 10) -> list[str]:
        with self._lock:
            mine = [each for each in self._watches.values() if (each.workspace, each.created_by) == (workspace, user)]
        newest = sorted(mine, key=lambda each: each.created_at, reverse=True)
        return list(dict.fromkeys(each.channel for each in newest))[:limit]

    def _of(self, workspace: str, channel: str) -> list[StoredWatch]:
        here = (each for each in self._watches.values() if (each.workspace, each.channel) == (workspace, channel))
        return oldest_first(here)

    def _record(self, watch: StoredWatch, by: str, at: int, what: str, before: str, after: str) -> None:  # noqa: PLR0913, PLR0917 -- a row
        self._changes.add(WatchChange(watch.id, watch.workspace, watch.channel, by, at, what, before, after))


def oldest_first(stored: Iterable[StoredWatch]) -> list[StoredWatch]:
    """The oldest first, digests after the watches."""
    return sorted(stored, key=lambda each: (each.is_digest, each.created_at, each.id))
