"""“Compare runs …”: opened at once from everywhere, its lists are never an error, and what it asks for is posted."""

import threading
import time
from dataclasses import replace

import pytest

from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA, STANDUP
from comparison.runs import Experiment, Metric
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Gate, Workshop

FRAUD = Experiment("2", "fraud")
THIRD = a_run("third", 10, experiment=FRAUD, user="jonas", tags={"team": "risk"}, metrics={"auc": Metric(0.9)})
ALL = [OLD, NEW, THIRD]


def store(*more):
    return FakeRuns([*ALL, *more])


def opened(slack):
    assert slack.people.shortcut("compare_runs", MAYA).was_taken
    return slack.wait_until(lambda: slack.modal)


def chosen(*runs, place=EXPERIMENTS, metrics=(), experiment=""):
    def options(values):
        return [{"text": {"type": "plain_text", "text": value}, "value": value} for value in values]

    values = {
        "runs": {"dialog:runs": {"type": "multi_external_select", "selected_options": options(runs)}},
        "metrics": {"dialog:metrics": {"type": "multi_external_select", "selected_options": options(metrics)}},
        "place": {"dialog:place": {"type": "conversations_select", "selected_conversation": place or None}},
        "experiment": {"dialog:experiment": {"type": "external_select", "selected_option": None}},
    }
    if experiment:
        values["experiment"]["dialog:experiment"]["selected_option"] = options([experiment])[0]
    return values


def offered(delivery):
    assert delivery.was_taken, delivery.error
    return [option["text"]["text"] for option in delivery.answer["options"]]


def block(view, block_id):
    return next(each for each in view.content["blocks"] if each["block_id"] == block_id)


def test_the_global_shortcut_opens_it_at_once_without_asking_mlflow(slack):
    gate = Gate(store())
    with Workshop(slack, gate) as bot:
        begun = time.monotonic()
        view = opened(slack)
        assert time.monotonic() - begun < 30  # the gate holds for 90
        gate.open()
        bot.finish()
    assert [each["label"]["text"] for each in view.content["blocks"]] == ["Experiment", "Runs", "Metrics", "Post in"]
    assert block(view, "place")["element"]["default_to_current_conversation"] is True


def test_help_that_nobody_asked_for_has_a_button_that_opens_it_for_this_channel(slack):
    with Workshop(slack, store()) as bot:
        slack.command("/mlcompare", "", channel=STANDUP)
        slack.press(slack.wait_for_ephemeral("Compare runs …"), "dialog:open")
        view = slack.wait_until(lambda: slack.modal)
        bot.finish()
    assert block(view, "place")["element"]["initial_conversation"] == STANDUP


def test_two_runs_are_compared_in_the_chosen_channel_with_the_first_as_baseline(slack):
    with Workshop(slack, store()) as bot:
        assert slack.submit(opened(slack), chosen(NEW.run_id, OLD.run_id, place=STANDUP)).answer == {}
        message = slack.wait_for_message(channel=STANDUP)
        bot.finish()
    assert "| Metric | Change | old | new (baseline) |" in read(message)
    assert f"Asked by @{MAYA}" in read(message)
    assert slack.modal is None


def test_metrics_that_are_chosen_come_first(slack):
    with Workshop(slack, store()) as bot:
        slack.submit(opened(slack), chosen(OLD.run_id, NEW.run_id, metrics=["loss"]))
        said = read(slack.wait_for_message())
        bot.finish()
    assert said.index("| loss |") < said.index("| accuracy |")


def test_three_runs_are_compared_with_the_first(slack):
    with Workshop(slack, store()) as bot:
        slack.submit(opened(slack), chosen(OLD.run_id, THIRD.run_id, NEW.run_id))
        assert "| Metric | third | new | old (baseline) |" in read(slack.wait_for_message())
        bot.finish()


@pytest.mark.parametrize("runs", [(), (OLD.run_id,), (OLD.run_id, OLD.run_id), (OLD.run_id, "-"), ("-", "-")])
def test_fewer_than_two_runs_are_an_error_in_the_dialog(slack, runs):
    with Workshop(slack, store()) as bot:
        delivery = slack.submit(opened(slack), chosen(*runs))
        bot.finish()
    assert delivery.answer == {
        "response_action": "errors",
        "errors": {"runs": "Choose two runs or more; the first is the baseline."},
    }
    assert slack.messages() == []
    assert slack.modal is not None


def test_nowhere_to_post_is_an_error_in_the_dialog(slack):
    with Workshop(slack, store()) as bot:
        delivery = slack.submit(opened(slack), chosen(OLD.run_id, NEW.run_id, place=""))
        bot.finish()
    assert delivery.answer["errors"] == {"place": "Choose where to post."}


