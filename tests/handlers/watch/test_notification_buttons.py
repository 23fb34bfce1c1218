"""The buttons of a notification: mute and undo, what is watched, compare with another run, pin as baseline."""

import dataclasses

import pytest

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, MAYA
from comparison.language.parser import watching_of
from comparison.runs import Experiment
from tests.handlers.iris import NEW, NOON, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.watched import JONAS, PRIYA, TEAM, changes_in, have, heard, kept_in, words_in
from tests.handlers.workshop import Gate


def notified(town, words="watch iris"):
    """A message with the buttons of a notification."""
    heard(town, words)
    return town.messages()[-1]


def muted(town, message, experiment="1", user=MAYA):
    """What is answered to who muted an experiment from the message."""
    before = len(town.ephemerals)
    assert town.press(message, "news:more", value=f"mute:{experiment}", user=user).was_taken
    town.wait_until(lambda: len(town.ephemerals) > before)
    return town.ephemerals[-1]


def test_muting_pauses_the_watch_of_the_experiment_and_undo_resumes_it(town, bot):
    answer = muted(town, notified(town))
    assert read(answer) == "# iris is muted in this channel\nDone\n• Its watch is paused.\n[Undo]"
    assert answer.only_to == MAYA
    (kept,) = kept_in(bot)
    assert kept.paused_by == MAYA
    town.press(answer, "unmute")
    town.wait_until(lambda: "no longer muted" in read(town.ephemerals[-1]))
    assert read(town.ephemerals[-1]) == "# iris is no longer muted in this channel"
    assert not kept_in(bot)[0].is_paused
    assert changes_in(bot) == [("resumed", MAYA), ("paused", MAYA)]
    assert len(town.ephemerals) == 1
    assert len(town.messages()) == 1


def test_muting_leaves_the_experiment_out_of_a_pattern_and_undo_takes_it_back(town, bot):
    message = notified(town, "watch everything except team/churn")
    assert "• The pattern leaves it out." in read(muted(town, message))
    assert watching_of(words_in(bot)[0]).excepted == ("team/churn", "iris")
    town.press(town.ephemerals[-1], "unmute")
    town.wait_until(lambda: watching_of(words_in(bot)[0]).excepted == ("team/churn",))
    assert changes_in(bot) == [("edited", MAYA), ("edited", MAYA)]


@pytest.mark.parametrize("words", ["watch iris", "watch everything"])
def test_what_ended_while_an_experiment_was_muted_is_no_news_after_undo(town, bot, words):
    answer = muted(town, notified(town, words))
    (kept,) = kept_in(bot)
    bot.runs.runs = [dataclasses.replace(NEW, run_id="f" * 32, ended_at=NOON - 60_000)]
    town.press(answer, "unmute")
    town.wait_until(lambda: "no longer muted" in read(town.ephemerals[-1]))
    assert "f" * 32 in bot.services.watches.get(kept.id).past


def test_all_watches_that_announce_the_experiment_are_muted_and_the_channel_is_told_whose(town, bot):
    message = notified(town)
    have(bot, "iris only failures", by=JONAS)
    have(bot, "i*", by=JONAS)
    have(bot, "team/*", by=JONAS)
    assert "Its 2 watches are paused. The pattern leaves it out." in read(muted(town, message))
    assert [each.is_paused for each in kept_in(bot)] == [True, False, False, True]
    told = town.wait_for_message("muted iris in 2 watches")
    assert told.text.startswith(f"<@{MAYA}> muted iris in 2 watches of <@{JONAS}>: iris")
    assert "Nothing" not in told.text
    again = muted(town, message)
    assert "so there is nothing to mute" in read(again)


def test_undo_leaves_alone_what_was_changed_since(town, bot):
    message = notified(town)
    pattern = have(bot, "i* against best", by=MAYA)
    answer = muted(town, message)
    bot.services.watches.remove(kept_in(bot)[1].id, by=MAYA, at=1)
    bot.services.watches.edit(pattern.id, "i* only failures", by=MAYA, at=1)
    town.press(answer, "unmute")
    town.wait_until(lambda: "no longer muted" in read(town.ephemerals[-1]))
    assert words_in(bot) == ["i* only failures"]


def test_a_pattern_that_can_leave_out_no_more_is_said_and_nothing_is_changed(town, bot):
    message = notified(town)
    have(bot, f"* except {', '.join(f'e{number}' for number in range(50))}")
    answer = muted(town, message)
    assert "# I cannot keep that." in read(answer)
    assert changes_in(bot) == []


def test_an_experiment_with_a_hostile_name_is_muted(town, bot):
    name = "<!channel> *x* [1] “quoted” 'so' only failures"
    bot.runs.runs = [a_run("r", 3, experiment=Experiment("7", name))]
    message = notified(town, "watch *")
    answer = muted(town, message, "7")
    assert watching_of(words_in(bot)[0]).excepted == (name,)
    assert "<!channel>" not in answer.text
    town.press(answer, "unmute")
    town.wait_until(lambda: watching_of(words_in(bot)[0]).excepted == ())


