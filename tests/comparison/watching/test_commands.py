"""What people type to watch, and what it means."""

from datetime import time

import pytest

from comparison import watch_commands
from comparison.clauses import PLAIN_SEPARATORS
from comparison.errors import NotUnderstood, RequestError
from comparison.request import Named, Pinned, PlanDigest, Registered, Unwatch, Watch, Watches
from comparison.watching import Digest, Hours, Only, Quiet, Rule, Watching
from comparison.words import split, with_filters

COMMANDS = {
    "watch": watch_commands.watch,
    "unwatch": watch_commands.unwatch,
    "watches": watch_commands.watches,
    "digest": watch_commands.digest,
}


def parse(text):
    words = with_filters(split(text), text, PLAIN_SEPARATORS)
    return COMMANDS[words[0].folded](words, text)


SAID = [
    ("watch fraud", Watching("fraud")),
    ("watch experiment fraud", Watching("fraud")),
    ("watch", Watching("")),
    ('watch "my fraud model"', Watching("my fraud model")),
    ("watch my fraud model only failures", Watching("my fraud model", only=Only.FAILURES)),
    ("watch team/*", Watching("team/*")),
    ("watch everything", Watching("*")),
    ("watch fraud against previous", Watching("fraud", "previous")),
    ("watch fraud against the best", Watching("fraud", "best")),
    ("watch fraud against best", Watching("fraud", "best")),
    ("watch fraud against baseline", Watching("fraud", "run", Pinned())),
    ("watch fraud against @champion", Watching("fraud", "run", Registered(alias="champion"))),
    ("watch fraud against run-7", Watching("fraud", "run", Named("run-7"))),
    ("watch fraud by maya", Watching("fraud", user="maya")),
    ("watch fraud only better", Watching("fraud", only=Only.BETTER)),
    ("watch fraud only worse", Watching("fraud", only=Only.WORSE)),
    ("watch fraud only new best", Watching("fraud", only=Only.NEW_BEST)),
    ("watch fraud metrics acc, loss", Watching("fraud", metrics=("acc", "loss"))),
    ("watch fraud when val_loss < 0.2", Watching("fraud", rules=(Rule("val_loss", "<", 0.2),))),
    ("watch fraud when val_loss&lt;0.2", Watching("fraud", rules=(Rule("val_loss", "<", 0.2),))),
    ("watch fraud when acc above 0.9", Watching("fraud", rules=(Rule("acc", ">", 0.9),))),
    (
        "watch fraud when accuracy drops by 2 %",
        Watching("fraud", rules=(Rule("accuracy", "drops", 2, is_percent=True),)),
    ),
    (
        "watch fraud when accuracy drops by 2% and loss &gt; 1",
        Watching("fraud", rules=(Rule("accuracy", "drops", 2, is_percent=True), Rule("loss", ">", 1))),
    ),
    (
        "watch fraud quiet 20:00-08:00 Europe/Berlin",
        Watching("fraud", quiet=Quiet(time(20), time(8), "Europe/Berlin")),
    ),
    ("watch fraud quiet 8pm to 8am europe/berlin", Watching("fraud", quiet=Quiet(time(20), time(8), "Europe/Berlin"))),
    ("watch fraud quiet 20:00 – 08:00", Watching("fraud", quiet=Quiet(time(20), time(8)))),
    ("watch fraud mention owner", Watching("fraud", mentions_owner=True)),
    ("watch fraud where params.lr = '0.1'", Watching("fraud", where="params.lr = '0.1'")),
    (
        "watch fraud where params.lr = ‘0.1’ and metrics.acc &gt; 0.9 only failures by maya",
        Watching("fraud", where="params.lr = '0.1' and metrics.acc > 0.9", only=Only.FAILURES, user="maya"),
    ),
    (
        "watch fraud where params.lr = '0.1' against best when loss < 1 metrics loss mention owner",
        Watching(
            "fraud",
            "best",
            where="params.lr = '0.1'",
            rules=(Rule("loss", "<", 1),),
            metrics=("loss",),
            mentions_owner=True,
        ),
    ),
]


