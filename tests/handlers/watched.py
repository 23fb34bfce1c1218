"""One bot for all tests of a file, as new for each; watches that are there already; what is heard of what is said."""

import pytest

from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from bot.playground.workspace import furnish
from comparison.runs import Experiment
from handlers.lookup_cache import LookupCache
from handlers.stores import InMemoryChannelDefaults, InMemoryWatches, StoredWatch
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, NOON, OLD
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop

TEAM, JONAS, PRIYA = "T0PLAYGROUND", "U0JONAS", "U0PRIYA"
FRAUD, CHURN = Experiment("2", "team/fraud"), Experiment("3", "team/churn")
EARLIER = NOON // 1000 - 3600


class AtOnce:
    """A pool that does what it is given before it returns: a command is answered once it was said."""

    def submit(self, work):
        work()
        return 0


@pytest.fixture(scope="module")
def open_shop():
    with SlackStandIn() as stand_in, Workshop(stand_in, FakeRuns(), pool=AtOnce()) as at_work:
        yield stand_in, at_work, stand_in.installation


@pytest.fixture
def town(open_shop):
    """The stand-in as it was when it was installed, with nothing said yet."""
    stand_in, _at_work, installation = open_shop
    workspace = stand_in.workspace
    for kept in (workspace._messages, workspace.calls, workspace.views, workspace.open_views, workspace.home):
        kept.clear()
    workspace.channels.clear()
    furnish(workspace)
    stand_in.faults.clear()
    stand_in.reinstall(scopes=installation.scopes)
    return stand_in


@pytest.fixture
def bot(open_shop, town):
    """The bot, with two runs of iris to talk about and nothing watched."""
    _stand_in, at_work, _installation = open_shop
    at_work.runs.runs, at_work.runs.more_experiments = [OLD, NEW], [FRAUD, CHURN]
    at_work.runs.down, at_work.runs.asked = "", []
    fresh = {
        "watches": InMemoryWatches(),
        "defaults": InMemoryChannelDefaults(),
        "lookup_cache": LookupCache(lambda: 0.0),
    }
    for name, value in fresh.items():
        object.__setattr__(at_work.services, name, value)
    return at_work


def have(bot, words, *, by=MAYA, at=EARLIER, channel=EXPERIMENTS, **more):
    """A watch of the channel, set up an hour ago."""
    number = len(bot.services.watches.every())
    kept = StoredWatch(f"w{number}", TEAM, channel, words, by, at + number, **more)
    bot.services.watches.add(kept)
    return kept


def kept_in(bot, channel=EXPERIMENTS):
    return bot.services.watches.of_channel(TEAM, channel)


def words_in(bot, channel=EXPERIMENTS):
    return [each.words for each in kept_in(bot, channel)]


def changes_in(bot, channel=EXPERIMENTS):
    """What was done since the watches were there, the last first."""
    return [(each.what, each.by) for each in bot.services.watches.changes(TEAM, channel) if each.what != "added"]


def heard(town, words, **where):
    """What a person reads after a slash command, with who alone sees it; several can be said one after the other."""
    before = {message.ts for message in town.workspace.everything()}
    assert town.command("/mlcompare", words, **where).was_taken
    said = [m for m in town.workspace.everything() if m.user == "U0MLCOMPARE" and m.ts not in before]
    return "\n\n".join(f"{f'only to {m.only_to}: ' if m.only_to else ''}{read(m)}" for m in said)
