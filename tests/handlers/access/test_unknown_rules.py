"""Where nobody can tell what may be seen: no run is shown, and help is still given."""

from datetime import UTC, datetime

import pytest

from comparison.errors import RequestError
from handlers.access.rules import AccessRules
from handlers.services import Services
from tests.fakes.runs import FakeRuns
from tests.handlers.workshop import FullPool, Ledger


class Away:
    def every(self):
        raise OSError("the database is away")


def test_every_question_for_runs_is_refused_with_why_until_rules_can_be_read():
    services = Services(
        runs=FakeRuns([]),
        pool=FullPool(),
        claims=Ledger(),
        capabilities=Ledger(),
        now=lambda: datetime(2026, 11, 28, tzinfo=UTC),
        new_incident=lambda: "1",
        access=AccessRules(Away()),
    )
    seen = services.for_channel("T1", "C1")
    for ask in (seen.runs.experiments, lambda: seen.runs.get(["0" * 32]), lambda: seen.runs.called("old")):
        with pytest.raises(RequestError, match="I cannot tell what may be seen here: my database does not answer"):
            ask()
