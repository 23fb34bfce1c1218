"""The buttons below a comparison: what they change in place, what they answer in the thread."""

import json
from dataclasses import replace

import pytest

from bot.playground.faults import FaultKind
from bot.playground.slack import MAYA
from bot.playground.user_actions import find_action
from comparison.runs import Metric, Status
from handlers.compare.message import ComparisonState, comparison_value, from_value
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop

JONAS = "U0JONAS"
THIRD = a_run("third", 3, metrics={"accuracy": Metric(0.99), "loss": Metric(0.1)})


def compared(slack, words="old vs new", **where):
    """A comparison as it stands in the channel."""
    slack.command("/mlcompare", words, **where)
    return slack.wait_for_message("Swap")


def now(slack, message):
    return slack.workspace.find(message.channel, message.ts)


def pressed(slack, runs, action_id, value=None, words="old vs new"):
    """The message as it reads after one press, the only one there is."""
    with Workshop(slack, runs) as bot:
        message = compared(slack, words)
        slack.press(message, action_id, value=value, user=JONAS)
        bot.finish()
    assert [each.ts for each in slack.messages()] == [message.ts]
    return read(now(slack, message))


def test_swapped_sides_stand_in_the_same_message_that_says_who_did_it(slack, runs):
    said = pressed(slack, runs, "follow:swap")
    assert said.startswith(
        "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)\n| Metric | Change | old | new (baseline) |"
    )
    assert f"Asked by @{MAYA} · Last changed by @{JONAS}" in said


SAME = {f"m{number}": Metric(float(number)) for number in range(6)}
LONG = FakeRuns(
    [replace(run, metrics={**run.metrics, **SAME}) for run in (OLD, NEW)],
    histories={(NEW.run_id, "loss"): [Metric(0.1, 1), Metric(0.25, 2)]},
)


def test_all_metrics_are_shown_and_fewer_again(slack):
    with Workshop(slack, LONG) as bot:
        message = compared(slack)
        assert "| m5 |" not in read(message)
        slack.press(message, "follow:more", value="all")
        shown = slack.wait_until(lambda: now(slack, message) if "| m5 |" in read(now(slack, message)) else None)
        assert "Hide unchanged" in read(shown)
        slack.press(message, "follow:more", value="fewer")
        bot.finish()
    assert "| m5 |" not in read(now(slack, message))


def test_only_differences_leaves_out_all_that_is_the_same(slack):
    runs = FakeRuns([replace(run, metrics={**run.metrics, "same": Metric(1.0)}) for run in (OLD, NEW)])
    said = pressed(slack, runs, "follow:differing")
    assert "| same |" not in said
    assert "Also what is the same" in said


def test_best_values_take_the_place_of_the_last(slack):
    new = replace(NEW, metrics={"accuracy": Metric(0.92), "loss": Metric(0.25, 2)})
    runs = FakeRuns([OLD, new], histories={(new.run_id, "loss"): [Metric(0.1, 1), Metric(0.25, 2)]})
    said = pressed(slack, runs, "follow:more", "best")
    assert "0.1" in said
    assert "Last values" in said


def test_a_refresh_shows_what_the_runs_have_by_now(slack):
    running = replace(NEW, status=Status.RUNNING, ended_at=None)
    runs = FakeRuns([OLD, running])
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        assert "running" in read(message)
        runs.runs = [OLD, replace(NEW, metrics={"accuracy": Metric(0.97), "loss": Metric(0.25)})]
        slack.press(message, "follow:more", value="refresh")
        bot.finish()
    said = read(now(slack, message))
    assert "0.97" in said
    assert "running" not in said
    assert slack.ephemerals == []


