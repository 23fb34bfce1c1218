"""“Compare linked runs”: the runs that a message links or names are compared in its thread."""

import pytest

from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA
from comparison.runs import Experiment
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Gate, Workshop

JONAS = "U0JONAS"
THIRD = a_run("my third: run", 10, experiment=Experiment("2", "fraud"))


def store(*more):
    return FakeRuns([OLD, NEW, THIRD, *more])


def page(run):
    return f"http://mlflow.example/#/experiments/{run.experiment.experiment_id}/runs/{run.run_id}"


def both():
    return f"http://mlflow.example/#/compare-runs?runs=[%22{OLD.run_id}%22,%22{NEW.run_id}%22]&experiments=[%221%22]"


def asked(slack, message, user=MAYA):
    delivery = slack.people.shortcut("compare_message", user, message)
    assert delivery.was_taken, delivery.error


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (f"look: {page(OLD)} and {page(NEW)}", "| Metric | Change | new | old (baseline) |"),
        (f"<{page(NEW)}|this one> beats <{page(OLD)}>", "| Metric | Change | old | new (baseline) |"),
        (f"{page(OLD)}, {page(NEW)}.", "| Metric | Change | new | old (baseline) |"),
        (f"see {both()}", "| Metric | Change | new | old (baseline) |"),
        ("is `new` better than `old`?", "| Metric | Change | old | new (baseline) |"),
        ('"old" against “new”', "| Metric | Change | new | old (baseline) |"),
        ("'old' and 'new', isn't it", "| Metric | Change | new | old (baseline) |"),
        ('I ran `pip install x`, then `old` and `new` on "the cluster"', "| Metric | Change | new | old (baseline) |"),
        (f"`{OLD.run_id}` or `new`", "| Metric | Change | new | old (baseline) |"),
        (f"{page(OLD)} (again {page(OLD)}) and `new`, `new`", "| Metric | Change | new | old (baseline) |"),
        (f"{page(OLD)} `my third: run`", "| Metric | Change | my third: run | old (baseline) |"),
        (f"`old` {page(NEW)} `my third: run`", "| Metric | new | my third: run | old (baseline) |"),
    ],
)
def test_links_and_quoted_names_of_runs_are_compared_in_the_order_they_come(slack, text, row):
    with Workshop(slack, store()) as bot:
        message = slack.say(text, user=JONAS)
        asked(slack, message)
        answer = slack.wait_for_message("Metric")
        bot.finish()
    assert row in read(answer)
    assert answer.thread_ts == message.ts
    assert f"Asked by @{MAYA}" in read(answer)


def test_in_a_thread_the_answer_is_in_that_thread(slack):
    with Workshop(slack, store()) as bot:
        root = slack.say("which one?", user=JONAS)
        reply = slack.say("`old` or `new`", user=JONAS, thread_ts=root.ts)
        asked(slack, reply)
        assert slack.wait_for_message("Metric").thread_ts == root.ts
        bot.finish()


def test_where_the_bot_is_not_the_answer_is_given_all_the_same(slack):
    with Workshop(slack, store()) as bot:
        message = slack.say("`old` or `new`", user=JONAS, channel=GENERAL)
        asked(slack, message)
        answer = slack.wait_for_message("Metric", channel=GENERAL)
        bot.finish()
    assert answer.thread_ts == message.ts


def test_links_in_blocks_and_attachments_of_another_app_count(slack):
    with Workshop(slack, store()) as bot:
        message = slack.say("a report", user=JONAS)
        leaves = [
            {"type": "text", "text": "best: "},
            {"type": "link", "url": page(OLD), "text": "run"},
            {"type": "text", "text": "new", "style": {"code": True}},
        ]
        section = {"type": "rich_text_section", "elements": leaves}
        blocks = ({"type": "rich_text", "block_id": "b", "elements": [section]},)
        attachments = ({"fallback": "x", "title": "third", "title_link": page(THIRD)},)
        asked(slack, slack.workspace.edit(message, blocks=blocks, attachments=attachments))
        answer = slack.wait_for_message("Metric")
        bot.finish()
    assert "| Metric | new | my third: run | old (baseline) |" in read(answer)


