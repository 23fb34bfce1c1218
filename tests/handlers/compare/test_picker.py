"""A name that fits several runs, and a name that fits none: one press completes what was asked."""

import pytest

from bot.playground.slack import EXPERIMENTS, MAYA
from comparison.runs import Experiment, Metric, Status
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop

FRAUD = Experiment("2", "fraud", primary_metric="accuracy")
TWICE = [a_run("train", 10, user="jonas"), a_run("train", 11, experiment=FRAUD, status=Status.RUNNING, ended_at=None)]
JONAS = "U0JONAS"


def store(*more):
    return FakeRuns([OLD, NEW, *TWICE, *more])


def picker(slack):
    return slack.wait_for_ephemeral("Select")


def test_a_name_of_several_runs_opens_a_picker_that_only_the_asker_sees(slack):
    with Workshop(slack, store()) as bot:
        said = bot.ask("old vs train")
    assert said == (
        f"#ml-experiments, only to {MAYA}:\n"
        "# 2 runs are called train in 2 experiments.\n"
        "• Pick one: \n"
        "train (00000000) in fraud · started 49 min ago · by maya · running · accuracy 0.85 [Select]\n"
        "train (00000000) in iris · started 50 min ago · by jonas · finished · loss 0.5 [Select]"
    )


def test_one_press_completes_the_comparison_where_it_was_asked_and_the_picker_goes_away(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train by accuracy")
        slack.press(picker(slack), "pick:1")
        bot.finish()
    (answer,) = slack.messages()
    assert "| Metric | Change | train | old (baseline) |" in read(answer)
    assert "in iris" in read(answer)
    assert answer.thread_ts == ""
    assert slack.ephemerals == []


def test_of_a_mention_the_completed_comparison_is_in_its_thread(slack):
    with Workshop(slack, store()) as bot:
        slack.mention("old vs train")
        slack.press(picker(slack), "pick:0")
        bot.finish()
    (answer,) = slack.messages()
    (asked,) = [message for message in slack.workspace.everything() if message.user == MAYA]
    assert answer.thread_ts == asked.ts


def test_in_an_experiment_there_is_no_doubt(slack):
    with Workshop(slack, store()) as bot:
        assert "in fraud" in bot.ask("old vs fraud/train")
    assert len(slack.messages()) == 1


def test_two_doubtful_names_are_asked_one_after_the_other(slack):
    more = [a_run("again", 20), a_run("again", 21)]
    with Workshop(slack, store(*more)) as bot:
        slack.command("/mlcompare", "train vs again")
        first = picker(slack)
        slack.press(first, "pick:0")
        second = slack.wait_for_ephemeral("called again")
        slack.press(second, "pick:0")
        bot.finish()
    assert len(slack.messages()) == 1
    assert slack.ephemerals == []


def test_a_picker_shows_ten_and_says_how_many_there_are_besides(slack):
    many = [a_run("many", number) for number in range(10, 40)]
    with Workshop(slack, FakeRuns([OLD, *many])) as bot:
        said = bot.ask("old vs many")
    assert said.count("[Select]") == 10
    assert "20 more: narrow with in <experiment>" in said
    assert said.index("started 21 min ago") < said.index("started 22 min ago")


def test_the_start_of_an_id_that_fits_several_opens_a_picker(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", f"{OLD.run_id} vs 000000")
        said = read(picker(slack))
        slack.press(picker(slack), "pick:3")
        bot.finish()
    assert "4 run ids start with 000000." in said
    assert len(slack.messages()) == 1


def test_a_picker_pressed_twice_is_answered_once(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train")
        shown = picker(slack)
        slack.press(shown, "pick:0")
        slack.people.press(shown, action(shown, "pick:0"), MAYA)
        bot.finish()
    assert len(slack.messages()) == 1
    assert slack.ephemerals == []


def test_another_choice_after_the_first_is_not_taken_and_says_so(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train")
        shown = picker(slack)
        slack.press(shown, "pick:0")
        slack.people.press(shown, action(shown, "pick:1"), MAYA)
        bot.finish()
    assert len(slack.messages()) == 1
    (told,) = slack.ephemerals
    assert "You have chosen already" in told.text


def test_nobody_else_can_answer_a_picker(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train")
        shown = picker(slack)
        slack.people.press(shown, action(shown, "pick:0"), JONAS)
        bot.finish()
    assert slack.messages() == []
    told = [message for message in slack.ephemerals if message.only_to == JONAS]
    assert "Only who asked can choose there" in told[0].text
    assert "/mlcompare old vs " in told[0].text


def test_a_run_that_was_deleted_since_is_compared_with_a_doubt_or_said_to_be_gone(slack):
    runs = store()
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", "old vs train")
        shown = picker(slack)
        runs.runs = [OLD, NEW]
        slack.press(shown, "pick:0")
        bot.finish()
    assert slack.messages() == []
    assert "There is no run with the id 00000000…" in slack.ephemerals[-1].text
    assert "deleted for good" in slack.ephemerals[-1].text


def test_a_request_too_long_for_a_button_is_to_be_typed(slack):
    with Workshop(slack, store()) as bot:
        said = bot.ask(f"old vs train by {', '.join(f'a_metric_{number}' * 4 for number in range(80))}")
    assert "[Select]" not in said
    assert "too long for a button" in said
    assert said.count("train (00000000)") == 2


@pytest.mark.parametrize(
    ("typo", "name"),
    [
        ("old vs nwe", "new"),
        ("odl vs new all", "old"),
        ("old vs logistic", "Logistic Run 1"),
        ("old vs lates", "latest"),
    ],
)
def test_a_typo_offers_the_near_names_as_buttons_that_complete_the_request(slack, typo, name):
    runs = FakeRuns([OLD, NEW, a_run("Logistic Run 1", 5), a_run("latest", 6)])
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", typo)
        shown = slack.wait_for_ephemeral("Did you mean")
        number = [b["text"]["text"] for b in shown.blocks[-1]["elements"]].index(name)
        slack.press(shown, f"pick:{number}")
        bot.finish()
    (answer,) = slack.messages()
    assert name in read(answer)


def test_a_typo_in_a_metric_or_an_experiment_is_mended_by_a_button_too(slack):
    for words in ("old vs new by acuracy", "old vs new in irsi"):
        with Workshop(slack, FakeRuns([OLD, NEW])) as bot:
            slack.command("/mlcompare", words)
            slack.press(slack.wait_for_ephemeral("Did you mean"), "pick:0")
            bot.finish()
    assert len(slack.messages()) == 2


def test_in_direct_messages_a_picker_works_as_well(slack):
    with Workshop(slack, store()) as bot:
        slack.direct_message("old vs train")
        shown = slack.wait_for_message("Select")
        slack.press(shown, "pick:0")
        bot.finish()
    (answer,) = slack.messages()
    assert "| Metric | Change | train | old (baseline) |" in read(answer)


def test_where_the_bot_is_not_the_picker_and_the_answer_go_by_response_url(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train", channel="C0GENERAL")
        slack.press(picker(slack), "pick:0")
        bot.finish()
    (answer,) = slack.messages("C0GENERAL")
    assert "| Metric | Change | train | old (baseline) |" in read(answer)
    assert slack.ephemerals == []


def test_what_a_hostile_name_offers_does_no_harm(slack):
    hostile = [
        a_run("<!channel> *x*", 5),
        a_run("<!channel> *x*", 6, user="<@U0JONAS>", metrics={"<!here>": Metric(1.0)}),
    ]
    with Workshop(slack, FakeRuns([OLD, *hostile])) as bot:
        said = bot.ask('old vs "<!channel> *x*"')
    assert said.count("[Select]") == 2
    (shown,) = slack.ephemerals
    assert "<!" not in shown.text
    assert "<@" not in shown.text


def test_a_choice_with_a_hostile_name_beside_it_is_compared(slack):
    hostile = [a_run("<!channel> *x*", 5), a_run("<!channel> *x*", 6)]
    with Workshop(slack, FakeRuns([OLD, *hostile])) as bot:
        slack.command("/mlcompare", 'old vs "<!channel> *x*" all')
        slack.press(picker(slack), "pick:0")
        bot.finish()
    assert len(slack.messages()) == 1


def test_a_button_of_an_older_picker_says_so(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train")
        shown = picker(slack)
        slack.people.press(shown, action(shown, "pick:0") | {"block_id": "pick:0"}, MAYA)
        bot.finish()
    assert any("no longer does anything" in message.text for message in slack.ephemerals)


def test_when_the_database_is_gone_a_choice_is_still_answered(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "old vs train", channel=EXPERIMENTS)
        shown = picker(slack)
        bot.ledger.is_broken = True
        slack.press(shown, "pick:0")
        bot.finish()
    assert len(slack.messages()) == 1


def action(message, action_id):
    from bot.playground.user_actions import find_action

    return find_action(list(message.blocks), action_id, None)
