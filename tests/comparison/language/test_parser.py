"""What people type and the request it becomes: the tables beside this file, and what holds for any text."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood, RequestError
from comparison.language.draft import LeftOver
from comparison.language.lexicon import WORDS
from comparison.language.names import Kind, Names
from comparison.language.parser import COMMANDS as ROWS
from comparison.language.parser import line, parse, read
from comparison.request import (
    ChangeWatch,
    Compare,
    Experiments,
    Failed,
    Help,
    ListWatches,
    Pin,
    Running,
    Runs,
    SetDefault,
    Show,
    ShowSettings,
    Standup,
    Top,
    Unwatch,
    WatchRequest,
)
from comparison.run_reference import (
    AllRuns,
    Among,
    Exclusion,
    Filtered,
    Group,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    SweepRuns,
    TopRuns,
    Unfinished,
)
from comparison.watch import OnlyRuns, Watch
from tests.comparison.language.team import NAMES

HERE = Path(__file__).parent


def table(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [each.split("\t") for each in lines if each and not each.startswith("#")]


def answered(text, names=NAMES):
    try:
        return parse(text, names)
    except RequestError as error:
        return error


SAID = table("said.tsv")
REFUSED = table("refused.tsv")


@pytest.mark.parametrize(("said", "written"), SAID, ids=[said for said, _written in SAID])
def test_what_is_said_becomes_the_request_that_this_line_is_read_as(said, written):
    assert line(parse(said, NAMES)) == written
    assert parse(written, NAMES) == parse(said, NAMES)


@pytest.mark.parametrize(("said", "spot", "problem", "remedy", "example"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_meant_is_told_with_the_spot_a_remedy_and_a_line_that_works(
    said, spot, problem, remedy, example
):
    with pytest.raises(NotUnderstood) as caught:
        parse(said, NAMES)
    error = caught.value
    assert (error.problem, error.remedy, error.example) == (problem, remedy, example)
    assert error.text == said
    assert not spot or said[error.at : error.end] == spot
    assert parse(example, NAMES)


def test_the_tables_are_large_enough_to_tell():
    assert len(SAID) >= 300
    assert len(REFUSED) >= 60


# A run's own name wins


OWN = Names.of(
    runs=(
        "baseline",
        "candidate",
        "champion",
        "production",
        "staging",
        "latest",
        "running",
        "please",
        "xgb-v1",
        "best",
    ),
    experiments=("fraud",),
    metrics=("f1",),
)


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        ("baseline vs candidate", ("baseline", "candidate")),
        ("candidate vs baseline", ("baseline", "candidate")),
        ("champion vs xgb-v1", ("champion", "xgb-v1")),
        ("xgb-v1 vs production", ("production", "xgb-v1")),
        ("staging vs xgb-v1", ("staging", "xgb-v1")),
        ("latest vs xgb-v1", ("latest", "xgb-v1")),
        ("compare running with xgb-v1", ("running", "xgb-v1")),
        ("please vs xgb-v1", ("please", "xgb-v1")),
    ],
)
def test_the_run_of_a_name_comes_before_the_special_word(said, runs):
    assert tuple(run.text for run in parse(said, OWN).runs) == runs


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("@baseline vs candidate", Compare((Pinned(), Named("candidate")))),
        ("@latest vs candidate", Compare((Latest(), Named("candidate")))),
        ("@champion vs xgb-v1", Compare((Registered(alias="champion"), Named("xgb-v1")))),
        ("running", Running()),
        ("compare please xgb-v1 & candidate", Compare((Named("xgb-v1"), Named("candidate")))),
        ("best f1 in fraud", Show(Leading("f1"), "fraud")),
    ],
)
def test_a_sign_or_its_place_keeps_the_special_meaning(said, meant):
    assert parse(said, OWN) == meant


def test_a_name_that_is_a_person_and_a_metric_is_asked_about():
    both = Names.of(users=("f1",), metrics=("f1",))
    with pytest.raises(NotUnderstood) as caught:
        parse("top 5 by f1", both)
    assert caught.value.remedy == "Say by user f1, or by metric f1."
    assert parse("top 5 by user f1", both) == Top(among=Among(user="f1"))
    assert parse("top 5 by metric f1", both) == Top(metric="f1")


def test_words_taken_for_names_that_are_not_known_are_told_so_that_they_can_be_looked_up():
    guesses = read("xgb-v1 vs xgb-v99 by sharpness in narnia", NAMES).guesses
    assert {(each.kind, each.text) for each in guesses} == {
        (Kind.RUN, "xgb-v99"),
        (Kind.METRIC, "sharpness"),
        (Kind.EXPERIMENT, "narnia"),
    }
    assert read("xgb-v1 vs xgb-v2 by f1 in fraud", NAMES).guesses == ()


@pytest.mark.parametrize("said", ["nice :tada: looks good", "thanks a lot!", "ok", "lgtm", "wow", "tell me a joke"])
def test_small_talk_is_left_over_so_that_a_thread_can_be_silent(said):
    with pytest.raises(LeftOver):
        parse(said, NAMES)


@pytest.mark.parametrize("typed", ["XGB_V1", "xgb v1", "Xgb.v1", "ｘｇｂ-v1", '"xgb-v1"'])
def test_a_name_is_found_however_it_is_typed(typed):
    assert parse(f"{typed} vs xgb-v2", NAMES) == Compare((Named("xgb-v1"), Named("xgb-v2")))


# Nothing is dropped: every command with every slot


COMMANDS = [
    "xgb-v1 vs xgb-v2",
    "compare all runs",
    "show xgb-v1",
    "who ran xgb-v1",
    "top 5",
    "best 3",
    "running",
    "failed",
    "standup",
    "list runs",
    "list experiments",
    "settings",
    "watches",
    "pin xgb-v1",
    "unpin",
    "watch fraud",
    "unwatch fraud",
    "digest weekdays 9:30",
    "set metric f1",
    "latest",
    "best",
]
PHRASES = [
    "in churn",
    "by jonas",
    "by recall",
    "metrics recall, precision",
    "only recall",
    "without recall",
    "since tuesday",
    "until tuesday",
    "at step 7",
    "where params.lr = '0.1'",
    "except xgb-v3",
    "except digits",
    "not by maya",
    "without failed",
    "lower is better",
    "within 2 %",
    "best values",
    "all metrics",
    "what changed",
    "only differences",
    "only params",
    "only failures",
    "when recall < 0.5",
    "against xgb-v3",
    "quiet 20:00-08:00",
    "mention owner",
    "on gpu",
    "loudly",
    "swap",
    "in churn and digits",
    "of the last 10 runs",
    "within 0.005",
    "sorted by change",
    "only clear",
    "when 5 seeds are in",
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("phrase", PHRASES)
def test_what_is_added_changes_the_request_or_is_refused(command, phrase):
    before, after = parse(command, NAMES), answered(f"{command} {phrase}")
    if isinstance(after, RequestError):
        assert after.problem
        assert after.remedy
        return
    assert after != before or (command, phrase) == ("failed", "only failures")  # they are failures


@pytest.mark.parametrize("command", ["failed", "running", "standup", "list runs", "top 5 by f1", "xgb-v1 vs xgb-v2"])
@pytest.mark.parametrize(
    "slots", [("in churn", "by user jonas"), ("in churn", "since tuesday"), ("except xgb-v3", "in churn")]
)
def test_slots_come_in_any_order(command, slots):
    there, back = answered(f"{command} {slots[0]} {slots[1]}"), answered(f"{command} {slots[1]} {slots[0]}")
    assert there == back or (isinstance(there, RequestError) and isinstance(back, RequestError))


# Laws


KNOWN = {"team": NAMES, "own": OWN, "none": Names()}
OURS = sorted(" ".join(words) for words in WORDS if len(words) < 4)
WORD = st.sampled_from(
    [
        *("xgb-v1", "xgb-v2", "fraud", "maya", "jonas", "f1", "val_auc", "5", "0.1", "%", ",", '"', "'", "“", "<", ">"),
        *(
            "yesterday",
            "monday 9am",
            "where",
            "params.lr = '0.1'",
            "vs",
            "in",
            "by",
            "not",
            "except",
            "A",
            "foo",
            "9:30",
        ),
        *(
            "http://",
            "#/",
            "*",
            "@champion",
            "latest~2",
            "Europe/Berlin",
            "maya's",
            "lr=0.1",
            "compare",
            "watch",
            "digest",
        ),
    ]
) | st.sampled_from(OURS)
TEXT = st.lists(WORD | st.text(max_size=5), max_size=10).map(" ".join) | st.text(max_size=60)


@given(TEXT, st.sampled_from(["team", "own", "none"]).map(KNOWN.get))
def test_any_text_is_a_request_or_a_request_error_with_a_line_that_works(text, names):
    found = answered(text, names)
    if isinstance(found, RequestError):
        assert found.problem
        assert found.at is None or 0 <= found.at <= len(text)
        assert parse(found.example, names)
    elif isinstance(found, Compare):
        assert found.runs


NAME = st.sampled_from(["xgb-v1", "my run", "the", "vs", "lr=0.1,bs=32", "O'Brien", "日本", 'say "hi"', "in by"])
METRICS = st.lists(st.sampled_from(["f1", "my score", "by", "a/b"]), max_size=2, unique=True).map(tuple)
EXPERIMENT = st.sampled_from(["", "fraud", "My Experiment", "in"])
USER = st.sampled_from(["", "maya", "Maya Lin"])
EXCLUDED = st.lists(
    st.builds(Exclusion, st.just("run"), NAME)
    | st.builds(Exclusion, st.just("user"), NAME)
    | st.builds(Exclusion, st.just("experiment"), NAME)
    | st.builds(Exclusion, st.just("status"), st.sampled_from(["failed", "running", "finished"])),
    max_size=2,
    unique=True,
).map(tuple)
AMONG = st.builds(
    Among,
    user=USER,
    since=st.sampled_from(["", "yesterday", "monday 9am", "3 days"]),
    until=st.sampled_from(["", "today", "before monday"]),
    where=st.sampled_from(["", "params.lr = '0.1'"]),
    excluded=EXCLUDED,
    count=st.sampled_from([None, 3]),
)
ONE = st.one_of(
    st.builds(Named, NAME),
    st.builds(Linked, st.just("0123456789abcdef0123456789abcdef"), st.sampled_from(["", "7"])),
    st.builds(Latest, st.integers(0, 3), st.just("")),
    st.builds(Latest, st.just(0), st.sampled_from(["maya", "Maya Lin"])),
    st.builds(Leading, st.sampled_from(["", "f1", "my score"]), st.booleans()),
    st.builds(Leading, st.just(""), st.booleans(), user=st.sampled_from(["maya", "Maya Lin"])),
    st.just(Pinned()),
    st.builds(Registered, st.just("fraud"), st.just("champion")),
    st.builds(Registered, st.just(""), st.just("champion")),
    st.just(Unfinished()),
    st.builds(OfDay, st.sampled_from(["yesterday", "monday"])),
    st.just(Filtered("params.lr = '0.1'")),
)
SEVERAL = st.one_of(
    st.builds(TopRuns, st.integers(1, 5), st.sampled_from(["f1", "my score"]), st.booleans()),
    st.builds(SweepRuns, st.builds(Named, st.just("grid-7"))),
    st.builds(Group, pattern=st.just("mlp-32-*")),
    st.builds(Group, name=NAME),
    st.builds(Group, where=st.just("tags.a = 'b'")),
)


def in_order(compare):
    """With the side that is the baseline by its kind in front, as every comparison has it."""
    ranked = sorted(compare.runs, key=rank)
    first = ranked[0]
    alone = rank(first) < 3 and [rank(each) for each in ranked].count(rank(first)) == 1
    runs = (first, *(each for each in compare.runs if each is not first)) if alone else compare.runs
    return replace(compare, runs=runs)


def rank(run):
    match run:
        case Pinned():
            return 0
        case Registered():
            return 1
    return 3


COMPARISONS = (
    st.builds(
        Compare,
        st.lists(ONE | SEVERAL, min_size=2, max_size=4, unique=True).map(tuple),
        EXPERIMENT,
        METRICS,
        everything=st.booleans(),
        best=st.booleans(),
        at_step=st.none() | st.integers(0, 10_000),
        why=st.booleans(),
        differing=st.booleans(),
        part=st.sampled_from(["", "parameters", "tags", "datasets", "details"]),
        without_metrics=METRICS,
        goal=st.sampled_from(["", "lower", "higher"]),
        tolerance=st.sampled_from([None, 0.001, 0.05]),
        by_change=st.booleans(),
    )
    .filter(lambda each: not set(each.metrics) & set(each.without_metrics))
    .map(in_order)
)
REQUESTS = st.one_of(
    COMPARISONS,
    st.builds(
        Compare,
        AMONG.map(
            lambda among: (
                AllRuns(replace(among, count=None, excluded=tuple(e for e in among.excluded if e.kind != "run"))),
            )
        ),
        EXPERIMENT,
        excluded=st.lists(NAME.map(Named), max_size=2, unique=True).map(tuple),
    ),
    st.builds(Show, ONE, EXPERIMENT, part=st.sampled_from(["", "parameters", "tags"]), at_step=st.none() | st.just(3)),
    st.builds(Show, ONE, EXPERIMENT, who=st.just(True)),
    st.builds(
        Top,
        st.integers(1, 50),
        st.sampled_from(["f1", "my score"]),
        st.booleans(),
        EXPERIMENT,
        st.sampled_from(["", "params.lr = '0.1'"]),
        at_step=st.none() | st.just(3),
        goal=st.sampled_from(["", "lower"]),
        among=AMONG.map(lambda among: replace(among, where="", count=None)),
    ),
    st.builds(Running, EXPERIMENT, metrics=METRICS, among=AMONG.map(lambda among: replace(among, until=""))),
    st.builds(Runs, EXPERIMENT, metrics=METRICS, among=AMONG),
    st.builds(
        Failed,
        st.sampled_from(["", "monday"]),
        EXPERIMENT,
        metrics=METRICS,
        among=AMONG.map(lambda a: replace(a, since="")),
    ),
    st.builds(
        Standup,
        st.sampled_from(["", "24h"]),
        EXPERIMENT,
        metrics=METRICS,
        among=AMONG.map(
            lambda a: replace(a, since="", count=None, excluded=tuple(e for e in a.excluded if e.kind != "run"))
        ),
    ),
    st.builds(
        SetDefault, st.sampled_from(["experiment", "metric"]), st.sampled_from(["", "f1", "My Experiment", "vs"])
    ),
    st.builds(SetDefault, st.just("examples"), st.sampled_from(["", "on", "off"])),
    st.builds(SetDefault, st.just("goal"), st.sampled_from(["lower", "higher"]), st.sampled_from(["f1", "my score"])),
    st.builds(Pin, st.none() | st.builds(Named, NAME), st.just("")),
    st.just(ShowSettings()),
    st.just(ListWatches()),
    st.just(Experiments()),
    st.builds(Help, st.sampled_from(["", "watch"])),
    st.just(Unwatch("*", is_all=True)),
    st.builds(
        ChangeWatch,
        st.sampled_from(["pause", "resume", "change"]),
        st.sampled_from(["", "fraud", "My Experiment", "team/*", "only"]),
        watching=st.sampled_from([None, Watch("", only=OnlyRuns.FAILURES), Watch("", against="best", metrics=("f1",))]),
    ),
    st.builds(ChangeWatch, st.sampled_from(["pause", "resume"]), is_digest=st.just(True)),
    st.builds(ChangeWatch, st.sampled_from(["pause", "resume"]), st.just("*"), is_all=st.just(True)),
)


@given(REQUESTS, st.sampled_from(["team", "none"]).map(KNOWN.get))
def test_a_request_that_is_written_is_read_as_the_same_request(request, names):
    written = line(request)
    assert parse(written, names) == request, written


@given(
    st.builds(
        Watch,
        st.sampled_from(["fraud", "team/*", "My Experiment", "only", "*"]),
        st.sampled_from(["", "best", "previous", "baseline"]),
        user=USER,
        where=st.sampled_from(["", "params.a = 'x and by'", "attributes.run_name = 'mlp and by'"]),
        metrics=METRICS,
        excepted=st.lists(st.sampled_from(["old", "a b", "x*"]), max_size=2, unique=True).map(tuple),
        mentions_owner=st.booleans(),
        broadcasts=st.booleans(),
        only_clear=st.booleans(),
        seeds=st.sampled_from([None, 2, 5]),
    ),
    st.sampled_from(["team", "none"]).map(KNOWN.get),
)
def test_a_watch_that_is_written_is_read_as_the_same_watch(watching, names):
    assert parse(line(WatchRequest(watching)), names) == WatchRequest(watching)


@pytest.mark.parametrize(
    "sign", ['"', "'", "“", "<", "[", "`", ", ", "vs ", "by ", "in ", "a ", "not ", "where ", "when "]
)
def test_hostile_repetition_is_refused_or_read_quickly(sign):
    started = time.process_time()
    assert answered((sign * 10_000)[:10_000])
    assert time.process_time() - started < 5


@pytest.mark.parametrize("intent", ROWS)
def test_every_intent_has_a_line_that_works_with_and_without_names(intent):
    assert parse(ROWS[intent].example.line(NAMES), NAMES)
    assert parse(ROWS[intent].example.line(Names()))


@pytest.mark.parametrize("said", ["A, lr=0.1 vs xgb-v1", "compare A, lr=0.1 with xgb-v1", "A, lr=0.1, xgb-v1"])
def test_a_name_that_is_known_may_hold_commas(said):
    names = Names.of(runs=("A", "A, lr=0.1", "xgb-v1"), parameters=("lr",))
    assert parse(said, names) == Compare((Named("A, lr=0.1"), Named("xgb-v1")))
    assert parse("A, xgb-v1", names) == Compare((Named("A"), Named("xgb-v1")))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("curves falcon overfit", "curves falcon, overfit"),
        ("curves overfit vs falcon", "curves overfit, falcon"),
        ("how did overfit train?", "curves overfit"),
        ("curves of default", "curves default"),
        ("show overfit", "show overfit"),
        ("overfit", "show overfit"),
        ("did falcon overfit?", "curves falcon"),  # there it is what is asked
        ("show settings", "settings"),
    ],
)
def test_a_run_that_is_called_by_a_word_of_ours_is_that_run(said, meant):
    names = Names.of(runs=("falcon", "overfit", "default", "settings"))
    assert parse(said, names) == parse(meant, names)
    assert ("overfit" in line(parse(said, names))) == ("overfit" in meant)