def test_a_refresh_with_nothing_new_says_so_to_who_pressed_and_changes_nothing(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        slack.press(message, "follow:more", value="refresh", user=JONAS)
        bot.finish()
    assert slack.count("chat.update") == 0
    (told,) = slack.ephemerals
    assert (told.only_to, told.text) == (JONAS, "Up to date.")


WIDE = FakeRuns(
    [
        replace(run, metrics={**run.metrics, **{f"m{n}": Metric(n + run.started_at % 7) for n in range(30)}})
        for run in (OLD, NEW)
    ]
)


def test_of_many_metrics_all_can_be_had_as_a_file_in_the_thread(slack):
    slack.reinstall(scopes=slack.installation.scopes | {"files:write"})
    with Workshop(slack, WIDE) as bot:
        message = compared(slack)
        assert "Download CSV, behind the three dots" in read(message)
        slack.press(message, "follow:more", value="csv", user=JONAS)
        bot.finish()
    (answer,) = [each for each in slack.messages() if each.thread_ts == message.ts]
    assert answer.text.startswith("All 32 rows of this comparison.")
    assert "comparison.csv" in answer.text
    (file,) = slack.files.known.values()
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("metric,goal,")
    assert len(lines) == 33


def test_where_no_file_may_be_sent_who_pressed_is_told_what_to_type(slack):
    with Workshop(slack, WIDE) as bot:
        slack.press(compared(slack), "follow:more", value="csv", user=JONAS)
        bot.finish()
    (told,) = slack.ephemerals
    assert told.only_to == JONAS
    assert "files:write" in told.text
    assert "mlcompare compare 00000000 00000000 --format csv" in told.text


@pytest.mark.parametrize(
    ("action_id", "choice", "holds"),
    [
        ("follow:why", None, "# old → new: 1 parameter changed\nParameters\n• C: 1.0 → 0.5"),
    ],
)
def test_why_is_answered_in_the_thread_once(slack, runs, action_id, choice, holds):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        slack.press(message, action_id, value=choice)
        slack.press(message, action_id, value=choice, user=JONAS)
        bot.finish()
    first, answer = slack.messages()
    assert first.ts == message.ts
    assert answer.thread_ts == message.ts
    assert holds in read(answer)


def test_why_is_told_in_order_of_how_likely_it_matters(slack):
    parameters = {"seed": "1", "out_dir": "a", "lr": "0.1"}
    others = {"seed": "2", "out_dir": "b", "lr": "0.01"}
    runs = FakeRuns(
        [
            replace(OLD, parameters=parameters, tags={"cuda": "1"}),
            replace(NEW, parameters=others, tags={"cuda": "2"}, commit="f00"),
        ]
    )
    with Workshop(slack, runs) as bot:
        said = bot.ask("what changed between old and new")
    places = [said.index(each) for each in ("• lr:", "• seed:", "• out_dir:", "Commit: ", "Environment", "Metrics\n")]
    assert places == sorted(places)
    assert "# old → new: 3 parameters, the code and the environment changed" in said
    assert "| Metric |" not in said


def test_from_why_the_whole_comparison_is_one_press_away(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", "why is new better than old")
        message = slack.wait_for_message("Whole comparison")
        slack.press(message, "follow:whole")
        bot.finish()
    assert "| Metric | Change | new | old (baseline) |" in read(now(slack, message))


def test_a_message_where_the_bot_is_not_is_changed_by_response_url(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack, channel="C0GENERAL")
        slack.press(message, "follow:swap")
        bot.finish()
    (shown,) = slack.messages("C0GENERAL")
    assert read(shown).startswith("# ❌ old is worse")


def test_an_answer_for_the_asker_alone_can_be_changed_too(slack, runs):
    slack.faults.add(FaultKind.SLACK_ERROR, method="chat.postMessage", error="restricted_action", left=None)
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", "old vs new")
        message = slack.wait_for_ephemeral("Swap")
        slack.press(message, "follow:swap")
        bot.finish()
    assert [read(each).splitlines()[0] for each in slack.ephemerals] == [
        "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)"
    ]


def test_a_message_that_cannot_be_changed_is_answered_anew_once(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        slack.faults.add(FaultKind.SLACK_ERROR, method="chat.update", error="edit_window_closed", left=None)
        slack.faults.add(FaultKind.SERVER_ERROR, method="response_url", status=500, left=None)
        slack.press(message, "follow:swap")
        bot.finish()
    assert [read(each).splitlines()[0] for each in slack.messages()] == [
        "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)",
        "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)",
    ]


def test_a_run_that_was_deleted_for_good_is_said_to_who_pressed(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        bot.services.runs.runs = [OLD]
        slack.press(message, "follow:swap", user=JONAS)
        slack.press(message, "follow:why", user=JONAS)
        bot.finish()
    assert len(slack.messages()) == 1
    assert [each.only_to for each in slack.ephemerals] == [JONAS, JONAS]
    assert all("no longer on this MLflow server" in each.text for each in slack.ephemerals)


def test_a_deleted_run_is_still_compared_and_doubted(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        bot.services.runs.runs = [OLD, replace(NEW, deleted=True)]
        slack.press(message, "follow:more", value="refresh")
        bot.finish()
    assert "deleted" in read(now(slack, message))


def test_when_mlflow_is_down_who_pressed_is_told_and_the_message_stays(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        before = read(message)
        bot.services.runs.down = "MLflow did not answer within 10 s."
        slack.press(message, "follow:swap")
        bot.finish()
    assert read(now(slack, message)) == before
    assert "did not answer" in slack.ephemerals[0].text


def test_buttons_work_after_a_restart_on_another_replica(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack, "old vs new by loss all")
        bot.finish()
    with Workshop(slack, runs) as bot:
        slack.press(message, "follow:swap")
        bot.finish()
    assert read(now(slack, message)).startswith("# ❌ old is worse: loss 0.25 → 0.50 (+100 %)")


@pytest.mark.parametrize(
    "value", ["", "x", "{}", "[]", '{"r":"1"}', '{"r":"a,b","s":"x"}', '{"r":"a,b;c"}', "null", '{"r":1}']
)
def test_a_button_that_holds_nothing_we_know_says_so(slack, runs, value):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        forged = [block if block["type"] != "actions" else {**block, "elements": []} for block in message.blocks]
        action = find_action(list(message.blocks), "follow:swap", None) | {"value": value}
        slack.people.press(replace(message, blocks=tuple(forged)), action, MAYA)
        bot.finish()
    assert "I cannot tell which runs it compared" in slack.ephemerals[0].text


def test_a_run_is_added_by_a_dialog(slack):
    with Workshop(slack, FakeRuns([OLD, NEW, THIRD])) as bot:
        message = compared(slack)
        slack.press(message, "follow:more", value="add", user=JONAS)
        modal = slack.wait_until(lambda: slack.modal)
        assert slack.submit(modal, typed("third"), user=JONAS).was_taken
        bot.finish()
    assert "| Metric | new | third | old (baseline) |" in read(now(slack, message))
    assert len(slack.messages()) == 1


def test_what_cannot_be_a_run_is_said_in_the_dialog(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.press(compared(slack), "follow:more", value="add")
        modal = slack.wait_until(lambda: slack.modal)
        delivery = slack.submit(modal, typed('"'))
        assert delivery.answer["response_action"] == "errors"
        assert "never closed" in delivery.answer["errors"]["run"] or "names no run" in delivery.answer["errors"]["run"]
        bot.finish()


def test_a_run_to_add_that_is_not_there_is_told_with_near_names_that_can_be_pressed(slack):
    with Workshop(slack, FakeRuns([OLD, NEW, THIRD])) as bot:
        message = compared(slack)
        slack.press(message, "follow:more", value="add", user=JONAS)
        slack.submit(slack.wait_until(lambda: slack.modal), typed("thrid"), user=JONAS)
        told = slack.wait_for_ephemeral("There is no run called thrid")
        assert told.only_to == JONAS
        slack.press(told, "pick:0", user=JONAS)
        bot.finish()
    (answer,) = slack.messages(thread_ts=message.ts)
    assert "| Metric | new | third | old (baseline) |" in read(answer)


def test_a_dialog_that_slack_does_not_open_is_told(slack, runs):
    with Workshop(slack, runs) as bot:
        message = compared(slack)
        slack.faults.add(FaultKind.SLACK_ERROR, method="views.open", error="expired_trigger_id", left=None)
        slack.press(message, "follow:more", value="add")
        bot.finish()
    assert "could not be opened" in slack.ephemerals[0].text


def test_what_a_button_holds_is_read_back_as_it_was():
    from comparison.language.compare_command import compared

    for request in (
        compared(("a" * 32, "b" * 32)),
        replace(compared(("a" * 32, "b" * 32, "c" * 32)), metrics=("f1", 'Größe "x"'), everything=True, at_step=-3),
        replace(compared(("a" * 32, "b" * 32)), best=True, differing=True, why=True),
    ):
        kept = ComparisonState(request, MAYA, "0123456789")
        assert from_value(comparison_value(kept)) == kept


def test_a_comparison_too_large_for_a_button_has_none():
    from comparison.language.compare_command import compared

    request = replace(compared(("a" * 32, "b" * 32)), metrics=tuple("m" * 200 + str(number) for number in range(20)))
    assert comparison_value(ComparisonState(request)) == ""


def test_metadata_holds_ids_and_options_within_a_thousand_characters(slack):
    many = [a_run(f"r{number}", number) for number in range(1, 21)]
    with Workshop(slack, FakeRuns(many)) as bot:
        slack.command("/mlcompare", " ".join(run.name for run in many) + " all by loss")
        bot.finish()
    (message,) = slack.messages()
    told = message.metadata["event_payload"]
    assert told["everything"] is True
    assert told["runs"][0] == many[0].run_id
    assert len(json.dumps(told)) <= 1_100
    assert "loss" not in json.dumps(told)


def typed(text):
    return {"run": {"typed": {"type": "plain_text_input", "value": text}}}
