"""What a channel agrees on: set, shown, taken back, and used where a request says nothing."""

import pytest

from bot.playground.slack import GENERAL, MAYA, STANDUP
from comparison.channel_defaults import ChannelSetting
from comparison.errors import RequestError
from comparison.runs import Experiment, Metric, Status
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import IRIS, NEW, NOON, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Broken, Workshop

FRAUD = Experiment("2", "fraud")
COSTLY = [
    a_run("cheap", 10, experiment=FRAUD, metrics={"val_auc": Metric(0.91), "cost": Metric(2.0)}),
    a_run("dear", 11, experiment=FRAUD, metrics={"val_auc": Metric(0.95), "cost": Metric(5.0)}),
]
TEAM, ROOM = "T0PLAYGROUND", "C0EXPERIMENTS"
HOUR_AGO = NOON // 1000 - 3600


LOST = Broken(RequestError("I cannot keep that: my database does not answer. Nothing was changed."))


def store():
    return FakeRuns([OLD, NEW, *COSTLY])


def having(bot, *agreed, channel=ROOM):
    bot.services.defaults.change(TEAM, channel, agreed)
    return bot


@pytest.mark.parametrize(
    ("words", "told", "undo"),
    [
        ("set experiment fraud", "The experiment of this channel is now fraud", "unset experiment"),
        ("set experiment FRAUD", "The experiment of this channel is now fraud", "unset experiment"),
        ("set metric val_auc", "The metric of this channel is now val_auc", "unset metric"),
        ("set metric Val AUC", "The metric of this channel is now val_auc", "unset metric"),
        ("set goal cost lower", "For cost, lower is better in this channel", "unset goal cost"),
        ("goal cost is down", "For cost, lower is better in this channel", "unset goal cost"),
        ("set goal cost max", "For cost, higher is better in this channel", "unset goal cost"),
        ("set goal val_auc neither", "For val_auc, neither way is better in this channel", "unset goal val_auc"),
        ("set goal CO* lower", "For CO*, lower is better in this channel", 'unset goal "CO*"'),
        (
            "set tolerance 0.1 %",
            "Values within 0.1 % of the baseline count as the same in this channel",
            "unset tolerance",
        ),
        (
            "set tolerance VAL_AUC to 5%",
            "Values of val_auc within 5 % of the baseline count as the same in this channel",
            "unset tolerance val_auc",
        ),
        ("set examples on", "Single runs are compared on the same examples in this channel", "unset examples"),
        ("set examples off", "Single runs are not compared on the same examples in this channel", "unset examples"),
        ("pin dear", f"The baseline of this channel is now dear ({COSTLY[1].run_id[:8]}) in fraud", "unpin"),
        ("pin latest", f"The baseline of this channel is now dear ({COSTLY[1].run_id[:8]}) in fraud", "unpin"),
        ("set baseline old", f"The baseline of this channel is now old ({OLD.run_id[:8]}) in iris", "unpin"),
    ],
)
def test_a_change_is_told_to_all_with_who_made_it_and_how_to_take_it_back(slack, words, told, undo):
    with Workshop(slack, store()) as bot:
        said = bot.ask(words)
    assert said.startswith(f"#ml-experiments:\n# {told}\n")
    assert f"/mlcompare {undo}" in said
    assert f"Last changed by @{MAYA}" in said
    assert "Not set before" in said


@pytest.mark.parametrize(
    ("kept", "words", "told"),
    [
        (ChannelSetting("experiment", "iris", at=HOUR_AGO), "set experiment fraud", "Before: iris, set 1 h ago."),
        (ChannelSetting("metric", "cost", at=HOUR_AGO), "set metric val_auc", "Before: cost, set 1 h ago."),
        (ChannelSetting("metric", "cost", at=HOUR_AGO), "set metric cost", "It was so before, set 1 h ago."),
        (ChannelSetting("metric", "cost", at=HOUR_AGO), "unset metric", "Before: cost, set 1 h ago."),
        (ChannelSetting("goal", "higher", "cost"), "set goal cost lower", "Before: higher is better."),
        (ChannelSetting("goal", "higher", "cost"), "unset goal COST", "Before: higher is better."),
        (ChannelSetting("goal", "higher", "co*"), "unset goal co*", "Before: higher is better."),
        (ChannelSetting("tolerance", "0.1 %", at=HOUR_AGO), "set tolerance 0.2 %", "Before: 0.1 %, set 1 h ago."),
        (ChannelSetting("pinned", OLD.run_id), "pin new", f"Before: run {OLD.run_id[:8]}."),
        (ChannelSetting("pinned", OLD.run_id), "unpin", f"Before: run {OLD.run_id[:8]}."),
    ],
)
def test_a_change_tells_what_was_before(slack, kept, words, told):
    with Workshop(slack, store()) as bot:
        assert told in having(bot, kept).ask(words)


