"""What is said to the bot in the thread of a comparison."""

import time

import pytest

from comparison.channel_defaults import ACCESS, ChannelSetting
from comparison.runs import Metric, Status
from handlers.access.rules import write_patterns
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop

THIRD = a_run("third", 3, metrics={"accuracy": Metric(0.99), "loss": Metric(0.1)})
RUNS = [OLD, NEW, THIRD]


def posted(slack, bot=None):
    """A comparison that stands, and is remembered where `bot` says by whom."""
    slack.command("/mlcompare", "old vs new")
    message = slack.wait_for_message("Swap")
    if bot:
        until(lambda: bot.services.comparisons.in_thread(message.channel, message.ts))
    return message.ts


def until(holds):
    """Waits for what the workspace does not show."""
    for _ in range(1_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it was not remembered")


def answer_to(slack, bot, words, thread):
    """The one answer in the thread."""
    slack.mention(words, thread_ts=thread)
    bot.finish()
    (answer,) = [message for message in slack.messages(thread_ts=thread) if message.ts != thread]
    return read(answer)


SAID_AND_ANSWERED = [
    ("swap", "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)"),
    ("and the parameters?", "Unchanged parameters\n• solver: lbfgs"),
    ("add third", "| Metric | new | third | old (baseline) |"),
    ("add latest", "| Metric | new | third | old (baseline) |"),
    ("by loss", "# ✅ new is better: loss 0.50 → 0.25 (-50 %)"),
    ("why?", "# old → new: 1 parameter changed\nParameters\n• C: 1.0 → 0.5"),
    ("all", "Hide unchanged"),
    ("best", "Last values"),
    ("only differences", "Also what is the same"),
    ("refresh", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("details", "• Commit: c0ffee (both)"),
    ("tags?", "No tags differ"),
    ("against third", "# ❌ new is worse on 2 of 2 metrics"),
    ("replace new with third", "# ✅ third is better on 2 of 2 metrics"),
    ("old vs third", "# ✅ third is better on 2 of 2 metrics"),
]


@pytest.mark.parametrize(("words", "holds"), SAID_AND_ANSWERED)
def test_plain_words_in_the_thread_are_about_its_comparison(slack, words, holds):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        assert holds in answer_to(slack, bot, words, posted(slack, bot))


@pytest.mark.parametrize("words", ["remove third", "without third", "remove latest", "drop latest"])
def test_a_run_that_is_taken_away_is_compared_no_more(slack, words):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        slack.command("/mlcompare", "old vs new vs third")
        message = slack.wait_for_message("Swap")
        until(lambda: bot.services.comparisons.in_thread(message.channel, message.ts))
        read = answer_to(slack, bot, words, message.ts)
    assert "# ✅ new is better on 2 of 2 metrics" in read
    assert "third" not in read


def test_a_run_that_is_not_there_cannot_be_taken_away(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        slack.mention("remove third", thread_ts=posted(slack, bot))
        assert "no run called third among these" in bot.transcript()


def test_the_newest_comparison_of_a_thread_is_meant(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        thread = posted(slack, bot)
        slack.mention("old vs third", thread_ts=thread)
        shown = slack.wait_for_message("third is better", thread_ts=thread)
        until(lambda: bot.services.comparisons.get(f"{shown.channel}:{shown.ts}"))
        slack.mention("swap", thread_ts=thread)
        bot.finish()
    assert read(slack.messages()[-1]).startswith(
        "# ❌ old is worse on 2 of 2 metrics: accuracy 0.99 → 0.85 (-14 %)\n| Metric | Change | old | third (baseline) |"
    )


def test_a_comparison_changed_by_a_button_is_meant_as_it_stands(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        thread = posted(slack, bot)
        slack.press(slack.messages()[0], "follow:swap")
        slack.wait_until(lambda: "old is worse" in slack.messages()[0].text)
        until(lambda: bot.services.comparisons.in_thread("C0EXPERIMENTS", thread).runs[0] == NEW.run_id)
        slack.mention("all", thread_ts=thread)
        bot.finish()
    assert read(slack.messages()[-1]).startswith("# ❌ old is worse")


def test_in_direct_messages_nobody_needs_to_be_mentioned(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        slack.direct_message("old vs new")
        first = slack.wait_for_message("new is better")
        slack.direct_message("swap", thread_ts=first.ts)
        shown = slack.wait_for_message("old is worse")
        until(lambda: bot.services.comparisons.get(f"{shown.channel}:{shown.ts}"))
        slack.direct_message("why?")
        bot.finish()
    assert [read(message).splitlines()[0] for message in slack.messages()] == [
        "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)",
        "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)",
        "# new → old: 1 parameter changed",
    ]


def test_where_there_is_no_comparison_the_asker_is_told(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        first = slack.say("good morning")
        slack.mention("swap", thread_ts=first.ts)
        bot.finish()
    (told,) = slack.ephemerals
    assert "I find no comparison in this thread" in told.text


def test_what_is_a_request_of_its_own_is_answered_also_where_no_comparison_is(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        first = slack.say("good morning")
        slack.mention("old vs new", thread_ts=first.ts)
        bot.finish()
    assert len(slack.messages(thread_ts=first.ts)) == 1


def test_after_a_restart_the_thread_is_read_where_that_is_allowed(slack):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        thread = posted(slack)
        bot.finish()
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        assert "# ❌ old is worse" in answer_to(slack, bot, "swap", thread)


def test_after_a_restart_without_a_store_and_history_it_is_said_plainly(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        thread = posted(slack)
        bot.finish()
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        slack.mention("swap", thread_ts=thread)
        bot.finish()
    assert "I find no comparison in this thread" in slack.ephemerals[0].text


def test_a_run_to_add_that_several_are_called_opens_a_picker_and_one_press_adds_it(slack):
    twins = [a_run("twin", 20), a_run("twin", 21)]
    with Workshop(slack, FakeRuns([*RUNS, *twins])) as bot:
        thread = posted(slack, bot)
        slack.mention("add twin", thread_ts=thread)
        slack.press(slack.wait_for_ephemeral("Select"), "pick:0")
        bot.finish()
    (answer,) = [message for message in slack.messages(thread_ts=thread) if message.ts != thread]
    assert "| Metric | new | twin | old (baseline) |" in read(answer)


def test_a_run_that_is_gone_is_said_to_be_gone(slack):
    runs = FakeRuns(RUNS)
    with Workshop(slack, runs) as bot:
        thread = posted(slack, bot)
        runs.runs = [OLD]
        slack.mention("swap", thread_ts=thread)
        bot.finish()
    assert "no longer on this MLflow server" in slack.ephemerals[0].text


def test_when_the_store_of_comparisons_is_gone_the_thread_is_read(slack):
    class Gone:
        def __getattr__(self, name):
            raise OSError("the database is gone")

    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        object.__setattr__(bot.services, "comparisons", Gone())
        thread = posted(slack)
        assert "# ❌ old is worse" in answer_to(slack, bot, "swap", thread)


def test_the_same_words_delivered_twice_are_answered_once(slack):
    with Workshop(slack, FakeRuns(RUNS)) as bot:
        thread = posted(slack, bot)
        slack.mention("why?", thread_ts=thread, deliveries=3)
        bot.finish()
    assert len([message for message in slack.messages(thread_ts=thread) if message.ts != thread]) == 1


# Below a list, a standup or one run


FAILED = a_run("broken", 4, status=Status.FAILED, metrics={"loss": Metric(9.0)})
LISTED = [*RUNS, FAILED]
BELOW = [
    ("top 3 by accuracy", "compare the first two", "# ❌ new is worse: accuracy 0.99 → 0.92"),
    ("top 3 by accuracy", "compare the first and the last", "# ❌ old is worse: accuracy 0.99 → 0.85"),
    ("top 3 by accuracy", "and by loss?", "# Best loss: 0.10, third in iris"),
    ("top 3 by accuracy", "top 2 instead", "| 2. new |"),
    ("top 3 by accuracy", "without third", "# Best accuracy without third: 0.92, new in iris"),
    ("top 3 by accuracy", "show the second", "# new: finished, accuracy 0.92"),
    ("top 3 by accuracy", "who ran the first?", "third: run by maya"),
    ("top 3 by accuracy", "why?", "# new → third"),
    ("top 3 by accuracy", "watch it", "# Watching iris"),
    ("failed since 30d", "why did it fail?", "# broken: failed, loss 9"),
    ("failed since 30d", "show it", "# broken: failed, loss 9"),
    ("standup since 30d", "why did it fail?", "# broken: failed, loss 9"),
    ("standup since 30d", "and what failed?", "# 1 run failed in iris"),
    ("list runs", "only failed", "# 1 run that failed"),
    ("list runs", "compare the first two", "| Metric | Change | third | broken (baseline) |"),
    ("list experiments", "top 2 by accuracy in the first", "# Best accuracy in iris: 0.99, third"),
    ("show old", "and the params?", "# old: parameters"),
    ("show old", "compare it with new", "# ✅ new is better on 2 of 2 metrics"),
    ("best accuracy", "vs old", "| Metric | Change | old | third (baseline) |"),
]


def asked(slack, bot, words):
    """An answer that stands, and is remembered."""
    slack.command("/mlcompare", words)
    until(lambda: [each for each in slack.messages() if bot.services.answers.in_thread(each.channel, each.ts)])
    return slack.messages()[0].ts


@pytest.mark.parametrize(("question", "words", "holds"), BELOW)
def test_plain_words_below_any_answer_are_about_what_it_shows(slack, question, words, holds):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        assert holds in answer_to(slack, bot, words, asked(slack, bot, question))


def test_one_follow_up_goes_on_from_the_other(slack):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        thread = asked(slack, bot, "top 3 by accuracy")
        slack.mention("and by loss?", thread_ts=thread)
        slack.wait_for_message("Best loss", thread_ts=thread)
        until(lambda: "loss" in bot.services.answers.in_thread("C0EXPERIMENTS", thread)[0].line)
        slack.mention("top 2", thread_ts=thread)
        bot.finish()
    assert read(slack.messages()[-1]).startswith("# Best loss: 0.10, third in iris")
    assert "3." not in read(slack.messages()[-1])


def test_where_it_may_be_one_of_several_they_are_offered_as_buttons(slack):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        slack.mention("is it still running?", thread_ts=asked(slack, bot, "top 3 by accuracy"))
        bot.finish()
    (told,) = slack.ephemerals
    assert "The answer above shows 3 runs: which one?" in read(told)
    assert "[third] [new] [old]" in read(told)


@pytest.mark.parametrize("words", ["nice :tada:", "thanks!", "looks good to me", "thanks, the first one looks great"])
def test_small_talk_below_an_answer_stays_without_one(slack, words):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        thread = asked(slack, bot, "top 3 by accuracy")
        slack.mention(words, thread_ts=thread)
        bot.finish()
    assert [message.ts for message in slack.messages(thread_ts=thread) if message.ts != thread] == []
    assert slack.ephemerals == []


def test_a_run_that_may_not_be_seen_any_more_is_not_shown(slack):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        thread = asked(slack, bot, "top 3 by accuracy")
        bot.services.access.store.change(
            "T0PLAYGROUND", "C0EXPERIMENTS", ChannelSetting(ACCESS, write_patterns(("churn",)))
        )
        slack.mention("compare the first two", thread_ts=thread)
        bot.finish()
    (told,) = slack.ephemerals
    assert "A run of this comparison is no longer on this MLflow server" in told.text
    assert "0.99" not in told.text


def test_in_direct_messages_the_last_answer_is_meant(slack):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        slack.direct_message("top 3 by accuracy")
        shown = slack.wait_for_message("Best accuracy")
        until(lambda: bot.services.answers.in_thread(shown.channel, shown.ts))
        slack.direct_message("compare the first two")
        bot.finish()
    assert "# ❌ new is worse: accuracy 0.99 → 0.92" in read(slack.messages()[-1])


def test_what_the_newest_answer_does_not_show_is_of_the_one_before(slack):
    with Workshop(slack, FakeRuns(LISTED)) as bot:
        thread = asked(slack, bot, "top 3 by accuracy")
        slack.mention("show the first", thread_ts=thread)
        slack.wait_for_message("third: finished", thread_ts=thread)
        until(lambda: len(bot.services.answers.in_thread("C0EXPERIMENTS", thread)) > 1)
        slack.mention("show the second", thread_ts=thread)
        bot.finish()
    assert read(slack.messages()[-1]).startswith("# new: finished, accuracy 0.92")
