"""Watches asked for in other words than ours: done where it is certain, else shown as a line to copy."""

import pytest

from comparison.errors import NotUnderstood
from comparison.language.parser import parse
from comparison.request import Compare, ListWatches, PlanDigest, Show, Standup, Unwatch, WatchRequest
from comparison.run_reference import Named
from comparison.watch import OnlyRuns, Watch

FRAUD = WatchRequest(Watch("fraud"))
DONE = {
    "follow fraud": FRAUD,
    "can you follow fraud please?": FRAUD,
    "follow fraud only failures": WatchRequest(Watch("fraud", only=OnlyRuns.FAILURES)),
    "follow fraud against best": WatchRequest(Watch("fraud", "best")),
    "subscribe to fraud": FRAUD,
    "subscribe this channel to fraud": FRAUD,
    "keep an eye on fraud": FRAUD,
    "set up a watch for fraud": FRAUD,
    "add watch fraud-*": WatchRequest(Watch("fraud-*")),
    "unfollow fraud": Unwatch("fraud"),
    "unsubscribe from fraud": Unwatch("fraud"),
    "stop following fraud": Unwatch("fraud"),
    "stop watching fraud": Unwatch("fraud"),
    "don’t watch fraud anymore": Unwatch("fraud"),
    "do not watch fraud any more": Unwatch("fraud"),
    "remove the watch of fraud": Unwatch("fraud"),
    "unwatch fraud anymore": Unwatch("fraud"),
    "unwatch fraud here": Unwatch("fraud"),
    "unwatch everything here": Unwatch("*", is_all=True),
    "delete watch fraud": Unwatch("fraud"),
    "list watches": ListWatches(),
    "show me the watches": ListWatches(),
    "my watches": ListWatches(),
    "what are you watching?": ListWatches(),
    "which experiments are watched": ListWatches(),
    "stop the digest": PlanDigest(None),
    "cancel digest": PlanDigest(None),
}


@pytest.mark.parametrize(("text", "meant"), DONE.items())
def test_what_is_certainly_a_watch_is_one_in_whatever_words(text, meant):
    found = parse(text)
    assert getattr(found, "watching", found) == getattr(meant, "watching", meant)
    assert type(found) is type(meant)


COPIED = {
    "mute fraud": "unwatch fraud",
    "pause the watch of fraud": "unwatch fraud",
    "please snooze fraud": "unwatch fraud",
    "mute everything": "unwatch all",
    "mute": "watches",
    "unmute fraud": "watch fraud",
    "resume watch fraud": "watch fraud",
    "edit watch fraud": "watches",
    "stop notifying us about fraud": "unwatch fraud",
    "stop alerts for fraud": "unwatch fraud",
    "turn off notifications for fraud": "unwatch fraud",
    "turn on notifications for fraud": "watch fraud",
    "notify fraud": "watch fraud",
    "notify me when fraud ends": "watch fraud",
    "Notify me when a run of Fraud finishes!": "watch Fraud",
    "notify this channel about fraud": "watch fraud",
    "notify <#C1|general> about fraud": "watch fraud",
    'tell us when "my fraud model" is done': 'watch "my fraud model"',
    "let us know when fraud-* ends": "watch fraud-*",
    "can you let me know if fraud fails?": "watch fraud only failures",
    "alert me when a run fails in fraud": "watch fraud only failures",
    "ping us when there is a new best in fraud": "watch fraud only new best",
    "warn us when fraud gets worse": "watch fraud only worse",
    "tell us when a run fails": "watch only failures",
    "alert if val_loss &gt; 1": "watch when val_loss &gt; 1",
    "alert when accuracy drops by 2 % in fraud": "watch fraud when accuracy drops by 2 %",
    "keep us posted on fraud": "watch fraud",
    "monitor fraud": "watch fraud",
    "unwach fraud": "unwatch fraud",
    "whatch fraud only failures": "watch fraud only failures",
    "daily digest at 9": "digest daily at 9",
    "send us a digest every day at 9": "digest every day at 9",
    "post the standup every day at 9": "digest every day at 9",
    "standup every weekday at 9:30": "digest every weekday at 9:30",
}


@pytest.mark.parametrize(("text", "line"), COPIED.items())
def test_what_is_nearly_a_watch_is_shown_as_a_line_to_copy_with_its_own_names(text, line):
    with pytest.raises(NotUnderstood) as refused:
        parse(text)
    error = refused.value
    assert error.example == line
    assert error.text == text
    assert error.remedy
    assert text[error.at : error.end] in text.split()
    assert not isinstance(parse(line), Compare)


RUNS = {
    "mute vs x": Compare((Named("mute"), Named("x"))),
    "follow vs x": Compare((Named("follow"), Named("x"))),
    "follow, x": Compare((Named("follow"), Named("x"))),
    "mute and x": Compare((Named("mute"), Named("x"))),
    "x vs mute": Compare((Named("x"), Named("mute"))),
    "track 1, track 2": Compare((Named("track 1"), Named("track 2"))),
    "notify vs tell": Compare((Named("notify"), Named("tell"))),
    "monitor v2 vs monitor v1": Compare((Named("monitor v2"), Named("monitor v1"))),
    "compare follow x": Compare((Named("follow"), Named("x"))),
    '"mute" fraud': Compare((Named("mute"), Named("fraud"))),
    "subscribe vs x": Compare((Named("subscribe"), Named("x"))),
    "match fraud": Compare((Named("match"), Named("fraud"))),
    "show watch": Show(Named("watch")),
}


@pytest.mark.parametrize(("text", "meant"), RUNS.items())
def test_runs_that_are_called_like_such_a_word_are_compared(text, meant):
    assert parse(text) == meant


@pytest.mark.parametrize("text", ["standup everywhere", "standup since monday", "standup yesterday", "standup 2 days"])
def test_a_standup_that_is_asked_for_now_is_no_digest(text):
    assert isinstance(parse(text), Standup)
