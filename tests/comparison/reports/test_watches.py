"""A watch in words: those that are kept mean the same when they are read again, and people can read the others."""

from datetime import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comparison.errors import RequestError
from comparison.language.digest_command import digest_words
from comparison.language.parser import digest_of, watching_of
from comparison.language.watch_command import watch_words
from comparison.reports.watches import digest_sentence, watch_sentence
from comparison.run_reference import Filtered, Latest, Leading, Linked, Named, OfDay, Registered, Unfinished
from comparison.watch import Digest, MetricRule, OnlyRuns, QuietHours, Watch, WeeklySchedule

ID = "0123456789abcdef0123456789abcdef"
BERLIN = QuietHours(time(20), time(8), "Europe/Berlin")
FULL = Watch(
    "team/*",
    "run",
    Named("my run"),
    "params.model = 'xgb'",
    "maya",
    OnlyRuns.BETTER,
    (MetricRule("val_loss", "<", 0.2), MetricRule("F1 score", "drops", 2, is_percent=True)),
    ("acc", "val loss"),
    BERLIN,
    ("team/test", "old*"),
    mentions_owner=True,
    broadcasts=True,
)

WORDS = [
    (Watch("fraud"), "fraud"),
    (Watch(""), ""),
    (Watch("", only=OnlyRuns.FAILURES), "only failures"),
    (Watch("*"), "*"),
    (Watch("everything"), '"everything"'),
    (Watch("my fraud"), '"my fraud"'),
    (Watch('the "best" one'), '“the "best" one”'),
    (Watch("*fraud*"), "*fraud*"),
    (Watch("off"), '"off"'),
    (Watch("fraud", "best"), "fraud against best"),
    (Watch("fraud", "run", Named("best")), 'fraud against "best"'),
    (Watch("fraud", "run", Named("run A", otherwise="A")), "fraud against run A"),
    (Watch("fraud", "run", Linked(ID, "7")), f"fraud against #/experiments/7/runs/{ID}"),
    (Watch("fraud", "run", Latest(2)), "fraud against latest~2"),
    (Watch("fraud", "run", Leading("val loss", worst=True)), 'fraud against worst metric "val loss"'),
    (Watch("fraud", "run", Registered(alias="champion")), "fraud against @champion"),
    (Watch("fraud", "run", Registered("x", version="3")), "fraud against models:/x/3"),
    (Watch("fraud", "run", Filtered("a.b > 1"), "c.d = 2"), "fraud against where a.b > 1 where c.d = 2"),
    (Watch("fraud", "run", OfDay("monday")), "fraud against monday's run"),
    (Watch("fraud", "run", Unfinished()), "fraud against @running"),
    (Watch("fraud", user="accuracy"), "fraud by user accuracy"),
    (Watch("fraud", rules=(MetricRule("loss", "<", 0.1 + 0.2),)), "fraud when loss < 0.30000000000000004"),
    (
        FULL,
        (
            'team/* except team/test, old* against "my run" by maya only better when val_loss < 0.2 and '
            '"F1 score" drops by 2 % metrics acc, "val loss" quiet 20:00-08:00 Europe/Berlin mention owner '
            "broadcast new best where params.model = 'xgb'"
        ),
    ),
]


@pytest.mark.parametrize(("watching", "words"), WORDS, ids=[words for _watching, words in WORDS])
def test_a_watch_is_kept_in_words_that_can_be_typed(watching, words):
    assert watch_words(watching) == words
    assert watching_of(words) == watching


@pytest.mark.parametrize(
    ("watching", "told"),
    [
        (Watch("fraud"), "fraud"),
        (Watch(""), "the channel's experiment"),
        (Watch("*", excepted=("a", "b*")), "every experiment except a and b*"),
        (
            Watch("fraud", "best", only=OnlyRuns.FAILURES, quiet=BERLIN),
            "fraud, only failures, against the best, quiet 20:00–08:00 Europe/Berlin",
        ),
        (Watch("fraud", quiet=QuietHours(time(20), time(8))), "fraud, quiet 20:00–08:00 UTC"),
        (Watch("fraud", "run", Leading("f1")), "fraud, against the best f1"),
        (Watch("fraud", "run", Linked(ID)), "fraud, against 01234567…"),
        (Watch("fraud", "previous", user="maya"), "fraud, by maya, against the previous run"),
        (Watch("fraud", rules=(MetricRule("acc", "drops", 0),)), "fraud, when acc drops"),
        (Watch("fraud", only_clear=True), "fraud, only clear differences"),
        (Watch("fraud", seeds=5), "fraud, when 5 seeds of a configuration are in"),
        (
            FULL,
            (
                "team/* except team/test and old*, only better runs, by maya, against my run, when val_loss < 0.2 and "
                "F1 score drops by 2 %, where params.model = 'xgb', metrics acc and val loss, "
                "quiet 20:00–08:00 Europe/Berlin, mentions the owner, broadcasts a new best"
            ),
        ),
    ],
)
def test_people_read_what_is_watched(watching, told):
    assert watch_sentence(watching) == told


