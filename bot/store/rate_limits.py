"""Turns in the database."""

from typing import Any

from sqlalchemy import BigInteger, Engine, bindparam, case, select

from bot.notifier.rate_limit import LONGEST
from bot.store.database import single_statements, upsert
from bot.store.tables import turns


class StoredSendSlots:
    """Every method is one transaction, and raises what the database raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = single_statements(engine)
        self._taken = self._taking()

    def wait(self, place: str, now: int) -> int:
        with self._engine.connect() as connection:
            free_at = connection.scalar(_FREE_AT, {"at": place})
        return 0 if free_at is None or free_at > now + LONGEST else max(0, int(free_at) - now)

    def take(self, place: str, now: int, apart: int, at_once: int = 0) -> int:
        first = now - apart * at_once
        given = {"at": place, "next": first + apart, "first": first, "most": now + LONGEST, "apart": apart}
        with self._engine.begin() as connection:
            free_at = connection.scalar(self._taken, given)
        return max(0, int(free_at or 0) - apart - now)

    def hold(self, place: str, until: int) -> None:
        statement = upsert(self._engine, turns).values(place=place, free_at=until)
        later = case((turns.c.free_at > until, turns.c.free_at), else_=until)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["place"], set_={"free_at": later}))

    def _taking(self) -> Any:
        first, apart = bindparam("first", type_=BigInteger), bindparam("apart", type_=BigInteger)
        is_stale = (turns.c.free_at < first) | (turns.c.free_at > bindparam("most", type_=BigInteger))
        ours = case((is_stale, first), else_=turns.c.free_at)
        statement = upsert(self._engine, turns).values(place=bindparam("at"), free_at=bindparam("next"))
        taken = statement.on_conflict_do_update(index_elements=["place"], set_={"free_at": ours + apart})
        return taken.returning(turns.c.free_at)


_FREE_AT = select(turns.c.free_at).where(turns.c.place == bindparam("at"))  # built once: it is asked for each message
