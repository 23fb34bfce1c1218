"""The access matrix: at every door, an experiment that a channel may not see is exactly as one that is not there.

The same is done in two worlds, one with the forbidden experiment and one without it; what is read must be the same.
"""

import json
import re
import time
from collections import Counter
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

from bot.commands.ask import ask
from bot.playground.context import LINK_EVENTS, LINK_SCOPES
from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from comparison.channel_defaults import ACCESS, ChannelSetting
from comparison.request import DIRECT
from comparison.runs import Experiment, Metric, Status
from comparison.tracking.source import ModelVersion
from handlers.access.rules import InMemoryAccess, write_patterns
from handlers.lookup_cache import LookupCache
from handlers.stores import InMemoryAnswers, InMemoryChannelDefaults, InMemoryComparisons, InMemoryWatches
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.watched import TEAM, AtOnce, have
from tests.handlers.workshop import UI, Ledger, Workshop
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

VAULT = Experiment("77", "vault")
SECRETS = ("vault", "heist", "loot", "mallory", "safecracker")


def secret(name, number, **more):
    facts = {"experiment": VAULT, "user": "mallory", "metrics": {"accuracy": Metric(0.99), "loot": Metric(7.0)}}
    return a_run(name, number, **(facts | more))


HIDDEN = [
    secret("heist-1", 30),
    secret("heist-2", 31, status=Status.FAILED),
    secret("heist-3", 32, status=Status.RUNNING, ended_at=None),
    secret("old", 33),  # of the same name as one that may be seen
    secret("child", 34, parent_id=f"{30:032x}"),
]
GHOST = HIDDEN[0].run_id
WORDS = (
    *("old vs new", "heist-1 vs new", "heist vs heist-2", f"{GHOST} vs new", f"{GHOST[:30]} vs new", "heist-l vs new"),
    *(f"<{UI}/#/experiments/77/runs/{GHOST}> vs new", "latest vs previous", "best vs old", "best accuracy vs old"),
    *(
        "champion vs new",
        "safecracker@champion vs new",
        "safecracker v1 vs new",
        "all runs in vault",
        "old vs new by loot",
    ),
    *(
        "compare failed runs",
        "failed vs new",
        "top",
        "top 5 by loot",
        "top 3 in vault",
        "worst 3 by accuracy",
        "running",
    ),
    *("running in vault", "failed", "failed in vault since monday", "standup", "standup in vault", "show heist-1"),
    *("show old", "who ran heist-1", "who ran latest", "list experiments", "list runs", "list runs in vault"),
    *("list runs of mallory", "list runs in valut", "curves heist-1 vs new", "sweep vault"),
    *(
        "what matters in vault",
        f"sweep {GHOST}",
        "help",
        "help runs",
        "hello",
        "",
        "vault",
        "heist-1",
        "mallory",
        "loot",
    ),
    *("set experiment vault", "set experiment valut", "set experiment 77", "set metric loot", "set metric lot"),
    *("set goal loot lower", "set goal lo* lower", "set tolerance loot 1 %", "pin heist-1", "pin latest", "pin best"),
    *("watch vault", "watch valut", "watch vau*", "watch *", "watch 77", "watch * by mallory when loot > 1"),
    *("watch iris against heist-1", "unwatch vault", "watches", "digest weekdays 9:30 vault", "digest weekdays 9:30"),
    *("settings", "top where metrics.loot > 1", "list runs where tags.mlflow.user = 'mallory'", "access"),
    *("vs new", "heist-1 vs nwe", "old vs new without loot", "old vs vault", "latest in vault vs old"),
)