@pytest.mark.parametrize(
    ("kept", "words", "undo"),
    [
        (ChannelSetting("experiment", "my own"), "set experiment fraud", '/mlcompare set experiment "my own"'),
        (ChannelSetting("goal", "higher", "cost"), "unset goal cost", "/mlcompare set goal cost higher"),
        (ChannelSetting("tolerance", "0.1 %", "cost"), "unset tolerance COST", "/mlcompare set tolerance cost 0.1 %"),
        (ChannelSetting("examples", "on"), "set examples off", "/mlcompare set examples on"),
        (ChannelSetting("pinned", OLD.run_id), "unpin", f"/mlcompare pin {OLD.run_id}"),
    ],
)
def test_a_change_tells_what_to_type_to_have_it_as_it_was(slack, kept, words, undo):
    with Workshop(slack, store()) as bot:
        assert undo in having(bot, kept).ask(words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("unset experiment", "This channel has no experiment of its own anyway"),
        ("unset metric", "This channel has no metric of its own anyway"),
        ("unset goal cost", "No goal is set for cost in this channel anyway"),
        ("unset tolerance", "This channel has no tolerance of its own anyway"),
        ("unset tolerance cost", "No tolerance is set for cost in this channel anyway"),
        ("unset examples", "Nothing is set for examples in this channel anyway"),
        ("unpin", "This channel has no baseline of its own anyway"),
    ],
)
def test_what_was_never_set_can_be_taken_back_all_the_same(slack, words, told):
    with Workshop(slack, store()) as bot:
        said = bot.ask(words)
    assert told in said
    assert "Undo" not in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("set experiment frud", "There is no experiment called frud."),
        ("set metric val_acu", "No run logged a metric called val_acu."),
        ("set goal costs lower", "No run logged a metric called costs."),
        ("set goal cost higher|lower", "Which way is better?"),
    ],
)
def test_an_unknown_name_is_answered_to_the_asker_with_the_nearest(slack, words, told):
    with Workshop(slack, store()) as bot:
        said = bot.ask(words)
        kept = bot.services.defaults.settings(TEAM, ROOM)
    assert said.startswith(f"#ml-experiments, only to {MAYA}:\n# {told}")
    assert "Did you mean" in said
    assert kept == []


@pytest.mark.parametrize(
    "words",
    [
        "set",
        "set metric",
        "set goal cost",
        "set goal cost sideways",
        "set colour red",
        "set goal",
        "pin",
        "pin top 3 by f1",
        "pin nobody",
        "set experiment " + "x" * 3_000,
        "set metric <!channel>",
        "pin where metrics.",
        "set goal lower",
        "set goal nothing_* lower",
        "set goal * lower",
    ],
)
def test_what_cannot_be_set_changes_nothing_and_says_why_to_the_asker_alone(slack, words):
    with Workshop(slack, store()) as bot:
        said = bot.ask(words)
        kept = bot.services.defaults.settings(TEAM, ROOM)
    assert said.startswith(f"#ml-experiments, only to {MAYA}:")
    assert "went wrong" not in said
    assert kept == []


def test_a_slip_of_the_pen_is_mended_with_one_press(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "set metric val_acu")
        slack.press(slack.wait_for_ephemeral("Did you mean"), "pick:0")
        slack.wait_for_message("The metric of this channel is now val_auc")
        bot.finish()


def test_a_name_of_several_runs_opens_a_picker_before_one_is_pinned(slack):
    twice = [a_run("train", 20), a_run("train", 21)]
    with Workshop(slack, FakeRuns([OLD, *twice])) as bot:
        slack.command("/mlcompare", "pin train")
        slack.press(slack.wait_for_ephemeral("2 runs are called train"), "pick:1")
        slack.wait_for_message("is now train")
        bot.finish()
        assert bot.services.defaults.of(TEAM, ROOM).pinned == twice[0].run_id


def test_a_deleted_run_is_not_pinned(slack):
    gone = a_run("gone", 20, deleted=True)
    with Workshop(slack, FakeRuns([OLD, gone])) as bot:
        assert "gone was deleted in MLflow." in bot.ask(f"pin {gone.run_id}")


