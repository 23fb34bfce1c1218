"""A watch or digest that is kept is read as the same again, without its words."""

from datetime import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comparison.errors import RequestError
from comparison.language.parser import digest_of, document_of, watching_of
from comparison.language.watch_command import watch_words
from comparison.run_reference import Filtered, Latest, Leading, Linked, Named, OfDay, Pinned, Registered, Unfinished
from comparison.watch import (
    Digest,
    MetricRule,
    OnlyRuns,
    QuietHours,
    Watch,
    WeeklySchedule,
    digest_document,
    digest_from,
    watch_document,
    watch_from,
)

BASELINES = (
    Named("xgb-v1"),
    Linked("0" * 32, "7"),
    Latest(2, "maya"),
    Leading("f1", worst=True),
    Pinned(),
    Registered("fraud", "champion"),
    Unfinished(),
    OfDay("yesterday"),
    Filtered("params.lr = '0.1'"),
)
WATCHES = st.builds(
    Watch,
    st.text(max_size=20),
    st.sampled_from(["", "previous", "best", "run"]),
    st.sampled_from([None, *BASELINES]),
    where=st.sampled_from(["", "params.a = 'x'"]),
    user=st.text(max_size=9),
    only=st.sampled_from([None, *OnlyRuns]),
    rules=st.lists(
        st.builds(MetricRule, st.text(min_size=1, max_size=5), st.sampled_from("<>"), st.floats(0, 9)), max_size=2
    ).map(tuple),
    metrics=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    quiet=st.sampled_from([None, QuietHours(time(20), time(8, 30), "Europe/Berlin")]),
    excepted=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    mentions_owner=st.booleans(),
    broadcasts=st.booleans(),
    only_clear=st.booleans(),
    seeds=st.sampled_from([None, 3, 5]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WATCHES)
def test_a_watch_is_read_as_the_same(watching):
    assert watch_from(watch_document(watching)) == watching


def test_a_digest_is_read_as_the_same():
    digest = Digest(WeeklySchedule((0, 4), time(9, 30), "Europe/Berlin"), ("fraud", "team/*"))
    assert digest_from(digest_document(digest)) == digest


@pytest.mark.parametrize(
    "document",
    ["", "fraud", "[]", "{}", '{"version":2,"watch":{}}', '{"version":1,"watch":{"baseline":{"kind":"open"}}}',
     '{"version":1,"watch":{"rules":[[1]]}}', '{"version":1,"watch":{"only":"naps"}}'],
)  # fmt: skip
def test_what_is_no_document_of_this_version_is_refused(document):
    with pytest.raises(RequestError):
        watch_from(document)
    with pytest.raises(RequestError):
        digest_from(document)


OLD_WORDS = {  # as releases before wrote them
    "fraud": Watch("fraud"),
    "running only failures": Watch("running", only=OnlyRuns.FAILURES),
    "standup by maya": Watch("standup", user="maya"),
    "the against best": Watch("the", "best"),
    "only failures": Watch("", only=OnlyRuns.FAILURES),
    "my fraud model only failures": Watch("my fraud model", only=OnlyRuns.FAILURES),
    '"a b" by maya when loss < 0.5 mention owner': Watch(
        "a b", user="maya", rules=(MetricRule("loss", "<", 0.5),), mentions_owner=True
    ),
    "fraud against best f1": Watch("fraud", "run", Leading("f1")),
    "* except a, b*": Watch("*", excepted=("a", "b*")),
    "fraud quiet 20:00-08:00 Europe/Berlin": Watch("fraud", quiet=QuietHours(time(20), time(8), "Europe/Berlin")),
}


@pytest.mark.parametrize("words", OLD_WORDS)
def test_words_of_a_release_before_mean_what_they_meant(words):
    assert watching_of(words) == OLD_WORDS[words]
    assert watch_from(document_of(words, is_digest=False)) == OLD_WORDS[words]
    assert watching_of(watch_words(OLD_WORDS[words])) == OLD_WORDS[words]


def test_words_that_are_not_understood_have_no_document():
    assert document_of("fraud only naps", is_digest=False) == ""
    assert document_of("sometimes", is_digest=True) == ""
    assert digest_from(document_of("weekdays 9:30 fraud", is_digest=True)) == digest_of("weekdays 9:30 UTC fraud")
