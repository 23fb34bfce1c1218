"""A connection to PostgreSQL on which a server that stopped answering counts as gone."""

from typing import Any

from psycopg import Connection, OperationalError
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus

SECONDS = 3.0  # for one statement; libpq would wait for a frozen server for ever


class PromptConnection(Connection[Any]):
    """Raises OperationalError and is closed when a statement is not answered within SECONDS."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = SECONDS) -> RV:
        try:
            return super().wait(gen, interval=interval, timeout=timeout)
        except OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # the server's own answer
            self.close()
            raise OperationalError(f"the server did not answer within {SECONDS:g} s") from error
