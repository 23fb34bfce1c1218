"""The dialog to change a watch: filled with what is there, read as `watch` is, wrong fields told beside them."""

import pytest

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, MAYA, STANDUP
from comparison.language.parser import watching_of
from comparison.language.watch_command import watch_words
from tests.handlers.iris import MINUTE, NOON, a_run
from tests.handlers.reading import read
from tests.handlers.watched import JONAS, PRIYA, changes_in, have, heard, kept_in, words_in
from tests.handlers.workshop import Gate

WHOLE = (
    "team/* except team/churn against best by maya only failures when loss < 0.5 and accuracy drops by 2 % "
    "metrics accuracy, loss quiet 20:00-08:00 Europe/Berlin mention owner broadcast new best where params.C = '1.0'"
)


def the_list(town, **where):
    heard(town, "watches", **where)
    return town.ephemerals[-1]


def opened(town, message=None, number=0, user=MAYA):
    """The dialog, with all of its fields."""
    assert town.press(message or the_list(town), f"watch:edit:{number}", user=user).was_taken
    view = town.wait_until(lambda: town.modal)
    if "edit:more" in str(view.content["blocks"]):
        town.press_in_view(view, "edit:more", user=user)
        town.wait_until(lambda: "edit:more" not in str(town.modal.content["blocks"]))
    return town.modal