def test_sent_off_twice_it_is_answered_once(slack):
    with Workshop(slack, store()) as bot:
        view = opened(slack)
        slack.submit(view, chosen(OLD.run_id, NEW.run_id))
        slack.submit(view, chosen(OLD.run_id, NEW.run_id))
        bot.finish()
    assert len(slack.messages()) == 1


def test_where_the_bot_is_not_the_person_gets_the_comparison_and_how_to_invite(slack):
    with Workshop(slack, store()) as bot:
        slack.submit(opened(slack), chosen(OLD.run_id, NEW.run_id, place=GENERAL))
        message = slack.wait_for_message("Invite me to that channel")
        bot.finish()
    assert message.channel == "D0MAYA"
    assert "| Metric | Change | new | old (baseline) |" in read(message)
    assert slack.messages(GENERAL) == []


def test_a_run_that_was_deleted_meanwhile_is_told_to_who_asked(slack):
    with Workshop(slack, FakeRuns([OLD])) as bot:
        slack.submit(opened(slack), chosen(OLD.run_id, NEW.run_id))
        told = slack.wait_for_ephemeral("no longer on this MLflow server")
        bot.finish()
    assert told.only_to == MAYA
    assert slack.messages() == []


def test_a_metric_that_nobody_logged_is_told_to_who_asked(slack):
    with Workshop(slack, store()) as bot:
        slack.submit(opened(slack), chosen(OLD.run_id, NEW.run_id, metrics=["auc"]))
        slack.wait_for_ephemeral("None of these runs logged a metric called auc.")
        bot.finish()


def test_when_the_trigger_is_too_old_the_person_is_told(slack):
    slack.faults.add(slack_error(), method="views.open", error="expired_trigger_id")
    with Workshop(slack, store()) as bot:
        slack.people.shortcut("compare_runs", MAYA)
        message = slack.wait_for_message("The dialog could not be opened")
        bot.finish()
    assert message.channel == "D0MAYA"


def slack_error():
    from bot.playground.faults import FaultKind

    return FaultKind.SLACK_ERROR


# The lists


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["third (00000000)", "new (00000000)", "old (00000000)"]),
        ("ol", ["old (00000000)"]),
        ("OLD", ["old (00000000)"]),
        (NEW.run_id, ["new (00000000)"]),
        (NEW.run_id[-6:], ["new (00000000)"]),
        ("jonas", ["third (00000000)"]),
        ("risk", ["third (00000000)"]),
        ("fraud third", ["third (00000000)"]),
        ("third iris", []),
        ("nobody", []),
        ('it\'s 100% \\ "odd"', []),
        ("x" * 3_000, []),
    ],
)
def test_runs_are_found_by_id_name_user_experiment_and_tag_newest_first(slack, typed, found):
    with Workshop(slack, store()) as bot:
        assert offered(slack.suggest(opened(slack), "dialog:runs", typed)) == found
        bot.finish()


def test_a_run_is_offered_with_what_tells_it_from_others(slack):
    with Workshop(slack, store()) as bot:
        (option,) = slack.suggest(opened(slack), "dialog:runs", "third").answer["options"]
        bot.finish()
    assert option["value"] == THIRD.run_id
    assert option["description"]["text"] == "fraud · started 50 min ago · by jonas · finished · auc 0.9"


def test_the_chosen_experiment_narrows_the_runs(slack):
    with Workshop(slack, store()) as bot:
        view = opened(slack)
        slack.press_in_view(view, "dialog:experiment", value="2")
        slack.wait_until(lambda: slack.modal.content["private_metadata"] != view.content["private_metadata"])
        assert offered(slack.suggest(slack.modal, "dialog:runs")) == ["third (00000000)"]
        assert offered(slack.suggest(slack.modal, "dialog:runs", "old")) == []
        bot.finish()


def test_the_experiment_in_the_dialogs_state_narrows_the_runs_too(slack):
    with Workshop(slack, store()) as bot:
        view = replace(opened(slack), values=chosen(experiment="1"))
        assert offered(slack.suggest(view, "dialog:runs")) == ["new (00000000)", "old (00000000)"]
        bot.finish()


def test_experiments_are_offered_by_what_is_typed(slack):
    with Workshop(slack, store()) as bot:
        view = opened(slack)
        assert offered(slack.suggest(view, "dialog:experiment")) == ["fraud", "iris"]
        assert offered(slack.suggest(view, "dialog:experiment", "FR")) == ["fraud"]
        bot.finish()