class World:
    """A bot and a town; the channel may see iris, and so may people by themselves."""

    def __init__(self, slack, bot):
        self.slack, self.bot = slack, bot

    def begin(self, runs, *, gated=True):
        """Nothing said, nothing kept."""
        fresh = {
            "watches": InMemoryWatches(),
            "defaults": InMemoryChannelDefaults(),
            "comparisons": InMemoryComparisons(),
            "answers": InMemoryAnswers(),
            "lookup_cache": LookupCache(lambda: 0.0),
            "claims": Ledger(),
        }
        for name, value in fresh.items():
            object.__setattr__(self.bot.services, name, value)
        self.bot.services.access.store = InMemoryAccess()
        for kept in (self.slack.workspace._messages, self.slack.workspace.views, self.slack.workspace.open_views):
            kept.clear()
        self.slack.workspace.home.clear()
        self.bot.runs.runs, self.bot.runs.asked = runs, []
        self.bot.runs.models = [
            (ModelVersion("safecracker", "1", run.run_id), ["champion"]) for run in runs if run.run_id == GHOST
        ]
        if gated:
            self.allow("iris")

    def allow(self, *patterns):
        for place in (EXPERIMENTS, DIRECT):
            self.bot.services.access.store.change(TEAM, place, ChannelSetting(ACCESS, write_patterns(patterns)))

    def posted(self, words=""):
        """The first message with blocks that says so, once it stands: a busy machine takes its time."""
        return self.slack.wait_until(
            lambda: next((m for m in self.slack.messages() if m.blocks and words in read(m)), None)
        )

    def settle(self, before):
        """Waits until something was said since, and nothing more comes."""
        self.slack.wait_until(lambda: self.content() != before)
        last = None
        while last != (last := self.content()):
            time.sleep(0.1)

    def content(self):
        return [(m.ts, m.text, len(m.blocks)) for m in self.slack.workspace.everything() if m.user == "U0MLCOMPARE"]

    def said(self):
        everything = self.slack.workspace.everything()
        return "\n\n".join(f"{m.only_to}|{read(m)}|{m.text}" for m in everything if m.user == "U0MLCOMPARE")

    def shown(self, view):
        return self.written(view.content["blocks"]) if view else "nothing"

    def written(self, blocks):
        """Without the ids that Slack gives to blocks."""
        return re.sub(r'"block_id": "b\d+"', "", json.dumps(blocks))


@pytest.fixture(scope="module")
def world():
    with SlackStandIn() as stand_in:
        given = stand_in.installation
        stand_in.reinstall(
            scopes=given.scopes | LINK_SCOPES, events=given.events | LINK_EVENTS, unfurl_domains=("mlflow.example",)
        )
        with Workshop(stand_in, FakeRuns(), pool=AtOnce(), is_prompt=True, more={"unfold_within": 60.0}) as at_work:
            yield World(stand_in, at_work)


@pytest.fixture(scope="module")
def matrix():
    """Counts what was tried, and what told of what may not be seen; told at the end of the file."""
    count = SimpleNamespace(tried=0, leaked=0)
    yield count
    print(f"\naccess matrix: {count.tried} tried, {count.leaked} leaked")


@pytest.fixture
def same(world, matrix):
    """Whether a door tells the same with the forbidden experiment as without it, and takes as many requests for it.

    What takes longer tells, too: MLflow is asked as often, and as the same things, in both worlds.
    """

    def check(do):
        read_there, asked = [], []
        for runs in ([OLD, NEW, *HIDDEN], [OLD, NEW]):
            world.begin(runs)
            read_there.append(do(world))
            asked.append(Counter(world.bot.runs.asked))
        with_it, without = read_there
        matrix.tried += 1
        matrix.leaked += with_it != without or asked[0] != asked[1]
        assert with_it == without
        assert asked[0] == asked[1]
        return with_it

    return check


@pytest.mark.parametrize("words", WORDS)
def test_a_command(same, words):
    def do(world):
        assert world.slack.command("/mlcompare", words).was_taken
        return world.said()

    assert same(do)


@pytest.mark.parametrize(
    "words", ["heist-1 vs new", "top", "standup", "heist", "latest", "list experiments", "watch *"]
)
def test_a_mention_and_a_message_to_the_bot_alone(same, words):
    def do(world):
        world.slack.mention(words)
        world.settle([])
        before = world.content()
        world.slack.direct_message(words)
        world.settle(before)
        return world.said()

    said = same(do)
    assert all(word not in said or word in words for word in SECRETS)


@pytest.mark.parametrize("action", ["dialog:experiment", "dialog:runs", "dialog:metrics"])
@pytest.mark.parametrize("typed", ["", "vault", "heist", "loot", "mallory", GHOST[:12], "a"])
@pytest.mark.parametrize("door", ["shortcut", "button"])
def test_a_list_that_is_typed_into(same, action, typed, door):
    def do(world):
        if door == "shortcut":
            world.slack.people.shortcut("compare_runs", MAYA)
        else:
            world.slack.command("/mlcompare", "")
            world.slack.press(world.slack.ephemerals[-1], "dialog:open")
        delivery = world.slack.suggest(world.slack.wait_until(lambda: world.slack.modal), action, typed)
        assert delivery.was_taken
        return json.dumps(delivery.answer)

    said = same(do)
    assert all(word not in said for word in SECRETS)


