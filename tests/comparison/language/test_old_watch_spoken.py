"""Watches as people put them: what is understood is what was meant."""

import pytest

from comparison.errors import NotUnderstood
from comparison.language.parser import parse
from comparison.language.unparse import digest_words
from comparison.language.watch_command import digest_of, watching_of
from comparison.request import Help

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
    "fraud when it ends": "fraud",
    "fraud by user maya": "fraud by maya",
    "the experiment called fraud": "fraud",
    "fraud where tags.env = 'prod' and by maya": "fraud by maya where tags.env = 'prod'",
    "fraud where params.a = 'x and by' and only failures": "fraud only failures where params.a = 'x and by'",
    "fraud when accuracy drops by 2 % or more": "fraud when accuracy drops by 2 %",
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
        ("watch fraud except failures", "Those that are wanted are said with only."),
        ("watch fraud when not loss < 0.2", "A rule compares a metric with a number"),
        ("watch fraud by <@U1>", "Name the user as MLflow knows them."),
    ],
)
def test_what_cannot_be_is_told_with_what_can(said, remedy):
    with pytest.raises(NotUnderstood) as refused:
        parse(said)
    assert refused.value.remedy.startswith(remedy)
    assert parse(refused.value.example)


DIGESTS = {
    "every weekday at 9": "weekdays 9:00 UTC",
    "weekdays at 9.30": "weekdays 9:30 UTC",
    "Mo-Fr 9:00 Europe/Berlin": "weekdays 9:00 Europe/Berlin",
    "Mon–Fri 9am": "weekdays 9:00 UTC",
    "mon/wed/fri 9:00": "mon, wed, fri 9:00 UTC",
    "sat+sun 10am": "weekends 10:00 UTC",
    "on Mondays at 9 o'clock": "mon 9:00 UTC",
    "every week on monday at 9": "mon 9:00 UTC",
    "every morning at 8": "daily 8:00 UTC",
    "every day at 8 in the morning": "daily 8:00 UTC",
    "at 8 in the evening, Europe/Berlin": "daily 20:00 Europe/Berlin",
    "daily at 17 uhr": "daily 17:00 UTC",
    "Mon. and Wed. 9:00": "mon, wed 9:00 UTC",
    "monday at 9 UTC+2": "mon 9:00 UTC+2",
    "monday at 9 UTC +2": "mon 9:00 UTC+2",
    "daily 9:30 in this channel": "daily 9:30 UTC",
    "at 9:30 Europe/Berlin on weekdays for fraud": "weekdays 9:30 Europe/Berlin fraud",
    "daily 9:30 only fraud, iris": "daily 9:30 UTC fraud, iris",
}


@pytest.mark.parametrize(("said", "words"), DIGESTS.items())
def test_a_digest_in_other_words_is_the_digest(said, words):
    assert digest_words(digest_of(said)) == words


@pytest.mark.parametrize(
    ("said", "spot", "line"),
    [
        ("digest of fraud, iris every day at 9", "of", "digest every day at 9 of fraud, iris"),
        ("digest monday at 9 New York", "New York", "digest monday at 9 America/New_York"),
        ("digest monday at 9 Berlin time", "Berlin time", "digest monday at 9 Europe/Berlin"),
        ("digest daily 9:00 UTC+5:30", "UTC+5:30", "digest daily 9:00 Asia/Kolkata"),
        ("digest daily 9:00 local time", "local time", "digest weekdays 9:30 Europe/Berlin"),
        ("digest weekdays 9:00 and 17:00", "and 17:00", "digest weekdays 9:30 Europe/Berlin"),
        ("digest weekly at 9", "weekly at 9", "digest monday 9:30"),
        ("digest weekly", "weekly", "digest monday 9:30"),
        ("digest every hour", "hour", "digest weekdays 9:30 Europe/Berlin"),
        ("digest every other day at 9", "other", "digest weekdays 9:30 Europe/Berlin"),
    ],
)
def test_a_digest_that_cannot_be_is_told_with_a_line_that_can(said, spot, line):
    with pytest.raises(NotUnderstood) as refused:
        parse(said)
    error = refused.value
    assert (said[error.at : error.end], error.example) == (spot, line)
    assert parse(line)


@pytest.mark.parametrize("said", ["watch help", "unwatch --help", "watches -h", "digest help"])
def test_help_is_asked_for_behind_the_command_too(said):
    assert isinstance(parse(said), Help)
