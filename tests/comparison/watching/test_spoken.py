"""Watches as people put them: what is understood is what was meant."""

import pytest

from comparison.errors import NotUnderstood
from comparison.parser import parse
from comparison.request import Help
from comparison.watch_commands import watching_of

UNDERSTOOD = {  # said: as we would put it
    "fraud and only failures": "fraud only failures",
    "fraud only failures and against best": "fraud only failures against best",
    "fraud but only new bests": "fraud only new best",
    "fraud failures only": "fraud only failures",
    "fraud failed runs only, against best": "fraud only failures against best",
    "fraud new best only": "fraud only new best",
    "fraud only crashes": "fraud only failures",
    "fraud only if it fails": "fraud only failures",
    "fraud only when it improves": "fraud only better",
    "fraud when it fails": "fraud only failures",
    "fraud if a run fails": "fraud only failures",
    "fraud when there is a new best": "fraud only new best",
    "fraud when it gets worse": "fraud only worse",
    "fraud if val_loss &lt; 0.2": "fraud when val_loss < 0.2",
    "fraud only if val_loss under .2": "fraud when val_loss < 0.2",
    "fraud when val_loss drops below 0.2": "fraud when val_loss < 0.2",
    "fraud when accuracy hits 0.9": "fraud when accuracy >= 0.9",
    "fraud when accuracy goes up by 2 %": "fraud when accuracy rises by 2 %",
    "fraud when accuracy is down by more than 2%": "fraud when accuracy drops by 2 %",
    "fraud when accuracy dropped by 2%": "fraud when accuracy drops by 2 %",
    "fraud when accuracy improves by 2 %": "fraud when accuracy rises by 2 %",
    "fraud when val_loss improves by 0.1": "fraud when val_loss drops by 0.1",
    "fraud when accuracy gets worse": "fraud when accuracy drops",
    "fraud when `val_loss` &lt; 0.2": "fraud when val_loss < 0.2",
    "fraud --only failures --against best": "fraud only failures against best",
    "fraud only: failures, metrics: acc, loss": "fraud only failures metrics acc, loss",
    "fraud only=failures against=best metrics=acc,loss": "fraud only failures against best metrics acc, loss",
    "fraud — only failures": "fraud only failures",
    "fraud - only failures": "fraud only failures",
    "fraud with metrics acc": "fraud metrics acc",
    "fraud for us": "fraud",
    "fraud here": "fraud",
    "fraud in this channel only failures": "fraud only failures",
    "fraud-* but not fraud-old": "fraud-* except fraud-old",
    "fraud-* without fraud-old": "fraud-* except fraud-old",
    "all but fraud-old": "* except fraud-old",
    "fraud quiet from 8pm to 8am in Berlin": "fraud quiet 20:00-08:00 Europe/Berlin",
    "fraud quiet 20–8 Europe/Berlin": "fraud quiet 20:00-08:00 Europe/Berlin",
    "fraud quiet hours 20:00 to 8:00": "fraud quiet 20:00-08:00",
    "fraud quiet after 8pm until 8am": "fraud quiet 20:00-08:00",
    "fraud quiet 20:00-08:00 UTC +2": "fraud quiet 20:00-08:00 UTC+2",
    "“/Shared/fraud detection” only failures": '"/Shared/fraud detection" only failures',
    "/Shared/fraud detection only failures": '"/Shared/fraud detection" only failures',
}


@pytest.mark.parametrize(("said", "meant"), UNDERSTOOD.items())
def test_an_option_in_other_words_is_the_option(said, meant):
    assert watching_of(said) == watching_of(meant)


@pytest.mark.parametrize(
    "name", ["cats and dogs", "only-failures", "what-if", "butter but", "by:maya", "-only", "a-without-b", "here"]
)
def test_a_name_that_looks_like_an_option_is_a_name(name):
    assert watching_of(f'"{name}"').place == name
    assert watching_of(f'"{name}" only failures').place == name
    assert watching_of("cats and dogs").place == "cats and dogs"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("watch fraud when accuracy > 90%", "A level is the number as it is logged"),
        ("watch fraud when accuracy drops by 2 points", "Say by how much in the metric's own numbers"),
        ("watch fraud when accuracy drops by 2 percentage points", "Say by how much in the metric's own numbers"),
        ("watch fraud when zing improves by 2", "I do not know what is better for this metric"),
        ("watch fraud quiet on weekends", "Quiet is the same hours on every day"),
        ("watch fraud quiet 20:00-08:00 on weekdays", "Quiet is the same hours on every day"),
        ("watch fraud only failures or worse", "Choose one"),
        ("watch fraud by <@U1>", "Name the user as MLflow knows them."),
    ],
)
def test_what_cannot_be_is_told_with_what_can(said, remedy):
    with pytest.raises(NotUnderstood) as refused:
        parse(said)
    assert refused.value.remedy.startswith(remedy)
    assert parse(refused.value.example)


@pytest.mark.parametrize("said", ["watch help", "unwatch --help", "watches -h", "digest help"])
def test_help_is_asked_for_behind_the_command_too(said):
    assert isinstance(parse(said), Help)