def test_what_a_dialog_asks_to_compare(same):
    def do(world):
        world.slack.people.shortcut("compare_runs", MAYA)
        chosen = [{"text": {"type": "plain_text", "text": each}, "value": each} for each in (GHOST, NEW.run_id)]
        values = {
            "runs": {"dialog:runs": {"type": "multi_external_select", "selected_options": chosen}},
            "metrics": {"dialog:metrics": {"type": "multi_external_select", "selected_options": []}},
            "place": {"dialog:place": {"type": "conversations_select", "selected_conversation": EXPERIMENTS}},
            "experiment": {"dialog:experiment": {"type": "external_select", "selected_option": None}},
        }
        assert world.slack.submit(world.slack.wait_until(lambda: world.slack.modal), values).was_taken
        world.settle([])
        return world.said()

    assert "heist" not in same(do)


def test_a_run_that_is_added_in_a_dialog(same):
    def do(world):
        world.slack.command("/mlcompare", "old vs new")
        message = world.posted()
        world.slack.press(message, "follow:more", value="add")
        values = {"run": {"typed": {"type": "plain_text_input", "value": "heist-1"}}}
        before = world.content()
        answer = world.slack.submit(world.slack.wait_until(lambda: world.slack.modal), values).answer
        world.settle(before)
        return f"{answer} {world.said()}"

    same(do)


def test_a_message_that_links_runs(same):
    def do(world):
        message = world.slack.say(f"look: {UI}/#/experiments/77/runs/{GHOST} and `heist-2` against `new`")
        world.slack.people.shortcut("compare_message", MAYA, message)
        world.settle([])
        return world.said()

    assert "heist" not in same(do)


@pytest.mark.parametrize("place", ["vault", "valut", "vau*", "*"])
def test_a_watch_that_is_edited(same, place):
    def do(world):
        have(world.bot, "iris")
        world.slack.command("/mlcompare", "watches")
        world.slack.press(world.slack.ephemerals[-1], "watch:edit:0")
        view, before = world.slack.wait_until(lambda: world.slack.modal), world.content()
        values = {}
        for block in (each for each in view.content["blocks"] if each["type"] == "input"):
            element = block["element"]
            kind, name = element["type"], block["block_id"]
            field = {"type": kind}
            if kind == "static_select":
                field["selected_option"] = element["initial_option"]
            elif kind == "checkboxes":
                field["selected_options"] = []
            else:
                field["value"] = place if name == "place" else element.get("initial_value")
            values[name] = {element["action_id"]: field}
        answer = world.slack.submit(view, values).answer
        if not answer:
            world.settle(before)
        return f"{answer} {world.said()}"

    same(do)


@pytest.mark.parametrize("action", ["watch:user", "watch:against"])
@pytest.mark.parametrize("typed", ["", "m", "mallory", "heist"])
def test_a_list_of_the_dialog_of_a_watch(same, action, typed):
    def do(world):
        have(world.bot, "iris")
        world.slack.command("/mlcompare", "watches")
        world.slack.press(world.slack.ephemerals[-1], "watch:edit:0")
        delivery = world.slack.suggest(world.slack.wait_until(lambda: world.slack.modal), action, typed)
        assert delivery.was_taken
        return json.dumps(delivery.answer)

    said = same(do)
    assert all(word not in said or word == typed for word in SECRETS)


@pytest.mark.parametrize(("action", "value"), [("follow:swap", None), ("follow:why", None), ("follow:more", "refresh")])
def test_buttons_of_what_was_posted_before_the_rule(world, matrix, action, value):
    """Pressed by anybody, they find nothing; the message itself was read when it might be."""
    world.begin([OLD, NEW, *HIDDEN], gated=False)
    world.slack.command("/mlcompare", "heist-1 vs new")
    message = world.posted("heist-1")
    world.allow("iris")
    known, before = {each.ts for each in world.slack.workspace.everything()}, world.content()
    world.slack.press(message, action, value=value, user="U0JONAS")
    world.settle(before)
    said = " ".join(read(each) for each in world.slack.workspace.everything() if each.ts not in known)
    matrix.tried += 1
    matrix.leaked += any(word in said for word in SECRETS)
    assert not any(word in said for word in SECRETS)


@pytest.mark.parametrize("words", ["all", "why?", "swap", "add old", "only loss", "by loot", "as csv"])
def test_what_is_said_in_the_thread_of_what_was_posted_before_the_rule(world, matrix, words):
    world.begin([OLD, NEW, *HIDDEN], gated=False)
    world.slack.command("/mlcompare", "heist-1 vs new")
    message = world.posted("heist-1")
    world.allow("iris")
    known, before = {each.ts for each in world.slack.workspace.everything()}, world.content()
    world.slack.mention(words, thread_ts=message.ts)
    world.settle(before)
    said = " ".join(read(m) for m in world.slack.workspace.everything() if m.ts not in known and m.user != MAYA)
    matrix.tried += 1
    matrix.leaked += any(word in said for word in SECRETS if word not in words)
    assert not any(word in said for word in SECRETS if word not in words)