def test_an_answer_of_the_bot_itself_is_compared_again_by_its_links(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs new")
        first = slack.wait_for_message("Metric")
        asked(slack, first)
        again = slack.wait_until(lambda: slack.messages(thread_ts=first.ts))
        bot.finish()
    assert "old" in read(again[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("good morning", "I find no run in that message"),
        ("", "I find no run in that message"),
        ('`nothing` of "that" kind', "I find no run in that message"),
        ("https://example.com/ and http://mlflow.example/#/experiments/1", "I find no run in that message"),
        ("how is `old`?", "I find only one run in that message: old"),
        (f"{page(NEW)} is done", "I find only one run in that message: new"),
        (f"{page(NEW)} {page(NEW)}", "I find only one run in that message: new"),
    ],
)
def test_fewer_than_two_runs_are_told_to_the_asker_alone(slack, text, told):
    with Workshop(slack, store()) as bot:
        asked(slack, slack.say(text, user=JONAS))
        said = slack.wait_for_ephemeral("in that message")
        bot.finish()
    assert said.only_to == MAYA
    assert read(said).startswith(f"# {told}\n")
    assert slack.messages() == []


def test_with_one_run_the_dialog_opens_with_it_and_posts_into_the_thread(slack):
    with Workshop(slack, store()) as bot:
        message = slack.say(f"{page(NEW)} is done", user=JONAS)
        asked(slack, message)
        slack.press(slack.wait_for_ephemeral("only one run"), "dialog:open")
        view = slack.wait_until(lambda: slack.modal)
        runs = next(each for each in view.content["blocks"] if each["block_id"] == "runs")["element"]
        first = runs["initial_options"][0]
        values = {
            "runs": {"dialog:runs": {"selected_options": [first, {**first, "value": OLD.run_id}]}},
            "place": {"dialog:place": {"selected_conversation": EXPERIMENTS}},
        }
        slack.submit(view, values)
        answer = slack.wait_for_message("Metric")
        bot.finish()
    assert (first["text"]["text"], first["value"]) == (f"new ({NEW.run_id[:8]})", NEW.run_id)
    assert answer.thread_ts == message.ts
    assert "| Metric | Change | old | new (baseline) |" in read(answer)


def test_a_linked_run_that_is_gone_is_told_to_the_asker(slack):
    with Workshop(slack, FakeRuns([OLD])) as bot:
        asked(slack, slack.say(f"{page(OLD)} {page(NEW)}", user=JONAS))
        told = slack.wait_for_ephemeral("There is no run with the id")
        bot.finish()
    assert told.only_to == MAYA
    assert slack.messages() == []


def test_a_name_of_several_runs_opens_a_picker_that_completes_in_the_thread(slack):
    twice = [a_run("train", 20), a_run("train", 21)]
    with Workshop(slack, store(*twice)) as bot:
        message = slack.say("`old` or `train`?", user=JONAS)
        asked(slack, message)
        slack.press(slack.wait_for_ephemeral("2 runs are called train"), "pick:0")
        answer = slack.wait_for_message("Metric")
        bot.finish()
    assert answer.thread_ts == message.ts
    assert "| Metric | Change | train | old (baseline) |" in read(answer)


def test_more_runs_than_can_be_compared_are_counted(slack):
    many = [a_run(f"m{number}", number) for number in range(100, 160)]
    with Workshop(slack, FakeRuns(many)) as bot:
        asked(slack, slack.say(" ".join(map(page, many)), user=JONAS))
        slack.wait_for_ephemeral("That message speaks of 60 runs; I compare up to 50 at once.")
        bot.finish()


def test_while_mlflow_is_down_the_asker_is_told(slack):
    with Workshop(slack, FakeRuns(down="MLflow does not answer.")) as bot:
        asked(slack, slack.say("`old` or `new`", user=JONAS))
        assert slack.wait_for_ephemeral("MLflow does not answer.").only_to == MAYA
        bot.finish()


def test_while_mlflow_takes_its_time_something_is_seen_in_the_thread(slack):
    gate = Gate(store())
    with Workshop(slack, gate, working_after=0.05) as bot:
        message = slack.say(f"{page(OLD)} {page(NEW)}", user=JONAS)
        asked(slack, message)
        slack.wait_for_message("Comparing", thread_ts=message.ts)
        gate.open()
        slack.wait_for_message("Metric")
        bot.finish()
    assert len(slack.messages()) == 1


def test_a_comparison_from_a_message_is_remembered_by_its_thread(slack):
    with Workshop(slack, store()) as bot:
        message = slack.say("`old` or `new`", user=JONAS)
        asked(slack, message)
        slack.wait_for_message("Metric")
        bot.finish()
        record = bot.services.comparisons.in_thread(EXPERIMENTS, message.ts)
    assert record.runs == (OLD.run_id, NEW.run_id)
    assert record.asked_by == MAYA
