"""What dialogs keep and buttons hold is checked against who sends it from where; who may change things is who is there."""

import json
from dataclasses import replace

import pytest

from bot.playground.slack import EXPERIMENTS, MAYA, STANDUP
from bot.playground.user_actions import find_action
from comparison.channel_defaults import ChannelSetting
from comparison.runs import Metric
from handlers.slack.metadata import LOST, MAX_METADATA_CHARS, Seal, unpack
from tests.fakes.runs import FakeRuns
from tests.handlers.compare.test_dialog import chosen
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.test_channel_settings import set_to
from tests.handlers.watch.test_edit import as_sent
from tests.handlers.watched import JONAS, PRIYA, TEAM, bot, changes_in, have, heard, kept_in, open_shop, town, words_in
from tests.handlers.workshop import Workshop

__all__ = ["bot", "open_shop", "town"]

ODD = a_run("odd", 3, metrics={"quux": Metric(1.0), "accuracy": Metric(0.5)})
EVEN = a_run("even", 4, metrics={"quux": Metric(2.0), "accuracy": Metric(0.6)})
TYPED = {"run": {"typed": {"type": "plain_text_input", "value": "latest"}}}


def a_comparison(town, bot, channel=EXPERIMENTS):
    bot.runs.runs = [OLD, NEW, ODD, EVEN]
    heard(town, "odd vs even", channel=channel)
    return next(message for message in reversed(town.messages(channel)) if "Swap" in str(message.blocks))


def shown(town):
    """The dialog that was opened, which is what the next one is not."""
    view = town.wait_until(lambda: town.modal)
    town.workspace.open_views.clear()
    return view


def open_compare(town, bot):
    heard(town, "", channel=EXPERIMENTS)
    town.press(town.ephemerals[-1], "dialog:open")
    return shown(town), chosen(OLD.run_id, NEW.run_id, place=EXPERIMENTS)


def open_goals(town, bot):
    town.press(a_comparison(town, bot), "goals:set")
    view = shown(town)
    return view, set_to(view, quux="lower")


def open_adding(town, bot):
    town.press(a_comparison(town, bot), "follow:more", value="add")
    return shown(town), TYPED


def open_watch(town, bot):
    have(bot, "iris")
    heard(town, "watches")
    town.press(town.ephemerals[-1], "watch:edit:0")
    view = shown(town)
    return view, as_sent(view, only="failures")


DIALOGS = pytest.mark.parametrize("begin", [open_compare, open_goals, open_adding, open_watch])


def state(town, bot):
    """All that could be changed or posted."""
    seen = [(m.ts, m.text, m.blocks) for m in town.workspace.everything() if not m.is_ephemeral]
    return (
        seen,
        words_in(bot),
        words_in(bot, STANDUP),
        [bot.services.defaults.settings(TEAM, channel) for channel in (EXPERIMENTS, STANDUP)],
    )


def forge(town, view, private):
    town.workspace.views[view.id] = replace(view, content={**view.content, "private_metadata": private})
    return view


def is_lost(delivery):
    return delivery.was_taken and (
        LOST in json.dumps(delivery.answer) or "no longer know" in json.dumps(delivery.answer)
    )


@DIALOGS
def test_a_dialog_is_taken_from_who_opened_it_as_it_was_opened(town, bot, begin):
    view, values = begin(town, bot)
    before = state(town, bot)
    assert town.submit(view, values).was_taken
    town.wait_until(lambda: state(town, bot) != before)


@DIALOGS
def test_a_dialog_that_somebody_else_sends_off_does_nothing(town, bot, begin):
    view, values = begin(town, bot)
    before = state(town, bot)
    assert is_lost(town.submit(view, values, user=JONAS))
    assert state(town, bot) == before


@DIALOGS
@pytest.mark.parametrize("name", ["c", "k", "m", "t", "r", "w", "h", "s", "u", "f"])
def test_a_dialog_of_which_anything_was_changed_does_nothing(town, bot, begin, name):
    view, values = begin(town, bot)
    told = json.loads(view.content["private_metadata"])
    before = state(town, bot)
    for changed in ({**told, name: STANDUP}, {key: value for key, value in told.items() if key != name}):
        if changed != told:
            assert is_lost(town.submit(forge(town, view, json.dumps(changed)), values))
    assert state(town, bot) == before


@DIALOGS
@pytest.mark.parametrize("other", [open_compare, open_goals, open_adding, open_watch])
def test_what_one_dialog_keeps_is_nothing_to_another(town, bot, begin, other):
    private = other(town, bot)[0].content["private_metadata"]
    view, values = begin(town, bot)
    if begin is other:
        return
    before = state(town, bot)
    assert is_lost(town.submit(forge(town, view, private), values))
    assert state(town, bot) == before


