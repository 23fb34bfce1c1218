"""Watches of a channel hear only of experiments that the channel may see, whatever they name."""

from bot.notifier.subscriptions import Subscriptions, covered
from comparison.channel_defaults import ACCESS, ChannelSetting
from comparison.runs import Experiment
from handlers.access.rules import AccessRules, write_patterns
from handlers.stores import InMemoryWatches, StoredWatch

IRIS, VAULT = Experiment("1", "iris"), Experiment("77", "vault")


def test_a_watch_that_was_set_up_before_the_rule_covers_only_what_may_be_seen():
    rules, watches = AccessRules(), InMemoryWatches()
    for number, (channel, words) in enumerate([("C1", "*"), ("C1", "vault"), ("C2", "*")]):
        watches.add(StoredWatch(f"w{number}", "T", channel, words, "U1", 1.0 + number))
    subscriptions = Subscriptions(watches, print, access=rules)
    assert [covered([each.watching], [IRIS, VAULT]) for each in subscriptions.watches()] == [
        ("1", "77"),
        ("77",),
        ("1", "77"),
    ]
    rules.store.change("T", "C1", ChannelSetting(ACCESS, write_patterns(["iris"])))
    assert [covered([each.watching], [IRIS, VAULT]) for each in subscriptions.watches()] == [("1",), (), ("1", "77")]