def test_a_digest_is_kept_and_read_in_words():
    digest = Digest(WeeklySchedule((0, 1, 2, 3, 4), time(9, 30), "Europe/Berlin"), ("fraud", "my iris", "UTC"))
    assert digest_words(digest) == 'weekdays 9:30 Europe/Berlin fraud, "my iris", UTC'
    assert digest_sentence(digest) == "weekdays 9:30 Europe/Berlin, fraud, my iris and UTC"
    every_day = Digest(WeeklySchedule((0, 1, 2, 3, 4, 5, 6), time(7)))
    assert (digest_words(every_day), digest_sentence(every_day)) == (
        "daily 7:00 UTC",
        "daily 7:00 UTC, all experiments",
    )
    assert digest_words(Digest(WeeklySchedule((0, 2), time(14)))) == "mon, wed 14:00 UTC"


# A name is what MLflow holds and people can type: without control characters, blanks at its ends or quotes of all kinds.
OURS = [
    "best",
    "vs",
    "by",
    "in fraud",
    "only failures",
    "*",
    "*a",
    "a*",
    "a, b",
    "and",
    "Berlin",
    "mon",
    "run A",
    *("but", "not", "if", "without", "help", "here", "x here", "failures only", "--only", "only=failures", "only:"),
    *("if it fails", "all but b", "a for me", "improves", "gets worse", "+", "UTC +2", "mo-fr", "hourly", "o'clock"),
    *("follow", "x and", "in this channel", "-", "weekly", "New York", "9 and 17", "9", "local time"),
    "a;b",
]
LETTERS = st.text(st.sampled_from("ab cß/*?[]().,;:=<>&%@#-_'\"“”’`|!–é日😀"), min_size=1, max_size=8)
NAMES = (st.sampled_from(OURS) | LETTERS).map(str.strip).filter(bool)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Etc/GMT-2", "CET"])
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
SPANS = st.builds(QuietHours, TIMES, TIMES, ZONES).filter(lambda quiet: quiet.begin != quiet.end)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.from_regex(r"[a-z][a-z0-9_/]{0,8}", fullmatch=True)
RULES = st.builds(MetricRule, PLAIN, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), NUMBERS) | st.builds(
    MetricRule, PLAIN, st.sampled_from(["drops", "rises", "changes"]), NUMBERS.map(abs), st.booleans()
)
BASELINES = st.sampled_from([None, "previous", "best", "baseline"]) | st.one_of(
    NAMES.map(Named),
    st.builds(Leading, NAMES, st.booleans()),
    st.integers(2, 99).map(Latest),
    st.just(Linked(ID)),
    st.builds(Registered, PLAIN.map(lambda name: name.replace("/", "")), PLAIN.map(lambda name: name.replace("/", ""))),
)
WATCHINGS = st.builds(
    lambda place, against, **options: Watch(
        place,
        *((against or "", None) if against is None or isinstance(against, str) else ("run", against)),
        **options,
    ),
    NAMES,
    BASELINES,
    user=st.just("") | NAMES,
    only=st.none() | st.sampled_from(list(OnlyRuns)),
    rules=st.lists(RULES, max_size=2).map(tuple),
    metrics=st.lists(NAMES, max_size=3, unique=True).map(tuple),
    quiet=st.none() | SPANS,
    excepted=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    mentions_owner=st.booleans(),
    broadcasts=st.booleans(),
    where=st.sampled_from(["", "params.a = 'x, by y'", "metrics.acc > 0.9 and tags.`in by` like '%b%'"]),
)


@given(WATCHINGS)
@example(Watch("best", excepted=("?",)))
@example(Watch("run-?", excepted=("a?", "b*")))
@example(Watch("best", user=");"))
@example(Watch("best", excepted=("?@-",)))
@example(Watch("x (new)", metrics=("f1 (macro)",), user="a);"))
def test_any_watch_in_words_means_the_same_when_it_is_read(watching):
    assert watching_of(watch_words(watching)) == watching
    assert watch_sentence(watching) == " ".join(watch_sentence(watching).split())


DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
PLANS = st.builds(
    Digest, st.builds(WeeklySchedule, DAYS, TIMES, ZONES), st.lists(NAMES, max_size=3, unique=True).map(tuple)
)


@given(PLANS)
def test_any_digest_in_words_means_the_same_when_it_is_read(digest):
    assert digest_of(digest_words(digest)) == digest


@given(st.text(max_size=30))
def test_any_text_that_is_a_watch_can_be_said_again(text):
    try:
        watching = watching_of(text)
    except RequestError:
        return
    assert watching_of(watch_words(watching)) == watching
