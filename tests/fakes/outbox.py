"""The outbox in memory, for one process. Keeps every promise of the stored one: see tests/bot/store/test_outbox.py."""

from dataclasses import replace
from threading import RLock

from bot.notifier.outbox import ON_RUNS, Cursor, MessageState, OutboxMessage, QueuedMessage, id_of, united
from comparison.notifications.message import MessageKind, OpenMessage
from comparison.notifications.new_runs import as_before, is_going_on

DAY = 24 * 3_600_000


class FakeOutbox:
    """`messages` are those by id, `wanted` the announcements they came of."""

    def __init__(self):
        self._lock = RLock()
        self._claimed = None
        self._cursor = None
        self._ends = {}  # run id: (End, seen at)
        self.messages = {}
        self._wanted = {}

    def claim_poll(self, now, interval):
        with self._lock:
            if self._claimed is not None and now - interval * 9 // 10 < self._claimed <= now + interval:
                return False
            self._claimed = now
            return True

    def cursor(self, now):
        with self._lock:
            self._cursor = self._cursor or Cursor(now, 1)
            return self._cursor

    def ends(self, run_ids=()):
        with self._lock:
            asked = list(run_ids) or list(self._ends)
            return {run_id: self._ends[run_id][0] for run_id in asked if run_id in self._ends}

    def going_on(self):
        with self._lock:
            return {run_id: end for run_id, (end, _at) in self._ends.items() if is_going_on(end.status)}

    def lose_sight(self, run_ids):
        with self._lock:
            for run_id in run_ids:
                end, at = self._ends.get(run_id, (None, 0))
                if end is None or not is_going_on(end.status):
                    continue
                before = as_before(end.status)
                if before:
                    self._ends[run_id] = replace(end, status=before), at
                else:
                    del self._ends[run_id]

    def on_run(self, run_id):
        with self._lock:
            found = [each for each in self.messages.values() if run_id in each.run_ids]
            return sorted(found, key=lambda each: (-each.created_at, each.id))

    def standing(self, since):
        with self._lock:
            return [
                OpenMessage(
                    self._wanted[each.id].key,
                    each.kind,
                    each.workspace,
                    each.channel,
                    each.experiment_ids,
                    each.joined_at,
                    each.state is MessageState.WAITING,
                    each.not_before,
                    each.created_at,
                )
                for each in self._oldest_first(self.messages.values())
                if each.kind in ON_RUNS
                and (each.state is not MessageState.DROPPED or each.kind is not MessageKind.RUN)
                and (each.state is MessageState.WAITING or (not each.is_final and each.joined_at > since))
            ]

    def record(self, before, at, ends, announcements, now):
        with self._lock:
            if self._cursor is None or before.version != self._cursor.version:
                return False
            self._cursor = Cursor(at, before.version + 1)
            changed = {run_id for run_id, end in ends.items() if self._ends.get(run_id, (end, 0))[0] != end}
            self._ends |= {run_id: (end, now) for run_id, end in ends.items()}
            joined = self._join(announcements, now)
            states = {MessageState.WAITING, MessageState.POSTED, MessageState.DROPPED}
            self._renew(
                self._holding(changed) - joined,
                lambda each: (
                    each.kind in ON_RUNS and each.state in states and (not each.posted_at or each.posted_at > now - DAY)
                ),
            )
            return True

    def announce(self, announcements, now):
        with self._lock:
            made = self._by_id(announcements)
            new = {message_id: each for message_id, each in made.items() if message_id not in self.messages}
            for each in new.values():
                self._make(each, now)
            return len(new)

    def touch(self, ends, now):
        with self._lock:
            self._ends |= {run_id: (end, now) for run_id, end in ends.items()}
            states = {MessageState.WAITING, MessageState.POSTED}
            return self._renew(self._holding(ends), lambda each: each.kind in ON_RUNS and each.state in states)

    def finish(self, message_ids):
        with self._lock:
            states = {MessageState.WAITING, MessageState.POSTED}
            self._renew(message_ids, lambda each: each.state in states and not each.is_final, is_final=True)

    def due(self, now, limit=1000):
        with self._lock:
            waits = [each for each in self._oldest_first(self.messages.values()) if self._is_due(each, now)]
            turns, turn = {}, {}
            for each in waits:
                place = each.workspace, each.channel
                turns[place] = turn[each.id] = turns.get(place, 0) + 1
            first = sorted(waits, key=lambda each: turn[each.id])[:limit]
            return [
                QueuedMessage(each.id, each.revision, each.workspace, each.channel)
                for each in self._oldest_first(first)
            ]

    def unfinished(self, kinds, before):
        with self._lock:
            found = [
                each
                for each in self.messages.values()
                if each.state is MessageState.POSTED
                and not each.is_final
                and each.kind in kinds
                and each.joined_at < before
            ]
            return sorted(found, key=lambda each: (each.joined_at, each.id))

    def posted(self, since):
        with self._lock:
            found = [
                each
                for each in self.messages.values()
                if each.kind in ON_RUNS and each.state is MessageState.POSTED and each.posted_at > since
            ]
            return sorted(found, key=lambda each: (-each.posted_at, each.id))

    def get(self, message_id):
        with self._lock:
            return self.messages.get(message_id)

    def begin(self, message_id, now):
        with self._lock:
            before = self.messages.get(message_id)
            if before is None or before.begun_at or before.ts:
                return False
            self._change(message_id, begun_at=now, tries=before.tries + 1)
            return True

    def record_posted(self, message_id, stands, now):
        with self._lock:
            each = self.messages.get(message_id)
            if each is None:
                return
            if each.posted_revision <= stands.revision:
                self._change(message_id, posted_revision=stands.revision, ts=stands.ts, drawn=stands.drawn)
            self._change(
                message_id,
                state=MessageState.POSTED,
                is_final=each.is_final or (stands.is_final and each.revision == stands.revision),
                posted_at=each.posted_at or now,
                begun_at=0,
                unconfirmed=0,
                tries=each.tries or 1,
                problem="",
            )

    def unconfirm(self, message_id, problem):
        with self._lock:
            each = self.messages.get(message_id)
            if each is None:
                return 0
            self._change(message_id, unconfirmed=each.unconfirmed + 1, problem=problem)
            return each.unconfirmed + 1

    def put_off(self, message_id, problem):
        with self._lock:
            each = self.messages.get(message_id)
            if each:
                self._change(message_id, begun_at=0, problem=problem, tries=each.tries + (not each.begun_at))

    def drop(self, message_id, revision, why):
        with self._lock:
            each = self.messages.get(message_id)
            if each and each.revision == revision and each.ts:
                self._change(message_id, state=MessageState.POSTED, posted_revision=revision, problem="", begun_at=0)
            elif each and each.revision == revision:
                self._change(message_id, state=MessageState.DROPPED, problem=why, begun_at=0)

    def fail(self, message_id, revision, why):
        with self._lock:
            each = self.messages.get(message_id)
            if each and each.revision == revision:
                self._change(message_id, state=MessageState.FAILED, problem=why)

    def retry(self, message_ids=()):
        with self._lock:
            anew = {"tries": 0, "unconfirmed": 0, "problem": ""}
            return self._renew(
                message_ids or list(self.messages), lambda each: each.state is MessageState.FAILED, **anew
            )

    def listed(self, *, state=None, limit=50):
        with self._lock:
            found = [each for each in self.messages.values() if state is None or each.state is state]
            return sorted(found, key=lambda each: (-each.created_at, each.id))[:limit]

    def prune(self, now):
        with self._lock:
            alive = [each for each in self.messages.values() if self._is_alive(each, now)]
            needed = {run_id for each in alive for run_id in each.run_ids}
            until = now - 30 * DAY
            old = [run_id for run_id, (end, seen_at) in self._ends.items() if max(end.ended_at, seen_at) < until]
            ends = [run_id for run_id in old if run_id not in needed]
            gone = [each.id for each in self.messages.values() if max(each.created_at, each.joined_at) < until]
            for run_id in ends:
                del self._ends[run_id]
            for message_id in gone:
                del self.messages[message_id]
            return len(ends) + len(gone)

    @staticmethod
    def _is_alive(message, now):
        return message.state is MessageState.WAITING or message.posted_at > now - DAY

    @staticmethod
    def _is_due(message, now):
        waits = (
            message.state in {MessageState.WAITING, MessageState.POSTED} and message.posted_revision < message.revision
        )
        return waits and message.not_before <= now

    @staticmethod
    def _oldest_first(messages):
        return sorted(messages, key=lambda each: (each.created_at, each.id))

    @staticmethod
    def _by_id(announcements):
        found = {}
        for each in announcements:
            message_id = id_of(each.key)
            found[message_id] = united(found[message_id], each) if message_id in found else united(each, each)
        return found

    def _holding(self, run_ids):
        asked = set(run_ids)
        return {each.id for each in self.messages.values() if asked & set(each.run_ids)}

    def _change(self, message_id, **values):
        self.messages[message_id] = replace(self.messages[message_id], **values)

    def _renew(self, message_ids, is_meant, **changes):
        found = [self.messages[each] for each in dict.fromkeys(message_ids) if each in self.messages]
        meant = [each for each in found if is_meant(each)]
        for each in meant:
            state = MessageState.POSTED if each.ts else MessageState.WAITING
            tries = 0 if each.posted_revision == each.revision else each.tries
            self._change(each.id, **({"revision": each.revision + 1, "state": state, "tries": tries} | changes))
        return len(meant)

    def _join(self, announcements, now):
        wanted = self._by_id(announcements)
        before = dict(self.messages)
        for message_id, announcement in wanted.items():
            if message_id in self.messages:
                self._add(self.messages[message_id], announcement, now)
            else:
                self._make(announcement, now)
        return {message_id for message_id in wanted if self.messages[message_id] is not before.get(message_id)}

    def _add(self, row, announcement, now):
        before = self._wanted[row.id]
        both = united(before, announcement)
        if replace(both, not_before=before.not_before) == before:
            return
        self._wanted[row.id] = both
        was_over = row.state in {MessageState.DROPPED, MessageState.FAILED}
        has_grown = both.run_ids != before.run_ids
        self._change(
            row.id,
            run_ids=both.run_ids,
            watch_ids=both.watch_ids,
            experiment_ids=both.experiment_ids,
            revision=row.revision + 1,
            joined_at=now if has_grown else row.joined_at,
            is_final=row.is_final and not has_grown,
            not_before=announcement.not_before if was_over else min(announcement.not_before, row.not_before),
            state=MessageState.POSTED if row.ts else MessageState.WAITING,
            tries=0 if was_over or row.posted_revision == row.revision else row.tries,
            problem="" if was_over else row.problem,
            unconfirmed=0 if was_over else row.unconfirmed,
        )

    def _make(self, announcement, now):
        message_id = id_of(announcement.key)
        self._wanted[message_id] = announcement
        self.messages[message_id] = OutboxMessage(
            message_id,
            announcement.kind,
            announcement.workspace,
            announcement.channel,
            announcement.run_ids,
            announcement.watch_ids,
            announcement.experiment_ids,
            announcement.about,
            MessageState.WAITING,
            revision=1,
            posted_revision=0,
            created_at=now,
            not_before=announcement.not_before,
            joined_at=now,
            is_final=False,
            begun_at=0,
            unconfirmed=0,
            posted_at=0,
            ts="",
            drawn="",
            tries=0,
            problem="",
            key=announcement.key,
        )