def test_metrics_are_those_of_the_chosen_runs(slack):
    with Workshop(slack, store()) as bot:
        view = replace(opened(slack), values=chosen(OLD.run_id, NEW.run_id))
        assert offered(slack.suggest(view, "dialog:metrics")) == ["accuracy", "loss"]
        assert offered(slack.suggest(view, "dialog:metrics", "LOS")) == ["loss"]
        assert offered(slack.suggest(opened(slack), "dialog:metrics", "auc")) == ["auc"]
        bot.finish()


def test_a_list_has_at_most_a_hundred_options(slack):
    many = [a_run(f"run-{number}", number) for number in range(10, 400)]
    with Workshop(slack, FakeRuns(many)) as bot:
        view = opened(slack)
        assert len(offered(slack.suggest(view, "dialog:runs"))) == 100
        assert offered(slack.suggest(view, "dialog:runs", "run-12")) != []
        bot.finish()


@pytest.mark.parametrize("name", ["", " ", "x" * 250, "<!channel> *bold*", "🎉" * 60, "two\nlines", "ראשון"])
def test_any_name_makes_an_option(slack, name):
    hostile = a_run(name, 20, metrics={name or "m": Metric(1.0)}, user=name, tags={name: name})
    with Workshop(slack, FakeRuns([hostile])) as bot:
        view = opened(slack)
        (option,) = slack.suggest(view, "dialog:runs").answer["options"]
        assert option["value"] == hostile.run_id
        assert hostile.run_id[:8] in option["text"]["text"]
        assert slack.suggest(view, "dialog:metrics").was_taken
        bot.finish()


@pytest.mark.parametrize("action", ["dialog:experiment", "dialog:runs", "dialog:metrics"])
def test_while_mlflow_is_down_a_list_has_only_a_note(slack, action):
    with Workshop(slack, FakeRuns(down="MLflow does not answer.")) as bot:
        delivery = slack.suggest(opened(slack), action, "old")
        bot.finish()
    assert offered(delivery) == ["MLflow cannot be asked right now: try again in a minute"]
    assert delivery.answer["options"][0]["value"] == "-"


@pytest.mark.parametrize("action", ["dialog:experiment", "dialog:runs", "dialog:metrics"])
def test_while_mlflow_takes_its_time_a_list_is_answered_within_slacks_three_seconds(slack, action):
    gate = Gate(store())
    with Workshop(slack, gate) as bot:
        delivery = slack.suggest(opened(slack), action, "old")
        gate.open()
        bot.finish()
    assert offered(delivery) == ["MLflow is slow: type again in a moment"]
    assert delivery.seconds < 2.9


def test_what_came_too_late_is_there_for_the_next_letter(slack):
    gate = Gate(store())
    with Workshop(slack, gate) as bot:
        view = opened(slack)
        slack.suggest(view, "dialog:runs", "")
        gate.open()
        assert offered(slack.suggest(view, "dialog:runs", "ol")) == ["old (00000000)"]
        bot.finish()


def test_letters_that_are_typed_quickly_ask_mlflow_for_the_newest_once(slack):
    runs = store()
    with Workshop(slack, runs) as bot:
        view = opened(slack)
        for typed in ("o", "ol", "old", "ol", "o"):
            slack.suggest(view, "dialog:runs", typed)
        bot.finish()
    # The newest once, and for three different texts: by name and by user.
    assert len(runs.asked) == 1 + 2 * 3


def test_when_mlflow_goes_down_what_was_known_is_still_offered(slack):
    runs = store()
    with Workshop(slack, runs) as bot:
        view = opened(slack)
        slack.suggest(view, "dialog:runs", "")
        runs.down = "MLflow does not answer."
        assert offered(slack.suggest(view, "dialog:runs", "old")) == ["old (00000000)"]
        bot.finish()


def test_a_fault_of_ours_is_no_error_of_the_list(slack):
    class Odd(FakeRuns):
        def part(self, *_given, **_named):
            raise ZeroDivisionError

    with Workshop(slack, Odd([])) as bot:
        assert offered(slack.suggest(opened(slack), "dialog:runs")) == [
            "Something went wrong here: type again in a moment"
        ]
        bot.finish()


def test_many_people_typing_while_mlflow_hangs_are_all_answered(slack):
    gate = Gate(store())
    with Workshop(slack, gate) as bot:
        view = opened(slack)
        answers = []
        threads = [
            threading.Thread(target=lambda n=n: answers.append(slack.suggest(view, "dialog:runs", f"x{n}")))
            for n in range(4)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join(10)
        gate.open()
        bot.finish()
    assert [each.was_taken for each in answers] == [True] * 4
