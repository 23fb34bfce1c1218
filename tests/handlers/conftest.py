import pytest

from bot.playground.slack import SlackStandIn
from tests.endings import endings
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD
from tests.handlers.watched import bot, open_shop, town  # noqa: F401 - fixtures


@pytest.fixture
def slack():
    stand_in = SlackStandIn().start()
    yield stand_in
    endings().begin(stand_in.stop)


@pytest.fixture
def runs():
    return FakeRuns([OLD, NEW])
