import pytest

from bot.playground.slack import SlackStandIn
from tests.endings import running
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD
from tests.handlers.watched import bot, open_shop, town  # noqa: F401 - fixtures


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def runs():
    return FakeRuns([OLD, NEW])
