"""How runs were when they were seen last: rows of one table, read and written within a transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from bot.notifying.outbox import End, State
from bot.state.database import upsert
from bot.state.tables import ends, message_runs, messages
from comparison.runs import GOING_ON
from comparison.watching.stepping import as_before, is_going_on

MANY = 1_000  # values that one statement compares with: both databases have room for more
DAY = 24 * 3_600_000
KEPT = 30 * DAY  # ms, as long as messages: a run may be resumed and end anew


def in_chunks(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """Each value once and in order: whoever locks rows by them locks in the same order as everybody."""
    known = sorted(set(values))
    yield from (known[start : start + MANY] for start in range(0, len(known), MANY))


def read_ends(connection: Connection, run_ids: Iterable[str]) -> dict[str, End]:
    """Those of them that were seen."""
    found: dict[str, End] = {}
    for chunk in in_chunks(run_ids):
        found.update(map(_end, connection.execute(select(ends).where(ends.c.run_id.in_(chunk)))))
    return found


def read_every_end(connection: Connection) -> dict[str, End]:
    return dict(map(_end, connection.execute(select(ends))))


def read_going_on(connection: Connection) -> dict[str, End]:
    """Those that were seen to run last."""
    is_going_on = or_(*(ends.c.status.endswith(each.value, autoescape=True) for each in GOING_ON))
    return dict(map(_end, connection.execute(select(ends).where(is_going_on))))


def lose_sight(connection: Connection, run_ids: Iterable[str]) -> None:
    """Of those that go on: as they had ended before, or not at all."""
    for run_id, end in sorted(read_ends(connection, run_ids).items()):
        if not is_going_on(end.status):
            continue
        this, before = ends.c.run_id == run_id, as_before(end.status)
        changed = update(ends).where(this).values(status=before) if before else delete(ends).where(this)
        connection.execute(changed)


def keep_ends(connection: Connection, news: Mapping[str, End], now: int) -> None:
    if not news:
        return
    statement = upsert(connection.engine, ends)
    newest = {name: statement.excluded[name] for name in ("status", "ended_at", "look", "seen_at")}
    # RETURNING, so that many rows go in one statement.
    kept = statement.on_conflict_do_update(index_elements=["run_id"], set_=newest).returning(ends.c.run_id)
    rows = [
        {"run_id": run_id, "status": end.status, "ended_at": end.ended_at, "look": end.look, "seen_at": now}
        for run_id, end in sorted(news.items())
    ]
    connection.execute(kept, rows).all()


def forget_ends(connection: Connection, now: int) -> int:
    """Those of long ago that no look finds again, and no message waits for or is edited by; how many."""
    is_alive = or_(messages.c.state == State.WAITING.value, messages.c.posted_at > now - DAY)
    holds = (message_runs.c.run_id == ends.c.run_id) & (messages.c.id == message_runs.c.message_id)
    is_needed = select(func.count()).where(holds & is_alive).correlate(ends).scalar_subquery() > 0
    is_old = (ends.c.seen_at < now - KEPT) & (ends.c.ended_at < now - KEPT)
    return connection.execute(delete(ends).where(is_old & ~is_needed)).rowcount


def _end(row: Row[tuple[str, str, int, str, int]]) -> tuple[str, End]:
    return str(row.run_id), End(row.status, int(row.ended_at), row.look)
