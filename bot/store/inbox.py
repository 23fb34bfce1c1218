"""What was said and is not answered yet, in the database; taken over from processes that ended before they answered.

Processes show that they live by a beat. One whose beat stands still for long is taken for dead, by the clock of who
watches: clocks of machines differ. Should it live after all, it learns before it tells anything that it is too late.
"""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from cachetools import FIFOCache
from sqlalchemy import Connection, Engine, Row, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot.store.claims import DAY, MAX_REMEMBERED_KEYS, stored
from bot.store.database import claims, inbox, processes, upsert
from handlers.stores import AnswerStage, LeftRequest, Storing
from handlers.utterance import Utterance

log = logging.getLogger(__name__)

KEPT = 30 * 60  # seconds; as long as Slack lets a response_url be used
PATIENCE = 30.0  # seconds without a beat, after which a process counts as dead
HELD_UP = 0.5  # seconds that an acknowledgement or an answer waits for the database at most
FORGOTTEN = 24 * 3600  # seconds after which nothing is known of a process that left nothing
REST = 5  # seconds a database that failed is left alone
_SLOW = 10.0  # seconds for what nobody waits for
_FAILURES = (SQLAlchemyError, OSError, NotInTime)


@dataclass(frozen=True, slots=True)
class _Own:
    asked_at: int
    is_stored: bool  # False: perhaps; the database did not say in time


# Writes that many threads ask for at once, made by one thread: what waits goes into one transaction.


Job = Callable[[Connection], Any]