def filled(view):
    """What stands in each field."""
    found = {}
    for block in view.content["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        chosen = element.get("initial_option") or {}
        found[block["block_id"]] = (
            element.get("initial_value")
            or chosen.get("value")
            or [o["value"] for o in element.get("initial_options", ())]
        )
    return found


def as_sent(view, **changes):
    """The values of all fields, some changed, as Slack sends them."""
    values = {}
    for name, text in (filled(view) | changes).items():
        if name == "only":
            field = {
                "type": "static_select",
                "selected_option": {"text": {"type": "plain_text", "text": text}, "value": text},
            }
        elif name in ("against", "user"):
            option = {"text": {"type": "plain_text", "text": text}, "value": text} if text else None
            field = {"type": "external_select", "selected_option": option}
        elif name == "extras":
            options = [{"text": {"type": "plain_text", "text": each}, "value": each} for each in text]
            field = {"type": "checkboxes", "selected_options": options}
        else:
            field = {"type": "plain_text_input", "value": text or None}
        values[name] = {name: field}
    return values


def sent(town, user=MAYA, view=None, **changes):
    view = view or town.modal
    return town.submit(view, as_sent(view, **changes), user=user).answer


def test_it_opens_filled_with_all_that_the_watch_says(town, bot):
    have(bot, watch_words(watching_of(WHOLE)))
    told = filled(opened(town))
    assert told == {
        "place": "team/*",
        "except": "team/churn",
        "against": "best",
        "only": "failures",
        "where": "params.C = '1.0'",
        "user": "maya",
        "rules": "loss < 0.5 and accuracy drops by 2 %",
        "metrics": "accuracy, loss",
        "quiet": "20:00-08:00 Europe/Berlin",
        "extras": ["mention", "broadcast"],
    }


def test_what_is_seldom_changed_is_behind_a_button_unless_the_watch_says_it(town, bot):
    have(bot, "iris when loss < 0.5")
    town.press(the_list(town), "watch:edit:0")
    view = town.wait_until(lambda: town.modal)
    labels = [block["label"]["text"] for block in view.content["blocks"] if block["type"] == "input"]
    assert labels == ["Experiment, or a pattern", "Compare with", "Run by", "Only if", "And if metrics are"]
    town.press_in_view(view, "edit:more")
    town.wait_until(lambda: "Quiet hours" in str(town.modal.content["blocks"]))
    assert sent(town, quiet="8pm-8am") == {}
    town.wait_until(lambda: words_in(bot) == ["iris when loss < 0.5 quiet 20:00-08:00 UTC"])


def test_sent_off_as_it_was_it_changes_nothing(town, bot):
    words = watch_words(watching_of(WHOLE))
    have(bot, words)
    opened(town)
    assert sent(town) == {}
    town.wait_until(lambda: "As it was" in read(town.ephemerals[-1]))
    assert words_in(bot) == [words]
    assert changes_in(bot) == []


def test_seeds_and_clear_differences_stay_when_something_else_is_changed(town, bot):
    have(bot, "iris when 5 seeds are in when loss < 0.5 only clear")
    opened(town)
    assert sent(town, only="better") == {}
    town.wait_until(lambda: "Changed: iris" in read(town.ephemerals[-1]))
    (words,) = words_in(bot)
    assert watching_of(words) == watching_of("iris only better only clear when 5 seeds are in when loss < 0.5")


def test_what_is_changed_is_kept_and_the_list_shows_it(town, bot):
    have(bot, "iris only failures")
    opened(town)
    changes = {"only": "worse", "against": "old", "rules": "loss > 1", "quiet": "8pm-8am", "extras": ["mention"]}
    assert sent(town, **changes) == {}
    town.wait_until(lambda: "Changed: iris" in read(town.ephemerals[-1]))
    assert words_in(bot) == ["iris against old only worse when loss > 1 quiet 20:00-08:00 UTC mention owner"]
    assert changes_in(bot) == [("edited", MAYA)]
    assert town.messages() == []
    assert len(town.ephemerals) == 1


def test_the_channel_is_told_when_it_was_somebody_elses(town, bot):
    have(bot, "iris", by=JONAS)
    opened(town)
    sent(town, only="failures")
    told = town.wait_for_message("changed", channel=EXPERIMENTS)
    assert told.text == f"<@{MAYA}> changed a watch of <@{JONAS}>: iris, only failures"


def test_a_metric_still_to_come_is_insisted_on_once_by_quotes(town, bot):
    have(bot, "iris")
    opened(town)
    assert sent(town, rules='"acuracy" < 1') == {}
    town.wait_until(lambda: "Changed: iris" in read(town.ephemerals[-1]))
    opened(town)
    assert sent(town, only="worse") == {}
    town.wait_until(lambda: words_in(bot) == ["iris only worse when acuracy < 1"])


WRONG = [
    ({"place": ""}, "place", "Which experiment shall I watch?"),
    ({"place": "irsi"}, "place", "There is no experiment called irsi. Did you mean iris?"),
    ({"against": "odl"}, "against", "There is no run called odl. Did you mean old"),
    ({"where": "params.C LIKE 9"}, "where", "Expected a quoted string value"),
    ({"rules": "loss is nice"}, "rules", "I cannot read this rule: loss is nice."),
    ({"rules": "acuracy < 1"}, "rules", "No run there has logged a metric called acuracy. Did you mean accuracy?"),
    ({"rules": "loss < 1 only failures"}, "rules", "That says more than belongs into this field."),
    ({"metrics": "acuracy"}, "metrics", "Did you mean accuracy?"),
    ({"quiet": "20:00-08:00 Europe/Berln"}, "quiet", "There is no time zone called Europe/Berln. Did you mean"),
    ({"quiet": "sometimes"}, "quiet", "Quiet when?"),
]


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_changed(town, bot):
    have(bot, "iris")
    opened(town)
    for changes, field, told in WRONG:
        answer = sent(town, **changes)
        assert answer["response_action"] == "errors"
        assert list(answer["errors"]) == [field]
        assert told in answer["errors"][field]
        assert len(answer["errors"][field]) <= 150
    answer = sent(town, rules="loss is nice", quiet="sometimes")
    assert set(answer["errors"]) == {"rules", "quiet"}
    assert words_in(bot) == ["iris"]
    assert sent(town, only="better") == {}
    town.wait_until(lambda: words_in(bot) == ["iris only better"])


def test_what_is_watched_anew_has_not_just_ended(town, bot):
    just_over = a_run("just-over", 7, ended_at=NOON - MINUTE)
    bot.runs.runs.append(just_over)
    have(bot, "team/fraud", past=("x",), is_primed=True)
    opened(town)
    sent(town, place="iris")
    town.wait_until(lambda: words_in(bot) == ["iris"] and kept_in(bot)[0].past)
    assert kept_in(bot)[0].past == (just_over.run_id, "x")


def test_an_experiment_whose_name_is_made_of_our_words_is_taken_as_it_stands(town, bot):
    odd = "against best only failures"
    bot.runs.runs.append(a_run("r", 8, experiment=a_run("x").experiment.__class__("8", odd)))
    have(bot, "iris")
    opened(town)
    assert sent(town, place=odd) == {}
    town.wait_until(lambda: words_in(bot) != ["iris"])
    assert watching_of(words_in(bot)[0]).place == odd


def test_while_mlflow_is_slow_the_dialog_closes_and_what_is_wrong_is_told_to_who_sent_it(town, bot, monkeypatch):
    monkeypatch.setattr("handlers.watch.edit.WITHIN", 0.05)
    have(bot, "iris")
    opened(town)
    gate = Gate(bot.runs)
    object.__setattr__(bot.services, "runs", gate)
    assert sent(town, against="odl") == {}
    gate.open()
    told = town.wait_for_ephemeral("There is no run called odl")
    object.__setattr__(bot.services, "runs", bot.runs)
    assert told.only_to == MAYA
    assert words_in(bot) == ["iris"]


def test_while_mlflow_is_down_it_is_changed_as_it_was_typed(town, bot):
    have(bot, "iris")
    opened(town)
    bot.runs.down = "MLflow did not answer."
    assert sent(town, against="odl") == {}
    town.wait_until(lambda: words_in(bot) == ["iris against odl"])


def test_a_digest_has_one_field(town, bot):
    have(bot, "weekdays 9:30 UTC iris", is_digest=True)
    assert filled(opened(town)) == {"when": "weekdays 9:30 UTC iris"}
    assert "At what time?" in sent(town, when="weekdays")["errors"]["when"]
    assert (
        "There is no experiment called irsi. Did you mean iris?" in sent(town, when="9:30 UTC irsi")["errors"]["when"]
    )
    assert sent(town, when="daily 17:00 Europe/Berlin") == {}
    town.wait_until(lambda: words_in(bot) == ["daily 17:00 Europe/Berlin"])


def test_from_the_home_tab_it_draws_the_tab_anew(town, bot):
    have(bot, "iris", channel=STANDUP)
    town.people.open_home(MAYA)
    town.wait_until(town.home)
    town.press_in_view(town.home(), "watch:edit:0")
    town.wait_until(lambda: town.modal)
    sent(town, only="failures")
    town.wait_until(lambda: "only failures" in str(town.home().content["blocks"]))
    assert words_in(bot, STANDUP) == ["iris only failures"]


def test_somebody_outside_changes_nothing(town, bot):
    have(bot, "iris")
    shown = the_list(town)
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    opened(town, shown, user=PRIYA)
    town.leave(EXPERIMENTS, PRIYA)
    sent(town, user=PRIYA, only="failures")
    town.wait_until(lambda: any("can change it" in each.text for each in town.workspace.everything()))
    assert words_in(bot) == ["iris"]
    assert changes_in(bot) == []


def test_one_that_was_removed_meanwhile_is_said(town, bot):
    kept = have(bot, "iris")
    shown = the_list(town)
    opened(town, shown)
    bot.services.watches.remove(kept.id, by=JONAS, at=1)
    sent(town, only="failures")
    town.wait_until(lambda: "That watch is not there any more." in read(town.ephemerals[-1]))
    assert kept_in(bot) == []


def test_one_whose_words_are_not_understood_any_more_is_listed_and_can_be_removed(town, bot):
    have(bot, "iris when <>", by=JONAS)
    shown = the_list(town)
    assert "iris when <>" in read(shown)
    town.press(shown, "watch:edit:0")
    assert town.wait_for_ephemeral("I do not understand the words of this watch any more").only_to == MAYA
    town.press(shown, "watch:remove:0")
    town.wait_until(lambda: kept_in(bot) == [])


def test_one_that_is_too_long_for_a_dialog_loses_nothing(town, bot):
    have(bot, f"iris where params.C = '{'x' * 3000}'")
    town.press(the_list(town), "watch:edit:0")
    assert town.wait_for_ephemeral("too long for a dialog").only_to == MAYA
    assert town.modal is None


def test_a_dialog_that_slack_does_not_open_is_told(town, bot):
    have(bot, "iris")
    town.faults.add(FaultKind.SLACK_ERROR, method="views.open", error="expired_trigger_id")
    town.press(the_list(town), "watch:edit:0")
    assert town.wait_for_ephemeral("The dialog could not be opened").only_to == MAYA


@pytest.mark.parametrize("private", ["", "{}", "nonsense", '{"w":"gone"}', '{"w":5,"p":"-1"}'])
def test_a_dialog_of_another_version_does_nothing(town, bot, private):
    have(bot, "iris")
    view = opened(town)
    old = {**view.content, "private_metadata": private}
    town.workspace.views[view.id] = view.__class__(view.id, view.user, old, view.hash)
    assert town.submit(view, as_sent(view, only="failures")).was_taken
    assert words_in(bot) == ["iris"]


def offered(town, action_id, typed):
    """What a list of the dialog offers for what is typed: the values."""
    answer = town.suggest(town.modal, action_id, typed).answer
    return [option["value"] for option in answer["options"]]


def test_what_is_compared_with_and_whose_runs_are_chosen_from_lists_that_take_what_is_typed(town, bot):
    have(bot, "iris")
    opened(town)
    assert offered(town, "watch:against", "") == ["auto", "previous", "best", "baseline"]
    assert offered(town, "watch:against", "@champion") == ["@champion"]
    assert offered(town, "watch:user", "") == ["maya"]
    assert offered(town, "watch:user", "jo") == ["jo"]
    assert town.submit(town.modal, as_sent(town.modal, against="auto", user="maya"), user=MAYA).answer == {}
    town.wait_until(lambda: words_in(bot) == ["iris by maya"])


def test_who_is_not_in_the_channel_cannot_open_the_watch_of_somebody_else(town, bot):
    have(bot, "iris", by=MAYA)
    shown = the_list(town, user=JONAS)
    town.reinstall(scopes=town.installation.scopes | {"channels:read", "groups:read"})
    town.leave(EXPERIMENTS, JONAS)
    before = len(town.ephemerals)
    town.press(shown, "watch:edit:0", user=JONAS)
    town.wait_until(lambda: len(town.ephemerals) > before or town.messages())
    assert town.modal is None
