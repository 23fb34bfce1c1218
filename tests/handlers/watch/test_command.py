"""`watch`, `unwatch`, `digest`: what is said, what a person reads then, and what is kept."""

import pytest
from slack_sdk import WebClient

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA, STANDUP
from comparison.channel_defaults import ChannelSetting
from comparison.runs import Experiment, Metric
from handlers.conversation import RunClaim, answer_words
from handlers.stores import MAX_WATCHES
from handlers.utterance import Utterance
from tests.handlers.iris import MINUTE, NOON, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.watched import JONAS, TEAM, have, heard, kept_in, words_in

ALONE = f"only to {MAYA}: # "


def test_a_watch_is_said_in_the_channel_with_how_to_stop_and_the_last_run_as_an_example(town, bot):
    said = heard(town, "watch iris")
    assert said.startswith("# Watching iris\nFrom now on\n• I'll post in this channel when a run ends.\n")
    assert "`/mlcompare unwatch iris`" in said
    assert "[Watches of this channel]" in said
    assert f"Asked by @{MAYA}" in said
    example = said.partition("(Preview: your last finished run would have looked like this)\n")[2]
    assert example.startswith("# ")
    assert "accuracy 0.92" in example
    assert "[Pin as baseline]" in example
    assert len(town.messages()) == 1


def test_what_is_kept_are_the_words_who_said_them_and_the_runs_that_are_over_already(town, bot):
    just_over = a_run("just-over", 7, started_at=NOON - 20 * MINUTE, ended_at=NOON - 10 * MINUTE)
    bot.runs.runs = [OLD, just_over]
    heard(town, "watch IRIS only failed")
    (kept,) = kept_in(bot)
    assert (kept.words, kept.created_by, kept.created_at) == ("iris only failures", MAYA, NOON / 1000)
    assert (kept.is_primed, kept.past) == (True, (just_over.run_id,))
    assert len(kept.id) == 16


def test_what_is_watched_is_said_with_what_it_covers_and_what_to_be_careful_about(town, bot):
    for words, told in (
        ("watch team/fraud", "No run of it has ended yet"),
        ("watch team/*", "That is 2 experiments now: team/fraud and team/churn."),
        ("watch nlp/*", "No experiment is called so yet; those to come will be watched."),
        ("watch everything", "# Watching every experiment\n"),
        ("watch iris when bleu > 30", "⚠️ No run there has logged bleu yet. They log accuracy, loss."),
        ("watch iris only new best", "(Preview, if it fitted: your last finished run would have looked like this)"),
        ("watch iris against baseline", "No baseline is pinned yet."),
        ("watch iris only worse", "It is watched here in another way too: iris, "),
    ):
        assert told in heard(town, words)
    assert len(kept_in(bot)) == 8


def test_what_cannot_be_watched_is_told_to_the_asker_alone_with_what_to_type(town, bot):
    for words, told in (
        ("watch", "Which experiment shall I watch?"),
        ("watch team/fruad", "There is no experiment called team/fruad.\nDid you mean\n[team/fraud]"),
        ("watch iris where params.lr LIKE 9", "Expected a quoted string value"),
        ("watch iris when acuracy < 0.5", "Did you mean\n[accuracy]"),
        ("watch iris metrics lss", "Did you mean\n[loss]"),
        ("watch iris against odl", "Did you mean\n[old]"),
        ("watch iris quiet 20:00-08:00 Europe/Berln", "There is no time zone called Europe/Berln."),
        ("digest daily 9:00 Europe/Berln", "There is no time zone called Europe/Berln."),
        ("digest daily 9:00 UTC irsi", "There is no experiment called irsi."),
    ):
        said = heard(town, words)
        assert said.startswith(ALONE)
        assert told in said
    assert kept_in(bot) == []
    assert town.messages() == []


def test_the_nearest_name_completes_the_watch_by_a_press(town, bot):
    heard(town, "watch irsi only failures")
    town.press(town.wait_for_ephemeral("There is no experiment"), "pick:0")
    town.wait_for_message("Watching")
    assert words_in(bot) == ["iris only failures"]


def test_a_baseline_whose_name_several_have_is_asked_about(town, bot):
    bot.runs.runs.append(a_run("old", 8))
    heard(town, "watch iris against old")
    town.press(town.wait_for_ephemeral("2 runs are called old"), "pick:1")
    town.wait_for_message("Watching")
    assert words_in(bot) == [f"iris against {OLD.run_id}"]


