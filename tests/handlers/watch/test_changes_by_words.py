"""`pause`, `resume`, `change watch …`, `delete the … watch`: words that do what the buttons of the list do."""

import dataclasses

import pytest

from bot.playground.slack import EXPERIMENTS, MAYA
from tests.handlers.iris import NEW, NOON
from tests.handlers.watched import JONAS, changes_in, have, heard, kept_in, words_in


def test_a_watch_is_paused_and_resumed_by_words_for_all_to_see(town, bot):
    kept = have(bot, "iris only failures", by=JONAS)
    said = heard(town, "pause the iris watch")
    assert said.startswith("# Paused in this channel: iris, only failures\n")
    assert "`/mlcompare resume iris`" in said
    assert kept_in(bot)[0].paused_by == MAYA
    assert f"only to {MAYA}: " in heard(town, "mute iris")
    assert "Paused already: iris, only failures." in heard(town, "mute iris")
    bot.runs.runs = [dataclasses.replace(NEW, ended_at=NOON - 60_000)]
    assert heard(town, "resume iris").startswith("# Resumed in this channel: iris, only failures\n")
    assert not kept_in(bot)[0].is_paused
    assert bot.services.watches.get(kept.id).past == (NEW.run_id,)  # what ended meanwhile is no news
    assert changes_in(bot) == [("resumed", MAYA), ("paused", MAYA)]


def test_all_watches_and_the_digest_are_paused_each_by_its_word(town, bot):
    have(bot, "iris")
    have(bot, "team/*")
    have(bot, "weekdays 9:30 UTC", is_digest=True)
    assert heard(town, "pause everything").startswith("# Paused in this channel: 2 watches\n")
    assert [each.is_paused for each in kept_in(bot)] == [True, True, False]
    assert "weekdays 9:30 UTC" in heard(town, "pause the digest")
    assert heard(town, "unmute the digest").startswith("# Resumed in this channel: Digest weekdays 9:30 UTC")


def test_which_of_several_is_asked_with_the_list(town, bot):
    have(bot, "iris")
    have(bot, "team/*")
    said = heard(town, "pause")
    assert "Several are watched: say which to pause, or all." in said
    assert "[Pause] [Edit …] [Remove]" in said
    assert not any(each.is_paused for each in kept_in(bot))


def test_one_of_several_of_an_experiment_is_meant_by_its_options(town, bot):
    have(bot, "iris")
    have(bot, "iris only failures")
    heard(town, "pause iris only failures")
    assert [each.is_paused for each in kept_in(bot)] == [False, True]
    assert "so none was paused" in heard(town, "pause iris only worse")


@pytest.mark.parametrize(
    ("words", "after"),
    [
        ("change the iris watch to failures only", "iris against best only failures"),
        ("make the watch of iris only new bests", "iris against best only new best"),
        ("change watch iris to against previous", "iris against previous"),
        ("add mention owner to the iris watch", "iris against best mention owner"),
    ],
)
def test_a_change_keeps_what_it_does_not_say(town, bot, words, after):
    have(bot, "iris against best", by=JONAS)
    said = heard(town, words)
    assert said.startswith("# Changed in this channel: iris")
    assert "Before it was: iris, against the best." in said
    assert words_in(bot) == [after]
    assert changes_in(bot) == [("edited", MAYA)]


def test_a_change_that_says_nothing_shows_the_button_of_the_dialog(town, bot):
    have(bot, "iris")
    said = heard(town, "edit watch iris")
    assert "Press Edit … at iris to change it." in said
    assert "[Edit …]" in said


def test_a_change_that_cannot_be_is_told_and_changes_nothing(town, bot):
    have(bot, "iris")
    assert "Did you mean\n• old" in heard(town, "change the iris watch to against odl")
    assert words_in(bot) == ["iris"]
    assert "team/fraud is not watched here." in heard(town, "pause team/fraud")
    assert changes_in(bot) == []


def test_a_watch_is_deleted_by_words(town, bot):
    have(bot, "iris only failures")
    assert heard(town, "delete the iris watch").startswith("# No longer watched in this channel: iris only failures")
    assert kept_in(bot) == []
    assert "Nothing is watched in this channel" in heard(town, "pause iris")


def test_somebody_who_may_not_change_a_watch_is_told_so(town, bot):
    have(bot, "iris", by=JONAS, channel="C0OTHER")
    heard(town, "pause all")
    assert not kept_in(bot, "C0OTHER")[0].is_paused


# One run


def test_a_run_is_watched_in_its_experiment_and_that_is_said(town, bot):
    said = heard(town, "let me know when new finishes")
    assert said.startswith("# Watching iris, only the run new\n")
    assert "new is over already. I tell when a run of that name ends from now on." in said
    assert words_in(bot) == ["iris where attributes.run_name = 'new'"]
    assert "iris, only the run new" in heard(town, "watches")
    assert "# No longer watched in this channel" in heard(town, "stop watching new")
    assert kept_in(bot, EXPERIMENTS) == []


def test_a_run_that_is_not_there_is_told(town, bot):
    assert "There is no run called nwe." in heard(town, "watch run nwe")
    assert kept_in(bot) == []