class StoredInbox:
    """The inbox of one process; `owner` names it among all that ever ran.

    Both in seconds: without a beat for `patience` a process counts as dead; the database is waited for for `held_up`.
    """

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], datetime],
        owner: str,
        patience: float = PATIENCE,
        held_up: float = HELD_UP,
    ) -> None:
        self._engine = engine
        self._now = now
        self._owner = owner
        self._patience = patience
        self._held_up = held_up
        self._prunes_at = 0.0
        self._writer = InboxWriter(engine)
        self._putting = upsert(engine, inbox).on_conflict_do_nothing()
        self._mutex = threading.Lock()
        self._own: dict[str, _Own] = {}
        self._answered: FIFOCache[str, None] = FIFOCache(MAX_REMEMBERED_KEYS)  # also where the database is down
        self._undone: dict[str, bool] = {}  # what could not be removed yet, and whether it was answered
        self._beats: dict[str, tuple[int, float]] = {}  # of others: the last one seen, and when it was new
        self._beat_until = 0.0
        self._rests_until = 0.0
        self._is_down = False
        self._is_closed = False
        self.every = patience / 3  # seconds between two beats, at most

    def put_soon(self, key: str, utterance: Utterance) -> Callable[[], Storing]:
        """To be kept; whoever waits for it learns what became of it."""
        at, name = self._at(), stored(key)
        with self._mutex:
            if key and (name in self._own or name in self._answered):
                return lambda: Storing.TAKEN
            if not key or at < self._rests_until or self._is_closed:
                return lambda: Storing.UNSURE
            self._own[name] = _Own(int(at), is_stored=False)
        values = {"key": name, "asked_at": int(at), "said": _written(utterance)}
        putting = self._writer.submit(lambda connection: self._insert(connection, values))
        putting.add_done_callback(lambda put: self._note(name, put))
        return lambda: {True: Storing.STORED, False: Storing.TAKEN}.get(self._outcome(putting), Storing.UNSURE)

    def put(self, key: str, utterance: Utterance) -> bool:
        """Kept from now on. False when it is being answered already, or was."""
        return self.put_soon(key, utterance)() is not Storing.TAKEN

    def _note(self, name: str, put: Future[bool]) -> None:
        """Keeps in mind what became of what was put, unless it is done already."""
        if put.exception() is not None:
            return
        with self._mutex:
            if name in self._own and put.result():
                self._own[name] = replace(self._own[name], is_stored=True)
            elif not put.result():
                self._own.pop(name, None)

    def show(self, key: str, ts: str) -> None:
        """Where the message stands that was shown while working."""
        name = stored(key)
        if name in self._own:
            self._writer.submit(lambda connection: connection.execute(_SHOW, self._mine(name) | {"ts": ts}))

    def begin_telling_soon(self, key: str, stage: AnswerStage) -> Callable[[], bool]:
        """Whether we still are to answer, and not another process by now."""
        name, at = stored(key), self._at()
        own = self._own.get(name)
        if own is None:
            return lambda: True
        if self._is_closed:
            return lambda: False  # it is left for others already
        if at < self._rests_until:
            return lambda: True
        parameters = self._mine(name) | {"to": stage.value, "at": int(at)}
        telling = self._writer.submit(lambda connection: connection.execute(_TELL, parameters).rowcount)
        return lambda: self._outcome(telling) != 0 or not own.is_stored or own.asked_at < at - KEPT

    def done(self, key: str) -> None:
        """Answered: no longer kept, and claimed, so that it is not put again."""
        name = stored(key)
        with self._mutex:
            self._answered[name] = None
        self._end(name, was_answered=True)

    def drop(self, key: str) -> None:
        """Not taken: no longer kept."""
        self._end(stored(key), was_answered=False)

    def _end(self, name: str, *, was_answered: bool) -> None:
        with self._mutex:
            if self._own.pop(name, None) is None:
                return
            self._undone[name] = was_answered
        self._remove(name, was_answered=was_answered)

    def take_over(self, is_dead: Callable[[str], bool] = lambda _owner: False) -> list[LeftRequest]:
        """What dead processes left, now ours; each is taken by one process. Removes what is too old.

        `is_dead` knows of an owner that it is dead before its beat tells. Raises what the database raises.
        """
        for name, was_answered in list(self._undone.items()):
            self._remove(name, was_answered=was_answered)
        at = self._at()
        rows = self._patiently(lambda connection: self._take(connection, at, is_dead))
        found = [left for row in rows if (left := _read(row))]
        with self._mutex:
            self._own.update({left.key: _Own(left.asked_at, is_stored=True) for left in found})
        return found

    def beat(self) -> None:
        """Shows that this process lives. Raises what the database raises."""
        self._patiently(self._beat_now)

    def close(self, seconds: float = 3.0) -> None:
        """Leaves what is not answered to others, at once."""
        with self._mutex:
            self._is_closed = True
        gone = delete(processes).where(processes.c.id == self._owner)
        if self._beat_until:
            self._writer.submit(lambda connection: connection.execute(gone))
        self._writer.close(seconds)

    def _at(self) -> float:
        return self._now().timestamp()

    def _mine(self, name: str) -> dict[str, Any]:
        return {"name": name, "mine": self._owner}

    def _outcome(self, asked: Future[Any]) -> Any:
        """What a job returned; None when the database fails or takes too long, which is said once."""
        try:
            found = asked.result(self._held_up)
        except _FAILURES as error:
            self._rest(error)
            return None
        if self._is_down:
            self._is_down = False
            log.warning("what is asked is stored again")
        return found

    def _patiently(self, job: Job) -> Any:
        try:
            return self._writer.submit(job).result(_SLOW)
        except BaseException:
            self._beat_until = 0.0
            raise

    def _rest(self, error: BaseException) -> None:
        with self._mutex:
            self._rests_until = self._at() + REST
            self._beat_until = 0.0
            first, self._is_down = not self._is_down, True
        if first:
            log.error(
                "what is asked cannot be stored; it would be lost if this process were killed", extra={"reason": error}
            )

    def _remove(self, name: str, *, was_answered: bool) -> None:
        claim = upsert(self._engine, claims).values(key=name, claimed_at=int(self._at())).on_conflict_do_nothing()

        def remove(connection: Connection) -> None:
            if was_answered:  # in one transaction: a delivery that comes again finds one or the other
                connection.execute(claim)
            connection.execute(_DONE, self._mine(name))

        removing = self._writer.submit(remove)
        removing.add_done_callback(lambda future: None if future.exception() else self._undone.pop(name, None))

    def _insert(self, connection: Connection, values: dict[str, Any]) -> bool:
        """False for what is being answered by somebody, or was claimed and answered."""
        self._beat(connection)
        row = values | {
            "owner": self._owner,
            "stage": AnswerStage.ASKED.value,
            "told_at": 0,
            "working_ts": "",
            "times": 0,
        }
        if connection.execute(self._putting, row).rowcount:
            # Asked only now: who answered it may have removed it just before, and its claim is seen after that.
            if connection.scalar(_CLAIM_OF, {"name": values["key"]}) is None:
                return True
            connection.execute(_DONE, self._mine(values["key"]))
            return False
        wanted = select(inbox.c.owner).where(inbox.c.key == values["key"])
        return connection.scalar(wanted) == self._owner  # stored by a try whose success was not told

    def _beat_now(self, connection: Connection) -> None:
        self._beat_until = 0.0
        self._beat(connection)

    def _beat(self, connection: Connection) -> None:
        """Shows that we live in the transaction of what is stored: nobody sees what is ours before."""
        at = self._at()
        if at < self._beat_until:
            return
        statement = upsert(self._engine, processes).values(id=self._owner, beat_at=int(at))
        newest = {"beat_at": statement.excluded.beat_at}
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=newest))
        self._beat_until = at + self.every

    def _take(self, connection: Connection, at: float, is_dead: Callable[[str], bool]) -> list[Row[Any]]:
        self._beat_now(connection)
        connection.execute(delete(inbox).where(inbox.c.asked_at <= int(at) - KEPT))
        if at >= self._prunes_at:  # `done` claims what was answered: nobody else may come by to remove it
            self._prunes_at = at + DAY / 24
            connection.execute(delete(claims).where(claims.c.claimed_at < int(at) - DAY))
        connection.execute(delete(processes).where(processes.c.beat_at < int(at) - FORGOTTEN))
        others = {row.owner: row.beat_at for row in self._others(connection)}
        self._beats = {owner: known for owner, known in self._beats.items() if owner in others}
        dead = [owner for owner, beat in others.items() if self._stands_still(owner, beat, at) or is_dead(owner)]
        if not dead:
            return []
        wanted = update(inbox).where(inbox.c.owner.in_(dead)).values(owner=self._owner, times=inbox.c.times + 1)
        rows: list[Row[Any]] = [*connection.execute(wanted.returning(*inbox.c))]
        connection.execute(delete(processes).where(processes.c.id.in_(dead)))
        return rows

    def _others(self, connection: Connection) -> list[Row[Any]]:
        """Owners who have something to answer, and their last beat."""
        joined = inbox.outerjoin(processes, processes.c.id == inbox.c.owner)
        wanted = select(inbox.c.owner, processes.c.beat_at).select_from(joined).where(inbox.c.owner != self._owner)
        return [*connection.execute(wanted.distinct())]

    def _stands_still(self, owner: str, beat: int | None, at: float) -> bool:
        if beat is None:
            return True  # it said that it ends
        known, since = self._beats.get(owner, (None, at))
        if known != beat:
            since = at
        self._beats[owner] = (beat, since)
        return at - since >= self._patience