def test_the_home_tab(world, matrix):
    """Comparisons and settings from before the rule are gone from it, and its examples are of what may be seen."""
    world.begin([OLD, NEW, *HIDDEN], gated=False)
    world.slack.command("/mlcompare", "heist-1 vs new")
    world.slack.command("/mlcompare", "old vs new")
    world.slack.command("/mlcompare", "set experiment vault")
    world.slack.people.open_home(MAYA)
    first = world.slack.wait_until(world.slack.home)
    assert "heist-1" in world.shown(first)
    world.allow("iris")
    world.slack.people.open_home(MAYA)
    said = world.shown(world.slack.wait_until(lambda: world.slack.home() if world.slack.home() != first else None))
    matrix.tried += 1
    matrix.leaked += any(word in said for word in SECRETS)
    assert "old" in said
    assert not any(word in said for word in SECRETS)


def test_what_is_set_for_a_channel_from_before_the_rule(world, matrix):
    world.begin([OLD, NEW, *HIDDEN], gated=False)
    world.slack.command("/mlcompare", "set experiment vault")
    world.allow("iris")
    known = len(world.slack.workspace.everything())
    for words in ("settings", "latest vs previous", "top", "set experiment iris"):
        world.slack.command("/mlcompare", words)
    said = " ".join(read(each) for each in world.slack.workspace.everything()[known:])
    matrix.tried += 1
    matrix.leaked += any(word in said for word in SECRETS)
    assert not any(word in said for word in SECRETS)


@pytest.mark.parametrize("words", ["watches", "unwatch vault", "unwatch", "watch vault", "settings", "home"])
@pytest.mark.parametrize("watched", ["vault", "vault by mallory against heist-1", "vau*"])
def test_watches_from_before_the_rule(same, words, watched):
    """The channel's own words are listed; that what they name is there, or not there, is not said."""

    def do(world):
        have(world.bot, watched)
        if words == "home":
            first = world.slack.home()
            world.slack.people.open_home(MAYA)
            return world.shown(
                world.slack.wait_until(lambda: world.slack.home() if world.slack.home() != first else None)
            )
        world.slack.command("/mlcompare", words)
        return world.said()

    same(do)


@pytest.mark.parametrize(
    "link",
    [
        f"experiments/77/runs/{GHOST}",
        f"experiments/1/runs/{GHOST}",  # what the link says of the experiment is of no account
        f"runs/{GHOST}",
        "experiments/77",
        f"compare-runs?runs=[%22{GHOST}%22,%22{OLD.run_id}%22]",
        f"compare-runs?runs=[%22{GHOST}%22,%22{OLD.run_id}%22,%22{NEW.run_id}%22]",
        f"metric?runs=[%22{GHOST}%22]&metric=%22loot%22",
        f"metric?runs=[%22{GHOST}%22,%22{NEW.run_id}%22]&metric=%22accuracy%22",
        "models/safecracker",
        "models/safecracker/versions/1",
        f"experiments/1/runs/{NEW.run_id}",  # beside a baseline that may not be seen
    ],
)
def test_a_link_that_unfolds(same, link):
    def do(world):
        world.bot.services.defaults.change(TEAM, EXPERIMENTS, [ChannelSetting("pinned", GHOST, by=MAYA, at=1)])
        message = world.slack.say(f"{UI}/#/{link}")
        return world.written(world.slack.workspace.find(message.channel, message.ts).attachments)

    assert all(word not in same(do) for word in SECRETS)


def test_a_file_to_download(same):
    def do(world):
        world.slack.command("/mlcompare", "old vs heist-1 as csv")
        world.slack.command("/mlcompare", "curves old vs heist-1 as png")
        return f"{world.said()} {world.slack.count('files.getUploadURLExternal')}"

    same(do)


def test_in_a_terminal_it_is_the_account_of_whoever_asks_that_counts(tmp_path, matrix):
    """For comparison: `mlcompare ask` has no channel, so no rule holds, and MLflow decides."""
    uri = new_store(tmp_path)
    client = MlflowClient(uri)
    log_run(client, new_experiment(client, "vault"), "heist-1", {"loot": 7.0})
    said = CliRunner().invoke(ask, ["show heist-1", "--tracking-uri", uri])
    matrix.tried += 1
    assert "loot" in said.output
