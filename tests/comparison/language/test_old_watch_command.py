"""What people type to watch, and what it means."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood, RequestError
from comparison.language.parser import parse
from comparison.language.watch_command import digest_of, watching_of
from comparison.request import Compare, ListWatches, PlanDigest, Show, Unwatch, WatchRequest
from comparison.run_reference import Filtered, Latest, Leading, Linked, Named, Registered
from comparison.watch import Digest, MetricRule, OnlyRuns, QuietHours, Watch, WeeklySchedule

ID = "0123456789abcdef0123456789abcdef"
UI = "https://mlflow.example.com"
NIGHT = QuietHours(time(20), time(8))
BERLIN = QuietHours(time(20), time(8), "Europe/Berlin")


def fraud(**options):
    return Watch("fraud", **options)


def drop(metric, amount, *, percent=True):
    return MetricRule(metric, "drops", amount, is_percent=percent)


SAID = {
    # the place
    "watch fraud": fraud(),
    "WATCH Fraud ONLY Failures": Watch("Fraud", only=OnlyRuns.FAILURES),
    "watch experiment fraud": fraud(),
    "watch the experiment fraud": fraud(),
    "watch all runs of fraud": fraud(),
    "watch in fraud": fraud(),
    "watch: fraud": fraud(),
    "subscribe fraud": fraud(),
    "start watching fraud": fraud(),
    "can you watch fraud please?": fraud(),
    "<@U1|bot> please watch fraud!": fraud(),
    "wacth fraud": fraud(),
    "`watch fraud only failures`": fraud(only=OnlyRuns.FAILURES),
    "*watch fraud only failures*": fraud(only=OnlyRuns.FAILURES),
    "watch": Watch(""),
    'watch "my fraud model"': Watch("my fraud model"),
    "watch my fraud model only failures": Watch("my fraud model", only=OnlyRuns.FAILURES),
    "watch cats in hats": Watch("cats in hats"),
    'watch "only failures"': Watch("only failures"),
    "watch team/*": Watch("team/*"),
    "watch *": Watch("*"),
    "watch *fraud*": Watch("*fraud*"),
    "watch *my fraud* only failures": Watch("*my fraud*", only=OnlyRuns.FAILURES),
    'watch "a b*"': Watch("a b*"),
    "watch everything": Watch("*"),
    "watch all experiments": Watch("*"),
    "watch a&amp;b": Watch("a&b"),
    "watch <http://fraud.ai|fraud.ai>": Watch("fraud.ai"),
    f"watch <{UI}/#/experiments/7|{UI}/#/experiments/7>": Watch("7"),
    "watch failures in fraud": fraud(only=OnlyRuns.FAILURES),
    "watch for failed runs in fraud": fraud(only=OnlyRuns.FAILURES),
    "watch failures": Watch("", only=OnlyRuns.FAILURES),
    "watch only failures in my fraud": Watch("my fraud", only=OnlyRuns.FAILURES),
    # against
    "watch fraud against previous": fraud(against="previous"),
    "watch fraud against the latest run": fraud(against="previous"),
    "watch fraud against best": fraud(against="best"),
    "watch fraud against the best": fraud(against="best"),
    "watch fraud vs best": fraud(against="best"),
    "watch fraud against baseline": fraud(against="baseline"),
    "watch fraud against the pinned baseline": fraud(against="baseline"),
    "watch against best": Watch("", "best"),
    "watch fraud against latest~3": fraud(against="run", baseline=Latest(3)),
    "watch fraud against best f1": fraud(against="run", baseline=Leading("f1")),
    "watch fraud against best by f1": fraud(against="run", baseline=Leading("f1")),
    "watch fraud against best by maya": fraud(against="best", user="maya"),
    "watch fraud against @champion": fraud(against="run", baseline=Registered(alias="champion")),
    "watch fraud against models:/x@y": fraud(against="run", baseline=Registered("x", "y")),
    "watch fraud against run-7": fraud(against="run", baseline=Named("run-7")),
    'watch fraud against "best"': fraud(against="run", baseline=Named("best")),
    f"watch fraud against {ID}": fraud(against="run", baseline=Named(ID)),
    f"watch fraud against <{UI}/#/experiments/1/runs/{ID}|the run>": fraud(against="run", baseline=Linked(ID, "1")),
    "watch fraud against where metrics.acc &gt; 0.9": fraud(against="run", baseline=Filtered("metrics.acc > 0.9")),
    # by, only, metrics, mention, broadcast, except
    "watch fraud by maya": fraud(user="maya"),
    "watch fraud by <@U1|maya>": fraud(user="maya"),
    "watch fraud by Maya Lin, only failures": fraud(user="Maya Lin", only=OnlyRuns.FAILURES),
    'watch fraud by "loss"': fraud(user="loss"),
    "watch fraud only failed": fraud(only=OnlyRuns.FAILURES),
    "watch fraud only failed runs": fraud(only=OnlyRuns.FAILURES),
    "watch fraud only better": fraud(only=OnlyRuns.BETTER),
    "watch fraud only if better": fraud(only=OnlyRuns.BETTER),
    "watch fraud only when worse": fraud(only=OnlyRuns.WORSE),
    "watch fraud only a new best": fraud(only=OnlyRuns.NEW_BEST),
    "watch fraud metrics acc, loss and f1": fraud(metrics=("acc", "loss", "f1")),
    'watch fraud metrics "a, b"': fraud(metrics=("a, b",)),
    "watch fraud mention owner": fraud(mentions_owner=True),
    "watch fraud broadcast": fraud(broadcasts=True),
    "watch fraud broadcast new best": fraud(broadcasts=True),
    "watch * except test, old*": Watch("*", excepted=("test", "old*")),
    "watch team/* except *tmp*, b*": Watch("team/*", excepted=("*tmp*", "b*")),
    'watch everything except "a b" and c': Watch("*", excepted=("a b", "c")),
    "watch except test*": Watch("*", excepted=("test*",)),
    # when
    "watch fraud when val_loss < 0.2": fraud(rules=(MetricRule("val_loss", "<", 0.2),)),
    "watch fraud when val_loss&lt;0.2": fraud(rules=(MetricRule("val_loss", "<", 0.2),)),
    "watch fraud when val loss ≤ 1e-3": fraud(rules=(MetricRule("val loss", "<=", 1e-3),)),
    "watch fraud when acc is above 0.9": fraud(rules=(MetricRule("acc", ">", 0.9),)),
    "watch fraud when acc drops below 0.9": fraud(rules=(MetricRule("acc", "<", 0.9),)),
    "watch fraud when acc is at least .9": fraud(rules=(MetricRule("acc", ">=", 0.9),)),
    "watch fraud when acc drops by 2%": fraud(rules=(drop("acc", 2),)),
    "watch fraud when acc drops by 2 %": fraud(rules=(drop("acc", 2),)),
    "watch fraud when acc drops by 2 percent": fraud(rules=(drop("acc", 2),)),
    "watch fraud when acc falls more than 2 pct": fraud(rules=(drop("acc", 2),)),
    "watch fraud when acc drops by 0.1": fraud(rules=(drop("acc", 0.1, percent=False),)),
    "watch fraud when acc drops": fraud(rules=(drop("acc", 0, percent=False),)),
    "watch fraud when A < 1 and B drops by 2 %": fraud(rules=(MetricRule("A", "<", 1), drop("B", 2))),
    "watch fraud when A<1,B>2": fraud(rules=(MetricRule("A", "<", 1), MetricRule("B", ">", 2))),
    "watch fraud when A=1,B=2": fraud(rules=(MetricRule("A", "=", 1), MetricRule("B", "=", 2))),
    "watch fraud when A &lt; 1 by maya when B &gt; 2": fraud(rules=(MetricRule("A", "<", 1), MetricRule("B", ">", 2)), user="maya"),
    "watch fraud when a < 1 only failures when b > 2": fraud(
        rules=(MetricRule("a", "<", 1), MetricRule("b", ">", 2)), only=OnlyRuns.FAILURES
    ),
    'watch fraud when "a and b" < 1': fraud(rules=(MetricRule("a and b", "<", 1),)),
    # quiet
    "watch fraud quiet 20:00-08:00": fraud(quiet=NIGHT),
    "watch fraud quiet 20:00 – 08:00": fraud(quiet=NIGHT),
    "watch fraud quiet 8pm to 8 a.m. UTC": fraud(quiet=NIGHT),
    "watch fraud quiet between 20 and 8 Z": fraud(quiet=NIGHT),
    "watch fraud quiet midnight-noon": fraud(quiet=QuietHours(time(), time(12))),
    "watch fraud quiet 18:00-24:00": fraud(quiet=QuietHours(time(18), time())),
    "watch fraud quiet 20:00-08:00 Europe/Berlin": fraud(quiet=BERLIN),
    "watch fraud quiet 20.00-08.00 europe/berlin": fraud(quiet=BERLIN),
    "watch fraud quiet from 20h to 8h in Berlin": fraud(quiet=BERLIN),
    "watch fraud quiet 20:00-08:00 (Europe/Berlin)": fraud(quiet=BERLIN),
    "watch fraud quiet 20:00-08:00 New York time": fraud(quiet=QuietHours(time(20), time(8), "America/New_York")),
    "watch fraud quiet 20:00-08:00 utc+2": fraud(quiet=QuietHours(time(20), time(8), "Etc/GMT-2")),
    # where, and all together
    "watch fraud where params.lr = '0.1'": fraud(where="params.lr = '0.1'"),
    "watch fraud where params.lr = ‘0.1’ and metrics.acc &gt; 0.9 only failures by maya": fraud(
        where="params.lr = '0.1' and metrics.acc > 0.9", only=OnlyRuns.FAILURES, user="maya"
    ),
    "watch fraud where params.x = 'only by a' by maya": fraud(where="params.x = 'only by a'", user="maya"),
    "watch fraud where tags.`a by b` = 'x' by maya": fraud(where="tags.`a by b` = 'x'", user="maya"),
    "watch fraud where params.x in ('a', 'b') only worse": fraud(where="params.x in ('a', 'b')", only=OnlyRuns.WORSE),
    "watch where params.lr = '0.1' in fraud": fraud(where="params.lr = '0.1'"),
    "watch fraud where a.b = 1 against where c.d = 2 by maya": fraud(
        where="a.b = 1", against="run", baseline=Filtered("c.d = 2"), user="maya"
    ),
    "watch team/* quiet 20-8, mention owner, metrics loss, acc, against best, except team/b, only better, by maya": Watch(
        "team/*", "best", None, "", "maya", OnlyRuns.BETTER, (), ("loss", "acc"), NIGHT, ("team/b",), mentions_owner=True
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "meant"), SAID.items())
def test_a_watch_means_what_was_said(text, meant):
    assert parse(text) == WatchRequest(meant)


@pytest.mark.parametrize("text", SAID)
def test_the_words_that_are_kept_mean_the_same_when_they_are_read_again(text):
    asked = parse(text)
    assert watching_of(asked.words) == asked.watching


def test_words_are_kept_as_they_were_typed_without_what_was_polite():
    assert parse("<@U1> can you watch Fraud,  ONLY failed please").words == "Fraud, ONLY failed"
    assert parse("digest every day at 9am UTC!").words == "every day at 9am UTC"


def test_a_watch_knows_where_its_place_was_named():
    for text in ("watch only failures in fraud", "watch experiment fraud", "watch fraud by maya"):
        assert text[parse(text).at :].startswith("fraud")


EVERY_DAY, WORKDAYS = (0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4)
HALF_PAST_NINE = time(9, 30)
DIGESTS = {
    "digest weekdays 9:30 Europe/Berlin": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE, "Europe/Berlin")),
    "digest 9:30 weekdays europe/berlin": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE, "Europe/Berlin")),
    "digest on weekdays at 9:30 in Europe/Berlin": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE, "Europe/Berlin")),
    "digest mon-fri 0930 UTC": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE)),
    "digest Monday to Friday 9h30": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE)),
    "digest every day at 9am": Digest(WeeklySchedule(EVERY_DAY, time(9))),
    "digest daily 9 am": Digest(WeeklySchedule(EVERY_DAY, time(9))),
    "digest daily at noon": Digest(WeeklySchedule(EVERY_DAY, time(12))),
    "digest weekends 10:00": Digest(WeeklySchedule((5, 6), time(10))),
    "digest mondays 17:00 UTC": Digest(WeeklySchedule((0,), time(17))),
    "digest mon, wed and fri 9:30": Digest(WeeklySchedule((0, 2, 4), HALF_PAST_NINE)),
    "digest mon, wed 14:00": Digest(WeeklySchedule((0, 2), time(14))),
    "digest 9:30": Digest(WeeklySchedule(EVERY_DAY, HALF_PAST_NINE)),
    "digest weekdays 9:30 all experiments": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE)),
    "digest weekdays 9:30 Europe/Berlin fraud, iris": Digest(
        WeeklySchedule(WORKDAYS, HALF_PAST_NINE, "Europe/Berlin"), ("fraud", "iris")
    ),
    "digest weekdays 9:30 for fraud and my iris": Digest(
        WeeklySchedule(WORKDAYS, HALF_PAST_NINE), ("fraud", "my iris")
    ),
    "digest weekdays 9:30 team/fraud": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE), ("team/fraud",)),
    "digest weekdays 9:30 asia/churn": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE), ("asia/churn",)),
    'digest weekdays 9:30 "Berlin"': Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE), ("Berlin",)),
    "digest weekdays 9:30 UTC berlin": Digest(WeeklySchedule(WORKDAYS, HALF_PAST_NINE), ("berlin",)),
    "digest off": None,
    "digest stop": None,
    "unwatch digest": None,
}


@pytest.mark.parametrize(("text", "meant"), DIGESTS.items())
def test_a_digest_means_what_was_said_and_so_do_its_words(text, meant):
    asked = parse(text)
    assert asked == PlanDigest(meant)
    assert (digest_of(asked.words) == meant) if meant else asked.words == ""


OTHERS = {
    "watches": ListWatches(),
    "watch list": ListWatches(),
    "unwatch fraud": Unwatch("fraud"),
    "unwatch": Unwatch(""),
    "watch off": Unwatch(""),
    "unwatch my fraud model": Unwatch("my fraud model"),
    "unwatch *": Unwatch("*"),
    "unwatch all": Unwatch("*", is_all=True),
    "unsubscribe everything": Unwatch("*", is_all=True),
    "please stop watching fraud": Unwatch("fraud"),
    "unwatch fraud only failures": Unwatch("fraud", watching=fraud(only=OnlyRuns.FAILURES)),
    "watch vs other": Compare((Named("watch"), Named("other"))),
    "watches vs other": Compare((Named("watches"), Named("other"))),
    "unwatch vs other": Compare((Named("unwatch"), Named("other"))),
    "digest vs other": Compare((Named("digest"), Named("other"))),
    "digest model vs base": Compare((Named("digest model"), Named("base"))),
    '"watch" against best': Compare((Leading(), Named("watch"))),
    "compare watch other": Compare((Named("watch"), Named("other"))),
    "show watch": Show(Named("watch")),
}


@pytest.mark.parametrize(("text", "meant"), OTHERS.items())
def test_watches_are_listed_and_taken_back_and_runs_may_be_called_so(text, meant):
    assert parse(text) == meant


REFUSED = {
    # said: (the spot, what is wrong, what to copy)
    "watch fraud only wrong": ("wrong", "Only what?", "watch fraud only failures"),
    "watch fraud onyl failures": ("onyl", "There is no option onyl.", "watch fraud only failures"),
    "watch my long name agianst best": ("agianst", "There is no option agianst.", "watch my long name against best"),
    "watch fraud by maya qiet 20-8": ("qiet", "There is no option qiet.", "watch fraud by maya quiet 20-8"),
    "watch fraud, mnetion owner": ("mnetion", "There is no option mnetion.", "watch fraud, mention owner"),
    "watch fraud, iris": (",", "One watch is of one experiment", "watch fraud"),
    "unwatch my fraud, iris": (",", "One watch is of one experiment", "unwatch my fraud"),
    'watch "" only failures': ('""', "There is no name", "watch my-experiment"),
    "watch in fraud by maya in iris": ("in iris", "In is said twice.", "watch failures in my-experiment"),
    f"watch {UI}/#/experiments/7/runs/{ID}": (UI, "this link leads to a run", "watch my-experiment"),
    f"watch {UI}/#/models": (UI, "This link leads to no experiment.", "watch my-experiment"),
    "watch fraud only failures only better": ("only better", "Only is said twice.", "watch fraud only failures"),
    "watch fraud by maya, by jonas": ("by jonas", "By is said twice.", "watch fraud by maya"),
    "watch fraud metrics a metric b": ("metric b", "Metrics is said twice.", "watch fraud metrics accuracy, loss"),
    "watch failures in fraud only better": ("only better", "Only is said twice.", "watch my-experiment only failures"),
    "watch fraud when loss is nice": ("loss is nice", "I cannot read this rule: loss is nice.", "watch fraud when"),
    "watch fraud when loss drops by -2": ("loss drops by -2", "I cannot read this rule", "watch fraud when"),
    "watch fraud when a < 1, b is c": ("b is c", "I cannot read this rule: b is c.", "watch fraud when"),
    "watch fraud when loss < 1 or acc > 2": ("loss < 1 or acc > 2", "I cannot read this rule", "watch fraud when"),
    "watch fraud when loss < 0,2": ("2", "I cannot read this rule: 2.", "watch fraud when"),
    "watch fraud when loss < 90%": ("loss < 90%", "I cannot read this rule", "watch fraud when"),
    "watch fraud when loss < 1e999": ("loss < 1e999", "I cannot read this rule", "watch fraud when"),
    "watch fraud when": ("when", "When what?", "watch fraud when accuracy drops by 2 %"),
    "watch fraud when " + ", ".join(f"m{n} < 1" for n in range(11)): ("m0", "at most 10 rules", "watch fraud when"),
    "watch fraud quiet": ("quiet", "Quiet when?", "watch fraud quiet 20:00-08:00 Europe/Berlin"),
    "watch fraud quiet 25:00-08:00": ("25:00-08:00", "Quiet when?", "watch fraud quiet 20:00-08:00 Europe/Berlin"),
    "watch fraud quiet 20:00-24:30": ("20:00-24:30", "Quiet when?", "watch fraud quiet 20:00-08:00 Europe/Berlin"),
    "watch fraud quiet 8:00-08:00": ("8:00-08:00", "Quiet when?", "watch fraud quiet 20:00-08:00 Europe/Berlin"),
    "watch fraud quiet 20-8 Europe/Berln": ("Europe/Berln", "no time zone", "watch fraud quiet 20-8 Europe/Berlin"),
    "watch fraud quiet 20-8 PST": ("PST", "no time zone called PST", "watch fraud quiet 20-8 America/Los_Angeles"),
    "watch fraud mention everyone": ("everyone", "Only the owner of a run", "watch fraud mention owner"),
    "watch fraud broadcast failures": ("failures", "Only a new best", "watch fraud broadcast new best"),
    "watch fraud where nothing": ("where nothing", "That is no filter of MLflow's.", "watch fraud where"),
    "watch fraud against": ("against", "Against what?", "watch fraud against best"),
    "watch fraud against a, b": ("a, b", "A watch has one baseline.", "watch fraud against best"),
    "watch fraud against top 3": ("top 3", "A watch has one baseline.", "watch fraud against best"),
    "watch fraud by": ("by", "Whose runs?", "watch fraud by maya"),
    "watch fraud by me": ("me", "I do not know what MLflow calls you.", "watch fraud by maya"),
    "watch fraud by maya, jonas": ("maya, jonas", "one person", "watch fraud by maya"),
    "watch fraud by accuracy": ("accuracy", "looks like a metric", "watch fraud metrics accuracy, loss"),
    "watch fraud metrics": ("metrics", "Which metrics?", "watch fraud metrics accuracy, loss"),
    "watch * except": ("except", "Except which?", "watch team/* except"),
    "watch * except " + ", ".join(f"e{n}" for n in range(51)): ("e0", "51 names", "watch team/* except"),
    "unwatch fraud only wrong": ("wrong", "Only what?", "unwatch fraud only failures"),
    "watches of maya": ("of maya", "All watches of the channel are listed.", "watches"),
    "digest": ("digest", "When shall the digest come?", "digest weekdays 9:30 Europe/Berlin"),
    "digest sometimes": ("sometimes", "When shall the digest come?", "digest weekdays 9:30 Europe/Berlin"),
    "digest wekdays 9:30 fraud": ("wekdays", "When shall the digest come?", "digest weekdays 9:30 fraud"),
    "digest fraud weekdays 9:30": ("fraud", "When shall the digest come?", "digest weekdays 9:30 fraud"),
    "digest now": ("now", "When shall the digest come?", "standup"),
    "digest weekdays": ("weekdays", "At what time?", "digest weekdays 9:30 Europe/Berlin"),
    "digest mon 25:00": ("25:00", "At what time?", "digest weekdays 9:30 Europe/Berlin"),
    "digest daily 9:30 Europe/Nowhere": ("Europe/Nowhere", "no time zone called Europe/Nowhere", "digest daily 9:30"),
    "digest daily 9:30 Berlin iris": ("Berlin", "no time zone called Berlin", "digest daily 9:30 Europe/Berlin iris"),
    "digest daily 9:30 EST": ("EST", "no time zone called EST", "digest daily 9:30 America/New_York"),
    'digest daily 9:30 ""': ('""', "There is no name", "digest weekdays 9:30 Europe/Berlin my-experiment"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.items())
def test_what_cannot_be_meant_is_said_with_the_spot_and_a_line_to_copy_that_is_understood(text, told):
    spot, problem, example = told
    with pytest.raises(NotUnderstood) as refused:
        parse(text)
    error = refused.value
    assert problem in error.problem
    assert error.remedy
    assert text[error.at :].startswith(spot)
    assert text[error.at : error.end].endswith(spot.split()[-1]) or error.end - error.at > len(spot)
    assert error.example.startswith(example)
    assert parse(error.example)


@pytest.mark.parametrize(
    ("zone", "nearest"),
    [("Europe/Berln", "Europe/Berlin"), ("Berln", "Europe/Berlin"), ("America/NewYork", "America/New_York"), ("BST", "Europe/London"), ("Eurpe/Paris", "Europe/Paris")],
)  # fmt: skip
def test_a_zone_that_does_not_exist_is_told_the_nearest(zone, nearest):
    with pytest.raises(NotUnderstood) as refused:
        parse(f"watch fraud quiet 20:00-08:00 {zone}")
    assert refused.value.near[0] == nearest


def test_what_is_kept_and_means_nothing_any_more_is_refused_with_its_words():
    with pytest.raises(NotUnderstood) as refused:
        watching_of("fraud only wrong")
    assert refused.value.text == "watch fraud only wrong"
    with pytest.raises(NotUnderstood) as refused:
        digest_of("off")
    assert refused.value.text == "digest off"


WORDS = [
    *("watch", "digest", "fraud", "team/*", "*", "only", "failures", "better", "against", "best", "by", "maya", "f1"),
    *("when", "loss", "<", "&lt;", "0.2", "drops", "2", "%", "and", ",", "where", "params.a = 'x'", "in", "quiet"),
    *("20:00-08:00", "Europe/Berlin", "mention", "owner", "broadcast", "except", '"', "'", "*a", "b*", "metrics"),
    *(
        "weekdays",
        "mon",
        "9:30",
        "am",
        "Berlin",
        "vs",
        "<",
        ">",
        "onyl",
        "`",
        "@x",
        "the",
        "runs",
        "all",
        "models:/a@b",
    ),
]
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=12).map(" ".join) | st.text(max_size=40)


@given(st.sampled_from(["watch", "digest", "unwatch"]), TEXTS)
def test_any_text_behind_the_command_is_a_request_or_a_request_error(command, text):
    said = f"{command} {text}"
    asked = answered(said)
    if isinstance(asked, RequestError):
        assert asked.problem
        assert asked.at is None or 0 <= asked.at <= len(said)
        assert not asked.example or parse(asked.example)
    elif isinstance(asked, WatchRequest):
        assert watching_of(asked.words) == asked.watching
    elif isinstance(asked, PlanDigest) and asked.digest:
        assert digest_of(asked.words) == asked.digest


def answered(text):
    try:
        return parse(text)
    except RequestError as error:
        return error


@pytest.mark.parametrize(
    "piece",
    ["where a=1 only ", "when a < 1 ", "onyl ", "a and ", "by ", '"', "mon ", "<a ", "in ", "*", "a, ", "drops "],
)
def test_hostile_repetition_is_refused_or_read(piece):
    for command in ("watch x ", "unwatch x ", "digest 9:30 ", "digest ", "notify us when ", "mute ", "follow "):
        assert answered(command + piece * (4_000 // len(piece)))


def test_a_pattern_copied_from_a_message_where_a_look_alike_stands_for_the_star_is_the_pattern():
    assert watching_of("fraud-\u2217").place == "fraud-*"