_OURS = (inbox.c.key == bindparam("name")) & (inbox.c.owner == bindparam("mine"))
_SHOW = update(inbox).where(_OURS).values(working_ts=bindparam("ts"))
_TELL = update(inbox).where(_OURS).values(stage=bindparam("to"), told_at=bindparam("at"))
_DONE = delete(inbox).where(_OURS)
_CLAIM_OF = select(claims.c.key).where(claims.c.key == bindparam("name"))


def _written(utterance: Utterance) -> str:
    """JSON without the trigger, which lives three seconds."""
    return json.dumps(asdict(replace(utterance, trigger="")))


def _read(row: Row[Any]) -> LeftRequest | None:
    """A request as it was stored; None for what another version wrote that this one cannot read."""
    try:
        stored = json.loads(row.said)
        utterance = Utterance(**{field.name: stored[field.name] for field in fields(Utterance) if field.name in stored})
        stage = AnswerStage(row.stage)
    except (ValueError, TypeError):
        log.warning("what another process left cannot be read", extra={"key": row.key})
        return None
    return LeftRequest(row.key, utterance, stage, row.working_ts, row.asked_at, row.told_at, row.times)


_AT_ONCE = 200  # jobs in one transaction


class InboxWriter:
    """Jobs are done in the order they came. Its thread starts with the first, and ends with `close`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted: deque[tuple[Job, Future[Any]]] = deque()
        self._work = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, job: Job) -> Future[Any]:
        """What the job returned once it is in the database; holds what the database raised when it is not."""
        future: Future[Any] = Future()
        with self._work:
            if self._is_closed:
                future.set_exception(OSError("the writer is closed"))
                return future
            self._wanted.append((job, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            self._work.notify()
        return future

    def close(self, seconds: float) -> None:
        """Takes nothing more, and waits at most so long for what was taken."""
        with self._work:
            self._is_closed = True
            self._work.notify()
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        while batch := self._next():
            try:
                results = self._transact([job for job, _future in batch])
            except BaseException as error:  # noqa: BLE001 -- each who waits is told
                for _job, future in batch:
                    future.set_exception(error)
            else:
                for (_job, future), result in zip(batch, results, strict=True):
                    future.set_result(result)

    def _next(self) -> list[tuple[Job, Future[Any]]]:
        """Empty when there will be no more."""
        with self._work:
            while not self._wanted and not self._is_closed:
                self._work.wait()
            return [self._wanted.popleft() for _ in range(min(len(self._wanted), _AT_ONCE))]

    def _transact(self, jobs: list[Job]) -> list[Any]:
        with self._engine.begin() as connection:
            return [job(connection) for job in jobs]