def test_what_is_watched_is_shown_from_any_notification_and_the_notification_stays(town, bot):
    message = notified(town)
    town.press(message, "news:more", value="watches", user=JONAS)
    assert town.wait_for_ephemeral("1 watch in this channel").only_to == JONAS
    assert town.messages()[0].blocks == message.blocks


def test_compare_with_opens_the_dialog_with_the_run_posting_in_the_thread(town, bot):
    message = notified(town)
    town.press(message, "news:compare")
    view = town.wait_until(lambda: town.modal)
    elements = {each["block_id"]: each["element"] for each in view.content["blocks"]}
    assert [each["value"] for each in elements["runs"]["initial_options"]] == [NEW.run_id]
    assert elements["runs"]["initial_options"][0]["text"]["text"].startswith("new (")
    assert elements["place"]["initial_conversation"] == EXPERIMENTS
    assert message.ts in view.content["private_metadata"]


def test_while_mlflow_takes_its_time_the_dialog_opens_without_the_name(town, bot, monkeypatch):
    message = notified(town)
    monkeypatch.setattr("handlers.watch.notification._WITHIN", 0.05)
    gate = Gate(bot.runs)
    object.__setattr__(bot.services, "runs", gate)
    town.press(message, "news:compare")
    view = town.wait_until(lambda: town.modal)
    gate.open()
    object.__setattr__(bot.services, "runs", bot.runs)
    assert NEW.run_id[:8] in str(view.content["blocks"])


def test_pinning_is_said_in_the_thread_with_who(town, bot):
    message = notified(town)
    town.press(message, "news:pin", user=JONAS)
    told = town.wait_for_message("The baseline of this channel is now new", thread_ts=message.ts)
    assert f"Last changed by @{JONAS}" in read(told)
    assert bot.services.defaults.of(TEAM, EXPERIMENTS).pinned == NEW.run_id


def test_a_run_that_is_gone_cannot_be_pinned(town, bot):
    message = notified(town)
    bot.runs.runs = [OLD]
    town.press(message, "news:pin")
    assert town.wait_for_ephemeral("no such run on this MLflow server").only_to == MAYA
    assert bot.services.defaults.of(TEAM, EXPERIMENTS).pinned == ""


def test_somebody_outside_mutes_nothing(town, bot):
    message = notified(town)
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    town.leave(EXPERIMENTS, PRIYA)
    before = len(town.workspace.everything())
    town.press(message, "news:more", value="mute:1", user=PRIYA)
    town.wait_until(lambda: len(town.workspace.everything()) > before)
    assert "people in its channel can change it" in town.workspace.everything()[-1].text
    assert changes_in(bot) == []


def test_an_experiment_that_is_gone_or_mlflow_down_is_said(town, bot):
    message = notified(town)
    bot.runs.runs = []
    assert "That experiment is not there any more." in muted(town, message).text
    bot.runs.down = "MLflow did not answer."
    assert "MLflow did not answer." in muted(town, message).text
    assert changes_in(bot) == []


OLD_BUTTONS = [
    ("news:pin", {"value": ""}),
    ("news:pin", {"value": "[]"}),
    ("news:compare", {"value": '{"r":"<!channel>"}'}),
    ("news:more", {"selected_option": {"value": "mute:"}}),
    ("news:more", {"selected_option": {"value": "mute:\ud83d"}}),
    ("news:more", {"selected_option": None}),
    ("news:what", {"value": "x"}),
    ("unmute", {"value": '{"e":5}'}),
    ("unmute", {"value": "x" * 2000}),
]


def test_what_is_not_understood_any_more_says_so_and_does_nothing(town, bot):
    message = notified(town)
    for action_id, held in OLD_BUTTONS:
        before = len(town.ephemerals)
        action = {"type": "button", "action_id": action_id, "block_id": "b", **held}
        assert town.people.press(message, action, MAYA).was_taken
        town.wait_until(lambda before=before: len(town.ephemerals) > before)
        assert "That button no longer does anything." in town.ephemerals[-1].text
    assert changes_in(bot) == []


@pytest.mark.parametrize("value", ['{"e":"iris","p":["gone",5],"x":["gone"]}', '{"e":"iris","p":3}'])
def test_an_undo_of_what_is_gone_does_nothing(town, bot, value):
    message = notified(town)
    action = {"type": "button", "action_id": "unmute", "block_id": "b", "value": value}
    town.people.press(message, action, MAYA)
    town.wait_until(lambda: town.count("response_url") > 0)
    assert changes_in(bot) == []


def test_where_the_undo_cannot_stand_any_more_it_is_said_anew(town, bot):
    answer = muted(town, notified(town))
    town.faults.add(FaultKind.SLACK_ERROR, method="response_url", error="used_url", left=1)
    town.press(answer, "unmute")
    town.wait_for_ephemeral("no longer muted")
    assert not kept_in(bot)[0].is_paused