def test_while_mlflow_is_down_nothing_is_set_but_what_is_set_is_shown_and_can_be_taken_back(slack):
    with Workshop(slack, FakeRuns(down="MLflow did not answer within 20 s.")) as bot:
        having(bot, ChannelSetting("pinned", OLD.run_id), ChannelSetting("metric", "cost"))
        slack.command("/mlcompare", "set experiment fraud")
        slack.wait_for_ephemeral("did not answer")
        slack.command("/mlcompare", "unset metric")
        slack.wait_for_message("has no metric of its own any more")
        slack.command("/mlcompare", "settings")
        slack.wait_for_message(f"run {OLD.run_id[:8]}")
        bot.finish()
        assert bot.services.defaults.of(TEAM, ROOM).metric == ""


def test_what_cannot_be_kept_is_told_to_the_asker(slack):
    with Workshop(slack, store(), defaults=LOST) as bot:
        said = bot.ask("set experiment fraud")
    assert said.startswith(f"#ml-experiments, only to {MAYA}:\n# I cannot keep that")


def test_without_its_defaults_a_comparison_is_answered_as_it_stands(slack):
    with Workshop(slack, store(), defaults=LOST) as bot:
        assert "| Metric | Change | dear | cheap (baseline) |" in bot.ask("cheap vs dear")


def test_settings_list_what_is_set_and_how_to_set_the_rest(slack):
    with Workshop(slack, store()) as bot:
        having(
            bot, ChannelSetting("experiment", "fraud", at=HOUR_AGO), ChannelSetting("pinned", OLD.run_id, at=HOUR_AGO)
        )
        said = having(bot, ChannelSetting("goal", "lower", "cost", at=HOUR_AGO)).ask("settings")
    assert said == (
        "#ml-experiments:\n"
        "# What is set for this channel\n"
        "Set\n"
        "• Experiment: fraud, set 1 h ago\n"
        "• Goal: lower is better for cost, set 1 h ago\n"
        f"• Baseline: old ({OLD.run_id[:8]}) in iris, set 1 h ago\n"
        "• The metric that decides: `/mlcompare set metric val_auc`\n"
        "• Within how much values are the same: `/mlcompare set tolerance 0.1 %`\n"
        "• Whether runs are compared on the same examples: `/mlcompare set examples on`\n"
        f"(Asked by @{MAYA})"
    )


def test_where_nothing_is_set_settings_say_how(slack):
    with Workshop(slack, store()) as bot:
        said = bot.ask("settings")
    assert "# Nothing is set for this channel" in said
    assert said.count("/mlcompare ") == 6


def test_each_channel_has_its_own_and_a_conversation_is_not_called_a_channel(slack):
    with Workshop(slack, store()) as bot:
        having(bot, ChannelSetting("metric", "cost"))
        slack.command("/mlcompare", "settings", channel=STANDUP)
        slack.wait_for_message("Nothing is set for this channel")
        slack.direct_message("set metric val_auc")
        slack.wait_for_message("The metric of this conversation is now val_auc")
        bot.finish()
        assert bot.services.defaults.of(TEAM, "D0MAYA").metric == "val_auc"


def test_it_can_be_set_where_the_bot_is_not(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "set metric cost", channel=GENERAL)
        slack.wait_for_message("The metric of this channel is now cost", channel=GENERAL)
        bot.finish()


def test_the_channels_metric_comes_first_and_the_message_says_so(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("metric", "cost")).ask("cheap vs dear")
    assert said.index("| cost |") < said.index("| val_auc |")
    assert "Metric cost is this channel's default." in said


def test_a_metric_that_was_asked_for_counts_more_than_the_channels(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("metric", "cost")).ask("cheap vs dear by val_auc")
    assert said.index("| val_auc |") < said.index("| cost |")
    assert "default" not in said


def test_a_channels_metric_that_nobody_logged_is_no_hindrance_and_is_said(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("metric", "f1")).ask("cheap vs dear")
    assert "None of these runs logged f1, this channel's metric." in said


def test_the_channels_goal_decides_and_the_message_says_so(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("goal", "higher", "cost"), ChannelSetting("goal", "unknown", "val_auc")).ask(
            "cheap vs dear"
        )
    assert "# ✅ dear is better" in said
    assert "Set for this channel: higher is better for cost; neither way is better for val_auc." in said


def test_the_channels_tolerance_decides_and_the_message_says_so(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("tolerance", "5 %"), ChannelSetting("tolerance", "60 %", "cost")).ask(
            "dear vs cheap by val_auc"
        )
    assert "No difference in val_auc between dear and cheap" in said
    assert (
        "Values count as the same within this share of the baseline: 5 % for val_auc (set for this channel); "
        "60 % for cost (set for this channel)." in said
    )