def test_what_is_kept_fits_and_reads_as_it_was():
    seal = Seal(b"key")
    told = {"a": "x" * 2_900, "b": "y" * 500, "c": "\ud800 é"}
    text = seal.close(told, purpose="p", user="U1")
    assert len(text) <= MAX_METADATA_CHARS
    assert seal.open(text, purpose="p", user="U1") == {"b": told["b"], "c": told["c"]}
    assert Seal(b"key").open(text, purpose="p", user="U1")  # of another replica
    for other in (Seal(b"other"), Seal()):
        assert other.open(text, purpose="p", user="U1") is None
    assert seal.open(text, purpose="p", user="U2") is None
    for odd in ("", "{}", "nonsense", "[]", '{"s":"é"}', '{"s":5}'):
        assert seal.open(odd, purpose="p", user="U1") is None
    assert unpack("nonsense") == {}


# Buttons


def copied(town, bot, message, action):
    """The same button in a message of the bot in another channel."""
    channel, button = STANDUP, find_action(list(message.blocks), action)
    blocks = [{**block, "block_id": f"x{at}"} for at, block in enumerate(message.blocks) if block["type"] == "actions"]
    ts = bot._app.client.chat_postMessage(channel=channel, text="copied", blocks=blocks)["ts"]
    return town.workspace.find(channel, ts), button


@pytest.mark.parametrize("action", ["watch:pause:0", "watch:remove:0", "watch:edit:0"])
@pytest.mark.parametrize("scopes", [set(), {"channels:read"}], ids=["untold", "told"])
def test_a_button_of_a_watch_does_nothing_in_another_channel(town, bot, action, scopes):
    town.reinstall(scopes=town.installation.scopes | scopes)
    have(bot, "iris")
    heard(town, "watches")
    message, button = copied(town, bot, town.ephemerals[-1], action)
    for user in (JONAS, MAYA):
        before = len(town.workspace.everything())
        town.people.press(message, button, user)
        town.wait_until(lambda before=before: len(town.workspace.everything()) > before)
        assert "of another channel" in str(town.workspace.everything()[-1])
    assert words_in(bot) == ["iris"]
    assert changes_in(bot) == []
    assert town.modal is None  # whose fields would tell what another channel watches


def test_a_pin_holds_where_it_is_pressed_and_not_where_the_button_came_from(town, bot):
    heard(town, "watch iris")
    message, button = copied(town, bot, town.messages()[-1], "news:pin")
    town.people.press(message, button, JONAS)
    town.wait_until(lambda: bot.services.defaults.of(TEAM, STANDUP).pinned)
    assert bot.services.defaults.of(TEAM, EXPERIMENTS).pinned == ""
    assert bot.services.defaults.of(TEAM, STANDUP).pinned == NEW.run_id


def test_the_button_that_opens_the_dialog_speaks_for_no_other_channel(town, bot):
    message = a_comparison(town, bot)
    value = json.dumps({"r": [[OLD.run_id, "old"]], "c": "C0SECRET", "t": "1.2"})
    action = {"type": "button", "action_id": "dialog:open", "block_id": "b", "value": value}
    town.people.press(message, action, JONAS)
    view = shown(town)
    told = json.loads(view.content["private_metadata"])
    assert (told["c"], told.get("t", "")) == (EXPERIMENTS, "")
    place = next(each["element"] for each in view.content["blocks"] if each["block_id"] == "place")
    assert place["initial_conversation"] == EXPERIMENTS


def test_a_picker_is_for_who_asked_and_where(town, bot):
    bot.runs.runs = [OLD, NEW, a_run("train", 10), a_run("train", 11)]
    heard(town, "old vs train")
    picker = next(m for m in town.ephemerals if "Select" in str(m.blocks))
    button = find_action(list(picker.blocks), "pick:0")
    ts = bot._app.client.chat_postMessage(channel=STANDUP, text="copied")["ts"]
    elsewhere = town.workspace.find(STANDUP, ts)
    before = len(town.messages())
    town.people.press(elsewhere, button, MAYA)
    town.people.press(picker, button, JONAS)
    assert len(town.messages()) == before
    town.people.press(picker, button, MAYA)
    town.wait_until(lambda: len(town.messages()) == before + 1)


# Who may change what


CHANGES = ["set metric accuracy", "set experiment iris", "set goal accuracy lower", "pin new", "unpin", "unset metric"]
WATCHES = ["watch iris", "digest daily 9:00 UTC"]