@pytest.mark.parametrize(("text", "meant"), SAID, ids=[text for text, _meant in SAID])
def test_a_watch_means_what_was_said(text, meant):
    assert parse(text) == Watch(meant)


DIGESTS = [
    ("digest weekdays 9:30 Europe/Berlin", Digest(Hours((0, 1, 2, 3, 4), time(9, 30), "Europe/Berlin"))),
    ("digest every day at 9am", Digest(Hours((0, 1, 2, 3, 4, 5, 6), time(9)))),
    ("digest mondays 17:00 UTC", Digest(Hours((0,), time(17), "UTC"))),
    ("digest mon, wed and fri 9:30", Digest(Hours((0, 2, 4), time(9, 30)))),
    ("digest 9:30", Digest(Hours((0, 1, 2, 3, 4, 5, 6), time(9, 30)))),
    (
        "digest weekdays 9:30 America/New_York fraud, my iris",
        Digest(Hours((0, 1, 2, 3, 4), time(9, 30), "America/New_York"), ("fraud", "my iris")),
    ),
    ("digest weekdays 9:30 team/fraud", Digest(Hours((0, 1, 2, 3, 4), time(9, 30)), ("team/fraud",))),
    ("digest off", None),
]


@pytest.mark.parametrize(("text", "meant"), DIGESTS, ids=[text for text, _meant in DIGESTS])
def test_a_digest_means_what_was_said(text, meant):
    assert parse(text) == PlanDigest(meant)


def test_watches_are_listed_and_taken_back():
    assert parse("watches") == Watches()
    assert parse("unwatch fraud") == Unwatch("fraud")
    assert parse("unwatch all") == Unwatch("*", is_all=True)
    assert parse("unwatch") == Unwatch("")


BAD = [
    ("watch fraud only wrong", "wrong", "Only what?"),
    ("watch fraud when loss is nice", "loss is nice", "I cannot read this rule: loss is nice."),
    ("watch fraud when loss drops by -2", "loss drops by -2", "I cannot read this rule: loss drops by -2."),
    ("watch fraud when loss < 1 or acc > 2", "loss < 1 or acc > 2", "I cannot read this rule: loss < 1 or acc > 2."),
    ("watch fraud when", "when", "When what?"),
    ("watch fraud quiet 25:00-08:00", "25:00-08:00", "Quiet when?"),
    ("watch fraud quiet 20:00-08:00 Europe/Berln", "Europe/Berln", "There is no time zone called Europe/Berln."),
    ("watch fraud mention everyone", "everyone", "Only the owner of a run can be mentioned."),
    ("watch fraud where nothing", "where nothing", "That is no filter of MLflow's."),
    ("watch fraud against", "against", "Against what?"),
    ("watch fraud by", "by", "Whose runs?"),
    ("watches please", "please", "All watches of the channel are listed."),
    ("digest sometimes", "sometimes", "When shall the digest come?"),
    ("digest weekdays", "weekdays", "At what time?"),
    ("digest weekdays 9:30 Europe/Nowhere", "Europe/Nowhere", "There is no time zone called Europe/Nowhere."),
]


@pytest.mark.parametrize(("text", "spot", "problem"), BAD, ids=[text for text, *_rest in BAD])
def test_what_cannot_be_meant_is_said_with_the_spot(text, spot, problem):
    with pytest.raises(NotUnderstood) as refused:
        parse(text)
    assert refused.value.problem == problem or refused.value.problem.startswith(problem)
    assert refused.value.at is not None
    assert text[refused.value.at :].startswith(spot.split()[0])
    assert refused.value.remedy
    assert isinstance(refused.value, RequestError)


def test_a_misspelt_zone_is_told_the_nearest():
    with pytest.raises(NotUnderstood) as refused:
        parse("watch fraud quiet 20:00-08:00 Berlin")
    assert refused.value.near[0] == "Europe/Berlin"