def test_no_experiment_named_is_the_channels(town, bot):
    bot.services.defaults.change(TEAM, EXPERIMENTS, [ChannelSetting("experiment", "iris", "", MAYA, 1)])
    heard(town, "watch")
    assert words_in(bot) == ["iris"]


def test_the_same_watch_twice_is_said_with_who_and_when_and_adds_nothing(town, bot):
    kept = have(bot, "iris only failures", by=JONAS)
    said = heard(town, "watch IRIS only failed")
    assert said.startswith(f"{ALONE}This channel watches that already\n")
    assert f"(Set up by @{JONAS} <!date^" in said
    bot.services.watches.pause(kept.id, by=JONAS, at=1)
    assert "# This channel watches that already, but it is paused" in heard(town, "watch iris only failures")
    assert len(kept_in(bot)) == 1


def test_a_channel_has_a_most(town, bot):
    for number in range(MAX_WATCHES):
        have(bot, f"e{number}")
    for words in ("watch iris", "digest daily 9:00 UTC"):
        said = heard(town, words)
        assert f"{ALONE}This channel has {MAX_WATCHES} watches and digests, and that is the most it can have." in said
        assert "`/mlcompare watches`" in said
    assert len(kept_in(bot)) == MAX_WATCHES
    assert town.messages() == []


def test_while_mlflow_is_down_watches_and_digests_are_kept_unprimed_and_said_so(town, bot):
    bot.runs.down = "MLflow at mlflow.example did not answer."
    said = heard(town, "watch iris against odl when bleu > 3")
    (kept,) = kept_in(bot)
    assert "so I could not look these up" in heard(town, "digest daily 9:00 UTC irsi")
    assert len(kept_in(bot)) == 2
    assert (kept.words, kept.is_primed, kept.past) == ("iris against odl when bleu > 3", False, ())
    assert "MLflow cannot be asked right now (MLflow at mlflow.example did not answer)" in said


def test_where_the_bot_is_not_nothing_is_kept_and_the_asker_is_told_how_to_invite_it(town, bot):
    for words in ("watch iris", "digest daily 9:00 UTC"):
        said = heard(town, words, channel=GENERAL)
        assert said.startswith(f"{ALONE}I am not in this channel")
        assert "Type /invite in it" in said
        assert f"`/mlcompare {words}`" in said
    town.archive(EXPERIMENTS)
    assert heard(town, "watch iris").startswith(f"{ALONE}This channel is archived. Nothing is watched.")
    assert bot.services.watches.every() == []
    assert bot.services.watches.changes(TEAM, GENERAL) == []


def test_in_direct_messages_and_in_threads_it_works_too(town, bot):
    town.direct_message("watch iris")
    town.mention("watch iris", channel=STANDUP)
    direct = read(town.wait_for_message("Watching", channel="D0MAYA"))
    assert direct.startswith("# Watching iris\nFrom now on\n• I'll post in this conversation when a run ends.")
    assert town.wait_for_message("Watching", channel=STANDUP).thread_ts
    assert words_in(bot, "D0MAYA") == words_in(bot, STANDUP) == ["iris"]


def test_an_answer_that_was_lost_neither_watches_nor_tells_twice(town, bot):
    town.faults.add(FaultKind.ANSWER_LOST, method="chat.postMessage")
    town.reinstall(scopes=town.installation.scopes | {"channels:history"})
    assert heard(town, "watch iris").count("# Watching iris") == 1
    assert len(kept_in(bot)) == 1


def test_what_a_process_kept_before_it_was_killed_is_confirmed_by_the_next_one(town, bot):
    said = Utterance("watch iris", MAYA, TEAM, EXPERIMENTS, "command:abc")
    client = WebClient(token=town.installation.bot_token, base_url=town.api_url)
    for _ in range(2):
        answer_words(said, client, bot.services, claim=RunClaim(bot.services)).run()
    assert [read(each).partition("\n")[0] for each in town.messages()] == ["# Watching iris"] * 2
    assert len(kept_in(bot)) == 1