@pytest.mark.parametrize("words", [*CHANGES, *WATCHES])
def test_somebody_who_is_not_in_the_channel_changes_nothing_where_slack_tells(town, bot, words):
    bot.services.defaults.change(TEAM, EXPERIMENTS, [ChannelSetting("metric", "loss", by=MAYA, at=1)])
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    town.leave(EXPERIMENTS, PRIYA)
    before = state(town, bot)
    said = heard(town, words, user=PRIYA)
    assert "Only people in this channel can change what it agreed on and what it watches." in said
    assert "Join the channel, and change it there." in said
    assert state(town, bot) == before
    assert heard(town, words, user=JONAS)
    assert state(town, bot) != before


def test_goals_and_pins_that_are_pressed_are_for_who_is_in_the_channel_too(town, bot):
    message = a_comparison(town, bot)
    heard(town, "watch iris")
    news = town.messages()[-1]
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    town.leave(EXPERIMENTS, PRIYA)
    town.press(message, "goals:set", user=PRIYA)
    view = shown(town)
    town.submit(view, set_to(view, quux="lower"), user=PRIYA)
    town.press(news, "news:pin", user=PRIYA)
    town.wait_until(lambda: sum("Only people in this channel" in m.text for m in town.workspace.everything()) == 2)
    assert bot.services.defaults.settings(TEAM, EXPERIMENTS) == []


def test_where_slack_does_not_tell_whoever_acts_in_a_channel_counts_as_in_it(town, bot):
    town.leave(EXPERIMENTS, PRIYA)
    heard(town, "set metric accuracy", user=PRIYA)
    assert bot.services.defaults.of(TEAM, EXPERIMENTS).metric == "accuracy"


def test_in_direct_messages_one_sets_what_one_likes(town, bot):
    town.reinstall(scopes=town.installation.scopes | {"channels:read", "im:read"})
    direct = town.workspace.direct(MAYA).id
    heard(town, "set metric accuracy", channel=direct)
    assert bot.services.defaults.of(TEAM, direct).metric == "accuracy"


def test_a_comparison_is_posted_for_nobody_who_is_not_in_the_chosen_channel(town, bot):
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    town.leave(STANDUP, MAYA)
    view, _values = open_compare(town, bot)
    town.submit(view, chosen(OLD.run_id, NEW.run_id, place=STANDUP))
    town.wait_until(lambda: "You are not in that channel." in town.workspace.everything()[-1].text)
    assert town.messages(STANDUP) == []


def test_every_change_is_recorded_with_who_when_and_what_was_before(town, bot):
    for words, user in (
        ("set metric accuracy", MAYA),
        ("set metric loss", JONAS),
        ("set goal loss higher", JONAS),
        ("pin new", PRIYA),
        ("unpin", MAYA),
    ):
        heard(town, words, user=user)
    town.press(a_comparison(town, bot), "goals:set", user=PRIYA)
    view = shown(town)
    town.submit(view, set_to(view, quux="lower"), user=PRIYA)
    town.wait_until(lambda: len(bot.services.defaults.changes(TEAM, EXPERIMENTS)) == 6)
    told = bot.services.defaults.changes(TEAM, EXPERIMENTS)
    assert [(each.by, each.what, each.metric, each.before, each.after) for each in reversed(told)] == [
        (MAYA, "metric", "", "", "accuracy"),
        (JONAS, "metric", "", "accuracy", "loss"),
        (JONAS, "goal", "loss", "", "higher"),
        (PRIYA, "pinned", "", "", NEW.run_id),
        (MAYA, "pinned", "", NEW.run_id, ""),
        (PRIYA, "goal", "quux", "", "lower"),
    ]
    assert {each.at for each in told} == {int(bot.services.now().timestamp())}
    assert bot.services.defaults.changes(TEAM, STANDUP) == []
    assert kept_in(bot) == []


def test_the_message_that_the_dialog_to_add_a_run_changes_is_the_one_it_was_opened_from(slack):
    """Also beside another comparison, whose address somebody knows."""
    with Workshop(slack, FakeRuns([OLD, NEW])) as shop:
        slack.command("/mlcompare", "old vs new", channel=STANDUP)
        other = slack.wait_for_message("Swap", channel=STANDUP)
        slack.command("/mlcompare", "old vs new")
        slack.press(slack.wait_for_message("Swap", channel=EXPERIMENTS), "follow:more", value="add")
        view = slack.wait_until(lambda: slack.modal)
        told = json.loads(view.content["private_metadata"]) | {"c": STANDUP, "m": other.ts}
        forge(slack, view, json.dumps(told))
        assert is_lost(slack.submit(view, TYPED))
        shop.finish()
    assert read(slack.workspace.find(STANDUP, other.ts)) == read(other)
