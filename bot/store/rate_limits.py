"""Turns in the database."""

from sqlalchemy import Engine, case, select

from bot.notifier.rate_limit import LONGEST
from bot.store.database import upsert
from bot.store.tables import turns


class StoredSendSlots:
    """Every method is one transaction, and raises what the database raises."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def wait(self, place: str, now: int) -> int:
        with self._engine.connect() as connection:
            free_at = connection.scalar(select(turns.c.free_at).where(turns.c.place == place))
        return 0 if free_at is None or free_at > now + LONGEST else max(0, int(free_at) - now)

    def take(self, place: str, now: int, apart: int, at_once: int = 0) -> int:
        first = now - apart * at_once
        is_stale = (turns.c.free_at < first) | (turns.c.free_at > now + LONGEST)
        ours = case((is_stale, first), else_=turns.c.free_at)
        statement = upsert(self._engine, turns).values(place=place, free_at=first + apart)
        taken = statement.on_conflict_do_update(index_elements=["place"], set_={"free_at": ours + apart})
        with self._engine.begin() as connection:
            free_at = connection.scalar(taken.returning(turns.c.free_at))
        return max(0, int(free_at or 0) - apart - now)

    def hold(self, place: str, until: int) -> None:
        statement = upsert(self._engine, turns).values(place=place, free_at=until)
        later = case((turns.c.free_at > until, turns.c.free_at), else_=until)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["place"], set_={"free_at": later}))