def test_hostile_words_do_nothing(town, bot):
    bot.runs.runs = [a_run("<@U0JONAS>", 4, experiment=Experiment("9", "<!channel> *x* `y`"))]
    heard(town, "watch 9")
    heard(town, "watches")
    assert len(kept_in(bot)) == 1
    heard(town, "unwatch 9")
    assert kept_in(bot) == []
    for message in (*town.messages(), *town.ephemerals):
        assert "<!channel>" not in message.text
        assert "<@U0JONAS>" not in message.text


def test_a_long_example_is_shortened_so_that_it_fits_one_message(town, bot):
    many = {f"metric_{number}_loss": Metric(number / 7) for number in range(300)}
    parameters = {f"p{number}": "x" * 200 for number in range(60)}
    bot.runs.runs = [a_run("one", 4, metrics=many, parameters=parameters), a_run("two", 5, metrics=many)]
    said = heard(town, "watch iris")
    assert "# Watching iris" in said
    assert "Metrics\n  • metric_" in said
    assert "[Pin as baseline]" in said


# unwatch


def test_a_watch_is_taken_back_for_all_to_see_with_how_to_have_it_again(town, bot):
    have(bot, "iris only failures", by=JONAS)
    said = heard(town, "unwatch iris")
    (last, *_rest) = bot.services.watches.changes(TEAM, EXPERIMENTS)
    assert kept_in(bot) == []
    assert said.startswith("# No longer watched in this channel: iris only failures\n")
    assert "`/mlcompare watch iris only failures`" in said
    assert f"Last changed by @{MAYA}" in said
    assert f"Set up by @{JONAS}" in said
    assert (last.what, last.by, last.before) == ("removed", MAYA, "iris only failures")


def test_the_only_watch_needs_no_name_and_of_several_the_list_is_shown(town, bot):
    for words in ("unwatch", "unwatch all"):
        said = heard(town, words)
        assert f"{ALONE}Nothing is watched in this channel" in said
        assert "`/mlcompare watch iris`" in said
    have(bot, "weekdays 9:30 UTC", is_digest=True)
    have(bot, "iris")
    have(bot, "team/*")
    assert heard(town, "unwatch").startswith(f"{ALONE}2 watches and a digest in this channel\n")
    heard(town, "unwatch iris")
    heard(town, "unwatch")
    assert words_in(bot) == ["weekdays 9:30 UTC"]


def test_all_watches_of_an_experiment_go_unless_one_is_described(town, bot):
    have(bot, "iris only failures")
    have(bot, "iris when loss < 1")
    have(bot, "iris only better")
    heard(town, "unwatch iris only failures")
    assert words_in(bot) == ["iris when loss < 1", "iris only better"]
    assert "# 2 watches removed from this channel" in heard(town, "unwatch 1")
    assert words_in(bot) == []


def test_options_that_no_watch_has_remove_nothing_and_each_that_is_there_is_a_line_to_copy(town, bot):
    for words in ("iris only failures", "iris when loss < 1", "team/* only worse"):
        have(bot, words)
    said = heard(town, "unwatch iris only better")
    assert said.startswith(f"{ALONE}No watch here has these options, so none was removed\n")
    assert "`/mlcompare unwatch iris only failures`" in said
    assert "`/mlcompare unwatch iris when loss < 1`" in said
    assert "team/*" not in said
    assert len(kept_in(bot)) == 3
    heard(town, "unwatch 1 when loss < 1")
    assert words_in(bot) == ["iris only failures", "team/* only worse"]


def test_all_watches_of_an_experiment_that_go_are_counted_with_how_to_have_each_again(town, bot):
    have(bot, "iris only failures")
    have(bot, "iris only better")
    said = heard(town, "unwatch iris")
    assert said.startswith("# 2 watches removed from this channel\n")
    assert "`/mlcompare watch iris only failures`" in said
    assert "`/mlcompare watch iris only better`" in said


@pytest.mark.parametrize(
    ("words", "told", "line"),
    [
        ("mute iris until monday", "I cannot pause “until monday”", "`/mlcompare pause iris`"),
        ("watch iris and team/fraud", "One watch is of one experiment", "[iris] [team/fraud]"),
    ],
)
def test_what_no_watch_can_be_is_told_with_a_line_to_copy(town, bot, words, told, line):
    said = heard(town, words)
    assert said.startswith(f"{ALONE}{told}")
    assert line in said
    assert kept_in(bot) == []
    assert town.messages() == []