def test_a_tolerance_that_was_asked_for_counts_more_than_the_channels_and_stays_with_the_buttons(slack):
    with Workshop(slack, store()) as bot:
        having(bot, ChannelSetting("tolerance", "5 %"))
        slack.command("/mlcompare", "dear vs cheap by val_auc within 1 %")
        message = slack.wait_for_message("val_auc")
        assert "# ❌ cheap is worse: val_auc" in read(slack.messages()[0])
        slack.press(message, "follow:swap")
        slack.wait_until(lambda: "dear is better" in read(slack.messages()[0]))
        bot.finish()
    assert "within this share of the baseline: 1 % (as asked)." in read(slack.messages()[0])


def test_latest_is_looked_for_in_the_channels_experiment_and_the_message_says_so(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("experiment", "iris")).ask("previous vs latest")
    assert "| Metric | Change | new | old (baseline) |" in said
    assert "Looked in iris, this channel's experiment." in said


def test_a_run_given_by_name_is_found_in_any_experiment(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("experiment", "iris")).ask("cheap vs dear")
    assert "| Metric | Change | dear | cheap (baseline) |" in said
    assert "Looked in" not in said


def test_a_channels_experiment_that_is_gone_is_said_with_what_to_do(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("experiment", "frauds")).ask("previous vs latest")
    assert "frauds, the experiment set for this channel, is not there any more." in said
    assert "/mlcompare unset experiment" in said
    assert "fraud" in said


def test_baseline_is_the_pinned_run(slack):
    with Workshop(slack, store()) as bot:
        said = having(bot, ChannelSetting("pinned", OLD.run_id)).ask("baseline vs new")
    assert "| Metric | Change | new | old (baseline) |" in said
    assert "the pinned baseline" in said


def test_a_pinned_run_that_is_gone_is_said(slack):
    with Workshop(slack, FakeRuns([NEW])) as bot:
        assert "is gone from MLflow" in having(bot, ChannelSetting("pinned", OLD.run_id)).ask("baseline vs new")


def test_a_refresh_after_a_goal_was_set_tells_the_new_verdict(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "cheap vs dear")
        message = slack.wait_for_message("cheap")
        having(bot, ChannelSetting("goal", "higher", "cost"))
        slack.press(message, "follow:more", value="refresh")
        slack.wait_until(lambda: "Set for this channel" in read(slack.messages()[0]))
        bot.finish()
    assert "# ✅ dear is better on 2 of 2 metrics" in read(slack.messages()[0])


def test_the_run_that_still_runs_is_looked_for_in_the_channels_experiment(slack):
    going = [a_run("going", 30, status=Status.RUNNING, ended_at=None, experiment=IRIS)]
    other = [a_run("other", 31, status=Status.RUNNING, ended_at=None, experiment=FRAUD)]
    with Workshop(slack, FakeRuns([OLD, *going, *other])) as bot:
        said = having(bot, ChannelSetting("experiment", "iris")).ask("old vs running")
    assert "| Metric | Change | going | old (baseline) |" in said


# Goals set from the message that assumed them


def compared(slack, words="cheap vs dear"):
    slack.command("/mlcompare", words)
    return slack.wait_for_message("cheap")


def dialog(slack, message):
    assert slack.press(message, "goals:set").was_taken
    return slack.wait_until(lambda: slack.modal)


def set_to(view, **goals):
    """The dialog's values, with these goals chosen and the others left as they are."""
    blocks = [each for each in view.content["blocks"] if each["type"] == "input"]
    values = {}
    for each in blocks:
        element, metric = each["element"], each["block_id"].removeprefix("goal:")
        value = goals.get(metric, element["initial_option"]["value"])
        values[each["block_id"]] = {
            element["action_id"]: {"type": "static_select", "selected_option": {"value": value}}
        }
    return values


def shown(view):
    inputs = [each for each in view.content["blocks"] if each["type"] == "input"]
    return {each["label"]["text"]: each["element"]["initial_option"]["text"]["text"] for each in inputs}


def test_a_message_that_assumed_goals_has_a_button_that_asks_for_them(slack):
    with Workshop(slack, store()) as bot:
        view = dialog(slack, compared(slack))
        bot.finish()
    assert shown(view) == {
        "val_auc": "Auto (higher is better)",
        "cost": "Auto (lower is better)",
    }


