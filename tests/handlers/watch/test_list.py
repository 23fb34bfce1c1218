"""The list of what a channel watches: to the asker alone, with buttons that do what they say where it stands."""

import dataclasses

import pytest

from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA, STANDUP
from handlers.slack.limits import find_problems
from handlers.stores import MAX_WATCHES
from tests.handlers.iris import NEW, NOON
from tests.handlers.reading import read
from tests.handlers.watched import EARLIER, JONAS, PRIYA, changes_in, have, heard, kept_in, words_in


@dataclasses.dataclass
class Page:
    blocks: list
    text: str = ""


def the_list(town, words="watches", **where):
    """The message with the list."""
    heard(town, words, **where)
    return town.ephemerals[-1]


def pressed(town, message, action, user=MAYA):
    """What the list reads as once the press is worked out."""
    before = town.count("response_url")
    assert town.press(message, action, user=user).was_taken
    town.wait_until(lambda: town.count("response_url") > before)
    return read(town.workspace.find(message.channel, message.ts))


def home(town, user=MAYA):
    before = town.home(user)
    town.people.open_home(user)
    view = town.wait_until(lambda: town.home(user) if town.home(user) is not before else None)
    return read(Page(view.content["blocks"]))


def test_each_watch_is_listed_with_who_since_when_and_its_buttons(town, bot):
    have(bot, "iris only failures", by=JONAS)
    have(bot, "weekdays 9:30 UTC", is_digest=True)
    paused = have(bot, "team/* against best")
    bot.services.watches.pause(paused.id, by="", at=NOON // 1000, why="the channel was archived")
    bot.services.watches.edit("w0", "iris only worse", by=MAYA, at=NOON // 1000)
    day = f"<!date^{EARLIER}^{{date_short_pretty}}|earlier>"
    today = f"<!date^{NOON // 1000}^{{date_short_pretty}}|earlier>"
    said = heard(town, "watches").splitlines()
    assert said[0] == f"only to {MAYA}: # 2 watches and a digest in this channel"
    assert said[1:4] == [
        "iris, only worse runs",
        f"Set up by @{JONAS} {day} · edited by @{MAYA} {today}",
        "[Pause] [Edit …] [Remove]",
    ]
    assert said[4].replace("∗", "*") == "team/*, against the best"
    assert said[5].endswith(f" · paused by me {today}: the channel was archived")
    assert said[6] == "[Resume] [Edit …] [Remove]"
    assert said[7] == "Digest weekdays 9:30 UTC, all experiments"
    assert said[-1] == "(To watch more: /mlcompare watch <experiment>. To remove all: /mlcompare unwatch all)"


def test_a_watch_whose_experiment_is_gone_or_was_renamed_says_so(town, bot):
    gone, renamed = have(bot, "team/fraud"), have(bot, "iris")
    bot.services.watches.tie(gone.id, "2", gone_at=NOON // 1000)
    bot.services.watches.edit(renamed.id, "iris-2", by="", at=NOON // 1000, experiment_id="1")
    today = f"<!date^{NOON // 1000}^{{date_short_pretty}}|earlier>"
    said = heard(town, "watches")
    assert f" · gone: its experiment is not in MLflow any more, noticed {today}\n" in said
    assert f" · its experiment was renamed {today}\n" in said


def test_nothing_watched_is_said_with_what_to_type(town, bot):
    said = heard(town, "watches")
    assert said.startswith(f"only to {MAYA}: # Nothing is watched in this channel\n")
    assert "`/mlcompare watch iris only failures`" in said


def test_what_ended_while_a_watch_was_paused_is_no_news_when_it_goes_on(town, bot):
    kept = have(bot, "iris")
    shown = the_list(town)
    pressed(town, shown, "watch:pause:0")
    bot.runs.runs = [dataclasses.replace(NEW, ended_at=NOON - 60_000)]
    pressed(town, shown, "watch:resume:0")
    assert bot.services.watches.get(kept.id).past == (NEW.run_id,)


def test_pausing_and_resuming_change_the_list_where_it_stands(town, bot):
    have(bot, "iris")
    shown = the_list(town)
    said = pressed(town, shown, "watch:pause:0")
    assert said.splitlines()[1] == "Paused: iris."
    assert "[Resume] [Edit …] [Remove]" in said
    assert kept_in(bot)[0].paused_by == MAYA
    assert "[Pause] [Edit …] [Remove]" in pressed(town, shown, "watch:resume:0")
    assert changes_in(bot) == [("resumed", MAYA), ("paused", MAYA)]
    assert town.messages() == []  # one's own
    assert len(town.ephemerals) == 1


def test_removing_says_how_to_have_it_back(town, bot):
    have(bot, "iris only failures")
    said = pressed(town, the_list(town), "watch:remove:0")
    assert said.splitlines()[:2] == [
        "# Nothing is watched in this channel",
        "Removed: iris, only failures. To have it back: /mlcompare watch iris only failures",
    ]
    assert kept_in(bot) == []


def test_the_channel_is_told_when_somebody_elses_watch_is_changed(town, bot):
    have(bot, "iris", by=JONAS)
    pressed(town, the_list(town), "watch:pause:0")
    (told,) = town.messages(EXPERIMENTS)
    assert told.text == f"<@{MAYA}> paused a watch of <@{JONAS}>: iris"


def test_a_press_that_comes_second_changes_and_tells_nothing(town, bot):
    kept = have(bot, "iris", by=JONAS)
    shown = the_list(town)
    bot.services.watches.pause(kept.id, by=JONAS, at=1)
    assert "Paused already: iris." in pressed(town, shown, "watch:pause:0")
    assert kept_in(bot)[0].paused_by == JONAS
    bot.services.watches.remove(kept.id, by=JONAS, at=1)
    assert "That watch is not there any more." in pressed(town, shown, "watch:resume:0")
    assert town.messages() == []


def test_fifty_watches_are_shown_in_pages(town, bot):
    for number in range(MAX_WATCHES):
        have(bot, f"experiment-{number:02}-{'x' * 200} against best", by=JONAS)
        bot.services.watches.edit(f"w{number}", f"experiment-{number:02}-{'x' * 200}", by=MAYA, at=1)
        bot.services.watches.pause(f"w{number}", by=JONAS, at=1, why="y" * 300)
    shown = the_list(town)
    assert "# 50 watches in this channel, page 1 of 4" in read(shown)
    assert read(shown).count("[Remove]") == 15
    assert find_problems(shown.blocks, shown.text) == []
    said = pressed(town, shown, "watch:page:1")
    assert "page 2 of 4" in said
    assert "experiment-15-" in said
    pressed(town, shown, "watch:page:2")
    said = pressed(town, shown, "watch:page:3")
    assert said.count("[Remove]") == 5
    assert "[Previous]" in said
    assert "[Next]" not in said
    said = pressed(town, shown, "watch:resume:0")
    assert "page 4 of 4" in said
    assert not kept_in(bot)[45].is_paused


def test_all_are_removed_only_after_asking_once_more(town, bot):
    have(bot, "iris")
    have(bot, "team/*", by=JONAS)
    another, asked = the_list(town, "unwatch all"), the_list(town, "unwatch all")
    assert read(asked).startswith("# Remove all 2 watches of this channel?\n• iris\n• team/")
    button = next(e for block in asked.blocks for e in block.get("elements", []) if e.get("action_id") == "watch:all")
    assert button["confirm"]["confirm"]["text"] == "Remove all"
    assert len(kept_in(bot)) == 2
    assert "Removed: 2 watches." in pressed(town, asked, "watch:all")
    assert kept_in(bot) == []
    (told,) = town.messages(EXPERIMENTS)
    assert told.text.startswith(f"<@{MAYA}> removed a watch of <@{JONAS}>: team/")
    assert "Nothing is watched here any more." in pressed(town, another, "watch:all")
    assert len(town.messages(EXPERIMENTS)) == 1


def test_the_confirmation_of_a_watch_leads_to_the_list_and_stays(town, bot):
    heard(town, "watch iris")
    (message,) = town.messages()
    town.press(message, "watch:list", user=JONAS)
    shown = town.wait_for_ephemeral("1 watch in this channel")
    assert shown.only_to == JONAS
    assert town.messages()[0].blocks == message.blocks


def test_in_direct_messages_the_list_has_the_same_buttons(town, bot):
    have(bot, "iris", channel="D0MAYA")
    town.direct_message("watches")
    shown = town.wait_for_message("1 watch in this conversation", channel="D0MAYA")
    assert "[Resume]" in pressed(town, shown, "watch:pause:0")


@pytest.mark.parametrize("scope", [(), ("channels:read",)])
def test_who_is_in_the_channel_may_and_who_is_outside_may_not(town, bot, scope):
    town.reinstall(scopes=town.installation.scopes | set(scope))
    have(bot, "iris")
    shown = the_list(town)
    town.leave(EXPERIMENTS, PRIYA)
    pressed(town, shown, "watch:pause:0", user=JONAS)
    assert kept_in(bot)[0].paused_by == JONAS
    before = len(town.ephemerals)
    if scope:
        town.press(shown, "watch:resume:0", user=PRIYA)
        town.wait_until(lambda: len(town.ephemerals) > before)
        assert "people in its channel can change it" in town.ephemerals[-1].text
        assert changes_in(bot) == [("paused", JONAS)]


@pytest.mark.parametrize("value", ["", "{}", "[]", "null", '{"w": 3}', '{"w": "gone", "p": "x"}', "\ud83d", "x" * 2000])
def test_a_button_that_holds_something_else_does_nothing(town, bot, value):
    have(bot, "iris")
    shown = the_list(town)
    for name in ("pause", "edit", "remove", "page", "no-such-thing"):
        action = {"type": "button", "action_id": f"watch:{name}:0", "block_id": "b", "value": value}
        assert town.people.press(shown, action, MAYA).was_taken
    town.wait_until(lambda: town.count("response_url") > 4)
    assert words_in(bot) == ["iris"]
    assert "went wrong" not in "".join(each.text for each in town.ephemerals)


def test_one_of_another_workspace_is_not_there(town, bot):
    kept = have(bot, "iris")
    other = dataclasses.replace(kept, id="foreign", workspace="T0OTHER")
    bot.services.watches.add(other)
    shown = the_list(town)
    action = {"type": "button", "action_id": "watch:remove:0", "block_id": "b", "value": '{"w":"foreign","p":0}'}
    town.people.press(shown, action, MAYA)
    town.wait_until(lambda: town.count("response_url") > 1)
    assert bot.services.watches.get("foreign") == other


# The Home tab


def test_the_home_tab_lists_ones_own_watches_by_channel_with_the_same_buttons(town, bot):
    have(bot, "iris", channel=STANDUP)
    have(bot, "team/*", channel=STANDUP, by=JONAS)
    have(bot, "iris only failures")
    have(bot, "secret", channel=GENERAL, by=JONAS)
    said = home(town).partition("# Watches\n")[2].partition("# Channel")[0]
    assert [line for line in said.splitlines() if not line.startswith(("Set up", "["))] == [
        f"<#{EXPERIMENTS}>",
        "iris, only failures",
        f"<#{STANDUP}>",
        "iris",
    ]
    assert said.count("[Pause] [Edit …] [Remove]") == 2
    town.press_in_view(town.home(), "watch:pause:1")
    town.wait_until(lambda: "[Resume]" in read(Page(town.home().content["blocks"])))
    assert kept_in(bot, STANDUP)[0].paused_by == MAYA


def test_where_slack_tells_who_is_inside_the_others_of_the_channel_are_listed_too(town, bot):
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    have(bot, "iris")
    have(bot, "team/fraud", by=JONAS)
    assert "team/fraud" in home(town)
    town.press_in_view(town.home(), "watch:remove:1")
    told = town.wait_for_message("removed", channel=EXPERIMENTS)
    assert told.text == f"<@{MAYA}> removed a watch of <@{JONAS}>: team/fraud"
    town.wait_until(lambda: "team/fraud" not in read(Page(town.home().content["blocks"])))
    town.leave(EXPERIMENTS, MAYA)
    have(bot, "team/churn", by=JONAS)
    assert "team/churn" not in home(town)


def test_somebody_who_set_nothing_up_reads_how(town, bot):
    said = home(town)
    assert "(You set up no watch yet. To hear when runs end, in a channel type /mlcompare watch" in said


def test_many_watches_make_a_tab_that_slack_takes(town, bot):
    for number in range(40):
        have(bot, f"{'x' * 300}{number}", channel=f"C{number % 4}")
    said = home(town)
    assert "and 28 more: type /mlcompare watches there" in said