def test_what_is_certainly_a_watch_is_kept_in_whatever_words(town, bot):
    for words in ("follow iris failures only", "notify us when iris fails", "watch iris failures"):
        heard(town, words)
        assert words_in(bot) == ["iris only failures"]
    assert heard(town, "unfollow iris").startswith("# No longer watched in this channel: iris only failures\n")


def test_what_is_not_watched_is_told_with_what_is(town, bot):
    have(bot, "iris")
    have(bot, "team/*")
    for words, told, example in (
        ("unwatch irsi", "irsi is not watched here.", "Did you mean\n[iris]"),
        ("unwatch team/fraud", "team/fraud is watched by the pattern team/*, not by itself.", "watches"),
        ("unwatch nothing-like-it", "nothing-like-it is not watched here.", "Did you mean\n[iris] [team/*]"),
    ):
        said = heard(town, words)
        assert said.startswith(f"{ALONE}{told}")
        assert example in said
    assert len(kept_in(bot)) == 2


def test_somebody_outside_cannot_unwatch_where_slack_tells_who_is_inside(town, bot):
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    town.leave(EXPERIMENTS, JONAS)
    town.leave(EXPERIMENTS, MAYA)
    have(bot, "iris")
    have(bot, "daily 9:00 UTC", is_digest=True)
    for words in ("unwatch iris", "digest off", "digest daily 8:00 UTC"):
        said = heard(town, words, user=JONAS)
        assert "# Only who set a watch up and people in its channel can change it." in said
    assert words_in(bot) == ["iris", "daily 9:00 UTC"]
    assert {each.what for each in bot.services.watches.changes(TEAM, EXPERIMENTS)} == {"added"}
    heard(town, "unwatch iris")  # who set it up can, from outside too
    assert words_in(bot) == ["daily 9:00 UTC"]


# digest


def test_a_digest_is_confirmed_with_the_next_time_in_its_own_zone(town, bot):
    said = heard(town, "digest weekdays 9:30 Europe/Berlin iris")
    (kept,) = kept_in(bot)
    assert (kept.is_digest, kept.words) == (True, "weekdays 9:30 Europe/Berlin iris")
    assert said.startswith("# The next digest comes on Tuesday 24 November at 09:30 (Europe/Berlin)\n")
    assert "It says what ended, what failed and what runs: weekdays 9:30 Europe/Berlin, iris." in said
    assert "`/mlcompare digest off`" in said


def test_a_digest_is_moved_to_another_hour_and_keeps_its_days_zone_and_experiments(town, bot):
    have(bot, "weekdays 9:30 Europe/Berlin iris", by=JONAS, is_digest=True)
    said = heard(town, "move the digest to 17:00")
    (kept,) = kept_in(bot)
    assert kept.words == "weekdays 17:00 Europe/Berlin iris"
    assert "It takes the place of the digest before: weekdays 9:30 Europe/Berlin iris." in said


def test_a_digest_that_is_not_there_begins_when_it_is_changed(town, bot):
    heard(town, "change the digest to mondays at 8am")
    (kept,) = kept_in(bot)
    assert kept.words == "mon 8:00 UTC"


def test_a_second_digest_takes_the_place_of_the_first_and_says_so(town, bot):
    have(bot, "weekdays 9:30 UTC", by=JONAS, is_digest=True)
    said = heard(town, "digest daily 17:00 UTC team/*")
    (kept,) = kept_in(bot)
    assert (kept.words, kept.created_at) == ("daily 17:00 UTC team/*", NOON / 1000)
    assert "on Monday 23 November at 17:00 (UTC)" in said
    assert "It takes the place of the digest before: weekdays 9:30 UTC." in said
    assert [each.what for each in bot.services.watches.changes(TEAM, EXPERIMENTS)] == ["added", "removed", "added"]
    heard(town, "digest daily 17:00 UTC team/*")
    assert kept_in(bot) == [kept]


def test_a_digest_is_stopped(town, bot):
    have(bot, "iris")
    have(bot, "weekdays 9:30 UTC", by=JONAS, is_digest=True)
    said = heard(town, "digest off")
    assert words_in(bot) == ["iris"]
    assert said.startswith("# No more digests in this channel\n")
    assert "`/mlcompare digest weekdays 9:30 UTC`" in said
    assert heard(town, "digest off").startswith(f"{ALONE}There is no digest in this channel")