def test_goals_that_are_set_are_told_in_the_thread_and_the_message_is_judged_by_them(slack):
    with Workshop(slack, store()) as bot:
        message = compared(slack)
        view = dialog(slack, message)
        assert slack.submit(view, set_to(view, cost="higher")).answer == {}
        told = slack.wait_for_message("For cost, higher is better in this channel")
        slack.wait_until(lambda: "2 of 2 metrics" in read(slack.messages()[0]))
        bot.finish()
        assert bot.services.defaults.settings(TEAM, ROOM) == [
            ChannelSetting("goal", "higher", "cost", MAYA, NOON // 1000)
        ]
    assert told.thread_ts == message.ts
    assert "Before: its name tells that lower is better" in read(told)
    assert f"Last changed by @{MAYA}" in read(told)
    assert "Set for this channel: higher is better for cost." in read(slack.messages()[0])


def test_several_goals_are_told_in_one_message(slack):
    with Workshop(slack, store()) as bot:
        view = dialog(slack, compared(slack))
        slack.submit(view, set_to(view, cost="higher", val_auc="unknown"))
        told = read(slack.wait_for_message("2 goals set for this channel"))
        bot.finish()
    assert "• val_auc: neither way is better. Before: its name tells that higher is better" in told


def test_a_goal_of_the_channel_can_be_taken_back_in_the_dialog(slack):
    with Workshop(slack, store()) as bot:
        having(bot, ChannelSetting("goal", "higher", "cost"))
        view = dialog(slack, compared(slack))
        assert shown(view)["cost"] == "Higher is better"
        slack.submit(view, set_to(view, cost="name"))
        slack.wait_for_message("No goal is set for cost in this channel any more")
        bot.finish()
        assert bot.services.defaults.settings(TEAM, ROOM) == []


def test_a_dialog_sent_off_as_it_was_changes_nothing_and_says_nothing(slack):
    with Workshop(slack, store()) as bot:
        view = dialog(slack, compared(slack))
        slack.submit(view, set_to(view))
        bot.finish()
        assert bot.services.defaults.settings(TEAM, ROOM) == []
    assert len(slack.messages()) == 1


def test_goals_that_cannot_be_kept_are_told_to_who_set_them(slack):
    with Workshop(slack, store(), defaults=LOST) as bot:
        view = dialog(slack, compared(slack))
        slack.submit(view, set_to(view, cost="higher"))
        assert slack.wait_for_ephemeral("I cannot keep that").only_to == MAYA
        bot.finish()
    assert len(slack.messages()) == 1


@pytest.mark.parametrize("name", ["x" * 250, "größe/ошибка 🎯 loss", "<!channel> loss", '"quoted" loss'])
def test_goals_of_metrics_with_any_name_can_be_asked_for(slack, name):
    odd = [
        a_run("cheap", 10, metrics={name: Metric(1.0), "loss": Metric(1.0)}),
        a_run("dear", 11, metrics={name: Metric(2.0), "loss": Metric(2.0)}),
    ]
    with Workshop(slack, FakeRuns(odd)) as bot:
        view = dialog(slack, compared(slack))
        slack.submit(view, set_to(view, loss="higher"))
        slack.wait_for_message("For loss, higher is better")
        bot.finish()


def test_very_many_metrics_make_a_dialog_that_slack_takes(slack):
    many = {f"{'x' * 200}_loss_{number}": Metric(1.0) for number in range(60)}
    odd = [a_run("cheap", 10, metrics=many), a_run("dear", 11, metrics=many)]
    with Workshop(slack, FakeRuns(odd)) as bot:
        view = dialog(slack, compared(slack))
        bot.finish()
    assert 1 < len(view.content["blocks"]) <= 16


def test_a_button_of_another_version_says_so(slack):
    with Workshop(slack, store()) as bot:
        message = compared(slack)
        action = {"type": "button", "action_id": "goals:set", "block_id": "b", "value": '{"v": 9}'}
        slack.people.press(message, action, MAYA)
        slack.wait_for_ephemeral("That button no longer does anything")
        bot.finish()


def test_runs_without_metrics_that_move_have_no_such_button(slack):
    bare = [a_run("cheap", 10, metrics={}), a_run("dear", 11, metrics={})]
    with Workshop(slack, FakeRuns(bare)) as bot:
        assert "Set goals" not in bot.ask("cheap vs dear")


def test_a_metric_whose_name_tells_nothing_comes_with_what_to_type(slack):
    odd = [a_run("cheap", 10, metrics={"my lr": Metric(1.0)}), a_run("dear", 11, metrics={"my lr": Metric(2.0)})]
    with Workshop(slack, FakeRuns(odd)) as bot:
        said = bot.ask("cheap vs dear")
    assert "my lr not judged (direction unknown)" in said
    assert "[Set goals …]" in said
