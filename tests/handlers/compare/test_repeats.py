"""Repeats in a channel: groups as sides, and a button below single runs that have repeats."""

import pytest

from comparison.past_repeats import RepeatsCache
from tests.comparison.test_past_repeats import store
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop


@pytest.mark.parametrize(
    "words",
    [
        "mlp-32-* vs mlp-64-*",
        "all seeds of mlp-32-seed-1 vs all seeds of mlp-64-seed-2",
        "group:mlp-32 vs group:mlp-64",
        "where params.width = '32' vs where params.width = '64'",
        "params.width = '32' vs params.width = '64'",
    ],
)
def test_sides_of_several_runs_are_compared_in_a_channel(slack, words):
    with Workshop(slack, store()) as bot:
        answer = bot.ask(words)
    assert "is better" in answer.splitlines()[1]
    assert "acc 0.9100 → 0.9212 (+0.0112, 95 %: +0.0045 to +0.0179; 5 seeds each, paired)" in answer
    assert "0.9100 ± 0.0038 (5)" in answer
    assert "mlp-32-seed-9 (failed)" in answer


def test_below_single_runs_with_repeats_a_button_compares_all_seeds(slack):
    with Workshop(slack, store(), more={"repeats": RepeatsCache()}) as bot:
        slack.command("/mlcompare", "mlp-32-seed-0 vs mlp-64-seed-0")
        message = slack.wait_for_message("Compare all seeds")
        assert "runs here must differ by 0.0138" in read(message)
        slack.press(message, "follow:repeats")
        assert "5 seeds each, paired" in bot.transcript()


def test_single_runs_without_repeats_have_no_such_button(slack, runs):
    with Workshop(slack, runs, more={"repeats": RepeatsCache()}) as bot:
        assert "Compare all seeds" not in bot.ask("old vs new")


def test_groups_of_the_same_seeds_are_drawn_seed_by_seed(slack):
    with Workshop(slack, store()) as bot:
        answer = bot.ask("mlp-32-* vs mlp-64-*")
    assert "[chart acc, run by run: mlp-32-*, mlp-64-*; seed 0 to seed 4]" in answer


def test_every_run_of_other_groups_is_in_a_picture_whose_words_are_the_conclusion(slack):
    slack.reinstall(scopes=slack.installation.scopes | {"files:write"})
    with Workshop(slack, store()) as bot:
        answer = bot.ask("mlp-32-* vs mlp-64-* without mlp-64-seed-4")
    (file,) = slack.files.known.values()
    assert file.content.startswith(b"\x89PNG")
    assert "is better: acc 0.9100 → 0.9218" in file.alt_text
    assert "mlp-32-*: 0.91 ± 0.0038 (5): 0.905, 0.908, 0.910, 0.912, 0.915" in file.alt_text
    assert "[picture: ✅ mlp-64-* is better" in answer


def test_where_no_file_may_be_sent_the_values_of_every_run_stand_as_text(slack):
    slack.faults.refuse_blocks("data_visualization", times=None)
    with Workshop(slack, store()) as bot:
        answer = bot.ask("mlp-32-* vs mlp-64-*")
    assert "• mlp-32-*: 0.91 ± 0.0038 (5): 0.905, 0.908, 0.910, 0.912, 0.915" in answer
